//! The header `Link` (RFC 8288), as far as paging reads it.

use reqwest::header::{HeaderMap, LINK};

/// The address of the first link with `rel="next"`, in whichever of the headers it stands.
pub fn next(headers: &HeaderMap) -> Option<String> {
    headers.get_all(LINK).iter().filter_map(|header| header.to_str().ok()).find_map(next_in)
}

fn next_in(header: &str) -> Option<String> {
    let mut rest = header;
    loop {
        // What stands before an address says nothing.
        let (address, behind) = rest.split_once('<')?.1.split_once('>')?;
        let (is_next, behind) = attributes(behind);
        if is_next {
            return Some(address.trim().to_owned());
        }
        rest = behind;
    }
}

/// Reads the attributes of one link: whether it is the next, and what stands behind it. A comma ends a link only outside of quotes.
fn attributes(text: &str) -> (bool, &str) {
    let mut relations: Option<String> = None;
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ';']);
        if rest.is_empty() || rest.starts_with(',') {
            let is_next =
                relations.is_some_and(|all| all.split_whitespace().any(|one| one.eq_ignore_ascii_case("next")));
            return (is_next, rest);
        }
        let end = rest.find(['=', ';', ',']).unwrap_or(rest.len());
        let (name, behind) = rest.split_at(end);
        let Some(value) = behind.strip_prefix('=') else {
            rest = behind;
            continue;
        };
        let (value, behind) = match value.trim_start().strip_prefix('"') {
            Some(quoted) => unquoted(quoted),
            None => {
                let end = value.find([';', ',']).unwrap_or(value.len());
                (value[..end].trim().to_owned(), &value[end..])
            }
        };
        // Of several the first counts (RFC 8288, 3.3).
        if name.trim().eq_ignore_ascii_case("rel") {
            relations.get_or_insert(value);
        }
        rest = behind;
    }
}

/// A quoted text from behind its first quote, and what stands behind the last.
fn unquoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, &text[at + 1..]),
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            c => value.push(c),
        }
    }
    (value, "")
}
