//! The firmware, out of captures.

use super::*;
use crate::recording::decode::operations;
use crate::recording::sample::{Form, Sample, f405, f405_in_the_middle, firmware};
use crate::recording::session::Recording;

fn extracted(sample: &Sample) -> Result<Extracted, ExtractError> {
    let recording = Recording::read(&sample.bytes[..]).expect("a recording");
    let device = &recording.devices[0];
    let identity = device.identity().expect("with DFU");
    extract(device, &identity, &operations(device, &identity))
}

fn elements(extracted: &Extracted) -> Vec<(u32, Vec<u8>)> {
    let Firmware::Placed(targets) = &extracted.firmware else {
        panic!("with addresses: {extracted:?}");
    };
    let [target] = &targets[..] else {
        panic!("one memory: {targets:?}");
    };
    let elements = target.elements.iter();
    elements
        .map(|element| (element.address, element.data.clone()))
        .collect()
}

#[test]
fn what_was_sent_is_found_whether_anybody_asked_what_the_device_is_or_not() {
    for sample in [
        f405(Form::Pcapng),
        f405(Form::UsbPcapOld),
        f405_in_the_middle(),
    ] {
        let extracted = extracted(&sample).expect("a firmware");
        assert_eq!(elements(&extracted), [(0x0800_0000, firmware())]);
        assert_eq!((extracted.is_sent, extracted.doubts), (true, Vec::new()));
    }
}

#[test]
fn a_block_that_failed_is_left_out_and_told() {
    let mut sample = Sample::new(Form::Pcapng);
    sample.status(0, 0, 2, 1);
    sample.does(0, &[0x21, 0, 0, 0, 8], 1);
    sample.does(2, &[1; 2048], 1);
    sample.download(3, &[2; 2048]);
    sample.status(6, 0, 10, 1);
    let extracted = extracted(&sample).expect("a firmware");
    assert_eq!(elements(&extracted), [(0x0800_0000, vec![1; 2048])]);
    let doubt = "One block was not written, or nobody asked whether it was.";
    assert_eq!(extracted.doubts, [doubt]);
}

#[test]
fn where_nothing_was_sent_it_is_what_was_read() {
    let mut sample = Sample::new(Form::Pcapng);
    sample.status(0, 0, 2, 1);
    sample.does(0, &[0x21, 0, 0, 1, 8], 1);
    sample.transfer([0x21, 6], 0, 0, &[], Ok(()), 1);
    sample.upload(2, 1024, &[7; 1024]);
    sample.upload(3, 1024, &[8; 10]);
    let found = extracted(&sample).expect("a firmware");
    let expected = [vec![7; 1024], vec![8; 10]].concat();
    assert_eq!(elements(&found), [(0x0801_0000, expected)]);
    assert!(!found.is_sent);
    let mut sample = Sample::new(Form::Pcapng);
    sample.status(0, 0, 2, 1);
    assert_eq!(extracted(&sample), Err(ExtractError::Nothing));
}

#[test]
fn without_dfuse_it_is_the_stream_of_the_last_download() {
    let mut sample = Sample::new(Form::Pcapng);
    sample.status(0, 0, 2, 1);
    sample.does(0, &[1; 512], 1);
    sample.does(1, &[1; 512], 1);
    sample.transfer([0x21, 6], 0, 0, &[], Ok(()), 1);
    sample.does(0, &[2; 512], 1);
    sample.does(1, &[2; 100], 1);
    let found = extracted(&sample).expect("a firmware");
    assert_eq!(found.firmware, Firmware::Stream(vec![2; 612]));
    let doubt = "The download was not ended, so that this may not be all of it.";
    assert_eq!(found.doubts, [doubt]);
    sample.download(2, &[]);
    sample.status(0, 0, 2, 1);
    let found = extracted(&sample).expect("a firmware");
    assert_eq!(found.doubts, [""; 0]);
}
