//! FUSE: the candidates of several branches as one list.

use argtop_query::plan::{FuseMethod, Normalization};
use argtop_storage::Slot;

use super::candidates::Candidates;
use crate::error::Error;
use crate::view::KeyBook;

/// What one branch found for a query.
pub(super) struct List<'a> {
    pub(super) found: &'a Candidates,
    /// The column that counts: that of the branch's last stage.
    pub(super) stage: usize,
    pub(super) weight: f64,
}

/// All labels of the lists with the columns that their branches filled, ordered by the score of the method,
/// which becomes column `number` of `width`. Ties go to the smaller primary key; sums are taken in the order
/// of the branches.
pub(super) fn fuse(
    method: FuseMethod,
    lists: &[List<'_>],
    (width, number): (usize, usize),
    keys: &KeyBook,
) -> Result<Candidates, Error> {
    let (mut union, places) = join(lists, width);
    // Ranks of several lists make many equal scores, which keys decide.
    union.slots.iter().for_each(|slot| keys.prefetch(*slot));
    let mut scores = match method {
        FuseMethod::Union | FuseMethod::Max => vec![f64::NEG_INFINITY; union.len()],
        FuseMethod::Linear(_) | FuseMethod::Rrf { .. } => vec![0.0; union.len()],
    };
    for (list, places) in lists.iter().zip(&places) {
        let (own, ranks) = (&list.found.scores[list.stage], &list.found.ranks[list.stage]);
        match method {
            FuseMethod::Union => greatest(&mut scores, places, own, 1.0),
            FuseMethod::Max => greatest(&mut scores, places, own, list.weight),
            FuseMethod::Linear(normalization) => {
                let (normal, absent) = normalise(own, normalization);
                let mut of_label = vec![absent; scores.len()];
                places.iter().zip(normal).for_each(|(at, value)| of_label[*at] = value);
                scores.iter_mut().zip(of_label).for_each(|(sum, value)| *sum += list.weight * value);
            }
            FuseMethod::Rrf { k } => {
                for (at, rank) in places.iter().zip(ranks) {
                    scores[*at] += list.weight / (k as f64 + f64::from(*rank));
                }
            }
        }
    }
    let all = union.len();
    union.cut(Some(number), &scores, all, keys)?;
    Ok(union)
}

fn greatest(scores: &mut [f64], places: &[usize], own: &[f64], weight: f64) {
    for (at, score) in places.iter().zip(own) {
        scores[*at] = scores[*at].max(weight * score);
    }
}

/// The union of the lists by rising slot, and for each list the places of its labels in the union. No two
/// branches fill the same column.
fn join(lists: &[List<'_>], width: usize) -> (Candidates, Vec<Vec<usize>>) {
    let mut union = Candidates::empty(width);
    union.slots = lists.iter().flat_map(|list| list.found.slots.iter().copied()).collect();
    union.slots.sort_unstable();
    union.slots.dedup();
    // All of them are there.
    let place = |slot: &Slot| union.slots.partition_point(|other| other < slot);
    let places: Vec<Vec<usize>> =
        lists.iter().map(|list| list.found.slots.iter().map(place).collect()).collect();
    for column in 0..width {
        let (mut scores, mut ranks) = (vec![f64::NAN; union.len()], vec![0; union.len()]);
        for (list, places) in lists.iter().zip(&places) {
            for (from, to) in places.iter().enumerate() {
                let (score, rank) = (list.found.scores[column][from], list.found.ranks[column][from]);
                // A cluster beyond the asked beam has a score but no rank in it.
                if rank > 0 || !score.is_nan() {
                    (scores[*to], ranks[*to]) = (score, rank);
                }
            }
        }
        (union.scores[column], union.ranks[column]) = (scores, ranks);
    }
    (union, places)
}

/// The normalised scores of a branch, and the score of a label that it did not find.
fn normalise(scores: &[f64], normalization: Normalization) -> (Vec<f64>, f64) {
    let least = scores.iter().copied().fold(f64::INFINITY, f64::min);
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    match normalization {
        _ if scores.is_empty() => (Vec::new(), 0.0),
        Normalization::MinMax => {
            let range = most - least;
            let value = |score: &f64| if range > 0.0 { (score - least) / range } else { 1.0 };
            (scores.iter().map(value).collect(), 0.0)
        }
        Normalization::ZScore => {
            let count = scores.len() as f64;
            let mean = scores.iter().sum::<f64>() / count;
            let variance = scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / count;
            let deviation = variance.sqrt();
            let value =
                |score: f64| if most > least && deviation > 0.0 { (score - mean) / deviation } else { 0.0 };
            (scores.iter().map(|score| value(*score)).collect(), value(least))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_normalised_over_their_branch() {
        assert_eq!(normalise(&[3.0, 1.0, 2.0], Normalization::MinMax), (vec![1.0, 0.0, 0.5], 0.0));
        assert_eq!(normalise(&[2.0, 2.0], Normalization::MinMax), (vec![1.0, 1.0], 0.0));
        assert_eq!(normalise(&[], Normalization::MinMax), (vec![], 0.0));
        let (values, absent) = normalise(&[5.0, 1.0], Normalization::ZScore);
        assert_eq!((values, absent), (vec![1.0, -1.0], -1.0));
        assert_eq!(normalise(&[2.0, 2.0], Normalization::ZScore), (vec![0.0, 0.0], 0.0));
        assert_eq!(normalise(&[], Normalization::ZScore), (vec![], 0.0));
    }

    #[test]
    fn a_union_has_every_label_once_with_the_columns_of_all_its_branches() {
        let first = Candidates::found(3, 0, &[(0.9, 7), (0.8, 5)]);
        let second = Candidates::found(3, 1, &[(0.7, 5), (0.6, 2)]);
        let lists =
            [List { found: &first, stage: 0, weight: 1.0 }, List { found: &second, stage: 1, weight: 1.0 }];
        let (union, places) = join(&lists, 3);
        assert_eq!(union.slots, [2, 5, 7]);
        assert_eq!(places, [vec![2, 1], vec![1, 0]]);
        assert_eq!(union.ranks, [vec![0, 2, 1], vec![2, 1, 0], vec![0, 0, 0]]);
        assert!(union.scores[0][0].is_nan() && union.scores[1][2].is_nan());
        assert_eq!((union.scores[0][1], union.scores[1][1]), (0.8, 0.7));
    }
}
