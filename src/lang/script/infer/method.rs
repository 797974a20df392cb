//! Functions and methods on what they do not take. Only what is sure is said: of Rhai's methods those that are called most.

use super::super::functions::{self, FixedFunction};
use super::super::tree::{Name, Node};
use super::Wrong;
use super::wrong::Class::{self, Bool, Date, DateTime, Duration, List, Map, Number, Set, Text};
use super::wrong::class;
use crate::base::shape::Shape;
use crate::base::value::Value;

/// What a function takes first.
enum Taken {
    /// A function of the language says it by its signature.
    Signature(&'static FixedFunction),
    /// A method of Rhai.
    Classes(&'static [Class]),
}

impl Taken {
    /// Whether a value of this type may be taken.
    fn takes(&self, shape: &Shape) -> bool {
        let Some(given) = class(shape) else { return true };
        match self {
            Self::Signature(fixed) => fixed.params.first().is_none_or(|first| goes(&first.shape, given)),
            Self::Classes(classes) => classes.contains(&given),
        }
    }
}

impl std::fmt::Display for Taken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Signature(fixed) => write!(f, "it is `{}`", fixed.signature),
            Self::Classes(classes) => {
                let names: Vec<&str> = classes.iter().map(|class| plural(*class)).collect();
                write!(f, "it is for {}", names.join(", "))
            }
        }
    }
}

fn plural(class: Class) -> &'static str {
    match class {
        Bool => "bools",
        Number => "numbers",
        Text => "texts",
        DateTime => "moments",
        Date => "days",
        Duration => "durations",
        List => "lists",
        Set => "sets",
        Map => "maps",
    }
}

/// Methods of Rhai: what they are for, and how many arguments they take behind that.
const METHODS: [(&str, &[Class], usize, usize); 34] = [
    ("abs", &[Number, Duration], 0, 0),
    ("all", &[List, Set], 1, 1),
    ("ceiling", &[Number], 0, 0),
    ("chars", &[Text], 0, 2),
    ("ends_with", &[Text], 1, 1),
    ("filter", &[List, Set, Map], 1, 1),
    ("find", &[List, Set], 1, 2),
    ("find_map", &[List, Set], 1, 2),
    ("floor", &[Number], 0, 0),
    ("for_each", &[List, Set, Map], 1, 1),
    ("index_of", &[List, Text], 1, 3),
    ("is_empty", &[Text, List, Set, Map], 0, 0),
    ("is_even", &[Number], 0, 0),
    ("is_odd", &[Number], 0, 0),
    ("keys", &[Map], 0, 0),
    ("len", &[Text, List, Set, Map], 0, 0),
    ("make_lower", &[Text], 0, 0),
    ("make_upper", &[Text], 0, 0),
    ("map", &[List, Set, Map], 1, 1),
    ("parse_float", &[Text], 0, 0),
    ("parse_int", &[Text], 0, 1),
    ("reduce", &[List, Set], 1, 2),
    ("reduce_rev", &[List, Set], 1, 2),
    ("round", &[Number], 0, 1),
    ("some", &[List, Set], 1, 1),
    ("split", &[Text, List], 0, 2),
    ("sqrt", &[Number], 0, 0),
    ("starts_with", &[Text], 1, 1),
    ("sub_string", &[Text], 1, 2),
    ("to_chars", &[Text], 0, 0),
    ("to_float", &[Number, Text], 0, 0),
    ("to_lower", &[Text], 0, 0),
    ("to_upper", &[Text], 0, 0),
    ("values", &[Map], 0, 0),
];

/// A function whose first argument is `receiver`, with those behind it, if it never takes them.
pub(super) fn misapplied(name: &Name, receiver: &Shape, args: &[Node], given: &[Shape]) -> Option<Wrong> {
    let wrong = |taken: Taken| Wrong::Receiver {
        name: name.text.clone(),
        of: receiver.clone(),
        of_items: matches!(receiver, Shape::List(item, _) if class(item).is_some() && taken.takes(item)),
        takes: taken.to_string(),
        span: name.span,
    };
    let known = class(receiver);
    // A map may hold a closure by this name.
    if matches!(receiver, Shape::Object(object) if object.fields.iter().any(|field| field.name == name.text)) {
        return None;
    }
    if let Some(fixed) = functions::fixed(&name.text) {
        // Rhai has some of the same name for other types.
        if functions::is_rhai(&name.text) {
            return None;
        }
        if let (Some(first), Some(known)) = (fixed.params.first(), known)
            && (!goes(&first.shape, known) || (fixed.name == "format" && !matches!(known, DateTime | Date)))
        {
            return Some(wrong(Taken::Signature(fixed)));
        }
        return argument(fixed, name, args, given).or_else(|| pattern(fixed, args, receiver));
    }
    let (_, classes, least, most) = METHODS.iter().find(|(method, ..)| *method == &*name.text)?;
    if !classes.contains(&known?) {
        return Some(wrong(Taken::Classes(classes)));
    }
    let given = args.len();
    let counts = (*least..=*most).contains(&given);
    (!counts).then(|| Wrong::Arguments { name: name.text.clone(), least: *least, most: *most, given, span: name.span })
}

/// An argument behind the first that a function of the language never takes.
fn argument(fixed: &'static FixedFunction, name: &Name, args: &[Node], given: &[Shape]) -> Option<Wrong> {
    let params = fixed.params.iter().skip(1);
    let (param, given, arg) = params
        .zip(given)
        .zip(args)
        .map(|((param, given), arg)| (param, given, arg))
        .find(|(param, given, _)| class(given.present()).is_some_and(|class| !goes(&param.shape, class)))?;
    Some(Wrong::Argument {
        name: name.text.clone(),
        param: param.name,
        wanted: param.shape.present().clone(),
        given: given.clone(),
        signature: fixed.signature,
        span: arg.span,
    })
}

/// A pattern without `%` for what is known to be a moment, a day or their text.
fn pattern(fixed: &FixedFunction, args: &[Node], receiver: &Shape) -> Option<Wrong> {
    let known = matches!(receiver, Shape::DateTime | Shape::Date) || fixed.name == "parse";
    let Some(Value::Text(pattern)) = args.first()?.constant() else { return None };
    (known && matches!(fixed.name, "format" | "parse") && !pattern.contains('%'))
        .then(|| Wrong::Pattern { pattern, span: args[0].span })
}

/// Whether a parameter may take a value of this class: what goes through items takes sets as well.
fn goes(param: &Shape, given: Class) -> bool {
    class(param.present()).is_none_or(|wanted| wanted == given || (wanted, given) == (List, Set))
}
