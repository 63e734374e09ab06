//! The end of a file: what it says about its columns and where they are.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use parquet::errors::ParquetError;
use parquet::file::metadata::{
    ParquetMetaData, ParquetMetaDataOptions, ParquetMetaDataReader, ParquetStatisticsPolicy,
};

use super::thrift::{BINARY, Fault, I32, LIST, Reader, STRUCT};
use crate::import::error::{ImportError, excerpt};
use crate::import::limits::ImportLimits;

const MAGIC: &[u8] = b"PAR1";
/// Of a file whose footer is encrypted.
const MAGIC_ENCRYPTED: &[u8] = b"PARE";
/// Length of the footer and magic at the end.
const TAIL_BYTES: u64 = 8;
/// Groups inside each other; the crate walks them by recursion.
const DEPTH_MAX: usize = 16;
/// Elements of the schema for each column that a file may have: lists are three.
const ELEMENTS_A_COLUMN: usize = 4;
/// The path of every column repeats the names above it.
const NAME_BYTES_MAX: usize = 256;

pub(super) const DAMAGED: &str = "the file is damaged or was cut off: copy or write it again";

/// Bytes of a file from a place on.
pub(super) fn read_at(mut file: &File, at: u64, length: usize) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = vec![0; length];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Calls the parquet crate: its errors and its panics are errors of the file.
pub(super) fn guarded<T>(
    path: &Path,
    place: &str,
    work: impl FnOnce() -> Result<T, ParquetError>,
) -> Result<T, ImportError> {
    let problem = match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(done)) => return Ok(done),
        Ok(Err(ParquetError::External(error))) => match error.downcast::<ImportError>() {
            Ok(error) => return Err(*error),
            Err(error) => error.to_string(),
        },
        Ok(Err(error)) => error.to_string(),
        Err(_) => "its data contradict each other".to_owned(),
    };
    Err(ImportError::format(path, format!("{place}: {}", excerpt(&problem)), DAMAGED))
}

/// Reads and checks the footer of a file of `size` bytes.
pub(super) fn read_footer(
    file: &File,
    path: &Path,
    size: u64,
    limits: &ImportLimits,
) -> Result<ParquetMetaData, ImportError> {
    let io = |error| ImportError::io(path, "read", error);
    let damaged = |problem: String| ImportError::format(path, problem, DAMAGED);
    let fix = "write one, for example with pyarrow or COPY ... TO";
    let none = || ImportError::format(path, "not a Parquet file", fix);
    let behind_magic = size.checked_sub(MAGIC.len() as u64 + TAIL_BYTES).ok_or_else(none)?;
    let head = read_at(file, 0, MAGIC.len()).map_err(io)?;
    let tail = read_at(file, size - TAIL_BYTES, 8).map_err(io)?;
    let (length, magic) = tail.split_at(4);
    if head == MAGIC_ENCRYPTED || magic == MAGIC_ENCRYPTED {
        return Err(ImportError::format(path, "the file is encrypted", "write it without encryption"));
    }
    if head != MAGIC {
        return Err(none());
    }
    if magic != MAGIC {
        return Err(damaged("a Parquet file without its end".to_owned()));
    }
    let length = length.iter().rev().fold(0_u64, |length, byte| length << 8 | u64::from(*byte));
    if length > behind_magic {
        return Err(damaged(format!("a footer of {length} bytes in a file of {size}")));
    }
    let footer_bytes = usize::try_from(length).unwrap_or(usize::MAX);
    if footer_bytes > limits.parquet_footer_bytes_max {
        let problem = format!("a footer of {length} bytes, limit {}", limits.parquet_footer_bytes_max);
        return Err(ImportError::format(
            path,
            problem,
            "write it with larger row groups, or as several files",
        ));
    }
    let start = size - TAIL_BYTES - length;
    let footer = read_at(file, start, footer_bytes).map_err(io)?;
    check_schema(&footer, limits).map_err(|problem| damaged(format!("the footer {problem}")))?;
    let mut options = ParquetMetaDataOptions::new();
    options.set_column_stats_policy(ParquetStatisticsPolicy::SkipAll);
    options.set_size_stats_policy(ParquetStatisticsPolicy::SkipAll);
    options.set_encoding_stats_policy(ParquetStatisticsPolicy::SkipAll);
    let metadata = guarded(path, "the footer", || {
        ParquetMetaDataReader::decode_metadata_with_options(&footer, Some(&options))
    })?;
    check_places(&metadata, start, limits).map_err(damaged)?;
    Ok(metadata)
}

/// The schema is a tree written as a list; what would make the crate recurse too deep or repeat long names
/// is refused before the crate sees it.
fn check_schema(footer: &[u8], limits: &ImportLimits) -> Result<(), String> {
    let mut reader = Reader::new(footer);
    let unreadable = |fault: Fault| match fault {
        Fault::Short => "ends too early".to_owned(),
        Fault::Wrong => "cannot be understood".to_owned(),
    };
    let mut last = 0;
    while let Some((number, kind)) = reader.field(&mut last).map_err(unreadable)? {
        if number != 2 {
            reader.skip(kind).map_err(unreadable)?;
            continue;
        }
        // The crate goes by the number alone.
        if kind != LIST {
            return Err("has a schema that is no list".to_owned());
        }
        let (length, kind) = reader.list().map_err(unreadable)?;
        if length > (limits.columns_max * ELEMENTS_A_COLUMN) as u64 {
            return Err(format!("has {length} columns and groups, limit {} columns", limits.columns_max));
        }
        if kind != STRUCT && length > 0 {
            return Err("has no schema".to_owned());
        }
        // Children that are still to come, of each group that is open.
        let mut open: Vec<u32> = Vec::new();
        for _ in 0..length {
            let children = element_children(&mut reader)?;
            // The crate makes room for as many as are named.
            if u64::from(children) > length {
                return Err(format!("has a group of {children} columns, of {length} in all"));
            }
            while open.last() == Some(&0) {
                open.pop();
            }
            if let Some(left) = open.last_mut() {
                *left -= 1;
            }
            if children > 0 {
                open.push(children);
            }
            if open.len() > DEPTH_MAX {
                return Err(format!("has groups nested deeper than {DEPTH_MAX}"));
            }
        }
    }
    Ok(())
}

/// Reads an element of the schema; gives the number of its children.
fn element_children(reader: &mut Reader<'_>) -> Result<u32, String> {
    let unreadable = |_| "has a schema that cannot be understood".to_owned();
    let (mut last, mut children) = (0, 0);
    while let Some((number, kind)) = reader.field(&mut last).map_err(unreadable)? {
        match (number, kind) {
            (4, BINARY) => {
                let name = reader.binary().map_err(unreadable)?;
                if name.len() > NAME_BYTES_MAX {
                    return Err(format!("has a column name of {} bytes, limit {NAME_BYTES_MAX}", name.len()));
                }
            }
            (5, I32) => children = reader.i32().map_err(unreadable)?,
            // The crate would take a value of another kind for what it looks for.
            (4 | 5, _) => return Err(unreadable(Fault::Wrong)),
            (_, kind) => reader.skip(kind).map_err(unreadable)?,
        }
    }
    u32::try_from(children).map_err(|_| "has a group of less than no columns".to_owned())
}

/// Where the pages of a column chunk are: from, to. None where the file says nonsense.
pub(super) fn chunk_range(chunk: &parquet::file::metadata::ColumnChunkMetaData) -> Option<(u64, u64)> {
    let data = chunk.data_page_offset();
    let start = match chunk.dictionary_page_offset() {
        Some(dictionary) if dictionary > 0 && dictionary < data => dictionary,
        _ => data,
    };
    let start = u64::try_from(start).ok()?;
    Some((start, start.checked_add(u64::try_from(chunk.compressed_size()).ok()?)?))
}

/// Every column chunk lies between the magic and the footer.
fn check_places(metadata: &ParquetMetaData, footer: u64, limits: &ImportLimits) -> Result<(), String> {
    for (number, group) in metadata.row_groups().iter().enumerate() {
        if group.num_rows() < 0 {
            return Err(format!("row group {number} has {} rows", group.num_rows()));
        }
        for chunk in group.columns() {
            let place = || format!("row group {number}, column `{}`", excerpt(&chunk.column_path().string()));
            if chunk.file_path().is_some() {
                return Err(format!("{}: its data are in another file", place()));
            }
            match chunk_range(chunk) {
                Some((start, end)) if start >= MAGIC.len() as u64 && end <= footer => {}
                _ => return Err(format!("{}: its pages would lie outside the file", place())),
            }
            let size = chunk.uncompressed_size();
            if u64::try_from(size).map_or(true, |size| size > limits.parquet_chunk_bytes_max) {
                let most = limits.parquet_chunk_bytes_max;
                return Err(format!("{}: {size} bytes uncompressed, limit {most}", place()));
            }
        }
    }
    Ok(())
}
