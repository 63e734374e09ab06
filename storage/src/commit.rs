//! The commit: everything a statement changed, as one batch under one sequence number.
//!
//! Order matters here: the batch is complete before anything is written; RocksDB takes all of it or nothing;
//! only then does memory change. A failure leaves memory as it was and poisons the store. The wait for the
//! disk comes after the writer lock is free again (`log`).

use std::collections::BTreeMap;
use std::sync::Arc;

use rocksdb::WriteBatch;

use crate::error::CommitError;
use crate::feed::{ChangeKind, encode_change, feed_key, runs};
use crate::generation::Generation;
use crate::key::{Column, ObjectId};
use crate::log::Ticket;
use crate::meta::{LiveImage, MetaKey};
use crate::state::State;
use crate::store::{put_meta, put_sealed};
use crate::writer::{Draft, Writer, unowned};

/// A batch that was written, and what is left to do when it is on the disk.
pub(crate) struct Written {
    pub(crate) seq: u64,
    pub(crate) ticket: Ticket,
    pub(crate) sync: bool,
    /// Generations that it took out of use.
    pub(crate) replaced: Vec<Arc<Generation>>,
}

impl Writer<'_> {
    fn is_empty(&self) -> bool {
        self.objects.is_empty()
            && self.drafts.values().all(|draft| draft.changes() == 0)
            && self.keys.is_empty()
            && self.staged.is_empty()
            && self.ops.is_empty()
            && self.pointers.is_empty()
            && self.settings.is_empty()
    }

    /// Writes the batch; None where there is nothing to write.
    pub(crate) fn write(&mut self) -> Result<Option<Written>, CommitError> {
        if self.is_empty() {
            return Ok(None);
        }
        self.shared.writable()?;
        if let Some((_, id)) = self.touched.iter().find(|(_, id)| self.catalog.owner(*id).is_none()) {
            return Err(unowned(*id));
        }
        if let Some(id) = self.blobs.iter().find(|id| self.catalog.get(**id).is_none()) {
            return Err(CommitError::Unknown { what: "object", id: *id });
        }
        let seq = self.next_seq();
        let mut next = self.next_state(seq);
        let mut batch = WriteBatch::default();
        self.staged.drain(self.shared, &mut batch)?;
        self.ops.drain(self.shared, &mut batch)?;
        self.add_labels(seq, &next, &mut batch)?;
        self.add_catalog(&mut batch)?;
        let saved = self.add_live_images(seq, &next, &mut batch)?;
        self.trim_feed(&mut next, &mut batch)?;
        put_meta(&self.shared.rocks, &mut batch, &MetaKey::Seq, seq.to_le_bytes().to_vec())?;
        let ticket = self.append_batch(batch, next)?;
        self.remember(&saved);
        // What was staged, and what a generation was built from, must not be outlived by what refers to it.
        let sync = self.shared.sync || self.publishes();
        Ok(Some(Written { seq, ticket, sync, replaced: self.replaced() }))
    }

    /// Brings what only writers need up to date with a commit that succeeded.
    fn remember(&mut self, saved: &[ObjectId]) {
        for table in self.objects.iter().filter_map(|(id, object)| object.is_none().then_some(id)) {
            self.state.next_slots.remove(table);
            self.state.unsaved.remove(table);
        }
        for (table, draft) in std::mem::take(&mut self.drafts) {
            self.state.next_slots.insert(table, draft.end);
            let unsaved = self.state.unsaved.entry(table).or_default();
            *unsaved = unsaved.saturating_add(draft.changes());
        }
        for table in saved {
            self.state.unsaved.remove(table);
        }
    }

    /// The state after the statement.
    fn next_state(&mut self, seq: u64) -> State {
        let mut next = self.base.state.clone();
        next.seq = seq;
        if !self.objects.is_empty() {
            Arc::make_mut(&mut self.catalog).set_version(seq);
            next.catalog = Arc::clone(&self.catalog);
        }
        for (id, object) in &self.objects {
            if object.is_none() {
                next.tables.remove(id);
            }
        }
        for (table, draft) in &self.drafts {
            let state = next.tables.entry(*table).or_default();
            state.slot_end = draft.end;
            if draft.changes() > 0 {
                let live = Arc::make_mut(&mut state.live);
                live.insert_range(draft.first..draft.end);
                *live -= &draft.ended;
            }
        }
        if !self.settings.is_empty() {
            let settings = Arc::make_mut(&mut next.settings);
            for (name, value) in &self.settings {
                match value {
                    Some(value) => drop(settings.insert(name.clone(), value.clone())),
                    None => drop(settings.remove(name)),
                }
            }
        }
        for (object, generation) in &self.pointers {
            match generation {
                Some(generation) => drop(next.pointers.insert(*object, Arc::clone(generation))),
                None => drop(next.pointers.remove(object)),
            }
        }
        next
    }

    /// Keys, next slots and the feed.
    fn add_labels(&mut self, seq: u64, next: &State, batch: &mut WriteBatch) -> Result<(), CommitError> {
        let rocks = &self.shared.rocks;
        for (key, slot) in &self.keys {
            match slot {
                Some(slot) => put_sealed(rocks, batch, Column::Keys, key, slot.to_le_bytes().to_vec())?,
                None => batch.delete_cf(rocks.family(Column::Keys)?, key),
            }
        }
        for (table, draft) in self.drafts.iter().filter(|(table, _)| next.tables.contains_key(table)) {
            put_meta(rocks, batch, &MetaKey::NextSlot(*table), draft.end.to_le_bytes().to_vec())?;
            if self.spilled {
                batch.delete_cf(rocks.family(Column::Meta)?, MetaKey::Staged(*table).encode());
            }
            let inserted = Some(draft.first..draft.end).filter(|slots| !slots.is_empty());
            let inserted = inserted.into_iter().map(|slots| (ChangeKind::Inserted, slots));
            let ended = runs(draft.ended.iter()).map(|slots| (ChangeKind::Ended, slots));
            for (number, (kind, slots)) in (0_u32..).zip(inserted.chain(ended)) {
                let key = feed_key(seq, *table, number);
                put_sealed(rocks, batch, Column::Feed, &key, encode_change(kind, &slots))?;
            }
        }
        Ok(())
    }

    /// Catalog records, pointers and settings.
    fn add_catalog(&mut self, batch: &mut WriteBatch) -> Result<(), CommitError> {
        let rocks = &self.shared.rocks;
        let mut put = |key: MetaKey<'_>, value: Option<Vec<u8>>| match value {
            Some(value) => put_meta(rocks, batch, &key, value),
            None => {
                batch.delete_cf(rocks.family(Column::Meta)?, key.encode());
                Ok(())
            }
        };
        for (id, object) in &self.objects {
            let value = object.as_ref().map(|object| object.encode()).transpose()?;
            put(MetaKey::Catalog(*id), value)?;
        }
        for (object, generation) in &self.pointers {
            let value = generation.as_ref().map(|generation| generation.id().to_le_bytes().to_vec());
            put(MetaKey::Pointer(*object), value)?;
        }
        for (name, value) in &self.settings {
            put(MetaKey::Setting(name), value.as_ref().map(|value| value.clone().into_bytes()))?;
        }
        Ok(())
    }

    fn publishes(&self) -> bool {
        self.pointers.values().any(Option::is_some)
    }

    /// Images of live slots: for new tables, after many changes, and with every publication.
    fn add_live_images(
        &self,
        seq: u64,
        next: &State,
        batch: &mut WriteBatch,
    ) -> Result<Vec<ObjectId>, CommitError> {
        let mut saved = Vec::new();
        for (table, state) in &next.tables {
            let changes = self.drafts.get(table).map_or(0, Draft::changes);
            let unsaved = self.state.unsaved.get(table).copied().unwrap_or(0).saturating_add(changes);
            let due = unsaved > self.shared.limits.image_changes_max || (unsaved > 0 && self.publishes());
            if due || !self.base.state.tables.contains_key(table) {
                let mut live = state.live.as_ref().clone();
                live.optimize();
                put_meta(&self.shared.rocks, batch, &MetaKey::Live(*table), LiveImage::encode(seq, &live)?)?;
                saved.push(*table);
            }
        }
        Ok(saved)
    }

    /// A publication has saved every table's live slots, so that the feed serves only those who catch up from
    /// a generation; what is older than the oldest of these goes.
    fn trim_feed(&self, next: &mut State, batch: &mut WriteBatch) -> Result<(), CommitError> {
        if !self.publishes() {
            return Ok(());
        }
        let covers =
            |generation: &Arc<Generation>| generation.manifest().map(|manifest| manifest.fields.covers_seq);
        let oldest = next.pointers.values().filter_map(|generation| covers(generation).ok()).min();
        let oldest = oldest.unwrap_or(next.seq).min(next.seq);
        if oldest > next.feed_start {
            next.feed_start = oldest;
            let [from, end] = [0, oldest.saturating_add(1)].map(|seq| feed_key(seq, ObjectId(0), 0));
            batch.delete_range_cf(self.shared.rocks.family(Column::Feed)?, from, end);
            put_meta(&self.shared.rocks, batch, &MetaKey::FeedStart, oldest.to_le_bytes().to_vec())?;
        }
        Ok(())
    }

    /// Writes the batch; the next writer starts from it.
    fn append_batch(&mut self, batch: WriteBatch, next: State) -> Result<Ticket, CommitError> {
        // After a failed write it is unknown whether the pointers moved, so the directories must stay from
        // here on.
        for generation in self.pointers.values().flatten() {
            generation.set_retired(false);
        }
        // From here on the batch may be on disk, whatever the outcome says, so nothing of it may be taken
        // back.
        self.committed = true;
        self.shared.append(batch, next)
    }

    /// The generations whose pointers move away from them.
    fn replaced(&self) -> Vec<Arc<Generation>> {
        let before: &BTreeMap<_, _> = &self.base.state.pointers;
        let moved = self.pointers.iter().filter_map(|(object, now)| {
            let old = before.get(object)?;
            now.as_ref().is_none_or(|now| now.id() != old.id()).then(|| Arc::clone(old))
        });
        moved.collect()
    }
}
