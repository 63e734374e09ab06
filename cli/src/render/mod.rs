//! Rows to text, one file for each family of modes.

mod csv;
mod json;
mod line;
mod markdown;
mod mode;
mod table;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use mode::{Failure, Mode, Page, write_rows};
