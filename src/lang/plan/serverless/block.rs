//! Blocks.

use serde_json::{Map, Value as Json, json};

use super::writer::Writer;
use crate::lang::plan::body::{Body, Branch, Pattern};
use crate::lang::plan::node::{For, ForSource, Kind, Node, Race, Runners};
use crate::lang::plan::written;
use crate::lang::plan::{Formula, Script};

impl Writer<'_> {
    /// A block as one task.
    pub fn block(&mut self, node: &Node) -> Map<String, Json> {
        match &node.kind {
            Kind::If { arms, otherwise } => {
                let mut ways = Vec::new();
                for (at, (when, branch)) in arms.iter().enumerate() {
                    let when = self.condition(when);
                    ways.push((format!("case_{}", at + 1), Some(when), branch));
                }
                ways.extend(otherwise.as_ref().map(|branch| ("otherwise".to_owned(), None, branch)));
                self.ways(ways)
            }
            Kind::Match { subject, arms } => {
                let mut ways = Vec::new();
                for (at, arm) in arms.iter().enumerate() {
                    let mut when = self.fits(subject, &arm.patterns);
                    if arm.guard.is_some() {
                        self.later("the guard of an arm is left out");
                    }
                    if when.as_ref().is_some_and(|when| when == "${ true }") {
                        when = None;
                    }
                    ways.push((format!("case_{}", at + 1), when, &arm.branch));
                }
                self.ways(ways)
            }
            Kind::Sequence(body) => self.tasks(body),
            Kind::Lock { body, .. } => {
                self.later(format!("`{}` is left out: nothing keeps others out there", written::head(&node.kind)));
                self.tasks(body)
            }
            Kind::Parallel(body) => self.fork(body),
            Kind::For(each) => self.each(node, each),
            Kind::While { condition, body, .. } => {
                let when = self.condition(condition);
                let mut tasks = vec![json!({ "check": { "switch": [
                    { "more": { "when": when, "then": "continue" } },
                    { "enough": { "then": "exit" } },
                ] } })];
                tasks.extend(self.turn(body));
                tasks.push(json!({ "again": { "set": "${ . }", "then": "check" } }));
                self.looped(node, tasks)
            }
            Kind::Repeat { every, body, .. } => {
                let mut tasks = vec![json!({ "begin": { "set": "${ . }" } })];
                tasks.extend(self.turn(body));
                let pause = every.as_ref().map(|every| self.time(every));
                tasks.push(match pause {
                    Some(pause) => json!({ "pause": { "wait": pause, "then": "begin" } }),
                    None => json!({ "again": { "set": "${ . }", "then": "begin" } }),
                });
                self.looped(node, tasks)
            }
            Kind::Race(race) => self.race(race),
            _ => Map::new(),
        }
    }

    /// One of several bodies: where each begins is said first, and each ends the whole.
    fn ways(&mut self, ways: Vec<(String, Option<Json>, &Branch)>) -> Map<String, Json> {
        let mut cases: Vec<Json> = Vec::new();
        let mut bodies: Vec<Json> = Vec::new();
        let mut is_open = true;
        for (name, when, branch) in ways {
            let mut case = Map::new();
            is_open &= when.is_some();
            case.extend(when.map(|when| ("when".to_owned(), when)));
            case.insert("then".to_owned(), name.clone().into());
            cases.push(json!({ &name: case }));
            let tasks = self.aside(&branch.body, "result");
            bodies.push(json!({ name: { "do": tasks, "then": "exit" } }));
        }
        if is_open {
            cases.push(json!({ "none": { "then": "exit" } }));
        }
        let mut tasks = vec![json!({ "decide": { "switch": cases } })];
        tasks.extend(bodies);
        Map::from_iter([("do".to_owned(), tasks.into())])
    }

    /// Whether a value fits one of some patterns.
    fn fits(&mut self, subject: &Script, patterns: &[Pattern]) -> Option<Json> {
        let of = self.jq(subject);
        let mut parts = Vec::new();
        for pattern in patterns {
            let part = match (pattern, &of) {
                (Pattern::Any, _) => return None,
                (Pattern::Literal(value), Some(of)) => format!("({of}) == {}", value.to_json()),
                (Pattern::Range { from, to, inclusive }, Some(of)) => {
                    let sign = if *inclusive { "<=" } else { "<" };
                    let from = from.as_ref().map(|from| format!("({of}) >= {}", from.to_json()));
                    let to = to.as_ref().map(|to| format!("({of}) {sign} {}", to.to_json()));
                    from.into_iter().chain(to).collect::<Vec<_>>().join(" and ")
                }
                _ => {
                    self.later(format!("jq has no equal of a pattern of `match {}`", subject.source.trim()));
                    "false".to_owned()
                }
            };
            parts.push(part);
        }
        Some(format!("${{ {} }}", parts.join(" or ")).into())
    }

    fn tasks(&mut self, body: &Body) -> Map<String, Json> {
        let tasks = self.aside(body, "result");
        Map::from_iter([("do".to_owned(), tasks.into())])
    }

    /// The tasks of a body inside of a task: what is pending stays with the task around.
    fn aside(&mut self, body: &Body, result: &str) -> Vec<Json> {
        let pending = std::mem::take(&mut self.pending);
        let tasks = self.body(body, result);
        let tasks = self.handled("work", tasks, &body.handlers);
        self.pending = pending;
        if tasks.is_empty() { vec![json!({ "nothing": { "set": "${ . }" } })] } else { tasks }
    }

    fn turn(&mut self, body: &Body) -> Vec<Json> {
        self.aside(body, "result")
    }

    fn looped(&mut self, node: &Node, tasks: Vec<Json>) -> Map<String, Json> {
        if node.slot.is_some() {
            self.later("what its turns give is not gathered: only the last is known behind it");
        }
        Map::from_iter([("do".to_owned(), tasks.into())])
    }

    /// Statements that run at once; those that wait for others stand behind them.
    fn fork(&mut self, body: &Body) -> Map<String, Json> {
        let plan = self.plan;
        let mut levels: Vec<usize> = Vec::new();
        for id in &body.statements {
            let waits = &plan.node(*id).waits;
            levels.push(waits.iter().filter_map(|at| levels.get(*at as usize)).max().map_or(0, |level| level + 1));
        }
        let deepest = levels.iter().copied().max().unwrap_or(0);
        let pending = std::mem::take(&mut self.pending);
        let mut tasks: Vec<Json> = Vec::new();
        for level in 0..=deepest {
            let mut branches: Vec<Json> = Vec::new();
            let mut names: Vec<String> = Vec::new();
            for (id, _) in body.statements.iter().zip(&levels).filter(|(_, own)| **own == level) {
                let node = plan.node(*id);
                let written = self.node(node);
                for mut branch in written {
                    // Branches do not see each other: what they give is kept when all are done.
                    let task = branch.as_object_mut().and_then(|outer| outer.values_mut().next());
                    let export = task.and_then(Json::as_object_mut).and_then(|task| task.remove("export"));
                    if let Some(name) = node.name.as_ref().filter(|_| export.is_some()) {
                        names.push(format!("{name}: .[{}]", branches.len()));
                    }
                    branches.push(branch);
                }
            }
            let name = if deepest == 0 { "together".to_owned() } else { format!("together_{}", level + 1) };
            let mut task = Map::new();
            task.insert("fork".to_owned(), json!({ "compete": false, "branches": branches }));
            if !names.is_empty() {
                let export = format!("${{ $context + {{ {} }} }}", names.join(", "));
                task.insert("export".to_owned(), json!({ "as": export }));
            }
            tasks.push(self.finished(&name, task));
        }
        if let Some(output) = &body.output {
            let task = self.setting(output);
            tasks.push(self.finished("result", task));
        }
        let tasks = self.handled("work", tasks, &body.handlers);
        self.pending = pending;
        Map::from_iter([("do".to_owned(), tasks.into())])
    }

    fn each(&mut self, node: &Node, each: &For) -> Map<String, Json> {
        let list = match &each.source {
            ForSource::Items(items) => self.value(&Formula::Script(items.clone())),
            ForSource::Stream(_) => {
                self.later("it goes through pages as they come: there, through a list");
                "${ [] }".into()
            }
        };
        if each.parallel {
            self.later("its turns run at once: there, one after the other");
        }
        if each.tolerate.is_some() {
            self.later("`tolerate` is left out");
        }
        let mut tasks = self.aside(&each.body, "result");
        let mut task = Map::new();
        let gathered = node.name.as_ref().filter(|_| node.slot.is_some());
        if let Some(name) = gathered {
            let last = tasks.last_mut().and_then(Json::as_object_mut).and_then(|outer| outer.values_mut().next());
            if let Some(last) = last.and_then(Json::as_object_mut) {
                let export = format!("${{ $context + {{ {name}: ($context.{name} + [ . ]) }} }}");
                last.insert("export".to_owned(), json!({ "as": export }));
            }
        }
        task.insert("for".to_owned(), json!({ "each": &*each.name, "in": list }));
        task.insert("do".to_owned(), tasks.into());
        if gathered.is_some() {
            // The list is in its place already.
            task.insert("export".to_owned(), json!({ "as": "${ $context }" }));
        }
        task
    }

    fn race(&mut self, race: &Race) -> Map<String, Json> {
        if race.wins.is_some() {
            self.later("several successes decide here: there, one does");
        }
        let branches: Vec<Json> = match &race.runners {
            Runners::Branches(branches) => {
                let branches = branches
                    .iter()
                    .map(|branch| json!({ &*branch.name: { "do": self.aside(&branch.body, "result") } }));
                branches.collect()
            }
            Runners::Items { .. } => {
                self.later("a race of the items of a list has no equal there");
                Vec::new()
            }
        };
        if branches.is_empty() {
            return Map::from_iter([("set".to_owned(), json!({}))]);
        }
        Map::from_iter([("fork".to_owned(), json!({ "compete": true, "branches": branches }))])
    }
}
