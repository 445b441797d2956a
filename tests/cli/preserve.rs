//! What lies around the image in sectors that it covers only in part: kept with `--preserve`, and counted without.

use std::fs;
use std::path::PathBuf;

use crate::firmware::Firmware;
use crate::run::{FlashFile, Run, bytes, sample, stdfu};

const SECTOR: usize = 0x4000;

#[test]
fn what_is_around_the_image_is_kept_and_written_back() {
    let flash = FlashFile::full(1 << 20);
    let firmware = Firmware::raw(3000);
    let run = stdfu("--json --sim")
        .arg(flash.board("f405"))
        .args(&format!(
            "flash --preserve {} --address 0x08005000",
            firmware.path()
        ))
        .run();
    let board = &run.boards(0)[0];
    assert_eq!(board["erased_sectors"], 1);
    assert_eq!(board["lost_bytes"], 0);
    // Programmed in units of 128 bytes, the last of which the image fills in part.
    let kept = SECTOR - 3000;
    assert_eq!(board["preserved_bytes"], kept);
    let mut expected = flash.before();
    expected[0x5000..0x5000 + 3000].copy_from_slice(&firmware.bytes);
    flash.holds(&expected);
}

#[test]
fn without_it_the_summary_says_how_many_bytes_were_lost() {
    let check = |contents: &dyn Fn(&mut [u8]), lost: usize, said: Option<&str>| {
        let flash = FlashFile::full(1 << 20);
        let mut before = flash.before();
        contents(&mut before);
        flash.put(&before);
        let command = |json: &str| {
            flash.put(&before);
            stdfu(json)
                .arg("--sim")
                .arg(flash.board("f405"))
                .args("flash blinky.dfu")
                .run()
        };
        assert_eq!(command("--json").boards(0)[0]["lost_bytes"], lost);
        let summary = command("").stdout;
        assert!(
            summary.starts_with("OK  336133663433 at 1-1  5.0 KiB written, "),
            "{summary}"
        );
        let notes: Vec<&str> = summary.lines().skip(1).collect();
        assert_eq!(notes, Vec::from_iter(said), "{summary}");
        let mut expected = before.clone();
        expected[..SECTOR].fill(0xFF);
        let firmware = sample("blinky.bin");
        expected[..firmware.len()].copy_from_slice(&firmware);
        flash.holds(&expected);
    };
    let beyond = SECTOR - 5123;
    check(
        &|_| (),
        beyond,
        Some("    lost: 11.0 KiB of other data in the erased sectors (--preserve keeps it)"),
    );
    check(&|before| before[5123..SECTOR].fill(0xFF), 0, None);
    check(
        &|before| {
            before[5123..SECTOR].fill(0xFF);
            before[0x3000..0x3010].copy_from_slice(&bytes(16, 1));
        },
        16,
        Some("    lost: 16 bytes of other data in the erased sectors (--preserve keeps it)"),
    );
}

/// The image is blank in flash, its sector is not: only a recovery erases it.
#[test]
fn what_only_a_recovery_erases_is_looked_at_before_and_kept_or_counted() {
    let firmware = Firmware::raw(4096);
    let flash = FlashFile::full(1 << 20);
    let mut before = flash.before();
    before[0x8000..0xC000].fill(0xFF);
    before[0xA000..0xA3E8].copy_from_slice(&bytes(1000, 3));
    let kept = before[0xA000..0xA3E8]
        .iter()
        .filter(|byte| **byte != 0xFF)
        .count();
    let command = |options: &str, faults: &str| {
        flash.put(&before);
        stdfu("--json --sim")
            .arg(flash.board(&format!(
                "f405,timing=real,quirk=poll-timeout=short{faults}"
            )))
            .args(&format!(
                "flash {} --address 0x08008000 --stay {options}",
                firmware.path()
            ))
            .run()
    };
    let requests = command("", "").boards(0)[0]["requests"]
        .as_u64()
        .expect("a number");
    let mut erased = 0;
    for request in 1..requests {
        let faults = format!(",fault=flip@{request},fault=errPROG@{}", request + 1);
        let board = &command("--preserve", &faults).boards(0)[0];
        let now = flash.now();
        assert!(
            now[0xA000..] == before[0xA000..] && now[..0x8000] == before[..0x8000],
            "{faults}"
        );
        if board["erased_sectors"] == 1 {
            erased += 1;
            assert_eq!(board["preserved_bytes"], kept, "{faults}");
        }
        let board = &command("", &faults).boards(0)[0];
        let is_erased = board["erased_sectors"] == 1;
        let lost = if is_erased { kept } else { 0 };
        assert_eq!(board["lost_bytes"], lost, "{faults}");
        assert_eq!(
            flash.now()[0xA000..] != before[0xA000..],
            is_erased,
            "{faults}"
        );
    }
    assert!(erased > 3, "{erased} recoveries");
}

#[test]
fn a_board_that_is_gone_leaves_what_was_to_be_kept_in_a_file_and_the_command_that_restores_it() {
    let firmware = Firmware::raw(20_000);
    let flash = FlashFile::full(1 << 20);
    let directory = tempfile::tempdir().expect("a temporary directory");
    let command = |fault: &str| {
        flash.put(&flash.before());
        let mut command = stdfu("--json --sim")
            .arg(flash.board(&format!("f405{fault}")))
            .args(&format!(
                "flash {} --address 0x08005000 --preserve --stay",
                firmware.path()
            ))
            .into_command();
        command.current_dir(directory.path());
        Run::from(command.output().expect("the binary starts"))
    };
    let requests = command("").boards(0)[0]["requests"]
        .as_u64()
        .expect("a number");
    let mut saved = 0;
    for request in (5..requests).step_by(3) {
        let run = command(&format!(",fault=unplug@{request}"));
        let board = &run.boards(8)[0];
        let lost = board["lost_bytes"].as_u64().expect("a number");
        let names = fs::read_dir(directory.path()).expect("the directory");
        let files: Vec<PathBuf> = names.map(|entry| entry.expect("an entry").path()).collect();
        assert_eq!(files.len(), usize::from(lost > 0), "{board}");
        let preserved = board["preserved_bytes"].as_u64().expect("a number");
        assert!(lost == 0 || preserved == 0, "{board}");
        if let [file] = &files[..] {
            saved += 1;
            assert!(
                board["error"]
                    .as_str()
                    .expect("a text")
                    .contains("are saved in ")
            );
            let hint = board["hint"].as_str().expect("a hint");
            let restore = hint.lines().rev().nth(1).expect("a command");
            let words = restore.strip_prefix("stdfu ").expect("a command of ours");
            let mut command = stdfu("--sim")
                .arg(flash.board("f405"))
                .args(words)
                .into_command();
            command.current_dir(directory.path());
            let run = Run::from(command.output().expect("the binary starts"));
            assert_eq!(run.exit, 0, "{run:?}");
            fs::remove_file(file).expect("it is there");
        }
        let (now, before) = (flash.now(), flash.before());
        let end = 0x5000 + 20_000;
        assert!(
            now[..0x5000] == before[..0x5000] && now[end..] == before[end..],
            "{board}"
        );
    }
    assert!(saved > 10, "{saved} files");
}

#[test]
fn under_preserve_what_can_not_be_kept_is_not_erased() {
    let firmware = Firmware::raw(3000);
    let flash = FlashFile::full(1 << 20);
    let run = stdfu("--json --sim")
        .arg(flash.board("f405,quirk=upload=stall"))
        .args(&format!(
            "flash {} --address 0x08005000 --preserve --full --no-verify",
            firmware.path()
        ))
        .run();
    assert_eq!(run.exit, 8, "{run:?}");
    flash.is_untouched();
}

#[test]
fn holes_in_what_is_kept_cost_no_requests() {
    let firmware = Firmware::raw(3000);
    let requests = |holes: usize| {
        let flash = FlashFile::full(1 << 20);
        let mut before = flash.before();
        before[..1 << 17]
            .iter_mut()
            .step_by((1 << 17) / holes)
            .for_each(|byte| *byte = 0xFF);
        flash.put(&before);
        let run = stdfu("--json --sim")
            .arg(flash.board("f405"))
            .args(&format!(
                "flash {} --address 0x08010000 --preserve --stay",
                firmware.path()
            ))
            .run();
        let end = 0x1_0000 + 3000;
        let now = flash.now();
        assert!(now[..0x1_0000] == before[..0x1_0000] && now[end..] == before[end..]);
        run.boards(0)[0]["requests"].as_u64().expect("a number")
    };
    assert_eq!(requests(2000), requests(1));
}
