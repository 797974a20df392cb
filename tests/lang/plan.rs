//! Plans: what a program becomes, and how it is printed, drawn and accounted for.
//!
//! In `plan/*.flow` stand programs; beside each, in a `.txt`, what `flow plan` and `flow effects` say of it.
//! `UPDATE_EXPECT=1` writes what is said into the files.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use orchestra_flow::base::stack::with_room;
use orchestra_flow::host::rehearse::{Rehearsal, rehearse};
use orchestra_flow::lang::plan::graph::{to_dot, to_mermaid, to_svg};
use orchestra_flow::lang::plan::node::{Kind, Runners};
use orchestra_flow::lang::plan::{Body, ChainId, Gather, Link, Package, Plan, Slot, effects, print};
use orchestra_flow::lang::{Compilation, Files, NoFiles, compile};

use super::finding::{programs, read};

fn compiled(text: &str) -> Compilation {
    with_room(true, || compile("test.flow", text, &NoFiles)).expect("a thread starts")
}

/// The package of a program without errors.
fn package(text: &str) -> Package {
    let Compilation { sources, package, diagnostics, .. } = compiled(text);
    let errors = diagnostics.iter().filter(|found| found.is_error());
    let errors = errors.map(|found| {
        let line = sources.positions(found.primary.span).0.line;
        format!("{line}: {} {}", found.message, found.primary.text)
    });
    package.unwrap_or_else(|| panic!("the program has errors:\n{}", errors.collect::<Vec<_>>().join("\n")))
}

/// Every plan of the samples and of the programs of these tests. Whether samples have errors is another test's affair.
fn all_plans() -> Vec<Arc<Plan>> {
    let files = programs("scripts").into_iter().chain(programs("tests/lang/plan"));
    let packages = files.filter_map(|file| compiled(&read(&file)).package);
    let plans: Vec<Arc<Plan>> = packages.flat_map(|package| package.plans.into_values()).collect();
    assert!(plans.len() > 5);
    plans
}

/// The plan of the only workflow.
fn plan(text: &str) -> Arc<Plan> {
    package(text).plans.values().next().expect("a workflow is declared").clone()
}

/// `h1 h2 shield(b) h3`: a chain, with handlers numbered as they are made.
fn chain(plan: &Plan, id: ChainId) -> String {
    let links = plan.chains[id.0 as usize].iter().map(|link| match link {
        Link::Handler(handler) => format!("h{}", handler.0 + 1),
        Link::Shield(block) => format!("shield({})", plan.node(*block).label),
        Link::Rim(block) => format!("rim({})", plan.node(*block).label),
    });
    links.collect::<Vec<_>>().join(" ")
}

/// The chain of the only node with this label.
fn chain_of(plan: &Plan, label: &str) -> String {
    let mut nodes = plan.nodes.iter().filter(|node| &*node.label == label);
    let node = nodes.next().unwrap_or_else(|| panic!("a node is called {label}"));
    assert!(nodes.next().is_none(), "only one node is called {label}");
    chain(plan, node.chain)
}

#[test]
fn plans_and_accounts_read_as_expected() {
    for file in programs("tests/lang/plan") {
        let package = package(&read(&file));
        let mut said = String::new();
        for plan in package.plans.values() {
            // The fingerprint of the whole changes with every operation of the standard library that is called.
            let print = print(plan).replace(&plan.digest.short(), "········");
            said += &format!("{print}\n{}\n", effects(&package, plan));
        }
        let expected = file.with_extension("txt");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&expected, &said).expect("the folder can be written to");
        }
        assert_eq!(said, read(&expected), "{}", file.display());
    }
}

#[test]
fn order_is_inferred_from_what_is_read() {
    let plan = plan(&read(Path::new("scripts/customer_onboarding.flow")));
    let waits: Vec<(&str, &[u32])> =
        plan.nodes.iter().filter(|node| !node.waits.is_empty()).map(|node| (&*node.label, &node.waits[..])).collect();
    assert_eq!(waits, [("notify_team", &[2][..])]);
}

/// What a row shows, the body of a workflow, and the chains of some of its nodes by label.
type Row<'r> = (&'r str, &'r str, &'r [(&'r str, &'r str)]);

/// Semantics 12 to 15 and 26: which handlers an error meets.
#[test]
fn chains_are_read_off_the_text() {
    let rows: [Row; 9] = [
        (
            "own clauses, then each pair of braces, inside out",
            r#"on error park
               if run.id != "" {
                   step a = http.get { url: "u", on not_found skip, retry 1 times }
                   on timeout skip
               }"#,
            &[("a", "h3 h4 h2 h1"), ("if", "h1")],
        ),
        (
            "a block without a name only groups; one with handlers behind it shields and has a rim",
            r#"on error park
               step b = sequence {
                   step a = http.get { url: "u" }
                   on timeout skip
               } with { on conflict skip }"#,
            &[("a", "h3 shield(b) h1"), ("b", "h2 rim(b) h1")],
        ),
        (
            "what is no unit belongs to the nearest unit, and starts where it stands",
            r#"on error park
               step b = sequence {
                   if run.id != "" {
                       fail odd "odd"
                       on odd skip
                   }
               } with { on conflict skip }"#,
            &[("fail", "h3 h2 h1"), ("if", "h2 h1"), ("b", "h2 rim(b) h1")],
        ),
        (
            "a turn is a unit: what stands in it is shielded by the loop",
            r#"step l = for x in [1, 2] {
                   fail odd "odd" when x > 1
                   on odd skip item
               } with { on error retry 1 times }"#,
            &[("fail", "h2 shield(l)"), ("l", "h1 rim(l)")],
        ),
        (
            "a branch is a unit",
            r#"step r = race {
                   branch p { step a = http.get { url: "u" }, fail odd "odd", on odd skip }
                   branch q { wait 1d }
               } with { on error park }"#,
            &[("a", "h2 shield(r)"), ("fail", "h2 shield(r)"), ("wait", "shield(r)"), ("r", "h1 rim(r)")],
        ),
        (
            "what runs in a handler sees what is outside the scope that owns it",
            r#"on error park
               step b = sequence {
                   step a = http.get {
                       url: "u"
                       on not_found alternate { step in_own = http.get { url: "v" } }
                   }
                   on timeout alternate { step in_braces = http.get { url: "w" } }
               } with { on conflict alternate { step behind = http.get { url: "x" } } }"#,
            &[
                ("a", "h4 h3 shield(b) h1"),
                ("in_own", "h3 shield(b) h1"),
                ("in_braces", "shield(b) h1"),
                ("behind", "h1"),
            ],
        ),
        (
            "undo sees the scopes it is written in, not its step's clauses, and is tried again",
            r#"on error park
               step a = http.post {
                   url: "u"
                   on conflict skip
                   undo http.delete { url: "v" }
               }"#,
            &[("a", "h2 h1"), ("undo", "h3 h1")],
        ),
        (
            "reminders and lifecycle bodies see the scopes they are written in",
            r#"on error park
               step a = wait signal "go" {
                   on timeout skip
                   remind every 1d { step again = http.get { url: "u" } }
               }
               on failure { step bye = http.get { url: "v" } }"#,
            &[("a", "h2 h1"), ("again", "h1"), ("bye", "h1")],
        ),
        (
            "a handler that is taken in stands where the line stands, each time anew",
            r#"step a = http.get { url: "u", handle calm }
               step b = http.get { url: "v", handle calm }
               on error park"#,
            &[("a", "h2 h3 h1"), ("b", "h4 h5 h1")],
        ),
    ];
    for (what, body, chains) in rows {
        let plan =
            plan(&format!("handler calm {{ on timeout skip, on conflict retry 1 times }}\nworkflow w {{\n{body}\n}}"));
        for (label, expected) in chains {
            assert_eq!(chain_of(&plan, label), *expected, "{what}: {label}\n{}", print(&plan));
        }
    }
}

#[test]
fn a_notify_sees_what_is_outside_the_scope_that_owns_it() {
    let plan = plan(
        r#"workflow w {
            step a = http.get { url: "u", on error notify log.error { message: error.message, on timeout skip } }
            on error park
        }"#,
    );
    assert_eq!(chain_of(&plan, "a"), "h3 h1");
    assert_eq!(chain_of(&plan, "notify"), "h2 h1");
    assert_eq!(plan.handlers[1].depth, 1, "a handler of the call stands in the frame of the notify");
}

/// Which nodes have a record (semantics 1), and which can be given up so that variables must be forgotten (40).
#[test]
fn units_and_what_can_be_given_up() {
    let plan = plan(
        r#"workflow w {
            if run.id != "" { wait 1s }
            step named = sequence { wait 1s }
            sequence { wait 1s } with { timeout 1m }
            parallel for x in [1] tolerate all { wait 1s }
            for x in [1] { wait 1s }
            race { branch a { wait 1s }, branch b { wait 2s } }
            step again = sequence { wait 1s } with { on timeout retry 1 times }
            let one = 1
        }"#,
    );
    let found: Vec<(&str, bool, bool)> = plan
        .nodes
        .iter()
        .filter(|node| !node.label.starts_with("wait"))
        .map(|node| (&*node.label, node.unit, node.restores))
        .collect();
    assert_eq!(
        found,
        [
            ("if", false, false),
            ("named", true, false),
            ("sequence", true, false),
            ("for", true, true),
            ("for-2", true, false),
            ("race", true, true),
            ("again", true, true),
            ("one", false, false),
        ]
    );
    let waits: Vec<&str> =
        plan.nodes.iter().map(|node| &*node.label).filter(|label| label.starts_with("wait")).collect();
    // The `if` shares its labels with the run, which is the unit round it; the other blocks are units of their own.
    assert_eq!(waits, ["wait"; 8]);
}

fn body_of<'p>(plan: &'p Plan, label: &str) -> (&'p [Gather], Vec<&'p Body>) {
    let node = plan.nodes.iter().find(|node| &*node.label == label).expect("there is such a node");
    match &node.kind {
        Kind::For(each) => (&each.gathers, vec![&each.body]),
        Kind::While { gathers, body, .. } | Kind::Repeat { gathers, body, .. } => (gathers, vec![body]),
        Kind::Race(race) => match &race.runners {
            Runners::Branches(branches) => (&race.gathers, branches.iter().map(|branch| &branch.body).collect()),
            Runners::Items { body, .. } => (&race.gathers, vec![body]),
        },
        _ => panic!("{label} is no loop and no race"),
    }
}

fn slot_of(plan: &Plan, name: &str) -> Vec<Slot> {
    plan.nodes.iter().filter(|node| node.name.as_deref() == Some(name)).filter_map(|node| node.slot).collect()
}

#[test]
fn steps_read_outside_of_loops_are_gathered_level_by_level() {
    let plan = plan(
        r#"workflow w {
            input { rows: list<list<int>> }
            for row in input.rows {
                step unread = http.get { url: "u" }
                for cell in row { step inner = http.get { url: "u${cell}" } }
            }
            repeat max 3 { step poll = http.get { url: "u" }, until poll.status == 200 }
            output { inner, last: poll.status }
        }"#,
    );
    let loops = |each: &Kind| match each {
        Kind::For(each) => Some((each.gathers.clone(), each.body.frame)),
        _ => None,
    };
    let loops: Vec<(Vec<Gather>, Option<u32>)> = plan.nodes.iter().filter_map(|node| loops(&node.kind)).collect();
    let [(outer, outer_size), (inner, inner_size)] = &loops[..] else { panic!("there are two loops") };
    assert_eq!((*outer_size, *inner_size), (Some(2), Some(2)), "an item and a step, and nothing for whom nobody reads");
    assert_eq!((inner.len(), outer.len()), (1, 1));
    assert_eq!(inner[0].inner, slot_of(&plan, "inner")[0]);
    assert_eq!((inner[0].inner.depth, inner[0].outer.depth, outer[0].outer.depth), (2, 1, 0));
    assert_eq!(inner[0].outer, outer[0].inner, "the outer loop takes on what the inner one made");
    let (last, _) = body_of(&plan, "repeat");
    assert_eq!((last[0].inner, last[0].outer.depth), (slot_of(&plan, "poll")[0], 0));
    assert_eq!(plan.body.frame, Some(2));
}

#[test]
fn names_of_two_arms_or_branches_are_one() {
    let plan = plan(
        r#"workflow w {
            if run.id == "x" { step a = http.get { url: "u" } } else { step a = http.get { url: "v" } }
            race {
                branch left  { step noise = http.get { url: "n" }, step r = http.get { url: noise.body.next } }
                branch right { step r = http.get { url: "s" } }
            }
            output { a: a?.status, r: r?.status }
        }"#,
    );
    let a = slot_of(&plan, "a");
    assert_eq!(a[0], a[1]);
    let r = slot_of(&plan, "r");
    assert_eq!(r[0], r[1], "the winner's is taken out of whichever frame won");
    let (gathers, branches) = body_of(&plan, "race");
    assert_eq!(gathers.iter().map(|gather| gather.inner).collect::<Vec<_>>(), [r[0]]);
    assert_ne!(slot_of(&plan, "noise")[0], r[0]);
    assert_eq!(branches.iter().map(|body| body.frame).collect::<Vec<_>>(), [Some(2), Some(2)]);
}

const BASE: &str = r#"
workflow w "Title" {
    input { id: string }
    step first = http.get { url: "https://a.example/${input.id}", timeout 30s }
    step second = http.post { url: "https://b.example", body: { total: first.body.total + 1 } }
    on timeout retry 2 times
}
"#;

/// The fingerprints of the named steps, and of the whole.
fn digests(text: &str) -> (BTreeMap<String, String>, String) {
    let plan = plan(text);
    let steps = plan.nodes.iter().map(|node| (node.label.to_string(), node.digest.to_string()));
    (steps.collect(), plan.digest.to_string())
}

#[test]
fn layout_comments_and_docs_do_not_change_fingerprints() {
    let text = r#"
// A comment.
/// What it is for.
workflow w "Title" {
    input {
        /// The id.
        id: string
    }

    /// The first one.
    step first = http.get {
        timeout 30s /* inside */
        url: "https://a.example/${input.id}"
    }
    step second = http.post {
        url: "https://b.example" // where
        body: {
            total: (first.body.total
                + 1)
        }
    }

    on timeout retry 2 times
}
"#;
    let text = text.replace("(first.body.total\n                + 1)", "first.body.total+1");
    assert_eq!(digests(&text), digests(BASE));
}

#[test]
fn what_a_step_says_changes_its_fingerprint_and_no_other() {
    let (steps, whole) = digests(BASE);
    // Each row: what is replaced, by what, and whose fingerprint changes.
    let rows: [(&str, &str, &[&str]); 6] = [
        ("timeout 30s", "timeout 31s", &["first"]),
        ("https://b.example", "https://c.example", &["second"]),
        ("step first =", "step first: any =", &[]),
        ("    on timeout retry 2 times", "    on timeout retry 3 times", &[]),
        ("    step first", "    wait 1s\n    step first", &[]),
        ("\"https://b.example\", body", "\"https://b.example\", on timeout skip, body", &["second"]),
    ];
    for (old, new, changed) in rows {
        let text = BASE.replacen(old, new, 1);
        assert_ne!(text, BASE, "{old}");
        let (after, whole_after) = digests(&text);
        assert_ne!(whole, whole_after, "{new}: the plan is another one");
        for (label, digest) in &steps {
            assert_eq!(
                after[label] != *digest,
                changed.contains(&&**label) || new.contains(": any") && label == "first",
                "{new}: {label}"
            );
        }
    }
    let (renamed, _) = digests(&BASE.replace("first", "initial"));
    assert_ne!(renamed["initial"], steps["first"]);
    assert_ne!(renamed["second"], steps["second"], "who reads a step names it");
}

#[test]
fn the_operations_that_are_called_belong_to_the_plan() {
    let text = |path: &str| {
        format!(
            r#"connector shop "Shop" {{
                config {{ base_url: url = "https://shop.example" }}
                read operation order(id: string) -> {{ total: int }} {{ GET "{path}/{{id}}" }}
                read operation other() -> any {{ GET "/other" }}
            }}
            workflow w {{ step a = shop.order {{ id: "1" }} }}"#
        )
    };
    let (steps, whole) = digests(&text("/orders"));
    let (same_steps, other_whole) = digests(&text("/v2/orders"));
    assert_eq!(steps, same_steps);
    assert_ne!(whole, other_whole);
}

#[test]
fn a_plan_is_the_same_after_it_was_stored() {
    for plan in all_plans() {
        let stored = serde_json::to_string(&*plan).expect("a plan can be stored");
        let loaded: Plan = serde_json::from_str(&stored).expect("what was stored can be loaded");
        assert_eq!(stored, serde_json::to_string(&loaded).expect("a plan can be stored"), "{}", plan.name);
        assert_eq!(print(&plan), print(&loaded));
    }
}

#[test]
fn drawings_show_every_step_and_are_well_formed() {
    for plan in all_plans() {
        let (svg, mermaid, dot) = (to_svg(&plan), to_mermaid(&plan), to_dot(&plan));
        assert_is_xml(&svg);
        for name in plan.nodes.iter().filter_map(|node| node.name.as_deref()) {
            for (form, text) in [("SVG", &svg), ("Mermaid", &mermaid), ("DOT", &dot)] {
                assert!(text.contains(name), "{}: {name} is missing in {form}", plan.name);
            }
        }
        let ends = mermaid.lines().filter(|line| line.trim() == "end").count();
        assert_eq!(mermaid.matches("subgraph ").count(), ends);
        let bare = |brace| dot.matches(brace).count() - quoted_braces(&dot, brace);
        assert_eq!(bare('{'), bare('}'));
    }
}

/// Whoever draws a plan may have an ordinary stack.
#[test]
fn deep_nesting_is_printed_and_drawn() {
    let deep = 100;
    let text = format!("workflow w {{ {} wait 1s {} }}", "sequence { ".repeat(deep), "} ".repeat(deep));
    let package = package(&text);
    let plan = &package.plans["w"];
    assert_eq!(plan.nodes.len(), deep + 1);
    assert!(print(plan).lines().count() > deep);
    for drawing in [to_svg(plan), to_mermaid(plan), to_dot(plan), effects(&package, plan).to_string()] {
        assert!(!drawing.is_empty());
    }
}

fn quoted_braces(dot: &str, brace: char) -> usize {
    let mut inside = false;
    let mut before = ' ';
    let mut count = 0;
    for c in dot.chars() {
        if c == '"' && before != '\\' {
            inside = !inside;
        }
        count += usize::from(inside && c == brace);
        before = c;
    }
    count
}

fn assert_is_xml(text: &str) {
    let mut reader = quick_xml::Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let mut depth = 0_i32;
    loop {
        match reader.read_event() {
            Ok(quick_xml::events::Event::Start(_)) => depth += 1,
            Ok(quick_xml::events::Event::End(_)) => depth -= 1,
            Ok(quick_xml::events::Event::Eof) => break,
            Ok(_) => {}
            Err(error) => panic!("the drawing is no XML: {error}"),
        }
    }
    assert_eq!(depth, 0);
}

#[test]
fn texts_are_escaped_in_drawings() {
    let plan = plan(
        r#"workflow w "A < B & \"C\" #1" {
            step odd = log.info { message: "<script>" }
            fail nasty "a \"quoted\" <b> & ]]> text" when run.id == "<"
        }"#,
    );
    let svg = to_svg(&plan);
    assert_is_xml(&svg);
    assert!(svg.contains("A &lt; B &amp; &quot;C&quot;"), "{svg}");
    assert!(!to_mermaid(&plan).contains("<b> &"));
    assert!(to_dot(&plan).contains("\\\""));
}

/// Files that use each other.
struct Shelf;

impl Files for Shelf {
    fn read(&self, path: &str) -> Result<String, String> {
        match path {
            "a.flow" | "b.flow" => Ok(r#"
                use "c.flow" as shared
                workflow child { step get = http.get { url: "u", handle shared.calm } }
                "#
            .to_owned()),
            "c.flow" => Ok(r#"
                fn words(text) { "calm: " + text }
                handler calm {
                    on timeout skip words(error.message)
                    on error alternate { step other = http.get { url: words("v") }, output other.body }
                }
                "#
            .to_owned()),
            _ => Err("it is not there".to_owned()),
        }
    }
}

#[test]
fn handlers_of_used_files_are_taken_in_whoever_uses_them() {
    let text = r#"
        use "a.flow" as a
        use "b.flow" as b
        workflow w {
            for x in [1] {
                step one = a.child { }
                step two = b.child { }
            }
        }"#;
    let package = compile("test.flow", text, &Shelf).package.expect("the program has no errors");
    assert_eq!(package.plans.keys().map(|name| &**name).collect::<Vec<_>>(), ["w", "a.child", "b.child"]);
    for name in ["a.child", "b.child"] {
        let plan = &package.plans[name];
        assert_eq!(chain_of(plan, "get"), "h1 h2", "{name}");
        assert_eq!(slot_of(plan, "other"), [Slot { depth: 1, index: 0 }]);
    }
    let called: Vec<String> = package.plans["w"].nodes.iter().map(|node| node.label.to_string()).collect();
    assert_eq!(called, ["for", "one", "two"]);
    assert_eq!(effects(&package, &package.plans["w"]).workflows.len(), 2);
}

#[test]
fn a_stored_plan_keeps_apart_the_functions_of_handlers_from_other_files() {
    let text = r#"
        use "c.flow" as shared
        fn words(text) { "own: " + text }
        workflow w {
            step get = http.get { url: words("u"), handle shared.calm }
            output get
        }
        test "the handler says its own words" for w {
            mock http.get fails timeout "late"
            expect output == "calm: late" && calls(http.get)[0].url == "own: u"
        }"#;
    let mut package = compile("test.flow", text, &Shelf).package.expect("the program has no errors");
    let stored = serde_json::to_string(&*package.plans["w"]).expect("a plan can be stored");
    let loaded: Plan = serde_json::from_str(&stored).expect("what was stored can be loaded");
    package.plans.insert("w".into(), Arc::new(loaded));
    let package = Arc::new(package);
    let verdict = rehearse(&package, &package.tests[0], Rehearsal::default());
    assert!(verdict.failures.is_empty(), "{:?}", verdict.failures);
}

#[test]
fn every_name_has_a_place_of_its_own_however_many_there_are() {
    let count = 66_000;
    let lets: Vec<String> = (0..count).map(|number| format!("let n{number} = run.id")).collect();
    let read: Vec<String> = (0..count).map(|number| format!("n{number}")).collect();
    // Many on a line: a file has a bound for its lines. An expression has one for its length.
    let body = lets.chunks(100).map(|line| line.join(", ")).collect::<Vec<_>>().join("\n");
    let read = read
        .chunks(1_000)
        .enumerate()
        .map(|(at, part)| format!("step r{at} = script {{ [{}].len() }}", part.join(", ")));
    let plan = plan(&format!("workflow w {{\n{body}\n{}\n}}", read.collect::<Vec<_>>().join("\n")));
    let mut places: Vec<Slot> = plan.nodes.iter().filter_map(|node| node.slot).collect();
    assert!(places.len() >= count, "{}", places.len());
    places.sort_unstable();
    assert!(places.windows(2).all(|pair| pair[0] != pair[1]), "two names share a place");
}
