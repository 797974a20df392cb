//! The binary `flow`: hands its arguments to the command line.

fn main() {}
