//! A linear support vector machine with squared hinge loss, by dual coordinate descent.
//!
//! Minimises `1/2 |w|^2 + sum of c_i max(0, 1 - y_i w x_i)^2` (Hsieh et al., ICML 2008, algorithm 3 with
//! shrinking, as in LIBLINEAR and PECOS). Every example has one more feature of value 1, whose weight is the
//! bias.

/// A projected gradient this small changes nothing.
const STILL: f64 = 1e-12;

/// Examples of one problem, over columns numbered from 0 and, where the points have them, dense numbers.
#[derive(Default)]
pub(super) struct Examples<'a> {
    /// Example i has entries `offsets[i]..offsets[i + 1]`.
    pub(super) offsets: Vec<usize>,
    pub(super) columns: Vec<u32>,
    pub(super) values: Vec<f32>,
    /// Numbers beside the entries, all of one length; empty where an example has none.
    pub(super) dense: Vec<&'a [f32]>,
    /// 1 or -1.
    pub(super) signs: Vec<f64>,
    /// How much the loss of each counts, greater than 0.
    pub(super) costs: Vec<f64>,
}

/// Weights of one problem.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Weights {
    pub(super) sparse: Vec<f64>,
    pub(super) dense: Vec<f64>,
    pub(super) bias: f64,
}

impl Weights {
    fn zero(columns: usize, dimension: usize) -> Weights {
        Weights { sparse: vec![0.0; columns], dense: vec![0.0; dimension], bias: 0.0 }
    }
}

impl Examples<'_> {
    fn len(&self) -> usize {
        self.signs.len()
    }

    fn entries(&self, example: usize) -> impl Iterator<Item = (usize, f64)> {
        let range = self.offsets[example]..self.offsets[example + 1];
        let columns = self.columns[range.clone()].iter();
        columns.zip(&self.values[range]).map(|(column, value)| (*column as usize, f64::from(*value)))
    }

    /// `w x` of an example.
    pub(super) fn product(&self, weights: &Weights, example: usize) -> f64 {
        let sparse =
            self.entries(example).fold(weights.bias, |sum, (at, value)| sum + weights.sparse[at] * value);
        sparse + dot(&weights.dense, self.dense[example])
    }

    /// The squared length of an example, with the bias' feature.
    fn square(&self, example: usize) -> f64 {
        let sparse: f64 = self.entries(example).map(|(_, value)| value * value).sum();
        let dense: f64 = self.dense[example].iter().map(|value| f64::from(*value).powi(2)).sum();
        1.0 + sparse + dense
    }

    /// Adds an example to the weights.
    fn add(&self, weights: &mut Weights, example: usize, factor: f64) {
        for (at, value) in self.entries(example) {
            weights.sparse[at] += factor * value;
        }
        weights.dense.iter_mut().zip(self.dense[example]).for_each(|(w, x)| *w += factor * f64::from(*x));
        weights.bias += factor;
    }
}

/// A product of f64 and f32 numbers, summed in eight lanes, the same on every processor. With unequal lengths
/// the rest of the longer is left out.
pub(super) fn dot(weights: &[f64], values: &[f32]) -> f64 {
    let length = weights.len().min(values.len());
    let (weights, values) = (weights[..length].chunks_exact(8), values[..length].chunks_exact(8));
    let rest: f64 = weights.remainder().iter().zip(values.remainder()).map(|(w, x)| w * f64::from(*x)).sum();
    let mut lanes = [0.0f64; 8];
    for (weights, values) in weights.zip(values) {
        for lane in 0..8 {
            lanes[lane] += weights[lane] * f64::from(values[lane]);
        }
    }
    rest + lanes.iter().sum::<f64>()
}

/// When the descent ends.
#[derive(Clone, Copy)]
pub(super) struct Stop {
    /// The most rounds over the examples.
    pub(super) epochs: usize,
    /// The greatest and the least projected gradient differ by no more.
    pub(super) tolerance: f64,
}

/// Solves a problem over `columns` columns and `dimension` dense numbers. The order in which coordinates are
/// visited is drawn from `random`.
pub(super) fn solve(
    examples: &Examples<'_>,
    columns: usize,
    dimension: usize,
    stop: Stop,
    random: &mut fastrand::Rng,
) -> Weights {
    let count = examples.len();
    let mut weights = Weights::zero(columns, dimension);
    let mut alphas = vec![0.0f64; count];
    let diagonal: Vec<f64> = examples.costs.iter().map(|cost| 0.5 / cost).collect();
    let curvature: Vec<f64> = (0..count).map(|at| examples.square(at) + diagonal[at]).collect();
    let mut order: Vec<usize> = (0..count).collect();
    let mut active = count;
    // A variable at its bound whose gradient is above the greatest of the last round is left out.
    let mut bound = f64::INFINITY;
    for _ in 0..stop.epochs {
        random.shuffle(&mut order[..active]);
        let (mut greatest, mut least) = (f64::NEG_INFINITY, f64::INFINITY);
        let mut next = 0;
        while next < active {
            let at = order[next];
            let sign = examples.signs[at];
            let gradient = sign * examples.product(&weights, at) - 1.0 + diagonal[at] * alphas[at];
            if alphas[at] == 0.0 && gradient > bound {
                active -= 1;
                order.swap(next, active);
                continue;
            }
            next += 1;
            let projected = if alphas[at] == 0.0 { gradient.min(0.0) } else { gradient };
            (greatest, least) = (greatest.max(projected), least.min(projected));
            if projected.abs() > STILL {
                let before = alphas[at];
                alphas[at] = (before - gradient / curvature[at]).max(0.0);
                examples.add(&mut weights, at, (alphas[at] - before) * sign);
            }
        }
        if greatest - least <= stop.tolerance {
            if active == count {
                break;
            }
            // What was left out is looked at again before the end.
            (active, bound) = (count, f64::INFINITY);
        } else {
            bound = if greatest > 0.0 { greatest } else { f64::INFINITY };
        }
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The objective and its gradient, from the definition.
    fn objective(examples: &Examples<'_>, weights: &Weights) -> (f64, Weights) {
        let squares = |values: &[f64]| values.iter().map(|value| value * value).sum::<f64>();
        let mut value = 0.5 * (squares(&weights.sparse) + squares(&weights.dense) + weights.bias.powi(2));
        let mut gradient = weights.clone();
        for at in 0..examples.len() {
            let (sign, cost) = (examples.signs[at], examples.costs[at]);
            let slack = (1.0 - sign * examples.product(weights, at)).max(0.0);
            value += cost * slack * slack;
            examples.add(&mut gradient, at, -2.0 * cost * slack * sign);
        }
        (value, gradient)
    }

    /// Gradient descent with halved steps, until nothing falls any more.
    fn plain(examples: &Examples<'_>, columns: usize, dimension: usize) -> f64 {
        let mut here = Weights::zero(columns, dimension);
        let mut rate = 1.0;
        for _ in 0..20_000 {
            let (value, gradient) = objective(examples, &here);
            let moved = |rate: f64| {
                let mut there = here.clone();
                there.sparse.iter_mut().zip(&gradient.sparse).for_each(|(w, g)| *w -= rate * g);
                there.dense.iter_mut().zip(&gradient.dense).for_each(|(w, g)| *w -= rate * g);
                there.bias -= rate * gradient.bias;
                there
            };
            while rate > 1e-12 && objective(examples, &moved(rate)).0 >= value {
                rate *= 0.5;
            }
            here = moved(rate);
            rate *= 1.5;
        }
        objective(examples, &here).0
    }

    fn random_examples<'a>(
        random: &mut fastrand::Rng,
        count: usize,
        dense: &'a [f32],
        d: usize,
    ) -> Examples<'a> {
        let mut examples = Examples { offsets: vec![0], ..Examples::default() };
        for at in 0..count {
            for column in 0..12 {
                if random.f32() < 0.3 {
                    examples.columns.push(column);
                    examples.values.push(random.f32());
                }
            }
            examples.offsets.push(examples.columns.len());
            examples.dense.push(if at == 0 { &[] } else { &dense[at * d..(at + 1) * d] });
            examples.signs.push(if random.f32() < 0.3 { 1.0 } else { -1.0 });
            examples.costs.push(0.25 + random.f64() * 4.0);
        }
        examples
    }

    #[test]
    fn the_minimum_is_that_of_plain_gradient_descent() {
        for seed in 0..4 {
            let mut random = fastrand::Rng::with_seed(seed);
            let d = if seed % 2 == 0 { 0 } else { 11 };
            let dense: Vec<f32> = (0..40 * d).map(|_| random.f32() - 0.5).collect();
            let examples = random_examples(&mut random, 40, &dense, d);
            let expected = plain(&examples, 12, d);
            let stop = Stop { epochs: 2_000, tolerance: 1e-6 };
            let found = solve(&examples, 12, d, stop, &mut random);
            let (value, gradient) = objective(&examples, &found);
            assert!((value - expected).abs() < 1e-3 * expected, "seed {seed}: {value} {expected}");
            assert!(value <= expected * (1.0 + 1e-9), "seed {seed}: {value} {expected}");
            assert!(gradient.sparse.iter().chain(&gradient.dense).all(|g| g.abs() < 1e-4), "seed {seed}");
            // The default tolerance is coarse, and yet near.
            let coarse = solve(&examples, 12, d, Stop { epochs: 100, tolerance: 0.1 }, &mut random);
            assert!(objective(&examples, &coarse).0 < 1.01 * expected, "seed {seed}");
        }
    }

    #[test]
    fn two_points_by_hand() {
        // w = (a, 0) and bias b: by symmetry b = 0, and a minimises a^2 / 2 + 2 c (1 - a)^2.
        let examples = Examples {
            offsets: vec![0, 1, 2],
            columns: vec![0, 0],
            values: vec![1.0, -1.0],
            dense: vec![&[], &[]],
            signs: vec![1.0, -1.0],
            costs: vec![0.5, 0.5],
        };
        let stop = Stop { epochs: 1_000, tolerance: 1e-10 };
        let found = solve(&examples, 2, 0, stop, &mut fastrand::Rng::with_seed(1));
        assert!((found.sparse[0] - 2.0 / 3.0).abs() < 1e-8 && found.sparse[1] == 0.0, "{found:?}");
        assert!(found.bias.abs() < 1e-8);
    }

    #[test]
    fn products_are_summed_over_the_common_length() {
        let weights: Vec<f64> = (0..21).map(f64::from).collect();
        let values: Vec<f32> = (0..21u8).map(|at| f32::from(at) / 2.0).collect();
        assert_eq!(dot(&weights, &values), (0..21).map(|at| f64::from(at * at) / 2.0).sum::<f64>());
        assert_eq!(dot(&weights, &[]), 0.0);
    }
}
