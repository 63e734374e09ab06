//! Evaluation of bound expressions over one row. Pure: the clock is an argument.

mod cast;
mod compare;
mod error;
mod evaluate;
mod functions;
mod json;
mod like;
#[cfg(test)]
mod tests;

pub use cast::cast_value;
pub use compare::compare;
pub use error::EvalError;
pub use evaluate::{EvalContext, evaluate, is_true};
