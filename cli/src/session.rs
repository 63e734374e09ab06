//! A session: one database, how its answers are shown, and the running of one statement.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use argtop::{Database, Error};

use crate::interrupt::Interrupt;
use crate::outcome::{Outcome, first_word, footer};
use crate::output::Output;
use crate::progress::ProgressLine;
use crate::render::{Failure, Mode, Page, write_rows};
use crate::units;
use crate::variables::Variables;

/// Distinct notes and warnings that are remembered so as not to be repeated.
const SAID_MAX: usize = 1_000;

/// Why a script, or the whole session, goes no further. The cause is already reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Halt {
    /// A statement failed and `.bail` is on.
    Failed,
    /// `.quit`.
    Quit,
    /// Nobody reads the output any more.
    Closed,
}

/// Where a statement stands, for messages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'s> {
    /// The script's name; none for the shell and `-c`.
    pub(crate) script: Option<&'s str>,
    /// Line of the script, from 1.
    pub(crate) line: usize,
}

/// What a session is made of.
pub(crate) struct Session {
    /// The database.
    pub(crate) database: Database,
    /// What the user calls the database.
    pub(crate) name: String,
    /// Where rows go.
    pub(crate) output: Output,
    /// How rows are printed.
    pub(crate) mode: Mode,
    /// Columns of the terminal, where rows go to one.
    pub(crate) width: Option<usize>,
    /// Prints the run time of every statement.
    pub(crate) timer: bool,
    /// Stops at the first failing statement.
    pub(crate) bail: bool,
    /// True in the shell, which repeats notes.
    pub(crate) interactive: bool,
    /// Refuses the dot commands that name files.
    pub(crate) safe_mode: bool,
    /// Variables of scripts.
    pub(crate) variables: Variables,
    /// True once any statement has failed.
    pub(crate) failed: bool,
    /// Scripts that are being read, the nesting of `.read`.
    pub(crate) depth: usize,
    interrupt: Arc<Interrupt>,
    progress: Option<Arc<ProgressLine>>,
    said: BTreeSet<String>,
}

impl Session {
    /// A session with everything at its default; progress is shown where standard error is a terminal.
    pub(crate) fn new(database: Database, name: String, mode: Mode, interrupt: Arc<Interrupt>) -> Session {
        let progress = io::stderr().is_terminal().then(|| Arc::new(ProgressLine::default()));
        if let Some(line) = progress.clone() {
            database.set_progress(Some(Arc::new(move |progress| line.report(progress))));
        }
        Session {
            database,
            name,
            output: Output::stdout(),
            mode,
            width: None,
            timer: false,
            bail: true,
            interactive: false,
            safe_mode: false,
            variables: Variables::new(),
            failed: false,
            depth: 0,
            interrupt,
            progress,
            said: BTreeSet::new(),
        }
    }

    /// Runs the statements of a text in turn.
    pub(crate) fn run_sql(&mut self, text: &str, place: Place<'_>) -> Result<(), Halt> {
        for range in argtop::script::split(text) {
            match range {
                Ok(range) => {
                    let line = place.line + line_breaks(text, range.start);
                    let sql = text.get(range).unwrap_or_default();
                    self.run_statement(sql, Place { line, ..place })?;
                }
                Err(error) => self.fail_with(&error, text, place)?,
            }
        }
        Ok(())
    }

    /// Runs one statement and shows what it gives.
    pub(crate) fn run_statement(&mut self, sql: &str, place: Place<'_>) -> Result<(), Halt> {
        let started = Instant::now();
        self.interrupt.begin();
        if let Some(line) = &self.progress {
            line.begin();
        }
        let outcome = self.show(sql);
        if let Some(line) = &self.progress {
            line.end();
        }
        self.interrupt.end();
        let finished = self.output.finish();
        let time = started.elapsed();
        let outcome = outcome.and_then(|outcome| finished.map(|()| outcome).map_err(Failure::Output));
        match outcome {
            Ok(outcome) => self.conclude(sql, &outcome, time)?,
            Err(Failure::Output(error)) => self.fail_output(&error, place)?,
            Err(Failure::Engine(error)) => self.fail_with(&error, sql, place)?,
        }
        for warning in self.database.warnings() {
            self.say("warning", &warning);
        }
        if self.timer {
            message(&format!("Run time: {}", units::duration(time)));
        }
        Ok(())
    }

    fn show(&mut self, sql: &str) -> Result<Outcome, Failure> {
        let mut rows = self.database.query(sql)?;
        let columns = rows.columns().to_vec();
        let terminal = self.output.is_terminal();
        let page = Page {
            mode: self.mode,
            width: self.width.filter(|_| terminal),
            raw: first_word(sql).eq_ignore_ascii_case("explain"),
        };
        let interrupt = &self.interrupt;
        // On a terminal the progress line would stand among the rows.
        let mut line = self.progress.as_ref().filter(|_| terminal);
        let mut guarded = rows.by_ref().map(|row| {
            if let Some(line) = line.take() {
                line.end();
            }
            // Printing a long answer must stop too, when its statement is already through.
            if interrupt.is_asked() { Err(Error::Interrupted) } else { row }
        });
        let count = if columns.is_empty() {
            guarded.try_for_each(|row| row.map(drop))?;
            None
        } else {
            Some(write_rows(page, &columns, &mut guarded, self.output.writer())?)
        };
        Ok(Outcome { rows: count, changed: rows.changed(), notes: rows.notes().to_vec() })
    }

    /// Runs a statement of the program's own, whose answer nobody asked to see.
    pub(crate) fn run_silently(&mut self, sql: &str, place: Place<'_>) -> Result<(), Halt> {
        let result = self.database.execute(sql);
        result.map(drop).or_else(|error| self.fail_with(&error, sql, place))
    }

    /// The line of counts and the notes after a statement.
    fn conclude(&mut self, sql: &str, outcome: &Outcome, time: Duration) -> Result<(), Halt> {
        if self.mode.is_human() && self.output.is_terminal() {
            let footer = footer(sql, outcome, time);
            self.print(|out| writeln!(out, "{footer}"))?;
        }
        for note in &outcome.notes {
            self.say("note", note);
        }
        Ok(())
    }

    /// Prints what a dot command or the shell has to say to where rows go.
    pub(crate) fn print(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Halt> {
        let written = write(self.output.writer()).and_then(|()| self.output.writer().flush());
        written.or_else(|error| self.fail_output(&error, Place { script: None, line: 0 }))
    }

    /// Prints a note or warning to standard error. A batch says each once; thousands of statements would
    /// repeat it thousands of times.
    fn say(&mut self, kind: &str, text: &str) {
        let text = format!("{kind}: {text}");
        let repeated = kind == "note" && self.interactive;
        if repeated || (self.said.len() < SAID_MAX && self.said.insert(text.clone())) {
            message(&text);
        }
    }

    /// Prints the warnings that opening the database left.
    pub(crate) fn say_warnings(&mut self) {
        for warning in self.database.warnings() {
            self.say("warning", &warning);
        }
    }

    /// Reports an error of the engine.
    pub(crate) fn fail_with(&mut self, error: &Error, sql: &str, place: Place<'_>) -> Result<(), Halt> {
        let into = error.span().map_or(0, |(start, _)| line_breaks(sql, start));
        let result = self.fail(&error.render(sql), Place { line: place.line + into, ..place });
        // Who presses Ctrl-C wants the whole script to stop.
        if self.interrupt.is_asked() { Err(Halt::Failed) } else { result }
    }

    /// Reports a failure; the text begins with `error`.
    pub(crate) fn fail(&mut self, text: &str, place: Place<'_>) -> Result<(), Halt> {
        self.failed = true;
        let text = text.trim_end();
        match place.script {
            Some(script) => message(&format!("{script}:{}: {text}", place.line)),
            None => message(text),
        }
        if self.bail { Err(Halt::Failed) } else { Ok(()) }
    }

    fn fail_output(&mut self, error: &io::Error, place: Place<'_>) -> Result<(), Halt> {
        match self.output.file().map(|path| path.display().to_string()) {
            Some(path) => {
                self.output.reset();
                self.fail(&format!("error: cannot write {path}: {error}"), place)
            }
            None if error.kind() == io::ErrorKind::BrokenPipe => Err(Halt::Closed),
            None => {
                // Without an output there is no going on, whatever `.bail` says.
                let _ = self.fail(&format!("error: cannot write the output: {error}"), place);
                Err(Halt::Failed)
            }
        }
    }
}

/// Prints a line to standard error; if that is closed, there is nobody to tell.
pub(crate) fn message(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

fn line_breaks(text: &str, end: usize) -> usize {
    text.bytes().take(end).filter(|byte| *byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_up_to_the_place() {
        assert_eq!(line_breaks("a\nb\nc", 4), 2);
        assert_eq!(line_breaks("a\nb", 99), 1);
        assert_eq!(line_breaks("", 0), 0);
    }
}
