//! What several queries want of the same rows, ordered by where the rows lie: reading memory in its order
//! costs a fraction of reading it at random, and what two of them want of a row is read once.

/// Ranges of rows: few enough that counting them costs little, and so many that the rows of one fit the
/// first cache.
const RANGES: usize = 4_096;

/// Orders items by ranges of a few rows each; gives the number of rows in a range, too. Within a range the
/// items keep their order.
///
/// # Panics
/// If the row of an item is not one of `rows`.
pub(crate) fn in_ranges<T: Copy + Default>(
    items: &[T],
    rows: usize,
    row: impl Fn(&T) -> u32,
) -> (Vec<T>, u32) {
    let range = rows.div_ceil(RANGES).max(1);
    let range_of = |item: &T| row(item) as usize / range;
    let mut starts = vec![0usize; rows.div_ceil(range) + 1];
    items.iter().for_each(|item| starts[range_of(item) + 1] += 1);
    (1..starts.len()).for_each(|at| starts[at] += starts[at - 1]);
    let mut ordered = vec![T::default(); items.len()];
    for item in items {
        let place = &mut starts[range_of(item)];
        ordered[*place] = *item;
        *place += 1;
    }
    (ordered, range as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_by_range_and_within_it_in_their_order() {
        let mut rng = fastrand::Rng::with_seed(3);
        for rows in [1usize, 5, RANGES, RANGES + 1, 3 * RANGES + 7] {
            let items: Vec<(u32, u32)> = (0..500).map(|at| (rng.u32(0..rows as u32), at)).collect();
            let (ordered, range) = in_ranges(&items, rows, |item| item.0);
            let mut expected = items.clone();
            expected.sort_by_key(|(row, at)| (row / range, *at));
            assert_eq!(ordered, expected);
        }
        assert_eq!(in_ranges(&[] as &[u32], 0, |item| *item), (Vec::new(), 1));
    }
}
