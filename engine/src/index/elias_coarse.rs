//! Probing a graph in two steps: all logits from W_C in whole numbers, then those of the best clusters once
//! more from f32.
//!
//! Every logit counts in the softmax, so that a probe reads all of W_C: 3 MB for 2,048 clusters of 384
//! numbers and 25 MB for 16,384, which no cache of a core holds. Which clusters are best is decided by exact
//! logits, since an error bound says which ones may be among them; only the sum of the softmax has most of
//! its terms from the first step. By that scores, not their order, may differ from those by the definition:
//!
//! ```text
//! clusters          bytes a number   a score differs by
//! under 1,024       4 (one step)     0
//! under 8,192       2                some 1e-6 of itself, about what products in f32 would round
//! 8,192 and more    1                some 1e-5 of itself, since errors of so many clusters cancel out
//! ```

use std::cmp::Ordering;

use super::elias::{ClusterScore, EliasView, best_clusters};
use crate::kernel::{Codes8, PanelWriter, Panels, RowData, Rows, dot_exact, floor_of_best, norm};

/// Queries whose logits are computed at once: in 8 bits and f32 they stay in the second-level cache beside a
/// panel.
const QUERIES_AT_ONCE: usize = 8;

/// Logits that are computed exactly at least where the others have 8 bits: a large part of the sum is theirs.
const EXACT_MIN: usize = 256;

/// Rows that are on their way from memory while one is multiplied.
const ROWS_AHEAD: usize = 2;

/// W_C in 8 or 16 bits.
#[derive(Clone, Debug)]
pub struct CoarseWeights {
    dimension: usize,
    clusters: usize,
    first: Columns,
    /// What the first codes lose, in 8 bits; `None` where they are all there is.
    rest: Option<Columns>,
    /// The largest Euclidean length of what rounding took from a row.
    error_max: f64,
    /// That of a row.
    norm_max: f64,
}

/// The rows of W_C as columns of panels; see [`Panels`].
#[derive(Clone, Debug, Default)]
struct Columns {
    codes: Vec<u8>,
    scales: Vec<f32>,
}

impl Columns {
    fn take(&mut self, panel: &mut PanelWriter) {
        panel.take(|codes, scales| {
            self.codes.extend_from_slice(codes);
            self.scales.extend_from_slice(scales);
        });
    }

    /// Products of all columns with each row, `[rows, clusters]`.
    fn products(&self, rows: &Codes8, (dimension, clusters): (usize, usize), out: &mut Vec<f32>) {
        let Some(panels) = Panels::new(dimension, clusters, &self.codes, &self.scales) else {
            unreachable!("whole panels, as `new` made them")
        };
        out.resize(rows.len() * clusters, 0.0);
        panels.products(rows, 0..clusters, out);
    }
}

impl CoarseWeights {
    /// From so many clusters on W_C is worth keeping in 16 bits as well: 1.5 MB of f32 at 384 numbers, which
    /// is more than a second-level cache holds beside other things.
    pub const CLUSTERS_MIN: usize = 1_024;

    /// From so many clusters on 8 bits do: 12 MB of f32 at 384 numbers.
    pub const CLUSTERS_OF_8_BITS: usize = 8_192;

    /// Those of a graph; `None` where it has fewer clusters than it is worth.
    pub fn of(graph: &EliasView<'_>) -> Option<CoarseWeights> {
        let clusters = graph.clusters();
        (clusters >= Self::CLUSTERS_MIN).then(|| Self::new(graph, clusters < Self::CLUSTERS_OF_8_BITS))
    }

    /// Those of any graph, in 16 bits or 8.
    pub(super) fn new(graph: &EliasView<'_>, fine: bool) -> CoarseWeights {
        let (dimension, clusters) = (graph.dimension(), graph.clusters());
        let (mut first, mut rest) = (Columns::default(), fine.then(Columns::default));
        let (mut error_max, mut norm_max) = (0.0f64, 0.0f64);
        let mut panels = [PanelWriter::new(dimension), PanelWriter::new(dimension)];
        let mut of_row: Vec<f32> = Vec::new();
        for (at, row) in graph.weights().chunks_exact(dimension).enumerate() {
            let [panel, panel_of_rest] = &mut panels;
            let mut error = panel.push(row);
            if rest.is_some() {
                of_row.clear();
                of_row.extend(panel.rest(row));
                error = panel_of_rest.push(&of_row);
            }
            error_max = error_max.max(error);
            norm_max = norm_max.max(norm(row));
            if panel.is_full() || at + 1 == clusters {
                first.take(panel);
                rest.iter_mut().for_each(|rest| rest.take(panel_of_rest));
            }
        }
        CoarseWeights { dimension, clusters, first, rest, error_max, norm_max }
    }

    /// [`EliasView::probe_all`] of the graph that these were made of.
    pub(super) fn probe_all(
        &self,
        graph: &EliasView<'_>,
        queries: &[f32],
        beam: usize,
    ) -> Vec<Vec<ClusterScore>> {
        let (mut beams, mut products) = (Vec::new(), [Vec::new(), Vec::new()]);
        let mut logits = vec![0.0f64; self.clusters];
        for queries in queries.chunks(QUERIES_AT_ONCE * self.dimension) {
            let codes = Codes8::encode_fine(queries, self.dimension);
            let [first, rest] = &mut products;
            self.products(&codes, first, rest);
            for (at, query) in queries.chunks_exact(self.dimension).enumerate() {
                let of_query = 2 * at * self.clusters..2 * (at + 1) * self.clusters;
                logits.fill(0.0);
                // Small numbers first.
                self.add(rest.get(of_query.clone()), &mut logits);
                self.add(first.get(of_query), &mut logits);
                logits.iter_mut().zip(graph.biases()).for_each(|(logit, bias)| *logit += f64::from(*bias));
                beams.push(self.beam(graph, query, &mut logits, beam));
            }
        }
        beams
    }

    /// Products of both rows of each query's codes with the first codes of W_C and, if there is one, with the
    /// rest.
    fn products(&self, codes: &Codes8, first: &mut Vec<f32>, rest: &mut Vec<f32>) {
        let shape = (self.dimension, self.clusters);
        self.first.products(codes, shape, first);
        if let Some(columns) = &self.rest {
            columns.products(codes, shape, rest);
        }
    }

    /// Adds the products of both rows of a query's codes, if there are any.
    fn add(&self, products: Option<&[f32]>, logits: &mut [f64]) {
        let (coarse, fine) = products.unwrap_or_default().split_at_checked(self.clusters).unwrap_or_default();
        for (logit, (coarse, fine)) in logits.iter_mut().zip(coarse.iter().zip(fine)) {
            *logit += f64::from(*fine) + f64::from(*coarse);
        }
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
        let floor = match self.rest {
            Some(_) => floor,
            None => floor.min(floor_of_best(logits, EXACT_MIN, &mut space)),
        };
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
            fine in any::<bool>(),
        ) {
            let arrays = graph(seed, shape, size, alpha);
            let plain = arrays.view().unwrap();
            let coarse = CoarseWeights::new(&plain, fine);
            let view = plain.with_coarse(Some(&coarse));
            let mut random = fastrand::Rng::with_seed(seed ^ 1);
            let queries: Vec<f32> = (0..11 * shape.1).map(|_| random.f32() - 0.5).collect();
            let together = view.probe_all(&queries, beam);
            for (query, found) in queries.chunks(shape.1).zip(&together) {
                let expected = plain.probe(query, beam);
                let clusters =
                    |found: &[ClusterScore]| found.iter().map(|one| one.cluster).collect::<Vec<u32>>();
                prop_assert_eq!(clusters(found), clusters(&expected));
                // Most terms of the sum are not exact; each may be off by what the bound says.
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
        // In 16 bits the errors are nearly those of the query, whose bound does not know their signs.
        for (fine, loose) in [(false, 20.0), (true, 200.0)] {
            let coarse = CoarseWeights::new(&plain, fine);
            let mut random = fastrand::Rng::with_seed(6);
            for size in [1e-3f32, 1.0, 1e3] {
                let query: Vec<f32> = (0..37).map(|_| (random.f32() - 0.5) * size).collect();
                let [mut first, mut rest] = [Vec::new(), Vec::new()];
                coarse.products(&Codes8::encode_fine(&query, 37), &mut first, &mut rest);
                let mut found = vec![0.0; 400];
                coarse.add(Some(&first), &mut found);
                coarse.add(fine.then_some(&rest[..]), &mut found);
                let most = (0..400).map(|at| {
                    let exact = dot_exact(&plain.weights()[at * 37..(at + 1) * 37], &query);
                    (found[at] - exact).abs()
                });
                let most = most.fold(0.0, f64::max);
                let bound = coarse.error_bound(&query);
                assert!(most <= bound && bound < loose * most, "{fine}: {most} {bound}");
            }
        }
    }

    #[test]
    fn the_sum_is_near() {
        for (clusters, most) in
            [(CoarseWeights::CLUSTERS_MIN, 2e-5), (CoarseWeights::CLUSTERS_OF_8_BITS, 1e-3)]
        {
            let arrays = graph(7, (clusters, 64), 5.0, 10.0);
            let plain = arrays.view().unwrap();
            let coarse = CoarseWeights::of(&plain).unwrap();
            let view = plain.with_coarse(Some(&coarse));
            let mut random = fastrand::Rng::with_seed(8);
            for _ in 0..20 {
                let query: Vec<f32> = (0..64).map(|_| random.f32() - 0.5).collect();
                for (found, expected) in view.probe(&query, 20).iter().zip(plain.probe(&query, 20)) {
                    assert_eq!(found.cluster, expected.cluster);
                    let ratio = found.score / expected.score;
                    assert!((ratio - 1.0).abs() < most, "{clusters}: {ratio}");
                }
            }
        }
        let fewer = graph(7, (CoarseWeights::CLUSTERS_MIN - 1, 4), 5.0, 10.0);
        assert!(CoarseWeights::of(&fewer.view().unwrap()).is_none());
    }
}
