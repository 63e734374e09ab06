//! ASCII texts to ids of BERT's word pieces, some times as fast as by the library.
//!
//! The library keeps for each token where it came from, letter by letter, which nobody asks for here. What is
//! special about other letters (accents, blanks, signs that stand for words) is left to it, and so are texts
//! that may hold an added token.
//!
//! The method is WordPiece's (Wu et al., "Google's Neural Machine Translation System", 2016): words between
//! white space and punctuation, of each the longest piece that is known, then the longest that continues it.

use serde::{Deserialize, Serialize};
use tokenizers::{ModelWrapper, NormalizerWrapper, PreTokenizerWrapper, Tokenizer};

use super::pieces::PieceTable;

/// Texts that must come out as from the library before it is done without.
const PROBES: [&str; 7] = [
    "",
    "a",
    "Hello, WORLD! (it's 3.14 e-mails)",
    " \t tabs\nand\r\nlines  ",
    "internationalization of antidisestablishmentarianism",
    "zqxjkvbzqxjkvb ~ ^ ` $ + < = > |",
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen",
];

/// The pieces of a tokenizer, for ASCII texts.
pub(super) struct WordPieces {
    pub(super) pieces: PieceTable,
    pub(super) rules: PieceRules,
    /// Bytes of texts that are left to the library: those that are not ASCII, control characters, and those
    /// that an added token may begin with.
    foreign: [bool; 256],
}

/// How texts are cut into pieces.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct PieceRules {
    /// What stands before pieces that continue a word.
    mark: Vec<u8>,
    /// Bytes of the longest piece.
    longest: usize,
    /// The id of a word of which a part is not known, or which is too long.
    unknown: u32,
    /// Bytes of the longest word that is looked at.
    word_max: usize,
    lowercase: bool,
    /// Bytes that an added token may begin with.
    added: Vec<u8>,
    /// Ids before and behind those of a text.
    around: (Vec<u32>, Vec<u32>),
    tokens_max: usize,
}

impl WordPieces {
    /// The pieces of a tokenizer that truncates to `tokens_max` ids; None where it does not work as BERT's
    /// does, or `library` gives other ids for some text.
    pub(super) fn of(
        tokenizer: &Tokenizer,
        tokens_max: usize,
        library: impl Fn(&str) -> Option<Vec<u32>>,
    ) -> Option<WordPieces> {
        let ModelWrapper::WordPiece(model) = tokenizer.get_model() else { return None };
        let Some(NormalizerWrapper::BertNormalizer(normalizer)) = tokenizer.get_normalizer() else {
            return None;
        };
        let Some(PreTokenizerWrapper::BertPreTokenizer(_)) = tokenizer.get_pre_tokenizer() else {
            return None;
        };
        let vocabulary = tokenizer.get_vocab(false);
        let unknown = *vocabulary.get(&model.unk_token)?;
        let mut known: Vec<(&[u8], u32)> = vocabulary
            .iter()
            .filter(|(piece, _)| piece.is_ascii())
            .map(|(piece, id)| (piece.as_bytes(), *id))
            .collect();
        // The map's own order differs from one to the next.
        known.sort_unstable_by_key(|(_, id)| *id);
        let added = tokenizer.get_added_tokens_decoder();
        let added = added.values().filter_map(|token| token.content.bytes().next());
        let mut added: Vec<u8> =
            added.flat_map(|byte| [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()]).collect();
        added.sort_unstable();
        added.dedup();
        let rules = PieceRules {
            mark: model.continuing_subword_prefix.as_bytes().to_vec(),
            longest: known.iter().map(|(piece, _)| piece.len()).max().unwrap_or(0),
            unknown,
            word_max: model.max_input_chars_per_word,
            lowercase: normalizer.lowercase,
            added,
            around: (Vec::new(), Vec::new()),
            tokens_max,
        };
        let mut pieces = WordPieces::from_parts(PieceTable::new(known)?, rules);
        pieces.rules.around = pieces.surroundings(&library)?;
        let same = |text: &str| pieces.ids(text).is_none_or(|ids| library(text).as_ref() == Some(&ids));
        PROBES.iter().all(|text| same(text)).then_some(pieces)
    }

    /// Pieces that were [found](WordPieces::of) before, and their rules.
    pub(super) fn from_parts(pieces: PieceTable, rules: PieceRules) -> WordPieces {
        let foreign = std::array::from_fn(|byte| {
            let byte = byte as u8;
            let control = byte.is_ascii_control() && !b"\t\n\r".contains(&byte);
            !byte.is_ascii() || control || rules.added.contains(&byte)
        });
        WordPieces { pieces, rules, foreign }
    }

    /// What the library puts before and behind a word that is one piece.
    fn surroundings(&self, library: &impl Fn(&str) -> Option<Vec<u32>>) -> Option<(Vec<u32>, Vec<u32>)> {
        let nothing = library("")?;
        for word in [b'a', b'e', b'x', b'1'] {
            let Some(id) = self.pieces.id(&[word]).filter(|id| !nothing.contains(id)) else { continue };
            let ids = library(str::from_utf8(&[word]).ok()?)?;
            let at = ids.iter().position(|found| *found == id)?;
            let (before, behind) = (ids[..at].to_vec(), ids[at + 1..].to_vec());
            return ([&before[..], &behind[..]].concat() == nothing).then_some((before, behind));
        }
        None
    }

    /// The ids of a text; None where it is for the library.
    pub(super) fn ids(&self, text: &str) -> Option<Vec<u32>> {
        let bytes = text.as_bytes();
        if bytes.iter().any(|byte| self.foreign[usize::from(*byte)]) {
            return None;
        }
        let PieceRules { around: (before, behind), tokens_max, .. } = &self.rules;
        let end = tokens_max.checked_sub(behind.len())?;
        let mut ids = Vec::with_capacity((*tokens_max).min(before.len() + behind.len() + bytes.len() / 2));
        ids.extend_from_slice(before);
        let mut word = Vec::new();
        let mut at = 0;
        while at < bytes.len() && ids.len() < end {
            let from = at;
            if bytes[at].is_ascii_punctuation() {
                at += 1;
            } else {
                let ends = |byte: &u8| byte.is_ascii_whitespace() || byte.is_ascii_punctuation();
                at += bytes[at..].iter().position(ends).unwrap_or(bytes.len() - at);
            }
            if at == from {
                at += 1;
                continue;
            }
            word.clear();
            word.extend_from_slice(&bytes[from..at]);
            if self.rules.lowercase {
                word.make_ascii_lowercase();
            }
            self.word(&word, &mut ids);
        }
        ids.truncate(end);
        ids.extend_from_slice(behind);
        Some(ids)
    }

    /// Adds the ids of a word.
    fn word(&self, word: &[u8], ids: &mut Vec<u32>) {
        let PieceRules { mark, longest, unknown, word_max, .. } = &self.rules;
        let before = ids.len();
        let mut start = 0;
        while start < word.len() && word.len() <= *word_max {
            let mark = if start == 0 { &[][..] } else { mark };
            let Some((length, id)) = self.pieces.longest(mark, &word[start..], *longest) else { break };
            ids.push(id);
            start += length;
        }
        if start < word.len() {
            ids.truncate(before);
            ids.push(*unknown);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::fixture;
    use super::super::tokenizer::TextTokenizer;

    #[test]
    fn ids_are_those_of_the_library() {
        let tokenizers =
            [4, 16, 300].map(|tokens| TextTokenizer::load(&fixture("tokenizer.json"), tokens).unwrap());
        let word = prop_oneof![
            3 => "[a-z]{1,12}",
            2 => "[A-Z]?[a-z]{2,8}(ing|ed|ly|ness|s)?",
            1 => "[0-9]{1,6}",
            1 => "[ -~]{0,10}",
            1 => "(a|xyz){40,60}",
            1 => Just("\t\n\r ".to_string()),
        ];
        let text = prop::collection::vec((word, "[ ,.'/-]?"), 0..20)
            .prop_map(|words| words.iter().map(|(word, end)| format!("{word}{end}")).collect::<String>());
        proptest!(|(text in text)| {
            for tokenizer in &tokenizers {
                let fast = tokenizer.pieces().expect("BERT's").ids(&text);
                prop_assert_eq!(fast.is_none(), text.contains('['), "{}", text);
                if let Some(ids) = fast {
                    prop_assert_eq!(ids, tokenizer.by_library(&text).unwrap(), "{}", text);
                }
            }
        });
    }

    #[test]
    fn what_is_not_plain_ascii_is_left_to_the_library() {
        let tokenizer = TextTokenizer::load(&fixture("tokenizer.json"), 16).unwrap();
        let pieces = tokenizer.pieces().unwrap();
        for text in ["caf\u{e9}", "a\u{1}b", "a\u{7f}", "\u{4e2d}", "[SEP]", "a [MASK] b", "a\u{b}b"] {
            assert_eq!(pieces.ids(text), None, "{text:?}");
        }
        assert_eq!(pieces.ids("]"), Some(vec![101, 1033, 102]));
    }

    #[test]
    fn tokenizers_of_other_kinds_do_without() {
        let text = String::from_utf8(fixture("tokenizer.json")).unwrap();
        let changed = |from: &str, to: &str| {
            assert!(text.contains(from), "no {from}");
            TextTokenizer::load(text.replacen(from, to, 1).as_bytes(), 16).unwrap()
        };
        assert!(changed("BertPreTokenizer", "WhitespaceSplit").pieces().is_none());
        // One that keeps capital letters works as BERT's does, and gives other ids.
        let cased = changed("\"lowercase\":true", "\"lowercase\":false");
        let ids = cased.pieces().unwrap().ids("Hello hello").unwrap();
        assert_eq!(ids, cased.by_library("Hello hello").unwrap());
        assert_ne!(ids[1], 7592);
    }
}
