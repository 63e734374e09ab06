//! TRAIN: what is learned from pairs of text and labels, inside the database.
//!
//! ```text
//! source rows --lesson--> texts on disk, targets (labels by number) --encoder, kept by content--> vectors
//!   --crate::train--> parameters --writer--> rows under fresh data ids, one commit, old ones forgotten
//! ```
//!
//! A training reads one view of the database and holds no lock until it commits. Labels that are written
//! meanwhile get what labels inserted after a training get. An interrupted training changes nothing; its
//! last state is kept, and `WITH (resume = true)` goes on from there.

mod auxiliary;
mod checkpoint;
mod classifier;
mod course;
mod embeddings;
mod fusion;
mod index;
mod install;
mod labels;
mod lesson;
mod lever;
mod memory;
mod options;
mod reciprocal;
mod sparse;
mod start;
mod swap;

pub(crate) use checkpoint::sweep;
pub(crate) use install::{NewVectors, install};
pub(crate) use sparse::untrained_row;
pub(crate) use start::train;
