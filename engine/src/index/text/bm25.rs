//! BM25 (Robertson and Zaragoza, "The probabilistic relevance framework: BM25 and beyond", 2009): the labels
//! whose texts score best for some words.
//!
//! ```text
//! idf(w) = ln(1 + (N - n + 1/2) / (n + 1/2))            N texts, of which n have w; never negative
//! score  = sum over the query's words of  times in it * idf(w) * f (k1 + 1) / (f + k1 (1 - b + b L / A))
//! ```
//!
//! f is how often the text has w, L its number of words, A the mean number. N, n and A count live labels.
//!
//! Words are taken by falling weight, all postings of one after the other. When the best sums so far exceed
//! all that the words left can give, texts that none of the words before has are not begun any more. Sums are
//! in f64 and in the order of the words, so that it does not matter whether a text is in a generation.

use roaring::RoaringBitmap;

use super::generation::{Postings, TextIndex};
use super::newer::NewerTexts;
use crate::index::IndexError;

/// Lengths whose part of the formula is worked out once a query.
const LENGTHS_KEPT: usize = 256;

/// The two constants of the formula.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bm25 {
    /// How soon a word's weight stops to grow with the times that a text has it; not negative.
    pub(crate) k1: f64,
    /// How much long texts are held back, 0 to 1.
    pub(crate) b: f64,
}

/// A word of a query, and how often it has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct QueryWord {
    pub(crate) word: String,
    pub(crate) count: u32,
}

/// Which of the packed texts count.
#[derive(Clone, Debug, Default, PartialEq)]
enum Texts {
    #[default]
    All,
    /// A bit for each.
    Some(Vec<u64>),
}

/// The texts that are live at some moment.
#[derive(Debug, Default)]
pub(crate) struct Collection {
    texts: u64,
    words: u64,
    packed: Texts,
    /// Whether all of the newer texts are live.
    newer_live: bool,
}

/// Space of a search, for the next one: the sum of each text, all 0.
#[derive(Debug, Default)]
pub(crate) struct Space {
    sums: Vec<f64>,
    touched: Vec<u32>,
}

/// What is searched.
#[derive(Clone, Copy)]
pub(crate) struct Sought<'a> {
    pub(crate) packed: Option<&'a TextIndex>,
    pub(crate) newer: &'a NewerTexts,
    /// Live slots, and what is known of them.
    pub(crate) live: &'a RoaringBitmap,
    pub(crate) collection: &'a Collection,
}

/// Which labels may be found.
pub(crate) struct Admitted<'a> {
    /// `None` for all live ones.
    packed: Option<Texts>,
    /// `None` for all live ones.
    slots: Option<&'a RoaringBitmap>,
}

impl Texts {
    /// The texts whose slots are among `slots`.
    fn of(packed: &TextIndex, slots: &RoaringBitmap) -> Texts {
        let missing = packed.set() - slots;
        if missing.is_empty() {
            return Texts::All;
        }
        let blocks = packed.len().div_ceil(64);
        let table = packed.slots();
        if missing.len() as usize <= packed.len() / 2 {
            let mut bits = vec![u64::MAX; blocks];
            for text in missing.iter().filter_map(|slot| table.position_of(slot)) {
                bits[text / 64] &= !(1 << (text % 64));
            }
            return Texts::Some(bits);
        }
        let mut bits = vec![0; blocks];
        for text in table.positions(slots) {
            bits[text as usize / 64] |= 1 << (text % 64);
        }
        Texts::Some(bits)
    }

    fn has(&self, text: u32) -> bool {
        match self {
            Texts::All => true,
            Texts::Some(bits) => bits[text as usize / 64] >> (text % 64) & 1 == 1,
        }
    }
}

impl Collection {
    /// Counts the live texts.
    pub(crate) fn of(packed: Option<&TextIndex>, newer: &NewerTexts, live: &RoaringBitmap) -> Collection {
        let mut found = Collection { newer_live: true, ..Collection::default() };
        if let Some(packed) = packed {
            let ended = packed.set() - live;
            let of_ended = ended.iter().filter_map(|slot| packed.slots().position_of(slot));
            let words: u64 = of_ended.map(|text| u64::from(packed.lengths()[text])).sum();
            found.texts += packed.len() as u64 - ended.len();
            found.words += packed.words() - words;
            found.packed = Texts::of(packed, live);
        }
        let ended = newer.set() - live;
        found.newer_live = ended.is_empty();
        found.texts += newer.set().len() - ended.len();
        found.words += newer.words();
        if !found.newer_live {
            let lengths = newer.slots().iter().zip(newer.lengths());
            let of_ended = lengths.filter(|(slot, _)| ended.contains(**slot));
            found.words -= of_ended.map(|(_, length)| u64::from(*length)).sum::<u64>();
        }
        found
    }
}

impl<'a> Admitted<'a> {
    /// Labels among `slots`, all of which are live; `None` for all live ones. Serves any number of queries.
    pub(crate) fn new(packed: Option<&TextIndex>, slots: Option<&'a RoaringBitmap>) -> Admitted<'a> {
        let packed = packed.zip(slots).map(|(packed, slots)| Texts::of(packed, slots));
        Admitted { packed, slots }
    }
}

/// A word with what it is worth.
struct Weighed<'a> {
    word: &'a str,
    /// Times in the query * idf * (k1 + 1): what it gives at most.
    weight: f64,
    /// The packed texts that have it.
    packed: Option<Postings>,
    /// How many texts have it, live or not.
    texts: usize,
}

/// What lengths do to a word's part.
struct Lengths {
    k1: f64,
    b: f64,
    mean: f64,
    kept: Vec<f64>,
}

impl Lengths {
    fn new(bm25: Bm25, collection: &Collection) -> Lengths {
        // Without words there is nothing to divide, and nothing to find.
        let mean = (collection.words as f64 / collection.texts.max(1) as f64).max(f64::MIN_POSITIVE);
        let mut lengths = Lengths { k1: bm25.k1, b: bm25.b, mean, kept: Vec::new() };
        lengths.kept = (0..LENGTHS_KEPT as u32).map(|length| lengths.compute(length)).collect();
        lengths
    }

    fn compute(&self, length: u32) -> f64 {
        self.k1 * (1.0 - self.b + self.b * f64::from(length) / self.mean)
    }

    /// A word's part of the score of a text with so many words that has it `times`.
    fn part(&self, weight: f64, times: u32, length: u32) -> f64 {
        let kept = self.kept.get(length as usize);
        let norm = kept.copied().unwrap_or_else(|| self.compute(length));
        weight * (f64::from(times) / (f64::from(times) + norm))
    }
}

impl Sought<'_> {
    /// The packed texts that have a word.
    fn postings(&self, word: &str) -> Result<Option<Postings>, IndexError> {
        self.packed.map_or(Ok(None), |packed| packed.postings(word))
    }

    /// Live texts that have a word.
    fn texts_with(&self, word: &str, postings: Option<&Postings>) -> Result<u64, IndexError> {
        let mut count = 0;
        match (&self.collection.packed, postings) {
            (_, None) => {}
            (Texts::All, Some(postings)) => count += u64::from(postings.len()),
            (live, Some(_)) => {
                if let Some(postings) = self.postings(word)? {
                    postings.each_block(|texts, _| {
                        count += texts.iter().filter(|text| live.has(**text)).count() as u64;
                    });
                }
            }
        }
        let newer = self.newer.postings(word);
        let is_live = |place: u32| self.live.contains(self.newer.slots()[place as usize]);
        count += match self.collection.newer_live {
            true => newer.len() as u64,
            false => newer.iter().filter(|(place, _)| is_live(*place)).count() as u64,
        };
        Ok(count)
    }

    /// The words that live texts have, by falling weight, equal ones by their letters.
    fn weigh<'w>(&self, bm25: Bm25, words: &'w [QueryWord]) -> Result<Vec<Weighed<'w>>, IndexError> {
        let all = self.collection.texts as f64;
        let mut weighed = Vec::with_capacity(words.len());
        for QueryWord { word, count } in words {
            let packed = self.postings(word)?;
            let with = self.texts_with(word, packed.as_ref())?;
            if with > 0 {
                let with = with as f64;
                let idf = (1.0 + (all - with + 0.5) / (with + 0.5)).ln();
                let weight = f64::from(*count) * idf * (bm25.k1 + 1.0);
                let texts = packed.as_ref().map_or(0, |packed| packed.len() as usize);
                let texts = texts + self.newer.postings(word).len();
                weighed.push(Weighed { word, weight, packed, texts });
            }
        }
        weighed.sort_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| a.word.cmp(b.word)));
        Ok(weighed)
    }

    /// The admitted labels of the best `limit` scores and all that share the last of these, in no order.
    ///
    /// # Errors
    /// The index cannot be read.
    pub(crate) fn best(
        &self,
        bm25: Bm25,
        words: &[QueryWord],
        admitted: &Admitted<'_>,
        limit: usize,
        space: &mut Space,
    ) -> Result<Vec<(f64, u32)>, IndexError> {
        let weighed = self.weigh(bm25, words)?;
        let lengths = Lengths::new(bm25, self.collection);
        let packed = self.packed.map_or(0, TextIndex::len);
        space.sums.resize(packed + self.newer.slots().len(), 0.0);
        let mut left: f64 = weighed.iter().map(|word| word.weight).sum();
        let mut enough = limit == 0;
        for word in weighed {
            // The floor costs a look at each text that is begun.
            if !enough && word.texts > space.touched.len() {
                // A little more, since sums are rounded.
                let owed = left.max(0.0) * (1.0 + 1e-9) + f64::MIN_POSITIVE;
                enough = space.floor(limit).is_some_and(|floor| floor > owed);
            }
            left -= word.weight;
            if enough {
                self.add::<false>(word, &lengths, admitted, space);
            } else {
                self.add::<true>(word, &lengths, admitted, space);
            }
        }
        let floor = space.floor(limit).unwrap_or(f64::MIN_POSITIVE);
        let mut best = Vec::new();
        for text in space.touched.drain(..) {
            let sum = std::mem::take(&mut space.sums[text as usize]);
            if sum >= floor && limit > 0 {
                let text = text as usize;
                let slot = match (self.packed, text.checked_sub(packed)) {
                    (Some(packed), None) => packed.slots().slot(text),
                    (_, place) => self.newer.slots()[place.unwrap_or(text)],
                };
                best.push((sum, slot));
            }
        }
        Ok(best)
    }

    /// Adds a word's part to the sums; without `BEGIN` only to those that are begun.
    fn add<const BEGIN: bool>(
        &self,
        word: Weighed<'_>,
        lengths: &Lengths,
        admitted: &Admitted<'_>,
        space: &mut Space,
    ) {
        let first_newer = self.packed.map_or(0, TextIndex::len);
        if let (Some(packed), Some(postings)) = (self.packed, word.packed) {
            let of_text = packed.lengths();
            let among = admitted.packed.as_ref().unwrap_or(&self.collection.packed);
            postings.each_block(|texts, times| {
                for (text, times) in texts.iter().zip(times) {
                    let place = *text as usize;
                    if BEGIN && !among.has(*text) {
                        continue;
                    }
                    let part = || lengths.part(word.weight, *times, of_text[place]);
                    space.add::<BEGIN>(place, part);
                }
            });
        }
        for (place, times) in self.newer.postings(word.word) {
            let at = *place as usize;
            let slot = self.newer.slots()[at];
            if admitted.slots.unwrap_or(self.live).contains(slot) {
                let part = || lengths.part(word.weight, *times, self.newer.lengths()[at]);
                space.add::<BEGIN>(first_newer + at, part);
            }
        }
    }
}

impl Space {
    fn add<const BEGIN: bool>(&mut self, place: usize, part: impl Fn() -> f64) {
        let sum = &mut self.sums[place];
        if *sum == 0.0 {
            if !BEGIN {
                return;
            }
            self.touched.push(place as u32);
        }
        *sum += part();
    }

    /// The `limit`-th greatest sum, if there are so many.
    fn floor(&self, limit: usize) -> Option<f64> {
        let last = limit.checked_sub(1).filter(|last| *last < self.touched.len())?;
        let mut sums: Vec<f64> = self.touched.iter().map(|text| self.sums[*text as usize]).collect();
        let (_, floor, _) = sums.select_nth_unstable_by(last, |a, b| b.total_cmp(a));
        Some(*floor)
    }
}
