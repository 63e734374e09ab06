//! From text to token ids.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use tokenizers::tokenizer::PostProcessor;
use tokenizers::{Encoding, Tokenizer, TruncationDirection, TruncationParams, TruncationStrategy};

use super::error::ModelError;
use super::wordpiece::WordPieces;
use crate::packed::Array;

/// Bytes of text tokenised first for each token that is kept. English has about five.
const BYTES_PER_TOKEN: usize = 16;

/// Bytes of text always tokenised at once.
const BYTES_MIN: usize = 2048;

/// A tokenizer with padding off and truncation to a fixed number of tokens.
pub(super) struct TextTokenizer {
    /// The library's, or why it cannot be loaded.
    inner: OnceLock<Result<Tokenizer, String>>,
    /// What it is loaded from when a text needs it.
    file: Option<Array<u8>>,
    tokens_max: usize,
    /// For texts that need nothing else.
    pieces: Option<WordPieces>,
    first_cut: usize,
    id_max: u32,
}

impl TextTokenizer {
    /// Reads a `tokenizer.json`. Padding and truncation as shipped are replaced: nothing is padded, and the
    /// first `max_tokens` tokens are kept, special ones included.
    pub(super) fn load(bytes: &[u8], max_tokens: usize) -> Result<TextTokenizer, ModelError> {
        let inner = library(bytes, max_tokens)?;
        let id_max = inner.get_vocab(true).into_values().max();
        let id_max =
            id_max.ok_or_else(|| ModelError::Tokenizer { reason: "it has no tokens".to_string() })?;
        let mut tokenizer = TextTokenizer::of(None, None, id_max, max_tokens);
        let by_library = |text: &str| ids_by_library(&inner, text, tokenizer.first_cut).ok();
        tokenizer.pieces = WordPieces::of(&inner, max_tokens, by_library);
        tokenizer.inner = OnceLock::from(Ok(inner));
        Ok(tokenizer)
    }

    /// A tokenizer that was [loaded](TextTokenizer::load) before from the same file. The library reads the
    /// file again when a text needs it.
    pub(super) fn later(
        file: Array<u8>,
        pieces: WordPieces,
        id_max: u32,
        max_tokens: usize,
    ) -> TextTokenizer {
        TextTokenizer::of(Some(file), Some(pieces), id_max, max_tokens)
    }

    fn of(
        file: Option<Array<u8>>,
        pieces: Option<WordPieces>,
        id_max: u32,
        tokens_max: usize,
    ) -> TextTokenizer {
        let first_cut = tokens_max.saturating_mul(BYTES_PER_TOKEN).max(BYTES_MIN);
        TextTokenizer { inner: OnceLock::new(), file, tokens_max, pieces, first_cut, id_max }
    }

    /// A tokenizer of word pieces alone.
    #[cfg(test)]
    pub(super) fn of_pieces(pieces: WordPieces, id_max: u32, tokens_max: usize) -> TextTokenizer {
        TextTokenizer::of(None, Some(pieces), id_max, tokens_max)
    }

    /// The greatest token id this tokenizer can give.
    pub(super) fn id_max(&self) -> u32 {
        self.id_max
    }

    /// The ids of a text, at most `max_tokens` of them, special tokens included.
    pub(super) fn ids(&self, text: &str) -> Result<Vec<u32>, String> {
        match self.pieces.as_ref().and_then(|pieces| pieces.ids(text)) {
            Some(ids) => Ok(ids),
            None => self.by_library(text),
        }
    }

    /// The word pieces of a tokenizer that works as BERT's does.
    pub(super) fn pieces(&self) -> Option<&WordPieces> {
        self.pieces.as_ref()
    }

    /// The ids of a text as the library gives them.
    pub(super) fn by_library(&self, text: &str) -> Result<Vec<u32>, String> {
        let load = || {
            let file = self.file.as_ref().map_or(&[][..], Array::get);
            library(file, self.tokens_max).map_err(|error| error.to_string())
        };
        ids_by_library(self.inner.get_or_init(load).as_ref()?, text, self.first_cut)
    }
}

/// The library's tokenizer, without padding and with truncation to `max_tokens`.
fn library(bytes: &[u8], max_tokens: usize) -> Result<Tokenizer, ModelError> {
    // The crate panics on some malformed files; a panic is an answer about the file, not about this program.
    let read = catch_unwind(AssertUnwindSafe(|| Tokenizer::from_bytes(bytes)));
    let mut inner = match read {
        Ok(Ok(tokenizer)) => tokenizer,
        Ok(Err(error)) => return Err(ModelError::Tokenizer { reason: error.to_string() }),
        Err(panic) => return Err(ModelError::Tokenizer { reason: panic_message(&*panic) }),
    };
    let special = inner.get_post_processor().map_or(0, |processor| processor.added_tokens(false));
    if max_tokens <= special {
        return Err(ModelError::Specification {
            option: "max_tokens",
            value: max_tokens,
            min: special + 1,
            max: usize::MAX,
        });
    }
    let truncation = TruncationParams {
        direction: TruncationDirection::Right,
        max_length: max_tokens,
        strategy: TruncationStrategy::LongestFirst,
        stride: 0,
    };
    inner.with_padding(None);
    inner
        .with_truncation(Some(truncation))
        .map_err(|error| ModelError::Tokenizer { reason: error.to_string() })?;
    Ok(inner)
}

/// The ids of a text, at most as many as are kept.
///
/// The libraries' tokenizers read all of a text before they truncate, in time that can grow with the square
/// of its length. So a long text is read in prefixes of doubling length, `first_cut` at first, until one has
/// more tokens than are kept.
/// A prefix ends at white space, where tokenizers of words end a word, so its words are those of the whole
/// text; the kept tokens are then the same, since what was cut off comes after them. A text without white
/// space is read whole.
fn ids_by_library(library: &Tokenizer, text: &str, first_cut: usize) -> Result<Vec<u32>, String> {
    let mut cut = first_cut;
    while cut < text.len() {
        let prefix = &text[..text.floor_char_boundary(cut)];
        if let Some(space) = prefix.rfind(char::is_whitespace) {
            let encoding = encode(library, prefix[..space].trim_end())?;
            if !encoding.get_overflowing().is_empty() {
                return Ok(encoding.get_ids().to_vec());
            }
        }
        cut = cut.saturating_mul(2);
    }
    Ok(encode(library, text)?.get_ids().to_vec())
}

fn encode(library: &Tokenizer, text: &str) -> Result<Encoding, String> {
    match catch_unwind(AssertUnwindSafe(|| library.encode_fast(text, true))) {
        Ok(Ok(encoding)) => Ok(encoding),
        Ok(Err(error)) => Err(error.to_string()),
        Err(panic) => Err(panic_message(&*panic)),
    }
}

/// What a caught panic said.
pub(super) fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str));
    format!("it made the library panic: {}", text.unwrap_or("without a message"))
}

#[cfg(test)]
mod tests {
    use super::super::testing::fixture;
    use super::*;

    fn bert(max_tokens: usize) -> TextTokenizer {
        TextTokenizer::load(&fixture("tokenizer.json"), max_tokens).unwrap()
    }

    #[test]
    fn ids_are_those_of_bert_without_padding() {
        let ids = |text: &str| bert(16).ids(text).unwrap();
        assert_eq!(ids("hello world"), [101, 7592, 2088, 102]);
        assert_eq!(ids("Hello, WORLD!"), [101, 7592, 1010, 2088, 999, 102]);
        assert_eq!(ids(""), [101, 102]);
        assert_eq!(bert(4).ids("one two three four five").unwrap(), [101, 2028, 2048, 102]);
        assert_eq!(bert(16).id_max(), 30521);
    }

    #[test]
    fn a_long_text_gives_the_tokens_it_would_give_if_read_whole() {
        let tokenizer = bert(128);
        let words = [
            "alpha",
            "beta-carotene",
            "  ",
            "\n\t",
            "naivete",
            "\u{4e2d}\u{6587}",
            "e\u{301}te\u{301}",
            "xyzzyplugh",
        ];
        let mut rng = fastrand::Rng::with_seed(6);
        let mut texts = vec!["a ".repeat(500_000), " ".repeat(900_000) + "late", "x".repeat(1 << 20)];
        texts.push("y".repeat(9_000) + " then words " + &"word ".repeat(10_000));
        for _ in 0..20 {
            let size = 100 << rng.usize(0..9);
            texts.push(
                (0..size)
                    .map(|_| words[rng.usize(0..words.len())].to_string() + [" ", ""][rng.usize(0..2)])
                    .collect(),
            );
        }
        for text in texts {
            let library = tokenizer.inner.get().unwrap().as_ref().unwrap();
            let whole = encode(library, &text).unwrap().get_ids().to_vec();
            assert_eq!(tokenizer.ids(&text).unwrap(), whole, "{text:.40}");
        }
    }

    #[test]
    fn unusable_files_and_too_few_tokens_are_errors() {
        let whole = fixture("tokenizer.json");
        let load = |bytes: &[u8], tokens| TextTokenizer::load(bytes, tokens).err().unwrap().to_string();
        for bytes in [&b""[..], b"{}", b"\xff\xfe", b"[1, 2]", &whole[..whole.len() / 2], &[b'['; 100_000]] {
            let message = load(bytes, 16);
            assert!(message.starts_with("the tokenizer file is not usable: "), "{message}");
        }
        assert!(load(&whole, 2).starts_with("max_tokens is 2; it must be between 3 and"));
    }

    #[test]
    fn files_that_make_the_library_panic_are_errors() {
        let file = |normalizer: &str, splitter: &str, template: &str| {
            format!(
                r#"{{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],
                "normalizer":{normalizer},
                "pre_tokenizer":{splitter},"post_processor":{template},"decoder":null,
                "model":{{"type":"WordLevel","vocab":{{"a":0}},"unk_token":"a"}}}}"#
            )
        };
        let charsmap = |bytes: &str| format!(r#"{{"type":"Precompiled","precompiled_charsmap":"{bytes}"}}"#);
        let unknown_token = r#"{"type":"TemplateProcessing","single":[
            {"SpecialToken":{"id":"z","type_id":0}}],"pair":[],"special_tokens":{}}"#;
        let in_reading = file(&charsmap("/////////w=="), "null", "null");
        let message = TextTokenizer::load(in_reading.as_bytes(), 16).err().unwrap().to_string();
        assert!(message.contains("it made the library panic"), "{message}");
        for in_use in [
            file(&charsmap("CAAAAP//////////"), "null", "null"),
            file("null", r#"{"type":"FixedLength","length":0}"#, "null"),
            file("null", "null", unknown_token),
        ] {
            let message = TextTokenizer::load(in_use.as_bytes(), 16).unwrap().ids("a").unwrap_err();
            assert!(message.contains("it made the library panic"), "{message}");
        }
    }
}
