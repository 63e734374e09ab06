//! Puts new auxiliary vectors in the place of old ones, with everything that is derived from them.

use std::collections::BTreeMap;

use argtop_storage::{
    AuxiliaryRecord, BulkRows, ClassifierRecord, Family, Object, ObjectId, RowFormat, Slot, TableRecord,
    Writer,
};

use super::swap::{Frequencies, Swap};
use crate::error::Error;
use crate::execute::Run;
use crate::labels::{AuxiliaryPart, GeneratedPart, generated_part, pack};
use crate::train::Vectors;
use crate::view::row_of_number;

/// Labels that are derived at a time.
const BATCH_ROWS: usize = 1_024;

/// Vectors that take the place of an auxiliary's.
pub(crate) struct NewVectors<'a> {
    /// The record as it shall be, vectors and centroids.
    pub(crate) part: AuxiliaryPart,
    /// The vector of each slot; None keeps those of the old record.
    pub(crate) clusters: Option<BTreeMap<Slot, u32>>,
    /// Label frequencies that the table shall remember.
    pub(crate) frequencies: Option<Frequencies>,
    /// Encodings of labels as the model gives them, `[slots, D]`, where they are known, by ascending slots.
    pub(crate) encodings: Option<(&'a [Slot], &'a Vectors)>,
}

/// What an installation did.
pub(crate) struct Changed {
    /// Labels whose embedding was computed again.
    pub(crate) labels: u64,
    pub(crate) notes: Vec<String>,
}

/// Puts new vectors in the place of `old`'s: the embeddings that add them are computed again for every label,
/// and all of it becomes visible with one commit.
pub(crate) fn install(run: &Run, old: &Object, new: NewVectors<'_>) -> Result<Changed, Error> {
    let Object::Auxiliary(old_record) = old else {
        return Err(Error::Internal(format!("{} is no auxiliary", old.name())));
    };
    let column =
        old_record.column.ok_or_else(|| Error::Internal(format!("{} serves no column", old.name())))?;
    let table = run.view.table_of(old_record.table)?;
    let mut record = AuxiliaryRecord { data: run.inner.store.allocate()?, ..new.part.record.clone() };
    let fresh = run.inner.store.allocate()?;
    let position = table.columns.iter().position(|candidate| candidate.id == column);
    let position = position.ok_or_else(|| Error::Internal(format!("no column {column:?}")))?;
    let mut part = generated_part(run, &table, &table.columns[position])?
        .ok_or_else(|| Error::Internal("the column is not generated".into()))?;
    part.set_auxiliary(AuxiliaryPart { record: record.clone(), ..new.part });
    let assigned =
        Assigned { clusters: new.clusters.as_ref(), old: old_record.data, encodings: new.encodings };
    let live = run.view.live(&table)?;
    let mut aside = Aside::new(run, &part, record.data, fresh)?;
    derive(run, &table, &part, &assigned, &live.iter().collect::<Vec<Slot>>(), &mut aside)?;
    aside.finish()?;
    let mut swap = Swap::begin(run, old)?;
    // Labels that were written meanwhile.
    let now = Run { view: swap.view.clone(), ..run.clone() };
    let newer: Vec<Slot> = (&*now.view.live(&swap.table)? - &*live).iter().collect();
    let mut inside = Inside { writer: &mut swap.writer, data: record.data, fresh };
    derive(&now, &table, &part, &assigned, &newer, &mut inside)?;
    swap.table.columns[position].id = fresh;
    record.column = Some(fresh);
    swap.retire(Family::Vectors, column);
    for family in [Family::AuxiliaryVectors, Family::AuxiliaryClusters] {
        swap.retire(family, old_record.data);
    }
    retarget(&mut swap, (column, fresh))?;
    match new.frequencies {
        Some(frequencies) => swap.set_frequencies(frequencies)?,
        None => swap.writer.put_object(Object::Table(swap.table.clone()))?,
    }
    swap.writer.put_object(Object::Auxiliary(record))?;
    let labels = now.view.live(&swap.table)?.len();
    let notes = swap.commit(labels)?;
    Ok(Changed { labels, notes })
}

/// Where the vector of a label comes from.
struct Assigned<'a> {
    clusters: Option<&'a BTreeMap<Slot, u32>>,
    old: ObjectId,
    encodings: Option<(&'a [Slot], &'a Vectors)>,
}

impl Assigned<'_> {
    /// The encodings of labels, where all of them are known.
    fn known(&self, slots: &[Slot]) -> Option<Vec<f32>> {
        let (known, vectors) = self.encodings?;
        let rows: Option<Vec<u32>> =
            slots.iter().map(|slot| known.binary_search(slot).ok().map(|row| row as u32)).collect();
        Some(vectors.gather(&rows?))
    }
}

/// Takes the derived rows of labels.
trait Sink {
    fn put(&mut self, slot: Slot, vector: &[u8], cluster: Option<u32>) -> Result<(), Error>;
}

/// Rows written aside, for the labels that are there when the derivation begins.
struct Aside {
    vectors: BulkRows,
    clusters: BulkRows,
}

impl Aside {
    /// Begins both, and writes vectors and centroids of the auxiliary itself.
    fn new(run: &Run, part: &GeneratedPart, data: ObjectId, fresh: ObjectId) -> Result<Aside, Error> {
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
        Ok(Aside {
            vectors: run.inner.store.bulk_rows(Family::Vectors, fresh)?,
            clusters: run.inner.store.bulk_rows(Family::AuxiliaryClusters, data)?,
        })
    }

    fn finish(self) -> Result<(), Error> {
        self.clusters.finish()?;
        self.vectors.finish()?;
        Ok(())
    }
}

impl Sink for Aside {
    fn put(&mut self, slot: Slot, vector: &[u8], cluster: Option<u32>) -> Result<(), Error> {
        self.vectors.put(slot, vector)?;
        if let Some(cluster) = cluster {
            self.clusters.put(slot, &cluster.to_le_bytes())?;
        }
        Ok(())
    }
}

/// Rows of the commit itself, for the few labels that were written while the others were derived.
struct Inside<'w, 's> {
    writer: &'w mut Writer<'s>,
    data: ObjectId,
    fresh: ObjectId,
}

impl Sink for Inside<'_, '_> {
    fn put(&mut self, slot: Slot, vector: &[u8], cluster: Option<u32>) -> Result<(), Error> {
        self.writer.put_row(Family::Vectors, self.fresh, slot, vector)?;
        if let Some(cluster) = cluster {
            self.writer.put_row(Family::AuxiliaryClusters, self.data, slot, &cluster.to_le_bytes())?;
        }
        Ok(())
    }
}

/// Computes the column's rows of labels.
fn derive(
    run: &Run,
    table: &TableRecord,
    part: &GeneratedPart,
    assigned: &Assigned<'_>,
    slots: &[Slot],
    sink: &mut dyn Sink,
) -> Result<(), Error> {
    let all: Vec<usize> = (0..table.columns.len()).collect();
    let mut done = 0;
    for batch in slots.chunks(BATCH_ROWS) {
        run.context.check()?;
        let encoded = match assigned.known(batch) {
            Some(encoded) => encoded,
            None => {
                let labels = run.view.read_labels(table, batch, &all)?;
                run.inner.install(|| part.encode(run, table, &labels))?
            }
        };
        let kept = run.view.snapshot().rows(Family::AuxiliaryClusters, assigned.old, batch)?;
        for ((slot, raw), kept) in batch.iter().zip(encoded.chunks_exact(part.dimension)).zip(kept) {
            // A label keeps the cluster that it was given; one that has none yet gets the nearest.
            let cluster = match assigned.clusters {
                Some(clusters) => clusters.get(slot).copied(),
                None => kept.as_deref().map(row_of_number).transpose()?,
            };
            let (values, cluster) = part.embed(raw, cluster)?;
            sink.put(*slot, &pack(&values, part.format, &part.name)?, cluster)?;
            done += 1;
        }
        run.context.progress("computing embeddings", done, Some(slots.len() as u64));
    }
    Ok(())
}

/// Points what refers to the old column at the new one. A faiss index of the old vectors is of no use for the
/// new.
fn retarget(swap: &mut Swap<'_>, (old, fresh): (ObjectId, ObjectId)) -> Result<(), Error> {
    for mut index in swap.indexes(|index| index.column == Some(old)) {
        swap.outdate(&index);
        index.column = Some(fresh);
        swap.writer.put_object(Object::Index(index))?;
    }
    let catalog = swap.writer.catalog().clone();
    for object in catalog.of_table(swap.table.id) {
        if let Object::Classifier(classifier) = &**object
            && classifier.column == old
        {
            let classifier = ClassifierRecord { column: fresh, ..classifier.clone() };
            swap.writer.put_object(Object::Classifier(classifier))?;
        }
    }
    Ok(())
}
