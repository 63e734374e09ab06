//! The labels that pass a predicate, as slots.

use std::fmt::{self, Write};
use std::sync::Arc;

use argtop_query::DataType;
use argtop_query::eval::{evaluate, is_true};
use argtop_query::expr::BoundExpr;
use argtop_storage::{Slot, TableRecord};
use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::Run;
use crate::error::Error;
use crate::key_access::KeyAccess;
use crate::view::{FilterName, Known};

/// Labels looked at by one thread at a time: enough that to begin costs little.
const LABELS_AT_ONCE: usize = 4_096;

/// Slots that pass a predicate.
pub(crate) struct Matching {
    pub(crate) slots: Arc<RoaringBitmap>,
    /// Labels that were looked at for it; those known from earlier statements are not.
    pub(crate) looked_at: u64,
}

/// The live slots whose labels satisfy a predicate over the table's columns.
pub(crate) fn matching_slots(
    run: &Run,
    table: &Arc<TableRecord>,
    filter: &BoundExpr,
) -> Result<Matching, Error> {
    if let KeyAccess::These(keys) = KeyAccess::of(run, table, filter) {
        let mut slots = RoaringBitmap::new();
        for key in &keys {
            slots.extend(run.view.slot_of(table, key)?);
        }
        let found = look_at(run, table, filter, &slots)?;
        return Ok(Matching { slots: Arc::new(found), looked_at: slots.len() });
    }
    let live = run.view.live(table)?;
    let name = name(run, table, filter);
    let filters = &run.inner.caches.filters;
    let known = name.as_ref().and_then(|name| filters.get(name)).unwrap_or_default();
    if Arc::ptr_eq(&known.live, &live) {
        return Ok(Matching { slots: known.passing, looked_at: 0 });
    }
    let unknown = &*live - &*known.live;
    let mut passing = look_at(run, table, filter, &unknown)?;
    passing |= &*known.passing & &*live;
    let known = Known { live, passing: Arc::new(passing) };
    let slots = known.passing.clone();
    if let Some(name) = name {
        filters.put(name, known, run.inner.limits.filter_bytes);
    }
    Ok(Matching { slots, looked_at: unknown.len() })
}

/// Those of some live slots whose labels satisfy a predicate.
fn look_at(
    run: &Run,
    table: &TableRecord,
    filter: &BoundExpr,
    slots: &RoaringBitmap,
) -> Result<RoaringBitmap, Error> {
    let columns: Vec<usize> = filter.columns().into_iter().collect();
    let slots: Vec<Slot> = slots.iter().collect();
    let part = |slots: &[Slot]| {
        run.context.check()?;
        let mut kept = Vec::new();
        run.view.each_label(table, slots, &columns, |slot, row| {
            if is_true(&evaluate(filter, row, &run.eval())?) {
                kept.push(slot);
            }
            Ok(())
        })?;
        Ok(kept)
    };
    let kept: Vec<Vec<Slot>> = if slots.len() <= LABELS_AT_ONCE {
        vec![part(&slots)?]
    } else {
        run.inner.install(|| slots.par_chunks(LABELS_AT_ONCE).map(part).collect::<Result<_, Error>>())?
    };
    Ok(kept.into_iter().flatten().collect())
}

/// By which a predicate is known again; None where its answer depends on more than its labels and parameters,
/// or it is too long to be kept.
fn name(run: &Run, table: &TableRecord, filter: &BoundExpr) -> Option<FilterName> {
    let mut parameters = Vec::new();
    let mut lasting = true;
    filter.visit(&mut |expr| match expr {
        BoundExpr::Parameter(at) => parameters.push(*at),
        BoundExpr::Now | BoundExpr::InQuery { .. } => lasting = false,
        BoundExpr::Fusion { .. } | BoundExpr::Native { .. } => lasting = false,
        // Rows of vectors are written anew when they are trained, under the slots that they have.
        BoundExpr::Column { data_type: DataType::Vector { .. }, .. } => lasting = false,
        _ => {}
    });
    if !lasting {
        return None;
    }
    let mut text = Bounded { text: String::new(), bytes_max: run.inner.limits.filter_text_bytes };
    write!(text, "{filter:?}").ok()?;
    for at in parameters {
        write!(text, " {at}: {:?}", run.params.get(at)).ok()?;
    }
    Some(FilterName { table: table.id, version: run.view.catalog().version(), text: text.text })
}

/// A text that ends with an error when it grows too long.
struct Bounded {
    text: String,
    bytes_max: usize,
}

impl Write for Bounded {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        if self.text.len() + part.len() > self.bytes_max {
            return Err(fmt::Error);
        }
        self.text.push_str(part);
        Ok(())
    }
}
