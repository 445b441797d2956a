//! What a USB/IP client sends.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| stdfu_fuzz::fuzz::usbip(bytes));
