//! Open a database, insert labels, search them: the smallest program that is of use.
//!
//! `cargo run --release --example open_insert_search -- FOLDER MODEL.onnx TOKENIZER.json ONNXRUNTIME.so`
//!
//! FOLDER is made if it is not there. The model is any sentence encoder in ONNX form whose output is one
//! vector a text, or one vector a token (then add `pooling`).

use std::path::PathBuf;

use argtop::{Database, Error, Options, Value};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, model, tokenizer, library] = arguments.as_slice() else {
        return Err("usage: open_insert_search FOLDER MODEL.onnx TOKENIZER.json ONNXRUNTIME.so".into());
    };
    let options = Options { onnxruntime: Some(PathBuf::from(library)), ..Options::default() };
    let database = Database::open(folder, options)?;
    if let Err(error) = create(&database, model, tokenizer) {
        // An error of a statement knows its place and its fix.
        return Err(error.render("CREATE ...").into());
    }

    // A statement is parsed once and run as often as one likes.
    let insert = database.prepare(
        "INSERT INTO products (id, title) VALUES ($1, $2)
         ON CONFLICT (id) DO UPDATE SET title = excluded.title",
    )?;
    for (id, title) in [(1, "red running shoe"), (2, "waterproof hiking boot"), (3, "garden chair of oak")] {
        insert.clone().bind(vec![Value::BigInt(id), Value::Text(title.into())])?.execute()?;
    }

    // What was inserted is found by the next statement.
    let rows = database
        .search("products")
        .text("footwear for the mountains")
        .columns(["title", "score"])
        .limit(2)
        .run()?;
    let mut found = 0;
    for row in rows {
        let row = row?;
        if let [title, score] = row.values() {
            report(&format!("{title}: {score}"));
            found += 1;
        }
    }
    assert_eq!(found, 2, "two labels were asked for and three exist");
    database.close()?;
    Ok(())
}

fn create(database: &Database, model: &str, tokenizer: &str) -> Result<(), Error> {
    let quoted = |path: &str| path.replace('\'', "''");
    database.execute(&format!(
        "CREATE MODEL IF NOT EXISTS encoder FROM '{}' TOKENIZER '{}'",
        quoted(model),
        quoted(tokenizer)
    ))?;
    // The embedding column needs the model's dimension.
    let mut dimension = 0;
    for row in database.query("SHOW MODELS")? {
        if let Some(Value::BigInt(number)) = row?.get(1) {
            dimension = *number;
        }
    }
    database.execute(&format!(
        "CREATE TABLE IF NOT EXISTS products (id BIGINT PRIMARY KEY, title TEXT NOT NULL,
           z VECTOR({dimension}) GENERATED ALWAYS AS (normalize(encode(encoder, title))) STORED)"
    ))?;
    Ok(())
}

#[allow(clippy::print_stdout)] // An example is a program, and may print.
fn report(line: &str) {
    println!("{line}");
}
