//! The stages of a chain, run over a block of queries.

use std::time::Instant;

use argtop_storage::{ClassifierRecord, Link, ModelRecord};
use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::candidates::{Candidates, rank};
use super::{QueryInput, nearest, paths};
use crate::error::Error;
use crate::execute::Run;
use crate::kernel;
use crate::physical::{SearchPlan, StageKind};
use crate::view::KeyBook;

/// Query vectors, row-major.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queries {
    pub(crate) dimension: usize,
    pub(crate) values: Vec<f32>,
}

impl Queries {
    /// Number of queries.
    pub(crate) fn len(&self) -> usize {
        self.values.len().checked_div(self.dimension).unwrap_or(0)
    }

    /// The i-th query.
    pub(crate) fn row(&self, at: usize) -> &[f32] {
        &self.values[at * self.dimension..(at + 1) * self.dimension]
    }
}

/// The labels a search may return: live labels that pass WHERE.
pub(crate) struct Allowed {
    pub(crate) slots: RoaringBitmap,
}

/// Live labels, after WHERE.
pub(crate) fn allowed(run: &Run, plan: &SearchPlan) -> Result<Allowed, Error> {
    let live = run.view.live(&plan.table)?;
    let Some(filter) = &plan.filter else {
        return Ok(Allowed { slots: RoaringBitmap::clone(&live) });
    };
    let started = Instant::now();
    let slots = crate::execute::scan::matching_slots(run, &plan.table, filter)?;
    let share = slots.len() as f64 / (live.len().max(1)) as f64;
    let note = format!("selectivity {share:.3}, pushed into the stages");
    run.context.measure(plan.filter_id, slots.len(), started.elapsed(), vec![note]);
    Ok(Allowed { slots })
}

/// Runs the chain; one entry a query.
pub(crate) fn run(
    run: &Run,
    plan: &SearchPlan,
    inputs: &[QueryInput],
    allowed: &Allowed,
) -> Result<Vec<Candidates>, Error> {
    let keys = run.view.keys(&plan.table)?;
    let width = plan.stages.len();
    let mut queries = given(inputs)?;
    let mut beams: Option<paths::Probed> = None;
    let mut found: Vec<Candidates> = vec![Candidates::empty(width); inputs.len()];
    for (number, stage) in plan.stages.iter().enumerate() {
        run.context.check()?;
        let started = Instant::now();
        let (rows, notes) = match &stage.kind {
            StageKind::Given => (inputs.len() as u64, vec!["the statement brought the vector".to_string()]),
            StageKind::Encode { model } => {
                let (encoded, notes) = encode(run, model, inputs)?;
                queries = encoded;
                (queries.len() as u64, notes)
            }
            StageKind::Exact { column, limit } => {
                let dense = run.view.column_rows(&plan.table, column)?;
                expect_dimension(&queries, column.dimension, &column.name)?;
                let limit = limit.or(plan.limit).unwrap_or(u64::MAX);
                let (ranked, notes) = nearest::exact(run, &dense, &queries, limit, allowed, &keys)?;
                let (kept, rows) = settle(width, number, ranked);
                found = kept;
                (rows, notes)
            }
            StageKind::Probe { index, beam } => {
                let graph = run.view.cluster_graph(&plan.table, index)?;
                expect_dimension(&queries, graph.dimension(), &index.name)?;
                let probed = paths::probe(run, index, graph, &queries, (*beam, number))?;
                let measured = (probed.clusters_kept(), probed.notes());
                beams = Some(probed);
                measured
            }
            StageKind::ShortlistPaths { limit } => {
                let probed =
                    beams.as_ref().ok_or_else(|| Error::Internal("SHORTLIST without PROBE".into()))?;
                let limits = paths::Window { limit: *limit, owed: plan.owed };
                let (kept, notes) =
                    paths::shortlist(run, probed, &queries, limits, allowed, &keys, (width, number))?;
                found = kept;
                (count(&found), notes)
            }
            StageKind::ShortlistIndex { index, source, limit, effort } => {
                let dense = run.view.source_rows(&plan.table, source)?;
                expect_dimension(&queries, dense.dimension(), &index.name)?;
                let target = nearest::Target { index, dense: &dense, limit: *limit, effort: *effort };
                let (ranked, notes) = nearest::by_index(run, &target, &queries, allowed, &keys)?;
                let (kept, rows) = settle(width, number, ranked);
                found = kept;
                (rows, notes)
            }
            StageKind::Rerank { classifier, limit } => {
                let notes = rerank(run, plan, classifier, *limit, &queries, &mut found, number, &keys)?;
                (count(&found), notes)
            }
        };
        run.context.measure(stage.id, rows, started.elapsed(), notes);
    }
    Ok(found)
}

fn count(found: &[Candidates]) -> u64 {
    found.iter().map(|candidates| candidates.len() as u64).sum()
}

/// Ranked slots of each query as the candidates of stage `number`.
fn settle(width: usize, number: usize, ranked: Vec<Vec<(f64, u32)>>) -> (Vec<Candidates>, u64) {
    let found: Vec<Candidates> =
        ranked.iter().map(|ranked| Candidates::found(width, number, ranked)).collect();
    let rows = count(&found);
    (found, rows)
}

/// The vectors that queries bring themselves; empty when they bring texts.
fn given(inputs: &[QueryInput]) -> Result<Queries, Error> {
    let mut queries = Queries::default();
    for input in inputs {
        let QueryInput::Vector(vector) = input else { continue };
        if let Some(at) = kernel::first_non_finite(vector) {
            return Err(Error::value(
                format!("element {at} of the query's vector is {}", vector[at]),
                "all elements must be finite",
            ));
        }
        if queries.dimension == 0 {
            queries.dimension = vector.len();
        }
        if vector.len() != queries.dimension || vector.is_empty() {
            return Err(Error::value(
                format!("a query vector has {} elements and another {}", vector.len(), queries.dimension),
                "give vectors of one dimension",
            ));
        }
        queries.values.extend_from_slice(vector);
    }
    Ok(queries)
}

fn expect_dimension(queries: &Queries, dimension: usize, name: &str) -> Result<(), Error> {
    if queries.dimension == dimension || queries.len() == 0 {
        return Ok(());
    }
    Err(Error::value(
        format!("the query's vector has {} elements, but `{name}` has {dimension}", queries.dimension),
        "give a vector of that dimension, or encode with the model that made the column",
    ))
}

/// ENCODE: texts to vectors, normalised where the model says so.
pub(crate) fn encode(
    run: &Run,
    model: &ModelRecord,
    inputs: &[QueryInput],
) -> Result<(Queries, Vec<String>), Error> {
    let encoder = run.view.encoder(model)?;
    let texts: Vec<&str> = inputs
        .iter()
        .map(|input| match input {
            QueryInput::Text(text) => text.as_str(),
            QueryInput::Vector(_) => "",
        })
        .collect();
    let encoded = encoder.encode(&|| run.context.is_cancelled(), &texts)?;
    run.context.check()?;
    let mut queries = Queries { dimension: encoded.dimension, values: encoded.values };
    if model.normalize {
        for (row, text) in queries.values.chunks_mut(encoded.dimension.max(1)).zip(&texts) {
            kernel::normalize(row).map_err(|error| {
                Error::value(
                    format!("the model {} gives `{}` no usable vector: {error}", model.name, shorten(text)),
                    "use another text, or another model",
                )
            })?;
        }
    }
    let notes = vec![format!("device={}", encoder.provider()), format!("{} tokens", encoded.tokens)];
    Ok((queries, notes))
}

/// The beginning of a text, for messages.
pub(crate) fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push_str("...");
    }
    short
}

/// RERANK: classifier scores of the candidates, and the best of them.
#[allow(clippy::too_many_arguments)] // The stage's whole surroundings, once.
fn rerank(
    run: &Run,
    plan: &SearchPlan,
    classifier: &ClassifierRecord,
    limit: Option<u64>,
    queries: &Queries,
    found: &mut [Candidates],
    number: usize,
    keys: &KeyBook,
) -> Result<Vec<String>, Error> {
    let rows = run.view.classifier_rows(&plan.table, classifier)?;
    expect_dimension(queries, rows.dimension(), &classifier.name)?;
    let read = count(found);
    found.par_iter_mut().enumerate().try_for_each(|(at, candidates)| {
        run.context.check()?;
        let query = queries.row(at);
        let query_norm = kernel::norm(query);
        let mut scores = Vec::with_capacity(candidates.len());
        let mut scratch = Vec::new();
        for slot in &candidates.slots {
            let logit = rows.score(*slot, query)?;
            scores.push(match classifier.link {
                Link::Sigmoid => logit,
                Link::Cosine => cosine(logit, rows.norm(*slot, &mut scratch)?, query_norm),
            });
        }
        let limit = limit.map_or(candidates.len(), |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        candidates.cut(Some(number), &scores, limit, keys)?;
        Ok::<(), Error>(())
    })?;
    let link = match classifier.link {
        Link::Cosine => "cosine",
        Link::Sigmoid => "logit",
    };
    Ok(vec![format!("{}, {link}", rows.format_name()), format!("{read} rows read")])
}

/// A zero row or query has no direction; its cosine counts as 0.
fn cosine(dot: f64, row_norm: f64, query_norm: f64) -> f64 {
    let scale = row_norm * query_norm;
    if scale > 0.0 { dot / scale } else { 0.0 }
}

/// Orders scored slots of many queries.
pub(crate) fn rank_all(scored: Vec<Vec<(f64, u32)>>, limit: u64, keys: &KeyBook) -> Vec<Vec<(f64, u32)>> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    scored.into_par_iter().map(|scored| rank(scored, limit, keys)).collect()
}
