//! The binary as scripts meet it: what it prints where, its exit codes, and that nothing around it (a closed
//! pipe, a full disk, an empty environment, a signal) makes it panic or leaves files behind.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

const SHOES: &str = "CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT); \
                     INSERT INTO t VALUES (1, 'red shoe'), (2, 'blue, shoe'), (3, NULL);";
const ALL: &str = "SELECT id, title FROM t ORDER BY id;";

fn argtop() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_argtop"));
    command.stdin(Stdio::null());
    command
}

/// Runs with these arguments and checks the exit code.
#[track_caller]
fn run(arguments: &[&str], code: i32) -> (String, String) {
    finish(argtop().args(arguments).output().expect("the binary runs"), code)
}

/// Runs with these arguments and this standard input, and checks the exit code.
#[track_caller]
fn run_piped(arguments: &[&str], input: &str, code: i32) -> (String, String) {
    let mut child = piped(argtop().args(arguments));
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it reads");
    finish(child.wait_with_output().expect("it ends"), code)
}

fn piped(command: &mut Command) -> Child {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the binary starts")
}

#[track_caller]
fn finish(output: Output, code: i32) -> (String, String) {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    assert!(!stderr.contains("panicked"), "{stderr}");
    assert_eq!(output.status.code(), Some(code), "stdout: {stdout}\nstderr: {stderr}");
    (stdout, stderr)
}

/// A folder for scripts and what they write.
struct Folder(TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().expect("a temporary directory"))
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().expect("UTF-8").to_owned()
    }

    fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.0.path().join(name), text).expect("a file");
        self.path(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.path().join(name)).expect("a file")
    }

    fn entries(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.0.path()).expect("a folder");
        entries.map(|entry| entry.expect("an entry").path()).collect()
    }
}

#[test]
fn rows_of_machine_modes_stand_alone_on_standard_output() {
    let (stdout, _) = run(&["--mode", "csv", "-c", SHOES, "-c", ALL], 0);
    assert_eq!(stdout, "id,title\n1,red shoe\n2,\"blue, shoe\"\n3,\n");
    let (stdout, _) = run(&["--mode", "jsonl", "-c", SHOES, "-c", ALL], 0);
    let expect = "{\"id\":1,\"title\":\"red shoe\"}\n{\"id\":2,\"title\":\"blue, shoe\"}\n\
                  {\"id\":3,\"title\":null}\n";
    assert_eq!(stdout, expect);
    let (stdout, _) = run(&["--mode", "trash", "-c", SHOES, "-c", ALL], 0);
    assert_eq!(stdout, "");
}

#[test]
fn a_pipe_gets_tables_without_colour_prompt_or_counts() {
    let (stdout, stderr) = run_piped(&[], &format!("{SHOES}\n{ALL}\n"), 0);
    let expect = "+----+------------+\n| id | title      |\n+----+------------+\n|  1 | red shoe   |\n\
                  |  2 | blue, shoe |\n|  3 | NULL       |\n+----+------------+\n";
    assert_eq!(stdout, expect);
    assert_eq!(stderr, "");
}

#[test]
fn commands_and_files_run_in_the_order_given() {
    let folder = Folder::new();
    let make = folder.write("make.sql", SHOES);
    let add = folder.write("add.sql", "INSERT INTO t VALUES (4, 'late');\n");
    let (stdout, _) = run(&["--mode=csv", "-f", &make, "-c", ALL, "-f", &add, "-c", ALL], 0);
    assert_eq!(stdout.matches("id,title").count(), 2);
    assert_eq!(stdout.matches("red shoe").count(), 2);
    assert!(stdout.ends_with("4,late\n"), "{stdout}");
}

#[test]
fn the_first_failing_statement_ends_a_batch_with_1() {
    let (stdout, stderr) = run(&["-c", SHOES, "-c", "SELECT id FROM missing;", "-c", ALL], 1);
    assert_eq!(stdout, "");
    assert!(stderr.starts_with("error["), "{stderr}");
    assert!(stderr.contains("missing") && stderr.contains('^'), "{stderr}");
    run_piped(&[], "SELECT id FROM missing;", 1);
}

#[test]
fn bail_off_goes_on_and_still_ends_with_1() {
    let script = format!(".bail off\n.mode csv\nSELECT id FROM missing;\n.nonsense\n{SHOES}\n{ALL}\n");
    let (stdout, stderr) = run_piped(&[], &script, 1);
    assert!(stdout.ends_with("3,\n"), "{stdout}");
    assert!(stderr.contains("stdin:3: error["), "{stderr}");
    assert!(stderr.contains("stdin:4: error: unknown command .nonsense"), "{stderr}");
}

#[test]
fn wrong_usage_ends_with_2() {
    run(&["--mode", "xml"], 2);
    run(&["--nonsense"], 2);
    run(&["--set", "novalue"], 2);
    run(&["one", "two"], 2);
}

#[test]
fn help_and_version_go_to_standard_output() {
    let (stdout, stderr) = run(&["--help"], 0);
    assert!(stdout.contains("--safe-mode") && stdout.contains("Exit code"), "{stdout}");
    assert_eq!(stderr, "");
    assert!(run(&["--version"], 0).0.starts_with("argtop "));
}

#[test]
fn errors_in_scripts_name_file_and_line() {
    let folder = Folder::new();
    let script = folder.write("a.sql", "-- a comment\n\nSELECT id\nFROM missing;\n");
    let (_, stderr) = run(&["-f", &script], 1);
    assert!(stderr.starts_with(&format!("{script}:4: error[")), "{stderr}");
    let (_, stderr) = run(&["-f", &folder.path("none.sql")], 1);
    assert!(stderr.contains("cannot read") && stderr.contains("none.sql"), "{stderr}");
}

#[test]
fn variables_are_for_scripts() {
    let folder = Folder::new();
    let inner = folder.write("inner.sql", "INSERT INTO t VALUES (${key}, '${word}');\n");
    let outer = folder.write("outer.sql", &format!("{SHOES}\n.read '{inner}'\n{ALL}\n"));
    let set = ["--set", "key=7", "--set", "word=it''s", "--mode", "csv", "-f", &outer];
    let (stdout, _) = run(&set, 0);
    assert!(stdout.ends_with("7,it's\n"), "{stdout}");
    let (_, stderr) = run(&["--set", "key=7", "-f", &outer], 1);
    assert!(stderr.starts_with(&format!("{inner}:1: error: variable ${{word}} is not defined")), "{stderr}");
}

#[test]
fn set_reaches_the_settings_of_the_engine() {
    let (stdout, _) = run(&["--set", "search.beam=64", "--mode", "csv", "-c", "SHOW search.beam"], 0);
    assert!(stdout.contains("64"), "{stdout}");
    let (_, stderr) = run(&["--set", "search.beam=wide", "-c", ".show"], 1);
    assert!(stderr.starts_with("error"), "{stderr}");
    let (stdout, _) = run(&["--set", "unknown.name=1", "-c", ".show"], 0);
    assert!(stdout.contains("${unknown.name}: 1"), "{stdout}");
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let folder = Folder::new();
    let script = folder.write("many.sql", &format!("{SHOES}\n{}", format!("{ALL}\n").repeat(5_000)));
    let mut child = argtop()
        .args(["--mode", "jsonl", "-f", &script])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut first = String::new();
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut first).expect("a line");
    assert_eq!(first, "{\"id\":1,\"title\":\"red shoe\"}\n");
    // The reader is dropped here, as head -1 does.
    let (_, stderr) = finish(child.wait_with_output().expect("it ends"), 0);
    assert_eq!(stderr, "");
}

#[test]
fn a_full_disk_is_an_error() {
    let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    let output = argtop().args(["-c", SHOES, "-c", ALL]).stdout(full).output().expect("the binary runs");
    let (_, stderr) = finish(output, 1);
    assert!(stderr.contains("cannot write the output"), "{stderr}");
}

#[test]
fn an_empty_environment_and_closed_descriptors_are_no_reason_to_panic() {
    let output = argtop().env_clear().args(["-c", SHOES, "-c", ALL]).output().expect("the binary runs");
    assert!(finish(output, 0).0.contains("red shoe"));
    for closed in ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"] {
        let script = format!("exec \"$0\" -c \"$1\" {closed}");
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_argtop"), SHOES]).env_clear();
        finish(shell.output().expect("the shell runs"), 0);
    }
    let script = "exec \"$0\" <&-";
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", script, env!("CARGO_BIN_EXE_argtop")]);
    finish(shell.output().expect("the shell runs"), 0);
}

#[test]
fn a_named_database_is_kept_and_a_temporary_one_is_removed() {
    let folder = Folder::new();
    let database = folder.path("db");
    run(&[&database, "-c", SHOES], 0);
    let (stdout, _) = run(&[&database, "--readonly", "--mode", "csv", "-c", ALL], 0);
    assert!(stdout.contains("red shoe"), "{stdout}");
    run(&[&database, "--readonly", "-c", "INSERT INTO t VALUES (9, 'x')"], 1);
    run(&["--readonly", &folder.path("none"), "-c", ALL], 1);
    assert!(!Path::new(&folder.path("none")).exists());

    let temporary = Folder::new();
    let tmpdir = temporary.0.path();
    let output = argtop().env("TMPDIR", tmpdir).args(["-c", SHOES]).output().expect("the binary runs");
    finish(output, 0);
    assert_eq!(temporary.entries(), Vec::<PathBuf>::new());
}

#[test]
fn signals_between_statements_end_the_program_and_remove_the_temporary_database() {
    for signal in ["INT", "TERM"] {
        let temporary = Folder::new();
        let mut child = piped(argtop().env("TMPDIR", temporary.0.path()).args(["--mode", "csv"]));
        let mut stdin = child.stdin.take().expect("a pipe");
        writeln!(stdin, "{SHOES}\n{ALL}").expect("it reads");
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        while line != "3,\n" {
            line.clear();
            assert!(stdout.read_line(&mut line).expect("a line") > 0, "the answer comes before the end");
        }
        // The program now waits for the next statement, which never comes.
        std::thread::sleep(std::time::Duration::from_millis(200));
        let kill = Command::new("kill").args([format!("-{signal}"), child.id().to_string()]).status();
        assert!(kill.expect("kill runs").success());
        let status = child.wait().expect("it ends");
        assert_eq!(status.code(), None, "{signal} ends it as it would without a handler");
        assert_eq!(temporary.entries(), Vec::<PathBuf>::new(), "{signal}");
    }
}

#[test]
fn answers_go_to_files() {
    let folder = Folder::new();
    let (all, once) = (folder.path("all.csv"), folder.path("o n c e.csv"));
    let script = format!(
        ".mode csv\n{SHOES}\n.output {all}\n{ALL}\n.once \"{once}\"\n{ALL}\n{ALL}\n\
         .output {all}\n{ALL}\n.output\n{ALL}\n"
    );
    let (stdout, _) = run_piped(&[], &script, 0);
    // Once by the statement after .once, which also ends .output, and once at the end.
    assert_eq!(stdout.matches("id,title").count(), 2);
    assert_eq!(folder.read("all.csv").matches("id,title").count(), 1);
    assert_eq!(folder.read("o n c e.csv").matches("id,title").count(), 1);
    let (_, stderr) = run(&["-c", ".output /nonexistent/x"], 1);
    assert!(stderr.contains("cannot write /nonexistent/x"), "{stderr}");
}

#[test]
fn safe_mode_refuses_files() {
    let folder = Folder::new();
    let script = folder.write("a.sql", SHOES);
    for command in [".read", ".output", ".once"] {
        let (_, stderr) = run(&["--safe-mode", "-c", &format!("{command} {script}")], 1);
        assert!(stderr.contains("is off in safe mode"), "{stderr}");
    }
    assert_eq!(folder.read("a.sql"), SHOES);
    run(&["--safe-mode", "-f", &script, "-c", ALL], 0);
}

#[test]
fn a_script_that_reads_itself_stops() {
    let folder = Folder::new();
    let script = folder.write("self.sql", &format!(".read {}\n", folder.path("self.sql")));
    let (_, stderr) = run(&["-f", &script], 1);
    assert!(stderr.contains("scripts read each other more than"), "{stderr}");
}

#[test]
fn quit_ends_everything_at_once() {
    let folder = Folder::new();
    let script = folder.write("quit.sql", ".quit\nSELECT id FROM missing;\n");
    run(&["-f", &script, "-c", "SELECT id FROM missing;"], 0);
}

#[test]
fn lines_that_are_not_text_are_an_error_with_a_place() {
    let folder = Folder::new();
    let path = folder.path("binary.sql");
    fs::write(&path, b"-- fine\n\xff\xfe\n").expect("a file");
    let (_, stderr) = run(&["-f", &path], 1);
    assert!(stderr.starts_with(&format!("{path}:2: error: the line is not UTF-8")), "{stderr}");
}

#[test]
fn tables_and_schema_are_listed() {
    let (stdout, _) = run(&["--mode", "csv", "-c", SHOES, "-c", ".tables", "-c", ".schema t"], 0);
    assert!(stdout.lines().any(|line| line == "t" || line.starts_with("t,")), "{stdout}");
    assert!(stdout.contains("BIGINT"), "{stdout}");
}

#[test]
fn run_times_go_to_standard_error() {
    let (stdout, stderr) = run_piped(&["--mode", "csv"], &format!(".timer on\n{SHOES}\n{ALL}\n"), 0);
    assert!(stdout.starts_with("id,title\n"), "{stdout}");
    assert_eq!(stderr.matches("Run time: ").count(), 3, "{stderr}");
}
