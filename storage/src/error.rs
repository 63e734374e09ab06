//! Errors, divided by phase: opening, reading, committing, generations, and the encodings below them.

use std::path::PathBuf;

use crate::ObjectId;

/// Why bytes could not be encoded or decoded.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The bytes have the wrong length for what they should hold.
    #[error("{found} bytes where {expected} are expected")]
    Length {
        /// Bytes that the value needs.
        expected: usize,
        /// Bytes that are there.
        found: usize,
    },
    /// The checksum at the end of a stored value does not match.
    #[error("checksum mismatch")]
    Checksum,
    /// The bytes are not an encoding of the type.
    #[error("not a valid encoding: {0}")]
    Invalid(String),
    /// A component of a row is not finite, or too large for the row's format.
    #[error(
        "component {position} is {value}, which {format} cannot hold; store the column as f32 or rescale it"
    )]
    Component {
        /// Position in the row, from 0.
        position: usize,
        /// The component.
        value: f32,
        /// Name of the row format.
        format: &'static str,
    },
    /// A value is larger than the limit.
    #[error("{what} of {found} bytes is over the limit of {limit} bytes")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its size in bytes.
        found: usize,
        /// The limit in bytes.
        limit: usize,
    },
}

/// Why a stored value could not be read.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// A stored value is damaged.
    #[error("corrupt entry in {family} at key {key}: {reason}; run CHECK and restore from a copy")]
    Corrupt {
        /// Column family.
        family: &'static str,
        /// Key in hexadecimal digits.
        key: String,
        /// What is wrong with it.
        reason: CodecError,
    },
    /// Two parts of the store contradict each other.
    #[error("inconsistent store: {0}; run CHECK and restore from a copy")]
    Inconsistent(String),
    /// RocksDB could not read.
    #[error("cannot read the store: {0}")]
    Io(String),
    /// The changes asked for were trimmed from the feed.
    #[error(
        "changes after sequence {asked} are gone, the feed begins after {oldest}; rebuild from a snapshot"
    )]
    Trimmed {
        /// Sequence asked for.
        asked: u64,
        /// Oldest sequence after which the feed is complete.
        oldest: u64,
    },
    /// Something is larger than a limit.
    #[error(transparent)]
    TooLarge(CodecError),
}

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is nothing at the path and the options do not ask for a new database.
    #[error("there is no database at {0}; check the path or create it")]
    Missing(PathBuf),
    /// The path holds something that is not a database of argtop.
    #[error("{0} is not an argtop database; give an empty or a new directory")]
    NotADatabase(PathBuf),
    /// The database was written by a newer version.
    #[error(
        "the database has format version {found}, this program knows up to {supported}; use a newer program"
    )]
    Newer {
        /// Version in the marker.
        found: u32,
        /// Newest version that this program reads.
        supported: u32,
    },
    /// Another process, or another handle of this process, holds the database.
    #[error("the database is in use by process {}; close it there", process(*pid))]
    Locked {
        /// Process id of the holder, where it could be read.
        pid: Option<u32>,
    },
    /// A file without which the database cannot be read is missing or empty.
    #[error(
        "{0} is missing or empty; restore it from a copy, an empty database is never made over old files"
    )]
    MissingFile(PathBuf),
    /// The database is damaged.
    #[error("the database is damaged: {0}; restore it from a copy")]
    Corrupt(String),
    /// The operating system refused.
    #[error("cannot open {path}: {source}")]
    Io {
        /// File or directory.
        path: PathBuf,
        /// The refusal.
        source: std::io::Error,
    },
    /// The content of the database could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Why a statement could not be written.
///
/// After [`CommitError::DiskFull`] and [`CommitError::Io`] the store takes no more writes until it is
/// reopened.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// The store is open for reading only.
    #[error("the database is open read-only")]
    ReadOnly,
    /// An earlier write failed, so what the disk holds is unknown until the store is reopened.
    #[error("an earlier write failed ({0}); reopen the database before writing again")]
    Poisoned(String),
    /// The store was closed.
    #[error("the database is closed")]
    Closed,
    /// The disk is full.
    #[error("the disk is full: {0}; free space and reopen the database")]
    DiskFull(String),
    /// The operating system or RocksDB refused the write.
    #[error("cannot write: {0}; reopen the database before writing again")]
    Io(String),
    /// A value cannot be stored.
    #[error(transparent)]
    Value(#[from] CodecError),
    /// An object id that the catalog does not hold.
    #[error("there is no {what} with number {id}")]
    Unknown {
        /// What was expected.
        what: &'static str,
        /// The number.
        id: ObjectId,
    },
    /// An object of the same kind already has the name.
    #[error("there already is a {kind} named {name}")]
    NameTaken {
        /// Kind of the object.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// A label of the table already has the primary key.
    #[error("there already is a label with primary key {0}")]
    DuplicateKey(String),
    /// The slot to end is not live, or holds another key.
    #[error("slot {slot} of table {table} is not live under primary key {key}")]
    NotLive {
        /// Table.
        table: ObjectId,
        /// Slot.
        slot: u32,
        /// Primary key given.
        key: String,
    },
    /// The object is in use, so its bytes or rows can no longer be written in bulk.
    #[error("object {0} is already in the catalog, so its bytes cannot be replaced; create a new object")]
    InUse(ObjectId),
    /// The numbers of a kind are used up.
    #[error("no {0} numbers are left")]
    Exhausted(&'static str),
    /// Too many objects, files or the like.
    #[error("{what}: {found} is over the limit of {limit}")]
    TooMany {
        /// What is too many.
        what: &'static str,
        /// How many.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// A generation could not be published.
    #[error(transparent)]
    Generation(#[from] GenerationError),
    /// The statement had to read something and could not.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Why a generation could not be built or used. Callers answer without it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GenerationError {
    /// The directory or a file of the generation is gone.
    #[error("generation {id:016x} is missing: {reason}; rebuild the index")]
    Missing {
        /// Number of the generation.
        id: u64,
        /// What is gone.
        reason: String,
    },
    /// A file of the generation is damaged.
    #[error("generation {id:016x} is damaged: {reason}; rebuild the index")]
    Damaged {
        /// Number of the generation.
        id: u64,
        /// What is wrong.
        reason: String,
    },
    /// A file name that a generation cannot hold.
    #[error("{0:?} cannot name a file of a generation; use letters, digits, '.', '_' and '-'")]
    Name(String),
    /// Too many files or bytes.
    #[error("{what}: {found} is over the limit of {limit}")]
    TooMany {
        /// What is too many.
        what: &'static str,
        /// How many.
        found: u64,
        /// The limit.
        limit: u64,
    },
    /// The generation belongs to another store or was published before.
    #[error("the generation cannot be published: {0}")]
    Foreign(String),
    /// The store takes no writes.
    #[error("a generation cannot be built: {0}")]
    NotWritable(String),
    /// The disk is full.
    #[error("the disk is full: {0}; free space and build again")]
    DiskFull(String),
    /// The operating system refused.
    #[error("cannot build the generation: {0}")]
    Io(String),
}

fn process(pid: Option<u32>) -> String {
    pid.map_or_else(|| "unknown".to_owned(), |pid| pid.to_string())
}

/// Whether an error of the operating system means that the disk, or the user's share of it, is full.
pub(crate) fn is_disk_full(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
}

impl From<std::io::Error> for GenerationError {
    fn from(error: std::io::Error) -> GenerationError {
        if is_disk_full(&error) {
            GenerationError::DiskFull(error.to_string())
        } else {
            GenerationError::Io(error.to_string())
        }
    }
}

impl From<rocksdb::Error> for ReadError {
    fn from(error: rocksdb::Error) -> ReadError {
        ReadError::Io(error.into_string())
    }
}

impl From<rocksdb::Error> for CommitError {
    fn from(error: rocksdb::Error) -> CommitError {
        // RocksDB passes the text of errno on; the wrapper keeps no sub-code.
        let text = error.into_string();
        if text.contains("No space left") || text.contains("Disk quota exceeded") || text.contains("NoSpace")
        {
            CommitError::DiskFull(text)
        } else {
            CommitError::Io(text)
        }
    }
}

impl From<std::io::Error> for CommitError {
    fn from(error: std::io::Error) -> CommitError {
        if is_disk_full(&error) {
            CommitError::DiskFull(error.to_string())
        } else {
            CommitError::Io(error.to_string())
        }
    }
}
