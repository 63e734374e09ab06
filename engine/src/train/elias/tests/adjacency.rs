//! The approximate adjacency against plain dense matrices, and labels that are on no edge.

use crate::index::EliasArrays;
use crate::train::elias::adjacency::{approximate_adjacency, connect_labels, label_centroids};
use std::sync::Arc;

use crate::train::Points;
use crate::train::elias::evaluate::path_recall;
use crate::train::elias::options::EliasParameters;
use crate::train::{Csr, TrainError, Vectors};

const DIMENSION: usize = 6;

fn random(rng: &mut fastrand::Rng, rows: usize) -> Vectors {
    Vectors::new(DIMENSION, (0..rows * DIMENSION).map(|_| rng.f32() - 0.5).collect::<Vec<f32>>())
}

fn random_targets(rng: &mut fastrand::Rng, documents: usize, labels: u32) -> Csr {
    let mut targets = Csr::new(labels as usize);
    for _ in 0..documents {
        let mut row = (0..rng.usize(..4)).map(|_| (rng.u32(..labels), [0.5, 1.0][rng.usize(..2)])).collect();
        targets.push(&mut row);
    }
    targets
}

/// `(Y^T M)^T` with M from the probe as it is served, dense, and the greatest `kappa` of each row.
fn plain(
    documents: &Points,
    targets: &Csr,
    graph: &EliasArrays,
    beam: usize,
    kappa: usize,
) -> Vec<Vec<(u32, f64)>> {
    let (clusters, labels) = (graph.biases.len(), targets.width);
    let mut dense = vec![vec![0.0f64; labels]; clusters];
    for document in 0..documents.len() {
        for probe in graph.view().unwrap().probe(documents.row(document), beam) {
            let (columns, values) = targets.row(document);
            for (label, value) in columns.iter().zip(values) {
                dense[probe.cluster as usize][*label as usize] += probe.score * f64::from(*value);
            }
        }
    }
    let rows = dense.into_iter().map(|row| {
        let mut row: Vec<(u32, f64)> = (0..).zip(row).filter(|(_, value)| *value > 0.0).collect();
        row.sort_by(|a, b| b.1.total_cmp(&a.1));
        row.truncate(kappa);
        row.sort_by_key(|entry| entry.0);
        row
    });
    rows.collect()
}

#[test]
fn the_adjacency_equals_the_dense_one_and_respects_kappa() {
    let mut rng = fastrand::Rng::with_seed(8);
    for (clusters, beam, kappa) in [(5, 2, 3), (9, 20, 7), (12, 3, 100), (1, 1, 1)] {
        let parts = [random(&mut rng, 33), random(&mut rng, 40)].map(Arc::new);
        let documents = Points::new(parts.to_vec()).unwrap();
        let targets = random_targets(&mut rng, 73, 30);
        let graph = EliasArrays {
            dimension: DIMENSION,
            alpha: 3.0,
            beta: 1.0,
            weights: (0..clusters * DIMENSION).map(|_| rng.f32() * 8.0).collect(),
            biases: (0..clusters).map(|_| rng.f32()).collect(),
            offsets: vec![0; clusters + 1],
            ..EliasArrays::default()
        };
        let (weights, biases) = (&graph.weights, &graph.biases);
        let found = approximate_adjacency(&documents, &targets, weights, biases, 3.0, beam, kappa, &|| false)
            .unwrap();
        let expected = plain(&documents, &targets, &graph, beam, kappa);
        assert_eq!((found.rows(), found.width), (clusters, 30));
        for (cluster, expected) in expected.iter().enumerate() {
            let (labels, values) = found.row(cluster);
            assert!(labels.len() <= kappa);
            assert_eq!(labels, expected.iter().map(|entry| entry.0).collect::<Vec<u32>>(), "{cluster}");
            let close =
                |(value, expected): (&f32, &(u32, f64))| (f64::from(*value) - expected.1).abs() < 1e-4;
            assert!(values.iter().zip(expected).all(close), "{values:?} {expected:?}");
        }
        let stopped =
            approximate_adjacency(&documents, &targets, weights, biases, 3.0, beam, kappa, &|| true);
        assert_eq!(stopped, Err(TrainError::Cancelled));
    }
}

#[test]
fn centroids_are_those_of_documents_or_the_labels_own() {
    let documents = Vectors::new(2, vec![1.0f32, 0.0, 0.0, 1.0, 0.6, 0.8]);
    let labels = Vectors::new(2, vec![0.8f32, 0.6, 0.0, -1.0, 1.0, 0.0]);
    let mut targets = Csr::new(3);
    targets.push(&mut vec![(0, 1.0)]);
    targets.push(&mut vec![(0, 0.5)]);
    targets.push(&mut vec![(2, 1.0)]);
    let documents = Points::new(vec![Arc::new(documents)]).unwrap();
    let found = label_centroids(&documents, &targets, &labels).unwrap();
    let length = 1.25f32.sqrt();
    let expected = [1.0 / length, 0.5 / length, 0.0, -1.0, 0.6, 0.8];
    assert!(found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-6), "{found:?}");
}

#[test]
fn labels_on_no_edge_join_their_nearest_clusters() {
    let mut adjacency = Csr::new(4);
    adjacency.push(&mut vec![(0, 0.9), (1, 0.2), (3, 0.4)]);
    adjacency.push(&mut vec![]);
    let labels = Vectors::new(2, vec![1.0f32, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0]);
    let mut parameters = EliasParameters {
        weights: vec![1.0, 0.0, 0.0, 1.0],
        biases: vec![0.0; 2],
        adjacency,
        classifier: vec![0.0; 8],
        classifier_biases: vec![0.0; 4],
    };
    let mut both = parameters.clone();
    assert_eq!(connect_labels(&mut parameters, &labels, 1, &|| false), Ok(1));
    assert_eq!(parameters.adjacency.row(1), (&[2][..], &[1.0][..]));
    assert_eq!(parameters.adjacency.row(0), both.adjacency.row(0));
    assert_eq!(connect_labels(&mut parameters, &labels, 1, &|| false), Ok(0));
    assert_eq!(connect_labels(&mut both, &labels, 2, &|| false), Ok(1));
    assert_eq!(both.adjacency.row(0), (&[0, 1, 2, 3][..], &[0.9, 0.2, 0.4, 0.4][..]));
    let few = Vectors::new(2, vec![1.0f32, 0.0]);
    assert!(matches!(connect_labels(&mut both, &few, 2, &|| false), Err(TrainError::Input(_))));
}

#[test]
fn parts_are_numbered_through_and_what_does_not_fit_is_refused() {
    let mut rng = fastrand::Rng::with_seed(1);
    let parts = [random(&mut rng, 2), random(&mut rng, 0), random(&mut rng, 3)].map(Arc::new);
    let documents = Points::new(parts.to_vec()).unwrap();
    assert_eq!((documents.len(), documents.is_empty()), (5, false));
    assert_eq!(documents.row(2), parts[2].row(0));
    assert_eq!(documents.range(1, 4), [parts[0].row(1), parts[2].row(0), parts[2].row(1)].concat());
    assert!(matches!(Points::new(vec![]), Err(TrainError::Input(_))));
    let other = Vectors::new(2, vec![0.0f32; 4]);
    assert!(matches!(Points::new(vec![parts[0].clone(), Arc::new(other)]), Err(TrainError::Input(_))));
    let graph = EliasArrays { dimension: 2, alpha: 1.0, offsets: vec![0], ..EliasArrays::default() };
    let short = random_targets(&mut rng, 4, 3);
    let error = path_recall(&documents, &short, &graph, 1, 1).unwrap_err();
    assert_eq!(error.to_string(), "the targets have 4 rows for 5 documents; give one row each");
    let mut targets = random_targets(&mut rng, 4, 3);
    targets.push(&mut vec![(1, 2.0)]);
    let error = path_recall(&documents, &targets, &graph, 1, 1).unwrap_err();
    assert!(error.to_string().contains("of label 1, has the value 2; give 0 to 1"), "{error}");
}

#[test]
fn recall_is_the_share_of_labels_in_the_shortlist() {
    let rows = Vectors::new(2, vec![1.0f32, 0.0, 0.0, 1.0, 1.0, 0.0]);
    let documents = Points::new(vec![Arc::new(rows)]).unwrap();
    let graph = EliasArrays {
        dimension: 2,
        alpha: 1.0,
        beta: 1.0,
        weights: vec![5.0, 0.0, 0.0, 5.0],
        biases: vec![0.0; 2],
        offsets: vec![0, 2, 4],
        slots: vec![0, 1, 1, 2],
        values: vec![1.0, 0.5, 0.9, 1.0],
    };
    let mut targets = Csr::new(3);
    targets.push(&mut vec![(0, 1.0), (2, 1.0)]);
    targets.push(&mut vec![(1, 0.5), (0, 0.0)]);
    targets.push(&mut vec![]);
    let recall = |beam, k| path_recall(&documents, &targets, &graph, beam, k).unwrap();
    assert_eq!(recall(1, 2), (0.5 + 1.0 + 0.0) / 3.0);
    assert_eq!(recall(1, 1), (0.5 + 0.0 + 0.0) / 3.0);
    assert_eq!(recall(2, 3), (1.0 + 1.0 + 0.0) / 3.0);
}
