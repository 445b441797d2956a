//! Sessions with simulated boards, each as its source says that it is.

use std::time::Duration;

use super::super::*;
use super::watched::Watched;
use crate::sim::SimBus;
use crate::usb::Bus;

pub struct Ran {
    pub result: Result<Option<Vec<u8>>, SessionError>,
    pub tally: Tally,
    pub wrongs: Vec<String>,
    pub taken: Duration,
}

/// A bus with one board.
pub fn bus(board: &str) -> SimBus {
    SimBus::new(&[board.parse().expect("good")]).expect("no files")
}

/// A session with the board at a bus.
pub fn run(bus: &SimBus, plan: Plan<'_>) -> Ran {
    let info = bus.devices().expect("there is a bus").remove(0);
    let options = Options::of(&info);
    let transport = bus.open(&info).expect("nothing in the way");
    let mut device = Watched::new(transport, options.transfer_size);
    let begun = device.now();
    let mut on_event = |_: Event<'_>| ControlFlow::Continue(());
    let (result, tally) = match Session::open(&mut device, options, &mut on_event) {
        Ok(mut session) => (session.run(&plan), session.tally()),
        Err(error) => (Err(error), Tally::default()),
    };
    Ran {
        result,
        tally,
        taken: device.now() - begun,
        wrongs: device.wrongs,
    }
}

/// An image that begins as a Cortex-M's vector table, which is what dapboot looks at.
pub fn image(length: usize) -> Vec<u8> {
    let numbers = (0..length).map(|at| (at * 7 % 251) as u8);
    let table = [0x00, 0x50, 0x00, 0x20];
    table.into_iter().chain(numbers.skip(4)).collect()
}

/// Flashes the image into this memory of the board, reads it back where that can be, and leaves.
#[track_caller]
fn flashed(board: &str, memory: u8) -> (SimBus, Ran) {
    let bus = bus(board);
    let plan = Download {
        memory,
        bytes: &image(IMAGE),
        if_different: false,
        read_back: ReadBack::Wanted,
        leave: Leave::Yes,
    };
    let ran = run(&bus, Plan::Download(plan));
    assert_eq!(ran.result, Ok(None), "{board}");
    assert_eq!(ran.wrongs, [""; 0], "{board}");
    assert!(ran.tally.complete, "{board}");
    assert_eq!(ran.tally.retries, 0, "{board}");
    assert_eq!(ran.tally.accepted, ran.tally.verified_bytes == 0, "{board}");
    (bus, ran)
}

/// Three blocks of most.
const IMAGE: usize = 5000;

#[test]
fn every_board_is_flashed_and_says_where_it_is_afterwards() {
    // Where in flash the memory begins, whether it can be read back, and what is at the port then.
    let gone = (Some(true), None);
    let stays = (Some(false), None);
    let started = |vendor, product| (Some(true), Some((vendor, product)));
    for (board, memory, start, verified, expected) in [
        ("dapboot", 0, 0, false, gone),
        ("embassy", 0, 0, false, started(0xC0DE, 0xCAFE)),
        ("embassy-0.2", 0, 0, false, started(0xC0DE, 0xCAFE)),
        ("esp32s2", 0, 0, false, gone),
        ("fomu", 0, 0, false, gone),
        ("jabra", 0, 0, false, started(0x0B0E, 0x0411)),
        ("lpc", 0, 0, false, gone),
        ("maple", 2, 8 << 10, false, started(0x1EAF, 0x0004)),
        ("mcuboot", 0, 0, false, started(0x2FE3, 0x0100)),
        ("openmoko", 3, 512 << 10, false, stays),
        ("pluto", 0, 1 << 20, true, started(0x0456, 0xB673)),
        ("simtrace", 0, 0, false, gone),
        ("tinyusb", 0, 0, false, started(0xCAFE, 0x4000)),
        ("uboot", 2, 2 << 20, true, gone),
        ("ubertooth", 0, 0, true, started(0x1D50, 0x6002)),
        ("xmos", 1, 128 << 10, true, started(0x20B1, 0x0008)),
        ("zephyr", 1, 256 << 10, true, stays),
    ] {
        let (bus, ran) = flashed(board, memory);
        assert_eq!(
            bus.main_flash(0)[start..start + IMAGE],
            image(IMAGE),
            "{board}"
        );
        let Tally {
            left, started_as, ..
        } = ran.tally;
        assert_eq!((left, started_as), expected, "{board}");
        let bytes = if verified { IMAGE as u64 } else { 0 };
        assert_eq!(ran.tally.verified_bytes, bytes, "{board}");
    }
}

#[test]
fn a_file_that_a_u_boot_has_already_is_not_sent_and_one_that_it_has_not_is_sent_at_once() {
    let bus = bus("uboot");
    let image = image(IMAGE);
    let plan = Plan::Download(Download {
        memory: 1,
        bytes: &image,
        if_different: true,
        read_back: ReadBack::Wanted,
        leave: Leave::No,
    });
    let first = run(&bus, plan);
    assert_eq!(first.result, Ok(None));
    // The upload before it was read to its end, so that the first block meets nothing that is open.
    assert_eq!((first.tally.retries, first.tally.written_bytes), (0, 5000));
    let second = run(&bus, plan);
    assert_eq!(second.result, Ok(None));
    assert_eq!(
        (second.tally.skipped_bytes, second.tally.written_bytes),
        (5000, 0)
    );
    assert!(!second.tally.touched);
}

#[test]
fn a_u_boot_whose_upload_was_aborted_takes_a_second_try() {
    let bus = bus("uboot");
    let image = image(IMAGE);
    let flash = |verify| {
        let plan = Plan::Download(Download {
            memory: 0,
            bytes: &image,
            if_different: false,
            read_back: if verify {
                ReadBack::Wanted
            } else {
                ReadBack::NotWanted
            },
            leave: Leave::No,
        });
        run(&bus, plan)
    };
    assert_eq!(flash(true).tally.retries, 0);
    let after_an_abort = flash(false);
    assert_eq!(after_an_abort.result, Ok(None));
    assert_eq!(after_an_abort.tally.retries, 1);
}

#[test]
fn a_slot_is_read_as_often_as_one_wants() {
    let bus = bus("zephyr");
    for twice in [false, true] {
        let ran = run(&bus, Plan::Read { memory: 1, twice });
        let bytes = ran.result.expect("it can be read").expect("bytes");
        assert_eq!(bytes.len(), 256 << 10);
        assert_eq!(ran.tally.read_bytes, 256 << 10);
    }
}

#[test]
fn a_u_boot_leaves_when_it_is_asked_and_a_zephyr_stays() {
    let pluto = bus("pluto");
    let application = Download {
        memory: 0,
        bytes: &image(IMAGE),
        if_different: false,
        read_back: ReadBack::NotWanted,
        leave: Leave::No,
    };
    assert_eq!(run(&pluto, Plan::Download(application)).result, Ok(None));
    let ran = run(&pluto, Plan::Leave);
    assert_eq!(ran.result, Ok(None));
    assert_eq!(ran.tally.started_as, Some((0x0456, 0xB673)));
    let error = run(&bus("zephyr"), Plan::Leave)
        .result
        .expect_err("it stays");
    assert_eq!(error.cause, Cause::Stayed);
}

/// Memories that take the image, and where they begin in flash.
const SWEPT: [(&str, u8, usize); 10] = [
    ("dapboot", 0, 0),
    ("embassy", 0, 0),
    ("embassy-0.2", 0, 0),
    ("jabra", 0, 0),
    ("maple", 2, 8 << 10),
    ("mcuboot", 0, 0),
    ("tinyusb", 0, 0),
    ("uboot", 2, 2 << 20),
    ("ubertooth", 0, 0),
    ("zephyr", 1, 256 << 10),
];

/// Sends the image with these faults on the way, and judges the session.
#[track_caller]
fn disturbed((board, memory, start): (&str, u8, usize), faults: &str, verify: bool) -> bool {
    let board = format!("{board}{faults}");
    let bus = bus(&board);
    let image = image(900);
    let plan = Plan::Download(Download {
        memory,
        bytes: &image,
        if_different: false,
        read_back: if verify {
            ReadBack::Wanted
        } else {
            ReadBack::NotWanted
        },
        leave: Leave::Yes,
    });
    let ran = run(&bus, plan);
    assert_eq!(ran.wrongs, [""; 0], "{board}");
    assert!(
        ran.taken < Duration::from_secs(400),
        "{board}: {:?}",
        ran.taken
    );
    let is_right = bus.main_flash(0)[start..start + image.len()] == image;
    match ran.result {
        Ok(_) => assert!(is_right && ran.tally.complete, "{board}"),
        Err(error) => assert!(!ran.tally.complete, "{board}: {error}"),
    }
    ran.tally.complete
}

#[test]
fn whatever_goes_wrong_once_no_block_comes_twice_and_nothing_false_is_called_right() {
    let faults = [
        "stall",
        "lost-request",
        "lost-answer",
        "corrupt",
        "short",
        "error",
        "errUSBR",
        "errWRITE",
        "unplug",
        "power-cut",
    ];
    let mut ended = [0; 2];
    for board in SWEPT {
        for fault in faults {
            for request in 1..=40 {
                let fault = format!(",fault={fault}@{request}");
                ended[usize::from(disturbed(board, &fault, request % 2 == 0))] += 1;
            }
        }
    }
    let [badly, well] = ended;
    assert!(
        well > badly && badly > 100,
        "{well} went well, {badly} did not"
    );
}

#[test]
fn the_same_holds_where_two_things_go_wrong() {
    let faults = ["stall", "lost-request", "lost-answer", "corrupt", "error"];
    for board in SWEPT {
        for (number, first) in faults.iter().enumerate() {
            for request in 1..=20 {
                for later in 1..=4 {
                    let second = faults[(number + request + later) % faults.len()];
                    let then = request + later;
                    let faults = format!(",fault={first}@{request},fault={second}@{then}");
                    disturbed(board, &faults, then % 2 == 0);
                }
            }
        }
    }
}

#[test]
fn a_bit_that_flips_is_found_where_it_can_be() {
    let mut found = 0;
    let bytes = image(900);
    for board in ["uboot", "ubertooth"] {
        for request in 2..12 {
            let bus = bus(&format!("{board},fault=flip@{request}"));
            let plan = Plan::Download(Download {
                memory: 0,
                bytes: &bytes,
                if_different: false,
                read_back: ReadBack::Wanted,
                leave: Leave::No,
            });
            let ran = run(&bus, plan);
            let is_right = bus.main_flash(0)[..900] == bytes[..];
            assert_eq!(ran.result.is_ok(), is_right, "{board} {request}");
            found += usize::from(!is_right);
        }
    }
    assert!(found > 3, "{found}");
}
