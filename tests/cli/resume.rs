//! A flash that is cut short at any request: what is in flash then never starts half an application, and flashing again
//! puts it right.

use std::ops::Range;

use crate::firmware::Firmware;
use crate::run::{FlashFile, bytes, stdfu};

/// A board, and a session on it that is cut short.
struct Session {
    board: &'static str,
    /// Main flash, in bytes.
    size: usize,
    /// What erased flash reads as.
    blank: u8,
    /// Offsets of the sectors that the firmware lies in.
    sectors: Range<usize>,
    /// Where in flash it goes.
    offset: usize,
    options: &'static str,
}

/// A firmware that a Cortex-M would start: the initial stack pointer in RAM, and the reset vector inside.
fn firmware(offset: usize, length: usize, seed: u32) -> Vec<u8> {
    let mut firmware = bytes(length, seed);
    let reset = u32::try_from(0x0800_0000 + offset + 0x201).expect("a small number");
    firmware[..4].copy_from_slice(&0x2001_0000_u32.to_le_bytes());
    firmware[4..8].copy_from_slice(&(reset + 4 * (seed & 0xF)).to_le_bytes());
    firmware
}

/// Unplugs the board at every request of the session, and flashes again.
#[track_caller]
fn check(session: &Session, old: &[u8], new: &[u8]) {
    let Session {
        board,
        size,
        blank,
        offset,
        options,
        ..
    } = *session;
    let file = Firmware::of(new.to_vec(), "firmware.bin");
    let flash = FlashFile::full(size);
    let mut before = flash.before();
    before[offset..][..old.len()].copy_from_slice(old);
    // All that is in the sectors of the new image is erased with them, if they are erased at all.
    let sectors = session.sectors.clone();
    let address = 0x0800_0000 + offset;
    let flash_it = |fault: &str| {
        stdfu("--json --sim")
            .arg(flash.board(&format!("{board}{fault}")))
            .args(&format!(
                "flash {} --address {address:#010x} {options}",
                file.path()
            ))
            .run()
    };
    let assert_flashed = |when: &str| {
        let now = flash.now();
        assert!(now[offset..][..new.len()] == *new, "{when}: the image");
        let outside = |flash: &[u8]| [&flash[..sectors.start], &flash[sectors.end..]].concat();
        assert!(outside(&now) == outside(&before), "{when}: other sectors");
        for index in sectors.clone() {
            let in_image = (offset..offset + new.len()).contains(&index);
            let kept = now[index] == blank || now[index] == before[index];
            assert!(in_image || kept, "{when}: offset {index:#x}");
        }
    };

    flash.put(&before);
    let requests = flash_it("").boards(0)[0]["requests"]
        .as_u64()
        .expect("a number");
    assert_flashed("without a fault");
    let mut cut_short = 0;
    let mut violations = Vec::new();
    for request in 1..=requests {
        let when = format!("{board} {options}, unplug@{request}");
        flash.put(&before);
        let run = flash_it(&format!(",fault=unplug@{request}"));
        let now = flash.now();
        let in_place = now[offset..][..new.len()] == *new;
        let says = |text: &str| run.stderr.contains(text);
        let vectors = &now[offset..offset + 8];
        let starts = *vectors == old[..8] || *vectors == new[..8];
        let rules = [
            ("exit 0 is all in place", run.exit != 0 || in_place),
            // Before it was found, it is as good as not there.
            ("the exit code", matches!(run.exit, 0 | 3 | 8)),
            ("the reason", run.exit != 8 || says("the device is gone")),
            (
                "what was done",
                now == before || !says("nothing was erased or written"),
            ),
            ("half an application", now == before || in_place || !starts),
        ];
        let broken = rules.into_iter().filter(|(_, kept)| !kept);
        violations.extend(
            broken.map(|(rule, _)| format!("{when}: {rule}: {}\n{}", run.exit, run.stderr)),
        );
        cut_short += u32::from(run.exit == 8);
        let again = flash_it("");
        assert_eq!(again.exit, 0, "{when}, and again: {again:?}");
        assert_flashed(&when);
    }
    assert!(cut_short > 20, "{cut_short} of {requests}");
    let count = violations.len();
    violations.truncate(10);
    assert_eq!(count, 0, "the first of them:\n{}", violations.concat());
}

/// Two sectors of an F405: 16K, and 5K of the next.
fn f405(options: &'static str) -> Session {
    Session {
        board: "f405",
        size: 1 << 20,
        blank: 0xFF,
        sectors: 0..0x8000,
        offset: 0,
        options,
    }
}

/// Four pages of a G474, behind a bootloader that stays.
fn g474(options: &'static str) -> Session {
    Session {
        board: "g474",
        size: 512 << 10,
        blank: 0xFF,
        sectors: 0x4000..0x6000,
        offset: 0x4000,
        options,
    }
}

/// Thirty pages of an L072, whose erased flash reads 0x00.
fn l072(options: &'static str) -> Session {
    Session {
        board: "l072",
        size: 192 << 10,
        blank: 0x00,
        sectors: 0..0xF00,
        offset: 0,
        options,
    }
}

#[test]
fn another_firmware_is_replaced_wholly_or_not_started_on_an_f405() {
    let (old, new) = (firmware(0, 30_000, 1), firmware(0, 21_000, 2));
    check(&f405(""), &old, &new);
    check(&f405("--full"), &old, &new);
    check(&f405("--no-verify"), &old, &new);
}

#[test]
fn another_firmware_is_replaced_wholly_or_not_started_on_a_g474() {
    let (old, new) = (firmware(0x4000, 9000, 3), firmware(0x4000, 7000, 4));
    check(&g474(""), &old, &new);
    check(&g474("--full"), &old, &new);
    check(&g474("--stay"), &old, &new);
}

#[test]
fn another_firmware_is_replaced_wholly_or_not_started_on_an_l072() {
    let (old, new) = (firmware(0, 5000, 5), firmware(0, 3800, 6));
    check(&l072(""), &old, &new);
    check(&l072("--full"), &old, &new);
}

/// Then the vector table is the same before and after, and must not be there in between.
#[test]
fn a_firmware_that_differs_in_its_last_byte_is_replaced_wholly_or_not_started() {
    let old = firmware(0, 21_000, 1);
    let mut new = old.clone();
    new[20_999] ^= 1;
    check(&f405(""), &old, &new);
    let old = firmware(0x4000, 7000, 3);
    let mut new = old.clone();
    new[6999] ^= 1;
    check(&g474(""), &old, &new);
}

#[test]
fn a_mass_erase_is_no_danger_either() {
    let (old, new) = (firmware(0, 30_000, 1), firmware(0, 5000, 2));
    let session = Session {
        board: "gd32vf103",
        size: 128 << 10,
        blank: 0xFF,
        sectors: 0..128 << 10,
        offset: 0,
        options: "--mass-erase",
    };
    check(&session, &old, &new);
}
