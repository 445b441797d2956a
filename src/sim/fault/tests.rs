//! A diary for each kind of fault.

use std::time::Duration;

use super::super::diary::*;
use super::super::spec::BoardSpec;
use super::super::transfer::Answer;
use super::*;

#[test]
fn a_fault_that_does_not_exist_is_told_with_those_that_do() {
    for text in ["unplug", "unplug@", "unplug@0", "unplug@-1", "unplugged@1"] {
        let error = text.parse::<Fault>().expect_err("must be refused");
        assert_eq!(
            error.to_string(),
            format!(
                "there is no fault {text:?}; a fault is KIND@N, N from 1, and KIND one of stall, lost-request, \
                 lost-answer, corrupt, short, error, unplug, power-cut, flip, errTARGET, errWRITE and so on"
            )
        );
    }
}

#[test]
fn every_fault_has_a_name_of_its_own_and_a_line_of_description() {
    for (index, fault) in FAULTS.iter().enumerate() {
        assert!(FAULTS[..index].iter().all(|other| other.name != fault.name));
        assert!(!fault.description.is_empty(), "{}", fault.name);
    }
}

#[test]
fn a_board_is_unplugged_at_the_request_that_was_named_and_stays_away() {
    // Two requests of the host's own begin the diary: GETSTATUS and CLRSTATUS.
    let mut host = Host::meets("f405,fault=unplug@5");
    assert_eq!(host.get_status(), (0, 0, IDLE));
    // SET_INTERFACE is counted, and so is GET_DESCRIPTOR, which will not be answered.
    assert_eq!(host.sends(0x01, 11, 0, &[]), Answer::Acknowledged);
    assert_eq!(host.asks(0x80, 6, 0x0100, 18), Answer::Gone);
    assert_eq!(host.asks(0xA1, 3, 0, 6), Answer::Gone);
    assert_eq!(host.asks(0xA1, 3, 0, 6), Answer::Gone);
    assert!(!host.device.is_present());
    // Plugging it in is not pulling it out again.
    host.plugs_in_again();
    assert_eq!(host.get_status(), (0, 0, IDLE));
}

const ERASE: [u8; 5] = [0x41, 0x00, 0x00, 0x00, 0x08];
/// Host::meets asks twice: GETSTATUS and CLRSTATUS.
const FIRST: u32 = 3;

fn meets(kind: &str, request: u32) -> Host {
    Host::meets(&format!("f405,fault={kind}@{request}"))
}

#[test]
fn a_stall_is_met_once_and_changes_no_state() {
    let mut host = meets("stall", FIRST + 1);
    assert_eq!(host.downloads(0, &ERASE), Answer::Acknowledged);
    assert_eq!(host.asks(0xA1, 3, 0, 6), Answer::Stall);
    assert_eq!(host.get_status(), (0, 0, BUSY));
    assert_eq!(host.get_status(), (0, 0, DOWNLOAD_IDLE));
}

#[test]
fn a_lost_request_was_never_seen() {
    let mut host = meets("lost-request", FIRST);
    assert_eq!(host.downloads(0, &ERASE), Answer::Silent);
    assert_eq!(host.get_status(), (0, 0, IDLE));
}

#[test]
fn a_lost_answer_was_to_a_request_that_is_carried_out() {
    let mut host = meets("lost-answer", FIRST);
    assert_eq!(host.downloads(0, &ERASE), Answer::Silent);
    assert_eq!(host.get_status(), (0, 0, BUSY));
}

#[test]
fn a_lost_answer_to_a_leave_is_a_leave() {
    let mut host = meets("lost-answer", FIRST + 1);
    assert_eq!(host.downloads(0, &[]), Answer::Acknowledged);
    assert_eq!(host.asks(0xA1, 3, 0, 6), Answer::Silent);
    assert_eq!(host.asks(0xA1, 3, 0, 6), Answer::Gone);
}

#[test]
fn a_corrupt_answer_has_a_wrong_bit_in_its_last_byte_but_one() {
    let mut host = meets("corrupt", FIRST);
    // dfuIDLE is told as dfuDNLOAD-SYNC.
    assert_eq!(host.whole_status(), [0, 0, 0, 0, 3, 0]);
    assert_eq!(host.whole_status(), [0, 0, 0, 0, IDLE, 0]);
    let mut host = meets("corrupt", FIRST);
    assert_eq!(
        host.uploads(2, 4),
        Answer::Data(vec![0xFF, 0xFF, 0xFE, 0xFF])
    );
    let mut host = meets("corrupt", FIRST);
    assert_eq!(host.get_state(), Answer::Data(vec![3]));
    // Nothing to corrupt.
    let mut host = meets("corrupt", FIRST);
    assert_eq!(host.downloads(0, &ERASE), Answer::Acknowledged);
}

#[test]
fn a_short_answer_lacks_its_second_half() {
    let mut host = meets("short", FIRST);
    assert_eq!(host.whole_status(), [0, 0, 0]);
    let mut host = meets("short", FIRST);
    assert_eq!(host.uploads(2, 4), Answer::Data(vec![0xFF; 2]));
    // The board has sent all of it.
    assert_eq!(host.get_status(), (0, 0, 9));
}

#[test]
fn an_error_puts_the_board_into_dfuerror_with_the_status_that_was_named() {
    for (kind, status) in [
        ("error", ERR_UNKNOWN),
        ("errTARGET", ERR_TARGET),
        ("errPROG", ERR_PROG),
        ("errSTALLEDPKT", ERR_STALLED_PKT),
    ] {
        let mut host = meets(kind, FIRST + 1);
        assert_eq!(host.downloads(2, &[0; 4]), Answer::Acknowledged);
        // The GETSTATUS that would have begun the write.
        host.is_told(status);
        assert_eq!(host.uploads(2, 4), Answer::Data(vec![0xFF; 4]), "{kind}");
        let mut host = meets(kind, FIRST);
        assert_eq!(host.downloads(2, &[0; 4]), Answer::Stall);
        host.is_told(status);
    }
}

#[test]
fn a_power_cut_as_the_work_begins_leaves_half_a_block_written() {
    // SET_ADDRESS is three requests, and DNLOAD one.
    let mut host = meets("power-cut", FIRST + 4);
    host.points_at(0x0800_0000);
    assert_eq!(host.downloads(2, &[0x11; 8]), Answer::Acknowledged);
    assert_eq!(host.asks(0xA1, 3, 0, 6), Answer::Gone);
    assert!(!host.device.is_present());
    // The power is off for a second.
    assert!(!host.device.plug_in(host.now));
    host.now += Duration::from_secs(1);
    host.plugs_in_again();
    let expected = [[0x11; 4], [0xFF; 4]].concat();
    assert_eq!(host.reads(0x0800_0000, 8), Answer::Data(expected));
}

#[test]
fn a_power_cut_as_an_erase_begins_leaves_half_a_sector_erased() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let file = folder.path().join("f405.bin");
    let check = |command: &[u8], erased: usize| {
        std::fs::write(&file, vec![0xA5; 1 << 20]).expect("a file");
        let mut host = meets("power-cut", FIRST + 1);
        host.device.keep_flash_in(&file).expect("of the right size");
        host.downloads(0, command);
        assert_eq!(host.asks(0xA1, 3, 0, 6), Answer::Gone);
        let flash = std::fs::read(&file).expect("a file");
        assert!(flash[..erased].iter().all(|byte| *byte == 0xFF));
        assert!(flash[erased..].iter().all(|byte| *byte == 0xA5));
    };
    check(&ERASE, 8 << 10);
    check(&[0x41], 512 << 10);
    check(&[0x92], 512 << 10);
}

#[test]
fn a_power_cut_while_the_work_goes_on_leaves_it_by_half_and_later_it_is_done() {
    let check = |pause: u64, erased: usize| {
        let folder = tempfile::tempdir().expect("temporary folder");
        let file = folder.path().join("f405.bin");
        std::fs::write(&file, vec![0xA5; 1 << 20]).expect("a file");
        let mut host = Host::meets("f405,timing=real,fault=power-cut@5");
        host.device.keep_flash_in(&file).expect("of the right size");
        host.downloads(0, &ERASE);
        assert_eq!(host.get_status(), (0, 250, BUSY));
        host.now += Duration::from_millis(pause);
        assert_eq!(host.asks(0xA1, 3, 0, 6), Answer::Gone);
        let flash = std::fs::read(&file).expect("a file");
        let found = flash.iter().filter(|byte| **byte == 0xFF).count();
        assert_eq!(found, erased, "{pause} ms");
    };
    check(100, 8 << 10);
    check(250, 16 << 10);
}

#[test]
fn a_power_cut_between_requests_changes_nothing_in_flash() {
    let mut host = meets("power-cut", FIRST + 6);
    host.points_at(0x0800_0000);
    assert_eq!(host.does(2, &[0x11; 8]), DONE);
    assert_eq!(host.aborts(), Answer::Gone);
    host.now += Duration::from_secs(1);
    host.plugs_in_again();
    assert_eq!(host.reads(0x0800_0000, 8), Answer::Data(vec![0x11; 8]));
}

#[test]
fn a_power_cut_before_get_status_has_begun_the_work_changes_nothing() {
    let mut host = meets("power-cut", FIRST + 4);
    host.points_at(0x0800_0000);
    host.downloads(2, &[0x11; 8]);
    // Not the GETSTATUS that would begin it.
    assert_eq!(host.get_state(), Answer::Gone);
    host.now += Duration::from_secs(1);
    host.plugs_in_again();
    assert_eq!(host.reads(0x0800_0000, 8), Answer::Data(vec![0xFF; 8]));
}

#[test]
fn a_bit_flips_in_what_was_programmed_last() {
    let mut host = meets("flip", FIRST + 12);
    for address in [0x0800_0100, 0x0800_0200] {
        host.points_at(address);
        assert_eq!(host.does(2, &[0x10, 0x10]), DONE);
    }
    assert_eq!(host.reads(0x0800_0100, 2), Answer::Data(vec![0x10, 0x10]));
    host.aborts();
    assert_eq!(host.reads(0x0800_0200, 2), Answer::Data(vec![0x11, 0x10]));
}

#[test]
fn faults_are_counted_from_configuring_on_and_not_again_after_plugging_in() {
    let mut host = meets("stall", FIRST + 1);
    host.plugs_in_again();
    // The CLRSTATUS of the second meeting was the fourth request: it was refused, and not carried out.
    host.is_told(0x0A);
}

#[test]
fn several_faults_can_be_due_but_not_at_the_same_request() {
    let mut host = Host::meets("f405,fault=stall@3,fault=lost-request@5");
    assert_eq!(host.asks(0xA1, 3, 0, 6), Answer::Stall);
    assert_eq!(host.get_status(), (0, 0, IDLE));
    assert_eq!(host.asks(0xA1, 3, 0, 6), Answer::Silent);
    let error = "f405,fault=stall@3,fault=short@3"
        .parse::<BoardSpec>()
        .expect_err("must be refused");
    assert_eq!(
        error.to_string(),
        "two things can't go wrong at the same request, 3"
    );
}
