//! Types: which values they take, what becomes of these, and how types stand to each other.

use std::sync::Arc;

use orchestra_flow::base::shape::{Bounds, Field, Fit, Lookup, Object, Shape};
use orchestra_flow::base::value::Value;
use serde_json::{Value as Json, json};

const fn bounds(min: Option<f64>, max: Option<f64>) -> Bounds {
    Bounds { min, max }
}

fn at_least(min: f64) -> Bounds {
    bounds(Some(min), None)
}

fn one_of(values: &[&str]) -> Shape {
    Shape::OneOf(values.iter().map(|value| Value::from(*value)).collect())
}

fn with_default(name: &str, shape: Shape, default: Value) -> Field {
    Field { name: name.into(), shape, default: Some(default), doc: None }
}

fn line() -> Shape {
    Shape::Object(
        Object {
            name: Some("Line".into()),
            fields: vec![
                Field { name: "sku".into(), shape: Shape::text(), default: None, doc: Some("What is sold.".into()) },
                with_default("n", Shape::Int(at_least(1.0)), Value::Int(1)),
                Field { name: "note".into(), shape: Shape::text().optional(), default: None, doc: None },
            ],
        }
        .into(),
    )
}

fn order() -> Shape {
    Shape::object([
        ("lines", Shape::List(line().into(), at_least(1.0))),
        ("kind", one_of(&["card", "cash"])),
        ("due", Shape::DateTime.optional()),
    ])
}

/// What becomes of a value, or every misfit on a line of its own.
fn checked(shape: &Shape, value: Json) -> String {
    match shape.check(&Value::from_json(value)) {
        Ok(value) => value.to_json().to_string(),
        Err(misfits) => misfits.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    }
}

#[test]
fn values_become_what_their_type_wants() {
    let cases = [
        (Shape::float(), json!(3), "3.0"),
        (Shape::int(), json!(3.0), "3"),
        (Shape::int(), json!(3.5), "must be an int, is the number 3.5"),
        (Shape::text(), json!(3), "must be a string, is the number 3"),
        (Shape::text().optional(), json!(null), "null"),
        (Shape::text(), json!(null), "must be a string, is absent"),
        (Shape::DateTime, json!("2026-03-29T10:30:00+02:00"), "\"2026-03-29T10:30:00+02:00\""),
        (Shape::DateTime, json!("2026-03-29T10:30:00Z"), "\"2026-03-29T10:30:00Z\""),
        (
            Shape::DateTime,
            json!("2026-03-29 10:30"),
            "must be a datetime, is the string \"2026-03-29 10:30\": a datetime looks like `2026-03-29T10:30:00Z`, with a zone or an offset",
        ),
        (Shape::Date, json!("2026-03-29"), "\"2026-03-29\""),
        (Shape::Duration, json!("90m"), "\"1h30m\""),
        (Shape::Bytes, json!("aGk="), "\"aGk=\""),
        (Shape::Email, json!("ada@example.com"), "\"ada@example.com\""),
        (
            Shape::Email,
            json!("ada"),
            "must be an email, is the string \"ada\": an address looks like `ada@example.com`",
        ),
        (Shape::Url, json!("https://example.com/a?b"), "\"https://example.com/a?b\""),
        (Shape::Set(Shape::int().into(), Bounds::NONE), json!([1, 2, 1]), "[1,2]"),
        (Shape::Text(bounds(Some(2.0), Some(3.0)), None), json!("é"), "must have at least 2 characters, has 1"),
        (Shape::Text(Bounds::NONE, Some("^[A-Z]+$".into())), json!("a"), "must match /^[A-Z]+$/, is the string \"a\""),
        (Shape::Int(bounds(Some(0.0), Some(9.0))), json!(10), "must be at most 9, is 10"),
        (
            one_of(&["card", "cash"]),
            json!("cahs"),
            "must be \"card\" | \"cash\", is the string \"cahs\"; did you mean \"cash\"?",
        ),
        (Shape::Union([Shape::text(), Shape::list(Shape::text())].into()), json!(["a"]), "[\"a\"]"),
        (
            Shape::Map(Shape::int().into(), Bounds::NONE),
            json!({ "a-b": "x" }),
            "`[\"a-b\"]` must be an int, is the string \"x\"",
        ),
        (Shape::Any, json!({ "a": [1, null] }), "{\"a\":[1,null]}"),
    ];
    for (shape, value, expected) in cases {
        assert_eq!(checked(&shape, value.clone()), expected, "{value} as {shape}");
    }
}

#[test]
fn all_faults_are_named_at_once_by_path() {
    let value = json!({ "lines": [{ "n": 0 }, { "sku": "a", "nte": "x" }], "kind": "crad", "paid": true });
    assert_eq!(
        checked(&order(), value),
        "`lines[0].sku` is missing: a string is required\n\
         `lines[0].n` must be at least 1, is 0\n\
         `lines[1].nte` is not known here: did you mean `note`?\n\
         `kind` must be \"card\" | \"cash\", is the string \"crad\"; did you mean \"card\"?\n\
         `paid` is not known here: known are `lines`, `kind`, `due`"
    );
}

#[test]
fn defaults_and_absent_fields_are_filled_in() {
    let filled = checked(&order(), json!({ "lines": [{ "sku": "a" }], "kind": "card" }));
    assert_eq!(filled, r#"{"lines":[{"sku":"a","n":1,"note":null}],"kind":"card","due":null}"#);
}

#[test]
fn answers_may_hold_more_and_keep_it() {
    let value = Value::from_json(json!({ "sku": "a", "more": 1 }));
    assert!(line().check(&value).is_err());
    let kept = line().check_answer(&value).map(|value| value.to_json());
    assert_eq!(kept, Ok(json!({ "sku": "a", "n": 1, "note": null, "more": 1 })));
}

#[test]
fn of_many_misfits_the_first_are_named() {
    let many = json!(vec!["x"; 100_000]);
    let misfits = Shape::list(Shape::int()).check(&Value::from_json(many)).expect_err("texts are no numbers");
    assert_eq!(misfits.len(), orchestra_flow::base::limit::MISFITS_MAX);
}

#[test]
fn types_stand_to_each_other() {
    let number = Shape::Union([Shape::int(), Shape::float()].into());
    let cases = [
        (Shape::text(), Shape::Any, Fit::Perhaps),
        (Shape::Any, Shape::text(), Fit::Surely),
        (Shape::text(), Shape::text().optional(), Fit::IfPresent),
        (Shape::text().optional(), Shape::Unit, Fit::Surely),
        (Shape::text(), Shape::Unit, Fit::Never),
        (Shape::text(), Shape::int(), Fit::Never),
        (Shape::text(), Shape::Email, Fit::Surely),
        (Shape::text(), Shape::DateTime, Fit::Perhaps),
        (Shape::Email, Shape::text(), Fit::Perhaps),
        (Shape::float(), Shape::int(), Fit::Surely),
        (Shape::int(), Shape::float(), Fit::Perhaps),
        (Shape::Int(at_least(5.0)), Shape::Int(bounds(None, Some(4.0))), Fit::Never),
        (Shape::Int(at_least(5.0)), Shape::Int(at_least(6.0)), Fit::Surely),
        (one_of(&["a", "b"]), one_of(&["a"]), Fit::Surely),
        (one_of(&["a", "b"]), one_of(&["b", "c"]), Fit::Perhaps),
        (one_of(&["a", "b"]), one_of(&["c"]), Fit::Never),
        (one_of(&["a", "b"]), Shape::text(), Fit::Perhaps),
        (one_of(&["a", "b"]), Shape::int(), Fit::Never),
        (number.clone(), Shape::int(), Fit::Surely),
        (number, Shape::text(), Fit::Never),
        (Shape::list(Shape::int()), Shape::list(Shape::text()), Fit::Never),
        (Shape::list(Shape::int()), Shape::list(Shape::Any), Fit::Perhaps),
        (line(), Shape::object([("sku", Shape::text())]), Fit::Surely),
        (line(), Shape::object([("n", Shape::int())]), Fit::Never),
        (line(), Shape::object([("sku", Shape::text()), ("more", Shape::Bool)]), Fit::Surely),
        (line(), Shape::Map(Shape::Any.into(), Bounds::NONE), Fit::Perhaps),
        (Shape::Map(Shape::text().into(), Bounds::NONE), Shape::object([("a", Shape::int())]), Fit::Never),
    ];
    for (wanted, given, fit) in cases {
        assert_eq!(wanted.accepts(&given), fit, "{given} where {wanted} is wanted");
    }
}

#[test]
fn what_fits_surely_is_never_refused() {
    let values = [json!(null), json!(true), json!(3), json!(3.5), json!("a"), json!([1]), json!({ "sku": "a" })];
    let shapes = [
        Shape::Unit,
        Shape::Bool,
        Shape::int(),
        Shape::float(),
        Shape::text(),
        Shape::text().optional(),
        one_of(&["a"]),
        Shape::list(Shape::int()),
        line(),
        Shape::Union([Shape::int(), Shape::text()].into()),
    ];
    for wanted in &shapes {
        for given in &shapes {
            for value in &values {
                let value = Value::from_json(value.clone());
                let Ok(value) = given.check_answer(&value) else { continue };
                let taken = wanted.check_answer(&value).is_ok();
                match wanted.accepts(given) {
                    Fit::Surely => assert!(taken, "{value} is {given}, but not {wanted}"),
                    Fit::Never => assert!(!taken, "{value} is {given}, and {wanted} after all"),
                    Fit::IfPresent => assert!(taken != value.is_unit(), "{value} is {given}, wanted {wanted}"),
                    Fit::Perhaps => {}
                }
            }
        }
    }
}

#[test]
fn a_join_takes_both_in() {
    let shapes = [
        Shape::Unit,
        Shape::int(),
        Shape::float(),
        Shape::text(),
        Shape::Email,
        one_of(&["a"]),
        one_of(&["b"]),
        Shape::list(Shape::int()),
        Shape::list(Shape::text()),
        line(),
        Shape::object([("sku", Shape::int()), ("x", Shape::Bool)]),
    ];
    for one in &shapes {
        for other in &shapes {
            let both = one.join(other);
            assert_eq!(both.accepts(one), Fit::Surely, "{one} in {both}");
            assert_eq!(both.accepts(other), Fit::Surely, "{other} in {both}");
        }
    }
}

#[test]
fn paths_lead_into_types() {
    let found = |shape: &Shape, name: &str| match shape.field(name) {
        Lookup::Found(shape) => shape.to_string(),
        Lookup::Missing(known) => format!("missing, there are {}", known.join(" ")),
        Lookup::NoFields => "no fields".to_owned(),
    };
    assert_eq!(found(&order(), "kind"), "\"card\" | \"cash\"");
    assert_eq!(found(&order(), "due"), "datetime?");
    assert_eq!(found(&order(), "dew"), "missing, there are lines kind due");
    assert_eq!(found(&line(), "n"), "int(1..)");
    assert_eq!(found(&Shape::text(), "len"), "int");
    assert_eq!(found(&Shape::text(), "first"), "no fields");
    assert_eq!(found(&Shape::Any, "x"), "any");
    assert_eq!(order().field("lines"), Lookup::Found(Shape::List(line().into(), at_least(1.0))));
}

#[test]
fn types_are_written_as_in_programs() {
    let cases = [
        (Shape::Text(bounds(Some(1.0), Some(80.0)), None), "string(1..80)"),
        (Shape::Int(at_least(0.0)), "int(0..)"),
        (Shape::List(Shape::Any.into(), bounds(None, Some(100.0))), "list<any>(..100)"),
        (one_of(&["a", "b"]).optional(), "\"a\" | \"b\"?"),
        (Shape::list(line()), "list<Line>"),
        (Shape::object([("id", Shape::text()), ("at", Shape::DateTime.optional())]), "{ id: string, at: datetime? }"),
        (Shape::Text(Bounds::NONE, Some("^a/b$".into())), "string(/^a\\/b$/)"),
    ];
    for (shape, expected) in cases {
        assert_eq!(shape.to_string(), expected);
    }
}

#[test]
fn types_are_json_schemas() {
    assert_eq!(
        order().to_json_schema(),
        json!({
            "type": "object",
            "properties": {
                "lines": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "title": "Line",
                        "properties": {
                            "sku": { "type": "string", "description": "What is sold." },
                            "n": { "type": "integer", "minimum": 1, "default": 1 },
                            "note": { "type": ["string", "null"] },
                        },
                        "required": ["sku"],
                        "additionalProperties": false,
                    },
                    "minItems": 1,
                },
                "kind": { "enum": ["card", "cash"] },
                "due": { "type": ["string", "null"], "format": "date-time" },
            },
            "required": ["lines", "kind"],
            "additionalProperties": false,
        })
    );
    let union: Shape = Shape::Union(Arc::from([Shape::text(), Shape::int()]));
    assert_eq!(union.to_json_schema(), json!({ "anyOf": [{ "type": "string" }, { "type": "integer" }] }));
}
