//! What the binder may ask about the database: names, columns, dimensions. Nothing else is visible here.

use std::sync::Arc;

use crate::value::{DataType, Value};

/// The narrow waist between the language and the database; the engine implements it over one snapshot,
/// tests over a fixed list.
pub trait Catalog {
    /// The table of this name.
    fn table(&self, name: &str) -> Option<Arc<TableInfo>>;
    /// The model of this name.
    fn model(&self, name: &str) -> Option<ModelInfo>;
    /// The auxiliary of this name.
    fn auxiliary(&self, name: &str) -> Option<AuxiliaryInfo>;
    /// The index of this name.
    fn index(&self, name: &str) -> Option<IndexInfo>;
    /// The classifier of this name.
    fn classifier(&self, name: &str) -> Option<ClassifierInfo>;
    /// The pipeline of this name.
    fn pipeline(&self, name: &str) -> Option<PipelineInfo>;
    /// The fusion of this name.
    fn fusion(&self, name: &str) -> Option<FusionInfo>;
    /// All names of a kind in order, for "did you mean".
    fn names(&self, kind: ObjectKind) -> Vec<String>;
    /// Columns and types that a read function (`read_xc`, `read_jsonl`, `read_csv`, `read_parquet`,
    /// `read_npy`) will yield.
    ///
    /// # Errors
    /// A message that names the file and the fix when it cannot be opened or understood.
    fn file_columns(&self, call: &ReadCall) -> Result<Vec<(String, DataType)>, String>;
    /// The setting's current value, or None where no setting has this name.
    fn setting(&self, name: &str) -> Option<Value>;
    /// All names of settings in order, for "did you mean".
    fn setting_names(&self) -> Vec<String>;
}

/// Kinds of schema objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ObjectKind {
    /// CREATE TABLE.
    Table,
    /// CREATE MODEL.
    Model,
    /// CREATE AUXILIARY.
    Auxiliary,
    /// CREATE INDEX.
    Index,
    /// CREATE CLASSIFIER.
    Classifier,
    /// CREATE PIPELINE.
    Pipeline,
    /// CREATE FUSION.
    Fusion,
}

/// A table as the binder sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct TableInfo {
    /// Name.
    pub name: String,
    /// Columns in the order of CREATE TABLE.
    pub columns: Vec<ColumnInfo>,
    /// Position of the primary key in `columns`; BIGINT or TEXT.
    pub primary_key: usize,
    /// Pipeline that SEARCH without VIA uses.
    pub default_pipeline: Option<String>,
}

/// A column as the binder sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnInfo {
    /// Name.
    pub name: String,
    /// Type; VECTOR with its dimension and format.
    pub data_type: DataType,
    /// NULL is refused.
    pub not_null: bool,
    /// Equal values are refused.
    pub unique: bool,
    /// SQL of the DEFAULT expression.
    pub default: Option<String>,
    /// Set for `GENERATED ALWAYS AS (...) STORED` embedding columns.
    pub generated: Option<GeneratedColumn>,
}

/// The parts of `[normalize(] encode(model, text) [+ aux(auxiliary)] [)]`.
#[derive(Clone, Debug, PartialEq)]
pub struct GeneratedColumn {
    /// The whole expression as valid SQL.
    pub sql: String,
    /// Name of the model.
    pub model: String,
    /// SQL of the text expression over the table's stored columns.
    pub text: String,
    /// Name of the auxiliary, which need not exist yet (its vectors count as zero until it does).
    pub auxiliary: Option<String>,
    /// Whether the sum is scaled to unit length.
    pub normalize: bool,
}

/// Numbers that a model computes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelNumbers {
    /// 32-bit floats.
    F32,
    /// Linear layers in 8 bits.
    Int8,
    /// Products in 16-bit floats.
    F16,
}

impl ModelNumbers {
    /// As in a message: what a model computes in.
    pub fn described(self) -> &'static str {
        match self {
            ModelNumbers::F32 => "f32",
            ModelNumbers::Int8 => "8 bits",
            ModelNumbers::F16 => "f16",
        }
    }
}

/// A model as the binder sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelInfo {
    /// Name.
    pub name: String,
    /// Width of the embedding.
    pub dimension: u32,
    /// What it computes in.
    pub numbers: ModelNumbers,
}

/// An auxiliary as the binder sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct AuxiliaryInfo {
    /// Name.
    pub name: String,
    /// Table it belongs to.
    pub table: String,
    /// Width of its vectors.
    pub dimension: u32,
}

/// Index methods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IndexMethod {
    /// Exact scan of a packed matrix.
    Flat,
    /// Lists of near rows, kept as signs and in 8 bits: the approximate index of argtop's own.
    Ann,
    /// A faiss index by factory string.
    Faiss,
    /// Cluster graph with sparse cluster-to-label edges (ELIAS, NeurIPS 2022).
    Elias,
    /// Inverted index of a text column, ranked by BM25.
    Fts,
}

/// What an index orders.
#[derive(Clone, Debug, PartialEq)]
pub enum IndexTarget {
    /// A vector column; a text column for [`IndexMethod::Fts`].
    Column(String),
    /// The rows of a classifier.
    Classifier(String),
}

/// An index as the binder sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexInfo {
    /// Name.
    pub name: String,
    /// Table it belongs to.
    pub table: String,
    /// Method.
    pub method: IndexMethod,
    /// Vector column, text column or classifier.
    pub target: IndexTarget,
    /// Width of the vectors; 0 for an index of texts.
    pub dimension: u32,
}

/// A classifier as the binder sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassifierInfo {
    /// Name.
    pub name: String,
    /// Table it belongs to.
    pub table: String,
    /// Width of a row.
    pub dimension: u32,
}

/// A stored pipeline.
#[derive(Clone, Debug, PartialEq)]
pub struct PipelineInfo {
    /// Name.
    pub name: String,
    /// Table it belongs to.
    pub table: String,
    /// The chain as valid SQL, `chain [SCORE BY expr]`.
    pub sql: String,
}

/// A fusion as the binder sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct FusionInfo {
    /// Name.
    pub name: String,
    /// Table it belongs to.
    pub table: String,
    /// What its arguments stand for, in order.
    pub features: Vec<String>,
}

/// A call of a read function with constant arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadCall {
    /// `read_xc`, `read_jsonl`, `read_csv`, `read_parquet` or `read_npy`.
    pub function: ReadFunction,
    /// The path or glob.
    pub path: String,
    /// Named arguments (`truth => ...`) in the order written.
    pub options: Vec<(String, Value)>,
    /// ON_ERROR 'skip': a row that cannot be read is an error by itself, with other rows behind it.
    pub skips: bool,
}

/// The read functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReadFunction {
    /// XC repository layout: `qid TEXT, text TEXT, labels BIGINT[], relevance DOUBLE[], exclude BIGINT[]`.
    Xc,
    /// One JSON object a line, `.gz` or `.zst` by extension.
    Jsonl,
    /// CSV with a header line.
    Csv,
    /// Columns in row groups, with their names and types.
    Parquet,
    /// A NumPy matrix: `row BIGINT, vector VECTOR(D)`.
    Npy,
}
