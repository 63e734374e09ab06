//! Opening: what is refused, what is left alone, and what is repaired.

use std::fs;

use tempfile::TempDir;

use super::*;

#[test]
fn nothing_is_made_unless_asked_for() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("db");
    assert!(matches!(Store::open(&path, &OpenOptions::default()), Err(OpenError::Missing(_))));
    assert!(matches!(Store::open(&path, &read_only()), Err(OpenError::Missing(_))));
    assert!(!path.exists());
    fs::create_dir(&path).unwrap();
    assert!(matches!(Store::open(&path, &OpenOptions::default()), Err(OpenError::Missing(_))));
    let store = Store::open(&path, &writable()).unwrap();
    assert_eq!(store.snapshot().seq(), 0);
    assert!(!store.is_read_only());
}

#[test]
fn foreign_directories_and_files_are_left_alone() {
    let directory = TempDir::new().unwrap();
    fs::write(directory.path().join("thesis.txt"), "years of work").unwrap();
    let before = listing(directory.path());
    assert!(matches!(Store::open(directory.path(), &writable()), Err(OpenError::NotADatabase(_))));
    let file = directory.path().join("thesis.txt");
    assert!(matches!(Store::open(file, &writable()), Err(OpenError::NotADatabase(_))));
    assert_eq!(listing(directory.path()), before);
}

#[test]
fn a_second_open_is_refused_and_names_the_holder() {
    let (_directory, store) = new_store();
    for options in [writable(), read_only()] {
        match Store::open(store.path(), &options) {
            Err(OpenError::Locked { pid }) => assert_eq!(pid, Some(std::process::id())),
            other => panic!("{other:?}"),
        }
    }
    drop(reopen(store));
}

#[test]
fn readers_share_and_change_nothing() {
    let (_directory, store) = new_store();
    let labels = create_table(&store, "t");
    insert_all(&store, labels, 0..10);
    publish(&store, labels.vectors, b"matrix");
    let (path, expected) = (store.path().to_path_buf(), contents(&store.snapshot(), labels));
    drop(store);
    let before = listing(&path);
    let readers = [0, 1].map(|_| Store::open(&path, &read_only()).unwrap());
    for reader in &readers {
        assert!(reader.is_read_only());
        assert_eq!(contents(&reader.snapshot(), labels), expected);
        assert!(reader.snapshot().generation(labels.vectors).unwrap().unwrap().map("rows").is_ok());
        assert_eq!(reader.writer().unwrap_err(), CommitError::ReadOnly);
        assert_eq!(reader.allocate().unwrap_err(), CommitError::ReadOnly);
        assert!(reader.begin_generation(GenerationKind::Keys, labels.table).is_err());
        assert_eq!(reader.check(), []);
    }
    assert!(matches!(Store::open(&path, &writable()), Err(OpenError::Locked { .. })));
    drop(readers);
    assert_eq!(listing(&path), before);
}

#[test]
fn a_reader_sees_what_a_crash_left_in_the_log() {
    let (directory, store) = new_store();
    let labels = create_table(&store, "t");
    insert_all(&store, labels, 0..10);
    let image = directory.path().join("image");
    crash_image(store.path(), &image);
    let before = listing(&image);
    let reader = Store::open(&image, &read_only()).unwrap();
    assert_eq!(contents(&reader.snapshot(), labels).len(), 10);
    drop(reader);
    assert_eq!(listing(&image), before);
}

#[test]
fn a_newer_format_is_refused_before_anything_is_written() {
    let (_directory, store) = new_store();
    let path = store.path().to_path_buf();
    drop(store);
    let marker = fs::read_to_string(path.join("ARGTOP")).unwrap();
    fs::write(path.join("ARGTOP"), marker.replacen("argtop 1", "argtop 2", 1)).unwrap();
    let before = listing(&path);
    for options in [writable(), read_only()] {
        let error = Store::open(&path, &options).unwrap_err();
        assert!(matches!(error, OpenError::Newer { found: 2, supported: 1 }), "{error}");
    }
    assert_eq!(listing(&path), before);
}

#[test]
fn a_damaged_marker_is_refused() {
    for text in ["", "argtop", "argtop one\n", "argtop 1\n", "sqlite 3\n", "argtop 1\nshort\n"] {
        let (_directory, store) = new_store();
        let path = store.path().to_path_buf();
        drop(store);
        fs::write(path.join("ARGTOP"), text).unwrap();
        let error = Store::open(&path, &writable()).unwrap_err();
        assert!(matches!(error, OpenError::NotADatabase(_) | OpenError::MissingFile(_)), "{text:?}: {error}");
    }
}

/// RocksDB would begin an empty store over the old files when its `CURRENT` is gone.
#[test]
fn a_store_that_lost_a_file_is_refused() {
    let lose_marker = |path: &Path| fs::remove_file(path.join("ARGTOP")).unwrap();
    let lose_current = |path: &Path| fs::remove_file(path.join("store/CURRENT")).unwrap();
    let empty_current = |path: &Path| fs::write(path.join("store/CURRENT"), "").unwrap();
    let lose_store = |path: &Path| fs::remove_dir_all(path.join("store")).unwrap();
    let lose_manifest = |path: &Path| {
        let current = fs::read_to_string(path.join("store/CURRENT")).unwrap();
        fs::remove_file(path.join("store").join(current.trim())).unwrap();
    };
    let cases: [NamedDamage<'_>; 5] = [
        ("marker", &lose_marker),
        ("CURRENT", &lose_current),
        ("empty CURRENT", &empty_current),
        ("store", &lose_store),
        ("MANIFEST", &lose_manifest),
    ];
    for (name, lose) in cases {
        let (_directory, store) = new_store();
        create_table(&store, "t");
        let path = store.path().to_path_buf();
        store.close().unwrap();
        lose(&path);
        let before: Vec<_> = listing(&path.join("generations"));
        for options in [writable(), read_only()] {
            let error = Store::open(&path, &options).unwrap_err();
            assert!(matches!(error, OpenError::MissingFile(_)), "{name}: {error}");
        }
        assert_eq!(listing(&path.join("generations")), before);
        assert!(!path.join("store/CURRENT").exists() || name != "CURRENT");
    }
}

#[test]
fn a_missing_table_file_is_damage() {
    let (_directory, store) = new_store();
    let labels = create_table(&store, "t");
    insert_all(&store, labels, 0..100);
    let path = store.path().to_path_buf();
    store.close().unwrap();
    let tables = fs::read_dir(path.join("store")).unwrap().map(|entry| entry.unwrap().path());
    let tables: Vec<_> = tables.filter(|path| path.extension().is_some_and(|end| end == "sst")).collect();
    assert!(!tables.is_empty(), "closing was meant to flush");
    fs::remove_file(&tables[0]).unwrap();
    let error = Store::open(&path, &writable()).unwrap_err();
    assert!(matches!(error, OpenError::Corrupt(_)), "{error}");
}

#[test]
fn an_interrupted_creation_may_begin_anew() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("db");
    fs::create_dir_all(path.join("store")).unwrap();
    fs::write(path.join("store/junk"), "half a store").unwrap();
    fs::write(path.join("LOCK"), "1\n").unwrap();
    fs::write(path.join("ARGTOP.new"), "argtop 1\n").unwrap();
    assert!(matches!(Store::open(&path, &OpenOptions::default()), Err(OpenError::Missing(_))));
    let store = Store::open(&path, &writable()).unwrap();
    create_table(&store, "t");
    let store = reopen(store);
    assert!(store.snapshot().catalog().table("t").is_some());
}

#[test]
fn creation_survives_a_failure_at_every_point() {
    for after in 0.. {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("db");
        fault::arm(after);
        let outcome = Store::open(&path, &writable());
        let fired = fault::disarm();
        assert_eq!(outcome.is_err(), fired > 0, "point {after}");
        let done = outcome.is_ok();
        drop(outcome);
        let store = Store::open(&path, &writable()).unwrap();
        create_table(&store, "t");
        if done {
            assert!(after > 5, "few points were tried");
            break;
        }
    }
}

#[test]
fn recovery_survives_a_failure_at_every_point() {
    let (directory, store) = new_store();
    let labels = create_table(&store, "t");
    insert_all(&store, labels, 0..10);
    publish(&store, labels.vectors, b"matrix");
    let orphan = store.allocate().unwrap();
    let mut bulk = store.bulk_rows(Family::Classifiers, orphan).unwrap();
    bulk.put(1, b"row").unwrap();
    bulk.finish().unwrap();
    fs::create_dir(store.path().join("generations/00000000000000ff.tmp")).unwrap();
    let expected = contents(&store.snapshot(), labels);
    for after in 0.. {
        let image = directory.path().join(format!("{after}"));
        crash_image(store.path(), &image);
        fault::arm(after);
        let outcome = Store::open(&image, &writable()).map(drop);
        fault::disarm();
        let again = Store::open(&image, &writable()).unwrap();
        assert_eq!(contents(&again.snapshot(), labels), expected);
        assert_eq!(again.check(), []);
        assert_eq!(generation_directories(&image).len(), 1);
        if outcome.is_ok() {
            assert!(after >= 3, "few points were tried: {after}");
            break;
        }
    }
}

#[test]
fn a_lock_that_nobody_seems_to_hold_is_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("db");
    drop(Store::open(&path, &writable()).unwrap());
    // As a child process does that was forked while the database was open.
    let held = std::fs::File::open(path.join("LOCK")).unwrap();
    held.lock().unwrap();
    let waiting = std::thread::spawn(move || Store::open(&path, &writable()).map(|_| ()));
    std::thread::sleep(std::time::Duration::from_millis(100));
    held.unlock().unwrap();
    waiting.join().unwrap().unwrap();
}
