//! `flow new NAME`: a folder with a first flow, its tests, and the settings it may get.

mod name;
mod template;

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::{Exit, Refusal, Stop};
use super::paper::{Palette, say, styled};
use template::{Piece, Template};

/// What may lie in a folder that is empty otherwise: version control, for whoever began with that.
const HARMLESS: [&str; 3] = [".git", ".hg", ".jj"];

/// Make a project: a folder with a first flow, its tests, and its settings.
///
/// What is made passes `flow check`, `flow fmt --check` and `flow test` as it is, and runs by `flow run --sandbox` without any account.
/// Nothing that is there is ever written over.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  flow new hello
  flow new purchases --template approval
  mkdir flows && cd flows && flow new .")]
pub struct New {
    /// The folder to make; `.` for the one that is here, if it is empty.
    #[arg(value_name = "NAME")]
    folder: PathBuf,
    /// What the first flow does.
    #[arg(long, value_enum, default_value_t = Template::Welcome)]
    template: Template,
}

impl New {
    /// Makes it.
    ///
    /// # Errors
    /// A name that is none, a folder in which something lies, a disk that cannot be written.
    pub fn run(&self) -> Result<Exit, Stop> {
        let folder = self.folder.as_path();
        match fs::metadata(folder) {
            Ok(about) if about.is_dir() => is_empty(folder)?,
            Ok(_) => {
                let refusal = Refusal::new(format!("`{}` is a file", folder.display()));
                return Err(refusal.hint("a project is a folder: take another name").into());
            }
            Err(_) => name::check(folder)?,
        }
        fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
        let pieces = self.template.pieces(&name::title(folder));
        for piece in &pieces {
            write(folder, piece)?;
        }
        self.tell(&pieces);
        Ok(Exit::Done)
    }

    /// What was made, and what to type next.
    fn tell(&self, pieces: &[Piece]) {
        let palette = Palette::for_stderr();
        let made: Vec<&str> = pieces.iter().map(|piece| piece.name).collect();
        let here = self.folder == Path::new(".");
        let whither = if here { "here".to_owned() } else { format!("`{}`", self.folder.display()) };
        say(&format!("{} {whither}: {}", styled(palette.good, "made"), made.join(", ")));
        let program = self.template.program();
        let enter = (!here).then(|| format!("cd {}", typed(&self.folder)));
        let next = enter.into_iter().chain([format!("flow test {program}"), format!("flow run --sandbox {program}")]);
        say("next:");
        next.for_each(|line| say(&format!("  {}", styled(palette.strong, line))));
    }
}

/// Whether nothing lies in a folder that would be lost among what is made, or make it something else than a first project.
fn is_empty(folder: &Path) -> Result<(), Refusal> {
    let entries = fs::read_dir(folder)
        .map_err(|error| Refusal::new(format!("`{}` cannot be looked into: {error}", folder.display())))?;
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| !HARMLESS.contains(&name.as_str())).collect();
    names.sort();
    let Some(first) = names.first() else { return Ok(()) };
    let more = match names.len() - 1 {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    Err(Refusal::new(format!("`{}` is not empty: `{first}` is in it{more}", folder.display()))
        .hint("name a folder that is not there yet: `flow new hello`; nothing was changed"))
}

fn write(folder: &Path, piece: &Piece) -> Result<(), Refusal> {
    let path = folder.join(piece.name);
    // Whatever came there in the meantime stays.
    let made = File::create_new(&path).and_then(|mut file| file.write_all(piece.text.as_bytes()));
    made.map_err(|error| unwritable(&path, &error))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Refusal {
    Refusal::new(format!("`{}` cannot be made: {error}", path.display()))
}

/// A path as it is typed into a shell.
fn typed(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '~' | ':' | '\\');
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
