//! Files that benches write and measure.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use super::Fallible;

/// Bytes that [`Probe`] appends: about those of a label with 384 numbers.
const PROBE_BYTES: usize = 384 * 4 + 200;

/// Writes the head of a NumPy file, version 1.0, of a matrix of f32.
#[allow(dead_code)]
pub(crate) fn npy_head(out: &mut impl Write, rows: usize, dimension: usize) -> Fallible<()> {
    let shape = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {dimension}), }}");
    // What comes before the numbers is a multiple of 64 bytes, ten of them before the shape.
    let padded = (10 + shape.len() + 1).next_multiple_of(64) - 10;
    out.write_all(b"\x93NUMPY\x01\x00")?;
    out.write_all(&u16::try_from(padded)?.to_le_bytes())?;
    Ok(writeln!(out, "{shape:<width$}", width = padded - 1)?)
}

/// Bytes of all files under a folder.
#[allow(dead_code)]
pub(crate) fn bytes_of(path: &Path) -> Fallible<u64> {
    let mut total = 0;
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        total += if metadata.is_dir() { bytes_of(&entry.path())? } else { metadata.len() };
    }
    Ok(total)
}

/// A plain file to which a label's bytes are appended, each time followed by `fdatasync`: what the disk
/// allows.
pub(crate) struct Probe(File);

impl Probe {
    #[allow(dead_code)]
    pub(crate) fn new(path: &Path) -> Fallible<Probe> {
        Ok(Probe(File::create(path)?))
    }

    /// Seconds of so many appends.
    #[allow(dead_code)]
    pub(crate) fn seconds(&mut self, appends: usize) -> Fallible<f64> {
        let bytes = vec![7_u8; PROBE_BYTES];
        let started = Instant::now();
        for _ in 0..appends {
            self.0.write_all(&bytes)?;
            self.0.sync_data()?;
        }
        Ok(started.elapsed().as_secs_f64())
    }
}
