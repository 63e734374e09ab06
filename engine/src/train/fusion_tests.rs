//! Fused scores against plain searches, hand-made cases and hostile records.

use super::*;

/// Runs without being stopped.
const FREE: BuildControl<'static> = BuildControl { cancelled: &|| false, progress: &|_, _| {}, threads: 2 };

fn fit(method: FusionMethod, rows: &[f32], features: usize, targets: &[f32]) -> FusionModel {
    let examples = FusionExamples { rows, features, targets, weights: None };
    FusionModel::fit(method, examples, &FusionOptions::default(), &FREE).unwrap()
}

fn scores(model: &FusionModel, rows: &[f32]) -> Vec<f64> {
    let widened: Vec<f64> = rows.iter().map(|value| f64::from(*value)).collect();
    widened.chunks_exact(model.features()).map(|row| model.score(row)).collect()
}

/// Mean logistic loss.
fn loss(model: &FusionModel, rows: &[f32], targets: &[f32]) -> f64 {
    let terms = scores(model, rows).into_iter().zip(targets).map(|(score, target)| {
        let (score, target) = (score.clamp(1e-12, 1.0 - 1e-12), f64::from(*target));
        -target * score.ln() - (1.0 - target) * (1.0 - score).ln()
    });
    terms.sum::<f64>() / targets.len() as f64
}

/// Random rows of `features` values with `steps` distinct values, and targets that depend on a product.
fn random(seed: u64, n: usize, features: usize, steps: u32) -> (Vec<f32>, Vec<f32>) {
    let mut random = fastrand::Rng::with_seed(seed);
    let rows: Vec<f32> = (0..n * features).map(|_| random.u32(..steps) as f32 / steps as f32 - 0.5).collect();
    let targets = rows
        .chunks_exact(features)
        .map(|row| f32::from(row[0] * row[1] + 0.3 * row[features - 1] + 0.2 * (random.f32() - 0.5) > 0.05))
        .collect();
    (rows, targets)
}

/// CART without histograms: every threshold of every feature is tried by counting all rows again.
struct Plain<'a> {
    rows: &'a [f32],
    features: usize,
    targets: &'a [f32],
    weights: &'a [f32],
    depth: usize,
    min_leaf: usize,
}

impl Plain<'_> {
    fn worth(&self, of: &[usize]) -> f64 {
        let weight: f64 = of.iter().map(|row| f64::from(self.weights[*row])).sum();
        let positive: f64 = of.iter().map(|row| f64::from(self.weights[*row] * self.targets[*row])).sum();
        let negative = weight - positive;
        (positive * positive + negative * negative) / weight
    }

    fn predict(&self, of: &[usize], depth: usize, probe: &[f32]) -> f64 {
        let weight: f64 = of.iter().map(|row| f64::from(self.weights[*row])).sum();
        let positive: f64 = of.iter().map(|row| f64::from(self.weights[*row] * self.targets[*row])).sum();
        if depth == self.depth || positive == 0.0 || positive == weight {
            return positive / weight;
        }
        let mut best: Option<(f64, usize, f64)> = None;
        for feature in 0..self.features {
            let value = |row: usize| f64::from(self.rows[row * self.features + feature]);
            let mut values: Vec<f64> = of.iter().map(|row| value(*row)).collect();
            values.sort_by(f64::total_cmp);
            values.dedup();
            for pair in values.windows(2) {
                let threshold = pair[0].midpoint(pair[1]);
                let (left, right): (Vec<usize>, Vec<usize>) =
                    of.iter().partition(|row| value(**row) <= threshold);
                if left.len().min(right.len()) < self.min_leaf {
                    continue;
                }
                let gain = self.worth(&left) + self.worth(&right) - self.worth(of);
                if best.is_none_or(|best| gain > best.0) {
                    best = Some((gain, feature, threshold));
                }
            }
        }
        let Some((_, feature, threshold)) = best else { return positive / weight };
        let on_left = |row: &[f32]| f64::from(row[feature]) <= threshold;
        let side: Vec<usize> = of
            .iter()
            .copied()
            .filter(|row| on_left(&self.rows[row * self.features..]) == on_left(probe))
            .collect();
        self.predict(&side, depth + 1, probe)
    }
}

#[test]
fn the_tree_is_that_of_a_plain_search_over_all_thresholds() {
    for (seed, steps, min_leaf) in [(1, 5, 1), (2, 1_000, 1), (3, 20, 4), (4, 1_000_000, 7)] {
        let (rows, targets) = random(seed, 150, 3, steps);
        let weights: Vec<f32> = (0..targets.len()).map(|row| (1 + row % 3) as f32).collect();
        let tree = TreeOptions { min_leaf, depth: 5, ..TreeOptions::default() };
        let options = FusionOptions { tree, ..FusionOptions::default() };
        let examples =
            FusionExamples { rows: &rows, features: 3, targets: &targets, weights: Some(&weights) };
        let model = FusionModel::fit(FusionMethod::Tree, examples, &options, &FREE).unwrap();
        let (rows, targets, weights) = (&rows[..], &targets[..], &weights[..]);
        let plain = Plain { rows, features: 3, targets, weights, depth: 5, min_leaf };
        let all: Vec<usize> = (0..targets.len()).collect();
        // Only the training rows are sent down: a threshold of the tree lies half-way between values of the
        // whole column, that of the plain search between values of the node.
        for (row, score) in rows.chunks_exact(3).zip(scores(&model, rows)) {
            let expected = plain.predict(&all, 0, row);
            assert!((score - expected).abs() < 1e-12, "seed {seed}: {score} {expected}");
        }
    }
}

#[test]
fn a_tree_by_hand() {
    // One feature: 0 and 1 are negative, 2 is positive in two of three cases, 3 always.
    let rows = [0.0, 1.0, 2.0, 2.0, 2.0, 3.0, 3.0];
    let targets = [0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0];
    let model = fit(FusionMethod::Tree, &rows, 1, &targets);
    for (feature, expected) in [(-9.0, 0.0), (1.49, 0.0), (1.51, 2.0 / 3.0), (2.49, 2.0 / 3.0), (2.51, 1.0)] {
        assert_eq!(model.score(&[feature]), expected, "{feature}");
    }
    assert!(model.score(&[f64::NAN]).is_nan());
    // A single cut of XOR gains nothing, and yet the second level separates it.
    let xor = fit(FusionMethod::Tree, &[0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0], 2, &[0.0, 1.0, 1.0, 0.0]);
    assert_eq!(scores(&xor, &[0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0]), [0.0, 1.0, 1.0, 0.0]);
}

#[test]
fn weights_count_like_repeated_rows() {
    let (rows, targets) = random(8, 120, 2, 30);
    let weights: Vec<f32> = (0..targets.len()).map(|row| (row % 4) as f32).collect();
    let (mut many_rows, mut many_targets) = (Vec::new(), Vec::new());
    for (row, target) in targets.iter().enumerate() {
        for _ in 0..row % 4 {
            many_rows.extend_from_slice(&rows[row * 2..row * 2 + 2]);
            many_targets.push(*target);
        }
    }
    let options = LogisticOptions { knots: 0, ..LogisticOptions::default() };
    let options = FusionOptions { linear: options, ..FusionOptions::default() };
    let weighted = FusionExamples { rows: &rows, features: 2, targets: &targets, weights: Some(&weights) };
    let repeated = FusionExamples { rows: &many_rows, features: 2, targets: &many_targets, weights: None };
    // Standardising does not weigh, which moves the penalty a little.
    for (method, tolerance) in [(FusionMethod::Tree, 1e-12), (FusionMethod::Linear, 2e-2)] {
        let one = FusionModel::fit(method, weighted, &options, &FREE).unwrap();
        let other = FusionModel::fit(method, repeated, &options, &FREE).unwrap();
        for (one, other) in scores(&one, &many_rows).iter().zip(scores(&other, &many_rows)) {
            assert!((one - other).abs() < tolerance, "{method:?}: {one} {other}");
        }
    }
}

#[test]
fn boosting_by_hand_for_one_round() {
    let rows: Vec<f32> = (0..8u8).map(|row| f32::from(row >= 4)).collect();
    let targets = [1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0];
    let boosted = BoostedOptions { rounds: 1, depth: 1, min_leaf: 1, l2: 1.0, rate: 0.5, bins: 255 };
    let options = FusionOptions { boosted, ..FusionOptions::default() };
    let examples = FusionExamples { rows: &rows, features: 1, targets: &targets, weights: None };
    let model = FusionModel::fit(FusionMethod::Boosted, examples, &options, &FREE).unwrap();
    // Half of all are positive: the log-odds begin with 0, gradients are 0.5 - y, second derivatives 0.25.
    let leaf = 0.5 * 1.0 / (4.0 * 0.25 + 1.0);
    assert!((model.score(&[1.0]) - 1.0 / (1.0 + f64::exp(-leaf))).abs() < 1e-15);
    assert!((model.score(&[0.0]) - 1.0 / (1.0 + f64::exp(leaf))).abs() < 1e-15);
}

#[test]
fn every_round_lowers_the_loss_and_boosting_beats_the_others_where_features_interact() {
    let (rows, targets) = random(5, 4_000, 3, 1_000_000);
    let (test_rows, test_targets) = random(6, 4_000, 3, 1_000_000);
    let examples = FusionExamples { rows: &rows, features: 3, targets: &targets, weights: None };
    let mut before = f64::INFINITY;
    for rounds in [1, 2, 5, 20, 100] {
        let boosted = BoostedOptions { rounds, ..BoostedOptions::default() };
        let options = FusionOptions { boosted, ..FusionOptions::default() };
        let model = FusionModel::fit(FusionMethod::Boosted, examples, &options, &FREE).unwrap();
        let now = loss(&model, &rows, &targets);
        assert!(now < before, "{rounds} rounds: {now}, before {before}");
        before = now;
    }
    let test = |method| loss(&fit(method, &rows, 3, &targets), &test_rows, &test_targets);
    let (boosted, linear) = (test(FusionMethod::Boosted), test(FusionMethod::Linear));
    assert!(boosted < 0.35 && boosted < 0.7 * linear, "boosted {boosted}, linear {linear}");
}

#[test]
fn curves_bend_where_a_line_cannot() {
    let mut random = fastrand::Rng::with_seed(2);
    let rows: Vec<f32> = (0..3_000).map(|_| random.f32() * 4.0 - 2.0).collect();
    let targets: Vec<f32> = rows.iter().map(|x| f32::from(x.abs() + random.f32() > 1.5)).collect();
    let straight = LogisticOptions { knots: 0, ..LogisticOptions::default() };
    let straight = FusionOptions { linear: straight, ..FusionOptions::default() };
    let examples = FusionExamples { rows: &rows, features: 1, targets: &targets, weights: None };
    let line = FusionModel::fit(FusionMethod::Linear, examples, &straight, &FREE).unwrap();
    let curve = fit(FusionMethod::Linear, &rows, 1, &targets);
    let (line, bent) = (loss(&line, &rows, &targets), loss(&curve, &rows, &targets));
    assert!(line > 0.6 && bent < 0.35, "line {line}, curve {bent}");
    // Beyond what was seen the curve stays where it ended.
    assert_eq!(curve.score(&[f64::MAX]), curve.score(&[9.0]));
}

#[test]
fn any_number_of_threads_gives_the_same_model() {
    let (rows, targets) = random(3, 150_000, 4, 1_000_000);
    let boosted = BoostedOptions { rounds: 5, ..BoostedOptions::default() };
    let options = FusionOptions { boosted, ..FusionOptions::default() };
    let examples = FusionExamples { rows: &rows, features: 4, targets: &targets, weights: None };
    for method in [FusionMethod::Tree, FusionMethod::Linear, FusionMethod::Boosted] {
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| FusionModel::fit(method, examples, &options, &FREE).unwrap())
        };
        let (one, two) = (on(1), on(2));
        assert_eq!(one.to_json(), two.to_json(), "{method:?}");
        assert_eq!(FusionModel::from_json(&one.to_json()), Ok(one));
    }
}

#[test]
fn models_that_could_harm_are_refused() {
    let split = |feature: &str, left: &str| {
        format!(r#"{{"split":{{"feature":{feature},"threshold":0.5,"left":{left},"right":2}}}}"#)
    };
    let tree = |nodes: &str| format!(r#"{{"features":2,"model":{{"tree":[{nodes}]}}}}"#);
    let leaves = r#"{"leaf":0.5},{"leaf":1.0}"#;
    let good = tree(&format!("{},{leaves}", split("1", "1")));
    assert_eq!(FusionModel::from_json(&good).unwrap().score(&[0.0, 0.6]), 1.0);
    let deep: Vec<String> = (0..30)
        .map(|at| {
            let (left, right) = (at + 1, at + 1);
            format!(r#"{{"split":{{"feature":0,"threshold":0,"left":{left},"right":{right}}}}}"#)
        })
        .collect();
    let curve = |scale: &str, bends: &str| {
        format!(
            r#"{{"features":1,"model":{{"linear":{{"intercept":0,"curves":[{{"low":0,"high":1,"mean":0,
            "scale":{scale},"slope":1,"knots":[0.5],"bends":{bends}}}]}}}}}}"#
        )
    };
    assert!(FusionModel::from_json(&curve("1", "[2]")).is_ok());
    for (json, expected) in [
        (String::new(), "EOF"),
        ("[".repeat(100_000), "fusion model"),
        (good.replace("\"features\":2", "\"features\":0"), "0 features"),
        (good.replace("\"features\":2", "\"features\":1"), "splits feature 1 of 1"),
        (tree(""), "no nodes"),
        (tree(&format!("{},{leaves}", split("1", "0"))), "has the child 0"),
        (tree(&format!("{},{leaves}", split("1", "3"))), "has the child 3"),
        (tree(&format!("{},{leaves}", split("-1", "1"))), "invalid value"),
        (good.replace("1.0", "1.5"), "is 1.5"),
        (good.replace("1.0", "null"), "null"),
        (good.replace("1.0", "1e999"), "out of range"),
        (tree(&format!("{},{leaves}", deep.join(","))), "deeper than 20"),
        (curve("0", "[2]"), "out of range"),
        (curve("1", "[]"), "0 bends"),
        (curve("1", "[1e300]"), "out of range"),
        (curve("1", "[2]").replace("\"features\":1", "\"features\":3"), "3 features"),
    ] {
        let error = FusionModel::from_json(&json).unwrap_err();
        assert!(error.contains(expected), "{json}: {error}");
    }
}

#[test]
fn rows_that_cannot_be_learned_from_are_refused() {
    let check = |rows: &[f32], targets: &[f32], weights: Option<&[f32]>, expected: &str| {
        let examples = FusionExamples { rows, features: 2, targets, weights };
        for method in [FusionMethod::Tree, FusionMethod::Linear, FusionMethod::Boosted] {
            let error = FusionModel::fit(method, examples, &FusionOptions::default(), &FREE).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
    };
    check(&[0.0, f32::NAN, 0.0, 0.0], &[0.0, 1.0], None, "feature 1 of row 0 is NaN");
    check(&[0.0, 0.0, f32::INFINITY, 0.0], &[0.0, 1.0], None, "feature 0 of row 1 is inf");
    check(&[0.0; 3], &[0.0, 1.0], None, "3 numbers");
    check(&[0.0; 4], &[0.0, 2.0], None, "target 1 is 2");
    check(&[0.0; 4], &[0.0, 0.0], None, "without positives");
    check(&[0.0; 4], &[1.0, 1.0], None, "without negatives");
    check(&[0.0; 4], &[0.0, 1.0], Some(&[1.0, -1.0]), "weight 1 is -1");
    check(&[0.0; 4], &[0.0, 1.0], Some(&[1.0, 0.0]), "without positives");
    check(&[], &[], None, "0 rows");
    let examples = FusionExamples { rows: &[0.0, 1.0], features: 1, targets: &[0.0, 1.0], weights: None };
    let tree = TreeOptions { depth: 60, ..TreeOptions::default() };
    let options = FusionOptions { tree, ..FusionOptions::default() };
    let error = FusionModel::fit(FusionMethod::Tree, examples, &options, &FREE).unwrap_err();
    assert!(error.to_string().contains("depth of the tree is 60"), "{error}");
    let stopped = BuildControl { cancelled: &|| true, ..FREE };
    for method in [FusionMethod::Tree, FusionMethod::Linear, FusionMethod::Boosted] {
        let fitted = FusionModel::fit(method, examples, &FusionOptions::default(), &stopped);
        assert_eq!(fitted, Err(TrainError::Cancelled));
    }
}
