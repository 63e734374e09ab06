//! Training of the ELIAS cluster graph (Gupta et al., "ELIAS: End-to-End Learning to Index and Search in
//! Large Output Spaces", NeurIPS 2022; retrieval.md, section 4) over a frozen encoder.
//!
//! The life of a graph:
//!
//! 1. [`label_centroids`]: where each label's documents lie.
//! 2. `initial_partition` over them: balanced clusters, one edge of weight 1 for each label.
//! 3. [`EliasLearner`] with [`EliasStage::Partition`]: W_C and the classifier rows.
//! 4. [`approximate_adjacency`]: which clusters the documents of a label really reach, then
//!    [`connect_labels`] for labels that no document leads to.
//! 5. [`EliasLearner`] with [`EliasStage::Adjacency`]: W_C, the classifier rows and the weights of edges.
//! 6. [`TrainedElias::arrays`]: what is served, judged by [`path_recall`].
//!
//! A graph that has grown by inserts is trained again from its own arrays: [`connect_labels`], then step 5
//! with [`EdgeStart::Stored`].

mod adjacency;
mod beam;
mod edges;
mod evaluate;
mod forward;
mod gradient;
mod learner;
mod options;

pub use adjacency::{approximate_adjacency, connect_labels, label_centroids};
pub use edges::{EdgeStart, edge_values, logits_of_values};
pub use evaluate::path_recall;
pub use learner::EliasLearner;
pub use options::{EliasOptions, EliasParameters, EliasStage, TrainedElias};

#[cfg(test)]
mod tests;
