//! Losses over a block of scores: one row for each document of a batch, one column for each label.
//!
//! Stored entries of `targets` are a document's labels; everything else in the block is a negative. All
//! losses are means over the documents. Rows go over all threads and never share a sum, and the sum over rows
//! is taken in order, so nothing depends on the number of threads.

use rayon::prelude::*;

use super::csr::Csr;

/// Rows that one task works on.
const ROWS_AT_ONCE: usize = 32;

/// Which of a document's labels stand on the positive side of a [`Triplet`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Positives {
    /// The label in the column of the document's own number: a batch in which every document drew one label,
    /// which has to be stored in its targets.
    Diagonal,
    /// The labels with the least scores, at most so many.
    Hardest(usize),
}

/// How the hinges of a positive's negatives are weighted; the weights of one positive add up to one, and
/// negatives without loss weigh nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Weighting {
    /// `softmax(s / temperature)` over the negatives' scores.
    Score(f32),
    /// `softmax(hinge)`.
    Hinge,
}

/// Hinge loss on pairs of a positive p and a hard negative n of one document:
/// `max(0, s_n - s_p + margin)`, weighted, averaged over the places for positives times the places for
/// negatives, filled or not, as the released code of DEXA (KDD 2023) does.
///
/// Terms are multiplied by the target of their positive, 1 for ordinary labels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Triplet {
    /// By how much a positive should lead.
    pub margin: f32,
    /// Which positives take part.
    pub positives: Positives,
    /// How many negatives, those with the greatest scores.
    pub negatives: usize,
    /// Weights of the negatives.
    pub weighting: Weighting,
    /// Whether the weights are differentiated too. The released code does, since nothing detaches them; a
    /// negative that is much easier than the others is then pulled closer. Without it the weights are
    /// constants.
    pub through_weights: bool,
}

impl Triplet {
    /// The loss of the encoder and of auxiliary vectors (`TripletMarginLossOHNM` of DEXA, module I): margin
    /// 0.3, the diagonal, ten negatives weighted by `softmax(s / 0.1)`.
    pub fn in_batch() -> Triplet {
        Triplet {
            margin: 0.3,
            positives: Positives::Diagonal,
            negatives: 10,
            weighting: Weighting::Score(0.1),
            through_weights: true,
        }
    }

    /// The loss of classifiers (`TripletMarginLossOHNMMulti` of DEXA, module II): margin 0.2, the three
    /// hardest positives against the five hardest negatives, weighted by `softmax(hinge)`.
    pub fn hardest() -> Triplet {
        Triplet {
            margin: 0.2,
            positives: Positives::Hardest(3),
            negatives: 5,
            weighting: Weighting::Hinge,
            through_weights: true,
        }
    }

    /// Mean loss of a block and its derivative by the scores, which is sparse: a few entries a document.
    /// `scores` is `[n, width]` for the n rows of `targets`, whose width it shares; `weights` multiplies the
    /// loss of each document.
    ///
    /// # Panics
    /// If the shapes do not fit, or the diagonal leaves the block.
    pub fn block(&self, scores: &[f32], targets: &Csr, weights: Option<&[f32]>) -> (f64, Csr) {
        let (count, width) = (targets.rows(), targets.width);
        assert_eq!(scores.len(), count * width, "one score for each document and label");
        let rows: Vec<(f64, Vec<(u32, f32)>)> = (0..count)
            .into_par_iter()
            .with_min_len(ROWS_AT_ONCE)
            .map(|row| {
                let weight = weights.map_or(1.0, |weights| weights[row]) / count as f32;
                self.row(row, &scores[row * width..(row + 1) * width], targets.row(row), weight)
            })
            .collect();
        let mut loss = 0.0;
        let mut gradient = Csr::new(width);
        for (value, mut entries) in rows {
            loss += value;
            gradient.push(&mut entries);
        }
        (loss, gradient)
    }

    /// Loss of one document times `weight`, and its derivative; no column comes twice.
    fn row(
        &self,
        row: usize,
        scores: &[f32],
        (columns, targets): (&[u32], &[f32]),
        weight: f32,
    ) -> (f64, Vec<(u32, f32)>) {
        let positives = match self.positives {
            Positives::Diagonal => vec![(row as u32, 1.0)],
            Positives::Hardest(count) => easiest_last(scores, columns, targets, count),
        };
        let places = match self.positives {
            Positives::Diagonal => 1,
            Positives::Hardest(count) => count.max(1),
        };
        let negatives = hardest_negatives(scores, columns, self.negatives);
        let mut entries: Vec<(u32, f32)> = negatives.iter().map(|column| (*column, 0.0)).collect();
        let weight = weight / (places * self.negatives.max(1)) as f32;
        let mut loss = 0.0;
        for (positive, target) in positives {
            let (value, moved) =
                self.pairs(scores, positive, weight * target, &mut entries[..negatives.len()]);
            loss += value;
            if moved != 0.0 {
                entries.push((positive, -moved));
            }
        }
        (loss, entries)
    }

    /// Adds the derivatives of one positive's pairs to its negatives; gives the loss and minus the derivative
    /// by the positive's score.
    fn pairs(&self, scores: &[f32], positive: u32, weight: f32, negatives: &mut [(u32, f32)]) -> (f64, f32) {
        let lead = scores[positive as usize] - self.margin;
        let hinges: Vec<f32> = negatives.iter().map(|(n, _)| (scores[*n as usize] - lead).max(0.0)).collect();
        let steepness = match self.weighting {
            Weighting::Score(temperature) => 1.0 / temperature,
            Weighting::Hinge => 1.0,
        };
        // Scores and hinges differ by a constant among negatives with a loss, which a softmax does not see.
        let top = hinges.iter().fold(0.0f32, |top, hinge| top.max(*hinge));
        if top <= 0.0 {
            return (0.0, 0.0);
        }
        let share = |hinge: f32| if hinge > 0.0 { ((hinge - top) * steepness).exp() } else { 0.0 };
        let total: f32 = hinges.iter().map(|hinge| share(*hinge)).sum();
        let mean: f32 = hinges.iter().map(|hinge| share(*hinge) * hinge).sum::<f32>() / total;
        for ((_, derivative), hinge) in negatives.iter_mut().zip(&hinges) {
            let part = share(*hinge) / total;
            let turn = if self.through_weights { steepness * (hinge - mean) } else { 0.0 };
            *derivative += weight * part * (1.0 + turn);
        }
        // The weights add up to one, and the positive moves all of them alike.
        (f64::from(weight) * f64::from(mean), weight)
    }
}

/// The positives with the least scores, at most `count`, with their targets; of equal scores the smaller
/// column.
fn easiest_last(scores: &[f32], columns: &[u32], targets: &[f32], count: usize) -> Vec<(u32, f32)> {
    let mut found: Vec<(u32, f32)> = columns.iter().copied().zip(targets.iter().copied()).collect();
    found.sort_by(|a, b| scores[a.0 as usize].total_cmp(&scores[b.0 as usize]));
    found.truncate(count);
    found
}

/// The columns with the greatest scores that are not in `positives` (ascending), at most `count`, best first;
/// of equal scores the smaller column.
pub fn hardest_negatives(scores: &[f32], positives: &[u32], count: usize) -> Vec<u32> {
    let mut best: Vec<(f32, u32)> = Vec::with_capacity(count + 1);
    if count == 0 {
        return Vec::new();
    }
    let mut offer = |from: usize, to: usize| {
        for (column, score) in (from..to).zip(&scores[from..to]) {
            if best.len() == count && *score <= best[count - 1].0 {
                continue;
            }
            let at = best.partition_point(|(held, _)| held >= score);
            best.insert(at, (*score, column as u32));
            best.truncate(count);
        }
    };
    let mut from = 0;
    for positive in positives {
        offer(from, *positive as usize);
        from = *positive as usize + 1;
    }
    offer(from, scores.len());
    best.into_iter().map(|(_, column)| column).collect()
}

/// Binary cross-entropy of a block of logits against its targets (0 where nothing is stored), summed over the
/// labels and averaged over the documents; `logits`, `[n, width]`, become the derivatives. `weights`
/// multiplies the loss of each document.
///
/// With `s` a logit and t its target the loss is `max(s, 0) - s t + ln(1 + exp(-|s|))`.
///
/// # Panics
/// If the shapes do not fit.
pub fn binary_cross_entropy(logits: &mut [f32], targets: &Csr, weights: Option<&[f32]>) -> f64 {
    let count = targets.rows() as f32;
    over_rows(logits, targets, |row, logits| {
        let weight = weights.map_or(1.0, |weights| weights[row]) / count;
        let (columns, values) = targets.row(row);
        let mut loss = 0.0;
        for (column, target) in columns.iter().zip(values) {
            loss -= f64::from(*target) * f64::from(logits[*column as usize]);
        }
        loss += bce_row(logits, weight);
        for (column, target) in columns.iter().zip(values) {
            logits[*column as usize] -= weight * target;
        }
        loss * f64::from(weight)
    })
}

/// `sum of ln(1 + exp(s))` of a row, whose logits become `weight * sigmoid(s)`.
fn bce_row(logits: &mut [f32], weight: f32) -> f64 {
    let mut loss = 0.0;
    for block in logits.chunks_mut(256) {
        // The logarithm of a product is taken once for many factors between 1 and 2.
        let mut product = 1.0f64;
        let mut sum = 0.0f64;
        for logit in block {
            let shrunk = (-logit.abs()).exp();
            product *= f64::from(1.0 + shrunk);
            sum += f64::from(logit.max(0.0));
            let part = shrunk / (1.0 + shrunk);
            *logit = weight * if *logit >= 0.0 { 1.0 - part } else { part };
        }
        loss += sum + product.ln();
    }
    loss
}

/// Decoupled softmax (Gupta et al., DEXML, ICLR 2024, equation 4): for each positive p of a document
/// `-ln(exp(s_p) / (exp(s_p) + sum over negatives of exp(s_n)))`, averaged over the positives with their
/// targets as weights, then over the documents. Other positives stay out of the denominator, so that a
/// document's labels do not compete. `logits`, `[n, width]`, become the derivatives.
///
/// # Panics
/// If the shapes do not fit.
pub fn decoupled_softmax(logits: &mut [f32], targets: &Csr, weights: Option<&[f32]>) -> f64 {
    let count = targets.rows() as f32;
    over_rows(logits, targets, |row, logits| {
        let weight = weights.map_or(1.0, |weights| weights[row]) / count;
        let (columns, values) = targets.row(row);
        let mut mass = Mass::default();
        mass.add(logits, columns);
        let positives: Vec<f32> = columns.iter().map(|column| logits[*column as usize]).collect();
        let terms = SoftmaxTerms::new(mass, &positives, values, weight);
        for logit in logits.iter_mut() {
            *logit = terms.negative(*logit);
        }
        for (column, derivative) in columns.iter().zip(&terms.positives) {
            logits[*column as usize] = *derivative;
        }
        terms.loss
    })
}

/// `sum of exp(s)` over the negatives of a document, as `exp(top) * sum`, so that labels can be added block
/// after block.
#[derive(Clone, Copy, Debug)]
pub struct Mass {
    top: f32,
    sum: f64,
}

impl Default for Mass {
    fn default() -> Mass {
        Mass { top: f32::NEG_INFINITY, sum: 0.0 }
    }
}

impl Mass {
    /// Adds the scores of a block without those of `positives`, columns of the block, ascending.
    pub fn add(&mut self, scores: &[f32], positives: &[u32]) {
        let mut from = 0;
        for positive in positives {
            self.add_all(&scores[from..*positive as usize]);
            from = *positive as usize + 1;
        }
        self.add_all(&scores[from..]);
    }

    fn add_all(&mut self, scores: &[f32]) {
        let top = scores.iter().fold(self.top, |top, score| top.max(*score));
        if top == f32::NEG_INFINITY {
            return;
        }
        self.sum *= f64::from((self.top - top).exp());
        self.top = top;
        for block in scores.chunks(64) {
            self.sum += f64::from(block.iter().map(|score| (score - top).exp()).sum::<f32>());
        }
    }

    /// The logarithm of the sum; minus infinity for no score.
    pub fn ln(self) -> f64 {
        f64::from(self.top) + self.sum.ln()
    }
}

/// Loss and derivatives of one document's decoupled softmax.
#[derive(Clone, Debug)]
pub struct SoftmaxTerms {
    /// Loss times the document's weight.
    pub loss: f64,
    /// Derivative by the score of each positive.
    pub positives: Vec<f32>,
    /// Logarithm of the factor that makes `exp(s)` of a negative its derivative.
    shift: f32,
}

impl SoftmaxTerms {
    /// From the mass of the negatives and the scores and targets of the positives.
    pub fn new(mass: Mass, scores: &[f32], targets: &[f32], weight: f32) -> SoftmaxTerms {
        let total: f64 = targets.iter().map(|target| f64::from(*target)).sum();
        let (mut loss, mut pull) = (0.0, 0.0);
        let mut positives = Vec::with_capacity(scores.len());
        for (score, target) in scores.iter().zip(targets) {
            let gap = mass.ln() - f64::from(*score);
            let part = f64::from(weight) * f64::from(*target) / total.max(f64::MIN_POSITIVE);
            let wrong = 1.0 / (1.0 + (-gap).exp());
            loss += part * (gap.max(0.0) + (-gap.abs()).exp().ln_1p());
            pull += part * wrong;
            positives.push(-(part * wrong) as f32);
        }
        SoftmaxTerms { loss, positives, shift: (pull.ln() - mass.ln()) as f32 }
    }

    /// Derivative by the score of a negative.
    pub fn negative(&self, score: f32) -> f32 {
        (score + self.shift).exp()
    }
}

/// Works on every row of a block; gives the sum of what the rows gave, in order.
fn over_rows(block: &mut [f32], targets: &Csr, work: impl Fn(usize, &mut [f32]) -> f64 + Sync) -> f64 {
    let width = targets.width;
    assert_eq!(block.len(), targets.rows() * width, "one logit for each document and label");
    if width == 0 {
        return 0.0;
    }
    let rows = block.par_chunks_mut(width).enumerate().with_min_len(ROWS_AT_ONCE);
    let losses: Vec<f64> = rows.map(|(row, logits)| work(row, logits)).collect();
    losses.into_iter().sum()
}

/// `gradient` (n rows, m wide) times `rows`, `[m, dimension]`: `[n, dimension]`. The work is that of the
/// stored entries, and goes over all threads by rows of the result. With [`Csr::transposed`] it gives the
/// other side's gradient.
///
/// # Panics
/// If `rows` has not one row for each column.
pub fn sparse_product(gradient: &Csr, rows: &[f32], dimension: usize) -> Vec<f32> {
    assert_eq!(rows.len(), gradient.width * dimension, "one row for each column");
    let mut out = vec![0.0f32; gradient.rows() * dimension];
    let places = out.par_chunks_mut(dimension.max(1)).enumerate().with_min_len(ROWS_AT_ONCE);
    places.for_each(|(row, out)| {
        let (columns, values) = gradient.row(row);
        for (column, value) in columns.iter().zip(values) {
            let start = *column as usize * dimension;
            let source = &rows[start..start + dimension];
            out.iter_mut().zip(source).for_each(|(out, source)| *out += value * source);
        }
    });
    out
}

/// Which columns of a batch are positives of which of its documents, where column j is label `labels[j]` and
/// row i is document `documents[i]` of `targets`. A label that several documents drew has several columns.
pub fn batch_positives(documents: &[u32], labels: &[u32], targets: &Csr) -> Csr {
    let mut columns_of: Vec<(u32, u32)> = labels.iter().copied().zip(0..).collect();
    columns_of.sort_unstable();
    let mut found = Csr::new(labels.len());
    let mut row = Vec::new();
    for document in documents {
        row.clear();
        let (own, values) = targets.row(*document as usize);
        for (label, value) in own.iter().zip(values) {
            let start = columns_of.partition_point(|(held, _)| held < label);
            let same = columns_of[start..].iter().take_while(|(held, _)| held == label);
            row.extend(same.map(|(_, column)| (*column, *value)));
        }
        found.push(&mut row);
    }
    found
}

#[cfg(test)]
#[path = "loss_tests.rs"]
mod tests;
