//! What a host did, out of captures in every form.

use super::*;
use crate::recording::runs::runs;
use crate::recording::sample::{FORMS, Form, Sample, f405};
use crate::recording::session::Recording;

/// Of the only device in a capture.
fn decoded(sample: &Sample) -> Vec<Operation> {
    let recording = Recording::read(&sample.bytes[..]).expect("a recording");
    let [device] = &recording.devices[..] else {
        panic!("one device: {recording:?}");
    };
    operations(device, &device.identity().expect("with DFU"))
}

fn whats(operations: &[Operation]) -> Vec<(&What, &End)> {
    let each = operations.iter();
    each.map(|operation| (&operation.what, &operation.end))
        .collect()
}

#[test]
fn a_session_is_the_same_in_every_form_of_capture() {
    let expected = decoded(&f405(Form::Pcapng));
    for form in FORMS {
        assert_eq!(decoded(&f405(form)), expected, "{form:?}");
    }
    let block = |position, length, number| Block {
        number,
        memory: 0,
        position: Some(position),
        length,
    };
    let report = |status, state| StatusReport {
        status,
        poll_timeout: 0,
        state,
        string_index: 0,
    };
    let first = block(0x0800_0000, 2048, 2);
    let second = block(0x0800_0800, 952, 3);
    let at_error = report(DfuStatus::ErrFirmware, DfuState::DfuError);
    let at_idle = report(DfuStatus::Ok, DfuState::DfuIdle);
    let leaving = report(DfuStatus::Ok, DfuState::DfuManifest);
    let done = &End::Done;
    assert_eq!(
        whats(&expected),
        [
            (&What::Identify, done),
            (&What::Status(Some(at_error)), done),
            (&What::ClearStatus, done),
            (&What::Status(Some(at_idle)), done),
            (&What::Erase(0x0800_0000), done),
            (&What::SetAddress(0x0800_0000), done),
            (&What::Write(first), done),
            (&What::Write(second), done),
            (&What::SetAddress(0x0800_0000), done),
            (&What::Abort, done),
            (&What::Read(first), done),
            (&What::Read(second), done),
            (&What::Abort, done),
            (&What::End, &End::Left(Some(leaving))),
        ]
    );
    let erase = &expected[4];
    assert_eq!(erase.took, Duration::from_millis(1 + 1 + 250 + 1));
    assert_eq!((erase.polls.count, erase.polls.said), (2, Some(250)));
    let recording = Recording::read(&f405(Form::Pcapng).bytes[..]).expect("a recording");
    let identity = recording.devices[0].identity().expect("with DFU");
    assert_eq!(identity.chip, Some("STM32F405/407/415/417"));
    let phases: Vec<_> = runs(&expected, &identity)
        .iter()
        .map(|run| run.operations.clone())
        .collect();
    assert_eq!(
        phases,
        [0..1, 1..4, 4..5, 5..6, 6..8, 8..10, 10..12, 12..13, 13..14]
    );
}
