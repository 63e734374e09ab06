//! From queries to ranked labels and their rows.

use std::sync::Arc;
use std::time::Instant;

use argtop_query::Value;
use argtop_query::eval::evaluate;
use argtop_storage::Slot;
use rayon::prelude::*;

use super::stages::Encoded;
use super::{candidates, stages};
use crate::error::Error;
use crate::execute::{RowStream, Run};
use crate::physical::{SearchPlan, StageKind, StagePlan, all_stages, window};
use crate::view::{KeyBook, key_value};

/// The ranked labels of one query, best first. Structure of arrays: entry i belongs to rank i + 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Ranking {
    pub(crate) slots: Vec<Slot>,
    pub(crate) scores: Vec<f64>,
    /// Score and rank by stage, label after label; NaN and 0 where a stage did not see the label. Empty where
    /// the plan has no use for them.
    stages: Vec<(f64, u32)>,
}

impl Ranking {
    /// Number of labels.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Score and rank by stage of one label.
    pub(crate) fn stages(&self, at: usize) -> &[(f64, u32)] {
        let width = self.stages.len() / self.slots.len().max(1);
        &self.stages[at * width..(at + 1) * width]
    }

    /// Bytes that it holds in memory.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Ranking>()
            + size_of_val(&*self.slots)
            + size_of_val(&*self.scores)
            + size_of_val(&*self.stages)
    }
}

/// What a query brings.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum QueryInput {
    /// A text for ENCODE.
    Text(String),
    /// A vector.
    Vector(Vec<f32>),
    /// A vector, and the text for stages that read it.
    Both {
        /// Text.
        text: String,
        /// Vector.
        vector: Vec<f32>,
    },
}

impl QueryInput {
    /// A text.
    pub(crate) fn text(text: impl Into<String>) -> QueryInput {
        QueryInput::Text(text.into())
    }

    /// The query's text, where it brought one.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            QueryInput::Text(text) | QueryInput::Both { text, .. } => Some(text),
            QueryInput::Vector(_) => None,
        }
    }

    /// The query's vector, where it brought one.
    pub(crate) fn as_vector(&self) -> Option<&[f32]> {
        match self {
            QueryInput::Vector(vector) | QueryInput::Both { vector, .. } => Some(vector),
            QueryInput::Text(_) => None,
        }
    }
}

/// The rows of a search whose query is constant.
pub(crate) fn stream(run: &Run, plan: &SearchPlan) -> Result<RowStream, Error> {
    let input = query_input(run, plan, &[])?;
    let search = Prepared::new(run, plan.clone())?;
    let answers = search.answer(&[input], &mut Encoded::default())?;
    let rows = search.rows(&answers.iter().collect::<Vec<&Ranking>>())?;
    Ok(Box::new(rows.into_iter().flatten().map(Ok)))
}

const QUERY_FIX: &str = "give SEARCH a text, or (VECTOR => a list of numbers)";

/// What a search is for; below LATERAL `row` is the row of its left side.
pub(crate) fn query_input(run: &Run, plan: &SearchPlan, row: &[Value]) -> Result<QueryInput, Error> {
    let text = plan.text.as_ref().map(|expr| evaluate(expr, row, &run.eval())).transpose()?;
    let vector = plan.vector.as_ref().map(|expr| evaluate(expr, row, &run.eval())).transpose()?;
    match (text, vector) {
        (Some(Value::Text(text)), Some(vector)) => {
            Ok(QueryInput::Both { text, vector: query_vector(vector)? })
        }
        (None, Some(vector)) => Ok(QueryInput::Vector(query_vector(vector)?)),
        (Some(Value::Text(text)), None) => Ok(QueryInput::text(text)),
        (Some(value), _) => Err(Error::value(format!("the query's text is {value}"), QUERY_FIX)),
        (None, None) => Err(Error::Internal("a search without a query".into())),
    }
}

fn query_vector(value: Value) -> Result<Vec<f32>, Error> {
    let value = match value {
        list @ Value::List(_) => {
            let to =
                argtop_query::DataType::Vector { dimension: None, format: argtop_query::VectorFormat::F32 };
            argtop_query::eval::cast_value(list, &to)?
        }
        value => value,
    };
    match value {
        Value::Vector(vector) => Ok(vector),
        Value::List(_) => Err(Error::value("the query's vector is empty", QUERY_FIX)),
        value => Err(Error::value(format!("the query's vector is {value}"), QUERY_FIX)),
    }
}

/// A search with what all of its queries share, for any number of blocks of them.
#[derive(Clone)]
pub(crate) struct Prepared {
    run: Run,
    plan: Arc<SearchPlan>,
    allowed: Arc<stages::Allowed>,
    keys: Arc<KeyBook>,
}

impl Prepared {
    /// Applies WHERE once.
    pub(crate) fn new(run: &Run, plan: SearchPlan) -> Result<Prepared, Error> {
        let allowed = Arc::new(stages::allowed(run, &plan)?);
        let keys = Arc::new(run.view.keys(&plan.table)?);
        Ok(Prepared { run: run.clone(), plan: Arc::new(plan), allowed, keys })
    }

    /// The same search with other limits.
    pub(crate) fn with_plan(&self, plan: SearchPlan) -> Prepared {
        Prepared { plan: Arc::new(plan), ..self.clone() }
    }

    /// The plan.
    pub(crate) fn plan(&self) -> &SearchPlan {
        &self.plan
    }

    /// The most labels that an answer may have.
    pub(crate) fn labels_max(&self) -> u64 {
        let kept = window(&self.plan.stages).map(|(limit, _)| limit);
        self.plan.limit.or(kept).unwrap_or(u64::MAX).min(self.allowed.slots.len())
    }

    /// Queries that run through the stages at a time.
    fn block(&self) -> usize {
        let limits = &self.run.inner.limits;
        let labels = self.allowed.slots.len().min(kept_most(&self.plan).unwrap_or(u64::MAX)).max(1);
        (limits.batch_labels / labels).clamp(1, limits.batch_queries as u64) as usize
    }

    /// Answers queries on the engine's threads: for each its labels, cut to the plan's limit. All texts are
    /// encoded first, those of one length together; `encoded` keeps their vectors for other searches for the
    /// same queries.
    pub(crate) fn answer(&self, inputs: &[QueryInput], encoded: &mut Encoded) -> Result<Vec<Ranking>, Error> {
        let mut answer = || {
            stages::encode_all(&self.run, &self.plan, inputs, encoded)?;
            let mut answers = Vec::with_capacity(inputs.len());
            let at_once = self.block();
            for (number, block) in inputs.chunks(at_once).enumerate() {
                answers.extend(self.answer_block(block, (encoded, number * at_once))?);
            }
            Ok(answers)
        };
        let light = inputs.len() == 1 && self.plan.is_light(self.allowed.slots.len());
        if light { answer() } else { self.run.inner.install(answer) }
    }

    fn answer_block(&self, inputs: &[QueryInput], encoded: (&Encoded, usize)) -> Result<Vec<Ranking>, Error> {
        let (run, plan, keys) = (&self.run, &*self.plan, &*self.keys);
        let candidates = stages::run(run, plan, inputs, (&self.allowed, keys), encoded)?;
        let started = Instant::now();
        let limit = plan.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let ranked = candidates.into_par_iter().map(|mut found| {
            let scores = final_scores(run, plan, &found)?;
            let scores = found.cut(None, &scores, limit, keys)?;
            let stages = if plan.stages_read { found.stages() } else { Vec::new() };
            Ok(Ranking { slots: found.slots, scores, stages })
        });
        let answers = ranked.collect::<Result<Vec<Ranking>, Error>>()?;
        let rows = answers.iter().map(|ranking| ranking.len() as u64).sum();
        run.context.measure(plan.cut_id, rows, started.elapsed(), Vec::new());
        Ok(answers)
    }

    /// Whether nothing of a label is read but its primary key, so that [`value`](Prepared::value) gives all
    /// that output rows hold.
    pub(crate) fn reads_keys_alone(&self) -> bool {
        self.plan.columns.iter().all(|column| *column == self.plan.table.primary_key)
    }

    /// Values in an output row.
    pub(crate) fn width(&self) -> usize {
        let stages = if self.plan.stage_columns { 2 * self.plan.width } else { 0 };
        self.plan.table.columns.len() + 2 + stages
    }

    /// One value of the output row of rank `at` + 1, without making the row; of the table's columns the
    /// primary key alone.
    pub(crate) fn value(&self, ranking: &Ranking, at: usize, column: usize) -> Result<Value, Error> {
        let columns = self.plan.table.columns.len();
        Ok(match column.checked_sub(columns) {
            None if column == self.plan.table.primary_key => key_value(self.keys.key(ranking.slots[at])?),
            None => Value::Null,
            Some(0) => Value::Double(ranking.scores[at]),
            Some(1) => rank_value(at),
            Some(behind) => {
                let stage = ranking.stages(at).get(behind / 2 - 1).copied();
                let values = stage_values(stage.into_iter());
                values.into_iter().nth(behind % 2).unwrap_or(Value::Null)
            }
        })
    }

    /// Asks memory for what [`value`](Prepared::value) will read of a label.
    pub(crate) fn prefetch(&self, slot: Slot) {
        self.keys.prefetch(slot);
    }

    /// The output rows of rankings; labels are read together.
    pub(crate) fn rows(&self, rankings: &[&Ranking]) -> Result<Vec<Vec<Vec<Value>>>, Error> {
        let slots: Vec<Slot> = rankings.iter().flat_map(|ranking| ranking.slots.iter().copied()).collect();
        let plan = &self.plan;
        let width = self.width();
        let room = width - plan.table.columns.len();
        let labels = self.run.view.read_labels_with(&plan.table, &slots, &plan.columns, room)?;
        let mut labels = labels.into_iter();
        let mut all = Vec::with_capacity(rankings.len());
        for ranking in rankings {
            let mut rows = Vec::with_capacity(ranking.len());
            for (at, mut row) in labels.by_ref().take(ranking.len()).enumerate() {
                row.push(Value::Double(ranking.scores[at]));
                row.push(rank_value(at));
                if plan.stage_columns {
                    row.extend(stage_values(ranking.stages(at).iter().copied()));
                    // Nobody reads them where they are not kept.
                    row.resize(width, Value::Null);
                }
                rows.push(row);
            }
            all.push(rows);
        }
        Ok(all)
    }
}

/// The rank of an entry of a ranking.
fn rank_value(at: usize) -> Value {
    Value::BigInt(i64::try_from(at + 1).unwrap_or(i64::MAX))
}

/// The most labels that a stage keeps of one query; None: all that there are.
fn kept_most(plan: &SearchPlan) -> Option<u64> {
    let kept = |stage: &StagePlan| match &stage.kind {
        StageKind::Exact { limit, .. } => limit.or(plan.limit),
        StageKind::ShortlistPaths { limit }
        | StageKind::ShortlistIndex { limit, .. }
        | StageKind::Match { limit, .. } => Some(*limit),
        StageKind::Fuse { .. } => window(std::slice::from_ref(stage)).map(|(limit, _)| limit),
        // They keep what they are given, or less.
        _ => Some(0),
    };
    all_stages(&plan.stages).into_iter().map(kept).try_fold(0, |most, kept| Some(kept?.max(most)))
}

/// SCORE BY over the stages' columns, or the score of the last stage.
fn final_scores(run: &Run, plan: &SearchPlan, found: &candidates::Candidates) -> Result<Vec<f64>, Error> {
    let Some(expr) = &plan.score_by else {
        return Ok(found.scores.last().cloned().unwrap_or_default());
    };
    let mut scores = Vec::with_capacity(found.len());
    for at in 0..found.len() {
        let mut row =
            stage_values((0..plan.width).map(|stage| (found.scores[stage][at], found.ranks[stage][at])));
        row.extend(plan.propensity.as_ref().map(|known| Value::Double(known.of(found.slots[at]))));
        scores.push(match evaluate(expr, &row, &run.eval())? {
            Value::Double(score) => score,
            Value::BigInt(score) => score as f64,
            _ => f64::NAN,
        });
    }
    Ok(scores)
}

/// Score and rank of each stage as values, NULL where the stage did not see the label.
fn stage_values(stages: impl Iterator<Item = (f64, u32)>) -> Vec<Value> {
    let pairs = stages.map(|(score, rank)| {
        let score = if score.is_nan() { Value::Null } else { Value::Double(score) };
        [score, if rank == 0 { Value::Null } else { Value::BigInt(i64::from(rank)) }]
    });
    pairs.flatten().collect()
}
