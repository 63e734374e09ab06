//! Repetition levels, looked through before they are decoded: how long the lists of a page are.

/// The length of the list that a page ends in, and of the longest one in it; `open` values of the first list
/// were in the pages before. None where the levels end before all `values` have one.
///
/// Levels are runs of one level or groups of eight, one bit each, since lists of lists are not read.
pub(super) fn longest_list(levels: &[u8], values: u64, open: u64) -> Option<(u64, u64)> {
    let (mut open, mut longest, mut left, mut at) = (open, open, values, 0_usize);
    while left > 0 {
        let (head, size) = varint(levels.get(at..)?)?;
        at += size;
        let count = head >> 1;
        if head & 1 == 0 {
            let count = count.min(left);
            if count == 0 {
                return None;
            }
            let level = *levels.get(at)?;
            at += 1;
            left -= count;
            open = if level & 1 == 1 { open.saturating_add(count) } else { 1 };
            longest = longest.max(open);
        } else {
            for _ in 0..count {
                if left == 0 {
                    break;
                }
                let byte = *levels.get(at)?;
                at += 1;
                for bit in 0..left.min(8) {
                    open = if byte >> bit & 1 == 1 { open.saturating_add(1) } else { 1 };
                    longest = longest.max(open);
                }
                left -= left.min(8);
            }
        }
    }
    Some((open, longest))
}

fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0_u64;
    for (place, byte) in bytes.iter().take(9).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * place);
        if *byte < 0x80 {
            return Some((value, place + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::longest_list;

    #[test]
    fn lists_are_measured_over_runs_groups_and_pages() {
        // Eight levels in one group: 0 1 1 0 1 0 0 1.
        assert_eq!(longest_list(&[0b11, 0b1001_0110], 8, 0), Some((2, 3)));
        // A run of five that repeat, after two of the page before.
        assert_eq!(longest_list(&[10, 1], 5, 2), Some((7, 7)));
        assert_eq!(longest_list(&[10, 0], 5, 2), Some((1, 2)));
        // A run that says more than the page has values counts for those it has.
        assert_eq!(longest_list(&[0xfe, 0xff, 0xff, 0xff, 0x0f, 1], 100, 0), Some((100, 100)));
        assert_eq!(longest_list(&[10], 5, 0), None);
        assert_eq!(longest_list(&[0, 1], 5, 0), None);
        assert_eq!(longest_list(&[], 1, 0), None);
    }
}
