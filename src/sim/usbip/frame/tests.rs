//! Frames, byte for byte as the documentation has them.

use super::*;

/// Bytes from hexadecimal text, spaces between them meaning nothing.
fn bytes(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text
        .chars()
        .filter(|character| !character.is_whitespace())
        .map(|digit| digit.to_digit(16).expect("hexadecimal"))
        .collect();
    digits
        .chunks(2)
        .map(|pair| u8::try_from(pair[0] << 4 | pair[1]).expect("two digits"))
        .collect()
}

fn command(text: &str) -> Result<Command, FrameError> {
    Command::read(&mut &bytes(text)[..])
}

fn f405() -> ExportedDevice {
    ExportedDevice {
        bus_id: "1-1".to_owned(),
        bus: 1,
        device: 2,
        vendor_id: 0x0483,
        product_id: 0xDF11,
        device_release: 0x2200,
        configuration: 1,
        device_class: [0; 3],
        interface_classes: vec![[0xFE, 1, 2]],
    }
}

#[test]
fn a_request_for_the_list_is_eight_bytes() {
    assert_eq!(
        Operation::read(&mut &bytes("0111 8005 00000000")[..]).expect("good"),
        Operation::ListDevices
    );
}

#[test]
fn a_request_to_import_has_a_bus_id_closed_with_zeros() {
    let mut frame = bytes("0111 8003 00000000 332d32");
    frame.resize(40, 0);
    assert_eq!(
        Operation::read(&mut &frame[..]).expect("good"),
        Operation::Import {
            bus_id: b"3-2".to_vec()
        }
    );
}

/// Offsets as in the documentation's table of OP_REP_DEVLIST.
#[test]
fn the_list_has_each_device_with_its_interface() {
    let list = list_of_devices(&[f405()]);
    assert_eq!(list.len(), 0x148);
    assert_eq!(list[..0x0C], bytes("0111 0005 00000000 00000001"));
    assert_eq!(list[0x0C..0x17], *b"/stdfu/1-1\0");
    assert!(list[0x17..0x10C].iter().all(|byte| *byte == 0));
    assert_eq!(list[0x10C..0x110], *b"1-1\0");
    assert!(list[0x110..0x12C].iter().all(|byte| *byte == 0));
    assert_eq!(
        list[0x12C..],
        bytes(
            "00000001 00000002 00000002
             0483 df11 2200 00 00 00 01 01 01
             fe 01 02 00"
        )
    );
    assert_eq!(list_of_devices(&[f405(), f405()]).len(), 0x0C + 2 * 0x13C);
    assert_eq!(list_of_devices(&[]), bytes("0111 0005 00000000 00000000"));
}

/// Offsets as in the documentation's table of OP_REP_IMPORT.
#[test]
fn an_import_is_answered_with_the_device_or_with_status_1() {
    let reply = import_reply(Some(&f405()));
    assert_eq!(reply.len(), 0x140);
    assert_eq!(reply[..8], bytes("0111 0003 00000000"));
    assert_eq!(reply[8..0x13], *b"/stdfu/1-1\0");
    assert_eq!(reply[0x108..0x10C], *b"1-1\0");
    assert_eq!(
        reply[0x128..],
        bytes("00000001 00000002 00000002 0483 df11 2200 00 00 00 01 01 01")
    );
    assert_eq!(import_reply(None), bytes("0111 0003 00000001"));
}

/// The documentation's own capture of a keyboard, CmdIntrIN and CmdIntrOUT.
#[test]
fn the_captured_submits_of_the_documentation_are_read() {
    let Ok(Command::Submit(submit)) = command(
        "00000001 00000d05 0001000f 00000001 00000001 00000200 00000040 ffffffff
         00000000 00000004 00000000 00000000",
    ) else {
        panic!("CmdIntrIN is a submit");
    };
    assert_eq!(submit.sequence, 0xD05);
    assert_eq!(submit.device_id, 0x1_000F);
    assert_eq!(submit.endpoint, 1);
    assert_eq!((submit.length, submit.data.len()), (64, 0));
    let Ok(Command::Submit(submit)) = command(
        "00000001 00000d06 0001000f 00000000 00000001 00000000 00000040 ffffffff
         00000000 00000004 00000000 00000000
         ffffffff860008a784ce5ae2123763000000000000000000000000000000000000000000
         00000000000000000000000000000000000000000000000000000000",
    ) else {
        panic!("CmdIntrOUT is a submit");
    };
    assert_eq!(submit.sequence, 0xD06);
    assert_eq!(submit.data.len(), 64);
    assert_eq!(submit.data[..6], [0xFF, 0xFF, 0xFF, 0xFF, 0x86, 0x00]);
}

/// GETSTATUS of DFU, 6 bytes, with the number of packets that the documentation asks for.
#[test]
fn a_control_transfer_from_the_device_has_its_setup_packet() {
    assert_eq!(
        command(
            "00000001 00000007 00010002 00000001 00000000 00000200 00000006 00000000
             ffffffff 00000000 a103000000000600"
        )
        .expect("good"),
        Command::Submit(Submit {
            sequence: 7,
            device_id: 0x1_0002,
            to_host: true,
            endpoint: 0,
            setup: Setup {
                request: ControlRequest {
                    request_type: 0xA1,
                    request: 3,
                    value: 0,
                    index: 0,
                },
                length: 6,
            },
            length: 6,
            data: Vec::new(),
        })
    );
}

/// DNLOAD of DFU: SET_ADDRESS_POINTER to 0x08004000.
#[test]
fn a_control_transfer_to_the_device_brings_its_data() {
    let Ok(Command::Submit(submit)) = command(
        "00000001 00000008 00010002 00000000 00000000 00000000 00000005 00000000
         00000000 00000000 2101020000000500 2100400008",
    ) else {
        panic!("a submit");
    };
    assert_eq!(submit.setup.request.value, 2);
    assert_eq!(submit.data, [0x21, 0x00, 0x40, 0x00, 0x08]);
}

#[test]
fn an_unlink_names_the_transfer_that_is_meant() {
    assert_eq!(
        command(
            "00000002 00000009 00010002 00000000 00000000 00000008
             00000000 00000000 00000000 00000000 00000000 00000000"
        )
        .expect("good"),
        Command::Unlink(Unlink {
            sequence: 9,
            device_id: 0x1_0002,
            unlinked: 8,
        })
    );
}

#[test]
fn replies_are_48_bytes_and_what_was_received() {
    assert_eq!(
        submit_reply(7, &Outcome::Received(vec![0, 0, 0, 0, 2, 0])),
        bytes(
            "00000003 00000007 00000000 00000000 00000000 00000000 00000006 00000000
             00000000 00000000 00000000 00000000 000000000200"
        )
    );
    assert_eq!(
        submit_reply(8, &Outcome::Sent(5)),
        bytes(
            "00000003 00000008 00000000 00000000 00000000 00000000 00000005 00000000
             00000000 00000000 00000000 00000000"
        )
    );
    // −32 is 0xffffffe0.
    assert_eq!(
        submit_reply(9, &Outcome::Stalled),
        bytes(
            "00000003 00000009 00000000 00000000 00000000 ffffffe0 00000000 00000000
             00000000 00000000 00000000 00000000"
        )
    );
    // −104 is 0xffffff98.
    assert_eq!(
        unlink_reply(10, true),
        bytes(
            "00000004 0000000a 00000000 00000000 00000000 ffffff98 00000000 00000000
             00000000 00000000 00000000 00000000"
        )
    );
    assert_eq!(
        unlink_reply(10, false),
        bytes(
            "00000004 0000000a 00000000 00000000 00000000 00000000 00000000 00000000
             00000000 00000000 00000000 00000000"
        )
    );
}

#[test]
fn nonsense_is_refused_before_anything_is_allocated() {
    let check = |text: &str, expected: &str| {
        let error = command(text).expect_err("nonsense");
        assert_eq!(error.to_string(), expected);
    };
    let rest = "00000000 00000000";
    check(
        &format!(
            "00000005 00000001 00010002 00000000 00000000 00000000 00000000 00000000 {rest} {rest}"
        ),
        "unknown request 0x5",
    );
    check(
        &format!(
            "00000001 00000001 00010002 00000000 00000000 00000000 7fffffff 00000000 {rest} {rest}"
        ),
        "a transfer of 2147483647 bytes",
    );
    check(
        &format!(
            "00000001 00000001 00010002 00000001 00000000 00000000 ffffffff 00000000 {rest} {rest}"
        ),
        "a transfer of 4294967295 bytes",
    );
    check(
        &format!(
            "00000001 00000001 00010002 00000001 00000001 00000000 00000000 00000000 00000400 00000000 {rest}"
        ),
        "an isochronous transfer",
    );
    // GETSTATUS as if it went to the device; a DNLOAD of 5 bytes that come as 4; data without wLength.
    for contradiction in [
        "00000000 00000000 00000000 00000006 00000000 00000000 00000000 a103000000000600",
        "00000000 00000000 00000000 00000004 00000000 00000000 00000000 2101000000000500",
        "00000000 00000000 00000000 00000004 00000000 00000000 00000000 2101000000000000",
    ] {
        check(
            &format!("00000001 00000001 00010002 {contradiction}"),
            "the setup packet contradicts the frame",
        );
    }
    assert!(matches!(
        Operation::read(&mut &bytes("0111 8004 00000000")[..]),
        Err(FrameError::Unknown { code: 0x8004 })
    ));
}

#[test]
fn a_frame_cut_short_anywhere_is_an_error() {
    let submit = bytes(
        "00000001 00000008 00010002 00000000 00000000 00000000 00000005 00000000
         00000000 00000000 2101020000000500 2100400008",
    );
    for length in 0..submit.len() {
        assert!(matches!(
            Command::read(&mut &submit[..length]),
            Err(FrameError::Io(_))
        ));
    }
    let mut import = bytes("0111 8003 00000000 332d32");
    import.resize(40, 0);
    for length in 0..import.len() {
        assert!(matches!(
            Operation::read(&mut &import[..length]),
            Err(FrameError::Io(_))
        ));
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_reading_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let _ = Operation::read(&mut &bytes[..]);
        let _ = Command::read(&mut &bytes[..]);
    }

    #[test]
    fn no_header_of_a_known_command_makes_reading_panic(
        command in 1u8..3,
        rest in proptest::collection::vec(proptest::num::u8::ANY, 44..120),
    ) {
        let mut bytes = vec![0, 0, 0, command];
        bytes.extend(rest);
        let _ = Command::read(&mut &bytes[..]);
    }
}
