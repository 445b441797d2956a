//! A diary for each quirk, with the device that is known for it.

use super::super::Answer;
use super::super::diary::*;
use super::names::*;
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
