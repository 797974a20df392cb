//! The language server as editors meet it: the real binary, messages over its standard input and output.

mod asked;
mod begun;
mod editor;
mod formatted;
mod hostile;
mod told;
mod written;
