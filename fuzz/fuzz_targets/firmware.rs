//! Firmware files, in every format.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| stdfu_fuzz::fuzz::firmware(bytes));
