//! Generations: published, read, replaced, damaged in every way, and ahead of the store.

use std::fs;
use std::io::Write;

use tempfile::TempDir;

use super::*;

#[test]
fn a_published_generation_is_read_back() {
    let (_directory, store) = new_store();
    let labels = create_table(&store, "t");
    assert!(store.snapshot().generation(labels.vectors).unwrap().is_none());
    let id = publish(&store, labels.vectors, b"matrix");
    for store in [store.clone(), {
        drop(store.clone());
        store
    }] {
        let generation = store.snapshot().generation(labels.vectors).unwrap().unwrap();
        assert_eq!(generation.id(), id);
        assert_eq!(generation.kind().unwrap(), GenerationKind::Matrix);
        assert_eq!(generation.manifest().unwrap().fields.slot_end, 10);
        assert_eq!(&**generation.map("rows").unwrap(), b"matrix");
        assert_eq!(fs::read(generation.path("foreign.bin").unwrap()).unwrap(), b"made by someone else");
        assert!(generation.verified_directory().unwrap().ends_with(format!("{id:016x}")));
        assert!(matches!(generation.map("nothing"), Err(GenerationError::Missing { .. })));
    }
}

#[test]
fn files_are_written_in_parts_and_aligned() {
    let (_directory, store) = new_store();
    let labels = create_table(&store, "t");
    let mut builder = store.begin_generation(GenerationKind::Matrix, labels.vectors).unwrap();
    let mut file = builder.create("parts").unwrap();
    let mut empty = builder.create("empty").unwrap();
    empty.flush().unwrap();
    file.write_all(b"head").unwrap();
    assert_eq!(file.align(64).unwrap(), 64);
    assert_eq!(file.align(64).unwrap(), 64);
    file.write_all(&[7; 3_000_000]).unwrap();
    assert_eq!(file.position(), 3_000_064);
    assert!(builder.create("parts").is_err(), "a name is taken once");
    for name in ["", ".", "..", "a/b", "MANIFEST", "VERIFIED", "a b", "\u{e9}"] {
        assert!(matches!(builder.create(name), Err(GenerationError::Name(_))), "{name:?}");
    }
    assert_eq!(builder.finish(file).unwrap().bytes, 3_000_064);
    builder.finish(empty).unwrap();
    let sealed = builder.seal(fields(1)).unwrap();
    let mut writer = store.writer().unwrap();
    writer.publish(sealed).unwrap();
    writer.commit().unwrap();
    let generation = store.snapshot().generation(labels.vectors).unwrap().unwrap();
    let map = generation.map("parts").unwrap();
    assert_eq!(map.as_ptr().align_offset(64), 0);
    assert!(
        map.starts_with(b"head")
            && map[4..64].iter().all(|byte| *byte == 0)
            && map[64..].iter().all(|b| *b == 7)
    );
    assert!(generation.map("empty").unwrap().is_empty());
}

#[test]
fn what_is_not_published_is_removed() {
    let (_directory, store) = new_store();
    let labels = create_table(&store, "t");
    let builder = store.begin_generation(GenerationKind::Keys, labels.table).unwrap();
    assert_eq!(generation_directories(store.path()).len(), 1);
    drop(builder);
    assert_eq!(generation_directories(store.path()).len(), 0);
    let mut builder = store.begin_generation(GenerationKind::Keys, labels.table).unwrap();
    builder.write("rows", b"x").unwrap();
    let sealed = builder.seal(fields(0)).unwrap();
    assert_eq!(generation_directories(store.path()).len(), 1);
    let mut writer = store.writer().unwrap();
    writer.publish(sealed).unwrap();
    drop(writer);
    store.shared.root.wait_removed();
    assert_eq!(generation_directories(store.path()).len(), 0);
}

#[test]
fn a_seal_is_refused_for_what_is_not_so() {
    let (_directory, store) = new_store();
    let labels = create_table(&store, "t");
    let builder = store.begin_generation(GenerationKind::Keys, labels.table).unwrap();
    let ahead = builder.seal(fields(store.snapshot().seq() + 1)).unwrap_err();
    assert!(matches!(ahead, GenerationError::Foreign(_)), "{ahead}");
    let builder = store.begin_generation(GenerationKind::Keys, labels.table).unwrap();
    let file = builder.create("unfinished").unwrap();
    assert!(matches!(builder.seal(fields(0)), Err(GenerationError::Foreign(_))));
    drop(file);
    let (_other_directory, other) = new_store();
    let mut builder = other.begin_generation(GenerationKind::Keys, labels.table).unwrap();
    builder.write("rows", b"x").unwrap();
    let sealed = builder.seal(fields(0)).unwrap();
    let error = store.writer().unwrap().publish(sealed).unwrap_err();
    assert!(matches!(error, CommitError::Generation(GenerationError::Foreign(_))), "{error}");
}

#[test]
fn a_replaced_generation_goes_with_its_last_reader() {
    let (_directory, store) = new_store();
    let labels = create_table(&store, "t");
    let old = publish(&store, labels.vectors, b"old");
    let reader = store.snapshot();
    let generation = reader.generation(labels.vectors).unwrap().unwrap();
    let new = publish(&store, labels.vectors, b"new");
    let name = |id: u64| format!("{id:016x}");
    assert_eq!(generation_directories(store.path()), [name(old), name(new)]);
    assert_eq!(&**generation.map("rows").unwrap(), b"old");
    drop(reader);
    assert_eq!(generation_directories(store.path()).len(), 2, "the generation itself is still held");
    drop(generation);
    store.shared.root.wait_removed();
    assert_eq!(generation_directories(store.path()), [name(new)]);
    let mut writer = store.writer().unwrap();
    writer.clear_pointer(labels.vectors);
    writer.commit().unwrap();
    store.shared.root.wait_removed();
    assert_eq!(generation_directories(store.path()), Vec::<String>::new());
}

#[test]
fn orphans_are_removed_at_open() {
    let (_directory, store) = new_store();
    let labels = create_table(&store, "t");
    let id = publish(&store, labels.vectors, b"matrix");
    let generations = store.path().join("generations");
    crash_image(&generations.join(format!("{id:016x}")), &generations.join("00000000000000aa"));
    fs::create_dir(generations.join("00000000000000bb.tmp")).unwrap();
    fs::create_dir(generations.join("00000000000000cc.damaged")).unwrap();
    let store = reopen(store);
    assert_eq!(generation_directories(store.path()), [format!("{id:016x}")]);
    assert!(store.snapshot().generation(labels.vectors).unwrap().is_some());
}

/// Every damage to every file, found at open or at first use: an error and a warning, never bytes, and the
/// store works.
#[test]
fn damage_is_found_and_quarantined() {
    let flip = |path: &Path| {
        let mut bytes = fs::read(path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 4;
        fs::write(path, bytes).unwrap();
    };
    let resize = |path: &Path, change: i64| {
        let file = fs::OpenOptions::new().write(true).open(path).unwrap();
        let length = file.metadata().unwrap().len();
        file.set_len(length.saturating_add_signed(change)).unwrap();
    };
    let damages: [NamedDamage<'_>; 7] = [
        ("flip", &flip),
        ("empty", &|path| fs::write(path, b"").unwrap()),
        ("one byte less", &|path| resize(path, -1)),
        ("one byte more", &|path| resize(path, 1)),
        ("zeros", &|path| fs::write(path, vec![0; fs::read(path).unwrap().len()]).unwrap()),
        ("delete", &|path| fs::remove_file(path).unwrap()),
        ("directory", &|path| fs::remove_file(path).and_then(|()| fs::create_dir(path)).unwrap()),
    ];
    for (name, damage) in damages {
        for file in ["MANIFEST", "rows", "foreign.bin"] {
            for while_open in [false, true] {
                check_damage(&format!("{name} of {file}, open: {while_open}"), damage, file, while_open);
            }
        }
    }
}

fn check_damage(case: &str, damage: &dyn Fn(&Path), file: &str, while_open: bool) {
    let (_directory, store) = new_store();
    let labels = create_table(&store, "t");
    insert_all(&store, labels, 0..3);
    let id = publish(&store, labels.vectors, b"some rows of a matrix");
    let path = store.path().join(format!("generations/{id:016x}")).join(file);
    let store = if while_open {
        damage(&path);
        store
    } else {
        let home = store.path().to_path_buf();
        drop(store);
        damage(&path);
        Store::open(home, &writable()).unwrap()
    };
    let use_all = |store: &Store| -> Result<(), GenerationError> {
        let Some(generation) = store.snapshot().generation(labels.vectors)? else {
            panic!("{case}: no pointer")
        };
        generation.verified_directory().map(drop)
    };
    // A manifest that was read before it was damaged is not read again.
    if while_open && file == "MANIFEST" {
        return use_all(&store).unwrap();
    }
    let error = use_all(&store).expect_err(case);
    assert!(
        matches!(error, GenerationError::Damaged { .. } | GenerationError::Missing { .. }),
        "{case}: {error:?}"
    );
    assert_eq!(use_all(&store).unwrap_err(), error, "{case}: the same answer again");
    assert_eq!(store.warnings(), [error.to_string()], "{case}");
    assert_eq!(contents(&store.snapshot(), labels).len(), 3);
    assert_eq!(generation_directories(store.path()), [format!("{id:016x}.damaged")], "{case}");
    let store = reopen(store);
    assert!(use_all(&store).is_err(), "{case}: still unusable after reopening");
    let healed = publish(&store, labels.vectors, b"rebuilt");
    assert!(use_all(&store).is_ok());
    let store = reopen(store);
    assert_eq!(store.warnings(), Vec::<String>::new(), "{case}");
    assert_eq!(generation_directories(store.path()), [format!("{healed:016x}")], "{case}");
}

#[test]
fn a_vanished_directory_leaves_what_was_mapped() {
    let (_directory, store) = new_store();
    let labels = create_table(&store, "t");
    let id = publish(&store, labels.vectors, b"matrix");
    let generation = store.snapshot().generation(labels.vectors).unwrap().unwrap();
    let map = generation.map("rows").unwrap();
    fs::remove_dir_all(store.path().join(format!("generations/{id:016x}"))).unwrap();
    assert_eq!(&**generation.map("rows").unwrap(), b"matrix");
    assert!(matches!(generation.map("foreign.bin"), Err(GenerationError::Missing { .. })));
    assert_eq!(&**map, b"matrix");
    assert!(store.snapshot().generation(labels.vectors).is_err());
    assert_eq!(reopen(store).warnings().len(), 1);
}

#[test]
fn a_generation_of_another_place_is_refused() {
    let (_directory, store) = new_store();
    let labels = create_table(&store, "t");
    let other = create_table(&store, "u");
    let [a, b] = [labels, other].map(|labels| publish(&store, labels.vectors, b"matrix"));
    let (_other_directory, foreign) = new_store();
    let foreign_labels = create_table(&foreign, "t");
    let c = publish(&foreign, foreign_labels.vectors, b"matrix");
    let directory = |store: &Store, id: u64| store.path().join(format!("generations/{id:016x}"));
    fs::remove_dir_all(directory(&store, a)).unwrap();
    crash_image(&directory(&store, b), &directory(&store, a));
    fs::remove_dir_all(directory(&store, b)).unwrap();
    crash_image(&directory(&foreign, c), &directory(&store, b));
    let store = reopen(store);
    for labels in [labels, other] {
        let error = store.snapshot().generation(labels.vectors).unwrap_err();
        assert!(matches!(error, GenerationError::Damaged { .. }), "{error}");
    }
}

/// An older copy of the store beside newer generations: writes were lost, and nothing may make it worse.
#[test]
fn a_generation_ahead_of_the_store_is_a_witness() {
    for crashed in [false, true] {
        let (directory, store) = new_store();
        let labels = create_table(&store, "t");
        insert_all(&store, labels, 0..3);
        let home = store.path().to_path_buf();
        let old = directory.path().join("old");
        let store = if crashed {
            crash_image(&home.join("store"), &old);
            store
        } else {
            store.close().unwrap();
            crash_image(&home.join("store"), &old);
            Store::open(&home, &writable()).unwrap()
        };
        insert_all(&store, labels, 3..6);
        publish(&store, labels.vectors, b"covers six");
        let image = directory.path().join("image");
        crash_image(&home, &image);
        drop(store);
        fs::remove_dir_all(image.join("store")).unwrap();
        crash_image(&old, &image.join("store"));
        let before = if crashed { listing(&image.join("store")) } else { Vec::new() };
        let store = Store::open(&image, &writable()).unwrap();
        assert!(store.is_read_only());
        assert!(store.warnings()[0].contains("lost"), "{:?}", store.warnings());
        assert_eq!(store.writer().unwrap_err(), CommitError::ReadOnly);
        assert_eq!(contents(&store.snapshot(), labels).len(), 3);
        drop(store);
        if crashed {
            assert_eq!(listing(&image.join("store")), before, "the evidence is untouched");
        }
        assert!(Store::open(&image, &writable()).unwrap().is_read_only(), "and again");
        fs::remove_dir_all(image.join("generations")).unwrap();
        let store = Store::open(&image, &writable()).unwrap();
        assert!(!store.is_read_only(), "deleting the witness is the user's decision");
        publish(&store, labels.vectors, b"covers three");
    }
}

#[test]
fn a_quarantined_generation_stays_in_place_for_readers() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("db");
    let store = Store::open(&path, &writable()).unwrap();
    let labels = create_table(&store, "t");
    let id = publish(&store, labels.vectors, b"matrix");
    store.close().unwrap();
    fs::write(path.join(format!("generations/{id:016x}/rows")), b"Matrix").unwrap();
    let before = listing(&path);
    let store = Store::open(&path, &read_only()).unwrap();
    let generation = store.snapshot().generation(labels.vectors).unwrap().unwrap();
    assert!(matches!(generation.map("rows"), Err(GenerationError::Damaged { .. })));
    assert_eq!(store.warnings().len(), 1);
    assert_eq!(listing(&path), before);
}

/// A verified file is trusted as long as it is the same; one that was changed in place is found, whatever was
/// noted of the one before.
#[test]
fn verified_files_are_known_again_until_they_change() {
    let (_directory, store) = new_store();
    let labels = create_table(&store, "t");
    let id = publish(&store, labels.vectors, b"matrix");
    let directory = store.path().join("generations").join(format!("{id:016x}"));
    let first_use = |store: &Store| {
        let generation = store.snapshot().generation(labels.vectors).unwrap().unwrap();
        generation.map("rows").map(|map| map.to_vec())
    };
    // The note is written once the file has rested for some hundredths of a second.
    let mut store = reopen(store);
    while !directory.join("VERIFIED").exists() {
        std::thread::yield_now();
        store = reopen(store);
        assert_eq!(first_use(&store).unwrap(), b"matrix");
    }
    let store = reopen(store);
    assert_eq!(first_use(&store).unwrap(), b"matrix");
    drop(store.clone());
    let path = store.path().to_path_buf();
    drop(store);
    // The very same length, in place.
    fs::write(directory.join("rows"), b"metrix").unwrap();
    let store = Store::open(path, &writable()).unwrap();
    let error = first_use(&store).unwrap_err();
    assert!(matches!(error, GenerationError::Damaged { .. }), "{error}");
    assert!(!store.warnings().is_empty());
}

#[test]
fn a_warm_open_compares_everything() {
    let (_directory, store) = new_store();
    let labels = create_table(&store, "t");
    let id = publish(&store, labels.vectors, b"matrix");
    let path = store.path().to_path_buf();
    drop(store);
    fs::write(path.join("generations").join(format!("{id:016x}")).join("rows"), b"metrix").unwrap();
    let store = Store::open(&path, &OpenOptions { warm: true, ..writable() }).unwrap();
    assert_eq!(store.warnings().len(), 1, "before any use");
    assert!(store.snapshot().generation(labels.vectors).is_err());
}
