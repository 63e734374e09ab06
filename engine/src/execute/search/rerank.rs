//! RERANK: candidates are scored anew by a classifier or a vector column, and the best of them kept.
//!
//! Where a limit is given and the generation has rows in 8 bits, those say which candidates can be among the
//! best at all; only these are scored from their stored rows.

use argtop_storage::Slot;

use super::candidates::Candidates;
use super::stages::{Queries, Rerank, each};
use crate::error::Error;
use crate::execute::Run;
use crate::index::{Estimate, Scoring};
use crate::view::{Dense, KeyBook};

/// The exact score of a label for a query; the last is space for a row.
type Score<'a> = dyn Fn(Slot, &[f32], &mut Vec<f32>) -> Result<f64, Error> + Sync + 'a;

/// Places among the candidates, and their exact scores.
type Nominated = (Vec<u32>, Vec<f64>);

/// Rows that candidates are scored by.
pub(super) struct Scorer<'a> {
    pub(super) rows: &'a Dense,
    /// What `score` makes of the product of a row and a query.
    pub(super) scoring: Scoring,
    pub(super) score: &'a Score<'a>,
}

/// Scores the candidates of every query and keeps the best; gives how many were scored exactly.
pub(super) fn rescore(
    run: &Run,
    scorer: &Scorer<'_>,
    queries: &Queries,
    window: Rerank,
    found: &mut [Candidates],
    keys: &KeyBook,
) -> Result<u64, Error> {
    let scored = each(found.iter_mut().enumerate().collect(), |(at, candidates)| {
        run.context.check()?;
        let query = queries.row(at);
        let limit = window.limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let limit = limit.unwrap_or(candidates.len());
        let scores = match scorer.may_be_best(&candidates.slots, query, limit)? {
            Some((places, scores)) => {
                candidates.keep(&places);
                scores
            }
            None => scorer.all(&candidates.slots, query)?,
        };
        candidates.cut(Some(window.number), &scores, limit, keys)?;
        Ok(scores.len() as u64)
    })?;
    Ok(scored.into_iter().sum())
}

impl Scorer<'_> {
    fn all(&self, slots: &[Slot], query: &[f32]) -> Result<Vec<f64>, Error> {
        let mut scratch = Vec::new();
        self.rows.ahead(slots.iter().copied());
        slots.iter().map(|slot| (self.score)(*slot, query, &mut scratch)).collect()
    }

    /// Places and exact scores of all slots that may be among the best `limit`, ties included; None where
    /// there is nothing to save.
    ///
    /// Any `limit` exact scores bound the last of the best from below. Good ones are those of the best by
    /// 8 bits; what cannot reach the bound is left out.
    fn may_be_best(&self, slots: &[Slot], query: &[f32], limit: usize) -> Result<Option<Nominated>, Error> {
        let Some(base) = self.rows.base() else { return Ok(None) };
        if limit == 0 || limit >= slots.len() {
            return Ok(None);
        }
        // Labels of the tail have no codes and are scored at once.
        let (mut places, mut packed) = (Vec::new(), Vec::with_capacity(slots.len()));
        for (place, slot) in (0u32..).zip(slots) {
            match base.position_of(*slot) {
                Some(position) => packed.push((position as u32, place)),
                None => places.push(place),
            }
        }
        // Rows are met in the order in which they lie in memory.
        packed.sort_unstable();
        let (positions, later): (Vec<u32>, Vec<u32>) = packed.into_iter().unzip();
        let Some(estimates) = base.estimates(query, &positions, self.scoring) else { return Ok(None) };
        let mut later: Vec<(Estimate, u32)> = estimates.into_iter().zip(later).collect();
        let first = limit.saturating_sub(places.len()).min(later.len());
        if (1..later.len()).contains(&first) {
            later.select_nth_unstable_by(first - 1, |a, b| b.0.near.total_cmp(&a.0.near));
        }
        places.extend(later[..first].iter().map(|(_, place)| *place));
        self.rows.ahead(places.iter().map(|place| slots[*place as usize]));
        let mut scratch = Vec::new();
        let mut score = |place: u32| (self.score)(slots[place as usize], query, &mut scratch);
        let mut scores: Vec<f64> = places.iter().map(|place| score(*place)).collect::<Result<_, _>>()?;
        let mut known = scores.clone();
        let (_, floor, _) = known.select_nth_unstable_by(limit - 1, |a, b| b.total_cmp(a));
        let reaches = |(estimate, _): &&(Estimate, u32)| estimate.near + estimate.bound >= *floor;
        let more: Vec<u32> = later[first..].iter().filter(reaches).map(|(_, place)| *place).collect();
        self.rows.ahead(more.iter().map(|place| slots[*place as usize]));
        for place in more {
            places.push(place);
            scores.push(score(place)?);
        }
        Ok(Some((places, scores)))
    }
}
