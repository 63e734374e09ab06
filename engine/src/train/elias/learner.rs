//! The training of a graph, step by step.

use rayon::prelude::*;

use super::adjacency::check_targets;
use super::edges::Edges;
use super::forward::{Reach, ScratchPool};
use super::gradient::{Gradients, Known, Scorer, gradients};
use super::options::{EliasOptions, EliasParameters, EliasStage, TrainedElias};
use crate::kernel::first_non_finite;
use crate::train::{AdamW, Csr, Learner, Pairs, Parameters, Points, TrainError, linear_schedule};

/// One stage of ELIAS over documents whose embeddings stay as they are.
///
/// A step costs O(batch * (C D + beam * kappa + K D)), whatever L is; memory is 12 bytes for each number of
/// W_C, W_L and theta, and the gradients of one batch. Documents without labels take no part.
#[derive(Debug)]
pub struct EliasLearner<'a> {
    options: EliasOptions,
    documents: Points,
    pairs: &'a Pairs,
    /// Documents that have labels and count.
    rows: Vec<u32>,
    /// The same in the order of an epoch.
    order: Vec<u32>,
    parents: Vec<u32>,
    weights: Parameters,
    biases: Parameters,
    classifier: Parameters,
    classifier_biases: Parameters,
    edges: Edges,
    pool: ScratchPool,
}

impl<'a> EliasLearner<'a> {
    /// A training that starts from `parameters`. The shortlist loss and teacher forcing take every target as
    /// a positive. Documents of weight 0 take no part.
    ///
    /// # Errors
    /// [`TrainError::Input`] where the parts do not fit together or an option is out of its range.
    pub fn new(
        options: EliasOptions,
        documents: Points,
        pairs: &'a Pairs,
        parameters: EliasParameters,
    ) -> Result<Self, TrainError> {
        options.check()?;
        parameters.check(documents.dimension())?;
        check_targets(&documents, &pairs.targets)?;
        pairs.check(documents.len(), pairs.targets.width)?;
        let EliasParameters { weights, biases, adjacency, classifier, classifier_biases } = parameters;
        if adjacency.width != pairs.targets.width {
            let (graph, targets) = (adjacency.width, pairs.targets.width);
            return Err(TrainError::Input(format!(
                "the graph has {graph} labels, the targets have {targets}"
            )));
        }
        check_edges(&options, &adjacency)?;
        let arrays = [("W_C", &weights), ("b_C", &biases), ("W_L", &classifier), ("b_L", &classifier_biases)];
        for (name, values) in arrays {
            if let Some(at) = first_non_finite(values) {
                let value = values[at];
                return Err(TrainError::Input(format!(
                    "number {at} of {name} is {value}; give finite numbers"
                )));
            }
        }
        let counts = |row: &u32| pairs.weight(*row) > 0.0 && !pairs.targets.row(*row as usize).0.is_empty();
        let rows: Vec<u32> = (0..documents.len() as u32).filter(counts).collect();
        if rows.is_empty() {
            return Err(TrainError::Input("no document has a label; there is nothing to learn from".into()));
        }
        let (dimension, clusters) = (documents.dimension(), biases.len());
        let edges = Edges::new(adjacency, options.stage, options.start, options.beta, options.seed);
        Ok(EliasLearner {
            documents,
            pairs,
            order: rows.clone(),
            rows,
            parents: Vec::new(),
            weights: Parameters::new(weights, dimension),
            biases: Parameters::new(biases, clusters),
            classifier: Parameters::new(classifier, dimension),
            classifier_biases: Parameters::new(classifier_biases, 1),
            edges,
            pool: ScratchPool::default(),
            options,
        })
    }

    /// What was learned.
    pub fn finish(self) -> TrainedElias {
        TrainedElias {
            dimension: self.documents.dimension(),
            alpha: self.options.alpha,
            beta: self.options.beta,
            weights: self.weights.values,
            biases: self.biases.values,
            adjacency: self.edges.finish(),
            classifier: self.classifier.values,
            classifier_biases: self.classifier_biases.values,
        }
    }

    /// The documents of a step.
    fn batch(&self, step: usize) -> &[u32] {
        let start = step * self.options.batch;
        &self.order[start..(start + self.options.batch).min(self.order.len())]
    }

    /// The embeddings of a batch with dropout, which depends on the seed, the epoch and the document.
    fn embeddings(&self, epoch: usize, batch: &[u32]) -> Vec<f32> {
        let (dimension, dropout) = (self.documents.dimension(), self.options.dropout);
        let seed = epoch_seed(self.options.seed, epoch);
        let mut phi = vec![0.0f32; batch.len() * dimension];
        phi.par_chunks_mut(dimension).zip(batch).with_min_len(16).for_each(|(out, document)| {
            out.copy_from_slice(self.documents.row(*document as usize));
            if dropout > 0.0 {
                let salt = (u64::from(*document) + 1).wrapping_mul(0xD1B5_4A32_D192_ED03);
                let mut rng = fastrand::Rng::with_seed(seed ^ salt);
                let scale = 1.0 / (1.0 - dropout);
                out.iter_mut().for_each(|value| *value *= if rng.f32() < dropout { 0.0 } else { scale });
            }
        });
        phi
    }

    /// Loss and derivatives of a batch.
    fn gradients(&self, batch: &[u32], phi: &[f32]) -> Gradients {
        let options = &self.options;
        let document_weights = self.pairs.weights_of(batch);
        let known = |at: usize| Known {
            targets: self.pairs.targets.row(batch[at] as usize),
            excluded: self.pairs.excluded(batch[at]),
        };
        let scorer = Scorer {
            weights: &self.weights.values,
            biases: &self.biases.values,
            classifier: &self.classifier.values,
            classifier_biases: &self.classifier_biases.values,
            reach: Reach {
                edges: &self.edges,
                log_alpha: options.alpha.ln() as f32,
                beam: options.beam,
                limit: options.shortlist,
                parents: options.teacher_forcing.then_some(&self.parents),
            },
            shortlist_loss: options.shortlist_loss,
            gradient_floor: options.gradient_floor.into(),
            document_weights: document_weights.as_deref(),
        };
        gradients(&scorer, phi, &known, &self.pool)
    }

    /// Steps of an epoch.
    fn steps(&self) -> usize {
        self.rows.len().div_ceil(self.options.batch)
    }
}

impl Learner for EliasLearner<'_> {
    fn epochs(&self) -> usize {
        self.options.epochs
    }

    fn begin(&mut self, epoch: usize, cancelled: &(dyn Fn() -> bool + Sync)) -> Result<usize, TrainError> {
        if cancelled() {
            return Err(TrainError::Cancelled);
        }
        // A restored theta has not been looked at yet.
        self.edges.refresh();
        self.parents = self.edges.parents();
        self.order.clone_from(&self.rows);
        fastrand::Rng::with_seed(epoch_seed(self.options.seed, epoch)).shuffle(&mut self.order);
        Ok(self.steps())
    }

    fn step(&mut self, epoch: usize, step: usize) -> f64 {
        let (per_epoch, batch) = (self.steps(), self.batch(step));
        let phi = self.embeddings(epoch, batch);
        let mut found = self.gradients(batch, &phi);
        let (at, all) = (epoch * per_epoch + step, self.options.epochs * per_epoch);
        let warmup = (self.options.warmup * all as f32) as usize;
        let adam = |lr: f32, weight_decay: f32| AdamW {
            weight_decay,
            ..AdamW::new(linear_schedule(lr, at, all, warmup))
        };
        let (lr, lr_classifier) = (self.options.lr, self.options.lr_classifier);
        let decay = self.options.weight_decay;
        self.weights.step_all(adam(lr, decay), &found.weights);
        self.biases.step_all(adam(lr, 0.0), &found.biases);
        let row = |at: usize, out: &mut [f32]| found.classifier_row(at, &phi, out);
        self.classifier.step_rows(adam(lr_classifier, decay), &found.labels, None, &row);
        self.classifier_biases.step(adam(lr_classifier, 0.0), &found.labels, &found.classifier_biases, None);
        self.edges.step(adam(lr, decay), &mut found.edges);
        found.loss
    }

    fn complete_after(&self, _: usize) -> bool {
        true
    }

    fn state(&mut self) -> Vec<(&'static str, &mut Vec<f32>)> {
        let mut state = Vec::new();
        let names = [
            ["W_C", "W_C first moment", "W_C second moment", "W_C steps"],
            ["b_C", "b_C first moment", "b_C second moment", "b_C steps"],
            ["W_L", "W_L first moment", "W_L second moment", "W_L steps"],
            ["b_L", "b_L first moment", "b_L second moment", "b_L steps"],
            ["theta", "theta first moment", "theta second moment", "theta steps"],
        ];
        let parts = [
            Some(self.weights.state()),
            Some(self.biases.state()),
            Some(self.classifier.state()),
            Some(self.classifier_biases.state()),
            self.edges.state(),
        ];
        for (names, part) in names.into_iter().zip(parts) {
            state.extend(part.into_iter().flat_map(|part| names.into_iter().zip(part)));
        }
        state
    }
}

/// The seed of what is random in an epoch.
fn epoch_seed(seed: u64, epoch: usize) -> u64 {
    seed ^ (epoch as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// Checks the pattern of edges and the values that the stage takes.
fn check_edges(options: &EliasOptions, adjacency: &Csr) -> Result<(), TrainError> {
    let (entries, max) = (adjacency.entries(), u32::MAX as usize);
    if entries == 0 || entries > max {
        return Err(TrainError::Input(format!(
            "a graph of {entries} edges cannot be trained; give 1 to {max}"
        )));
    }
    for cluster in 0..adjacency.rows() {
        let (labels, _) = adjacency.row(cluster);
        let last = labels.last().map_or(0, |label| *label as usize);
        if !labels.is_sorted_by(|a, b| a < b) || last >= adjacency.width {
            let width = adjacency.width;
            return Err(TrainError::Input(format!(
                "the labels of cluster {cluster} must rise and be less than {width}"
            )));
        }
    }
    let greatest = if options.stage == EliasStage::Partition { 1.0 } else { f32::MAX };
    match adjacency.values.iter().position(|value| !(0.0..=greatest).contains(value)) {
        Some(at) => Err(TrainError::Input(format!(
            "edge {at} has the value {}; give 0 to {greatest}",
            adjacency.values[at]
        ))),
        None => Ok(()),
    }
}
