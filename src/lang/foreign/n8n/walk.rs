//! From node to node: chains, ways that part and meet, loops.

use indexmap::IndexMap;

use super::data::{Data, Items};
use super::document::Way;
use super::fork::Arm;
use super::machine::Machine;
use crate::lang::foreign::term::Term;

/// How deep blocks may stand in each other.
const DEPTH_MAX: usize = 20;
/// How often a loop may turn.
const TURNS_MAX: &str = "1_000";

/// What comes to an input of a node.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The node.
    pub at: usize,
    /// The input.
    pub input: usize,
    /// What comes.
    pub items: Items,
    /// Whether nothing may come: it is `()` then.
    pub maybe: bool,
}

/// What lies around the nodes that are being written.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Where ways end here: what follows stands behind the block.
    pub stops: Vec<usize>,
    /// The first node of the loop around, and the variable that holds its item.
    pub head: Option<(usize, String)>,
    /// Whether that node is the one the walk begins with: only where it is come to again has the loop turned.
    pub begins: bool,
    /// The node behind the loop around.
    pub leave: Option<usize>,
    /// Whether what comes out last is what the run gives.
    pub is_tail: bool,
    /// How deep the block stands.
    pub depth: usize,
}

impl Scope {
    /// Where ways end.
    pub fn walls(&self) -> Vec<usize> {
        let mut walls = self.stops.clone();
        walls.extend(self.head.as_ref().map(|(head, _)| *head));
        walls.extend(self.leave);
        walls
    }
}

/// A loop over a list.
#[derive(Debug)]
pub struct Turns<'a> {
    /// Its first line, without the bracket.
    pub head: String,
    /// What one turn is about.
    pub item: String,
    /// The list.
    pub list: Term,
    /// What a turn begins with.
    pub starts: Vec<Arrival>,
    /// The node that it stands for.
    pub name: &'a str,
    /// Whether anybody asks for what the turns give.
    pub wants: bool,
}

/// What came of a walk.
#[derive(Debug, Default)]
pub struct Walked {
    /// What came to where ways end.
    pub arrivals: Vec<Arrival>,
    /// What came out last, unless the run ends.
    pub last: Option<Items>,
}

impl Machine<'_> {
    /// Writes the nodes that are come to, up to where the block ends, in the order in which n8n runs them: one way to its
    /// end, then the next.
    pub fn walk(&mut self, starts: Vec<Arrival>, scope: &Scope) -> Walked {
        let from: Vec<usize> = starts.iter().map(|start| start.at).collect();
        let among = self.graph.reached(&from);
        let mut begins = scope.begins;
        let mut open: Vec<Arrival> = starts.into_iter().rev().collect();
        let mut merging: IndexMap<usize, IndexMap<usize, Items>> = IndexMap::new();
        let mut walked = Walked::default();
        loop {
            let Some(arrival) = open.pop() else {
                // What waits for inputs that nothing comes to goes on with what it has.
                let Some((at, inputs)) = merging.shift_remove_index(0) else { return walked };
                self.merged(at, &inputs, scope, &mut walked, &mut open);
                continue;
            };
            let at = arrival.at;
            let begins = std::mem::take(&mut begins);
            if scope.stops.contains(&at) {
                walked.last = Some(arrival.items.clone());
                walked.arrivals.push(arrival);
                continue;
            }
            if let Some((head, variable)) = &scope.head {
                if *head == at && !begins {
                    self.keep(variable, &arrival.items);
                    continue;
                }
                if scope.leave == Some(at) {
                    self.keep(variable, &arrival.items);
                    self.draft.line("until true");
                    continue;
                }
            }
            if self.left == 0 {
                self.graph.nodes[at].name.clone_into(&mut self.name);
                self.later("it is led to by more ways than a program is written for: go on from here by hand");
                self.settle();
                continue;
            }
            let node = &self.graph.nodes[at];
            if node.kind == "merge" && !node.is_disabled() {
                let inputs = self.graph.inputs(at, &among);
                let waiting = merging.entry(at).or_default();
                waiting.insert(arrival.input, arrival.items);
                if inputs.iter().all(|input| waiting.contains_key(input)) {
                    let inputs = merging.shift_remove(&at).unwrap_or_default();
                    self.merged(at, &inputs, scope, &mut walked, &mut open);
                }
                continue;
            }
            let is_tail = scope.is_tail && open.is_empty() && merging.is_empty();
            let scope = Scope { is_tail, begins: false, ..scope.clone() };
            let next = self.node(&arrival, begins, &scope, &mut walked);
            open.extend(next.into_iter().rev());
        }
    }

    /// Goes on behind a node that waits for several inputs.
    fn merged(
        &mut self,
        at: usize,
        inputs: &IndexMap<usize, Items>,
        scope: &Scope,
        walked: &mut Walked,
        open: &mut Vec<Arrival>,
    ) {
        self.begin(at);
        let items = self.merge(at, inputs);
        let next = self.leads_on(at, items, scope, walked);
        open.extend(next.into_iter().rev());
    }

    /// Begins a node.
    pub fn begin(&mut self, at: usize) {
        let node = self.graph.nodes[at];
        node.name.clone_into(&mut self.name);
        self.left = self.left.saturating_sub(1);
        if !std::mem::replace(&mut self.written[at], true) {
            self.draft.part();
        }
        if let Some(notes) = node.json["notes"].as_str() {
            self.draft.comment(notes);
        }
    }

    /// Writes a node; where it leads on to.
    fn node(&mut self, arrival: &Arrival, begins: bool, scope: &Scope, walked: &mut Walked) -> Vec<Arrival> {
        let at = arrival.at;
        let node = self.graph.nodes[at];
        if node.is_disabled() {
            self.begin(at);
            self.draft.comment(&format!("`{}` is switched off", node.name));
            return self.leads_on(at, arrival.items.clone(), scope, walked);
        }
        if node.kind == "splitInBatches" {
            self.begin(at);
            return self.batches(at, &arrival.items, scope, walked);
        }
        if !begins || scope.head.as_ref().is_none_or(|(head, _)| *head != at) {
            let circle = self.graph.circle(at, &scope.walls());
            if !circle.is_empty() {
                return self.turns(at, &arrival.items, &circle, scope, walked);
            }
        }
        if let Items::Many(list) = &arrival.items
            && !node.gathers()
        {
            return self.each(arrival, &list.clone(), scope, walked);
        }
        self.begin(at);
        let items =
            if node.json["executeOnce"] == true { Items::One(arrival.items.first()) } else { arrival.items.clone() };
        match (node.kind, &items) {
            ("if", _) => self.if_node(at, &items, scope, walked),
            ("switch", _) => self.switch(at, &items, scope, walked),
            ("filter", Items::One(_)) => self.passes(at, &items, scope, walked),
            ("stopAndError", _) => {
                self.stop_and_error(&node, &items);
                walked.last = None;
                Vec::new()
            }
            _ => {
                let given = self.step(at, &items);
                if !node.has_error_output() {
                    return self.leads_on(at, given, scope, walked);
                }
                self.error_output(at, given, &items, scope, walked)
            }
        }
    }

    /// The ways behind a node with one output.
    pub fn leads_on(&mut self, at: usize, items: Items, scope: &Scope, walked: &mut Walked) -> Vec<Arrival> {
        self.known.insert(at, items.clone());
        walked.last = Some(items.clone());
        let ways = self.graph.ways(at, 0).to_vec();
        if ways.is_empty() && scope.head.is_some() {
            self.draft.line("until true");
        }
        arrivals(&ways, &items)
    }

    /// A node with an output for errors.
    fn error_output(
        &mut self,
        at: usize,
        given: Items,
        items: &Items,
        scope: &Scope,
        walked: &mut Walked,
    ) -> Vec<Arrival> {
        let (Items::One(Data::Risky(step, data)) | Items::Either(Data::Risky(step, data))) = &given else {
            return self.leads_on(at, given, scope, walked);
        };
        let well = match &given {
            Items::Either(_) => Items::Either((**data).clone()),
            // Of a connector's answer the fields are read as of one that may be absent.
            _ if matches!(**data, Data::Answer(..)) => given.clone(),
            _ => Items::One((**data).clone()),
        };
        self.known.insert(at, well.clone());
        let error = Data::Path(format!("steps.{step}.error?.message"));
        let failed = items.first().over([("error".to_owned(), error)].into_iter().collect());
        let arms = vec![
            Arm {
                when: Some(format!("steps.{step}.error != ()")),
                ways: self.graph.ways(at, 1).to_vec(),
                items: Items::One(failed),
            },
            Arm { when: None, ways: self.graph.ways(at, 0).to_vec(), items: well },
        ];
        self.fork(arms, scope, walked)
    }

    /// Writes a node, and those behind it, once for each item of a list.
    fn each(&mut self, arrival: &Arrival, list: &Term, scope: &Scope, walked: &mut Walked) -> Vec<Arrival> {
        if scope.depth >= DEPTH_MAX {
            return self.too_deep(arrival.at);
        }
        let mut stops = scope.walls();
        let graph = self.graph;
        let ahead = graph.reach(&[arrival.at], &stops);
        stops.extend(ahead.into_iter().filter(|at| *at != arrival.at && graph.nodes[*at].gathers()));
        let item = self.draft.name("item");
        let one = Items::One(Data::Path(item.clone()));
        let start = Arrival { items: one, ..arrival.clone() };
        let inner = Scope { stops, is_tail: scope.is_tail, depth: scope.depth + 1, ..Scope::default() };
        let name = graph.nodes[arrival.at].name;
        let head = format!("for {item} in {}", list.expression());
        let turns = Turns { head, item, list: list.clone(), starts: vec![start], name, wants: true };
        let (step, arrived) = self.turned(turns, &inner);
        let Some(step) = step else {
            walked.last = Some(Items::empty());
            return Vec::new();
        };
        let items = Items::Many(step);
        walked.last = Some(items.clone());
        arrived.into_iter().map(|(at, input)| Arrival { at, input, items: items.clone(), maybe: false }).collect()
    }

    /// Writes a loop over a list; what its turns give, as a list, and where that arrives.
    pub fn turned(&mut self, turns: Turns<'_>, scope: &Scope) -> (Option<Term>, Option<Way>) {
        let Turns { head, item, list, starts, name, wants } = turns;
        let before = self.known.clone();
        for items in self.known.values_mut() {
            if matches!(items, Items::Many(own) if *own == list) {
                *items = Items::One(Data::Path(item.clone()));
            }
        }
        let begin = self.draft.place();
        self.draft.deeper(true);
        let inner = self.walk(starts, scope);
        let arrived = inner.arrivals.first().cloned();
        if let Some(other) =
            inner.arrivals.iter().find(|other| arrived.as_ref().is_some_and(|first| first.at != other.at))
        {
            let name = self.graph.nodes[other.at].name;
            self.later(format!("the items go on to `{name}` as well"));
            self.settle();
        }
        let gives = match &arrived {
            Some(arrived) => Some(arrived.items.clone()),
            None => inner.last.filter(|_| scope.is_tail),
        };
        let step = gives.filter(|_| wants).map(|items| {
            let term = items.term(&mut self.reads);
            self.draft.statement("output", &term);
            let step = self.draft.name(&format!("{name} items"));
            (step, matches!(items, Items::Many(_)))
        });
        self.draft.deeper(false);
        let text = self.draft.cut(begin);
        self.known = before;
        match &step {
            Some((step, _)) => self.draft.open(&format!("step {step}: list<any> = {head}")),
            None => self.draft.open(&head),
        }
        self.draft.paste(&text);
        self.draft.close("");
        let term = step.map(|(step, is_list)| {
            let code = if is_list { format!("flatten({step})") } else { step };
            let maybe = arrived.as_ref().is_some_and(|arrived| arrived.maybe);
            Term::Path(if maybe { format!("{code}.filter(|one| one != ())") } else { code })
        });
        (term, arrived.map(|arrived| (arrived.at, arrived.input)))
    }

    /// Writes a loop that goes back to an earlier node; what lies behind it.
    fn turns(
        &mut self,
        head: usize,
        items: &Items,
        circle: &[usize],
        scope: &Scope,
        walked: &mut Walked,
    ) -> Vec<Arrival> {
        if scope.depth >= DEPTH_MAX {
            return self.too_deep(head);
        }
        let graph = self.graph;
        let mut exits: Vec<usize> = Vec::new();
        for at in circle {
            for output in 0..graph.outputs(*at) {
                for (to, _) in graph.ways(*at, output) {
                    if !circle.contains(to) && !exits.contains(to) {
                        exits.push(*to);
                    }
                }
            }
        }
        let walls = scope.walls();
        // The way on is the longest one; the others end inside of the loop.
        let leave = exits.iter().copied().filter(|exit| graph.nodes[*exit].kind != "stopAndError").max_by_key(|exit| {
            (graph.reach(&[*exit], &walls).len(), std::cmp::Reverse(exits.iter().position(|own| own == exit)))
        });
        let variable = self.new_variable("item");
        self.keep(&variable, items);
        self.draft.open(&format!("while true max {TURNS_MAX}"));
        let inner = Scope {
            stops: scope.stops.iter().copied().filter(|stop| Some(*stop) != leave).collect(),
            head: Some((head, variable.clone())),
            begins: true,
            leave,
            is_tail: false,
            depth: scope.depth + 1,
        };
        let here = Items::One(Data::Path(format!("vars.{variable}")));
        let before = self.known.clone();
        self.walk(vec![Arrival { at: head, input: 0, items: here.clone(), maybe: false }], &inner);
        self.known = before;
        self.draft.close("");
        walked.last = Some(here.clone());
        leave.map(|at| Arrival { at, input: 0, items: here, maybe: false }).into_iter().collect()
    }

    /// Keeps an item in a variable.
    fn keep(&mut self, variable: &str, items: &Items) {
        let term = items.term(&mut self.reads);
        if term != Term::Path(format!("vars.{variable}")) {
            self.draft.statement(&format!("set vars.{variable} ="), &term);
        }
    }

    /// Refuses to go deeper than a reader follows.
    pub fn too_deep(&mut self, at: usize) -> Vec<Arrival> {
        self.begin(at);
        self.later("it stands deeper than a program is written: go on from here by hand");
        self.settle();
        Vec::new()
    }

    /// Whether there is room for one more block.
    pub fn has_room(&self, scope: &Scope) -> bool {
        scope.depth < DEPTH_MAX
    }
}

/// What comes to where ways lead.
pub fn arrivals(ways: &[Way], items: &Items) -> Vec<Arrival> {
    ways.iter().map(|(at, input)| Arrival { at: *at, input: *input, items: items.clone(), maybe: false }).collect()
}
