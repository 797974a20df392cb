//! What starts runs.

use super::data::Data;
use super::document::{Graph, Node, Way};
use super::machine::{Machine, at};
use crate::lang::foreign::TODO;
use crate::lang::foreign::cron;
use crate::lang::foreign::term::Term;
use crate::lang::layout;
use serde_json::Value as Json;

/// Where runs begin: triggers that lead to the same nodes.
#[derive(Clone, Debug)]
pub struct Start {
    /// The triggers, the one that says most first.
    pub triggers: Vec<usize>,
    /// Where they lead to.
    pub ways: Vec<Way>,
}

impl Start {
    /// The starts of a document, at least one.
    pub fn all(graph: &Graph<'_>) -> Vec<Self> {
        let mut starts: Vec<Self> = Vec::new();
        let triggers = graph.nodes.iter().enumerate().filter(|(_, node)| node.is_trigger() && !node.is_disabled());
        for (number, node) in triggers {
            let ways = graph.ways(number, 0).to_vec();
            let is_plain = node.kind == "manualTrigger" || node.kind == "start";
            match starts.iter_mut().find(|start| start.ways == ways && !ways.is_empty()) {
                // Started by hand is what every workflow can be.
                Some(start) if is_plain || start.is_plain(graph) => {
                    if is_plain {
                        start.triggers.push(number)
                    } else {
                        start.triggers.insert(0, number)
                    }
                }
                Some(start) => start.triggers.push(number),
                None => starts.push(Self { triggers: vec![number], ways }),
            }
        }
        if starts.iter().any(|start| !start.ways.is_empty()) {
            starts.retain(|start| !start.ways.is_empty());
        }
        if starts.is_empty() {
            // Without a trigger it is a part that was copied out: it begins where nothing leads to.
            let mut led = vec![false; graph.nodes.len()];
            for number in 0..graph.nodes.len() {
                for output in 0..graph.outputs(number) {
                    graph.ways(number, output).iter().for_each(|(to, _)| led[*to] = true);
                }
            }
            let first = (0..graph.nodes.len()).filter(|at| !led[*at] && graph.nodes[*at].kind != "stickyNote");
            let mut ways: Vec<Way> = first.map(|at| (at, 0)).collect();
            if ways.is_empty() {
                ways.push((0, 0));
            }
            starts.push(Self { triggers: Vec::new(), ways });
        }
        starts
    }

    fn is_plain(&self, graph: &Graph<'_>) -> bool {
        self.kind(graph) == "manualTrigger"
    }

    fn kind<'a>(&self, graph: &Graph<'a>) -> &'a str {
        self.triggers.first().map_or("manualTrigger", |first| graph.nodes[*first].kind)
    }

    /// Whether whoever called is given all items, not the first one.
    pub fn answers_all(&self, graph: &Graph<'_>) -> bool {
        self.triggers.first().is_some_and(|first| graph.nodes[*first].text("responseData") == "allEntries")
    }

    fn is_form(&self, graph: &Graph<'_>) -> bool {
        self.kind(graph) == "formTrigger"
    }

    /// Whether the fields of its input are whatever is read of it.
    pub fn is_open(&self, graph: &Graph<'_>) -> bool {
        let declares = |at: &usize| graph.nodes[*at].json["parameters"]["workflowInputs"]["values"].is_array();
        !self.triggers.iter().any(declares)
            && !matches!(
                self.kind(graph),
                "webhook" | "formTrigger" | "errorTrigger" | "scheduleTrigger" | "cron" | "interval"
            )
    }

    /// Whether somebody asks for what comes out last.
    pub fn is_asked(&self, graph: &Graph<'_>) -> bool {
        match self.kind(graph) {
            "manualTrigger" | "executeWorkflowTrigger" | "start" => true,
            "webhook" => {
                self.triggers.first().is_some_and(|first| graph.nodes[*first].text("responseMode") == "lastNode")
            }
            _ => false,
        }
    }
}

/// The parts of a request that a webhook hands on, and what they are here.
const REQUEST: [(&str, &str); 4] =
    [("body", "trigger.body"), ("headers", "trigger.headers"), ("query", "trigger.query"), ("params", "trigger.path")];

impl Machine<'_> {
    /// Begins the triggers; what they bring.
    pub fn started(&mut self, start: &Start) -> Data {
        start.triggers.iter().for_each(|trigger| self.count(*trigger));
        let Some(first) = start.triggers.first() else { return Data::Input };
        let node = self.graph.nodes[*first];
        self.answers_last = node.kind == "webhook" && node.text("responseMode") == "lastNode";
        match node.kind {
            "webhook" => {
                let part = |(name, _): (&'static str, &'static str)| (name, Data::Path(format!("input.{name}")));
                Data::made(REQUEST.map(part))
            }
            "scheduleTrigger" | "cron" | "interval" => {
                Data::made([("timestamp", Data::Path("run.started_at".to_owned()))])
            }
            "errorTrigger" => {
                let error = Data::made([
                    ("message", Data::Path("input.error?.message".to_owned())),
                    ("name", Data::Path("input.error?.type".to_owned())),
                ]);
                let execution = Data::made([
                    ("id", Data::Path("input.run".to_owned())),
                    ("error", error),
                    ("lastNodeExecuted", Data::Path("input.error?.step".to_owned())),
                ]);
                let workflow = Data::made([
                    ("name", Data::Path("input.workflow".to_owned())),
                    ("id", Data::Path("input.workflow".to_owned())),
                ]);
                Data::made([("execution", execution), ("workflow", workflow)])
            }
            _ => Data::Input,
        }
    }

    /// What the workflow declares: its triggers, its input, its variables.
    pub fn declarations(&mut self, start: &Start, body: &str) -> String {
        let mut text = String::new();
        let mut fields: Vec<(String, String)> = Vec::new();
        for trigger in &start.triggers {
            let node = self.graph.nodes[*trigger];
            node.name.clone_into(&mut self.name);
            self.trigger(&node, body, &mut text, &mut fields);
        }
        if self.reads.is_item {
            fields.insert(0, ("item".to_owned(), "any".to_owned()));
        }
        for name in &self.reads.fields {
            if !fields.iter().any(|(own, _)| own == name) {
                // What a form brings beside its fields, such as when it was sent, does not come here.
                fields.push((name.clone(), if start.is_form(self.graph) { "any = ()" } else { "any" }.to_owned()));
            }
        }
        let is_plain = |at: &&usize| matches!(self.graph.nodes[**at].kind, "manualTrigger" | "start");
        if start.triggers.iter().filter(|at| !is_plain(at)).count() > 1 {
            // What one of them brings another one does not.
            fields
                .iter_mut()
                .filter(|(_, kind)| !kind.ends_with('?') && !kind.contains(" = "))
                .for_each(|(_, kind)| kind.push('?'));
        }
        let mut head = String::new();
        if !fields.is_empty() {
            let fields: Vec<String> =
                fields.iter().map(|(name, kind)| format!("{}: {kind}", layout::key(name))).collect();
            head.push_str(&format!("    input {{ {} }}\n", fields.join(", ")));
        }
        if !self.variables.is_empty() {
            let fields: Vec<String> = self.variables.iter().map(|name| format!("{name}: any = ()")).collect();
            head.push_str(&format!("    vars {{ {} }}\n", fields.join(", ")));
        }
        head.push_str(&text);
        if !head.is_empty() {
            head.push('\n');
        }
        head
    }

    fn trigger(&mut self, node: &Node<'_>, body: &str, text: &mut String, fields: &mut Vec<(String, String)>) {
        match node.kind {
            "manualTrigger" | "start" => {}
            "webhook" => self.webhook(node, body, text, fields),
            "scheduleTrigger" | "cron" | "interval" => {
                let mut unread = Vec::new();
                let lines = schedules(node, &mut unread);
                if lines.is_empty() {
                    text.push_str(&self.say("it does not say when"));
                }
                for line in unread {
                    text.push_str(&self.say(&cron::unread(line)));
                }
                lines.iter().for_each(|line| text.push_str(&format!("    trigger {line}\n")));
            }
            "errorTrigger" => {
                let parts: Vec<&str> =
                    ["run", "workflow", "error"].into_iter().filter(|name| is_read(body, name)).collect();
                fields.extend(parts.iter().map(|name| ((*name).to_owned(), "any".to_owned())));
                let given: Vec<String> = parts.iter().map(|name| format!("{name}: event.{name}")).collect();
                let given = format!("{{ input: {{ {} }} }}", given.join(", "));
                text.push_str(&format!("    trigger event \"run.failed\" {given}\n"));
            }
            "formTrigger" => self.form(node, text, fields),
            "executeWorkflowTrigger" => {
                if self.reads.is_item {
                    return;
                }
                for value in at(node, "workflowInputs.values").as_array().into_iter().flatten() {
                    if let Some(name) = value["name"].as_str().filter(|name| !name.is_empty()) {
                        let kind = match value["type"].as_str() {
                            Some("string") => "string",
                            Some("boolean") => "bool",
                            Some("array") => "list<any>",
                            Some("object") => "map<any>",
                            _ => "any",
                        };
                        fields.push((name.to_owned(), kind.to_owned()));
                    }
                }
            }
            kind => {
                let hint = match kind {
                    "slackTrigger" => ": `trigger slack.message` may be it",
                    "gmailTrigger" | "emailReadImap" => ": `trigger email.received` may be it",
                    "googleDriveTrigger" => ": `trigger google_drive.file_changed` may be it",
                    "googleCalendarTrigger" => ": `trigger google_calendar.event_changed` may be it",
                    "notionTrigger" => ": `trigger notion.row_changed` may be it",
                    "hubspotTrigger" => ": `trigger hubspot.changed` may be it",
                    "trelloTrigger" => ": `trigger trello.action` may be it",
                    "asanaTrigger" => ": `trigger asana.changed` may be it",
                    "jiraTrigger" => ": `trigger jira.issue_updated` may be it",
                    "salesforceTrigger" => ": `trigger salesforce.record_changed` may be it",
                    "localFileTrigger" => ": `trigger file \"inbox/*\"` may be it",
                    _ => "",
                };
                text.push_str(&self.say(&format!("what started it was `{kind}`{hint}")));
            }
        }
    }

    /// Something left to do about a trigger, as a line.
    fn say(&self, what: &str) -> String {
        format!("    {TODO}`{}`: {what}\n", self.name)
    }

    /// Counts a trigger, and whether something is left to do about it.
    fn count(&mut self, trigger: usize) {
        if std::mem::replace(&mut self.written[trigger], true) {
            return;
        }
        self.draft.part();
        let node = self.graph.nodes[trigger];
        let mut text = String::new();
        self.trigger(&node, "", &mut text, &mut Vec::new());
        if text.contains(TODO) {
            // It is marked now, and said once it is known what of it is read.
            let begin = self.draft.place();
            self.draft.todo("");
            self.draft.cut(begin);
        }
    }

    fn webhook(&mut self, node: &Node<'_>, body: &str, text: &mut String, fields: &mut Vec<(String, String)>) {
        let path: String = node
            .text("path")
            .split('/')
            .filter(|part| !part.is_empty())
            .map(|part| match part.strip_prefix(':') {
                Some(param) => format!("/{{{}}}", crate::lang::openapi::naming::parameter(param)),
                None => format!("/{}", part.replace(|c: char| !c.is_ascii_alphanumeric() && !"-_.~".contains(c), "-")),
            })
            .collect();
        let path =
            if path.is_empty() { format!("/{}", crate::lang::openapi::naming::parameter(node.name)) } else { path };
        let methods: Vec<&str> = match at(node, "httpMethod") {
            Json::Array(methods) => methods.iter().filter_map(Json::as_str).collect(),
            Json::String(method) => vec![method],
            _ => vec!["GET"],
        };
        let auth = match node.text("authentication") {
            "" | "none" => "none",
            other => {
                text.push_str(
                    &self.say(&format!("it asked for `{other}`; here whoever calls shows a token of the server")),
                );
                "required"
            }
        };
        let parts: Vec<(&str, &str)> = REQUEST.into_iter().filter(|(name, _)| is_read(body, name)).collect();
        let given: Vec<String> = parts.iter().map(|(name, from)| format!("{name}: {from}")).collect();
        for method in methods {
            let method = method.to_ascii_uppercase();
            let method =
                if matches!(&*method, "GET" | "POST" | "PUT" | "PATCH" | "DELETE") { method } else { "GET".to_owned() };
            text.push_str(&format!(
                "    trigger api {method} {} {{ auth {auth}, input: {{ {} }} }}\n",
                layout::text(&path),
                given.join(", ")
            ));
        }
        fields.extend(parts.iter().map(|(name, _)| ((*name).to_owned(), "any".to_owned())));
    }

    fn form(&mut self, node: &Node<'_>, text: &mut String, fields: &mut Vec<(String, String)>) {
        let path = node.text("path").trim_matches('/').to_owned();
        let path = if path.is_empty() { crate::lang::openapi::naming::parameter(node.name) } else { path };
        let path = path.replace(|c: char| !c.is_ascii_alphanumeric() && !"-_.~/".contains(c), "-");
        text.push_str(&format!("    trigger form {}\n", layout::text(&format!("/{path}"))));
        for field in at(node, "formFields.values").as_array().into_iter().flatten() {
            let Some(label) = field["fieldLabel"].as_str().or(field["fieldName"].as_str()).filter(|it| !it.is_empty())
            else {
                continue;
            };
            let choices = dropdown(field);
            let is_required = field["requiredField"] == true;
            // What was left empty comes as an empty text there.
            let kind = match (field["fieldType"].as_str(), is_required) {
                (Some("number"), true) => "float".to_owned(),
                (Some("number"), false) => "float = 0".to_owned(),
                (Some("email"), true) => "email".to_owned(),
                (Some("date"), true) => "date".to_owned(),
                (Some("dropdown"), true) => choices,
                (Some("dropdown"), false) if choices != "string" => format!("{choices} | \"\" = \"\""),
                (_, true) => "string".to_owned(),
                (_, false) => "string = \"\"".to_owned(),
            };
            fields.push((label.to_owned(), kind));
        }
    }

    /// Says what stands beside the nodes: notes on the canvas, nodes that nothing leads to, ways that lead nowhere.
    pub fn beside(&mut self, graph: &Graph<'_>) {
        let triggers: Vec<usize> = Start::all(graph)
            .into_iter()
            .flat_map(|start| start.triggers.into_iter().chain(start.ways.into_iter().map(|(to, _)| to)))
            .collect();
        let reached = graph.reached(&triggers);
        graph.dangling.iter().take(20).for_each(|text| self.draft.todo(text));
        for (at, node) in graph.nodes.iter().enumerate() {
            if node.kind == "stickyNote" {
                node.text("content").lines().for_each(|line| self.draft.comment(line));
            } else if !reached[at] {
                self.draft.part();
                self.draft.comment(&format!("`{}` is led to by nothing: it never ran", node.name));
            }
        }
    }
}

/// Whether a field of the input is read.
fn is_read(body: &str, name: &str) -> bool {
    body.contains(&format!("input.{name}"))
}

/// The choices of a field of a form, as a type.
fn dropdown(field: &Json) -> String {
    let options = field["fieldOptions"]["values"].as_array().into_iter().flatten();
    let options: Vec<String> = options.filter_map(|one| one["option"].as_str()).map(layout::text).collect();
    if options.is_empty() { "string".to_owned() } else { options.join(" | ") }
}

/// What a clock says: `schedule "0 9 * * *"`, `every 15m`. Cron lines that cannot be read are put into `unread`.
fn schedules<'n>(node: &Node<'n>, unread: &mut Vec<&'n str>) -> Vec<String> {
    let mut lines = Vec::new();
    let whole = |json: &Json, or: u64| json.as_u64().unwrap_or(or);
    for rule in at(node, "rule.interval").as_array().into_iter().flatten() {
        let (hour, minute) = (whole(&rule["triggerAtHour"], 0).min(23), whole(&rule["triggerAtMinute"], 0).min(59));
        let line = match rule["field"].as_str().unwrap_or("days") {
            "cronExpression" => cron_line(rule["expression"].as_str().unwrap_or_default(), unread),
            "seconds" => format!("every {}s", whole(&rule["secondsInterval"], 30).max(1)),
            "minutes" => format!("every {}m", whole(&rule["minutesInterval"], 5).max(1)),
            "hours" => match whole(&rule["hoursInterval"], 1).max(1) {
                1 => format!("schedule \"{minute} * * * *\""),
                hours if hours < 24 => format!("schedule \"{minute} */{hours} * * *\""),
                hours => format!("every {hours}h"),
            },
            "weeks" => {
                let days: Vec<String> = rule["triggerAtDay"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Json::as_u64)
                    .map(|day| (day % 7).to_string())
                    .collect();
                let days = if days.is_empty() { "0".to_owned() } else { days.join(",") };
                format!("schedule \"{minute} {hour} * * {days}\"")
            }
            "months" => {
                let day = whole(&rule["triggerAtDayOfMonth"], 1).clamp(1, 31);
                match whole(&rule["monthsInterval"], 1) {
                    0 | 1 => format!("schedule \"{minute} {hour} {day} * *\""),
                    months => format!("schedule \"{minute} {hour} {day} */{} *\"", months.min(12)),
                }
            }
            _ => match whole(&rule["daysInterval"], 1) {
                0 | 1 => format!("schedule \"{minute} {hour} * * *\""),
                days => format!("schedule \"{minute} {hour} */{} * *\"", days.min(31)),
            },
        };
        lines.push(line);
    }
    // The older node of the same meaning.
    for item in at(node, "triggerTimes.item").as_array().into_iter().flatten() {
        let (hour, minute) = (whole(&item["hour"], 14).min(23), whole(&item["minute"], 0).min(59));
        lines.push(match item["mode"].as_str().unwrap_or("everyDay") {
            "everyMinute" => "every 1m".to_owned(),
            "everyHour" => format!("schedule \"{minute} * * * *\""),
            "everyWeek" => format!("schedule \"{minute} {hour} * * {}\"", item["weekday"].as_str().unwrap_or("1")),
            "everyMonth" => format!("schedule \"{minute} {hour} {} * *\"", whole(&item["dayOfMonth"], 1).clamp(1, 31)),
            "custom" => cron_line(item["cronExpression"].as_str().unwrap_or_default(), unread),
            "everyX" => {
                let unit = if item["unit"] == "hours" { "h" } else { "m" };
                format!("every {}{unit}", whole(&item["value"], 2).max(1))
            }
            _ => format!("schedule \"{minute} {hour} * * *\""),
        });
    }
    if node.kind == "interval" {
        let unit = match node.text("unit") {
            "hours" => "h",
            "minutes" => "m",
            _ => "s",
        };
        lines.push(format!("every {}{unit}", whole(at(node, "interval"), 1).max(1)));
    }
    lines
}

/// A cron line of five fields; one of six begins with the second.
fn cron_line<'n>(expression: &'n str, unread: &mut Vec<&'n str>) -> String {
    let expression = expression.trim().trim_start_matches('=');
    let fields: Vec<&str> = expression.split_whitespace().collect();
    let fields = if fields.len() == 6 { &fields[1..] } else { &fields[..] };
    let mut line = fields.join(" ");
    if !cron::is_read(&line) {
        unread.push(expression);
        cron::DAILY.clone_into(&mut line);
    }
    format!("schedule {}", Term::text(&line).expression())
}
