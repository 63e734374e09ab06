//! Figures by group: labels by how frequent they are, or points by the value of an expression.

use argtop_query::value::Value;

use super::metrics::{LabelIndex, MetricError, Metrics, RankedPoint};

/// Number of groups of [`LabelGroups::deciles`].
pub const DECILES: usize = 10;

/// A division of the labels into groups.
///
/// [`Metrics`] splits each figure over the groups so that the parts of `P@k`, `NDCG@k`, `PSP@k`, `PSNDCG@k`,
/// `MRR@k` and `ANN_RECALL@k` add up to the figure of all labels: a part counts the hits on labels of the
/// group over the denominator of the whole. `R@k` of a group is a mean of its own over the points that have
/// truth in the group, and `COVERAGE@k` counts the labels of the group only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelGroups {
    group_of: Vec<u8>,
    sizes: Vec<u64>,
}

impl LabelGroups {
    /// Ten groups by training frequency, whose sizes differ by one at most: group 0 (decile 1) holds the
    /// rarest labels, group 9 (decile 10) the most frequent ones. Equal frequencies are ordered by label
    /// index.
    pub fn deciles(counts: &[u64]) -> Self {
        let mut order: Vec<usize> = (0..counts.len()).collect();
        order.sort_by_key(|label| (counts.get(*label).copied(), *label));
        let mut group_of = vec![0_u8; counts.len()];
        let mut sizes = vec![0_u64; DECILES];
        for (place, label) in order.into_iter().enumerate() {
            let group = place * DECILES / counts.len();
            if let (Some(slot), Some(size)) = (group_of.get_mut(label), sizes.get_mut(group)) {
                // Less than DECILES, so it fits.
                *slot = group as u8;
                *size += 1;
            }
        }
        LabelGroups { group_of, sizes }
    }

    /// Number of groups.
    pub fn groups(&self) -> usize {
        self.sizes.len()
    }

    /// Group of a label, from 0; labels without a count are unseen in training, which is the rarest group.
    pub fn group(&self, label: LabelIndex) -> usize {
        self.group_of.get(label as usize).map_or(0, |group| usize::from(*group))
    }

    /// Labels in a group.
    pub fn size(&self, group: usize) -> u64 {
        self.sizes.get(group).copied().unwrap_or(0)
    }
}

/// `EVALUATE ... BY expr`: one accumulator a value of the expression, in the order of ORDER BY.
#[derive(Clone, Debug)]
pub struct MetricsByKey {
    empty: Metrics,
    groups: Vec<(Value, Metrics)>,
    groups_max: usize,
}

impl MetricsByKey {
    /// Starts with no groups; each new one begins as a copy of `empty`. At most `groups_max` are kept.
    pub fn new(empty: Metrics, groups_max: usize) -> Self {
        MetricsByKey { empty, groups: Vec::new(), groups_max }
    }

    /// Adds a point to the group of `key`; NULL is a group of its own.
    ///
    /// # Errors
    /// As [`Metrics::add`], or there are more groups than allowed.
    pub fn add(&mut self, key: &Value, point: &RankedPoint<'_>) -> Result<(), MetricError> {
        let place = match self.groups.binary_search_by(|(other, _)| other.total_cmp(key)) {
            Ok(place) => place,
            Err(_) if self.groups.len() == self.groups_max => {
                return Err(MetricError::TooManyGroups { max: self.groups_max });
            }
            Err(place) => {
                self.groups.insert(place, (key.clone(), self.empty.clone()));
                place
            }
        };
        match self.groups.get_mut(place) {
            Some((_, metrics)) => metrics.add(point),
            None => Ok(()),
        }
    }

    /// The groups by key.
    pub fn groups(&self) -> &[(Value, Metrics)] {
        &self.groups
    }
}
