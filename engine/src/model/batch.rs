//! Which texts run together.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::spec::BatchLimits;

/// How a model may be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Batching {
    /// Texts of the same number of tokens together.
    EqualLength,
    /// The same, but a text that would be alone is run twice beside itself, because the model sums one row in
    /// another order than several. ONNX Runtime's reductions do, so models that pool by themselves need this.
    Paired,
    /// Every text alone, because the model mixes the rows of a batch. Models quantised dynamically do: they
    /// choose one scale for all numbers of a batch.
    Alone,
}

/// The order in which texts are run, and its cuts into runs. `lengths` are numbers of tokens.
///
/// Within a run all texts have the same length, so nothing is padded: padding changes the rounding of the
/// rest, and a text must have the same embedding in any company.
pub(super) fn plan(
    lengths: &[usize],
    batching: Batching,
    limits: &BatchLimits,
) -> (Vec<usize>, Vec<Range<usize>>) {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.sort_by_key(|text| lengths[*text]);
    let mut runs = Vec::new();
    let mut start = 0;
    while start < order.len() {
        let length = lengths[order[start]];
        let same = order[start..].iter().take_while(|text| lengths[**text] == length).count();
        let fits = match batching {
            Batching::Alone => 1,
            Batching::EqualLength | Batching::Paired => {
                (limits.tokens_max / length.max(1)).min(limits.texts_max).max(1)
            }
        };
        // Runs of near equal size: 65 texts are 33 and 32, not 64 and 1.
        let parts = same.div_ceil(fits);
        for part in 0..parts {
            let end = start + same / parts + usize::from(part < same % parts);
            runs.push(start..end);
            start = end;
        }
    }
    (order, runs)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::spec::ModelLimits;
    use super::*;

    proptest! {
        #[test]
        fn every_text_is_in_one_run_of_texts_of_its_length(
            lengths in prop::collection::vec(1usize..20, 0..400),
            texts_max in 1usize..70,
            tokens_max in 1usize..200,
        ) {
            let limits = BatchLimits { texts_max, tokens_max, ..ModelLimits::default().batch };
            for batching in [Batching::EqualLength, Batching::Paired, Batching::Alone] {
                let (order, runs) = plan(&lengths, batching, &limits);
                let mut seen: Vec<usize> = runs.iter().flat_map(|run| order[run.clone()].to_vec()).collect();
                seen.sort_unstable();
                prop_assert_eq!(seen, (0..lengths.len()).collect::<Vec<_>>());
                for run in runs {
                    let length = lengths[order[run.start]];
                    prop_assert!(order[run.clone()].iter().all(|text| lengths[*text] == length));
                    prop_assert!(run.len() == 1 || batching != Batching::Alone);
                    prop_assert!(run.len() <= texts_max);
                    prop_assert!(run.len() == 1 || run.len() * length <= tokens_max);
                }
            }
        }
    }

    #[test]
    fn a_remainder_is_spread() {
        let (_, runs) = plan(&[3; 65], Batching::EqualLength, &ModelLimits::default().batch);
        assert_eq!(runs, [0..33, 33..65]);
    }
}
