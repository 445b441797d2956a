//! What `--sim` is given.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| stdfu_fuzz::fuzz::board(bytes));
