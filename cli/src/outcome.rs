//! What a statement did, in one line for people.

use std::time::Duration;

use crate::units;

/// What a statement did.
pub(crate) struct Outcome {
    /// Rows that were printed; none for statements without columns.
    pub(crate) rows: Option<u64>,
    /// Rows that were changed, where it changes rows.
    pub(crate) changed: Option<u64>,
    /// Remarks of the engine.
    pub(crate) notes: Vec<String>,
}

/// `(10 rows, 3.9 ms)`, `(2 rows inserted, 1.0 ms)`, `(ok, 0.4 ms)`.
pub(crate) fn footer(sql: &str, outcome: &Outcome, time: Duration) -> String {
    let what = match (outcome.rows, outcome.changed) {
        (None, Some(changed)) => {
            let verb = match first_word(sql).to_ascii_lowercase().as_str() {
                "insert" => "inserted",
                "update" => "updated",
                "delete" => "deleted",
                "copy" => "copied",
                _ => "changed",
            };
            format!("{} {verb}", units::counted(changed, "row"))
        }
        (Some(rows), _) => units::counted(rows, "row"),
        (None, None) => "ok".to_owned(),
    };
    format!("({what}, {})", units::duration(time))
}

/// The first word after white space and `--` comments.
pub(crate) fn first_word(sql: &str) -> &str {
    let line = sql.lines().map(str::trim_start).find(|line| !line.is_empty() && !line.starts_with("--"));
    let line = line.unwrap_or_default();
    line.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn footers_tell_what_was_done() {
        let time = Duration::from_micros(3_900);
        let check = |sql: &str, rows, changed, expect: &str| {
            let outcome = Outcome { rows, changed, notes: Vec::new() };
            assert_eq!(footer(sql, &outcome, time), expect);
        };
        check("SELECT 1", Some(1_234), None, "(1,234 rows, 3.9 ms)");
        check("-- new\n  Insert INTO t", None, Some(1), "(1 row inserted, 3.9 ms)");
        check("INSERT INTO t ... RETURNING id", Some(2), Some(2), "(2 rows, 3.9 ms)");
        check("TRAIN CLASSIFIER c", None, Some(0), "(0 rows changed, 3.9 ms)");
        check("CREATE TABLE t", None, None, "(ok, 3.9 ms)");
    }
}
