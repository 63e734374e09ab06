//! Metrics against cases worked by hand and against dense matrices computed in another way.

use std::collections::BTreeSet;
use std::sync::Arc;

use argtop_query::plan::{Metric, MetricKind};
use argtop_query::value::Value;

use super::*;

fn metric(kind: MetricKind, k: u32) -> Metric {
    Metric { kind, k }
}

/// A ranking and its truth.
type Case<'a> = (&'a [u32], &'a [u32]);

fn measure(metrics: &[Metric], options: MetricOptions, cases: &[Case<'_>]) -> Vec<Option<f64>> {
    let mut sums = Metrics::new(metrics, options).unwrap();
    for (ranked, truth) in cases {
        sums.add(&RankedPoint { ranked, truth, ..Default::default() }).unwrap();
    }
    sums.finish()
}

#[track_caller]
fn check(kind: MetricKind, k: u32, cases: &[Case<'_>], expected: f64) {
    let options = MetricOptions { propensity: Some(Arc::new(simple_propensity())), ..Default::default() };
    let got = measure(&[metric(kind, k)], options, cases)[0].unwrap();
    assert!((got - expected).abs() < 1e-12, "{kind:?}@{k}: {got}, expected {expected}");
}

/// N = e^3 rounded to 20 points; labels 0..4 occur in 8, 4, 2, 0 points.
fn simple_propensity() -> Propensity {
    Propensity::from_frequencies(20, &[8, 4, 2, 0], 0.55, 1.5).unwrap()
}

const LOG2_3: f64 = 1.584_962_500_721_156;

#[test]
fn hits_are_divided_by_k_even_where_the_ranking_is_short() {
    let cases: &[Case<'_>] = &[(&[1, 2, 3], &[1, 3]), (&[7], &[7])];
    check(MetricKind::Precision, 1, cases, 1.0);
    check(MetricKind::Precision, 3, cases, (2.0 / 3.0 + 1.0 / 3.0) / 2.0);
    check(MetricKind::Recall, 1, cases, (0.5 + 1.0) / 2.0);
    check(MetricKind::Recall, 3, cases, 1.0);
    check(MetricKind::Mrr, 3, &[(&[9, 8, 1], &[1]), (&[9, 8], &[1])], (1.0 / 3.0) / 2.0);
}

#[test]
fn a_point_without_truth_counts_as_zero() {
    let cases: &[Case<'_>] = &[(&[1], &[1]), (&[1], &[])];
    for kind in [MetricKind::Precision, MetricKind::Recall, MetricKind::Ndcg, MetricKind::Mrr] {
        check(kind, 1, cases, 0.5);
    }
    // The ratio metrics have nothing to reach there, so the point changes neither side.
    for kind in [MetricKind::Psp, MetricKind::Psndcg] {
        check(kind, 1, cases, 1.0);
    }
}

#[test]
fn ndcg_by_hand() {
    // A hit at rank 2 of two true labels: 1/log2(3) over 1 + 1/log2(3).
    check(MetricKind::Ndcg, 5, &[(&[9, 1, 8], &[1, 2])], (1.0 / LOG2_3) / (1.0 + 1.0 / LOG2_3));
    // One true label only: the ideal stops at rank 1.
    check(MetricKind::Ndcg, 5, &[(&[9, 1, 8], &[1])], 1.0 / LOG2_3);
}

#[test]
fn psp_is_a_ratio_of_averages() {
    let q = simple_propensity();
    let q = |label| q.inverse(label);
    // A mean of ratios would be 1/2 here.
    let cases: &[Case<'_>] = &[(&[0], &[0]), (&[9], &[3])];
    check(MetricKind::Psp, 1, cases, q(0) / (q(0) + q(3)));
    let cases: &[Case<'_>] = &[(&[1, 9], &[1, 2])];
    check(MetricKind::Psp, 2, cases, q(1) / (q(1) + q(2)));
    check(MetricKind::Psndcg, 2, cases, q(1) / (q(2) + q(1) / LOG2_3));
    // k = 1: only the weightiest label is the ideal.
    check(MetricKind::Psp, 1, cases, q(1) / q(2));
}

#[test]
fn propensities_follow_the_formula() {
    let got = simple_propensity();
    let c = (20.0_f64.ln() - 1.0) * 2.5_f64.powf(0.55);
    for (label, count) in [(0, 8.0), (1, 4.0), (2, 2.0), (3, 0.0), (1000, 0.0)] {
        let expected = 1.0 + c * (-0.55 * (count + 1.5_f64).ln()).exp();
        assert!((got.inverse(label) - expected).abs() < 1e-12, "label {label}");
    }
    assert_eq!(Propensity::from_frequencies(0, &[], 0.55, 1.5).unwrap_err(), MetricError::NoTrainingPoints);
    assert!(Propensity::from_frequencies(5, &[1], 0.55, 0.0).is_err());
    assert!(Propensity::from_frequencies(5, &[1], f64::NAN, 1.0).is_err());
}

#[test]
fn training_labels_are_binarised_when_counted() {
    let mut counts = LabelCounts::new(3);
    counts.add(&[2, 2, 0]);
    counts.add(&[]);
    counts.add(&[2, 77]);
    assert_eq!(counts.points(), 3);
    assert_eq!(counts.counts(), [1, 0, 2]);
}

#[test]
fn repetitions_in_truth_and_ranking_count_once() {
    check(MetricKind::Recall, 3, &[(&[1, 1, 1], &[1, 1, 2])], 0.5);
    check(MetricKind::Precision, 3, &[(&[1, 1, 1], &[1, 1, 2])], 1.0 / 3.0);
    check(MetricKind::Ndcg, 3, &[(&[1, 1], &[1, 1])], 1.0);
}

#[test]
fn a_dropped_pair_makes_room_for_the_next_label() {
    // Label 5 is a reciprocal pair; the caller drops it from the ranking 5, 1, 2 before the cut.
    check(MetricKind::Precision, 1, &[(&[1, 2], &[1])], 1.0);
    // True labels that a filter names stay in the truth: they can only be missed.
    check(MetricKind::Recall, 2, &[(&[1, 2], &[1, 5])], 0.5);
}

#[test]
fn coverage_counts_distinct_labels() {
    let cases: &[Case<'_>] = &[(&[1, 2], &[1, 3]), (&[1, 4], &[1]), (&[9, 3], &[3])];
    check(MetricKind::Coverage, 1, cases, 0.5);
    check(MetricKind::Coverage, 2, cases, 1.0);
    let options = MetricOptions { coverage: CoverageBase::Labels(8), ..Default::default() };
    assert_eq!(measure(&[metric(MetricKind::Coverage, 1)], options, cases), [Some(1.0 / 8.0)]);
}

#[test]
fn ann_recall_compares_with_the_exact_ranking() {
    let mut sums = Metrics::new(&[metric(MetricKind::AnnRecall, 3)], MetricOptions::default()).unwrap();
    let point = |ranked, exact: Option<&'static [u32]>| RankedPoint { ranked, exact, ..Default::default() };
    sums.add(&point(&[3, 1, 9, 2], Some(&[1, 2, 3, 4]))).unwrap();
    // Two labels pass the filter: both found is full recall.
    sums.add(&point(&[1, 2], Some(&[2, 1]))).unwrap();
    // None passes: there is nothing to recall.
    sums.add(&point(&[], Some(&[]))).unwrap();
    assert_eq!(sums.add(&point(&[1], None)), Err(MetricError::MissingExact));
    assert_eq!(sums.points(), 3);
    assert!((sums.finish()[0].unwrap() - (2.0 / 3.0 + 1.0) / 2.0).abs() < 1e-12);
}

#[test]
fn encode_cosine_is_a_mean_over_points_and_no_figure_of_labels() {
    let groups = Some(Arc::new(LabelGroups::deciles(&[1, 2, 3])));
    let options = MetricOptions { groups, keep_points: true, ..Default::default() };
    let mut sums = Metrics::new(&[metric(MetricKind::EncodeCosine, 1)], options).unwrap();
    let point = |cosine| RankedPoint { ranked: &[1], truth: &[1], exact: None, cosine };
    assert_eq!(sums.add(&point(None)), Err(MetricError::MissingCosine));
    assert_eq!(sums.finish(), [None], "a point that was refused is not counted");
    sums.add(&point(Some(0.5))).unwrap();
    sums.add(&point(Some(1.0))).unwrap();
    assert_eq!(sums.finish(), [Some(0.75)]);
    assert_eq!(sums.finish_group(9), [None]);
    assert_eq!(sums.values(0), Some(&means(&[0.5, 1.0])));
}

#[test]
fn what_cannot_be_divided_is_none() {
    let all = [MetricKind::Precision, MetricKind::Recall, MetricKind::Psp, MetricKind::Coverage];
    let metrics = all.map(|kind| metric(kind, 5));
    let options = MetricOptions { propensity: Some(Arc::new(simple_propensity())), ..Default::default() };
    assert_eq!(measure(&metrics, options.clone(), &[]), [None; 4]);
    assert_eq!(measure(&metrics, options, &[(&[1], &[])]), [Some(0.0), Some(0.0), None, None]);
}

#[test]
fn wrong_use_is_refused() {
    let new = |kind, k| Metrics::new(&[metric(kind, k)], MetricOptions::default());
    assert_eq!(new(MetricKind::Precision, 0).unwrap_err(), MetricError::ZeroCut);
    assert_eq!(new(MetricKind::Psp, 1).unwrap_err(), MetricError::MissingPropensity);
    let mut precision = new(MetricKind::Precision, 1).unwrap();
    assert_eq!(precision.merge(&new(MetricKind::Recall, 1).unwrap()), Err(MetricError::Mismatch));
}

#[test]
fn a_cut_of_four_billion_costs_nothing() {
    check(MetricKind::Ndcg, u32::MAX, &[(&[1], &[1])], 1.0);
    check(MetricKind::Recall, u32::MAX, &[(&[2, 1], &[1])], 1.0);
}

const KINDS: [MetricKind; 9] = [
    MetricKind::Precision,
    MetricKind::Recall,
    MetricKind::Ndcg,
    MetricKind::Psp,
    MetricKind::Psndcg,
    MetricKind::Mrr,
    MetricKind::Coverage,
    MetricKind::AnnRecall,
    MetricKind::EncodeCosine,
];

/// Random points as dense matrices.
struct Dense {
    labels: usize,
    /// Ground truth, points by labels.
    truth: Vec<Vec<f64>>,
    /// Ranked labels of each point.
    ranked: Vec<Vec<u32>>,
    exact: Vec<Vec<u32>>,
    frequencies: Vec<u64>,
    points_trained: u64,
}

fn dense(seed: u64, points: usize, labels: usize) -> Dense {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut truth = vec![vec![0.0; labels]; points];
    let (mut ranked, mut exact) = (Vec::new(), Vec::new());
    for row in &mut truth {
        for _ in 0..random.usize(0..8) {
            row[random.usize(0..labels)] = 1.0;
        }
        let mut order: Vec<u32> = (0..labels as u32).collect();
        random.shuffle(&mut order);
        // True labels are moved forward, so that there are hits to weigh.
        order.sort_by_cached_key(
            |l| if row[*l as usize] > 0.0 { random.u32(0..12) } else { random.u32(4..30) },
        );
        ranked.push(order[..random.usize(0..labels)].to_vec());
        random.shuffle(&mut order[..10]);
        exact.push(order[..random.usize(0..15)].to_vec());
    }
    let frequencies: Vec<u64> = (0..labels).map(|_| random.u64(0..40)).collect();
    Dense { labels, truth, ranked, exact, frequencies, points_trained: 500 }
}

impl Dense {
    /// 0/1 by rank, filled with misses up to k.
    fn relevance(&self, point: usize, k: usize) -> Vec<f64> {
        let ranked = &self.ranked[point];
        (0..k).map(|r| ranked.get(r).map_or(0.0, |l| self.truth[point][*l as usize])).collect()
    }

    fn inverse_propensity(&self, label: usize) -> f64 {
        let c = ((self.points_trained as f64).ln() - 1.0) * (2.6_f64 + 1.0).powf(0.6);
        1.0 + c / (self.frequencies[label] as f64 + 2.6).powf(0.6)
    }

    /// The best relevance a ranking could have, weighted or not, by rank.
    fn ideal(&self, point: usize, k: usize, weighted: bool) -> Vec<f64> {
        let weigh = |l: usize| if weighted { self.inverse_propensity(l) } else { 1.0 };
        let mut row: Vec<f64> = (0..self.labels).map(|l| self.truth[point][l] * weigh(l)).collect();
        row.sort_by(|a, b| b.partial_cmp(a).unwrap());
        row.truncate(k);
        row
    }

    fn cosine(&self, point: usize) -> f64 {
        1.0 / (point + 2) as f64
    }

    fn weighted(&self, point: usize, k: usize) -> Vec<f64> {
        let weight =
            |r: usize| self.ranked[point].get(r).map_or(0.0, |l| self.inverse_propensity(*l as usize));
        self.relevance(point, k).iter().enumerate().map(|(r, hit)| hit * weight(r)).collect()
    }

    fn figure(&self, kind: MetricKind, k: usize) -> f64 {
        let dcg = |gains: &[f64]| -> f64 {
            gains
                .iter()
                .enumerate()
                .map(|(r, gain)| gain * std::f64::consts::LN_2 / (r as f64 + 2.0).ln())
                .sum()
        };
        let total = |row: &[f64]| row.iter().sum::<f64>();
        let rows = 0..self.truth.len();
        let mean = |f: &dyn Fn(usize) -> f64| rows.clone().map(f).sum::<f64>() / rows.len() as f64;
        let normalised = |i: usize, gains: Vec<f64>| {
            let ideal = dcg(&self.ideal(i, k, false));
            if ideal > 0.0 { dcg(&gains) / ideal } else { 0.0 }
        };
        match kind {
            MetricKind::Precision => mean(&|i| total(&self.relevance(i, k)) / k as f64),
            MetricKind::Recall => mean(&|i| total(&self.relevance(i, k)) / total(&self.truth[i]).max(1.0)),
            MetricKind::Ndcg => mean(&|i| normalised(i, self.relevance(i, k))),
            MetricKind::Psp => {
                mean(&|i| total(&self.weighted(i, k)) / k as f64)
                    / mean(&|i| total(&self.ideal(i, k, true)) / k as f64)
            }
            MetricKind::Psndcg => {
                mean(&|i| normalised(i, self.weighted(i, k)))
                    / mean(&|i| normalised(i, self.ideal(i, k, true)))
            }
            MetricKind::Mrr => mean(&|i| {
                self.relevance(i, k).iter().position(|hit| *hit > 0.0).map_or(0.0, |r| 1.0 / (r + 1) as f64)
            }),
            MetricKind::Coverage => {
                let (mut hit, mut wanted) = (BTreeSet::new(), BTreeSet::new());
                for i in rows.clone() {
                    wanted.extend((0..self.labels).filter(|l| self.truth[i][*l] > 0.0));
                    let top = self.ranked[i].iter().take(k).map(|l| *l as usize);
                    hit.extend(top.filter(|l| self.truth[i][*l] > 0.0));
                }
                hit.len() as f64 / wanted.len() as f64
            }
            MetricKind::EncodeCosine => mean(&|i| self.cosine(i)),
            MetricKind::AnnRecall => {
                let shares: Vec<f64> = rows
                    .clone()
                    .filter(|i| !self.exact[*i].is_empty())
                    .map(|i| {
                        let exact: BTreeSet<u32> = self.exact[i].iter().take(k).copied().collect();
                        let ranked: BTreeSet<u32> = self.ranked[i].iter().take(k).copied().collect();
                        exact.intersection(&ranked).count() as f64 / exact.len() as f64
                    })
                    .collect();
                shares.iter().sum::<f64>() / shares.len() as f64
            }
        }
    }

    fn accumulate(&self, metrics: &[Metric], groups: bool, rows: std::ops::Range<usize>) -> Metrics {
        let propensity = Propensity::from_frequencies(self.points_trained, &self.frequencies, 0.6, 2.6);
        let options = MetricOptions {
            propensity: Some(Arc::new(propensity.unwrap())),
            groups: groups.then(|| Arc::new(LabelGroups::deciles(&self.frequencies))),
            keep_points: true,
            ..Default::default()
        };
        let mut sums = Metrics::new(metrics, options).unwrap();
        for i in rows {
            let truth: Vec<u32> =
                (0..self.labels as u32).filter(|l| self.truth[i][*l as usize] > 0.0).collect();
            let (ranked, exact) = (&self.ranked[i], Some(self.exact[i].as_slice()));
            sums.add(&RankedPoint { ranked, truth: &truth, exact, cosine: Some(self.cosine(i)) }).unwrap();
        }
        sums
    }
}

fn all_metrics() -> Vec<Metric> {
    KINDS.iter().flat_map(|kind| [1, 3, 5, 20, 100].map(|k| metric(*kind, k))).collect()
}

#[test]
fn streaming_agrees_with_dense_matrices() {
    for seed in 0..20 {
        let data = dense(seed, 60, 40);
        let sums = data.accumulate(&all_metrics(), false, 0..60);
        for (metric, got) in all_metrics().into_iter().zip(sums.finish()) {
            let expected = data.figure(metric.kind, metric.k as usize);
            let got = got.unwrap();
            assert!((got - expected).abs() < 1e-9, "seed {seed} {metric:?}: {got}, expected {expected}");
            assert!(expected > 0.0 && expected <= 1.0, "the case must have hits: {metric:?} {expected}");
        }
    }
}

#[test]
fn merged_parts_equal_the_whole() {
    let data = dense(3, 90, 40);
    let whole = data.accumulate(&all_metrics(), true, 0..90);
    let mut merged = data.accumulate(&all_metrics(), true, 0..31);
    merged.merge(&data.accumulate(&all_metrics(), true, 31..90)).unwrap();
    for group in 0..DECILES {
        for (a, b) in whole.finish_group(group).into_iter().zip(merged.finish_group(group)) {
            assert!((a.unwrap_or(9.0) - b.unwrap_or(9.0)).abs() < 1e-12);
        }
    }
    for (i, (a, b)) in whole.finish().into_iter().zip(merged.finish()).enumerate() {
        assert!((a.unwrap() - b.unwrap()).abs() < 1e-12);
        assert_eq!(whole.values(i), merged.values(i));
    }
}

#[test]
fn kept_values_make_the_figure() {
    let data = dense(5, 70, 40);
    let sums = data.accumulate(&all_metrics(), false, 0..70);
    for (i, (metric, figure)) in all_metrics().iter().zip(sums.finish()).enumerate() {
        let values = sums.values(i);
        assert_eq!(values.is_none(), matches!(metric.kind, MetricKind::Coverage | MetricKind::AnnRecall));
        if let Some(values) = values {
            // The figure without a draw.
            let found = bootstrap(values, None, 1, 1).unwrap();
            assert!((found.mean - figure.unwrap()).abs() < 1e-12, "{metric:?}");
        }
    }
}

#[test]
fn deciles_are_equal_groups_from_rare_to_frequent() {
    let counts: Vec<u64> = (0..25).map(|l| 100 - l).collect();
    let groups = LabelGroups::deciles(&counts);
    assert_eq!(groups.groups(), DECILES);
    assert_eq!((groups.group(24), groups.group(0)), (0, 9));
    assert_eq!((0..DECILES).map(|g| groups.size(g)).sum::<u64>(), 25);
    assert!((0..DECILES).all(|g| (2..=3).contains(&groups.size(g))));
    // Equal counts are ordered by index; labels without a count are the rarest.
    let equal = LabelGroups::deciles(&[7; 20]);
    assert_eq!((equal.group(0), equal.group(19), equal.group(500)), (0, 9, 0));
    assert_eq!(LabelGroups::deciles(&[]).group(3), 0);
    assert_eq!(LabelGroups::deciles(&[1, 2]).group(1), 5);
}

#[test]
fn parts_of_deciles_add_up_to_the_whole() {
    let data = dense(11, 80, 40);
    let sums = data.accumulate(&all_metrics(), true, 0..80);
    let by_group: Vec<Vec<Option<f64>>> = (0..DECILES).map(|g| sums.finish_group(g)).collect();
    for (i, (metric, whole)) in all_metrics().iter().zip(sums.finish()).enumerate() {
        let added: f64 = by_group.iter().map(|figures| figures[i].unwrap_or(0.0)).sum();
        // Recall and coverage of a group have a denominator of its own; the cosine is no figure of labels.
        let apart = [MetricKind::Recall, MetricKind::Coverage, MetricKind::EncodeCosine];
        if !apart.contains(&metric.kind) {
            assert!((added - whole.unwrap()).abs() < 1e-12, "{metric:?}: {added} of {whole:?}");
        }
    }
}

#[test]
fn recall_and_coverage_of_a_decile_are_their_own() {
    // Labels 0..10 have one decile each: label l is decile l + 1.
    let counts: Vec<u64> = (1..=10).collect();
    let options =
        MetricOptions { groups: Some(Arc::new(LabelGroups::deciles(&counts))), ..Default::default() };
    let metrics = [metric(MetricKind::Recall, 2), metric(MetricKind::Coverage, 2)];
    let mut sums = Metrics::new(&metrics, options).unwrap();
    for (ranked, truth) in [([3, 4], vec![3, 5]), ([4, 9], vec![3]), ([9, 5], vec![5])] {
        sums.add(&RankedPoint { ranked: &ranked, truth: &truth, ..Default::default() }).unwrap();
    }
    // Label 3 is true for two points and found for one; label 5 likewise; label 9 is never true.
    assert_eq!(sums.finish_group(3), [Some(0.5), Some(1.0)]);
    assert_eq!(sums.finish_group(5), [Some(0.5), Some(1.0)]);
    assert_eq!(sums.finish_group(9), [None, None]);
    assert_eq!(sums.finish(), [Some(0.5), Some(1.0)]);
}

#[test]
fn points_are_grouped_by_value() {
    let empty = Metrics::new(&[metric(MetricKind::Precision, 1)], MetricOptions::default()).unwrap();
    let mut by_key = MetricsByKey::new(empty, 3);
    let hit = RankedPoint { ranked: &[1], truth: &[1], ..Default::default() };
    let miss = RankedPoint { ranked: &[2], truth: &[1], ..Default::default() };
    let text = |t: &str| Value::Text(t.to_owned());
    for (key, point) in [(text("b"), &hit), (Value::Null, &miss), (text("a"), &hit), (text("b"), &miss)] {
        by_key.add(&key, point).unwrap();
    }
    let groups: Vec<_> = by_key.groups().iter().map(|(key, m)| (key.clone(), m.finish()[0])).collect();
    assert_eq!(groups, [(text("a"), Some(1.0)), (text("b"), Some(0.5)), (Value::Null, Some(0.0))]);
    assert_eq!(by_key.add(&text("c"), &hit), Err(MetricError::TooManyGroups { max: 3 }));
}

fn means(values: &[f64]) -> PointValues {
    PointValues { gains: values.to_vec(), ideals: Vec::new() }
}

#[test]
fn bootstrap_finds_a_clear_difference_and_no_false_one() {
    let mut random = fastrand::Rng::with_seed(1);
    let a: Vec<f64> = (0..400).map(|_| f64::from(u8::from(random.f64() < 0.6))).collect();
    let worse: Vec<f64> = a.iter().map(|v| if random.f64() < 0.3 { 0.0 } else { *v }).collect();
    let interval = bootstrap(&means(&a), Some(&means(&worse)), 7, 500).unwrap();
    assert!(interval.low > 0.0 && interval.low < interval.mean && interval.mean < interval.high);
    let plain = a.iter().sum::<f64>() / 400.0 - worse.iter().sum::<f64>() / 400.0;
    assert!((interval.mean - plain).abs() < 1e-12);
    // The width agrees with the normal approximation, 2 * 1.96 standard errors.
    let variance: f64 = a.iter().zip(&worse).map(|(x, y)| (x - y - plain).powi(2)).sum::<f64>() / 400.0;
    let width = 2.0 * 1.96 * (variance / 400.0).sqrt();
    assert!(((interval.high - interval.low) / width - 1.0).abs() < 0.15);

    let mut reversed = a.clone();
    reversed.reverse();
    let none = bootstrap(&means(&a), Some(&means(&reversed)), 7, 500).unwrap();
    assert!(none.low < 0.0 && none.high > 0.0);
    assert_eq!(none, bootstrap(&means(&a), Some(&means(&reversed)), 7, 500).unwrap());
    assert!(bootstrap(&means(&a), Some(&means(&a[1..])), 7, 500).is_err());
    assert!(bootstrap(&means(&[]), None, 7, 500).is_err());
    assert!(bootstrap(&means(&a), None, 7, 0).is_err());
}

#[test]
fn bootstrap_of_a_ratio_draws_gains_and_ideals_together() {
    let mut random = fastrand::Rng::with_seed(2);
    let ideals: Vec<f64> = (0..500).map(|_| 1.0 + 4.0 * random.f64()).collect();
    // Every point has the same share of what it could have, so that the ratio is the same for any draw.
    let values = PointValues { gains: ideals.iter().map(|ideal| 0.25 * ideal).collect(), ideals };
    let found = bootstrap(&values, None, 3, 200).unwrap();
    for bound in [found.mean, found.low, found.high] {
        assert!((bound - 0.25).abs() < 1e-12);
    }

    let gains: Vec<f64> = values.ideals.iter().map(|ideal| ideal * random.f64()).collect();
    let scattered = PointValues { gains, ideals: values.ideals.clone() };
    let found = bootstrap(&scattered, Some(&values), 3, 500).unwrap();
    let total = |values: &[f64]| values.iter().sum::<f64>();
    let plain = (total(&scattered.gains) - total(&values.gains)) / total(&values.ideals);
    assert!((found.mean - plain).abs() < 1e-12);
    // The width of a ratio by the delta method: the spread of gain - ratio * ideal, over the mean ideal.
    let rest = |at: usize| scattered.gains[at] - values.gains[at] - plain * values.ideals[at];
    let variance = (0..500).map(|at| rest(at).powi(2)).sum::<f64>() / 500.0;
    let width = 2.0 * 1.96 * (variance / 500.0).sqrt() / (total(&values.ideals) / 500.0);
    assert!(((found.high - found.low) / width - 1.0).abs() < 0.15);
}
