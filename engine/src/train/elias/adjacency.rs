//! Which clusters the documents of a label reach.

use rayon::prelude::*;

use super::beam::{DOCUMENTS_AT_ONCE, best_clusters, log_shares};
use super::options::EliasParameters;
use crate::index::new_edge_weight;
use crate::kernel::normalize;
use crate::train::Points;
use crate::train::{Csr, TrainError, Vectors};

/// The sum of the embeddings of each label's documents, weighted by the values of `targets` (documents x
/// labels) and normalised: `normalize(Y^T phi)`, `[L, D]`. A label without documents, or whose documents
/// cancel out, takes its row of `fallback`, its own embedding.
///
/// # Errors
/// [`TrainError::Input`] where the parts do not fit together.
pub fn label_centroids(
    documents: &Points,
    targets: &Csr,
    fallback: &Vectors,
) -> Result<Vec<f32>, TrainError> {
    check_targets(documents, targets)?;
    let dimension = documents.dimension();
    if fallback.dimension() != dimension || fallback.len() != targets.width {
        return Err(TrainError::Input(format!(
            "{} label embeddings of dimension {} do not fit {} labels and documents of dimension {dimension}",
            fallback.len(),
            fallback.dimension(),
            targets.width,
        )));
    }
    let by_label = targets.transposed();
    let mut centroids = vec![0.0f32; targets.width * dimension];
    centroids.par_chunks_mut(dimension).enumerate().for_each(|(label, centroid)| {
        let (rows, values) = by_label.row(label);
        let mut sum = vec![0.0f64; dimension];
        for (row, value) in rows.iter().zip(values) {
            let row = documents.row(*row as usize);
            sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += f64::from(*value) * f64::from(*x));
        }
        centroid.iter_mut().zip(&sum).for_each(|(centroid, sum)| *centroid = *sum as f32);
        if normalize(centroid).is_err() {
            centroid.copy_from_slice(fallback.row(label));
        }
    });
    Ok(centroids)
}

/// `A_approx`, C x L: the `kappa` greatest entries of each row of `(Y^T M)^T`, where row i of M has the
/// scores of the `beam` best clusters of document i, without dropout or teacher forcing (ELIAS, section 3).
/// Of equal entries the smaller labels are kept. Labels of documents that reach no cluster, and labels that
/// `kappa` cuts everywhere, have no edge afterwards: see [`connect_labels`].
///
/// Memory is some 30 bytes for each entry of M (documents x beam), 16 for each of the result, and 8 a label
/// and thread.
///
/// # Errors
/// [`TrainError::Input`] where the parts do not fit together, [`TrainError::Cancelled`] when asked to stop.
#[expect(clippy::too_many_arguments, reason = "the numbers of the formula")]
pub fn approximate_adjacency(
    documents: &Points,
    targets: &Csr,
    weights: &[f32],
    biases: &[f32],
    alpha: f64,
    beam: usize,
    kappa: usize,
    cancelled: &(dyn Fn() -> bool + Sync),
) -> Result<Csr, TrainError> {
    check_targets(documents, targets)?;
    check_clusters(weights, biases, documents.dimension())?;
    if beam == 0 || kappa == 0 {
        return Err(TrainError::Input(format!(
            "beam is {beam} and kappa is {kappa}; both must be at least 1"
        )));
    }
    let by_cluster = document_scores(documents, weights, biases, alpha, beam, cancelled)?.transposed();
    let labels = targets.width;
    // Few parts, since each begins with an array of all labels.
    let part = by_cluster.rows().div_ceil(64);
    let rows = (0..by_cluster.rows()).into_par_iter().with_min_len(part).map_init(
        || Sums::new(labels),
        |sums, cluster| {
            if cancelled() {
                return Err(TrainError::Cancelled);
            }
            let (documents, scores) = by_cluster.row(cluster);
            for (document, score) in documents.iter().zip(scores) {
                let (labels, values) = targets.row(*document as usize);
                for (label, value) in labels.iter().zip(values) {
                    sums.add(*label, f64::from(*score) * f64::from(*value));
                }
            }
            Ok(sums.take(kappa))
        },
    );
    let rows: Vec<_> = rows.collect::<Result<_, _>>()?;
    let mut adjacency = Csr::new(labels);
    for mut row in rows {
        adjacency.push(&mut row);
    }
    Ok(adjacency)
}

/// M, N x C: the scores of the best clusters of each document.
fn document_scores(
    documents: &Points,
    weights: &[f32],
    biases: &[f32],
    alpha: f64,
    beam: usize,
    cancelled: &(dyn Fn() -> bool + Sync),
) -> Result<Csr, TrainError> {
    let (clusters, log_alpha) = (biases.len(), alpha.ln() as f32);
    let blocks = documents.len().div_ceil(DOCUMENTS_AT_ONCE);
    let scored = (0..blocks).into_par_iter().map(|block| {
        if cancelled() {
            return Err(TrainError::Cancelled);
        }
        let start = block * DOCUMENTS_AT_ONCE;
        let phi = documents.range(start, documents.len().min(start + DOCUMENTS_AT_ONCE));
        let shares = log_shares(&phi, weights, biases, documents.dimension());
        let mut probes = Vec::new();
        let rows = shares.chunks(clusters).map(|shares| {
            best_clusters(shares, log_alpha, beam, &mut probes);
            let scores = probes.iter().map(|probe| (probe.cluster, probe.log_score.exp()));
            scores.filter(|(_, score)| *score > 0.0).collect::<Vec<(u32, f32)>>()
        });
        Ok(rows.collect::<Vec<_>>())
    });
    let scored: Vec<Vec<Vec<(u32, f32)>>> = scored.collect::<Result<_, _>>()?;
    let mut matrix = Csr::new(clusters);
    for mut row in scored.into_iter().flatten() {
        matrix.push(&mut row);
    }
    Ok(matrix)
}

/// Sums by label of one cluster at a time.
struct Sums {
    sums: Vec<f64>,
    /// Labels whose sum is not zero.
    touched: Vec<u32>,
}

impl Sums {
    fn new(labels: usize) -> Sums {
        Sums { sums: vec![0.0; labels], touched: Vec::new() }
    }

    fn add(&mut self, label: u32, value: f64) {
        // What is added is positive or zero, so a sum of zero has no entry yet.
        if value > 0.0 {
            if self.sums[label as usize] == 0.0 {
                self.touched.push(label);
            }
            self.sums[label as usize] += value;
        }
    }

    /// The greatest `kappa` sums; all sums are zero afterwards.
    fn take(&mut self, kappa: usize) -> Vec<(u32, f32)> {
        let sums = &self.sums;
        let mut found: Vec<(u32, f64)> = self.touched.iter().map(|at| (*at, sums[*at as usize])).collect();
        if kappa < found.len() {
            found.select_nth_unstable_by(kappa, |a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            found.truncate(kappa);
        }
        for label in self.touched.drain(..) {
            self.sums[label as usize] = 0.0;
        }
        found.into_iter().map(|(label, sum)| (label, sum as f32)).collect()
    }
}

/// Gives every label without an edge edges from its own best `count` clusters, by its embedding; gives the
/// number of such labels. A new edge weighs what that of an inserted label would ([`new_edge_weight`]); the
/// other edges stay as they are, so a row may grow beyond kappa.
///
/// # Errors
/// [`TrainError::Input`] where the parts do not fit together, [`TrainError::Cancelled`] when asked to stop.
pub fn connect_labels(
    parameters: &mut EliasParameters,
    label_embeddings: &Vectors,
    count: usize,
    cancelled: &(dyn Fn() -> bool + Sync),
) -> Result<usize, TrainError> {
    let dimension = label_embeddings.dimension();
    parameters.check(dimension)?;
    let adjacency = &parameters.adjacency;
    if label_embeddings.len() != adjacency.width {
        return Err(TrainError::Input(format!(
            "{} label embeddings were given for {} labels; give one each",
            label_embeddings.len(),
            adjacency.width
        )));
    }
    let counts = adjacency.column_counts();
    let alone: Vec<u32> =
        (0..).zip(&counts).filter(|(_, count)| **count == 0).map(|(label, _)| label).collect();
    if alone.is_empty() || count == 0 {
        return Ok(0);
    }
    let mut added: Vec<Vec<u32>> = vec![Vec::new(); adjacency.rows()];
    let mut probes = Vec::new();
    for labels in alone.chunks(DOCUMENTS_AT_ONCE * 16) {
        if cancelled() {
            return Err(TrainError::Cancelled);
        }
        let rows = label_embeddings.gather(labels);
        let shares = log_shares(&rows, &parameters.weights, &parameters.biases, dimension);
        for (label, shares) in labels.iter().zip(shares.chunks(adjacency.rows())) {
            best_clusters(shares, 0.0, count, &mut probes);
            probes.iter().for_each(|probe| added[probe.cluster as usize].push(*label));
        }
    }
    let mut connected = Csr::new(adjacency.width);
    for (cluster, labels) in added.iter().enumerate() {
        let (columns, values) = adjacency.row(cluster);
        let value = new_edge_weight(values);
        let mut row: Vec<(u32, f32)> = columns.iter().copied().zip(values.iter().copied()).collect();
        row.extend(labels.iter().map(|label| (*label, value)));
        connected.push(&mut row);
    }
    parameters.adjacency = connected;
    Ok(alone.len())
}

/// Checks that targets number the documents and have values from 0 to 1.
pub(super) fn check_targets(documents: &Points, targets: &Csr) -> Result<(), TrainError> {
    if targets.rows() != documents.len() {
        return Err(TrainError::Input(format!(
            "the targets have {} rows for {} documents; give one row each",
            targets.rows(),
            documents.len()
        )));
    }
    if let Some(at) = targets.columns.iter().position(|column| *column as usize >= targets.width) {
        let (column, width) = (targets.columns[at], targets.width);
        return Err(TrainError::Input(format!("entry {at} of the targets names label {column} of {width}")));
    }
    match targets.values.iter().position(|value| !(0.0..=1.0).contains(value)) {
        Some(at) => {
            let (value, column) = (targets.values[at], targets.columns[at]);
            Err(TrainError::Input(format!(
                "entry {at} of the targets, of label {column}, has the value {value}; give 0 to 1"
            )))
        }
        None => Ok(()),
    }
}

/// Checks W_C and b_C by the dimension of documents.
fn check_clusters(weights: &[f32], biases: &[f32], dimension: usize) -> Result<(), TrainError> {
    if biases.is_empty() || weights.len() != biases.len() * dimension {
        return Err(TrainError::Input(format!(
            "W_C has {} numbers for {} clusters of dimension {dimension}",
            weights.len(),
            biases.len()
        )));
    }
    Ok(())
}
