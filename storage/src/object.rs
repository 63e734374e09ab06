//! The records of the catalog: what a database knows about its models, tables, indexes and the rest.
//!
//! They are kept as JSON, so that later versions can add fields with `#[serde(default)]`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::codec::RowFormat;
use crate::error::CodecError;
use crate::key::ObjectId;

/// The kinds of objects. Names are unique within a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ObjectKind {
    /// A model that turns text into vectors.
    Model,
    /// A table of labels.
    Table,
    /// Auxiliary labels of a table.
    Auxiliary,
    /// An index.
    Index,
    /// A matrix of classifiers, one row a label.
    Classifier,
    /// A named chain of stages.
    Pipeline,
    /// A learned formula over the scores of stages.
    Fusion,
}

impl ObjectKind {
    /// All kinds.
    pub const ALL: [ObjectKind; 7] = [
        ObjectKind::Model,
        ObjectKind::Table,
        ObjectKind::Auxiliary,
        ObjectKind::Index,
        ObjectKind::Classifier,
        ObjectKind::Pipeline,
        ObjectKind::Fusion,
    ];

    /// The kind in words, as messages name it.
    pub fn name(self) -> &'static str {
        match self {
            ObjectKind::Model => "model",
            ObjectKind::Table => "table",
            ObjectKind::Auxiliary => "auxiliary",
            ObjectKind::Index => "index",
            ObjectKind::Classifier => "classifier",
            ObjectKind::Pipeline => "pipeline",
            ObjectKind::Fusion => "fusion",
        }
    }
}

/// An object of the catalog.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Object {
    /// A model.
    Model(ModelRecord),
    /// A table.
    Table(TableRecord),
    /// Auxiliary labels.
    Auxiliary(AuxiliaryRecord),
    /// An index.
    Index(IndexRecord),
    /// Classifiers.
    Classifier(ClassifierRecord),
    /// A pipeline.
    Pipeline(PipelineRecord),
    /// A fusion.
    Fusion(FusionRecord),
}

impl Object {
    /// The object's number.
    pub fn id(&self) -> ObjectId {
        match self {
            Object::Model(record) => record.id,
            Object::Table(record) => record.id,
            Object::Auxiliary(record) => record.id,
            Object::Index(record) => record.id,
            Object::Classifier(record) => record.id,
            Object::Pipeline(record) => record.id,
            Object::Fusion(record) => record.id,
        }
    }

    /// The object's name.
    pub fn name(&self) -> &str {
        match self {
            Object::Model(record) => &record.name,
            Object::Table(record) => &record.name,
            Object::Auxiliary(record) => &record.name,
            Object::Index(record) => &record.name,
            Object::Classifier(record) => &record.name,
            Object::Pipeline(record) => &record.name,
            Object::Fusion(record) => &record.name,
        }
    }

    /// The object's kind.
    pub fn kind(&self) -> ObjectKind {
        match self {
            Object::Model(_) => ObjectKind::Model,
            Object::Table(_) => ObjectKind::Table,
            Object::Auxiliary(_) => ObjectKind::Auxiliary,
            Object::Index(_) => ObjectKind::Index,
            Object::Classifier(_) => ObjectKind::Classifier,
            Object::Pipeline(_) => ObjectKind::Pipeline,
            Object::Fusion(_) => ObjectKind::Fusion,
        }
    }

    /// The table that the object belongs to; for a table, itself.
    pub fn table(&self) -> Option<ObjectId> {
        match self {
            Object::Model(_) => None,
            Object::Table(record) => Some(record.id),
            Object::Auxiliary(record) => Some(record.table),
            Object::Index(record) => Some(record.table),
            Object::Classifier(record) => Some(record.table),
            Object::Pipeline(record) => Some(record.table),
            Object::Fusion(record) => Some(record.table),
        }
    }

    /// The numbers under which the object keeps numeric rows: the columns of a table, and data ids.
    pub fn data_ids(&self) -> Vec<ObjectId> {
        match self {
            Object::Model(_) | Object::Pipeline(_) | Object::Fusion(_) => Vec::new(),
            Object::Table(record) => {
                let columns = record.columns.iter().map(|column| column.id);
                columns.chain(record.frequencies.as_ref().map(|frequencies| frequencies.data)).collect()
            }
            Object::Auxiliary(record) => vec![record.data],
            Object::Index(record) => record.data.into_iter().collect(),
            Object::Classifier(record) => {
                let vocabulary = record.sparse.as_ref().map(|sparse| sparse.vocabulary);
                [Some(record.data), vocabulary, record.adapter].into_iter().flatten().collect()
            }
        }
    }

    pub(crate) fn encode(&self) -> Result<Vec<u8>, CodecError> {
        let invalid = |error: serde_json::Error| CodecError::Invalid(error.to_string());
        let bytes = serde_json::to_vec(self).map_err(invalid)?;
        // JSON cannot hold NaN or infinity and would lose them; a record that does not come back must not be
        // written.
        if Object::decode(&bytes)? == *self {
            Ok(bytes)
        } else {
            Err(CodecError::Invalid(format!("{} {} does not survive JSON", self.kind().name(), self.name())))
        }
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Object, CodecError> {
        serde_json::from_slice(bytes).map_err(|error| CodecError::Invalid(error.to_string()))
    }
}

/// How token vectors become one vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pooling {
    /// The mean of the tokens that are not padding.
    Mean,
    /// The first token.
    Cls,
    /// The model's output is one vector already.
    None,
}

/// Numbers that a model computes with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelType {
    /// As the graph says.
    #[default]
    F32,
    /// Linear layers in 8 bits.
    Int8,
    /// Products in 16-bit floats.
    F16,
}

/// A model: an ONNX graph (blob part 0) and a tokenizer (blob part 1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelRecord {
    /// Number.
    pub id: ObjectId,
    /// Name.
    pub name: String,
    /// Components of an encoded vector.
    pub dimension: u32,
    /// How token vectors become one vector.
    pub pooling: Pooling,
    /// Whether vectors are scaled to length 1.
    pub normalize: bool,
    /// Tokens beyond this many are cut off.
    pub max_tokens: u32,
    /// Name of the graph's output.
    pub output: String,
    /// Names of the graph's inputs.
    pub inputs: Vec<String>,
    /// Numbers it computes with.
    #[serde(default)]
    pub dtype: ModelType,
    /// Device the model runs on.
    pub device: String,
    /// Device to use when the first is not there.
    pub fallback: Option<String>,
    /// SHA-256 of model and tokenizer in hexadecimal digits.
    pub fingerprint: String,
    /// Size of the graph in bytes.
    pub model_bytes: u64,
    /// Size of the tokenizer in bytes.
    pub tokenizer_bytes: u64,
    /// Where the model came from, as the statement gave it.
    pub source: String,
}

/// A table of labels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableRecord {
    /// Number.
    pub id: ObjectId,
    /// Name.
    pub name: String,
    /// Columns in order.
    pub columns: Vec<ColumnRecord>,
    /// Position of the primary key among the columns.
    pub primary_key: usize,
    /// Name of the pipeline that SEARCH runs when none is named.
    pub default_pipeline: Option<String>,
    /// Label frequencies of the last TRAIN; None before the first.
    #[serde(default)]
    pub frequencies: Option<FrequencyRecord>,
}

/// How often each label of a table occurred in the points of the last TRAIN: N and N_l of the propensity
/// model of Jain, Prabhu and Varma (KDD 2016).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrequencyRecord {
    /// Data id of the rows in the family of auxiliary clusters: slot to u32 in little-endian order. A slot
    /// without a row occurred in no point.
    pub data: ObjectId,
    /// Number of points.
    pub points: u64,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnRecord {
    /// Number; vectors are kept under it.
    pub id: ObjectId,
    /// Name.
    pub name: String,
    /// Type.
    pub column_type: ColumnType,
    /// Whether NULL is refused.
    pub not_null: bool,
    /// Whether values must differ.
    pub unique: bool,
    /// SQL of the default value.
    pub default: Option<String>,
    /// How a generated column is computed.
    pub generated: Option<GeneratedRecord>,
}

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    /// 64-bit whole number.
    BigInt,
    /// 32-bit whole number.
    Integer,
    /// 64-bit number.
    Double,
    /// 32-bit number.
    Real,
    /// Truth value.
    Boolean,
    /// Text.
    Text,
    /// Moment in microseconds since 1970, UTC.
    Timestamp,
    /// JSON document.
    Json,
    /// List of texts.
    TextArray,
    /// List of whole numbers.
    BigIntArray,
    /// List of numbers.
    DoubleArray,
    /// Vector; not kept in the record but in a row of its own.
    Vector {
        /// Components.
        dimension: u32,
        /// How rows are packed.
        format: RowFormat,
    },
}

/// How a generated column is computed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GeneratedRecord {
    /// SQL of the whole expression.
    pub sql: String,
    /// Name of the model that encodes.
    pub model: String,
    /// SQL of the text expression that is encoded.
    pub text: String,
    /// Name of the auxiliary whose vectors refine the encoding.
    pub auxiliary: Option<String>,
    /// Whether vectors are scaled to length 1.
    pub normalize: bool,
}

/// Auxiliary labels: clusters of the labels of a table, each with a vector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuxiliaryRecord {
    /// Number.
    pub id: ObjectId,
    /// Name.
    pub name: String,
    /// Table.
    pub table: ObjectId,
    /// The generated vector column it serves.
    pub column: Option<ObjectId>,
    /// Data id of vectors and assignments.
    pub data: ObjectId,
    /// Number of clusters.
    pub clusters: u32,
    /// Components of a vector.
    pub dimension: u32,
    /// Labels that have an auxiliary of their own.
    pub head_labels: u32,
    /// Whether the vectors were trained.
    pub trained: bool,
    /// What the last TRAIN measured.
    #[serde(default)]
    pub statistics: BTreeMap<String, String>,
}

/// An index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IndexRecord {
    /// Number.
    pub id: ObjectId,
    /// Name.
    pub name: String,
    /// Table.
    pub table: ObjectId,
    /// Column that is indexed.
    pub column: Option<ObjectId>,
    /// Classifier that is indexed.
    pub classifier: Option<ObjectId>,
    /// Method: `flat`, `hnsw`, `text` and so on.
    pub method: String,
    /// Options as the statement gave them.
    pub options: BTreeMap<String, String>,
    /// Data id of rows that the index keeps in the store.
    pub data: Option<ObjectId>,
    /// Sequence of the last build; 0 before the first.
    pub built_seq: u64,
    /// What the last build measured.
    pub statistics: BTreeMap<String, String>,
}

/// How a classifier's score becomes a probability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Link {
    /// Cosine of query and row.
    Cosine,
    /// Logistic function of product and bias.
    Sigmoid,
}

/// A matrix of classifiers, one row a label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassifierRecord {
    /// Number.
    pub id: ObjectId,
    /// Name.
    pub name: String,
    /// Table.
    pub table: ObjectId,
    /// Vector column that rows start from.
    pub column: ObjectId,
    /// Data id of the rows.
    pub data: ObjectId,
    /// Components of a row, without the bias.
    pub dimension: u32,
    /// How rows are packed.
    pub format: RowFormat,
    /// Whether a row ends in a bias.
    pub bias: bool,
    /// How a score becomes a probability.
    pub link: Link,
    /// Factor from vector to row for labels that came after training.
    pub scale: f64,
    /// Bias of labels that came after training.
    pub offset: f64,
    /// Options as the statement gave them.
    pub options: BTreeMap<String, String>,
    /// Set where a row is sparse and over terms of the text; None for dense rows.
    #[serde(default)]
    pub sparse: Option<SparseRecord>,
    /// Data id of the map that the query's vector goes through first, kept with the classifiers.
    #[serde(default)]
    pub adapter: Option<ObjectId>,
    /// What the last TRAIN measured.
    #[serde(default)]
    pub statistics: BTreeMap<String, String>,
}

/// The features of a sparse classifier: TF-IDF of a text's terms, and its embedding.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SparseRecord {
    /// Data id of the vocabulary, kept with the classifiers.
    pub vocabulary: ObjectId,
    /// Number of terms in the vocabulary.
    pub terms: u64,
    /// Words of the longest term.
    pub ngrams: u32,
    /// The fewest and the most characters of character n-grams, where they are terms too.
    pub char_ngrams: Option<(u32, u32)>,
    /// Whether repeated terms count by their logarithm.
    pub sublinear: bool,
    /// Number of texts that the terms were counted in.
    pub documents: u64,
    /// Whether the embedding stands behind the terms.
    pub embedding: bool,
    /// Factor of the embedding in the row of a label that came after training.
    pub embedding_scale: f64,
}

/// A named chain of stages over a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PipelineRecord {
    /// Number.
    pub id: ObjectId,
    /// Name.
    pub name: String,
    /// Table.
    pub table: ObjectId,
    /// Text of the chain.
    pub sql: String,
    /// Name of the pipeline it extends.
    pub inherits: Option<String>,
    /// Options as the statement gave them.
    pub options: BTreeMap<String, String>,
}

/// A learned formula over the scores of stages: the fusion of NGAME (WSDM 2023) and plainer ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FusionRecord {
    /// Number.
    pub id: ObjectId,
    /// Name.
    pub name: String,
    /// Table.
    pub table: ObjectId,
    /// Method: `tree`, `boosted` or `linear`.
    pub method: String,
    /// Arguments in order: `<stage>.score`, `<stage>.rank` or `inverse_propensity`.
    pub features: Vec<String>,
    /// JSON text of the trained model; None before the first TRAIN.
    pub model: Option<String>,
    /// Options as the statement gave them.
    pub options: BTreeMap<String, String>,
    /// What the last TRAIN measured.
    pub statistics: BTreeMap<String, String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classifier(scale: f64) -> Object {
        Object::Classifier(ClassifierRecord {
            id: ObjectId(7),
            name: "c".into(),
            table: ObjectId(1),
            column: ObjectId(2),
            data: ObjectId(8),
            dimension: 4,
            format: RowFormat::F16,
            bias: true,
            link: Link::Sigmoid,
            scale,
            offset: -0.1,
            options: BTreeMap::new(),
            sparse: None,
            adapter: None,
            statistics: BTreeMap::new(),
        })
    }

    #[test]
    fn every_data_id_of_a_record_is_told() {
        let Object::Classifier(mut record) = classifier(1.0) else { unreachable!() };
        let vocabulary = ObjectId(9);
        record.sparse = Some(SparseRecord { vocabulary, terms: 3, ngrams: 2, ..SparseRecord::default() });
        record.adapter = Some(ObjectId(10));
        assert_eq!(Object::Classifier(record).data_ids(), [ObjectId(8), vocabulary, ObjectId(10)]);
        let table = Object::Table(TableRecord {
            id: ObjectId(1),
            name: "t".into(),
            columns: Vec::new(),
            primary_key: 0,
            default_pipeline: None,
            frequencies: Some(FrequencyRecord { data: ObjectId(11), points: 5 }),
        });
        assert_eq!(table.data_ids(), [ObjectId(11)]);
    }

    #[test]
    fn records_of_earlier_versions_are_read() {
        let text = r#"{"table":{"id":1,"name":"t","columns":[],"primary_key":0,"default_pipeline":null}}"#;
        let Object::Table(table) = Object::decode(text.as_bytes()).unwrap() else { unreachable!() };
        assert_eq!(table.frequencies, None);
    }

    #[test]
    fn objects_round_trip_exactly() {
        let object = classifier(1.0 / 3.0);
        assert_eq!(Object::decode(&object.encode().unwrap()).unwrap(), object);
    }

    #[test]
    fn numbers_that_json_would_lose_are_refused() {
        assert!(classifier(f64::NAN).encode().is_err());
        assert!(classifier(f64::INFINITY).encode().is_err());
    }

    #[test]
    fn unknown_fields_of_later_versions_are_ignored() {
        let text =
            r#"{"pipeline":{"id":1,"name":"p","table":2,"sql":"s","inherits":null,"options":{},"new":3}}"#;
        assert_eq!(Object::decode(text.as_bytes()).unwrap().name(), "p");
    }
}
