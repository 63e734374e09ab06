//! Statements other than queries.

use super::{Chain, ColumnName, Expr, Ident, Override, Parameter, Query, SelectItem, TextLiteral, TypeName};
use crate::catalog::ObjectKind;
use crate::error::Span;
use crate::plan::Metric;

/// A statement and its parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// What it says.
    pub kind: StatementKind,
    /// Parameters in the order of the values to bind; `$3` alone asks for three values.
    pub parameters: Vec<Parameter>,
}

/// What a statement says.
#[derive(Clone, Debug, PartialEq)]
pub enum StatementKind {
    /// SELECT, VALUES.
    Query(Box<Query>),
    /// INSERT.
    Insert(Box<Insert>),
    /// UPDATE.
    Update(Box<Update>),
    /// DELETE.
    Delete(Box<Delete>),
    /// COPY ... FROM.
    Copy(Box<Copy>),
    /// COPY ... TO; `COPY t TO` is a query over all its columns.
    CopyTo(Box<CopyTo>),
    /// CREATE MODEL.
    CreateModel(Box<CreateModel>),
    /// QUANTIZE MODEL.
    QuantizeModel(Box<QuantizeModel>),
    /// CREATE TABLE.
    CreateTable(Box<CreateTable>),
    /// CREATE AUXILIARY.
    CreateAuxiliary(Box<CreateOnTable>),
    /// CREATE INDEX.
    CreateIndex(Box<CreateIndex>),
    /// CREATE CLASSIFIER.
    CreateClassifier(Box<CreateOnTable>),
    /// CREATE PIPELINE.
    CreatePipeline(Box<CreatePipeline>),
    /// CREATE FUSION.
    CreateFusion(Box<CreateFusion>),
    /// TRAIN.
    Train(Box<Train>),
    /// ALTER TABLE t SET DEFAULT PIPELINE p, ALTER TABLE t RESET DEFAULT PIPELINE.
    SetDefaultPipeline {
        /// Table.
        table: Ident,
        /// Pipeline; None: RESET.
        pipeline: Option<Ident>,
    },
    /// DROP.
    Drop {
        /// Kind.
        kind: ObjectKind,
        /// Name.
        name: Ident,
        /// IF EXISTS.
        if_exists: bool,
    },
    /// REINDEX.
    Reindex {
        /// Index.
        name: Ident,
    },
    /// EVALUATE.
    Evaluate(Box<Evaluate>),
    /// EXPLAIN.
    Explain(Box<Explain>),
    /// SET name = value, PRAGMA name = value.
    Set {
        /// Setting, the parts of a dotted name joined by dots.
        name: Ident,
        /// Value; a bare word is a text literal.
        value: Expr,
    },
    /// RESET name.
    Reset {
        /// Setting, the parts of a dotted name joined by dots.
        name: Ident,
    },
    /// SHOW, PRAGMA name.
    Show(Show),
    /// DESCRIBE.
    Describe {
        /// Object of any kind.
        name: Ident,
    },
    /// CHECK DATABASE.
    CheckDatabase,
    /// CANCEL JOB n.
    CancelJob {
        /// Number of the job.
        number: u64,
    },
    /// WAIT FOR JOB n.
    WaitForJob {
        /// Number of the job.
        number: u64,
    },
}

/// INSERT INTO.
#[derive(Clone, Debug, PartialEq)]
pub struct Insert {
    /// Table.
    pub table: Ident,
    /// Columns named; empty: all that are not generated, in the order of CREATE TABLE.
    pub columns: Vec<Ident>,
    /// Rows: VALUES or SELECT.
    pub source: Box<Query>,
    /// ON CONFLICT.
    pub on_conflict: Option<OnConflict>,
    /// RETURNING; empty: none.
    pub returning: Vec<SelectItem>,
}

/// ON CONFLICT \[(column)\] DO ...
#[derive(Clone, Debug, PartialEq)]
pub struct OnConflict {
    /// The columns named, which must be the primary key; empty: not named.
    pub columns: Vec<Ident>,
    /// DO.
    pub action: ConflictAction,
    /// Where.
    pub span: Span,
}

/// DO of an ON CONFLICT.
#[derive(Clone, Debug, PartialEq)]
pub enum ConflictAction {
    /// NOTHING.
    Nothing,
    /// UPDATE SET; `excluded.x` is the row that was to be inserted.
    Update(Vec<Assignment>),
}

/// `column = expr`.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// Column.
    pub column: Ident,
    /// New value.
    pub value: Expr,
}

/// UPDATE.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// Table.
    pub table: Ident,
    /// SET, at least one.
    pub assignments: Vec<Assignment>,
    /// WHERE.
    pub filter: Option<Expr>,
    /// RETURNING; empty: none.
    pub returning: Vec<SelectItem>,
}

/// DELETE FROM.
#[derive(Clone, Debug, PartialEq)]
pub struct Delete {
    /// Table.
    pub table: Ident,
    /// WHERE.
    pub filter: Option<Expr>,
    /// RETURNING; empty: none.
    pub returning: Vec<SelectItem>,
}

/// COPY target FROM 'file'.
#[derive(Clone, Debug, PartialEq)]
pub struct Copy {
    /// Where to.
    pub target: ImportTarget,
    /// File.
    pub path: TextLiteral,
    /// FORMAT, lower case.
    pub format: Option<Ident>,
    /// Other options, no name twice.
    pub options: Vec<OptionItem>,
}

/// Target of a COPY FROM.
#[derive(Clone, Debug, PartialEq)]
pub enum ImportTarget {
    /// A table.
    Table {
        /// Table.
        table: Ident,
        /// Columns that the file fills; empty: by the names in the file.
        columns: Vec<Ident>,
    },
    /// CLASSIFIER name.
    Classifier(Ident),
    /// AUXILIARY name.
    Auxiliary(Ident),
}

/// COPY (query) TO 'file'.
#[derive(Clone, Debug, PartialEq)]
pub struct CopyTo {
    /// Rows.
    pub source: CopySource,
    /// File.
    pub path: TextLiteral,
    /// FORMAT, lower case.
    pub format: Option<Ident>,
    /// Other options, no name twice.
    pub options: Vec<OptionItem>,
}

/// Rows of a COPY TO.
#[derive(Clone, Debug, PartialEq)]
pub enum CopySource {
    /// A query.
    Query(Box<Query>),
    /// The result of an EVALUATE.
    Evaluate(Box<Evaluate>),
}

/// An option: `name = value` in WITH, `NAME value` in COPY.
#[derive(Clone, Debug, PartialEq)]
pub struct OptionItem {
    /// Name.
    pub name: Ident,
    /// Value.
    pub value: OptionValue,
}

/// Value of an option.
#[derive(Clone, Debug, PartialEq)]
pub enum OptionValue {
    /// An expression; a bare word is a text literal.
    Expr(Expr),
    /// `(SELECT ...)`.
    Query(Box<Query>),
    /// `(a = b, ...)` of COPY's MAP: (table column, name in the file).
    Map(Vec<(Ident, Ident)>),
}

/// CREATE MODEL.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateModel {
    /// Name.
    pub name: Ident,
    /// OR REPLACE.
    pub or_replace: bool,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// ONNX file.
    pub path: TextLiteral,
    /// TOKENIZER.
    pub tokenizer: Option<TextLiteral>,
    /// WITH, no name twice.
    pub options: Vec<OptionItem>,
}

/// QUANTIZE MODEL model AS name \[WITH (...)\].
#[derive(Clone, Debug, PartialEq)]
pub struct QuantizeModel {
    /// The model that is there.
    pub model: Ident,
    /// AS: the new one.
    pub name: Ident,
    /// WITH, no name twice.
    pub options: Vec<OptionItem>,
}

/// CREATE TABLE.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateTable {
    /// Name.
    pub name: Ident,
    /// OR REPLACE.
    pub or_replace: bool,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// At least one column, no name twice. `PRIMARY KEY (x)` and `UNIQUE (x)` behind the columns mark the
    /// column.
    pub columns: Vec<ColumnDef>,
    /// WITH, no name twice.
    pub options: Vec<OptionItem>,
}

/// A column of CREATE TABLE.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnDef {
    /// Name.
    pub name: Ident,
    /// Type.
    pub data_type: TypeName,
    /// PRIMARY KEY.
    pub primary_key: bool,
    /// NOT NULL.
    pub not_null: bool,
    /// UNIQUE.
    pub unique: bool,
    /// DEFAULT.
    pub default: Option<Expr>,
    /// GENERATED ALWAYS AS (expr) STORED.
    pub generated: Option<Expr>,
}

/// CREATE AUXILIARY, CREATE CLASSIFIER.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateOnTable {
    /// Name.
    pub name: Ident,
    /// OR REPLACE.
    pub or_replace: bool,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// ON.
    pub table: Ident,
    /// WITH, no name twice.
    pub options: Vec<OptionItem>,
}

/// CREATE INDEX.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateIndex {
    /// Name.
    pub name: Ident,
    /// OR REPLACE.
    pub or_replace: bool,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// ON.
    pub table: Ident,
    /// USING.
    pub method: Ident,
    /// Vector column, or classifier of the table.
    pub target: Ident,
    /// WITH, no name twice.
    pub options: Vec<OptionItem>,
}

/// CREATE PIPELINE name ON table (AS chain | INHERITS parent \[(overrides)\] \[AS chain\]).
#[derive(Clone, Debug, PartialEq)]
pub struct CreatePipeline {
    /// Name.
    pub name: Ident,
    /// OR REPLACE.
    pub or_replace: bool,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// ON.
    pub table: Ident,
    /// INHERITS.
    pub inherits: Option<Inherits>,
    /// AS. None only with INHERITS: the parent's stages and score. With both, the stages are these ones and
    /// the parent's SCORE BY holds where this chain has none.
    pub chain: Option<Chain>,
}

/// INHERITS parent \[(stage.option => value, ...)\].
#[derive(Clone, Debug, PartialEq)]
pub struct Inherits {
    /// Pipeline.
    pub parent: Ident,
    /// Overridden options; empty where a chain is given too.
    pub overrides: Vec<Override>,
}

/// CREATE FUSION name ON table USING method (feature, ...).
#[derive(Clone, Debug, PartialEq)]
pub struct CreateFusion {
    /// Name.
    pub name: Ident,
    /// OR REPLACE.
    pub or_replace: bool,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// ON.
    pub table: Ident,
    /// USING.
    pub method: Ident,
    /// At least one feature: `<stage>.score`, `<stage>.rank` or `inverse_propensity`.
    pub features: Vec<ColumnName>,
    /// WITH, no name twice.
    pub options: Vec<OptionItem>,
}

/// TRAIN kind name FROM (SELECT ...) \[WITH (...)\] \[CONCURRENTLY\].
#[derive(Clone, Debug, PartialEq)]
pub struct Train {
    /// CLASSIFIER, INDEX, AUXILIARY or FUSION.
    pub kind: ObjectKind,
    /// Name.
    pub name: Ident,
    /// FROM; a table or read function alone is a query over all its columns.
    pub source: Box<Query>,
    /// WITH, no name twice.
    pub options: Vec<OptionItem>,
    /// CONCURRENTLY: as a job.
    pub concurrently: bool,
}

/// EVALUATE.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluate {
    /// At least one system.
    pub targets: Vec<EvaluateTarget>,
    /// FROM (SELECT ...).
    pub source: Box<Query>,
    /// METRICS, at least one.
    pub metrics: Vec<MetricName>,
    /// AGAINST EXACT.
    pub against_exact: bool,
    /// BY.
    pub by: Option<EvaluateBy>,
    /// WITH, no name twice.
    pub options: Vec<OptionItem>,
}

/// One system under EVALUATE; its `Display` is its name in the result.
#[derive(Clone, Debug, PartialEq)]
pub enum EvaluateTarget {
    /// PIPELINE name \[(stage.option => value, ...)\].
    Pipeline {
        /// Pipeline.
        name: Ident,
        /// Overridden options.
        overrides: Vec<Override>,
    },
    /// EXACT ON table.
    Exact {
        /// Table.
        table: Ident,
    },
    /// (SELECT ... FROM t SEARCH text ...).
    Query(Box<Query>),
}

/// A metric with its cut, as `P@5`, or without one, as `ENCODE_COSINE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetricName {
    /// Metric.
    pub metric: Metric,
    /// Where.
    pub span: Span,
}

/// BY of EVALUATE.
#[derive(Clone, Debug, PartialEq)]
pub enum EvaluateBy {
    /// BY label_decile.
    LabelDecile,
    /// BY expr over the source's columns.
    Expr(Expr),
}

/// EXPLAIN.
#[derive(Clone, Debug, PartialEq)]
pub struct Explain {
    /// ANALYZE.
    pub analyze: bool,
    /// VERBOSE.
    pub verbose: bool,
    /// FORMAT JSON.
    pub json: bool,
    /// What is explained; never an EXPLAIN.
    pub statement: StatementKind,
}

/// SHOW.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Show {
    /// Objects of a kind.
    Objects(ObjectKind),
    /// SETTINGS.
    Settings,
    /// JOBS.
    Jobs,
    /// One setting, the parts of a dotted name joined by dots.
    Setting(Ident),
}
