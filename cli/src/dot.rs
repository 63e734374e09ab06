//! Dot commands: their names, how a line is read as one, and what to say when it is none.

use crate::render::Mode;

/// What a dot command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Goes on after errors, or stops.
    Bail,
    /// Ends the session.
    Quit,
    /// Lists the commands.
    Help,
    /// Lists the indexes.
    Indexes,
    /// Chooses the mode of output.
    Mode,
    /// Sends the next answer to a file.
    Once,
    /// Sends all answers to a file.
    Output,
    /// Runs a script.
    Read,
    /// Prints how tables are made.
    Schema,
    /// Prints the state of the session.
    Show,
    /// Lists the tables.
    Tables,
    /// Prints run times.
    Timer,
}

/// A dot command as it stands in the help.
#[derive(Debug)]
pub(crate) struct Command {
    /// Name without the point.
    pub(crate) name: &'static str,
    /// Arguments for people.
    pub(crate) arguments: &'static str,
    /// Least and greatest number of arguments.
    pub(crate) count: (usize, usize),
    /// One line of help.
    pub(crate) help: &'static str,
    /// What it does.
    pub(crate) action: Action,
}

const fn command(
    name: &'static str,
    arguments: &'static str,
    count: (usize, usize),
    help: &'static str,
    action: Action,
) -> Command {
    Command { name, arguments, count, help, action }
}

/// All commands in the order of their names.
pub(crate) const COMMANDS: &[Command] = &[
    command("bail", "[on|off]", (0, 1), "stop a script at the first error", Action::Bail),
    command("exit", "", (0, 0), "leave", Action::Quit),
    command("help", "[COMMAND]", (0, 1), "this list, or one command", Action::Help),
    command("indexes", "", (0, 0), "list the indexes", Action::Indexes),
    command("mode", "[MODE]", (0, 1), "table, box, line, csv, json, jsonl, markdown or trash", Action::Mode),
    command("once", "FILE", (1, 1), "send the next answer to FILE", Action::Once),
    command("output", "[FILE]", (0, 1), "send answers to FILE, or to standard output again", Action::Output),
    command("quit", "", (0, 0), "leave", Action::Quit),
    command("read", "FILE", (1, 1), "run a script", Action::Read),
    command("schema", "[TABLE]", (0, 1), "how tables are made", Action::Schema),
    command("show", "", (0, 0), "the state of the session", Action::Show),
    command("tables", "", (0, 0), "list the tables", Action::Tables),
    command("timer", "[on|off]", (0, 1), "print the run time of statements", Action::Timer),
];

/// A line read as a command and its arguments.
#[derive(Debug)]
pub(crate) struct Line {
    /// The command.
    pub(crate) command: &'static Command,
    /// As many arguments as the command takes.
    pub(crate) arguments: Vec<String>,
}

/// Reads a line that begins with a point. The error is the message for the user.
pub(crate) fn parse(line: &str) -> Result<Line, String> {
    let mut words = words(line.trim().trim_end_matches(';'))?.into_iter();
    let first = words.next().unwrap_or_default();
    let command = find(first.trim_start_matches('.'))?;
    let arguments: Vec<String> = words.collect();
    let (least, greatest) = command.count;
    if arguments.len() < least || arguments.len() > greatest {
        return Err(format!("write it as {}", usage(command)));
    }
    Ok(Line { command, arguments })
}

/// `.name ARGUMENTS`.
pub(crate) fn usage(command: &Command) -> String {
    format!(".{} {}", command.name, command.arguments).trim_end().to_owned()
}

/// The command of that name, or the only one that begins so.
pub(crate) fn find(name: &str) -> Result<&'static Command, String> {
    if let Some(exact) = COMMANDS.iter().find(|command| command.name == name) {
        return Ok(exact);
    }
    let matches: Vec<&Command> =
        COMMANDS.iter().filter(|command| !name.is_empty() && command.name.starts_with(name)).collect();
    match matches.as_slice() {
        [only] => Ok(only),
        [] => {
            let names = COMMANDS.iter().map(|command| command.name);
            let hint =
                nearest(name, names).map_or("try .help".to_owned(), |near| format!("did you mean .{near}?"));
            Err(format!("unknown command .{name}; {hint}"))
        }
        several => {
            let names: Vec<String> = several.iter().map(|command| format!(".{}", command.name)).collect();
            Err(format!(".{name} may be {}", names.join(" or ")))
        }
    }
}

/// A mode by its name or the only one that begins so.
pub(crate) fn find_mode(name: &str) -> Result<Mode, String> {
    let matches: Vec<Mode> =
        Mode::ALL.into_iter().filter(|mode| !name.is_empty() && mode.name().starts_with(name)).collect();
    match matches.as_slice() {
        [only] => Ok(*only),
        several => several.iter().find(|mode| mode.name() == name).copied().ok_or_else(|| {
            let hint = nearest(name, Mode::ALL.into_iter().map(Mode::name))
                .map_or_else(String::new, |near| format!("; did you mean {near}?"));
            let names = Mode::ALL.map(Mode::name).join(", ");
            format!("unknown mode `{name}`{hint} (one of {names})")
        }),
    }
}

/// `on` or `off`.
pub(crate) fn switch(word: &str) -> Result<bool, String> {
    match word.to_ascii_lowercase().as_str() {
        "on" | "true" | "yes" | "1" => Ok(true),
        "off" | "false" | "no" | "0" => Ok(false),
        _ => Err(format!("`{word}` is neither on nor off")),
    }
}

/// Words between white space; quotes of either kind keep white space, a doubled quote is one.
fn words(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut chars = line.chars().peekable();
    while let Some(&first) = chars.peek() {
        if first.is_whitespace() {
            chars.next();
            continue;
        }
        let mut word = String::new();
        if first == '\'' || first == '"' {
            chars.next();
            loop {
                match chars.next() {
                    Some(c) if c == first && chars.peek() == Some(&first) => {
                        chars.next();
                        word.push(c);
                    }
                    Some(c) if c == first => break,
                    Some(c) => word.push(c),
                    None => return Err(format!("the quote {first} is not closed")),
                }
            }
        } else {
            while let Some(c) = chars.next_if(|c| !c.is_whitespace()) {
                word.push(c);
            }
        }
        words.push(word);
    }
    Ok(words)
}

/// The candidate that differs in the fewest characters, where that is at most a third of the word (and one
/// at least).
pub(crate) fn nearest<'n>(word: &str, candidates: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let allowed = (word.chars().count() / 3).max(1);
    let scored = candidates.map(|candidate| (distance(word, candidate), candidate));
    scored.filter(|(distance, _)| *distance <= allowed).min().map(|(_, candidate)| candidate)
}

/// Edit distance with transpositions of neighbours (optimal string alignment), by its three last rows.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.to_lowercase().chars().take(64).collect();
    let b: Vec<char> = b.chars().collect();
    let mut before = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let substitute = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = substitute.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                let two_back: &Vec<usize> = &before;
                best = best.min(two_back[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unambiguous_prefixes_are_accepted() {
        for (typed, name) in
            [("t", None), ("ta", Some("tables")), ("o", None), ("on", Some("once")), ("q", Some("quit"))]
                .into_iter()
                .chain([("e", Some("exit")), ("s", None), ("sc", Some("schema")), ("h", Some("help"))])
                .chain(COMMANDS.iter().map(|command| (command.name, Some(command.name))))
        {
            assert_eq!(find(typed).ok().map(|command| command.name), name, "{typed}");
        }
        assert_eq!(find("s").expect_err("ambiguous"), ".s may be .schema or .show");
    }

    #[test]
    fn unknown_commands_get_a_suggestion() {
        let message = |name| find(name).expect_err("unknown");
        assert_eq!(message("tabels"), "unknown command .tabels; did you mean .tables?");
        assert_eq!(message("mod3"), "unknown command .mod3; did you mean .mode?");
        assert_eq!(message("frobnicate"), "unknown command .frobnicate; try .help");
        assert_eq!(message(""), "unknown command .; try .help");
    }

    #[test]
    fn modes_by_prefix() {
        assert_eq!(find_mode("json"), Ok(Mode::Json));
        assert_eq!(find_mode("jsonl"), Ok(Mode::Jsonl));
        assert_eq!(find_mode("b"), Ok(Mode::Box));
        assert!(find_mode("t").is_err());
        let error = find_mode("tabel").expect_err("unknown");
        assert!(error.starts_with("unknown mode `tabel`; did you mean table?"), "{error}");
    }

    #[test]
    fn arguments_are_words_and_quotes() {
        let line = parse(".read 'a b''c.sql'").expect("valid");
        assert_eq!((line.command.action, line.arguments), (Action::Read, vec!["a b'c.sql".to_owned()]));
        assert_eq!(parse(".output \"x y\"").expect("valid").arguments, ["x y"]);
        assert!(parse(".output").expect("valid").arguments.is_empty());
        assert_eq!(parse(".read").expect_err("too few"), "write it as .read FILE");
        assert_eq!(parse(".quit now").expect_err("too many"), "write it as .quit");
        assert_eq!(parse(".read 'a").expect_err("open quote"), "the quote ' is not closed");
        assert_eq!(parse(".mode csv;").expect("valid").arguments, ["csv"]);
    }

    #[test]
    fn distances() {
        for (a, b, expect) in
            [("", "", 0), ("abc", "abc", 0), ("abc", "acb", 1), ("abc", "", 3), ("kitten", "sitting", 3)]
        {
            assert_eq!(distance(a, b), expect, "{a} {b}");
        }
    }
}
