//! The tree of a run as people watch it: the fold of its records over its plan.
//!
//! In: the records of a run as they come. Out: lines for a terminal, notes for whoever has none. Never: a decision, or a
//! look at anything but records and plan (held by the signature of [`Tree::fold`]).

mod item;
mod lines;
mod waits;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

pub use item::{Item, ItemId, Note, Part, State, Tone, Turns};
pub use lines::Line;
pub use waits::{clock, first_line};

use super::elapsed::elapsed;
use crate::base::time::{Duration, Timestamp};
use crate::base::value::Value;
use crate::lang::plan::{Kind, Node, NodeId, Plan};
use crate::run::event::{Alarm, Answer, Begin, Choice, Event, Moment, Outcome, Record, Role, Then, UnitId};

/// How many turns of a loop plain lines tell in full; of the rest they tell only what goes wrong.
const TURNS_TOLD_MAX: u32 = 10;
/// How many failed turns of a loop keep their line.
const FAILED_TURNS_KEPT_MAX: usize = 5;
/// How long a pause between turns must be to be worth a plain line.
const PAUSE_TOLD_MIN: Duration = Duration::seconds(5);

/// The tree of one run.
#[derive(Debug)]
pub struct Tree {
    plan: Arc<Plan>,
    items: BTreeMap<ItemId, Item>,
    /// The lines of units that have not ended.
    units: HashMap<UnitId, ItemId>,
    root: Option<ItemId>,
    next: u64,
    /// The steps that wait for a person's decision, in order, with their names and errors.
    parked: Vec<(UnitId, String, String)>,
}

impl Tree {
    /// The tree of a run of `plan` that has not begun.
    pub fn new(plan: Arc<Plan>) -> Self {
        Self { plan, items: BTreeMap::new(), units: HashMap::new(), root: None, next: 0, parked: Vec::new() }
    }

    /// The steps that were parked since the last call: unit, name, error.
    pub fn take_parked(&mut self) -> Vec<(UnitId, String, String)> {
        std::mem::take(&mut self.parked)
    }

    /// Takes in one record; tells what is worth a plain line.
    pub fn fold(&mut self, record: &Record) -> Vec<Note> {
        let at = record.at;
        let mut notes = Notes { at, told: Vec::new() };
        match &record.event {
            Event::Accepted(accepted) => {
                let name = accepted.workflow.to_string();
                let path = name.clone();
                let root = self.add(at, None, Item::new(name, path, Part::Run, at));
                self.root = Some(root);
                self.units.insert(UnitId::RUN, root);
                notes.busy(&accepted.workflow, format!("started, run {}", accepted.run));
            }
            Event::Opened { unit, parent, node, role, given } => {
                self.opened(at, *unit, *parent, *node, *role);
                if let (Role::Undo, Some(place)) = (role, given.get("place").and_then(Value::as_text))
                    && let Some(item) = self.item_mut(*unit)
                {
                    // It runs under what is discarded, but belongs to the step whose effect it takes back.
                    item.name = format!("undo {place}");
                    item.path = format!("{place}/undo");
                }
            }
            Event::Began { unit, begin, .. } => self.began(*unit, begin, &mut notes),
            Event::Attempted { unit, attempt, .. } => self.attempted(*unit, *attempt, &mut notes),
            Event::Raised { unit, failure, .. } => {
                if let Some(item) = self.item_mut(*unit) {
                    item.trouble = Some(first_line(&failure.to_string()));
                }
            }
            Event::Chose { unit, choice, .. } => self.chose(*unit, choice, &mut notes),
            Event::Closing { unit, then } => self.closing(*unit, then),
            Event::Ended { unit, outcome } => self.ended(*unit, outcome, &mut notes),
            Event::Computed { unit, node, .. } => self.computed(at, *unit, *node, &mut notes),
            Event::Paused { unit, until } => self.paused(*unit, *until, &mut notes),
            Event::Woke { unit, alarm: Alarm::Due } => {
                if let Some(item) = self.item_mut(*unit)
                    && (matches!(item.state, State::Retrying { .. }) || matches!(item.part, Part::Loop(_)))
                {
                    item.state = State::Running;
                }
            }
            Event::Answered { unit, answer, .. } => {
                if let Some(item) = self.item_mut(*unit) {
                    if matches!(item.state, State::Waiting(_)) {
                        item.state = State::Running;
                    }
                    if let Answer::Failed { failure, .. } = answer {
                        item.trouble = Some(first_line(&failure.to_string()));
                    }
                }
            }
            Event::Renewed { unit } => self.renewed(*unit, &mut notes),
            Event::Launched { unit, workflow, run, .. } => {
                notes.unless_quiet(self.item(*unit), Tone::Busy, format!("started {workflow}, run {run}"));
            }
            Event::Emitted { unit, topic, .. } => {
                notes.unless_quiet(self.item(*unit), Tone::Busy, format!("emitted {topic:?}"));
            }
            Event::Replied { unit, status, .. } => {
                notes.unless_quiet(self.item(*unit), Tone::Busy, format!("replied {status}"));
            }
            Event::Signalled { name, .. } => notes.busy(&self.plan.name, format!("got the signal {name:?}")),
            Event::Arrived { topic, .. } => notes.busy(&self.plan.name, format!("got the event {topic:?}")),
            Event::Unparked { unit, by, .. } => {
                if let Some(item) = self.item_mut(*unit) {
                    item.state = State::Running;
                    notes.say(item.path.clone(), Tone::Busy, format!("decided by {by}"));
                }
            }
            Event::CancelAsked { by } => {
                notes.say(self.plan.name.to_string(), Tone::Doubtful, format!("cancelled by {by}"))
            }
            Event::PauseAsked { by } => {
                notes.say(self.plan.name.to_string(), Tone::Doubtful, format!("paused by {by}"))
            }
            Event::Resumed { by } => notes.busy(&self.plan.name, format!("resumed by {by}")),
            Event::Killed { by } => notes.say(self.plan.name.to_string(), Tone::Bad, format!("killed by {by}")),
            Event::Problem(problem) => {
                notes.say(
                    problem.place.to_string(),
                    Tone::Bad,
                    format!("problem: {}: {}", problem.kind, problem.message),
                );
            }
            Event::Decided { outcome } => self.decided(at, outcome, &mut notes),
            Event::Rested => self.rested(at),
            // What only computes, and what only the machine needs to know, is not worth a line.
            Event::Started
            | Event::Set { .. }
            | Event::Assigned { .. }
            | Event::Passed { .. }
            | Event::Broke { .. }
            | Event::Scheduled { .. }
            | Event::Ignored { .. }
            | Event::Enough { .. }
            | Event::UnwindAsked
            | Event::Woke { .. }
            | Event::Took { .. } => {}
        }
        notes.told
    }

    fn add(&mut self, at: Timestamp, parent: Option<ItemId>, mut item: Item) -> ItemId {
        let id = ItemId(self.next);
        self.next += 1;
        item.parent = parent;
        item.started = at;
        if let Some(parent) = parent.and_then(|parent| self.items.get_mut(&parent)) {
            parent.children.push(id);
        }
        self.items.insert(id, item);
        id
    }

    fn item(&self, unit: UnitId) -> Option<&Item> {
        self.items.get(self.units.get(&unit)?)
    }

    fn item_mut(&mut self, unit: UnitId) -> Option<&mut Item> {
        self.items.get_mut(self.units.get(&unit)?)
    }

    fn opened(&mut self, at: Timestamp, unit: UnitId, parent: UnitId, node_id: NodeId, role: Role) {
        let Some(above) = self.units.get(&parent).copied() else { return };
        let Some(parent_item) = self.items.get(&above) else { return };
        let under = if parent_item.part == Part::Run { "" } else { parent_item.path.as_str() };
        let quiet = parent_item.quiet;
        let dotted = |name: &str| if under.is_empty() { name.to_owned() } else { format!("{under}.{name}") };
        let beside = |name: &str| format!("{under}/{name}");
        let node = self.plan.nodes.get(node_id.0 as usize);
        let label = node.map_or_else(String::new, |node| node.label.to_string());
        let mut item = match role {
            Role::Run => return,
            Role::Main if node.is_some_and(|node| node.unit || node.name.is_some()) => {
                let part = node.and_then(loop_of).map_or(Part::Step, Part::Loop);
                Item::new(label.clone(), dotted(&label), part, at)
            }
            Role::Main => Item::new(String::new(), under.to_owned(), Part::Step, at),
            Role::Turn(index) => Item::new(format!("[{index}]"), format!("{under}[{index}]"), Part::Turn, at),
            Role::Branch(index) => {
                let name = node.and_then(|node| branch_name(node, index));
                match name {
                    Some(name) => Item::new(name.clone(), dotted(&name), Part::Step, at),
                    None => Item::new(format!("[{index}]"), format!("{under}[{index}]"), Part::Turn, at),
                }
            }
            Role::Alternate(_) => Item::new("alternate".to_owned(), beside("alternate"), Part::Aside, at),
            Role::Notify(_) => Item::new(format!("notify {label}"), beside("notify"), Part::Aside, at),
            Role::Undo => Item::new(format!("undo {label}"), beside("undo"), Part::Aside, at),
            Role::Meanwhile(_) => Item::new("meanwhile".to_owned(), beside("meanwhile"), Part::Aside, at),
            Role::Lifecycle(moment, _) => {
                let name = match moment {
                    Moment::Success => "on success",
                    Moment::Failure => "on failure",
                    Moment::Cancel => "on cancel",
                    Moment::Finally => "finally",
                };
                Item::new(name.to_owned(), name.to_owned(), Part::Aside, at)
            }
        };
        item.node = (role == Role::Main).then_some(node_id);
        item.quiet = quiet || matches!(role, Role::Turn(index) | Role::Branch(index) if index >= TURNS_TOLD_MAX);
        let id = self.add(at, Some(above), item);
        self.units.insert(unit, id);
    }

    fn began(&mut self, unit: UnitId, begin: &Begin, notes: &mut Notes) {
        let Some(id) = self.units.get(&unit).copied() else { return };
        let Some(item) = self.items.get_mut(&id) else { return };
        let node = item.node.and_then(|node| self.plan.nodes.get(node.0 as usize));
        let waits = match begin {
            Begin::Sleep { until } => waits::sleeps(notes.at, *until),
            Begin::Listen { .. } => node.map_or_else(String::new, waits::listens_for),
            Begin::Act { params, .. } if params.get("whom").is_some() && is_ask(node) => waits::asks(params),
            Begin::Gate { key, .. } => format!("waits for the lock {key:?}"),
            Begin::Loop { items, .. } => {
                if let Part::Loop(turns) = &mut item.part {
                    turns.total = items.as_list().map(|items| items.len() as u64);
                    let of = turns.total.map_or_else(String::new, |total| format!(", {total} turns"));
                    notes.unless_quiet(Some(item), Tone::Faint, format!("started{of}"));
                }
                return;
            }
            Begin::Act { .. } | Begin::Body { .. } | Begin::Race { .. } => return,
        };
        // Who waits for a person or for long says so even in the thousandth turn.
        let is_short = matches!(begin, Begin::Sleep { until } if Duration::between(notes.at, *until) < PAUSE_TOLD_MIN);
        if is_short {
            notes.unless_quiet(Some(item), Tone::Busy, waits.clone());
        } else {
            notes.say(item.path.clone(), Tone::Busy, waits.clone());
        }
        item.state = State::Waiting(waits);
    }

    fn attempted(&mut self, unit: UnitId, attempt: u32, notes: &mut Notes) {
        let Some(item) = self.item_mut(unit) else { return };
        item.attempts = attempt;
        if matches!(item.state, State::Waiting(_)) {
            return;
        }
        item.state = State::Running;
        let text = if attempt > 1 { format!("attempt {attempt}") } else { "started".to_owned() };
        notes.unless_quiet(Some(item), Tone::Faint, text);
    }

    fn chose(&mut self, unit: UnitId, choice: &Choice, notes: &mut Notes) {
        let at = notes.at;
        let Some(item) = self.item_mut(unit) else { return };
        let trouble = item.trouble.clone().unwrap_or_default();
        match choice {
            Choice::Retry { at: again } => {
                let attempt = item.attempts.max(1) + 1;
                item.state = State::Retrying { at: *again, attempt };
                let pause = elapsed(Duration::between(at, *again));
                notes.say(item.path.clone(), Tone::Doubtful, format!("retry {} in {pause} ({trouble})", attempt - 1));
            }
            Choice::Park => {
                item.state = State::Parked;
                let (path, name) = (item.path.clone(), item.name.clone());
                notes.say(path, Tone::Doubtful, format!("parked: a person must decide ({trouble})"));
                self.parked.push((unit, name, trouble));
            }
            Choice::Alternate => notes.say(item.path.clone(), Tone::Doubtful, format!("alternate ({trouble})")),
            // What the others do shows where it happens.
            Choice::Pass
            | Choice::Notify
            | Choice::Skip { .. }
            | Choice::SkipItem
            | Choice::Fail { .. }
            | Choice::Unsettled => {}
        }
    }

    fn closing(&mut self, unit: UnitId, then: &Then) {
        let Some(item) = self.item_mut(unit) else { return };
        if !matches!(then, Then::End { outcome: Outcome::Completed { .. } }) {
            item.state = State::Closing;
        }
    }

    fn ended(&mut self, unit: UnitId, outcome: &Outcome, notes: &mut Notes) {
        let Some(id) = self.units.remove(&unit) else { return };
        let Some(item) = self.items.get_mut(&id) else { return };
        item.ended = Some(notes.at);
        let took = elapsed(Duration::between(item.started, notes.at));
        let shown = !item.name.is_empty();
        let (state, tone, text) = match outcome {
            Outcome::Completed { .. } => (State::Completed, Tone::Good, format!("ok {took}")),
            Outcome::Skipped { failure: None, .. } => (State::Skipped, Tone::Faint, "skipped".to_owned()),
            Outcome::Skipped { failure: Some(failure), .. } => {
                (State::Skipped, Tone::Doubtful, format!("skipped ({})", first_line(&failure.to_string())))
            }
            Outcome::Failed { failure } => {
                item.trouble = Some(first_line(&failure.to_string()));
                (State::Failed, Tone::Bad, format!("failed ({})", first_line(&failure.to_string())))
            }
            Outcome::Cancelled => (State::Cancelled, Tone::Faint, "cancelled".to_owned()),
        };
        item.state = state.clone();
        let is_turn = item.part == Part::Turn;
        if shown && !(is_turn && state != State::Failed) {
            if state == State::Failed {
                notes.say(item.path.clone(), tone, text);
            } else {
                notes.unless_quiet(Some(item), tone, text);
            }
        }
        if is_turn {
            self.turn_ended(id, &state, notes);
        }
    }

    /// A turn that ended is counted; only the first few that failed keep their line.
    fn turn_ended(&mut self, id: ItemId, state: &State, notes: &mut Notes) {
        let Some(above) = self.items.get(&id).and_then(|item| item.parent) else { return };
        let failed = *state == State::Failed;
        let mut keep = true;
        if let Some(Item { part: Part::Loop(turns), path, quiet, children, .. }) = self.items.get_mut(&above) {
            turns.ended += u64::from(*state != State::Cancelled);
            turns.failed += u64::from(failed);
            keep = failed && turns.failed as usize <= FAILED_TURNS_KEPT_MAX;
            if !keep {
                children.retain(|child| *child != id);
            }
            if let Some(text) = progress(turns).filter(|_| !*quiet) {
                notes.say(path.clone(), Tone::Faint, text);
            }
        }
        if !keep {
            self.remove(id);
        }
    }

    /// Takes a line out with all under it.
    fn remove(&mut self, id: ItemId) {
        let mut rest = vec![id];
        while let Some(id) = rest.pop() {
            rest.extend(self.items.remove(&id).into_iter().flat_map(|item| item.children));
        }
    }

    /// A script without clauses is no unit: it has a line all the same.
    fn computed(&mut self, at: Timestamp, unit: UnitId, node: NodeId, notes: &mut Notes) {
        let Some(node) = self.plan.nodes.get(node.0 as usize) else { return };
        let (Kind::Script(_), Some(name)) = (&node.kind, node.name.clone()) else { return };
        let Some(above) = self.units.get(&unit).copied() else { return };
        let Some(parent) = self.items.get(&above) else { return };
        let under = if parent.part == Part::Run { String::new() } else { format!("{}.", parent.path) };
        let mut item = Item::new(name.to_string(), format!("{under}{name}"), Part::Step, at);
        item.quiet = parent.quiet;
        item.state = State::Completed;
        item.ended = Some(at);
        notes.unless_quiet(Some(&item), Tone::Good, "ok".to_owned());
        self.add(at, Some(above), item);
    }

    fn paused(&mut self, unit: UnitId, until: Timestamp, notes: &mut Notes) {
        let at = notes.at;
        let Some(item) = self.item_mut(unit) else { return };
        let pause = Duration::between(at, until);
        if let Part::Loop(turns) = &item.part {
            let next = turns.ended + 1;
            item.state = State::Waiting(format!("turn {next} in {}", elapsed(pause)));
            if pause >= PAUSE_TOLD_MIN {
                notes.unless_quiet(Some(item), Tone::Faint, format!("turn {next} in {}", elapsed(pause)));
            }
        }
    }

    fn renewed(&mut self, unit: UnitId, notes: &mut Notes) {
        let Some(id) = self.units.get(&unit).copied() else { return };
        let Some(item) = self.items.get_mut(&id) else { return };
        item.state = State::Running;
        if let Part::Loop(turns) = &mut item.part {
            (turns.ended, turns.failed) = (0, 0);
        }
        let gone = std::mem::take(&mut item.children);
        notes.unless_quiet(Some(item), Tone::Doubtful, "begins anew".to_owned());
        gone.into_iter().for_each(|child| self.remove(child));
    }

    fn decided(&mut self, at: Timestamp, outcome: &Outcome, notes: &mut Notes) {
        let Some(root) = self.root.and_then(|root| self.items.get_mut(&root)) else { return };
        let took = elapsed(Duration::between(root.started, at));
        root.ended = Some(at);
        let (state, tone) = match outcome {
            Outcome::Completed { .. } => (State::Completed, Tone::Good),
            Outcome::Skipped { .. } => (State::Skipped, Tone::Faint),
            Outcome::Failed { failure } => {
                root.trouble = Some(first_line(&failure.to_string()));
                (State::Failed, Tone::Bad)
            }
            Outcome::Cancelled => (State::Cancelled, Tone::Doubtful),
        };
        root.state = state;
        let path = root.path.clone();
        notes.say(path, tone, format!("{} {took}", outcome.word()));
    }

    fn rested(&mut self, at: Timestamp) {
        if let Some(root) = self.root.and_then(|root| self.items.get_mut(&root)) {
            root.ended = Some(at);
        }
    }
}

impl Item {
    fn new(name: String, path: String, part: Part, started: Timestamp) -> Self {
        Self {
            name,
            path,
            node: None,
            parent: None,
            children: Vec::new(),
            state: State::Running,
            started,
            ended: None,
            attempts: 0,
            trouble: None,
            part,
            quiet: false,
        }
    }
}

/// The notes of one record.
struct Notes {
    at: Timestamp,
    told: Vec<Note>,
}

impl Notes {
    fn say(&mut self, path: String, tone: Tone, text: String) {
        self.told.push(Note { at: self.at, path, text, tone });
    }

    fn busy(&mut self, path: &str, text: String) {
        self.say(path.to_owned(), Tone::Busy, text);
    }

    fn unless_quiet(&mut self, item: Option<&Item>, tone: Tone, text: String) {
        if let Some(item) = item.filter(|item| !item.quiet) {
            self.say(item.path.clone(), tone, text);
        }
    }
}

fn is_ask(node: Option<&Node>) -> bool {
    node.is_some_and(|node| matches!(node.kind, Kind::Ask(_)))
}

/// How a loop counts, if the node is one.
fn loop_of(node: &Node) -> Option<Turns> {
    match &node.kind {
        Kind::For(each) => Some(Turns { parallel: each.parallel, ..Turns::default() }),
        Kind::While { .. } | Kind::Repeat { .. } => Some(Turns::default()),
        _ => None,
    }
}

/// The name of a written branch of a race.
fn branch_name(node: &Node, index: u32) -> Option<String> {
    use crate::lang::plan::node::Runners;
    match &node.kind {
        Kind::Race(race) => match &race.runners {
            Runners::Branches(branches) => branches.get(index as usize).map(|branch| branch.name.to_string()),
            Runners::Items { .. } => None,
        },
        _ => None,
    }
}

/// What is said when another tenth of many turns has ended.
fn progress(turns: &Turns) -> Option<String> {
    let due = match turns.total {
        Some(total) if total >= 20 => turns.ended % (total / 10) == 0 && turns.ended < total,
        Some(_) => false,
        None => turns.ended % 100 == 0,
    };
    (due && turns.ended > 0).then(|| turns.to_string())
}
