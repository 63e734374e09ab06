//! The store under writes: durable inserts, bulk load, cold open, disk and maintenance, each beside its probe
//! in one run: `make bench`, or
//! `cargo bench --workspace --bench store -- [labels N] [index "USING ..."] [PART ...]`.
//!
//! Parts: `load`, `disk`, `open`, `insert`, `query`, `pause`; all of them where none is named. Labels are
//! generated: clustered unit vectors of 384 numbers and short titles, without a model. The database lies in a
//! fresh folder under the target directory's disk and goes with the run.

#![allow(clippy::print_stdout)]

#[path = "../common/mod.rs"]
#[allow(dead_code, unused_imports)] // Other benches use the rest of it.
mod common;
mod data;
mod insert;
mod load;
mod open;
mod pause;
mod query;

use std::env;
use std::path::{Path, PathBuf};

use argtop::{Database, Options, Statement, Value};
use common::Fallible;
use data::Labels;

/// Numbers of a vector.
const DIMENSION: usize = 384;
/// Labels an answer names.
const LIMIT: usize = 100;

/// What the command line asks for.
struct Asked {
    labels: usize,
    index: String,
    parts: Vec<String>,
}

impl Asked {
    fn read() -> Fallible<Asked> {
        let mut asked = Asked { labels: 117_137, index: String::new(), parts: Vec::new() };
        let mut words = env::args().skip(1).filter(|word| word != "--bench");
        while let Some(word) = words.next() {
            match word.as_str() {
                "labels" => asked.labels = words.next().ok_or("labels takes a number")?.parse()?,
                "index" => asked.index = words.next().ok_or("index takes USING ...")?,
                "load" | "disk" | "open" | "insert" | "query" | "pause" => asked.parts.push(word),
                other => return Err(format!("unknown argument {other}; see the head of this bench").into()),
            }
        }
        Ok(asked)
    }

    fn wants(&self, part: &str) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|asked| asked == part)
    }
}

/// A place for databases and files; on a disk, which a temporary folder may not be.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Fallible<Place> {
        let program = env::current_exe()?;
        let beside = program.parent().ok_or("the program lies nowhere")?;
        Ok(Place { folder: tempfile::Builder::new().prefix("store-bench").tempdir_in(beside)? })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Opens or makes a database.
fn open_database(path: &Path) -> Fallible<Database> {
    Ok(Database::open(path, Options::default())?)
}

/// The search that every part times.
fn search(database: &Database) -> Fallible<Statement> {
    let sql = format!("SELECT id, score FROM labels SEARCH (VECTOR => $1) LIMIT {LIMIT}");
    Ok(database.prepare(&sql)?)
}

/// Runs the search once; gives the primary keys.
fn answer(search: &Statement, vector: &[f32]) -> Fallible<Vec<i64>> {
    let mut keys = Vec::with_capacity(LIMIT);
    for row in search.clone().bind(vec![Value::Vector(vector.to_vec())])?.query()? {
        match row?.get(0) {
            Some(Value::BigInt(key)) => keys.push(*key),
            other => return Err(format!("a key is {other:?}").into()),
        }
    }
    Ok(keys)
}

const TABLE: &str = "CREATE TABLE labels (id BIGINT PRIMARY KEY, title TEXT, z VECTOR(384))";

fn main() -> Fallible<()> {
    // The parts about opening and killing start this program again in another role.
    let words: Vec<String> = env::args().collect();
    match words.get(1).map(String::as_str) {
        Some("role-open") => return open::first_answer(&words[2..]),
        Some("role-fill") => return open::fill(&words[2..]),
        _ => {}
    }
    let asked = Asked::read()?;
    let place = Place::new()?;
    let labels = Labels::generate(asked.labels);
    println!("{} labels of {DIMENSION} numbers", labels.len());
    let path = load::run(&asked, &place, &labels)?;
    if !asked.index.is_empty() {
        let database = open_database(&path)?;
        database.execute(&format!("CREATE INDEX i ON labels {}", asked.index))?;
        database.close()?;
        println!("index {}", asked.index);
    }
    if asked.wants("disk") {
        load::disk(&path, labels.len())?;
    }
    if asked.wants("open") {
        open::run(&place, &path, &labels)?;
    }
    if asked.wants("insert") {
        insert::run(&place, &path, &labels)?;
    }
    if asked.wants("query") {
        query::run(&path, &labels)?;
    }
    if asked.wants("pause") {
        pause::run(&asked, &path, &labels)?;
    }
    Ok(())
}
