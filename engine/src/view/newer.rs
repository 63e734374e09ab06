//! Rows that came after an index was built, and the indexes that take them in.

use argtop_storage::{ObjectId, Slot, TableRecord};
use roaring::RoaringBitmap;

use super::{Dense, View, row_specs};
use crate::context::Context;
use crate::database::Inner;
use crate::error::Error;
use crate::index::VectorIndex;

/// Rows that an index is given at once by a search that waits for them.
const NEWER_AT_ONCE: usize = 1024;
/// A query that finds more rows missing does not wait for them.
const WAITED_FOR_MAX: u64 = 1024;
/// So many unread rows of a tail are read in the background; fewer are little for the next search.
const ROWS_READ_AHEAD: u64 = 1024;
/// Rows that it is given at once in the background: so few that one thread takes them.
const FEW_AT_ONCE: usize = 32;

/// A slot and its row, with its bias behind it where rows have one.
type NewRow = (Slot, Vec<f32>);

/// The slots from `first` on; usually none, and then nothing is copied.
pub(crate) fn from_slot(slots: &RoaringBitmap, first: Slot) -> RoaringBitmap {
    if slots.max().is_none_or(|last| last < first) {
        return RoaringBitmap::new();
    }
    let mut newer = slots.clone();
    newer.remove_range(..first);
    newer
}

/// Gives an index of a table the rows of newer labels on all threads, where it takes them; false where it
/// does not, or has not taken all of them yet.
///
/// That is so where one query finds many missing, as the first one after a crash does: to scan them takes it
/// a hundredth of the time, and they are taken in the background.
pub(crate) fn take_newer(
    context: &Context,
    inner: &Inner,
    (index, table): (&dyn VectorIndex, ObjectId),
    dense: &Dense,
    newer: &RoaringBitmap,
    queries: usize,
) -> Result<bool, Error> {
    let Some(missing) = index.missing(newer) else { return Ok(false) };
    if queries == 1 && missing.len() > WAITED_FOR_MAX && inner.maintenance.take_in(table) {
        return Ok(false);
    }
    let extend = |rows: &[NewRow]| {
        // One new label, as after an INSERT, is taken on the thread that asks.
        if rows.len() > 1 { inner.install(|| index.extend(rows)) } else { index.extend(rows) }
    };
    take_some(context, dense, &missing, NEWER_AT_ONCE, extend)?;
    Ok(true)
}

fn take_some(
    context: &Context,
    dense: &Dense,
    missing: &RoaringBitmap,
    at_once: usize,
    extend: impl Fn(&[NewRow]),
) -> Result<(), Error> {
    let mut rows = Vec::new();
    for slot in missing {
        rows.push((slot, dense.with_bias(slot)?));
        if rows.len() == at_once {
            context.check()?;
            extend(&rows);
            rows.clear();
        }
    }
    if !rows.is_empty() {
        extend(&rows);
    }
    Ok(())
}

impl View {
    /// Lets everything that is open of a table take in its newer labels, on this thread, so that the next
    /// search does not have to.
    pub(crate) fn take_in(&self, context: &Context, table: &TableRecord) -> Result<(), Error> {
        let live = self.live(table)?;
        let mut opened = false;
        // Those that exact searches and scores read.
        for spec in row_specs(self, table) {
            context.check()?;
            if Dense::unread(self, table, &spec) >= ROWS_READ_AHEAD {
                Dense::open(self, table, &spec)?;
                opened = true;
            }
        }
        for record in self.indexes(table) {
            if record.method == "fts" && self.has_texts(&record) {
                self.texts(table, &record)?;
                opened = true;
                continue;
            }
            let Some(index) = self.opened_index(&record) else { continue };
            let dense = self.source_rows(table, &self.source_of(&record)?)?;
            let newer = from_slot(&live, index.slot_end());
            let Some(missing) = index.missing(&newer) else { continue };
            take_some(context, &dense, &missing, FEW_AT_ONCE, |rows| index.extend(rows))?;
            opened = true;
        }
        // The keys of the tail are read with them, once for all.
        if opened { self.keys(table).map(drop) } else { Ok(()) }
    }
}
