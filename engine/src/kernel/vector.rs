//! Operations on one vector.

use super::dispatch::dispatch;
use super::dot::{LANES, norm, reduce};

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

/// What it costs to keep a row by another centre than the one that leaves `rest` of it:
/// `|o|^2 + <rest, o>^2 / |rest|^2` of what the other leaves, `o = row - centre`. The second part is greatest
/// where both rests are parallel, so that a query along the one is along the other, too (SOAR: Sun et al.,
/// NeurIPS 2023, with lambda 1). In f32 and in a fixed order, with the same bits on every processor.
///
/// # Panics
/// If the lengths differ.
pub fn spill_cost(row: &[f32], rest: &[f32], centre: &[f32]) -> f32 {
    assert!(row.len() == rest.len() && row.len() == centre.len(), "a row, its rest and a centre");
    dispatch(
        #[inline(always)]
        || {
            let (mut own, mut along, mut length) = ([0.0f32; LANES], [0.0f32; LANES], [0.0f32; LANES]);
            let mut add = |lane: usize, row: f32, rest: f32, centre: f32| {
                let other = row - centre;
                length[lane] += other * other;
                along[lane] += rest * other;
                own[lane] += rest * rest;
            };
            let ((rows, row), (rests, rest), (centres, centre)) =
                (row.as_chunks::<LANES>(), rest.as_chunks::<LANES>(), centre.as_chunks::<LANES>());
            for ((row, rest), centre) in rows.iter().zip(rests).zip(centres) {
                (0..LANES).for_each(|lane| add(lane, row[lane], rest[lane], centre[lane]));
            }
            for (lane, ((row, rest), centre)) in row.iter().zip(rest).zip(centre).enumerate() {
                add(lane, *row, *rest, *centre);
            }
            let [own, along, length] = [own, along, length].map(|lanes| lanes.iter().sum::<f32>());
            if own > 0.0 { length + along * (along / own) } else { length }
        },
    )
}

/// Softmax in place: `exp(x_i - max) / sum_j exp(x_j - max)`, in f64 and in a fixed order, with the same bits
/// on every processor. Shares under 1e-300 are zero. An empty slice stays empty.
///
/// The inputs must be finite; the largest is subtracted first, so nothing overflows.
pub fn softmax(values: &mut [f64]) {
    dispatch(
        #[inline(always)]
        || {
            let mut most = [f64::NEG_INFINITY; LANES];
            by_lanes(values, |lane, value| {
                most[lane] = if *value > most[lane] { *value } else { most[lane] }
            });
            let max = most.into_iter().fold(f64::NEG_INFINITY, f64::max);
            let mut sums = [0.0; LANES];
            by_lanes(values, |lane, value| {
                *value = exp(*value - max);
                sums[lane] += *value;
            });
            let sum = reduce(sums);
            values.iter_mut().for_each(|value| *value /= sum);
        },
    );
}

/// Visits numbers with the lane that each belongs to, as [`dot_exact`](super::dot_exact) does.
#[inline(always)]
fn by_lanes(values: &mut [f64], mut visit: impl FnMut(usize, &mut f64)) {
    let (whole, rest) = values.as_chunks_mut::<LANES>();
    for chunk in whole {
        for (lane, value) in chunk.iter_mut().enumerate() {
            visit(lane, value);
        }
    }
    for (lane, value) in rest.iter_mut().enumerate() {
        visit(lane, value);
    }
}

/// `e^x` for `x <= 0`, within two units of the last place; zero where x is under -690.
///
/// `e^x = 2^n e^r` with `|r| <= ln 2 / 2`, of which the Taylor series to the thirteenth power is exact to
/// 4e-18. Without branches and calls, so that the compiler makes vectors of it.
#[inline(always)]
fn exp(x: f64) -> f64 {
    /// Adding it rounds to a whole number, which then stands in the lowest bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    // ln 2 in two parts; whole numbers of eleven bits times the first are exact.
    const LN_2: [f64; 2] = [f64::from_bits(0x3FE6_2E42_FEFA_3800), f64::from_bits(0x3D2E_F357_93C7_6730)];
    let shifted = x.mul_add(std::f64::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = n.mul_add(-LN_2[1], n.mul_add(-LN_2[0], x));
    // 1 / k!, from the thirteenth down.
    let mut power = 1.0 / 6_227_020_800.0;
    for factorial in [
        479_001_600.0,
        39_916_800.0,
        3_628_800.0,
        362_880.0,
        40_320.0,
        5_040.0,
        720.0,
        120.0,
        24.0,
        6.0,
        2.0,
        1.0,
        1.0,
    ] {
        power = r.mul_add(power, 1.0 / factorial);
    }
    let scaled = f64::from_bits(power.to_bits().wrapping_add(shifted.to_bits() << 52));
    if x < -690.0 { 0.0 } else { scaled }
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

    #[test]
    fn the_exponential_is_that_of_the_library_to_two_units() {
        let mut random = fastrand::Rng::with_seed(2);
        let mut numbers = vec![0.0, -0.0, -690.0, -f64::MIN_POSITIVE];
        for _ in 0..100_000 {
            numbers.push(random.f64() * -690.0);
            numbers.push(-random.f64() * 10f64.powi(random.i32(-20..2)));
        }
        for x in numbers {
            let (found, expected) = (exp(x), x.exp());
            assert!((found - expected).abs() <= 2.0 * f64::EPSILON * expected, "{x}: {found} {expected}");
        }
        assert_eq!([-690.1, -800.0, -1e300, f64::NEG_INFINITY].map(exp), [0.0; 4]);
    }

    #[test]
    fn softmax_is_its_definition() {
        let mut random = fastrand::Rng::with_seed(3);
        for count in [1, 2, 15, 16, 17, 100, 2048] {
            let values: Vec<f64> = (0..count).map(|_| random.f64() * 60.0 - 30.0).collect();
            let sum: f64 = values.iter().map(|value| value.exp()).sum();
            let mut shares = values.clone();
            softmax(&mut shares);
            for (share, value) in shares.iter().zip(&values) {
                let expected = value.exp() / sum;
                assert!((share - expected).abs() <= 1e-13 * expected, "{count}: {share} {expected}");
            }
        }
    }
}
