//! The statements that are counted (`counts.rs`) and timed (`stages.rs`), and the database they run on.

use std::error::Error;
use std::hint::black_box;
use std::path::Path;

use crate::sample;
use argtop::{Database, Options, Statement, Value};

/// A result of a bench; its errors are for people.
pub type Fallible<T> = Result<T, Box<dyn Error>>;

/// The number of the made-up queries.
const QUERY_SEED: u64 = 2;

/// One case: what is done at every repetition.
pub struct Case {
    /// Its name in `counts.txt`.
    pub name: &'static str,
    /// What it stands for.
    pub what: &'static str,
    /// Repetitions that are counted: more of those that are short.
    pub repeats: u64,
    step: Step,
    sql: &'static str,
}

enum Step {
    /// Text to syntax tree.
    Parse,
    /// Text to a statement whose names and types are known.
    Prepare,
    /// A prepared statement is run, with a vector as its parameter.
    Query,
    /// A prepared statement without parameters is run.
    Plain,
}

const fn query(name: &'static str, what: &'static str, sql: &'static str) -> Case {
    Case { name, what, repeats: 20, step: Step::Query, sql }
}

const WHOLE: &str = "SELECT id, score FROM labels SEARCH (VECTOR => $1)
  VIA PROBE(graph, beam => 8) THEN SHORTLIST(limit => 400) THEN RERANK(rows, limit => 100)
  SCORE BY shortlist.score * sigmoid(rerank.score) QUALIFY score > 0 LIMIT 10";

/// All cases. A query through the graph grows from one to the next: probe, re-rank, whole.
pub const CASES: &[Case] = &[
    Case { name: "parse", what: "text to syntax tree", repeats: 200, step: Step::Parse, sql: WHOLE },
    Case {
        name: "prepare",
        what: "parse, and bind names and types",
        repeats: 200,
        step: Step::Prepare,
        sql: WHOLE,
    },
    Case {
        name: "plan",
        what: "EXPLAIN: bind, optimise, choose the path, print",
        repeats: 200,
        step: Step::Plain,
        sql: "EXPLAIN SELECT id FROM labels SEARCH [] WHERE part < 9 LIMIT 10",
    },
    query(
        "probe",
        "PROBE of 8 of 32 clusters, SHORTLIST of 400",
        "SELECT id, score FROM labels SEARCH (VECTOR => $1)
           VIA PROBE(graph, beam => 8) THEN SHORTLIST(limit => 400) LIMIT 10",
    ),
    query(
        "rerank",
        "the same, and RERANK of the 400",
        "SELECT id, score FROM labels SEARCH (VECTOR => $1)
           VIA PROBE(graph, beam => 8) THEN SHORTLIST(limit => 400) THEN RERANK(rows, limit => 100) LIMIT 10",
    ),
    query("whole", "the same with SCORE BY and QUALIFY", WHOLE),
    query("exact", "exact search", "SELECT id, score FROM labels SEARCH (VECTOR => $1) VIA EXACT LIMIT 10"),
    query(
        "filter",
        "the same with WHERE over another column, known from the query before",
        "SELECT id, score FROM labels SEARCH (VECTOR => $1) VIA EXACT WHERE part < 9 LIMIT 10",
    ),
    query(
        "look",
        "the same with a WHERE that looks at all labels every time",
        "SELECT id, score FROM labels SEARCH (VECTOR => $1) VIA EXACT
           WHERE part < 9 AND now() > CAST('2000-01-01' AS TIMESTAMP) LIMIT 10",
    ),
    query(
        "flat",
        "a flat index",
        "SELECT id, score FROM labels SEARCH (VECTOR => $1) VIA SHORTLIST(flat, limit => 100) LIMIT 10",
    ),
    query(
        "ann",
        "an index of our own",
        "SELECT id, score FROM labels SEARCH (VECTOR => $1) VIA SHORTLIST(own, limit => 100) LIMIT 10",
    ),
    query(
        "faiss",
        "a faiss index, IVF16,Flat",
        "SELECT id, score FROM labels SEARCH (VECTOR => $1) VIA SHORTLIST(lists, limit => 100) LIMIT 10",
    ),
    Case {
        name: "words",
        what: "MATCH of three words, which a tenth, a hundredth and a thousandth of the texts have",
        repeats: 50,
        step: Step::Plain,
        sql: "SELECT id, score FROM texts SEARCH 'a3 b17 c117' VIA MATCH(words, limit => 100) LIMIT 10",
    },
];

/// Makes the database of `labels` made-up vectors of `dimension` numbers, once for all cases, which only read
/// it.
///
/// # Errors
/// Whatever the statements may fail with.
pub fn make(folder: &Path, labels: usize, dimension: usize) -> Fallible<()> {
    let options = Options { threads: Some(1), sync: false, ..Options::default() };
    let database = Database::open(folder, options)?;
    database.execute(&format!(
        "CREATE TABLE labels (id BIGINT PRIMARY KEY, part BIGINT, z VECTOR({dimension}))"
    ))?;
    let rows = sample::vectors(1, labels, dimension);
    let insert = database.prepare("INSERT INTO labels VALUES ($1, $2, $3)")?;
    for (id, row) in (0..).zip(rows.chunks_exact(dimension)) {
        let values = vec![Value::BigInt(id), Value::BigInt(id % 10), Value::Vector(row.to_vec())];
        insert.clone().bind(values)?.execute()?;
    }
    database.execute("CREATE TABLE texts (id BIGINT PRIMARY KEY, words TEXT)")?;
    let insert = database.prepare("INSERT INTO texts VALUES ($1, $2)")?;
    for id in 0..i64::try_from(labels)? {
        let words = format!("a{} b{} c{} of all", id % 10, id % 100, id % 1000);
        insert.clone().bind(vec![Value::BigInt(id), Value::Text(words)])?.execute()?;
    }
    for statement in [
        "CREATE INDEX fts ON texts USING fts (words)",
        "CREATE INDEX graph ON labels USING elias (z) WITH (clusters = 32)",
        "CREATE INDEX flat ON labels USING flat (z)",
        "CREATE INDEX own ON labels USING ann (z)",
        "CREATE INDEX lists ON labels USING faiss (z) WITH (factory = 'IVF16,Flat')",
        "CREATE CLASSIFIER rows ON labels",
    ] {
        database.execute(statement)?;
    }
    database.wait_for_maintenance()?;
    database.close()?;
    Ok(())
}

/// A case that is ready to be done any number of times, on one thread.
pub struct Ready<'a> {
    case: &'a Case,
    database: Database,
    sql: String,
    prepared: Statement,
    query: Vec<f32>,
    limits: argtop_query::Limits,
}

impl<'a> Ready<'a> {
    /// Opens the database for a case.
    ///
    /// # Errors
    /// Where the database cannot be opened or does not know the case's names.
    pub fn new(case: &'a Case, folder: &Path, dimension: usize) -> Fallible<Ready<'a>> {
        let options = Options { read_only: true, threads: Some(1), ..Options::default() };
        let database = Database::open(folder, options)?;
        let query = sample::vectors(QUERY_SEED, 1, dimension);
        // EXPLAIN takes no parameters, so that the vector stands in its text.
        let literal: Vec<String> = query.iter().map(f32::to_string).collect();
        let sql = case.sql.replace("[]", &format!("[{}]", literal.join(", ")));
        let prepared = database.prepare(&sql)?;
        let limits = argtop_query::Limits::default();
        Ok(Ready { case, database, sql, prepared, query, limits })
    }

    /// Does the case once.
    ///
    /// # Errors
    /// Whatever the statement may fail with, and a search that does not give ten rows.
    pub fn run(&self) -> Fallible<()> {
        match self.case.step {
            Step::Parse => {
                black_box(argtop_query::parse_statement(black_box(&self.sql), &self.limits)?);
            }
            Step::Prepare => {
                black_box(self.database.prepare(black_box(&self.sql))?);
            }
            Step::Query => {
                let statement = self.prepared.clone().bind(vec![Value::Vector(self.query.clone())])?;
                if black_box(statement.execute()?) != 10 {
                    return Err(format!("{}: not ten rows", self.case.name).into());
                }
            }
            Step::Plain => {
                black_box(self.prepared.execute()?);
            }
        }
        Ok(())
    }
}
