//! Strings of real boards, and what lies beside the grammar.

use proptest::prelude::*;

use super::*;

#[test]
fn every_string_seen_in_the_field_is_read_as_the_fixture_says() {
    let mut rows = 0;
    for line in include_str!("../../../../tests/data/layouts.tsv")
        .lines()
        .skip(1)
    {
        let columns: Vec<&str> = line.split('\t').collect();
        let [device, alternate_setting, text, expected] = columns[..] else {
            panic!("a row has four columns: {line:?}");
        };
        let found = outline(&MemoryLayout::parse(text));
        assert_eq!(found, expected, "{device}, {alternate_setting}: {text:?}");
        rows += 1;
    }
    assert_eq!(rows, 110);
}

#[test]
fn names_lose_the_spaces_around_them_and_nothing_else() {
    let check = |text: &str, name: &str| {
        let layout = MemoryLayout::parse(text).expect("a layout");
        assert_eq!(layout.name, name);
    };
    check("@Internal Flash   /0x08000000/64*02Kg", "Internal Flash");
    check("@Device Feature/0xFFFF0000/01*004 e", "Device Feature");
    check(
        "@SPI Flash : M25P64/0x00000000/64*064Kg",
        "SPI Flash : M25P64",
    );
    check("@ OB Bytes /0x40022020/01*136 e", "OB Bytes");
    check("@/0x40022020/01*136 e", "");
}

#[test]
fn what_boards_write_in_their_own_way_is_read() {
    let check = |tail: &str, expected: &str| {
        let text = format!("@Flash/{tail}");
        assert_eq!(outline(&MemoryLayout::parse(&text)), expected, "{text:?}");
    };
    // Multipliers.
    check("0x0/1*16Kg", "0x00000000 1*16384 rew");
    check("0x0/1*16kg", "0x00000000 1*16384 rew");
    check("0x0/1*2Mg", "0x00000000 1*2097152 rew");
    check("0x0/1*2mg", "0x00000000 1*2097152 rew");
    check("0x0/1*16Bg", "0x00000000 1*16 rew");
    check("0x0/1*16.g", "0x00000000 1*16 rew");
    check("0x0/1*16 g", "0x00000000 1*16 rew");
    check("0x0/1*16g", "0x00000000 1*16 rew");
    // A 'b' is the multiplier where a type letter follows, else it is the type.
    check("0x0/1*16b", "0x00000000 1*16 e");
    check("0x0/1*16B", "0x00000000 1*16 e");
    check("0x0/1*16 b ,1*8a", "0x00000000 1*16 e; 0x00000010 1*8 r");
    check("0x0/1*16b/0x20/1*8a", "0x00000000 1*16 e; 0x00000020 1*8 r");
    check("0x0/1*16b$", "0x00000000 1*16 e");
    check("0x0/1*16be", "0x00000000 1*16 rw");
    check("0x0/1*16B  E", "0x00000000 1*16 rw");
    check("0x0/1*16 b", "0x00000000 1*16 e");
    check("0x0/1*16bb", "0x00000000 1*16 e");
    check("0x0/1*16Kb", "0x00000000 1*16384 e");
    // Types.
    check("0x0/1*1a", "0x00000000 1*1 r");
    check("0x0/1*1c", "0x00000000 1*1 re");
    check("0x0/1*1d", "0x00000000 1*1 w");
    check("0x0/1*1e", "0x00000000 1*1 rw");
    check("0x0/1*1f", "0x00000000 1*1 ew");
    check("0x0/1*1G", "0x00000000 1*1 rew");
    // Spaces, leading zeros, many sectors, none.
    check(
        " 0x8000000 / 02 * 010 K g , 1*1 a ",
        "0x08000000 2*10240 rew; 0x08005000 1*1 r",
    );
    check("0X0000000f/1536*0128g", "0x0000000f 1536*128 rew");
    check(
        "0x0/0*8Ka,0*0a,1*8Kg",
        "0x00000000 0*8192 r; 0x00000000 0*0 r; 0x00000000 1*8192 rew",
    );
    // Several groups, not ascending, touching.
    check(
        "0x400/1*1Ka/0x0/1*1Kg/0x900/1*1Ke",
        "0x00000400 1*1024 r; 0x00000000 1*1024 rew; 0x00000900 1*1024 rw",
    );
    // Up to the last address.
    check("0xFFFFFFFF/1*1a", "0xffffffff 1*1 r");
    check("0x0/4096*1Mg", "0x00000000 4096*1048576 rew");
}

#[test]
fn junk_after_the_last_segment_is_passed_over() {
    let check = |junk: &str| {
        let text = format!("@Flash/0x08000000/04*016Kg{junk}");
        let layout = MemoryLayout::parse(&text);
        assert_eq!(outline(&layout), "0x08000000 4*16384 rew", "{text:?}");
    };
    check("");
    check("  ");
    check("g");
    check("; rev 2");
    check("\0\0\0");
    check("\u{fffd}\u{1234},1*1Kg");
    check("\u{7f}/0x0/1*1Kg");
}

#[test]
fn a_string_without_at_sign_is_not_dfuse() {
    for text in [
        "",
        "Internal Flash",
        "/0x08000000/1*1Kg",
        "\u{e9}@",
        " @Flash",
    ] {
        assert_eq!(
            MemoryLayout::parse(text),
            Err(LayoutError::NotDfuse {
                text: text.to_owned()
            })
        );
    }
}

/// Each string is cut where reading must stop.
#[test]
fn a_malformed_layout_tells_where_and_what_was_expected() {
    let check = |read: &str, rest: &str, expected: Expected| {
        let text = format!("{read}{rest}");
        let error = LayoutError::Malformed {
            offset: read.len(),
            text,
            expected,
        };
        assert_eq!(MemoryLayout::parse(&format!("{read}{rest}")), Err(error));
    };
    // Cut short, at each place.
    check("@", "", Expected::Slash);
    check("@Internal Flash  ", "", Expected::Slash);
    check("@Internal Flash  /", "", Expected::Address);
    check("@Flash/", "0", Expected::Address);
    check("@Flash/0x", "", Expected::Address);
    check("@Internal Flash /0x08000000", "", Expected::Slash);
    check("@Flash/0x08000000/", "", Expected::Count);
    check("@Flash/0x08000000/12", "", Expected::Asterisk);
    check("@Flash/0x08000000/12*", "", Expected::Size);
    check("@Flash/0x08000000/12*001", "", Expected::AccessLetter);
    check("@Flash/0x08000000/12*001K", "", Expected::AccessLetter);
    check("@Flash/0x08000000/12*001a,", "", Expected::Count);
    check("@Flash/0x08000000/12*001a, ", "", Expected::Count);
    check("@Flash/0x08000000/12*001a/", "", Expected::Address);
    check("@Flash/0x08000000/12*001a/0x09000000/", "", Expected::Count);
    check(
        "@Flash/0x08000000/12*001a,",
        "\u{fffd}1*1a",
        Expected::Count,
    );
    check("@Fl", "\u{fc}sh/0x08000000/12*001a", Expected::Slash);
    // Something else in its place.
    check("@Flash/", "08000000/1*1Kg", Expected::Address);
    check("@Flash/0x", "g/1*1Kg", Expected::Address);
    check("@Flash/0x0800", "_0000/1*1Kg", Expected::Slash);
    check("@Flash/0x08000000/", "-1*1Kg", Expected::Count);
    check("@Flash/0x08000000/", "*1Kg", Expected::Count);
    check("@Flash/0x08000000/1", "x1Kg", Expected::Asterisk);
    check("@Flash/0x08000000/1*", "Kg", Expected::Size);
    check("@Flash/0x08000000/1*1K", "h", Expected::AccessLetter);
    check("@Flash/0x08000000/1*1K", "Kg", Expected::AccessLetter);
    check("@Flash/0x08000000/1*1", "@", Expected::AccessLetter);
    // Junk that could hide a segment.
    check("@Flash/0x08000000/1*1Kg", "1*1Kg", Expected::Separator);
    check("@Flash/0x08000000/1*1Kg ", "; 1*1Kg", Expected::Separator);
    check("@Flash/0x08000000/1*1Kg", "*", Expected::Separator);
    // Numbers out of range.
    check("@Flash/0x", "108000000/1*1Kg", Expected::Within32Bits);
    check("@Flash/0x0/", "4294967296*0a", Expected::Within32Bits);
    check("@Flash/0x0/1*", "4294967296a", Expected::Within32Bits);
    check("@Flash/0x0/0*", "4194304Kg", Expected::Within32Bits);
    check("@Flash/0x0/1*", "4096Mg", Expected::Within32Bits);
    check("@Flash/0x0/1*", "0Kg", Expected::SizeAboveZero);
    check("@Flash/0xFFFFFFFF/", "1*2a", Expected::WithinAddressSpace);
    check(
        "@Flash/0x1/",
        "4294967295*4194303Kg",
        Expected::WithinAddressSpace,
    );
    check(
        "@Flash/0xFFFFFC00/1*1Kg,",
        "1*1Kg",
        Expected::WithinAddressSpace,
    );
    // More sectors than there can be.
    check("@Flash/0x0/", "4294967295*1g", Expected::FewerSectors);
    check("@Flash/0x0/", "1048577*1Kg", Expected::FewerSectors);
    check(
        "@Flash/0x0/1*1g,1048575*1Kg,",
        "1*1g",
        Expected::FewerSectors,
    );
    // Segments over one another; the later of the two is named.
    check("@Flash/0x0/4*1Kg/0xC00/", "1*1Kg", Expected::NoOverlap);
    check(
        "@Flash/0xC00/1*1Kg/0x0/1*1Kg,",
        "4*1Kg",
        Expected::NoOverlap,
    );
    check("@Flash/0x0/4*1Kg/0x0/0*1Kg,", "1*1Kg", Expected::NoOverlap);
}

#[test]
fn an_error_says_what_was_expected_and_what_was_found() {
    let check = |text: &str, message: &str| {
        let error = MemoryLayout::parse(text).expect_err("no layout");
        assert_eq!(error.to_string(), message);
    };
    check(
        "Internal Flash",
        r#""Internal Flash" is not a DfuSe memory layout: it does not begin with '@'"#,
    );
    check(
        "@Flash/0x08000000",
        r#"the memory layout "@Flash/0x08000000" can't be read at offset 17: expected '/', found the end"#,
    );
    check(
        "@Flash/0x0/4*1Kh,1*1Kg",
        r#"the memory layout "@Flash/0x0/4*1Kh,1*1Kg" can't be read at offset 15: expected a letter from a to g, found "h""#,
    );
    check(
        "@Flash/0x0/,1*1Kg",
        r#"the memory layout "@Flash/0x0/,1*1Kg" can't be read at offset 11: expected a number of sectors, found ",""#,
    );
    check(
        "@Flash/\0",
        r#"the memory layout "@Flash/\0" can't be read at offset 7: expected an address such as 0x08000000, found "\0""#,
    );
    check(
        "@Flash/0x0/4*1Kg/0x400/1*2Kg",
        r#"the memory layout "@Flash/0x0/4*1Kg/0x400/1*2Kg" can't be read at offset 23: expected a segment that overlaps no other, found "1*2Kg""#,
    );
}

proptest! {
    #[test]
    fn no_string_makes_the_parser_panic(text in any::<String>()) {
        check_whatever_it_is(&text)?;
        check_whatever_it_is(&format!("@{text}"))?;
        check_whatever_it_is(&format!("@Flash/0x08000000/04*016Kg{text}"))?;
    }

    #[test]
    fn no_string_of_the_grammars_pieces_makes_the_parser_panic(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..24),
    ) {
        check_whatever_it_is(&pieces.concat())?;
        check_whatever_it_is(&format!("@Flash/0x08000000/{}", pieces.concat()))?;
    }

    #[test]
    fn a_layout_cut_or_changed_anywhere_makes_no_panic(
        groups in groups(),
        at in any::<prop::sample::Index>(),
        other in any::<char>(),
    ) {
        let text = written(&groups);
        let at = at.index(text.len());
        check_whatever_it_is(&text[..at])?;
        check_whatever_it_is(&format!("{}{other}{}", &text[..at], &text[at + 1..]))?;
    }

    #[test]
    fn a_layout_is_read_as_it_was_written_unless_it_overlaps(groups in groups()) {
        let text = written(&groups);
        let expected = segments(&groups);
        let overlap = expected.iter().enumerate().any(|(index, one)| {
            expected[..index].iter().any(|other| overlaps(one, other))
        });
        match MemoryLayout::parse(&text) {
            Ok(layout) => {
                prop_assert!(!overlap, "{text}");
                prop_assert_eq!(layout.segments, expected);
            }
            Err(LayoutError::Malformed { expected: Expected::NoOverlap, .. }) => {
                prop_assert!(overlap, "{text}");
            }
            Err(error) => prop_assert!(false, "{error}"),
        }
        check_whatever_it_is(&text)?;
    }
}

/// What strings near the grammar are made of.
const PIECES: &[&str] = &[
    "@",
    "/",
    "/0x",
    "0x08000000",
    "0xFFFFFFFF",
    "08",
    "0",
    "1",
    "04",
    "1001",
    "4294967295",
    "99999999999",
    "*",
    "*016",
    "K",
    "M",
    "B",
    "b",
    ".",
    "a",
    "e",
    "g",
    "G",
    "h",
    " ",
    ",",
    ",1*1Kg",
    "/0x0/1*1Kg",
    "\0",
    "\u{e9}",
    "\u{fffd}",
    "-",
    "+",
];

/// One group: its address, and segments of count, size, multiplier and type letter.
type Group = (u32, Vec<(u32, u32, &'static str, char)>);

/// Of few addresses and small sizes, so that some groups touch and some overlap.
fn groups() -> impl Strategy<Value = Vec<Group>> {
    let segment = (
        0..20u32,
        1..40u32,
        prop::sample::select(&["", " ", "B", ".", "K"][..]),
        prop::char::range('a', 'g'),
    );
    let address = (0..64u32).prop_map(|index| 0x0800_0000 + index * 0x4000);
    prop::collection::vec((address, prop::collection::vec(segment, 1..4)), 1..4)
}

fn written(groups: &[Group]) -> String {
    let mut text = "@Internal Flash  ".to_owned();
    for (address, segments) in groups {
        let segments: Vec<_> = segments
            .iter()
            .map(|(count, size, multiplier, letter)| {
                format!("{count:02}*{size:03}{multiplier}{letter}")
            })
            .collect();
        text += &format!("/0x{address:08X}/{}", segments.join(","));
    }
    text
}

fn segments(groups: &[Group]) -> Vec<MemorySegment> {
    let mut expected = Vec::new();
    for (address, segments) in groups {
        let mut address = *address;
        for &(sectors, size, multiplier, letter) in segments {
            let sector_size = if multiplier == "K" { size * 1024 } else { size };
            expected.push(MemorySegment {
                address,
                sectors,
                sector_size,
                access: Access {
                    readable: "aceg".contains(letter),
                    erasable: "bcfg".contains(letter),
                    writable: "defg".contains(letter),
                },
            });
            address += sectors * sector_size;
        }
    }
    expected
}

fn overlaps(one: &MemorySegment, other: &MemorySegment) -> bool {
    let start = one.address.max(other.address);
    u64::from(start) < one.end().min(other.end())
}

/// What holds for every string: it's refused with an offset inside it, or its sectors ascend, never overlap and
/// are found again by their addresses.
fn check_whatever_it_is(text: &str) -> Result<(), TestCaseError> {
    let layout = match MemoryLayout::parse(text) {
        Ok(layout) => layout,
        Err(error) => {
            let quoted = format!("{text:?}");
            prop_assert!(error.to_string().contains(&quoted));
            if let LayoutError::Malformed { offset, .. } = error {
                prop_assert!(text.is_char_boundary(offset));
            }
            return Ok(());
        }
    };
    let expected: u64 = layout
        .segments
        .iter()
        .map(|segment| u64::from(segment.sectors))
        .sum();
    let mut end = 0;
    let mut count = 0;
    for sector in layout.sectors().take(3000) {
        prop_assert!(u64::from(sector.address) >= end, "{text:?}");
        prop_assert!(sector.size > 0);
        prop_assert!(sector.end() <= 1 << 32);
        let last = u32::try_from(sector.end() - 1).expect("within 32 bits");
        prop_assert_eq!(layout.sector_at(sector.address), Some(sector));
        prop_assert_eq!(layout.sector_at(last), Some(sector));
        // In the gap before this sector there is none.
        if end < u64::from(sector.address) {
            prop_assert_eq!(layout.sector_at(sector.address - 1), None);
            let gap = u32::try_from(end).expect("below an address");
            prop_assert_eq!(layout.sector_at(gap), None);
        }
        end = sector.end();
        count += 1;
    }
    prop_assert_eq!(count, expected.min(3000));
    match u32::try_from(end) {
        Ok(address) if count == expected => {
            prop_assert_eq!(layout.sector_at(address), None);
        }
        _ => {}
    }
    Ok(())
}

/// The segments as in the fixture: address, count `*` bytes, and r, e, w for what is allowed.
fn outline(result: &Result<MemoryLayout, LayoutError>) -> String {
    let layout = match result {
        Ok(layout) => layout,
        Err(LayoutError::NotDfuse { .. }) => return "not DfuSe".to_owned(),
        Err(LayoutError::Malformed { .. }) => return "malformed".to_owned(),
    };
    let segments: Vec<_> = layout
        .segments
        .iter()
        .map(|segment| {
            let Access {
                readable,
                erasable,
                writable,
            } = segment.access;
            format!(
                "{:#010x} {}*{} {}{}{}",
                segment.address,
                segment.sectors,
                segment.sector_size,
                if readable { "r" } else { "" },
                if erasable { "e" } else { "" },
                if writable { "w" } else { "" },
            )
        })
        .collect();
    segments.join("; ")
}
