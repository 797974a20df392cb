//! `trigger file "inbox/*.csv"`: a file that comes, is changed or goes starts a run.
//!
//! The directory is looked through at the beginning, when the system says that something moved in it, and at intervals, since
//! what the system says may be lost. A file is taken when it has been left alone for a moment: one that is being written is
//! not whole. What was taken of which file is a fact, written with the run's acceptance. Files lie outside of the program, so
//! it is the time of day that counts here, whatever the program takes for its own.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration as Pause, SystemTime};

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Triggers;
use super::declared::Declared;
use crate::base::failure::{Failure, Kind};
use crate::base::limit::{FILE_GLANCE_MILLIS, FILE_LOOK_MILLIS, FILE_QUIET_MILLIS};
use crate::base::time::Timestamp;
use crate::base::value::{Map, Value};
use crate::connect::files::{Roots, glob};
use crate::run::journal::{Broken, Fact};

/// How long a file must have been left alone to count as whole.
const QUIET: Pause = Pause::from_millis(FILE_QUIET_MILLIS);
/// How soon one is looked at again that may not be whole.
const GLANCE: Pause = Pause::from_millis(FILE_GLANCE_MILLIS);
/// How often the directory is looked through if nothing is heard of it.
const LOOK_AGAIN: Pause = Pause::from_millis(FILE_LOOK_MILLIS);

/// What is seen of a file without opening it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    modified: Timestamp,
    size: u64,
    /// When it came to be, where the file system keeps that: another file may have taken its place.
    born: Option<Timestamp>,
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let about = path.metadata().ok().filter(std::fs::Metadata::is_file)?;
        let moment = |time: std::io::Result<SystemTime>| Timestamp::try_from(time.ok()?).ok();
        Some(Self { modified: moment(about.modified())?, size: about.len(), born: moment(about.created()) })
    }

    fn to_value(self) -> Value {
        let born = self.born.map_or(Value::Unit, Value::moment);
        let size = i64::try_from(self.size).unwrap_or(i64::MAX);
        Value::map([("modified", Value::moment(self.modified)), ("size", Value::Int(size)), ("born", born)])
    }

    fn from_value(value: &Value) -> Option<Self> {
        let moment = |name: &str| match value.get(name)? {
            Value::DateTime(moment) => Some(moment.timestamp()),
            _ => None,
        };
        let size = value.get("size")?.as_int()?.unsigned_abs();
        Some(Self { modified: moment("modified")?, size, born: moment("born") })
    }

    /// Whether it holds the same: nothing was written since.
    fn is_same(self, other: Self) -> bool {
        self.modified == other.modified && self.size == other.size
    }

    /// Whether nobody has written to the file for a moment.
    fn is_quiet(self) -> bool {
        let written = SystemTime::from(self.modified);
        SystemTime::now().duration_since(written).is_ok_and(|quiet| quiet >= QUIET)
    }
}

/// What has become of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Created,
    Changed,
    /// Another one has its name: one was created, and the name has changed what it holds.
    Replaced,
    Deleted,
}

impl Change {
    fn between(before: Option<Stamp>, now: Stamp) -> Self {
        match before {
            None => Self::Created,
            Some(before) if before.born != now.born => Self::Replaced,
            Some(_) => Self::Changed,
        }
    }

    /// As the trigger wants to hear of it, if it does; without a word it is about files that come.
    fn wanted(self, on: &[Arc<str>]) -> Option<&'static str> {
        let said = |words: &[&str]| on.iter().any(|word| words.contains(&&**word));
        let created = (on.is_empty() || said(&["created"])).then_some("created");
        let changed = said(&["changed", "modified"]).then_some("changed");
        match self {
            Self::Created => created,
            Self::Changed => changed,
            Self::Replaced => created.or(changed),
            Self::Deleted => said(&["deleted", "removed"]).then_some("deleted"),
        }
    }
}

/// The files of one trigger.
struct Files<'a> {
    triggers: &'a Triggers,
    declared: &'a Declared,
    on: &'a [Arc<str>],
    /// What was taken of each.
    taken: BTreeMap<String, Stamp>,
    /// What was seen of those that may not be whole, and when first.
    unsettled: BTreeMap<String, (Stamp, Instant)>,
}

impl Triggers {
    /// Starts runs for the files that fit a pattern.
    pub(super) async fn watch_files(
        &self,
        declared: &Declared,
        pattern: &str,
        on: &[Arc<str>],
        ending: &CancellationToken,
    ) -> Result<(), Broken> {
        let Some(roots) = self.roots().cloned() else { return Ok(()) };
        let moved = Arc::new(Notify::new());
        #[cfg(any(feature = "serve", feature = "cli"))]
        let mut watch = super::watch::Watch::default();
        let taken = self.taken_before(declared).await?;
        let mut files = Files { triggers: self, declared, on, taken, unsettled: BTreeMap::new() };
        loop {
            #[cfg(any(feature = "serve", feature = "cli"))]
            watch.reach(&roots, pattern, &moved);
            match look(roots.clone(), pattern.to_owned()).await {
                Ok(found) => files.compare(&found, ending).await?,
                Err(failure) => {
                    tracing::warn!(trigger = %declared.name, "no files can be looked for: {}", failure.message);
                }
            }
            let pause = if files.unsettled.is_empty() { LOOK_AGAIN } else { GLANCE };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = moved.notified() => {}
                () = ending.cancelled() => return Ok(()),
            }
        }
    }

    /// What was taken of which file.
    async fn taken_before(&self, declared: &Declared) -> Result<BTreeMap<String, Stamp>, Broken> {
        let prefix = fact_name(declared, "");
        let facts = self.driver().facts(&prefix).await?;
        let stamp = |(name, value): (Arc<str>, Value)| {
            Some((name.strip_prefix(&*prefix)?.to_owned(), Stamp::from_value(&value)?))
        };
        Ok(facts.into_iter().filter_map(stamp).collect())
    }
}

impl Files<'_> {
    /// Takes what has changed since the last look.
    async fn compare(&mut self, found: &BTreeMap<String, Stamp>, ending: &CancellationToken) -> Result<(), Broken> {
        self.unsettled.retain(|path, _| found.contains_key(path));
        for (path, stamp) in found {
            if ending.is_cancelled() {
                return Ok(());
            }
            let before = self.taken.get(path).copied();
            if before.is_some_and(|before| before.is_same(*stamp)) || !self.is_whole(path, *stamp) {
                continue;
            }
            self.take(path, *stamp, Change::between(before, *stamp)).await?;
            self.taken.insert(path.clone(), *stamp);
        }
        let gone: Vec<String> = self.taken.keys().filter(|path| !found.contains_key(*path)).cloned().collect();
        for path in gone {
            if let Some(stamp) = self.taken.remove(&path) {
                self.take(&path, stamp, Change::Deleted).await?;
            }
        }
        Ok(())
    }

    /// Whether a file has been left alone.
    fn is_whole(&mut self, path: &str, stamp: Stamp) -> bool {
        let now = Instant::now();
        let first = match self.unsettled.get(path) {
            Some((seen, first)) if seen.is_same(stamp) => *first,
            _ => now,
        };
        let alike = now.duration_since(first);
        // Seen twice in any case: a file that is cut off to be written anew has its old time for a moment.
        let whole = alike >= QUIET || stamp.is_quiet() && alike >= GLANCE;
        if whole {
            self.unsettled.remove(path);
        } else {
            self.unsettled.insert(path.to_owned(), (stamp, first));
        }
        whole
    }

    /// Keeps what is known of a file, and starts a run if the trigger is about such changes.
    async fn take(&self, path: &str, stamp: Stamp, change: Change) -> Result<(), Broken> {
        let value = (change != Change::Deleted).then(|| stamp.to_value());
        let facts = vec![Fact { name: fact_name(self.declared, path), value, until: None }];
        let Some(word) = change.wanted(self.on) else {
            return self.triggers.driver().note(facts).await.map(drop);
        };
        let size = i64::try_from(stamp.size).unwrap_or(i64::MAX);
        let name = path.rsplit('/').next().unwrap_or(path);
        let about = Map::from_iter([
            ("path".into(), path.into()),
            ("name".into(), name.into()),
            ("size".into(), Value::Int(size)),
            ("modified".into(), Value::moment(stamp.modified)),
            ("change".into(), word.into()),
        ]);
        // Of all that is known, the input is what the workflow asks for.
        let asked = |name: &str| self.declared.plan.input.fields.iter().any(|field| &*field.name == name);
        let body: Map =
            about.iter().filter(|(name, _)| asked(name)).map(|(name, it)| (name.clone(), it.clone())).collect();
        let mut trigger = Map::from_iter([("type".into(), "file".into())]);
        trigger.extend(about);
        trigger.insert("body".into(), body.into());
        let run = self.declared.run(&format!("{word} {path} {} {}", stamp.modified, stamp.size));
        self.triggers.take(self.declared, trigger.into(), run, facts).await
    }
}

/// The files that fit a pattern, as they are now.
async fn look(roots: Roots, pattern: String) -> Result<BTreeMap<String, Stamp>, Failure> {
    let look = move || {
        let found = glob::find(&roots, &pattern)?;
        let inside = found.into_iter().filter(|path| roots.holds(path));
        Ok(inside.filter_map(|path| Some((roots.shown(&path), Stamp::of(&path)?))).collect())
    };
    match tokio::task::spawn_blocking(look).await {
        Ok(found) => found,
        Err(error) => Err(Failure::new(Kind::ServerError, format!("the look at the files ended early: {error}"))),
    }
}

fn fact_name(declared: &Declared, path: &str) -> Arc<str> {
    format!("file/{}/{path}", declared.name).into()
}
