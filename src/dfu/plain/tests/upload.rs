//! Reading back, and how far that can be believed.

use super::*;
use crate::dfu::link::script::Answer::{Bytes, Silent};
use crate::dfu::link::script::{ACK, DNLOAD_IDLE, STALL};

const VERIFYING: Download<'static> = Download {
    read_back: ReadBack::Wanted,
    ..DOWNLOAD
};

const DONE: [Answer; 6] = [ACK, DNLOAD_IDLE, ACK, DNLOAD_IDLE, ACK, IDLE];
const ERR_STALLED: Answer = Bytes(&[15, 0, 0, 0, 10, 0]);

/// A download, and what the device gives afterwards.
fn verified(answers: &[Answer], options: Options) -> Played {
    let answers = DONE.into_iter().chain(answers.iter().cloned());
    play(script(answers), options, Plan::Download(VERIFYING))
}

#[test]
fn a_zephyr_that_gives_its_whole_slot_is_compared_as_far_as_the_file_goes() {
    let given = [Bytes(&[1, 2, 3, 4]), Bytes(&[5, 6, 0xFF, 0xFF])];
    let played = verified(&given, TOLERANT).well();
    assert!(
        played
            .diary
            .ends_with("a1 02 0000 0001 < 4\na1 02 0001 0001 < 4\n"),
        "{}",
        played.diary
    );
    assert_eq!(
        (played.tally.verified_bytes, played.tally.accepted),
        (6, false)
    );
    let told = ["Verify Some(6)", "+4", "+2"];
    assert_eq!(played.told[4..], told);
}

#[test]
fn a_byte_that_is_another_one_is_named_by_its_offset() {
    let given = [Bytes(&[1, 2, 3, 4]), Bytes(&[5, 7])];
    let played = verified(&given, TOLERANT);
    let played =
        played.badly("verification failed: at offset 0x5 there is 0x07 where 0x06 should be");
    assert_eq!(played.tally.verified_bytes, 0);
    assert!(!played.tally.complete && !played.tally.accepted);
}

#[test]
fn a_file_that_comes_back_cut_short_is_no_success() {
    let played = verified(&[Bytes(&[1, 2])], TOLERANT);
    played.badly("comparing block 0: the board sent 2 of 6 bytes");
}

#[test]
fn a_device_that_lies_about_its_upload_has_accepted_the_file() {
    let refused: &[&[Answer]] = &[
        &[STALL, ERR_STALLED, ACK, STALL, ERR_STALLED],
        // It gives nothing at all.
        &[Bytes(&[])],
    ];
    for (retries, answers) in [1, 0].into_iter().zip(refused) {
        let played = verified(answers, TOLERANT).well();
        assert_eq!(
            (played.tally.verified_bytes, played.tally.accepted),
            (0, true)
        );
        assert_eq!(played.tally.retries, retries);
    }
}

#[test]
fn what_can_not_be_read_back_is_not_tried() {
    let blind = Options {
        can_upload: false,
        ..TOLERANT
    };
    for options in [blind, NOT_TOLERANT] {
        let played = verified(&[], options).well();
        assert!(played.tally.accepted);
    }
}

#[test]
fn an_upload_that_is_disturbed_begins_anew() {
    let upload_idle = Bytes(&[0, 0, 0, 0, 9, 0]);
    let given = [
        Bytes(&[1, 2, 3, 4]),
        Silent,
        upload_idle,
        ACK,
        IDLE,
        Bytes(&[1, 2, 3, 4]),
        Bytes(&[5, 6]),
    ];
    let played = verified(&given, TOLERANT).well();
    assert_eq!((played.tally.verified_bytes, played.tally.retries), (6, 1));
}

#[test]
fn a_file_that_is_there_already_is_not_sent() {
    let plan = Plan::Download(Download {
        if_different: true,
        ..VERIFYING
    });
    let answers = [Bytes(&[1, 2, 3, 4]), Bytes(&[5, 6, 9, 9])];
    let played = play(script(answers), NOT_TOLERANT, plan).well();
    let expected = Tally {
        skipped_bytes: 6,
        complete: true,
        ..Tally::default()
    };
    assert_eq!(played.tally, expected);
    assert!(!played.diary.contains("21 01"));
}

#[test]
fn before_a_download_an_upload_is_read_to_its_end() {
    // U-Boot's ABORT would leave it open.
    let plan = Plan::Download(Download {
        if_different: true,
        ..DOWNLOAD
    });
    let given = [
        Bytes(&[0, 2, 3, 4]),
        Bytes(&[5, 6, 9, 9]),
        Bytes(&[9, 9, 9, 9]),
        Bytes(&[9]),
    ];
    let played = play(script(given.into_iter().chain(DONE)), TOLERANT, plan).well();
    assert_eq!(played.diary.matches("a1 02").count(), 4);
    assert!(!played.diary.contains("21 06"), "{}", played.diary);
    assert_eq!(
        (played.tally.skipped_bytes, played.tally.written_bytes),
        (0, 6)
    );
}

#[test]
fn a_device_that_can_not_be_read_first_gets_the_file() {
    let plan = Plan::Download(Download {
        if_different: true,
        ..DOWNLOAD
    });
    let refused = [STALL, ERR_STALLED, ACK, STALL, ERR_STALLED, ACK];
    let refused = refused.into_iter().chain(DONE);
    assert_eq!(
        play(script(refused), TOLERANT, plan)
            .well()
            .tally
            .written_bytes,
        6
    );
    let blind = Options {
        can_upload: false,
        ..TOLERANT
    };
    assert_eq!(
        play(script(DONE), blind, plan).well().tally.written_bytes,
        6
    );
}

#[test]
fn reading_ends_with_the_first_block_that_is_not_full() {
    let check = |last: &'static [u8], expected: &[u8]| {
        let answers = [Bytes(&[1, 2, 3, 4]), Bytes(last)];
        let plan = Plan::Read {
            memory: 0,
            twice: false,
        };
        let played = play(script(answers), TOLERANT, plan);
        assert_eq!(played.result, Ok(Some(expected.to_vec())));
        assert_eq!(played.diary, "a1 02 0000 0001 < 4\na1 02 0001 0001 < 4\n");
        assert_eq!(played.tally.read_bytes, expected.len() as u64);
    };
    check(&[5], &[1, 2, 3, 4, 5]);
    check(&[], &[1, 2, 3, 4]);
}

#[test]
fn two_readings_have_to_be_the_same() {
    let plan = Plan::Read {
        memory: 0,
        twice: true,
    };
    let twice = |second: &'static [u8]| {
        let answers = [Bytes(&[1, 2, 3]), Bytes(second)];
        play(script(answers), TOLERANT, plan).result
    };
    assert_eq!(twice(&[1, 2, 3]), Ok(Some(vec![1, 2, 3])));
    let differs = "two readings differ: at offset 0x1 there was 0x02 first, then 0x00";
    assert_eq!(twice(&[1, 0, 3]), Err(differs.to_owned()));
    let shorter = "reading block 0: the board sent 2 of 3 bytes";
    assert_eq!(twice(&[1, 2]), Err(shorter.to_owned()));
}

#[test]
fn comparing_says_what_differs_and_whether_anything_can_be_compared() {
    let plan = Plan::Verify {
        memory: 0,
        bytes: FILE,
    };
    let given = [Bytes(&[1, 2, 3, 4]), Bytes(&[5, 6])];
    let played = play(script(given), TOLERANT, plan).well();
    assert_eq!(played.tally.verified_bytes, 6);
    let played = play(script([Bytes(&[1, 2, 3, 5]), ACK]), TOLERANT, plan);
    played.badly("verification failed: at offset 0x3 there is 0x05 where 0x04 should be");
    let played = play(
        script([STALL, ERR_STALLED, ACK, STALL, ERR_STALLED, ACK]),
        TOLERANT,
        plan,
    );
    played.badly(
        "comparing block 0: the board says that it can be read, but refuses each time: \
         the board answered errSTALLEDPKT in dfuERROR",
    );
    let blind = Options {
        can_upload: false,
        ..TOLERANT
    };
    play(script([]), blind, plan).badly("comparing block 0: the board says that it can't be read");
}

#[test]
fn an_interrupted_upload_is_aborted() {
    let plan = Plan::Read {
        memory: 0,
        twice: false,
    };
    let played = play_until(script([Bytes(&[1, 2, 3, 4]), ACK]), TOLERANT, plan, 1);
    let played = played.badly("reading block 0: interrupted");
    assert_eq!(played.diary, "a1 02 0000 0001 < 4\n21 06 0000 0001 > []\n");
}
