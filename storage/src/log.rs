//! Group commit: statements write their batches to RocksDB's log one after the other, and wait for the disk
//! together.
//!
//! ```text
//! writer lock:  batch 1 | batch 2 | batch 3 | ...        each under its own sequence number, not synced yet
//! disk:             [ sync: 1 ]  [ sync: 2, 3 ] ...      whoever comes first syncs for all that are written
//! readers:                 1 visible    2, 3 visible
//! ```
//!
//! The next writer starts from the newest batch, whether it is on the disk or not, because batches reach the
//! disk in the order of the log: none can be there without those before it. Readers, and the caller of a
//! commit, get to know of a batch only when it is on the disk. A sync that fails poisons the store, and every
//! commit that waited for it fails.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rocksdb::WriteBatch;

use crate::error::CommitError;
use crate::state::{Image, State};
use crate::store::Shared;

/// What was written, and how much of it is on the disk.
pub(crate) struct Log {
    state: Mutex<LogState>,
    synced: Condvar,
}

struct LogState {
    /// The state after the last batch.
    newest: Arc<Image>,
    /// Batches written.
    written: u64,
    /// Batches that readers see.
    visible: u64,
    /// Whether someone waits for the disk on behalf of all.
    syncing: bool,
    /// Why a sync failed.
    failure: Option<String>,
}

/// A batch that was written and may not be on the disk yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket(u64);

impl Log {
    pub(crate) fn new(newest: Arc<Image>) -> Log {
        let state = LogState { newest, written: 0, visible: 0, syncing: false, failure: None };
        Log { state: Mutex::new(state), synced: Condvar::new() }
    }

    /// Between its steps the state is whole, so that a panic elsewhere does no harm.
    fn lock(&self) -> MutexGuard<'_, LogState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state after the last batch, and the batch.
    pub(crate) fn newest(&self) -> (Arc<Image>, Ticket) {
        let log = self.lock();
        (Arc::clone(&log.newest), Ticket(log.written))
    }
}

impl Shared {
    /// Writes a batch and makes the state after it the newest. The caller holds the writer lock and passes
    /// the ticket to [`Shared::settle`] when it has let go of it.
    pub(crate) fn append(&self, batch: WriteBatch, next: State) -> Result<Ticket, CommitError> {
        let mut log = self.log.lock();
        self.poison_on_failure(self.rocks.write(batch, false))?;
        log.newest = Image::take(&self.rocks, next);
        log.written = log.written.saturating_add(1);
        Ok(Ticket(log.written))
    }

    /// Makes a batch and all before it visible to readers, after they are on the disk, or, without `sync`,
    /// after the operating system has them.
    pub(crate) fn settle(&self, ticket: Ticket, sync: bool) -> Result<(), CommitError> {
        let mut log = self.log.lock();
        while log.visible < ticket.0 {
            if let Some(reason) = &log.failure {
                return Err(CommitError::Poisoned(reason.clone()));
            }
            if log.syncing {
                log = self.log.synced.wait(log).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let (image, written) = (Arc::clone(&log.newest), log.written);
            log.syncing = true;
            drop(log);
            let outcome = self.flush_log(sync);
            log = self.log.lock();
            log.syncing = false;
            self.log.synced.notify_all();
            if let Err(error) = outcome {
                // What the disk holds is unknown from here on: nobody may try again.
                log.failure = Some(error.to_string());
                return Err(error);
            }
            // Only one at a time comes here, so that images follow one another.
            self.image.store(image);
            log.visible = written;
        }
        Ok(())
    }

    /// Takes a new RocksDB snapshot under the newest state, so that rows written in bulk can be read; with
    /// `sync` after they are on the disk.
    pub(crate) fn refresh(&self, sync: bool) -> Result<(), CommitError> {
        let ticket = {
            let mut log = self.log.lock();
            let state = log.newest.state.clone();
            log.newest = Image::take(&self.rocks, state);
            log.written = log.written.saturating_add(1);
            Ticket(log.written)
        };
        self.settle(ticket, sync)
    }
}
