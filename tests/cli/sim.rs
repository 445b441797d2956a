//! `stdfu sim` and `--sim`: what is said before the first packet.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::Stdio;

use tempfile::TempDir;

use crate::firmware::Firmware;
use crate::run::{FlashFile, stdfu};

#[test]
fn a_board_that_is_not_known_is_refused_with_those_that_are() {
    let known = "there are at32, atmega32u4, c5, class-sample, dapboot, embassy, embassy-0.2, esp32s2, f072, f103, \
                 f405, f411, f427, f429, f746, f767, fomu, g0b1, g474, gd32vf103, h723, h743, h743v9, jabra, l072, l476, longan, \
                 lpc, maple, mboot, mboot-packed, mcuboot, numworks, openmoko, pluto, pybd, simtrace, tinyusb, u575, ubertooth, \
                 uboot, wb55, xmos, zephyr";
    let run = stdfu("sim f999").run();
    assert_eq!(run.exit, 2);
    assert_eq!(run.stdout, "");
    assert_eq!(
        run.stderr.lines().next(),
        Some(
            format!(
                "error: invalid value 'f999' for '[BOARD]...': \
                 there is no simulated board \"f999\"; {known}"
            )
            .as_str()
        )
    );
}

#[test]
fn an_address_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("bound");
    let run = stdfu(&format!("sim f405 --listen {address}")).run();
    assert_eq!(run.exit, 1);
    assert_eq!(run.stdout, "");
    let expected = format!("error: can't listen on {address}: ");
    assert!(run.stderr.starts_with(&expected), "{}", run.stderr);
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
}

#[track_caller]
fn check(board: &str, stderr: &str) {
    stdfu("--sim")
        .arg(board)
        .arg("list")
        .run()
        .says(2, "", stderr);
}

#[test]
fn a_flash_file_of_another_size_is_refused_and_left_alone() {
    let file = Firmware::raw(5123);
    let path = file.path();
    check(
        &format!("f405,flash={path}"),
        &format!(
            "error: the flash file {path} has 5123 bytes, but this board's memory has 1048576\n"
        ),
    );
    assert_eq!(fs::read(path).expect("still there"), file.bytes);
}

#[test]
fn a_flash_file_that_can_not_be_made_is_told_once() {
    check(
        "f405,flash=no-such-directory/flash.bin",
        "error: the flash file no-such-directory/flash.bin can't be used: \
         No such file or directory (os error 2)\n",
    );
}

#[test]
fn a_flash_file_belongs_to_one_board_at_a_time() {
    let flash = FlashFile::full(1 << 20);
    let board = flash.board("f405");
    let path = board.split_once('=').expect("a file").1;
    let error = format!(
        "error: the flash file {path} is in use by another simulated board\n\
         hint: Wait until the other is done, or name another file.\n"
    );
    stdfu("--sim")
        .arg(&board)
        .arg("--sim")
        .arg(&board)
        .arg("list")
        .run()
        .says(5, "", &error);
    let mut server = stdfu("sim --json --listen 127.0.0.1:0")
        .arg(&board)
        .into_command()
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let mut served = BufReader::new(server.stdout.take().expect("piped"));
    let mut line = String::new();
    served.read_line(&mut line).expect("it serves");
    let erase = || stdfu("--sim").arg(&board).args("erase --all").run();
    erase().says(5, "", &error);
    flash.is_untouched();
    server.kill().expect("it is ours");
    server.wait().expect("it ends");
    assert_eq!(erase().exit, 0);
    flash.holds(&[0xFF; 1 << 20]);
}

#[cfg(unix)]
#[test]
fn a_flash_file_that_can_not_be_written_is_an_error_and_no_wrong_file() {
    let directory = TempDir::new().expect("a temporary directory");
    let run = |arguments: &str| {
        stdfu("--sim")
            .arg(format!("f405,flash={}", path_of(&directory)))
            .args(arguments)
            .with_file_limit(64)
            .run()
    };
    let error = format!("the flash file {} can't be used: ", path_of(&directory));
    let new = run("list");
    assert_eq!(new.exit, 1, "{new:?}");
    let started = new.stderr.starts_with(&format!("error: {error}"));
    assert!(started, "{new:?}");
    let entries = directory.path().read_dir().expect("ours");
    assert_eq!(entries.count(), 0);
    // Then one that is there, and that only its beginning can be written of.
    let before = vec![0; 1 << 20];
    fs::write(path_of(&directory), &before).expect("a new file");
    for arguments in [
        "flash blinky.bin --address 0x08020000 --as-is",
        "flash blinky.bin --address 0x08020000 --as-is --full --no-verify",
        "erase 0x08020000",
        "erase --all",
    ] {
        let run = run(arguments);
        assert_eq!(run.exit, 8, "{arguments}: {run:?}");
        assert!(run.stderr.contains(&error), "{arguments}: {run:?}");
        let found = fs::read(path_of(&directory)).expect("still there");
        assert!(found[0x2_0000..] == before[0x2_0000..], "{arguments}");
    }
}

#[cfg(unix)]
fn path_of(directory: &TempDir) -> String {
    directory.path().join("flash.bin").display().to_string()
}

#[test]
fn the_list_tells_every_quirk_application_and_fault_and_each_can_be_had() {
    let help = stdfu("sim --list").run().stdout;
    // What there is to say stands on the same line or further right on the next one.
    let names = |heading: &str| -> Vec<String> {
        let (_, list) = help.split_once(heading).expect("a list");
        let list: Vec<&str> = list
            .lines()
            .skip(1)
            .take_while(|line| !line.is_empty())
            .collect();
        let is_name = |line: &str| {
            line.strip_prefix("  ")
                .is_some_and(|rest| !rest.starts_with(' '))
        };
        let names = list.iter().enumerate().filter(|(_, line)| is_name(line));
        names
            .map(|(index, line)| {
                let (name, mut description) =
                    line.trim().split_once("  ").unwrap_or((line.trim(), ""));
                if description.is_empty() {
                    description = list.get(index + 1).copied().unwrap_or_default();
                    assert!(!is_name(description), "{name}");
                }
                assert!(description.trim().len() >= 10, "{name}");
                name.to_owned()
            })
            .collect()
    };
    let (quirks, faults) = (names("\nQuirks"), names("\nKinds of fault:"));
    for quirk in [
        "no-access",
        "busy",
        "read-protected",
        "write-protected=ADDRESS",
        "flipped-bit=ADDRESS",
        "stall-after-wait=N",
        "transfer-size=SIZE",
        "wedge",
        "gone-on-last-block",
        "comes-back=N",
    ] {
        assert!(quirks.iter().any(|known| known == quirk), "{quirk}");
    }
    for quirk in quirks {
        let option = quirk
            .replace("ADDRESS", "0x08000000")
            .replace("=SIZE", "=256")
            .replace("=N", "=2");
        // What only a GD32 can claim.
        let board = if option.starts_with("claims-") {
            "gd32vf103"
        } else {
            "f405"
        };
        let run = stdfu(&format!("--sim {board},quirk={option} list")).run();
        assert_ne!(run.exit, 2, "{option}: {run:?}");
    }
    let applications = names("\nApplications");
    assert!(applications.iter().any(|known| known == "micropython"));
    for application in applications {
        let run = stdfu(&format!("--sim f405,app={application} list")).run();
        assert_eq!(run.exit, 3, "{application}: {run:?}");
    }
    let kinds = [
        "stall",
        "lost-request",
        "lost-answer",
        "corrupt",
        "short",
        "error",
        "unplug",
        "power-cut",
        "flip",
    ];
    assert_eq!(faults, kinds);
    let errors = ["errTARGET", "errVENDOR"].map(str::to_owned);
    for fault in faults.into_iter().chain(errors) {
        let run = stdfu(&format!("--sim f405,fault={fault}@1000 list")).run();
        assert_eq!(run.exit, 0, "{fault}: {run:?}");
    }
}

#[test]
fn a_quirk_or_a_fault_that_there_is_not_is_refused_with_those_there_are() {
    for (option, known) in [("quirk=haunted", "no-access"), ("fault=ghost@1", "unplug")] {
        let run = stdfu(&format!("--sim f405,{option} list")).run();
        assert_eq!(run.exit, 2, "{run:?}");
        assert!(run.stderr.contains(known), "{run:?}");
    }
    for option in [
        "fault=unplug",
        "fault=unplug@0",
        "fault=unplug@x",
        "quirk=write-protected",
    ] {
        let run = stdfu(&format!("--sim f405,{option} list")).run();
        assert_eq!(run.exit, 2, "{option}: {run:?}");
    }
}
