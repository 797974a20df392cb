//! What is tried stands in `fuzz/doors/prompt.rs`; how to run it, in `fuzz/README.md`.

#![no_main]

#[path = "../doors/prompt.rs"]
mod prompt;

libfuzzer_sys::fuzz_target!(|data: &[u8]| prompt::enter(data));
