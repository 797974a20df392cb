//! Cron lines of other languages.

use crate::base::calendar::Calendar;

/// What stands for a line that cannot be read: once a day.
pub const DAILY: &str = "0 0 * * *";

/// Whether the scheduler reads a line as it is.
pub fn is_read(line: &str) -> bool {
    Calendar::read(line, None).is_ok()
}

/// What is to be done about a line that is not.
pub fn unread(line: &str) -> String {
    format!("`{line}` is no cron line of five fields: once a day stands for it")
}
