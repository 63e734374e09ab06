//! MATCH against tantivy's own BM25, and words and vectors together, in one run: `make bench`, or
//! `cargo bench --workspace --bench words`. The labels of the demonstration and its usage examples as
//! queries, the best 100 of each. All take turns, each text is asked once, so that no embedding is kept from
//! before; the middle of all single queries is given, from the text to the last row, on prepared statements.
//! tantivy has its default analysis, one segment and no stored texts, and gives numbers of documents.

#![allow(clippy::print_stdout)]

mod common;

use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use argtop::{Database, Options, Statement, Value};
use common::{Fallible, cache, median, queries, runtime_library, titles};
use tantivy::collector::TopDocs;
use tantivy::query::{BooleanQuery, Occur, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption, Schema, TEXT};
use tantivy::tokenizer::TextAnalyzer;
use tantivy::{Index, Searcher, TantivyDocument, Term};

/// Texts that each is asked in a round.
const TEXTS: usize = 300;
const ROUNDS: usize = 3;
const LIMIT: usize = 100;
/// Texts of the batch.
const BATCH: usize = 8_192;

/// The demonstration's labels, with an index of their words and one of their vectors.
fn labels(folder: &Path) -> Fallible<Database> {
    let options = Options { onnxruntime: Some(runtime_library()?), ..Options::default() };
    let database = Database::open(folder.join("db"), options)?;
    let models = cache()?.join("models/minilm-l3");
    let set = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cli/demo/wordnet/lbl.json.gz");
    for sql in [
        format!(
            "CREATE MODEL m FROM '{0}/model.onnx' TOKENIZER '{0}/tokenizer.json'
               WITH (max_tokens = 64, dtype = 'int8')",
            models.display()
        ),
        "CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT NOT NULL,
           z VECTOR(384) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED)"
            .to_string(),
        format!("COPY t (id, title) FROM '{}' (FORMAT xc)", set.display()),
        "CREATE INDEX i ON t USING ann (z)".to_string(),
    ] {
        database.execute(&sql)?;
    }
    let started = Instant::now();
    database.execute("CREATE INDEX f ON t USING fts (title)")?;
    println!("argtop: the index of words is built in {:.2} s", started.elapsed().as_secs_f64());
    database.wait_for_maintenance()?;
    Ok(database)
}

/// tantivy over the same texts, in memory.
struct Peer {
    searcher: Searcher,
    field: Field,
    analyzer: TextAnalyzer,
}

impl Peer {
    fn new(texts: &[String]) -> Fallible<Peer> {
        let mut schema = Schema::builder();
        let field = schema.add_text_field("title", TEXT);
        let index = Index::create_in_ram(schema.build());
        let started = Instant::now();
        let mut writer = index.writer_with_num_threads(1, 256 << 20)?;
        for text in texts {
            let mut document = TantivyDocument::new();
            document.add_text(field, text);
            writer.add_document(document)?;
        }
        writer.commit()?;
        println!("tantivy: its index is built in {:.2} s on one thread", started.elapsed().as_secs_f64());
        let analyzer = index.tokenizer_for_field(field)?;
        Ok(Peer { searcher: index.reader()?.searcher(), field, analyzer })
    }

    /// The best documents for any of the words of a text.
    fn ask(&mut self, text: &str) -> Fallible<Vec<u32>> {
        let mut words = HashSet::new();
        let mut stream = self.analyzer.token_stream(text);
        while stream.advance() {
            words.insert(stream.token().text.clone());
        }
        drop(stream);
        let term = |word: String| -> (Occur, Box<dyn Query>) {
            let term = Term::from_field_text(self.field, &word);
            (Occur::Should, Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs)))
        };
        let query = BooleanQuery::new(words.into_iter().map(term).collect());
        let found = self.searcher.search(&query, &TopDocs::with_limit(LIMIT).order_by_score())?;
        Ok(found.into_iter().map(|(_, address)| address.doc_id).collect())
    }
}

fn ask(statement: &Statement, text: &str) -> Fallible<Vec<i64>> {
    let rows = statement.clone().bind(vec![Value::Text(text.to_string())])?.query()?;
    let mut ids = Vec::with_capacity(LIMIT);
    for row in rows {
        match row?.values().first() {
            Some(Value::BigInt(id)) => ids.push(*id),
            other => return Err(format!("no id: {other:?}").into()),
        }
    }
    Ok(ids)
}

fn main() -> Fallible<()> {
    let folder = tempfile::tempdir()?;
    let database = labels(folder.path())?;
    let mut peer = Peer::new(&titles("lbl")?)?;
    let prepare =
        |via: &str| database.prepare(&format!("SELECT id, score FROM t SEARCH ? VIA {via} LIMIT {LIMIT}"));
    let (words, dense) =
        (format!("MATCH(title, limit => {LIMIT})"), format!("ENCODE(m) THEN SHORTLIST(i, limit => {LIMIT})"));
    let statements = [
        ("words", prepare(&words)?),
        ("vectors", prepare(&dense)?),
        ("words and vectors", prepare(&format!("FUSE RRF ({words}, {dense})"))?),
    ];
    let texts = queries()?;
    // The first texts warm up.
    let (warm, texts) = texts.split_at(TEXTS);
    for text in warm {
        peer.ask(text)?;
        statements.iter().try_for_each(|(_, statement)| ask(statement, text).map(drop))?;
    }
    let mut times = vec![Vec::new(); statements.len() + 1];
    let (mut same, mut all) = (0, 0);
    let mut next = texts.chunks_exact(TEXTS);
    for _ in 0..ROUNDS {
        for (place, (name, statement)) in statements.iter().enumerate() {
            for text in next.next().ok_or("too few texts")? {
                let started = Instant::now();
                let found = ask(statement, text)?;
                times[place].push(started.elapsed().as_secs_f64() * 1e6);
                if *name == "words" {
                    let started = Instant::now();
                    let peers = peer.ask(text)?;
                    times[statements.len()].push(started.elapsed().as_secs_f64() * 1e6);
                    let ids: HashSet<i64> = found.into_iter().collect();
                    all += peers.len();
                    same += peers.iter().filter(|document| ids.contains(&i64::from(**document))).count();
                }
            }
        }
    }
    let middle: Vec<f64> = times.iter().map(|times| median(times)).collect();
    println!("{} texts each, the best {LIMIT} of 117,137 labels, one at a time", TEXTS * ROUNDS);
    for ((name, _), middle) in statements.iter().zip(&middle) {
        println!("  argtop, {name:<18} p50 {middle:>7.1} us");
    }
    let tantivy = middle[statements.len()];
    println!("  tantivy, words             p50 {tantivy:>7.1} us");
    println!(
        "  words: {:.2} of tantivy's time, {same} of its {all} labels are argtop's",
        middle[0] / tantivy
    );
    println!(
        "  words and vectors: {:.2} of tantivy and vectors, {:.2} of the slower of words and vectors",
        middle[2] / (tantivy + middle[1]),
        middle[2] / middle[0].max(middle[1])
    );
    in_a_batch(&database, folder.path(), texts, &words)
}

/// Blocks of a log, without the encoder.
fn in_a_batch(database: &Database, folder: &Path, texts: &[String], words: &str) -> Fallible<()> {
    let mut log = String::new();
    for text in texts.iter().take(BATCH) {
        writeln!(log, "{{\"text\":{}}}", serde_json::Value::String(text.clone()))?;
    }
    std::fs::write(folder.join("log.jsonl"), log)?;
    let sql = format!(
        "SELECT count(*) FROM read_jsonl('{}/log.jsonl') AS q
         CROSS JOIN LATERAL (SELECT id FROM t SEARCH q.text VIA {words} LIMIT {LIMIT}) AS r",
        folder.display()
    );
    let started = Instant::now();
    database.query(&sql)?.collect::<Result<Vec<_>, _>>()?;
    let rate = BATCH as f64 / started.elapsed().as_secs_f64();
    println!("  words in a batch: {rate:.0} queries/s on all threads");
    Ok(())
}
