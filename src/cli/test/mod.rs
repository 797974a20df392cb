//! `flow test [FILE | DIR]...`: the tests of programs, in virtual time, and the examples of their connectors.

mod examples;
mod jobs;
mod junit;
mod ran;
mod read;
mod seeds;
mod shares;
mod snapshots;
/// Pieces of what is told.
pub(super) mod told;
mod watch;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use clap::{Args, ValueEnum};
use serde_json::{Value as Json, json};

use super::elapsed::elapsed;
use super::exit::{Exit, Refusal, Stop};
use super::output::Output;
use super::paper::{Palette, deliver, say, styled};
use super::programs::Programs;
use crate::base::diagnostic::nearest;
use crate::base::time::Duration;
use crate::host::Program;
use crate::host::play::{Of, Piece};
use crate::host::rehearse::coverage::{Coverage, lcov};
use crate::host::rehearse::crash::{CRASHES_MAX, Crashes, crash_everywhere};
use crate::host::rehearse::{Rehearsal, rehearse};
use crate::lang::plan::test::Test as Written;
use examples::Examples;
use ran::{Came, Ran};
use read::Read;
use seeds::{Seeds, Tried};
use shares::Percent;
use snapshots::Snapshot;

/// Run the tests that programs declare, and play the examples of their connectors.
///
/// A test runs its workflow on the real machine, with mocks for everything outside and a clock of its own: a wait of three days
/// takes no time. An example of a connector is played against a stand-in on this machine: what it says comes of the answer must come
/// of it. Ends with 0 if every test passed, with 1 if one failed, with 2 if a program
/// cannot run; the others are tested all the same.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  flow test
  flow test scripts
  flow test --filter retried scripts/customer_onboarding.flow
  flow test --filter 'example crm.get' crm.flow
  flow test --seed 1..1000 scripts/travel_booking.flow
  flow test --coverage --coverage-min 80% scripts
  flow test --snapshot scripts/travel_booking.flow
  flow test --watch scripts
  flow test --format junit scripts > tests.xml
  flow test --crash-everywhere scripts/order_fulfilment.flow")]
pub struct Test {
    /// Programs, and directories with all `.flow` files in them and below; the working directory where absent.
    #[arg(value_name = "FILE | DIR", default_value = ".")]
    paths: Vec<PathBuf>,
    /// Lets chance fall otherwise: the order of what happens at the same moment, `random()`, `uuid()`, the pauses of `backoff`. With
    /// `1..1000`, each test once with each of these seeds.
    #[arg(long, value_name = "N|A..B")]
    seed: Option<Seeds>,
    /// Runs each test again and again, with the engine killed after each record of the journal in turn: the same must come of
    /// it every time.
    #[arg(long)]
    crash_everywhere: bool,
    /// Runs only tests whose title holds this text, whatever the case.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Says which steps, branches, handlers, `undo`s, `fn`s and examples of these files the tests reached, and which not.
    #[arg(long)]
    coverage: bool,
    /// Writes it as an LCOV tracefile, for editors and services.
    #[arg(long, value_name = "FILE")]
    coverage_lcov: Option<PathBuf>,
    /// Ends with 1 if less than this was reached.
    #[arg(long, value_name = "PERCENT")]
    coverage_min: Option<Percent>,
    /// Compares what each test sends out, in order, with what `NAME.calls.snap` beside the program says, and writes down there
    /// what it does not say yet.
    #[arg(long, conflicts_with = "seed")]
    snapshot: bool,
    /// With `--snapshot`: writes down what is other than it was, and takes out what no test sends any more.
    #[arg(long, requires = "snapshot")]
    update: bool,
    /// Tests again what is changed, program by program, until Ctrl-C.
    #[arg(short, long)]
    watch: bool,
    /// How many tests run at once; as many as there are processors, where nothing is said.
    #[arg(short, long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Says which tests took longest, so many of them.
    #[arg(long, value_name = "N")]
    slowest: Option<usize>,
    /// Shows the journal of each run that failed; twice, of every run.
    #[arg(short, long, action = clap::ArgAction::Count)]
    verbose: u8,
    /// For people, one JSON object for tools, or JUnit's XML for services.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// How it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For tools.
    Json,
    /// For services that build and test.
    Junit,
}

/// What there is to run: a test that is written in a program, or an example of a connector.
enum What {
    Test(Arc<Written>),
    Example(Box<Piece>),
}

/// One of them, with its title, and its program.
struct Work<'p> {
    program: &'p (PathBuf, Program),
    title: Arc<str>,
    what: What,
}

/// What came of one of them.
enum Done {
    Rehearsed(Box<Rehearsed>),
    Played(Ran),
}

/// What came of a test, with every seed, and with every crash.
struct Rehearsed {
    tried: Tried,
    crashes: Option<Crashes>,
    took: Duration,
}

/// How many passed and failed, and what came of each, in order.
#[derive(Default)]
struct Count<'w> {
    passed: usize,
    failed: usize,
    list: Vec<(&'w Work<'w>, Ran)>,
}

impl Test {
    /// Runs the tests in the order they are written.
    ///
    /// # Errors
    /// If there is nothing to test, or a directory without a program.
    pub fn run(&self) -> Result<Exit, Stop> {
        self.report().as_ref().map_or(Ok(()), Output::check)?;
        if !self.watch {
            return self.test(&Read::of(&Programs::at(&self.paths)?.files));
        }
        if self.format != Format::Text {
            let refusal = Refusal::new("`--watch` tells people what comes of each change");
            return Err(refusal.hint("leave `--format` away, or `--watch`").into());
        }
        self.watch()
    }

    /// Runs the tests of what was read.
    fn test(&self, read: &Read) -> Result<Exit, Stop> {
        let (programs, broken, mut examples) = (&read.programs, read.cannot_run(), Examples::default());
        let works = self.wanted(works(programs, &mut examples), broken.is_empty())?;
        let coverage = self.measures().then(|| {
            let mut coverage = Coverage::default();
            programs.iter().for_each(|(file, program)| coverage.count(file, program));
            Mutex::new(coverage)
        });
        let count = self.perform(&works, &examples, coverage.as_ref())?;
        let coverage = coverage.map(|coverage| coverage.into_inner().unwrap_or_else(PoisonError::into_inner));
        let enough = coverage.as_ref().map_or(Ok(true), |coverage| self.keep(coverage))?;
        self.conclude(&count, &broken, coverage.as_ref());
        match (broken.len(), programs.len() + broken.len()) {
            (0, _) => Ok(if count.failed == 0 && enough { Exit::Done } else { Exit::Failed }),
            (_, 1) => Ok(Exit::Wrong),
            (wrong, all) => {
                say(&format!("{wrong} of {all} files cannot run: {}", broken.join(", ")));
                Ok(Exit::Wrong)
            }
        }
    }

    /// Those that are meant. It is an error if there are none, but where something else is wrong already.
    fn wanted<'p>(&self, mut works: Vec<Work<'p>>, sound: bool) -> Result<Vec<Work<'p>>, Stop> {
        let Some(filter) = &self.filter else {
            return if works.is_empty() && sound { Err(nothing_to_run()) } else { Ok(works) };
        };
        let titles: Vec<Arc<str>> = works.iter().map(|work| work.title.clone()).collect();
        works.retain(|work| work.title.to_lowercase().contains(&filter.to_lowercase()));
        if !works.is_empty() || !sound {
            return Ok(works);
        }
        let refusal = Refusal::new(format!("no test has {filter:?} in its title"));
        Err(match near(filter, &titles) {
            Some(near) => refusal.hint(format!("did you mean {near:?}?")),
            None => refusal,
        }
        .into())
    }

    /// Whether it is asked what was reached.
    fn measures(&self) -> bool {
        self.coverage || self.coverage_lcov.is_some() || self.coverage_min.is_some()
    }

    /// The file in which it is told to editors and services.
    fn report(&self) -> Option<Output<'_>> {
        let file = self.coverage_lcov.as_ref()?;
        Some(shares::report(file, self.paths.iter().map(PathBuf::as_path)))
    }

    /// All of them, several at once; what came of them is told in the order they are written.
    fn perform<'w>(
        &self,
        works: &'w [Work<'w>],
        examples: &Examples,
        coverage: Option<&Mutex<Coverage>>,
    ) -> Result<Count<'w>, Stop> {
        let palette = if self.format == Format::Text { Palette::for_stdout() } else { Palette::default() };
        let mut count = Count::default();
        let mut snapshots = Snapshots::default();
        let perform = |work: &Work<'_>| self.done(work, examples, coverage, &palette);
        jobs::each(works, self.jobs, perform, |work, done| {
            let ran = match done? {
                Done::Played(ran) => ran,
                Done::Rehearsed(mut done) => {
                    if self.snapshot {
                        snapshots.of(&work.program.0)?.take(&mut done.tried.verdict, self.update);
                    }
                    self.told(work, &done, &palette)
                }
            };
            match ran.passed {
                true => count.passed += 1,
                false => count.failed += 1,
            }
            if self.format == Format::Text {
                let file = &work.program.0;
                if count.list.last().is_none_or(|(last, _)| last.program.0 != *file) {
                    deliver(&styled(palette.strong, file.display()));
                }
                deliver(&ran.text);
            }
            count.list.push((work, ran));
            Ok(())
        })?;
        snapshots.keep(self.update, self.filter.is_none())?;
        Ok(count)
    }

    fn done(
        &self,
        work: &Work<'_>,
        examples: &Examples,
        coverage: Option<&Mutex<Coverage>>,
        palette: &Palette,
    ) -> Result<Done, Stop> {
        let program = &work.program.1;
        let measured = |measure: &dyn Fn(&mut Coverage)| {
            if let Some(coverage) = coverage {
                measure(&mut coverage.lock().unwrap_or_else(PoisonError::into_inner));
            }
        };
        match &work.what {
            What::Test(test) => Ok(Done::Rehearsed(Box::new(self.rehearsed(program, test, &measured)))),
            What::Example(piece) => {
                if let Of::Operation(operation) = &piece.of {
                    measured(&|coverage| coverage.played(program, operation));
                }
                examples.play(program, &work.title, piece, palette).map(Done::Played)
            }
        }
    }

    /// A test, with every seed that is asked for, or with a crash at every record.
    fn rehearsed(&self, program: &Program, test: &Arc<Written>, measured: Measured<'_>) -> Rehearsed {
        let began = Instant::now();
        let mut tried = Tried::default();
        let seeds = self.seed.into_iter().flat_map(Seeds::each).map(Some);
        for seed in seeds.chain(self.seed.is_none().then_some(None)) {
            let verdict = rehearse(&program.package, test, Rehearsal { seed });
            measured(&|coverage| coverage.rehearsed(program, test, &verdict));
            tried.and(seed, verdict);
        }
        let took = Duration(i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX));
        let crashes = (self.crash_everywhere && tried.verdict.passed())
            .then(|| crash_everywhere(&program.package, test, Rehearsal { seed: tried.seed }, CRASHES_MAX));
        Rehearsed { tried, crashes, took }
    }

    fn told(&self, work: &Work<'_>, done: &Rehearsed, palette: &Palette) -> Ran {
        let What::Test(test) = &work.what else { return Ran::default() };
        let (file, program) = work.program;
        let Rehearsed { tried, crashes, took } = done;
        let came = Came { file, program, test, tried, crashes: crashes.as_ref(), took: *took };
        let text = came.told(self.verbose, palette);
        Ran { passed: came.passed(), text, json: came.as_json(), took: *took }
    }

    /// What is said at the end.
    fn conclude(&self, count: &Count<'_>, broken: &[String], coverage: Option<&Coverage>) {
        let Count { passed, failed, list } = count;
        match self.format {
            Format::Text if list.is_empty() => {}
            Format::Text => {
                if let Some(coverage) = coverage.filter(|_| self.coverage) {
                    deliver(&format!("\n{}", shares::told(coverage, &Palette::for_stdout())));
                }
                if let Some(most) = self.slowest {
                    deliver(&format!("\n{}", slowest(list, most)));
                }
                deliver(&format!("\n{passed} passed, {failed} failed"));
            }
            Format::Json => {
                let list: Vec<&Json> = list.iter().map(|(_, ran)| &ran.json).collect();
                let mut report = json!({ "passed": passed, "failed": failed, "cannot_run": broken, "tests": list });
                if let Some(coverage) = coverage {
                    report["coverage"] = shares::as_json(coverage);
                }
                deliver(&format!("{report:#}"));
            }
            Format::Junit => deliver(&junit::document(list, broken)),
        }
    }

    /// Writes what was reached where it is wanted; whether it is enough.
    fn keep(&self, coverage: &Coverage) -> Result<bool, Stop> {
        if let Some(report) = self.report() {
            report.write(&lcov::tracefile(coverage))?;
        }
        let Some(least) = self.coverage_min else { return Ok(true) };
        let enough = least.is_reached(coverage.share());
        if !enough {
            say(&format!("coverage is {}%, less than {least}", coverage.share().percent()));
        }
        Ok(enough)
    }
}

/// Takes what there is to measure.
type Measured<'a> = &'a dyn Fn(&dyn Fn(&mut Coverage));

/// The snapshots of the programs, each read when its first test has run.
#[derive(Default)]
struct Snapshots(Vec<(PathBuf, Snapshot)>);

impl Snapshots {
    fn of(&mut self, file: &Path) -> Result<&mut Snapshot, Refusal> {
        let index = match self.0.iter().position(|(known, _)| known == file) {
            Some(index) => index,
            None => {
                self.0.push((file.to_owned(), Snapshot::of(file)?));
                self.0.len() - 1
            }
        };
        Ok(&mut self.0[index].1)
    }

    fn keep(self, update: bool, whole: bool) -> Result<(), Refusal> {
        for (_, snapshot) in self.0 {
            snapshot.keep(update, whole)?.iter().for_each(|line| say(line));
        }
        Ok(())
    }
}

/// Those that took longest, and how long.
fn slowest(list: &[(&Work<'_>, Ran)], most: usize) -> String {
    let mut list: Vec<_> = list.iter().collect();
    list.sort_by_key(|(_, ran)| std::cmp::Reverse(ran.took));
    let line = |(work, ran): &&(&Work<'_>, Ran)| {
        format!("  {:>6}  {}: {}\n", elapsed(ran.took), work.program.0.display(), work.title)
    };
    format!("slowest\n{}", list.iter().take(most).map(line).collect::<String>())
}

/// The tests of each program as they are written, then the examples that were not among those of one before.
fn works<'p>(programs: &'p [(PathBuf, Program)], examples: &mut Examples) -> Vec<Work<'p>> {
    let mut works = Vec::new();
    for program in programs {
        let tests = program.1.package.tests.iter();
        works.extend(tests.map(|it| Work { program, title: it.title.clone(), what: What::Test(it.clone()) }));
        let pieces = examples.of(&program.1).into_iter();
        works.extend(pieces.map(|(title, it)| Work { program, title: title.into(), what: What::Example(it.into()) }));
    }
    works
}

fn nothing_to_run() -> Stop {
    Stop::Refused(
        Refusal::new("there is no test in these files, and no example of a connector")
            .hint("write one: `test \"what it shows\" for WORKFLOW { ... expect run.status == \"completed\" }`"),
    )
}

/// The title that was probably meant: one that is near as a whole, or holds a near word for each word of the filter.
fn near<'t>(filter: &str, titles: &'t [Arc<str>]) -> Option<&'t str> {
    let whole = nearest(filter, titles.iter().map(|title| &**title));
    whole.or_else(|| {
        let mut titles = titles.iter().map(|title| &**title);
        titles.find(|title| filter.split_whitespace().all(|word| nearest(word, title.split_whitespace()).is_some()))
    })
}
