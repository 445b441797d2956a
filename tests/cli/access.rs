//! A system that doesn't let us open a board, or not at once.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::run::stdfu;

const COMMANDS: [&str; 5] = [
    "serial",
    "flash blinky.dfu",
    "erase --all",
    "leave",
    "unprotect --yes",
];
const CONTAINER: &str = "\
Start the container with --privileged -v /dev/bus/usb:/dev/bus/usb, or with a rule for USB:
-v /dev/bus/usb:/dev/bus/usb --device-cgroup-rule='c 189:* rmw'";

/// Asserts exit 5 with the reason and the way out, in every command and in the list.
#[track_caller]
fn check(quirk: &str, reason: &str) {
    let message = format!("the board at 1-1 (0483:df11) can't be opened: {reason}");
    let indented = CONTAINER.replace('\n', "\n      ");
    let stderr = format!("error: {message}\nhint: {indented}\n");
    let board = format!("--sim f405,quirk={quirk}");
    for command in COMMANDS {
        stdfu(&format!("{board} {command}"))
            .run()
            .says(5, "", &stderr);
        let document = stdfu(&format!("{board} {command} --json"))
            .run()
            .document(5);
        let error = json!({"exit": 5, "message": message, "hint": CONTAINER});
        assert_eq!(document["error"], error, "{command}");
    }
    let list =
        format!("serial number unknown\n  path 1-1   ids 0483:df11\n  can't be opened: {reason}\n");
    stdfu(&format!("{board} list"))
        .run()
        .says(5, &list, &stderr);
    let document = stdfu(&format!("{board} list --json")).run().document(5);
    let error = &document["boards"][0]["error"];
    assert_eq!(error, reason);
}

#[test]
fn a_container_without_a_rule_for_the_board_is_told_how_to_get_one() {
    check("not-permitted", "operation not permitted");
}

#[test]
fn a_node_that_is_missing_is_named() {
    check("no-node", "there is no /dev/bus/usb/001/002");
}

#[test]
fn one_of_several_boards_that_is_not_permitted_leaves_the_others_alone() {
    let run =
        stdfu("--sim f405 --sim l476,quirk=not-permitted --every flash blinky.dfu --json").run();
    let boards = run.boards(5);
    let found: Vec<_> = boards
        .iter()
        .map(|board| json!([board["exit"], board["error"], board["hint"]]))
        .collect();
    let expected = [
        json!([0, null, null]),
        json!([5, "can't be opened: operation not permitted", CONTAINER]),
    ];
    assert_eq!(found, expected);
}

/// Each that can't be opened, not only the first.
#[test]
fn all_boards_that_can_not_be_opened_are_named() {
    let run = stdfu("--sim f405,quirk=no-node --sim l476,quirk=not-permitted list").run();
    assert_eq!(run.exit, 5, "{run:?}");
    let message = "\
error: the board at 1-1 (0483:df11) can't be opened: there is no /dev/bus/usb/001/002
the board at 1-2 (0483:df11) can't be opened: operation not permitted
";
    assert!(run.stderr.starts_with(message), "{run:?}");
}

/// What can't be opened may be the board that is meant, whatever its version says: a NumWorks, say.
#[test]
fn a_device_of_an_unknown_kind_that_can_not_be_opened_is_the_system_s_doing() {
    for board in ["numworks", "dapboot"] {
        let run = stdfu(&format!("--sim {board},quirk=not-permitted serial")).run();
        assert_eq!(run.exit, 5, "{run:?}");
        assert!(run.stderr.contains("can't be opened"), "{run:?}");
        // With a board beside it, it is of no matter, and listed.
        let two = format!("--sim f405 --sim {board},quirk=not-permitted");
        stdfu(&format!("{two} serial"))
            .run()
            .answers("336133663433\n");
        let list = stdfu(&format!("{two} list --json")).run().document(0);
        let other = &list["others"][0];
        assert_eq!(other["path"], "1-2", "{list}");
        assert_eq!(other["reason"], "can't be opened: operation not permitted");
    }
}

/// udev takes half a second to say who may open a board that it has just shown.
#[test]
fn a_board_that_udev_is_late_for_is_waited_for() {
    let late = "--sim f405,quirk=late-access";
    stdfu(&format!("{late} serial"))
        .run()
        .answers("336133663433\n");
    for command in ["list", "flash blinky.dfu", "erase --all", "leave"] {
        let run = stdfu(&format!("{late} {command}")).run();
        assert_eq!(run.exit, 0, "{run:?}");
    }
    let run =
        stdfu("--sim f405 --sim l476,quirk=late-access --every --json flash blinky.dfu").run();
    let exits: Vec<_> = run
        .boards(0)
        .iter()
        .map(|board| board["exit"].clone())
        .collect();
    assert_eq!(exits, [0, 0]);
    // A board of a kind that is not known before it is opened, too.
    stdfu("--sim numworks,quirk=late-access serial")
        .run()
        .answers("BwAjAAhRNjE4NzU3\n");
}

#[test]
fn detach_ends_when_the_board_can_be_opened_and_not_before() {
    let application = "--sim f405,quirk=application,quirk=late-access";
    stdfu(&format!("{application} detach"))
        .run()
        .says(0, "336133663433 at 1-1: in DFU mode\n", "");
    // The commands of a script: each has a bus of its own here, so the second begins with a late udev again.
    stdfu("--sim f405,quirk=late-access flash blinky.dfu -q")
        .run()
        .says(0, "", "");
}

#[test]
fn a_wait_for_permission_that_never_comes_has_an_end_and_is_said() {
    let begin = Instant::now();
    let run = stdfu("--sim f405,quirk=no-access serial --wait=60").run();
    assert_eq!(run.exit, 5, "{run:?}");
    let waiting =
        "waiting: the board at 1-1 (0483:df11) can't be opened: permission denied\nerror: ";
    assert!(run.stderr.starts_with(waiting), "{run:?}");
    // On the bus's clock, which no test waits for.
    assert!(begin.elapsed() < Duration::from_secs(20));
    // Without --wait it is a moment, too short to be said.
    let run = stdfu("--sim f405,quirk=no-access serial").run();
    assert!(run.stderr.starts_with("error: "), "{run:?}");
}
