//! What is tried stands in `fuzz/doors/format.rs`; how to run it, in `fuzz/README.md`.

#![no_main]

#[path = "../doors/format.rs"]
mod format;

libfuzzer_sys::fuzz_target!(|data: &[u8]| format::enter(data));
