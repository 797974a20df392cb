//! `if`, `switch`, `filter`: what has to hold.

use serde_json::Value as Json;

use crate::lang::foreign::n8n::data::{Data, Items};
use crate::lang::foreign::n8n::document::Node;
use crate::lang::foreign::n8n::fork::Arm;
use crate::lang::foreign::n8n::javascript::{Seen, decides};
use crate::lang::foreign::n8n::machine::{Machine, at, pieces};
use crate::lang::foreign::n8n::walk::{Arrival, Scope, Walked};
use crate::lang::foreign::term::Term;
use crate::lang::layout;

/// How many conditions are read.
const CONDITIONS_MAX: usize = 100;

impl Machine<'_> {
    /// Two ways.
    pub fn if_node(&mut self, at: usize, items: &Items, scope: &Scope, walked: &mut Walked) -> Vec<Arrival> {
        let node = self.graph.nodes[at];
        let when = self.conditions(&node, &node.json["parameters"], items);
        self.known.insert(at, items.clone());
        let ways = |output: usize| self.graph.ways(at, output).to_vec();
        let arms = vec![
            Arm { when: Some(when), ways: ways(0), items: items.clone() },
            Arm { when: None, ways: ways(1), items: items.clone() },
        ];
        self.fork(arms, scope, walked)
    }

    /// One way, or none.
    pub fn passes(&mut self, at: usize, items: &Items, scope: &Scope, walked: &mut Walked) -> Vec<Arrival> {
        let node = self.graph.nodes[at];
        let when = self.conditions(&node, &node.json["parameters"], items);
        self.known.insert(at, items.clone());
        let arms = vec![
            Arm { when: Some(when), ways: self.graph.ways(at, 0).to_vec(), items: items.clone() },
            Arm { when: None, ways: Vec::new(), items: items.clone() },
        ];
        self.fork(arms, scope, walked)
    }

    /// Several ways.
    pub fn switch(&mut self, number: usize, items: &Items, scope: &Scope, walked: &mut Walked) -> Vec<Arrival> {
        let node = self.graph.nodes[number];
        self.known.insert(number, items.clone());
        let graph = self.graph;
        let ways = |output: usize| graph.ways(number, output).to_vec();
        let mut arms: Vec<Arm> = Vec::new();
        let mut fallback: Option<usize> = None;
        if node.text("mode") == "expression" {
            let value = self.param(&node, "output", items).unwrap_or(Term::Path("0".to_owned())).tight();
            for output in 0..graph.outputs(number) {
                arms.push(Arm { when: Some(format!("{value} == {output}")), ways: ways(output), items: items.clone() });
            }
        } else if node.version >= 3.0 {
            let rules = match at(&node, "rules.values") {
                Json::Array(rules) => rules.as_slice(),
                _ => &[],
            };
            for (output, rule) in rules.iter().take(CONDITIONS_MAX).enumerate() {
                let when = self.conditions(&node, rule, items);
                arms.push(Arm { when: Some(when), ways: ways(output), items: items.clone() });
            }
            fallback = match at(&node, "options.fallbackOutput") {
                Json::String(kind) if kind == "extra" => Some(rules.len()),
                Json::Number(output) => output.as_u64().map(|output| output as usize),
                _ => None,
            };
            if at(&node, "options.allMatchingOutputs") == &Json::Bool(true) {
                self.later("it sent items to every output that fits; here the first one is taken");
            }
        } else {
            let value = self.value("value1", at(&node, "value1"), items);
            let kind = node.text("dataType");
            for rule in at(&node, "rules.rules").as_array().into_iter().flatten().take(CONDITIONS_MAX) {
                let to = self.value("value2", &rule["value2"], items);
                let output = rule["output"].as_u64().or(rule["outputKey"].as_u64()).unwrap_or(arms.len() as u64);
                let or = if kind.is_empty() || kind == "number" { "smaller" } else { "equal" };
                let when = self.compared(rule["operation"].as_str().unwrap_or(or), kind, &value, &to, true);
                arms.push(Arm { when: Some(when), ways: ways(output as usize), items: items.clone() });
            }
            fallback = at(&node, "fallbackOutput").as_u64().map(|output| output as usize);
        }
        if arms.is_empty() {
            self.later("none of its rules can be read");
            arms.push(Arm { when: Some("false".to_owned()), ways: Vec::new(), items: items.clone() });
        }
        let ways = fallback.map(ways).unwrap_or_default();
        arms.push(Arm { when: None, ways, items: items.clone() });
        self.fork(arms, scope, walked)
    }

    /// What has to hold, as the parameters of a node or one of its rules say.
    pub fn conditions(&mut self, node: &Node<'_>, said: &Json, items: &Items) -> String {
        let conditions = &said["conditions"];
        let mut all: Vec<String> = Vec::new();
        let any = conditions["combinator"] == "or" || said["combineOperation"] == "any";
        if let Some(list) = conditions["conditions"].as_array() {
            let ignores_case = conditions["options"]["caseSensitive"] == false;
            for one in list.iter().take(CONDITIONS_MAX) {
                let operation = one["operator"]["operation"].as_str().unwrap_or("equals");
                let kind = one["operator"]["type"].as_str().unwrap_or("string");
                all.push(self.one(operation, kind, &one["leftValue"], &one["rightValue"], items, !ignores_case));
            }
        } else {
            for (kind, list) in conditions.as_object().into_iter().flatten() {
                for one in list.as_array().into_iter().flatten().take(CONDITIONS_MAX) {
                    let or = if kind == "number" { "smaller" } else { "equal" };
                    let operation = one["operation"].as_str().unwrap_or(or);
                    all.push(self.one(operation, kind, &one["value1"], &one["value2"], items, true));
                }
            }
        }
        if all.is_empty() {
            self.later(format!("nothing says what `{}` looks at", node.name));
            return "false".to_owned();
        }
        if any {
            return all.join(" || ");
        }
        let within =
            |one: &String| if one.contains(" || ") && all.len() > 1 { format!("({one})") } else { one.clone() };
        all.iter().map(within).collect::<Vec<_>>().join(" && ")
    }

    fn one(&mut self, operation: &str, kind: &str, left: &Json, right: &Json, items: &Items, case: bool) -> String {
        let soft = matches!(operation, "exists" | "notExists" | "empty" | "notEmpty" | "isEmpty" | "isNotEmpty");
        if kind == "boolean" && matches!(operation, "true" | "false" | "equal" | "equals") {
            // What an expression decides is a condition already.
            let expected =
                operation == "true" || right == &Json::Bool(true) || right == "true" || right == "={{ true }}";
            let sure =
                matches!(operation, "true" | "false") || right.is_boolean() || right == "true" || right == "false";
            if let (true, Some(when)) = (sure, left.as_str().and_then(|text| self.decided(text, items))) {
                return if expected { when } else { crate::lang::foreign::condition::negated(&when) };
            }
        }
        let left = if soft { self.softly(left, items) } else { self.value("value", left, items) };
        let right = self.value("value", right, items);
        self.compared(operation, kind, &left, &right, case)
    }

    /// An expression that gives true or false.
    fn decided(&mut self, text: &str, items: &Items) -> Option<String> {
        let parts = pieces(text.strip_prefix('=')?).ok()?;
        let [expr] = parts.as_slice() else { return None };
        let seen = Seen { items: items.clone(), names: Vec::new() };
        if decides(expr) { self.condition(expr, &seen).ok() } else { None }
    }

    /// A value that may be missing.
    fn softly(&mut self, json: &Json, items: &Items) -> Term {
        let read = json.as_str().and_then(|text| {
            let parts = pieces(text.strip_prefix('=')?).ok()?;
            let [expr] = parts.as_slice() else { return None };
            let seen = Seen { items: items.clone(), names: Vec::new() };
            self.soft(expr, &seen).ok()
        });
        read.unwrap_or_else(|| self.value("value", json, items))
    }

    /// One comparison.
    fn compared(&mut self, operation: &str, kind: &str, left: &Term, right: &Term, case: bool) -> String {
        let fold = |term: &Term| match term {
            term if case || kind != "string" => term.tight(),
            Term::Path(text) if text.starts_with('"') && !text.contains(['$', '\\']) => text.to_lowercase(),
            term => format!("{}.to_lower()", term.tight()),
        };
        let (a, b) = (fold(left), fold(right));
        let right_number = || match right {
            Term::Path(code) => {
                let inner = code.trim_matches('"');
                if inner.parse::<f64>().is_ok_and(f64::is_finite) { inner.to_owned() } else { b.clone() }
            }
            _ => b.clone(),
        };
        let b = if kind == "number" || operation.starts_with("length") { right_number() } else { b };
        let moment = kind == "dateTime";
        let (a, b) = if moment { (format!("datetime({a})"), format!("datetime({b})")) } else { (a, b) };
        match operation {
            "equals" | "equal" => format!("{a} == {b}"),
            "notEquals" | "notEqual" => format!("{a} != {b}"),
            "gt" | "larger" | "after" => format!("{a} > {b}"),
            "lt" | "smaller" | "before" => format!("{a} < {b}"),
            "gte" | "largerEqual" | "afterOrEquals" => format!("{a} >= {b}"),
            "lte" | "smallerEqual" | "beforeOrEquals" => format!("{a} <= {b}"),
            "contains" => format!("{a}.contains({b})"),
            "notContains" => format!("!{a}.contains({b})"),
            "startsWith" => format!("{a}.starts_with({b})"),
            "notStartsWith" => format!("!{a}.starts_with({b})"),
            "endsWith" => format!("{a}.ends_with({b})"),
            "notEndsWith" => format!("!{a}.ends_with({b})"),
            "regex" => format!("matches({}, {})", left.expression(), patterned(right)),
            "notRegex" => format!("!matches({}, {})", left.expression(), patterned(right)),
            "exists" => format!("{} != ()", left.tight()),
            "notExists" => format!("{} == ()", left.tight()),
            "empty" | "isEmpty" => format!("blank({})", left.expression()),
            "notEmpty" | "isNotEmpty" => format!("!blank({})", left.expression()),
            "true" => format!("{} == true", left.tight()),
            "false" => format!("{} == false", left.tight()),
            "lengthEquals" => format!("{a}.len() == {b}"),
            "lengthNotEquals" => format!("{a}.len() != {b}"),
            "lengthGt" => format!("{a}.len() > {b}"),
            "lengthLt" => format!("{a}.len() < {b}"),
            "lengthGte" => format!("{a}.len() >= {b}"),
            "lengthLte" => format!("{a}.len() <= {b}"),
            _ => {
                self.later(format!("nothing here is the comparison `{operation}`"));
                "false".to_owned()
            }
        }
    }

    /// What has to hold for one of a list, as a function of it.
    pub fn test_of(&mut self, node: &Node<'_>) -> String {
        let one = Items::One(Data::Path("one".to_owned()));
        let when = self.conditions(node, &node.json["parameters"], &one);
        format!("|one| {when}")
    }
}

/// A pattern, perhaps between slashes.
fn patterned(term: &Term) -> String {
    let code = term.expression();
    let Some(inner) = code.strip_prefix("\"/").and_then(|code| code.strip_suffix('"')) else { return code };
    match inner.rsplit_once('/') {
        Some((pattern, flags)) if flags.chars().all(|c| c.is_ascii_lowercase()) => {
            let inline: String = flags.chars().filter(|flag| matches!(flag, 'i' | 'm' | 's')).collect();
            if inline.is_empty() { format!("\"{pattern}\"") } else { format!("\"(?{inline}){pattern}\"") }
        }
        _ => layout::text(inner),
    }
}
