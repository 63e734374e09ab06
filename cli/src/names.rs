//! Names of tables, columns and other objects, asked of the database in its own language.

use argtop::{Database, Value};

/// Tables whose columns are asked for; completion must not take long.
const TABLES_MAX: usize = 100;

/// Names to complete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    /// Tables, indexes, models, pipelines and settings.
    pub(crate) objects: Vec<String>,
    /// Columns of all tables.
    pub(crate) columns: Vec<String>,
}

impl Names {
    /// Asks the database; what it does not answer is left out, for completion only helps typing.
    pub(crate) fn read(database: &Database) -> Names {
        let tables = column(database, "SHOW TABLES", "name");
        let columns = tables
            .iter()
            .take(TABLES_MAX)
            .flat_map(|table| column(database, &format!("DESCRIBE {}", quoted(table)), "name"));
        let mut columns: Vec<String> = columns.collect();
        let others = ["SHOW INDEXES", "SHOW MODELS", "SHOW PIPELINES", "SHOW SETTINGS"];
        let others = others.into_iter().flat_map(|sql| column(database, sql, "name"));
        let mut objects: Vec<String> = tables.iter().cloned().chain(others).collect();
        for names in [&mut objects, &mut columns] {
            names.sort();
            names.dedup();
        }
        Names { objects, columns }
    }
}

/// The texts of a result's column: the one of that name, else the first. Empty where the statement fails.
pub(crate) fn column(database: &Database, sql: &str, name: &str) -> Vec<String> {
    texts(database, sql, |names| {
        let position = names.iter().position(|column| column == name);
        position.or(if names.is_empty() { None } else { Some(0) })
    })
    .unwrap_or_default()
}

/// The texts of a result's column; none where the statement fails or there is no such column.
pub(crate) fn named_column(database: &Database, sql: &str, name: &str) -> Option<Vec<String>> {
    texts(database, sql, |names| names.iter().position(|column| column == name))
}

fn texts(
    database: &Database,
    sql: &str,
    choose: impl FnOnce(&[String]) -> Option<usize>,
) -> Option<Vec<String>> {
    let rows = database.query(sql).ok()?;
    let names: Vec<String> = rows.columns().iter().map(|column| column.name.clone()).collect();
    let position = choose(&names)?;
    let mut texts = Vec::new();
    for row in rows {
        if let Some(Value::Text(text)) = row.ok()?.values().get(position) {
            texts.push(text.clone());
        }
    }
    Some(texts)
}

/// The name as an identifier, quoted where it would not read back as itself.
pub(crate) fn quoted(name: &str) -> String {
    let first = |c: char| c.is_ascii_lowercase() || c == '_';
    let plain = name.starts_with(first) && name.chars().all(|c| first(c) || c.is_ascii_digit());
    // A setting's name has points and is never quoted.
    let setting = name.contains('.') && name.chars().all(|c| first(c) || c.is_ascii_digit() || c == '.');
    if plain || setting { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_where_they_must_be() {
        let quoted = ["products", "_a1", "search.beam", "Products", "a b", "a\"b", "", "1a"].map(quoted);
        let expect =
            ["products", "_a1", "search.beam", "\"Products\"", "\"a b\"", "\"a\"\"b\"", "\"\"", "\"1a\""];
        assert_eq!(quoted, expect);
    }
}
