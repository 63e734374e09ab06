//! Reserved words, and the words of other SQLs that this version of the language does not have.

use crate::error::{ErrorCode, QueryError, Span};

/// Words that are no names unless quoted, sorted. All others may name columns: `text`, `rank`, `score`,
/// `index`.
const RESERVED: [&str; 71] = [
    "all",
    "and",
    "array",
    "as",
    "asc",
    "between",
    "by",
    "case",
    "cast",
    "check",
    "collate",
    "create",
    "cross",
    "default",
    "delete",
    "desc",
    "distinct",
    "drop",
    "else",
    "end",
    "except",
    "exists",
    "false",
    "fetch",
    "from",
    "full",
    "group",
    "having",
    "ilike",
    "in",
    "inner",
    "insert",
    "intersect",
    "into",
    "is",
    "join",
    "lateral",
    "left",
    "like",
    "limit",
    "natural",
    "not",
    "null",
    "offset",
    "on",
    "or",
    "order",
    "outer",
    "over",
    "primary",
    "qualify",
    "references",
    "returning",
    "right",
    "search",
    "select",
    "set",
    "table",
    "then",
    "to",
    "true",
    "union",
    "unique",
    "update",
    "using",
    "values",
    "via",
    "when",
    "where",
    "window",
    "with",
];

/// Words that are names, but read wrong in some place, so that `Display` quotes them.
const QUOTED: [&str; 20] = [
    "auxiliaries",
    "auxiliary",
    "classifier",
    "classifiers",
    "constraint",
    "exact",
    "foreign",
    "fusions",
    "index",
    "indexes",
    "indices",
    "interval",
    "jobs",
    "label_decile",
    "models",
    "pipeline",
    "pipelines",
    "settings",
    "tables",
    "timestamp",
];

/// The words that are no names unless quoted, in order and in lower case; for completion.
pub fn reserved_words() -> &'static [&'static str] {
    &RESERVED
}

/// Whether the word, in any letter case, needs quotes to be a name.
pub(crate) fn is_reserved(word: &str) -> bool {
    const BYTES_MAX: usize = 10;
    let mut buffer = [0_u8; BYTES_MAX];
    let Some(lower) = buffer.get_mut(..word.len()) else { return false };
    lower.copy_from_slice(word.as_bytes());
    lower.make_ascii_lowercase();
    let lower: &[u8] = lower;
    RESERVED.binary_search_by(|reserved| reserved.as_bytes().cmp(lower)).is_ok()
}

/// What to do about a reserved word where a name is meant.
pub(super) fn reserved_help(word: &str) -> String {
    format!("`{word}` is a reserved word; as a name it is written \"{}\"", word.to_ascii_lowercase())
}

/// Whether a name is printed in quotes.
pub(crate) fn needs_quotes(name: &str) -> bool {
    !is_plain(name) || is_reserved(name) || QUOTED.contains(&name)
}

/// Whether a name is a word as it folds: enough where no keyword can stand.
pub(crate) fn is_plain(name: &str) -> bool {
    let mut bytes = name.bytes();
    let starts = bytes.next().is_some_and(|b| b.is_ascii_lowercase() || b == b'_');
    starts && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// A construct of SQL, or of the language as designed, that is not built.
#[derive(Clone, Copy, Debug)]
pub(super) struct Missing {
    what: &'static str,
    help: &'static str,
}

impl Missing {
    /// What is missing, as `a JOIN`, and what to do instead.
    pub(super) const fn new(what: &'static str, help: &'static str) -> Missing {
        Missing { what, help }
    }

    #[cold]
    pub(super) fn error(self, span: Span) -> QueryError {
        let message = format!("{} is not part of this version of the language", self.what);
        QueryError::new(ErrorCode::NotSupported, message).at(span).help(self.help)
    }
}

pub(super) const JOIN: Missing = Missing::new(
    "a join",
    "filter with IN (SELECT ...), or export with COPY (...) TO and join in an engine that has joins",
);
const SET_OPERATION: Missing = Missing::new(
    "UNION, INTERSECT or EXCEPT",
    "run the queries one by one, or export them with COPY (...) TO",
);
const WINDOW_FUNCTION: Missing = Missing::new(
    "a window function",
    "SEARCH gives `rank`; for others export with COPY (...) TO to an engine that has them",
);
pub(super) const SUBQUERY: Missing = Missing::new(
    "a subquery as a value",
    "use IN (SELECT ...), or run the subquery first and pass its result as a parameter",
);
pub(super) const CONCURRENTLY: Missing =
    Missing::new("CONCURRENTLY", "leave the word out: the statement waits");
const TRANSACTION: Missing =
    Missing::new("a transaction of several statements", "every statement is atomic and synced by itself");
const BACKUP: Missing = Missing::new("BACKUP", "close the database and copy its folder");

/// The construct that a word in the middle of a statement would start.
pub(super) fn missing_clause(word: &str) -> Option<Missing> {
    let is = |keyword: &str| word.eq_ignore_ascii_case(keyword);
    let any = |keywords: &[&str]| keywords.iter().any(|keyword| is(keyword));
    Some(match word.as_bytes().first()?.to_ascii_lowercase() {
        b'j' | b'c' | b'i' | b'l' | b'r' | b'f' | b'n' | b'o'
            if any(&["JOIN", "CROSS", "INNER", "LEFT", "RIGHT", "FULL", "NATURAL", "LATERAL", "OUTER"]) =>
        {
            JOIN
        }
        b'u' | b'i' | b'e' if any(&["UNION", "INTERSECT", "EXCEPT"]) => SET_OPERATION,
        b'o' | b'w' if any(&["OVER", "WINDOW"]) => WINDOW_FUNCTION,
        b'w' if is("WITHIN") => Missing::new("WITHIN GROUP", "use min, max, avg, sum or count"),
        b'f' if is("FETCH") => Missing::new("FETCH", "use LIMIT n"),
        b'f' if is("FOR") => {
            Missing::new("FOR SNAPSHOT or FOR UPDATE", "every statement sees one moment anyway")
        }
        b'f' if is("FILTER") => {
            Missing::new("FILTER of an aggregate", "use sum(CASE WHEN condition THEN 1 ELSE 0 END)")
        }
        b'a' if is("AMONG") => Missing::new("AMONG", "use WHERE key IN (...), which is a pre-filter"),
        b'a' if is("AFTER") => Missing::new("AFTER with a cursor", "use LIMIT n OFFSET m"),
        b't' if is("TABLESAMPLE") => Missing::new("TABLESAMPLE", "use LIMIT n"),
        b'e' if is("ESCAPE") => Missing::new("ESCAPE", "the backslash escapes % and _"),
        b'e' if is("EXISTS") => Missing::new("EXISTS", "use IN (SELECT ...)"),
        b'c' if is("COLLATE") => Missing::new("COLLATE", "text is ordered by code point"),
        b'c' if is("CONCURRENTLY") => CONCURRENTLY,
        b'r' if is("REFERENCES") => Missing::new("a foreign key", "leave it out; the application keeps it"),
        b'c' if is("CASCADE") => Missing::new("CASCADE", "drop the objects that depend on it first"),
        b'c' if is("CHECK") => {
            Missing::new("a CHECK constraint", "check the values before they are inserted")
        }
        _ => return None,
    })
}

/// The statement that the word at the start would be.
pub(super) fn missing_statement(word: &str) -> Option<Missing> {
    let any = |keywords: &[&str]| keywords.iter().any(|keyword| word.eq_ignore_ascii_case(keyword));
    Some(if any(&["WITH"]) {
        Missing::new("a common table expression", "write the query as (SELECT ...) AS name in FROM")
    } else if any(&["BEGIN", "START", "COMMIT", "ROLLBACK", "SAVEPOINT", "END", "ABORT"]) {
        TRANSACTION
    } else if any(&["BACKUP", "RESTORE", "CHECKPOINT"]) {
        BACKUP
    } else if any(&["VACUUM", "ANALYZE"]) {
        Missing::new("VACUUM or ANALYZE", "use REINDEX name to rebuild an index over all live labels")
    } else if any(&["TRUNCATE"]) {
        Missing::new("TRUNCATE", "use DELETE FROM table")
    } else if any(&["MERGE", "REPLACE", "UPSERT"]) {
        Missing::new("MERGE or REPLACE", "use INSERT ... ON CONFLICT (key) DO UPDATE SET ...")
    } else if any(&["GRANT", "REVOKE"]) {
        Missing::new("a user account", "the rights of the database's files decide")
    } else if any(&["PREPARE", "EXECUTE", "DEALLOCATE", "DECLARE", "CALL", "DO"]) {
        Missing::new("a prepared statement or procedure in SQL", "prepare and bind through the library")
    } else if any(&["ATTACH", "DETACH", "USE"]) {
        Missing::new("a second database", "open the other database on its own")
    } else {
        return None;
    })
}

/// Kinds of objects of other SQLs, behind CREATE, ALTER or DROP.
pub(super) fn missing_object(word: &str) -> Option<Missing> {
    let any = |keywords: &[&str]| keywords.iter().any(|keyword| word.eq_ignore_ascii_case(keyword));
    Some(if any(&["VIEW", "MATERIALIZED"]) {
        Missing::new("a view", "repeat the query, or store a chain of stages as a PIPELINE")
    } else if any(&["SNAPSHOT"]) {
        Missing::new("SNAPSHOT", "every statement sees one moment; copy the closed database to keep one")
    } else if any(&["TEMP", "TEMPORARY", "UNLOGGED"]) {
        Missing::new("a temporary table", "open a temporary database, or drop the table when done")
    } else if any(&["UNIQUE"]) {
        Missing::new("CREATE UNIQUE INDEX", "declare the column UNIQUE in CREATE TABLE")
    } else if any(&["SCHEMA", "DATABASE", "SEQUENCE", "TYPE", "DOMAIN", "EXTENSION"]) {
        Missing::new("a schema, sequence or type", "a database is one folder with one list of tables")
    } else if any(&["FUNCTION", "PROCEDURE", "TRIGGER", "RULE", "MACRO", "AGGREGATE"]) {
        Missing::new("a stored function or trigger", "compute in the application")
    } else if any(&["USER", "ROLE"]) {
        Missing::new("a user account", "the rights of the database's files decide")
    } else {
        return None;
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_found_in_any_case() {
        assert!(RESERVED.is_sorted());
        assert!(RESERVED.iter().all(|word| is_reserved(word) && is_reserved(&word.to_ascii_uppercase())));
        assert!(
            !["text", "rank", "score", "labels", "index", "title", "category", ""]
                .iter()
                .any(|w| is_reserved(w))
        );
    }

    #[test]
    fn names_are_quoted_where_they_must() {
        assert!(!needs_quotes("title") && !needs_quotes("_a1"));
        assert!(["Title", "a b", "", "1a", "limit", "\u{e4}", "a\"b"].iter().all(|name| needs_quotes(name)));
    }
}
