//! How boards erase: for how long, and whether at all.

use super::*;

/// It says 100 ms, and it is 8 s at the least; up to 32 s in all are allowed.
#[test]
fn f405_mass_erase_takes_far_longer_than_it_says() {
    let done = check("f405,timing=real", "erase --all", |flash| flash.fill(0xFF));
    done.went_smoothly();
    assert!(done.seconds() > 8.0, "{}", done.result);
    let transfers = transfers("f405,timing=real", "erase --all");
    let claims = transfers
        .iter()
        .filter(|line| line.ends_with("(dfuDNBUSY, OK, 100 ms)"));
    assert_eq!(claims.count(), 80);
}

/// A DSO Nano's SPI flash takes 68 s: longer than any sector may.
#[test]
fn f103_mass_erase_of_spi_flash_takes_over_a_minute() {
    let done = check("f103,timing=real", "erase --all --alt 1", |_| {});
    done.went_smoothly();
    assert!(done.seconds() > 68.0, "{}", done.result);
    assert_eq!(done.number("verified_bytes"), 8 << 20);
}

/// Once for each sector: were it an error, there would not be tries enough.
#[test]
fn f411_refuses_a_getstatus_while_it_erases() {
    for board in ["f411", "f411,timing=real", "f411,quirk=stall-after-wait=5"] {
        let done = check(board, "erase 0x08000000+512K", |flash| flash.fill(0xFF));
        done.went_smoothly();
    }
    let transfers = transfers("f411", "erase 0x08000000");
    let refused = transfers.iter().filter(|line| line.ends_with("(STALL)"));
    assert_eq!(refused.count(), 1);
}

#[test]
fn l476_refuses_a_getstatus_while_it_erases() {
    let done = check("l476,timing=real", "erase 0x08000000+128K", |flash| {
        flash[..128 << 10].fill(0xFF);
    });
    done.went_smoothly();
}

/// It accepts a mass erase and erases nothing.
#[track_caller]
fn check_all(board: &str, sectors: u64) {
    let done = check(board, "erase --all", |flash| flash.fill(0xFF));
    done.went_smoothly();
    assert_eq!(done.number("erased_sectors"), sectors);
    assert_eq!(done.number("verified_bytes"), size(board) as u64);
    let blinky = sample("blinky.bin");
    let done = check(board, "flash blinky.dfu --mass-erase", |flash| {
        flash.fill(0xFF);
        flash[..blinky.len()].copy_from_slice(&blinky);
    });
    done.went_smoothly();
    assert_eq!(done.number("erased_sectors"), sectors);
}

#[test]
fn f767_mass_erase_that_erases_nothing_is_made_good_sector_by_sector() {
    check_all("f767", 12);
}

#[test]
fn h743_mass_erase_that_erases_nothing_is_made_good_sector_by_sector() {
    check_all("h743", 16);
}

/// And it has sectors of its own, which are not to be touched.
#[test]
fn class_sample_mass_erase_that_erases_nothing_is_made_good_sector_by_sector() {
    let done = check("class-sample", "erase --all", |flash| {
        flash[0xC000..].fill(0xFF);
    });
    done.went_smoothly();
    assert_eq!(done.number("erased_sectors"), 9);
    assert_text(
        "stderr",
        &done.stderr,
        "mass-erasing\nchecking for blank 976 KiB\nerasing 976 KiB\n",
    );
}

/// It stays in dfuDNBUSY for ever, with the sector erased.
#[test]
fn h743v9_wedges_in_bank_2_and_is_freed() {
    let done = check("h743v9", "erase 0x080E0000..0x08140000", |flash| {
        flash[0x0E_0000..0x14_0000].fill(0xFF);
    });
    // Bank 1 has one of the three sectors.
    assert_eq!(done.number("retries"), 2);
    assert_eq!(done.number("erased_sectors"), 3);
    assert_eq!(done.number("verified_bytes"), 3 * 128 * KIB);
}

#[test]
fn h743v9_is_flashed_across_the_banks() {
    let firmware = Firmware::raw(10_001);
    let done = check(
        "h743v9",
        &format!("flash {} --address 0x080FF000", firmware.path()),
        programmed(0x0E_0000..0x12_0000, 0xFF, &firmware.bytes, 0x0F_F000),
    );
    assert_eq!(done.number("retries"), 1);
    assert_eq!(done.number("verified_bytes"), 10_001);
}

/// A host that takes one that doesn't answer for a second for dead fails here.
#[test]
fn h743_blocks_inside_getstatus_for_as_long_as_it_erases() {
    let done = check("h743,timing=real", "erase 0x08020000+256K", |flash| {
        flash[0x2_0000..0x6_0000].fill(0xFF);
    });
    done.went_smoothly();
    assert!(done.seconds() > 2.0, "{}", done.result);
    // Longer than any other request may take: 10 s.
    let done = check("h743,timing=real", "erase --all", |flash| flash.fill(0xFF));
    done.went_smoothly();
    assert!(done.seconds() > 10.0, "{}", done.result);
}

/// It says 0 every time, and is deaf for 16 s then.
#[test]
fn mboot_never_says_how_long_it_takes_and_is_waited_for() {
    let done = check("mboot,timing=real", "erase --all", |flash| flash.fill(0xFF));
    done.went_smoothly();
    // 8 to 10 s were seen (micropython pull request 5730).
    assert!(done.seconds() > 8.0, "{}", done.result);
    let firmware = Firmware::raw(40_001);
    let done = check(
        "mboot,timing=real",
        &format!("flash {} --address 0x08000000", firmware.path()),
        programmed(0..0x1_0000, 0xFF, &firmware.bytes, 0),
    );
    done.went_smoothly();
}

/// Asking on and on would keep a board from its work, and a bus from its other boards.
#[test]
fn mboot_is_left_a_moment_between_two_questions() {
    let done = check(
        "f405,quirk=poll-timeout=zero,timing=real",
        "erase 0x08000000",
        |flash| flash[..0x4000].fill(0xFF),
    );
    // 250 ms, a millisecond for each question, and half of one on the bus.
    let requests = done.number("requests");
    assert!((100..250).contains(&requests), "{requests}");
}

/// Which does not know of the external flash.
#[test]
fn pybd_mass_erase_is_completed_sector_by_sector() {
    let done = check("pybd", "erase --all", |flash| flash.fill(0xFF));
    done.went_smoothly();
    assert_text(
        "stderr",
        &done.stderr,
        "mass-erasing\nchecking for blank 4 MiB\nerasing 2 MiB\n",
    );
}
