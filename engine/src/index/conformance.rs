//! One contract for every vector index, run over each of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use roaring::RoaringBitmap;

use super::ann::AnnIndex;
use super::ann_build::AnnOptions;
use super::error::IndexError;
use super::factory::Factory;
use super::faiss::FaissIndex;
use super::flat::FlatIndex;
use super::matrix::PackedMatrix;
use super::matrix::tests::matrix;
use super::search::{SearchControl, SearchParams, VectorIndex};
use crate::kernel::{normalize, select_top};
use crate::packed::AlignedBytes;
use crate::train::BuildControl;
use argtop_storage::RowFormat;

pub(super) const BUILD: BuildControl<'static> =
    BuildControl { cancelled: &|| false, progress: &|_, _| {}, threads: 2 };
pub(super) const CONTROL: SearchControl<'static> = SearchControl { cancelled: &|| false, threads: 3 };

const DIMENSION: usize = 24;

type Make = dyn Fn(Arc<PackedMatrix>) -> Box<dyn VectorIndex>;

/// Unit vectors around some centres, as embeddings lie.
pub(super) fn vectors(rng: &mut fastrand::Rng, count: usize, dimension: usize) -> Vec<f32> {
    let centres: Vec<f32> = (0..20 * dimension).map(|_| rng.f32() - 0.5).collect();
    let mut vectors = Vec::with_capacity(count * dimension);
    for _ in 0..count {
        let centre = rng.usize(..20) * dimension;
        let mut vector: Vec<f32> =
            centres[centre..centre + dimension].iter().map(|value| value + (rng.f32() - 0.5) * 0.8).collect();
        normalize(&mut vector).unwrap();
        vectors.extend(vector);
    }
    vectors
}

/// The exact best slots by sorting everything.
pub(super) fn best(
    matrix: &PackedMatrix,
    query: &[f32],
    limit: usize,
    filter: Option<&RoaringBitmap>,
) -> Vec<u32> {
    let mut scored: Vec<(f64, u32)> = (0..matrix.len())
        .map(|position| (matrix.score_exact(query, position), matrix.slots().slot(position)))
        .filter(|(_, slot)| filter.is_none_or(|filter| filter.contains(*slot)))
        .collect();
    select_top(&mut scored, limit, |a, b| a.cmp(&b));
    scored.into_iter().map(|(_, slot)| slot).collect()
}

/// Runs the whole contract; `recall` is what the index owes.
fn conforms(make: &Make, recall: f64) {
    for (format, gaps, biased) in [
        (RowFormat::F32, false, false),
        (RowFormat::F16, true, false),
        (RowFormat::I8, true, true),
        (RowFormat::F32, true, true),
    ] {
        let mut rng = fastrand::Rng::with_seed(7);
        let slots: Vec<u32> = (0..3000).map(|row| if gaps { row * 3 + 5 } else { row }).collect();
        let rows = vectors(&mut rng, slots.len(), DIMENSION);
        let biases: Vec<f32> = slots.iter().map(|_| rng.f32() * 0.2).collect();
        let matrix = Arc::new(matrix(format, DIMENSION, &slots, &rows, biased.then_some(&biases)));
        let index = make(Arc::clone(&matrix));
        assert_eq!((index.dimension(), index.len(), index.is_empty()), (DIMENSION, 3000, false));
        assert_eq!(index.slot_end(), slots[2999] + 1);
        assert!(!index.describe().is_empty());
        finds_the_best(&*index, &matrix, &rows[..DIMENSION * 40], recall);
        refuses_bad_queries(&*index);
        can_be_cancelled(&*index, &rows[..DIMENSION * 40]);
    }
    small_indexes(make);
}

fn finds_the_best(index: &dyn VectorIndex, matrix: &PackedMatrix, queries: &[f32], recall: f64) {
    let all: RoaringBitmap = (0..20_000).collect();
    let most: RoaringBitmap = (0..20_000).filter(|slot| slot % 7 != 0).collect();
    let some: RoaringBitmap = (0..20_000).filter(|slot| slot % 5 == 0).collect();
    let few: RoaringBitmap = [5, 8, 29, 500, 8000, 9_999, 1 << 30].into_iter().collect();
    let none = RoaringBitmap::new();
    for filter in [None, Some(&all), Some(&most), Some(&some), Some(&few), Some(&none)] {
        for limit in [0, 1, 10, 100, 5000, usize::MAX] {
            let params = SearchParams { limit, effort: None, filter, newer: None };
            let answers = index.search(&CONTROL, queries, &params).unwrap();
            assert_eq!(answers.len(), queries.len() / DIMENSION);
            let (mut hits, mut owed) = (0, 0);
            for (query, slots) in queries.chunks(DIMENSION).zip(&answers) {
                assert!(slots.is_sorted_by(|a, b| a < b), "ascending, none twice");
                assert!(slots.iter().all(|slot| matrix.position_of(*slot).is_some()));
                assert!(slots.iter().all(|slot| filter.is_none_or(|filter| filter.contains(*slot))));
                let expected = best(matrix, query, limit, filter);
                assert!(slots.len() >= expected.len(), "as many as are owed");
                owed += expected.len();
                hits += expected.iter().filter(|slot| slots.binary_search(slot).is_ok()).count();
                if limit == 0 {
                    assert!(slots.is_empty());
                }
            }
            let found = if owed == 0 { 1.0 } else { hits as f64 / owed as f64 };
            assert!(found >= recall, "{:?}: recall {found} at limit {limit}", index.describe());
            if index.exact() {
                assert_eq!(hits, owed);
                let one = index.search(&CONTROL, &queries[..DIMENSION], &params).unwrap();
                let expected = best(matrix, &queries[..DIMENSION], limit, filter);
                assert!(expected.iter().all(|slot| one[0].contains(slot)), "alone as in a batch");
            }
        }
    }
    assert!(
        index
            .search(&CONTROL, &[], &SearchParams { limit: 3, effort: None, filter: None, newer: None })
            .unwrap()
            .is_empty()
    );
}

fn refuses_bad_queries(index: &dyn VectorIndex) {
    let params = SearchParams { limit: 3, effort: None, filter: None, newer: None };
    let error = index.search(&CONTROL, &[0.5; DIMENSION + 1], &params).unwrap_err();
    assert!(matches!(error, IndexError::Dimension { dimension: DIMENSION, numbers: 25 }));
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut queries = vec![0.5; DIMENSION * 3];
        queries[DIMENSION + 4] = bad;
        let error = index.search(&CONTROL, &queries, &params).unwrap_err();
        assert!(matches!(error, IndexError::NotFinite { query: 1, position: 4, .. }));
    }
    // Products that overflow are no reason to lose a label, or to stop.
    let huge = index.search(&CONTROL, &[3e38; DIMENSION], &params).unwrap();
    assert!(huge[0].len() >= 3);
    let zero = index.search(&CONTROL, &[0.0; DIMENSION], &params).unwrap();
    assert!(zero[0].len() >= 3);
}

fn can_be_cancelled(index: &dyn VectorIndex, queries: &[f32]) {
    let params = SearchParams { limit: 3, effort: None, filter: None, newer: None };
    let asked = AtomicUsize::new(0);
    for after in [0, 1] {
        asked.store(0, Ordering::Relaxed);
        let cancelled = || asked.fetch_add(1, Ordering::Relaxed) >= after;
        let control = SearchControl { cancelled: &cancelled, threads: 2 };
        assert!(matches!(index.search(&control, queries, &params), Err(IndexError::Cancelled)));
    }
}

fn small_indexes(make: &Make) {
    let params = SearchParams { limit: 10, effort: None, filter: None, newer: None };
    let empty = make(Arc::new(matrix(RowFormat::F32, 3, &[], &[], None)));
    assert!(empty.is_empty());
    assert_eq!(empty.search(&CONTROL, &[1.0; 6], &params).unwrap(), [[0u32; 0]; 2]);
    assert!(matches!(empty.search(&CONTROL, &[1.0; 4], &params), Err(IndexError::Dimension { .. })));
    let equal = make(Arc::new(matrix(RowFormat::F32, 2, &[4, 6, 9], &[0.6, 0.8].repeat(3), None)));
    assert_eq!(equal.search(&CONTROL, &[1.0, 0.0], &params).unwrap(), [[4, 6, 9]]);
    let filter: RoaringBitmap = [6, 7].into_iter().collect();
    let params = SearchParams { filter: Some(&filter), ..params };
    assert_eq!(equal.search(&CONTROL, &[1.0, 0.0], &params).unwrap(), [[6]]);
}

fn faiss(factory: &'static str) -> impl Fn(Arc<PackedMatrix>) -> Box<dyn VectorIndex> {
    move |matrix| {
        let factory = Factory::parse(factory).unwrap();
        // An index that cannot be trained on a handful of rows is tried on the large matrices only.
        let factory = if factory.check(3, matrix.len()).is_err() { Factory::DEFAULT } else { factory };
        Box::new(FaissIndex::build(&BUILD, factory, &matrix).unwrap())
    }
}

#[test]
fn flat_conforms() {
    conforms(&|matrix| Box::new(FlatIndex::new(matrix)), 1.0);
}

fn ann(lists: Option<usize>) -> impl Fn(Arc<PackedMatrix>) -> Box<dyn VectorIndex> {
    move |matrix| {
        let options = AnnOptions { lists, second_lists: Some(true), ..AnnOptions::default() };
        let built = AnnIndex::build(&BUILD, &options, &matrix, AlignedBytes::new()).unwrap();
        Box::new(AnnIndex::open(built.file.into_bytes()).unwrap())
    }
}

#[test]
fn ann_conforms() {
    conforms(&ann(None), 0.9);
    conforms(&ann(Some(1)), 0.9);
    conforms(&ann(Some(500)), 0.9);
}

#[test]
fn faiss_flat_and_scalar_conform() {
    conforms(&faiss("Flat"), 0.999);
    conforms(&faiss("SQ8"), 0.9);
}

#[test]
fn faiss_hnsw_conforms() {
    conforms(&faiss("HNSW16"), 0.95);
    conforms(&faiss("HNSW16,SQ8"), 0.9);
}

#[test]
fn faiss_ivf_conforms() {
    conforms(&faiss("IVF16,Flat"), 0.6);
    conforms(&faiss("IVF20_HNSW8,SQ8"), 0.6);
}

#[test]
fn many_equal_rows_are_all_nominated_by_the_exact_index() {
    let slots: Vec<u32> = (0..20_000).collect();
    let matrix = Arc::new(matrix(RowFormat::F32, 2, &slots, &[0.6, 0.8].repeat(20_000), None));
    let index = FlatIndex::new(matrix);
    let params = SearchParams { limit: 5, effort: None, filter: None, newer: None };
    for threads in [1, 4] {
        let control = SearchControl { threads, ..CONTROL };
        assert_eq!(index.search(&control, &[1.0, 0.5], &params).unwrap()[0].len(), 20_000);
    }
}

#[test]
fn parts_and_batches_of_the_exact_index_agree() {
    let mut rng = fastrand::Rng::with_seed(3);
    let slots: Vec<u32> = (0..40_000).collect();
    let rows = vectors(&mut rng, slots.len(), 8);
    let matrix = Arc::new(matrix(RowFormat::F32, 8, &slots, &rows, None));
    let index = FlatIndex::new(Arc::clone(&matrix));
    let queries = &rows[..8 * 9];
    let some: RoaringBitmap = (0..40_000).filter(|slot| slot % 3 == 0).collect();
    for filter in [None, Some(&some)] {
        let params = SearchParams { limit: 50, effort: None, filter, newer: None };
        for threads in [1, 2, 7, 16] {
            let control = SearchControl { threads, ..CONTROL };
            let together = index.search(&control, queries, &params).unwrap();
            for (query, slots) in queries.chunks(8).zip(&together) {
                assert!(
                    best(&matrix, query, 50, filter).iter().all(|slot| slots.binary_search(slot).is_ok())
                );
                assert!(slots.len() < 200, "the margin is narrow");
            }
        }
    }
}
