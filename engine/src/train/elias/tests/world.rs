//! A made-up world in which a partition of labels must fail: every label has two topics far from one another,
//! and the centroid of its documents lies between them.

use std::sync::Arc;

use crate::train::elias::options::EliasParameters;
use crate::train::elias::{EliasLearner, EliasOptions, EliasStage, TrainedElias};
use crate::train::elias::{approximate_adjacency, connect_labels, label_centroids, path_recall};
use crate::train::{
    BuildControl, Course, Csr, NoCheckpoint, PARTITION_SCALE, Summary, Vectors, initial_partition, train,
};
use crate::train::{Pairs, Points};

pub(super) const DIMENSION: usize = 24;
pub(super) const LABELS: usize = 240;
const TOPICS: usize = 16;
pub(super) const CLUSTERS: usize = 16;
pub(super) const BEAM: usize = 2;
/// Labels of a shortlist.
pub(super) const K: usize = 40;

pub(super) struct World {
    pub documents: Arc<Vectors>,
    pub pairs: Pairs,
    pub test: Arc<Vectors>,
    pub test_targets: Csr,
    pub labels: Vectors,
}

fn direction(rng: &mut fastrand::Rng) -> Vec<f32> {
    let mut row: Vec<f32> = (0..DIMENSION).map(|_| rng.f32() + rng.f32() + rng.f32() - 1.5).collect();
    crate::kernel::normalize(&mut row).unwrap();
    row
}

fn sum(parts: &[(&[f32], f32)]) -> Vec<f32> {
    let at = |d: usize| parts.iter().map(|(part, weight)| part[d] * weight).sum::<f32>();
    let mut row: Vec<f32> = (0..DIMENSION).map(at).collect();
    crate::kernel::normalize(&mut row).unwrap();
    row
}

impl World {
    pub(super) fn new(seed: u64) -> World {
        let mut rng = fastrand::Rng::with_seed(seed);
        let topics: Vec<Vec<f32>> = (0..TOPICS).map(|_| direction(&mut rng)).collect();
        let mut world = (Vec::new(), Csr::new(LABELS), Vec::new(), Csr::new(LABELS), Vec::new());
        for label in 0..LABELS as u32 {
            let one = rng.usize(..TOPICS);
            let other = (one + rng.usize(1..TOPICS)) % TOPICS;
            let own = direction(&mut rng);
            world.4.extend(sum(&[(&topics[one], 1.0), (&topics[other], 1.0), (&own, 0.6)]));
            for (topic, document) in
                [(one, 0), (other, 1)].into_iter().flat_map(|topic| (0..8).map(move |d| (topic.0, d)))
            {
                let noise = direction(&mut rng);
                let row = sum(&[(&topics[topic], 1.0), (&own, 0.6), (&noise, 0.4)]);
                if document < 6 {
                    world.0.extend(row);
                    world.1.push(&mut vec![(label, 1.0)]);
                } else {
                    world.2.extend(row);
                    world.3.push(&mut vec![(label, 1.0)]);
                }
            }
        }
        World {
            documents: Arc::new(Vectors::new(DIMENSION, world.0)),
            pairs: Pairs::new(world.1),
            test: Arc::new(Vectors::new(DIMENSION, world.2)),
            test_targets: world.3,
            labels: Vectors::new(DIMENSION, world.4),
        }
    }

    pub(super) fn documents(&self) -> Points {
        Points::new(vec![self.documents.clone()]).unwrap()
    }

    /// The partition that stage 1 starts from.
    pub(super) fn partition(&self) -> EliasParameters {
        let centroids = label_centroids(&self.documents(), &self.pairs.targets, &self.labels).unwrap();
        let control = BuildControl { cancelled: &|| false, progress: &|_, _| {}, threads: 1 };
        let slots: Vec<u32> = (0..LABELS as u32).collect();
        let scale = PARTITION_SCALE;
        let arrays =
            initial_partition(&control, &centroids, DIMENSION, &slots, CLUSTERS, 5, scale, 10.0, 10.0)
                .unwrap();
        let adjacency = Csr {
            offsets: arrays.offsets.iter().map(|offset| *offset as usize).collect(),
            columns: arrays.slots,
            values: arrays.values,
            width: LABELS,
        };
        EliasParameters {
            weights: arrays.weights,
            biases: arrays.biases,
            adjacency,
            classifier: self.labels.values().to_vec(),
            classifier_biases: vec![-3.0; LABELS],
        }
    }

    /// What stage 2 starts from after stage 1.
    pub(super) fn second(&self, first: TrainedElias, kappa: usize) -> EliasParameters {
        let adjacency = approximate_adjacency(
            &self.documents(),
            &self.pairs.targets,
            &first.weights,
            &first.biases,
            first.alpha,
            BEAM,
            kappa,
            &|| false,
        );
        let mut parameters = EliasParameters {
            weights: first.weights,
            biases: first.biases,
            adjacency: adjacency.unwrap(),
            classifier: self.labels.values().to_vec(),
            classifier_biases: vec![-3.0; LABELS],
        };
        connect_labels(&mut parameters, &self.labels, 2, &|| false).unwrap();
        parameters
    }

    pub(super) fn learn(
        &self,
        options: EliasOptions,
        parameters: EliasParameters,
    ) -> (TrainedElias, Summary) {
        let mut learner = EliasLearner::new(options, self.documents(), &self.pairs, parameters).unwrap();
        let mut course = Course { cancelled: &|| false, report: &mut |_| {}, checkpoint: &mut NoCheckpoint };
        let summary = train(&mut learner, &mut course).unwrap();
        (learner.finish(), summary)
    }

    /// R@K on documents that were not trained with.
    pub(super) fn recall(&self, trained: &TrainedElias) -> f64 {
        let slots: Vec<u32> = (0..LABELS as u32).collect();
        let test = Points::new(vec![self.test.clone()]).unwrap();
        path_recall(&test, &self.test_targets, &trained.arrays(&slots).unwrap(), BEAM, K).unwrap()
    }
}

/// Options for the world's size.
pub(super) fn options(stage: EliasStage) -> EliasOptions {
    EliasOptions {
        beam: BEAM,
        shortlist: K,
        alpha: 10.0,
        beta: 10.0,
        epochs: 6,
        batch: 64,
        dropout: 0.1,
        lr: 0.02,
        lr_classifier: 0.02,
        ..EliasOptions::new(stage)
    }
}
