//! What a board's layouts say, and what they should say: some quirks are lies about memory.

use std::borrow::Cow;

use super::board::{Board, Cells, Memory, Slot};
use super::quirk::{Quirk, QuirkError, QuirkName, Quirks};
use crate::dfuse::layout::MemoryLayout;

/// `idVendor` of GigaDevice.
pub const GD32: u16 = 0x28E9;
/// Where mboot shows external flash.
pub const EXTERNAL_FLASH: u32 = 0x8000_0000;
/// As mboot has it for PYBD boards: 512 sectors of 4 KiB at [`EXTERNAL_FLASH`].
const EXTERNAL_FLASH_LAYOUT: &str = "/0x80000000/512*4Kg";

/// The memory behind an alternate setting, if there is one.
pub fn memory(board: &Board, quirks: &Quirks, alternate_setting: u8) -> Option<&'static Memory> {
    let own = board.memories.get(usize::from(alternate_setting))?;
    match board.memories.first() {
        Some(main) if quirks.has(Quirk::SharedMemory) => Some(main),
        _ => Some(own),
    }
}

/// The layout that an alternate setting's string claims.
pub fn claimed_layout(
    board: &Board,
    quirks: &Quirks,
    alternate_setting: u8,
) -> Option<Cow<'static, str>> {
    let layout = memory(board, quirks, alternate_setting)?.layout;
    let is_main_flash = board.memories.first()?.layout == layout;
    Some(if is_main_flash && quirks.has(Quirk::ExternalFlash) {
        Cow::Owned(format!("{layout}{EXTERNAL_FLASH_LAYOUT}"))
    } else if is_main_flash && quirks.has(Quirk::Claims512Pages) {
        Cow::Borrowed("@Internal Flash  /0x08000000/512*002Kg")
    } else {
        Cow::Borrowed(layout)
    })
}

/// The layout that the memory behind an alternate setting has.
pub fn real_layout(
    board: &Board,
    quirks: &Quirks,
    serial: &str,
    alternate_setting: u8,
) -> Option<Cow<'static, str>> {
    let claimed = claimed_layout(board, quirks, alternate_setting)?;
    let is_main_flash = alternate_setting == 0 || quirks.has(Quirk::SharedMemory);
    if !quirks.has(Quirk::Claims512Pages) || !is_main_flash {
        return Some(claimed);
    }
    let pages = match serial.chars().nth(2) {
        Some('4') => 16,
        Some('6') => 32,
        Some('8') => 64,
        // B; no other letter is known.
        _ => 128,
    };
    Some(Cow::Owned(format!(
        "@Internal Flash  /0x08000000/{pages}*001Kg"
    )))
}

/// What a memory is taken for that has a name and no layout, on boards that speak no DfuSe.
const WITHOUT_LAYOUT: &str = "@Firmware/0x00000000/64*001Ke";

/// Where a board's memories without addresses lie, by alternate setting; none on boards that have no such.
pub fn slots(board: &Board) -> Vec<Slot> {
    let memories = board.memories.iter();
    let slots = memories.filter_map(|memory| match memory.cells {
        Cells::Slot(slot) => Some(slot),
        _ => None,
    });
    slots.collect()
}

/// The flash that a board's slots lie in.
fn whole_flash(board: &Board) -> Option<Cow<'static, str>> {
    let ends = slots(board).into_iter().map(|slot| slot.start + slot.size);
    let kibibytes = ends.max()? / 1024;
    Some(Cow::Owned(format!("@Flash/0x00000000/{kibibytes}*001Ke")))
}

/// The layouts that the memories behind all alternate settings have. Slots all lie in the same flash.
pub fn real_layouts(board: &Board, quirks: &Quirks, serial: &str) -> Vec<MemoryLayout> {
    let whole_flash = whole_flash(board);
    (0..)
        .map_while(|alternate_setting| real_layout(board, quirks, serial, alternate_setting))
        .map(|layout| whole_flash.clone().unwrap_or(layout))
        .map(|layout| {
            MemoryLayout::parse(&layout)
                .or_else(|_| MemoryLayout::parse(WITHOUT_LAYOUT))
                .expect("well-formed")
        })
        .collect()
}

/// Whether a board can have these quirks.
///
/// # Errors
/// [`QuirkError`] where a quirk is about something that this board does not have.
pub fn check(board: &'static Board, quirks: &Quirks, serial: &str) -> Result<(), QuirkError> {
    if quirks.has(Quirk::Claims512Pages) && board.vendor_id != GD32 {
        return Err(QuirkError::Unsuitable {
            quirk: QuirkName::of(Quirk::Claims512Pages),
            board: board.name,
        });
    }
    let layouts = real_layouts(board, quirks, serial);
    let addresses = quirks.write_protected().chain(quirks.flipped_bits());
    for address in addresses.chain(quirks.packed()) {
        let mut sectors = layouts.iter().map(|layout| layout.sector_at(address));
        if sectors.all(|sector| sector.is_none()) {
            return Err(QuirkError::NothingThere {
                address,
                board: board.name,
            });
        }
    }
    Ok(())
}
