//! Logical plans: statements with every name resolved, every type checked and nothing executed.
//!
//! ```text
//! Statement --bind(Catalog)--> LogicalPlan --optimize(RULES)--> LogicalPlan --> engine::planner
//! ```
//!
//! A query is a tree of [`Node`]s; rows flow from the leaf (`Scan`, `Search`, `Read`, `Values`) to the root.

mod chain;

use std::sync::Arc;

use crate::catalog::{IndexMethod, IndexTarget, ModelNumbers, ObjectKind, ReadCall, TableInfo};
use crate::expr::BoundExpr;
use crate::value::{DataType, Value};

pub use chain::{Branch, Chain, FuseMethod, Normalization, Stage, StageKind};

/// A bound statement.
// One of these exists for each statement, so that its size is no matter.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug, PartialEq)]
pub enum LogicalPlan {
    /// SELECT, VALUES.
    Query(Node),
    /// INSERT.
    Insert(Insert),
    /// UPDATE.
    Update(Update),
    /// DELETE.
    Delete(Delete),
    /// COPY table FROM file, COPY CLASSIFIER|AUXILIARY x FROM file.
    CopyFrom(CopyFrom),
    /// COPY (query) TO file.
    CopyTo(CopyTo),
    /// CREATE MODEL.
    CreateModel(CreateModel),
    /// QUANTIZE MODEL.
    QuantizeModel(QuantizeModel),
    /// CREATE TABLE.
    CreateTable(CreateTable),
    /// CREATE AUXILIARY.
    CreateAuxiliary(CreateOnTable),
    /// CREATE INDEX.
    CreateIndex(CreateIndex),
    /// CREATE CLASSIFIER.
    CreateClassifier(CreateOnTable),
    /// CREATE PIPELINE.
    CreatePipeline(CreatePipeline),
    /// CREATE FUSION.
    CreateFusion(CreateFusion),
    /// TRAIN.
    Train(Train),
    /// ALTER TABLE t SET DEFAULT PIPELINE p (None: RESET).
    SetDefaultPipeline {
        /// Table.
        table: String,
        /// Pipeline of that table.
        pipeline: Option<String>,
    },
    /// DROP kind \[IF EXISTS\] name.
    Drop {
        /// Kind.
        kind: ObjectKind,
        /// Name.
        name: String,
        /// No error where it does not exist.
        if_exists: bool,
    },
    /// REINDEX name: rebuilds the generation of an index over all live labels.
    Reindex {
        /// Index.
        name: String,
    },
    /// EVALUATE.
    Evaluate(Evaluate),
    /// EXPLAIN.
    Explain(Explain),
    /// SET name = value.
    Set {
        /// Setting, known to the catalog.
        name: String,
        /// Constant value.
        value: Value,
    },
    /// RESET name.
    Reset {
        /// Setting, known to the catalog.
        name: String,
    },
    /// SHOW.
    Show(Show),
    /// DESCRIBE name: a table's columns or an object's properties.
    Describe {
        /// Kind of the object found.
        kind: ObjectKind,
        /// Name.
        name: String,
    },
    /// CHECK DATABASE: verifies every checksum and the agreement of the parts.
    CheckDatabase,
    /// CANCEL JOB n.
    CancelJob(u64),
    /// WAIT FOR JOB n.
    WaitForJob(u64),
}

/// One output column of a node.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Table alias, or stage name for `<stage>.score` and `<stage>.rank`.
    pub qualifier: Option<String>,
    /// Column name.
    pub name: String,
    /// Type.
    pub data_type: DataType,
    /// Stage columns: found only by their qualified name and not part of `*`.
    pub hidden: bool,
}

/// A relational operator with its inputs.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// Constant rows.
    Values {
        /// Expressions without columns, one inner vector a row.
        rows: Vec<Vec<BoundExpr>>,
        /// Output columns.
        schema: Vec<Field>,
    },
    /// All live labels of a table, in primary-key order.
    Scan(Scan),
    /// The ranked labels of a search, best first.
    Search(Box<Search>),
    /// Rows of files.
    Read {
        /// What is read.
        call: ReadCall,
        /// Output columns.
        schema: Vec<Field>,
    },
    /// A search for each row of `left`: the columns of a left row, then those of a row of its search. Rows
    /// come in the order of `left`, those of one left row in the order of the search.
    Lateral {
        /// Whose rows are searched for.
        left: Box<Node>,
        /// Projections, sorts, limits and filters over one [`Node::Search`], whose text and vector are over
        /// the columns of `left`; or no rows at all. A tree of its own to the optimiser.
        right: Box<Node>,
        /// Output columns: those of `left`, then those of `right`.
        schema: Vec<Field>,
    },
    /// Rows for which the predicate is true (not NULL).
    Filter {
        /// Input.
        input: Box<Node>,
        /// BOOLEAN over the input's columns.
        predicate: BoundExpr,
    },
    /// Computed columns.
    Project {
        /// Input.
        input: Box<Node>,
        /// One expression an output column, over the input's columns.
        exprs: Vec<BoundExpr>,
        /// Output columns.
        schema: Vec<Field>,
    },
    /// GROUP BY and aggregates; output columns are the groups, then the aggregates. No groups: one row.
    Aggregate {
        /// Input.
        input: Box<Node>,
        /// Group keys over the input's columns.
        groups: Vec<BoundExpr>,
        /// Aggregates over the input's columns.
        aggregates: Vec<Aggregate>,
        /// Output columns.
        schema: Vec<Field>,
    },
    /// ORDER BY; stable.
    Sort {
        /// Input.
        input: Box<Node>,
        /// Keys, the first decides first.
        keys: Vec<SortKey>,
    },
    /// DISTINCT over all columns; the first of equal rows stays.
    Distinct {
        /// Input.
        input: Box<Node>,
    },
    /// LIMIT and OFFSET.
    Limit {
        /// Input.
        input: Box<Node>,
        /// Most rows to return; None for all. Constant expression, evaluated when parameters are bound.
        limit: Option<BoundExpr>,
        /// Rows to skip.
        offset: Option<BoundExpr>,
    },
}

/// Scan of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Scan {
    /// Table.
    pub table: Arc<TableInfo>,
    /// Alias, the qualifier of its columns.
    pub alias: String,
    /// Predicate over the table's columns, pushed down by the optimiser.
    pub filter: Option<BoundExpr>,
    /// Which table columns are read, by position, those of `filter` included; the others come out as NULL.
    /// None: all. Set by the optimiser.
    pub columns: Option<Vec<usize>>,
    /// Output columns: the table's columns.
    pub schema: Vec<Field>,
}

/// One SEARCH.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// Table whose labels are ranked.
    pub table: Arc<TableInfo>,
    /// Alias, the qualifier of its columns.
    pub alias: String,
    /// The query's text; over no columns, or over those of the EVALUATE source or of LATERAL's left side.
    pub text: Option<BoundExpr>,
    /// The query's vector, which skips ENCODE.
    pub vector: Option<BoundExpr>,
    /// How.
    pub via: Via,
    /// WHERE: a pre-filter over the table's columns.
    pub filter: Option<BoundExpr>,
    /// How many best rows the operators above need (LIMIT + OFFSET), pushed down by the optimiser where
    /// nothing above drops rows; None: all that the last stage yields.
    pub limit: Option<BoundExpr>,
    /// How many matching labels the statement owes (LIMIT + OFFSET, set by the binder whatever stands
    /// between): a PROBE that reaches fewer widens its beam. None: as many as its beam reaches.
    pub owed: Option<BoundExpr>,
    /// Which table columns are read, by position, those of `filter` included; the others come out as NULL.
    /// None: all. Set by the optimiser.
    pub columns: Option<Vec<usize>>,
    /// Output columns: the table's columns, `score` DOUBLE, `rank` BIGINT (from 1), then for each stage in
    /// the order of [`Chain::all_stages`] hidden `<stage>.score` and `<stage>.rank`; so with n table columns
    /// stage i has columns n + 2 + 2i and n + 3 + 2i. Those of ENCODE are of type Unknown, always NULL,
    /// never named.
    pub schema: Vec<Field>,
}

/// The VIA of a search.
#[derive(Clone, Debug, PartialEq)]
pub enum Via {
    /// No VIA and no default pipeline: the engine's planner chooses and says why.
    Auto,
    /// VIA EXACT: every label is scored by its embedding.
    Exact,
    /// Written out, or a stored pipeline with its overrides applied.
    Chain {
        /// Stages and final score.
        chain: Chain,
        /// Name of the stored pipeline it came from.
        pipeline: Option<String>,
    },
}

/// One aggregate call.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    /// Function.
    pub function: AggregateFunction,
    /// Argument over the input's columns; None for count(*).
    pub argument: Option<BoundExpr>,
    /// DISTINCT inside the call.
    pub distinct: bool,
}

/// Aggregate functions; all but count give NULL over no rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AggregateFunction {
    /// Number of rows, or of values that are not NULL.
    Count,
    /// Sum; BIGINT for integers (an overflow is an error), else DOUBLE.
    Sum,
    /// Mean, DOUBLE.
    Avg,
    /// Least value.
    Min,
    /// Greatest value.
    Max,
}

/// One ORDER BY key.
#[derive(Clone, Debug, PartialEq)]
pub struct SortKey {
    /// Key over the input's columns.
    pub expr: BoundExpr,
    /// Largest first.
    pub descending: bool,
    /// NULLs first; the default is NULLs last for ASC and first for DESC, as in PostgreSQL.
    pub nulls_first: bool,
}

/// INSERT.
#[derive(Clone, Debug, PartialEq)]
pub struct Insert {
    /// Table.
    pub table: Arc<TableInfo>,
    /// Yields one column for each non-generated table column, in table order, with defaults and cast types.
    pub source: Node,
    /// What happens where the primary key exists.
    pub on_conflict: OnConflict,
    /// RETURNING over the table's columns (new row), with its output columns.
    pub returning: Option<Returning>,
}

/// ON CONFLICT of an INSERT.
#[derive(Clone, Debug, PartialEq)]
pub enum OnConflict {
    /// An error, and nothing is written.
    Error,
    /// DO NOTHING.
    Nothing,
    /// DO UPDATE SET: (table column, expression over the old row's columns followed by the new row's,
    /// `excluded`; generated columns of the new row are never read).
    Update(Vec<(usize, BoundExpr)>),
}

/// RETURNING list.
#[derive(Clone, Debug, PartialEq)]
pub struct Returning {
    /// Expressions over the table's columns.
    pub exprs: Vec<BoundExpr>,
    /// Output columns.
    pub schema: Vec<Field>,
}

/// UPDATE.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// Table.
    pub table: Arc<TableInfo>,
    /// (table column, expression over the table's columns); never a generated column.
    pub assignments: Vec<(usize, BoundExpr)>,
    /// WHERE.
    pub filter: Option<BoundExpr>,
    /// RETURNING over the new rows.
    pub returning: Option<Returning>,
}

/// DELETE.
#[derive(Clone, Debug, PartialEq)]
pub struct Delete {
    /// Table.
    pub table: Arc<TableInfo>,
    /// WHERE.
    pub filter: Option<BoundExpr>,
    /// RETURNING over the deleted rows.
    pub returning: Option<Returning>,
}

/// COPY ... FROM.
#[derive(Clone, Debug, PartialEq)]
pub struct CopyFrom {
    /// Where to.
    pub target: CopyTarget,
    /// The file.
    pub path: String,
    /// FORMAT, lower case; None: by extension.
    pub format: Option<String>,
    /// Other options, names in lower case. `MAP (id = uid, title = title)` arrives as `map` with a list of
    /// two-element lists of text.
    pub options: Vec<(String, Value)>,
}

/// Target of a COPY FROM.
#[derive(Clone, Debug, PartialEq)]
pub enum CopyTarget {
    /// A table and the columns that the file fills, by position (never generated ones... see the engine).
    Table {
        /// Table.
        table: Arc<TableInfo>,
        /// Column positions in the order named; empty: by the names in the file.
        columns: Vec<usize>,
    },
    /// All rows of a classifier, row i for the i-th label in primary-key order.
    Classifier(String),
    /// The vectors of an auxiliary.
    Auxiliary(String),
}

/// COPY (query) TO.
#[derive(Clone, Debug, PartialEq)]
pub struct CopyTo {
    /// Rows.
    pub source: Box<LogicalPlan>,
    /// The file, or the folder.
    pub path: String,
    /// FORMAT, lower case; None: by extension.
    pub format: Option<String>,
    /// Other options out of [`CopyTo::OPTIONS`], constant values.
    pub options: Vec<(String, Value)>,
    /// The source as valid SQL, by which a run that goes on knows the one before it.
    pub sql: String,
}

impl CopyTo {
    /// The options besides FORMAT, in lower case.
    pub const OPTIONS: [&str; 6] =
        ["rows_per_file", "preserve_order", "resume", "shard", "on_error", "error_file"];
}

/// CREATE MODEL.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateModel {
    /// Name, not in use (checked).
    pub name: String,
    /// OR REPLACE.
    pub or_replace: bool,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// ONNX file.
    pub path: String,
    /// tokenizer.json; None: beside the ONNX file.
    pub tokenizer: Option<String>,
    /// WITH options, names in lower case, constant values.
    pub options: Vec<(String, Value)>,
}

/// QUANTIZE MODEL.
#[derive(Clone, Debug, PartialEq)]
pub struct QuantizeModel {
    /// The model in f32 that is there.
    pub model: String,
    /// Name of the new one, not in use (checked).
    pub name: String,
    /// `dtype`: what the new one computes in, not f32 (checked); 8 bits where the statement does not say.
    pub numbers: ModelNumbers,
    /// `calibration`: yields one column of texts, whose embeddings by both models are compared.
    pub calibration: Option<Node>,
    /// `min_cosine`: the mean cosine below which there shall be no new model, above 0 and at most 1. Some
    /// only beside `calibration`.
    pub min_cosine: Option<f64>,
}

impl QuantizeModel {
    /// The options, in lower case.
    pub const OPTIONS: [&str; 3] = ["calibration", "dtype", "min_cosine"];
}

/// CREATE TABLE.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateTable {
    /// Name.
    pub name: String,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// Columns; generated ones carry their parts.
    pub columns: Vec<crate::catalog::ColumnInfo>,
    /// Position of the primary key.
    pub primary_key: usize,
    /// WITH options.
    pub options: Vec<(String, Value)>,
}

/// CREATE AUXILIARY, CREATE CLASSIFIER.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateOnTable {
    /// Name.
    pub name: String,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// Table.
    pub table: Arc<TableInfo>,
    /// WITH options.
    pub options: Vec<(String, Value)>,
}

/// CREATE INDEX.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateIndex {
    /// Name.
    pub name: String,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// Table.
    pub table: Arc<TableInfo>,
    /// Method.
    pub method: IndexMethod,
    /// Vector column, or classifier of the table.
    pub target: IndexTarget,
    /// WITH options.
    pub options: Vec<(String, Value)>,
}

/// CREATE PIPELINE; the chain was bound once, so that a stored pipeline is a valid one.
#[derive(Clone, Debug, PartialEq)]
pub struct CreatePipeline {
    /// Name.
    pub name: String,
    /// OR REPLACE.
    pub or_replace: bool,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// Table.
    pub table: String,
    /// `chain [SCORE BY expr]` as valid SQL, inherited parts resolved.
    pub sql: String,
    /// Name of the pipeline it was derived from.
    pub inherits: Option<String>,
}

/// CREATE FUSION.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateFusion {
    /// Name.
    pub name: String,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// Table.
    pub table: Arc<TableInfo>,
    /// `tree`, `boosted` or `linear`.
    pub method: String,
    /// `<stage>.score`, `<stage>.rank` or `inverse_propensity`, at least one, none twice.
    pub features: Vec<String>,
    /// WITH options.
    pub options: Vec<(String, Value)>,
}

/// TRAIN.
#[derive(Clone, Debug, PartialEq)]
pub struct Train {
    /// Classifier, Index, Auxiliary or Fusion.
    pub kind: ObjectKind,
    /// Name of an object that exists.
    pub name: String,
    /// Yields the columns named below.
    pub source: Node,
    /// Position of `text` (TEXT) in the source's columns.
    pub text: usize,
    /// Position of `labels` (lists of primary keys of the object's table) in the source's columns.
    pub labels: usize,
    /// Position of `weight`, a number, in the source's columns.
    pub weight: Option<usize>,
    /// Position of `exclude` (lists of primary keys that are neither right nor wrong) in the source's
    /// columns.
    pub exclude: Option<usize>,
    /// WITH options.
    pub options: Vec<(String, Value)>,
    /// CONCURRENTLY: as a job.
    pub concurrently: bool,
    /// The statement as valid SQL.
    pub sql: String,
}

/// EVALUATE.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluate {
    /// What is measured, in the order written.
    pub targets: Vec<EvaluateTarget>,
    /// Yields the columns named below.
    pub source: Node,
    /// Position of `labels` (BIGINT[] or TEXT[], primary keys) in the source; None only where every metric is
    /// ANN_RECALL or ENCODE_COSINE.
    pub labels: Option<usize>,
    /// Position of `exclude` (primary keys to drop from the ranking before the cut).
    pub exclude: Option<usize>,
    /// Metrics in the order written.
    pub metrics: Vec<Metric>,
    /// AGAINST EXACT: ANN_RECALL compares with the exact ranking.
    pub against_exact: bool,
    /// BY label_decile, or an expression over the source's columns.
    pub by: Option<EvaluateBy>,
    /// Training label lists for propensities: `WITH (propensity = (SELECT labels FROM ...))`.
    pub propensity: Option<Node>,
    /// Other options (`a`, `b`, `k`, `seed`, `coverage`), constant.
    pub options: Vec<(String, Value)>,
}

/// One system under EVALUATE.
#[derive(Clone, Debug, PartialEq)]
pub struct EvaluateTarget {
    /// As written, for the result's first column.
    pub name: String,
    /// The search; its text and vector are over the source's columns: the column `text`, unless a query says
    /// otherwise.
    pub search: Search,
}

/// BY clause of EVALUATE.
#[derive(Clone, Debug, PartialEq)]
pub enum EvaluateBy {
    /// Labels in ten groups of equal size by training frequency.
    LabelDecile,
    /// Groups of source rows.
    Expr(BoundExpr),
}

/// A metric with its cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Metric {
    /// Which.
    pub kind: MetricKind,
    /// Cut, at least 1; 1 where the metric has none.
    pub k: u32,
}

/// Metrics of `retrieval.md` section 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MetricKind {
    /// P@k.
    Precision,
    /// R@k.
    Recall,
    /// NDCG@k.
    Ndcg,
    /// PSP@k.
    Psp,
    /// PSNDCG@k.
    Psndcg,
    /// MRR@k.
    Mrr,
    /// COVERAGE@k.
    Coverage,
    /// ANN_RECALL@k.
    AnnRecall,
    /// ENCODE_COSINE: of the embeddings of the queries, whatever was found with them.
    EncodeCosine,
}

/// EXPLAIN.
#[derive(Clone, Debug, PartialEq)]
pub struct Explain {
    /// ANALYZE: run it and show rows and times.
    pub analyze: bool,
    /// VERBOSE: also the logical plan after each rule that changed it.
    pub verbose: bool,
    /// FORMAT JSON instead of TREE.
    pub json: bool,
    /// What is explained, optimised.
    pub plan: Box<LogicalPlan>,
    /// With VERBOSE: (rule, plan printed after it), the bound plan first under the name `bind`.
    pub rules: Vec<(String, String)>,
}

/// SHOW.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Show {
    /// Objects of a kind.
    Objects(ObjectKind),
    /// All settings.
    Settings,
    /// Jobs, finished ones too.
    Jobs,
    /// One setting.
    Setting(String),
}
