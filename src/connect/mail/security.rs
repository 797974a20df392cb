//! How a connection to a mail server is protected.

use crate::base::failure::{Failure, Kind};
use crate::connect::connectors::Configured;

/// How a connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// Encrypted after a plain greeting; never silently left plain.
    StartTls,
    /// Encrypted from the first byte.
    Tls,
    /// Plain.
    None,
}

impl Security {
    /// What the setting `name` says; `None` where it says nothing.
    ///
    /// # Errors
    /// `validation_error` for another word.
    pub fn set(connector: &Configured, name: &str) -> Result<Option<Self>, Failure> {
        match connector.setting_text(name).as_deref() {
            Some("starttls") => Ok(Some(Self::StartTls)),
            Some("tls") => Ok(Some(Self::Tls)),
            Some("none") => Ok(Some(Self::None)),
            Some(_) => {
                let message = format!("the mail server's `{name}` must be \"starttls\", \"tls\" or \"none\"");
                Err(Failure::new(Kind::ValidationError, message))
            }
            None => Ok(None),
        }
    }
}

/// Whether a host is this machine itself: what goes there leaves it at no time.
pub fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
