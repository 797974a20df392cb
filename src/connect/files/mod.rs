//! Files under the roots that the settings allow.
//!
//! In: a call of `files.*`. Out: what a file holds, or what was done. Never: a path outside the roots, by `..` or by a link;
//! half a file where a whole one was to be written (held by `tests/connect/files.rs`).

mod format;
pub mod glob;
mod moving;
/// Opens files, and nothing but files.
pub mod open;
/// Files that pass by without being held.
pub mod passing;
mod records;
mod roots;
mod rows;
mod scratch;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::run::world::BoxFuture;

pub use roots::Roots;
pub use scratch::Scratch;

use self::format::Format;
use self::moving::Move;
use super::registry::{Call, Native, Natives};
use crate::base::failure::{Failure, Kind};
use crate::base::value::Value;
use crate::run::world::Outcome;

/// Binds the operations of the standard library's `files`.
pub fn register(natives: &mut Natives) {
    let verbs: [(&str, Verb); 9] = [
        ("files.read", read),
        ("files.write", write),
        ("files.append", append),
        ("files.list", list),
        ("files.stat", stat),
        ("files.mkdir", mkdir),
        ("files.copy", copy),
        ("files.move", rename),
        ("files.delete", delete),
    ];
    for (name, verb) in verbs {
        natives.bind(name, Blocking(verb));
    }
    natives.bind("files.rows", Blocking(rows::rows));
}

/// What one operation does; it may block.
type Verb = fn(&Call, &Roots) -> Outcome;

/// Carries out a verb on a thread that may block.
struct Blocking(Verb);

impl Native for Blocking {
    fn call(&self, call: Call) -> BoxFuture<'static, Outcome> {
        let verb = self.0;
        Box::pin(async move {
            let work = move || match Roots::of(&call.environment) {
                Ok(roots) => verb(&call, &roots),
                Err(failure) => Outcome::failed(failure),
            };
            match tokio::task::spawn_blocking(work).await {
                Ok(outcome) => outcome,
                Err(error) => {
                    Outcome::unknown(Failure::new(Kind::ServerError, format!("the work on files ended early: {error}")))
                }
            }
        })
    }
}

fn settle(result: Result<Value, Failure>) -> Outcome {
    match result {
        Ok(value) => Outcome::done(value),
        Err(failure) => Outcome::failed(failure),
    }
}

/// The failure that an error of the file system stands for.
pub fn broken(path: &str, error: &std::io::Error) -> Failure {
    use std::io::ErrorKind as E;
    let kind = match error.kind() {
        E::NotFound => Kind::NotFound,
        E::PermissionDenied | E::ReadOnlyFilesystem => Kind::PermissionDenied,
        E::AlreadyExists | E::DirectoryNotEmpty => Kind::Conflict,
        E::IsADirectory | E::NotADirectory | E::InvalidInput | E::InvalidFilename | E::InvalidData => {
            Kind::ValidationError
        }
        _ => Kind::ServerError,
    };
    Failure::new(kind, format!("`{path}`: {error}")).detail("path", path)
}

fn read(call: &Call, roots: &Roots) -> Outcome {
    let run = || {
        let path = call.text("path")?;
        let format = Format::of(call, &path)?;
        let bytes = open::whole(&path, &roots.find(&path)?, call.environment.response_bytes_max)?;
        format.read(&path, bytes)
    };
    settle(run())
}

fn written(roots: &Roots, target: &Path, bytes: u64) -> Value {
    let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
    Value::map([("path", Value::from(roots.shown(target))), ("bytes", Value::Int(bytes))])
}

fn write(call: &Call, roots: &Roots) -> Outcome {
    let run = || {
        let path = call.text("path")?;
        let bytes = Format::of(call, &path)?.write(&content(call)?)?;
        let target = writable(roots, &path)?;
        let size = replace(&path, &target, |file| file.write_all(&bytes).map(|()| bytes.len() as u64))?;
        Ok(written(roots, &target, size))
    };
    settle(run())
}

/// What is to be written. Without it a file would be emptied by a line that was forgotten.
fn content(call: &Call) -> Result<Value, Failure> {
    match call.param("content") {
        Value::Unit => {
            let message = "`content` is missing or `()`: to empty a file, write `content: \"\"`";
            Err(Failure::new(Kind::ValidationError, message))
        }
        content => Ok(content),
    }
}

/// Where a file is written whole.
fn writable(roots: &Roots, path: &str) -> Result<PathBuf, Failure> {
    open::only_file(path, &roots.find(path)?)?;
    roots.target(path)
}

/// Where a file is changed as it stands: a sandbox changes a copy.
fn changeable(roots: &Roots, path: &str) -> Result<PathBuf, Failure> {
    let (now, target) = (roots.find(path)?, roots.target(path)?);
    let fail = |error: std::io::Error| broken(path, &error);
    std::fs::create_dir_all(target.parent().unwrap_or(&target)).map_err(fail)?;
    if now != target {
        copy_file(path, &now, &target)?;
    }
    Ok(target)
}

/// Copies one file to where a sandbox changes it.
fn copy_file(path: &str, real: &Path, shadow: &Path) -> Result<(), Failure> {
    let mut source = open::to_read(path, real)?;
    let copy = std::fs::File::create(shadow).and_then(|mut file| std::io::copy(&mut source, &mut file));
    copy.map(drop).map_err(|error| broken(path, &error))
}

/// Where a file or a directory is moved from: a sandbox moves a copy.
fn movable(roots: &Roots, path: &str, entry: &Path) -> Result<PathBuf, Failure> {
    let Some(shadow) = roots.shadow(entry) else { return Ok(entry.to_owned()) };
    bring(roots, path, entry, &shadow)?;
    Ok(shadow)
}

/// Copies what was not changed yet of `real`, with all that lies in it.
fn bring(roots: &Roots, path: &str, real: &Path, shadow: &Path) -> Result<(), Failure> {
    let fail = |error: std::io::Error| broken(path, &error);
    if roots.is_gone(real) || !real.exists() || shadow.is_file() {
        return Ok(());
    }
    if !real.is_dir() {
        std::fs::create_dir_all(shadow.parent().unwrap_or(shadow)).map_err(fail)?;
        return copy_file(path, real, shadow);
    }
    std::fs::create_dir_all(shadow).map_err(fail)?;
    for entry in std::fs::read_dir(real).map_err(fail)? {
        let name = entry.map_err(fail)?.file_name();
        bring(roots, path, &real.join(&name), &shadow.join(&name))?;
    }
    Ok(())
}

/// Where a file is written before it takes its place: in the same directory, so that it is moved at once. Its name is not
/// made of the file's, which may be as long as names can be.
fn draft_beside(target: &Path) -> PathBuf {
    target.with_file_name(format!(".{}.part", uuid::Uuid::now_v7().simple()))
}

/// Puts what `fill` writes in the place of a file: whoever looks sees the old one or the new one. Gives how many bytes it has.
fn replace(
    path: &str,
    target: &Path,
    fill: impl FnOnce(&mut std::fs::File) -> std::io::Result<u64>,
) -> Result<u64, Failure> {
    let fail = |error: std::io::Error| broken(path, &error);
    let folder = target.parent().unwrap_or(target);
    std::fs::create_dir_all(folder).map_err(fail)?;
    let draft = draft_beside(target);
    let put = || {
        let mut file = std::fs::File::create_new(&draft)?;
        let size = fill(&mut file)?;
        file.sync_all()?;
        if let Ok(before) = std::fs::metadata(target) {
            file.set_permissions(before.permissions())?;
        }
        std::fs::rename(&draft, target).map(|()| size)
    };
    put().map_err(|error| {
        // What is left of a failed attempt is of no use to anybody.
        let _ = std::fs::remove_file(&draft);
        fail(error)
    })
}

fn append(call: &Call, roots: &Roots) -> Outcome {
    let prepare = || {
        let path = call.text("path")?;
        let format = Format::of(call, &path)?;
        let target = changeable(roots, &path)?;
        let bytes = format.append(&path, &target, &call.param("content"))?;
        Ok((open::to_append(&path, &target)?, path, target, bytes))
    };
    let (mut file, path, target, bytes) = match prepare() {
        Ok(prepared) => prepared,
        Err(failure) => return Outcome::failed(failure),
    };
    match file.write_all(&bytes).and_then(|()| file.sync_data()) {
        Ok(()) => Outcome::done(written(roots, &target, bytes.len() as u64)),
        // Some of it may stand there.
        Err(error) => Outcome::unknown(broken(&path, &error)),
    }
}

/// What is known of a file or a directory without opening it.
fn described(shown: &str, target: &Path) -> Result<Value, Failure> {
    let metadata = std::fs::metadata(target).map_err(|error| broken(shown, &error))?;
    let modified = metadata.modified().ok().and_then(|time| jiff::Timestamp::try_from(time).ok());
    Ok(Value::map([
        ("path", Value::from(shown)),
        ("name", target.file_name().unwrap_or_default().to_string_lossy().into_owned().into()),
        ("bytes", Value::Int(i64::try_from(metadata.len()).unwrap_or(i64::MAX))),
        ("modified", modified.map_or(Value::Unit, Value::moment)),
        ("directory", metadata.is_dir().into()),
    ]))
}

fn stat(call: &Call, roots: &Roots) -> Outcome {
    let run = || {
        let path = call.text("path")?;
        let target = roots.find(&path)?;
        described(&roots.shown(&target), &target)
    };
    settle(run())
}

fn mkdir(call: &Call, roots: &Roots) -> Outcome {
    let run = || {
        let path = call.text("path")?;
        let made = !roots.find(&path)?.is_dir();
        let target = roots.target(&path)?;
        std::fs::create_dir_all(&target).map_err(|error| broken(&path, &error))?;
        Ok(Value::map([("path", Value::from(roots.shown(&target))), ("made", made.into())]))
    };
    settle(run())
}

fn list(call: &Call, roots: &Roots) -> Outcome {
    let run = || {
        let path = call.text("path")?;
        let found = glob::find(roots, &path)?;
        // A link that leads nowhere, or out of the roots, is nothing that any operation could use.
        let items: Result<Vec<Value>, Failure> = found
            .into_iter()
            .filter(|target| roots.holds(target))
            .map(|target| described(&roots.shown(&target), &target))
            .collect();
        Ok(Value::list(items?))
    };
    settle(run())
}

fn copy(call: &Call, roots: &Roots) -> Outcome {
    let run = || {
        let (path, to) = (call.text("path")?, call.text("to")?);
        // Opened before the copy is begun: what cannot be read is the fault of `path`, and not of `to`.
        let mut source = open::to_read(&path, &roots.find(&path)?)?;
        let target = writable(roots, &to)?;
        let size = replace(&to, &target, |file| std::io::copy(&mut source, file))?;
        Ok(written(roots, &target, size))
    };
    settle(run())
}

fn rename(call: &Call, roots: &Roots) -> Outcome {
    let prepare = || {
        let (path, to) = (call.text("path")?, call.text("to")?);
        let (entry, target) = (roots.entry(&path)?, roots.target(&to)?);
        let source = movable(roots, &path, &entry)?;
        std::fs::symlink_metadata(&source).map_err(|error| broken(&path, &error))?;
        if !target.is_dir() {
            open::only_file(&to, &target)?;
        }
        std::fs::create_dir_all(target.parent().unwrap_or(&target)).map_err(|error| broken(&to, &error))?;
        Ok((path, to, entry, source, target))
    };
    let (path, to, entry, source, target) = match prepare() {
        Ok(prepared) => prepared,
        Err(failure) => return Outcome::failed(failure),
    };
    match (Move { path: &path, source: &source, to: &to, target: &target }).carry_out() {
        Ok(()) => {
            roots.forget(&entry);
            Outcome::done(Value::map([("path", Value::from(roots.shown(&target)))]))
        }
        Err(outcome) => outcome,
    }
}

fn delete(call: &Call, roots: &Roots) -> Outcome {
    let run = || {
        let path = call.text("path")?;
        roots.delete(&roots.entry(&path)?).map_err(|error| broken(&path, &error))
    };
    settle(run().map(|deleted| Value::map([("deleted", Value::Bool(deleted))])))
}
