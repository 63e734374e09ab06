//! The golden scripts, a test for each group. `tests/scripts/README.md` says how to run and update them.

use std::collections::BTreeSet;

use argtop_tests::golden::{run_group, scripts_folder};

macro_rules! groups {
    ($($group:ident,)+) => {
        /// Groups that have a test.
        const GROUPS: &[&str] = &[$(stringify!($group),)+];

        $(
            #[test]
            fn $group() {
                if let Err(problems) = run_group(stringify!($group)) {
                    panic!("{problems}");
                }
            }
        )+
    };
}

groups! {
    select,
    aggregates,
    tables,
    dml,
    search,
    flat,
    faiss,
    elias,
    classifiers,
    pipelines,
    auxiliary,
    copy,
    evaluate,
    explain,
    show,
    errors,
}

#[test]
fn every_group_has_a_test() {
    let entries = std::fs::read_dir(scripts_folder()).expect("the folder of the scripts");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let folders: BTreeSet<String> = paths
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().expect("a name").to_string_lossy().into_owned())
        .collect();
    assert_eq!(folders, GROUPS.iter().map(ToString::to_string).collect());
}
