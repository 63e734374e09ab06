//! TRAIN AUXILIARY: DEXA's module I. The embeddings that add the vectors are derived again with them.

use argtop_query::plan::Train;
use argtop_storage::{AuxiliaryRecord, Family, Object, ObjectKind};

use super::checkpoint::StateFile;
use super::course::run_course;
use super::embeddings::encoded;
use super::install::{NewVectors, install};
use super::labels::{generator, label_encodings};
use super::lesson::{self, LabelNumbers, Lesson};
use super::memory::{expect_room, trained_rows};
use super::options::{Common, TrainOptions};
use super::reciprocal::Reciprocal;
use super::swap::{Frequencies, remarks};
use crate::error::Error;
use crate::execute::Run;
use crate::labels::{AuxiliaryPart, auxiliary_part, nearest_centroid};
use crate::train::{AuxiliaryLearner, AuxiliaryOptions, BatchOptions, Triplet, Vectors, Weighting};
use crate::view::row_of_number;

/// A label with at least so many points gets a vector of its own (DEXA, section 4).
const HEAD_POINTS: u64 = 50;

/// The sum of all step sizes, at most, where the statement does not say.
const REACH: f32 = 16.0;
/// The greatest step size where the statement does not say.
const LR_MAX: f32 = 0.05;

/// What the statement asks for.
struct Asked {
    options: AuxiliaryOptions,
    /// None where the default is to be taken, which depends on the number of steps.
    lr: Option<f32>,
    head_points: u64,
    head_labels: Option<u64>,
    common: Common,
    reciprocal: Reciprocal,
    used: std::collections::BTreeMap<String, String>,
}

/// The step size where the statement does not say: a vector can go no farther than [`REACH`] root mean
/// squares of the encodings. A shared vector sees few documents in a batch, and AdamW takes steps of one
/// size however small the gradient is: with 0.05 for 1,680 steps P@1 on held-out definitions of WordNet
/// fell from 19.1 to 18.7, with the same reach in smaller steps it rose to 19.8.
fn default_lr(steps: usize) -> f32 {
    (REACH / steps.max(1) as f32).min(LR_MAX)
}

fn asked(run: &Run, plan: &Train) -> Result<Asked, Error> {
    let mut reader = TrainOptions::new("TRAIN AUXILIARY", &plan.options);
    let common = reader.common()?;
    let epochs = reader.count("epochs", (1, 100_000), 10)? as usize;
    let lr = reader.optional_number("lr", (1e-9, 1e3))?.map(|lr| lr as f32);
    let options = AuxiliaryOptions {
        epochs,
        lr: LR_MAX,
        warmup: reader.number("warmup", (0.0, 1.0), 0.05)? as f32,
        loss: Triplet {
            margin: reader.number("margin", (0.0, 2.0), 0.3)? as f32,
            negatives: reader.count("hard_negatives", (1, 10_000), 10)? as usize,
            weighting: Weighting::Score(reader.number("temperature", (1e-6, 1e3), 0.1)? as f32),
            ..Triplet::in_batch()
        },
        batch: BatchOptions {
            size: reader.count("batch", (2, 1 << 16), 1_600)? as usize,
            cluster_size: reader.count("cluster_size", (1, 1 << 16), 4)? as usize,
            doubling: reader.counts("doubling", &[5, 10, 15, 20, 25])?,
            seed: common.seed,
        },
    };
    let most = u64::from(run.inner.limits.clusters_max);
    let head_points = reader.count("head_points", (1, u64::MAX >> 1), HEAD_POINTS)?;
    let head_labels = reader.optional_count("head_labels", (0, most))?;
    Ok(Asked {
        options,
        lr,
        head_points,
        head_labels,
        common,
        reciprocal: Reciprocal::read(&mut reader)?,
        used: reader.finish()?,
    })
}

/// TRAIN AUXILIARY.
pub(super) fn train(run: &Run, plan: &Train, job: u64) -> Result<Vec<String>, Error> {
    let mut asked = asked(run, plan)?;
    let object = run.view.catalog().find(ObjectKind::Auxiliary, &plan.name).cloned();
    let object = object.ok_or_else(|| {
        Error::value(format!("auxiliary {} does not exist", plan.name), "CREATE AUXILIARY first")
    })?;
    let Object::Auxiliary(record) = &*object else {
        return Err(Error::Internal(format!("{} is no auxiliary", plan.name)));
    };
    let table = run.view.table_of(record.table)?;
    let column = record.column.ok_or_else(|| Error::Internal("the auxiliary serves no column".into()))?;
    let column = run.view.vector_column(&table, column)?;
    let (_, model) = generator(run, &table, &column)?;
    let labels = LabelNumbers::new(run, &table)?;
    let rows = record.clusters as usize + asked.head_labels.unwrap_or(0) as usize;
    expect_room(run, "training these auxiliary vectors", trained_rows(rows, column.dimension))?;
    let lesson = lesson::read(run, plan, (&table, &labels), asked.reciprocal, job)?;
    let points = encoded(run, &model, &lesson.texts, true)?;
    let batches = lesson.texts.len().div_ceil(asked.options.batch.size);
    asked.options.lr = asked.lr.unwrap_or_else(|| default_lr(batches * asked.options.epochs));
    asked.used.insert("lr".to_string(), asked.options.lr.to_string());
    let encodings = label_encodings(run, &table, &column, &labels, false, job)?;
    let old = auxiliary_part(run, &table, column.id, &plan.name)?
        .ok_or_else(|| Error::Internal(format!("auxiliary {} has no rows", plan.name)))?;
    let clusters = clusters(run, (record, &old, &encodings), &labels, &lesson, &asked)?;
    let count = clusters.count;
    let mut learner = AuxiliaryLearner::new(
        &points,
        &encodings,
        (&clusters.of_label, count),
        &lesson.pairs,
        asked.options.clone(),
    )?;
    let fingerprint = lesson.fingerprint(&asked.used, (&labels, &column), &plan.name);
    let mut state = StateFile::new(
        run.inner.store.scratch(),
        record.id,
        "vectors",
        fingerprint,
        asked.common.resume,
        asked.common.checkpoint,
    );
    let summary = run_course(run, "training auxiliary vectors", &mut learner, &mut state)?;
    let frequencies = Frequencies::write(run, &labels, &lesson.pairs.targets)?;
    let mut trained = AuxiliaryRecord {
        head_labels: (count - record.clusters as usize) as u32,
        trained: true,
        statistics: asked.used.clone(),
        ..record.clone()
    };
    let mut notes = remarks(&lesson, &summary, &mut trained.statistics);
    notes.push(format!("{} shared vectors, {} of head labels", record.clusters, trained.head_labels));
    let part = AuxiliaryPart { record: trained, vectors: learner.finish(), centroids: old.centroids };
    let slots = labels.slots.iter().copied().zip(clusters.of_label).collect();
    let encodings = Some((&labels.slots[..], &encodings));
    let new = NewVectors { part, clusters: Some(slots), frequencies: Some(frequencies), encodings };
    notes.extend(install(run, &object, new)?.notes);
    state.forget().map_err(lesson::scratch_error)?;
    Ok(notes)
}

/// The vector of each label.
struct Assigned {
    of_label: Vec<u32>,
    count: usize,
}

/// Shared clusters as CREATE AUXILIARY made them; the head labels get vectors of their own behind them.
fn clusters(
    run: &Run,
    (record, part, encodings): (&AuxiliaryRecord, &AuxiliaryPart, &Vectors),
    labels: &LabelNumbers,
    lesson: &Lesson,
    asked: &Asked,
) -> Result<Assigned, Error> {
    let rows = run.view.snapshot().rows(Family::AuxiliaryClusters, record.data, &labels.slots)?;
    let shared = record.clusters;
    let mut of_label = Vec::with_capacity(rows.len());
    for (label, row) in rows.iter().enumerate() {
        let kept = row.as_deref().map(row_of_number).transpose()?.filter(|cluster| *cluster < shared);
        // A label that had a vector of its own goes back to the nearest of the shared ones.
        of_label.push(kept.unwrap_or_else(|| nearest_centroid(&part.centroids, encodings.row(label))));
    }
    let frequencies = lesson.pairs.targets.column_counts();
    let mut head: Vec<u32> = (0..labels.len() as u32).collect();
    head.sort_by_key(|label| (std::cmp::Reverse(frequencies[*label as usize]), *label));
    let wanted = match asked.head_labels {
        Some(count) => count as usize,
        None => {
            let enough = |label: &&u32| u64::from(frequencies[**label as usize]) >= asked.head_points;
            head.iter().take_while(enough).count()
        }
    };
    head.truncate(wanted);
    head.sort_unstable();
    for (number, label) in (shared..).zip(&head) {
        of_label[*label as usize] = number;
    }
    Ok(Assigned { of_label, count: shared as usize + head.len() })
}
