//! Leaving DFU mode from dfuIDLE.

use super::*;
use crate::dfu::link::script::Answer::{Bytes, Fails, Leaves};
use crate::dfu::link::script::{ACK, DNLOAD_IDLE, STALL};
use crate::usb::{Occupant, UsbError};

/// DETACH, with a second.
const DETACH: &str = "21 00 03e8 0001 > []\n";

const APPLICATION: Occupant = Occupant {
    ids: (0x0456, 0xB673),
    mode: None,
};

fn detaching() -> Options {
    Options {
        will_detach: true,
        ..TOLERANT
    }
}

#[test]
fn a_device_is_asked_to_detach_and_reset_and_its_refusal_to_detach_is_fine() {
    for answer in [ACK, STALL, Fails(UsbError::Timeout)] {
        let mut device = script([answer]);
        device.minds_reset = true;
        device.afterwards = [None, None, Some(APPLICATION)].into();
        let played = play(device, TOLERANT, Plan::Leave).well();
        assert_eq!(played.requests(), format!("{DETACH}reset\n"));
        assert_eq!(
            (played.tally.left, played.tally.started_as),
            (Some(true), Some(APPLICATION.ids))
        );
        assert_eq!(played.told, ["Leave None"]);
    }
}

#[test]
fn a_device_that_goes_by_itself_gets_no_reset() {
    let mut device = script([ACK]);
    device.stays_for = Some(20);
    device.afterwards = [Some(APPLICATION)].into();
    let played = play(device, detaching(), Plan::Leave).well();
    assert_eq!(played.requests(), DETACH);
    // U-Boot goes by the DETACH, whatever it says of itself.
    let device = script([Leaves(UsbError::NoDevice)]);
    let played = play(device, TOLERANT, Plan::Leave).well();
    assert_eq!(played.requests(), DETACH);
    assert_eq!(
        (played.tally.left, played.tally.started_as),
        (Some(true), None)
    );
}

#[test]
fn a_device_that_only_says_it_would_go_is_reset_after_all() {
    let mut device = script([ACK]);
    device.minds_reset = true;
    let played = play(device, detaching(), Plan::Leave).well();
    assert_eq!(played.requests(), format!("{DETACH}reset\n"));
    let departure = std::time::Duration::from_secs(5);
    assert!(played.taken >= departure, "{:?}", played.taken);
}

#[test]
fn a_device_that_stays_is_an_error_where_leaving_is_all_that_was_wanted() {
    let played = play(script([ACK]), TOLERANT, Plan::Leave);
    let played = played.badly("starting the application: the board is still in DFU mode");
    assert_eq!(played.requests(), format!("{DETACH}reset\n"));
    assert_eq!(played.tally.left, Some(false));
    // TinyUSB comes back as what it was, and has restarted.
    let mut device = script([ACK]);
    device.minds_reset = true;
    device.afterwards = [None, Some(Script::IN_DFU_MODE)].into();
    let played = play(device, TOLERANT, Plan::Leave).well();
    assert_eq!(played.tally.left, Some(false));
}

#[test]
fn a_second_stage_with_other_ids_is_another_shape_though_it_is_in_dfu_mode() {
    let second = Occupant {
        ids: (0x0451, 0xD022),
        ..Script::IN_DFU_MODE
    };
    let mut device = script([ACK]);
    device.minds_reset = true;
    device.afterwards = [Some(second)].into();
    let played = play(device, TOLERANT, Plan::Leave).well();
    assert_eq!(played.tally.started_as, Some(second.ids));
}

#[test]
fn a_device_that_stays_after_a_flash_is_told_and_no_error() {
    let plan = Plan::Download(Download {
        leave: Leave::Yes,
        read_back: ReadBack::Wanted,
        ..DOWNLOAD
    });
    let answers = [
        ACK,
        DNLOAD_IDLE,
        ACK,
        DNLOAD_IDLE,
        ACK,
        IDLE,
        Bytes(&[1, 2, 3, 4]),
        Bytes(&[5, 6, 0, 0]),
        // The upload was not read to its end.
        ACK,
        STALL,
    ];
    let played = play(script(answers), TOLERANT, plan).well();
    assert!(
        played
            .requests()
            .ends_with(&format!("21 06 0000 0001 > []\n{DETACH}reset\n"))
    );
    assert_eq!(
        (played.tally.left, played.tally.verified_bytes),
        (Some(false), 6)
    );
    assert!(played.tally.complete);
}
