//! Rows that came after an `ann` index was built: coded in memory, beside the lists they belong to.
//!
//! A newer row goes to the list of the best centroid for it and is coded around that centroid, as the rows of
//! the list are, so that probing finds both and an insert costs later queries no scan of a tail. What a slot
//! holds never changes, so the rows serve every snapshot: a search says which of them it may nominate.

use std::collections::HashMap;

use roaring::RoaringBitmap;

use super::ann_build::{Signed, SignedRow};
use super::ann_search::Parts;
use crate::kernel::{Rows8, SIGN_BLOCK, SignRows, push_row8};

/// Newer rows, in blocks of one list each.
#[derive(Default)]
pub(super) struct Delta {
    /// Slots of the rows.
    present: RoaringBitmap,
    /// Blocks of each list, the last of which may have room.
    blocks: HashMap<u32, Vec<u32>>,
    /// Rows in each block.
    filled: Vec<u32>,
    /// The slot of each place, 0 where there is none.
    slots: Vec<u32>,
    signs: Signed,
    codes: Vec<u8>,
    scales: Vec<f32>,
}

impl Delta {
    /// Which of some slots are not here yet; usually none, and then nothing is walked.
    pub(super) fn missing(&self, slots: &RoaringBitmap) -> RoaringBitmap {
        if slots.is_subset(&self.present) { RoaringBitmap::new() } else { slots - &self.present }
    }

    /// Blocks of a list.
    pub(super) fn blocks_of(&self, list: u32) -> &[u32] {
        self.blocks.get(&list).map_or(&[], Vec::as_slice)
    }

    /// The slot at a place.
    pub(super) fn slot(&self, place: usize) -> u32 {
        self.slots[place]
    }

    /// Signs of the rows.
    pub(super) fn rows(&self, width: usize) -> Option<SignRows<'_>> {
        self.signs.view(width)
    }

    /// The rows in 8 bits.
    pub(super) fn rows8(&self, width: usize) -> Option<Rows8<'_>> {
        Rows8::new(width, &self.codes, &self.scales)
    }

    /// Adds a coded row, unless its slot is here.
    pub(super) fn push(&mut self, parts: &Parts<'_>, slot: u32, row: &Coded) {
        if !self.present.insert(slot) {
            return;
        }
        let width = parts.rows.width();
        let of_list = self.blocks.entry(row.list).or_default();
        let open =
            of_list.last().copied().filter(|block| (self.filled[*block as usize] as usize) < SIGN_BLOCK);
        let block = open.unwrap_or_else(|| {
            let block = self.filled.len() as u32;
            of_list.push(block);
            self.filled.push(0);
            self.slots.resize(self.slots.len() + SIGN_BLOCK, 0);
            self.signs.open_block(width);
            self.codes.resize(self.codes.len() + SIGN_BLOCK * width, 0);
            self.scales.resize(self.scales.len() + SIGN_BLOCK, 0.0);
            block
        });
        let place = block as usize * SIGN_BLOCK + self.filled[block as usize] as usize;
        self.filled[block as usize] += 1;
        self.slots[place] = slot;
        self.signs.set_row(place, &row.rest, row.signed);
        self.scales[place] = row.scale;
        self.codes[place * width..(place + 1) * width].copy_from_slice(&row.codes);
    }
}

/// A row on its way into a [`Delta`].
pub(super) struct Coded {
    /// The list of the best centroid for it.
    list: u32,
    /// What it is beside the centroid.
    rest: Vec<f32>,
    signed: SignedRow,
    codes: Vec<u8>,
    scale: f32,
}

/// Codes some rows (their biases behind them).
pub(super) fn code<'r>(parts: &Parts<'_>, rows: impl Iterator<Item = &'r [f32]>) -> Vec<Coded> {
    let width = parts.rows.width();
    let mut rotated = Vec::new();
    for row in rows {
        let start = rotated.len();
        rotated.extend_from_slice(row);
        rotated.resize(start + width, 0.0);
        parts.rotation.apply(&mut rotated[start..]);
    }
    let lists = parts.nearest_lists(&rotated);
    let coded = rotated.chunks_exact(width).zip(lists).map(|(rotated, list)| {
        let mut codes = Vec::with_capacity(width);
        let scale = push_row8(rotated, &mut codes);
        let mut centre = vec![0.0; width];
        parts.centroid_rows.decode(list as usize, &mut centre);
        let (rest, signed) = SignedRow::of(rotated, &centre);
        Coded { list, rest, signed, codes, scale }
    });
    coded.collect()
}
