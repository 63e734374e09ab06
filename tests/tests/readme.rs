//! The README's promises: its quick start runs as it stands, and its two commands exist.

use std::fs;
use std::process::Command;

use argtop_tests::suite;

fn readme() -> String {
    fs::read_to_string(suite::repository().join("README.md")).expect("the README")
}

/// The first shell block after a heading.
fn block<'a>(readme: &'a str, heading: &str) -> &'a str {
    let (_, section) = readme.split_once(&format!("\n{heading}\n")).expect("the heading");
    let section = section.split("\n## ").next().unwrap_or(section);
    let (_, block) = section.split_once("```sh\n").expect("a shell block");
    block.split_once("```").expect("the block ends").0
}

#[test]
fn the_quick_start_runs() {
    let readme = readme();
    let script = block(&readme, "## Quick start");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let database = folder.path().join("quickstart.db");
    assert!(script.contains(" quickstart.db"), "the block names its database:\n{script}");
    let script = script.replace("quickstart.db", &database.display().to_string());
    let binary = suite::binary();
    let target = binary.parent().and_then(|release| release.parent()).expect("the target folder");
    let mut command = Command::new("sh");
    command.args(["-e", "-c", &script]).current_dir(suite::repository());
    command.env("CARGO_TARGET_DIR", target).env("ORT_DYLIB_PATH", suite::onnxruntime());
    let output = command.output().expect("sh runs");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n{stdout}\n{stderr}", output.status);
    suite::says(&stdout, &["waterproof hiking boot", "garden chair of oak"]);
    assert!(database.is_dir(), "the database is where the block says");
}

#[test]
fn the_two_commands_exist() {
    let readme = readme();
    let commands = block(&readme, "## Two commands");
    let makefile = fs::read_to_string(suite::repository().join("Makefile")).expect("the Makefile");
    for target in ["demo", "test"] {
        suite::says(commands, &[&format!("make {target}")]);
        assert!(makefile.lines().any(|line| line.starts_with(&format!("{target}:"))), "make {target}");
    }
}

/// Files and folders that the README names exist.
#[test]
fn paths_in_the_readme_exist() {
    let readme = readme();
    let words = readme.split(|c: char| c.is_whitespace() || "`'\"();,".contains(c));
    let ours = |word: &&str| {
        let first = word.split('/').next().unwrap_or_default();
        word.contains('/') && ["cli", "engine", "query", "storage", "tests"].contains(&first)
    };
    let paths: Vec<&str> = words.filter(ours).collect();
    assert!(paths.len() > 2, "{paths:?}");
    for path in paths {
        let path = suite::repository().join(path.trim_end_matches(['.', ':']));
        assert!(path.exists(), "{} is not there", path.display());
    }
}
