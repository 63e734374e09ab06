//! The first ELIAS graph of a table: a partition of its labels by balanced clustering (retrieval.md, section
//! 4).

use super::cluster::balanced_clusters;
use super::control::{BuildControl, TrainError};
use crate::index::EliasArrays;

/// The default scale of the cluster vectors of an untrained graph.
///
/// Centroids are unit vectors, so similarities differ by a few tenths, and their softmax over many clusters
/// is nearly flat: every probe score would be about alpha / C. A trained W_C grows its own scale; until then
/// the similarities are multiplied by this (an inverse temperature of 0.05), so that the best clusters stand
/// out.
pub const PARTITION_SCALE: f32 = 20.0;

/// The number of clusters for `labels` labels: `2^ceil(log2(labels / 100))`, at least 1 (ELIAS, section 4).
pub fn cluster_count(labels: usize) -> usize {
    labels.div_ceil(100).max(1).next_power_of_two()
}

/// A graph that partitions labels: `W_C = scale * centroids`, `b_C = 0`, and an edge of weight 1 from each
/// cluster to each of its labels. `vectors` is `[n, dimension]`, normalised; `slots` has the slot of each
/// row, ascending. `alpha` and `beta` are recorded for the probe and for later training.
#[expect(clippy::too_many_arguments, reason = "the statement that creates a graph names each of them")]
pub fn initial_partition(
    control: &BuildControl<'_>,
    vectors: &[f32],
    dimension: usize,
    slots: &[u32],
    clusters: usize,
    seed: u64,
    scale: f32,
    alpha: f64,
    beta: f64,
) -> Result<EliasArrays, TrainError> {
    let rows = vectors.len().checked_div(dimension).unwrap_or(0);
    if slots.len() != rows || !slots.is_sorted_by(|a, b| a < b) {
        return Err(TrainError::Slots { slots: slots.len(), vectors: rows });
    }
    let found = balanced_clusters(control, vectors, dimension, clusters, seed)?;
    let mut offsets = vec![0u64; clusters + 1];
    for cluster in &found.of_row {
        offsets[*cluster as usize + 1] += 1;
    }
    for cluster in 0..clusters {
        offsets[cluster + 1] += offsets[cluster];
    }
    // Rows are visited in ascending order of slots, so every cluster's edges ascend as well.
    let mut next = offsets.clone();
    let mut edge_slots = vec![0u32; rows];
    for (cluster, slot) in found.of_row.iter().zip(slots) {
        let at = &mut next[*cluster as usize];
        edge_slots[*at as usize] = *slot;
        *at += 1;
    }
    let weights = found.centroids.iter().map(|value| value * scale).collect();
    let (biases, values) = (vec![0.0; clusters], vec![1.0; rows]);
    Ok(EliasArrays { dimension, alpha, beta, weights, biases, offsets, slots: edge_slots, values })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_clusters_follows_the_formula() {
        for (labels, clusters) in
            [(0, 1), (1, 1), (100, 1), (101, 2), (200, 2), (201, 4), (117_659, 2048), (501_070, 8192)]
        {
            assert_eq!(cluster_count(labels), clusters, "{labels}");
        }
    }

    #[test]
    fn every_label_has_one_edge_of_weight_one_and_is_found_by_its_own_vector() {
        let mut rng = fastrand::Rng::with_seed(1);
        let mut vectors: Vec<f32> = (0..500 * 16).map(|_| rng.f32() - 0.5).collect();
        vectors.chunks_mut(16).for_each(|vector| {
            crate::kernel::normalize(vector).unwrap();
        });
        let slots: Vec<u32> = (0..500).map(|row| row * 3 + 1).collect();
        let control = BuildControl { cancelled: &|| false, progress: &|_, _| {}, threads: 1 };
        let arrays =
            initial_partition(&control, &vectors, 16, &slots, 8, 1, PARTITION_SCALE, 10.0, 150.0).unwrap();
        let mut covered = arrays.slots.clone();
        covered.sort_unstable();
        assert_eq!(covered, slots);
        let view = arrays.view().unwrap();
        for cluster in 0..8 {
            let (slots, values) = view.row(cluster);
            assert!(slots.is_sorted() && values.iter().all(|value| *value == 1.0));
            assert!((62..=63).contains(&slots.len()));
        }
        let found = (0..500)
            .filter(|row| {
                let best = view.probe(&vectors[row * 16..(row + 1) * 16], 1);
                view.row(best[0].cluster).0.contains(&slots[*row])
            })
            .count();
        assert!(found > 350, "{found} of 500 labels are in the cluster nearest to them");
        let error =
            initial_partition(&control, &vectors, 16, &slots[1..], 8, 1, 1.0, 10.0, 150.0).unwrap_err();
        assert_eq!(error, TrainError::Slots { slots: 499, vectors: 500 });
    }
}
