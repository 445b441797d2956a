//! A session with boards as a file that Wireshark reads: pcapng, with the records of Linux' usbmon in it.
//!
//! From the file to what was done: [`capture`] reads packets, [`packets`] understands them, [`transfer`] puts transfers
//! together, [`session`] sorts them by [`device`], [`decode`] makes of them what a host did, and [`runs`] sums that up.

pub mod capture;
mod contents;
pub mod decode;
pub mod device;
pub mod extract;
pub mod finding;
mod half;
mod machine;
pub mod operation;
mod packets;
pub mod review;
pub mod runs;
#[cfg(test)]
mod sample;
pub mod session;
pub mod summary;
pub mod transfer;
// Its half that writes is for what comes next.
#[allow(dead_code)]
pub mod usbmon;
mod usbpcap;
