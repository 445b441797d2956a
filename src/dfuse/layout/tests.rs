//! Sectors and addresses.

use std::ops::RangeInclusive;

use super::*;

#[test]
fn access_is_said_in_words() {
    let check = |letter: u8, words: &str| {
        let access = Access::from_letter(letter).map(|access| access.to_string());
        assert_eq!(access.as_deref(), Some(words));
    };
    check(b'a', "read");
    check(b'b', "erase");
    check(b'c', "read, erase");
    check(b'd', "write");
    check(b'e', "read, write");
    check(b'f', "erase, write");
    check(b'g', "read, erase, write");
    check(b'G', "read, erase, write");
    let none = Access {
        readable: false,
        erasable: false,
        writable: false,
    };
    assert_eq!(none.to_string(), "nothing");
}

#[test]
fn sectors_ascend_whatever_the_order_of_the_groups() {
    let layout = MemoryLayout::parse("@Option Bytes/0x1FFFC000/02*016 e/0x1FFEC000/01*040 a")
        .expect("a layout");
    let sectors: Vec<_> = layout
        .sectors()
        .map(|sector| (sector.address, sector.size, sector.access.writable))
        .collect();
    assert_eq!(
        sectors,
        [
            (0x1FFE_C000, 40, false),
            (0x1FFF_C000, 16, true),
            (0x1FFF_C010, 16, true),
        ]
    );
}

#[test]
fn an_address_belongs_to_the_sector_it_lies_in() {
    // An F439: sectors shrink again at the second bank.
    let text = "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg,04*016Kg,01*064Kg,07*128Kg";
    let layout = MemoryLayout::parse(text).expect("a layout");
    let check = |addresses: RangeInclusive<u32>| {
        for address in [*addresses.start(), *addresses.end()] {
            let sector = layout.sector_at(address).expect("a sector");
            assert_eq!(sector.address, *addresses.start());
            assert_eq!(sector.end(), u64::from(*addresses.end()) + 1);
        }
    };
    check(0x0800_0000..=0x0800_3FFF);
    check(0x0800_C000..=0x0800_FFFF);
    check(0x0801_0000..=0x0801_FFFF);
    check(0x0802_0000..=0x0803_FFFF);
    check(0x080E_0000..=0x080F_FFFF);
    check(0x0810_0000..=0x0810_3FFF);
    check(0x081E_0000..=0x081F_FFFF);
    assert_eq!(layout.sector_at(0x07FF_FFFF), None);
    assert_eq!(layout.sector_at(0x0820_0000), None);
}

#[test]
fn a_gap_and_an_empty_segment_hold_no_address() {
    let layout =
        MemoryLayout::parse("@Flash/0x400/1*1Kg,0*1Kg/0x1000/1*1Kg,0*0a").expect("a layout");
    for address in [0, 0x3FF, 0x800, 0xFFF, 0x1400, u32::MAX] {
        assert_eq!(layout.sector_at(address), None, "{address:#010x}");
    }
    assert_eq!(layout.sectors().count(), 2);
}

#[test]
fn a_layout_may_fill_the_address_space() {
    let layout = MemoryLayout::parse("@All/0x0/1*2048Mg,2048*1Ma").expect("a layout");
    let ends: Vec<_> = layout.segments.iter().map(MemorySegment::end).collect();
    assert_eq!(ends, [1 << 31, 1 << 32]);
    assert_eq!(layout.segments[1].size(), 1 << 31);
    let last = layout.sector_at(u32::MAX).expect("a sector");
    assert_eq!((last.address, last.end()), (0xFFF0_0000, 1 << 32));
    assert_eq!(layout.sectors().last(), Some(last));
}
