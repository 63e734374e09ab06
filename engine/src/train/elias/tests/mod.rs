//! Tests of the training of ELIAS: numbers against a plain f64 implementation, learning on a made-up world.

mod adjacency;
mod edges;
mod numbers;
mod reference;
mod training;
mod world;
