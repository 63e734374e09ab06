//! Batches of documents that are hard for one another (NGAME, WSDM 2023, section 3).
//!
//! Documents are clustered; a batch is a few whole clusters, so that the labels of a document's neighbours in
//! the batch are hard negatives for it. Clusters start small, so that early batches are nearly random, and
//! double in size at given epochs.

use super::cluster::balanced_clusters;
use super::control::{BuildControl, TrainError};
use super::points::Vectors;

/// How batches are made.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchOptions {
    /// Documents in a batch.
    pub size: usize,
    /// Documents in a cluster at first; 1 makes random batches.
    pub cluster_size: usize,
    /// Epochs at which the cluster size doubles.
    pub doubling: Vec<usize>,
    /// Seed of everything random.
    pub seed: u64,
}

/// The batches of one training; documents are clustered again when the cluster size changes.
#[derive(Debug)]
pub struct DocumentBatches {
    options: BatchOptions,
    /// Rows that take part.
    rows: Vec<u32>,
    /// Clusters of rows, made for a cluster size.
    clusters: Option<(usize, Vec<Vec<u32>>)>,
    order: Vec<u32>,
}

impl DocumentBatches {
    /// Batches over the given rows.
    pub fn new(options: BatchOptions, rows: Vec<u32>) -> DocumentBatches {
        DocumentBatches { options, rows, clusters: None, order: Vec::new() }
    }

    /// Cluster size at an epoch, at most the batch's.
    pub fn cluster_size(&self, epoch: usize) -> usize {
        let doublings = self.options.doubling.iter().filter(|at| **at <= epoch).count().min(40);
        (self.options.cluster_size.max(1) << doublings).min(self.options.size.max(1))
    }

    /// Whether [`begin`](Self::begin) will look at the vectors, since there are no clusters of the epoch's
    /// size yet.
    pub fn needs_vectors(&self, epoch: usize) -> bool {
        let size = self.cluster_size(epoch);
        size > 1 && self.clusters.as_ref().is_none_or(|(made_for, _)| *made_for != size)
    }

    /// Makes the batches of an epoch; gives their number.
    ///
    /// # Errors
    /// [`TrainError::Cancelled`], or vectors that are not finite.
    pub fn begin(
        &mut self,
        epoch: usize,
        vectors: &Vectors,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<usize, TrainError> {
        let size = self.cluster_size(epoch);
        let salt = (epoch as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut rng = fastrand::Rng::with_seed(self.options.seed ^ salt);
        if size == 1 {
            self.order.clone_from(&self.rows);
            rng.shuffle(&mut self.order);
        } else {
            if self.clusters.as_ref().is_none_or(|(made_for, _)| *made_for != size) {
                self.clusters = Some((size, self.cluster(size, vectors, cancelled)?));
            }
            if let Some((_, clusters)) = &mut self.clusters {
                let mut order: Vec<usize> = (0..clusters.len()).collect();
                rng.shuffle(&mut order);
                self.order.clear();
                for cluster in order {
                    let start = self.order.len();
                    self.order.extend_from_slice(&clusters[cluster]);
                    rng.shuffle(&mut self.order[start..]);
                }
            }
        }
        Ok(self.order.len().div_ceil(self.options.size.max(1)))
    }

    /// The documents of a batch.
    ///
    /// # Panics
    /// If the epoch has no such batch.
    pub fn batch(&self, step: usize) -> &[u32] {
        let start = step * self.options.size.max(1);
        &self.order[start..(start + self.options.size.max(1)).min(self.order.len())]
    }

    fn cluster(
        &self,
        size: usize,
        vectors: &Vectors,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<Vec<Vec<u32>>, TrainError> {
        let count = self.rows.len().div_ceil(size).max(1);
        let control = BuildControl { cancelled, progress: &|_, _| {}, threads: 1 };
        let all = self.rows.len() == vectors.len();
        let gathered = if all { Vec::new() } else { vectors.gather(&self.rows) };
        let values = if all { vectors.values() } else { &gathered };
        let found = balanced_clusters(&control, values, vectors.dimension(), count, self.options.seed)?;
        let mut clusters = vec![Vec::with_capacity(size + 1); count];
        for (row, cluster) in self.rows.iter().zip(found.of_row) {
            clusters[cluster as usize].push(*row);
        }
        Ok(clusters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors(rows: usize) -> Vectors {
        let mut rng = fastrand::Rng::with_seed(9);
        let mut values: Vec<f32> = (0..rows * 4).map(|_| rng.f32() - 0.5).collect();
        values.chunks_mut(4).for_each(|row| {
            crate::kernel::normalize(row).unwrap();
        });
        Vectors::new(4, values)
    }

    #[test]
    fn every_document_is_in_one_batch_of_every_epoch_and_clusters_grow() {
        let vectors = vectors(103);
        let options = BatchOptions { size: 16, cluster_size: 1, doubling: vec![1, 2, 3], seed: 5 };
        let mut batches = DocumentBatches::new(options.clone(), (0..103).collect());
        let mut again = DocumentBatches::new(options, (0..103).collect());
        for epoch in 0..5 {
            assert_eq!(batches.cluster_size(epoch), [1, 2, 4, 8, 8][epoch]);
            let steps = batches.begin(epoch, &vectors, &|| false).unwrap();
            assert_eq!(steps, 7);
            let mut seen: Vec<u32> = (0..steps).flat_map(|step| batches.batch(step).to_vec()).collect();
            seen.sort_unstable();
            assert_eq!(seen, (0..103).collect::<Vec<u32>>());
        }
        // An epoch does not depend on those before it.
        again.begin(4, &vectors, &|| false).unwrap();
        assert_eq!(batches.batch(3), again.batch(3));
    }
}
