//! From a document to its shortlist: beam, edges, the best path of each label, the best labels.
//!
//! Scores are kept as logarithms. `log s_c = min(0, log alpha + log softmax)` is exact where `s_c` itself
//! would vanish, and its derivative by the logits of clusters, `1 - share`, is the one of cross entropy: the
//! loss of a label teaches its cluster however far that lies behind the beam.

use std::sync::{Mutex, PoisonError};

use super::beam::{Probe, best_clusters, force};
use super::edges::Edges;

/// How shortlists are made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reach<'a> {
    /// Edges to walk.
    pub edges: &'a Edges,
    /// log alpha.
    pub log_alpha: f32,
    /// Clusters of a beam.
    pub beam: usize,
    /// Labels of a shortlist.
    pub limit: usize,
    /// The cluster of each label that teacher forcing adds; `None` without teacher forcing.
    pub parents: Option<&'a [u32]>,
}

/// A label of a shortlist.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Slot {
    /// The label.
    pub label: u32,
    /// The edge of its best path.
    pub edge: u32,
    /// The place in the beam of the cluster of its best path.
    pub probe: u32,
    /// `log s_l`, at most 0.
    pub log_path: f32,
    /// What it should score: the value of a positive, else 0.
    pub target: f32,
}

/// Where a document leads.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Shortlist {
    /// The clusters walked from.
    pub beam: Vec<Probe>,
    /// The labels kept, ascending.
    pub slots: Vec<Slot>,
}

/// Arrays of one thread that documents use one after another.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// The document being walked for, from 1.
    now: u32,
    /// The last document that reached each label, and its place among the candidates then.
    reached: Vec<(u32, u32)>,
    /// The last document that probed each cluster, and its place in the beam then.
    probed: Vec<(u32, u32)>,
    candidates: Vec<Slot>,
    probes: Vec<Probe>,
}

/// Scratch arrays that outlive a step.
#[derive(Debug, Default)]
pub(super) struct ScratchPool(Mutex<Vec<Scratch>>);

impl ScratchPool {
    /// Runs `work` with arrays that nobody else uses meanwhile.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Scratch) -> T) -> T {
        // A poisoned pool only says that a thread died between two calls: the arrays in it are whole.
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut scratch = taken.unwrap_or_default();
        let result = work(&mut scratch);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
        result
    }
}

impl Scratch {
    /// The shortlist of a document with the given `log softmax` of clusters and its labels with their values.
    pub(super) fn shortlist(
        &mut self,
        reach: &Reach<'_>,
        log_shares: &[f32],
        (labels, values): (&[u32], &[f32]),
    ) -> Shortlist {
        best_clusters(log_shares, reach.log_alpha, reach.beam, &mut self.probes);
        let beam = match reach.parents {
            None => self.probes.clone(),
            Some(parents) => {
                let positives = labels.iter().zip(values).filter(|(_, value)| **value > 0.0);
                let parents = positives
                    .map(|(label, _)| parents[*label as usize])
                    .filter(|cluster| *cluster != u32::MAX)
                    .map(|cluster| Probe::new(cluster, log_shares[cluster as usize], reach.log_alpha))
                    .collect();
                force(&self.probes, parents, reach.beam)
            }
        };
        self.walk(reach.edges, &beam, reach.limit);
        let mut slots = if reach.parents.is_some() {
            let positives = self.positives(reach, &beam, labels, values);
            self.candidates
                .retain(|slot| positives.binary_search_by_key(&slot.label, |slot| slot.label).is_err());
            positives
        } else {
            for (label, value) in labels.iter().zip(values) {
                if let (document, place) = self.reached[*label as usize]
                    && document == self.now
                {
                    let held = &mut self.candidates[place as usize];
                    held.target = held.target.max(*value);
                }
            }
            Vec::new()
        };
        keep_best(&mut slots, reach.limit);
        keep_best(&mut self.candidates, reach.limit - slots.len());
        slots.append(&mut self.candidates);
        slots.sort_unstable_by_key(|slot| slot.label);
        Shortlist { beam, slots }
    }

    /// Collects labels behind a beam, each with its best path; of equal paths the one through the cluster
    /// with the smaller number, as it is served. The best `limit` labels are among them.
    fn walk(&mut self, edges: &Edges, beam: &[Probe], limit: usize) {
        let (labels, clusters) = (edges.labels(), edges.clusters());
        if self.reached.len() != labels || self.probed.len() != clusters || self.now == u32::MAX {
            self.reached = vec![(0, 0); labels];
            self.probed = vec![(0, 0); clusters];
            self.now = 0;
        }
        self.now += 1;
        self.candidates.clear();
        // A path under this is worse than `limit` others. An edge of weight 0 leads nowhere.
        let mut least = f32::MIN;
        for (at, probe) in (0..).zip(beam) {
            self.probed[probe.cluster as usize] = (self.now, at);
            // No path through a cluster is better than the cluster.
            if probe.log_score < least {
                continue;
            }
            let (labels, log_values, start) = edges.row(probe.cluster);
            for (edge, (label, log_value)) in (start as u32..).zip(labels.iter().zip(log_values)) {
                let log_path = probe.log_score + log_value;
                if log_path >= least {
                    self.offer(Slot { label: *label, edge, probe: at, log_path, target: 0.0 }, beam);
                }
            }
            if self.candidates.len() >= 2 * limit {
                least = self.cut(limit);
            }
        }
    }

    /// Keeps the better path of a label.
    fn offer(&mut self, slot: Slot, beam: &[Probe]) {
        let reached = &mut self.reached[slot.label as usize];
        if reached.0 != self.now {
            *reached = (self.now, self.candidates.len() as u32);
            self.candidates.push(slot);
            return;
        }
        let held = &mut self.candidates[reached.1 as usize];
        let cluster = |slot: &Slot| beam[slot.probe as usize].cluster;
        if slot.log_path > held.log_path || (slot.log_path == held.log_path && cluster(&slot) < cluster(held))
        {
            *held = slot;
        }
    }

    /// Forgets all but the best `limit` candidates; gives the least path score left. What is forgotten has
    /// `limit` better labels above it, whose paths only get better; with a better path it may come again.
    fn cut(&mut self, limit: usize) -> f32 {
        self.candidates.select_nth_unstable_by(limit - 1, order);
        for dropped in self.candidates.drain(limit..) {
            self.reached[dropped.label as usize].0 = 0;
        }
        for (place, slot) in (0..).zip(&self.candidates) {
            self.reached[slot.label as usize].1 = place;
        }
        self.candidates[limit - 1].log_path
    }

    /// The positives behind a beam that was walked, ascending, whatever their path scores.
    fn positives(&self, reach: &Reach<'_>, beam: &[Probe], labels: &[u32], values: &[f32]) -> Vec<Slot> {
        let targets = labels.iter().copied().zip(values.iter().copied());
        let mut targets: Vec<(u32, f32)> = targets.filter(|(_, value)| *value > 0.0).collect();
        targets.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        targets.dedup_by_key(|target| target.0);
        let best = |(label, target): (u32, f32)| {
            let mut best: Option<Slot> = None;
            for (cluster, edge) in reach.edges.of_label(label) {
                let (document, probe) = self.probed[*cluster as usize];
                if document != self.now {
                    continue;
                }
                let log_value = reach.edges.log_values[*edge as usize];
                let log_path = beam[probe as usize].log_score + log_value;
                // Clusters ascend, so of equal paths the first stays.
                if log_path >= f32::MIN && best.is_none_or(|best| log_path > best.log_path) {
                    best = Some(Slot { label, edge: *edge, probe, log_path, target });
                }
            }
            best
        };
        targets.into_iter().filter_map(best).collect()
    }
}

/// Better paths first, then smaller labels.
fn order(a: &Slot, b: &Slot) -> std::cmp::Ordering {
    b.log_path.total_cmp(&a.log_path).then(a.label.cmp(&b.label))
}

/// Keeps the best `limit` slots, in no order.
fn keep_best(slots: &mut Vec<Slot>, limit: usize) {
    if (1..slots.len()).contains(&limit) {
        slots.select_nth_unstable_by(limit - 1, order);
    }
    slots.truncate(limit);
}
