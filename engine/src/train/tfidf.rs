//! Texts as sparse vectors: TF-IDF of word n-grams, and of character n-grams where asked.
//!
//! Tokens are the runs of letters and digits of the lower-cased text. A term is a token, or two or more that
//! follow one another, joined by a space; or, with [`VocabularyOptions::char_ngrams`], a part of a token with
//! its ends marked by `_`, behind a `~` that no token holds. Weights are those of scikit-learn's
//! `TfidfVectorizer`: `tf * (ln((1 + n) / (1 + df)) + 1)`, normalised to length 1.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// The most words of an n-gram.
const WORDS_MAX: usize = 4;
/// The most characters of a character n-gram.
const CHARS_MAX: usize = 16;
/// Characters of a token that are read; what follows is left out, so that no term is long.
const TOKEN_CHARS_MAX: usize = 64;
/// Terms are dropped while counting when there are this many more than the vocabulary may hold.
const TERMS_SPARE: usize = 8_000_000;

/// How texts become terms, and which terms are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VocabularyOptions {
    /// The most words of an n-gram, 1 to 4.
    pub words: usize,
    /// The fewest and the most characters of character n-grams, within 2 to 16; none where absent.
    pub char_ngrams: Option<(usize, usize)>,
    /// The fewest texts that a term must be in.
    pub min_df: u32,
    /// The most terms. Those in the most texts are kept, of equal ones the lesser.
    pub max_terms: usize,
    /// Whether a term that occurs tf times in a text counts `1 + ln(tf)` rather than tf.
    pub sublinear: bool,
}

impl Default for VocabularyOptions {
    /// Words and pairs of words, all of them up to two million terms, counted as `1 + ln(tf)`.
    fn default() -> VocabularyOptions {
        let (words, max_terms) = (2, 2_000_000);
        VocabularyOptions { words, char_ngrams: None, min_df: 1, max_terms, sublinear: true }
    }
}

impl VocabularyOptions {
    /// Whether the options can be worked with.
    fn check(&self) -> Result<(), String> {
        if !(1..=WORDS_MAX).contains(&self.words) {
            return Err(format!("n-grams of {} words; give 1 to {WORDS_MAX}", self.words));
        }
        if let Some((least, most)) = self.char_ngrams
            && !(2 <= least && least <= most && most <= CHARS_MAX)
        {
            return Err(format!(
                "n-grams of {least} to {most} characters; give a range within 2 to {CHARS_MAX}"
            ));
        }
        if !(1..=u32::MAX as usize).contains(&self.max_terms) {
            return Err(format!("{} terms at most; give 1 to {}", self.max_terms, u32::MAX));
        }
        Ok(())
    }

    /// Calls `term` with every term of a text, as often as it occurs.
    fn terms(&self, text: &str, mut term: impl FnMut(&str)) {
        let lower: String = text.chars().flat_map(char::to_lowercase).collect();
        let tokens: Vec<&str> = lower
            .split(|c: char| !c.is_alphanumeric())
            .filter(|token| !token.is_empty())
            .map(|token| token.char_indices().nth(TOKEN_CHARS_MAX).map_or(token, |(end, _)| &token[..end]))
            .collect();
        let mut joined = String::new();
        for first in 0..tokens.len() {
            joined.clear();
            for token in tokens[first..].iter().take(self.words) {
                if !joined.is_empty() {
                    joined.push(' ');
                }
                joined.push_str(token);
                term(&joined);
            }
        }
        let Some((least, most)) = self.char_ngrams else { return };
        for token in tokens {
            let marked: Vec<char> = "_".chars().chain(token.chars()).chain("_".chars()).collect();
            // The whole of a token is a term already.
            for length in least..=most.min(marked.len() - 1) {
                for part in marked.windows(length) {
                    joined.clear();
                    joined.push('~');
                    joined.extend(part);
                    term(&joined);
                }
            }
        }
    }
}

/// Counts in how many texts each term is.
#[derive(Debug)]
pub struct VocabularyBuilder {
    options: VocabularyOptions,
    documents: u64,
    /// The texts that a term is in, and the last of them.
    counts: HashMap<Box<str>, (u32, u64)>,
    /// Terms in this many texts or fewer were dropped to save memory.
    dropped: u32,
}

impl VocabularyBuilder {
    /// Begins with no text.
    ///
    /// # Errors
    /// Which option is out of range.
    pub fn new(options: VocabularyOptions) -> Result<VocabularyBuilder, String> {
        options.check()?;
        Ok(VocabularyBuilder { options, documents: 0, counts: HashMap::new(), dropped: 0 })
    }

    /// Counts a text. Should far more terms come than are to be kept, the rarest so far are dropped and
    /// counted anew, so that memory is bounded by about 100 bytes times `max_terms` and eight million
    /// (lossy counting, Manku and Motwani, VLDB 2002).
    pub fn add(&mut self, text: &str) {
        self.documents += 1;
        let (now, counts) = (self.documents, &mut self.counts);
        self.options.terms(text, |term| match counts.get_mut(term) {
            Some((df, last)) => {
                *df = df.saturating_add(u32::from(*last != now));
                *last = now;
            }
            None => {
                counts.insert(term.into(), (1, now));
            }
        });
        while self.counts.len() > self.options.max_terms.saturating_add(TERMS_SPARE) {
            self.dropped += 1;
            self.counts.retain(|_, (df, _)| *df > self.dropped);
        }
    }

    /// The vocabulary of the texts so far.
    pub fn finish(self) -> Vocabulary {
        let VocabularyBuilder { options, documents, counts, .. } = self;
        let kept = counts.into_iter().filter(|(_, (df, _))| *df >= options.min_df);
        let mut terms: Vec<(Box<str>, u32)> = kept.map(|(term, (df, _))| (term, df)).collect();
        if terms.len() > options.max_terms {
            terms.select_nth_unstable_by(options.max_terms, |a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            terms.truncate(options.max_terms);
        }
        terms.sort_unstable();
        Vocabulary::of(options, documents, terms)
    }
}

/// The terms of a set of texts, numbered in ascending order of their bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Vocabulary {
    options: VocabularyOptions,
    documents: u64,
    numbers: HashMap<Box<str>, u32>,
    /// Texts that each term is in.
    df: Vec<u32>,
    idf: Vec<f64>,
}

impl Vocabulary {
    /// Numbers terms that ascend.
    fn of(options: VocabularyOptions, documents: u64, terms: Vec<(Box<str>, u32)>) -> Vocabulary {
        let df: Vec<u32> = terms.iter().map(|(_, df)| *df).collect();
        let idf = |df: &u32| ((1.0 + documents as f64) / (1.0 + f64::from(*df))).ln() + 1.0;
        let idf = df.iter().map(idf).collect();
        let numbers = terms.into_iter().zip(0..).map(|((term, _), number)| (term, number)).collect();
        Vocabulary { options, documents, numbers, df, idf }
    }

    /// Takes up a vocabulary that was kept: the options, the number of texts, and every term with the
    /// number of texts that it is in, ascending.
    ///
    /// # Errors
    /// Which of them no vocabulary can have.
    pub fn from_rows(
        options: VocabularyOptions,
        documents: u64,
        rows: impl IntoIterator<Item = (String, u32)>,
    ) -> Result<Vocabulary, String> {
        options.check()?;
        let mut terms: Vec<(Box<str>, u32)> = Vec::new();
        for (term, df) in rows {
            if terms.last().is_some_and(|(last, _)| **last >= *term) {
                return Err(format!("term {} '{term}' is not greater than the one before it", terms.len()));
            }
            if df == 0 || u64::from(df) > documents {
                return Err(format!("term {} '{term}' is in {df} of {documents} texts", terms.len()));
            }
            terms.push((term.into(), df));
        }
        if terms.len() > u32::MAX as usize {
            return Err(format!("{} terms are too many", terms.len()));
        }
        Ok(Vocabulary::of(options, documents, terms))
    }

    /// Every term with the number of texts that it is in, ascending: what [`Vocabulary::from_rows`] takes.
    pub fn rows(&self) -> Vec<(&str, u32)> {
        let mut rows: Vec<(&str, u32)> =
            self.numbers.iter().map(|(term, number)| (&**term, self.df[*number as usize])).collect();
        rows.sort_unstable();
        rows
    }

    /// How texts become terms.
    pub fn options(&self) -> &VocabularyOptions {
        &self.options
    }

    /// Number of texts that were counted.
    pub fn documents(&self) -> u64 {
        self.documents
    }

    /// Number of terms.
    pub fn len(&self) -> usize {
        self.df.len()
    }

    /// Whether there is no term.
    pub fn is_empty(&self) -> bool {
        self.df.is_empty()
    }

    /// The number of a term.
    pub fn number(&self, term: &str) -> Option<u32> {
        self.numbers.get(term).copied()
    }

    /// A text's terms, ascending, with weights whose squares add up to 1; none where no term is known.
    pub fn features(&self, text: &str) -> Vec<(u32, f32)> {
        let mut found: Vec<u32> = Vec::new();
        self.options.terms(text, |term| found.extend(self.numbers.get(term)));
        found.sort_unstable();
        let weights: Vec<(u32, f64)> = found
            .chunk_by(|a, b| a == b)
            .map(|same| {
                let tf = same.len() as f64;
                let tf = if self.options.sublinear { 1.0 + tf.ln() } else { tf };
                (same[0], tf * self.idf[same[0] as usize])
            })
            .collect();
        let length = weights.iter().map(|(_, weight)| weight * weight).sum::<f64>().sqrt();
        weights.into_iter().map(|(term, weight)| (term, (weight / length) as f32)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary(options: VocabularyOptions, texts: &[&str]) -> Vocabulary {
        let mut builder = VocabularyBuilder::new(options).unwrap();
        texts.iter().for_each(|text| builder.add(text));
        builder.finish()
    }

    #[test]
    fn terms_and_weights_by_hand() {
        let plain = VocabularyOptions { sublinear: false, ..VocabularyOptions::default() };
        let known = vocabulary(plain, &["Red red, CAR", "red-car!", "a boat", "\u{130}\u{c9}"]);
        // U+0130 is lower-cased to i and a combining dot, which is no letter and ends the token.
        let rows = [
            ("a", 1),
            ("a boat", 1),
            ("boat", 1),
            ("car", 2),
            ("i", 1),
            ("i \u{e9}", 1),
            ("red", 2),
            ("red car", 2),
            ("red red", 1),
            ("\u{e9}", 1),
        ];
        assert_eq!(known.rows(), rows);
        assert_eq!((known.len(), known.documents(), known.number("red")), (10, 4, Some(6)));
        // Of n = 4 texts: idf(df 1) = ln(5/2) + 1, idf(df 2) = ln(5/3) + 1.
        let (rare, common) = (f64::ln(2.5) + 1.0, f64::ln(5.0 / 3.0) + 1.0);
        let check = |known: &Vocabulary, times: f64| {
            let found = known.features("red? Red. unknown red car");
            let by_hand = [(3, common), (6, times * common), (7, common), (8, rare)];
            let length = by_hand.iter().map(|(_, value)| value * value).sum::<f64>().sqrt();
            assert_eq!(found.len(), by_hand.len());
            for ((term, weight), (number, value)) in found.iter().zip(by_hand) {
                assert_eq!(*term, number);
                assert!((f64::from(*weight) - value / length).abs() < 1e-7, "{term}: {weight}");
            }
        };
        check(&known, 3.0);
        let options = VocabularyOptions::default();
        let rows = rows.map(|(term, df)| (term.to_owned(), df));
        check(&Vocabulary::from_rows(options, 4, rows).unwrap(), 1.0 + f64::ln(3.0));
        assert_eq!(known.features("nothing known"), []);
    }

    #[test]
    fn the_most_frequent_terms_are_kept_and_of_equal_ones_the_lesser() {
        let texts = ["d c b", "c b", "d c", "a", "e e e e"];
        let kept = |min_df, max_terms| {
            let options = VocabularyOptions { words: 1, min_df, max_terms, ..VocabularyOptions::default() };
            let known = vocabulary(options, &texts);
            known.rows().into_iter().map(|(term, _)| term.to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(kept(1, 9), ["a", "b", "c", "d", "e"]);
        assert_eq!(kept(2, 9), ["b", "c", "d"]);
        assert_eq!(kept(1, 2), ["b", "c"]);
        assert_eq!(kept(1, 4), ["a", "b", "c", "d"]);
        assert!(kept(9, 9).is_empty());
    }

    #[test]
    fn parts_of_words_find_what_is_misspelt() {
        let options =
            VocabularyOptions { words: 1, char_ngrams: Some((3, 4)), ..VocabularyOptions::default() };
        let known = vocabulary(options, &["a car", "boats"]);
        let terms: Vec<&str> = known.rows().into_iter().map(|(term, _)| term).collect();
        let expected =
            "a boats car ~_bo ~_boa ~_ca ~_car ~ar_ ~ats ~ats_ ~boa ~boat ~car ~car_ ~oat ~oats ~ts_";
        assert_eq!(terms, expected.split(' ').collect::<Vec<_>>());
        // ~_bo, ~_boa, ~boa, ~boat, ~oat.
        assert_eq!(known.features("Boat").len(), 5);
    }

    #[test]
    fn what_is_kept_comes_back_and_what_cannot_be_is_refused() {
        let options =
            VocabularyOptions { char_ngrams: Some((2, 5)), sublinear: true, ..VocabularyOptions::default() };
        let known =
            vocabulary(options.clone(), &["one two three", "two three four", "\u{4e2d}\u{6587} \u{df}"]);
        let rows: Vec<(String, u32)> =
            known.rows().into_iter().map(|(term, df)| (term.to_owned(), df)).collect();
        let again = Vocabulary::from_rows(options.clone(), known.documents(), rows).unwrap();
        assert_eq!(again, known);
        assert_eq!(again.features("two \u{df}"), known.features("two \u{df}"));
        let json = serde_json::to_string(&options).unwrap();
        assert_eq!(serde_json::from_str::<VocabularyOptions>(&json).unwrap(), options);
        let check = |options: VocabularyOptions, rows: &[(&str, u32)], expected: &str| {
            let rows = rows.iter().map(|(term, df)| ((*term).to_owned(), *df));
            let error = Vocabulary::from_rows(options, 2, rows).unwrap_err();
            assert!(error.contains(expected), "{error}");
        };
        check(options.clone(), &[("b", 1), ("a", 1)], "term 1 'a' is not greater");
        check(options.clone(), &[("a", 1), ("a", 1)], "term 1 'a' is not greater");
        check(options.clone(), &[("a", 3)], "in 3 of 2 texts");
        check(options.clone(), &[("a", 0)], "in 0 of 2 texts");
        check(VocabularyOptions { words: 0, ..options.clone() }, &[], "0 words");
        check(VocabularyOptions { char_ngrams: Some((4, 3)), ..options.clone() }, &[], "4 to 3 characters");
        check(VocabularyOptions { max_terms: 0, ..options }, &[], "0 terms");
    }

    #[test]
    fn texts_of_any_kind_are_read() {
        let options =
            VocabularyOptions { words: 4, char_ngrams: Some((2, 16)), ..VocabularyOptions::default() };
        let long = "\u{e9}".repeat(10_000);
        let known = vocabulary(options, &["", " \n\0", &long, "x"]);
        assert!(known.rows().iter().all(|(term, _)| term.chars().count() <= TOKEN_CHARS_MAX));
        let squares: f64 = known.features(&long).iter().map(|(_, weight)| f64::from(weight * weight)).sum();
        assert!((squares - 1.0).abs() < 1e-5 && known.features("").is_empty());
        assert_eq!(known.documents(), 4);
    }
}
