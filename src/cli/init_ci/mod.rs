//! `flow init-ci [SERVICE]`: the file by which a service checks and tests each change.

mod place;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::exit::{Exit, Refusal, Stop};
use super::paper::{deliver, say};
use place::Place;

/// Write the file by which a service that builds and tests does so with the flows of this directory.
///
/// It checks the programs, looks whether they are in the one style, and runs their tests; what came of each test goes to the service
/// as JUnit XML. The file lies where the repository begins, also where the flows lie further down.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  flow init-ci github
  flow init-ci gitlab --print
  flow init-ci github --install 'cargo install --locked --path tools/flow'")]
pub struct InitCi {
    /// The service; the one that the repository comes from where absent, or else GitHub.
    #[arg(value_enum, value_name = "SERVICE")]
    service: Option<Service>,
    /// Prints it, and writes nothing.
    #[arg(long)]
    print: bool,
    /// Writes over a file that is there.
    #[arg(long)]
    force: bool,
    /// The command that puts `flow` into the path of the service's machine.
    #[arg(long, value_name = "COMMAND", default_value = INSTALL)]
    install: String,
}

/// How `flow` comes to a machine that has Rust.
const INSTALL: &str = concat!("cargo install --locked orchestra_flow@", env!("CARGO_PKG_VERSION"));

/// A service that builds and tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Service {
    /// GitHub Actions: `.github/workflows/flow.yml`
    Github,
    /// GitLab CI: `.gitlab-ci.yml`
    Gitlab,
}

impl InitCi {
    /// Writes it, or prints it.
    ///
    /// # Errors
    /// A file that is there already, or cannot be written.
    pub fn run(&self) -> Result<Exit, Stop> {
        let place = Place::of_here();
        let service = self.service.unwrap_or_else(|| Service::of(&place));
        let text = service.text(&place, &self.install);
        if self.print {
            deliver(&text);
            return Ok(Exit::Done);
        }
        let file = place.root.join(service.file());
        if file.exists() && !self.force {
            let word = service.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
            return Err(Refusal::new(format!("`{}` is there already", file.display()))
                .hint(format!("`flow init-ci {word} --print` shows what would be written, to take parts of it over"))
                .hint("`--force` writes over it")
                .into());
        }
        write(&file, &text)?;
        match place.programs {
            0 => {
                say(&format!("made {}: it checks all programs of this directory", file.display()));
                say("  there is no `.flow` file here yet: `flow new` makes a first one");
            }
            1 => say(&format!("made {}: it checks the program of this directory, and those that come", file.display())),
            count => {
                say(&format!(
                    "made {}: it checks the {count} programs of this directory, and those that come",
                    file.display()
                ));
            }
        }
        say(&format!("next:\n  git add {} && git commit -m \"Flows are tested with each change\"", file.display()));
        Ok(Exit::Done)
    }
}

impl Service {
    /// The one that the repository comes from.
    fn of(place: &Place) -> Self {
        let settings = std::fs::read_to_string(place.root.join(".git/config")).unwrap_or_default();
        let is_gitlab = settings.contains("gitlab") || place.root.join(".gitlab-ci.yml").exists();
        if is_gitlab { Self::Gitlab } else { Self::Github }
    }

    /// Where it looks for its file, from where the repository begins.
    fn file(self) -> PathBuf {
        PathBuf::from(match self {
            Self::Github => ".github/workflows/flow.yml",
            Self::Gitlab => ".gitlab-ci.yml",
        })
    }

    fn text(self, place: &Place, install: &str) -> String {
        let text = match self {
            Self::Github => include_str!("github.yml"),
            Self::Gitlab => include_str!("gitlab.yml"),
        };
        text.replace("{version}", env!("CARGO_PKG_VERSION"))
            .replace("{rust}", env!("CARGO_PKG_RUST_VERSION"))
            .replace("{install}", install)
            .replace("{directory}", &place.below)
    }
}

fn write(file: &Path, text: &str) -> Result<(), Refusal> {
    let written = file.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(file, text));
    written.map_err(|error| Refusal::new(format!("`{}` cannot be written: {error}", file.display())))
}
