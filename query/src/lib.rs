//! The query language of argtop: text to optimised logical plan. Pure: no files, no threads, no clock.
//!
//! ```text
//! text --parser--> Statement (AST) --binder + Catalog--> LogicalPlan --optimize--> LogicalPlan
//! ```

#![forbid(unsafe_code)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

pub mod ast;
pub mod catalog;
pub mod display;
pub mod error;
pub mod expr;
mod lexer;
pub mod limits;
pub mod parser;
pub mod plan;
pub mod timestamp;
pub mod value;
