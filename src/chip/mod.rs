//! What is true of a chip, whatever protocol its bootloader speaks.

pub mod family;
pub mod map;
pub mod part;
pub mod rom;
pub mod run_time;
pub mod serial_port;
pub mod settings;
pub mod vector_table;
