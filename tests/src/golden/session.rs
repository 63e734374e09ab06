//! One database under one script, in one of the ways that must not change any row.

use std::fs;
use std::path::{Path, PathBuf};

use argtop::{Database, Error, Options, Value};

use super::environment::Environment;

/// A way to run a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// As written.
    AsWritten,
    /// Answers come from the store alone: `search.use_generations` is off.
    Store,
    /// Everything is in the tail: nothing is packed in the background, and before each statement every
    /// generation is deleted from the disk and the database opened again.
    Tail,
    /// What is written is packed at once, but for a tail of one label.
    Packed,
    /// Without the rules of the optimiser.
    NoRules,
}

impl Mode {
    /// All ways, the one that the script's output is compared with first.
    pub const ALL: [Mode; 5] = [Mode::AsWritten, Mode::Store, Mode::Tail, Mode::Packed, Mode::NoRules];

    /// Its name in messages and in `--@ skip`.
    pub fn name(self) -> &'static str {
        match self {
            Mode::AsWritten => "as-written",
            Mode::Store => "store",
            Mode::Tail => "tail",
            Mode::Packed => "packed",
            Mode::NoRules => "no-rules",
        }
    }

    /// Settings that make it.
    fn settings(self) -> Vec<String> {
        match self {
            Mode::AsWritten => Vec::new(),
            Mode::Store => vec!["SET search.use_generations = false".to_string()],
            Mode::Tail => vec!["SET auto_pack = false".to_string()],
            Mode::Packed => vec!["SET tail_rows_max = 1".to_string()],
            Mode::NoRules => {
                let rules: Vec<&str> = argtop_query::optimize::rule_names().collect();
                vec![format!("SET optimizer.disabled = '{}'", rules.join(", "))]
            }
        }
    }
}

/// What a statement gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Names of the columns; none for statements without rows.
    pub columns: Vec<String>,
    /// Rows.
    pub rows: Vec<Vec<Value>>,
    /// Rows changed.
    pub changed: Option<u64>,
    /// Whether the number of rows changed means something: the statement writes rows or a file.
    pub counts: bool,
    /// Remarks.
    pub notes: Vec<String>,
    /// The error as the shell prints it; nothing else is set then.
    pub error: Option<String>,
}

/// A database under a script.
pub struct Session {
    mode: Mode,
    folder: PathBuf,
    options: Options,
    /// None only between closing and opening it.
    database: Option<Database>,
    /// SET and RESET statements so far, which a new session needs again.
    settings: Vec<String>,
    fixtures: String,
}

impl Session {
    /// A new database in a folder, which is empty or holds the script's files.
    ///
    /// # Errors
    /// Why it could not be made.
    pub fn create(mode: Mode, folder: &Path, environment: &Environment) -> Result<Session, String> {
        let mut session = Session {
            mode,
            folder: folder.to_path_buf(),
            options: Options {
                sync: false,
                onnxruntime: Some(environment.onnxruntime.clone()),
                threads: Some(2),
                ..Options::default()
            },
            database: None,
            settings: mode.settings(),
            fixtures: environment.fixtures.display().to_string(),
        };
        session.open()?;
        Ok(session)
    }

    fn open(&mut self) -> Result<(), String> {
        let path = self.folder.join("db");
        let opened = Database::open(path, self.options.clone());
        let database = opened.map_err(|error| format!("the database cannot be opened: {error}"))?;
        for setting in &self.settings {
            database.execute(setting).map_err(|error| format!("{setting}: {error}"))?;
        }
        self.database = Some(database);
        Ok(())
    }

    /// Runs one statement. What is wrong with the statement is an outcome.
    ///
    /// # Errors
    /// What is wrong with the database or the way it is run.
    pub fn run(&mut self, sql: &str) -> Result<Outcome, String> {
        if self.mode == Mode::Tail {
            self.delete_generations()?;
        }
        let text = sql.replace("${fixtures}", &self.fixtures).replace("${tmp}", &self.tmp());
        let database = self.database.as_ref().ok_or("the database is closed")?;
        let mut outcome = match collect(database, &text) {
            Ok(outcome) => outcome,
            Err(error) => Outcome { error: Some(self.error_text(&error, sql, &text)), ..Outcome::default() },
        };
        let first = sql.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
        outcome.counts = ["INSERT", "UPDATE", "DELETE", "COPY"].contains(&first.as_str());
        for value in outcome.rows.iter_mut().flatten() {
            if let Value::Text(text) = value {
                *text = self.without_paths(text);
            }
        }
        // What is noted about a model depends on how this machine computes it.
        let of_model = ["CREATE MODEL", "CREATE OR REPLACE MODEL", "QUANTIZE MODEL"];
        if of_model.iter().any(|words| sql.starts_with(words)) {
            outcome.notes.clear();
        }
        for note in &mut outcome.notes {
            *note = self.without_paths(note);
        }
        // DESCRIBE says how long a training took; everything else about it is the same each time.
        for row in &mut outcome.rows {
            if let [Value::Text(property), Value::Text(value)] = row.as_mut_slice()
                && property == "trained_seconds"
            {
                *value = "#".to_string();
            }
        }
        if ["SET", "RESET", "PRAGMA"].contains(&first.as_str()) && outcome.error.is_none() {
            self.settings.push(text);
        }
        let waited = database.wait_for_maintenance();
        waited.map_err(|error| format!("maintenance failed: {error}"))?;
        Ok(outcome)
    }

    /// The error as the shell prints it. Where the statement holds a path of this machine the place within
    /// the statement depends on its length and is left out.
    fn error_text(&self, error: &Error, sql: &str, text: &str) -> String {
        if sql == text {
            return self.without_paths(&error.render(text));
        }
        let rendered = error.render(text);
        let first = rendered.lines().next().unwrap_or_default();
        let help = error.help().map_or(String::new(), |help| format!("\n  help: {help}"));
        self.without_paths(&format!("{first}{help}"))
    }

    fn tmp(&self) -> String {
        self.folder.display().to_string()
    }

    fn without_paths(&self, text: &str) -> String {
        text.replace(&self.tmp(), "${tmp}").replace(&self.fixtures, "${fixtures}")
    }

    /// Any generation may be deleted at any time. Where there is none, opening again would change nothing.
    fn delete_generations(&mut self) -> Result<(), String> {
        let folder = self.folder.join("db").join("generations");
        let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
        let entries: Result<Vec<_>, _> = fs::read_dir(&folder).map_err(failed)?.collect();
        let entries = entries.map_err(failed)?;
        if entries.is_empty() {
            return Ok(());
        }
        self.close()?;
        for entry in entries {
            fs::remove_dir_all(entry.path()).map_err(failed)?;
        }
        self.open()
    }

    /// Closes the database.
    ///
    /// # Errors
    /// What closing failed with.
    pub fn close(&mut self) -> Result<(), String> {
        match self.database.take() {
            Some(database) => database.close().map_err(|error| format!("closing: {error}")),
            None => Ok(()),
        }
    }
}

fn collect(database: &Database, sql: &str) -> Result<Outcome, Error> {
    let mut rows = database.query(sql)?;
    let mut outcome = Outcome {
        columns: rows.columns().iter().map(|column| column.name.clone()).collect(),
        changed: rows.changed(),
        ..Outcome::default()
    };
    for row in rows.by_ref() {
        outcome.rows.push(row?.into_values());
    }
    outcome.notes = rows.notes().to_vec();
    Ok(outcome)
}
