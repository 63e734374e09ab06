//! A random rotation in O(width log width): sign flips and Walsh-Hadamard transforms, as random projections
//! for codes of signs need one (Gao and Long, "RaBitQ", SIGMOD 2024, section 3; the fast transform is that of
//! Ailon and Chazelle, STOC 2006).
//!
//! The transform wants a power of two, so rounds alternate between the first and the last numbers of a
//! vector; where the width is no power of two the two parts overlap, which mixes them.

use std::hint::black_box;

use super::dispatch::dispatch;

/// Rounds of flips and a transform.
const ROUNDS: usize = 4;

/// An orthogonal map of vectors, the same for the same width and seed.
#[derive(Clone, Debug)]
pub struct Rotation {
    width: usize,
    /// The greatest power of two that is not over the width.
    part: usize,
    /// `[ROUNDS][width]`, each 1 or -1.
    flips: Vec<f32>,
}

impl Rotation {
    /// The rotation of vectors of `width` numbers.
    ///
    /// # Panics
    /// If the width is zero.
    pub fn new(width: usize, seed: u64) -> Rotation {
        assert!(width > 0, "a rotation of vectors without numbers");
        let mut rng = fastrand::Rng::with_seed(seed);
        let flips = (0..ROUNDS * width).map(|_| if rng.bool() { 1.0 } else { -1.0 }).collect();
        Rotation { width, part: 1 << width.ilog2(), flips }
    }

    /// Rotates a vector in place.
    ///
    /// # Panics
    /// If it has another width.
    pub fn apply(&self, vector: &mut [f32]) {
        assert!(vector.len() == self.width, "a vector of {} numbers", vector.len());
        dispatch(
            #[inline(always)]
            || {
                for (round, flips) in self.flips.chunks_exact(self.width).enumerate() {
                    vector.iter_mut().zip(flips).for_each(|(value, flip)| *value *= flip);
                    let start = if round % 2 == 0 { 0 } else { self.width - self.part };
                    transform(&mut vector[start..start + self.part]);
                }
            },
        );
    }
}

/// Numbers of a register, within which pairs are exchanged by shuffles.
const LANES: usize = 16;

/// The Walsh-Hadamard transform of a power of two of numbers, scaled to keep lengths.
#[inline(always)]
fn transform(values: &mut [f32]) {
    let scale = 1.0 / (values.len() as f32).sqrt();
    let (rows, rest) = values.as_chunks_mut::<LANES>();
    across(rows, |a, b| {
        let (left, right) = (*a, *b);
        for lane in 0..LANES {
            (a[lane], b[lane]) = (left[lane] + right[lane], left[lane] - right[lane]);
        }
    });
    for row in rows {
        butterfly::<8>(row);
        butterfly::<4>(row);
        butterfly::<2>(row);
        butterfly::<1>(row);
        row.iter_mut().for_each(|value| *value *= scale);
        // Without a fence the compiler works on the same lane of many rows at once, which it gathers from
        // memory number by number: ten times slower.
        black_box(());
    }
    // A power of two that is less than a register.
    across(rest, |a, b| (*a, *b) = (*a + *b, *a - *b));
    rest.iter_mut().for_each(|value| *value *= scale);
}

/// Sums and differences of items at the distances of half of them, a quarter, and so on down to one.
#[inline(always)]
fn across<T>(items: &mut [T], mut pair: impl FnMut(&mut T, &mut T)) {
    let mut half = items.len() / 2;
    while half > 0 {
        for items in items.chunks_exact_mut(2 * half) {
            let (left, right) = items.split_at_mut(half);
            left.iter_mut().zip(right).for_each(|(a, b)| pair(a, b));
        }
        half /= 2;
    }
}

/// Sums and differences of numbers at distance `H`.
#[inline(always)]
fn butterfly<const H: usize>(values: &mut [f32; LANES]) {
    let old = *values;
    for (at, value) in values.iter_mut().enumerate() {
        *value = old[at ^ H] + if at & H == 0 { old[at] } else { -old[at] };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::dot_exact;

    #[test]
    fn products_and_lengths_are_kept_and_axes_are_spread() {
        let mut rng = fastrand::Rng::with_seed(5);
        for width in [1, 2, 64, 192, 384, 448, 1024] {
            let rotation = Rotation::new(width, 7);
            let mut vector = || (0..width).map(|_| rng.f32() - 0.5).collect::<Vec<f32>>();
            let (mut a, mut b) = (vector(), vector());
            let before = [dot_exact(&a, &b), dot_exact(&a, &a)];
            rotation.apply(&mut a);
            rotation.apply(&mut b);
            for (before, after) in before.into_iter().zip([dot_exact(&a, &b), dot_exact(&a, &a)]) {
                assert!((before - after).abs() < 1e-5 * width as f64, "{width} {before} {after}");
            }
            let mut axis = vec![0.0; width];
            axis[width - 1] = 1.0;
            rotation.apply(&mut axis);
            let largest = axis.iter().fold(0.0f32, |most, value| most.max(value.abs()));
            assert!(width < 64 || largest < 5.0 / (width as f32).sqrt(), "{width} {largest}");
        }
    }

    #[test]
    fn the_seed_decides() {
        let turned = |seed| {
            let mut vector = vec![1.0; 64];
            Rotation::new(64, seed).apply(&mut vector);
            vector
        };
        assert_eq!(turned(1), turned(1));
        assert_ne!(turned(1), turned(2));
    }
}
