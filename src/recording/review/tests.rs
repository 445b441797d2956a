//! What is not as specified, found in captures.

use super::*;
use crate::recording::decode::operations;
use crate::recording::sample::{Form, Sample, f405, f405_in_the_middle};
use crate::recording::session::Recording;
use crate::usb::UsbError;

/// What is said of both sides, a line each.
fn said(sample: &Sample) -> Vec<String> {
    let recording = Recording::read(&sample.bytes[..]).expect("a recording");
    let device = &recording.devices[0];
    let identity = device.identity().expect("with DFU");
    let operations = operations(device, &identity);
    let findings = findings(device, &identity, &operations);
    let line = |finding: &Finding| {
        let party = finding.deviation.party();
        format!("{party:?} {}, {}", finding.deviation, finding.times)
    };
    findings.iter().map(line).collect()
}

/// After the beginning of a session with DfuSe.
#[track_caller]
fn check(work: impl FnOnce(&mut Sample), expected: &[&str]) {
    let mut sample = Sample::new(Form::Pcapng);
    sample.status(0, 0, 2, 1);
    sample.does(0, &[0x21, 0, 0, 0, 8], 1);
    work(&mut sample);
    assert_eq!(said(&sample), expected);
}

#[test]
fn a_usual_session_is_as_specified() {
    assert_eq!(said(&f405(Form::Pcapng)), [""; 0]);
    assert_eq!(said(&f405_in_the_middle()), [""; 0]);
}

#[test]
fn a_host_that_does_not_wait_is_told_with_the_worst_case() {
    check(
        |sample| {
            for wait in [40, 20, 99] {
                sample.download(0, &[0x41, 0, 0, 0, 8]);
                sample.status(0, 100, 4, 1);
                sample.wait(wait);
                sample.status(0, 0, 5, 1);
            }
        },
        &["Host asks again after 20 ms, where the device said 100 ms, 2"],
    );
}

#[test]
fn clearing_a_status_where_there_is_no_error_is_the_host_s_fault_and_taking_it_the_device_s() {
    check(
        |sample| sample.transfer([0x21, 4], 0, 0, &[], Ok(()), 1),
        &[
            "Host sends CLRSTATUS in dfuDNLOAD-IDLE, where it is not allowed, 1",
            "Device takes CLRSTATUS in dfuDNLOAD-IDLE, where it is not allowed, 1",
        ],
    );
    let refused = || Err(UsbError::Stall);
    check(
        |sample| sample.transfer([0x21, 4], 0, 0, &[], refused(), 1),
        &["Host sends CLRSTATUS in dfuDNLOAD-IDLE, where it is not allowed, 1"],
    );
    check(
        |sample| sample.transfer([0x21, 6], 0, 0, &[], refused(), 1),
        &["Device refuses ABORT in dfuDNLOAD-IDLE, where it is allowed, 1"],
    );
}

#[test]
fn states_that_do_not_follow_and_statuses_that_do_not_fit_are_told() {
    check(
        |sample| {
            sample.status(0, 0, 9, 1);
            sample.status(3, 0, 9, 1);
            sample.status(0, 0, 10, 1);
            sample.status(0x42, 0, 42, 1);
        },
        &[
            "Device says dfuUPLOAD-IDLE, which does not follow dfuDNLOAD-IDLE, 1",
            "Device says errWRITE in dfuUPLOAD-IDLE, and not in dfuERROR, 1",
            "Device says dfuERROR with the status OK, 1",
            "Device says unknown state 42, unknown status 0x42, 1",
        ],
    );
}

#[test]
fn a_device_that_takes_longer_than_it_says_or_answers_late_is_told() {
    check(
        |sample| {
            sample.download(0, &[0x41]);
            sample.status(0, 100, 4, 1);
            for _ in 0..8 {
                sample.wait(1000);
                sample.status(0, 100, 4, 1);
            }
            sample.wait(100);
            sample.status(0, 0, 5, 1);
            sample.download(0, &[0x41, 0, 0, 0, 8]);
            sample.status(0, 0, 4, 900);
            sample.status(0, 0, 5, 1);
        },
        &[
            "Device is busy with a mass erase for 8111 ms, and said 100 ms, 1",
            "Device says bwPollTimeout 0 while it is busy, 1",
            "Device answers the GETSTATUS of an erase only after 900 ms, 1",
        ],
    );
}

#[test]
fn blocks_that_are_too_long_or_leave_open_where_the_next_belongs_are_told() {
    check(
        |sample| {
            sample.does(1, &[0; 16], 1);
            sample.does(2, &[0; 2048], 1);
            sample.does(3, &[0; 100], 1);
            sample.does(4, &[0; 2048], 1);
        },
        &[
            "Host uses block 1, which is reserved, 1",
            "Host sends a block of 16 bytes and then the next one, with full blocks of 2048 bytes and no new address, 2",
        ],
    );
}

#[test]
fn what_reads_otherwise_than_it_was_written_and_an_erase_that_did_nothing_are_told() {
    check(
        |sample| {
            sample.does(2, &[1, 2, 3, 4], 1);
            sample.transfer([0x21, 6], 0, 0, &[], Ok(()), 1);
            sample.upload(2, 4, &[1, 2, 7, 4]);
            sample.transfer([0x21, 6], 0, 0, &[], Ok(()), 1);
        },
        &["Device gives back another byte than was written, first at 0x08000002, 1"],
    );
    let mut sample = f405(Form::Pcapng);
    sample.does(0, &[0x41], 1);
    sample.does(0, &[0x21, 0, 0, 0, 8], 1);
    sample.transfer([0x21, 6], 0, 0, &[], Ok(()), 1);
    sample.upload(2, 4, &[0xFF, 0xFF, 2, 3]);
    let found = said(&sample);
    let expected = "Device reports an erase as done, and is not blank at 0x08000002, 1";
    assert!(found.iter().any(|line| line == expected), "{found:#?}");
}
