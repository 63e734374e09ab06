//! Executes physical plans under one snapshot.
//!
//! Rows are pulled: [`open`] builds a stream for an operator out of the streams of its inputs. A search is
//! done when its stream is first pulled; a scan reads as it is pulled.

pub(crate) mod filter;
pub(crate) mod lateral;
pub(crate) mod pipeline;
pub(crate) mod relational;
mod run;
pub(crate) mod scan;
pub(crate) mod search;

pub(crate) use run::{Log, RowStream, Run, open, open_over};
