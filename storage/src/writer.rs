//! The writer of one statement: it collects what the statement changes and sees its own changes of keys.
//!
//! Small statements go into one batch. The rows of a large one are *staged*: written, unsynced, under slots
//! that were never given out before, together with a note of where they lie (`staged/<table>`). No live slot
//! leads there, so nobody sees them until the commit, whose batch removes the note; without a commit the note
//! tells what to remove. So a batch stays small, while the statement still has all its effect or none.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, MutexGuard, PoisonError};

use roaring::RoaringBitmap;
use rocksdb::WriteBatch;

use crate::catalog::Catalog;
use crate::commit::Written;
use crate::error::{CommitError, GenerationError};
use crate::generation::{Generation, SealedGeneration};
use crate::key::{Column, Family, Key, ObjectId, Slot, after_prefix, blob_key, slot_key, table_key};
use crate::log::Ticket;
use crate::meta::{MetaKey, Staged, decode_u32};
use crate::object::{Object, ObjectKind};
use crate::record::{Record, check_size, encode_record};
use crate::seal::seal;
use crate::snapshot::{BLOB_END, Snapshot};
use crate::state::{Image, WriterState};
use crate::store::{Shared, put_meta, put_sealed};

/// Bytes of one chunk of a blob.
const BLOB_CHUNK_BYTES: usize = 1 << 20;

/// A change of one entry or range, not written yet.
#[derive(Debug)]
pub(crate) enum Op {
    Put { column: Column, key: Box<[u8]>, value: Box<[u8]> },
    Delete { column: Column, key: Box<[u8]> },
    DeleteRange { column: Column, from: Vec<u8>, end: Vec<u8> },
}

/// Changes in order.
#[derive(Debug, Default)]
pub(crate) struct Ops {
    list: Vec<Op>,
    bytes: usize,
}

impl Ops {
    fn put(&mut self, column: Column, key: &[u8], mut value: Vec<u8>) {
        seal(column, key, &mut value);
        self.bytes = self.bytes.saturating_add(key.len()).saturating_add(value.len());
        self.list.push(Op::Put { column, key: key.into(), value: value.into() });
    }

    pub(crate) fn delete(&mut self, column: Column, key: &[u8]) {
        self.bytes = self.bytes.saturating_add(key.len());
        self.list.push(Op::Delete { column, key: key.into() });
    }

    pub(crate) fn delete_prefix(&mut self, column: Column, prefix: &[u8]) {
        self.list.push(Op::DeleteRange { column, from: prefix.to_vec(), end: after_prefix(prefix) });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Moves the changes into a batch.
    pub(crate) fn drain(&mut self, shared: &Shared, batch: &mut WriteBatch) -> Result<(), CommitError> {
        self.bytes = 0;
        for op in self.list.drain(..) {
            match op {
                Op::Put { column, key, value } => batch.put_cf(shared.rocks.family(column)?, key, value),
                Op::Delete { column, key } => batch.delete_cf(shared.rocks.family(column)?, key),
                Op::DeleteRange { column, from, end } => {
                    batch.delete_range_cf(shared.rocks.family(column)?, from, end);
                }
            }
        }
        Ok(())
    }
}

/// What a statement does to the slots of one table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Draft {
    /// First slot that the statement gave out.
    pub(crate) first: Slot,
    /// End of the slots that it gave out.
    pub(crate) end: Slot,
    /// Slots that it ended, its own included.
    pub(crate) ended: RoaringBitmap,
}

impl Draft {
    /// How many slots change.
    pub(crate) fn changes(&self) -> u64 {
        u64::from(self.end.saturating_sub(self.first)).saturating_add(self.ended.len())
    }
}

/// Collects what one statement changes. Only one collects at a time; several may wait for the disk. Dropped
/// without a commit, nothing has happened.
pub struct Writer<'a> {
    pub(crate) shared: &'a Arc<Shared>,
    pub(crate) state: MutexGuard<'a, WriterState>,
    /// What was written before; readers may not see it yet.
    pub(crate) base: Arc<Image>,
    base_ticket: Ticket,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) objects: BTreeMap<ObjectId, Option<Arc<Object>>>,
    pub(crate) drafts: BTreeMap<ObjectId, Draft>,
    /// By encoded key with its table: the slot it now has.
    pub(crate) keys: BTreeMap<Vec<u8>, Option<Slot>>,
    /// Changes under slots that the statement gave out; may be written before the commit.
    pub(crate) staged: Ops,
    /// All other changes; written by the commit, after the staged ones.
    pub(crate) ops: Ops,
    /// Rows that were deleted as a whole; what comes after must stay behind the deletion, so it is not
    /// staged.
    cleared: BTreeSet<(Family, ObjectId)>,
    /// Where rows were put; the commit insists that the catalog names each.
    pub(crate) touched: BTreeSet<(Family, ObjectId)>,
    /// Whether staged changes were written.
    pub(crate) spilled: bool,
    pub(crate) blobs: BTreeSet<ObjectId>,
    pub(crate) pointers: BTreeMap<ObjectId, Option<Arc<Generation>>>,
    pub(crate) settings: BTreeMap<String, Option<String>>,
    pub(crate) committed: bool,
}

/// A statement that is written, and not acknowledged yet. It takes effect even if nobody waits.
#[must_use = "whoever acknowledges the statement waits for the disk before"]
pub struct Submitted {
    shared: Arc<Shared>,
    written: Written,
}

impl Submitted {
    /// The second half of [`Writer::commit`]: waits until the statement is on the disk and makes it visible.
    /// The caller must not hold a writer.
    ///
    /// # Errors
    /// The disk failed; the store takes no more writes.
    pub fn wait(self) -> Result<u64, CommitError> {
        self.shared.settle(self.written.ticket, self.written.sync)?;
        // Generations that were replaced are deleted when their last reader is gone.
        self.written.replaced.iter().for_each(|generation| generation.set_retired(true));
        Ok(self.written.seq)
    }
}

impl<'a> Writer<'a> {
    pub(crate) fn begin(shared: &'a Arc<Shared>) -> Result<Writer<'a>, CommitError> {
        shared.writable()?;
        // A panic of the thread that held the lock has dropped its writer, so the state behind the lock is
        // sound.
        let state = shared.writer.lock().unwrap_or_else(PoisonError::into_inner);
        shared.writable()?;
        let (base, base_ticket) = shared.log.newest();
        Ok(Writer {
            shared,
            state,
            catalog: Arc::clone(&base.state.catalog),
            base,
            base_ticket,
            objects: BTreeMap::new(),
            drafts: BTreeMap::new(),
            keys: BTreeMap::new(),
            staged: Ops::default(),
            ops: Ops::default(),
            cleared: BTreeSet::new(),
            touched: BTreeSet::new(),
            spilled: false,
            blobs: BTreeSet::new(),
            pointers: BTreeMap::new(),
            settings: BTreeMap::new(),
            committed: false,
        })
    }

    /// The state that the statement started from. It may hold what readers do not see yet, because it is not
    /// on the disk: who tells of it without a commit calls [`crate::Store::settle`] first.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { image: Arc::clone(&self.base) }
    }

    /// The catalog with the statement's changes.
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// The sequence number that the commit will give, if anything changes.
    pub fn next_seq(&self) -> u64 {
        self.base.state.seq.saturating_add(1)
    }

    /// A number that was never given out before; see [`crate::Store::allocate`].
    ///
    /// # Errors
    /// The store takes no writes, or no numbers are left.
    pub fn allocate(&self) -> Result<ObjectId, CommitError> {
        self.shared.allocate()
    }

    /// Adds an object to the catalog or replaces the one with its number.
    ///
    /// # Errors
    /// Another object has its kind and name, a number in it is taken by another object, the catalog is full,
    /// or the record cannot be stored.
    pub fn put_object(&mut self, object: Object) -> Result<(), CommitError> {
        let id = object.id();
        let limits = &self.shared.limits;
        check_size("a catalog record", object.encode()?.len(), limits.object_bytes_max)?;
        let (kind, name) = (object.kind(), object.name());
        if self.catalog.find(kind, name).is_some_and(|other| other.id() != id) {
            return Err(CommitError::NameTaken { kind: kind.name(), name: name.to_owned() });
        }
        if self.catalog.get(id).is_none() && self.catalog.len() >= limits.objects_max {
            let (found, limit) = (self.catalog.len(), limits.objects_max);
            return Err(CommitError::TooMany { what: "objects in the catalog", found, limit });
        }
        let owned_elsewhere =
            |data: &ObjectId| self.catalog.owner(*data).is_some_and(|owner| owner.id() != id);
        if let Some(data) = object.data_ids().into_iter().find(owned_elsewhere) {
            return Err(CommitError::InUse(data));
        }
        let object = Arc::new(object);
        Arc::make_mut(&mut self.catalog).put(Arc::clone(&object));
        if object.kind() == ObjectKind::Table {
            self.draft(id);
        }
        self.objects.insert(id, Some(object));
        Ok(())
    }

    /// Removes an object and everything that is kept under it: pointer, blobs, and the rows under its data
    /// ids; for a table the labels, and the vectors and pointers of its columns. Objects that refer to it are
    /// the caller's.
    ///
    /// # Errors
    /// There is no such object.
    pub fn drop_object(&mut self, id: ObjectId) -> Result<(), CommitError> {
        let object =
            Arc::make_mut(&mut self.catalog).remove(id).ok_or(CommitError::Unknown { what: "object", id })?;
        self.objects.insert(id, None);
        self.clear_pointer(id);
        for data in object.data_ids() {
            self.clear_pointer(data);
            for family in Family::ALL {
                self.delete_rows(family, data);
            }
            self.touched.retain(|(_, touched)| *touched != data);
        }
        match object.kind() {
            ObjectKind::Table => self.drop_labels(id),
            ObjectKind::Model => self.ops.delete_prefix(Column::Blobs, &id.0.to_be_bytes()),
            _ => {}
        }
        Ok(())
    }

    fn drop_labels(&mut self, table: ObjectId) {
        let prefix = table.0.to_be_bytes();
        self.ops.delete_prefix(Column::Labels, &prefix);
        self.ops.delete_prefix(Column::Keys, &prefix);
        for key in [MetaKey::Live(table), MetaKey::NextSlot(table), MetaKey::Staged(table)] {
            self.ops.delete(Column::Meta, &key.encode());
        }
        self.keys.retain(|key, _| !key.starts_with(&prefix));
        self.drafts.remove(&table);
    }

    fn draft(&mut self, table: ObjectId) -> &mut Draft {
        let first = self.state.next_slots.get(&table).copied().unwrap_or(0);
        self.drafts.entry(table).or_insert_with(|| Draft { first, end: first, ended: RoaringBitmap::new() })
    }

    fn check_table(&self, table: ObjectId) -> Result<(), CommitError> {
        match self.catalog.table_by_id(table) {
            Some(_) => Ok(()),
            None => Err(CommitError::Unknown { what: "table", id: table }),
        }
    }

    /// Writes a label under a fresh slot and returns the slot.
    ///
    /// # Errors
    /// There is no such table, a label with the primary key is live, the record is too large, or the table
    /// has used up its slots.
    pub fn insert(&mut self, table: ObjectId, record: &Record) -> Result<Slot, CommitError> {
        self.check_table(table)?;
        check_size("a primary key", record.key.encoded_len(), self.shared.limits.key_bytes_max)?;
        let bytes = encode_record(record, &self.shared.limits)?;
        if self.slot_of(table, &record.key)?.is_some() {
            return Err(CommitError::DuplicateKey(record.key.to_string()));
        }
        let draft = self.draft(table);
        let slot = draft.end;
        draft.end = slot.checked_add(1).ok_or(CommitError::Exhausted("slot"))?;
        self.staged.put(Column::Labels, &slot_key(table, slot), bytes);
        self.keys.insert(table_key(table, &record.key), Some(slot));
        self.spill_if_large()?;
        Ok(slot)
    }

    /// Ends the label in a slot, and deletes the rows that it has in the given families.
    ///
    /// # Errors
    /// There is no such table, or the slot is not live under the key.
    pub fn end(
        &mut self,
        table: ObjectId,
        slot: Slot,
        key: &Key,
        rows: &[(Family, ObjectId)],
    ) -> Result<(), CommitError> {
        self.check_table(table)?;
        if self.slot_of(table, key)? != Some(slot) {
            return Err(CommitError::NotLive { table, slot, key: key.to_string() });
        }
        let draft = self.draft(table);
        let fresh = slot >= draft.first;
        draft.ended.insert(slot);
        let ops = if fresh { &mut self.staged } else { &mut self.ops };
        ops.delete(Column::Labels, &slot_key(table, slot));
        self.keys.insert(table_key(table, key), None);
        for (family, data) in rows {
            self.delete_row(*family, *data, slot);
        }
        self.spill_if_large()
    }

    /// The slot of the live label with a primary key, with the statement's own changes.
    ///
    /// # Errors
    /// The entry is damaged or cannot be read.
    pub fn slot_of(&self, table: ObjectId, key: &Key) -> Result<Option<Slot>, CommitError> {
        let key = table_key(table, key);
        if let Some(slot) = self.keys.get(&key) {
            return Ok(*slot);
        }
        if !self.base.state.tables.contains_key(&table) {
            return Ok(None);
        }
        Ok(self.snapshot().get(Column::Keys, &key, decode_u32)?)
    }

    /// Writes a row. By the commit, an object must name the column or data id.
    ///
    /// # Errors
    /// The row is larger than the limit, or a staged write fails.
    pub fn put_row(
        &mut self,
        family: Family,
        id: ObjectId,
        number: u32,
        bytes: &[u8],
    ) -> Result<(), CommitError> {
        check_size("a row", bytes.len(), self.shared.limits.row_bytes_max)?;
        self.touched.insert((family, id));
        let key = family.row_key(id, number);
        self.ops_for(family, id, number).put(family.column(), &key, bytes.to_vec());
        self.spill_if_large()
    }

    /// Deletes a row; a missing one is no error.
    pub fn delete_row(&mut self, family: Family, id: ObjectId, number: u32) {
        let key = family.row_key(id, number);
        self.ops_for(family, id, number).delete(family.column(), &key);
    }

    /// Deletes all rows of a family under a column or data id; rows put later in the statement stay.
    pub fn delete_rows(&mut self, family: Family, id: ObjectId) {
        self.cleared.insert((family, id));
        self.ops.delete_prefix(family.column(), &family.prefix(id));
    }

    /// Rows under fresh slots may be staged, all others wait for the commit.
    fn ops_for(&mut self, family: Family, id: ObjectId, number: u32) -> &mut Ops {
        let table = if family.is_by_slot() { self.catalog.table_of(id) } else { None };
        let draft = table.and_then(|table| self.drafts.get(&table));
        let fresh = draft.is_some_and(|draft| (draft.first..draft.end).contains(&number));
        let fresh = fresh && !self.cleared.contains(&(family, id));
        if fresh { &mut self.staged } else { &mut self.ops }
    }

    /// Writes a part of a new object's blob. The bytes are written at once, outside the batch, and are
    /// removed if the statement is not committed; the object's record must follow in the same statement.
    ///
    /// # Errors
    /// The object is in the catalog already, the blob is larger than the limit, or the write fails.
    pub fn put_blob(&mut self, object: ObjectId, part: u8, bytes: &[u8]) -> Result<(), CommitError> {
        if self.base.state.catalog.uses(object) {
            return Err(CommitError::InUse(object));
        }
        check_size("a blob", bytes.len(), self.shared.limits.blob_bytes_max)?;
        self.blobs.insert(object);
        let put = |batch: &mut WriteBatch, chunk: u32, value: Vec<u8>| {
            put_sealed(&self.shared.rocks, batch, Column::Blobs, &blob_key(object, part, chunk), value)
        };
        for (number, chunk) in (0_u32..).zip(bytes.chunks(BLOB_CHUNK_BYTES)) {
            let mut batch = WriteBatch::default();
            put(&mut batch, number, chunk.to_vec())?;
            self.shared.write_aside(batch)?;
        }
        let mut batch = WriteBatch::default();
        let total = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        put(&mut batch, BLOB_END, total.to_le_bytes().to_vec())?;
        self.shared.write_aside(batch)
    }

    /// Puts a sealed generation to use for its object with the commit. The one it replaces is deleted when
    /// its last reader is gone.
    ///
    /// # Errors
    /// The generation belongs to another store.
    pub fn publish(&mut self, sealed: SealedGeneration) -> Result<(), CommitError> {
        if !sealed.generation.belongs_to(&self.shared.root) {
            return Err(GenerationError::Foreign("it was built for another store".to_owned()).into());
        }
        self.pointers.insert(sealed.generation.object(), Some(sealed.generation));
        Ok(())
    }

    /// Takes an object's generation out of use with the commit.
    pub fn clear_pointer(&mut self, object: ObjectId) {
        self.pointers.insert(object, None);
    }

    /// Sets or, with `None`, removes a setting.
    pub fn put_setting(&mut self, name: &str, value: Option<&str>) {
        self.settings.insert(name.to_owned(), value.map(str::to_owned));
    }

    /// Writes everything as one batch, waits until it is on the disk and makes it visible; returns the
    /// statement's sequence number. A statement that changed nothing writes nothing and returns the sequence
    /// number before it. The next writer goes on while this one waits, and a wait of several is one.
    ///
    /// # Errors
    /// Rows were put under a number that no object names; or the write fails, and the store takes no more
    /// writes.
    pub fn commit(self) -> Result<u64, CommitError> {
        self.submit()?.wait()
    }

    /// The first half of [`Writer::commit`]: writes everything as one batch, and lets the next writer go on.
    ///
    /// # Errors
    /// As for [`Writer::commit`].
    pub fn submit(mut self) -> Result<Submitted, CommitError> {
        let shared = Arc::clone(self.shared);
        let before = Written {
            seq: self.base.state.seq,
            ticket: self.base_ticket,
            sync: shared.sync,
            replaced: Vec::new(),
        };
        let written = self.write()?.unwrap_or(before);
        Ok(Submitted { shared, written })
    }

    fn spill_if_large(&mut self) -> Result<(), CommitError> {
        if self.staged.bytes <= self.shared.limits.staged_bytes_max {
            return Ok(());
        }
        let mut batch = WriteBatch::default();
        self.staged.drain(self.shared, &mut batch)?;
        for (table, draft) in self.drafts.iter().filter(|(_, draft)| draft.end > draft.first) {
            // From here on the slots are burnt: whatever remains of their rows must not meet a later label.
            self.state.next_slots.insert(*table, draft.end);
            let note = Staged { first: draft.first, end: draft.end, rows: self.staged_rows(*table) };
            put_meta(&self.shared.rocks, &mut batch, &MetaKey::Staged(*table), note.encode()?)?;
            let next = draft.end.to_le_bytes().to_vec();
            put_meta(&self.shared.rocks, &mut batch, &MetaKey::NextSlot(*table), next)?;
        }
        self.shared.write_aside(batch)?;
        self.spilled = true;
        Ok(())
    }

    /// Where rows of a table's fresh slots may have been staged.
    fn staged_rows(&self, table: ObjectId) -> Vec<(Family, ObjectId)> {
        let staged = |family: Family, data| family.is_by_slot() && self.catalog.table_of(data) == Some(table);
        self.touched.iter().copied().filter(|(family, data)| staged(*family, *data)).collect()
    }

    /// Removes what a statement without a commit has written already. What cannot be removed now is removed
    /// at the next open; either way nobody sees it.
    fn abort(&mut self) -> Result<(), CommitError> {
        if !self.spilled && self.blobs.is_empty() {
            return Ok(());
        }
        let mut batch = WriteBatch::default();
        let mut ops = Ops::default();
        for object in &self.blobs {
            ops.delete_prefix(Column::Blobs, &object.0.to_be_bytes());
        }
        if self.spilled {
            for (table, draft) in &self.drafts {
                self.state.next_slots.insert(*table, draft.end);
                delete_staged(&mut ops, *table, draft.first..draft.end, &self.staged_rows(*table));
            }
        }
        ops.drain(self.shared, &mut batch)?;
        self.shared.write_aside(batch)?;
        self.shared.refresh(self.shared.sync)
    }
}

/// Deletes what was staged for a table, and the note of it.
pub(crate) fn delete_staged(ops: &mut Ops, table: ObjectId, slots: Range<Slot>, rows: &[(Family, ObjectId)]) {
    let mut delete =
        |column, from: Vec<u8>, end: Vec<u8>| ops.list.push(Op::DeleteRange { column, from, end });
    if !slots.is_empty() {
        let [from, end] = [slots.start, slots.end].map(|slot| slot_key(table, slot).to_vec());
        delete(Column::Labels, from, end);
        for (family, data) in rows.iter().filter(|(family, _)| family.is_by_slot()) {
            let [from, end] = [slots.start, slots.end].map(|slot| family.row_key(*data, slot));
            delete(family.column(), from, end);
        }
    }
    ops.delete(Column::Meta, &MetaKey::Staged(table).encode());
}

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        if !self.committed {
            let _ = self.abort();
        }
    }
}

impl std::fmt::Debug for Writer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("base", &self.base.state.seq).finish_non_exhaustive()
    }
}

/// The error for rows under a number that no object of the catalog names.
pub(crate) fn unowned(id: ObjectId) -> CommitError {
    CommitError::Unknown { what: "column or data id", id }
}
