//! The metrics of EVALUATE, as sums over a stream of points: no ranking is kept, whatever their number.
//!
//! With y_i the set of true labels of point i (binarised), and r the rank from 1 of a predicted label; a
//! ranking shorter than k is filled with misses:
//!
//! ```text
//! P@k       mean_i  hits_i / k
//! R@k       mean_i  hits_i / |y_i|                      (0 where y_i is empty)
//! NDCG@k    mean_i  DCG_i / sum_{r <= min(k,|y_i|)} 1/log2(r+1),   DCG_i = sum over hits of 1/log2(r+1)
//! MRR@k     mean_i  1 / rank of the first hit           (0 without one)
//! PSP@k     sum_i (sum over hits of q_l)  /  sum_i (sum of the k largest q_l of y_i)
//! PSNDCG@k  sum_i PSDCG_i / n_i  /  sum_i ideal PSDCG_i / n_i,     n_i = sum_{r <= min(k,|y_i|)} 1/log2(r+1)
//! COVERAGE@k    labels hit at least once / distinct true labels (or / all labels)
//! ANN_RECALL@k  mean_i  |top k of the ranking and of the exact one| / min(k, exact length)
//! ENCODE_COSINE mean_i  cosine of the query's embedding and the one that the same model gives in f32
//! ```
//!
//! PSP and PSNDCG are ratios of two averages, as in pyxclib, not means of ratios. Pairs that a filter file
//! excludes must be dropped from the ranking by the caller, before the cut; ties are the caller's as well.

use std::sync::Arc;

use argtop_query::plan::{Metric, MetricKind};
use roaring::RoaringBitmap;

use super::bootstrap::PointValues;
use super::groups::LabelGroups;
use super::propensity::Propensity;

/// A label by a dense number that the caller gives it.
pub type LabelIndex = u32;

/// Wrong use of the metrics.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MetricError {
    /// k = 0.
    #[error("a metric needs k of at least 1")]
    ZeroCut,
    /// PSP or PSNDCG without training frequencies.
    #[error("PSP and PSNDCG need training frequencies: add WITH (propensity = (SELECT labels FROM ...))")]
    MissingPropensity,
    /// ANN_RECALL without an exact ranking.
    #[error("ANN_RECALL needs the exact ranking: add AGAINST EXACT")]
    MissingExact,
    /// ENCODE_COSINE without a cosine.
    #[error("ENCODE_COSINE needs the cosine of the query's embedding to the one in f32")]
    MissingCosine,
    /// Propensities of an empty training set.
    #[error("propensities need at least one training point: the propensity query gave no rows")]
    NoTrainingPoints,
    /// Constants for which propensities are not defined.
    #[error("propensity constants a = {a}, b = {b}: both must be finite and b above 0, as a = 0.55, b = 1.5")]
    PropensityConstants {
        /// A.
        a: f64,
        /// B.
        b: f64,
    },
    /// Accumulators of different metrics or options.
    #[error("accumulators of different metrics cannot be merged")]
    Mismatch,
    /// BY with too many values.
    #[error("more than {max} groups: group by an expression with fewer values")]
    TooManyGroups {
        /// Groups allowed.
        max: usize,
    },
    /// Two systems measured on different points.
    #[error("{a} points against {b}: a paired comparison needs the same points")]
    Unpaired {
        /// Points of the first system.
        a: usize,
        /// Points of the second system.
        b: usize,
    },
    /// A bootstrap without points or rounds.
    #[error("a bootstrap needs at least one point and one round")]
    NothingToResample,
}

/// One evaluated point.
#[derive(Clone, Copy, Debug, Default)]
pub struct RankedPoint<'a> {
    /// Predicted labels, best first, without excluded pairs. A label that occurs again is a miss.
    pub ranked: &'a [LabelIndex],
    /// True labels in any order; repetitions are dropped.
    pub truth: &'a [LabelIndex],
    /// The exact ranking, best first, for ANN_RECALL.
    pub exact: Option<&'a [LabelIndex]>,
    /// The cosine of the query's embedding and the one in f32, for ENCODE_COSINE.
    pub cosine: Option<f64>,
}

/// What COVERAGE divides by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CoverageBase {
    /// Distinct labels in the truth of the points.
    #[default]
    Truth,
    /// A number of labels, usually all of the table; by label group, the size of the group.
    Labels(u64),
}

/// What the metrics need to know beside the points.
#[derive(Clone, Debug, Default)]
pub struct MetricOptions {
    /// Inverse propensities, for PSP and PSNDCG.
    pub propensity: Option<Arc<Propensity>>,
    /// Splits every figure over groups of labels.
    pub groups: Option<Arc<LabelGroups>>,
    /// Denominator of COVERAGE.
    pub coverage: CoverageBase,
    /// Keeps the values of every point (8 bytes for a metric, 16 for PSP and PSNDCG), for the bootstrap.
    /// COVERAGE and ANN_RECALL have none.
    pub keep_points: bool,
}

/// Sums of a list of metrics over the points added so far.
///
/// Sums of f64 depend on the order of addition in their last digits: add and merge in the order of the points
/// where equal runs must print equal bits.
#[derive(Clone, Debug)]
pub struct Metrics {
    metrics: Vec<Metric>,
    options: MetricOptions,
    points: u64,
    /// Points that ANN_RECALL counts.
    exact_points: u64,
    /// Points that have truth: any, then in each group.
    recall_points: Vec<u64>,
    /// A metric's sums: of all labels, then of each group.
    sums: Vec<Vec<f64>>,
    /// Ideal sums of PSP and PSNDCG.
    ideals: Vec<f64>,
    /// Labels hit, for COVERAGE.
    covered: Vec<RoaringBitmap>,
    true_labels: RoaringBitmap,
    /// Values of each point, where they are kept.
    values: Vec<PointValues>,
    /// Ranks that matter: the largest k.
    depth: usize,
    /// 1/log2(r+1) by rank from 0, as far as it was needed.
    discounts: Vec<f64>,
}

/// A predicted label that is true.
#[derive(Clone, Copy)]
struct Hit {
    /// From 0.
    rank: usize,
    label: LabelIndex,
}

/// What all metrics of a point share.
struct Matched {
    truth: Vec<LabelIndex>,
    hits: Vec<Hit>,
    /// Inverse propensities of the true labels, largest first; empty where no metric asks for them.
    weights: Vec<f64>,
    /// True labels, in all and by group.
    truth_in: Vec<u64>,
}

impl Metrics {
    /// No points yet.
    ///
    /// # Errors
    /// A k of 0, or PSP or PSNDCG without propensities.
    pub fn new(metrics: &[Metric], options: MetricOptions) -> Result<Self, MetricError> {
        for metric in metrics {
            if metric.k == 0 {
                return Err(MetricError::ZeroCut);
            }
            let weighted = matches!(metric.kind, MetricKind::Psp | MetricKind::Psndcg);
            if weighted && options.propensity.is_none() {
                return Err(MetricError::MissingPropensity);
            }
        }
        let parts = 1 + options.groups.as_ref().map_or(0, |g| g.groups());
        let count = metrics.len();
        let depth = metrics.iter().map(|m| m.k).max().unwrap_or(0) as usize;
        Ok(Metrics {
            metrics: metrics.to_vec(),
            options,
            points: 0,
            exact_points: 0,
            recall_points: vec![0; parts],
            sums: vec![vec![0.0; parts]; count],
            ideals: vec![0.0; count],
            covered: vec![RoaringBitmap::new(); count],
            true_labels: RoaringBitmap::new(),
            values: vec![PointValues::default(); count],
            depth,
            discounts: Vec::new(),
        })
    }

    /// Adds one point.
    ///
    /// # Errors
    /// ANN_RECALL or ENCODE_COSINE is wanted and the point has no exact ranking or no cosine; nothing is
    /// added then.
    pub fn add(&mut self, point: &RankedPoint<'_>) -> Result<(), MetricError> {
        let wants = |kind| self.metrics.iter().any(|m| m.kind == kind);
        let (wants_exact, wants_coverage) = (wants(MetricKind::AnnRecall), wants(MetricKind::Coverage));
        if wants_exact && point.exact.is_none() {
            return Err(MetricError::MissingExact);
        }
        if wants(MetricKind::EncodeCosine) && point.cosine.is_none() {
            return Err(MetricError::MissingCosine);
        }
        let matched = self.match_point(point);
        self.extend_discounts(matched.truth.len().max(point.ranked.len()).min(self.depth));
        self.points += 1;
        for (points, truth) in self.recall_points.iter_mut().zip(&matched.truth_in) {
            *points += u64::from(*truth > 0);
        }
        self.exact_points += u64::from(point.exact.is_some_and(|exact| !exact.is_empty()));
        if wants_coverage {
            self.true_labels.extend(matched.truth.iter().copied());
        }
        let mut parts = vec![0.0; self.recall_points.len()];
        for (i, metric) in self.metrics.iter().enumerate() {
            parts.fill(0.0);
            let k = metric.k as usize;
            let hits = || matched.hits.iter().take_while(|hit| hit.rank < k);
            let ideal = match metric.kind {
                MetricKind::AnnRecall => {
                    self.add_overlap(&mut parts, point, k);
                    0.0
                }
                MetricKind::EncodeCosine => {
                    // It is a figure of the query, so that no group of labels has a part in it.
                    parts.iter_mut().zip(point.cosine).for_each(|(sum, cosine)| *sum = cosine);
                    0.0
                }
                MetricKind::Coverage => {
                    if let Some(covered) = self.covered.get_mut(i) {
                        covered.extend(hits().map(|hit| hit.label));
                    }
                    continue;
                }
                _ => self.add_hits(&mut parts, &matched, metric.kind, k),
            };
            if let (Some(sums), Some(ideals)) = (self.sums.get_mut(i), self.ideals.get_mut(i)) {
                sums.iter_mut().zip(&parts).for_each(|(sum, part)| *sum += part);
                *ideals += ideal;
            }
            if let (true, Some(values)) = (self.options.keep_points, self.values.get_mut(i)) {
                let value = parts.first().copied().unwrap_or(0.0);
                match metric.kind {
                    MetricKind::Precision => values.gains.push(value / f64::from(metric.k)),
                    MetricKind::Recall | MetricKind::Ndcg | MetricKind::Mrr | MetricKind::EncodeCosine => {
                        values.gains.push(value);
                    }
                    MetricKind::Psp | MetricKind::Psndcg => {
                        values.gains.push(value);
                        values.ideals.push(ideal);
                    }
                    MetricKind::Coverage | MetricKind::AnnRecall => {}
                }
            }
        }
        Ok(())
    }

    fn match_point(&self, point: &RankedPoint<'_>) -> Matched {
        let mut truth = point.truth.to_vec();
        truth.sort_unstable();
        truth.dedup();
        let mut found = vec![false; truth.len()];
        let mut hits = Vec::new();
        for (rank, label) in point.ranked.iter().take(self.depth).enumerate() {
            let place = truth.binary_search(label).ok();
            // A label is hit once, however often the ranking repeats it.
            if let Some(found) = place.and_then(|place| found.get_mut(place)).filter(|found| !**found) {
                *found = true;
                hits.push(Hit { rank, label: *label });
            }
        }
        let mut weights: Vec<f64> = match &self.options.propensity {
            Some(propensity) => truth.iter().map(|label| propensity.inverse(*label)).collect(),
            None => Vec::new(),
        };
        weights.sort_unstable_by(|a, b| b.total_cmp(a));
        let mut truth_in = vec![0_u64; self.recall_points.len()];
        for label in &truth {
            for part in self.parts_of(*label) {
                if let Some(count) = truth_in.get_mut(part) {
                    *count += 1;
                }
            }
        }
        Matched { truth, hits, weights, truth_in }
    }

    /// Places in a list of parts to which a label belongs: all labels, and its group.
    fn parts_of(&self, label: LabelIndex) -> impl Iterator<Item = usize> + use<> {
        let group = self.options.groups.as_ref().map(|groups| 1 + groups.group(label));
        [Some(0), group].into_iter().flatten()
    }

    fn extend_discounts(&mut self, ranks: usize) {
        while self.discounts.len() < ranks {
            self.discounts.push(1.0 / (self.discounts.len() as f64 + 2.0).log2());
        }
    }

    fn discount(&self, rank: usize) -> f64 {
        self.discounts.get(rank).copied().unwrap_or(0.0)
    }

    /// Adds the contribution of each hit to its parts; returns the ideal sum of PSP and PSNDCG.
    fn add_hits(&self, parts: &mut [f64], matched: &Matched, kind: MetricKind, k: usize) -> f64 {
        let weight = |label| self.options.propensity.as_ref().map_or(1.0, |p| p.inverse(label));
        // n_i of NDCG and PSNDCG; without truth there are no hits and it is not used.
        let best: f64 = self.discounts.iter().take(k.min(matched.truth.len())).sum();
        for (order, hit) in matched.hits.iter().take_while(|hit| hit.rank < k).enumerate() {
            for part in self.parts_of(hit.label) {
                let gain = match kind {
                    MetricKind::Precision => 1.0,
                    MetricKind::Recall => 1.0,
                    MetricKind::Ndcg => self.discount(hit.rank) / best,
                    MetricKind::Mrr if order == 0 => 1.0 / (hit.rank as f64 + 1.0),
                    MetricKind::Psp => weight(hit.label),
                    MetricKind::Psndcg => weight(hit.label) * self.discount(hit.rank) / best,
                    _ => 0.0,
                };
                if let Some(sum) = parts.get_mut(part) {
                    *sum += gain;
                }
            }
        }
        let ideal = matched.weights.iter().take(k);
        match kind {
            MetricKind::Recall => {
                // Counts first and one division, so that a full recall is exactly 1.
                for (sum, truth) in parts.iter_mut().zip(&matched.truth_in) {
                    *sum /= (*truth).max(1) as f64;
                }
                0.0
            }
            MetricKind::Psp => ideal.sum(),
            MetricKind::Psndcg if !matched.truth.is_empty() => {
                ideal.zip(&self.discounts).map(|(weight, discount)| weight * discount).sum::<f64>() / best
            }
            _ => 0.0,
        }
    }

    /// ANN_RECALL: the share of the exact top k that is in the top k of the ranking.
    fn add_overlap(&self, parts: &mut [f64], point: &RankedPoint<'_>, k: usize) {
        let exact = point.exact.unwrap_or_default();
        let exact = exact.get(..k.min(exact.len())).unwrap_or_default();
        let mut ranked: Vec<LabelIndex> = point.ranked.iter().take(k).copied().collect();
        ranked.sort_unstable();
        for label in exact.iter().filter(|label| ranked.binary_search(label).is_ok()) {
            for part in self.parts_of(*label) {
                if let Some(sum) = parts.get_mut(part) {
                    *sum += 1.0;
                }
            }
        }
        for sum in parts.iter_mut() {
            *sum /= exact.len().max(1) as f64;
        }
    }

    /// Adds the sums of `other`, whose points count as added after those of `self`.
    ///
    /// # Errors
    /// The metrics or the number of groups differ.
    pub fn merge(&mut self, other: &Metrics) -> Result<(), MetricError> {
        if self.metrics != other.metrics || self.recall_points.len() != other.recall_points.len() {
            return Err(MetricError::Mismatch);
        }
        self.points += other.points;
        self.exact_points += other.exact_points;
        self.recall_points.iter_mut().zip(&other.recall_points).for_each(|(a, b)| *a += b);
        for (mine, theirs) in self.sums.iter_mut().zip(&other.sums) {
            mine.iter_mut().zip(theirs).for_each(|(a, b)| *a += b);
        }
        self.ideals.iter_mut().zip(&other.ideals).for_each(|(a, b)| *a += b);
        self.covered.iter_mut().zip(&other.covered).for_each(|(a, b)| *a |= b);
        self.true_labels |= &other.true_labels;
        for (mine, theirs) in self.values.iter_mut().zip(&other.values) {
            mine.gains.extend_from_slice(&theirs.gains);
            mine.ideals.extend_from_slice(&theirs.ideals);
        }
        Ok(())
    }

    /// Points added.
    pub fn points(&self) -> u64 {
        self.points
    }

    /// The metrics in their order.
    pub fn metrics(&self) -> &[Metric] {
        &self.metrics
    }

    /// The figures in 0..1 in the order of the metrics; None where a denominator is 0 (no points, no truth).
    pub fn finish(&self) -> Vec<Option<f64>> {
        (0..self.metrics.len()).map(|i| self.value(i, None)).collect()
    }

    /// The figures of one label group (from 0); see [`LabelGroups`] for what they count.
    pub fn finish_group(&self, group: usize) -> Vec<Option<f64>> {
        (0..self.metrics.len()).map(|i| self.value(i, Some(group))).collect()
    }

    fn value(&self, metric: usize, group: Option<usize>) -> Option<f64> {
        let part = group.map_or(0, |group| group + 1);
        let sum = self.sums.get(metric)?.get(part).copied()?;
        let Metric { kind, k } = self.metrics.get(metric).copied()?;
        let points = self.points as f64;
        let (sum, base) = match kind {
            MetricKind::Precision => (sum, points * f64::from(k)),
            MetricKind::Recall if group.is_none() => (sum, points),
            MetricKind::Recall => (sum, self.recall_points.get(part).copied()? as f64),
            MetricKind::Ndcg | MetricKind::Mrr => (sum, points),
            MetricKind::EncodeCosine if group.is_none() => (sum, points),
            MetricKind::EncodeCosine => return None,
            MetricKind::Psp | MetricKind::Psndcg => (sum, self.ideals.get(metric).copied()?),
            MetricKind::AnnRecall => (sum, self.exact_points as f64),
            MetricKind::Coverage => {
                let base = match (self.options.coverage, group) {
                    (CoverageBase::Truth, _) => self.count_in(&self.true_labels, group),
                    (CoverageBase::Labels(labels), None) => labels,
                    (CoverageBase::Labels(_), Some(group)) => self.options.groups.as_ref()?.size(group),
                };
                (self.count_in(self.covered.get(metric)?, group) as f64, base as f64)
            }
        };
        if base == 0.0 { None } else { Some(sum / base) }
    }

    fn count_in(&self, labels: &RoaringBitmap, group: Option<usize>) -> u64 {
        match (group, &self.options.groups) {
            (Some(group), Some(groups)) => {
                labels.iter().filter(|label| groups.group(*label) == group).count() as u64
            }
            _ => labels.len(),
        }
    }

    /// Values of the points in the order added, for the metrics that have them, where they are kept.
    pub fn values(&self, metric: usize) -> Option<&PointValues> {
        self.values.get(metric).filter(|values| !values.gains.is_empty())
    }
}
