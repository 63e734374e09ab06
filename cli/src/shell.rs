//! The interactive shell: line editing, history, and what Ctrl-C and Ctrl-D mean at the prompt.

use std::cell::RefCell;
use std::io::{self, IsTerminal};
use std::path::Path;

use argtop::Database;
use argtop::script::{Completeness, completeness};
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{
    Behavior, CompletionType, Config, Context, DefaultEditor, Editor, Helper, Highlighter, Hinter,
};

use crate::complete::candidates;
use crate::names::Names;
use crate::session::{Halt, Session, message};

/// Entries kept in the history file.
const HISTORY_MAX: usize = 10_000;
const PROMPT: &str = "argtop> ";

/// What the line editor asks while a line is typed.
#[derive(Helper, Hinter, Highlighter)]
struct Assistant {
    database: Database,
    /// Names as of this prompt; read at its first Tab.
    names: RefCell<Option<Names>>,
}

impl Completer for Assistant {
    type Candidate = String;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let typed = line.get(..at).unwrap_or(line);
        Ok(candidates(typed, || {
            self.names.borrow_mut().get_or_insert_with(|| Names::read(&self.database)).clone()
        }))
    }
}

impl Validator for Assistant {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(if continues(context.input()) {
            ValidationResult::Incomplete
        } else {
            ValidationResult::Valid(None)
        })
    }
}

/// True where Enter goes on to the next line instead of running what is there.
fn continues(text: &str) -> bool {
    !text.trim_start().starts_with('.') && completeness(text) == Completeness::Incomplete
}

/// Reads and runs entries until the end; the shell itself fails only where the terminal does.
pub(crate) fn run(session: &mut Session, history: Option<&Path>, temporary: bool) -> Result<(), String> {
    let mut editor =
        editor(&session.database).map_err(|error| format!("cannot use the terminal: {error}"))?;
    if let Some(history) = history {
        // A missing or unreadable history is an empty one.
        let _ = editor.load_history(history);
    }
    session.interactive = true;
    message(&banner(&session.name, temporary));
    loop {
        if let Some(assistant) = editor.helper() {
            assistant.names.replace(None);
        }
        let entry = match editor.readline(PROMPT) {
            Ok(entry) => entry,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => return Ok(()),
            Err(error) => return Err(format!("cannot read from the terminal: {error}")),
        };
        if entry.trim().is_empty() {
            continue;
        }
        let _ = editor.add_history_entry(&entry);
        if let Some(history) = history {
            // After each entry, so that a crash loses none. One that cannot be kept is no reason to stop.
            let _ = editor.append_history(history);
        }
        session.width = columns(&mut editor);
        let result = session.run_text(&entry);
        // What failed at the prompt has been seen there.
        session.failed = false;
        match result {
            Ok(()) | Err(Halt::Failed) => {}
            Err(Halt::Quit | Halt::Closed) => return Ok(()),
        }
    }
}

fn editor(database: &Database) -> rustyline::Result<Editor<Assistant, DefaultHistory>> {
    // With standard output in a file the prompt still belongs on the terminal.
    let behavior = if io::stdout().is_terminal() { Behavior::Stdio } else { Behavior::PreferTerm };
    let config = Config::builder()
        .max_history_size(HISTORY_MAX)?
        .history_ignore_space(true)
        .completion_type(CompletionType::List)
        .behavior(behavior)
        .build();
    let mut editor = Editor::with_config(config)?;
    editor.set_helper(Some(Assistant { database: database.clone(), names: RefCell::new(None) }));
    Ok(editor)
}

fn columns<H: Helper>(editor: &mut Editor<H, DefaultHistory>) -> Option<usize> {
    editor.dimensions().map(|(columns, _)| usize::from(columns)).filter(|columns| *columns > 0)
}

/// Columns of the terminal that standard output is, outside the shell.
pub(crate) fn terminal_columns() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    let mut editor = DefaultEditor::new().ok()?;
    editor.dimensions().map(|(columns, _)| usize::from(columns)).filter(|columns| *columns > 0)
}

fn banner(name: &str, temporary: bool) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let database = if temporary {
        "a temporary database, removed at the end (argtop DB keeps one)".to_owned()
    } else {
        name.to_owned()
    };
    format!(
        "argtop {version}, {database}\nStatements end with a semicolon; .help lists commands, .quit leaves."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enter_continues_incomplete_statements_only() {
        assert!(continues("SELECT"));
        assert!(continues("SELECT 'a;"));
        assert!(!continues("SELECT 1;"));
        assert!(!continues(".mode csv"));
        assert!(!continues("  .tables"));
        assert!(!continues(""));
    }

    #[test]
    fn the_banner_says_what_happens_to_the_database() {
        assert!(banner("", true).contains("temporary database, removed at the end"));
        assert!(banner("shop", false).contains("shop"));
    }
}
