//! The text of sources: characters, width and length.

use super::source::{Source, Violation};
use super::{finds, hold};

const COLUMNS_MAX: usize = 110;
const LINES_MAX: usize = 700;

fn not_ascii(source: &Source) -> Vec<Violation> {
    let lines = (1..).zip(source.text.lines());
    let wrong = lines.filter_map(|(number, line)| {
        let found = line.chars().find(|c| !c.is_ascii())?;
        Some(source.violation(number, format!("{found:?} is not ASCII: write it as an escape")))
    });
    wrong.collect()
}

fn wide_lines(source: &Source) -> Vec<Violation> {
    let lines = (1..).zip(source.text.lines()).filter(|(_, line)| line.chars().count() > COLUMNS_MAX);
    let what = |line: &str| format!("{} columns, more than {COLUMNS_MAX}", line.chars().count());
    lines.map(|(number, line)| source.violation(number, what(line))).collect()
}

fn long_files(source: &Source) -> Vec<Violation> {
    let lines = source.text.lines().count();
    let what = format!("{lines} lines, more than {LINES_MAX}: it is two files");
    if lines > LINES_MAX { vec![source.violation(LINES_MAX + 1, what)] } else { Vec::new() }
}

#[test]
fn sources_are_ascii() {
    hold(not_ascii);
    finds(not_ascii, "cli/src/a.rs", "// a\n// caf\u{e9}\nconst A: &str = \"\\u{e9}\";", &[2]);
}

#[test]
fn lines_are_not_wide() {
    hold(wide_lines);
    let bad = format!("//{}\n//{}\n", "a".repeat(COLUMNS_MAX - 2), "a".repeat(COLUMNS_MAX - 1));
    finds(wide_lines, "cli/src/a.rs", &bad, &[2]);
}

#[test]
fn files_are_not_long() {
    hold(long_files);
    finds(long_files, "cli/src/a.rs", &"// a\n".repeat(LINES_MAX), &[]);
    finds(long_files, "cli/src/a.rs", &"// a\n".repeat(LINES_MAX + 1), &[LINES_MAX + 1]);
}
