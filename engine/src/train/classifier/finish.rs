//! What a training gives: rows that can be served, and how later labels join them.

use super::learner::ClassifierLearner;
use super::options::Link;
use crate::kernel::dot;
use crate::train::calibrate::{Calibration, sample};
use crate::train::csr::Csr;
use crate::train::loss::hardest_negatives;
use crate::train::parts::Points;
use crate::train::points::Vectors;
use crate::train::products::{product, row_products};

/// Negatives of a document that the line for new labels is fitted on.
const COMPETITORS: usize = 10;
/// Documents that are compared with all labels at once.
const DOCUMENTS_AT_ONCE: usize = 64;

/// A trained classifier.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainedClassifier {
    /// How a row and a document make a score.
    pub link: Link,
    /// `[labels, dimension]`, normalised for cosines. For the sigmoid `row . x + bias` is the logit of the
    /// plain document x: scale and adapter are folded in.
    pub rows: Vec<f32>,
    /// One number for each label; empty for cosines.
    pub biases: Vec<f32>,
    /// For labels inserted later, with z their embedding: `row = scale * fold(adapter, z)`.
    pub scale: f32,
    /// For labels inserted later: their bias.
    pub offset: f32,
    /// `[dimension, dimension]`, the map that is folded into the rows, where one was learned.
    pub adapter: Option<Vec<f32>>,
}

/// A row that gives for plain documents what `row` gives for adapted ones: `w + A w`, since
/// `w . (x + x A) = (w + A w) . x`. `adapter` is A, `[dimension, dimension]`, row-major.
///
/// # Panics
/// If the adapter is not square of the row's dimension.
pub fn fold(adapter: &[f32], row: &[f32]) -> Vec<f32> {
    assert_eq!(adapter.len(), row.len() * row.len(), "an adapter of the row's dimension");
    row.iter().zip(adapter.chunks(row.len().max(1))).map(|(value, line)| value + dot(line, row)).collect()
}

impl ClassifierLearner {
    /// The trained rows. For the sigmoid the line of later labels is fitted too: see
    /// [`TrainedClassifier::scale`].
    pub fn finish(self) -> TrainedClassifier {
        let link = self.options.link;
        let mut rows = self.folded_rows();
        if link == Link::Cosine {
            return TrainedClassifier {
                link,
                rows,
                biases: Vec::new(),
                scale: 1.0,
                offset: 0.0,
                adapter: None,
            };
        }
        let scale = self.start.scale;
        rows.iter_mut().for_each(|value| *value *= scale);
        let biases: Vec<f32> = match &self.biases {
            Some(biases) => biases.values.iter().map(|bias| scale * bias).collect(),
            None => vec![self.start.offset; self.labels.len()],
        };
        let adapter = self.adapter.map(|adapter| adapter.values);
        let trained = TrainedRows { rows: &rows, biases: &biases, adapter: adapter.as_deref() };
        let line = line(&self.points, &self.labels, &self.targets, trained, self.options.seed, self.start);
        TrainedClassifier { link, rows, biases, scale: line.scale, offset: line.offset, adapter }
    }
}

/// Rows and biases that score plain documents, and the map that is folded into them.
#[derive(Clone, Copy, Debug)]
pub struct TrainedRows<'a> {
    /// `[labels, dimension]`
    pub rows: &'a [f32],
    /// One number for each label.
    pub biases: &'a [f32],
    /// `[dimension, dimension]`, where one was learned.
    pub adapter: Option<&'a [f32]>,
}

/// Least squares from the similarities of embeddings to the trained logits, over the labels and the nearest
/// other labels of sampled documents: what a trained row would answer on average to a document as similar, so
/// that a label that comes later competes on equal terms. Labels without documents tell nothing; where all
/// are so, the line is flat.
pub fn later_label_line(
    points: &Points,
    labels: &Vectors,
    targets: &Csr,
    trained: TrainedRows<'_>,
    seed: u64,
) -> Calibration {
    line(points, labels, targets, trained, seed, Calibration { scale: 1.0, offset: 0.0 })
}

fn line(
    points: &Points,
    labels: &Vectors,
    targets: &Csr,
    trained: TrainedRows<'_>,
    seed: u64,
    start: Calibration,
) -> Calibration {
    let dimension = labels.dimension();
    let has_documents: Vec<bool> = targets.column_counts().iter().map(|count| *count > 0).collect();
    let mut pairs: Vec<(f64, f64)> = Vec::new();
    for documents in sample(targets, labels.len(), seed).chunks(DOCUMENTS_AT_ONCE) {
        let plain = points.gather(documents);
        let mut adapted = plain.clone();
        if let Some(adapter) = trained.adapter {
            let moved = product(&plain, adapter, (documents.len(), dimension, dimension));
            adapted.iter_mut().zip(moved).for_each(|(value, moved)| *value += moved);
        }
        let mut scores = row_products(&adapted, labels.values(), dimension);
        for (place, scores) in scores.chunks_mut(labels.len()).enumerate() {
            let own = targets.row(documents[place] as usize).0;
            let silent = scores.iter_mut().zip(&has_documents).filter(|(_, has)| !**has);
            silent.for_each(|(score, _)| *score = f32::NEG_INFINITY);
            let others = hardest_negatives(scores, own, COMPETITORS);
            let x = &plain[place * dimension..(place + 1) * dimension];
            for label in own.iter().chain(&others).map(|label| *label as usize) {
                if has_documents[label] {
                    let row = &trained.rows[label * dimension..(label + 1) * dimension];
                    let logit = dot(row, x) + trained.biases[label];
                    pairs.push((f64::from(scores[label]), f64::from(logit)));
                }
            }
        }
    }
    least_squares(&pairs, start)
}

/// The line through the pairs; with the start's scale where they do not tell a rising one.
fn least_squares(pairs: &[(f64, f64)], start: Calibration) -> Calibration {
    let count = pairs.len().max(1) as f64;
    let (x, y) = pairs.iter().fold((0.0, 0.0), |(x, y), pair| (x + pair.0 / count, y + pair.1 / count));
    let (mut joint, mut spread) = (0.0, 0.0);
    for pair in pairs {
        joint += (pair.0 - x) * (pair.1 - y);
        spread += (pair.0 - x) * (pair.0 - x);
    }
    let found = (joint / spread) as f32;
    let scale = if found.is_finite() && found > 0.0 { found } else { start.scale };
    let offset = if pairs.is_empty() { start.offset } else { (y - f64::from(scale) * x) as f32 };
    Calibration { scale, offset }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn least_squares_finds_a_line_and_falls_back() {
        let start = Calibration { scale: 7.0, offset: -3.0 };
        let found = least_squares(&[(0.0, 1.0), (1.0, 3.0), (2.0, 5.0)], start);
        assert_eq!(found, Calibration { scale: 2.0, offset: 1.0 });
        assert_eq!(least_squares(&[], start), start);
        assert_eq!(least_squares(&[(0.5, 2.0)], start), Calibration { scale: 7.0, offset: -1.5 });
    }
}
