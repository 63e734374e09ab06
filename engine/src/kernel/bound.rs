//! How far a fast score can be from the exact one.

/// Half a unit in the last place of 1.0f32: the largest relative error of one rounded operation.
const UNIT_ROUNDOFF: f64 = 1.0 / (1u64 << 24) as f64;

/// Largest absolute error of one product or sum that falls under the smallest normal f32.
const UNDERFLOW: f64 = 1.0e-44;

/// A bound on `|fast score - exact score|` of a query and any row of a matrix.
///
/// The dot product of n terms, summed in any order, with or without fused multiply-add, obeys
/// `|fl(q.r) - q.r| <= g(n) |q|.|r| <= g(n) ||q|| ||r||` with `g(n) = n u / (1 - n u)`, `u = 2^-24`
/// (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1).
/// We take `g(n + 2)`: an i8 row is scored as `scale * sum(code * q)` while its exact value is the sum of
/// `q * f32(code * scale)`, two roundings more. A term for underflow of any factor or product is added, and a
/// millionth of the whole pays for the rounding of the norms and of the exact score (f64, relative 1e-13 at
/// most).
///
/// `norm_q` is the Euclidean norm of the query, `norm_row_max` that of the longest row, both from
/// [`norm`](super::norm). The result is infinite when a partial sum could overflow f32, which keeps every
/// row.
pub fn error_bound(dim: usize, norm_q: f64, norm_row_max: f64) -> f32 {
    let product = norm_q * norm_row_max;
    let terms = (dim as f64 + 2.0) * UNIT_ROUNDOFF;
    let overflows = product >= f64::from(f32::MAX) / 4.0;
    if terms >= 0.5 || overflows || !product.is_finite() {
        return f32::INFINITY;
    }
    let underflow = dim as f64 * UNDERFLOW * (1.0 + norm_q + norm_row_max);
    let bound = (terms / (1.0 - terms) * product + underflow) * (1.0 + 1e-6);
    (bound as f32).next_up()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_with_dimension_and_norms_and_is_tiny_for_unit_vectors() {
        let unit = error_bound(384, 1.0, 1.0);
        assert!(unit > 2.2e-5 && unit < 2.4e-5, "{unit}");
        assert!(error_bound(768, 1.0, 1.0) > unit);
        assert!(error_bound(384, 2.0, 1.0) > unit);
    }

    #[test]
    fn is_infinite_where_f32_overflows_or_the_formula_ends() {
        assert_eq!(error_bound(4, 1e20, 1e20), f32::INFINITY);
        assert_eq!(error_bound(1 << 24, 1.0, 1.0), f32::INFINITY);
        assert_eq!(error_bound(4, f64::INFINITY, 0.0), f32::INFINITY);
        assert!(error_bound(4, 0.0, 1.0) > 0.0);
    }
}
