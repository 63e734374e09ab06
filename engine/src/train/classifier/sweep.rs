//! One-vs-all: a batch against every label, block after block.
//!
//! A block is one step, so that steps stay short. Rows of a block move as soon as their derivatives are
//! known, which no other block depends on; the adapter moves once a batch. Losses that compare a document's
//! labels with one another sweep twice: first for what they need to know of all labels.

use super::batch::{Batch, Shortlist};
use super::gradient::Gradient;
use super::learner::ClassifierLearner;
use super::options::{ClassifierLoss, Negatives};
use crate::train::loss::{Mass, SoftmaxTerms, binary_cross_entropy, hardest_negatives};

/// Labels of a block.
const LABELS_AT_ONCE: usize = 1024;

/// What is kept of a batch between its blocks.
pub(super) struct Sweep {
    batch: Batch,
    /// Of each document: what its negatives add up to, and the logits of its labels in order.
    masses: Vec<(Mass, Vec<f32>)>,
    /// Of each document: its softmax, once all labels are known.
    terms: Vec<SoftmaxTerms>,
    /// Of each document: its hardest negatives so far.
    hardest: Vec<Vec<(u32, f32)>>,
    /// Derivatives by what the rows are multiplied with, so far.
    inputs: Option<Vec<f32>>,
}

impl Sweep {
    fn new(learner: &ClassifierLearner, epoch: usize, batch: usize) -> Sweep {
        let batch = Batch::new(learner, epoch, batch);
        let documents = batch.documents.len();
        let width = learner.rows.width();
        Sweep {
            masses: vec![(Mass::default(), Vec::new()); documents],
            terms: Vec::new(),
            hardest: vec![Vec::new(); documents],
            inputs: learner.adapter.is_some().then(|| vec![0.0; documents * width]),
            batch,
        }
    }

    /// First sweep of the softmax: adds a block of logits.
    fn weigh(&mut self, logits: &[f32], shortlist: &Shortlist) {
        let rows = logits.chunks(shortlist.labels.len().max(1));
        for (row, (logits, (mass, positives))) in rows.zip(&mut self.masses).enumerate() {
            let (columns, _) = shortlist.targets.row(row);
            mass.add(logits, columns);
            positives.extend(columns.iter().map(|column| logits[*column as usize]));
        }
    }

    /// Second sweep of the softmax: logits of a block become derivatives.
    fn differentiate(&mut self, logits: &mut [f32], shortlist: &Shortlist) {
        let rows = logits.chunks_mut(shortlist.labels.len().max(1));
        for (row, (logits, terms)) in rows.zip(&mut self.terms).enumerate() {
            logits.iter_mut().for_each(|logit| *logit = terms.negative(*logit));
            let (columns, _) = shortlist.targets.row(row);
            for (column, derivative) in columns.iter().zip(terms.positives.drain(..columns.len())) {
                logits[*column as usize] = derivative;
            }
        }
    }

    /// First sweep of triplets: keeps the hardest negatives among a block of similarities.
    fn nominate(&mut self, scores: &[f32], shortlist: &Shortlist, count: usize) {
        let rows = scores.chunks(shortlist.labels.len().max(1));
        for (row, (scores, held)) in rows.zip(&mut self.hardest).enumerate() {
            let found = hardest_negatives(scores, shortlist.targets.row(row).0, count);
            held.extend(found.into_iter().map(|at| (shortlist.labels[at as usize], scores[at as usize])));
            held.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            held.truncate(count);
        }
    }
}

impl ClassifierLearner {
    /// Steps of a batch.
    pub(super) fn parts_of_batch(&self) -> usize {
        let blocks = self.labels.len().div_ceil(LABELS_AT_ONCE);
        match (self.options.negatives, self.options.loss) {
            (Negatives::Batch, _) => 1,
            (_, ClassifierLoss::CrossEntropy) => blocks,
            (_, ClassifierLoss::Softmax) => 2 * blocks,
            (_, ClassifierLoss::Triplet(_)) => blocks + 1,
        }
    }

    /// A step of a batch against all labels. The losses of the steps of a batch have the batch's loss as
    /// their mean.
    pub(super) fn step_on_all(&mut self, epoch: usize, batch: usize, part: usize) -> f64 {
        let begun = self.sweep.take().filter(|_| part > 0);
        let mut sweep = begun.unwrap_or_else(|| Sweep::new(self, epoch, batch));
        let blocks = self.labels.len().div_ceil(LABELS_AT_ONCE);
        let (adam, adapter) = self.optimizers(epoch, batch);
        let loss = match self.options.loss {
            ClassifierLoss::Triplet(_) if part == blocks => {
                let mut labels = sweep.batch.own_labels(self);
                labels.extend(sweep.hardest.iter().flatten().map(|(label, _)| *label));
                labels.sort_unstable();
                labels.dedup();
                let shortlist = sweep.batch.shortlist(self, labels);
                let (loss, gradient) = self.gradient(&sweep.batch, &shortlist);
                self.apply(adam, &gradient);
                loss
            }
            _ => {
                let (loss, gradient) = self.block(&mut sweep, part, blocks);
                if let Some(gradient) = gradient {
                    self.apply(adam, &gradient);
                }
                loss
            }
        };
        let parts = self.parts_of_batch();
        if part + 1 == parts {
            if let Some(inputs) = &sweep.inputs {
                self.apply_to_adapter(adapter, &sweep.batch, inputs);
            }
        } else {
            self.sweep = Some(sweep);
        }
        loss * parts as f64
    }

    /// One block of labels: its part of the loss, and derivatives where they can be known.
    fn block(&self, sweep: &mut Sweep, part: usize, blocks: usize) -> (f64, Option<Gradient>) {
        let first = part % blocks * LABELS_AT_ONCE;
        let last = (first + LABELS_AT_ONCE).min(self.labels.len());
        let shortlist = sweep.batch.shortlist(self, (first as u32..last as u32).collect());
        let mut scores = self.scores(&sweep.batch, &shortlist);
        let mut loss = 0.0;
        match self.options.loss {
            ClassifierLoss::Triplet(triplet) => {
                sweep.nominate(&scores, &shortlist, triplet.negatives);
                return (0.0, None);
            }
            ClassifierLoss::CrossEntropy => {
                self.to_logits(&mut scores, &shortlist);
                let weights = sweep.batch.weights.as_deref();
                loss = binary_cross_entropy(&mut scores, &shortlist.targets, weights);
            }
            ClassifierLoss::Softmax => {
                self.to_logits(&mut scores, &shortlist);
                if part < blocks {
                    sweep.weigh(&scores, &shortlist);
                    return (0.0, None);
                }
                if part == blocks {
                    sweep.terms = self.terms(sweep);
                    loss = sweep.terms.iter().map(|terms| terms.loss).sum();
                }
                sweep.differentiate(&mut scores, &shortlist);
            }
        }
        let gradient = self.dense_gradient(&sweep.batch, &shortlist, scores);
        if let (Some(sum), Some(inputs)) = (&mut sweep.inputs, &gradient.inputs) {
            sum.iter_mut().zip(inputs).for_each(|(sum, value)| *sum += value);
        }
        (loss, Some(gradient))
    }

    /// The softmax of every document, from what the first sweep saw.
    fn terms(&self, sweep: &Sweep) -> Vec<SoftmaxTerms> {
        let documents = &sweep.batch.documents;
        let term = |(row, (mass, scores)): (usize, &(Mass, Vec<f32>))| {
            let weight = sweep.batch.weights.as_ref().map_or(1.0, |weights| weights[row]);
            let targets = self.pairs.targets.row(documents[row] as usize).1;
            SoftmaxTerms::new(*mass, scores, targets, weight / documents.len() as f32)
        };
        sweep.masses.iter().enumerate().map(term).collect()
    }
}
