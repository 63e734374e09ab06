//! Leaves of a plan: labels of a table in primary-key order, rows of files.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use argtop_query::Value;
use argtop_query::eval::{evaluate, is_true};
use argtop_storage::Slot;

use super::{RowStream, Run};
use crate::error::Error;
use crate::import::{self, ImportError};
use crate::key_access::KeyAccess;
use crate::physical::ScanPlan;

/// Labels read at a time: enough to make one RocksDB multi-get worth while, few enough to stream.
const BATCH_LABELS: usize = 1_024;

/// Live labels that pass the filter, in primary-key order.
pub(crate) fn scan(run: &Run, plan: &ScanPlan) -> Result<RowStream, Error> {
    let mut slots: Box<dyn Iterator<Item = Result<Slot, Error>> + Send> = match &plan.keys {
        KeyAccess::These(keys) => {
            let mut found = Vec::with_capacity(keys.len());
            for key in keys {
                found.extend(run.view.slot_of(&plan.table, key)?.map(Ok));
            }
            Box::new(found.into_iter())
        }
        KeyAccess::Between(lower, upper) => {
            run.view.slots_by_key(&plan.table, (lower.clone(), upper.clone()))?
        }
    };
    let read = with_filter_columns(plan);
    let (run, plan) = (run.clone(), plan.clone());
    let batches = std::iter::from_fn(move || {
        let batch: Result<Vec<Slot>, Error> = slots.by_ref().take(BATCH_LABELS).collect();
        match batch {
            Ok(batch) if batch.is_empty() => None,
            Ok(batch) => Some(scan_batch(&run, &plan, &read, &batch)),
            Err(error) => Some(Err(error)),
        }
    });
    Ok(Box::new(batches.flat_map(|batch| match batch {
        Ok(rows) => rows.into_iter().map(Ok).collect::<Vec<_>>(),
        Err(error) => vec![Err(error)],
    })))
}

/// The columns that are read: those asked for and those of the filter.
fn with_filter_columns(plan: &ScanPlan) -> Vec<usize> {
    let mut columns: BTreeSet<usize> = plan.columns.iter().copied().collect();
    if let Some(filter) = &plan.filter {
        columns.extend(filter.columns());
    }
    columns.into_iter().collect()
}

fn scan_batch(
    run: &Run,
    plan: &ScanPlan,
    columns: &[usize],
    slots: &[Slot],
) -> Result<Vec<Vec<Value>>, Error> {
    run.context.check()?;
    let mut rows = run.view.read_labels(&plan.table, slots, columns)?;
    if let Some(filter) = &plan.filter {
        let mut kept = Vec::with_capacity(rows.len());
        for row in rows {
            if is_true(&evaluate(filter, &row, &run.eval())?) {
                kept.push(row);
            }
        }
        rows = kept;
    }
    Ok(rows)
}

/// Rows of files.
pub(crate) fn read(run: &Run, call: &argtop_query::catalog::ReadCall) -> Result<RowStream, Error> {
    let mut source = import::open(call, &run.inner.access, &run.inner.import_limits)?;
    let tell = |run: &Run, source: &dyn import::Source| {
        let Some((done, total)) = source.position() else { return };
        match &run.log {
            Some(log) => {
                log.done.store(done, Ordering::Relaxed);
                log.total.store(total, Ordering::Relaxed);
            }
            None => run.context.progress("reading", done, Some(total)),
        }
    };
    if run.log.is_some() {
        tell(run, &*source);
    }
    let run = run.clone();
    let skips = call.skips;
    let batches = std::iter::from_fn(move || {
        if let Err(error) = run.context.check() {
            return Some(vec![Err(error)]);
        }
        let batch = match skips {
            true => source.next_readable(BATCH_LABELS).transpose()?.map(|rows| {
                let error = |bad| Error::Import(ImportError::Row(Box::new(bad)));
                rows.into_iter().map(|row| row.map_err(error)).collect()
            }),
            false => {
                source.next_batch(BATCH_LABELS).transpose()?.map(|rows| rows.into_iter().map(Ok).collect())
            }
        };
        tell(&run, &*source);
        Some(batch.unwrap_or_else(|error| vec![Err(Error::from(error))]))
    });
    Ok(Box::new(batches.flatten()))
}
