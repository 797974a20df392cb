//! `email.send` over SMTP.
//!
//! In: a call of `email.send`. Out: the message's id and who it was accepted for. Never: a message that only some of its
//! recipients get; a second message for one key: its `Message-ID` is made of the key (held by `tests/connect/mail.rs`).

mod message;
mod smtp;
mod template;

pub use template::is_there as has_template;

use crate::run::world::BoxFuture;

use super::registry::{Call, Native, Natives};
use crate::run::world::Outcome;

/// Binds the operation of the standard library's `email`.
pub fn register(natives: &mut Natives) {
    natives.bind("email.send", Send);
}

struct Send;

impl Native for Send {
    fn call(&self, call: Call) -> BoxFuture<'static, Outcome> {
        Box::pin(async move {
            let server = match smtp::Server::of(&call.connector, &call.environment) {
                Ok(server) => server,
                Err(failure) => return Outcome::failed(failure),
            };
            match message::compose(&call, &server).await {
                Ok(message) => smtp::deliver(&server, message, call.act.timeout).await,
                Err(failure) => Outcome::failed(failure),
            }
        })
    }
}
