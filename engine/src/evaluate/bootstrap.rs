//! How far a figure depends on these points: whether one system is better than another, or only luckier.

use super::metrics::MetricError;

/// What each point adds to a figure: the figure is the sum of the gains over the sum of the ideals.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PointValues {
    /// What a point has.
    pub gains: Vec<f64>,
    /// What it could have, for PSP and PSNDCG; empty for means, where every point could have 1.
    pub ideals: Vec<f64>,
}

/// A figure, or the difference of two, with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Over the points as they are.
    pub mean: f64,
    /// 2.5 % quantile over the draws.
    pub low: f64,
    /// 97.5 % quantile over the draws.
    pub high: f64,
}

/// Percentile bootstrap (Efron and Tibshirani 1993, chapter 13) of the figure of `a`, or of `a` minus `b`:
/// points are drawn with replacement, and both systems are compared on the same draw. The same seed gives the
/// same interval. Costs `rounds * points` additions; 1,000 rounds are usual.
///
/// # Errors
/// The lists differ in length, are empty, or `rounds` is 0.
pub fn bootstrap(
    a: &PointValues,
    b: Option<&PointValues>,
    seed: u64,
    rounds: u32,
) -> Result<Interval, MetricError> {
    let points = a.gains.len();
    if let Some(b) = b.filter(|b| b.gains.len() != points) {
        return Err(MetricError::Unpaired { a: points, b: b.gains.len() });
    }
    if points == 0 || rounds == 0 {
        return Err(MetricError::NothingToResample);
    }
    let gains: Vec<f64> = match b {
        Some(b) => a.gains.iter().zip(&b.gains).map(|(a, b)| a - b).collect(),
        None => a.gains.clone(),
    };
    // Both systems could have the same on the same points.
    let ideal = |point: usize| a.ideals.get(point).copied().unwrap_or(1.0);
    let figure = |draw: &mut dyn FnMut(usize) -> usize| {
        let (mut gained, mut could) = (0.0, 0.0);
        for place in 0..points {
            let point = draw(place);
            gained += gains.get(point).copied().unwrap_or(0.0);
            could += ideal(point);
        }
        if could > 0.0 { gained / could } else { 0.0 }
    };
    let mut random = fastrand::Rng::with_seed(seed);
    let mut drawn: Vec<f64> = (0..rounds).map(|_| figure(&mut |_| random.usize(..points))).collect();
    drawn.sort_unstable_by(f64::total_cmp);
    Ok(Interval {
        mean: figure(&mut |place| place),
        low: quantile(&drawn, 0.025),
        high: quantile(&drawn, 0.975),
    })
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
