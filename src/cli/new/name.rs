//! Names of projects: those of their folders.

use std::path::Path;

use crate::cli::exit::Refusal;

/// Whether a folder that is to be made may have this name, whatever lies above it.
///
/// # Errors
/// If it may not, with a name that is near and may be.
pub fn check(folder: &Path) -> Result<(), Refusal> {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if let Some(bare) = name.strip_suffix(".flow").filter(|bare| !bare.is_empty()) {
        return Err(Refusal::new(format!("`{name}` is the name of a program, and a project is a folder"))
            .hint(format!("`flow new {}` makes one, with a program in it", mended(bare))));
    }
    let begins = name.starts_with(char::is_alphanumeric);
    if begins && name.chars().all(is_fit) {
        return Ok(());
    }
    Err(Refusal::new(format!("`{}` cannot be the name of a project", folder.display()))
        .hint("a name has letters, digits, `-`, `_` and `.`, and begins with a letter or a digit")
        .hint(format!("such as `flow new {}`", mended(&name))))
}

/// What a project in this folder is called.
pub fn title(folder: &Path) -> String {
    let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    whole.file_name().map_or_else(|| "Flows".to_owned(), |name| name.to_string_lossy().into_owned())
}

fn is_fit(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// The name that was probably meant.
fn mended(name: &str) -> String {
    let words = name.split(|c: char| !is_fit(c)).map(|word| word.trim_matches(['-', '_', '.']));
    let mended = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-");
    if mended.is_empty() { "hello".to_owned() } else { mended }
}
