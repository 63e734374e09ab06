//! Shortlists, loss and derivatives against the plain implementation.

use super::reference::Case;
use crate::train::Csr;
use crate::train::elias::beam::{Probe, best_clusters, force, log_shares};
use crate::train::elias::edges::{EdgeStart, Edges};
use crate::train::elias::forward::{Reach, Scratch, ScratchPool};
use crate::train::elias::gradient::{Gradients, Scorer, gradients};
use crate::train::elias::options::EliasStage;

fn narrow(values: &[f64]) -> Vec<f32> {
    values.iter().map(|value| *value as f32).collect()
}

/// Edges whose theta is the case's.
fn edges(case: &Case) -> Edges {
    let mut edges =
        Edges::new(case.adjacency.clone(), EliasStage::Adjacency, EdgeStart::Random, case.beta, 1);
    let theta = &mut edges.state().unwrap()[0];
    theta[..case.theta.len()].copy_from_slice(&narrow(&case.theta));
    edges.refresh();
    edges
}

fn reach<'a>(case: &'a Case, edges: &'a Edges) -> Reach<'a> {
    Reach {
        edges,
        log_alpha: case.alpha.ln() as f32,
        beam: case.beam,
        limit: case.limit,
        parents: case.forcing.then_some(&case.parents[..]),
    }
}

fn found(case: &Case) -> (Gradients, Edges) {
    let document_weights = case.document_weights.as_deref().map(narrow);
    let edges = edges(case);
    let (weights, biases) = (narrow(&case.weights), narrow(&case.biases));
    let (classifier, classifier_biases) = (narrow(&case.classifier), narrow(&case.classifier_biases));
    let scorer = Scorer {
        weights: &weights,
        biases: &biases,
        classifier: &classifier,
        classifier_biases: &classifier_biases,
        reach: reach(case, &edges),
        shortlist_loss: case.lambda,
        gradient_floor: 0.0,
        document_weights: document_weights.as_deref(),
    };
    let known = |document| case.known(document);
    (gradients(&scorer, &narrow(&case.phi), &known, &ScratchPool::default()), edges.clone())
}

#[test]
fn shortlists_equal_the_plain_ones() {
    let mut scratch = Scratch::default();
    let (mut twice, mut clamped, mut positives) = (0, 0, 0);
    for seed in 0..200 {
        let case = Case::random(seed);
        let edges = edges(&case);
        if case.forcing {
            assert_eq!(edges.parents(), case.parents, "{seed}");
        }
        let shares =
            log_shares(&narrow(&case.phi), &narrow(&case.weights), &narrow(&case.biases), case.dimension);
        for (document, shares) in shares.chunks(case.clusters()).enumerate() {
            let shortlist = scratch.shortlist(&reach(&case, &edges), shares, case.targets.row(document));
            let beam: Vec<u32> = shortlist.beam.iter().map(|probe| probe.cluster).collect();
            assert_eq!(beam, case.beam(document), "{seed} {document}");
            clamped += shortlist.beam.iter().filter(|probe| probe.clamped).count();
            let expected = case.shortlist(document);
            assert_eq!(shortlist.slots.len(), expected.len(), "{seed} {document}");
            for (slot, expected) in shortlist.slots.iter().zip(&expected) {
                let path = f64::from(slot.log_path).exp();
                assert!((path - expected.path).abs() < 1e-5, "{seed} {document} {slot:?} {expected:?}");
                assert_eq!(slot.label, expected.label, "{seed} {document}");
                assert_eq!(beam[slot.probe as usize], expected.cluster, "{seed} {document} {slot:?}");
                assert_eq!(case.adjacency.columns[slot.edge as usize], slot.label);
                assert!((f64::from(slot.target) - expected.target).abs() < 1e-7);
                positives += usize::from(slot.target > 0.0);
                let paths = beam.iter().filter(|c| case.adjacency.row(**c as usize).0.contains(&slot.label));
                twice += usize::from(paths.count() > 1);
            }
        }
    }
    assert!(twice > 500 && clamped > 500 && positives > 500, "{twice} {clamped} {positives}");
}

#[test]
fn loss_and_derivatives_equal_finite_differences() {
    for seed in 0..60 {
        let case = Case::random(seed);
        let (mut found, edges) = found(&case);
        let (loss, scale) = case.loss();
        assert!((found.loss - loss).abs() < 1e-5 * loss.abs().max(1.0), "{seed}: {} {loss}", found.loss);
        edges.backward(&mut found.edges).unwrap();
        let padding = found.edges.split_off(case.theta.len());
        assert!(padding.iter().all(|gradient| *gradient == 0.0));
        let mut classifier = vec![0.0f32; case.classifier.len()];
        let mut classifier_biases = vec![0.0f32; case.classifier_biases.len()];
        assert!(found.labels.is_sorted_by(|a, b| a < b));
        for (at, label) in found.labels.iter().enumerate() {
            let label = *label as usize;
            let row = &mut classifier[label * case.dimension..(label + 1) * case.dimension];
            found.classifier_row(at, &narrow(&case.phi), row);
            classifier_biases[label] = found.classifier_biases[at];
        }
        let check = |name: &str, gradients: &[f32], part: fn(&mut Case) -> &mut Vec<f64>| {
            check_differences(&case, scale, &format!("{name} of case {seed}"), gradients, part);
        };
        check("W_C", &found.weights, |case| &mut case.weights);
        check("b_C", &found.biases, |case| &mut case.biases);
        check("theta", &found.edges, |case| &mut case.theta);
        check("W_L", &classifier, |case| &mut case.classifier);
        check("b_L", &classifier_biases, |case| &mut case.classifier_biases);
    }
}

fn check_differences(
    case: &Case,
    scale: f64,
    name: &str,
    gradients: &[f32],
    part: fn(&mut Case) -> &mut Vec<f64>,
) {
    const STEP: f64 = 1e-5;
    let at_offset = |at: usize, offset: f64| {
        let mut moved = case.clone();
        part(&mut moved)[at] += offset;
        moved.loss().0
    };
    assert_eq!(gradients.len(), part(&mut case.clone()).len(), "{name}");
    for (at, gradient) in gradients.iter().enumerate() {
        let expected = scale * (at_offset(at, STEP) - at_offset(at, -STEP)) / (2.0 * STEP);
        let error = (f64::from(*gradient) - expected).abs();
        assert!(error < 2e-4 * expected.abs().max(0.1), "number {at} of {name}: {gradient} {expected}");
    }
}

#[test]
fn small_derivatives_do_not_reach_the_classifier() {
    let case = Case::random(4);
    let (all, edges) = found(&case);
    let (weights, biases) = (narrow(&case.weights), narrow(&case.biases));
    let (classifier, classifier_biases) = (narrow(&case.classifier), narrow(&case.classifier_biases));
    let scorer = Scorer {
        weights: &weights,
        biases: &biases,
        classifier: &classifier,
        classifier_biases: &classifier_biases,
        reach: reach(&case, &edges),
        shortlist_loss: case.lambda,
        gradient_floor: 0.2,
        document_weights: None,
    };
    let known = |document| case.known(document);
    let some = gradients(&scorer, &narrow(&case.phi), &known, &ScratchPool::default());
    assert!(!some.labels.is_empty() && some.labels.len() < all.labels.len());
    assert!(some.labels.iter().all(|label| all.labels.contains(label)));
    assert_eq!((some.loss, &some.weights, &some.edges), (all.loss, &all.weights, &all.edges));
}

#[test]
fn of_equal_scores_the_smaller_cluster_and_label_win_and_far_positives_keep_their_slope() {
    // Two clusters of equal score, both clamped, share label 1; labels 0 and 2 tie behind them.
    let mut adjacency = Csr::new(4);
    adjacency.push(&mut vec![(1, 1.0), (2, 0.5)]);
    adjacency.push(&mut vec![(0, 0.5), (1, 1.0)]);
    adjacency.push(&mut vec![(3, 1.0)]);
    let edges = Edges::new(adjacency, EliasStage::Partition, EdgeStart::Random, 1.0, 1);
    let parents = edges.parents();
    assert_eq!(parents, [1, 0, 0, 2]);
    let shares = [-0.7f32, -0.7, -200.0];
    let reach = Reach { edges: &edges, log_alpha: 10f32.ln(), beam: 2, limit: 2, parents: None };
    let plain = Scratch::default().shortlist(&reach, &shares, (&[3], &[1.0]));
    let labels: Vec<(u32, u32)> = plain.slots.iter().map(|slot| (slot.label, slot.probe)).collect();
    assert_eq!(labels, [(0, 1), (1, 0)]);
    // Teacher forcing reaches label 3, whose score is no f32 any more but has a logarithm.
    let reach = Reach { parents: Some(&parents), ..reach };
    let forced = Scratch::default().shortlist(&reach, &shares, (&[3], &[1.0]));
    assert_eq!(forced.beam[0], Probe::new(2, -200.0, 10f32.ln()));
    let far = forced.slots.iter().find(|slot| slot.label == 3).unwrap();
    assert!((far.log_path - (10f32.ln() - 200.0)).abs() < 1e-3 && far.target == 1.0);
}

#[test]
fn beams_take_parents_first_and_stay_short() {
    let shares: Vec<f32> = (0..40).map(|cluster| -(cluster as f32)).collect();
    let mut best = Vec::new();
    best_clusters(&shares, 0.0, 3, &mut best);
    let numbers = |probes: &[Probe]| probes.iter().map(|probe| probe.cluster).collect::<Vec<u32>>();
    assert_eq!(numbers(&best), [0, 1, 2]);
    let probe = |cluster: u32| Probe::new(cluster, shares[cluster as usize], 0.0);
    let parents = [9, 1, 9, 30].map(probe).to_vec();
    assert_eq!(numbers(&force(&best, parents, 3)), [1, 9, 30, 0, 2]);
    let many: Vec<Probe> = (10..40).map(probe).collect();
    assert_eq!(numbers(&force(&best, many, 3)), (10..18).collect::<Vec<u32>>());
    best_clusters(&shares, 0.0, 100, &mut best);
    assert_eq!(best.len(), 40);
}
