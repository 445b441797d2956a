//! Whether a board's chip can be of the family that a UF2 file names.

use crate::chip::family::{Family, Maker};
use crate::chip::map::FLASH;
use crate::chip::rom::ST_ROM;
use crate::image::Image;

use super::board_facts::BoardFacts;
use super::error::PlanError;

/// Refuses an image for a family that the board's chip is surely not of.
pub fn check(image: &Image, board: BoardFacts<'_>) -> Result<(), PlanError> {
    match image.family {
        Some(family) if !can_be(family, board) => Err(PlanError::OtherFamily { family }),
        _ => Ok(()),
    }
}

/// Whether the board's chip can be of the family, by its ids and, where they are those of ST's ROMs, by its flash. A
/// bootloader with ids of its own can be on any chip, and can show flash as it likes.
fn can_be(family: Family, board: BoardFacts<'_>) -> bool {
    let (vendor_id, product_id) = board.ids;
    match (family.maker(), Maker::of_vendor(vendor_id)) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(theirs), Some(ours)) if theirs != ours => false,
        (Some(Maker::St), _) if product_id == ST_ROM => begins_as(family, board),
        (Some(_), Some(_)) => true,
    }
}

/// Whether the board's flash begins with a sector as the family has it, if it shows that one and if that is known.
fn begins_as(family: Family, board: BoardFacts<'_>) -> bool {
    let first = board.main_memory().layout.sector_at(FLASH.address);
    first.is_none_or(|sector| family.can_begin_with(sector.size))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dfuse::plan::board_facts::Memory;

    /// Whether boards with these ids and this main flash take the family with this number.
    fn takes(id: u32, ids: (u16, u16), layout: &str) -> bool {
        let memories = Memory::of_strings(&[layout]);
        let board = BoardFacts {
            ids,
            ..BoardFacts::of_st(&memories)
        };
        can_be(Family(id), board)
    }

    const ST: u16 = 0x0483;
    const GIGADEVICE: u16 = 0x28E9;
    const ARTERY: u16 = 0x2E3C;

    const F1: u32 = 0x5EE2_1072;
    const F4: u32 = 0x5775_5A57;
    const F7: u32 = 0x53B8_0F00;
    const H7: u32 = 0x6DB6_6082;
    const GD32VF103: u32 = 0x9AF0_3E33;
    const AT32F415: u32 = 0xA0C9_7B8E;
    const RP2040: u32 = 0xE48B_FF56;
    const UNKNOWN: u32 = 0x1234_5678;
    const ALL: [u32; 8] = [F1, F4, F7, H7, GD32VF103, AT32F415, RP2040, UNKNOWN];

    #[track_caller]
    fn check(ids: (u16, u16), layout: &str, expected: &[u32]) {
        let found: Vec<u32> = ALL
            .into_iter()
            .filter(|id| takes(*id, ids, layout))
            .collect();
        assert_eq!(found, expected, "{layout}");
    }

    #[test]
    fn the_flash_of_a_rom_tells_families_apart() {
        let check = |layout, expected: &[u32]| check((ST, ST_ROM), layout, expected);
        // Of F4, of F72x, of F74x, of H7, of H7A3, of F105.
        check(
            "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg",
            &[F4, F7],
        );
        check(
            "@Internal Flash  /0x08000000/04*032Kg,01*128Kg,03*256Kg",
            &[F7],
        );
        check("@Internal Flash   /0x08000000/16*128Kg", &[H7]);
        check("@Internal Flash   /0x08000000/256*08Kg", &[H7]);
        check("@Internal Flash  /0x08000000/128*002Kg", &[F1]);
        // A bootloader that doesn't show itself.
        check("@Flash/0x08020000/15*128Ke", &[F1, F4, F7, H7]);
    }

    #[test]
    fn ids_tell_makers_apart() {
        let layout = "@Internal Flash  /0x08000000/128*001Kg";
        check((GIGADEVICE, 0x0189), layout, &[GD32VF103]);
        check((ARTERY, ST_ROM), layout, &[AT32F415]);
        check((ST, 0xA291), layout, &[F1, F4, F7, H7]);
    }

    #[test]
    fn ids_of_ones_own_can_be_on_any_chip_that_speaks_dfuse() {
        check(
            (0x2B04, 0xD006),
            "@Internal Flash   /0x08000000/03*016Ka,01*016Kg,01*064Kg,07*128Kg",
            &[F1, F4, F7, H7, GD32VF103, AT32F415],
        );
    }
}
