//! The DfuSe protocol: ST's extension of USB DFU 1.1, as its bootloaders speak it.
//!
//! A board shows one DFU interface with one alternate setting for each of its memories, and the setting's string says
//! where the memory lies and how it is cut into sectors ([`layout`]).
//!
//! Seven class requests do everything ([`protocol`]). A DNLOAD with block number 0 carries a command: set the address
//! pointer, erase a sector, erase everything, lift read protection. A DNLOAD or UPLOAD with a block number from 2 on
//! carries data to or from the address pointer plus N blocks ([`blocks`]).
//!
//! A DNLOAD only stores. The GETSTATUS after it starts the work and answers dfuDNBUSY with the time to wait; a later
//! one answers dfuDNLOAD-IDLE, or dfuERROR with a reason. So a block costs three requests. Reading is allowed from
//! dfuIDLE only: after a command an ABORT comes first. A DNLOAD of no bytes, and a GETSTATUS, start the application;
//! then the board falls silent in one of several ways, and all of them mean success ([`link`]).
//!
//! What is wanted is a [`plan`], made whole before the first byte goes out. A [`session`] looks at the board, which
//! leaves [`steps`]: what to erase and write, and what each sector would lose. It carries these out, writes the block with
//! the vector table last, reads everything back, and leaves. What goes wrong for a passing reason is tried again from a
//! state that was read. What particular chips do differently is in [`quirks`].
//!
//! Sources: ST AN3156 (USB DFU protocol in the STM32 bootloader), ST UM0424 (DfuSe), USB DFU 1.1.

pub mod blocks;
pub mod error;
pub mod layout;
pub mod link;
pub mod named;
pub mod plan;
pub mod protocol;
pub mod quirks;
pub mod session;
pub mod steps;
