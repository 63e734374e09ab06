//! Fusion: one score of several stage scores, learned from training points.
//!
//! NGAME and DEXA fit a decision tree of depth 7 on the scores of the classifier and of the label embeddings
//! and on the label's inverse propensity; its leaves say which share of such pairs is positive. Two more
//! methods fit the same data: logistic regression on curves, which is smooth, and boosted trees.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::control::{BuildControl, TrainError};
use super::logistic::{Logistic, LogisticOptions, fit_logistic, sigmoid};
use super::tree::{BINS_MAX, Binned, BoostedOptions, Tree, TreeOptions, fit_boosted, fit_tree};

/// The most features.
const FEATURES_MAX: usize = 1_024;
/// The deepest tree.
const DEPTH_MAX: usize = 20;
/// The most trees.
const ROUNDS_MAX: usize = 10_000;
/// The most bends of a curve.
const KNOTS_MAX: usize = 1_024;
/// No leaf of boosted trees moves the log-odds by more.
const LEAF_MAX: f64 = 1e6;

/// Which kind of model to fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FusionMethod {
    /// One decision tree.
    Tree,
    /// Logistic regression on piecewise linear curves.
    Linear,
    /// Boosted trees.
    Boosted,
}

/// Options of all methods; each reads its own.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FusionOptions {
    /// Of [`FusionMethod::Tree`].
    pub tree: TreeOptions,
    /// Of [`FusionMethod::Linear`].
    pub linear: LogisticOptions,
    /// Of [`FusionMethod::Boosted`].
    pub boosted: BoostedOptions,
}

/// What a model is fitted on.
#[derive(Clone, Copy, Debug)]
pub struct FusionExamples<'a> {
    /// `[n, features]`, row-major, finite.
    pub rows: &'a [f32],
    /// Features of a row.
    pub features: usize,
    /// `[n]`: 1 for a positive, 0 for a negative, or a share between.
    pub targets: &'a [f32],
    /// `[n]`: how much each row counts, not negative; all the same where absent.
    pub weights: Option<&'a [f32]>,
}

/// A fitted model. It has no parts that a caller sees: it scores, and it is kept as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FusionModel {
    features: usize,
    model: Kind,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Kind {
    Tree(Tree),
    Linear(Logistic),
    Boosted { base: f64, trees: Vec<Tree> },
}

impl FusionModel {
    /// Fits a model. Time is O(n features) for each level of a tree and each Newton step; memory, besides the
    /// input, is about 50 bytes a row and 2 bytes a number. The result depends on the input alone.
    ///
    /// # Errors
    /// [`TrainError::Input`] where the lengths do not fit, a number is not finite or out of range, or the
    /// rows hold no positives or no negatives; [`TrainError::Cancelled`] when asked to stop.
    pub fn fit(
        method: FusionMethod,
        examples: FusionExamples<'_>,
        options: &FusionOptions,
        control: &BuildControl<'_>,
    ) -> Result<FusionModel, TrainError> {
        check_options(options)?;
        let pairs = examples.pairs()?;
        let FusionExamples { rows, features, .. } = examples;
        let model = match method {
            FusionMethod::Tree => {
                let data = Binned::new(rows, features, options.tree.bins);
                Kind::Tree(fit_tree(&data, &pairs, options.tree, control)?)
            }
            FusionMethod::Linear => {
                Kind::Linear(fit_logistic(rows, features, &pairs, options.linear, control)?)
            }
            FusionMethod::Boosted => {
                let data = Binned::new(rows, features, options.boosted.bins);
                let (base, trees) = fit_boosted(&data, &pairs, options.boosted, control)?;
                Kind::Boosted { base, trees }
            }
        };
        let fitted = FusionModel { features, model };
        fitted
            .check()
            .map_err(|reason| TrainError::Input(format!("the fusion model cannot be kept: {reason}")))?;
        Ok(fitted)
    }

    /// Number of features of a row.
    pub fn features(&self) -> usize {
        self.features
    }

    /// The probability, 0 to 1, that a candidate with these stage scores is a positive. They are rounded to
    /// f32, as those were that the model learned from. NaN where one of them is NaN.
    ///
    /// # Panics
    /// If there are not [`FusionModel::features`] of them.
    pub fn score(&self, features: &[f64]) -> f64 {
        assert_eq!(features.len(), self.features, "one number for each feature");
        if features.iter().any(|feature| feature.is_nan()) {
            return f64::NAN;
        }
        let feature = |number: usize| f64::from(features[number] as f32);
        match &self.model {
            Kind::Tree(tree) => tree.value(feature),
            Kind::Linear(logistic) => logistic.value(feature),
            Kind::Boosted { base, trees } => {
                sigmoid(trees.iter().fold(*base, |sum, tree| sum + tree.value(feature)))
            }
        }
    }

    /// The model as JSON; [`FusionModel::from_json`] gives the same bits back.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads a model, and checks that every index is in range and every number usable.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_json(json: &str) -> Result<FusionModel, String> {
        let model: FusionModel =
            serde_json::from_str(json).map_err(|error| format!("fusion model: {error}"))?;
        model.check().map_err(|reason| format!("fusion model: {reason}"))?;
        Ok(model)
    }

    fn check(&self) -> Result<(), String> {
        let features = self.features;
        if !(1..=FEATURES_MAX).contains(&features) {
            return Err(format!("{features} features; there are 1 to {FEATURES_MAX}"));
        }
        match &self.model {
            Kind::Tree(tree) => tree.check(features, DEPTH_MAX, 0.0..=1.0),
            Kind::Linear(logistic) => logistic.check(features, KNOTS_MAX),
            Kind::Boosted { base, trees } => {
                if base.abs() > LEAF_MAX || trees.len() > ROUNDS_MAX {
                    return Err(format!("{} trees that begin with {base}", trees.len()));
                }
                trees.iter().try_for_each(|tree| tree.check(features, DEPTH_MAX, -LEAF_MAX..=LEAF_MAX))
            }
        }
    }
}

/// Whether the options are within what a kept model may hold.
fn check_options(options: &FusionOptions) -> Result<(), TrainError> {
    let FusionOptions { tree, linear, boosted } = options;
    let within = |name: &str, value: usize, low: usize, high: usize| match (low..=high).contains(&value) {
        true => Ok(()),
        false => Err(TrainError::Input(format!("{name} is {value}; give {low} to {high}"))),
    };
    let positive = |name: &str, value: f64, low: f64| match value.is_finite() && value >= low {
        true => Ok(()),
        false => Err(TrainError::Input(format!("{name} is {value}; give a finite number from {low}"))),
    };
    within("depth of the tree", tree.depth, 1, DEPTH_MAX)?;
    within("bins of the tree", tree.bins, 2, BINS_MAX)?;
    within("knots of the curves", linear.knots, 0, KNOTS_MAX)?;
    within("depth of the boosted trees", boosted.depth, 1, DEPTH_MAX)?;
    within("bins of the boosted trees", boosted.bins, 2, BINS_MAX)?;
    within("rounds of the boosted trees", boosted.rounds, 1, ROUNDS_MAX)?;
    positive("rate of the boosted trees", boosted.rate, 0.0)?;
    positive("l2 of the boosted trees", boosted.l2, 1e-9)?;
    positive("l2 of the curves", linear.l2, 0.0)?;
    positive("tolerance of the curves", linear.tolerance, 0.0)
}

impl FusionExamples<'_> {
    /// The weight and the weight times the target of each row, after all numbers were checked.
    fn pairs(&self) -> Result<Vec<(f64, f64)>, TrainError> {
        let refuse = |reason: String| Err(TrainError::Input(reason));
        let (features, rows) = (self.features, self.targets.len());
        if !(1..=FEATURES_MAX).contains(&features) {
            return refuse(format!("fusion needs 1 to {FEATURES_MAX} features, not {features}"));
        }
        if self.rows.len() != rows * features || self.weights.is_some_and(|weights| weights.len() != rows) {
            let (numbers, weights) = (self.rows.len(), self.weights.map_or(rows, <[f32]>::len));
            return refuse(format!(
                "{numbers} numbers and {weights} weights do not fit {rows} targets of {features} features"
            ));
        }
        if rows > u32::MAX as usize {
            return Err(TrainError::Rows { rows, max: u32::MAX as usize });
        }
        if let Some(at) = self.rows.par_iter().position_first(|value| !value.is_finite()) {
            let (row, feature, value) = (at / features, at % features, self.rows[at]);
            return refuse(format!(
                "feature {feature} of row {row} is {value}; give a finite number where a stage has no score"
            ));
        }
        if let Some(row) = self.targets.iter().position(|target| !(0.0..=1.0).contains(target)) {
            return refuse(format!("target {row} is {}; give 0 to 1", self.targets[row]));
        }
        let usable = |weight: &f32| weight.is_finite() && *weight >= 0.0;
        if let Some(row) = self.weights.and_then(|weights| weights.iter().position(|weight| !usable(weight)))
        {
            let weight = self.weights.map_or(0.0, |weights| weights[row]);
            return refuse(format!("weight {row} is {weight}; give a finite number from 0"));
        }
        let weight = |row: usize| self.weights.map_or(1.0, |weights| f64::from(weights[row]));
        let pairs: Vec<(f64, f64)> = (self.targets.iter().enumerate())
            .map(|(row, target)| (weight(row), weight(row) * f64::from(*target)))
            .collect();
        let positives = pairs.iter().any(|(_, positive)| *positive > 0.0);
        let negatives = pairs.iter().any(|(weight, positive)| weight > positive);
        if !positives || !negatives {
            let missing = if positives { "negatives" } else { "positives" };
            return refuse(format!("fusion cannot be learned from {rows} rows without {missing}"));
        }
        Ok(pairs)
    }
}

#[cfg(test)]
#[path = "fusion_tests.rs"]
mod tests;
