//! Where one of several ways is taken.

use super::data::{Data, Items};
use super::document::Way;
use super::machine::Machine;
use super::walk::{Arrival, Scope, Walked, arrivals};
use crate::lang::foreign::condition::negated;
use crate::lang::foreign::term::Term;

/// How many nodes are looked at as the one where ways meet.
const CANDIDATES_MAX: usize = 8;

/// One of several ways.
#[derive(Clone, Debug)]
pub struct Arm {
    /// When it is taken; the last one may have none.
    pub when: Option<String>,
    /// Where it leads to.
    pub ways: Vec<Way>,
    /// What goes there.
    pub items: Items,
}

/// A way that was written.
struct Written {
    when: Option<String>,
    text: String,
    /// What it gives to where all meet, or last.
    gives: Option<Items>,
}

impl Machine<'_> {
    /// Writes ways as an `if`, up to where they meet; what comes there.
    pub fn fork(&mut self, arms: Vec<Arm>, scope: &Scope, walked: &mut Walked) -> Vec<Arrival> {
        self.settle();
        let name = format!("{} result", self.name);
        let first = arms.iter().flat_map(|arm| &arm.ways).next();
        let Some((first, _)) = first.copied() else {
            walked.last = arms.first().map(|arm| arm.items.clone());
            if scope.head.is_some() {
                self.draft.line("until true");
            }
            return Vec::new();
        };
        if !self.has_room(scope) {
            return self.too_deep(first);
        }
        let meeting = self.meeting(&arms, scope);
        let mut inner = Scope { is_tail: scope.is_tail && meeting.is_none(), depth: scope.depth + 1, ..scope.clone() };
        inner.stops.extend(meeting);
        if meeting.is_some() {
            // The loop goes on behind the block.
            inner.head = None;
            inner.leave = None;
            inner.stops.extend(scope.walls());
        }
        let begin = self.draft.place();
        let before = self.known.clone();
        let mut written: Vec<Written> = Vec::new();
        let mut arrived: Vec<Option<Arrival>> = Vec::new();
        self.draft.deeper(true);
        for arm in arms {
            let walk = if arm.ways.is_empty() {
                if inner.head.is_some() {
                    self.draft.line("until true");
                }
                Walked { arrivals: Vec::new(), last: Some(arm.items.clone()) }
            } else {
                self.walk(arrivals(&arm.ways, &arm.items), &inner)
            };
            let arrival = walk.arrivals.first().cloned();
            self.twice(&walk.arrivals);
            let gives = arrival.as_ref().map(|arrival| arrival.items.clone()).or(walk.last);
            written.push(Written { when: arm.when, text: self.draft.cut(begin), gives });
            arrived.push(arrival);
            self.known = before.clone();
        }
        self.draft.deeper(false);
        let Some(goes_on) = arrived.iter().flatten().next().cloned() else {
            return self.ended(&name, written, scope, walked);
        };
        for (way, arrival) in written.iter_mut().zip(&arrived) {
            if arrival.as_ref().is_none_or(|arrival| arrival.at != goes_on.at) {
                way.gives = None;
            }
        }
        let maybe = written.iter().any(|way| way.gives.is_none() && !ends_run(&way.text))
            || written.iter().all(|way| way.when.is_some())
            || arrived.iter().flatten().any(|arrival| arrival.maybe);
        if !maybe && !self.looks_back(goes_on.at) {
            self.blocks(written, None);
            return vec![Arrival { items: Items::empty(), ..goes_on }];
        }
        let items = self.joined(&name, written, maybe);
        walked.last = Some(items.clone());
        vec![Arrival { items, maybe, ..goes_on }]
    }

    /// Ways of which none goes on.
    fn ended(&mut self, name: &str, written: Vec<Written>, scope: &Scope, walked: &mut Walked) -> Vec<Arrival> {
        if scope.is_tail && written.iter().any(|way| way.gives.is_some()) {
            walked.last = Some(self.joined(name, written, false));
        } else {
            self.blocks(written, None);
            walked.last = None;
        }
        Vec::new()
    }

    /// Writes the blocks; what comes out of them.
    fn joined(&mut self, name: &str, written: Vec<Written>, maybe: bool) -> Items {
        let given: Vec<&Items> = written.iter().filter_map(|way| way.gives.as_ref()).collect();
        let Some(first) = given.first().map(|items| (*items).clone()) else {
            self.blocks(written, None);
            return Items::empty();
        };
        if !maybe && given.iter().all(|items| **items == first) {
            self.blocks(written, None);
            return first;
        }
        let is_many = given.iter().any(|items| matches!(items, Items::Many(_)));
        let step = self.draft.name(name);
        self.blocks(written, Some((&step, is_many)));
        if is_many { Items::Many(Term::Path(step)) } else { Items::One(Data::Path(step)) }
    }

    /// Writes the blocks; with a name for what they give, each says what that is.
    fn blocks(&mut self, mut written: Vec<Written>, step: Option<(&str, bool)>) {
        if step.is_none()
            && let [Written { when: Some(when), text: first, .. }, Written { when: None, text: second, .. }] =
                written.as_slice()
        {
            if let Some((line, rest, other)) = shared_line(first, second)
                && !when.contains("vars.")
            {
                let ways = [(Some(when.clone()), rest), (None, other)];
                let written = ways.map(|(when, text)| Written { when, text, gives: None });
                self.draft.line(&line);
                return self.blocks(written.into(), None);
            }
            if first.trim() == "until true" && second.is_empty() {
                return self.draft.line(&format!("until {when}"));
            }
            if second.trim() == "until true" && first.is_empty() {
                return self.draft.line(&format!("until {}", negated(when)));
            }
            if first.trim().starts_with("fail ") && first.trim().lines().count() == 1 && second.is_empty() {
                return self.draft.line(&format!("{} when {when}", first.trim()));
            }
            if first.is_empty() && !second.is_empty() {
                let text = second.clone();
                written = vec![Written { when: Some(negated(when)), text, gives: None }];
            }
        }
        while written.last().is_some_and(|way| way.text.is_empty() && (step.is_none() || way.gives.is_none())) {
            written.pop();
        }
        let count = written.len();
        for (at, way) in written.into_iter().enumerate() {
            let head = match (at, &way.when) {
                (0, Some(when)) => format!("if {when}"),
                (0, None) => "if true".to_owned(),
                (_, Some(when)) => format!("else if {when}"),
                (_, None) => "else".to_owned(),
            };
            match (at, step) {
                (0, Some((step, _))) => self.draft.open(&format!("step {step}: any = {head}")),
                (0, None) => self.draft.open(&head),
                _ => self.draft.otherwise(&head),
            }
            self.draft.paste(&way.text);
            if let (Some((_, is_many)), Some(items)) = (step, &way.gives) {
                let term = if is_many { self.list(items) } else { items.term(&mut self.reads) };
                self.draft.statement("output", &term);
            }
            if at + 1 == count {
                self.draft.close("");
            }
        }
    }

    /// Whether a node reads the item that comes to it, or hands it on.
    fn looks_back(&self, at: usize) -> bool {
        let node = &self.graph.nodes[at];
        let is_own = match node.kind {
            "httpRequest" | "slack" | "emailSend" | "jira" | "asana" | "trello" | "stopAndError" => true,
            "respondToWebhook" => {
                matches!(node.text("respondWith"), "json" | "text" | "noData") && self.graph.outputs(at) == 0
            }
            _ => false,
        };
        let said = node.json["parameters"].to_string();
        !is_own || ["$json", "$input", "$item", "$binary"].iter().any(|word| said.contains(word))
    }

    /// Says where a way comes to one place more than once.
    fn twice(&mut self, arrivals: &[Arrival]) {
        if arrivals.len() > 1 {
            let name = self.graph.nodes[arrivals[0].at].name;
            self.later(format!("several ways lead from here to `{name}`, which is written once"));
            self.settle();
        }
    }

    /// The node at which the ways meet, so that it and what follows is written once.
    fn meeting(&self, arms: &[Arm], scope: &Scope) -> Option<usize> {
        let walls = scope.walls();
        let targets: Vec<Vec<usize>> = arms
            .iter()
            .map(|arm| arm.ways.iter().map(|(to, _)| *to).collect())
            .filter(|ways: &Vec<usize>| !ways.is_empty())
            .collect();
        if targets.len() < 2 || targets.len() < arms.len() {
            return None;
        }
        let targets: Vec<Vec<usize>> =
            targets.into_iter().filter(|from| !from.iter().any(|from| self.fails(*from, &walls))).collect();
        if let [only] = targets.as_slice() {
            // The others fail: what follows stands behind the block.
            return only.first().copied().filter(|at| only.len() == 1 && !walls.contains(at));
        }
        let reached: Vec<Vec<usize>> = targets.iter().map(|from| self.graph.reach(from, &walls)).collect();
        let (first, others) = reached.split_first()?;
        let shared =
            first.iter().copied().filter(|at| others.iter().all(|other| other.contains(at)) && !walls.contains(at));
        let sure = |to: usize| targets.iter().all(|from| from.iter().any(|from| self.graph.surely(*from, to, &walls)));
        shared.take(CANDIDATES_MAX).find(|at| sure(*at))
    }

    /// Whether a way does nothing but end the run.
    fn fails(&self, from: usize, walls: &[usize]) -> bool {
        let reached = self.graph.reach(&[from], walls);
        reached.last().is_some_and(|last| self.graph.nodes[*last].kind == "stopAndError")
    }
}

/// A variable that both of two blocks set first, alike, and what is left of the blocks.
fn shared_line(first: &str, second: &str) -> Option<(String, String, String)> {
    let (line, rest) = first.split_once('\n')?;
    let (same, other) = second.split_once('\n')?;
    let is_set = line == same && line.trim_start().starts_with("set vars.") && !line.ends_with(['{', '[']);
    is_set.then(|| (line.trim_start().to_owned(), rest.to_owned(), other.to_owned()))
}

/// Whether a block ends the run.
fn ends_run(text: &str) -> bool {
    text.lines().last().is_some_and(|line| line.trim_start().starts_with("fail "))
}
