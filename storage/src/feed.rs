//! The feed: which slots each statement inserted and ended, in the order of statements.
//!
//! Runs of neighbouring slots are one entry, so that an import of a million labels costs one. The feed brings
//! the images of live slots up to date at open, and tells builders what came after a sequence.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::error::CodecError;
use crate::key::{ObjectId, Slot};

/// What happened to the slots of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChangeKind {
    /// Labels were written to them.
    Inserted,
    /// Their labels were deleted or replaced.
    Ended,
}

/// A run of slots that one statement inserted or ended. A slot may be inserted and ended by the same
/// statement, in that order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Sequence number of the statement.
    pub seq: u64,
    /// Table.
    pub table: ObjectId,
    /// What happened.
    pub kind: ChangeKind,
    /// The slots.
    pub slots: Range<Slot>,
}

/// The key of an entry: sequence, table, number within the statement.
pub(crate) fn feed_key(seq: u64, table: ObjectId, number: u32) -> [u8; 16] {
    let [a, b, c, d, e, f, g, h] = seq.to_be_bytes();
    let [i, j, k, l] = table.0.to_be_bytes();
    let [m, n, o, p] = number.to_be_bytes();
    [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
}

/// The value of an entry: what happened, first slot, end.
pub(crate) fn encode_change(kind: ChangeKind, slots: &Range<Slot>) -> Vec<u8> {
    let mut out = vec![match kind {
        ChangeKind::Inserted => 0,
        ChangeKind::Ended => 1,
    }];
    out.extend_from_slice(&slots.start.to_le_bytes());
    out.extend_from_slice(&slots.end.to_le_bytes());
    out
}

/// Reads an entry.
pub(crate) fn decode_change(key: &[u8], value: &[u8]) -> Result<Change, CodecError> {
    let length = CodecError::Length { expected: 16, found: key.len() };
    let (seq, rest) = key.split_first_chunk::<8>().ok_or_else(|| length.clone())?;
    let table = crate::key::object_of(rest)?;
    if key.len() != 16 {
        return Err(length);
    }
    let &[kind, a, b, c, d, e, f, g, h] = value else {
        return Err(CodecError::Length { expected: 9, found: value.len() });
    };
    let kind = match kind {
        0 => ChangeKind::Inserted,
        1 => ChangeKind::Ended,
        _ => return Err(CodecError::Invalid(format!("change kind {kind}"))),
    };
    let slots = u32::from_le_bytes([a, b, c, d])..u32::from_le_bytes([e, f, g, h]);
    if slots.is_empty() {
        return Err(CodecError::Invalid(format!("change of no slots {slots:?}")));
    }
    Ok(Change { seq: u64::from_be_bytes(*seq), table, kind, slots })
}

/// Splits rising slots into runs of neighbours.
pub(crate) fn runs(slots: impl Iterator<Item = Slot>) -> impl Iterator<Item = Range<Slot>> {
    let mut slots = slots.peekable();
    std::iter::from_fn(move || {
        let start = slots.next()?;
        let mut end = start.saturating_add(1);
        while slots.next_if_eq(&end).is_some() {
            end = end.saturating_add(1);
        }
        Some(start..end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_round_trip() {
        for kind in [ChangeKind::Inserted, ChangeKind::Ended] {
            let change = Change { seq: 1 << 40, table: ObjectId(3), kind, slots: 5..70_000 };
            let key = feed_key(change.seq, change.table, 9);
            assert_eq!(decode_change(&key, &encode_change(kind, &change.slots)).unwrap(), change);
        }
    }

    #[test]
    fn malformed_changes_are_refused() {
        let key = feed_key(1, ObjectId(1), 0);
        assert!(decode_change(&key, &encode_change(ChangeKind::Ended, &(3..3))).is_err());
        assert!(decode_change(&key[..15], &encode_change(ChangeKind::Ended, &(3..4))).is_err());
        assert!(decode_change(&key, &[2, 0, 0, 0, 0, 1, 0, 0, 0]).is_err());
        assert!(decode_change(&key, &[]).is_err());
    }

    #[test]
    fn neighbours_are_one_run() {
        let found: Vec<_> = runs([1, 2, 3, 7, 9, 10].into_iter()).collect();
        assert_eq!(found, [1..4, 7..8, 9..11]);
        assert_eq!(runs(std::iter::empty()).count(), 0);
    }
}
