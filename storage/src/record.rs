//! What a label holds besides its vectors: its primary key and one cell per column.

use serde::{Deserialize, Serialize};

use crate::error::CodecError;
use crate::key::Key;
use crate::limits::Limits;

/// A value of one column of one label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Cell {
    /// No value.
    Null,
    /// A truth value.
    Boolean(bool),
    /// A whole number; also the storage of `INTEGER`.
    BigInt(i64),
    /// A number; also the storage of `REAL`.
    Double(f64),
    /// A text.
    Text(String),
    /// A moment, in microseconds since 1970-01-01 00:00:00 UTC.
    Timestamp(i64),
    /// A JSON document as text.
    Json(String),
    /// A list of texts.
    TextArray(Vec<String>),
    /// A list of whole numbers.
    BigIntArray(Vec<i64>),
    /// A list of numbers.
    DoubleArray(Vec<f64>),
}

/// A label: its primary key, and one cell per column that is not a vector, in the order of the columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The primary key.
    pub key: Key,
    /// One cell per column that is not a vector, in the order of the columns (the primary key's column
    /// included).
    pub cells: Vec<Cell>,
}

/// Encodes a record with postcard.
///
/// # Errors
/// The record is larger than the limit.
pub(crate) fn encode_record(record: &Record, limits: &Limits) -> Result<Vec<u8>, CodecError> {
    let bytes = postcard::to_stdvec(record).map_err(|error| CodecError::Invalid(error.to_string()))?;
    check_size("a record", bytes.len(), limits.record_bytes_max)?;
    Ok(bytes)
}

/// Decodes a record; every byte must be used.
///
/// # Errors
/// The bytes are not a record.
pub(crate) fn decode_record(bytes: &[u8]) -> Result<Record, CodecError> {
    let (record, rest) =
        postcard::take_from_bytes(bytes).map_err(|error| CodecError::Invalid(error.to_string()))?;
    if !rest.is_empty() {
        return Err(CodecError::Length { expected: bytes.len() - rest.len(), found: bytes.len() });
    }
    Ok(record)
}

/// Compares a size with its limit.
pub(crate) fn check_size(what: &'static str, found: usize, limit: usize) -> Result<(), CodecError> {
    if found > limit { Err(CodecError::TooLarge { what, found, limit }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_cell() -> impl Strategy<Value = Cell> {
        prop_oneof![
            Just(Cell::Null),
            any::<bool>().prop_map(Cell::Boolean),
            any::<i64>().prop_map(Cell::BigInt),
            any::<f64>()
                .prop_filter("NaN is not equal to itself", |value| !value.is_nan())
                .prop_map(Cell::Double),
            any::<String>().prop_map(Cell::Text),
            any::<i64>().prop_map(Cell::Timestamp),
            any::<String>().prop_map(Cell::Json),
            any::<Vec<String>>().prop_map(Cell::TextArray),
            any::<Vec<i64>>().prop_map(Cell::BigIntArray),
        ]
    }

    fn any_record() -> impl Strategy<Value = Record> {
        let key = prop_oneof![any::<i64>().prop_map(Key::BigInt), any::<String>().prop_map(Key::Text)];
        (key, prop::collection::vec(any_cell(), 0..6)).prop_map(|(key, cells)| Record { key, cells })
    }

    proptest! {
        #[test]
        fn records_round_trip(record in any_record()) {
            let bytes = encode_record(&record, &Limits::default()).unwrap();
            prop_assert_eq!(decode_record(&bytes).unwrap(), record);
        }

        #[test]
        fn decoding_never_panics(bytes in any::<Vec<u8>>()) {
            let _ = decode_record(&bytes);
        }

        #[test]
        fn a_cut_record_is_refused(record in any_record(), cut in any::<prop::sample::Index>()) {
            let bytes = encode_record(&record, &Limits::default()).unwrap();
            let end = cut.index(bytes.len());
            prop_assert!(decode_record(&bytes[..end]).is_err());
        }
    }

    #[test]
    fn a_record_over_the_limit_is_refused() {
        let limits = Limits { record_bytes_max: 10, ..Limits::default() };
        let record = Record { key: Key::BigInt(1), cells: vec![Cell::Text("eleven bytes".into())] };
        assert!(matches!(encode_record(&record, &limits), Err(CodecError::TooLarge { .. })));
    }
}
