//! DfuSe: ST's extension of USB DFU 1.1, as its bootloaders speak it.
//!
//! What DFU does of itself is in [`crate::dfu`]. ST adds addresses. A board shows one alternate setting for each of its
//! memories, and the setting's string says where the memory lies and how it is cut into sectors ([`layout`]).
//!
//! A DNLOAD with block number 0 carries a command: set the address pointer, erase a sector, erase everything, lift read
//! protection ([`command`]). A DNLOAD or UPLOAD with a block number from 2 on carries data to or from the address pointer
//! plus N blocks ([`blocks`]).
//!
//! Reading is allowed from dfuIDLE only: after a command an ABORT comes first. A DNLOAD of no bytes, and a GETSTATUS,
//! start the application; then the board falls silent in one of several ways, and all of them mean success ([`link`]).
//!
//! What is wanted is a [`plan`], made whole before the first byte goes out. A [`session`] looks at the board, which
//! leaves [`steps`]: what to erase and write, and what each sector would lose. It carries these out, writes the block with
//! the vector table last, reads everything back, and leaves. What goes wrong for a passing reason is tried again from a
//! state that was read.
//!
//! Sources: ST AN3156 (USB DFU protocol in the STM32 bootloader), ST UM0424 (DfuSe), USB DFU 1.1.

pub mod blocks;
pub mod command;
pub mod layout;
pub mod link;
pub mod named;
pub mod plan;
pub mod session;
pub mod steps;
