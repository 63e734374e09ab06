//! RocksDB: its options, its column families, and snapshots that own the handle they borrow from.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rocksdb::{
    BlockBasedIndexType, BlockBasedOptions, Cache, ColumnFamily, ColumnFamilyDescriptor, DB,
    DBCompressionType, DBRecoveryMode, FlushOptions, Options, WriteBatch, WriteOptions,
};
use self_cell::self_cell;

use crate::error::{CommitError, OpenError, ReadError};
use crate::fs as disk;
use crate::home::{Lock, at};
use crate::key::Column;

/// Shared by all column families, indexes and filters included.
const CACHE_BYTES: usize = 64 << 20;
/// A part of an index or filter, which is read and kept in the cache by itself.
const METADATA_BLOCK_BYTES: usize = 16 << 10;
/// All memtables together.
const MEMTABLE_BYTES_TOTAL: usize = 128 << 20;
/// One memtable of a family that holds rows.
const MEMTABLE_BYTES_ROWS: usize = 32 << 20;
/// One memtable of any other family.
const MEMTABLE_BYTES: usize = 8 << 20;
const WAL_BYTES_TOTAL: u64 = 192 << 20;
/// Files that RocksDB keeps open; the rest are reopened as needed, which spares the process's limit.
const OPEN_FILES: i32 = 512;

/// An open RocksDB together with the database's lock, which is released after RocksDB is closed.
pub(crate) struct Rocks {
    pub(crate) db: DB,
    pub(crate) lock: Lock,
}

self_cell!(
    /// A RocksDB snapshot and the handle that it borrows from.
    pub(crate) struct HeldSnapshot {
        owner: Arc<Rocks>,
        #[covariant]
        dependent: RocksSnapshot,
    }
);

type RocksSnapshot<'a> = rocksdb::Snapshot<'a>;

impl HeldSnapshot {
    pub(crate) fn take(rocks: &Arc<Rocks>) -> HeldSnapshot {
        HeldSnapshot::new(Arc::clone(rocks), |rocks| rocks.db.snapshot())
    }
}

/// How to open RocksDB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A new store in an empty directory.
    Create,
    /// An existing store, for writing.
    Write,
    /// An existing store, without changing a byte of it.
    Read,
}

impl Rocks {
    pub(crate) fn family(&self, column: Column) -> Result<&ColumnFamily, ReadError> {
        self.db
            .cf_handle(column.name())
            .ok_or_else(|| ReadError::Inconsistent(format!("column family {} is gone", column.name())))
    }

    /// Writes a batch; with `sync` it is on the disk afterwards, without, at the next
    /// [`flush_log`](Rocks::flush_log) at the latest. The caller poisons the store when it fails.
    pub(crate) fn write(&self, batch: WriteBatch, sync: bool) -> Result<(), CommitError> {
        disk::gate()?;
        let mut options = WriteOptions::default();
        options.set_sync(sync);
        Ok(self.db.write_opt(batch, &options)?)
    }

    /// Hands everything written so far to the operating system and, with `sync`, makes it durable.
    pub(crate) fn flush_log(&self, sync: bool) -> Result<(), CommitError> {
        disk::gate()?;
        Ok(self.db.flush_wal(sync)?)
    }

    /// Moves all memtables into files, so that the next open has no log to replay.
    pub(crate) fn flush(&self) -> Result<(), CommitError> {
        disk::gate()?;
        let families =
            Column::ALL.iter().map(|column| self.family(*column)).collect::<Result<Vec<_>, _>>()?;
        let mut options = FlushOptions::default();
        options.set_wait(true);
        Ok(self.db.flush_cfs_opt(&families, &options)?)
    }
}

/// Opens RocksDB at a path; a lock has been taken.
pub(crate) fn open(path: &Path, mode: Mode) -> Result<DB, OpenError> {
    if mode != Mode::Create {
        check_current(path)?;
    }
    let cache = Cache::new_lru_cache(CACHE_BYTES);
    let options = database_options(mode).map_err(|error| OpenError::Corrupt(error.into_string()))?;
    let families = Column::ALL
        .iter()
        .map(|column| ColumnFamilyDescriptor::new(column.name(), family_options(*column, &cache)));
    let opened = if mode == Mode::Read {
        DB::open_cf_descriptors_read_only(&options, path, families, false)
    } else {
        DB::open_cf_descriptors(&options, path, families)
    };
    opened.map_err(|error| match error.kind() {
        rocksdb::ErrorKind::IOError if !error.as_ref().contains("No such file") => {
            OpenError::Io { path: path.to_path_buf(), source: std::io::Error::other(error.into_string()) }
        }
        _ => OpenError::Corrupt(error.into_string()),
    })
}

/// RocksDB's `CURRENT` must name a manifest that is there; without it RocksDB would begin an empty store.
fn check_current(path: &Path) -> Result<(), OpenError> {
    let current = path.join("CURRENT");
    let text = match fs::read(&current) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(OpenError::MissingFile(current));
        }
        other => other.map_err(at(&current))?,
    };
    let name = String::from_utf8_lossy(&text);
    let name = name.trim_end();
    let digits = name.strip_prefix("MANIFEST-").unwrap_or_default();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(OpenError::MissingFile(current));
    }
    let manifest = path.join(name);
    match fs::metadata(&manifest) {
        Ok(metadata) if metadata.len() > 0 => Ok(()),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(at(&manifest)(error)),
        _ => Err(OpenError::MissingFile(manifest)),
    }
}

fn database_options(mode: Mode) -> Result<Options, rocksdb::Error> {
    // After a crash what the log holds stays there until memtables are full, instead of being written to
    // files before the first answer. There is no function for this option.
    let mut options = Options::default().get_options_from_string("avoid_flush_during_recovery=true")?;
    options.create_if_missing(mode == Mode::Create);
    options.create_missing_column_families(mode == Mode::Create);
    options.set_error_if_exists(mode == Mode::Create);
    options.set_paranoid_checks(true);
    // A statement that was being written when the power went must not keep the store from opening; that none
    // is lost beyond it is watched by the log tracking below and by the sequence in sealed manifests.
    options.set_wal_recovery_mode(DBRecoveryMode::PointInTime);
    options.set_track_and_verify_wals_in_manifest(true);
    // Batches of statements that wait for the disk together go to the operating system in one call.
    options.set_manual_wal_flush(true);
    options.set_max_background_jobs(2);
    options.set_db_write_buffer_size(MEMTABLE_BYTES_TOTAL);
    options.set_max_total_wal_size(WAL_BYTES_TOTAL);
    options.set_max_open_files(OPEN_FILES);
    // RocksDB would start 16 threads for each of nine families to open a handful of files.
    options.set_max_file_opening_threads(1);
    options.set_keep_log_file_num(2);
    // Opening would read the properties of every file for statistics.
    options.set_skip_stats_update_on_db_open(true);
    options.set_max_log_file_size(1 << 20);
    options.set_bytes_per_sync(1 << 20);
    if mode == Mode::Read {
        // RocksDB writes its LOG even when it only reads, unless someone else takes the lines.
        let silent = |_, _: &str| {};
        let logger = rocksdb::InfoLogger::new_callback_logger(rocksdb::LogLevel::Fatal, silent);
        options.set_info_logger(logger);
    }
    Ok(options)
}

fn family_options(column: Column, cache: &Cache) -> Options {
    let rows =
        matches!(column, Column::Vectors | Column::Classifiers | Column::Auxiliary | Column::Adjacency);
    let mut blocks = BlockBasedOptions::default();
    blocks.set_block_cache(cache);
    blocks.set_bloom_filter(10.0, false);
    blocks.set_cache_index_and_filter_blocks(true);
    blocks.set_pin_l0_filter_and_index_blocks_in_cache(true);
    // A whole filter of a million keys is larger than a shard of the cache holds: every look for a new key
    // would read all of it from the file.
    blocks.set_index_type(BlockBasedIndexType::TwoLevelIndexSearch);
    blocks.set_partition_filters(true);
    blocks.set_metadata_block_size(METADATA_BLOCK_BYTES);
    blocks.set_pin_top_level_index_and_filter(true);
    blocks.set_format_version(5);
    blocks.set_block_size(if rows || column == Column::Blobs { 32 << 10 } else { 8 << 10 });
    let mut options = Options::default();
    options.set_block_based_table_factory(&blocks);
    options.set_level_compaction_dynamic_level_bytes(true);
    // Rows of floats do not compress; everything else is text, small integers or JSON.
    let dense = matches!(column, Column::Vectors | Column::Classifiers);
    options.set_compression_type(if dense { DBCompressionType::None } else { DBCompressionType::Lz4 });
    options.set_write_buffer_size(if rows { MEMTABLE_BYTES_ROWS } else { MEMTABLE_BYTES });
    options
}
