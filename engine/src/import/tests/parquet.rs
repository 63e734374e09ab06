//! `read_parquet`, over files of our own and one of another program.

use std::path::Path;
use std::sync::Arc;

use ::parquet::basic::Compression;
use ::parquet::data_type::{ByteArrayType, FixedLenByteArrayType, Int32Type, Int64Type};
use ::parquet::file::properties::{WriterProperties, WriterVersion};
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::parser::parse_message_type;

use super::*;
use crate::export::{OutputFile, RowForm, Rows as Answer};

/// Written by pyarrow with snappy and dictionaries; every column but the first has a NULL.
pub(super) const OF_PYARROW: &[u8] = include_bytes!("pyarrow.parquet");

/// Writes rows as COPY TO does.
pub(super) fn write(path: &Path, columns: &[(&str, DataType)], rows: &[Vec<Value>]) {
    let columns: Vec<(String, DataType)> =
        columns.iter().map(|(n, t)| ((*n).to_owned(), t.clone())).collect();
    let form = RowForm::new(path, None, &columns).unwrap();
    let mut file = form.begin(OutputFile::create(path.to_owned()).unwrap()).unwrap();
    match form.printer() {
        None => rows.iter().for_each(|row| file.add(Answer::Values(row, row.len())).unwrap()),
        Some(printer) => {
            let mut bytes = Vec::new();
            rows.iter().zip(1..).for_each(|(row, number)| printer.print(number, row, &mut bytes).unwrap());
            file.add(Answer::Printed(&bytes)).unwrap();
        }
    }
    file.finish().unwrap();
}

fn vector() -> DataType {
    DataType::Vector { dimension: Some(2), format: argtop_query::value::VectorFormat::F32 }
}

/// Columns and rows of every type that can be written.
pub(super) fn every_type() -> (Vec<(&'static str, DataType)>, Vec<Vec<Value>>) {
    let columns = vec![
        ("id", DataType::BigInt),
        ("n", DataType::Integer),
        ("x", DataType::Real),
        ("y", DataType::Double),
        ("ok", DataType::Boolean),
        ("title", DataType::Text),
        ("j", DataType::Json),
        ("labels", list_of(DataType::BigInt)),
        ("tags", list_of(DataType::Text)),
        ("weights", list_of(DataType::Double)),
        ("z", vector()),
    ];
    let rows = vec![
        vec![
            Value::BigInt(i64::MIN),
            Value::BigInt(-7),
            Value::Double(0.5),
            Value::Double(0.1),
            Value::Boolean(true),
            text("a,\"b\"\nc"),
            Value::Json("{\"a\":[1,null]}".to_owned()),
            integers(&[1, -2]),
            Value::List(vec![text("x"), Value::Null]),
            Value::List(vec![Value::Double(0.25)]),
            Value::Vector(vec![1.0, 0.1]),
        ],
        vec![Value::Null; 11],
        vec![
            Value::BigInt(3),
            Value::BigInt(0),
            Value::Double(-2.0),
            Value::Double(1e300),
            Value::Boolean(false),
            text(""),
            Value::Json("7".to_owned()),
            integers(&[]),
            Value::List(vec![]),
            Value::List(vec![Value::Null]),
            Value::Vector(vec![0.0, -3.5]),
        ],
    ];
    (columns, rows)
}

/// All types by name, for the formats that do not know them.
const TYPES: &str = "id BIGINT, n INTEGER, x REAL, y DOUBLE, ok BOOLEAN, title TEXT, j JSON, \
                     labels BIGINT[], tags TEXT[], weights DOUBLE[], z VECTOR(2)";

#[test]
fn every_type_comes_back() {
    let (columns, rows) = every_type();
    let folder = Folder::new(&[]);
    for (name, function) in [
        ("o.parquet", ReadFunction::Parquet),
        ("o.jsonl.zst", ReadFunction::Jsonl),
        ("o.csv.zst", ReadFunction::Csv),
        ("o.jsonl.gz", ReadFunction::Jsonl),
    ] {
        write(&folder.path(name), &columns, &rows);
        let call = folder.call(function, name, &[("columns", text(TYPES))]);
        let mut expected = rows.clone();
        if function == ReadFunction::Csv {
            // A field of CSV does not tell the NULL of a TEXT column from the empty text.
            expected[1][5] = text("");
        }
        assert_eq!(read(&call).unwrap().1, expected, "{name}");
    }
    // Without types by hand those of the file are taken: a vector is a list of numbers.
    let (found, read_rows) = read(&folder.call(ReadFunction::Parquet, "o.parquet", &[])).unwrap();
    let types: Vec<DataType> = found.into_iter().map(|(_, data_type)| data_type).collect();
    assert_eq!(types[..3], [DataType::BigInt, DataType::BigInt, DataType::Double]);
    assert_eq!(types[10], list_of(DataType::Double));
    assert_eq!(read_rows[2][10], Value::List(vec![Value::Double(0.0), Value::Double(-3.5)]));
    assert_eq!(read_rows[0][..10], rows[0][..10]);
}

#[test]
fn numbers_and_times_that_json_lacks_come_back() {
    let folder = Folder::new(&[]);
    let columns = [("y", DataType::Double), ("at", DataType::Timestamp), ("none", DataType::Unknown)];
    let rows = [
        vec![Value::Double(f64::INFINITY), Value::Timestamp(-1), Value::Null],
        vec![Value::Double(-0.0), Value::Timestamp(1_500_000), Value::Null],
    ];
    write(&folder.path("o.parquet"), &columns, &rows);
    let (found, read_rows) = read(&folder.call(ReadFunction::Parquet, "o.parquet", &[])).unwrap();
    assert_eq!((found[1].1.clone(), found[2].1.clone()), (DataType::Timestamp, DataType::Text));
    assert_eq!(read_rows, rows);
    let texts = [("columns", text("at TEXT"))];
    let (_, read_rows) = read(&folder.call(ReadFunction::Parquet, "o.parquet", &texts)).unwrap();
    assert_eq!(read_rows[1], [text("1970-01-01 00:00:01.5")]);
}

#[test]
fn many_rows_come_back_over_pages_and_row_groups() {
    let folder = Folder::new(&[]);
    let columns = [("id", DataType::BigInt), ("t", DataType::Text), ("l", list_of(DataType::BigInt))];
    let row = |id: i64| {
        let list = (0..id % 7).map(|n| if n == 3 { Value::Null } else { Value::BigInt(n * id) }).collect();
        let title = if id % 5 == 0 { Value::Null } else { text(&format!("title {id}")) };
        vec![Value::BigInt(id), title, if id % 11 == 0 { Value::Null } else { Value::List(list) }]
    };
    // More than one row group has.
    let rows: Vec<Vec<Value>> = (0..150_000).map(row).collect();
    write(&folder.path("o.parquet"), &columns, &rows);
    let call = folder.call(ReadFunction::Parquet, "o.parquet", &[]);
    let source = open(&call, &Access::anywhere(), &ImportLimits::default()).unwrap();
    assert!(all_rows(source, 1000).unwrap() == rows, "rows differ");
    let limits = ImportLimits { batch_bytes_max: 10_000, ..ImportLimits::default() };
    let mut source = open(&call, &Access::anywhere(), &limits).unwrap();
    let batch = source.next_batch(100_000).unwrap().unwrap().len();
    assert!((100..1_000).contains(&batch), "{batch} rows have 10,000 bytes");
}

#[test]
fn a_file_of_pyarrow_is_read() {
    let folder = Folder::new(&[("p.parquet", OF_PYARROW)]);
    let (columns, rows) = read(&folder.call(ReadFunction::Parquet, "p.parquet", &[])).unwrap();
    let types = [
        DataType::BigInt,
        DataType::BigInt,
        DataType::BigInt,
        DataType::Text,
        DataType::Double,
        DataType::Double,
        DataType::Boolean,
        list_of(DataType::BigInt),
        list_of(DataType::Text),
        list_of(DataType::Double),
        DataType::Timestamp,
        DataType::Timestamp,
    ];
    let found: Vec<DataType> = columns.into_iter().map(|(_, data_type)| data_type).collect();
    assert_eq!(found, types);
    let doubles = |items: [f64; 2]| Value::List(items.map(Value::Double).to_vec());
    assert_eq!(
        rows[0],
        [
            Value::BigInt(1),
            Value::BigInt(1),
            Value::BigInt(1),
            text("a"),
            Value::Double(0.5),
            Value::Double(0.1),
            Value::Boolean(true),
            integers(&[1, 2]),
            Value::List(vec![text("a"), Value::Null]),
            doubles([1.0, 0.0]),
            Value::Timestamp(0),
            Value::Timestamp(0),
        ]
    );
    assert_eq!(rows[1][1], Value::Null);
    assert_eq!(rows[1][7..9], [integers(&[]), Value::Null]);
    assert_eq!(rows[1][10..], [Value::Timestamp(1_500_000), Value::Timestamp(86_400_000_000)]);
    assert_eq!(rows[2][2], Value::BigInt(4_294_967_295));
    assert_eq!(rows[2][3..8], [Value::Null, Value::Double(2.0), Value::Null, Value::Null, Value::Null]);
    let chosen = [("columns", text("z VECTOR(2), id TEXT, labels JSON"))];
    let (_, rows) = read(&folder.call(ReadFunction::Parquet, "p.parquet", &chosen)).unwrap();
    assert_eq!(rows[1], [Value::Vector(vec![0.5, 2.0]), text("2"), Value::Json("[]".to_owned())]);
}

#[test]
fn files_of_a_pattern_share_their_columns() {
    let folder = Folder::new(&[]);
    let rows = [vec![Value::BigInt(1), Value::Double(2.0)]];
    write(&folder.path("a.parquet"), &[("x", DataType::BigInt), ("y", DataType::Double)], &rows);
    write(&folder.path("b.parquet"), &[("x", DataType::BigInt), ("y", DataType::Double)], &rows);
    write(&folder.path("c.parquet"), &[("x", DataType::BigInt), ("w", DataType::Double)], &rows);
    assert_eq!(read(&folder.call(ReadFunction::Parquet, "[ab].parquet", &[])).unwrap().1.len(), 2);
    refused(&folder.call(ReadFunction::Parquet, "*.parquet", &[]), &["c.parquet", "columns differ"]);
    let x = [("columns", text("x BIGINT"))];
    assert_eq!(read(&folder.call(ReadFunction::Parquet, "*.parquet", &x)).unwrap().1.len(), 3);
    let y = [("columns", text("y BIGINT"))];
    refused(&folder.call(ReadFunction::Parquet, "*.parquet", &y), &["c.parquet", "no column `y`", "x, w"]);
}

#[test]
fn an_empty_file_has_its_columns() {
    let folder = Folder::new(&[]);
    write(&folder.path("o.parquet"), &[("x", DataType::BigInt)], &[]);
    let (columns, rows) = read(&folder.call(ReadFunction::Parquet, "o.parquet", &[])).unwrap();
    assert_eq!((columns, rows), (vec![("x".to_owned(), DataType::BigInt)], Rows::new()));
}

/// A file of a schema in words; `fill` writes the columns of its only row group.
fn other(path: &Path, schema: &str, version: WriterVersion, rows: &[i64]) {
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = WriterProperties::builder()
        .set_compression(Compression::UNCOMPRESSED)
        .set_dictionary_enabled(false)
        .set_writer_version(version)
        .build();
    let file = fs::File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    while let Some(mut column) = group.next_column().unwrap() {
        use ::parquet::column::writer::ColumnWriter;
        match column.untyped() {
            ColumnWriter::Int32ColumnWriter(_) => {
                let values: Vec<i32> = rows.iter().map(|row| *row as i32).collect();
                column.typed::<Int32Type>().write_batch(&values, None, None).unwrap();
            }
            ColumnWriter::Int64ColumnWriter(_) => {
                column.typed::<Int64Type>().write_batch(rows, None, None).unwrap();
            }
            ColumnWriter::ByteArrayColumnWriter(_) => {
                let values: Vec<_> = rows.iter().map(|row| row.to_string().as_str().into()).collect();
                column.typed::<ByteArrayType>().write_batch(&values, None, None).unwrap();
            }
            ColumnWriter::FixedLenByteArrayColumnWriter(_) => {
                let values: Vec<_> = rows.iter().map(|row| row.to_be_bytes().to_vec().into()).collect();
                column.typed::<FixedLenByteArrayType>().write_batch(&values, None, None).unwrap();
            }
            _ => panic!("no such column is written"),
        }
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
}

#[test]
fn types_without_a_counterpart_are_named() {
    let folder = Folder::new(&[]);
    let refuse = |column: &str, parts: &[&str]| {
        let schema = format!("message m {{ required int64 id; {column} }}");
        other(&folder.path("a.parquet"), &schema, WriterVersion::PARQUET_1_0, &[1, 2]);
        let call = folder.call(ReadFunction::Parquet, "a.parquet", &[]);
        refused(&call, &[parts, &["a.parquet", "columns => [...]"]].concat());
        let id = [("columns", text("id BIGINT"))];
        assert_eq!(
            read(&folder.call(ReadFunction::Parquet, "a.parquet", &id)).unwrap().1.len(),
            2,
            "{column}"
        );
    };
    refuse("required fixed_len_byte_array(8) d (DECIMAL(18, 2));", &["column `d` is FIXED_LEN", "ecimal"]);
    refuse("required int64 d (DECIMAL(18, 2));", &["column `d`", "ecimal"]);
    refuse("required fixed_len_byte_array(8) f;", &["column `f` is FIXED_LEN_BYTE_ARRAY"]);
    refuse("required int32 t (TIME(MILLIS, true));", &["column `t`", "Time"]);
    refuse("required group g { required int64 a; required int64 b; }", &["column `g` is a group of columns"]);
    refuse("required binary b;", &["column `b` is BYTE_ARRAY", "UTF-8"]);
    other(&folder.path("b.parquet"), "message m { required binary b; }", WriterVersion::PARQUET_1_0, &[5]);
    let b = [("columns", text("b TEXT"))];
    assert_eq!(read(&folder.call(ReadFunction::Parquet, "b.parquet", &b)).unwrap().1, [[text("5")]]);
}

#[test]
fn pages_of_the_second_version_are_read() {
    let folder = Folder::new(&[]);
    let rows: Vec<i64> = (0..5000).map(|row| row * row % 1013).collect();
    let schema = "message m { required int64 id; required int32 n; }";
    other(&folder.path("a.parquet"), schema, WriterVersion::PARQUET_2_0, &rows);
    let (_, read_rows) = read(&folder.call(ReadFunction::Parquet, "a.parquet", &[])).unwrap();
    let expected: Rows = rows.iter().map(|row| vec![Value::BigInt(*row), Value::BigInt(*row)]).collect();
    assert!(read_rows == expected, "rows differ");
    let schema = "message m { required binary t (STRING); }";
    other(&folder.path("b.parquet"), schema, WriterVersion::PARQUET_2_0, &rows);
    refused(
        &folder.call(ReadFunction::Parquet, "b.parquet", &[]),
        &["column `t`", "DELTA_BYTE_ARRAY", "plain"],
    );
}

#[test]
fn values_that_do_not_fit_name_their_row() {
    let folder = Folder::new(&[]);
    let rows = [[1.0, 0.0], [2.0, f64::NAN], [3.0, 0.5]].map(|row| row.map(Value::Double).to_vec());
    write(&folder.path("a.parquet"), &[("x", DataType::Double), ("y", DataType::Double)], &rows);
    let call = folder.call(ReadFunction::Parquet, "a.parquet", &[]);
    refused(&call, &["a.parquet", "row 1", "column `y`", "NaN", "DOUBLE"]);
    // The other rows are there where bad ones are passed over.
    let mut source = open(&call, &Access::anywhere(), &ImportLimits::default()).unwrap();
    let readable = source.next_readable(10).unwrap().unwrap();
    assert_eq!(readable.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
    let y = [("columns", text("y BIGINT"))];
    refused(&folder.call(ReadFunction::Parquet, "a.parquet", &y), &["row 1", "BIGINT"]);
    let large = "message m { required int64 u (INTEGER(64, false)); }";
    other(&folder.path("b.parquet"), large, WriterVersion::PARQUET_1_0, &[7, -1]);
    let call = folder.call(ReadFunction::Parquet, "b.parquet", &[]);
    refused(&call, &["row 1", "18446744073709551615", "BIGINT"]);
}
