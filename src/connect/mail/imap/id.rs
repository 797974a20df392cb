//! What one message is known by: its folder, when the folder began to count, and its number there.

use std::num::NonZeroU32;

use super::folder::Folder;
use crate::base::failure::{Failure, Kind};

/// A message, as long as it lies in its folder: `INBOX/1700000000/42`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Id {
    /// Where it lies.
    pub folder: Folder,
    /// From when on the folder counts; a folder that is made anew counts from another.
    pub validity: NonZeroU32,
    /// Its number there, which no other message gets.
    pub uid: NonZeroU32,
}

impl Id {
    /// Reads one.
    ///
    /// # Errors
    /// `validation_error` for another text.
    pub fn read(text: &str) -> Result<Self, Failure> {
        let wrong = || {
            let message =
                format!("{text:?} is no id of a message: take the `id` that `email.list` or `email.fetch` gave");
            Failure::new(Kind::ValidationError, message)
        };
        // The name of a folder may hold a slash itself.
        let mut parts = text.rsplitn(3, '/');
        let mut number = || parts.next()?.parse::<NonZeroU32>().ok();
        let (uid, validity) = (number().ok_or_else(wrong)?, number().ok_or_else(wrong)?);
        let folder = Folder::named(parts.next().ok_or_else(wrong)?)?;
        Ok(Self { folder, validity, uid })
    }

    /// That it is not there.
    pub fn gone(&self) -> Failure {
        let message = format!("there is no message {} in the folder `{}`", self.uid, self.folder);
        Failure::new(Kind::NotFound, message).detail("id", self.to_string())
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}", self.folder, self.validity, self.uid)
    }
}
