//! COPY: files into tables, classifiers and auxiliaries, and the rows of a query into files.

mod auxiliary;
mod bad_rows;
mod classifier;
mod folder;
mod query;
mod table;

pub(crate) use query::copy_to;
pub(crate) use table::copy_from;
