//! Input made to hurt, through every entrance of the public library: it is refused with a message that names
//! the value and the fix, nothing of it is kept, and the next statement runs.

mod databases;
mod files;
mod language;
mod models;
mod numbers;
mod vectors;

use std::fs;
use std::path::{Path, PathBuf};

use argtop::Database;
use argtop_tests::suite;
use tempfile::TempDir;

/// A database with a small table, in a folder of its own.
struct Place {
    folder: TempDir,
    database: Database,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let database = suite::open(&folder.path().join("db"));
        suite::execute(
            &database,
            "CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, n INTEGER, z VECTOR(3))",
        );
        suite::execute(&database, "INSERT INTO t VALUES (1, 'one', 1, [1, 0, 0]), (2, 'two', 2, [0, 1, 0])");
        Place { folder, database }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file and gives its path as SQL text.
    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        fs::write(self.path(name), content).expect("a file");
        quoted(&self.path(name))
    }

    /// A statement is refused with these phrases and changes nothing.
    #[track_caller]
    fn refuses(&self, sql: &str, phrases: &[&str]) {
        suite::refused(&self.database, sql, phrases);
        self.is_unchanged();
    }

    /// The table holds what it held at the beginning.
    #[track_caller]
    fn is_unchanged(&self) {
        let rows = suite::rows(&self.database, "SELECT id, title, n FROM t ORDER BY id");
        assert_eq!(
            format!("{rows:?}"),
            "[[BigInt(1), Text(\"one\"), BigInt(1)], [BigInt(2), Text(\"two\"), BigInt(2)]]"
        );
    }
}

/// A path as SQL text.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', "''"))
}
