//! The optimiser: an ordered list of small rules, each of which turns a plan into one with the same rows.
//!
//! There is no cost model here: what depends on sizes and indexes is decided by the engine's planner.
//! Any rule may be switched off by name, so that tests can compare the rows with and without it.

mod column_pruning;
mod filter_pushdown;
mod folding;
mod limit_pushdown;
mod projection_merge;
mod rules;
mod substitute;
mod trivial;

pub use rules::{OptimizerOptions, Rule, optimize, optimize_traced, rule_names};
