//! Models and their runtime: files cut off, files of something else, texts without tokens, a library that is
//! not there.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use argtop_tests::suite;

use super::{Place, quoted};

fn create(model: &Path, tokenizer: &Path) -> String {
    format!("CREATE MODEL m FROM {} TOKENIZER {}", quoted(model), quoted(tokenizer))
}

#[test]
fn damaged_models_and_tokenizers() {
    let place = Place::new();
    let model = suite::fixture("static64.onnx");
    let tokenizer = suite::fixture("tokenizer.json");
    let whole = fs::read(&model).expect("the fixture");
    let path = place.path("model.onnx");
    for length in [0, 1, 10, 1_000, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..length]).expect("a file");
        place.refuses(&create(&path, &tokenizer), &["not a whole ONNX model", "export or copy it again"]);
    }
    for content in [&b"not a model at all"[..], &[0xff; 4096], b"{\"version\": \"1.0\"}"] {
        fs::write(&path, content).expect("a file");
        place.refuses(&create(&path, &tokenizer), &["ONNX"]);
    }
    let path = place.path("tokenizer.json");
    for content in [&b""[..], b"garbage", b"{}", b"{\"version\": \"1.0\"", b"[1, 2]", &[0xff; 64]] {
        fs::write(&path, content).expect("a file");
        place.refuses(&create(&model, &path), &["tokenizer", "tokenizer.json that belongs to the model"]);
    }
    place.refuses(&create(&tokenizer, &model), &["tokenizer.json that belongs to the model"]);
    place.refuses(&create(&place.path("absent.onnx"), &tokenizer), &["cannot open", "absent.onnx"]);
    place.refuses(&create(&model, &place.path("absent.json")), &["cannot open", "absent.json"]);
    let with = |options: &str| format!("{} WITH ({options})", create(&model, &tokenizer));
    place.refuses(&with("pooling = 'max'"), &["pooling", "mean, cls, none"]);
    place.refuses(&with("device = 'tpu'"), &["tpu", "cuda"]);
    place.refuses(&with("max_tokens = 0"), &["max_tokens", "whole number"]);
    place.refuses(&with("output = 'nothing'"), &["nothing", "sentence_embedding"]);
    place.refuses(&with("dimensions = 64"), &["dimensions"]);
    assert!(suite::rows(&place.database, "SHOW MODELS").is_empty());
    // The same statement with whole files works afterwards.
    suite::execute(&place.database, &create(&model, &tokenizer));
}

/// Every flipped byte gives an error or a model, and never ends the process.
#[test]
fn flipped_bytes_of_a_model() {
    let place = Place::new();
    let tokenizer = suite::fixture("tokenizer.json");
    let whole = fs::read(suite::fixture("tiny_bert.onnx")).expect("the fixture");
    let path = place.path("model.onnx");
    let mut random = fastrand::Rng::with_seed(7);
    let mut refused = 0;
    for _ in 0..40 {
        let mut bytes = whole.clone();
        for _ in 0..random.usize(1..4) {
            // The structure stands at the end and the beginning; the middle is weights.
            let place =
                if random.bool() { random.usize(..2_000) } else { whole.len() - 1 - random.usize(..2_000) };
            bytes[place] ^= 1 << random.u8(..8);
        }
        fs::write(&path, bytes).expect("a file");
        refused += u32::from(place.database.execute(&create(&path, &tokenizer)).is_err());
        if !suite::rows(&place.database, "SHOW MODELS").is_empty() {
            suite::execute(&place.database, "DROP MODEL m");
        }
    }
    assert!(refused > 5, "{refused}");
    place.is_unchanged();
}

/// A process holds one library, so that each of these is a process of its own.
#[test]
fn a_library_that_is_not_there() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = |library: Option<&Path>, sql: &str| {
        let mut command = Command::new(suite::binary());
        command.env_remove("ORT_DYLIB_PATH").env("ARGTOP_CACHE", folder.path());
        command.envs(library.map(|path| ("ORT_DYLIB_PATH", path)));
        let output = command.args(["--mode", "csv", "-c", sql]).stdin(Stdio::null()).output();
        let output = output.expect("the binary runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let refuses = |library: Option<&Path>, phrases: &[&str]| {
        let (code, _, stderr) = run(library, &suite::create_model());
        assert_eq!(code, Some(1), "{stderr}");
        suite::says(&stderr, phrases);
        suite::says(&stderr, &["make setup", "ORT_DYLIB_PATH"]);
    };
    refuses(None, &["no ONNX Runtime library is configured"]);
    let path = folder.path().join("library.so");
    refuses(Some(&path), &["cannot be loaded from", "library.so"]);
    fs::write(&path, "not a library").expect("a file");
    refuses(Some(&path), &["cannot be loaded from", "library.so"]);
    // All that needs no model works without it.
    let script = "CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2)); INSERT INTO t VALUES (1, [1, 0]); \
                  SELECT id FROM t SEARCH [1, 0];";
    let (code, stdout, stderr) = run(Some(&path), script);
    assert_eq!((code, stdout.as_str()), (Some(0), "id\n1\n"), "{stderr}");
}

/// Texts that an encoder meets: empty, blank, very long, of foreign and of control characters.
#[test]
fn texts_for_an_encoder() {
    let place = Place::new();
    suite::execute(&place.database, &suite::create_model());
    let column = "z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, s))) STORED";
    suite::execute(&place.database, &format!("CREATE TABLE u (id BIGINT PRIMARY KEY, s TEXT, {column})"));
    let long = "word ".repeat(200_000);
    let texts = [
        "",
        "   ",
        "\u{0}",
        "\u{202e}\u{200b}",
        "\u{1f600}",
        "\u{65e5}\u{672c}",
        &long,
        "a'; DROP TABLE u; --",
    ];
    for (id, text) in texts.iter().enumerate() {
        let values = || vec![argtop::Value::BigInt(id as i64), argtop::Value::Text((*text).to_string())];
        let kept = suite::try_rows(&place.database, "INSERT INTO u (id, s) VALUES ($1, $2)", values());
        let text_value = vec![argtop::Value::Text((*text).to_string())];
        let found =
            suite::try_rows(&place.database, "SELECT id, score FROM u SEARCH $1 LIMIT 100", text_value);
        match (kept, found) {
            (Ok(_), Ok(rows)) => {
                let scored = suite::scored(&rows);
                assert!(scored.iter().all(|(_, score)| score.abs() <= 1.0 + 1e-6), "{text:.20?}: {scored:?}");
                assert_eq!(scored[0].0, id as i64, "a text finds itself: {text:.20?}: {scored:?}");
            }
            (Err(kept), Err(found)) => {
                let message = format!("{}\n{}", kept.render(""), found.render(""));
                assert!(message.contains("text"), "{text:.20?}: {message}");
            }
            (kept, found) => panic!("{text:.20?}: {kept:?} but {found:?}"),
        }
    }
    suite::refused(
        &place.database,
        "INSERT INTO u (id, s) VALUES (99, NULL)",
        &["column `z`", "NULL", "coalesce"],
    );
    let huge = vec![argtop::Value::Text("x".repeat((1 << 20) + 1))];
    suite::refused_with(&place.database, "SELECT id FROM u SEARCH $1", huge, &["1048576"]);
}
