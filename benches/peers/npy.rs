//! Matrices of numpy's format, as little of it as the peers need.

use std::fs;
use std::path::Path;

use crate::Fallible;

const MAGIC: &[u8] = b"\x93NUMPY\x01\x00";
/// Bytes before the text of the header.
const PREFIX: usize = 10;

/// The rows of a file of f32, one after the other, and the numbers in each.
pub(crate) fn read(path: &Path) -> Fallible<(Vec<f32>, usize)> {
    let bytes = fs::read(path)?;
    let wrong = || format!("{} is not a matrix of f32 as numpy writes it", path.display());
    if !bytes.starts_with(MAGIC) || bytes.len() < PREFIX {
        return Err(wrong().into());
    }
    let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = bytes.get(PREFIX..PREFIX + length).ok_or_else(wrong)?;
    let header = std::str::from_utf8(header)?;
    let shape =
        header.split_once("'shape': (").and_then(|(_, rest)| rest.split_once(')')).ok_or_else(wrong)?;
    let shape: Vec<usize> = shape.0.split(',').filter_map(|number| number.trim().parse().ok()).collect();
    let [count, dimension] = shape[..] else { return Err(wrong().into()) };
    let values = &bytes[PREFIX + length..];
    let plain = header.contains("'<f4'") && header.contains("'fortran_order': False");
    if !plain || values.len() != count * dimension * 4 {
        return Err(wrong().into());
    }
    let (quads, _) = values.as_chunks::<4>();
    Ok((quads.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(), dimension))
}

/// Writes rows of `dimension` numbers each.
pub(crate) fn write<const N: usize>(
    path: &Path,
    kind: &str,
    dimension: usize,
    values: impl ExactSizeIterator<Item = [u8; N]>,
) -> Fallible<()> {
    let count = values.len() / dimension;
    let mut header =
        format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({count}, {dimension}), }}");
    // The data begin at a multiple of 64 bytes.
    while !(PREFIX + header.len() + 1).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&u16::try_from(header.len())?.to_le_bytes());
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend(values.flatten());
    fs::write(path, bytes)?;
    Ok(())
}
