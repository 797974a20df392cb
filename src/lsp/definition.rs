//! Where a name is declared, and where it is used: in this program, and in every other that the same text takes part in.

use std::collections::BTreeSet;

use lsp_types::Location;
use serde_json::{Value, json};

use super::look::Look;
use super::place::{PROGRAM, Place};
use crate::base::span::Span;

/// A stretch of a text as written, by the path of the text.
pub type Spot = (String, u32, u32);

/// Where the name at a place is declared.
pub fn definition(place: &Place<'_>) -> Value {
    let look = place.look();
    let Some((_, mention)) = look.index().at(PROGRAM, place.offset) else { return used_file(place) };
    let spots = mention.declared.iter().map(|span| look.location(look.study.written(*span), place.desk.encoding));
    json!(spots.collect::<Vec<Location>>())
}

/// The file whose path stands behind `use` at a place.
fn used_file(place: &Place<'_>) -> Value {
    let look = place.look();
    let Some(outline) = look.outline(PROGRAM) else { return Value::Null };
    let offset = u32::try_from(place.offset).unwrap_or(u32::MAX);
    let entry = outline.entries.iter().find(|entry| {
        let span = look.study.written(entry.span);
        entry.kind == super::outline::Kind::Use && span.start <= offset && offset <= span.end
    });
    let Some(entry) = entry else { return Value::Null };
    let used = look.study.trees.iter().find(|tree| {
        look.path(tree.program.file).ends_with(entry.name.trim_start_matches("./").trim_start_matches("../"))
    });
    match used {
        Some(tree) => json!([look.location(Span::new(tree.program.file, 0..0), place.desk.encoding)]),
        None => Value::Null,
    }
}

/// Every place of the name at a place.
pub fn references(place: &Place<'_>) -> Value {
    let declared_too = place.params["context"]["includeDeclaration"].as_bool().unwrap_or(true);
    let Some(found) = everywhere(place) else { return Value::Null };
    let spots = found.uses.iter().filter(|spot| declared_too || !found.declared.contains(*spot));
    json!(spots.filter_map(|spot| location(place, spot)).collect::<Vec<Location>>())
}

/// The places of the name at a place in the same text.
pub fn highlights(place: &Place<'_>) -> Value {
    let Some(found) = here(place) else { return Value::Null };
    let lines = place.lines();
    let own = found.uses.iter().filter(|spot| spot.0 == place.path);
    let ranges = own.map(|(_, start, end)| json!({ "range": lines.range(*start as usize..*end as usize) }));
    json!(ranges.collect::<Vec<Value>>())
}

/// A thing with a name, and where that stands.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Where it is declared.
    pub declared: BTreeSet<Spot>,
    /// Where its name stands, declarations too.
    pub uses: BTreeSet<Spot>,
}

/// The thing named at a place, in this program alone.
pub fn here(place: &Place<'_>) -> Option<Found> {
    let look = place.look();
    let (_, mention) = look.index().at(PROGRAM, place.offset)?;
    if mention.declared.is_empty() {
        return None;
    }
    let declared = look.index().declarations(&mention.declared);
    let spots = declared.iter().map(|span| spot(look, look.study.written(*span))).collect();
    let mut found = Found { declared: spots, uses: BTreeSet::new() };
    found.take(look);
    Some(found)
}

/// The thing named at a place, in every program that is known.
pub fn everywhere(place: &Place<'_>) -> Option<Found> {
    let mut found = here(place)?;
    let name = name_of(place)?;
    for path in place.desk.programs() {
        let speaks = place.desk.text(&path).and_then(Result::ok).is_some_and(|text| text.contains(&*name));
        if path != place.path
            && speaks
            && let Some(look) = place.desk.look(&path)
        {
            found.take(&look);
        }
    }
    Some(found)
}

/// The word at a place.
pub fn name_of(place: &Place<'_>) -> Option<String> {
    let (span, _) = place.look().index().at(PROGRAM, place.offset)?;
    Some(place.look().study.sources.text(span).trim_matches('"').to_owned())
}

impl Found {
    /// Takes in where a program names the thing.
    fn take(&mut self, look: &Look) {
        for (span, mention) in look.index().all() {
            let names = |declared: &Span| self.declared.contains(&spot(look, look.study.written(*declared)));
            if mention.declared.iter().any(names) {
                self.uses.insert(spot(look, span));
            }
        }
    }
}

fn spot(look: &Look, span: Span) -> Spot {
    (look.path(span.file).to_owned(), span.start, span.end)
}

/// A spot as the editor counts.
pub fn location(place: &Place<'_>, (path, start, end): &Spot) -> Option<Location> {
    let text = place.desk.text(path)?.ok()?;
    let lines = super::position::Lines::new(&text, place.desk.encoding);
    Some(Location { uri: place.desk.uri(path), range: lines.range(*start as usize..*end as usize) })
}
