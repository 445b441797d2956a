//! `stdfu flash`: what is in flash afterwards, seen from outside.

use std::ops::Range;

use serde_json::{Value, json};

use crate::firmware::Firmware;
use crate::run::{FlashFile, sample, stdfu};
use crate::trace::{Transfer, transfers};

/// Where main flash begins on every simulated board.
const FLASH: u32 = 0x0800_0000;

/// An offset into main flash, or into a file of it.
fn offset(address: u32) -> usize {
    usize::try_from(address - FLASH).expect("a small number")
}

/// Flashes a full board and compares: `image` where it belongs, `blank` in the rest of the `erased` sectors, everything
/// else as it was.
#[track_caller]
fn check_with(
    board: &str,
    size: usize,
    arguments: &str,
    image: &[(u32, &[u8])],
    erased: Range<u32>,
    blank: u8,
) -> Value {
    let flash = FlashFile::full(size);
    let run = stdfu("--json --sim")
        .arg(flash.board(board))
        .args(&format!("flash {arguments}"))
        .run();
    let boards = run.boards(0);
    assert_eq!(boards.len(), 1);
    let mut expected = flash.before();
    expected[offset(erased.start)..offset(erased.end)].fill(blank);
    for (address, data) in image {
        expected[offset(*address)..][..data.len()].copy_from_slice(data);
    }
    flash.holds(&expected);
    boards[0].clone()
}

/// The same, where blank is 0xFF.
#[track_caller]
fn check(
    board: &str,
    size: usize,
    arguments: &str,
    image: &[(u32, &[u8])],
    erased: Range<u32>,
) -> Value {
    check_with(board, size, arguments, image, erased, 0xFF)
}

#[test]
fn a_dfu_file_is_programmed_and_only_its_sectors_change() {
    let blinky = sample("blinky.bin");
    let result = check(
        "f405",
        1 << 20,
        "blinky.dfu",
        &[(FLASH, &blinky)],
        FLASH..0x0800_4000,
    );
    let text = |name: &str| result[name].as_str().map(str::to_owned);
    assert_eq!(text("serial").as_deref(), Some("336133663433"));
    assert_eq!(text("path").as_deref(), Some("1-1"));
    let expected = [
        ("exit", json!(0)),
        ("error", Value::Null),
        ("erased_sectors", json!(1)),
        ("written_bytes", json!(5123)),
        ("skipped_bytes", json!(0)),
        ("verified_bytes", json!(5123)),
        ("left", json!(true)),
    ];
    for (name, value) in expected {
        assert_eq!(result[name], value, "{name}");
    }
    assert!(result["requests"].is_u64(), "{result}");
    assert!(result["seconds"].is_f64(), "{result}");
}

#[test]
fn a_raw_binary_is_programmed_at_its_address_on_every_board() {
    let blinky = sample("blinky.bin");
    let cases = [
        ("f072", 128, 0x0800_4000..0x0800_5800),
        ("f103", 128, 0x0800_4000..0x0800_5800),
        ("f405", 1024, 0x0800_4000..0x0800_8000),
        ("f429", 2048, 0x0800_4000..0x0800_8000),
        ("f746", 1024, 0x0800_0000..0x0800_8000),
        ("f767", 2048, 0x0800_0000..0x0800_8000),
        ("at32", 256, 0x0800_4000..0x0800_5800),
        ("c5", 512, 0x0800_4000..0x0800_6000),
        ("f411", 512, 0x0800_4000..0x0800_8000),
        ("f427", 1024, 0x0800_4000..0x0800_8000),
        ("g0b1", 128, 0x0800_4000..0x0800_5800),
        ("g474", 512, 0x0800_4000..0x0800_5800),
        ("gd32vf103", 128, 0x0800_4000..0x0800_5800),
        ("h723", 1024, 0x0800_0000..0x0802_0000),
        ("h743", 2048, 0x0800_0000..0x0802_0000),
        ("h743v9", 2048, 0x0800_0000..0x0802_0000),
        ("l476", 1024, 0x0800_4000..0x0800_5800),
        ("longan", 128, 0x0800_4000..0x0800_5800),
        ("mboot", 2048, 0x0800_0000..0x0800_8000),
        // Its flash file goes on with 2 MiB of external flash.
        ("pybd", 4096, 0x0800_0000..0x0800_8000),
        ("u575", 2048, 0x0800_4000..0x0800_6000),
        ("wb55", 1024, 0x0800_4000..0x0800_6000),
    ];
    for (board, kib, erased) in cases {
        let address: u32 = 0x0800_4000;
        check(
            board,
            kib << 10,
            "blinky.bin --address 0x08004000",
            &[(address, &blinky)],
            erased,
        );
    }
}

#[test]
fn flash_whose_blank_bytes_are_zero_is_programmed_and_otherwise_left_blank() {
    let blinky = sample("blinky.bin");
    check_with(
        "l072",
        192 << 10,
        "blinky.bin --address 0x08004000",
        &[(0x0800_4000, &blinky)],
        0x0800_4000..0x0800_5480,
        0x00,
    );
}

#[test]
fn an_address_is_read_in_every_form() {
    let blinky = sample("blinky.bin");
    for address in [
        "0x08020000",
        "0x0802_0000",
        "0X8020000",
        "134348800",
        "131200K",
    ] {
        check(
            "f405",
            1 << 20,
            &format!("blinky.bin --address {address}"),
            &[(0x0802_0000, &blinky)],
            0x0802_0000..0x0804_0000,
        );
    }
}

/// A layout taken for bare sizes without an address would erase four sectors of 16K here.
#[test]
fn an_image_over_sectors_of_different_sizes_erases_exactly_these() {
    let firmware = Firmware::raw(200 << 10);
    let result = check(
        "f405",
        1 << 20,
        &format!("{} --address 0x08010000", firmware.path()),
        &[(0x0801_0000, &firmware.bytes)],
        0x0801_0000..0x0806_0000,
    );
    assert_eq!(result["erased_sectors"], 3);
}

/// Sectors are small again where the second bank begins.
#[test]
fn an_image_over_both_banks_of_an_f429_erases_exactly_its_sectors() {
    let firmware = Firmware::raw(24 << 10);
    let result = check(
        "f429",
        2 << 20,
        &format!("{} --address 0x080FF000", firmware.path()),
        &[(0x080F_F000, &firmware.bytes)],
        0x080E_0000..0x0810_8000,
    );
    assert_eq!(result["erased_sectors"], 3);
}

#[test]
fn two_elements_in_one_sector_both_survive() {
    let file = sample("two-elements.dfu");
    // Prefix 11, target prefix 274; then each element with 8 bytes before its data.
    let first = &file[293..][..0x401];
    let second = &file[293 + 0x401 + 8..][..0x203];
    let result = check(
        "f405",
        1 << 20,
        "two-elements.dfu",
        &[(FLASH, first), (0x0800_0404, second)],
        FLASH..0x0800_4000,
    );
    assert_eq!(result["erased_sectors"], 1);
    assert_eq!(result["written_bytes"], 0x604);
}

#[test]
fn a_raw_binary_with_a_dfu_suffix_is_programmed_without_it() {
    check(
        "f405",
        1 << 20,
        "plain.dfu --address 0x08000000",
        &[(FLASH, &sample("blinky.bin"))],
        FLASH..0x0800_4000,
    );
}

#[test]
fn format_bin_takes_any_file_byte_for_byte() {
    check(
        "f405",
        1 << 20,
        "blinky.dfu --format bin --address 0x08000000",
        &[(FLASH, &sample("blinky.dfu"))],
        FLASH..0x0800_4000,
    );
}

#[test]
fn a_mass_erase_leaves_the_image_and_nothing_else() {
    let result = check(
        "f405",
        1 << 20,
        "blinky.dfu --mass-erase",
        &[(FLASH, &sample("blinky.bin"))],
        FLASH..0x0810_0000,
    );
    assert_eq!(result["erased_sectors"], 12);
}

#[test]
fn full_erases_and_writes_all_of_it_even_what_is_there_already() {
    let flash = FlashFile::full(1 << 20);
    let run = |option: &str| {
        stdfu("--json --sim")
            .arg(flash.board("f405"))
            .args(&format!("flash blinky.dfu {option}"))
            .run()
    };
    run("");
    let again = &run("--full").boards(0)[0];
    assert_eq!(again["erased_sectors"], 1);
    assert_eq!(again["written_bytes"], 5123);
    assert_eq!(again["skipped_bytes"], 0);
    assert_eq!(again["verified_bytes"], 5123);
}

#[test]
fn stay_leaves_the_board_in_dfu_mode() {
    let result = check(
        "f405",
        1 << 20,
        "blinky.dfu --stay",
        &[(FLASH, &sample("blinky.bin"))],
        FLASH..0x0800_4000,
    );
    assert_eq!(result["left"], false);
}

#[test]
fn no_verify_reads_nothing_back() {
    let result = check(
        "f405",
        1 << 20,
        "blinky.dfu --no-verify",
        &[(FLASH, &sample("blinky.bin"))],
        FLASH..0x0800_4000,
    );
    assert_eq!(result["verified_bytes"], 0);
    // What is read comes before the first block that is written: one block to know that the sector differs, and what
    // the sector has beyond the image, to tell what is lost with it. With both options, nothing is.
    let uploads = |option: &str| {
        let flash = FlashFile::full(1 << 20);
        let trace = stdfu("-vv --sim")
            .arg(flash.board("f405"))
            .args(&format!("flash blinky.dfu {option}"))
            .run()
            .stderr;
        let transfers = transfers(&trace);
        let is_write = |transfer: &Transfer| matches!(transfer, Transfer::Write(_));
        let first = transfers
            .iter()
            .position(is_write)
            .expect("a block is written");
        let (before, behind) = transfers.split_at(first);
        let reads = |transfers: &[Transfer]| {
            let reads = transfers
                .iter()
                .filter(|transfer| matches!(transfer, Transfer::Read(_)));
            reads.count()
        };
        (reads(before), reads(behind))
    };
    assert_eq!(uploads("--no-verify --full"), (0, 0));
    assert_eq!(uploads("--no-verify"), (7, 0));
    assert_eq!(uploads("--full"), (6, 3));
}

/// The address pointer is at it when the zero-length DNLOAD comes.
#[test]
fn the_application_is_started_at_the_entry() {
    let check = |options: &str, entry: u32| {
        let run = stdfu(&format!("-vv --sim f405 flash blinky.bin {options}")).run();
        let transfers = transfers(&run.stderr);
        let leave = transfers
            .iter()
            .position(|transfer| *transfer == Transfer::Leave)
            .expect("it is started");
        let is_pointer = |transfer: &&Transfer| matches!(transfer, Transfer::SetAddress(_));
        let pointer = transfers[..leave].iter().rfind(is_pointer);
        assert_eq!(pointer, Some(&Transfer::SetAddress(entry)), "{options}");
    };
    check("--address 0x08000000", 0x0800_0000);
    check("--address 0x08000000 --entry 0x08004000", 0x0800_4000);
    check(
        "--address 0x08004000 --as-is --entry 0x08004000",
        0x0800_4000,
    );
}

#[test]
fn a_memory_is_chosen_by_number_or_by_name() {
    let numbers = ["--alt", "1"];
    let name = ["--alt", "SPI Flash : M25P64"];
    let name_in_another_case = ["--alt", "spi flash : m25p64"];
    for alt in [numbers, name, name_in_another_case] {
        let flash = FlashFile::full(128 << 10);
        let run = stdfu("--json --sim")
            .arg(flash.board("f103"))
            .args("flash blinky.bin --address 0x00010000")
            .arg(alt[0])
            .arg(alt[1])
            .run();
        let result = &run.boards(0)[0];
        assert_eq!(result["verified_bytes"], 5123);
        // Main flash has no new application to be started, and has not been touched.
        assert_eq!(result["left"], false);
        flash.is_untouched();
    }
}

#[test]
fn a_memory_is_chosen_by_its_addresses() {
    let flash = FlashFile::full(128 << 10);
    let run = stdfu("--json --sim")
        .arg(flash.board("f103"))
        .args("flash blinky.bin --address 0x00010000")
        .run();
    assert_eq!(run.boards(0)[0]["verified_bytes"], 5123);
    flash.is_untouched();
}

#[test]
fn another_alternate_setting_can_lead_to_the_same_memory() {
    let result = check(
        "g0b1",
        128 << 10,
        "blinky.bin --address 0x08000000 --alt 2",
        &[(FLASH, &sample("blinky.bin"))],
        FLASH..0x0800_1800,
    );
    assert_eq!(result["left"], true);
}

#[test]
fn any_id_passes_over_the_ids_in_the_file() {
    check(
        "gd32vf103",
        128 << 10,
        "blinky.dfu --any-id",
        &[(FLASH, &sample("blinky.bin"))],
        FLASH..0x0800_1800,
    );
}

#[test]
fn flash_that_was_programmed_before_can_be_programmed_again() {
    let flash = FlashFile::full(1 << 20);
    let firmware = Firmware::raw(3000);
    let command = |file: &str| {
        stdfu("--sim")
            .arg(flash.board("l476"))
            .args(&format!("flash {file} --address 0x08000000"))
            .run()
    };
    for file in ["blinky.bin", &firmware.path()] {
        let run = command(file);
        assert_eq!(run.exit, 0, "{run:?}");
    }
    let mut expected = flash.before();
    expected[..0x1800].fill(0xFF);
    // The first image is longer, and what of it lies in a page that the second doesn't need stays.
    let blinky = sample("blinky.bin");
    expected[0x1000..blinky.len()].copy_from_slice(&blinky[0x1000..]);
    expected[..3000].copy_from_slice(&firmware.bytes);
    flash.holds(&expected);
}

/// Three requests a block written, one a block read, and 40, of which 21 erase the 7 sectors. That flash is blank, two
/// blocks of each of four small sectors tell, five of the next, and nine of each of two.
#[test]
fn a_flash_of_384_kib_wastes_no_requests() {
    let firmware = Firmware::raw(384 << 10);
    let blocks = (384 << 10) / 2048;
    let on_blank_flash = |option: &str| {
        let run = stdfu("--json --sim f405")
            .args(&format!(
                "flash {} --address 0x08000000 {option}",
                firmware.path()
            ))
            .run();
        run.boards(0)[0]["requests"].as_u64().expect("a number")
    };
    let full = on_blank_flash("--full");
    assert!(full <= 3 * blocks + blocks + 40, "{full}");
    let compared = on_blank_flash("");
    assert!(
        compared <= 3 * blocks + blocks + (4 * 2 + 5 + 2 * 9) + 40 - 21,
        "{compared}, {full}"
    );

    let result = check(
        "f405",
        1 << 20,
        &format!("{} --address 0x08000000", firmware.path()),
        &[(FLASH, &firmware.bytes)],
        FLASH..0x0806_0000,
    );
    // One look into a sector is enough to know that it has to be erased.
    let requests = result["requests"].as_u64().expect("a number");
    println!("384 KiB in {blocks} blocks: {full}, {compared} and {requests} requests");
    assert!(
        requests <= 3 * blocks + blocks + 7 + 40,
        "{requests}, {full}"
    );
    assert_eq!(result["erased_sectors"], 7);
    assert_eq!(result["written_bytes"], 393_216);
    assert_eq!(result["verified_bytes"], 393_216);
}
