//! `trigger schedule "0 9 * * MON-FRI"`: due by a calendar.

use super::due::Beat;
use crate::base::calendar::Calendar;
use crate::base::time::Timestamp;

impl Beat for Calendar {
    fn next(&self, after: Timestamp) -> Option<Timestamp> {
        Self::next(self, after)
    }

    fn latest(&self, until: Timestamp) -> Option<Timestamp> {
        Self::latest(self, until)
    }
}
