//! Text of timestamps: `2024-01-31`, `2024-01-31 23:59:59.123456`, with `T` for the space and a zone offset
//! or `Z` on request. Without an offset the time is UTC.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// Microseconds since 1970-01-01 00:00:00 UTC, or None where the text is no timestamp.
pub fn parse_timestamp(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant.as_microsecond());
    }
    let local: DateTime = match text.parse::<DateTime>() {
        Ok(local) => local,
        Err(_) => text.parse::<Date>().ok()?.at(0, 0, 0, 0),
    };
    Some(local.to_zoned(TimeZone::UTC).ok()?.timestamp().as_microsecond())
}

/// The text of a timestamp, with a fraction of six digits where it is not zero; None outside the years
/// -9999 to 9999. The text parses back to the same microsecond.
pub fn format_timestamp(microseconds: i64) -> Option<String> {
    let instant = Timestamp::from_microsecond(microseconds).ok()?;
    let local = instant.to_zoned(TimeZone::UTC).datetime();
    let (date, time) = (local.date(), local.time());
    let mut out = format!("{date} {:02}:{:02}:{:02}", time.hour(), time.minute(), time.second());
    let fraction = time.subsec_nanosecond() / 1000;
    if fraction != 0 {
        out.push_str(&format!(".{fraction:06}"));
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let found = parse_timestamp(text).and_then(format_timestamp);
        assert_eq!(found.as_deref(), expected, "{text}");
    }

    #[test]
    fn forms_of_timestamps() {
        check("2024-01-31", Some("2024-01-31 00:00:00"));
        check("2024-01-31 23:59:59", Some("2024-01-31 23:59:59"));
        check("2024-01-31T23:59:59.5", Some("2024-01-31 23:59:59.500000"));
        check("2024-01-31T23:59:59Z", Some("2024-01-31 23:59:59"));
        check("2024-01-31 23:59:59+02:00", Some("2024-01-31 21:59:59"));
        check("1969-12-31 23:59:59.000001", Some("1969-12-31 23:59:59.000001"));
        check("2024-02-30", None);
        check("yesterday", None);
        check("", None);
        check("0000-01-01", Some("0000-01-01 00:00:00"));
        check("-000044-03-15", Some("-000044-03-15 00:00:00"));
    }

    #[test]
    fn the_epoch_is_zero() {
        assert_eq!(parse_timestamp("1970-01-01 00:00:00.000001"), Some(1));
        assert_eq!(format_timestamp(0).as_deref(), Some("1970-01-01 00:00:00"));
        assert_eq!(format_timestamp(i64::MAX), None);
    }
}
