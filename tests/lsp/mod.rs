//! The language server as editors meet it: the real binary, messages over its standard input and output.

mod asked;
mod begun;
mod changed;
mod editor;
mod extension;
mod folders;
mod formatted;
mod hostile;
mod moved;
mod neovim;
mod slots;
mod told;
mod written;
