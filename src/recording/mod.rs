//! A session with boards as a file that Wireshark reads: pcapng, with the records of Linux' usbmon in it.
//!
//! Into the file: [`bus`] sees what passes, [`recorder`] writes it down. Out of it: [`capture`] reads packets, [`packets`]
//! understands them, [`transfer`] puts transfers together, [`session`] sorts them by [`device`], [`decode`] makes of them
//! what a host did, [`runs`] sums that up, and [`review`] says what is not as it should be.

mod block;
pub mod bus;
pub mod capture;
pub mod compare;
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
mod request;
pub mod rerun;
pub mod review;
pub mod runs;
#[cfg(test)]
pub mod sample;
pub mod session;
pub mod summary;
pub mod transfer;
pub mod usbmon;
mod usbpcap;

#[cfg(test)]
mod tests;
