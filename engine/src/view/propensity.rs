//! How rare labels are: frequencies of the last TRAIN, as inverse propensities.

use std::sync::Arc;

use argtop_storage::{Family, ObjectId, Slot, TableRecord};

use super::View;
use super::moment::{lock, row_of_number};
use crate::error::Error;
use crate::evaluate::inverse_propensity;

/// Constants of the propensity model outside Wikipedia-500K and the Amazon sets (Jain, Prabhu and Varma, KDD
/// 2016).
const A: f64 = 0.55;
const B: f64 = 1.5;

/// Frequencies that were read: the data id, the end of the slots that were looked at, and the numbers by
/// slot.
pub(super) type Loaded = (ObjectId, Slot, Arc<Vec<u32>>);

/// The inverse propensities of a table's labels: `q_l = 1 + C (N_l + B)^-A`.
#[derive(Clone, Debug)]
pub(crate) struct InversePropensity {
    points: u64,
    /// By slot.
    frequencies: Arc<Vec<u32>>,
}

impl InversePropensity {
    /// q of the label in a slot; a label that came after the training has N_l = 0.
    pub(crate) fn of(&self, slot: Slot) -> f64 {
        let count = self.frequencies.get(slot as usize).copied().unwrap_or(0);
        inverse_propensity(self.points, u64::from(count), A, B)
    }

    /// Training points.
    pub(crate) fn points(&self) -> u64 {
        self.points
    }

    /// Training points that have the label in a slot.
    pub(crate) fn frequency(&self, slot: Slot) -> u64 {
        u64::from(self.frequencies.get(slot as usize).copied().unwrap_or(0))
    }

    /// q of a label that occurs in no training point.
    pub(crate) fn unseen(&self) -> f64 {
        inverse_propensity(self.points, 0, A, B)
    }
}

impl View {
    /// The inverse propensities of a table's labels, kept in memory from their first use on.
    ///
    /// # Errors
    /// The table was never trained, or the rows cannot be read.
    pub(crate) fn inverse_propensity(&self, table: &TableRecord) -> Result<InversePropensity, Error> {
        let Some(record) = &table.frequencies else {
            return Err(Error::value(
                format!("table {} was never trained, so its labels have no inverse_propensity", table.name),
                "TRAIN one of its classifiers first, or leave inverse_propensity out",
            ));
        };
        let points = record.points;
        // A label that is changed takes its frequency along to its new slot.
        let slot_end = self.snapshot.slot_end(table.id);
        let known = lock(&self.inner.caches.frequencies).get(&table.id).cloned();
        let known = known.filter(|(data, _, _)| *data == record.data);
        let (read_to, loaded) = known.map_or((0, Arc::default()), |(_, read_to, loaded)| (read_to, loaded));
        if read_to >= slot_end {
            return Ok(InversePropensity { points, frequencies: loaded });
        }
        let mut frequencies = Vec::clone(&loaded);
        let mut rows = self.snapshot.scan_rows(Family::AuxiliaryClusters, record.data, read_to..slot_end)?;
        while let Some((slot, bytes)) = rows.next_row()? {
            let slot = slot as usize;
            if frequencies.len() <= slot {
                frequencies.resize(slot + 1, 0);
            }
            frequencies[slot] = row_of_number(bytes)?;
        }
        let frequencies = Arc::new(frequencies);
        let fresh = (record.data, slot_end, frequencies.clone());
        lock(&self.inner.caches.frequencies).insert(table.id, fresh);
        Ok(InversePropensity { points, frequencies })
    }
}
