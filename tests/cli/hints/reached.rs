//! The system doesn't let us.

use super::*;

/// The command that installs the rule stands on a line of its own.
#[test]
#[cfg(target_os = "linux")]
fn permission() {
    let check = |board: &str, ids: [&str; 2]| {
        let [vendor_id, product_id] = ids;
        let stderr = format!(
            "\
error: the board at 1-1 ({vendor_id}:{product_id}) can't be opened: permission denied
hint: Install the udev rule, then plug the board in again:
      stdfu udev | sudo tee /etc/udev/rules.d/70-stdfu.rules
      Over ssh and in CI you have to be in the group plugdev, too.
"
        );
        let board = format!("--sim {board},quirk=no-access");
        for command in COMMANDS.into_iter().chain(["serial"]) {
            check(&board, command, 5, &stderr);
        }
        // What is known of it is listed all the same.
        let list = stdfu(&board).arg("list").run();
        let text = format!(
            "serial number unknown\n  path 1-1   ids {vendor_id}:{product_id}\n  can't be opened: permission denied\n"
        );
        list.says(5, &text, &stderr);
    };
    check("f405", ["0483", "df11"]);
    check("gd32vf103", ["28e9", "0189"]);
}

/// Others are worked on meanwhile; what is to be done about this one is told as where it stands alone.
#[test]
#[cfg(target_os = "linux")]
fn permission_for_one_of_several_boards() {
    let stderr = "\
error: board at 1-2: can't be opened: permission denied
hint: Install the udev rule, then plug the board in again:
      stdfu udev | sudo tee /etc/udev/rules.d/70-stdfu.rules
      Over ssh and in CI you have to be in the group plugdev, too.
error: 1 of 2 failed: board at 1-2
";
    for command in COMMANDS.into_iter().chain(["flash blinky.dfu --dry-run"]) {
        let run = stdfu("--sim f405 --sim f405,quirk=no-access --every -q")
            .args(command)
            .run();
        assert_eq!(run.exit, 5, "{run:?}");
        assert_text("stderr", &run.stderr, stderr);
    }
}

/// It may be the one that is meant.
#[test]
#[cfg(target_os = "linux")]
fn permission_for_a_board_that_may_be_the_one() {
    let stderr = "\
error: the board at 1-2 (0483:df11) can't be opened: permission denied
hint: Install the udev rule, then plug the board in again:
      stdfu udev | sudo tee /etc/udev/rules.d/70-stdfu.rules
      Over ssh and in CI you have to be in the group plugdev, too.
";
    check(
        "--sim f405 --sim l476,quirk=no-access --serial 205834865852",
        "flash blinky.dfu",
        5,
        stderr,
    );
}

#[test]
fn another_program_uses_the_board() {
    for command in COMMANDS {
        let state = match command {
            "leave" => "",
            _ => "; nothing was erased or written",
        };
        let stderr = format!(
            "\
error: 336133663433 at 1-1: claiming the DFU interface: another program is using the device{state}
hint: Close the other program, then repeat the command.
"
        );
        check_untouched("f405,quirk=busy", command, 5, &stderr);
    }
}
