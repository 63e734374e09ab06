//! Loss and derivatives of one batch against some labels.

use rayon::prelude::*;

use super::batch::{Batch, Shortlist};
use super::learner::ClassifierLearner;
use super::options::ClassifierLoss;
use crate::train::loss::{Triplet, binary_cross_entropy, decoupled_softmax, sparse_product};
use crate::train::optimizer::AdamW;
use crate::train::products::{product, row_products, turned_product};

/// Derivatives of a batch's loss.
pub(super) struct Gradient {
    /// Labels whose rows are touched, ascending.
    pub(super) labels: Vec<u32>,
    /// By the rows of the labels, `[labels, dimension]`.
    pub(super) rows: Vec<f32>,
    /// By their biases, where those are learned.
    pub(super) biases: Vec<f32>,
    /// By what the rows are multiplied with, `[documents, dimension]`, where an adapter makes it.
    pub(super) inputs: Option<Vec<f32>>,
}

impl ClassifierLearner {
    /// Loss and derivatives of a batch against its shortlist.
    pub(super) fn gradient(&self, batch: &Batch, shortlist: &Shortlist) -> (f64, Gradient) {
        let weights = batch.weights.as_deref();
        let mut scores = self.scores(batch, shortlist);
        let loss = match self.options.loss {
            ClassifierLoss::Triplet(triplet) => {
                return self.triplet_gradient(triplet, batch, shortlist, &scores);
            }
            ClassifierLoss::CrossEntropy => {
                self.to_logits(&mut scores, shortlist);
                binary_cross_entropy(&mut scores, &shortlist.targets, weights)
            }
            ClassifierLoss::Softmax => {
                self.to_logits(&mut scores, shortlist);
                decoupled_softmax(&mut scores, &shortlist.targets, weights)
            }
        };
        (loss, self.dense_gradient(batch, shortlist, scores))
    }

    /// Similarities of a batch with its shortlist; those of excluded pairs are below all others.
    pub(super) fn scores(&self, batch: &Batch, shortlist: &Shortlist) -> Vec<f32> {
        let mut scores = row_products(batch.features(), &shortlist.rows, self.rows.width());
        self.pairs.leave_out(&mut scores, &batch.documents, &shortlist.labels);
        scores
    }

    fn triplet_gradient(
        &self,
        triplet: Triplet,
        batch: &Batch,
        shortlist: &Shortlist,
        scores: &[f32],
    ) -> (f64, Gradient) {
        let (loss, by_scores) = triplet.block(scores, &shortlist.targets, batch.weights.as_deref());
        let rows = sparse_product(&by_scores.transposed(), batch.features(), self.rows.width());
        (loss, self.by_rows(shortlist, rows, Vec::new(), None))
    }

    /// Similarities become logits.
    pub(super) fn to_logits(&self, scores: &mut [f32], shortlist: &Shortlist) {
        let scale = self.start.scale;
        let shared = self.start.offset / scale;
        let bias = |label: &u32| self.biases.as_ref().map_or(shared, |biases| biases.values[*label as usize]);
        let biases: Vec<f32> = shortlist.labels.iter().map(bias).collect();
        scores.par_chunks_mut(biases.len().max(1)).for_each(|row| {
            row.iter_mut().zip(&biases).for_each(|(score, bias)| *score = scale * (*score + bias));
        });
    }

    /// Derivatives from those by the logits, `[documents, labels]`.
    pub(super) fn dense_gradient(
        &self,
        batch: &Batch,
        shortlist: &Shortlist,
        mut by_logits: Vec<f32>,
    ) -> Gradient {
        let (documents, labels) = (batch.documents.len(), shortlist.labels.len());
        let dimension = self.rows.width();
        let scale = self.start.scale;
        let by_rows = by_logits.par_chunks_mut(labels.max(1));
        by_rows.for_each(|row| row.iter_mut().for_each(|value| *value *= scale));
        let rows = turned_product(&by_logits, batch.features(), (labels, documents, dimension));
        let mut biases = Vec::new();
        if self.biases.is_some() {
            biases = vec![0.0; labels];
            for row in by_logits.chunks(labels.max(1)) {
                biases.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
            }
        }
        let adapted = self.adapter.is_some();
        let inputs = adapted.then(|| product(&by_logits, &shortlist.rows, (documents, labels, dimension)));
        self.by_rows(shortlist, rows, biases, inputs)
    }

    /// Goes from derivatives by normalised rows to those by the rows themselves.
    fn by_rows(
        &self,
        shortlist: &Shortlist,
        mut rows: Vec<f32>,
        biases: Vec<f32>,
        inputs: Option<Vec<f32>>,
    ) -> Gradient {
        let dimension = self.rows.width();
        let units = shortlist.rows.chunks(dimension).zip(&shortlist.lengths);
        for (row, (unit, length)) in rows.chunks_mut(dimension).zip(units) {
            let along = crate::kernel::dot(row, unit);
            row.iter_mut().zip(unit).for_each(|(value, unit)| *value = (*value - along * unit) / length);
        }
        Gradient { labels: shortlist.labels.clone(), rows, biases, inputs }
    }

    /// Moves rows and biases.
    pub(super) fn apply(&mut self, adam: AdamW, gradient: &Gradient) {
        self.rows.step(adam, &gradient.labels, &gradient.rows, Some(self.labels.values()));
        if let Some(biases) = &mut self.biases {
            let adam = AdamW { weight_decay: 0.0, ..adam };
            biases.step(adam, &gradient.labels, &gradient.biases, None);
        }
    }

    /// Moves the adapter by derivatives by its results.
    pub(super) fn apply_to_adapter(&mut self, adam: AdamW, batch: &Batch, inputs: &[f32]) {
        let dimension = self.rows.width();
        if let Some(adapter) = &mut self.adapter {
            let gradient =
                turned_product(&batch.inputs, inputs, (dimension, batch.documents.len(), dimension));
            adapter.step_all(adam, &gradient);
        }
    }
}
