//! Lengths of time as people say them.

use crate::base::time::Duration;

/// In at most two units, rounded down: `120ms`, `1.2s`, `2m3s`, `3h5m`, `2d4h`.
pub fn elapsed(length: Duration) -> String {
    let millis = length.0.max(0);
    let seconds = millis / 1_000;
    let two = |large: i64, large_unit: &str, small: i64, small_unit: &str| match small {
        0 => format!("{large}{large_unit}"),
        small => format!("{large}{large_unit}{small}{small_unit}"),
    };
    match seconds {
        0 => format!("{millis}ms"),
        1..60 if millis % 1_000 < 100 => format!("{seconds}s"),
        1..60 => format!("{seconds}.{}s", millis % 1_000 / 100),
        60..3_600 => two(seconds / 60, "m", seconds % 60, "s"),
        3_600..86_400 => two(seconds / 3_600, "h", seconds % 3_600 / 60, "m"),
        _ => two(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_at_most_two_units() {
        for (millis, said) in [
            (-5, "0ms"),
            (0, "0ms"),
            (120, "120ms"),
            (1_000, "1s"),
            (1_250, "1.2s"),
            (59_999, "59.9s"),
            (60_000, "1m"),
            (123_400, "2m3s"),
            (3_600_000, "1h"),
            (11_100_000, "3h5m"),
            (187_200_000, "2d4h"),
        ] {
            assert_eq!(elapsed(Duration(millis)), said, "{millis}");
        }
    }
}
