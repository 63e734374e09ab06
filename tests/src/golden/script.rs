//! Reading and writing scripts.

use std::collections::BTreeMap;

use super::session::Mode;

/// Beginnings of the lines that hold output.
const OUTPUT: [&str; 6] = ["-->", "--=", "--!", "--#", "--:", "--<"];

/// A script.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// Statements in order.
    pub steps: Vec<Step>,
    /// Files to make before it runs: name and lines.
    pub files: BTreeMap<String, Vec<String>>,
    /// Ways in which it is not run.
    pub skipped: Vec<Mode>,
    /// Lines behind the last statement.
    trailing: Vec<String>,
}

/// A statement with what stands before it and the output it must give.
#[derive(Clone, Debug, Default)]
pub struct Step {
    /// Line of the script, from 1.
    pub line: usize,
    /// The statement without its semicolon.
    pub sql: String,
    /// Output lines as in the script.
    pub expected: Vec<String>,
    /// What directives before the statement say.
    pub directives: Directives,
    before: Vec<String>,
    source: Vec<String>,
}

/// Directives of one statement.
#[derive(Clone, Debug, Default)]
pub struct Directives {
    /// The order of the rows is not part of the expectation.
    pub unordered: bool,
    /// The names of the columns are printed.
    pub columns: bool,
    /// The output is compared in the first way only, for instance because it tells how a search was done.
    pub only_as_written: bool,
    /// A file to print after the statement ran.
    pub show: Option<String>,
}

impl Script {
    /// Parses a script.
    ///
    /// # Errors
    /// The line and what is wrong with it.
    pub fn parse(text: &str) -> Result<Script, String> {
        let mut script = Script::default();
        let mut step = Step::default();
        let mut file: Option<String> = None;
        if !text.starts_with("-- ") {
            return Err("line 1: a script begins with a comment that says what it shows".to_string());
        }
        for (number, line) in (1..).zip(text.lines()) {
            let wrong = |problem: &str| format!("line {number}: {problem}: {line}");
            if OUTPUT.iter().any(|prefix| line.starts_with(prefix)) {
                match script.steps.last_mut() {
                    Some(last) if step.source.is_empty() && step.before.is_empty() => {
                        last.expected.push(line.to_string());
                    }
                    _ => return Err(wrong("output that does not follow a statement")),
                }
                continue;
            }
            let in_statement = !step.source.is_empty();
            if !in_statement && (line.trim().is_empty() || line.starts_with("--")) {
                if let Some(content) = line.strip_prefix("--|") {
                    let Some(name) = &file else { return Err(wrong("content without --@ file")) };
                    let content = content.strip_prefix(' ').unwrap_or(content);
                    script.files.entry(name.clone()).or_default().push(content.to_string());
                } else if let Some(directive) = line.strip_prefix("--@") {
                    file =
                        script.directive(&mut step, directive.trim()).map_err(|problem| wrong(&problem))?;
                }
                step.before.push(line.to_string());
                continue;
            }
            if !in_statement {
                step.line = number;
            }
            step.source.push(line.to_string());
            if line.ends_with(';') {
                let source = step.source.join("\n");
                step.sql = source.strip_suffix(';').unwrap_or(&source).to_string();
                script.steps.push(std::mem::take(&mut step));
            }
        }
        if !step.source.is_empty() {
            return Err(format!("line {}: the statement does not end in a semicolon", step.line));
        }
        script.trailing = step.before;
        Ok(script)
    }

    /// Takes a directive; gives the name of the file that the following lines are the content of.
    fn directive(&mut self, step: &mut Step, directive: &str) -> Result<Option<String>, String> {
        let (name, rest) = directive.split_once(' ').unwrap_or((directive, ""));
        match (name, rest.trim()) {
            ("file", name) if !name.is_empty() && !name.contains("..") => {
                self.files.insert(name.to_string(), Vec::new());
                return Ok(Some(name.to_string()));
            }
            ("unordered", "") => step.directives.unordered = true,
            ("columns", "") => step.directives.columns = true,
            ("show", name) if !name.is_empty() => step.directives.show = Some(name.to_string()),
            ("only", rest) if rest.starts_with("as-written: ") => step.directives.only_as_written = true,
            ("skip", rest) => {
                let (mode, reason) = rest.split_once(": ").ok_or("a skip needs its reason")?;
                let found =
                    Mode::ALL.into_iter().find(|known| known.name() == mode && *known != Mode::AsWritten);
                self.skipped.push(found.ok_or("unknown mode")?);
                if reason.trim().is_empty() {
                    return Err("a skip needs its reason".to_string());
                }
            }
            _ => return Err("unknown directive".to_string()),
        }
        Ok(None)
    }

    /// The script with other output.
    pub fn render(&self, output: &[Vec<String>]) -> String {
        let mut text = String::new();
        let nothing = Vec::new();
        for (at, step) in self.steps.iter().enumerate() {
            let lines = output.get(at).unwrap_or(&nothing);
            for line in step.before.iter().chain(&step.source).chain(lines) {
                text.push_str(line);
                text.push('\n');
            }
        }
        for line in &self.trailing {
            text.push_str(line);
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = "-- Shows two statements.\n--@ file a.csv\n--| id\n--| 1\n\n\
                          SELECT 1,\n  2; -- no end\n\
                          SELECT 3;\n--> 3\n\n--@ unordered\nSELECT 4;\n--> 4\n--> 5\n-- the end\n";

    #[test]
    fn a_script_is_read_and_written_back() {
        let script = Script::parse(SCRIPT).unwrap();
        let read: Vec<(&str, usize)> =
            script.steps.iter().map(|s| (s.sql.as_str(), s.expected.len())).collect();
        assert_eq!(read, [("SELECT 1,\n  2; -- no end\nSELECT 3", 1), ("SELECT 4", 2)]);
        assert!(script.steps[1].directives.unordered && !script.steps[0].directives.unordered);
        assert_eq!(script.files["a.csv"], ["id", "1"]);
        let output: Vec<Vec<String>> = script.steps.iter().map(|step| step.expected.clone()).collect();
        assert_eq!(script.render(&output), SCRIPT);
    }

    #[test]
    fn what_is_wrong_with_a_script_is_said_with_its_line() {
        let problem = |text: &str| Script::parse(text).unwrap_err();
        assert!(problem("SELECT 1;").starts_with("line 1:"));
        assert!(problem("-- a\n--> 1\n").starts_with("line 2:"));
        assert!(problem("-- a\nSELECT 1").starts_with("line 2:"));
        assert!(problem("-- a\n--@ unsorted\n").contains("unknown directive"));
        assert!(problem("-- a\n--@ skip tail\n").contains("reason"));
        assert!(problem("-- a\n--| 1\n").contains("--@ file"));
    }
}
