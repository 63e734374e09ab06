//! Approximate search by an `ann` index against faiss, in one run: `make bench`, or
//! `cargo bench --workspace --bench ann`. The labels of the demonstration, 1,000 of its test texts as
//! queries, the best 10 and 100 of each, recall against the exact best. All take turns; single queries are
//! medians over all rounds, batches the best round. Single queries include the exact scores of the nominees,
//! which the engine adds to any index. `-- 1221 1627 2440` compares indexes of so many lists instead.

#![allow(clippy::print_stdout)]

mod common;
#[path = "common/vectors.rs"]
mod vectors;

use std::sync::Arc;
use std::time::Instant;

use argtop::index::{
    AlignedBytes, AnnIndex, AnnOptions, Factory, FaissIndex, FlatIndex, PackedMatrix, SearchControl,
    SearchParams, VectorIndex,
};
use argtop::kernel::select_top;
use argtop::train::BuildControl;
use common::{Fallible, median, titles};
use vectors::{matrix, sketch, vectors};

const QUERIES: usize = 1000;
const LIMITS: [usize; 2] = [10, 100];
const ROUNDS: usize = 3;

struct Figures {
    name: String,
    index: Box<dyn VectorIndex>,
    effort: Option<usize>,
    /// Seconds to build it.
    built: f64,
    alone: Vec<f64>,
    batch: f64,
    recall: f64,
}

fn figures(name: &str, built: f64, effort: Option<usize>, index: Box<dyn VectorIndex>) -> Figures {
    Figures { name: name.to_string(), index, effort, built, alone: Vec::new(), batch: 0.0, recall: 0.0 }
}

fn indexes(source: &Arc<PackedMatrix>, lists: &[usize]) -> Fallible<Vec<Figures>> {
    let control = BuildControl { cancelled: &|| false, progress: &|_, _| {}, threads: 2 };
    let mut all = Vec::new();
    let faiss =
        [("faiss HNSW32", "HNSW32", None), ("faiss IVF1024,SQ8, 200 lists", "IVF1024,SQ8", Some(200))];
    // Where lists are compared with each other, the first of them takes the place of faiss.
    for (name, factory, effort) in faiss.into_iter().filter(|_| lists.is_empty()) {
        let started = Instant::now();
        let index = FaissIndex::build(&control, Factory::parse(factory)?, source)?;
        all.push(figures(name, started.elapsed().as_secs_f64(), effort, Box::new(index)));
    }
    let targets =
        [0.9, 0.95, 0.99].map(|target_recall| AnnOptions { target_recall, ..AnnOptions::default() });
    let of_lists = lists.iter().map(|lists| AnnOptions { lists: Some(*lists), ..AnnOptions::default() });
    let of_lists: Vec<AnnOptions> = of_lists.collect();
    for options in if lists.is_empty() { &targets[..] } else { &of_lists[..] } {
        let started = Instant::now();
        let built = AnnIndex::build(&control, options, source, AlignedBytes::new())?;
        let seconds = started.elapsed().as_secs_f64();
        let bytes = built.file.as_ref().len() as f64 / source.len() as f64;
        let index = AnnIndex::open(built.file.into_bytes())?;
        let lists = options.lists.map(|lists| format!("{lists} lists, ")).unwrap_or_default();
        let name = format!("ann, target {}, {lists}{bytes:.0} bytes a row", options.target_recall);
        all.push(figures(&name, seconds, None, Box::new(index)));
    }
    Ok(all)
}

/// The exact best of the nominees.
fn best(source: &PackedMatrix, query: &[f32], nominees: &[u32], limit: usize) -> Vec<u32> {
    let score = |slot: &u32| (source.score_exact(query, *slot as usize), *slot);
    let mut scored: Vec<(f64, u32)> = nominees.iter().map(score).collect();
    select_top(&mut scored, limit, |a, b| a.cmp(&b));
    scored.into_iter().map(|(_, slot)| slot).collect()
}

fn measure(all: &mut [Figures], source: &Arc<PackedMatrix>, queries: &[f32], limit: usize) -> Fallible<()> {
    let dimension = source.shape().dimension;
    let (one, two) = (
        SearchControl { cancelled: &|| false, threads: 1 },
        SearchControl { cancelled: &|| false, threads: 2 },
    );
    let exact = SearchParams { limit, effort: None, filter: None, newer: None };
    let nominees = FlatIndex::new(Arc::clone(source)).search(&two, queries, &exact)?;
    let answer = |(query, nominees): (&[f32], &Vec<u32>)| best(source, query, nominees, limit);
    let truth: Vec<Vec<u32>> = queries.chunks(dimension).zip(&nominees).map(answer).collect();
    for round in 0..ROUNDS {
        for figures in &mut *all {
            let params = SearchParams { effort: figures.effort, ..exact };
            let mut hits = 0;
            for (query, truth) in queries.chunks(dimension).zip(&truth).skip(round).step_by(ROUNDS) {
                let started = Instant::now();
                let found = figures.index.search(&one, query, &params)?;
                let found = best(source, query, &found[0], limit);
                figures.alone.push(started.elapsed().as_secs_f64());
                hits += truth.iter().filter(|slot| found.contains(slot)).count();
            }
            figures.recall += hits as f64 / (truth.len() * limit) as f64;
            let started = Instant::now();
            let found = figures.index.search(&two, queries, &params)?;
            let rate = found.len() as f64 / started.elapsed().as_secs_f64();
            figures.batch = figures.batch.max(rate);
        }
    }
    Ok(())
}

fn main() -> Fallible<()> {
    let (dimension, rows) = vectors(&titles("lbl")?)?;
    let texts = titles("tst")?;
    let (_, queries) = vectors(&texts.into_iter().step_by(24).take(QUERIES).collect::<Vec<_>>())?;
    let source = Arc::new(matrix(dimension, &rows)?.with_sketch(Some(sketch(dimension, &rows)?)));
    // Cargo adds an option of its own.
    let lists = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let lists: Vec<usize> = lists.map(|lists| lists.parse()).collect::<Result<_, _>>()?;
    let mut all = indexes(&source, &lists)?;
    for limit in LIMITS {
        for figures in &mut all {
            (figures.alone, figures.batch, figures.recall) = (Vec::new(), 0.0, 0.0);
        }
        measure(&mut all, &source, &queries, limit)?;
        let (labels, queries) = (source.len(), queries.len() / dimension);
        println!("{labels} labels of {dimension} numbers, the best {limit}; {queries} queries");
        let first = median(&all[0].alone);
        for Figures { name, built, alone, batch, recall, .. } in &all {
            let alone = median(alone);
            println!(
                "  {name:<45} recall {recall:.4}, {:>6.1} us alone on one thread ({:.2} of the first), \
                 {batch:>6.0} queries/s in a batch on two, built in {built:.1} s",
                alone * 1e6,
                alone / first
            );
        }
    }
    Ok(())
}
