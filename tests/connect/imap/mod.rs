//! A mailbox over IMAP: on a real server, and on one that misbehaves.

#[cfg(all(feature = "cli", feature = "serve"))]
mod arrival;
mod letter;
mod odd;
mod peer;
#[cfg(feature = "cli")]
mod program;
mod table;
