//! `:help`: what can be said.

use super::super::paper::{Palette, styled};

/// One command.
pub struct Command {
    /// The word behind the colon.
    pub word: &'static str,
    /// What follows it.
    pub usage: &'static str,
    /// What it does.
    pub about: &'static str,
}

/// All of them, in the order in which they are told.
pub const COMMANDS: [Command; 20] = [
    Command { word: "help", usage: "[NAME]", about: "say what can be said, or what is known of NAME; so does `NAME?`" },
    Command { word: "type", usage: "EXPRESSION", about: "say the type of an expression, and do not compute it" },
    Command { word: "names", usage: "", about: "list what is declared and named, with types" },
    Command { word: "run", usage: "NAME {json}", about: "run a workflow of the session, and show how it goes" },
    Command { word: "plan", usage: "[NAME]", about: "say what a workflow will do, step by step" },
    Command { word: "graph", usage: "[NAME]", about: "draw a workflow, as Mermaid" },
    Command { word: "sandbox", usage: "on|off", about: "let stand-ins on this machine take everything" },
    Command {
        word: "mock",
        usage: "TARGET => VALUE",
        about: "answer by hand, as tests do; `:mock` lists answers, `:mock off` forgets them",
    },
    Command { word: "test", usage: "[TEXT]", about: "run the tests of the session whose titles hold a text" },
    Command { word: "open", usage: "[RUN]", about: "look at a run as it stood; `:open off` comes back" },
    Command { word: "runs", usage: "", about: "list the runs that can be opened" },
    Command { word: "at", usage: "[EVENT]", about: "go to an event of the open run, or list its events" },
    Command { word: "next", usage: "[COUNT]", about: "go to the next event" },
    Command { word: "back", usage: "[COUNT]", about: "go to the event before" },
    Command { word: "why", usage: "STEP", about: "say what led to how a step of the run stands" },
    Command { word: "edit", usage: "[NAME]", about: "edit what was typed last, or what is declared, in $EDITOR" },
    Command {
        word: "load",
        usage: "[FILE]",
        about: "take in what a file declares; alone, what was loaded, as it is now",
    },
    Command { word: "save", usage: "FILE", about: "write the session as a program" },
    Command { word: "explain", usage: "CODE", about: "print the page of a diagnostic" },
    Command { word: "quit", usage: "", about: "leave, as Ctrl-D does" },
];

const HEAD: &str = "\
Type what a program may say, and it happens at once:
  1 + 2                                    an expression
  let name = \"Ada\"                         a name
  step told = slack.post_message { ... }   an operation, a block, a wait
  fn, type, workflow, connector, test      declarations; declared again, the new one counts
The value of the last expression is `it`. A block that is open goes on over lines.
";

/// What can be said, or what one command does; none if there is no such command.
pub fn text(word: &str) -> Option<String> {
    let palette = Palette::for_stdout();
    let line = |command: &Command| {
        let usage = format!(":{} {}", command.word, command.usage);
        format!("  {}  {}\n", styled(palette.strong, format!("{:<28}", usage.trim_end())), command.about)
    };
    match word.trim_start_matches(':') {
        "" => Some(format!("{HEAD}\n{}", COMMANDS.iter().map(line).collect::<String>())),
        word => COMMANDS.iter().find(|command| command.word == word).map(line),
    }
}
