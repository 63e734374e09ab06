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
    /// The last document that reached each label.
    reached_by: Vec<u32>,
    /// Its place among the candidates then.
    place: Vec<u32>,
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
        self.walk(reach.edges, &beam);
        for (label, value) in labels.iter().zip(values) {
            if self.reached_by[*label as usize] == self.now {
                let held = &mut self.candidates[self.place[*label as usize] as usize];
                held.target = held.target.max(*value);
            }
        }
        let slots = self.best(reach.limit, reach.parents.is_some());
        Shortlist { beam, slots }
    }

    /// Collects the labels behind a beam, each with its best path; of equal paths the one through the cluster
    /// with the smaller number, as it is served.
    fn walk(&mut self, edges: &Edges, beam: &[Probe]) {
        if self.reached_by.len() != edges.labels() || self.now == u32::MAX {
            self.reached_by = vec![0; edges.labels()];
            self.place = vec![0; edges.labels()];
            self.now = 0;
        }
        self.now += 1;
        self.candidates.clear();
        for (at, probe) in (0..).zip(beam) {
            let (labels, log_values, start) = edges.row(probe.cluster);
            for (edge, (label, log_value)) in (start as u32..).zip(labels.iter().zip(log_values)) {
                let log_path = probe.log_score + log_value;
                let slot = Slot { label: *label, edge, probe: at, log_path, target: 0.0 };
                let reached_by = &mut self.reached_by[*label as usize];
                if *reached_by != self.now {
                    *reached_by = self.now;
                    self.place[*label as usize] = self.candidates.len() as u32;
                    self.candidates.push(slot);
                    continue;
                }
                let held = &mut self.candidates[self.place[*label as usize] as usize];
                let cluster = beam[held.probe as usize].cluster;
                if log_path > held.log_path || (log_path == held.log_path && probe.cluster < cluster) {
                    *held = slot;
                }
            }
        }
    }

    /// The best `limit` candidates, labels ascending; positives come first where they are `forced`.
    fn best(&mut self, limit: usize, forced: bool) -> Vec<Slot> {
        let order = |a: &Slot, b: &Slot| {
            let front = (b.target > 0.0).cmp(&(a.target > 0.0));
            let front = if forced { front } else { std::cmp::Ordering::Equal };
            front.then(b.log_path.total_cmp(&a.log_path)).then(a.label.cmp(&b.label))
        };
        // An edge of weight 0 leads nowhere.
        self.candidates.retain(|slot| slot.log_path > f32::NEG_INFINITY);
        if (1..self.candidates.len()).contains(&limit) {
            self.candidates.select_nth_unstable_by(limit - 1, order);
        }
        let mut slots = self.candidates[..limit.min(self.candidates.len())].to_vec();
        slots.sort_unstable_by_key(|slot| slot.label);
        slots
    }
}
