//! Rows in 8 bits that stand one after another, for products of one query with a few of many rows.

use super::dot::norm;
use super::int8::{Codes8, INPUTS_MAX, Method, dot_lines, encode_row, error, prefetch, prefetch_early};

/// Rows fetched into the cache before they are multiplied.
const ROWS_AHEAD: usize = 8;

/// Bytes of [`RowFacts`] at the end of a row.
const FACTS_BYTES: usize = 24;

/// Rows of codes as they lie in memory. Each takes [`byte_row_width`] bytes: codes with 128 added, 128s, and
/// [`RowFacts`], so that all that is known of a row is found in one place; see [`encode_byte_row`].
#[derive(Clone, Copy, Debug)]
pub struct ByteRows<'a> {
    inputs: usize,
    bytes: &'a [u8],
}

/// What codes do not say of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RowFacts {
    /// A code times this is near the number it stands for.
    pub scale: f32,
    /// The Euclidean length of what quantising took from the row, rounded up.
    pub error: f32,
    /// Added to every product.
    pub bias: f32,
    /// The Euclidean norm of the row as it was.
    pub norm: f64,
}

/// Bytes of a row of [`ByteRows`]: whole lines of the cache, so that rows share none.
pub fn byte_row_width(inputs: usize) -> usize {
    (inputs + FACTS_BYTES).next_multiple_of(64)
}

/// Appends a row of finite numbers to `out`.
///
/// # Panics
/// If the row has more than [`INPUTS_MAX`] numbers.
pub fn encode_byte_row(row: &[f32], bias: f32, out: &mut Vec<u8>) -> RowFacts {
    assert!(row.len() <= INPUTS_MAX, "a row of {} numbers", row.len());
    let mut codes = vec![0; row.len()];
    let (scale, _) = encode_row(Method::best(), row, &mut codes);
    let error = (error(row, &codes, scale) as f32).next_up();
    let facts = RowFacts { scale, error, bias, norm: norm(row) };
    // Within 1..=255.
    out.extend(codes.iter().map(|code| (i16::from(*code) + 128) as u8));
    out.extend(std::iter::repeat_n(128, byte_row_width(row.len()) - row.len() - FACTS_BYTES));
    [scale, error, bias, 0.0].iter().for_each(|fact| out.extend(fact.to_le_bytes()));
    out.extend(facts.norm.to_le_bytes());
    facts
}

/// The facts at the end of a row.
fn facts(row: &[u8]) -> RowFacts {
    let mut bytes = [0; FACTS_BYTES];
    bytes.copy_from_slice(&row[row.len() - FACTS_BYTES..]);
    let [a, b, c, d, e, f, g, h, i, j, k, l, _, _, _, _, norm @ ..] = bytes;
    RowFacts {
        scale: f32::from_le_bytes([a, b, c, d]),
        error: f32::from_le_bytes([e, f, g, h]),
        bias: f32::from_le_bytes([i, j, k, l]),
        norm: f64::from_le_bytes(norm),
    }
}

impl<'a> ByteRows<'a> {
    /// Rows of `inputs` numbers; `None` if the bytes are not whole rows.
    pub fn new(inputs: usize, bytes: &'a [u8]) -> Option<ByteRows<'a>> {
        let sized = (1..=INPUTS_MAX).contains(&inputs);
        (sized && bytes.len().is_multiple_of(byte_row_width(inputs))).then_some(ByteRows { inputs, bytes })
    }

    /// Asks for a row that is needed some thousands of rows later; nothing where there is no such row.
    pub fn prefetch(&self, position: usize) {
        let width = byte_row_width(self.inputs);
        let start = position.saturating_mul(width);
        self.bytes.get(start..start.saturating_add(width)).into_iter().for_each(prefetch_early);
    }

    /// Products of the codes of query `at` with those of chosen rows, in whole numbers: times both scales
    /// they are near the products of the numbers. `each` is given them in order, with what is known of the
    /// row.
    ///
    /// # Panics
    /// If the queries have another length, or there is no such query or row.
    pub fn gather(&self, queries: &Codes8, at: usize, positions: &[u32], each: impl FnMut(i32, RowFacts)) {
        self.gather_by(queries.method(), queries.row(at), positions, each);
    }

    fn gather_by(
        &self,
        method: Method,
        (values, sum): (&[i8], i32),
        positions: &[u32],
        mut each: impl FnMut(i32, RowFacts),
    ) {
        assert!(values.len() == self.inputs, "a query of {} numbers", values.len());
        let width = byte_row_width(self.inputs);
        // Zeros meet what fills the last line of codes.
        let mut query = vec![0; self.inputs.next_multiple_of(64)];
        query[..values.len()].copy_from_slice(values);
        let row = |position: u32| &self.bytes[position as usize * width..][..width];
        for (at, position) in positions.iter().enumerate() {
            if let Some(next) = positions.get(at + ROWS_AHEAD) {
                prefetch(row(*next));
            }
            let row = row(*position);
            each(dot_lines(method, (&query, sum), &row[..query.len()]), facts(row));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_gives_the_product_of_the_codes() {
        let mut random = fastrand::Rng::with_seed(11);
        for inputs in [1, 5, 63, 64, 65, 384, 1000] {
            let mut row = || (0..inputs).map(|_| random.f32() - 0.5).collect::<Vec<f32>>();
            let rows: Vec<Vec<f32>> = (0..20).map(|_| row()).collect();
            let queries = [row(), vec![0.0; inputs], vec![-3.0; inputs]].concat();
            let mut bytes = Vec::new();
            for row in &rows {
                let known = encode_byte_row(row, row[0], &mut bytes);
                let codes = &bytes[bytes.len() - byte_row_width(inputs)..];
                assert_eq!(facts(codes), known);
                assert_eq!((known.bias, known.norm), (row[0], norm(row)));
                let back =
                    codes[..inputs].iter().map(|code| (f64::from(*code) - 128.0) * f64::from(known.scale));
                let apart: f64 = back.zip(row).map(|(back, value)| (back - f64::from(*value)).powi(2)).sum();
                let lost = f64::from(known.error);
                assert!(apart.sqrt() <= lost && lost < apart.sqrt() * 1.000001 + 1e-30);
            }
            let rows = ByteRows::new(inputs, &bytes).unwrap();
            let queries = Codes8::encode(&queries, inputs);
            let positions = [19, 0, 7, 7, 1, 2, 3, 4, 5, 6, 8, 9, 10];
            for at in 0..3 {
                let expected: Vec<i32> = positions
                    .iter()
                    .map(|position| {
                        let row = &bytes[*position as usize * byte_row_width(inputs)..];
                        let pairs = queries.row(at).0.iter().zip(row);
                        pairs.map(|(a, w)| i32::from(*a) * (i32::from(*w) - 128)).sum()
                    })
                    .collect();
                for method in Method::all() {
                    let mut found = Vec::new();
                    rows.gather_by(method, queries.row(at), &positions, |product, known| {
                        let row = byte_row_width(inputs) * positions[found.len()] as usize;
                        assert_eq!(known, facts(&bytes[row..row + byte_row_width(inputs)]));
                        found.push(product);
                    });
                    assert_eq!(found, expected, "{method:?} {inputs}");
                }
            }
        }
    }

    #[test]
    fn codes_that_are_not_whole_rows_make_no_view() {
        assert!(ByteRows::new(0, &[]).is_none());
        assert!(ByteRows::new(3, &[0; 65]).is_none());
        assert!(ByteRows::new(65, &[0; 64]).is_none());
        assert!(ByteRows::new(65, &[0; 128]).is_some());
        assert_eq!([1, 40, 41, 384].map(byte_row_width), [64, 64, 128, 448]);
    }
}
