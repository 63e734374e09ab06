//! Reading under one snapshot: names, labels, keys, and rows of vectors and classifiers, from generations and
//! the tail.
//!
//! ```text
//! Snapshot --+-- catalog, live bitmaps           (names, live)
//!            +-- keys:    generation + tail      (KeyBook: ties, result ids)
//!            +-- rows:    generation + tail      (Dense: nominate, score, decode)
//!            +-- texts:   generation + tail      (TextRows: BM25)
//!            `-- cluster graph: generation or rows of the store, + edges of newer labels (Graph)
//! ```
//!
//! The tail of an object is read from the store once and kept in memory, extended as later snapshots need it.
//! A label that ended before its row was read is looked up by itself for the few snapshots that still see it.

mod dense;
mod filters;
mod fusion;
mod graph;
mod keys;
mod labels;
mod moment;
mod newer;
mod propensity;
mod sparse;
mod tail;
mod text;

#[cfg(test)]
mod learned_tests;

pub(crate) use dense::{Dense, ROWS_AHEAD, RowSpec, row_specs};
pub(crate) use filters::{FilterName, Filters, Known};
pub(crate) use graph::Graph;
pub(crate) use keys::KeyBook;
pub(crate) use labels::{key_value, value_cell};
pub(crate) use moment::{Caches, View, row_of_number, vector_columns};
pub(crate) use newer::{from_slot, take_newer};
pub(crate) use propensity::InversePropensity;
pub(crate) use sparse::SparseRows;
pub(crate) use text::{B, K1, TextRows, write_texts};
