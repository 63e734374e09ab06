//! SEARCH: runs a chain of stages for one query or a block of them, ranks, and reads the rows that were asked
//! for.
//!
//! ```text
//! texts --encode--> queries [n, D] --probe--> beams --shortlist--> candidates --rerank--> candidates
//! --rank--> rows
//!                        `----------- exact / vector index ------------^
//! ```
//!
//! FUSE runs several such chains and joins their candidates (`fuse`). Candidates have a column for each stage
//! of the whole chain, in the order in which the stages run: branches before their FUSE.
//!
//! Stages nominate with fast arithmetic; every score that decides an order is computed again in f64 from the
//! stored row, so that a query gives the same answer alone and in a block, with and without generations.

mod answer;
mod candidates;
mod fuse;
mod matching;
mod nearest;
mod paths;
mod rerank;
mod sparse;
mod stages;

pub(crate) use answer::{Prepared, QueryInput, Ranking, query_input, stream};
pub(crate) use stages::{Encoded, cosine, encode_all, shorten};
