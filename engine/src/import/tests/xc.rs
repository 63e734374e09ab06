//! `read_xc` and the labels of COPY ... (FORMAT xc).

use super::*;

const POINTS: &[u8] = b"{\"uid\":\"q0\",\"title\":\"red shoe\",\"content\":\"for rain\",\
\"target_ind\":[2,0],\"target_rel\":[1.0,0.5]}\n\
{\"uid\":7,\"title\":\"blue\",\"content\":\"\",\"target_ind\":[],\"target_rel\":[]}\n\
{\"title\":\"\",\"content\":\"only content\",\"target_ind\":[1],\"other\":{\"x\":1}}\n";

fn folder(truth: &str, filter: &str) -> Folder {
    let files: &[(&str, &[u8])] =
        &[("tst.json.gz", &gzip(POINTS)), ("y.txt", truth.as_bytes()), ("f.txt", filter.as_bytes())];
    Folder::new(files)
}

fn call(folder: &Folder, names: &[(&str, &str)]) -> ReadCall {
    let path = |name: &str| Value::Text(folder.path(name).to_string_lossy().into_owned());
    let options: Vec<(&str, Value)> = names.iter().map(|(option, name)| (*option, path(name))).collect();
    folder.call(ReadFunction::Xc, "tst.json.gz", &options)
}

fn doubles(items: &[f64]) -> Value {
    Value::List(items.iter().copied().map(Value::Double).collect())
}

#[test]
fn points_carry_their_targets() {
    let folder = folder("", "");
    let (columns, rows) = read(&call(&folder, &[])).unwrap();
    let names: Vec<&str> = columns.iter().map(|(n, _)| n.as_str()).collect();
    assert_eq!(names, ["qid", "text", "labels", "relevance", "exclude"]);
    assert_eq!(
        rows,
        [
            vec![
                text("q0"),
                text("red shoe for rain"),
                integers(&[2, 0]),
                doubles(&[1.0, 0.5]),
                integers(&[])
            ],
            vec![text("7"), text("blue"), integers(&[]), doubles(&[]), integers(&[])],
            vec![Value::Null, text("only content"), integers(&[1]), doubles(&[1.0]), integers(&[])],
        ]
    );
}

#[test]
fn truth_and_filter_replace_and_extend() {
    let folder = folder("3 5\n4:1.00000 1:0.5\n\n0:1\n", "2 4\n0 3\n\n0 1\n0 3\n");
    let (_, rows) = read(&call(&folder, &[("truth", "y.txt"), ("filter", "f.txt")])).unwrap();
    let lists: Vec<&[Value]> = rows.iter().map(|row| &row[2..]).collect();
    assert_eq!(lists[0], [integers(&[4, 1]), doubles(&[1.0, 0.5]), integers(&[3, 1, 3])]);
    assert_eq!(lists[1], [integers(&[]), doubles(&[]), integers(&[])]);
    assert_eq!(lists[2], [integers(&[0]), doubles(&[1.0]), integers(&[4])]);
}

#[test]
fn an_empty_last_row_is_a_row() {
    let folder = folder("3 5\n4:1\n0:1\n\n", "");
    let (_, rows) = read(&call(&folder, &[("truth", "y.txt"), ("filter", "f.txt")])).unwrap();
    assert_eq!(rows[2][2], integers(&[]));
}

#[test]
fn files_that_do_not_belong_together_are_refused() {
    let truth = |content: &str, parts: &[&str]| {
        let folder = folder(content, "");
        refused(&call(&folder, &[("truth", "y.txt")]), &[&["y.txt"], parts].concat());
    };
    truth("4 5\n\n\n\n\n", &["4 rows", "has 3"]);
    truth("2 5\n\n\n", &["2 rows", "has 3"]);
    truth("3 5\n0:1\n", &["promises 3 rows, the file has 1"]);
    truth("3 5\n\n\n\n1:1\n", &["line 5", "more rows than the 3"]);
    truth("3 5\n5:1\n\n\n", &["line 2", "index 5 outside the 5 columns"]);
    truth("3 5\n1:1 1:1\n\n\n", &["line 2", "index 1 twice"]);
    truth("3 5\n-1:1\n\n\n", &["line 2", "-1"]);
    truth("3 5\n1:inf\n\n\n", &["not finite"]);
    truth("3 5\n1 2\n\n\n", &["`1` is no entry"]);
    truth("3 5 6\n1,2 3:4\n", &["old layout"]);
    truth("0:1\n", &["line 1", "rows columns"]);
    truth("", &["line 1"]);
    let filter = |content: &str, parts: &[&str]| {
        let folder = folder("3 5\n\n\n\n", content);
        let parts = [&["f.txt"], parts].concat();
        refused(&call(&folder, &[("truth", "y.txt"), ("filter", "f.txt")]), &parts);
    };
    filter("0 1\n3 1\n", &["line 2", "document 3", "3 points"]);
    filter("0 5\n", &["line 1", "label 5", "5 labels"]);
    filter("0 1 2\n", &["line 1", "not a pair"]);
    filter("a 1\n", &["not a pair"]);
    filter("-1 1\n", &["not a pair"]);
}

#[test]
fn points_that_make_no_sense_are_refused() {
    let refuse = |line: &str, parts: &[&str]| {
        let folder = Folder::new(&[("tst.json", line.as_bytes())]);
        refused(&folder.call(ReadFunction::Xc, "tst.json", &[]), &[&["line 1"], parts].concat());
    };
    refuse("{\"uid\":1}", &["neither `title` nor `content`"]);
    refuse("{\"title\":5}", &["`title`", "5"]);
    refuse("{\"title\":\"a\",\"target_ind\":[-1]}", &["`target_ind`", "[-1]"]);
    refuse("{\"title\":\"a\",\"target_ind\":[1.5]}", &["`target_ind`"]);
    refuse("{\"title\":\"a\",\"target_ind\":[1],\"target_rel\":[]}", &["1 in target_ind, 0 in target_rel"]);
    refuse("some text", &["one JSON object"]);
    let folder = folder("", "");
    refused(&folder.call(ReadFunction::Xc, "tst.json.gz", &[("trueth", text("y"))]), &["truth, filter"]);
    refused(&call(&folder, &[("truth", "absent.txt")]), &["absent.txt", "cannot open"]);
}

#[test]
fn labels_are_numbered_by_row() {
    let content =
        b"{\"uid\":\"B01\",\"title\":\"shoe\"}\n{\"uid\":2,\"title\":\"boot\",\"content\":\"long\"}\n";
    let folder = Folder::new(&[("lbl.json.gz", &gzip(content))]);
    let source =
        open_labels(&folder.path("lbl.json.gz"), &Access::anywhere(), &ImportLimits::default()).unwrap();
    let names: Vec<&str> = source.columns().iter().map(|(n, _)| n.as_str()).collect();
    assert_eq!(names, ["id", "title", "uid", "content"]);
    assert_eq!(
        all_rows(source, 1).unwrap(),
        [
            vec![Value::BigInt(0), text("shoe"), text("B01"), Value::Null],
            vec![Value::BigInt(1), text("boot"), text("2"), text("long")],
        ]
    );
}
