//! What is particular to faiss: files, efforts, threads, and what it must never see.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::conformance::{BUILD, CONTROL, best, vectors};
use super::super::factory::FactoryError;
use super::super::matrix::tests::matrix;
use super::*;
use crate::packed::AlignedBytes;
use argtop_storage::RowFormat;

const DIMENSION: usize = 16;

fn sample(rows: u32) -> (Vec<f32>, PackedMatrix) {
    let rows_data = vectors(&mut fastrand::Rng::with_seed(5), rows as usize, DIMENSION);
    let slots: Vec<u32> = (0..rows).map(|row| row * 2).collect();
    let matrix = matrix(RowFormat::F32, DIMENSION, &slots, &rows_data, None);
    (rows_data, matrix)
}

fn build(factory: &str, matrix: &PackedMatrix) -> FaissIndex {
    FaissIndex::build(&BUILD, Factory::parse(factory).unwrap(), matrix).unwrap()
}

fn recall(index: &FaissIndex, matrix: &PackedMatrix, queries: &[f32], params: &SearchParams<'_>) -> f64 {
    let answers = index.search(&CONTROL, queries, params).unwrap();
    let (mut hits, mut owed) = (0, 0);
    for (query, slots) in queries.chunks(DIMENSION).zip(answers) {
        let expected = best(matrix, query, params.limit, params.filter);
        owed += expected.len();
        hits += expected.iter().filter(|slot| slots.contains(slot)).count();
    }
    hits as f64 / owed as f64
}

#[test]
fn every_factory_survives_writing_and_opening() {
    let (rows, matrix) = sample(2000);
    let queries = &rows[..DIMENSION * 20];
    let params = SearchParams { limit: 10, effort: None, filter: None, newer: None };
    for factory in [
        "Flat",
        "SQ8",
        "SQ4",
        "HNSW8",
        "HNSW8,SQ6",
        "IVF8,Flat",
        "IVF8_HNSW8,SQfp16",
        "IVF8,PQ4x4",
        "IVF8,PQ8x4fs",
    ] {
        let built = build(factory, &matrix);
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(built.write(directory.path()).unwrap(), [FAISS_SLOTS_FILE, FAISS_INDEX_FILE]);
        let bytes = std::fs::read(directory.path().join(FAISS_SLOTS_FILE)).unwrap();
        let bytes = AlignedBytes::from(bytes.as_slice()).into_bytes();
        let opened = FaissIndex::open(directory.path(), bytes).unwrap();
        assert_eq!(opened.describe(), built.describe());
        assert_eq!(opened.kind(), built.kind());
        let answers = |index: &FaissIndex| index.search(&CONTROL, queries, &params).unwrap();
        assert_eq!(answers(&opened), answers(&built), "{factory}");
    }
}

#[test]
fn a_file_of_another_index_is_refused() {
    let (_, large) = sample(500);
    let (_, small) = sample(400);
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    build("HNSW8", &large).write(one.path()).unwrap();
    build("IVF4,Flat", &small).write(other.path()).unwrap();
    let slots = |directory: &tempfile::TempDir| {
        let bytes = std::fs::read(directory.path().join(FAISS_SLOTS_FILE)).unwrap();
        AlignedBytes::from(bytes.as_slice()).into_bytes()
    };
    let error = FaissIndex::open(one.path(), slots(&other)).err().unwrap();
    assert!(matches!(error, IndexError::FaissFile { what: "rows", expected: 400, found: 500 }), "{error}");
    let same = tempfile::tempdir().unwrap();
    build("HNSW8", &small).write(same.path()).unwrap();
    let error = FaissIndex::open(same.path(), slots(&other)).err().unwrap();
    assert!(matches!(error, IndexError::FaissFile { what: "lists", expected: 4, found: 0 }), "{error}");
    std::fs::write(one.path().join(FAISS_INDEX_FILE), b"no index").unwrap();
    let error = FaissIndex::open(one.path(), slots(&one)).err().unwrap();
    assert!(matches!(error, IndexError::Faiss { call: "read the index", .. }), "{error}");
    std::fs::remove_file(one.path().join(FAISS_INDEX_FILE)).unwrap();
    assert!(matches!(FaissIndex::open(one.path(), slots(&one)), Err(IndexError::Io(_))));
}

#[test]
fn an_index_without_rows_has_one_file() {
    let empty = matrix(RowFormat::F32, DIMENSION, &[], &[], None);
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(build("IVF64,PQ4", &empty).write(directory.path()).unwrap(), [FAISS_SLOTS_FILE]);
    let bytes = std::fs::read(directory.path().join(FAISS_SLOTS_FILE)).unwrap();
    let opened =
        FaissIndex::open(directory.path(), AlignedBytes::from(bytes.as_slice()).into_bytes()).unwrap();
    let params = SearchParams { limit: 10, effort: None, filter: None, newer: None };
    assert_eq!(opened.search(&CONTROL, &[0.5; DIMENSION], &params).unwrap(), [[0u32; 0]]);
}

#[test]
fn more_effort_finds_more_and_is_not_forgotten_between_searches() {
    let (_, matrix) = sample(12_000);
    // Queries that are no rows: a graph finds its own rows with next to no effort.
    let mut random = fastrand::Rng::with_seed(5);
    let queries: Vec<f32> = (0..DIMENSION * 100).map(|_| random.f32() - 0.5).collect();
    let queries = &queries[..];
    for (factory, low, high) in [("HNSW4", 1, 400), ("IVF64,Flat", 1, 64)] {
        let index = build(factory, &matrix);
        let params = |effort| SearchParams { limit: 5, effort: Some(effort), filter: None, newer: None };
        let first = recall(&index, &matrix, queries, &params(low));
        let second = recall(&index, &matrix, queries, &params(high));
        assert!(second > first && second > 0.9, "{factory}: {first} {second}");
        assert_eq!(recall(&index, &matrix, queries, &params(low)), first, "{factory}");
        assert!(recall(&index, &matrix, queries, &params(usize::MAX)) >= second);
    }
}

#[test]
fn searches_of_different_effort_run_side_by_side() {
    let (rows, matrix) = sample(3000);
    let index = Arc::new(build("HNSW4", &matrix));
    let queries = &rows[..DIMENSION * 40];
    let expected: Vec<Vec<Vec<u32>>> = [8, 64, 512]
        .iter()
        .map(|effort| {
            let params = SearchParams { limit: 5, effort: Some(*effort), filter: None, newer: None };
            index.search(&CONTROL, queries, &params).unwrap()
        })
        .collect();
    std::thread::scope(|scope| {
        for (effort, expected) in [8, 64, 512].into_iter().zip(&expected) {
            for _ in 0..2 {
                let index = Arc::clone(&index);
                scope.spawn(move || {
                    for _ in 0..10 {
                        let params =
                            SearchParams { limit: 5, effort: Some(effort), filter: None, newer: None };
                        assert_eq!(index.search(&CONTROL, queries, &params).unwrap(), *expected);
                    }
                });
            }
        }
    });
}

#[test]
fn nearly_full_filters_are_not_short_of_answers() {
    let (rows, matrix) = sample(4000);
    let index = build("HNSW8", &matrix);
    // The nearest labels of each query are the forbidden ones, so that asking for some more is not enough.
    let forbidden = best(&matrix, &rows[..DIMENSION], 1500, None);
    let mut filter: RoaringBitmap = (0..8000).collect();
    forbidden.iter().for_each(|slot| {
        filter.remove(*slot);
    });
    let params = SearchParams { limit: 20, effort: None, filter: Some(&filter), newer: None };
    assert!(recall(&index, &matrix, &rows[..DIMENSION], &params) >= 0.9);
}

#[test]
fn builds_can_be_cancelled_and_tell_their_progress() {
    let (_, matrix) = sample(10_000);
    let asked = AtomicUsize::new(0);
    let cancelled = || asked.fetch_add(1, Ordering::Relaxed) >= 2;
    let control = BuildControl { cancelled: &cancelled, ..BUILD };
    let stopped = FaissIndex::build(&control, Factory::parse("HNSW8").unwrap(), &matrix);
    assert!(matches!(stopped, Err(IndexError::Cancelled)));
    let told = std::sync::Mutex::new(Vec::new());
    let progress = |done, total| told.lock().unwrap().push((done, total));
    let control = BuildControl { progress: &progress, ..BUILD };
    FaissIndex::build(&control, Factory::parse("SQ8").unwrap(), &matrix).unwrap();
    assert_eq!(*told.lock().unwrap(), [(4096, 10_000), (8192, 10_000), (10_000, 10_000)]);
}

#[test]
fn what_faiss_must_not_see_is_refused() {
    let (_, few) = sample(30);
    let factory = Factory::parse("IVF64,Flat").unwrap();
    let error = FaissIndex::build(&BUILD, factory, &few).err().unwrap();
    assert!(matches!(error, IndexError::Factory(FactoryError::TooFewRows { needed: 64, rows: 30, .. })));
    let error = FaissIndex::build(&BUILD, Factory::parse("IVF4,PQ5x4").unwrap(), &few).err().unwrap();
    assert!(matches!(error, IndexError::Factory(FactoryError::Parts { parts: 5, dimension: DIMENSION })));
    let huge = matrix(RowFormat::F32, 2, &[0, 1], &[1e30, 1.0, 1.0, 1.0], None);
    let error = FaissIndex::build(&BUILD, Factory::DEFAULT, &huge).err().unwrap();
    assert!(matches!(error, IndexError::NormTooLarge { .. }));
    let index = build("Flat", &few);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a\0b");
    assert!(index.write(&path).is_err());
}

#[test]
fn errors_of_faiss_itself_come_back_with_their_message() {
    let product = Factory {
        kind: FaissKind::Hnsw { links: 8 },
        encoding: super::super::factory::Encoding::Product { parts: 3, bits: 4, fast: true },
    };
    let error = make_raw(&product, 16).err().unwrap();
    let IndexError::Faiss { code, message, .. } = error else { panic!("{error}") };
    assert!(code < 0 && message.contains("HNSW8,PQ3x4fs"), "{code} {message}");
}

#[test]
fn efforts_are_stepped_up_to_few_values() {
    let stepped: Vec<usize> = [1, 2, 3, 4, 5, 6, 7, 9, 100, 128, 129, 200].map(super::stepped).to_vec();
    assert_eq!(stepped, [1, 2, 3, 4, 6, 6, 8, 12, 128, 128, 192, 256]);
}
