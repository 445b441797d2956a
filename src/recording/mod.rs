//! A session with boards as a file that Wireshark reads: pcapng, with the records of Linux' usbmon in it.
//!
//! From a session to the file: [`bus`] passes everything on and writes it down, [`recorder`] makes records of it, [`usbmon`]
//! and [`block`] their bytes.
//!
//! From the file to what was done: [`capture`] reads packets, [`packets`] understands them, [`transfer`] puts transfers
//! together, [`session`] sorts them by [`device`], [`decode`] makes of them what a host did, and [`runs`] sums that up.

mod block;
pub mod bus;
pub mod capture;
mod contents;
pub mod decode;
pub mod device;
pub mod extract;
mod file;
pub mod finding;
mod firmware;
mod half;
mod machine;
pub mod note;
pub mod operation;
mod packets;
pub mod recorder;
pub mod review;
pub mod runs;
#[cfg(test)]
mod sample;
pub mod session;
pub mod summary;
pub mod transfer;
pub mod usbmon;
mod usbpcap;

#[cfg(test)]
mod tests;
