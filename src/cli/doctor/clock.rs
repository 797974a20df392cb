//! The clock of this machine, and whether it knows time zones.

use jiff::tz::TimeZone;

use super::finding::Finding;
use crate::base::time::Timestamp;

/// Before this the program was not written: a clock that says so has never been set.
const WRITTEN: &str = "2026-01-01T00:00:00Z";

/// A zone that every table of zones has.
const KNOWN_ZONE: &str = "Europe/Berlin";

/// What is said of it.
pub fn findings() -> Vec<Finding> {
    let (now, here) = (Timestamp::now(), TimeZone::system());
    let shown = now.to_zoned(here).strftime("%Y-%m-%d %H:%M %Z").to_string();
    let mut findings = vec![match WRITTEN.parse::<Timestamp>() {
        Ok(written) if now < written => {
            Finding::faulty("clock", format!("it says {shown}: it was never set")).way_out("timedatectl set-ntp true")
        }
        _ => Finding::fine("clock", shown),
    }];
    if TimeZone::get(KNOWN_ZONE).is_err() {
        let message =
            format!("this machine knows no time zones: `zone \"{KNOWN_ZONE}\"` of a schedule means nothing here");
        findings.push(Finding::faulty("clock", message).way_out("apt-get install tzdata"));
    }
    findings
}
