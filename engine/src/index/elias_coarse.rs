//! Probing a graph of many clusters in two steps: all logits from W_C in 8 bits, then those of the best
//! clusters once more from f32.
//!
//! Every logit counts in the softmax, so that a probe reads all of W_C: 25 MB for 16,384 clusters of 384
//! numbers, which no cache of a core holds. In 8 bits it is a quarter. Which clusters are best is decided by
//! exact logits, since an error bound says which ones may be among them; only the sum of the softmax has most
//! of its terms from 8 bits. Over 16,384 clusters of word vectors their errors cancel out to some 1e-4 of
//! the sum, by which scores, not their order, may differ from those by the definition.

use std::cmp::Ordering;

use super::elias::{ClusterScore, EliasView, best_clusters};
use crate::kernel::{Codes8, PanelWriter, Panels, RowData, Rows, dot_exact, floor_of_best, norm};

/// Queries whose logits are computed at once: in 8 bits and f32 they stay in the second-level cache beside a
/// panel.
const QUERIES_AT_ONCE: usize = 8;

/// Logits that are computed exactly at least: a large part of the sum is theirs.
const EXACT_MIN: usize = 256;

/// Rows that are on their way from memory while one is multiplied.
const ROWS_AHEAD: usize = 2;

/// W_C in 8 bits.
#[derive(Clone, Debug)]
pub struct CoarseWeights {
    dimension: usize,
    clusters: usize,
    /// See [`Panels`].
    codes: Vec<u8>,
    scales: Vec<f32>,
    /// The largest Euclidean length of what rounding took from a row.
    error_max: f64,
    /// That of a row.
    norm_max: f64,
}

impl CoarseWeights {
    /// From so many clusters on W_C is worth keeping in 8 bits as well: 12 MB of f32 at 384 numbers.
    pub const CLUSTERS_MIN: usize = 8_192;

    /// Those of a graph; `None` where it has fewer clusters than it is worth.
    pub fn of(graph: &EliasView<'_>) -> Option<CoarseWeights> {
        (graph.clusters() >= Self::CLUSTERS_MIN).then(|| Self::new(graph))
    }

    pub(super) fn new(graph: &EliasView<'_>) -> CoarseWeights {
        let (dimension, clusters) = (graph.dimension(), graph.clusters());
        let (mut codes, mut scales) = (Vec::new(), Vec::new());
        let (mut error_max, mut norm_max) = (0.0f64, 0.0f64);
        let mut panel = PanelWriter::new(dimension);
        for (at, row) in graph.weights().chunks_exact(dimension).enumerate() {
            error_max = error_max.max(panel.push(row));
            norm_max = norm_max.max(norm(row));
            if panel.is_full() || at + 1 == clusters {
                panel.take(|panel_codes, panel_scales| {
                    codes.extend_from_slice(panel_codes);
                    scales.extend_from_slice(panel_scales);
                });
            }
        }
        CoarseWeights { dimension, clusters, codes, scales, error_max, norm_max }
    }

    /// [`EliasView::probe_all`] of the graph that these were made of.
    pub(super) fn probe_all(
        &self,
        graph: &EliasView<'_>,
        queries: &[f32],
        beam: usize,
    ) -> Vec<Vec<ClusterScore>> {
        let Some(panels) = Panels::new(self.dimension, self.clusters, &self.codes, &self.scales) else {
            unreachable!("whole panels, as `new` made them")
        };
        let (mut beams, mut products) = (Vec::new(), Vec::new());
        let mut logits = vec![0.0f64; self.clusters];
        for queries in queries.chunks(QUERIES_AT_ONCE * self.dimension) {
            let codes = Codes8::encode_fine(queries, self.dimension);
            products.resize(codes.len() * self.clusters, 0.0f32);
            panels.products(&codes, 0..self.clusters, &mut products);
            let products = products.chunks_exact(2 * self.clusters);
            for (query, products) in queries.chunks_exact(self.dimension).zip(products) {
                let (coarse, fine) = products.split_at(self.clusters);
                for ((logit, bias), (coarse, fine)) in
                    logits.iter_mut().zip(graph.biases()).zip(coarse.iter().zip(fine))
                {
                    *logit = f64::from(*coarse) + f64::from(*fine) + f64::from(*bias);
                }
                beams.push(self.beam(graph, query, &mut logits, beam));
            }
        }
        beams
    }

    /// The best clusters by logits that are near the exact ones, which are lost.
    fn beam(
        &self,
        graph: &EliasView<'_>,
        query: &[f32],
        logits: &mut [f64],
        beam: usize,
    ) -> Vec<ClusterScore> {
        let mut space = Vec::new();
        let floor = floor_of_best(logits, beam, &mut space) - 2.0 * self.error_bound(query);
        let floor = floor.min(floor_of_best(logits, EXACT_MIN, &mut space));
        // A number that is not finite is not under the floor.
        self.make_exact(graph, query, logits, |logit| logit.partial_cmp(&floor) != Some(Ordering::Less));
        let best = best_clusters(logits, graph.alpha, beam);
        // Scores end at 1 and at 0, where more clusters may be equal than the bound speaks of.
        if best.last().is_none_or(|last| last.score > 0.0 && last.score < 1.0) {
            return best;
        }
        self.make_exact(graph, query, logits, |_| true);
        best_clusters(logits, graph.alpha, beam)
    }

    fn make_exact(
        &self,
        graph: &EliasView<'_>,
        query: &[f32],
        logits: &mut [f64],
        wanted: impl Fn(f64) -> bool,
    ) {
        let wanted: Vec<usize> = (0..logits.len()).filter(|at| wanted(logits[*at])).collect();
        let row = |at: usize| &graph.weights()[at * self.dimension..(at + 1) * self.dimension];
        let rows = Rows::new(self.dimension, RowData::F32(graph.weights()));
        for (number, at) in wanted.iter().enumerate() {
            // The rows lie far from each other, and few are in a cache.
            if let (Some(rows), Some(later)) = (&rows, wanted.get(number + ROWS_AHEAD)) {
                rows.prefetch(*later);
            }
            logits[*at] = dot_exact(row(*at), query) + f64::from(graph.biases()[*at]);
        }
    }

    /// By how much a logit may be off: what rounding took from the row and from the query by Cauchy's
    /// inequality, and the roundings of products in f32.
    fn error_bound(&self, query: &[f32]) -> f64 {
        let length = norm(query);
        // A number of the query loses at most half a step of its second code, which has 127 in half a step of
        // the first; twice that covers the roundings on the way.
        let of_query = length * (self.dimension as f64).sqrt() / (127.0 * 254.0);
        let roundings = 8.0 * f64::from(f32::EPSILON) * self.norm_max * length;
        self.error_max * (length + of_query) + self.norm_max * of_query + roundings
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::elias_file::EliasArrays;
    use super::*;

    fn graph(seed: u64, (clusters, dimension): (usize, usize), size: f32, alpha: f64) -> EliasArrays {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut number = |size: f32| (random.f32() - 0.5) * size;
        EliasArrays {
            dimension,
            alpha,
            beta: 150.0,
            weights: (0..clusters * dimension).map(|_| number(size)).collect(),
            biases: (0..clusters).map(|_| number(1.0)).collect(),
            offsets: vec![0; clusters + 1],
            slots: Vec::new(),
            values: Vec::new(),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn the_best_clusters_are_those_of_f32(
            seed in any::<u64>(),
            shape in (300usize..700, 1usize..50),
            size in prop::sample::select(vec![0.0f32, 0.01, 4.0, 100.0, 1e6, 1e30]),
            alpha in prop::sample::select(vec![0.1, 10.0, 1e6]),
            beam in prop::sample::select(vec![0usize, 1, 7, 20, 40, 1_000]),
        ) {
            let arrays = graph(seed, shape, size, alpha);
            let plain = arrays.view().unwrap();
            let coarse = CoarseWeights::new(&plain);
            let view = plain.with_coarse(Some(&coarse));
            let mut random = fastrand::Rng::with_seed(seed ^ 1);
            let queries: Vec<f32> = (0..11 * shape.1).map(|_| random.f32() - 0.5).collect();
            let together = view.probe_all(&queries, beam);
            for (query, found) in queries.chunks(shape.1).zip(&together) {
                let expected = plain.probe(query, beam);
                let clusters =
                    |found: &[ClusterScore]| found.iter().map(|one| one.cluster).collect::<Vec<u32>>();
                prop_assert_eq!(clusters(found), clusters(&expected));
                // The sum has a part of its terms from 8 bits; each may be off by what the bound says.
                let most = (2.0 * coarse.error_bound(query)).exp();
                for (found, expected) in found.iter().zip(&expected) {
                    let close = found.score <= expected.score * most && expected.score <= found.score * most;
                    prop_assert!(close || !most.is_finite(), "{:?} {:?} {}", found, expected, most);
                }
                prop_assert_eq!(&view.probe(query, beam), found);
            }
        }
    }

    #[test]
    fn the_bound_holds_for_every_logit() {
        let arrays = graph(5, (400, 37), 8.0, 10.0);
        let plain = arrays.view().unwrap();
        let coarse = CoarseWeights::new(&plain);
        let mut random = fastrand::Rng::with_seed(6);
        let panels = Panels::new(37, 400, &coarse.codes, &coarse.scales).unwrap();
        for size in [1e-3f32, 1.0, 1e3] {
            let query: Vec<f32> = (0..37).map(|_| (random.f32() - 0.5) * size).collect();
            let mut products = vec![0.0; 800];
            panels.products(&Codes8::encode_fine(&query, 37), 0..400, &mut products);
            let most = (0..400).map(|at| {
                let exact = dot_exact(&plain.weights()[at * 37..(at + 1) * 37], &query);
                (f64::from(products[at]) + f64::from(products[400 + at]) - exact).abs()
            });
            let most = most.fold(0.0, f64::max);
            let bound = coarse.error_bound(&query);
            assert!(most <= bound && bound < 20.0 * most, "{most} {bound}");
        }
    }

    #[test]
    fn the_sum_of_many_clusters_is_near() {
        let arrays = graph(7, (CoarseWeights::CLUSTERS_MIN, 64), 5.0, 10.0);
        let plain = arrays.view().unwrap();
        let coarse = CoarseWeights::of(&plain).unwrap();
        let view = plain.with_coarse(Some(&coarse));
        let mut random = fastrand::Rng::with_seed(8);
        for _ in 0..20 {
            let query: Vec<f32> = (0..64).map(|_| random.f32() - 0.5).collect();
            for (found, expected) in view.probe(&query, 20).iter().zip(plain.probe(&query, 20)) {
                assert_eq!(found.cluster, expected.cluster);
                let ratio = found.score / expected.score;
                assert!((ratio - 1.0).abs() < 1e-3, "{ratio}");
            }
        }
        let fewer = graph(7, (CoarseWeights::CLUSTERS_MIN - 1, 4), 5.0, 10.0);
        assert!(CoarseWeights::of(&fewer.view().unwrap()).is_none());
    }
}
