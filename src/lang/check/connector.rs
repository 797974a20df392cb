//! Connectors: whether what they declare can be carried out.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::checker::{Checker, Here, Typed};
use super::code;
use super::handler::{Raised, is_built_in};
use crate::base::diagnostic::Diagnostic;
use crate::base::shape::{Bounds, Field as ShapeField, Shape};
use crate::lang::catalog::{self, BASE_URL, base_url_fault};
use crate::lang::syntax::ast::{
    AheadKind, Connector, ConnectorItem, Declare, Example, Field, Name, Object, Operation, Output, OutputForm, Request,
    RequestItem, Type, TypeKind, Value,
};

/// The parts of a request.
const REQUEST: [&str; 10] =
    ["query", "headers", "body", "form", "multipart", "raw", "related", "as", "save", "timeout"];

/// The errors of its own that a connector finds in answers.
pub(super) fn own_errors(connector: &Connector, raised: &mut Raised) {
    let mut take = |item: &RequestItem| {
        if let RequestItem::Fail(fail) = item {
            raised.add(&fail.kind.text);
        }
    };
    for item in &connector.items {
        match item {
            ConnectorItem::Default(item) => take(item),
            ConnectorItem::Operation(operation) => operation.items.iter().for_each(&mut take),
            ConnectorItem::Source(source) => source.items.iter().for_each(&mut take),
            ConnectorItem::Config(_) | ConnectorItem::Check(_) | ConnectorItem::Example(_) | ConnectorItem::Hook(_) => {
            }
        }
    }
}

/// Whether a connector has operations whose bodies are in Rust.
pub(super) fn has_native(connector: &Connector) -> bool {
    connector.items.iter().any(|item| matches!(item, ConnectorItem::Operation(operation) if operation.native))
}

/// `response`, where an answer has come.
pub(super) fn response_shape() -> Shape {
    Shape::object([
        ("status", Shape::int()),
        ("headers", Shape::Map(Shape::Any.into(), Bounds::NONE)),
        ("body", Shape::Any),
    ])
}

/// What a connector sees of a file.
fn file_shape() -> Shape {
    Shape::object([("path", Shape::text()), ("name", Shape::text()), ("bytes", Shape::int())])
}

impl<'a> Checker<'a> {
    /// One declaration. Of the standard library's only those that a program names.
    pub fn connector(&mut self, declared: &'a Connector, standard: bool) {
        let name = self.trees[self.tree].qualified(&declared.name.text);
        let catalog = self.catalog;
        let Some(known) = catalog.connectors.get(&name).filter(|known| known.tree == self.tree) else { return };
        if standard && !self.checked.connectors.contains_key(&name) {
            return;
        }
        self.checked.connectors.entry(name).or_insert_with(|| known.declared.clone());
        // The standard library is right, and an editor makes no plan of it.
        if standard && self.noting {
            return;
        }
        let config = Shape::Object(crate::base::shape::Object { name: None, fields: known.config.clone() }.into());
        let secret_config = Typed::of(config);
        let here = Here { words: vec![("config", secret_config)], ..Here::default() };
        self.at(here, |this| {
            for item in &declared.items {
                match item {
                    ConnectorItem::Config(config) => {
                        for declare in &config.fields {
                            this.setting(declare);
                            this.base_url(declare, known);
                        }
                    }
                    ConnectorItem::Default(item) => this.request_item(item, true),
                    ConnectorItem::Operation(operation) => this.operation(operation, known),
                    ConnectorItem::Check(name) => this.check_operation(name, known),
                    ConnectorItem::Example(example) => this.example(example, declared, known),
                    ConnectorItem::Source(source) => this.source(source, declared, known),
                    ConnectorItem::Hook(clause) => this.hook(clause),
                }
            }
        });
    }

    /// A field of `config`; its default may read settings.
    fn setting(&mut self, declare: &'a Declare) {
        let mut unsaid = Vec::new();
        let shape = declare.ty.as_ref().map(|ty| self.written_type(ty, &mut unsaid));
        if let Some(value) = &declare.value {
            let typed = self.value(value);
            if typed.secret && shape.as_ref().is_some_and(|shape| shape.present() != &Shape::Secret) {
                let message = format!("`{}` holds a secret", declare.name.text);
                self.report(
                    Diagnostic::warning(code::SECRET, declare.span, message)
                        .hint(format!("say so, then it is never shown: `{}: secret`", declare.name.text)),
                );
            }
        }
    }

    /// An address that paths cannot follow.
    fn base_url(&mut self, declare: &'a Declare, connector: &catalog::Connector) {
        let field = connector.config.iter().find(|field| &*field.name == BASE_URL && field.name == declare.name.text);
        let default = field.and_then(|field| field.default.as_ref()?.as_text());
        let asks = connector.operations.values().any(|operation| !operation.native);
        if let (Some((fault, hint)), Some(value), true) = (default.and_then(base_url_fault), &declare.value, asks) {
            self.report(Diagnostic::error(code::CONNECTOR, value.span(), format!("`{BASE_URL}` {fault}")).hint(hint));
        }
    }

    fn operation(&mut self, operation: &'a Operation, connector: &catalog::Connector) {
        if operation.effect.is_none() {
            let message = format!("`{}` does not say what repeating it means", operation.name.text);
            let guess = match operation.request.as_ref().map(|request| &*request.method.text) {
                Some("GET" | "HEAD" | "OPTIONS") => "read",
                Some("PUT" | "DELETE") => "keyed",
                _ => "once",
            };
            self.report(
                Diagnostic::error(code::EFFECT, operation.name.span, message)
                    .hint(format!("`{guess} operation {}(...)`: `read` may be repeated, `keyed` may be with the same key, `once` must not be", operation.name.text)),
            );
        }
        let Some(signature) = connector.operations.get(&operation.name.text).cloned() else { return };
        for declare in &operation.params {
            if let Some(ty) = &declare.ty {
                self.note_types(ty);
            }
            if let Some(value) = &declare.value {
                self.value(value);
            }
        }
        if let Some(result) = &operation.result {
            self.note_types(result);
        }
        self.key_carrier(operation.effect.as_ref());
        if let Some(crate::lang::syntax::ast::Effect::Keyed { keep: Some(keep), .. }) = &operation.effect {
            self.argument(keep, &Shape::Duration, "`for`");
        }
        if !operation.native && operation.request.is_none() {
            let message = format!("`{}` sends nothing", operation.name.text);
            self.report(
                Diagnostic::error(code::CONNECTOR, operation.name.span, message)
                    .hint("say what: `GET \"/path\" { query: { ... } }`; a body in Rust is `native`"),
            );
        }
        let mut here = self.here.clone();
        here.params = Some(signature.params.iter().map(bare).collect());
        self.course.params = operation.params.iter().map(|param| (param.name.text.clone(), param.name.span)).collect();
        let all = crate::base::shape::Object { name: None, fields: signature.params.clone() };
        here.words.push(("params", Typed::of(Shape::Object(all.into()))));
        self.at(here, |this| {
            for ahead in &operation.ahead {
                let shape = match &ahead.kind {
                    AheadKind::Request(request) => {
                        this.request(request, &signature.params);
                        response_shape()
                    }
                    AheadKind::File(path) => {
                        this.expression(path);
                        file_shape()
                    }
                };
                this.name_ahead(&ahead.name, shape, &signature.params);
            }
            if let Some(request) = &operation.request {
                this.request(request, &signature.params);
            }
            for item in &operation.items {
                this.request_item(item, false);
                if let RequestItem::Output(output) = item {
                    this.gives(output, &signature.result);
                }
            }
        });
    }

    /// From here on what came ahead can be read by its name.
    fn name_ahead(&mut self, name: &Name, shape: Shape, params: &[ShapeField]) {
        let known = self.here.params.get_or_insert_default();
        if known.iter().any(|(known, _)| *known == name.text) {
            let what = if params.iter().any(|param| param.name == name.text) { "a parameter" } else { "an answer" };
            let message = format!("`{}` is {what} already", name.text);
            self.report(Diagnostic::error(code::TWICE, name.span, message).hint("take another name"));
            return;
        }
        known.push((name.text.clone(), shape));
    }

    /// The types of a declaration, for the plan; what is wrong with them the catalog has said.
    pub(super) fn note_types(&mut self, ty: &'a Type) {
        let mut told_already = Vec::new();
        self.written_type(ty, &mut told_already);
        if let TypeKind::Object(fields) = &ty.kind {
            fields.iter().filter_map(|field| field.ty.as_ref()).for_each(|ty| self.note_types(ty));
        }
    }

    pub(super) fn request(&mut self, request: &'a Request, params: &[ShapeField]) {
        self.expression(&request.url);
        for name in named_parts(&request.url.source) {
            if !params.iter().any(|param| *param.name == *name) {
                let known: Vec<&str> = params.iter().map(|param| &*param.name).collect();
                let message = format!("the path names `{{{name}}}`, which is no parameter");
                let place = request.url.span;
                let mut diagnostic = Diagnostic::error(code::CONNECTOR, place, message);
                diagnostic = match crate::base::diagnostic::nearest(&name, known.iter().copied()) {
                    Some(near) => diagnostic.hint(format!("did you mean `{{{near}}}`?")),
                    None => diagnostic.hint(format!("declare it: `({name}: string)`")),
                };
                self.report(diagnostic);
            }
        }
        for field in &request.fields {
            self.request_field(field);
        }
        self.keys_once(&request.fields);
        let bodies: Vec<&Field> = request
            .fields
            .iter()
            .filter(|field| matches!(&*field.key.text, "body" | "form" | "multipart" | "raw" | "related"))
            .collect();
        if let [first, second, ..] = bodies[..] {
            let message = format!("a request has one body, here are `{}` and `{}`", first.key.text, second.key.text);
            self.report(Diagnostic::error(code::CONNECTOR, second.key.span, message));
        }
    }

    fn request_field(&mut self, field: &'a Field) {
        self.value(&field.value);
        let name = &field.key.text;
        if &**name == "headers" {
            self.headers_sent(field);
        }
        if !REQUEST.contains(&&**name) {
            let message = format!("a request has no `{name}`");
            self.unknown_of(code::UNKNOWN_PARAMETER, name, field.key.span, message, &REQUEST);
        }
    }

    pub(super) fn request_item(&mut self, item: &'a RequestItem, default: bool) {
        match item {
            RequestItem::Auth(auth) => self.auth(auth, true),
            RequestItem::Limit { count, per, .. } => {
                self.count(count, "`limit`");
                self.known_before(count, "`limit`");
                self.argument(per, &Shape::Duration, "`per`");
                self.known_before(per, "`per`");
                self.lasts(per, "`per`");
            }
            RequestItem::RetryAfter(header) => self.header_of(header, "retry_after", &["header", "milliseconds"]),
            RequestItem::Remaining { left, reset } => {
                self.header_of(left, "remaining", &["header"]);
                self.header_of(reset, "reset", &["header", "milliseconds"]);
            }
            RequestItem::Fail(fail) => {
                let close = |known: &str| strsim::damerau_levenshtein(known, &fail.kind.text) <= 2;
                if !is_built_in(&fail.kind.text)
                    && let Some((near, _)) =
                        crate::base::failure::KINDS.iter().find(|(known, _)| close(known) && known.len() > 4)
                    && !self.all_handled().contains(&fail.kind.text)
                {
                    let message = format!("`{}` is a type of your own, and nothing handles it", fail.kind.text);
                    self.report(Diagnostic::warning(code::STRANGE_ERROR, fail.kind.span, message).fix(
                        format!("did you mean `{near}`?"),
                        fail.kind.span,
                        *near,
                    ));
                }
                self.answered(|this| {
                    if let Some(when) = &fail.when {
                        this.condition(when, "the condition of `fail`");
                    }
                    if let Some(message) = &fail.message {
                        this.expression(message);
                    }
                });
            }
            RequestItem::Accept(when) => {
                self.answered(|this| this.condition(when, "the condition of `accept`"));
            }
            RequestItem::Paginate { kind, fields, .. } => self.pages(kind, fields),
            RequestItem::Output(output) => {
                // What an operation gives is compared with its type by whoever knows that.
                if default {
                    self.gives(output, &Shape::Any);
                }
            }
            RequestItem::Timeout(limit) => {
                self.argument(limit, &Shape::Duration, "`timeout`");
                self.known_before(limit, "`timeout`");
            }
            RequestItem::Field(field) if default && &*field.key.text == "hosts" => {
                self.wanted(&field.value, &Shape::list(Shape::text()), "`hosts`");
            }
            RequestItem::Field(field) => self.request_field(field),
        }
    }

    /// Does `inner` where an answer has come.
    pub fn answered<T>(&mut self, inner: impl FnOnce(&mut Self) -> T) -> T {
        let mut here = self.here.clone();
        here.words.push(("response", Typed::of(response_shape())));
        self.at(here, inner)
    }

    /// What an operation makes of an answer.
    fn gives(&mut self, output: &'a Output, result: &Shape) {
        self.answered(|this| match &output.form {
            OutputForm::Value(value) => {
                this.wanted(value, &result.clone().optional(), "the output");
            }
            OutputForm::Fields(fields) => {
                let known = match result.present() {
                    Shape::Object(object) => Some(object.clone()),
                    _ => None,
                };
                for declare in fields {
                    let wanted = known
                        .as_ref()
                        .and_then(|object| object.fields.iter().find(|field| field.name == declare.name.text));
                    let what = format!("`{}` of the output", declare.name.text);
                    match (&declare.value, wanted) {
                        // Absence in an answer shows when it comes.
                        (Some(value), Some(wanted)) => {
                            this.wanted(value, &wanted.shape.clone().optional(), &what);
                        }
                        (Some(value), None) => {
                            this.value(value);
                        }
                        (None, _) => {}
                    }
                    if let (Some(object), None) = (&known, wanted) {
                        let names: Vec<&str> = object.fields.iter().map(|field| &*field.name).collect();
                        let message = format!("the result has no field `{}`", declare.name.text);
                        this.unknown_of(code::UNKNOWN_FIELD, &declare.name.text, declare.name.span, message, &names);
                    }
                }
                if let Some(object) = &known {
                    let given: BTreeSet<&Arc<str>> = fields.iter().map(|declare| &declare.name.text).collect();
                    let missing: Vec<&str> = object
                        .fields
                        .iter()
                        .filter(|field| !field.shape.may_be_absent() && field.default.is_none())
                        .filter(|field| !given.contains(&field.name))
                        .map(|field| &*field.name)
                        .collect();
                    if !missing.is_empty() {
                        let names = super::expression::listed(missing.iter().copied());
                        this.report(
                            Diagnostic::error(code::CONNECTOR, output.span, format!("the output lacks {names}"))
                                .hint("the result type promises it"),
                        );
                    }
                }
            }
        });
    }

    fn check_operation(&mut self, name: &Name, connector: &catalog::Connector) {
        match connector.operations.get(&name.text) {
            None => {
                let known: Vec<&str> = connector.operations.keys().map(|name| &**name).collect();
                let message = format!("there is no operation `{}` here", name.text);
                self.unknown_of(code::UNKNOWN_CALLEE, &name.text, name.span, message, &known);
            }
            Some(signature) => {
                if signature.params.iter().any(|field| field.default.is_none() && !field.shape.may_be_absent()) {
                    let message = format!("`check` calls without parameters, and `{}` needs some", name.text);
                    self.report(
                        Diagnostic::error(code::CONNECTOR, name.span, message)
                            .hint("name an operation that proves the credentials by itself"),
                    );
                }
            }
        }
    }

    fn example(&mut self, example: &'a Example, declared: &'a Connector, connector: &catalog::Connector) {
        let name = &example.operation;
        if let Some(source) = connector.sources.get(&name.text) {
            return self.source_example(example, source);
        }
        let Some(signature) = connector.operations.get(&name.text).cloned() else {
            let known: Vec<&str> = connector.operations.keys().map(|name| &**name).collect();
            let message = format!("there is no operation `{}` here", name.text);
            self.unknown_of(code::UNKNOWN_CALLEE, &name.text, name.span, message, &known);
            self.example_values(example);
            return;
        };
        let what = signature.full_name();
        self.parameters(&example.params.fields, &signature.params, &what, name.span, None);
        self.example_gets(example);
        self.answers_in_order(example, declared);
        if let Some(gives) = &example.gives {
            self.value(gives);
            if let Some(constant) = catalog::types::constant(gives)
                && !(constant.is_unit())
                && let Err(misfits) = signature.result.check_answer(&constant)
            {
                for misfit in misfits {
                    let message = format!("this is not what `{what}` gives: {misfit}");
                    self.report(Diagnostic::error(code::EXAMPLE, gives.span(), message));
                }
            }
        }
        if let Some(fails) = &example.fails {
            let mut raised = Raised::default();
            own_errors(declared, &mut raised);
            if !is_built_in(&fails.text) && !raised.has(&fails.text) {
                let known: Vec<&str> = crate::base::failure::KINDS.iter().map(|(name, _)| *name).collect();
                let message = format!("nothing here raises `{}`", fails.text);
                self.unknown_of(code::UNKNOWN_ERROR, &fails.text, fails.span, message, &known);
            }
        }
        if example.gives.is_none() && example.fails.is_none() {
            self.report(
                Diagnostic::error(code::EXAMPLE, example.span, "an example says what comes of it")
                    .hint("`gives { ... }`, or `fails TYPE`"),
            );
        }
        self.example_is_constant(example);
    }

    /// The answers of an example.
    pub(super) fn example_gets(&mut self, example: &'a Example) {
        for gets in &example.gets {
            if let Some(status) = &gets.status {
                let statuses = Bounds { min: Some(100.0), max: Some(599.0) };
                self.argument(status, &Shape::Int(statuses), "the status of an answer");
                self.known_before(status, "the status of an answer");
            }
            gets.headers.iter().for_each(|headers| {
                self.object(&headers.fields);
            });
            gets.body.iter().for_each(|body| {
                self.value(body);
            });
        }
    }

    pub(super) fn example_is_constant(&mut self, example: &'a Example) {
        for value in example_answers(example) {
            if catalog::types::constant(value).is_none() && self.compiles(value) {
                self.report(
                    Diagnostic::error(code::EXAMPLE, value.span(), "an example is made of constants")
                        .hint("write out what is sent and what comes back"),
                );
            }
        }
    }

    /// An example answers the requests of its operation one after the other; one that fails may end at any of them.
    fn answers_in_order(&mut self, example: &'a Example, connector: &'a Connector) {
        let operation = connector.items.iter().find_map(|item| match item {
            ConnectorItem::Operation(operation) if operation.name.text == example.operation.text => Some(operation),
            _ => None,
        });
        let ahead = operation.map(|operation| operation.ahead.as_slice()).unwrap_or_default();
        let asked = ahead.iter().filter(|ahead| matches!(ahead.kind, AheadKind::Request(_)));
        let mut wanted = asked.map(|ahead| Some(&ahead.name.text)).chain([None]);
        for gets in &example.gets {
            let name = gets.name.as_ref().map(|name| &name.text);
            match wanted.next() {
                Some(next) if next == name => continue,
                Some(Some(next)) => {
                    let message = format!("here comes the answer of `{next}`");
                    self.report(
                        Diagnostic::error(code::EXAMPLE, gets.span, message)
                            .hint(format!("write `gets {next} 200 {{ ... }}`, one `gets` for each request, in order")),
                    );
                }
                Some(None) | None => {
                    let message = format!("`{}` has no further request to answer", example.operation.text);
                    self.report(
                        Diagnostic::error(code::EXAMPLE, gets.span, message)
                            .hint("the request that counts has no name: `gets 200 { ... }`"),
                    );
                }
            }
            return;
        }
        if let (Some(Some(next)), Some(_)) = (wanted.next(), &example.gives) {
            let message = format!("the example lacks the answer of `{next}`");
            self.report(
                Diagnostic::error(code::EXAMPLE, example.span, message)
                    .hint(format!("write `gets {next} 200 {{ ... }}`")),
            );
        }
    }

    fn compiles(&mut self, value: &Value) -> bool {
        match value {
            Value::Expr(expr) => self.compile(&expr.source, expr.span, crate::lang::script::Form::Expression).is_some(),
            Value::Object(Object { fields, .. }) => fields.iter().all(|field| self.compiles(&field.value)),
            Value::List(list) => list.items.iter().all(|item| self.compiles(item)),
        }
    }

    fn example_values(&mut self, example: &'a Example) {
        self.object(&example.params.fields);
        for value in example_answers(example) {
            self.value(value);
        }
    }
}

/// What an example says of answers and of what comes of them.
fn example_answers(example: &Example) -> impl Iterator<Item = &Value> {
    example.gets.iter().filter_map(|gets| gets.body.as_ref()).chain(&example.gives)
}

/// A parameter by its bare name. One with a default is always there.
pub(super) fn bare(field: &ShapeField) -> (Arc<str>, Shape) {
    let shape = if field.default.is_some() { field.shape.present().clone() } else { field.shape.clone() };
    (field.name.clone(), shape)
}

/// The `{name}`s in a path, those of `${...}` excepted.
fn named_parts(source: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = source;
    while let Some(at) = rest.find('{') {
        let interpolated = rest[..at].ends_with('$');
        rest = &rest[at + 1..];
        let Some(end) = rest.find('}') else { break };
        let name = &rest[..end];
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        if !interpolated && is_name {
            names.push(name.to_owned());
        }
        if interpolated {
            rest = &rest[end + 1..];
        }
    }
    names
}
