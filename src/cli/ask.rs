//! Questions to whoever sits at the terminal: field by field, by the type of the answer.

use std::io::BufRead as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Mutex, mpsc};

use super::paper::styled;
use super::screen::Screen;
use crate::base::failure::{Failure, Kind};
use crate::base::shape::{Field, Object, Shape};
use crate::base::value::{Map, Value};
use crate::run::world::{BoxFuture, Consult, Consulted, Question};

/// Asks at the terminal; one question at a time.
pub struct Terminal {
    screen: Arc<Screen>,
    /// The lines that are typed. Whoever holds them is the one who asks.
    typed: Mutex<Option<mpsc::UnboundedReceiver<String>>>,
    /// Whether nobody asks any more.
    closed: Arc<AtomicBool>,
}

impl Consult for Arc<Terminal> {
    fn consult(&self, question: Question) -> BoxFuture<'_, Result<Consulted, Failure>> {
        Box::pin(async move {
            let mut heading = format!("{} asks {}", question.step, question.whom);
            if let Some(text) = question.params.get("question") {
                heading.push_str(&format!(": {text}"));
            }
            let answer = self.ask(&heading, &question.answer).await;
            answer.map(|value| Consulted::Answered { value, by: whoever() }).ok_or_else(|| {
                Failure::new(Kind::Cancelled, "the terminal was closed before the question was answered")
            })
        })
    }
}

/// Who sits at the terminal.
pub fn whoever() -> Arc<str> {
    let user = std::env::var("USER").or_else(|_| std::env::var("USERNAME"));
    user.ok().filter(|user| !user.is_empty()).unwrap_or_else(|| "terminal".to_owned()).into()
}

/// Takes the screen for as long as it lives: a question that is withdrawn gives it back.
struct Held<'a>(&'a Screen);

impl<'a> Held<'a> {
    fn new(screen: &'a Screen) -> Self {
        screen.hold();
        Self(screen)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.release();
    }
}

impl Terminal {
    /// Asks on `screen`.
    pub fn new(screen: Arc<Screen>) -> Self {
        Self { screen, typed: Mutex::new(None), closed: Arc::default() }
    }

    /// Whether somebody is being asked just now.
    pub fn is_asking(&self) -> bool {
        self.typed.try_lock().is_err()
    }

    /// Asks nothing more: what is typed from now on is for others.
    #[cfg(feature = "repl")]
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    /// Asks for a value of type `shape` until one is typed; `None` if the terminal is closed.
    pub async fn ask(&self, heading: &str, shape: &Shape) -> Option<Value> {
        let mut typed = self.typed.lock().await;
        let lines = typed.get_or_insert_with(|| read_lines(self.closed.clone()));
        let held = Held::new(&self.screen);
        let mut form = Form { screen: held.0, lines };
        form.screen.prompt(&format!("{}\n", styled(self.screen.palette.strong, heading)));
        form.value("", shape).await
    }

    /// Lets one of `words` be chosen; `None` if the terminal is closed.
    pub async fn choose(&self, heading: &str, words: &[&str]) -> Option<Value> {
        let shape = Shape::OneOf(words.iter().map(|word| Value::from(*word)).collect());
        self.ask(heading, &shape).await
    }
}

/// Reads stdin on a thread of its own: a read from a terminal cannot be called off.
fn read_lines(closed: Arc<AtomicBool>) -> mpsc::UnboundedReceiver<String> {
    let (sender, receiver) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        while is_awaited(&|| sender.is_closed() || closed.load(Ordering::SeqCst)) {
            let mut line = String::new();
            if !matches!(std::io::stdin().lock().read_line(&mut line), Ok(1..)) {
                break;
            }
            let length = line.trim_end_matches(['\n', '\r']).len();
            line.truncate(length);
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

/// Waits until something was typed; whether somebody still wants to know. What nobody here has asked for is left to whoever reads next.
#[cfg(unix)]
fn is_awaited(is_over: &dyn Fn() -> bool) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let pause = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
    let stdin = std::io::stdin();
    while !is_over() {
        match poll(&mut [PollFd::new(&stdin, PollFlags::IN)], Some(&pause)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            // What cannot be waited for is read all the same.
            Ok(_) | Err(_) => return !is_over(),
        }
    }
    false
}

/// Whether somebody wants to know what is typed.
#[cfg(not(unix))]
fn is_awaited(is_over: &dyn Fn() -> bool) -> bool {
    !is_over()
}

/// One question on its way to an answer.
struct Form<'a> {
    screen: &'a Screen,
    lines: &'a mut mpsc::UnboundedReceiver<String>,
}

impl Form<'_> {
    /// A value of type `shape`; an object field by field.
    fn value<'f>(&'f mut self, name: &'f str, shape: &'f Shape) -> BoxFuture<'f, Option<Value>> {
        Box::pin(async move {
            if let Shape::Object(object) = shape {
                loop {
                    let value = self.fields(name, object).await?;
                    match shape.check(&value) {
                        Ok(value) => return Some(value),
                        Err(misfits) => misfits.iter().for_each(|misfit| self.object_to(&misfit.to_string())),
                    }
                }
            }
            let field = Field { name: name.into(), shape: shape.clone(), default: None, doc: None };
            self.field(&field, name).await
        })
    }

    async fn fields(&mut self, above: &str, object: &Object) -> Option<Value> {
        let mut map = Map::new();
        for field in &object.fields {
            let name = if above.is_empty() { field.name.to_string() } else { format!("{above}.{}", field.name) };
            let value = match field.shape.present() {
                inner @ Shape::Object(_) if !field.shape.may_be_absent() => self.value(&name, inner).await?,
                _ => self.field(field, &name).await?,
            };
            map.insert(field.name.clone(), value);
        }
        Some(map.into())
    }

    async fn field(&mut self, field: &Field, name: &str) -> Option<Value> {
        if let Some(doc) = &field.doc {
            self.screen.prompt(&format!("  {}\n", styled(self.screen.palette.faint, doc)));
        }
        loop {
            self.screen.prompt(&prompt(field, name));
            let line = self.lines.recv().await?;
            self.screen.typed();
            match read(field, &line) {
                Ok(value) => return Some(value),
                Err(objection) => self.object_to(&objection),
            }
        }
    }

    fn object_to(&self, objection: &str) {
        self.screen.prompt(&format!("  {}\n", styled(self.screen.palette.bad, objection)));
    }
}

/// What stands before the cursor: `  note (string, may be left out): `
fn prompt(field: &Field, name: &str) -> String {
    let kind = match field.shape.present() {
        Shape::Bool => "yes or no".to_owned(),
        Shape::List(..) | Shape::Set(..) | Shape::Map(..) | Shape::Object(_) => {
            format!("{}, as JSON", field.shape.present())
        }
        other => other.to_string(),
    };
    let absent = match &field.default {
        Some(default) => format!(", otherwise {default}"),
        None if field.shape.may_be_absent() => ", may be left out".to_owned(),
        None => String::new(),
    };
    let name = if name.is_empty() { "answer" } else { name };
    format!("  {name} ({kind}{absent}): ")
}

/// The value that a typed line stands for; the error says what is wrong with it.
pub fn read(field: &Field, line: &str) -> Result<Value, String> {
    let typed = line.trim();
    if typed.is_empty() {
        if let Some(default) = &field.default {
            return Ok(default.clone());
        }
        if field.shape.may_be_absent() {
            return Ok(Value::Unit);
        }
    }
    let candidate = match field.shape.present() {
        Shape::Bool => match typed.to_lowercase().as_str() {
            "y" | "yes" | "true" => Value::Bool(true),
            "n" | "no" | "false" => Value::Bool(false),
            _ => return Err("answer yes or no".to_owned()),
        },
        Shape::Text(..)
        | Shape::Email
        | Shape::Url
        | Shape::Uuid
        | Shape::Date
        | Shape::DateTime
        | Shape::Duration
        | Shape::Bytes
        | Shape::Secret => Value::from(typed),
        Shape::OneOf(values) => {
            let same = values.iter().find(|value| value.to_string() == typed);
            same.cloned().unwrap_or_else(|| Value::from(typed))
        }
        Shape::Int(_) | Shape::Float(_) | Shape::List(..) | Shape::Set(..) | Shape::Map(..) | Shape::Object(_) => {
            serde_json::from_str(typed).map(Value::from_json).unwrap_or_else(|_| Value::from(typed))
        }
        Shape::Any | Shape::Unit | Shape::Union(_) | Shape::Optional(_) => {
            let read = serde_json::from_str(typed).map(Value::from_json).ok();
            read.filter(|read| field.shape.check(read).is_ok()).unwrap_or_else(|| Value::from(typed))
        }
    };
    field
        .shape
        .check(&candidate)
        .map_err(|misfits| misfits.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(shape: Shape) -> Field {
        Field { name: "it".into(), shape, default: None, doc: None }
    }

    #[test]
    fn reads_what_is_typed_by_the_type_of_the_answer() {
        let size = Shape::OneOf([Value::from("small"), Value::from("large")].into());
        for (shape, typed, read_as) in [
            (Shape::Bool, "y", Ok(Value::Bool(true))),
            (Shape::Bool, "No", Ok(Value::Bool(false))),
            (Shape::Bool, "", Err("answer yes or no")),
            (Shape::text(), " 12 ", Ok(Value::from("12"))),
            (Shape::int(), "12", Ok(Value::Int(12))),
            (Shape::int(), "twelve", Err("must be an int, is the string \"twelve\"")),
            (Shape::text().optional(), "", Ok(Value::Unit)),
            (Shape::Any, "[1]", Ok(Value::list([Value::Int(1)]))),
            (Shape::Any, "plain", Ok(Value::from("plain"))),
            (size.clone(), "large", Ok(Value::from("large"))),
            (size, "larg", Err("must be \"small\" | \"large\", is the string \"larg\"; did you mean \"large\"?")),
        ] {
            assert_eq!(read(&field(shape), typed), read_as.map_err(str::to_owned), "{typed:?}");
        }
    }

    #[test]
    fn an_empty_line_takes_the_default() {
        let with_default = Field { default: Some(Value::Int(3)), ..field(Shape::int()) };
        assert_eq!(read(&with_default, ""), Ok(Value::Int(3)));
    }
}
