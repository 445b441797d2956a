//! Boards beside themselves, and beside others.

use std::sync::Arc;

use super::*;
use crate::recording::compare::{Comparison, compare};
use crate::sim::SimBus;
use crate::sim::board::BOARDS;

/// A board that is asked for its status, erased, written, read and told to leave, as a recording of it.
fn session(spec: &str) -> RecordedDevice {
    let bus = SimBus::new(&[spec.parse().expect("a board")]).expect("nothing but memory");
    let info = bus.devices().expect("a simulated bus").remove(0);
    let transport = bus.open(&info).expect("nobody has it");
    let begun = transport.now();
    let mut host = Host {
        transport,
        begun,
        info: &info,
        device: RecordedDevice::new((1, 2)),
        state: None,
        recorded_in_error: false,
    };
    host.transport.claim().expect("nobody has it");
    host.get_to_know();
    host.get_status();
    if host.is_in_error() {
        host.send(host.class(DfuRequest::ClrStatus), 0, &[]);
        host.get_status();
    }
    let identity = host.device.identity().expect("with DFU");
    let block = u16::min(identity.transfer_size, 256);
    let download = |host: &mut Host<'_>, value: u16, data: &[u8]| {
        let request = ControlRequest {
            value,
            ..host.class(DfuRequest::Dnload)
        };
        host.send(request, data.len() as u16, data);
        host.wait_until_done();
    };
    let start = match identity.layout(0) {
        Some(layout) => layout.sectors().find(|sector| sector.access.writable),
        None => None,
    };
    if let Some(sector) = start {
        let address = sector.address.to_le_bytes();
        download(&mut host, 0, &[&[0x41], &address[..]].concat());
        download(&mut host, 0, &[&[0x21], &address[..]].concat());
        download(&mut host, 2, &vec![0x5A; block.into()]);
    } else {
        download(&mut host, 0, &vec![0x5A; block.into()]);
    }
    // Not allowed here: what a board does then is its own.
    host.send(host.class(DfuRequest::Abort), 0, &[]);
    host.send(host.class(DfuRequest::Upload), block, &[]);
    host.device
}

fn comparison(device: &RecordedDevice, spec: &str) -> Comparison {
    let bus = SimBus::new(&[spec.parse().expect("a board")]).expect("nothing but memory");
    let bus: Arc<dyn Bus> = Arc::new(bus);
    let info = bus.devices().expect("a simulated bus").remove(0);
    let identity = device.identity().expect("with DFU");
    let operations = operations(device, &identity);
    let other = rerun(bus.as_ref(), &info, device, &operations);
    let other = other.expect("it can be opened").expect("with DFU");
    compare(&identity, &operations, &other)
}

#[test]
fn no_board_differs_from_itself() {
    let mut count = 0;
    for board in BOARDS.iter() {
        // It speaks FLIP.
        if board.name == "atmega32u4" {
            continue;
        }
        let spec = format!("{},timing=real", board.name);
        let comparison = comparison(&session(&spec), &spec);
        assert_eq!(comparison.differences, [], "{spec}");
        count += comparison.times.len();
        for times in &comparison.times {
            assert!(!times.differ(), "{spec}: {times:?}");
        }
    }
    assert!(count >= 60, "{count}");
}

#[test]
fn what_another_board_does_otherwise_is_told() {
    let device = session("f746,timing=real,quirk=clear-status=stall,quirk=transfer-size=512");
    let comparison = comparison(&device, "f405,timing=real");
    let lines: Vec<String> = comparison
        .differences
        .iter()
        .map(|found| format!("{}: {}; {}", found.about, found.recorded, found.other))
        .collect();
    assert_eq!(
        lines,
        [
            "wTransferSize: 512; 2048",
            "memories: 3; 4",
            "memory 0: @Internal Flash  /0x08000000/04*032Kg,01*128Kg,03*256Kg; \
             @Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg",
            "memory 1: @Option Bytes  /0x1FFF0000/01*032 e; @Option Bytes  /0x1FFFC000/01*016 e",
            "memory 2: @OTP Memory /0x1FF0F000/01*1024 e; @OTP Memory /0x1FFF7800/01*512 e,01*016 e",
        ]
    );
}

#[test]
fn a_quirk_that_a_board_lacks_is_told_by_its_answer() {
    let slow = comparison(&session("h743,timing=real"), "h743,timing=none");
    let far: Vec<&str> = slow
        .times
        .iter()
        .filter(|times| times.differ())
        .map(|times| times.about.as_str())
        .collect();
    assert_eq!(far, ["erase of 131072 bytes"]);
    let refused = comparison(
        &session("f405,timing=real,quirk=read-protected"),
        "f405,timing=real",
    );
    let first = &refused.differences[0];
    assert_eq!(
        (
            first.about.as_str(),
            first.recorded.as_str(),
            first.other.as_str()
        ),
        ("erase of 16384 bytes", "dfuERROR, errVENDOR", "done")
    );
}
