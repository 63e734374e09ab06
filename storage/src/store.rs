//! The store: a handle that any thread may clone, and what all handles share.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use arc_swap::ArcSwap;
use rocksdb::WriteBatch;

use crate::bulk::BulkRows;
use crate::error::{CommitError, GenerationError, OpenError};
use crate::fs as disk;
use crate::generation::{GenerationBuilder, GenerationRoot};
use crate::home::Home;
use crate::key::{Column, Family, ObjectId};
use crate::limits::Limits;
use crate::log::Log;
use crate::manifest::GenerationKind;
use crate::meta::{LiveImage, MetaKey};
use crate::open::OpenOptions;
use crate::rocks::Rocks;
use crate::seal::seal;
use crate::snapshot::Snapshot;
use crate::state::{Image, WriterState};
use crate::verify::Finding;
use crate::writer::Writer;

/// An open database. Clones are handles of the same database; the last one to go closes it.
#[derive(Clone)]
pub struct Store {
    pub(crate) shared: Arc<Shared>,
}

/// What all handles share.
pub(crate) struct Shared {
    // Images come before RocksDB, so that their snapshots are released first.
    /// What readers see.
    pub(crate) image: ArcSwap<Image>,
    /// What was written, visible or not.
    pub(crate) log: Log,
    pub(crate) rocks: Arc<Rocks>,
    pub(crate) root: Arc<GenerationRoot>,
    pub(crate) home: Home,
    pub(crate) limits: Limits,
    pub(crate) sync: bool,
    pub(crate) read_only: bool,
    pub(crate) writer: Mutex<WriterState>,
    pub(crate) next_object: Mutex<u32>,
    pub(crate) poison: OnceLock<String>,
    pub(crate) closed: AtomicBool,
}

impl Store {
    /// Opens the database at a path.
    ///
    /// # Errors
    /// There is none and none is to be made, the path holds something else, the database is in use, was
    /// written by a newer version, lacks a file, or is damaged. Nothing is changed before marker, version and
    /// lock were checked.
    pub fn open(path: impl AsRef<Path>, options: &OpenOptions) -> Result<Store, OpenError> {
        crate::open::open(path.as_ref(), options).map(|shared| Store { shared: Arc::new(shared) })
    }

    /// One moment of the database. Takes no lock.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { image: self.shared.image.load_full() }
    }

    /// The writer of the next statement. Waits until the previous one is committed or dropped.
    ///
    /// # Errors
    /// The store is read-only, closed, or poisoned by a failed write.
    pub fn writer(&self) -> Result<Writer<'_>, CommitError> {
        Writer::begin(&self.shared)
    }

    /// A number that was never given out before and never will be again. Numbers that are not used are lost.
    ///
    /// # Errors
    /// The store takes no writes, or no numbers are left.
    pub fn allocate(&self) -> Result<ObjectId, CommitError> {
        self.shared.allocate()
    }

    /// Writes rows outside any statement, under a data id from [`Store::allocate`] that no object uses yet.
    /// They become visible with the commit of an object that names the data id, and are removed at the next
    /// open if none does.
    ///
    /// # Errors
    /// The store takes no writes, or the data id is in use.
    pub fn bulk_rows(&self, family: Family, data: ObjectId) -> Result<BulkRows, CommitError> {
        BulkRows::begin(&self.shared, family, data)
    }

    /// Begins a generation for an object.
    ///
    /// # Errors
    /// The store takes no writes, or the directory cannot be made.
    pub fn begin_generation(
        &self,
        kind: GenerationKind,
        object: ObjectId,
    ) -> Result<GenerationBuilder, GenerationError> {
        GenerationBuilder::begin(&self.shared, kind, object)
    }

    /// What went wrong without stopping anything: quarantined generations, lost writes, repaired state.
    pub fn warnings(&self) -> Vec<String> {
        self.shared.root.warnings()
    }

    /// Whether the store takes no writes: because it was opened so, or because it lost writes.
    pub fn is_read_only(&self) -> bool {
        self.shared.read_only
    }

    /// Why the store takes no more writes, if a write has failed.
    pub fn poisoned(&self) -> Option<&str> {
        self.shared.poison.get().map(String::as_str)
    }

    /// The database's directory.
    pub fn path(&self) -> &Path {
        &self.shared.home.path
    }

    /// Files of long work beside the store; any of them may be deleted.
    pub fn scratch(&self) -> crate::scratch::Scratch {
        crate::scratch::Scratch::new(self.shared.home.scratch(), self.shared.read_only)
    }

    /// The bounds in force.
    pub fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    /// Bytes of all files of the database.
    ///
    /// # Errors
    /// A directory cannot be read.
    pub fn disk_bytes(&self) -> std::io::Result<u64> {
        disk::disk_bytes(&self.shared.home.path)
    }

    /// Waits until everything that a writer may have seen is visible and, unless the store was opened with
    /// `sync: false`, on the disk. For statements that tell what they found without a commit of their own.
    ///
    /// # Errors
    /// A write failed, and the store takes no more of them.
    pub fn settle(&self) -> Result<(), CommitError> {
        let (_, ticket) = self.shared.log.newest();
        self.shared.settle(ticket, self.shared.sync)
    }

    /// Makes every commit so far durable, for stores opened with `sync: false`.
    ///
    /// # Errors
    /// The write fails; the store is then poisoned.
    pub fn sync(&self) -> Result<(), CommitError> {
        self.shared.writable()?;
        self.shared.flush_log(true)
    }

    /// Reads everything and compares it: checksums of every stored value, records with keys, keys with live
    /// slots, files of generations with their manifests. Returns what is wrong; damaged generations are
    /// quarantined.
    pub fn check(&self) -> Vec<Finding> {
        crate::verify::check(&self.shared)
    }

    /// Closes the database in order: saves the live slots and flushes, so that the next open has nothing to
    /// replay. Other handles take no more writes. The lock is released when the last handle and the last
    /// snapshot are gone.
    ///
    /// # Errors
    /// Something could not be written. Nothing acknowledged is lost by that.
    pub fn close(self) -> Result<(), CommitError> {
        self.shared.close()
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("path", &self.shared.home.path).finish_non_exhaustive()
    }
}

impl Shared {
    /// Fails if the store takes no writes.
    pub(crate) fn writable(&self) -> Result<(), CommitError> {
        if self.read_only {
            return Err(CommitError::ReadOnly);
        }
        if self.closed.load(Ordering::SeqCst) {
            return Err(CommitError::Closed);
        }
        match self.poison.get() {
            Some(reason) => Err(CommitError::Poisoned(reason.clone())),
            None => Ok(()),
        }
    }

    /// Passes the outcome of a write on; a failure poisons the store, because what the disk now holds is
    /// unknown and trying again may report success for data that are gone.
    pub(crate) fn poison_on_failure<T>(&self, outcome: Result<T, CommitError>) -> Result<T, CommitError> {
        if let Err(error) = &outcome {
            let _ = self.poison.set(error.to_string());
        }
        outcome
    }

    /// Writes a batch that changes nothing that readers see.
    pub(crate) fn write_aside(&self, batch: WriteBatch) -> Result<(), CommitError> {
        self.writable()?;
        self.poison_on_failure(self.rocks.write(batch, false))
    }

    /// Hands everything written so far to the operating system and, with `sync`, makes it durable.
    pub(crate) fn flush_log(&self, sync: bool) -> Result<(), CommitError> {
        self.poison_on_failure(self.rocks.flush_log(sync))
    }

    pub(crate) fn allocate(&self) -> Result<ObjectId, CommitError> {
        let mut next = self.next_object.lock().unwrap_or_else(PoisonError::into_inner);
        let id = *next;
        let after = id.checked_add(1).ok_or(CommitError::Exhausted("object"))?;
        let mut batch = WriteBatch::default();
        put_meta(&self.rocks, &mut batch, &MetaKey::NextObject, after.to_le_bytes().to_vec())?;
        // Not synced: whatever uses the number is later in the same log, so a cut cannot keep one and lose
        // the other.
        self.write_aside(batch)?;
        *next = after;
        Ok(ObjectId(id))
    }

    pub(crate) fn close(&self) -> Result<(), CommitError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        match self.writable() {
            Ok(()) => {}
            // Nothing to save, or saving could do harm.
            Err(CommitError::ReadOnly | CommitError::Closed) => return Ok(()),
            Err(error) => return Err(error),
        }
        let (image, ticket) = self.log.newest();
        self.settle(ticket, self.sync)?;
        let mut batch = WriteBatch::default();
        for (table, changes) in std::mem::take(&mut writer.unsaved) {
            if let Some(state) = image.state.tables.get(&table).filter(|_| changes > 0) {
                let bytes = LiveImage::encode(image.state.seq, &state.live)?;
                put_meta(&self.rocks, &mut batch, &MetaKey::Live(table), bytes)?;
            }
        }
        self.poison_on_failure(self.rocks.write(batch, true))?;
        self.poison_on_failure(self.rocks.flush())?;
        self.closed.store(true, Ordering::SeqCst);
        self.root.wait_removed();
        // Readers that are left keep RocksDB open, but nothing is written any more.
        Ok(self.rocks.lock.mark_clean()?)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // Whoever wants to know calls `close`; everything acknowledged is in the log either way.
        let _ = self.close();
    }
}

/// Adds an entry of `meta` to a batch.
pub(crate) fn put_meta(
    rocks: &Rocks,
    batch: &mut WriteBatch,
    key: &MetaKey<'_>,
    value: Vec<u8>,
) -> Result<(), CommitError> {
    put_sealed(rocks, batch, Column::Meta, &key.encode(), value)
}

/// Adds an entry to a batch, with its checksum.
pub(crate) fn put_sealed(
    rocks: &Rocks,
    batch: &mut WriteBatch,
    column: Column,
    key: &[u8],
    mut value: Vec<u8>,
) -> Result<(), CommitError> {
    seal(column, key, &mut value);
    batch.put_cf(rocks.family(column)?, key, value);
    Ok(())
}
