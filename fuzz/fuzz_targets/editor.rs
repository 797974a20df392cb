//! What is tried stands in `fuzz/doors/editor.rs`; how to run it, in `fuzz/README.md`.

#![no_main]

#[path = "../doors/editor.rs"]
mod editor;

libfuzzer_sys::fuzz_target!(|data: &[u8]| editor::enter(data));
