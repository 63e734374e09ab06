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
use super::loss::{Triplet, batch_positives};
use super::optimizer::{AdamW, Parameters, linear_schedule};
use super::pairs::Pairs;
use super::points::Vectors;
use super::products::row_products;

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
    pairs: &'a Pairs,
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
    /// labels as the encoder gives them `[L, D]`, `clusters` the vector of each label, `pairs` over n and L.
    ///
    /// # Errors
    /// [`TrainError::Input`] where the shapes do not fit.
    pub fn new(
        points: &'a Vectors,
        encodings: &'a Vectors,
        (clusters, count): (&'a [u32], usize),
        pairs: &'a Pairs,
        options: AuxiliaryOptions,
    ) -> Result<AuxiliaryLearner<'a>, TrainError> {
        let dimension = points.dimension();
        let fits = encodings.dimension() == dimension
            && encodings.len() == clusters.len()
            && clusters.iter().all(|cluster| (*cluster as usize) < count);
        if !fits {
            return Err(TrainError::Input("points, labels and clusters do not fit together".into()));
        }
        pairs.check(points.len(), clusters.len())?;
        let squares: f64 = encodings.values().iter().map(|value| f64::from(value * value)).sum();
        let scale = (squares / encodings.values().len().max(1) as f64).sqrt() as f32;
        let rows = (0..points.len() as u32).filter(|row| !pairs.targets.row(*row as usize).0.is_empty());
        let rows: Vec<u32> = rows.collect();
        let steps = rows.len().div_ceil(options.batch.size.max(1)) * options.epochs;
        Ok(AuxiliaryLearner {
            batches: DocumentBatches::new(options.batch.clone(), rows),
            parameters: Parameters::new(vec![0.0; count * dimension], dimension),
            rate: options.lr * scale,
            points,
            encodings,
            clusters,
            pairs,
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
            let (labels, _) = self.pairs.targets.row(*document as usize);
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
        let embeddings: Vec<f32> = chosen.iter().flat_map(|chosen| &chosen.embedding).copied().collect();
        let mut scores = row_products(&self.points.gather(documents), &embeddings, self.points.dimension());
        // Every chosen label that is a document's own is a positive, whoever chose it.
        let labels: Vec<u32> = chosen.iter().map(|chosen| chosen.label).collect();
        let targets = batch_positives(documents, &labels, &self.pairs.targets);
        self.pairs.leave_out(&mut scores, documents, &labels);
        let weights = self.pairs.weights_of(documents);
        self.options.loss.block(&scores, &targets, weights.as_deref())
    }

    /// Gradient with respect to the vectors that the batch touches: their numbers, ascending, and rows.
    fn gradients(&self, documents: &[u32], chosen: &[Chosen], derivatives: &Csr) -> (Vec<u32>, Vec<f32>) {
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

#[cfg(test)]
mod tests {
    use super::super::learner::{Course, NoCheckpoint, train};
    use super::*;

    struct Case {
        points: Vectors,
        encodings: Vectors,
        clusters: Vec<u32>,
        pairs: Pairs,
    }

    /// Documents lie near their label's hidden place, which is the encoding moved by its cluster's shift.
    fn case(seed: u64, (labels, documents, clusters, dimension): (usize, usize, usize, usize)) -> Case {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut random = |count: usize| -> Vec<f32> { (0..count).map(|_| rng.f32() - 0.5).collect() };
        let encodings = random(labels * dimension);
        let shifts = random(clusters * dimension);
        let noise = random(documents * dimension);
        let of_label: Vec<u32> = (0..labels).map(|label| (label % clusters) as u32).collect();
        let mut targets = Csr::new(labels);
        let mut points = Vec::new();
        for document in 0..documents {
            let label = document % labels;
            let other = (document * 7 + 3) % labels;
            let mut entries = vec![(label as u32, 1.0)];
            if document % 5 == 0 {
                entries.push((other as u32, 1.0));
            }
            targets.push(&mut entries);
            let cluster = of_label[label] as usize;
            let mut point: Vec<f32> = (0..dimension)
                .map(|at| {
                    encodings[label * dimension + at]
                        + 2.0 * shifts[cluster * dimension + at]
                        + 0.3 * noise[document * dimension + at]
                })
                .collect();
            crate::kernel::normalize(&mut point).unwrap();
            points.extend(point);
        }
        Case {
            points: Vectors::new(dimension, points),
            encodings: Vectors::new(dimension, encodings),
            clusters: of_label,
            pairs: Pairs::new(targets),
        }
    }

    fn options(size: usize, epochs: usize) -> AuxiliaryOptions {
        let batch = BatchOptions { size, cluster_size: 1, doubling: vec![2, 4], seed: 3 };
        AuxiliaryOptions { epochs, lr: 0.1, warmup: 0.1, loss: Triplet::in_batch(), batch }
    }

    fn learner(case: &Case, clusters: usize, options: AuxiliaryOptions) -> AuxiliaryLearner<'_> {
        let clusters = (&case.clusters[..], clusters);
        AuxiliaryLearner::new(&case.points, &case.encodings, clusters, &case.pairs, options).unwrap()
    }

    #[test]
    fn gradients_equal_finite_differences() {
        let case = case(1, (12, 30, 4, 5));
        let mut learner = learner(&case, 4, options(30, 1));
        let mut rng = fastrand::Rng::with_seed(2);
        learner.parameters.values.iter_mut().for_each(|value| *value = rng.f32() - 0.5);
        let documents: Vec<u32> = (0..30).collect();
        let chosen = learner.choose(&documents, 9);
        let (_, derivatives) = learner.losses(&documents, &chosen);
        let (touched, gradients) = learner.gradients(&documents, &chosen, &derivatives);
        assert_eq!(touched, [0, 1, 2, 3]);
        let step = 1e-2;
        for (at, gradient) in gradients.iter().enumerate() {
            let mut value = |shift: f32| {
                learner.parameters.values[at] += shift;
                let chosen = learner.choose(&documents, 9);
                let loss = learner.losses(&documents, &chosen).0;
                learner.parameters.values[at] -= shift;
                loss
            };
            let numeric = (value(step) - value(-step)) / (2.0 * f64::from(step));
            assert!((numeric - f64::from(*gradient)).abs() < 4e-3, "{at}: {numeric} {gradient}");
        }
    }

    /// Share of documents whose nearest label is one of theirs.
    fn precision(case: &Case, vectors: &[f32]) -> f64 {
        let dimension = case.points.dimension();
        let best = |document: usize| {
            let mut best = (f64::NEG_INFINITY, 0u32);
            for (label, cluster) in case.clusters.iter().enumerate() {
                let vector = &vectors[*cluster as usize * dimension..][..dimension];
                let sum = case.encodings.row(label).iter().zip(vector).map(|(e, a)| e + a);
                let mut z: Vec<f32> = sum.collect();
                crate::kernel::normalize(&mut z).unwrap();
                let score = crate::kernel::dot_exact(case.points.row(document), &z);
                if score > best.0 {
                    best = (score, label as u32);
                }
            }
            best.1
        };
        let hits = (0..case.points.len())
            .filter(|document| case.pairs.targets.row(*document).0.contains(&best(*document)));
        hits.count() as f64 / case.points.len() as f64
    }

    fn trained(case: &Case, clusters: usize, threads: usize) -> Vec<f32> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut learner = learner(case, clusters, options(50, 30));
            let mut course =
                Course { cancelled: &|| false, report: &mut |_| {}, checkpoint: &mut NoCheckpoint };
            let summary = train(&mut learner, &mut course).unwrap();
            assert!(summary.losses.last() < summary.losses.first());
            learner.finish()
        })
    }

    #[test]
    fn vectors_learn_the_shift_of_their_cluster_and_threads_are_not_seen() {
        let case = case(5, (40, 400, 4, 16));
        let before = precision(&case, &vec![0.0; 4 * 16]);
        let vectors = trained(&case, 4, 1);
        let after = precision(&case, &vectors);
        assert!(after > before + 0.2, "{before} {after}");
        assert_eq!(vectors, trained(&case, 4, 2));
    }

    #[test]
    fn shapes_that_do_not_fit_are_refused() {
        let case = case(1, (12, 30, 4, 5));
        let clusters = (&case.clusters[..], 3);
        let made = AuxiliaryLearner::new(&case.points, &case.encodings, clusters, &case.pairs, options(8, 1));
        assert!(matches!(made.err(), Some(TrainError::Input(_))));
    }
}
