//! The functions of JSONata by those of ours.

use super::help;
use super::tree::Node;
use super::write::{Scope, Written};
use crate::lang::foreign::states::document::Document;
use crate::lang::foreign::states::help as more;
use crate::lang::foreign::states::machine::Machine;
use crate::lang::foreign::term::Term;

/// What a call gives.
pub fn call(machine: &mut Machine<'_>, name: &str, given: &[Node], scope: &Scope<'_>) -> Written<Document> {
    if let Some(done) = on_many(machine, name, given, scope)? {
        return Ok(done);
    }
    let terms: Written<Vec<Term>> = given.iter().map(|node| machine.term_of(node, scope)).collect();
    let terms = terms?;
    let tight: Vec<String> = terms.iter().map(Term::tight).collect();
    let plain: Vec<String> = terms.iter().map(Term::expression).collect();
    let tight: Vec<&str> = tight.iter().map(String::as_str).collect();
    let mut helped = |name: &'static str, text: &'static str| machine.draft.function(name, text);
    let code = match (name, tight.as_slice()) {
        ("string", [value]) if matches!(given[0], Node::Text(_)) => (*value).to_owned(),
        ("string", [_]) => format!("\"${{{}}}\"", plain[0]),
        ("length", [text]) => format!("{text}.len()"),
        ("uppercase", [text]) => format!("{text}.to_upper()"),
        ("lowercase", [text]) => format!("{text}.to_lower()"),
        ("trim", [text]) => format!("{text}.trimmed()"),
        ("contains", [text, part]) => format!("{text}.contains({part})"),
        ("split", [text, by]) => format!("{text}.split({by})"),
        ("substring", [text, rest @ ..]) => format!("{text}.sub_string({})", rest.join(", ")),
        ("substringBefore", [text, by]) => format!("{text}.split({by})[0]"),
        ("substringAfter", [text, by]) => {
            helped("text_after", help::TEXT_AFTER);
            format!("text_after({text}, {by})")
        }
        ("replace", [text, from, to]) => format!("{text}.split({from}).join({to})"),
        ("number", [value]) => {
            helped("number", help::NUMBER);
            format!("number({value})")
        }
        ("abs", [number]) => format!("{number}.abs()"),
        ("floor", [number]) => {
            helped("whole", help::WHOLE);
            format!("whole({number}.to_float().floor())")
        }
        ("ceil", [number]) => {
            helped("whole", help::WHOLE);
            format!("whole({number}.to_float().ceiling())")
        }
        ("round", [number]) => {
            helped("whole", help::WHOLE);
            format!("whole({number}.to_float().round())")
        }
        ("sqrt", [number]) => {
            helped("whole", help::WHOLE);
            format!("whole({number}.to_float().sqrt())")
        }
        ("power", [number, by]) => return Ok(Document::Term(Term::Code(format!("{number} ** {by}")))),
        ("not", [_]) => {
            return Ok(Document::Term(Term::Code(format!("!{}", in_brackets(&machine.truth(&given[0], scope)?)))));
        }
        ("boolean", [_]) => machine.truth(&given[0], scope)?,
        ("exists", [_]) => {
            let value = machine.tight(&given[0], &scope.soft())?;
            return Ok(Document::Term(Term::Code(format!("{value} != ()"))));
        }
        ("merge", [_]) => match &given[0] {
            Node::List(_) => match &terms[0] {
                Term::List(maps) if !maps.is_empty() => {
                    let maps: Vec<String> = maps.iter().map(Term::tight).collect();
                    return Ok(Document::Term(Term::Code(maps.join(" + "))));
                }
                _ => "#{}".to_owned(),
            },
            _ => format!("{}.reduce(|all, one| all + one, #{{}})", tight[0]),
        },
        ("keys", [map]) => format!("{map}.keys()"),
        ("lookup", [map, key]) => format!("{map}?[{key}]"),
        ("list", [value]) => {
            let value = (*value).to_owned();
            machine.as_list(value)
        }
        ("now", []) => "now()".to_owned(),
        ("uuid", []) => "uuid()".to_owned(),
        ("random", [] | [_]) => "random()".to_owned(),
        ("parse", [text]) => format!("parse_json({text})"),
        ("partition", [list, size]) => format!("chunks({list}, {size})"),
        ("range", [first, last, apart]) => {
            helped("array_range", more::ARRAY_RANGE);
            format!("array_range({first}, {last}, {apart})")
        }
        ("hash", [value, algorithm]) if *algorithm == "\"SHA-256\"" => format!("sha256({value})"),
        ("base64encode", [text]) => format!("base64({text})"),
        ("base64decode", [text]) => {
            helped("base64_decode", more::BASE64_DECODE);
            format!("base64_decode({text})")
        }
        ("encodeUrlComponent", [text]) => format!("url_encode({text})"),
        ("type", [value]) => {
            helped("kind_of", help::KIND_OF);
            format!("kind_of({value})")
        }
        ("error", [message]) => {
            helped("raised", help::RAISED);
            format!("raised({message})")
        }
        _ => return Err(format!("`${name}`")),
    };
    Ok(Document::Path(code))
}

/// Functions on lists: what they are given may be a field of many.
fn on_many(machine: &mut Machine<'_>, name: &str, given: &[Node], scope: &Scope<'_>) -> Written<Option<Document>> {
    let ([first, rest @ ..], true) = (given, is_on_many(name)) else { return Ok(None) };
    let list = machine.many(first, scope)?;
    let list = machine.as_list(list);
    let code = match (name, rest) {
        ("sum" | "max" | "min", []) => format!("{list}.{name}()"),
        ("average", []) => {
            machine.draft.function("divided", help::DIVIDED);
            format!("divided({list}.sum(), {list}.len())")
        }
        ("count", []) => format!("{list}.len()"),
        ("join", []) => format!("{list}.join(\"\")"),
        ("join", [by]) => format!("{list}.join({})", machine.code(by, scope)?),
        ("distinct", []) => format!("{list}.unique()"),
        ("sort", []) => format!("{list}.sorted()"),
        ("reverse", []) => {
            machine.draft.function("reversed", help::REVERSED);
            format!("reversed({list})")
        }
        ("append", [more]) => {
            let more = machine.code(more, scope)?;
            let more = machine.as_list(more);
            return Ok(Some(Document::Term(Term::Code(format!("{list} + {more}")))));
        }
        ("map", [by]) => format!("{list}.map({})", machine.closure(by, 2, scope)?),
        ("filter", [Node::Function(names, body)]) => {
            // The body is a condition.
            let names = names.clone();
            let body = Node::Call("boolean".to_owned(), vec![(**body).clone()]);
            let by = machine.closure(&Node::Function(names, Box::new(body)), 2, scope)?;
            machine.draft.function("found", help::FOUND);
            format!("found({list}.filter({by}))")
        }
        ("reduce", [by]) => {
            machine.draft.function("rest", help::REST);
            format!("rest({list}).reduce({}, {list}[0])", machine.closure(by, 2, scope)?)
        }
        ("reduce", [by, start]) => {
            let start = machine.code(start, scope)?;
            format!("{list}.reduce({}, {start})", machine.closure(by, 2, scope)?)
        }
        ("zip", [other]) => format!("zip({list}, {})", machine.code(other, scope)?),
        _ => return Err(format!("`${name}` with so many parameters")),
    };
    Ok(Some(Document::Path(code)))
}

fn is_on_many(name: &str) -> bool {
    matches!(
        name,
        "sum"
            | "max"
            | "min"
            | "average"
            | "count"
            | "join"
            | "distinct"
            | "sort"
            | "reverse"
            | "append"
            | "map"
            | "filter"
            | "reduce"
            | "zip"
    )
}

/// A condition that a `!` stands before.
fn in_brackets(condition: &str) -> String {
    if condition.starts_with("truthy(") { condition.to_owned() } else { format!("({condition})") }
}
