//! The pieces of a vocabulary, as a hash table that lies in a file as it lies in memory.

/// Offset and prime of FNV-1a (Fowler, Noll and Vo) in 64 bits.
const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;
/// `PRIME * INVERSE = 1`: takes the last byte out of a hash, so that all beginnings of a word cost one pass.
const INVERSE: u64 = 0xce96_5057_aff6_957b;

/// Pieces and their ids.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PieceTable {
    /// By hash, the number of a piece plus one, or 0 where there is none: a power of two of them, at least
    /// twice as many as pieces, searched onwards from where a hash points.
    pub(super) places: Vec<u32>,
    /// Where each piece ends among the bytes; it begins where the one before ends.
    pub(super) ends: Vec<u32>,
    pub(super) bytes: Vec<u8>,
    pub(super) ids: Vec<u32>,
}

impl PieceTable {
    /// A table of different pieces; `None` where their bytes or they are more than 32 bits count.
    pub(super) fn new<'a>(pieces: impl IntoIterator<Item = (&'a [u8], u32)>) -> Option<PieceTable> {
        let (places, ends, bytes, ids) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut table = PieceTable { places, ends, bytes, ids };
        for (piece, id) in pieces {
            table.bytes.extend_from_slice(piece);
            table.ends.push(u32::try_from(table.bytes.len()).ok()?);
            table.ids.push(id);
        }
        let count = u32::try_from(table.ids.len()).ok()?;
        table.places = vec![0; (table.ids.len() * 2).next_power_of_two().max(2)];
        for number in 0..count {
            let mut at = table.place(hash(OFFSET, table.piece(number as usize)));
            while table.places[at] != 0 {
                at = (at + 1) & (table.places.len() - 1);
            }
            table.places[at] = number + 1;
        }
        Some(table)
    }

    /// A table of parts that were one; `None` where they do not fit each other.
    pub(super) fn from_parts(
        places: Vec<u32>,
        ends: Vec<u32>,
        bytes: Vec<u8>,
        ids: Vec<u32>,
    ) -> Option<PieceTable> {
        let count = ids.len();
        let ordered = ends.is_sorted() && ends.last().copied().unwrap_or(0) as usize == bytes.len();
        // A search ends at a place without a piece.
        let sparse = places.len().is_power_of_two() && places.contains(&0);
        let known = places.iter().all(|place| *place as usize <= count);
        let fits = ends.len() == count && ordered && sparse && known;
        fits.then_some(PieceTable { places, ends, bytes, ids })
    }

    /// The longest beginning of `rest`, of at most `longest` bytes, that is a piece behind `mark`: its bytes
    /// without the mark, at least one, and its id.
    pub(super) fn longest(&self, mark: &[u8], rest: &[u8], longest: usize) -> Option<(usize, u32)> {
        let mut rest = &rest[..rest.len().min(longest)];
        let mut hash = hash(hash(OFFSET, mark), rest);
        while let Some((last, before)) = rest.split_last() {
            if let Some(id) = self.find(hash, mark, rest) {
                return Some((rest.len(), id));
            }
            hash = hash.wrapping_mul(INVERSE) ^ u64::from(*last);
            rest = before;
        }
        None
    }

    /// The id of a piece.
    pub(super) fn id(&self, piece: &[u8]) -> Option<u32> {
        self.find(hash(OFFSET, piece), &[], piece)
    }

    fn find(&self, hash: u64, mark: &[u8], rest: &[u8]) -> Option<u32> {
        let mut at = self.place(hash);
        loop {
            let number = (*self.places.get(at)? as usize).checked_sub(1)?;
            if self.piece(number).strip_prefix(mark) == Some(rest) {
                return Some(self.ids[number]);
            }
            at = (at + 1) & (self.places.len() - 1);
        }
    }

    fn place(&self, hash: u64) -> usize {
        ((hash >> 32) ^ hash) as usize & (self.places.len() - 1)
    }

    fn piece(&self, number: usize) -> &[u8] {
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start as usize..self.ends[number] as usize]
    }
}

fn hash(start: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_longest_piece_is_that_of_a_map() {
        let pieces = prop::collection::btree_map("(##)?[ab]{0,4}", 0..1000u32, 0..60);
        proptest!(|(pieces in pieces, rest in "[abc]{0,6}", mark in "(##)?", longest in 0..6usize)| {
            let bytes = |text: &String| text.clone().into_bytes();
            let map: BTreeMap<Vec<u8>, u32> = pieces.iter().map(|(piece, id)| (bytes(piece), *id)).collect();
            let table = PieceTable::new(map.iter().map(|(piece, id)| (&piece[..], *id))).unwrap();
            let found = |end: usize| {
                let piece = format!("{mark}{}", &rest[..end]);
                map.get(piece.as_bytes()).map(|id| (end, *id))
            };
            let expected = (1..=rest.len().min(longest)).rev().find_map(found);
            prop_assert_eq!(table.longest(mark.as_bytes(), rest.as_bytes(), longest), expected);
            prop_assert_eq!(table.id(rest.as_bytes()), map.get(rest.as_bytes()).copied());
            let PieceTable { places, ends, bytes, ids } = table.clone();
            prop_assert_eq!(PieceTable::from_parts(places, ends, bytes, ids), Some(table));
        });
    }

    #[test]
    fn parts_that_do_not_fit_make_no_table() {
        let table = PieceTable::new([(&b"ab"[..], 7), (&b"c"[..], 9)]).unwrap();
        let damaged = |change: &dyn Fn(&mut PieceTable)| {
            let mut table = table.clone();
            change(&mut table);
            let PieceTable { places, ends, bytes, ids } = table;
            PieceTable::from_parts(places, ends, bytes, ids)
        };
        assert!(damaged(&|_| ()).is_some());
        assert!(damaged(&|table| table.places.fill(1)).is_none());
        assert!(damaged(&|table| table.places[0] = 3).is_none());
        assert!(damaged(&|table| table.places.push(0)).is_none());
        assert!(damaged(&|table| table.ends.swap(0, 1)).is_none());
        assert!(damaged(&|table| table.bytes.push(0)).is_none());
        assert!(damaged(&|table| table.ids.truncate(1)).is_none());
        assert!(PieceTable::new([]).unwrap().id(b"a").is_none());
    }
}
