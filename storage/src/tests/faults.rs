//! Writes that fail: the Nth and all after it, N upwards until the work gets through.
//!
//! A statement that was written and could not be synced has failed, and nobody sees it; whether it is there
//! after opening again is for the disk to say, but it is there as a whole or not at all.

use super::*;

/// Runs work against a fresh store with the disk full after N operations, for every N.
fn at_every_point(work: impl Fn(&Store, Labels) -> Result<(), CommitError>) {
    let whole = {
        let (_directory, store) = new_store();
        let labels = create_table(&store, "t");
        insert_all(&store, labels, 0..5);
        work(&store, labels).unwrap();
        contents(&store.snapshot(), labels)
    };
    for after in 0.. {
        let (_directory, store) = new_store();
        let labels = create_table(&store, "t");
        insert_all(&store, labels, 0..5);
        let before = store.snapshot();
        let expected = contents(&before, labels);
        fault::arm(after);
        let outcome = work(&store, labels);
        let fired = fault::disarm();
        if outcome.is_ok() {
            assert_eq!(fired, 0, "point {after}: a failure was swallowed");
            assert!(after > 0, "no point failed");
            return;
        }
        assert!(fired > 0);
        assert_eq!(contents(&store.snapshot(), labels), expected, "point {after}: reads go on");
        assert_eq!(contents(&before, labels), expected);
        drop(before);
        let store = reopen(store);
        let found = contents(&store.snapshot(), labels);
        assert!(found == expected || found == whole, "point {after}: all or nothing");
        assert!(after > 0 || found == expected, "nothing was written");
        assert_eq!(store.check(), []);
        insert_all(&store, labels, 100..110);
        assert_eq!(contents(&store.snapshot(), labels).len(), found.len() + 10);
    }
}

#[test]
fn a_failed_statement_poisons_the_store_for_writes() {
    let (_directory, store) = new_store();
    let labels = create_table(&store, "t");
    let mut writer = store.writer().unwrap();
    upsert(&mut writer, labels, 1, "x");
    fault::arm(0);
    let error = writer.commit().unwrap_err();
    fault::disarm();
    assert!(matches!(error, CommitError::DiskFull(_)), "{error}");
    assert!(store.poisoned().is_some());
    assert!(matches!(store.writer(), Err(CommitError::Poisoned(_))));
    assert!(matches!(store.allocate(), Err(CommitError::Poisoned(_))));
    assert!(matches!(store.sync(), Err(CommitError::Poisoned(_))));
    let begun = store.begin_generation(GenerationKind::Keys, labels.table);
    assert!(matches!(begun, Err(GenerationError::NotWritable(_))));
    assert_eq!(contents(&store.snapshot(), labels), []);
    let store = reopen(store);
    insert_all(&store, labels, 0..1);
    assert_eq!(contents(&store.snapshot(), labels).len(), 1);
}

#[test]
fn statements_are_all_or_nothing() {
    at_every_point(|store, labels| {
        let mut writer = store.writer()?;
        upsert(&mut writer, labels, 1, "new");
        upsert(&mut writer, labels, 50, "new");
        writer.commit().map(drop)
    });
}

#[test]
fn staged_statements_leave_nothing_when_dropped() {
    at_every_point(|store, labels| {
        let mut writer = store.writer()?;
        for key in 1000..1010 {
            let slot = writer.insert(labels.table, &record(key, &"x".repeat(8 << 20)))?;
            writer.put_row(Family::Vectors, labels.vectors, slot, b"row")?;
        }
        // Dropped: what was staged is removed again, which may fail as well.
        drop(writer);
        store.writer().map(drop)
    });
}

#[test]
fn building_and_publishing_leave_the_old_or_the_new() {
    at_every_point(|store, labels| {
        let old = store.snapshot().pointer(labels.vectors);
        let built = (|| {
            let mut builder = store.begin_generation(GenerationKind::Matrix, labels.vectors)?;
            builder.write("rows", b"matrix")?;
            let sealed = builder.seal(fields(store.snapshot().seq()))?;
            let mut writer = store.writer()?;
            writer.publish(sealed)?;
            writer.commit().map(drop)
        })();
        if built.is_err() {
            assert_eq!(store.snapshot().pointer(labels.vectors), old);
        }
        built
    });
}

#[test]
fn bulk_rows_and_blobs_fail_cleanly() {
    at_every_point(|store, _| {
        let data = store.allocate()?;
        let mut bulk = store.bulk_rows(Family::Classifiers, data)?;
        bulk.put(0, b"row")?;
        bulk.finish()?;
        let mut writer = store.writer()?;
        writer.put_blob(data, 0, &vec![1; 3 << 20])?;
        drop(writer);
        store.sync()
    });
}

#[test]
fn closing_reports_what_could_not_be_written() {
    let (_directory, store) = new_store();
    let labels = create_table(&store, "t");
    insert_all(&store, labels, 0..5);
    let path = store.path().to_path_buf();
    fault::arm(0);
    assert!(matches!(store.close(), Err(CommitError::DiskFull(_))));
    fault::disarm();
    let store = Store::open(path, &writable()).unwrap();
    assert_eq!(contents(&store.snapshot(), labels).len(), 5);
}
