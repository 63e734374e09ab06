//! What the benches of this crate share. The benches themselves are `kernels.rs`, `stages.rs`, `counts.rs`
//! and the folder `peers`; `engine/BENCHMARKS.md` says how to run them and what they gave.

pub mod cases;
pub mod clock;
pub mod sample;
