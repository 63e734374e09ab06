//! Golden scripts: statements with the output they must give, written beside them.
//!
//! Scripts are the main tests of the database: they go through its public library and read as documentation.
//! `tests/scripts/README.md` has the format; [`golden`] is what runs them.

#![forbid(unsafe_code)]

pub mod golden;
pub mod suite;
