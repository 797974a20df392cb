//! Values as programs write them, laid out as people lay them out.

use std::fmt::Write as _;

use crate::base::letter::is_hidden;
use crate::base::value::Value;

/// How long a line of a program may be.
pub const WIDTH: usize = 120;

/// A text as programs write it.
pub fn text(text: &str) -> String {
    format!("\"{}\"", inside(text))
}

/// A part of a text, behind which may stand `${`.
pub fn inside(text: &str) -> String {
    let mut quoted = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '$' if matches!(letters.peek(), Some('{') | None) => quoted.push_str("\\$"),
            letter if is_hidden(letter) && (letter as u32) < 0x1_0000 => {
                let _ = write!(quoted, "\\u{:04x}", letter as u32);
            }
            letter if is_hidden(letter) => {
                let _ = write!(quoted, "\\U{:08x}", letter as u32);
            }
            letter => quoted.push(letter),
        }
    }
    quoted
}

/// A key as programs write it: quoted where it is no word.
pub fn key(key: &str) -> String {
    let is_word =
        !key.starts_with(|c: char| c.is_ascii_digit()) && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_word && !key.is_empty() { key.to_owned() } else { text(key) }
}

/// A value on one line.
pub fn value(it: &Value) -> String {
    match it {
        Value::Unit => "()".to_owned(),
        Value::Text(words) => text(words),
        Value::Duration(duration) => duration.to_string(),
        Value::List(items) => format!("[{}]", items.iter().map(value).collect::<Vec<_>>().join(", ")),
        Value::Map(map) if map.is_empty() => "{}".to_owned(),
        Value::Map(map) => {
            let fields: Vec<String> = map.iter().map(|(name, it)| format!("{}: {}", key(name), value(it))).collect();
            format!("{{ {} }}", fields.join(", "))
        }
        other => other.to_string(),
    }
}

/// A value that begins behind `before` letters, on several lines where one would be longer than `width`.
pub fn laid_out(it: &Value, indent: usize, before: usize, width: usize) -> String {
    let line = value(it);
    if before + line.chars().count() <= width {
        return line;
    }
    let (inner, outer) = (" ".repeat(indent + 4), " ".repeat(indent));
    match it {
        Value::Map(map) => {
            let fields = map.iter().map(|(name, it)| {
                let name = key(name);
                format!("{inner}{name}: {}\n", laid_out(it, indent + 4, indent + 6 + name.chars().count(), width))
            });
            format!("{{\n{}{outer}}}", fields.collect::<String>())
        }
        Value::List(items) => {
            let items = items.iter().map(|it| format!("{inner}{}\n", laid_out(it, indent + 4, indent + 4, width)));
            format!("[\n{}{outer}]", items.collect::<String>())
        }
        _ => line,
    }
}

/// Parts between brackets, behind `before` letters: on one line, or as many to a line as it takes.
pub fn bracketed(open: &str, parts: &[String], close: &str, indent: usize, before: usize) -> String {
    if parts.is_empty() {
        return format!("{}{}", open.trim_end(), close.trim_start());
    }
    let line = format!("{open}{}{close}", parts.join(", "));
    if before + line.chars().count() <= WIDTH && !line.contains('\n') {
        return line;
    }
    let mut rows: Vec<String> = Vec::new();
    for part in parts {
        match rows.last_mut() {
            Some(row) if indent + 6 + row.chars().count() + part.chars().count() <= WIDTH && !part.contains('\n') => {
                let _ = write!(row, ", {part}");
            }
            _ => rows.push(part.clone()),
        }
    }
    let inner = " ".repeat(indent + 4);
    let rows: String = rows.iter().map(|row| format!("{inner}{row}\n")).collect();
    format!("{}\n{rows}{}{}", open.trim_end(), " ".repeat(indent), close.trim_start())
}

/// An example of an operation, as it stands in a connector.
#[derive(Clone, Debug)]
pub struct Example<'a> {
    /// Which operation.
    pub operation: &'a str,
    /// With what, an object.
    pub params: Value,
    /// The answers that come, in order.
    pub gets: Vec<Gets<'a>>,
    /// What comes of it.
    pub end: End<'a>,
}

/// One answer of an example.
#[derive(Clone, Debug)]
pub struct Gets<'a> {
    /// The request ahead that it answers.
    pub name: Option<&'a str>,
    /// Its status.
    pub status: u16,
    /// Its headers, an object or nothing.
    pub headers: Value,
    /// Its body.
    pub body: Value,
}

/// What comes of an example.
#[derive(Clone, Debug)]
pub enum End<'a> {
    /// `gives { ... }`
    Gives(Value),
    /// `fails not_found`
    Fails(&'a str),
}

impl std::fmt::Display for Example<'_> {
    /// On one line, or answers and end on lines of their own.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let head = format!("    example {} ", self.operation);
        let body = |it: &Value, indent, before| match it {
            Value::Unit => String::new(),
            it => format!(" {}", laid_out(it, indent, before, WIDTH)),
        };
        let line: String = self.gets.iter().map(|gets| format!(" {gets}{}", body(&gets.body, 0, 0))).collect();
        let end = match &self.end {
            End::Gives(it) => format!("gives {}", value(it)),
            End::Fails(kind) => format!("fails {kind}"),
        };
        let line = format!("{head}{}{line} {end}", value(&self.params));
        if !line.contains('\n') && line.chars().count() <= WIDTH {
            return writeln!(f, "{line}");
        }
        writeln!(f, "{head}{}", laid_out(&self.params, 4, head.len(), WIDTH))?;
        for gets in &self.gets {
            let head = format!("        {gets}");
            writeln!(f, "{head}{}", body(&gets.body, 8, head.chars().count() + 1))?;
        }
        match &self.end {
            End::Gives(it) => writeln!(f, "        gives {}", laid_out(it, 8, 14, WIDTH)),
            End::Fails(kind) => writeln!(f, "        fails {kind}"),
        }
    }
}

impl std::fmt::Display for Gets<'_> {
    /// Without the body.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = self.name.map(|name| format!("{name} ")).unwrap_or_default();
        write!(f, "gets {name}{}", self.status)?;
        if self.headers.is_unit() { Ok(()) } else { write!(f, " headers {}", value(&self.headers)) }
    }
}
