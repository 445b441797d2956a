//! What goes wrong once: the whole download again, from block 0, at most twice, and told.

use super::*;

/// Flashes with a fault at the first control transfer that begins so. Asserts that all went well in the end, and how
/// often it began anew.
#[track_caller]
fn begins_anew(
    board: &str,
    options: &str,
    offset: usize,
    fault: &str,
    at: &str,
    retries: u64,
) -> Run {
    let file = program();
    let command = format!("flash {} {options}", file.path());
    let request = Device::of(board).request(&command, at);
    let device = Device::of(&format!("{board},fault={fault}@{request}"));
    let run = device.run(&format!("-vv --json {command}"));
    assert_eq!(run.exit, 0, "{run:?}");
    let document: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let result = &document["boards"][0];
    assert_eq!(result["retries"], retries, "{}", run.stderr);
    device.has(offset, &file.bytes);
    never_twice(&run.stderr);
    run
}

/// Asserts that within each download no block is sent twice.
#[track_caller]
fn never_twice(trace: &str) {
    let mut last: Option<u32> = None;
    for line in trace.lines() {
        let Some((_, rest)) = line.split_once("DNLOAD wValue 0x") else {
            continue;
        };
        let number = u32::from_str_radix(&rest[..4], 16).expect("hexadecimal");
        assert!(
            number == 0 || last.is_some_and(|last| number == last + 1),
            "block {number} after {last:?}:\n{trace}"
        );
        last = Some(number);
    }
}

const THIRD: &str = "DNLOAD wValue 0x0002";

#[test]
fn a_block_that_is_refused_once_is_the_whole_download_again() {
    let run = begins_anew("ubertooth", "", 0, "stall", THIRD, 1);
    let again = "sending block 2: the device refused the request (STALL); trying again\n";
    assert!(
        run.stderr.contains("trying again\n"),
        "{again}: {}",
        run.stderr
    );
}

/// Nobody knows whether it has taken it, and Maple writes it elsewhere.
#[test]
fn a_block_that_a_maple_did_not_answer_is_never_sent_again_by_itself() {
    for fault in ["lost-request", "lost-answer"] {
        begins_anew("maple", "--alt 1", 0x5000, fault, THIRD, 1);
    }
}

/// U-Boot's ABORT leaves its transaction open: block 0 meets a wrong sequence number, and only that error cleans up.
#[test]
fn a_u_boot_with_an_open_transaction_takes_the_third_try() {
    begins_anew("uboot", "", 0, "stall", "DNLOAD wValue 0x0001", 2);
}

#[test]
fn a_u_boot_that_was_read_to_the_short_block_takes_a_download_at_once() {
    let result = flashes("uboot", "--if-different", 0);
    went_smoothly(&result);
}

#[test]
fn a_tinyusb_s_lost_answer_to_a_getstatus_is_the_whole_download_again() {
    let board = "tinyusb";
    let file = program();
    let command = format!("flash {}", file.path());
    let request = Device::of(board).request(&command, THIRD) + 1;
    for fault in ["lost-answer", "lost-request", "stall"] {
        let device = Device::of(&format!("{board},fault={fault}@{request}"));
        let run = device.run(&format!("-vv {command}"));
        assert_eq!(run.exit, 0, "{run:?}");
        never_twice(&run.stderr);
        device.has(0, &file.bytes);
    }
}

/// What it means to say is not asked again.
#[test]
fn a_u_boot_s_errverify_is_said_at_once() {
    let device = Device::of("uboot,quirk=manifest=err-verify");
    let file = program();
    let result = device.result(&format!("flash {}", file.path()), 8);
    went_smoothly(&result);
}

#[test]
fn a_device_that_is_unplugged_is_an_error_with_how_far_it_came() {
    let file = program();
    let command = format!("flash {}", file.path());
    let request = Device::of("ubertooth").request(&command, THIRD);
    let device = Device::of(&format!("ubertooth,fault=unplug@{request}"));
    let run = device.run(&command);
    assert_eq!(run.exit, 8, "{run:?}");
    assert!(run.stderr.contains("sending block 2: "), "{run:?}");
    assert!(
        run.stderr.contains("; 512 of 5000 bytes were sent\n"),
        "{run:?}"
    );
    assert!(!run.stderr.contains("trying again"), "{run:?}");
}

#[test]
fn an_upload_that_is_disturbed_begins_anew() {
    for fault in ["stall", "lost-answer", "lost-request"] {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let read = format!("read {}", directory.path().join("out.bin").display());
        let request = Device::of("ubertooth").request(&read, "UPLOAD wValue 0x0002");
        let device = Device::of(&format!("ubertooth,fault={fault}@{request}"));
        let output = stdfu("--sim")
            .arg(device.flash.board(&device.board))
            .args("read -")
            .into_command()
            .output()
            .expect("it runs");
        assert!(output.stdout == device.flash.before(), "{fault}");
        let stderr = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(stderr.contains("trying again"), "{stderr}");
    }
}
