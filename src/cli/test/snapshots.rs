//! Snapshots: what each test sends out, in order, kept in a file beside the program and compared with it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value as Json;
use similar::{ChangeTag, TextDiff};

use crate::cli::exit::Refusal;
use crate::cli::output::{Kind, Output};
use crate::disk;
use crate::host::rehearse::{Sent, TestFailure, Verdict};
use crate::lang::layout::laid_out;

/// What stands behind the name of a program in that of its snapshot.
const EXTENSION: &str = "calls.snap";
/// How each of them begins.
const BEGINNING: &str = "// What the tests of ";
/// How far what is sent is set in.
const INDENT: usize = 4;
/// How long its lines get.
const WIDTH: usize = 110;
/// How many unchanged lines are shown round a change.
const AROUND: usize = 2;

/// The snapshot of one program.
#[derive(Debug)]
pub struct Snapshot {
    path: PathBuf,
    program: String,
    /// As they stood in the file: titles, and what was sent.
    kept: Vec<Section>,
    /// As they are now; nothing for one that did not run.
    now: Vec<(Section, Standing)>,
}

/// What one test sends.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Section {
    title: String,
    sent: String,
}

/// How a test stands to what was kept of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Same,
    New,
    Other,
}

impl Snapshot {
    /// That of the program in `file`: what was kept, if anything was.
    ///
    /// # Errors
    /// That of the operating system.
    pub fn of(file: &Path) -> Result<Self, Refusal> {
        let path = file.with_extension(EXTENSION);
        output(&path).check()?;
        let text = match disk::read(&path) {
            Ok(text) => text,
            Err(fault) if fault.is_missing() => String::new(),
            Err(fault) => return Err(Refusal::new(format!("{} cannot be read: {fault}", path.display()))),
        };
        let program = file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        Ok(Self { path, program, kept: sections(&text), now: Vec::new() })
    }

    /// Takes what came of a test, which fails if it has sent something else than was kept, unless that is to be written down.
    pub fn take(&mut self, verdict: &mut Verdict, update: bool) {
        if !verdict.passed() {
            return self.pass_over(&verdict.title);
        }
        let failure = self.compare(verdict).filter(|_| !update);
        verdict.failures.extend(failure);
    }

    /// Compares what a test has sent with what was kept; what is other than it was.
    fn compare(&mut self, verdict: &Verdict) -> Option<TestFailure> {
        let section = Section { title: one_line(&verdict.title), sent: text(&verdict.sent) };
        // Tests may share a title: the second is compared with the second.
        let before = self.now.iter().filter(|(other, _)| other.title == section.title).count();
        let kept = self.kept.iter().filter(|kept| kept.title == section.title).nth(before);
        let (standing, failure) = match kept {
            None => (Standing::New, None),
            Some(kept) if *kept == section => (Standing::Same, None),
            Some(kept) => (Standing::Other, Some(self.differs(verdict, &kept.sent, &section.sent))),
        };
        self.now.push((section, standing));
        failure
    }

    /// A test that failed says nothing of what it sends when all is well: what was kept of it stays.
    fn pass_over(&mut self, title: &Arc<str>) {
        let title = one_line(title);
        let before = self.now.iter().filter(|(other, _)| other.title == title).count();
        let kept = self.kept.iter().filter(|kept| kept.title == title).nth(before).cloned();
        self.now.extend(kept.map(|kept| (kept, Standing::Same)));
    }

    fn differs(&self, verdict: &Verdict, kept: &str, now: &str) -> TestFailure {
        let message = format!("it sends something else than {} says", self.path.display());
        TestFailure { span: verdict.span, message, details: difference(kept, now) }
    }

    /// Writes down what is new, with `update` what is other too. `whole` where all tests of the program ran: what was kept of
    /// others is then stale, and goes with `update`. What is to be said of it.
    ///
    /// # Errors
    /// That of the operating system.
    pub fn keep(self, update: bool, whole: bool) -> Result<Vec<String>, Refusal> {
        let shown = self.path.display().to_string();
        let mut said = Vec::new();
        let stale: Vec<&Section> = self.kept.iter().filter(|kept| whole && !self.ran(kept)).collect();
        if !update {
            let line = |kept: &&Section| {
                format!("{shown}: there is no test {:?} any more; `--update` takes it out", kept.title)
            };
            said.extend(stale.iter().map(line));
        }
        let next = self.next(update, whole);
        if next != self.kept {
            let count = |standing| self.now.iter().filter(|(_, is)| *is == standing).count();
            let changed = if update { count(Standing::Other) } else { 0 };
            let gone = if update { stale.len() } else { 0 };
            let counted = [(count(Standing::New), "new"), (changed, "changed"), (gone, "gone")];
            let counted = counted.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
            let counted = counted.collect::<Vec<_>>().join(", ");
            output(&self.path).write(&page(&self.program, &next))?;
            said.push(format!("{shown} written: {}", if counted.is_empty() { "in another order" } else { &counted }));
        }
        Ok(said)
    }

    fn ran(&self, kept: &Section) -> bool {
        self.now.iter().any(|(section, _)| section.title == kept.title)
    }

    /// What the file is to say: the tests in their order, behind them what was kept of others.
    fn next(&self, update: bool, whole: bool) -> Vec<Section> {
        let mut rest = self.kept.clone();
        let mut next = Vec::new();
        for (section, standing) in &self.now {
            let at = rest.iter().position(|kept| kept.title == section.title);
            let kept = at.map(|at| rest.remove(at));
            next.push(match (standing, kept) {
                (Standing::Other, Some(kept)) if !update => kept,
                _ => section.clone(),
            });
        }
        if !whole {
            // Those that ran keep the places they had.
            return in_place(&self.kept, next);
        }
        next.extend(rest.into_iter().filter(|_| !update));
        next
    }
}

/// The sections of `kept` with those of the same titles in their places, and the others behind them.
fn in_place(kept: &[Section], mut now: Vec<Section>) -> Vec<Section> {
    let mut next = Vec::new();
    for section in kept {
        let at = now.iter().position(|other| other.title == section.title);
        next.push(at.map_or_else(|| section.clone(), |at| now.remove(at)));
    }
    next.extend(now);
    next
}

/// What was sent, a line or more for each.
fn text(sent: &[Sent]) -> String {
    let line = |Sent { what, with }: &Sent| {
        let indent = " ".repeat(INDENT);
        let before = INDENT + what.chars().count() + 1;
        let with = laid_out(with, INDENT, before, WIDTH);
        format!("{indent}{what} {with}\n")
    };
    sent.iter().map(line).collect()
}

fn page(program: &str, sections: &[Section]) -> String {
    let mut page =
        format!("{BEGINNING}{program} send out, in order. `flow test --snapshot --update {program}` writes it anew.\n");
    for Section { title, sent } in sections {
        page.push_str(&format!("\ntest {}\n{sent}", Json::from(title.as_str())));
    }
    page
}

/// The sections of a file.
fn sections(page: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for line in page.lines() {
        match (line.strip_prefix("test "), sections.last_mut()) {
            (Some(title), _) => {
                let title = serde_json::from_str(title).unwrap_or_else(|_| title.to_owned());
                sections.push(Section { title, sent: String::new() });
            }
            (None, Some(section)) if line.starts_with(' ') => section.sent.push_str(&format!("{line}\n")),
            _ => {}
        }
    }
    sections
}

/// The lines that differ, with those round them: `-` was kept, `+` is so now.
fn difference(kept: &str, now: &str) -> Vec<String> {
    let diff = TextDiff::from_lines(kept, now);
    let mut lines = Vec::new();
    for group in diff.grouped_ops(AROUND) {
        if !lines.is_empty() {
            lines.push("...".to_owned());
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            lines.push(format!("{sign}{}", change.value().trim_end()));
        }
    }
    lines.push("if that is right, `--snapshot --update` writes it down".to_owned());
    lines
}

/// A snapshot is written over an older one, over nothing else: its name is not chosen, and may be that of a link.
fn output(path: &Path) -> Output<'_> {
    Output::new(path, Kind::Other("a snapshot")).renews(BEGINNING)
}

/// A title as it stands in a file of lines.
fn one_line(title: &Arc<str>) -> String {
    title.split_whitespace().collect::<Vec<_>>().join(" ")
}
