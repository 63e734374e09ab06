//! The best k of many: first a superset by fast scores, then the exact cut.

use std::cmp::Ordering;

use super::dispatch::dispatch;

/// The number of a row; see "slot" in ARCHITECTURE.md.
pub type Slot = u32;

/// Scores that are passed over together where none is of interest.
const STEP: usize = 16;
/// Steps that are looked at before the first of them is walked through.
const STEPS_AT_ONCE: usize = u64::BITS as usize;
/// Values of which the greatest stands for all, where a floor under the best is looked for.
const BEST_OF: usize = 8;
/// Slots held before the first pruning.
const HELD_MIN: usize = 1024;

/// Every slot whose fast score is at least the k-th best fast score minus a margin.
///
/// With `margin = 2 * error_bound` this holds every member of the exact top k, ties at its edge included. Let
/// B be the bound and E the k-th best exact score: a slot with exact score at least E has a fast score of at
/// least `E - B`, and the k-th best fast score is at most `E + B`.
/// Memory is about `2k` entries, and more only while more slots lie within the margin: all of them when all
/// tie.
#[derive(Debug)]
pub struct Nominees {
    k: usize,
    margin: f64,
    /// Scores under this cannot be nominated; it only rises.
    floor: f32,
    /// The held slots are pruned when there are this many.
    prune_at: usize,
    held: Vec<(f32, Slot)>,
    /// Slots whose fast score overflowed: nothing is known of their exact score.
    unknown: Vec<Slot>,
}

impl Nominees {
    /// An empty set for the best `k`, with `margin` = twice the error bound (infinite or NaN: keep
    /// everything).
    pub fn new(k: usize, margin: f32) -> Self {
        let margin = if margin.is_nan() { f64::INFINITY } else { f64::from(margin.max(0.0)) };
        let prune_at = k.saturating_mul(2).max(HELD_MIN);
        Self { k, margin, floor: f32::NEG_INFINITY, prune_at, held: Vec::new(), unknown: Vec::new() }
    }

    /// Offers one slot.
    pub fn push(&mut self, slot: Slot, score: f32) {
        if !score.is_finite() {
            self.unknown.push(slot);
        } else if score >= self.floor {
            self.held.push((score, slot));
            if self.held.len() >= self.prune_at {
                self.prune();
            }
        }
    }

    /// Offers a block of scores. `slot_of` names the slot of a position, or `None` if the row is dead or
    /// filtered out; it is asked only for scores that reach the floor.
    pub fn offer(&mut self, scores: &[f32], slot_of: impl Fn(usize) -> Option<Slot>) {
        for (first, scores) in (0..).step_by(STEP * STEPS_AT_ONCE).zip(scores.chunks(STEP * STEPS_AT_ONCE)) {
            let mut steps = steps_of_interest(scores, self.floor);
            while steps != 0 {
                let start = steps.trailing_zeros() as usize * STEP;
                steps &= steps - 1;
                let end = scores.len().min(start + STEP);
                let mut reached = of_interest(&scores[start..end], self.floor);
                while reached != 0 {
                    let at = start + reached.trailing_zeros() as usize;
                    reached &= reached - 1;
                    // The floor may have risen meanwhile; what is pushed is looked at again.
                    if let Some(slot) = slot_of(first + at) {
                        self.push(slot, scores[at]);
                    }
                }
            }
        }
    }

    /// Adds what another part of the same scan nominated.
    pub fn merge(&mut self, other: Nominees) {
        self.unknown.extend(other.unknown);
        for (score, slot) in other.held {
            self.push(slot, score);
        }
    }

    /// The nominated slots, ascending; none if k is zero.
    pub fn finish(mut self) -> Vec<Slot> {
        if self.k == 0 {
            return Vec::new();
        }
        self.prune();
        let mut slots = self.unknown;
        slots.extend(self.held.iter().map(|(_, slot)| *slot));
        slots.sort_unstable();
        slots
    }

    /// Raises the floor to what k held slots allow and drops what lies under it.
    fn prune(&mut self) {
        let Some(last) = self.k.checked_sub(1) else {
            self.held.clear();
            return;
        };
        if last < self.held.len() {
            let (_, (worst, _), _) = self.held.select_nth_unstable_by(last, |a, b| b.0.total_cmp(&a.0));
            // One step down, since the conversion to f32 may have rounded up.
            let floor = ((f64::from(*worst) - self.margin) as f32).next_down();
            self.floor = self.floor.max(floor);
            let floor = self.floor;
            self.held.retain(|(score, _)| *score >= floor);
        }
        // Ties may keep everything; doubling then keeps the cost of pruning linear.
        self.prune_at = self.prune_at.max(self.held.len().saturating_mul(2));
    }
}

/// A bit for each score of a step that is at least `floor`, or is not finite.
fn of_interest(step: &[f32], floor: f32) -> u32 {
    let bit = |score: &f32| u32::from(*score >= floor || !score.is_finite());
    match step.first_chunk::<STEP>() {
        Some(step) => dispatch(
            #[inline(always)]
            || (0..STEP).fold(0, |bits, at| bits | bit(&step[at]) << at),
        ),
        None => step.iter().enumerate().fold(0, |bits, (at, score)| bits | bit(score) << at),
    }
}

/// A bit for each step of scores that has one of at least `floor`, or one that is not finite. Most have none.
fn steps_of_interest(scores: &[f32], floor: f32) -> u64 {
    let mut found = 0;
    dispatch(
        #[inline(always)]
        || {
            let (steps, rest) = scores.as_chunks::<STEP>();
            // NaN and infinities must not be passed over, hence the negation and the second test.
            let dull = |score: &f32| (*score < floor) & (*score > f32::NEG_INFINITY);
            for (at, step) in steps.iter().enumerate() {
                let all_dull = step.iter().fold(true, |all, score| all & dull(score));
                found |= u64::from(!all_dull) << at;
            }
            if !rest.iter().all(dull) {
                found |= 1 << steps.len();
            }
        },
    );
    found
}

/// A number that scores may be.
pub trait Score: Copy + PartialOrd {
    /// Under all numbers.
    const LEAST: Self;

    /// A total order.
    fn order(&self, other: &Self) -> Ordering;
}

impl Score for f32 {
    const LEAST: f32 = f32::NEG_INFINITY;

    fn order(&self, other: &f32) -> Ordering {
        self.total_cmp(other)
    }
}

impl Score for f64 {
    const LEAST: f64 = f64::NEG_INFINITY;

    fn order(&self, other: &f64) -> Ordering {
        self.total_cmp(other)
    }
}

/// A number that at least `keep` of the values reach, if there are as many: at most the keep-th greatest, and
/// near it where there are many more. Of each eight values the greatest stands for them: the keep-th greatest
/// of these is reached by `keep` values. `space` is for these.
///
/// NaN counts as smaller than all; whoever drops what is under the floor keeps it.
pub fn floor_of_best<T: Score>(values: &[T], keep: usize, space: &mut Vec<T>) -> T {
    let part = values.len() / BEST_OF;
    if keep == 0 || keep > part {
        return T::LEAST;
    }
    space.clear();
    space.resize(part, T::LEAST);
    dispatch(
        #[inline(always)]
        || {
            for others in values[..part * BEST_OF].chunks_exact(part) {
                for (most, other) in space.iter_mut().zip(others) {
                    *most = if *other > *most { *other } else { *most };
                }
            }
        },
    );
    *space.select_nth_unstable_by(keep - 1, |a, b| b.order(a)).1
}

/// Keeps the best `k` items in order: higher score first, then `tie` (by primary key at the callers).
///
/// NaN is dropped, and -0.0 becomes 0.0, with which it ties. `tie` must be a total order of slots; it is
/// asked only about equal scores.
pub fn select_top(items: &mut Vec<(f64, Slot)>, k: usize, tie: impl Fn(Slot, Slot) -> Ordering) {
    items.retain_mut(|(score, _)| {
        *score += 0.0;
        !score.is_nan()
    });
    let order = |a: &(f64, Slot), b: &(f64, Slot)| b.0.total_cmp(&a.0).then_with(|| tie(a.1, b.1));
    if k < items.len() {
        if k > 0 {
            items.select_nth_unstable_by(k - 1, order);
        }
        items.truncate(k);
    }
    items.sort_unstable_by(order);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{RowData, Rows, error_bound, norm, scan};
    use super::*;

    /// Runs the whole search on small rows and compares it with sorting everything by exact score.
    fn check(rows: &[Vec<f32>], query: &[f32], k: usize, parts: usize) {
        let flat: Vec<f32> = rows.concat();
        let view = Rows::new(query.len(), RowData::F32(&flat)).unwrap();
        let longest = rows.iter().map(|row| norm(row)).fold(0.0, f64::max);
        let margin = 2.0 * error_bound(query.len(), norm(query), longest);
        let mut fast = vec![0.0; rows.len()];
        scan(query, &view, &mut fast);
        let mut nominees = Nominees::new(k, margin);
        let step = rows.len().div_ceil(parts).max(1);
        for (part, scores) in fast.chunks(step).enumerate() {
            let mut some = Nominees::new(k, margin);
            some.offer(scores, |i| Some((part * step + i) as Slot));
            nominees.merge(some);
        }
        let tie = |a: Slot, b: Slot| b.cmp(&a);
        let exact = |slot: Slot| (view.dot_exact(query, slot as usize), slot);
        let mut found: Vec<(f64, Slot)> = nominees.finish().into_iter().map(exact).collect();
        select_top(&mut found, k, tie);
        let mut all: Vec<(f64, Slot)> = (0..rows.len() as Slot).map(exact).collect();
        all.iter_mut().for_each(|item| item.0 += 0.0);
        all.sort_by(|a, b| b.0.total_cmp(&a.0).then(tie(a.1, b.1)));
        all.truncate(k);
        assert_eq!(found, all);
    }

    #[test]
    fn steps_are_of_interest_for_one_score_at_the_floor_or_one_that_is_not_finite() {
        for count in [1, STEP, STEP + 1, 3 * STEP, STEP * STEPS_AT_ONCE - 1, STEP * STEPS_AT_ONCE] {
            let mut scores = vec![0.25f32; count];
            assert_eq!(steps_of_interest(&scores, 0.5), 0, "{count}");
            for at in [0, count / 2, count - 1] {
                for score in [0.5, 0.75, f32::INFINITY, f32::NEG_INFINITY, f32::NAN] {
                    scores[at] = score;
                    assert_eq!(steps_of_interest(&scores, 0.5), 1 << (at / STEP), "{count} {at} {score}");
                }
                scores[at] = 0.25;
            }
        }
    }

    proptest! {
        #[test]
        fn nominate_and_select_equal_a_full_sort(
            rows in prop::collection::vec(prop::collection::vec(-3i8..=3, 5), 0..300),
            query in prop::collection::vec(-2i8..=2, 5),
            k in 0usize..40,
            parts in 1usize..4,
            scale in prop::sample::select(vec![1.0f32, 0.1, 1e-20, 1e19, 3e38 / 3.0]),
        ) {
            let wide = |row: &Vec<i8>| row.iter().map(|v| f32::from(*v) * scale).collect::<Vec<f32>>();
            let rows: Vec<Vec<f32>> = rows.iter().map(wide).collect();
            check(&rows, &wide(&query), k, parts);
        }

        #[test]
        fn close_scores_are_told_apart_exactly(
            nudges in prop::collection::vec(0u32..3, 1..200),
            k in 1usize..20,
        ) {
            let number = |nudge: u32, d: u32| f32::from_bits(0x3f00_0000 + nudge * u32::from(d == 7));
            let row = |nudge: &u32| (0..40).map(|d| number(*nudge, d)).collect();
            let rows: Vec<Vec<f32>> = nudges.iter().map(row).collect();
            check(&rows, &[1.1; 40], k, 1);
        }
    }

    #[test]
    fn a_floor_is_reached_by_as_many_as_asked_for_and_by_few_more() {
        let mut rng = fastrand::Rng::with_seed(11);
        let mut space = Vec::new();
        for (count, keep) in [(0, 1), (7, 1), (8, 1), (8, 2), (100, 12), (1_627, 75), (1_627, 0), (5_000, 16)]
        {
            for round in 0..20 {
                let mut values: Vec<f32> = (0..count).map(|_| rng.f32() - 0.5).collect();
                if round % 3 == 1 {
                    // Equal values, and none that is a number.
                    values.iter_mut().step_by(3).for_each(|value| *value = 0.25);
                    values.iter_mut().step_by(7).for_each(|value| *value = f32::NAN);
                }
                let floor = floor_of_best(&values, keep, &mut space);
                let mut sorted: Vec<f32> = values.iter().copied().filter(|value| !value.is_nan()).collect();
                sorted.sort_by(|a, b| b.total_cmp(a));
                let reach = sorted.iter().filter(|value| **value >= floor).count();
                assert!(reach >= keep.min(sorted.len()), "{count} {keep} {floor}");
                if keep > 0 && keep * 20 <= count && round % 3 != 1 {
                    assert!(reach <= 2 * keep + 8, "{count} {keep}: {reach}");
                }
            }
        }
    }

    #[test]
    fn many_equal_rows_are_all_kept_and_the_tie_break_decides() {
        let rows = vec![vec![0.3, 0.4]; 5000];
        check(&rows, &[0.5, 0.5], 10, 1);
        let mut nominees = Nominees::new(10, 0.0);
        nominees.offer(&[1.0; 5000], |i| Some(i as Slot));
        assert_eq!(nominees.finish().len(), 5000);
    }

    #[test]
    fn a_long_stream_is_pruned() {
        let mut nominees = Nominees::new(5, 0.5);
        let scores: Vec<f32> = (0..200_000).map(|i| (i % 99_991) as f32).collect();
        nominees.offer(&scores, |i| (i % 2 == 0).then_some(i as Slot));
        assert!(nominees.held.len() < 2 * HELD_MIN);
        let slots = nominees.finish();
        assert_eq!(slots, [99_986, 99_988, 99_990, 199_978, 199_980]);
    }

    #[test]
    fn overflowed_scores_are_always_nominated_and_k_zero_nominates_none() {
        let scores = [1.0, f32::NAN, 3.0, f32::INFINITY, f32::NEG_INFINITY, 2.0];
        let mut nominees = Nominees::new(1, 0.0);
        nominees.offer(&[100.0; 20], |_| Some(99));
        nominees.prune();
        nominees.offer(&scores, |i| Some(i as Slot));
        assert_eq!(nominees.finish().iter().filter(|slot| **slot != 99).collect::<Vec<_>>(), [&1, &3, &4]);
        let mut none = Nominees::new(0, 1.0);
        none.offer(&scores, |i| Some(i as Slot));
        assert!(none.finish().is_empty());
    }

    #[test]
    fn negative_zero_ties_with_zero_and_nan_is_dropped() {
        let mut items = vec![(-0.0, 3), (f64::NAN, 0), (0.0, 5), (-1.0, 1), (0.0, 2), (f64::NEG_INFINITY, 9)];
        select_top(&mut items, 4, |a, b| a.cmp(&b));
        assert_eq!(items, [(0.0, 2), (0.0, 3), (0.0, 5), (-1.0, 1)]);
        assert!(items.iter().all(|(score, _)| !score.is_sign_negative() || *score < 0.0));
        select_top(&mut items, 0, |a, b| a.cmp(&b));
        assert!(items.is_empty());
    }
}
