//! What becomes of a device after a download, or without one.

use super::*;
use crate::run::stdfu;

#[test]
fn a_u_boot_in_dfu_idle_leaves_after_detach() {
    let device = Device::of("uboot");
    device.run("leave").says(
        0,
        "OK  0123456789ABCDEF at 1-1  started  3.1 s\n",
        "starting the application\n",
    );
    device.flash.is_untouched();
}

#[test]
fn a_pluto_that_is_left_is_reported_with_its_new_ids() {
    let result = Device::of("pluto").result("leave", 0);
    started_as(&result, Some("0456:b673"));
}

/// A bare reset is nothing to it in dfuIDLE.
#[test]
fn a_zephyr_that_stays_after_leave_is_an_error() {
    let device = Device::of("zephyr");
    device.run("leave").says(
        8,
        "",
        "\
starting the application
error: 3539361234567890 at 1-1: starting the application: the board is still in DFU mode
hint: Unplug the device and plug it in again.
      If it happens again: --record FILE records it, for a report.
",
    );
    device.flash.is_untouched();
}

/// It has no application: it was gone, and is back as what it was. That is told.
#[test]
fn an_ubertooth_with_nothing_to_start_has_restarted_after_leave() {
    let run = stdfu("--sim ubertooth leave").run();
    let name = "08F00003 at 1-1";
    run.says(
        0,
        &format!("OK  {name}  restarted, and in DFU mode again  3.0 s\n"),
        &format!(
            "starting the application\nwarning: {name}: the device has restarted and is in DFU mode again; it may have \
             nothing to start\n"
        ),
    );
    let boards = stdfu("--sim ubertooth leave --json").run().boards(0);
    assert_eq!(boards[0]["left"], false);
}

/// After a flash it is told, and no error: the file is right.
#[test]
fn a_zephyr_that_stays_after_a_flash_is_told() {
    let device = Device::of("zephyr");
    let file = program();
    let run = device.run(&format!("flash {} --alt 1", file.path()));
    let name = "3539361234567890 at 1-1";
    run.says(
        0,
        &format!("OK  {name}  4.9 KiB sent, verified, still in DFU mode  15.2 s\n"),
        &format!(
            "writing 4.9 KiB\nwaiting for the device to finish\nverifying 4.9 KiB\nstarting the application\n\
             warning: {name}: the device has the file, but is still in DFU mode; unplug it and plug it in again to start it\n"
        ),
    );
    let result = flashes("zephyr", "--alt 1", 256 << 10);
    assert_eq!(result["left"], false);
    assert_eq!(
        result["warnings"].as_array().map(Vec::len),
        Some(1),
        "{result}"
    );
}

#[test]
fn an_openmoko_that_stays_after_a_flash_is_not_said_to_be_right() {
    let device = Device::of("openmoko");
    let file = program();
    let run = device.run(&format!("flash {} --alt u-boot", file.path()));
    assert_eq!(run.exit, 0, "{run:?}");
    let warning = "the device accepted the file, but is still in DFU mode; unplug it and plug it in again to start it\n";
    assert!(run.stderr.ends_with(warning), "{run:?}");
}

#[test]
fn a_tinyusb_that_comes_back_in_the_same_shape_is_told_and_no_error() {
    // A USB reset brings it to dfuIDLE, and it manifests without leaving.
    let device = Device::of("tinyusb,quirk=manifest=idle,quirk=tolerant=claimed");
    let file = program();
    let result = device.result(&format!("flash {}", file.path()), 0);
    is_verified(&result);
    assert_eq!(result["left"], false, "{result}");
}

#[test]
fn a_device_that_denies_will_detach_and_waits_is_reset_without_delay() {
    let result = flashes("jabra", "", 0);
    assert!(seconds(&result) < 3.0, "{result}");
}

#[test]
fn an_ubertooth_with_an_application_leaves_at_a_reset() {
    let device = Device::of("ubertooth");
    let result = device.result("leave", 0);
    started_as(&result, Some("1d50:6002"));
}
