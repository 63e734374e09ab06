//! What the suites share: databases, rows, messages, and an arithmetic of their own to compare with.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use argtop::{Database, Error, Options, Value};

/// The root of the repository.
///
/// # Panics
/// If the tests do not lie in a folder of the repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the repository")
}

/// A file of `tests/fixtures`.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// The ONNX Runtime library: `ORT_DYLIB_PATH`, or what `make setup` has put into the cache.
///
/// # Panics
/// If there is none.
pub fn onnxruntime() -> PathBuf {
    let variable = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(path) = variable("ORT_DYLIB_PATH") {
        return path;
    }
    let base = || variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
    let cache = variable("ARGTOP_CACHE").or_else(|| Some(base()?.join("argtop"))).expect("a cache folder");
    let folder = cache.join("lib");
    let files = fs::read_dir(&folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let library = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("libonnxruntime.so"))
    };
    let found = files.filter(library).max();
    found.unwrap_or_else(|| panic!("no ONNX Runtime in {}: run make setup", folder.display()))
}

/// The binary `argtop` of this build: the tests lie in `deps` beside it.
///
/// # Panics
/// If it was not built.
pub fn binary() -> PathBuf {
    let own = env::current_exe().expect("a path of this program");
    let folder = own.ancestors().find(|path| !path.ends_with("deps") && path.is_dir()).expect("a folder");
    let path = folder.join("argtop");
    assert!(path.is_file(), "{} is missing: run make build, or cargo build --release", path.display());
    path
}

/// Options of the suites: no waiting for the disk, two threads, ONNX Runtime.
pub fn options() -> Options {
    Options { sync: false, threads: Some(2), onnxruntime: Some(onnxruntime()), ..Options::default() }
}

/// Opens or makes a database.
///
/// # Panics
/// If it cannot be opened.
#[track_caller]
pub fn open(path: &Path) -> Database {
    Database::open(path, options()).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Runs a statement, and gives the number of rows that it changed or returned.
///
/// # Panics
/// If it fails.
#[track_caller]
pub fn execute(database: &Database, sql: &str) -> u64 {
    database.execute(sql).unwrap_or_else(|error| panic!("{}", error.render(sql)))
}

/// All rows of a statement with parameters.
///
/// # Errors
/// Those of the statement.
pub fn try_rows(database: &Database, sql: &str, values: Vec<Value>) -> Result<Vec<Vec<Value>>, Error> {
    let rows = database.prepare(sql)?.bind(values)?.query()?;
    rows.map(|row| Ok(row?.into_values())).collect()
}

/// All rows of a statement.
///
/// # Panics
/// If it fails.
#[track_caller]
pub fn rows(database: &Database, sql: &str) -> Vec<Vec<Value>> {
    rows_with(database, sql, Vec::new())
}

/// All rows of a statement with parameters.
///
/// # Panics
/// If it fails.
#[track_caller]
pub fn rows_with(database: &Database, sql: &str, values: Vec<Value>) -> Vec<Vec<Value>> {
    try_rows(database, sql, values).unwrap_or_else(|error| panic!("{}", error.render(sql)))
}

/// Asserts that a message holds all of these phrases.
///
/// # Panics
/// If it does not.
#[track_caller]
pub fn says(message: &str, phrases: &[&str]) {
    for phrase in phrases {
        assert!(message.contains(phrase), "no `{phrase}` in:\n{message}");
    }
}

/// Asserts that a statement is refused with a message that holds all of these phrases.
///
/// # Panics
/// If it is not refused, or with another message.
#[track_caller]
pub fn refused(database: &Database, sql: &str, phrases: &[&str]) {
    refused_with(database, sql, Vec::new(), phrases);
}

/// As [`refused`], for a statement with parameters.
///
/// # Panics
/// As [`refused`].
#[track_caller]
pub fn refused_with(database: &Database, sql: &str, values: Vec<Value>, phrases: &[&str]) {
    let shown: String = sql.chars().take(200).collect();
    match try_rows(database, sql, values) {
        Ok(rows) => panic!("{shown}: accepted, {} rows", rows.len()),
        Err(error) => {
            assert!(!matches!(error, Error::Internal(_)), "{shown}: {error}");
            says(&error.render(sql), phrases);
        }
    }
}

/// Ids and scores of rows that hold just those.
///
/// # Panics
/// If they do not.
#[track_caller]
pub fn scored(rows: &[Vec<Value>]) -> Vec<(i64, f64)> {
    let pair = |row: &Vec<Value>| match row.as_slice() {
        [Value::BigInt(id), Value::Double(score)] => (*id, *score),
        other => panic!("not an id and a score: {other:?}"),
    };
    rows.iter().map(pair).collect()
}

/// The inner product as `engine/src/kernel/dot.rs` defines it, written from that definition: the term of
/// place i goes to sum `i % 16`, and the sums are added at distances 8, 4, 2 and 1.
pub fn dot(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let mut sums: Vec<f64> = (0..16)
        .map(|lane| {
            let places = (lane..a.len()).step_by(16);
            places.fold(0.0, |sum, place| sum + f64::from(a[place]) * f64::from(b[place]))
        })
        .collect();
    for distance in [8, 4, 2, 1] {
        sums = (0..distance).map(|lane| sums[lane] + sums[lane + distance]).collect();
    }
    sums[0]
}

/// The cosine, as RERANK defines it.
pub fn cosine(row: &[f32], query: &[f32]) -> f64 {
    dot(query, row) / (dot(row, row).sqrt() * dot(query, query).sqrt())
}

/// Orders as every cut must: higher score first, then smaller key; keeps `limit`.
pub fn best(mut scored: Vec<(i64, f64)>, limit: usize) -> Vec<(i64, f64)> {
    scored.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    scored.truncate(limit);
    scored
}

/// Numbers from -1 to 1.
pub fn random_vector(random: &mut fastrand::Rng, dimension: usize) -> Vec<f32> {
    (0..dimension).map(|_| random.f32() * 2.0 - 1.0).collect()
}

/// Statements that make the model `m` of the fixtures.
pub fn create_model() -> String {
    let (model, tokenizer) = (fixture("static64.onnx"), fixture("tokenizer.json"));
    format!("CREATE MODEL m FROM '{}' TOKENIZER '{}'", model.display(), tokenizer.display())
}
