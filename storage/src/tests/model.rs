//! The store against a model of it: random statements, reopened, crashed and aborted at random. Staging and
//! images of live slots are set to happen all the time.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Statement { puts: Vec<(i64, String)>, removes: Vec<i64>, commit: bool },
    Reopen,
    Close,
    Crash,
    Publish,
}

fn any_step() -> impl Strategy<Value = Step> {
    let puts = prop::collection::vec((0_i64..40, "[a-z]{0,30}"), 0..12);
    let removes = prop::collection::vec(0_i64..40, 0..6);
    prop_oneof![
        8 => (puts, removes, prop::bool::weighted(0.8))
            .prop_map(|(puts, removes, commit)| Step::Statement { puts, removes, commit }),
        1 => Just(Step::Reopen),
        1 => Just(Step::Close),
        1 => Just(Step::Crash),
        1 => Just(Step::Publish),
    ]
}

fn run_statement(
    store: &Store,
    labels: Labels,
    model: &mut BTreeMap<i64, String>,
    (puts, removes, commit): (Vec<(i64, String)>, Vec<i64>, bool),
) {
    let mut after = model.clone();
    let mut writer = store.writer().unwrap();
    for (key, text) in puts {
        upsert(&mut writer, labels, key, &text);
        after.insert(key, text);
    }
    for key in removes {
        assert_eq!(remove(&mut writer, labels, key), after.remove(&key).is_some());
    }
    if commit {
        writer.commit().unwrap();
        *model = after;
    }
}

fn run(steps: Vec<Step>) {
    let directory = TempDir::new().unwrap();
    let limits = Limits { staged_bytes_max: 200, image_changes_max: 20, ..Limits::default() };
    let options = OpenOptions { create: true, sync: false, limits, ..OpenOptions::default() };
    let mut path = directory.path().join("0");
    let mut store = Store::open(&path, &options).unwrap();
    let labels = create_table(&store, "t");
    let mut model = BTreeMap::new();
    for (number, step) in steps.into_iter().enumerate() {
        match step {
            Step::Statement { puts, removes, commit } => {
                run_statement(&store, labels, &mut model, (puts, removes, commit));
            }
            Step::Reopen => {
                drop(store);
                store = Store::open(&path, &options).unwrap();
            }
            Step::Close => {
                store.close().unwrap();
                store = Store::open(&path, &options).unwrap();
            }
            Step::Crash => {
                let image = directory.path().join(format!("{}", number + 1));
                crash_image(&path, &image);
                drop(store);
                store = Store::open(&image, &options).unwrap();
                path = image;
            }
            Step::Publish => {
                publish(&store, labels.vectors, b"content");
            }
        }
        let expected: Vec<_> = model.iter().map(|(key, text)| (*key, text.clone())).collect();
        assert_eq!(contents(&store.snapshot(), labels), expected);
        assert_eq!(store.warnings(), Vec::<String>::new());
    }
    assert_eq!(store.check(), []);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        max_shrink_iters: 100,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_store_does_what_the_model_does(steps in prop::collection::vec(any_step(), 1..25)) {
        run(steps);
    }
}
