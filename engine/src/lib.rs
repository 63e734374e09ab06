//! Placeholder until the first module lands.

pub mod evaluate;
pub mod export;
pub mod import;
