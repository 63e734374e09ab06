//! Primary keys by slot: the packed keys of a generation, and the tail in memory.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use argtop_storage::{GenerationKind, Key, Slot, TableRecord};
use roaring::RoaringBitmap;

use super::View;
use super::moment::{lock, unread};
use crate::error::Error;
use crate::index::{KeyRef, PackedKeys};

/// What all views share of one table's keys under one generation.
pub(super) struct Shared {
    generation: Option<u64>,
    base: Option<PackedKeys>,
    tail: Mutex<Tail>,
}

struct Tail {
    /// Slots under this one were looked at.
    read_to: Slot,
    present: RoaringBitmap,
    keys: Arc<BTreeMap<Slot, Key>>,
}

/// The keys of a table's live labels under a view.
pub(crate) struct KeyBook {
    shared: Arc<Shared>,
    newer: Arc<BTreeMap<Slot, Key>>,
    extra: BTreeMap<Slot, Key>,
}

impl KeyBook {
    /// Opens the keys; reads what is missing of the tail.
    pub(super) fn open(view: &View, table: &TableRecord) -> Result<KeyBook, Error> {
        let shared = shared(view, table);
        let slot_end = view.snapshot.slot_end(table.id);
        let live = view.snapshot.live(table.id);
        let base_end = shared.base.as_ref().map_or(0, |base| base.slots().slot_end());
        let (newer, missing) = {
            let mut tail = lock(&shared.tail);
            if tail.read_to < slot_end {
                read_tail(view, table, &mut tail, slot_end)?;
            }
            let missing = unread(&live, &tail.present, base_end, slot_end);
            (tail.keys.clone(), missing)
        };
        let mut extra = BTreeMap::new();
        for (slot, record) in missing.iter().zip(view.snapshot.records(table.id, &missing)?) {
            if let Some(record) = record {
                extra.insert(*slot, record.key);
            }
        }
        Ok(KeyBook { shared, newer, extra })
    }

    fn find(&self, slot: Slot) -> Option<KeyRef<'_>> {
        if let Some(key) = self.shared.base.as_ref().and_then(|base| base.key(slot)) {
            return Some(key);
        }
        let key = self.newer.get(&slot).or_else(|| self.extra.get(&slot))?;
        Some(match key {
            Key::BigInt(number) => KeyRef::BigInt(*number),
            Key::Text(text) => KeyRef::Text(text),
        })
    }

    /// The key of a live label.
    pub(crate) fn key(&self, slot: Slot) -> Result<Key, Error> {
        match self.find(slot) {
            Some(KeyRef::BigInt(number)) => Ok(Key::BigInt(number)),
            Some(KeyRef::Text(text)) => Ok(Key::Text(text.to_string())),
            None => Err(Error::Internal(format!("slot {slot} has no key"))),
        }
    }

    /// Asks memory for the key of a slot before it is needed.
    pub(crate) fn prefetch(&self, slot: Slot) {
        if let Some(base) = &self.shared.base {
            base.prefetch(slot);
        }
    }

    /// The key of a live label, for messages.
    pub(crate) fn text(&self, slot: Slot) -> String {
        match self.find(slot) {
            Some(KeyRef::BigInt(number)) => number.to_string(),
            Some(KeyRef::Text(text)) => text.to_string(),
            None => format!("at slot {slot}"),
        }
    }

    /// The order of two live labels by primary key.
    pub(crate) fn compare(&self, a: Slot, b: Slot) -> Ordering {
        match (self.find(a), self.find(b)) {
            (Some(KeyRef::BigInt(a)), Some(KeyRef::BigInt(b))) => a.cmp(&b),
            (Some(KeyRef::Text(a)), Some(KeyRef::Text(b))) => a.cmp(b),
            // Both have keys wherever a label is live; the slot keeps the order total all the same.
            _ => a.cmp(&b),
        }
    }
}

/// A tail up to this long is looked up slot by slot.
const LOOKUPS_MAX: u32 = 64;
/// A tail of more than one label in so many is read from the keys, which are far smaller than the records but
/// not ordered by slot.
const RECORDS_PART: u64 = 4;

fn read_tail(view: &View, table: &TableRecord, tail: &mut Tail, slot_end: Slot) -> Result<(), Error> {
    let from = tail.read_to;
    let mut found: Vec<(Slot, Key)> = Vec::new();
    let live = view.snapshot.live(table.id);
    if live.range_cardinality(from..slot_end) > live.len() / RECORDS_PART && slot_end - from > LOOKUPS_MAX {
        for entry in view.snapshot.keys(table.id)? {
            let (key, slot) = entry?;
            if slot >= from {
                found.push((slot, key));
            }
        }
    } else if slot_end - from > LOOKUPS_MAX {
        for entry in view.snapshot.scan_records(table.id, from..slot_end)? {
            let (slot, record) = entry?;
            found.push((slot, record.key));
        }
    } else {
        let slots: Vec<Slot> = live.range(from..slot_end).collect();
        let records = view.snapshot.records(table.id, &slots)?;
        found.extend(slots.iter().zip(records).filter_map(|(slot, record)| Some((*slot, record?.key))));
    }
    tail.present.extend(found.iter().map(|(slot, _)| *slot));
    Arc::make_mut(&mut tail.keys).extend(found);
    tail.read_to = slot_end;
    Ok(())
}

fn shared(view: &View, table: &TableRecord) -> Arc<Shared> {
    let generation = view.generation(table.id);
    let id = generation.as_ref().map(|generation| generation.id());
    if let Some(shared) = lock(&view.inner.caches.keys).get(&table.id)
        && shared.generation == id
    {
        return shared.clone();
    }
    let base = generation.and_then(|generation| {
        if generation.kind().ok()? != GenerationKind::Keys {
            return None;
        }
        PackedKeys::open(generation.map(crate::build::KEYS_FILE).ok()?).ok()
    });
    let read_to = base.as_ref().map_or(0, |base| base.slots().slot_end());
    let tail = Mutex::new(Tail { read_to, present: RoaringBitmap::new(), keys: Arc::default() });
    let shared = Arc::new(Shared { generation: id, base, tail });
    lock(&view.inner.caches.keys).insert(table.id, shared.clone());
    shared
}
