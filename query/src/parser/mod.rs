//! Text to syntax tree: tokens by `lexer`, then recursive descent in one pass without going back.

mod cursor;
mod ddl;
mod dml;
mod entry;
pub(crate) mod evaluate;
pub(crate) mod expr;
pub(crate) mod object;
mod option;
mod parameters;
mod primary;
mod query;
mod script;
mod setting;
mod stage;
mod statement;
mod train;
pub(crate) mod words;

#[cfg(test)]
mod error_tests;
#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod round_trip_tests;
#[cfg(test)]
mod statement_tests;

pub use entry::{parse_chain, parse_expression, parse_statement};
pub use script::{Completeness, Statements, is_complete, split_statements, statement_spans};
pub use words::reserved_words;
