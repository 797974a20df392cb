//! Pages whose commands are typed: one shell for each page, in an empty folder, from its first block to its last.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use regex::Regex;

use super::block::Block;
use super::page::{Page, Part, written};
use super::screen::shows;
use super::{programs, root};

/// Stands in what the shell prints before what the next command prints.
const MARK: char = '\u{1e}';

/// Each page that is followed has a test of its own, so that they go on beside each other.
macro_rules! followed {
    ($($name:ident $page:literal)*) => {
        /// The pages that are followed.
        pub const FOLLOWED: &[&str] = &[$($page),*];
        $(#[test]
        fn $name() {
            follow($page);
        })*
    };
}

followed! {
    command_line "docs/command-line.md"
    credentials "docs/credentials.md"
    durability "docs/durability.md"
    getting_started "docs/getting-started.md"
    importing "docs/importing.md"
    making_connectors "docs/making-connectors.md"
    operating "docs/operating.md"
    repl "docs/repl.md"
    samples "docs/samples.md"
    security "docs/security.md"
    server "docs/server.md"
    settings "docs/settings.md"
    testing "docs/testing.md"
    tour "docs/tour.md"
    triggers "docs/triggers.md"
    versions "docs/versions.md"
}

/// A command of the page, and where what it prints is shown.
struct Typed<'p> {
    command: String,
    shown: Option<Shown<'p>>,
}

/// What the page shows of a command, in which block and where in it.
struct Shown<'p> {
    block: &'p Block,
    text: String,
}

fn follow(name: &str) {
    let page = Page::read(name);
    let (folder, aside) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    if page.text.contains("scripts/*") {
        std::os::unix::fs::symlink(root().join("scripts"), folder.path().join("scripts")).expect("a link");
    }
    let ports = Ports::of(&page.text);
    let typed = typed(&page, &ports, aside.path());
    let said = shell(&ports.real(&script(&typed)), folder.path(), aside.path());
    let said = ports.shown(&said.replace(&*folder.path().to_string_lossy(), "/home/ada"));
    let printed: Vec<&str> = said.split(MARK).skip(1).collect();
    let mut wrong = String::new();
    for (typed, printed) in typed.iter().zip(&printed) {
        let Some(Shown { block, text }) = &typed.shown else { continue };
        if !shows(text, printed) {
            wrong += &format!("{}: `{}` prints\n{printed}\nthe page shows\n{text}\n", page.place(block), typed.command);
        }
    }
    if printed.len() < typed.len() {
        let last = &typed[printed.len().max(1) - 1];
        wrong += &format!("{name}: the shell ended with `{}`:\n{}", last.command, printed.last().unwrap_or(&""));
    }
    if !wrong.is_empty() && std::env::var_os("UPDATE_EXPECT").is_some() && printed.len() >= typed.len() {
        fs::write(root().join(name), rewritten(&page, &typed, &printed)).expect("the page can be written");
        return;
    }
    assert!(wrong.is_empty(), "{wrong}UPDATE_EXPECT=1 writes what is printed into the page");
    excerpts_stand(&page, folder.path());
}

/// What a person types who follows the page, its files laid where it says so.
fn typed<'p>(page: &'p Page, ports: &Ports, aside: &Path) -> Vec<Typed<'p>> {
    let mut typed = Vec::new();
    for (at, block) in page.blocks.iter().enumerate() {
        if let Some(name) = block.file() {
            let kept = aside.join(at.to_string());
            fs::write(&kept, ports.real(&block.text)).expect("a file of the page");
            let command = format!("mkdir -p \"$(dirname {name})\" && cp '{}' {name}", kept.display());
            typed.push(Typed { command, shown: None });
            continue;
        }
        match page.part(at) {
            Some(Part::Commands) => {
                let shown = page.said_of(at).map(|said| Shown { block: said, text: said.text.clone() });
                // What is shown shows whether it went well.
                let strict = if shown.is_none() { "set -e\n" } else { "" };
                typed.push(Typed { command: format!("{strict}{}set +e", block.text), shown });
            }
            Some(Part::Screen) => typed.extend(
                commands(block)
                    .into_iter()
                    .map(|(command, text)| Typed { command, shown: Some(Shown { block, text }) }),
            ),
            _ => {}
        }
    }
    typed
}

/// The commands of a screen, each with what it prints. A command goes on in lines that begin with `> `.
fn commands(block: &Block) -> Vec<(String, String)> {
    let mut commands: Vec<(String, String)> = Vec::new();
    for line in block.text.lines() {
        match (line.strip_prefix("$ "), line.strip_prefix("> "), commands.last_mut()) {
            (Some(command), _, _) => commands.push((command.to_owned(), String::new())),
            (None, Some(more), Some((command, printed))) if printed.is_empty() => *command += &format!("\n{more}"),
            (None, _, Some((_, printed))) => *printed += &format!("{line}\n"),
            (None, _, None) => panic!("a screen begins with a command: {line}"),
        }
    }
    commands
}

fn script(typed: &[Typed<'_>]) -> String {
    let mut script = "exec 2>&1\ntrap 'kill $(jobs -p) 2> /dev/null' EXIT\n".to_owned();
    for Typed { command, .. } in typed {
        script += &format!("printf '\\036'\n{command}\n");
    }
    script
}

/// What the shell prints, from its beginning to its end.
fn shell(script: &str, folder: &Path, home: &Path) -> String {
    let bin = Path::new(env!("CARGO_BIN_EXE_flow")).parent().expect("it lies in a folder");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    // What waits for something that never comes is a fault of the page, not a test without end.
    let done = Command::new("timeout")
        .args(["100", "bash", "-c", script])
        .current_dir(folder)
        .env_clear()
        .envs([("PATH", path.as_str()), ("TZ", "UTC"), ("LC_ALL", "C.UTF-8"), ("USER", "ada")])
        .env("HOME", home)
        .stdin(Stdio::null())
        .output()
        .expect("bash is there");
    // What the shell itself says of a program that was killed.
    let killed = Regex::new(r"bash: line \d+: +\d+ Killed.*\n").expect("a pattern");
    killed.replace_all(&String::from_utf8_lossy(&done.stdout), "").into_owned()
}

/// The page with what its commands really print, where that is something else than it shows.
fn rewritten(page: &Page, typed: &[Typed<'_>], printed: &[&str]) -> String {
    let mut lines: Vec<String> = page.text.lines().map(str::to_owned).collect();
    let mut blocks: Vec<&Block> = typed.iter().filter_map(|typed| Some(typed.shown.as_ref()?.block)).collect();
    blocks.dedup_by_key(|block| block.lines.start);
    for block in blocks.into_iter().rev() {
        let here =
            typed.iter().zip(printed).filter_map(|(typed, printed)| Some((typed, typed.shown.as_ref()?, printed)));
        let mut text = String::new();
        for (typed, shown, printed) in here.filter(|(_, shown, _)| shown.block.lines == block.lines) {
            if block.words().0 == "console" {
                text += &format!("$ {}\n", typed.command.replace('\n', "\n> "));
            }
            let kept = if shows(&shown.text, printed) { shown.text.as_str() } else { printed }.trim_end();
            text += &if kept.is_empty() { String::new() } else { format!("{kept}\n") };
        }
        let indent = lines[block.lines.end].len() - lines[block.lines.end].trim_start().len();
        let new = text.lines().map(|line| format!("{:indent$}{line}", "").trim_end().to_owned());
        lines.splice(block.lines.clone(), new.collect::<Vec<_>>());
    }
    lines.join("\n") + "\n"
}

/// What a page shows of files that its commands have written stands in them.
fn excerpts_stand(page: &Page, folder: &Path) {
    let listed = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    // Commands may have made a folder for them.
    let files: Vec<String> = listed(folder)
        .flat_map(|path| listed(&path).chain([path]))
        .filter_map(|path| fs::read_to_string(path).ok())
        .chain(programs::of(page))
        .collect();
    for (_, block) in page.parts(Part::Excerpt) {
        let stands = files.iter().any(|file| programs::stands_in(&block.text, file));
        assert!(stands, "{}: this stands in no file of the page:\n{}", page.place(block), block.text);
    }
}

/// The ports that a page names, and free ones in their place.
struct Ports(Vec<(String, String)>);

impl Ports {
    fn of(text: &str) -> Self {
        let named = Regex::new(r"(?:127\.0\.0\.1|localhost):(\d{4,5})\b").expect("a pattern");
        let mut ports: Vec<String> = named.captures_iter(text).map(|found| found[1].to_owned()).collect();
        ports.sort();
        ports.dedup();
        let free = |port: String| {
            let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port on loopback");
            (port, listener.local_addr().expect("an address").port().to_string())
        };
        Self(ports.into_iter().map(free).collect())
    }

    fn real(&self, text: &str) -> String {
        self.0
            .iter()
            .fold(text.to_owned(), |text, (shown, real)| text.replace(&format!(":{shown}"), &format!(":{real}")))
    }

    fn shown(&self, text: &str) -> String {
        self.0
            .iter()
            .fold(text.to_owned(), |text, (shown, real)| text.replace(&format!(":{real}"), &format!(":{shown}")))
    }
}

#[test]
fn each_page_with_commands_is_followed() {
    for name in &written() {
        let page = Page::read(name);
        let types = page.parts(Part::Commands).chain(page.parts(Part::Screen)).next().is_some();
        assert_eq!(types, FOLLOWED.contains(&name.as_str()), "{name}: `followed!` names the pages with commands");
    }
}
