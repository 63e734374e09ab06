//! The end of a training: what was learned takes the place of what was there, in one commit.

use std::collections::BTreeMap;

use argtop_storage::{
    Catalog, ClassifierRecord, Family, FrequencyRecord, IndexRecord, Object, ObjectId, Slot, TableRecord,
    Writer,
};

use super::lesson::{LabelNumbers, Lesson};
use crate::error::Error;
use crate::execute::Run;
use crate::train::Csr;
use crate::view::View;

/// Label frequencies of a training, written aside.
pub(crate) struct Frequencies {
    record: FrequencyRecord,
}

impl Frequencies {
    /// Writes how many points have each label, under a fresh data id.
    pub(super) fn write(run: &Run, labels: &LabelNumbers, targets: &Csr) -> Result<Frequencies, Error> {
        let data = run.inner.store.allocate()?;
        let mut rows = run.inner.store.bulk_rows(Family::AuxiliaryClusters, data)?;
        for (slot, count) in labels.slots.iter().zip(targets.column_counts()) {
            rows.put(*slot, &count.to_le_bytes())?;
        }
        rows.finish()?;
        Ok(Frequencies { record: FrequencyRecord { data, points: targets.rows() as u64 } })
    }
}

/// A commit that swaps a trained object in. It holds the writer's lock.
pub(super) struct Swap<'r> {
    run: &'r Run,
    pub(super) writer: Writer<'r>,
    /// The database as it is now; nothing else can write before the commit.
    pub(super) view: View,
    /// The table as it is now.
    pub(super) table: TableRecord,
    /// Ids whose caches are stale after the commit.
    stale: Vec<ObjectId>,
    /// Indexes that have to be built again after the commit.
    rebuild: Vec<String>,
}

impl<'r> Swap<'r> {
    /// Takes the writer's lock and looks whether the object is still the one that was trained.
    pub(super) fn begin(run: &'r Run, trained: &Object) -> Result<Swap<'r>, Error> {
        let writer = run.inner.store.writer()?;
        let use_generations = run.settings.is_on("search.use_generations");
        let view = View::at(run.inner.clone(), writer.snapshot(), use_generations);
        let name = trained.name();
        let now = writer.catalog().clone();
        expect(&now, trained)?;
        let table = trained.table().and_then(|id| now.get(id).cloned());
        let table = match table.as_deref() {
            Some(Object::Table(table)) => table.clone(),
            _ => return Err(Error::Internal(format!("{name} has no table"))),
        };
        Ok(Swap { run, writer, view, table, stale: Vec::new(), rebuild: Vec::new() })
    }

    /// Looks whether another object is still the one that was trained.
    pub(super) fn expect(&self, trained: &Object) -> Result<(), Error> {
        expect(self.writer.catalog(), trained)
    }

    /// Points a classifier at its fresh rows; what the old one had is deleted, and indexes of it are
    /// outdated.
    pub(super) fn replace_classifier(
        &mut self,
        old: &ClassifierRecord,
        fresh: &ClassifierRecord,
    ) -> Result<(), Error> {
        let gone = [Some(old.data), old.adapter.filter(|id| fresh.adapter != Some(*id))];
        gone.into_iter().flatten().for_each(|data| self.retire(Family::Classifiers, data));
        for index in self.indexes(|index| index.classifier == Some(old.id)) {
            self.outdate(&index);
        }
        self.stale.push(old.id);
        self.writer.put_object(Object::Classifier(fresh.clone()))?;
        Ok(())
    }

    /// Live labels that the training did not see.
    pub(super) fn newer(&self, labels: &LabelNumbers) -> Result<Vec<Slot>, Error> {
        let live = self.view.live(&self.table)?;
        Ok(live.iter().filter(|slot| labels.slots.binary_search(slot).is_err()).collect())
    }

    /// Takes over label frequencies.
    pub(super) fn set_frequencies(&mut self, frequencies: Frequencies) -> Result<(), Error> {
        if let Some(old) = self.table.frequencies.replace(frequencies.record) {
            self.writer.delete_rows(Family::AuxiliaryClusters, old.data);
        }
        self.writer.put_object(Object::Table(self.table.clone()))?;
        Ok(())
    }

    /// Has rows deleted that nothing names after the commit.
    pub(super) fn retire(&mut self, family: Family, data: ObjectId) {
        self.writer.delete_rows(family, data);
        self.writer.clear_pointer(data);
        self.stale.push(data);
    }

    /// Has what is kept in memory of an object forgotten after the commit.
    pub(super) fn retire_caches(&mut self, object: ObjectId) {
        self.stale.push(object);
    }

    /// Has an index of replaced rows answer by exact scan until it is built again after the commit.
    pub(super) fn outdate(&mut self, index: &IndexRecord) {
        if matches!(index.method.as_str(), "ann" | "faiss") {
            self.writer.clear_pointer(index.id);
            self.rebuild.push(index.name.clone());
        }
        self.stale.push(index.id);
    }

    /// The table's indexes for which `concerned` holds.
    pub(super) fn indexes(&self, concerned: impl Fn(&IndexRecord) -> bool) -> Vec<IndexRecord> {
        let objects = self.writer.catalog().of_table(self.table.id);
        let indexes = objects.filter_map(|object| match &**object {
            Object::Index(index) if concerned(index) => Some(index.clone()),
            _ => None,
        });
        indexes.collect()
    }

    /// Commits; packs the new rows, and builds the indexes again that order them. What was learned is in
    /// place once it is committed, so that whatever stops the rest is a remark, not a failure.
    pub(super) fn commit(self, written: u64) -> Result<Vec<String>, Error> {
        let run = self.run;
        self.writer.commit()?;
        for id in self.stale {
            run.inner.caches.forget(id);
        }
        let mut notes = Vec::new();
        let fresh = || Run { view: View::new(run.inner.clone(), true), ..run.clone() };
        if let Err(error) = crate::build::after_write(&fresh(), &self.table, written) {
            notes.push(format!("rows were not packed ({error}); a later write has it done"));
        }
        for name in self.rebuild {
            let built = || {
                let writer = run.inner.store.writer()?;
                crate::ddl::index::reindex(&fresh(), writer, &name)
            };
            if let Err(error) = built() {
                notes.push(format!(
                    "index {name} was not built again ({error}): it scans all labels until REINDEX {name}"
                ));
            }
        }
        Ok(notes)
    }
}

fn expect(now: &Catalog, trained: &Object) -> Result<(), Error> {
    if now.get(trained.id()).map(|object| &**object) == Some(trained) {
        return Ok(());
    }
    Err(Error::value(
        format!("{} {} was changed or dropped while it was trained", trained.kind().name(), trained.name()),
        "train it again",
    ))
}

/// Remarks on the pairs of a training, and what an object's statistics say about it.
pub(super) fn remarks(
    lesson: &Lesson,
    summary: &crate::train::Summary,
    statistics: &mut BTreeMap<String, String>,
) -> Vec<String> {
    let pairs = lesson.pairs.targets.entries();
    statistics.insert("trained_points".to_string(), lesson.texts.len().to_string());
    statistics.insert("trained_pairs".to_string(), pairs.to_string());
    statistics.insert("trained_seconds".to_string(), format!("{:.1}", summary.seconds));
    if summary.steps > 0 {
        let losses: Vec<String> = summary.losses.iter().map(|loss| format!("{loss:.6}")).collect();
        statistics.insert("losses".to_string(), losses.join(" "));
        statistics.insert("trained_steps".to_string(), summary.steps.to_string());
    }
    let mut notes = vec![format!("{} points, {pairs} pairs", lesson.texts.len())];
    if let (Some(first), Some(last)) = (summary.losses.first(), summary.losses.last()) {
        notes.push(format!(
            "{} epochs in {:.1} s, loss {first:.5} to {last:.5}",
            summary.losses.len(),
            summary.seconds
        ));
    }
    if summary.first_epoch > 0 {
        notes.push(format!("resumed at epoch {}", summary.first_epoch + 1));
    }
    if lesson.without_labels > 0 {
        notes.push(format!("{} rows without a label of the table left out", lesson.without_labels));
    }
    if lesson.reciprocal > 0 {
        notes.push(format!("{} reciprocal pairs left out", lesson.reciprocal));
    }
    if lesson.unknown_labels > 0 {
        notes.push(format!("{} labels that the table does not have left out", lesson.unknown_labels));
    }
    notes
}
