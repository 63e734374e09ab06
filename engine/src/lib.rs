//! Placeholder until the first module lands.

pub mod index;
pub mod kernel;
pub mod train;
