//! The standard library: which file declares which name.

/// One file of the standard library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct File {
    /// The connector it declares; `personas` for the personas.
    pub name: &'static str,
    /// Where it stands, for people.
    pub path: &'static str,
    /// What it says.
    pub text: &'static str,
}

macro_rules! file {
    ($name:literal) => {
        File {
            name: $name,
            path: concat!("stdlib/", $name, ".flow"),
            text: include_str!(concat!("../../../stdlib/", $name, ".flow")),
        }
    };
}

/// The connectors, by name.
pub const CONNECTORS: [File; 18] = [
    file!("asana"),
    file!("email"),
    file!("files"),
    file!("google_calendar"),
    file!("google_drive"),
    file!("http"),
    file!("hubspot"),
    file!("jira"),
    file!("log"),
    file!("notion"),
    file!("onedrive"),
    file!("process"),
    file!("mongodb"),
    file!("salesforce"),
    file!("slack"),
    file!("sql"),
    file!("teams"),
    file!("trello"),
];

/// The personas.
pub const PERSONAS: File = file!("personas");

/// The file that declares the connector `name`.
pub fn connector(name: &str) -> Option<File> {
    CONNECTORS.into_iter().find(|file| file.name == name)
}

/// The files whose connectors or personas `text` may name: a word that merely looks like one costs a parse, no more.
pub fn named_in(text: &str) -> Vec<File> {
    let is_named = |file: &File| {
        let mut rest = text;
        while let Some(at) = rest.find(file.name) {
            let begins = !rest[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            rest = &rest[at + file.name.len()..];
            if begins && rest.starts_with('.') {
                return true;
            }
        }
        false
    };
    let mut files: Vec<File> = CONNECTORS.into_iter().filter(is_named).collect();
    if text.contains("persona") {
        files.push(PERSONAS);
    }
    files
}
