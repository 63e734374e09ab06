//! What can go wrong while an index is built, opened or searched.

use super::factory::FactoryError;
use super::row::RowError;
use crate::packed::PackedError;

/// An index could not be built, opened or searched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// The caller asked to stop.
    #[error("cancelled")]
    Cancelled,
    /// Queries are not whole vectors of the dimension of the index.
    #[error(
        "{numbers} numbers are not whole vectors of dimension {dimension}; give vectors of this dimension"
    )]
    Dimension {
        /// Numbers in a vector of this index.
        dimension: usize,
        /// Numbers given.
        numbers: usize,
    },
    /// A query holds NaN or an infinity.
    #[error("number {position} of query {query} is {value}; only finite numbers can be searched for")]
    NotFinite {
        /// Which query of the batch, from 0.
        query: usize,
        /// The place in the vector, from 0.
        position: usize,
        /// What stands there.
        value: f32,
    },
    /// A row cannot be stored.
    #[error("the row of slot {slot}: {error}")]
    Row {
        /// The slot of the row.
        slot: u32,
        /// Why.
        #[source]
        error: RowError,
    },
    /// Slots must rise.
    #[error(
        "slot {slot} comes after slot {previous}; rows must be written in ascending order of their slots"
    )]
    SlotOrder {
        /// The slot written before.
        previous: u32,
        /// The slot that is not greater.
        slot: u32,
    },
    /// The slots written do not end under the bound that the file covers.
    #[error("slot {slot} is not under the end of the generation, {slot_end}")]
    SlotEnd {
        /// The greatest slot written.
        slot: u32,
        /// The bound given.
        slot_end: u32,
    },
    /// A bias was given to a matrix without biases, or is missing.
    #[error("slot {slot}: a bias is {}; the matrix was begun {} biases", present(*.given), with(*.wanted))]
    Bias {
        /// The slot of the row.
        slot: u32,
        /// Whether a bias was given.
        given: bool,
        /// Whether the matrix has biases.
        wanted: bool,
    },
    /// A file of ours is damaged or of another kind.
    #[error(transparent)]
    Packed(#[from] PackedError),
    /// The factory string is not one that argtop builds.
    #[error(transparent)]
    Factory(#[from] FactoryError),
    /// The rows are too long for inner products in f32.
    #[error(
        "the longest row has norm {norm:e}; an approximate index takes at most {max:e}: normalise the \
         vectors or use flat"
    )]
    NormTooLarge {
        /// Norm of the longest row.
        norm: f64,
        /// The largest allowed.
        max: f64,
    },
    /// The processor lacks the instructions that faiss was built for.
    #[error("faiss was built for processors with AVX2 and FMA, which this one lacks; use a flat index")]
    Processor,
    /// A call into faiss failed.
    #[error("faiss could not {call} (code {code}): {message}")]
    Faiss {
        /// What was asked of it.
        call: &'static str,
        /// The code it returned: -2 its own exception, -4 one of the standard library, -1 unknown.
        code: i32,
        /// Its message.
        message: String,
    },
    /// The faiss file does not hold what our own file beside it says.
    #[error(
        "the faiss file has {what} {found}, not {expected}; delete the generation, it will be built again"
    )]
    FaissFile {
        /// The property that differs.
        what: &'static str,
        /// What was written.
        expected: i64,
        /// What was read.
        found: i64,
    },
    /// tantivy could not build an index of texts.
    #[error("the index of texts cannot be built: {reason}")]
    Text {
        /// What it says.
        reason: String,
    },
    /// The words of the texts take too much memory for one index.
    #[error(
        "the words of {texts} texts take more than {bytes_max} bytes; split the table, or raise \
         Limits::text_index_bytes to at most 3 GiB"
    )]
    TextTooLarge {
        /// Texts that were taken.
        texts: usize,
        /// The bound.
        bytes_max: usize,
    },
    /// A path that cannot be handed to a C library.
    #[error("the path {path:?} holds a zero byte or is not UTF-8; move the database to a plain path")]
    Path {
        /// The path.
        path: std::path::PathBuf,
    },
    /// Reading or writing failed.
    #[error("input or output failed: {0}")]
    Io(#[from] std::io::Error),
}

fn present(given: bool) -> &'static str {
    if given { "given" } else { "missing" }
}

fn with(wanted: bool) -> &'static str {
    if wanted { "with" } else { "without" }
}
