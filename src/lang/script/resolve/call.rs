//! Who is called: functions of the program and of the same script, fixed ones, Rhai's, methods; settings.

use std::sync::Arc;

use super::super::path::{Key, Segment};
use super::super::tree::{Kind, Name, Node};
use super::super::{code, functions, mistaken, path};
use super::name::Resolver;
use super::{Called, Demand, Origin, Setting};
use crate::base::diagnostic::{Diagnostic, nearest};
use crate::base::shape::Shape;
use crate::base::span::Span;
use crate::base::value::Value;

/// The operations the tests of a program ask about by a path that is no value: `calls(slack.post_message)`.
const ASKED_BY_PATH: [&str; 2] = ["calls", "emitted"];

/// What Rhai's lists can and its ranges cannot.
const NOT_OF_RANGES: [&str; 12] =
    ["len", "filter", "reduce", "some", "all", "find", "find_map", "index_of", "for_each", "reverse", "push", "zip"];

/// Functions whose arguments may be `()` without harm.
pub(super) const TOLERANT: [&str; 12] = [
    "type_of",
    "print",
    "debug",
    "to_debug",
    "blank",
    "first_of",
    "json",
    "is_def_var",
    "push",
    "contains",
    "text",
    "call",
];

/// Whether a method may be called on `()`.
pub(in crate::lang::script) fn tolerates(method: &str) -> bool {
    TOLERANT.contains(&method) && !matches!(method, "push" | "contains")
}

/// What a function of the language or of Rhai demands of its argument `at`; the first may stand before a dot.
pub(in crate::lang::script) fn wants(name: &str, at: usize) -> Demand {
    match functions::fixed(name) {
        Some(fixed) => match fixed.params.get(at).map(|param| &param.shape) {
            None | Some(Shape::Any | Shape::Optional(_)) => Demand::Nothing,
            Some(_) => Demand::Present,
        },
        None if at == 0 && !TOLERANT.contains(&name) => Demand::Present,
        None => Demand::Nothing,
    }
}

impl Resolver<'_> {
    pub(super) fn call(&mut self, node: &mut Node) {
        let span = node.span;
        let Kind::Call { name, args, .. } = &mut node.kind else { return };
        let (text, place) = (name.text.clone(), name.span);
        let declared = self.functions.iter().any(|(known, _)| *known == text);
        let program = if declared { None } else { self.program_function(&text) };
        if program.is_none() && !declared {
            if matches!(&*text, "env" | "secret") {
                return self.setting(node);
            }
            if &*text == "Fn"
                && let [Node { kind: Kind::Constant(Value::Text(pointed)), span: place, .. }] = args.as_slice()
                && let Some(found) = forbidden(pointed, *place)
            {
                return self.found.diagnostics.push(found);
            }
            if ASKED_BY_PATH.contains(&&*text)
                && !self.is_local(&text)
                && !self.function
                && let [only] = args.as_slice()
                && let Some(key) = self.asked(only)
            {
                let key = Segment { key: Key::Field(key), optional: false, span: only.span };
                node.kind = self.slot(text, vec![key], span, Demand::Nothing);
                node.depth = 0;
                return;
            }
        }
        let count = args.len();
        let origin = if declared {
            Origin::Local
        } else if let Some(full) = program {
            self.found.asks = true;
            let params = self.library.params(&full).unwrap_or(count);
            if params != count {
                self.arity(&text, span, &[params], count);
            }
            name.text = full;
            Origin::Program
        } else if let Some(found) = self.known(&text, place, span, count, false) {
            found
        } else {
            self.unknown(&text, place, false);
            Origin::Unknown
        };
        self.found.called.push(Called { name: text.clone(), span: place, arguments: count, origin });
        self.arguments(&text, origin, args, 0);
    }

    pub(super) fn method(&mut self, node: &mut Node) {
        let span = node.span;
        let Kind::Method { of, name, args, .. } = &mut node.kind else { return };
        let (text, place) = (name.text.clone(), name.span);
        // `alerts.net(x)`: a function of a used file.
        if let Kind::Variable(alias) = &of.kind
            && !self.is_local(alias)
            && let Some(full) = self.program_function(&format!("{alias}.{text}"))
        {
            let count = args.len();
            let params = self.library.params(&full).unwrap_or(count);
            if params != count {
                self.arity(&full, span, &[params], count);
            }
            self.found.asks = true;
            let place = of.span.to(place);
            self.found.called.push(Called {
                name: full.clone(),
                span: place,
                arguments: count,
                origin: Origin::Program,
            });
            let mut args = std::mem::take(args);
            self.nodes(&mut args, Demand::Nothing);
            node.kind = Kind::Call { name: Name { text: full, span: place }, args, open: false };
            return;
        }
        if let Kind::Variable(alias) = &of.kind
            && !self.is_local(alias)
            && self.library.has_alias(alias)
            && functions::fixed(&text).is_none()
        {
            let known = self.library.names().filter_map(|name| name.strip_prefix(&format!("{alias}.")));
            let found = Diagnostic::error(code::FUNCTION, place, format!("`{alias}` has no function `{text}`"));
            self.found.diagnostics.push(found.near(&text, place, known.collect::<Vec<_>>()));
            return;
        }
        if matches!(of.kind, Kind::Range { .. }) && NOT_OF_RANGES.contains(&&*text) {
            let found = Diagnostic::error(code::FUNCTION, place, format!("a range has no `{text}`"));
            self.found.diagnostics.push(found.hint("make it a list first: `(0..4).map(|number| number)`"));
        }
        let count = args.len() + 1;
        let outer = self.outer(of).is_some() || matches!(of.kind, Kind::Constant(_) | Kind::Text(_));
        let declared = self.functions.iter().any(|(known, _)| *known == text);
        let origin = if declared {
            Origin::Local
        } else if let Some(found) = self.known(&text, place, span, count, true) {
            found
        } else {
            // Values from outside never hold functions; others may be maps that do.
            if outer {
                self.unknown(&text, place, true);
            }
            Origin::Unknown
        };
        self.found.called.push(Called { name: text.clone(), span: place, arguments: count, origin });
        let tolerant = tolerates(&text);
        let optional = matches!(node.kind, Kind::Method { optional: true, .. });
        let Kind::Method { of, args, .. } = &mut node.kind else { return };
        self.node(of, if tolerant || optional { Demand::Nothing } else { Demand::Present });
        self.arguments(&text, origin, args, 1);
    }

    fn arguments(&mut self, name: &str, origin: Origin, args: &mut [Node], skipped: usize) {
        for (at, arg) in args.iter_mut().enumerate() {
            let demand = match origin {
                Origin::Fixed | Origin::Rhai => wants(name, at + skipped),
                Origin::Program | Origin::Local | Origin::Unknown => Demand::Nothing,
            };
            self.node(arg, demand);
        }
    }

    /// The name of what `calls(...)` and `emitted(...)` ask about.
    fn asked(&self, arg: &Node) -> Option<Arc<str>> {
        if let Kind::Constant(Value::Text(text)) = &arg.kind {
            return Some(text.clone());
        }
        let (root, path) = self.outer(arg)?;
        Some(path::written(&root, &path, path.len()).into())
    }

    fn setting(&mut self, node: &mut Node) {
        let span = node.span;
        let Kind::Call { name, args, .. } = &node.kind else { return };
        let secret = &*name.text == "secret";
        let [Node { kind: Kind::Constant(Value::Text(setting)), .. }] = args.as_slice() else {
            let word = &name.text;
            let message = format!("`{word}` takes the name of a setting as a plain text");
            self.found.diagnostics.push(
                Diagnostic::error(code::SETTING, span, message)
                    .hint(format!("write `{word}(\"NAME\")`: `flow effects` can then say what a program reads")),
            );
            return;
        };
        let known = self.found.settings.iter().position(|known| known.name == *setting && known.secret == secret);
        let at = known.unwrap_or_else(|| {
            self.found.settings.push(Setting { name: setting.clone(), secret, span });
            self.found.settings.len() - 1
        });
        node.kind = Kind::Setting(at);
        node.depth = 0;
    }

    /// Who knows the function `name`, if anybody does; says so if the number of arguments is wrong.
    fn known(&mut self, name: &str, place: Span, span: Span, count: usize, method: bool) -> Option<Origin> {
        if let Some(found) = forbidden(name, place) {
            self.found.diagnostics.push(found);
            return Some(Origin::Rhai);
        }
        if matches!(name, "now" | "today" | "uuid" | "random" | "print" | "debug" | "Fn") {
            self.found.asks = true;
        }
        if let Some(fixed) = functions::fixed(name) {
            let (least, most) = fixed.arity();
            if count < least || count > most {
                let shown: Vec<usize> = if least == most { vec![most] } else { vec![least, most] };
                let less = usize::from(method);
                self.arity(name, span, &shown.iter().map(|n| n.saturating_sub(less)).collect::<Vec<_>>(), count - less);
            }
            return Some(Origin::Fixed);
        }
        functions::is_rhai(name).then_some(Origin::Rhai)
    }

    fn arity(&mut self, name: &str, span: Span, wanted: &[usize], given: usize) {
        let wanted = match wanted {
            [0] => "no argument".to_owned(),
            [1] => "1 argument".to_owned(),
            [one] => format!("{one} arguments"),
            [least, most] => format!("{least} to {most} arguments"),
            _ => "other arguments".to_owned(),
        };
        let message = format!("`{name}` takes {wanted}, here it gets {given}");
        let found = Diagnostic::error(code::FUNCTION, span, message);
        let signature =
            functions::fixed(name).map(|fixed| fixed.signature.to_owned()).or_else(|| self.library.signature(name));
        self.found.diagnostics.push(match signature {
            Some(signature) => found.hint(format!("it is `{signature}`")),
            None => found,
        });
    }

    fn unknown(&mut self, name: &str, place: Span, method: bool) {
        let found = Diagnostic::error(code::FUNCTION, place, format!("there is no function `{name}`"));
        let found = if let Some(ours) = mistaken::foreign_function(name) {
            found.fix(format!("it is called `{ours}` here"), place, ours.to_string())
        } else if let Some(signature) = self.library.signature(name).filter(|_| method) {
            found.hint(format!("it is called `{signature}`, with what stands before the dot as its first argument"))
        } else if self.is_local(name) && !method {
            found.hint(format!("call a closure by `{name}.call(...)`"))
        } else {
            let mut known: Vec<&str> = ASKED_BY_PATH.into_iter().chain(["env", "secret"]).collect();
            known.extend(self.functions.iter().map(|(name, _)| &**name));
            known.extend(self.library.names());
            functions::names().for_each(|name| known.push(name));
            let near = nearest(name, known).map(str::to_owned);
            match near {
                Some(near) => found.fix(format!("did you mean `{near}`?"), place, near),
                None => found.hint(format!("declare it at the top of the file: `fn {name}(x) {{ ... }}`")),
            }
        };
        self.found.diagnostics.push(found);
    }
}

/// What is said to whoever calls a function that no script may call.
fn forbidden(name: &str, place: Span) -> Option<Diagnostic> {
    let instead = functions::forbidden(name)?;
    Some(Diagnostic::error(code::FORBIDDEN, place, format!("`{name}` is not for scripts")).hint(instead))
}
