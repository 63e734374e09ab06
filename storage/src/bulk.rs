//! Rows written outside any statement: a rebuilt matrix or cluster graph, under a data id that nothing points
//! to yet.

use std::sync::Arc;

use rocksdb::WriteBatch;

use crate::error::CommitError;
use crate::key::{Family, ObjectId};
use crate::record::check_size;
use crate::store::{Shared, put_sealed};

/// Bytes of one unsynced batch.
const CHUNK_BYTES: usize = 8 << 20;

/// Writes rows in chunks under a data id that no object uses yet. They are durable and readable after
/// [`BulkRows::finish`]; they belong to something once a committed object names the data id.
pub struct BulkRows {
    shared: Arc<Shared>,
    family: Family,
    data: ObjectId,
    batch: WriteBatch,
    rows: u64,
}

impl BulkRows {
    pub(crate) fn begin(
        shared: &Arc<Shared>,
        family: Family,
        data: ObjectId,
    ) -> Result<BulkRows, CommitError> {
        shared.writable()?;
        if shared.image.load().state.catalog.uses(data) {
            return Err(CommitError::InUse(data));
        }
        Ok(BulkRows { shared: Arc::clone(shared), family, data, batch: WriteBatch::default(), rows: 0 })
    }

    /// Writes a row; one that was written under the number before is replaced.
    ///
    /// # Errors
    /// The row is larger than the limit, or the write fails and the store takes no more writes.
    pub fn put(&mut self, number: u32, bytes: &[u8]) -> Result<(), CommitError> {
        check_size("a row", bytes.len(), self.shared.limits.row_bytes_max)?;
        let key = self.family.row_key(self.data, number);
        put_sealed(&self.shared.rocks, &mut self.batch, self.family.column(), &key, bytes.to_vec())?;
        self.rows = self.rows.saturating_add(1);
        if self.batch.size_in_bytes() >= CHUNK_BYTES {
            self.shared.write_aside(std::mem::take(&mut self.batch))?;
        }
        Ok(())
    }

    /// Rows put so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Writes what is left and makes all of it durable; snapshots taken from now on can read it.
    ///
    /// # Errors
    /// The write fails; the store takes no more writes.
    pub fn finish(mut self) -> Result<u64, CommitError> {
        self.shared.write_aside(std::mem::take(&mut self.batch))?;
        self.shared.refresh(true)?;
        Ok(self.rows)
    }
}

impl std::fmt::Debug for BulkRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BulkRows").field("data", &self.data).field("rows", &self.rows).finish_non_exhaustive()
    }
}
