//! CREATE AUXILIARY (DEXA, KDD 2023): balanced clusters of labels that will share a trained vector. Until
//! they are trained or loaded the vectors are zero, so that z stays what it is.

use argtop_query::plan::CreateOnTable;
use argtop_storage::{
    AuxiliaryRecord, ColumnRecord, Family, Object, ObjectKind, RowFormat, TableRecord, Writer,
};

use super::options::OptionReader;
use super::table::exists;
use crate::dispatch::Output;
use crate::error::Error;
use crate::execute::Run;
use crate::kernel;
use crate::labels::pack;
use crate::train::{BuildControl, balanced_clusters};

/// Labels that share one auxiliary vector where the statement does not say how many clusters: L / 40 as in
/// the paper's largest set.
const LABELS_PER_CLUSTER: u64 = 40;

/// CREATE AUXILIARY.
pub(crate) fn create(run: &Run, mut writer: Writer<'_>, plan: &CreateOnTable) -> Result<Output, Error> {
    if run.view.catalog().find(ObjectKind::Auxiliary, &plan.name).is_some() {
        return if plan.if_not_exists {
            Ok(Output::changed(0))
        } else {
            Err(exists("auxiliary", &plan.name))
        };
    }
    let table = run.view.table(&plan.table.name)?;
    let served = served_column(&table, &plan.name)?;
    let column = run.view.vector_column(&table, served.id)?;
    let live = run.view.live(&table)?;
    let mut options = OptionReader::new("CREATE AUXILIARY", &plan.options);
    let most = u64::from(run.inner.limits.clusters_max);
    let default = (live.len() / LABELS_PER_CLUSTER).clamp(1, most);
    let clusters = options.number("clusters", 1, most)?.unwrap_or(default);
    let seed = options.number("seed", 0, i64::MAX.unsigned_abs())?.unwrap_or(1);
    if let Some(asked) = options.number("dim", 1, u64::from(run.inner.limits.dimension_max))?
        && asked != column.dimension as u64
    {
        return Err(Error::value(
            format!("dim = {asked}, but column {} has {} elements", column.name, column.dimension),
            "leave dim out: an auxiliary has the width of its column",
        ));
    }
    options.finish()?;
    let record = AuxiliaryRecord {
        id: writer.allocate()?,
        name: plan.name.clone(),
        table: table.id,
        column: Some(column.id),
        data: writer.allocate()?,
        clusters: clusters as u32,
        dimension: column.dimension as u32,
        head_labels: 0,
        trained: false,
        statistics: std::collections::BTreeMap::new(),
    };
    // The vectors of the column are the label embeddings: no auxiliary has shifted them yet.
    let rows = run.view.column_rows(&table, &column)?;
    let slots: Vec<u32> = live.iter().collect();
    let mut vectors = vec![0.0_f32; slots.len() * column.dimension];
    for (slot, vector) in slots.iter().zip(vectors.chunks_exact_mut(column.dimension)) {
        rows.decode(*slot, vector)?;
        kernel::normalize(vector)
            .map_err(|error| Error::value(error.to_string(), "give every label a text"))?;
    }
    let cancelled = || run.context.is_cancelled();
    let progress = |done: u64, total: u64| run.context.progress("clustering labels", done, Some(total));
    let control = BuildControl { cancelled: &cancelled, progress: &progress, threads: run.inner.threads };
    let found = run
        .inner
        .install(|| balanced_clusters(&control, &vectors, column.dimension, clusters as usize, seed))?;
    let zero = pack(&vec![0.0; column.dimension], RowFormat::F32, &record.name)?;
    for cluster in 0..record.clusters {
        writer.put_row(Family::AuxiliaryVectors, record.data, cluster, &zero)?;
    }
    // The centroids follow the vectors: they tell the cluster of a label that is inserted later.
    for (cluster, centroid) in (record.clusters..).zip(found.centroids.chunks_exact(column.dimension)) {
        let bytes = pack(centroid, RowFormat::F32, &record.name)?;
        writer.put_row(Family::AuxiliaryVectors, record.data, cluster, &bytes)?;
    }
    for (slot, cluster) in slots.iter().zip(&found.of_row) {
        writer.put_row(Family::AuxiliaryClusters, record.data, *slot, &cluster.to_le_bytes())?;
    }
    writer.put_object(Object::Auxiliary(record))?;
    writer.commit()?;
    Ok(Output::changed(0))
}

/// The generated column whose expression names the auxiliary.
fn served_column<'t>(table: &'t TableRecord, name: &str) -> Result<&'t ColumnRecord, Error> {
    let named = table.columns.iter().find(|column| {
        column.generated.as_ref().is_some_and(|generated| generated.auxiliary.as_deref() == Some(name))
    });
    named.ok_or_else(|| {
        Error::value(
            format!("no generated column of table {} adds aux({name})", table.name),
            format!(
                "declare one: z VECTOR(n) GENERATED ALWAYS AS (encode(model, text) + aux({name})) STORED"
            ),
        )
    })
}
