//! Counts and durations for people.

use std::time::Duration;

/// `27204` as `27,204`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A count with its noun, which takes an `s` unless there is one.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// `3.9 ms`, `12.34 s`, `3 min 29 s`, `2 h 05 min`.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds >= 3_600 {
        format!("{} h {:02} min", seconds / 3_600, seconds % 3_600 / 60)
    } else if seconds >= 60 {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    } else if seconds >= 1 && time.subsec_nanos() == 0 {
        format!("{seconds} s")
    } else if seconds >= 1 {
        format!("{:.2} s", time.as_secs_f64())
    } else {
        format!("{:.1} ms", time.as_secs_f64() * 1e3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped() {
        let grouped = [0, 7, 999, 1_000, 27_204, 100_000, 1_234_567].map(count);
        assert_eq!(grouped, ["0", "7", "999", "1,000", "27,204", "100,000", "1,234,567"]);
        assert_eq!(counted(1, "row"), "1 row");
        assert_eq!(counted(0, "row"), "0 rows");
    }

    #[test]
    fn durations_have_the_unit_that_fits() {
        let text = |ms| duration(Duration::from_millis(ms));
        assert_eq!(text(4), "4.0 ms");
        assert_eq!(text(12_340), "12.34 s");
        assert_eq!(text(5_000), "5 s");
        assert_eq!(text(209_000), "3 min 29 s");
        assert_eq!(text(7_500_000), "2 h 05 min");
    }
}
