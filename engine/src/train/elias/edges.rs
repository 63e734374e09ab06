//! The weights of edges: `a_cl = clamp(beta * softmax over the stored entries of row c, 0, 1)`.

use rayon::prelude::*;

use super::beam::log_softmax;
use super::options::EliasStage;
use crate::train::{AdamW, Csr, Parameters};

/// How theta starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EdgeStart {
    /// Uniform in 0 to 1, as the authors do: only the pattern of the given edges is used.
    Random,
    /// `log` of the given values: the softmax is then each edge's share of its row's matches.
    Approximate,
    /// The given values are weights of a graph that was served: theta is such that it starts from them.
    Stored,
}

/// The least value whose logarithm theta starts from.
const VALUE_MIN: f32 = 1e-6;

/// Numbers of theta in one row of its `Parameters`. All entries take every step, as the authors' optimiser
/// has it, so rows only divide the work; the last one is filled with zeros.
const ROW: usize = 4_096;

/// Edges with weights that may be learned.
#[derive(Clone, Debug)]
pub(super) struct Edges {
    /// Where each cluster's edges begin.
    pub offsets: Vec<usize>,
    /// Their labels.
    pub columns: Vec<u32>,
    /// `log a`, at most 0.
    pub log_values: Vec<f32>,
    labels: usize,
    /// Where each label's part of `by_label` begins.
    label_offsets: Vec<usize>,
    /// Cluster and number of the edges, by label and then by cluster.
    by_label: Vec<(u32, u32)>,
    learned: Option<Learned>,
}

/// Theta and what follows from it.
#[derive(Clone, Debug)]
struct Learned {
    theta: Parameters,
    beta: f64,
    /// Softmax of theta over each row.
    shares: Vec<f32>,
}

impl Edges {
    /// Edges of a stage; `start` and `beta` belong to the second one.
    pub(super) fn new(adjacency: Csr, stage: EliasStage, start: EdgeStart, beta: f64, seed: u64) -> Edges {
        let learned = (stage == EliasStage::Adjacency).then(|| {
            let mut theta = first_logits(&adjacency, start, beta, seed);
            theta.resize(theta.len().max(1).next_multiple_of(ROW), 0.0);
            let shares = vec![0.0; adjacency.entries()];
            Learned { theta: Parameters::new(theta, ROW), beta, shares }
        });
        let (label_offsets, by_label) = by_label(&adjacency);
        let Csr { offsets, columns, values, width: labels } = adjacency;
        let log_values = values.iter().map(|value| value.ln()).collect();
        let mut edges = Edges { offsets, columns, log_values, labels, label_offsets, by_label, learned };
        edges.refresh();
        edges
    }

    /// Labels that edges may lead to.
    pub(super) fn labels(&self) -> usize {
        self.labels
    }

    /// Number of clusters.
    pub(super) fn clusters(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Cluster and number of each edge that leads to a label, clusters ascending.
    pub(super) fn of_label(&self, label: u32) -> &[(u32, u32)] {
        &self.by_label[self.label_offsets[label as usize]..self.label_offsets[label as usize + 1]]
    }

    /// Labels and `log a` of a cluster, and the number of its first edge.
    pub(super) fn row(&self, cluster: u32) -> (&[u32], &[f32], usize) {
        let range = self.offsets[cluster as usize]..self.offsets[cluster as usize + 1];
        (&self.columns[range.clone()], &self.log_values[range.clone()], range.start)
    }

    /// Computes the weights anew after theta has changed.
    pub(super) fn refresh(&mut self) {
        let Some(Learned { theta, beta, shares }) = &mut self.learned else { return };
        let log_beta = beta.ln() as f32;
        let rows = split(&mut self.log_values, &self.offsets);
        let rows: Vec<_> = rows.into_iter().zip(split(shares, &self.offsets)).zip(&self.offsets).collect();
        let theta = &theta.values;
        rows.into_par_iter().with_min_len(8).for_each(|((log_values, shares), start)| {
            let theta = &theta[*start..start + log_values.len()];
            let max = theta.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let mut sum = 0.0f64;
            for (share, theta) in shares.iter_mut().zip(theta) {
                *share = (theta - max).exp();
                sum += f64::from(*share);
            }
            let (scale, log_scale) = ((1.0 / sum) as f32, log_beta - max - sum.ln() as f32);
            shares.iter_mut().for_each(|share| *share *= scale);
            log_values.iter_mut().zip(theta).for_each(|(value, theta)| *value = (theta + log_scale).min(0.0));
        });
    }

    /// From derivatives by `log a` to derivatives by theta, in place ([`Edges::padded`] of them); `None`
    /// where edges are not learned.
    /// An edge whose weight was clamped passes nothing on.
    pub(super) fn backward(&self, gradients: &mut [f32]) -> Option<()> {
        let Learned { beta, shares, .. } = self.learned.as_ref()?;
        let beta = *beta as f32;
        let rows: Vec<_> = split(gradients, &self.offsets).into_iter().zip(&self.offsets).collect();
        rows.into_par_iter().with_min_len(8).for_each(|(gradients, start)| {
            if gradients.iter().all(|gradient| *gradient == 0.0) {
                return;
            }
            let shares = &shares[*start..start + gradients.len()];
            let mut sum = 0.0f64;
            for (gradient, share) in gradients.iter_mut().zip(shares) {
                if beta * share > 1.0 {
                    *gradient = 0.0;
                }
                sum += f64::from(*gradient);
            }
            for (gradient, share) in gradients.iter_mut().zip(shares) {
                *gradient -= share * sum as f32;
            }
        });
        Some(())
    }

    /// One step of theta.
    pub(super) fn step(&mut self, adam: AdamW, gradients: &mut [f32]) {
        if self.backward(gradients).is_none() {
            return;
        }
        if let Some(learned) = &mut self.learned {
            learned.theta.step_all(adam, gradients);
        }
        self.refresh();
    }

    /// Numbers of an array of derivatives by `log a`: the edges, and what fills the last row of theta.
    pub(super) fn padded(&self) -> usize {
        self.learned.as_ref().map_or(self.columns.len(), |learned| learned.theta.values.len())
    }

    /// What a checkpoint must keep.
    pub(super) fn state(&mut self) -> Option<[&mut Vec<f32>; 4]> {
        self.learned.as_mut().map(|learned| learned.theta.state())
    }

    /// The cluster with the greatest weight of each label, of equal ones the smaller; `u32::MAX` for a label
    /// without an edge.
    pub(super) fn parents(&self) -> Vec<u32> {
        let parent = |label: u32| {
            let mut best = (f32::NEG_INFINITY, u32::MAX);
            for (cluster, edge) in self.of_label(label) {
                let value = self.log_values[*edge as usize];
                if value > best.0 {
                    best = (value, *cluster);
                }
            }
            best.1
        };
        (0..self.labels as u32).into_par_iter().with_min_len(1024).map(parent).collect()
    }

    /// The edges with the weights that are served.
    pub(super) fn finish(self) -> Csr {
        let values = self.log_values.iter().map(|value| value.exp().min(1.0)).collect();
        Csr { offsets: self.offsets, columns: self.columns, values, width: self.labels }
    }
}

/// Cluster and number of each edge, by label, and where each label's begin.
fn by_label(adjacency: &Csr) -> (Vec<usize>, Vec<(u32, u32)>) {
    let mut offsets = vec![0usize; adjacency.width + 1];
    for label in &adjacency.columns {
        offsets[*label as usize + 1] += 1;
    }
    for label in 0..adjacency.width {
        offsets[label + 1] += offsets[label];
    }
    let mut next = offsets.clone();
    let mut edges = vec![(0, 0); adjacency.entries()];
    for cluster in 0..adjacency.rows() {
        for edge in adjacency.offsets[cluster]..adjacency.offsets[cluster + 1] {
            let at = &mut next[adjacency.columns[edge] as usize];
            edges[*at] = (cluster as u32, edge as u32);
            *at += 1;
        }
    }
    (offsets, edges)
}

/// The rows of an array as slices that can be written apart.
fn split<'a>(mut values: &'a mut [f32], offsets: &[usize]) -> Vec<&'a mut [f32]> {
    let mut rows = Vec::with_capacity(offsets.len());
    for pair in offsets.windows(2) {
        let (row, rest) = values.split_at_mut(pair[1] - pair[0]);
        rows.push(row);
        values = rest;
    }
    rows
}

/// Theta of every edge at the start.
fn first_logits(adjacency: &Csr, start: EdgeStart, beta: f64, seed: u64) -> Vec<f32> {
    match start {
        EdgeStart::Random => {
            let mut rng = fastrand::Rng::with_seed(seed ^ 0xE11A_5000_0000_0001);
            (0..adjacency.entries()).map(|_| rng.f32()).collect()
        }
        EdgeStart::Approximate => adjacency.values.iter().map(|value| value.max(VALUE_MIN).ln()).collect(),
        EdgeStart::Stored => {
            let rows = (0..adjacency.rows()).map(|row| logits_of_values(adjacency.row(row).1, beta));
            rows.flatten().collect()
        }
    }
}

/// `clamp(beta * softmax(theta), 0, 1)` of the edges of one cluster.
pub fn edge_values(theta: &[f32], beta: f64) -> Vec<f32> {
    let mut values = theta.to_vec();
    log_softmax(&mut values);
    values.iter().map(|value| ((beta * f64::from(*value).exp()) as f32).clamp(0.0, 1.0)).collect()
}

/// A theta whose [`edge_values`] are the given weights of one cluster's edges.
///
/// Weights under 1 say what share of the softmax an edge has; edges at 1 have what is left in equal parts.
/// Where what is left is too little for that, or nothing is at 1, no theta gives exactly these weights
/// (inserts and imports make such rows), and the one is taken whose weights have the same ratios.
pub fn logits_of_values(values: &[f32], beta: f64) -> Vec<f32> {
    let clamped = values.iter().filter(|value| **value >= 1.0).count();
    let below: f64 = values.iter().filter(|value| **value < 1.0).map(|value| f64::from(*value)).sum();
    let left = (1.0 - below / beta) / clamped.max(1) as f64;
    let exact = clamped > 0 && left * beta >= 1.0;
    let share = |value: f32| {
        if exact && value >= 1.0 { left } else { f64::from(value.max(VALUE_MIN)) / beta }
    };
    values.iter().map(|value| share(*value).ln() as f32).collect()
}
