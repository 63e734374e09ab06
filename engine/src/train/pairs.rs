//! What is known of documents and labels.

use super::control::{TrainError, check_weights};
use super::csr::Csr;

/// The score of a pair that is left out of a loss: less than any other, so that it is no hard negative and
/// no exponential of it is over zero, and still a finite number.
const LEFT_OUT: f32 = -1e4;

/// Training pairs of n documents and L labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pairs {
    /// `[n, L]`: values over 0 and up to 1; LEVER's are soft. What is not stored is a negative.
    pub targets: Csr,
    /// `[m, L]`, m at most n: pairs that are neither right nor wrong, columns ascending, none of them in
    /// `targets`. Values are not read. Documents from m on have none.
    pub excluded: Option<Csr>,
    /// `[n]`: how much the loss of each document counts, 0 or more; None counts each as 1.
    pub weights: Option<Vec<f32>>,
}

impl Pairs {
    /// Pairs that all count alike.
    pub fn new(targets: Csr) -> Pairs {
        Pairs { targets, excluded: None, weights: None }
    }

    /// Labels that are neither right nor wrong for a document.
    pub fn excluded(&self, document: u32) -> &[u32] {
        let known = self.excluded.as_ref().filter(|excluded| (document as usize) < excluded.rows());
        known.map_or(&[][..], |excluded| excluded.row(document as usize).0)
    }

    /// How much the loss of a document counts.
    pub fn weight(&self, document: u32) -> f32 {
        self.weights.as_ref().map_or(1.0, |weights| weights[document as usize])
    }

    /// The weights of some documents, where there are any.
    pub fn weights_of(&self, documents: &[u32]) -> Option<Vec<f32>> {
        self.weights.as_ref().map(|all| documents.iter().map(|document| all[*document as usize]).collect())
    }

    /// Takes the scores of excluded pairs out of every loss. `scores` is `[documents, labels]`; a label may
    /// come twice.
    pub fn leave_out(&self, scores: &mut [f32], documents: &[u32], labels: &[u32]) {
        if self.excluded.is_none() || labels.is_empty() {
            return;
        }
        let mut places: Vec<(u32, usize)> = labels.iter().copied().zip(0..).collect();
        places.sort_unstable();
        for (scores, document) in scores.chunks_mut(labels.len()).zip(documents) {
            for label in self.excluded(*document) {
                let start = places.partition_point(|(held, _)| held < label);
                let same = places[start..].iter().take_while(|(held, _)| held == label);
                same.for_each(|(_, place)| scores[*place] = LEFT_OUT);
            }
        }
    }

    /// Refuses pairs that do not fit documents and labels.
    pub(super) fn check(&self, documents: usize, labels: usize) -> Result<(), TrainError> {
        let refuse = |reason: String| Err(TrainError::Input(reason));
        let (rows, width) = (self.targets.rows(), self.targets.width);
        if (rows, width) != (documents, labels) {
            return refuse(format!(
                "targets are {rows} x {width} for {documents} points and {labels} labels"
            ));
        }
        if let Some(value) = self.targets.values.iter().find(|value| !(**value > 0.0 && **value <= 1.0)) {
            return refuse(format!("a target is {value}; give numbers over 0 and up to 1"));
        }
        if let Some(excluded) = &self.excluded
            && (excluded.rows() > documents || excluded.width != labels)
        {
            let (rows, width) = (excluded.rows(), excluded.width);
            return refuse(format!(
                "excluded pairs are {rows} x {width} for {documents} points and {labels} labels"
            ));
        }
        check_weights(documents, self.weights.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excluded_pairs_take_part_in_no_loss() {
        use crate::train::loss::{Triplet, binary_cross_entropy, decoupled_softmax};
        let mut rng = fastrand::Rng::with_seed(3);
        let (documents, labels) = ([4u32, 1, 3], [7u32, 2, 5, 2, 9, 8]);
        let mut excluded = Csr::new(10);
        for row in [&[][..], &[2, 9], &[], &[1], &[5]] {
            excluded.push(&mut row.iter().map(|label| (*label, 1.0)).collect());
        }
        let pairs = Pairs { excluded: Some(excluded), ..Pairs::new(Csr::new(10)) };
        let scores: Vec<f32> = (0..18).map(|_| rng.f32() * 4.0 - 2.0).collect();
        let mut left = scores.clone();
        pairs.leave_out(&mut left, &documents, &labels);
        let out: Vec<usize> = (0..18).filter(|at| left[*at] != scores[*at]).collect();
        assert_eq!(out, [2, 7, 9, 10]);
        // Losses of each document equal those over the labels that are left.
        for (row, document) in documents.iter().enumerate() {
            let kept: Vec<usize> = (0..6).filter(|at| !out.contains(&(row * 6 + at))).collect();
            let few: Vec<f32> = kept.iter().map(|at| scores[row * 6 + at]).collect();
            let all = left[row * 6..row * 6 + 6].to_vec();
            // Label 8 is the positive.
            let target = |width: usize| {
                let mut targets = Csr::new(width);
                targets.push(&mut vec![(width as u32 - 1, 1.0)]);
                targets
            };
            let losses = [binary_cross_entropy, decoupled_softmax];
            for loss in losses {
                let (mut all, mut few, left) = (all.clone(), few.clone(), target(few.len()));
                let values = (loss(&mut all, &target(6), None), loss(&mut few, &left, None));
                assert!((values.0 - values.1).abs() < 1e-6, "{document}: {values:?}");
                for (at, derivative) in all.iter().enumerate() {
                    let expected = kept.iter().position(|other| *other == at).map_or(0.0, |at| few[at]);
                    assert!((derivative - expected).abs() < 1e-6, "{document} {at}");
                }
            }
            let triplet = Triplet::hardest();
            let (whole, by_all) = triplet.block(&all, &target(6), None);
            let (part, _) = triplet.block(&few, &target(few.len()), None);
            assert!((whole - part).abs() < 1e-6, "{document}");
            let (columns, values) = by_all.row(0);
            let moved = columns.iter().zip(values).filter(|(_, value)| **value != 0.0);
            assert!(moved.into_iter().all(|(column, _)| kept.contains(&(*column as usize))));
        }
    }
}
