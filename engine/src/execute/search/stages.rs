//! The stages of a chain, run over a block of queries.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Instant;

use argtop_query::plan::FuseMethod;
use argtop_storage::{ClassifierRecord, Link, ModelRecord, ObjectId};
use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::candidates::{Candidates, rank};
use super::rerank::{Scorer, rescore};
use super::{QueryInput, fuse, matching, nearest, paths, sparse};
use crate::error::Error;
use crate::execute::Run;
use crate::execute::filter::{Matching, matching_slots};
use crate::index::Scoring;
use crate::kernel;
use crate::physical::{BranchPlan, SearchPlan, StageKind, StagePlan, VectorColumn, all_stages};
use crate::view::{Dense, KeyBook};

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
    pub(crate) slots: Arc<RoaringBitmap>,
}

/// Live labels, after WHERE.
pub(crate) fn allowed(run: &Run, plan: &SearchPlan) -> Result<Allowed, Error> {
    let live = run.view.live(&plan.table)?;
    let Some(filter) = &plan.filter else {
        return Ok(Allowed { slots: live });
    };
    let started = Instant::now();
    let Matching { slots, looked_at } = matching_slots(run, &plan.table, filter)?;
    let share = slots.len() as f64 / (live.len().max(1)) as f64;
    let notes = vec![
        format!("selectivity {share:.3}, pushed into the stages"),
        format!("{looked_at} labels looked at"),
    ];
    run.context.measure(plan.filter_id, slots.len(), started.elapsed(), notes);
    Ok(Allowed { slots })
}

/// The vectors of queries by the model that encoded them; searches for the same queries share them.
#[derive(Debug, Default)]
pub(crate) struct Encoded {
    by_model: HashMap<ObjectId, Queries>,
}

impl Encoded {
    /// What a model gave, if it was asked.
    pub(crate) fn of(&self, model: ObjectId) -> Option<&Queries> {
        self.by_model.get(&model)
    }
}

/// Encodes the texts for every ENCODE of the plan whose model has not seen them.
pub(crate) fn encode_all(
    run: &Run,
    plan: &SearchPlan,
    inputs: &[QueryInput],
    encoded: &mut Encoded,
) -> Result<(), Error> {
    for stage in all_stages(&plan.stages) {
        let StageKind::Encode { model } = &stage.kind else { continue };
        let started = Instant::now();
        let notes = match encoded.by_model.entry(model.id) {
            Entry::Occupied(_) => vec!["encoded before".to_string()],
            Entry::Vacant(entry) => {
                let (queries, notes) = encode(run, model, inputs)?;
                entry.insert(queries);
                notes
            }
        };
        run.context.measure(stage.id, inputs.len() as u64, started.elapsed(), notes);
    }
    Ok(())
}

/// Runs the chain; one entry a query. The queries' vectors stand in `encoded` from `first` on.
pub(crate) fn run(
    run: &Run,
    plan: &SearchPlan,
    inputs: &[QueryInput],
    (allowed, keys): (&Allowed, &KeyBook),
    (encoded, first): (&Encoded, usize),
) -> Result<Vec<Candidates>, Error> {
    let chain = Chain { run, plan, inputs, allowed, keys, encoded, first };
    let mut state = chain.start(Arc::new(given(inputs)?));
    chain.stages(&plan.stages, &mut state)?;
    Ok(state.found)
}

/// Runs `work` for each of the items, on the threads of the pool where there are several. One alone stays on
/// the thread that asks, which may be none of the pool's.
pub(super) fn each<T: Send, R: Send>(
    items: Vec<T>,
    work: impl Fn(T) -> Result<R, Error> + Sync + Send,
) -> Result<Vec<R>, Error> {
    if items.len() <= 1 {
        return items.into_iter().map(work).collect();
    }
    items.into_par_iter().map(work).collect()
}

/// What all stages of one run share.
struct Chain<'a> {
    run: &'a Run,
    plan: &'a SearchPlan,
    inputs: &'a [QueryInput],
    allowed: &'a Allowed,
    keys: &'a KeyBook,
    /// What models gave for all queries; those of the inputs stand there from `first` on.
    encoded: &'a Encoded,
    first: usize,
}

/// What stages hand to those behind them; every branch of a FUSE has its own.
struct State {
    queries: Arc<Queries>,
    beams: Option<paths::Probed>,
    found: Vec<Candidates>,
}

/// Rows and remarks for EXPLAIN.
type Measured = (u64, Vec<String>);

impl Chain<'_> {
    /// Nothing found yet.
    fn start(&self, queries: Arc<Queries>) -> State {
        let found = vec![Candidates::empty(self.plan.width); self.inputs.len()];
        State { queries, beams: None, found }
    }

    fn stages(&self, stages: &[StagePlan], state: &mut State) -> Result<(), Error> {
        for (at, stage) in stages.iter().enumerate() {
            self.run.context.check()?;
            let (started, (rows, notes)) = match &stage.kind {
                StageKind::Fuse { method, branches } => {
                    let ends = self.branches(branches, state)?;
                    let started = Instant::now();
                    (started, self.fuse(stage.number, *method, &ends, state)?)
                }
                _ => (Instant::now(), self.stage(stage, stages.get(at + 1), state)?),
            };
            self.run.context.measure(stage.id, rows, started.elapsed(), notes);
        }
        Ok(())
    }

    /// What each branch of a FUSE found. Behind them the query's vector is the one before, else that of the
    /// first branch: the binder has seen to it that all agree where it is needed.
    ///
    /// Branches of a query alone run beside each other where it runs on the pool, which it does if they cost
    /// more than handing them over; of several queries each stage has work for all threads.
    fn branches<'b>(
        &self,
        branches: &'b [BranchPlan],
        state: &mut State,
    ) -> Result<Vec<(&'b BranchPlan, Vec<Candidates>)>, Error> {
        let before = state.queries.clone();
        let run = |branch: &BranchPlan| {
            let mut own = self.start(before.clone());
            self.stages(&branch.stages, &mut own).map(|()| own)
        };
        let on_pool = rayon::current_thread_index().is_some();
        let states: Vec<Result<State, Error>> = if self.inputs.len() == 1 && on_pool {
            branches.par_iter().map(run).collect()
        } else {
            branches.iter().map(run).collect()
        };
        let mut ends = Vec::with_capacity(branches.len());
        for (branch, own) in branches.iter().zip(states) {
            let own = own?;
            if state.queries.len() == 0 {
                state.queries = own.queries;
            }
            ends.push((branch, own.found));
        }
        Ok(ends)
    }

    fn fuse(
        &self,
        number: usize,
        method: FuseMethod,
        ends: &[(&BranchPlan, Vec<Candidates>)],
        state: &mut State,
    ) -> Result<Measured, Error> {
        let width = self.plan.width;
        state.found = each((0..self.inputs.len()).collect(), |at: usize| {
            let lists = ends.iter().map(|(branch, found)| fuse::List {
                found: &found[at],
                stage: branch.number(),
                weight: branch.weight,
            });
            let lists: Vec<fuse::List<'_>> = lists.collect();
            fuse::fuse(method, &lists, (width, number), self.keys)
        })?;
        let listed: u64 = ends.iter().map(|(_, found)| count(found)).sum();
        Ok((count(&state.found), vec![format!("{listed} labels in {} branches", ends.len())]))
    }

    /// The rows that `next` scores its candidates by, if that is RERANK of a query alone: of several all are
    /// shortlisted first, and nothing that is asked for would stay in a cache.
    fn rows_of_next(&self, next: Option<&StagePlan>) -> Result<Option<Dense>, Error> {
        match next.map(|next| &next.kind) {
            Some(StageKind::Rerank { classifier, limit: Some(_) })
                if classifier.sparse.is_none() && self.inputs.len() == 1 =>
            {
                Ok(Some(self.run.view.classifier_rows(&self.plan.table, classifier)?))
            }
            _ => Ok(None),
        }
    }

    /// One stage that is no FUSE, and the one behind it.
    fn stage(
        &self,
        stage: &StagePlan,
        next: Option<&StagePlan>,
        state: &mut State,
    ) -> Result<Measured, Error> {
        let (run, table, keys) = (self.run, &self.plan.table, self.keys);
        let place = (self.plan.width, stage.number);
        Ok(match &stage.kind {
            StageKind::Given => {
                (self.inputs.len() as u64, vec!["the statement brought the vector".to_string()])
            }
            StageKind::Encode { model } => self.encode(model, state)?,
            StageKind::Exact { column, limit } => {
                let dense = run.view.column_rows(table, column)?;
                expect_dimension(&state.queries, column.dimension, &column.name)?;
                let limit = limit.or(self.plan.limit).unwrap_or(u64::MAX);
                let (ranked, notes) = nearest::exact(run, &dense, &state.queries, limit, self.allowed, keys)?;
                (settle(place, ranked, state), notes)
            }
            StageKind::Probe { index, beam } => {
                let graph = run.view.cluster_graph(table, index)?;
                expect_dimension(&state.queries, graph.dimension(), &index.name)?;
                let probed = paths::probe(run, index, graph, &state.queries, (*beam, stage.number))?;
                let measured = (probed.clusters_kept(), probed.notes());
                state.beams = Some(probed);
                measured
            }
            StageKind::ShortlistPaths { limit } => self.shortlist_paths(*limit, place, next, state)?,
            StageKind::ShortlistIndex { index, source, limit, effort } => {
                let dense = run.view.source_rows(table, source)?;
                expect_dimension(&state.queries, dense.dimension(), &index.name)?;
                let target = nearest::Target { index, dense: &dense, limit: *limit, effort: *effort };
                let (ranked, notes) = nearest::by_index(run, &target, &state.queries, self.allowed, keys)?;
                (settle(place, ranked, state), notes)
            }
            StageKind::Match { index, text, limit, .. } => {
                let target = matching::Target { index, text: text.as_deref(), limit: *limit };
                let (ranked, notes) =
                    matching::by_words(run, table, &target, self.inputs, self.allowed, keys)?;
                (settle(place, ranked, state), notes)
            }
            StageKind::Rerank { classifier, limit } => {
                let window = Rerank { number: stage.number, limit: *limit };
                let notes = match &classifier.sparse {
                    Some(record) => {
                        let rows = run.view.sparse_rows(table, classifier, record)?;
                        let texts = (self.inputs, &*state.queries);
                        sparse::rerank(run, (classifier, &rows), texts, window, &mut state.found, keys)?
                    }
                    None => self.rerank(classifier, window, state)?,
                };
                (count(&state.found), notes)
            }
            StageKind::RerankColumn { column, limit } => {
                let window = Rerank { number: stage.number, limit: *limit };
                let notes = self.rerank_column(column, window, state)?;
                (count(&state.found), notes)
            }
            StageKind::Fuse { .. } => return Err(Error::Internal("FUSE is no simple stage".into())),
        })
    }

    /// SHORTLIST after PROBE.
    fn shortlist_paths(
        &self,
        limit: u64,
        place: (usize, usize),
        next: Option<&StagePlan>,
        state: &mut State,
    ) -> Result<Measured, Error> {
        let probed = state.beams.as_ref();
        let probed = probed.ok_or_else(|| Error::Internal("SHORTLIST without PROBE".into()))?;
        let (owed, ordered, next) = (self.plan.owed, self.plan.ranks_read(), self.rows_of_next(next)?);
        let window = paths::Window { limit, owed, ordered, next };
        let (run, keys) = (self.run, self.keys);
        let (kept, notes) = paths::shortlist(run, probed, &state.queries, window, self.allowed, keys, place)?;
        state.found = kept;
        Ok((count(&state.found), notes))
    }

    /// The vectors of the inputs; what there was to measure was measured when they were made.
    fn encode(&self, model: &ModelRecord, state: &mut State) -> Result<Measured, Error> {
        let known = self.encoded.of(model.id);
        let known = known.ok_or_else(|| Error::Internal("a stage before its texts are encoded".into()))?;
        let range = self.first * known.dimension..(self.first + self.inputs.len()) * known.dimension;
        let values = known.values.get(range).unwrap_or_default().to_vec();
        state.queries = Arc::new(Queries { dimension: known.dimension, values });
        Ok((0, Vec::new()))
    }

    /// RERANK: classifier scores of the candidates, and the best of them.
    fn rerank(
        &self,
        classifier: &ClassifierRecord,
        window: Rerank,
        state: &mut State,
    ) -> Result<Vec<String>, Error> {
        let rows = self.run.view.classifier_rows(&self.plan.table, classifier)?;
        expect_dimension(&state.queries, rows.dimension(), &classifier.name)?;
        let (link, scoring) = match classifier.link {
            Link::Cosine => ("cosine", Scoring::Cosine),
            Link::Sigmoid => ("logit", Scoring::Product),
        };
        let notes = vec![format!("{}, {link}", rows.format_name()), rows_read(&state.found)];
        let score = |slot, query: &[f32], scratch: &mut Vec<f32>| {
            let logit = rows.score(slot, query)?;
            Ok(match scoring {
                Scoring::Product => logit,
                Scoring::Cosine => cosine(logit, rows.norm(slot, scratch)?, kernel::norm(query)),
            })
        };
        self.rescore(&Scorer { rows: &rows, scoring, score: &score }, window, state, notes)
    }

    /// RERANK by a vector column: inner products with the query's vector.
    fn rerank_column(
        &self,
        column: &VectorColumn,
        window: Rerank,
        state: &mut State,
    ) -> Result<Vec<String>, Error> {
        let rows = self.run.view.column_rows(&self.plan.table, column)?;
        expect_dimension(&state.queries, column.dimension, &column.name)?;
        let notes = vec![format!("{}, inner product", rows.format_name()), rows_read(&state.found)];
        let score = |slot, query: &[f32], _: &mut Vec<f32>| rows.score(slot, query);
        self.rescore(&Scorer { rows: &rows, scoring: Scoring::Product, score: &score }, window, state, notes)
    }

    /// Scores every candidate anew and keeps the best; adds to the notes how many were scored exactly, where
    /// not all were.
    fn rescore(
        &self,
        scorer: &Scorer<'_>,
        window: Rerank,
        state: &mut State,
        mut notes: Vec<String>,
    ) -> Result<Vec<String>, Error> {
        let candidates = count(&state.found);
        let exactly = rescore(self.run, scorer, &state.queries, window, &mut state.found, self.keys)?;
        if exactly < candidates {
            notes.push(format!("{exactly} after 8 bits"));
        }
        Ok(notes)
    }
}

/// The column of a RERANK, and how many labels it keeps; None: all.
#[derive(Clone, Copy)]
pub(super) struct Rerank {
    pub(super) number: usize,
    pub(super) limit: Option<u64>,
}

fn rows_read(found: &[Candidates]) -> String {
    format!("{} rows read", count(found))
}

fn count(found: &[Candidates]) -> u64 {
    found.iter().map(|candidates| candidates.len() as u64).sum()
}

/// Ranked slots of each query as the candidates of stage `number`; their number in all.
fn settle((width, number): (usize, usize), ranked: Vec<Vec<(f64, u32)>>, state: &mut State) -> u64 {
    state.found = ranked.iter().map(|ranked| Candidates::found(width, number, ranked)).collect();
    count(&state.found)
}

/// The vectors that queries bring themselves; empty when they bring texts.
fn given(inputs: &[QueryInput]) -> Result<Queries, Error> {
    let mut queries = Queries::default();
    for input in inputs {
        let Some(vector) = input.as_vector() else { continue };
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
fn encode(run: &Run, model: &ModelRecord, inputs: &[QueryInput]) -> Result<(Queries, Vec<String>), Error> {
    let encoder = run.view.encoder(model)?;
    let texts: Vec<&str> = inputs.iter().map(|input| input.as_text().unwrap_or("")).collect();
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

/// A zero row or query has no direction; its cosine counts as 0.
pub(crate) fn cosine(dot: f64, row_norm: f64, query_norm: f64) -> f64 {
    let scale = row_norm * query_norm;
    if scale > 0.0 { dot / scale } else { 0.0 }
}

/// Orders scored slots of many queries.
pub(crate) fn rank_all(
    scored: Vec<Vec<(f64, u32)>>,
    limit: u64,
    keys: &KeyBook,
) -> Result<Vec<Vec<(f64, u32)>>, Error> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    each(scored, |scored| Ok(rank(scored, limit, keys)))
}
