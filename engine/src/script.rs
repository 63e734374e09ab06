//! Scripts of several statements: where each begins and ends, for shells and batch runners.

use std::ops::Range;
use std::sync::OnceLock;

use argtop_query::parser::{self, is_complete, statement_spans};

use crate::error::Error;

/// Whether a text is a whole statement yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// Ends in a `;` that ends a statement.
    Complete,
    /// More must follow: an open quote, comment or parenthesis, or no `;` yet.
    Incomplete,
    /// Only blanks and comments.
    Empty,
    /// Cannot become valid by adding to it.
    Invalid,
}

/// The byte ranges of the statements of a script, without their `;`; the last may lack it.
pub fn split(sql: &str) -> Vec<Result<Range<usize>, Error>> {
    statement_spans(sql).into_iter().map(|span| Ok(span.start..span.end)).collect()
}

/// Whether Enter should run a text or continue it.
pub fn completeness(text: &str) -> Completeness {
    if statement_spans(text).is_empty() {
        return match is_complete(text) {
            parser::Completeness::Incomplete => Completeness::Incomplete,
            _ => Completeness::Empty,
        };
    }
    match is_complete(text) {
        parser::Completeness::Complete => Completeness::Complete,
        parser::Completeness::Incomplete => Completeness::Incomplete,
        parser::Completeness::Error => Completeness::Invalid,
    }
}

/// The words of the language, for completion: reserved words, and those that begin statements, stages and
/// options.
pub fn keywords() -> &'static [&'static str] {
    KEYWORDS.get_or_init(|| {
        let mut words: Vec<&'static str> = argtop_query::parser::reserved_words().to_vec();
        words.extend(OTHERS);
        words.sort_unstable();
        words
    })
}

static KEYWORDS: OnceLock<Vec<&'static str>> = OnceLock::new();

/// Words that are keywords only in their place, so that the parser does not reserve them.
const OTHERS: [&str; 64] = [
    "against",
    "alter",
    "analyze",
    "ann",
    "auxiliaries",
    "auxiliary",
    "avg",
    "beam",
    "cancel",
    "classifier",
    "classifiers",
    "coalesce",
    "concurrently",
    "conflict",
    "copy",
    "count",
    "database",
    "describe",
    "do",
    "effort",
    "elias",
    "encode",
    "evaluate",
    "exact",
    "explain",
    "faiss",
    "flat",
    "format",
    "fuse",
    "fusion",
    "fusions",
    "generated",
    "if",
    "index",
    "indexes",
    "job",
    "jobs",
    "key",
    "linear",
    "max",
    "metrics",
    "min",
    "model",
    "models",
    "nothing",
    "pipeline",
    "pipelines",
    "probe",
    "quantize",
    "reindex",
    "replace",
    "rerank",
    "reset",
    "rrf",
    "score",
    "settings",
    "shortlist",
    "show",
    "stored",
    "sum",
    "train",
    "vector",
    "wait",
    "weight",
];
