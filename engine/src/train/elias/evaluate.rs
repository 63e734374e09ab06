//! How good a graph is at reaching labels.

use rayon::prelude::*;

use super::adjacency::check_targets;
use crate::index::{EdgeMap, EliasArrays, PathSearch};
use crate::train::Points;
use crate::train::{Csr, TrainError};

/// Recall of shortlists, R@k: the mean over documents of the share of their labels (entries of `targets` that
/// are not 0, columns being slots of the graph) among the best `k` labels behind `beam` clusters; 0 for a
/// document without labels, as in `EVALUATE`. The graph is searched as it is served; of equal path scores
/// the smaller slot comes first.
///
/// # Errors
/// [`TrainError::Input`] where the parts do not fit together.
pub fn path_recall(
    documents: &Points,
    targets: &Csr,
    arrays: &EliasArrays,
    beam: usize,
    k: usize,
) -> Result<f64, TrainError> {
    check_targets(documents, targets)?;
    let view = arrays.view().map_err(|error| TrainError::Input(error.to_string()))?;
    if view.dimension() != documents.dimension() {
        return Err(TrainError::Input(format!(
            "the graph has dimension {}, the documents have {}",
            view.dimension(),
            documents.dimension()
        )));
    }
    let extra = EdgeMap::new();
    let tie = |a: u32, b: u32| a.cmp(&b);
    let search = PathSearch {
        beam,
        limit: k,
        filter: None,
        allowed_under: 0,
        extra: &extra,
        tie: &tie,
        reached: None,
    };
    let recalls: Vec<f64> = (0..documents.len())
        .into_par_iter()
        .map(|row| {
            let (labels, values) = targets.row(row);
            let labels = labels.iter().zip(values).filter(|(_, value)| **value > 0.0);
            let mut labels: Vec<u32> = labels.map(|(label, _)| *label).collect();
            labels.sort_unstable();
            labels.dedup();
            let (found, _) = view.paths(&view.probe(documents.row(row), beam), &search);
            let hits = found.iter().filter(|found| labels.binary_search(&found.slot).is_ok()).count();
            hits as f64 / labels.len().max(1) as f64
        })
        .collect();
    Ok(recalls.iter().sum::<f64>() / recalls.len().max(1) as f64)
}
