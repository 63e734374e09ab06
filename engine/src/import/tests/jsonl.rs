//! `read_jsonl`.

use super::*;

fn read_text(content: &str) -> Result<(Vec<(String, DataType)>, Rows), String> {
    let folder = Folder::new(&[("a.jsonl", content.as_bytes())]);
    read(&folder.call(ReadFunction::Jsonl, "a.jsonl", &[]))
}

#[track_caller]
fn infers(values: &[&str], expected: DataType) {
    let lines: String = values.iter().map(|v| format!("{{\"x\":{v}}}\n")).collect();
    let (columns, rows) = read_text(&lines).unwrap();
    assert_eq!(columns, [("x".to_owned(), expected)]);
    assert_eq!(rows.len(), values.len());
}

#[test]
fn types_are_inferred() {
    infers(&["1", "-2", "null"], DataType::BigInt);
    infers(&["1", "2.5"], DataType::Double);
    infers(&["18446744073709551615"], DataType::Double);
    infers(&["\"a\"", "null"], DataType::Text);
    infers(&["true", "false"], DataType::Boolean);
    infers(&["[1,2]", "[]"], list_of(DataType::BigInt));
    infers(&["[1]", "[2.5]"], list_of(DataType::Double));
    infers(&["[\"a\",null]"], list_of(DataType::Text));
    infers(&["{\"a\":1}"], DataType::Json);
    infers(&["1", "\"a\""], DataType::Json);
    infers(&["[1]", "1"], DataType::Json);
    infers(&["[[1]]"], DataType::Json);
    infers(&["null"], DataType::Json);
    infers(&["[]"], DataType::Json);
}

#[test]
fn rows_follow_the_lines() {
    let content = "\u{feff}{\"id\":1,\"tags\":[\"a\"]}\r\n\n  \n\
                   {\"score\":0.5,\"id\":2,\"o\":{\"b\":[1,{}],\"a\":null}}";
    let (columns, rows) = read_text(content).unwrap();
    let names: Vec<&str> = columns.iter().map(|(n, _)| n.as_str()).collect();
    assert_eq!(names, ["id", "tags", "score", "o"]);
    let tags = Value::List(vec![text("a")]);
    let object = Value::Json("{\"b\":[1,{}],\"a\":null}".to_owned());
    assert_eq!(
        rows,
        [
            vec![Value::BigInt(1), tags, Value::Null, Value::Null],
            vec![Value::BigInt(2), Value::Null, Value::Double(0.5), object],
        ]
    );
}

#[test]
fn later_values_that_do_not_fit_name_their_place() {
    let mut content = "{\"id\":1}\n".repeat(1000);
    content.push_str("{\"id\":\"abc\"}\n");
    let message = read_text(&content).unwrap_err();
    for part in ["a.jsonl", "line 1001", "`id`", "\"abc\"", "BIGINT", "columns =>"] {
        assert!(message.contains(part), "{message}");
    }
    let mut content = "{\"id\":1}\n".repeat(1000);
    content.push_str("{\"id\":1,\"extra\":2}\n");
    let message = read_text(&content).unwrap_err();
    assert!(message.contains("line 1001") && message.contains("`extra`"), "{message}");
}

#[test]
fn columns_can_be_chosen() {
    let content = "{\"id\":1,\"z\":[1,2.5],\"n\":7.0,\"skip\":{}}\n{\"id\":\"b\",\"z\":null,\"n\":8}\n";
    let folder = Folder::new(&[("a.jsonl", content.as_bytes())]);
    let list = Value::List(vec![text("id TEXT"), text("n BIGINT"), text("z VECTOR(2)"), text("m BIGINT[]")]);
    let (_, rows) = read(&folder.call(ReadFunction::Jsonl, "a.jsonl", &[("columns", list)])).unwrap();
    assert_eq!(rows[0], [text("1"), Value::BigInt(7), Value::Vector(vec![1.0, 2.5]), Value::Null]);
    assert_eq!(rows[1], [text("b"), Value::BigInt(8), Value::Null, Value::Null]);
    let one = &[("columns", text("n BIGINT, id TEXT"))];
    assert_eq!(
        read(&folder.call(ReadFunction::Jsonl, "a.jsonl", one)).unwrap().1[1],
        [Value::BigInt(8), text("b")]
    );
    let refuse = |columns: &str, part: &str| {
        refused(&folder.call(ReadFunction::Jsonl, "a.jsonl", &[("columns", text(columns))]), &[part]);
    };
    refuse("z VECTOR(3)", "does not fit VECTOR(3)");
    refuse("id BIGINT", "line 2");
    refuse("id", "`id`");
    refuse("id TIMESTAMP", "CAST");
    refuse("id TEXT, id TEXT", "twice");
}

#[test]
fn options_are_checked() {
    let folder = Folder::new(&[("a.jsonl", b"{\"x\":1}")]);
    refused(
        &folder.call(ReadFunction::Jsonl, "a.jsonl", &[("colums", text("x"))]),
        &["colums", "known are columns"],
    );
    let columns = ("columns", text("x BIGINT"));
    refused(&folder.call(ReadFunction::Jsonl, "a.jsonl", &[columns.clone(), columns]), &["given twice"]);
    refused(
        &folder.call(ReadFunction::Jsonl, "a.jsonl", &[("columns", Value::BigInt(1))]),
        &["list of TEXT"],
    );
}

#[test]
fn patterns_read_files_in_name_order() {
    let second = gzip(b"{\"x\":2}\n");
    let files: &[(&str, &[u8])] = &[
        ("b.jsonl.gz", &second),
        ("a.jsonl", b"{\"x\":1}"),
        ("c.jsonl", b"{\"x\":3.5}"),
        ("other.txt", b"?"),
    ];
    let folder = Folder::new(files);
    fs::create_dir(folder.path("d.jsonl")).unwrap();
    let (columns, rows) = read(&folder.call(ReadFunction::Jsonl, "*.jsonl*", &[])).unwrap();
    assert_eq!(columns[0].1, DataType::Double);
    assert_eq!(rows.concat(), [1.0, 2.0, 3.5].map(Value::Double));
    refused(&folder.call(ReadFunction::Jsonl, "z*.jsonl", &[]), &["no file matches"]);
    refused(&folder.call(ReadFunction::Jsonl, "[", &[]), &["bad pattern"]);
    let limits = ImportLimits { files_max: 2, ..ImportLimits::default() };
    let call = folder.call(ReadFunction::Jsonl, "*.jsonl*", &[]);
    assert!(
        open(&call, &Access::anywhere(), &limits).err().unwrap().to_string().contains("more than 2 files")
    );
}

#[test]
fn names_with_brackets_are_names_first() {
    let folder = Folder::new(&[("a[1].jsonl", b"{\"x\":1}")]);
    assert_eq!(read(&folder.call(ReadFunction::Jsonl, "a[1].jsonl", &[])).unwrap().1.len(), 1);
}

#[test]
fn gzip_is_told_by_extension_and_checked() {
    let two_members = [gzip(b"{\"x\":1}\n{\"x\""), gzip(b":2}\n")].concat();
    let whole = gzip(&b"{\"x\":1}\n".repeat(5000));
    let cut = &whole[..whole.len() - 20];
    let folder = Folder::new(&[
        ("a.jsonl.gz", &two_members),
        ("b.jsonl.gz", b"{\"x\":1}"),
        ("c.jsonl", &two_members),
        ("d.jsonl.gz", cut),
        ("e.jsonl.gz", b""),
    ]);
    let refused =
        |name: &str, part: &str| refused(&folder.call(ReadFunction::Jsonl, name, &[]), &[part, name]);
    assert_eq!(read(&folder.call(ReadFunction::Jsonl, "a.jsonl.gz", &[])).unwrap().1.len(), 2);
    refused("b.jsonl.gz", "not gzip");
    refused("c.jsonl", "rename");
    refused("d.jsonl.gz", "cannot read");
    refused("e.jsonl.gz", "not gzip");
}

#[test]
fn zstd_is_told_by_extension_and_checked() {
    let skipped =
        [b"\x50\x2a\x4d\x18\x03\0\0\0abc", &zstd(b"{\"x\":1}\n{\"x\"")[..], &zstd(b":2}\n")].concat();
    let whole = zstd(&(0..5000).map(|x| format!("{{\"x\":{x}}}\n")).collect::<String>().into_bytes());
    let folder = Folder::new(&[
        ("a.jsonl.zst", &skipped),
        ("b.jsonl.zst", b"{\"x\":1}"),
        ("c.jsonl", &skipped),
        ("d.jsonl.zst", &whole[..whole.len() - 20]),
        ("e.jsonl.zst", b""),
        ("f.jsonl.zst", &gzip(b"{\"x\":1}")),
        ("g.jsonl.ZST", &whole),
    ]);
    let refused =
        |name: &str, part: &str| refused(&folder.call(ReadFunction::Jsonl, name, &[]), &[part, name]);
    let count = |name: &str| read(&folder.call(ReadFunction::Jsonl, name, &[])).unwrap().1.len();
    assert_eq!((count("a.jsonl.zst"), count("g.jsonl.ZST")), (2, 5000));
    refused("b.jsonl.zst", "not zstd");
    refused("c.jsonl", "rename it to end in .zst");
    refused("d.jsonl.zst", "cannot read");
    refused("e.jsonl.zst", "not zstd");
    refused("f.jsonl.zst", "rename it to end in .gz");
}

/// One frame of one raw block whose header asks for a window of 2 to the power of `log`.
fn frame(log: u8, content: &[u8]) -> Vec<u8> {
    let block = (u32::try_from(content.len()).unwrap() << 3 | 1).to_le_bytes();
    [b"\x28\xb5\x2f\xfd\0", &[(log - 10) << 3][..], &block[..3], content].concat()
}

#[test]
fn a_window_beyond_the_limit_is_refused() {
    let folder = Folder::new(&[
        ("a.jsonl.zst", &frame(27, b"{\"x\":1}")),
        ("b.jsonl.zst", &frame(28, b"{\"x\":1}")),
        ("c.jsonl.zst", &frame(41, b"{\"x\":1}")),
    ]);
    assert_eq!(read(&folder.call(ReadFunction::Jsonl, "a.jsonl.zst", &[])).unwrap().1.len(), 1);
    refused(&folder.call(ReadFunction::Jsonl, "b.jsonl.zst", &[]), &["b.jsonl.zst", "memory"]);
    refused(&folder.call(ReadFunction::Jsonl, "c.jsonl.zst", &[]), &["c.jsonl.zst", "memory"]);
}

#[test]
fn a_batch_ends_at_its_bytes() {
    let content = format!("{{\"x\":\"{}\"}}\n", "a".repeat(1000)).repeat(100);
    let folder = Folder::new(&[("a.jsonl", content.as_bytes())]);
    let limits = ImportLimits { batch_bytes_max: 10_000, ..ImportLimits::default() };
    let call = folder.call(ReadFunction::Jsonl, "a.jsonl", &[]);
    let mut source = open(&call, &Access::anywhere(), &limits).unwrap();
    assert_eq!(source.next_batch(1000).unwrap().unwrap().len(), 10);
}
