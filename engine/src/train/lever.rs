//! More training pairs for rare labels, from a teacher that knows texts (LEVER, Buvanesh et al., ICLR 2024).
//!
//! A classifier of a label with few positives varies with the few that happened to be seen (theorem 1 and
//! lemma 1). The teacher's estimate of `P(label | document)`, made from embeddings alone, varies less; pairs
//! that it finds likely are added with that estimate as a soft target. Every label's text becomes a document
//! of the label as well.

use rayon::prelude::*;

use super::calibrate::Calibration;
use super::control::{BuildControl, TrainError};
use super::csr::Csr;
use super::neighbors::{NeighborOptions, neighbors};
use super::pairs::Pairs;
use super::parts::Points;
use super::points::Vectors;
use crate::kernel::dot;

/// What makes a probability of a similarity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Teacher {
    /// `sigmoid(scale * similarity + offset)` (theorem 3), as [`calibrate`](super::calibrate()) fits it on
    /// all pairs. Such probabilities are small, so the threshold has to be small too.
    Logistic(Calibration),
    /// `(similarity + 1) / 2`, which the paper finds as good.
    Cosine,
}

impl Teacher {
    /// The probability, 0 to 1.
    pub fn probability(self, similarity: f32) -> f32 {
        match self {
            Teacher::Logistic(line) => line.probability(similarity),
            Teacher::Cosine => ((similarity + 1.0) * 0.5).clamp(0.0, 1.0),
        }
    }
}

/// How observed pairs (y = 1) and the teacher's estimate p make targets. Cross-entropy against
/// `lambda y + (1 - lambda) p` equals `lambda BCE(y) + (1 - lambda) BCE(p)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blend {
    /// Observed pairs keep the target 1 and added ones get p: what the released code trains with, and so what
    /// the published figures rest on. An observed pair is a fact whose certainty the teacher cannot lower;
    /// the teacher's say is for pairs that nobody looked at.
    Code,
    /// Equation 6 of the paper for the pairs that are stored: observed ones get `lambda + (1 - lambda) p`,
    /// added ones `(1 - lambda) p`.
    Paper,
}

/// Which pairs are added, and with which targets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeverOptions {
    /// Labels with fewer documents than this get more.
    pub tau: usize,
    /// The most documents added to such a label.
    pub tau_d: usize,
    /// The most texts of other labels added to such a label.
    pub tau_l: usize,
    /// The least probability of an added pair. The released code's 0.8 for [`Teacher::Cosine`] is a cosine of
    /// 0.6.
    pub threshold: f32,
    /// Share of the observed pairs in [`Blend::Paper`].
    pub lambda: f32,
    /// What makes a probability of a similarity.
    pub teacher: Teacher,
    /// How targets are made.
    pub blend: Blend,
    /// Clusters visited for each label when neighbours are searched.
    pub beam: usize,
    /// Seed of that search.
    pub seed: u64,
}

impl Default for LeverOptions {
    /// The values of the paper for LF-WikiSeeAlso-320K: 4 texts and no documents;
    /// and equation 6, which was better than the released code's targets on FOLDOC cross references by every
    /// metric: with 15 texts and the code's targets P@1 fell.
    fn default() -> LeverOptions {
        LeverOptions {
            tau: 4,
            tau_d: 0,
            tau_l: 4,
            threshold: 0.8,
            lambda: 0.5,
            teacher: Teacher::Cosine,
            blend: Blend::Paper,
            beam: 20,
            seed: 0,
        }
    }
}

/// Training pairs with those that were added.
#[derive(Clone, Debug, PartialEq)]
pub struct Augmented {
    /// Label whose text is row `n + i` of the targets, for n training points.
    pub texts: Vec<u32>,
    /// Targets of the training points, then of the texts.
    pub targets: Csr,
    /// Pairs of a point and a label that were added.
    pub added_points: usize,
    /// Pairs of a text and another label that were added.
    pub added_texts: usize,
}

/// Adds to the targets of `pairs` every label's text as a document of its label and, for labels with fewer
/// than `tau` documents, the nearest points and the nearest labels' texts that the teacher finds likely
/// enough. `points` are the training documents, `texts` the documents' encoder on each label's text,
/// `labels` the embeddings of labels (the same, without an auxiliary model); all are normalised. Targets
/// that are stored already keep counting as observed, whatever their value, which is taken for y. Excluded
/// pairs are not added.
///
/// # Errors
/// [`TrainError::Input`] with shapes or options that do not fit, [`TrainError::NotFinite`],
/// [`TrainError::Cancelled`].
pub fn augment(
    control: &BuildControl<'_>,
    points: &Points,
    texts: &Vectors,
    labels: &Vectors,
    pairs: &Pairs,
    options: &LeverOptions,
) -> Result<Augmented, TrainError> {
    let targets = &pairs.targets;
    check(points, texts, labels, targets, options)?;
    let needy: Vec<u32> = (0u32..)
        .zip(targets.column_counts())
        .filter(|(_, count)| (*count as usize) < options.tau)
        .map(|(label, _)| label)
        .collect();
    let queries = labels.gather(&needy);
    let observed = targets.transposed();
    let search = |rows: &[f32], k: usize| {
        let options = NeighborOptions { k, beam: options.beam, clusters: None, seed: options.seed };
        neighbors(control, &queries, rows, labels.dimension(), options)
    };
    let mut by_label: Vec<Vec<(u32, f32)>> = vec![Vec::new(); labels.len()];
    let mut add = |found: Vec<Vec<(u32, f32)>>, first: u32, most: usize, known: &dyn Fn(u32, u32) -> bool| {
        let mut added = 0;
        for (label, found) in needy.iter().zip(found) {
            let likely = found
                .into_iter()
                .filter(|(row, _)| !known(*label, *row))
                .map(|(row, similarity)| (first + row, options.teacher.probability(similarity)))
                .filter(|(_, probability)| *probability >= options.threshold && *probability > 0.0)
                .take(most);
            let own = &mut by_label[*label as usize];
            let before = own.len();
            own.extend(likely);
            added += own.len() - before;
        }
        added
    };
    let (mut added_points, mut added_texts) = (0, 0);
    if options.tau_d > 0 {
        // Fewer than tau of the nearest can be known already.
        let found = search(points.joined().values(), options.tau_d + options.tau)?;
        let known = |label: u32, row: u32| {
            observed.row(label as usize).0.binary_search(&row).is_ok()
                || pairs.excluded(row).binary_search(&label).is_ok()
        };
        added_points = add(found, 0, options.tau_d, &known);
    }
    if options.tau_l > 0 {
        let found = search(texts.values(), options.tau_l + 1)?;
        added_texts = add(found, points.len() as u32, options.tau_l, &|label, row| label == row);
    }
    let targets = merge(points, texts, labels, targets, by_label, options);
    Ok(Augmented { texts: (0..labels.len() as u32).collect(), targets, added_points, added_texts })
}

/// All targets, row by row.
fn merge(
    points: &Points,
    texts: &Vectors,
    labels: &Vectors,
    targets: &Csr,
    by_label: Vec<Vec<(u32, f32)>>,
    options: &LeverOptions,
) -> Csr {
    let rows = points.len() + texts.len();
    let mut added = Csr::new(rows);
    for mut entries in by_label {
        added.push(&mut entries);
    }
    let added = added.transposed();
    let share = match options.blend {
        Blend::Code => 1.0,
        Blend::Paper => 1.0 - options.lambda,
    };
    let observed = |label: u32, y: f32, document: &[f32]| match options.blend {
        Blend::Code => y,
        Blend::Paper => {
            let probability = options.teacher.probability(dot(labels.row(label as usize), document));
            (options.lambda * y + (1.0 - options.lambda) * probability).min(1.0)
        }
    };
    let blended: Vec<Vec<(u32, f32)>> = (0..rows)
        .into_par_iter()
        .map(|row| {
            let mut entries: Vec<(u32, f32)> = match row.checked_sub(points.len()) {
                Some(label) => vec![(label as u32, observed(label as u32, 1.0, texts.row(label)))],
                None => {
                    let (columns, values) = targets.row(row);
                    let document = points.row(row);
                    columns
                        .iter()
                        .zip(values)
                        .map(|(label, y)| (*label, observed(*label, *y, document)))
                        .collect()
                }
            };
            let (columns, values) = added.row(row);
            entries.extend(columns.iter().zip(values).map(|(label, p)| (*label, share * p)));
            entries.retain(|(_, value)| *value > 0.0);
            entries
        })
        .collect();
    let mut out = Csr::new(labels.len());
    for mut entries in blended {
        out.push(&mut entries);
    }
    out
}

/// Refuses shapes and options that do not fit.
fn check(
    points: &Points,
    texts: &Vectors,
    labels: &Vectors,
    targets: &Csr,
    options: &LeverOptions,
) -> Result<(), TrainError> {
    let dimensions = (points.dimension(), texts.dimension(), labels.dimension());
    let fault = if dimensions.0 != dimensions.1 || dimensions.0 != dimensions.2 {
        format!("points, texts and labels have {dimensions:?} numbers; encode them alike")
    } else if (targets.rows(), targets.width) != (points.len(), labels.len()) {
        let (rows, width) = (targets.rows(), targets.width);
        format!("targets are {rows} x {width} for {} points and {} labels", points.len(), labels.len())
    } else if texts.len() != labels.len() {
        format!("there are {} texts for {} labels; give one each", texts.len(), labels.len())
    } else if points.len() + texts.len() > u32::MAX as usize {
        format!("{} points and {} texts are more than u32 can number", points.len(), texts.len())
    } else if !(0.0..=1.0).contains(&options.lambda) {
        format!("lambda is {}; give a share from 0 to 1", options.lambda)
    } else if !(0.0..=1.0).contains(&options.threshold) {
        format!("the threshold is {}; give a probability from 0 to 1", options.threshold)
    } else {
        return Ok(());
    };
    Err(TrainError::Input(fault))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;

    const QUIET: BuildControl<'static> =
        BuildControl { cancelled: &|| false, progress: &|_, _| {}, threads: 1 };

    fn unit(rng: &mut fastrand::Rng, rows: usize) -> Arc<Vectors> {
        let mut values: Vec<f32> = (0..rows * 5).map(|_| rng.f32() - 0.4).collect();
        values.chunks_mut(5).for_each(|row| {
            crate::kernel::normalize(row).unwrap();
        });
        Arc::new(Vectors::new(5, values))
    }

    struct Sets {
        points: Points,
        texts: Arc<Vectors>,
        labels: Arc<Vectors>,
        targets: Csr,
    }

    fn sets(rng: &mut fastrand::Rng, n: usize, l: usize) -> Sets {
        let points = Points::new(vec![unit(rng, n / 2), unit(rng, n - n / 2)]).unwrap();
        let mut targets = Csr::new(l);
        for _ in 0..n {
            // Small labels are frequent ones.
            let draw = |rng: &mut fastrand::Rng| (rng.f32() * rng.f32() * l as f32) as u32;
            targets.push(&mut (0..rng.usize(0..4)).map(|_| (draw(rng), 1.0)).collect());
        }
        Sets { points, texts: unit(rng, l), labels: unit(rng, l), targets }
    }

    /// The definition, pair by pair.
    fn plain(sets: &Sets, options: &LeverOptions) -> BTreeMap<(u32, u32), f32> {
        let (n, l) = (sets.points.len() as u32, sets.labels.len() as u32);
        let document = |row: u32| match row.checked_sub(n) {
            Some(label) => sets.texts.row(label as usize),
            None => sets.points.row(row as usize),
        };
        let p = |row: u32, label: u32| {
            options.teacher.probability(dot(sets.labels.row(label as usize), document(row)))
        };
        let seen = |row: u32, label: u32| match row.checked_sub(n) {
            Some(text) => text == label,
            None => sets.targets.row(row as usize).0.contains(&label),
        };
        let mut out = BTreeMap::new();
        for label in 0..l {
            let own: Vec<u32> = (0..n + l).filter(|row| seen(*row, label)).collect();
            for row in &own {
                let value = match options.blend {
                    Blend::Code => 1.0,
                    Blend::Paper => options.lambda + (1.0 - options.lambda) * p(*row, label),
                };
                out.insert((*row, label), value);
            }
            if own.len() > options.tau {
                continue;
            }
            for (range, most) in [(0..n, options.tau_d), (n..n + l, options.tau_l)] {
                let mut others: Vec<u32> = range.filter(|row| !seen(*row, label)).collect();
                others.sort_by(|a, b| p(*b, label).total_cmp(&p(*a, label)));
                others.truncate(most);
                for row in others.into_iter().filter(|row| p(*row, label) >= options.threshold) {
                    let share = if options.blend == Blend::Code { 1.0 } else { 1.0 - options.lambda };
                    out.insert((row, label), share * p(row, label));
                }
            }
        }
        out
    }

    #[test]
    fn pairs_and_targets_equal_a_double_loop() {
        let mut rng = fastrand::Rng::with_seed(1);
        let line = Calibration { scale: 5.0, offset: -3.0 };
        for (tau, tau_d, tau_l) in [(4, 3, 2), (9, 0, 5), (2, 4, 0), (0, 5, 5), (50, 100, 100)] {
            for (teacher, threshold) in [(Teacher::Cosine, 0.8), (Teacher::Logistic(line), 0.3)] {
                for blend in [Blend::Code, Blend::Paper] {
                    let options = LeverOptions {
                        tau,
                        tau_d,
                        tau_l,
                        threshold,
                        lambda: 0.4,
                        teacher,
                        blend,
                        ..LeverOptions::default()
                    };
                    let sets = sets(&mut rng, 60, 25);
                    let (points, texts, labels) = (&sets.points, &sets.texts, &sets.labels);
                    let found =
                        augment(&QUIET, points, texts, labels, &Pairs::new(sets.targets.clone()), &options)
                            .unwrap();
                    let expected = plain(&sets, &options);
                    assert_eq!((found.targets.rows(), found.targets.width, found.texts.len()), (85, 25, 25));
                    assert_eq!(found.targets.entries(), expected.len());
                    let observed = sets.targets.entries() + 25;
                    assert_eq!(found.added_points + found.added_texts + observed, expected.len());
                    for row in 0..85 {
                        let (columns, values) = found.targets.row(row);
                        for (label, value) in columns.iter().zip(values) {
                            let expected = expected[&(row as u32, *label)];
                            assert!((value - expected).abs() < 1e-5, "{row} {label} {value} {expected}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn with_the_whole_share_for_observed_pairs_nothing_is_added() {
        let sets = sets(&mut fastrand::Rng::with_seed(2), 30, 10);
        let options = LeverOptions {
            tau_d: 5,
            threshold: 0.5,
            lambda: 1.0,
            blend: Blend::Paper,
            ..LeverOptions::default()
        };
        let (points, texts, labels) = (&sets.points, &sets.texts, &sets.labels);
        let found =
            augment(&QUIET, points, texts, labels, &Pairs::new(sets.targets.clone()), &options).unwrap();
        assert_eq!(found.targets.entries(), sets.targets.entries() + 10);
        assert!(found.targets.values.iter().all(|value| *value == 1.0));
    }

    #[test]
    fn bad_input_is_refused_and_cancelling_stops() {
        let sets = sets(&mut fastrand::Rng::with_seed(3), 20, 8);
        let run = |texts: &Vectors, targets: &Csr, options: &LeverOptions, stop: bool| {
            let control = BuildControl { cancelled: &|| stop, ..QUIET };
            augment(&control, &sets.points, texts, &sets.labels, &Pairs::new(targets.clone()), options)
        };
        let options = LeverOptions::default();
        assert!(run(&sets.texts, &sets.targets, &options, false).is_ok());
        assert_eq!(run(&sets.texts, &sets.targets, &options, true), Err(TrainError::Cancelled));
        let few = Vectors::new(5, vec![0.0; 10]);
        let other = Vectors::new(4, vec![0.0; 32]);
        let narrow = Csr { offsets: vec![0; 21], width: 7, ..Csr::default() };
        for (texts, targets, options) in [
            (&few, &sets.targets, options),
            (&other, &sets.targets, options),
            (&*sets.texts, &narrow, options),
            (&*sets.texts, &sets.targets, LeverOptions { lambda: -0.1, ..options }),
            (&*sets.texts, &sets.targets, LeverOptions { threshold: f32::NAN, ..options }),
        ] {
            assert!(matches!(run(texts, targets, &options, false), Err(TrainError::Input(_))));
        }
    }
}
