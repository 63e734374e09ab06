//! The path of a cluster graph, whole and by stages, against a plain implementation in f32 in the same run:
//! `make bench`, or `cargo bench --workspace --bench elias`. Generated labels, as many as those of the
//! demonstration, and the defaults of the ELIAS authors: 2,048 clusters, beam 20, rows of 1,000 edges, the
//! best 2,000 labels re-ranked by a classifier, of which 100 are returned.
//!
//! The queries bring their vectors when they are asked one at a time, on one thread. In the batch (two
//! threads) they are texts of one word, since EVALUATE takes texts; a model of one look-up maps them to the
//! same vectors. Both take turns; single queries are medians over all rounds, batches the best round.
//! An argument names a folder in which the database is kept for the next run.

#![allow(clippy::print_stdout)]

mod common;
#[path = "common/world.rs"]
mod world;

use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use std::time::Instant;

use argtop::index::{AlignedBytes, CoarseWeights, EdgeMap, EliasArrays, EliasFile, EliasView, PathSearch};
use argtop::kernel::{dot, dot_exact, select_top};
use argtop::{Database, Options, Value};
use common::{Fallible, median, runtime_library};
use world::{DIMENSION, LABELS, World, generate, store};

const QUERIES: usize = 4_096;
/// Queries asked one at a time in a round.
const ALONE: usize = 500;
const ROUNDS: usize = 3;
const BEAM: usize = 20;
const SHORTLIST: usize = 2_000;
const LIMIT: usize = 100;

const SEARCH: &str = "SELECT id, score FROM t SEARCH (VECTOR => $1) VIA PROBE(i, beam => 20) THEN \
                      SHORTLIST(limit => 2000) THEN RERANK(c, limit => 100) LIMIT 100";
const PATHS: &str = "SELECT id, score FROM t SEARCH (VECTOR => $1) VIA PROBE(i, beam => 20) THEN \
                     SHORTLIST(limit => 100) LIMIT 100";

/// The path as one would write it down: products in f32, a table of the best path to each label, sorts.
struct Plain<'a> {
    world: &'a World,
    best: Vec<f32>,
}

impl Plain<'_> {
    fn search(&mut self, query: &[f32]) -> Vec<(f32, u32)> {
        let graph = &self.world.graph;
        let rows = graph.weights.chunks_exact(DIMENSION).zip(&graph.biases);
        let mut scores: Vec<f32> = rows.map(|(row, bias)| dot(row, query) + bias).collect();
        let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        scores.iter_mut().for_each(|score| *score = (*score - most).exp());
        let sum: f32 = scores.iter().sum();
        let mut beam: Vec<(f32, usize)> =
            scores.iter().map(|score| (graph.alpha as f32 * score / sum).min(1.0)).zip(0..).collect();
        beam.select_nth_unstable_by(BEAM, |a, b| b.0.total_cmp(&a.0));
        let mut reached = Vec::new();
        for (score, cluster) in &beam[..BEAM] {
            let edges = graph.offsets[*cluster] as usize..graph.offsets[*cluster + 1] as usize;
            for (slot, value) in graph.slots[edges.clone()].iter().zip(&graph.values[edges]) {
                let best = &mut self.best[*slot as usize];
                if *best == 0.0 {
                    reached.push(*slot);
                }
                *best = best.max(score * value);
            }
        }
        let mut paths: Vec<(f32, u32)> =
            reached.iter().map(|slot| (std::mem::take(&mut self.best[*slot as usize]), *slot)).collect();
        top(&mut paths, SHORTLIST);
        for (score, slot) in &mut paths {
            *score = dot(query, self.world.label(*slot));
        }
        top(&mut paths, LIMIT);
        paths
    }
}

fn top(scored: &mut Vec<(f32, u32)>, limit: usize) {
    let order = |a: &(f32, u32), b: &(f32, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
    if limit < scored.len() {
        scored.select_nth_unstable_by(limit, order);
        scored.truncate(limit);
    }
    scored.sort_unstable_by(order);
}

impl World {
    fn label(&self, slot: u32) -> &[f32] {
        &self.labels[slot as usize * DIMENSION..][..DIMENSION]
    }
}

/// The labels that are shortlisted.
fn asked<'a>(extra: &'a EdgeMap, tie: &'a (dyn Fn(u32, u32) -> Ordering + Sync)) -> PathSearch<'a> {
    PathSearch { beam: BEAM, limit: SHORTLIST, filter: None, allowed_under: 0, extra, tie, reached: None }
}

/// The answer by the definition, in f64.
fn by_definition(world: &World, file: &EliasFile, query: &[f32]) -> Vec<(f64, u32)> {
    let view = file.view();
    let extra = EdgeMap::new();
    let tie = |a: u32, b: u32| -> Ordering { a.cmp(&b) };
    let search = asked(&extra, &tie);
    let (found, _) = view.paths(&view.probe(query, BEAM), &search);
    let mut scored: Vec<(f64, u32)> =
        found.iter().map(|path| (dot_exact(query, world.label(path.slot)), path.slot)).collect();
    select_top(&mut scored, LIMIT, tie);
    scored
}

fn open(folder: &Path, threads: usize) -> Fallible<Database> {
    let options =
        Options { onnxruntime: Some(runtime_library()?), threads: Some(threads), ..Options::default() };
    Ok(Database::open(folder.join("db"), options)?)
}

fn vector(query: &[f32]) -> Vec<Value> {
    vec![Value::Vector(query.to_vec())]
}

/// Milliseconds of every query of a statement.
fn alone(database: &Database, sql: &str, queries: &[f32]) -> Fallible<Vec<f64>> {
    let statement = database.prepare(sql)?;
    let mut times = Vec::new();
    for query in queries.chunks(DIMENSION).take(ALONE) {
        let bound = statement.clone().bind(vector(query))?;
        let started = Instant::now();
        let rows: Result<Vec<_>, _> = bound.query()?.collect();
        times.push(started.elapsed().as_secs_f64() * 1e3);
        if rows?.len() != LIMIT {
            return Err("a short answer".into());
        }
    }
    Ok(times)
}

/// Queries a second of EVALUATE, encoding included.
fn batch(database: &Database, folder: &Path) -> Fallible<f64> {
    let file = folder.join("queries.jsonl").display().to_string();
    let sql =
        format!("EVALUATE PIPELINE p FROM (SELECT text, labels FROM read_jsonl('{file}')) METRICS (R@100)");
    let mut rows = database.query(&sql)?;
    rows.by_ref().try_for_each(|row| row.map(|_| ()))?;
    let rate = rows.notes().iter().find_map(|note| note.split_once(" queries/s")).ok_or("no rate")?.0;
    Ok(rate.rsplit(' ').next().ok_or("no rate")?.parse()?)
}

fn check(world: &World, file: &EliasFile, database: &Database) -> Fallible<()> {
    let statement = database.prepare(SEARCH)?;
    for query in world.queries.chunks(DIMENSION).step_by(100) {
        let expected = by_definition(world, file, query);
        let rows = statement.clone().bind(vector(query))?.query()?;
        for (row, (score, slot)) in rows.zip(expected) {
            let row = row?.into_values();
            if row != [Value::BigInt(i64::from(slot)), Value::Double(score)] {
                return Err(format!("{row:?} where {slot} {score} belongs").into());
            }
        }
    }
    Ok(())
}

fn main() -> Fallible<()> {
    let kept = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).map(PathBuf::from);
    let scratch = tempfile::tempdir()?;
    let folder = kept.unwrap_or_else(|| scratch.path().to_path_buf());
    let world = generate(QUERIES)?;
    if !folder.join("queries.jsonl").exists() {
        std::fs::create_dir_all(&folder)?;
        store(&folder, &world)?;
    }
    let file = EliasFile::open(world.graph.write(AlignedBytes::new(), LABELS as u32)?.into_bytes())?;
    let coarse = CoarseWeights::of(&file.view());
    let view = file.view().with_coarse(coarse.as_ref());
    let mut plain = Plain { world: &world, best: vec![0.0; LABELS] };
    check(&world, &file, &open(&folder, 1)?)?;
    let [mut peer, mut whole, mut paths, mut probe, mut walk] = [const { Vec::new() }; 5];
    let (mut peer_batch, mut whole_batch, mut probe_batch) = (0.0f64, 0.0f64, f64::INFINITY);
    let extra = EdgeMap::new();
    let tie = |a: u32, b: u32| -> Ordering { a.cmp(&b) };
    let search = asked(&extra, &tie);
    for _ in 0..ROUNDS {
        for query in world.queries.chunks(DIMENSION).take(ALONE) {
            let started = Instant::now();
            plain.search(query);
            peer.push(started.elapsed().as_secs_f64() * 1e3);
        }
        let database = open(&folder, 1)?;
        alone(&database, SEARCH, &world.queries)?;
        whole.extend(alone(&database, SEARCH, &world.queries)?);
        paths.extend(alone(&database, PATHS, &world.queries)?);
        drop(database);
        for query in world.queries.chunks(DIMENSION).take(ALONE) {
            let started = Instant::now();
            let beam = view.probe(query, BEAM);
            probe.push(started.elapsed().as_secs_f64() * 1e3);
            let started = Instant::now();
            let all = view.best_paths(&beam, &search).0.len();
            if all < SHORTLIST {
                return Err(format!("only {all} labels were reached").into());
            }
            walk.push(started.elapsed().as_secs_f64() * 1e3);
        }
        let started = Instant::now();
        view.probe_all(&world.queries[..128 * DIMENSION], BEAM);
        probe_batch = probe_batch.min(started.elapsed().as_secs_f64() * 1e3 / 128.0);
        let database = open(&folder, 2)?;
        batch(&database, &folder)?;
        whole_batch = whole_batch.max(batch(&database, &folder)?);
        peer_batch = peer_batch.max(on_two_threads(&world));
    }
    println!("{LABELS} labels of {DIMENSION} numbers, {} edges", world.graph.slots.len());
    println!("  one at a time, one thread, milliseconds: median (ninety-ninth percentile)");
    for (name, times) in [
        ("plain f32", &peer),
        ("argtop", &whole),
        ("  to 100 paths", &paths),
        ("  probe", &probe),
        ("  paths", &walk),
    ] {
        let mut sorted = times.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        println!("    {name:<18} {:.3} ({:.3})", median(times), sorted[sorted.len() * 99 / 100]);
    }
    println!("  probe of 128 at once, one thread: {probe_batch:.3} ms a query");
    println!("  in a batch, two threads: plain {peer_batch:.0} queries/s, argtop {whole_batch:.0}");
    CLUSTERS.iter().try_for_each(|clusters| in_two_steps(&world, *clusters))
}

/// Clusters of a graph of this many labels, and of a million.
const CLUSTERS: [usize; 2] = [2_048, 16_384];

/// Probes of so many clusters, which are as labels lie, in one step and in two.
fn in_two_steps(world: &World, clusters: usize) -> Fallible<()> {
    let arrays = EliasArrays {
        dimension: DIMENSION,
        alpha: world.graph.alpha,
        beta: world.graph.beta,
        weights: world
            .labels
            .chunks_exact(DIMENSION)
            .step_by(LABELS / clusters)
            .take(clusters)
            .flatten()
            .map(|value| value * world::SCALE)
            .collect(),
        biases: vec![0.0; clusters],
        offsets: vec![0; clusters + 1],
        ..EliasArrays::default()
    };
    let whole = arrays.view()?;
    let started = Instant::now();
    let coarse = CoarseWeights::of(&whole).ok_or("too few clusters for two steps")?;
    let made = started.elapsed().as_secs_f64() * 1e3;
    let steps = whole.with_coarse(Some(&coarse));
    let (mut all, mut off) = ([Vec::new(), Vec::new()], Vec::new());
    let mut together = [f64::INFINITY; 2];
    for _ in 0..ROUNDS {
        for query in world.queries.chunks(DIMENSION).take(ALONE) {
            let mut timed = |view: &EliasView<'_>, times: usize| {
                let started = Instant::now();
                let beam = view.probe(query, BEAM);
                all[times].push(started.elapsed().as_secs_f64() * 1e3);
                beam
            };
            let (exact, found) = (timed(&whole, 0), timed(&steps, 1));
            for (exact, found) in exact.iter().zip(&found) {
                if exact.cluster != found.cluster {
                    return Err(format!("{found:?} where {exact:?} belongs").into());
                }
                off.push((found.score / exact.score - 1.0).abs());
            }
        }
        for (view, best) in [whole, steps].iter().zip(&mut together) {
            let started = Instant::now();
            view.probe_all(&world.queries[..128 * DIMENSION], BEAM);
            *best = best.min(started.elapsed().as_secs_f64() * 1e3 / 128.0);
        }
    }
    off.sort_unstable_by(f64::total_cmp);
    let (half, most) = (off[off.len() / 2], off[off.len() - 1]);
    println!("  probe of {clusters} clusters, one thread, milliseconds: median, of 128 at once a query");
    println!("    in one step        {:.3} {:.3}", median(&all[0]), together[0]);
    println!("    in two steps       {:.3} {:.3} (made in {made:.0} ms)", median(&all[1]), together[1]);
    println!("    the same clusters in the same order; scores differ by {half:.1e}, at most {most:.1e}");
    Ok(())
}

/// Queries a second of the plain path with half of the queries on each of two threads.
fn on_two_threads(world: &World) -> f64 {
    let started = Instant::now();
    std::thread::scope(|scope| {
        for half in world.queries.chunks(world.queries.len() / 2) {
            scope.spawn(move || {
                let mut plain = Plain { world, best: vec![0.0; LABELS] };
                half.chunks(DIMENSION).map(|query| plain.search(query).len()).sum::<usize>()
            });
        }
    });
    QUERIES as f64 / started.elapsed().as_secs_f64()
}
