//! LEVER's targets (ICLR 2024) for any trainer: pairs that a teacher finds likely join those that were given.

use std::sync::Arc;

use argtop_storage::TableRecord;

use super::course::watched;
use super::labels::label_encodings;
use super::lesson::{LabelNumbers, Lesson, Related};
use super::options::TrainOptions;
use crate::error::Error;
use crate::execute::Run;
use crate::physical::VectorColumn;
use crate::train::{Blend, Csr, LeverOptions, Pairs, Points, Teacher, Vectors, augment, calibrate};

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
    if !lesson.related.is_empty() {
        pairs.excluded = Some(excluded(&pairs, lesson.texts.len(), labels.len(), &lesson.related));
    }
    if let Some(weights) = &mut pairs.weights {
        weights.resize(weights.len() + found.texts.len(), 1.0);
    }
    Ok((Points::new(vec![points.clone(), extra])?, pairs))
}

/// The excluded pairs of the points, then those of the labels' texts: what is `related` to them. A target of
/// a text stays one.
fn excluded(pairs: &Pairs, points: usize, labels: usize, related: &Related) -> Csr {
    let mut excluded = Csr::new(labels);
    let mut push = |labels: &mut dyn Iterator<Item = u32>| {
        excluded.push(&mut labels.map(|label| (label, 1.0)).collect());
    };
    for point in 0..points as u32 {
        push(&mut pairs.excluded(point).iter().copied());
    }
    for label in 0..labels {
        let own = pairs.targets.row(points + label).0;
        let related = related.get(&(label as u32)).into_iter().flatten().copied();
        push(&mut related.filter(|label| own.binary_search(label).is_err()));
    }
    excluded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_label_is_no_negative_of_what_goes_with_it() {
        // Points 0 and 1; labels 0 to 3, whose texts are rows 2 to 5 of the targets.
        let mut targets = Csr::new(4);
        for row in [&[1][..], &[2], &[0, 3], &[1], &[2], &[3]] {
            targets.push(&mut row.iter().map(|label| (*label, 1.0)).collect());
        }
        let mut of_points = Csr::new(4);
        of_points.push(&mut vec![(0, 1.0)]);
        let pairs = Pairs { excluded: Some(of_points), ..Pairs::new(targets) };
        // Point 0 has the text of label 0 and the label 1; label 3 is related to 0 as well.
        let related = [(0u32, [1, 3].into()), (1, [0].into())].into();
        let found = excluded(&pairs, 2, 4, &related);
        let rows: Vec<Vec<u32>> = (0..found.rows()).map(|row| found.row(row).0.to_vec()).collect();
        assert_eq!(rows, [vec![0], vec![], vec![1], vec![0], vec![], vec![]]);
    }
}
