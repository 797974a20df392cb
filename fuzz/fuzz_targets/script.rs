//! What is tried stands in `fuzz/doors/script.rs`; how to run it, in `fuzz/README.md`.

#![no_main]

#[path = "../doors/script.rs"]
mod script;

libfuzzer_sys::fuzz_target!(|data: &[u8]| script::enter(data));
