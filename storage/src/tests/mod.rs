//! Tests of the store as a whole, and what they share.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::*;

mod damage;
mod faults;
mod generations;
mod model;
mod opening;
mod statements;

/// What it is called, and how a file or directory is damaged.
pub(crate) type NamedDamage<'a> = (&'a str, &'a dyn Fn(&Path));

/// A table with a text column and a vector column, and its numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Labels {
    pub(crate) table: ObjectId,
    pub(crate) vectors: ObjectId,
}

pub(crate) fn writable() -> OpenOptions {
    OpenOptions { create: true, ..OpenOptions::default() }
}

pub(crate) fn read_only() -> OpenOptions {
    OpenOptions { read_only: true, ..OpenOptions::default() }
}

pub(crate) fn new_store() -> (TempDir, Store) {
    let directory = TempDir::new().unwrap();
    let store = Store::open(directory.path().join("db"), &writable()).unwrap();
    (directory, store)
}

pub(crate) fn reopen(store: Store) -> Store {
    let path = store.path().to_path_buf();
    drop(store);
    Store::open(path, &writable()).unwrap()
}

fn column(id: ObjectId, name: &str, column_type: ColumnType) -> ColumnRecord {
    let name = name.to_owned();
    ColumnRecord { id, name, column_type, not_null: false, unique: false, default: None, generated: None }
}

pub(crate) fn create_table(store: &Store, name: &str) -> Labels {
    let [table, key, text, vectors] = std::array::from_fn(|_| store.allocate().unwrap());
    let record = TableRecord {
        id: table,
        name: name.into(),
        columns: vec![
            column(key, "id", ColumnType::BigInt),
            column(text, "name", ColumnType::Text),
            column(vectors, "v", ColumnType::Vector { dimension: 2, format: RowFormat::F32 }),
        ],
        primary_key: 0,
        default_pipeline: None,
        frequencies: None,
    };
    let mut writer = store.writer().unwrap();
    writer.put_object(Object::Table(record)).unwrap();
    writer.commit().unwrap();
    Labels { table, vectors }
}

pub(crate) fn record(key: i64, text: &str) -> Record {
    Record { key: Key::BigInt(key), cells: vec![Cell::BigInt(key), Cell::Text(text.into())] }
}

pub(crate) fn row(key: i64, text: &str) -> Vec<u8> {
    format!("row of {key} {text}").into_bytes()
}

/// Inserts a label, or replaces the one with its key.
pub(crate) fn upsert(writer: &mut Writer<'_>, labels: Labels, key: i64, text: &str) -> Slot {
    remove(writer, labels, key);
    let slot = writer.insert(labels.table, &record(key, text)).unwrap();
    writer.put_row(Family::Vectors, labels.vectors, slot, &row(key, text)).unwrap();
    slot
}

/// Ends the label with a key; says whether there was one.
pub(crate) fn remove(writer: &mut Writer<'_>, labels: Labels, key: i64) -> bool {
    let key = Key::BigInt(key);
    match writer.slot_of(labels.table, &key).unwrap() {
        Some(slot) => {
            writer.end(labels.table, slot, &key, &[(Family::Vectors, labels.vectors)]).unwrap();
            true
        }
        None => false,
    }
}

pub(crate) fn insert_all(store: &Store, labels: Labels, keys: impl Iterator<Item = i64>) -> u64 {
    let mut writer = store.writer().unwrap();
    for key in keys {
        upsert(&mut writer, labels, key, "x");
    }
    writer.commit().unwrap()
}

/// The keys of a table in order, read in every way there is; the ways must agree.
#[track_caller]
pub(crate) fn contents(snapshot: &Snapshot, labels: Labels) -> Vec<(i64, String)> {
    let number = |key: &Key| match key {
        Key::BigInt(number) => *number,
        Key::Text(text) => panic!("unexpected key {text}"),
    };
    let text = |record: &Record| match &record.cells[..] {
        [Cell::BigInt(_), Cell::Text(text)] => text.clone(),
        cells => panic!("unexpected cells {cells:?}"),
    };
    let keys: Vec<(Key, Slot)> = snapshot.keys(labels.table).unwrap().collect::<Result<_, _>>().unwrap();
    let slots: Vec<Slot> = keys.iter().map(|(_, slot)| *slot).collect();
    let records = snapshot.records(labels.table, &slots).unwrap();
    let mut found = Vec::new();
    for ((key, slot), record) in keys.iter().zip(records) {
        let record = record.unwrap();
        assert_eq!(record.key, *key);
        assert_eq!(snapshot.slot_of(labels.table, key).unwrap(), Some(*slot));
        let stored = snapshot.row(Family::Vectors, labels.vectors, *slot).unwrap().unwrap();
        assert_eq!(&*stored, row(number(key), &text(&record)), "row of slot {slot}");
        found.push((number(key), text(&record)));
    }
    let mut sorted = slots.clone();
    sorted.sort_unstable();
    assert_eq!(snapshot.live(labels.table).iter().collect::<Vec<_>>(), sorted);
    let scanned: Vec<(Slot, Record)> =
        snapshot.scan_records(labels.table, 0..Slot::MAX).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(scanned.iter().map(|(slot, _)| *slot).collect::<Vec<_>>(), sorted);
    let rows = snapshot.scan_rows(Family::Vectors, labels.vectors, 0..Slot::MAX).unwrap();
    let rows: Vec<Slot> = rows.map(|item| item.unwrap().0).collect();
    assert_eq!(rows, sorted, "vectors and labels");
    assert!(sorted.last().is_none_or(|last| *last < snapshot.slot_end(labels.table)));
    found
}

/// A copy of a database as a crash would leave it: what the operating system has, synced or not. RocksDB
/// works in the background, so the copy is made again until nothing changed meanwhile.
pub(crate) fn crash_image(from: &Path, to: &Path) {
    for _ in 0..100 {
        let before = try_listing(from);
        let copied = copy_directory(from, to);
        if copied.is_ok() && before.is_some() && before == try_listing(from) {
            return;
        }
        fs::remove_dir_all(to).unwrap();
    }
    panic!("{} does not come to rest", from.display());
}

fn copy_directory(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_directory(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Names, sizes and times of everything under a directory.
pub(crate) fn listing(path: &Path) -> Listing {
    try_listing(path).unwrap()
}

type Listing = Vec<(String, u64, std::time::SystemTime)>;

fn try_listing(path: &Path) -> Option<Listing> {
    let mut all = Vec::new();
    for entry in fs::read_dir(path).ok()? {
        let entry = entry.ok()?;
        let metadata = entry.metadata().ok()?;
        if metadata.is_dir() {
            all.extend(try_listing(&entry.path())?);
        }
        all.push((entry.path().display().to_string(), metadata.len(), metadata.modified().ok()?));
    }
    all.sort();
    Some(all)
}

pub(crate) fn fields(covers_seq: u64) -> ManifestFields {
    ManifestFields {
        covers_seq,
        slot_end: 10,
        rows: 10,
        dimension: 2,
        format: "f32".into(),
        metric: "cosine".into(),
        model: String::new(),
        extra: serde_json::Value::Null,
    }
}

/// Publishes a generation with two files for an object; returns its number.
pub(crate) fn publish(store: &Store, object: ObjectId, content: &[u8]) -> u64 {
    let seq = store.snapshot().seq();
    let mut builder = store.begin_generation(GenerationKind::Matrix, object).unwrap();
    builder.write("rows", content).unwrap();
    fs::write(builder.path().join("foreign.bin"), b"made by someone else").unwrap();
    builder.adopt_all().unwrap();
    let sealed = builder.seal(fields(seq)).unwrap();
    let id = sealed.id();
    let mut writer = store.writer().unwrap();
    writer.publish(sealed).unwrap();
    writer.commit().unwrap();
    id
}

pub(crate) fn generation_directories(store: &Path) -> Vec<String> {
    let entries = fs::read_dir(store.join("generations")).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
