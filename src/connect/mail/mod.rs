//! `email.*`: messages go out over SMTP, and a mailbox is read over IMAP.
//!
//! In: a call of `email.send`. Out: the message's id and who it was accepted for. Never: a message that only some of its
//! recipients get; a second message for one key: its `Message-ID` is made of the key (held by `tests/connect/mail.rs`).

mod imap;
mod message;
mod security;
mod smtp;
mod template;
mod token;

pub use template::is_there as has_template;

use crate::run::world::BoxFuture;

use super::registry::{Call, Native, Natives};
use crate::run::world::Outcome;

/// Binds the operations of the standard library's `email`.
pub fn register(natives: &mut Natives) {
    natives.bind("email.send", Send);
    imap::register(natives);
}

struct Send;

impl Native for Send {
    fn call(&self, call: Call) -> BoxFuture<'static, Outcome> {
        Box::pin(async move {
            let ready = async {
                let mut server = smtp::Server::of(&call.connector, &call.environment)?;
                let message = message::compose(&call, server.from.as_deref()).await?;
                server.token = token::current(&call, None).await?;
                Ok((server, message))
            };
            match ready.await {
                Ok((server, message)) => smtp::deliver(&server, message, call.act.timeout).await,
                Err(failure) => Outcome::failed(failure),
            }
        })
    }
}
