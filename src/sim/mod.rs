//! Simulated boards behind the seams of `usb`: a bus of them for this process, and the same boards over USB/IP.
//!
//! Written from what ST and DFU 1.1 say of the device's side, not from what our host sends. The way in:
//! [`spec`] reads what was asked for, [`board`] is the table of boards and [`app`] that of applications, [`device`] is one
//! of them on the bus, [`bootloader`] its DFU state machine, [`application`] its other side, with a DFU run-time interface
//! ([`runtime`]) and a serial port ([`acm`]) at which [`repl`] may listen; [`flash`] is its memories, made of
//! [`flash_kinds`]; [`quirk`] is what boards do differently, [`fault`] what goes wrong once; [`bus`] has them in this
//! process, [`usbip`] serves them to a kernel, [`replay`] has recorded boards in their place.

mod acm;
pub mod app;
mod application;
pub mod board;
mod bootloader;
mod bus;
mod descriptor;
mod device;
#[cfg(test)]
mod diary;
pub mod fault;
mod flash;
mod flash_kinds;
pub mod layout;
mod port;
pub mod quirk;
mod repl;
pub mod replay;
mod runtime;
mod seat;
#[cfg(test)]
mod seen;
mod serial;
pub mod spec;
mod timing;
mod transfer;
pub mod usbip;

pub use bus::SimBus;
pub use flash::FlashFileError;
pub use seat::SimError;
