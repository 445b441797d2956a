//! What is known of the chip that a memory is in, beyond what its string says.

use crate::chip::settings::Settings;
use crate::chip::{map, rom};

use super::MemoryLayout;

impl MemoryLayout {
    /// What it reads as when it is erased.
    pub fn erased_value(&self) -> u8 {
        let segments = self.segments.iter();
        let erasable = segments.filter(|segment| segment.access.erasable);
        map::erased_value(erasable.map(|segment| segment.sector_size))
    }

    /// Whether what was programmed twice, and not erased between, can still be read.
    pub fn bears_programming_twice(&self) -> bool {
        let sizes = self.segments.iter().map(|segment| segment.sector_size);
        !map::is_spoiled_by_programming_twice(sizes)
    }

    /// The settings that it holds; `None` for a memory that programs and their data go to.
    pub fn settings(&self) -> Option<Settings> {
        let segments = self.segments.iter();
        let parts = segments.map(|segment| (segment.address, segment.access.erasable));
        Settings::in_memory(&self.name, parts)
    }

    /// The memory that a board really has, where its string is known to be wrong.
    pub fn corrected(mut self, ids: (u16, u16), serial: Option<&str>) -> Self {
        if let [segment] = &mut self.segments[..] {
            let claimed = (segment.sectors, segment.sector_size);
            (segment.sectors, segment.sector_size) = rom::true_pages(ids, serial, claimed);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(layout: &str, expected: Option<Settings>) {
        let parsed = MemoryLayout::parse(layout).expect("a real string");
        assert_eq!(parsed.settings(), expected, "{layout}");
    }

    #[test]
    fn option_bytes_are_told_by_their_name_whatever_may_be_done_with_them() {
        let check = |layout| check(layout, Some(Settings::OptionBytes));
        check("@Option Bytes  /0x1FFFC000/01*016 e");
        check("@Option Bytes  /0x1FFFC000/01*016 g");
        check("@Option Bytes   /0x5200201C/01*128 e");
        check("@Option Bytes   /0x40022040/01*64 e");
        check("@Option byte   /0x1FFFF800/01*512g");
        check("@OB Bytes          /0x40022020/01*136 e");
    }

    #[test]
    fn one_time_programmable_memory_is_told_by_its_name() {
        let check = |layout| check(layout, Some(Settings::OneTime));
        check("@OTP Memory /0x1FFF7800/01*512 e,01*016 e");
        check("@OTP Memory   /0x0BFA0000/01*512 e");
        check("@OTP Memory   /0x08FFF000/01*01Ke");
    }

    #[test]
    fn an_stm32mp1_s_table_of_partitions_is_called_what_it_is() {
        check("@FlashLayout/0x00/1*256Ke", Some(Settings::FlashLayout));
    }

    #[test]
    fn other_settings_are_told_by_name_or_address() {
        let check = |layout| check(layout, Some(Settings::Other));
        check("@Device Feature/0xFFFF0000/01*004 e");
        check("@Device Feature/0xFFFF0000/01*004 g");
        check("@ENGI Bytes        /0x1FFF7500/01*768 e");
        check("@virtual/0xf1/1*512Be");
        check("@PMIC/0xf4/1*8Be");
    }

    #[test]
    fn what_programs_and_data_go_to_is_no_settings() {
        let check = |layout| check(layout, None);
        check("@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg");
        check("@Internal Flash  /0x08000000/12*001Ka,116*001Kg");
        check("@DATA Memory /0x08080000/2*3Ke");
        check("@SPI Flash : M25P64/0x00000000/64*064Kg,64*064Kg");
        check("@DCT Flash   /0x00000000/01*016Kg");
        check("@External Flash /0x90000000/1001*128Kg,3*128Kg,20*128Ka");
        check("@Flash/0x08020000/15*128Ke");
        check("@SRAM/0x24000000/01*252Ke");
        check("@NOR Flash : M29W128F/0x64000000/0256*64Kg");
    }

    #[test]
    fn an_h7_can_not_be_read_where_it_was_programmed_twice() {
        let check = |string, expected| {
            let layout = MemoryLayout::parse(string).expect("a real string");
            assert_eq!(layout.bears_programming_twice(), expected, "{string}");
        };
        check("@Internal Flash   /0x08000000/16*128Kg", false);
        check("@Internal Flash   /0x08000000/128*08Kg", false);
        check(
            "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg",
            true,
        );
        check(
            "@Internal Flash  /0x08000000/04*032Kg,01*128Kg,03*256Kg",
            true,
        );
        check("@SPI Flash : M25P64/0x00000000/64*064Kg,64*064Kg", true);
    }

    #[test]
    fn erased_flash_of_an_l072_and_an_l152_is_0x00_and_of_others_0xff() {
        let check = |string, expected| {
            let layout = MemoryLayout::parse(string).expect("a real string");
            assert_eq!(layout.erased_value(), expected, "{string}");
        };
        check("@Internal Flash  /0x08000000/1536*128g", 0x00);
        check("@Internal Flash   /0x08000000/120*128Ba,1416*128Bg", 0x00);
        check("@Internal Flash  /0x08000000/1024*256 g", 0x00);
        check(
            "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg",
            0xFF,
        );
        check("@Internal Flash  /0x08000000/0256*0002Kg", 0xFF);
        check("@Option Bytes  /0x1FFFC000/01*016 e", 0xFF);
    }

    #[test]
    fn a_gd32vf103_that_claims_512_pages_has_as_many_as_its_serial_says() {
        let check = |ids, serial, claimed, sectors, sector_size| {
            let layout = MemoryLayout::parse(claimed).expect("a real string");
            let [segment] = layout.corrected(ids, serial).segments[..] else {
                panic!("one segment");
            };
            assert_eq!(
                (segment.sectors, segment.sector_size),
                (sectors, sector_size),
                "{serial:?}"
            );
        };
        let gd32 = (0x28E9, 0x0189);
        let claimed = "@Internal Flash  /0x08000000/512*002Kg";
        for (serial, pages) in [("3CBJ", 128), ("3C8J", 64), ("3C6J", 32), ("3C4J", 16)] {
            check(gd32, Some(serial), claimed, pages, 1024);
        }
        check(gd32, Some("3CXJ"), claimed, 512, 2048);
        check(gd32, None, claimed, 512, 2048);
        check((0x0483, 0xDF11), Some("3CBJ"), claimed, 512, 2048);
        check(
            gd32,
            Some("3CBJ"),
            "@Internal Flash  /0x08000000/128*001Kg",
            128,
            1024,
        );
    }
}
