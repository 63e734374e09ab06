//! Files that statements read and write: encodings, sizes that lie, and paths that lead elsewhere.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;

use argtop::{Database, Options};
use argtop_tests::suite;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::{Place, quoted};

#[test]
fn jsonl_that_is_not_text() {
    let place = Place::new();
    let line = |middle: &[u8]| {
        [&b"{\"id\": 3, \"title\": \"a"[..], middle, &b"\", \"n\": 1, \"z\": [1, 0, 0]}\n"[..]].concat()
    };
    let good = line(b"");
    let cases: [(&str, Vec<u8>, &[&str]); 5] = [
        ("utf8.jsonl", [good.clone(), line(b"\xff\xfe")].concat(), &["line 2", "UTF-8"]),
        ("cut.jsonl", good[..30].to_vec(), &["line 1"]),
        ("nan.jsonl", b"{\"id\": 3, \"title\": \"a\", \"n\": 1, \"z\": [1, NaN, 0]}\n".to_vec(), &["line 1"]),
        ("huge.jsonl", b"{\"id\": 3, \"title\": \"a\", \"n\": 1, \"z\": [1, 1e39, 0]}\n".to_vec(), &["1e39"]),
        ("deep.jsonl", [b"{\"id\": ".to_vec(), b"[".repeat(100_000)].concat(), &["line 1", "nested deeper"]),
    ];
    for (name, content, phrases) in cases {
        let path = place.file(name, content);
        place.refuses(&format!("COPY t (id, title, n, z) FROM {path}"), phrases);
    }
    // One bad line among good ones leaves nothing behind.
    let lines: Vec<String> = (10..5_000)
        .map(|id| format!("{{\"id\": {id}, \"title\": \"x\", \"n\": 1, \"z\": [1, 0, 0]}}"))
        .collect();
    let path = place.file("many.jsonl", format!("{}\n{{\"id\": 1, \"title\": 2", lines.join("\n")));
    place.refuses(&format!("COPY t (id, title, n, z) FROM {path}"), &["line 4991"]);
    let path = place.file("taken.jsonl", format!("{}\n{}\n", lines.join("\n"), lines[0]));
    place.refuses(&format!("COPY t (id, title, n, z) FROM {path}"), &["id = 10"]);
    let path = place.file("wide.jsonl", "{\"id\": 3, \"title\": \"a\", \"n\": 1, \"z\": [1, 0]}");
    place.refuses(&format!("COPY t (id, title, n, z) FROM {path}"), &["3"]);
    let path = place.file("zero.jsonl", "{\"id\": 3, \"title\": \"a\", \"n\": 1, \"z\": [0, 0, 0]}");
    place.refuses(&format!("COPY t (id, title, n, z) FROM {path}"), &["zero vector"]);
}

/// A header of version 1 and the data behind it.
fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let length = u16::try_from(header.len()).expect("a short header").to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), data].concat()
}

#[test]
fn npy_headers_that_lie() {
    let place = Place::new();
    let zeros = [0_u8; 48];
    let cases: [(Vec<u8>, &[&str]); 9] = [
        (npy("<f4", "(1000000000000, 3)", &zeros), &["promises", "48"]),
        (npy("<f4", "(4611686018427387904, 4)", &zeros), &["48"]),
        (npy("<f4", "(99999999999999999999999, 3)", &zeros), &["64 bits"]),
        (npy("<f4", "(0, 4000000000)", &[]), &["transposed"]),
        (npy("<f4", "(-1, 3)", &zeros), &["64 bits"]),
        (npy("|O", "(4, 3)", &zeros), &["dtype", "astype"]),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff".to_vec(), &["header of 4294967295 bytes"]),
        (b"\x93NUMPY\x01\x00".to_vec(), &["not a NumPy file", "numpy.save"]),
        (b"PK\x03\x04".to_vec(), &["not a NumPy file"]),
    ];
    for (content, phrases) in cases {
        let path = place.file("a.npy", content);
        place.refuses(&format!("SELECT * FROM read_npy({path})"), phrases);
        place.refuses(&format!("SELECT count(*) FROM read_npy({path})"), phrases);
    }
}

/// Special floats in a matrix, by the reading function and into vectors and classifiers.
#[test]
fn npy_with_special_floats() {
    let place = Place::new();
    suite::execute(&place.database, "CREATE CLASSIFIER c ON t");
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let values = [1.0, 0.0, 0.0, 0.0, value, 0.0];
        let data: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let path = place.file("a.npy", npy("<f4", "(2, 3)", &data));
        let phrases = ["row 1", "column `1`", "finite"];
        place.refuses(&format!("SELECT * FROM read_npy({path})"), &phrases);
        place.refuses(&format!("COPY CLASSIFIER c FROM {path}"), &phrases);
        let insert = format!("INSERT INTO t SELECT row + 10, 'x', 1, vector FROM read_npy({path})");
        place.refuses(&insert, &phrases);
    }
    let path = place.file("b.npy", npy("<f4", "(2, 2)", &[0; 16]));
    place.refuses(&format!("COPY CLASSIFIER c FROM {path}"), &["2", "3"]);
    let path = place.file("c.npy", npy("<f4", "(5, 3)", &[0; 60]));
    place.refuses(&format!("COPY CLASSIFIER c FROM {path}"), &["5", "2"]);
}

/// A small file that becomes a large one is read in bounded pieces.
#[test]
fn compressed_bombs() {
    let place = Place::new();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let block = vec![b'a'; 1 << 20];
    for _ in 0..64 {
        encoder.write_all(&block).expect("it compresses");
    }
    let bomb = encoder.finish().expect("it compresses");
    assert!(bomb.len() < 1 << 20);
    let path = place.file("bomb.jsonl.gz", &bomb);
    place.refuses(&format!("SELECT * FROM read_jsonl({path})"), &["line 1", "longer than"]);
    let path = place.file("bomb.csv.gz", &bomb);
    place.refuses(&format!("SELECT * FROM read_csv({path})"), &["longer than"]);
    let path = place.file("plain.jsonl.gz", "{\"a\": 1}");
    place.refuses(&format!("SELECT * FROM read_jsonl({path})"), &["not gzip", "drop the `.gz`"]);
    let path = place.file("cut.jsonl.gz", &bomb[..bomb.len() / 2]);
    place.refuses(&format!("SELECT * FROM read_jsonl({path})"), &[]);
    let bomb = zstd::encode_all(block.repeat(64).as_slice(), 0).expect("it compresses");
    assert!(bomb.len() < 1 << 16);
    let path = place.file("bomb.jsonl.zst", &bomb);
    place.refuses(&format!("SELECT * FROM read_jsonl({path})"), &["line 1", "longer than"]);
    let path = place.file("bomb.csv.zst", &bomb);
    place.refuses(&format!("SELECT * FROM read_csv({path})"), &["longer than"]);
    let path = place.file("plain.jsonl.zst", "{\"a\": 1}");
    place.refuses(&format!("SELECT * FROM read_jsonl({path})"), &["not zstd", "drop the `.zst`"]);
    let path = place.file("cut.jsonl.zst", &bomb[..bomb.len() / 2]);
    place.refuses(&format!("SELECT * FROM read_jsonl({path})"), &[]);
}

#[test]
fn parquet_that_lies() {
    let place = Place::new();
    let good = place.path("good.parquet");
    suite::execute(&place.database, &format!("COPY t TO {}", quoted(&good)));
    let good = fs::read(good).expect("a file");
    let footer = |length: u32| [&good[..good.len() - 8], &length.to_le_bytes(), b"PAR1"].concat();
    let cases: [(Vec<u8>, &[&str]); 6] = [
        (b"{\"a\": 1}\n{\"a\": 2}\n".to_vec(), &["not a Parquet file", "pyarrow"]),
        (Vec::new(), &["not a Parquet file"]),
        (good[..good.len() - 9].to_vec(), &["without its end", "cut off"]),
        (footer(u32::MAX), &["a footer of 4294967295 bytes", "damaged"]),
        (footer(3), &["the footer", "damaged"]),
        ([&good[..good.len() - 4], b"PARE"].concat(), &["encrypted"]),
    ];
    for (content, phrases) in cases {
        let path = place.file("a.parquet", content);
        place.refuses(&format!("SELECT * FROM read_parquet({path})"), phrases);
        place.refuses(&format!("COPY t FROM {path}"), phrases);
    }
    let path = place.file("a.parquet.zst", &good);
    place.refuses(&format!("COPY t FROM {path} (FORMAT parquet)"), &["id"]);
    let path = quoted(&place.path("o.parquet.gz"));
    place.refuses(&format!("COPY t TO {path} (FORMAT parquet)"), &["compresses its pages itself"]);
}

#[test]
fn paths_that_are_no_files() {
    let place = Place::new();
    let folder = quoted(&place.path("db"));
    place.refuses(&format!("SELECT * FROM read_jsonl({folder})"), &["directory", "*.jsonl"]);
    place.refuses("SELECT * FROM read_jsonl('/dev/zero')", &["device"]);
    place.refuses("SELECT * FROM read_npy('/dev/zero')", &["device"]);
    place.refuses("SELECT * FROM read_csv('/dev/stdin')", &[]);
    place.refuses("COPY t TO '/dev/null' (FORMAT csv)", &["device"]);
    place.refuses("SELECT * FROM read_jsonl('')", &[]);
    place.refuses("SELECT * FROM read_jsonl('absent\\0.jsonl')", &[]);
    let absent = quoted(&place.path("absent.jsonl"));
    place.refuses(&format!("SELECT * FROM read_jsonl({absent})"), &["cannot open", "absent.jsonl"]);
    let none = quoted(&place.path("*.jsonl"));
    place.refuses(&format!("SELECT * FROM read_jsonl({none})"), &["no file matches"]);
    place.refuses("CREATE MODEL m FROM '/dev/zero' TOKENIZER '/dev/zero'", &["device"]);
    place.refuses(&format!("COPY t TO {} (FORMAT csv)", quoted(&place.path("a/b/c.csv"))), &["cannot open"]);
}

/// Paths as statements may try them when only one folder is allowed.
#[test]
fn only_allowed_folders_are_touched() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let inside = folder.path().join("inside");
    let outside = folder.path().join("outside");
    for path in [&inside, &outside] {
        fs::create_dir(path).expect("a folder");
        fs::write(path.join("a.jsonl"), "{\"x\": 1}\n").expect("a file");
    }
    symlink(outside.join("a.jsonl"), inside.join("link.jsonl")).expect("a link");
    symlink(&outside, inside.join("out")).expect("a link");
    symlink("/dev/zero", inside.join("zero.npy")).expect("a link");
    let options = Options { allowed_directories: Some(vec![inside.clone()]), ..suite::options() };
    let database = Database::open(folder.path().join("db"), options).expect("it opens");
    let path = |name: &str| quoted(&inside.join(name));
    let read = |path: &str| format!("SELECT * FROM read_jsonl({path})");
    assert_eq!(suite::rows(&database, &read(&path("a.jsonl"))).len(), 1);
    assert_eq!(suite::rows(&database, &read(&path("../inside/a.jsonl"))).len(), 1);
    let outside_says = ["outside the directories", "allow its folder"];
    for name in
        ["link.jsonl", "out/a.jsonl", "../outside/a.jsonl", "../outside/absent.jsonl", "../../../etc/passwd"]
    {
        suite::refused(&database, &read(&path(name)), &outside_says);
    }
    for name in ["/etc/passwd", "/dev/zero", "/proc/self/environ", "/absent/file"] {
        suite::refused(&database, &read(&format!("'{name}'")), &outside_says);
    }
    suite::refused(&database, &format!("SELECT * FROM read_npy({})", path("zero.npy")), &outside_says);
    suite::refused(&database, &read(&path("../outside/*.jsonl")), &outside_says);
    suite::execute(&database, "CREATE TABLE t (id BIGINT PRIMARY KEY)");
    let write = |path: &str| format!("COPY t TO {path} (FORMAT jsonl)");
    suite::execute(&database, &write(&path("new.jsonl")));
    for name in ["../outside/new.jsonl", "out/new.jsonl", "../new.jsonl"] {
        suite::refused(&database, &write(&path(name)), &outside_says);
    }
    suite::refused(&database, &write(&path("link.jsonl")), &["symbolic link"]);
    suite::refused(&database, &write("'/tmp'"), &[]);
    let model = format!("CREATE MODEL m FROM {} TOKENIZER {}", path("../outside/a.onnx"), path("a.jsonl"));
    suite::refused(&database, &model, &outside_says);
    suite::refused(&database, &suite::create_model(), &outside_says);
    assert_eq!(fs::read_to_string(outside.join("a.jsonl")).expect("a file"), "{\"x\": 1}\n");
    assert!(!outside.join("new.jsonl").exists());
}

#[test]
fn unknown_options_of_files() {
    let place = Place::new();
    let path = place.file("a.csv", "id,title\n3,x\n");
    place.refuses(&format!("SELECT * FROM read_csv({path}, delimitr => ';')"), &["delimitr"]);
    place.refuses(&format!("COPY t (id, title) FROM {path} (FORMAT csv, HEADR true)"), &["headr"]);
    place.refuses(&format!("COPY t (id, title) FROM {path} (FORMAT parket)"), &["parket"]);
    place.refuses(
        &format!("COPY t TO {} (FORMAT npy)", quoted(&place.path("o.npy"))),
        &["jsonl, csv or parquet"],
    );
}
