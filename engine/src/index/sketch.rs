//! The rows of a matrix once more in 8 bits: a scan of them reads a quarter of the bytes, and its scores say
//! which rows the exact ones must be computed for.
//!
//! Sections: `shape` u64 (dimension, rows, bits of the largest error as f64), `codes` u8 and `scales` f32,
//! both in panels of 32 rows (see [`Panels`]), in the order of the matrix.
//!
//! The error of a row is the Euclidean length of what rounding took from it; with it a score in 8 bits bounds
//! the exact one ([`Sketch::error_bound`]), so that nothing is lost by the scan.

use std::io::Write;
use std::sync::Once;

use super::error::IndexError;
use super::row::check_dimension;
use crate::kernel::{Codes8, PANEL, PanelWriter, Panels, error_bound, norm};
use crate::packed::{Array, Bytes, Kind, Packed, PackedError, PackedWriter};

const KIND: Kind = Kind { magic: *b"ATSKETCH", version: 1, name: "8-bit sketch" };

/// Writes a sketch in one pass; it holds one panel and 4 bytes a row.
pub struct SketchWriter<W> {
    writer: PackedWriter<W>,
    dimension: usize,
    panel: PanelWriter,
    scales: Vec<f32>,
    rows: u64,
    error_max: f64,
}

impl<W: Write> SketchWriter<W> {
    /// Begins a sketch of rows of `dimension` numbers.
    ///
    /// # Errors
    /// The dimension is not one of stored vectors, or the file cannot be written.
    pub fn new(out: W, dimension: usize) -> Result<Self, IndexError> {
        check_dimension(dimension).map_err(|error| IndexError::Row { slot: 0, error })?;
        let mut writer = PackedWriter::new(out, KIND)?;
        writer.begin("codes")?;
        let panel = PanelWriter::new(dimension);
        Ok(Self { writer, dimension, panel, scales: Vec::new(), rows: 0, error_max: 0.0 })
    }

    /// Appends a row of finite numbers.
    ///
    /// # Errors
    /// The file cannot be written.
    ///
    /// # Panics
    /// If the row has another dimension.
    pub fn push(&mut self, row: &[f32]) -> Result<(), IndexError> {
        assert!(row.len() == self.dimension, "a row of {} numbers", self.dimension);
        self.error_max = self.error_max.max(self.panel.push(row));
        self.rows += 1;
        if self.panel.is_full() { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), IndexError> {
        let (writer, scales, mut written) = (&mut self.writer, &mut self.scales, Ok(()));
        self.panel.take(|codes, panel_scales| {
            scales.extend_from_slice(panel_scales);
            written = writer.write(codes);
        });
        Ok(written?)
    }

    /// Ends the file and gives the writer back for syncing.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn finish(mut self) -> Result<W, IndexError> {
        if !self.panel.is_empty() {
            self.flush()?;
        }
        let shape = [self.dimension as u64, self.rows, self.error_max.to_bits()];
        self.writer.section("shape", &shape)?;
        self.writer.section("scales", &self.scales)?;
        Ok(self.writer.finish()?)
    }
}

/// An opened sketch.
pub struct Sketch {
    dimension: usize,
    rows: usize,
    codes: Array<u8>,
    scales: Array<f32>,
    error_max: f64,
    asked: Once,
}

impl Sketch {
    /// Opens a sketch after checking every length in it.
    ///
    /// # Errors
    /// It is no sketch, or its parts contradict each other.
    pub fn open(bytes: Bytes) -> Result<Self, PackedError> {
        let packed = Packed::open(bytes, KIND, &["codes"])?;
        let fields = packed.array::<u64>("shape", 3)?;
        let [dimension, rows, error_bits] = *fields.get() else {
            return Err(packed.damaged("its shape is not described"));
        };
        let dimension = usize::try_from(dimension)
            .ok()
            .filter(|dimension| check_dimension(*dimension).is_ok())
            .ok_or_else(|| packed.damaged(format!("dimension {dimension}")))?;
        let rows = u32::try_from(rows).map_err(|_| packed.damaged("too many rows"))? as usize;
        let error_max = f64::from_bits(error_bits);
        if !error_max.is_finite() || error_max < 0.0 {
            return Err(packed.damaged("its error makes no sense"));
        }
        let codes = packed.array_of_any_length("codes")?;
        let scales = packed.array_of_any_length("scales")?;
        if Panels::new(dimension, rows, codes.get(), scales.get()).is_none() {
            return Err(packed.damaged("its codes are not those of its rows"));
        }
        Ok(Self { dimension, rows, codes, scales, error_max, asked: Once::new() })
    }

    /// Numbers in a row.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// All rows will be walked: where they are on the disk, reading them begins.
    pub(super) fn ahead(&self) {
        self.asked.call_once(|| self.codes.ahead(0..self.codes.get().len()));
    }

    /// The rows as the kernel wants them.
    pub(crate) fn panels(&self) -> Panels<'_> {
        match Panels::new(self.dimension, self.rows, self.codes.get(), self.scales.get()) {
            Some(panels) => panels,
            None => unreachable!("a sketch changed after it was opened"),
        }
    }

    /// How far the score of a query (number `at` of `codes`) in 8 bits may be from the exact one, for any row
    /// of a norm of at most `norm_max`.
    ///
    /// With `q = q' + e` and `r = r' + d`, where `q'` and `r'` are what the codes stand for,
    /// `q.r - q'.r' = e.r + q'.d`, at most `|e||r| + |q'||d|`. The bound of a product in f32 is added: it
    /// covers what f32 rounds in the score and in a bias that is added to it.
    pub(crate) fn error_bound(&self, query: &[f32], codes: &Codes8, at: usize, norm_max: f64) -> f32 {
        let (length, lost) = (norm(query), codes.error(at, query));
        let codes = lost * norm_max + (length + lost) * self.error_max;
        let rounding = error_bound(self.dimension + 1, (length + lost).hypot(1.0), norm_max + self.error_max);
        (((codes + f64::from(rounding)) * (1.0 + 1e-6)) as f32).next_up()
    }

    /// Rows that a part of a scan must begin at a multiple of.
    pub(super) const STEP: usize = PANEL;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::dot_exact;
    use crate::packed::AlignedBytes;
    use crate::packed::tests::survives_damage;

    fn file(dimension: usize, rows: &[f32]) -> AlignedBytes {
        let mut writer = SketchWriter::new(AlignedBytes::new(), dimension).unwrap();
        rows.chunks(dimension).for_each(|row| writer.push(row).unwrap());
        writer.finish().unwrap()
    }

    #[test]
    fn scores_lie_within_the_bound_and_the_bound_is_of_use() {
        let mut random = fastrand::Rng::with_seed(5);
        for (dimension, count) in [(1, 3), (7, 32), (64, 33), (384, 100)] {
            let mut numbers = |count: usize| -> Vec<f32> { (0..count).map(|_| random.f32() - 0.5).collect() };
            let (mut rows, queries) = (numbers(count * dimension), numbers(5 * dimension));
            // A row of zeros, one of tiny and one with a number far from the others.
            rows[..dimension].fill(0.0);
            rows[dimension..2 * dimension].fill(1e-42);
            rows[2 * dimension] = 40.0;
            let sketch = Sketch::open(file(dimension, &rows).into_bytes()).unwrap();
            assert_eq!((sketch.dimension(), sketch.len()), (dimension, count));
            let norm_max = rows.chunks(dimension).map(norm).fold(0.0, f64::max);
            let codes = Codes8::encode(&queries, dimension);
            let mut scores = vec![f32::NAN; 5 * count];
            sketch.panels().products(&codes, 0..count, &mut scores);
            for (at, query) in queries.chunks(dimension).enumerate() {
                let bound = f64::from(sketch.error_bound(query, &codes, at, norm_max));
                for (row, score) in rows.chunks(dimension).zip(&scores[at * count..]) {
                    let error = (f64::from(*score) - dot_exact(query, row)).abs();
                    assert!(error <= bound, "{dimension} {count} {error} {bound}");
                }
                // A small part of the largest score that could be, in spite of the far number.
                assert!(bound < 0.1 * norm(query) * norm_max, "{bound}");
            }
        }
    }

    #[test]
    fn no_rows_are_a_sketch_and_damage_never_panics() {
        assert!(Sketch::open(file(3, &[]).into_bytes()).unwrap().is_empty());
        assert!(SketchWriter::new(AlignedBytes::new(), 0).is_err());
        survives_damage(&file(2, &[0.5; 66]), |bytes| {
            let Ok(sketch) = Sketch::open(bytes) else { return false };
            let mut scores = vec![0.0; sketch.len()];
            let codes = Codes8::encode(&vec![1.0; sketch.dimension()], sketch.dimension());
            sketch.panels().products(&codes, 0..sketch.len(), &mut scores);
            true
        });
    }
}
