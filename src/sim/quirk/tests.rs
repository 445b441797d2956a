//! A diary for each quirk, with the device that is known for it.

use super::super::board::BOARDS;
use super::super::diary::*;
use super::super::spec::BoardSpec;
use super::super::transfer::Answer;
use super::*;

fn error(text: &str) -> String {
    Quirks::default()
        .ask_for(text)
        .expect_err("must be refused")
        .to_string()
}

#[test]
fn a_quirk_that_does_not_exist_is_told_with_those_that_do() {
    let message = error("no-acces");
    assert!(
        message.starts_with("there is no quirk \"no-acces\"; there are none, no-access, busy, ")
    );
}

#[test]
fn a_value_that_is_missing_too_much_or_nonsense_is_told_with_how_it_is_written() {
    let check = |text: &str, usage: &str| {
        assert_eq!(
            error(text),
            format!("{text:?} can't be read; the quirk is written {usage}")
        );
    };
    check("busy=1", "busy");
    check("write-protected", "write-protected=ADDRESS");
    check("write-protected=", "write-protected=ADDRESS");
    check("flipped-bit=0x1_0", "flipped-bit=ADDRESS");
    check("flipped-bit=0x100000000", "flipped-bit=ADDRESS");
}

#[test]
fn every_quirk_has_a_name_of_its_own_and_a_line_of_description() {
    for (index, quirk) in QUIRKS.iter().enumerate() {
        assert!(QUIRKS[..index].iter().all(|other| other.name != quirk.name));
        assert!(!quirk.description.is_empty(), "{}", quirk.name);
    }
}

#[test]
fn a_read_protected_f405_answers_errvendor_to_everything_until_it_is_unprotected() {
    let mut host = Host::meets("f405,quirk=read-protected");
    let commands = [
        &[0x21, 0x00, 0x00, 0x00, 0x08][..],
        &[0x41, 0x00, 0x00, 0x00, 0x08],
        &[0x41],
        &[0x00],
    ];
    for command in commands {
        assert_eq!(host.does(0, command), (ERR_VENDOR, ERROR), "{command:02x?}");
        host.is_told(ERR_VENDOR);
    }
    assert_eq!(host.does(2, &[0; 4]), (ERR_VENDOR, ERROR));
    host.is_told(ERR_VENDOR);
    for block in [0, 2] {
        assert_eq!(host.uploads(block, 4), Answer::Stall);
        host.is_told(ERR_VENDOR);
    }
    assert_eq!(host.downloads(0, &[0x92]), Answer::Acknowledged);
    assert_eq!(host.get_status(), (0, 0, BUSY));
    assert_eq!(host.asks(0xA1, 3, 0, 6), Answer::Gone);
    host.plugs_in_again();
    assert_eq!(host.reads(0x0800_0000, 4), Answer::Data(vec![0xFF; 4]));
}

#[test]
fn read_protection_is_still_there_after_plugging_in_again() {
    let mut host = Host::meets("f405,quirk=read-protected");
    host.plugs_in_again();
    assert_eq!(host.uploads(2, 4), Answer::Stall);
    host.is_told(ERR_VENDOR);
}

#[test]
fn a_write_protected_sector_of_an_f405_reports_success_and_stays_as_it_is() {
    let mut host = Host::meets("f405,quirk=write-protected=0x08007fff");
    host.points_at(0x0800_3FFC);
    // The end of a sector that can be written, and the beginning of the one that can't.
    assert_eq!(host.does(2, &[0x55; 8]), DONE);
    assert_eq!(
        host.reads(0x0800_3FFC, 8),
        Answer::Data([[0x55; 4], [0xFF; 4]].concat())
    );
    host.aborts();
    assert_eq!(host.does(0, &[0x41, 0x00, 0x40, 0x00, 0x08]), DONE);
    assert_eq!(host.does(0, &[0x41]), DONE);
}

#[test]
fn erasing_a_write_protected_sector_changes_nothing_and_is_no_error() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let file = folder.path().join("f405.bin");
    std::fs::write(&file, vec![0xA5; 1 << 20]).expect("a file");
    let mut host = Host::meets("f405,quirk=write-protected=0x08004000");
    host.device.keep_flash_in(&file).expect("of the right size");
    assert_eq!(host.does(0, &[0x41, 0x00, 0x40, 0x00, 0x08]), DONE);
    assert_eq!(host.does(0, &[0x41]), DONE);
    let flash = std::fs::read(&file).expect("a file");
    assert!(flash[0x4000..0x8000].iter().all(|byte| *byte == 0xA5));
    assert!(flash[..0x4000].iter().all(|byte| *byte == 0xFF));
    assert!(flash[0x8000..].iter().all(|byte| *byte == 0xFF));
}

#[test]
fn a_flipped_bit_is_wrong_whatever_is_programmed_and_blank_when_erased() {
    let mut host = Host::meets("f405,quirk=flipped-bit=0x08000002");
    assert_eq!(host.reads(0x0800_0000, 4), Answer::Data(vec![0xFF; 4]));
    host.aborts();
    host.points_at(0x0800_0000);
    assert_eq!(host.does(2, &[0x10; 4]), DONE);
    assert_eq!(
        host.reads(0x0800_0000, 4),
        Answer::Data(vec![0x10, 0x10, 0x11, 0x10])
    );
    host.aborts();
    assert_eq!(host.does(0, &[0x41, 0x00, 0x00, 0x00, 0x08]), DONE);
    host.points_at(0x0800_0000);
    assert_eq!(host.does(2, &[0x21; 4]), DONE);
    assert_eq!(
        host.reads(0x0800_0000, 4),
        Answer::Data(vec![0x21, 0x21, 0x20, 0x21])
    );
}

#[test]
fn none_takes_away_what_the_board_has_and_what_was_asked_for_before() {
    let mut plain = Host::sees("f405,quirk=read-protected,quirk=none");
    assert_eq!(plain.get_status(), (0, 0, IDLE));
    assert_eq!(plain.uploads(2, 1), Answer::Data(vec![0xFF]));
    let mut host = Host::sees("f405,quirk=none,quirk=err-firmware");
    host.is_told(0x0A);
}

#[test]
fn of_two_quirks_that_contradict_each_other_the_later_counts() {
    let mut host = Host::meets("f405,quirk=clear-status=stall");
    assert_eq!(host.clear_status(), Answer::Stall);
    host.is_told(ERR_STALLED_PKT);
    let mut host = Host::meets("h743,quirk=clear-status=stall,quirk=clear-status=error");
    assert_eq!(host.clear_status(), Answer::Acknowledged);
    host.is_told(ERR_UNKNOWN);
    let mut host = Host::meets("gd32vf103,quirk=leave=stays");
    assert_eq!(host.downloads(0, &[]), Answer::Acknowledged);
}

#[test]
fn a_quirk_about_what_a_board_does_not_have_is_refused() {
    let check = |spec: &str, expected: &str| {
        let error = spec.parse::<BoardSpec>().expect_err("must be refused");
        assert_eq!(error.to_string(), expected);
    };
    check(
        "f405,quirk=claims-512-pages",
        "f405 can't have the quirk claims-512-pages",
    );
    check(
        "f405,quirk=write-protected=0x08100000",
        "f405 has no memory at 0x08100000",
    );
    check(
        "longan,serial=3C4J,quirk=flipped-bit=0x08004000",
        "longan has no memory at 0x08004000",
    );
}

#[test]
fn every_quirk_of_the_table_of_boards_can_be_asked_for_by_its_name() {
    for board in BOARDS.iter() {
        for quirk in board.quirks {
            let mut quirks = Quirks::default();
            quirks.ask_for(&QuirkName::of(*quirk)).expect("a name");
            assert_eq!(quirks, Quirks::new(&[*quirk]), "{}", board.name);
        }
    }
}

#[test]
fn an_f405_claims_100_ms_for_a_mass_erase_that_takes_8_s() {
    let mut host = Host::meets("f405,timing=real");
    assert_eq!(host.downloads(0, &[0x41]), Answer::Acknowledged);
    assert_eq!(host.get_status(), (0, 100, BUSY));
    host.now += Duration::from_millis(100);
    assert_eq!(host.get_status(), (0, 100, BUSY));
    host.now += Duration::from_millis(7900);
    assert_eq!(host.get_status(), (0, 0, DOWNLOAD_IDLE));
    // For a sector it tells the truth.
    host.downloads(0, &[0x41, 0x00, 0x00, 0x02, 0x08]);
    assert_eq!(host.get_status(), (0, 1000, BUSY));
}

#[test]
fn an_f411_and_an_l476_stall_the_get_status_after_the_wait_without_an_error() {
    for board in ["f411", "l476"] {
        let mut host = Host::meets(board);
        host.downloads(0, &[0x41, 0x00, 0x00, 0x00, 0x08]);
        assert_eq!(host.get_status(), (0, 1, BUSY), "{board}");
        assert_eq!(host.asks(0xA1, 3, 0, 6), Answer::Stall, "{board}");
        assert_eq!(host.get_status(), (0, 0, DOWNLOAD_IDLE), "{board}");
        // Writing needs no such patience.
        assert_eq!(host.does(2, &[0; 8]), DONE, "{board}");
    }
}

#[test]
fn a_board_can_stall_several_get_status_after_the_wait() {
    let mut host = Host::meets("f405,quirk=stall-after-wait=3");
    host.downloads(0, &[0x41]);
    assert_eq!(host.get_status(), (0, 100, BUSY));
    for _ in 0..3 {
        assert_eq!(host.asks(0xA1, 3, 0, 6), Answer::Stall);
    }
    assert_eq!(host.get_status(), (0, 0, DOWNLOAD_IDLE));
}

#[test]
fn an_h743_of_v9_wedges_after_a_bank_2_erase_until_two_clear_status() {
    let mut host = Host::meets("h743v9");
    host.points_at(0x0810_0000);
    assert_eq!(host.does(2, &[0x5A; 32]), DONE);
    // The last sector of bank 1 is no trouble.
    assert_eq!(host.does(0, &[0x41, 0xFF, 0xFF, 0x0F, 0x08]), DONE);
    host.downloads(0, &[0x41, 0x00, 0x00, 0x10, 0x08]);
    for _ in 0..10 {
        assert_eq!(host.get_status(), (0, 100, BUSY));
        host.now += Duration::from_secs(10);
    }
    assert_eq!(host.aborts(), Answer::Acknowledged);
    assert_eq!(host.get_status(), (0, 100, BUSY));
    assert_eq!(host.clear_status(), Answer::Acknowledged);
    host.is_told(ERR_UNKNOWN);
    assert_eq!(host.uploads(2, 32), Answer::Data(vec![0xFF; 32]));
}

#[test]
fn an_h743_blocks_inside_get_status_for_the_length_of_an_erase() {
    let mut host = Host::meets("h743,timing=real");
    host.downloads(0, &[0x41, 0x00, 0x00, 0x00, 0x08]);
    let begin = host.now;
    assert_eq!(host.get_status(), (0, 0, BUSY));
    assert!(host.now - begin >= Duration::from_secs(1));
    assert_eq!(host.get_status(), (0, 0, DOWNLOAD_IDLE));
    assert!(host.now - begin < Duration::from_millis(1010));
}

#[test]
fn whoever_does_not_wait_for_a_blocking_h743_waits_with_the_next_request() {
    let mut host = Host::meets("h743,timing=real");
    host.downloads(0, &[0x41, 0x00, 0x00, 0x00, 0x08]);
    let begin = host.now;
    host.get_status();
    // Its patience was at its end after 300 ms.
    host.now = begin + Duration::from_millis(300);
    assert_eq!(host.get_state(), Answer::Data(vec![DOWNLOAD_SYNC]));
    assert!(host.now - begin >= Duration::from_secs(1));
}

#[test]
fn mboot_says_0_ms_and_the_next_request_waits() {
    let mut host = Host::meets("mboot,timing=real");
    host.downloads(0, &[0x41, 0x00, 0x00, 0x00, 0x08]);
    let begin = host.now;
    assert_eq!(host.get_status(), (0, 0, BUSY));
    assert!(host.now - begin < Duration::from_millis(10));
    assert_eq!(host.get_status(), (0, 0, DOWNLOAD_IDLE));
    // 32 KiB take 250 ms.
    let taken = host.now - begin;
    assert!(taken >= Duration::from_millis(250) && taken < Duration::from_millis(260));
}

#[test]
fn a_poll_timeout_can_be_zero_too_short_and_too_long() {
    let check = |quirk: &str, first: u32, after_500_ms: u32| {
        let mut host = Host::meets(&format!("f405,timing=real,quirk=poll-timeout={quirk}"));
        host.downloads(0, &[0x41, 0x00, 0x00, 0x02, 0x08]);
        assert_eq!(host.get_status(), (0, first, BUSY), "{quirk}");
        host.now += Duration::from_millis(500);
        assert_eq!(host.get_status(), (0, after_500_ms, BUSY), "{quirk}");
        host.now += Duration::from_millis(500);
        assert_eq!(host.get_status(), (0, 0, DOWNLOAD_IDLE), "{quirk}");
    };
    check("zero", 0, 0);
    check("short", 100, 50);
    // The request itself has taken half a millisecond.
    check("long", 3050, 1549);
}

#[test]
fn an_unknown_state_stands_for_busy() {
    let mut host = Host::meets("f405,quirk=unknown-state");
    host.downloads(0, &[0x41]);
    assert_eq!(host.get_status(), (0, 100, 42));
    assert_eq!(host.get_status(), (0, 0, DOWNLOAD_IDLE));
}

#[test]
fn mboot_tells_of_an_error_with_bstatus_ok_and_explains_it_once() {
    let mut host = Host::meets("mboot");
    host.downloads(0, &[0x21, 0x00, 0x00, 0x00, 0x20]);
    assert_eq!(host.whole_status(), [0, 0, 0, 0, BUSY, 0]);
    assert_eq!(host.whole_status(), [0, 0, 0, 0, ERROR, 32]);
    let explanation = host.asks(0x80, 6, 0x0320, 255);
    let Answer::Data(bytes) = explanation else {
        panic!("{explanation:?}");
    };
    assert_eq!(bytes[..6], [42, 3, b'A', 0, b'd', 0]);
    // And has forgotten it.
    assert_eq!(host.asks(0x80, 6, 0x0320, 255), Answer::Stall);
    assert_eq!(host.whole_status(), [0, 0, 0, 0, ERROR, 0]);
    assert_eq!(host.clear_status(), Answer::Acknowledged);
    assert_eq!(host.whole_status(), [0, 0, 0, 0, IDLE, 0]);
}

#[test]
fn an_explanation_that_nobody_read_is_gone_with_the_error() {
    let mut host = Host::meets("mboot");
    assert_eq!(host.uploads(1, 1), Answer::Stall);
    assert_eq!(host.whole_status(), [0, 0, 0, 0, ERROR, 32]);
    host.clear_status();
    assert_eq!(host.whole_status(), [0, 0, 0, 0, IDLE, 0]);
    assert_eq!(host.asks(0x80, 6, 0x0320, 255), Answer::Stall);
}

#[test]
fn st_s_class_sample_lists_three_commands_and_says_errvendor_for_what_failed() {
    let mut host = Host::meets("class-sample");
    assert_eq!(host.uploads(0, 64), Answer::Data(vec![0x00, 0x21, 0x41]));
    assert_eq!(host.does(0, &[0x92]), (ERR_STALLED_PKT, ERROR));
    host.is_told(ERR_STALLED_PKT);
    // Its own sectors are read-only.
    assert_eq!(
        host.does(0, &[0x41, 0x00, 0x00, 0x00, 0x08]),
        (ERR_VENDOR, ERROR)
    );
    host.is_told(ERR_VENDOR);
    host.points_at(0x0800_0000);
    assert_eq!(host.does(2, &[0; 4]), (ERR_VENDOR, ERROR));
    host.is_told(ERR_VENDOR);
    assert_eq!(
        host.does(0, &[0x21, 0x00, 0x00, 0x00, 0x20]),
        (ERR_TARGET, ERROR)
    );
}

#[test]
fn a_mass_erase_that_succeeds_erases_nothing_on_f767_h743_and_st_s_class_sample() {
    for board in ["f767", "h743", "class-sample", "f405,quirk=no-mass-erase"] {
        let mut host = Host::meets(board);
        host.points_at(0x0802_0000);
        assert_eq!(host.does(2, &[0x5A; 32]), DONE, "{board}");
        assert_eq!(host.does(0, &[0x41]), DONE, "{board}");
        let kept = host.reads(0x0802_0000, 32);
        assert_eq!(kept, Answer::Data(vec![0x5A; 32]), "{board}");
        host.aborts();
        assert_eq!(host.does(0, &[0x41, 0x00, 0x00, 0x02, 0x08]), DONE);
        let erased = host.reads(0x0802_0000, 32);
        assert_eq!(erased, Answer::Data(vec![0xFF; 32]), "{board}");
    }
}

#[test]
fn a_mass_erase_that_erases_nothing_takes_as_long_as_one_that_does() {
    let mut host = Host::meets("f767,timing=real");
    host.downloads(0, &[0x41]);
    assert_eq!(host.get_status(), (0, 16_000, BUSY));
}

#[test]
fn an_at32_is_in_the_wrong_state_after_read_unprotect_and_resets() {
    let mut host = Host::meets("at32");
    assert_eq!(host.downloads(0, &[0x92]), Answer::Acknowledged);
    assert_eq!(host.get_status(), (0, 0, DOWNLOAD_IDLE));
    assert_eq!(host.asks(0xA1, 3, 0, 6), Answer::Gone);
}

#[test]
fn an_l476_corrupts_lengths_over_256_that_are_no_multiple_of_8() {
    let check = |length: u16, expected_end: u8| {
        let mut host = Host::meets("l476");
        host.points_at(0x0800_0000);
        assert_eq!(host.does(2, &vec![0x0F; usize::from(length)]), DONE);
        let Answer::Data(bytes) = host.reads(0x0800_0000, length) else {
            panic!("readable");
        };
        let sure = usize::from(length.min(256));
        assert!(bytes[..sure].iter().all(|byte| *byte == 0x0F), "{length}");
        assert_eq!(bytes.last(), Some(&expected_end), "{length}");
    };
    check(255, 0x0F);
    check(256, 0x0F);
    check(257, 0xF0);
    check(264, 0x0F);
    check(2044, 0xF0);
    check(2048, 0x0F);
}

#[test]
fn a_block_address_can_count_by_the_length_of_the_request() {
    let mut host = Host::meets("f405,quirk=block-address=length");
    host.points_at(0x0800_0000);
    assert_eq!(host.does(5, &[1, 2, 3, 4]), DONE);
    assert_eq!(host.reads(0x0800_000C, 4), Answer::Data(vec![1, 2, 3, 4]));
    host.aborts();
    host.points_at(0x0800_0000);
    host.aborts();
    assert_eq!(host.uploads(8, 2), Answer::Data(vec![1, 2]));
    assert_eq!(host.uploads(9, 2), Answer::Data(vec![3, 4]));
    let mut host = Host::meets("f405,quirk=block-address=length,quirk=block-address=size");
    host.points_at(0x0800_0000);
    assert_eq!(host.does(5, &[1, 2, 3, 4]), DONE);
    assert_eq!(host.reads(0x0800_1800, 4), Answer::Data(vec![1, 2, 3, 4]));
}

#[test]
fn a_transfer_size_is_taken_as_said_and_as_1024_where_it_means_nothing() {
    let check = |said: &str, bytes: [u8; 2], taken: u16| {
        let mut host = Host::meets(&format!("f405,quirk=transfer-size={said}"));
        let Answer::Data(descriptor) = host.asks(0x80, 6, 0x2100, 9) else {
            panic!("present");
        };
        assert_eq!(descriptor[5..7], bytes, "{said}");
        assert!(matches!(host.uploads(2, taken), Answer::Data(_)), "{said}");
        host.aborts();
        assert_eq!(host.uploads(2, taken + 1), Answer::Stall, "{said}");
        host.is_told(ERR_STALLED_PKT);
        host.points_at(0x0800_0000);
        assert_eq!(host.does(3, &[7; 4]), DONE, "{said}");
        let address = 0x0800_0000 + u32::from(taken);
        assert_eq!(host.reads(address, 4), Answer::Data(vec![7; 4]), "{said}");
    };
    check("0", [0x00, 0x00], 1024);
    check("256", [0x00, 0x01], 256);
    check("1024", [0x00, 0x04], 1024);
    check("4096", [0x00, 0x10], 4096);
    check("0xFFFF", [0xFF, 0xFF], 1024);
    assert_eq!(
        error("transfer-size=65536"),
        "\"transfer-size=65536\" can't be read; the quirk is written transfer-size=SIZE"
    );
}

#[test]
fn an_oversize_download_can_stay_without_an_answer_and_changes_nothing() {
    let mut host = Host::meets("f405,quirk=oversize=silent");
    assert_eq!(host.downloads(2, &[0; 2049]), Answer::Silent);
    assert_eq!(host.get_status(), (0, 0, IDLE));
}

#[test]
fn functional_descriptors_stand_where_they_are_put() {
    let check = |spec: &str, expected: &[u8]| {
        let Answer::Data(bytes) = Host::meets(spec).asks(0x80, 6, 0x0200, 255) else {
            panic!("present");
        };
        let kinds: Vec<u8> = bytes.chunks(9).map(|bytes| bytes[1]).collect();
        assert_eq!(kinds, expected, "{spec}");
        assert_eq!(usize::from(bytes[2]), bytes.len(), "{spec}");
    };
    check("f746", &[2, 4, 4, 4, 0x21]);
    check(
        "f746,quirk=functional-descriptor=each",
        &[2, 4, 0x21, 4, 0x21, 4, 0x21],
    );
    check(
        "gd32vf103,quirk=functional-descriptor=last",
        &[2, 4, 4, 0x21],
    );
}

#[test]
fn a_c5_never_answers_for_its_functional_descriptor_and_stalls_a_needless_clear_status() {
    let mut host = Host::meets("c5");
    assert_eq!(host.asks(0x80, 6, 0x2100, 9), Answer::Silent);
    assert_eq!(host.get_status(), (0, 0, IDLE));
    assert_eq!(host.clear_status(), Answer::Stall);
    host.is_told(ERR_STALLED_PKT);
}

#[test]
fn a_layout_of_an_f427_claims_166_bytes_and_has_112() {
    let mut host = Host::meets("f427");
    let Answer::Data(bytes) = host.asks(0x80, 6, 0x0304, 255) else {
        panic!("present");
    };
    assert_eq!(bytes[..4], [166, 3, b'@', 0]);
    assert_eq!(bytes.len(), 112);
    // Other strings are as long as they say.
    let Answer::Data(bytes) = host.asks(0x80, 6, 0x0302, 255) else {
        panic!("present");
    };
    assert_eq!(usize::from(bytes[0]), bytes.len());
}

#[test]
fn a_layout_of_an_f429_has_garbage_after_it() {
    let Answer::Data(bytes) = Host::meets("f429").asks(0x80, 6, 0x0305, 255) else {
        panic!("present");
    };
    let text = "@Option Bytes  /0x1FFFC000/01*016 e/0x1FFEC000/01*016 e";
    assert_eq!(bytes[2 + 2 * (text.len() - 1)..][..2], [b'e', 0]);
    assert_eq!(bytes[2 + 2 * text.len()..][..4], [0xFF, 0x00, 0x12, 0x00]);
    assert_eq!(usize::from(bytes[0]), bytes.len());
}

#[test]
fn strings_can_be_missing() {
    let mut host = Host::meets("f405,quirk=strings=missing");
    for index in 1..=3 {
        assert_eq!(host.asks(0x80, 6, 0x0300 + index, 255), Answer::Stall);
    }
    assert!(matches!(host.asks(0x80, 6, 0x0304, 255), Answer::Data(_)));
    let mut host = Host::meets("f405,quirk=strings=no-layout");
    assert!(matches!(host.asks(0x80, 6, 0x0303, 255), Answer::Data(_)));
    assert_eq!(host.asks(0x80, 6, 0x0304, 255), Answer::Stall);
    let Answer::Data(bytes) = host.asks(0x80, 6, 0x0200, 18) else {
        panic!("present");
    };
    // iInterface.
    assert_eq!(bytes[17], 0);
}

#[test]
fn a_serial_number_can_be_spelled_in_bytes() {
    let mut host = Host::meets("f405,serial=AB,quirk=strings=eight-bit");
    assert_eq!(
        host.asks(0x80, 6, 0x0303, 255),
        Answer::Data(b"\x04\x03AB".to_vec())
    );
}

#[test]
fn a_g0b1_and_whoever_does_alike_shows_one_memory_behind_every_alternate_setting() {
    for spec in ["g0b1", "f746,quirk=shared-memory"] {
        let mut host = Host::meets(spec);
        host.points_at(0x0800_0000);
        assert_eq!(host.does(2, &[0x5A; 8]), DONE);
        host.aborts();
        host.sends(0x01, 11, 1, &[]);
        assert_eq!(host.uploads(2, 8), Answer::Data(vec![0x5A; 8]), "{spec}");
        let first = host.asks(0x80, 6, 0x0304, 255);
        assert_eq!(host.asks(0x80, 6, 0x0305, 255), first, "{spec}");
    }
}

#[test]
fn mboot_on_a_pybd_has_external_flash_that_a_mass_erase_leaves_alone() {
    let mut host = Host::meets("pybd");
    for address in [0x0800_0000, 0x801F_F000] {
        host.points_at(address);
        assert_eq!(host.does(2, &[0x5A; 8]), DONE);
    }
    // There is nothing between the two.
    host.downloads(0, &[0x21, 0x00, 0x00, 0x00, 0x09]);
    host.get_status();
    assert_eq!(host.whole_status()[4], ERROR);
    host.clear_status();
    assert_eq!(host.does(0, &[0x41]), DONE);
    assert_eq!(host.reads(0x0800_0000, 8), Answer::Data(vec![0xFF; 8]));
    host.aborts();
    assert_eq!(host.reads(0x801F_F000, 8), Answer::Data(vec![0x5A; 8]));
    host.aborts();
    assert_eq!(host.does(0, &[0x41, 0xFF, 0xFF, 0x1F, 0x80]), DONE);
    assert_eq!(host.reads(0x801F_F000, 8), Answer::Data(vec![0xFF; 8]));
}

#[test]
fn a_gd32vf103_claims_512_pages_and_its_serial_tells_how_many_of_1_kib_there_are() {
    let check = |serial: &str, pages: u32| {
        let mut host = Host::meets(&format!("longan,serial={serial}"));
        let claimed = "@Internal Flash  /0x08000000/512*002Kg";
        let Answer::Data(string) = host.asks(0x80, 6, 0x0304, 255) else {
            panic!("present");
        };
        let text: Vec<u8> = string[2..].iter().copied().step_by(2).collect();
        assert_eq!(text, claimed.as_bytes());
        let end = 0x0800_0000 + pages * 1024;
        assert_eq!(host.reads(end - 4, 5), Answer::Data(vec![0xFF; 4]));
        host.aborts();
        // A page has 1 KiB.
        for address in [0x0800_03FC, 0x0800_0400] {
            host.points_at(address);
            assert_eq!(host.does(2, &[0x12; 4]), DONE);
        }
        assert_eq!(host.does(0, &[0x41, 0x00, 0x00, 0x00, 0x08]), DONE);
        let expected = [[0xFF; 4], [0x12; 4]].concat();
        assert_eq!(host.reads(0x0800_03FC, 8), Answer::Data(expected));
    };
    check("3CBJ", 128);
    check("3C8J", 64);
    check("3C6J", 32);
    check("3C4J", 16);
}

#[test]
fn an_l4_with_empty_flash_says_that_it_leaves_and_stays() {
    let mut host = Host::meets("l476,quirk=leave=stays");
    assert_eq!(host.downloads(0, &[]), Answer::Acknowledged);
    assert_eq!(host.get_status(), (0, 0, 7));
    assert!(host.device.is_present());
    assert_eq!(host.get_status(), (0, 0, IDLE));
}

#[test]
fn a_c071_leaves_only_where_set_address_came_right_before() {
    for before in ["nothing", "an upload", "an erase", "an abort"] {
        let mut host = Host::meets("f405,quirk=leave=needs-address");
        host.points_at(0x0800_0000);
        match before {
            "an upload" => {
                host.aborts();
                assert_eq!(host.uploads(2, 4), Answer::Data(vec![0xFF; 4]));
                host.aborts();
            }
            "an erase" => assert_eq!(host.does(0, &[0x41, 0x00, 0x00, 0x00, 0x08]), DONE),
            "an abort" => assert_eq!(host.aborts(), Answer::Acknowledged),
            _ => {}
        }
        assert_eq!(host.downloads(0, &[]), Answer::Acknowledged);
        if before == "nothing" {
            assert_eq!(host.get_status(), (0, 0, MANIFEST));
            assert!(!host.device.is_present());
            continue;
        }
        host.is_told(ERR_UNKNOWN);
        assert!(host.device.is_present(), "{before}");
        // Clear, SET_ADDRESS, leave again.
        host.points_at(0x0800_0000);
        host.downloads(0, &[]);
        assert_eq!(host.get_status(), (0, 0, MANIFEST));
        assert!(!host.device.is_present(), "{before}");
    }
}

#[test]
fn a_board_can_refuse_to_leave() {
    let mut host = Host::meets("f405,quirk=leave=stall");
    host.points_at(0x0800_0000);
    for _ in 0..2 {
        assert_eq!(host.downloads(0, &[]), Answer::Stall);
        host.is_told(ERR_STALLED_PKT);
        assert!(host.device.is_present());
    }
}

#[test]
fn an_h723_is_gone_after_the_last_data_block_which_it_has_written() {
    let mut host = Host::meets("h723");
    host.points_at(0x0800_0000);
    assert_eq!(host.does(2, &[0x11; 1024]), DONE);
    assert_eq!(host.downloads(3, &[0x22; 32]), Answer::Acknowledged);
    assert_eq!(host.asks(0xA1, 3, 0, 6), Answer::Gone);
    assert!(!host.device.is_present());
    host.plugs_in_again();
    assert_eq!(host.reads(0x0800_0400, 32), Answer::Data(vec![0x22; 32]));
}

#[test]
fn a_board_that_comes_back_takes_its_time() {
    let mut host = Host::meets("f405,quirk=comes-back=5");
    host.downloads(0, &[]);
    host.get_status();
    assert!(!host.device.is_present());
    host.now += Duration::from_millis(4900);
    assert!(!host.device.plug_in(host.now));
    host.now += Duration::from_millis(100);
    host.plugs_in_again();
    assert_eq!(host.get_status(), (0, 0, IDLE));
}

#[test]
fn an_application_answers_for_itself_and_detaches_into_dfu_mode() {
    let mut host = Host::sees("f405,quirk=application");
    let Answer::Data(bytes) = host.asks(0x80, 6, 0x0200, 255) else {
        panic!("present");
    };
    // One alternate setting of class FE, subclass 1, protocol 1, and the functional descriptor.
    assert_eq!(
        bytes[9..20],
        [9, 4, 0, 0, 0, 0xFE, 1, 1, 4, 9, 0x21],
        "{bytes:02x?}"
    );
    assert_eq!(host.get_status(), (0, 0, 0));
    assert_eq!(host.get_state(), Answer::Data(vec![0]));
    assert_eq!(host.downloads(2, &[0; 4]), Answer::Stall);
    assert_eq!(host.uploads(2, 4), Answer::Stall);
    // DETACH.
    assert_eq!(host.sends(0x21, 0, 1000, &[]), Answer::Acknowledged);
    assert!(!host.device.is_present());
    host.now += Duration::from_secs(1);
    host.plugs_in_again();
    assert_eq!(host.get_status(), (0, 0, IDLE));
    // Leaving starts the application again.
    host.downloads(0, &[]);
    host.get_status();
    host.now += Duration::from_secs(1);
    assert!(host.device.plug_in(host.now));
    host.sends(0x00, 9, 1, &[]);
    assert_eq!(host.get_status(), (0, 0, 0));
}

/// What is in main flash of a board whose file holds its address in every byte of a page.
fn holds(host: &mut Host, address: u32) -> u8 {
    host.aborts();
    match host.reads(address, 1) {
        Answer::Data(bytes) => bytes[0],
        other => panic!("{address:#010x}: {other:?}"),
    }
}

#[test]
fn an_erase_can_take_more_than_its_sector() {
    let mut host = Host::meets("f103,quirk=erase-unit=0x800");
    let marks = [0x0800_3C00, 0x0800_4000, 0x0800_4400, 0x0800_4800];
    for address in marks {
        host.points_at(address);
        assert_eq!(host.does(2, &[0x5A; 2]), DONE);
    }
    // The second page of its unit.
    assert_eq!(host.does(0, &[0x41, 0x00, 0x44, 0x00, 0x08]), DONE);
    let left = marks.map(|address| holds(&mut host, address));
    assert_eq!(left, [0x5A, 0xFF, 0xFF, 0x5A]);
}

#[test]
fn a_chip_smaller_than_it_claims_wraps_round_where_it_is_read_written_and_erased() {
    let mut host = Host::meets("f103,quirk=true-size=0x10000");
    host.points_at(0x0801_4000);
    assert_eq!(host.does(2, &[0x5A; 4]), DONE);
    assert_eq!(holds(&mut host, 0x0800_4003), 0x5A);
    assert_eq!(holds(&mut host, 0x0801_4003), 0x5A);
    // Writing there again meets what is there.
    host.aborts();
    host.points_at(0x0800_4000);
    assert_eq!(host.does(2, &[0xA5; 4]), (ERR_PROG, ERROR));
    host.is_told(ERR_PROG);
    assert_eq!(host.does(0, &[0x41, 0x00, 0x40, 0x00, 0x08]), DONE);
    assert_eq!(holds(&mut host, 0x0801_4003), 0xFF);
}

#[test]
fn the_file_of_a_chip_smaller_than_it_claims_shows_each_byte_wherever_it_is_seen() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let file = folder.path().join("f103.bin");
    let before: Vec<u8> = (0..128).flat_map(|kib| [kib; 1024]).collect();
    std::fs::write(&file, &before).expect("a file");
    let mut host = Host::meets("f103,quirk=true-size=0x10000");
    host.device.keep_flash_in(&file).expect("of the right size");
    assert_eq!(holds(&mut host, 0x0801_4000), 0x10);
    host.aborts();
    assert_eq!(host.does(0, &[0x41, 0x00, 0x44, 0x01, 0x08]), DONE);
    let mut expected = before[..0x1_0000].repeat(2);
    for start in [0x4400, 0x1_4400] {
        expected[start..start + 0x400].fill(0xFF);
    }
    assert!(std::fs::read(&file).expect("a file") == expected);
}

#[test]
fn an_erase_can_hit_the_other_bank() {
    let mut host = Host::meets("f429,quirk=erase-hits-other-bank");
    let marks = [0x0800_4000, 0x0800_8000, 0x0810_4000, 0x0810_8000];
    for address in marks {
        host.points_at(address);
        assert_eq!(host.does(2, &[0x5A; 4]), DONE);
    }
    assert_eq!(host.does(0, &[0x41, 0x00, 0x40, 0x10, 0x08]), DONE);
    let left = marks.map(|address| holds(&mut host, address));
    assert_eq!(left, [0xFF, 0x5A, 0xFF, 0x5A]);
}

#[test]
fn the_first_erase_can_be_skipped_and_no_other() {
    let mut host = Host::meets("f405,quirk=erase-skipped-once");
    host.points_at(0x0800_0000);
    assert_eq!(host.does(2, &[0x5A; 4]), DONE);
    let erase = [0x41, 0x00, 0x00, 0x00, 0x08];
    assert_eq!(host.does(0, &erase), DONE);
    assert_eq!(holds(&mut host, 0x0800_0000), 0x5A);
    host.aborts();
    assert_eq!(host.does(0, &erase), DONE);
    assert_eq!(holds(&mut host, 0x0800_0000), 0xFF);
}

#[test]
fn a_wb55_swallows_what_is_written_to_secure_pages() {
    let mut host = Host::meets("wb55,quirk=write-protected=0x080C0000");
    host.points_at(0x080B_FFF8);
    assert_eq!(host.does(2, &[0x5A; 16]), DONE);
    assert_eq!(holds(&mut host, 0x080B_FFFF), 0x5A);
    assert_eq!(holds(&mut host, 0x080C_0000), 0xFF);
}

#[test]
fn the_address_pointer_moves_with_an_erase_a_set_interface_or_an_abort_after_an_upload() {
    // Where 01 is found that was written next to 0x08004000, and 02 next to 0x08000000.
    let check = |quirk: &str, act: &dyn Fn(&mut Host), expected: u8| {
        let mut host = Host::meets(&format!("f405{quirk}"));
        for (address, mark) in [(0x0800_0000, 2), (0x0800_4000, 1), (0x0800_8000, 3)] {
            host.points_at(address);
            assert_eq!(host.does(2, &[mark; 4]), DONE);
        }
        host.points_at(0x0800_4000);
        act(&mut host);
        // None but an ABORT out of dfuUPLOAD-IDLE moves it.
        host.aborts();
        assert_eq!(
            host.uploads(2, 4),
            Answer::Data(vec![expected; 4]),
            "{quirk}"
        );
    };
    let erases = |host: &mut Host| {
        assert_eq!(host.does(0, &[0x41, 0x00, 0x80, 0x00, 0x08]), DONE);
        host.points_at(0x0800_4000);
        assert_eq!(host.does(0, &[0x41, 0x00, 0x80, 0x00, 0x08]), DONE);
    };
    let chooses = |host: &mut Host| {
        assert_eq!(host.sends(0x01, 11, 0, &[]), Answer::Acknowledged);
    };
    let reads = |host: &mut Host| {
        host.aborts();
        assert_eq!(host.uploads(3, 4), Answer::Data(vec![0xFF; 4]));
    };
    for act in [&erases as &dyn Fn(&mut Host), &chooses, &reads] {
        check("", act, 1);
    }
    check(",quirk=pointer-moves=erase", &erases, 0xFF);
    check(",quirk=pointer-moves=set-interface", &chooses, 2);
    check(",quirk=pointer-moves=abort", &reads, 2);
}

#[test]
fn a_failure_can_be_told_by_bstatus_beside_dfudnload_idle() {
    let mut host = Host::meets("f405,quirk=error-in-idle");
    let nowhere = [0x21, 0x00, 0x00, 0x00, 0x20];
    assert_eq!(host.does(0, &nowhere), (ERR_TARGET, DOWNLOAD_IDLE));
    assert_eq!(host.get_status(), (0, 0, DOWNLOAD_IDLE));
    host.points_at(0x0800_0000);
    // Refused at once, it is in dfuERROR as ever.
    host.aborts();
    assert_eq!(host.uploads(1, 4), Answer::Stall);
    host.is_told(ERR_STALLED_PKT);
}

#[test]
fn a_board_can_claim_upload_and_refuse_it() {
    let mut host = Host::meets("f405,quirk=upload=stall");
    let Answer::Data(descriptor) = host.asks(0x80, 6, 0x2100, 9) else {
        panic!("present");
    };
    assert_eq!(descriptor[2], 0x0B);
    for block in [0, 2] {
        assert_eq!(host.uploads(block, 4), Answer::Stall);
        host.is_told(ERR_STALLED_PKT);
    }
}

/// A block of 2 KiB, and the two GETSTATUS; bStatus and bState at its end. It explains itself, once.
fn packs(host: &mut Host, block: u16, byte: u8) -> (u8, u8) {
    assert_eq!(host.downloads(block, &[byte; 2048]), Answer::Acknowledged);
    host.whole_status();
    let status = host.whole_status();
    (status[0], status[4])
}

const ERR_FILE: u8 = 2;

#[test]
fn mboot_with_packing_takes_an_image_from_its_first_block_on_and_in_order() {
    let mut host = Host::meets("mboot-packed");
    host.points_at(0x0800_8000);
    assert_eq!(packs(&mut host, 3, 1), (ERR_FILE, ERROR));
    host.clear_status();
    assert_eq!(packs(&mut host, 2, 1), DONE);
    assert_eq!(packs(&mut host, 3, 2), DONE);
    // The same once more is not the next.
    assert_eq!(packs(&mut host, 3, 2), (ERR_FILE, ERROR));
    host.clear_status();
    // And then it begins anew.
    assert_eq!(packs(&mut host, 4, 3), (ERR_FILE, ERROR));
    host.clear_status();
    assert_eq!(packs(&mut host, 2, 0xF0), DONE);
}

#[test]
fn mboot_with_packing_erases_by_itself_and_nothing_when_asked_to() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let file = folder.path().join("packed.bin");
    std::fs::write(&file, vec![0xA5; 2 << 20]).expect("a file");
    let mut host = Host::meets("mboot-packed");
    host.device.keep_flash_in(&file).expect("of the right size");
    for erase in [&[0x41, 0x00, 0x80, 0x00, 0x08][..], &[0x41]] {
        assert_eq!(host.does(0, erase), DONE);
    }
    assert!(
        std::fs::read(&file)
            .expect("a file")
            .iter()
            .all(|byte| *byte == 0xA5)
    );
    host.points_at(0x0800_8000);
    for block in 2..19 {
        assert_eq!(packs(&mut host, block, 0x5A), DONE);
    }
    let flash = std::fs::read(&file).expect("a file");
    let runs = [
        (0..0x8000, 0xA5),
        (0x8000..0x1_0800, 0x5A),
        (0x1_0800..0x1_8000, 0xFF),
        (0x1_8000..flash.len(), 0xA5),
    ];
    for (range, expected) in runs {
        assert!(
            flash[range.clone()].iter().all(|byte| *byte == expected),
            "{range:#x?}"
        );
    }
}

#[test]
fn mboot_with_packing_answers_an_upload_with_stale_bytes_and_errfile() {
    let mut host = Host::meets("mboot-packed");
    let Answer::Data(descriptor) = host.asks(0x80, 6, 0x2100, 9) else {
        panic!("present");
    };
    // It claims all abilities.
    assert_eq!(descriptor[2], 0x0B);
    host.points_at(0x0800_8000);
    assert_eq!(host.aborts(), Answer::Acknowledged);
    let stale = [0x21, 0x00, 0x80, 0x00, 0x08, 0x00, 0x00, 0x00];
    assert_eq!(host.uploads(2, 8), Answer::Data(stale.to_vec()));
    let status = host.whole_status();
    assert_eq!(
        (status[0], status[4], status[5]),
        (ERR_FILE, UPLOAD_IDLE, 32)
    );
    assert_eq!(host.aborts(), Answer::Acknowledged);
    assert_eq!(host.whole_status()[..5], [0, 0, 0, 0, IDLE]);
}
