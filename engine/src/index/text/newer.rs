//! Words of the labels that came after a generation, in memory.

use std::collections::HashMap;

use roaring::RoaringBitmap;

use super::analysis::Analysis;

/// A place in the order in which texts came, and how often a text has a word.
type Posting = (u32, u32);

/// Texts in the order in which they came. Labels that have ended stay: whoever asks says which are live.
#[derive(Debug, Default)]
pub(crate) struct NewerTexts {
    /// Slots that were looked at.
    seen: RoaringBitmap,
    /// Slots that have a text.
    set: RoaringBitmap,
    slots: Vec<u32>,
    lengths: Vec<u32>,
    words: u64,
    postings: HashMap<Box<str>, Vec<Posting>>,
}

impl NewerTexts {
    /// Adds a label, of which `None` says that it has no text.
    pub(crate) fn push(&mut self, slot: u32, text: Option<&str>, analysis: &mut Analysis) {
        let Some(text) = text.filter(|_| self.seen.insert(slot)) else {
            self.seen.insert(slot);
            return;
        };
        let place = self.slots.len() as u32;
        let mut length = 0;
        analysis.each_word(text, |word| {
            length += 1;
            let postings = match self.postings.get_mut(word) {
                Some(postings) => postings,
                None => self.postings.entry(word.into()).or_default(),
            };
            match postings.last_mut() {
                Some((last, count)) if *last == place => *count += 1,
                _ => postings.push((place, 1)),
            }
        });
        self.set.insert(slot);
        self.slots.push(slot);
        self.lengths.push(length);
        self.words += u64::from(length);
    }

    /// Slots that were looked at, with a text or without.
    pub(crate) fn seen(&self) -> &RoaringBitmap {
        &self.seen
    }

    /// Slots that have a text.
    pub(crate) fn set(&self) -> &RoaringBitmap {
        &self.set
    }

    /// The slots of the texts.
    pub(crate) fn slots(&self) -> &[u32] {
        &self.slots
    }

    /// Number of words of each text.
    pub(crate) fn lengths(&self) -> &[u32] {
        &self.lengths
    }

    /// Number of words of all texts.
    pub(crate) fn words(&self) -> u64 {
        self.words
    }

    /// The texts that have a word, and how often.
    pub(super) fn postings(&self, word: &str) -> &[Posting] {
        self.postings.get(word).map_or(&[], Vec::as_slice)
    }
}
