//! Output as lines of a script.

use argtop::Value;

use super::session::Outcome;

/// The output lines of a statement.
pub(crate) fn lines(outcome: &Outcome, columns: bool, explain: bool) -> Vec<String> {
    if let Some(error) = &outcome.error {
        return error.lines().map(|line| format!("--! {}", plain(line))).collect();
    }
    let mut lines = Vec::new();
    if columns {
        lines.push(format!("--: {}", outcome.columns.join(" | ")));
    }
    let jobs = outcome.columns.starts_with(&["job".to_string(), "state".to_string()]);
    for row in &outcome.rows {
        match row.as_slice() {
            [Value::Text(text)] if explain => {
                lines.extend(text.lines().map(|line| format!("--> {}", steady(line))));
            }
            [Value::Text(property), Value::Text(losses)] if property == "losses" => {
                lines.push(format!("--> losses | {}", rounded_losses(losses)));
            }
            row if jobs => lines.push(format!("--> {}", job_text(row, &outcome.columns))),
            row => lines.push(format!("--> {}", row_text(row))),
        }
    }
    let is_query = !outcome.columns.is_empty();
    match outcome.changed {
        Some(changed) if outcome.counts => lines.push(format!("--= {changed} changed")),
        None if is_query && outcome.rows.is_empty() => lines.push("--= no rows".to_string()),
        _ => {}
    }
    lines.extend(outcome.notes.iter().map(|note| format!("--# {}", steady(note))));
    lines
}

fn row_text(row: &[Value]) -> String {
    row.iter().map(value_text).collect::<Vec<String>>().join(" | ")
}

/// A row of SHOW JOBS without times and rates.
fn job_text(row: &[Value], columns: &[String]) -> String {
    let value = |(value, column): (&Value, &String)| match (column.as_str(), value) {
        (_, Value::Null) => "NULL".to_string(),
        ("rate" | "eta_seconds" | "started" | "ended", _) => "#".to_string(),
        ("stage" | "notes", Value::Text(text)) => steady(text),
        (_, value) => value_text(value),
    };
    row.iter().zip(columns).map(value).collect::<Vec<String>>().join(" | ")
}

/// Losses with two digits behind the point, so that scripts hold on every machine.
fn rounded_losses(text: &str) -> String {
    let word = |word: &str| {
        let number = word.trim_end_matches([',', ';']);
        match number.parse::<f64>() {
            Ok(value) if number.contains('.') => format!("{value:.2}{}", &word[number.len()..]),
            _ => word.to_string(),
        }
    };
    text.split(' ').map(word).collect::<Vec<String>>().join(" ")
}

/// A value as `Value` prints it, but for doubles, which are rounded to six significant digits, so that
/// scripts hold on every machine: the last bits of a score depend on the order of additions in ONNX Runtime
/// and on libm.
fn value_text(value: &Value) -> String {
    match value {
        Value::Double(number) => double_text(*number),
        Value::Vector(elements) => {
            let list: Vec<String> = elements.iter().map(|element| double_text(f64::from(*element))).collect();
            format!("[{}]", list.join(", "))
        }
        Value::List(items) => {
            let list: Vec<String> = items.iter().map(value_text).collect();
            format!("[{}]", list.join(", "))
        }
        Value::Text(text) if text.is_empty() => "''".to_string(),
        other => plain(&other.to_string()),
    }
}

fn double_text(number: f64) -> String {
    let rounded: f64 = format!("{number:.5e}").parse().unwrap_or(number);
    Value::Double(rounded).to_string()
}

/// Scripts are ASCII and a row is a line: other characters are escaped, but the boxes of a tree are drawn.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{2500}' => out.push('-'),
            '\u{2502}' => out.push('|'),
            '\u{251c}' => out.push('+'),
            '\u{2514}' => out.push('`'),
            ' '..='~' => out.push(c),
            other => out.extend(other.escape_default()),
        }
    }
    out
}

/// A line without what differs from run to run: times, rates, and the widths that follow from them.
fn steady(line: &str) -> String {
    let text = plain(line);
    let indent = text.len() - text.trim_start().len();
    let (lead, rest) = text.split_at(indent);
    let mut words: Vec<String> = Vec::new();
    let mut blanks = 0;
    for word in rest.split(' ') {
        if word.is_empty() {
            blanks += 1;
            // Columns are two blanks or more apart: two are kept.
            if blanks == 1 {
                words.push(String::new());
            }
            continue;
        }
        blanks = 0;
        let is_time = word.trim_end_matches([',', ';']) == "s"
            && words.last().is_some_and(|number| number.parse::<f64>().is_ok());
        let is_unit = word.starts_with("ms") || word.starts_with("queries/s") || is_time;
        if let (true, Some(number)) = (is_unit, words.last_mut()) {
            let opening = if number.starts_with('(') { "(" } else { "" };
            *number = format!("{opening}#");
        }
        words.push(word.to_string());
    }
    let mut text = format!("{lead}{}", words.join(" "));
    if let Some((before, losses)) = text.split_once("loss ") {
        text = format!("{before}loss {}", rounded_losses(losses));
    }
    match text.split_once(": ") {
        Some((key, value)) if key.ends_with("_ms\"") || key.ends_with("\"snapshot\"") => {
            format!("{key}: #{}", if value.ends_with(',') { "," } else { "" })
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_are_rounded_to_six_digits() {
        let texts = [1.0, 0.1 + 0.2, 1.0 / 3.0, -1234567.0, 1e-7, 1e300, f64::INFINITY].map(double_text);
        assert_eq!(texts, ["1.0", "0.3", "0.333333", "-1234570.0", "1e-7", "1e300", "Infinity"]);
    }

    #[test]
    fn times_and_widths_do_not_show() {
        assert_eq!(steady("+- encode m     1    2.61 ms   9 tokens"), "+- encode m  1  # ms  9 tokens");
        assert_eq!(steady("total 3.92 ms (plan 0.11 ms)"), "total # ms (plan # ms)");
        assert_eq!(steady("  \"plan_ms\": 0.25,"), "  \"plan_ms\": #,");
        assert_eq!(
            steady("2 epochs in 0.3 s, loss 0.29962 to 0.00011; 3 points"),
            "2 epochs in # s, loss 0.30 to 0.00; 3 points"
        );
        assert_eq!(steady("p: 1234 queries/s in blocks, 2 points"), "p: # queries/s in blocks, 2 points");
    }
}
