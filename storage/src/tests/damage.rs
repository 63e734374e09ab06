//! A damaged store: what is damaged is reported, what is not can be read, and nothing wrong is returned.

use std::fs;
use std::path::PathBuf;

use rocksdb::WriteBatch;

use super::*;
use crate::key::{Column, slot_key, table_key};
use crate::meta::MetaKey;

/// Puts raw bytes where a sealed value should be.
fn overwrite(store: &Store, column: Column, key: &[u8], stored: Option<&[u8]>) {
    let rocks = &store.shared.rocks;
    let mut batch = WriteBatch::default();
    match stored {
        Some(stored) => batch.put_cf(rocks.family(column).unwrap(), key, stored),
        None => batch.delete_cf(rocks.family(column).unwrap(), key),
    }
    rocks.write(batch, true).unwrap();
    store.shared.refresh(false).unwrap();
}

fn filled() -> (tempfile::TempDir, Store, Labels) {
    let (directory, store) = new_store();
    let labels = create_table(&store, "t");
    insert_all(&store, labels, 0..10);
    (directory, store, labels)
}

#[test]
fn damaged_values_are_errors_and_findings() {
    let (_directory, store, labels) = filled();
    overwrite(&store, Column::Labels, &slot_key(labels.table, 3), Some(b"garbage"));
    overwrite(&store, Column::Vectors, &Family::Vectors.row_key(labels.vectors, 4), Some(b"12345678"));
    overwrite(&store, Column::Keys, &table_key(labels.table, &Key::BigInt(5)), Some(b"1"));
    let snapshot = store.snapshot();
    assert!(matches!(snapshot.record(labels.table, 3), Err(ReadError::Corrupt { family: "labels", .. })));
    assert!(matches!(snapshot.row(Family::Vectors, labels.vectors, 4), Err(ReadError::Corrupt { .. })));
    assert!(matches!(snapshot.slot_of(labels.table, &Key::BigInt(5)), Err(ReadError::Corrupt { .. })));
    assert!(snapshot.record(labels.table, 2).unwrap().is_some(), "other labels can be read");
    let scanned: Vec<_> = snapshot.scan_records(labels.table, 0..Slot::MAX).unwrap().collect();
    assert_eq!(scanned.len(), 4);
    assert!(scanned[..3].iter().all(Result::is_ok) && scanned[3].is_err(), "a scan ends at the damage");
    let places: Vec<_> = store.check().into_iter().map(|finding| finding.place).collect();
    for place in ["column family labels", "column family keys", "column family vectors", "table t"] {
        assert!(places.iter().any(|found| found == place), "{place} in {places:?}");
    }
}

#[test]
fn a_value_that_strayed_is_found() {
    let (_directory, store, labels) = filled();
    let rocks = &store.shared.rocks;
    let other = slot_key(labels.table, 7);
    let stored = rocks.db.get_cf(rocks.family(Column::Labels).unwrap(), other).unwrap().unwrap();
    overwrite(&store, Column::Labels, &slot_key(labels.table, 3), Some(&stored));
    assert!(matches!(store.snapshot().record(labels.table, 3), Err(ReadError::Corrupt { .. })));
}

#[test]
fn missing_entries_are_not_passed_over() {
    let (_directory, store, labels) = filled();
    overwrite(&store, Column::Labels, &slot_key(labels.table, 3), None);
    overwrite(&store, Column::Keys, &table_key(labels.table, &Key::BigInt(5)), None);
    let snapshot = store.snapshot();
    assert!(matches!(snapshot.record(labels.table, 3), Err(ReadError::Inconsistent(_))));
    let scanned: Result<Vec<_>, _> = snapshot.scan_records(labels.table, 0..Slot::MAX).unwrap().collect();
    assert!(matches!(scanned, Err(ReadError::Inconsistent(_))));
    let problems: Vec<_> = store.check().into_iter().map(|finding| finding.problem).collect();
    assert!(problems.iter().any(|problem| problem.contains("slot 3 is live, but holds no")), "{problems:?}");
    assert!(
        problems.iter().any(|problem| problem.contains("slot 5 is live, but no primary key")),
        "{problems:?}"
    );
}

#[test]
fn the_last_record_is_missed_too() {
    let (_directory, store, labels) = filled();
    overwrite(&store, Column::Labels, &slot_key(labels.table, 9), None);
    let scanned: Result<Vec<_>, _> =
        store.snapshot().scan_records(labels.table, 0..Slot::MAX).unwrap().collect();
    assert!(matches!(scanned, Err(ReadError::Inconsistent(_))));
}

#[test]
fn a_damaged_image_of_live_slots_is_rebuilt() {
    for stored in [None, Some(b"not an image".as_slice())] {
        let (_directory, store, labels) = filled();
        let mut writer = store.writer().unwrap();
        remove(&mut writer, labels, 4);
        writer.commit().unwrap();
        let expected = contents(&store.snapshot(), labels);
        // The image is saved when the store closes, so damage it in a store that is closed without a change.
        let store = reopen(store);
        overwrite(&store, Column::Meta, &MetaKey::Live(labels.table).encode(), stored);
        let store = reopen(store);
        assert_eq!(contents(&store.snapshot(), labels), expected);
        assert!(store.warnings()[0].contains("rebuilt"), "{:?}", store.warnings());
        let store = reopen(store);
        assert_eq!(store.warnings(), Vec::<String>::new(), "healed");
        assert_eq!(store.check(), []);
    }
}

#[test]
fn a_damaged_catalog_keeps_the_database_shut() {
    let (_directory, store, labels) = filled();
    overwrite(&store, Column::Meta, &MetaKey::Catalog(labels.table).encode(), Some(b"{}"));
    let path = store.path().to_path_buf();
    drop(store);
    let error = Store::open(path, &writable()).unwrap_err();
    assert!(matches!(error, OpenError::Read(ReadError::Corrupt { family: "meta", .. })), "{error}");
}

fn files(store: &Path, end: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(store.join("store")).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = entries.filter(|path| path.to_string_lossy().ends_with(end)).collect();
    found.sort();
    found
}

/// One flipped bit per table file: the database opens or refuses, and what it returns is never wrong.
#[test]
fn flipped_bits_in_table_files_never_give_wrong_rows() {
    let (directory, store, labels) = filled();
    let expected = contents(&store.snapshot(), labels);
    let path = store.path().to_path_buf();
    store.close().unwrap();
    let mut refused = 0;
    for (number, file) in files(&path, ".sst").into_iter().enumerate() {
        let length = fs::metadata(&file).unwrap().len() as usize;
        for at in [10, length / 3, length / 2, length - 20] {
            let image = directory.path().join(format!("{number}-{at}"));
            crash_image(&path, &image);
            let copy = image.join("store").join(file.file_name().unwrap());
            let mut bytes = fs::read(&copy).unwrap();
            bytes[at] ^= 1;
            fs::write(&copy, bytes).unwrap();
            let Ok(store) = Store::open(&image, &writable()) else {
                refused += 1;
                continue;
            };
            let snapshot = store.snapshot();
            for (key, text) in &expected {
                let key = Key::BigInt(*key);
                let Ok(slot) = snapshot.slot_of(labels.table, &key) else { continue };
                let slot = slot.expect("the key is there or an error");
                if let Ok(found) = snapshot.record(labels.table, slot) {
                    let cells = vec![Cell::BigInt(i64::from(slot)), Cell::Text(text.clone())];
                    assert_eq!(found, Some(Record { key, cells }));
                }
            }
            refused += usize::from(!store.check().is_empty());
            drop((snapshot, store));
            fs::remove_dir_all(image).unwrap();
        }
    }
    assert!(refused > 0, "some flips were meant to be found");
}

/// A log cut anywhere leaves a prefix of the statements, or is refused; never a hole, never half a statement.
#[test]
fn a_cut_log_leaves_a_prefix() {
    let (directory, store) = new_store();
    let labels = create_table(&store, "t");
    for key in 0..20 {
        insert_all(&store, labels, key * 10..key * 10 + 3);
    }
    let logs = files(store.path(), ".log");
    let log = logs.last().unwrap().clone();
    let length = fs::metadata(&log).unwrap().len();
    let mut opened = 0;
    for part in 0..16 {
        let image = directory.path().join(format!("{part}"));
        crash_image(store.path(), &image);
        let copy = image.join("store").join(log.file_name().unwrap());
        fs::OpenOptions::new().write(true).open(copy).unwrap().set_len(length * part / 16).unwrap();
        let Ok(store) = Store::open(&image, &writable()) else { continue };
        opened += 1;
        let found: Vec<_> = match store.snapshot().catalog().table("t") {
            Some(_) => contents(&store.snapshot(), labels).into_iter().map(|(key, _)| key).collect(),
            None => Vec::new(),
        };
        let whole: Vec<i64> = (0..20).flat_map(|key| key * 10..key * 10 + 3).take(found.len()).collect();
        assert_eq!(found, whole);
        assert_eq!(found.len() % 3, 0);
        assert_eq!(store.check(), []);
    }
    assert!(opened > 0);
}
