//! Scripts in all ways, compared with what they hold and with each other.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::environment::{Environment, environment};
use super::script::{Script, Step};
use super::session::{Mode, Outcome, Session};
use super::{files, text};

/// Scripts that run at a time within a group; the groups run beside each other as tests do.
const AT_A_TIME: usize = 2;

/// The folder of all groups.
pub fn scripts_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts")
}

/// Runs the scripts of a group; the environment variable `GOLDEN` names a part of the path of those to run.
///
/// # Errors
/// Everything that differs, script by script.
pub fn run_group(group: &str) -> Result<usize, String> {
    let environment = environment()?;
    let folder = scripts_folder().join(group);
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let wanted = env::var("GOLDEN").unwrap_or_default();
    let mut scripts = Vec::new();
    for entry in fs::read_dir(&folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let is_script = path.extension().is_some_and(|extension| extension == "sql");
        if is_script && path.to_string_lossy().contains(&wanted) {
            scripts.push(path);
        }
    }
    scripts.sort();
    let update = env::var_os("UPDATE_GOLDENFILES").is_some_and(|value| value == "1");
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some(path) = scripts.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(problem) = run_script(path, &environment, update) {
                        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                        let mut failures = failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                        failures.push(format!("{group}/{name}: {problem}"));
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    if failures.is_empty() {
        return Ok(scripts.len());
    }
    failures.sort();
    Err(format!("{} of {} scripts failed\n\n{}", failures.len(), scripts.len(), failures.join("\n\n")))
}

/// Runs one script in all ways.
///
/// # Errors
/// The first statement that gives something else than it must.
pub fn run_script(path: &Path, environment: &Environment, update: bool) -> Result<(), String> {
    let source = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let script = Script::parse(&source)?;
    let written = run_mode(&script, Mode::AsWritten, environment)?;
    let output: Vec<Vec<String>> = written.iter().map(|(_, lines)| lines.clone()).collect();
    if update {
        let text = script.render(&output);
        if text != source {
            fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        }
    } else {
        for (step, lines) in script.steps.iter().zip(&output) {
            if *lines != step.expected {
                return Err(difference(step, "the script", &step.expected, "the database", lines));
            }
        }
    }
    // Without a table there is nothing that could be packed or not.
    let has_table = script.steps.iter().any(|step| step.sql.starts_with("CREATE TABLE"));
    let differs = |mode: &Mode| has_table || *mode == Mode::NoRules;
    let modes = Mode::ALL.into_iter().skip(1).filter(|mode| !script.skipped.contains(mode)).filter(differs);
    for mode in modes {
        let other =
            run_mode(&script, mode, environment).map_err(|problem| format!("{}: {problem}", mode.name()))?;
        for ((step, (first, first_lines)), (second, second_lines)) in
            script.steps.iter().zip(&written).zip(&other)
        {
            if is_compared(step) && !same(first, second) {
                let (name, lines) = (Mode::AsWritten.name(), first_lines);
                return Err(difference(step, name, lines, mode.name(), second_lines));
            }
        }
    }
    Ok(())
}

/// EXPLAIN tells how something is done, which is what the ways differ in.
fn is_compared(step: &Step) -> bool {
    !step.directives.only_as_written && !is_explain(step)
}

fn is_explain(step: &Step) -> bool {
    step.sql.get(..7).is_some_and(|word| word.eq_ignore_ascii_case("EXPLAIN"))
}

/// Bit for bit, but for the notes.
fn same(first: &Outcome, second: &Outcome) -> bool {
    let bare = |outcome: &Outcome| Outcome { notes: Vec::new(), ..outcome.clone() };
    bare(first) == bare(second)
}

/// The outcome and output lines of every statement.
fn run_mode(
    script: &Script,
    mode: Mode,
    environment: &Environment,
) -> Result<Vec<(Outcome, Vec<String>)>, String> {
    let folder = temporary_folder().map_err(|error| format!("no temporary folder: {error}"))?;
    for (name, lines) in &script.files {
        files::write(folder.path(), name, lines)?;
    }
    let mut session = Session::create(mode, folder.path(), environment)?;
    let mut outcomes = Vec::with_capacity(script.steps.len());
    for step in &script.steps {
        let mut outcome =
            session.run(&step.sql).map_err(|problem| format!("line {}: {problem}", step.line))?;
        if step.directives.unordered {
            outcome.rows.sort_by_cached_key(|row| format!("{row:?}"));
        }
        let mut lines = text::lines(&outcome, step.directives.columns, is_explain(step));
        if let Some(name) = &step.directives.show {
            lines.extend(files::read(folder.path(), name)?.into_iter().map(|line| format!("--< {line}")));
        }
        outcomes.push((outcome, lines));
    }
    session.close()?;
    Ok(outcomes)
}

/// In memory where there is such a place: no script asks what a crash leaves, and opening a database waits
/// for the disk several times.
fn temporary_folder() -> std::io::Result<tempfile::TempDir> {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())
}

fn difference(step: &Step, first: &str, expected: &[String], second: &str, got: &[String]) -> String {
    let block = |lines: &[String]| match lines {
        [] => "  (nothing)".to_string(),
        lines => lines.iter().map(|line| format!("  {line}")).collect::<Vec<String>>().join("\n"),
    };
    format!("line {}\n{}\n{first}:\n{}\n{second}:\n{}", step.line, step.sql, block(expected), block(got))
}
