//! From similarities to probabilities: a logistic regression on one number.

use rayon::prelude::*;

use super::control::{BuildControl, TrainError};
use super::csr::Csr;
use super::pairs::Pairs;
use super::parts::Points;
use super::points::Vectors;
use super::products::row_products;

/// Similarities are counted in so many bins between -1 and 1.
const BINS: usize = 4096;
/// The most documents that are looked at.
const DOCUMENTS_MAX: usize = 2000;
/// The most pairs of a document and a label that are looked at.
const PAIRS_MAX: usize = 40_000_000;
/// Documents and labels that are compared at once.
const DOCUMENTS_AT_ONCE: usize = 64;
const LABELS_AT_ONCE: usize = 8192;
/// Steps of Newton's method, far more than it needs.
const STEPS_MAX: usize = 100;
/// Strength of the prior that keeps the scale of separable pairs finite: a normal one of this deviation.
const SCALE_DEVIATION: f64 = 100.0;

/// A line from similarities to logits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calibration {
    /// Factor of the similarity.
    pub scale: f32,
    /// Logit at similarity 0.
    pub offset: f32,
}

impl Calibration {
    /// `scale * similarity + offset`.
    pub fn logit(self, similarity: f32) -> f32 {
        self.scale * similarity + self.offset
    }

    /// The sigmoid of the logit.
    pub fn probability(self, similarity: f32) -> f32 {
        1.0 / (1.0 + (-self.logit(similarity)).exp())
    }
}

/// Fits `P(label | document) = sigmoid(scale * similarity + offset)` (LEVER, ICLR 2024, theorem 3) on all
/// pairs of sampled documents with all labels. Points and labels are normalised; the encoder has not seen the
/// pairs, so they need not be held out. Targets between 0 and 1 count in their share; excluded pairs do not.
///
/// # Errors
/// [`TrainError::Input`] where no sampled document has a label, [`TrainError::Cancelled`].
pub fn calibrate(
    control: &BuildControl<'_>,
    points: &Points,
    labels: &Vectors,
    pairs: &Pairs,
    seed: u64,
) -> Result<Calibration, TrainError> {
    let documents = sample(&pairs.targets, labels.len(), seed);
    let mut bins = vec![(0.0f64, 0.0f64); BINS];
    for documents in documents.chunks(DOCUMENTS_AT_ONCE) {
        if (control.cancelled)() {
            return Err(TrainError::Cancelled);
        }
        count(points, labels, pairs, documents, &mut bins);
    }
    if bins.iter().all(|(positive, _)| *positive <= 0.0) {
        let message = "no training point has a label, so similarities cannot be calibrated; check the pairs";
        return Err(TrainError::Input(message.into()));
    }
    Ok(fit(&bins))
}

/// Documents with labels, at random, few enough for the number of labels.
pub(super) fn sample(targets: &Csr, labels: usize, seed: u64) -> Vec<u32> {
    let mut documents: Vec<u32> =
        (0..targets.rows() as u32).filter(|row| !targets.row(*row as usize).0.is_empty()).collect();
    fastrand::Rng::with_seed(seed).shuffle(&mut documents);
    documents.truncate(DOCUMENTS_MAX.min(PAIRS_MAX / labels.max(1)).max(1));
    documents.sort_unstable();
    documents
}

/// Adds the pairs of some documents to (positives, negatives) of each bin.
fn count(points: &Points, labels: &Vectors, pairs: &Pairs, documents: &[u32], bins: &mut [(f64, f64)]) {
    let dimension = points.dimension();
    let queries = points.gather(documents);
    for (block, rows) in labels.values().chunks(LABELS_AT_ONCE * dimension).enumerate() {
        let width = rows.len() / dimension;
        let scores = row_products(&queries, rows, dimension);
        let counts = scores
            .par_chunks(width * 8)
            .map(|scores| {
                let mut counts = vec![0u32; BINS];
                scores.iter().for_each(|score| counts[bin(*score)] += 1);
                counts
            })
            .reduce(
                || vec![0u32; BINS],
                |mut a, b| {
                    a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
                    a
                },
            );
        bins.iter_mut().zip(counts).for_each(|(bin, count)| bin.1 += f64::from(count));
        let first = block * LABELS_AT_ONCE;
        for (place, document) in documents.iter().enumerate() {
            let (columns, values) = pairs.targets.row(*document as usize);
            let own = columns.iter().zip(values).map(|(column, value)| (*column, *value, *value));
            // An excluded pair is taken back from the negatives.
            let excluded = pairs.excluded(*document).iter().map(|column| (*column, 0.0, 1.0));
            for (column, positive, taken) in own.chain(excluded) {
                let Some(column) = (column as usize).checked_sub(first).filter(|column| *column < width)
                else {
                    continue;
                };
                let bin = &mut bins[bin(scores[place * width + column])];
                bin.0 += f64::from(positive);
                bin.1 -= f64::from(taken);
            }
        }
    }
}

fn bin(similarity: f32) -> usize {
    (((similarity + 1.0) * 0.5 * BINS as f32).max(0.0) as usize).min(BINS - 1)
}

/// Newton's method on the log-loss of (positives, negatives) in bins, with halved steps where a whole one
/// does not help.
fn fit(bins: &[(f64, f64)]) -> Calibration {
    let centre = |at: usize| (at as f64 + 0.5) / bins.len() as f64 * 2.0 - 1.0;
    let used: Vec<(f64, f64, f64)> = bins
        .iter()
        .enumerate()
        .filter(|(_, (positive, negative))| *positive > 0.0 || *negative > 0.0)
        .map(|(at, (positive, negative))| (centre(at), *positive, negative.max(0.0)))
        .collect();
    let softplus = |value: f64| value.max(0.0) + (-value.abs()).exp().ln_1p();
    let prior = SCALE_DEVIATION.powi(-2);
    let loss = |scale: f64, offset: f64| {
        let pairs = used.iter().map(|(s, positive, negative)| {
            let logit = scale * s + offset;
            positive * softplus(-logit) + negative * softplus(logit)
        });
        pairs.sum::<f64>() + 0.5 * prior * (scale * scale + offset * offset)
    };
    let (mut scale, mut offset) = (0.0, 0.0);
    let mut best = loss(scale, offset);
    for _ in 0..STEPS_MAX {
        let (mut g0, mut g1) = (prior * scale, prior * offset);
        let (mut h00, mut h01, mut h11) = (prior, 0.0, prior);
        for (s, positive, negative) in &used {
            let p = 1.0 / (1.0 + (-(scale * s + offset)).exp());
            let slope = (positive + negative) * p - positive;
            let bend = (positive + negative) * p * (1.0 - p);
            (g0, g1) = (g0 + slope * s, g1 + slope);
            (h00, h01, h11) = (h00 + bend * s * s, h01 + bend * s, h11 + bend);
        }
        let determinant = h00 * h11 - h01 * h01;
        let (move0, move1) = ((h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant);
        let mut share = 1.0;
        while share > 1e-6 && loss(scale - share * move0, offset - share * move1) > best {
            share *= 0.5;
        }
        (scale, offset) = (scale - share * move0, offset - share * move1);
        let now = loss(scale, offset);
        if best - now <= 1e-12 * best {
            break;
        }
        best = now;
    }
    Calibration { scale: scale as f32, offset: offset as f32 }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const QUIET: BuildControl<'static> =
        BuildControl { cancelled: &|| false, progress: &|_, _| {}, threads: 1 };

    #[test]
    fn the_planted_line_is_found() {
        let mut rng = fastrand::Rng::with_seed(3);
        let mut unit = |count: usize| {
            let mut values: Vec<f32> = (0..count * 4).map(|_| rng.f32() - 0.5).collect();
            values.chunks_mut(4).for_each(|row| {
                crate::kernel::normalize(row).unwrap();
            });
            Arc::new(Vectors::new(4, values))
        };
        let (documents, labels) = (unit(900), unit(200));
        let line = Calibration { scale: 6.0, offset: -5.0 };
        let mut targets = Csr::new(200);
        for document in 0..900 {
            let similarity = |label: usize| crate::kernel::dot(documents.row(document), labels.row(label));
            let drawn = (0..200).filter(|label| rng.f32() < line.probability(similarity(*label)));
            targets.push(&mut drawn.map(|label| (label as u32, 1.0)).collect());
        }
        let points = Points::new(vec![documents]).unwrap();
        let found = calibrate(&QUIET, &points, &labels, &Pairs::new(targets), 1).unwrap();
        assert!((found.scale - 6.0).abs() < 0.25 && (found.offset + 5.0).abs() < 0.2, "{found:?}");
        let none = Csr { offsets: vec![0; 901], width: 200, ..Csr::default() };
        assert!(matches!(
            calibrate(&QUIET, &points, &labels, &Pairs::new(none), 1),
            Err(TrainError::Input(_))
        ));
    }

    #[test]
    fn pairs_that_can_be_separated_give_a_finite_line() {
        let mut bins = vec![(0.0, 0.0); BINS];
        bins[3000].0 = 50.0;
        bins[1000].1 = 5000.0;
        let found = fit(&bins);
        assert!(found.scale > 5.0 && found.scale < 500.0, "{found:?}");
        assert!(found.probability(0.5) > 0.9 && found.probability(-0.5) < 0.01, "{found:?}");
    }
}
