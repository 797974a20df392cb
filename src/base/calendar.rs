//! When a cron line is due in a time zone, across both changes of summer time.
//!
//! A line that names its hours is due once for each of its times of day: a time that the clocks leave out is due when they
//! have gone forward, one that they show twice is due the first time. A line for every hour (`*`, `*/2`) goes by the clocks
//! as they show: what they leave out is not due, what they show twice is due twice.

use std::str::FromStr as _;

use croner::Cron;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};

use super::time::{Duration, Timestamp};

/// How far the clocks of a zone can be set back, with room: Manila and Alaska once had the same day twice.
const SET_BACK_MAX: Duration = Duration::seconds(26 * 60 * 60);
/// The unit of cron lines.
const SECOND: Duration = Duration::seconds(1);

/// A cron line in a time zone.
#[derive(Clone, Debug)]
pub struct Calendar {
    cron: Cron,
    zone: TimeZone,
}

impl Calendar {
    /// Reads a cron line: five fields, or `@daily` and its like. Without a zone it is meant in UTC.
    ///
    /// # Errors
    /// What is wrong with the line, or that there is no such zone here.
    pub fn read(line: &str, zone: Option<&str>) -> Result<Self, String> {
        let cron = Cron::from_str(line).map_err(|error| plainly(&error.to_string()))?;
        let zone = match zone {
            Some(name) => TimeZone::get(name).map_err(|_| format!("there is no time zone `{name}`"))?,
            None => TimeZone::UTC,
        };
        Ok(Self { cron, zone })
    }

    /// The first moment after this one at which it is due; `None` if there is none within the next few thousand years.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let local = self.zone.to_datetime(after);
        if self.is_hourly() {
            let found = self.cron.find_next_occurrence(&after.to_zoned(self.zone.clone()), false);
            return found.ok().map(|found| found.timestamp());
        }
        let times = self.cron.iter_after(local);
        times.map(|time| self.moment(time)).find(|moment| moment.is_none_or(|moment| moment > after)).flatten()
    }

    /// The last moment up to this one, itself included, at which it was due.
    pub fn latest(&self, until: Timestamp) -> Option<Timestamp> {
        if self.is_hourly() {
            let found = self.cron.find_previous_occurrence(&until.to_zoned(self.zone.clone()), true);
            return found.ok().map(|found| found.timestamp());
        }
        // What the clocks show twice was due before what they show now.
        let times = self.cron.iter_before(self.zone.to_datetime(SET_BACK_MAX.after(until)));
        times.map(|time| self.moment(time)).find(|moment| moment.is_none_or(|moment| moment <= until)).flatten()
    }

    /// Whether it is for every hour, or every so many.
    fn is_hourly(&self) -> bool {
        self.cron.pattern.hours.from_wildcard
    }

    /// When the clocks show `time` for the first time, or have just left it out.
    fn moment(&self, time: DateTime) -> Option<Timestamp> {
        let ambiguous = self.zone.to_ambiguous_timestamp(time);
        match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => ambiguous.earlier().ok(),
            AmbiguousOffset::Gap { .. } => {
                // By the clocks as they went before, `time` lies behind the change.
                let behind = ambiguous.later().ok()?;
                self.zone.preceding(SECOND.after(behind)).next().map(|change| change.timestamp())
            }
        }
    }
}

/// The first sentence of what another library says, as ours begin.
fn plainly(text: &str) -> String {
    let mut chars = text.trim_end_matches('.').chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}
