//! The boards the simulator knows: one table entry each, in the table of its family.
//!
//! To add a board, copy an entry of its family's `BOARDS`, change what differs, and take the strings from a dump of a
//! real one (`dfu-util -l`, `lsusb -v`): layouts and serials are from such dumps, except where a line says "inferred".
//! What its flash does stands in `flash_kinds.rs`.

mod model;
mod newer_rom;
mod older_rom;
mod own_dfuse;
mod plain;
mod plain_small;

use std::sync::LazyLock;

pub use model::{Blocks, Board, Cells, Memory, Runtime, Slot};

/// Every board, by name.
pub static BOARDS: LazyLock<Vec<&Board>> = LazyLock::new(|| {
    let families = [
        older_rom::BOARDS,
        newer_rom::BOARDS,
        own_dfuse::BOARDS,
        plain::BOARDS,
        plain_small::BOARDS,
    ];
    let mut boards: Vec<&Board> = families.into_iter().flatten().collect();
    boards.sort_by_key(|board| board.name);
    boards
});

/// The board called `name`.
pub fn find(name: &str) -> Option<&'static Board> {
    BOARDS.iter().copied().find(|board| board.name == name)
}

#[cfg(test)]
mod tests;
