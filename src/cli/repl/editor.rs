//! `:edit`: what was typed, in an editor of one's own.

use std::process::Command;

use super::session::Session;
use crate::cli::exit::{Exit, Refusal, Stop};

/// Opens what was typed last, or what is declared under `name`, in the editor of the environment, and says what it is then.
///
/// # Errors
/// If there is no editor, or nothing of this name.
pub fn edit(session: &mut Session, name: &str) -> Result<Exit, Stop> {
    let text = match name {
        "" => session.typed.clone(),
        name => {
            let known = session.declarations.iter().find(|it| it.declared.name == name);
            known.ok_or_else(|| Refusal::new(format!("nothing is declared as `{name}`")))?.text().to_owned()
        }
    };
    let editor = ["VISUAL", "EDITOR"].into_iter().find_map(|name| std::env::var(name).ok().filter(|it| !it.is_empty()));
    let editor =
        editor.ok_or_else(|| Refusal::new("no editor is set").hint("set the environment variable `EDITOR`"))?;
    let directory = std::env::temp_dir().join(format!("flow-edit-{}", uuid::Uuid::now_v7().simple()));
    let written = edited(&editor, &directory, &text);
    // What cannot be taken away is left to the system.
    let _ = std::fs::remove_dir_all(&directory);
    let text = written.map_err(|error| Refusal::new(format!("`{editor}` could not be used: {error}")))?;
    super::answer_each(session, &text);
    Ok(Exit::Done)
}

/// The text as somebody has left it.
fn edited(editor: &str, directory: &std::path::Path, text: &str) -> std::io::Result<String> {
    std::fs::create_dir(directory)?;
    let file = directory.join("typed.flow");
    std::fs::write(&file, format!("{text}\n"))?;
    // An editor may be set with arguments: `code --wait`.
    let mut words = editor.split_whitespace();
    let status = Command::new(words.next().unwrap_or(editor)).args(words).arg(&file).status()?;
    match status.success() {
        true => std::fs::read_to_string(&file),
        false => Err(std::io::Error::other(format!("it ended with {status}"))),
    }
}
