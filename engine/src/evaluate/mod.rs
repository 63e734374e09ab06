//! EVALUATE: metrics of extreme classification over a stream of ranked points.
//!
//! ```text
//! training label lists --LabelCounts--> Propensity, LabelGroups
//! (ranked, truth) of each point --Metrics::add--> sums --Metrics::value--> figures in 0..1
//! ```

pub(crate) mod agreement;
pub mod bootstrap;
pub mod groups;
pub mod metrics;
pub mod propensity;
pub(crate) mod run;

#[cfg(test)]
mod metrics_tests;

pub(crate) use agreement::cosines;
pub use bootstrap::{Interval, PointValues, bootstrap};
pub use groups::{DECILES, LabelGroups, MetricsByKey};
pub use metrics::{CoverageBase, LabelIndex, MetricError, MetricOptions, Metrics, RankedPoint};
pub(crate) use propensity::inverse_propensity;
pub use propensity::{LabelCounts, Propensity};
