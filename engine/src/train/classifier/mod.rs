//! Label classifiers over vectors of a frozen encoder.

mod batch;
mod finish;
mod gradient;
mod learner;
mod options;
mod sweep;
#[cfg(test)]
mod tests;

pub use finish::{TrainedClassifier, fold};
pub use learner::ClassifierLearner;
pub use options::{ClassifierLoss, ClassifierOptions, Link, Negatives};
