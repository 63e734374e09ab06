//! How an error is shown under the text that caused it.

use super::{QueryError, Span};

/// Characters of a source line that are shown; longer lines are cut to a window around the place.
const WINDOW_CHARS: usize = 100;
/// Of the window, this many characters come before the place.
const WINDOW_BEFORE: usize = 40;

/// See [`QueryError::render`].
pub(super) fn render(error: &QueryError, sql: &str) -> String {
    let mut out = format!("error[{}]: {}", error.code, error.message);
    let help = error.help.as_deref();
    match error.span.and_then(|span| place(span, sql)) {
        Some(place) => {
            let number = place.line_number.to_string();
            out.push_str(&format!("\n  {number} | {}", place.line));
            let gutter = " ".repeat(number.len());
            let indent = " ".repeat(place.indent);
            let marks = "^".repeat(place.width);
            out.push_str(&format!("\n  {gutter} | {indent}{marks}"));
            if let Some(help) = help {
                out.push_str(&format!(" help: {help}"));
            }
        }
        None => {
            if let Some(help) = help {
                out.push_str(&format!("\n  help: {help}"));
            }
        }
    }
    out
}

/// A line of source, cut and cleaned, with the columns to underline.
struct Place {
    line_number: usize,
    line: String,
    indent: usize,
    width: usize,
}

fn place(span: Span, sql: &str) -> Option<Place> {
    if span.start > sql.len() {
        return None;
    }
    let start = floor_boundary(sql, span.start);
    // A span at the end of the text is shown behind its last visible character.
    let (start, end) = if start == sql.len() {
        (sql.trim_end().len(), sql.trim_end().len())
    } else {
        (start, floor_boundary(sql, span.end.clamp(start, sql.len())))
    };
    let before = sql.get(..start)?;
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let rest = sql.get(start..)?;
    let line_end = rest.find('\n').map_or(sql.len(), |newline| start + newline);
    let head = sql.get(line_start..start)?;
    let marked = sql.get(start..end.min(line_end))?;
    let tail = sql.get(start + marked.len()..line_end)?;

    let head_chars = head.chars().count();
    let dropped = head_chars.saturating_sub(WINDOW_BEFORE);
    let mut line = String::new();
    if dropped > 0 {
        line.push_str("...");
    }
    line.extend(head.chars().skip(dropped).map(visible));
    let indent = line.chars().count();
    let room = WINDOW_CHARS.saturating_sub(indent);
    let width = marked.chars().take(room).count();
    let mut shown = marked.chars().chain(tail.trim_end().chars()).map(visible);
    line.extend(shown.by_ref().take(room));
    if shown.next().is_some() {
        line.push_str("...");
    }
    let line_number = before.matches('\n').count() + 1;
    Some(Place { line_number, line, indent, width: width.max(1) })
}

/// Tabs and other control characters would move the caret or the terminal.
fn visible(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

fn floor_boundary(text: &str, mut index: usize) -> usize {
    while !text.is_char_boundary(index) {
        index -= 1;
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;

    #[track_caller]
    fn check(sql: &str, start: usize, end: usize, expected: &str) {
        let error = QueryError::new(ErrorCode::UnknownColumn, "unknown column `categroy`")
            .at(Span::new(start, end))
            .help("did you mean `category`?");
        assert_eq!(error.render(sql), expected);
    }

    #[test]
    fn the_caret_stands_under_the_place() {
        check(
            "SELECT id\nFROM t\nWHERE categroy = 'books'\nLIMIT 3",
            23,
            31,
            "error[Q0207]: unknown column `categroy`\
             \n  3 | WHERE categroy = 'books'\n    |       ^^^^^^^^ help: did you mean `category`?",
        );
    }

    #[test]
    fn tabs_and_wide_texts_keep_the_columns() {
        check(
            "\t'\u{e4}\u{f6}' x\r\n",
            8,
            9,
            "error[Q0207]: unknown column `categroy`\
             \n  1 |  '\u{e4}\u{f6}' x\n    |       ^ help: did you mean `category`?",
        );
    }

    #[test]
    fn the_end_of_the_text_is_shown_behind_the_last_character() {
        check(
            "SELECT  \n\n",
            10,
            10,
            "error[Q0207]: unknown column `categroy`\
             \n  1 | SELECT\n    |       ^ help: did you mean `category`?",
        );
        check(
            "",
            0,
            0,
            "error[Q0207]: unknown column `categroy`\n  1 | \n    | ^ help: did you mean `category`?",
        );
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let sql = format!("{}x{}", "a".repeat(100_000), "b".repeat(100_000));
        let error = QueryError::new(ErrorCode::UnexpectedToken, "m").at(Span::new(100_000, 100_001));
        let head = format!("...{}x{}...", "a".repeat(40), "b".repeat(56));
        assert_eq!(error.render(&sql), format!("error[Q0106]: m\n  1 | {head}\n    | {}^", " ".repeat(43)));
        let whole = QueryError::new(ErrorCode::UnexpectedToken, "m").at(Span::new(0, sql.len()));
        assert!(whole.render(&sql).len() < 300);
    }

    #[test]
    fn spans_that_do_not_fit_are_left_out_or_rounded() {
        let error = QueryError::new(ErrorCode::UnexpectedToken, "m").at(Span::new(50, 60)).help("h");
        assert_eq!(error.render("short"), "error[Q0106]: m\n  help: h");
        let inside = QueryError::new(ErrorCode::UnexpectedToken, "m").at(Span::new(1, 2));
        assert_eq!(inside.render("\u{20ac}"), "error[Q0106]: m\n  1 | \u{20ac}\n    | ^");
        let reversed = QueryError::new(ErrorCode::UnexpectedToken, "m").at(Span::new(3, 1));
        assert_eq!(reversed.render("abcdef"), "error[Q0106]: m\n  1 | abcdef\n    |    ^");
    }
}
