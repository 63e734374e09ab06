//! The statements: each changes the database and the model alike.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;

use argtop::{Database, Value};
use argtop_tests::suite;
use tempfile::TempDir;

use super::labels::{Filter, Kind, Label, source_column, table, text_column};

/// Ids are drawn from 0 to this, so that they collide.
const IDS: i64 = 400;

/// The database and what it must hold.
pub(crate) struct Machine {
    pub(crate) kind: Kind,
    pub(crate) random: fastrand::Rng,
    pub(crate) labels: BTreeMap<i64, Label>,
    /// Indexes and classifiers that exist: `flat`, `lists`, `graph`, `elias`, `words`, `c`.
    pub(crate) objects: BTreeSet<&'static str>,
    folder: TempDir,
    /// None only while it is reopened.
    database: Option<Database>,
    settings: BTreeMap<&'static str, String>,
    statements: Vec<String>,
}

impl Machine {
    pub(crate) fn new(kind: Kind, seed: u64) -> Machine {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut machine = Machine {
            kind,
            random: fastrand::Rng::with_seed(seed),
            labels: BTreeMap::new(),
            objects: BTreeSet::new(),
            database: Some(suite::open(&folder.path().join("db"))),
            folder,
            settings: BTreeMap::new(),
            statements: Vec::new(),
        };
        if kind == Kind::Generated {
            machine.execute(&suite::create_model(), Vec::new());
        }
        machine.execute(&table(kind), Vec::new());
        machine
    }

    /// The last statements, for the report of a failure.
    pub(crate) fn history(&self) -> String {
        let from = self.statements.len().saturating_sub(25);
        self.statements[from..].join("\n")
    }

    pub(crate) fn database(&self) -> &Database {
        self.database.as_ref().expect("the database is open")
    }

    pub(crate) fn note(&mut self, statement: impl Into<String>) {
        let text: String = statement.into();
        self.statements.push(text.chars().take(300).collect());
    }

    /// Runs a statement that must succeed; rows changed.
    #[track_caller]
    fn execute(&mut self, sql: &str, values: Vec<Value>) -> u64 {
        self.note(sql);
        let statement = self.database().prepare(sql).and_then(|statement| statement.bind(values));
        let changed = statement.and_then(|statement| statement.execute());
        changed.unwrap_or_else(|error| panic!("{}", error.render(sql)))
    }

    /// Random statements, each followed by checks.
    pub(crate) fn run(&mut self, steps: usize) {
        for _ in 0..steps {
            match self.random.u8(..20) {
                0..=5 => self.insert(),
                6 | 7 => self.upsert(),
                8 => self.insert_refused(),
                9 | 10 => self.update(),
                11 => self.update_vector(),
                12 | 13 => self.delete(),
                14 | 15 => self.build(),
                16 => self.reindex_or_drop(),
                17 => self.reopen(),
                18 => self.delete_generations(),
                _ => self.change_setting(),
            }
            self.check();
        }
        self.check_everything();
    }

    /// An INSERT of the given labels, with what follows VALUES.
    fn insertion(&self, labels: &[(i64, Label)], rest: &str) -> (String, Vec<Value>) {
        let row = |at: usize| format!("(${}, ${}, ${}, ${})", 4 * at + 1, 4 * at + 2, 4 * at + 3, 4 * at + 4);
        let rows: Vec<String> = (0..labels.len()).map(row).collect();
        let source = source_column(self.kind);
        let sql = format!("INSERT INTO t (id, category, n, {source}) VALUES {}{rest}", rows.join(", "));
        (sql, labels.iter().flat_map(|(id, label)| label.values(self.kind, *id)).collect())
    }

    fn insert_all(&mut self, labels: &[(i64, Label)], rest: &str) -> u64 {
        let (sql, values) = self.insertion(labels, rest);
        self.execute(&sql, values)
    }

    fn random_labels(&mut self, ids: &[i64]) -> Vec<(i64, Label)> {
        let label = |id: &i64| (*id, Label::random(self.kind, &mut self.random, &self.labels));
        ids.iter().map(label).collect()
    }

    /// Different ids, free or taken.
    fn random_ids(&mut self, count: usize) -> Vec<i64> {
        let ids: BTreeSet<i64> = (0..count).map(|_| self.random.i64(0..IDS)).collect();
        let mut ids: Vec<i64> = ids.into_iter().collect();
        self.random.shuffle(&mut ids);
        ids
    }

    fn insert(&mut self) {
        let count = self.random.usize(1..40);
        let mut ids = self.random_ids(count);
        ids.retain(|id| !self.labels.contains_key(id));
        if ids.is_empty() {
            return;
        }
        let labels = self.random_labels(&ids);
        assert_eq!(self.insert_all(&labels, ""), labels.len() as u64);
        self.labels.extend(labels);
    }

    fn upsert(&mut self) {
        let count = self.random.usize(1..15);
        let ids = self.random_ids(count);
        let labels = self.random_labels(&ids);
        if self.random.bool() {
            let free = labels.iter().filter(|(id, _)| !self.labels.contains_key(id)).count();
            let changed = self.insert_all(&labels, " ON CONFLICT (id) DO NOTHING");
            assert_eq!(changed, free as u64);
            for (id, label) in labels {
                self.labels.entry(id).or_insert(label);
            }
        } else {
            let source = source_column(self.kind);
            let rest =
                format!(" ON CONFLICT (id) DO UPDATE SET n = t.n + excluded.n, {source} = excluded.{source}");
            assert_eq!(self.insert_all(&labels, &rest), labels.len() as u64);
            for (id, new) in labels {
                match self.labels.get_mut(&id) {
                    Some(old) => {
                        old.number += new.number;
                        (old.title, old.vector) = (new.title, new.vector);
                    }
                    None => drop(self.labels.insert(id, new)),
                }
            }
        }
    }

    /// A key that is taken makes the whole statement fail.
    fn insert_refused(&mut self) {
        let Some(taken) = self.labels.keys().nth(self.random.usize(..self.labels.len().max(1))).copied()
        else {
            return;
        };
        let mut ids = self.random_ids(5);
        ids.retain(|id| !self.labels.contains_key(id));
        ids.push(taken);
        let labels = self.random_labels(&ids);
        let (sql, values) = self.insertion(&labels, "");
        self.note(format!("-- refused: {sql}"));
        suite::refused_with(self.database(), &sql, values, &["ON CONFLICT", &taken.to_string()]);
    }

    fn update(&mut self) {
        let filter = Filter::random(&mut self.random);
        let changed =
            self.execute(&format!("UPDATE t SET n = n + 1, category = 'c'{}", filter.sql()), Vec::new());
        let mut expected = 0;
        for (id, label) in &mut self.labels {
            if filter.matches(*id, label) {
                label.number += 1;
                label.category = "c".to_string();
                expected += 1;
            }
        }
        assert_eq!(changed, expected);
    }

    fn update_vector(&mut self) {
        let id = self.random.i64(0..IDS);
        let new = Label::random(self.kind, &mut self.random, &self.labels);
        let sql = format!("UPDATE t SET {} = $1 WHERE id = {id}", source_column(self.kind));
        let changed = self.execute(&sql, vec![new.source(self.kind)]);
        assert_eq!(changed, u64::from(self.labels.contains_key(&id)));
        if let Some(label) = self.labels.get_mut(&id) {
            (label.title, label.vector) = (new.title, new.vector);
        }
    }

    fn delete(&mut self) {
        let filter = match Filter::random(&mut self.random) {
            // All at once now and then only.
            Filter::All | Filter::Not(_) if self.random.u8(..8) > 0 => Filter::Below(2),
            filter => filter,
        };
        let changed = self.execute(&format!("DELETE FROM t{}", filter.sql()), Vec::new());
        let before = self.labels.len();
        self.labels.retain(|id, label| !filter.matches(*id, label));
        assert_eq!(changed, (before - self.labels.len()) as u64);
    }

    fn build(&mut self) {
        let words = format!("CREATE INDEX words ON t USING fts ({})", text_column(self.kind));
        let (name, sql) = match self.random.u8(..6) {
            0 => ("flat", "CREATE INDEX flat ON t USING flat (z)"),
            1 => ("lists", "CREATE INDEX lists ON t USING faiss (z) WITH (factory = 'Flat')"),
            2 => ("graph", "CREATE INDEX graph ON t USING faiss (z) WITH (factory = 'HNSW16')"),
            3 => ("elias", "CREATE INDEX elias ON t USING elias (z) WITH (clusters = 4)"),
            4 => ("words", words.as_str()),
            _ => ("c", "CREATE CLASSIFIER c ON t"),
        };
        if self.objects.contains(name) || (name == "elias" && self.labels.len() < 8) {
            return;
        }
        self.execute(sql, Vec::new());
        self.objects.insert(name);
    }

    fn reindex_or_drop(&mut self) {
        let names: Vec<&'static str> = self.objects.iter().copied().collect();
        let Some(name) = names.get(self.random.usize(..names.len().max(1))).copied() else { return };
        let kind = if name == "c" { "CLASSIFIER" } else { "INDEX" };
        if self.random.u8(..3) == 0 {
            self.execute(&format!("DROP {kind} {name}"), Vec::new());
            self.objects.remove(name);
        } else if name != "c" && self.labels.len() >= 8 {
            self.execute(&format!("REINDEX {name}"), Vec::new());
        }
    }

    fn reopen(&mut self) {
        self.note("-- reopen");
        let database = self.database.take().expect("the database is open");
        if self.random.bool() {
            database.close().expect("it closes");
        } else {
            drop(database);
        }
        self.open();
    }

    fn open(&mut self) {
        let database = suite::open(&self.folder.path().join("db"));
        for (name, value) in &self.settings {
            suite::execute(&database, &format!("SET {name} = {value}"));
        }
        self.database = Some(database);
    }

    /// While the database is open, or between closing and opening it.
    fn delete_generations(&mut self) {
        let folder = self.folder.path().join("db/generations");
        let empty = || {
            for entry in fs::read_dir(&folder).expect("the folder of the generations") {
                // The database may be removing one that was replaced.
                let removed = fs::remove_dir_all(entry.expect("an entry").path());
                let gone = removed.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound);
                assert!(gone || removed.is_ok(), "{removed:?}");
            }
        };
        self.note("-- delete the generations");
        if self.random.bool() {
            // Nothing is being built meanwhile.
            self.database().wait_for_maintenance().expect("maintenance");
            empty();
            return;
        }
        self.database.take().expect("the database is open").close().expect("it closes");
        empty();
        self.open();
    }

    fn change_setting(&mut self) {
        let (name, value) = match self.random.u8(..4) {
            0 => ("search.use_generations", self.random.bool().to_string()),
            1 => ("auto_pack", self.random.bool().to_string()),
            2 => ("tail_rows_max", self.random.u16(1..200).to_string()),
            _ => ("search.exact_rows", self.random.u16(0..300).to_string()),
        };
        self.execute(&format!("SET {name} = {value}"), Vec::new());
        self.settings.insert(name, value);
    }
}
