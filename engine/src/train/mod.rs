//! Training inside the database.
//!
//! Nothing here knows about stores or statements: trainers take vectors, sparse matrices and texts, labels
//! numbered from 0, and give back parameters. `crate::teach` feeds them and stores what they learn.

mod batches;
mod cluster;
mod control;
mod csr;
mod fusion;
mod learner;
mod logistic;
mod optimizer;
mod partition;
mod points;
mod sparse;
mod svm;
mod tfidf;
mod tree;

pub use batches::{BatchOptions, DocumentBatches};
pub use cluster::{Clusters, balanced_clusters};
pub use control::{BuildControl, TrainError};
pub use csr::Csr;
pub use fusion::{FusionExamples, FusionMethod, FusionModel, FusionOptions};
pub use learner::{Checkpoint, Course, Learner, NoCheckpoint, Report, Summary, train};
pub use logistic::LogisticOptions;
pub use optimizer::{AdamW, Parameters, linear_schedule};
pub use partition::{PARTITION_SCALE, cluster_count, initial_partition};
pub use points::Vectors;
pub use sparse::{SparseExamples, SparseOptions, SparseQuery, SparseRanker, sparse_score, train_sparse};
pub use tfidf::{Vocabulary, VocabularyBuilder, VocabularyOptions};
pub use tree::{BoostedOptions, TreeOptions};
