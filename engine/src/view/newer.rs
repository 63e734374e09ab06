//! Rows that came after an index was built, and the indexes that take them in.

use argtop_storage::{Slot, TableRecord};
use roaring::RoaringBitmap;

use super::{Dense, View};
use crate::context::Context;
use crate::database::Inner;
use crate::error::Error;
use crate::index::VectorIndex;

/// Rows that an index is given at once by a search that waits for them.
const NEWER_AT_ONCE: usize = 1024;
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

/// Gives an index the rows of newer labels on all threads, where it takes them; false where it does not.
pub(crate) fn take_newer(
    context: &Context,
    inner: &Inner,
    index: &dyn VectorIndex,
    dense: &Dense,
    newer: &RoaringBitmap,
) -> Result<bool, Error> {
    let extend = |rows: &[NewRow]| {
        // One new label, as after an INSERT, is taken on the thread that asks.
        if rows.len() > 1 { inner.install(|| index.extend(rows)) } else { index.extend(rows) }
    };
    take_some(context, index, dense, newer, NEWER_AT_ONCE, extend)
}

fn take_some(
    context: &Context,
    index: &dyn VectorIndex,
    dense: &Dense,
    newer: &RoaringBitmap,
    at_once: usize,
    extend: impl Fn(&[NewRow]),
) -> Result<bool, Error> {
    let Some(missing) = index.missing(newer) else { return Ok(false) };
    let mut rows = Vec::new();
    for slot in &missing {
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
    Ok(true)
}

impl View {
    /// Lets everything that is open of a table take in its newer labels, on this thread, so that the next
    /// search does not have to.
    pub(crate) fn take_in(&self, context: &Context, table: &TableRecord) -> Result<(), Error> {
        let live = self.live(table)?;
        for record in self.indexes(table) {
            let Some(index) = self.opened_index(&record) else { continue };
            let dense = self.source_rows(table, &self.source_of(&record)?)?;
            let newer = from_slot(&live, index.slot_end());
            take_some(context, &*index, &dense, &newer, FEW_AT_ONCE, |rows| index.extend(rows))?;
            self.keys(table)?;
        }
        Ok(())
    }
}
