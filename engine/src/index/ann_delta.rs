//! Rows that came after an `ann` index was built: coded in memory, beside the lists they belong to.
//!
//! A newer row goes to the list of the best centroid for it and is coded around that centroid, as the rows of
//! the list are, so that probing finds both and an insert costs later queries no scan of a tail. What a slot
//! holds never changes, so the rows serve every snapshot: a search says which of them it may nominate.

use std::collections::HashMap;

use roaring::RoaringBitmap;

use super::ann_build::Signed;
use super::ann_search::{Parts, Scratch};
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

    /// Adds a row (its bias behind it), unless its slot is here.
    pub(super) fn push(&mut self, parts: &Parts<'_>, scratch: &mut Scratch, slot: u32, row: &[f32]) {
        if !self.present.insert(slot) {
            return;
        }
        let width = parts.rows.width();
        parts.set(scratch, row, false);
        parts.probe(scratch, 1);
        let list = scratch.lists.first().map_or(0, |(_, list)| *list);
        let mut rotated = row.to_vec();
        rotated.resize(width, 0.0);
        parts.rotation.apply(&mut rotated);
        let mut centre = vec![0.0; width];
        parts.centroid_rows.decode(list as usize, &mut centre);
        let of_list = self.blocks.entry(list).or_default();
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
        self.signs.set(place, &rotated, &centre);
        let mut codes = Vec::with_capacity(width);
        self.scales[place] = push_row8(&rotated, &mut codes);
        self.codes[place * width..(place + 1) * width].copy_from_slice(&codes);
    }
}
