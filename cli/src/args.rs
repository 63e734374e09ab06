//! The command line: what was typed, checked, with `-c` and `-f` in the order they were given.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, ArgMatches, Args, CommandFactory, FromArgMatches, Parser};

use crate::render::Mode;
use crate::variables::is_name;

/// One piece of work from the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// `-c SQL`: statements or one dot command.
    Text(String),
    /// `-f FILE`: a script; `-` is standard input.
    File(PathBuf),
}

/// The command line, understood.
#[derive(Clone, Debug)]
pub(crate) struct Arguments {
    /// Directory of the database; a temporary one where absent.
    pub(crate) database: Option<PathBuf>,
    /// Everything to run, in the order given; empty means the shell or statements from a pipe.
    pub(crate) work: Vec<Work>,
    /// Mode of output; chosen by where the output goes where absent.
    pub(crate) mode: Option<Mode>,
    /// Opens the database for reading only.
    pub(crate) read_only: bool,
    /// `--set name=value`, in the order given.
    pub(crate) settings: Vec<(String, String)>,
    /// Directories that statements may read and write.
    pub(crate) allowed: Vec<PathBuf>,
    /// No file access but the database, `-f` and the allowed directories.
    pub(crate) safe_mode: bool,
}

/// An embedded retrieval database with a query language, for extreme classification.
#[derive(Parser, Debug)]
#[command(name = "argtop", version, disable_help_subcommand = true, after_help = AFTER_HELP)]
struct CommandLine {
    /// Directory of the database, made if missing; a temporary one if not given
    #[arg(value_name = "DB")]
    database: Option<PathBuf>,

    #[command(flatten)]
    work: WorkFlags,

    /// How rows are printed; box on a terminal, table elsewhere
    #[arg(long, value_enum, value_name = "MODE")]
    mode: Option<Mode>,

    /// Open the database for reading only
    #[arg(long, requires = "database")]
    readonly: bool,

    /// Define ${name} for scripts, and SET it where the engine has a setting of that name
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting, action = ArgAction::Append)]
    settings: Vec<(String, String)>,

    /// Let statements read and write files under DIR only (may be given again)
    #[arg(long = "allow", value_name = "DIR", action = ArgAction::Append)]
    allowed: Vec<PathBuf>,

    /// No files but the database, -f and --allow; no .read, .output, .once
    #[arg(long)]
    safe_mode: bool,
}

/// The two flags whose mutual order counts.
#[derive(Args, Debug)]
struct WorkFlags {
    /// Run statements or a dot command, then exit (may be given again)
    #[arg(short = 'c', long = "command", value_name = "SQL", action = ArgAction::Append)]
    commands: Vec<String>,

    /// Run a script, then exit; - is standard input (may be given again)
    #[arg(short = 'f', long = "file", value_name = "FILE", action = ArgAction::Append)]
    files: Vec<PathBuf>,
}

const AFTER_HELP: &str = "\
-c and -f run in the order given. Without them: the shell on a terminal, or statements from a pipe.
Exit code: 0; 1 at the first failing statement (.bail off goes on); 2 for wrong usage.";

/// Parses the arguments, the first being the name of the program.
///
/// The error is clap's: it also carries `--help` and `--version`, and knows its exit code (0 or 2).
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Arguments, clap::Error> {
    let matches = CommandLine::command().try_get_matches_from(arguments)?;
    let typed = CommandLine::from_arg_matches(&matches)?;
    Ok(Arguments {
        work: in_order(&matches, &typed.work),
        database: typed.database,
        mode: typed.mode,
        read_only: typed.readonly,
        settings: typed.settings,
        allowed: typed.allowed,
        safe_mode: typed.safe_mode,
    })
}

/// Merges the two flags by their place on the command line, which clap keeps as indices.
fn in_order(matches: &ArgMatches, flags: &WorkFlags) -> Vec<Work> {
    let indices = |id: &str| matches.indices_of(id).into_iter().flatten().collect::<Vec<_>>();
    let commands = indices("commands").into_iter().zip(flags.commands.iter().cloned().map(Work::Text));
    let files = indices("files").into_iter().zip(flags.files.iter().cloned().map(Work::File));
    let mut work: Vec<(usize, Work)> = commands.chain(files).collect();
    work.sort_by_key(|(index, _)| *index);
    work.into_iter().map(|(_, piece)| piece).collect()
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as name=value")?;
    let name = name.trim();
    if !is_name(name) {
        return Err(format!("`{name}` is not a name: use letters, digits, _ and . only"));
    }
    Ok((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(typed: &str) -> Result<Arguments, clap::Error> {
        parse(std::iter::once("argtop").chain(typed.split_whitespace()).map(OsString::from))
    }

    #[test]
    fn commands_and_files_keep_their_order() {
        let parsed = arguments("-f a.sql db -c one --file b.sql --command two -ctri").expect("valid");
        let text = |s: &str| Work::Text(s.to_owned());
        let file = |s: &str| Work::File(PathBuf::from(s));
        assert_eq!(parsed.work, [file("a.sql"), text("one"), file("b.sql"), text("two"), text("tri")]);
        assert_eq!(parsed.database, Some(PathBuf::from("db")));
    }

    #[test]
    fn settings_are_split_at_the_first_equals_sign() {
        let parsed = arguments("--set a=b=c --set search.beam=64 --set empty=").expect("valid");
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(parsed.settings, [pair("a", "b=c"), pair("search.beam", "64"), pair("empty", "")]);
    }

    #[test]
    fn wrong_usage_has_exit_code_2() {
        for typed in [
            "--mode xml",
            "--set novalue",
            "--set 1a=2",
            "--set a-b=2",
            "--nonsense",
            "a b",
            "-c",
            "--readonly",
        ] {
            let error = arguments(typed).expect_err(typed);
            assert_eq!(error.exit_code(), 2, "{typed}");
        }
    }

    #[test]
    fn help_and_version_have_exit_code_0() {
        for typed in ["--help", "-h", "--version", "-V"] {
            assert_eq!(arguments(typed).expect_err(typed).exit_code(), 0, "{typed}");
        }
    }

    #[test]
    fn every_mode_is_accepted() {
        for mode in Mode::ALL {
            let parsed = arguments(&format!("--mode {}", mode.name())).expect("valid");
            assert_eq!(parsed.mode, Some(mode));
        }
    }
}
