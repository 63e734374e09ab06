//! From the output of a model to one vector a text.

use super::error::ModelError;
use super::session::TokenRows;
use super::spec::Pooling;

/// Writes the embedding of every row of a run into `out`, `rows * dimension` numbers, and returns the
/// dimension.
///
/// `shape` and `numbers` are the output of the model: `[rows, dimension]` is taken as it is, and
/// `[rows, tokens, dimension]` is reduced by `pooling`. Sums are in f64, so the order of tokens costs no
/// accuracy.
pub(super) fn pool(
    input: TokenRows<'_>,
    pooling: Pooling,
    rank: usize,
    shape: &[i64],
    numbers: &[f32],
    out: &mut Vec<f32>,
) -> Result<usize, ModelError> {
    let unexpected = || ModelError::Shape {
        shape: shape.to_vec(),
        expected: match rank {
            2 => format!("[{}, dimension]", input.rows),
            _ => format!("[{}, {}, dimension]", input.rows, input.tokens),
        },
    };
    let sizes: Vec<usize> = shape.iter().filter_map(|size| usize::try_from(*size).ok()).collect();
    let dimension = match sizes[..] {
        [rows, dimension] if rank == 2 && rows == input.rows => dimension,
        [rows, tokens, dimension] if rank == 3 && rows == input.rows && tokens == input.tokens => dimension,
        _ => return Err(unexpected()),
    };
    let per_row = if rank == 2 { dimension } else { dimension * input.tokens };
    if dimension == 0 || sizes.len() != shape.len() || numbers.len() != per_row * input.rows {
        return Err(unexpected());
    }
    for (row, mask) in numbers.chunks_exact(per_row).zip(input.mask.chunks_exact(input.tokens)) {
        match (rank, pooling) {
            (2, _) => out.extend_from_slice(row),
            (_, Pooling::Mean) => mean(row, mask, dimension, out),
            (_, Pooling::Cls | Pooling::None) => out.extend_from_slice(&row[..dimension]),
        }
    }
    Ok(dimension)
}

/// The mean of the vectors whose mask is not zero.
fn mean(row: &[f32], mask: &[i64], dimension: usize, out: &mut Vec<f32>) {
    let mut sums = vec![0.0f64; dimension];
    let mut count = 0.0f64;
    for (vector, _) in row.chunks_exact(dimension).zip(mask).filter(|(_, mask)| **mask != 0) {
        count += 1.0;
        for (sum, value) in sums.iter_mut().zip(vector) {
            *sum += f64::from(*value);
        }
    }
    out.extend(sums.iter().map(|sum| (sum / count.max(1.0)) as f32));
}

#[cfg(test)]
mod tests {
    use super::*;

    const INPUT: TokenRows<'_> = TokenRows { rows: 2, tokens: 3, ids: &[1; 6], mask: &[1, 1, 0, 1, 1, 1] };
    const TOKENS: [f32; 12] = [1.0, 2.0, 3.0, 6.0, 90.0, 90.0, 1.0, 1.0, 1.0, 2.0, 1.0, 3.0];

    fn check(pooling: Pooling, shape: &[i64], numbers: &[f32]) -> Result<Vec<f32>, ModelError> {
        let mut out = Vec::new();
        pool(INPUT, pooling, shape.len(), shape, numbers, &mut out).map(|_| out)
    }

    #[test]
    fn mean_leaves_padding_out_and_cls_takes_the_first_token() {
        assert_eq!(check(Pooling::Mean, &[2, 3, 2], &TOKENS).unwrap(), [2.0, 4.0, 1.0, 2.0]);
        assert_eq!(check(Pooling::Cls, &[2, 3, 2], &TOKENS).unwrap(), [1.0, 2.0, 1.0, 1.0]);
        assert_eq!(check(Pooling::None, &[2, 2], &TOKENS[..4]).unwrap(), TOKENS[..4]);
    }

    #[test]
    fn other_shapes_are_refused() {
        for shape in [&[2i64, 3, 3][..], &[3, 2, 2], &[2, -1, 2], &[2, 3, 0], &[1, 12], &[12]] {
            let error = check(Pooling::Mean, shape, &TOKENS).unwrap_err();
            assert!(matches!(error, ModelError::Shape { .. }), "{shape:?} {error}");
        }
        let error = check(Pooling::None, &[1, 12], &TOKENS).unwrap_err();
        assert_eq!(error.to_string(), "the model returned shape [1, 12] where [2, dimension] was expected");
    }
}
