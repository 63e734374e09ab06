//! CHECK: reads everything there is and compares it.

use std::sync::Arc;

use roaring::RoaringBitmap;

use crate::error::{CodecError, ReadError};
use crate::feed::decode_change;
use crate::key::{Column, Key, ObjectId, number_of, object_of, table_key};
use crate::meta::{MetaKey, decode_u32};
use crate::object::TableRecord;
use crate::record::decode_record;
use crate::seal::{corrupt, unseal};
use crate::snapshot::Snapshot;
use crate::store::Shared;

/// Findings beyond this many per place are counted, not listed.
const FINDINGS_MAX: usize = 100;

/// Something that CHECK found wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where: a column family, a table, a generation.
    pub place: String,
    /// What is wrong.
    pub problem: String,
}

/// Collects findings of one place.
struct Place<'a> {
    name: String,
    count: usize,
    all: &'a mut Vec<Finding>,
}

impl<'a> Place<'a> {
    fn new(name: String, all: &'a mut Vec<Finding>) -> Place<'a> {
        Place { name, count: 0, all }
    }

    fn report(&mut self, problem: impl ToString) {
        self.count = self.count.saturating_add(1);
        if self.count <= FINDINGS_MAX {
            self.all.push(Finding { place: self.name.clone(), problem: problem.to_string() });
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let more = self.count.saturating_sub(FINDINGS_MAX);
        if more > 0 {
            let problem = format!("and {more} more problems");
            self.all.push(Finding { place: self.name.clone(), problem });
        }
    }
}

pub(crate) fn check(shared: &Shared) -> Vec<Finding> {
    let snapshot = Snapshot { image: shared.image.load_full() };
    let mut findings = Vec::new();
    for column in Column::ALL {
        let mut place = Place::new(format!("column family {}", column.name()), &mut findings);
        if let Err(error) = check_entries(&snapshot, column, &mut place) {
            place.report(error);
        }
    }
    let catalog = snapshot.catalog();
    for table in catalog.tables() {
        let mut place = Place::new(format!("table {}", table.name), &mut findings);
        if let Err(error) = check_table(&snapshot, table, &mut place) {
            place.report(error);
        }
    }
    for object in catalog.models().map(|model| model.id) {
        let mut place = Place::new(format!("blobs of object {object}"), &mut findings);
        for part in 0..=u8::MAX {
            if let Err(error) = snapshot.blob(object, part) {
                place.report(error);
            }
        }
    }
    for (object, generation) in &snapshot.image.state.pointers {
        let mut place =
            Place::new(format!("generation {:016x} of object {object}", generation.id()), &mut findings);
        if let Err(error) = generation.verify() {
            place.report(error);
        }
    }
    findings
}

/// Checksum of every entry, and that its content can be decoded where this crate knows what it is.
fn check_entries(snapshot: &Snapshot, column: Column, place: &mut Place<'_>) -> Result<(), ReadError> {
    let mut scan = snapshot.scan(column, Vec::new(), Vec::new())?;
    while let Some((key, stored)) = scan.next_stored()? {
        let checked = unseal(column, key, stored)
            .and_then(|value| check_value(column, key, value).map_err(|reason| corrupt(column, key, reason)));
        if let Err(error) = checked {
            place.report(error);
        }
    }
    Ok(())
}

fn check_value(column: Column, key: &[u8], value: &[u8]) -> Result<(), CodecError> {
    match column {
        Column::Meta => MetaKey::decode(key).map(|_| ()),
        Column::Labels => decode_record(value).map(|_| ()),
        Column::Keys => {
            Key::decode(key.get(4..).unwrap_or_default())?;
            decode_u32(value).map(|_| ())
        }
        Column::Feed => decode_change(key, value).map(|_| ()),
        Column::Vectors | Column::Classifiers | Column::Auxiliary | Column::Adjacency | Column::Blobs => {
            object_of(key).map(|_| ())
        }
    }
}

/// Records, keys and live slots of a table must say the same.
fn check_table(snapshot: &Snapshot, table: &TableRecord, place: &mut Place<'_>) -> Result<(), ReadError> {
    let live = snapshot.live(table.id);
    if let Some(last) = live.max().filter(|last| *last >= snapshot.slot_end(table.id)) {
        place.report(format!("slot {last} is live, but slots end at {}", snapshot.slot_end(table.id)));
    }
    let keyed = check_keys(snapshot, table.id, &live, place)?;
    for slot in live.as_ref() - &keyed {
        place.report(format!("slot {slot} is live, but no primary key leads there"));
    }
    let mut recorded = RoaringBitmap::new();
    let prefix = table.id.0.to_be_bytes();
    let mut scan = snapshot.scan(Column::Labels, prefix.to_vec(), crate::key::after_prefix(&prefix))?;
    while let Some((key, stored)) = scan.next_stored()? {
        let Ok(slot) = number_of(key) else { continue };
        // Damaged records were reported with their column family.
        let Ok(value) = unseal(Column::Labels, key, stored) else { continue };
        let Ok(record) = decode_record(value) else { continue };
        recorded.insert(slot);
        if !live.contains(slot) {
            place.report(format!("slot {slot} holds a record, but is not live"));
        } else if snapshot.slot_of(table.id, &record.key) != Ok(Some(slot)) {
            let bytes = table_key(table.id, &record.key).len();
            place.report(format!(
                "the key of the record in slot {slot} ({bytes} bytes) does not lead back to it"
            ));
        }
    }
    for slot in live.as_ref() - &recorded {
        place.report(format!("slot {slot} is live, but holds no readable record"));
    }
    Ok(())
}

/// The slots that primary keys lead to.
fn check_keys(
    snapshot: &Snapshot,
    table: ObjectId,
    live: &Arc<RoaringBitmap>,
    place: &mut Place<'_>,
) -> Result<RoaringBitmap, ReadError> {
    let mut keyed = RoaringBitmap::new();
    let prefix = table.0.to_be_bytes();
    let mut scan = snapshot.scan(Column::Keys, prefix.to_vec(), crate::key::after_prefix(&prefix))?;
    while let Some((key, stored)) = scan.next_stored()? {
        let slot = unseal(Column::Keys, key, stored).ok().and_then(|value| decode_u32(value).ok());
        let Some(slot) = slot else { continue };
        if !live.contains(slot) {
            place.report(format!("a primary key leads to slot {slot}, which is not live"));
        }
        if !keyed.insert(slot) {
            place.report(format!("two primary keys lead to slot {slot}"));
        }
    }
    Ok(keyed)
}
