//! `read_csv`.

use super::*;

fn read_text(content: &str, options: &[(&str, Value)]) -> Result<(Vec<(String, DataType)>, Rows), String> {
    let folder = Folder::new(&[("a.csv", content.as_bytes())]);
    read(&folder.call(ReadFunction::Csv, "a.csv", options))
}

#[track_caller]
fn infers(fields: &[&str], expected: DataType) {
    let content = format!("x,y\n{}", fields.iter().map(|f| format!("{f},\n")).collect::<String>());
    let (columns, _) = read_text(&content, &[]).unwrap();
    assert_eq!(columns[0].1, expected, "{fields:?}");
}

#[test]
fn types_are_inferred() {
    infers(&["1", "-20", "", "0"], DataType::BigInt);
    infers(&["1", "2.5", "1e3", "-.5"], DataType::Double);
    infers(&["true", "FALSE", ""], DataType::Boolean);
    infers(&["", ""], DataType::Text);
    infers(&["007"], DataType::Text);
    infers(&["+1"], DataType::Text);
    infers(&["nan"], DataType::Text);
    infers(&["inf"], DataType::Text);
    infers(&["1e400"], DataType::Text);
    infers(&["9223372036854775808"], DataType::Double);
    infers(&["1", "true"], DataType::Text);
    infers(&["-"], DataType::Text);
}

#[test]
fn rows_follow_the_records() {
    let content = "\u{feff}id;title;score\r\n1;\"two\nlines; \"\"quoted\"\"\";\r\n2;;0.5\r\n";
    let (columns, rows) = read_text(content, &[("delimiter", text(";"))]).unwrap();
    let names: Vec<&str> = columns.iter().map(|(n, _)| n.as_str()).collect();
    assert_eq!(names, ["id", "title", "score"]);
    assert_eq!(
        rows,
        [
            vec![Value::BigInt(1), text("two\nlines; \"quoted\""), Value::Null],
            vec![Value::BigInt(2), text(""), Value::Double(0.5)],
        ]
    );
}

#[test]
fn a_file_without_header_numbers_its_columns() {
    let no_header = ("header", Value::Boolean(false));
    let (columns, rows) =
        read_text("1\ta\n2\tb\n", &[no_header.clone(), ("delimiter", text("\\t"))]).unwrap();
    assert_eq!(columns, [("column1".to_owned(), DataType::BigInt), ("column2".to_owned(), DataType::Text)]);
    assert_eq!(rows.len(), 2);
    let named = ("columns", text("id TEXT, labels BIGINT[]"));
    let (_, rows) = read_text("1,\"[3,4]\"\n", &[no_header, named]).unwrap();
    assert_eq!(rows, [vec![text("1"), integers(&[3, 4])]]);
}

#[test]
fn types_by_hand_replace_the_inferred_ones() {
    let (columns, rows) = read_text("zip,n\n123,4\n", &[("columns", text("zip TEXT"))]).unwrap();
    assert_eq!(columns[0].1, DataType::Text);
    assert_eq!(rows, [vec![text("123"), Value::BigInt(4)]]);
    let error = read_text("zip,n\n123,4\n", &[("columns", text("zap TEXT"))]).unwrap_err();
    assert!(error.contains("`zap`") && error.contains("zip, n"), "{error}");
}

#[test]
fn errors_name_line_column_and_fix() {
    let mut content = "id,t\n".to_owned() + &"1,a\n".repeat(1000);
    content.push_str("x1,b\n");
    let error = read_text(&content, &[]).unwrap_err();
    for part in ["a.csv", "line 1002", "`id`", "`x1`", "BIGINT", "id TEXT"] {
        assert!(error.contains(part), "{error}");
    }
    let refuse = |content: &str, parts: &[&str]| {
        let error = read_text(content, &[]).unwrap_err();
        parts.iter().for_each(|part| assert!(error.contains(part), "no `{part}` in: {error}"));
    };
    refuse("a,b\n1,2\n3\n", &["line 3", "1 fields where 2"]);
    refuse("a,a\n1,2\n", &["two columns `a`"]);
    refuse("a,\n1,2\n", &["column 2 has no name"]);
    refuse("", &["no columns"]);
    let error = read_text("a\n1\n", &[("delimiter", text("||"))]).unwrap_err();
    assert!(error.contains("one ASCII character"), "{error}");
}

#[test]
fn files_of_a_pattern_share_their_header() {
    let folder = Folder::new(&[("a.csv", b"x,y\n1,2\n"), ("b.csv", b"x,y\n3,4\n"), ("c.csv", b"y,x\n5,6\n")]);
    assert_eq!(read(&folder.call(ReadFunction::Csv, "[ab].csv", &[])).unwrap().1.len(), 2);
    refused(&folder.call(ReadFunction::Csv, "*.csv", &[]), &["c.csv", "header differs"]);
}

#[test]
fn what_is_exported_reads_back() {
    let folder = Folder::new(&[]);
    let columns = ["id", "t", "s", "v"].map(str::to_owned);
    let rows = [
        vec![Value::BigInt(1), text("a,\"b\"\nc"), Value::Double(0.1), integers(&[1, 2])],
        vec![Value::BigInt(-2), text(""), Value::Null, integers(&[])],
    ];
    for name in ["o.csv", "o.csv.gz", "o.csv.zst", "o.jsonl", "o.jsonl.gz", "o.jsonl.zst"] {
        let access = Access::anywhere();
        let mut sink = crate::export::open_sink(&folder.path(name), None, &columns, &access).unwrap();
        rows.iter().for_each(|row| sink.write(row).unwrap());
        sink.finish().unwrap();
        let function = if name.contains("csv") { ReadFunction::Csv } else { ReadFunction::Jsonl };
        let types = ("columns", text("id BIGINT, t TEXT, s DOUBLE, v BIGINT[]"));
        assert_eq!(read(&folder.call(function, name, &[types])).unwrap().1, rows, "{name}");
    }
}
