//! The pages of a column chunk, one by one. Sizes and counts of a header are compared with the limits and
//! with the bytes that there are before anything is made as large as they say.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use bytes::Bytes;
use parquet::basic::{Compression, Encoding, Type as Physical};
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::data_type::ByteArray;
use parquet::errors::{ParquetError, Result};
use parquet::schema::types::ColumnDescPtr;

use super::codec::decompress;
use super::footer::{DAMAGED, read_at};
use super::levels::longest_list;
use super::thrift::{FALSE, Fault, I32, Reader, STRUCT, TRUE};
use crate::import::error::ImportError;
use crate::import::limits::ImportLimits;

/// Entries of a dictionary.
const DICTIONARY_VALUES_MAX: u64 = 1 << 20;
/// Bytes of an entry as the crate keeps it, at most and beside those of its text.
const DECODED_BYTES: usize = size_of::<ByteArray>();
/// Values of a page, nulls included.
const PAGE_VALUES_MAX: u64 = 1 << 28;
/// Texts of a page that begins with their lengths, all of which the crate decodes at once.
const LENGTHS_MAX: u64 = 1 << 22;
/// Bytes of a header that are tried first; few headers are longer.
const HEADER_BYTES: usize = 512;

/// What all columns of a file share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) file: Arc<File>,
    pub(super) path: Arc<Path>,
    pub(super) limits: Arc<ImportLimits>,
    /// Bytes of uncompressed pages that are held.
    pub(super) held: Arc<AtomicUsize>,
    /// Compressed bytes that were read.
    pub(super) done: Arc<AtomicU64>,
}

/// One column of one row group.
pub(super) struct Chunk {
    pub(super) shared: Shared,
    /// Row group and column, for messages.
    pub(super) place: String,
    pub(super) codec: Compression,
    pub(super) column: ColumnDescPtr,
    /// What is left of its bytes in the file: from, to.
    pub(super) at: u64,
    pub(super) end: u64,
}

/// What a header says of a page.
#[derive(Clone, Copy, Debug, Default)]
struct Header {
    kind: i32,
    packed: usize,
    length: usize,
    values: u64,
    nulls: u64,
    rows: u64,
    encoding: i32,
    definition_encoding: i32,
    repetition_encoding: i32,
    definition_bytes: usize,
    repetition_bytes: usize,
    uncompressed: bool,
}

const DATA: i32 = 0;
const DICTIONARY: i32 = 2;
const DATA_V2: i32 = 3;

pub(super) struct Pages {
    chunk: Chunk,
    header: Option<Header>,
    has_dictionary: bool,
    /// Bytes of the page and of the dictionary that count as held.
    page_bytes: usize,
    dictionary_bytes: usize,
    uncompressed_bytes: u64,
    /// Values so far of the list that the last page ended in.
    open: u64,
}

impl Pages {
    pub(super) fn new(chunk: Chunk) -> Self {
        Pages {
            chunk,
            header: None,
            has_dictionary: false,
            page_bytes: 0,
            dictionary_bytes: 0,
            uncompressed_bytes: 0,
            open: 0,
        }
    }

    fn error(&self, problem: impl std::fmt::Display, fix: &str) -> ParquetError {
        let problem = format!("{}: {problem}", self.chunk.place);
        ParquetError::External(Box::new(ImportError::format(&self.chunk.shared.path, problem, fix)))
    }

    fn damaged(&self, problem: impl std::fmt::Display) -> ParquetError {
        self.error(problem, DAMAGED)
    }

    fn too_large(&self, problem: impl std::fmt::Display) -> ParquetError {
        self.error(problem, "write the file with smaller pages and row groups")
    }

    fn read(&self, at: u64, length: usize) -> Result<Vec<u8>> {
        let shared = &self.chunk.shared;
        read_at(&shared.file, at, length)
            .map_err(|e| ParquetError::External(Box::new(ImportError::io(&shared.path, "read", e))))
    }

    /// Passes over bytes of the chunk that were read or are not needed.
    fn pass(&mut self, bytes: usize) {
        self.chunk.at += bytes as u64;
        self.chunk.shared.done.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Reads the next header of a page with values, unless that was done.
    fn peek(&mut self) -> Result<Option<Header>> {
        while self.header.is_none() && self.chunk.at < self.chunk.end {
            let header = self.read_header()?;
            if header.packed as u64 > self.chunk.end - self.chunk.at {
                return Err(self.damaged("a page is longer than its column"));
            }
            match header.kind {
                DICTIONARY => self.header = Some(header),
                DATA | DATA_V2 if header.values > 0 => self.header = Some(header),
                // Pages of an index and pages without any value tell nothing.
                _ => self.pass(header.packed),
            }
        }
        Ok(self.header)
    }

    fn read_header(&mut self) -> Result<Header> {
        let left = usize::try_from(self.chunk.end - self.chunk.at).unwrap_or(usize::MAX);
        let most = left.min(self.chunk.shared.limits.header_bytes_max);
        let mut length = HEADER_BYTES.min(most);
        loop {
            let bytes = self.read(self.chunk.at, length)?;
            let mut reader = Reader::new(&bytes);
            match parse_header(&mut reader) {
                Ok(header) => {
                    self.pass(reader.at());
                    return Ok(header);
                }
                Err(Fault::Short) if length < most => length = length.saturating_mul(4).min(most),
                Err(_) => return Err(self.damaged("the header of a page cannot be understood")),
            }
        }
    }

    /// Counts the bytes of a page before they are there.
    fn hold(&mut self, header: &Header) -> Result<()> {
        let limits = Arc::clone(&self.chunk.shared.limits);
        let most = limits.parquet_page_bytes_max;
        if header.length.max(header.packed) > most {
            let bytes = header.length.max(header.packed);
            return Err(self.too_large(format!("a page of {bytes} bytes, limit {most}")));
        }
        self.uncompressed_bytes += header.length as u64;
        if self.uncompressed_bytes > limits.parquet_chunk_bytes_max {
            let most = limits.parquet_chunk_bytes_max;
            return Err(self.too_large(format!("its pages have more than {most} bytes")));
        }
        let held = &self.chunk.shared.held;
        held.fetch_sub(std::mem::take(&mut self.page_bytes), Ordering::Relaxed);
        let now = held.fetch_add(header.length, Ordering::Relaxed) + header.length;
        if header.kind == DICTIONARY {
            self.dictionary_bytes += header.length;
        } else {
            self.page_bytes = header.length;
        }
        self.check_held(now)
    }

    /// Counts what the crate makes of a page beside its bytes, before it does.
    fn hold_decoded(&mut self, bytes: usize, dictionary: bool) -> Result<()> {
        let now = self.chunk.shared.held.fetch_add(bytes, Ordering::Relaxed) + bytes;
        *(if dictionary { &mut self.dictionary_bytes } else { &mut self.page_bytes }) += bytes;
        self.check_held(now)
    }

    fn check_held(&self, now: usize) -> Result<()> {
        let most = self.chunk.shared.limits.parquet_held_bytes_max;
        if now > most {
            let problem =
                format!("the pages of all columns that are read at once have more than {most} bytes");
            return Err(self.error(problem, "name fewer columns => [...], or write smaller pages"));
        }
        Ok(())
    }

    /// The bytes of a page, decompressed.
    fn body(&mut self, header: &Header) -> Result<Vec<u8>> {
        let packed = self.read(self.chunk.at, header.packed)?;
        self.pass(header.packed);
        // Levels of the second version stand before what is compressed.
        let plain = header.definition_bytes.saturating_add(header.repetition_bytes);
        let (Some(length), Some((levels, values))) =
            (header.length.checked_sub(plain), packed.split_at_checked(plain))
        else {
            return Err(self.damaged("a page is shorter than its levels"));
        };
        let codec = if header.uncompressed { Compression::UNCOMPRESSED } else { self.chunk.codec };
        let unpacked = match length {
            // A page of nulls has nothing to be decompressed.
            0 => Ok(Vec::new()),
            length => decompress(codec, values, length),
        };
        let unpacked = unpacked.map_err(|(problem, fix)| self.error(problem, fix))?;
        Ok(if levels.is_empty() { unpacked } else { [levels, &unpacked].concat() })
    }

    fn dictionary(&mut self, header: &Header, body: Vec<u8>) -> Result<Page> {
        let least = match self.chunk.column.physical_type() {
            Physical::BYTE_ARRAY | Physical::INT32 | Physical::FLOAT => 4,
            Physical::INT64 | Physical::DOUBLE => 8,
            Physical::INT96 => 12,
            Physical::BOOLEAN | Physical::FIXED_LEN_BYTE_ARRAY => u64::MAX,
        };
        let fits = header.values.checked_mul(least).is_some_and(|bytes| bytes <= body.len() as u64);
        if !fits || self.has_dictionary {
            return Err(self.damaged(format!("a dictionary that cannot have {} values", header.values)));
        }
        if header.values > DICTIONARY_VALUES_MAX {
            let values = header.values;
            return Err(
                self.too_large(format!("a dictionary of {values} values, limit {DICTIONARY_VALUES_MAX}"))
            );
        }
        self.hold_decoded(header.values as usize * DECODED_BYTES, true)?;
        self.has_dictionary = true;
        let encoding = self.encoding(header.encoding)?;
        let num_values = u32::try_from(header.values).unwrap_or(u32::MAX);
        Ok(Page::DictionaryPage { buf: Bytes::from(body), num_values, encoding, is_sorted: false })
    }

    fn data(&mut self, header: &Header, body: Vec<u8>) -> Result<Page> {
        if header.values > PAGE_VALUES_MAX {
            let values = header.values;
            return Err(self.too_large(format!("a page of {values} values, limit {PAGE_VALUES_MAX}")));
        }
        let (repetition, values) = self.split(header, &body)?;
        if self.chunk.column.max_rep_level() > 0 {
            let Some((open, longest)) = longest_list(repetition, header.values, self.open) else {
                return Err(self.damaged("a page with too few levels"));
            };
            let most = self.chunk.shared.limits.list_length_max as u64;
            if longest > most {
                return Err(self.error(format!("a list of more than {most} values"), "split it"));
            }
            self.open = open;
        }
        let encoding = self.encoding(header.encoding)?;
        if encoding == Encoding::RLE_DICTIONARY && !self.has_dictionary {
            return Err(self.damaged("a page that needs a dictionary, of which there is none"));
        }
        if encoding == Encoding::DELTA_LENGTH_BYTE_ARRAY {
            let count = self.check_lengths(values, header.values)?;
            self.hold_decoded(count as usize * size_of::<i32>(), false)?;
        }
        let statistics = None;
        let small = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        if header.kind == DATA {
            let (def_level_encoding, rep_level_encoding) = (Encoding::RLE, Encoding::RLE);
            let (buf, num_values) = (Bytes::from(body), small(header.values));
            return Ok(Page::DataPage {
                buf,
                num_values,
                encoding,
                def_level_encoding,
                rep_level_encoding,
                statistics,
            });
        }
        Ok(Page::DataPageV2 {
            buf: Bytes::from(body),
            num_values: small(header.values),
            encoding,
            num_nulls: small(header.nulls),
            num_rows: small(header.rows),
            def_levels_byte_len: small(header.definition_bytes as u64),
            rep_levels_byte_len: small(header.repetition_bytes as u64),
            is_compressed: false,
            statistics,
        })
    }

    /// The repetition levels of a page and what comes after all levels.
    fn split<'a>(&self, header: &Header, body: &'a [u8]) -> Result<(&'a [u8], &'a [u8])> {
        let cut = || self.damaged("a page is shorter than its levels");
        if header.kind == DATA_V2 {
            let (repetition, rest) = body.split_at_checked(header.repetition_bytes).ok_or_else(cut)?;
            let (_, values) = rest.split_at_checked(header.definition_bytes).ok_or_else(cut)?;
            return Ok((repetition, values));
        }
        let column = &self.chunk.column;
        let (mut repetition, mut rest) = (&body[..0], body);
        for (of_lists, level, encoding) in [
            (true, column.max_rep_level(), header.repetition_encoding),
            (false, column.max_def_level(), header.definition_encoding),
        ] {
            if level == 0 {
                continue;
            }
            if encoding != 3 {
                return Err(
                    self.error("levels in the old packed form", "write the file with a newer program")
                );
            }
            let (length, behind) = rest.split_at_checked(4).ok_or_else(cut)?;
            let length = length.iter().rev().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
            let (levels, behind) = behind.split_at_checked(length).ok_or_else(cut)?;
            if of_lists {
                repetition = levels;
            }
            rest = behind;
        }
        Ok((repetition, rest))
    }

    /// How many texts begin with their lengths; the crate makes room for as many lengths as they say to be.
    fn check_lengths(&self, values: &[u8], most: u64) -> Result<u64> {
        let mut reader = Reader::new(values);
        let count = (|| {
            reader.varint()?;
            reader.varint()?;
            reader.varint()
        })();
        match count {
            Ok(count) if count <= most.min(LENGTHS_MAX) => Ok(count),
            Ok(count) if count <= most => {
                Err(self.too_large(format!("a page of {count} texts, limit {LENGTHS_MAX}")))
            }
            _ => Err(self.damaged("a page with more texts than values")),
        }
    }

    fn encoding(&self, number: i32) -> Result<Encoding> {
        Ok(match number {
            0 => Encoding::PLAIN,
            // Both numbers mean the same; of a dictionary itself the older one says that it is plain.
            2 | 8 => Encoding::RLE_DICTIONARY,
            3 => Encoding::RLE,
            5 => Encoding::DELTA_BINARY_PACKED,
            6 => Encoding::DELTA_LENGTH_BYTE_ARRAY,
            9 => Encoding::BYTE_STREAM_SPLIT,
            7 => {
                let fix = "write the column with a dictionary, or plain";
                return Err(self.error("its texts are in the encoding DELTA_BYTE_ARRAY", fix));
            }
            other => return Err(self.damaged(format!("a page in the unknown encoding {other}"))),
        })
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.chunk.shared.held.fetch_sub(self.page_bytes + self.dictionary_bytes, Ordering::Relaxed);
    }
}

impl Iterator for Pages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for Pages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let Some(header) = self.peek()? else { return Ok(None) };
        self.header = None;
        self.hold(&header)?;
        let body = self.body(&header)?;
        let page =
            if header.kind == DICTIONARY { self.dictionary(&header, body) } else { self.data(&header, body) };
        page.map(Some)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        let count = |count: u64| usize::try_from(count).ok();
        Ok(self.peek()?.map(|header| PageMetadata {
            num_rows: if header.kind == DATA_V2 { count(header.rows) } else { None },
            num_levels: if header.kind == DICTIONARY { None } else { count(header.values) },
            is_dict: header.kind == DICTIONARY,
        }))
    }

    fn skip_next_page(&mut self) -> Result<()> {
        if let Some(header) = self.peek()? {
            self.header = None;
            self.pass(header.packed);
        }
        Ok(())
    }
}

/// The header of a page of any kind; which parts of it there must be is told by its kind.
fn parse_header(reader: &mut Reader<'_>) -> std::result::Result<Header, Fault> {
    let mut header = Header { kind: -1, ..Header::default() };
    let mut part = None;
    let (mut last, mut sizes) = (0, 0);
    while let Some((number, kind)) = reader.field(&mut last)? {
        match (number, kind) {
            (1, I32) => header.kind = reader.i32()?,
            (2, I32) => (header.length, sizes) = (size(reader)?, sizes | 1),
            (3, I32) => (header.packed, sizes) = (size(reader)?, sizes | 2),
            (5 | 7 | 8, STRUCT) => {
                part = Some(number);
                parse_part(reader, number, &mut header)?;
            }
            (_, kind) => reader.skip(kind)?,
        }
    }
    let wanted = match header.kind {
        DATA => Some(5),
        DICTIONARY => Some(7),
        DATA_V2 => Some(8),
        1 => part,
        _ => return Err(Fault::Wrong),
    };
    if sizes == 3 && wanted == part && header.nulls <= header.values { Ok(header) } else { Err(Fault::Wrong) }
}

/// The part of a header for its kind of page.
fn parse_part(reader: &mut Reader<'_>, part: i16, header: &mut Header) -> std::result::Result<(), Fault> {
    let mut last = 0;
    while let Some((number, kind)) = reader.field(&mut last)? {
        match (part, number, kind) {
            (_, 1, I32) => header.values = size(reader)? as u64,
            (5 | 7, 2, I32) | (8, 4, I32) => header.encoding = reader.i32()?,
            (5, 3, I32) => header.definition_encoding = reader.i32()?,
            (5, 4, I32) => header.repetition_encoding = reader.i32()?,
            (8, 2, I32) => header.nulls = size(reader)? as u64,
            (8, 3, I32) => header.rows = size(reader)? as u64,
            (8, 5, I32) => header.definition_bytes = size(reader)?,
            (8, 6, I32) => header.repetition_bytes = size(reader)?,
            (8, 7, TRUE | FALSE) => header.uncompressed = kind == FALSE,
            (_, _, kind) => reader.skip(kind)?,
        }
    }
    Ok(())
}

/// A number that is not negative.
fn size(reader: &mut Reader<'_>) -> std::result::Result<usize, Fault> {
    usize::try_from(reader.i32()?).map_err(|_| Fault::Wrong)
}
