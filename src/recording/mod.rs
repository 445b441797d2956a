//! A session with boards as a file that Wireshark reads: pcapng, with the records of Linux' usbmon in it.

mod block;
pub mod bus;
mod file;
mod firmware;
pub mod note;
pub mod recorder;
// Half of it is for whoever reads recordings.
#[allow(dead_code)]
pub mod usbmon;

#[cfg(test)]
mod tests;
