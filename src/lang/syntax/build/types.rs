//! Types, and the declarations that carry them.

use super::super::ast::{Bounds, Declarations, Declare, Expr, Name, Output, OutputForm, Path, Type, TypeKind, Value};
use super::super::code;
use super::super::grammar::{Node, Rule};
use super::super::word;
use super::Builder;
use super::junk::Place;
use crate::base::span::Span;

impl Builder<'_> {
    pub(super) fn type_(&mut self, node: Node<'_>) -> Type {
        let span = self.span(&node);
        let mut members: Vec<Type> =
            node.into_inner().filter(|part| part.as_rule() == Rule::type_one).map(|part| self.type_one(part)).collect();
        if members.len() == 1
            && let Some(only) = members.pop()
        {
            return only;
        }
        // `?` holds for the whole union, wherever in it it is written.
        let optional = members.iter().any(|member| member.optional);
        for member in &mut members {
            member.optional = false;
        }
        Type { kind: TypeKind::Union(members), optional, span }
    }

    fn type_one(&mut self, node: Node<'_>) -> Type {
        let span = self.span(&node);
        let (mut kind, mut optional) = (None, false);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::object_type => kind = Some(TypeKind::Object(self.declares(part))),
                Rule::type_literal => kind = Some(TypeKind::Literal(self.expr(&part))),
                Rule::named_type => kind = Some(self.named_type(part)),
                Rule::optional => optional = true,
                Rule::mistaken_array => {
                    let element = self.slice(span.range().start..self.range(&part).start).trim_end().to_owned();
                    let fault = self
                        .faults
                        .error(code::MALFORMED_TYPE, self.range(&part), "a list has a type of its own")
                        .fix(format!("write `list<{element}>`"), span, format!("list<{element}>"));
                    self.faults.push(fault);
                    kind =
                        kind.map(|kind| list_of(kind, self.faults.span(span.range().start..self.range(&part).start)));
                }
                _ => {}
            }
        }
        let kind = kind.unwrap_or_else(|| TypeKind::Literal(Expr::hole(span)));
        Type { kind, optional, span }
    }

    fn named_type(&mut self, node: Node<'_>) -> TypeKind {
        let (mut name, mut arguments, mut bounds) = (None, Vec::new(), None);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::path => {
                    if matches!(part.as_str().trim(), "true" | "false") {
                        return TypeKind::Literal(self.expr(&part));
                    }
                    name = Some(self.path(part));
                }
                Rule::type_arguments => {
                    if part.clone().into_inner().next().is_none() {
                        self.missing(
                            &part,
                            "nothing stands between `<` and `>`",
                            "write the type of its members, as in `list<string>`",
                        );
                    }
                    arguments.extend(part.into_inner().map(|argument| self.type_(argument)));
                }
                Rule::bounds => bounds = self.bounds(part),
                _ => {}
            }
        }
        match name {
            Some(name) => TypeKind::Named { name, arguments, bounds },
            None => TypeKind::Union(Vec::new()),
        }
    }

    fn bounds(&mut self, node: Node<'_>) -> Option<Bounds> {
        let (span, owner) = (self.span(&node), node.clone());
        let mut found = None;
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::pattern_bound => {
                    let range = self.range(&part);
                    let inside = self.slice(range.start + 1..range.end - 1);
                    found = Some(Bounds::Pattern { pattern: inside.replace("\\/", "/").into(), span });
                }
                Rule::single_bound => {
                    let number = self.bound_number(part.as_str());
                    found = Some(Bounds::Range { min: number, max: number, span });
                }
                Rule::range_bound => {
                    let dots = part.as_str().find("..").unwrap_or(0) + part.as_span().start();
                    let (mut min, mut max) = (None, None);
                    for end in part.into_inner() {
                        let number = self.bound_number(end.as_str());
                        *(if end.as_span().start() < dots { &mut min } else { &mut max }) = number;
                    }
                    found = Some(Bounds::Range { min, max, span });
                }
                _ => found = None,
            }
        }
        if found.is_none() && !self.is_lost(span.range()) {
            let fault = self
                .faults
                .error(code::MALFORMED_TYPE, self.range(&owner), "these are no bounds")
                .hint("bounds are numbers, as in `int(0..100)`, `string(1..)` or `list<T>(..10)`, or a pattern, as in `string(/^[A-Z]+$/)`");
            self.faults.push(fault);
        }
        found
    }

    fn bound_number(&self, written: &str) -> Option<f64> {
        written.trim().replace('_', "").parse().ok()
    }

    /// The declarations in a pair of braces or brackets.
    pub(super) fn declares(&mut self, node: Node<'_>) -> Vec<Declare> {
        let mut declares = Vec::new();
        for item in self.items(node) {
            match item.node.as_rule() {
                Rule::declare => declares.extend(self.declare(item.node)),
                _ => self.junk(item, Place::Declarations),
            }
        }
        declares
    }

    fn declare(&mut self, node: Node<'_>) -> Option<Declare> {
        let (span, owner) = (self.span(&node), node.clone());
        let doc = self.doc(span.range().start);
        let (mut name, mut ty, mut value, mut keep) = (None, None, None, None);
        let (mut colon, mut equals, mut optional) = (false, false, false);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::key => name = Some(self.key(&part)),
                Rule::optional => {
                    let place = self.span(&part);
                    let fault = self
                        .faults
                        .error(
                            code::MALFORMED_TYPE,
                            self.range(&part),
                            "`?` stands behind the type, not behind the name",
                        )
                        .fix("delete it here and put it behind the type", place, "");
                    self.faults.push(fault);
                    optional = true;
                }
                Rule::mistaken_bare_type => {
                    colon = true;
                    let gap = name.as_ref().map_or(span, |name: &Name| name.span).after();
                    let (first, second) =
                        (name.as_ref().map_or("", |name| &name.text).to_owned(), self.written(&part).to_owned());
                    let fault =
                        self.faults.error(code::MISSING, self.range(&part), "between a name and its type stands `:`");
                    let fault = if word::TYPES.contains(&&*first) && !word::TYPES.contains(&&*second) {
                        fault.fix(
                            format!("the name comes first: `{second}: {first}`"),
                            span,
                            format!("{second}: {first}"),
                        )
                    } else {
                        fault.fix("put a `:` behind the name", gap, ":")
                    };
                    self.faults.push(fault);
                    ty = part.into_inner().next().map(|inner| self.type_(inner));
                }
                Rule::colon => colon = true,
                Rule::assign => equals = true,
                Rule::type_ => ty = Some(self.type_(part)),
                Rule::value => value = Some(self.value(part)),
                Rule::keep => keep = self.only_arg(part, "for", "a duration", "for 30d"),
                _ => {}
            }
        }
        let name = name?;
        let shown = name.text.clone();
        ty = ty.map(|ty| Type { optional: ty.optional || optional, ..ty });
        if !colon
            && let Some(Value::Expr(expr)) = &value
            && matches!(&*expr.source, "string" | "int" | "float" | "bool" | "any")
        {
            let (written, place) = (expr.source.clone(), expr.span);
            let gap = self.faults.span(name.span.range().end..place.range().start);
            let message = format!("`{written}` is a type, and behind `=` stands a value");
            let fault = self.faults.error(code::COLON_OR_EQUALS, place.range(), message);
            self.faults.push(fault.fix(format!("write `{shown}: {written}`"), gap, ": "));
            value = Some(Value::Expr(Expr::hole(place)));
        }
        if colon && ty.is_none() {
            self.missing(
                &owner,
                format!("`{shown}:` has no type"),
                format!("write `{shown}: string`, or `{shown} = VALUE` where the value shows the type"),
            );
        } else if equals && value.is_none() {
            self.missing(&owner, format!("`{shown} =` has no value"), "write the value behind it, on the same line");
            value = ty.is_none().then(|| Value::Expr(Expr::hole(span.after())));
        } else if !colon && !equals {
            self.missing(
                &owner,
                format!("`{shown}` has neither a type nor a value"),
                format!("write `{shown}: string` or `{shown} = VALUE`"),
            );
        }
        Some(Declare { doc, name, ty, value, keep, span })
    }

    /// `input { ... }`, `vars { ... }`, `config { ... }`
    pub(super) fn declarations(&mut self, node: Node<'_>, keyword: &str) -> Declarations {
        let (span, owner) = (self.span(&node), node.clone());
        match node.into_inner().find(|part| part.as_rule() == Rule::declarations) {
            Some(body) => Declarations { fields: self.declares(body), span },
            None => {
                self.missing(
                    &owner,
                    format!("`{keyword}` has no braces"),
                    format!("write `{keyword} {{ name: type }}`"),
                );
                Declarations { fields: Vec::new(), span }
            }
        }
    }

    /// Where a `:` in `vars` can only mean a value, says so.
    pub(super) fn colons_for_equals(&mut self, declarations: &mut Declarations) {
        for field in &mut declarations.fields {
            let Some(ty) = &field.ty else { continue };
            let scoped = match &ty.kind {
                TypeKind::Literal(_) => true,
                TypeKind::Named { name, .. } => {
                    name.parts.len() > 1
                        && matches!(&*name.parts[0].text, "input" | "vars" | "state" | "run" | "trigger")
                }
                TypeKind::Object(_) | TypeKind::Union(_) => false,
            };
            if field.value.is_some() || !scoped || self.is_lost(field.span.range()) {
                continue;
            }
            let between = field.name.span.range().end..ty.span.range().start;
            let name = &field.name.text;
            let fault = self
                .faults
                .error(code::COLON_OR_EQUALS, ty.span.range(), format!("`{name}` gets a type here, and no value"))
                .label("behind `:` stands a type")
                .fix(format!("to give it this value, write `{name} = ...`"), self.faults.span(between), " = ");
            self.faults.push(fault);
            field.value = Some(Value::Expr(self.expr_at(ty.span.range())));
            field.ty = None;
        }
    }

    pub(super) fn output(&mut self, node: Node<'_>) -> Output {
        let (span, owner) = (self.span(&node), node.clone());
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::value => return Output { form: OutputForm::Value(self.value(part)), span },
                Rule::output_body => return Output { form: OutputForm::Fields(self.output_fields(part)), span },
                _ => {}
            }
        }
        self.missing(&owner, "`output` has no value", "write `output VALUE` or `output { name: type = value }`");
        Output { form: OutputForm::Value(Value::Expr(Expr::hole(span.after()))), span }
    }

    fn output_fields(&mut self, node: Node<'_>) -> Vec<Declare> {
        let mut fields = Vec::new();
        for item in self.items(node) {
            let (rule, owner) = (item.node.as_rule(), item.node.clone());
            let span = self.span(&item.node);
            let doc = self.doc(span.range().start);
            if rule == Rule::short {
                let name = self.name(&item.node);
                let value = Some(Value::Expr(self.expr_at(span.range())));
                fields.push(Declare { doc, name, ty: None, value, keep: None, span });
                continue;
            }
            if !matches!(rule, Rule::output_typed | Rule::output_untyped) {
                self.junk(item, Place::Fields);
                continue;
            }
            let (mut name, mut ty, mut value) = (None, None, None);
            for part in item.node.into_inner() {
                match part.as_rule() {
                    Rule::key => name = Some(self.key(&part)),
                    Rule::type_ => ty = Some(self.type_(part)),
                    Rule::value => value = Some(self.value(part)),
                    Rule::late_value => value = Some(self.late_value(part)),
                    _ => {}
                }
            }
            let Some(name) = name else { continue };
            if value.is_none() {
                let shown = name.text.clone();
                self.missing(
                    &owner,
                    format!("`{shown}` has no value"),
                    format!("write `{shown}: VALUE` or `{shown}: type = VALUE`"),
                );
            }
            let value = value.or_else(|| Some(Value::Expr(Expr::hole(span.after()))));
            fields.push(Declare { doc, name, ty, value, keep: None, span });
        }
        fields
    }
}

/// What `T[]` is meant as.
fn list_of(element: TypeKind, span: Span) -> TypeKind {
    let name = Path { parts: vec![Name { text: "list".into(), span }], span };
    let element = Type { kind: element, optional: false, span };
    TypeKind::Named { name, arguments: vec![element], bounds: None }
}
