//! The loss of a batch and its derivatives.
//!
//! `BCE_mean(p, y) + lambda * BCE_mean(s, 1)`: the first mean over all slots of all shortlists, `p = s_l *
//! sigmoid(w_l . phi + b_l)`, the second over the positives among them (`ELIASLoss` of the authors' code;
//! their second mean also counts the empty slots of documents with fewer positives than the batch's most).
//!
//! Derivatives are those of the loss times the mean length of a shortlist: as sums over slots, not means. A
//! mean over some 100,000 slots leaves derivatives near the `eps` of AdamW, which would damp the steps; no
//! other effect of a common factor is left after its normalisation.

use rayon::prelude::*;

use super::beam::log_shares;
use super::forward::{Reach, ScratchPool, Shortlist, Slot};
use crate::kernel::{Layout, dot, multiply};

/// Labels of one task. Fixed, so that sums do not depend on the threads.
const LABELS_AT_ONCE: usize = 128;
/// Clusters of one product.
const CLUSTERS_AT_ONCE: usize = 64;
/// The least `1 - p`: bounds the loss of a label that is wrong with certainty, and its derivative.
const REST_MIN: f64 = 1e-6;

/// What a batch is scored with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scorer<'a> {
    /// W_C, `[C, D]`.
    pub weights: &'a [f32],
    /// b_C, `[C]`.
    pub biases: &'a [f32],
    /// W_L, `[L, D]`.
    pub classifier: &'a [f32],
    /// b_L, `[L]`.
    pub classifier_biases: &'a [f32],
    /// Edges and the rules of the shortlist.
    pub reach: Reach<'a>,
    /// lambda.
    pub shortlist_loss: f64,
    /// Slots whose loss has a smaller derivative by the logit do not reach the classifier.
    pub gradient_floor: f64,
    /// How much the loss of each document of the batch counts; None counts each as 1.
    pub document_weights: Option<&'a [f32]>,
}

/// The loss of a batch, and its derivatives times the mean length of a shortlist.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Gradients {
    /// The loss.
    pub loss: f64,
    /// By W_C, `[C, D]`.
    pub weights: Vec<f32>,
    /// By b_C, `[C]`.
    pub biases: Vec<f32>,
    /// By `log a` of each edge, and zeros that fill the last row of theta.
    pub edges: Vec<f32>,
    /// Labels whose rows of W_L have a derivative, ascending.
    pub labels: Vec<u32>,
    /// By their b_L.
    pub classifier_biases: Vec<f32>,
    /// Where the slots of each of these labels end.
    ends: Vec<usize>,
    /// The document of each slot, and the derivative by its logit.
    by_logit: Vec<(u32, f32)>,
}

impl Gradients {
    /// The derivative by the row of `labels[at]`, written over `out`; `phi` are the documents of the batch.
    /// Made when its row takes the step, since all rows together are larger than anything else in a step.
    pub(super) fn classifier_row(&self, at: usize, phi: &[f32], out: &mut [f32]) {
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        out.fill(0.0);
        for (document, by_logit) in &self.by_logit[start..self.ends[at]] {
            let phi = &phi[*document as usize * out.len()..][..out.len()];
            out.iter_mut().zip(phi).for_each(|(out, value)| *out += by_logit * value);
        }
    }
}

/// What is known of a slot once its document's shortlist is made.
#[derive(Clone, Copy, Debug)]
struct Member {
    document: u32,
    slot: Slot,
}

/// The factors of the two sums over slots.
#[derive(Clone, Copy, Debug)]
struct Means {
    /// Of the classification loss.
    slot: f64,
    /// Of the shortlist loss.
    positive: f64,
    /// Mean length of a shortlist, which all derivatives are multiplied by.
    scale: f64,
}

/// What is known of one document.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    /// Its labels and their targets.
    pub targets: (&'a [u32], &'a [f32]),
    /// Labels that are neither right nor wrong, ascending.
    pub excluded: &'a [u32],
}

/// Loss and derivatives of the documents `phi`, `[n, D]`, of which `known` tells.
pub(super) fn gradients<'t>(
    scorer: &Scorer<'_>,
    phi: &[f32],
    known: &(dyn Fn(usize) -> Known<'t> + Sync),
    pool: &ScratchPool,
) -> Gradients {
    let (clusters, dimension) = (scorer.biases.len(), scorer.weights.len() / scorer.biases.len());
    let shares = log_shares(phi, scorer.weights, scorer.biases, dimension);
    let shortlists: Vec<Shortlist> = shares
        .par_chunks(clusters)
        .enumerate()
        .map(|(at, shares)| {
            let Known { targets, excluded } = known(at);
            let mut list = pool.with(|scratch| scratch.shortlist(&scorer.reach, shares, targets));
            list.slots.retain(|slot| excluded.binary_search(&slot.label).is_err());
            list
        })
        .collect();
    let members = by_label(&shortlists);
    let positives = members.iter().filter(|member| member.slot.target > 0.0).count();
    let means = Means {
        slot: 1.0 / members.len().max(1) as f64,
        positive: scorer.shortlist_loss / positives.max(1) as f64,
        scale: members.len() as f64 / shortlists.len().max(1) as f64,
    };
    let blocks = classify(scorer, dimension, phi, &members, means);

    let mut found = Gradients { edges: vec![0.0; scorer.reach.edges.padded()], ..Gradients::default() };
    let mut by_probe: Vec<Vec<f32>> = shortlists.iter().map(|list| vec![0.0; list.beam.len()]).collect();
    let mut members = members.iter();
    for block in blocks {
        found.loss += block.loss;
        found.labels.extend(block.labels);
        found.classifier_biases.extend(block.biases);
        let before = found.by_logit.len();
        found.ends.extend(block.ends.into_iter().map(|end| before + end));
        found.by_logit.extend(block.by_logit);
        for (by_path, member) in block.by_path.into_iter().zip(members.by_ref()) {
            found.edges[member.slot.edge as usize] += by_path;
            by_probe[member.document as usize][member.slot.probe as usize] += by_path;
        }
    }
    let by_logit = by_cluster_logits(shares, clusters, &shortlists, &by_probe);
    (found.weights, found.biases) = by_cluster_rows(&by_logit, clusters, phi, dimension);
    found
}

/// All slots of a batch, by label and then by document.
fn by_label(shortlists: &[Shortlist]) -> Vec<Member> {
    let lists = (0..).zip(shortlists);
    let mut members: Vec<Member> = lists
        .flat_map(|(document, list)| list.slots.iter().map(move |slot| Member { document, slot: *slot }))
        .collect();
    members
        .par_sort_unstable_by_key(|member| (u64::from(member.slot.label) << 32) | u64::from(member.document));
    members
}

/// What one task finds for its labels.
#[derive(Default)]
struct Block {
    loss: f64,
    labels: Vec<u32>,
    biases: Vec<f32>,
    ends: Vec<usize>,
    by_logit: Vec<(u32, f32)>,
    /// For each slot, by `log s_l`.
    by_path: Vec<f32>,
}

/// The classifier's part: logits, loss, and derivatives by logits and path scores. A row is read once for all
/// documents of the batch that reach its label.
fn classify(
    scorer: &Scorer<'_>,
    dimension: usize,
    phi: &[f32],
    members: &[Member],
    means: Means,
) -> Vec<Block> {
    let groups: Vec<&[Member]> = members.chunk_by(|a, b| a.slot.label == b.slot.label).collect();
    let blocks = groups.par_chunks(LABELS_AT_ONCE).map(|groups| {
        let mut block = Block::default();
        groups.iter().for_each(|group| block.add(scorer, dimension, phi, group, means));
        block
    });
    blocks.collect()
}

impl Block {
    /// Adds the slots of one label.
    fn add(&mut self, scorer: &Scorer<'_>, dimension: usize, phi: &[f32], group: &[Member], means: Means) {
        let Some(label) = group.first().map(|member| member.slot.label) else { return };
        let at = label as usize;
        let row = &scorer.classifier[at * dimension..(at + 1) * dimension];
        let (start, mut by_bias) = (self.by_logit.len(), 0.0);
        for Member { document, slot } in group {
            let phi = &phi[*document as usize * dimension..][..dimension];
            let logit = dot(row, phi) + scorer.classifier_biases[at];
            let found = SlotLoss::new(slot.log_path.into(), logit.into(), slot.target.into());
            let weight = scorer.document_weights.map_or(1.0, |all| f64::from(all[*document as usize]));
            // The shortlist loss of a positive is -log s.
            let positive = if slot.target > 0.0 { means.positive } else { 0.0 };
            self.loss += weight * (means.slot * found.loss - positive * f64::from(slot.log_path));
            self.by_path.push((weight * means.scale * (means.slot * found.by_path - positive)) as f32);
            if found.by_logit.abs() >= scorer.gradient_floor {
                let by_logit = (weight * means.scale * means.slot * found.by_logit) as f32;
                by_bias += by_logit;
                self.by_logit.push((*document, by_logit));
            }
        }
        if self.by_logit.len() > start {
            self.labels.push(label);
            self.biases.push(by_bias);
            self.ends.push(self.by_logit.len());
        }
    }
}

/// Binary cross entropy of one slot, `p = s * sigmoid(logit)`, and its derivatives.
struct SlotLoss {
    loss: f64,
    /// By `log s`.
    by_path: f64,
    by_logit: f64,
}

impl SlotLoss {
    fn new(log_path: f64, logit: f64, target: f64) -> SlotLoss {
        // log sigmoid(x) = -log(1 + exp(-x)), without overflow on either side.
        let log_sigmoid = logit.min(0.0) - (-logit.abs()).exp().ln_1p();
        let log_p = log_path + log_sigmoid;
        let rest = (-log_p.exp_m1()).max(REST_MIN);
        let by_log_p = (1.0 - target) * log_p.exp() / rest - target;
        SlotLoss {
            loss: -target * log_p - (1.0 - target) * rest.ln(),
            by_path: by_log_p,
            by_logit: by_log_p * -log_sigmoid.exp_m1(),
        }
    }
}

/// Derivatives by the logits z of clusters, `[n, C]`, in the place of `log_shares`. Of `log s_c = log alpha +
/// z_c - log sum exp z` it is `1 - share_c` by its own logit, `-share` by another's, and zero once the score
/// is clamped.
fn by_cluster_logits(
    mut log_shares: Vec<f32>,
    clusters: usize,
    shortlists: &[Shortlist],
    by_probe: &[Vec<f32>],
) -> Vec<f32> {
    let documents = log_shares.par_chunks_mut(clusters).zip(shortlists).zip(by_probe);
    documents.for_each(|((out, shortlist), by_probe)| {
        let open = || shortlist.beam.iter().zip(by_probe).filter(|(probe, _)| !probe.clamped);
        let sum: f32 = open().map(|(_, by_score)| by_score).sum();
        out.iter_mut().for_each(|value| *value = -sum * value.exp());
        open().for_each(|(probe, by_score)| out[probe.cluster as usize] += by_score);
    });
    log_shares
}

/// Derivatives by W_C and b_C from those by the logits of clusters.
fn by_cluster_rows(by_logit: &[f32], clusters: usize, phi: &[f32], dimension: usize) -> (Vec<f32>, Vec<f32>) {
    let documents = phi.len() / dimension;
    let mut weights = vec![0.0f32; clusters * dimension];
    let mut biases = vec![0.0f32; clusters];
    let blocks =
        weights.par_chunks_mut(CLUSTERS_AT_ONCE * dimension).zip(biases.par_chunks_mut(CLUSTERS_AT_ONCE));
    blocks.enumerate().for_each(|(at, (weights, biases))| {
        let (start, count) = (at * CLUSTERS_AT_ONCE, biases.len());
        let mut block = Vec::with_capacity(documents * count);
        for row in by_logit.chunks(clusters) {
            let row = &row[start..start + count];
            block.extend_from_slice(row);
            biases.iter_mut().zip(row).for_each(|(bias, value)| *bias += value);
        }
        multiply(
            weights,
            (count, documents, dimension),
            (&block, Layout::Turned),
            (phi, Layout::Plain),
            false,
        );
    });
    (weights, biases)
}
