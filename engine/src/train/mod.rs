//! Training inside the database.
//!
//! Nothing here knows about stores or statements: trainers take vectors, sparse matrices and texts, labels
//! numbered from 0, and give back parameters. `crate::teach` feeds them and stores what they learn.

mod auxiliary;
mod batches;
mod calibrate;
mod classifier;
mod cluster;
mod control;
mod csr;
mod elias;
mod fusion;
mod learner;
mod lever;
mod logistic;
mod loss;
mod neighbors;
mod optimizer;
mod pairs;
mod partition;
mod parts;
mod points;
mod products;
mod sparse;
mod svm;
mod tfidf;
mod tree;

pub use auxiliary::{AuxiliaryLearner, AuxiliaryOptions};
pub use batches::{BatchOptions, DocumentBatches};
pub use calibrate::{Calibration, calibrate};
pub use classifier::{
    ClassifierLearner, ClassifierLoss, ClassifierOptions, Link, Negatives, TrainedClassifier, fold,
};
pub use cluster::{Clusters, balanced_clusters};
pub use control::{BuildControl, TrainError};
pub use csr::Csr;
pub use elias::{
    EdgeStart, EliasLearner, EliasOptions, EliasParameters, EliasStage, TrainedElias, approximate_adjacency,
    connect_labels, edge_values, label_centroids, logits_of_values, path_recall,
};
pub use fusion::{FusionExamples, FusionMethod, FusionModel, FusionOptions};
pub use learner::{Checkpoint, Course, Learner, NoCheckpoint, Report, Summary, train};
pub use lever::{Augmented, Blend, LeverOptions, Teacher, augment};
pub use logistic::LogisticOptions;
pub use loss::{
    Mass, Positives, SoftmaxTerms, Triplet, Weighting, batch_positives, binary_cross_entropy,
    decoupled_softmax, hardest_negatives, sparse_product,
};
pub use neighbors::{NeighborOptions, Neighbors, neighbors};
pub use optimizer::{AdamW, Parameters, linear_schedule};
pub use pairs::Pairs;
pub use partition::{PARTITION_SCALE, cluster_count, initial_partition};
pub use parts::Points;
pub use points::Vectors;
pub use sparse::{SparseExamples, SparseOptions, SparseQuery, SparseRanker, sparse_score, train_sparse};
pub use tfidf::{Vocabulary, VocabularyBuilder, VocabularyOptions};
pub use tree::{BoostedOptions, TreeOptions};
