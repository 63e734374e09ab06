//! Columns of the language from the schema of a file.

use parquet::basic::{ConvertedType, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::schema::types::{SchemaDescriptor, Type};

use argtop_query::value::DataType;

/// How values of a leaf are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Boolean,
    Integer,
    /// 32 bits without sign.
    Unsigned,
    /// 64 bits without sign, of which the upper half does not fit.
    UnsignedLong,
    Number,
    Text,
    Json,
    /// Bytes that nobody says to be text.
    Bytes,
    Days,
    Millis,
    Micros,
    Nanos,
}

/// A column of a file at the top of its schema.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FileColumn {
    pub(super) name: String,
    /// Place of its values among all leaves.
    pub(super) leaf: usize,
    /// For a list the definition level of the empty list.
    pub(super) empty_level: Option<i16>,
    /// What it holds, or the name of a type that cannot be read.
    pub(super) content: Result<Meaning, String>,
}

impl FileColumn {
    /// The type that it is read as where nobody says otherwise.
    pub(super) fn data_type(&self) -> Result<DataType, &str> {
        let scalar = match self.content.as_ref().map_err(String::as_str)? {
            Meaning::Boolean => DataType::Boolean,
            Meaning::Integer | Meaning::Unsigned | Meaning::UnsignedLong => DataType::BigInt,
            Meaning::Number => DataType::Double,
            Meaning::Text => DataType::Text,
            Meaning::Json => DataType::Json,
            Meaning::Bytes => return Err("BYTE_ARRAY that is not said to be a string"),
            Meaning::Days | Meaning::Millis | Meaning::Micros | Meaning::Nanos => DataType::Timestamp,
        };
        match (self.empty_level, scalar) {
            (None, scalar) => Ok(scalar),
            (Some(_), element) => Ok(DataType::List(Box::new(element))),
        }
    }
}

/// The columns of a file in their order.
pub(super) fn file_columns(schema: &SchemaDescriptor) -> Vec<FileColumn> {
    let mut first_leaf = vec![None; schema.root_schema().get_fields().len()];
    for leaf in 0..schema.num_columns() {
        if let Some(first) = first_leaf.get_mut(schema.get_column_root_idx(leaf)) {
            first.get_or_insert(leaf);
        }
    }
    let fields = schema.root_schema().get_fields().iter();
    let column = |(field, leaf): (&parquet::schema::types::TypePtr, Option<usize>)| {
        let (empty_level, content) = shape(field);
        // A group without any column has no leaf; it is refused by its content.
        FileColumn { name: field.name().to_owned(), leaf: leaf.unwrap_or(usize::MAX), empty_level, content }
    };
    fields.zip(first_leaf).map(column).collect()
}

fn repetition(node: &Type) -> Repetition {
    let basic = node.get_basic_info();
    if basic.has_repetition() { basic.repetition() } else { Repetition::REQUIRED }
}

/// Whether a column is a list, and what it or its elements are.
fn shape(field: &Type) -> (Option<i16>, Result<Meaning, String>) {
    let optional = i16::from(repetition(field) == Repetition::OPTIONAL);
    if field.is_primitive() {
        let list = repetition(field) == Repetition::REPEATED;
        return (list.then_some(0), meaning(field));
    }
    let basic = field.get_basic_info();
    let is_list =
        basic.logical_type_ref() == Some(&LogicalType::List) || basic.converted_type() == ConvertedType::LIST;
    let other = |name: &str| (None, Err(name.to_owned()));
    let [repeated] = field.get_fields() else { return other("a group of columns") };
    if repetition(field) == Repetition::REPEATED || repetition(repeated) != Repetition::REPEATED || !is_list {
        return other("a group of columns");
    }
    if repeated.is_primitive() {
        return (Some(optional), meaning(repeated));
    }
    match repeated.get_fields() {
        [element] if element.is_primitive() && repetition(element) != Repetition::REPEATED => {
            (Some(optional), meaning(element))
        }
        _ => other("a list of lists or groups"),
    }
}

/// What the values of a leaf mean, or the name of a type that is not read.
fn meaning(leaf: &Type) -> Result<Meaning, String> {
    let basic = leaf.get_basic_info();
    let unsigned = |bits: i8| match bits {
        64 => Meaning::UnsignedLong,
        32 => Meaning::Unsigned,
        _ => Meaning::Integer,
    };
    match (leaf.get_physical_type(), basic.logical_type_ref(), basic.converted_type()) {
        (Physical::BOOLEAN, ..) => Ok(Meaning::Boolean),
        (Physical::FLOAT | Physical::DOUBLE, ..) => Ok(Meaning::Number),
        (Physical::INT96, ..) => Ok(Meaning::Micros),
        (Physical::INT32 | Physical::INT64, Some(LogicalType::Integer(integer)), _) => {
            Ok(if integer.is_signed { Meaning::Integer } else { unsigned(integer.bit_width) })
        }
        (Physical::INT32, Some(LogicalType::Date), _) | (Physical::INT32, None, ConvertedType::DATE) => {
            Ok(Meaning::Days)
        }
        (Physical::INT64, Some(LogicalType::Timestamp(time)), _) => Ok(match time.unit {
            TimeUnit::MILLIS => Meaning::Millis,
            TimeUnit::MICROS => Meaning::Micros,
            TimeUnit::NANOS => Meaning::Nanos,
        }),
        (Physical::INT64, None, ConvertedType::TIMESTAMP_MILLIS) => Ok(Meaning::Millis),
        (Physical::INT64, None, ConvertedType::TIMESTAMP_MICROS) => Ok(Meaning::Micros),
        (Physical::INT32 | Physical::INT64, None, converted) => match converted {
            ConvertedType::UINT_32 => Ok(Meaning::Unsigned),
            ConvertedType::UINT_64 => Ok(Meaning::UnsignedLong),
            ConvertedType::DECIMAL | ConvertedType::TIME_MILLIS | ConvertedType::TIME_MICROS => {
                Err(converted.to_string())
            }
            _ => Ok(Meaning::Integer),
        },
        (Physical::BYTE_ARRAY, Some(LogicalType::String | LogicalType::Enum), _)
        | (Physical::BYTE_ARRAY, None, ConvertedType::UTF8 | ConvertedType::ENUM) => Ok(Meaning::Text),
        (Physical::BYTE_ARRAY, Some(LogicalType::Json), _)
        | (Physical::BYTE_ARRAY, None, ConvertedType::JSON) => Ok(Meaning::Json),
        (Physical::BYTE_ARRAY, None, ConvertedType::NONE) => Ok(Meaning::Bytes),
        (physical, Some(logical), _) => Err(format!("{physical} as {logical:?}")),
        (physical, None, ConvertedType::NONE) => Err(physical.to_string()),
        (physical, None, converted) => Err(format!("{physical} as {converted}")),
    }
}
