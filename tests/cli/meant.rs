//! What somebody is met with who typed something else than was meant.

use crate::run::{FlashFile, data, stdfu};

/// Asserts the tip of a refused command line, as text and in the document.
#[track_caller]
fn check(arguments: &str, tip: &str) {
    let run = stdfu(arguments).run();
    assert_eq!(run.exit, 2, "{run:?}");
    assert_eq!(run.stdout, "");
    let tips: Vec<&str> = run
        .stderr
        .lines()
        .filter_map(|line| line.trim().strip_prefix("tip: "))
        .collect();
    assert_eq!(tips, [tip], "{}", run.stderr);
    let document = stdfu(arguments).arg("--json").run().document(2);
    assert_eq!(document["error"]["exit"], 2);
    let hint = document["error"]["hint"].as_str().expect("a hint");
    // A command line that is offered whole has this one's --json in it.
    assert_eq!(hint.replace(" --json", ""), tip);
}

#[test]
fn a_command_line_of_dfu_util_is_met_with_ours() {
    check("-l", "here that is: stdfu list");
    check("-e", "here that is: stdfu detach");
    check(
        "-a 0 -s 0x08000000:leave -D firmware.bin",
        "here that is: stdfu flash firmware.bin --address 0x08000000",
    );
    check(
        "flash firmware.bin -s 0x08004000",
        "here that is: stdfu flash firmware.bin --address 0x08004000",
    );
    check(
        "-d ,0483:df11 -R -a 0 -s 0x8008000:leave -D out/klipper.bin",
        "here that is: stdfu flash out/klipper.bin --address 0x08008000 --id 0483:df11",
    );
    check("-s :leave", "here that is: stdfu leave");
    check(
        "-a 0 -s 0x08000000:16 -U out.bin",
        "here that is: stdfu read out.bin 0x08000000+16",
    );
}

#[test]
fn a_command_line_of_pydfu_is_met_with_ours() {
    check("--list", "here that is: stdfu list");
    check("-u firmware.dfu", "here that is: stdfu flash firmware.dfu");
    check(
        "-m -u firmware.dfu",
        "here that is: stdfu flash firmware.dfu --mass-erase",
    );
    check("-m", "here that is: stdfu erase --all");
    check("-x", "here that is: stdfu leave");
}

/// What is said to be the same is at least something that is understood.
#[test]
fn what_is_offered_in_the_place_of_another_tools_command_line_works() {
    for line in [
        "-l",
        "-a 0 -s 0x08000000:leave -D blinky.bin",
        "-s 0x08000000:mass-erase:force -D blinky.bin",
        "-p 1-1 -S 336133663433 -w -d 0483:df11 -a 0 -D blinky.dfu",
        "-u blinky.dfu",
        "-m",
        "-x",
        "blinky.bin",
        "program blinky.dfu --stay",
    ] {
        let said = stdfu(line).run().stderr;
        let ours = said.lines().find_map(|line| line.split_once(": stdfu "));
        let (_, mut ours) = ours
            .map(|(tip, ours)| (tip, ours.to_owned()))
            .expect("a tip");
        if line.starts_with("program") {
            ours += " blinky.dfu --stay";
        }
        let run = stdfu(&format!("--sim f405 {ours}")).run();
        assert_eq!(run.exit, 0, "{line}: {ours}: {run:?}");
    }
}

#[test]
fn an_option_of_another_tool_in_a_command_of_ours_is_met_with_ours() {
    check(
        "flash blinky.bin --address 0x08000000 -a 0",
        "--alt N chooses the memory; without it, the addresses do",
    );
    check(
        "flash blinky.dfu --any-id --verify",
        "`stdfu flash` compares by itself: leave it out",
    );
    check("serial --wait 10", "that is written --wait=10");
    check(
        "flash blinky.dfu --reset",
        "`stdfu flash` starts the application by itself: leave it out",
    );
    check(
        "flash blinky.bin --offset 0x08000000",
        "--address says where a raw binary belongs: --address 0x08000000",
    );
    check(
        "run blinky.elf --detach",
        "--enter-dfu puts a running application into DFU mode first",
    );
}

/// clap's own names the one option that is nearest, as if it had to be given.
#[test]
fn the_usage_of_a_refused_command_line_is_that_of_its_command() {
    for (arguments, usage) in [
        (
            "flash blinky.dfu --force",
            "stdfu flash [OPTIONS] <FILE>...",
        ),
        (
            "flash blinky.dfu --erase",
            "stdfu flash [OPTIONS] <FILE>...",
        ),
        ("run blinky.elf --reset", "stdfu flash [OPTIONS] <FILE>..."),
        ("flash", "stdfu flash [OPTIONS] <FILE>..."),
        ("erase --force", "stdfu erase [OPTIONS] <RANGE|--all>"),
        (
            "erase --all 0x08000000",
            "stdfu erase [OPTIONS] <RANGE|--all>",
        ),
        ("sim", "stdfu sim [OPTIONS] <BOARD>..."),
        ("--reset", "stdfu [OPTIONS] <COMMAND>"),
    ] {
        let run = stdfu(arguments).run();
        assert_eq!(run.exit, 2, "{run:?}");
        let found = run
            .stderr
            .lines()
            .find_map(|line| line.strip_prefix("Usage: "));
        assert_eq!(found, Some(usage), "{arguments}: {run:?}");
    }
}

/// What cargo runs by `runner = "stdfu run"`: the program's path comes last, then what was given to it.
#[test]
fn run_is_another_name_of_flash() {
    let flash = FlashFile::full(1 << 20);
    let run = |command: &str| {
        let board = flash.board("f405");
        let run = stdfu(command)
            .args("blinky.elf --json --sim")
            .arg(board)
            .run();
        run.boards(0)[0]["verified_bytes"].clone()
    };
    assert_eq!(run("run"), 5123);
    assert_eq!(run("flash"), run("run"));
    let page = |name: &str| stdfu(&format!("man {name}")).run();
    assert_eq!(page("run").stdout, page("flash").stdout);
}

#[test]
fn a_file_in_the_place_of_a_command_is_met_with_flash() {
    check("blinky.dfu", "to flash it: stdfu flash blinky.dfu");
    check(
        "blinky.dfu --path 1-2",
        "to flash it: stdfu flash blinky.dfu --path 1-2",
    );
    check(
        "no-such-file.bin",
        "to flash it: stdfu flash no-such-file.bin --address 0x08000000",
    );
    check("blinky.hex.gz", "to flash it: stdfu flash blinky.hex.gz");
}

#[test]
fn another_word_for_a_command_is_met_with_ours() {
    check("program blinky.dfu", "here that is: stdfu flash");
    check("devices", "here that is: stdfu list");
    check("wipe", "here that is: stdfu erase --all");
    check("reboot", "here that is: stdfu leave");
    check("flahs blinky.dfu", "a similar subcommand exists: 'flash'");
    check("help flahs", "Did you mean flash?");
}

#[test]
fn a_simulated_board_that_there_is_not_is_met_with_the_nearest() {
    check("--sim f407 list", "Did you mean f405 or f427?");
    check("sim STM32F405RG", "Did you mean f405?");
    check("--sim f405,quirk=wegde list", "Did you mean wedge?");
    check(
        "--sim f405,fault=unpluged@40 list",
        "Did you mean unplug@40?",
    );
    check(
        "--sim f405,read-protected list",
        "Did you mean quirk=read-protected?",
    );
    let run = stdfu("list").env("STDFU_SIM", "f407").run();
    assert_eq!(run.exit, 2);
    assert!(
        run.stderr.ends_with("\nhint: Did you mean f405 or f427?\n"),
        "{run:?}"
    );
}

#[test]
fn a_value_with_a_slip_is_met_with_the_nearest() {
    check("flash x --format ihex", "a similar value exists: 'hex'");
    check("list --color alway", "a similar value exists: 'always'");
}

/// The hint of a command that is understood, and ends with this exit code.
#[track_caller]
fn check_hint(arguments: &str, exit: i32, hint: &str) {
    let run = stdfu(arguments).run();
    assert_eq!(run.exit, exit, "{run:?}");
    assert_eq!(run.stdout, "");
    let (_, found) = run.stderr.split_once("\nhint: ").expect("a hint");
    assert_eq!(found.trim_end(), hint);
}

#[test]
fn a_serial_number_with_a_slip_is_met_with_the_nearest() {
    let boards = "--sim f405 --sim l476,serial=205A3073484B --sim l476,serial=205A3073484C";
    let list = "`stdfu list` shows the boards in DFU mode.";
    for command in ["list", "serial", "flash blinky.dfu", "erase --all"] {
        check_hint(
            &format!("{boards} {command} --serial 336133663434"),
            3,
            &format!("Did you mean --serial 336133663433?\n      {list}"),
        );
    }
    check_hint(
        &format!("{boards} serial --serial 205a3073484"),
        3,
        &format!("Did you mean --serial 205A3073484B or --serial 205A3073484C?\n      {list}"),
    );
    // Of two names, only the one that is missing.
    check_hint(
        &format!("{boards} erase --all --serial 205A3073484B --serial 33613366343"),
        3,
        &format!("Did you mean --serial 336133663433?\n      {list}"),
    );
}

#[test]
fn a_memory_with_a_slip_is_met_with_the_nearest() {
    let list = "`stdfu list` shows the memories of the board.";
    for command in ["flash blinky.dfu", "erase --all"] {
        check_hint(
            &format!("--sim f405 {command} --alt flash"),
            7,
            &format!("Did you mean --alt \"Internal Flash\"?\n      {list}"),
        );
        check_hint(&format!("--sim f405 {command} --alt nonsense"), 7, list);
    }
}

#[test]
fn a_file_that_is_not_there_is_met_with_what_may_have_been_meant() {
    check_hint("flash blinkey.dfu", 1, "Did you mean blinky.dfu?");
    check_hint(
        "info ../data/blinkey.dfu",
        1,
        "Did you mean ../data/blinky.dfu?",
    );
    check_hint(
        "convert blinkey.dfu -o x.hex",
        1,
        "Did you mean blinky.dfu?",
    );
    check_hint(
        "flash blinky.bin 0x08000000",
        2,
        "If this is the address of a raw binary: --address 0x08000000.",
    );
    check_hint(
        "flash blinky.dfu --wait 10",
        2,
        "If this is how long to wait: --wait=10.",
    );
    assert!(!data().join("x.hex").exists());
}

#[test]
fn a_raw_binary_without_an_address_is_met_with_the_usual_one() {
    let flash = FlashFile::full(1 << 20);
    let run = stdfu("flash blinky.bin --sim")
        .arg(flash.board("f405"))
        .run();
    assert_eq!(run.exit, 2, "{run:?}");
    assert!(run.stderr.contains("--address 0x08000000"), "{run:?}");
    flash.is_untouched();
}

#[test]
fn a_range_in_another_spelling_is_met_with_ours() {
    let run = stdfu("erase 0x08000000-0x08004000").run();
    assert_eq!(run.exit, 2);
    let expected = "is not a range; expected one such as 0x08000000+128K or 0x08000000..0x08020000";
    assert!(run.stderr.contains(expected), "{run:?}");
}

#[test]
fn a_man_page_that_there_is_not_is_met_with_the_nearest() {
    check_hint("man falsh", 2, "Did you mean flash?");
    check_hint("man nonsense", 2, "`stdfu --help` lists the commands.");
}

#[test]
fn json_without_a_command_says_that_one_is_missing() {
    let document = stdfu("--json").run().document(2);
    assert_eq!(document["error"]["message"], "a command is missing");
}

#[test]
fn an_address_to_listen_on_that_is_none_is_refused() {
    for address in [
        "nonsense",
        ":3240",
        "127.0.0.1",
        "127.0.0.1:99999",
        "127.0.0.1:",
    ] {
        let run = stdfu(&format!("sim f405 --listen {address}")).run();
        assert_eq!(run.exit, 2, "{address}: {run:?}");
        assert!(run.stderr.contains("such as 127.0.0.1:3240"), "{run:?}");
    }
}
