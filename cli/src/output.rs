//! Where rows go: standard output, or a file after `.output` and `.once`.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::path::{Path, PathBuf};

/// The place that rows are written to.
pub(crate) struct Output {
    stdout: BufWriter<Stdout>,
    terminal: bool,
    file: Option<Redirect>,
}

struct Redirect {
    path: PathBuf,
    writer: BufWriter<File>,
    /// True after `.once`: the redirection ends with the next statement.
    once: bool,
}

impl Output {
    /// Standard output.
    pub(crate) fn stdout() -> Output {
        let stdout = io::stdout();
        Output { terminal: stdout.is_terminal(), stdout: BufWriter::new(stdout), file: None }
    }

    /// True where rows go to a terminal right now.
    pub(crate) fn is_terminal(&self) -> bool {
        self.terminal && self.file.is_none()
    }

    /// The file that rows go to, if not standard output.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.file.as_ref().map(|redirect| redirect.path.as_path())
    }

    /// Sends rows to a file, which is emptied first: those of the next statement, or all from now on.
    pub(crate) fn redirect(&mut self, path: &Path, once: bool) -> io::Result<()> {
        self.file = None;
        let writer = BufWriter::new(File::create(path)?);
        self.file = Some(Redirect { path: path.to_owned(), writer, once });
        Ok(())
    }

    /// Sends rows to standard output again.
    pub(crate) fn reset(&mut self) {
        self.file = None;
    }

    /// What to write rows with.
    pub(crate) fn writer(&mut self) -> &mut dyn Write {
        match &mut self.file {
            Some(redirect) => &mut redirect.writer,
            None => &mut self.stdout,
        }
    }

    /// Writes out what is buffered at the end of a statement, and ends a `.once`.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        let written = self.writer().flush();
        if self.file.as_ref().is_some_and(|redirect| redirect.once) {
            self.file = None;
        }
        written
    }
}
