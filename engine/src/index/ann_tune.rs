//! How far a search of an `ann` index looks for a wanted recall, and whether second lists pay.
//!
//! Some rows are held out one by one: each is searched for among the others, whose exact order is known from
//! a scan. For every number of probed lists it is counted how many places of a better estimate stand before
//! the better place of each of the true best, so that one pass tells the recall of every pair of lists and
//! depth. Of the pairs that reach the target the cheapest is kept, for a few limits; between them the steps
//! are interpolated. This is done with the second lists of rows and without; where they cost more than they
//! save, rows are taken out of them.

use std::collections::HashSet;
use std::sync::Arc;

use rayon::prelude::*;

use super::ann_build::{AnnOptions, rows8};
use super::ann_plan::{COPIES, Plan};
use super::ann_search::{Admit, Parts, Reach, Scratch};
use super::error::IndexError;
use super::flat::FlatIndex;
use super::matrix::PackedMatrix;
use super::search::{SearchControl, SearchParams, VectorIndex};
use crate::kernel::{SIGN_BLOCK, normalize, select_top};
use crate::train::BuildControl;

/// Rows that are held out.
const SAMPLE: usize = 256;
/// Of those, the ones that say whether second lists pay and how many rows are kept by scores in 8 bits.
const SAMPLE_FEW: usize = 64;
/// The share of true rows that those scores may not lose.
const KEPT: f64 = 0.998;
/// Limits that are tuned.
const LIMITS: [usize; 4] = [1, 10, 100, 1000];
/// From one number of lists to the next that is tried.
const GROWTH: f64 = 1.25;
/// What a row costs in 8 bits, in places of the scan of signs: about 20 ns against 1.6 ns.
const DEPTH_COST: f64 = 12.0;
/// What a list costs besides its places.
const LIST_COST: f64 = 12.0;

/// How far to look for the best `limit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) limit: u32,
    /// Lists to probe.
    pub(super) probes: u32,
    /// Places kept of the scan.
    pub(super) depth: u32,
    /// Rows kept of those by their scores in 8 bits.
    pub(super) keep: u32,
}

/// Steps as they are stored; `None` if they do not rise or are none.
pub(super) fn steps(numbers: &[u32]) -> Option<Vec<Step>> {
    let (fours, rest) = numbers.as_chunks::<4>();
    let step = |[limit, probes, depth, keep]: &[u32; 4]| Step {
        limit: *limit,
        probes: *probes,
        depth: *depth,
        keep: *keep,
    };
    let steps: Vec<Step> = fours.iter().map(step).collect();
    let rising = steps.is_sorted_by(|a, b| a.limit < b.limit);
    let positive = !numbers.contains(&0);
    (rest.is_empty() && rising && positive && !steps.is_empty()).then_some(steps)
}

/// Lists, depth and rows kept for the best `limit`: between two steps a power of the limit, behind the last
/// in proportion to it.
pub(super) fn reach(steps: &[Step], limit: f64) -> [f64; 3] {
    let behind = steps.partition_point(|step| f64::from(step.limit) <= limit);
    let numbers = |step: &Step| [step.probes, step.depth, step.keep].map(f64::from);
    match (behind.checked_sub(1).and_then(|at| steps.get(at)), steps.get(behind)) {
        (Some(low), Some(high)) => {
            let (from, to) = (f64::from(low.limit), f64::from(high.limit));
            let part = (limit / from).ln() / (to / from).ln();
            let (low, high) = (numbers(low), numbers(high));
            std::array::from_fn(|at| low[at] * (high[at] / low[at]).powf(part))
        }
        (Some(last), None) => numbers(last).map(|number| number * limit / f64::from(last.limit)),
        (None, Some(first)) => numbers(first),
        (None, None) => [f64::INFINITY; 3],
    }
}

/// One place of a true best row of a held-out row.
#[derive(Clone, Copy)]
struct Truth {
    /// The rank of the row among the true best.
    rank: usize,
    /// How many lists are probed before that of the place.
    list: usize,
    estimate: f32,
}

/// What the held-out rows say: for each limit and each number of lists the depths at which true best rows
/// would be kept.
type Depths = Vec<Vec<Vec<u32>>>;

/// Rows held out, and their true best.
pub(super) struct Held<'a> {
    source: &'a Arc<PackedMatrix>,
    target: f64,
    limits: Vec<usize>,
    positions: Vec<usize>,
    /// The numbers of the best rows of each, best first.
    truths: Vec<Vec<u32>>,
}

impl<'a> Held<'a> {
    /// Holds rows out.
    pub(super) fn out(
        control: &BuildControl<'_>,
        options: &AnnOptions,
        source: &'a Arc<PackedMatrix>,
        plan: &Plan,
    ) -> Result<Held<'a>, IndexError> {
        let rows = source.len();
        let target = options.target_recall;
        let limits: Vec<usize> = LIMITS.into_iter().filter(|limit| limit * 4 <= rows).collect();
        let Some(most) = limits.last().copied() else {
            return Ok(Held { source, target, limits, positions: Vec::new(), truths: Vec::new() });
        };
        let count = SAMPLE.min(rows);
        let positions: Vec<usize> = (0..count).map(|at| at * (rows / count)).collect();
        let mut numbers = vec![0u32; rows];
        plan.rows.iter().zip(0u32..).for_each(|(position, row)| numbers[*position as usize] = row);
        let mut truths = truths(control, source, &positions, most)?;
        truths.iter_mut().flatten().for_each(|position| *position = numbers[*position as usize]);
        Ok(Held { source, target, limits, positions, truths })
    }

    /// Whether searches cost less with the second lists of rows, by the mean ratio over the limits.
    pub(super) fn second_pays(&self, parts: &Parts<'_>, plan: &Plan) -> bool {
        let few = SAMPLE / SAMPLE_FEW;
        let (with, without) = (self.reached(parts, plan, true, few), self.reached(parts, plan, false, few));
        let ratios = with.iter().zip(without).map(|((_, with), (_, without))| (with / without).ln());
        ratios.sum::<f64>() < 0.0
    }

    /// The steps of an index in memory.
    pub(super) fn steps(&self, parts: &Parts<'_>, plan: &Plan) -> Result<Vec<Step>, IndexError> {
        let steps = self.reached(parts, plan, true, 1).into_iter().map(|(step, _)| step);
        if self.limits.is_empty() {
            return Ok(steps.collect());
        }
        let held = self.positions.iter().copied().zip(&self.truths);
        let some: Vec<(usize, &Vec<u32>)> = held.step_by(SAMPLE / SAMPLE_FEW).collect();
        steps.map(|step| Ok(Step { keep: keep(self.source, parts, plan, step, &some)?, ..step })).collect()
    }

    /// The cheapest steps that reach the target, and what a search costs by each, in places scanned; by one
    /// of so many held-out rows, with the second lists of rows or without. How many rows are kept by their
    /// scores in 8 bits is left open.
    fn reached(&self, parts: &Parts<'_>, plan: &Plan, second: bool, one_of: usize) -> Vec<(Step, f64)> {
        if self.limits.is_empty() {
            // Of so few rows a search looks at all.
            let all = u32::try_from(self.source.len().max(1)).unwrap_or(u32::MAX);
            let probes = u32::try_from(parts.lists().max(1)).unwrap_or(u32::MAX);
            let step = Step { limit: 1, probes, depth: all, keep: all };
            return vec![(step, parts.places() as f64)];
        }
        let counts = list_counts(parts.lists());
        let places = places(plan, second);
        let held = |(position, truth): (&usize, &Vec<u32>)| {
            let query = held_out(self.source, *position);
            let truth: Vec<Places> = truth.iter().map(|row| places[*row as usize]).collect();
            let of_list = |list: u32| match second {
                true => parts.starts[list as usize + 1] - parts.starts[list as usize],
                false => plan.own(list),
            };
            let biased = self.source.shape().biased;
            depths(parts, &query, (biased, &of_list), (&self.limits, &counts), &truth)
        };
        let rows = self.positions.par_iter().zip(&self.truths);
        let found: Vec<(Depths, Vec<f64>)> = rows.step_by(one_of).map(held).collect();
        let scanned: Vec<f64> = (0..counts.len())
            .map(|at| found.iter().map(|(_, scanned)| scanned[at]).sum::<f64>() / found.len() as f64)
            .collect();
        let copies = if second && parts.places() > parts.len { COPIES as u32 } else { 1 };
        let steps = self.limits.iter().enumerate().map(|(row, limit)| {
            let owed = (limit * found.len()) as f64 * self.target;
            let step = |(at, probes): (usize, &usize)| {
                let mut all: Vec<u32> =
                    found.iter().flat_map(|(depths, _)| depths[row][at].iter().copied()).collect();
                all.sort_unstable();
                let depth = *all.get((owed.ceil() as usize).saturating_sub(1))?;
                let depth = depth.max(copies * keep_least(*limit));
                let cost = scanned[at] + f64::from(depth) * DEPTH_COST + *probes as f64 * LIST_COST;
                Some((cost, *probes as u32, depth))
            };
            let best = counts.iter().enumerate().filter_map(step).min_by(|a, b| a.0.total_cmp(&b.0));
            // With every list probed every true row is met.
            let all = (parts.places() as f64, parts.lists() as u32, parts.places() as u32);
            let (cost, probes, depth) = best.unwrap_or(all);
            (Step { limit: *limit as u32, probes, depth, keep: 0 }, cost)
        });
        steps.collect()
    }
}

/// The places of a row, [`NOWHERE`] behind them.
type Places = [u32; COPIES];

/// No place.
const NOWHERE: u32 = u32::MAX;

/// The places of each row, those in its second list only if asked for.
fn places(plan: &Plan, second: bool) -> Vec<Places> {
    let mut places = vec![[NOWHERE; COPIES]; plan.rows.len()];
    for (list, range) in (0u32..).zip(plan.starts.windows(2)) {
        let end = if second { range[1] } else { range[0] + plan.own(list) };
        for place in range[0]..end {
            let of_row = &mut places[plan.order[place as usize] as usize];
            if let Some(free) = of_row.iter_mut().find(|place| **place == NOWHERE) {
                *free = place;
            }
        }
    }
    places
}

/// The least rows kept for a limit.
fn keep_least(limit: usize) -> u32 {
    u32::try_from(limit + limit / 16 + 4).unwrap_or(u32::MAX)
}

/// A row as a query: of unit length, as queries are, since beside biases its length decides what is best. A
/// row without a direction stays as it is.
fn held_out(source: &PackedMatrix, position: usize) -> Vec<f32> {
    let mut query = vec![0.0; source.shape().dimension];
    source.decode(position, &mut query);
    let _ = normalize(&mut query);
    query
}

/// How many rows must be kept by their scores in 8 bits so that nearly none of the true best is lost which
/// the scan of signs has found. `held` are positions and the rows of their true best.
fn keep(
    source: &Arc<PackedMatrix>,
    parts: &Parts<'_>,
    plan: &Plan,
    step: Step,
    held: &[(usize, &Vec<u32>)],
) -> Result<u32, IndexError> {
    let biased = source.shape().biased;
    let depth = step.depth as usize + COPIES;
    let reach = Reach { probes: step.probes as usize, places: 0, depth, keep: 0 };
    let ranks = held.par_iter().flat_map_iter(|(position, truth)| {
        let query = held_out(source, *position);
        let mut scratch = Scratch::default();
        parts.set(&mut scratch, &query, biased);
        let mut rows = parts.scan(std::slice::from_mut(&mut scratch), reach, Admit::default()).concat();
        rows.retain(|row| plan.rows[*row as usize] as usize != *position);
        let positions: Vec<u32> = rows.iter().map(|row| plan.rows[*row as usize]).collect();
        let (codes, scales) = rows8(source, &positions, parts.rotation);
        let order = parts.order8(&mut scratch, &codes, &scales);
        let wanted: HashSet<u32> = truth.iter().take(step.limit as usize).copied().collect();
        let mut ranks = Vec::new();
        for (rank, at) in (1u32..).zip(order) {
            if wanted.contains(&rows[at as usize]) {
                ranks.push(rank);
            }
        }
        ranks
    });
    let mut ranks: Vec<u32> = ranks.collect();
    ranks.sort_unstable();
    let last = (ranks.len() as f64 * KEPT) as usize;
    let wanted = ranks.get(last.min(ranks.len().saturating_sub(1))).copied().unwrap_or(0);
    Ok(wanted.max(keep_least(step.limit as usize)).min(step.depth))
}

/// The numbers of lists that are tried, ascending, all lists last.
fn list_counts(lists: usize) -> Vec<usize> {
    let mut counts = vec![1];
    while let Some(last) = counts.last().copied().filter(|last| *last < lists) {
        counts.push(((last as f64 * GROWTH).ceil() as usize).max(last + 1).min(lists));
    }
    counts
}

/// Positions of the best `most` rows for the vector of each held-out row, itself left out, best first.
fn truths(
    control: &BuildControl<'_>,
    source: &Arc<PackedMatrix>,
    held: &[usize],
    most: usize,
) -> Result<Vec<Vec<u32>>, IndexError> {
    let queries: Vec<Vec<f32>> = held.iter().map(|position| held_out(source, *position)).collect();
    let params = SearchParams { limit: most + 1, effort: None, filter: None, newer: None };
    let search = SearchControl { cancelled: control.cancelled, threads: control.threads };
    // Together, since many queries share what is read of a row.
    let nominees = FlatIndex::new(Arc::clone(source)).search(&search, &queries.concat(), &params)?;
    let truth = |((position, query), nominees): ((&usize, &Vec<f32>), &Vec<u32>)| {
        let positions = nominees.iter().filter_map(|slot| source.position_of(*slot));
        let others = positions.filter(|other| other != position);
        let mut scored: Vec<(f64, u32)> =
            others.map(|other| (source.score_exact(query, other), other as u32)).collect();
        select_top(&mut scored, most, |a, b| a.cmp(&b));
        scored.into_iter().map(|(_, position)| position).collect()
    };
    Ok(held.par_iter().zip(&queries).zip(&nominees).map(truth).collect())
}

/// Depths of the true rows by limit and number of lists, and how many places are scanned for each number;
/// `of_list` says how many places of a list count, which are its first.
fn depths(
    parts: &Parts<'_>,
    query: &[f32],
    (biased, of_list): (bool, &dyn Fn(u32) -> u32),
    (limits, counts): (&[usize], &[usize]),
    truth: &[Places],
) -> (Depths, Vec<f64>) {
    let mut scratch = Scratch::default();
    parts.set(&mut scratch, query, biased);
    parts.probe(&mut scratch, parts.lists());
    let lists = std::mem::take(&mut scratch.lists);
    let (mut estimates, mut truths) = (Vec::with_capacity(parts.places()), Vec::new());
    let mut ends = Vec::with_capacity(lists.len());
    let mut by_place: Vec<(u32, usize)> =
        truth.iter().zip(0..).flat_map(|(places, rank)| places.map(|place| (place, rank))).collect();
    by_place.sort_unstable();
    for (at, (base, list)) in lists.iter().enumerate() {
        let (start, count) = (parts.starts[*list as usize], of_list(*list));
        let (some, end) = (parts.estimates(&mut scratch, *base, *list as usize), start + count);
        let some = &some[..count as usize];
        let from = by_place.partition_point(|(place, _)| *place < start);
        for (place, rank) in by_place[from..].iter().take_while(|(place, _)| *place < end) {
            truths.push(Truth { rank: *rank, list: at, estimate: some[(place - start) as usize] });
        }
        estimates.extend_from_slice(some);
        ends.push(estimates.len());
    }
    let mut thresholds: Vec<f32> = truths.iter().map(|truth| truth.estimate).collect();
    thresholds.sort_by(f32::total_cmp);
    // above[j]: places so far whose estimate is greater than exactly j of the thresholds.
    let mut above = vec![0u32; thresholds.len() + 1];
    let mut depths = vec![vec![Vec::new(); counts.len()]; limits.len()];
    let (mut next, mut scanned) = (0, Vec::with_capacity(counts.len()));
    for (at, count) in counts.iter().enumerate() {
        let end = ends[*count - 1];
        for estimate in &estimates[next..end] {
            if thresholds.first().is_some_and(|least| estimate > least) {
                above[thresholds.partition_point(|threshold| threshold < estimate)] += 1;
            }
        }
        next = end;
        scanned.push(end as f64 + (count * SIGN_BLOCK) as f64 / 2.0);
        let mut better = above.clone();
        for j in (1..better.len()).rev() {
            better[j - 1] += better[j];
        }
        let mut least = vec![u32::MAX; truth.len()];
        for Truth { rank, estimate, .. } in truths.iter().filter(|truth| truth.list < *count) {
            let under = thresholds.partition_point(|threshold| threshold <= estimate);
            let depth = better.get(under).copied().unwrap_or(0) + 1;
            least[*rank] = least[*rank].min(depth);
        }
        for (limit, depths) in limits.iter().zip(&mut depths) {
            depths[at].extend(least.iter().take(*limit).filter(|depth| **depth < u32::MAX));
        }
    }
    (depths, scanned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_read_and_interpolated() {
        let numbers = [1, 2, 20, 3, 100, 200, 2000, 300];
        let found = steps(&numbers).unwrap();
        assert_eq!(reach(&found, 0.5), [2.0, 20.0, 3.0]);
        assert_eq!(reach(&found, 1.0), [2.0, 20.0, 3.0]);
        for (found, expected) in reach(&found, 10.0).into_iter().zip([20.0, 200.0, 30.0]) {
            assert!((found - expected).abs() < 1e-9);
        }
        assert_eq!(reach(&found, 100.0), [200.0, 2000.0, 300.0]);
        assert_eq!(reach(&found, 200.0), [400.0, 4000.0, 600.0]);
        let unsorted = [1, 2, 20, 3, 1, 2, 20, 3];
        for damaged in [&[][..], &[1, 2, 3], &unsorted, &[0, 1, 1, 1], &[1, 0, 1, 1], &[1, 1, 0, 1]] {
            assert!(steps(damaged).is_none(), "{damaged:?}");
        }
    }

    #[test]
    fn numbers_of_lists_rise_to_all() {
        for lists in [1, 2, 7, 1000] {
            let counts = list_counts(lists);
            assert!(counts.is_sorted_by(|a, b| a < b) && counts[0] == 1);
            assert_eq!(counts.last(), Some(&lists));
        }
    }
}
