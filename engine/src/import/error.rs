//! What can go wrong while reading a file.

use std::io;
use std::path::{Path, PathBuf};

/// An error of an import; every variant says where it is and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The operating system refused.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// File.
        path: PathBuf,
        /// `open`, `read`, `write`.
        action: &'static str,
        /// The system's error.
        source: io::Error,
    },
    /// The path leads outside the directories that the database may touch.
    #[error(
        "`{}` is outside the directories this database may touch: allow its folder when opening",
        path.display()
    )]
    Forbidden {
        /// The path as it was resolved.
        path: PathBuf,
    },
    /// A directory, a device, a pipe or a socket.
    #[error("`{}` is a {kind}, not a regular file: {fix}", path.display())]
    NotRegular {
        /// The path.
        path: PathBuf,
        /// What it is.
        kind: &'static str,
        /// What to write instead.
        fix: &'static str,
    },
    /// A pattern without files.
    #[error("no file matches `{pattern}`: check the folder and the pattern")]
    NoMatch {
        /// The pattern.
        pattern: String,
    },
    /// An option of a read function is unknown or has a wrong value.
    #[error("{function}: option `{option}` {problem}; {fix}")]
    Option {
        /// `read_csv` and so on.
        function: &'static str,
        /// Name of the option.
        option: String,
        /// What is wrong with it.
        problem: String,
        /// What to write instead.
        fix: String,
    },
    /// The file as a whole is not what the function reads.
    #[error("`{}`: {problem}; {fix}", path.display())]
    Format {
        /// File.
        path: PathBuf,
        /// What is wrong.
        problem: String,
        /// What to do.
        fix: String,
    },
    /// One line (from 1) cannot be understood.
    #[error("`{}`, line {line}: {problem}; {fix}", path.display())]
    Line {
        /// File.
        path: PathBuf,
        /// Line, from 1.
        line: u64,
        /// What is wrong.
        problem: String,
        /// What to do.
        fix: String,
    },
    /// One value does not fit its column.
    #[error("{0}")]
    Cell(Box<BadCell>),
    /// One row of several cannot be read.
    #[error("{}", .0.error)]
    Row(Box<BadRow>),
}

/// A row that cannot be read, where the others can.
#[derive(Debug)]
pub struct BadRow {
    /// What is wrong with it, and where it stands.
    pub error: ImportError,
    /// The row as it stands in the file; bytes that are no UTF-8 are replaced.
    pub text: String,
}

/// A value that does not fit its column.
#[derive(Debug, thiserror::Error)]
#[error("`{}`, {place}, column `{column}`: {value} does not fit {wanted}; {fix}", path.display())]
pub struct BadCell {
    /// File.
    pub path: PathBuf,
    /// `line 3` (from 1) or, in a matrix, `row 3` (from 0).
    pub place: String,
    /// Column.
    pub column: String,
    /// The value, shortened.
    pub value: String,
    /// The type that the column has.
    pub wanted: String,
    /// What to do.
    pub fix: String,
}

impl ImportError {
    pub(super) fn io(path: &Path, action: &'static str, source: io::Error) -> Self {
        ImportError::Io { path: path.to_owned(), action, source }
    }

    pub(super) fn format(path: &Path, problem: impl Into<String>, fix: impl Into<String>) -> Self {
        ImportError::Format { path: path.to_owned(), problem: problem.into(), fix: fix.into() }
    }

    pub(super) fn line(path: &Path, line: u64, problem: impl Into<String>, fix: impl Into<String>) -> Self {
        ImportError::Line { path: path.to_owned(), line, problem: problem.into(), fix: fix.into() }
    }
}

/// Characters of a wrong value that a message shows.
const EXCERPT_CHARS: usize = 60;

/// The start of a value, safe to print: control characters are escaped and the rest is cut.
pub(super) fn excerpt(text: &str) -> String {
    let mut shown = String::new();
    for (i, c) in text.chars().enumerate() {
        if i == EXCERPT_CHARS {
            shown.push_str("...");
            break;
        }
        if c.is_control() {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}
