//! Reading labels: their columns as values.

use std::ops::Bound;

use argtop_query::Value;
use argtop_storage::{Cell, ColumnType, Key, Record, Slot, TableRecord};

use super::{View, vector_columns};
use crate::error::Error;

/// Keys read at a time when a table is walked in key order.
const KEYS_PAGE: usize = 4_096;
/// How many keys before it is read a key is asked for.
const KEYS_AHEAD: usize = 8;
/// Records are read one after the other where at least one in so many is wanted, else looked up.
const SCAN_PART: u64 = 8;

impl View {
    /// Values of labels, one row a slot, in the order of the slots; columns not named are NULL.
    pub(crate) fn read_labels(
        &self,
        table: &TableRecord,
        slots: &[Slot],
        columns: &[usize],
    ) -> Result<Vec<Vec<Value>>, Error> {
        self.read_labels_with(table, slots, columns, 0)
    }

    /// [`read_labels`](View::read_labels) with room for so many more values behind those of each label.
    pub(crate) fn read_labels_with(
        &self,
        table: &TableRecord,
        slots: &[Slot],
        columns: &[usize],
        room: usize,
    ) -> Result<Vec<Vec<Value>>, Error> {
        let is_vector =
            |column: usize| matches!(table.columns[column].column_type, ColumnType::Vector { .. });
        let stored: Vec<usize> = columns.iter().copied().filter(|column| !is_vector(*column)).collect();
        let key_alone = stored.iter().all(|column| *column == table.primary_key);
        // Keys lie in memory, records do not.
        let keys = if key_alone && !stored.is_empty() { Some(self.keys(table)?) } else { None };
        let mut rows: Vec<Vec<Value>> = Vec::with_capacity(slots.len());
        for (at, slot) in slots.iter().enumerate() {
            if let (Some(keys), Some(next)) = (&keys, slots.get(at + KEYS_AHEAD)) {
                keys.prefetch(*next);
            }
            let mut row = Vec::with_capacity(table.columns.len() + room);
            for column in 0..table.columns.len() {
                row.push(match &keys {
                    Some(keys) if column == table.primary_key => key_value(keys.key(*slot)?),
                    _ => Value::Null,
                });
            }
            rows.push(row);
        }
        if !key_alone {
            self.read_records(table, slots, &stored, &mut rows)?;
        }
        for column in vector_columns(table) {
            let position = table.columns.iter().position(|record| record.id == column.id);
            let Some(position) = position.filter(|position| columns.contains(position)) else { continue };
            let dense = self.column_rows(table, &column)?;
            for (row, slot) in rows.iter_mut().zip(slots) {
                let mut values = vec![0.0; column.dimension];
                if dense.has(*slot) {
                    dense.decode(*slot, &mut values)?;
                    row[position] = Value::Vector(values);
                }
            }
        }
        Ok(rows)
    }

    fn read_records(
        &self,
        table: &TableRecord,
        slots: &[Slot],
        columns: &[usize],
        rows: &mut [Vec<Value>],
    ) -> Result<(), Error> {
        let cells_at = cell_positions(table);
        for ((row, slot), record) in rows.iter_mut().zip(slots).zip(self.snapshot.records(table.id, slots)?) {
            fill(row, record.ok_or_else(|| no_record(table, *slot))?, columns, &cells_at);
        }
        Ok(())
    }

    /// Hands some live slots (rising) with the values of their labels to `each`; columns not named are NULL.
    pub(crate) fn each_label(
        &self,
        table: &TableRecord,
        slots: &[Slot],
        columns: &[usize],
        mut each: impl FnMut(Slot, &[Value]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (Some(first), Some(last)) = (slots.first().copied(), slots.last().copied()) else {
            return Ok(());
        };
        let cells_at = cell_positions(table);
        // Keys alone lie in memory, and vectors lie elsewhere.
        let in_records =
            columns.iter().all(|column| cells_at[*column].is_some()) && *columns != [table.primary_key];
        let dense = slots.len() as u64 * SCAN_PART > u64::from(last - first);
        if !(in_records && dense) {
            let rows = self.read_labels(table, slots, columns)?;
            return slots.iter().zip(&rows).try_for_each(|(slot, row)| each(*slot, row));
        }
        let mut row = vec![Value::Null; table.columns.len()];
        let mut wanted = slots.iter().copied().peekable();
        for entry in self.snapshot.scan_records(table.id, first..last.saturating_add(1))? {
            let (slot, record) = entry?;
            if wanted.next_if_eq(&slot).is_none() {
                continue;
            }
            fill(&mut row, record, columns, &cells_at);
            each(slot, &row)?;
        }
        match wanted.next() {
            Some(slot) => Err(no_record(table, slot)),
            None => Ok(()),
        }
    }

    /// The live slots of a table between two keys, in the order of their keys.
    pub(crate) fn slots_by_key(
        &self,
        table: &TableRecord,
        (mut lower, upper): (Bound<Key>, Bound<Key>),
    ) -> Result<Box<dyn Iterator<Item = Result<Slot, Error>> + Send>, Error> {
        let view = self.clone();
        let table = table.id;
        let mut finished = false;
        let pages = std::iter::from_fn(move || {
            if finished {
                return None;
            }
            let page = view.keys_page(table, lower.as_ref(), upper.as_ref());
            match page.as_ref().map(|page| page.last()) {
                Ok(Some((key, _))) => lower = Bound::Excluded(key.clone()),
                _ => finished = true,
            }
            finished |= page.as_ref().is_ok_and(|page| page.len() < KEYS_PAGE);
            Some(page)
        });
        Ok(Box::new(pages.flat_map(|page| match page {
            Ok(page) => page.into_iter().map(|(_, slot)| Ok(slot)).collect::<Vec<_>>(),
            Err(error) => vec![Err(error)],
        })))
    }

    fn keys_page(
        &self,
        table: argtop_storage::ObjectId,
        lower: Bound<&Key>,
        upper: Bound<&Key>,
    ) -> Result<Vec<(Key, Slot)>, Error> {
        let keys = self.snapshot.keys_in(table, lower, upper)?;
        keys.take(KEYS_PAGE).map(|entry| entry.map_err(Error::from)).collect()
    }
}

fn no_record(table: &TableRecord, slot: Slot) -> Error {
    Error::Internal(format!("slot {slot} of table {} has no record", table.name))
}

/// Writes the cells of some columns into a row.
fn fill(row: &mut [Value], mut record: Record, columns: &[usize], cells_at: &[Option<usize>]) {
    for column in columns {
        let cell = cells_at[*column].and_then(|at| record.cells.get_mut(at));
        // A record written before a column was added has no cell for it.
        let cell = cell.map(|cell| std::mem::replace(cell, Cell::Null));
        row[*column] = cell.map_or(Value::Null, cell_value);
    }
}

/// Position of each column's cell in a record; vector columns have none.
pub(crate) fn cell_positions(table: &TableRecord) -> Vec<Option<usize>> {
    let mut next = 0;
    let positions = table.columns.iter().map(|column| match column.column_type {
        ColumnType::Vector { .. } => None,
        _ => {
            next += 1;
            Some(next - 1)
        }
    });
    positions.collect()
}

/// A key as a value.
pub(crate) fn key_value(key: Key) -> Value {
    match key {
        Key::BigInt(number) => Value::BigInt(number),
        Key::Text(text) => Value::Text(text),
    }
}

/// A stored cell as a value.
fn cell_value(cell: Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Boolean(value) => Value::Boolean(value),
        Cell::BigInt(value) => Value::BigInt(value),
        Cell::Double(value) => Value::Double(value),
        Cell::Text(value) => Value::Text(value),
        Cell::Timestamp(value) => Value::Timestamp(value),
        Cell::Json(value) => Value::Json(value),
        Cell::TextArray(items) => Value::List(items.into_iter().map(Value::Text).collect()),
        Cell::BigIntArray(items) => Value::List(items.into_iter().map(Value::BigInt).collect()),
        Cell::DoubleArray(items) => Value::List(items.into_iter().map(Value::Double).collect()),
    }
}

/// A value as the cell of a column; None where the column's type does not hold it.
pub(crate) fn value_cell(value: Value, column_type: &ColumnType) -> Option<Cell> {
    Some(match (column_type, value) {
        (_, Value::Null) => Cell::Null,
        (ColumnType::BigInt | ColumnType::Integer, Value::BigInt(value)) => Cell::BigInt(value),
        (ColumnType::Double | ColumnType::Real, Value::Double(value)) => Cell::Double(value),
        (ColumnType::Boolean, Value::Boolean(value)) => Cell::Boolean(value),
        (ColumnType::Text, Value::Text(value)) => Cell::Text(value),
        (ColumnType::Timestamp, Value::Timestamp(value)) => Cell::Timestamp(value),
        (ColumnType::Json, Value::Json(value)) => Cell::Json(value),
        (ColumnType::TextArray, Value::List(items)) => Cell::TextArray(
            items
                .into_iter()
                .map(|item| if let Value::Text(text) = item { Some(text) } else { None })
                .collect::<Option<_>>()?,
        ),
        (ColumnType::BigIntArray, Value::List(items)) => Cell::BigIntArray(
            items
                .into_iter()
                .map(|item| if let Value::BigInt(number) = item { Some(number) } else { None })
                .collect::<Option<_>>()?,
        ),
        (ColumnType::DoubleArray, Value::List(items)) => Cell::DoubleArray(
            items
                .into_iter()
                .map(|item| if let Value::Double(number) = item { Some(number) } else { None })
                .collect::<Option<_>>()?,
        ),
        _ => return None,
    })
}
