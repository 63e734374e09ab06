//! From queries to ranked labels and their rows.

use std::time::Instant;

use argtop_query::Value;
use argtop_query::eval::evaluate;
use argtop_storage::Slot;

use super::{candidates, stages};
use crate::error::Error;
use crate::execute::{RowStream, Run};
use crate::physical::SearchPlan;

/// One ranked label of an answer.
#[derive(Clone, Debug)]
pub(crate) struct Ranked {
    pub(crate) slot: Slot,
    pub(crate) score: f64,
    /// Score and rank by stage; NaN and 0 where a stage did not see the label. Empty where nobody reads them.
    pub(crate) stages: Vec<(f64, u32)>,
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

    /// The same query with its vector, which takes the place of one that it had.
    pub(crate) fn with_vector(self, vector: &[f32]) -> QueryInput {
        let vector = vector.to_vec();
        match self {
            QueryInput::Text(text) | QueryInput::Both { text, .. } => QueryInput::Both { text, vector },
            QueryInput::Vector(_) => QueryInput::Vector(vector),
        }
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
    let input = query_input(run, plan)?;
    let input = [input];
    let answers = if plan.is_light() {
        answer(run, plan, &input)?
    } else {
        run.inner.install(|| answer(run, plan, &input))?
    };
    let ranked = answers.into_iter().next().unwrap_or_default();
    let rows = materialise(run, plan, &ranked)?;
    Ok(Box::new(rows.into_iter().map(Ok)))
}

const QUERY_FIX: &str = "give SEARCH a text, or (VECTOR => a list of numbers)";

fn query_input(run: &Run, plan: &SearchPlan) -> Result<QueryInput, Error> {
    let text = plan.text.as_ref().map(|expr| evaluate(expr, &[], &run.eval())).transpose()?;
    let vector = plan.vector.as_ref().map(|expr| evaluate(expr, &[], &run.eval())).transpose()?;
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

/// Answers a block of queries: for each the ranked labels, best first, cut to the plan's limit.
pub(crate) fn answer(run: &Run, plan: &SearchPlan, inputs: &[QueryInput]) -> Result<Vec<Vec<Ranked>>, Error> {
    let allowed = stages::allowed(run, plan)?;
    let candidates = stages::run(run, plan, inputs, &allowed)?;
    let started = Instant::now();
    let keys = run.view.keys(&plan.table)?;
    let mut answers = Vec::with_capacity(candidates.len());
    for mut found in candidates {
        let scores = final_scores(run, plan, &found)?;
        let limit = plan.limit.map_or(found.len(), |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let scores = found.cut(None, &scores, limit, &keys)?;
        let ranked = found.slots.iter().enumerate().map(|(at, slot)| Ranked {
            slot: *slot,
            score: scores[at],
            stages: (0..if plan.stages_read { found.scores.len() } else { 0 })
                .map(|stage| (found.scores[stage][at], found.ranks[stage][at]))
                .collect(),
        });
        answers.push(ranked.collect::<Vec<_>>());
    }
    let rows = answers.iter().map(|ranked: &Vec<Ranked>| ranked.len() as u64).sum();
    run.context.measure(plan.cut_id, rows, started.elapsed(), Vec::new());
    Ok(answers)
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

/// The output rows of ranked labels.
fn materialise(run: &Run, plan: &SearchPlan, ranked: &[Ranked]) -> Result<Vec<Vec<Value>>, Error> {
    let slots: Vec<Slot> = ranked.iter().map(|label| label.slot).collect();
    let labels = run.view.read_labels(&plan.table, &slots, &plan.columns)?;
    let width = plan.table.columns.len() + 2 + 2 * plan.width;
    let mut rows = Vec::with_capacity(ranked.len());
    for ((mut row, label), rank) in labels.into_iter().zip(ranked).zip(1i64..) {
        row.push(Value::Double(label.score));
        row.push(Value::BigInt(rank));
        if plan.stage_columns {
            row.extend(stage_values(label.stages.iter().copied()));
            row.resize(width, Value::Null);
        }
        rows.push(row);
    }
    Ok(rows)
}
