//! Layout strings of memories.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| stdfu_fuzz::fuzz::recording(bytes));
