//! Pages of an `httpRequest`: asked for one after the other, and put together.

use serde_json::Value as Json;

use crate::lang::foreign::n8n::data::{Data, Items};
use crate::lang::foreign::n8n::document::Node;
use crate::lang::foreign::n8n::javascript::{Seen, Value};
use crate::lang::foreign::n8n::machine::{AS_ITEMS, Machine};
use crate::lang::foreign::term::Term;
use crate::lang::foreign::time;

/// How many pages are asked for where the document sets no bound.
const PAGES_MAX: u64 = 1_000;

/// A request as it is written for one page.
pub struct Asked<'a> {
    pub operation: &'a str,
    pub params: &'a [(String, Term)],
    pub clauses: &'a [String],
}

impl Machine<'_> {
    /// Writes a loop over the pages of a request; what comes out is the items of all of them. Nothing where it asks for no pages.
    pub fn paged(&mut self, node: &Node<'_>, asked: &Asked<'_>, items: &Items) -> Option<Items> {
        let said = &node.json["parameters"]["options"]["pagination"]["pagination"];
        let by_url = match said["paginationMode"].as_str()? {
            "responseContainsNextURL" => true,
            "updateAParameterInEachRequest" => false,
            _ => return None,
        };
        let count = format!("vars.{}", self.new_variable(&format!("{} pages", node.name)));
        let rows = format!("vars.{}", self.new_variable(&format!("{} rows", node.name)));
        self.draft.function("as_items", AS_ITEMS);
        let mut params = asked.params.to_vec();
        self.settle();
        self.draft.line(&format!("set {count} = 0"));
        self.draft.line(&format!("set {rows} = []"));
        let mut url = None;
        if by_url && let Some((_, first)) = params.iter_mut().find(|(name, _)| name == "url") {
            let variable = format!("vars.{}", self.new_variable(&format!("{} url", node.name)));
            self.draft.statement(&format!("set {variable} ="), first);
            *first = Term::Path(variable.clone());
            url = Some(variable);
        }
        let mut seen = Seen { items: items.clone(), names: vec![("$pageCount".to_owned(), Value::path(&count))] };
        for one in said["parameters"]["parameters"].as_array().into_iter().flatten().filter(|_| !by_url) {
            self.parameter(one, &seen, &mut params);
        }
        let ends_with = statuses(said);
        if !ends_with.is_empty() {
            params.push(("accept".to_owned(), Term::Path(format!("[{ends_with}]"))));
        }
        let most = said["maxRequests"].as_u64().filter(|most| said["limitPagesFetched"] == true && *most > 0);
        let most = most.map(|most| most.min(PAGES_MAX));
        self.draft.open(&format!("while true max {}", most.unwrap_or(PAGES_MAX)));
        let step = self.call(node, asked.operation, &params, asked.clauses.to_vec());
        let dot = if node.goes_on_after_error() || node.has_error_output() { "?." } else { "." };
        let part = |name: &str| Data::Path(format!("{step}{dot}{name}"));
        let response =
            Data::made([("body", part("body")), ("headers", part("headers")), ("statusCode", part("status"))]);
        seen.names.push(("$response".to_owned(), Value::Data(response)));
        self.draft.line(&format!("set {count} = {count} + 1"));
        match said["paginationCompleteWhen"].as_str() {
            Some("receiveSpecificStatusCodes") if !ends_with.is_empty() => {
                self.draft.line(&format!("until {step}{dot}status in [{ends_with}]"));
            }
            Some("other") => {}
            _ => self.draft.line(&format!("until as_items({step}{dot}body ?? []).len() == 0")),
        }
        self.draft.line(&format!("set {rows} = {rows} + as_items({step}{dot}body)"));
        if said["paginationCompleteWhen"] == "other" {
            let ends = self.told("completeExpression", &said["completeExpression"], &seen);
            self.settle();
            self.draft.line(&format!("until ({}) == true", ends.expression()));
        }
        if let Some(url) = url {
            let next = self.told("nextURL", &said["nextURL"], &seen);
            self.settle();
            self.draft.statement(&format!("set {url} ="), &next);
            self.draft.line(&format!("until ({url} ?? \"\") == \"\""));
        }
        if let Some(most) = most {
            self.draft.line(&format!("until {count} >= {most}"));
        }
        if let Some(pause) = said["requestInterval"].as_u64().filter(|pause| *pause > 0) {
            self.draft.line(&format!("wait {}", time::milliseconds(pause)));
        }
        self.draft.close("");
        Some(Items::Many(Term::Path(rows)))
    }

    /// Puts a parameter that is another one for each page into its place.
    fn parameter(&mut self, one: &Json, seen: &Seen, params: &mut Vec<(String, Term)>) {
        let place = match one["type"].as_str().unwrap_or("qs") {
            "headers" => "headers",
            "body" => "body",
            _ => "query",
        };
        let name = one["name"].as_str().unwrap_or_default();
        let value = self.told(name, &one["value"], seen);
        match params.iter_mut().find(|(own, _)| own == place) {
            Some((_, Term::Object(fields))) => {
                fields.retain(|(own, _)| own != name);
                fields.push((name.to_owned(), value));
            }
            Some(_) => self.later(format!("put `{name}` into its `{place}`, for each page another")),
            None => params.push((place.to_owned(), Term::Object(vec![(name.to_owned(), value)]))),
        }
    }

    /// What an expression says that sees the pages.
    fn told(&mut self, what: &str, json: &Json, seen: &Seen) -> Term {
        let Some(text) = json.as_str() else { return Term::of(json) };
        let Some(template) = text.strip_prefix('=') else { return Term::text(text) };
        self.read_in(template, seen).unwrap_or_else(|why| {
            self.later(format!("`{what}` was `{}`: {why}", template.trim()));
            Term::Path("()".to_owned())
        })
    }
}

/// The statuses that say that there are no more pages.
fn statuses(said: &Json) -> String {
    if said["paginationCompleteWhen"] != "receiveSpecificStatusCodes" {
        return String::new();
    }
    let text = match &said["statusCodesWhenComplete"] {
        Json::String(text) => text.clone(),
        Json::Number(number) => number.to_string(),
        _ => String::new(),
    };
    let statuses: Vec<String> =
        text.split(',').filter_map(|one| one.trim().parse::<u16>().ok()).map(|one| one.to_string()).collect();
    statuses.join(", ")
}
