//! Statements: what they see, what they leave, and what others see meanwhile.

use super::*;

#[test]
fn a_snapshot_sees_one_moment() {
    let (_directory, store) = new_store();
    let labels = create_table(&store, "t");
    insert_all(&store, labels, 0..10);
    let before = store.snapshot();
    let expected = contents(&before, labels);
    let mut writer = store.writer().unwrap();
    for key in 0..20 {
        upsert(&mut writer, labels, key, "new");
    }
    assert_eq!(store.snapshot().seq(), before.seq(), "not committed yet");
    writer.commit().unwrap();
    let mut writer = store.writer().unwrap();
    writer.drop_object(labels.table).unwrap();
    writer.put_setting("name", Some("value"));
    writer.commit().unwrap();
    assert_eq!(contents(&before, labels), expected);
    assert!(before.catalog().table("t").is_some() && before.setting("name").is_none());
    assert!(store.snapshot().catalog().table("t").is_none());
    assert_eq!(store.snapshot().setting("name"), Some("value"));
    assert_eq!(store.snapshot().live(labels.table).len(), 0);
}

#[test]
fn snapshots_outlive_the_handle() {
    let (_directory, store) = new_store();
    let labels = create_table(&store, "t");
    insert_all(&store, labels, 0..10);
    let snapshot = store.snapshot();
    let path = store.path().to_path_buf();
    store.close().unwrap();
    assert_eq!(contents(&snapshot, labels).len(), 10);
    assert!(matches!(Store::open(&path, &writable()), Err(OpenError::Locked { .. })));
    drop(snapshot);
    assert_eq!(contents(&Store::open(&path, &writable()).unwrap().snapshot(), labels).len(), 10);
}

#[test]
fn a_statement_sees_its_own_keys() {
    let (_directory, store) = new_store();
    let labels = create_table(&store, "t");
    insert_all(&store, labels, 0..3);
    let mut writer = store.writer().unwrap();
    let error = writer.insert(labels.table, &record(1, "again")).unwrap_err();
    assert_eq!(error, CommitError::DuplicateKey("1".into()));
    assert!(remove(&mut writer, labels, 1) && !remove(&mut writer, labels, 1));
    let slot = writer.insert(labels.table, &record(1, "again")).unwrap();
    assert_eq!(slot, 3, "slots are never used twice");
    let error = writer.end(labels.table, 0, &Key::BigInt(1), &[]).unwrap_err();
    assert!(matches!(error, CommitError::NotLive { slot: 0, .. }), "{error}");
    writer.put_row(Family::Vectors, labels.vectors, slot, &row(1, "again")).unwrap();
    let seq = writer.commit().unwrap();
    assert_eq!(seq, store.snapshot().seq());
    let found = contents(&store.snapshot(), labels);
    assert_eq!(found, [(0, "x".into()), (1, "again".into()), (2, "x".into())]);
}

#[test]
fn a_statement_without_effect_takes_no_sequence_number() {
    let (_directory, store) = new_store();
    let labels = create_table(&store, "t");
    let before = store.snapshot().seq();
    assert_eq!(store.writer().unwrap().commit().unwrap(), before);
    let mut writer = store.writer().unwrap();
    writer.insert(labels.table, &record(1, "dropped")).unwrap();
    drop(writer);
    assert_eq!(store.snapshot().seq(), before);
    assert_eq!(contents(&store.snapshot(), labels), []);
}

#[test]
fn a_large_statement_is_staged_and_leaves_nothing_when_dropped() {
    let directory = tempfile::TempDir::new().unwrap();
    let limits = Limits { staged_bytes_max: 1000, ..Limits::default() };
    let options = OpenOptions { create: true, limits, ..OpenOptions::default() };
    let path = directory.path().join("db");
    let store = Store::open(&path, &options).unwrap();
    let labels = create_table(&store, "t");
    insert_all(&store, labels, 0..5);
    let mut writer = store.writer().unwrap();
    for key in 0..200 {
        upsert(&mut writer, labels, key, "large");
    }
    // A crash here leaves staged rows behind, as far as the log has them, which nobody sees and the next open
    // removes.
    store.sync().unwrap();
    let image = directory.path().join("image");
    crash_image(&path, &image);
    drop(writer);
    assert_eq!(contents(&store.snapshot(), labels).len(), 5);
    let crashed = Store::open(&image, &read_only()).unwrap();
    let live = crashed.snapshot().live(labels.table);
    assert_eq!(live.len(), 5);
    let rows = crashed.snapshot().rows(Family::Vectors, labels.vectors, &[5, 6]).unwrap();
    assert!(rows.iter().all(Option::is_some), "the image was meant to hold staged rows");
    assert_eq!(crashed.snapshot().records(labels.table, &[5, 6]).unwrap(), [None, None]);
    assert_eq!(crashed.snapshot().scan_records(labels.table, 0..Slot::MAX).unwrap().count(), 5);
    drop(crashed);
    let crashed = Store::open(&image, &options).unwrap();
    assert_eq!(contents(&crashed.snapshot(), labels).len(), 5);
    assert_eq!(crashed.check(), []);
    for store in [store, crashed] {
        let end = store.snapshot().slot_end(labels.table);
        insert_all(&store, labels, 5..205);
        assert_eq!(contents(&store.snapshot(), labels).len(), 205);
        assert!(store.snapshot().slot_of(labels.table, &Key::BigInt(5)).unwrap().unwrap() >= end.max(5));
        assert_eq!(store.check(), []);
    }
}

/// The slots of one table must not be taken for those of another when staged rows are removed.
#[test]
fn a_dropped_statement_over_two_tables_spares_both() {
    let directory = tempfile::TempDir::new().unwrap();
    let limits = Limits { staged_bytes_max: 500, ..Limits::default() };
    let options = OpenOptions { create: true, limits, ..OpenOptions::default() };
    let store = Store::open(directory.path().join("db"), &options).unwrap();
    let tables = [create_table(&store, "t"), create_table(&store, "u")];
    insert_all(&store, tables[0], 0..3);
    insert_all(&store, tables[1], 0..40);
    let mut writer = store.writer().unwrap();
    for key in 100..140 {
        for labels in tables {
            upsert(&mut writer, labels, key, "dropped");
        }
    }
    writer.drop_object(tables[0].table).unwrap();
    drop(writer);
    assert_eq!(tables.map(|labels| contents_of_live(&store, labels)), [3, 40]);
    insert_all(&store, tables[0], 200..210);
    assert_eq!(contents_of_live(&store, tables[0]), 13);
    let store = reopen(store);
    assert_eq!(tables.map(|labels| contents(&store.snapshot(), labels).len()), [13, 40]);
    assert_eq!(store.check(), []);
}

/// How many labels there are; each has its record and its row.
fn contents_of_live(store: &Store, labels: Labels) -> usize {
    let snapshot = store.snapshot();
    let slots: Vec<Slot> = snapshot.live(labels.table).iter().collect();
    assert!(snapshot.records(labels.table, &slots).unwrap().iter().all(Option::is_some));
    let rows = snapshot.rows(Family::Vectors, labels.vectors, &slots).unwrap();
    assert!(rows.iter().all(Option::is_some));
    slots.len()
}

#[test]
fn dropping_a_table_removes_everything_under_it() {
    let (_directory, store) = new_store();
    let labels = create_table(&store, "t");
    let other = create_table(&store, "u");
    insert_all(&store, labels, 0..10);
    insert_all(&store, other, 0..3);
    publish(&store, labels.vectors, b"matrix");
    let mut writer = store.writer().unwrap();
    upsert(&mut writer, labels, 77, "in the same statement");
    writer.drop_object(labels.table).unwrap();
    assert!(matches!(writer.insert(labels.table, &record(1, "x")), Err(CommitError::Unknown { .. })));
    writer.commit().unwrap();
    let store = reopen(store);
    let snapshot = store.snapshot();
    assert_eq!(snapshot.scan_rows(Family::Vectors, labels.vectors, 0..Slot::MAX).unwrap().count(), 0);
    assert_eq!(snapshot.keys(labels.table).unwrap().count(), 0);
    assert_eq!(snapshot.pointer(labels.vectors), None);
    assert_eq!(contents(&snapshot, other).len(), 3);
    assert_eq!(generation_directories(store.path()), Vec::<String>::new());
    assert_eq!(store.check(), []);
}

#[test]
fn names_and_numbers_are_taken_once() {
    let (_directory, store) = new_store();
    let labels = create_table(&store, "t");
    let table = store.snapshot().catalog().table("t").unwrap().clone();
    let mut writer = store.writer().unwrap();
    let mut other = table.clone();
    other.id = store.allocate().unwrap();
    let error = writer.put_object(Object::Table(other.clone())).unwrap_err();
    assert_eq!(error, CommitError::NameTaken { kind: "table", name: "t".into() });
    other.name = "u".into();
    let error = writer.put_object(Object::Table(other)).unwrap_err();
    assert!(matches!(error, CommitError::InUse(_)), "{error}");
    let renamed = TableRecord { name: "renamed".into(), ..table };
    writer.put_object(Object::Table(renamed)).unwrap();
    let seq = writer.commit().unwrap();
    let catalog = store.snapshot().catalog();
    assert_eq!(catalog.version(), seq);
    assert_eq!(catalog.table("renamed").unwrap().id, labels.table);
    assert!(catalog.table("t").is_none());
    assert_eq!(catalog.column(labels.vectors).unwrap().1.name, "v");
    let numbers: Vec<_> = (0..5).map(|_| store.allocate().unwrap()).collect();
    let store = reopen(store);
    assert!(store.allocate().unwrap() > *numbers.last().unwrap());
    assert!(store.snapshot().catalog().table("renamed").is_some());
}

#[test]
fn rows_need_an_object_that_names_them() {
    let (_directory, store) = new_store();
    let stray = store.allocate().unwrap();
    let mut writer = store.writer().unwrap();
    writer.put_row(Family::Classifiers, stray, 1, b"row").unwrap();
    assert!(matches!(writer.commit(), Err(CommitError::Unknown { id, .. }) if id == stray));
    assert_eq!(store.poisoned(), None, "a refused statement is no failed write");
}

fn classifier(id: ObjectId, labels: Labels, data: ObjectId) -> Object {
    Object::Classifier(ClassifierRecord {
        id,
        name: "c".into(),
        table: labels.table,
        column: labels.vectors,
        data,
        dimension: 2,
        format: RowFormat::F32,
        bias: false,
        link: Link::Cosine,
        scale: 1.0,
        offset: 0.0,
        options: Default::default(),
        sparse: None,
        adapter: None,
        statistics: Default::default(),
    })
}

#[test]
fn bulk_rows_belong_to_the_object_that_names_them() {
    let (_directory, store) = new_store();
    let labels = create_table(&store, "t");
    let [id, old, new, orphan] = std::array::from_fn(|_| store.allocate().unwrap());
    for (data, bytes) in [(old, b"old"), (new, b"new"), (orphan, b"eno")] {
        let mut bulk = store.bulk_rows(Family::Classifiers, data).unwrap();
        (0..100).for_each(|slot| bulk.put(slot, bytes).unwrap());
        assert_eq!(bulk.finish().unwrap(), 100);
        assert_eq!(&*store.snapshot().row(Family::Classifiers, data, 7).unwrap().unwrap(), bytes);
    }
    for data in [old, new] {
        let mut writer = store.writer().unwrap();
        writer.put_object(classifier(id, labels, data)).unwrap();
        if data == new {
            writer.delete_rows(Family::Classifiers, old);
        }
        writer.commit().unwrap();
    }
    assert!(matches!(store.bulk_rows(Family::Classifiers, new), Err(CommitError::InUse(_))));
    let store = reopen(store);
    let count = |data| store.snapshot().scan_rows(Family::Classifiers, data, 0..Slot::MAX).unwrap().count();
    assert_eq!((count(old), count(new), count(orphan)), (0, 100, 0));
}

#[test]
fn rows_of_all_families_are_apart() {
    let (_directory, store) = new_store();
    let labels = create_table(&store, "t");
    let mut writer = store.writer().unwrap();
    for (number, family) in (0_u8..).zip(Family::ALL) {
        writer.put_row(family, labels.vectors, 3, &[number]).unwrap();
        writer.put_row(family, labels.vectors, 4, &[number + 10]).unwrap();
    }
    writer.delete_row(Family::ClusterEdges, labels.vectors, 4);
    writer.delete_rows(Family::LabelEdges, labels.vectors);
    writer.put_row(Family::LabelEdges, labels.vectors, 9, b"after").unwrap();
    writer.commit().unwrap();
    let snapshot = store.snapshot();
    let rows = |family| -> Vec<(u32, Vec<u8>)> {
        let rows = snapshot.scan_rows(family, labels.vectors, 0..Slot::MAX).unwrap();
        rows.map(|item| item.map(|(number, bytes)| (number, bytes.to_vec())).unwrap()).collect()
    };
    assert_eq!(rows(Family::Vectors), [(3, vec![0]), (4, vec![10])]);
    assert_eq!(rows(Family::AuxiliaryClusters), [(3, vec![3]), (4, vec![13])]);
    assert_eq!(rows(Family::ClusterEdges), [(3, vec![5])]);
    assert_eq!(rows(Family::LabelEdges), [(9, b"after".to_vec())]);
    let some = snapshot.rows(Family::ClusterWeights, labels.vectors, &[4, 5, 3]).unwrap();
    assert_eq!(some, [Some(vec![14].into()), None, Some(vec![4].into())]);
    let part = snapshot.scan_rows(Family::Vectors, labels.vectors, 4..5).unwrap();
    assert_eq!(part.map(|item| item.unwrap().0).collect::<Vec<_>>(), [4]);
    assert_eq!(snapshot.scan_rows(Family::Vectors, labels.vectors, 4..4).unwrap().count(), 0);
}

#[test]
fn keys_come_in_order_within_bounds() {
    use std::ops::Bound::{Excluded, Included, Unbounded};
    let (_directory, store) = new_store();
    let labels = create_table(&store, "t");
    insert_all(&store, labels, [5, -3, 0, i64::MIN, i64::MAX].into_iter());
    let snapshot = store.snapshot();
    let keys = |lower, upper| -> Vec<i64> {
        let keys = snapshot.keys_in(labels.table, lower, upper).unwrap();
        keys.map(|item| match item.unwrap().0 {
            Key::BigInt(number) => number,
            Key::Text(text) => panic!("{text}"),
        })
        .collect()
    };
    let (low, high) = (Key::BigInt(-3), Key::BigInt(5));
    assert_eq!(keys(Unbounded, Unbounded), [i64::MIN, -3, 0, 5, i64::MAX]);
    assert_eq!(keys(Included(&low), Included(&high)), [-3, 0, 5]);
    assert_eq!(keys(Excluded(&low), Excluded(&high)), [0]);
    assert_eq!(keys(Included(&high), Excluded(&low)), Vec::<i64>::new());
    let slots = snapshot.slots_of(labels.table, &[high, Key::BigInt(99), low]).unwrap();
    assert_eq!(slots, [Some(0), None, Some(1)]);
}

#[test]
fn blobs_round_trip_and_go_with_their_object() {
    let (_directory, store) = new_store();
    let [model, aborted] = std::array::from_fn(|_| store.allocate().unwrap());
    let large: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let mut writer = store.writer().unwrap();
    writer.put_blob(aborted, 0, &large).unwrap();
    drop(writer);
    let mut writer = store.writer().unwrap();
    writer.put_blob(model, 0, &large).unwrap();
    writer.put_blob(model, 1, b"").unwrap();
    writer.put_object(Object::Model(model_record(model))).unwrap();
    writer.commit().unwrap();
    let store = reopen(store);
    assert!(store.snapshot().blob(model, 0).unwrap().unwrap() == large);
    assert_eq!(store.snapshot().blob(model, 1).unwrap().unwrap(), b"");
    assert_eq!(store.snapshot().blob(model, 2).unwrap(), None);
    assert_eq!(store.snapshot().blob(aborted, 0).unwrap(), None);
    assert_eq!(store.check(), []);
    let mut writer = store.writer().unwrap();
    assert_eq!(writer.put_blob(model, 0, b"other").unwrap_err(), CommitError::InUse(model));
    writer.drop_object(model).unwrap();
    writer.commit().unwrap();
    assert_eq!(store.snapshot().blob(model, 0).unwrap(), None);
}

fn model_record(id: ObjectId) -> ModelRecord {
    ModelRecord {
        id,
        name: "m".into(),
        dimension: 2,
        pooling: Pooling::Mean,
        normalize: true,
        max_tokens: 32,
        output: "o".into(),
        inputs: vec!["i".into()],
        dtype: crate::ModelType::Int8,
        device: "cpu".into(),
        fallback: None,
        fingerprint: "00".into(),
        model_bytes: 1,
        tokenizer_bytes: 1,
        source: "s".into(),
    }
}

#[test]
fn the_feed_tells_what_changed() {
    let (_directory, store) = new_store();
    let labels = create_table(&store, "t");
    let start = store.snapshot().seq();
    let first = insert_all(&store, labels, 0..10);
    let mut writer = store.writer().unwrap();
    for key in [2, 3, 7] {
        remove(&mut writer, labels, key);
    }
    let second = writer.commit().unwrap();
    let change = |seq, kind, slots| Change { seq, table: labels.table, kind, slots };
    let expected = [
        change(first, ChangeKind::Inserted, 0..10),
        change(second, ChangeKind::Ended, 2..4),
        change(second, ChangeKind::Ended, 7..8),
    ];
    assert_eq!(store.snapshot().changes(labels.table, start).unwrap(), expected);
    assert_eq!(store.snapshot().changes(labels.table, first).unwrap(), expected[1..]);
    publish(&store, labels.vectors, b"covers everything so far");
    insert_all(&store, labels, 20..21);
    let trimmed = ReadError::Trimmed { asked: first, oldest: second };
    assert_eq!(store.snapshot().changes(labels.table, first).unwrap_err(), trimmed);
    assert_eq!(store.snapshot().changes(labels.table, second).unwrap().len(), 1);
    let store = reopen(store);
    assert_eq!(store.snapshot().changes(labels.table, first).unwrap_err(), trimmed);
    assert_eq!(contents(&store.snapshot(), labels).len(), 8);
}

#[test]
fn sizes_over_the_limits_are_refused() {
    let directory = tempfile::TempDir::new().unwrap();
    let limits = Limits { key_bytes_max: 20, row_bytes_max: 10, objects_max: 1, ..Limits::default() };
    let options = OpenOptions { create: true, limits, ..OpenOptions::default() };
    let store = Store::open(directory.path().join("db"), &options).unwrap();
    let labels = create_table(&store, "t");
    let mut writer = store.writer().unwrap();
    let long = Record { key: Key::Text("k".repeat(20)), cells: vec![] };
    assert!(matches!(
        writer.insert(labels.table, &long),
        Err(CommitError::Value(CodecError::TooLarge { .. }))
    ));
    let error = writer.put_row(Family::Vectors, labels.vectors, 0, &[0; 11]).unwrap_err();
    assert!(matches!(error, CommitError::Value(CodecError::TooLarge { .. })), "{error}");
    let error = writer.put_object(classifier(ObjectId(90), labels, ObjectId(91))).unwrap_err();
    assert!(matches!(error, CommitError::TooMany { found: 1, limit: 1, .. }), "{error}");
}

#[test]
fn writers_of_several_threads_take_turns() {
    let (_directory, store) = new_store();
    let labels = create_table(&store, "t");
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let store = store.clone();
            scope.spawn(move || {
                for number in 0..25 {
                    insert_all(&store, labels, std::iter::once(thread * 100 + number));
                    let snapshot = store.snapshot();
                    assert_eq!(
                        snapshot.live(labels.table).len(),
                        snapshot.keys(labels.table).unwrap().count() as u64
                    );
                }
            });
        }
    });
    assert_eq!(contents(&store.snapshot(), labels).len(), 100);
    assert_eq!(store.snapshot().seq(), 101);
}

/// Writers of several threads wait for the disk together, and each has a sequence number, an outcome and an
/// effect of its own.
#[test]
fn writers_at_once_are_each_durable_and_in_order() {
    const WRITERS: i64 = 8;
    const STATEMENTS: i64 = 40;
    let (_directory, store) = new_store();
    let labels = create_table(&store, "t");
    let before = store.snapshot().seq();
    let write = |key: i64| -> Result<u64, CommitError> {
        let mut writer = store.writer()?;
        let slot = writer.insert(labels.table, &record(key, "x"))?;
        writer.put_row(Family::Vectors, labels.vectors, slot, &row(key, "x"))?;
        let seq = writer.commit()?;
        let seen = store.snapshot();
        assert!(seen.seq() >= seq, "visible on return");
        assert_eq!(seen.slot_of(labels.table, &Key::BigInt(key)).unwrap(), Some(slot));
        Ok(seq)
    };
    let mut committed: Vec<(u64, i64)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..WRITERS)
            .map(|writer| {
                scope.spawn(move || {
                    let mut committed = Vec::new();
                    for statement in 0..STATEMENTS {
                        // The last key is everyone's: one gets it, the others fail and harm nobody.
                        let own = writer * STATEMENTS + statement;
                        let key = if statement + 1 == STATEMENTS { -1 } else { own };
                        match write(key) {
                            Ok(seq) => committed.push((seq, key)),
                            Err(error) => {
                                assert_eq!(key, -1, "{error}");
                                assert!(matches!(error, CommitError::DuplicateKey(_)), "{error}");
                            }
                        }
                    }
                    assert!(committed.is_sorted(), "a thread's statements follow one another");
                    committed
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    committed.sort_unstable();
    let count = u64::try_from(WRITERS * (STATEMENTS - 1) + 1).unwrap();
    assert!(committed.iter().map(|(seq, _)| *seq).eq(before + 1..=before + count), "one number each");
    let changes = store.snapshot().changes(labels.table, before).unwrap();
    assert!(changes.iter().map(|change| change.seq).eq(before + 1..=before + count));
    let found = contents(&store.snapshot(), labels);
    assert_eq!(found.len() as u64, count);
    let store = reopen(store);
    assert_eq!(contents(&store.snapshot(), labels), found);
    assert_eq!(store.check(), []);
}

/// What a writer starts from may not be on the disk yet; who has nothing to commit waits for it all the same.
#[test]
fn a_statement_without_effect_waits_for_what_it_saw() {
    let (_directory, store) = new_store();
    let labels = create_table(&store, "t");
    let mut writer = store.writer().unwrap();
    upsert(&mut writer, labels, 1, "x");
    let written = writer.write().unwrap().unwrap();
    drop(writer);
    assert_eq!(contents(&store.snapshot(), labels), [], "written, and not on the disk");
    let next = store.writer().unwrap();
    assert_eq!(contents(&next.snapshot(), labels).len(), 1, "the next writer starts from it");
    assert_eq!(next.commit().unwrap(), written.seq);
    assert_eq!(contents(&store.snapshot(), labels).len(), 1);
    let mut writer = store.writer().unwrap();
    upsert(&mut writer, labels, 2, "x");
    writer.write().unwrap().unwrap();
    drop(writer);
    store.settle().unwrap();
    assert_eq!(contents(&store.snapshot(), labels).len(), 2);
}

/// A sync that fails fails every statement that waited for it, and nothing is seen of any of them.
#[test]
fn a_failed_sync_fails_all_that_waited() {
    let (_directory, store) = new_store();
    let labels = create_table(&store, "t");
    let mut tickets = Vec::new();
    for key in 0..3 {
        let mut writer = store.writer().unwrap();
        upsert(&mut writer, labels, key, "x");
        tickets.push(writer.write().unwrap().unwrap().ticket);
    }
    fault::arm(0);
    let first = store.shared.settle(tickets[1], true).unwrap_err();
    fault::disarm();
    assert!(matches!(first, CommitError::DiskFull(_)), "{first}");
    for ticket in tickets {
        let error = store.shared.settle(ticket, true).unwrap_err();
        assert!(matches!(error, CommitError::Poisoned(_)), "{error}");
    }
    assert!(matches!(store.writer(), Err(CommitError::Poisoned(_))));
    assert_eq!(contents(&store.snapshot(), labels), []);
    // All of it or nothing of each, in order: here the operating system had it all.
    let store = reopen(store);
    assert_eq!(contents(&store.snapshot(), labels).len(), 3);
    assert_eq!(store.check(), []);
}
