//! What is tried stands in `fuzz/doors/import.rs`; how to run it, in `fuzz/README.md`.

#![no_main]

#[path = "../doors/import.rs"]
mod import;

libfuzzer_sys::fuzz_target!(|data: &[u8]| import::enter(data));
