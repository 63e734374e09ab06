//! Weights of edges and the way back from weights to theta.

use crate::train::Csr;
use crate::train::elias::edges::{EdgeStart, Edges, edge_values, logits_of_values};
use crate::train::elias::options::EliasStage;

fn close(a: &[f32], b: &[f32]) {
    assert_eq!(a.len(), b.len());
    assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5), "{a:?} {b:?}");
}

#[test]
fn weights_come_back_from_their_theta() {
    let mut rng = fastrand::Rng::with_seed(3);
    for beta in [2.0, 20.0, 150.0] {
        for count in [1, 2, 30, 400] {
            let theta: Vec<f32> = (0..count).map(|_| rng.f32() * 6.0).collect();
            let values = edge_values(&theta, beta);
            assert!(values.iter().all(|value| (0.0..=1.0).contains(value)));
            close(&edge_values(&logits_of_values(&values, beta), beta), &values);
        }
    }
    assert!(logits_of_values(&[], 150.0).is_empty() && edge_values(&[], 150.0).is_empty());
}

#[test]
fn weights_that_no_theta_gives_keep_their_ratios() {
    // The weights of a row add up to beta at most; an insert brought this one above it.
    let values = edge_values(&logits_of_values(&[0.8, 0.8, 0.4], 1.0), 1.0);
    close(&values, &[0.4, 0.4, 0.2]);
    // Nothing at 1, and too little in all: everything grows.
    close(&edge_values(&logits_of_values(&[0.2, 0.1], 0.9), 0.9), &[0.6, 0.3]);
    // A weight of zero has a theta too.
    assert!(logits_of_values(&[0.0, 1.0], 150.0).iter().all(|theta| theta.is_finite()));
}

#[test]
fn every_start_gives_the_weights_it_says() {
    let mut adjacency = Csr::new(5);
    adjacency.push(&mut vec![(0, 0.5), (2, 0.25), (3, 1.0)]);
    adjacency.push(&mut vec![]);
    adjacency.push(&mut vec![(4, 3.0), (1, 1.0)]);
    let make =
        |adjacency: &Csr, stage, start, beta| Edges::new(adjacency.clone(), stage, start, beta, 7).finish();
    let approximate = make(&adjacency, EliasStage::Adjacency, EdgeStart::Approximate, 1.2);
    assert_eq!((&approximate.offsets, &approximate.columns), (&adjacency.offsets, &adjacency.columns));
    close(&approximate.values, &[0.6 / 1.75, 0.3 / 1.75, 1.2 / 1.75, 0.3, 0.9]);
    let random = make(&adjacency, EliasStage::Adjacency, EdgeStart::Random, 1.0);
    assert_eq!(random, make(&adjacency, EliasStage::Adjacency, EdgeStart::Random, 1.0));
    assert!((random.values[..3].iter().sum::<f32>() - 1.0).abs() < 1e-5);
    assert!((random.values[3..].iter().sum::<f32>() - 1.0).abs() < 1e-5 && random != approximate);
    adjacency.values = vec![0.5, 0.25, 1.0, 1.0, 1.0];
    let stored = make(&adjacency, EliasStage::Adjacency, EdgeStart::Stored, 4.0);
    close(&stored.values, &adjacency.values);
    let fixed = make(&adjacency, EliasStage::Partition, EdgeStart::Random, 4.0);
    close(&fixed.values, &adjacency.values);
}
