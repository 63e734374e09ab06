//! Every mode over one result that holds what breaks tables: wide characters, NULL, line breaks, quotes,
//! control characters, vectors.

use argtop::{Column, DataType, Error, Value};

use super::mode::{Cells, Mode, Page, write_rows};

impl Cells for Vec<Value> {
    fn values(&self) -> &[Value] {
        self
    }
}

fn columns(columns: &[(&str, DataType)]) -> Vec<Column> {
    let column = |(name, data_type): &(&str, DataType)| Column {
        name: (*name).to_owned(),
        data_type: data_type.clone(),
    };
    columns.iter().map(column).collect()
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn rendered(page: Page, columns: &[Column], rows: Vec<Vec<Value>>) -> String {
    let mut out = Vec::new();
    let expected = rows.len() as u64;
    let count =
        write_rows(page, columns, &mut rows.into_iter().map(Ok::<_, Error>), &mut out).expect("written");
    assert_eq!(count, expected);
    String::from_utf8(out).expect("UTF-8")
}

fn page(mode: Mode) -> Page {
    Page { mode, width: None, raw: false }
}

#[track_caller]
fn check(mode: Mode, expect: &str) {
    let columns = columns(&[("id", DataType::BigInt), ("title", DataType::Text), ("x", DataType::Double)]);
    let rows = vec![
        vec![Value::BigInt(1), text("red | \"shoe\""), Value::Double(0.1)],
        vec![Value::BigInt(-20), text("\u{9774}\u{5b50}\nline 2"), Value::Null],
        vec![Value::Null, text(""), Value::Double(1e300)],
    ];
    assert_eq!(rendered(page(mode), &columns, rows), expect);
}

#[test]
fn table() {
    check(
        Mode::Table,
        "\
+------+--------------+-------+
| id   | title        | x     |
+------+--------------+-------+
|    1 | red | \"shoe\" |   0.1 |
|  -20 | \u{9774}\u{5b50}\\nline 2 |  NULL |
| NULL |              | 1e300 |
+------+--------------+-------+
",
    );
}

#[test]
fn box_frames_are_as_wide_as_wide_characters() {
    let columns = columns(&[("a", DataType::Text)]);
    let rows = vec![vec![text("\u{9774}\u{5b50}")], vec![text("ab")]];
    let bar = '\u{2502}';
    let rule = "\u{2500}".repeat(6);
    let expect = format!(
        "\u{250c}{rule}\u{2510}\n{bar} a    {bar}\n\u{251c}{rule}\u{2524}\n\
         {bar} \u{9774}\u{5b50} {bar}\n{bar} ab   {bar}\n\u{2514}{rule}\u{2518}\n"
    );
    assert_eq!(rendered(page(Mode::Box), &columns, rows), expect);
}

#[test]
fn lines() {
    check(
        Mode::Line,
        "   id = 1\ntitle = red | \"shoe\"\n    x = 0.1\n\n   id = -20\n\
         title = \u{9774}\u{5b50}\\nline 2\n    x = NULL\n\n   id = NULL\ntitle = \n    x = 1e300\n",
    );
}

#[test]
fn csv_quotes_and_tells_null_from_the_empty_text() {
    check(
        Mode::Csv,
        "id,title,x\n1,\"red | \"\"shoe\"\"\",0.1\n-20,\"\u{9774}\u{5b50}\nline 2\",\n,\"\",1e300\n",
    );
}

#[test]
fn json_is_one_array() {
    check(
        Mode::Json,
        "[{\"id\":1,\"title\":\"red | \\\"shoe\\\"\",\"x\":0.1},\n \
         {\"id\":-20,\"title\":\"\u{9774}\u{5b50}\\nline 2\",\"x\":null},\n \
         {\"id\":null,\"title\":\"\",\"x\":1e+300}]\n",
    );
}

#[test]
fn markdown() {
    check(
        Mode::Markdown,
        "| id | title | x |\n| --: | --- | --: |\n| 1 | red \\| \"shoe\" | 0.1 |\n\
         | -20 | \u{9774}\u{5b50}<br>line 2 | NULL |\n| NULL |  | 1e300 |\n",
    );
}

#[test]
fn trash_reads_the_rows_and_prints_nothing() {
    check(Mode::Trash, "");
}

#[test]
fn jsonl_values_of_every_type() {
    let columns = columns(&[("v", DataType::Json)]);
    for (value, expect) in [
        (Value::Null, "null"),
        (Value::Boolean(true), "true"),
        (Value::BigInt(i64::MIN), "-9223372036854775808"),
        (Value::Double(0.1 + 0.2), "0.30000000000000004"),
        (Value::Double(f64::NEG_INFINITY), "\"-Infinity\""),
        (text("a\"\u{1b}\\"), "\"a\\\"\\u001b\\\\\""),
        (Value::Json("{\"k\":\n [1, 2.50]}".to_owned()), "{\"k\":  [1, 2.50]}"),
        (Value::Vector(vec![0.1, -2.0]), "[0.1,-2.0]"),
        (Value::List(vec![text("a"), Value::Null]), "[\"a\",null]"),
        (Value::List(Vec::new()), "[]"),
    ] {
        let got = rendered(page(Mode::Jsonl), &columns, vec![vec![value]]);
        assert_eq!(got, format!("{{\"v\":{expect}}}\n"));
    }
}

#[test]
fn json_lines_parse_and_keep_every_bit() {
    let columns = columns(&[("v", DataType::Unknown)]);
    let vector = vec![f32::MIN_POSITIVE, 0.1, 16_777_217.0, -1e-40];
    let line = rendered(page(Mode::Jsonl), &columns, vec![vec![Value::Vector(vector.clone())]]);
    let parsed: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    let read: Vec<f32> = parsed["v"]
        .as_array()
        .expect("an array")
        .iter()
        .map(|x| x.as_f64().expect("a number") as f32)
        .collect();
    assert_eq!(read, vector);
}

#[test]
fn equal_names_get_distinct_keys() {
    let names = ["score", "score", "score_2", "score"].map(|name| (name, DataType::BigInt));
    let row = (1..=4).map(Value::BigInt).collect();
    let got = rendered(page(Mode::Jsonl), &columns(&names), vec![row]);
    assert_eq!(got, "{\"score\":1,\"score_3\":2,\"score_2\":3,\"score_4\":4}\n");
}

#[test]
fn no_rows_still_have_a_header() {
    let columns = columns(&[("a", DataType::BigInt)]);
    let empty = |mode| rendered(page(mode), &columns, Vec::new());
    assert_eq!(empty(Mode::Table), "+---+\n| a |\n+---+\n+---+\n");
    assert_eq!(empty(Mode::Csv), "a\n");
    assert_eq!(empty(Mode::Json), "[]\n");
    assert_eq!(empty(Mode::Jsonl), "");
}

#[test]
fn long_vectors_and_arrays_are_shortened_for_eyes_only() {
    let columns = columns(&[("v", DataType::Unknown)]);
    let vector = Value::Vector([0.12, -0.03].into_iter().cycle().take(384).collect());
    let line = rendered(page(Mode::Line), &columns, vec![vec![vector.clone()]]);
    assert_eq!(line, "v = [0.12, -0.03, ... 384]\n");
    let json = rendered(page(Mode::Jsonl), &columns, vec![vec![vector]]);
    assert_eq!(json.matches(',').count(), 383);
    let list = Value::List((0..100).map(Value::BigInt).collect());
    let line = rendered(page(Mode::Line), &columns, vec![vec![list]]);
    assert_eq!(line, "v = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ... 100]\n");
}

#[test]
fn stored_escape_sequences_do_not_reach_the_terminal() {
    let columns = columns(&[("a\u{7}", DataType::Text)]);
    for mode in [Mode::Table, Mode::Box, Mode::Line, Mode::Markdown] {
        let got = rendered(page(mode), &columns, vec![vec![text("\u{1b}[31mred\u{9b}\t")]]);
        assert!(!got.replace('\n', "").contains(char::is_control), "{mode:?}: {got:?}");
        assert!(got.contains("\\u{1b}[31mred\\u{9b}\\t"), "{mode:?}: {got:?}");
    }
}

#[test]
fn tables_are_cut_to_the_terminal() {
    let columns = columns(&[("id", DataType::BigInt), ("title", DataType::Text)]);
    let rows = vec![vec![Value::BigInt(1), text(&"\u{9774}".repeat(40))], vec![Value::BigInt(2), text("b")]];
    let page = Page { mode: Mode::Table, width: Some(23), raw: false };
    let got = rendered(page, &columns, rows);
    // The wide character that would not fit whole leaves one column of padding.
    assert_eq!(got.lines().nth(3), Some(format!("|  1 | {}...  |", "\u{9774}".repeat(5)).as_str()));
    assert!(got.lines().all(|line| super::text::width(line) == 23), "{got}");
}

#[test]
fn numbers_are_never_cut() {
    let columns = columns(&[("n", DataType::BigInt), ("t", DataType::Text)]);
    let mut rows: Vec<Vec<Value>> = (0..1_000).map(|_| vec![Value::BigInt(1), text("a")]).collect();
    rows.push(vec![Value::BigInt(1_234_567_890_123), text(&"b".repeat(99))]);
    let got = rendered(Page { mode: Mode::Table, width: Some(20), raw: false }, &columns, rows);
    let expect = format!("| 1234567890123 | {}... |", "b".repeat(17));
    assert_eq!(got.lines().nth(1_003), Some(expect.as_str()));
}

#[test]
fn rows_beyond_the_held_ones_are_written_too() {
    let columns = columns(&[("n", DataType::BigInt)]);
    let rows: Vec<Vec<Value>> = (0..2_500).map(|n| vec![Value::BigInt(n)]).collect();
    let got = rendered(page(Mode::Table), &columns, rows);
    assert_eq!(got.lines().count(), 2_504);
    assert_eq!(got.lines().nth(2_502), Some("| 2499 |"));
}

#[test]
fn plans_are_printed_without_a_frame() {
    let columns = columns(&[("plan", DataType::Text)]);
    let rows = vec![vec![text("Search\n  probe")], vec![text("total")]];
    let page = Page { mode: Mode::Box, width: None, raw: true };
    assert_eq!(rendered(page, &columns, rows), "Search\n  probe\ntotal\n");
}
