//! An answer that can't be written is a failure, and one that would be lost.

use std::process::{Command, Stdio};

use crate::run::{Run, Stdfu, stdfu};

/// Every command that answers without a terminal, and what it says of an answer that can't be written.
const ANSWERS: [&str; 22] = [
    "--help",
    "--version",
    "flash --help",
    "help flash",
    "man",
    "man flash --json",
    "completions bash",
    "completions zsh --json",
    "udev",
    "udev --json",
    "info blinky.dfu",
    "info blinky.dfu --json",
    "convert blinky.dfu --to hex -o -",
    "--sim f405 list",
    "--sim f405 list --json",
    "--sim f405 serial",
    "--sim f405 serial --json",
    "--sim f405 read - 0x08000000+16",
    "--sim f405 flash blinky.dfu",
    "--sim f405 flash blinky.dfu --json",
    "--sim f405 verify blinky.dfu --json",
    "--sim f405 unprotect --json",
];

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_wherever_something_is_answered() {
    for arguments in ANSWERS {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
        let output = stdfu(arguments)
            .into_command()
            .stdout(full.expect("Linux has it"))
            .output();
        let run = Run::from(output.expect("the binary starts"));
        assert_ne!(run.exit, 0, "{arguments}: {run:?}");
        assert!(run.stderr.contains("error: "), "{arguments}: {run:?}");
        // Where something else is wrong, that is told.
        if !arguments.contains("unprotect") && !arguments.contains("verify") {
            let last = run.stderr.lines().last().unwrap_or_default();
            assert!(last.contains("No space left on device"), "{run:?}");
        }
    }
}

/// The command, started by a shell that redirects so.
fn redirected(redirection: &str, command: Stdfu) -> Run {
    let command = command.into_command();
    let output = Command::new("sh")
        .args(["-c", &format!("exec \"$0\" \"$@\" {redirection}")])
        .arg(command.get_program())
        .args(command.get_args())
        .current_dir(command.get_current_dir().expect("it has one"))
        .stdin(Stdio::null())
        .output();
    Run::from(output.expect("there is a shell"))
}

#[cfg(unix)]
#[test]
fn what_is_to_be_kept_is_not_written_to_a_closed_stdout() {
    for arguments in [
        "--sim f405 -vv read -",
        "--sim f405 read - 0x08000000+16 --format hex",
        "convert blinky.dfu --to bin -o -",
        "man",
        "man flash --json",
        "completions fish",
        "udev",
    ] {
        let run = redirected(">&-", stdfu(arguments));
        let error = "error: writing to stdout: it is closed, or leads nowhere\n";
        run.says(1, "", error);
        // Whoever says so wants to lose it.
        let run = redirected("> /dev/null", stdfu(&arguments.replace("-vv", "")));
        assert_eq!(run.exit, 0, "{arguments}: {run:?}");
    }
}
