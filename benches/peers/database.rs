//! Makes what is measured: the vectors of the texts, and databases with an index over them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use argtop::{Database, Options, Value};
use serde_json::json;

use crate::{Fallible, npy, number, text};

/// A text as a literal of the language.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Encodes the `texts`, JSONL with `id` and `title`, by the `model` (a folder), and writes their vectors to
/// `out`, in the order of their ids.
pub(crate) fn encode(command: &serde_json::Value) -> Fallible<serde_json::Value> {
    let folder = PathBuf::from(text(command, "folder")?);
    remove_database(&folder)?;
    let onnxruntime = Some(PathBuf::from(text(command, "onnxruntime")?));
    let database = Database::open(&folder, Options { onnxruntime, sync: false, ..Options::default() })?;
    let model = Path::new(text(command, "model")?);
    let file = |name: &str| literal(&model.join(name).to_string_lossy());
    database.execute(&format!(
        "CREATE MODEL m FROM {} TOKENIZER {} WITH (max_tokens = 64)",
        file("model.onnx"),
        file("tokenizer.json")
    ))?;
    let dimension = number(command, "dimension")?;
    database.execute(&format!(
        "CREATE TABLE texts (id BIGINT PRIMARY KEY, title TEXT NOT NULL,
           z VECTOR({dimension}) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED)"
    ))?;
    database.execute(&format!(
        "COPY texts (id, title) FROM {} (FORMAT jsonl)",
        literal(text(command, "texts")?)
    ))?;
    let mut values: Vec<f32> = Vec::new();
    for row in database.query("SELECT z FROM texts ORDER BY id")? {
        match row?.into_values().pop() {
            Some(Value::Vector(vector)) => values.extend(vector),
            other => return Err(format!("not a vector: {other:?}").into()),
        }
    }
    npy::write(Path::new(text(command, "out")?), "<f4", dimension, values.iter().map(|v| v.to_le_bytes()))?;
    database.close()?;
    remove_database(&folder)?;
    Ok(json!({ "rows": values.len() / dimension }))
}

/// Removes a database, and nothing that is not one.
fn remove_database(folder: &Path) -> Fallible<()> {
    if folder.join("ARGTOP").is_file() {
        fs::remove_dir_all(folder)?;
    }
    Ok(())
}

/// Makes the database `folder` with the table `labels` of the matrix `vectors`, the table `queries` of the
/// matrix `queries`, and what the statement `index` makes. All commits are synced.
pub(crate) fn build(command: &serde_json::Value) -> Fallible<serde_json::Value> {
    let folder = PathBuf::from(text(command, "folder")?);
    remove_database(&folder)?;
    let threads = Some(number(command, "threads")?);
    let database = Database::open(&folder, Options { threads, ..Options::default() })?;
    let dimension = number(command, "dimension")?;
    for table in ["labels", "queries"] {
        database.execute(&format!("CREATE TABLE {table} (id BIGINT PRIMARY KEY, z VECTOR({dimension}))"))?;
    }
    let copy = |table: &str, path: &str| {
        database.execute(&format!("COPY {table} (id, z) FROM {} (FORMAT npy)", literal(path)))
    };
    copy("queries", text(command, "queries")?)?;
    let started = Instant::now();
    let rows = copy("labels", text(command, "vectors")?)?;
    let load = started.elapsed().as_secs_f64();
    database.execute(text(command, "index")?)?;
    database.wait_for_maintenance()?;
    let both = started.elapsed().as_secs_f64();
    database.close()?;
    Ok(json!({
        "load_s": load,
        "build_s": both - load,
        "load_rows_per_s": rows as f64 / both,
    }))
}
