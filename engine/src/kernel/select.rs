//! The greatest of many keys, in no order.
//!
//! A key of about the rank that is looked for comes from a small sample; what does not reach it goes. With
//! AVX-512 eight keys are compared and moved at a time (`vpcompressq`).

/// Keeps the greatest `keep` keys, in no order, and gives the least of them, if there are so many; otherwise
/// all are kept.
///
/// ```
/// let mut keys = vec![3, 9, 1, 7];
/// assert_eq!(argtop::kernel::keep_greatest(&mut keys, 2), Some(7));
/// keys.sort_unstable();
/// assert_eq!(keys, [7, 9]);
/// ```
pub fn keep_greatest(keys: &mut Vec<u64>, keep: usize) -> Option<u64> {
    are_enough(keys, keep).then(|| {
        by_floor(keys, keep);
        cut(keys, keep)
    })
}

/// Keeps at least the greatest `keep` keys, in no order, and perhaps some more, and gives a key that all of
/// them reach, if there are so many; otherwise all are kept. It is cheaper than [`keep_greatest`], for who
/// looks at more keys before the last cut.
pub fn keep_about(keys: &mut Vec<u64>, keep: usize) -> Option<u64> {
    are_enough(keys, keep).then(|| by_floor(keys, keep).unwrap_or_else(|| cut(keys, keep)))
}

/// Whether there is something to cut; of 0 keys to keep nothing is left.
fn are_enough(keys: &mut Vec<u64>, keep: usize) -> bool {
    if keep == 0 {
        keys.clear();
    }
    keep > 0 && keys.len() >= keep
}

/// Drops what does not reach a floor out of a sample, and gives the floor; nothing where that is not worth
/// it.
fn by_floor(keys: &mut Vec<u64>, keep: usize) -> Option<u64> {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = pulp::x86::V4::try_new().filter(|_| keys.len() > x86::PLAIN_MAX) {
        return simd.vectorize(x86::Floor { simd, keys, keep });
    }
    let _ = (keys, keep);
    None
}

/// Keeps exactly so many, of which there are enough.
fn cut(keys: &mut Vec<u64>, keep: usize) -> u64 {
    let (_, least, _) = keys.select_nth_unstable_by(keep - 1, |a, b| b.cmp(a));
    let least = *least;
    keys.truncate(keep);
    least
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use pulp::NullaryFnOnce;
    use pulp::x86::V4;

    /// Keys that are divided at a time.
    const LANES: usize = 8;
    /// So few keys are left to the standard library.
    pub(super) const PLAIN_MAX: usize = 128;
    /// Keys of which the pivot is taken.
    const SAMPLE: usize = 16;

    pub(super) struct Floor<'a> {
        pub(super) simd: V4,
        pub(super) keys: &'a mut Vec<u64>,
        pub(super) keep: usize,
    }

    impl NullaryFnOnce for Floor<'_> {
        type Output = Option<u64>;

        #[inline(always)]
        fn call(self) -> Option<u64> {
            let Floor { simd, keys, keep } = self;
            let sample = sample(keys);
            // One further than the rank that is wanted, since its own is as often reached by too few.
            let near = (keep * SAMPLE / keys.len() + 1).min(SAMPLE);
            let floor = *sample[near..].iter().find(|floor| count(simd, keys, **floor) >= keep)?;
            let kept = retain(simd, keys, floor);
            keys.truncate(kept);
            Some(floor)
        }
    }

    /// Some of the keys, in falling order.
    #[inline(always)]
    fn sample(keys: &[u64]) -> [u64; SAMPLE] {
        let mut sample = [0; SAMPLE];
        for (at, key) in sample.iter_mut().enumerate() {
            *key = keys[at * keys.len() / SAMPLE];
        }
        sample.sort_unstable_by(|a, b| b.cmp(a));
        sample
    }

    /// How many keys are at least `floor`.
    #[inline(always)]
    fn count(simd: V4, keys: &[u64], floor: u64) -> usize {
        let all = simd.avx512f._mm512_set1_epi64(floor.cast_signed());
        let (eights, rest) = keys.as_chunks::<LANES>();
        let of_eight = |eight: &[u64; LANES]| {
            simd.avx512f._mm512_cmpge_epu64_mask(pulp::cast(*eight), all).count_ones() as usize
        };
        let of_eights: usize = eights.iter().map(of_eight).sum();
        of_eights + rest.iter().filter(|key| **key >= floor).count()
    }

    /// Moves the keys that are at least `floor` to the start, and gives how many there are.
    #[inline(always)]
    fn retain(simd: V4, keys: &mut [u64], floor: u64) -> usize {
        let all = simd.avx512f._mm512_set1_epi64(floor.cast_signed());
        let (mut kept, whole) = (0, keys.len() / LANES * LANES);
        for at in (0..whole).step_by(LANES) {
            let mut eight = [0u64; LANES];
            eight.copy_from_slice(&keys[at..at + LANES]);
            let eight = pulp::cast(eight);
            let reached = simd.avx512f._mm512_cmpge_epu64_mask(eight, all);
            let some: [u64; LANES] = pulp::cast(simd.avx512f._mm512_maskz_compress_epi64(reached, eight));
            // What is written beyond those that count was read already.
            keys[kept..kept + LANES].copy_from_slice(&some);
            kept += reached.count_ones() as usize;
        }
        for at in whole..keys.len() {
            if keys[at] >= floor {
                keys[kept] = keys[at];
                kept += 1;
            }
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(keys: &[u64], keep: usize) {
        let mut found = keys.to_vec();
        let least = keep_greatest(&mut found, keep);
        let mut expected = keys.to_vec();
        expected.sort_unstable_by(|a, b| b.cmp(a));
        if keep == 0 || keys.len() < keep {
            assert_eq!(least, None);
        } else {
            assert_eq!(least, Some(expected[keep - 1]));
            let mut plain = keys.to_vec();
            assert_eq!(cut(&mut plain, keep), expected[keep - 1]);
            plain.sort_unstable_by(|a, b| b.cmp(a));
            assert_eq!(plain, expected[..keep]);
        }
        let mut about = keys.to_vec();
        let floor = keep_about(&mut about, keep);
        about.sort_unstable_by(|a, b| b.cmp(a));
        match floor {
            Some(floor) => assert!(about.len() >= keep && about.iter().all(|key| *key >= floor)),
            None => assert!(about.len() == keys.len() || keep == 0),
        }
        assert_eq!(about, expected[..about.len()]);
        expected.truncate(keep);
        found.sort_unstable_by(|a, b| b.cmp(a));
        assert_eq!(found, expected);
    }

    proptest! {
        #[test]
        fn the_greatest_are_kept(
            keys in prop::collection::vec(prop_oneof![0u64..5, 0u64..300, any::<u64>()], 0..700),
            keep in 0usize..710,
        ) {
            check(&keys, keep);
        }
    }

    #[test]
    fn keys_in_order_and_equal_ones_are_kept() {
        for count in [1u64, 8, 33, 64, 65, 1_500] {
            for keep in [1, 2, 31, 32, 33, 700, 1_500] {
                check(&(0..count).collect::<Vec<_>>(), keep);
                check(&(0..count).rev().collect::<Vec<_>>(), keep);
                check(&vec![u64::MAX; count as usize], keep);
                check(&(0..count).map(|key| key % 2 * u64::MAX).collect::<Vec<_>>(), keep);
            }
        }
    }
}
