//! The binder's view of the database: [`argtop_query::catalog::Catalog`] over one snapshot.

use std::sync::Arc;

use argtop_query::catalog::{
    AuxiliaryInfo, Catalog, ClassifierInfo, ColumnInfo, FusionInfo, GeneratedColumn, IndexInfo, IndexMethod,
    IndexTarget, ModelInfo, ModelNumbers, ObjectKind, PipelineInfo, ReadCall, TableInfo,
};
use argtop_query::{DataType, Value, VectorFormat};
use argtop_storage::{
    ColumnRecord, ColumnType, GeneratedRecord, ModelType, Object, ObjectId, ObjectKind as StoredKind,
    RowFormat, TableRecord,
};

use crate::import;
use crate::settings::Settings;
use crate::view::View;

/// Names, columns and dimensions of one snapshot, and the settings of one session.
pub(crate) struct ViewCatalog<'a> {
    view: &'a View,
    settings: &'a Settings,
}

impl<'a> ViewCatalog<'a> {
    /// The catalog of a view.
    pub(crate) fn new(view: &'a View, settings: &'a Settings) -> ViewCatalog<'a> {
        ViewCatalog { view, settings }
    }

    fn object(&self, kind: StoredKind, name: &str) -> Option<Arc<Object>> {
        self.view.catalog().find(kind, name).cloned()
    }

    fn table_name(&self, id: ObjectId) -> Option<String> {
        self.view.catalog().get(id).map(|object| object.name().to_string())
    }
}

impl Catalog for ViewCatalog<'_> {
    fn table(&self, name: &str) -> Option<Arc<TableInfo>> {
        match &*self.object(StoredKind::Table, name)? {
            Object::Table(record) => Some(Arc::new(table_info(record))),
            _ => None,
        }
    }

    fn model(&self, name: &str) -> Option<ModelInfo> {
        match &*self.object(StoredKind::Model, name)? {
            Object::Model(record) => Some(ModelInfo {
                name: record.name.clone(),
                dimension: record.dimension,
                numbers: match record.dtype {
                    ModelType::F32 => ModelNumbers::F32,
                    ModelType::Int8 => ModelNumbers::Int8,
                    ModelType::F16 => ModelNumbers::F16,
                },
            }),
            _ => None,
        }
    }

    fn auxiliary(&self, name: &str) -> Option<AuxiliaryInfo> {
        match &*self.object(StoredKind::Auxiliary, name)? {
            Object::Auxiliary(record) => Some(AuxiliaryInfo {
                name: record.name.clone(),
                table: self.table_name(record.table)?,
                dimension: record.dimension,
            }),
            _ => None,
        }
    }

    fn index(&self, name: &str) -> Option<IndexInfo> {
        let object = self.object(StoredKind::Index, name)?;
        let Object::Index(record) = &*object else { return None };
        let method = match record.method.as_str() {
            "flat" => IndexMethod::Flat,
            "ann" => IndexMethod::Ann,
            "faiss" => IndexMethod::Faiss,
            "elias" => IndexMethod::Elias,
            "fts" => IndexMethod::Fts,
            _ => return None,
        };
        let table = self.view.catalog().get(record.table)?;
        let Object::Table(table) = &**table else { return None };
        let (target, dimension) = match (record.column, record.classifier) {
            (_, Some(classifier)) => match &**self.view.catalog().get(classifier)? {
                Object::Classifier(classifier) => {
                    (IndexTarget::Classifier(classifier.name.clone()), classifier.dimension)
                }
                _ => return None,
            },
            (Some(column), None) => {
                let column = table.columns.iter().find(|candidate| candidate.id == column)?;
                let dimension = match (&column.column_type, method) {
                    (ColumnType::Vector { dimension, .. }, _) => *dimension,
                    (ColumnType::Text, IndexMethod::Fts) => 0,
                    _ => return None,
                };
                (IndexTarget::Column(column.name.clone()), dimension)
            }
            (None, None) => return None,
        };
        Some(IndexInfo { name: record.name.clone(), table: table.name.clone(), method, target, dimension })
    }

    fn classifier(&self, name: &str) -> Option<ClassifierInfo> {
        match &*self.object(StoredKind::Classifier, name)? {
            Object::Classifier(record) => Some(ClassifierInfo {
                name: record.name.clone(),
                table: self.table_name(record.table)?,
                dimension: record.dimension,
            }),
            _ => None,
        }
    }

    fn pipeline(&self, name: &str) -> Option<PipelineInfo> {
        match &*self.object(StoredKind::Pipeline, name)? {
            Object::Pipeline(record) => Some(PipelineInfo {
                name: record.name.clone(),
                table: self.table_name(record.table)?,
                sql: record.sql.clone(),
            }),
            _ => None,
        }
    }

    fn fusion(&self, name: &str) -> Option<FusionInfo> {
        match &*self.object(StoredKind::Fusion, name)? {
            Object::Fusion(record) => Some(FusionInfo {
                name: record.name.clone(),
                table: self.table_name(record.table)?,
                features: record.features.clone(),
            }),
            _ => None,
        }
    }

    fn names(&self, kind: ObjectKind) -> Vec<String> {
        let kind = stored_kind(kind);
        self.view.catalog().of_kind(kind).map(|object| object.name().to_string()).collect()
    }

    fn file_columns(&self, call: &ReadCall) -> Result<Vec<(String, DataType)>, String> {
        let inner = self.view.inner();
        import::columns_of(call, &inner.access, &inner.import_limits).map_err(|error| error.to_string())
    }

    fn setting(&self, name: &str) -> Option<Value> {
        self.settings.show(name)
    }

    fn setting_names(&self) -> Vec<String> {
        let names = self.settings.all().into_iter().map(|[name, ..]| name);
        names.filter_map(|name| if let Value::Text(name) = name { Some(name) } else { None }).collect()
    }
}

/// The catalog kinds of the language in storage's words.
pub(crate) fn stored_kind(kind: ObjectKind) -> StoredKind {
    match kind {
        ObjectKind::Table => StoredKind::Table,
        ObjectKind::Model => StoredKind::Model,
        ObjectKind::Auxiliary => StoredKind::Auxiliary,
        ObjectKind::Index => StoredKind::Index,
        ObjectKind::Classifier => StoredKind::Classifier,
        ObjectKind::Pipeline => StoredKind::Pipeline,
        ObjectKind::Fusion => StoredKind::Fusion,
    }
}

/// A stored table as the language sees it.
pub(crate) fn table_info(record: &TableRecord) -> TableInfo {
    TableInfo {
        name: record.name.clone(),
        columns: record.columns.iter().map(column_info).collect(),
        primary_key: record.primary_key,
        default_pipeline: record.default_pipeline.clone(),
    }
}

fn column_info(record: &ColumnRecord) -> ColumnInfo {
    ColumnInfo {
        name: record.name.clone(),
        data_type: data_type(&record.column_type),
        not_null: record.not_null,
        unique: record.unique,
        default: record.default.clone(),
        generated: record.generated.as_ref().map(|generated| GeneratedColumn {
            sql: generated.sql.clone(),
            model: generated.model.clone(),
            text: generated.text.clone(),
            auxiliary: generated.auxiliary.clone(),
            normalize: generated.normalize,
        }),
    }
}

/// The generated part of a column in storage's words.
pub(crate) fn generated_record(generated: &GeneratedColumn) -> GeneratedRecord {
    GeneratedRecord {
        sql: generated.sql.clone(),
        model: generated.model.clone(),
        text: generated.text.clone(),
        auxiliary: generated.auxiliary.clone(),
        normalize: generated.normalize,
    }
}

/// A stored column's type in the language's words.
pub(crate) fn data_type(column_type: &ColumnType) -> DataType {
    match column_type {
        ColumnType::BigInt => DataType::BigInt,
        ColumnType::Integer => DataType::Integer,
        ColumnType::Double => DataType::Double,
        ColumnType::Real => DataType::Real,
        ColumnType::Boolean => DataType::Boolean,
        ColumnType::Text => DataType::Text,
        ColumnType::Timestamp => DataType::Timestamp,
        ColumnType::Json => DataType::Json,
        ColumnType::TextArray => DataType::List(Box::new(DataType::Text)),
        ColumnType::BigIntArray => DataType::List(Box::new(DataType::BigInt)),
        ColumnType::DoubleArray => DataType::List(Box::new(DataType::Double)),
        ColumnType::Vector { dimension, format } => {
            DataType::Vector { dimension: Some(*dimension), format: vector_format(*format) }
        }
    }
}

/// A type of the language as a column's; None for types no column has.
pub(crate) fn column_type(data_type: &DataType) -> Option<ColumnType> {
    Some(match data_type {
        DataType::BigInt => ColumnType::BigInt,
        DataType::Integer => ColumnType::Integer,
        DataType::Double => ColumnType::Double,
        DataType::Real => ColumnType::Real,
        DataType::Boolean => ColumnType::Boolean,
        DataType::Text => ColumnType::Text,
        DataType::Timestamp => ColumnType::Timestamp,
        DataType::Json => ColumnType::Json,
        DataType::List(element) if **element == DataType::Text => ColumnType::TextArray,
        DataType::List(element) if **element == DataType::BigInt => ColumnType::BigIntArray,
        DataType::List(element) if **element == DataType::Double => ColumnType::DoubleArray,
        DataType::Vector { dimension: Some(dimension), format } => {
            ColumnType::Vector { dimension: *dimension, format: row_format(*format) }
        }
        _ => return None,
    })
}

/// How storage packs a vector format.
pub(crate) fn row_format(format: VectorFormat) -> RowFormat {
    match format {
        VectorFormat::F32 => RowFormat::F32,
        VectorFormat::F16 => RowFormat::F16,
        VectorFormat::I8 => RowFormat::I8,
    }
}

fn vector_format(format: RowFormat) -> VectorFormat {
    match format {
        RowFormat::F32 => VectorFormat::F32,
        RowFormat::F16 => VectorFormat::F16,
        RowFormat::I8 => VectorFormat::I8,
    }
}
