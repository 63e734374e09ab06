//! Rows that came after an `ann` index was built: coded in memory, beside the lists they belong to.
//!
//! A newer row goes to the list of the best centroid for it and to a second one, as the rows of the index do,
//! and is coded around both centroids, so that probing finds it and an insert costs later queries no scan of
//! a tail. What a slot holds never changes, so the rows serve every snapshot: a search says which of them it
//! may nominate.

use std::collections::HashMap;

use roaring::RoaringBitmap;

use super::ann_build::{Signed, SignedRow};
use super::ann_plan::{NEAR, second_list};
use super::ann_search::Parts;
use crate::kernel::{Rows8, SIGN_BLOCK, SignRows, push_row8};

/// Newer rows, in blocks of one list each.
#[derive(Default)]
pub(super) struct Delta {
    /// Slots of the rows.
    present: RoaringBitmap,
    /// Blocks of each list, the last of which may have room.
    blocks: HashMap<u32, Vec<u32>>,
    /// Places taken in each block.
    filled: Vec<u32>,
    /// The row of each place, 0 where there is none.
    order: Vec<u32>,
    /// Signs by place.
    signs: Signed,
    /// The slot of each row.
    slots: Vec<u32>,
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

    /// The row of a place.
    pub(super) fn row(&self, place: usize) -> u32 {
        self.order[place]
    }

    /// The slot of a row.
    pub(super) fn slot(&self, row: u32) -> u32 {
        self.slots[row as usize]
    }

    /// Signs of the rows, by place.
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
        let number = self.slots.len() as u32;
        self.slots.push(slot);
        self.scales.push(row.scale);
        self.codes.extend_from_slice(&row.codes);
        for (list, rest, signed) in &row.lists {
            let place = self.place(*list, parts.rows.width());
            self.order[place] = number;
            self.signs.set_row(place, rest, *signed);
        }
    }

    /// Takes a place in a list.
    fn place(&mut self, list: u32, width: usize) -> usize {
        let of_list = self.blocks.entry(list).or_default();
        let open =
            of_list.last().copied().filter(|block| (self.filled[*block as usize] as usize) < SIGN_BLOCK);
        let block = open.unwrap_or_else(|| {
            let block = self.filled.len() as u32;
            of_list.push(block);
            self.filled.push(0);
            self.order.resize(self.order.len() + SIGN_BLOCK, 0);
            self.signs.open_block(width);
            block
        });
        let filled = &mut self.filled[block as usize];
        *filled += 1;
        block as usize * SIGN_BLOCK + *filled as usize - 1
    }
}

/// A row on its way into a [`Delta`].
pub(super) struct Coded {
    /// The lists that it goes to, and what it is beside their centroids.
    lists: Vec<(u32, Vec<f32>, SignedRow)>,
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
    let near = parts.near_lists(&rotated, NEAR);
    let coded = rotated.chunks_exact(width).zip(near).map(|(rotated, near)| {
        let mut codes = Vec::with_capacity(width);
        let scale = push_row8(rotated, &mut codes);
        let mut centres = vec![0.0; near.len() * width];
        for (centre, list) in centres.chunks_exact_mut(width).zip(&near) {
            parts.centroid_rows.decode(*list as usize, centre);
        }
        let mut centred = near.iter().copied().zip(centres.chunks_exact(width));
        let first = centred.next();
        // As the rows of the index are.
        let first_only = parts.places() == parts.len;
        let second = first.filter(|_| !first_only);
        let second = second.and_then(|(_, centre)| second_list(rotated, centre, centred.clone()));
        let second = second.and_then(|list| centred.find(|(other, _)| *other == list));
        let lists = first.into_iter().chain(second).map(|(list, centre)| {
            let (rest, signed) = SignedRow::of(rotated, centre);
            (list, rest, signed)
        });
        Coded { lists: lists.collect(), codes, scale }
    });
    coded.collect()
}
