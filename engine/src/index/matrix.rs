//! A matrix of stored vectors in one file, read in place.
//!
//! Sections: `shape` u64 (dimension, format, has a bias, bits of the largest norm as f64), `data` the numbers
//! row after row, `scales` f32 a row (i8 only), `bias` f32 a row (classifiers), and the slots. Rows are
//! copied bit for bit from the store, so that a score from a matrix equals a score from the store.

use std::io::Write;

use argtop_storage::RowFormat;
use half::f16;

use super::ahead::RowsAhead;
use super::codes::Codes;
use super::error::IndexError;
use super::row::{check_dimension, decode, format_code, format_of_code, split_i8};
use super::sketch::Sketch;
use super::slots::{SlotList, SlotTable};
use crate::kernel::{ByteRows, RowData, Rows, norm};
use crate::packed::{Array, Bytes, Kind, Packed, PackedError, PackedWriter};

const KIND: Kind = Kind { magic: *b"ATMATRIX", version: 1, name: "packed matrix" };

/// What all rows of a matrix have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatrixShape {
    /// Numbers in a row.
    pub dimension: usize,
    /// Their format.
    pub format: RowFormat,
    /// Whether every row has a bias, as a classifier's may: the score of a row is `row . query + bias` then.
    pub biased: bool,
}

/// Writes a packed matrix in one pass; besides the current row it holds 12 bytes a row at most.
#[derive(Debug)]
pub struct MatrixWriter<W> {
    writer: PackedWriter<W>,
    shape: MatrixShape,
    slots: SlotList,
    scales: Vec<f32>,
    biases: Vec<f32>,
    norm_max: f64,
    wide: Vec<f32>,
}

impl<W: Write> MatrixWriter<W> {
    /// Begins a matrix.
    pub fn new(out: W, shape: MatrixShape) -> Result<Self, IndexError> {
        check_dimension(shape.dimension).map_err(|error| IndexError::Row { slot: 0, error })?;
        let mut writer = PackedWriter::new(out, KIND)?;
        writer.begin("data")?;
        let wide = vec![0.0; shape.dimension];
        let (scales, biases) = (Vec::new(), Vec::new());
        Ok(Self { writer, shape, slots: SlotList::default(), scales, biases, norm_max: 0.0, wide })
    }

    /// Appends a row in its stored form (see `argtop_storage::encode_row`) and gives its numbers; slots must
    /// rise. `bias` is given exactly when the matrix has biases.
    pub fn push(&mut self, slot: u32, row: &[u8], bias: Option<f32>) -> Result<&[f32], IndexError> {
        let MatrixShape { format, biased, .. } = self.shape;
        decode(format, self.shape.dimension, row, &mut self.wide)
            .map_err(|error| IndexError::Row { slot, error })?;
        if bias.is_some() != biased || bias.is_some_and(|bias| !bias.is_finite()) {
            return Err(IndexError::Bias { slot, given: bias.is_some(), wanted: biased });
        }
        self.slots.push(slot)?;
        self.norm_max = self.norm_max.max(norm(&self.wide).hypot(bias.map_or(0.0, f64::from)));
        self.biases.extend(bias);
        match format {
            RowFormat::F32 | RowFormat::F16 => self.writer.write(row)?,
            RowFormat::I8 => {
                let (scale, codes) = split_i8(row);
                self.scales.push(scale);
                self.writer.write(codes)?;
            }
        }
        Ok(&self.wide)
    }

    /// Ends the file, which covers every slot under `slot_end`, and gives the writer back for syncing.
    pub fn finish(mut self, slot_end: u32) -> Result<W, IndexError> {
        self.slots.check_end(slot_end)?;
        let MatrixShape { dimension, format, biased } = self.shape;
        let shape = [dimension as u64, format_code(format), u64::from(biased), self.norm_max.to_bits()];
        self.writer.section("shape", &shape)?;
        self.writer.section("scales", &self.scales)?;
        self.writer.section("bias", &self.biases)?;
        self.slots.write(&mut self.writer, slot_end)?;
        Ok(self.writer.finish()?)
    }
}

/// An opened packed matrix.
pub struct PackedMatrix {
    shape: MatrixShape,
    slots: SlotTable,
    data: Numbers,
    ahead: RowsAhead,
    biases: Option<Array<f32>>,
    norm_max: f64,
    sketch: Option<Sketch>,
    codes: Option<Codes>,
}

enum Numbers {
    F32(Array<f32>),
    F16(Array<u16>),
    I8 { codes: Array<i8>, scales: Array<f32> },
}

impl PackedMatrix {
    /// Opens a matrix after checking every length in it. The numbers themselves are taken as they are: the
    /// caller has verified the checksum of the file.
    pub fn open(bytes: Bytes) -> Result<Self, PackedError> {
        let packed = Packed::open(bytes, KIND, &["data"])?;
        let fields = packed.array::<u64>("shape", 4)?;
        let [dimension, format, biased, norm_bits] = *fields.get() else {
            return Err(packed.damaged("its shape is not described"));
        };
        let format = format_of_code(format).ok_or_else(|| packed.damaged("unknown number format"))?;
        let dimension = usize::try_from(dimension)
            .ok()
            .filter(|dimension| check_dimension(*dimension).is_ok())
            .ok_or_else(|| packed.damaged(format!("dimension {dimension}")))?;
        let norm_max = f64::from_bits(norm_bits);
        if !norm_max.is_finite() || norm_max < 0.0 || biased > 1 {
            return Err(packed.damaged("its shape makes no sense"));
        }
        let slots = SlotTable::open(&packed)?;
        let rows = slots.len() as u64;
        let numbers = rows.checked_mul(dimension as u64).ok_or_else(|| packed.damaged("too many rows"))?;
        let data = match format {
            RowFormat::F32 => Numbers::F32(packed.array("data", numbers)?),
            RowFormat::F16 => Numbers::F16(packed.array("data", numbers)?),
            RowFormat::I8 => {
                Numbers::I8 { codes: packed.array("data", numbers)?, scales: packed.array("scales", rows)? }
            }
        };
        let ahead = match &data {
            Numbers::F32(values) => RowsAhead::new(values),
            Numbers::F16(values) => RowsAhead::new(values),
            Numbers::I8 { codes, .. } => RowsAhead::new(codes),
        };
        let biased = biased == 1;
        let biases = if biased { Some(packed.array("bias", rows)?) } else { None };
        let shape = MatrixShape { dimension, format, biased };
        Ok(Self { shape, slots, data, ahead, biases, norm_max, sketch: None, codes: None })
    }

    /// Takes a sketch of its rows, if it is one of them.
    pub fn with_sketch(mut self, sketch: Option<Sketch>) -> Self {
        let fits = |sketch: &Sketch| sketch.dimension() == self.shape.dimension && sketch.len() == self.len();
        self.sketch = sketch.filter(fits);
        self
    }

    /// The rows in 8 bits, if they were given.
    pub(super) fn sketch(&self) -> Option<&Sketch> {
        self.sketch.as_ref()
    }

    /// Takes its rows in 8 bits, if they are its rows.
    pub fn with_codes(mut self, codes: Option<Codes>) -> Self {
        let fits = |codes: &Codes| codes.dimension() == self.shape.dimension && codes.len() == self.len();
        self.codes = codes.filter(fits);
        self
    }

    /// The rows in 8 bits one by one, if they were given.
    pub(super) fn codes(&self) -> Option<&Codes> {
        self.codes.as_ref()
    }

    /// Dimension, format and whether there are biases.
    pub fn shape(&self) -> MatrixShape {
        self.shape
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Which slot stands where.
    pub fn slots(&self) -> &SlotTable {
        &self.slots
    }

    /// The position of a slot's row.
    pub fn position_of(&self, slot: u32) -> Option<usize> {
        self.slots.position_of(slot)
    }

    /// The rows as the kernels want them.
    pub fn rows(&self) -> Rows<'_> {
        let data = match &self.data {
            Numbers::F32(values) => RowData::F32(values.get()),
            Numbers::F16(values) => RowData::F16(bytemuck::cast_slice::<u16, f16>(values.get())),
            Numbers::I8 { codes, scales } => RowData::I8 { codes: codes.get(), scales: scales.get() },
        };
        // Opening has checked that the numbers are whole rows of a dimension that is not zero.
        match Rows::new(self.shape.dimension, data) {
            Some(rows) => rows,
            None => unreachable!("a packed matrix changed after it was opened"),
        }
    }

    /// The rows at some positions will be read soon: where they are on the disk, reading them begins, and is
    /// not waited for.
    pub fn ahead(&self, positions: impl Iterator<Item = u32>) {
        let width = self.shape.dimension;
        match &self.data {
            Numbers::F32(values) => self.ahead.ask(values, width, positions),
            Numbers::F16(values) => self.ahead.ask(values, width, positions),
            Numbers::I8 { codes, .. } => self.ahead.ask(codes, width, positions),
        }
    }

    /// The biases by position, if there are any.
    pub fn biases(&self) -> Option<&[f32]> {
        self.biases.as_ref().map(Array::get)
    }

    /// The largest Euclidean norm of a row, its bias counted as one more number.
    pub fn norm_max(&self) -> f64 {
        self.norm_max
    }

    /// Reads the row at a position as f32.
    ///
    /// # Panics
    /// If there is no such position or `out` has another length than the dimension.
    pub fn decode(&self, position: usize, out: &mut [f32]) {
        self.rows().slice(position, position + 1).widen(out);
    }

    /// Asks memory for the row at a position before it is needed.
    pub fn prefetch(&self, position: usize) {
        self.rows().prefetch(position);
    }

    /// The rows in 8 bits by position, if they were given, to ask memory for them before [`estimates`] needs
    /// them.
    ///
    /// [`estimates`]: PackedMatrix::estimates
    pub fn byte_rows(&self) -> Option<ByteRows<'_>> {
        self.codes.as_ref().map(Codes::rows)
    }

    /// The exact score of a query and the row at a position: `row . query` in f64, plus the bias if there is
    /// one.
    ///
    /// # Panics
    /// If there is no such position or the query has another dimension.
    pub fn score_exact(&self, query: &[f32], position: usize) -> f64 {
        let bias = self.biases().map_or(0.0, |biases| f64::from(biases[position]));
        self.rows().dot_exact(query, position) + bias
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::packed::AlignedBytes;
    use crate::packed::tests::survives_damage;

    /// A matrix of the given vectors, in the given format, at the given slots.
    pub(in super::super) fn matrix(
        format: RowFormat,
        dimension: usize,
        slots: &[u32],
        vectors: &[f32],
        biases: Option<&[f32]>,
    ) -> PackedMatrix {
        PackedMatrix::open(file(format, dimension, slots, vectors, biases).into_bytes()).unwrap()
    }

    fn file(
        format: RowFormat,
        dimension: usize,
        slots: &[u32],
        vectors: &[f32],
        biases: Option<&[f32]>,
    ) -> AlignedBytes {
        let shape = MatrixShape { dimension, format, biased: biases.is_some() };
        let mut writer = MatrixWriter::new(AlignedBytes::new(), shape).unwrap();
        for (i, (slot, vector)) in slots.iter().zip(vectors.chunks(dimension)).enumerate() {
            let mut row = Vec::new();
            argtop_storage::encode_row(vector, format, &mut row).unwrap();
            writer.push(*slot, &row, biases.map(|biases| biases[i])).unwrap();
        }
        writer.finish(slots.last().map_or(5, |slot| slot + 1)).unwrap()
    }

    #[test]
    fn every_format_comes_back_as_stored() {
        let mut rng = fastrand::Rng::with_seed(1);
        let vectors: Vec<f32> = (0..7 * 5).map(|_| rng.f32() - 0.5).collect();
        let biases: Vec<f32> = (0..7).map(|_| rng.f32()).collect();
        for format in [RowFormat::F32, RowFormat::F16, RowFormat::I8] {
            for (slots, biases) in
                [([0, 1, 2, 3, 4, 5, 6], None), ([1, 2, 5, 9, 10, 11, 30], Some(&biases[..]))]
            {
                let matrix = matrix(format, 5, &slots, &vectors, biases);
                assert_eq!(matrix.len(), 7);
                assert_eq!(matrix.slots().slot_end(), slots[6] + 1);
                let mut norm_max = 0.0f64;
                for (position, vector) in vectors.chunks(5).enumerate() {
                    let (mut row, mut expected, mut found) = (Vec::new(), Vec::new(), [0.0; 5]);
                    argtop_storage::encode_row(vector, format, &mut row).unwrap();
                    decode(format, 5, &row, &mut expected).unwrap();
                    matrix.decode(position, &mut found);
                    assert_eq!(found[..], expected[..]);
                    assert_eq!(matrix.position_of(slots[position]), Some(position));
                    let bias = biases.map_or(0.0, |biases| f64::from(biases[position]));
                    let query = [0.5, -1.0, 2.0, 0.1, 0.0];
                    let exact = crate::kernel::dot_exact(&query, &expected) + bias;
                    assert_eq!(matrix.score_exact(&query, position), exact);
                    norm_max = norm_max.max(norm(&expected).hypot(bias));
                }
                assert_eq!(matrix.norm_max(), norm_max);
            }
        }
    }

    #[test]
    fn an_empty_matrix_is_a_matrix() {
        let matrix = matrix(RowFormat::F16, 3, &[], &[], None);
        assert!(matrix.is_empty() && matrix.rows().is_empty());
        assert_eq!(matrix.slots().slot_end(), 5);
    }

    #[test]
    fn wrong_rows_slots_and_biases_are_refused() {
        let shape = MatrixShape { dimension: 2, format: RowFormat::F32, biased: true };
        let mut writer = MatrixWriter::new(Vec::new(), shape).unwrap();
        let row: Vec<u8> = [1.0f32, 2.0].iter().flat_map(|value| value.to_le_bytes()).collect();
        assert!(matches!(writer.push(0, &row[1..], Some(0.0)), Err(IndexError::Row { slot: 0, .. })));
        assert!(matches!(writer.push(0, &row, None), Err(IndexError::Bias { wanted: true, .. })));
        assert!(matches!(writer.push(0, &row, Some(f32::NAN)), Err(IndexError::Bias { .. })));
        writer.push(4, &row, Some(0.5)).unwrap();
        assert!(matches!(writer.push(4, &row, Some(0.5)), Err(IndexError::SlotOrder { .. })));
        assert!(matches!(writer.finish(4), Err(IndexError::SlotEnd { slot: 4, slot_end: 4 })));
        for dimension in [0, super::super::DIMENSION_MAX + 1] {
            assert!(MatrixWriter::new(Vec::new(), MatrixShape { dimension, ..shape }).is_err());
        }
    }

    #[test]
    fn damage_never_panics() {
        for (format, biases) in [(RowFormat::I8, Some(&[0.5f32, 0.25][..])), (RowFormat::F16, None)] {
            survives_damage(&file(format, 3, &[1, 3], &[0.5; 6], biases), |bytes| {
                let Ok(matrix) = PackedMatrix::open(bytes) else { return false };
                for position in 0..matrix.len() {
                    let query = vec![1.0; matrix.shape().dimension];
                    matrix.score_exact(&query, position);
                }
                true
            });
        }
    }
}
