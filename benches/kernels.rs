//! Times of the kernels on one thread, by divan: `make bench`. 384 numbers a row, as small sentence encoders
//! give.

use std::hint::black_box;

use argtop::kernel::{
    Codes8, Nominees, PANEL, PanelWriter, Panels, RowData, Rows, SIGN_BLOCK, SignQuery, SignRows, dot,
    dot_exact, gather, normalize, push_sign_block, scan, scores, select_top,
};
use argtop_benches::sample::{self, DIMENSION};
use divan::Bencher;
use divan::counter::ItemsCount;
use half::f16;

/// Rows that fit the second-level cache in f32, and rows that no cache holds.
const NEAR: usize = 512;
const FAR: usize = 131_072;
/// Queries of a batch.
const BATCH: usize = 64;

/// The same rows in every stored format.
struct Stored {
    wide: Vec<f32>,
    half: Vec<f16>,
    codes: Vec<i8>,
    scales: Vec<f32>,
}

impl Stored {
    fn new(count: usize) -> Stored {
        let wide = sample::vectors(1, count, DIMENSION);
        let half = wide.iter().map(|value| f16::from_f32(*value)).collect();
        let mut codes = Vec::with_capacity(wide.len());
        let mut scales = Vec::with_capacity(count);
        for row in wide.chunks_exact(DIMENSION) {
            let scale = row.iter().fold(0.0f32, |largest, value| largest.max(value.abs())) / 127.0;
            codes.extend(row.iter().map(|value| (value / scale).round() as i8));
            scales.push(scale);
        }
        Stored { wide, half, codes, scales }
    }

    fn rows(&self, format: &str) -> Rows<'_> {
        let data = match format {
            "f32" => RowData::F32(&self.wide),
            "f16" => RowData::F16(&self.half),
            _ => RowData::I8 { codes: &self.codes, scales: &self.scales },
        };
        Rows::new(DIMENSION, data).expect("whole rows")
    }
}

const FORMATS: [&str; 3] = ["f32", "f16", "i8"];

#[divan::bench]
fn dot_fast(bencher: Bencher<'_, '_>) {
    let rows = sample::vectors(1, 2, DIMENSION);
    let (a, b) = rows.split_at(DIMENSION);
    bencher.bench_local(|| dot(black_box(a), black_box(b)));
}

#[divan::bench]
fn dot_in_f64(bencher: Bencher<'_, '_>) {
    let rows = sample::vectors(1, 2, DIMENSION);
    let (a, b) = rows.split_at(DIMENSION);
    bencher.bench_local(|| dot_exact(black_box(a), black_box(b)));
}

/// One query against rows one after the other, from the cache.
#[divan::bench(args = FORMATS)]
fn scan_rows(bencher: Bencher<'_, '_>, format: &str) {
    let (stored, query) = (Stored::new(NEAR), sample::vectors(2, 1, DIMENSION));
    let (rows, mut out) = (stored.rows(format), vec![0.0; NEAR]);
    bencher.counter(ItemsCount::new(NEAR)).bench_local(|| scan(black_box(&query), &rows, &mut out));
}

/// One query against rows here and there in memory.
#[divan::bench(args = FORMATS)]
fn gather_rows(bencher: Bencher<'_, '_>, format: &str) {
    const PICKED: usize = 1_000;
    let (stored, query) = (Stored::new(FAR), sample::vectors(2, 1, DIMENSION));
    let rows = stored.rows(format);
    let mut rng = fastrand::Rng::with_seed(3);
    let mut out = vec![0.0; PICKED];
    let positions = move || -> Vec<u32> { (0..PICKED).map(|_| rng.u32(..FAR as u32)).collect() };
    bencher
        .counter(ItemsCount::new(PICKED))
        .with_inputs(positions)
        .bench_local_refs(|positions| gather(black_box(&query), &rows, positions, &mut out));
}

/// Exact scores of rows here and there, as a re-rank takes them.
#[divan::bench(args = FORMATS)]
fn rerank_exact(bencher: Bencher<'_, '_>, format: &str) {
    const PICKED: usize = 400;
    let (stored, query) = (Stored::new(FAR), sample::vectors(2, 1, DIMENSION));
    let rows = stored.rows(format);
    let mut rng = fastrand::Rng::with_seed(3);
    let positions = move || -> Vec<usize> { (0..PICKED).map(|_| rng.usize(..FAR)).collect() };
    bencher.counter(ItemsCount::new(PICKED)).with_inputs(positions).bench_local_refs(|positions| {
        positions.iter().map(|position| rows.dot_exact(&query, *position)).sum::<f64>()
    });
}

/// A matrix product of queries and rows in f32.
#[divan::bench(args = [4, 16, BATCH, 256])]
fn product_f32(bencher: Bencher<'_, '_>, queries: usize) {
    let (stored, queries) = (Stored::new(NEAR), sample::vectors(2, queries, DIMENSION));
    let (rows, mut out) = (stored.rows("f32"), vec![0.0; NEAR * queries.len() / DIMENSION]);
    let products = ItemsCount::new(out.len());
    bencher.counter(products).bench_local(|| scores(black_box(&queries), &rows, &mut out));
}

/// The same in 8 bits, quantising the queries included.
#[divan::bench(args = [1, 4, 16, BATCH, 256])]
fn product_int8(bencher: Bencher<'_, '_>, queries: usize) {
    let (rows, queries) = (sample::vectors(1, NEAR, DIMENSION), sample::vectors(2, queries, DIMENSION));
    let (mut codes, mut scales) = (Vec::new(), Vec::new());
    let mut writer = PanelWriter::new(DIMENSION);
    assert!(NEAR.is_multiple_of(PANEL), "whole panels");
    for row in rows.chunks_exact(DIMENSION) {
        writer.push(row);
        if writer.is_full() {
            writer.take(|panel, of_panel| {
                codes.extend_from_slice(panel);
                scales.extend_from_slice(of_panel);
            });
        }
    }
    let panels = Panels::new(DIMENSION, NEAR, &codes, &scales).expect("whole panels");
    let mut out = vec![0.0; NEAR * queries.len() / DIMENSION];
    let products = ItemsCount::new(out.len());
    bencher.counter(products).bench_local(|| {
        panels.products(&Codes8::encode(black_box(&queries), DIMENSION), 0..NEAR, &mut out);
    });
}

/// Signs against queries of 5 bits: all rows for one query, as they come from memory, and lists of three
/// blocks for each of 16 queries, as a batch reads them.
#[divan::bench(args = [1, 16])]
fn scan_signs(bencher: Bencher<'_, '_>, queries: usize) {
    const LIST: usize = 3;
    let rows = if queries == 1 { FAR } else { NEAR * 3 };
    let mut codes = Vec::new();
    for block in sample::vectors(1, rows, DIMENSION).chunks_exact(SIGN_BLOCK * DIMENSION) {
        push_sign_block(block, DIMENSION, &mut codes);
    }
    let (factors, shifts) = (vec![0.5; rows], vec![0.0; rows]);
    let signs = SignRows::new(DIMENSION, &codes, &factors, &shifts).expect("whole blocks");
    let tables = sample::vectors(2, queries, DIMENSION);
    let tables: Vec<SignQuery> = tables
        .chunks_exact(DIMENSION)
        .map(|values| {
            let mut query = SignQuery::default();
            query.set(values);
            query
        })
        .collect();
    let (mut out, mut reached) = (vec![0.0; LIST * SIGN_BLOCK], vec![0; LIST]);
    bencher.counter(ItemsCount::new(rows / (LIST * SIGN_BLOCK) * LIST * SIGN_BLOCK * queries)).bench_local(
        || {
            for list in 0..signs.blocks() / LIST {
                for query in &tables {
                    let blocks = list * LIST..(list + 1) * LIST;
                    let next = Some(blocks.end).filter(|next| *next < signs.blocks());
                    signs.estimates(black_box(query), (0.0, 1.0), (blocks, next), &mut out, &mut reached);
                }
            }
        },
    );
}

/// The best hundred of the scores of a hundred thousand labels.
#[divan::bench]
fn select_from_scan(bencher: Bencher<'_, '_>) {
    const LABELS: usize = 117_137;
    let mut rng = fastrand::Rng::with_seed(4);
    let scores: Vec<f32> = (0..LABELS).map(|_| rng.f32()).collect();
    bencher.counter(ItemsCount::new(LABELS)).bench_local(|| {
        let mut nominees = Nominees::new(100, 1e-5);
        nominees.offer(black_box(&scores), |position| Some(position as u32));
        nominees.finish()
    });
}

/// The best hundred of a few hundred exact scores, in order.
#[divan::bench]
fn select_from_nominees(bencher: Bencher<'_, '_>) {
    let mut rng = fastrand::Rng::with_seed(5);
    let scored: Vec<(f64, u32)> = (0..400).map(|slot| (rng.f64(), slot)).collect();
    bencher
        .with_inputs(|| scored.clone())
        .bench_local_refs(|scored| select_top(scored, 100, |a, b| a.cmp(&b)));
}

#[divan::bench]
fn normalize_one(bencher: Bencher<'_, '_>) {
    let row = sample::vectors(1, 1, DIMENSION);
    bencher
        .with_inputs(|| row.clone())
        .bench_local_refs(|row| normalize(row).expect("a vector that is not zero"));
}

fn main() {
    divan::main();
}
