//! The manifest of a generation: what it is, what it covers, and length and checksum of each file.
//!
//! On disk: the line `argtop-generation 1`, one line of JSON, and the XXH3-128 of both lines in hexadecimal
//! digits. The version stands outside the JSON so that a newer format is told from a damaged one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use crate::key::{ObjectId, Slot};

/// Name of the manifest within its directory.
pub(crate) const MANIFEST: &str = "MANIFEST";
const FORMAT: u32 = 1;
const HEADER: &str = "argtop-generation ";

/// What a generation derives from the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GenerationKind {
    /// The primary keys of a table by slot and by order.
    Keys,
    /// The rows of a vector column or of a classifier, packed.
    Matrix,
    /// A faiss index.
    Faiss,
    /// The arrays of an ELIAS index.
    Elias,
    /// A tantivy index.
    Text,
    /// Lists of near rows as signs and in 8 bits.
    Ann,
    /// What was worked out of a model when it was loaded.
    Model,
}

/// What the builder of a generation says about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ManifestFields {
    /// Sequence number of the snapshot it was built from.
    pub covers_seq: u64,
    /// It covers the slots below this one.
    pub slot_end: Slot,
    /// Rows it holds.
    pub rows: u64,
    /// Components of a row; 0 where rows have none.
    pub dimension: u32,
    /// Format of its rows or files, in the builder's words.
    pub format: String,
    /// Metric of its index, in the builder's words.
    pub metric: String,
    /// Fingerprint of the model whose vectors it holds.
    pub model: String,
    /// Anything else.
    pub extra: serde_json::Value,
}

/// Length and checksum of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Length in bytes.
    pub bytes: u64,
    /// XXH3-128 of the content in 32 hexadecimal digits.
    pub xxh3: String,
}

/// The manifest of a generation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Random number of the database it belongs to.
    pub database: String,
    /// Number of the generation.
    pub id: u64,
    /// Object that it was built for.
    pub object: ObjectId,
    /// What it derives.
    pub kind: GenerationKind,
    /// What the builder says about it.
    pub fields: ManifestFields,
    /// Its files by name.
    pub files: BTreeMap<String, FileEntry>,
}

/// A checksum as a manifest writes it.
pub(crate) fn hex(sum: u128) -> String {
    format!("{sum:032x}")
}

impl Manifest {
    pub(crate) fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut text = format!("{HEADER}{FORMAT}\n{}\n", serde_json::to_string(self)?);
        let sum = hex(xxh3_128(text.as_bytes()));
        text.push_str(&sum);
        text.push('\n');
        Ok(text.into_bytes())
    }

    /// Reads a manifest; the error says in words what is wrong.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Manifest, String> {
        if bytes.is_empty() {
            return Err("the manifest is empty".to_owned());
        }
        let text = std::str::from_utf8(bytes).map_err(|_| "the manifest is not text".to_owned())?;
        let torn = || "the manifest is cut off".to_owned();
        let (header, rest) = text.split_once('\n').ok_or_else(torn)?;
        let format = header.strip_prefix(HEADER).and_then(|version| version.parse::<u32>().ok());
        match format {
            Some(FORMAT) => {}
            Some(newer) if newer > FORMAT => {
                return Err(format!("the manifest has format {newer}, this program knows up to {FORMAT}"));
            }
            _ => return Err("the manifest's first line is wrong".to_owned()),
        }
        let (json, sum) = rest.split_once('\n').ok_or_else(torn)?;
        let sealed = header.len().saturating_add(json.len()).saturating_add(2);
        let sealed = bytes.get(..sealed).ok_or_else(torn)?;
        if sum.strip_suffix('\n') != Some(hex(xxh3_128(sealed)).as_str()) {
            return Err("the manifest's checksum is wrong".to_owned());
        }
        serde_json::from_str(json).map_err(|error| format!("the manifest cannot be read: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        Manifest {
            database: "0123456789abcdef0123456789abcdef".into(),
            id: 9,
            object: ObjectId(4),
            kind: GenerationKind::Faiss,
            fields: ManifestFields {
                covers_seq: 3,
                slot_end: 10,
                rows: 9,
                dimension: 2,
                format: "hnsw".into(),
                metric: "cosine".into(),
                model: String::new(),
                extra: serde_json::json!({"m": 32, "note": "line\nbreak"}),
            },
            files: BTreeMap::from([("index".into(), FileEntry { bytes: 5, xxh3: hex(7) })]),
        }
    }

    #[test]
    fn manifests_round_trip() {
        let manifest = manifest();
        assert_eq!(Manifest::decode(&manifest.encode().unwrap()).unwrap(), manifest);
    }

    #[test]
    fn every_cut_and_every_flipped_bit_is_found() {
        let bytes = manifest().encode().unwrap();
        for end in 0..bytes.len() {
            assert!(Manifest::decode(&bytes[..end]).is_err(), "cut at {end}");
        }
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(Manifest::decode(&flipped).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_newer_format_is_named() {
        let text = String::from_utf8(manifest().encode().unwrap()).unwrap();
        let error =
            Manifest::decode(text.replacen("generation 1", "generation 2", 1).as_bytes()).unwrap_err();
        assert!(error.contains("format 2"), "{error}");
    }
}
