//! Directories and processes: foreign folders, a database in use, one opened for reading, damaged markers.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use argtop::{Database, Error, Options};
use argtop_tests::suite;

use super::{Place, quoted};

#[track_caller]
fn does_not_open(path: &Path, options: Options, phrases: &[&str]) {
    let error = Database::open(path, options).err().expect("it does not open");
    assert!(matches!(error, Error::Open(_)), "{error:?}");
    suite::says(&error.render(""), phrases);
}

#[test]
fn foreign_directories_are_left_alone() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let foreign = folder.path().join("photos");
    fs::create_dir(&foreign).expect("a folder");
    fs::write(foreign.join("cat.jpg"), "a cat").expect("a file");
    does_not_open(
        &foreign,
        suite::options(),
        &["photos", "not an argtop database", "empty or a new directory"],
    );
    let names: Vec<_> =
        fs::read_dir(&foreign).expect("a folder").map(|entry| entry.expect("an entry")).collect();
    assert_eq!(names.len(), 1, "nothing was added: {names:?}");
    does_not_open(&foreign.join("cat.jpg"), suite::options(), &["not an argtop database"]);
    let absent = folder.path().join("absent");
    let options = Options { create: false, ..suite::options() };
    does_not_open(&absent, options, &["no database at", "absent", "create it"]);
    let options = Options { read_only: true, ..suite::options() };
    does_not_open(&absent, options, &["no database at"]);
    assert!(!absent.exists());
    let markers: [(&str, &[&str]); 4] = [
        ("argtop 999\n00000000000000000000000000000000\n", &["format version 999", "newer program"]),
        ("something else\n", &["not an argtop database"]),
        ("", &["ARGTOP", "missing or empty"]),
        ("argtop one\n", &["not an argtop database"]),
    ];
    for (number, (marker, phrases)) in markers.into_iter().enumerate() {
        let path = folder.path().join(format!("marked{number}"));
        fs::create_dir(&path).expect("a folder");
        fs::write(path.join("ARGTOP"), marker).expect("a file");
        does_not_open(&path, suite::options(), phrases);
        assert_eq!(fs::read_to_string(path.join("ARGTOP")).expect("the marker"), marker);
    }
}

/// A database that lost its RocksDB, or its marker, is not begun anew over what is left.
#[test]
fn parts_that_are_missing() {
    for (part, phrases) in
        [("ARGTOP", &["ARGTOP", "restore it from a copy"]), ("store/CURRENT", &["CURRENT", "restore"])]
    {
        let place = Place::new();
        let path = place.path("db");
        place.database.close().expect("it closes");
        fs::remove_file(path.join(part)).expect("a file");
        does_not_open(&path, suite::options(), phrases);
        assert!(path.join("store").is_dir());
    }
}

#[test]
fn the_same_database_twice_in_a_process() {
    let place = Place::new();
    let path = place.path("db");
    let own = std::process::id().to_string();
    does_not_open(&path, suite::options(), &["in use by process", &own]);
    let options = Options { read_only: true, ..suite::options() };
    does_not_open(&path, options, &["in use by process"]);
    place.is_unchanged();
    place.database.close().expect("it closes");
    let again = suite::open(&path);
    assert_eq!(suite::rows(&again, "SELECT id FROM t").len(), 2);
}

#[test]
fn a_second_process() {
    let place = Place::new();
    let path = place.path("db");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(suite::binary());
        command.arg(&path).args(arguments).stdin(Stdio::null());
        let output = command.output().expect("the binary runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, _, stderr) = run(&["-c", "INSERT INTO t VALUES (3, 'x', 3, [1, 0, 0])"]);
    assert_eq!(code, Some(1), "{stderr}");
    suite::says(&stderr, &["in use by process", &std::process::id().to_string()]);
    let (code, _, stderr) = run(&["--readonly", "-c", "SELECT id FROM t"]);
    assert_eq!(code, Some(1), "{stderr}");
    suite::says(&stderr, &["in use by process"]);
    place.is_unchanged();
    place.database.close().expect("it closes");
    // Two readers at once are fine, and a writer waits for neither but is refused.
    let options = || Options { read_only: true, ..suite::options() };
    let reader = Database::open(&path, options()).expect("a reader");
    let (code, stdout, stderr) = run(&["--readonly", "--mode", "csv", "-c", "SELECT id FROM t ORDER BY id"]);
    assert_eq!((code, stdout.as_str()), (Some(0), "id\n1\n2\n"), "{stderr}");
    does_not_open(&path, suite::options(), &["in use"]);
    reader.close().expect("it closes");
    let (code, _, stderr) = run(&["-c", "DELETE FROM t WHERE id = 1"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(suite::rows(&suite::open(&path), "SELECT id FROM t").len(), 1);
}

#[test]
fn writes_to_a_database_opened_for_reading() {
    let place = Place::new();
    let path = place.path("db");
    suite::execute(&place.database, "CREATE INDEX i ON t USING flat (z)");
    place.database.close().expect("it closes");
    let options = Options { read_only: true, ..suite::options() };
    let database = Database::open(&path, options).expect("a reader");
    assert!(database.is_read_only());
    for sql in [
        "INSERT INTO t VALUES (3, 'x', 3, [1, 0, 0])",
        "UPDATE t SET n = 5",
        "DELETE FROM t",
        "DROP TABLE t",
        "CREATE TABLE u (id BIGINT PRIMARY KEY)",
        "CREATE INDEX j ON t USING faiss (z)",
        "CREATE CLASSIFIER c ON t",
        "REINDEX i",
    ] {
        suite::refused(&database, sql, &["cannot write", "read-only"]);
    }
    let csv = place.folder.path().join("a.csv");
    fs::write(&csv, "id,title,n,z\n").expect("a file");
    let csv = quoted(&csv);
    suite::refused(&database, &format!("COPY t FROM {csv}"), &["read-only"]);
    // All that only reads works, and so do settings.
    assert_eq!(
        suite::rows(&database, "SELECT id FROM t SEARCH [1, 0, 0] VIA SHORTLIST(i, limit => 2)").len(),
        2
    );
    suite::execute(&database, "SET search.beam = 3");
    suite::execute(&database, &format!("COPY t TO {csv}"));
    suite::rows(&database, "CHECK DATABASE");
    assert_eq!(suite::rows(&database, "SELECT id FROM t").len(), 2);
}

/// Damaged generations are never a wrong answer: they are set aside, with a warning, and the store answers.
#[test]
fn damaged_generations() {
    let place = Place::new();
    let path = place.path("db");
    for sql in
        ["CREATE INDEX f ON t USING flat (z)", "CREATE INDEX e ON t USING elias (z) WITH (clusters = 2)"]
    {
        suite::execute(&place.database, sql);
    }
    suite::execute(&place.database, "CREATE INDEX a ON t USING faiss (z) WITH (factory = 'HNSW8')");
    let asks = [
        "SELECT id, score FROM t SEARCH [1, 2, 3] VIA EXACT",
        "SELECT id, score FROM t SEARCH [1, 2, 3] VIA SHORTLIST(f, limit => 2)",
        "SELECT id, score FROM t SEARCH [1, 2, 3] VIA SHORTLIST(a, limit => 2)",
        "SELECT id, score FROM t SEARCH [1, 2, 3] VIA PROBE(e, beam => 2) THEN SHORTLIST(limit => 2)",
    ];
    let answers = asks.map(|sql| suite::rows(&place.database, sql));
    place.database.close().expect("it closes");
    let mut damaged = 0;
    for entry in fs::read_dir(path.join("generations")).expect("the generations") {
        for file in fs::read_dir(entry.expect("an entry").path()).expect("a generation") {
            let file = file.expect("a file").path();
            if file.ends_with("MANIFEST") {
                continue;
            }
            let mut bytes = fs::read(&file).expect("a file");
            let Some(middle) = bytes.len().checked_sub(1).map(|last| last / 2) else { continue };
            bytes[middle] ^= 0x10;
            fs::write(&file, bytes).expect("a file");
            damaged += 1;
        }
    }
    assert!(damaged >= 3, "{damaged}");
    let database = suite::open(&path);
    assert_eq!(asks.map(|sql| suite::rows(&database, sql)), answers);
    assert!(!database.warnings().is_empty(), "damage is reported");
    suite::execute(&database, "REINDEX a");
    assert_eq!(asks.map(|sql| suite::rows(&database, sql)), answers);
}
