//! Commands and blocks of memory on the wire, against a script.

use super::*;
use crate::dfu::link::script::{Answer::Bytes, *};

#[test]
fn an_erase_is_started_by_getstatus_and_waits_exactly_as_long_as_asked() {
    let (diary, result) = diary([ACK, BUSY_100_MS, DNLOAD_IDLE], |link| {
        link.command(DfuseCommand::Erase(0x0800_C000))
    });
    assert_eq!(
        diary,
        "21 01 0000 0001 > [41, 00, c0, 00, 08]\n\
         a1 03 0000 0001 < 6\n\
         wait 100 ms\n\
         a1 03 0000 0001 < 6\n"
    );
    assert_eq!(result, Ok(()));
}

#[test]
fn a_board_that_stays_busy_is_given_up_after_the_time_that_flash_may_take() {
    let busy = (0..200).map(|_| BUSY_100_MS);
    let (diary, result) = diary([ACK].into_iter().chain(busy), |link| {
        link.command(DfuseCommand::Erase(0x0800_0000))
    });
    assert_eq!(diary.matches("wait 100 ms").count(), 200);
    assert_eq!(
        result.unwrap_err(),
        "erasing the sector at 0x08000000: the board was still busy after 20 s"
    );
}

#[test]
fn a_wait_of_hours_ends_with_the_time_that_flash_may_take() {
    let (diary, result) = diary([ACK, Bytes(&[0, 0xFF, 0xFF, 0xFF, 4, 0])], |link| {
        link.command(DfuseCommand::MassErase)
    });
    assert!(diary.ends_with("wait 120000 ms\n"), "{diary}");
    assert_eq!(
        result.unwrap_err(),
        "erasing all of the memory: the board was still busy after 120 s"
    );
}

#[test]
fn an_error_state_is_an_error_even_where_the_status_is_ok() {
    let (_, result) = diary([ACK, BUSY_0_MS, Bytes(&[0, 0, 0, 0, 10, 0])], |link| {
        link.command(DfuseCommand::SetAddressPointer(0))
    });
    assert_eq!(
        result.unwrap_err(),
        "setting the address 0x00000000: the board reports an error without saying which (OK in dfuERROR)"
    );
}

#[test]
fn an_error_is_told_in_the_boards_own_words() {
    let words = Bytes(&[8, 3, b'B', 0, b'a', 0, b'd', 0]);
    let (diary, result) = diary(
        [ACK, BUSY_0_MS, Bytes(&[1, 0, 0, 0, 10, 4]), words],
        |link| link.command(DfuseCommand::SetAddressPointer(0)),
    );
    assert!(diary.ends_with("80 06 0304 0409 < 255\n"), "{diary}");
    assert_eq!(
        result.unwrap_err(),
        "setting the address 0x00000000: the board answered errTARGET in dfuERROR and says \"Bad\""
    );
}

#[test]
fn reading_after_a_command_aborts_first_and_a_command_after_a_full_read_too() {
    let (diary, result) = diary(
        [
            ACK,
            BUSY_0_MS,
            DNLOAD_IDLE,
            ACK,
            Bytes(&[7, 8]),
            Bytes(&[9, 10]),
            ACK,
            ACK,
            DNLOAD_IDLE,
        ],
        |link| {
            link.command(DfuseCommand::SetAddressPointer(0x0800_0000))?;
            let mut block = [0; 2];
            link.read_block(2, &mut block, 0x0800_0000)?;
            link.read_block(3, &mut block, 0x0800_0002)?;
            link.command(DfuseCommand::Erase(0x0800_0000))?;
            Ok(block)
        },
    );
    assert_eq!(
        diary,
        "21 01 0000 0001 > [21, 00, 00, 00, 08]\n\
         a1 03 0000 0001 < 6\nwait 1 ms\na1 03 0000 0001 < 6\n\
         21 06 0000 0001 > []\n\
         a1 02 0002 0001 < 2\na1 02 0003 0001 < 2\n\
         21 06 0000 0001 > []\n\
         21 01 0000 0001 > [41, 00, 00, 00, 08]\n\
         a1 03 0000 0001 < 6\n"
    );
    assert_eq!(result, Ok([9, 10]));
}

#[test]
fn an_answer_that_is_too_short_is_an_error() {
    let (_, result) = diary([Bytes(&[7])], |link| {
        link.read_block(2, &mut [0; 2], 0x0800_0000)
    });
    assert_eq!(
        result.unwrap_err(),
        "reading at 0x08000000: the board sent 1 of 2 bytes"
    );
    let (_, result) = diary([ACK, Bytes(&[0, 0, 0, 0, 5])], |link| {
        link.write_block(2, &[0], 0)
    });
    assert_eq!(
        result.unwrap_err(),
        "writing at 0x00000000: the transfer failed on the bus"
    );
}
