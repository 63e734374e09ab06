//! The syntax tree: what a statement says, before any name is looked up.
//!
//! Every name, expression and stage carries its [`Span`]; equality ignores spans. `Display` prints valid SQL
//! that parses back to an equal tree.

mod expr;
mod statement;

pub use expr::{Call, ColumnName, DistanceOp, Expr, ExprKind};
pub use query::{
    Argument, Chain, FromItem, Fuse, FuseBranch, FuseMethod, Lateral, OrderItem, Override, Query, QueryBody,
    Search, SearchInput, Select, SelectItem, Stage, StageKind, StageOption, Via,
};
pub use statement::{
    Assignment, ColumnDef, ConflictAction, Copy, CopySource, CopyTo, CreateFusion, CreateIndex, CreateModel,
    CreateOnTable, CreatePipeline, CreateTable, Delete, Evaluate, EvaluateBy, EvaluateTarget, Explain,
    ImportTarget, Inherits, Insert, MetricName, OnConflict, OptionItem, OptionValue, QuantizeModel, Show,
    Statement, StatementKind, Train, Update,
};

mod query;

use crate::error::Span;
use crate::value::DataType;

/// A name, unquoted names folded to lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ident {
    /// The name.
    pub name: String,
    /// Where.
    pub span: Span,
}

/// A string literal where only a string may stand, such as a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextLiteral {
    /// The text without quotes.
    pub value: String,
    /// Where.
    pub span: Span,
}

/// A type as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeName {
    /// The type. VECTOR without arguments has no dimension.
    pub data_type: DataType,
    /// Where.
    pub span: Span,
}

/// A parameter of a statement, in the order of the values to bind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Name of a `:name` parameter; None for `?` and `$1`.
    pub name: Option<String>,
    /// Where it first stands; None for a number that `$n` skips.
    pub span: Option<Span>,
}
