//! Scores of clusters for many documents, and the best clusters of one.

use rayon::prelude::*;

use crate::kernel::{Layout, multiply};

/// Documents of one product. Fixed, so that results do not depend on the threads.
pub(super) const DOCUMENTS_AT_ONCE: usize = 32;

/// `log softmax_c(W_C phi + b_C)` of the documents `phi`, `[n, D]`, as `[n, C]`, on the current pool.
pub(super) fn log_shares(phi: &[f32], weights: &[f32], biases: &[f32], dimension: usize) -> Vec<f32> {
    let clusters = biases.len();
    let mut out = vec![0.0f32; phi.len() / dimension * clusters];
    let blocks =
        phi.par_chunks(DOCUMENTS_AT_ONCE * dimension).zip(out.par_chunks_mut(DOCUMENTS_AT_ONCE * clusters));
    blocks.for_each(|(phi, out)| {
        let shape = (phi.len() / dimension, dimension, clusters);
        multiply(out, shape, (phi, Layout::Plain), (weights, Layout::Turned), false);
        for row in out.chunks_mut(clusters) {
            row.iter_mut().zip(biases).for_each(|(value, bias)| *value += bias);
            log_softmax(row);
        }
    });
    out
}

/// `x_i - log sum_j exp(x_j)` in place. The sum is taken in f64 and in order.
pub(super) fn log_softmax(values: &mut [f32]) {
    let max = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = values.iter().map(|value| f64::from((value - max).exp())).sum();
    let log_sum = max + sum.ln() as f32;
    values.iter_mut().for_each(|value| *value -= log_sum);
}

/// A cluster of a beam.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Probe {
    /// The cluster.
    pub cluster: u32,
    /// `log s_c`, at most 0.
    pub log_score: f32,
    /// Whether the clamp cut the score, so that its derivative is zero.
    pub clamped: bool,
}

impl Probe {
    /// `s_c = clamp(alpha * share, 0, 1)` in logarithms.
    pub(super) fn new(cluster: u32, log_share: f32, log_alpha: f32) -> Probe {
        let log_score = log_alpha + log_share;
        Probe { cluster, log_score: log_score.min(0.0), clamped: log_score > 0.0 }
    }

    /// Better scores first, then smaller numbers.
    fn order(&self, other: &Probe) -> std::cmp::Ordering {
        other.log_score.total_cmp(&self.log_score).then(self.cluster.cmp(&other.cluster))
    }
}

/// The best `beam` clusters by one document's shares, best first. `scratch` is overwritten.
pub(super) fn best_clusters(log_shares: &[f32], log_alpha: f32, beam: usize, scratch: &mut Vec<Probe>) {
    scratch.clear();
    scratch.extend((0..).zip(log_shares).map(|(cluster, share)| Probe::new(cluster, *share, log_alpha)));
    if (1..scratch.len()).contains(&beam) {
        scratch.select_nth_unstable_by(beam - 1, Probe::order);
    }
    scratch.truncate(beam);
    scratch.sort_unstable_by(Probe::order);
}

/// Clusters that teacher forcing may add to a beam.
pub(super) const FORCED_MAX: usize = 5;

/// Puts the `parents` in front of a beam: best first, each once, then the clusters of the beam that are not
/// among them, at most [`FORCED_MAX`] more than `beam` in all.
///
/// The authors draw from what is too much by chance; here the last ones fall out, so that a step depends on
/// its documents alone.
pub(super) fn force(best: &[Probe], mut parents: Vec<Probe>, beam: usize) -> Vec<Probe> {
    parents.sort_unstable_by(Probe::order);
    parents.dedup_by_key(|probe| probe.cluster);
    let forced = parents.len();
    for probe in best {
        if !parents[..forced].iter().any(|parent| parent.cluster == probe.cluster) {
            parents.push(*probe);
        }
    }
    parents.truncate(beam + FORCED_MAX);
    parents
}
