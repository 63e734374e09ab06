//! Whole trainings.

use super::world::{K, World, options};
use crate::train::elias::{EliasStage, TrainedElias};

#[test]
fn stages() {
    let world = World::new(1);
    let start = world.partition();
    let untrained = TrainedElias {
        dimension: 24,
        alpha: 10.0,
        beta: 10.0,
        weights: start.weights.clone(),
        biases: start.biases.clone(),
        adjacency: start.adjacency.clone(),
        classifier: vec![],
        classifier_biases: vec![],
    };
    eprintln!("untrained {}", world.recall(&untrained));
    for lr in [0.005, 0.02, 0.05, 0.1] {
        let mut o = options(EliasStage::Partition);
        o.lr = lr;
        let t = std::time::Instant::now();
        let (first, summary) = world.learn(o, start.clone());
        eprintln!("stage 1 lr {lr} {} {:?} {:?}", world.recall(&first), summary.losses, t.elapsed());
        for lr in [0.005, 0.02, 0.05] {
            for s in [crate::train::elias::EdgeStart::Random, crate::train::elias::EdgeStart::Approximate] {
                let mut o = options(EliasStage::Adjacency);
                o.lr = lr;
                o.start = s;
                let (second, summary) = world.learn(o, world.second(first.clone(), 60));
                eprintln!("   stage 2 {s:?} lr {lr} {} {:?}", world.recall(&second), summary.losses);
            }
        }
    }
    let _ = K;
}
