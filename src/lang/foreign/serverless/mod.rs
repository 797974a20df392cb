//! Programs of Serverless Workflow.

use super::draft::Draft;
use super::source::{Source, Unusable};

/// Writes the program that a document describes.
pub fn write(_: &Source<'_>, _: &mut Draft) -> Result<(), Unusable> {
    Err(Unusable::new("programs of Serverless Workflow cannot be read yet"))
}
