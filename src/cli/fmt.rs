//! `flow fmt [FILE | DIR]...`: one style for all programs.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use similar::{ChangeTag, TextDiff};

use super::exit::{Exit, Refusal, Stop};
use super::output::put;
use super::paper::{Delivery, Palette, colour_on_stderr, say, styled};
use super::programs::Programs;
use crate::base::letter::one_line;
use crate::base::report;
use crate::base::span::{Source, Sources};
use crate::disk;
use crate::lang::{self, Unformatted};

/// Put programs into the one style.
///
/// Files are written in place, at once and only where something changes; their names are said. What is no program that can be read
/// is left alone, and what is wrong with it is said. Only gaps change: no word, no sign, no line, and never what a program means.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 done, 1 with --check or --diff where a file is not in the style, 2 where a file cannot be read or written.

Examples:
  flow fmt
  flow fmt --check scripts
  flow fmt --diff onboarding.flow
  flow fmt - < onboarding.flow")]
pub struct Fmt {
    /// Programs, directories with all `.flow` files in them, or `-` for stdin to stdout; the working directory where absent.
    #[arg(value_name = "FILE | DIR | -", default_value = ".")]
    paths: Vec<PathBuf>,
    /// Writes nothing; names the files that are not in the style, and ends with 1 if there are any.
    #[arg(long)]
    check: bool,
    /// Writes nothing; prints what would change as a patch, and ends with 1 if anything would.
    #[arg(long)]
    diff: bool,
}

/// How long a patch may be made shorter.
const DIFF_TIME: Duration = Duration::from_secs(2);

/// What came of the files.
#[derive(Default)]
struct Tally {
    seen: usize,
    changed: usize,
    /// Those that were left alone for their faults.
    broken: usize,
}

impl Fmt {
    /// Formats them all, whatever is wrong with the first.
    ///
    /// # Errors
    /// A path at which nothing is, or a directory without a program; then no file was written.
    pub fn run(&self) -> Result<Exit, Stop> {
        let (stdin, paths): (Vec<_>, Vec<_>) = self.paths.iter().cloned().partition(|path| path.as_os_str() == "-");
        let unreadable =
            |path: &Path, error: io::Error| Refusal::new(format!("`{}` cannot be read: {error}", path.display()));
        for path in &paths {
            fs::metadata(path).map_err(|error| unreadable(path, error))?;
        }
        let files = Programs::at(&paths)?.files;
        let mut tally = Tally::default();
        if !stdin.is_empty() {
            self.stdin(&mut tally)?;
        }
        files.iter().for_each(|file| self.file(file, &mut tally));
        if !files.is_empty() {
            say(&self.sentence(&tally));
        }
        Ok(match tally {
            Tally { broken: 1.., .. } => Exit::Wrong,
            Tally { changed: 1.., .. } if self.only_looks() => Exit::Failed,
            _ => Exit::Done,
        })
    }

    fn only_looks(&self) -> bool {
        self.check || self.diff
    }

    /// What was done, in one line.
    fn sentence(&self, tally: &Tally) -> String {
        let files = |count: usize| if count == 1 { "1 file".to_owned() } else { format!("{count} files") };
        let changed = match (tally.changed, self.only_looks()) {
            (0, _) => "nothing to change".to_owned(),
            (changed, true) => format!("{changed} would change"),
            (changed, false) => format!("{changed} changed"),
        };
        let broken = if tally.broken == 0 { String::new() } else { format!(", {} left alone", tally.broken) };
        format!("{} looked at, {changed}{broken}", files(tally.seen))
    }

    fn file(&self, file: &Path, tally: &mut Tally) {
        tally.seen += 1;
        // A name may have a line break in it, and each has a line of its own.
        let name = one_line(&file.display().to_string());
        if let Err(reason) = self.rewritten(file, &name, tally) {
            tally.broken += 1;
            say(&format!("error: {name}: {reason}"));
        }
    }

    /// Puts one file into the style; else why not.
    fn rewritten(&self, file: &Path, name: &str, tally: &mut Tally) -> Result<(), String> {
        let text = disk::read(file).map_err(|fault| fault.to_string())?;
        if let Some(restyled) = self.restyled(name, &text, tally).filter(|_| !self.only_looks()) {
            put(file, &restyled).map_err(|error| error.to_string())?;
            tally.changed += 1;
            say(name);
        }
        Ok(())
    }

    fn stdin(&self, tally: &mut Tally) -> Result<(), Stop> {
        tally.seen += 1;
        let mut text = String::new();
        let read = io::stdin().lock().read_to_string(&mut text);
        read.map_err(|error| Refusal::new(format!("stdin cannot be read: {error}")))?;
        let broken = tally.broken;
        let restyled = self.restyled("<stdin>", &text, tally);
        if !self.only_looks() && tally.broken == broken {
            deliver(&restyled.unwrap_or(text));
        }
        Ok(())
    }

    /// The text in the style, if it is not so already; says of it what was asked for.
    fn restyled(&self, name: &str, text: &str, tally: &mut Tally) -> Option<String> {
        let source = Source::new(name, text);
        let restyled = match lang::format(&source) {
            Ok(restyled) => restyled,
            Err(why) => {
                tally.broken += 1;
                say(&refusal(why, source));
                return None;
            }
        };
        if restyled == text {
            return None;
        }
        if self.only_looks() {
            tally.changed += 1;
            if self.diff {
                deliver(&patch(name, text, &restyled));
            } else {
                say(name);
            }
        }
        Some(restyled)
    }
}

/// Why a file is left alone, for people.
fn refusal(why: Unformatted, source: Source) -> String {
    match why {
        Unformatted::Broken(faults) => {
            let mut sources = Sources::default();
            sources.add(source);
            report::to_text(&faults, &sources, colour_on_stderr())
        }
        Unformatted::Different(span) => {
            let place = source.position(span.start);
            format!(
                "error: {}:{}:{}: in the style this would be read as another program, so it stays as it is\n  hint: the fault is the \
                 formatter's; please report it with this line",
                source.name, place.line, place.column
            )
        }
    }
}

/// What would change, as a patch; in colours where stdout wants them.
fn patch(name: &str, text: &str, restyled: &str) -> String {
    let diff = TextDiff::configure().timeout(DIFF_TIME).diff_lines(text, restyled);
    let palette = Palette::for_stdout();
    if palette == Palette::default() {
        return diff.unified_diff().header(name, name).to_string();
    }
    let mut patch = styled(palette.strong, format!("--- {name}\n+++ {name}\n"));
    for hunk in diff.unified_diff().iter_hunks() {
        patch.push_str(&styled(palette.busy, format!("{}\n", hunk.header())));
        for change in hunk.iter_changes() {
            let line = format!("{}{change}", change.tag());
            patch.push_str(&match change.tag() {
                ChangeTag::Delete => styled(palette.bad, line),
                ChangeTag::Insert => styled(palette.good, line),
                ChangeTag::Equal => line,
            });
        }
    }
    patch
}

/// Puts a text on stdout as it is.
fn deliver(text: &str) {
    let mut delivery = Delivery::begin();
    if delivery.piece(text.strip_suffix('\n').unwrap_or(text).as_bytes()) && !text.is_empty() {
        delivery.end();
    }
}
