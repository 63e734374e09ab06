//! The checksum that ends every stored value.
//!
//! RocksDB checks its blocks; this checks what it hands us, and that a value belongs to its key and column
//! family, so that an entry that strays (a wrong offset, a swapped block) is found as well as a flipped bit.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::error::{CodecError, ReadError};
use crate::key::Column;

/// Bytes that sealing adds.
pub(crate) const SEAL_BYTES: usize = 4;

fn checksum(column: Column, key: &[u8], value: &[u8]) -> [u8; SEAL_BYTES] {
    let of_key = xxh3_64_with_seed(key, xxh3_64_with_seed(column.name().as_bytes(), 0));
    let [a, b, c, d, ..] = xxh3_64_with_seed(value, of_key).to_le_bytes();
    [a, b, c, d]
}

/// Appends the checksum of column family, key and value to the value.
pub(crate) fn seal(column: Column, key: &[u8], value: &mut Vec<u8>) {
    let sum = checksum(column, key, value);
    value.extend_from_slice(&sum);
}

/// The value without its checksum, which must match.
pub(crate) fn unseal<'a>(column: Column, key: &[u8], stored: &'a [u8]) -> Result<&'a [u8], ReadError> {
    let corrupt = |reason| corrupt(column, key, reason);
    let (value, sum) = stored
        .split_last_chunk::<SEAL_BYTES>()
        .ok_or_else(|| corrupt(CodecError::Length { expected: SEAL_BYTES, found: stored.len() }))?;
    if checksum(column, key, value) == *sum { Ok(value) } else { Err(corrupt(CodecError::Checksum)) }
}

/// The error for a damaged entry.
pub(crate) fn corrupt(column: Column, key: &[u8], reason: CodecError) -> ReadError {
    use std::fmt::Write;
    let mut hex = String::new();
    // Keys may be long texts; the beginning is enough to find the entry.
    for byte in key.iter().take(64) {
        let _ = write!(hex, "{byte:02x}");
    }
    ReadError::Corrupt { family: column.name(), key: hex, reason }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_flipped_bit_is_found(
            key in any::<Vec<u8>>(),
            value in any::<Vec<u8>>(),
            at in any::<prop::sample::Index>(),
        ) {
            let mut stored = value.clone();
            seal(Column::Labels, &key, &mut stored);
            prop_assert_eq!(unseal(Column::Labels, &key, &stored).unwrap(), value);
            prop_assert!(unseal(Column::Keys, &key, &stored).is_err());
            let bit = at.index(stored.len() * 8);
            stored[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(unseal(Column::Labels, &key, &stored).is_err());
        }
    }

    #[test]
    fn a_value_under_another_key_is_refused() {
        let mut stored = b"value".to_vec();
        seal(Column::Vectors, b"a", &mut stored);
        assert!(unseal(Column::Vectors, b"b", &stored).is_err());
        assert!(unseal(Column::Vectors, b"a", b"abc").is_err());
    }
}
