//! Files made to hurt, and paths that lead elsewhere.

use std::path::Path;

use super::*;
use proptest::prelude::*;

#[track_caller]
fn jsonl_refuses(content: &[u8], parts: &[&str]) {
    let folder = Folder::new(&[("a.jsonl", content)]);
    refused(&folder.call(ReadFunction::Jsonl, "a.jsonl", &[]), parts);
}

#[test]
fn hostile_json_is_refused_with_its_line() {
    jsonl_refuses(b"{\"x\":1}\n{\"x\":1e400}\n", &["line 2", "out of range"]);
    jsonl_refuses(b"{\"x\":1,\"y\":2,\"x\":3}\n", &["line 1", "key `x` twice"]);
    jsonl_refuses(b"{\"x\":{\"y\":1,\"y\":2}}\n", &["key `y` twice"]);
    jsonl_refuses(b"{\"x\":1}\n{\"x\":\"a\xff\"}\n", &["line 2", "byte 7 of the line", "iconv"]);
    jsonl_refuses(b"{\"x\":\"\\ud800\"}\n", &["line 1", "bad JSON"]);
    jsonl_refuses(b"{\"x\":NaN}\n", &["line 1", "column 6"]);
    jsonl_refuses(b"{\"x\":1} {\"x\":2}\n", &["line 1"]);
    jsonl_refuses(b"[1]\n", &["a JSON array where an object"]);
    jsonl_refuses(b"{\"x\":1", &["line 1"]);
    jsonl_refuses(b"\n\n", &["no JSON object"]);
    let deep = format!("{{\"x\":{}", "[".repeat(100_000));
    jsonl_refuses(deep.as_bytes(), &["line 1", "nested deeper than 64"]);
    let wide = format!("{{\"x\":[{}0]}}", "0,".repeat(1 << 18));
    jsonl_refuses(wide.as_bytes(), &["more than 262144 values"]);
    let keys: Vec<String> = (0..5000).map(|i| format!("\"k{i}\":1")).collect();
    jsonl_refuses(format!("{{{}}}", keys.join(",")).as_bytes(), &["more than 4096 different keys"]);
}

#[test]
fn a_line_without_end_is_not_read_whole() {
    // 64 MB of one letter, 64 KB compressed.
    let bomb = gzip(&vec![b'a'; 64 << 20]);
    let folder = Folder::new(&[
        ("a.jsonl.gz", &bomb),
        ("b.csv.gz", &bomb),
        ("c.csv.gz", &{
            let mut open_quote = b"x\n\"".to_vec();
            open_quote.resize(64 << 20, b'a');
            gzip(&open_quote)
        }),
    ]);
    let more =
        Folder::new(&[("d.csv.gz", &gzip(&vec![b','; 64 << 20])), ("e.jsonl.gz", &gzip(&[b'\n'; 2 << 20]))]);
    refused(&more.call(ReadFunction::Csv, "d.csv.gz", &[]), &["line 1", "2097152 delimiters"]);
    refused(&more.call(ReadFunction::Jsonl, "e.jsonl.gz", &[]), &["1048576 blank lines"]);
    let jsonl = folder.call(ReadFunction::Jsonl, "a.jsonl.gz", &[]);
    refused(&jsonl, &["line 1", "longer than 16777216 bytes"]);
    refused(&folder.call(ReadFunction::Csv, "b.csv.gz", &[]), &["longer than 16777216 bytes"]);
    refused(&folder.call(ReadFunction::Csv, "c.csv.gz", &[]), &["line 2", "close the quote"]);
}

#[test]
fn a_line_of_the_largest_size_passes() {
    let limits = ImportLimits { line_bytes_max: 20, ..ImportLimits::default() };
    let fits = b"{\"x\":\"0123456789ab\"}\r\n{\"x\":\"0123456789ab\"}";
    let folder = Folder::new(&[("a.jsonl", fits), ("b.jsonl", b"{\"x\":\"0123456789abc\"}\n")]);
    let rows = |name: &str| {
        let call = folder.call(ReadFunction::Jsonl, name, &[]);
        open(&call, &Access::anywhere(), &limits)
            .and_then(|source| all_rows(source, 9))
            .map(|rows| rows.len())
    };
    assert_eq!(rows("a.jsonl").unwrap(), 2);
    assert!(rows("b.jsonl").unwrap_err().to_string().contains("longer than 20 bytes"));
}

#[test]
fn invalid_utf8_in_csv_is_named() {
    let folder = Folder::new(&[("a.csv", b"x,y\n1,a\n2,b\xff\n")]);
    refused(&folder.call(ReadFunction::Csv, "a.csv", &[]), &["line 3", "invalid UTF-8 at byte 1"]);
}

#[test]
fn messages_do_not_repeat_control_characters() {
    let mut content = "{\"x\":1}\n".repeat(1000).into_bytes();
    content.extend_from_slice(b"{\"x\":1,\"\\u001b[31m\":2}\n");
    let folder = Folder::new(&[("a.jsonl", &content)]);
    let message = read(&folder.call(ReadFunction::Jsonl, "a.jsonl", &[])).unwrap_err();
    assert!(!message.contains('\u{1b}') && message.contains("\\u{1b}"), "{message}");
}

#[test]
fn only_regular_files_are_opened() {
    let folder = Folder::new(&[]);
    refused(&folder.call(ReadFunction::Jsonl, "", &[]), &["directory"]);
    refused(&folder.call(ReadFunction::Jsonl, "absent.jsonl", &[]), &["cannot open", "absent.jsonl"]);
    let device = ReadCall { path: "/dev/zero".to_owned(), ..folder.call(ReadFunction::Npy, "", &[]) };
    refused(&device, &["device, pipe or socket"]);
}

#[cfg(unix)]
#[test]
fn access_follows_links_before_it_compares() {
    let inside = Folder::new(&[("in.jsonl", b"{\"x\":1}")]);
    let outside = Folder::new(&[("out.jsonl", b"{\"x\":1}")]);
    std::os::unix::fs::symlink(outside.path("out.jsonl"), inside.path("link.jsonl")).unwrap();
    let access = Access { roots: Some(vec![inside.0.path().to_owned()]) };
    let forbidden = |path: &Path| matches!(access.input(path), Err(ImportError::Forbidden { .. }));
    assert!(access.input(&inside.path("in.jsonl")).is_ok());
    assert!(forbidden(&inside.path("link.jsonl")));
    assert!(forbidden(&outside.path("out.jsonl")));
    // The answer does not tell whether the file exists.
    assert!(forbidden(&outside.path("absent.jsonl")));
    assert!(forbidden(&inside.path("../absent.jsonl")));
    assert!(matches!(access.input(&inside.path("absent.jsonl")), Err(ImportError::Io { .. })));
    let limits = ImportLimits::default();
    let pattern = |folder: &Folder| folder.path("*.jsonl").to_string_lossy().into_owned();
    assert!(matches!(access.files(&pattern(&outside), &limits), Err(ImportError::Forbidden { .. })));
    assert!(matches!(access.files(&pattern(&inside), &limits), Err(ImportError::Forbidden { .. })));
    assert!(access.output(&inside.path("new.jsonl")).is_ok());
    assert!(access.output(&outside.path("new.jsonl")).is_err());
    assert!(access.output(&inside.path("link.jsonl")).is_err());
}

#[test]
fn formats_follow_the_extension() {
    assert_eq!(FileFormat::of("a/b.JSONL.gz", None).unwrap(), FileFormat::Jsonl);
    assert_eq!(FileFormat::of("lbl.json.gz", Some("xc")).unwrap(), FileFormat::Xc);
    assert_eq!(FileFormat::of("w.npy", None).unwrap(), FileFormat::Npy);
    assert_eq!(FileFormat::of("a.csv.zst", None).unwrap(), FileFormat::Csv);
    assert_eq!(FileFormat::of("a.Parquet", None).unwrap(), FileFormat::Parquet);
    assert!(FileFormat::of("a.parquet.gz", None).is_err());
    assert!(FileFormat::of("out", None).is_err());
    assert!(FileFormat::of("a.csv", Some("parket")).unwrap_err().to_string().contains("`parket`"));
}

/// Any bytes at all, and bytes that look like the format with a few of them changed.
fn bytes_like(example: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
    let changes = prop::collection::vec((0..example.len(), any::<u8>()), 0..6);
    let changed = (changes, 0..=example.len()).prop_map(move |(changes, cut)| {
        let mut bytes = example.to_vec();
        changes.into_iter().for_each(|(place, byte)| bytes[place] = byte);
        bytes.truncate(cut);
        bytes
    });
    prop_oneof![1 => prop::collection::vec(any::<u8>(), 0..200), 4 => changed]
}

const JSON: &[u8] = b"{\"title\":\"a\",\"target_ind\":[1,2],\"target_rel\":[1.0,0.5]}\n\
{\"title\":\"b\\u0041\"}\n";

const MATRIX: &[u8] =
    b"\x93NUMPY\x01\x00\x3b\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)} \n\
\x00\x00\x80\x3f\x00\x00\x80\x3f\x00\x00\x80\x3f\x00\x00\x80\x3f";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_bytes_make_a_reader_panic(
        json in bytes_like(JSON),
        csv in bytes_like(b"id,title\n1,\"a \"\"b\"\"\"\n2,c\n"),
        npy in bytes_like(MATRIX),
        truth in bytes_like(b"2 5\n1:1 2:0.5\n\n"),
        filter in bytes_like(b"0 1\n1 2\n"),
    ) {
        let folder = Folder::new(&[
            ("a.json", &json), ("a.csv", &csv), ("a.npy", &npy), ("y.txt", &truth), ("f.txt", &filter),
        ]);
        let path = |name: &str| Value::Text(folder.path(name).to_string_lossy().into_owned());
        let _ = read(&folder.call(ReadFunction::Jsonl, "a.json", &[]));
        let _ = read(&folder.call(ReadFunction::Csv, "a.csv", &[]));
        let _ = read(&folder.call(ReadFunction::Npy, "a.npy", &[]));
        let both = [("truth", path("y.txt")), ("filter", path("f.txt"))];
        let _ = read(&folder.call(ReadFunction::Xc, "a.json", &both));
    }
}

#[test]
fn the_example_matrix_is_valid() {
    let folder = Folder::new(&[("a.npy", MATRIX)]);
    assert_eq!(read(&folder.call(ReadFunction::Npy, "a.npy", &[])).unwrap().1.len(), 2);
}
