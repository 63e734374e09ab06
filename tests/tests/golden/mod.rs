//! The golden scripts, a test for each group. `tests/scripts/README.md` says how to run and update them.

use std::collections::BTreeSet;

use argtop_tests::golden::{environment, run_group, run_script, scripts_folder};

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
    fts,
    ann,
    elias,
    fuse,
    classifiers,
    pipelines,
    auxiliary,
    train,
    copy,
    evaluate,
    explain,
    show,
    errors,
    lateral,
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

/// The runner itself must fail where a script is wrong: a suite that cannot fail shows nothing.
#[test]
fn a_wrong_script_fails_and_can_be_updated() {
    let environment = environment().expect("what scripts need");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("wrong.sql");
    let wrong = "-- One and one.\n\nSELECT 1 + 1;\n--> 3\n";
    std::fs::write(&path, wrong).expect("a script");
    let problem = run_script(&path, &environment, false).expect_err("3 is wrong");
    assert!(
        problem.contains("SELECT 1 + 1") && problem.contains("--> 3") && problem.contains("--> 2"),
        "{problem}"
    );
    run_script(&path, &environment, true).expect("an update");
    let updated = std::fs::read_to_string(&path).expect("the script");
    assert_eq!(updated, wrong.replace("--> 3", "--> 2"));
    run_script(&path, &environment, false).expect("the script is right now");
}

/// Ways that differ are noticed: a setting that is itself the difference is read back.
#[test]
fn ways_that_differ_fail() {
    let environment = environment().expect("what scripts need");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("differs.sql");
    std::fs::write(
        &path,
        "-- Differs.\n\nCREATE TABLE t (id BIGINT PRIMARY KEY);\n\nSHOW search.use_generations;\n--> true\n",
    )
    .expect("a script");
    let problem = run_script(&path, &environment, false).expect_err("the setting is off in one way");
    assert!(problem.contains("store:"), "{problem}");
}
