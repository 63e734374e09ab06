//! Whole trainings.

use std::collections::BTreeMap;

use super::world::{BEAM, CLUSTERS, DIMENSION, LABELS, World, options};
use crate::train::elias::{
    EdgeStart, EliasLearner, EliasOptions, EliasParameters, EliasStage, TrainedElias, connect_labels,
};
use crate::train::{Checkpoint, Course, Csr, NoCheckpoint, Pairs, TrainError, train};

const KAPPA: usize = 60;

fn adjacency_options(start: EdgeStart) -> EliasOptions {
    EliasOptions { start, ..options(EliasStage::Adjacency) }
}

#[test]
fn two_stages_reach_what_one_stage_and_none_cannot() {
    let world = World::new(1);
    let partition = world.partition();
    let sizes: Vec<usize> = partition.adjacency.offsets.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(sizes.iter().all(|size| *size == LABELS / CLUSTERS), "balanced: {sizes:?}");
    let none = EliasOptions { epochs: 0, ..options(EliasStage::Partition) };
    let untrained = world.recall(&world.learn(none, partition.clone()).0);
    let (first, summary) = world.learn(options(EliasStage::Partition), partition.clone());
    assert!(summary.losses[5] < 0.9 * summary.losses[0], "{:?}", summary.losses);
    assert_eq!(first.adjacency, partition.adjacency);
    assert!(first.weights != partition.weights && first.classifier != partition.classifier);
    let one = world.recall(&first);
    assert!(one > untrained, "stage 1 {one}, untrained {untrained}");
    let start = world.second(first, KAPPA);
    let mut reached = vec![0; LABELS];
    start.adjacency.columns.iter().for_each(|label| reached[*label as usize] += 1);
    assert!(reached.iter().all(|count| *count > 0));
    for start_of_edges in [EdgeStart::Random, EdgeStart::Approximate] {
        let (second, summary) = world.learn(adjacency_options(start_of_edges), start.clone());
        assert!(summary.losses[5] < 0.95 * summary.losses[0], "{:?}", summary.losses);
        let two = world.recall(&second);
        assert!(two > one + 0.1, "{start_of_edges:?}: stage 2 {two}, stage 1 {one}");
        let slots: Vec<u32> = (0..LABELS as u32).map(|label| 2 * label + 1).collect();
        second.arrays(&slots).unwrap().check(2 * LABELS as u32).unwrap();
        assert_eq!(second.arrays(&slots[1..]).unwrap_err(), TrainError::Slots { slots: 239, vectors: 240 });
    }
}

#[test]
fn kappa_bounds_the_edges_of_every_cluster() {
    let world = World::new(2);
    let (first, _) =
        world.learn(EliasOptions { epochs: 1, ..options(EliasStage::Partition) }, world.partition());
    for kappa in [1, 7, 1000] {
        let start = world.second(first.clone(), kappa);
        let counts = start.adjacency.column_counts();
        let cut: Vec<usize> = start.adjacency.offsets.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let connected: usize = cut.iter().map(|count| count.saturating_sub(kappa)).sum();
        // Only the edges of labels that kappa had cut off everywhere, two each, come on top.
        let single = counts.iter().filter(|count| **count == 2).count();
        assert!(connected <= 2 * single, "{kappa}: {cut:?}");
        assert!(kappa < 1000 || connected == 0);
    }
}

#[test]
fn the_number_of_threads_cannot_be_seen() {
    let world = World::new(3);
    let options = EliasOptions { epochs: 2, dropout: 0.5, ..adjacency_options(EdgeStart::Random) };
    let learn = |threads: usize, options: EliasOptions| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let (first, _) = world.learn(
                EliasOptions { epochs: 1, stage: EliasStage::Partition, ..options.clone() },
                world.partition(),
            );
            world.learn(options, world.second(first, KAPPA)).0
        })
    };
    let one = learn(1, options.clone());
    assert!(one == learn(2, options.clone()) && one == learn(3, options.clone()));
    assert!(one != learn(1, EliasOptions { seed: 1, ..options }));
}

/// Keeps the newest state.
#[derive(Default)]
struct Kept(usize, BTreeMap<&'static str, Vec<f32>>);

impl Checkpoint for Kept {
    fn restore(&mut self, state: &mut [(&'static str, &mut Vec<f32>)]) -> Result<usize, TrainError> {
        if self.0 > 0 {
            for (name, values) in state {
                values.clone_from(&self.1[name]);
            }
        }
        Ok(self.0)
    }

    fn keep(&mut self, epoch: usize, state: &[(&'static str, &mut Vec<f32>)]) -> Result<(), TrainError> {
        self.0 = epoch;
        self.1 = state.iter().map(|(name, values)| (*name, values.to_vec())).collect();
        assert_eq!(self.1.len(), state.len(), "every part of the state has a name of its own");
        Ok(())
    }
}

#[test]
fn a_training_that_was_stopped_ends_in_the_same_numbers() {
    let world = World::new(4);
    let (first, _) =
        world.learn(EliasOptions { epochs: 1, ..options(EliasStage::Partition) }, world.partition());
    let second = world.second(first, KAPPA);
    for (stage, parameters) in [(EliasStage::Partition, world.partition()), (EliasStage::Adjacency, second)] {
        let options = EliasOptions { epochs: 4, stage, ..adjacency_options(EdgeStart::Approximate) };
        let (whole, _) = world.learn(options.clone(), parameters.clone());
        let mut kept = Kept::default();
        for stop_after in [Some(100), None] {
            let mut learner =
                EliasLearner::new(options.clone(), world.documents(), &world.pairs, parameters.clone())
                    .unwrap();
            let steps = std::sync::atomic::AtomicUsize::new(0);
            let asked = || steps.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let cancelled = || stop_after.is_some_and(|stop| asked() >= stop);
            let mut course = Course { cancelled: &cancelled, report: &mut |_| {}, checkpoint: &mut kept };
            let result = train(&mut learner, &mut course);
            match stop_after {
                Some(_) => assert_eq!(result, Err(TrainError::Cancelled)),
                None => {
                    assert_eq!(result.unwrap().first_epoch, 2);
                    assert!(learner.finish() == whole, "{stage:?}");
                }
            }
        }
    }
}

#[test]
fn a_graph_that_has_grown_is_trained_again_from_where_it_stands() {
    let world = World::new(5);
    let (first, _) = world.learn(options(EliasStage::Partition), world.partition());
    let (second, _) = world.learn(adjacency_options(EdgeStart::Approximate), world.second(first, KAPPA));
    let before = world.recall(&second);
    // Nothing moves without an epoch: stored weights come back.
    let none = EliasOptions { epochs: 0, ..adjacency_options(EdgeStart::Stored) };
    let (same, _) = world.learn(none.clone(), parameters_of(second.clone()));
    let close = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-5;
    assert!(same.adjacency.values.iter().zip(&second.adjacency.values).all(close));
    assert_eq!((&same.weights, &same.classifier), (&second.weights, &second.classifier));
    // A tenth of the labels lose all edges, as if they had just come.
    let mut parameters = parameters_of(second);
    let new = |label: u32| label.is_multiple_of(10);
    let mut adjacency = Csr::new(LABELS);
    for cluster in 0..parameters.adjacency.rows() {
        let (labels, values) = parameters.adjacency.row(cluster);
        let kept = labels.iter().zip(values).filter(|(label, _)| !new(**label));
        adjacency.push(&mut kept.map(|(label, value)| (*label, *value)).collect());
    }
    parameters.adjacency = adjacency;
    let without = world.recall(&world.learn(none, parameters.clone()).0);
    assert_eq!(connect_labels(&mut parameters, &world.labels, BEAM, &|| false), Ok(LABELS / 10));
    let again = EliasOptions { epochs: 3, ..adjacency_options(EdgeStart::Stored) };
    let after = world.recall(&world.learn(again, parameters).0);
    assert!(without < before - 0.03, "{without} {before}");
    assert!(after > without + 0.03, "before {before}, without {without}, after {after}");
}

fn parameters_of(trained: TrainedElias) -> EliasParameters {
    EliasParameters {
        weights: trained.weights,
        biases: trained.biases,
        adjacency: trained.adjacency,
        classifier: trained.classifier,
        classifier_biases: trained.classifier_biases,
    }
}

#[test]
fn what_cannot_be_trained_is_refused_by_name() {
    let world = World::new(6);
    let check = |options: EliasOptions, change: &dyn Fn(&mut EliasParameters), expected: &str| {
        let mut parameters = world.partition();
        change(&mut parameters);
        let error = EliasLearner::new(options, world.documents(), &world.pairs, parameters).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    };
    let good = options(EliasStage::Partition);
    let with = |options: EliasOptions, expected: &str| check(options, &|_| {}, expected);
    with(EliasOptions { beam: 0, ..good.clone() }, "beam is 0; give at least 1");
    with(EliasOptions { dropout: 1.0, ..good.clone() }, "dropout is 1");
    with(EliasOptions { alpha: f64::NAN, ..good.clone() }, "alpha is NaN");
    with(EliasOptions { lr: -1.0, ..good.clone() }, "lr is -1");
    check(good.clone(), &|p| p.biases.push(0.0), "b_C has 17 numbers where 16 belong");
    check(good.clone(), &|p| p.classifier[DIMENSION] = f32::NAN, "number 24 of W_L is NaN");
    check(good.clone(), &|p| p.adjacency.values[3] = 1.5, "edge 3 has the value 1.5; give 0 to 1");
    check(good.clone(), &|p| p.adjacency.columns.swap(0, 1), "the labels of cluster 0 must rise");
    let mut course = Course { cancelled: &|| true, report: &mut |_| {}, checkpoint: &mut NoCheckpoint };
    let mut learner =
        EliasLearner::new(good.clone(), world.documents(), &world.pairs, world.partition()).unwrap();
    assert_eq!(train(&mut learner, &mut course), Err(TrainError::Cancelled));
    let mut empty = Csr::new(LABELS);
    (0..world.documents().len()).for_each(|_| empty.push(&mut Vec::new()));
    let error =
        EliasLearner::new(good, world.documents(), &Pairs::new(empty), world.partition()).unwrap_err();
    assert!(error.to_string().contains("no document has a label"), "{error}");
}

#[test]
fn documents_of_no_weight_teach_nothing() {
    let world = World::new(5);
    let options = EliasOptions { epochs: 1, ..options(EliasStage::Partition) };
    let learn = |targets: &Csr, weights: Option<Vec<f32>>| {
        let pairs = Pairs { weights, ..Pairs::new(targets.clone()) };
        let parameters = world.partition();
        let mut learner = EliasLearner::new(options.clone(), world.documents(), &pairs, parameters).unwrap();
        let mut course = Course { cancelled: &|| false, report: &mut |_| {}, checkpoint: &mut NoCheckpoint };
        train(&mut learner, &mut course).unwrap();
        learner.finish()
    };
    let documents = world.pairs.targets.rows();
    let mut half = Csr::new(world.pairs.targets.width);
    for document in 0..documents {
        let (labels, values) = world.pairs.targets.row(document);
        let kept = labels.iter().zip(values).filter(|_| document % 2 == 0);
        half.push(&mut kept.map(|(label, value)| (*label, *value)).collect());
    }
    let weights: Vec<f32> = (0..documents).map(|document| [1.0, 0.0][document % 2]).collect();
    assert!(learn(&world.pairs.targets, Some(weights.clone())) == learn(&half, None));
    assert!(learn(&world.pairs.targets, Some(vec![1.0; documents])) == learn(&world.pairs.targets, None));
    let refused = |weights: &[f32]| {
        let pairs = Pairs { weights: Some(weights.to_vec()), ..world.pairs.clone() };
        let made = EliasLearner::new(options.clone(), world.documents(), &pairs, world.partition());
        made.map(|_| ()).unwrap_err().to_string()
    };
    assert!(refused(&weights[1..]).contains("give one each"));
    assert!(refused(&vec![f32::NAN; documents]).contains("a point's weight is NaN"));
}
