//! What an `ann` index owes beyond the contract of every index.

use std::sync::Arc;

use argtop_storage::RowFormat;
use roaring::RoaringBitmap;

use super::ann::AnnIndex;
use super::ann_build::AnnOptions;
use super::conformance::{BUILD, CONTROL, best, vectors};
use super::error::IndexError;
use super::matrix::PackedMatrix;
use super::matrix::tests::matrix;
use super::search::{SearchControl, SearchParams, VectorIndex};
use crate::packed::AlignedBytes;
use crate::packed::tests::survives_damage;
use crate::train::BuildControl;

const DIMENSION: usize = 48;
/// Rows are in second lists, whether it pays or not.
const SECOND: AnnOptions = AnnOptions { target_recall: 0.95, lists: None, second_lists: Some(true), seed: 1 };

fn source(rows: usize) -> Arc<PackedMatrix> {
    let rows = vectors(&mut fastrand::Rng::with_seed(11), rows, DIMENSION);
    let slots: Vec<u32> = (0..(rows.len() / DIMENSION) as u32).collect();
    Arc::new(matrix(RowFormat::F32, DIMENSION, &slots, &rows, None))
}

fn build(source: &Arc<PackedMatrix>, options: &AnnOptions) -> AlignedBytes {
    AnnIndex::build(&BUILD, options, source, AlignedBytes::new()).unwrap().file
}

/// The share of the exact best 10 that is found.
fn recall(index: &AnnIndex, source: &PackedMatrix, queries: &[f32], params: &SearchParams<'_>) -> f64 {
    let found = index.search(&CONTROL, queries, params).unwrap();
    let (mut hits, mut owed) = (0, 0);
    for (query, found) in queries.chunks(DIMENSION).zip(&found) {
        let truth = best(source, query, params.limit, params.filter);
        owed += truth.len();
        hits += truth.iter().filter(|slot| found.contains(slot)).count();
    }
    hits as f64 / owed as f64
}

#[test]
fn a_higher_target_finds_more_and_looks_at_more() {
    let source = source(20_000);
    let queries = vectors(&mut fastrand::Rng::with_seed(11), 400, DIMENSION);
    let params = SearchParams { limit: 10, effort: None, filter: None, newer: None };
    let mut last = (0.0, 0);
    for target_recall in [0.6, 0.9, 0.99] {
        let options = AnnOptions { target_recall, ..AnnOptions::default() };
        let index = AnnIndex::open(build(&source, &options).into_bytes()).unwrap();
        let found = recall(&index, &source, &queries, &params);
        // The queries are rows of the index, as those are that it was tuned by.
        assert!(found >= target_recall - 0.03, "{found} of {target_recall}");
        assert!(index.default_effort(10) >= last.1, "{} lists after {}", index.default_effort(10), last.1);
        assert!(found >= last.0);
        last = (found, index.default_effort(10));
    }
    assert!(last.1 < 20_000 / 96, "not every list is probed");
}

#[test]
fn rows_much_longer_than_queries_with_biases_are_found() {
    // As classifiers have them that began as embeddings.
    let mut random = fastrand::Rng::with_seed(14);
    let rows: Vec<f32> =
        vectors(&mut random, 20_000, DIMENSION).into_iter().map(|value| 15.0 * value).collect();
    let biases: Vec<f32> = (0..20_000).map(|_| -12.0 - 2.0 * random.f32()).collect();
    let slots: Vec<u32> = (0..20_000).collect();
    let source = Arc::new(matrix(RowFormat::F32, DIMENSION, &slots, &rows, Some(&biases)));
    let index = AnnIndex::open(build(&source, &AnnOptions::default()).into_bytes()).unwrap();
    let queries = vectors(&mut fastrand::Rng::with_seed(14), 400, DIMENSION);
    let params = SearchParams { limit: 10, effort: None, filter: None, newer: None };
    let found = recall(&index, &source, &queries, &params);
    assert!(found >= 0.92, "{found}");
}

#[test]
fn filters_cost_no_recall() {
    let source = source(20_000);
    let index = AnnIndex::open(build(&source, &SECOND).into_bytes()).unwrap();
    let queries = vectors(&mut fastrand::Rng::with_seed(11), 200, DIMENSION);
    for one_of in [10u32, 3, 2] {
        let few: RoaringBitmap = (0..20_000).filter(|slot| slot % one_of == 0).collect();
        let most: RoaringBitmap = (0..20_000).filter(|slot| slot % (one_of * 3) != 0).collect();
        for filter in [&few, &most] {
            let params = SearchParams { limit: 10, effort: None, filter: Some(filter), newer: None };
            let found = recall(&index, &source, &queries, &params);
            assert!(found >= 0.9, "{found} of the allowed {} rows", filter.len());
        }
    }
    // The allowed rows lie far from the query, where the nearest lists have none of them.
    let query = &queries[..DIMENSION];
    let near: RoaringBitmap = best(&source, query, 15_000, None).into_iter().collect();
    let far: RoaringBitmap = (0..20_000).filter(|slot| !near.contains(*slot)).collect();
    let params = SearchParams { limit: 10, effort: Some(1), filter: Some(&far), newer: None };
    assert!(index.search(&CONTROL, query, &params).unwrap()[0].len() >= 10);
}

#[test]
fn filters_that_were_used_before_are_not_taken_for_others() {
    let source = source(5_000);
    let file = build(&source, &SECOND).into_bytes();
    let index = AnnIndex::open(file.clone()).unwrap();
    let mut random = fastrand::Rng::with_seed(2);
    let query = vectors(&mut random, 1, DIMENSION);
    // More of them than are kept; each differs from another in one slot only.
    let mut filters: Vec<RoaringBitmap> = Vec::new();
    for at in 0..4 {
        let filter: RoaringBitmap = (0..5_000).filter(|slot| slot % 5 == at).collect();
        let params = SearchParams { limit: 10, effort: None, filter: Some(&filter), newer: None };
        let mut without = filter.clone();
        without.remove(index.search(&CONTROL, &query, &params).unwrap()[0][0]);
        filters.extend([filter, without]);
    }
    for _ in 0..60 {
        let filter = &filters[random.usize(..filters.len())];
        let params = SearchParams { limit: 10, effort: None, filter: Some(filter), newer: None };
        let fresh = AnnIndex::open(file.clone()).unwrap();
        let found = index.search(&CONTROL, &query, &params).unwrap();
        assert_eq!(found, fresh.search(&CONTROL, &query, &params).unwrap());
        assert!(found[0].iter().all(|slot| filter.contains(*slot)));
    }
}

#[test]
fn alone_in_a_batch_and_on_any_threads_the_nominees_are_the_same() {
    let source = source(5_000);
    let index = AnnIndex::open(build(&source, &SECOND).into_bytes()).unwrap();
    let queries = vectors(&mut fastrand::Rng::with_seed(12), 150, DIMENSION);
    let few: RoaringBitmap = (0..5_000).filter(|slot| slot % 3 == 0).collect();
    let most: RoaringBitmap = (0..5_000).filter(|slot| slot % 10 != 0).collect();
    // With so many lists to probe, all but the best few are scanned for all queries that probe them.
    let cases = [None, Some(&few), Some(&most)].map(|filter| [(filter, None), (filter, Some(40))]);
    for (filter, effort) in cases.into_iter().flatten() {
        let params = SearchParams { limit: 10, effort, filter, newer: None };
        let batch = index.search(&CONTROL, &queries, &params).unwrap();
        let control = SearchControl { threads: 1, ..CONTROL };
        assert_eq!(index.search(&control, &queries, &params).unwrap(), batch);
        for (query, found) in queries.chunks(DIMENSION).zip(&batch) {
            assert_eq!(&index.search(&control, query, &params).unwrap()[0], found);
        }
    }
}

#[test]
fn newer_rows_are_found_like_older_ones() {
    let whole = source(6_000);
    let rows = vectors(&mut fastrand::Rng::with_seed(11), 6_000, DIMENSION);
    for biased in [false, true] {
        let biases: Vec<f32> = (0..6_000).map(|row| (row % 7) as f32 * 0.01).collect();
        let biases = biased.then_some(&biases[..]);
        let part = |rows: &[f32], biases: Option<&[f32]>| {
            let slots: Vec<u32> = (0..(rows.len() / DIMENSION) as u32).collect();
            Arc::new(matrix(RowFormat::F32, DIMENSION, &slots, rows, biases))
        };
        let whole = if biased { part(&rows, biases) } else { Arc::clone(&whole) };
        let older = part(&rows[..5_000 * DIMENSION], biases.map(|biases| &biases[..5_000]));
        let index = AnnIndex::open(build(&older, &SECOND).into_bytes()).unwrap();
        let newer: RoaringBitmap = (5_000..6_000).collect();
        assert_eq!(index.missing(&newer).unwrap(), newer);
        let with_bias = |slot: u32| {
            let mut row = rows[slot as usize * DIMENSION..][..DIMENSION].to_vec();
            row.extend(biases.map(|biases| biases[slot as usize]));
            (slot, row)
        };
        let rows: Vec<(u32, Vec<f32>)> = newer.iter().map(with_bias).collect();
        index.extend(&rows[..700]);
        assert_eq!(index.missing(&newer).unwrap(), (5_700..6_000).collect());
        index.extend(&rows);
        assert!(index.missing(&newer).unwrap().is_empty());
        let queries = vectors(&mut fastrand::Rng::with_seed(11), 200, DIMENSION);
        // Rows that a snapshot does not see are not nominated; of the older ones every fifth is dead.
        let seen: RoaringBitmap = (5_000..6_000).filter(|slot| slot % 3 != 0).collect();
        let live: RoaringBitmap = (0..5_000).filter(|slot| slot % 5 != 0).collect();
        for (filter, newer) in [(None, &newer), (None, &seen), (Some(&live), &seen)] {
            let params = SearchParams { limit: 10, effort: None, filter, newer: Some(newer) };
            let found = index.search(&CONTROL, &queries, &params).unwrap();
            let allowed: RoaringBitmap = filter.cloned().unwrap_or_else(|| (0..5_000).collect()) | newer;
            let (mut hits, mut owed) = (0, 0);
            for (query, found) in queries.chunks(DIMENSION).zip(&found) {
                assert!(found.is_sorted_by(|a, b| a < b) && found.iter().all(|slot| allowed.contains(*slot)));
                let truth = best(&whole, query, 10, Some(&allowed));
                owed += truth.len();
                hits += truth.iter().filter(|slot| found.contains(slot)).count();
            }
            assert!(hits as f64 >= 0.9 * owed as f64, "{hits} of {owed}");
        }
    }
}

/// How many places an index over some rows has.
fn places(numbers: &[f32], options: &AnnOptions) -> usize {
    let slots: Vec<u32> = (0..(numbers.len() / DIMENSION) as u32).collect();
    let source = Arc::new(matrix(RowFormat::F32, DIMENSION, &slots, numbers, None));
    let index = AnnIndex::open(build(&source, options).into_bytes()).unwrap();
    let places = index.describe().into_iter().find(|(name, _)| name == "places").unwrap();
    places.1.parse().unwrap()
}

#[test]
fn rows_are_not_in_second_lists_where_it_does_not_pay() {
    let mut random = fastrand::Rng::with_seed(6);
    let mut number = || (0..4).map(|_| random.f32()).sum::<f32>() - 2.0;
    // A hundred clusters of sixty rows each that have nothing to do with each other.
    let centres: Vec<f32> = (0..100 * DIMENSION).map(|_| number()).collect();
    let apart: Vec<f32> = (0..6_000 * DIMENSION)
        .map(|at| centres[at / DIMENSION % 100 * DIMENSION + at % DIMENSION] + 0.05 * number())
        .collect();
    assert_eq!(places(&apart, &AnnOptions::default()), 6_000);
    assert_eq!(places(&apart, &SECOND), 12_000);
    assert_eq!(places(&apart, &AnnOptions { second_lists: Some(false), ..SECOND }), 6_000);
}

#[test]
fn rows_are_in_second_lists_where_clusters_run_into_each_other() {
    let mut random = fastrand::Rng::with_seed(8);
    let mut number = || (0..4).map(|_| random.f32()).sum::<f32>() - 2.0;
    // Each number varies less than the one before it, as the principal components of embeddings do.
    let together: Vec<f32> =
        (0..12_000 * DIMENSION).map(|at| number() * 0.97f32.powi((at % DIMENSION) as i32)).collect();
    assert_eq!(places(&together, &AnnOptions::default()), 24_000);
}

#[test]
fn the_file_depends_on_rows_and_options_alone() {
    let source = source(3_000);
    let first = build(&source, &AnnOptions::default());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let again = pool.install(|| build(&source, &AnnOptions::default()));
    assert_eq!(first.as_ref(), again.as_ref());
    let other = build(&source, &AnnOptions { seed: 2, ..AnnOptions::default() });
    assert_ne!(first.as_ref(), other.as_ref());
}

#[test]
fn building_can_be_cancelled_and_long_rows_are_refused() {
    let control = BuildControl { cancelled: &|| true, ..BUILD };
    let built = AnnIndex::build(&control, &AnnOptions::default(), &source(500), AlignedBytes::new());
    assert!(matches!(built, Err(IndexError::Cancelled)));
    let rows = [1e18f32, 0.0, 1.0, 1.0];
    let long = Arc::new(matrix(RowFormat::F32, 2, &[0, 1], &rows, None));
    let built = AnnIndex::build(&BUILD, &AnnOptions::default(), &long, AlignedBytes::new());
    assert!(matches!(built, Err(IndexError::NormTooLarge { .. })));
}

#[test]
fn damage_never_panics_and_cut_files_never_open() {
    let rows = vectors(&mut fastrand::Rng::with_seed(3), 9, 2);
    let source = Arc::new(matrix(RowFormat::F32, 2, &(0..9).collect::<Vec<u32>>(), &rows, None));
    let file = build(&source, &AnnOptions { lists: Some(3), ..SECOND });
    survives_damage(&file, |bytes| {
        let Ok(index) = AnnIndex::open(bytes) else { return false };
        let params = SearchParams { limit: 2, effort: Some(1), filter: None, newer: None };
        // A damaged dimension makes another query fit; the checksum of the file is what refuses it.
        let query = vec![1.0; index.dimension()];
        let _ = index.search(&CONTROL, &query, &params);
        true
    });
}
