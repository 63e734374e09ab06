//! Rows as a Parquet file: values wait in columns until a row group is full, then all of them are written.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use argtop_query::value::{DataType, Value};
use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, FloatType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{Type, TypePtr};

use super::{ExportError, OutputFile, push_json, repeated};
use crate::import::{self, ImportError};

/// Rows of a row group.
const GROUP_ROWS_MAX: usize = 1 << 17;
/// Bytes of values, after which a row group ends; this is what waits in memory.
const GROUP_BYTES_MAX: usize = 32 << 20;

/// The columns of files to be written.
#[derive(Debug)]
pub(crate) struct RowSchema {
    path: PathBuf,
    columns: Vec<(String, Form)>,
    root: TypePtr,
}

/// How the values of a column are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Form {
    kind: Kind,
    list: Option<Elements>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Elements {
    /// Those of an array.
    Nullable,
    /// Those of a vector.
    Required,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Boolean,
    Int32,
    Int64,
    Float,
    Double,
    Text,
    Json,
    Timestamp,
}

impl Form {
    /// What nobody knows the type of is written as text, which is mostly NULL.
    fn of(data_type: &DataType) -> Form {
        let kind = match data_type {
            DataType::Boolean => Kind::Boolean,
            DataType::Integer => Kind::Int32,
            DataType::BigInt => Kind::Int64,
            DataType::Real => Kind::Float,
            DataType::Double => Kind::Double,
            DataType::Unknown | DataType::Text => Kind::Text,
            DataType::Json => Kind::Json,
            DataType::Timestamp => Kind::Timestamp,
            DataType::Vector { .. } => return Form { kind: Kind::Float, list: Some(Elements::Required) },
            DataType::List(element) => {
                let element = Form::of(element);
                // Lists within lists are written as JSON.
                let kind = if element.list.is_some() { Kind::Json } else { element.kind };
                return Form { kind, list: Some(Elements::Nullable) };
            }
        };
        Form { kind, list: None }
    }

    /// The leaf of a column, optional unless it is an element of a vector.
    fn leaf(self, name: &str, repetition: Repetition) -> Result<Type, ParquetError> {
        let (physical, logical) = match self.kind {
            Kind::Boolean => (Physical::BOOLEAN, None),
            Kind::Int32 => (Physical::INT32, None),
            Kind::Int64 => (Physical::INT64, None),
            Kind::Float => (Physical::FLOAT, None),
            Kind::Double => (Physical::DOUBLE, None),
            Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Kind::Json => (Physical::BYTE_ARRAY, Some(LogicalType::Json)),
            Kind::Timestamp => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MICROS))),
        };
        let leaf = Type::primitive_type_builder(name, physical);
        leaf.with_repetition(repetition).with_logical_type(logical).build()
    }

    /// The column with its levels: an optional value, or an optional list of elements.
    fn column(self, name: &str) -> Result<Type, ParquetError> {
        let element = match self.list {
            None => return self.leaf(name, Repetition::OPTIONAL),
            Some(Elements::Nullable) => Repetition::OPTIONAL,
            Some(Elements::Required) => Repetition::REQUIRED,
        };
        let list = Type::group_type_builder("list")
            .with_repetition(Repetition::REPEATED)
            .with_fields(vec![Arc::new(self.leaf("element", element)?)])
            .build()?;
        Type::group_type_builder(name)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(Some(LogicalType::List))
            .with_fields(vec![Arc::new(list)])
            .build()
    }
}

impl RowSchema {
    /// # Errors
    /// Two columns of one name, or a path whose extension asks for a compression around the file.
    pub(crate) fn new(path: &Path, columns: &[(String, DataType)]) -> Result<RowSchema, ExportError> {
        let names: Vec<String> = columns.iter().map(|(name, _)| name.clone()).collect();
        if let Some(column) = repeated(&names) {
            return Err(ExportError::Columns { column: column.to_owned() });
        }
        if import::Compression::of(path) != import::Compression::None {
            return Err(ExportError::Path(ImportError::Format {
                path: path.to_owned(),
                problem: "Parquet compresses its pages itself".to_owned(),
                fix: "let the name end in .parquet".to_owned(),
            }));
        }
        let columns: Vec<(String, Form)> =
            columns.iter().map(|(name, data_type)| (name.clone(), Form::of(data_type))).collect();
        let fields = columns.iter().map(|(name, form)| form.column(name).map(Arc::new));
        let root = fields
            .collect::<Result<Vec<_>, _>>()
            .and_then(|fields| Type::group_type_builder("rows").with_fields(fields).build());
        let root = Arc::new(root.map_err(|error| failed(path, error))?);
        Ok(RowSchema { path: path.to_owned(), columns, root })
    }
}

/// Errors of the crate are those of the file below it.
fn failed(path: &Path, error: ParquetError) -> ExportError {
    let source = match error {
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(error) => io::Error::other(error),
        },
        other => io::Error::other(other),
    };
    ExportError::Io { path: path.to_owned(), source }
}

/// Values of a leaf that wait for their row group.
enum Values {
    Boolean(Vec<bool>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Float(Vec<f32>),
    Double(Vec<f64>),
    Bytes(Vec<ByteArray>),
}

struct Buffer {
    form: Form,
    values: Values,
    definition: Vec<i16>,
    repetition: Vec<i16>,
}

/// A file that is being written; it has its name when it is finished.
pub(crate) struct ParquetFile {
    schema: Arc<RowSchema>,
    writer: SerializedFileWriter<OutputFile>,
    buffers: Vec<Buffer>,
    rows: u64,
    group_rows: usize,
    group_bytes: usize,
}

impl ParquetFile {
    pub(crate) fn new(schema: Arc<RowSchema>, output: OutputFile) -> Result<ParquetFile, ExportError> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_created_by(concat!("argtop ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let writer = SerializedFileWriter::new(output, Arc::clone(&schema.root), Arc::new(properties));
        let writer = writer.map_err(|error| failed(&schema.path, error))?;
        let buffers = schema.columns.iter().map(|(_, form)| Buffer::new(*form)).collect();
        Ok(ParquetFile { schema, writer, buffers, rows: 0, group_rows: 0, group_bytes: 0 })
    }

    pub(super) fn error(&self, source: io::Error) -> ExportError {
        ExportError::Io { path: self.schema.path.clone(), source }
    }

    /// Adds a row; a full row group is written.
    pub(crate) fn add(&mut self, row: &[Value]) -> Result<(), ExportError> {
        self.rows += 1;
        for ((buffer, value), (column, _)) in self.buffers.iter_mut().zip(row).zip(&self.schema.columns) {
            self.group_bytes += buffer.push(value).ok_or_else(|| ExportError::Cell {
                path: self.schema.path.clone(),
                row: self.rows,
                column: column.clone(),
                value: "this value".to_owned(),
            })?;
        }
        self.group_rows += 1;
        if self.group_rows >= GROUP_ROWS_MAX || self.group_bytes >= GROUP_BYTES_MAX {
            self.write_group()?;
        }
        Ok(())
    }

    fn write_group(&mut self) -> Result<(), ExportError> {
        if self.group_rows == 0 {
            return Ok(());
        }
        let written = (|| {
            let mut group = self.writer.next_row_group()?;
            for buffer in &mut self.buffers {
                let Some(mut column) = group.next_column()? else { break };
                buffer.write(&mut column)?;
                column.close()?;
            }
            group.close().map(drop)
        })();
        (self.group_rows, self.group_bytes) = (0, 0);
        written.map_err(|error| failed(&self.schema.path, error))
    }

    /// Writes what waits and the footer, and gives the file its name.
    pub(crate) fn finish(mut self) -> Result<(), ExportError> {
        self.write_group()?;
        let mut output = self.writer.into_inner().map_err(|error| failed(&self.schema.path, error))?;
        output.finish()
    }
}

impl Buffer {
    fn new(form: Form) -> Buffer {
        let values = match form.kind {
            Kind::Boolean => Values::Boolean(Vec::new()),
            Kind::Int32 => Values::Int32(Vec::new()),
            Kind::Int64 | Kind::Timestamp => Values::Int64(Vec::new()),
            Kind::Float => Values::Float(Vec::new()),
            Kind::Double => Values::Double(Vec::new()),
            Kind::Text | Kind::Json => Values::Bytes(Vec::new()),
        };
        Buffer { form, values, definition: Vec::new(), repetition: Vec::new() }
    }

    fn level(&mut self, definition: i16, repetition: i16) {
        self.definition.push(definition);
        self.repetition.push(repetition);
    }

    /// Adds the value of a row; gives about how many bytes it holds, or None where it has no such form.
    fn push(&mut self, value: &Value) -> Option<usize> {
        /// Levels of one value.
        const LEVELS: usize = 4;
        let Some(elements) = self.form.list else {
            self.level(i16::from(!value.is_null()), 0);
            return Some(LEVELS + if value.is_null() { 0 } else { self.push_plain(value)? });
        };
        let mut bytes = LEVELS;
        match value {
            Value::Null => self.level(0, 0),
            Value::Vector(items) if items.is_empty() => self.level(1, 0),
            Value::List(items) if items.is_empty() => self.level(1, 0),
            Value::Vector(items) => {
                let present = if elements == Elements::Required { 2 } else { 3 };
                for (place, item) in items.iter().enumerate() {
                    self.level(present, i16::from(place > 0));
                    bytes += LEVELS + self.push_plain(&Value::Double(f64::from(*item)))?;
                }
            }
            Value::List(items) => {
                for (place, item) in items.iter().enumerate() {
                    let level = match (elements, item.is_null()) {
                        (Elements::Required, true) => return None,
                        (Elements::Required, false) | (Elements::Nullable, true) => 2,
                        (Elements::Nullable, false) => 3,
                    };
                    self.level(level, i16::from(place > 0));
                    bytes += LEVELS + if item.is_null() { 0 } else { self.push_plain(item)? };
                }
            }
            _ => return None,
        }
        Some(bytes)
    }

    fn push_plain(&mut self, value: &Value) -> Option<usize> {
        match (&mut self.values, value) {
            (Values::Boolean(values), Value::Boolean(value)) => values.push(*value),
            (Values::Int32(values), Value::BigInt(value)) => values.push(i32::try_from(*value).ok()?),
            (Values::Int64(values), Value::BigInt(value) | Value::Timestamp(value)) => values.push(*value),
            (Values::Float(values), Value::Double(value)) => values.push(*value as f32),
            (Values::Float(values), Value::BigInt(value)) => values.push(*value as f32),
            (Values::Double(values), Value::Double(value)) => values.push(*value),
            (Values::Double(values), Value::BigInt(value)) => values.push(*value as f64),
            (Values::Bytes(values), value) => {
                let bytes = match value {
                    Value::Text(text) | Value::Json(text) => text.as_bytes().to_vec(),
                    other => {
                        let mut text = Vec::new();
                        push_json(&mut text, other)?;
                        text
                    }
                };
                // The value itself and what points to it.
                let size = bytes.len() + 48;
                values.push(ByteArray::from(bytes));
                return Some(size);
            }
            _ => return None,
        }
        Some(8)
    }

    fn write(&mut self, column: &mut SerializedColumnWriter<'_>) -> Result<(), ParquetError> {
        let definition = Some(self.definition.as_slice());
        let repetition = self.form.list.map(|_| self.repetition.as_slice());
        match &mut self.values {
            Values::Boolean(values) => {
                column.typed::<BoolType>().write_batch(values, definition, repetition)?;
                values.clear();
            }
            Values::Int32(values) => {
                column.typed::<Int32Type>().write_batch(values, definition, repetition)?;
                values.clear();
            }
            Values::Int64(values) => {
                column.typed::<Int64Type>().write_batch(values, definition, repetition)?;
                values.clear();
            }
            Values::Float(values) => {
                column.typed::<FloatType>().write_batch(values, definition, repetition)?;
                values.clear();
            }
            Values::Double(values) => {
                column.typed::<DoubleType>().write_batch(values, definition, repetition)?;
                values.clear();
            }
            Values::Bytes(values) => {
                column.typed::<ByteArrayType>().write_batch(values, definition, repetition)?;
                values.clear();
            }
        }
        self.definition.clear();
        self.repetition.clear();
        Ok(())
    }
}
