//! TRAIN CLASSIFIER: one-vs-all rows by DEXA's module II, Renee's full sweep or decoupled softmax, with an
//! adapter and LEVER's targets where they are asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use argtop_query::plan::Train;
use argtop_storage::{ClassifierRecord, Family, Link, Object, ObjectKind, RowFormat, Slot, TableRecord};

use super::checkpoint::StateFile;
use super::course::{run_course, watched};
use super::embeddings::encoded;
use super::labels::{generator, label_vectors};
use super::lesson::{self, LabelNumbers, Lesson};
use super::lever::{LeverAsked, augmented};
use super::memory::{expect_room, trained_rows};
use super::options::{Common, TrainOptions};
use super::reciprocal::Reciprocal;
use super::swap::{Frequencies, Swap, remarks};
use crate::error::Error;
use crate::execute::Run;
use crate::labels::{classifier_row, pack};
use crate::train::{
    BatchOptions, ClassifierLearner, ClassifierLoss, ClassifierOptions, Negatives, Points, TrainedClassifier,
    Triplet, Vectors,
};
use crate::view::Dense;

/// What the statement asks for.
struct Asked {
    options: ClassifierOptions,
    lever: Option<LeverAsked>,
    common: Common,
    reciprocal: Reciprocal,
    used: BTreeMap<String, String>,
}

fn asked(plan: &Train, record: &ClassifierRecord) -> Result<Asked, Error> {
    let mut reader = TrainOptions::new("TRAIN CLASSIFIER", &plan.options);
    let common = reader.common()?;
    let cosine = record.link == Link::Cosine;
    let loss = match cosine {
        true => reader.word("loss", &["triplet"], "triplet")?,
        false => reader.word("loss", &["bce", "softmax"], "bce")?,
    };
    let loss = match loss {
        "triplet" => {
            let hardest = Triplet::hardest();
            let margin = reader.number("margin", (0.0, 2.0), f64::from(hardest.margin))? as f32;
            ClassifierLoss::Triplet(Triplet { margin, ..hardest })
        }
        "softmax" => ClassifierLoss::Softmax,
        _ => ClassifierLoss::CrossEntropy,
    };
    let defaults = ClassifierOptions::default();
    let all = reader.word("negatives", &["batch", "all"], "batch")? == "all";
    let adapter = if cosine { false } else { reader.flag("adapter", false)? };
    let options = ClassifierOptions {
        loss,
        link: if cosine { crate::train::Link::Cosine } else { crate::train::Link::Sigmoid },
        negatives: if all { Negatives::All } else { Negatives::Batch },
        hard_negatives: reader.count("hard_negatives", (0, 10_000), 5)? as usize,
        refresh: reader.count("refresh", (1, 100_000), defaults.refresh as u64)? as usize,
        sampled_negatives: reader.count("sampled_negatives", (0, 1 << 24), 0)? as usize,
        batch_labels_max: reader.count("batch_labels", (1, 1 << 24), 16_384)? as usize,
        epochs: reader.count("epochs", (1, 100_000), 20)? as usize,
        lr: reader.number("lr", (0.0, 1e3), f64::from(defaults.lr))? as f32,
        warmup: reader.number("warmup", (0.0, 1.0), f64::from(defaults.warmup))? as f32,
        batch: BatchOptions {
            size: reader.count("batch", (1, 1 << 16), 512)? as usize,
            cluster_size: reader.count("cluster_size", (1, 1 << 16), 32)? as usize,
            doubling: reader.counts("doubling", &[5, 10, 15])?,
            seed: common.seed,
        },
        dropout: reader.number("dropout", (0.0, 0.99), f64::from(defaults.dropout))? as f32,
        weight_decay: reader.number("weight_decay", (0.0, 1e3), 0.0)? as f32,
        bias: !cosine && record.bias,
        adapter,
        adapter_lr: if adapter { reader.number("adapter_lr", (0.0, 1e3), 1e-3)? as f32 } else { 0.0 },
        start: None,
        seed: common.seed,
    };
    Ok(Asked {
        options,
        lever: LeverAsked::read(&mut reader)?,
        common,
        reciprocal: Reciprocal::read(&mut reader)?,
        used: reader.finish()?,
    })
}

/// A classifier with the object that a swap expects to find unchanged.
pub(super) fn class_object(run: &Run, name: &str) -> Result<(Arc<Object>, ClassifierRecord), Error> {
    let object = run.view.catalog().find(ObjectKind::Classifier, name).cloned();
    let object = object.ok_or_else(|| {
        Error::value(format!("classifier {name} does not exist"), "SHOW CLASSIFIERS lists them")
    })?;
    match &*object {
        Object::Classifier(record) => Ok((object.clone(), record.clone())),
        other => Err(Error::Internal(format!("{} is no classifier", other.name()))),
    }
}

/// TRAIN CLASSIFIER over embeddings.
pub(super) fn train(run: &Run, plan: &Train, job: u64) -> Result<Vec<String>, Error> {
    let (object, record) = class_object(run, &plan.name)?;
    let asked = asked(plan, &record)?;
    let table = run.view.table_of(record.table)?;
    let column = run.view.vector_column(&table, record.column)?;
    let (_, model) = generator(run, &table, &column)?;
    let labels = LabelNumbers::new(run, &table)?;
    let rows = trained_rows(labels.len(), column.dimension) + (labels.len() * column.dimension * 4) as u64;
    expect_room(run, "training these classifiers", rows)?;
    let lesson = lesson::read(run, plan, (&table, &labels), asked.reciprocal, job)?;
    let points = Arc::new(encoded(run, &model, &lesson.texts, true)?);
    let embeddings = Arc::new(label_vectors(run, &table, &column, &labels.slots)?);
    let (points, pairs) = match &asked.lever {
        Some(lever) => {
            augmented(run, (&table, &column), (&labels, &embeddings), (&lesson, &points), lever, job)?
        }
        None => (Points::new(vec![points])?, lesson.pairs.clone()),
    };
    let options = asked.options.clone();
    let mut learner = watched(run, "preparing classifiers", |control| {
        ClassifierLearner::new(control, points, embeddings, pairs, options)
    })?;
    let start = learner.start();
    let mut state = StateFile::new(
        run.inner.store.scratch(),
        record.id,
        "rows",
        lesson.fingerprint(&asked.used, (&labels, &column), &format!("{} {:?}", plan.name, record.data)),
        asked.common.resume,
        asked.common.checkpoint,
    );
    let summary = run_course(run, "training classifiers", &mut learner, &mut state)?;
    let trained = run.inner.install(|| learner.finish());
    let mut statistics = asked.used.clone();
    let mut notes = remarks(&lesson, &summary, &mut statistics);
    if record.link == Link::Sigmoid {
        notes.push(format!("logits began as {:.2} * similarity {:+.2}", start.scale, start.offset));
        notes.push(format!("new labels get {:.2} * z {:+.2}", trained.scale, trained.offset));
    }
    notes.extend(install(run, (&object, &record), statistics, &trained, (&labels, &lesson))?);
    state.forget().map_err(lesson::scratch_error)?;
    Ok(notes)
}

/// Writes the rows aside and swaps them in; gives the remarks of the swap.
fn install(
    run: &Run,
    (object, old): (&Object, &ClassifierRecord),
    statistics: BTreeMap<String, String>,
    trained: &TrainedClassifier,
    (labels, lesson): (&LabelNumbers, &Lesson),
) -> Result<Vec<String>, Error> {
    let adapter = match &trained.adapter {
        Some(adapter) => Some(write_adapter(run, adapter, old.dimension as usize)?),
        None => None,
    };
    let fresh = ClassifierRecord {
        data: run.inner.store.allocate()?,
        scale: f64::from(trained.scale),
        offset: f64::from(trained.offset),
        adapter,
        statistics,
        ..old.clone()
    };
    write_rows(run, &fresh, labels, &trained.rows, &trained.biases)?;
    let frequencies = Frequencies::write(run, labels, &lesson.pairs.targets)?;
    let mut swap = Swap::begin(run, object)?;
    let column = swap.view.vector_column(&swap.table, fresh.column)?;
    let now = swap.view.column_rows(&swap.table, &column)?;
    for slot in swap.newer(labels)? {
        let bytes = new_row(&fresh, trained.adapter.as_deref(), &now, slot)?;
        swap.writer.put_row(Family::Classifiers, fresh.data, slot, &bytes)?;
    }
    swap.replace_classifier(old, &fresh)?;
    swap.set_frequencies(frequencies)?;
    swap.commit(labels.len() as u64)
}

/// The row of a label that came after the training.
pub(super) fn new_row(
    classifier: &ClassifierRecord,
    adapter: Option<&[f32]>,
    embeddings: &Dense,
    slot: Slot,
) -> Result<Vec<u8>, Error> {
    let mut vector = vec![0.0; embeddings.dimension()];
    embeddings.decode(slot, &mut vector)?;
    classifier_row(classifier, adapter, &vector)
}

/// Writes trained rows under the record's data id. `biases` is empty where there are none.
pub(super) fn write_rows(
    run: &Run,
    record: &ClassifierRecord,
    labels: &LabelNumbers,
    rows: &[f32],
    biases: &[f32],
) -> Result<(), Error> {
    let mut bulk = run.inner.store.bulk_rows(Family::Classifiers, record.data)?;
    let rows = rows.chunks_exact(record.dimension as usize);
    for (number, (slot, row)) in labels.slots.iter().zip(rows).enumerate() {
        let mut bytes = pack(row, record.format, &record.name)?;
        if record.bias {
            let bias = biases.get(number).copied().unwrap_or(0.0);
            bytes.extend_from_slice(&bias.to_le_bytes());
        }
        bulk.put(*slot, &bytes)?;
    }
    bulk.finish()?;
    Ok(())
}

/// Writes a map of queries under a fresh data id.
fn write_adapter(run: &Run, adapter: &[f32], width: usize) -> Result<argtop_storage::ObjectId, Error> {
    let data = run.inner.store.allocate()?;
    let mut rows = run.inner.store.bulk_rows(Family::Classifiers, data)?;
    for (number, row) in (0u32..).zip(adapter.chunks_exact(width)) {
        rows.put(number, &pack(row, RowFormat::F32, "adapter")?)?;
    }
    rows.finish()?;
    Ok(data)
}

/// The rows by which candidates are nominated: those of a classifier, or of a vector column.
pub(super) fn ranked_rows(
    run: &Run,
    table: &TableRecord,
    name: &str,
    labels: &LabelNumbers,
) -> Result<Vectors, Error> {
    let columns = crate::view::vector_columns(table);
    if let Some(column) = columns.into_iter().find(|column| column.name == name) {
        return label_vectors(run, table, &column, &labels.slots);
    }
    let (_, record) = class_object(run, name)?;
    let (rows, _) = ranked_rows_biased(run, table, &record, labels)?;
    Ok(Vectors::new(record.dimension as usize, rows))
}

/// Rows and biases of a classifier, in the order of the labels' numbers.
pub(super) fn ranked_rows_biased(
    run: &Run,
    table: &TableRecord,
    record: &ClassifierRecord,
    labels: &LabelNumbers,
) -> Result<(Vec<f32>, Vec<f32>), Error> {
    if record.table != table.id || record.sparse.is_some() {
        return Err(Error::value(
            format!("classifier {} has no rows over embeddings of table {}", record.name, table.name),
            "name a classifier of this table that is not sparse, or a vector column",
        ));
    }
    let dense = run.view.classifier_rows(table, record)?;
    let width = record.dimension as usize;
    let (mut rows, mut biases) = (vec![0.0; labels.len() * width], vec![0.0; labels.len()]);
    let origin = vec![0.0; width];
    for ((slot, row), bias) in labels.slots.iter().zip(rows.chunks_exact_mut(width)).zip(&mut biases) {
        dense.decode(*slot, row)?;
        if record.bias {
            // The score of the zero vector is the bias.
            *bias = dense.score(*slot, &origin)? as f32;
        }
    }
    Ok((rows, biases))
}
