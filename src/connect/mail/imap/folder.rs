//! Names of folders: what people see, and what goes over the wire (RFC 3501, 5.1.3).

use std::sync::Arc;

use base64::Engine as _;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use imap_next::imap_types::mailbox::Mailbox;

use crate::base::failure::{Failure, Kind};

/// Letters beyond ASCII as UTF-16 in base64, with `,` for `/` and nothing at the end.
const LETTERS: GeneralPurpose = GeneralPurpose::new(
    &IMAP_MUTF7,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A folder of a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// As people write it.
    pub name: Arc<str>,
}

impl Folder {
    /// The folder of this name.
    ///
    /// # Errors
    /// `validation_error` for what names none, such as a name with a line break.
    pub fn named(name: &str) -> Result<Self, Failure> {
        if name.is_empty() || name.chars().any(char::is_control) {
            return Err(Failure::new(Kind::ValidationError, format!("{name:?} is no name of a folder")));
        }
        let name = if name.eq_ignore_ascii_case("inbox") { "INBOX" } else { name };
        Ok(Self { name: name.into() })
    }

    /// The folder that a server names.
    pub fn told(mailbox: &Mailbox<'_>) -> Self {
        match mailbox {
            Mailbox::Inbox => Self { name: "INBOX".into() },
            Mailbox::Other(other) => {
                let wire = String::from_utf8_lossy(other.inner().as_ref()).into_owned();
                // What is no such name is shown as it came.
                Self { name: decoded(&wire).unwrap_or(wire).into() }
            }
        }
    }

    /// As commands name it.
    ///
    /// # Errors
    /// `validation_error`, which no name that was checked can cause.
    pub fn mailbox(&self) -> Result<Mailbox<'static>, Failure> {
        Mailbox::try_from(encoded(&self.name)).map_err(|error| {
            Failure::new(Kind::ValidationError, format!("{:?} is no name of a folder: {error}", self.name))
        })
    }
}

impl std::fmt::Display for Folder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

fn encoded(name: &str) -> String {
    let (mut out, mut beyond) = (String::new(), String::new());
    let flush = |out: &mut String, beyond: &mut String| {
        if !beyond.is_empty() {
            let bytes: Vec<u8> = beyond.encode_utf16().flat_map(u16::to_be_bytes).collect();
            *out = format!("{out}&{}-", LETTERS.encode(bytes));
            beyond.clear();
        }
    };
    for letter in name.chars() {
        match letter {
            ' '..='~' => {
                flush(&mut out, &mut beyond);
                out.push(letter);
                if letter == '&' {
                    out.push('-');
                }
            }
            _ => beyond.push(letter),
        }
    }
    flush(&mut out, &mut beyond);
    out
}

fn decoded(wire: &str) -> Option<String> {
    let (mut out, mut rest) = (String::new(), wire);
    while let Some((plain, coded)) = rest.split_once('&') {
        let (coded, after) = coded.split_once('-')?;
        out.push_str(plain);
        match coded {
            "" => out.push('&'),
            coded => {
                let bytes = LETTERS.decode(coded).ok()?;
                let units: Vec<u16> =
                    bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
                out.push_str(&String::from_utf16(&units).ok()?);
            }
        }
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}
