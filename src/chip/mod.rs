//! What is true of a chip, whatever protocol its bootloader speaks: where it has memory, and how it starts.

pub mod map;
pub mod rom;
pub mod vector_table;
