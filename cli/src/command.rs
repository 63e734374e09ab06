//! What the dot commands do.

use std::path::Path;

use crate::dot::{self, Action, COMMANDS, Line};
use crate::names;
use crate::render::Mode;
use crate::session::{Halt, Place, Session};

impl Session {
    /// Runs a line that begins with a point.
    pub(crate) fn run_dot(&mut self, text: &str, place: Place<'_>) -> Result<(), Halt> {
        match dot::parse(text) {
            Ok(line) => self.act(&line, place),
            Err(message) => self.fail(&format!("error: {message}"), place),
        }
    }

    fn act(&mut self, line: &Line, place: Place<'_>) -> Result<(), Halt> {
        let argument = line.arguments.first().map(String::as_str);
        match line.command.action {
            Action::Quit => Err(Halt::Quit),
            Action::Help => self.help(argument, place),
            Action::Tables => self.run_statement("SHOW TABLES", place),
            Action::Indexes => self.run_statement("SHOW INDEXES", place),
            Action::Schema => self.schema(argument, place),
            Action::Show => self.state(),
            Action::Mode => self.choose_mode(argument, place),
            Action::Timer => match self.switched(argument, place)? {
                Some(on) => {
                    self.timer = on;
                    Ok(())
                }
                None if argument.is_none() => self.tell("timer", on_off(self.timer)),
                None => Ok(()),
            },
            Action::Bail => match self.switched(argument, place)? {
                Some(on) => {
                    self.bail = on;
                    Ok(())
                }
                None if argument.is_none() => self.tell("bail", on_off(self.bail)),
                None => Ok(()),
            },
            Action::Read => match self.allowed_file(line, place)? {
                Some(path) => self.run_file(Path::new(path), place),
                None => Ok(()),
            },
            Action::Output if argument.is_none() => {
                self.output.reset();
                Ok(())
            }
            Action::Output => self.redirect(line, false, place),
            Action::Once => self.redirect(line, true, place),
        }
    }

    fn help(&mut self, name: Option<&str>, place: Place<'_>) -> Result<(), Halt> {
        let one = match name.map(|name| dot::find(name.trim_start_matches('.'))) {
            Some(Err(message)) => return self.fail(&format!("error: {message}"), place),
            Some(Ok(command)) => Some(command),
            None => None,
        };
        self.print(|out| {
            for command in COMMANDS.iter().filter(|command| one.is_none_or(|one| one.name == command.name)) {
                writeln!(out, "{:18} {}", dot::usage(command), command.help)?;
            }
            if one.is_none() {
                writeln!(out, "Commands may be shortened. Statements end with a semicolon.")?;
            }
            Ok(())
        })
    }

    /// Prints the statements that make the tables, where DESCRIBE gives them, else what it gives.
    fn schema(&mut self, table: Option<&str>, place: Place<'_>) -> Result<(), Halt> {
        let tables = match table {
            Some(table) => vec![table.to_owned()],
            None => names::column(&self.database, "SHOW TABLES", "name"),
        };
        for table in tables {
            let describe = format!("DESCRIBE {}", names::quoted(&table));
            let statements = names::named_column(&self.database, &describe, "sql");
            match statements.filter(|statements| !statements.is_empty()) {
                Some(mut statements) => {
                    statements.dedup();
                    self.print(|out| {
                        statements.iter().try_for_each(|sql| writeln!(out, "{};", sql.trim_end_matches(';')))
                    })?;
                }
                None => self.run_statement(&describe, place)?,
            }
        }
        Ok(())
    }

    fn state(&mut self) -> Result<(), Halt> {
        let mut state = vec![
            ("database", self.name.clone()),
            ("mode", self.mode.name().to_owned()),
            ("timer", on_off(self.timer).to_owned()),
            ("bail", on_off(self.bail).to_owned()),
            ("output", self.output.file().map_or("stdout".to_owned(), |path| path.display().to_string())),
        ];
        let variables: Vec<(String, String)> =
            self.variables.iter().map(|(name, value)| (format!("${{{name}}}"), value.clone())).collect();
        state.extend(variables.iter().map(|(name, value)| (name.as_str(), value.clone())));
        self.print(|out| state.iter().try_for_each(|(name, value)| writeln!(out, "{name}: {value}")))
    }

    fn choose_mode(&mut self, name: Option<&str>, place: Place<'_>) -> Result<(), Halt> {
        match name.map(dot::find_mode) {
            None => self.tell("mode", self.mode.name()),
            Some(Ok(mode)) => {
                self.mode = mode;
                Ok(())
            }
            Some(Err(message)) => self.fail(&format!("error: {message}"), place),
        }
    }

    /// The value of an on-off argument; none where there is none, or a wrong one that is reported.
    fn switched(&mut self, word: Option<&str>, place: Place<'_>) -> Result<Option<bool>, Halt> {
        match word.map(dot::switch).transpose() {
            Ok(value) => Ok(value),
            Err(message) => self.fail(&format!("error: {message}"), place).map(|()| None),
        }
    }

    /// The file argument, unless safe mode forbids files.
    fn allowed_file<'l>(&mut self, line: &'l Line, place: Place<'_>) -> Result<Option<&'l str>, Halt> {
        if self.safe_mode {
            let text = format!("error: .{} is off in safe mode", line.command.name);
            return self.fail(&text, place).map(|()| None);
        }
        Ok(line.arguments.first().map(String::as_str))
    }

    fn redirect(&mut self, line: &Line, once: bool, place: Place<'_>) -> Result<(), Halt> {
        let Some(path) = self.allowed_file(line, place)? else { return Ok(()) };
        match self.output.redirect(Path::new(path), once) {
            Ok(()) => Ok(()),
            Err(error) => self.fail(&format!("error: cannot write {path}: {error}"), place),
        }
    }

    fn tell(&mut self, name: &str, value: &str) -> Result<(), Halt> {
        self.print(|out| writeln!(out, "{name}: {value}"))
    }
}

fn on_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

/// The mode where none is asked for: frames for eyes, as good as the terminal can draw them.
pub(crate) fn default_mode(terminal: bool, unicode: bool) -> Mode {
    if terminal && unicode { Mode::Box } else { Mode::Table }
}
