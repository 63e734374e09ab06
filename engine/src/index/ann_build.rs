//! Codes of an `ann` index: rows around the centres of their lists as signs, and rows in 8 bits.

use std::io::Write;

use rayon::prelude::*;

use super::ann::coded_width;
use super::ann_plan::{Plan, mean};
use super::ann_search::Parts;
use super::error::IndexError;
use super::matrix::PackedMatrix;
use crate::kernel::{
    Rotation, Rows8, SIGN_BLOCK, SignRows, dot, push_row8, push_sign_block, set_signs, sign_block_bytes,
    sign_facts,
};
use crate::packed::PackedWriter;
use crate::train::BuildControl;

/// Rows coded or multiplied by one task.
pub(super) const ROWS_AT_ONCE: usize = 4096;

/// What an `ann` index is asked to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AnnOptions {
    /// Mean share of the exact best that a search should find, from 0.5 to 0.999.
    pub target_recall: f64,
    /// Number of lists; `None` for one for each 72 rows, or fewer where rows are many.
    pub lists: Option<usize>,
    /// Whether rows are in second lists; `None` where held-out rows say that it makes searches cheaper.
    pub second_lists: Option<bool>,
    /// Seed of the rotation and of the first centroids.
    pub seed: u64,
}

impl Default for AnnOptions {
    fn default() -> Self {
        AnnOptions { target_recall: 0.95, lists: None, second_lists: None, seed: 1 }
    }
}

/// A row with its bias behind it.
pub(super) fn wide(source: &PackedMatrix, position: usize, out: &mut [f32]) {
    let dimension = source.shape().dimension;
    source.decode(position, &mut out[..dimension]);
    if let Some(biases) = source.biases() {
        out[dimension] = biases[position];
    }
}

/// Numbers of a row with its bias.
pub(super) fn wide_len(source: &PackedMatrix) -> usize {
    source.shape().dimension + usize::from(source.shape().biased)
}

/// Rows of some positions with their biases, `[positions][width]`, filled up with zeros.
pub(super) fn wide_rows(source: &PackedMatrix, positions: &[u32], width: usize) -> Vec<f32> {
    let mut rows = vec![0.0; positions.len() * width];
    for (row, position) in rows.chunks_exact_mut(width).zip(positions) {
        wide(source, *position as usize, row);
    }
    rows
}

/// Rotated rows of some positions, `[positions][width]`.
pub(super) fn rotated(
    source: &PackedMatrix,
    positions: &[u32],
    rotation: &Rotation,
    width: usize,
) -> Vec<f32> {
    let mut rows = wide_rows(source, positions, width);
    rows.chunks_exact_mut(width).for_each(|row| rotation.apply(row));
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
        let coded: Vec<Signed> = plan
            .starts
            .par_windows(2)
            .zip(plan.centres.par_chunks_exact(width))
            .map(|(list, centre)| {
                if (control.cancelled)() {
                    return Err(IndexError::Cancelled);
                }
                let positions: Vec<u32> = (list[0]..list[1]).map(|place| plan.position(place)).collect();
                let mut signed = Signed::default();
                signed.push(&rotated(source, &positions, rotation, width), centre);
                Ok(signed)
            })
            .collect::<Result<_, _>>()?;
        let mut codes = AnnCodes {
            width,
            rows: Signed::default(),
            centroids: Signed::default(),
            centroid_rows: Default::default(),
            steer: Vec::new(),
        };
        coded.into_iter().for_each(|signed| codes.rows.extend(signed));
        let centres = &plan.centres;
        let middle = mean(centres, width);
        codes.centroids.push(centres, &middle);
        let (bytes, scales) = &mut codes.centroid_rows;
        scales.extend(centres.chunks_exact(width).chain([&middle[..]]).map(|row| push_row8(row, bytes)));
        codes.steer = steer(source, centres, width);
        Ok(codes)
    }

    /// The parts of the index, in memory.
    pub(super) fn parts<'a>(
        &'a self,
        rotation: &'a Rotation,
        plan: &'a Plan,
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
        let (starts, order, len) = (&plan.starts[..], &plan.order[..], plan.rows.len());
        Ok(Parts {
            rotation,
            starts,
            order,
            len,
            blocks,
            centroids,
            centroid_rows,
            centroid_panels,
            steer,
            rows,
        })
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
