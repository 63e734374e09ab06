//! Files into rows: JSONL, CSV, Parquet, NumPy matrices and the XC repository's layout.
//!
//! ```text
//! ReadCall --columns_of--> names and types            (the binder asks)
//! ReadCall --open--------> Source --next_batch--> rows (the executor asks)
//! ```
//!
//! Every reader streams: memory is bounded by [`ImportLimits`], never by what a file claims about itself.
//! An error names the file, the line or row, the column, the value and what to do about it.

mod access;
mod csv;
mod error;
mod input;
mod json;
mod jsonl;
mod labels;
mod limits;
mod npy;
mod npy_header;
mod options;
mod paired;
mod parquet;
mod source;
mod sparse;
mod types;
mod xc;

#[cfg(test)]
mod tests;

pub use access::Access;
pub use error::{BadCell, BadRow, ImportError};
pub(crate) use input::Compression;
pub use labels::open_labels;
pub use limits::ImportLimits;
pub use npy::NpyMatrix;
pub use paired::{Paired, VECTOR_COLUMN};
pub use source::{FileFormat, ReadableRows, Rows, Source, columns_of, open};
