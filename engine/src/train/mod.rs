//! Training inside the database.
//!
//! Nothing here knows about stores or statements: trainers take vectors, sparse matrices and texts, labels
//! numbered from 0, and give back parameters. `crate::teach` feeds them and stores what they learn.

mod auxiliary;
mod batches;
mod cluster;
mod control;
mod csr;
mod fusion;
mod elias;
mod learner;
mod loss;
mod logistic;
mod optimizer;
mod partition;
mod points;
mod tree;

pub use auxiliary::{AuxiliaryLearner, AuxiliaryOptions};
pub use batches::{BatchOptions, DocumentBatches};
pub use cluster::{Clusters, balanced_clusters};
pub use control::{BuildControl, TrainError};
pub use csr::Csr;
pub use fusion::{FusionExamples, FusionMethod, FusionModel, FusionOptions};
pub use elias::{
    Documents, EdgeStart, EliasLearner, EliasOptions, EliasParameters, EliasStage, TrainedElias,
    approximate_adjacency, connect_labels, edge_values, label_centroids, logits_of_values, path_recall,
};
pub use learner::{Checkpoint, Course, Learner, NoCheckpoint, Report, Summary, train};
pub use loss::{
    Mass, Positives, SoftmaxTerms, Triplet, Weighting, batch_positives, binary_cross_entropy,
    decoupled_softmax, hardest_negatives, sparse_product,
};
pub use logistic::LogisticOptions;
pub use optimizer::{AdamW, Parameters, linear_schedule};
pub use partition::{PARTITION_SCALE, cluster_count, initial_partition};
pub use points::Vectors;
pub use tree::{BoostedOptions, TreeOptions};
