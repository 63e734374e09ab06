//! Physical plans: logical plans bound to the objects of one snapshot, with every choice made and its reason
//! noted.

use argtop_query::expr::BoundExpr;
use argtop_query::plan::{Aggregate, Field, SortKey};
use argtop_storage::{ClassifierRecord, IndexRecord, ModelRecord, ObjectId, TableRecord};
use std::sync::Arc;

/// An operator with its inputs; `id` addresses its measurements in the context.
#[derive(Clone, Debug)]
pub(crate) struct Operator {
    pub(crate) id: usize,
    pub(crate) kind: OperatorKind,
    pub(crate) schema: Vec<Field>,
}

/// What an operator does.
#[derive(Clone, Debug)]
pub(crate) enum OperatorKind {
    /// Constant rows.
    Values { rows: Vec<Vec<BoundExpr>> },
    /// Live labels in primary-key order.
    Scan(ScanPlan),
    /// Ranked labels.
    Search(Box<SearchPlan>),
    /// Rows of files.
    Read(argtop_query::catalog::ReadCall),
    /// Rows for which the predicate is true.
    Filter { input: Box<Operator>, predicate: BoundExpr },
    /// Computed columns.
    Project { input: Box<Operator>, exprs: Vec<BoundExpr> },
    /// Grouping.
    Aggregate { input: Box<Operator>, groups: Vec<BoundExpr>, aggregates: Vec<Aggregate> },
    /// Sorting; with `top`, only the first rows are kept.
    Sort { input: Box<Operator>, keys: Vec<SortKey>, top: Option<usize> },
    /// The first of equal rows.
    Distinct { input: Box<Operator> },
    /// A window of rows.
    Limit { input: Box<Operator>, limit: Option<u64>, offset: u64 },
}

/// A scan of a table.
#[derive(Clone, Debug)]
pub(crate) struct ScanPlan {
    pub(crate) table: Arc<TableRecord>,
    pub(crate) filter: Option<BoundExpr>,
    /// Positions of the columns that are read; the others are NULL.
    pub(crate) columns: Vec<usize>,
    /// Primary keys that the filter admits, where it says so; the scan then looks up only these.
    pub(crate) keys: Option<Vec<argtop_storage::Key>>,
}

/// A search: a chain of stages over one table.
#[derive(Clone, Debug)]
pub(crate) struct SearchPlan {
    pub(crate) table: Arc<TableRecord>,
    pub(crate) text: Option<BoundExpr>,
    pub(crate) vector: Option<BoundExpr>,
    /// Stages in order; stage i of the query's chain has the same place here.
    pub(crate) stages: Vec<StagePlan>,
    pub(crate) score_by: Option<BoundExpr>,
    pub(crate) filter: Option<BoundExpr>,
    /// Rows the operators above take; None: all of the last window.
    pub(crate) limit: Option<u64>,
    /// Matching labels that are owed: a beam that reaches fewer is widened.
    pub(crate) owed: u64,
    /// Positions of the table's columns that are read; the others are NULL.
    pub(crate) columns: Vec<usize>,
    /// Whether the output rows end with the scores and ranks of the stages.
    pub(crate) stage_columns: bool,
    /// Why this path was taken, for EXPLAIN.
    pub(crate) reason: String,
    /// Indexes of the table that are not used, each with the reason.
    pub(crate) unused: Vec<String>,
    /// Measurement ids: the filter's and the final cut's.
    pub(crate) filter_id: usize,
    pub(crate) cut_id: usize,
}

/// A stage bound to its objects.
#[derive(Clone, Debug)]
pub(crate) struct StagePlan {
    pub(crate) id: usize,
    pub(crate) name: String,
    pub(crate) kind: StageKind,
}

/// What a stage does.
#[derive(Clone, Debug)]
pub(crate) enum StageKind {
    /// Text to a query vector.
    Encode { model: Arc<ModelRecord> },
    /// The statement brought the query's vector, so that nothing is encoded.
    Given,
    /// Exact inner products with every allowed label's vector.
    Exact { column: VectorColumn, limit: Option<u64> },
    /// The best clusters of a cluster graph.
    Probe { index: Arc<IndexRecord>, beam: usize },
    /// Labels on the probed paths.
    ShortlistPaths { limit: u64 },
    /// Nearest labels by a vector index, re-scored exactly.
    ShortlistIndex { index: Arc<IndexRecord>, source: VectorSource, limit: u64, effort: Option<usize> },
    /// Classifier scores of the candidates.
    Rerank { classifier: Arc<ClassifierRecord>, limit: Option<u64> },
}

/// A vector column with what is needed to read its rows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct VectorColumn {
    pub(crate) id: ObjectId,
    pub(crate) name: String,
    pub(crate) dimension: usize,
    pub(crate) format: argtop_storage::RowFormat,
}

/// The rows that a vector index orders.
#[derive(Clone, Debug)]
pub(crate) enum VectorSource {
    /// A vector column.
    Column(VectorColumn),
    /// The rows of a classifier.
    Classifier(Arc<ClassifierRecord>),
}

impl Operator {
    /// Inputs, in order.
    pub(crate) fn inputs(&self) -> Vec<&Operator> {
        match &self.kind {
            OperatorKind::Values { .. }
            | OperatorKind::Scan(_)
            | OperatorKind::Search(_)
            | OperatorKind::Read(_) => Vec::new(),
            OperatorKind::Filter { input, .. }
            | OperatorKind::Project { input, .. }
            | OperatorKind::Aggregate { input, .. }
            | OperatorKind::Sort { input, .. }
            | OperatorKind::Distinct { input }
            | OperatorKind::Limit { input, .. } => vec![input],
        }
    }
}
