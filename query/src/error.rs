//! Errors of the language: a code, a message, the place in the text, and what to do about it.

mod code;
mod nearest;
mod render;

pub use code::ErrorCode;
pub use nearest::nearest;

use thiserror::Error;

/// A range of bytes of the statement's (or script's) text, end exclusive.
///
/// All spans compare equal, so that two trees are equal when they say the same, wherever they stand in the
/// text.
/// Compare `start` and `end` where the place itself matters.
#[derive(Clone, Copy, Debug, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl PartialEq for Span {
    fn eq(&self, _: &Span) -> bool {
        true
    }
}

impl Eq for Span {}

impl Span {
    /// The bytes `start..end`.
    pub fn new(start: usize, end: usize) -> Span {
        Span { start, end }
    }

    /// From the start of this span to the end of `other`.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start, end: other.end.max(self.start) }
    }

    /// The text under the span; empty where the span does not fit the text.
    pub fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or("")
    }
}

/// An error of the language, from the lexer to the evaluation of an expression.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{code}: {message}")]
pub struct QueryError {
    /// Stable code, `Q0207`.
    pub code: ErrorCode,
    /// What is wrong, lower case, with the offending value.
    pub message: String,
    /// Where, in the text that was parsed.
    pub span: Option<Span>,
    /// What to write instead.
    pub help: Option<String>,
}

impl From<Box<QueryError>> for QueryError {
    fn from(boxed: Box<QueryError>) -> QueryError {
        *boxed
    }
}

impl QueryError {
    /// An error without a place and without help.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> QueryError {
        QueryError { code, message: message.into(), span: None, help: None }
    }

    /// The same error at this place; a place that is already known stays.
    #[must_use]
    pub fn at(mut self, span: Span) -> QueryError {
        self.span.get_or_insert(span);
        self
    }

    /// The same error with this advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> QueryError {
        self.help = Some(help.into());
        self
    }

    /// The same error with "did you mean" where one of the candidates resembles `name`.
    #[must_use]
    pub fn did_you_mean<'a, I>(self, name: &str, candidates: I) -> QueryError
    where
        I: IntoIterator<Item = &'a str>,
    {
        match nearest(name, candidates) {
            Some(found) => self.help(format!("did you mean `{found}`?")),
            None => self,
        }
    }

    /// The error as it is shown to a person: the message, the line with a caret under the place, the help.
    ///
    /// `sql` is the text whose spans the error carries; a span that does not fit it is left out.
    pub fn render(&self, sql: &str) -> String {
        render::render(self, sql)
    }
}
