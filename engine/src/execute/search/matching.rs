//! MATCH: labels whose texts have the query's words.

use argtop_storage::{IndexRecord, Slot, TableRecord};

use super::QueryInput;
use super::stages::{Allowed, each, rank_all};
use crate::error::Error;
use crate::execute::Run;
use crate::view::KeyBook;

/// What MATCH asks for.
pub(super) struct Target<'a> {
    pub(super) index: &'a IndexRecord,
    /// What all queries look for; None: their own texts.
    pub(super) text: Option<&'a str>,
    pub(super) limit: u64,
}

/// Ranked slots of each query, and notes for EXPLAIN.
type Answers = (Vec<Vec<(f64, Slot)>>, Vec<String>);

/// The best `limit` allowed labels of each query by BM25.
pub(super) fn by_words(
    run: &Run,
    table: &TableRecord,
    target: &Target<'_>,
    inputs: &[QueryInput],
    allowed: &Allowed,
    keys: &KeyBook,
) -> Result<Answers, Error> {
    let texts = run.view.texts(table, target.index)?;
    let live = run.view.live(table)?;
    let admitted = texts.admit((allowed.slots.len() < live.len()).then_some(&*allowed.slots));
    let words_max = run.inner.limits.match_words_max;
    let matched = each(inputs.iter().collect(), |input: &QueryInput| {
        let text = target.text.or_else(|| input.as_text()).ok_or_else(|| {
            Error::value(
                format!("MATCH by {} looks for a text, but the query is a vector", target.index.name),
                "give SEARCH (TEXT => ..., VECTOR => ...), or MATCH(column, 'text')",
            )
        })?;
        texts.search(&run.context, text, &admitted, target.limit, words_max)
    })?;
    let words: usize = matched.iter().map(|matched| matched.words).sum();
    let notes = vec![
        format!(
            "generation {} to slot {}, {} newer labels",
            run.view.generation_number(target.index),
            texts.slot_end(),
            live.range_cardinality(texts.slot_end()..)
        ),
        format!("{words} words"),
    ];
    let scored: Vec<Vec<(f64, Slot)>> = matched.into_iter().map(|matched| matched.best).collect();
    // Short texts often have the same score, and then keys decide.
    scored.iter().flatten().for_each(|(_, slot)| keys.prefetch(*slot));
    Ok((rank_all(scored, target.limit, keys)?, notes))
}
