//! A download that goes well.

use super::*;
use crate::dfu::link::script::Answer::Bytes;
use crate::dfu::link::script::{ACK, BUSY_0_MS, BUSY_100_MS, DNLOAD_IDLE};

const MANIFEST_SYNC: Answer = Bytes(&[0, 0, 0, 0, 6, 0]);

/// Both blocks of the file, as they go down the wire.
const BLOCKS: &str = "21 01 0000 0001 > [01, 02, 03, 04]\na1 03 0000 0001 < 6\n\
                      21 01 0001 0001 > [05, 06]\na1 03 0000 0001 < 6\n";
const END: &str = "21 01 0002 0001 > []\na1 03 0000 0001 < 6\n";

#[test]
fn no_more_is_sent_than_dfu_util_sends() {
    let answers = [ACK, DNLOAD_IDLE, ACK, DNLOAD_IDLE, ACK, IDLE];
    let played = play(script(answers), TOLERANT, Plan::Download(DOWNLOAD)).well();
    assert_eq!(played.diary, format!("{BLOCKS}{END}"));
    assert_eq!(played.told, ["Write Some(6)", "+4", "+2", "Manifest None"]);
    let expected = Tally {
        touched: true,
        written_bytes: 6,
        accepted: true,
        complete: true,
        ..Tally::default()
    };
    assert_eq!(played.tally, expected);
}

#[test]
fn a_device_that_is_busy_is_asked_again_after_exactly_the_time_that_it_asks_for() {
    let answers = [
        ACK,
        BUSY_100_MS,
        DNLOAD_IDLE,
        ACK,
        BUSY_0_MS,
        BUSY_100_MS,
        DNLOAD_IDLE,
        ACK,
        MANIFEST_SYNC,
        IDLE,
    ];
    let played = play(script(answers), TOLERANT, Plan::Download(DOWNLOAD)).well();
    let status = "a1 03 0000 0001 < 6\n";
    assert_eq!(
        played.diary,
        format!(
            "21 01 0000 0001 > [01, 02, 03, 04]\n{status}wait 100 ms\n{status}\
             21 01 0001 0001 > [05, 06]\n{status}wait 1 ms\n{status}wait 100 ms\n{status}\
             21 01 0002 0001 > []\n{status}wait 1 ms\n{status}"
        )
    );
}

#[test]
fn a_long_wait_is_waited_to_its_end_and_told_by_something_that_moves() {
    // 119 s: 0x01D0D8.
    let busy = Bytes(&[0, 0xD8, 0xD0, 0x01, 4, 0]);
    let answers = [ACK, busy, DNLOAD_IDLE, ACK, DNLOAD_IDLE, ACK, IDLE];
    let played = play(script(answers), TOLERANT, Plan::Download(DOWNLOAD)).well();
    assert_eq!(played.diary.matches("wait 1000 ms").count(), 119);
    assert_eq!(played.told.iter().filter(|told| *told == "+0").count(), 119);
    assert_eq!(played.taken.as_secs(), 119);
}

#[test]
fn a_time_that_nothing_may_take_is_asked_about_early() {
    let busy = Bytes(&[0, 0xFF, 0xFF, 0xFF, 4, 0]);
    let answers = [ACK, busy, DNLOAD_IDLE, ACK, DNLOAD_IDLE, ACK, IDLE];
    let played = play(script(answers), TOLERANT, Plan::Download(DOWNLOAD)).well();
    assert_eq!(played.taken.as_secs(), 1);
}

#[test]
fn an_openmoko_is_asked_every_five_milliseconds_whatever_it_says() {
    let busy = Bytes(&[0, 0x12, 0x34, 0x56, 4, 0]);
    let options = Options {
        ignores_poll_timeout: true,
        ..TOLERANT
    };
    let answers = [
        ACK,
        busy.clone(),
        busy,
        DNLOAD_IDLE,
        ACK,
        DNLOAD_IDLE,
        ACK,
        IDLE,
    ];
    let played = play(script(answers), options, Plan::Download(DOWNLOAD)).well();
    assert_eq!(played.diary.matches("wait 5 ms").count(), 2);
    assert_eq!(played.taken.as_millis(), 10);
}

#[test]
fn a_device_that_is_busy_for_ever_is_given_up_after_two_minutes() {
    let mut device = script([ACK]);
    device.forever = Some(BUSY_100_MS);
    // The end of the session finds it as busy.
    let played = play(device, TOLERANT, Plan::Download(DOWNLOAD));
    let played = played.badly("sending block 0: the board was still busy after 120 s");
    assert!(!played.requests().contains("> []\n21 01"));
    assert_eq!(played.tally.retries, 0);
}

#[test]
fn a_memory_is_chosen_where_there_are_several_or_where_the_only_one_has_a_number() {
    let answers = || script([ACK, DNLOAD_IDLE, ACK, DNLOAD_IDLE, ACK, IDLE]);
    let chosen = |memory, several_memories| {
        let options = Options {
            several_memories,
            ..TOLERANT
        };
        let plan = Plan::Download(Download { memory, ..DOWNLOAD });
        let played = play(answers(), options, plan).well();
        played.diary.replace(BLOCKS, "").replace(END, "")
    };
    assert_eq!(chosen(0, false), "");
    assert_eq!(chosen(0, true), "choose 0\n");
    assert_eq!(chosen(2, true), "choose 2\n");
    assert_eq!(chosen(2, false), "choose 2\n");
}

#[test]
fn a_file_without_a_byte_is_not_sent() {
    let plan = Download {
        bytes: &[],
        ..DOWNLOAD
    };
    let played = play(script([]), TOLERANT, Plan::Download(plan));
    let played = played.badly("sending block 0: there is nothing to send");
    assert_eq!((played.diary.as_str(), played.tally.touched), ("", false));
}

#[test]
fn a_file_of_full_blocks_ends_with_the_next_number() {
    let plan = Download {
        bytes: &[7; 8],
        ..DOWNLOAD
    };
    let answers = [ACK, DNLOAD_IDLE, ACK, DNLOAD_IDLE, ACK, IDLE];
    let played = play(script(answers), TOLERANT, Plan::Download(plan)).well();
    assert!(played.diary.ends_with(END), "{}", played.diary);
}
