//! `read_npy` and `NpyMatrix`, against files laid out as NumPy writes them (header padded to 64 bytes).

use super::*;
use half::f16;

/// An element type with its NumPy name.
trait Element: Copy {
    const DESCR: &'static str;
    fn bytes(self) -> Vec<u8>;
}

macro_rules! element {
    ($($type:ty = $descr:literal),+) => {
        $(impl Element for $type {
            const DESCR: &'static str = $descr;
            fn bytes(self) -> Vec<u8> {
                self.to_le_bytes().to_vec()
            }
        })+
    };
}

element!(f16 = "<f2", f32 = "<f4", f64 = "<f8", i8 = "|i1", i64 = "<i8");

fn npy<T: Element>(shape: &[u64], values: &[T]) -> Vec<u8> {
    let sizes: Vec<String> = shape.iter().map(|size| format!("{size},")).collect();
    let mut header =
        format!("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", T::DESCR, sizes.join(" "));
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let data: Vec<u8> = values.iter().flat_map(|value| value.bytes()).collect();
    by_hand(&header, &data)
}

fn read_bytes(bytes: &[u8]) -> Result<(Vec<(String, DataType)>, Rows), String> {
    let folder = Folder::new(&[("a.npy", bytes)]);
    read(&folder.call(ReadFunction::Npy, "a.npy", &[]))
}

/// A file with this header text (version 1) and these data.
fn by_hand(header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend_from_slice(&(header.len() as u16).to_le_bytes());
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend_from_slice(data);
    bytes
}

fn by_shape(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    by_hand(&format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n"), data)
}

#[test]
fn matrices_of_every_precision() {
    let values = [0.5_f32, -1.0, 2.0, 3.0, 4.0, 65504.0];
    let expected: Rows = (0..3)
        .map(|r| vec![Value::BigInt(r as i64), Value::Vector(values[2 * r..2 * r + 2].to_vec())])
        .collect();
    let half = values.map(f16::from_f32);
    let double = values.map(f64::from);
    for bytes in [npy(&[3, 2], &half), npy(&[3, 2], &values), npy(&[3, 2], &double)] {
        let (columns, rows) = read_bytes(&bytes).unwrap();
        assert_eq!(columns[0], ("row".to_owned(), DataType::BigInt));
        let format = argtop_query::value::VectorFormat::F32;
        assert_eq!(columns[1], ("vector".to_owned(), DataType::Vector { dimension: Some(2), format }));
        assert_eq!(rows, expected);
    }
}

#[test]
fn arrays_of_one_dimension() {
    let bytes = npy(&[3], &[5_i64, -1, i64::MAX]);
    let expected: Rows = [5, -1, i64::MAX]
        .iter()
        .enumerate()
        .map(|(r, v)| vec![Value::BigInt(r as i64), Value::BigInt(*v)])
        .collect();
    assert_eq!(read_bytes(&bytes).unwrap().1, expected);
    assert_eq!(read_bytes(&npy(&[2], &[-3_i8, 4])).unwrap().1[0][1], Value::BigInt(-3));
    assert_eq!(read_bytes(&npy(&[1], &[0.25_f32])).unwrap().1[0][1], Value::Double(0.25));
    assert_eq!(read_bytes(&npy::<f32>(&[0, 4], &[])).unwrap().1, Rows::new());
}

#[test]
fn a_matrix_is_read_in_batches() {
    let values: Vec<f32> = (0..70).map(|i| i as f32).collect();
    let folder = Folder::new(&[("a.npy", &npy(&[10, 7], &values)), ("ids.npy", &npy(&[2], &[1_i64, 2]))]);
    let (access, limits) = (Access::anywhere(), ImportLimits::default());
    let mut matrix = NpyMatrix::open(&folder.path("a.npy"), &access, &limits).unwrap();
    assert_eq!((matrix.rows(), matrix.dim()), (10, 7));
    let mut read = Vec::new();
    while let Some(rows) = matrix.next_rows(4).unwrap() {
        assert!(rows.len() <= 28 && rows.len() % 7 == 0);
        read.extend(rows);
    }
    assert_eq!(read, values);
    // A batch of bytes is at least one row.
    let small = ImportLimits { batch_bytes_max: 1, ..limits.clone() };
    let mut matrix = NpyMatrix::open(&folder.path("a.npy"), &access, &small).unwrap();
    assert_eq!(matrix.next_rows(100).unwrap().unwrap().len(), 7);
    assert!(NpyMatrix::open(&folder.path("ids.npy"), &access, &limits).is_err());
}

#[track_caller]
fn refuses(bytes: &[u8], parts: &[&str]) {
    let message = read_bytes(bytes).map(|_| ()).unwrap_err();
    for part in parts {
        assert!(message.contains(part), "no `{part}` in: {message}");
    }
}

#[test]
fn values_beyond_single_precision_are_named() {
    refuses(&npy(&[2, 2], &[1.0_f32, 2.0, 3.0, f32::NAN]), &["row 1", "column `1`", "NaN"]);
    refuses(&npy(&[2, 2], &[1.0_f64, 1e39, 3.0, 4.0]), &["row 0", "column `1`"]);
    refuses(&npy(&[3, 1], &[f16::ZERO, f16::ZERO, f16::INFINITY]), &["row 2", "inf"]);
}

#[test]
fn headers_are_not_believed() {
    let zeros = [0_u8; 64];
    refuses(&by_shape("<f4", "(4611686018427387904, 4)", &zeros), &["more than 2^64", "the file has 64"]);
    refuses(&by_shape("<f4", "(1000000000000, 4)", &zeros), &["promises 16000000000000 bytes"]);
    refuses(&by_shape("<f4", "(4, 3)", &zeros), &["promises 48 bytes of data, the file has 64"]);
    refuses(&by_shape("<f4", "(5, 4)", &zeros), &["promises 80"]);
    refuses(&by_shape("<f4", "(99999999999999999999999, 4)", &zeros), &["64 bits"]);
    refuses(&by_shape("<f4", "(-1, 4)", &zeros), &["64 bits"]);
    refuses(&by_shape("<f4", "(0, 0)", &[]), &["no elements"]);
    refuses(&by_shape("<f4", "(0, 4000000000)", &[]), &["transposed"]);
    refuses(&by_shape("<f4", "(0, 18446744073709551615)", &[]), &["transposed"]);
    refuses(&by_shape("<f4", "(2, 2, 4)", &zeros), &["3 dimensions"]);
    refuses(&by_shape("<f4", "()", &zeros[..4]), &["0 dimensions"]);
    refuses(&by_shape("|O", "(4, 4)", &zeros), &["dtype `|O`", "astype"]);
    refuses(&by_shape(">f4", "(4, 4)", &zeros), &["dtype `>f4`"]);
    refuses(&by_shape("<i4", "(4, 4)", &zeros), &["matrix of integers", "astype"]);
    let fortran = "{'descr': '<f4', 'fortran_order': True, 'shape': (4, 4), }\n";
    refuses(&by_hand(fortran, &zeros), &["Fortran", "ascontiguousarray"]);
    let structured = "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (4, 4), }\n";
    refuses(&by_hand(structured, &zeros), &["structured"]);
}

#[test]
fn damaged_headers_are_refused() {
    for header in [
        "",
        "{",
        "{}",
        "{'descr': '<f4'}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': 1, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 'y'}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} 5",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,",
        "{'descr': '<f4",
    ] {
        refuses(&by_hand(header, &[0; 4]), &["save a plain matrix of numbers"]);
    }
    let nested = format!("{{'shape': {}", "(".repeat(60_000));
    refuses(&by_hand(&nested, &[]), &["save a plain matrix"]);
    for bytes in [&b""[..], b"\x93NUMPY", b"PK\x03\x04aaaaaaaa", b"\x93NUMPY\x01\x00\xff\xff{"] {
        refuses(bytes, &["not a NumPy file", "numpy.save"]);
    }
    refuses(b"\x93NUMPY\x09\x00\x00\x00\x00\x00", &["format version 9"]);
    // 14 bytes that ask for a header of a gigabyte.
    refuses(b"\x93NUMPY\x02\x00\x00\x00\x00\x40{}", &["a header of 1073741824 bytes"]);
}
