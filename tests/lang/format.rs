//! The style: what `flow fmt` makes of programs, and what it leaves as it is.
//!
//! `format/NAME.before.flow` becomes `format/NAME.flow`; `UPDATE_EXPECT=1` writes the latter anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use orchestra_flow::base::span::Source;
use orchestra_flow::lang::{self, Files, Unformatted};

use super::finding::{programs, read};
use super::mangled::mangled;
use super::respaced::respaced;
use crate::docs::block::blocks;
use crate::run::programs::write;
use crate::run::simulator::Chance;

fn styled(name: &str, text: &str) -> String {
    lang::format(&Source::new(name, text)).unwrap_or_else(|faults| panic!("{name}: {faults:#?}"))
}

/// Everything that is kept in the style.
fn kept() -> Vec<PathBuf> {
    ["scripts", "scripts/lib", "stdlib"].into_iter().flat_map(programs).collect()
}

/// A folder, for what its programs use.
struct Beside<'a>(&'a Path);

impl Files for Beside<'_> {
    fn read(&self, path: &str) -> Result<String, String> {
        fs::read_to_string(self.0.join(path)).map_err(|error| error.to_string())
    }
}

/// The plans of a program that lies in `folder`; nothing where the check refuses it.
fn digests(folder: &Path, text: &str) -> Option<BTreeMap<String, String>> {
    let package = lang::compile("program.flow", text, &Beside(folder)).package?;
    Some(package.plans.iter().map(|(name, plan)| (name.to_string(), plan.digest.to_string())).collect())
}

/// The letters of a text, without what stands between them.
fn letters(text: &str) -> String {
    text.split_whitespace().collect()
}

/// Formats a text and holds what comes of it against the text.
fn keeps_its_letters(name: &str, text: &str) -> String {
    let once = styled(name, text);
    assert_eq!(letters(&once), letters(text), "{name}");
    assert_eq!(styled(name, &once), once, "a second time: {name}");
    once
}

/// The same, and what it means.
fn keeps_everything(name: &str, folder: &Path, text: &str) -> String {
    let once = keeps_its_letters(name, text);
    assert_eq!(digests(folder, &once), digests(folder, text), "{name}");
    once
}

#[test]
fn what_is_in_disorder_is_put_right() {
    for file in programs("tests/lang/format") {
        let name = file.display().to_string();
        let Some(stem) = name.strip_suffix(".before.flow") else { continue };
        let (text, wanted) = (read(&file), PathBuf::from(format!("{stem}.flow")));
        let made = keeps_everything(&name, Path::new("tests/lang/format"), &text);
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&wanted, &made).expect("the expectation can be written");
        }
        assert_eq!(made, read(&wanted), "{stem}");
        // Editors of other systems leave other line ends, and a mark at the beginning; those of a text are its own.
        let foreign = styled(&name, &format!("\u{feff}{}", text.replace('\n', "\r\n")));
        assert_eq!(foreign.replace("\r\n", "\n"), made, "{stem}");
    }
}

#[test]
fn the_house_keeps_its_own_style() {
    for file in kept() {
        let text = read(&file);
        assert!(styled("", &text) == text, "`flow fmt {}` changes it", file.display());
    }
}

#[test]
fn any_spacing_of_a_program_comes_out_as_the_same() {
    for (seed, file) in (1..).zip(kept()) {
        let text = read(&file);
        let messy = respaced(&text, &mut Chance(seed));
        assert_ne!(messy, text);
        let made = styled("", &messy);
        assert!(made == text, "{}\n{}", file.display(), first_difference(&made, &text));
    }
}

/// The first line in which two texts differ.
fn first_difference(made: &str, wanted: &str) -> String {
    let found = made.lines().zip(wanted.lines()).find(|(made, wanted)| made != wanted);
    found.map_or_else(String::new, |(made, wanted)| format!("made:   {made}\nwanted: {wanted}"))
}

#[test]
fn what_a_program_means_stays() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["scripts", "tests/lang/whole", "tests/lang/plan", "tests/lang/compare", "tests/lang/check/clean"];
    let mut plans = 0;
    for file in folders.into_iter().flat_map(programs) {
        let (text, folder) = (read(&file), file.parent().expect("it lies in a folder"));
        let name = file.display().to_string();
        let made = keeps_its_letters(&name, &respaced(&text, &mut Chance(7)));
        let meant = digests(folder, &text);
        plans += meant.as_ref().map_or(0, BTreeMap::len);
        assert_eq!(digests(folder, &made), meant, "{name}");
    }
    assert!(plans > 40, "{plans} plans were compared");
    for page in fs::read_dir(root.join("docs")).expect("the pages are there").flatten() {
        let Ok(text) = fs::read_to_string(page.path()) else { continue };
        for block in blocks(&text).into_iter().filter(|block| block.kind == "flow") {
            keeps_everything(&page.path().display().to_string(), &root.join("docs"), &block.text);
        }
    }
}

/// `UPDATE_EXPECT=1` writes the tidy programs anew.
#[test]
fn the_page_shows_what_happens() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/formatting.md");
    let page = read(&path);
    let pieces: Vec<&str> = page.split_inclusive("```flow messy\n").collect();
    let mut made = String::new();
    for (at, piece) in pieces.iter().enumerate() {
        if at == 0 {
            made.push_str(piece);
            continue;
        }
        let (messy, behind) = piece.split_once("```\n\n```flow tidy\n").expect("behind the messy program the tidy one");
        let (_, behind) = behind.split_at(behind.find("```\n").expect("it has an end"));
        let tidy = keeps_everything("docs/formatting.md", Path::new("docs"), messy);
        made.extend([messy, "```\n\n```flow tidy\n", &tidy, behind]);
    }
    assert!(pieces.len() > 3, "the page shows little");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, &made).expect("the page can be written");
    }
    assert_eq!(made, read(&path));
}

#[test]
fn random_programs_stay_what_they_are() {
    for seed in 0..40 {
        let (text, _) = write(seed);
        let messy = respaced(&text, &mut Chance(seed));
        let made = keeps_everything(&format!("seed {seed}"), Path::new("."), &text);
        assert_eq!(styled("", &messy), made, "seed {seed}");
    }
}

#[test]
fn whatever_is_done_to_a_program_the_style_does_no_more() {
    let (mut seed, mut read_on) = (0, 0);
    for file in kept() {
        // One declaration is read as fast as it is wrong.
        for declaration in read(&file).split("\n}\n").map(|text| format!("{text}\n}}\n")) {
            seed += 1;
            let messy = mangled(&declaration, declaration.len() as u64 / 8, &mut Chance(seed));
            let name = format!("{}, seed {seed}", file.display());
            match lang::format(&Source::new("", &messy)) {
                Ok(_) => {
                    read_on += 1;
                    keeps_its_letters(&name, &messy);
                }
                Err(Unformatted::Broken(_)) => {}
                Err(why) => panic!("{name}: {why:?}\n{messy}"),
            }
        }
    }
    assert!(read_on > 100, "{read_on} of {seed} could be read");
}

#[test]
fn what_cannot_be_read_is_not_touched() {
    for text in ["workflow a {\n", "workflow a { let x = \"\n}", "workflow a {\n  stpe x = b.c { }\n}\n"] {
        let why = lang::format(&Source::new("a.flow", text)).expect_err(text);
        let Unformatted::Broken(faults) = why else { panic!("{text}: {why:?}") };
        assert!(faults.iter().any(|fault| fault.is_error()), "{text}");
    }
}

#[test]
fn nothing_becomes_nothing() {
    assert_eq!(styled("", ""), "");
    assert_eq!(styled("", " \n\t\r\n"), "");
    assert_eq!(styled("", "// a"), "// a\n");
}
