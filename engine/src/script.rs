//! Scripts of several statements: where each begins and ends, for shells and batch runners.

use std::ops::Range;

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

/// The byte ranges of the statements of a script, without their `;`; the last may lack it. A statement that cannot be
/// told from the rest ends the list with its error.
pub fn split(sql: &str) -> Vec<Result<Range<usize>, Error>> {
    let limits = argtop_query::Limits::default();
    argtop_query::statement_ranges(sql, &limits)
        .into_iter()
        .map(|range| range.map(|span| span.start..span.end).map_err(Error::from))
        .collect()
}

/// Whether Enter should run a text or continue it.
pub fn completeness(text: &str) -> Completeness {
    match argtop_query::completeness(text, &argtop_query::Limits::default()) {
        argtop_query::Completeness::Complete => Completeness::Complete,
        argtop_query::Completeness::Incomplete => Completeness::Incomplete,
        argtop_query::Completeness::Empty => Completeness::Empty,
        argtop_query::Completeness::Error => Completeness::Invalid,
    }
}

/// The words of the language, in capitals, for completion.
pub fn keywords() -> &'static [&'static str] {
    argtop_query::keywords()
}
