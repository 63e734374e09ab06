//! Vectors of the benches that search.

use argtop::index::{AlignedBytes, MatrixShape, MatrixWriter, PackedMatrix, Sketch, SketchWriter};
use argtop::kernel::normalize;
use argtop::model::Dtype;
use argtop_storage::{RowFormat, encode_row};

use super::common::{Fallible, encoder};

/// Embeddings of texts, of length 1, and their dimension.
pub(crate) fn vectors(texts: &[String]) -> Fallible<(usize, Vec<f32>)> {
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let mut found = encoder(Dtype::Int8, 0)?.encode(&|| false, &texts)?;
    for row in found.values.chunks_mut(found.dimension) {
        normalize(row)?;
    }
    Ok((found.dimension, found.values))
}

/// A packed matrix of rows in f32; slots are positions.
pub(crate) fn matrix(dimension: usize, rows: &[f32]) -> Fallible<PackedMatrix> {
    let shape = MatrixShape { dimension, format: RowFormat::F32, biased: false };
    let mut writer = MatrixWriter::new(AlignedBytes::new(), shape)?;
    let mut bytes = Vec::new();
    for (slot, row) in rows.chunks(dimension).enumerate() {
        bytes.clear();
        encode_row(row, RowFormat::F32, &mut bytes)?;
        writer.push(slot as u32, &bytes, None)?;
    }
    let end = (rows.len() / dimension) as u32;
    Ok(PackedMatrix::open(writer.finish(end)?.into_bytes())?)
}

/// The rows once more in 8 bits.
pub(crate) fn sketch(dimension: usize, rows: &[f32]) -> Fallible<Sketch> {
    let mut writer = SketchWriter::new(AlignedBytes::new(), dimension)?;
    rows.chunks(dimension).try_for_each(|row| writer.push(row))?;
    Ok(Sketch::open(writer.finish()?.into_bytes())?)
}
