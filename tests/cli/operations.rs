//! `leave`, `unprotect`, `detach`, `udev`, `completions` and `man`.

use crate::run::{FlashFile, stdfu};

#[test]
fn leave_starts_the_application_at_the_beginning_of_main_flash_or_where_told() {
    let started = "OK  336133663433 at 1-1  started at 0x08000000  0.0 s\n";
    stdfu("--sim f405 leave")
        .run()
        .says(0, started, "starting the application\n");
    let started = "OK  336133663433 at 1-1  started at 0x08008000  0.0 s\n";
    stdfu("--sim f405 leave 0x08008000")
        .run()
        .says(0, started, "starting the application\n");
}

#[test]
fn leave_changes_nothing_in_flash() {
    let flash = FlashFile::full(1 << 20);
    let run = stdfu("leave --json --sim").arg(flash.board("f405")).run();
    let boards = run.boards(0);
    assert_eq!(boards[0]["left"], true);
    flash.is_untouched();
}

#[test]
fn leave_outside_of_main_flash_is_refused() {
    let run = stdfu("--sim f405 leave 0x20000000").run();
    assert_eq!(run.exit, 7, "{run:?}");
    assert!(run.stderr.contains("0x20000000 is outside of"), "{run:?}");
}

#[test]
fn a_board_that_does_not_leave_is_an_error() {
    let stderr = "\
starting the application
error: 336133663433 at 1-1: starting the application: the board is still in DFU mode
hint: With BOOT0 low, reset the board or disconnect its power for a moment.
      If it happens again: --record FILE records it, for a report.
";
    stdfu("--sim f405,quirk=leave=stays leave")
        .run()
        .says(8, "", stderr);
}

#[test]
fn unprotect_erases_everything_only_after_a_yes() {
    let flash = FlashFile::full(1 << 20);
    let board = flash.board("f405,quirk=read-protected");
    let stderr = "\
error: lifting read protection erases ALL of the flash and resets the chip: that needs a yes, and nobody can be asked here
hint: Add --yes if that is what you want. Nothing was touched.
";
    stdfu("unprotect --sim")
        .arg(&board)
        .run()
        .says(2, "", stderr);
    flash.is_untouched();
    let run = stdfu("unprotect --yes --sim").arg(&board).run();
    assert_eq!(run.exit, 0, "{run:?}");
    flash.holds(&[0xFF; 1 << 20]);
}

#[test]
fn a_bootloader_that_has_no_unprotect_is_an_error() {
    let stderr = "\
error: 206F358B4D42 at 1-1: lifting read protection: the board's bootloader has no such command; \
nothing was erased or written
hint: Not every bootloader can lift it: use a debug probe.
";
    stdfu("--sim class-sample unprotect --yes")
        .run()
        .says(7, "", stderr);
    for board in ["class-sample", "f103", "gd32vf103"] {
        let run = stdfu(&format!("--sim {board} unprotect --yes -vv")).run();
        assert_eq!(run.exit, 7, "{run:?}");
        assert!(!run.stderr.contains(" DNLOAD "), "{run:?}");
    }
    // mboot has no list of commands, so it has to be asked.
    let refusal = "lifting read protection: the board answered OK in dfuERROR and says \"Request not allowed now\"";
    let again = format!("{refusal}; trying again\n").repeat(3);
    let stderr = format!(
        "lifting read protection\n{again}error: 3254335D3037 at 1-1: {refusal}\n\
         hint: Not every bootloader can lift it: use a debug probe.\n      If it happens again: --record FILE records it, for a report.\n"
    );
    stdfu("--sim mboot,quirk=no-upload unprotect --yes")
        .run()
        .says(8, "", &stderr);
}

#[test]
fn detach_brings_an_application_to_dfu_mode() {
    let board = "--sim f405,quirk=application";
    assert_eq!(stdfu(&format!("{board} list")).run().exit, 3);
    stdfu(&format!("{board} detach"))
        .run()
        .says(0, "336133663433 at 1-1: in DFU mode\n", "");
}

#[test]
fn detach_without_an_application_is_exit_3() {
    let stderr = "\
error: there is no board that runs an application with a DFU interface or a serial port
the board at 1-1 (0483:df11) is already in DFU mode
hint: Nothing to detach: go on with `stdfu flash`.
";
    stdfu("--sim f405 detach").run().says(3, "", stderr);
}

/// By what their interfaces say, whatever their ids; for who sits at the machine, and over ssh for a group.
#[test]
fn udev_prints_one_rule_for_all_boards_and_a_denied_board_asks_for_it() {
    let rules = stdfu("udev").run();
    let denied = stdfu("--sim f405,quirk=no-access list").run();
    let rule = "SUBSYSTEM==\"usb\", ENV{DEVTYPE}==\"usb_device\", ENV{ID_USB_INTERFACES}==\"*:fe010[012]:*\", \
                MODE=\"0660\", GROUP=\"plugdev\", TAG+=\"uaccess\"";
    assert_eq!(rules.exit, 0);
    let lines: Vec<&str> = rules
        .stdout
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    assert_eq!(lines, [rule]);
    if cfg!(target_os = "linux") {
        let command = "      stdfu udev | sudo tee /etc/udev/rules.d/70-stdfu.rules\n";
        assert!(denied.stderr.contains(command), "{}", denied.stderr);
    }
}

#[test]
fn completions_and_man_pages_know_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let script = stdfu(&format!("completions {shell}")).run();
        assert_eq!(script.exit, 0);
        for word in ["flash", "erase", "mass-erase", "serial"] {
            assert!(script.stdout.contains(word), "{shell}: {word}");
        }
    }
    let page = stdfu("man").run().stdout;
    assert!(page.contains(".TH stdfu 1"), "{page}");
    // The page names the others, and nothing that has none.
    let page = page.replace("\\-", "-");
    let others: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("stdfu-")?.strip_suffix("(1)"))
        .collect();
    assert!(others.contains(&"flash"), "{page}");
    assert!(others.contains(&"dfu-util"), "{page}");
    assert!(!others.contains(&"help"), "{page}");
    for other in others {
        let page = stdfu(&format!("man {other}")).run().stdout;
        assert!(
            page.contains(&format!(".TH stdfu-{other} 1  \"stdfu 0.")),
            "{other}: {page}"
        );
    }
    let page = stdfu("man flash").run().stdout;
    assert!(page.contains("mass\\-erase"), "{page}");
    assert_eq!(stdfu("man nonsense").run().exit, 2);
}
