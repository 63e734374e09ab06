//! What passes between stages: labels with the scores that stages gave them.

use argtop_storage::Slot;

use crate::error::Error;
use crate::kernel::select_top;
use crate::view::KeyBook;

/// The candidates of one query, best first by the stage that ran last. Structure of arrays: entry i of every
/// vector belongs to label `slots[i]`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Candidates {
    pub(crate) slots: Vec<Slot>,
    /// One column a stage of the chain; NaN where the stage did not see the label.
    pub(crate) scores: Vec<Vec<f64>>,
    /// Ranks from 1 within each stage; 0 where the stage did not see the label.
    pub(crate) ranks: Vec<Vec<u32>>,
}

impl Candidates {
    /// No candidates, with room for the columns of a chain of `stages`.
    pub(crate) fn empty(stages: usize) -> Candidates {
        Candidates { slots: Vec::new(), scores: vec![Vec::new(); stages], ranks: vec![Vec::new(); stages] }
    }

    /// Candidates that `stage` found, already in its order.
    pub(crate) fn found(stages: usize, stage: usize, ranked: &[(f64, Slot)]) -> Candidates {
        let mut candidates = Candidates::empty(stages);
        candidates.slots = ranked.iter().map(|(_, slot)| *slot).collect();
        for column in 0..stages {
            candidates.scores[column] = vec![f64::NAN; ranked.len()];
            candidates.ranks[column] = vec![0; ranked.len()];
        }
        candidates.scores[stage] = ranked.iter().map(|(score, _)| *score).collect();
        candidates.ranks[stage] = (1..).take(ranked.len()).collect();
        candidates
    }

    /// Number of labels.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Keeps the labels at some places, in the order given.
    pub(crate) fn keep(&mut self, places: &[u32]) {
        fn pick<T: Copy>(column: &[T], places: &[u32]) -> Vec<T> {
            places.iter().map(|place| column[*place as usize]).collect()
        }
        self.slots = pick(&self.slots, places);
        self.scores.iter_mut().for_each(|column| *column = pick(column, places));
        self.ranks.iter_mut().for_each(|column| *column = pick(column, places));
    }

    /// Score and rank of each label in each stage, label after label.
    pub(crate) fn stages(&self) -> Vec<(f64, u32)> {
        let stages = || self.scores.iter().zip(&self.ranks);
        let of_label = |at: usize| stages().map(move |(scores, ranks)| (scores[at], ranks[at]));
        (0..self.len()).flat_map(of_label).collect()
    }

    /// Keeps the best `limit` labels by `scores` (one a label) in order, ties to the smaller primary key, and
    /// makes the scores and ranks column `stage`, where there is one.
    pub(crate) fn cut(
        &mut self,
        stage: Option<usize>,
        scores: &[f64],
        limit: usize,
        keys: &KeyBook,
    ) -> Result<Vec<f64>, Error> {
        // select_top orders by (score, id); positions stand for slots so that all columns can follow.
        let mut order: Vec<(f64, u32)> = scores.iter().copied().zip(0u32..).collect();
        if let Some(position) = scores.iter().position(|score| score.is_nan()) {
            let key = keys.text(self.slots[position]);
            return Err(Error::value(
                format!("the score of label {key} is not a number"),
                "SCORE BY saw a NULL: wrap stage scores that may be absent in coalesce(..., 0)",
            ));
        }
        let slots = &self.slots;
        select_top(&mut order, limit, |a, b| keys.compare(slots[a as usize], slots[b as usize]));
        self.keep(&order.iter().map(|(_, place)| *place).collect::<Vec<u32>>());
        let scores: Vec<f64> = order.iter().map(|(score, _)| *score).collect();
        if let Some(stage) = stage {
            self.ranks[stage] = (1..).take(scores.len()).collect();
            self.scores[stage].clone_from(&scores);
        }
        Ok(scores)
    }
}

/// Orders scored slots: higher score first, then smaller primary key; keeps `limit`.
pub(crate) fn rank(mut scored: Vec<(f64, Slot)>, limit: usize, keys: &KeyBook) -> Vec<(f64, Slot)> {
    select_top(&mut scored, limit, |a, b| keys.compare(a, b));
    scored
}
