//! The boards of the sweep, and where on each an image goes.

use std::ops::Range;

/// A board, and where on it an image goes: over the border of two sectors, or over several pages.
#[derive(Debug)]
pub struct Target {
    pub board: &'static str,
    /// The file that keeps its flash, in KiB.
    pub kib: usize,
    /// Offset and length of the image in main flash.
    pub image: Range<usize>,
    /// The sectors that it touches.
    pub sectors: Range<usize>,
    /// Says so when main flash is read-protected: errVENDOR of another board's means something else.
    pub vendor_is_protection: bool,
}

const fn target(
    board: &'static str,
    kib: usize,
    image: Range<usize>,
    sectors: Range<usize>,
) -> Target {
    Target {
        board,
        kib,
        image,
        sectors,
        vendor_is_protection: true,
    }
}

/// Boards whose bootloader can't lift read protection.
const fn sample_code(target: Target) -> Target {
    Target {
        vendor_is_protection: false,
        ..target
    }
}

pub const TARGETS: [Target; 24] = [
    target("at32", 256, 0x4000..0x5194, 0x4000..0x5800),
    target("c5", 512, 0x5800..0x6994, 0x4000..0x8000),
    sample_code(target(
        "class-sample",
        1024,
        0xF600..0x1_0794,
        0xC000..0x2_0000,
    )),
    target("f072", 128, 0x0000..0x1194, 0x0000..0x1800),
    sample_code(target("f103", 128, 0x4000..0x5194, 0x4000..0x5400)),
    target("f405", 1024, 0x3600..0x4794, 0x0000..0x8000),
    target("f411", 512, 0x3600..0x4794, 0x0000..0x8000),
    target("f427", 1024, 0x3600..0x4794, 0x0000..0x8000),
    // Where sectors of 128 KiB end and the second bank begins with one of 16 KiB.
    target("f429", 2048, 0xF_F600..0x10_0794, 0xE_0000..0x10_4000),
    target("f746", 1024, 0x7600..0x8794, 0x0000..0x1_0000),
    target("f767", 2048, 0x7600..0x8794, 0x0000..0x1_0000),
    target("g0b1", 128, 0x0000..0x1194, 0x0000..0x1800),
    target("g474", 512, 0x4000..0x5194, 0x4000..0x5800),
    sample_code(target("gd32vf103", 128, 0x0000..0x1194, 0x0000..0x1400)),
    target("h723", 1024, 0x1_F600..0x2_0794, 0x0000..0x4_0000),
    target("h743", 2048, 0x1_F600..0x2_0794, 0x0000..0x4_0000),
    // Erasing in the second bank wedges it.
    target("h743v9", 2048, 0xF_F600..0x10_0794, 0xE_0000..0x12_0000),
    target("l072", 192, 0x0000..0x0A94, 0x0000..0x0B00),
    target("l476", 1024, 0x4000..0x5194, 0x4000..0x5800),
    sample_code(target("longan", 128, 0x0000..0x1194, 0x0000..0x1400)),
    sample_code(target("mboot", 2048, 0x7600..0x8794, 0x0000..0x1_0000)),
    sample_code(target("pybd", 4096, 0x7600..0x8794, 0x0000..0x1_0000)),
    target("u575", 2048, 0x5800..0x6994, 0x4000..0x8000),
    target("wb55", 1024, 0x4800..0x5994, 0x4000..0x6000),
];

/// What is found on one of [`TARGETS`] where flash is not as its layout says.
#[derive(Debug)]
pub struct Lie {
    pub board: &'static str,
    /// As it is written for `--sim`.
    pub quirk: &'static str,
    /// Where the image goes, where that is not as in [`TARGETS`].
    pub image: Option<(Range<usize>, Range<usize>)>,
}

const fn lie(board: &'static str, quirk: &'static str) -> Lie {
    Lie {
        board,
        quirk,
        image: None,
    }
}

pub const LIES: [Lie; 14] = [
    lie("f103", "erase-unit=0x800"),
    lie("f072", "erase-unit=0x1000"),
    lie("f405", "erase-unit=0x8000"),
    lie("g474", "erase-unit=0x2000"),
    lie("gd32vf103", "erase-unit=0x1000"),
    lie("l072", "erase-unit=0x400"),
    lie("l476", "erase-unit=0x1000"),
    lie("wb55", "erase-unit=0x8000"),
    lie("f072", "true-size=0x1000"),
    lie("f103", "true-size=0x800"),
    lie("l476", "true-size=0x1000"),
    lie("f405", "erase-skipped-once"),
    lie("l072", "erase-skipped-once"),
    // Into both halves.
    Lie {
        board: "f072",
        quirk: "erase-hits-other-bank",
        image: Some((0x0400..0x1_1000, 0x0000..0x1_1000)),
    },
];
