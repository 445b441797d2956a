//! A session with boards as a file that Wireshark reads: pcapng, with the records of Linux' usbmon in it.

pub mod usbmon;
