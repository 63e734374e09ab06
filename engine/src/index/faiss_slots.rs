//! Our file beside the one of faiss: which slot stands at which position, and what the other file must agree
//! with.
//!
//! Sections: `shape` u64 (dimension, has biases, bits of the largest norm as f64), `factory` (the factory
//! string), and the slots.

use super::error::IndexError;
use super::factory::Factory;
use super::matrix::PackedMatrix;
use super::row::check_dimension;
use super::slots::{SlotList, SlotTable};
use crate::packed::{AlignedBytes, Bytes, Kind, Packed, PackedWriter};

const KIND: Kind = Kind { magic: *b"ATFAISS0", version: 1, name: "faiss slot file" };

/// What is known of an index without asking faiss.
pub(super) struct FaissSlots {
    /// How it was built.
    pub(super) factory: Factory,
    /// Numbers in a query.
    pub(super) dimension: usize,
    /// Whether rows have their bias as one more number, which a query meets with a one.
    pub(super) biased: bool,
    /// The largest norm of a row, its bias included.
    pub(super) norm_max: f64,
    /// Which slot stands where.
    pub(super) slots: SlotTable,
    /// The file.
    pub(super) bytes: Bytes,
}

impl FaissSlots {
    /// For an index over `source`.
    pub(super) fn new(factory: Factory, source: &PackedMatrix) -> Result<Self, IndexError> {
        let shape = source.shape();
        let mut slots = SlotList::default();
        for slot in source.slots().iter() {
            slots.push(slot)?;
        }
        let mut writer = PackedWriter::new(AlignedBytes::new(), KIND)?;
        let fields = [shape.dimension as u64, u64::from(shape.biased), source.norm_max().to_bits()];
        writer.section("shape", &fields)?;
        writer.section("factory", factory.to_string().as_bytes())?;
        slots.write(&mut writer, source.slots().slot_end())?;
        Self::open(writer.finish()?.into_bytes())
    }

    /// Opens the file after checking everything in it.
    pub(super) fn open(bytes: Bytes) -> Result<Self, IndexError> {
        let packed = Packed::open(Bytes::clone(&bytes), KIND, &[])?;
        let fields = packed.array::<u64>("shape", 3)?;
        let [dimension, biased, norm_bits] = *fields.get() else {
            return Err(packed.damaged("its shape is not described").into());
        };
        let factory = packed.array_of_any_length::<u8>("factory")?;
        let factory = Factory::parse(&String::from_utf8_lossy(factory.get()))?;
        let dimension = usize::try_from(dimension)
            .ok()
            .filter(|dimension| check_dimension(*dimension).is_ok() && biased <= 1)
            .ok_or_else(|| packed.damaged("its shape makes no sense"))?;
        let (biased, norm_max) = (biased == 1, f64::from_bits(norm_bits));
        let slots = SlotTable::open(&packed)?;
        Ok(Self { factory, dimension, biased, norm_max, slots, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::super::matrix::tests::matrix;
    use super::*;
    use crate::packed::tests::survives_damage;
    use argtop_storage::RowFormat;

    #[test]
    fn comes_back_and_survives_damage() {
        let source = matrix(RowFormat::F32, 2, &[3, 8], &[1.0, 0.0, 0.0, 2.0], Some(&[0.5, 1.5]));
        let written = FaissSlots::new(Factory::DEFAULT, &source).unwrap();
        let opened = FaissSlots::open(Bytes::clone(&written.bytes)).unwrap();
        assert_eq!((opened.factory, opened.dimension, opened.biased), (Factory::DEFAULT, 2, true));
        assert_eq!((opened.norm_max, opened.slots.slot_end()), (2.5, 9));
        assert_eq!(opened.slots.iter().collect::<Vec<_>>(), [3, 8]);
        survives_damage(&AlignedBytes::from((*written.bytes).as_ref()), |bytes| {
            FaissSlots::open(bytes).is_ok()
        });
    }
}
