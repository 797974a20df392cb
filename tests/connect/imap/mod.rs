//! A mailbox over IMAP: on a real server, and on one that misbehaves.

mod letter;
mod odd;
mod peer;
#[cfg(feature = "cli")]
mod program;
mod table;
