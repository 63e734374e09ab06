//! Numbers and keys: object ids, slots, primary keys, and how each column family orders its entries.
//!
//! Integers in keys are big-endian, so that the rows of one object are one contiguous range.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::CodecError;

/// The number of a label within its table: dense, rising with time, never used twice.
pub type Slot = u32;

/// The number of an object: table, column, model, index, classifier, auxiliary, pipeline, generation, or a
/// "data id" under which rows are kept. All share one number space; no number is ever used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ObjectId(pub u32);

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A primary key. The order is that of SQL: numbers by value, texts by code point.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Key {
    /// A whole number.
    BigInt(i64),
    /// A text.
    Text(String),
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::BigInt(value) => value.fmt(f),
            Key::Text(value) => write!(f, "'{}'", value.replace('\'', "''")),
        }
    }
}

const TAG_BIGINT: u8 = 1;
const TAG_TEXT: u8 = 2;
/// Flips the sign bit, so that negative numbers come before positive ones as unsigned bytes.
const SIGN: u64 = 1 << 63;

impl Key {
    /// Appends the key's encoding, whose byte order is the order of keys.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Key::BigInt(value) => {
                out.push(TAG_BIGINT);
                out.extend_from_slice(&(value.cast_unsigned() ^ SIGN).to_be_bytes());
            }
            // UTF-8 orders by bytes as by code points, and the key is the last part, so no terminator is
            // needed.
            Key::Text(value) => {
                out.push(TAG_TEXT);
                out.extend_from_slice(value.as_bytes());
            }
        }
    }

    /// Bytes of the encoding.
    pub(crate) fn encoded_len(&self) -> usize {
        match self {
            Key::BigInt(_) => 9,
            Key::Text(value) => value.len().saturating_add(1),
        }
    }

    /// Reads what [`Key::encode`] wrote.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Key, CodecError> {
        match bytes.split_first() {
            Some((&TAG_BIGINT, rest)) => {
                let word: [u8; 8] =
                    rest.try_into().map_err(|_| CodecError::Length { expected: 9, found: bytes.len() })?;
                Ok(Key::BigInt((u64::from_be_bytes(word) ^ SIGN).cast_signed()))
            }
            Some((&TAG_TEXT, rest)) => match std::str::from_utf8(rest) {
                Ok(text) => Ok(Key::Text(text.to_owned())),
                Err(error) => Err(CodecError::Invalid(error.to_string())),
            },
            Some((tag, _)) => Err(CodecError::Invalid(format!("key tag {tag}"))),
            None => Err(CodecError::Length { expected: 1, found: 0 }),
        }
    }
}

/// The kinds of numeric rows, each kept by (object, number).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Family {
    /// By column and slot: the label's vector.
    Vectors,
    /// By data id and slot: the label's classifier row and bias.
    Classifiers,
    /// By data id and cluster: the vector of an auxiliary.
    AuxiliaryVectors,
    /// By data id and slot: the cluster that the label belongs to.
    AuxiliaryClusters,
    /// By data id and cluster: the weights of the cluster and its bias.
    ClusterWeights,
    /// By data id and cluster: the sparse row (slot, edge) of the cluster at build.
    ClusterEdges,
    /// By data id and slot: the edges (cluster, edge) of a label that came after the build.
    LabelEdges,
}

impl Family {
    /// All families, in the order of their declaration.
    pub const ALL: [Family; 7] = [
        Family::Vectors,
        Family::Classifiers,
        Family::AuxiliaryVectors,
        Family::AuxiliaryClusters,
        Family::ClusterWeights,
        Family::ClusterEdges,
        Family::LabelEdges,
    ];

    /// Whether rows are numbered by the slot of a label, and not by cluster.
    pub fn is_by_slot(self) -> bool {
        matches!(self, Family::Vectors | Family::Classifiers | Family::AuxiliaryClusters | Family::LabelEdges)
    }

    pub(crate) fn column(self) -> Column {
        match self {
            Family::Vectors => Column::Vectors,
            Family::Classifiers => Column::Classifiers,
            Family::AuxiliaryVectors | Family::AuxiliaryClusters => Column::Auxiliary,
            Family::ClusterWeights | Family::ClusterEdges | Family::LabelEdges => Column::Adjacency,
        }
    }

    fn tag(self) -> Option<u8> {
        match self {
            Family::Vectors | Family::Classifiers => None,
            Family::AuxiliaryVectors | Family::ClusterWeights => Some(0),
            Family::AuxiliaryClusters | Family::ClusterEdges => Some(1),
            Family::LabelEdges => Some(2),
        }
    }

    /// The bytes before a row's number.
    pub(crate) fn prefix(self, id: ObjectId) -> Vec<u8> {
        let mut key = id.0.to_be_bytes().to_vec();
        key.extend(self.tag());
        key
    }

    /// The key of one row.
    pub(crate) fn row_key(self, id: ObjectId, number: u32) -> Vec<u8> {
        let mut key = self.prefix(id);
        key.extend_from_slice(&number.to_be_bytes());
        key
    }
}

/// RocksDB's column families.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Column {
    Meta,
    Labels,
    Keys,
    Vectors,
    Classifiers,
    Auxiliary,
    Adjacency,
    Feed,
    Blobs,
}

impl Column {
    pub(crate) const ALL: [Column; 9] = [
        Column::Meta,
        Column::Labels,
        Column::Keys,
        Column::Vectors,
        Column::Classifiers,
        Column::Auxiliary,
        Column::Adjacency,
        Column::Feed,
        Column::Blobs,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Column::Meta => "meta",
            Column::Labels => "labels",
            Column::Keys => "keys",
            Column::Vectors => "vectors",
            Column::Classifiers => "classifiers",
            Column::Auxiliary => "auxiliary",
            Column::Adjacency => "adjacency",
            Column::Feed => "feed",
            Column::Blobs => "blobs",
        }
    }
}

/// Object id followed by a slot: the key of a record.
pub(crate) fn slot_key(id: ObjectId, slot: Slot) -> [u8; 8] {
    ((u64::from(id.0) << 32) | u64::from(slot)).to_be_bytes()
}

/// Table followed by an encoded primary key.
pub(crate) fn table_key(table: ObjectId, key: &Key) -> Vec<u8> {
    let mut out = Vec::with_capacity(key.encoded_len().saturating_add(4));
    out.extend_from_slice(&table.0.to_be_bytes());
    key.encode(&mut out);
    out
}

/// Object, part and number of a chunk of a blob.
pub(crate) fn blob_key(id: ObjectId, part: u8, chunk: u32) -> [u8; 9] {
    let [a, b, c, d] = id.0.to_be_bytes();
    let [e, f, g, h] = chunk.to_be_bytes();
    [a, b, c, d, part, e, f, g, h]
}

/// The smallest byte string above every string that begins with `prefix`; empty if there is none.
pub(crate) fn after_prefix(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if let Some(next) = last.checked_add(1) {
            end.push(next);
            break;
        }
    }
    end
}

/// The last four bytes of a key as a number.
pub(crate) fn number_of(key: &[u8]) -> Result<u32, CodecError> {
    let word = key.last_chunk::<4>().ok_or(CodecError::Length { expected: 4, found: key.len() })?;
    Ok(u32::from_be_bytes(*word))
}

/// The first four bytes of a key as an object id.
pub(crate) fn object_of(key: &[u8]) -> Result<ObjectId, CodecError> {
    let word = key.first_chunk::<4>().ok_or(CodecError::Length { expected: 4, found: key.len() })?;
    Ok(ObjectId(u32::from_be_bytes(*word)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_key() -> impl Strategy<Value = Key> {
        prop_oneof![any::<i64>().prop_map(Key::BigInt), any::<String>().prop_map(Key::Text)]
    }

    fn encoded(key: &Key) -> Vec<u8> {
        let mut bytes = Vec::new();
        key.encode(&mut bytes);
        bytes
    }

    proptest! {
        #[test]
        fn keys_round_trip(key in any_key()) {
            let bytes = encoded(&key);
            prop_assert_eq!(bytes.len(), key.encoded_len());
            prop_assert_eq!(Key::decode(&bytes).unwrap(), key);
        }

        #[test]
        fn byte_order_is_key_order(a in any_key(), b in any_key()) {
            prop_assert_eq!(encoded(&a).cmp(&encoded(&b)), a.cmp(&b));
        }

        #[test]
        fn decoding_never_panics(bytes in any::<Vec<u8>>()) {
            let _ = Key::decode(&bytes);
        }

        #[test]
        fn after_prefix_is_above_and_tight(
            prefix in prop::collection::vec(any::<u8>(), 1..6),
            tail in any::<Vec<u8>>(),
        ) {
            let end = after_prefix(&prefix);
            let mut inside = prefix.clone();
            inside.extend(tail);
            prop_assert!(end.is_empty() || inside < end);
        }
    }

    #[test]
    fn order_at_the_edges() {
        let numbers = [i64::MIN, -1, 0, 1, i64::MAX].map(Key::BigInt);
        let texts = ["", "\0", "a", "a\0", "aa", "\u{e9}", "\u{ffff}", "\u{10000}"]
            .map(|text| Key::Text(text.into()));
        let bytes: Vec<_> = numbers.iter().chain(&texts).map(encoded).collect();
        assert!(bytes.is_sorted());
    }

    #[test]
    fn families_do_not_overlap() {
        for a in Family::ALL {
            for b in Family::ALL {
                if a != b && a.column() == b.column() {
                    assert_ne!(a.prefix(ObjectId(1)), b.prefix(ObjectId(1)));
                }
            }
        }
    }
}
