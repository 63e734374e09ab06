//! QUANTIZE MODEL and ENCODE_COSINE, beside the same models loaded through the library.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use argtop::model::{Device, Dtype, Encoder, ModelSpec, Pooling, Runtime};
use argtop::{Database, Error, Value};
use argtop_storage::{Object, OpenOptions, Store};
use argtop_tests::suite;
use tempfile::TempDir;

/// Words of the tokenizer.
const WORDS: usize = 300;
/// Texts to compare: more than are encoded at a time.
const TEXTS: usize = 1_100;

/// A database with a model of two layers and a table of texts, some of which repeat.
struct Place {
    folder: TempDir,
    database: Database,
    texts: Vec<String>,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().expect("a folder");
        let words: Vec<String> = (0..WORDS).map(|word| format!("\"w{word}\":{word}")).collect();
        let tokenizer = format!(
            "{{\"version\":\"1.0\",\"added_tokens\":[],\"pre_tokenizer\":{{\"type\":\"WhitespaceSplit\"}},\
             \"model\":{{\"type\":\"WordLevel\",\"vocab\":{{{}}},\"unk_token\":\"w0\"}}}}",
            words.join(",")
        );
        fs::write(folder.path().join("tokenizer.json"), tokenizer).expect("it is written");
        let database = suite::open(&folder.path().join("db"));
        let mut random = fastrand::Rng::with_seed(5);
        let text = |_| {
            let words: Vec<String> =
                (0..random.usize(1..12)).map(|_| format!("w{}", random.usize(..WORDS))).collect();
            words.join(" ")
        };
        let place = Place { folder, database, texts: (0..TEXTS).map(text).collect() };
        suite::execute(&place.database, &place.create("m", ""));
        suite::execute(&place.database, "CREATE TABLE log (id BIGINT PRIMARY KEY, text TEXT)");
        let rows: Vec<String> =
            place.texts.iter().enumerate().map(|(id, text)| format!("({id}, '{text}')")).collect();
        suite::execute(&place.database, &format!("INSERT INTO log VALUES {}", rows.join(", ")));
        place
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("db")
    }

    fn tokenizer(&self) -> PathBuf {
        self.folder.path().join("tokenizer.json")
    }

    fn create(&self, name: &str, options: &str) -> String {
        let (model, tokenizer) = (suite::fixture("tiny_bert.onnx"), self.tokenizer());
        let create =
            format!("CREATE MODEL {name} FROM '{}' TOKENIZER '{}'", model.display(), tokenizer.display());
        if options.is_empty() { create } else { format!("{create} WITH ({options})") }
    }

    fn reopen(mut self) -> Place {
        self.database.close().expect("it closes");
        self.database = suite::open(&self.folder.path().join("db"));
        self
    }

    /// Cosines of the texts' embeddings in 8 bits and in f32, by the library.
    fn cosines(&self) -> Vec<f64> {
        let runtime = Runtime::load(Some(&suite::onnxruntime())).expect("ONNX Runtime");
        let graph = fs::read(suite::fixture("tiny_bert.onnx")).expect("the fixture");
        let tokenizer = fs::read(self.tokenizer()).expect("the tokenizer");
        let encode = |dtype| {
            let spec = ModelSpec {
                pooling: Pooling::Mean,
                normalize: true,
                max_tokens: 128,
                output: None,
                dtype,
                device: Device::Cpu,
                fallback_cpu: false,
                threads: 2,
            };
            let encoder = Encoder::load(&graph, &tokenizer, &spec, &runtime).expect("it loads");
            let texts: Vec<&str> = self.texts.iter().map(String::as_str).collect();
            encoder.encode(&|| false, &texts).expect("texts are encoded")
        };
        let (full, small) = (encode(Dtype::F32), encode(Dtype::Int8));
        let pairs = full.values.chunks(full.dimension).zip(small.values.chunks(full.dimension));
        pairs.map(|(full, small)| suite::cosine(full, small)).collect()
    }

    /// The models that are kept, and what is known of them.
    fn models(&self) -> Vec<Vec<Value>> {
        suite::rows(&self.database, "SHOW MODELS")
    }
}

/// Folders of generations that hold a model.
fn kept(database: &Path) -> BTreeSet<PathBuf> {
    let Ok(generations) = fs::read_dir(database.join("generations")) else { return BTreeSet::new() };
    let folders = generations.map(|entry| entry.expect("an entry").path());
    folders.filter(|folder| folder.join("model").exists()).collect()
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

#[track_caller]
fn double(value: &Value) -> f64 {
    let Value::Double(number) = value else { panic!("no number: {value:?}") };
    *number
}

#[test]
fn calibration_tells_what_the_library_computes() {
    let place = Place::new();
    let cosines = place.cosines();
    let least = cosines.iter().copied().fold(f64::INFINITY, f64::min);
    assert!(0.9 < least && least < mean(&cosines) && mean(&cosines) < 1.0, "8 bits cost something: {least}");
    let sql =
        "QUANTIZE MODEL m AS m8 WITH (calibration = (SELECT text FROM log ORDER BY id), min_cosine = 0.9)";
    let rows = place.database.query(sql).unwrap_or_else(|error| panic!("{error}"));
    let names: Vec<String> = rows.columns().iter().map(|column| column.name.clone()).collect();
    assert_eq!(names, ["texts", "mean_cosine", "least_cosine"]);
    let rows: Vec<Vec<Value>> = rows.map(|row| row.expect("a row").into_values()).collect();
    let [row] = rows.as_slice() else { panic!("one row: {rows:?}") };
    assert_eq!(row[0], Value::BigInt(TEXTS as i64));
    assert!((double(&row[1]) - mean(&cosines)).abs() < 1e-9, "{row:?} {}", mean(&cosines));
    assert!((double(&row[2]) - least).abs() < 1e-9, "{row:?} {least}");
    // A query of some texts, with a parameter.
    let sql = "QUANTIZE MODEL m AS few WITH (calibration = (SELECT text FROM log ORDER BY id LIMIT $1))";
    let rows = suite::rows_with(&place.database, sql, vec![Value::BigInt(3)]);
    assert_eq!(rows[0][0], Value::BigInt(3));
    assert!((double(&rows[0][1]) - mean(&cosines[..3])).abs() < 1e-9, "{rows:?}");
}

#[test]
fn a_quantised_model_is_the_one_that_create_model_makes_in_8_bits() {
    let place = Place::new();
    for (name, options) in [
        ("cut", "pooling = 'cls', normalize = false, max_tokens = 8"),
        ("named", "output = 'last_hidden_state'"),
    ] {
        suite::execute(&place.database, &place.create(name, options));
        suite::execute(&place.database, &place.create("created", &format!("{options}, dtype = 'int8'")));
        suite::execute(&place.database, &format!("QUANTIZE MODEL {name} AS quantised"));
        assert_eq!(kept(&place.path()).len(), place.models().len(), "every model is kept");
        let models = place.models();
        let known = |name: &str| {
            let row = models.iter().find(|row| row[0] == Value::Text(name.to_string()));
            row.unwrap_or_else(|| panic!("no {name}: {models:?}"))[1..].to_vec()
        };
        assert_eq!(known("quantised"), known("created"));
        assert_ne!(known("quantised"), known(name), "it is another model");
        let files = ["created", "quantised"].map(|model| {
            let z = format!("z VECTOR(32) GENERATED ALWAYS AS (encode({model}, title)) STORED");
            suite::execute(
                &place.database,
                &format!("CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, {z})"),
            );
            suite::execute(
                &place.database,
                "INSERT INTO t (id, title) SELECT id, text FROM log WHERE id < 20",
            );
            let rows = suite::rows(&place.database, "SELECT z FROM t ORDER BY id");
            suite::execute(&place.database, "DROP TABLE t");
            rows
        });
        assert_eq!(files[0], files[1]);
        suite::execute(&place.database, "DROP MODEL created");
        suite::execute(&place.database, "DROP MODEL quantised");
    }
}

#[test]
fn a_quantised_model_does_without_the_one_it_was_made_of() {
    let place = Place::new();
    suite::execute(&place.database, "QUANTIZE MODEL m AS m8");
    let z = "z VECTOR(32) GENERATED ALWAYS AS (normalize(encode(m8, title))) STORED";
    suite::execute(&place.database, &format!("CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, {z})"));
    suite::execute(&place.database, "INSERT INTO t (id, title) SELECT id, text FROM log WHERE id < 50");
    let evaluate =
        "EVALUATE EXACT ON t FROM (SELECT text FROM log) METRICS (ENCODE_COSINE) WITH (digits = 9)";
    let answers = |place: &Place| {
        let search = "SELECT id, score FROM t SEARCH 'w7 w8 w9' LIMIT 5";
        (suite::rows(&place.database, search), suite::rows(&place.database, evaluate))
    };
    let expected = answers(&place);
    suite::execute(&place.database, "DROP MODEL m");
    assert_eq!(answers(&place), expected);
    let place = place.reopen();
    assert_eq!(answers(&place), expected);
    assert_eq!(kept(&place.path()).len(), 1, "of m nothing is kept");
    // Out of the stored files alone.
    let path = place.path();
    place.database.close().expect("it closes");
    fs::remove_dir_all(path.join("generations")).expect("they are removed");
    let place = Place { database: suite::open(&path), folder: place.folder, texts: place.texts };
    assert_eq!(answers(&place), expected);
}

#[test]
fn a_statement_that_is_refused_leaves_nothing_behind() {
    let place = Place::new();
    let (models, files) = (place.models(), kept(&place.path()));
    let refuses = |options: &str, phrases: &[&str]| {
        suite::refused(&place.database, &format!("QUANTIZE MODEL m AS m8 WITH ({options})"), phrases);
        assert_eq!((place.models(), kept(&place.path())), (models.clone(), files.clone()), "{options}");
    };
    let mean = mean(&place.cosines()).to_string();
    let texts = "calibration = (SELECT text FROM log)";
    refuses(
        &format!("{texts}, min_cosine = 1"),
        &[
            &format!("over {TEXTS} texts is {}", &mean[..8]),
            "below min_cosine = 1",
            "keep m in f32, or lower min_cosine",
        ],
    );
    refuses("calibration = (SELECT text FROM log WHERE id < 0)", &["no texts", "leave calibration out"]);
    refuses(
        "calibration = (SELECT nullif(text, text) FROM log)",
        &["NULL", "leave such rows out with WHERE"],
    );
    refuses("calibration = (SELECT '' FROM log)", &["no tokens"]);
    suite::execute(&place.database, "SET statement_timeout_ms = 1");
    suite::refused(&place.database, "QUANTIZE MODEL m AS m8", &["statement_timeout_ms = 1"]);
    suite::refused(
        &place.database,
        &format!("QUANTIZE MODEL m AS m8 WITH ({texts})"),
        &["statement_timeout_ms"],
    );
    suite::execute(&place.database, "RESET statement_timeout_ms");
    assert_eq!((place.models(), kept(&place.path())), (models.clone(), files.clone()));
    let place = place.reopen();
    assert_eq!((place.models(), kept(&place.path())), (models, files), "nor is there after opening again");
    suite::execute(&place.database, &format!("QUANTIZE MODEL m AS m8 WITH ({texts}, min_cosine = 0.9)"));
    assert_eq!(place.models().len(), 2);
}

/// A model in f32 that may run nowhere but on a CUDA device. None can be made where there is no such device,
/// so that its record is written.
#[test]
fn a_model_that_only_runs_on_cuda_is_refused() {
    let place = Place::new();
    suite::execute(&place.database, &place.create("cuda_or_cpu", "device = 'cpu', fallback = 'cpu'"));
    let path = place.path();
    place.database.close().expect("it closes");
    let store = Store::open(&path, &OpenOptions { sync: false, ..OpenOptions::default() }).expect("it opens");
    let mut writer = store.writer().expect("a writer");
    for name in ["m", "cuda_or_cpu"] {
        let found = writer.catalog().find(argtop_storage::ObjectKind::Model, name).cloned();
        let Some(Object::Model(mut record)) = found.map(|object| Object::clone(&object)) else {
            panic!("no {name}")
        };
        record.device = "cuda:3".to_string();
        writer.put_object(Object::Model(record)).expect("it is put");
    }
    writer.commit().expect("it commits");
    store.close().expect("it closes");
    let place = Place { database: suite::open(&path), folder: place.folder, texts: place.texts };
    suite::refused(
        &place.database,
        "QUANTIZE MODEL m AS m8",
        &["dtype 'int8' runs on the processor, not on cuda:3", "model m", "tiny_bert.onnx", "device = 'cpu'"],
    );
    suite::execute(&place.database, "QUANTIZE MODEL cuda_or_cpu AS m8");
}

/// Texts are encoded without the writer's lock, so that a name may be taken meanwhile.
#[test]
fn others_write_while_texts_are_compared() {
    let place = Place::new();
    let other = place.database.session();
    let create = place.create("m8", "");
    let (sender, receiver) = mpsc::channel();
    let receiver = Mutex::new(receiver);
    let begun = Mutex::new(Some((other, create, sender)));
    place.database.set_progress(Some(Arc::new(move |progress: &argtop::Progress| {
        let begun = begun.lock().expect("the lock").take_if(|_| progress.stage == "comparing embeddings");
        if let Some((other, create, sender)) = begun {
            let work =
                std::thread::spawn(move || sender.send(other.execute(&create).map_err(|e| e.to_string())));
            let done = receiver.lock().expect("the lock").recv_timeout(Duration::from_secs(60));
            assert_eq!(done, Ok(Ok(0)), "the other session did not get to write");
            work.join().expect("it ends").expect("it is sent");
        }
    })));
    let sql = "QUANTIZE MODEL m AS m8 WITH (calibration = (SELECT text FROM log))";
    suite::refused(&place.database, sql, &["model m8 was created while m was quantised", "DROP MODEL m8"]);
    place.database.set_progress(None);
    let models = place.models();
    let dtypes: Vec<&Value> = models.iter().map(|row| &row[6]).collect();
    assert_eq!(dtypes, [&Value::Text("f32".to_string()); 2], "the other session's model is there");
}

#[test]
fn reading_a_database_quantises_nothing() {
    let place = Place::new();
    let path = place.path();
    place.database.close().expect("it closes");
    let options = argtop::Options { read_only: true, ..suite::options() };
    let database = Database::open(&path, options).expect("it opens");
    let refused = database.execute("QUANTIZE MODEL m AS m8");
    assert!(matches!(refused, Err(Error::ReadOnly { .. })), "{refused:?}");
}

/// A table of labels encoded in f32, with a pipeline for either model over the same index.
fn two_pipelines(place: &Place) {
    suite::execute(&place.database, "QUANTIZE MODEL m AS m8");
    let z = "z VECTOR(32) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED";
    suite::execute(&place.database, &format!("CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, {z})"));
    suite::execute(&place.database, "INSERT INTO t (id, title) SELECT id, text FROM log WHERE id < 200");
    suite::execute(&place.database, "CREATE INDEX i ON t USING flat (z)");
    for (name, model) in [("p", "m"), ("p8", "m8")] {
        let chain = format!("ENCODE({model}) THEN SHORTLIST(i, limit => 10)");
        suite::execute(&place.database, &format!("CREATE PIPELINE {name} ON t AS {chain}"));
    }
}

#[test]
fn evaluate_tells_what_8_bits_cost() {
    let place = Place::new();
    two_pipelines(&place);
    let expected = 100.0 * mean(&place.cosines());
    let both = "(SELECT id FROM t SEARCH text VIA FUSE MAX (ENCODE(m) THEN SHORTLIST(i, limit => 5) AS a, \
                ENCODE(m8) THEN SHORTLIST(i, limit => 5) AS b) LIMIT 5)";
    let source = "FROM (SELECT text, [id % 200] AS labels FROM log)";
    let sql = format!(
        "EVALUATE PIPELINE p, PIPELINE p8, {both} {source} METRICS (ENCODE_COSINE, P@1, P@5) \
         WITH (digits = 9, bootstrap = 20)"
    );
    let mut rows = place.database.query(&sql).unwrap_or_else(|error| panic!("{}", error.render(&sql)));
    let names: Vec<String> = rows.columns().iter().map(|column| column.name.clone()).collect();
    assert_eq!(names, ["target", "points", "P@1", "P@5", "ENCODE_COSINE"]);
    let found: Vec<Vec<Value>> = rows.by_ref().map(|row| row.expect("a row").into_values()).collect();
    assert_eq!(found[0][4], Value::Double(100.0), "a model in f32 is its own measure");
    assert!((double(&found[1][4]) - expected).abs() < 1e-5, "{found:?} {expected}");
    assert!((double(&found[2][4]) - (100.0 + expected) / 2.0).abs() < 1e-5, "{found:?} {expected}");
    // A text that is a title finds itself in f32; in 8 bits nearly always.
    assert!(double(&found[0][2]) > 15.0 && double(&found[1][2]) > 15.0, "{found:?}");
    let mut notes = String::new();
    rows.notes().iter().for_each(|note| writeln!(notes, "{note}").expect("a line"));
    suite::says(&notes, &["P@1 PIPELINE p8 - PIPELINE p: ", "ENCODE_COSINE PIPELINE p8 - PIPELINE p: -0."]);
    assert!(!notes.contains("ENCODE_COSINE@"), "{notes}");
}

#[test]
fn encode_cosine_by_groups_is_that_of_their_texts() {
    let place = Place::new();
    two_pipelines(&place);
    let cosines = place.cosines();
    let sql = "EVALUATE PIPELINE p8 FROM (SELECT id, text, [id] AS labels FROM log) METRICS (ENCODE_COSINE) \
               BY id < 100 WITH (digits = 9)";
    let rows = suite::rows(&place.database, sql);
    for (row, expected) in rows.iter().zip([mean(&cosines[100..]), mean(&cosines[..100])]) {
        assert!((double(&row[3]) - 100.0 * expected).abs() < 1e-5, "{row:?} {expected}");
    }
    assert_eq!(rows.len(), 2);
    // Groups of labels have no part in it.
    let sql = "EVALUATE PIPELINE p8 FROM (SELECT text, [id % 200] AS labels FROM log) \
               METRICS (P@1, ENCODE_COSINE) BY label_decile \
               WITH (propensity = (SELECT [id % 200] FROM log))";
    let rows = suite::rows(&place.database, sql);
    assert_eq!(rows.len(), 10);
    assert!(rows.iter().all(|row| row[4] == Value::Null && row[3] != Value::Null), "{rows:?}");
}

#[test]
fn a_search_by_vector_has_no_encode_cosine() {
    let place = Place::new();
    two_pipelines(&place);
    let zeros = vec!["0.5"; 32].join(", ");
    let target =
        format!("(SELECT id FROM t SEARCH (VECTOR => [{zeros}]) VIA SHORTLIST(i, limit => 3) LIMIT 3)");
    let sql = format!("EVALUATE PIPELINE p8, {target} FROM (SELECT text FROM log) METRICS (ENCODE_COSINE)");
    suite::refused(
        &place.database,
        &sql,
        &["(SELECT id FROM t SEARCH (VECTOR => [0.5, ", "encodes no texts", "leave ENCODE_COSINE out"],
    );
}
