//! What can go wrong when an expression meets a value.

use thiserror::Error;

/// An expression has no value for this row. Every variant shows the wrong value and says what to do.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum EvalError {
    /// Integer arithmetic left 64 bits, or double arithmetic left the finite range.
    #[error("the result of {expression} is out of range: {fix}")]
    Overflow {
        /// The operation with its values.
        expression: String,
        /// What to do.
        fix: &'static str,
    },
    /// `/ 0` or `% 0`.
    #[error("division by zero in {expression}: guard the divisor with nullif(divisor, 0)")]
    DivisionByZero {
        /// The operation with its values.
        expression: String,
    },
    /// A value that cannot be turned into the type.
    #[error("{value} cannot be read as {to}: {fix}")]
    Cast {
        /// The value as SQL.
        value: String,
        /// Type asked for.
        to: String,
        /// What a value of the type looks like.
        fix: String,
    },
    /// An argument outside a function's domain.
    #[error("{function}({value}) is not defined: {fix}")]
    Domain {
        /// Function.
        function: &'static str,
        /// The argument as SQL.
        value: String,
        /// What to do.
        fix: &'static str,
    },
    /// Operands of types that do not go together; only parameters get this far.
    #[error(
        "{operation} does not take {left} and {right}: add a CAST, or bind a parameter of the other's type"
    )]
    Operands {
        /// Operator or function.
        operation: &'static str,
        /// Type of the first.
        left: String,
        /// Type of the second.
        right: String,
    },
    /// An argument of the wrong type; only parameters get this far.
    #[error(
        "{operation} does not take {value}, it needs {expected}: bind a parameter of that type, or add a CAST"
    )]
    Argument {
        /// Operator or function.
        operation: &'static str,
        /// The value as SQL.
        value: String,
        /// What it needs.
        expected: &'static str,
    },
    /// Two vectors of different widths.
    #[error("{function} of vectors with {left} and {right} elements: both need the same number")]
    Dimension {
        /// Function.
        function: &'static str,
        /// Width of the first.
        left: usize,
        /// Width of the second.
        right: usize,
    },
    /// A LIKE pattern that ends with a lone backslash.
    #[error("the pattern {pattern} ends with a backslash: write \\\\ to match a backslash")]
    Pattern {
        /// The pattern as SQL.
        pattern: String,
    },
    /// A path of json_extract that cannot be read.
    #[error("the JSON path {path} cannot be read: write it as $.name.name[0]")]
    JsonPath {
        /// The path as SQL.
        path: String,
    },
    /// A text that would become too long.
    #[error("{function} would make a text of more than {bytes_max} bytes: shorten its arguments")]
    TooLong {
        /// Function.
        function: &'static str,
        /// Bound.
        bytes_max: usize,
    },
    /// A parameter that was not bound.
    #[error("parameter ${} has no value: bind all parameters of the statement", index.saturating_add(1))]
    UnboundParameter {
        /// Position from 0.
        index: usize,
    },
    /// A plan that was not prepared for evaluation; a bug of this program.
    #[error("internal error: {0}; please report it together with the statement")]
    Internal(&'static str),
}
