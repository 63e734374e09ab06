//! The ELIAS cluster graph (Gupta et al., NeurIPS 2022; retrieval.md, sections 1 and 2): probe the clusters,
//! walk their edges, keep the best labels.
//!
//! `s_c = clamp(alpha * softmax_c(W_C phi + b_C), 0, 1)`; the best `beam` clusters; `s_l = max_c s_c * a_cl`
//! over them; the best `limit` labels. With A a 0/1 partition this is a partition tree of two levels.
//! Everything that decides an order is computed in f64 from the stored f32, so a graph read from a generation
//! and one read from the store answer alike.
//!
//! A graph of many clusters is probed in two steps (`elias_coarse`).
//!
//! A generation has the edges of a cluster by falling weight. Then a path that is lighter than `limit` labels
//! reached by heavier ones ends the walk through its cluster: of 20,000 edges some 3,000 are looked at.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::elias_coarse::CoarseWeights;
use super::error::IndexError;
use super::search::{SearchControl, check_queries};
use crate::kernel::{floor_of_best, products_exact, softmax};

/// The weight of a new label's edge into a cluster that has no edge to learn from.
pub const ROW_WEIGHT_EMPTY: f32 = 1.0;

/// Labels that a cluster has of its own, in the middle.
const OWN_LABELS: usize = 64;

/// Queries probed at once: in f64 they fill a part of the second-level cache.
const QUERIES_AT_ONCE: usize = 64;

/// Clusters that are looked at together when the best are chosen.
const GROUP: usize = 16;

/// Of so many edges one is looked at to guess how far down the walks must go.
const SAMPLE: usize = 32;

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
    /// The slots of a row do not rise (or, by weight, the weights do not fall), or reach the end.
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
    /// Whether the edges of a cluster stand by falling weight, equal ones by rising slot; else by slot.
    pub(super) ranked: bool,
    /// Its weights in 8 bits, if it is probed in two steps.
    pub(super) coarse: Option<&'a CoarseWeights>,
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
    /// The filter allows every slot under this one, so that it need not be asked.
    pub allowed_under: u32,
    /// Edges of labels that came after the graph was built.
    pub extra: &'a EdgeMap,
    /// The order of slots with equal scores: by their primary keys.
    pub tie: &'a (dyn Fn(u32, u32) -> Ordering + Sync),
    /// Told of each slot when it is first reached, most of which will be kept: what comes next can ask memory
    /// for what it knows of them while the walk goes on.
    pub reached: Option<&'a (dyn Fn(u32) + Sync)>,
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

    /// The same graph, probed in two steps by its weights in 8 bits.
    #[must_use]
    pub fn with_coarse(self, coarse: Option<&'a CoarseWeights>) -> Self {
        EliasView { coarse, ..self }
    }

    /// Checks the numbers: finite, weights of edges within 0 to 1, edges of a cluster in order, slots under
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
            let (slots, values) = self.row(cluster as u32);
            let ordered = if self.ranked {
                let edges = slots.iter().zip(values);
                edges.is_sorted_by(|a, b| a.1 > b.1 || a.1 == b.1 && a.0 < b.0)
            } else {
                slots.is_sorted_by(|a, b| a < b)
            };
            if !ordered || slots.iter().any(|slot| *slot >= slot_end) {
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

    /// Slots and weights of one cluster's edges: by rising slot, or by falling weight in a generation.
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
        assert!(query.len() == self.dimension, "a query of {} numbers", query.len());
        self.probe_all(query, beam).pop().unwrap_or_default()
    }

    /// The best clusters for each query of `queries`, `[n, dimension]`; see [`EliasView::probe`]. Runs on the
    /// calling thread.
    ///
    /// # Panics
    /// If `queries` are not whole vectors of the dimension.
    pub fn probe_all(&self, queries: &[f32], beam: usize) -> Vec<Vec<ClusterScore>> {
        assert!(queries.len().is_multiple_of(self.dimension), "queries of another dimension");
        if let Some(coarse) = self.coarse {
            return coarse.probe_all(self, queries, beam);
        }
        let (clusters, mut beams) = (self.clusters(), Vec::new());
        let mut logits = Vec::new();
        for queries in queries.chunks(QUERIES_AT_ONCE * self.dimension) {
            logits.resize(queries.len() / self.dimension * clusters, 0.0);
            products_exact(queries, self.weights, self.dimension, &mut logits);
            beams.extend(logits.chunks_exact_mut(clusters.max(1)).map(|logits| self.beam(logits, beam)));
        }
        beams
    }

    /// The best clusters by the products of their weights with a query, which are lost.
    fn beam(&self, products: &mut [f64], beam: usize) -> Vec<ClusterScore> {
        products.iter_mut().zip(self.biases).for_each(|(product, bias)| *product += f64::from(*bias));
        best_clusters(products, self.alpha, beam)
    }

    /// The best labels behind the given clusters, best first, and the number of edges of those clusters.
    pub fn paths(&self, beam: &[ClusterScore], search: &PathSearch<'_>) -> (Vec<PathCandidate>, u64) {
        let (mut found, edges) = self.best_paths(beam, search);
        found.sort_unstable_by(path_order(search.tie));
        (found, edges)
    }

    /// [`EliasView::paths`] in no order.
    pub fn best_paths(&self, beam: &[ClusterScore], search: &PathSearch<'_>) -> (Vec<PathCandidate>, u64) {
        let mut walks: Vec<Walk<'_>> = beam.iter().map(|probed| self.walk(*probed)).collect();
        let later = |cluster: u32| search.extra.get(&cluster).map_or(&[][..], Vec::as_slice);
        let edges: usize = walks.iter().map(|walk| walk.slots.len() + later(walk.probed.cluster).len()).sum();
        let mut reached = Reached::new(search.limit.min(edges));
        let mut floors = Floors::new(&walks, search.limit);
        loop {
            let floor = if self.ranked { floors.next(reached.candidates.len()) } else { 0.0 };
            for walk in &mut walks {
                walk.down_to(floor, &mut reached, search);
            }
            if reached.candidates.len() >= search.limit || floor == 0.0 {
                break;
            }
        }
        // Not before: only labels at or above the floor may count when the walks end.
        for probed in beam {
            for (slot, value) in later(probed.cluster) {
                reached.offer_allowed(*slot, *value, *probed, search);
            }
        }
        let mut found = reached.candidates;
        if (1..found.len()).contains(&search.limit) {
            found.select_nth_unstable_by(search.limit - 1, path_order(search.tie));
        }
        found.truncate(search.limit);
        (found, edges as u64)
    }

    fn walk(&self, probed: ClusterScore) -> Walk<'a> {
        let (slots, values) = self.row(probed.cluster);
        Walk { probed, slots, values, at: 0 }
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
        let count = check_queries(queries, self.dimension)?;
        let answer = |queries: &[f32]| {
            control.check()?;
            let beams = self.probe_all(queries, search.beam);
            Ok(beams.iter().map(|beam| self.paths(beam, search)).collect::<Vec<_>>())
        };
        let at_once = count.div_ceil(control.threads.max(1)).clamp(1, QUERIES_AT_ONCE);
        let found: Result<Vec<_>, IndexError> =
            queries.par_chunks(at_once * self.dimension).map(answer).collect();
        Ok(found?.into_iter().flatten().collect())
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

/// The best clusters by logits, which are lost; best first.
pub(super) fn best_clusters(logits: &mut [f64], alpha: f64, beam: usize) -> Vec<ClusterScore> {
    let scores = logits;
    softmax(scores);
    scores.iter_mut().for_each(|share| *share = (alpha * *share).clamp(0.0, 1.0));
    let floor = floor_of_best(scores, beam, &mut Vec::new());
    let mut best: Vec<ClusterScore> = Vec::with_capacity(2 * beam.min(scores.len()));
    for (first, group) in (0u32..).step_by(GROUP).zip(scores.chunks(GROUP)) {
        // Most groups hold none.
        if group.iter().any(|score| *score >= floor) {
            let reached = (first..).zip(group).filter(|(_, score)| **score >= floor);
            best.extend(reached.map(|(cluster, score)| ClusterScore { cluster, score: *score }));
        }
    }
    let order =
        |a: &ClusterScore, b: &ClusterScore| b.score.total_cmp(&a.score).then(a.cluster.cmp(&b.cluster));
    if (1..best.len()).contains(&beam) {
        best.select_nth_unstable_by(beam - 1, order);
    }
    best.truncate(beam);
    best.sort_unstable_by(order);
    best
}

/// Higher paths first, ties in the given order of slots.
fn path_order(
    tie: &(dyn Fn(u32, u32) -> Ordering + Sync),
) -> impl Fn(&PathCandidate, &PathCandidate) -> Ordering {
    move |a, b| b.path.total_cmp(&a.path).then_with(|| tie(a.slot, b.slot))
}

/// How far the edges of a cluster were walked.
struct Walk<'a> {
    probed: ClusterScore,
    slots: &'a [u32],
    values: &'a [f32],
    at: usize,
}

impl Walk<'_> {
    fn path(&self, at: usize) -> f64 {
        self.probed.score * f64::from(self.values[at])
    }

    /// Walks on over all paths of at least `floor`; weights fall unless the floor is zero.
    fn down_to(&mut self, floor: f64, reached: &mut Reached, search: &PathSearch<'_>) {
        while self.at < self.slots.len() && self.path(self.at) >= floor {
            reached.offer_allowed(self.slots[self.at], self.values[self.at], self.probed, search);
            self.at += 1;
        }
    }
}

/// Guesses how far down the walks must go to reach a number of labels. Any floor gives the right answer; a
/// good one takes few edges more than are needed.
struct Floors {
    /// Paths of every [`SAMPLE`]th edge of each walk.
    sample: Vec<f64>,
    limit: usize,
    walks: usize,
    /// Edges that the last floor was meant to let through.
    edges: usize,
}

impl Floors {
    fn new(walks: &[Walk<'_>], limit: usize) -> Self {
        let places = |walk: &Walk<'_>| (0..walk.slots.len()).step_by(SAMPLE);
        let sample = walks.iter().flat_map(|walk| places(walk).map(|at| walk.path(at))).collect();
        Self { sample, limit, walks: walks.len(), edges: 0 }
    }

    /// The next floor, lower than the last, when so many labels were reached by the last one; zero when all
    /// edges should be walked.
    fn next(&mut self, reached: usize) -> f64 {
        // An edge more than labels at first, since some labels are reached by several; later as many as the
        // share of edges that reached a new label asks for, and an eighth at least.
        let wanted = if self.edges == 0 {
            self.limit
        } else {
            self.limit.saturating_mul(self.edges).div_ceil(reached.max(1)).max(self.edges)
        };
        self.edges = wanted.saturating_add(wanted / 8 + SAMPLE);
        // Of each walk half a step on average lies over the floor beside what the sample counts.
        let nth = (self.edges / SAMPLE).saturating_add(self.walks / 2);
        if nth >= self.sample.len() {
            return 0.0;
        }
        *self.sample.select_nth_unstable_by(nth, |a, b| b.total_cmp(a)).1
    }
}

/// The labels reached so far, each once, found by slot through an open-addressed table.
struct Reached {
    /// Index into `candidates` plus one, or zero; a power of two at least twice the number of labels.
    table: Vec<u32>,
    candidates: Vec<PathCandidate>,
}

impl Reached {
    fn new(labels: usize) -> Self {
        let size = labels.saturating_mul(3).clamp(16, 1 << 16).next_power_of_two();
        Self { table: vec![0; size], candidates: Vec::with_capacity(size / 2) }
    }

    fn offer_allowed(&mut self, slot: u32, value: f32, probed: ClusterScore, search: &PathSearch<'_>) {
        if slot < search.allowed_under || search.filter.is_none_or(|filter| filter.contains(slot)) {
            // Adding zero takes the sign from a negative one.
            let path = probed.score * f64::from(value) + 0.0;
            let new = self.offer(PathCandidate { slot, cluster: probed.cluster, probe: probed.score, path });
            if let Some(reached) = search.reached.filter(|_| new) {
                reached(slot);
            }
        }
    }

    /// The place of a slot in the table, or the free one where it belongs.
    fn place(&self, slot: u32) -> usize {
        let mask = self.table.len() - 1;
        // Fibonacci hashing: slots of one cluster are often neighbours, and this spreads them.
        let mut at = (u64::from(slot).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & mask;
        while self.table[at] != 0 && self.candidates[self.table[at] as usize - 1].slot != slot {
            at = (at + 1) & mask;
        }
        at
    }

    /// Keeps the better path of a label; of equal ones that of the smaller cluster. Gives whether it is the
    /// first one.
    fn offer(&mut self, candidate: PathCandidate) -> bool {
        let at = self.place(candidate.slot);
        match self.table[at] as usize {
            0 => {
                self.candidates.push(candidate);
                self.table[at] = self.candidates.len() as u32;
                if self.candidates.len() * 2 > self.table.len() {
                    self.grow();
                }
                true
            }
            held => {
                let held = &mut self.candidates[held - 1];
                let order = candidate.path.total_cmp(&held.path);
                if order.then(held.cluster.cmp(&candidate.cluster)).is_gt() {
                    *held = candidate;
                }
                false
            }
        }
    }

    fn grow(&mut self) {
        self.table = vec![0; self.table.len() * 2];
        for index in 0..self.candidates.len() {
            let at = self.place(self.candidates[index].slot);
            self.table[at] = index as u32 + 1;
        }
    }
}

#[cfg(test)]
#[path = "elias_tests.rs"]
mod tests;
