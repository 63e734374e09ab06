//! The ELIAS graph in one file, and as vectors.
//!
//! Sections: `shape` u64 (dimension, clusters, end of the slots, bits of alpha and beta as f64), `weights`
//! W_C f32 `[C, dimension]`, `biases` b_C f32, and A in compressed sparse rows: `offsets` u64 `[C + 1]`,
//! `slots` u32, `values` f32. `order` u64 is 1 where the edges of a cluster stand by falling weight, as
//! walks want them; a file without that section has them by rising slot.

use std::io::Write;

use super::elias::{EliasView, ViewError};
use super::error::IndexError;
use super::row::check_dimension;
use crate::packed::{Array, Bytes, Kind, Packed, PackedError, PackedWriter};

const KIND: Kind = Kind { magic: *b"ATELIAS0", version: 1, name: "ELIAS graph" };

/// A graph in memory: built here, or read from the store when its generation is gone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EliasArrays {
    /// Numbers in a row of W_C.
    pub dimension: usize,
    /// Factor of the softmax over clusters.
    pub alpha: f64,
    /// Factor of the softmax over a row of A when it was trained. The values are normalised already; it is
    /// kept for further training.
    pub beta: f64,
    /// W_C, `[C, dimension]`.
    pub weights: Vec<f32>,
    /// b_C, `[C]`.
    pub biases: Vec<f32>,
    /// Where the edges of each cluster begin, `[C + 1]`.
    pub offsets: Vec<u64>,
    /// The labels, ascending within a cluster.
    pub slots: Vec<u32>,
    /// Their weights, 0 to 1.
    pub values: Vec<f32>,
}

impl EliasArrays {
    /// The graph, after its lengths have been checked in O(clusters).
    pub fn view(&self) -> Result<EliasView<'_>, ViewError> {
        EliasView {
            dimension: self.dimension,
            alpha: self.alpha,
            weights: &self.weights,
            biases: &self.biases,
            offsets: &self.offsets,
            slots: &self.slots,
            values: &self.values,
            ranked: false,
            coarse: None,
        }
        .checked()
    }

    /// Checks every number of the graph, whose slots lie under `slot_end`: finite, weights within 0 to 1,
    /// slots of a cluster ascending. What is read from outside must pass this once.
    pub fn check(&self, slot_end: u32) -> Result<(), ViewError> {
        if !self.beta.is_finite() {
            return Err(ViewError::Value { what: "beta", position: 0, value: self.beta });
        }
        self.view()?.check_numbers(slot_end)
    }

    /// Writes the graph as a file that covers every slot under `slot_end`.
    pub fn write<W: Write>(&self, out: W, slot_end: u32) -> Result<W, IndexError> {
        check_dimension(self.dimension).map_err(|error| IndexError::Row { slot: 0, error })?;
        let refused = |error: ViewError| PackedError::Damaged { kind: KIND.name, reason: error.to_string() };
        self.check(slot_end).map_err(refused)?;
        let mut writer = PackedWriter::new(out, KIND)?;
        let clusters = self.biases.len() as u64;
        let (alpha, beta) = (self.alpha.to_bits(), self.beta.to_bits());
        writer.section("shape", &[self.dimension as u64, clusters, slot_end.into(), alpha, beta])?;
        writer.section("weights", &self.weights)?;
        writer.section("biases", &self.biases)?;
        writer.section("offsets", &self.offsets)?;
        writer.section("order", &[1u64])?;
        let (slots, values) = self.by_weight();
        writer.section("slots", &slots)?;
        writer.section("values", &values)?;
        Ok(writer.finish()?)
    }

    /// The edges of each cluster by falling weight, equal ones by rising slot.
    fn by_weight(&self) -> (Vec<u32>, Vec<f32>) {
        let mut edges: Vec<(f32, u32)> =
            self.values.iter().copied().zip(self.slots.iter().copied()).collect();
        for ends in self.offsets.windows(2) {
            let edges = &mut edges[ends[0] as usize..ends[1] as usize];
            // Weights are within 0 to 1; adding zero takes the sign from a negative one.
            edges.sort_unstable_by(|a, b| (b.0 + 0.0).total_cmp(&(a.0 + 0.0)).then(a.1.cmp(&b.1)));
        }
        edges.into_iter().map(|(value, slot)| (slot, value)).unzip()
    }
}

/// An opened graph file.
pub struct EliasFile {
    dimension: usize,
    slot_end: u32,
    alpha: f64,
    beta: f64,
    weights: Array<f32>,
    biases: Array<f32>,
    offsets: Array<u64>,
    slots: Array<u32>,
    values: Array<f32>,
    ranked: bool,
}

impl EliasFile {
    /// Opens a graph after checking every length and every number in it, in one pass over the edges.
    pub fn open(bytes: Bytes) -> Result<Self, PackedError> {
        let packed = Packed::open(bytes, KIND, &[])?;
        let fields = packed.array::<u64>("shape", 5)?;
        let [dimension, clusters, slot_end, alpha, beta] = *fields.get() else {
            return Err(packed.damaged("its shape is not described"));
        };
        let dimension = usize::try_from(dimension)
            .ok()
            .filter(|dimension| check_dimension(*dimension).is_ok())
            .ok_or_else(|| packed.damaged(format!("dimension {dimension}")))?;
        let slot_end =
            u32::try_from(slot_end).map_err(|_| packed.damaged("the end of its slots is no slot"))?;
        let weights =
            clusters.checked_mul(dimension as u64).ok_or_else(|| packed.damaged("too many clusters"))?;
        let offsets = clusters.checked_add(1).ok_or_else(|| packed.damaged("too many clusters"))?;
        let slots = packed.array_of_any_length::<u32>("slots")?;
        let ranked = match packed.optional_array::<u64>("order")? {
            None => false,
            Some(order) => match order.get() {
                [1] => true,
                _ => return Err(packed.damaged("its edges stand in an unknown order")),
            },
        };
        let file = Self {
            dimension,
            slot_end,
            alpha: f64::from_bits(alpha),
            beta: f64::from_bits(beta),
            weights: packed.array("weights", weights)?,
            biases: packed.array("biases", clusters)?,
            offsets: packed.array("offsets", offsets)?,
            values: packed.array("values", slots.get().len() as u64)?,
            slots,
            ranked,
        };
        let checked = file.view().checked().and_then(|view| view.check_numbers(slot_end));
        checked.map_err(|error| packed.damaged(error.to_string()))?;
        if !file.beta.is_finite() {
            return Err(packed.damaged("beta is not finite"));
        }
        Ok(file)
    }

    /// Slots under this one are covered.
    pub fn slot_end(&self) -> u32 {
        self.slot_end
    }

    /// Factor of the softmax over clusters, and of the one over a row of A.
    pub fn alpha_and_beta(&self) -> (f64, f64) {
        (self.alpha, self.beta)
    }

    /// The graph.
    pub fn view(&self) -> EliasView<'_> {
        EliasView {
            dimension: self.dimension,
            alpha: self.alpha,
            weights: self.weights.get(),
            biases: self.biases.get(),
            offsets: self.offsets.get(),
            slots: self.slots.get(),
            values: self.values.get(),
            ranked: self.ranked,
            coarse: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packed::AlignedBytes;
    use crate::packed::tests::survives_damage;

    fn sample() -> EliasArrays {
        EliasArrays {
            dimension: 2,
            alpha: 10.0,
            beta: 150.0,
            weights: vec![1.0, 0.0, 0.0, 1.0],
            biases: vec![0.5, 0.0],
            offsets: vec![0, 2, 3],
            slots: vec![1, 4, 4],
            values: vec![1.0, 0.5, 0.25],
        }
    }

    #[test]
    fn a_file_answers_as_the_vectors_it_was_written_from() {
        let arrays = sample();
        let bytes = arrays.write(AlignedBytes::new(), 6).unwrap().into_bytes();
        let file = EliasFile::open(bytes).unwrap();
        assert_eq!((file.slot_end(), file.alpha_and_beta()), (6, (10.0, 150.0)));
        let (a, b) = (arrays.view().unwrap(), file.view());
        assert_eq!((b.clusters(), b.edges(), b.dimension()), (2, 3, 2));
        assert_eq!(a.probe(&[0.3, 0.9], 2), b.probe(&[0.3, 0.9], 2));
        assert_eq!(b.row(0), (&[1, 4][..], &[1.0, 0.5][..]));
    }

    #[test]
    fn edges_stand_by_weight_in_a_file_and_files_by_slot_are_read_as_well() {
        let arrays = EliasArrays {
            offsets: vec![0, 4, 5],
            slots: vec![1, 2, 4, 5, 4],
            values: vec![0.25, 1.0, 0.5, 1.0, 0.25],
            ..sample()
        };
        let bytes = arrays.write(AlignedBytes::new(), 6).unwrap().into_bytes();
        let file = EliasFile::open(bytes).unwrap();
        assert_eq!(file.view().row(0), (&[2, 5, 4, 1][..], &[1.0, 1.0, 0.5, 0.25][..]));
        let write = |order: Option<u64>, slots: &[u32], values: &[f32]| {
            let mut writer = PackedWriter::new(AlignedBytes::new(), KIND).unwrap();
            let shape = [2, 2, 6, arrays.alpha.to_bits(), arrays.beta.to_bits()];
            writer.section("shape", &shape).unwrap();
            writer.section("weights", &arrays.weights).unwrap();
            writer.section("biases", &arrays.biases).unwrap();
            writer.section("offsets", &arrays.offsets).unwrap();
            order.iter().for_each(|order| writer.section("order", &[*order]).unwrap());
            writer.section("slots", slots).unwrap();
            writer.section("values", values).unwrap();
            EliasFile::open(writer.finish().unwrap().into_bytes())
        };
        let old = write(None, &arrays.slots, &arrays.values).unwrap();
        assert_eq!(old.view().row(0), (&[1, 2, 4, 5][..], &[0.25, 1.0, 0.5, 1.0][..]));
        // Neither order is taken for the other, and no third one for either.
        assert!(write(Some(1), &arrays.slots, &arrays.values).is_err());
        assert!(write(None, &[2, 5, 4, 1, 4], &[1.0, 1.0, 0.5, 0.25, 0.25]).is_err());
        assert!(write(Some(1), &[5, 2, 4, 1, 4], &[1.0, 1.0, 0.5, 0.25, 0.25]).is_err());
        assert!(write(Some(2), &[2, 5, 4, 1, 4], &[1.0, 1.0, 0.5, 0.25, 0.25]).is_err());
    }

    #[test]
    fn arrays_that_do_not_fit_are_refused() {
        let spoil = |change: fn(&mut EliasArrays)| {
            let mut arrays = sample();
            change(&mut arrays);
            arrays.check(6).unwrap_err().to_string()
        };
        assert!(spoil(|arrays| arrays.weights.truncate(3)).contains("weights: 3 numbers where 4"));
        assert!(spoil(|arrays| arrays.offsets.truncate(2)).contains("offsets"));
        assert!(spoil(|arrays| arrays.offsets[1] = 9).contains("cluster 1 end before"));
        assert!(spoil(|arrays| arrays.offsets[0] = 1).contains("before the first"));
        assert!(spoil(|arrays| arrays.offsets[2] = 2).contains("edges"));
        assert!(spoil(|arrays| arrays.values.truncate(2)).contains("values"));
        assert!(spoil(|arrays| arrays.values[1] = 1.5).contains("number 1 is 1.5"));
        assert!(spoil(|arrays| arrays.values[0] = f32::NAN).contains("NaN"));
        assert!(spoil(|arrays| arrays.biases[1] = f32::INFINITY).contains("biases"));
        assert!(spoil(|arrays| arrays.slots[1] = 1).contains("cluster 0 do not rise"));
        assert!(spoil(|arrays| arrays.slots[2] = 6).contains("cluster 1 do not rise"));
        assert!(spoil(|arrays| arrays.alpha = 0.0).contains("alpha"));
        assert!(spoil(|arrays| arrays.beta = f64::NAN).contains("beta"));
    }

    #[test]
    fn damage_never_panics() {
        survives_damage(&sample().write(AlignedBytes::new(), 6).unwrap(), |bytes| {
            let Ok(file) = EliasFile::open(bytes) else { return false };
            let view = file.view();
            view.probe(&vec![0.5; view.dimension()], 2).iter().for_each(|probed| {
                view.row(probed.cluster);
            });
            true
        });
    }
}
