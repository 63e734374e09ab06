//! Scripts: lines from a file, a pipe or `-c` to statements and dot commands, one at a time.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use argtop::script::{Completeness, completeness};

use crate::session::{Halt, Place, Session};
use crate::variables::substitute;

/// Longest line and longest statement that is read, in bytes.
const BYTES_MAX: usize = 1 << 30;
/// Deepest nesting of `.read`; a script that reads itself stops here.
const DEPTH_MAX: usize = 16;

/// A piece of a script, with the line it begins at.
#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Dot(usize, String),
    Sql(usize, String),
}

/// Gathers lines to pieces: dot commands are whole lines between statements.
#[derive(Default)]
struct Gatherer {
    text: String,
    /// Line that `text` begins at.
    first: usize,
    /// Line that was added last.
    line: usize,
}

impl Gatherer {
    /// Adds a line with its line break; returns what is now complete.
    fn add(&mut self, line: &str) -> Vec<Piece> {
        self.line += 1;
        // Editors of other systems put a byte order mark before the first line.
        let line = if self.line == 1 { line.trim_start_matches('\u{feff}') } else { line };
        let mut pieces = Vec::new();
        if line.trim_start().starts_with('.') {
            match completeness(&self.text) {
                // Within a statement a line may begin with a point: .5 is a number.
                Completeness::Incomplete => {}
                Completeness::Empty => return vec![Piece::Dot(self.line, line.trim().to_owned())],
                Completeness::Complete | Completeness::Invalid => {
                    pieces.extend(self.take());
                    pieces.push(Piece::Dot(self.line, line.trim().to_owned()));
                    return pieces;
                }
            }
        }
        if self.text.is_empty() {
            self.first = self.line;
        }
        self.text.push_str(line);
        if may_end(line) && completeness(&self.text) != Completeness::Incomplete {
            pieces.extend(self.take());
        }
        pieces
    }

    /// What is left at the end, complete or not.
    fn take(&mut self) -> Option<Piece> {
        let text = std::mem::take(&mut self.text);
        (completeness(&text) != Completeness::Empty).then_some(Piece::Sql(self.first, text))
    }
}

/// A cheap test, so that a statement of many lines is not read again for each of them. Where it misses an
/// end, the statement runs a few lines later; the order stays the same.
fn may_end(line: &str) -> bool {
    line.trim_end().ends_with(';') || (line.contains(';') && (line.contains("--") || line.contains("*/")))
}

impl Session {
    /// Runs a script file; `-` is standard input.
    pub(crate) fn run_file(&mut self, path: &Path, place: Place<'_>) -> Result<(), Halt> {
        if path == Path::new("-") {
            return self.run_stdin(true);
        }
        let name = path.display().to_string();
        match File::open(path) {
            Ok(file) => self.run_lines(&mut BufReader::new(file), Some(&name), true),
            Err(error) => self.fail(&format!("error: cannot read {name}: {error}"), place),
        }
    }

    /// Runs the statements that come through standard input, each as soon as it is complete.
    pub(crate) fn run_stdin(&mut self, variables: bool) -> Result<(), Halt> {
        self.run_lines(&mut io::stdin().lock(), Some("stdin"), variables)
    }

    /// Runs the text of `-c` or of one entry of the shell.
    pub(crate) fn run_text(&mut self, text: &str) -> Result<(), Halt> {
        self.run_lines(&mut text.as_bytes(), None, false)
    }

    fn run_lines(
        &mut self,
        reader: &mut dyn BufRead,
        script: Option<&str>,
        variables: bool,
    ) -> Result<(), Halt> {
        if self.depth >= DEPTH_MAX {
            let text = format!("error: scripts read each other more than {DEPTH_MAX} deep");
            return self.fail(&text, Place { script, line: 1 });
        }
        self.depth += 1;
        let result = self.run_gathered(reader, script, variables);
        self.depth -= 1;
        result
    }

    fn run_gathered(
        &mut self,
        reader: &mut dyn BufRead,
        script: Option<&str>,
        variables: bool,
    ) -> Result<(), Halt> {
        let mut gatherer = Gatherer::default();
        loop {
            let line = match next_line(reader, gatherer.text.len()) {
                Ok(Some(line)) if variables => {
                    substitute(&line, &self.variables).map_err(|undefined| undefined.to_string())
                }
                Ok(Some(line)) => Ok(line),
                Ok(None) => break,
                Err(text) => Err(text),
            };
            let line = match line {
                Ok(line) => line,
                // What follows cannot be trusted without this line, so `.bail off` does not help here.
                Err(text) => {
                    let place = Place { script, line: gatherer.line + 1 };
                    let _ = self.fail(&format!("error: {text}"), place);
                    return Err(Halt::Failed);
                }
            };
            for piece in gatherer.add(&line) {
                self.run_piece(&piece, script)?;
            }
        }
        gatherer.take().map_or(Ok(()), |piece| self.run_piece(&piece, script))
    }

    fn run_piece(&mut self, piece: &Piece, script: Option<&str>) -> Result<(), Halt> {
        match piece {
            Piece::Dot(line, text) => self.run_dot(text, Place { script, line: *line }),
            Piece::Sql(line, text) => self.run_sql(text, Place { script, line: *line }),
        }
    }
}

/// The next line with its line break, as UTF-8; none at the end.
fn next_line(reader: &mut dyn BufRead, held: usize) -> Result<Option<String>, String> {
    let room = BYTES_MAX.saturating_sub(held);
    let mut bytes = Vec::new();
    let read = reader.take(room as u64 + 1).read_until(b'\n', &mut bytes);
    read.map_err(|error| format!("cannot read the script: {error}"))?;
    if bytes.len() > room {
        return Err(format!("the statement is longer than {BYTES_MAX} bytes"));
    }
    if bytes.is_empty() {
        return Ok(None);
    }
    let line = String::from_utf8(bytes).map_err(|error| {
        let column = error.utf8_error().valid_up_to() + 1;
        format!("the line is not UTF-8 from byte {column} on")
    })?;
    Ok(Some(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(script: &str, expect: &[Piece]) {
        let mut gatherer = Gatherer::default();
        let mut pieces: Vec<Piece> =
            script.split_inclusive('\n').flat_map(|line| gatherer.add(line)).collect();
        pieces.extend(gatherer.take());
        assert_eq!(pieces, expect);
    }

    fn dot(line: usize, text: &str) -> Piece {
        Piece::Dot(line, text.to_owned())
    }

    fn sql(line: usize, text: &str) -> Piece {
        Piece::Sql(line, text.to_owned())
    }

    #[test]
    fn dot_commands_stand_between_statements() {
        check(
            ".mode csv\nSELECT 1;\n  .timer on \nSELECT\n2;\n.quit",
            &[
                dot(1, ".mode csv"),
                sql(2, "SELECT 1;\n"),
                dot(3, ".timer on"),
                sql(4, "SELECT\n2;\n"),
                dot(6, ".quit"),
            ],
        );
    }

    #[test]
    fn points_and_semicolons_inside_a_statement_are_its_own() {
        check("SELECT '\n.mode;\n' ||\n.5;\n", &[sql(1, "SELECT '\n.mode;\n' ||\n.5;\n")]);
    }

    #[test]
    fn a_comment_does_not_hide_a_dot_command() {
        check("-- set up; first\n.mode csv\n", &[dot(2, ".mode csv")]);
        check("SELECT 1; -- one\n.mode csv\n", &[sql(1, "SELECT 1; -- one\n"), dot(2, ".mode csv")]);
    }

    #[test]
    fn the_last_statement_needs_no_semicolon() {
        check("SELECT 1;\nSELECT 2", &[sql(1, "SELECT 1;\n"), sql(2, "SELECT 2")]);
        check("\n\n-- nothing\n", &[]);
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        check("\u{feff}.mode csv\n", &[dot(1, ".mode csv")]);
    }

    #[test]
    fn lines_are_utf8_and_bounded() {
        let mut bytes: &[u8] = b"SELECT\n\xff\n";
        assert_eq!(next_line(&mut bytes, 0), Ok(Some("SELECT\n".to_owned())));
        let error = next_line(&mut bytes, 0).expect_err("not UTF-8");
        assert_eq!(error, "the line is not UTF-8 from byte 1 on");
        assert_eq!(next_line(&mut bytes, 0), Ok(None));
        assert!(next_line(&mut b"ab".as_slice(), BYTES_MAX - 1).is_err());
    }
}
