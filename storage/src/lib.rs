//! The source of truth of argtop: an embedded store over RocksDB that keeps labels, rows and the catalog, and
//! the generations of files that indexes derive from them.
//!
//! This crate knows neither queries nor models nor indexes, and not what a vector means. It promises:
//!
//! - **One statement is one batch.** [`Store::writer`] gives the only [`Writer`]; [`Writer::commit`] writes
//!   one synced RocksDB batch under one sequence number, or nothing. Large statements stage their rows under
//!   fresh slots, where nobody looks, so that a batch stays small and the statement still has all its effect
//!   or none.
//! - **A reader sees one moment.** [`Store::snapshot`] takes no lock; rows, live slots, catalog and
//!   generations of a [`Snapshot`] belong to the same sequence number.
//! - **Derived files are immutable generations.** They are synced, checksummed and renamed into place before
//!   a pointer moves ([`GenerationBuilder`]); a damaged one is quarantined and reported, and never reaches a
//!   foreign parser.
//! - **A failed write poisons the store for writes**; reads go on, and reopening clears it.
//! - **Lost writes are reported.** A sealed generation that covers more than the store holds is a witness
//!   that the store lost writes: it is then opened read-only, with a warning.
//!
//! # Life of a write
//!
//! 1. [`Store::writer`] takes the writer lock and starts from the newest state.
//! 2. [`Writer::insert`] gives the label a fresh slot, [`Writer::put_row`] stores its rows, [`Writer::end`]
//!    ends a slot.
//! 3. [`Writer::commit`] writes records, keys, feed, catalog, pointers and the sequence number as one batch
//!    (`commit`), and lets the next writer go on from it.
//! 4. It waits until the batch is on the disk, together with others (`log`).
//! 5. The new state and a RocksDB snapshot of the same moment are swapped in together (`state`).
//!
//! # Opening
//!
//! Marker and format version, then our lock, then the presence of RocksDB's `CURRENT`, and only then RocksDB
//! itself (`home`, `open`). Live slots come from an image in `meta` and the feed after it, never from a scan
//! of the labels.

#![deny(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod bulk;
mod catalog;
mod codec;
mod commit;
mod error;
mod feed;
mod fs;
mod generation;
mod home;
mod key;
mod limits;
mod log;
mod manifest;
mod map;
mod meta;
mod object;
mod open;
mod record;
mod rocks;
mod scratch;
mod seal;
mod snapshot;
mod state;
mod store;
mod verify;
mod wal;
mod writer;

#[cfg(test)]
mod tests;

pub use bulk::BulkRows;
pub use catalog::Catalog;
pub use codec::{RowFormat, decode_row, decode_sparse, encode_row, encode_sparse};
pub use error::{CodecError, CommitError, GenerationError, OpenError, ReadError};
pub use feed::{Change, ChangeKind};
#[cfg(any(test, feature = "testing"))]
pub use fs::fault;
pub use generation::{Generation, GenerationBuilder, GenerationFile, SealedGeneration};
pub use key::{Family, Key, ObjectId, Slot};
pub use limits::Limits;
pub use manifest::{FileEntry, GenerationKind, Manifest, ManifestFields};
pub use map::Map;
pub use object::{
    AuxiliaryRecord, ClassifierRecord, ColumnRecord, ColumnType, FrequencyRecord, FusionRecord,
    GeneratedRecord, IndexRecord, Link, ModelRecord, ModelType, Object, ObjectKind, PipelineRecord, Pooling,
    SparseRecord, TableRecord,
};
pub use open::OpenOptions;
pub use record::{Cell, Record};
pub use scratch::{Scratch, ScratchFile, ScratchMap};
pub use snapshot::{Keys, Records, Rows, Snapshot};
pub use store::Store;
pub use verify::Finding;
pub use writer::{Submitted, Writer};
