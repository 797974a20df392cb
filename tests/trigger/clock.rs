//! `schedule` and `every`: each moment that is due starts one run, whatever clocks and processes do.

use super::*;

/// Moves a clock to each moment in turn at which something is due, and waits for the run of each.
async fn live(house: &House, workflow: &str, clock: &VirtualClock, until: &str) {
    let until = moment(until);
    let mut count = house.runs(workflow).await.len();
    while asleep(clock, until).await {
        let Some(next) = clock.next_moment() else { break };
        clock.set(next);
        count += 1;
        house.until(workflow, count).await;
    }
    clock.set(until);
}

#[test]
fn a_schedule_is_kept_through_a_whole_year() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = r#"
        workflow nightly {
            input { day: date }
            trigger schedule "30 2 * * *" { zone "Europe/Berlin", input: { day: format(trigger.due, "%Y-%m-%d") } }
            output { day: input.day }
        }"#;
    let clock = VirtualClock::at(moment("2025-12-31T23:00:00Z"));
    process(folder.path(), program, Some(&clock), async |house| {
        let _listening = house.triggers.listen();
        live(&house, "nightly", &clock, "2026-12-31T22:59:59Z").await;
        let due = house.due("nightly").await;
        assert_eq!(due.len(), 365);
        let days: std::collections::BTreeSet<&str> = due.iter().map(|due| &due[..10]).collect();
        assert_eq!(days.len(), 365, "each day has its run, in the time of its zone");
        assert!(due.contains(&"2026-03-29T03:00:00+02:00".to_owned()), "there was no 02:30: {:?}", &due[86..90]);
        let autumn: Vec<&String> = due.iter().filter(|due| due.starts_with("2026-10-25")).collect();
        assert_eq!(autumn, ["2026-10-25T02:30:00+02:00"], "of two times 02:30 the first");
    });
}

const EVERY: &str = "workflow beat {\n trigger every 15m\n output { ok: true }\n}";

#[test]
fn what_comes_every_quarter_comes_at_the_quarters() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = VirtualClock::at(moment("2026-03-29T00:50:00Z"));
    process(folder.path(), EVERY, Some(&clock), async |house| {
        let _listening = house.triggers.listen();
        live(&house, "beat", &clock, "2026-03-29T01:40:00Z").await;
        assert_eq!(house.due("beat").await, ["2026-03-29T01:00:00Z", "2026-03-29T01:15:00Z", "2026-03-29T01:30:00Z"]);
    });
}

/// The moments that are taken when a process comes back at `back`, after one that had taken 09:00 on the first of June.
fn after_a_gap(catch_up: &str, back: &str) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let program = format!("workflow daily {{ trigger schedule \"0 9 * * *\" {{ {catch_up} }} output {{ ok: true }} }}");
    let clock = VirtualClock::at(moment("2026-06-01T08:00:00Z"));
    process(folder.path(), &program, Some(&clock), async |house| {
        let _listening = house.triggers.listen();
        live(&house, "daily", &clock, "2026-06-01T10:00:00Z").await;
    });
    clock.set(moment(back));
    process(folder.path(), &program, Some(&clock), async |house| {
        let _listening = house.triggers.listen();
        assert!(asleep(&clock, Timestamp::MAX).await, "it waits for the next moment");
        house.due("daily").await
    })
}

#[test]
fn what_was_missed_is_caught_up_as_the_program_says() {
    let first = "2026-06-01T09:00:00Z";
    assert_eq!(after_a_gap("catch_up none", "2026-06-04T12:00:00Z"), [first]);
    assert_eq!(after_a_gap("", "2026-06-04T12:00:00Z"), [first]);
    assert_eq!(after_a_gap("catch_up latest", "2026-06-04T12:00:00Z"), [first, "2026-06-04T09:00:00Z"]);
    assert_eq!(
        after_a_gap("catch_up all", "2026-06-04T12:00:00Z"),
        [first, "2026-06-02T09:00:00Z", "2026-06-03T09:00:00Z", "2026-06-04T09:00:00Z"]
    );
}

#[test]
fn a_short_absence_misses_nothing() {
    let due = ["2026-06-01T09:00:00Z", "2026-06-02T09:00:00Z"];
    assert_eq!(after_a_gap("catch_up none", "2026-06-02T09:00:30Z"), due);
}

#[test]
fn a_trigger_that_is_new_catches_nothing_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = "workflow daily { trigger schedule \"0 9 * * *\" { catch_up all } output { ok: true } }";
    let clock = VirtualClock::at(moment("2026-06-01T12:00:00Z"));
    process(folder.path(), program, Some(&clock), async |house| {
        let _listening = house.triggers.listen();
        assert!(asleep(&clock, Timestamp::MAX).await);
        assert_eq!(house.runs("daily").await.len(), 0);
    });
    // From then on it is known, even if it was never due.
    clock.set(moment("2026-06-02T12:00:00Z"));
    process(folder.path(), program, Some(&clock), async |house| {
        let _listening = house.triggers.listen();
        assert!(asleep(&clock, Timestamp::MAX).await);
        assert_eq!(house.due("daily").await, ["2026-06-02T09:00:00Z"]);
    });
}

#[test]
fn a_clock_that_jumps_starts_nothing_twice_and_no_storm() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = VirtualClock::at(moment("2026-06-01T08:55:00Z"));
    let program = EVERY.replace("15m", "1m");
    process(folder.path(), &program, Some(&clock), async |house| {
        let _listening = house.triggers.listen();
        live(&house, "beat", &clock, "2026-06-01T09:00:10Z").await;
        assert_eq!(house.runs("beat").await.len(), 5);
        // An hour forward: what lies between is not made up for.
        clock.set(moment("2026-06-01T10:00:10Z"));
        house.until("beat", 6).await;
        assert!(asleep(&clock, Timestamp::MAX).await);
        assert_eq!(house.due("beat").await.last().map(String::as_str), Some("2026-06-01T10:00:00Z"));
        assert_eq!(house.runs("beat").await.len(), 6);
    });
    // And an hour back, with a new process: it goes on where it was.
    clock.set(moment("2026-06-01T09:00:10Z"));
    process(folder.path(), &program, Some(&clock), async |house| {
        let _listening = house.triggers.listen();
        assert!(asleep(&clock, Timestamp::MAX).await);
        assert_eq!(clock.next_moment(), Some(moment("2026-06-01T10:01:00Z")));
        live(&house, "beat", &clock, "2026-06-01T10:01:30Z").await;
        assert_eq!(house.runs("beat").await.len(), 7);
    });
    // A clock that was years ahead, and is right again, does not stop anything for years.
    clock.set(moment("2046-01-01T00:00:30Z"));
    process(folder.path(), &program, Some(&clock), async |house| {
        let _listening = house.triggers.listen();
        house.until("beat", 8).await;
    });
    clock.set(moment("2026-06-01T10:05:30Z"));
    process(folder.path(), &program, Some(&clock), async |house| {
        let _listening = house.triggers.listen();
        assert!(asleep(&clock, Timestamp::MAX).await);
        assert_eq!(clock.next_moment(), Some(moment("2026-06-01T10:06:00Z")));
    });
}

#[test]
fn what_where_is_not_true_of_starts_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = r#"
        workflow weekly {
            trigger schedule "0 9 * * *" { where format(trigger.due, "%a") == "Mon" }
            output { ok: true }
        }"#;
    let clock = VirtualClock::at(moment("2026-06-01T00:00:00Z"));
    process(folder.path(), program, Some(&clock), async |house| {
        let _listening = house.triggers.listen();
        advance(&clock, "2026-06-14T23:00:00Z").await;
        assert_eq!(house.due("weekly").await, ["2026-06-01T09:00:00Z", "2026-06-08T09:00:00Z"]);
    });
}

#[test]
fn a_trigger_that_cannot_take_what_it_brings_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = r#"
        workflow picky {
            input { hour: int(..10) }
            trigger schedule "0 9,11,13 * * *" { input: { hour: parse_int(format(trigger.due, "%H")) } }
            output { hour: input.hour }
        }"#;
    let clock = VirtualClock::at(moment("2026-06-01T00:00:00Z"));
    process(folder.path(), program, Some(&clock), async |house| {
        let _listening = house.triggers.listen();
        advance(&clock, "2026-06-02T10:00:00Z").await;
        assert_eq!(house.due("picky").await, ["2026-06-01T09:00:00Z", "2026-06-02T09:00:00Z"]);
    });
}
