//! From the command line to an exit code: opens the database, runs the work, closes it.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;

use argtop::{Database, Options};
use tempfile::TempDir;

use crate::args::{Arguments, Work};
use crate::command::default_mode;
use crate::environment::Environment;
use crate::interrupt;
use crate::names::quoted;
use crate::session::{Halt, Place, Session, message};
use crate::shell;

/// Words after SHOW that list something and are no settings.
const LISTS: [&str; 6] = ["tables", "indexes", "models", "pipelines", "jobs", "settings"];

/// Runs everything; whatever fails is reported before this returns.
pub(crate) fn run(arguments: Arguments) -> ExitCode {
    match prepare(&arguments).and_then(|prepared| work(prepared, arguments)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(text) => {
            message(text.trim_end());
            ExitCode::FAILURE
        }
    }
}

struct Prepared {
    database: Database,
    environment: Environment,
    /// Name of the database for people.
    name: String,
    /// Folder of a temporary database, removed when dropped.
    temporary: Option<TempDir>,
}

fn prepare(arguments: &Arguments) -> Result<Prepared, String> {
    let environment = Environment::read();
    let temporary = match &arguments.database {
        Some(_) => None,
        None => Some(
            tempfile::Builder::new()
                .prefix("argtop-")
                .tempdir()
                .map_err(|error| format!("error: cannot make a temporary database: {error}; name one"))?,
        ),
    };
    let path: PathBuf = match (&arguments.database, &temporary) {
        (Some(path), _) => path.clone(),
        (None, Some(folder)) => folder.path().join("db"),
        (None, None) => PathBuf::new(),
    };
    // In safe mode an empty list allows nothing; without either flag files are as free as for any program.
    let restricted = arguments.safe_mode || !arguments.allowed.is_empty();
    let options = Options {
        create: !arguments.read_only,
        read_only: arguments.read_only,
        onnxruntime: environment.onnxruntime.clone(),
        allowed_directories: restricted.then(|| arguments.allowed.clone()),
        ..Options::default()
    };
    let database = Database::open(&path, options).map_err(|error| error.render(""))?;
    let name = if temporary.is_some() { "temporary".to_owned() } else { path.display().to_string() };
    Ok(Prepared { database, environment, name, temporary })
}

/// True where nothing failed.
fn work(prepared: Prepared, arguments: Arguments) -> Result<bool, String> {
    let Prepared { database, environment, name, temporary } = prepared;
    let interactive = arguments.work.is_empty() && io::stdin().is_terminal();
    let folder = temporary.as_ref().map(|folder| folder.path().to_owned());
    let interrupt = interrupt::watch(database.interrupt_handle(), interactive, folder)
        .map_err(|error| format!("error: cannot watch for signals: {error}"))?;
    let terminal = io::stdout().is_terminal();
    let mode = arguments.mode.unwrap_or_else(|| default_mode(terminal, environment.unicode));
    let mut session = Session::new(database, name, mode, interrupt);
    session.safe_mode = arguments.safe_mode;
    session.width = shell::terminal_columns();
    session.say_warnings();
    let result = settle(&mut session, &arguments.settings).and_then(|()| {
        if interactive {
            let history = environment.history.as_deref();
            return shell::run(&mut session, history, temporary.is_some()).map_err(|error| {
                message(&format!("error: {error}"));
                Halt::Failed
            });
        }
        batch(&mut session, &arguments.work)
    });
    let succeeded = result != Err(Halt::Failed) && !session.failed;
    let closed = session.database.close();
    closed.map_err(|error| error.render(""))?;
    Ok(succeeded)
}

/// Defines the variables, and sets those that are settings of the engine.
fn settle(session: &mut Session, settings: &[(String, String)]) -> Result<(), Halt> {
    for (name, value) in settings {
        session.variables.insert(name.clone(), value.clone());
        let list = LISTS.contains(&name.to_ascii_lowercase().as_str());
        let shown = format!("SHOW {}", quoted(name));
        // Reading the rows is part of the question: an unknown setting may be noticed only then.
        let known =
            session.database.query(&shown).and_then(|mut rows| rows.try_for_each(|row| row.map(drop)));
        if !list && known.is_ok() {
            let sql = format!("SET {} = {}", quoted(name), literal(value));
            session.run_silently(&sql, Place { script: None, line: 1 })?;
        }
    }
    Ok(())
}

/// The value as it is typed after SET: numbers, true and false as they are, all else as text.
fn literal(value: &str) -> String {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let number = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_digit() || c == '.')
        && digits.parse::<f64>().is_ok();
    let word = ["true", "false", "null"].contains(&value.to_ascii_lowercase().as_str());
    if number || word { value.to_owned() } else { format!("'{}'", value.replace('\'', "''")) }
}

fn batch(session: &mut Session, work: &[Work]) -> Result<(), Halt> {
    if work.is_empty() {
        return session.run_stdin(false);
    }
    for piece in work {
        match piece {
            Work::Text(text) => session.run_text(text)?,
            Work::File(path) => session.run_file(path, Place { script: None, line: 1 })?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_settings_are_numbers_words_or_text() {
        let literals = ["8", "-1", "0.95", "true", "4GB", "it's", "", "-", "1.2.3", "1e5"].map(literal);
        let expect = ["8", "-1", "0.95", "true", "'4GB'", "'it''s'", "''", "'-'", "'1.2.3'", "'1e5'"];
        assert_eq!(literals, expect);
    }
}
