//! The query language of argtop: text to optimised logical plan. Pure: no files, no threads, no clock.
//!
//! ```text
//! text --parser--> Statement (AST) --binder + Catalog--> LogicalPlan --optimize--> LogicalPlan
//! ```

#![forbid(unsafe_code)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

pub mod ast;
pub mod binder;
pub mod catalog;
pub mod display;
pub mod error;
pub mod eval;
pub mod expr;
mod lexer;
pub mod limits;
mod node;
pub mod optimize;
pub mod parser;
pub mod plan;
pub mod print;
pub mod timestamp;
pub mod value;
pub mod value_set;
mod value_text;
mod walk;

pub use limits::Limits;
pub use node::{INVERSE_PROPENSITY, output_schema, score_fields, stage_fields};
pub use parser::{parse_statement, reserved_words};
pub use value::{DataType, Value, VectorFormat};
pub use walk::{common_type, is_numeric};
