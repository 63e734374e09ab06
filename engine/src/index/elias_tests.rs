//! The graph against a plain implementation that shares no code with it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use proptest::prelude::*;

use super::super::elias_file::EliasArrays;
use super::*;

const CONTROL: SearchControl<'static> = SearchControl { cancelled: &|| false, threads: 2 };

/// Tie order of the tests: larger slots first, so that an order by slot would be noticed.
fn tie(a: u32, b: u32) -> Ordering {
    b.cmp(&a)
}

fn graph(
    dimension: usize,
    alpha: f64,
    weights: &[f32],
    biases: &[f32],
    rows: &[Vec<(u32, f32)>],
) -> EliasArrays {
    let mut offsets = vec![0];
    let (mut slots, mut values) = (Vec::new(), Vec::new());
    for row in rows {
        slots.extend(row.iter().map(|edge| edge.0));
        values.extend(row.iter().map(|edge| edge.1));
        offsets.push(slots.len() as u64);
    }
    let (weights, biases) = (weights.to_vec(), biases.to_vec());
    EliasArrays { dimension, alpha, beta: 150.0, weights, biases, offsets, slots, values }
}

/// All labels by the definition: nested maps, full sorts, no cleverness.
fn by_definition(
    graph: &EliasArrays,
    query: &[f32],
    beam: usize,
    limit: usize,
    allowed: &dyn Fn(u32) -> bool,
    extra: &EdgeMap,
) -> Vec<PathCandidate> {
    let clusters = graph.biases.len();
    let mut logits = Vec::new();
    for cluster in 0..clusters {
        let mut logit = f64::from(graph.biases[cluster]);
        for d in 0..query.len() {
            logit += f64::from(graph.weights[cluster * query.len() + d]) * f64::from(query[d]);
        }
        logits.push(logit);
    }
    let total: f64 = logits.iter().map(|logit| logit.exp()).sum();
    let mut probed: Vec<(f64, usize)> = Vec::new();
    for (cluster, logit) in logits.iter().enumerate() {
        probed.push(((graph.alpha * logit.exp() / total).min(1.0), cluster));
    }
    probed.sort_by(|a, b| b.0.partial_cmp(&a.0).unwrap().then(a.1.cmp(&b.1)));
    let mut best: BTreeMap<u32, (f64, usize, f64)> = BTreeMap::new();
    for (score, cluster) in probed.into_iter().take(beam) {
        let edges = graph.offsets[cluster] as usize..graph.offsets[cluster + 1] as usize;
        let mut row: Vec<(u32, f32)> = edges.map(|edge| (graph.slots[edge], graph.values[edge])).collect();
        row.extend(extra.get(&(cluster as u32)).cloned().unwrap_or_default());
        for (slot, value) in row {
            let path = score * f64::from(value);
            let better =
                best.get(&slot).is_none_or(|held| path > held.0 || path == held.0 && cluster < held.1);
            if allowed(slot) && better {
                best.insert(slot, (path, cluster, score));
            }
        }
    }
    let mut found: Vec<PathCandidate> = best
        .into_iter()
        .map(|(slot, (path, cluster, probe))| PathCandidate { slot, cluster: cluster as u32, probe, path })
        .collect();
    found.sort_by(|a, b| b.path.partial_cmp(&a.path).unwrap().then(b.slot.cmp(&a.slot)));
    found.truncate(limit);
    found
}

/// Rows of `clusters` clusters over 30 slots, weights from a few values so that ties happen.
fn rows(clusters: usize) -> impl Strategy<Value = Vec<Vec<(u32, f32)>>> {
    let weight = prop::sample::select(vec![0.0f32, 0.25, 0.5, 1.0]);
    let row = prop::collection::btree_map(0u32..30, weight, 0..12);
    prop::collection::vec(row.prop_map(|row| row.into_iter().collect()), clusters)
}

proptest! {
    #[test]
    fn equals_the_definition(
        rows in rows(6),
        extra in rows(6),
        numbers in prop::collection::vec(-2i8..=2, 6 * 3 + 6 + 3),
        alpha in prop::sample::select(vec![0.5, 1.0, 10.0, 1000.0]),
        (beam, limit) in (0usize..8, 0usize..40),
        filter in prop::option::of(prop::collection::btree_set(0u32..60, 0..40)),
    ) {
        // Halves and quarters: products and sums are exact, so both sides have equal logits and equal ties.
        let numbers: Vec<f32> = numbers.iter().map(|number| f32::from(*number) / 2.0).collect();
        let graph = graph(3, alpha, &numbers[..18], &numbers[18..24], &rows);
        let query = &numbers[24..];
        let extra: EdgeMap = (0..)
            .zip(extra)
            .map(|(cluster, row)| {
                let later = row.into_iter().map(|(slot, weight)| (slot + 20, weight));
                (cluster, later.collect())
            })
            .collect();
        let filter: Option<RoaringBitmap> = filter.map(|slots| slots.into_iter().collect());
        let allowed = |slot: u32| filter.as_ref().is_none_or(|filter| filter.contains(slot));
        let expected = by_definition(&graph, query, beam, limit, &allowed, &extra);
        let filter = filter.as_ref();
        let (extra, tie) = (&extra, &tie);
        let search = PathSearch { beam, limit, filter, allowed_under: 0, extra, tie, reached: None };
        let view = graph.view().unwrap();
        let found = view.search(&CONTROL, query, &search).unwrap().remove(0).0;
        prop_assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            // The definition divides exp by exp, the code subtracts the maximum first: equal but for
            // rounding.
            prop_assert_eq!(found.slot, expected.slot);
            prop_assert!((found.path - expected.path).abs() <= 1e-12);
            prop_assert!((found.probe - expected.probe).abs() <= 1e-12);
            prop_assert_eq!(found.cluster, expected.cluster);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Rows long enough that walks by falling weight end early, with many ties or none.
    #[test]
    fn walks_by_weight_find_what_walks_by_slot_find(
        seed in any::<u64>(),
        steps in prop::sample::select(vec![2u32, 7, 1_000_000]),
        (beam, limit) in (1usize..20, prop::sample::select(vec![0usize, 1, 10, 100, 400, 5_000])),
        dead in prop::sample::select(vec![0usize, 2, 3]),
        first_kept in 0u32..1_000,
    ) {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut row = |slots: u32| -> Vec<(u32, f32)> {
            let kept = random.usize(..=slots as usize);
            let mut slots = random.choose_multiple(0..slots, kept);
            slots.sort_unstable();
            let weight = |random: &mut fastrand::Rng| random.u32(..=steps) as f32 / steps as f32;
            slots.into_iter().map(|slot| (slot, weight(&mut random))).collect()
        };
        let rows: Vec<_> = (0..16).map(|_| row(1_000)).collect();
        let extra: EdgeMap = (0..16).map(|cluster| (cluster, row(30))).collect();
        let weights: Vec<f32> = (0..16 * 3).map(|_| random.f32() * 4.0).collect();
        let graph = graph(3, 10.0, &weights, &[0.0; 16], &rows);
        let file = graph.write(crate::index::AlignedBytes::new(), 1_000).unwrap().into_bytes();
        let file = crate::index::EliasFile::open(file).unwrap();
        // All live under some slot, and of the others every second or third dead.
        let live = |slot: &u32| *slot < first_kept || dead == 0 || !(*slot as usize).is_multiple_of(dead);
        let filter: RoaringBitmap = (0..1_000).filter(live).collect();
        let query = [random.f32(), random.f32(), 1.0];
        let told = Mutex::new(Vec::new());
        let reached = |slot: u32| told.lock().unwrap().push(slot);
        let ask = PathSearch {
            beam, limit, filter: Some(&filter), allowed_under: 0, extra: &extra, tie: &tie,
            reached: Some(&reached),
        };
        let (by_slot, by_weight) = (graph.view().unwrap(), file.view());
        let probed = by_slot.probe(&query, beam);
        prop_assert_eq!(&probed, &by_weight.probe(&query, beam));
        let (expected, edges) = by_slot.paths(&probed, &ask);
        prop_assert_eq!(expected.len(), limit.min(expected.len()));
        for allowed_under in [0, first_kept] {
            let ask = PathSearch { allowed_under, ..ask };
            told.lock().unwrap().clear();
            prop_assert_eq!(&by_weight.paths(&probed, &ask), &(expected.clone(), edges));
            let told = std::mem::take(&mut *told.lock().unwrap());
            let slots: BTreeSet<u32> = told.iter().copied().collect();
            prop_assert_eq!(slots.len(), told.len());
            prop_assert!(expected.iter().all(|found| slots.contains(&found.slot)));
            let mut found = by_weight.best_paths(&probed, &ask).0;
            found.sort_by(|a, b| b.path.total_cmp(&a.path).then(tie(a.slot, b.slot)));
            prop_assert_eq!(&found, &expected);
        }
    }
}

fn two_clusters(alpha: f64) -> EliasArrays {
    let rows = [vec![(1, 0.5), (2, 1.0), (9, 1.0)], vec![(2, 0.25), (3, 1.0), (4, 1.0)]];
    graph(1, alpha, &[0.0, 0.0], &[0.0, 0.0], &rows)
}

#[test]
fn scores_are_clamped_and_equal_clusters_come_in_order() {
    let graph = two_clusters(10.0);
    let view = graph.view().unwrap();
    let scores = view.probe(&[1.0], 5);
    let expected: Vec<ClusterScore> = (0..2).map(|cluster| ClusterScore { cluster, score: 1.0 }).collect();
    assert_eq!(scores, expected);
    assert_eq!(view.probe(&[1.0], 1), expected[..1]);
    assert!(view.probe(&[1.0], 0).is_empty());
    assert_eq!(
        two_clusters(1.0).view().unwrap().probe(&[1.0], 2)[1],
        ClusterScore { cluster: 1, score: 0.5 }
    );
}

#[test]
fn duplicates_keep_the_maximum_and_ties_follow_the_given_order() {
    let graph = two_clusters(1.0);
    let extra = EdgeMap::from([(1, vec![(70, 1.0), (1, 1.0)])]);
    let search = PathSearch {
        beam: 2,
        limit: 4,
        filter: None,
        allowed_under: 0,
        extra: &extra,
        tie: &tie,
        reached: None,
    };
    let view = graph.view().unwrap();
    let (found, edges) = view.paths(&view.probe(&[0.0], 2), &search);
    assert_eq!(edges, 8);
    let brief: Vec<(u32, u32, f64)> =
        found.iter().map(|found| (found.slot, found.cluster, found.path)).collect();
    assert_eq!(brief, [(70, 1, 0.5), (9, 0, 0.5), (4, 1, 0.5), (3, 1, 0.5)]);
    let all = PathSearch { limit: 100, ..search };
    let (found, _) = view.paths(&view.probe(&[0.0], 2), &all);
    let slots: Vec<u32> = found.iter().map(|found| found.slot).collect();
    assert_eq!(slots, [70, 9, 4, 3, 2, 1], "a beam over all clusters reaches every label once");
    assert_eq!(found[5], PathCandidate { slot: 1, cluster: 1, probe: 0.5, path: 0.5 });
}

#[test]
fn logits_far_apart_neither_overflow_nor_lose_the_best() {
    let graph =
        graph(1, 10.0, &[3e38, -3e38, 1.0], &[0.0; 3], &[vec![(0, 1.0)], vec![(1, 1.0)], vec![(2, 1.0)]]);
    let scores = graph.view().unwrap().probe(&[3e38], 3);
    let brief: Vec<(u32, f64)> = scores.iter().map(|score| (score.cluster, score.score)).collect();
    assert_eq!(brief, [(0, 1.0), (1, 0.0), (2, 0.0)]);
}

#[test]
fn a_new_label_joins_its_best_clusters_with_their_median_weight() {
    let rows = [vec![(1, 0.2), (2, 0.9), (3, 0.4), (4, 0.6)], vec![], vec![(5, 0.7)]];
    let graph = graph(2, 10.0, &[3.0, 0.0, 2.0, 0.0, 0.0, 3.0], &[0.0; 3], &rows);
    let view = graph.view().unwrap();
    assert_eq!(view.edges_for(&[1.0, 0.0], 2), [(0, 0.4), (1, ROW_WEIGHT_EMPTY)]);
    assert_eq!(view.edges_for(&[0.0, 1.0], 1), [(2, 0.7)]);
    assert_eq!(view.edges_for(&[0.0, 1.0], 9).len(), 3);
}

#[test]
fn a_batch_equals_its_queries_and_bad_queries_are_refused() {
    let mut rng = fastrand::Rng::with_seed(1);
    let mut number = || rng.f32() - 0.5;
    let weights: Vec<f32> = (0..64 * 8).map(|_| number() * 20.0).collect();
    let rows: Vec<Vec<(u32, f32)>> = (0..64).map(|c| (0..50).map(|i| (c * 37 + i, 1.0)).collect()).collect();
    let queries: Vec<f32> = (0..20 * 8).map(|_| number()).collect();
    let graph = graph(8, 10.0, &weights, &[0.0; 64], &rows);
    let extra = EdgeMap::new();
    let search = PathSearch {
        beam: 5,
        limit: 30,
        filter: None,
        allowed_under: 0,
        extra: &extra,
        tie: &tie,
        reached: None,
    };
    let view = graph.view().unwrap();
    let together = view.search(&CONTROL, &queries, &search).unwrap();
    for (query, together) in queries.chunks(8).zip(together) {
        let expected = by_definition(&graph, query, 5, 30, &|_| true, &extra);
        let slots = |found: &[PathCandidate]| found.iter().map(|found| found.slot).collect::<Vec<u32>>();
        assert_eq!(slots(&together.0), slots(&expected));
        assert_eq!(view.search(&CONTROL, query, &search).unwrap()[0], together);
    }
    assert!(matches!(view.search(&CONTROL, &queries[1..], &search), Err(IndexError::Dimension { .. })));
    let bad = [&queries[..8], &[f32::NAN; 8]].concat();
    let error = view.search(&CONTROL, &bad, &search).unwrap_err();
    assert!(matches!(error, IndexError::NotFinite { query: 1, position: 0, .. }));
    let stop = SearchControl { cancelled: &|| true, threads: 1 };
    assert!(matches!(view.search(&stop, &queries, &search), Err(IndexError::Cancelled)));
}
