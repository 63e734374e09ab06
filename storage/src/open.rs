//! Opening a database: checks in an order that leaves foreign and damaged directories untouched, then the
//! state.
//!
//! Everything that recovery does can be done again: it only removes what nothing refers to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock};

use arc_swap::ArcSwap;
use roaring::RoaringBitmap;
use rocksdb::WriteBatch;

use crate::catalog::Catalog;
use crate::error::{CodecError, CommitError, OpenError, ReadError};
use crate::feed::{ChangeKind, decode_change, feed_key};
use crate::fs as disk;
use crate::generation::{Generation, GenerationRoot, Listed};
use crate::home::{self, Found, Home, Lock, at};
use crate::key::{Column, ObjectId, Slot, after_prefix, object_of};
use crate::limits::Limits;
use crate::log::Log;
use crate::meta::{LiveImage, MetaKey, Staged, decode_u32, decode_u64};
use crate::object::Object;
use crate::rocks::{self, Mode, Rocks};
use crate::seal::corrupt;
use crate::snapshot::Snapshot;
use crate::state::{Image, State, TableState, WriterState};
use crate::store::{Shared, put_meta};
use crate::wal;
use crate::writer::{Ops, delete_staged};

/// How to open a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenOptions {
    /// Make a database if there is none.
    pub create: bool,
    /// Change nothing on disk; several readers may be open at once, but no writer beside them.
    pub read_only: bool,
    /// Wait for the disk at every commit. Without it a commit survives the death of the process, but not a
    /// power cut.
    pub sync: bool,
    /// Read all files of generations into memory at opening, and compare their checksums whatever is known of
    /// them.
    pub warm: bool,
    /// Bounds.
    pub limits: Limits,
}

impl Default for OpenOptions {
    fn default() -> OpenOptions {
        OpenOptions { create: false, read_only: false, sync: true, warm: false, limits: Limits::default() }
    }
}

pub(crate) fn open(path: &Path, options: &OpenOptions) -> Result<Shared, OpenError> {
    match home::inspect(path)? {
        Found::Database => {}
        Found::Nothing if options.create && !options.read_only => return create(path, options),
        Found::Nothing => return Err(OpenError::Missing(path.to_path_buf())),
    }
    // The version is looked at before the lock is written, so that a newer database stays as it is to the
    // byte.
    home::read_marker(path)?;
    let lock = Lock::take(path, options.read_only)?;
    open_existing(path, lock, options)
}

fn create(path: &Path, options: &OpenOptions) -> Result<Shared, OpenError> {
    disk::create_dir_all(path).map_err(at(path))?;
    let lock = Lock::take(path, false)?;
    // Someone else may have made a database before we had the lock.
    if matches!(home::inspect(path)?, Found::Database) {
        home::read_marker(path)?;
        return open_existing(path, lock, options);
    }
    let home = home::begin(path)?;
    let rocks = Rocks { db: rocks::open(&home.store(), Mode::Create)?, lock };
    let first = write_first_entries(&rocks);
    first.map_err(|error| OpenError::Io {
        path: home.store(),
        source: std::io::Error::other(error.to_string()),
    })?;
    home::finish(&home)?;
    assemble(home, rocks, options, None)
}

fn write_first_entries(rocks: &Rocks) -> Result<(), CommitError> {
    let mut batch = WriteBatch::default();
    put_meta(rocks, &mut batch, &MetaKey::Seq, 0_u64.to_le_bytes().to_vec())?;
    put_meta(rocks, &mut batch, &MetaKey::NextObject, 1_u32.to_le_bytes().to_vec())?;
    put_meta(rocks, &mut batch, &MetaKey::FeedStart, 0_u64.to_le_bytes().to_vec())?;
    rocks.write(batch, true)
}

fn open_existing(path: &Path, lock: Lock, options: &OpenOptions) -> Result<Shared, OpenError> {
    let home = home::read_marker(path)?;
    let store = home.store();
    let root = GenerationRoot::new(home.generations(), home.uuid.clone(), true, options.limits.clone());
    let witness = witness(&root)?;
    if options.read_only {
        let rocks = Rocks { db: rocks::open(&store, Mode::Read)?, lock };
        let lost = Some(witness).filter(|_| stored_seq(&rocks).is_ok_and(|seq| seq < witness));
        return assemble(home, rocks, options, lost);
    }
    // Opening for writing drops the damaged end of a log for good. After a crash the witness is asked first,
    // so that a store that lost writes is left as it was found. Where the beginning of the log tells that
    // none were lost, it need not be replayed twice.
    if lock.unclean && witness > 0 && !wal::reaches(&store, witness) {
        let rocks = Rocks { db: rocks::open(&store, Mode::Read)?, lock };
        if stored_seq(&rocks)? < witness {
            return assemble(home, rocks, options, Some(witness));
        }
        let Rocks { db, lock } = rocks;
        drop(db);
        let rocks = Rocks { db: rocks::open(&store, Mode::Write)?, lock };
        return assemble(home, rocks, options, None);
    }
    let rocks = Rocks { db: rocks::open(&store, Mode::Write)?, lock };
    let lost = Some(witness).filter(|_| stored_seq(&rocks).is_ok_and(|seq| seq < witness));
    assemble(home, rocks, options, lost)
}

/// The largest sequence number that a sealed generation covers: the store must hold it.
fn witness(root: &GenerationRoot) -> Result<u64, OpenError> {
    let mut covered = 0;
    for (_, listed) in root.list().map_err(at(&root.path))? {
        if let Listed::Sealed(id) = listed
            && let Ok(manifest) = root.read_manifest(id)
        {
            covered = covered.max(manifest.fields.covers_seq);
        }
    }
    Ok(covered)
}

fn stored_seq(rocks: &Rocks) -> Result<u64, OpenError> {
    let key = MetaKey::Seq.encode();
    let stored = rocks.db.get_cf(rocks.family(Column::Meta)?, &key).map_err(ReadError::from)?;
    let stored = stored.ok_or_else(|| OpenError::Corrupt("the store holds no sequence number".to_owned()))?;
    let value = crate::seal::unseal(Column::Meta, &key, &stored)?;
    Ok(decode_u64(value).map_err(|reason| corrupt(Column::Meta, &key, reason))?)
}

/// Everything that `meta` holds.
#[derive(Default)]
struct Meta {
    seq: Option<u64>,
    next_object: Option<u32>,
    feed_start: u64,
    catalog: Catalog,
    pointers: BTreeMap<ObjectId, u64>,
    live: BTreeMap<ObjectId, Result<LiveImage, CodecError>>,
    next_slots: BTreeMap<ObjectId, Slot>,
    staged: BTreeMap<ObjectId, Staged>,
    settings: BTreeMap<String, String>,
}

impl Meta {
    fn read(snapshot: &Snapshot) -> Result<Meta, ReadError> {
        let mut meta = Meta::default();
        let mut scan = snapshot.scan(Column::Meta, Vec::new(), Vec::new())?;
        while let Some((key, stored)) = scan.next_stored()? {
            let decoded = MetaKey::decode(key).map_err(|reason| corrupt(Column::Meta, key, reason))?;
            let value = crate::seal::unseal(Column::Meta, key, stored);
            if let MetaKey::Live(table) = decoded {
                // An image of live slots can be rebuilt, so a damaged one does not keep the database shut.
                let image = value.map_err(|_| CodecError::Checksum).and_then(LiveImage::decode);
                meta.live.insert(table, image);
            } else {
                let value = value?;
                meta.take(&decoded, value).map_err(|reason| corrupt(Column::Meta, key, reason))?;
            }
        }
        Ok(meta)
    }

    fn take(&mut self, key: &MetaKey<'_>, value: &[u8]) -> Result<(), CodecError> {
        match key {
            MetaKey::Seq => self.seq = Some(decode_u64(value)?),
            MetaKey::NextObject => self.next_object = Some(decode_u32(value)?),
            MetaKey::FeedStart => self.feed_start = decode_u64(value)?,
            MetaKey::Catalog(id) => {
                let object = Object::decode(value)?;
                if object.id() != *id {
                    return Err(CodecError::Invalid(format!("record of object {}", object.id())));
                }
                self.catalog.put(Arc::new(object));
            }
            MetaKey::Pointer(id) => drop(self.pointers.insert(*id, decode_u64(value)?)),
            MetaKey::Live(_) => {}
            MetaKey::NextSlot(id) => drop(self.next_slots.insert(*id, decode_u32(value)?)),
            MetaKey::Staged(id) => drop(self.staged.insert(*id, Staged::decode(value)?)),
            MetaKey::Setting(name) => {
                let text =
                    std::str::from_utf8(value).map_err(|error| CodecError::Invalid(error.to_string()))?;
                self.settings.insert((*name).to_owned(), text.to_owned());
            }
        }
        Ok(())
    }
}

/// Makes the handle. `lost` is the sequence number that the store should hold and does not.
fn assemble(home: Home, rocks: Rocks, options: &OpenOptions, lost: Option<u64>) -> Result<Shared, OpenError> {
    let rocks = Arc::new(rocks);
    let read_only = options.read_only || lost.is_some();
    let (uuid, limits) = (home.uuid.clone(), options.limits.clone());
    let root = Arc::new(GenerationRoot::new(home.generations(), uuid, read_only, limits));
    let snapshot = Snapshot { image: Image::take(&rocks, State::default()) };
    let meta = Meta::read(&snapshot)?;
    let missing = |what: &str| OpenError::Corrupt(format!("the store holds no {what}"));
    let seq = meta.seq.ok_or_else(|| missing("sequence number"))?;
    let next_object = meta.next_object.ok_or_else(|| missing("object number"))?;
    if let Some(witness) = lost {
        root.warn(format!(
            "the store is at sequence {seq}, but a sealed generation covers {witness}: writes were lost; the \
             database is open read-only; restore it from a copy, or delete the \
             directory generations to go on without them"
        ));
    }
    let mut tables = live_slots(&snapshot, &meta, seq, &root)?;
    let mut unsaved = BTreeMap::new();
    for (table, (state, changes)) in &mut tables {
        state.slot_end = meta.next_slots.get(table).copied().unwrap_or(0);
        unsaved.insert(*table, *changes);
    }
    let version = meta.catalog.objects().next().map_or(0, |_| seq);
    let mut catalog = meta.catalog.clone();
    catalog.set_version(version);
    let load = |(object, id): (&ObjectId, &u64)| (*object, Generation::load(&root, *object, *id));
    let state = State {
        seq,
        feed_start: meta.feed_start,
        catalog: Arc::new(catalog),
        tables: tables.into_iter().map(|(table, (state, _))| (table, state)).collect(),
        pointers: meta.pointers.iter().map(load).collect(),
        settings: Arc::new(meta.settings.clone()),
    };
    let image = Image::take(&rocks, state);
    let shared = Shared {
        image: ArcSwap::new(Arc::clone(&image)),
        log: Log::new(image),
        rocks,
        root,
        home,
        limits: options.limits.clone(),
        sync: options.sync,
        read_only,
        writer: Mutex::new(WriterState { next_slots: meta.next_slots.clone(), unsaved }),
        next_object: Mutex::new(next_object),
        poison: OnceLock::new(),
        closed: AtomicBool::new(false),
    };
    if !read_only {
        sweep(&shared, &meta)?;
    }
    if options.warm {
        for generation in shared.image.load().state.pointers.values() {
            // A damaged one is quarantined and warned of, as at its first use.
            let _ = generation.warm();
        }
    }
    Ok(shared)
}

/// The live slots of every table and how many changed since its image: the image brought up to date by the
/// feed.
fn live_slots(
    snapshot: &Snapshot,
    meta: &Meta,
    seq: u64,
    root: &GenerationRoot,
) -> Result<BTreeMap<ObjectId, (TableState, u64)>, OpenError> {
    let mut live: BTreeMap<ObjectId, (u64, RoaringBitmap, u64)> = BTreeMap::new();
    for table in meta.catalog.tables() {
        let image = match meta.live.get(&table.id) {
            Some(Ok(image)) if image.seq <= seq => (image.seq, image.live.clone(), 0),
            damaged => {
                let reason = match damaged {
                    Some(Err(reason)) => reason.to_string(),
                    _ => "there is none".to_owned(),
                };
                root.warn(format!(
                    "the image of live slots of table {} was rebuilt from its keys: {reason}",
                    table.name
                ));
                let slots = snapshot.keys(table.id)?.map(|item| item.map(|(_, slot)| slot));
                (seq, slots.collect::<Result<RoaringBitmap, ReadError>>()?, 1)
            }
        };
        live.insert(table.id, image);
    }
    let oldest = live.values().map(|(seq, ..)| *seq).min().unwrap_or(seq);
    let from = feed_key(oldest.saturating_add(1), ObjectId(0), 0).to_vec();
    let mut scan = snapshot.scan(Column::Feed, from, Vec::new())?;
    while let Some((key, value)) = scan.next_entry(Column::Feed)? {
        let change = decode_change(key, value).map_err(|reason| corrupt(Column::Feed, key, reason))?;
        let Some((image_seq, slots, changes)) = live.get_mut(&change.table) else { continue };
        if change.seq > *image_seq {
            *changes = changes.saturating_add(u64::from(change.slots.end.saturating_sub(change.slots.start)));
            match change.kind {
                ChangeKind::Inserted => slots.insert_range(change.slots),
                ChangeKind::Ended => slots.remove_range(change.slots),
            };
        }
    }
    let state = |live: RoaringBitmap| TableState { live: Arc::new(live), slot_end: 0 };
    Ok(live.into_iter().map(|(table, (_, live, changes))| (table, (state(live), changes))).collect())
}

/// Removes what nothing refers to: rows staged by statements that were never committed, rows and blobs of
/// objects that never came to be, entries of `meta` for tables that are gone, and directories of generations
/// without a pointer.
fn sweep(shared: &Shared, meta: &Meta) -> Result<(), OpenError> {
    let image = shared.image.load_full();
    let (catalog, pointers) = (&image.state.catalog, &meta.pointers);
    let mut ops = Ops::default();
    for (table, staged) in &meta.staged {
        delete_staged(&mut ops, *table, staged.first..staged.end, &staged.rows);
    }
    for table in
        meta.live.keys().chain(meta.next_slots.keys()).filter(|id| catalog.table_by_id(**id).is_none())
    {
        ops.delete(Column::Meta, &MetaKey::Live(*table).encode());
        ops.delete(Column::Meta, &MetaKey::NextSlot(*table).encode());
    }
    let snapshot = Snapshot { image: Arc::clone(&image) };
    for column in Column::ALL {
        let keep: &dyn Fn(ObjectId) -> bool = match column {
            Column::Meta | Column::Feed => continue,
            Column::Labels | Column::Keys => &|id| catalog.table_by_id(id).is_some(),
            Column::Blobs => &|id| catalog.get(id).is_some(),
            Column::Vectors | Column::Classifiers | Column::Auxiliary | Column::Adjacency => {
                &|id| catalog.owner(id).is_some()
            }
        };
        for id in object_numbers(&snapshot, column)?.into_iter().filter(|id| !keep(*id)) {
            ops.delete_prefix(column, &id.0.to_be_bytes());
        }
    }
    if !ops.is_empty() {
        let mut batch = WriteBatch::default();
        let written = ops.drain(shared, &mut batch).and_then(|()| shared.rocks.write(batch, false));
        let failed = |error: CommitError| std::io::Error::other(error.to_string());
        // Whatever comes later in the log takes this along to the disk; without it, it is done again.
        let written = written.and_then(|()| shared.refresh(false));
        written.map_err(|error| at(&shared.home.store())(failed(error)))?;
    }
    let named: BTreeSet<u64> = pointers.values().copied().collect();
    for (path, listed) in shared.root.list().map_err(at(&shared.root.path))? {
        let keep = match listed {
            Listed::Sealed(id) | Listed::Damaged(id) => named.contains(&id),
            Listed::Unfinished => false,
        };
        if !keep {
            disk::remove_dir_all(&path).map_err(at(&path))?;
        }
    }
    Ok(())
}

/// The object numbers that begin the keys of a column family, found by one seek each.
fn object_numbers(snapshot: &Snapshot, column: Column) -> Result<Vec<ObjectId>, ReadError> {
    let mut found = Vec::new();
    let mut scan = snapshot.scan(column, Vec::new(), Vec::new())?;
    while let Some((key, _)) = scan.next_stored()? {
        let id = object_of(key).map_err(|reason| corrupt(column, key, reason))?;
        found.push(id);
        let next = after_prefix(&id.0.to_be_bytes());
        if next.is_empty() {
            break;
        }
        scan.seek(&next);
    }
    Ok(found)
}
