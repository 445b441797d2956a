//! A diary for each quirk of plain DFU, with the device that is known for it.

use std::time::Duration;

use super::super::super::diary::*;
use super::super::super::transfer::Answer;
use crate::usb::descriptor::Descriptors;

const MANIFEST_SYNC: u8 = 6;
const MANIFEST_WAIT_RESET: u8 = 8;
const ERR_WRITE: u8 = 3;
const ERR_FIRMWARE: u8 = 10;
/// An image that begins with a stack pointer.
const IMAGE: [u8; 8] = [0x00, 0x50, 0x00, 0x20, 0x09, 0x20, 0x00, 0x08];

/// Chooses an alternate setting.
fn chooses(host: &mut Host, alternate_setting: u16) {
    assert_eq!(
        host.sends(0x01, 11, alternate_setting, &[]),
        Answer::Acknowledged
    );
}

/// A board that was given an image and told that this is all.
fn has_downloaded(spec: &str) -> Host {
    let mut host = Host::sees(spec);
    host.does_whatever_it_says(0, &IMAGE);
    assert_eq!(host.downloads(1, &[]), Answer::Acknowledged);
    host
}

fn is_gone(host: &mut Host) {
    assert_eq!(host.asks(0xA1, 3, 0, 6), Answer::Gone);
}

/// The ids and `bInterfaceProtocol` with which it is back, once its time has come.
#[track_caller]
fn is_back(host: &mut Host, after: Duration) -> (u16, u16, u8) {
    host.now += after;
    assert!(host.device.comes_back(host.now));
    let description = host.device.description();
    let (vendor_id, product_id) = description.ids();
    let said = Descriptors::parse(&description.device(), &description.configuration());
    let interfaces = said.expect("descriptors").interfaces;
    let protocol = interfaces.last().expect("DFU's").class[2];
    assert_eq!(host.sends(0x00, 9, 1, &[]), Answer::Acknowledged);
    (vendor_id, product_id, protocol)
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_maple_loses_its_place_when_it_is_asked_in_dfudnload_idle() {
    for asks_its_state in [false, true] {
        let mut host = Host::sees("maple");
        chooses(&mut host, 2);
        for (number, byte) in [(0, 1), (1, 2)] {
            host.downloads(number, &[byte; 4]);
            assert_eq!(host.get_status(), (0, 0, DOWNLOAD_IDLE));
        }
        match asks_its_state {
            true => assert_eq!(host.get_state(), Answer::Data(vec![IDLE])),
            false => assert_eq!(host.get_status(), (0, 0, IDLE)),
        }
        host.downloads(2, &[3; 4]);
        assert_eq!(host.get_status(), (0, 0, DOWNLOAD_IDLE));
        let flash = &host.device.main_flash()[0x2000..0x200C];
        assert_eq!(flash, [3, 3, 3, 3, 2, 2, 2, 2, 0xFF, 0xFF, 0xFF, 0xFF]);
    }
}

#[test]
fn a_maple_refuses_its_ram_and_forgets_why() {
    let mut host = Host::sees("maple");
    assert_eq!(host.downloads(0, &[1; 4]), Answer::Stall);
    assert_eq!(host.get_status(), (0, 0, ERROR));
    host.clear_status();
    chooses(&mut host, 1);
    host.does_whatever_it_says(0, &[1; 4]);
    assert_eq!(host.device.main_flash()[0x5000..0x5004], [1; 4]);
}

#[test]
fn a_maple_waits_for_a_reset_and_is_back_as_its_application() {
    let mut host = Host::sees("maple");
    chooses(&mut host, 2);
    host.does_whatever_it_says(0, &IMAGE);
    host.downloads(1, &[]);
    assert_eq!(host.get_status(), (0, 0, MANIFEST_WAIT_RESET));
    assert!(host.device.reset(host.now));
    assert_eq!(is_back(&mut host, SECOND), (0x1EAF, 0x0004, 1));
}

#[test]
fn a_maple_in_dfuidle_takes_no_notice_of_a_reset() {
    let mut host = Host::sees("maple");
    assert!(!host.device.reset(host.now));
    assert_eq!(host.sends(0x00, 9, 1, &[]), Answer::Acknowledged);
    assert_eq!(host.get_status(), (0, 0, IDLE));
}

#[test]
fn a_maple_with_an_application_starts_it_after_a_second_unless_asked_something() {
    let mut host = Host::sees("maple");
    host.now += 10 * SECOND;
    assert_eq!(host.get_status(), (0, 0, IDLE));
    let with_an_image = || {
        let mut host = Host::sees("maple");
        let mut flash = vec![0xFF; 148 << 10];
        flash[0x2000..0x2008].copy_from_slice(&IMAGE);
        host.device.put_main_flash(&flash);
        host.plugs_in_again_unasked();
        host
    };
    let mut host = with_an_image();
    host.now += SECOND / 2;
    assert_eq!(host.get_status(), (0, 0, IDLE));
    host.now += 10 * SECOND;
    assert_eq!(host.get_status(), (0, 0, IDLE));
    let mut host = with_an_image();
    host.now += SECOND;
    is_gone(&mut host);
    assert_eq!(is_back(&mut host, SECOND), (0x1EAF, 0x0004, 1));
}

#[test]
fn a_uboot_wants_blocks_in_order() {
    let mut host = Host::sees("uboot");
    host.does_whatever_it_says(0, &[1; 4]);
    host.downloads(2, &[2; 4]);
    host.is_told(ERR_UNKNOWN);
    // The error has cleaned up.
    host.does_whatever_it_says(0, &[3; 4]);
    // So does one in an upload, which is no error of its own.
    host.downloads(5, &[]);
    host.is_told(ERR_UNKNOWN);
    assert_eq!(host.uploads(1, 4), Answer::Stall);
    assert_eq!(host.aborts(), Answer::Acknowledged);
    assert_eq!(host.uploads(0, 4), Answer::Data(vec![0xFF; 4]));
}

#[test]
fn a_uboot_leaves_its_transaction_open_at_an_abort() {
    let mut host = Host::sees("uboot");
    host.does_whatever_it_says(0, &[1; 4]);
    host.does_whatever_it_says(1, &[1; 4]);
    assert_eq!(host.aborts(), Answer::Acknowledged);
    host.downloads(0, &[2; 4]);
    host.is_told(ERR_UNKNOWN);
    host.does_whatever_it_says(0, &[2; 4]);
    // An upload that was broken off, too.
    host.aborts();
    host.downloads(0, &[2; 4]);
    host.is_told(ERR_UNKNOWN);
    host.uploads(0, 4);
    host.aborts();
    host.downloads(0, &[3; 4]);
    host.is_told(ERR_UNKNOWN);
    host.does_whatever_it_says(0, &[4; 4]);
}

#[test]
fn a_uboot_that_was_read_to_the_short_block_takes_a_download() {
    let mut host = Host::sees("uboot");
    chooses(&mut host, 1);
    for number in 0..32 {
        assert_eq!(host.uploads(number, 4096), Answer::Data(vec![0xFF; 4096]));
    }
    assert_eq!(host.uploads(32, 4096), Answer::Data(Vec::new()));
    host.does_whatever_it_says(0, &[4; 4]);
}

#[test]
fn a_uboot_writes_at_the_end_and_hears_nothing_meanwhile() {
    let mut host = Host::sees("uboot");
    host.does_whatever_it_says(0, &[1; 4]);
    assert_eq!(host.downloads(1, &[]), Answer::Acknowledged);
    assert_eq!(host.device.main_flash()[..4], [0xFF; 4]);
    let begin = host.now;
    assert_eq!(host.get_status(), (0, 300, MANIFEST));
    host.now += Duration::from_millis(300);
    assert_eq!(host.get_status(), (0, 0, IDLE));
    assert_eq!(host.now - begin, 3 * SECOND);
    assert_eq!(host.device.main_flash()[..4], [1; 4]);
}

#[test]
fn a_uboot_whose_flush_fails_is_gone_for_good() {
    let mut host = has_downloaded("uboot,quirk=manifest=quits");
    assert_eq!(host.get_status(), (0, 300, MANIFEST));
    host.now += Duration::from_millis(300);
    is_gone(&mut host);
    assert!(!host.device.is_coming_back());
    assert_eq!(host.device.main_flash()[..4], [0xFF; 4]);
    // A Pluto doesn't come back as its application either.
    let mut host = has_downloaded("pluto,quirk=manifest=quits");
    host.get_status();
    host.now += Duration::from_millis(300);
    is_gone(&mut host);
    assert!(!host.device.is_coming_back());
}

#[test]
fn a_uboot_ignores_a_bare_reset_and_leaves_after_detach() {
    let mut host = Host::sees("uboot");
    assert!(!host.device.reset(host.now));
    host.sends(0x00, 9, 1, &[]);
    assert_eq!(host.sends(0x21, 0, 1000, &[]), Answer::Acknowledged);
    assert!(host.device.reset(host.now));
    // Or without a reset, a moment later.
    let mut host = Host::sees("pluto");
    let image = [1; 4];
    host.does_whatever_it_says(0, &image);
    host.downloads(1, &[]);
    host.get_status();
    assert_eq!(host.get_status(), (0, 0, IDLE));
    assert_eq!(host.sends(0x21, 0, 1000, &[]), Answer::Acknowledged);
    host.now += SECOND;
    is_gone(&mut host);
    assert_eq!(is_back(&mut host, SECOND), (0x0456, 0xB673, 1));
}

#[test]
fn a_manifestation_that_takes_seconds_says_how_many_are_left() {
    let mut host = has_downloaded("ubertooth,quirk=manifest-takes=3");
    assert_eq!(host.get_status(), (0, 3000, MANIFEST));
    host.now += SECOND;
    assert_eq!(host.get_status(), (0, 2000, MANIFEST));
    host.now += 2 * SECOND;
    assert_eq!(host.get_status(), (0, 0, IDLE));
}

#[test]
fn a_simtrace_stays_in_dfumanifest_sync_until_a_reset() {
    let mut host = has_downloaded("simtrace");
    for _ in 0..5 {
        assert_eq!(host.get_status(), (0, 0xFF_FFFF, MANIFEST_SYNC));
        host.now += 100 * SECOND;
    }
    assert_eq!(host.device.main_flash()[..8], IMAGE);
    assert!(host.device.reset(host.now));
}

#[test]
fn an_embassy_0_3_stays_in_dfumanifest_until_a_reset() {
    let mut host = Host::sees("embassy");
    assert_eq!(host.get_status(), (0, 50, IDLE));
    // DETACH is acknowledged, and nothing else.
    assert_eq!(host.sends(0x21, 0, 1000, &[]), Answer::Acknowledged);
    assert!(!host.device.reset(host.now));
    host.sends(0x00, 9, 1, &[]);
    assert_eq!(host.downloads(0, &IMAGE), Answer::Acknowledged);
    assert_eq!(host.get_status(), (0, 50, DOWNLOAD_IDLE));
    host.downloads(1, &[]);
    for _ in 0..5 {
        assert_eq!(host.get_status(), (0, 50, MANIFEST));
        host.now += 100 * SECOND;
    }
    assert!(host.device.reset(host.now));
    assert_eq!(is_back(&mut host, SECOND), (0xC0DE, 0xCAFE, 1));
}

#[test]
fn an_embassy_0_2_and_a_tinyusb_are_gone_before_they_have_answered() {
    for board in ["embassy-0.2", "tinyusb", "lpc", "esp32s2"] {
        let mut host = has_downloaded(board);
        is_gone(&mut host);
        assert_eq!(host.device.main_flash()[..8], IMAGE, "{board}");
        let shows_itself = ["embassy-0.2", "tinyusb"].contains(&board);
        assert_eq!(host.device.is_coming_back(), shows_itself, "{board}");
    }
}

#[test]
fn a_dapboot_answers_dfumanifest_and_is_gone() {
    let mut host = has_downloaded("dapboot");
    assert_eq!(host.get_status(), (0, 0, MANIFEST));
    is_gone(&mut host);
}

#[test]
fn a_dapboot_does_not_take_what_is_no_firmware() {
    let mut host = Host::sees("dapboot");
    assert_eq!(host.does(0, &[1; 8]), DONE);
    host.downloads(1, &[]);
    host.is_told(ERR_FIRMWARE);
}

#[test]
fn a_zephyr_is_in_dfuidle_without_dfumanifest_and_claims_256_ms() {
    let mut host = Host::sees("zephyr");
    chooses(&mut host, 1);
    assert_eq!(host.get_status(), (0, 256, IDLE));
    host.does_whatever_it_says(0, &IMAGE);
    host.downloads(1, &[]);
    assert_eq!(host.get_status(), (0, 256, IDLE));
    let flash = host.device.main_flash();
    assert_eq!(flash[256 << 10..][..8], IMAGE);
}

#[test]
fn a_zephyr_gives_the_whole_slot_with_what_was_in_it() {
    let mut host = Host::sees("zephyr");
    host.device.put_main_flash(&vec![0x5A; 512 << 10]);
    host.does_whatever_it_says(0, &IMAGE);
    host.downloads(1, &[]);
    host.get_status();
    let block = match host.uploads(0, 128) {
        Answer::Data(bytes) => bytes,
        other => panic!("{other:?}"),
    };
    assert_eq!((&block[..8], &block[8..]), (&IMAGE[..], &[0x5A; 120][..]));
    for number in 1..2048 {
        assert_eq!(host.uploads(number, 128), Answer::Data(vec![0x5A; 128]));
    }
    assert_eq!(host.uploads(2048, 128), Answer::Data(Vec::new()));
}

#[test]
fn a_zephyr_refuses_the_slot_that_runs_and_works_on_the_other_until_told_otherwise() {
    let mut host = Host::sees("zephyr");
    host.does_whatever_it_says(0, &[1; 8]);
    assert_eq!(host.device.main_flash()[256 << 10..][..8], [1; 8]);
    host.aborts();
    chooses(&mut host, 0);
    assert_eq!(host.downloads(0, &[2; 8]), Answer::Acknowledged);
    assert_eq!(host.get_status(), (ERR_WRITE, 256, ERROR));
}

#[test]
fn a_zephyr_built_with_usb_dfu_reboot_is_gone_after_500_ms() {
    let mut host = has_downloaded("mcuboot");
    assert_eq!(host.get_status(), (0, 256, MANIFEST_WAIT_RESET));
    host.now += Duration::from_millis(499);
    assert_eq!(host.get_status(), (0, 256, MANIFEST_WAIT_RESET));
    host.now += Duration::from_millis(1);
    is_gone(&mut host);
    assert_eq!(is_back(&mut host, SECOND), (0x2FE3, 0x0100, 1));
}

#[test]
fn a_tinyusb_is_in_dfuidle_again_after_a_reset_in_the_same_shape() {
    let mut host = Host::sees("tinyusb");
    assert_eq!(host.does(0, &[1; 8]), DONE);
    assert!(!host.device.reset(host.now));
    assert_eq!(host.sends(0x00, 9, 1, &[]), Answer::Acknowledged);
    assert_eq!(host.get_status(), (0, 0, IDLE));
}

#[test]
fn a_tinyusb_puts_a_block_where_its_number_says() {
    let mut host = Host::sees("tinyusb");
    assert_eq!(host.does(2, &[1; 512]), DONE);
    assert_eq!(host.does(0, &[2; 512]), DONE);
    let flash = host.device.main_flash();
    assert_eq!((flash[0], flash[512], flash[1024]), (2, 0xFF, 1));
}

#[test]
fn an_older_tinyusb_answers_whatever_comes_in_dfudnbusy_with_a_stall_and_dfuerror() {
    let mut host = Host::sees("tinyusb,quirk=busy=stall,quirk=block-takes=40");
    host.downloads(0, &[1; 8]);
    assert_eq!(host.get_status(), (0, 40, BUSY));
    host.now += Duration::from_millis(39);
    assert_eq!(host.asks(0xA1, 3, 0, 6), Answer::Stall);
    host.is_told(ERR_STALLED_PKT);
    host.downloads(0, &[1; 8]);
    host.get_status();
    host.now += Duration::from_millis(40);
    assert_eq!(host.get_status(), (0, 0, DOWNLOAD_IDLE));
}

#[test]
fn a_failure_is_told_at_the_block_that_was_chosen() {
    let errors = [
        ("err-target", 1),
        ("err-file", 2),
        ("err-write", 3),
        ("err-prog", 6),
        ("err-verify", 7),
        ("err-address", 8),
    ];
    for (name, status) in errors {
        let mut host = Host::sees(&format!("ubertooth,quirk={name}-at=1"));
        assert_eq!(host.does(0, &[1; 8]), DONE, "{name}");
        assert_eq!(host.does(1, &[1; 8]), (status, ERROR), "{name}");
        host.is_told(status);
        let mut host = has_downloaded(&format!("ubertooth,quirk=manifest={name}"));
        host.is_told(status);
    }
    let mut host = has_downloaded("ubertooth,quirk=manifest=err-firmware");
    host.is_told(ERR_FIRMWARE);
}

#[test]
fn a_download_that_fails_in_the_end_leaves_a_uboot_as_it_was() {
    let mut host = has_downloaded("uboot,quirk=manifest=err-verify");
    host.is_told(7);
    assert_eq!(host.device.main_flash()[..8], [0xFF; 8]);
    host.does_whatever_it_says(0, &IMAGE);
}

#[test]
fn an_openmoko_has_no_functional_descriptor_among_the_others_and_claims_hours() {
    let mut host = Host::sees("openmoko");
    let configuration = host.device.description().configuration();
    assert_eq!(configuration.len(), 9 + 6 * 9);
    assert!(configuration.chunks(9).all(|bytes| bytes[1] != 0x21));
    let expected = vec![9, 0x21, 0x01, 0xFF, 0, 0, 4, 0, 1];
    assert_eq!(host.asks(0x81, 6, 0x2100, 9), Answer::Data(expected));
    assert_eq!(host.get_status(), (0, 0xFF_FFFF, IDLE));
    // A SIMtrace refuses to tell it.
    let mut host = Host::sees("simtrace");
    assert_eq!(host.asks(0x81, 6, 0x2100, 9), Answer::Stall);
    assert_eq!(host.device.description().configuration().len(), 18);
}

#[test]
fn an_upload_can_be_the_image_alone_or_nothing_or_refused_although_it_is_promised() {
    let mut host = Host::sees("xmos");
    host.does_whatever_it_says(0, &IMAGE);
    host.aborts();
    assert_eq!(host.uploads(0, 64), Answer::Data(IMAGE.to_vec()));
    assert_eq!(host.get_status(), (0, 0, IDLE));
    let mut host = Host::sees("ubertooth,quirk=upload=nothing");
    assert_eq!(host.uploads(0, 64), Answer::Data(Vec::new()));
    assert_eq!(host.get_status(), (0, 0, IDLE));
    let mut host = Host::sees("ubertooth,quirk=upload=stall");
    assert_eq!(host.uploads(0, 64), Answer::Stall);
    host.is_told(ERR_STALLED_PKT);
}

#[test]
fn a_board_can_lie_about_its_tolerance() {
    let attributes = |host: &Host| host.device.description().configuration()[20];
    let mut host = has_downloaded("ubertooth,quirk=tolerant=denied");
    assert_eq!(attributes(&host), 0x03);
    host.get_status();
    assert_eq!(host.get_status(), (0, 0, IDLE));
    let mut host = has_downloaded("jabra,quirk=tolerant=claimed");
    assert_eq!(attributes(&host), 0x05);
    assert_eq!(host.get_status(), (0, 0, MANIFEST_WAIT_RESET));
}

#[test]
fn a_memory_can_keep_nothing_or_something_else() {
    let mut host = Host::sees("ubertooth,quirk=writes-nothing=0");
    assert_eq!(host.does(0, &IMAGE), DONE);
    assert_eq!(host.device.main_flash()[..8], [0xFF; 8]);
    let mut host = Host::sees("ubertooth,quirk=flipped-bit=0x00000002");
    assert_eq!(host.does(0, &IMAGE), DONE);
    assert_eq!(host.device.main_flash()[..4], [0x00, 0x50, 0x01, 0x20]);
}

#[test]
fn a_fomu_starts_what_it_was_given() {
    let mut host = has_downloaded("fomu");
    assert_eq!(host.get_status(), (0, 100, MANIFEST));
    is_gone(&mut host);
}
