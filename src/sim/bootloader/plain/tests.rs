//! The state machine of DFU 1.1 appendix A, in the bytes of the specification.

use std::time::Duration;

use super::super::super::diary::*;
use super::super::super::transfer::Answer;

const MANIFEST_SYNC: u8 = 6;
const MANIFEST_WAIT_RESET: u8 = 8;
/// As the specification has it: a board without any quirk that is manifestation tolerant.
const TOLERANT: &str = "ubertooth";

/// A download of blocks of 256 bytes, 0, 1, …, with a GETSTATUS until each is there.
fn fills(host: &mut Host, blocks: &[&[u8]]) {
    for (number, data) in (0..).zip(blocks) {
        assert_eq!(host.does(number, data), DONE);
    }
}

#[test]
fn a_download_goes_from_dfuidle_back_to_dfuidle() {
    let mut host = Host::sees(TOLERANT);
    assert_eq!(host.whole_status(), [0, 0, 0, 0, 2, 0]);
    assert_eq!(host.sends(0x21, 1, 0, &[0xA1; 256]), Answer::Acknowledged);
    assert_eq!(host.get_state(), Answer::Data(vec![3]));
    assert_eq!(host.whole_status(), [0, 0, 0, 0, 4, 0]);
    assert_eq!(host.whole_status(), [0, 0, 0, 0, 5, 0]);
    // Asking again changes nothing.
    assert_eq!(host.whole_status(), [0, 0, 0, 0, 5, 0]);
    assert_eq!(host.does(1, &[0xB2; 100]), DONE);
    assert_eq!(host.sends(0x21, 1, 2, &[]), Answer::Acknowledged);
    assert_eq!(host.get_state(), Answer::Data(vec![6]));
    assert_eq!(host.whole_status(), [0, 0, 0, 0, 7, 0]);
    assert_eq!(host.whole_status(), [0, 0, 0, 0, 2, 0]);
    let flash = host.device.main_flash();
    assert_eq!(flash[..256], [0xA1; 256]);
    assert_eq!(flash[256..356], [0xB2; 100]);
    assert_eq!(flash[356..], [0xFF; (496 << 10) - 356]);
}

#[test]
fn a_device_that_is_not_tolerant_waits_for_its_reset() {
    let mut host = Host::sees("jabra,quirk=none");
    assert_eq!(host.does(0, &[1; 64]), DONE);
    host.downloads(1, &[]);
    assert_eq!(host.get_status(), (0, 0, MANIFEST));
    assert_eq!(host.get_status(), (0, 0, MANIFEST_WAIT_RESET));
    assert_eq!(host.get_status(), (0, 0, MANIFEST_WAIT_RESET));
    assert!(host.device.reset(host.now));
    assert_eq!(host.asks(0xA1, 3, 0, 6), Answer::Gone);
}

#[test]
fn an_upload_ends_with_a_short_block() {
    let mut host = Host::sees(TOLERANT);
    fills(&mut host, &[&[7; 256], &[8; 256]]);
    host.aborts();
    assert_eq!(host.uploads(0, 256), Answer::Data(vec![7; 256]));
    assert_eq!(host.get_status(), (0, 0, UPLOAD_IDLE));
    assert_eq!(host.uploads(1, 256), Answer::Data(vec![8; 256]));
    for number in 2..(496 << 2) {
        assert_eq!(host.uploads(number, 256), Answer::Data(vec![0xFF; 256]));
    }
    assert_eq!(host.uploads(496 << 2, 256), Answer::Data(Vec::new()));
    assert_eq!(host.get_status(), (0, 0, IDLE));
}

#[test]
fn what_a_state_does_not_allow_is_refused_with_errstalledpkt() {
    // In dfuIDLE: a DNLOAD of nothing, CLRSTATUS, DETACH, a request there is not.
    for (request, length) in [(1, 0), (4, 0), (0, 0), (7, 0)] {
        let mut host = Host::sees(TOLERANT);
        let answer = host.control(0x21, request, 0, length, &[]);
        assert_eq!(answer, Answer::Stall, "{request}");
        host.is_told(ERR_STALLED_PKT);
    }
    let mut host = Host::sees(TOLERANT);
    // In dfuDNLOAD-IDLE: UPLOAD.
    fills(&mut host, &[&[1; 8]]);
    assert_eq!(host.uploads(0, 8), Answer::Stall);
    host.is_told(ERR_STALLED_PKT);
    // In dfuUPLOAD-IDLE: DNLOAD. In dfuERROR: everything but GETSTATUS, GETSTATE and CLRSTATUS.
    host.uploads(0, 8);
    assert_eq!(host.downloads(0, &[1]), Answer::Stall);
    assert_eq!(host.downloads(0, &[1]), Answer::Stall);
    assert_eq!(host.aborts(), Answer::Stall);
    assert_eq!(host.get_state(), Answer::Data(vec![10]));
    host.is_told(ERR_STALLED_PKT);
    // Too long a block.
    assert_eq!(host.downloads(0, &[1; 257]), Answer::Stall);
    host.is_told(ERR_STALLED_PKT);
    // One that can't upload.
    let mut host = Host::sees("jabra");
    assert_eq!(host.uploads(0, 8), Answer::Stall);
    host.is_told(ERR_STALLED_PKT);
}

#[test]
fn an_abort_ends_a_download_and_the_next_one_begins_at_the_start() {
    let mut host = Host::sees(TOLERANT);
    fills(&mut host, &[&[1; 4], &[2; 4]]);
    host.downloads(2, &[3; 4]);
    assert_eq!(host.aborts(), Answer::Acknowledged);
    assert_eq!(host.get_status(), (0, 0, IDLE));
    fills(&mut host, &[&[4; 4]]);
    assert_eq!(
        host.device.main_flash()[..12],
        [4, 4, 4, 4, 2, 2, 2, 2, 0xFF, 0xFF, 0xFF, 0xFF]
    );
}

#[test]
fn block_numbers_wrap_after_65535() {
    let mut host = Host::sees("uboot");
    host.device.put_main_flash(&vec![0xFF; 4 << 20]);
    host.sends(0x01, 11, 2, &[]);
    for number in 0..=u16::MAX {
        host.downloads(number, &[number.to_le_bytes()[1]]);
        assert_eq!(host.get_status().2, DOWNLOAD_IDLE);
    }
    host.downloads(0, &[0x77]);
    assert_eq!(host.get_status(), (0, 0, DOWNLOAD_IDLE));
    host.downloads(1, &[]);
    assert_eq!(host.get_status(), (0, 300, MANIFEST));
    assert_eq!(host.get_status(), (0, 0, IDLE));
    let rootfs = &host.device.main_flash()[2 << 20..];
    assert_eq!(
        (rootfs[0], rootfs[0x100], rootfs[0xFFFF], rootfs[0x1_0000]),
        (0, 1, 0xFF, 0x77)
    );
}

#[test]
fn a_block_takes_its_time_and_says_so() {
    let mut host = Host::sees("dapboot,timing=real");
    host.downloads(0, &[0, 0x10, 0, 0x20]);
    assert_eq!(host.get_status(), (0, 100, BUSY));
    host.now += Duration::from_millis(60);
    let (status, poll_timeout, state) = host.get_status();
    assert_eq!((status, state), (0, BUSY));
    assert!((1..=40).contains(&poll_timeout), "{poll_timeout}");
    host.now += Duration::from_millis(40);
    assert_eq!(host.get_status(), (0, 0, DOWNLOAD_IDLE));
}

#[test]
fn a_download_larger_than_the_memory_is_erraddress_at_the_block_that_does_not_fit() {
    let mut host = Host::sees("dapboot");
    for number in 0..56 {
        assert_eq!(host.does(number, &[1; 1024]), DONE);
    }
    assert_eq!(host.does(56, &[1]), (8, ERROR));
    host.is_told(8);
}

#[test]
fn faults_meet_plain_boards_as_others() {
    let mut host = Host::sees("ubertooth,fault=errPROG@2");
    assert_eq!(host.downloads(0, &[1; 4]), Answer::Acknowledged);
    host.is_told(ERR_PROG);
    let mut host = Host::sees("ubertooth,fault=power-cut@2");
    host.downloads(0, &[1; 4]);
    assert_eq!(host.asks(0xA1, 3, 0, 6), Answer::Gone);
    assert_eq!(host.device.main_flash()[..4], [1, 1, 0xFF, 0xFF]);
    host.now += Duration::from_secs(1);
    host.plugs_in_again();
    assert_eq!(host.get_status(), (0, 0, IDLE));
    let mut host = Host::sees("ubertooth,fault=flip@3");
    host.downloads(0, &[0; 4]);
    host.get_status();
    host.get_status();
    assert_eq!(host.device.main_flash()[..4], [1, 0, 0, 0]);
}

#[test]
fn manifest_sync_is_left_by_abort() {
    let mut host = Host::sees("simtrace");
    host.does_whatever_it_says(0, &[1; 4]);
    host.downloads(1, &[]);
    assert_eq!(host.get_status(), (0, 0xFF_FFFF, MANIFEST_SYNC));
    assert_eq!(host.aborts(), Answer::Acknowledged);
    assert_eq!(host.get_state(), Answer::Data(vec![IDLE]));
}
