//! Operations on one vector.

use super::dot::norm;

/// Why a vector cannot be brought to unit length.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum NormError {
    /// Every number is zero, so there is no direction.
    #[error("a vector of zeros has no direction; give at least one number that is not zero")]
    Zero,
    /// A number is infinite or NaN.
    #[error("number {position} of the vector is {value}; only finite numbers are allowed")]
    NotFinite {
        /// Its place, from 0.
        position: usize,
        /// What stands there.
        value: f32,
    },
}

/// The place of the first infinite or NaN number, if there is one.
pub fn first_non_finite(vector: &[f32]) -> Option<usize> {
    // One pass that the compiler vectorises; the search for the place runs only on bad input.
    let finite = vector.iter().fold(true, |finite, value| finite & value.is_finite());
    if finite { None } else { vector.iter().position(|value| !value.is_finite()) }
}

/// Scales a vector to unit length in place and returns the norm it had. Computed in f64, so that neither
/// large nor subnormal numbers are lost. On error the vector is as it was.
pub fn normalize(vector: &mut [f32]) -> Result<f64, NormError> {
    if let Some(position) = first_non_finite(vector) {
        return Err(NormError::NotFinite { position, value: vector[position] });
    }
    let norm = norm(vector);
    if norm == 0.0 {
        return Err(NormError::Zero);
    }
    for value in vector {
        *value = (f64::from(*value) / norm) as f32;
    }
    Ok(norm)
}

/// Softmax in place: `exp(x_i - max) / sum_j exp(x_j - max)`, in f64 and in a fixed order. An empty slice
/// stays empty.
///
/// The inputs must be finite; the largest is subtracted first, so nothing overflows.
pub fn softmax(values: &mut [f64]) {
    let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for value in values.iter_mut() {
        *value = (*value - max).exp();
        sum += *value;
    }
    for value in values {
        *value /= sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalize_gives_unit_length_for_huge_and_for_subnormal_numbers() {
        for scale in [1.0f32, 1e30, 1e-42, f32::MAX / 2.0] {
            let mut vector = vec![scale, -scale, 0.5 * scale, 0.0];
            let before = norm(&vector);
            assert_eq!(normalize(&mut vector), Ok(before));
            assert!((norm(&vector) - 1.0).abs() < 1e-6, "{scale}: {vector:?}");
        }
    }

    #[test]
    fn zeros_and_numbers_that_are_not_finite_are_refused_untouched() {
        assert_eq!(normalize(&mut [0.0, -0.0]), Err(NormError::Zero));
        assert_eq!(normalize(&mut []), Err(NormError::Zero));
        let mut vector = [1.0, 2.0, f32::INFINITY];
        let error = NormError::NotFinite { position: 2, value: f32::INFINITY };
        assert_eq!(normalize(&mut vector), Err(error));
        assert_eq!(vector, [1.0, 2.0, f32::INFINITY]);
        assert_eq!(first_non_finite(&[0.0, f32::NAN, f32::INFINITY]), Some(1));
        assert_eq!(first_non_finite(&[0.0; 100]), None);
    }

    #[test]
    fn softmax_sums_to_one_and_survives_large_inputs() {
        let mut values = [1000.0, 1001.0, -1000.0];
        softmax(&mut values);
        assert!((values.iter().sum::<f64>() - 1.0).abs() < 1e-15);
        assert!((values[1] / values[0] - 1f64.exp()).abs() < 1e-12);
        assert_eq!(values[2], 0.0);
        softmax(&mut []);
    }
}
