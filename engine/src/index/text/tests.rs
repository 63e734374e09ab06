//! BM25 over packed and newer texts against its definition.

use std::collections::BTreeMap;

use proptest::prelude::*;
use roaring::RoaringBitmap;

use super::*;
use crate::index::IndexError;
use crate::packed::AlignedBytes;

const BM25: Bm25 = Bm25 { k1: 1.2, b: 0.75 };
const BYTES_MAX: usize = 1 << 30;

fn analysis() -> Analysis {
    Analysis::new("none").unwrap()
}

fn words_of(analysis: &Analysis, text: &str) -> Vec<String> {
    let mut words = Vec::new();
    analysis.clone().each_word(text, |word| words.push(word.to_string()));
    words
}

fn query_words(text: &str) -> Vec<QueryWord> {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    words_of(&analysis(), text).into_iter().for_each(|word| *counts.entry(word).or_default() += 1);
    counts.into_iter().map(|(word, count)| QueryWord { word, count }).collect()
}

fn packed(texts: &[(u32, String)], slot_end: u32) -> TextIndex {
    let mut writer = TextWriter::new(analysis(), BYTES_MAX).unwrap();
    texts.iter().for_each(|(slot, text)| writer.push(*slot, text).unwrap());
    assert_eq!(writer.len(), texts.len());
    TextIndex::open(writer.finish(AlignedBytes::new(), slot_end).unwrap().into_bytes()).unwrap()
}

fn newer(texts: &[(u32, String)]) -> NewerTexts {
    let mut newer = NewerTexts::default();
    texts.iter().for_each(|(slot, text)| newer.push(*slot, Some(text), &mut analysis()));
    newer
}

/// The best, best first, ties by slot.
fn best(
    (packed, newer): (Option<&TextIndex>, &NewerTexts),
    live: &RoaringBitmap,
    admitted: Option<&RoaringBitmap>,
    (query, limit): (&str, usize),
    space: &mut Space,
) -> Vec<(f64, u32)> {
    let collection = Collection::of(packed, newer, live);
    let sought = Sought { packed, newer, live, collection: &collection };
    let admitted = Admitted::new(packed, admitted);
    let mut best = sought.best(BM25, &query_words(query), &admitted, limit, space).unwrap();
    best.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    best
}

/// The formula, one text after the other.
fn by_definition(
    texts: &[(u32, String)],
    live: &RoaringBitmap,
    admitted: &RoaringBitmap,
    query: &str,
) -> Vec<(f64, u32)> {
    let analysis = analysis();
    let live: Vec<(u32, Vec<String>)> = texts
        .iter()
        .filter(|(slot, _)| live.contains(*slot))
        .map(|(slot, text)| (*slot, words_of(&analysis, text)))
        .collect();
    let all = live.len() as f64;
    let mean = live.iter().map(|(_, words)| words.len() as f64).sum::<f64>() / all;
    let mut scores = Vec::new();
    for (slot, words) in live.iter().filter(|(slot, _)| admitted.contains(*slot)) {
        let mut score = 0.0;
        for QueryWord { word, count } in query_words(query) {
            let with = live.iter().filter(|(_, words)| words.contains(&word)).count() as f64;
            let times = words.iter().filter(|other| **other == word).count() as f64;
            let idf = (1.0 + (all - with + 0.5) / (with + 0.5)).ln();
            let length = words.len() as f64;
            score += f64::from(count) * idf * times * (BM25.k1 + 1.0)
                / (times + BM25.k1 * (1.0 - BM25.b + BM25.b * length / mean));
        }
        if score > 0.0 {
            scores.push((score, *slot));
        }
    }
    scores.sort_by(|a, b| b.0.total_cmp(&a.0));
    scores
}

/// A text of some words, the first ones often.
fn text() -> impl Strategy<Value = String> {
    let word = (0u32..12, 0u32..12).prop_map(|(a, b)| format!("w{}", a.min(b)));
    prop::collection::vec(word, 0..9).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn packed_and_newer_texts_score_as_the_formula_says(
        texts in prop::collection::vec((text(), 0u32..10, 0u32..10), 1..400),
        cut in 0usize..400,
        query in text(),
        limit in 0usize..30,
    ) {
        // Slots with gaps.
        let slots = |at: usize| 3 * at as u32 + 1;
        let all: Vec<(u32, String)> =
            texts.iter().enumerate().map(|(at, (text, ..))| (slots(at), text.clone())).collect();
        let some = |keep: &dyn Fn(u32, u32) -> bool| -> RoaringBitmap {
            let kept = texts.iter().enumerate().filter(|(_, (_, ended, outside))| keep(*ended, *outside));
            kept.map(|(at, _)| slots(at)).collect()
        };
        let live = some(&|ended, _| ended > 0);
        let admitted = some(&|ended, outside| ended > 0 && outside > 2);
        let (before, after) = all.split_at(cut.min(all.len()));
        let (index, tail) = (packed(before, slots(before.len())), newer(after));
        let everything = newer(&all);
        let mut space = Space::default();
        for admitted in [None, Some(&admitted)] {
            let expected = by_definition(&all, &live, admitted.unwrap_or(&live), &query);
            let found = best((Some(&index), &tail), &live, admitted, (&query, limit), &mut space);
            prop_assert_eq!(
                &found,
                &best((None, &everything), &live, admitted, (&query, limit), &mut Space::default())
            );
            // Of those that share the last score all are there.
            prop_assert!(found.len() >= limit.min(expected.len()));
            prop_assert!(limit > 0 || found.is_empty());
            for ((score, _), (wanted, _)) in found.iter().zip(&expected) {
                prop_assert!((score - wanted).abs() < 1e-9, "{} {}", score, wanted);
            }
            for (score, slot) in &found {
                let wanted = expected.iter().find(|(_, other)| other == slot);
                prop_assert!(wanted.is_some_and(|(wanted, _)| (score - wanted).abs() < 1e-9));
            }
            if let Some((last, _)) = found.last() {
                let reach = expected.iter().filter(|(score, _)| *score > last + 1e-9).count();
                prop_assert!(reach <= found.len());
            }
        }
    }
}

#[test]
fn a_search_for_few_leaves_most_texts_alone_and_finds_the_same() {
    let texts: Vec<(u32, String)> = (0..5_000)
        .map(|at| {
            let rare = if at % 500 == 7 { "rare" } else { "plain" };
            (at, format!("the {rare} word {}", "the ".repeat(at as usize % 4)))
        })
        .collect();
    let live: RoaringBitmap = (0..5_000).collect();
    let (index, none) = (packed(&texts, 5_000), NewerTexts::default());
    let mut space = Space::default();
    let all = best((Some(&index), &none), &live, None, ("the rare", 5_000), &mut space);
    let few = best((Some(&index), &none), &live, None, ("the rare", 4), &mut space);
    assert_eq!(all.len(), 5_000);
    let last = few.last().unwrap().0;
    let expected: Vec<(f64, u32)> = all.into_iter().take_while(|(score, _)| *score >= last).collect();
    assert_eq!(few, expected);
    assert!(few.len() >= 4 && few.iter().all(|(_, slot)| slot % 500 == 7));
}

#[test]
fn words_are_letters_and_digits_in_lower_case_without_accents() {
    let words = |stemmer: &str, text: &str| words_of(&Analysis::new(stemmer).unwrap(), text);
    assert_eq!(words("none", "Cr\u{e8}me br\u{fb}l\u{e9}e, 2-in-1!"), ["creme", "brulee", "2", "in", "1"]);
    assert_eq!(words("none", "  .,;\n"), Vec::<String>::new());
    assert_eq!(
        words("none", "\u{3a3}\u{39f}\u{3a6}\u{399}\u{391} \u{6771}\u{4eac}"),
        ["\u{3c3}\u{3bf}\u{3c6}\u{3b9}\u{3b1}", "\u{6771}\u{4eac}"]
    );
    assert_eq!(words("english", "Running runs, cats"), ["run", "run", "cat"]);
    assert_eq!(words("german", "H\u{e4}user"), words("german", "Hauser"));
    assert_eq!(words("none", &format!("a {} b", "x".repeat(256))), ["a", "b"]);
    assert!(Analysis::new("klingon").is_none());
    assert!(STEMMERS.iter().all(|name| Analysis::new(name).is_some()));
}

#[test]
fn an_index_without_texts_or_words_finds_nothing() {
    let live: RoaringBitmap = (0..4).collect();
    for texts in [vec![], vec![(1, String::new()), (2, "...".to_string())]] {
        let index = packed(&texts, 4);
        let none = NewerTexts::default();
        let mut space = Space::default();
        assert_eq!(best((Some(&index), &none), &live, None, ("a", 3), &mut space), []);
        assert_eq!(best((Some(&index), &none), &live, None, ("", 3), &mut space), []);
        assert_eq!((index.len(), index.words(), index.slots().slot_end()), (texts.len(), 0, 4));
    }
    assert_eq!(
        best((None, &NewerTexts::default()), &live, None, ("a", 3), &mut Space::default()),
        Vec::new()
    );
}

#[test]
fn a_label_is_taken_once_and_one_without_a_text_is_looked_at() {
    let mut newer = NewerTexts::default();
    for _ in 0..2 {
        newer.push(5, Some("a b a"), &mut analysis());
        newer.push(3, None, &mut analysis());
    }
    assert_eq!((newer.slots(), newer.lengths(), newer.words()), (&[5][..], &[3][..], 3));
    assert_eq!(newer.seen().iter().collect::<Vec<_>>(), [3, 5]);
    assert_eq!(newer.set().iter().collect::<Vec<_>>(), [5]);
}

#[test]
fn too_many_words_are_refused() {
    let mut writer = TextWriter::new(analysis(), 1).unwrap();
    assert!(matches!(writer.push(0, "a"), Err(IndexError::TextTooLarge { texts: 1, bytes_max: 1 })));
    let mut writer = TextWriter::new(analysis(), BYTES_MAX).unwrap();
    writer.push(3, "a").unwrap();
    assert!(matches!(writer.push(3, "b"), Err(IndexError::SlotOrder { .. })));
    assert!(matches!(writer.finish(AlignedBytes::new(), 3), Err(IndexError::SlotEnd { .. })));
}

#[test]
fn a_file_of_another_kind_or_with_other_lengths_is_refused() {
    let open = |bytes: AlignedBytes| TextIndex::open(bytes.into_bytes()).map(|_| ());
    assert!(open(AlignedBytes::new()).is_err());
    let mut writer = TextWriter::new(analysis(), BYTES_MAX).unwrap();
    writer.push(0, "one two").unwrap();
    let file = writer.finish(AlignedBytes::new(), 1).unwrap().into_bytes();
    let bytes: &[u8] = (*file).as_ref();
    let changed = |at: usize| {
        let mut copy = AlignedBytes::new();
        let mut bytes = bytes.to_vec();
        bytes[at] ^= 1;
        std::io::Write::write_all(&mut copy, &bytes).unwrap();
        open(copy)
    };
    // The number of texts, of words, and of the words of the one text.
    for at in [0, 64, 72, 128] {
        assert!(changed(at).is_err(), "byte {at}");
    }
}
