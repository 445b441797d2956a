//! What boards answer, or fail to answer, and what that means.

use super::*;

/// Every first contact is so, and it scares people.
#[test]
fn f405_begins_in_err_firmware_and_nobody_hears_of_it() {
    let said = |board: &str| {
        let run = stdfu(&format!("--sim {board} flash blinky.dfu")).run();
        assert_eq!(run.exit, 0, "{run:?}");
        (run.stdout, run.stderr)
    };
    assert_eq!(said("f405"), said("f405,quirk=none"));

    let transfers = transfers("f405", "flash blinky.dfu");
    let mut dfu = transfers
        .iter()
        .filter(|line| !line.starts_with("GET_DESCRIPTOR"));
    assert_eq!(
        [dfu.next(), dfu.next()].map(|line| line.map(String::as_str)),
        [
            Some(
                "GETSTATUS wValue 0x0000 wIndex 0x0000 wLength 6: 0a 00 00 00 0a 00 (dfuERROR, errFIRMWARE, 0 ms)"
            ),
            Some("CLRSTATUS wValue 0x0000 wIndex 0x0000 wLength 0"),
        ]
    );
}

/// It refuses CLRSTATUS outside of dfuERROR, and is in dfuERROR then.
#[test]
fn c5_is_sent_no_clrstatus() {
    for arguments in [
        "flash blinky.dfu",
        "flash blinky.dfu --stay",
        "erase --all",
        "leave",
    ] {
        let transfers = transfers("c5", arguments);
        assert!(
            transfers.iter().all(|line| !line.starts_with("CLRSTATUS")),
            "{arguments}: {transfers:#?}"
        );
    }
}

/// It never answers a question for its functional descriptor alone; the configuration has it too.
#[test]
fn c5_is_never_asked_for_its_functional_descriptor() {
    let mut listed = transfers("c5", "list");
    listed.extend(transfers("c5", "flash blinky.dfu"));
    assert!(
        listed.iter().all(|line| !line.contains("wValue 0x21")),
        "{listed:#?}"
    );
    let boards = stdfu("--sim c5 list --json").run().boards(0);
    assert_eq!(boards[0]["transfer_size"], 1024);
}

#[test]
fn mboot_explains_itself_and_its_words_are_shown() {
    let answer = "the board answered OK in dfuERROR and says \"Unknown error\"";
    let note = format!("setting the address 0x08000000: {answer}; trying again\n");
    let error = format!(
        "error: 3254335D3037 at 1-1: setting the address 0x08000000: {answer}; nothing was erased or written\n"
    );
    let hint = "hint: Check the layout with `stdfu list`, or repeat the command with -vv to see every request.\n      \
                If it happens again: --record FILE records it, for a report.\n";
    stdfu("--sim mboot,quirk=read-protected flash blinky.dfu")
        .run()
        .says(
            8,
            "",
            &format!("comparing 5.0 KiB\n{note}{note}{note}{error}{hint}"),
        );
}

/// bStatus alone would say that the block was written.
#[test]
fn mboot_error_with_status_ok_is_an_error() {
    let arguments = "flash blinky.dfu --full --no-verify";
    let request = write_at("mboot", arguments, 0x0800_0000) + 1;
    let blinky = sample("blinky.bin");
    let done = check(
        &format!("mboot,fault=errPROG@{request}"),
        arguments,
        programmed(0..0x8000, 0xFF, &blinky, 0),
    );
    assert_eq!(done.number("retries"), 1);
    let note = "the board answered OK in dfuERROR and says \"Write failed\"; trying again\n";
    assert!(done.stderr.contains(note), "{}", done.stderr);
}

/// There it means that a write or an erase has failed.
#[test]
fn class_sample_err_vendor_is_not_called_read_protection() {
    let arguments = "flash blinky.bin --address 0x0800C000 --as-is";
    let request = write_at("class-sample", arguments, 0x0800_C000) + 2;
    let run = stdfu(&format!(
        "--sim class-sample,fault=errVENDOR@{request} {arguments}"
    ))
    .run();
    // Once is worth another try.
    assert_eq!(run.exit, 0, "{run:?}");
    let note = "writing at 0x0800c000: the board answered errVENDOR in dfuERROR; trying again\n";
    assert!(run.stderr.contains(note), "{}", run.stderr);
    assert!(!run.stderr.contains("protection"), "{}", run.stderr);
}

#[test]
fn at32_err_vendor_is_read_protection_and_nothing_is_touched() {
    let flash = FlashFile::full(size("at32"));
    let run = stdfu("--sim")
        .arg(flash.board("at32,quirk=read-protected"))
        .args("flash blinky.bin --address 0x08000000")
        .run();
    assert_eq!(run.exit, 10, "{run:?}");
    assert!(
        run.stderr.contains("the chip's read protection is on"),
        "{}",
        run.stderr
    );
    flash.is_untouched();
}

/// It says dfuDNLOAD-IDLE where dfuDNBUSY is due.
#[test]
fn at32_wrong_state_after_read_unprotect_is_no_failure() {
    let flash = FlashFile::full(size("at32"));
    let run = stdfu("--sim")
        .arg(flash.board("at32,quirk=read-protected"))
        .args("unprotect --yes")
        .run();
    assert_eq!(run.exit, 0, "{run:?}");
    flash.holds(&vec![0xFF; size("at32")]);
}

/// Nor is the request that makes it leave acknowledged.
#[test]
fn gd32vf103_leaves_without_an_answer_and_that_is_success() {
    let arguments = "flash blinky.bin --address 0x08000000";
    let blinky = sample("blinky.bin");
    let done = check(
        "gd32vf103",
        arguments,
        programmed(0..0x1800, 0xFF, &blinky, 0),
    );
    done.went_smoothly();
    assert_eq!(done.result["left"], true);
    let transfers = transfers("gd32vf103", arguments);
    let leave = "DNLOAD wValue 0x0000 wIndex 0x0000 wLength 0: no answer in time".to_owned();
    assert!(transfers.contains(&leave), "{transfers:#?}");
}

/// What protocols leave open, or boards do against them: none of it keeps a flash from being right.
#[test]
fn f072_with_each_quirk_that_can_be_coped_with_is_flashed_right() {
    let firmware = Firmware::raw(20_003);
    for quirk in [
        "block-address=length",
        "block-address=size",
        "blocking=erase",
        "blocking=next",
        "clear-status=error",
        "clear-status=stall",
        "comes-back=1",
        "corrupt-lengths",
        "functional-descriptor=each",
        "functional-descriptor=last",
        "leave=stays",
        "leave=unanswered",
        "oversize=silent",
        "poll-timeout=long",
        "poll-timeout=short",
        "poll-timeout=zero",
        "strings=eight-bit",
        "strings=garbled",
        "strings=missing",
        "strings=short",
        "transfer-size=0",
        "transfer-size=256",
        "transfer-size=4096",
        "transfer-size=65535",
    ] {
        let done = check(
            &format!("f072,timing=real,quirk={quirk}"),
            &format!("flash {} --address 0x08003001", firmware.path()),
            programmed(0x3000..0x8000, 0xFF, &firmware.bytes, 0x3001),
        );
        done.went_smoothly();
        assert_eq!(done.number("verified_bytes"), 20_003, "{quirk}");
        assert_eq!(done.result["left"], quirk != "leave=stays", "{quirk}");
    }
}

/// bState 42 in place of dfuDNBUSY: there is no telling what comes next.
#[test]
fn f405_in_a_state_that_nobody_knows_is_told_and_not_written() {
    let flash = FlashFile::full(size("f405"));
    let run = stdfu("--sim")
        .arg(flash.board("f405,quirk=unknown-state"))
        .args("flash blinky.dfu")
        .run();
    assert_eq!(run.exit, 8, "{run:?}");
    let found = "the board answered OK in unknown state 42; nothing was erased or written";
    assert!(run.stderr.contains(found), "{}", run.stderr);
    flash.is_untouched();
}

/// An L4 whose flash was empty at power-on stays in DFU mode though all went well.
#[test]
fn l476_that_stays_in_dfu_mode_is_flashed_all_the_same() {
    let run = stdfu("--sim l476,quirk=leave=stays flash blinky.dfu").run();
    assert_eq!(run.exit, 0, "{run:?}");
    let warning = "warning: 205834865852 at 1-1: flash is right, but the board is still in DFU mode; \
                   reset it to start the application";
    assert_eq!(run.stderr.lines().last(), Some(warning));
    let document = stdfu("--json --sim l476,quirk=leave=stays flash blinky.dfu").run();
    assert_eq!(document.boards(0)[0]["left"], json!(false));
}
