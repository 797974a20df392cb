//! `postgres`, `mySql`, `microsoftSql`: databases that speak SQL.

use serde_json::Value as Json;

use crate::lang::foreign::n8n::data::{Data, Items};
use crate::lang::foreign::n8n::document::Node;
use crate::lang::foreign::n8n::javascript::Expr;
use crate::lang::foreign::n8n::javascript::Seen;
use crate::lang::foreign::n8n::machine::{Machine, at, pieces};
use crate::lang::foreign::term::Term;
use crate::lang::openapi::naming;

impl Machine<'_> {
    /// Writes what is asked of the database.
    pub fn sql(&mut self, node: &Node<'_>, items: &Items) -> Items {
        let database = ("database".to_owned(), Term::text(&database(node)));
        let operation = match node.text("operation") {
            "" => "insert",
            operation => operation,
        };
        match operation {
            "executeQuery" => self.query(node, items, database),
            "insert" | "upsert" => {
                let table = self.required(node, "table", items);
                let row = self.row(node, items);
                let mut params = vec![database, ("table".to_owned(), table), ("rows".to_owned(), row)];
                if operation == "upsert" {
                    let matching = &node.json["parameters"]["columns"]["matchingColumns"];
                    let on = if matching.is_array() {
                        Term::of(matching)
                    } else {
                        self.required(node, "columnToMatchOn", items)
                    };
                    params.push(("on".to_owned(), on));
                }
                // What comes out there is the row.
                let given = params[2].1.clone();
                let step = self.call(node, &format!("sql.{operation}"), &params, Vec::new());
                Items::One(self.given(node, &step, Data::Term(given)))
            }
            "select" => self.select(node, items, database),
            _ => {
                self.later(format!("`{operation}` is written as SQL here: `sql.execute`"));
                self.stub(node, items)
            }
        }
    }

    /// SQL as it stands; values in it go beside it.
    fn query(&mut self, node: &Node<'_>, items: &Items, database: (String, Term)) -> Items {
        let said = node.text("query");
        let mut given: Vec<Term> = Vec::new();
        let mut sql = String::new();
        if let Some(template) = said.strip_prefix('=') {
            let seen = Seen { items: items.clone(), names: Vec::new() };
            for part in pieces(template).unwrap_or_else(|_| vec![Expr::Text(template.to_owned())]) {
                if let Expr::Text(text) = &part {
                    // A value in quotes is a value all the same.
                    let text = if sql.ends_with('?') { text.strip_prefix('\'').unwrap_or(text) } else { text };
                    sql.push_str(text);
                    continue;
                }
                if sql.ends_with('\'') {
                    sql.pop();
                }
                sql.push('?');
                given.push(self.term_of(&part, &seen).unwrap_or_else(|why| {
                    self.later(format!("a value of the query is not carried over: {why}"));
                    Term::Path("()".to_owned())
                }));
            }
        } else {
            sql.push_str(said);
        }
        let replacement = at(node, "options.queryReplacement");
        if given.is_empty() && !replacement.is_null() {
            self.numbered(&mut sql, replacement, items, &mut given);
        }
        let sql = sql.trim().replace("${", "$ {");
        let word = sql.split_whitespace().next().unwrap_or_default().to_lowercase();
        let reads = matches!(&*word, "select" | "with" | "show" | "values") || sql.to_lowercase().contains("returning");
        let mut params = vec![database, ("sql".to_owned(), Term::text(&sql))];
        if !given.is_empty() {
            params.push(("params".to_owned(), Term::List(given)));
        }
        if reads {
            let step = self.call(node, "sql.query", &params, Vec::new());
            return self.rows(node, &step);
        }
        let step = self.call(node, "sql.execute", &params, Vec::new());
        let data = Data::Answer(step.clone(), &[("affectedRows", "affected"), ("insertId", "last_id")]);
        Items::One(self.given(node, &step, data))
    }

    /// `$1`, `$2` with a list of values beside.
    fn numbered(&mut self, sql: &mut String, replacement: &Json, items: &Items, given: &mut Vec<Term>) {
        let text = replacement.as_str().unwrap_or_default();
        let values: Vec<Term> = match text.strip_prefix('=') {
            Some(template) if template.matches("{{").count() > 1 => template
                .split("}}")
                .filter_map(|part| part.split_once("{{"))
                .map(|(_, source)| self.value("queryReplacement", &Json::String(format!("={{{{{source}}}}}")), items))
                .collect(),
            Some(_) => match self.value("queryReplacement", replacement, items) {
                Term::List(list) => list,
                term => vec![term],
            },
            None => text.split(',').map(|one| Term::text(one.trim())).collect(),
        };
        let mut written = String::new();
        let mut rest = sql.as_str();
        while let Some((before, behind)) = rest.split_once('$') {
            let digits = behind.len() - behind.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let number = behind[..digits].parse::<usize>().ok().filter(|number| *number > 0);
            written.push_str(before);
            match number.and_then(|number| values.get(number - 1)) {
                Some(term) => {
                    written.push('?');
                    given.push(term.clone());
                }
                None => {
                    written.push('$');
                    written.push_str(&behind[..digits]);
                }
            }
            rest = &behind[digits..];
        }
        written.push_str(rest);
        *sql = written;
    }

    fn select(&mut self, node: &Node<'_>, items: &Items, database: (String, Term)) -> Items {
        let table: String =
            node.text("table").chars().filter(|c| c.is_alphanumeric() || matches!(c, '_' | '.')).collect();
        let mut sql = format!("SELECT * FROM {table}");
        let mut given = Vec::new();
        let or = node.text("combineConditions") == "OR";
        for (place, one) in at(node, "where.values").as_array().into_iter().flatten().enumerate() {
            let column: String = one["column"]
                .as_str()
                .unwrap_or_default()
                .chars()
                .filter(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            let sign = match one["condition"].as_str().or(one["operator"].as_str()).unwrap_or("equal") {
                "equal" | "=" => "=",
                "!=" | "notEqual" => "!=",
                ">" => ">",
                "<" => "<",
                ">=" => ">=",
                "<=" => "<=",
                "LIKE" | "like" => "LIKE",
                other => {
                    self.later(format!("nothing here is the condition `{other}`"));
                    "="
                }
            };
            sql.push_str(if place == 0 {
                " WHERE "
            } else if or {
                " OR "
            } else {
                " AND "
            });
            sql.push_str(&format!("{column} {sign} ?"));
            given.push(self.value(&column, &one["value"], items));
        }
        for (place, one) in at(node, "sort.values").as_array().into_iter().flatten().enumerate() {
            let column: String = one["column"]
                .as_str()
                .unwrap_or_default()
                .chars()
                .filter(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            let down = if one["direction"] == "DESC" { " DESC" } else { "" };
            sql.push_str(&format!("{} {column}{down}", if place == 0 { " ORDER BY" } else { "," }));
        }
        if node.json["parameters"]["returnAll"] != true {
            sql.push_str(&format!(" LIMIT {}", at(node, "limit").as_u64().unwrap_or(50)));
        }
        let mut params = vec![database, ("sql".to_owned(), Term::text(&sql))];
        if !given.is_empty() {
            params.push(("params".to_owned(), Term::List(given)));
        }
        let step = self.call(node, "sql.query", &params, Vec::new());
        self.rows(node, &step)
    }

    /// The fields of a row.
    fn row(&mut self, node: &Node<'_>, items: &Items) -> Term {
        let columns = &node.json["parameters"]["columns"];
        if let Some(value) = columns["value"].as_object().filter(|_| columns["mappingMode"] != "autoMapInputData") {
            return self.value("columns", &Json::Object(value.clone()), items);
        }
        let list = at(node, "valuesToSend.values").as_array().filter(|_| node.text("dataMode") != "autoMapInputData");
        if let Some(list) = list {
            let mut fields = Vec::new();
            for one in list {
                let name = one["column"].as_str().unwrap_or_default().to_owned();
                let term = self.value(&name, &one["value"], items);
                fields.push((name, term));
            }
            return Term::Object(fields);
        }
        // The first version names columns, which are fields of the item.
        if let Some(names) = columns.as_str().filter(|names| !names.trim().is_empty()) {
            let mut fields = Vec::new();
            let item = items.first();
            for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
                let name = name.split(':').next().unwrap_or(name);
                let data = item.get(name, false, &mut self.reads).unwrap_or_else(Data::nothing);
                fields.push((name.to_owned(), data.term(&mut self.reads)));
            }
            return Term::Object(fields);
        }
        items.first().term(&mut self.reads)
    }
}

/// The database in the settings: as its credential is called there.
pub fn database(node: &Node<'_>) -> String {
    let credentials = node.json["credentials"].as_object().into_iter().flatten();
    let name = credentials.filter_map(|(_, it)| it["name"].as_str()).next().unwrap_or(node.kind);
    naming::parameter(name)
}
