//! Instructions of a statement's steps, counted by valgrind and compared with what is kept in `counts.txt`:
//! `make bench-counts`.
//!
//! Times on a shared machine move by a tenth and more; counts hardly move, so that a change of a few
//! hundredths can be told. Every case runs twice in a process of its own under valgrind, on a small database
//! that was made before: a few times and many times. The difference is what the repetitions took, on all
//! threads, without opening and first use. valgrind's processor has AVX2 and no AVX-512, so that it counts
//! the AVX2 kernels wherever it runs; another compiler gives other counts.
//!
//! With `--accept` the counts of this run are kept; a case that takes more than the tolerance above its kept
//! count, or has none, fails the run.

#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use argtop_benches::cases::{self, CASES, Case, Fallible, Ready};

/// How often a case runs in the first process, and how much more often in the second.
const FIRST: u64 = 4;
/// The part by which a count may be above the kept one. Two runs of one build differ by less than a
/// hundredth, mostly since hash maps are seeded anew.
const TOLERANCE: f64 = 0.03;
const LABELS: usize = 4_000;
const DIMENSION: usize = 128;

fn kept_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("counts.txt")
}

/// Instructions of this program under valgrind with these arguments.
fn instructions(case: &str, database: &Path, repeats: u64) -> Fallible<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"])
        .arg(env::current_exe()?)
        .args(["--case", case, "--repeats", &repeats.to_string(), "--database"])
        .arg(database)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("valgrind cannot be started ({error}): install the package valgrind"))?;
    let text = String::from_utf8_lossy(&output.stderr);
    // "==1== I   refs:      30,048,817"
    let line =
        text.lines().find_map(|line| line.split_once("refs:").filter(|(head, _)| head.contains(" I ")));
    let total = line.and_then(|(_, count)| count.trim().replace(',', "").parse().ok());
    match total {
        Some(total) if output.status.success() => Ok(total),
        _ => Err(format!("{case} failed under valgrind ({}):\n{text}", output.status).into()),
    }
}

/// Instructions of one repetition.
fn count(case: &Case, database: &Path) -> Fallible<u64> {
    let first = instructions(case.name, database, FIRST)?;
    let second = instructions(case.name, database, FIRST + case.repeats)?;
    Ok(second.saturating_sub(first) / case.repeats)
}

/// The kept counts by case: lines `name count`.
fn kept() -> Fallible<BTreeMap<String, u64>> {
    let mut counts = BTreeMap::new();
    let text = fs::read_to_string(kept_file()).unwrap_or_default();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
        let (name, count) = line.split_once(' ').ok_or_else(|| format!("counts.txt: {line}"))?;
        counts.insert(name.to_string(), count.trim().parse()?);
    }
    Ok(counts)
}

fn keep(counts: &[(&Case, u64)]) -> Fallible<()> {
    let version = Command::new("rustc").arg("--version").output()?.stdout;
    let version = String::from_utf8(version)?;
    let mut text = format!(
        "# Instructions of one repetition of each case of src/cases.rs, counted with {}.\n\
         # make bench-counts ACCEPT=1 writes this file.\n",
        version.trim()
    );
    for (case, count) in counts {
        text += &format!("{} {count}\n", case.name);
    }
    fs::write(kept_file(), text)?;
    Ok(())
}

/// Counts all cases; false where one takes too many.
fn check(accept: bool) -> Fallible<bool> {
    let folder = tempfile::tempdir()?;
    let database = folder.path().join("counts.db");
    cases::make(&database, LABELS, DIMENSION)?;
    let kept = kept()?;
    let mut counts = Vec::new();
    let mut held = true;
    for case in CASES {
        let count = count(case, &database)?;
        let verdict = match kept.get(case.name) {
            None => {
                held &= accept;
                "no count is kept".to_string()
            }
            Some(before) => {
                let change = count as f64 / *before as f64 - 1.0;
                let worse = change > TOLERANCE;
                held &= accept || !worse;
                let word = if worse { ", TOO MANY" } else { "" };
                format!("kept {before}, {:+.2} %{word}", change * 100.0)
            }
        };
        println!("{:<10} {count:>12}  {verdict}  ({})", case.name, case.what);
        counts.push((case, count));
    }
    if accept {
        keep(&counts)?;
        println!("kept in {}", kept_file().display());
    }
    Ok(held)
}

fn run_case(arguments: &[String]) -> Fallible<()> {
    let value = |name: &str| -> Fallible<&String> {
        let at = arguments.iter().position(|argument| argument == name);
        Ok(at.and_then(|at| arguments.get(at + 1)).ok_or_else(|| format!("{name} is missing"))?)
    };
    let name = value("--case")?;
    let case = CASES.iter().find(|case| case.name == name).ok_or_else(|| format!("no case {name}"))?;
    let ready = Ready::new(case, Path::new(value("--database")?), DIMENSION)?;
    for _ in 0..value("--repeats")?.parse()? {
        ready.run()?;
    }
    Ok(())
}

fn main() -> Fallible<ExitCode> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--case") {
        run_case(&arguments)?;
        return Ok(ExitCode::SUCCESS);
    }
    if check(arguments.iter().any(|argument| argument == "--accept"))? {
        return Ok(ExitCode::SUCCESS);
    }
    println!(
        "a case takes more instructions than are kept: mend it, or accept with make bench-counts ACCEPT=1"
    );
    Ok(ExitCode::FAILURE)
}
