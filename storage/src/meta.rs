//! The entries of `meta`: their keys, and the images of live slots that spare an open the scan of all labels.

use roaring::RoaringBitmap;

use crate::error::CodecError;
use crate::key::{Family, ObjectId, Slot};

pub(crate) const SEQ: &[u8] = b"seq";
pub(crate) const NEXT_OBJECT: &[u8] = b"next_object";
pub(crate) const FEED_START: &[u8] = b"feed_start";
const CATALOG: &[u8] = b"catalog/";
const POINTER: &[u8] = b"pointer/";
const LIVE: &[u8] = b"live/";
const NEXT_SLOT: &[u8] = b"next_slot/";
const STAGED: &[u8] = b"staged/";
const SETTING: &[u8] = b"setting/";

/// A key of `meta`, read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum MetaKey<'a> {
    Seq,
    NextObject,
    FeedStart,
    Catalog(ObjectId),
    Pointer(ObjectId),
    Live(ObjectId),
    NextSlot(ObjectId),
    Staged(ObjectId),
    Setting(&'a str),
}

impl MetaKey<'_> {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let with_id = |prefix: &[u8], id: &ObjectId| [prefix, &id.0.to_be_bytes()].concat();
        match self {
            MetaKey::Seq => SEQ.to_vec(),
            MetaKey::NextObject => NEXT_OBJECT.to_vec(),
            MetaKey::FeedStart => FEED_START.to_vec(),
            MetaKey::Catalog(id) => with_id(CATALOG, id),
            MetaKey::Pointer(id) => with_id(POINTER, id),
            MetaKey::Live(id) => with_id(LIVE, id),
            MetaKey::NextSlot(id) => with_id(NEXT_SLOT, id),
            MetaKey::Staged(id) => with_id(STAGED, id),
            MetaKey::Setting(name) => [SETTING, name.as_bytes()].concat(),
        }
    }

    pub(crate) fn decode(key: &[u8]) -> Result<MetaKey<'_>, CodecError> {
        match key {
            SEQ => return Ok(MetaKey::Seq),
            NEXT_OBJECT => return Ok(MetaKey::NextObject),
            FEED_START => return Ok(MetaKey::FeedStart),
            _ => {}
        }
        if let Some(name) = key.strip_prefix(SETTING) {
            let name = std::str::from_utf8(name).map_err(|error| CodecError::Invalid(error.to_string()))?;
            return Ok(MetaKey::Setting(name));
        }
        let id = |rest: &[u8]| match rest.try_into() {
            Ok(id) => Ok(ObjectId(u32::from_be_bytes(id))),
            Err(_) => Err(CodecError::Length { expected: 4, found: rest.len() }),
        };
        if let Some(rest) = key.strip_prefix(CATALOG) {
            return id(rest).map(MetaKey::Catalog);
        }
        if let Some(rest) = key.strip_prefix(POINTER) {
            return id(rest).map(MetaKey::Pointer);
        }
        if let Some(rest) = key.strip_prefix(LIVE) {
            return id(rest).map(MetaKey::Live);
        }
        if let Some(rest) = key.strip_prefix(NEXT_SLOT) {
            return id(rest).map(MetaKey::NextSlot);
        }
        if let Some(rest) = key.strip_prefix(STAGED) {
            return id(rest).map(MetaKey::Staged);
        }
        Err(CodecError::Invalid("unknown entry of meta".to_owned()))
    }
}

/// The live slots of a table after a sequence.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LiveImage {
    pub(crate) seq: u64,
    pub(crate) live: RoaringBitmap,
}

impl LiveImage {
    pub(crate) fn encode(seq: u64, live: &RoaringBitmap) -> Result<Vec<u8>, CodecError> {
        let mut out = seq.to_le_bytes().to_vec();
        live.serialize_into(&mut out).map_err(|error| CodecError::Invalid(error.to_string()))?;
        Ok(out)
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<LiveImage, CodecError> {
        let (seq, bitmap) =
            bytes.split_first_chunk::<8>().ok_or(CodecError::Length { expected: 8, found: bytes.len() })?;
        let live = RoaringBitmap::deserialize_from(bitmap)
            .map_err(|error| CodecError::Invalid(error.to_string()))?;
        Ok(LiveImage { seq: u64::from_le_bytes(*seq), live })
    }
}

/// Rows that a statement wrote under fresh slots before its commit. If the statement has no commit, they are
/// removed; until then nobody sees them, because no live slot leads there.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Staged {
    /// First fresh slot.
    pub(crate) first: Slot,
    /// End of the fresh slots.
    pub(crate) end: Slot,
    /// Where rows were written besides the labels.
    pub(crate) rows: Vec<(Family, ObjectId)>,
}

impl Staged {
    pub(crate) fn encode(&self) -> Result<Vec<u8>, CodecError> {
        postcard::to_stdvec(self).map_err(|error| CodecError::Invalid(error.to_string()))
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Staged, CodecError> {
        postcard::from_bytes(bytes).map_err(|error| CodecError::Invalid(error.to_string()))
    }
}

/// A fixed-width number in `meta`.
pub(crate) fn decode_u64(bytes: &[u8]) -> Result<u64, CodecError> {
    let word = bytes.try_into().map_err(|_| CodecError::Length { expected: 8, found: bytes.len() })?;
    Ok(u64::from_le_bytes(word))
}

/// A fixed-width number in `meta` or `keys`.
pub(crate) fn decode_u32(bytes: &[u8]) -> Result<u32, CodecError> {
    let word = bytes.try_into().map_err(|_| CodecError::Length { expected: 4, found: bytes.len() })?;
    Ok(u32::from_le_bytes(word))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn live_images_round_trip(
            slots in prop::collection::btree_set(any::<u32>(), 0..200),
            seq in any::<u64>(),
        ) {
            let mut live: RoaringBitmap = slots.into_iter().collect();
            live.insert_range(100_000..200_000);
            live.optimize();
            let bytes = LiveImage::encode(seq, &live).unwrap();
            prop_assert_eq!(LiveImage::decode(&bytes).unwrap(), LiveImage { seq, live });
        }

        #[test]
        fn decoding_never_panics(bytes in any::<Vec<u8>>()) {
            let _ = LiveImage::decode(&bytes);
            let _ = Staged::decode(&bytes);
            let _ = MetaKey::decode(&bytes);
        }

        #[test]
        fn meta_keys_round_trip(id in any::<u32>(), name in any::<String>()) {
            let id = ObjectId(id);
            for key in [
                MetaKey::Seq,
                MetaKey::NextObject,
                MetaKey::FeedStart,
                MetaKey::Catalog(id),
                MetaKey::Pointer(id),
                MetaKey::Live(id),
                MetaKey::NextSlot(id),
                MetaKey::Staged(id),
                MetaKey::Setting(&name),
            ] {
                let bytes = key.encode();
                prop_assert_eq!(MetaKey::decode(&bytes).unwrap(), key);
            }
        }
    }
}
