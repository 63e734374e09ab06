//! ELIAS as its paper writes it, in f64, with products and no logarithms, and random small cases of it.

use crate::train::Csr;
use crate::train::elias::beam::FORCED_MAX;
use crate::train::elias::gradient::Known;

/// Everything a batch's loss depends on.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub dimension: usize,
    pub alpha: f64,
    pub beta: f64,
    pub beam: usize,
    pub limit: usize,
    pub lambda: f64,
    pub forcing: bool,
    pub phi: Vec<f64>,
    pub targets: Csr,
    /// Labels of each document that take part in no loss.
    pub excluded: Vec<Vec<u32>>,
    /// How much each document counts.
    pub document_weights: Option<Vec<f64>>,
    pub weights: Vec<f64>,
    pub biases: Vec<f64>,
    /// The pattern of edges.
    pub adjacency: Csr,
    pub theta: Vec<f64>,
    pub classifier: Vec<f64>,
    pub classifier_biases: Vec<f64>,
    pub parents: Vec<u32>,
}

/// A label of a shortlist: label, cluster, path score, target.
#[derive(Clone, Debug)]
pub(super) struct Reached {
    pub label: u32,
    pub cluster: u32,
    pub path: f64,
    pub target: f64,
}

impl Case {
    pub(super) fn random(seed: u64) -> Case {
        let mut rng = fastrand::Rng::with_seed(seed);
        let (dimension, clusters, labels, documents) = (5, 7, 13, 4);
        let mut numbers = |count: usize, scale: f64| -> Vec<f64> {
            (0..count).map(|_| f64::from(((rng.f64() - 0.5) * scale) as f32)).collect()
        };
        let phi = numbers(documents * dimension, 2.0);
        let weights = numbers(clusters * dimension, 4.0);
        let (biases, classifier) = (numbers(clusters, 1.0), numbers(labels * dimension, 4.0));
        let classifier_biases = numbers(labels, 1.0);
        let mut adjacency = Csr::new(labels);
        for _ in 0..clusters {
            let mut row: Vec<(u32, f32)> =
                (0..labels as u32).filter(|_| rng.f32() < 0.45).map(|label| (label, 1.0)).collect();
            adjacency.push(&mut row);
        }
        let theta = (0..adjacency.entries()).map(|_| f64::from(rng.f32() * 3.0)).collect();
        let mut targets = Csr::new(labels);
        for document in 0..documents as u32 {
            // A label twice, the greater value first or last, and one that need not be reached.
            let (label, other) = (rng.u32(..labels as u32), rng.u32(..labels as u32));
            let values = if document % 2 == 0 { [1.0, 0.25] } else { [0.25, 0.7] };
            targets.columns.extend([label, label, other]);
            targets.values.extend([values[0], values[1], 1.0]);
            targets.offsets.push(targets.columns.len());
        }
        let excluded = (0..documents)
            .map(|document| match seed % 4 {
                3 => (0..labels as u32)
                    .filter(|l| l % 3 == 0 && !targets.row(document).0.contains(l))
                    .collect(),
                _ => Vec::new(),
            })
            .collect();
        let document_weights = seed.is_multiple_of(3).then(|| vec![0.25, 2.0, 0.0, 1.0]);
        let mut case = Case {
            dimension,
            alpha: [2.0, 4.0, 10.0][rng.usize(..3)],
            beta: [1.5, 3.0, 6.0][rng.usize(..3)],
            beam: rng.usize(1..5),
            limit: rng.usize(2..9),
            lambda: 0.3,
            forcing: seed.is_multiple_of(2),
            phi,
            targets,
            excluded,
            document_weights,
            weights,
            biases,
            adjacency,
            theta,
            classifier,
            classifier_biases,
            parents: Vec::new(),
        };
        case.parents = (0..labels as u32).map(|label| case.parent(label)).collect();
        case
    }

    pub(super) fn clusters(&self) -> usize {
        self.biases.len()
    }

    /// a_cl of every edge.
    pub(super) fn values(&self) -> Vec<f64> {
        let mut out = Vec::new();
        for pair in self.adjacency.offsets.windows(2) {
            let exps: Vec<f64> = self.theta[pair[0]..pair[1]].iter().map(|theta| theta.exp()).collect();
            let sum: f64 = exps.iter().sum();
            out.extend(exps.iter().map(|exp| (self.beta * exp / sum).clamp(0.0, 1.0)));
        }
        out
    }

    /// The cluster with the greatest weight of a label.
    fn parent(&self, label: u32) -> u32 {
        let values = self.values();
        let mut best = (0.0, u32::MAX);
        for cluster in 0..self.clusters() {
            let range = self.adjacency.offsets[cluster]..self.adjacency.offsets[cluster + 1];
            for (value, column) in values[range.clone()].iter().zip(&self.adjacency.columns[range]) {
                // Clamped weights are equal only up to rounding in the other implementation.
                if *column == label && *value > best.0 + 1e-7 {
                    best = (*value, cluster as u32);
                }
            }
        }
        best.1
    }

    /// s_c of one document.
    pub(super) fn scores(&self, document: usize) -> Vec<f64> {
        let phi = &self.phi[document * self.dimension..(document + 1) * self.dimension];
        let dot = |row: &[f64]| row.iter().zip(phi).map(|(a, b)| a * b).sum::<f64>();
        let rows = self.weights.chunks(self.dimension).zip(&self.biases);
        let exps: Vec<f64> = rows.map(|(row, bias)| (dot(row) + bias).exp()).collect();
        let sum: f64 = exps.iter().sum();
        exps.iter().map(|exp| (self.alpha * exp / sum).clamp(0.0, 1.0)).collect()
    }

    fn target(&self, document: usize, label: u32) -> f64 {
        let (labels, values) = self.targets.row(document);
        let values = labels.iter().zip(values).filter(|(other, _)| **other == label);
        values.map(|(_, value)| f64::from(*value)).fold(0.0, f64::max)
    }

    pub(super) fn beam(&self, document: usize) -> Vec<u32> {
        let scores = self.scores(document);
        let mut order: Vec<u32> = (0..self.clusters() as u32).collect();
        let key = |cluster: u32| scores[cluster as usize];
        order.sort_by(|a, b| key(*b).total_cmp(&key(*a)).then(a.cmp(b)));
        let best = order[..self.beam.min(order.len())].to_vec();
        if !self.forcing {
            return best;
        }
        let (labels, _) = self.targets.row(document);
        let wanted = |cluster: &u32| labels.iter().any(|label| self.parents[*label as usize] == *cluster);
        let mut beam: Vec<u32> = order.iter().copied().filter(wanted).collect();
        let rest: Vec<u32> = best.iter().copied().filter(|cluster| !beam.contains(cluster)).collect();
        beam.extend(rest);
        beam.truncate(self.beam + FORCED_MAX);
        beam
    }

    /// What the learner is told of a document.
    pub(super) fn known(&self, document: usize) -> Known<'_> {
        Known { targets: self.targets.row(document), excluded: &self.excluded[document] }
    }

    /// The shortlist of a document, labels ascending.
    pub(super) fn shortlist(&self, document: usize) -> Vec<Reached> {
        let (scores, values, beam) = (self.scores(document), self.values(), self.beam(document));
        let mut reached = Vec::new();
        for label in 0..self.adjacency.width as u32 {
            let mut best: Option<(f64, u32)> = None;
            for cluster in 0..self.clusters() as u32 {
                let range =
                    self.adjacency.offsets[cluster as usize]..self.adjacency.offsets[cluster as usize + 1];
                for edge in range.filter(|edge| self.adjacency.columns[*edge] == label) {
                    let path = scores[cluster as usize] * values[edge];
                    if beam.contains(&cluster) && best.is_none_or(|best| path > best.0) {
                        best = Some((path, cluster));
                    }
                }
            }
            if let Some((path, cluster)) = best {
                reached.push(Reached { label, cluster, path, target: self.target(document, label) });
            }
        }
        let front = |slot: &Reached| self.forcing && slot.target > 0.0;
        reached.sort_by(|a, b| {
            front(b).cmp(&front(a)).then(b.path.total_cmp(&a.path)).then(a.label.cmp(&b.label))
        });
        reached.truncate(self.limit);
        reached.sort_by_key(|slot| slot.label);
        reached
    }

    /// The loss, and the mean length of a shortlist.
    pub(super) fn loss(&self) -> (f64, f64) {
        let (mut sum, mut slots, mut paths, mut positives) = (0.0, 0.0, 0.0, 0.0);
        let documents = self.targets.rows();
        for document in 0..documents {
            let weight = self.document_weights.as_ref().map_or(1.0, |weights| weights[document]);
            let phi = &self.phi[document * self.dimension..(document + 1) * self.dimension];
            let excluded = |slot: &Reached| self.excluded[document].contains(&slot.label);
            for slot in self.shortlist(document).into_iter().filter(|slot| !excluded(slot)) {
                let row = &self.classifier[slot.label as usize * self.dimension..][..self.dimension];
                let logit = row.iter().zip(phi).map(|(a, b)| a * b).sum::<f64>()
                    + self.classifier_biases[slot.label as usize];
                let p = slot.path / (1.0 + (-logit).exp());
                sum -= weight * (slot.target * p.ln() + (1.0 - slot.target) * (1.0 - p).ln());
                slots += 1.0;
                if slot.target > 0.0 {
                    paths -= weight * slot.path.ln();
                    positives += 1.0;
                }
            }
        }
        (sum / slots + self.lambda * paths / f64::max(positives, 1.0), slots / documents as f64)
    }
}
