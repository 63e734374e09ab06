//! The inputs of one batch, and the labels it is compared with.

use super::learner::ClassifierLearner;
use super::options::Link;
use crate::kernel::norm;
use crate::train::csr::Csr;
use crate::train::products::product;

/// Lengths under this count as this, so that a row of zeros has a cosine.
const LENGTH_MIN: f32 = 1e-12;

/// Documents of a batch as the rows see them.
pub(super) struct Batch {
    /// Numbers of the points.
    pub(super) documents: Vec<u32>,
    /// `[documents, dimension]`, after dropout; normalised for cosines.
    pub(super) inputs: Vec<f32>,
    /// Inputs after the adapter, if there is one.
    adapted: Option<Vec<f32>>,
    /// Weights of the documents' losses.
    pub(super) weights: Option<Vec<f32>>,
}

/// Labels that a batch is compared with.
pub(super) struct Shortlist {
    /// Labels, ascending.
    pub(super) labels: Vec<u32>,
    /// `[labels, dimension]`; normalised for cosines.
    pub(super) rows: Vec<f32>,
    /// Lengths of the rows before they were normalised, for cosines.
    pub(super) lengths: Vec<f32>,
    /// Targets of the batch's documents among the labels.
    pub(super) targets: Csr,
}

impl Batch {
    /// The batch `step` of an epoch that has begun.
    pub(super) fn new(learner: &ClassifierLearner, epoch: usize, step: usize) -> Batch {
        let documents = learner.batches.batch(step).to_vec();
        let mut inputs = learner.points.gather(&documents);
        let dimension = learner.points.dimension();
        let dropout = learner.options.dropout;
        if dropout > 0.0 {
            let mut rng = generator(learner, epoch, step, 1);
            let kept = 1.0 / (1.0 - dropout);
            inputs.iter_mut().for_each(|value| *value *= if rng.f32() < dropout { 0.0 } else { kept });
        }
        if learner.options.link == Link::Cosine {
            normalize_rows(&mut inputs, dimension);
        }
        let adapted = learner.adapter.as_ref().map(|adapter| {
            let mut adapted = product(&inputs, &adapter.values, (documents.len(), dimension, dimension));
            adapted.iter_mut().zip(&inputs).for_each(|(adapted, input)| *adapted += input);
            adapted
        });
        let weights = learner.pairs.weights_of(&documents);
        Batch { documents, inputs, adapted, weights }
    }

    /// What rows are multiplied with.
    pub(super) fn features(&self) -> &[f32] {
        self.adapted.as_ref().unwrap_or(&self.inputs)
    }

    /// The labels of the batch's documents, ascending.
    pub(super) fn own_labels(&self, learner: &ClassifierLearner) -> Vec<u32> {
        let rows = self.documents.iter().map(|document| learner.pairs.targets.row(*document as usize).0);
        let mut own: Vec<u32> = rows.flatten().copied().collect();
        own.sort_unstable();
        own.dedup();
        own
    }

    /// The labels of the batch's documents, with hard and random negatives, ascending.
    pub(super) fn drawn_labels(&self, learner: &ClassifierLearner, epoch: usize, step: usize) -> Vec<u32> {
        let own = self.own_labels(learner);
        let mut others = Vec::new();
        if let Some(hard) = &learner.hard {
            self.documents.iter().for_each(|document| others.extend(hard.row(*document as usize).0));
        }
        let mut rng = generator(learner, epoch, step, 2);
        let labels = learner.labels.len() as u32;
        others.extend((0..learner.options.sampled_negatives).map(|_| rng.u32(0..labels)));
        others.sort_unstable();
        others.dedup();
        others.retain(|label| own.binary_search(label).is_err());
        let room = learner.options.batch_labels_max.saturating_sub(own.len());
        if others.len() > room {
            rng.shuffle(&mut others);
            others.truncate(room);
        }
        others.extend(own);
        others.sort_unstable();
        others
    }

    /// Gathers what is needed of some labels, which are ascending.
    pub(super) fn shortlist(&self, learner: &ClassifierLearner, labels: Vec<u32>) -> Shortlist {
        let dimension = learner.rows.width();
        let mut rows = Vec::with_capacity(labels.len() * dimension);
        labels.iter().for_each(|label| rows.extend_from_slice(learner.rows.row(*label as usize)));
        let lengths = match learner.options.link {
            Link::Cosine => normalize_rows(&mut rows, dimension),
            Link::Sigmoid => Vec::new(),
        };
        let mut targets = Csr::new(labels.len());
        let mut entries = Vec::new();
        for document in &self.documents {
            let (columns, values) = learner.pairs.targets.row(*document as usize);
            entries.clear();
            for (label, value) in columns.iter().zip(values) {
                if let Ok(at) = labels.binary_search(label) {
                    entries.push((at as u32, *value));
                }
            }
            targets.push(&mut entries);
        }
        Shortlist { labels, rows, lengths, targets }
    }
}

/// Divides rows by their lengths and gives those.
fn normalize_rows(rows: &mut [f32], dimension: usize) -> Vec<f32> {
    let unit = |row: &mut [f32]| {
        let length = (norm(row) as f32).max(LENGTH_MIN);
        row.iter_mut().for_each(|value| *value /= length);
        length
    };
    rows.chunks_mut(dimension).map(unit).collect()
}

/// A generator for one purpose of one batch.
fn generator(learner: &ClassifierLearner, epoch: usize, step: usize, purpose: u64) -> fastrand::Rng {
    let place = (epoch as u64) << 40 ^ (step as u64) << 8 ^ purpose;
    fastrand::Rng::with_seed(learner.options.seed ^ place.wrapping_mul(0x9E37_79B9_7F4A_7C15))
}
