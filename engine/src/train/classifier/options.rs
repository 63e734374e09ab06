//! What can be chosen about a classifier's training.

use crate::train::batches::BatchOptions;
use crate::train::calibrate::Calibration;
use crate::train::control::TrainError;
use crate::train::loss::Triplet;

/// How a row and a document make a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// The cosine of row and document (DEXA, NGAME).
    Cosine,
    /// The sigmoid of their product plus a bias (ELIAS, Renee).
    Sigmoid,
}

/// What is minimised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ClassifierLoss {
    /// Hinges between similarities; needs [`Link::Cosine`].
    Triplet(Triplet),
    /// Binary cross-entropy of the logits.
    CrossEntropy,
    /// Decoupled softmax of the logits.
    Softmax,
}

/// Which labels a document is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Negatives {
    /// The labels of the batch, and those drawn for it.
    Batch,
    /// Every label: one-vs-all, as Renee (MLSys 2023) does. A step is then one block of labels of a batch.
    All,
}

/// How classifiers are trained. The defaults are those of DEXA, module II.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassifierOptions {
    /// What is minimised.
    pub loss: ClassifierLoss,
    /// How rows and documents make scores.
    pub link: Link,
    /// Which labels a document is compared with.
    pub negatives: Negatives,
    /// Labels that come into the batch for each document because their current rows are nearest to it and are
    /// not its own; with [`Negatives::Batch`] only.
    pub hard_negatives: usize,
    /// Epochs after which the nearest rows are searched again.
    pub refresh: usize,
    /// Labels drawn at random for a batch; with [`Negatives::Batch`] only.
    pub sampled_negatives: usize,
    /// The most labels of a batch. Labels of its documents always stay; others go at random.
    pub batch_labels_max: usize,
    /// Passes over the training points.
    pub epochs: usize,
    /// Step size of rows and biases, which rises over the warm-up and then falls to zero.
    pub lr: f32,
    /// Share of all steps over which the step size rises, 0 to 1.
    pub warmup: f32,
    /// Batches: clusters of documents that are hard for one another.
    pub batch: BatchOptions,
    /// Share of a document's numbers that are zeroed, the others growing accordingly.
    pub dropout: f32,
    /// Decay of rows towards their label's embedding, and of the adapter towards the identity.
    pub weight_decay: f32,
    /// Whether every label learns a bias of its own; with [`Link::Sigmoid`] only. Without it all share the
    /// offset.
    pub bias: bool,
    /// Whether a residual map of documents is learned, `x + x A`; with [`Link::Sigmoid`] only.
    pub adapter: bool,
    /// Step size of the adapter.
    pub adapter_lr: f32,
    /// Scale and offset of the first logits `scale * (z . x) + offset`; calibrated on the training pairs when
    /// `None`. Triplets use neither.
    pub start: Option<Calibration>,
    /// Seed of dropout, samples and searches; batches have their own.
    pub seed: u64,
}

impl Default for ClassifierOptions {
    fn default() -> ClassifierOptions {
        ClassifierOptions {
            loss: ClassifierLoss::Triplet(Triplet::hardest()),
            link: Link::Cosine,
            negatives: Negatives::Batch,
            hard_negatives: 0,
            refresh: 5,
            sampled_negatives: 0,
            batch_labels_max: 16_384,
            epochs: 100,
            lr: 1e-3,
            warmup: 0.05,
            batch: BatchOptions { size: 2048, cluster_size: 32, doubling: vec![20], seed: 0 },
            dropout: 0.5,
            weight_decay: 0.0,
            bias: false,
            adapter: false,
            adapter_lr: 1e-4,
            start: None,
            seed: 0,
        }
    }
}

impl ClassifierOptions {
    /// Whether the options can be trained with.
    ///
    /// # Errors
    /// [`TrainError::Input`] that names the option.
    pub fn check(&self) -> Result<(), TrainError> {
        let fault = if self.batch.size == 0 {
            "a batch needs at least one document; raise batch size".into()
        } else if !(0.0..1.0).contains(&self.dropout) {
            format!("dropout is {}; give a share from 0 to less than 1", self.dropout)
        } else if !(0.0..=1.0).contains(&self.warmup) {
            format!("warmup is {}; give a share of all steps from 0 to 1", self.warmup)
        } else if let Some((name, value)) = self.rates().into_iter().find(|(_, v)| !v.is_finite() || *v < 0.0)
        {
            format!("{name} is {value}; give a finite number that is not negative")
        } else if self.link == Link::Cosine && self.adapter {
            "an adapter cannot be folded into rows of link cosine, which are normalised; use link sigmoid"
                .into()
        } else if self.link == Link::Cosine && self.bias {
            "rows of link cosine have no bias; use link sigmoid".into()
        } else if self.link == Link::Sigmoid && matches!(self.loss, ClassifierLoss::Triplet(_)) {
            "the triplet loss compares cosines; use link cosine, or another loss".into()
        } else if self.start.is_some_and(|start| !(start.scale > 0.0 && start.scale.is_finite())) {
            "the scale of the first logits must be a positive number".into()
        } else if self.start.is_some_and(|start| !start.offset.is_finite()) {
            "the offset of the first logits must be finite".into()
        } else {
            return Ok(());
        };
        Err(TrainError::Input(fault))
    }

    fn rates(&self) -> [(&'static str, f32); 3] {
        [("lr", self.lr), ("adapter_lr", self.adapter_lr), ("weight_decay", self.weight_decay)]
    }
}
