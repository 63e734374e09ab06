//! What a store holds in memory at one sequence number, and the image that ties it to RocksDB.

use std::collections::BTreeMap;
use std::sync::Arc;

use roaring::RoaringBitmap;

use crate::catalog::Catalog;
use crate::generation::Generation;
use crate::key::{ObjectId, Slot};
use crate::rocks::{HeldSnapshot, Rocks};

/// The slots of a table.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct TableState {
    pub(crate) live: Arc<RoaringBitmap>,
    pub(crate) slot_end: Slot,
}

/// Everything that readers take from memory. Clones share what did not change.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) seq: u64,
    /// The feed is complete after this sequence.
    pub(crate) feed_start: u64,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) tables: BTreeMap<ObjectId, TableState>,
    pub(crate) pointers: BTreeMap<ObjectId, Arc<Generation>>,
    pub(crate) settings: Arc<BTreeMap<String, String>>,
}

/// A state and a RocksDB snapshot of the same moment. A new one is swapped in after each commit, so that
/// readers take both together without a lock.
pub(crate) struct Image {
    pub(crate) state: State,
    pub(crate) rocks: HeldSnapshot,
}

impl Image {
    pub(crate) fn take(rocks: &Arc<Rocks>, state: State) -> Arc<Image> {
        Arc::new(Image { state, rocks: HeldSnapshot::take(rocks) })
    }
}

/// What only writers need. Guarded by the writer lock.
#[derive(Debug, Default)]
pub(crate) struct WriterState {
    /// The next slot of each table: past every slot that was ever given out, staged ones of failed statements
    /// too.
    pub(crate) next_slots: BTreeMap<ObjectId, Slot>,
    /// Slots that changed since the table's image of live slots was written.
    pub(crate) unsaved: BTreeMap<ObjectId, u64>,
}
