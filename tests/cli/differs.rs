//! `stdfu flash` over what is there already: only what differs is erased and written.

use serde_json::Value;

use crate::firmware::Firmware;
use crate::run::{FlashFile, sample, stdfu};
use crate::trace::{Transfer, transfers};

/// Name, main flash, its first sector, and the block that is written last; in bytes.
const BOARDS: [(&str, usize, usize, usize); 5] = [
    ("f405", 1 << 20, 16 << 10, 2 << 10),
    ("f767", 2 << 20, 32 << 10, 2 << 10),
    ("g474", 512 << 10, 2 << 10, 1 << 10),
    ("l072", 192 << 10, 128, 2 << 10),
    ("gd32vf103", 128 << 10, 1 << 10, 2 << 10),
];

/// Flashes a firmware at the beginning of main flash, and returns what the JSON says of the board.
#[track_caller]
fn flash(flash: &FlashFile, board: &str, firmware: &Firmware, options: &str) -> Value {
    let run = stdfu("--json --sim")
        .arg(flash.board(board))
        .args(&format!(
            "flash {} --address 0x08000000 {options}",
            firmware.path()
        ))
        .run();
    run.boards(0)[0].clone()
}

/// Asserts how many sectors were erased, and how many bytes were written, skipped and verified.
#[track_caller]
fn check(result: &Value, erased: usize, written: usize, skipped: usize, verified: usize) {
    let found = [
        "erased_sectors",
        "written_bytes",
        "skipped_bytes",
        "verified_bytes",
    ]
    .map(|name| result[name].as_u64().expect("a number"));
    let expected = [erased, written, skipped, verified].map(|number| number as u64);
    assert_eq!(
        found, expected,
        "erased, written, skipped, verified: {result}"
    );
    assert_eq!(result["left"], true, "{result}");
}

/// How many sectors the first block lies in.
fn first_sectors(sector: usize, block: usize) -> usize {
    block.div_ceil(sector)
}

/// The same firmware with this byte changed.
fn changed(firmware: &Firmware, offset: usize) -> Firmware {
    let mut bytes = firmware.bytes.clone();
    bytes[offset] ^= 0x55;
    Firmware::of(bytes, "changed.bin")
}

/// How large the firmware in these tests is: it ends within a sector on every board.
const SIZE: usize = (70 << 10) + 50;

/// Flash with other contents, then with this firmware at its beginning.
fn flashed(board: &str, size: usize, firmware: &Firmware) -> FlashFile {
    let file = FlashFile::full(size);
    flash(&file, board, firmware, "");
    file
}

#[test]
fn the_same_image_again_erases_and_writes_nothing_and_leaves_the_flash_file_alone() {
    let firmware = Firmware::raw(SIZE);
    for (board, size, _, _) in BOARDS {
        let file = flashed(board, size, &firmware);
        let before = file.now();
        assert_eq!(before[..SIZE], firmware.bytes, "{board}");
        let written = file.modified();
        let result = flash(&file, board, &firmware, "");
        check(&result, 0, 0, SIZE, SIZE);
        file.holds(&before);
        assert_eq!(file.modified(), written, "{board}");
    }
}

#[test]
fn the_summary_says_what_was_there_already() {
    let firmware = Firmware::application(SIZE);
    let file = flashed("f405", 1 << 20, &firmware);
    let command = |file: &FlashFile, firmware: &Firmware| {
        stdfu("--sim")
            .arg(file.board("f405"))
            .args(&format!("flash {} --address 0x08000000", firmware.path()))
            .run()
    };
    command(&file, &firmware).says(
        0,
        "OK  336133663433 at 1-1  70.0 KiB already there, verified, started  0.0 s\n",
        "comparing 70.0 KiB\nstarting the application\n",
    );
    command(&file, &changed(&firmware, 66 << 10)).says(
        0,
        "OK  336133663433 at 1-1  22.0 of 70.0 KiB written, all verified, started  0.0 s\n",
        "\
comparing 70.0 KiB
reading the rest of the sectors 58.0 KiB
erasing 80 KiB
writing 22 KiB
writing the first block
verifying 72 KiB
starting the application
",
    );
}

#[test]
fn one_changed_byte_far_away_costs_its_sector_and_those_of_the_first_block() {
    let firmware = Firmware::raw(SIZE);
    for (board, size, sector, block) in BOARDS {
        let file = flashed(board, size, &firmware);
        let before = file.now();
        let changed = changed(&firmware, SIZE - 1);
        let result = flash(&file, board, &changed, "");
        // The last sector of the image begins at a multiple of its size.
        let last_sector = match board {
            "f405" => 64 << 10..SIZE,
            "f767" => 64 << 10..SIZE,
            _ => SIZE / sector * sector..SIZE,
        };
        let first = first_sectors(sector, block);
        let written = first * sector + last_sector.len();
        check(&result, first + 1, written, SIZE - written, SIZE);
        let mut expected = before;
        expected[SIZE - 1] = changed.bytes[SIZE - 1];
        // What lies behind the image in its last sector was erased by the first flash.
        file.holds(&expected);
    }
}

#[test]
fn a_changed_byte_in_the_first_block_costs_only_its_sectors() {
    let firmware = Firmware::raw(SIZE);
    for (board, size, sector, block) in BOARDS {
        let file = flashed(board, size, &firmware);
        let mut expected = file.now();
        let changed = changed(&firmware, 4);
        let result = flash(&file, board, &changed, "");
        let first = first_sectors(sector, block);
        check(&result, first, first * sector, SIZE - first * sector, SIZE);
        expected[4] = changed.bytes[4];
        file.holds(&expected);
    }
}

#[test]
fn blank_sectors_are_written_without_an_erase() {
    let firmware = Firmware::raw(SIZE);
    for (board, size, sector, _) in BOARDS {
        let blank = if board == "l072" { 0x00 } else { 0xFF };
        let file = FlashFile::full(size);
        let end = (128 << 10).min(size);
        let mut contents = file.before();
        contents[..end].fill(blank);
        // Nothing in these bytes belongs to the image, so they stay although their sector gets a part of it.
        contents[SIZE + 128] = 0x5A;
        file.put(&contents);
        let result = flash(&file, board, &firmware, "");
        check(&result, 0, SIZE, 0, SIZE);
        contents[..SIZE].copy_from_slice(&firmware.bytes);
        file.holds(&contents);
        // A single byte of another kind in one sector costs one erase.
        let mut contents = file.before();
        contents[..end].fill(blank);
        contents[sector - 1] = 0x5A;
        file.put(&contents);
        let result = flash(&file, board, &firmware, "");
        check(&result, 1, SIZE, 0, SIZE);
    }
}

#[test]
fn what_is_there_behind_the_image_in_its_last_sector_is_left_alone_where_nothing_else_changes() {
    let firmware = Firmware::raw(5000);
    let file = flashed("f405", 1 << 20, &firmware);
    let mut contents = file.now();
    contents[0x3000..0x4000].fill(0x5A);
    file.put(&contents);
    check(&flash(&file, "f405", &firmware, ""), 0, 0, 5000, 5000);
    file.holds(&contents);
}

#[test]
fn full_erases_and_writes_what_is_there_already() {
    let firmware = Firmware::raw(SIZE);
    for (board, size, sector, _) in BOARDS {
        let file = flashed(board, size, &firmware);
        let before = file.now();
        let result = flash(&file, board, &firmware, "--full");
        let sectors = match board {
            "f405" => 5,
            "f767" => 3,
            _ => SIZE.div_ceil(sector),
        };
        check(&result, sectors, SIZE, 0, SIZE);
        file.holds(&before);
    }
}

#[test]
fn a_sector_is_read_no_further_than_to_the_first_difference() {
    let firmware = Firmware::raw(128 << 10);
    let uploads = |contents: &[u8]| {
        let file = FlashFile::full(1 << 20);
        let mut flash = file.before();
        flash[..contents.len()].copy_from_slice(contents);
        file.put(&flash);
        let trace = stdfu("-vv --sim")
            .arg(file.board("f405"))
            .args(&format!(
                "flash {} --address 0x08000000 --no-verify",
                firmware.path()
            ))
            .run()
            .stderr;
        trace.matches(" UPLOAD ").count()
    };
    // Four sectors of 16K and one of 64K; then the last block of the second one differs.
    assert_eq!(uploads(&[]), 5);
    let mut same_at_first = firmware.bytes.clone();
    same_at_first[(32 << 10) - 1] ^= 1;
    same_at_first.truncate(32 << 10);
    assert_eq!(uploads(&same_at_first), 8 + 8 + 3);
}

#[test]
fn the_sector_with_the_first_block_is_erased_first_and_its_first_block_written_last() {
    let firmware = Firmware::raw(SIZE);
    let file = flashed("f405", 1 << 20, &firmware);
    let changed = changed(&firmware, SIZE - 1);
    let trace = stdfu("-vv --sim")
        .arg(file.board("f405"))
        .args(&format!(
            "flash {} --address 0x08000000 --stay",
            changed.path()
        ))
        .run()
        .stderr;
    let work: Vec<Transfer> = transfers(&trace)
        .into_iter()
        .skip_while(|transfer| !matches!(transfer, Transfer::Erase(_)))
        .filter(|transfer| {
            matches!(
                transfer,
                Transfer::Erase(_) | Transfer::Write(_) | Transfer::Read(_)
            )
        })
        .collect();
    let at = |wanted: &Transfer| work.iter().position(|transfer| transfer == wanted);
    let head = 0x0800_0000..0x0800_0800;
    assert_eq!(
        work[..2],
        [Transfer::Erase(head.start), Transfer::Erase(0x0801_0000)]
    );
    // After the head nothing is written, and all of the image is read.
    let written_last = at(&Transfer::Write(head)).expect("written");
    let rest = 0x0800_0800..0x0800_1000;
    let last = 0x0801_1800..0x0801_2000;
    for block in [rest, last] {
        let written = at(&Transfer::Write(block)).expect("written");
        assert!(2 <= written && written < written_last, "{work:?}");
    }
    let blocks = (0..36).map(|block| 0x0800_0000 + 2048 * block);
    let reads: Vec<Transfer> = blocks
        .map(|start| Transfer::Read(start..start + 2048))
        .collect();
    assert_eq!(work[written_last + 1..], reads);
}

/// Done it is, and not checked: nobody may be left to believe otherwise.
#[test]
fn a_board_that_can_not_be_read_is_flashed_whole_and_said_not_to_be_checked() {
    const WARNING: &str = "Internal Flash can't be read on this board: \
                           nothing is left out, and what is written can't be checked";
    let flash = FlashFile::full(1 << 20);
    let command = |json: &str, options: &str| {
        flash.put(&flash.before());
        stdfu(json)
            .arg("--sim")
            .arg(flash.board("f405,quirk=no-upload"))
            .args(&format!("flash blinky.dfu {options}"))
            .run()
    };
    let run = command("", "");
    assert_eq!(run.exit, 0, "{run:?}");
    assert!(run.stdout.contains(", not verified, "), "{run:?}");
    let warned = format!("warning: {WARNING}\nerasing 16 KiB\n");
    assert!(run.stderr.starts_with(&warned), "{run:?}");
    let board = &command("--json", "").boards(0)[0];
    assert_eq!(board["warnings"][0], WARNING);
    assert_eq!(board["verified_bytes"], 0);
    let mut expected = flash.before();
    expected[..0x4000].fill(0xFF);
    expected[..5123].copy_from_slice(&sample("blinky.bin"));
    flash.holds(&expected);
    let run = command("", "--no-verify");
    assert!(!run.stderr.contains("warning"), "{run:?}");
}
