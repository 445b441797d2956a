//! What goes wrong in a download: again from block 0, or never.

use super::*;
use crate::dfu::link::script::Answer::{Bytes, Fails, Silent};
use crate::dfu::link::script::{ACK, DNLOAD_IDLE, STALL};
use crate::usb::UsbError;

/// Of a whole download.
const WELL: [Answer; 6] = [ACK, DNLOAD_IDLE, ACK, DNLOAD_IDLE, ACK, IDLE];
const ERR_UNKNOWN: Answer = Bytes(&[14, 0, 0, 0, 10, 0]);
const ERR_STALLED: Answer = Bytes(&[15, 0, 0, 0, 10, 0]);

const STATUS: &str = "a1 03 0000 0001 < 6\n";
const CLEAR: &str = "21 04 0000 0001 > []\n";
const ABORT: &str = "21 06 0000 0001 > []\n";
const FIRST: &str = "21 01 0000 0001 > [01, 02, 03, 04]\n";
const SECOND: &str = "21 01 0001 0001 > [05, 06]\n";

/// A download that is disturbed once and then goes well, with what is sent up to the second try.
#[track_caller]
fn again(disturbed: &[Answer], expected: &str, told: &str) {
    let answers = disturbed.iter().cloned().chain(WELL);
    let played = play(script(answers), TOLERANT, Plan::Download(DOWNLOAD)).well();
    let whole = format!("{expected}{FIRST}{STATUS}{SECOND}{STATUS}21 01 0002 0001 > []\n{STATUS}");
    assert_eq!(played.requests(), whole);
    assert_eq!((played.tally.retries, played.tally.written_bytes), (1, 6));
    assert!(
        played.told.contains(&format!("{told}; again")),
        "{:?}",
        played.told
    );
    // The bar begins anew, too.
    let begins = played.told.iter().filter(|told| *told == "Write Some(6)");
    assert_eq!(begins.count(), 2);
}

#[test]
fn a_block_that_is_refused_once_is_the_whole_download_again() {
    again(
        &[ACK, DNLOAD_IDLE, STALL, ERR_STALLED, ACK],
        &format!("{FIRST}{STATUS}{SECOND}{STATUS}{CLEAR}"),
        "sending block 1: the board answered errSTALLEDPKT in dfuERROR",
    );
}

#[test]
fn a_u_boot_whose_last_transaction_was_aborted_takes_the_second_try() {
    again(
        &[ACK, ERR_UNKNOWN, ACK],
        &format!("{FIRST}{STATUS}{CLEAR}"),
        "sending block 0: the board answered errUNKNOWN in dfuERROR",
    );
}

#[test]
fn a_block_that_was_lost_is_never_sent_again_by_itself() {
    for lost in [Silent, Fails(UsbError::Io)] {
        let words = match lost {
            Silent => "no answer in time",
            _ => "the transfer failed on the bus",
        };
        // The device has taken it, or has not; it waits for the next one either way.
        again(
            &[ACK, DNLOAD_IDLE, lost, DNLOAD_IDLE, ACK, IDLE],
            &format!("{FIRST}{STATUS}{SECOND}{STATUS}{ABORT}{STATUS}"),
            &format!("sending block 1: {words}"),
        );
    }
}

#[test]
fn a_maple_that_is_in_dfu_idle_has_lost_its_place() {
    again(
        &[ACK, DNLOAD_IDLE, ACK, IDLE],
        &format!("{FIRST}{STATUS}{SECOND}{STATUS}"),
        "sending block 1: the board is in dfuIDLE where it should wait for the next block: it has lost its place",
    );
}

#[test]
fn a_device_that_has_not_heard_the_end_gets_it_all_again() {
    // Maple is in dfuIDLE since it was asked, and so is a device that is done.
    again(
        &[ACK, DNLOAD_IDLE, ACK, DNLOAD_IDLE, Silent, IDLE],
        &format!("{FIRST}{STATUS}{SECOND}{STATUS}21 01 0002 0001 > []\n{STATUS}"),
        "finishing the download: the board is in dfuIDLE where it should wait for the next block: it has lost its place",
    );
}

#[test]
fn a_download_is_tried_three_times() {
    let once = [ACK, ERR_UNKNOWN, ACK];
    let answers = once.iter().cycle().take(9).cloned();
    let played = play(script(answers), TOLERANT, Plan::Download(DOWNLOAD));
    let played = played.badly("sending block 0: the board answered errUNKNOWN in dfuERROR");
    assert_eq!(played.diary, format!("{FIRST}{STATUS}{CLEAR}").repeat(3));
    assert_eq!((played.tally.retries, played.tally.complete), (2, false));
}

#[test]
fn what_the_device_means_to_say_is_said_at_once_and_the_download_never_ended() {
    let names = [
        (1, "errTARGET"),
        (2, "errFILE"),
        (3, "errWRITE"),
        (4, "errERASE"),
        (5, "errCHECK_ERASED"),
        (6, "errPROG"),
        (7, "errVERIFY"),
        (8, "errADDRESS"),
        (9, "errNOTDONE"),
        (10, "errFIRMWARE"),
        (11, "errVENDOR"),
    ];
    for (status, name) in names {
        let error = Bytes(Box::leak(Box::new([status, 0, 0, 0, 10, 0])));
        let answers = [ACK, DNLOAD_IDLE, ACK, error, ACK];
        let played = play(script(answers), TOLERANT, Plan::Download(DOWNLOAD));
        let played = played.badly(&format!(
            "sending block 1: the board answered {name} in dfuERROR"
        ));
        // Embassy takes the block of no bytes in dfuERROR, too.
        assert_eq!(
            played.diary,
            format!("{FIRST}{STATUS}{SECOND}{STATUS}{CLEAR}")
        );
        assert_eq!((played.tally.retries, played.tally.written_bytes), (0, 4));
    }
}

#[test]
fn an_unplugged_device_is_not_asked_for_long() {
    let gone = Fails(UsbError::NoDevice);
    let answers = [ACK, DNLOAD_IDLE, gone.clone(), gone];
    let played = play(script(answers), TOLERANT, Plan::Download(DOWNLOAD));
    played.badly("sending block 1: the device is gone");
}

#[test]
fn an_interrupted_download_is_aborted_and_nothing_is_asked_before() {
    // After the first block.
    let played = play_until(
        script([ACK, DNLOAD_IDLE, ACK]),
        TOLERANT,
        Plan::Download(DOWNLOAD),
        1,
    );
    let played = played.badly("sending block 0: interrupted");
    assert_eq!(played.diary, format!("{FIRST}{STATUS}{ABORT}"));
    assert_eq!(
        (played.tally.written_bytes, played.tally.touched),
        (4, true)
    );
}

#[test]
fn an_interrupted_manifestation_is_left_to_the_device() {
    let manifest = Bytes(&[0, 0, 0, 0, 7, 0]);
    let played = play_until(
        script([ACK, DNLOAD_IDLE, ACK, DNLOAD_IDLE, ACK, manifest]),
        TOLERANT,
        Plan::Download(DOWNLOAD),
        4,
    );
    let played = played.badly("finishing the download: interrupted");
    assert!(played.diary.ends_with("wait 1 ms\n"), "{}", played.diary);
}
