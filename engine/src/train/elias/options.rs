//! What a training of ELIAS takes and gives.

use super::edges::EdgeStart;
use crate::index::EliasArrays;
use crate::train::{Csr, TrainError};

/// What is learned besides W_C and the classifier rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EliasStage {
    /// Stage 1: edges keep the values they are given, usually the ones of a partition.
    Partition,
    /// Stage 2: the pattern of edges is given, their weights are learned.
    Adjacency,
}

/// How a training runs. The names are the paper's.
#[derive(Clone, Debug, PartialEq)]
pub struct EliasOptions {
    /// What is learned.
    pub stage: EliasStage,
    /// b, the clusters that a document is led through.
    pub beam: usize,
    /// K, the labels that a document's loss is taken over.
    pub shortlist: usize,
    /// Factor of the softmax over clusters.
    pub alpha: f64,
    /// Factor of the softmax over the edges of a cluster. In a row of fewer than `beta` edges of like weight
    /// all are clamped to 1, and learn nothing.
    pub beta: f64,
    /// Passes over the documents.
    pub epochs: usize,
    /// Step size of W_C, b_C and theta.
    pub lr: f32,
    /// Step size of the classifier rows and their biases.
    pub lr_classifier: f32,
    /// Documents of a step.
    pub batch: usize,
    /// Share of a document's numbers that a step does not see; the others are scaled up in turn.
    pub dropout: f32,
    /// Decoupled weight decay of everything but biases.
    pub weight_decay: f32,
    /// Share of the steps over which the step size rises.
    pub warmup: f32,
    /// lambda, the weight of the shortlist loss.
    pub shortlist_loss: f64,
    /// Whether the clusters of a document's own labels are put in front of its beam, and its own labels in
    /// front of its shortlist.
    pub teacher_forcing: bool,
    /// How theta starts.
    pub start: EdgeStart,
    /// A label's row takes no step for documents where the derivative of its slot's loss by its logit is less
    /// than this. See [`EliasOptions::new`].
    pub gradient_floor: f32,
    /// Seed of everything random.
    pub seed: u64,
}

impl EliasOptions {
    /// The paper's constants, except for what a frozen encoder and a processor ask for.
    ///
    /// - The shortlist has 500 labels: 2,000 took two and a half times as long and gave no better ranking.
    /// - A batch is small, so that a step over 100,000 labels stays under 100 ms on two cores.
    /// - The step size of W_C stays the first stage's in the second: the encoder does not move beside it.
    /// - Theta starts from the matches. On FOLDOC cross references (7,406 documents, 6,837 labels, 128
    ///   clusters, five epochs) the best 100 paths held 48 % of a document's labels from this start and 25 %
    ///   from a random one; rows that the softmax clamps to 1 give a random start nothing to learn from.
    /// - `gradient_floor` is ours: a step of AdamW does not shrink with its gradient, so that labels far
    ///   below a document would be pushed as hard by it as its neighbours, at the cost of an update each. A
    ///   slot that is wrong by less than one in ten thousand is left alone; 1e-3 gave the same ranking.
    pub fn new(stage: EliasStage) -> EliasOptions {
        EliasOptions {
            stage,
            beam: 20,
            shortlist: 500,
            alpha: 10.0,
            beta: 150.0,
            epochs: 10,
            lr: 5e-3,
            lr_classifier: 1e-2,
            batch: 64,
            dropout: 0.5,
            weight_decay: 0.01,
            warmup: 0.1,
            shortlist_loss: if stage == EliasStage::Partition { 0.01 } else { 0.05 },
            teacher_forcing: true,
            start: EdgeStart::Approximate,
            gradient_floor: 1e-4,
            seed: 0,
        }
    }

    /// Refuses what cannot be trained with, naming the option.
    pub(super) fn check(&self) -> Result<(), TrainError> {
        let refuse = |name: &str, value: f64, range: &str| {
            Err(TrainError::Input(format!("{name} is {value}; give {range}")))
        };
        for (name, value) in [("beam", self.beam), ("shortlist", self.shortlist), ("batch", self.batch)] {
            if value == 0 {
                return refuse(name, 0.0, "at least 1");
            }
        }
        for (name, value) in [("alpha", self.alpha), ("beta", self.beta)] {
            if !(value.is_finite() && value > 0.0) {
                return refuse(name, value, "a positive number");
            }
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return refuse("dropout", self.dropout.into(), "a share from 0 to under 1");
        }
        if !(0.0..=1.0).contains(&self.warmup) {
            return refuse("warmup", self.warmup.into(), "a share from 0 to 1");
        }
        let others = [
            ("lr", f64::from(self.lr)),
            ("lr_classifier", self.lr_classifier.into()),
            ("weight_decay", self.weight_decay.into()),
            ("shortlist_loss", self.shortlist_loss),
            ("gradient_floor", self.gradient_floor.into()),
        ];
        match others.into_iter().find(|(_, value)| !(value.is_finite() && *value >= 0.0)) {
            Some((name, value)) => refuse(name, value, "0 or a positive number"),
            None => Ok(()),
        }
    }
}

/// The numbers a training starts from.
#[derive(Clone, Debug, PartialEq)]
pub struct EliasParameters {
    /// W_C, `[C, D]`. Nothing is learned from a flat start: give centroids times `PARTITION_SCALE`, or what
    /// an earlier training gave.
    pub weights: Vec<f32>,
    /// b_C, `[C]`.
    pub biases: Vec<f32>,
    /// A, C x L. Its values are the edges' own in [`EliasStage::Partition`], else what [`EdgeStart`] says.
    pub adjacency: Csr,
    /// W_L, `[L, D]`.
    pub classifier: Vec<f32>,
    /// b_L, `[L]`.
    pub classifier_biases: Vec<f32>,
}

impl EliasParameters {
    /// Checks the lengths of all arrays by the dimension and the pattern of edges.
    pub(super) fn check(&self, dimension: usize) -> Result<(), TrainError> {
        let (clusters, labels) = (self.adjacency.rows(), self.adjacency.width);
        if clusters == 0 || labels == 0 {
            return Err(TrainError::Input(format!(
                "a graph of {clusters} clusters and {labels} labels cannot be trained; give one of each"
            )));
        }
        let lengths = [
            ("W_C", self.weights.len(), clusters * dimension),
            ("b_C", self.biases.len(), clusters),
            ("W_L", self.classifier.len(), labels * dimension),
            ("b_L", self.classifier_biases.len(), labels),
        ];
        for (name, found, expected) in lengths {
            if found != expected {
                return Err(TrainError::Input(format!(
                    "{name} has {found} numbers where {expected} belong: {clusters} clusters, {labels} \
                     labels, dimension {dimension}"
                )));
            }
        }
        Ok(())
    }
}

/// A trained graph and its classifier.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainedElias {
    /// Numbers in a row.
    pub dimension: usize,
    /// Factor of the softmax over clusters.
    pub alpha: f64,
    /// Factor of the softmax over a cluster's edges.
    pub beta: f64,
    /// W_C, `[C, D]`.
    pub weights: Vec<f32>,
    /// b_C, `[C]`.
    pub biases: Vec<f32>,
    /// A, C x L, with the values that are served: normalised and clamped to 0 to 1.
    pub adjacency: Csr,
    /// W_L, `[L, D]`.
    pub classifier: Vec<f32>,
    /// b_L, `[L]`.
    pub classifier_biases: Vec<f32>,
}

impl TrainedElias {
    /// The graph as it is served; `slots` has the slot of each label, ascending.
    ///
    /// # Errors
    /// [`TrainError::Slots`] if there is not one slot for each label, ascending.
    pub fn arrays(&self, slots: &[u32]) -> Result<EliasArrays, TrainError> {
        if slots.len() != self.adjacency.width || !slots.is_sorted_by(|a, b| a < b) {
            return Err(TrainError::Slots { slots: slots.len(), vectors: self.adjacency.width });
        }
        Ok(EliasArrays {
            dimension: self.dimension,
            alpha: self.alpha,
            beta: self.beta,
            weights: self.weights.clone(),
            biases: self.biases.clone(),
            offsets: self.adjacency.offsets.iter().map(|offset| *offset as u64).collect(),
            slots: self.adjacency.columns.iter().map(|label| slots[*label as usize]).collect(),
            values: self.adjacency.values.clone(),
        })
    }
}
