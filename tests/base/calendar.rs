//! Cron lines over a whole year, with both changes of summer time.

use orchestra_flow::base::calendar::Calendar;
use orchestra_flow::base::time::Timestamp;

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The moments at which a line is due between two others, the first of them left out.
fn due(line: &str, zone: &str, after: &str, until: &str) -> Vec<String> {
    let calendar = Calendar::read(line, Some(zone)).unwrap_or_else(|error| panic!("{line}: {error}"));
    let (mut now, until) = (moment(after), moment(until));
    let mut found = Vec::new();
    while let Some(next) = calendar.next(now).filter(|next| *next <= until) {
        assert!(next > now, "{line}: {next} does not come after {now}");
        assert_eq!(calendar.latest(next), Some(next), "{line}: looked at from behind");
        found.push(next.to_string());
        now = next;
    }
    found
}

/// The same moments, found backwards.
fn due_backwards(line: &str, zone: &str, after: &str, until: &str) -> Vec<String> {
    let calendar = Calendar::read(line, Some(zone)).unwrap_or_else(|error| panic!("{line}: {error}"));
    let (after, mut now) = (moment(after), moment(until));
    let mut found = Vec::new();
    while let Some(latest) = calendar.latest(now).filter(|latest| *latest > after) {
        found.push(latest.to_string());
        now = latest - jiff::SignedDuration::from_millis(1);
    }
    found.reverse();
    found
}

#[test]
fn a_time_of_day_is_due_once_a_day_all_year() {
    for (line, zone) in [
        ("30 2 * * *", "Europe/Berlin"),
        ("30 2 * * *", "America/New_York"),
        ("30 1 * * *", "America/New_York"),
        ("15 2 * * *", "Australia/Lord_Howe"),
        ("0 0 * * *", "America/Havana"),
        ("30 6 * * *", "UTC"),
    ] {
        let found = due(line, zone, "2026-01-01T12:00:00Z", "2027-01-01T12:00:00Z");
        assert_eq!(found.len(), 365, "{line} in {zone}");
        assert_eq!(
            found,
            due_backwards(line, zone, "2026-01-01T12:00:00Z", "2027-01-01T12:00:00Z"),
            "{line} in {zone}"
        );
    }
}

#[test]
fn a_time_that_the_clocks_leave_out_is_due_when_they_have_gone_forward() {
    // In Berlin it is 02:00 and then 03:00, at 01:00 UTC.
    assert_eq!(
        due("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z"),
        ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]
    );
    // Two of them at once are one, and so is the one that is due then anyway.
    assert_eq!(
        due("0,30 2,3 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z"),
        ["2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"]
    );
}

#[test]
fn a_time_that_the_clocks_show_twice_is_due_the_first_time() {
    // In Berlin it is 03:00 and then 02:00, at 01:00 UTC.
    for line in ["30 2 * * *", "30 2,14 * * *", "30 2-3 * * *"] {
        let found = due(line, "Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-25T02:00:00Z");
        assert_eq!(found, ["2026-10-25T00:30:00Z"], "{line}");
    }
    let again = due("30 2 * * *", "Europe/Berlin", "2026-10-25T01:15:00Z", "2026-10-26T12:00:00Z");
    assert_eq!(again, ["2026-10-26T01:30:00Z"], "the second 02:30 is not due, also for whoever starts between the two");
}

#[test]
fn every_hour_goes_by_the_clocks_as_they_show() {
    let forward = due("0 * * * *", "Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29T02:00:00Z");
    assert_eq!(forward, ["2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"]);
    let back = due("30 * * * *", "Europe/Berlin", "2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z");
    assert_eq!(back, ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"]);
    let hours = due("0 * * * *", "Europe/Berlin", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
    assert_eq!(hours.len(), 365 * 24, "an hour is an hour, all year");
    let even = due("0 */2 * * *", "Europe/Berlin", "2026-03-28T23:30:00Z", "2026-03-29T03:00:00Z");
    assert_eq!(even, ["2026-03-29T02:00:00Z"], "there is no 02:00, and 00:00 and 04:00 lie around it");
}

#[test]
fn days_without_a_date_and_nicknames() {
    assert_eq!(
        due("0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", "2033-01-01T00:00:00Z"),
        ["2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"]
    );
    assert_eq!(due("@weekly", "UTC", "2026-03-01T00:00:00Z", "2026-03-09T00:00:00Z"), ["2026-03-08T00:00:00Z"]);
    assert_eq!(due("0 9 * * MON-FRI", "UTC", "2026-03-06T10:00:00Z", "2026-03-09T10:00:00Z"), ["2026-03-09T09:00:00Z"]);
    let never = Calendar::read("0 0 30 2 *", None).expect("it can be read");
    assert_eq!(never.next(moment("2026-01-01T00:00:00Z")), None);
}

#[test]
fn what_is_no_line_says_why() {
    assert!(Calendar::read("0 25 * * *", None).is_err());
    assert!(Calendar::read("@never", None).is_err());
    assert_eq!(
        Calendar::read("0 9 * * *", Some("Europe/Berlyn")).expect_err("no such zone"),
        "there is no time zone `Europe/Berlyn`"
    );
}
