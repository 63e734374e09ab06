//! Losses against the papers' formulas in f64, and derivatives against differences of those.

use super::*;

/// Scores, and targets with about `share` of the places stored and the diagonal always.
fn random(rng: &mut fastrand::Rng, rows: usize, width: usize, share: f32) -> (Vec<f32>, Csr) {
    let scores = (0..rows * width).map(|_| rng.f32() * 2.0 - 1.0).collect();
    let mut targets = Csr::new(width);
    for row in 0..rows {
        let mut entries: Vec<(u32, f32)> = Vec::new();
        for column in 0..width {
            if column == row || rng.f32() < share {
                let soft = if rng.bool() { 1.0 } else { 0.25 + rng.f32() * 0.5 };
                entries.push((column as u32, if column == row { 1.0 } else { soft }));
            }
        }
        targets.push(&mut entries);
    }
    (scores, targets)
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|value| f64::from(*value)).collect()
}

fn softmax(values: &[f64]) -> Vec<f64> {
    let top = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = values.iter().map(|value| (value - top).exp()).sum();
    values.iter().map(|value| (value - top).exp() / sum).collect()
}

/// The released code, line by line, in f64. Weights are those of the scores `weights_of`.
fn plain_triplet(loss: Triplet, scores: &[f64], weights_of: &[f64], targets: &Csr) -> f64 {
    let width = targets.width;
    let mut sum = 0.0;
    let mut places = 0;
    for row in 0..targets.rows() {
        let at = |column: u32| scores[row * width + column as usize];
        let frozen = |column: u32| weights_of[row * width + column as usize];
        let (columns, values) = targets.row(row);
        let target = |column: u32| values[columns.binary_search(&column).unwrap()];
        let mut positives = match loss.positives {
            Positives::Diagonal => vec![row as u32],
            Positives::Hardest(_) => columns.to_vec(),
        };
        if let Positives::Hardest(count) = loss.positives {
            positives.sort_by(|a, b| at(*a).total_cmp(&at(*b)));
            positives.truncate(count);
            places += count * loss.negatives;
        } else {
            places += loss.negatives;
        }
        let mut negatives: Vec<u32> = (0..width as u32).filter(|column| !columns.contains(column)).collect();
        negatives.sort_by(|a, b| at(*b).total_cmp(&at(*a)));
        negatives.truncate(loss.negatives);
        let margin = f64::from(loss.margin);
        for positive in positives {
            let hinge = |n: u32| (at(n) - at(positive) + margin).max(0.0);
            let frozen_hinge = |n: u32| (frozen(n) - frozen(positive) + margin).max(0.0);
            let weights = match loss.weighting {
                Weighting::Score(t) => {
                    let kept = |n: u32| if frozen_hinge(n) == 0.0 { -50.0 } else { frozen(n) };
                    softmax(&negatives.iter().map(|n| kept(*n) / f64::from(t)).collect::<Vec<f64>>())
                }
                Weighting::Hinge => {
                    let kept = |n: u32| if frozen_hinge(n) == 0.0 { -100.0 } else { frozen_hinge(n) };
                    softmax(&negatives.iter().map(|n| kept(*n)).collect::<Vec<f64>>())
                }
            };
            let scale = match loss.positives {
                Positives::Diagonal => 1.0,
                Positives::Hardest(_) => f64::from(target(positive)),
            };
            sum += negatives.iter().zip(weights).map(|(n, w)| scale * w * hinge(*n)).sum::<f64>();
        }
    }
    sum / places as f64
}

/// Compares derivatives with central differences of a function.
fn check_gradient(found: &[f32], scores: &[f32], value: impl Fn(&[f64]) -> f64) {
    let mut moved = wide(scores);
    for (place, found) in found.iter().enumerate() {
        let at = moved[place];
        moved[place] = at + 1e-6;
        let above = value(&moved);
        moved[place] = at - 1e-6;
        let below = value(&moved);
        moved[place] = at;
        let expected = (above - below) / 2e-6;
        assert!((f64::from(*found) - expected).abs() < 2e-5, "at {place}: {found} {expected}");
    }
}

fn dense(gradient: &Csr) -> Vec<f32> {
    let mut out = vec![0.0; gradient.rows() * gradient.width];
    for row in 0..gradient.rows() {
        let (columns, values) = gradient.row(row);
        columns
            .iter()
            .zip(values)
            .for_each(|(column, value)| out[row * gradient.width + *column as usize] = *value);
    }
    out
}

#[test]
fn triplets_equal_the_released_code_and_its_derivatives() {
    let mut rng = fastrand::Rng::with_seed(3);
    for round in 0..20 {
        let size = 2 + round % 9;
        for base in [Triplet::in_batch(), Triplet::hardest()] {
            for through_weights in [true, false] {
                let loss = Triplet { through_weights, ..base };
                let (scores, targets) = random(&mut rng, size, size + 5, 0.2);
                let (value, gradient) = loss.block(&scores, &targets, None);
                let start = wide(&scores);
                let expected = plain_triplet(loss, &start, &start, &targets);
                assert!((value - expected).abs() < 1e-6, "{value} {expected}");
                check_gradient(&dense(&gradient), &scores, |moved| {
                    plain_triplet(loss, moved, if through_weights { moved } else { &start }, &targets)
                });
            }
        }
    }
}

#[test]
fn triplets_of_documents_without_a_violation_cost_nothing() {
    let mut targets = Csr::new(3);
    targets.push(&mut vec![(0, 1.0)]);
    targets.push(&mut Vec::new());
    targets.push(&mut vec![(0, 1.0), (1, 1.0), (2, 1.0)]);
    let scores = [0.9, 0.1, 0.2, 0.5, 0.5, 0.5, 0.1, 0.9, -0.3];
    let (value, gradient) = Triplet::hardest().block(&scores, &targets, None);
    assert_eq!((value, dense(&gradient)), (0.0, vec![0.0; 9]));
}

fn plain_bce(logits: &[f64], targets: &Csr, weights: &[f64]) -> f64 {
    let mut sum = 0.0;
    for row in 0..targets.rows() {
        let (columns, values) = targets.row(row);
        for column in 0..targets.width {
            let found = columns.iter().position(|held| *held as usize == column);
            let target = found.map_or(0.0, |at| f64::from(values[at]));
            let p = 1.0 / (1.0 + (-logits[row * targets.width + column]).exp());
            sum -= weights[row] * (target * p.ln() + (1.0 - target) * (1.0 - p).ln());
        }
    }
    sum / targets.rows() as f64
}

fn plain_softmax(logits: &[f64], targets: &Csr, weights: &[f64]) -> f64 {
    let mut sum = 0.0;
    for row in 0..targets.rows() {
        let scores = &logits[row * targets.width..(row + 1) * targets.width];
        let (columns, values) = targets.row(row);
        let negatives = (0..targets.width).filter(|column| !columns.contains(&(*column as u32)));
        let mass: f64 = negatives.map(|column| scores[column].exp()).sum();
        let total: f64 = values.iter().map(|value| f64::from(*value)).sum();
        for (column, value) in columns.iter().zip(values) {
            let own = scores[*column as usize].exp();
            sum -= weights[row] * f64::from(*value) / total * (own / (own + mass)).ln();
        }
    }
    sum / targets.rows() as f64
}

#[test]
fn cross_entropy_and_softmax_equal_their_definitions_and_derivatives() {
    type Dense = fn(&mut [f32], &Csr, Option<&[f32]>) -> f64;
    type Plain = fn(&[f64], &Csr, &[f64]) -> f64;
    let losses: [(Dense, Plain); 2] = [(binary_cross_entropy, plain_bce), (decoupled_softmax, plain_softmax)];
    let mut rng = fastrand::Rng::with_seed(4);
    for round in 0..12 {
        let rows = 1 + round % 5;
        let (mut scores, targets) = random(&mut rng, rows, 9 + 40 * round, 0.1);
        scores.iter_mut().for_each(|score| *score *= 4.0);
        let weights: Vec<f32> = (0..rows).map(|_| rng.f32() + 0.5).collect();
        for (loss, plain) in losses {
            let mut block = scores.clone();
            let value = loss(&mut block, &targets, Some(&weights));
            let value_of = |scores: &[f64]| plain(scores, &targets, &wide(&weights));
            let expected = value_of(&wide(&scores));
            assert!((value - expected).abs() < 1e-5 * expected.max(1.0), "{value} {expected}");
            check_gradient(&block, &scores, value_of);
        }
    }
}

#[test]
fn great_logits_and_rows_without_negatives_stay_finite() {
    let mut targets = Csr::new(3);
    targets.push(&mut vec![(0, 1.0)]);
    targets.push(&mut vec![(0, 1.0), (1, 0.5), (2, 1.0)]);
    let logits = [-900.0, 900.0, 0.0, 900.0, -900.0, 0.0];
    for loss in [binary_cross_entropy, decoupled_softmax] {
        let mut block = logits;
        let value = loss(&mut block, &targets, None);
        assert!(value.is_finite() && block.iter().all(|value| value.is_finite()), "{value} {block:?}");
    }
}

#[test]
fn a_mass_can_be_added_in_blocks() {
    let mut rng = fastrand::Rng::with_seed(8);
    let scores: Vec<f32> = (0..300).map(|_| rng.f32() * 40.0 - 20.0).collect();
    let mut whole = Mass::default();
    whole.add(&scores, &[3, 250]);
    let mut parts = Mass::default();
    parts.add(&scores[..100], &[3]);
    parts.add(&[], &[]);
    parts.add(&scores[100..], &[150]);
    assert!((whole.ln() - parts.ln()).abs() < 1e-6);
    assert_eq!(Mass::default().ln(), f64::NEG_INFINITY);
}

#[test]
fn hardest_negatives_equal_a_full_sort() {
    let mut rng = fastrand::Rng::with_seed(5);
    for _ in 0..50 {
        let scores: Vec<f32> = (0..rng.usize(0..40)).map(|_| rng.u8(0..9).into()).collect();
        let positives: Vec<u32> = (0..scores.len() as u32).filter(|_| rng.u8(0..4) == 0).collect();
        let mut all: Vec<u32> = (0..scores.len() as u32).filter(|c| !positives.contains(c)).collect();
        all.sort_by(|a, b| scores[*b as usize].total_cmp(&scores[*a as usize]).then(a.cmp(b)));
        for count in [0, 1, 3, 50] {
            let cut = &all[..count.min(all.len())];
            assert_eq!(hardest_negatives(&scores, &positives, count), cut);
        }
    }
}

#[test]
fn sparse_products_and_positives_equal_double_loops() {
    let mut rng = fastrand::Rng::with_seed(6);
    let (_, targets) = random(&mut rng, 7, 11, 0.3);
    let rows: Vec<f32> = (0..11 * 3).map(|_| rng.f32()).collect();
    let product = sparse_product(&targets, &rows, 3);
    let held = dense(&targets);
    for row in 0..7 {
        for d in 0..3 {
            let expected: f32 = (0..11).map(|column| held[row * 11 + column] * rows[column * 3 + d]).sum();
            assert!((product[row * 3 + d] - expected).abs() < 1e-5);
        }
    }
    let (documents, labels) = ([4, 0, 4], [2, 9, 2, 0]);
    let found = batch_positives(&documents, &labels, &targets);
    for (row, document) in documents.iter().enumerate() {
        let (own, _) = targets.row(*document as usize);
        let expected: Vec<u32> = (0..4).filter(|column| own.contains(&labels[*column as usize])).collect();
        assert_eq!(found.row(row).0, expected);
    }
}
