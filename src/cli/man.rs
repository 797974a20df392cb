//! `flow man [DIR]`: the pages of the manual for `man`, one for each command.

use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_mangen::Man;

use super::exit::{Exit, Refusal, Stop};
use super::paper::{deliver, say};

/// Print the page of the manual for `man`, or write those of all commands into a directory.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  flow man | man -l -
  flow man ~/.local/share/man/man1 && man flow-run")]
pub struct ManCommand {
    /// Where the pages go: `flow.1`, `flow-run.1` and so on; where absent, that of `flow` goes to stdout.
    #[arg(value_name = "DIR")]
    directory: Option<PathBuf>,
}

impl ManCommand {
    /// Writes them.
    ///
    /// # Errors
    /// A directory that cannot be written.
    pub fn run(&self) -> Result<Exit, Stop> {
        let mut flow = super::command().disable_help_subcommand(true);
        flow.build();
        let Some(directory) = &self.directory else {
            deliver(&page(&flow)?);
            return Ok(Exit::Done);
        };
        std::fs::create_dir_all(directory).map_err(|error| unwritable(directory, &error))?;
        let mut count = 0;
        write(&flow, directory, &mut count)?;
        say(&format!("{count} pages in {}", directory.display()));
        Ok(Exit::Done)
    }
}

/// The page of a command, and those of the commands below it.
fn write(command: &Command, directory: &Path, count: &mut usize) -> Result<(), Refusal> {
    let file = directory.join(format!("{}.1", name(command)));
    std::fs::write(&file, page(command)?).map_err(|error| unwritable(&file, &error))?;
    *count += 1;
    let below = command.get_subcommands().filter(|command| !command.is_hide_set());
    below.into_iter().try_for_each(|command| write(command, directory, count))
}

fn page(command: &Command) -> Result<String, Refusal> {
    let mut page = Vec::new();
    // A page is called as it is looked up: `man flow-run`.
    let version = concat!("flow ", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command.clone()).title(name(command)).source(version).manual("Orchestra Flow");
    let written = man.render(&mut page);
    written.map_err(|error| Refusal::new(format!("the page cannot be written: {error}")))?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

/// `flow-connectors-check`
fn name(command: &Command) -> String {
    command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned()
}

fn unwritable(path: &Path, error: &std::io::Error) -> Refusal {
    Refusal::new(format!("`{}` cannot be written: {error}", path.display()))
}
