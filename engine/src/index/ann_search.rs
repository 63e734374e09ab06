//! How an `ann` index is searched: probe, scan signs, score what is left in 8 bits.
//!
//! ```text
//! query --rotate--> centroids in 8 bits (by their signs first, where they are very many) --> the best lists
//!   lists --signs--> `depth` rows of best estimate --8 bits--> nominees
//! ```
//!
//! An estimate is RaBitQ's (Gao and Long, SIGMOD 2024): a row is its list's centroid c and a rest r, of which
//! the signs of the rotated numbers are kept. With f = |r|^2 / |r|_1 the vector f * sign(r) has the length of
//! r along r, so `<r, v>` is estimated without bias as `f * sum of sign(r) v`. It is used for v = q - c, of
//! which the part of c is known when the index is built:
//!
//! ```text
//! <row, q> ~ <c, q> + (<r, c> - f * sum sign(r) c) + f * sum sign(r) q
//!            base     shift                          factor
//! ```
//!
//! A row is in two lists (see `ann_plan`), and thus has two places; the scan is of places, what follows is of
//! rows. Every step keeps a fixed number in a total order (estimate, then place), so that a query gives the
//! same nominees alone and in a batch, whatever the threads.

use roaring::RoaringBitmap;

use super::ann_delta::Delta;
use super::ranges::in_ranges;
use crate::kernel::{
    Codes8, Panels, Rotation, Rows8, SIGN_BLOCK, SignQuery, SignRows, TurnedSigns, floor_of_best, keep_about,
    keep_greatest,
};

/// Lists whose centroids are scored in 8 bits, beyond twice those that are probed.
const PROBE_SPARE: usize = 64;
/// Signs of centroids are looked at first where there are more than so many times as many as would be scored
/// in 8 bits.
const SIGNS_FIRST: usize = 8;
/// Queries whose scores of all centroids are in memory at a time.
const PROBED_AT_ONCE: usize = 24;
/// Lists of each query that are scanned before the others where there are several queries.
const BEST_FIRST: usize = 8;
/// Lists of more blocks are not prepared for several queries: what is prepared takes up to twice their space,
/// and would not stay in the cache.
const TURNED_BLOCKS_MAX: usize = 64;
/// How many looks before it a row is asked for.
const LOOKS_AHEAD: usize = 8;

/// The parts of an index that a search reads.
#[derive(Clone, Copy)]
pub(super) struct Parts<'a> {
    pub(super) rotation: &'a Rotation,
    /// Where the places of each list begin, and the end of the last.
    pub(super) starts: &'a [u32],
    /// The row of each place.
    pub(super) order: &'a [u32],
    /// Number of rows.
    pub(super) len: usize,
    /// Where the blocks of each list begin, and the end of the last.
    pub(super) blocks: &'a [u32],
    /// Signs of the centroids.
    pub(super) centroids: SignRows<'a>,
    /// The centroids in 8 bits, and behind them their mean.
    pub(super) centroid_rows: Rows8<'a>,
    /// The same but for the mean, for several queries at a time.
    pub(super) centroid_panels: Option<Panels<'a>>,
    /// What a centroid's score is multiplied with to rank its list.
    pub(super) steer: &'a [f32],
    /// Signs of the rows, by place.
    pub(super) rows: SignRows<'a>,
}

/// How far a search looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reach {
    /// Lists probed, at least.
    pub(super) probes: usize,
    /// Allowed places that are seen before it ends, at least, if there are as many.
    pub(super) places: usize,
    /// Places kept of the scan.
    pub(super) depth: usize,
    /// Rows kept of those by their scores in 8 bits.
    pub(super) keep: usize,
}

/// Which places may be kept: one bit each.
pub(super) type Mask = Vec<u64>;

/// Rows that came after the index was built, and which of them may be kept.
#[derive(Clone, Copy)]
pub(super) struct Newer<'a> {
    pub(super) delta: &'a Delta,
    pub(super) rows: SignRows<'a>,
    pub(super) rows8: Rows8<'a>,
    pub(super) allowed: &'a RoaringBitmap,
}

/// Which rows a scan keeps.
#[derive(Clone, Copy, Default)]
pub(super) struct Admit<'a> {
    /// Of the places of the index; `None` for all.
    pub(super) mask: Option<&'a Mask>,
    pub(super) newer: Option<Newer<'a>>,
}

/// Space of a search, for the next one.
#[derive(Default)]
pub(super) struct Scratch {
    wide: Vec<f32>,
    signs: SignQuery,
    codes: Codes8,
    keys: Vec<u64>,
    places: Vec<u32>,
    scores: Vec<f32>,
    /// Scores of centroids by which lists are ranked.
    steered: Vec<f32>,
    reached: Vec<u32>,
    /// Estimates under this are not kept.
    floor: f32,
    /// Allowed places of the lists scanned so far.
    seen: usize,
    /// Probed lists, best first, with the score of their centroid.
    pub(super) lists: Vec<(f32, u32)>,
}

impl Scratch {
    /// Nothing is scanned yet.
    fn begin(&mut self) {
        self.keys.clear();
        (self.floor, self.seen) = (f32::MIN, 0);
    }
}

/// A row that a query looks at.
#[derive(Clone, Copy, Default)]
struct Look {
    row: u32,
    query: u32,
}

/// How the signs of a list come.
#[derive(Clone, Copy)]
struct Signs<'a> {
    /// Prepared for several queries.
    turned: Option<&'a TurnedSigns>,
    /// Otherwise as they lie, and memory is asked for those of this list.
    next: Option<u32>,
}

/// Greater keys are better: the estimate, then the smaller place.
fn key(score: f32, place: u32) -> u64 {
    let bits = score.to_bits();
    let ordered = bits ^ if bits >> 31 == 1 { u32::MAX } else { 1 << 31 };
    u64::from(ordered) << 32 | u64::from(!place)
}

fn place_of(key: u64) -> u32 {
    !(key as u32)
}

fn score_of(key: u64) -> f32 {
    let ordered = (key >> 32) as u32;
    f32::from_bits(ordered ^ if ordered >> 31 == 1 { 1 << 31 } else { u32::MAX })
}

impl<'a> Parts<'a> {
    /// Number of lists.
    pub(super) fn lists(&self) -> usize {
        self.starts.len() - 1
    }

    /// Number of places.
    pub(super) fn places(&self) -> usize {
        self.order.len()
    }

    /// Takes a query; `biased` rows have their bias as a last number.
    pub(super) fn set(&self, scratch: &mut Scratch, query: &[f32], biased: bool) {
        let wide = &mut scratch.wide;
        wide.clear();
        wide.extend_from_slice(query);
        wide.extend(biased.then_some(1.0));
        wide.resize(self.rows.width(), 0.0);
        // The order of inner products does not change with the length of the query; a power of two keeps
        // every number from overflow without rounding.
        let largest = wide.iter().fold(0.0f32, |most, value| most.max(value.abs()));
        if largest > 0.0 {
            let scale = (-f64::from(largest).log2().floor()).exp2();
            wide.iter_mut().for_each(|value| *value = (f64::from(*value) * scale) as f32);
        }
        self.rotation.apply(wide);
        scratch.signs.set(wide);
        scratch.codes.set(wide, wide.len());
    }

    /// How many centroids are scored in 8 bits to find the best `count`; all, unless that is much more work
    /// than looking at their signs first.
    fn look(&self, count: usize) -> usize {
        let look = count.saturating_mul(2).saturating_add(PROBE_SPARE);
        if look.saturating_mul(SIGNS_FIRST) < self.lists() { look } else { self.lists() }
    }

    /// The best `count` lists, best first.
    pub(super) fn probe(&self, scratch: &mut Scratch, count: usize) {
        let lists = self.lists();
        let look = self.look(count);
        let Scratch { signs, codes, keys, places, scores, reached, .. } = scratch;
        places.clear();
        if look == lists {
            places.extend(0..lists as u32);
        } else {
            let blocks = self.centroids.blocks();
            scores.resize(blocks * SIGN_BLOCK, 0.0);
            reached.resize(blocks, 0);
            self.centroids.estimates(signs, (0.0, f32::MIN), (0..blocks, None), scores, reached);
            keys.clear();
            // Ranked as they will be in 8 bits; the mean's part is the same for all.
            let mut mean = [0.0];
            self.centroid_rows.gather(codes, 0, &[lists as u32], &mut mean);
            let ranked = scores.iter().zip(self.steer).map(|(score, steer)| (score + mean[0]) * steer);
            keys.extend(ranked.zip(0..).map(|(score, list)| key(score, list)));
            keep_greatest(keys, look);
            places.extend(keys.iter().map(|key| place_of(*key)));
            places.sort_unstable();
        }
        scores.resize(places.len(), 0.0);
        self.centroid_rows.gather(codes, 0, places, scores);
        self.rank(scratch, count);
    }

    /// [`probe`](Parts::probe) for several queries: centroids are scored together where all are looked at.
    fn probe_all(&self, queries: &mut [Scratch], count: usize) {
        let lists = self.lists();
        let (Some(panels), true) = (self.centroid_panels, self.look(count) == lists && queries.len() > 1)
        else {
            queries.iter_mut().for_each(|query| self.probe(query, count));
            return;
        };
        let mut scores = vec![0.0; queries.len().min(PROBED_AT_ONCE) * lists];
        for queries in queries.chunks_mut(PROBED_AT_ONCE) {
            let codes = Codes8::gather(queries.iter().map(|query| (&query.codes, 0)));
            let scores = &mut scores[..queries.len() * lists];
            panels.products(&codes, 0..lists, scores);
            for (query, scores) in queries.iter_mut().zip(scores.chunks_exact(lists)) {
                self.rank_all(query, scores, count);
            }
        }
    }

    /// The best `count` lists for each of some rotated rows, best first, or all where there are fewer. Of
    /// several rows all centroids are looked at, as columns.
    pub(super) fn near_lists(&self, rotated: &[f32], count: usize) -> Vec<Vec<u32>> {
        let (width, lists) = (self.rows.width(), self.lists());
        let mut scratch = Scratch::default();
        let Some(panels) = self.centroid_panels else {
            let near = |row: &[f32]| {
                scratch.signs.set(row);
                scratch.codes.set(row, width);
                self.probe(&mut scratch, count);
                scratch.lists.iter().map(|(_, list)| *list).collect()
            };
            return rotated.chunks_exact(width).map(near).collect();
        };
        let codes = Codes8::encode(rotated, width);
        let mut scores = vec![0.0; codes.len() * lists];
        panels.products(&codes, 0..lists, &mut scores);
        let near = |scores: &[f32]| {
            self.rank_all(&mut scratch, scores, count);
            scratch.lists.iter().map(|(_, list)| *list).collect()
        };
        scores.chunks_exact(lists).map(near).collect()
    }

    /// Takes the best `count` of all lists, whose centroids have these scores.
    fn rank_all(&self, scratch: &mut Scratch, scores: &[f32], count: usize) {
        scratch.places.clear();
        scratch.places.extend(0..scores.len() as u32);
        scratch.scores.clear();
        scratch.scores.extend_from_slice(scores);
        self.rank(scratch, count);
    }

    /// Takes the best `count` of the lists at `places` by the scores of their centroids.
    fn rank(&self, scratch: &mut Scratch, count: usize) {
        let Scratch { keys, places, scores, lists, steered, wide, .. } = scratch;
        steered.clear();
        steered.extend(places.iter().zip(&*scores).map(|(list, score)| score * self.steer[*list as usize]));
        let floor = floor_of_best(steered, count, wide);
        keys.clear();
        // What is no number is kept as well.
        let reached =
            steered.iter().zip(0u32..).filter(|(steered, _)| steered.is_nan() || **steered >= floor);
        keys.extend(reached.map(|(steered, at)| key(*steered, at)));
        keep_greatest(keys, count);
        keys.sort_unstable_by(|a, b| b.cmp(a));
        lists.clear();
        lists.extend(keys.iter().map(|key| {
            let at = place_of(*key) as usize;
            (scores[at], places[at])
        }));
    }

    /// The rows of best estimate in the probed lists of each query, ascending; newer rows are numbered behind
    /// those of the index.
    pub(super) fn scan(&self, queries: &mut [Scratch], reach: Reach, admit: Admit<'_>) -> Vec<Vec<u32>> {
        self.scan_places(queries, reach, admit);
        queries.iter().map(|query| self.rows_of(&query.keys, admit.newer)).collect()
    }

    /// The places of best estimate in the probed lists of each query, as its keys.
    ///
    /// Of a query alone the lists are scanned best first. Of several the best few of each are, so that what
    /// is not worth keeping is known, and then the others; both list by list, for all queries that probe
    /// them, while the list is in the cache. What is kept does not depend on the order.
    fn scan_places(&self, queries: &mut [Scratch], reach: Reach, admit: Admit<'_>) {
        self.probe_all(queries, reach.probes);
        if let [query] = queries {
            self.scan_best_first(query, reach, admit);
        } else {
            queries.iter_mut().for_each(Scratch::begin);
            let most = queries.iter().map(|query| query.lists.len()).max().unwrap_or(0);
            self.scan_by_list(queries, 0..BEST_FIRST.min(most), reach, admit);
            self.scan_by_list(queries, BEST_FIRST.min(most)..most, reach, admit);
        }
        for query in queries {
            if query.seen < reach.places && query.lists.len() < self.lists() {
                // The lists hold too few rows: look at all of them, in their order.
                self.probe(query, self.lists());
                self.scan_best_first(query, reach, admit);
            }
            keep_greatest(&mut query.keys, reach.depth);
        }
    }

    /// The row of a place; newer rows are numbered behind those of the index.
    fn row_of(&self, place: u32, newer: Option<Newer<'_>>) -> Option<u32> {
        match (self.order.get(place as usize), newer) {
            // The file was verified; a row that is not there would have to be looked for in vain.
            (Some(row), _) => Some(*row).filter(|row| (*row as usize) < self.len),
            (None, Some(newer)) => Some(self.len as u32 + newer.delta.row(place as usize - self.order.len())),
            (None, None) => unreachable!("a place behind the last"),
        }
    }

    /// The rows of some places, each once, ascending.
    fn rows_of(&self, keys: &[u64], newer: Option<Newer<'_>>) -> Vec<u32> {
        let mut rows: Vec<u32> = keys.iter().filter_map(|key| self.row_of(place_of(*key), newer)).collect();
        rows.sort_unstable();
        rows.dedup();
        rows
    }

    /// [`scan`](Parts::scan) and [`narrow`](Parts::narrow) of several queries: the rows of all of them are
    /// scored in the order in which they lie, and those that several queries look at are read once.
    pub(super) fn scan_and_narrow(
        &self,
        queries: &mut [Scratch],
        reach: Reach,
        admit: Admit<'_>,
        own: &Rows8<'_>,
        ahead: impl FnOnce(&mut dyn Iterator<Item = u32>),
    ) -> Vec<Vec<u32>> {
        self.scan_places(queries, reach, admit);
        let rows = self.len + admit.newer.map_or(0, |newer| newer.rows8.len());
        let mut looks = Vec::with_capacity(queries.iter().map(|query| query.keys.len()).sum());
        for (number, query) in (0u32..).zip(&mut *queries) {
            let rows = query.keys.iter().filter_map(|key| self.row_of(place_of(*key), admit.newer));
            looks.extend(rows.map(|row| Look { row, query: number }));
            query.keys.clear();
        }
        let (looks, range) = in_ranges(&looks, rows, |look| look.row);
        ahead(&mut looks.iter().map(|look| look.row).filter(|row| (*row as usize) < self.len));
        let codes = Codes8::gather(queries.iter().map(|query| (&query.codes, 0)));
        let first = own.len() as u32;
        for (at, Look { row, query }) in looks.iter().enumerate() {
            if let Some(next) = looks.get(at + LOOKS_AHEAD).filter(|next| next.row < first) {
                own.prefetch(next.row);
            }
            let keys = &mut queries[*query as usize].keys;
            // A row that is in two lists is looked at once. What the query has looked at in this range of
            // rows stands at the end of its keys.
            let start = *row / range * range;
            let mut before = keys.iter().rev().map(|key| place_of(*key)).take_while(|row| *row >= start);
            if before.any(|before| before == *row) {
                continue;
            }
            let score = match admit.newer {
                Some(newer) if *row >= first => newer.rows8.product(&codes, *query as usize, *row - first),
                _ => own.product(&codes, *query as usize, *row),
            };
            keys.push(key(score, *row));
        }
        let found = queries.iter_mut().map(|query| {
            keep_greatest(&mut query.keys, reach.keep);
            query.keys.iter().map(|key| place_of(*key)).collect()
        });
        found.collect()
    }

    /// Scans the probed lists, or as many more than `reach` asks for as hold the places that it asks for.
    fn scan_best_first(&self, query: &mut Scratch, reach: Reach, admit: Admit<'_>) {
        query.begin();
        let lists = std::mem::take(&mut query.lists);
        for (probed, list) in lists.iter().enumerate() {
            if probed >= reach.probes && query.seen >= reach.places {
                break;
            }
            let next = lists.get(probed + 1).map(|(_, next)| *next);
            self.scan_list(query, *list, Signs { turned: None, next }, reach.depth, admit);
        }
        query.lists = lists;
    }

    /// Scans those of the probed lists of each query that are at the places `range`, list by list.
    fn scan_by_list(
        &self,
        queries: &mut [Scratch],
        range: std::ops::Range<usize>,
        reach: Reach,
        admit: Admit<'_>,
    ) {
        fn probed<'q>(query: &'q Scratch, range: &std::ops::Range<usize>) -> &'q [(f32, u32)] {
            query.lists.get(range.start..range.end.min(query.lists.len())).unwrap_or_default()
        }
        // Queries by list: where those of each begin, then who they are.
        let mut starts = vec![0u32; self.lists() + 1];
        let lists = queries.iter().flat_map(|query| probed(query, &range));
        lists.for_each(|(_, list)| starts[*list as usize + 1] += 1);
        (0..self.lists()).for_each(|list| starts[list + 1] += starts[list]);
        let mut next = starts.clone();
        let mut pairs = vec![(0u32, 0.0f32); starts.last().map_or(0, |end| *end as usize)];
        for (number, query) in (0u32..).zip(&*queries) {
            for (base, list) in probed(query, &range) {
                let place = &mut next[*list as usize];
                pairs[*place as usize] = (number, *base);
                *place += 1;
            }
        }
        let mut turned = TurnedSigns::default();
        for (list, ends) in (0u32..).zip(starts.windows(2)) {
            let next = list as usize + 1;
            let next = self.blocks[next] as usize..self.blocks.get(next + 1).map_or(0, |end| *end as usize);
            let pairs = &pairs[ends[0] as usize..ends[1] as usize];
            let blocks = self.blocks_of(list);
            let turned = (pairs.len() > 1 && blocks.len() <= TURNED_BLOCKS_MAX).then(|| {
                self.rows.turn(blocks, &mut turned);
                &turned
            });
            for (at, (number, base)) in pairs.iter().enumerate() {
                if let Some((other, _)) = pairs.get(at + 1) {
                    queries[*other as usize].signs.prefetch();
                }
                if next.start < next.end {
                    self.rows.prefetch(next.clone(), at, pairs.len());
                }
                let signs = Signs { turned, next: None };
                self.scan_list(&mut queries[*number as usize], (*base, list), signs, reach.depth, admit);
            }
        }
    }

    /// The blocks of a list.
    fn blocks_of(&self, list: u32) -> std::ops::Range<usize> {
        self.blocks[list as usize] as usize..self.blocks[list as usize + 1] as usize
    }

    /// Scans a list, whose centroid scores `base`, for a query.
    fn scan_list(
        &self,
        query: &mut Scratch,
        (base, list): (f32, u32),
        Signs { turned, next }: Signs<'_>,
        depth: usize,
        admit: Admit<'_>,
    ) {
        let mask = admit.mask;
        let Scratch { signs, keys, scores, reached, floor, seen, .. } = query;
        if let Some(newer) = &admit.newer {
            newer.scan(signs, (base, *floor), list, self.places() as u32, keys);
        }
        let blocks = self.blocks_of(list);
        let (start, end) = (self.starts[list as usize], self.starts[list as usize + 1]);
        *seen += mask.map_or((end - start) as usize, |mask| allowed(mask, start, end));
        scores.resize(blocks.len() * SIGN_BLOCK, 0.0);
        reached.resize(blocks.len(), 0);
        if let Some(turned) = turned {
            self.rows.estimates_of_turned(signs, (base, *floor), turned, scores, reached);
        } else {
            let next = next.map(|next| self.blocks[next as usize] as usize);
            self.rows.estimates(signs, (base, *floor), (blocks, next), scores, reached);
        }
        for (block, reached) in reached.iter().enumerate() {
            let mut reached = *reached;
            while reached != 0 {
                let at = block * SIGN_BLOCK + reached.trailing_zeros() as usize;
                reached &= reached - 1;
                let place = start + at as u32;
                if mask.is_none_or(|mask| mask[place as usize / 64] >> (place % 64) & 1 == 1) {
                    keys.push(key(scores[at], place));
                }
            }
        }
        if keys.len() >= depth.saturating_mul(2).max(depth.saturating_add(256))
            && let Some(least) = keep_about(keys, depth)
        {
            *floor = score_of(least);
        }
    }

    /// Estimates of the rows of a list, and of what fills up its last block.
    pub(super) fn estimates<'s>(&self, scratch: &'s mut Scratch, base: f32, list: usize) -> &'s [f32] {
        let Scratch { signs, scores, reached, .. } = scratch;
        let blocks = self.blocks_of(list as u32);
        scores.resize(blocks.len() * SIGN_BLOCK, 0.0);
        reached.resize(blocks.len(), 0);
        self.rows.estimates(signs, (base, f32::MIN), (blocks, None), scores, reached);
        scores
    }

    /// Of some rows, ascending, the best `keep` by their scores in 8 bits, in no order.
    pub(super) fn narrow(
        &self,
        scratch: &mut Scratch,
        (own, newer): (&Rows8<'_>, Option<Newer<'_>>),
        rows: &mut Vec<u32>,
        keep: usize,
    ) {
        if rows.len() <= keep {
            return;
        }
        let Scratch { codes, keys, scores, .. } = scratch;
        scores.resize(rows.len(), 0.0);
        // Newer rows are behind the others, and lie elsewhere.
        let first = own.len() as u32;
        let split = rows.partition_point(|row| *row < first);
        own.gather(codes, 0, &rows[..split], &mut scores[..split]);
        if let Some(newer) = newer {
            let others: Vec<u32> = rows[split..].iter().map(|row| row - first).collect();
            newer.rows8.gather(codes, 0, &others, &mut scores[split..]);
        }
        keys.clear();
        keys.extend(rows.iter().zip(&*scores).map(|(row, score)| key(*score, *row)));
        keep_greatest(keys, keep);
        rows.clear();
        rows.extend(keys.iter().map(|key| place_of(*key)));
    }

    /// The order of rows in 8 bits for the query, best first.
    pub(super) fn order8(&self, scratch: &mut Scratch, codes: &[u8], scales: &[f32]) -> Vec<u32> {
        let mut order: Vec<u32> = (0..scales.len() as u32).collect();
        let Some(rows) = Rows8::new(self.rows.width(), codes, scales) else { return order };
        let mut scores = vec![0.0; order.len()];
        rows.gather(&scratch.codes, 0, &order, &mut scores);
        order.sort_unstable_by_key(|at| std::cmp::Reverse(key(scores[*at as usize], *at)));
        order
    }
}

impl Newer<'_> {
    /// Scans the newer rows of a list; their places begin at `first`.
    fn scan(&self, query: &SignQuery, (base, floor): (f32, f32), list: u32, first: u32, keys: &mut Vec<u64>) {
        let (mut scores, mut reached) = ([0.0; SIGN_BLOCK], [0]);
        for block in self.delta.blocks_of(list) {
            let block = *block as usize;
            self.rows.estimates(query, (base, floor), (block..block + 1, None), &mut scores, &mut reached);
            let mut reached = reached[0];
            while reached != 0 {
                let at = reached.trailing_zeros() as usize;
                reached &= reached - 1;
                let place = block * SIGN_BLOCK + at;
                if self.allowed.contains(self.delta.slot(self.delta.row(place))) {
                    keys.push(key(scores[at], first + place as u32));
                }
            }
        }
    }
}

/// A bit for each place whose row has a slot that a filter allows; `slots` are those of the rows.
pub(super) fn mask(order: &[u32], slots: &[u32], filter: &RoaringBitmap) -> Mask {
    let end = slots.iter().max().map_or(0, |slot| *slot as usize + 1);
    let mut by_slot = vec![0u64; end.div_ceil(64)];
    for slot in filter.iter().take_while(|slot| (*slot as usize) < end) {
        by_slot[slot as usize / 64] |= 1 << (slot % 64);
    }
    let allowed =
        |row: u32| slots.get(row as usize).map_or(0, |slot| by_slot[*slot as usize / 64] >> (slot % 64) & 1);
    let word = |rows: &[u32]| rows.iter().enumerate().fold(0, |word, (at, row)| word | allowed(*row) << at);
    order.chunks(64).map(word).collect()
}

/// How many places from `start` to `end` a mask allows.
fn allowed(mask: &Mask, start: u32, end: u32) -> usize {
    let word = |at: u32| {
        let mut word = mask[at as usize];
        if at == start / 64 {
            word &= u64::MAX << (start % 64);
        }
        if at == end / 64 {
            word &= !(u64::MAX << (end % 64));
        }
        word.count_ones() as usize
    };
    (start / 64..end.div_ceil(64)).map(word).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_order_by_score_then_by_place_and_give_both_back() {
        let scores = [f32::MIN, -1.5, -0.0, 0.0, 1e-30, 2.0, f32::MAX];
        for (at, score) in scores.iter().enumerate() {
            assert_eq!(score_of(key(*score, 7)).to_bits(), score.to_bits());
            assert_eq!(place_of(key(*score, 7)), 7);
            assert!(key(*score, 3) > key(*score, 4));
            assert!(scores[at + 1..].iter().all(|greater| key(*greater, 9) > key(*score, 0)));
        }
    }

    #[test]
    fn masks_follow_the_filter() {
        let order: Vec<u32> = (0..200).map(|at| (at * 7) % 100).collect();
        let slots: Vec<u32> = (0..100).map(|row| 150 - row).collect();
        let filter: RoaringBitmap = (0..500).filter(|slot| slot % 3 == 0).collect();
        let mask = super::mask(&order, &slots, &filter);
        let passes = |place: usize| slots[order[place] as usize].is_multiple_of(3);
        for place in 0..order.len() {
            assert_eq!(mask[place / 64] >> (place % 64) & 1 == 1, passes(place));
        }
        for (start, end) in [(0, 0), (0, 200), (3, 64), (64, 128), (60, 70), (199, 200)] {
            let expected = (start..end).filter(|place| passes(*place)).count();
            assert_eq!(allowed(&mask, start as u32, end as u32), expected, "{start} {end}");
        }
    }
}
