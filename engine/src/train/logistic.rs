//! Logistic regression on features that may bend.
//!
//! The logit is a sum of one piecewise linear curve for each feature: a slope, and at a few quantiles of the
//! feature a change of slope (hinges, as in Friedman's MARS, 1991, but at fixed places). Everything is
//! standardised, the weights have an L2 penalty, and Newton's method (iteratively reweighted least squares)
//! finds the one minimum.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::control::{BuildControl, TrainError};

/// Rows summed by one task. Fixed, so that the order of additions does not depend on the threads.
const ROWS_AT_ONCE: usize = 8_192;
/// A Newton step is halved this often at most before the present point counts as the minimum.
const HALVINGS_MAX: usize = 20;

/// `1 / (1 + exp(-logit))`.
pub(super) fn sigmoid(logit: f64) -> f64 {
    if logit >= 0.0 {
        1.0 / (1.0 + (-logit).exp())
    } else {
        let power = logit.exp();
        power / (1.0 + power)
    }
}

/// `ln(1 + exp(logit))` without overflow.
fn softplus(logit: f64) -> f64 {
    logit.max(0.0) + (-logit.abs()).exp().ln_1p()
}

/// The curve of one feature. The feature is clamped to `low..=high`, the range that was trained on, and
/// standardised to `x = (feature - mean) / scale`; the curve is
/// `slope * x + sum of bends[i] * max(0, x - knots[i])`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Curve {
    low: f64,
    high: f64,
    mean: f64,
    scale: f64,
    slope: f64,
    knots: Vec<f64>,
    bends: Vec<f64>,
}

impl Curve {
    /// The standardised feature.
    fn standard(&self, feature: f64) -> f64 {
        (feature.max(self.low).min(self.high) - self.mean) / self.scale
    }

    /// The curve's height.
    fn value(&self, feature: f64) -> f64 {
        let x = self.standard(feature);
        self.knots
            .iter()
            .zip(&self.bends)
            .fold(self.slope * x, |sum, (knot, bend)| sum + bend * (x - knot).max(0.0))
    }
}

/// Logistic regression on one curve for each feature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Logistic {
    intercept: f64,
    curves: Vec<Curve>,
}

impl Logistic {
    /// The probability that `feature(number)` is of a positive.
    pub(super) fn value(&self, feature: impl Fn(usize) -> f64) -> f64 {
        let curves = self.curves.iter().enumerate();
        sigmoid(curves.fold(self.intercept, |sum, (number, curve)| sum + curve.value(feature(number))))
    }

    /// Whether there is a curve for each feature and every number is usable.
    pub(super) fn check(&self, features: usize, knots_max: usize) -> Result<(), String> {
        // Numbers of this size come from no f32 feature, and their products could overflow.
        let usable = |value: &f64| value.abs() <= 1e60;
        if self.curves.len() != features {
            return Err(format!("{} curves stand for {features} features", self.curves.len()));
        }
        if !usable(&self.intercept) {
            return Err(format!("the intercept is {}", self.intercept));
        }
        for (number, curve) in self.curves.iter().enumerate() {
            if curve.knots.len() != curve.bends.len() || curve.knots.len() > knots_max {
                let (knots, bends) = (curve.knots.len(), curve.bends.len());
                return Err(format!(
                    "curve {number} has {knots} knots (at most {knots_max}) and {bends} bends"
                ));
            }
            let plain = [curve.low, curve.high, curve.mean, curve.slope];
            let mut all = plain.iter().chain(&curve.knots).chain(&curve.bends);
            if !all.all(usable) || !(1e-60..=1e60).contains(&curve.scale) || curve.low > curve.high {
                return Err(format!("curve {number} has a number that is out of range"));
            }
        }
        Ok(())
    }
}

/// Options of a logistic regression.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogisticOptions {
    /// Bends of each feature, at quantiles; 0 makes the curves straight lines.
    pub knots: usize,
    /// Half of this times the squared weights is added to the sum of the losses.
    pub l2: f64,
    /// The most Newton steps.
    pub iterations: usize,
    /// Steps end when the objective would fall by less than this share.
    pub tolerance: f64,
}

impl Default for LogisticOptions {
    /// Five bends, L2 of 1, 50 steps, a tolerance of 1e-9.
    fn default() -> LogisticOptions {
        LogisticOptions { knots: 5, l2: 1.0, iterations: 50, tolerance: 1e-9 }
    }
}

/// The functions whose weighted sum is the logit: for each feature itself and its hinges, standardised.
struct Basis {
    curves: Vec<Curve>,
    /// Mean and standard deviation of each function over the rows.
    moments: Vec<(f64, f64)>,
}

impl Basis {
    /// Places knots at quantiles and standardises.
    fn new(rows: &[f32], features: usize, knots: usize) -> Basis {
        let fitted: Vec<(Curve, Vec<(f64, f64)>)> = (0..features)
            .into_par_iter()
            .map(|feature| {
                let mut column: Vec<f32> = rows.iter().skip(feature).step_by(features).copied().collect();
                column.sort_unstable_by(f32::total_cmp);
                curve(&column, knots)
            })
            .collect();
        let (curves, moments): (Vec<_>, Vec<_>) = fitted.into_iter().unzip();
        Basis { curves, moments: moments.into_iter().flatten().collect() }
    }

    /// Number of functions, with the constant, which comes first.
    fn len(&self) -> usize {
        self.moments.len() + 1
    }

    /// The functions of a row.
    fn fill(&self, row: &[f32], out: &mut [f64]) {
        out[0] = 1.0;
        let mut at = 1;
        for (value, curve) in row.iter().zip(&self.curves) {
            let x = curve.standard(f64::from(*value));
            out[at] = x;
            for (out, knot) in out[at + 1..].iter_mut().zip(&curve.knots) {
                *out = (x - knot).max(0.0);
            }
            at += 1 + curve.knots.len();
        }
        for (out, (mean, deviation)) in out[1..].iter_mut().zip(&self.moments) {
            *out = (*out - mean) / deviation;
        }
    }

    /// The weights as curves over the features.
    fn fold(self, weights: &[f64]) -> Logistic {
        let (mut intercept, mut curves, mut at) = (weights[0], self.curves, 0);
        for curve in &mut curves {
            let mut weight = || {
                let (mean, deviation) = self.moments[at];
                at += 1;
                let weight = weights[at] / deviation;
                intercept -= weight * mean;
                weight
            };
            curve.slope = weight();
            curve.bends = curve.knots.iter().map(|_| weight()).collect();
        }
        Logistic { intercept, curves }
    }
}

/// The curve of a feature whose values are given ascending, still flat, and the moments of its functions.
fn curve(ascending: &[f32], knots: usize) -> (Curve, Vec<(f64, f64)>) {
    let (mean, scale) = moments(ascending.iter().map(|value| f64::from(*value)));
    let bound = |value: Option<&f32>| f64::from(value.copied().unwrap_or(0.0));
    let (low, high) = (bound(ascending.first()), bound(ascending.last()));
    let standard = |value: f32| (f64::from(value) - mean) / scale;
    // A hinge at the least value is the feature itself, and one at the greatest is zero everywhere.
    let mut at: Vec<f32> = (1..=knots).map(|knot| ascending[ascending.len() * knot / (knots + 1)]).collect();
    at.dedup();
    at.retain(|value| f64::from(*value) > low && f64::from(*value) < high);
    let knots: Vec<f64> = at.into_iter().map(standard).collect();
    let mut found = vec![moments(ascending.iter().map(|value| standard(*value)))];
    for knot in &knots {
        found.push(moments(ascending.iter().map(|value| (standard(*value) - knot).max(0.0))));
    }
    (Curve { low, high, mean, scale, slope: 0.0, bends: vec![0.0; knots.len()], knots }, found)
}

/// Mean and standard deviation; 1 where nothing varies.
fn moments(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let (count, sum) = values.clone().fold((0.0, 0.0), |(count, sum), value| (count + 1.0, sum + value));
    let mean = if count > 0.0 { sum / count } else { 0.0 };
    let squares: f64 = values.map(|value| (value - mean) * (value - mean)).sum();
    let deviation = (squares / f64::max(count, 1.0)).sqrt();
    (mean, if deviation > 1e-30 { deviation } else { 1.0 })
}

/// The objective at a point: the sum of the losses and the penalty, its gradient, and its second derivatives
/// (row-major, the lower triangle).
struct Objective {
    value: f64,
    gradient: Vec<f64>,
    hessian: Vec<f64>,
}

/// Rows `[n, features]`, and the weight and the weight times the target of each.
struct Problem<'a> {
    rows: &'a [f32],
    features: usize,
    pairs: &'a [(f64, f64)],
    l2: f64,
}

impl Problem<'_> {
    /// The objective at `weights`.
    fn at(&self, basis: &Basis, weights: &[f64]) -> Objective {
        let chunks =
            self.rows.par_chunks(ROWS_AT_ONCE * self.features).zip(self.pairs.par_chunks(ROWS_AT_ONCE));
        let parts: Vec<Objective> =
            chunks.map(|(rows, pairs)| self.part(basis, weights, rows, pairs)).collect();
        let count = weights.len();
        let mut all = Objective { value: 0.0, gradient: vec![0.0; count], hessian: vec![0.0; count * count] };
        for part in parts {
            all.value += part.value;
            all.gradient.iter_mut().zip(part.gradient).for_each(|(all, part)| *all += part);
            all.hessian.iter_mut().zip(part.hessian).for_each(|(all, part)| *all += part);
        }
        // The constant has no penalty.
        for (at, weight) in weights.iter().enumerate().skip(1) {
            all.value += 0.5 * self.l2 * weight * weight;
            all.gradient[at] += self.l2 * weight;
            all.hessian[at * count + at] += self.l2;
        }
        all
    }

    /// The sum over some rows, without the penalty.
    fn part(&self, basis: &Basis, weights: &[f64], rows: &[f32], pairs: &[(f64, f64)]) -> Objective {
        let count = weights.len();
        let mut sums =
            Objective { value: 0.0, gradient: vec![0.0; count], hessian: vec![0.0; count * count] };
        let mut x = vec![0.0; count];
        for (row, (weight, positive)) in rows.chunks_exact(self.features).zip(pairs) {
            basis.fill(row, &mut x);
            let logit: f64 = x.iter().zip(weights).map(|(x, weight)| x * weight).sum();
            let share = sigmoid(logit);
            sums.value += weight * softplus(logit) - positive * logit;
            let (first, second) = (weight * share - positive, weight * share * (1.0 - share));
            sums.gradient.iter_mut().zip(&x).for_each(|(sum, x)| *sum += first * x);
            for (at, line) in sums.hessian.chunks_exact_mut(count).enumerate() {
                let factor = second * x[at];
                line[..=at].iter_mut().zip(&x).for_each(|(sum, x)| *sum += factor * x);
            }
        }
        sums
    }
}

/// Fits the curves. `pairs` holds the weight and the weight times the target of each row; both classes have
/// weight.
pub(super) fn fit_logistic(
    rows: &[f32],
    features: usize,
    pairs: &[(f64, f64)],
    options: LogisticOptions,
    control: &BuildControl<'_>,
) -> Result<Logistic, TrainError> {
    let basis = Basis::new(rows, features, options.knots);
    // Without any penalty a feature that never varies would leave the second derivatives singular.
    let problem = Problem { rows, features, pairs, l2: options.l2.max(1e-9) };
    let mut weights = vec![0.0; basis.len()];
    let mut here = problem.at(&basis, &weights);
    for iteration in 0..options.iterations {
        (control.progress)(iteration as u64, options.iterations as u64);
        let step = solve(here.hessian.clone(), &here.gradient);
        let fall: f64 = step.iter().zip(&here.gradient).map(|(step, gradient)| step * gradient).sum();
        if fall <= options.tolerance * here.value.abs() {
            break;
        }
        let mut part = 1.0;
        let mut moved = false;
        for _ in 0..HALVINGS_MAX {
            if (control.cancelled)() {
                return Err(TrainError::Cancelled);
            }
            let tried: Vec<f64> =
                weights.iter().zip(&step).map(|(weight, step)| weight - part * step).collect();
            let there = problem.at(&basis, &tried);
            if there.value <= here.value - 1e-4 * part * fall {
                (weights, here, moved) = (tried, there, true);
                break;
            }
            part *= 0.5;
        }
        if !moved {
            break;
        }
    }
    Ok(basis.fold(&weights))
}

/// Solves `matrix * x = right` by Cholesky's decomposition; of the symmetric positive matrix the lower
/// triangle is read. A pivot lost to rounding counts as infinite, which leaves its unknown at 0.
pub(super) fn solve(mut matrix: Vec<f64>, right: &[f64]) -> Vec<f64> {
    let n = right.len();
    let largest = (0..n).map(|at| matrix[at * n + at]).fold(0.0, f64::max);
    for column in 0..n {
        let pivot = matrix[column * n + column]
            - (0..column).map(|k| matrix[column * n + k] * matrix[column * n + k]).sum::<f64>();
        let root = if pivot > 1e-15 * largest { pivot.sqrt() } else { f64::INFINITY };
        matrix[column * n + column] = root;
        for row in column + 1..n {
            let dot: f64 = (0..column).map(|k| matrix[row * n + k] * matrix[column * n + k]).sum();
            matrix[row * n + column] = (matrix[row * n + column] - dot) / root;
        }
    }
    let mut x = right.to_vec();
    for row in 0..n {
        let dot: f64 = (0..row).map(|k| matrix[row * n + k] * x[k]).sum();
        x[row] = (x[row] - dot) / matrix[row * n + row];
    }
    for row in (0..n).rev() {
        let dot: f64 = (row + 1..n).map(|k| matrix[k * n + row] * x[k]).sum();
        x[row] = (x[row] - dot) / matrix[row * n + row];
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREE: BuildControl<'static> =
        BuildControl { cancelled: &|| false, progress: &|_, _| {}, threads: 1 };

    #[test]
    fn derivatives_are_those_of_finite_differences() {
        let mut random = fastrand::Rng::with_seed(1);
        let rows: Vec<f32> = (0..120).map(|_| random.f32() * 3.0 - 1.0).collect();
        let pairs: Vec<(f64, f64)> =
            (0..60).map(|_| (random.f64() + 0.5, random.f64())).map(|(w, y)| (w, w * y.round())).collect();
        let basis = Basis::new(&rows, 2, 2);
        let problem = Problem { rows: &rows, features: 2, pairs: &pairs, l2: 0.7 };
        let weights: Vec<f64> = (0..basis.len()).map(|_| random.f64() - 0.5).collect();
        let (here, count, step) = (problem.at(&basis, &weights), basis.len(), 1e-5);
        for at in 0..count {
            let moved = |by: f64| {
                let mut weights = weights.clone();
                weights[at] += by;
                problem.at(&basis, &weights)
            };
            let (above, below) = (moved(step), moved(-step));
            let slope = (above.value - below.value) / (2.0 * step);
            assert!((slope - here.gradient[at]).abs() < 1e-6, "{at}: {slope} {}", here.gradient[at]);
            for other in 0..=at {
                let slope = (above.gradient[other] - below.gradient[other]) / (2.0 * step);
                let second = here.hessian[at * count + other];
                assert!((slope - second).abs() < 1e-6, "{at} {other}: {slope} {second}");
            }
        }
    }

    #[test]
    fn without_a_penalty_the_shares_of_two_groups_come_out() {
        let rows = [0.0, 0.0, 0.0, 0.0, 3.0, 3.0, 3.0];
        let pairs: Vec<(f64, f64)> = [0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0].map(|target| (1.0, target)).to_vec();
        let options = LogisticOptions { l2: 0.0, tolerance: 0.0, ..LogisticOptions::default() };
        let fitted = fit_logistic(&rows, 1, &pairs, options, &FREE).unwrap();
        assert!((fitted.value(|_| 0.0) - 0.25).abs() < 1e-7, "{}", fitted.value(|_| 0.0));
        assert!((fitted.value(|_| 3.0) - 2.0 / 3.0).abs() < 1e-7, "{}", fitted.value(|_| 3.0));
    }

    #[test]
    fn separable_rows_and_constant_features_have_a_minimum() {
        let rows = [0.0, 5.0, 1.0, 5.0, 2.0, 5.0, 3.0, 5.0];
        let pairs: Vec<(f64, f64)> = [0.0, 0.0, 1.0, 1.0].map(|target| (1.0, target)).to_vec();
        for l2 in [0.0, 1.0] {
            let options = LogisticOptions { l2, ..LogisticOptions::default() };
            let fitted = fit_logistic(&rows, 2, &pairs, options, &FREE).unwrap();
            let score = |x: f64| fitted.value(|feature| if feature == 0 { x } else { 5.0 });
            assert!(
                score(0.0) < score(1.0) && score(1.0) < 0.5 && score(2.0) > 0.5 && score(3.0) > score(2.0)
            );
            assert_eq!(fitted.check(2, 5), Ok(()));
        }
    }

    #[test]
    fn equations_are_solved() {
        let matrix = vec![4.0, 0.0, 0.0, 2.0, 5.0, 0.0, 1.0, 3.0, 6.0];
        let x = solve(matrix, &[4.0 + 4.0 + 3.0, 2.0 + 10.0 + 9.0, 1.0 + 6.0 + 18.0]);
        for (x, expected) in x.iter().zip([1.0, 2.0, 3.0]) {
            assert!((x - expected).abs() < 1e-12, "{x}");
        }
    }
}
