//! Errors of the engine, by what the caller can do about them.

use argtop_query::error::QueryError;

use crate::export::ExportError;
use crate::import::ImportError;
use crate::index::IndexError;
use crate::model::ModelError;
use crate::train::TrainError;

/// Whatever a statement or an open can fail with.
///
/// Every variant has a stable [`Error::code`]; those that come from the text of a statement also have a
/// [`Error::span`] and mostly a [`Error::help`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The statement is wrong: syntax, names, types, values. Change the statement.
    #[error("{0}")]
    Query(#[from] QueryError),
    /// A value is wrong: out of range, of the wrong dimension, not finite, a key that exists. Change the
    /// data.
    #[error("{message}")]
    Value {
        /// What is wrong, with the value and the place.
        message: String,
        /// What to do about it.
        help: Option<String>,
    },
    /// The database directory cannot be opened as asked.
    #[error("{0}")]
    Open(#[from] argtop_storage::OpenError),
    /// The change was not made; nothing of it is visible.
    #[error("{0}")]
    Commit(#[from] argtop_storage::CommitError),
    /// What was stored cannot be read back.
    #[error("{0}")]
    Read(#[from] argtop_storage::ReadError),
    /// A model or the ONNX Runtime library.
    #[error("{0}")]
    Model(ModelError),
    /// An index could not be built or asked.
    #[error("{0}")]
    Index(IndexError),
    /// A file that a statement reads.
    #[error("{0}")]
    Import(#[from] ImportError),
    /// A file that a statement writes.
    #[error("{0}")]
    Export(#[from] ExportError),
    /// An index or auxiliary could not be learnt.
    #[error("{0}")]
    Train(TrainError),
    /// A generation could not be written.
    #[error("{0}")]
    Generation(#[from] argtop_storage::GenerationError),
    /// The statement was interrupted; it had no effect.
    #[error("interrupted")]
    Interrupted,
    /// The statement passed its deadline; it had no effect.
    #[error("the statement ran longer than statement_timeout_ms = {timeout_ms}")]
    Deadline {
        /// The setting's value.
        timeout_ms: u64,
    },
    /// The database was opened for reading, or lost its right to write.
    #[error("cannot write: {reason}")]
    ReadOnly {
        /// Why.
        reason: String,
    },
    /// A rule of the engine was broken; please report it.
    #[error("internal error: {0}")]
    Internal(String),
}

impl Error {
    /// A wrong value, with the fix.
    pub(crate) fn value(message: impl Into<String>, help: impl Into<String>) -> Error {
        Error::Value { message: message.into(), help: Some(help.into()) }
    }

    /// Stable short code: Q... for the statement, V... values, S... storage, M... models, I... indexes, F...
    /// files, X... the rest.
    pub fn code(&self) -> String {
        let code = match self {
            Error::Query(error) => return error.code.to_string(),
            Error::Value { .. } => "V0001",
            Error::Open(_) => "S0001",
            Error::Commit(_) => "S0002",
            Error::Read(_) => "S0003",
            Error::ReadOnly { .. } => "S0004",
            Error::Model(_) => "M0001",
            Error::Index(_) => "I0001",
            Error::Import(_) => "F0001",
            Error::Export(_) => "F0002",
            Error::Train(_) => "I0002",
            Error::Generation(_) => "S0005",
            Error::Interrupted => "X0001",
            Error::Deadline { .. } => "X0002",
            Error::Internal(_) => "X0003",
        };
        code.to_string()
    }

    /// Where in the statement's text, in bytes.
    pub fn span(&self) -> Option<(usize, usize)> {
        match self {
            Error::Query(error) => error.span.map(|span| (span.start, span.end)),
            _ => None,
        }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<&str> {
        match self {
            Error::Query(error) => error.help.as_deref(),
            Error::Value { help, .. } => help.as_deref(),
            _ => None,
        }
    }

    /// The error as the shell prints it: code, message, the line with a caret, help.
    pub fn render(&self, sql: &str) -> String {
        if let Error::Query(error) = self {
            return error.render(sql);
        }
        let mut text = format!("error[{}]: {self}", self.code());
        if let Some(help) = self.help() {
            text.push_str("\n  help: ");
            text.push_str(help);
        }
        text
    }
}

impl From<argtop_query::eval::EvalError> for Error {
    fn from(error: argtop_query::eval::EvalError) -> Error {
        Error::Value { message: error.to_string(), help: None }
    }
}

// Whatever was cancelled was cancelled because the statement was: callers see one error for it.

impl From<ModelError> for Error {
    fn from(error: ModelError) -> Error {
        if matches!(error, ModelError::Cancelled) { Error::Interrupted } else { Error::Model(error) }
    }
}

impl From<IndexError> for Error {
    fn from(error: IndexError) -> Error {
        if matches!(error, IndexError::Cancelled) { Error::Interrupted } else { Error::Index(error) }
    }
}

impl From<TrainError> for Error {
    fn from(error: TrainError) -> Error {
        if matches!(error, TrainError::Cancelled) { Error::Interrupted } else { Error::Train(error) }
    }
}
