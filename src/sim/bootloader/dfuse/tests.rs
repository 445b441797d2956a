//! A host's diary with a bootloader that does nothing but what the specification tells.

use std::time::Duration;

use crate::sim::diary::*;
use crate::sim::transfer::Answer;

#[test]
fn an_f405_begins_in_err_firmware_and_is_idle_once_that_is_cleared() {
    let mut host = Host::sees("f405");
    assert_eq!(host.get_status(), (0x0A, 0, ERROR));
    assert_eq!(host.clear_status(), Answer::Acknowledged);
    assert_eq!(host.get_status(), (0, 0, IDLE));
    assert_eq!(host.get_state(), Answer::Data(vec![IDLE]));
}

#[test]
fn a_flash_is_erased_written_and_read() {
    let mut host = Host::meets("f405");
    assert_eq!(host.does(0, &[0x41, 0x00, 0xC0, 0x00, 0x08]), DONE);
    assert_eq!(host.does(0, &[0x21, 0x00, 0xC0, 0x00, 0x08]), DONE);
    let blocks = [vec![0x11; 2048], vec![0x22; 2048], vec![0x33; 100]];
    for (number, block) in (2..).zip(&blocks) {
        assert_eq!(host.does(number, block), DONE);
    }
    assert_eq!(host.aborts(), Answer::Acknowledged);
    assert_eq!(host.uploads(2, 2048), Answer::Data(blocks[0].clone()));
    assert_eq!(host.get_status(), (0, 0, UPLOAD_IDLE));
    assert_eq!(host.uploads(3, 2048), Answer::Data(blocks[1].clone()));
    assert_eq!(host.uploads(4, 101), {
        let mut tail = blocks[2].clone();
        tail.push(0xFF);
        Answer::Data(tail)
    });
}

#[test]
fn a_download_only_stores_and_get_status_does_the_work() {
    let mut host = Host::meets("f405");
    host.points_at(0x0800_0000);
    assert_eq!(host.downloads(2, &[0xAA; 4]), Answer::Acknowledged);
    assert_eq!(host.get_state(), Answer::Data(vec![DOWNLOAD_SYNC]));
    // Given up before GETSTATUS: nothing is written.
    assert_eq!(host.aborts(), Answer::Acknowledged);
    assert_eq!(host.uploads(2, 4), Answer::Data(vec![0xFF; 4]));
    assert_eq!(host.aborts(), Answer::Acknowledged);
    // With GETSTATUS: it is.
    assert_eq!(host.downloads(2, &[0xAA; 4]), Answer::Acknowledged);
    assert_eq!(host.get_status(), (0, 0, BUSY));
    assert_eq!(host.get_status(), (0, 0, DOWNLOAD_IDLE));
    assert_eq!(host.aborts(), Answer::Acknowledged);
    assert_eq!(host.uploads(2, 4), Answer::Data(vec![0xAA; 4]));
}

#[test]
fn an_error_shows_in_the_second_get_status_and_is_cleared_once() {
    let mut host = Host::meets("f405");
    let outside = [0x21, 0x00, 0x00, 0x10, 0x08];
    assert_eq!(host.does(0, &outside), (ERR_TARGET, ERROR));
    host.is_told(ERR_TARGET);
}

#[test]
fn addresses_outside_are_errtarget_for_every_command() {
    let mut host = Host::meets("f405");
    for command in [
        [0x21, 0xFF, 0xFF, 0xFF, 0x07],
        [0x21, 0x00, 0x00, 0x10, 0x08],
        [0x21, 0x00, 0x78, 0xFF, 0x1F],
        [0x41, 0x00, 0x00, 0x10, 0x08],
        [0x41, 0x00, 0x00, 0x00, 0x20],
    ] {
        assert_eq!(
            host.does(0, &command),
            (ERR_TARGET, ERROR),
            "{command:02x?}"
        );
        host.is_told(ERR_TARGET);
    }
    // The last four bytes are there, what follows is not.
    host.points_at(0x080F_FFFC);
    assert_eq!(host.does(2, &[0; 8]), (ERR_TARGET, ERROR));
    host.is_told(ERR_TARGET);
    assert_eq!(host.reads(0x080F_FFFC, 4), Answer::Data(vec![0xFF; 4]));
}

#[test]
fn a_block_number_that_leaves_the_address_space_is_errtarget() {
    let mut host = Host::meets("f405");
    host.sends(0x01, 11, 3, &[]);
    host.points_at(0xFFFF_0000);
    assert_eq!(host.does(0xFFFF, &[0; 4]), (ERR_TARGET, ERROR));
    host.is_told(ERR_TARGET);
    assert_eq!(host.uploads(0xFFFF, 4), Answer::Stall);
    host.is_told(ERR_TARGET);
}

#[test]
fn blocks_are_counted_by_the_transfer_size_whatever_their_length() {
    let mut host = Host::meets("f405");
    host.points_at(0x0800_0000);
    assert_eq!(host.does(5, &[1, 2, 3, 4]), DONE);
    assert_eq!(host.reads(0x0800_1800, 4), Answer::Data(vec![1, 2, 3, 4]));
    let mut host = Host::meets("h743");
    host.points_at(0x0800_0000);
    assert_eq!(host.does(5, &[1, 2, 3, 4]), DONE);
    assert_eq!(host.reads(0x0800_0C00, 4), Answer::Data(vec![1, 2, 3, 4]));
}

#[test]
fn more_than_the_transfer_size_is_refused_either_way() {
    let mut host = Host::meets("f405");
    host.points_at(0x0800_0000);
    assert_eq!(host.downloads(2, &[0; 2049]), Answer::Stall);
    host.is_told(ERR_STALLED_PKT);
    assert_eq!(host.uploads(2, 2049), Answer::Stall);
    host.is_told(ERR_STALLED_PKT);
}

#[test]
fn an_upload_is_refused_after_a_download_until_abort() {
    let mut host = Host::meets("f405");
    host.points_at(0x0800_0000);
    assert_eq!(host.uploads(2, 4), Answer::Stall);
    host.is_told(ERR_STALLED_PKT);
    host.points_at(0x0800_0000);
    assert_eq!(host.aborts(), Answer::Acknowledged);
    assert_eq!(host.uploads(2, 4), Answer::Data(vec![0xFF; 4]));
}

#[test]
fn a_download_is_refused_after_a_full_upload_and_allowed_after_a_short_one() {
    let mut host = Host::meets("f405");
    assert_eq!(host.reads(0x080F_FF00, 256), Answer::Data(vec![0xFF; 256]));
    assert_eq!(host.get_status(), (0, 0, UPLOAD_IDLE));
    assert_eq!(host.downloads(2, &[0; 4]), Answer::Stall);
    host.is_told(ERR_STALLED_PKT);
    assert_eq!(host.reads(0x080F_FF00, 257), Answer::Data(vec![0xFF; 256]));
    assert_eq!(host.get_status(), (0, 0, IDLE));
    assert_eq!(host.downloads(2, &[0; 4]), Answer::Acknowledged);
}

#[test]
fn an_upload_of_nothing_ends_the_upload() {
    let mut host = Host::meets("f405");
    assert_eq!(host.uploads(2, 4), Answer::Data(vec![0xFF; 4]));
    assert_eq!(host.get_status(), (0, 0, UPLOAD_IDLE));
    assert_eq!(host.uploads(3, 0), Answer::Data(vec![]));
    assert_eq!(host.get_status(), (0, 0, IDLE));
}

#[test]
fn an_upload_that_begins_after_the_end_is_errtarget() {
    let mut host = Host::meets("f405");
    host.points_at(0x080F_F800);
    host.aborts();
    assert_eq!(host.uploads(3, 2048), Answer::Stall);
    host.is_told(ERR_TARGET);
}

#[test]
fn upload_of_block_0_lists_the_commands() {
    let mut host = Host::meets("f405");
    assert_eq!(
        host.uploads(0, 64),
        Answer::Data(vec![0x00, 0x21, 0x41, 0x92])
    );
    assert_eq!(host.get_status(), (0, 0, IDLE));
    assert_eq!(host.uploads(0, 2), Answer::Data(vec![0x00, 0x21]));
    assert_eq!(host.get_status(), (0, 0, UPLOAD_IDLE));
    assert_eq!(Host::meets("mboot").uploads(0, 64), Answer::Stall);
}

#[test]
fn block_1_is_reserved_either_way() {
    let mut host = Host::meets("f405");
    assert_eq!(host.downloads(1, &[0; 4]), Answer::Stall);
    host.is_told(ERR_STALLED_PKT);
    assert_eq!(host.uploads(1, 4), Answer::Stall);
    host.is_told(ERR_STALLED_PKT);
}

#[test]
fn a_command_that_does_not_exist_or_has_the_wrong_length_is_errstalledpkt() {
    let mut host = Host::meets("f405");
    for command in [
        &[0x42][..],
        &[0x21],
        &[0x21, 0, 0, 0],
        &[0x41, 0, 0],
        &[0x92, 0],
    ] {
        assert_eq!(
            host.does(0, command),
            (ERR_STALLED_PKT, ERROR),
            "{command:02x?}"
        );
        host.is_told(ERR_STALLED_PKT);
    }
    assert_eq!(host.does(0, &[0x00]), DONE);
    // mboot has no read unprotect.
    assert_eq!(
        Host::meets("mboot,quirk=none").does(0, &[0x92]),
        (ERR_STALLED_PKT, ERROR)
    );
}

#[test]
fn the_next_download_before_the_work_was_acknowledged_is_refused() {
    let mut host = Host::meets("f405");
    host.points_at(0x0800_0000);
    assert_eq!(host.downloads(2, &[0; 4]), Answer::Acknowledged);
    assert_eq!(host.downloads(3, &[0; 4]), Answer::Stall);
    host.is_told(ERR_STALLED_PKT);
    host.points_at(0x0800_0000);
    assert_eq!(host.downloads(2, &[0; 4]), Answer::Acknowledged);
    assert_eq!(host.get_status(), (0, 0, BUSY));
    assert_eq!(host.downloads(3, &[0; 4]), Answer::Stall);
    host.is_told(ERR_STALLED_PKT);
}

#[test]
fn detach_and_unknown_requests_and_wrong_directions_are_refused() {
    let mut host = Host::meets("f405");
    for (request_type, request) in [(0x21, 0), (0x21, 7), (0xA1, 1), (0x21, 2), (0x21, 3)] {
        assert_eq!(host.sends(request_type, request, 0, &[]), Answer::Stall);
        host.is_told(ERR_STALLED_PKT);
    }
}

#[test]
fn a_needless_clear_status_is_punished_as_the_rom_does() {
    let mut older = Host::meets("f405");
    assert_eq!(older.clear_status(), Answer::Acknowledged);
    older.is_told(ERR_UNKNOWN);
    let mut newer = Host::meets("h743");
    assert_eq!(newer.clear_status(), Answer::Stall);
    newer.is_told(ERR_STALLED_PKT);
}

#[test]
fn abort_in_an_error_is_acknowledged_and_changes_nothing() {
    let mut host = Host::meets("f405");
    host.uploads(1, 1);
    assert_eq!(host.aborts(), Answer::Acknowledged);
    host.is_told(ERR_STALLED_PKT);
}

#[test]
fn programming_what_is_not_blank_is_errprog_where_the_flash_checks() {
    let mut host = Host::meets("l476");
    host.points_at(0x0800_0000);
    assert_eq!(host.does(2, &[0x55; 8]), DONE);
    assert_eq!(host.does(2, &[0x54; 8]), (ERR_PROG, ERROR));
    host.is_told(ERR_PROG);
    assert_eq!(host.reads(0x0800_0000, 8), Answer::Data(vec![0x55; 8]));
}

#[test]
fn a_mass_erase_erases_the_chosen_memory_only() {
    let mut host = Host::meets("f405");
    host.points_at(0x0800_0000);
    assert_eq!(host.does(2, &[0; 4]), DONE);
    host.sends(0x01, 11, 2, &[]);
    host.points_at(0x1FFF_7800);
    assert_eq!(host.does(2, &[0x12]), DONE);
    assert_eq!(host.does(0, &[0x41]), (ERR_TARGET, ERROR));
    host.is_told(ERR_TARGET);
    host.sends(0x01, 11, 0, &[]);
    assert_eq!(host.does(0, &[0x41]), DONE);
    assert_eq!(host.reads(0x0800_0000, 4), Answer::Data(vec![0xFF; 4]));
    host.aborts();
    host.sends(0x01, 11, 2, &[]);
    assert_eq!(host.reads(0x1FFF_7800, 1), Answer::Data(vec![0x12]));
}

#[test]
fn an_empty_download_and_get_status_leave_the_bus() {
    for block in [0, 2] {
        let mut host = Host::meets("f405");
        host.points_at(0x0800_0000);
        assert_eq!(host.downloads(block, &[]), Answer::Acknowledged);
        assert!(host.device.is_present());
        assert_eq!(host.get_status(), (0, 0, MANIFEST));
        assert!(!host.device.is_present());
        assert_eq!(host.asks(0xA1, 3, 0, 6), Answer::Gone);
    }
    let mut from_idle = Host::meets("f405");
    assert_eq!(from_idle.downloads(0, &[]), Answer::Acknowledged);
    assert_eq!(from_idle.get_status(), (0, 0, MANIFEST));
}

#[test]
fn a_gd32_leaves_without_an_answer() {
    let mut host = Host::meets("gd32vf103");
    assert_eq!(host.downloads(0, &[]), Answer::Silent);
    assert_eq!(host.asks(0xA1, 3, 0, 6), Answer::Gone);
}

#[test]
fn read_unprotect_erases_main_flash_and_resets() {
    let mut host = Host::meets("f405");
    host.points_at(0x0800_0000);
    assert_eq!(host.does(2, &[0; 4]), DONE);
    host.sends(0x01, 11, 1, &[]);
    assert_eq!(host.downloads(0, &[0x92]), Answer::Acknowledged);
    assert!(host.device.is_present());
    assert_eq!(host.get_status(), (0, 0, BUSY));
    assert_eq!(host.asks(0xA1, 3, 0, 6), Answer::Gone);
    assert!(host.device.plug_in(host.now));
    host.sends(0x00, 9, 1, &[]);
    host.is_told(0x0A);
    assert_eq!(host.reads(0x0800_0000, 4), Answer::Data(vec![0xFF; 4]));
}

#[test]
fn option_bytes_are_written_and_reset_the_chip() {
    let mut host = Host::meets("f405");
    host.sends(0x01, 11, 1, &[]);
    host.points_at(0x1FFF_C000);
    assert_eq!(host.downloads(2, &[0xA5; 16]), Answer::Acknowledged);
    assert_eq!(host.get_status(), (0, 0, BUSY));
    assert_eq!(host.asks(0xA1, 3, 0, 6), Answer::Gone);
    assert!(host.device.plug_in(host.now));
    host.sends(0x00, 9, 1, &[]);
    host.clear_status();
    host.sends(0x01, 11, 1, &[]);
    assert_eq!(host.reads(0x1FFF_C000, 16), Answer::Data(vec![0xA5; 16]));
}

#[test]
fn what_was_written_survives_plugging_in_again_and_the_state_does_not() {
    let mut host = Host::meets("h743");
    host.points_at(0x0800_0000);
    assert_eq!(host.does(2, &[0x77; 32]), DONE);
    host.downloads(0, &[]);
    host.get_status();
    assert!(host.device.plug_in(host.now));
    // Not configured yet.
    assert_eq!(host.asks(0xA1, 3, 0, 6), Answer::Stall);
    host.sends(0x00, 9, 1, &[]);
    assert_eq!(host.get_status(), (0, 0, IDLE));
    assert_eq!(host.uploads(2, 32), Answer::Data(vec![0x77; 32]));
}

#[test]
fn set_interface_leaves_state_and_address_pointer_alone() {
    let mut host = Host::meets("f405");
    host.points_at(0x0800_4000);
    assert_eq!(host.sends(0x01, 11, 1, &[]), Answer::Acknowledged);
    assert_eq!(host.get_status(), (0, 0, DOWNLOAD_IDLE));
    assert_eq!(host.does(2, &[0; 4]), (ERR_TARGET, ERROR));
    host.is_told(ERR_TARGET);
    assert_eq!(host.sends(0x01, 11, 0, &[]), Answer::Acknowledged);
    assert_eq!(host.does(2, &[0; 4]), DONE);
    assert_eq!(host.reads(0x0800_4000, 4), Answer::Data(vec![0; 4]));
}

#[test]
fn with_real_timing_work_takes_its_time_and_is_told() {
    let mut host = Host::meets("f405,timing=real");
    assert_eq!(
        host.downloads(0, &[0x41, 0x00, 0x00, 0x02, 0x08]),
        Answer::Acknowledged
    );
    assert_eq!(host.get_status(), (0, 1000, BUSY));
    host.now += Duration::from_millis(400);
    // 600 ms less what this GETSTATUS takes on the bus, rounded up.
    assert_eq!(host.get_status(), (0, 600, BUSY));
    assert_eq!(host.get_state(), Answer::Data(vec![BUSY]));
    // ABORT while busy is acknowledged and ignored.
    assert_eq!(host.aborts(), Answer::Acknowledged);
    host.now += Duration::from_millis(600);
    assert_eq!(host.get_status(), (0, 0, DOWNLOAD_IDLE));
}

#[test]
fn with_real_timing_a_write_of_2048_bytes_takes_its_words_and_the_bus() {
    let mut host = Host::meets("f405,timing=real");
    host.points_at(0x0800_0000);
    let begin = host.now;
    assert_eq!(host.downloads(2, &[0; 2048]), Answer::Acknowledged);
    assert_eq!(host.now - begin, Duration::from_micros(500 + 1800));
    // 512 words of 16 µs are 8.192 ms.
    assert_eq!(host.get_status(), (0, 9, BUSY));
    host.now += Duration::from_millis(9);
    assert_eq!(host.get_status(), (0, 0, DOWNLOAD_IDLE));
}

#[test]
fn a_download_while_real_work_goes_on_is_refused() {
    let mut host = Host::meets("f746,timing=real");
    assert_eq!(host.downloads(0, &[0x41]), Answer::Acknowledged);
    assert_eq!(host.get_status(), (0, 8000, BUSY));
    assert_eq!(host.downloads(0, &[0x41]), Answer::Stall);
    host.is_told(ERR_STALLED_PKT);
}
