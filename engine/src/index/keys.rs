//! Primary keys by slot, packed: for ties and for answering with keys without reading records.
//!
//! Sections: `shape` u64 (0 for BIGINT, 1 for TEXT), the slots, and `keys` i64 a row, or `ends` u64 (where
//! each text ends) and `text` (all texts, UTF-8).

use std::cmp::Ordering;
use std::io::Write;

use super::error::IndexError;
use super::slots::{SlotList, SlotTable};
use crate::kernel::prefetch;
use crate::packed::{Array, Bytes, Kind, Packed, PackedError, PackedWriter};

const KIND: Kind = Kind { magic: *b"ATKEYS00", version: 1, name: "packed keys" };

/// A primary key. Integers compare as numbers and texts by their bytes; a table has keys of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyRef<'a> {
    /// A BIGINT key.
    BigInt(i64),
    /// A TEXT key.
    Text(&'a str),
}

/// Collects the keys of a table and writes them. It holds them all: 12 bytes a row, and the texts.
#[derive(Debug)]
pub struct KeysWriter {
    slots: SlotList,
    keys: Collected,
}

#[derive(Debug)]
enum Collected {
    BigInt(Vec<i64>),
    Text { ends: Vec<u64>, text: String },
}

impl KeysWriter {
    /// For a table with BIGINT keys.
    pub fn bigint() -> Self {
        Self { slots: SlotList::default(), keys: Collected::BigInt(Vec::new()) }
    }

    /// For a table with TEXT keys.
    pub fn text() -> Self {
        Self { slots: SlotList::default(), keys: Collected::Text { ends: Vec::new(), text: String::new() } }
    }

    /// Takes the key of the next slot; slots must rise. A key of the other kind is refused.
    pub fn push(&mut self, slot: u32, key: KeyRef<'_>) -> Result<(), IndexError> {
        match (&mut self.keys, key) {
            (Collected::BigInt(_), KeyRef::BigInt(_)) | (Collected::Text { .. }, KeyRef::Text(_)) => {}
            _ => {
                let reason = format!("the key of slot {slot} is of another type than the table's");
                return Err(PackedError::Damaged { kind: KIND.name, reason }.into());
            }
        }
        self.slots.push(slot)?;
        match (&mut self.keys, key) {
            (Collected::BigInt(keys), KeyRef::BigInt(key)) => keys.push(key),
            (Collected::Text { ends, text }, KeyRef::Text(key)) => {
                text.push_str(key);
                ends.push(text.len() as u64);
            }
            _ => {}
        }
        Ok(())
    }

    /// Writes the file, which covers every slot under `slot_end`, and gives the writer back for syncing.
    pub fn finish<W: Write>(self, out: W, slot_end: u32) -> Result<W, IndexError> {
        self.slots.check_end(slot_end)?;
        let mut writer = PackedWriter::new(out, KIND)?;
        match &self.keys {
            Collected::BigInt(keys) => {
                writer.section("shape", &[0u64])?;
                writer.section("keys", keys)?;
            }
            Collected::Text { ends, text } => {
                writer.section("shape", &[1u64])?;
                writer.section("ends", ends)?;
                writer.section("text", text.as_bytes())?;
            }
        }
        self.slots.write(&mut writer, slot_end)?;
        Ok(writer.finish()?)
    }
}

/// An opened file of primary keys.
pub struct PackedKeys {
    slots: SlotTable,
    keys: Opened,
}

enum Opened {
    BigInt(Array<i64>),
    Text { ends: Array<u64>, text: Array<u8> },
}

impl PackedKeys {
    /// Opens the keys after checking every length, and that every text is UTF-8.
    pub fn open(bytes: Bytes) -> Result<Self, PackedError> {
        let packed = Packed::open(bytes, KIND, &[])?;
        let slots = SlotTable::open(&packed)?;
        let rows = slots.len() as u64;
        let keys = match packed.array::<u64>("shape", 1)?.get() {
            [0] => Opened::BigInt(packed.array("keys", rows)?),
            [1] => {
                let (ends, text) =
                    (packed.array::<u64>("ends", rows)?, packed.array_of_any_length::<u8>("text")?);
                let whole = str::from_utf8(text.get()).map_err(|error| packed.damaged(error.to_string()))?;
                let rising =
                    ends.get().is_sorted() && ends.get().last().copied().unwrap_or(0) == whole.len() as u64;
                if !rising || ends.get().iter().any(|end| !whole.is_char_boundary(*end as usize)) {
                    return Err(packed.damaged("its texts do not follow one another"));
                }
                Opened::Text { ends, text }
            }
            _ => return Err(packed.damaged("unknown type of keys")),
        };
        Ok(Self { slots, keys })
    }

    /// Which slot stands where, and which slots are covered.
    pub fn slots(&self) -> &SlotTable {
        &self.slots
    }

    /// The key of a slot; `None` if the file does not hold it.
    pub fn key(&self, slot: u32) -> Option<KeyRef<'_>> {
        self.slots.position_of(slot).map(|position| self.key_at(position))
    }

    /// Asks memory for the key of a slot before it is needed; for where it ends, if it is a text.
    pub fn prefetch(&self, slot: u32) {
        let Some(position) = self.slots.position_of(slot) else { return };
        match &self.keys {
            Opened::BigInt(keys) => prefetch(bytemuck::bytes_of(&keys.get()[position])),
            Opened::Text { ends, .. } => prefetch(bytemuck::bytes_of(&ends.get()[position])),
        }
    }

    /// The order of two slots by their keys; `None` if the file does not hold both.
    pub fn compare(&self, a: u32, b: u32) -> Option<Ordering> {
        Some(self.key(a)?.cmp(&self.key(b)?))
    }

    /// The key at a position.
    ///
    /// # Panics
    /// If there is no such position.
    pub fn key_at(&self, position: usize) -> KeyRef<'_> {
        match &self.keys {
            Opened::BigInt(keys) => KeyRef::BigInt(keys.get()[position]),
            Opened::Text { ends, text } => {
                let start = position.checked_sub(1).map_or(0, |before| ends.get()[before]) as usize;
                let text = &text.get()[start..ends.get()[position] as usize];
                // Opening has checked that the whole is UTF-8 and that texts end between characters, which
                // makes this check of a short piece succeed.
                KeyRef::Text(str::from_utf8(text).unwrap_or_default())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packed::AlignedBytes;
    use crate::packed::tests::survives_damage;

    const TEXTS: [(u32, &str); 5] = [(0, "b"), (2, ""), (3, "a\u{e9}"), (9, "a"), (10, "\u{1f600}")];
    const NUMBERS: [(u32, i64); 4] = [(3, 7), (4, i64::MIN), (5, i64::MAX), (6, -1)];

    fn texts() -> AlignedBytes {
        let mut writer = KeysWriter::text();
        TEXTS.iter().for_each(|(slot, key)| writer.push(*slot, KeyRef::Text(key)).unwrap());
        writer.finish(AlignedBytes::new(), 12).unwrap()
    }

    fn numbers() -> AlignedBytes {
        let mut writer = KeysWriter::bigint();
        NUMBERS.iter().for_each(|(slot, key)| writer.push(*slot, KeyRef::BigInt(*key)).unwrap());
        writer.finish(AlignedBytes::new(), 7).unwrap()
    }

    #[test]
    fn keys_come_back_by_slot_and_compare_as_their_type() {
        let keys = PackedKeys::open(texts().into_bytes()).unwrap();
        for (slot, key) in TEXTS {
            assert_eq!(keys.key(slot), Some(KeyRef::Text(key)));
            for (other, other_key) in TEXTS {
                assert_eq!(keys.compare(slot, other), Some(key.cmp(other_key)));
            }
        }
        assert_eq!((keys.key(1), keys.compare(0, 1), keys.slots().slot_end()), (None, None, 12));
        let keys = PackedKeys::open(numbers().into_bytes()).unwrap();
        for (slot, key) in NUMBERS {
            assert_eq!(keys.key(slot), Some(KeyRef::BigInt(key)));
            for (other, other_key) in NUMBERS {
                assert_eq!(keys.compare(slot, other), Some(key.cmp(&other_key)));
            }
        }
        assert_eq!(keys.key(7), None);
    }

    #[test]
    fn keys_of_another_type_and_slots_that_fall_are_refused() {
        let mut writer = KeysWriter::text();
        assert!(writer.push(0, KeyRef::BigInt(1)).is_err());
        writer.push(1, KeyRef::Text("x")).unwrap();
        assert!(matches!(writer.push(1, KeyRef::Text("y")), Err(IndexError::SlotOrder { .. })));
        let bytes = writer.finish(AlignedBytes::new(), 2).unwrap().into_bytes();
        let keys = PackedKeys::open(bytes).unwrap();
        assert_eq!((keys.slots().len(), keys.key(1)), (1, Some(KeyRef::Text("x"))));
        let none = KeysWriter::bigint().finish(AlignedBytes::new(), 0).unwrap().into_bytes();
        assert!(PackedKeys::open(none).unwrap().slots().is_empty());
    }

    #[test]
    fn damage_never_panics() {
        for file in [texts(), numbers()] {
            survives_damage(&file, |bytes| {
                let Ok(keys) = PackedKeys::open(bytes) else { return false };
                for position in 0..keys.slots().len() {
                    keys.key_at(position);
                }
                true
            });
        }
    }
}
