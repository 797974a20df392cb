//! Programs of n8n.

use super::draft::Draft;
use super::source::{Source, Unusable};

/// Writes the program that a document describes.
pub fn write(_: &Source<'_>, _: &mut Draft) -> Result<(), Unusable> {
    Err(Unusable::new("programs of n8n cannot be read yet"))
}
