//! Inverted indexes of texts, ranked by BM25. The only folder that names tantivy.
//!
//! | file | what it holds |
//! |---|---|
//! | `analysis` | texts to words |
//! | `generation` | the words of packed labels, built and opened (tantivy's terms and postings in one file) |
//! | `files` | the sections of that file as tantivy's directory |
//! | `newer` | words of labels that came after it, in memory |
//! | `bm25` | which labels score best |
//!
//! Scores are those of the live labels of the moment, to the bit: numbers of labels, words and labels with a
//! word count what is in a generation and what is not, and nothing that has ended. tantivy's own scores count
//! ended documents and know document lengths to a few bits only; so its postings are read, and scores are
//! ours. An answer does therefore not depend on when a generation was built.

mod analysis;
mod bm25;
mod files;
mod generation;
mod newer;

#[cfg(test)]
mod tests;

pub(crate) use analysis::{Analysis, STEMMERS};
pub(crate) use bm25::{Admitted, Bm25, Collection, QueryWord, Sought, Space};
pub(crate) use generation::{TextIndex, TextWriter};
pub(crate) use newer::NewerTexts;
