//! PROBE and SHORTLIST over a cluster graph (ELIAS, NeurIPS 2022).

use argtop_storage::IndexRecord;

use super::candidates::Candidates;
use super::stages::{Allowed, Queries, each};
use crate::error::Error;
use crate::execute::Run;
use crate::index::{ClusterScore, PathCandidate, PathSearch};
use crate::view::{Dense, Graph, KeyBook};

/// The best clusters of each query.
pub(crate) struct Probed {
    graph: Graph,
    beams: Vec<Vec<ClusterScore>>,
    beam: usize,
    name: String,
    /// Place of the PROBE in the chain.
    stage: usize,
}

impl Probed {
    /// Clusters kept over all queries.
    pub(crate) fn clusters_kept(&self) -> u64 {
        self.beams.iter().map(|beam| beam.len() as u64).sum()
    }

    /// Remarks for EXPLAIN.
    pub(crate) fn notes(&self) -> Vec<String> {
        let clusters = self.graph.view().map_or(0, |view| view.clusters());
        let from = if self.graph.in_generation() { "" } else { ", from the store: no generation" };
        vec![format!("{} beam {} of {clusters}{from}", self.name, self.beam)]
    }
}

/// How many labels SHORTLIST keeps, and how many the answer owes.
pub(crate) struct Window {
    pub(crate) limit: u64,
    pub(crate) owed: u64,
    /// Whether anybody reads the ranks of the stages, so that labels must come in order.
    pub(crate) ordered: bool,
    /// The rows that the next stage scores the labels by, if memory should be asked for them.
    pub(crate) next: Option<Dense>,
}

/// PROBE: the best clusters by `clamp(alpha * softmax(W_C phi + b_C), 0, 1)`.
pub(crate) fn probe(
    run: &Run,
    index: &IndexRecord,
    graph: Graph,
    queries: &Queries,
    (beam, stage): (usize, usize),
) -> Result<Probed, Error> {
    let view = graph.view()?;
    // As many parts as there are threads, so that each reads the weights once.
    let threads = if queries.len() > 1 { rayon::current_num_threads() } else { 1 };
    let at_once = queries.len().div_ceil(threads).max(1);
    let parts: Vec<&[f32]> = queries.values.chunks(at_once * queries.dimension.max(1)).collect();
    let beams = each(parts, |queries| {
        run.context.check()?;
        Ok(view.probe_all(queries, beam))
    })?;
    let beams: Vec<Vec<ClusterScore>> = beams.into_iter().flatten().collect();
    Ok(Probed { graph, beams, beam, name: index.name.clone(), stage })
}

/// SHORTLIST after PROBE: the best labels by `max s_c * a_cl`. A beam that reaches fewer labels than are owed
/// is widened, fourfold at a time, until it reaches enough or covers every cluster.
pub(crate) fn shortlist(
    run: &Run,
    probed: &Probed,
    queries: &Queries,
    window: Window,
    allowed: &Allowed,
    keys: &KeyBook,
    place: (usize, usize),
) -> Result<(Vec<Candidates>, Vec<String>), Error> {
    let view = probed.graph.view()?;
    let tie = |a: u32, b: u32| keys.compare(a, b);
    let limit = usize::try_from(window.limit).unwrap_or(usize::MAX);
    let owed = usize::try_from(window.owed.min(window.limit).min(allowed.slots.len())).unwrap_or(usize::MAX);
    // Dead labels still have edges in the arrays, so the live ones are a filter even without WHERE.
    let covered = probed.graph.slot_end();
    let complete = allowed.slots.range_cardinality(..covered) == u64::from(covered);
    let soon = window.next.as_ref().and_then(Dense::codes_ahead);
    let search = |beam: usize| PathSearch {
        beam,
        limit,
        filter: Some(&allowed.slots),
        allowed_under: if complete { covered } else { 0 },
        extra: probed.graph.newer(),
        tie: &tie,
        reached: soon.as_ref().map(|soon| soon as _),
    };
    let walk = |beam: &[ClusterScore], width: usize| match window.ordered {
        true => view.paths(beam, &search(width)),
        false => view.best_paths(beam, &search(width)),
    };
    let found = each(probed.beams.iter().enumerate().collect(), |(at, beam)| {
        run.context.check()?;
        let (mut labels, mut edges) = walk(beam, probed.beam);
        let mut width = probed.beam;
        while labels.len() < owed && width < view.clusters() {
            width = width.saturating_mul(4).min(view.clusters());
            let (found, walked) = walk(&view.probe(queries.row(at), width), width);
            labels = found;
            edges += walked;
        }
        Ok((labels, edges, width))
    })?;
    let edges: u64 = found.iter().map(|(_, edges, _)| edges).sum();
    let widest = found.iter().map(|(_, _, width)| *width).max().unwrap_or(0);
    let mut notes = vec![format!("{edges} edges"), format!("{} newer labels", probed.graph.newer_labels())];
    if widest > probed.beam {
        notes.push(format!("beam widened to {widest}: {owed} labels are owed"));
    }
    let (width, number) = place;
    let candidates = found
        .iter()
        .zip(&probed.beams)
        .map(|((labels, _, _), beam)| settle(labels, beam, width, number, (probed.stage, window.ordered)));
    Ok((candidates.collect(), notes))
}

/// Path candidates with the scores of both stages: PROBE's is s_c of the best path and the cluster's rank in
/// the beam. Ranks that nobody reads stay 0, the score of PROBE is there in any case.
fn settle(
    labels: &[PathCandidate],
    beam: &[ClusterScore],
    width: usize,
    number: usize,
    (probe_stage, ordered): (usize, bool),
) -> Candidates {
    let ranked: Vec<(f64, u32)> = labels.iter().map(|label| (label.path, label.slot)).collect();
    let mut candidates = Candidates::found(width, number, &ranked);
    candidates.scores[probe_stage] = labels.iter().map(|label| label.probe).collect();
    if !ordered {
        return candidates;
    }
    let rank_of = |cluster: u32| {
        let position = beam.iter().position(|probed| probed.cluster == cluster);
        position.and_then(|position| u32::try_from(position + 1).ok()).unwrap_or(0)
    };
    candidates.ranks[probe_stage] = labels.iter().map(|label| rank_of(label.cluster)).collect();
    candidates
}
