//! What was worked out of a model is kept between opens, and is nothing that an answer depends on.

use std::path::{Path, PathBuf};

use argtop::Database;
use argtop_tests::suite;

/// The files that are kept of models.
fn kept(database: &Path) -> Vec<PathBuf> {
    let Ok(generations) = std::fs::read_dir(database.join("generations")) else { return Vec::new() };
    let files = generations.map(|entry| entry.expect("an entry").path().join("model"));
    files.filter(|file| file.exists()).collect()
}

/// A tokenizer of eight words as BERT's, for the model with as many.
const TOKENIZER: &str = r###"{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],
    "normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,
        "strip_accents":null,"lowercase":true},
    "pre_tokenizer":{"type":"BertPreTokenizer"},"post_processor":null,"decoder":null,
    "model":{"type":"WordPiece","unk_token":"?","continuing_subword_prefix":"##","max_input_chars_per_word":9,
        "vocab":{"?":0,"cat":1,"dog":2,"ant":3,"##s":4,"a":5,"small":6,"animal":7}}}"###;

fn answers(database: &Database) -> Vec<(i64, f64)> {
    let texts = ["cats", "caf\u{e9} \u{4e2d}", "a small animal"];
    let search = |text: &&str| {
        suite::scored(&suite::rows(database, &format!("SELECT id, score FROM t SEARCH '{text}' LIMIT 3")))
    };
    texts.iter().flat_map(search).collect()
}

#[test]
fn answers_are_the_same_with_and_without_it() {
    for dtype in ["f32", "int8"] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("db");
        let database = suite::open(&path);
        let (model, tokenizer) = (suite::fixture("tiny_bert.onnx"), folder.path().join("tokenizer.json"));
        std::fs::write(&tokenizer, TOKENIZER).expect("it is written");
        let (model, tokenizer) = (model.display(), tokenizer.display());
        let create = format!("CREATE MODEL m FROM '{model}' TOKENIZER '{tokenizer}'");
        suite::execute(&database, &format!("{create} WITH (dtype = '{dtype}', max_tokens = 8)"));
        let z = "z VECTOR(32) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED";
        suite::execute(&database, &format!("CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, {z})"));
        suite::execute(&database, "INSERT INTO t (id, title) VALUES (1, 'cat'), (2, 'dog'), (3, 'ant')");
        let expected = answers(&database);
        assert_eq!(kept(&path).len(), 1, "CREATE MODEL keeps it");
        let reopen = |database: Database| {
            database.close().expect("it closes");
            suite::open(&path)
        };
        let database = reopen(database);
        assert_eq!(answers(&database), expected);
        database.close().expect("it closes");

        // Damaged, and then gone: the model is loaded from the store, and kept again.
        let file = &kept(&path)[0];
        let mut bytes = std::fs::read(file).expect("it is read");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(file, bytes).expect("it is written");
        let database = reopen(suite::open(&path));
        assert_eq!(answers(&database), expected);
        database.close().expect("it closes");
        std::fs::remove_dir_all(path.join("generations")).expect("they are removed");
        let database = suite::open(&path);
        assert_eq!(answers(&database), expected);
        let database = reopen(database);
        assert_eq!(kept(&path).len(), 1, "it is kept again");
        assert_eq!(answers(&database), expected);
        suite::execute(&database, "DROP TABLE t");
        suite::execute(&database, "DROP MODEL m");
        database.close().expect("it closes");
        assert!(kept(&path).is_empty(), "nothing is kept of a model that is gone");
    }
}
