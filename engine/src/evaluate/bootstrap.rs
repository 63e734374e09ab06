//! Whether one system is better than another, or only luckier on these points.

use super::metrics::MetricError;

/// A mean difference with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Mean of `a - b` over the points.
    pub mean: f64,
    /// 2.5 % quantile of the resampled means.
    pub low: f64,
    /// 97.5 % quantile of the resampled means.
    pub high: f64,
}

/// Paired percentile bootstrap (Efron and Tibshirani 1993, chapter 13): points are drawn with replacement and
/// both systems are compared on the same draw. The same seed gives the same interval. Costs
/// `rounds * points` additions; 1,000 rounds are usual.
///
/// # Errors
/// The lists differ in length, are empty, or `rounds` is 0.
pub fn bootstrap_difference(a: &[f64], b: &[f64], seed: u64, rounds: u32) -> Result<Interval, MetricError> {
    if a.len() != b.len() {
        return Err(MetricError::Unpaired { a: a.len(), b: b.len() });
    }
    if a.is_empty() || rounds == 0 {
        return Err(MetricError::NothingToResample);
    }
    let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    let count = differences.len() as f64;
    let mean = differences.iter().sum::<f64>() / count;
    let mut random = fastrand::Rng::with_seed(seed);
    let mut means: Vec<f64> = (0..rounds)
        .map(|_| {
            let draw = |_| differences.get(random.usize(..differences.len())).copied().unwrap_or(0.0);
            (0..differences.len()).map(draw).sum::<f64>() / count
        })
        .collect();
    means.sort_unstable_by(f64::total_cmp);
    Ok(Interval { mean, low: quantile(&means, 0.025), high: quantile(&means, 0.975) })
}

/// Quantile by linear interpolation between the two nearest order statistics, as numpy's default.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len().saturating_sub(1)) as f64;
    let at = |i: usize| sorted.get(i).or(sorted.last()).copied().unwrap_or(0.0);
    // The place lies between 0 and the length.
    let below = place.floor() as usize;
    let rest = place - place.floor();
    at(below) + rest * (at(below + 1) - at(below))
}
