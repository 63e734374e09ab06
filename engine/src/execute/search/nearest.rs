//! Nearest labels: exactly, or by a vector index with the tail beside it.

use argtop_storage::{IndexRecord, Slot};
use roaring::RoaringBitmap;

use super::stages::{Allowed, Queries, rank_all};
use crate::error::Error;
use crate::execute::Run;
use crate::index::{SearchControl, SearchParams};
use crate::view::{Dense, KeyBook, from_slot, take_newer};

/// Ranked slots of each query, and notes for EXPLAIN.
type Answers = (Vec<Vec<(f64, Slot)>>, Vec<String>);

/// What SHORTLIST on a vector index asks for.
pub(crate) struct Target<'a> {
    pub(crate) index: &'a IndexRecord,
    pub(crate) dense: &'a Dense,
    pub(crate) limit: u64,
    pub(crate) effort: Option<usize>,
}

/// The best `limit` allowed labels of each query by exact inner product.
pub(crate) fn exact(
    run: &Run,
    dense: &Dense,
    queries: &Queries,
    limit: u64,
    allowed: &Allowed,
    keys: &KeyBook,
) -> Result<Answers, Error> {
    let k = usize::try_from(limit.min(allowed.slots.len())).unwrap_or(usize::MAX);
    let notes = vec![format!("{} labels scored", allowed.slots.len())];
    if k == 0 {
        return Ok((vec![Vec::new(); queries.len()], notes));
    }
    let scored = if allowed.slots.len() / 2 <= k as u64 {
        // Nearly all labels are wanted: nominating would keep them all.
        let slots: Vec<Slot> = allowed.slots.iter().collect();
        let score = |at: usize| {
            run.context.check()?;
            Ok(with_slots(dense.scores(&slots, queries.row(at))?, &slots))
        };
        super::stages::each((0..queries.len()).collect(), score)?
    } else {
        let nominees = dense.nominate(&run.context, &queries.values, k, &allowed.slots)?;
        score_nominees(run, dense, queries, &nominees)?
    };
    Ok((rank_all(scored, k as u64, keys)?, notes))
}

/// Exact scores of the nominated slots of each query.
fn score_nominees(
    run: &Run,
    dense: &Dense,
    queries: &Queries,
    nominees: &[Vec<Slot>],
) -> Result<Vec<Vec<(f64, Slot)>>, Error> {
    run.context.check()?;
    let scores = dense.scores_of_several(|at| queries.row(at), nominees)?;
    Ok(scores.into_iter().zip(nominees).map(|(scores, slots)| with_slots(scores, slots)).collect())
}

fn with_slots(scores: Vec<f64>, slots: &[Slot]) -> Vec<(f64, Slot)> {
    scores.into_iter().zip(slots.iter().copied()).collect()
}

/// The best `limit` allowed labels by an index: its nominations among the labels it covers, the tail's among
/// the newer ones, all scored exactly. A query whose nominations come back short is answered by exact scan:
/// the labels are owed.
pub(crate) fn by_index(
    run: &Run,
    target: &Target<'_>,
    queries: &Queries,
    allowed: &Allowed,
    keys: &KeyBook,
) -> Result<Answers, Error> {
    let on_all_threads =
        || run.inner.install(|| exact(run, target.dense, queries, target.limit, allowed, keys));
    if target.index.method == "flat" {
        return on_all_threads();
    }
    let Some(index) = run.view.vector_index(target.index)? else {
        let (ranked, mut notes) = on_all_threads()?;
        notes.insert(0, format!("{} has no generation: exact scan", target.index.name));
        return Ok((ranked, notes));
    };
    let slot_end = index.slot_end();
    let newer = from_slot(&allowed.slots, slot_end);
    let covered = allowed.slots.len() - newer.len();
    let few = covered <= target.limit.saturating_mul(4).max(index.len() as u64 / 50);
    if few {
        let (ranked, mut notes) = on_all_threads()?;
        notes.insert(0, "few labels are left: exact scan instead of the index".to_string());
        return Ok((ranked, notes));
    }
    let limit = usize::try_from(target.limit).unwrap_or(usize::MAX);
    let older = (covered < index.len() as u64).then(|| {
        let mut older = RoaringBitmap::clone(&allowed.slots);
        older.remove_range(slot_end..);
        older
    });
    let taking = (&*index, target.index.table);
    let taken = take_newer(&run.context, &run.inner, taking, target.dense, &newer, queries.len())?;
    let params =
        SearchParams { limit, effort: target.effort, filter: older.as_ref(), newer: taken.then_some(&newer) };
    let cancelled = run.cancelled();
    let control = SearchControl { cancelled: &cancelled, threads: run.threads_of_block() };
    let mut nominees = index.search(&control, &queries.values, &params)?;
    if !taken {
        add_newer(run, target.dense, queries, limit, &newer, &mut nominees)?;
    }
    let owed = usize::try_from(target.limit.min(allowed.slots.len())).unwrap_or(usize::MAX);
    let short: Vec<usize> = (0..nominees.len()).filter(|at| nominees[*at].len() < owed).collect();
    let mut notes = vec![format!(
        "generation {} to slot {slot_end}, {} newer labels, effort {}",
        run.view.generation_number(target.index),
        newer.len(),
        target.effort.unwrap_or_else(|| index.default_effort(limit)),
    )];
    if !short.is_empty() {
        notes.push(format!("{} queries came back short: exact scan", short.len()));
        let values: Vec<f32> = short.iter().flat_map(|at| queries.row(*at)).copied().collect();
        let found = target.dense.nominate(&run.context, &values, owed, &allowed.slots)?;
        for (at, slots) in short.into_iter().zip(found) {
            nominees[at] = slots;
        }
    }
    let scored = score_nominees(run, target.dense, queries, &nominees)?;
    Ok((rank_all(scored, target.limit, keys)?, notes))
}

/// Adds the best of the labels that the generation does not cover.
fn add_newer(
    run: &Run,
    dense: &Dense,
    queries: &Queries,
    limit: usize,
    newer: &RoaringBitmap,
    nominees: &mut [Vec<Slot>],
) -> Result<(), Error> {
    if newer.is_empty() {
        return Ok(());
    }
    let found = dense.nominate(&run.context, &queries.values, limit, newer)?;
    for (nominees, found) in nominees.iter_mut().zip(found) {
        nominees.extend(found);
    }
    Ok(())
}
