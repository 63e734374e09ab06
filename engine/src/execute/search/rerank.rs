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
use crate::view::{Dense, KeyBook, ROWS_AHEAD};

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
        self.some(query, slots.iter().copied())
    }

    /// Exact scores of some slots, in their order.
    fn some(&self, query: &[f32], slots: impl Iterator<Item = Slot> + Clone) -> Result<Vec<f64>, Error> {
        let mut scratch = Vec::new();
        self.rows.ahead(slots.clone());
        let mut next = slots.clone().skip(ROWS_AHEAD);
        let score = |slot: Slot| {
            if let Some(next) = next.next() {
                self.rows.prefetch(next);
            }
            (self.score)(slot, query, &mut scratch)
        };
        slots.map(score).collect()
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
        let (positions, later): (Vec<u32>, Vec<u32>) = packed.into_iter().unzip();
        let Some(estimates) = base.estimates(query, &positions, self.scoring) else { return Ok(None) };
        let mut later: Vec<(Estimate, u32)> = estimates.into_iter().zip(later).collect();
        let first = limit.saturating_sub(places.len()).min(later.len());
        if (1..later.len()).contains(&first) {
            later.select_nth_unstable_by(first - 1, |a, b| b.0.near.total_cmp(&a.0.near));
        }
        places.extend(later[..first].iter().map(|(_, place)| *place));
        let mut scores = self.some(query, places.iter().map(|place| slots[*place as usize]))?;
        let mut known = scores.clone();
        let (_, floor, _) = known.select_nth_unstable_by(limit - 1, |a, b| b.total_cmp(a));
        let reaches = |(estimate, _): &&(Estimate, u32)| estimate.near + estimate.bound >= *floor;
        let more: Vec<u32> = later[first..].iter().filter(reaches).map(|(_, place)| *place).collect();
        scores.extend(self.some(query, more.iter().map(|place| slots[*place as usize]))?);
        places.extend(more);
        Ok(Some((places, scores)))
    }
}
