//! COPY: files into tables, classifiers and auxiliaries, and the rows of a query into a file.

mod auxiliary;
mod classifier;
mod table;

pub(crate) use table::{copy_from, copy_to};
