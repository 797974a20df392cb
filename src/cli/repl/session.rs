//! What a session knows, and how it answers what is said: what it declares, what it names, what was said so far.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::exit::{Exit, Refusal, Stop};
use super::super::paper::{Palette, colour_on_stderr, deliver, say, styled};
use super::super::run::failure_text;
use super::body::{self, Body, IT, Made, Reach};
use super::declarations::{Declarations, Declared};
use super::form::{self, Form};
use super::known::Names;
use super::mock::Answered;
use super::sheet::Sheet;
use super::stage::{Came, Look, Stage, Trouble};
use crate::base::diagnostic::Diagnostic;
use crate::base::failure::Failure;
use crate::base::report;
use crate::base::shape::Shape;
use crate::base::span::{Source, Sources};
use crate::base::status::Status;
use crate::base::value::Value;
use crate::disk;
use crate::host::stood::Stood;
use crate::host::{Faults, Program, study};
use crate::lang::Kept;
use crate::lang::check::HOLE;
use crate::lang::layout::WIDTH;
use crate::lang::plan::Kind;
use crate::run::driver::Summary;
use crate::run::event::{Event, Record};
use crate::run::journal::Journal as _;

/// What the text of a session is called; what it uses is looked for from the working directory.
const NAME: &str = "session";

/// How many declarations are told one by one; of more, how many of each kind there are.
const TOLD_MAX: usize = 3;

/// How many runs of the session can be opened again.
const PAST_MAX: usize = 100;

/// Something that was said and has happened.
#[derive(Clone, Debug)]
pub struct Said {
    /// How it was read.
    pub form: Form,
    /// What was typed.
    pub text: String,
    /// What it named.
    pub names: Vec<Arc<str>>,
}

/// A session.
pub struct Session {
    /// What is declared.
    pub declarations: Declarations,
    /// What is known by name.
    pub names: Names,
    /// What was carried out, in order.
    pub said: Vec<Said>,
    /// What is answered by hand, as tests say it.
    pub answers: Vec<Answered>,
    /// Where it is carried out.
    pub stage: Stage,
    /// The runs there were, the last one at the end.
    pub past: Vec<Came>,
    /// Where `flow.toml` lies.
    pub directory: PathBuf,
    /// Where runs are kept that can be opened.
    #[cfg(feature = "sqlite")]
    pub data: Option<PathBuf>,
    /// The run that is looked at as it stood.
    pub travel: Option<Stood>,
    /// What was typed last.
    pub typed: String,
    /// The files that were taken in.
    files: Vec<PathBuf>,
    /// Whether people look at what is delivered.
    pub for_people: bool,
    /// How many inputs there were.
    count: usize,
    /// What came of the last input.
    last: Exit,
    /// The worst that has happened.
    worst: Exit,
}

/// Declarations that hold together.
pub struct Taken {
    /// What was declared last.
    declared: Vec<Declared>,
    /// All of them.
    pub all: Declarations,
    program: Program,
    sheet: Sheet,
}

/// What was typed, as the front end understands it.
struct Understood {
    form: Form,
    program: Program,
    sheet: Sheet,
    workflow: String,
    input: Value,
    made: Vec<Made>,
    /// The types of the records of its steps.
    records: Vec<Made>,
}

impl Session {
    /// A session in which nothing was said.
    pub fn new(stage: Stage, directory: PathBuf, for_people: bool) -> Self {
        Self {
            declarations: Declarations::default(),
            names: Names::default(),
            said: Vec::new(),
            answers: Vec::new(),
            stage,
            past: Vec::new(),
            directory,
            #[cfg(feature = "sqlite")]
            data: None,
            travel: None,
            typed: String::new(),
            files: Vec::new(),
            for_people,
            count: 0,
            last: Exit::Done,
            worst: Exit::Done,
        }
    }

    /// How it ends: with the worst that has happened.
    pub fn exit(&self) -> Exit {
        self.worst
    }

    /// What came of the last input.
    pub fn last(&self) -> Exit {
        self.last
    }

    /// What stands before the next input.
    pub fn prompt(&self) -> String {
        match &self.travel {
            Some(stood) => format!("[{}@{}]> ", self.count + 1, stood.event()),
            None => format!("[{}]> ", self.count + 1),
        }
    }

    /// How wide values are laid out.
    pub fn width(&self) -> usize {
        if self.for_people { self.stage.width() } else { WIDTH }
    }

    /// Notes what came of an input; says why, where it was refused.
    pub fn note(&mut self, came: Result<Exit, Stop>) {
        let exit = match came {
            Ok(exit) | Err(Stop::Said(exit)) => exit,
            Err(Stop::Refused(refusal)) => {
                say(&format!("{} {refusal}", styled(Palette::for_stderr().bad, "error:")));
                Exit::Wrong
            }
        };
        let rank = |exit: Exit| match exit {
            Exit::Done => 0,
            Exit::Cancelled => 1,
            Exit::Failed => 2,
            Exit::Wrong => 3,
        };
        self.last = exit;
        if rank(exit) > rank(self.worst) {
            self.worst = exit;
        }
    }

    /// The name that the next input has in messages.
    pub fn next_source(&mut self, text: &str) -> Source {
        self.count += 1;
        Source::new(format!("[{}]", self.count), text)
    }

    /// Answers what was typed: declares it, or carries it out.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn answer(&mut self, typed: &str) -> Result<Exit, Stop> {
        let typed = self.next_source(typed.trim());
        self.typed = typed.text.to_string();
        if self.travel.is_some() && form::forms(&typed.text) != [Form::Declarations] {
            return match form::forms(&typed.text).first() {
                Some(Form::Statement) => Err(Refusal::new("a run is open, and what has happened in it stays as it is")
                    .hint("`:open off` goes back to the session")
                    .into()),
                _ => super::travel::answer(self, &typed),
            };
        }
        if form::forms(&typed.text) == [Form::Declarations] {
            return self.declare(Declarations::of(&typed), &typed);
        }
        if let Some(word) = form::word_of_workflows(&typed.text) {
            return Err(belongs_to_workflows(word).into());
        }
        let understood = self.understand(&typed).map_err(|(faults, sheet)| self.wrong(faults, &sheet, &typed))?;
        self.carry_out(&typed, understood)
    }

    /// Takes declarations in, if all that is declared then still means something.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn declare(&mut self, newer: Declarations, source: &Source) -> Result<Exit, Stop> {
        let taken = self.with(newer, source).map_err(|(faults, sheet)| self.wrong(faults, &sheet, source))?;
        self.warn(taken.program.warnings, &taken.program.sources, &taken.sheet, source);
        match taken.declared.len() {
            0..=TOLD_MAX => taken.declared.iter().for_each(|declared| {
                let again = if self.declarations.holds(declared) { " again" } else { "" };
                self.remark(&format!("{declared} is declared{again}"));
            }),
            _ => self.remark(&format!("{}: {}", source.name, summed(&taken.declared))),
        }
        self.declarations = taken.all;
        Ok(Exit::Done)
    }

    /// What would be declared with `newer`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn with(&self, newer: Declarations, source: &Source) -> Result<Taken, (Faults, Sheet)> {
        let declared: Vec<Declared> = newer.iter().map(|it| it.declared.clone()).collect();
        let all = self.declarations.with(newer);
        let mut sheet = Sheet::default();
        body::put_declarations(&mut sheet, &all);
        if declared.is_empty() {
            // What cannot be read declares nothing.
            sheet.quote(source, 0..source.text.len());
        }
        match Program::from_text(NAME, sheet.text()) {
            Ok(program) => Ok(Taken { declared, all, program, sheet }),
            Err(faults) => Err((faults, sheet)),
        }
    }

    /// The program of all that is declared.
    ///
    /// # Errors
    /// What is wrong with it: a file that it uses may have changed.
    pub fn program(&self) -> Result<(Program, Sheet), Stop> {
        let mut sheet = Sheet::default();
        body::put_declarations(&mut sheet, &self.declarations);
        let program = Program::from_text(NAME, sheet.text());
        let program = program.map_err(|faults| self.wrong(faults, &sheet, &Source::new(NAME, "")))?;
        Ok((Program { directory: self.directory.clone(), ..program }, sheet))
    }

    /// What the front end says of a text: the first way of reading it in which nothing is wrong.
    fn understand(&self, typed: &Source) -> Result<Understood, (Faults, Sheet)> {
        let mut first = None;
        for form in form::forms(&typed.text) {
            match self.understand_as(typed, *form) {
                Ok(understood) => return Ok(understood),
                Err(wrong) => drop(first.get_or_insert(wrong)),
            }
        }
        Err(first.unwrap_or_else(|| unreachable!("a text may always be something")))
    }

    /// How a text is read that is to be carried out.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn form(&self, typed: &Source) -> Result<Form, (Faults, Sheet)> {
        self.understand(typed).map(|understood| understood.form)
    }

    fn understand_as(&self, typed: &Source, form: Form) -> Result<Understood, (Faults, Sheet)> {
        // Where something is wrong, a name that is near may be any.
        self.understand_with(typed, form, Reach::Read).or_else(|_| self.understand_with(typed, form, Reach::All))
    }

    fn understand_with(&self, typed: &Source, form: Form, reach: Reach) -> Result<Understood, (Faults, Sheet)> {
        let body = Body::new(&self.declarations, &self.names, typed, form, reach);
        let asking = body.asking();
        let mut seen = study(NAME, asking.text(), &mut Kept::default());
        // What is asked there is nothing that anybody wrote.
        seen.diagnostics.retain(|found| !found.message.contains(HOLE));
        let hole = seen.checked.notes.hole.as_ref();
        let (made, records) = (body.made(hole), body.records(hole));
        if seen.diagnostics.iter().any(Diagnostic::is_error) {
            return Err((Faults { diagnostics: seen.diagnostics, sources: seen.sources }, asking));
        }
        let sheet = body.looking(&made);
        match Program::from_text(NAME, sheet.text()) {
            Ok(program) => {
                let program = Program { directory: self.directory.clone(), ..program };
                let (workflow, input) = (body.workflow.clone(), body.input());
                Ok(Understood { form, program, sheet, workflow, input, made, records })
            }
            Err(faults) => Err((faults, sheet)),
        }
    }

    /// The type of an expression.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn type_of(&mut self, typed: &str) -> Result<Shape, Stop> {
        let typed = self.next_source(typed);
        if let Some(known) = self.names.get(typed.text.trim()) {
            return Ok(known.shape.clone());
        }
        let understood = self.understand_as(&typed, Form::Expression);
        let understood = understood.map_err(|(faults, sheet)| self.wrong(faults, &sheet, &typed))?;
        Ok(understood.made.into_iter().find(|made| &*made.name == IT).map(|made| made.shape).unwrap_or_default())
    }

    fn carry_out(&mut self, typed: &Source, understood: Understood) -> Result<Exit, Stop> {
        let Understood { form, program, sheet, workflow, input, made, records: of_steps } = understood;
        let sources = program.sources.clone();
        self.warn(program.warnings.clone(), &sources, &sheet, typed);
        let came = self.stage.perform(program, &workflow, &input, Look::Fleeting);
        let mut came = came.map_err(|trouble| self.troubled(trouble, &sheet, typed))?;
        let records = records(&came);
        let values = looked_at(&records, &came);
        let mut last = None;
        for (at, made) in made.iter().enumerate() {
            let looked = Made::at_the_end(at);
            let value = values.iter().find(|(name, _)| **name == *looked).or_else(|| {
                // Of what broke off, what was named before is known.
                values.iter().find(|(name, _)| name == made.called())
            });
            if let Some((_, value)) = value {
                self.names.learn(&made.name, made.shape.clone(), value.clone());
                last = Some(value.clone());
            }
        }
        self.keep_records(&made, &of_steps, &came, &records);
        let names = made.iter().map(|made| made.name.clone()).collect();
        if let (Some(failure), Some(summary)) = (broken(&records), &mut came.summary)
            && summary.status == Status::Completed
        {
            let (status, error) = (Status::Failed, Some(Value::from(failure.to_value())));
            *summary = Summary { status, error, failure: Some(failure), ..summary.clone() };
        }
        let exit = self.ended(&came, &sources, &sheet);
        if exit == Exit::Done {
            self.said.push(Said { form, text: typed.text.to_string(), names });
            // What a block without a name gives, nobody has asked for.
            let is_asked = form != Form::Statement || matches!(form::first_word(&typed.text), "let" | "step");
            self.show(last.filter(|_| is_asked));
        }
        self.keep(came);
        Ok(exit)
    }

    /// Keeps the records of the steps of a run, for whoever asks for `steps.NAME` later.
    fn keep_records(&mut self, made: &[Made], of_steps: &[Made], came: &Came, records: &[Record]) {
        made.iter().for_each(|made| self.names.forget_record(&made.name));
        let stood = Stood::new(came.plan.clone(), records.to_vec());
        let Some(Value::Map(steps)) = stood.and_then(|stood| stood.name("steps")) else { return };
        for step in of_steps {
            if let Some(record) = steps.get(step.called()) {
                self.names.record(&step.name, &step.shape, record.clone());
            }
        }
    }

    /// Remembers a run, so that it can be opened, unless it only computed: of that there is nothing to look at.
    pub fn keep(&mut self, came: Came) {
        if came.plan.nodes.iter().all(|node| matches!(node.kind, Kind::Let(_))) && came.plan.name.starts_with(NAME) {
            return;
        }
        if self.past.len() == PAST_MAX {
            self.past.remove(0);
        }
        self.past.push(came);
    }

    /// Delivers a value, as a program would write it. `()` says nothing.
    pub fn show(&self, value: Option<Value>) {
        let width = self.width();
        if let Some(value) = value.filter(|value| !value.is_unit()) {
            deliver(&self.stage.covered(&body::shown(&value, width)));
        }
    }

    /// Says that something was broken off.
    pub fn cancelled(&self) -> Exit {
        say(&styled(self.stage.palette().doubtful, "cancelled"));
        Exit::Cancelled
    }

    /// Says how a run ended, where it did not end well.
    pub fn ended(&self, came: &Came, sources: &Sources, sheet: &Sheet) -> Exit {
        let palette = self.stage.palette();
        let Some(summary) = &came.summary else { return Exit::Cancelled };
        for problem in &summary.problems {
            let place = if problem.place.is_empty() { "the run" } else { &*problem.place };
            say(&self.stage.covered(&format!("problem in {place}: {}: {}", problem.kind, problem.message)));
        }
        match summary.status {
            Status::Completed => Exit::Done,
            Status::Cancelled => self.cancelled(),
            _ => {
                let written = sheet.sources(sources);
                let place = |span| written.place(span);
                let failure = summary
                    .failure
                    .as_ref()
                    .map(|failure| Arc::new(Failure { span: failure.span.and_then(place), ..(**failure).clone() }));
                let summary = Summary { failure, ..summary.clone() };
                say(&self.stage.covered(&failure_text(&summary, &written.sources, palette)));
                Exit::Failed
            }
        }
    }

    /// A remark for whoever types; a script that is piped in needs none.
    pub fn remark(&self, text: &str) {
        if self.for_people {
            say(&styled(self.stage.palette().faint, text));
        }
    }

    /// Says what is wrong, at its places in what people wrote.
    pub fn wrong(&self, faults: Faults, sheet: &Sheet, about: &Source) -> Stop {
        say(&self.in_words(faults, sheet, about));
        Stop::Said(Exit::Wrong)
    }

    /// What is wrong, in words.
    pub fn in_words(&self, faults: Faults, sheet: &Sheet, about: &Source) -> String {
        let written = sheet.sources(&faults.sources);
        let told = written.told(faults.diagnostics, &about.name);
        self.stage.covered(&report::to_text(&told, &written.sources, colour_on_stderr()))
    }

    fn warn(&self, warnings: Vec<Diagnostic>, sources: &Sources, sheet: &Sheet, about: &Source) {
        let written = sheet.sources(sources);
        let told = written.told(warnings, &about.name);
        if !told.is_empty() {
            say(&report::to_text(&told, &written.sources, colour_on_stderr()));
        }
    }

    /// Why nothing was carried out.
    pub fn troubled(&self, trouble: Trouble, sheet: &Sheet, about: &Source) -> Stop {
        match trouble {
            Trouble::Build(error) => match error.faults() {
                Some(faults) => self.wrong(faults.clone(), sheet, about),
                None => super::super::run::not_built(*error),
            },
            Trouble::Start(error) => Refusal::new(error.to_string()).into(),
        }
    }

    /// Takes the declarations of a file in.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn load(&mut self, path: &Path) -> Result<Exit, Stop> {
        let text = disk::read(path).map_err(|fault| {
            let refusal = Refusal::new(format!("`{}` cannot be read: {fault}", path.display()));
            fault.hint().into_iter().fold(refusal, Refusal::hint)
        })?;
        let source = Source::new(path.display().to_string(), &super::file::from_here(path, &text));
        if !self.files.iter().any(|known| known == path) {
            self.files.push(path.to_owned());
        }
        self.declare(Declarations::of(&source), &source)
    }

    /// Takes the files that were taken in before in again, as they are now; none if there are none.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn load_again(&mut self) -> Option<Result<Exit, Stop>> {
        let mut came = None;
        for file in self.files.clone() {
            match self.load(&file) {
                Ok(exit) => came = Some(Ok(exit)),
                Err(wrong) => return Some(Err(wrong)),
            }
        }
        came
    }
}

/// How many declarations of each kind there are.
fn summed(declared: &[Declared]) -> String {
    let mut sums: Vec<(&str, usize)> = Vec::new();
    for Declared { word, .. } in declared {
        match sums.iter_mut().find(|(known, _)| known == word) {
            Some((_, count)) => *count += 1,
            None => sums.push((word, 1)),
        }
    }
    let told: Vec<String> =
        sums.iter().map(|(word, count)| format!("{count} {word}{}", if *count == 1 { "" } else { "s" })).collect();
    format!("{} declared; `:names` lists them", told.join(", "))
}

/// What happened in a run.
pub fn records(came: &Came) -> Vec<Record> {
    use futures_util::FutureExt as _;
    came.store.history(&came.id, 0).now_or_never().and_then(Result::ok).unwrap_or_default().records
}

/// Why the first `let` that broke did: whoever reads it raises that, and in a session nobody may.
fn broken(records: &[Record]) -> Option<Arc<Failure>> {
    records.iter().find_map(|record| match &record.event {
        Event::Broke { failure, .. } => Some(failure.clone()),
        _ => None,
    })
}

/// What `let`s at the top of a run came to, by name.
fn looked_at(records: &[Record], came: &Came) -> Vec<(Arc<str>, Value)> {
    let computed = records.iter().filter_map(|record| match &record.event {
        Event::Computed { node, value, .. } => Some((came.plan.node(*node).name.clone()?, value.clone())),
        _ => None,
    });
    computed.collect()
}

/// What stands only in workflows.
pub fn belongs_to_workflows(word: &str) -> Refusal {
    match word {
        "set" => Refusal::new("`set` changes `vars` and `state` of a workflow, and a session has neither")
            .hint("name the new value: `let NAME = ...`"),
        "return" | "output" | "reply" | "until" => {
            Refusal::new(format!("`{word}` belongs into a workflow, and a session gives nothing to anybody"))
                .hint("type the expression alone, and it is shown")
        }
        word => Refusal::new(format!("`{word}` says something of a whole workflow"))
            .hint(format!("type all of it: `workflow NAME {{ {word} ... }}`, or put `{word}` behind a step")),
    }
}
