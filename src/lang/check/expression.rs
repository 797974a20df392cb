//! Expressions: what their names mean, and the type of their value.

use std::sync::Arc;

use super::checked::{Expression, Target};
use super::checker::{Checker, Typed};
use super::code;
use super::mention::{Hole, trail};
use super::names::Binding;
use crate::base::diagnostic::{Diagnostic, nearest};
use crate::base::shape::{Lookup, Shape};
use crate::base::span::Span;
use crate::base::value::Value;
use crate::lang::script::{self, Form, Key, Read};
use crate::lang::syntax::ast;

/// Scopes that hold what the program declares, and nothing else.
const OWN: [&str; 3] = ["input", "vars", "state"];

impl<'a> Checker<'a> {
    /// Compiles an expression, once.
    pub fn compile(&mut self, source: &Arc<str>, span: Span, form: Form) -> Option<script::Expr> {
        if let Some(known) = self.compiled.get(&span) {
            return known.clone();
        }
        // A hole in the tree has been reported, and may be anything.
        if source.is_empty() && form == Form::Expression {
            return None;
        }
        let library = self.library();
        let compiled = match script::compile(source, span, form, &library) {
            Ok(compiled) => Some(compiled),
            Err(mut wrong) => {
                self.found.append(&mut wrong);
                None
            }
        };
        self.compiled.insert(span, compiled.clone());
        compiled
    }

    pub fn expression(&mut self, expr: &ast::Expr) -> Typed {
        self.text(&expr.source, expr.span, Form::Expression)
    }

    /// Statements of Rhai.
    pub fn script(&mut self, code: &ast::Code) -> Typed {
        self.text(&code.source, code.span, Form::Block)
    }

    fn text(&mut self, source: &Arc<str>, span: Span, form: Form) -> Typed {
        let Some(compiled) = self.compile(source, span, form) else { return Typed::default() };
        let reads = compiled.reads();
        let mut targets = Vec::with_capacity(reads.len());
        let mut typed = Vec::with_capacity(reads.len());
        let (mut trails, mut sure) = (Vec::new(), Vec::with_capacity(reads.len()));
        for read in reads {
            let (target, value) = self.read(read, compiled.locals());
            targets.push(target);
            typed.push(value);
            sure.push(self.sure.take());
            if self.noting {
                trails.push(std::mem::take(&mut self.trail));
            }
        }
        self.mention_reads(&compiled, &targets, &trails);
        let of_read = |index: usize| typed.get(index).map_or(Shape::Any, |value: &Typed| value.shape.clone());
        self.gap(&compiled, &of_read);
        let (shape, wrong) = compiled.shape(&of_read);
        for wrong in &wrong {
            match wrong {
                script::Wrong::NeverAbsent { read: Some(read), .. } => {
                    if let Some(of) = sure.get(*read).and_then(Option::as_ref) {
                        self.idle_fallback(wrong, &reads[*read], of);
                    }
                }
                _ => self.never_works(wrong),
            }
        }
        let secret = self.is_secret(&compiled, &typed, &shape);
        self.keep_expression(span, Expression { script: compiled, targets, shape: shape.clone() });
        Typed { shape, secret }
    }

    /// Whether a secret may be in the value: a digest, a number or a truth does not give it away.
    fn is_secret(&self, compiled: &script::Expr, reads: &[Typed], shape: &Shape) -> bool {
        if matches!(
            shape.present(),
            Shape::Bool | Shape::Int(_) | Shape::Float(_) | Shape::DateTime | Shape::Date | Shape::Duration
        ) {
            return false;
        }
        compiled.may_give_secret(&|read| reads.get(read).is_some_and(|read| read.secret))
    }

    /// What one read means, and the type of the value at its end.
    fn read(&mut self, read: &Read, locals: &[Arc<str>]) -> (Target, Typed) {
        let root = &read.root;
        self.hole(root, |this| Hole::Name(this.in_scope()));
        if let Some(params) = &self.here.params
            && let Some((name, shape)) = params.iter().find(|(name, _)| name == root)
        {
            let (name, shape) = (name.clone(), shape.clone());
            let secret = shape.present() == &Shape::Secret;
            // Parameters of operations are often left out; an absent one is simply not sent.
            let typed = self.follow(read, 0, Typed { shape, secret }, None);
            return (Target::Param(name), typed);
        }
        if &**root == "steps" {
            return self.record(read);
        }
        if let Some(binding) = self.names.find(root).filter(|_| !self.course.ambiguous.contains(root)).cloned() {
            let start = Typed { shape: binding.shape.clone(), secret: binding.secret };
            let typed = self.follow(read, 0, start, Some(&binding));
            return (Target::Binding(root.clone(), binding.spans), typed);
        }
        if &**root == "calls" && self.here.word("calls").is_some() {
            let called = self.asked_calls(read);
            let typed = self.follow(read, 1, Typed::of(called), None);
            return (Target::Calls, typed);
        }
        if &**root == "emitted" && self.here.word("emitted").is_some() {
            self.asked_emitted(read);
        }
        if let Some((word, mut typed)) = self.here.words.iter().rev().find(|(word, _)| **word == **root).cloned() {
            typed.secret |= &**root == "vars" && self.is_set_secretly(read);
            let typed = self.follow(read, 0, typed, None);
            return (Target::Scope(word.into()), typed);
        }
        // In its own `undo`, a step's name means what it gave.
        if self.here.owner.as_ref() == Some(root)
            && let Some(output) = self.here.word("output").cloned()
        {
            let typed = self.follow(read, 0, output, None);
            return (Target::Scope("output".into()), typed);
        }
        self.unknown(read, locals);
        (Target::Unknown, Typed::default())
    }

    /// Whether a secret was put into the variable that is read.
    fn is_set_secretly(&self, read: &Read) -> bool {
        let Some(Key::Field(name)) = read.path.first().map(|segment| &segment.key) else { return false };
        self.course.secret_vars.contains(&**name)
    }

    /// `emitted("order.shipped")`: somebody must emit it.
    fn asked_emitted(&mut self, read: &Read) {
        let Some(Key::Field(topic)) = read.path.first().map(|segment| segment.key.clone()) else { return };
        if self.events.is_empty() || self.events.contains(&*topic) {
            return;
        }
        let place = read.path[0].span;
        let message = format!("nothing emits \"{topic}\"");
        let diagnostic = Diagnostic::warning(code::TEST, place, message);
        self.report(match nearest(&topic, self.events.iter().map(|topic| &**topic)).map(str::to_owned) {
            Some(near) => diagnostic.fix(format!("did you mean \"{near}\"?"), place, format!("{near:?}")),
            None => diagnostic,
        });
    }

    /// `steps.NAME...`
    fn record(&mut self, read: &Read) -> (Target, Typed) {
        if let Some(typed) = self.here.word("steps").cloned() {
            let typed = self.follow(read, 0, typed, None);
            return (Target::Scope("steps".into()), typed);
        }
        if self.here.before_run.is_some() {
            self.unknown(read, &[]);
            return (Target::Unknown, Typed::default());
        }
        let Some(Key::Field(name)) = read.path.first().map(|segment| segment.key.clone()) else {
            self.report(
                Diagnostic::error(code::NOT_HERE, read.span, "`steps` alone stands for nothing")
                    .hint("write `steps.NAME`: the record of one step"),
            );
            return (Target::Unknown, Typed::default());
        };
        let place = read.path[0].span;
        self.hole(&name, |this| Hole::Field(this.records_here()));
        let Some(binding) = self.names.find(&name).filter(|binding| binding.kind == super::names::Kind::Step).cloned()
        else {
            if !self.is_broken(&name) && !self.here.lenient {
                self.unknown_step(&name, place);
            }
            return (Target::Unknown, Typed::default());
        };
        let typed = self.follow(read, 1, Typed::of(binding.record.clone()), None);
        (Target::Record(name, binding.spans), typed)
    }

    /// Walks the path of a read from segment `first` on.
    fn follow(&mut self, read: &Read, first: usize, start: Typed, binding: Option<&Binding>) -> Typed {
        if self.noting {
            self.trail = trail(&start.shape, read, first);
        }
        let Typed { mut shape, mut secret } = start;
        let mut maybe = false;
        // Whether a `?` or a test before is what says that it is there.
        let mut looked = false;
        let mut before = Shape::Any;
        self.sure = None;
        for at in first..read.path.len() {
            let segment = &read.path[at];
            if at > 0 && shape == Shape::Any && !segment.optional {
                self.untyped(read, at, binding);
            }
            if matches!(shape, Shape::Optional(_)) {
                if segment.optional {
                    maybe = true;
                } else if !self.is_tested(read, at, binding) {
                    self.absent(read, at, binding);
                    return Typed { shape: Shape::Any, secret };
                }
                shape = shape.present().clone();
                looked = true;
            }
            looked |= segment.optional;
            before = shape.clone();
            if let Key::Field(name) = &segment.key {
                self.hole(name, |_| Hole::Field(shape.clone()));
            }
            shape = match &segment.key {
                Key::Field(name) => match shape.field(name) {
                    Lookup::Found(found) => found,
                    // What a service answers often holds more than its connector declares.
                    Lookup::Missing(_) | Lookup::NoFields if segment.optional && !OWN.contains(&&*read.root) => {
                        Shape::Any
                    }
                    Lookup::Missing(known) => {
                        self.unknown_field(read, at, &shape, &known);
                        return Typed { shape: Shape::Any, secret };
                    }
                    Lookup::NoFields => {
                        self.no_fields(read, at, &shape);
                        return Typed { shape: Shape::Any, secret };
                    }
                },
                Key::Item(number) => match &shape {
                    of if !segment.optional && has_no_items(of) => {
                        let message =
                            format!("`{}` is {}, which has no item [{number}]", written(read, at), of.described());
                        self.report(Diagnostic::error(code::UNKNOWN_FIELD, segment.span, message));
                        return Typed { shape: Shape::Any, secret };
                    }
                    Shape::List(item, _) => (**item).clone(),
                    Shape::Text(..) => Shape::text(),
                    _ => Shape::Any,
                },
            };
            if segment.optional && matches!(segment.key, Key::Item(_)) {
                maybe = true;
            }
            secret |= shape.present() == &Shape::Secret;
        }
        if maybe {
            shape = shape.optional();
        }
        if matches!(shape, Shape::Optional(_)) {
            if self.is_tested(read, read.path.len(), binding) {
                shape = shape.present().clone();
                looked = true;
            } else if !read.guarded {
                self.absent(read, read.path.len(), binding);
                shape = shape.present().clone();
            }
        }
        if shape == Shape::Unit && !read.guarded && !self.is_tested(read, read.path.len(), binding) {
            let path = written(read, read.path.len());
            let message = format!("`{path}` is always `()`: what it comes from gives nothing");
            self.report(Diagnostic::error(code::ABSENT, read.span, message));
        }
        if !looked && !shape.may_be_absent() {
            self.sure = Some(before);
        }
        Typed { shape, secret }
    }

    /// A field is asked for of something without a type; where an operation gave it, its step may be given one.
    fn untyped(&mut self, read: &Read, at: usize, binding: Option<&Binding>) {
        let step = binding.filter(|binding| binding.kind == super::names::Kind::Step && read.root == binding.name);
        for span in step.iter().flat_map(|step| &step.spans) {
            if self.course.calls.contains(span) {
                self.checked.untyped.entry(*span).or_insert_with(|| written(read, at));
            }
        }
    }

    /// Whether somebody has looked whether the value behind the first `upto` segments is there.
    fn is_tested(&self, read: &Read, upto: usize, binding: Option<&Binding>) -> bool {
        if read.tested.is_some_and(|tested| tested >= upto) {
            return true;
        }
        let path = written(read, upto);
        let tested = |paths: &[String], wanted: &str| {
            paths.iter().any(|tested| {
                tested == wanted || tested.strip_prefix(wanted).is_some_and(|rest| rest.starts_with(['.', '[', '?']))
            })
        };
        tested(&self.here.tested, &path)
            || binding.is_some_and(|binding| {
                // Who looks at the record of a step knows whether it ran.
                let record = format!("steps.{}", binding.name);
                if tested(&self.here.tested, &record) {
                    return true;
                }
                binding.decided_by.iter().any(|deciding| self.here.tested.iter().any(|tested| tested == deciding))
            })
    }

    fn absent(&mut self, read: &Read, upto: usize, binding: Option<&Binding>) {
        let path = written(read, upto);
        let why = binding.filter(|_| upto == 0).and_then(|binding| binding.absence);
        let next = read.path.get(upto).map(|segment| {
            let rest = segment.key.to_string();
            (rest.strip_prefix('.').map_or_else(|| rest.clone(), str::to_owned), segment.span)
        });
        let found = may_be_absent(&path, why, next, read.span);
        self.report(match why {
            Some(_) => found,
            None => found.hint(format!("or look first: `when {path} != ()`, `if {path} != () {{ ... }}`")),
        });
    }

    fn unknown_field(&mut self, read: &Read, at: usize, shape: &Shape, known: &[String]) {
        let segment = &read.path[at];
        let Key::Field(name) = &segment.key else { return };
        let owner = written(read, at);
        let message = match shape.present() {
            Shape::Object(object) if object.name.is_some() => {
                format!("`{owner}` is {}, which has no field `{name}`", shape.described())
            }
            _ => format!("`{owner}` has no field `{name}`"),
        };
        let mut diagnostic = Diagnostic::error(code::UNKNOWN_FIELD, segment.span, message).near(
            name,
            segment.span,
            known.iter().map(String::as_str),
        );
        if diagnostic.hints.is_empty() {
            diagnostic = diagnostic.hint(match known {
                [] => format!("`{owner}` has no fields at all"),
                some => format!("it has {}", listed(some.iter().map(String::as_str))),
            });
        }
        self.report(diagnostic);
    }

    fn no_fields(&mut self, read: &Read, at: usize, shape: &Shape) {
        let segment = &read.path[at];
        let owner = written(read, at);
        let Key::Field(name) = &segment.key else { return };
        let message = format!("`{owner}` is {}, which has no field `{name}`", shape.described());
        let mut diagnostic = Diagnostic::error(code::UNKNOWN_FIELD, segment.span, message);
        if let Some(method) = script::method_called(name) {
            diagnostic = diagnostic.fix(format!("write `{owner}.{method}()`"), segment.span, format!("{method}()"));
        } else if let Shape::List(item, _) = shape.present()
            && matches!(item.field(name), Lookup::Found(_))
        {
            diagnostic = diagnostic
                .hint(format!("take one item, `{owner}[0].{name}`, or all: `{owner}.map(|item| item.{name})`"));
        }
        self.report(diagnostic);
    }

    /// A `??` behind a path from outside that is surely there; `of` is the type of what it asks for its last part.
    fn idle_fallback(&mut self, wrong: &script::Wrong, read: &Read, of: &Shape) {
        let by_key = match read.path.last().map(|last| &last.key) {
            Some(Key::Item(_)) => matches!(of, Shape::List(..)),
            Some(Key::Field(_)) => matches!(of, Shape::Map(..)),
            None => false,
        };
        let script::Wrong::NeverAbsent { path, asking, sign, span, .. } = wrong else { return };
        if by_key {
            self.report(never_absent(path.as_deref(), asking.as_deref(), *sign, *span));
        } else if OWN.contains(&&*read.root) {
            // What an operation gives may lack what its connector promises.
            self.report(never_absent(path.as_deref(), None, None, *span));
        }
    }

    /// What an expression computes on its way and never can; of a place in a function the first call tells.
    fn never_works(&mut self, wrong: &script::Wrong) {
        let found = never(wrong);
        if !matches!(wrong, script::Wrong::Called { .. }) || self.told.insert(found.primary.span) {
            self.report(found);
        }
    }

    /// The paths an expression reads, as the texts by which tests are known.
    pub fn paths_read(&mut self, expr: &ast::Expr) -> Vec<String> {
        let Some(compiled) = self.compile(&expr.source, expr.span, Form::Expression) else { return Vec::new() };
        compiled.reads().iter().map(|read| written(read, read.path.len())).collect()
    }

    /// The value of an expression, if it is known before the run.
    pub fn constant(&mut self, expr: &ast::Expr) -> Option<Value> {
        self.compile(&expr.source, expr.span, Form::Expression)?.constant().cloned()
    }
}

/// What is said of what can never work.
fn never(wrong: &script::Wrong) -> Diagnostic {
    match wrong {
        script::Wrong::Field { of, name, span } => {
            let known: Vec<&str> = match of.present() {
                Shape::Object(object) => object.fields.iter().map(|field| &*field.name).collect(),
                _ => Vec::new(),
            };
            let message = format!("{} has no field `{name}`", of.described());
            if let (true, Some(method)) = (known.is_empty(), script::method_called(name)) {
                let diagnostic = Diagnostic::error(code::UNKNOWN_FIELD, *span, message);
                return diagnostic.fix(format!("write `.{method}()`"), *span, format!("{method}()"));
            }
            let diagnostic = Diagnostic::error(code::UNKNOWN_FIELD, *span, message);
            match nearest(name, known.iter().copied()) {
                // In a text, as the name of a field that stands for a closure, the place has quotes.
                Some(near) if span.range().len() == name.len() => {
                    diagnostic.fix(format!("did you mean `{near}`?"), *span, near)
                }
                Some(near) => diagnostic.hint(format!("did you mean `{near}`?")),
                None if known.is_empty() => diagnostic,
                None => diagnostic.hint(format!("it has {}", listed(known.into_iter()))),
            }
        }
        script::Wrong::Receiver { name, of, takes, of_items, span } => {
            let message = format!("`{name}` does not take {}", of.described());
            let found = Diagnostic::error(script::code::FUNCTION, *span, message).hint(takes);
            match of_items {
                true => found.hint(format!("for every item: `.map(|item| item.{name}(...))`")),
                false => found,
            }
        }
        script::Wrong::Arguments { name, least, most, given, span } => {
            let wanted = match (*least, *most) {
                (0, 0) => "no argument".to_owned(),
                (1, 1) => "1 argument".to_owned(),
                (least, most) if least == most => format!("{least} arguments"),
                (least, most) => format!("{least} to {most} arguments"),
            };
            Diagnostic::error(script::code::FUNCTION, *span, format!("`{name}` takes {wanted}, here it gets {given}"))
        }
        script::Wrong::Argument { name, param, wanted, given, signature, span } => {
            let (wanted, given) = (wanted.described(), given.described());
            let message = format!("`{param}` of `{name}` must be {wanted}, this is {given}");
            Diagnostic::error(code::MISMATCH, *span, message).hint(format!("it is `{signature}`"))
        }
        script::Wrong::Pattern { pattern, span } => {
            let message = "this pattern has no `%`, so every moment gives this text";
            let found = Diagnostic::warning(script::code::FUNCTION, *span, message);
            match strftime(pattern) {
                Some(ours) => found.fix(format!("write `{ours:?}`"), *span, format!("{ours:?}")),
                None => found.hint("such as `\"%Y-%m-%d %H:%M\"`"),
            }
        }
        script::Wrong::Called { name, given, call, wrong } => {
            let types: Vec<String> = given.iter().map(Shape::described).collect();
            let with = format!("`{name}` is called here with {}", types.join(" and "));
            let found = never(wrong);
            if found.primary.span.file == call.file {
                return found.also(*call, with);
            }
            // Whoever calls a function of another file mends the call.
            let message = format!("called like this, `{name}` never works: {}", found.message);
            Diagnostic::error(found.code, *call, message).label(with).also(found.primary.span, "here")
        }
        script::Wrong::NeverAbsent { path, asking, sign, span, .. } => {
            never_absent(path.as_deref(), asking.as_deref(), *sign, *span)
        }
        script::Wrong::Absent { path, next, span } => {
            let next = next.clone();
            match path {
                Some(path) => {
                    may_be_absent(path, None, next, *span).hint(format!("or look first: `if {path} != () {{ ... }}`"))
                }
                None => Diagnostic::error(code::ABSENT, *span, "this may be absent").hint(match next {
                    Some((name, _)) => format!("`?.{name}` gives `()` then, `... ?? value` something else"),
                    None => "say what to take then: `... ?? value`".to_owned(),
                }),
            }
        }
        script::Wrong::NeverEqual { left, right, span } => {
            let message = format!("{} never equals {}", left.described(), right.described());
            let diagnostic = Diagnostic::error(code::MISMATCH, *span, message);
            match super::value::conversion(left, right) {
                Some(hint) => diagnostic.hint(hint),
                None => diagnostic,
            }
        }
        script::Wrong::NoneOf { given, known, span } => {
            let texts: Vec<&str> = known.iter().filter_map(Value::as_text).collect();
            let diagnostic = Diagnostic::error(code::MISMATCH, *span, format!("this is never {given:?}"));
            match nearest(given, texts.iter().copied()) {
                Some(near) => diagnostic.fix(format!("did you mean {near:?}?"), *span, format!("{near:?}")),
                None => {
                    let all: Vec<String> = texts.iter().map(|text| format!("{text:?}")).collect();
                    diagnostic.hint(format!("it is one of {}", all.join(", ")))
                }
            }
        }
        script::Wrong::InPlace { name, instead, span } => {
            let message = format!("`{name}` changes a variable of a script and gives `()`");
            let diagnostic = Diagnostic::error(code::MISMATCH, *span, message);
            match *instead {
                Some("replace_all") => diagnostic.hint("a new text comes from `replace_all(text, pattern, new)`"),
                Some(instead) => diagnostic.fix(format!("`{instead}` gives a new value"), *span, instead),
                None => diagnostic.hint("lists are joined by `+`, as in `vars.seen + [item]`"),
            }
        }
        script::Wrong::Operands { op, left, right, span } => {
            let message = format!("`{op}` never works between {} and {}", left.described(), right.described());
            Diagnostic::error(code::MISMATCH, *span, message)
        }
        script::Wrong::Truth { op, found, span } => {
            let message = format!("`{op}` asks what is true or false, this is {}", found.described());
            Diagnostic::error(code::MISMATCH, *span, message).hint("compare it with something: `... == ...`")
        }
    }
}

/// Whether nothing of this type has items with numbers.
fn has_no_items(of: &Shape) -> bool {
    matches!(
        of,
        Shape::Bool
            | Shape::Int(_)
            | Shape::Float(_)
            | Shape::Date
            | Shape::DateTime
            | Shape::Duration
            | Shape::Object(_)
            | Shape::Map(..)
            | Shape::Set(..)
    )
}

/// What `yyyy-MM-dd` is called here.
fn strftime(pattern: &str) -> Option<String> {
    const WORDS: [(&str, &str); 11] = [
        ("YYYY", "%Y"),
        ("yyyy", "%Y"),
        ("MM", "%m"),
        ("DD", "%d"),
        ("dd", "%d"),
        ("HH", "%H"),
        ("hh", "%H"),
        ("mm", "%M"),
        ("ss", "%S"),
        ("yy", "%y"),
        ("YY", "%y"),
    ];
    let (mut ours, mut rest) = (String::new(), pattern);
    while let Some(next) = rest.chars().next() {
        match WORDS.into_iter().find(|(word, _)| rest.starts_with(word)) {
            Some((word, sign)) => {
                ours.push_str(sign);
                rest = &rest[word.len()..];
            }
            // A letter by itself may mean anything.
            None if next.is_ascii_alphabetic() && next != 'T' => return None,
            None => {
                ours.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
    }
    ours.contains('%').then_some(ours)
}

/// What is said of a `??` behind what is never absent.
fn never_absent(path: Option<&str>, asking: Option<&str>, sign: Option<(Span, &str)>, span: Span) -> Diagnostic {
    let what = path.map_or_else(|| "this".to_owned(), |path| format!("`{path}`"));
    let Some(asking) = asking else {
        let message = format!("{what} is never absent, so `??` never helps");
        return Diagnostic::warning(code::IDLE_FALLBACK, span, message).hint("leave `?? ...` away");
    };
    let message = format!("{what} is never `()`: where nothing is found it fails, and `??` does not help");
    let found = Diagnostic::warning(code::IDLE_FALLBACK, span, message);
    let advice = format!("write `{asking} ?? ...`");
    match sign {
        Some((place, sign)) => found.fix(advice, place, sign),
        None => found.hint(advice),
    }
}

/// What is said of a path that may be absent where it must be there; `next` is what is asked of it, with its place.
fn may_be_absent(path: &str, why: Option<&str>, next: Option<(String, Span)>, span: Span) -> Diagnostic {
    let message = match why {
        Some(why) => format!("`{path}` may be absent: {why}"),
        None => format!("`{path}` may be absent"),
    };
    let found = Diagnostic::error(code::ABSENT, span, message);
    match next {
        Some((next, place)) => found.fix(
            format!("`{path}?.{next}` gives `()` then, `... ?? value` something else"),
            Span { start: place.start.saturating_sub(1), ..place },
            // The brackets of a method stand where they stood.
            format!("?.{}", next.split('(').next().unwrap_or_default()),
        ),
        None => found.hint(format!("say what to take then: `{path} ?? \"...\"`")),
    }
}

/// The first `upto` segments of a read, as written, without question marks.
pub(super) fn written(read: &Read, upto: usize) -> String {
    let mut text = read.root.to_string();
    for segment in &read.path[..upto.min(read.path.len())] {
        text.push_str(&segment.key.to_string());
    }
    text
}

/// Names one after the other, for messages.
pub(super) fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    const SHOWN_MAX: usize = 12;
    let names: Vec<&str> = names.collect();
    let mut text = names.iter().take(SHOWN_MAX).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN_MAX {
        text.push_str(&format!(" and {} more", names.len() - SHOWN_MAX));
    }
    text
}
