//! Trainings on small sets, against plain arithmetic.

use std::sync::Arc;

use super::batch::{Batch, Shortlist};
use super::gradient::Gradient;
use super::*;
use crate::kernel::{dot, normalize};
use crate::train::batches::BatchOptions;
use crate::train::calibrate::Calibration;
use crate::train::control::{BuildControl, TrainError};
use crate::train::csr::Csr;
use crate::train::learner::{Checkpoint, Course, Learner, NoCheckpoint, Summary, train};
use crate::train::loss::{Triplet, hardest_negatives};
use crate::train::pairs::Pairs;
use crate::train::parts::Points;
use crate::train::points::Vectors;

pub(super) const QUIET: BuildControl<'static> =
    BuildControl { cancelled: &|| false, progress: &|_, _| {}, threads: 1 };

/// A planted problem: documents lie around hidden directions of their labels, embeddings are far from them.
pub(super) struct Problem {
    pub(super) points: Points,
    pub(super) labels: Arc<Vectors>,
    pub(super) targets: Csr,
}

/// Documents in two parts, one or two labels each; `noise` moves the embeddings of the labels away.
pub(super) fn problem(seed: u64, documents: usize, labels: usize, dimension: usize, noise: f32) -> Problem {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut unit = |base: &[f32], noise: f32| {
        let mut row: Vec<f32> = base.iter().map(|value| value + noise * (rng.f32() - 0.5)).collect();
        normalize(&mut row).unwrap();
        row
    };
    let zero = vec![0.0; dimension];
    let hidden: Vec<Vec<f32>> = (0..labels).map(|_| unit(&zero, 1.0)).collect();
    let embeddings: Vec<f32> = hidden.iter().flat_map(|row| unit(row, noise)).collect();
    let mut targets = Csr::new(labels);
    let mut values = Vec::new();
    for document in 0..documents {
        let first = document % labels;
        let second = (document * 7 + 3) % labels;
        let mut base = hidden[first].clone();
        let mut entries = vec![(first as u32, 1.0)];
        if document % 3 == 0 && second != first {
            base.iter_mut().zip(&hidden[second]).for_each(|(value, other)| *value += other);
            entries.push((second as u32, 1.0));
        }
        values.extend(unit(&base, 0.4));
        targets.push(&mut entries);
    }
    let cut = documents / 2 * dimension;
    let part = |values: &[f32]| Arc::new(Vectors::new(dimension, values.to_vec()));
    let points = Points::new(vec![part(&values[..cut]), part(&values[cut..])]).unwrap();
    Problem { points, labels: Arc::new(Vectors::new(dimension, embeddings)), targets }
}

impl Problem {
    pub(super) fn learner(&self, options: &ClassifierOptions) -> ClassifierLearner {
        let (points, labels) = (self.points.clone(), Arc::clone(&self.labels));
        let pairs = Pairs::new(self.targets.clone());
        ClassifierLearner::new(&QUIET, points, labels, pairs, options.clone()).unwrap()
    }

    /// Share of documents whose best label is theirs.
    fn precision(&self, rows: &[f32], biases: &[f32]) -> f64 {
        let dimension = self.points.dimension();
        let right = (0..self.points.len()).filter(|document| {
            let x = self.points.row(*document);
            let score = |(label, row): (usize, &[f32])| dot(row, x) + biases.get(label).unwrap_or(&0.0);
            let scores: Vec<f32> = rows.chunks(dimension).enumerate().map(score).collect();
            self.targets.row(*document).0.contains(&hardest_negatives(&scores, &[], 1)[0])
        });
        right.count() as f64 / self.points.len() as f64
    }
}

/// Options of a short training with everything that the link allows.
pub(super) fn options(loss: ClassifierLoss, link: Link, negatives: Negatives) -> ClassifierOptions {
    ClassifierOptions {
        loss,
        link,
        negatives,
        hard_negatives: 3,
        refresh: 2,
        sampled_negatives: 4,
        epochs: 12,
        lr: 0.02,
        batch: BatchOptions { size: 64, cluster_size: 4, doubling: vec![2], seed: 3 },
        dropout: 0.1,
        bias: link == Link::Sigmoid,
        adapter: link == Link::Sigmoid,
        adapter_lr: 1e-3,
        ..ClassifierOptions::default()
    }
}

/// Every loss with every link and kind of negatives that goes with it.
pub(super) fn all_options() -> Vec<ClassifierOptions> {
    let triplet = ClassifierLoss::Triplet(Triplet::hardest());
    let mut found = Vec::new();
    for negatives in [Negatives::Batch, Negatives::All] {
        found.push(options(triplet, Link::Cosine, negatives));
        for loss in [ClassifierLoss::CrossEntropy, ClassifierLoss::Softmax] {
            found.push(options(loss, Link::Cosine, negatives));
            found.push(options(loss, Link::Sigmoid, negatives));
        }
    }
    found
}

fn run(learner: &mut ClassifierLearner, checkpoint: &mut dyn Checkpoint) -> Result<Summary, TrainError> {
    train(learner, &mut Course { cancelled: &|| false, report: &mut |_| {}, checkpoint })
}

#[test]
fn every_training_beats_its_start_clearly() {
    let problem = problem(1, 600, 90, 16, 1.6);
    let before = problem.precision(problem.labels.values(), &[]);
    for options in all_options() {
        let mut learner = problem.learner(&options);
        let summary = run(&mut learner, &mut NoCheckpoint).unwrap();
        assert!(summary.losses[11] < 0.8 * summary.losses[0], "{options:?} {:?}", summary.losses);
        let trained = learner.finish();
        let after = problem.precision(&trained.rows, &trained.biases);
        assert!(after > before + 0.15 && after > 0.8, "{before} to {after} with {options:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bits_on_any_number_of_threads() {
    let problem = problem(2, 300, 70, 8, 1.0);
    for options in all_options() {
        let options = ClassifierOptions { epochs: 3, ..options };
        let on = |threads: usize, options: &ClassifierOptions| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let mut learner = problem.learner(options);
                run(&mut learner, &mut NoCheckpoint).unwrap();
                learner.finish()
            })
        };
        let one = on(1, &options);
        assert_eq!(one, on(2, &options));
        let other = ClassifierOptions { seed: 9, ..options };
        assert_ne!(one.rows, on(1, &other).rows);
    }
}

/// Keeps the first state it is given after some epochs.
struct Kept {
    after: usize,
    state: Option<(usize, Vec<Vec<f32>>)>,
}

impl Checkpoint for Kept {
    fn restore(&mut self, state: &mut [(&'static str, &mut Vec<f32>)]) -> Result<usize, TrainError> {
        let Some((epoch, kept)) = &self.state else { return Ok(0) };
        state.iter_mut().zip(kept).for_each(|((_, values), kept)| values.clone_from(kept));
        Ok(*epoch)
    }

    fn keep(&mut self, epoch: usize, state: &[(&'static str, &mut Vec<f32>)]) -> Result<(), TrainError> {
        if epoch >= self.after && self.state.is_none() {
            self.state = Some((epoch, state.iter().map(|(_, values)| values.to_vec()).collect()));
        }
        Ok(())
    }
}

#[test]
fn a_training_taken_up_ends_like_one_that_was_never_stopped() {
    let problem = problem(3, 200, 40, 8, 1.0);
    for options in all_options() {
        let options = ClassifierOptions { epochs: 5, ..options };
        let mut kept = Kept { after: 1, state: None };
        let mut whole = problem.learner(&options);
        run(&mut whole, &mut kept).unwrap();
        let first = kept.state.as_ref().unwrap().0;
        // With hard negatives of an epoch before, only those that search anew can be begun with.
        assert_eq!(first, if options.negatives == Negatives::Batch { 2 } else { 1 });
        let mut rest = problem.learner(&options);
        assert_eq!(run(&mut rest, &mut kept).unwrap().first_epoch, first);
        assert_eq!(whole.finish(), rest.finish());
    }
}

/// Mean loss of a batch against its shortlist in f64, with parameters [rows, biases, adapter].
fn plain_loss(learner: &ClassifierLearner, batch: &Batch, list: &Shortlist, moved: &[Vec<f64>; 3]) -> f64 {
    let dimension = learner.rows.width();
    let [rows, biases, adapter] = moved;
    let cosine = learner.options.link == Link::Cosine;
    let mut logits = Vec::new();
    for input in batch.inputs.chunks(dimension) {
        let x: Vec<f64> = input.iter().map(|value| f64::from(*value)).collect();
        let mut adapted = x.clone();
        for (i, value) in x.iter().enumerate().take(if adapter.is_empty() { 0 } else { dimension }) {
            (0..dimension).for_each(|j| adapted[j] += value * adapter[i * dimension + j]);
        }
        for label in &list.labels {
            let row = &rows[*label as usize * dimension..][..dimension];
            let length = if cosine { row.iter().map(|v| v * v).sum::<f64>().sqrt() } else { 1.0 };
            let product: f64 = row.iter().zip(&adapted).map(|(w, x)| w * x).sum();
            let shared = f64::from(learner.start.offset / learner.start.scale);
            let bias = biases.get(*label as usize).copied().unwrap_or(shared);
            logits.push(f64::from(learner.start.scale) * (product / length + bias));
        }
    }
    let width = list.labels.len();
    let mut sum = 0.0;
    for (row, logits) in logits.chunks(width).enumerate() {
        let own = list.targets.row(row).0;
        let others = (0..width).filter(|column| !own.contains(&(*column as u32)));
        sum += match learner.options.loss {
            ClassifierLoss::CrossEntropy => {
                let negative: f64 = others.map(|column| logits[column].exp().ln_1p()).sum();
                negative + own.iter().map(|column| (-logits[*column as usize]).exp().ln_1p()).sum::<f64>()
            }
            ClassifierLoss::Softmax => {
                let mass: f64 = others.map(|column| logits[column].exp()).sum();
                let term = |column: &u32| (mass / logits[*column as usize].exp()).ln_1p();
                own.iter().map(term).sum::<f64>() / own.len() as f64
            }
            ClassifierLoss::Triplet(triplet) => plain_triplet(triplet, logits, own, others.collect()),
        };
    }
    sum / batch.documents.len() as f64
}

fn plain_triplet(triplet: Triplet, scores: &[f64], own: &[u32], mut others: Vec<usize>) -> f64 {
    let mut own: Vec<f64> = own.iter().map(|column| scores[*column as usize]).collect();
    own.sort_by(f64::total_cmp);
    others.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    let mut sum = 0.0;
    for positive in own.iter().take(3) {
        let hinge = |n: &usize| (scores[*n] - positive + f64::from(triplet.margin)).max(0.0);
        let hinges: Vec<f64> = others.iter().take(5).map(hinge).filter(|hinge| *hinge > 0.0).collect();
        let total: f64 = hinges.iter().map(|hinge| hinge.exp()).sum();
        sum += hinges.iter().map(|hinge| hinge * hinge.exp() / total).sum::<f64>();
    }
    sum / 15.0
}

/// Parameters as [rows, biases, adapter], moved a little from their start so that nothing is zero.
fn shaken(learner: &mut ClassifierLearner) -> [Vec<f64>; 3] {
    let mut rng = fastrand::Rng::with_seed(11);
    let mut shake = |values: &mut Vec<f32>| {
        values.iter_mut().for_each(|value| *value += 0.2 * (rng.f32() - 0.5));
        values.iter().map(|value| f64::from(*value)).collect::<Vec<f64>>()
    };
    let rows = shake(&mut learner.rows.values);
    let biases = learner.biases.as_mut().map_or(Vec::new(), |biases| shake(&mut biases.values));
    let adapter = learner.adapter.as_mut().map_or(Vec::new(), |adapter| shake(&mut adapter.values));
    [rows, biases, adapter]
}

/// Derivatives of a step, laid out like the parameters.
fn spread(learner: &ClassifierLearner, batch: &Batch, gradient: &Gradient) -> [Vec<f32>; 3] {
    let dimension = learner.rows.width();
    let mut rows = vec![0.0; learner.rows.values.len()];
    let mut biases = vec![0.0; learner.biases.as_ref().map_or(0, |biases| biases.values.len())];
    for (at, label) in gradient.labels.iter().map(|label| *label as usize).enumerate() {
        rows[label * dimension..(label + 1) * dimension]
            .copy_from_slice(&gradient.rows[at * dimension..(at + 1) * dimension]);
        if let Some(bias) = biases.get_mut(label) {
            *bias = gradient.biases[at];
        }
    }
    let mut adapter = vec![0.0; learner.adapter.as_ref().map_or(0, |adapter| adapter.values.len())];
    if let Some(inputs) = &gradient.inputs {
        for (input, derivative) in batch.inputs.chunks(dimension).zip(inputs.chunks(dimension)) {
            for (place, value) in adapter.iter_mut().enumerate() {
                *value += input[place / dimension] * derivative[place % dimension];
            }
        }
    }
    [rows, biases, adapter]
}

#[test]
fn derivatives_equal_differences_through_rows_biases_scale_and_adapter() {
    let problem = problem(4, 12, 9, 5, 1.0);
    for base in all_options().into_iter().take(5) {
        let start = Some(Calibration { scale: 3.0, offset: -1.0 });
        let options = ClassifierOptions { start, sampled_negatives: 3, ..base };
        let mut learner = problem.learner(&options);
        let mut moved = shaken(&mut learner);
        learner.begin(0, &|| false).unwrap();
        let batch = Batch::new(&learner, 0, 0);
        let list = batch.shortlist(&learner, batch.drawn_labels(&learner, 0, 0));
        let (loss, gradient) = learner.gradient(&batch, &list);
        let expected = plain_loss(&learner, &batch, &list, &moved);
        assert!((loss - expected).abs() < 1e-5, "{loss} {expected} {options:?}");
        for (kind, found) in spread(&learner, &batch, &gradient).into_iter().enumerate() {
            assert_eq!(found.len(), moved[kind].len());
            for (place, found) in found.into_iter().enumerate() {
                let at = moved[kind][place];
                moved[kind][place] = at + 1e-5;
                let above = plain_loss(&learner, &batch, &list, &moved);
                moved[kind][place] = at - 1e-5;
                let below = plain_loss(&learner, &batch, &list, &moved);
                moved[kind][place] = at;
                let expected = (above - below) / 2e-5;
                assert!((f64::from(found) - expected).abs() < 1e-4, "{kind} {place}: {found} {expected}");
            }
        }
    }
}

#[test]
fn one_vs_all_equals_a_batch_with_all_labels() {
    // More labels than a block holds.
    let problem = problem(5, 40, 2100, 6, 1.0);
    for all in all_options().into_iter().skip(5) {
        let all =
            ClassifierOptions { start: Some(Calibration { scale: 5.0, offset: -3.0 }), epochs: 1, ..all };
        let mut swept = problem.learner(&all);
        let mut plain = problem.learner(&ClassifierOptions { negatives: Negatives::Batch, ..all.clone() });
        for learner in [&mut swept, &mut plain] {
            shaken(learner);
        }
        let parts = swept.begin(0, &|| false).unwrap();
        plain.begin(0, &|| false).unwrap();
        let loss = (0..parts).map(|part| swept.step(0, part)).sum::<f64>() / parts as f64;
        let batch = Batch::new(&plain, 0, 0);
        let list = batch.shortlist(&plain, (0..2100).collect());
        let (expected, gradient) = plain.gradient(&batch, &list);
        let (adam, adapter) = plain.optimizers(0, 0);
        plain.apply(adam, &gradient);
        if let Some(inputs) = &gradient.inputs {
            plain.apply_to_adapter(adapter, &batch, inputs);
        }
        assert!((loss - expected).abs() < 1e-5 * expected, "{loss} {expected}");
        // First moments are a tenth of the derivatives; those of rows that nothing touched are zero in both.
        for ((name, a), (_, b)) in swept.state().into_iter().zip(plain.state()) {
            let same = a.iter().zip(b.iter()).all(|(a, b)| (a - b).abs() < 1e-6);
            assert!(same || !name.ends_with("first"), "{name} {all:?}");
        }
    }
}

#[test]
fn folding_equals_adapting() {
    let mut rng = fastrand::Rng::with_seed(7);
    let mut draw = |count: usize| (0..count).map(|_| rng.f32() - 0.5).collect::<Vec<f32>>();
    let (adapter, row, x) = (draw(49), draw(7), draw(7));
    let adapted: Vec<f32> =
        (0..7).map(|j| x[j] + (0..7).map(|i| x[i] * adapter[i * 7 + j]).sum::<f32>()).collect();
    assert!((dot(&fold(&adapter, &row), &x) - dot(&row, &adapted)).abs() < 1e-6);

    let problem = problem(8, 90, 20, 7, 1.0);
    let options = options(ClassifierLoss::CrossEntropy, Link::Sigmoid, Negatives::Batch);
    let mut learner = problem.learner(&ClassifierOptions { epochs: 3, ..options });
    run(&mut learner, &mut NoCheckpoint).unwrap();
    let (start, rows, biases) = (learner.start(), learner.rows.clone(), learner.biases.clone().unwrap());
    let trained = learner.finish();
    let adapter = trained.adapter.unwrap();
    assert!(adapter.iter().any(|value| *value != 0.0));
    for label in 0..20 {
        let folded: Vec<f32> = fold(&adapter, rows.row(label)).iter().map(|v| v * start.scale).collect();
        let served = &trained.rows[label * 7..(label + 1) * 7];
        assert!(served.iter().zip(&folded).all(|(a, b)| (a - b).abs() < 1e-4));
        assert!((trained.biases[label] - start.scale * biases.values[label]).abs() < 1e-5);
    }
}

#[test]
fn a_label_inserted_later_competes_with_trained_ones() {
    // Embeddings are near the truth, so that a new label's can be trusted.
    let problem = problem(9, 800, 40, 16, 0.3);
    for loss in [ClassifierLoss::CrossEntropy, ClassifierLoss::Softmax] {
        let mut learner = problem.learner(&options(loss, Link::Sigmoid, Negatives::Batch));
        run(&mut learner, &mut NoCheckpoint).unwrap();
        let mut trained = learner.finish();
        let adapter = trained.adapter.take().unwrap();
        // Five labels lose what they learned and come back as new ones.
        for label in (0..40).step_by(8) {
            let row = fold(&adapter, problem.labels.row(label));
            let served = &mut trained.rows[label * 16..(label + 1) * 16];
            served.iter_mut().zip(row).for_each(|(served, value)| *served = trained.scale * value);
            trained.biases[label] = trained.offset;
        }
        let after = problem.precision(&trained.rows, &trained.biases);
        assert!(after > 0.85, "{after} {} {}", trained.scale, trained.offset);
    }
}

#[test]
fn labels_without_pairs_stay_and_decay_pulls_back() {
    let mut problem = problem(10, 60, 20, 8, 1.0);
    problem.targets.width = 21;
    let mut values = problem.labels.values().to_vec();
    values.extend([1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    problem.labels = Arc::new(Vectors::new(8, values));
    let base = ClassifierOptions {
        hard_negatives: 0,
        sampled_negatives: 0,
        ..options(ClassifierLoss::Triplet(Triplet::hardest()), Link::Cosine, Negatives::Batch)
    };
    let distance = |weight_decay: f32| {
        let mut learner = problem.learner(&ClassifierOptions { weight_decay, ..base.clone() });
        run(&mut learner, &mut NoCheckpoint).unwrap();
        let rows = learner.finish().rows;
        assert_eq!(rows[160..], problem.labels.values()[160..]);
        rows.iter().zip(problem.labels.values()).map(|(a, b)| (a - b) * (a - b)).sum::<f32>()
    };
    assert!(distance(20.0) < 0.5 * distance(0.0));
}

#[test]
fn bad_input_is_refused() {
    let problem = problem(6, 20, 8, 4, 1.0);
    let base = options(ClassifierLoss::CrossEntropy, Link::Sigmoid, Negatives::Batch);
    let refused = |targets: Csr, weights: Option<Vec<f32>>, options: &ClassifierOptions| {
        let (points, labels) = (problem.points.clone(), Arc::clone(&problem.labels));
        let pairs = Pairs { weights, ..Pairs::new(targets) };
        let made = ClassifierLearner::new(&QUIET, points, labels, pairs, options.clone());
        matches!(made.err(), Some(TrainError::Input(_)))
    };
    let good = &problem.targets;
    assert!(!refused(good.clone(), None, &base));
    let triplet = ClassifierLoss::Triplet(Triplet::hardest());
    for options in [
        ClassifierOptions { link: Link::Cosine, ..base.clone() },
        ClassifierOptions { link: Link::Cosine, adapter: false, ..base.clone() },
        ClassifierOptions { loss: triplet, ..base.clone() },
        ClassifierOptions { dropout: 1.0, ..base.clone() },
        ClassifierOptions { dropout: f32::NAN, ..base.clone() },
        ClassifierOptions { lr: -1.0, ..base.clone() },
        ClassifierOptions { warmup: 2.0, ..base.clone() },
        ClassifierOptions { start: Some(Calibration { scale: 0.0, offset: 0.0 }), ..base.clone() },
        ClassifierOptions { batch: BatchOptions { size: 0, ..base.batch.clone() }, ..base.clone() },
    ] {
        assert!(refused(good.clone(), None, &options), "{options:?}");
    }
    let mut over = good.clone();
    over.values[3] = 1.5;
    assert!(refused(over, None, &base));
    assert!(refused(Csr { width: 9, ..good.clone() }, None, &base));
    assert!(refused(good.clone(), Some(vec![1.0; 3]), &base));
    assert!(refused(good.clone(), Some(vec![-1.0; 20]), &base));
    assert!(refused(good.clone(), Some(vec![0.0; 20]), &base));
    assert!(refused(Csr { offsets: vec![0; 21], width: 8, ..Csr::default() }, None, &base));
}
