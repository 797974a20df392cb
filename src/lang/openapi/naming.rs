//! Names as people would take them: words of a description in the manner of the language, without what stands in the way.

use std::collections::{BTreeMap, BTreeSet};

use super::document::Entry;
use crate::lang::script::word::{CALLED_ONLY, KEYWORDS, RESERVED};

/// Words of connectors that a parameter would hide.
const TAKEN: [&str; 9] = ["params", "config", "response", "input", "output", "error", "trigger", "event", "steps"];

/// Parts of a request: `paginate` reads them by these names.
const PARTS: [&str; 5] = ["query", "headers", "body", "form", "request"];

/// What operations do, in the words of services.
const VERBS: [&str; 69] = [
    "accept",
    "activate",
    "add",
    "approve",
    "archive",
    "assign",
    "attach",
    "book",
    "cancel",
    "check",
    "clear",
    "close",
    "complete",
    "confirm",
    "copy",
    "count",
    "create",
    "deactivate",
    "delete",
    "disable",
    "download",
    "edit",
    "enable",
    "execute",
    "export",
    "fetch",
    "find",
    "generate",
    "get",
    "import",
    "insert",
    "invite",
    "join",
    "leave",
    "list",
    "lock",
    "lookup",
    "merge",
    "move",
    "open",
    "patch",
    "post",
    "publish",
    "put",
    "query",
    "read",
    "reject",
    "remove",
    "rename",
    "replace",
    "restore",
    "retrieve",
    "resolve",
    "revoke",
    "run",
    "schedule",
    "search",
    "send",
    "set",
    "share",
    "start",
    "stop",
    "subscribe",
    "trigger",
    "unschedule",
    "unsubscribe",
    "update",
    "upload",
    "upsert",
];

/// Those that are done to many at once.
const OF_MANY: [&str; 6] = ["list", "search", "find", "query", "count", "export"];

/// Words of generated ids that say nothing.
const NOISE: [&str; 4] = ["controller", "api", "using", "endpoint"];

/// The words of a name, in lower case: `chat_postMessage` is `chat`, `post`, `message`.
pub fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    let letters: Vec<char> = name.chars().flat_map(plain).collect();
    for (at, letter) in letters.iter().enumerate() {
        if !letter.is_ascii_alphanumeric() {
            before = ' ';
            continue;
        }
        let next_is_low = letters.get(at + 1).is_some_and(char::is_ascii_lowercase);
        let rises = letter.is_ascii_uppercase() && (!before.is_ascii_uppercase() || next_is_low);
        match words.last_mut() {
            Some(word) if before != ' ' && !rises => word.push(letter.to_ascii_lowercase()),
            _ => words.push(letter.to_ascii_lowercase().to_string()),
        }
        before = *letter;
    }
    words
}

/// A letter without its accents, as far as many languages have it.
fn plain(letter: char) -> Vec<char> {
    let text = match letter {
        'ä' | 'æ' => "ae",
        'ö' | 'œ' => "oe",
        'ü' => "ue",
        'ß' => "ss",
        'Ä' => "Ae",
        'Ö' => "Oe",
        'Ü' => "Ue",
        'à' | 'á' | 'â' | 'ã' | 'å' => "a",
        'è' | 'é' | 'ê' | 'ë' => "e",
        'ì' | 'í' | 'î' | 'ï' => "i",
        'ò' | 'ó' | 'ô' | 'õ' | 'ø' => "o",
        'ù' | 'ú' | 'û' => "u",
        'ç' => "c",
        'ñ' => "n",
        other => return vec![other],
    };
    text.chars().collect()
}

/// The name of a parameter or a setting.
pub fn parameter(name: &str) -> String {
    let mut snake = words(name).join("_");
    if snake.is_empty() {
        snake = "value".to_owned();
    }
    if snake.starts_with(|c: char| c.is_ascii_digit()) {
        snake = format!("value_{snake}");
    }
    let is_kept = [&KEYWORDS[..], &RESERVED, &CALLED_ONLY, &TAKEN].iter().any(|words| words.contains(&&*snake));
    if is_kept { format!("{snake}_value") } else { snake }
}

/// The same beside `paginate`.
pub fn beside_pages(name: &str) -> String {
    if PARTS.contains(&name) { format!("{name}_value") } else { name.to_owned() }
}

/// The name of a type.
pub fn type_name(name: &str) -> String {
    let last = name.rsplit(['.', '/']).next().unwrap_or(name);
    let pascal: String = words(last)
        .iter()
        .map(|word| {
            let (first, rest) = word.split_at(1);
            format!("{}{rest}", first.to_ascii_uppercase())
        })
        .collect();
    if pascal.starts_with(|c: char| c.is_ascii_alphabetic()) { pascal } else { format!("Type{pascal}") }
}

/// `name`, or with a number behind it where it is taken.
pub fn unique(name: String, taken: impl Fn(&str) -> bool) -> String {
    if !taken(&name) {
        return name;
    }
    let mut numbered = (2..).map(|number| format!("{name}_{number}"));
    numbered.find(|name| !taken(name)).unwrap_or(name)
}

/// The names of operations, each once: the shortest that says what is done and to what, and is no other's.
pub fn operations(entries: &[&Entry<'_>], connector: &str) -> Vec<String> {
    let own = words(connector);
    let ids: Vec<Vec<String>> = entries.iter().map(|entry| without(&own, id_words(entry))).collect();
    let shared = vendor_words(&ids);
    let candidates: Vec<[String; 3]> =
        ids.iter().map(|words| candidates(&words[shared.min(words.len())..], words)).collect();
    let mut names: Vec<Option<String>> = vec![None; entries.len()];
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for level in [0, 1, 2] {
        let mut wanted: BTreeMap<&str, usize> = BTreeMap::new();
        let open: Vec<usize> = (0..names.len()).filter(|at| names[*at].is_none()).collect();
        open.iter().for_each(|at| *wanted.entry(&candidates[*at][level]).or_default() += 1);
        for at in open {
            let name = &candidates[at][level];
            if !name.is_empty() && wanted.get(name.as_str()) == Some(&1) && taken.insert(name.clone()) {
                names[at] = Some(name.clone());
            }
        }
    }
    let rest = names.into_iter().zip(&candidates).map(|(name, candidates)| {
        name.unwrap_or_else(|| {
            let name = unique(candidates[2].clone(), |name| taken.contains(name));
            taken.insert(name.clone());
            name
        })
    });
    rest.collect()
}

/// The words of an operation's id, or, where it has none, of its method and path.
fn id_words(entry: &Entry<'_>) -> Vec<String> {
    let own: Vec<String> = entry.id().map(words).unwrap_or_default();
    let own: Vec<String> = own.into_iter().filter(|word| !NOISE.contains(&word.as_str())).collect();
    if own.is_empty() { of_path(entry) } else { own }
}

/// `GET /tasks/{id}` is `get`, `task`; `GET /tasks` is `list`, `tasks`.
fn of_path(entry: &Entry<'_>) -> Vec<String> {
    let segments: Vec<&str> = entry.path.split('/').filter(|segment| !segment.is_empty()).collect();
    let is_one = segments.last().is_some_and(|segment| segment.starts_with('{'));
    let verb = match (entry.method, is_one) {
        ("get", true) => "get",
        ("get", false) => "list",
        ("post", _) => "create",
        ("put" | "patch", _) => "update",
        (other, _) => other,
    };
    let is_version =
        |segment: &&&str| segment.starts_with('v') && segment[1..].chars().all(|c| c.is_ascii_digit() || c == '.');
    let named = segments.iter().filter(|segment| !segment.starts_with('{')).filter(|segment| !is_version(segment));
    let mut about: Vec<String> = named.flat_map(|segment| words(segment)).collect();
    if (is_one || entry.method == "post")
        && let Some(last) = about.last_mut()
    {
        *last = one_of(last);
    }
    about.insert(0, verb.to_owned());
    about
}

/// `tasks` as `task`.
fn one_of(word: &str) -> String {
    let is_plural = word.len() > 3 && word.ends_with('s') && !["ss", "us", "is"].iter().any(|end| word.ends_with(end));
    match word.strip_suffix("ies") {
        Some(stem) if is_plural && stem.len() > 1 => format!("{stem}y"),
        _ if is_plural => word[..word.len() - 1].to_owned(),
        _ => word.to_owned(),
    }
}

/// The words of an id without those of the connector that it begins with.
fn without(connector: &[String], id: Vec<String>) -> Vec<String> {
    let begins = id.len() > connector.len() && id.starts_with(connector);
    if begins { id[connector.len()..].to_vec() } else { id }
}

/// How many words all ids begin with alike, and say nothing therefore: the vendor's name.
fn vendor_words(ids: &[Vec<String>]) -> usize {
    let Some(first) = ids.first().filter(|_| ids.len() > 2) else { return 0 };
    let alike = |at: usize| {
        let word = &first[at];
        !VERBS.contains(&word.as_str()) && ids.iter().all(|id| id.get(at) == Some(word) && id.len() > at + 1)
    };
    (0..first.len()).take_while(|at| alike(*at)).count()
}

/// Ways to call an operation, the shortest first: its verb and what stands behind it, its verb before all else, all words.
fn candidates(words: &[String], all: &[String]) -> [String; 3] {
    let verb = words.iter().position(|word| VERBS.contains(&word.as_str()));
    let (short, whole) = match verb {
        // `files.list`: the verb stands last, and what it is about before it.
        Some(at) if at + 1 == words.len() => {
            let about = &words[..at];
            let is_of_many = OF_MANY.contains(&words[at].as_str());
            let nearest = about.last().map(|word| if is_of_many { word.clone() } else { one_of(word) });
            let nearest: Vec<String> = nearest.into_iter().collect();
            ([&words[at..], &nearest].concat(), [&words[at..], about].concat())
        }
        // `chat_postMessage`: what is done stands behind the group.
        Some(at) => (words[at..].to_vec(), [&words[at..=at], &words[..at], &words[at + 1..]].concat()),
        None => (words.to_vec(), words.to_vec()),
    };
    [short, whole, all.to_vec()].map(|words| operation(&words))
}

/// Words as the name of an operation.
fn operation(words: &[String]) -> String {
    let name = words.join("_");
    let is_kept = KEYWORDS.contains(&&*name) || RESERVED.contains(&&*name);
    match name.as_str() {
        "" => String::new(),
        _ if is_kept => format!("do_{name}"),
        _ if name.starts_with(|c: char| c.is_ascii_digit()) => format!("do_{name}"),
        _ => name,
    }
}
