//! LEVER's targets (ICLR 2024) for any trainer: pairs that a teacher finds likely join those that were given.

use std::sync::Arc;

use argtop_storage::TableRecord;

use super::course::watched;
use super::labels::label_encodings;
use super::lesson::{LabelNumbers, Lesson};
use super::options::TrainOptions;
use crate::error::Error;
use crate::execute::Run;
use crate::physical::VectorColumn;
use crate::train::{Blend, LeverOptions, Pairs, Points, Teacher, Vectors, augment, calibrate};

/// What the statement asks of LEVER.
pub(super) struct LeverAsked {
    options: LeverOptions,
    /// Whether the teacher is calibrated on the pairs, instead of `(cos + 1) / 2`.
    logistic: bool,
}

impl LeverAsked {
    /// None without `lever = true`.
    pub(super) fn read(reader: &mut TrainOptions<'_>) -> Result<Option<LeverAsked>, Error> {
        if !reader.flag("lever", false)? {
            return Ok(None);
        }
        let defaults = LeverOptions::default();
        let logistic = reader.word("teacher", &["cosine", "logistic"], "cosine")? == "logistic";
        let options = LeverOptions {
            tau: reader.count("tau", (0, 1 << 20), defaults.tau as u64)? as usize,
            tau_d: reader.count("tau_d", (0, 1 << 20), defaults.tau_d as u64)? as usize,
            tau_l: reader.count("tau_l", (0, 1 << 20), defaults.tau_l as u64)? as usize,
            threshold: reader.number("threshold", (0.0, 1.0), f64::from(defaults.threshold))? as f32,
            blend: match reader.word("blend", &["paper", "code"], "paper")? {
                "code" => Blend::Code,
                _ => Blend::Paper,
            },
            lambda: reader.number("lambda", (0.0, 1.0), f64::from(defaults.lambda))? as f32,
            ..defaults
        };
        Ok(Some(LeverAsked { options, logistic }))
    }
}

/// Points with the label texts that become documents, and their pairs;
/// `embeddings` are those of the labels' column.
pub(super) fn augmented(
    run: &Run,
    (table, column): (&TableRecord, &VectorColumn),
    (labels, embeddings): (&LabelNumbers, &Vectors),
    (lesson, points): (&Lesson, &Arc<Vectors>),
    asked: &LeverAsked,
    job: u64,
) -> Result<(Points, Pairs), Error> {
    let texts = Arc::new(label_encodings(run, table, column, labels, true, job)?);
    let found = watched(run, "finding soft targets", |control| {
        let documents = Points::new(vec![points.clone()])?;
        let mut options = asked.options;
        if asked.logistic {
            let line = calibrate(control, &documents, embeddings, &lesson.pairs, options.seed)?;
            options.teacher = Teacher::Logistic(line);
        }
        augment(control, &documents, &texts, embeddings, &lesson.pairs, &options)
    })?;
    let extra = Arc::new(Vectors::new(texts.dimension(), texts.gather(&found.texts)));
    let mut pairs = Pairs { targets: found.targets, ..lesson.pairs.clone() };
    if let Some(weights) = &mut pairs.weights {
        weights.resize(weights.len() + found.texts.len(), 1.0);
    }
    Ok((Points::new(vec![points.clone(), extra])?, pairs))
}
