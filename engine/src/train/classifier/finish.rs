//! What a training gives: rows that can be served, and how later labels join them.

use super::learner::ClassifierLearner;
use super::options::Link;
use crate::kernel::dot;

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
    /// The trained rows. A label that comes later gets what a label without documents has here: its embedding
    /// on the line that the pairs were calibrated with, the log-odds of a pair as similar. (A line through
    /// the trained logits is flatter, since rows fit their own documents more closely than similarity tells,
    /// and later labels lost against it: on held-out labels it was worse than no training at all.)
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
        let offset = self.start.offset;
        TrainedClassifier { link, rows, biases, scale, offset, adapter }
    }
}
