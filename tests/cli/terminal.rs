//! The real binary on a terminal: what a person sees there, types and interrupts.
#![cfg(target_os = "linux")]

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::Folder;

/// How long a person is willing to look at a screen on which nothing comes.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long nobody looks whether the terminal is taken away.
const GLANCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };

/// Calls `flow`, and stays a moment after it: when the first process of a session ends, the kernel hangs the terminal up, and
/// what was not read by then may be lost.
/// Where a file is named, it is the first process itself, with its stderr in there: a terminal that has gone shows nothing.
const LINGERING: &str =
    r#"[ "$LEFT" ] && exec "$0" "$@" 2> "$LEFT"; trap : INT; "$0" "$@"; code=$?; sleep 0.2; exit $code"#;

/// `flow` on a terminal of its own.
pub struct Terminal {
    keyboard: File,
    output: Receiver<Vec<u8>>,
    /// Whether nobody looks any more.
    gone: Arc<AtomicBool>,
    reading: JoinHandle<()>,
    screen: vt100::Parser,
    /// Everything that was written to it.
    raw: String,
    child: Child,
}

impl Terminal {
    /// A terminal of 100 columns and 50 rows.
    pub fn start(folder: &Folder, args: &[&str]) -> Self {
        Self::sized(folder, (100, 50), &[], args)
    }

    pub fn sized(folder: &Folder, (columns, rows): (u16, u16), environment: &[(&str, &str)], args: &[&str]) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a terminal");
        grantpt(&master).and_then(|()| unlockpt(&master)).expect("it may be opened");
        tcsetwinsize(&master, Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).expect("a size");
        let name = ptsname(&master, Vec::new()).expect("its name");
        let name = std::ffi::OsStr::from_bytes(name.as_bytes());
        let open = || {
            use std::os::unix::fs::OpenOptionsExt as _;
            let flags = rustix::fs::OFlags::NOCTTY.bits() as i32;
            OpenOptions::new().read(true).write(true).custom_flags(flags).open(name).expect("the terminal")
        };
        // The terminal is that of a session of its own, so that Ctrl-C reaches whoever sits at it.
        let child = Command::new("setsid")
            .args(["--ctty", "--wait", "sh", "-c", LINGERING, env!("CARGO_BIN_EXE_flow")])
            .args(args)
            .current_dir(folder.path())
            .env_clear()
            .envs([("USER", "tester"), ("TERM", "xterm-256color")])
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(environment.iter().copied())
            .stdin(open())
            .stdout(open())
            .stderr(open())
            .spawn()
            .expect("the binary starts");
        let keyboard = File::from(master);
        let shown = keyboard.try_clone().expect("a second hand on it");
        let (sender, output) = channel();
        let gone = Arc::new(AtomicBool::new(false));
        let nobody_looks = gone.clone();
        let reading = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            let mut ready = [PollFd::from_borrowed_fd(shown.as_fd(), PollFlags::IN)];
            while !nobody_looks.load(Ordering::SeqCst) {
                if poll(&mut ready, Some(&GLANCE)).expect("a terminal can be watched") == 0 {
                    continue;
                }
                // When the last one has left the terminal, reading from it fails.
                match (&shown).read(&mut bytes) {
                    Ok(count @ 1..) if sender.send(bytes[..count].to_vec()).is_ok() => {}
                    _ => break,
                }
            }
        });
        let screen = vt100::Parser::new(rows, columns, 0);
        Self { keyboard, output, gone, reading, screen, raw: String::new(), child }
    }

    /// Waits until the screen shows `text`.
    pub fn shows(&mut self, text: &str) -> &mut Self {
        let end = Instant::now() + PATIENCE;
        while !self.contents().contains(text) {
            match self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.take(&bytes),
                Err(why) => panic!("{why}: {text:?} does not come on\n{}", self.contents()),
            }
        }
        self
    }

    pub fn types(&mut self, text: &str) -> &mut Self {
        self.keyboard.write_all(text.as_bytes()).expect("somebody listens");
        self
    }

    /// Waits for the end; gives the code and what stands on the screen then.
    pub fn ends(mut self) -> (i32, String, String) {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.take(&bytes),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end:\n{}", self.contents()),
            }
        }
        let code = self.child.wait().expect("it ends").code().unwrap_or(-1);
        (code, self.contents(), self.raw)
    }

    /// Takes the terminal away, and waits until whoever sat there has gone; gives the code.
    #[cfg(feature = "repl")]
    pub fn hangs_up(mut self) -> Option<i32> {
        self.gone.store(true, Ordering::SeqCst);
        self.reading.join().expect("it only reads");
        drop(self.keyboard);
        let end = Instant::now() + PATIENCE;
        loop {
            match self.child.try_wait().expect("it can be asked") {
                Some(status) => return status.code(),
                None if Instant::now() < end => std::thread::sleep(Duration::from_millis(20)),
                None => {
                    self.child.kill().expect("it is there");
                    panic!("it stays without its terminal");
                }
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.screen.process(bytes);
        self.raw.push_str(&String::from_utf8_lossy(bytes));
    }

    pub fn contents(&self) -> String {
        self.screen.screen().contents()
    }
}

pub const CTRL_C: &str = "\u{3}";
pub const CTRL_D: &str = "\u{4}";

const DECIDE: &str = r#"
workflow decide {
    step made = files.write { path: "made.txt", content: "x", undo files.delete { path: "made.txt" } }
    step ok: { keep: bool, size: "small" | "large", pieces: int(1..3), note: string?, who: { mail: email } } = ask role "boss" {
        question: "Keep it?"
    }
    output { ok: any = ok }
}
"#;

#[test]
fn a_question_is_asked_field_by_field_until_the_answer_fits() {
    let folder = Folder::with(DECIDE);
    let mut terminal = Terminal::start(&folder, &["run", "main.flow"]);
    terminal.shows("ok asks role boss: Keep it?\n  keep (yes or no):").types("perhaps\n");
    terminal.shows("answer yes or no").types("y\n");
    terminal.shows("size (\"small\" | \"large\"):").types("larg\n");
    terminal.shows("did you mean \"large\"?").types("large\n");
    terminal.shows("pieces (int(1..3)):").types("7\n").shows("must be at most 3, is 7").types("2\n");
    terminal.shows("note (string, may be left out):").types("\n");
    terminal.shows("who.mail (email):").types("ada@example.com\n");
    let (code, screen, _) = terminal.ends();
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("✓ decide") && screen.contains("  ✓ made") && screen.contains("  ✓ ok"), "{screen}");
    // What goes to a terminal is for people, so the output is laid out.
    let output =
        "{\n  \"ok\": {\n    \"keep\": true,\n    \"size\": \"large\",\n    \"pieces\": 2,\n    \"note\": null,";
    assert!(screen.contains(output), "{screen}");
}

#[test]
fn a_parked_step_is_decided_at_the_terminal() {
    let folder = Folder::with(
        r#"
workflow stuck {
    step page = http.get { url: "http://127.0.0.1:1/", on error park }
    output { page: any = page }
}
"#,
    );
    let mut terminal = Terminal::start(&folder, &["run", "main.flow"]);
    terminal
        .shows("page is parked: permission_denied: ")
        .shows("answer (\"retry\" | \"skip\" | \"fail\"):")
        .types("later\n");
    terminal.shows("is the string \"later\"\n  answer (\"retry\" | \"skip\" | \"fail\"):").types("retry\n");
    // It fails again, and is asked about again.
    terminal.shows("answer (\"retry\" | \"skip\" | \"fail\"): retry\npage is parked").types("skip\n");
    let (code, screen, _) = terminal.ends();
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("  – page  skipped") && screen.contains("\"page\": null"), "{screen}");
}

#[test]
fn ctrl_c_withdraws_an_open_question_and_undoes_what_was_done() {
    let folder = Folder::with(DECIDE);
    let mut terminal = Terminal::start(&folder, &["run", "main.flow"]);
    terminal.shows("keep (yes or no):").types("ye").types(CTRL_C);
    let (code, screen, _) = terminal.ends();
    assert_eq!(code, 130, "{screen}");
    assert!(screen.contains("cancelling: undoing, finishing ... (Ctrl-C again kills)\n"), "{screen}");
    assert!(screen.contains("✓ undo made") && screen.ends_with("cancelled"), "{screen}");
    assert!(!folder.path().join("made.txt").exists());
}

#[test]
fn a_second_ctrl_c_kills() {
    let folder = Folder::with("workflow stubborn {\n    wait 1h\n    on cancel { wait 1h }\n}\n");
    let mut terminal = Terminal::start(&folder, &["run", "main.flow"]);
    terminal.shows("… wait  waits 1h").types(CTRL_C).shows("on cancel").types(CTRL_C);
    let (code, screen, _) = terminal.ends();
    assert_eq!(code, 130, "{screen}");
    assert!(screen.contains("killed\n"), "{screen}");
}

#[test]
fn a_terminal_that_is_closed_answers_nothing() {
    let folder = Folder::with(DECIDE);
    let mut terminal = Terminal::start(&folder, &["run", "main.flow"]);
    terminal.shows("keep (yes or no):").types(CTRL_D);
    let (code, screen, _) = terminal.ends();
    assert_eq!(code, 1, "{screen}");
    assert!(screen.contains("the terminal was closed before the question was answered"), "{screen}");
    assert!(!folder.path().join("made.txt").exists());
}

const MANY: &str = r#"
workflow many {
    step all = parallel for i in 0..20 max 10 {
        step one_with_quite_a_long_name = sequence { wait 200ms }
        step http.get { url: "http://127.0.0.1:1/", on error skip }
    }
}
"#;

#[test]
fn the_tree_is_drawn_in_place_and_never_wider_or_higher_than_the_terminal() {
    let folder = Folder::with(MANY);
    for size in [(100, 50), (30, 8), (12, 5)] {
        let (code, screen, raw) = Terminal::sized(&folder, size, &[], &["run", "main.flow"]).ends();
        assert_eq!(code, 0, "{screen}");
        // Drawn again and again, but seen once: nothing that was drawn has been left behind, and no line broke in two.
        assert!(raw.matches(" many").count() > 3, "{raw:?}");
        assert_eq!(screen, format!("✓ many  {}\n  ✓ all  {}\nnull", after(&screen, "many  "), after(&screen, "all  ")));
        let [columns, rows] = [size.0, size.1].map(usize::from);
        for frame in raw.split("\u{1b}[J") {
            let lines: Vec<String> = frame.lines().map(without_colour).collect();
            assert!(lines.len() <= rows || frame.contains("null"), "{size:?}: {lines:?}");
            assert!(lines.iter().all(|line| line.chars().count() < columns), "{size:?}: {lines:?}");
        }
    }
}

/// The rest of the line behind `start`.
fn after<'a>(text: &'a str, start: &str) -> &'a str {
    text.split_once(start).and_then(|(_, rest)| rest.lines().next()).unwrap_or_default()
}

/// A line without what moves the cursor and changes colours.
fn without_colour(line: &str) -> String {
    let mut pieces = line.split('\u{1b}');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| text + piece.split_once(|c: char| c.is_ascii_alphabetic()).map_or("", |it| it.1))
}

#[test]
fn colours_come_on_a_terminal_unless_they_are_not_wanted() {
    let coloured = |raw: &str| raw.contains("\u{1b}[32m");
    // Long enough for the tree to be drawn before it ends.
    let folder = Folder::with("workflow idle { wait 300ms }\n");
    let run = |environment: &[(&str, &str)], args: &[&str]| {
        let (code, screen, raw) = Terminal::sized(&folder, (80, 24), environment, args).ends();
        assert_eq!(code, 0, "{screen}");
        raw
    };
    assert!(coloured(&run(&[], &["run", "main.flow"])));
    let sober = run(&[("NO_COLOR", "1")], &["run", "main.flow"]);
    assert!(!sober.contains('m') || !sober.contains("\u{1b}[0m"), "{sober:?}");
    assert!(!coloured(&sober) && sober.contains("\u{1b}[J"), "{sober:?}");
    // Lines instead of a tree: nothing moves.
    let plain = run(&[("NO_COLOR", "1")], &["run", "--format", "plain", "main.flow"]);
    assert!(!plain.contains('\u{1b}') && plain.contains("idle  completed"), "{plain:?}");
    let dumb = run(&[("TERM", "dumb")], &["run", "main.flow"]);
    assert!(!dumb.contains("\u{1b}[J"), "{dumb:?}");
}

#[test]
fn in_a_sandbox_a_person_at_the_terminal_is_asked() {
    let folder = Folder::with(DECIDE);
    let mut terminal = Terminal::start(&folder, &["run", "--sandbox", "main.flow"]);
    for (field, answer) in
        [("keep", "n"), ("size", "small"), ("pieces", "1"), ("note", ""), ("who.mail", "a@b.example")]
    {
        terminal.shows(&format!("  {field} (")).types(&format!("{answer}\n"));
    }
    let (code, screen, _) = terminal.ends();
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("\"keep\": false"), "{screen}");
    assert!(!folder.path().join("made.txt").exists(), "a sandbox writes aside");
}
