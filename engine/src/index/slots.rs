//! Which slot stands at which position of a packed file.

use std::io::{self, Write};
use std::sync::OnceLock;

use roaring::RoaringBitmap;

use super::error::IndexError;
use crate::packed::{Array, Packed, PackedError, PackedWriter};

const SECTION: &str = "slots";
const FIELDS: &str = "covers";

/// Collects the slots of rows while they are written.
#[derive(Debug, Default)]
pub(super) struct SlotList {
    slots: Vec<u32>,
}

impl SlotList {
    /// Takes the next slot, which must be greater than the last.
    pub(super) fn push(&mut self, slot: u32) -> Result<(), IndexError> {
        if let Some(previous) = self.slots.last().copied().filter(|previous| *previous >= slot) {
            return Err(IndexError::SlotOrder { previous, slot });
        }
        self.slots.push(slot);
        Ok(())
    }

    /// Fails unless every slot is under `slot_end`.
    pub(super) fn check_end(&self, slot_end: u32) -> Result<(), IndexError> {
        match self.slots.last().copied() {
            Some(slot) if slot >= slot_end => Err(IndexError::SlotEnd { slot, slot_end }),
            _ => Ok(()),
        }
    }

    /// Writes the sections of the slots; slots without gaps take no space.
    pub(super) fn write<W: Write>(&self, writer: &mut PackedWriter<W>, slot_end: u32) -> io::Result<()> {
        let first = self.slots.first().copied().unwrap_or(0);
        let last = self.slots.last().copied().unwrap_or(0);
        let gapless = self.slots.is_empty() || (last - first) as usize == self.slots.len() - 1;
        let fields = [self.slots.len() as u64, u64::from(slot_end), u64::from(first), u64::from(gapless)];
        writer.section(FIELDS, &fields)?;
        writer.section(SECTION, if gapless { &[] } else { self.slots.as_slice() })
    }
}

/// The slots of the rows of a packed file, ascending.
pub struct SlotTable {
    len: usize,
    slot_end: u32,
    order: Order,
    /// The slots as a set, made when it is first asked for.
    set: OnceLock<RoaringBitmap>,
}

enum Order {
    /// Position p holds slot `first + p`.
    Gapless { first: u32 },
    /// The slots one by one.
    Listed(Array<u32>),
}

impl SlotTable {
    /// Reads and checks the sections of the slots.
    pub(super) fn open(packed: &Packed) -> Result<Self, PackedError> {
        let fields = packed.array::<u64>(FIELDS, 4)?;
        let [len, slot_end, first, gapless] = *fields.get() else {
            return Err(packed.damaged("its slots are not described"));
        };
        let slot_end =
            u32::try_from(slot_end).map_err(|_| packed.damaged("the end of its slots is no slot"))?;
        let order = if gapless == 1 {
            packed.array::<u32>(SECTION, 0)?;
            let fits = first.checked_add(len).is_some_and(|end| end <= u64::from(slot_end));
            if !fits && len > 0 {
                return Err(packed.damaged(format!("{len} slots from {first} pass the end {slot_end}")));
            }
            Order::Gapless { first: first as u32 }
        } else {
            let slots = packed.array::<u32>(SECTION, len)?;
            let rising = slots.get().is_sorted_by(|a, b| a < b);
            if !rising || slots.get().last().is_some_and(|last| *last >= slot_end) {
                return Err(packed.damaged("its slots do not rise to their end"));
            }
            Order::Listed(slots)
        };
        let len = usize::try_from(len).map_err(|_| packed.damaged("too many rows"))?;
        Ok(Self { len, slot_end, order, set: OnceLock::new() })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The file covers every slot under this one: a slot under it without a row here has none.
    pub fn slot_end(&self) -> u32 {
        self.slot_end
    }

    /// The slot at a position.
    ///
    /// # Panics
    /// If there is no such position.
    pub fn slot(&self, position: usize) -> u32 {
        match &self.order {
            Order::Gapless { first } => {
                assert!(position < self.len, "position {position} of {} rows", self.len);
                first + position as u32
            }
            Order::Listed(slots) => slots.get()[position],
        }
    }

    /// The position of a slot.
    pub fn position_of(&self, slot: u32) -> Option<usize> {
        match &self.order {
            Order::Gapless { first } => slot
                .checked_sub(*first)
                .map(|position| position as usize)
                .filter(|position| *position < self.len),
            Order::Listed(slots) => slots.get().binary_search(&slot).ok(),
        }
    }

    /// The slots, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.len).map(|position| self.slot(position))
    }

    /// How many of the rows a filter allows.
    pub fn matching(&self, filter: &RoaringBitmap) -> usize {
        match &self.order {
            Order::Gapless { .. } if self.len == 0 => 0,
            Order::Gapless { first } => {
                filter.range_cardinality(*first..=first + (self.len as u32 - 1)) as usize
            }
            Order::Listed(_) => self.set().intersection_len(filter) as usize,
        }
    }

    /// The positions that a filter allows, ascending.
    pub fn positions(&self, filter: &RoaringBitmap) -> Vec<u32> {
        match &self.order {
            Order::Gapless { .. } if self.len == 0 => Vec::new(),
            Order::Gapless { first } => {
                filter.range(*first..=first + (self.len as u32 - 1)).map(|slot| slot - first).collect()
            }
            Order::Listed(slots) => {
                let (slots, mut at) = (slots.get(), 0);
                let both = self.set() & filter;
                both.iter()
                    .map(|slot| {
                        at += slots[at..].partition_point(|other| *other < slot);
                        at as u32
                    })
                    .collect()
            }
        }
    }

    /// The slots as a set.
    pub(super) fn set(&self) -> &RoaringBitmap {
        self.set.get_or_init(|| match &self.order {
            Order::Gapless { .. } if self.len == 0 => RoaringBitmap::new(),
            Order::Gapless { first } => {
                let mut set = RoaringBitmap::new();
                set.insert_range(*first..=first + (self.len as u32 - 1));
                set
            }
            Order::Listed(slots) => slots.get().iter().copied().collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packed::tests::survives_damage;
    use crate::packed::{AlignedBytes, Kind};

    const KIND: Kind = Kind { magic: *b"ATSLOTS0", version: 1, name: "slots" };

    fn file(slots: &[u32], slot_end: u32) -> AlignedBytes {
        let mut list = SlotList::default();
        slots.iter().for_each(|slot| list.push(*slot).unwrap());
        list.check_end(slot_end).unwrap();
        let mut writer = PackedWriter::new(AlignedBytes::new(), KIND).unwrap();
        list.write(&mut writer, slot_end).unwrap();
        writer.finish().unwrap()
    }

    fn table(slots: &[u32], slot_end: u32) -> SlotTable {
        SlotTable::open(&Packed::open(file(slots, slot_end).into_bytes(), KIND, &[]).unwrap()).unwrap()
    }

    #[test]
    fn positions_and_slots_are_inverse_with_and_without_gaps() {
        let cases: [&[u32]; 5] = [&[], &[7], &[0, 1, 2, 3], &[5, 6, 7], &[1, 4, 70_000, 70_001]];
        for slots in cases {
            let table = table(slots, 80_000);
            assert_eq!(table.iter().collect::<Vec<_>>(), slots);
            assert_eq!(table.set().iter().collect::<Vec<_>>(), slots);
            assert_eq!(
                (table.len(), table.slot_end(), table.is_empty()),
                (slots.len(), 80_000, slots.is_empty())
            );
            for slot in (0..10).chain(69_998..70_004).chain([u32::MAX]) {
                let expected = slots.iter().position(|other| *other == slot);
                assert_eq!(table.position_of(slot), expected);
            }
            let filter: RoaringBitmap = [0, 2, 4, 6, 70_001, 90_000].into_iter().collect();
            let allowed: Vec<u32> =
                (0..slots.len() as u32).filter(|at| filter.contains(slots[*at as usize])).collect();
            assert_eq!(table.matching(&filter), allowed.len());
            assert_eq!(table.positions(&filter), allowed);
        }
    }

    #[test]
    fn the_last_slots_of_all_are_no_special_case() {
        let table = table(&[u32::MAX - 2, u32::MAX - 1], u32::MAX);
        assert_eq!(table.matching(&RoaringBitmap::full()), 2);
        assert_eq!(table.position_of(u32::MAX - 1), Some(1));
    }

    #[test]
    fn slots_that_fall_or_pass_the_end_are_refused() {
        let mut list = SlotList::default();
        list.push(3).unwrap();
        assert!(matches!(list.push(3), Err(IndexError::SlotOrder { previous: 3, slot: 3 })));
        assert!(matches!(list.check_end(3), Err(IndexError::SlotEnd { slot: 3, slot_end: 3 })));
    }

    #[test]
    fn damage_never_panics() {
        for slots in [&[2u32, 3, 4][..], &[2, 3, 9][..]] {
            survives_damage(&file(slots, 10), |bytes| {
                let opened =
                    Packed::open(bytes, KIND, &[]).ok().and_then(|packed| SlotTable::open(&packed).ok());
                let Some(table) = opened else { return false };
                table.matching(&RoaringBitmap::full());
                true
            });
        }
    }
}
