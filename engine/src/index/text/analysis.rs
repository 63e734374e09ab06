//! Texts to words: cut where a character is neither letter nor digit, in lower case, without the accents of
//! Latin letters, and to their stems if asked for.

use tantivy::tokenizer::{
    AsciiFoldingFilter, Language, LowerCaser, RemoveLongFilter, SimpleTokenizer, Stemmer, TextAnalyzer,
    TokenStream,
};

/// Words of this many bytes and longer are left out: nobody looks for them, and encoded data would fill the
/// index with them.
const WORD_BYTES: usize = 256;

/// Names of the stemmers (Snowball's; for English after Porter, Program 14, 1980), and none.
pub(crate) const STEMMERS: [&str; 19] = [
    "none",
    "arabic",
    "danish",
    "dutch",
    "english",
    "finnish",
    "french",
    "german",
    "greek",
    "hungarian",
    "italian",
    "norwegian",
    "portuguese",
    "romanian",
    "russian",
    "spanish",
    "swedish",
    "tamil",
    "turkish",
];

/// How texts are made into words; each thread needs one of its own.
#[derive(Clone)]
pub(crate) struct Analysis {
    analyzer: TextAnalyzer,
}

impl Analysis {
    /// The analysis with one of [`STEMMERS`]; `None` if it is none of them.
    pub(crate) fn new(stemmer: &str) -> Option<Analysis> {
        let language = match stemmer {
            "none" => None,
            "arabic" => Some(Language::Arabic),
            "danish" => Some(Language::Danish),
            "dutch" => Some(Language::Dutch),
            "english" => Some(Language::English),
            "finnish" => Some(Language::Finnish),
            "french" => Some(Language::French),
            "german" => Some(Language::German),
            "greek" => Some(Language::Greek),
            "hungarian" => Some(Language::Hungarian),
            "italian" => Some(Language::Italian),
            "norwegian" => Some(Language::Norwegian),
            "portuguese" => Some(Language::Portuguese),
            "romanian" => Some(Language::Romanian),
            "russian" => Some(Language::Russian),
            "spanish" => Some(Language::Spanish),
            "swedish" => Some(Language::Swedish),
            "tamil" => Some(Language::Tamil),
            "turkish" => Some(Language::Turkish),
            _ => return None,
        };
        let words = TextAnalyzer::builder(SimpleTokenizer::default())
            .filter(RemoveLongFilter::limit(WORD_BYTES))
            .filter(LowerCaser)
            .filter(AsciiFoldingFilter);
        let analyzer = match language {
            Some(language) => words.filter(Stemmer::new(language)).build(),
            None => words.build(),
        };
        Some(Analysis { analyzer })
    }

    /// Hands the words of a text to `each`, in their order.
    pub(crate) fn each_word(&mut self, text: &str, mut each: impl FnMut(&str)) {
        let mut words = self.analyzer.token_stream(text);
        while words.advance() {
            each(&words.token().text);
        }
    }
}
