//! Exact search in f32 and by way of 8 bits against faiss' flat index, in one run: `make bench`, or
//! `cargo bench --workspace --bench flat`. The labels of the demonstration, 500 of its test texts as
//! queries, the best 100 of each. All three take turns; single queries are medians over all rounds, batches
//! the best round. Single queries include the exact scores of the nominees, which the engine adds to any
//! index.

#![allow(clippy::print_stdout)]

mod common;
#[path = "common/vectors.rs"]
mod vectors;

use std::sync::Arc;
use std::time::Instant;

use argtop::index::{Factory, FaissIndex, FlatIndex, SearchControl, SearchParams, VectorIndex};
use argtop::kernel::select_top;
use argtop::train::BuildControl;
use common::{Fallible, median, titles};
use vectors::{matrix, sketch, vectors};

const QUERIES: usize = 500;
const LIMIT: usize = 100;
const ROUNDS: usize = 3;

struct Figures {
    name: &'static str,
    index: Box<dyn VectorIndex>,
    alone: Vec<f64>,
    batch: f64,
    nominees: usize,
}

fn main() -> Fallible<()> {
    let (dimension, rows) = vectors(&titles("lbl")?)?;
    let texts = titles("tst")?;
    let (_, queries) = vectors(&texts.into_iter().step_by(49).take(QUERIES).collect::<Vec<_>>())?;
    let plain = Arc::new(matrix(dimension, &rows)?);
    let sketched = Arc::new(matrix(dimension, &rows)?.with_sketch(Some(sketch(dimension, &rows)?)));
    let control = BuildControl { cancelled: &|| false, progress: &|_, _| {}, threads: 2 };
    let faiss = FaissIndex::build(&control, Factory::parse("Flat")?, &plain)?;
    let figures = |name, index| Figures { name, index, alone: Vec::new(), batch: 0.0, nominees: 0 };
    let mut all = [
        figures("faiss Flat", Box::new(faiss) as Box<dyn VectorIndex>),
        figures("flat, f32", Box::new(FlatIndex::new(Arc::clone(&plain)))),
        figures("flat, 8 bits first", Box::new(FlatIndex::new(sketched))),
    ];
    let params = SearchParams { limit: LIMIT, effort: None, filter: None, newer: None };
    let score = |query: &[f32], nominees: &[u32]| {
        let mut scored: Vec<(f64, u32)> =
            nominees.iter().map(|slot| (plain.score_exact(query, *slot as usize), *slot)).collect();
        select_top(&mut scored, LIMIT, |a, b| a.cmp(&b));
        scored
    };
    for _ in 0..ROUNDS {
        for figures in &mut all {
            for query in queries.chunks(dimension).step_by(5) {
                let control = SearchControl { cancelled: &|| false, threads: 1 };
                let started = Instant::now();
                let found = figures.index.search(&control, query, &params)?;
                score(query, &found[0]);
                figures.alone.push(started.elapsed().as_secs_f64());
                figures.nominees = figures.nominees.max(found[0].len());
            }
            let control = SearchControl { cancelled: &|| false, threads: 2 };
            let started = Instant::now();
            let found = figures.index.search(&control, &queries, &params)?;
            let seconds = started.elapsed().as_secs_f64();
            figures.batch = figures.batch.max(found.len() as f64 / seconds);
        }
    }
    let count = rows.len() / dimension;
    println!(
        "{count} labels of {dimension} numbers, the best {LIMIT}; {} queries",
        queries.len() / dimension
    );
    for Figures { name, alone, batch, nominees, .. } in &all {
        let (alone, first) = (median(alone), median(&all[0].alone));
        println!(
            "  {name:<20} {:>7.3} ms alone on one thread ({:.2} of faiss), {batch:>7.0} queries/s in a batch \
             on two ({:.2}), at most {nominees} nominees",
            alone * 1e3,
            alone / first,
            batch / all[0].batch
        );
    }
    for query in queries.chunks(dimension).step_by(50) {
        let control = SearchControl { cancelled: &|| false, threads: 1 };
        let answers: Result<Vec<_>, _> =
            all.iter().map(|figures| figures.index.search(&control, query, &params)).collect();
        let answers: Vec<_> = answers?.iter().map(|found| score(query, &found[0])).collect();
        if answers[1] != answers[2] {
            return Err("the two flat searches differ".into());
        }
    }
    Ok(())
}
