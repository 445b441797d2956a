//! The exit codes, each by a command that ends with it.

use std::path::Path;

use crate::run::{Run, stdfu};

#[track_caller]
fn check(arguments: &str, exit: i32) {
    let run = stdfu(arguments).run();
    assert_eq!(run.exit, exit, "{arguments}: {run:?}");
    if exit != 0 {
        assert_eq!(run.stdout, "", "{arguments}");
        assert!(run.stderr.starts_with("error: "), "{arguments}: {run:?}");
    }
}

#[test]
fn exit_0_is_done_and_checked() {
    check("--sim f405 list", 0);
    check("--sim f405 serial", 0);
    check("--sim f405 flash blinky.dfu", 0);
    check("--sim f405 erase --all", 0);
    check("--help", 0);
    check("--version", 0);
}

/// On Linux, a file with this name takes no byte.
#[test]
#[cfg(target_os = "linux")]
fn exit_1_is_an_answer_that_can_not_be_written() {
    use std::fs::File;
    use std::process::Stdio;

    for arguments in ["list", "list --json", "serial", "flash blinky.dfu"] {
        let full = File::options()
            .write(true)
            .open("/dev/full")
            .expect("a Linux system");
        let output = stdfu(&format!("--sim f405 {arguments}"))
            .into_command()
            .stdout(Stdio::from(full))
            .output()
            .expect("the binary starts");
        let run = Run::from(output);
        assert_eq!(run.exit, 1, "{arguments}: {run:?}");
        let error = run.stderr.lines().last().expect("an error");
        assert!(error.starts_with("error: writing the "), "{error}");
        assert!(
            error.ends_with("No space left on device (os error 28)"),
            "{error}"
        );
    }
}

#[test]
fn exit_1_is_a_file_that_can_not_be_read() {
    check("--sim f405 flash no-such-file.dfu", 1);
}

#[test]
fn exit_2_is_a_command_line_that_makes_no_sense() {
    check("--sim f405 flahs blinky.dfu", 2);
    check("--sim f405 flash", 2);
    check("--sim f405 flash blinky.bin", 2);
    check("--sim f405 flash blinky.dfu --stay --entry 0x08000000", 2);
    check("--sim f405 erase", 2);
    check("--sim nosuch list", 2);
}

#[test]
fn exit_3_is_no_such_board() {
    check("--sim f405 --serial NOSUCH list", 3);
    check("--sim f405 --serial NOSUCH serial", 3);
    check("--sim f405 --serial NOSUCH flash blinky.dfu", 3);
    check("--sim f405 --serial NOSUCH erase --all", 3);
}

#[test]
fn exit_4_is_several_boards_and_none_chosen() {
    check("--sim f405 --sim l476 serial", 4);
    check("--sim f405 --sim l476 flash blinky.dfu", 4);
    check("--sim f405 --sim l476 erase --all", 4);
}

#[test]
fn exit_5_is_a_system_without_usb() {
    if Path::new("/dev/bus/usb").exists() || !cfg!(target_os = "linux") {
        eprintln!("skipped: this machine has USB, so there is no telling what stdfu says without");
        return;
    }
    let stderr = "\
error: USB is not available on this system: there is no /dev/bus/usb
hint: In a container or virtual machine, pass USB through to it.
      --sim f405 works without USB.
";
    for arguments in ["list", "serial", "flash blinky.dfu", "erase --all"] {
        stdfu(arguments).run().says(5, "", stderr);
        let document = stdfu(arguments).arg("--json").run().document(5);
        assert_eq!(document["error"]["exit"], 5, "{arguments}");
    }
}

#[test]
fn exit_6_is_a_damaged_file() {
    check("--sim f405 flash flipped-bit.dfu", 6);
    check("--sim f405 flash cut-short.dfu", 6);
}

/// There may be no board at all yet.
#[test]
fn a_damaged_file_is_told_before_any_board_is_looked_for() {
    check("--sim f405 --serial NOSUCH flash flipped-bit.dfu", 6);
}

#[test]
fn exit_7_is_a_file_that_does_not_fit_the_board() {
    check("--sim gd32vf103 flash blinky.dfu", 7);
    check("--sim f405 flash blinky.bin --address 0x20000000", 7);
    check("--sim f103 flash blinky.bin --address 0x08000000", 7);
    check("--sim f405 flash blinky.dfu --alt 9", 7);
    check("--sim f405 erase 0x08000000+1", 7);
}

#[test]
fn exit_5_is_a_board_that_the_system_denies() {
    for command in ["list", "serial", "flash blinky.dfu", "erase --all"] {
        let run = stdfu(&format!("--sim f405,quirk=no-access {command}")).run();
        assert_eq!(run.exit, 5, "{command}: {run:?}");
    }
    for command in ["flash blinky.dfu", "erase --all"] {
        check(&format!("-q --sim f405,quirk=busy {command}"), 5);
    }
}

#[test]
fn exit_8_is_a_board_that_went_away() {
    for command in ["flash blinky.dfu", "erase --all"] {
        check(&format!("-q --sim f405,fault=unplug@12 {command}"), 8);
    }
}

#[test]
fn exit_9_is_flash_that_differs() {
    check(
        "-q --sim f405,quirk=flipped-bit=0x08000900 flash blinky.dfu",
        9,
    );
    check(
        "-q --sim f405,quirk=write-protected=0x08000000 flash blinky.dfu",
        9,
    );
}

#[test]
fn exit_10_is_read_protection() {
    for command in ["flash blinky.dfu", "erase --all", "erase 0x08000000"] {
        check(&format!("-q --sim f405,quirk=read-protected {command}"), 10);
    }
}

#[cfg(unix)]
mod interrupted {
    //! Ctrl-C.

    use std::io::{BufRead, BufReader, Read};
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    use crate::run::{Run, stdfu};

    /// Starts it, lets it say something on stderr, and interrupts it then.
    fn interrupted(arguments: &str) -> Run {
        let mut child = stdfu(arguments)
            .into_command()
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut reader = BufReader::new(child.stderr.take().expect("piped"));
        let mut stderr = String::new();
        reader.read_line(&mut stderr).expect("it says something");

        let sent = Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status();
        assert!(sent.expect("kill is there").success());
        let start = Instant::now();
        reader.read_to_string(&mut stderr).expect("UTF-8");
        let mut output = child.wait_with_output().expect("it ends");
        let taken = start.elapsed();
        assert!(taken < Duration::from_secs(5), "{taken:?}");
        output.stderr = stderr.into_bytes();
        Run::from(output)
    }

    #[test]
    fn exit_130_is_a_wait_that_was_interrupted() {
        let arguments = "-vv --sim f405 --serial NOSUCH serial --wait";
        let run = interrupted(arguments);
        assert_eq!(run.exit, 130, "{run:?}");
        assert_eq!(run.stdout, "");
        assert_eq!(
            run.stderr.lines().last(),
            Some("error: interrupted while waiting for a board")
        );
        let document = interrupted(&format!("{arguments} --json")).document(130);
        assert_eq!(document["error"]["exit"], 130);
    }

    #[test]
    fn exit_130_is_a_server_that_was_interrupted() {
        let run = interrupted("sim f405 --listen 127.0.0.1:0");
        assert_eq!(run.exit, 130, "{run:?}");
    }
}
