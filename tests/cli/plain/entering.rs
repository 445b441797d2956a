//! From the application into DFU mode and back, on devices without DfuSe.

use super::*;

/// Flashes a board that runs its application, and asserts that it is asked to detach first.
#[track_caller]
fn enters(board: &str, options: &str, offset: usize) -> Value {
    let result = flashes(board, &format!("--enter-dfu=detach {options}"), offset);
    went_smoothly(&result);
    result
}

#[test]
fn a_pluto_that_detaches_by_itself_is_found_with_other_ids() {
    let result = enters("pluto,quirk=application", "", 1 << 20);
    is_verified(&result);
    started_as(&result, Some("0456:b673"));
}

#[test]
fn a_pluto_is_named_by_the_ids_of_its_application() {
    for option in ["--id 0456:b673", "--path 1-1"] {
        enters("pluto,quirk=application", option, 1 << 20);
    }
}

#[test]
fn a_zephyr_that_waits_for_a_reset_gets_one() {
    enters("zephyr,quirk=application", "--alt 1", 256 << 10);
}

#[test]
fn a_maple_is_found_with_other_ids() {
    enters("maple,quirk=application", "--alt 1", 0x5000);
}

#[test]
fn a_jabra_with_the_same_ids_in_both_modes_is_told_by_its_protocol() {
    enters("jabra,quirk=application", "", 0);
}

#[test]
fn an_xmos_with_the_same_ids_in_both_modes_is_told_by_its_protocol() {
    let result = enters("xmos,quirk=application", "", 0);
    started_as(&result, Some("20b1:0008"));
}

#[test]
fn an_ubertooth_that_says_no_will_detach_is_reset() {
    enters("ubertooth,quirk=application,quirk=will-detach=no", "", 0);
}

#[test]
fn a_tinyusb_behind_an_alternate_setting_on_another_interface_without_getstatus_is_asked() {
    for quirk in [
        "runtime-alternate=2",
        "runtime-interface=5",
        "runtime=no-status",
        "runtime-alternate=1,quirk=runtime-interface=3,quirk=runtime=no-status",
    ] {
        enters(&format!("tinyusb,quirk=application,quirk={quirk}"), "", 0);
    }
}

#[test]
fn a_pluto_that_needs_seven_seconds_and_has_another_serial_number_is_waited_for() {
    enters(
        "pluto,quirk=application,quirk=detach-takes=7,quirk=runtime=other-serial",
        "",
        1 << 20,
    );
}

#[test]
fn a_pluto_that_takes_longer_than_ten_seconds_is_given_up() {
    let device = Device::of("pluto,quirk=application,quirk=detach-takes=30");
    let file = program();
    let run = device.run(&format!("flash {} --enter-dfu", file.path()));
    assert_eq!(run.exit, 8, "{run:?}");
    assert!(
        run.stderr.contains("has not come back in DFU mode"),
        "{run:?}"
    );
    device.flash.is_untouched();
}

#[test]
fn an_application_that_refuses_is_told() {
    let device = Device::of("pluto,quirk=application,quirk=detach=stall");
    let file = program();
    let run = device.run(&format!("flash {} --enter-dfu", file.path()));
    assert_eq!(run.exit, 8, "{run:?}");
    assert!(run.stderr.contains("asking it to detach"), "{run:?}");
    device.flash.is_untouched();
}

#[test]
fn where_an_application_is_all_there_is_the_hint_is_the_option() {
    let device = Device::of("pluto,quirk=application");
    let file = program();
    let run = device.run(&format!("flash {}", file.path()));
    assert_eq!(run.exit, 3, "{run:?}");
    assert!(
        run.stderr
            .contains("the board at 1-1 (0456:b673) is running its application"),
        "{run:?}"
    );
    assert!(
        run.stderr.contains("`stdfu flash` with --enter-dfu"),
        "{run:?}"
    );
    device.flash.is_untouched();
}

#[test]
fn detach_leaves_a_device_in_dfu_mode() {
    for board in [
        "pluto",
        "zephyr",
        "maple",
        "embassy",
        "ubertooth",
        "xmos",
        "jabra",
    ] {
        let run = stdfu(&format!("--sim {board},quirk=application detach")).run();
        assert_eq!(run.exit, 0, "{board}: {run:?}");
        assert!(run.stdout.ends_with(" at 1-1: in DFU mode\n"), "{run:?}");
    }
}
