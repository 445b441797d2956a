//! After the block of no bytes: what a device says, and what the bus does.

use super::*;
use crate::dfu::link::script::Answer::{Bytes, Fails, Leaves, Silent};
use crate::dfu::link::script::{ACK, DNLOAD_IDLE, STALL};
use crate::usb::{DfuMode, Occupant, UsbError};

const MANIFEST_SYNC: Answer = Bytes(&[0, 0, 0, 0, 6, 0]);
const MANIFEST_50_MS: Answer = Bytes(&[0, 50, 0, 0, 7, 0]);
/// 20 s: 0x4E20.
const MANIFEST_20_S: Answer = Bytes(&[0, 0x20, 0x4E, 0, 7, 0]);
const WAIT_RESET: Answer = Bytes(&[0, 0, 0, 0, 8, 0]);

/// What starts, and has no DFU interface.
const APPLICATION: Occupant = Occupant {
    ids: (0x1209, 0x0001),
    mode: None,
};

const LEAVING: Download<'static> = Download {
    leave: Leave::Yes,
    ..DOWNLOAD
};

/// A device that takes both blocks, and then answers so.
fn after_the_blocks(answers: impl IntoIterator<Item = Answer>) -> Script {
    script(
        [ACK, DNLOAD_IDLE, ACK, DNLOAD_IDLE]
            .into_iter()
            .chain(answers),
    )
}

/// What was sent after the blocks.
fn end(played: &Played) -> String {
    let requests = played.requests();
    let (_, end) = requests
        .split_once("21 01 0002 0001 > []\n")
        .expect("it has come to its end");
    end.replace("a1 03 0000 0001 < 6", "GETSTATUS")
}

#[test]
fn a_u_boot_that_writes_its_emmc_is_waited_for() {
    let device = after_the_blocks([ACK, MANIFEST_SYNC, MANIFEST_20_S, MANIFEST_20_S, IDLE]);
    let played = play(device, TOLERANT, Plan::Download(DOWNLOAD)).well();
    assert_eq!(played.taken.as_secs(), 40);
    assert!(played.told.iter().filter(|told| *told == "+0").count() >= 40);
    assert!(played.tally.accepted && played.tally.complete);
    assert_eq!(played.tally.left, None);
}

#[test]
fn a_u_boot_that_answers_only_when_it_is_done_is_waited_for() {
    let device = after_the_blocks([ACK, Silent, Silent, Silent, IDLE]);
    let played = play(device, TOLERANT, Plan::Download(DOWNLOAD)).well();
    assert!(played.taken.as_secs() >= 60);
}

#[test]
fn a_tolerant_device_that_never_ends_is_given_up_after_two_minutes() {
    let check = |answer, expected: &str| {
        let mut device = after_the_blocks([ACK]);
        device.forever = Some(answer);
        let played = play(device, TOLERANT, Plan::Download(DOWNLOAD));
        let played = played.badly(&format!("finishing the download: {expected}"));
        assert!(!played.diary.contains("reset"));
        assert!(!played.tally.complete);
    };
    check(MANIFEST_50_MS, "the board was still busy after 120 s");
    check(Silent, "no answer in time");
    check(STALL, "the device refused the request (STALL)");
}

#[test]
fn an_embassy_that_stays_in_manifestation_is_reset() {
    for stays_in in [MANIFEST_50_MS, MANIFEST_SYNC, STALL] {
        let mut device = after_the_blocks([ACK]);
        device.forever = Some(stays_in);
        device.minds_reset = true;
        device.afterwards = [None, None, Some(APPLICATION)].into();
        let played = play(device, NOT_TOLERANT, Plan::Download(LEAVING)).well();
        assert!(played.diary.contains("reset\n"));
        assert!(
            (5..8).contains(&played.taken.as_secs()),
            "{:?}",
            played.taken
        );
        let Tally {
            accepted,
            complete,
            left,
            started_as,
            ..
        } = played.tally;
        assert!(accepted && complete);
        assert_eq!((left, started_as), (Some(true), Some(APPLICATION.ids)));
    }
}

#[test]
fn a_device_that_asks_for_a_long_manifestation_is_not_reset_in_it() {
    let device = after_the_blocks([ACK, MANIFEST_20_S, WAIT_RESET]);
    let played = play(device, NOT_TOLERANT, Plan::Download(DOWNLOAD)).well();
    assert_eq!(played.taken.as_secs(), 20);
    assert!(!played.diary.contains("reset"));
}

#[test]
fn a_silent_device_that_is_not_tolerant_is_reset_once_it_has_had_its_time() {
    let mut device = after_the_blocks([ACK]);
    device.forever = Some(Silent);
    device.minds_reset = true;
    let played = play(device, NOT_TOLERANT, Plan::Download(LEAVING)).well();
    assert!(played.taken.as_secs() >= 120);
    assert_eq!(played.tally.left, Some(true));
}

#[test]
fn an_embassy_that_restarts_inside_the_first_getstatus_is_done() {
    for end in [
        UsbError::NoDevice,
        UsbError::Io,
        UsbError::Timeout,
        UsbError::Stall,
    ] {
        let mut device = after_the_blocks([ACK, Leaves(end)]);
        device.afterwards = [None, Some(APPLICATION)].into();
        let played = play(device, NOT_TOLERANT, Plan::Download(DOWNLOAD)).well();
        assert_eq!(
            (played.tally.left, played.tally.started_as),
            (Some(true), Some(APPLICATION.ids))
        );
        assert!(played.tally.accepted);
        assert!(!played.diary.contains("reset"));
    }
}

#[test]
fn an_lpc_that_starts_at_once_is_done_whether_anything_comes_to_its_port_or_not() {
    let mut device = after_the_blocks([Leaves(UsbError::NoDevice)]);
    device.forever = Some(Fails(UsbError::NoDevice));
    let played = play(device, NOT_TOLERANT, Plan::Download(LEAVING)).well();
    assert_eq!(
        (played.tally.left, played.tally.started_as),
        (Some(true), None)
    );
    assert!(
        (3..4).contains(&played.taken.as_secs()),
        "{:?}",
        played.taken
    );
}

#[test]
fn an_answer_that_is_lost_while_the_device_is_on_the_bus_decides_nothing() {
    for lost in [STALL, Silent, Fails(UsbError::Io)] {
        let device = after_the_blocks([ACK, lost.clone(), MANIFEST_50_MS, lost, IDLE]);
        let played = play(device, TOLERANT, Plan::Download(DOWNLOAD)).well();
        assert!(played.tally.accepted);
    }
    // The acknowledgement of the block of no bytes itself.
    let device = after_the_blocks([Silent, MANIFEST_50_MS, IDLE]);
    play(device, TOLERANT, Plan::Download(DOWNLOAD)).well();
}

#[test]
fn a_tolerant_device_that_vanishes_for_good_has_failed() {
    // U-Boot quits DFU when it can't write what it has.
    let device = after_the_blocks([ACK, MANIFEST_50_MS, Leaves(UsbError::NoDevice)]);
    let played = play(device, TOLERANT, Plan::Download(LEAVING));
    let played = played.badly(
        "finishing the download: the board left the bus before it reported that it was done, \
         and has not come back as an application",
    );
    assert!(
        (10..11).contains(&played.taken.as_secs()),
        "{:?}",
        played.taken
    );
    assert!(!played.tally.accepted && !played.tally.complete);
}

#[test]
fn a_pico_ice_that_restarts_in_its_manifestation_is_done_when_its_application_shows_itself() {
    let mut device = after_the_blocks([ACK, MANIFEST_50_MS, Leaves(UsbError::Io)]);
    device.afterwards = std::iter::repeat_n(None, 70)
        .chain([Some(APPLICATION)])
        .collect();
    let played = play(device, TOLERANT, Plan::Download(LEAVING)).well();
    assert_eq!(played.tally.started_as, Some(APPLICATION.ids));
    assert!(played.tally.accepted);
}

#[test]
fn an_audio_device_that_keeps_its_ids_is_told_from_its_bootloader_by_its_mode() {
    let running = Occupant {
        mode: Some(DfuMode::Runtime),
        ..Script::IN_DFU_MODE
    };
    let mut device = after_the_blocks([ACK, Leaves(UsbError::NoDevice)]);
    device.afterwards = [Some(running)].into();
    let played = play(device, TOLERANT, Plan::Download(LEAVING)).well();
    assert_eq!(played.tally.started_as, Some(running.ids));
}

#[test]
fn a_tolerant_device_that_comes_back_in_dfu_mode_is_judged_by_what_it_gives() {
    let device = |answers: &[Answer]| {
        let leaving = [ACK, Leaves(UsbError::NoDevice)].into_iter();
        let mut device = after_the_blocks(leaving.chain(answers.iter().cloned()));
        device.afterwards = [None, Some(Script::IN_DFU_MODE)].into();
        device.reopens = true;
        device
    };
    let plan = Plan::Download(Download {
        read_back: ReadBack::Wanted,
        ..DOWNLOAD
    });
    let given = [IDLE, Bytes(&[1, 2, 3, 4]), Bytes(&[5, 6])];
    let played = play(device(&given), TOLERANT, plan).well();
    assert_eq!(played.tally.verified_bytes, 6);
    let given = [IDLE, Bytes(&[0xFF; 4]), ACK];
    let played = play(device(&given), TOLERANT, plan);
    played.badly("verification failed: at offset 0x0 there is 0xff where 0x01 should be");
    let unseen = play(device(&[]), TOLERANT, Plan::Download(DOWNLOAD));
    assert!(unseen.result.is_err());
}

#[test]
fn a_device_that_is_not_tolerant_and_comes_back_in_dfu_mode_is_told() {
    let mut device = after_the_blocks([ACK, Leaves(UsbError::NoDevice)]);
    device.afterwards = [None, Some(Script::IN_DFU_MODE)].into();
    let played = play(device, NOT_TOLERANT, Plan::Download(LEAVING)).well();
    assert_eq!(
        (played.tally.left, played.tally.started_as),
        (Some(false), None)
    );
    assert!(played.tally.accepted);
}

#[test]
fn a_device_that_waits_for_a_reset_gets_one_where_it_is_to_be_left() {
    let left = "GETSTATUS\nreset\n";
    for (leave, expected) in [
        (Leave::Yes, left),
        (Leave::WhereItWaits, left),
        (Leave::No, "GETSTATUS\n"),
    ] {
        let mut device = after_the_blocks([ACK, WAIT_RESET]);
        device.minds_reset = true;
        device.afterwards = [Some(APPLICATION)].into();
        let plan = Plan::Download(Download { leave, ..DOWNLOAD });
        let played = play(device, NOT_TOLERANT, plan).well();
        assert_eq!(end(&played), expected);
        assert!(played.tally.accepted && played.tally.complete);
        assert_eq!(played.tally.left, (leave != Leave::No).then_some(true));
    }
}

#[test]
fn a_zephyr_that_goes_by_itself_gets_no_reset() {
    let options = Options {
        will_detach: true,
        ..TOLERANT
    };
    let mut device = after_the_blocks([ACK, WAIT_RESET]);
    device.stays_for = Some(5);
    device.afterwards = [None, Some(APPLICATION)].into();
    let played = play(device, options, Plan::Download(LEAVING)).well();
    assert_eq!(end(&played), "GETSTATUS\n");
    assert_eq!(played.tally.left, Some(true));
}

#[test]
fn a_dapboot_that_says_it_would_go_and_does_not_is_reset() {
    let options = Options {
        will_detach: true,
        ..NOT_TOLERANT
    };
    let mut device = after_the_blocks([ACK, WAIT_RESET]);
    device.minds_reset = true;
    let played = play(device, options, Plan::Download(LEAVING)).well();
    assert_eq!(end(&played), "GETSTATUS\nreset\n");
}

#[test]
fn what_the_device_has_against_the_whole_file_is_said_at_once() {
    for (status, name) in [(7, "errVERIFY"), (10, "errFIRMWARE"), (8, "errADDRESS")] {
        let error = Bytes(Box::leak(Box::new([status, 0, 0, 0, 10, 0])));
        let device = after_the_blocks([ACK, MANIFEST_50_MS, error, ACK]);
        let played = play(device, TOLERANT, Plan::Download(LEAVING));
        let played = played.badly(&format!(
            "finishing the download: the board answered {name} in dfuERROR"
        ));
        assert!(played.diary.ends_with("21 04 0000 0001 > []\n"));
        assert_eq!(played.tally.left, None);
    }
}
