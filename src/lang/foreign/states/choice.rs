//! `Choice`: the first rule that holds says where to go on.

use serde_json::Value as Json;

use super::document::Document;
use super::fork::Arm;
use super::graph::Graph;
use super::machine::Machine;
use super::path::{self, Segment};
use super::walk::{Around, Stop, Way};
use crate::lang::foreign::term::Term;
use crate::lang::layout;

impl Machine<'_> {
    /// Writes the choice, up to where its ways meet.
    pub fn choice(
        &mut self,
        graph: &Graph<'_>,
        name: &str,
        state: &Json,
        document: &Document,
        around: &Around,
    ) -> Result<Way, Stop> {
        let chosen = self.taken_in(state, document);
        let then = self.given_on(state, document, chosen.clone());
        let mut arms: Vec<Arm> = Vec::new();
        for rule in state["Choices"].as_array().into_iter().flatten() {
            let when = self.condition(rule, &chosen);
            let to = graph.next(rule);
            match arms.last_mut() {
                // Two rules in a row that lead to one state are one.
                Some(Arm { when: Some(before), to: same, .. }) if *same == to => {
                    *before = format!("{} || {}", in_or(before), in_or(&when));
                }
                _ => arms.push(Arm { when: Some(when), to, document: then.clone() }),
            }
        }
        self.settle();
        let Some(default) = state["Default"].as_str() else {
            return self.without_default(graph, name, arms, around);
        };
        let to = graph.number(default);
        if arms.last().is_some_and(|arm| arm.to == to) {
            arms.pop();
        }
        if arms.is_empty() {
            return Ok(Way::On(to, then));
        }
        arms.push(Arm { when: None, to, document: then });
        self.fork(graph, name, arms, around)
    }

    /// Where no rule holds and nothing is said of that, the run fails.
    fn without_default(
        &mut self,
        graph: &Graph<'_>,
        name: &str,
        mut arms: Vec<Arm>,
        around: &Around,
    ) -> Result<Way, Stop> {
        let all: Vec<String> = arms.iter().filter_map(|arm| arm.when.as_deref().map(in_or)).collect();
        self.draft.line(&format!("fail no_choice_matched when !({})", all.join(" || ")));
        if let Some(last) = arms.last_mut() {
            last.when = None;
        }
        match arms.pop() {
            Some(only) if arms.is_empty() => Ok(Way::On(only.to, only.document)),
            Some(last) => {
                arms.push(last);
                self.fork(graph, name, arms, around)
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
            let any: Vec<String> = parts(self, &rule["Or"]).iter().map(|part| in_or(part)).collect();
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
            let pattern = layout::text(&as_pattern(to.as_str().unwrap_or_default()));
            return format!("matches({value}, {pattern})");
        }
        let other = match to.as_str() {
            Some(path) if is_path => self.read(path, document).term(&mut self.reads).tight(),
            _ => Term::of(to).tight(),
        };
        let sign = match kind.trim_start_matches(
            ["String", "Numeric", "Boolean", "Timestamp"]
                .iter()
                .find(|own| kind.starts_with(**own))
                .copied()
                .unwrap_or_default(),
        ) {
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
            Segment::All | Segment::Slice(..) => (sign == "!=").to_string(),
        }
    }
}

/// A condition as a part of `||`.
fn in_or(condition: &str) -> String {
    condition.to_owned()
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

fn escaped(letter: char) -> String {
    if letter.is_alphanumeric() || letter == ' ' || !letter.is_ascii() {
        letter.to_string()
    } else {
        format!("\\{letter}")
    }
}
