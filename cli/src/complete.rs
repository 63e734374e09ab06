//! Completion at the prompt: dot commands, files inside quotes, keywords and names.

use std::fs;
use std::path::Path;

use crate::dot::{self, Action, COMMANDS};
use crate::names::{Names, quoted};
use crate::render::Mode;

/// Most candidates that are offered at once.
const CANDIDATES_MAX: usize = 500;

/// Candidates for the word before the cursor, and the byte the word begins at.
pub(crate) fn candidates(line: &str, names: impl FnOnce() -> Names) -> (usize, Vec<String>) {
    let (start, mut found) = if line.starts_with('.') {
        dot_candidates(line)
    } else if let Some(start) = open_quote(line) {
        (start, files(&line[start..]))
    } else {
        let start = line.rfind(|c: char| !is_word(c)).map_or(0, |at| at + char_len(line, at));
        words(line, start, &names())
    };
    found.truncate(CANDIDATES_MAX);
    (start, found)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '.'
}

fn char_len(line: &str, at: usize) -> usize {
    line[at..].chars().next().map_or(0, char::len_utf8)
}

fn dot_candidates(line: &str) -> (usize, Vec<String>) {
    let Some(space) = line.find(char::is_whitespace) else {
        let matching = COMMANDS.iter().map(|command| format!(".{}", command.name));
        return (0, matching.filter(|name| name.starts_with(line)).collect());
    };
    let rest = line[space..].trim_start();
    let start = line.len() - rest.len();
    let fixed: Vec<&str> = match dot::find(&line[1..space]).map(|command| command.action) {
        Ok(Action::Mode) => Mode::ALL.map(Mode::name).to_vec(),
        Ok(Action::Timer | Action::Bail) => vec!["on", "off"],
        Ok(Action::Help) => COMMANDS.iter().map(|command| command.name).collect(),
        Ok(Action::Read | Action::Output | Action::Once) => {
            let quote = usize::from(rest.starts_with(['\'', '"']));
            return (start + quote, files(&rest[quote..]));
        }
        _ => Vec::new(),
    };
    (start, fixed.into_iter().filter(|word| word.starts_with(rest)).map(str::to_owned).collect())
}

/// Where the text of a string literal begins that is still open at the end of the line.
fn open_quote(line: &str) -> Option<usize> {
    let mut open = None;
    for (at, c) in line.char_indices() {
        if c == '\'' {
            open = if open.is_none() { Some(at + 1) } else { None };
        }
    }
    open
}

/// Paths that begin with `typed`; folders end in a slash. Hidden files only where a point is typed.
fn files(typed: &str) -> Vec<String> {
    let (folder, prefix) = typed.split_at(typed.rfind('/').map_or(0, |at| at + 1));
    let listed = if folder.is_empty() { Path::new(".") } else { Path::new(folder) };
    let Ok(entries) = fs::read_dir(listed) else { return Vec::new() };
    let mut paths: Vec<String> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let name = entry.file_name().into_string().ok()?;
            let hidden = name.starts_with('.') && !prefix.starts_with('.');
            let slash = if entry.path().is_dir() { "/" } else { "" };
            (name.starts_with(prefix) && !hidden).then(|| format!("{folder}{name}{slash}"))
        })
        .collect();
    paths.sort();
    paths
}

/// Names first, then keywords in the case that was typed.
fn words(line: &str, start: usize, names: &Names) -> (usize, Vec<String>) {
    let typed = &line[start..];
    if typed.is_empty() {
        return (start, Vec::new());
    }
    let prefix = typed.to_lowercase();
    let begins = |name: &&String| name.to_lowercase().starts_with(&prefix);
    let mut found: Vec<String> =
        names.objects.iter().chain(&names.columns).filter(begins).map(|name| quoted(name)).collect();
    if let Some(point) = typed.rfind('.').filter(|_| found.is_empty()) {
        // After `table.` only columns make sense.
        let prefix = &prefix[point + 1..];
        let columns = names.columns.iter().filter(|name| name.to_lowercase().starts_with(prefix));
        return (start + point + 1, columns.map(|name| quoted(name)).collect());
    }
    let upper = typed.to_uppercase();
    let lower = typed.chars().any(char::is_lowercase);
    let keywords = argtop::script::keywords().iter().map(|keyword| keyword.to_uppercase());
    let keywords = keywords.filter(|keyword| keyword.starts_with(&upper));
    found.extend(keywords.map(|keyword| if lower { keyword.to_lowercase() } else { keyword }));
    found.sort();
    found.dedup();
    (start, found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Names {
            objects: owned(&["products", "selections", "Odd Name", "search.beam"]),
            columns: owned(&["id", "title"]),
        }
    }

    #[track_caller]
    fn check(line: &str, start: usize, expect: &[&str]) {
        let (at, found) = candidates(line, names);
        assert_eq!((at, found), (start, expect.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>()));
    }

    #[test]
    fn dot_commands_and_their_arguments() {
        check(".ta", 0, &[".tables"]);
        check(".mode j", 6, &["json", "jsonl"]);
        check(".timer ", 7, &["on", "off"]);
        check(".quit x", 6, &[]);
    }

    #[test]
    fn keywords_in_the_case_typed_and_names() {
        check("sele", 0, &["select", "selections"]);
        check("SELEC", 0, &["SELECT", "selections"]);
        check("SELECT ti", 7, &["title"]);
        check("(prod", 1, &["products"]);
        check("FROM odd", 5, &["\"Odd Name\""]);
        check("SET search.b", 4, &["search.beam"]);
        check("SELECT p.t", 9, &["title"]);
        check("SELECT ", 7, &[]);
        check("\u{9774}prodx, pro", 10, &["probe", "products"]);
    }

    #[test]
    fn files_inside_quotes() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        for name in ["a one.json", "b.json", ".hidden"] {
            fs::write(folder.path().join(name), "").expect("a file");
        }
        fs::create_dir(folder.path().join("a_folder")).expect("a folder");
        let base = folder.path().to_str().expect("UTF-8");
        let line = format!("COPY t FROM 'x''y', '{base}/a");
        let start = line.len() - base.len() - 2;
        check(&line, start, &[&format!("{base}/a one.json"), &format!("{base}/a_folder/")]);
        check(&format!(".read {base}/b"), 6, &[&format!("{base}/b.json")]);
        check(&format!("'{base}/.h"), 1, &[&format!("{base}/.hidden")]);
        check("COPY t FROM '/nonexistent/", 13, &[]);
    }
}
