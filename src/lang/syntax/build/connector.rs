//! Connectors and personas.

use super::super::ast::{
    Ahead, AheadKind, Code, Connector, ConnectorItem, Effect, Example, Gets, HeaderOf, Name, Object, Operation,
    Persona, PersonaItem, Request, RequestItem,
};
use super::super::code;
use super::super::grammar::{Node, Rule};
use super::Builder;
use super::junk::Place;

/// The methods a request may have.
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

impl Builder<'_> {
    pub(super) fn connector(&mut self, node: Node<'_>) -> Option<Connector> {
        let span = self.span(&node);
        let doc = self.doc(span.range().start);
        let title = self.title(&node, "connector");
        let items = self.braces(&node, Rule::connector_body, Rule::connector_below, "this connector")?;
        let items = items.into_iter().filter_map(|item| self.connector_item(item)).collect();
        Some(Connector { doc, name: title.name?, title: title.title, items, span })
    }

    /// The items in the braces of a declaration; `None` where they are missing, which is reported.
    fn braces<'m>(&mut self, node: &Node<'m>, held: Rule, lower: Rule, what: &str) -> Option<Vec<super::Item<'m>>> {
        for part in node.clone().into_inner() {
            if part.as_rule() == held {
                return Some(self.items(part));
            }
            if part.as_rule() == lower {
                let inner = self.below(part)?;
                return Some(self.items(inner));
            }
        }
        self.missing(node, format!("{what} has no body"), "put `{ ... }` behind it, on the same line");
        None
    }

    fn connector_item(&mut self, item: super::Item<'_>) -> Option<ConnectorItem> {
        let node = item.node.clone();
        Some(match node.as_rule() {
            Rule::config => ConnectorItem::Config(self.declarations(node, "config")),
            Rule::operation => ConnectorItem::Operation(Box::new(self.operation(node)?)),
            Rule::check => ConnectorItem::Check(self.only_word(node, "check", "check list_channels")?),
            Rule::example => ConnectorItem::Example(Box::new(self.example(node)?)),
            Rule::source => ConnectorItem::Source(Box::new(self.source(node)?)),
            Rule::verify | Rule::challenge => ConnectorItem::Hook(self.trigger_clause(node)?),
            Rule::misplaced_operation => {
                let fault = self
                    .faults
                    .error(code::MISSING, self.head(&node), "an effect stands before an operation")
                    .hint("write `read operation NAME(...) -> type { ... }`");
                self.faults.push(fault);
                return None;
            }
            Rule::junk_line => {
                self.junk(item, Place::Connector);
                return None;
            }
            _ => ConnectorItem::Default(self.request_item(node)?),
        })
    }

    pub(super) fn request_item(&mut self, node: Node<'_>) -> Option<RequestItem> {
        let (span, owner) = (self.span(&node), node.clone());
        Some(match node.as_rule() {
            Rule::request_item => return self.request_item(node.into_inner().next()?),
            Rule::auth => RequestItem::Auth(self.auth(node)?),
            Rule::limit_clause => {
                let (mut count, mut per) = (None, None);
                for part in node.into_inner() {
                    match part.as_rule() {
                        Rule::arg => count = Some(self.arg(part)),
                        Rule::per => per = self.only_arg(part, "per", "a duration", "limit 50 per 1m"),
                        _ => {}
                    }
                }
                if count.is_none() || per.is_none() {
                    self.missing(&owner, "this `limit` is not complete", "write `limit 50 per 1m`");
                }
                RequestItem::Limit { count: count?, per: per?, span }
            }
            Rule::retry_after => {
                let header = self.header_of(node);
                if header.is_none() {
                    self.missing(
                        &owner,
                        "this `retry_after` is not complete",
                        "write `retry_after header \"Retry-After\"`",
                    );
                }
                RequestItem::RetryAfter(header?)
            }
            Rule::remaining => {
                let reset = node.clone().into_inner().find(|part| part.as_rule() == Rule::reset);
                let (left, reset) = (self.header_of(node), reset.and_then(|reset| self.header_of(reset)));
                if left.is_none() || reset.is_none() {
                    self.missing(
                        &owner,
                        "this `remaining` is not complete",
                        "write `remaining header \"X-RateLimit-Remaining\" reset header \"X-RateLimit-Reset\"`",
                    );
                }
                RequestItem::Remaining { left: left?, reset: reset? }
            }
            Rule::fail => RequestItem::Fail(self.fail(node)?),
            Rule::accept => {
                let guard = node.into_inner().find(|part| part.as_rule() == Rule::guard);
                if guard.is_none() {
                    self.missing(
                        &owner,
                        "`accept` does not say which answers are no failure",
                        "write `accept when response.status in [404, 410]`",
                    );
                }
                RequestItem::Accept(self.guard(guard?)?)
            }
            Rule::paginate => {
                let (kind, fields) = self.word_and_fields(node);
                if kind.is_none() {
                    self.missing(&owner, "`paginate` does not say how", "write `paginate cursor { send: query.cursor, next: response.body.next, items: response.body.items }`");
                }
                RequestItem::Paginate { kind: kind?, fields, span }
            }
            Rule::output => RequestItem::Output(self.output(node)),
            Rule::timeout => RequestItem::Timeout(self.only_arg(node, "timeout", "a duration", "timeout 30s")?),
            Rule::field => RequestItem::Field(self.field(node)?),
            _ => return None,
        })
    }

    /// `header "X"`, as far as it is there.
    fn header_of(&mut self, node: Node<'_>) -> Option<HeaderOf> {
        let (mut unit, mut name) = (None, None);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::word => unit = Some(self.name(&part)),
                Rule::string => name = Some(self.plain(&part)),
                _ => {}
            }
        }
        Some(HeaderOf { unit: unit?, name: name? })
    }

    fn operation(&mut self, node: Node<'_>) -> Option<Operation> {
        let (span, owner) = (self.span(&node), node.clone());
        let doc = self.doc(span.range().start);
        let mut operation = Operation {
            doc,
            effect: None,
            native: false,
            name: Name { text: "".into(), span },
            params: Vec::new(),
            result: None,
            ahead: Vec::new(),
            request: None,
            items: Vec::new(),
            span,
        };
        let (mut name, mut has_params) = (None, false);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::modifier => self.modifier(part, &mut operation),
                Rule::name => name = Some(self.name(&part)),
                Rule::params => {
                    has_params = true;
                    operation.params = self.declares(part);
                }
                Rule::result => operation.result = self.result(part),
                Rule::junk_tail => self.header_junk(&part, "operation"),
                Rule::operation_body => {
                    for item in self.items(part) {
                        match item.node.as_rule() {
                            Rule::request => self.request_once(item.node, &mut operation.request),
                            Rule::ahead => self.ahead(item.node, &mut operation),
                            Rule::junk_field => self.junk(item, Place::Operation),
                            _ => operation.items.extend(self.request_item(item.node)),
                        }
                    }
                }
                _ => {}
            }
        }
        if name.is_none() || !has_params {
            self.missing(
                &owner,
                "this operation is not complete",
                "write `read operation list_users(limit: int = 50) -> list<User> { GET \"/users\" }`",
            );
        }
        operation.name = name?;
        Some(operation)
    }

    pub(super) fn request_once(&mut self, node: Node<'_>, request: &mut Option<Request>) {
        let (head, new) = (self.head(&node), self.request(node));
        match request {
            Some(first) => {
                let fault = self
                    .faults
                    .error(code::MISPLACED, head, "one request of an operation counts")
                    .also(first.span, "this is the first")
                    .hint("name the answers of those before it, `let ticket = POST \"/tickets\"`, or make a second operation");
                self.faults.push(fault);
            }
            None => *request = new,
        }
    }

    /// `let ticket = POST "/tickets" { ... }`
    fn ahead(&mut self, node: Node<'_>, operation: &mut Operation) {
        let (owner, head) = (node.clone(), self.head(&node));
        let (mut name, mut kind) = (None, None);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::name => name = Some(self.name(&part)),
                Rule::request => kind = self.request(part).map(AheadKind::Request),
                Rule::ahead_file => {
                    kind = self.only_expr(part, "file", "let document = file path").map(AheadKind::File)
                }
                _ => {}
            }
        }
        if let Some(counts) = &operation.request {
            let fault = self
                .faults
                .error(code::MISPLACED, head, "what is asked ahead stands before the request that counts")
                .also(counts.span, "this one counts")
                .hint("move it up");
            self.faults.push(fault);
        }
        match (name, kind) {
            (Some(name), Some(kind)) => operation.ahead.push(Ahead { name, kind }),
            _ => {
                self.missing(&owner, "this `let` is not complete", "write `let ticket = POST \"/tickets\" { ... }`");
            }
        }
    }

    fn modifier(&mut self, node: Node<'_>, operation: &mut Operation) {
        let span = self.span(&node);
        let effect = match node.into_inner().next() {
            Some(word) => match word.as_rule() {
                Rule::kw_native => return operation.native = true,
                Rule::kw_read => Effect::Read(span),
                Rule::kw_once => Effect::Once(span),
                _ => self.keyed(word),
            },
            None => return,
        };
        if operation.effect.is_some() {
            let fault = self
                .faults
                .error(code::MISPLACED, span.range(), "an operation has one effect")
                .hint("keep one of `read`, `keyed` and `once`");
            self.faults.push(fault);
        }
        operation.effect.get_or_insert(effect);
    }

    fn keyed(&mut self, node: Node<'_>) -> Effect {
        let span = self.span(&node);
        let (mut carrier, mut keep) = (None, None);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::string => carrier = Some(self.plain(&part)),
                Rule::arg => keep = Some(self.arg(part)),
                _ => {}
            }
        }
        Effect::Keyed { carrier, keep, span }
    }

    pub(super) fn result(&mut self, node: Node<'_>) -> Option<super::super::ast::Type> {
        let (owner, mut ty) = (node.clone(), None);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::type_ => ty = Some(self.type_(part)),
                _ => self.replace(&part, code::FOREIGN_WORD, "before what an operation gives stands `->`", "->"),
            }
        }
        if ty.is_none() {
            self.missing(&owner, "behind `->` stands a type", "write `-> { id: string }`");
        }
        ty
    }

    pub(super) fn request(&mut self, node: Node<'_>) -> Option<Request> {
        let span = self.span(&node);
        let (mut method, mut url, mut fields) = (None, None, Vec::new());
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::request_method => method = Some(self.name(&part)),
                Rule::url => url = Some(self.expr(&part)),
                _ => fields = self.fields(part),
            }
        }
        let mut method = method?;
        let upper = method.text.to_ascii_uppercase();
        if !METHODS.contains(&&*method.text) {
            let known = METHODS.contains(&upper.as_str());
            let fault = self.faults.error(
                code::UNKNOWN_WORD,
                method.span.range(),
                format!("there is no method `{}`", method.text),
            );
            let fault = if known {
                fault.fix(format!("write `{upper}`"), method.span, upper.clone())
            } else {
                fault.near(&method.text, method.span, METHODS)
            };
            self.faults.push(if known {
                fault
            } else {
                fault.hint(format!("the methods are `{}`", METHODS.join("`, `")))
            });
            method.text = upper.into();
        }
        Some(Request { method, url: url?, fields, span })
    }

    fn example(&mut self, node: Node<'_>) -> Option<Example> {
        let (span, owner) = (self.span(&node), node.clone());
        let (mut operation, mut params) = (None, None);
        let (mut gets, mut gives, mut fails) = (Vec::new(), None, None);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::name => operation = Some(self.name(&part)),
                Rule::object => params = Some(self.object(part)),
                Rule::gets => gets.push(self.gets(part)),
                Rule::gives => {
                    gives =
                        part.into_inner().find(|inner| inner.as_rule() == Rule::value).map(|value| self.value(value))
                }
                Rule::example_fails => fails = self.only_word(part, "fails", "fails not_found"),
                _ => {}
            }
        }
        if operation.is_none() {
            self.missing(
                &owner,
                "this example names no operation",
                "write `example post_message { channel: \"C1\" } gets 200 { ok: true } gives { ... }`",
            );
        }
        let params = params.unwrap_or_else(|| Object { fields: Vec::new(), span: span.after() });
        Some(Example { operation: operation?, params, gets, gives, fails, span })
    }

    /// `gets ticket 200 headers { ... } { id: "1" }`
    fn gets(&mut self, node: Node<'_>) -> Gets {
        let mut gets = Gets { name: None, status: None, headers: None, body: None, span: self.span(&node) };
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::gets_name => gets.name = part.into_inner().next().map(|name| self.name(&name)),
                Rule::status => gets.status = Some(super::super::ast::Arg::Expr(self.expr(&part))),
                Rule::object => gets.headers = Some(self.object(part)),
                Rule::value => gets.body = Some(self.value(part)),
                _ => {}
            }
        }
        gets
    }

    pub(super) fn persona(&mut self, node: Node<'_>) -> Option<Persona> {
        let span = self.span(&node);
        let doc = self.doc(span.range().start);
        let title = self.title(&node, "persona");
        let items = self.braces(&node, Rule::persona_body, Rule::persona_below, "this persona")?;
        let items = items.into_iter().filter_map(|item| self.persona_item(item)).collect();
        Some(Persona { doc, name: title.name?, title: title.title, items, span })
    }

    fn persona_item(&mut self, item: super::Item<'_>) -> Option<PersonaItem> {
        let (node, owner, span) = (item.node.clone(), item.node.clone(), self.span(&item.node));
        Some(match node.as_rule() {
            Rule::about => PersonaItem::About(self.only_text(node, "about", "about \"Financial counsel\"")?),
            Rule::intent => {
                let (name, fields) = self.word_and_fields(node);
                if name.is_none() {
                    self.missing(
                        &owner,
                        "this intent has no name",
                        "write `intent onboard_customer { says: [\"onboard {name}\"] }`",
                    );
                }
                PersonaItem::Intent { name: name?, fields, span }
            }
            Rule::persona_on => {
                let (mut event, mut params, mut body) = (None, Vec::new(), None);
                for part in node.into_inner() {
                    match part.as_rule() {
                        Rule::name => event = Some(self.name(&part)),
                        Rule::names => params = self.names(part, Place::Params),
                        Rule::code => body = Some(self.code(part)),
                        _ => {}
                    }
                }
                if event.is_none() || body.is_none() {
                    self.missing(
                        &owner,
                        "this `on` of a persona is not complete",
                        "write `on ask(question, context) { ... }`",
                    );
                }
                let body = body.unwrap_or_else(|| Code { source: "".into(), span: span.after() });
                PersonaItem::On { event: event?, params, body, span }
            }
            _ => {
                self.junk(item, Place::Persona);
                return None;
            }
        })
    }
}
