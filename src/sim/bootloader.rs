//! The device's side of what runs on a board in DFU mode: a class request in; bytes, an acknowledgement, a STALL or
//! silence out. One file a protocol.
//!
//! They know nothing of how our own host behaves. Where a board does it differently, they ask the board's quirks.

mod dfuse;

pub use dfuse::Bootloader;
