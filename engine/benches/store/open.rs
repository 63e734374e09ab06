//! Cold open: a fresh process, from `Database::open` to the first answer.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::common::{Fallible, median};
use crate::data::Labels;
use crate::insert::insert;
use crate::{Place, answer, open_database, search};

const ROUNDS: usize = 5;
/// Labels in the log when the process is killed.
const IN_THE_LOG: usize = 10_000;

pub(crate) fn run(place: &Place, path: &Path, labels: &Labels) -> Fallible<()> {
    let count = labels.len();
    for (name, cold) in [("page cache warm", false), ("page cache dropped", true)] {
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            if cold {
                drop_cached(path)?;
            }
            times.push(child(path, count)?);
        }
        print(name, &times);
    }
    let copy = place.path("killed");
    for (name, cold) in [("page cache warm", false), ("page cache dropped", true)] {
        let mut times = Vec::new();
        for _ in 0..3 {
            copy_folder(path, &copy)?;
            fill_and_kill(&copy, count)?;
            if cold {
                drop_cached(&copy)?;
            }
            times.push(child(&copy, count)?);
            fs::remove_dir_all(&copy)?;
        }
        print(&format!("after kill -9 with {IN_THE_LOG} rows in the log, {name}"), &times);
    }
    Ok(())
}

fn print(name: &str, times: &[(f64, f64)]) {
    let open: Vec<f64> = times.iter().map(|(open, _)| *open).collect();
    let first: Vec<f64> = times.iter().map(|(_, first)| *first).collect();
    println!(
        "open: {name}: {:.1} ms to the first answer ({:.1} to open), best {:.1}, worst {:.1}",
        median(&first),
        median(&open),
        first.iter().copied().fold(f64::INFINITY, f64::min),
        first.iter().copied().fold(0.0, f64::max)
    );
}

/// Milliseconds to open and to the first answer, measured within a fresh process.
fn child(path: &Path, count: usize) -> Fallible<(f64, f64)> {
    let output =
        Command::new(env::current_exe()?).arg("role-open").arg(path).arg(count.to_string()).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let text = String::from_utf8(output.stdout)?;
    let mut words = text.split_whitespace();
    let mut next = || -> Fallible<f64> { Ok(words.next().ok_or("the child printed too little")?.parse()?) };
    Ok((next()?, next()?))
}

/// The role of [`child`].
pub(crate) fn first_answer(words: &[String]) -> Fallible<()> {
    let count: usize = words[1].parse()?;
    let wanted = count as i64 / 2;
    let vector = Labels::generate(0).vector(wanted);
    let started = Instant::now();
    let database = open_database(Path::new(&words[0]))?;
    let opened = started.elapsed().as_secs_f64() * 1e3;
    let found = answer(&search(&database)?, &vector)?;
    let answered = started.elapsed().as_secs_f64() * 1e3;
    if found.first() != Some(&wanted) {
        return Err(format!("{:?} was found for label {wanted}", found.first()).into());
    }
    println!("{opened} {answered}");
    Ok(())
}

/// Fills the log in a process of its own, and kills that process.
fn fill_and_kill(path: &Path, count: usize) -> Fallible<()> {
    let mut process = Command::new(env::current_exe()?)
        .arg("role-fill")
        .arg(path)
        .arg(count.to_string())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(process.stdout.take().ok_or("no output")?).read_line(&mut line)?;
    process.kill()?;
    process.wait()?;
    if line.trim() == "filled" { Ok(()) } else { Err("the log could not be filled".into()) }
}

/// The role of [`fill_and_kill`].
pub(crate) fn fill(words: &[String]) -> Fallible<()> {
    let first: i64 = words[1].parse()?;
    let database = open_database(Path::new(&words[0]))?;
    let labels = Labels::generate(0);
    insert(&database, &labels, first..first + IN_THE_LOG as i64, 100)?;
    println!("filled");
    std::io::stdout().flush()?;
    loop {
        std::thread::park();
    }
}

fn copy_folder(from: &Path, to: &Path) -> Fallible<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.metadata()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

/// Takes the files of a folder out of the page cache; `dd` asks for it file by file, which needs no rights.
fn drop_cached(path: &Path) -> Fallible<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if entry.metadata()?.is_dir() {
            drop_cached(&entry.path())?;
            continue;
        }
        fs::File::open(entry.path())?.sync_all()?;
        let input = format!("if={}", entry.path().display());
        let status = Command::new("dd").args([&input, "iflag=nocache", "count=0", "status=none"]).status()?;
        if !status.success() {
            return Err("dd cannot drop cached pages".into());
        }
    }
    Ok(())
}
