//! Which rows of an `ann` index are in which lists.
//!
//! Lists come from k-means by direction: rows of a sample begin as centroids, rows go to the centroid of the
//! greatest cosine (in 8 bits), centroids become the mean directions of their rows. Lists without rows are
//! left out. Sums are taken in one order, so that neither processor nor threads can be seen in an index.
//!
//! Then every row goes to a second list as well (SOAR: Sun, Simcha, Dopson, Guo and Kumar, "SOAR: Improved
//! Indexing for Approximate Nearest Neighbor Search", NeurIPS 2023). A query passes a row by where the
//! centroid of its list scores far less than the row, which is where the rest of the row lies along the
//! query. The second list is one that such a query would probe: of the lists near the row, the one whose rest
//! is short and not parallel to the first.
//!
//! ```text
//! cost(c') = |x - c'|^2 + <x - c, x - c'>^2 / |x - c|^2          c is the centroid of the first list
//! ```
//!
//! Of texts a search then probes a quarter of the lists that it would else, and scans half as much. Where
//! rows lie in clusters that keep apart, the second list is of no use and its places cost time: held-out rows
//! tell whether it pays (`ann_tune`).

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::ann::coded_width;
use super::ann_build::{AnnOptions, ROWS_AT_ONCE, wide, wide_len, wide_rows};
use super::error::IndexError;
use super::matrix::PackedMatrix;
use crate::kernel::{Codes8, PANEL, PanelWriter, Panels, Rotation, normalize, spill_cost};
use crate::train::BuildControl;

/// Rows of a list, on average, where the options do not say; with those that have it as their second list it
/// holds twice as many.
const ROWS_PER_LIST: usize = 72;
/// Of many rows there are at most this many times the square root as lists, since finding the list of each
/// row costs time in proportion to both.
const LISTS_PER_ROOT: f64 = 10.0;
/// Rows that centroids are learnt from, for each.
const SAMPLE_PER_LIST: usize = 16;
/// Rounds of k-means.
const ROUNDS: usize = 6;
/// Rows whose products with a part of the centroids are held at once.
const ROWS_PER_PRODUCT: usize = 96;
/// Centroids of a part.
const CENTROIDS_PER_PRODUCT: usize = 16 * PANEL;
/// Lists near a row, its first one with them, of which the second is chosen.
pub(super) const NEAR: usize = 16;
/// Lists that a row is in, if there are as many.
pub(super) const COPIES: usize = 2;

/// Which rows are in which lists.
#[derive(Default)]
pub(super) struct Plan {
    /// Position in the matrix of each row. Rows are numbered by their first list, and within it by position.
    pub(super) rows: Vec<u32>,
    /// Where the rows of each list begin, and the end of the last; each list is the first of some row.
    own: Vec<u32>,
    /// The row of each place. The places of a list are those of its own rows, then of those whose second list
    /// it is, ascending.
    pub(super) order: Vec<u32>,
    /// Where the places of each list begin, and the end of the last.
    pub(super) starts: Vec<u32>,
    /// The means of the own rows of each list, rotated: `[lists][width]`.
    pub(super) centres: Vec<f32>,
}

impl Plan {
    pub(super) fn lists(&self) -> usize {
        self.starts.len() - 1
    }

    /// How many of the places of a list are those of its own rows, which are its first.
    pub(super) fn own(&self, list: u32) -> u32 {
        self.own[list as usize + 1] - self.own[list as usize]
    }

    /// Takes the rows out of their second lists.
    pub(super) fn drop_second(&mut self) {
        self.order = (0..self.rows.len() as u32).collect();
        self.starts.clone_from(&self.own);
    }

    /// Position in the matrix of the row of a place.
    pub(super) fn position(&self, place: u32) -> u32 {
        self.rows[self.order[place as usize] as usize]
    }
}

/// The number of lists for so many rows.
fn list_count(rows: usize) -> usize {
    let most = (LISTS_PER_ROOT * (rows as f64).sqrt()) as usize;
    rows.div_ceil(ROWS_PER_LIST).min(most).max(1)
}

/// Puts the rows into lists.
pub(super) fn plan(
    control: &BuildControl<'_>,
    options: &AnnOptions,
    source: &PackedMatrix,
    rotation: &Rotation,
) -> Result<Plan, IndexError> {
    let count = source.len();
    if count == 0 {
        return Ok(Plan { own: vec![0], starts: vec![0], ..Plan::default() });
    }
    let lists = options.lists.unwrap_or_else(|| list_count(count)).clamp(1, count);
    let mut near = near_lists(control, options, source, lists)?;
    let (rows, mut own) = group(&near.first(), lists);
    near.drop_empty(&own);
    own.dedup();
    let length = wide_len(source);
    let of_list = |list: &[u32]| &rows[list[0] as usize..list[1] as usize];
    let means: Vec<f32> = own
        .par_windows(2)
        .flat_map_iter(|list| mean(&wide_rows(source, of_list(list), length), length))
        .collect();
    let centre = |list: u32| &means[list as usize * length..][..length];
    let second: Vec<Option<u32>> = own
        .par_windows(2)
        .enumerate()
        .flat_map_iter(|(first, list)| {
            let rows = wide_rows(source, of_list(list), length);
            let second = |(row, position): (&[f32], &u32)| {
                let others = near.of(*position).iter().copied().filter(|other| *other != first as u32);
                second_list(row, centre(first as u32), others.map(|other| (other, centre(other))))
            };
            rows.chunks_exact(length).zip(of_list(list)).map(second).collect::<Vec<_>>()
        })
        .collect();
    if (control.cancelled)() {
        return Err(IndexError::Cancelled);
    }
    let (order, starts) = places(&own, &second);
    // A rotation is linear: what it makes of a mean is the mean of what it makes of the rows.
    let shape = source.shape();
    let width = coded_width(shape.dimension, shape.biased);
    let mut centres = vec![0.0; means.len() / length * width];
    centres.par_chunks_exact_mut(width).zip(means.par_chunks_exact(length)).for_each(|(centre, mean)| {
        centre[..length].copy_from_slice(mean);
        rotation.apply(centre);
    });
    Ok(Plan { rows, own, order, starts, centres })
}

/// The list that a row belongs to beside its first; `None` if there is no other.
pub(super) fn second_list<'c>(
    row: &[f32],
    first: &[f32],
    others: impl Iterator<Item = (u32, &'c [f32])>,
) -> Option<u32> {
    let rest: Vec<f32> = row.iter().zip(first).map(|(row, centre)| row - centre).collect();
    let costs = others.map(|(list, centre)| (spill_cost(row, &rest, centre), list));
    costs.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))).map(|(_, list)| list)
}

/// The row of each place, and where the places of each list begin.
fn places(own: &[u32], second: &[Option<u32>]) -> (Vec<u32>, Vec<u32>) {
    let mut later = vec![Vec::new(); own.len() - 1];
    for (row, list) in (0u32..).zip(second) {
        if let Some(list) = list {
            later[*list as usize].push(row);
        }
    }
    let (mut order, mut starts) = (Vec::with_capacity(COPIES * second.len()), vec![0]);
    for (own, later) in own.windows(2).zip(later) {
        order.extend(own[0]..own[1]);
        order.extend(later);
        starts.push(order.len() as u32);
    }
    (order, starts)
}

/// The lists of the greatest cosine for each row, best first.
struct Near {
    /// For each row.
    count: usize,
    lists: Vec<u32>,
}

impl Near {
    fn of(&self, position: u32) -> &[u32] {
        &self.lists[position as usize * self.count..][..self.count]
    }

    fn first(&self) -> Vec<u32> {
        self.lists.chunks_exact(self.count).map(|lists| lists[0]).collect()
    }

    /// Numbers the lists anew, those left out that are the first of no row: such a list stands for the one
    /// that is nearest.
    fn drop_empty(&mut self, own: &[u32]) {
        let mut number = 0;
        let numbers: Vec<Option<u32>> = own
            .windows(2)
            .map(|list| {
                let filled = list[0] < list[1];
                number += u32::from(filled);
                filled.then(|| number - 1)
            })
            .collect();
        for lists in self.lists.chunks_exact_mut(self.count) {
            let first = numbers[lists[0] as usize].unwrap_or(0);
            lists.iter_mut().for_each(|list| *list = numbers[*list as usize].unwrap_or(first));
        }
    }
}

/// Learns centroids from a sample of the rows, and finds those near each row.
fn near_lists(
    control: &BuildControl<'_>,
    options: &AnnOptions,
    source: &PackedMatrix,
    lists: usize,
) -> Result<Near, IndexError> {
    let rows = source.len();
    let coded = code_all(control, source)?;
    let mut rng = fastrand::Rng::with_seed(options.seed);
    let wanted = lists.saturating_mul(SAMPLE_PER_LIST).min(rows);
    let mut sample: Vec<u32> =
        if wanted < rows { rng.choose_multiple(0..rows as u32, wanted) } else { (0..rows as u32).collect() };
    sample.sort_unstable();
    let mut first = rng.choose_multiple(sample.iter().copied(), lists);
    first.sort_unstable();
    let mut centroids: Vec<f32> = vec![0.0; lists * wide_len(source)];
    for (centroid, position) in centroids.chunks_exact_mut(wide_len(source)).zip(first) {
        wide(source, position as usize, centroid);
    }
    // Whole rows are assigned once more than the sample.
    let total = (ROUNDS * sample.len() + rows) as u64;
    let done = AtomicU64::new(0);
    let nearest = |centroids: &[f32], positions: &[u32], count: usize| -> Result<Vec<u32>, IndexError> {
        let panels = OwnPanels::new(centroids, wide_len(source));
        let found: Vec<Vec<u32>> = positions
            .par_chunks(ROWS_PER_PRODUCT)
            .map(|positions| {
                if (control.cancelled)() {
                    return Err(IndexError::Cancelled);
                }
                let found = panels.nearest(&coded.pick(positions), count);
                let some = positions.len() as u64;
                let before = done.fetch_add(some, Ordering::Relaxed);
                (control.progress)(before + some, total);
                Ok(found)
            })
            .collect::<Result<_, _>>()?;
        Ok(found.concat())
    };
    for _ in 0..ROUNDS {
        let of_row = nearest(&centroids, &sample, 1)?;
        let (order, starts) = group(&of_row, lists);
        let positions: Vec<u32> = order.iter().map(|at| sample[*at as usize]).collect();
        directions(source, &positions, &starts, &mut centroids);
    }
    let all: Vec<u32> = (0..rows as u32).collect();
    let count = NEAR.min(lists);
    Ok(Near { count, lists: nearest(&centroids, &all, count)? })
}

/// Rows in 8 bits, in blocks.
struct Coded {
    blocks: Vec<Codes8>,
}

impl Coded {
    fn pick(&self, positions: &[u32]) -> Codes8 {
        let places = positions.iter().map(|at| (*at as usize / ROWS_AT_ONCE, *at as usize % ROWS_AT_ONCE));
        Codes8::gather(places.map(|(block, row)| (&self.blocks[block], row)))
    }
}

fn code_all(control: &BuildControl<'_>, source: &PackedMatrix) -> Result<Coded, IndexError> {
    let width = wide_len(source);
    let positions: Vec<u32> = (0..source.len() as u32).collect();
    let blocks = positions
        .par_chunks(ROWS_AT_ONCE)
        .map(|positions| {
            if (control.cancelled)() {
                return Err(IndexError::Cancelled);
            }
            let mut rows = vec![0.0; positions.len() * width];
            for (row, position) in rows.chunks_exact_mut(width).zip(positions) {
                wide(source, *position as usize, row);
            }
            Ok(Codes8::encode(&rows, width))
        })
        .collect::<Result<_, _>>()?;
    Ok(Coded { blocks })
}

/// Centroids in 8 bits.
struct OwnPanels {
    width: usize,
    count: usize,
    codes: Vec<u8>,
    scales: Vec<f32>,
}

impl OwnPanels {
    fn new(centroids: &[f32], width: usize) -> OwnPanels {
        let (mut codes, mut scales) = (Vec::new(), Vec::new());
        let mut writer = PanelWriter::new(width);
        let count = centroids.len() / width;
        for (at, centroid) in centroids.chunks_exact(width).enumerate() {
            writer.push(centroid);
            if writer.is_full() || at + 1 == count {
                writer.take(|panel, some| {
                    codes.extend_from_slice(panel);
                    scales.extend_from_slice(some);
                });
            }
        }
        OwnPanels { width, count, codes, scales }
    }

    /// The centroids of the `count` greatest products for each row, greatest first, and the first of equal
    /// ones before the others.
    fn nearest(&self, rows: &Codes8, count: usize) -> Vec<u32> {
        let Some(panels) = Panels::new(self.width, self.count, &self.codes, &self.scales) else {
            unreachable!("panels of {} centroids", self.count)
        };
        let mut best = vec![Best::new(count); rows.len()];
        let mut products = vec![0.0; rows.len() * CENTROIDS_PER_PRODUCT.min(self.count)];
        for start in (0..self.count).step_by(CENTROIDS_PER_PRODUCT) {
            let end = self.count.min(start + CENTROIDS_PER_PRODUCT);
            let products = &mut products[..rows.len() * (end - start)];
            panels.products(rows, start..end, products);
            for (best, products) in best.iter_mut().zip(products.chunks_exact(end - start)) {
                best.offer(start as u32, products);
            }
        }
        best.into_iter().flat_map(Best::finish).collect()
    }
}

/// The greatest of the products that were offered.
#[derive(Clone)]
struct Best {
    count: usize,
    /// What a product must exceed.
    floor: f32,
    /// Those over the floor, at most twice as many as are wanted.
    held: Vec<(f32, u32)>,
}

impl Best {
    fn new(count: usize) -> Best {
        Best { count, floor: f32::NEG_INFINITY, held: Vec::with_capacity(2 * count) }
    }

    /// Offers products of centroids from `first` on.
    fn offer(&mut self, first: u32, products: &[f32]) {
        const LANES: usize = 16;
        let (steps, rest) = products.as_chunks::<LANES>();
        for (first, step) in (first..).step_by(LANES).zip(steps) {
            // Nearly always none is greater, which is told for all of them at once.
            if step.iter().fold(false, |any, product| any | (*product > self.floor)) {
                (first..).zip(step).for_each(|(centroid, product)| self.push(centroid, *product));
            }
        }
        let first = first + (LANES * steps.len()) as u32;
        (first..).zip(rest).for_each(|(centroid, product)| self.push(centroid, *product));
    }

    fn push(&mut self, centroid: u32, product: f32) {
        if product > self.floor {
            self.held.push((product, centroid));
            if self.held.len() == 2 * self.count {
                self.held.select_nth_unstable_by(self.count - 1, Self::order);
                self.held.truncate(self.count);
                self.floor = self.held.iter().fold(f32::INFINITY, |least, (product, _)| least.min(*product));
            }
        }
    }

    /// Greatest first, the first of equal ones before the others.
    fn order(a: &(f32, u32), b: &(f32, u32)) -> std::cmp::Ordering {
        b.0.total_cmp(&a.0).then(a.1.cmp(&b.1))
    }

    /// The centroids of the greatest products, greatest first.
    fn finish(mut self) -> impl Iterator<Item = u32> {
        self.held.sort_unstable_by(Self::order);
        self.held.truncate(self.count);
        self.held.into_iter().map(|(_, centroid)| centroid)
    }
}

/// Rows by list: their numbers list after list, ascending in each, and where each list begins.
fn group(of_row: &[u32], lists: usize) -> (Vec<u32>, Vec<u32>) {
    let mut starts = vec![0u32; lists + 1];
    of_row.iter().for_each(|list| starts[*list as usize + 1] += 1);
    (0..lists).for_each(|list| starts[list + 1] += starts[list]);
    let (mut next, mut order) = (starts.clone(), vec![0u32; of_row.len()]);
    for (row, list) in (0u32..).zip(of_row) {
        order[next[*list as usize] as usize] = row;
        next[*list as usize] += 1;
    }
    (order, starts)
}

/// The mean direction of each list; a list without rows, or whose rows cancel out, keeps what it had.
fn directions(source: &PackedMatrix, order: &[u32], starts: &[u32], centroids: &mut [f32]) {
    let width = wide_len(source);
    centroids.par_chunks_exact_mut(width).zip(starts.par_windows(2)).for_each(|(centroid, list)| {
        let (mut sum, mut row) = (vec![0.0f32; width], vec![0.0f32; width]);
        for position in &order[list[0] as usize..list[1] as usize] {
            wide(source, *position as usize, &mut row);
            if normalize(&mut row).is_ok() {
                sum.iter_mut().zip(&row).for_each(|(sum, value)| *sum += value);
            }
        }
        if normalize(&mut sum).is_ok() {
            centroid.copy_from_slice(&sum);
        }
    });
}

/// The mean of some rows; zeros where there are none.
pub(super) fn mean(rows: &[f32], width: usize) -> Vec<f32> {
    let mut sum = vec![0.0f64; width];
    for row in rows.chunks_exact(width) {
        sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += f64::from(*value));
    }
    let count = (rows.len() / width).max(1) as f64;
    sum.into_iter().map(|sum| (sum / count) as f32).collect()
}

#[cfg(test)]
mod tests {
    use argtop_storage::RowFormat;

    use super::super::conformance::{BUILD, vectors};
    use super::super::matrix::tests::matrix;
    use super::*;
    use crate::kernel::dot;

    #[test]
    fn the_greatest_products_are_those_of_a_full_sort() {
        let mut rng = fastrand::Rng::with_seed(21);
        for (count, offered) in [(1, 1), (1, 500), (3, 2), (16, 16), (16, 333), (7, 1000)] {
            // Few different numbers, so that many are equal.
            let products: Vec<f32> = (0..offered).map(|_| rng.u8(..20).into()).collect();
            let mut best = Best::new(count);
            for (at, part) in products.chunks(45).enumerate() {
                best.offer(45 * at as u32, part);
            }
            let mut all: Vec<u32> = (0..offered as u32).collect();
            all.sort_by(|a, b| products[*b as usize].total_cmp(&products[*a as usize]));
            all.truncate(count);
            assert_eq!(best.finish().collect::<Vec<_>>(), all, "{count} of {offered}");
        }
    }

    #[test]
    fn every_row_is_in_the_list_of_its_nearest_centroid_and_in_another() {
        const DIMENSION: usize = 40;
        let (rows, lists) = (1500, 25);
        let numbers = vectors(&mut fastrand::Rng::with_seed(4), rows, DIMENSION);
        let slots: Vec<u32> = (0..rows as u32).collect();
        let source = matrix(RowFormat::F32, DIMENSION, &slots, &numbers, None);
        let options = AnnOptions { lists: Some(lists), ..AnnOptions::default() };
        let rotation = Rotation::new(coded_width(DIMENSION, false), 1);
        let plan = plan(&BUILD, &options, &source, &rotation).unwrap();
        assert_eq!((plan.lists(), plan.rows.len(), plan.order.len()), (lists, rows, COPIES * rows));
        let mut positions = plan.rows.clone();
        positions.sort_unstable();
        assert_eq!(positions, slots, "every row has one number");
        let mut lists_of = vec![Vec::new(); rows];
        for (list, range) in (0u32..).zip(plan.starts.windows(2)) {
            let places = &plan.order[range[0] as usize..range[1] as usize];
            places.iter().for_each(|row| lists_of[*row as usize].push(list));
        }
        // Own rows come first in a list, and are numbered list after list.
        let first_own: Vec<u32> =
            plan.starts[..lists].iter().map(|start| plan.order[*start as usize]).collect();
        let width = plan.centres.len() / lists;
        let centre = |list: u32| &plan.centres[list as usize * width..][..width];
        for (row, of) in lists_of.iter().enumerate() {
            let first = first_own.partition_point(|own| *own as usize <= row) as u32 - 1;
            let others: Vec<u32> = of.iter().copied().filter(|list| *list != first).collect();
            let (2, [other]) = (of.len(), &others[..]) else {
                panic!("row {row} of list {first} is in {of:?}")
            };
            let mut rotated = numbers[plan.rows[row] as usize * DIMENSION..][..DIMENSION].to_vec();
            rotated.resize(width, 0.0);
            rotation.apply(&mut rotated);
            let rest: Vec<f32> =
                rotated.iter().zip(centre(first)).map(|(row, centre)| row - centre).collect();
            let cost = |list: u32| {
                let other: Vec<f32> =
                    rotated.iter().zip(centre(list)).map(|(row, centre)| row - centre).collect();
                let along = dot(&rest, &other);
                dot(&other, &other) + along * along / dot(&rest, &rest)
            };
            // Of 25 lists 16 are near; the chosen one costs no more than the median of all.
            let mut costs: Vec<f32> = (0..lists as u32).filter(|list| *list != first).map(cost).collect();
            costs.sort_by(f32::total_cmp);
            assert!(cost(*other) <= costs[costs.len() / 2] + 1e-4, "row {row}");
        }
    }

    #[test]
    fn the_second_list_is_the_cheapest_and_ties_go_to_the_first() {
        // The rest is (0.4, 0): along it lies the second centre, across it the third.
        let (row, first) = ([1.0, 0.0], [0.6, 0.0]);
        let others: [(u32, &[f32]); 3] = [(7, &[1.5, 0.0]), (3, &[1.0, 0.6]), (9, &[1.0, -0.6])];
        assert_eq!(second_list(&row, &first, others.into_iter()), Some(3));
        assert!((spill_cost(&row, &[0.4, 0.0], others[0].1) - 0.5).abs() < 1e-6);
        assert!((spill_cost(&row, &[0.4, 0.0], others[1].1) - 0.36).abs() < 1e-6);
        // A row that is its centroid has no rest, and goes to the nearest.
        assert_eq!(second_list(&row, &row, others.into_iter()), Some(7));
        assert_eq!(second_list(&row, &first, std::iter::empty()), None);
    }

    #[test]
    fn lists_without_rows_are_left_out() {
        let mut near = Near { count: 3, lists: vec![0, 1, 3, 3, 1, 0, 3, 0, 1] };
        // Lists 1 and 2 are the first of no row.
        let (rows, own) = group(&near.first(), 4);
        assert_eq!((rows, &own[..]), (vec![0, 1, 2], &[0, 1, 1, 1, 3][..]));
        near.drop_empty(&own);
        assert_eq!(near.lists, [0, 0, 1, 1, 1, 0, 1, 0, 1]);
    }
}
