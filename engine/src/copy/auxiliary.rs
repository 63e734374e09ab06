//! COPY AUXILIARY a FROM 'vectors.npy': the K vectors of an auxiliary. The column that adds them is computed
//! again for every label, and all of it becomes visible with one commit.

use argtop_query::plan::CopyFrom;
use argtop_storage::{Family, Object, ObjectId, ObjectKind, RowFormat, TableRecord, Writer};

use super::classifier::{expect_shape, open_matrix};
use crate::ddl::options::OptionReader;
use crate::dispatch::Output;
use crate::error::Error;
use crate::execute::Run;
use crate::labels::{AuxiliaryPart, GeneratedPart, auxiliary_part, generated_part, pack};
use crate::view::row_of_number;

const BATCH_ROWS: usize = 1_024;

/// Loads the vectors and computes the column again.
pub(super) fn copy(run: &Run, mut writer: Writer<'_>, plan: &CopyFrom, name: &str) -> Result<Output, Error> {
    OptionReader::new("COPY AUXILIARY", &plan.options).finish()?;
    let catalog = run.view.catalog();
    let mut record = match catalog.find(ObjectKind::Auxiliary, name).map(|object| &**object) {
        Some(Object::Auxiliary(record)) => record.clone(),
        _ => return Err(Error::value(format!("auxiliary {name} does not exist"), "CREATE AUXILIARY first")),
    };
    let mut table = match catalog.get(record.table).map(|object| &**object) {
        Some(Object::Table(table)) => table.clone(),
        _ => return Err(Error::Internal(format!("auxiliary {name} has no table"))),
    };
    let column =
        record.column.ok_or_else(|| Error::Internal(format!("auxiliary {name} serves no column")))?;
    let mut matrix = open_matrix(run, plan)?;
    expect_shape(
        plan,
        &matrix,
        u64::from(record.clusters),
        record.dimension,
        "give one row for each cluster",
    )?;
    let mut vectors = Vec::new();
    while let Some(rows) = matrix.next_rows(BATCH_ROWS)? {
        vectors.extend(rows);
    }
    let old_part = auxiliary_part(run, &table, column, name)?
        .ok_or_else(|| Error::Internal(format!("auxiliary {name} has no rows")))?;
    let old_data = record.data;
    record.data = writer.allocate()?;
    record.trained = true;
    let position = table.columns.iter().position(|candidate| candidate.id == column);
    let position = position.ok_or_else(|| Error::Internal(format!("no column {column:?}")))?;
    let mut part = generated_part(run, &table, &table.columns[position])?
        .ok_or_else(|| Error::Internal("the column is not generated".into()))?;
    part.set_auxiliary(AuxiliaryPart { record: record.clone(), vectors, centroids: old_part.centroids });
    let fresh = writer.allocate()?;
    let changed = derive(run, &table, &part, (old_data, record.data), fresh)?;
    table.columns[position].id = fresh;
    record.column = Some(fresh);
    writer.delete_rows(Family::Vectors, column);
    writer.clear_pointer(column);
    for family in [Family::AuxiliaryVectors, Family::AuxiliaryClusters] {
        writer.delete_rows(family, old_data);
    }
    let moved = retarget(run, &mut writer, &table, (column, fresh))?;
    writer.put_object(Object::Table(table.clone()))?;
    writer.put_object(Object::Auxiliary(record))?;
    writer.commit()?;
    for id in moved.into_iter().chain([column]) {
        run.inner.caches.forget(id);
    }
    crate::build::after_write(run, &table, changed)?;
    let mut output = Output::changed(changed);
    output.notes.push("indexes of the column answer by exact scan until REINDEX".to_string());
    Ok(output)
}

/// Writes vectors, centroids and assignments under the new data id, and the column's rows under the fresh id.
fn derive(
    run: &Run,
    table: &TableRecord,
    part: &GeneratedPart,
    (old_data, data): (ObjectId, ObjectId),
    fresh: ObjectId,
) -> Result<u64, Error> {
    let auxiliary = part.auxiliary().ok_or_else(|| Error::Internal("no auxiliary".into()))?;
    let mut rows = run.inner.store.bulk_rows(Family::AuxiliaryVectors, data)?;
    let both = auxiliary
        .vectors
        .chunks_exact(part.dimension)
        .chain(auxiliary.centroids.chunks_exact(part.dimension));
    for (number, vector) in (0u32..).zip(both) {
        rows.put(number, &pack(vector, RowFormat::F32, &part.name)?)?;
    }
    rows.finish()?;
    let live = run.view.live(table)?;
    let slots: Vec<u32> = live.iter().collect();
    let all: Vec<usize> = (0..table.columns.len()).collect();
    let mut clusters = run.inner.store.bulk_rows(Family::AuxiliaryClusters, data)?;
    let mut vectors = run.inner.store.bulk_rows(Family::Vectors, fresh)?;
    let mut done = 0;
    for batch in slots.chunks(BATCH_ROWS) {
        run.context.check()?;
        let labels = run.view.read_labels(table, batch, &all)?;
        let encoded = run.inner.install(|| part.encode(run, table, &labels))?;
        let assigned = run.view.snapshot().rows(Family::AuxiliaryClusters, old_data, batch)?;
        for ((slot, raw), cluster) in batch.iter().zip(encoded.chunks_exact(part.dimension)).zip(assigned) {
            // A label keeps the cluster that it was given.
            let cluster = cluster.as_deref().map(row_of_number).transpose()?;
            let (values, cluster) = part.embed(raw, cluster)?;
            vectors.put(*slot, &pack(&values, part.format, &part.name)?)?;
            if let Some(cluster) = cluster {
                clusters.put(*slot, &cluster.to_le_bytes())?;
            }
            done += 1;
        }
        run.context.progress("computing embeddings", done, Some(live.len()));
    }
    clusters.finish()?;
    vectors.finish()?;
    Ok(done)
}

/// Points what refers to the old column at the new one. A faiss index of the old vectors is of no use for the
/// new.
fn retarget(
    run: &Run,
    writer: &mut Writer<'_>,
    table: &TableRecord,
    (old, fresh): (ObjectId, ObjectId),
) -> Result<Vec<ObjectId>, Error> {
    let mut moved = Vec::new();
    for object in run.view.catalog().of_table(table.id) {
        match &**object {
            Object::Index(index) if index.column == Some(old) => {
                let mut index = index.clone();
                index.column = Some(fresh);
                if index.method == "faiss" {
                    writer.clear_pointer(index.id);
                }
                moved.push(index.id);
                writer.put_object(Object::Index(index))?;
            }
            Object::Classifier(classifier) if classifier.column == old => {
                let mut classifier = classifier.clone();
                classifier.column = fresh;
                writer.put_object(Object::Classifier(classifier))?;
            }
            _ => {}
        }
    }
    Ok(moved)
}
