//! `trigger slack.message`: a trigger that a connector declares, with its settings and what the workflow says of it, and what
//! its expressions make of a delivery or of an answer.

use std::ops::Deref;
use std::sync::Arc;

use super::declared::Declared;
use super::names::Names;
use super::verify::Proof;
use crate::base::diagnostic::Diagnostic;
use crate::base::failure::{self, Failure};
use crate::base::time::{Duration, Timestamp};
use crate::base::value::{Map, Value};
use crate::connect::{Configured, Connectors};
use crate::lang::check::code;
use crate::lang::plan::connector::Example;
use crate::lang::plan::source::Source;
use crate::lang::plan::trigger::Kind;
use crate::lang::plan::{Formula, Root, Roots, Script};
use crate::run::world::{Settings, World};

/// A trigger of a workflow that a connector declares.
#[derive(Clone, Debug)]
pub(super) struct Sourced {
    /// Whose trigger it is.
    pub declared: Declared,
    /// What reads what comes.
    reader: Reader,
    /// Where it is told.
    pub path: Arc<str>,
    /// How often it asks, where the workflow says so.
    pub every: Option<Duration>,
    /// Whether what is there already is taken, too.
    pub from_start: bool,
}

/// What reads what comes: a trigger as a connector declares it, with its settings and parameters.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    /// The connector with its settings.
    pub connector: Arc<Configured>,
    /// Which of its triggers.
    source: usize,
    /// What the workflow gives it; what it leaves out has its default.
    pub params: Value,
}

/// One thing that came.
#[derive(Clone, Debug)]
pub struct Brought {
    /// What makes it the same as another.
    pub key: Option<Arc<str>>,
    /// It.
    pub item: Value,
}

impl Deref for Sourced {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.reader
    }
}

impl Sourced {
    /// A trigger with what it needs; `None` where no connector declares it.
    ///
    /// # Errors
    /// Where it says something that cannot be known, or nobody would be believed who tells it something.
    pub fn of(declared: &Declared, connectors: &Connectors, world: &World) -> Result<Option<Self>, Diagnostic> {
        let trigger = declared.trigger();
        let Kind::Connector { connector: name, name: source, params } = &trigger.kind else { return Ok(None) };
        let wrong = |message: String| Diagnostic::error(code::TRIGGER, trigger.span, message);
        let Some(connector) = connectors.configured(name) else {
            return Err(wrong(format!("the connector `{name}` has no settings in this engine")));
        };
        let names = Names { trigger: &Value::Unit, now: world.clock.now(), settings: &*world.settings };
        let given = names.evaluate(&declared.plan, params).map_err(|failure| wrong(failure.message.to_string()))?;
        let said = |name: &str| given.get(name).filter(|value| !value.is_unit()).cloned();
        let path = said("path").and_then(|path| path.as_text().map(Arc::from));
        let every = match said("every") {
            Some(Value::Duration(every)) => Some(every),
            _ => None,
        };
        let from_start = said("from").is_some_and(|from| from.as_text() == Some("start"));
        let reader = Reader::of(connector, source, &given);
        let reader = reader.ok_or_else(|| wrong(format!("the connector `{name}` has no trigger `{source}`")))?;
        let sourced = Self {
            declared: declared.clone(),
            reader,
            path: path.unwrap_or_else(|| format!("/hooks/{name}").into()),
            every,
            from_start,
        };
        sourced.believes(world).map_err(|reason| {
            let unset = connector.connector.config.iter().filter(|(field, _)| connector.setting(&field.name).is_unit());
            let unset: Vec<String> = unset.map(|(field, _)| format!("`{}`", field.name)).collect();
            wrong(format!("`{name}.{source}` cannot know who tells it something: {reason}"))
                .hint(format!("of the settings of `{name}` there is no {}", unset.join(", ")))
        })?;
        Ok(Some(sourced))
    }

    /// Whether requests tell it something. A poll of which nobody has agreed on a key with the far side only asks.
    pub fn is_told(&self, world: &World) -> bool {
        self.source().poll().is_none() || matches!(self.proof(&Heard::nothing(world)), Ok(Some(_)))
    }

    fn believes(&self, world: &World) -> Result<(), String> {
        if self.source().poll().is_some() {
            return Ok(());
        }
        self.proof(&Heard::nothing(world)).map(drop)
    }

    /// What `trigger` is to the workflow.
    pub fn to_trigger(&self, brought: &Brought, now: Timestamp) -> Value {
        Value::map([
            ("type", self.declared.trigger().kind.word().into()),
            ("source", self.full_name().into()),
            ("id", brought.key.clone().map_or(Value::Unit, Into::into)),
            ("at", Value::moment(now)),
            ("body", brought.item.clone()),
        ])
    }
}

impl Reader {
    /// What reads what comes by one trigger of a connector, with what a workflow gives it.
    pub fn of(connector: &Arc<Configured>, source: &str, given: &Value) -> Option<Self> {
        let source = connector.connector.sources.iter().position(|known| *known.name == *source)?;
        let mut params = Map::new();
        for field in &connector.connector.sources[source].params {
            let said = given.get(&field.name).filter(|value| !value.is_unit()).cloned();
            params.insert(field.name.clone(), said.or_else(|| field.default.clone()).unwrap_or_default());
        }
        Some(Self { connector: connector.clone(), source, params: params.into() })
    }

    /// As the connector declares it.
    pub fn source(&self) -> &Source {
        &self.connector.connector.sources[self.source]
    }

    /// `slack.message`
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.connector.connector.name, self.source().name)
    }

    /// What whoever tells it something must prove.
    ///
    /// # Errors
    /// What `verify` lacks.
    pub fn proof(&self, heard: &Heard<'_>) -> Result<Option<Proof>, String> {
        let Some((scheme, fields)) = &self.source().verify else { return Ok(None) };
        let fields = match fields {
            // What the body says of its sender may be anything; where it breaks, it says nothing.
            Formula::Object(fields) => fields
                .iter()
                .map(|(name, field)| Ok((name.clone(), self.field(name, field, heard)?)))
                .collect::<Result<Map, String>>()?
                .into(),
            fields => self.evaluate(fields, heard).map_err(|failure| failure.message.to_string())?,
        };
        Proof::read(scheme, &fields).map(Some)
    }

    fn field(&self, name: &str, field: &Formula, heard: &Heard<'_>) -> Result<Value, String> {
        match self.evaluate(field, heard) {
            Ok(value) => Ok(value),
            Err(_) if name == "given" => Ok(Value::Unit),
            Err(failure) => Err(failure.message.to_string()),
        }
    }

    /// What a delivery or an answer brings. What does not fit is said, and left out.
    ///
    /// # Errors
    /// Where what it brings is no list.
    pub fn items(&self, heard: &Heard<'_>) -> Result<Vec<Brought>, Failure> {
        let said = |misfit: Result<Brought, Failure>| match misfit {
            Ok(brought) => Some(brought),
            Err(failure) => {
                tracing::error!("what `{}` brought is left out: {failure}", self.full_name());
                None
            }
        };
        Ok(self.read(heard)?.into_iter().filter_map(said).collect())
    }

    fn read(&self, heard: &Heard<'_>) -> Result<Vec<Result<Brought, Failure>>, Failure> {
        let source = self.source();
        let all = match &source.each {
            Some(each) => self.computed(each, heard)?,
            None => Value::list([heard.seen("body")]),
        };
        let all = match all {
            Value::List(all) => all,
            Value::Unit | Value::Null => return Ok(Vec::new()),
            other => {
                let message = format!("`items` of `{}` must be a list, is {}", self.full_name(), other.type_name());
                return Err(Failure::new(failure::Kind::ValidationError, message));
            }
        };
        Ok(all.iter().filter_map(|raw| self.item(raw, heard)).collect())
    }

    fn item(&self, raw: &Value, heard: &Heard<'_>) -> Option<Result<Brought, Failure>> {
        let heard = Heard { item: raw, ..*heard };
        let source = self.source();
        // A condition that reads what this one does not have is not true of it.
        let wanted = |filter: &Script| self.computed(filter, &heard).is_ok_and(|value| value.is_true());
        if !source.filter.as_ref().is_none_or(wanted) {
            return None;
        }
        Some(self.made(raw, &heard))
    }

    fn made(&self, raw: &Value, heard: &Heard<'_>) -> Result<Brought, Failure> {
        let source = self.source();
        let item = source.item.as_ref().map_or_else(|| Ok(raw.clone()), |item| self.evaluate(item, heard))?;
        let key = source.by.as_ref().map(|by| self.computed(by, heard)).transpose()?.filter(|key| !key.is_unit());
        let item = source.item_shape.check_answer(&item).map_err(|misfits| {
            let said = misfits.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            Failure::new(failure::Kind::ValidationError, format!("it is not as declared: {said}"))
        })?;
        Ok(Brought { key: key.map(|key| key.to_string().into()), item })
    }

    /// The value of a formula of the declaration.
    ///
    /// # Errors
    /// Where it breaks.
    pub fn evaluate(&self, formula: &Formula, heard: &Heard<'_>) -> Result<Value, Failure> {
        formula.evaluate(self.connector.connector.functions.library(), &Scope { reader: self, heard })
    }

    /// The value of an expression of the declaration.
    ///
    /// # Errors
    /// Where it breaks.
    pub fn computed(&self, script: &Script, heard: &Heard<'_>) -> Result<Value, Failure> {
        script.evaluate(self.connector.connector.functions.library(), &Scope { reader: self, heard })
    }
}

/// What came in, as the expressions of a declaration see it.
#[derive(Clone, Copy)]
pub(super) struct Heard<'a> {
    /// A request, as `trigger` shows it.
    pub trigger: &'a Value,
    /// The answer to what was asked.
    pub response: &'a Value,
    /// What the poll kept.
    pub state: &'a Value,
    /// What the answer brings.
    pub items: &'a Value,
    /// One of them.
    pub item: &'a Value,
    /// When.
    pub now: Timestamp,
    /// What `env` and `secret` give.
    pub settings: &'a dyn Settings,
}

impl<'a> Heard<'a> {
    /// Nothing has come yet.
    pub fn nothing(world: &'a World) -> Self {
        Self::at(world.clock.now(), &*world.settings)
    }

    fn at(now: Timestamp, settings: &'a dyn Settings) -> Self {
        const NOTHING: &Value = &Value::Unit;
        Self { trigger: NOTHING, response: NOTHING, state: NOTHING, items: NOTHING, item: NOTHING, now, settings }
    }

    /// A part of the request: `body`, `headers`, `query`.
    fn seen(&self, part: &str) -> Value {
        self.trigger.get(part).cloned().unwrap_or_default()
    }
}

/// The names of a declaration.
struct Scope<'a> {
    reader: &'a Reader,
    heard: &'a Heard<'a>,
}

impl Roots for Scope<'_> {
    fn root(&self, root: &Root) -> Option<Value> {
        let heard = self.heard;
        match root {
            Root::Trigger => Some(heard.trigger.clone()),
            Root::Response => Some(heard.response.clone()),
            Root::State => Some(heard.state.clone()),
            Root::Config => Some(self.reader.connector.config.clone()),
            Root::Params => Some(self.reader.params.clone()),
            Root::Param(name) => Some(match &**name {
                "item" => heard.item.clone(),
                "items" => heard.items.clone(),
                "body" | "headers" | "query" => heard.seen(name),
                name => self.reader.params.get(name).cloned().unwrap_or_default(),
            }),
            _ => None,
        }
    }

    fn now(&self) -> Timestamp {
        self.heard.now
    }

    fn draw(&self) -> u64 {
        0
    }

    fn print(&self, text: &str) {
        tracing::info!(trigger = %self.reader.full_name(), "{text}");
    }

    fn env(&self, name: &str) -> Option<Value> {
        self.heard.settings.env(name)
    }

    fn secret(&self, name: &str) -> Option<Value> {
        self.heard.settings.secret(name)
    }
}

/// The items that an example of a connector's trigger brings, each with what names it.
///
/// # Errors
/// Where an expression of it breaks, or an item is not as declared.
pub fn rehearse(
    connector: &Arc<Configured>,
    source: &str,
    example: &Example,
    settings: &dyn Settings,
) -> Result<Vec<Brought>, Failure> {
    let unknown = || Failure::new(failure::Kind::NotFound, format!("there is no trigger `{source}`"));
    let reader = Reader::of(connector, source, &example.params).ok_or_else(unknown)?;
    let answer = example.answers().last().unwrap_or_default().to_value();
    let state = example.params.get("state").cloned().unwrap_or_default();
    let nothing = Heard::at(Timestamp::now(), settings);
    let heard = Heard { trigger: &answer, response: &answer, state: &state, ..nothing };
    let pages = reader.source().operations().find_map(|operation| operation.shaping.paginate.as_ref());
    let items = pages.map(|pages| reader.computed(&pages.items, &heard)).transpose()?.unwrap_or_default();
    reader.read(&Heard { items: &items, ..heard })?.into_iter().collect()
}
