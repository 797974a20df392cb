//! What editors ask while a program is written.
//!
//! In: messages of the Language Server Protocol, and texts from disk. Out: answers and diagnostics, each of the newest text.
//! Never: how a program is run; what names mean, which the checker says (held by `tests/architecture.rs`: only `base` and
//! `lang` are named here).
//!
//! One loop takes messages in the order they come: changes are noted, questions answered from what the language says of the
//! text as it is now. Diagnostics are sent when no message is waiting, so that work for a text that has changed again is never
//! begun. Files are read on threads of their own, and come in as messages do.

mod action;
mod capability;
mod completion;
mod definition;
mod desk;
mod diagnostic;
mod disk;
mod document;
mod folding;
mod formatting;
mod hint;
mod hover;
mod index;
mod lens;
mod listing;
mod look;
mod moved;
mod offer;
mod outline;
mod path;
mod place;
mod position;
mod rename;
mod request;
mod server;
mod signature;
mod symbol;
mod token;
mod waste;
mod wire;
mod wording;

pub use offer::{Offer, offers};
pub use server::{Ended, converse, serve};
