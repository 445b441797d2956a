//! The wire, request by request, against a script.

use std::collections::VecDeque;

use super::idle::ROUNDS;
use super::script::{Answer::Bytes, *};
use super::*;

/// Writes a block as a sector's worth of work.
fn write(link: &mut Link<'_>, data: &[u8], address: u32) -> Result<(), SessionError> {
    link.download(2, data, Action::Write(address), Duration::from_secs(20))
}

#[test]
fn the_error_that_an_f405_begins_in_is_cleared_and_any_other_is_looked_at_again() {
    let check = |status, expected: &str| {
        let answers = [
            Bytes(Box::leak(Box::new([status, 0, 0, 0, 0x0A, 0]))),
            ACK,
            IDLE,
        ]
        .into();
        let mut script = Script::of(answers);
        assert!(Link::open(&mut script, 0).is_ok());
        assert_eq!(script.diary, expected, "{status:#04x}");
    };
    let cleared = "a1 03 0000 0000 < 6\n21 04 0000 0000 > []\n";
    check(0x0A, cleared);
    check(0x0E, &format!("{cleared}a1 03 0000 0000 < 6\n"));
}

#[test]
fn whatever_else_the_board_is_in_is_aborted_and_never_cleared() {
    for state in [3, 5, 6, 9] {
        let answers = [
            Bytes(Box::leak(Box::new([0, 0, 0, 0, state, 0]))),
            ACK,
            IDLE,
        ]
        .into();
        let mut script = Script::of(answers);
        assert!(Link::open(&mut script, 0).is_ok());
        let expected = "a1 03 0000 0000 < 6\n21 06 0000 0000 > []\na1 03 0000 0000 < 6\n";
        assert_eq!(script.diary, expected, "state {state}");
    }
}

#[test]
fn a_board_that_never_gets_idle_is_an_error_with_its_last_words() {
    let stuck = || Bytes(&[0x0E, 0, 0, 0, 0x0A, 0]);
    let mut answers = VecDeque::from([stuck()]);
    for _ in 0..ROUNDS {
        answers.extend([ACK, stuck()]);
    }
    let mut script = Script::of(answers);
    let error = Link::open(&mut script, 0)
        .err()
        .expect("never idle")
        .to_string();
    assert_eq!(
        error,
        "bringing the board to dfuIDLE: the board answered errUNKNOWN in dfuERROR"
    );
}

#[test]
fn a_board_that_says_no_time_is_still_given_a_moment() {
    let (diary, result) = diary([ACK, BUSY_0_MS, BUSY_0_MS, DNLOAD_IDLE], |link| {
        write(link, &[1, 2], 0x0800_0000)
    });
    assert_eq!(
        diary,
        "21 01 0002 0001 > [01, 02]\n\
         a1 03 0000 0001 < 6\nwait 1 ms\n\
         a1 03 0000 0001 < 6\nwait 1 ms\n\
         a1 03 0000 0001 < 6\n"
    );
    assert_eq!(result, Ok(()));
}

#[test]
fn a_stall_after_the_wait_means_still_busy() {
    let (_, result) = diary([ACK, BUSY_100_MS, STALL, STALL, DNLOAD_IDLE], |link| {
        write(link, &[0], 0x0800_0000)
    });
    assert_eq!(result, Ok(()));
    let stalls = (0..=STALLS_WHILE_BUSY).map(|_| STALL);
    let (_, result) = diary([ACK, BUSY_100_MS].into_iter().chain(stalls), |link| {
        write(link, &[0], 0x0800_0000)
    });
    assert_eq!(
        result.unwrap_err(),
        "writing at 0x08000000: the device refused the request (STALL)"
    );
}

#[test]
fn a_refused_request_is_explained_by_the_status_after_it() {
    let (diary, result) = diary([STALL, Bytes(&[15, 0, 0, 0, 10, 0])], |link| {
        write(link, &[0], 0x0800_0800)
    });
    assert_eq!(diary, "21 01 0002 0001 > [00]\na1 03 0000 0001 < 6\n");
    assert_eq!(
        result.unwrap_err(),
        "writing at 0x08000800: the board answered errSTALLEDPKT in dfuERROR"
    );
}

#[test]
fn a_board_that_stays_busy_for_ever_is_broken_out_of_it() {
    let mut answers: Vec<Answer> = (0..200).map(|_| BUSY_100_MS).collect();
    answers.extend([BUSY_100_MS, ACK, Bytes(&[0x0E, 0, 0, 0, 10, 0]), ACK, IDLE]);
    let (diary, result) = diary(answers, |link| link.reach_idle());
    assert_eq!(result, Ok(()));
    let last: Vec<&str> = diary.lines().rev().take(4).map(|line| &line[..5]).collect();
    assert_eq!(last, ["a1 03", "21 04", "a1 03", "21 04"]);
}
