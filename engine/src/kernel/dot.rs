//! Dot products: the exact one that decides, and the fast one that nominates.

use pulp::{Arch, Simd, WithSimd};

use super::dispatch::dispatch;

/// Number of running sums of the exact product. It is part of the definition of a score: never change it
/// lightly, since scores are shown and compared across machines.
pub(super) const LANES: usize = 16;

/// The score that decides every order and that every answer shows: `sum a[i] * b[i]` in f64.
///
/// The product of two f32 is exact in f64 (48 of 53 bits). Term i goes to running sum `i % 16`, and the sums
/// are added as a fixed binary tree, so the result is the same, bit for bit, on every processor and however
/// the call was reached. It cannot overflow: 2^30 terms of at most 1.2e77.
///
/// # Panics
/// If the lengths differ; a caller checks dimensions when it binds a query.
pub fn dot_exact(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len(), "dot_exact of vectors of different dimension");
    dispatch(
        #[inline(always)]
        || {
            let mut lanes = [0.0; LANES];
            accumulate(&mut lanes, a, b);
            reduce(lanes)
        },
    )
}

/// Adds the products of `a` and `b` to the running sums; the first product goes to the first sum.
#[inline(always)]
pub(super) fn accumulate(lanes: &mut [f64; LANES], a: &[f32], b: &[f32]) {
    let (a_chunks, a_tail) = a.as_chunks::<LANES>();
    let (b_chunks, b_tail) = b.as_chunks::<LANES>();
    let mut sums = *lanes;
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for lane in 0..LANES {
            sums[lane] += f64::from(a[lane]) * f64::from(b[lane]);
        }
    }
    for ((sum, a), b) in sums.iter_mut().zip(a_tail).zip(b_tail) {
        *sum += f64::from(*a) * f64::from(*b);
    }
    *lanes = sums;
}

/// The running sums as one number: neighbours at distance 8, then 4, 2, 1.
#[inline(always)]
pub(super) fn reduce(mut lanes: [f64; LANES]) -> f64 {
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            lanes[lane] += lanes[lane + width];
        }
        width /= 2;
    }
    lanes[0]
}

/// Euclidean norm, in f64.
pub fn norm(vector: &[f32]) -> f64 {
    dot_exact(vector, vector).sqrt()
}

/// Fast f32 dot product with the widest instructions of the processor. Only nominates:
/// see [`error_bound`](super::error_bound).
///
/// # Panics
/// If the lengths differ.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    struct Dot<'a>(&'a [f32], &'a [f32]);
    impl WithSimd for Dot<'_> {
        type Output = f32;

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> f32 {
            dot_simd(simd, self.0, self.1)
        }
    }
    assert_eq!(a.len(), b.len(), "dot of vectors of different dimension");
    Arch::new().dispatch(Dot(a, b))
}

/// The body of [`dot`] for callers that are already inside a dispatched function.
#[inline(always)]
pub(super) fn dot_simd<S: Simd>(simd: S, a: &[f32], b: &[f32]) -> f32 {
    let (a_head, a_tail) = S::as_simd_f32s(a);
    let (b_head, b_tail) = S::as_simd_f32s(b);
    let (a_groups, a_rest) = a_head.as_chunks::<4>();
    let (b_groups, b_rest) = b_head.as_chunks::<4>();
    // Four independent sums hide the latency of the fused multiply-add.
    let zero = simd.splat_f32s(0.0);
    let (mut s0, mut s1, mut s2, mut s3) = (zero, zero, zero, zero);
    for (a, b) in a_groups.iter().zip(b_groups) {
        s0 = simd.mul_add_e_f32s(a[0], b[0], s0);
        s1 = simd.mul_add_e_f32s(a[1], b[1], s1);
        s2 = simd.mul_add_e_f32s(a[2], b[2], s2);
        s3 = simd.mul_add_e_f32s(a[3], b[3], s3);
    }
    for (a, b) in a_rest.iter().zip(b_rest) {
        s0 = simd.mul_add_e_f32s(*a, *b, s0);
    }
    if !a_tail.is_empty() {
        s1 = simd.mul_add_e_f32s(simd.partial_load_f32s(a_tail), simd.partial_load_f32s(b_tail), s1);
    }
    simd.reduce_sum_f32s(simd.add_f32s(simd.add_f32s(s0, s1), simd.add_f32s(s2, s3)))
}

#[cfg(test)]
mod tests {
    use super::super::error_bound;
    use super::*;

    fn vector(rng: &mut fastrand::Rng, dim: usize) -> Vec<f32> {
        (0..dim).map(|_| rng.f32() * 2.0 - 1.0).collect()
    }

    /// The definition of the exact product, one step at a time.
    fn by_definition(a: &[f32], b: &[f32]) -> f64 {
        let mut lanes = [0.0f64; LANES];
        for (i, (a, b)) in a.iter().zip(b).enumerate() {
            lanes[i % LANES] += f64::from(*a) * f64::from(*b);
        }
        let eight: Vec<f64> = (0..8).map(|i| lanes[i] + lanes[i + 8]).collect();
        let four: Vec<f64> = (0..4).map(|i| eight[i] + eight[i + 4]).collect();
        (four[0] + four[2]) + (four[1] + four[3])
    }

    #[test]
    fn exact_is_its_definition_bit_for_bit_and_fast_stays_within_the_bound() {
        let mut rng = fastrand::Rng::with_seed(1);
        for dim in 1..1030 {
            let (a, b) = (vector(&mut rng, dim), vector(&mut rng, dim));
            let exact = dot_exact(&a, &b);
            assert_eq!(exact.to_bits(), by_definition(&a, &b).to_bits(), "dimension {dim}");
            let naive: f64 = a.iter().zip(&b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            assert!((exact - naive).abs() <= 1e-12, "dimension {dim}");
            let bound = error_bound(dim, norm(&a), norm(&b));
            assert!((f64::from(dot(&a, &b)) - exact).abs() <= f64::from(bound), "dimension {dim}");
        }
    }

    #[test]
    fn adversarial_values_stay_within_the_bound() {
        let mut cancel: Vec<f32> = (0..1000).map(|i| if i % 2 == 0 { 1e10 } else { -1e10 }).collect();
        cancel.push(1.0 / 1024.0);
        let ones = vec![1.0f32; cancel.len()];
        let tiny = vec![f32::from_bits(1); 777];
        let small = vec![1e-30f32; 777];
        let wide: Vec<f32> = (0..600).map(|i| (10.0f32).powi(i % 37 - 18)).collect();
        let cases = [(&cancel, &ones), (&tiny, &tiny), (&small, &small), (&wide, &wide), (&tiny, &small)];
        for (a, b) in cases {
            let error = (f64::from(dot(a, b)) - dot_exact(a, b)).abs();
            assert!(error <= f64::from(error_bound(a.len(), norm(a), norm(b))), "{error}");
        }
        assert_eq!(dot_exact(&cancel, &ones), 1.0 / 1024.0);
    }

    #[test]
    fn empty_vectors_have_product_zero() {
        assert_eq!((dot_exact(&[], &[]), dot(&[], &[])), (0.0, 0.0));
    }
}
