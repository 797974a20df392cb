//! What is tried stands in `fuzz/doors/program.rs`; how to run it, in `fuzz/README.md`.

#![no_main]

#[path = "../doors/program.rs"]
mod program;

libfuzzer_sys::fuzz_target!(|data: &[u8]| program::enter(data));
