//! How often labels occur in training data, and what rare ones weigh.

use super::metrics::{LabelIndex, MetricError};

/// Number of training points and of points per label, binarised: a label counts once a point.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelCounts {
    points: u64,
    counts: Vec<u64>,
    scratch: Vec<LabelIndex>,
}

impl LabelCounts {
    /// No points yet, for labels `0..labels`.
    pub fn new(labels: usize) -> Self {
        LabelCounts { points: 0, counts: vec![0; labels], scratch: Vec::new() }
    }

    /// Counts that were made before: of `points` training points, and how many of them each label has.
    pub fn from_counts(points: u64, counts: Vec<u64>) -> Self {
        LabelCounts { points, counts, scratch: Vec::new() }
    }

    /// Counts one training point. Labels beyond those announced are left out: they have no row to rank.
    pub fn add(&mut self, labels: &[LabelIndex]) {
        self.points += 1;
        self.scratch.clear();
        self.scratch.extend_from_slice(labels);
        self.scratch.sort_unstable();
        self.scratch.dedup();
        for label in &self.scratch {
            if let Some(count) = self.counts.get_mut(*label as usize) {
                *count += 1;
            }
        }
    }

    /// Training points.
    pub fn points(&self) -> u64 {
        self.points
    }

    /// Points of each label.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }
}

/// Inverse propensities of labels (Jain, Prabhu and Varma, KDD 2016), as pyxclib computes them:
///
/// ```text
/// q_l = 1 + C (N_l + B)^-A,   C = (ln N - 1) (B + 1)^A
/// ```
///
/// N is the number of training points and N_l that of label l. Usual constants (A, B): (0.5, 0.4) for
/// Wikipedia-500K, (0.6, 2.6) for the Amazon sets, (0.55, 1.5) otherwise; figures made with different
/// constants cannot be compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Propensity {
    inverse: Vec<f64>,
    unseen: f64,
    /// A of the formula.
    pub a: f64,
    /// B of the formula.
    pub b: f64,
}

/// q of a label that occurs in `count` of `points` training points; see [`Propensity`].
pub(crate) fn inverse_propensity(points: u64, count: u64, a: f64, b: f64) -> f64 {
    let c = ((points as f64).ln() - 1.0) * (b + 1.0).powf(a);
    1.0 + c * (count as f64 + b).powf(-a)
}

impl Propensity {
    /// From the number of training points and the points of each label, by label index.
    ///
    /// # Errors
    /// There are no training points, A is not finite, or B is not positive (an unseen label would weigh
    /// infinitely much).
    pub fn from_frequencies(points: u64, counts: &[u64], a: f64, b: f64) -> Result<Self, MetricError> {
        if points == 0 {
            return Err(MetricError::NoTrainingPoints);
        }
        if !a.is_finite() || !b.is_finite() || b <= 0.0 {
            return Err(MetricError::PropensityConstants { a, b });
        }
        let inverse_of = |count: u64| inverse_propensity(points, count, a, b);
        let inverse = counts.iter().map(|count| inverse_of(*count)).collect();
        Ok(Propensity { inverse, unseen: inverse_of(0), a, b })
    }

    /// q of a label; an index without a count is a label unseen in training.
    pub fn inverse(&self, label: LabelIndex) -> f64 {
        self.inverse.get(label as usize).copied().unwrap_or(self.unseen)
    }
}
