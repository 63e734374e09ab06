//! Reading: one moment of the database, and iterators over it.

use std::collections::BTreeMap;
use std::ops::{Bound, Range};
use std::sync::Arc;

use roaring::RoaringBitmap;
use rocksdb::{DBRawIterator, ReadOptions};

use crate::catalog::Catalog;
use crate::error::{CodecError, GenerationError, ReadError};
use crate::feed::{Change, decode_change, feed_key};
use crate::generation::Generation;
use crate::key::{
    Column, Family, Key, ObjectId, Slot, after_prefix, blob_key, number_of, slot_key, table_key,
};
use crate::meta::{decode_u32, decode_u64};
use crate::record::{Record, decode_record};
use crate::seal::{corrupt, unseal};
use crate::state::Image;

/// Keys looked up in one call of RocksDB; bounds the memory that its results pin.
const LOOKUP_CHUNK: usize = 1024;
/// Scans read ahead this many bytes.
const READAHEAD_BYTES: usize = 1 << 20;
/// The chunk number of the entry that ends a blob.
pub(crate) const BLOB_END: u32 = u32::MAX;

/// One moment of the database: rows, live slots, catalog and generations of one sequence number. Cheap to
/// clone and to send; while it lives, RocksDB keeps what it reads.
#[derive(Clone)]
pub struct Snapshot {
    pub(crate) image: Arc<Image>,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot").field("seq", &self.seq()).finish_non_exhaustive()
    }
}

impl Snapshot {
    /// Sequence number of the last statement it sees.
    pub fn seq(&self) -> u64 {
        self.image.state.seq
    }

    /// The catalog.
    pub fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.image.state.catalog)
    }

    /// The live slots of a table; empty if there is no such table.
    pub fn live(&self, table: ObjectId) -> Arc<RoaringBitmap> {
        self.image.state.tables.get(&table).map(|state| Arc::clone(&state.live)).unwrap_or_default()
    }

    /// A bound above every slot of a table that holds or held a label; 0 if there is no such table.
    pub fn slot_end(&self, table: ObjectId) -> Slot {
        self.image.state.tables.get(&table).map_or(0, |state| state.slot_end)
    }

    /// The slot of the label with this primary key.
    ///
    /// # Errors
    /// The entry is damaged or cannot be read.
    pub fn slot_of(&self, table: ObjectId, key: &Key) -> Result<Option<Slot>, ReadError> {
        let key = table_key(table, key);
        self.get(Column::Keys, &key, decode_u32)
    }

    /// The slots of several labels, in the order of the keys.
    ///
    /// # Errors
    /// An entry is damaged or cannot be read.
    pub fn slots_of(&self, table: ObjectId, keys: &[Key]) -> Result<Vec<Option<Slot>>, ReadError> {
        let keys = keys.iter().map(|key| table_key(table, key));
        self.get_many(Column::Keys, keys, |_, value| decode_u32(value))
    }

    /// The record of a live slot; `None` if the slot is not live.
    ///
    /// # Errors
    /// The record is damaged or missing, or cannot be read.
    pub fn record(&self, table: ObjectId, slot: Slot) -> Result<Option<Record>, ReadError> {
        Ok(self.records(table, &[slot])?.pop().flatten())
    }

    /// The records of several slots, in the order of the slots; `None` where a slot is not live.
    ///
    /// # Errors
    /// A record is damaged or missing, or cannot be read.
    pub fn records(&self, table: ObjectId, slots: &[Slot]) -> Result<Vec<Option<Record>>, ReadError> {
        let live = self.live(table);
        let keys = slots.iter().map(|slot| slot_key(table, *slot));
        let mut records = self.get_many(Column::Labels, keys, |_, value| decode_record(value))?;
        for (slot, record) in slots.iter().zip(&mut records) {
            match (live.contains(*slot), &record) {
                // Rows of statements that were never committed may lie under slots that are not live.
                (false, _) => *record = None,
                (true, Some(_)) => {}
                (true, None) => return Err(missing_record(table, *slot)),
            }
        }
        Ok(records)
    }

    /// The records of the live slots in a range, in the order of slots.
    ///
    /// # Errors
    /// The column family cannot be read; each item has its own errors.
    pub fn scan_records(&self, table: ObjectId, range: Range<Slot>) -> Result<Records<'_>, ReadError> {
        let expected: Vec<Slot> = self.live(table).range(range.clone()).collect();
        let end = slot_key(table, range.end).to_vec();
        let scan = self.scan(Column::Labels, slot_key(table, range.start).to_vec(), end)?;
        Ok(Records { scan, table, expected: expected.into_iter() })
    }

    /// A row as it was stored.
    ///
    /// # Errors
    /// The row is damaged or cannot be read.
    pub fn row(&self, family: Family, id: ObjectId, number: u32) -> Result<Option<Box<[u8]>>, ReadError> {
        self.get(family.column(), &family.row_key(id, number), |value| Ok(Box::from(value)))
    }

    /// Several rows, in the order of the numbers.
    ///
    /// # Errors
    /// A row is damaged or cannot be read.
    pub fn rows(
        &self,
        family: Family,
        id: ObjectId,
        numbers: &[u32],
    ) -> Result<Vec<Option<Box<[u8]>>>, ReadError> {
        let keys = numbers.iter().map(|number| family.row_key(id, *number));
        self.get_many(family.column(), keys, |_, value| Ok(Box::from(value)))
    }

    /// The rows with numbers in a range, in the order of the numbers. Rows under slots that are not live may
    /// be among them, if a statement was never committed; callers go by [`Snapshot::live`].
    ///
    /// # Errors
    /// The column family cannot be read; each item has its own errors.
    pub fn scan_rows(&self, family: Family, id: ObjectId, range: Range<u32>) -> Result<Rows<'_>, ReadError> {
        let end = if range.end == u32::MAX {
            after_prefix(&family.prefix(id))
        } else {
            family.row_key(id, range.end)
        };
        let column = family.column();
        Ok(Rows { scan: self.scan(column, family.row_key(id, range.start), end)?, column })
    }

    /// All primary keys of a table with their slots, in the order of keys.
    ///
    /// # Errors
    /// The column family cannot be read; each item has its own errors.
    pub fn keys(&self, table: ObjectId) -> Result<Keys<'_>, ReadError> {
        self.keys_in(table, Bound::Unbounded, Bound::Unbounded)
    }

    /// The primary keys of a table within bounds, in the order of keys.
    ///
    /// # Errors
    /// The column family cannot be read; each item has its own errors.
    pub fn keys_in(
        &self,
        table: ObjectId,
        lower: Bound<&Key>,
        upper: Bound<&Key>,
    ) -> Result<Keys<'_>, ReadError> {
        let prefix = table.0.to_be_bytes();
        // The string that follows a key without a gap is the key with a zero byte after it.
        let after = |key: &Key| [table_key(table, key).as_slice(), &[0]].concat();
        let from = match lower {
            Bound::Included(key) => table_key(table, key),
            Bound::Excluded(key) => after(key),
            Bound::Unbounded => prefix.to_vec(),
        };
        let end = match upper {
            Bound::Included(key) => after(key),
            Bound::Excluded(key) => table_key(table, key),
            Bound::Unbounded => after_prefix(&prefix),
        };
        Ok(Keys { scan: self.scan(Column::Keys, from, end)? })
    }

    /// A part of an object's blob, whole.
    ///
    /// # Errors
    /// A chunk is damaged or missing, or the blob is larger than the limit.
    pub fn blob(&self, id: ObjectId, part: u8) -> Result<Option<Vec<u8>>, ReadError> {
        let end_key = blob_key(id, part, BLOB_END);
        let Some(total) = self.get(Column::Blobs, &end_key, decode_u64)? else {
            return Ok(None);
        };
        let incomplete =
            || ReadError::Inconsistent(format!("part {part} of blob {id} does not have {total} bytes"));
        let total = usize::try_from(total).map_err(|_| incomplete())?;
        let mut scan = self.scan(Column::Blobs, blob_key(id, part, 0).to_vec(), end_key.to_vec())?;
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(total).map_err(|_| {
            ReadError::TooLarge(CodecError::TooLarge {
                what: "a blob",
                found: total,
                limit: isize::MAX.cast_unsigned(),
            })
        })?;
        while let Some((_, chunk)) = scan.next_entry(Column::Blobs)? {
            if bytes.len().saturating_add(chunk.len()) > total {
                return Err(incomplete());
            }
            bytes.extend_from_slice(chunk);
        }
        if bytes.len() == total { Ok(Some(bytes)) } else { Err(incomplete()) }
    }

    /// The changes of a table's slots after a sequence number, in the order of statements.
    ///
    /// # Errors
    /// They were trimmed, are damaged or cannot be read.
    pub fn changes(&self, table: ObjectId, after: u64) -> Result<Vec<Change>, ReadError> {
        let oldest = self.image.state.feed_start;
        if after < oldest {
            return Err(ReadError::Trimmed { asked: after, oldest });
        }
        let from = feed_key(after.saturating_add(1), ObjectId(0), 0).to_vec();
        let mut scan = self.scan(Column::Feed, from, Vec::new())?;
        let mut changes = Vec::new();
        while let Some((key, value)) = scan.next_entry(Column::Feed)? {
            let change = decode_change(key, value).map_err(|reason| corrupt(Column::Feed, key, reason))?;
            if change.table == table {
                changes.push(change);
            }
        }
        Ok(changes)
    }

    /// The generation that is published for an object.
    ///
    /// # Errors
    /// The generation is missing or damaged; the caller goes on without it.
    pub fn generation(&self, object: ObjectId) -> Result<Option<Arc<Generation>>, GenerationError> {
        match self.image.state.pointers.get(&object) {
            Some(generation) => generation.check().map(|()| Some(Arc::clone(generation))),
            None => Ok(None),
        }
    }

    /// Number of the generation that is published for an object, whether it is usable or not.
    pub fn pointer(&self, object: ObjectId) -> Option<u64> {
        self.image.state.pointers.get(&object).map(|generation| generation.id())
    }

    /// A setting.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.image.state.settings.get(name).map(String::as_str)
    }

    /// All settings.
    pub fn settings(&self) -> Arc<BTreeMap<String, String>> {
        Arc::clone(&self.image.state.settings)
    }

    /// About how many bytes the records of a table take on disk. Rows not yet moved to files count nothing.
    ///
    /// # Errors
    /// The column family is gone.
    pub fn record_bytes(&self, table: ObjectId) -> Result<u64, ReadError> {
        self.approximate_bytes(Column::Labels, &table.0.to_be_bytes())
    }

    /// About how many bytes the rows of a column or data id take on disk. Rows not yet moved to files count
    /// nothing.
    ///
    /// # Errors
    /// The column family is gone.
    pub fn row_bytes(&self, family: Family, id: ObjectId) -> Result<u64, ReadError> {
        self.approximate_bytes(family.column(), &family.prefix(id))
    }

    fn approximate_bytes(&self, column: Column, prefix: &[u8]) -> Result<u64, ReadError> {
        let rocks = self.image.rocks.borrow_owner();
        let end = after_prefix(prefix);
        let sizes =
            rocks.db.get_approximate_sizes_cf(rocks.family(column)?, &[rocksdb::Range::new(prefix, &end)]);
        Ok(sizes.first().copied().unwrap_or(0))
    }

    pub(crate) fn get<T>(
        &self,
        column: Column,
        key: &[u8],
        decode: impl FnOnce(&[u8]) -> Result<T, CodecError>,
    ) -> Result<Option<T>, ReadError> {
        let family = self.image.rocks.borrow_owner().family(column)?;
        let Some(stored) = self.image.rocks.borrow_dependent().get_pinned_cf(family, key)? else {
            return Ok(None);
        };
        let value = unseal(column, key, &stored)?;
        decode(value).map(Some).map_err(|reason| corrupt(column, key, reason))
    }

    fn get_many<K: AsRef<[u8]>, T>(
        &self,
        column: Column,
        keys: impl Iterator<Item = K>,
        decode: impl Fn(&[u8], &[u8]) -> Result<T, CodecError>,
    ) -> Result<Vec<Option<T>>, ReadError> {
        let rocks = self.image.rocks.borrow_owner();
        let family = rocks.family(column)?;
        let keys: Vec<K> = keys.collect();
        let mut found = Vec::with_capacity(keys.len());
        for chunk in keys.chunks(LOOKUP_CHUNK) {
            let mut options = ReadOptions::default();
            options.set_snapshot(self.image.rocks.borrow_dependent());
            let sorted = chunk.is_sorted_by(|a, b| a.as_ref() <= b.as_ref());
            let references = chunk.iter().map(AsRef::as_ref);
            let values = rocks.db.batched_multi_get_cf_opt(family, references, sorted, &options);
            for (key, value) in chunk.iter().zip(values) {
                let key = key.as_ref();
                found.push(match value? {
                    Some(stored) => {
                        let value = unseal(column, key, &stored)?;
                        Some(decode(key, value).map_err(|reason| corrupt(column, key, reason))?)
                    }
                    None => None,
                });
            }
        }
        Ok(found)
    }

    /// The entries from `from` up to but without `end`; an empty `end` is no bound.
    pub(crate) fn scan(&self, column: Column, from: Vec<u8>, end: Vec<u8>) -> Result<Scan<'_>, ReadError> {
        let rocks = &self.image.rocks;
        let mut options = ReadOptions::default();
        options.fill_cache(false);
        options.set_readahead_size(READAHEAD_BYTES);
        options.set_iterate_lower_bound(from.as_slice());
        // RocksDB would take an upper bound below the lower one amiss; such a range is empty.
        let empty = !end.is_empty() && end <= from;
        if !end.is_empty() {
            options.set_iterate_upper_bound(end);
        }
        let family = rocks.borrow_owner().family(column)?;
        let mut entries = rocks.borrow_dependent().raw_iterator_cf_opt(family, options);
        if !empty {
            entries.seek(&from);
        }
        Ok(Scan { entries, started: false, empty })
    }
}

fn missing_record(table: ObjectId, slot: Slot) -> ReadError {
    ReadError::Inconsistent(format!("slot {slot} of table {table} is live but has no record"))
}

/// Key and value of an entry.
type Entry<'a> = (&'a [u8], &'a [u8]);

/// A cursor over sealed entries that lends each before it moves on.
pub(crate) struct Scan<'a> {
    entries: DBRawIterator<'a>,
    started: bool,
    empty: bool,
}

impl Scan<'_> {
    /// The next entry: key and checked value.
    pub(crate) fn next_entry(&mut self, column: Column) -> Result<Option<Entry<'_>>, ReadError> {
        match self.next_stored()? {
            Some((key, stored)) => Ok(Some((key, unseal(column, key, stored)?))),
            None => Ok(None),
        }
    }

    /// The next entry as it is stored.
    pub(crate) fn next_stored(&mut self) -> Result<Option<Entry<'_>>, ReadError> {
        if self.empty {
            return Ok(None);
        }
        if self.started {
            self.entries.next();
        }
        self.started = true;
        if !self.entries.valid() {
            // A cursor must not be moved past its end.
            self.empty = true;
            self.entries.status()?;
            return Ok(None);
        }
        Ok(self.entries.item())
    }

    /// Moves to the first entry at or after a key; the next call returns it.
    pub(crate) fn seek(&mut self, key: &[u8]) {
        self.entries.seek(key);
        self.started = false;
        self.empty = false;
    }
}

/// Live records of a table in the order of slots.
pub struct Records<'a> {
    scan: Scan<'a>,
    table: ObjectId,
    /// Slots whose records are still to come.
    expected: std::vec::IntoIter<Slot>,
}

impl Records<'_> {
    fn advance(&mut self) -> Result<Option<(Slot, Record)>, ReadError> {
        let Some(expected) = self.expected.next() else { return Ok(None) };
        loop {
            // A live slot without a record must not pass for a table with one label less.
            let Some((key, stored)) = self.scan.next_stored()? else {
                return Err(missing_record(self.table, expected));
            };
            let broken = |reason| corrupt(Column::Labels, key, reason);
            let slot = number_of(key).map_err(broken)?;
            if slot < expected {
                continue;
            }
            if slot > expected {
                return Err(missing_record(self.table, expected));
            }
            let record = decode_record(unseal(Column::Labels, key, stored)?).map_err(broken)?;
            return Ok(Some((slot, record)));
        }
    }
}

impl Iterator for Records<'_> {
    type Item = Result<(Slot, Record), ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = self.advance().transpose();
        if !matches!(item, Some(Ok(_))) {
            self.scan.empty = true;
            self.expected = Vec::new().into_iter();
        }
        item
    }
}

/// Rows of a column or data id in the order of their numbers.
pub struct Rows<'a> {
    scan: Scan<'a>,
    column: Column,
}

impl Rows<'_> {
    /// The next row, lent until the following call; spares the copy that the iterator makes.
    ///
    /// # Errors
    /// The row is damaged or cannot be read.
    pub fn next_row(&mut self) -> Result<Option<(u32, &[u8])>, ReadError> {
        let column = self.column;
        match self.scan.next_entry(column)? {
            Some((key, value)) => {
                let number = number_of(key).map_err(|reason| corrupt(column, key, reason))?;
                Ok(Some((number, value)))
            }
            None => Ok(None),
        }
    }
}

impl Iterator for Rows<'_> {
    type Item = Result<(u32, Box<[u8]>), ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let item =
            self.next_row().map(|row| row.map(|(number, value)| (number, Box::from(value)))).transpose();
        if matches!(item, Some(Err(_))) {
            self.scan.empty = true;
        }
        item
    }
}

/// Primary keys of a table with their slots, in the order of keys.
pub struct Keys<'a> {
    scan: Scan<'a>,
}

impl Keys<'_> {
    fn advance(&mut self) -> Result<Option<(Key, Slot)>, ReadError> {
        let Some((key, value)) = self.scan.next_entry(Column::Keys)? else { return Ok(None) };
        let broken = |reason| corrupt(Column::Keys, key, reason);
        let encoded =
            key.get(4..).ok_or_else(|| broken(CodecError::Length { expected: 5, found: key.len() }))?;
        let decoded = Key::decode(encoded).map_err(broken)?;
        Ok(Some((decoded, decode_u32(value).map_err(broken)?)))
    }
}

impl Iterator for Keys<'_> {
    type Item = Result<(Key, Slot), ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = self.advance().transpose();
        if matches!(item, Some(Err(_))) {
            self.scan.empty = true;
        }
        item
    }
}
