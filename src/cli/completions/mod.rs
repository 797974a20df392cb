//! `flow completions SHELL`: what a shell must know to complete commands; and what it is answered when it asks.
//!
//! The script for a shell only says whom to ask: whenever somebody presses the tabulator, the shell calls this binary with what is
//! typed so far and `FLOW_COMPLETE` set. So names are completed that stand in programs and in data directories, too.

#[cfg(feature = "sqlite")]
mod kept;
mod line;
mod names;

use clap::{Args, ValueEnum as _};
use clap_complete::Shell;
use clap_complete::env::{CompleteEnv, Shells};

use super::exit::{Exit, Refusal, Stop};
use super::paper::{deliver, say};

/// The variable with which a shell asks; its value is the shell's name.
const ASKS: &str = "FLOW_COMPLETE";

/// Print what a shell must know to complete commands, options, and names of workflows, runs, steps and connectors.
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
    /// If the script of this shell cannot be made.
    pub fn run(&self) -> Result<Exit, Stop> {
        let name = self.shell.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
        let shells = Shells::builtins();
        let unknown = || Refusal::new(format!("nothing is known of the shell `{name}`"));
        let shell = shells.completer(&name).ok_or_else(unknown)?;
        let mut script = Vec::new();
        let written = shell.write_registration(ASKS, "flow", "flow", "flow", &mut script);
        written.map_err(|error| Refusal::new(format!("the script cannot be written: {error}")))?;
        let mut script = String::from_utf8_lossy(&script).into_owned();
        if self.shell == Shell::Zsh {
            script.push_str(ZSH_AT_ONCE);
        }
        deliver(&script);
        Ok(Exit::Done)
    }
}

/// zsh reads a file of its `fpath` when something is completed for the first time, and takes it for what is to be done then.
const ZSH_AT_ONCE: &str = "if [ \"$funcstack[1]\" = \"_flow\" ]; then\n    _clap_dynamic_completer_flow \"$@\"\nfi\n";

/// Answers a shell, if it is one that asks.
pub fn answered() -> Option<Exit> {
    let here = std::env::current_dir().ok();
    let env = CompleteEnv::with_factory(names::command).var(ASKS);
    match env.try_complete(std::env::args_os(), here.as_deref()) {
        Ok(true) => Some(Exit::Done),
        Ok(false) => None,
        Err(error) => {
            say(&format!("error: {ASKS}: {error}"));
            Some(Exit::Wrong)
        }
    }
}
