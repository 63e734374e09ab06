//! Auxiliary vectors of label clusters (DEXA, KDD 2023, module I) with a frozen encoder.
//!
//! `z_l = normalize(E(text_l) + a_c(l))`; the a_k are learned so that a document's encoding is nearer to
//! those of its labels than to those of the other documents in its batch. Batches are NGAME's. The vectors
//! start at zero, the embedding without auxiliary: with a frozen encoder that is where training must not fall
//! behind, while the released code starts at random beside an encoder that learns as well.

use rayon::prelude::*;

use super::batches::{BatchOptions, DocumentBatches};
use super::control::TrainError;
use super::csr::Csr;
use super::learner::Learner;
use super::loss::Triplet;
use super::optimizer::{AdamW, Parameters, linear_schedule};
use super::points::Vectors;
use crate::kernel::{Layout, multiply};

/// Documents of one matrix product.
const ROWS_AT_ONCE: usize = 64;

/// How auxiliary vectors are trained.
#[derive(Clone, Debug, PartialEq)]
pub struct AuxiliaryOptions {
    /// Passes over the documents.
    pub epochs: usize,
    /// Step size of AdamW, in units of the encodings' root mean square.
    pub lr: f32,
    /// Share of all steps in which the step size rises.
    pub warmup: f32,
    /// The triplet loss with its margin, number of negatives and temperature.
    pub loss: Triplet,
    /// Batches.
    pub batch: BatchOptions,
}

/// The training of one auxiliary.
pub struct AuxiliaryLearner<'a> {
    points: &'a Vectors,
    encodings: &'a Vectors,
    clusters: &'a [u32],
    targets: &'a Csr,
    weights: Option<&'a [f32]>,
    options: AuxiliaryOptions,
    batches: DocumentBatches,
    parameters: Parameters,
    rate: f32,
    steps: usize,
}

/// One label of a batch.
struct Chosen {
    label: u32,
    /// `normalize(E + a)`.
    embedding: Vec<f32>,
    /// Length of `E + a`.
    norm: f32,
}

impl<'a> AuxiliaryLearner<'a> {
    /// A training of `count` vectors: `points` are normalised documents `[n, D]`, `encodings` those of the
    /// labels as the encoder gives them `[L, D]`, `clusters` the vector of each label, `targets` `[n, L]`.
    ///
    /// # Errors
    /// [`TrainError::Input`] where the shapes do not fit.
    pub fn new(
        points: &'a Vectors,
        encodings: &'a Vectors,
        (clusters, count): (&'a [u32], usize),
        targets: &'a Csr,
        weights: Option<&'a [f32]>,
        options: AuxiliaryOptions,
    ) -> Result<AuxiliaryLearner<'a>, TrainError> {
        let dimension = points.dimension();
        let fits = encodings.dimension() == dimension
            && encodings.len() == clusters.len()
            && targets.width == clusters.len()
            && targets.rows() == points.len()
            && weights.is_none_or(|weights| weights.len() == points.len())
            && clusters.iter().all(|cluster| (*cluster as usize) < count);
        if !fits {
            return Err(TrainError::Input("points, labels, clusters and targets do not fit together".into()));
        }
        let squares: f64 = encodings.values().iter().map(|value| f64::from(value * value)).sum();
        let scale = (squares / encodings.values().len().max(1) as f64).sqrt() as f32;
        let rows = (0..points.len() as u32).filter(|row| !targets.row(*row as usize).0.is_empty());
        let rows: Vec<u32> = rows.collect();
        let steps = rows.len().div_ceil(options.batch.size.max(1)) * options.epochs;
        Ok(AuxiliaryLearner {
            batches: DocumentBatches::new(options.batch.clone(), rows),
            parameters: Parameters::new(vec![0.0; count * dimension], dimension),
            rate: options.lr * scale,
            points,
            encodings,
            clusters,
            targets,
            weights,
            options,
            steps,
        })
    }

    /// The vectors, `[count, D]`.
    pub fn finish(self) -> Vec<f32> {
        self.parameters.values
    }

    /// One random label of each document, with its embedding as of now.
    fn choose(&self, documents: &[u32], salt: u64) -> Vec<Chosen> {
        let mut rng = fastrand::Rng::with_seed(self.options.batch.seed.wrapping_add(salt));
        let labels = documents.iter().map(|document| {
            let (labels, _) = self.targets.row(*document as usize);
            labels[rng.usize(..labels.len())]
        });
        let labels: Vec<u32> = labels.collect();
        let chosen = labels.into_par_iter().map(|label| {
            let vector = self.parameters.row(self.clusters[label as usize] as usize);
            let sum = self.encodings.row(label as usize).iter().zip(vector).map(|(e, a)| e + a);
            let mut embedding: Vec<f32> = sum.collect();
            let norm = embedding.iter().map(|value| value * value).sum::<f32>().sqrt().max(1e-12);
            embedding.iter_mut().for_each(|value| *value /= norm);
            Chosen { label, embedding, norm }
        });
        chosen.collect()
    }

    /// Loss of a batch, and the gradient with respect to the similarities of documents and chosen labels.
    fn losses(&self, documents: &[u32], chosen: &[Chosen]) -> (f64, Csr) {
        let (dimension, count) = (self.points.dimension(), chosen.len());
        let labels: Vec<f32> = chosen.iter().flat_map(|chosen| chosen.embedding.iter().copied()).collect();
        let mut scores = vec![0.0; documents.len() * count];
        let blocks = scores.par_chunks_mut(ROWS_AT_ONCE * count).zip(documents.par_chunks(ROWS_AT_ONCE));
        blocks.for_each(|(scores, rows)| {
            let queries = self.points.gather(rows);
            let (queries, labels) = ((&queries[..], Layout::Plain), (&labels[..], Layout::Turned));
            multiply(scores, (rows.len(), dimension, count), queries, labels, false);
        });
        // Places of the batch by label, so that every chosen label that is a document's own is a positive.
        let mut places: Vec<(u32, u32)> =
            chosen.iter().zip(0u32..).map(|(chosen, place)| (chosen.label, place)).collect();
        places.sort_unstable();
        let mut targets = Csr::new(count);
        let mut row = Vec::new();
        for document in documents {
            row.clear();
            for label in self.targets.row(*document as usize).0 {
                let start = places.partition_point(|(other, _)| other < label);
                let equal = places[start..].iter().take_while(|(other, _)| other == label);
                row.extend(equal.map(|(_, place)| (*place, 1.0)));
            }
            targets.push(&mut row);
        }
        let weights: Option<Vec<f32>> =
            self.weights.map(|weights| documents.iter().map(|document| weights[*document as usize]).collect());
        self.options.loss.block(&scores, &targets, weights.as_deref())
    }

    /// Gradient with respect to the vectors that the batch touches: their numbers, ascending, and rows.
    fn gradients(
        &self,
        documents: &[u32],
        chosen: &[Chosen],
        derivatives: &Csr,
    ) -> (Vec<u32>, Vec<f32>) {
        let dimension = self.points.dimension();
        let mut entries: Vec<(u32, u32, f32)> = Vec::with_capacity(derivatives.entries());
        for document in 0..derivatives.rows() {
            let (columns, values) = derivatives.row(document);
            let row = columns.iter().zip(values).map(|(at, value)| (document as u32, *at, *value));
            entries.extend(row);
        }
        let cluster_of = |at: u32| self.clusters[chosen[at as usize].label as usize];
        entries.sort_by_key(|(document, at, _)| (cluster_of(*at), *at, *document));
        let groups: Vec<&[(u32, u32, f32)]> =
            entries.chunk_by(|a, b| cluster_of(a.1) == cluster_of(b.1)).collect();
        let touched: Vec<u32> = groups.iter().map(|group| cluster_of(group[0].1)).collect();
        let mut out = vec![0.0; touched.len() * dimension];
        out.par_chunks_mut(dimension).zip(&groups).for_each(|(out, group)| {
            let mut direction = vec![0.0f32; dimension];
            for of_label in group.chunk_by(|a, b| a.1 == b.1) {
                let label = &chosen[of_label[0].1 as usize];
                direction.fill(0.0);
                for (document, _, g) in of_label {
                    let row = self.points.row(documents[*document as usize] as usize);
                    direction.iter_mut().zip(row).for_each(|(sum, value)| *sum += g * value);
                }
                // d normalize(u) / d u = (I - y y') / |u|.
                let along: f32 = direction.iter().zip(&label.embedding).map(|(d, y)| d * y).sum();
                for ((out, d), y) in out.iter_mut().zip(&direction).zip(&label.embedding) {
                    *out += (d - along * y) / label.norm;
                }
            }
        });
        (touched, out)
    }
}

impl Learner for AuxiliaryLearner<'_> {
    fn epochs(&self) -> usize {
        self.options.epochs
    }

    fn begin(&mut self, epoch: usize, cancelled: &(dyn Fn() -> bool + Sync)) -> Result<usize, TrainError> {
        self.batches.begin(epoch, self.points, cancelled)
    }

    fn step(&mut self, epoch: usize, step: usize) -> f64 {
        let documents = self.batches.batch(step).to_vec();
        let number = epoch * (self.steps / self.options.epochs.max(1)) + step;
        let chosen = self.choose(&documents, (number as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let (loss, derivatives) = self.losses(&documents, &chosen);
        let (touched, gradients) = self.gradients(&documents, &chosen, &derivatives);
        let warmup = (self.options.warmup * self.steps as f32) as usize;
        let rate = linear_schedule(self.rate, number, self.steps, warmup);
        self.parameters.step(AdamW { eps: 1e-6, ..AdamW::new(rate) }, &touched, &gradients, None);
        loss
    }

    fn complete_after(&self, _: usize) -> bool {
        // Clusters of documents are made from the frozen encodings and the seed, so nothing else is needed.
        true
    }

    fn state(&mut self) -> Vec<(&'static str, &mut Vec<f32>)> {
        let names = ["vectors", "vectors.first", "vectors.second", "vectors.steps"];
        names.into_iter().zip(self.parameters.state()).collect()
    }
}
