//! USB DFU 1.0 and 1.1: what every device in DFU mode does, with ST's extension or without.
//!
//! A device shows one DFU interface, with one alternate setting for each memory it lets the host have. Seven class
//! requests do everything ([`protocol`]):
//!
//! | request | does |
//! |---|---|
//! | DNLOAD | hands the device a block; a block of no bytes ends the download |
//! | UPLOAD | asks for a block; the first one that is not full ends the upload |
//! | GETSTATUS | asks for status and state, and starts the work of a DNLOAD |
//! | GETSTATE | asks for the state, and changes nothing |
//! | CLRSTATUS | leads from dfuERROR to dfuIDLE |
//! | ABORT | leads from any other idle state to dfuIDLE |
//! | DETACH | asks an application to go to DFU mode, or DFU mode to be left |
//!
//! A DNLOAD only stores. The GETSTATUS after it starts the work and answers dfuDNBUSY with the time to wait; a later one
//! answers dfuDNLOAD-IDLE, or dfuERROR with a reason. So a block costs three requests ([`link`]):
//!
//! ```text
//! dfuIDLE ─ DNLOAD → dfuDNLOAD-SYNC ─ GETSTATUS → dfuDNBUSY ─ wait, GETSTATUS → dfuDNLOAD-IDLE ─ DNLOAD → …
//! dfuIDLE ─ UPLOAD → dfuUPLOAD-IDLE ─ UPLOAD → … ─ a block that is not full → dfuIDLE
//! ```
//!
//! A device without DfuSe takes a file as it is, from its first block to its last ([`plain`]).
//!
//! A device that is told to leave falls silent in one of several ways, and none of them decides whether it has left: the
//! bus does.
//!
//! Sources: USB DFU 1.0, USB DFU 1.1. What particular bootloaders do differently is in [`crate::chip::rom`], what ST adds
//! in [`crate::dfuse`].

pub mod difference;
pub mod enter;
pub mod error;
pub mod event;
pub mod finish;
pub mod link;
pub mod plain;
pub mod protocol;
pub mod run_time;
pub mod tally;
