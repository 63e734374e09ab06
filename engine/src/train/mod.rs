//! Training inside the database: what is learned from vectors alone.

mod cluster;
mod control;
mod partition;

pub use cluster::{Clusters, balanced_clusters};
pub use control::{BuildControl, TrainError};
pub use partition::{PARTITION_SCALE, cluster_count, initial_partition};
