//! Lists and codes of an `ann` index.
//!
//! Lists come from k-means by direction: rows of a sample begin as centroids, rows go to the centroid of the
//! greatest cosine (in 8 bits), centroids become the mean directions of their rows. Lists without rows are
//! left out. Sums are taken in one order, so that neither processor nor threads can be seen in an index.

use std::io::Write;

use rayon::prelude::*;

use super::ann::coded_width;
use super::ann_search::Parts;
use super::error::IndexError;
use super::matrix::PackedMatrix;
use crate::kernel::{
    Codes8, PANEL, PanelWriter, Panels, Rotation, Rows8, SIGN_BLOCK, SignRows, dot, normalize, push_row8,
    push_sign_block, set_signs, sign_block_bytes, sign_facts,
};
use crate::packed::PackedWriter;
use crate::train::BuildControl;

/// Rows of a list, on average, where the options do not say.
const ROWS_PER_LIST: usize = 96;
/// Of many rows there are at most this many times the square root as lists, since finding the list of each
/// row costs time in proportion to both.
const LISTS_PER_ROOT: f64 = 16.0;
/// Rows that centroids are learnt from, for each.
const SAMPLE_PER_LIST: usize = 32;
/// Rounds of k-means.
const ROUNDS: usize = 8;
/// Rows coded or multiplied by one task.
pub(super) const ROWS_AT_ONCE: usize = 4096;
/// Rows whose products with a part of the centroids are held at once.
const ROWS_PER_PRODUCT: usize = 96;
/// Centroids of a part.
const CENTROIDS_PER_PRODUCT: usize = 16 * PANEL;

/// What an `ann` index is asked to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AnnOptions {
    /// Mean share of the exact best that a search should find, from 0.5 to 0.999.
    pub target_recall: f64,
    /// Number of lists; `None` for one of about 64 rows, or more where rows are many.
    pub lists: Option<usize>,
    /// Seed of the rotation and of the first centroids.
    pub seed: u64,
}

impl Default for AnnOptions {
    fn default() -> Self {
        AnnOptions { target_recall: 0.95, lists: None, seed: 1 }
    }
}

/// Which rows are in which list.
pub(super) struct Plan {
    /// Positions of the matrix, list after list, ascending in each.
    pub(super) order: Vec<u32>,
    /// Where each list begins, and the end of the last; no list is empty.
    pub(super) starts: Vec<u32>,
}

impl Plan {
    pub(super) fn lists(&self) -> usize {
        self.starts.len() - 1
    }
}

/// The number of lists for so many rows.
fn list_count(rows: usize) -> usize {
    let most = (LISTS_PER_ROOT * (rows as f64).sqrt()) as usize;
    rows.div_ceil(ROWS_PER_LIST).min(most).max(1)
}

/// A row with its bias behind it.
fn wide(source: &PackedMatrix, position: usize, out: &mut [f32]) {
    let dimension = source.shape().dimension;
    source.decode(position, &mut out[..dimension]);
    if let Some(biases) = source.biases() {
        out[dimension] = biases[position];
    }
}

/// Numbers of a row with its bias.
fn wide_len(source: &PackedMatrix) -> usize {
    source.shape().dimension + usize::from(source.shape().biased)
}

/// Cuts the rows into lists.
pub(super) fn plan(
    control: &BuildControl<'_>,
    options: &AnnOptions,
    source: &PackedMatrix,
) -> Result<Plan, IndexError> {
    let rows = source.len();
    let lists = options.lists.unwrap_or_else(|| list_count(rows)).clamp(1, rows.max(1));
    if rows == 0 {
        return Ok(Plan { order: Vec::new(), starts: vec![0] });
    }
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
    let done = std::sync::atomic::AtomicU64::new(0);
    let nearest = |centroids: &[f32], positions: &[u32]| -> Result<Vec<u32>, IndexError> {
        let panels = OwnPanels::new(centroids, wide_len(source));
        let found: Vec<Vec<u32>> = positions
            .par_chunks(ROWS_PER_PRODUCT)
            .map(|positions| {
                if (control.cancelled)() {
                    return Err(IndexError::Cancelled);
                }
                let found = panels.nearest(&coded.pick(positions));
                let some = positions.len() as u64;
                let before = done.fetch_add(some, std::sync::atomic::Ordering::Relaxed);
                (control.progress)(before + some, total);
                Ok(found)
            })
            .collect::<Result<_, _>>()?;
        Ok(found.concat())
    };
    for _ in 0..ROUNDS {
        let of_row = nearest(&centroids, &sample)?;
        let (order, starts) = group(&of_row, lists);
        let positions: Vec<u32> = order.iter().map(|at| sample[*at as usize]).collect();
        means(source, &positions, &starts, &mut centroids);
    }
    let all: Vec<u32> = (0..rows as u32).collect();
    let (order, mut starts) = group(&nearest(&centroids, &all)?, lists);
    starts.dedup();
    Ok(Plan { order, starts })
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

    /// The centroid of the greatest product for each row, the first of equal ones.
    fn nearest(&self, rows: &Codes8) -> Vec<u32> {
        let Some(panels) = Panels::new(self.width, self.count, &self.codes, &self.scales) else {
            unreachable!("panels of {} centroids", self.count)
        };
        let mut best = vec![(f32::NEG_INFINITY, 0u32); rows.len()];
        let mut products = vec![0.0; rows.len() * CENTROIDS_PER_PRODUCT.min(self.count)];
        for start in (0..self.count).step_by(CENTROIDS_PER_PRODUCT) {
            let end = self.count.min(start + CENTROIDS_PER_PRODUCT);
            let products = &mut products[..rows.len() * (end - start)];
            panels.products(rows, start..end, products);
            for (best, products) in best.iter_mut().zip(products.chunks_exact(end - start)) {
                let most = greatest(products);
                if most > best.0 {
                    let at = products.iter().position(|product| *product == most).unwrap_or(0);
                    *best = (most, (start + at) as u32);
                }
            }
        }
        best.into_iter().map(|(_, centroid)| centroid).collect()
    }
}

/// The greatest of some numbers.
fn greatest(numbers: &[f32]) -> f32 {
    const LANES: usize = 16;
    let (chunks, rest) = numbers.as_chunks::<LANES>();
    let mut most = [f32::NEG_INFINITY; LANES];
    for chunk in chunks {
        for (most, number) in most.iter_mut().zip(chunk) {
            *most = if *number > *most { *number } else { *most };
        }
    }
    most.iter().chain(rest).fold(f32::NEG_INFINITY, |most, number| most.max(*number))
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
fn means(source: &PackedMatrix, order: &[u32], starts: &[u32], centroids: &mut [f32]) {
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

/// Rotated rows of some positions, `[positions][width]`.
fn rotated(source: &PackedMatrix, positions: &[u32], rotation: &Rotation, width: usize) -> Vec<f32> {
    let mut rows = vec![0.0; positions.len() * width];
    for (row, position) in rows.chunks_exact_mut(width).zip(positions) {
        wide(source, *position as usize, &mut row[..]);
        rotation.apply(row);
    }
    rows
}

/// Codes and scales of some rows in 8 bits.
pub(super) fn rows8(source: &PackedMatrix, positions: &[u32], rotation: &Rotation) -> (Vec<u8>, Vec<f32>) {
    let shape = source.shape();
    let width = coded_width(shape.dimension, shape.biased);
    let parts: Vec<(Vec<u8>, Vec<f32>)> = positions
        .par_chunks(SIGN_BLOCK)
        .map(|positions| {
            let mut codes = Vec::with_capacity(positions.len() * width);
            let rows = rotated(source, positions, rotation, width);
            let scales = rows.chunks_exact(width).map(|row| push_row8(row, &mut codes)).collect();
            (codes, scales)
        })
        .collect();
    let (codes, scales): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
    (codes.concat(), scales.concat())
}

/// Rows as signs, with their factors and shifts.
#[derive(Default)]
pub(super) struct Signed {
    codes: Vec<u8>,
    factors: Vec<f32>,
    shifts: Vec<f32>,
}

impl Signed {
    /// Appends rotated rows around a centre, filled up to whole blocks with rows that nothing reaches.
    fn push(&mut self, rows: &[f32], centre: &[f32]) {
        let width = centre.len();
        for block in rows.chunks(SIGN_BLOCK * width) {
            let first = self.open_block(width);
            for (place, row) in (first..).zip(block.chunks_exact(width)) {
                self.set(place, row, centre);
            }
        }
    }

    /// Appends a block of rows that nothing reaches; gives the place of the first.
    pub(super) fn open_block(&mut self, width: usize) -> usize {
        let first = self.factors.len();
        push_sign_block(&[], width, &mut self.codes);
        self.factors.resize(first + SIGN_BLOCK, 0.0);
        self.shifts.resize(first + SIGN_BLOCK, f32::NEG_INFINITY);
        first
    }

    /// Writes a rotated row around a centre to a place of an open block.
    fn set(&mut self, place: usize, row: &[f32], centre: &[f32]) {
        let (rest, facts) = SignedRow::of(row, centre);
        self.set_row(place, &rest, facts);
    }

    /// Writes what [`SignedRow::of`] gives to a place of an open block.
    pub(super) fn set_row(&mut self, place: usize, rest: &[f32], facts: SignedRow) {
        (self.factors[place], self.shifts[place]) = (facts.factor, facts.shift);
        let bytes = sign_block_bytes(rest.len());
        let block = &mut self.codes[place / SIGN_BLOCK * bytes..][..bytes];
        set_signs(block, place % SIGN_BLOCK, rest);
    }

    fn extend(&mut self, other: Signed) {
        self.codes.extend(other.codes);
        self.factors.extend(other.factors);
        self.shifts.extend(other.shifts);
    }

    pub(super) fn view(&self, width: usize) -> Option<SignRows<'_>> {
        SignRows::new(width, &self.codes, &self.factors, &self.shifts)
    }
}

/// What is kept of a row beside its signs.
#[derive(Clone, Copy, Debug)]
pub(super) struct SignedRow {
    factor: f32,
    shift: f32,
}

impl SignedRow {
    /// What remains of a rotated row when a centre is taken off, whose signs are kept, and the facts of it.
    pub(super) fn of(row: &[f32], centre: &[f32]) -> (Vec<f32>, SignedRow) {
        let rest: Vec<f32> = row.iter().zip(centre).map(|(row, centre)| row - centre).collect();
        let (factor, shift) = sign_facts(&rest, centre);
        (rest, SignedRow { factor, shift })
    }
}

/// Everything of an index that is coded, but for the rows in 8 bits.
pub(super) struct AnnCodes {
    width: usize,
    rows: Signed,
    centroids: Signed,
    centroid_rows: (Vec<u8>, Vec<f32>),
    steer: Vec<f32>,
}

impl AnnCodes {
    /// Codes the rows of a plan.
    pub(super) fn of(
        control: &BuildControl<'_>,
        source: &PackedMatrix,
        plan: &Plan,
        rotation: &Rotation,
    ) -> Result<AnnCodes, IndexError> {
        let shape = source.shape();
        let width = coded_width(shape.dimension, shape.biased);
        let coded: Vec<(Vec<f32>, Signed)> = plan
            .starts
            .par_windows(2)
            .map(|list| {
                if (control.cancelled)() {
                    return Err(IndexError::Cancelled);
                }
                let rows = &plan.order[list[0] as usize..list[1] as usize];
                let rows = rotated(source, rows, rotation, width);
                let (centre, mut signed) = (mean(&rows, width), Signed::default());
                signed.push(&rows, &centre);
                Ok((centre, signed))
            })
            .collect::<Result<_, _>>()?;
        let mut codes = AnnCodes {
            width,
            rows: Signed::default(),
            centroids: Signed::default(),
            centroid_rows: Default::default(),
            steer: Vec::new(),
        };
        let mut centres = Vec::with_capacity(coded.len() * width);
        for (centre, signed) in coded {
            centres.extend(centre);
            codes.rows.extend(signed);
        }
        let middle = mean(&centres, width);
        codes.centroids.push(&centres, &middle);
        let (bytes, scales) = &mut codes.centroid_rows;
        scales.extend(centres.chunks_exact(width).chain([&middle[..]]).map(|row| push_row8(row, bytes)));
        codes.steer = steer(source, &centres, width);
        Ok(codes)
    }

    /// The parts of the index, in memory.
    pub(super) fn parts<'a>(
        &'a self,
        rotation: &'a Rotation,
        starts: &'a [u32],
        blocks: &'a [u32],
    ) -> Result<Parts<'a>, IndexError> {
        let (bytes, scales) = &self.centroid_rows;
        let (Some(rows), Some(centroids), Some(centroid_rows)) = (
            self.rows.view(self.width),
            self.centroids.view(self.width),
            Rows8::new(self.width, bytes, scales),
        ) else {
            unreachable!("codes of another width than their rows")
        };
        let centroid_panels = None;
        let steer = &self.steer[..];
        Ok(Parts { rotation, starts, blocks, centroids, centroid_rows, centroid_panels, steer, rows })
    }

    /// Writes the sections of the codes.
    pub(super) fn write<W: Write>(&self, writer: &mut PackedWriter<W>) -> std::io::Result<()> {
        writer.section("signs", &self.rows.codes)?;
        writer.section("factors", &self.rows.factors)?;
        writer.section("shifts", &self.rows.shifts)?;
        writer.section("c_signs", &self.centroids.codes)?;
        writer.section("c_factor", &self.centroids.factors)?;
        writer.section("c_shift", &self.centroids.shifts)?;
        writer.section("c_rows8", &self.centroid_rows.0)?;
        writer.section("c_scale8", &self.centroid_rows.1)?;
        writer.section("steer", &self.steer)
    }
}

/// The mean of some rows; zeros where there are none.
fn mean(rows: &[f32], width: usize) -> Vec<f32> {
    let mut sum = vec![0.0f64; width];
    for row in rows.chunks_exact(width) {
        sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += f64::from(*value));
    }
    let count = (rows.len() / width).max(1) as f64;
    sum.into_iter().map(|sum| (sum / count) as f32).collect()
}

/// What the scores of centroids are multiplied with to rank their lists. Where all rows are equally long the
/// direction of a centroid says more than its mean, whose length says how far its rows are apart.
fn steer(source: &PackedMatrix, centres: &[f32], width: usize) -> Vec<f32> {
    let norm_max = source.norm_max();
    let mut row = vec![0.0; wide_len(source)];
    let step = (source.len() / 1000).max(1);
    let unit = (0..source.len()).step_by(step).all(|position| {
        wide(source, position, &mut row);
        f64::from(dot(&row, &row)).sqrt() > 0.99 * norm_max
    });
    let steer = |centre: &[f32]| match dot(centre, centre).sqrt() {
        norm if unit && norm > 0.0 => 1.0 / norm,
        _ => 1.0,
    };
    centres.chunks_exact(width).map(steer).collect()
}
