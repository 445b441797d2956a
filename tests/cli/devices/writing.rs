//! What boards do to what they are given to write.

use super::*;

/// It corrupts what is longer than 256 bytes and no multiple of 8.
#[test]
fn l476_gets_images_of_odd_lengths_byte_for_byte() {
    for (length, options) in [(1_usize, ""), (263, "--full"), (2049, ""), (5003, "--full")] {
        let firmware = Firmware::raw(length);
        let pages = 0x4000..0x4000 + length.next_multiple_of(2048);
        check(
            "l476",
            &format!("flash {} --address 0x08004000 {options}", firmware.path()),
            programmed(pages, 0xFF, &firmware.bytes, 0x4000),
        )
        .went_smoothly();
    }
}

/// Where one ends there is no room for a whole block: the other follows.
#[test]
fn l476_gets_two_elements_with_a_hole_between_them_byte_for_byte() {
    let file = sample("two-elements.dfu");
    // Prefix 11, target prefix 274; then each element with 8 bytes before its data.
    let first = &file[293..][..0x401];
    let second = &file[293 + 0x401 + 8..][..0x203];
    check("l476", "flash two-elements.dfu", |flash| {
        flash[..0x800].fill(0xFF);
        flash[..first.len()].copy_from_slice(first);
        flash[0x404..][..second.len()].copy_from_slice(second);
    })
    .went_smoothly();
}

#[test]
fn l476_gets_what_is_kept_around_an_image_byte_for_byte() {
    let firmware = Firmware::raw(301);
    check(
        "l476",
        &format!("flash {} --address 0x08000103 --preserve", firmware.path()),
        |flash| flash[0x103..][..301].copy_from_slice(&firmware.bytes),
    )
    .went_smoothly();
}

/// *The last* is what a ROM takes a short block for, so it gets none.
#[test]
fn h723_is_gone_after_a_short_block_and_gets_none_before_all_is_verified() {
    for length in [1_usize, 1025] {
        let firmware = Firmware::raw(length);
        for options in ["", "--full", "--mass-erase"] {
            let erased = match options {
                "--mass-erase" => size("h723"),
                _ => 0x2_0000,
            };
            let done = check(
                "h723",
                &format!("flash {} --address 0x08000000 {options}", firmware.path()),
                programmed(0..erased, 0xFF, &firmware.bytes, 0),
            );
            done.went_smoothly();
            assert_eq!(done.number("verified_bytes"), length as u64);
            assert_eq!(done.result["left"], true);
        }
    }
}

/// Erasing for the second would undo the first.
#[test]
fn g0b1_is_not_erased_under_the_first_of_two_targets() {
    let file = Firmware::dfuse(&[(0, 0x0800_0000, &[0x11; 64]), (2, 0x0800_0400, &[0x22; 64])]);
    for options in ["", "--full", "--mass-erase", "--preserve"] {
        let flash = FlashFile::full(size("g0b1"));
        stdfu("--sim")
            .arg(flash.board("g0b1"))
            .args(&format!("flash {} {options}", file.path()))
            .run()
            .says(
                7,
                "",
                "\
error: 20653172574B at 1-1: alternate setting 2 is a memory that another target of the file is for too, \
and both need the sector at 0x08000000
hint: Choose one of the file's targets with --alt.
",
            );
        flash.is_untouched();
    }
}

#[test]
fn g0b1_gets_two_targets_that_share_no_sector() {
    let file = Firmware::dfuse(&[(0, 0x0800_0000, &[0x11; 64]), (2, 0x0800_0800, &[0x22; 64])]);
    for (options, erased) in [
        ("", 0x1000),
        ("--full", 0x1000),
        ("--mass-erase", size("g0b1")),
    ] {
        let arguments = format!("flash {} {options}", file.path());
        check("g0b1", &arguments, |flash| {
            flash[..erased].fill(0xFF);
            flash[..64].fill(0x11);
            flash[0x800..][..64].fill(0x22);
        })
        .went_smoothly();
    }
}

/// External flash stands behind the internal one, in the same memory.
#[test]
fn pybd_external_flash_is_written_like_any_other() {
    let expected = vec![
        [0x0800_0000, 4, 32 * KIB],
        [0x0802_0000, 1, 128 * KIB],
        [0x0804_0000, 7, 256 * KIB],
        [0x8000_0000, 512, 4 * KIB],
    ];
    assert_eq!(
        memories("pybd"),
        [(0, "Internal Flash".to_owned(), expected)]
    );

    let firmware = Firmware::raw(5003);
    let external = 2 << 20;
    check(
        "pybd",
        &format!("flash {} --address 0x80001000", firmware.path()),
        programmed(
            external + 0x1000..external + 0x3000,
            0xFF,
            &firmware.bytes,
            external + 0x1000,
        ),
    )
    .went_smoothly();
}

#[test]
fn gd32vf103_is_erased_in_pages_of_1_kib_whatever_it_claims() {
    let blinky = sample("blinky.bin");
    check(
        "longan",
        "flash blinky.bin --address 0x08000400",
        programmed(0x400..0x1C00, 0xFF, &blinky, 0x400),
    )
    .went_smoothly();
    let done = check("longan", "erase --all", |flash| flash.fill(0xFF));
    assert_eq!(done.number("erased_sectors"), 128);
}

/// Its erased flash reads 0x00, and what is not erased can't be programmed.
#[test]
fn l072_is_blank_where_it_is_0x00() {
    let firmware = Firmware::raw(5003);
    check(
        "l072",
        &format!("flash {} --address 0x08000000", firmware.path()),
        programmed(0..5120, 0x00, &firmware.bytes, 0),
    )
    .went_smoothly();
    let done = check("l072", "erase --all", |flash| flash.fill(0x00));
    assert_eq!(done.number("verified_bytes"), 192 * KIB);
    assert_text(
        "stderr",
        &done.stderr,
        "mass-erasing\nchecking for blank 192 KiB\n",
    );
    let blank = stdfu("--json --sim l072 flash blinky.bin --address 0x08000000").run();
    assert_eq!(blank.boards(0)[0]["erased_sectors"], 0);
}

#[test]
fn f429_sectors_shrink_again_at_bank_2() {
    let firmware = Firmware::raw(24 << 10);
    check(
        "f429",
        &format!("flash {} --address 0x080FF000", firmware.path()),
        programmed(0x0E_0000..0x10_8000, 0xFF, &firmware.bytes, 0x0F_F000),
    )
    .went_smoothly();
}
