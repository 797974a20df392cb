//! Random programs, as text: calls, blocks, races, loops, locks, waits, questions, child runs, with all that handlers can do.

use std::fmt::Write as _;

use super::simulator::Chance;

/// Writes programs.
struct Writer {
    chance: Chance,
    text: String,
    names: u32,
    vars: u32,
    budget: u32,
    /// Programs in which `outcome_unknown` is retried by name may do a thing twice.
    repeats_unknown: bool,
    children: bool,
}

/// What surrounds a statement.
#[derive(Clone, Copy)]
struct Place {
    depth: u32,
    /// Whether `return` may stand here.
    returns: bool,
    in_loop: bool,
    /// Whether one text is carried out many times.
    many: bool,
    /// Whether `undo` may stand here.
    undoes: bool,
    /// Whether `set` may stand here: turns at once may not set one variable.
    sets: bool,
    /// Whether `lock` may stand here: a lock in itself is refused by the check.
    locks: bool,
}

impl Writer {
    fn name(&mut self, letter: &str) -> String {
        self.names += 1;
        format!("{letter}{}", self.names)
    }

    fn line(&mut self, depth: u32, text: &str) {
        let _ = writeln!(self.text, "{}{text}", "    ".repeat(depth as usize));
    }

    fn body(&mut self, place: Place) {
        let count = 1 + self.chance.below(3);
        let mut left = false;
        for _ in 0..count {
            if self.budget == 0 || left {
                break;
            }
            self.budget -= 1;
            left = self.statement(place);
        }
        if self.chance.one_in(4) {
            self.handler(place);
        }
    }

    /// Writes one statement; whether nothing can follow it.
    fn statement(&mut self, place: Place) -> bool {
        let inner = Place { depth: place.depth + 1, ..place };
        let deep = place.depth > 5;
        match self.chance.below(if deep { 12 } else { 30 }) {
            0..=5 => self.call(place),
            6 => {
                let seconds = self.chance.below(40);
                self.line(place.depth, &format!("wait {seconds}s"));
            }
            7 if place.sets => {
                self.vars += 1;
                let name = self.vars;
                self.line(place.depth, &format!("set vars.v{name} = {name}"));
            }
            8 => match self.chance.below(5) {
                0 if place.returns => {
                    self.line(place.depth, "return 1");
                    return true;
                }
                1 | 2 => {
                    let kind = *self.chance.pick(&["boom", "conflict", "not_found"]);
                    self.line(place.depth, &format!("fail {kind} \"written\""));
                    return true;
                }
                _ => self.line(place.depth, "emit \"told\" { n: 1 }"),
            },
            9 => {
                let name = self.name("p");
                let with = self.clauses(place, true);
                let with = if with.is_empty() { String::new() } else { format!(" with {{ {with} }}") };
                self.line(
                    place.depth,
                    &format!("step {name} = script {{ if random() < 0.3 {{ throw \"broken\" }} 1 }}{with}"),
                );
            }
            10 if self.children => self.line(place.depth, "start child { }"),
            11 if place.in_loop => self.line(place.depth, "until random() < 0.2"),
            12..=14 => self.block(place, "sequence", inner),
            15..=17 => self.block(place, "parallel", inner),
            18 | 19 => self.race(place, inner),
            20 => {
                let named = self.chance.one_in(2);
                self.open(place, "if random() < 0.5", named);
                self.body(inner);
                self.line(place.depth, "} else {");
                self.body(inner);
                if named { self.close(place) } else { self.line(place.depth, "}") }
            }
            21 | 22 => {
                let parallel = if self.chance.one_in(2) { "parallel " } else { "" };
                let items = 1 + self.chance.below(4);
                let max = if parallel.is_empty() { "" } else { " max 2" };
                let tolerate = *self.chance.pick(&["", " tolerate 1", " tolerate all", " tolerate 50%"]);
                let item = self.name("i");
                let head = format!("{parallel}for {item} in 0..{items}{max}{tolerate}");
                let sets = place.sets && parallel.is_empty();
                self.block(place, &head, Place { in_loop: true, many: true, sets, ..inner });
            }
            23 => {
                let pause = *self.chance.pick(&["", " every 5s"]);
                let head = format!("repeat{pause} max 3");
                self.open(place, &head, true);
                self.body(Place { in_loop: true, many: true, ..inner });
                self.line(inner.depth, "until random() < 0.5");
                self.close(place);
            }
            24 if place.locks => {
                let lock = self.chance.below(2);
                self.block(place, &format!("lock \"L{lock}\""), Place { locks: false, ..inner });
            }
            25 if self.children => {
                let name = self.name("c");
                let with = self.clauses(place, false);
                self.line(place.depth, &format!("step {name} = child {{ {with} }}"));
            }
            26 => {
                let name = self.name("q");
                let clauses = self.clauses(place, false);
                self.line(
                    place.depth,
                    &format!("step {name}: string = ask role \"boss\" {{ question: \"?\", {clauses} }}"),
                );
            }
            _ => {
                let name = self.name("w");
                self.line(
                    place.depth,
                    &format!(
                        "step {name} = wait signal \"go\" {{ timeout 90s, remind every 20s {{ step r{name} = far.look {{ what: \"remind\" }} }}, escalate after 30s {{ step e{name} = far.act {{ what: \"escalate\" }} }}, on timeout skip }}"
                    ),
                );
            }
        }
        false
    }

    fn open(&mut self, place: Place, head: &str, named: bool) {
        if named {
            let name = self.name("b");
            self.line(place.depth, &format!("step {name} = {head} {{"));
        } else {
            self.line(place.depth, &format!("{head} {{"));
        }
    }

    fn close(&mut self, place: Place) {
        if self.chance.one_in(2) {
            let clauses = self.clauses(place, true);
            if !clauses.is_empty() {
                self.line(place.depth, &format!("}} with {{ {clauses} }}"));
                return;
            }
        }
        self.line(place.depth, "}");
    }

    fn block(&mut self, place: Place, head: &str, inner: Place) {
        let named = self.chance.one_in(2);
        self.open(place, head, named);
        self.body(inner);
        if named { self.close(place) } else { self.line(place.depth, "}") }
    }

    fn race(&mut self, place: Place, inner: Place) {
        let branches = 2 + self.chance.below(2);
        let wins = if self.chance.one_in(3) { " 2" } else { "" };
        if self.chance.one_in(4) {
            let item = self.name("i");
            let max = *self.chance.pick(&["", " max 2"]);
            self.open(place, &format!("race{wins} for {item} in 0..{branches}{max}"), true);
            self.body(Place { many: true, sets: false, ..inner });
            return self.close(place);
        }
        self.open(place, &format!("race{wins}"), true);
        for _ in 0..branches {
            let name = self.name("r");
            self.line(inner.depth, &format!("branch {name} {{"));
            self.body(Place { depth: inner.depth + 1, ..inner });
            self.line(inner.depth, "}");
        }
        self.close(place);
    }

    fn call(&mut self, place: Place) {
        let name = self.name("s");
        let operation = *self.chance.pick(&["look", "put", "put", "act", "act", "act"]);
        let undo = match self.chance.below(3) {
            _ if operation == "look" || !place.undoes => String::new(),
            0 => String::new(),
            1 => ", undo far.undo { of: key }".to_owned(),
            _ => ", undo far.undo { of: key, with: output.id }".to_owned(),
        };
        // In a loop, or in a run that may be tried again, one text would give many steps one key.
        let key = if self.children && !place.many && self.chance.one_in(4) {
            format!(", key \"given-{name}\"")
        } else {
            String::new()
        };
        let clauses = self.clauses(place, false);
        let line = format!("step {name} = far.{operation} {{ what: \"{name}\"{key}{undo}, {clauses} }}");
        self.line(place.depth, &line);
    }

    fn clauses(&mut self, place: Place, block: bool) -> String {
        let mut parts = Vec::new();
        if self.chance.one_in(4) {
            let seconds = 1 + self.chance.below(40);
            parts.push(format!("timeout {seconds}s"));
        }
        if self.chance.one_in(6) {
            let seconds = 1 + self.chance.below(90);
            parts.push(format!("deadline {seconds}s"));
        }
        let mut types = vec!["conflict", "not_found", "boom", "timeout", "connection_error"];
        for _ in 0..self.chance.below(3) {
            let last = self.chance.one_in(3);
            let kind = if last { "error" } else { types.remove(self.chance.below(types.len() as u64) as usize) };
            let action = self.action(place);
            parts.push(format!("on {kind} {action}"));
            if last {
                break;
            }
        }
        if self.repeats_unknown && !block && self.chance.one_in(2) {
            parts.push("on outcome_unknown retry 1 times every 1s".to_owned());
        }
        parts.join(", ")
    }

    fn action(&mut self, place: Place) -> String {
        match self.chance.below(9) {
            0..=3 => {
                let (times, every) = (1 + self.chance.below(2), self.chance.below(10));
                format!("retry {times} times every {every}s")
            }
            4 => "skip".to_owned(),
            5 => "notify far.act { what: \"notify\" }".to_owned(),
            6 => {
                let name = self.name("a");
                let undo = if place.undoes { ", undo far.undo { of: key }" } else { "" };
                format!("alternate {{ step {name} = far.act {{ what: \"{name}\"{undo} }} }}")
            }
            7 if place.in_loop => "skip item".to_owned(),
            7 => "park".to_owned(),
            _ => "fail boom \"turned\"".to_owned(),
        }
    }

    fn handler(&mut self, place: Place) {
        let kind = *self.chance.pick(&["error", "conflict", "boom", "timeout"]);
        let action = self.action(place);
        self.line(place.depth, &format!("on {kind} {action}"));
    }
}

const FAR: &str = r#"connector far "The far side" {
    native read operation look(what: any?) -> any
    native keyed operation put(what: any?) -> any
    native once operation act(what: any?) -> any
    native once operation undo(of: any?, with: any?) -> any
}
"#;

/// The program of a seed, and whether it names `outcome_unknown` under a `retry`.
pub fn write(seed: u64) -> (String, bool) {
    let mut chance = Chance(seed);
    let repeats_unknown = chance.one_in(5);
    let mut writer =
        Writer { chance, text: String::new(), names: 0, vars: 0, budget: 14, repeats_unknown, children: true };
    let place = Place { depth: 1, returns: true, in_loop: false, many: false, undoes: true, sets: true, locks: true };
    writer.body(place);
    writer.body(place);
    for (moment, chance) in [("on success", 4), ("on failure", 4), ("on cancel", 4), ("finally", 2)] {
        if writer.chance.one_in(chance) {
            writer.line(1, &format!("{moment} {{"));
            writer.budget = 1;
            writer.body(Place {
                depth: 2,
                returns: false,
                in_loop: false,
                many: false,
                undoes: false,
                sets: true,
                locks: true,
            });
            writer.line(1, "}");
        }
    }
    let main = std::mem::take(&mut writer.text);
    writer.children = false;
    writer.budget = 4;
    writer.body(place);
    let child = std::mem::take(&mut writer.text);
    let vars: String = (1..=writer.vars).map(|var| format!(" v{var} = 0,")).collect();
    let vars = if vars.is_empty() { String::new() } else { format!("    vars {{{vars} }}\n") };
    let deadline = if writer.chance.one_in(8) { "    deadline 80s\n" } else { "" };
    // So that `boom` is raised somewhere: the far side raises it too.
    let boom = "    fail boom when run.id == \"\"\n";
    let main = format!("workflow w {{\n{deadline}{vars}{boom}{main}}}");
    (format!("{FAR}{main}\nworkflow child {{\n{vars}{boom}{child}}}\n"), repeats_unknown)
}
