//! The training of classifier rows.

use std::sync::Arc;

use super::batch::Batch;
use super::options::{ClassifierLoss, ClassifierOptions, Link, Negatives};
use super::sweep::Sweep;
use crate::kernel::first_non_finite;
use crate::train::batches::DocumentBatches;
use crate::train::calibrate::{Calibration, calibrate};
use crate::train::control::{BuildControl, TrainError};
use crate::train::csr::Csr;
use crate::train::learner::Learner;
use crate::train::neighbors::{NeighborOptions, Neighbors};
use crate::train::optimizer::{AdamW, Parameters, linear_schedule};
use crate::train::pairs::Pairs;
use crate::train::parts::Points;
use crate::train::points::Vectors;
use crate::train::products::row_products;

/// Points searched for near rows at once.
const POINTS_AT_ONCE: usize = 65_536;
/// Neighbours asked for beyond the hard negatives, since a document's own labels are among them.
const OWN_LABELS: usize = 32;
/// The scale of first logits is at least this: similarities that say nothing must still move.
const SCALE_MIN: f32 = 1.0;

/// Trains one row for each label, from its embedding on.
///
/// With x a document, A the adapter and w, b a label's row and bias, the similarity is `w . (x + x A)`, or
/// the cosine of w and x. Triplets compare similarities; the other losses take
/// `scale * (similarity + b)` as logit, where `scale` is fixed and `b` starts at `offset / scale`, so that
/// rows and biases move on the scale of unit vectors whatever the loss.
pub struct ClassifierLearner {
    pub(super) options: ClassifierOptions,
    pub(super) points: Points,
    pub(super) labels: Arc<Vectors>,
    pub(super) pairs: Pairs,
    pub(super) start: Calibration,
    pub(super) rows: Parameters,
    pub(super) biases: Option<Parameters>,
    pub(super) adapter: Option<Parameters>,
    pub(super) batches: DocumentBatches,
    pub(super) batches_an_epoch: usize,
    /// Columns of a row are a document's hard negatives.
    pub(super) hard: Option<Csr>,
    /// The batch whose labels are being swept.
    pub(super) sweep: Option<Sweep>,
}

impl ClassifierLearner {
    /// Prepares a training. `points` and `labels` are normalised. Points without labels and points of weight
    /// 0 take no part.
    ///
    /// # Errors
    /// [`TrainError::Input`] with shapes, values or options that do not fit, [`TrainError::NotFinite`], and
    /// [`TrainError::Cancelled`] while the first logits are calibrated.
    pub fn new(
        control: &BuildControl<'_>,
        points: Points,
        labels: Arc<Vectors>,
        pairs: Pairs,
        options: ClassifierOptions,
    ) -> Result<ClassifierLearner, TrainError> {
        options.check()?;
        check_input(&points, &labels, &pairs)?;
        let takes_part =
            |row: &u32| pairs.weight(*row) > 0.0 && !pairs.targets.row(*row as usize).0.is_empty();
        let documents: Vec<u32> = (0..points.len() as u32).filter(takes_part).collect();
        if documents.is_empty() {
            return Err(TrainError::Input("no training point has a label; check the pairs".into()));
        }
        let start = match (options.loss, options.start) {
            (ClassifierLoss::Triplet(_), _) => Calibration { scale: 1.0, offset: 0.0 },
            (_, Some(start)) => start,
            (_, None) => {
                let found = calibrate(control, &points, &labels, &pairs, options.seed)?;
                Calibration { scale: found.scale.max(SCALE_MIN), ..found }
            }
        };
        let dimension = points.dimension();
        let biases = vec![start.offset / start.scale; labels.len()];
        let rows = Parameters::new(labels.values().to_vec(), dimension);
        let adapter = Parameters::new(vec![0.0; dimension * dimension], dimension);
        let size = options.batch.size;
        Ok(ClassifierLearner {
            batches_an_epoch: documents.len().div_ceil(size),
            batches: DocumentBatches::new(options.batch.clone(), documents),
            rows,
            biases: options.bias.then(|| Parameters::new(biases, 1)),
            adapter: options.adapter.then_some(adapter),
            start,
            options,
            points,
            labels,
            pairs,
            hard: None,
            sweep: None,
        })
    }

    /// Scale and offset of the first logits.
    pub fn start(&self) -> Calibration {
        self.start
    }

    /// Rows in the form that documents are multiplied with, `[labels, dimension]`, without the scale.
    pub(super) fn folded_rows(&self) -> Vec<f32> {
        let dimension = self.rows.width();
        let mut rows = self.rows.values.clone();
        if let Some(adapter) = &self.adapter {
            let moved = row_products(&self.rows.values, &adapter.values, dimension);
            rows.iter_mut().zip(moved).for_each(|(row, moved)| *row += moved);
        }
        if self.options.link == Link::Cosine {
            // A row of zeros stays.
            rows.chunks_mut(dimension).for_each(|row| {
                let _ = crate::kernel::normalize(row);
            });
        }
        rows
    }

    /// Steps of AdamW for a batch, of rows and of the adapter.
    pub(super) fn optimizers(&self, epoch: usize, batch: usize) -> (AdamW, AdamW) {
        let all = self.options.epochs * self.batches_an_epoch;
        let warmup = (all as f32 * self.options.warmup) as usize;
        let at = epoch * self.batches_an_epoch + batch;
        let adam = |lr: f32| AdamW {
            weight_decay: self.options.weight_decay,
            ..AdamW::new(linear_schedule(lr, at, all, warmup))
        };
        (adam(self.options.lr), adam(self.options.adapter_lr))
    }

    /// Searches the nearest rows of every point again.
    fn refresh(&mut self, cancelled: &(dyn Fn() -> bool + Sync)) -> Result<(), TrainError> {
        let control = BuildControl { cancelled, progress: &|_, _| {}, threads: 1 };
        let dimension = self.points.dimension();
        let mut rows = self.folded_rows();
        if let Some(biases) = &self.biases {
            // The bias is a number more of the row, for documents that end in 1.
            let with_bias = rows.chunks(dimension).zip(&biases.values);
            rows = with_bias.flat_map(|(row, bias)| row.iter().chain([bias]).copied()).collect();
        }
        let width = dimension + usize::from(self.biases.is_some());
        let options = NeighborOptions {
            k: self.options.hard_negatives + OWN_LABELS,
            seed: self.options.seed,
            ..NeighborOptions::default()
        };
        let index = Neighbors::new(&control, &rows, width, options)?;
        let mut hard = Csr::new(self.labels.len());
        for part in self.points.parts() {
            for points in part.values().chunks(POINTS_AT_ONCE * dimension) {
                let mut extended = Vec::new();
                if self.biases.is_some() {
                    extended =
                        points.chunks(dimension).flat_map(|x| x.iter().copied().chain([1.0])).collect();
                }
                let queries = if extended.is_empty() { points } else { &extended };
                for found in index.search(&control, queries)? {
                    let own = self.pairs.targets.row(hard.rows()).0;
                    let excluded = self.pairs.excluded(hard.rows() as u32);
                    let mut others = found;
                    others.retain(|(label, _)| {
                        own.binary_search(label).is_err() && excluded.binary_search(label).is_err()
                    });
                    others.truncate(self.options.hard_negatives);
                    hard.push(&mut others);
                }
            }
        }
        self.hard = Some(hard);
        Ok(())
    }

    /// Whether hard negatives are used at all.
    fn has_hard(&self) -> bool {
        self.options.hard_negatives > 0 && self.options.negatives == Negatives::Batch
    }

    /// Whether an epoch begins with a search.
    fn refreshes_at(&self, epoch: usize) -> bool {
        self.has_hard() && epoch.is_multiple_of(self.options.refresh.max(1))
    }

    /// One step on the labels of a batch and those drawn for it.
    fn step_on_batch(&mut self, epoch: usize, step: usize) -> f64 {
        let batch = Batch::new(self, epoch, step);
        let shortlist = batch.shortlist(self, batch.drawn_labels(self, epoch, step));
        let (loss, gradient) = self.gradient(&batch, &shortlist);
        let (adam, adapter) = self.optimizers(epoch, step);
        self.apply(adam, &gradient);
        if let Some(inputs) = &gradient.inputs {
            self.apply_to_adapter(adapter, &batch, inputs);
        }
        loss
    }
}

impl Learner for ClassifierLearner {
    fn epochs(&self) -> usize {
        self.options.epochs
    }

    fn begin(&mut self, epoch: usize, cancelled: &(dyn Fn() -> bool + Sync)) -> Result<usize, TrainError> {
        self.sweep = None;
        let vectors = if self.batches.needs_vectors(epoch) {
            self.points.joined()
        } else {
            Arc::new(Vectors::new(self.points.dimension(), Vec::new()))
        };
        let batches = self.batches.begin(epoch, &vectors, cancelled)?;
        if self.refreshes_at(epoch) {
            self.refresh(cancelled)?;
        }
        Ok(batches * self.parts_of_batch())
    }

    fn step(&mut self, epoch: usize, step: usize) -> f64 {
        match self.options.negatives {
            Negatives::Batch => self.step_on_batch(epoch, step),
            Negatives::All => {
                let parts = self.parts_of_batch();
                self.step_on_all(epoch, step / parts, step % parts)
            }
        }
    }

    fn complete_after(&self, epoch: usize) -> bool {
        !self.has_hard() || self.refreshes_at(epoch + 1)
    }

    fn state(&mut self) -> Vec<(&'static str, &mut Vec<f32>)> {
        let [values, first, second, steps] = self.rows.state();
        let mut state =
            vec![("rows", values), ("rows.first", first), ("rows.second", second), ("rows.steps", steps)];
        if let Some(biases) = &mut self.biases {
            let [values, first, second, steps] = biases.state();
            state.extend([("biases", values), ("biases.first", first)]);
            state.extend([("biases.second", second), ("biases.steps", steps)]);
        }
        if let Some(adapter) = &mut self.adapter {
            let [values, first, second, steps] = adapter.state();
            state.extend([("adapter", values), ("adapter.first", first)]);
            state.extend([("adapter.second", second), ("adapter.steps", steps)]);
        }
        state
    }
}

/// Refuses input whose shapes or values do not fit.
fn check_input(points: &Points, labels: &Vectors, pairs: &Pairs) -> Result<(), TrainError> {
    let dimension = points.dimension();
    if labels.dimension() != dimension {
        let of_labels = labels.dimension();
        return Err(TrainError::Input(format!(
            "points have {dimension} numbers and labels {of_labels}; encode them alike"
        )));
    }
    pairs.check(points.len(), labels.len())?;
    for values in points.parts().iter().map(|part| part.values()).chain([labels.values()]) {
        if let Some(at) = first_non_finite(values) {
            let (row, position) = (at / dimension, at % dimension);
            return Err(TrainError::NotFinite { row, position, value: values[at] });
        }
    }
    Ok(())
}
