//! RERANK by a sparse classifier: lexical evidence for the candidates.

use argtop_storage::{ClassifierRecord, SparseRecord};
use rayon::prelude::*;

use super::QueryInput;
use super::candidates::Candidates;
use super::stages::Queries;
use crate::error::Error;
use crate::execute::Run;
use crate::physical::SearchPlan;
use crate::view::{KeyBook, SpreadFeatures};

/// Scores candidates by `v_l . [tf-idf of the text; embedding] + b_l`.
pub(super) fn rerank(
    run: &Run,
    plan: &SearchPlan,
    (classifier, sparse): (&ClassifierRecord, &SparseRecord),
    limit: Option<u64>,
    (inputs, queries): (&[QueryInput], &Queries),
    found: &mut [Candidates],
    (number, keys): (usize, &KeyBook),
) -> Result<Vec<String>, Error> {
    let rows = run.view.sparse_rows(&plan.table, classifier, sparse)?;
    let terms = rows.vocabulary().len();
    let width = terms + if sparse.embedding { classifier.dimension as usize } else { 0 };
    let read: usize = found.iter().map(Candidates::len).sum();
    let spread = || SpreadFeatures::new(width);
    found.par_iter_mut().enumerate().try_for_each_init(spread, |spread, (at, candidates)| {
        run.context.check()?;
        let QueryInput::Text(text) = &inputs[at] else {
            return Err(Error::value(
                format!("classifier {} scores texts, but the query is a vector", classifier.name),
                "give SEARCH (TEXT => ..., VECTOR => ...), or leave the stage out",
            ));
        };
        let mut features = rows.vocabulary().features(text);
        if sparse.embedding {
            let start = u32::try_from(terms).unwrap_or(u32::MAX);
            features.extend((start..).zip(queries.row(at).iter().copied()));
        }
        spread.set(&features);
        let scores: Result<Vec<f64>, Error> =
            candidates.slots.iter().map(|slot| rows.score(*slot, spread)).collect();
        let limit = limit.map_or(candidates.len(), |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        candidates.cut(Some(number), &scores?, limit, keys)?;
        Ok::<(), Error>(())
    })?;
    Ok(vec![format!("{terms} terms, sparse"), format!("{read} rows read")])
}
