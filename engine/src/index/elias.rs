//! The ELIAS cluster graph (Gupta et al., NeurIPS 2022; retrieval.md, sections 1 and 2): probe the clusters,
//! walk their edges, keep the best labels.
//!
//! `s_c = clamp(alpha * softmax_c(W_C phi + b_C), 0, 1)`; the best `beam` clusters; `s_l = max_c s_c * a_cl`
//! over them; the best `limit` labels. With A a 0/1 partition this is a partition tree of two levels.
//! Everything that decides an order is computed in f64 from the stored f32, so a graph read from a generation
//! and one read from the store answer alike.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::error::IndexError;
use super::search::{SearchControl, check_queries};
use crate::kernel::{dot_exact, softmax};

/// The weight of a new label's edge into a cluster that has no edge to learn from.
pub const ROW_WEIGHT_EMPTY: f32 = 1.0;

/// Labels that a cluster has of its own, in the middle.
const OWN_LABELS: usize = 64;

/// Edges of labels that came after the graph was built: for each cluster the slots and their weights.
pub type EdgeMap = BTreeMap<u32, Vec<(u32, f32)>>;

/// The arrays of a graph do not fit together.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ViewError {
    /// An array has another length than the others ask for.
    #[error("{what}: {found} numbers where {expected} belong")]
    Length {
        /// Which array.
        what: &'static str,
        /// Its length by the others.
        expected: usize,
        /// Its length.
        found: usize,
    },
    /// The offsets fall.
    #[error("the edges of cluster {cluster} end before they begin")]
    Offsets {
        /// The cluster.
        cluster: usize,
    },
    /// The slots of a row do not rise, or reach the end.
    #[error("the edges of cluster {cluster} do not rise to their end")]
    Slots {
        /// The cluster.
        cluster: usize,
    },
    /// A number is not finite, or a weight is outside 0 to 1, or alpha is not positive.
    #[error("{what}: number {position} is {value}, which is not allowed")]
    Value {
        /// Which array.
        what: &'static str,
        /// Its place.
        position: usize,
        /// What stands there.
        value: f64,
    },
}

/// A graph, wherever its arrays lie.
#[derive(Clone, Copy, Debug)]
pub struct EliasView<'a> {
    pub(super) dimension: usize,
    pub(super) alpha: f64,
    pub(super) weights: &'a [f32],
    pub(super) biases: &'a [f32],
    pub(super) offsets: &'a [u64],
    pub(super) slots: &'a [u32],
    pub(super) values: &'a [f32],
}

/// A cluster and its probe score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClusterScore {
    /// Number of the cluster.
    pub cluster: u32,
    /// `s_c`, 0 to 1.
    pub score: f64,
}

/// A label that was reached.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PathCandidate {
    /// The label.
    pub slot: u32,
    /// The cluster of its best path; of equal paths the one with the smaller number.
    pub cluster: u32,
    /// The probe score of that cluster.
    pub probe: f64,
    /// The path score `s_l = s_c * a_cl`.
    pub path: f64,
}

/// What to look for in a graph.
#[derive(Clone, Copy)]
pub struct PathSearch<'a> {
    /// How many clusters to walk from.
    pub beam: usize,
    /// How many labels to keep.
    pub limit: usize,
    /// The slots that may be reached; `None` for all.
    pub filter: Option<&'a RoaringBitmap>,
    /// Edges of labels that came after the graph was built.
    pub extra: &'a EdgeMap,
    /// The order of slots with equal scores: by their primary keys.
    pub tie: &'a (dyn Fn(u32, u32) -> Ordering + Sync),
}

impl<'a> EliasView<'a> {
    /// Checks the lengths of the arrays, in O(clusters).
    pub(super) fn checked(self) -> Result<Self, ViewError> {
        let clusters = self.biases.len();
        let length = |what, expected: usize, found: usize| {
            if expected == found { Ok(()) } else { Err(ViewError::Length { what, expected, found }) }
        };
        let weights = clusters.saturating_mul(self.dimension);
        length("weights", weights, self.weights.len())?;
        length("offsets", clusters + 1, self.offsets.len())?;
        length("values", self.slots.len(), self.values.len())?;
        if let Some(cluster) = self.offsets.windows(2).position(|pair| pair[0] > pair[1]) {
            return Err(ViewError::Offsets { cluster });
        }
        let first = self.offsets.first().copied().unwrap_or(1) as usize;
        length("edges before the first cluster", 0, first)?;
        length("edges", self.offsets.last().copied().unwrap_or(0) as usize, self.slots.len())?;
        if self.alpha.is_finite() && self.alpha > 0.0 {
            Ok(self)
        } else {
            Err(ViewError::Value { what: "alpha", position: 0, value: self.alpha })
        }
    }

    /// Checks the numbers: finite, weights of edges within 0 to 1, slots of a cluster ascending and under
    /// `slot_end`.
    pub(super) fn check_numbers(&self, slot_end: u32) -> Result<(), ViewError> {
        let finite = |what, values: &[f32]| match values.iter().position(|value| !value.is_finite()) {
            Some(position) => Err(ViewError::Value { what, position, value: values[position].into() }),
            None => Ok(()),
        };
        finite("weights", self.weights)?;
        finite("biases", self.biases)?;
        if let Some(position) = self.values.iter().position(|value| !(0.0..=1.0).contains(value)) {
            return Err(ViewError::Value { what: "values", position, value: self.values[position].into() });
        }
        for cluster in 0..self.clusters() {
            let (slots, _) = self.row(cluster as u32);
            if !slots.is_sorted_by(|a, b| a < b) || slots.last().is_some_and(|last| *last >= slot_end) {
                return Err(ViewError::Slots { cluster });
            }
        }
        Ok(())
    }

    /// W_C, `[C, D]`.
    pub fn weights(&self) -> &'a [f32] {
        self.weights
    }

    /// b_C, `[C]`.
    pub fn biases(&self) -> &'a [f32] {
        self.biases
    }

    /// Numbers in a query.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Number of clusters, C.
    pub fn clusters(&self) -> usize {
        self.biases.len()
    }

    /// Number of edges.
    pub fn edges(&self) -> usize {
        self.slots.len()
    }

    /// Slots and weights of one cluster's edges, slots ascending.
    ///
    /// # Panics
    /// If there is no such cluster.
    pub fn row(&self, cluster: u32) -> (&'a [u32], &'a [f32]) {
        let cluster = cluster as usize;
        let edges = self.offsets[cluster] as usize..self.offsets[cluster + 1] as usize;
        (&self.slots[edges.clone()], &self.values[edges])
    }

    /// The best `beam` clusters for one query, best first; of equal scores the smaller number comes first.
    ///
    /// # Panics
    /// If the query has another dimension.
    pub fn probe(&self, query: &[f32], beam: usize) -> Vec<ClusterScore> {
        let rows = self.weights.chunks_exact(self.dimension).zip(self.biases);
        let mut scores: Vec<f64> = rows.map(|(row, bias)| dot_exact(row, query) + f64::from(*bias)).collect();
        softmax(&mut scores);
        let mut beam_scores: Vec<ClusterScore> = (0..)
            .zip(&scores)
            .map(|(cluster, share)| ClusterScore { cluster, score: (self.alpha * share).clamp(0.0, 1.0) })
            .collect();
        let order =
            |a: &ClusterScore, b: &ClusterScore| b.score.total_cmp(&a.score).then(a.cluster.cmp(&b.cluster));
        if (1..beam_scores.len()).contains(&beam) {
            beam_scores.select_nth_unstable_by(beam - 1, order);
        }
        beam_scores.truncate(beam);
        beam_scores.sort_unstable_by(order);
        beam_scores
    }

    /// The best labels behind the given clusters, best first, and the number of edges walked.
    pub fn paths(&self, beam: &[ClusterScore], search: &PathSearch<'_>) -> (Vec<PathCandidate>, u64) {
        let extra = |cluster: u32| search.extra.get(&cluster).map_or(&[][..], Vec::as_slice);
        let edges: usize =
            beam.iter().map(|probed| self.row(probed.cluster).0.len() + extra(probed.cluster).len()).sum();
        let mut reached = Reached::new(edges);
        for &ClusterScore { cluster, score } in beam {
            let (slots, values) = self.row(cluster);
            let stored = slots.iter().copied().zip(values.iter().copied());
            for (slot, value) in stored.chain(extra(cluster).iter().copied()) {
                if search.filter.is_none_or(|filter| filter.contains(slot)) {
                    let path = score * f64::from(value);
                    reached.offer(PathCandidate { slot, cluster, probe: score, path });
                }
            }
        }
        let mut found = reached.candidates;
        let order = |a: &PathCandidate, b: &PathCandidate| {
            b.path.total_cmp(&a.path).then_with(|| (search.tie)(a.slot, b.slot))
        };
        if (1..found.len()).contains(&search.limit) {
            found.select_nth_unstable_by(search.limit - 1, order);
        }
        found.truncate(search.limit);
        found.sort_unstable_by(order);
        (found, edges as u64)
    }

    /// Probe and paths for each query of `queries` (`[n, dimension]`, row-major), on the current rayon pool.
    ///
    /// # Errors
    /// If `queries` are not whole vectors of finite numbers, or the caller cancels.
    pub fn search(
        &self,
        control: &SearchControl<'_>,
        queries: &[f32],
        search: &PathSearch<'_>,
    ) -> Result<Vec<(Vec<PathCandidate>, u64)>, IndexError> {
        check_queries(queries, self.dimension)?;
        let answer = |query: &[f32]| {
            control.check()?;
            Ok(self.paths(&self.probe(query, search.beam), search))
        };
        if queries.len() == self.dimension || control.threads <= 1 {
            return queries.chunks_exact(self.dimension).map(answer).collect();
        }
        queries.par_chunks(self.dimension).map(answer).collect()
    }

    /// The edges of a label inserted later (retrieval.md, section 3): its own vector is probed, and it joins
    /// its best `count` clusters with [`new_edge_weight`] of each. The stored edges keep their weights.
    ///
    /// # Panics
    /// If the vector has another dimension.
    pub fn edges_for(&self, vector: &[f32], count: usize) -> Vec<(u32, f32)> {
        let best = self.probe(vector, count);
        best.iter().map(|best| (best.cluster, new_edge_weight(self.row(best.cluster).1))).collect()
    }
}

/// The weight of a new label's edge into a cluster whose edges have these weights: the median of the 64
/// heaviest (the lower of two), or [`ROW_WEIGHT_EMPTY`] where there are none.
///
/// A cluster has 50 to 100 labels of its own. The rest of a trained row, up to kappa edges, are labels that
/// pass by with small weights, and no measure for a new one.
pub fn new_edge_weight(weights: &[f32]) -> f32 {
    let mut weights = weights.to_vec();
    weights.sort_unstable_by(|a, b| b.total_cmp(a));
    weights.truncate(OWN_LABELS);
    weights.get(weights.len() / 2).copied().unwrap_or(ROW_WEIGHT_EMPTY)
}

/// The labels reached so far, each once, found by slot through an open-addressed table.
struct Reached {
    /// Index into `candidates` plus one, or zero; a power of two at least twice the number of offers.
    table: Vec<u32>,
    candidates: Vec<PathCandidate>,
}

impl Reached {
    fn new(offers: usize) -> Self {
        let size = (offers * 2).max(16).next_power_of_two();
        Self { table: vec![0; size], candidates: Vec::new() }
    }

    /// Keeps the better path of a label; of equal ones that of the smaller cluster.
    fn offer(&mut self, candidate: PathCandidate) {
        let mask = self.table.len() - 1;
        // Fibonacci hashing: slots of one cluster are often neighbours, and this spreads them.
        let mut at = (u64::from(candidate.slot).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & mask;
        loop {
            match self.table[at] as usize {
                0 => {
                    self.candidates.push(candidate);
                    self.table[at] = self.candidates.len() as u32;
                    return;
                }
                held => {
                    let held = &mut self.candidates[held - 1];
                    if held.slot == candidate.slot {
                        let order = candidate.path.total_cmp(&held.path);
                        if order.then(held.cluster.cmp(&candidate.cluster)).is_gt() {
                            *held = candidate;
                        }
                        return;
                    }
                }
            }
            at = (at + 1) & mask;
        }
    }
}

#[cfg(test)]
#[path = "elias_tests.rs"]
mod tests;
