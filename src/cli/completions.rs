//! `flow completions SHELL`: what a shell must know to complete commands.

use clap::Args;
use clap_complete::{Shell, generate};

use super::exit::{Exit, Stop};
use super::paper::deliver;

/// Print what a shell must know to complete commands, options and their values.
#[derive(Debug, Args)]
#[command(after_help = "\
Where it goes:
  bash        flow completions bash > ~/.local/share/bash-completion/completions/flow
  zsh         flow completions zsh > ~/.zfunc/_flow      # with `fpath+=~/.zfunc` above `compinit` in ~/.zshrc
  fish        flow completions fish > ~/.config/fish/completions/flow.fish
  powershell  flow completions powershell >> $PROFILE
  elvish      flow completions elvish >> ~/.config/elvish/rc.elv")]
pub struct Completions {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    /// Prints it.
    ///
    /// # Errors
    /// None: the command knows itself.
    pub fn run(&self) -> Result<Exit, Stop> {
        let mut script = Vec::new();
        generate(self.shell, &mut super::command(), "flow", &mut script);
        deliver(&String::from_utf8_lossy(&script));
        Ok(Exit::Done)
    }
}
