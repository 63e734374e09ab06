//! The words of the labels of a generation: tantivy's terms and postings, the number of words of each text,
//! and the slots.
//!
//! Sections: `shape` u64 (texts, words in all), `lengths` u32 (words of each text), `files` (the names of
//! tantivy's files as a JSON list), `f0`, `f1`, ... (their bytes) and the slots. Texts are numbered by rising
//! slot.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use roaring::RoaringBitmap;
use tantivy::directory::RamDirectory;
use tantivy::directory::error::OpenReadError;
use tantivy::index::SegmentReader;
use tantivy::postings::BlockSegmentPostings;
use tantivy::schema::{Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::{PreTokenizedString, Token};
use tantivy::{
    Directory, Index, IndexSettings, InvertedIndexReader, SingleSegmentIndexWriter, TantivyDocument,
    TantivyError, Term,
};

use super::analysis::Analysis;
use super::files::Files;
use crate::index::IndexError;
use crate::index::slots::{SlotList, SlotTable};
use crate::packed::{Array, Bytes, Kind, Packed, PackedError, PackedWriter};

const KIND: Kind = Kind { magic: *b"ATTEXTIX", version: 1, name: "text index" };
/// tantivy's list of segments.
const META: &str = "meta.json";
/// The one field of a document.
const FIELD: &str = "text";
/// What tantivy sizes its first hash table by.
const FIRST_BYTES: usize = 16 << 20;

/// A text index of a generation.
pub(crate) struct TextIndex {
    slots: SlotTable,
    lengths: Array<u32>,
    words: u64,
    field: Field,
    reader: Arc<InvertedIndexReader>,
}

/// Writes a [`TextIndex`]; holds the postings in memory until it is finished.
pub(crate) struct TextWriter {
    analysis: Analysis,
    writer: SingleSegmentIndexWriter,
    directory: RamDirectory,
    field: Field,
    bytes_max: usize,
    slots: SlotList,
    lengths: Vec<u32>,
    words: u64,
}

fn failed(error: TantivyError) -> IndexError {
    IndexError::Text { reason: error.to_string() }
}

impl TextWriter {
    /// An empty index of words by `analysis`, whose postings may take so many bytes of memory.
    pub(crate) fn new(analysis: Analysis, bytes_max: usize) -> Result<TextWriter, IndexError> {
        let mut schema = Schema::builder();
        // Words come as they are; lengths are kept beside, exactly.
        let indexing =
            TextFieldIndexing::default().set_index_option(IndexRecordOption::WithFreqs).set_fieldnorms(false);
        let field = schema.add_text_field(FIELD, TextOptions::default().set_indexing_options(indexing));
        let directory = RamDirectory::create();
        let index = Index::builder().schema(schema.build()).settings(IndexSettings::default());
        let writer = index.single_segment_index_writer(directory.clone(), FIRST_BYTES).map_err(failed)?;
        let (slots, lengths) = (SlotList::default(), Vec::new());
        Ok(TextWriter { analysis, writer, directory, field, bytes_max, slots, lengths, words: 0 })
    }

    /// Adds the text of a slot, which must be greater than the last.
    pub(crate) fn push(&mut self, slot: u32, text: &str) -> Result<(), IndexError> {
        self.slots.push(slot)?;
        let mut tokens = Vec::new();
        self.analysis.each_word(text, |word| {
            tokens.push(Token { position: tokens.len(), text: word.to_string(), ..Token::default() });
        });
        let length = u32::try_from(tokens.len()).unwrap_or(u32::MAX);
        self.lengths.push(length);
        self.words += u64::from(length);
        let mut document = TantivyDocument::new();
        document.add_pre_tokenized_text(self.field, PreTokenizedString { text: String::new(), tokens });
        self.writer.add_document(document).map_err(failed)?;
        if self.writer.mem_usage() > self.bytes_max {
            return Err(IndexError::TextTooLarge { texts: self.lengths.len(), bytes_max: self.bytes_max });
        }
        Ok(())
    }

    /// Number of texts.
    pub(crate) fn len(&self) -> usize {
        self.lengths.len()
    }

    /// Writes the file; it covers all slots under `slot_end`.
    pub(crate) fn finish<W: Write>(self, out: W, slot_end: u32) -> Result<W, IndexError> {
        self.slots.check_end(slot_end)?;
        let index = self.writer.finalize().map_err(failed)?;
        let mut names: Vec<String> = Vec::new();
        let mut files: Vec<Vec<u8>> = Vec::new();
        let metas = index.load_metas().map_err(failed)?;
        let mut paths: Vec<PathBuf> = metas.list_segment_files().into_iter().collect();
        paths.sort();
        for path in paths {
            let bytes = match self.directory.open_read(&path) {
                Ok(file) => file.read_bytes()?.to_vec(),
                // Not every kind of file is written.
                Err(OpenReadError::FileDoesNotExist(_)) => continue,
                Err(error) => return Err(failed(error.into())),
            };
            names.push(path.to_string_lossy().into_owned());
            files.push(bytes);
        }
        names.push(META.to_string());
        let meta = self.directory.atomic_read(Path::new(META));
        files.push(meta.map_err(|error| failed(error.into()))?);

        let mut writer = PackedWriter::new(out, KIND)?;
        writer.section("shape", &[self.lengths.len() as u64, self.words])?;
        writer.section("lengths", &self.lengths)?;
        let listed = serde_json::to_vec(&names).map_err(io::Error::from)?;
        writer.section("files", &listed)?;
        for (number, bytes) in files.iter().enumerate() {
            writer.section(&format!("f{number}"), bytes)?;
        }
        self.slots.write(&mut writer, slot_end)?;
        Ok(writer.finish()?)
    }
}

impl TextIndex {
    /// Opens an index after checking every length in it. What tantivy reads is taken as it is: the caller has
    /// verified the checksum of the file.
    ///
    /// # Errors
    /// It is no such file, or its parts contradict each other.
    pub(crate) fn open(bytes: Bytes) -> Result<TextIndex, PackedError> {
        let packed = Packed::open(bytes, KIND, &[])?;
        let shape = packed.array::<u64>("shape", 2)?;
        let [texts, words] = *shape.get() else {
            return Err(packed.damaged("its shape is not described"));
        };
        let lengths = packed.array::<u32>("lengths", texts)?;
        let slots = SlotTable::open(&packed)?;
        let sum: u64 = lengths.get().iter().map(|length| u64::from(*length)).sum();
        if slots.len() as u64 != texts || sum != words {
            return Err(packed.damaged("its texts are not those of its slots"));
        }
        let names = packed.array_of_any_length::<u8>("files")?;
        let names: Vec<String> =
            serde_json::from_slice(names.get()).map_err(|_| packed.damaged("its files are not listed"))?;
        let mut sections = Vec::with_capacity(names.len());
        for (number, name) in names.into_iter().enumerate() {
            sections.push((name, packed.array_of_any_length::<u8>(&format!("f{number}"))?));
        }
        let (field, reader) = open_files(Files::new(sections.into_iter()), texts)
            .map_err(|error| packed.damaged(error.to_string()))?;
        Ok(TextIndex { slots, lengths, words, field, reader })
    }

    /// Number of texts.
    pub(crate) fn len(&self) -> usize {
        self.lengths.get().len()
    }

    /// Number of words of all texts.
    pub(crate) fn words(&self) -> u64 {
        self.words
    }

    /// Number of words of each text.
    pub(crate) fn lengths(&self) -> &[u32] {
        self.lengths.get()
    }

    /// Which text belongs to which slot.
    pub(crate) fn slots(&self) -> &SlotTable {
        &self.slots
    }

    /// The slots of all texts.
    pub(crate) fn set(&self) -> &RoaringBitmap {
        self.slots.set()
    }

    /// The texts that have a word; `None` where there are none.
    pub(super) fn postings(&self, word: &str) -> Result<Option<Postings>, IndexError> {
        let term = Term::from_field_text(self.field, word);
        let blocks = self.reader.read_block_postings(&term, IndexRecordOption::WithFreqs)?;
        Ok(blocks.map(|blocks| Postings { blocks: Box::new(blocks) }))
    }
}

/// The texts that have a word, by rising number.
pub(super) struct Postings {
    /// More than a kilobyte, which would be copied whenever words are sorted.
    blocks: Box<BlockSegmentPostings>,
}

impl Postings {
    /// Number of texts.
    pub(super) fn len(&self) -> u32 {
        self.blocks.doc_freq()
    }

    /// Hands the texts and how often each has the word to `each`, some at a time.
    pub(super) fn each_block(mut self, mut each: impl FnMut(&[u32], &[u32])) {
        while !self.blocks.docs().is_empty() {
            each(self.blocks.docs(), self.blocks.freqs());
            self.blocks.advance();
        }
    }
}

fn open_files(files: Files, texts: u64) -> Result<(Field, Arc<InvertedIndexReader>), TantivyError> {
    let damaged = |reason: String| TantivyError::InvalidArgument(reason);
    let index = Index::open(files)?;
    let field = index.schema().get_field(FIELD)?;
    let segments = index.searchable_segments()?;
    let [segment] = segments.as_slice() else {
        return Err(damaged(format!("{} segments", segments.len())));
    };
    let segment = SegmentReader::open(segment)?;
    if u64::from(segment.max_doc()) != texts {
        return Err(damaged(format!("{} texts, not {texts}", segment.max_doc())));
    }
    Ok((field, segment.inverted_index(field)?))
}
