//! Nodes that look at all items: lists that are split, joined, sorted, gone through.

use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::lang::foreign::n8n::data::{Data, Items};
use crate::lang::foreign::n8n::document::Node;
use crate::lang::foreign::n8n::javascript::SLICE;
use crate::lang::foreign::n8n::machine::{Machine, at};
use crate::lang::foreign::n8n::walk::{Arrival, Scope, Turns, Walked, arrivals};
use crate::lang::foreign::term::{Term, field};
use crate::lang::layout;

impl Machine<'_> {
    /// A node that makes other items of its items.
    pub fn list_node(&mut self, node: &Node<'_>, items: &Items) -> Items {
        match self.listed_by(node, items) {
            // A list that is computed has a name, the one of its node.
            Items::Many(list) if !matches!(&list, Term::Path(code) if !code.contains('(')) => {
                self.settle();
                let own = self.draft.name(node.name);
                self.draft.statement(&format!("let {own}: list<any> ="), &list);
                Items::Many(Term::Path(own))
            }
            items => items,
        }
    }

    fn listed_by(&mut self, node: &Node<'_>, items: &Items) -> Items {
        let kind = match (node.kind, node.text("operation")) {
            ("itemLists", "" | "splitOutItems") => "splitOut",
            ("itemLists", "concatenateItems") => "aggregate",
            ("itemLists", operation) => operation,
            (kind, _) => kind,
        };
        match kind {
            "splitOut" => self.split_out(node, items),
            "aggregate" => self.aggregate(node, items),
            "limit" => {
                let list = self.list(items).tight();
                let count = at(node, "maxItems").as_u64().unwrap_or(1);
                self.settle();
                self.draft.function("slice", SLICE);
                Items::Many(Term::Path(if node.text("keep") == "lastItems" {
                    format!("slice({list}, -{count}, {list}.len())")
                } else {
                    format!("slice({list}, 0, {count})")
                }))
            }
            "filter" => {
                let list = self.list(items).tight();
                let test = self.test_of(node);
                self.settle();
                Items::Many(Term::Path(format!("{list}.filter({test})")))
            }
            "sort" => self.sorted(node, items),
            "removeDuplicates" => {
                let list = self.list(items).expression();
                let chosen = node.text("fieldsToCompare");
                let fields = if chosen.is_empty() { node.text("compare") } else { chosen };
                let by = match node.json["parameters"]["fieldsToCompare"].as_str() {
                    Some(names) if node.text("compare") == "selectedFields" => names.split(',').next().map(str::trim),
                    _ => None,
                };
                if fields == "allFieldsExcept" || by.is_some() && node.text("fieldsToCompare").contains(',') {
                    self.later("it compared several fields");
                }
                self.settle();
                let by = by.map(|by| format!(", {}", layout::text(by))).unwrap_or_default();
                Items::Many(Term::Path(format!("unique({list}{by})")))
            }
            "summarize" => self.summary(node, items),
            _ => self.stub(node, items),
        }
    }

    /// An item of each entry of a field.
    fn split_out(&mut self, node: &Node<'_>, items: &Items) -> Items {
        let name = node.text("fieldToSplitOut").trim();
        if name.is_empty() || name.contains(',') || name.starts_with('=') {
            self.later("it splits several fields, or one that is computed");
            self.settle();
            return items.clone();
        }
        let include = node.text("include");
        if !matches!(include, "" | "noOtherFields") {
            self.later("the other fields of the item went with each entry: `for` sees them by their names");
        }
        let source = match items {
            Items::Many(list) => Term::Path(format!("flat_map({}, |one| one{})", list.expression(), path_of(name))),
            items => {
                let mut data = items.first();
                for part in name.split('.') {
                    data = data.get(part, false, &mut self.reads).unwrap_or_else(Data::nothing);
                }
                data.term(&mut self.reads)
            }
        };
        self.settle();
        let target = node.json["parameters"]["options"]["destinationFieldName"].as_str().filter(|it| !it.is_empty());
        let last = name.rsplit('.').next().unwrap_or(name);
        // Entries that are no objects become items with one field. What reads them shows which they are.
        let reads = [
            format!("$json.{last} "),
            format!("$json.{last}}}"),
            format!("$json['{last}']"),
            format!("$json[\\\"{last}\\\"]"),
        ];
        let is_plain = self.graph.nodes.iter().any(|other| {
            other.name != node.name && {
                let text = other.json["parameters"].to_string();
                reads.iter().any(|read| text.contains(&**read))
            }
        });
        match target.or(is_plain.then_some(last)) {
            Some(own) => {
                Items::Many(Term::Path(format!("{}.map(|one| #{{ {}: one }})", source.tight(), layout::key(own))))
            }
            None => Items::Many(source),
        }
    }

    /// One item of all.
    fn aggregate(&mut self, node: &Node<'_>, items: &Items) -> Items {
        let list = self.list(items);
        if node.text("aggregate") == "aggregateAllItemData" {
            let name = match node.text("destinationFieldName") {
                "" => "data",
                name => name,
            };
            self.settle();
            return Items::One(Data::Made(None, IndexMap::from([(name.to_owned(), Data::Term(list))])));
        }
        let mut fields: IndexMap<String, Data> = IndexMap::new();
        for one in at(node, "fieldsToAggregate.fieldToAggregate").as_array().into_iter().flatten() {
            let name = one["fieldToAggregate"].as_str().unwrap_or_default();
            if name.is_empty() {
                continue;
            }
            let last = name.rsplit('.').next().unwrap_or(name);
            let own = one["outputFieldName"].as_str().filter(|own| one["renameField"] == true && !own.is_empty());
            let code = format!("{}.map(|one| one{})", list.tight(), path_of(name));
            fields.insert(own.unwrap_or(last).to_owned(), Data::Path(code));
        }
        if fields.is_empty() {
            self.later("it does not say which fields");
        }
        self.settle();
        Items::One(Data::Made(None, fields))
    }

    fn sorted(&mut self, node: &Node<'_>, items: &Items) -> Items {
        let mut code = self.list(items).expression();
        let rules = at(node, "sortFieldsUi.sortField").as_array().cloned().unwrap_or_default();
        if rules.is_empty() {
            self.later("it sorts by a script, or by chance");
        }
        // The last rule first: what is equal keeps its order.
        for rule in rules.iter().rev() {
            let name = rule["fieldName"].as_str().unwrap_or_default();
            let by = if name.contains('.') { format!("|one| one{}", path_of(name)) } else { layout::text(name) };
            if rule["order"] == "descending" {
                self.draft.function("backwards", BACKWARDS);
                code = format!("backwards(sorted_by(backwards({code}), {by}))");
            } else {
                code = format!("sorted_by({code}, {by})");
            }
        }
        self.settle();
        Items::Many(Term::Path(code))
    }

    fn summary(&mut self, node: &Node<'_>, items: &Items) -> Items {
        let split = node.text("fieldsToSplitBy");
        let list = self.list(items);
        let rules = at(node, "fieldsToSummarize.values").as_array().cloned().unwrap_or_default();
        let groups: Vec<&str> = split.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        let over = if groups.is_empty() { list.tight() } else { "group".to_owned() };
        let mut fields: IndexMap<String, Data> = IndexMap::new();
        if let [by] = groups.as_slice() {
            fields.insert((*by).to_owned(), Data::Path(format!("group[0]{}", path_of(by))));
        } else if groups.len() > 1 {
            self.later("it groups by several fields: here by the first one");
        }
        for rule in &rules {
            let (kind, name) =
                (rule["aggregation"].as_str().unwrap_or("count"), rule["field"].as_str().unwrap_or_default());
            let all = format!("{over}.map(|one| one{})", path_of(name));
            let (own, code) = match kind {
                "sum" => (format!("sum_{name}"), format!("sum({all})")),
                "min" => (format!("min_{name}"), format!("min({all})")),
                "max" => (format!("max_{name}"), format!("max({all})")),
                "average" => (format!("average_{name}"), format!("sum({all}) * 1.0 / {over}.len()")),
                "countUnique" => (format!("unique_count_{name}"), format!("unique({all}).len()")),
                "append" => (format!("appended_{name}"), all),
                "concatenate" => (format!("concatenated_{name}"), format!("join({all}, \",\")")),
                _ => (format!("count_{name}"), format!("{over}.len()")),
            };
            fields.insert(own.replace('.', "_"), Data::code(code));
        }
        self.settle();
        let made = Data::Made(None, fields);
        match groups.first() {
            None => Items::One(self.bound(node.name, made)),
            Some(by) => {
                let made = made.term(&mut self.reads).expression();
                let by = if by.contains('.') { format!("|one| one{}", path_of(by)) } else { layout::text(by) };
                let code = format!("group_by({}, {by}).values().map(|group| {made})", list.expression());
                Items::Many(Term::Path(code))
            }
        }
    }

    /// What several inputs come to.
    pub fn merge(&mut self, number: usize, inputs: &IndexMap<usize, Items>) -> Items {
        let node = self.graph.nodes[number];
        let mut sorted: Vec<(usize, &Items)> = inputs.iter().map(|(input, items)| (*input, items)).collect();
        sorted.sort_by_key(|(input, _)| *input);
        let mode = match node.text("mode") {
            "combine" => match (node.text("combineBy"), node.text("combinationMode")) {
                ("combineByPosition", _) | (_, "mergeByPosition") => "position",
                ("combineAll", _) | (_, "multiplex") => "all",
                ("combineByFields" | "", _) | (_, "mergeByFields") => "fields",
                (other, _) => other,
            },
            "combineBySql" => "sql",
            "mergeByIndex" | "combineByPosition" => "position",
            "multiplex" => "all",
            "mergeByKey" | "keepKeyMatches" => "fields",
            "chooseBranch" | "wait" | "passThrough" => "choose",
            mode => mode,
        };
        if let ([(_, only)], true) = (sorted.as_slice(), matches!(mode, "" | "append" | "choose")) {
            self.settle();
            return (*only).clone();
        }
        let items = match (mode, sorted.as_slice()) {
            ("choose", all) => {
                let wanted = match at(&node, "useDataOfInput") {
                    Json::String(input) => input.parse().unwrap_or(1),
                    Json::Number(input) => input.as_u64().unwrap_or(1),
                    _ if node.text("output") == "input2" => 2,
                    _ => 1,
                };
                let found = all.iter().find(|(input, _)| *input as u64 + 1 == wanted).or(all.first());
                found.map_or_else(Items::empty, |(_, items)| (*items).clone())
            }
            ("position" | "all", [(_, Items::One(a)), (_, Items::One(b))]) => {
                let b = b.clone();
                match b {
                    Data::Made(None, fields) => Items::One(a.over(fields)),
                    b => {
                        let (a, b) = (a.term(&mut self.reads).tight(), b.term(&mut self.reads).tight());
                        Items::One(Data::code(format!("{a} + {b}")))
                    }
                }
            }
            ("position", [(_, a), (_, b)]) => {
                let (a, b) = (self.list(a).expression(), self.list(b).expression());
                Items::Many(Term::Path(format!("zip({a}, {b}, |left, right| left + right)")))
            }
            ("all", [(_, a), (_, b)]) => {
                let (a, b) = (self.list(a).expression(), self.list(b).expression());
                Items::Many(Term::Path(format!("product({a}, {b}).map(|pair| pair[0] + pair[1])")))
            }
            ("fields", [(_, a), (_, b)]) => self.joined_by(&node, a, b),
            (_, all) => {
                if !matches!(mode, "" | "append") {
                    self.later(format!(
                        "`{}` merges in a way that is not carried over: here all items follow each other",
                        node.name
                    ));
                }
                let all: Vec<Items> = all.iter().map(|(_, items)| (*items).clone()).collect();
                if all.iter().all(|items| matches!(items, Items::One(_))) {
                    let all = all.iter().map(|items| items.first().term(&mut self.reads)).collect();
                    Items::Many(Term::List(all))
                } else {
                    let all: Vec<String> = all.iter().map(|items| self.list(items).tight()).collect();
                    Items::Many(Term::Code(all.join(" + ")))
                }
            }
        };
        self.settle();
        match items {
            Items::One(data) => Items::One(self.bound(node.name, data)),
            Items::Many(list) if !matches!(&list, Term::Path(code) if !code.contains('(')) => {
                let own = self.draft.name(node.name);
                self.draft.statement(&format!("let {own}: list<any> ="), &list);
                Items::Many(Term::Path(own))
            }
            items => items,
        }
    }

    /// Items of two lists that agree in a field.
    fn joined_by(&mut self, node: &Node<'_>, a: &Items, b: &Items) -> Items {
        let pair = &at(node, "mergeByFields.values")[0];
        let fields = match at(node, "fieldsToMatchString").as_str().or(at(node, "fieldsToMatchString")[0].as_str()) {
            Some(name) if !name.is_empty() => Some((name.split(',').next().unwrap_or(name).trim(), name.contains(','))),
            _ => None,
        };
        let (left, right) = match (fields, pair["field1"].as_str(), pair["field2"].as_str()) {
            (_, Some(left), Some(right)) => (left, right),
            (Some((name, _)), ..) => (name, name),
            _ => match (node.text("propertyName1"), node.text("propertyName2")) {
                ("", _) | (_, "") => ("id", "id"),
                pair => pair,
            },
        };
        if fields.is_some_and(|(_, several)| several) || !at(node, "mergeByFields.values")[1].is_null() {
            self.later("it compared several fields: here the first one");
        }
        let (a, b) = (self.list(a).expression(), self.list(b).tight());
        let matches = format!("{b}.filter(|right| right{} == left{})", path_of(right), path_of(left));
        let code = match node.text("joinMode") {
            "keepNonMatches" => format!("{}.filter(|left| {matches}.len() == 0)", Term::Path(a).tight()),
            "enrichInput1" => format!("{}.map(|left| left + ({matches}.first() ?? #{{}}))", Term::Path(a).tight()),
            mode => {
                if !matches!(mode, "" | "keepMatches") {
                    self.later(format!("it joined by `{mode}`: here what agrees is kept"));
                }
                format!("flat_map({a}, |left| {matches}.map(|right| left + right))")
            }
        };
        Items::Many(Term::Path(code))
    }

    /// `splitInBatches`: what follows, once for each item.
    pub fn batches(&mut self, number: usize, items: &Items, scope: &Scope, walked: &mut Walked) -> Vec<Arrival> {
        let node = self.graph.nodes[number];
        if !self.has_room(scope) {
            return self.too_deep(number);
        }
        let list = self.list(items);
        let (turn, done) = if node.version >= 3.0 { (1, 0) } else { (0, 1) };
        let or = if node.version >= 3.0 { 1 } else { 10 };
        let size = at(&node, "batchSize").as_u64().unwrap_or(or).max(1);
        self.settle();
        let (head, item, one) = if size == 1 {
            let item = self.draft.name("item");
            (format!("for {item} in {}", list.expression()), item.clone(), Items::One(Data::Path(item)))
        } else {
            let batch = self.draft.name("batch");
            let head = format!("for {batch} in chunks({}, {size})", list.expression());
            (head, batch.clone(), Items::Many(Term::Path(batch)))
        };
        let mut stops = scope.walls();
        stops.push(number);
        let done_ways = self.graph.ways(number, done).to_vec();
        let is_tail = scope.is_tail && done_ways.is_empty();
        let inner = Scope { stops, is_tail, depth: scope.depth + 1, ..Scope::default() };
        self.known.insert(number, one.clone());
        let starts = arrivals(self.graph.ways(number, turn), &one);
        let wants = !done_ways.is_empty() || is_tail;
        let (step, _) = self.turned(Turns { head, item, list, starts, name: node.name, wants }, &inner);
        let items = step.map_or_else(Items::empty, Items::Many);
        self.known.insert(number, items.clone());
        walked.last = Some(items.clone());
        if done_ways.is_empty() && scope.head.is_some() {
            self.draft.line("until true");
        }
        arrivals(&done_ways, &items)
    }
}

/// How a field is read of one of a list.
fn path_of(name: &str) -> String {
    name.split('.').filter(|part| !part.is_empty()).map(field).collect()
}

const BACKWARDS: &str = r#"/// A list from its end to its beginning.
fn backwards(list) {
    list.reverse();
    list
}
"#;
