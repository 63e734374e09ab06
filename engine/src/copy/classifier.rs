//! COPY CLASSIFIER c FROM 'w.npy': all rows at once, row i for the i-th label in primary-key order.

use std::ops::Bound;
use std::path::Path;

use argtop_query::plan::CopyFrom;
use argtop_storage::{Family, Object, Writer};

use crate::ddl::options::OptionReader;
use crate::dispatch::Output;
use crate::error::Error;
use crate::execute::Run;
use crate::import::{FileFormat, NpyMatrix};
use crate::labels::pack;

const BATCH_ROWS: usize = 4_096;

/// Replaces the rows of a classifier: they are written under a fresh data id and seen from the commit on.
pub(super) fn copy(run: &Run, mut writer: Writer<'_>, plan: &CopyFrom, name: &str) -> Result<Output, Error> {
    OptionReader::new("COPY CLASSIFIER", &plan.options).finish()?;
    let mut matrix = open_matrix(run, plan)?;
    let mut record = argtop_storage::ClassifierRecord::clone(&*run.view.classifier(name)?);
    if record.sparse.is_some() {
        return Err(Error::value(
            format!("classifier {name} is sparse: its rows are no matrix"),
            format!("TRAIN CLASSIFIER {name} instead"),
        ));
    }
    let table = run.view.table_of(record.table)?;
    let labels = run.view.live(&table)?.len();
    expect_shape(
        plan,
        &matrix,
        labels,
        record.dimension,
        "give one row for each label in primary-key order",
    )?;
    let old = record.data;
    // What a training found out holds for the rows that it made.
    let adapter = record.adapter.take();
    (record.scale, record.offset) = (1.0, 0.0);
    record.statistics.clear();
    record.data = writer.allocate()?;
    let mut bulk = run.inner.store.bulk_rows(Family::Classifiers, record.data)?;
    let mut slots = run.view.slots_by_key(&table, (Bound::Unbounded, Bound::Unbounded))?;
    let mut done = 0;
    while let Some(values) = matrix.next_rows(BATCH_ROWS)? {
        run.context.check()?;
        for row in values.chunks_exact(record.dimension as usize) {
            let slot = slots.next().ok_or_else(|| Error::Internal("fewer keys than labels".into()))??;
            let mut bytes = pack(row, record.format, name)?;
            if record.bias {
                bytes.extend_from_slice(&0.0_f32.to_le_bytes());
            }
            bulk.put(slot, &bytes)?;
            done += 1;
        }
        run.context.progress("copying classifier rows", done, Some(labels));
    }
    bulk.finish()?;
    for data in [Some(old), adapter].into_iter().flatten() {
        writer.delete_rows(Family::Classifiers, data);
        writer.clear_pointer(data);
    }
    writer.put_object(Object::Classifier(record))?;
    writer.commit()?;
    run.inner.caches.forget(old);
    crate::build::after_write(run, &table, done)?;
    Ok(Output::changed(done))
}

/// The matrix of a COPY of rows.
pub(super) fn open_matrix(run: &Run, plan: &CopyFrom) -> Result<NpyMatrix, Error> {
    if FileFormat::of(&plan.path, plan.format.as_deref())? != FileFormat::Npy {
        return Err(Error::value(format!("{} is not a NumPy matrix", plan.path), "give a .npy file"));
    }
    Ok(NpyMatrix::open(Path::new(&plan.path), &run.inner.access, &run.inner.import_limits)?)
}

/// Refuses a matrix of another shape, naming both.
pub(super) fn expect_shape(
    plan: &CopyFrom,
    matrix: &NpyMatrix,
    rows: u64,
    dimension: u32,
    fix: &str,
) -> Result<(), Error> {
    if matrix.rows() == rows && matrix.dim() == dimension {
        return Ok(());
    }
    Err(Error::value(
        format!("{} is {} x {}, but {rows} x {dimension} is needed", plan.path, matrix.rows(), matrix.dim()),
        fix,
    ))
}
