//! Files that scripts bring along, and files that statements wrote.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

/// Writes a file of a script: lines of text, compressed where the name ends in `.gz` or `.zst`; for a name in
/// `.npy` each line is a row of numbers, which become a matrix of float32.
///
/// # Errors
/// What could not be written.
pub(crate) fn write(folder: &Path, name: &str, lines: &[String]) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("cannot write {name}: {error}");
    let path = folder.join(name);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    let mut bytes = Vec::new();
    if name.ends_with(".npy") {
        bytes = matrix(lines).map_err(|problem| format!("{name}: {problem}"))?;
    } else {
        for line in lines {
            bytes.extend_from_slice(line.as_bytes());
            bytes.push(b'\n');
        }
    }
    if name.ends_with(".gz") {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&bytes).map_err(failed)?;
        bytes = encoder.finish().map_err(failed)?;
    } else if name.ends_with(".zst") {
        bytes = zstd::encode_all(bytes.as_slice(), 0).map_err(failed)?;
    }
    fs::write(path, bytes).map_err(failed)
}

/// A NumPy file of version 1.0 with a C-ordered matrix of little-endian float32.
fn matrix(lines: &[String]) -> Result<Vec<u8>, String> {
    let mut rows: Vec<Vec<f32>> = Vec::new();
    for line in lines {
        let row: Result<Vec<f32>, _> = line.split_whitespace().map(str::parse).collect();
        rows.push(row.map_err(|error| format!("{line}: {error}"))?);
    }
    let width = rows.first().map_or(0, Vec::len);
    if rows.iter().any(|row| row.len() != width) {
        return Err("rows of different lengths".to_string());
    }
    let dictionary =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {width}), }}", rows.len());
    // Magic, version and length are 10 bytes; the whole header is a multiple of 64 and ends in a line feed.
    let padded = (10 + dictionary.len() + 1).next_multiple_of(64) - 10;
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    let length = u16::try_from(padded).map_err(|error| error.to_string())?;
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(format!("{dictionary:<width$}\n", width = padded - 1).as_bytes());
    for value in rows.iter().flatten() {
        bytes.extend_from_slice(&value.to_le_bytes());
    }
    Ok(bytes)
}

/// The lines of a text file that a statement wrote.
///
/// # Errors
/// What could not be read.
pub(crate) fn read(folder: &Path, name: &str) -> Result<Vec<String>, String> {
    let failed = |error: std::io::Error| format!("cannot read {name}: {error}");
    let bytes = fs::read(folder.join(name)).map_err(failed)?;
    let mut text = String::new();
    if name.ends_with(".gz") {
        GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).map_err(failed)?;
    } else if name.ends_with(".zst") {
        zstd::Decoder::new(bytes.as_slice())
            .and_then(|mut read| read.read_to_string(&mut text))
            .map_err(failed)?;
    } else {
        text = String::from_utf8(bytes).map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(text.lines().map(str::to_string).collect())
}
