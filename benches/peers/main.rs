//! argtop's side of `make bench-peers`, which `peers.py` beside this file steers: a program that reads
//! commands, one JSON object a line, and answers each with one JSON object a line.
//!
//! `encode` makes the vectors that all systems get; the others build a database, open it, and measure. The
//! queries go through the language, as those of an application do: a prepared statement, bound and run.

#![allow(clippy::print_stdout)]

mod database;
mod measure;
mod npy;

use std::error::Error;
use std::io::{self, BufRead, Write};

use serde_json::{Value, json};

pub(crate) type Fallible<T> = Result<T, Box<dyn Error>>;

/// The text of a command's field.
pub(crate) fn text<'a>(command: &'a Value, name: &str) -> Fallible<&'a str> {
    command[name].as_str().ok_or_else(|| format!("the command lacks the text `{name}`").into())
}

/// The whole number of a command's field.
pub(crate) fn number(command: &Value, name: &str) -> Fallible<usize> {
    let found = command[name].as_u64().and_then(|number| usize::try_from(number).ok());
    found.ok_or_else(|| format!("the command lacks the number `{name}`").into())
}

fn obey(command: &Value, opened: &mut Option<measure::Opened>) -> Fallible<Value> {
    match text(command, "command")? {
        "encode" => database::encode(command),
        "build" => database::build(command),
        "open" => {
            let (measure, answer) = measure::Opened::open(command)?;
            *opened = Some(measure);
            Ok(answer)
        }
        "insert" => {
            // Only one process writes at a time, and a reader would not see what it wrote.
            *opened = None;
            measure::insert(command)
        }
        name => {
            let opened = opened.as_ref().ok_or("nothing is open: send `open` first")?;
            match name {
                "answers" => opened.answers(command),
                "alone" => opened.alone(command),
                "batch" => opened.batch(command),
                _ => Err(format!("no command `{name}`").into()),
            }
        }
    }
}

fn main() -> Fallible<()> {
    let mut opened = None;
    for line in io::stdin().lock().lines() {
        let command: Value = serde_json::from_str(&line?)?;
        let answer = match obey(&command, &mut opened) {
            Ok(answer) => answer,
            // The driver names a system that fails in its table, with the reason.
            Err(error) => json!({ "error": error.to_string() }),
        };
        println!("{answer}");
        io::stdout().flush()?;
    }
    Ok(())
}
