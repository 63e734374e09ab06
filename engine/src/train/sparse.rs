//! The sparse ranker: one sparse weight row for each label over the terms of a text, and over its embedding
//! where wanted (the last step of XR-Transformer, Zhang et al., NeurIPS 2021, and of ELIAS++).
//!
//! A row tells the documents of its label from the hard negatives: documents for which the label was
//! shortlisted, but which do not have it. It is used to rank a shortlist again, never to search all labels.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::control::{BuildControl, TrainError, check_weights};
use super::csr::Csr;
use super::points::Vectors;
use super::svm::{self, Examples, Stop};
use crate::kernel::first_non_finite;

/// Labels whose rows are solved before they are appended.
const LABELS_AT_ONCE: usize = 4_096;
/// Labels that the rows of untrained labels are fitted to, evenly spaced.
const CALIBRATED_MAX: usize = 10_000;
/// Examples of one label that they are fitted to.
const CALIBRATED_EXAMPLES_MAX: usize = 64;
/// Newton steps of that fit; it has two or three unknowns, and ends much earlier.
const CALIBRATION_STEPS: usize = 30;

/// How rows are trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SparseOptions {
    /// The cost of a squared hinge loss against half the squared weights (C of LIBLINEAR).
    pub cost: f64,
    /// Factor of the cost of positives.
    pub positive: f64,
    /// Factor of the cost of negatives.
    pub negative: f64,
    /// Factor of the cost of the label's own text as a positive; 0 leaves it out.
    pub own_text: f64,
    /// The most rounds over the examples of a label.
    pub epochs: usize,
    /// Rounds end when the projected gradients differ by no more.
    pub tolerance: f64,
    /// Weights of terms that are less, without their sign, are dropped.
    pub threshold: f32,
    /// The same for weights of the embedding, which are many and small.
    pub embedding_threshold: f32,
    /// The most negatives of a label; more are drawn from at random.
    pub negatives: usize,
    /// Of all random choices.
    pub seed: u64,
}

impl Default for SparseOptions {
    /// The constants of PECOS, the own text as three positives, which was best on validation data of short
    /// texts, and all negatives: leaving some out costs much precision, since a label that is shortlisted
    /// often must learn to tell each of those documents.
    fn default() -> SparseOptions {
        SparseOptions {
            cost: 1.0,
            positive: 1.0,
            negative: 1.0,
            own_text: 3.0,
            epochs: 100,
            tolerance: 0.1,
            threshold: 0.1,
            embedding_threshold: 0.01,
            negatives: usize::MAX,
            seed: 0,
        }
    }
}

impl SparseOptions {
    fn check(&self) -> Result<(), TrainError> {
        let costs = [self.cost, self.positive, self.negative];
        let low = [self.own_text, self.tolerance, self.threshold.into(), self.embedding_threshold.into()];
        let usable = costs.iter().all(|cost| *cost > 0.0 && cost.is_finite())
            && low.iter().all(|value| *value >= 0.0 && value.is_finite())
            && self.epochs > 0;
        if usable {
            return Ok(());
        }
        Err(TrainError::Input(format!(
            "the sparse ranker cannot be trained with {self:?}: costs and epochs must be greater than 0, \
             the others 0 at least, all finite"
        )))
    }
}

/// What rows are trained on.
#[derive(Clone, Copy, Debug)]
pub struct SparseExamples<'a> {
    /// `[N, V]`: terms of the documents, as `Vocabulary::features` gives them.
    pub features: &'a Csr,
    /// `[N, D]`: normalised embeddings of the documents; without them rows are over terms alone.
    pub points: Option<&'a Vectors>,
    /// `[L, V]`: terms of the labels' own texts.
    pub label_features: &'a Csr,
    /// `[L, D]`: normalised embeddings of the labels' own texts; given only with `points`.
    pub label_points: Option<&'a Vectors>,
    /// `[N, L]`: the labels of each document; a value in (0, 1] is how much the pair counts.
    pub targets: &'a Csr,
    /// `[N, L]`: the labels that were shortlisted for each document. Values are not read.
    pub candidates: &'a Csr,
    /// `[N]`: factor of the cost of each document, 0 or more; None counts each as 1.
    pub weights: Option<&'a [f32]>,
}

impl SparseExamples<'_> {
    fn dimension(&self) -> usize {
        self.points.map_or(0, Vectors::dimension)
    }

    /// Whether all shapes fit one another and every number is finite.
    fn check(&self) -> Result<(), TrainError> {
        let refuse = |reason: String| Err(TrainError::Input(reason));
        let (documents, labels, terms) = (self.features.rows(), self.targets.width, self.features.width);
        let shape = |csr: &Csr| (csr.rows(), csr.width);
        for (name, found, expected) in [
            ("targets", shape(self.targets), (documents, labels)),
            ("candidates", shape(self.candidates), (documents, labels)),
            ("features of the labels", shape(self.label_features), (labels, terms)),
        ] {
            if found != expected {
                return refuse(format!(
                    "{name} are {} x {}, not {} x {}",
                    found.0, found.1, expected.0, expected.1
                ));
            }
        }
        let dimension = self.dimension();
        for (name, points, rows) in
            [("documents", self.points, documents), ("labels", self.label_points, labels)]
        {
            let Some(points) = points else { continue };
            if (points.len(), points.dimension()) != (rows, dimension) {
                let (found, of) = (points.len(), points.dimension());
                return refuse(format!(
                    "embeddings of the {name} are {found} x {of}, not {rows} x {dimension}"
                ));
            }
            if let Some(at) = first_non_finite(points.values()) {
                let (row, position) = (at / dimension, at % dimension);
                return Err(TrainError::NotFinite { row, position, value: points.values()[at] });
            }
        }
        let columns = (terms + dimension) as u64;
        if columns > u64::from(u32::MAX) || documents > u32::MAX as usize {
            return refuse(format!("{columns} columns or {documents} documents are more than {}", u32::MAX));
        }
        for (name, csr) in [("documents", self.features), ("labels", self.label_features)] {
            if first_non_finite(&csr.values).is_some() {
                return refuse(format!("a feature of the {name} is not finite"));
            }
        }
        if let Some(value) = self.targets.values.iter().find(|value| !(**value > 0.0 && **value <= 1.0)) {
            return refuse(format!("a target counts {value}; give more than 0, at most 1"));
        }
        check_weights(documents, self.weights)
    }
}

/// A trained ranker.
#[derive(Clone, Debug, PartialEq)]
pub struct SparseRanker {
    /// `[L, V + D]`: the weights; columns from V on belong to the embedding.
    pub rows: Csr,
    /// `[L]`
    pub biases: Vec<f32>,
    /// Number of terms, V.
    pub terms: usize,
    /// The row of a label without documents is this times the terms of its own text.
    pub scale: f32,
    /// The same for its embedding; 0 where the ranker does not read embeddings of labels.
    pub embedding_scale: f32,
    /// Its bias.
    pub offset: f32,
}

impl SparseRanker {
    /// The score of a row for a query's terms, ascending, and embedding (empty where rows have no such part).
    ///
    /// # Panics
    /// If there is no such row.
    pub fn score(&self, row: usize, features: &[(u32, f32)], embedding: &[f32]) -> f64 {
        let (columns, values) = self.rows.row(row);
        sparse_score(columns, values, self.biases[row], self.terms, features, embedding)
    }

    /// The row and the bias of a label without documents: its text, scaled so that its scores compete with
    /// those of trained labels. `features` are the terms of its text, ascending; `embedding` that of its
    /// text, empty where there is none.
    pub fn untrained_row(&self, features: &[(u32, f32)], embedding: &[f32]) -> (Vec<(u32, f32)>, f32) {
        let terms = features.iter().map(|(term, value)| (*term, value * self.scale));
        let first = self.terms as u32;
        let dense =
            embedding.iter().zip(first..).map(|(value, column)| (column, value * self.embedding_scale));
        let row = terms.chain(dense).filter(|(_, value)| *value != 0.0).collect();
        (row, self.offset)
    }
}

/// The score of a weight row, columns ascending, for a query: the bias and the products in the order of the
/// columns, in f64. Columns from `terms` on read the embedding; those beyond it count nothing.
/// [`SparseQuery`] gives the same bits faster where many rows are scored.
pub fn sparse_score(
    columns: &[u32],
    values: &[f32],
    bias: f32,
    terms: usize,
    features: &[(u32, f32)],
    embedding: &[f32],
) -> f64 {
    let mut sum = f64::from(bias);
    let mut from = 0;
    for (term, value) in features {
        from += columns[from..].partition_point(|column| column < term);
        if columns.get(from) == Some(term) {
            sum += f64::from(values[from]) * f64::from(*value);
        }
    }
    let dense = columns.partition_point(|column| (*column as usize) < terms);
    dense_score(sum, &columns[dense..], &values[dense..], terms, embedding)
}

/// Goes on with a sum over the columns that read the embedding.
fn dense_score(mut sum: f64, columns: &[u32], values: &[f32], terms: usize, embedding: &[f32]) -> f64 {
    for (column, weight) in columns.iter().zip(values) {
        let value = embedding.get(*column as usize - terms).copied().unwrap_or(0.0);
        sum += f64::from(*weight) * f64::from(value);
    }
    sum
}

/// A query that many rows are scored for.
///
/// Few columns of a row are terms of the query. A small filter of the query's terms, which stays in the
/// nearest cache, tells most of the others without a search; it costs about a nanosecond a column.
#[derive(Debug)]
pub struct SparseQuery<'a> {
    terms: usize,
    features: &'a [(u32, f32)],
    embedding: &'a [f32],
    /// A bit for the low bits of each term of the query.
    filter: Box<[u64]>,
}

/// Low bits of a column that number a bit of the filter.
const FILTER_BITS: u32 = 16;
/// A row this many times as long as the query is searched rather than walked.
const SEARCHED: usize = 64;

impl<'a> SparseQuery<'a> {
    /// Prepares a query for rows over `terms` terms: its terms, ascending, and its embedding, empty where
    /// the rows have no such part.
    pub fn new(terms: usize, features: &'a [(u32, f32)], embedding: &'a [f32]) -> SparseQuery<'a> {
        let mut filter = vec![0u64; 1 << (FILTER_BITS - 6)].into_boxed_slice();
        for (term, _) in features {
            let (word, bit) = filter_bit(*term);
            filter[word] |= bit;
        }
        SparseQuery { terms, features, embedding, filter }
    }

    /// The score of a weight row, columns ascending: the same bits as [`sparse_score`].
    pub fn score(&self, columns: &[u32], values: &[f32], bias: f32) -> f64 {
        if columns.len() / SEARCHED > self.features.len() {
            return sparse_score(columns, values, bias, self.terms, self.features, self.embedding);
        }
        let dense = columns.partition_point(|column| (*column as usize) < self.terms);
        let mut sum = f64::from(bias);
        for (column, weight) in columns[..dense].iter().zip(values) {
            let (word, bit) = filter_bit(*column);
            if self.filter[word] & bit != 0
                && let Ok(at) = self.features.binary_search_by_key(column, |(term, _)| *term)
            {
                sum += f64::from(*weight) * f64::from(self.features[at].1);
            }
        }
        dense_score(sum, &columns[dense..], &values[dense..], self.terms, self.embedding)
    }
}

/// The word and the bit of the filter that stand for a column.
fn filter_bit(column: u32) -> (usize, u64) {
    let low = column & ((1 << FILTER_BITS) - 1);
    ((low >> 6) as usize, 1 << (low & 63))
}

/// Trains a row for every label. Labels without any document get [`SparseRanker::untrained_row`].
///
/// Time is O(epochs x entries) over the documents and negatives of all labels; memory, besides the input
/// and the rows, is 4 bytes for each candidate, 8 for each target, and 4 bytes a term for each thread. The
/// result depends on the input and the seed alone.
///
/// # Errors
/// [`TrainError::Input`] or [`TrainError::NotFinite`] where shapes, numbers or options cannot be worked with;
/// [`TrainError::Cancelled`] when asked to stop.
pub fn train_sparse(
    examples: SparseExamples<'_>,
    options: &SparseOptions,
    control: &BuildControl<'_>,
) -> Result<SparseRanker, TrainError> {
    options.check()?;
    examples.check()?;
    let (labels, terms) = (examples.targets.width, examples.features.width);
    let trainer = Trainer {
        examples,
        options,
        positives: examples.targets.transposed(),
        candidates: Turned::new(examples.candidates),
        scratches: Mutex::new(Vec::new()),
    };
    let (scale, embedding_scale, offset) = trainer.calibrate(control)?;
    let rows = Csr::new(terms + examples.dimension());
    let mut ranker = SparseRanker { rows, biases: Vec::new(), terms, scale, embedding_scale, offset };
    let done = AtomicU64::new(0);
    for first in (0..labels).step_by(LABELS_AT_ONCE) {
        let block: Vec<(Vec<(u32, f32)>, f32)> = (first..labels.min(first + LABELS_AT_ONCE))
            .into_par_iter()
            .map(|label| {
                if (control.cancelled)() {
                    return Err(TrainError::Cancelled);
                }
                let row = trainer.row(label, &ranker);
                (control.progress)(done.fetch_add(1, Ordering::Relaxed) + 1, labels as u64);
                Ok(row)
            })
            .collect::<Result<_, _>>()?;
        for (mut row, bias) in block {
            ranker.rows.push(&mut row);
            ranker.biases.push(bias);
        }
    }
    Ok(ranker)
}

/// Which rows each column of a matrix is in; the values are left out.
struct Turned {
    offsets: Vec<usize>,
    rows: Vec<u32>,
}

impl Turned {
    fn new(matrix: &Csr) -> Turned {
        let mut offsets = vec![0usize];
        offsets.extend(matrix.column_counts().iter().scan(0, |sum, count| {
            *sum += *count as usize;
            Some(*sum)
        }));
        let mut next = offsets.clone();
        let mut rows = vec![0u32; matrix.entries()];
        for row in 0..matrix.rows() {
            for column in matrix.row(row).0 {
                let at = &mut next[*column as usize];
                rows[*at] = row as u32;
                *at += 1;
            }
        }
        Turned { offsets, rows }
    }

    /// The rows that a column is in, ascending.
    fn column(&self, column: usize) -> &[u32] {
        &self.rows[self.offsets[column]..self.offsets[column + 1]]
    }
}

/// Numbers the terms of one label's examples from 0, so that its problem is small and dense.
struct Scratch {
    /// The number of each term; `u32::MAX` for those without.
    numbers: Vec<u32>,
    /// The terms in the order of their numbers.
    terms: Vec<u32>,
}

impl Scratch {
    fn number(&mut self, term: u32) -> u32 {
        let number = &mut self.numbers[term as usize];
        if *number == u32::MAX {
            *number = self.terms.len() as u32;
            self.terms.push(term);
        }
        *number
    }

    fn clear(&mut self) {
        for term in self.terms.drain(..) {
            self.numbers[term as usize] = u32::MAX;
        }
    }
}

/// Everything that the rows of all labels are made from.
struct Trainer<'a> {
    examples: SparseExamples<'a>,
    options: &'a SparseOptions,
    /// `[L, N]`: the documents of each label.
    positives: Csr,
    /// The documents that each label was shortlisted for.
    candidates: Turned,
    /// Scratches that no thread uses now. All of them are clear, so it does not matter who takes which.
    scratches: Mutex<Vec<Scratch>>,
}

impl<'a> Trainer<'a> {
    /// The generator of a label's random choices.
    fn random(&self, label: usize) -> fastrand::Rng {
        fastrand::Rng::with_seed(self.options.seed ^ (label as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    /// The negatives of a label, ascending, and the cost of each. Where some are left out the others count
    /// for them: labels that are shortlisted often would else score too high.
    fn negatives(&self, label: usize, random: &mut fastrand::Rng) -> (Vec<u32>, f64) {
        let positives = self.positives.row(label).0;
        let shortlisted = self.candidates.column(label).iter().copied();
        let negative =
            |document: &u32| positives.binary_search(document).is_err() && self.weight(*document) > 0.0;
        let mut negatives: Vec<u32> = shortlisted.filter(negative).collect();
        let (all, most) = (negatives.len(), self.options.negatives);
        if all > most {
            for at in 0..most {
                negatives.swap(at, random.usize(at..all));
            }
            negatives.truncate(most);
            negatives.sort_unstable();
        }
        let share = all as f64 / negatives.len().max(1) as f64;
        (negatives, self.options.cost * self.options.negative * share)
    }

    /// The row and the bias of a label.
    fn row(&self, label: usize, ranker: &SparseRanker) -> (Vec<(u32, f32)>, f32) {
        let own = self.examples.label_features.row(label);
        let own_point = self.examples.label_points.map_or(&[][..], |points| points.row(label));
        let (documents, values) = self.positives.row(label);
        if !documents.iter().any(|document| self.weight(*document) > 0.0) {
            let features: Vec<(u32, f32)> = own.0.iter().copied().zip(own.1.iter().copied()).collect();
            return ranker.untrained_row(&features, own_point);
        }
        let options = self.options;
        let mut random = self.random(label);
        let mut scratch = self.take();
        let mut examples = Examples { offsets: vec![0], ..Examples::default() };
        let mut add = |terms: (&[u32], &[f32]), dense: &'a [f32], sign: f64, cost: f64| {
            examples.columns.extend(terms.0.iter().map(|term| scratch.number(*term)));
            examples.values.extend_from_slice(terms.1);
            examples.offsets.push(examples.columns.len());
            examples.dense.push(dense);
            examples.signs.push(sign);
            examples.costs.push(cost);
        };
        // A document of weight 0 is none.
        let counted = documents.iter().zip(values).filter(|(document, _)| self.weight(**document) > 0.0);
        for (document, value) in counted {
            let cost = options.cost * options.positive * f64::from(*value) * self.weight(*document);
            add(self.terms(*document), self.point(*document), 1.0, cost);
        }
        if options.own_text > 0.0 && !own.0.is_empty() {
            add(own, own_point, 1.0, options.cost * options.own_text);
        }
        let (negatives, cost) = self.negatives(label, &mut random);
        for document in negatives {
            add(self.terms(document), self.point(document), -1.0, cost * self.weight(document));
        }
        let stop = Stop { epochs: options.epochs, tolerance: options.tolerance };
        let (columns, dimension) = (scratch.terms.len(), self.examples.dimension());
        let weights = svm::solve(&examples, columns, dimension, stop, &mut random);
        let sparse = scratch.terms.iter().copied().zip(weights.sparse.iter().map(|weight| *weight as f32));
        let mut row: Vec<(u32, f32)> =
            sparse.filter(|(_, weight)| weight.abs() >= options.threshold).collect();
        row.sort_unstable_by_key(|(term, _)| *term);
        let first = self.examples.features.width as u32;
        let dense = (first..).zip(weights.dense.iter().map(|weight| *weight as f32));
        row.extend(dense.filter(|(_, weight)| weight.abs() >= options.embedding_threshold));
        row.retain(|(_, weight)| *weight != 0.0);
        scratch.clear();
        self.give_back(scratch);
        (row, weights.bias as f32)
    }

    fn weight(&self, document: u32) -> f64 {
        self.examples.weights.map_or(1.0, |weights| weights[document as usize].into())
    }

    fn terms(&self, document: u32) -> (&'a [u32], &'a [f32]) {
        self.examples.features.row(document as usize)
    }

    fn point(&self, document: u32) -> &'a [f32] {
        self.examples.points.map_or(&[][..], |points| points.row(document as usize))
    }

    fn take(&self) -> Scratch {
        let free = self.scratches.lock().ok().and_then(|mut scratches| scratches.pop());
        let terms = self.examples.features.width;
        free.unwrap_or_else(|| Scratch { numbers: vec![u32::MAX; terms], terms: Vec::new() })
    }

    fn give_back(&self, scratch: Scratch) {
        if let Ok(mut scratches) = self.scratches.lock() {
            scratches.push(scratch);
        }
    }

    /// The scale of terms, the scale of the embedding and the offset with which the own texts of labels
    /// that do have documents tell them best from their negatives, by the loss that rows are trained with.
    fn calibrate(&self, control: &BuildControl<'_>) -> Result<(f32, f32, f32), TrainError> {
        let trained: Vec<usize> = (0..self.examples.targets.width)
            .filter(|label| !self.positives.row(*label).0.is_empty())
            .filter(|label| !self.examples.label_features.row(*label).0.is_empty())
            .collect();
        let mut pairs = self.all_pairs(&trained, true, control)?;
        if pairs.iter().all(|pair| pair.sign < 0.0) {
            // The candidates are negatives alone.
            pairs = self.all_pairs(&trained, false, control)?;
        }
        let [scale, embedding_scale, offset] = fit(&pairs);
        // A text that tells against its own label is not believed.
        Ok((scale.max(0.0) as f32, embedding_scale.max(0.0) as f32, offset as f32))
    }

    /// The examples of some of the labels, evenly spaced.
    fn all_pairs(
        &self,
        trained: &[usize],
        shortlisted: bool,
        control: &BuildControl<'_>,
    ) -> Result<Vec<Pair>, TrainError> {
        let labels = trained.len().min(CALIBRATED_MAX);
        let pairs: Vec<Vec<Pair>> = (0..labels)
            .into_par_iter()
            .map(|at| {
                if (control.cancelled)() {
                    return Err(TrainError::Cancelled);
                }
                Ok(self.pairs(trained[at * trained.len() / labels], shortlisted))
            })
            .collect::<Result<_, _>>()?;
        Ok(pairs.into_iter().flatten().collect())
    }

    /// The examples of a label as its own text sees them; with `shortlisted`, positives that are no
    /// candidates are left out: negatives were shortlisted because they are like the label, so only
    /// positives that were shortlisted too can be compared with them.
    fn pairs(&self, label: usize, shortlisted: bool) -> Vec<Pair> {
        let (terms, values) = self.examples.label_features.row(label);
        let own: Vec<(u32, f32)> = terms.iter().copied().zip(values.iter().copied()).collect();
        let own_point = self.examples.label_points.map_or(&[][..], |points| points.row(label));
        let own_point: Vec<f64> = own_point.iter().map(|value| f64::from(*value)).collect();
        let options = self.options;
        let (documents, values) = self.positives.row(label);
        let candidates = self.candidates.column(label);
        let known = |document: &u32| {
            self.weight(*document) > 0.0 && (!shortlisted || candidates.binary_search(document).is_ok())
        };
        let positives = documents.iter().zip(values).filter(|(document, _)| known(document));
        let positive = options.cost * options.positive;
        let positives = positives
            .map(|(document, value)| (*document, 1.0, positive * f64::from(*value) * self.weight(*document)));
        let (negatives, cost) = self.negatives(label, &mut self.random(label));
        let negatives = negatives.iter().map(|document| (*document, -1.0, cost * self.weight(*document)));
        let all: Vec<(u32, f64, f64)> = positives.chain(negatives).collect();
        // Evenly spaced, so that the share of positives stays.
        let count = all.len().min(CALIBRATED_EXAMPLES_MAX);
        let chosen = (0..count).map(|at| all[at * all.len() / count]);
        chosen
            .map(|(document, sign, cost)| {
                let (columns, values) = self.terms(document);
                let terms = sparse_score(columns, values, 0.0, self.examples.features.width, &own, &[]);
                let dense = svm::dot(&own_point, self.point(document));
                Pair { x: [terms, dense, 1.0], sign, cost }
            })
            .collect()
    }
}

/// A document as the own text of a label sees it: products of the terms, of the embeddings, and 1.
struct Pair {
    x: [f64; 3],
    sign: f64,
    cost: f64,
}

/// The three factors of least squared hinge loss. The loss is quadratic between the places where examples
/// begin to count, so Newton's steps end at the minimum; one that does not lower the loss is halved.
fn fit(pairs: &[Pair]) -> [f64; 3] {
    let product = |factors: &[f64], x: &[f64; 3]| factors.iter().zip(x).map(|(a, b)| a * b).sum::<f64>();
    // The penalty only keeps a factor at 0 whose product always is.
    let loss = |factors: &[f64]| {
        let losses = pairs
            .iter()
            .map(|pair| pair.cost * (1.0 - pair.sign * product(factors, &pair.x)).max(0.0).powi(2));
        losses.sum::<f64>() + 1e-6 * factors.iter().map(|factor| factor * factor).sum::<f64>()
    };
    if pairs.is_empty() {
        // Nothing to compare with: the cosine itself, at most on the margin.
        return [1.0, 1.0, -1.0];
    }
    let mut here = [0.0f64; 3];
    for _ in 0..CALIBRATION_STEPS {
        let mut gradient: Vec<f64> = here.iter().map(|factor| 2e-6 * factor).collect();
        let mut second = vec![2e-6, 0.0, 0.0, 0.0, 2e-6, 0.0, 0.0, 0.0, 2e-6];
        for pair in pairs {
            let slack = 1.0 - pair.sign * product(&here, &pair.x);
            if slack <= 0.0 {
                continue;
            }
            for (at, x) in pair.x.iter().enumerate() {
                gradient[at] -= 2.0 * pair.cost * slack * pair.sign * x;
                for (other, y) in pair.x.iter().enumerate() {
                    second[at * 3 + other] += 2.0 * pair.cost * x * y;
                }
            }
        }
        let step = super::logistic::solve(second, &gradient);
        let before = loss(&here);
        let moved = |part: f64| [0, 1, 2].map(|at| here[at] - part * step[at]);
        let better =
            [1.0, 0.5, 0.25, 0.125, 0.03, 0.01].map(moved).into_iter().find(|there| loss(there) < before);
        match better {
            Some(there) => here = there,
            None => break,
        }
    }
    here
}

#[cfg(test)]
#[path = "sparse_tests.rs"]
mod tests;
