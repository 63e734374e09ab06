//! Parquet files that were cut, changed or made to hurt.

use super::parquet::{OF_PYARROW, every_type, write};
use super::*;

fn refuses(bytes: &[u8], limits: &ImportLimits, parts: &[&str]) {
    let folder = Folder::new(&[("a.parquet", bytes)]);
    let call = folder.call(ReadFunction::Parquet, "a.parquet", &[]);
    let read = open(&call, &Access::anywhere(), limits).and_then(|source| all_rows(source, 100));
    let message = read.map(|_| ()).unwrap_err().to_string();
    for part in parts.iter().chain(&["a.parquet"]) {
        assert!(message.contains(part), "no `{part}` in: {message}");
    }
}

/// The bytes of a file of these rows.
fn file(columns: &[(&str, DataType)], rows: &[Vec<Value>]) -> Vec<u8> {
    let folder = Folder::new(&[]);
    write(&folder.path("a.parquet"), columns, rows);
    fs::read(folder.path("a.parquet")).unwrap()
}

fn examples() -> [Vec<u8>; 2] {
    let (columns, rows) = every_type();
    [file(&columns, &rows), OF_PYARROW.to_vec()]
}

#[test]
fn a_file_that_was_cut_is_refused_at_every_cut() {
    let folder = Folder::new(&[]);
    let call = folder.call(ReadFunction::Parquet, "a.parquet", &[]);
    for whole in examples() {
        for cut in 0..whole.len() {
            fs::write(folder.path("a.parquet"), &whole[..cut]).unwrap();
            let message = read(&call).unwrap_err();
            assert!(message.contains("a.parquet"), "{message}");
        }
        // What is behind the cut is missing in the middle: every place lies.
        for gap in (4..whole.len() - 8).step_by(7) {
            let holed = [&whole[..gap], &whole[gap + 1..]].concat();
            fs::write(folder.path("a.parquet"), &holed).unwrap();
            let _ = read(&call);
        }
    }
}

#[test]
fn changed_bytes_are_an_error_or_other_values() {
    let mut random = fastrand::Rng::with_seed(7);
    let mut refused = 0;
    let folder = Folder::new(&[]);
    let call = folder.call(ReadFunction::Parquet, "a.parquet", &[]);
    for whole in examples() {
        for _ in 0..2_000 {
            let mut bytes = whole.clone();
            for _ in 0..random.usize(1..4) {
                let place = random.usize(..bytes.len());
                bytes[place] = match random.u8(..3) {
                    0 => random.u8(..),
                    1 => 0xff,
                    _ => bytes[place] ^ 1 << random.u8(..8),
                };
            }
            fs::write(folder.path("a.parquet"), &bytes).unwrap();
            if let Err(message) = read(&call) {
                assert!(message.contains("a.parquet"), "{message}");
                refused += 1;
            }
        }
    }
    assert!(refused > 1_000, "{refused} of 4,000 files were refused");
}

#[test]
fn sizes_are_compared_with_the_limits() {
    let rows: Vec<Vec<Value>> =
        (0..3000).map(|n| vec![text(&format!("title {n}")), integers(&[n, n + 1, n + 2])]).collect();
    let whole = file(&[("t", DataType::Text), ("l", list_of(DataType::BigInt))], &rows);
    let limits = ImportLimits::default();
    refuses(
        &whole,
        &ImportLimits { parquet_page_bytes_max: 1000, ..limits.clone() },
        &["a page of", "limit 1000"],
    );
    refuses(
        &whole,
        &ImportLimits { parquet_chunk_bytes_max: 9000, ..limits.clone() },
        &["row group 0", "limit 9000"],
    );
    refuses(
        &whole,
        &ImportLimits { parquet_held_bytes_max: 9000, ..limits.clone() },
        &["9000 bytes", "columns =>"],
    );
    refuses(
        &whole,
        &ImportLimits { parquet_footer_bytes_max: 90, ..limits.clone() },
        &["a footer of", "limit 90"],
    );
    refuses(
        &whole,
        &ImportLimits { list_length_max: 2, ..limits.clone() },
        &["column `l`", "more than 2 values"],
    );
    refuses(&whole, &ImportLimits { line_bytes_max: 20, ..limits.clone() }, &["row 0: longer than 20"]);
    refuses(&whole, &ImportLimits { columns_max: 1, ..limits }, &["limit 1 columns"]);
}

#[test]
fn bombs_are_not_unpacked() {
    // Few KB of zstd that would be 80 MB.
    let bomb = file(&[("t", DataType::Text)], &[vec![text(&"a".repeat(80 << 20))]]);
    assert!(bomb.len() < 64 << 10, "{} bytes", bomb.len());
    let limits = ImportLimits::default();
    refuses(&bomb, &limits, &["row group 0, column `t`", "a page of", "limit 67108864"]);
    let long = file(&[("t", DataType::Text)], &[vec![text("a")], vec![text(&"a".repeat(17 << 20))]]);
    refuses(&long, &limits, &["row 1: longer than 16777216 bytes"]);
    // One list of nulls takes a few bytes however long it is.
    let nulls = vec![Value::List(vec![Value::Null; 300_000])];
    let list = file(&[("l", list_of(DataType::BigInt))], &[nulls]);
    assert!(list.len() < 1 << 10, "{} bytes", list.len());
    refuses(&list, &limits, &["column `l`", "a list of more than 262144 values"]);
    // A text of one dictionary, repeated in one list.
    let same = vec![Value::List(vec![text(&"a".repeat(1 << 19)); 100])];
    refuses(
        &file(&[("l", list_of(DataType::Text))], &[same]),
        &limits,
        &["row 0: longer than 16777216 bytes"],
    );
}

/// A file without rows whose footer is given.
fn with_footer(footer: &[u8]) -> Vec<u8> {
    let length = u32::try_from(footer.len()).unwrap().to_le_bytes();
    [b"PAR1", footer, &length, b"PAR1"].concat()
}

#[test]
fn footers_that_lie_are_refused_before_they_are_believed() {
    let limits = ImportLimits::default();
    // Version 1, then a schema of 5,000 groups, each inside the one before.
    let mut deep = b"\x15\x02\x19\xfc\x88\x27".to_vec();
    deep.extend(b"\x48\x01g\x15\x02\x00".repeat(5_000));
    deep.push(0);
    refuses(&with_footer(&deep), &limits, &["nested deeper than 16"]);
    // The same as a set, which the crate would take for a list, and with counts in 64 bits.
    let mut set = deep.clone();
    set[2] = 0x1a;
    refuses(&with_footer(&set), &limits, &["a schema that is no list"]);
    let mut wide = b"\x15\x02\x19\xfc\x88\x27".to_vec();
    wide.extend(b"\x48\x01g\x16\x02\x00".repeat(5_000));
    wide.push(0);
    refuses(&with_footer(&wide), &limits, &["a schema that cannot be understood"]);
    // One group that says to have two billion columns.
    let many = b"\x15\x02\x19\x1c\x48\x01g\x15\xfe\xff\xff\xff\x0f\x00\x00";
    refuses(&with_footer(many), &limits, &["a group of 2147483647 columns, of 1 in all"]);
    // A list that says to have four billion elements.
    refuses(
        &with_footer(b"\x15\x02\x19\xfc\xff\xff\xff\xff\x0f\x48"),
        &limits,
        &["the footer ends too early"],
    );
    let long = [&b"\x15\x02\x19\x1c\x48\xac\x02"[..], &[b'x'; 300], b"\0\0"].concat();
    refuses(&with_footer(&long), &limits, &["a column name of 300 bytes"]);
    refuses(&with_footer(b""), &limits, &["the footer"]);
    refuses(&with_footer(&[0xff; 100]), &limits, &["the footer"]);
    let mut encrypted = with_footer(b"\0");
    encrypted.splice(..4, *b"PARE");
    refuses(&encrypted, &limits, &["encrypted"]);
    refuses(b"PAR1PAR1", &limits, &["not a Parquet file"]);
}
