//! Structures that nominate: packed matrices, nearest-neighbour indexes, the ELIAS cluster graph, primary
//! keys.
//!
//! Everything here is pure: it works on byte slices of generations (memory maps at the callers) or on plain
//! vectors and knows no store, no query and no clock. An index answers with *slots* that may belong to the
//! best; the engine adds the tail, scores every nominee exactly in f64 and cuts (ARCHITECTURE.md, invariant
//! 3).
//!
//! | file | what it holds |
//! |---|---|
//! | `ahead` | rows of files that may lie on the disk, asked for before they are used |
//! | `slots` | which slot stands at which position |
//! | `row`, `matrix` | one stored vector; a matrix of them |
//! | `search` | the trait of vector indexes and what a search is told |
//! | `flat` | exact search over a matrix |
//! | `factory`, `faiss_slots`, `faiss` | approximate search by faiss; only the last calls into it |
//! | `ann`, `ann_plan`, `ann_build`, `ann_delta`, `ann_search`, `ann_tune` | approximate search of our own |
//! | `elias`, `elias_coarse`, `elias_file` | probe and path scores of the ELIAS cluster graph; its file |
//! | `codes` | rows in 8 bits one by one, for RERANK |
//! | `keys` | primary keys by slot |
//! | `text` | words of texts, ranked by BM25 |

mod ahead;
mod ann;
mod ann_build;
mod ann_delta;
mod ann_plan;
mod ann_search;
#[cfg(test)]
mod ann_tests;
mod ann_tune;
mod codes;
mod elias;
mod elias_coarse;
mod elias_file;
mod error;
mod factory;
mod faiss;
mod faiss_slots;
mod flat;
mod keys;
mod matrix;
mod ranges;
mod row;
mod search;
mod sketch;
mod slots;
pub(crate) mod text;

#[cfg(test)]
mod conformance;

pub use crate::packed::{AlignedBytes, Bytes, FileBytes, PackedError};
pub use ann::{AnnIndex, BuiltAnn};
pub use ann_build::AnnOptions;
pub use codes::{Codes, CodesWriter, Estimate, Scoring};
pub use elias::{
    ClusterScore, EdgeMap, EliasView, PathCandidate, PathSearch, ROW_WEIGHT_EMPTY, ViewError, new_edge_weight,
};
pub use elias_coarse::CoarseWeights;
pub use elias_file::{EliasArrays, EliasFile};
pub use error::IndexError;
pub use factory::{Encoding, Factory, FactoryError, FaissKind};
pub use faiss::{FAISS_INDEX_FILE, FAISS_SLOTS_FILE, FaissIndex};
pub use flat::FlatIndex;
pub use keys::{KeyRef, KeysWriter, PackedKeys};
pub use matrix::{MatrixShape, MatrixWriter, PackedMatrix};
pub(crate) use ranges::in_ranges;
pub use row::{DIMENSION_MAX, RowError};
pub use search::{SearchControl, SearchParams, VectorIndex};
pub use sketch::{Sketch, SketchWriter};
pub use slots::SlotTable;
