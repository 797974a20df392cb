//! Types as written become shapes: names are looked up and written out.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::code;
use super::tree::Tree;
use crate::base::diagnostic::Diagnostic;
use crate::base::limit::{TYPE_DEPTH_MAX, TYPE_PARTS_MAX};
use crate::base::shape::{Bounds, Field, Object, Shape};
use crate::base::span::Span;
use crate::base::value::Value;
use crate::lang::script;
use crate::lang::syntax::ast;

/// The types the language brings, as they are offered for a name that is not known.
pub const BUILT_IN: [&str; 16] = [
    "string", "int", "float", "bool", "any", "bytes", "list", "set", "map", "secret", "email", "url", "date",
    "datetime", "duration", "uuid",
];

/// What the types of other languages are called here.
const FOREIGN: [(&str, &str); 22] = [
    ("str", "string"),
    ("text", "string"),
    ("varchar", "string"),
    ("char", "string"),
    ("integer", "int"),
    ("i64", "int"),
    ("long", "int"),
    ("number", "float"),
    ("double", "float"),
    ("decimal", "float"),
    ("f64", "float"),
    ("boolean", "bool"),
    ("array", "list<any>"),
    ("vec", "list<any>"),
    ("object", "map<any>"),
    ("dict", "map<any>"),
    ("json", "any"),
    ("timestamp", "datetime"),
    ("time", "datetime"),
    ("uri", "url"),
    ("binary", "bytes"),
    ("unknown", "any"),
];

/// All named types of a compilation.
#[derive(Clone, Debug, Default)]
pub struct Types {
    /// By the place of the tree and the name.
    named: BTreeMap<(usize, Arc<str>), Shape>,
}

/// Finds the shapes of named types, each once.
struct Resolver<'a> {
    trees: &'a [Tree],
    declared: BTreeMap<(usize, Arc<str>), &'a ast::TypeDeclaration>,
    done: BTreeMap<(usize, Arc<str>), Shape>,
    /// The names on the way down to the one at hand.
    open: Vec<(usize, Arc<str>)>,
    found: Vec<Diagnostic>,
}

impl Types {
    /// Writes out every named type of `trees`.
    pub fn new(trees: &[Tree]) -> (Self, Vec<Diagnostic>) {
        let mut declared = BTreeMap::new();
        for (place, tree) in trees.iter().enumerate() {
            for declaration in &tree.program.declarations {
                if let ast::Declaration::Type(ty) = declaration {
                    declared.entry((place, ty.name.text.clone())).or_insert(ty);
                }
            }
        }
        let keys: Vec<_> = declared.keys().cloned().collect();
        let mut resolver = Resolver { trees, declared, done: BTreeMap::new(), open: Vec::new(), found: Vec::new() };
        for (place, name) in keys {
            resolver.named(place, &name);
        }
        (Self { named: resolver.done }, resolver.found)
    }

    /// The shape of a type written in tree `place`. What is wrong with it goes to `found`; the shape is then `any` there.
    pub fn shape(&self, trees: &[Tree], place: usize, ty: &ast::Type, found: &mut Vec<Diagnostic>) -> Shape {
        let mut resolver =
            Resolver { trees, declared: BTreeMap::new(), done: BTreeMap::new(), open: Vec::new(), found: Vec::new() };
        let shape = resolver.ty(place, ty, &|place, name| self.named.get(&(place, name.clone())).cloned());
        found.append(&mut resolver.found);
        shape
    }

    /// A field, parameter or variable as declared in tree `place`, with its default where that is known before the run.
    pub fn field(&self, trees: &[Tree], place: usize, declare: &ast::Declare, found: &mut Vec<Diagnostic>) -> Field {
        let mut resolver =
            Resolver { trees, declared: BTreeMap::new(), done: BTreeMap::new(), open: Vec::new(), found: Vec::new() };
        let field = resolver.field(place, declare, &|place, name| self.named.get(&(place, name.clone())).cloned());
        found.append(&mut resolver.found);
        field
    }

    /// The names of the types that tree `place` declares.
    pub fn names(&self, place: usize) -> impl Iterator<Item = &str> {
        self.named.keys().filter(move |(tree, _)| *tree == place).map(|(_, name)| &**name)
    }
}

/// Finds a named type that is written out already.
type Known<'k> = &'k dyn Fn(usize, &Arc<str>) -> Option<Shape>;

impl Resolver<'_> {
    fn report(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }

    /// The named type, resolved at first need.
    fn named(&mut self, place: usize, name: &Arc<str>) -> Option<Shape> {
        let key = (place, name.clone());
        if let Some(shape) = self.done.get(&key) {
            return Some(shape.clone());
        }
        let declaration = *self.declared.get(&key)?;
        if let Some(first) = self.open.iter().position(|open| *open == key) {
            let way: Vec<_> = self.open[first..].iter().map(|(_, name)| format!("`{name}`")).collect();
            let message = match way.len() {
                1 => format!("the type `{name}` contains itself"),
                _ => format!("the type `{name}` contains itself, by way of {}", way[1..].join(", ")),
            };
            self.report(
                Diagnostic::error(code::ENDLESS_TYPE, declaration.name.span, message)
                    .hint("a value of it could never end: write `any` where it begins anew"),
            );
            return Some(Shape::Any);
        }
        let mut shape = Shape::Any;
        let mut too_deep = self.open.len() >= TYPE_DEPTH_MAX;
        if !too_deep {
            self.open.push(key.clone());
            shape = self.resolve(place, &declaration.ty);
            self.open.pop();
            too_deep = shape.depth() > TYPE_DEPTH_MAX;
        }
        if too_deep || shape.parts() > TYPE_PARTS_MAX {
            let message = if too_deep {
                format!("the type `{name}` is more than {TYPE_DEPTH_MAX} levels deep when it is written out")
            } else {
                format!("the type `{name}` has more than {TYPE_PARTS_MAX} parts when it is written out")
            };
            self.report(Diagnostic::error(code::ENDLESS_TYPE, declaration.name.span, message).hint("use `any` in it"));
            shape = Shape::Any;
        }
        if let Shape::Object(object) = &shape
            && object.name.is_none()
        {
            // The name makes messages short.
            shape = Shape::Object(Object { name: Some(name.clone()), fields: object.fields.clone() }.into());
        }
        self.done.insert(key, shape.clone());
        Some(shape)
    }

    /// A type inside the declaration of a named one.
    fn resolve(&mut self, place: usize, ty: &ast::Type) -> Shape {
        // Named types first, so that the shared path below finds them written out.
        let mut wanted = Vec::new();
        names_in(ty, &mut wanted);
        let mut ready: BTreeMap<(usize, Arc<str>), Shape> = BTreeMap::new();
        for path in wanted {
            if let Some((place, name)) = self.locate(place, path)
                && let Some(shape) = self.named(place, &name)
            {
                ready.insert((place, name), shape);
            }
        }
        self.ty(place, ty, &|place, name| ready.get(&(place, name.clone())).cloned())
    }

    /// The tree and the name that a path means.
    fn locate(&self, place: usize, path: &ast::Path) -> Option<(usize, Arc<str>)> {
        let (last, aliases) = path.parts.split_last()?;
        let mut place = place;
        for alias in aliases {
            place = self.trees.get(place)?.used(&alias.text)?;
        }
        Some((place, last.text.clone()))
    }

    fn ty(&mut self, place: usize, ty: &ast::Type, known: Known<'_>) -> Shape {
        let shape = match &ty.kind {
            ast::TypeKind::Named { name, arguments, bounds } => {
                self.name(place, name, arguments, bounds.as_ref(), known)
            }
            ast::TypeKind::Object(fields) => {
                let mut seen: BTreeMap<Arc<str>, Span> = BTreeMap::new();
                let mut shapes = Vec::with_capacity(fields.len());
                for field in fields {
                    if let Some(first) = seen.insert(field.name.text.clone(), field.name.span) {
                        self.report(
                            Diagnostic::error(
                                code::TWICE,
                                field.name.span,
                                format!("the field `{}` is declared twice", field.name.text),
                            )
                            .also(first, "first declared here"),
                        );
                        continue;
                    }
                    shapes.push(self.field(place, field, known));
                }
                Shape::Object(Object { name: None, fields: shapes }.into())
            }
            ast::TypeKind::Union(members) => self.union(place, members, known),
            ast::TypeKind::Literal(expr) => self.literal(expr).map_or(Shape::Any, |value| Shape::OneOf([value].into())),
        };
        if ty.optional { shape.optional() } else { shape }
    }

    fn union(&mut self, place: usize, members: &[ast::Type], known: Known<'_>) -> Shape {
        let shapes: Vec<Shape> = members.iter().map(|member| self.ty(place, member, known)).collect();
        let mut values: Vec<Value> = Vec::new();
        let mut rest: Vec<Shape> = Vec::new();
        let mut optional = false;
        for shape in shapes {
            optional |= matches!(shape, Shape::Optional(_));
            match shape.present() {
                Shape::OneOf(some) => values.extend(some.iter().cloned()),
                Shape::Union(some) => rest.extend(some.iter().cloned()),
                plain => rest.push(plain.clone()),
            }
        }
        let shape = match (values.is_empty(), rest.len()) {
            (true, 1) => rest.remove(0),
            (true, _) => Shape::Union(rest.into()),
            (false, 0) => Shape::OneOf(values.into()),
            (false, _) => {
                rest.insert(0, Shape::OneOf(values.into()));
                Shape::Union(rest.into())
            }
        };
        if optional { shape.optional() } else { shape }
    }

    fn literal(&mut self, expr: &ast::Expr) -> Option<Value> {
        match script::compile(&expr.source, expr.span, script::Form::Expression, &script::Library::default()) {
            Ok(compiled) => compiled.constant().cloned().or_else(|| {
                let message = format!("`{}` is no type", expr.source);
                self.report(Diagnostic::error(code::UNKNOWN_TYPE, expr.span, message).hint(
                    "a type is a name such as `string`, an object `{ id: string }`, or values such as `\"a\" | \"b\"`",
                ));
                None
            }),
            Err(mut wrong) => {
                self.found.append(&mut wrong);
                None
            }
        }
    }

    fn field(&mut self, place: usize, declare: &ast::Declare, known: Known<'_>) -> Field {
        let default = declare.value.as_ref().and_then(constant);
        let shape = match (&declare.ty, &default) {
            (Some(ty), _) => self.ty(place, ty, known),
            (None, Some(value)) => Shape::of(value),
            (None, None) => Shape::Any,
        };
        let default = self.default(declare, &shape, default);
        let doc = declare.doc.as_ref().map(|doc| doc.text.clone());
        Field { name: declare.name.text.clone(), shape, default, doc }
    }

    /// The default as the type wants it.
    fn default(&mut self, declare: &ast::Declare, shape: &Shape, default: Option<Value>) -> Option<Value> {
        let written = declare.value.as_ref()?;
        let Some(value) = default else {
            let message = format!("the default of `{}` is not known before the run", declare.name.text);
            self.report(
                Diagnostic::error(code::DEFAULT, written.span(), message)
                    .hint("write a constant, or make the field optional with `?` and say `??` where it is read"),
            );
            return None;
        };
        match shape.check(&value) {
            Ok(checked) => Some(checked),
            Err(misfits) => {
                for misfit in misfits {
                    let place = if misfit.path.is_empty() { String::new() } else { format!(".{}", misfit.path) };
                    let message = format!("the default of `{}`{place} {}", declare.name.text, misfit.message);
                    self.report(Diagnostic::error(code::DEFAULT, written.span(), message));
                }
                None
            }
        }
    }

    fn name(
        &mut self,
        place: usize,
        name: &ast::Path,
        arguments: &[ast::Type],
        bounds: Option<&ast::Bounds>,
        known: Known<'_>,
    ) -> Shape {
        let word = name.dotted();
        let mut inner: Vec<Shape> = arguments.iter().map(|argument| self.ty(place, argument, known)).collect();
        let takes = usize::from(matches!(&*word, "list" | "set" | "map"));
        let is_there = BUILT_IN.contains(&&*word)
            || self.locate(place, name).is_some_and(|(tree, name)| known(tree, &name).is_some());
        if is_there && arguments.len() > takes {
            let message = match takes {
                0 => format!("`{word}` takes no type between `<` and `>`"),
                _ => format!("`{word}` takes one type, here are {}", arguments.len()),
            };
            let hint = if word == "map" { "the keys of a map are texts: write `map<any>`" } else { "leave it out" };
            self.report(Diagnostic::error(code::TYPE_ARGUMENTS, arguments[takes].span, message).hint(hint));
        }
        let mut item = || Arc::new(if inner.is_empty() { Shape::Any } else { inner.swap_remove(0) });
        let range = self.range(bounds);
        let pattern = self.regex(bounds);
        let (shape, takes_range, takes_pattern) = match &*word {
            "string" => (Shape::Text(range, pattern), true, true),
            "int" => (Shape::Int(range), true, false),
            "float" => (Shape::Float(range), true, false),
            "list" => (Shape::List(item(), range), true, false),
            "set" => (Shape::Set(item(), range), true, false),
            "map" => (Shape::Map(item(), range), true, false),
            "bool" => (Shape::Bool, false, false),
            "any" => (Shape::Any, false, false),
            "bytes" => (Shape::Bytes, false, false),
            "secret" => (Shape::Secret, false, false),
            "email" => (Shape::Email, false, false),
            "url" => (Shape::Url, false, false),
            "date" => (Shape::Date, false, false),
            "datetime" => (Shape::DateTime, false, false),
            "duration" => (Shape::Duration, false, false),
            "uuid" => (Shape::Uuid, false, false),
            _ => (self.declared(place, name, known), false, false),
        };
        match bounds {
            Some(ast::Bounds::Range { span, .. }) if is_there && !takes_range => {
                let message = format!("`{word}` takes no bounds");
                self.report(
                    Diagnostic::error(code::TYPE_ARGUMENTS, *span, message)
                        .hint("bounds stand behind `string`, `int`, `float`, `list`, `set` and `map`"),
                );
            }
            Some(ast::Bounds::Pattern { span, .. }) if is_there && !takes_pattern => {
                let message = format!("`{word}` takes no pattern");
                self.report(
                    Diagnostic::error(code::TYPE_ARGUMENTS, *span, message).hint("write `string(/.../)` instead"),
                );
            }
            Some(_) | None => {}
        }
        shape
    }

    fn range(&mut self, bounds: Option<&ast::Bounds>) -> Bounds {
        let Some(ast::Bounds::Range { min, max, span }) = bounds else { return Bounds::NONE };
        if let (Some(low), Some(high)) = (min, max)
            && low > high
        {
            let message = format!("no value is at least {low} and at most {high}");
            self.report(Diagnostic::error(code::TYPE_ARGUMENTS, *span, message).fix(
                "swap the bounds",
                *span,
                format!("({high}..{low})"),
            ));
            return Bounds::NONE;
        }
        Bounds { min: *min, max: *max }
    }

    fn regex(&mut self, bounds: Option<&ast::Bounds>) -> Option<Arc<str>> {
        let Some(ast::Bounds::Pattern { pattern, span }) = bounds else { return None };
        match regex::Regex::new(pattern) {
            Ok(_) => Some(pattern.clone()),
            Err(error) => {
                // The last line of the report says what is wrong, the lines above draw the pattern.
                let text = error.to_string();
                let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
                let message = format!("this is no regular expression: {reason}");
                self.report(Diagnostic::error(code::TYPE_ARGUMENTS, *span, message));
                None
            }
        }
    }

    /// A type with a name of its own.
    fn declared(&mut self, place: usize, path: &ast::Path, known: Known<'_>) -> Shape {
        if let Some((tree, name)) = self.locate(place, path)
            && let Some(shape) = known(tree, &name)
        {
            return shape;
        }
        if self.is_broken(place, path) {
            return Shape::Any;
        }
        let word = path.dotted();
        let absent =
            matches!(&*word.to_lowercase(), "null" | "nil" | "none" | "undefined" | "optional" | "option" | "maybe");
        let mut diagnostic = Diagnostic::error(code::UNKNOWN_TYPE, path.span, format!("there is no type `{word}`"));
        if absent {
            diagnostic = diagnostic.hint("what may be absent has a `?` behind its type: `string?`");
        } else if let Some((_, here)) = FOREIGN.iter().find(|(foreign, _)| *foreign == word.to_lowercase()) {
            diagnostic = diagnostic.fix(format!("it is called `{here}` here"), path.span, *here);
        } else {
            let own = self.type_names(place);
            diagnostic = diagnostic.near(&word, path.span, own.iter().map(String::as_str).chain(BUILT_IN));
        }
        if diagnostic.hints.is_empty() {
            diagnostic = diagnostic.hint(format!("declare it: `type {word} {{ ... }}`"));
        }
        self.report(diagnostic);
        Shape::Any
    }

    /// Whether the declaration stands in text that could not be read.
    fn is_broken(&self, place: usize, path: &ast::Path) -> bool {
        let Some((tree, name)) = self.locate(place, path) else { return false };
        self.trees.get(tree).is_some_and(|tree| tree.program.poisoned.iter().any(|broken| broken.text == name))
    }

    fn type_names(&self, place: usize) -> Vec<String> {
        let Some(tree) = self.trees.get(place) else { return Vec::new() };
        let used = tree.uses.iter().map(|(alias, place)| (format!("{alias}."), *place));
        let mut names = Vec::new();
        for (prefix, place) in std::iter::once((String::new(), place)).chain(used) {
            let Some(tree) = self.trees.get(place) else { continue };
            for declaration in &tree.program.declarations {
                if let ast::Declaration::Type(ty) = declaration {
                    names.push(format!("{prefix}{}", ty.name.text));
                }
            }
        }
        names
    }
}

/// Every name in a type that might be a declared one.
fn names_in<'t>(ty: &'t ast::Type, names: &mut Vec<&'t ast::Path>) {
    match &ty.kind {
        ast::TypeKind::Named { name, arguments, .. } => {
            names.push(name);
            arguments.iter().for_each(|argument| names_in(argument, names));
        }
        ast::TypeKind::Object(fields) => {
            fields.iter().filter_map(|field| field.ty.as_ref()).for_each(|ty| names_in(ty, names));
        }
        ast::TypeKind::Union(members) => members.iter().for_each(|member| names_in(member, names)),
        ast::TypeKind::Literal(_) => {}
    }
}

/// The value of something written, if it is known before the run.
pub fn constant(value: &ast::Value) -> Option<Value> {
    match value {
        ast::Value::Expr(expr) => {
            script::compile(&expr.source, expr.span, script::Form::Expression, &script::Library::default())
                .ok()?
                .constant()
                .cloned()
        }
        ast::Value::Object(object) => object
            .fields
            .iter()
            .map(|field| Some((field.key.text.clone(), constant(&field.value)?)))
            .collect::<Option<Vec<_>>>()
            .map(Value::map),
        ast::Value::List(list) => list.items.iter().map(constant).collect::<Option<Vec<_>>>().map(Value::list),
    }
}
