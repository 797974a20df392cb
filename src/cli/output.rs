//! A file that a command writes: it never takes the place of what somebody has written there, unless that was said.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use super::exit::Refusal;
use crate::disk::{other_than_file, plainly};

/// How the names of programs end.
const PROGRAM: &str = "flow";

/// What is written where, and what it may be written over.
#[derive(Debug)]
pub struct Output<'p> {
    path: &'p Path,
    kind: Kind,
    over: Over,
    /// What is read for it, and so is never written over.
    sources: Vec<&'p Path>,
}

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A program, whose name may end as those of programs do.
    Program,
    /// Something else, which is called so.
    Other(&'static str),
}

/// What may be written over.
#[derive(Clone, Copy, Debug)]
enum Over {
    Nothing,
    Anything,
    /// What begins so: an older one of its kind. Nothing is lost with a file that is empty.
    Own(&'static str),
}

impl<'p> Output<'p> {
    /// Writes what is of this kind to `path`, where nothing is.
    pub fn new(path: &'p Path, kind: Kind) -> Self {
        Self { path, kind, over: Over::Nothing, sources: Vec::new() }
    }

    /// It is made of what stands in these files.
    #[must_use]
    pub fn of(mut self, sources: impl IntoIterator<Item = &'p Path>) -> Self {
        self.sources.extend(sources);
        self
    }

    /// Where `force`, it is written over what is there.
    #[must_use]
    pub fn force(self, force: bool) -> Self {
        if force { Self { over: Over::Anything, ..self } } else { self }
    }

    /// It is written over an older one of its kind, which begins so.
    #[must_use]
    pub fn renews(self, beginning: &'static str) -> Self {
        Self { over: Over::Own(beginning), ..self }
    }

    /// Whether it may be written, asked before anything is done for it.
    ///
    /// # Errors
    /// What would be lost, and what to type instead.
    pub fn check(&self) -> Result<(), Refusal> {
        let shown = self.path.display();
        if self.sources.iter().any(|source| is_same(source, self.path)) {
            let refusal = Refusal::new(format!("`{shown}` is what is read: it would be written over"));
            return Err(refusal.hint("name another file"));
        }
        if let Kind::Other(what) = self.kind
            && (is_program(self.path) || self.path.canonicalize().is_ok_and(|target| is_program(&target)))
        {
            let refusal =
                Refusal::new(format!("`{shown}` has the name of a program, and {what} would be written there"));
            return Err(refusal.hint("name the file that is to be written, and the program behind it"));
        }
        let Ok(about) = fs::metadata(self.path) else { return Ok(()) };
        if let Some(name) = other_than_file(about.file_type()) {
            return Err(Refusal::new(format!("`{shown}` cannot be written: this is {name}, not a file")));
        }
        match self.over {
            Over::Anything => Ok(()),
            Over::Own(beginning) if about.len() == 0 || begins(self.path, beginning) => Ok(()),
            Over::Own(_) => Err(self.other_is_there()),
            Over::Nothing => Err(self.is_there()),
        }
    }

    /// Writes it, all at once.
    ///
    /// # Errors
    /// As [`Output::check`] has them, and those of the operating system.
    pub fn write(&self, text: &str) -> Result<(), Refusal> {
        self.check()?;
        let written = if self.path.exists() {
            put(self.path, text)
        } else {
            // Whatever came there in the meantime stays.
            File::create_new(self.path).and_then(|mut file| file.write_all(text.as_bytes()))
        };
        written.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => self.is_there(),
            io::ErrorKind::NotFound => self.unwritable("there is no such directory"),
            _ => self.unwritable(&plainly(&error)),
        })
    }

    fn unwritable(&self, reason: &str) -> Refusal {
        Refusal::new(format!("`{}` cannot be written: {reason}", self.path.display()))
    }

    fn is_there(&self) -> Refusal {
        Refusal::new(format!("`{}` is there already", self.path.display()))
            .hint("name another file by `-o FILE`, or write over it by `--force`")
    }

    fn other_is_there(&self) -> Refusal {
        let what = match self.kind {
            Kind::Program => "program",
            Kind::Other(what) => what.split_once(' ').map_or(what, |(_, noun)| noun),
        };
        Refusal::new(format!("`{}` is there already, and is no {what}", self.path.display()))
            .hint("name another file, or move this one away")
    }
}

fn is_program(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(PROGRAM))
}

/// Whether two paths lead to one file, by whatever links.
fn is_same(one: &Path, other: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let id = |path: &Path| fs::metadata(path).ok().map(|about| (about.dev(), about.ino()));
        id(one).is_some_and(|one| Some(one) == id(other))
    }
    #[cfg(not(unix))]
    {
        one.canonicalize().is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
    }
}

fn begins(path: &Path, beginning: &str) -> bool {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(beginning.len() as u64).read_to_end(&mut bytes));
    read.is_ok() && bytes == beginning.as_bytes()
}

/// Puts a text in the place of a file, all at once: whoever looks sees the old one or the new one, with the file's own permissions.
///
/// # Errors
/// Those of the operating system; then the file is as it was.
pub fn put(file: &Path, text: &str) -> io::Result<()> {
    // Where a link leads to; the link stays.
    let file = fs::canonicalize(file)?;
    let before = fs::metadata(&file)?;
    if before.permissions().readonly() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the file may only be read"));
    }
    // Not made of the file's name, which may be as long as names can be.
    let draft = file.with_file_name(format!(".{}.part", uuid::Uuid::now_v7().simple()));
    let written = File::create_new(&draft).and_then(|mut new| {
        new.write_all(text.as_bytes())?;
        keep_owner(&draft, &before);
        new.set_permissions(before.permissions())?;
        new.sync_all()?;
        fs::rename(&draft, &file)
    });
    written.inspect_err(|_| {
        let _ = fs::remove_file(&draft);
    })
}

/// Gives a file to whom the one before belonged, as far as that is allowed: an administrator takes nothing away from anybody.
fn keep_owner(file: &Path, before: &fs::Metadata) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt as _, chown};
        let _ = chown(file, Some(before.uid()), Some(before.gid()));
    }
    #[cfg(not(unix))]
    let _ = (file, before);
}
