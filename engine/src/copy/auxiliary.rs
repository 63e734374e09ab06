//! COPY AUXILIARY a FROM 'vectors.npy': the K vectors of an auxiliary. The column that adds them is computed
//! again for every label, and all of it becomes visible with one commit.

use argtop_query::plan::CopyFrom;
use argtop_storage::{AuxiliaryRecord, Object, ObjectKind, Writer};

use super::classifier::{expect_shape, open_matrix};
use crate::ddl::options::OptionReader;
use crate::dispatch::Output;
use crate::error::Error;
use crate::execute::Run;
use crate::labels::{AuxiliaryPart, auxiliary_part};
use crate::teach::{NewVectors, install};

const BATCH_ROWS: usize = 1_024;

/// Loads the vectors and computes the column again.
pub(super) fn copy(run: &Run, writer: Writer<'_>, plan: &CopyFrom, name: &str) -> Result<Output, Error> {
    // The embeddings are computed without the writer's lock; the commit looks whether all is as it was.
    drop(writer);
    OptionReader::new("COPY AUXILIARY", &plan.options).finish()?;
    let missing = || Error::value(format!("auxiliary {name} does not exist"), "CREATE AUXILIARY first");
    let object = run.view.catalog().find(ObjectKind::Auxiliary, name).cloned().ok_or_else(missing)?;
    let Object::Auxiliary(record) = &*object else { return Err(missing()) };
    let table = run.view.table_of(record.table)?;
    let column =
        record.column.ok_or_else(|| Error::Internal(format!("auxiliary {name} serves no column")))?;
    let mut matrix = open_matrix(run, plan)?;
    expect_shape(
        plan,
        &matrix,
        u64::from(record.clusters) + u64::from(record.head_labels),
        record.dimension,
        "give one row for each cluster, and then one for each head label",
    )?;
    let mut vectors = Vec::new();
    while let Some(rows) = matrix.next_rows(BATCH_ROWS)? {
        vectors.extend(rows);
    }
    let old_part = auxiliary_part(run, &table, column, name)?
        .ok_or_else(|| Error::Internal(format!("auxiliary {name} has no rows")))?;
    let trained = AuxiliaryRecord { trained: true, ..record.clone() };
    let part = AuxiliaryPart { record: trained, vectors, centroids: old_part.centroids };
    let new = NewVectors { part, clusters: None, frequencies: None, encodings: None };
    let changed = install(run, &object, new)?;
    let mut output = Output::changed(changed.labels);
    output.notes = changed.notes;
    Ok(output)
}
