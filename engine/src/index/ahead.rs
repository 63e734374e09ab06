//! Rows asked for before they are used.
//!
//! A file that was just opened may lie on the disk. Whoever walks its rows then waits for the disk at each of
//! them, unless the system was told before which will be wanted: it then reads them all at once. A file that
//! was in use for a while is in memory, and telling is a waste.

use std::sync::atomic::{AtomicUsize, Ordering};

use bytemuck::AnyBitPattern;

use crate::packed::Array;

/// A page of memory of the usual processors. Elsewhere a few bytes more or less are asked for.
const PAGE: usize = 4096;
/// Pages between two rows up to which both are asked for at once: reading them costs less than asking twice.
const GAP_PAGES: usize = 2;
/// How often, on average, a page of a file is asked for before no page is asked for any more. Rows picked by
/// chance then have touched seven of eight pages.
const TIMES: usize = 2;

/// Asks for rows of an array as long as most of it may not be in memory.
pub(super) struct RowsAhead {
    /// Pages that are still to be asked for.
    left: AtomicUsize,
}

impl RowsAhead {
    /// For an array that was just opened.
    pub(super) fn new<T: AnyBitPattern>(array: &Array<T>) -> Self {
        let pages = size_of_val(array.get()).div_ceil(PAGE);
        Self { left: AtomicUsize::new(TIMES * pages) }
    }

    /// Asks for some rows of `width` numbers.
    pub(super) fn ask<T: AnyBitPattern>(
        &self,
        array: &Array<T>,
        width: usize,
        rows: impl Iterator<Item = u32>,
    ) {
        let left = self.left.load(Ordering::Relaxed);
        if left == 0 {
            return;
        }
        let bytes = width * size_of::<T>();
        let runs = runs(rows.collect(), bytes);
        let asked = runs.iter().map(|(first, end)| end - first).sum();
        // Two searches at once may take off too little, and ask a little longer.
        self.left.store(left.saturating_sub(asked), Ordering::Relaxed);
        runs.into_iter().for_each(|(first, end)| array.ahead(first * PAGE..end * PAGE));
    }
}

/// Pages of an array in which some rows of so many bytes lie, as ranges in rising order.
fn runs(mut rows: Vec<u32>, bytes: usize) -> Vec<(usize, usize)> {
    rows.sort_unstable();
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for row in rows {
        let start = row as usize * bytes;
        let (first, end) = (start / PAGE, (start + bytes).div_ceil(PAGE));
        match runs.last_mut() {
            Some(last) if first <= last.1 + GAP_PAGES => last.1 = last.1.max(end),
            _ => runs.push((first, end)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use std::ops::Range;
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::packed::{AlignedBytes, FileBytes, Kind, Packed, PackedWriter};

    const KIND: Kind = Kind { magic: *b"TESTFILE", version: 1, name: "test" };
    const ROW_BYTES: usize = 1000;

    /// Notes what is asked for.
    struct Noting {
        bytes: AlignedBytes,
        asked: Mutex<Vec<Range<usize>>>,
    }

    impl AsRef<[u8]> for Noting {
        fn as_ref(&self) -> &[u8] {
            self.bytes.as_ref()
        }
    }

    impl FileBytes for Noting {
        fn ahead(&self, range: Range<usize>) {
            self.asked.lock().unwrap().push(range);
        }
    }

    fn opened(rows: usize) -> (Arc<Noting>, Array<u8>) {
        let mut writer = PackedWriter::new(AlignedBytes::new(), KIND).unwrap();
        writer.section("before", &[0u8; 10_000]).unwrap();
        writer.section("rows", &vec![0u8; rows * ROW_BYTES]).unwrap();
        let file = Arc::new(Noting { bytes: writer.finish().unwrap(), asked: Mutex::default() });
        let packed = Packed::open(file.clone(), KIND, &["rows"]).unwrap();
        file.asked.lock().unwrap().clear();
        let array = packed.array("rows", (rows * ROW_BYTES) as u64).unwrap();
        (file, array)
    }

    #[test]
    fn every_row_lies_in_what_is_asked_for() {
        let (file, array) = opened(1000);
        let first = array.get().as_ptr() as usize - (*file).as_ref().as_ptr() as usize;
        let rows = [999, 5, 7, 6, 400, 401, 5];
        RowsAhead::new(&array).ask(&array, ROW_BYTES, rows.into_iter());
        let asked = file.asked.lock().unwrap();
        for row in rows {
            let row = first + row as usize * ROW_BYTES..first + (row as usize + 1) * ROW_BYTES;
            let within = |asked: &Range<usize>| asked.start <= row.start && row.end <= asked.end;
            assert!(asked.iter().any(within), "{row:?} is not in {asked:?}");
        }
        assert_eq!(asked.len(), 3, "near rows are asked for at once");
        assert!(asked.iter().all(|asked| asked.end <= first + array.get().len()));
    }

    #[test]
    fn asking_ends() {
        let (file, array) = opened(100);
        let ahead = RowsAhead::new(&array);
        (0..10).for_each(|_| ahead.ask(&array, ROW_BYTES, 0..100));
        assert_eq!(file.asked.lock().unwrap().len(), TIMES);
    }
}
