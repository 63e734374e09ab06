//! RERANK by a sparse classifier: lexical evidence for the candidates.

use argtop_storage::ClassifierRecord;
use rayon::prelude::*;

use super::QueryInput;
use super::candidates::Candidates;
use super::stages::{Queries, Rerank};
use crate::error::Error;
use crate::execute::Run;
use crate::train::SparseQuery;
use crate::view::{KeyBook, SparseRows};

/// Scores candidates by `v_l . [tf-idf of the text; embedding] + b_l`.
pub(super) fn rerank(
    run: &Run,
    (classifier, rows): (&ClassifierRecord, &SparseRows),
    (inputs, queries): (&[QueryInput], &Queries),
    window: Rerank,
    found: &mut [Candidates],
    keys: &KeyBook,
) -> Result<Vec<String>, Error> {
    let terms = rows.vocabulary().len();
    let read: usize = found.iter().map(Candidates::len).sum();
    found.par_iter_mut().enumerate().try_for_each(|(at, candidates)| {
        run.context.check()?;
        let text = inputs[at].as_text().ok_or_else(|| {
            Error::value(
                format!("classifier {} scores texts, but the query is a vector", classifier.name),
                "give SEARCH (TEXT => ..., VECTOR => ...), or leave the stage out",
            )
        })?;
        let features = rows.vocabulary().features(text);
        let embedding = if rows.width() > terms { queries.row(at) } else { &[] };
        let query = SparseQuery::new(terms, &features, embedding);
        let scores: Result<Vec<f64>, Error> =
            candidates.slots.iter().map(|slot| rows.score(*slot, &query)).collect();
        let kept = window.limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
        candidates.cut(Some(window.number), &scores?, kept.unwrap_or(candidates.len()), keys)?;
        Ok::<(), Error>(())
    })?;
    Ok(vec![format!("{terms} terms, sparse"), format!("{read} rows read")])
}
