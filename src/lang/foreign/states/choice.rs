//! `Choice`: the first rule that holds says where to go on.

use serde_json::Value as Json;

use super::document::Document;
use super::fork::Arm;
use super::jsonata::Seen;
use super::machine::{Machine, Query};
use super::path::{self, Segment};
use super::walk::{Here, Stop, Way};
use crate::lang::foreign::term::Term;
use crate::lang::layout;

impl Machine<'_> {
    /// Writes the choice, up to where its ways meet.
    pub fn choice(&mut self, here: &Here<'_>) -> Result<Way, Stop> {
        let Here { graph, name, state, document, around } = *here;
        if self.speaks == Query::Jsonata || says_more(state) {
            return self.choice_with_more(here);
        }
        let chosen = self.taken_in(state, document);
        let then = self.given_on(state, document, chosen.clone());
        let mut arms: Vec<Arm> = Vec::new();
        for rule in state["Choices"].as_array().into_iter().flatten() {
            let when = self.condition(rule, &chosen);
            let to = graph.next(rule);
            match arms.last_mut() {
                // Two rules in a row that lead to one state are one.
                Some(Arm { when: Some(before), to: same, .. }) if *same == to => {
                    *before = format!("{before} || {when}");
                }
                _ => arms.push(Arm::new(Some(when), to, then.clone())),
            }
        }
        self.settle();
        let Some(default) = state["Default"].as_str() else {
            return self.without_default(here, arms);
        };
        let to = graph.number(default);
        if arms.last().is_some_and(|arm| arm.to == to) {
            arms.pop();
        }
        if arms.is_empty() {
            return Ok(Way::On(to, then));
        }
        arms.push(Arm::new(None, to, then));
        self.fork(graph, name, arms, around)
    }

    /// A choice whose rules assign variables or make documents of their own.
    fn choice_with_more(&mut self, here: &Here<'_>) -> Result<Way, Stop> {
        let Here { graph, name, state, document, around } = *here;
        let seen = Seen::of(document);
        let mut arms: Vec<Arm> = Vec::new();
        let place = self.draft.place();
        self.draft.deeper(true);
        let rules = state["Choices"].as_array().into_iter().flatten();
        for (rule, is_default) in rules.map(|rule| (rule, false)).chain([(state, true)]) {
            let when = match (is_default, self.speaks) {
                (true, _) => None,
                (false, Query::Jsonata) => Some(self.condition_of(&rule["Condition"], &seen)),
                (false, Query::Path) => {
                    let chosen = self.chosen(state, document);
                    Some(self.condition(rule, &chosen))
                }
            };
            if is_default && !state["Default"].is_string() {
                continue;
            }
            let speaks = self.speaks;
            let then = match (speaks, rule.get("Output")) {
                (Query::Jsonata, Some(output)) => self.evaluated(output, &seen),
                _ => document.clone(),
            };
            self.assign(rule, &seen);
            let first = self.draft.cut(place);
            let to =
                if is_default { graph.number(state["Default"].as_str().unwrap_or_default()) } else { graph.next(rule) };
            arms.push(Arm { when, to, document: then, first });
        }
        self.draft.deeper(false);
        self.settle();
        if arms.last().is_some_and(|arm| arm.when.is_some()) {
            return self.without_default(here, arms);
        }
        if arms.len() == 1
            && let Some(only) = arms.pop()
        {
            self.draft.paste(&only.first);
            return Ok(Way::On(only.to, only.document));
        }
        self.fork(graph, name, arms, around)
    }

    /// Where no rule holds and nothing is said of that, the run fails.
    fn without_default(&mut self, here: &Here<'_>, mut arms: Vec<Arm>) -> Result<Way, Stop> {
        let all: Vec<String> = arms.iter().filter_map(|arm| arm.when.clone()).collect();
        self.draft.line(&format!("fail no_choice_matched when !({})", all.join(" || ")));
        if let Some(last) = arms.last_mut() {
            last.when = None;
        }
        match arms.pop() {
            Some(only) if arms.is_empty() => {
                self.draft.paste(&only.first);
                Ok(Way::On(only.to, only.document))
            }
            Some(last) => {
                arms.push(last);
                self.fork(here.graph, here.name, arms, here.around)
            }
            None => Ok(Way::Over),
        }
    }

    /// A rule as a condition.
    fn condition(&mut self, rule: &Json, document: &Document) -> String {
        let parts = |machine: &mut Self, rules: &Json| -> Vec<String> {
            rules.as_array().into_iter().flatten().map(|rule| machine.condition(rule, document)).collect()
        };
        if !rule["And"].is_null() {
            let all: Vec<String> = parts(self, &rule["And"]).iter().map(|part| in_and(part)).collect();
            return if all.is_empty() { "true".to_owned() } else { all.join(" && ") };
        }
        if !rule["Or"].is_null() {
            let any = parts(self, &rule["Or"]);
            return if any.is_empty() { "false".to_owned() } else { any.join(" || ") };
        }
        if !rule["Not"].is_null() {
            return format!("!({})", self.condition(&rule["Not"], document));
        }
        let variable = rule["Variable"].as_str().unwrap_or("$");
        let test = rule
            .as_object()
            .into_iter()
            .flatten()
            .find(|(name, _)| !matches!(name.as_str(), "Variable" | "Next" | "Comment" | "Assign"));
        let Some((test, to)) = test else {
            self.later("one of its rules says nothing".to_owned());
            return "false".to_owned();
        };
        self.test(test, variable, to, document)
    }

    /// One comparison.
    fn test(&mut self, test: &str, variable: &str, to: &Json, document: &Document) -> String {
        if test == "IsPresent" {
            return self.presence(variable, to, document);
        }
        let value = self.read(variable, document).term(&mut self.reads).tight();
        let kind = match test {
            "IsNull" => Some(format!("{value} == ()")),
            "IsString" => Some(format!("type_of({value}) == \"string\"")),
            "IsBoolean" => Some(format!("type_of({value}) == \"bool\"")),
            "IsNumeric" => Some(format!("type_of({value}) in [\"i64\", \"f64\"]")),
            "IsTimestamp" => Some(format!(
                "type_of({value}) == \"string\" && matches({value}, #\"^\\d{{4}}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\"#)"
            )),
            _ => None,
        };
        if let Some(kind) = kind {
            return if to == &Json::Bool(false) { format!("!({kind})") } else { kind };
        }
        let (kind, is_path) = test.strip_suffix("Path").map_or((test, false), |kind| (kind, true));
        if kind == "StringMatches" {
            let pattern = as_pattern(to.as_str().unwrap_or_default());
            let pattern = if pattern.contains("\"#") { layout::text(&pattern) } else { format!("#\"{pattern}\"#") };
            return format!("matches({value}, {pattern})");
        }
        let other = match to.as_str() {
            Some(path) if is_path => self.read(path, document).term(&mut self.reads).tight(),
            _ => Term::of(to).tight(),
        };
        let of = ["String", "Numeric", "Boolean", "Timestamp"]
            .into_iter()
            .find(|of| kind.starts_with(of))
            .unwrap_or_default();
        let sign = match &kind[of.len()..] {
            "Equals" => "==",
            "LessThan" => "<",
            "LessThanEquals" => "<=",
            "GreaterThan" => ">",
            "GreaterThanEquals" => ">=",
            _ => {
                self.later(format!("nothing here is the comparison `{test}`"));
                return "false".to_owned();
            }
        };
        if kind.starts_with("Timestamp") {
            return format!("datetime({value}) {sign} datetime({other})");
        }
        format!("{value} {sign} {other}")
    }

    /// `IsPresent`: whether a path leads to anything.
    fn presence(&mut self, variable: &str, to: &Json, document: &Document) -> String {
        let segments = variable.strip_prefix('$').and_then(path::parsed).unwrap_or_default();
        let sign = if to == &Json::Bool(false) { "==" } else { "!=" };
        let Some((last, before)) = segments.split_last() else { return (sign == "!=").to_string() };
        let owner = path::follow(document, before, &mut self.reads);
        match last {
            Segment::Field(name) => {
                if let Some(known) = owner.has(name) {
                    return (known == (sign == "!=")).to_string();
                }
                if owner == Document::Input {
                    self.reads.optional(name);
                    let path = owner.get(name, &mut self.reads).term(&mut self.reads).expression();
                    // Of the whole document a field may be missing; of declared input it is `()`.
                    let path = path.replacen("input.data.", "input.data?.", 1);
                    return format!("{path} {sign} ()");
                }
                let field = crate::lang::foreign::term::field(name);
                format!("{}?{field} {sign} ()", owner.term(&mut self.reads).tight())
            }
            Segment::Index(index) => {
                format!("{}?[{index}] {sign} ()", owner.term(&mut self.reads).tight())
            }
            Segment::All | Segment::Slice(..) | Segment::Filter(_) => (sign == "!=").to_string(),
        }
    }
}

/// Whether a rule assigns variables.
fn says_more(state: &Json) -> bool {
    state["Choices"].as_array().into_iter().flatten().any(|rule| rule["Assign"].is_object())
}

/// A condition as a part of `&&`.
fn in_and(condition: &str) -> String {
    if condition.contains(" || ") { format!("({condition})") } else { condition.to_owned() }
}

/// A pattern in which `*` stands for any text as a regular expression.
fn as_pattern(pattern: &str) -> String {
    let mut regular = String::from("^");
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '*' => regular.push_str(".*"),
            '\\' => letters.next().into_iter().for_each(|letter| regular.push_str(&escaped(letter))),
            letter => regular.push_str(&escaped(letter)),
        }
    }
    regular.push('$');
    regular
}

/// A letter that stands for itself.
fn escaped(letter: char) -> String {
    if "\\.+*?()|[]{}^$#&~".contains(letter) { format!("\\{letter}") } else { letter.to_string() }
}
