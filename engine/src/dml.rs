//! INSERT, UPDATE, DELETE: each one synced batch, all or nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use argtop_query::Value;
use argtop_query::eval::evaluate;
use argtop_query::expr::BoundExpr;
use argtop_query::plan::{Delete, Insert, Node, OnConflict, Returning, Update};
use argtop_storage::{Key, Slot, Submitted, TableRecord, Writer};

use crate::dispatch::Output;
use crate::error::Error;
use crate::execute::filter::matching_slots;
use crate::execute::{self, Run};
use crate::labels::{ENCODE_BATCH, LabelWriter, NewLabel, PreparedLabel, row_places};
use crate::planner::Planner;
use crate::statement::columns_of;

/// INSERT.
pub(crate) fn insert(run: &Run, mut writer: Writer<'_>, plan: &Insert) -> Result<Output, Error> {
    let table = run.view.table(&plan.table.name)?;
    let labels = LabelWriter::new(run, &table)?;
    let operator = Planner::new(run).plan(&plan.source)?;
    let positions = stored_positions(&table);
    let mut state = InsertState::new(run, &labels, &plan.on_conflict, plan.returning.is_some());
    for row in execute::open(run, &operator)? {
        let mut full = vec![Value::Null; table.columns.len()];
        for (position, value) in positions.iter().zip(row?) {
            full[*position] = value;
        }
        state.add(&mut writer, full)?;
    }
    state.flush(&mut writer)?;
    let (changed, written) = (state.changed, state.written);
    let output = returning(run, plan.returning.as_ref(), changed, &written)?;
    if changed > 0 {
        writer.commit()?;
        crate::build::after_write(run, &table, changed)?;
    }
    Ok(output)
}

/// Labels of an INSERT that were checked and computed before its turn to write came, so that writers do not
/// wait for each other's encoder.
pub(crate) struct Ahead {
    labels: Vec<PreparedLabel>,
    /// Their rows, for RETURNING.
    rows: Vec<Vec<Value>>,
}

impl Ahead {
    /// Number of labels.
    pub(crate) fn len(&self) -> u64 {
        self.labels.len() as u64
    }
}

/// Prepares the labels of an INSERT of constant rows. It holds as long as the catalog stays what it is: what
/// is computed depends on models, auxiliaries, classifiers and graphs, all of which the catalog names anew
/// when they change. None where other rows have a say, which is for [`insert`].
pub(crate) fn prepare_ahead(run: &Run, plan: &Insert) -> Result<Option<Ahead>, Error> {
    let values = match &plan.source {
        Node::Project { input, .. } => &**input,
        other => other,
    };
    let few = matches!(values, Node::Values { rows, .. } if rows.len() <= ENCODE_BATCH);
    if !few || plan.on_conflict != OnConflict::Error {
        return Ok(None);
    }
    let table = run.view.table(&plan.table.name)?;
    let writer = LabelWriter::new(run, &table)?;
    let operator = Planner::new(run).plan(&plan.source)?;
    let positions = stored_positions(&table);
    let mut new = Vec::new();
    for row in execute::open(run, &operator)? {
        let mut full = vec![Value::Null; table.columns.len()];
        for (position, value) in positions.iter().zip(row?) {
            full[*position] = value;
        }
        new.push(NewLabel { row: full, from: None });
    }
    let rows = new.iter().filter(|_| plan.returning.is_some()).map(|label| label.row.clone());
    let mut rows: Vec<Vec<Value>> = rows.collect();
    let labels = writer.prepare(new)?;
    for (row, label) in rows.iter_mut().zip(&labels) {
        writer.fill_generated(label, row)?;
    }
    Ok(Some(Ahead { labels, rows }))
}

/// INSERT of labels that were prepared ahead, up to the wait for the disk. None where the writer's catalog is
/// no longer the one that they were prepared under.
pub(crate) fn insert_ahead(
    run: &Run,
    mut writer: Writer<'_>,
    plan: &Insert,
    ahead: Ahead,
) -> Result<(Option<Output>, Option<Submitted>), Error> {
    if writer.catalog().version() != run.view.catalog().version() {
        return Ok((None, None));
    }
    let table = run.view.table(&plan.table.name)?;
    let changed = ahead.labels.len() as u64;
    for label in ahead.labels {
        if writer.slot_of(table.id, &label.record.key)?.is_some() {
            return Err(key_taken(&table, &label.record.key));
        }
        label.put(&mut writer, &table)?;
    }
    let output = returning(run, plan.returning.as_ref(), changed, &ahead.rows)?;
    let submitted = if changed > 0 { Some(writer.submit()?) } else { None };
    Ok((Some(output), submitted))
}

fn key_taken(table: &TableRecord, key: &Key) -> Error {
    let name = &table.columns[table.primary_key].name;
    Error::value(
        format!("a label with {name} = {} is in table {} already", key_text(key), table.name),
        "add ON CONFLICT (...) DO UPDATE SET ... or DO NOTHING",
    )
}

/// Positions of the columns that statements give values for.
pub(crate) fn stored_positions(table: &TableRecord) -> Vec<usize> {
    (0..table.columns.len()).filter(|position| table.columns[*position].generated.is_none()).collect()
}

/// Rows on their way into a batch, encoded a block at a time.
pub(crate) struct InsertState<'a> {
    run: &'a Run,
    labels: &'a LabelWriter<'a>,
    on_conflict: &'a OnConflict,
    /// Keys of the block.
    pending: BTreeSet<Key>,
    rows: Vec<NewLabel>,
    /// Labels written so far.
    pub(crate) changed: u64,
    written: Vec<Vec<Value>>,
    keep_written: bool,
}

impl<'a> InsertState<'a> {
    /// Nothing written yet; `keep_written` keeps the rows for RETURNING.
    pub(crate) fn new(
        run: &'a Run,
        labels: &'a LabelWriter<'a>,
        on_conflict: &'a OnConflict,
        keep_written: bool,
    ) -> InsertState<'a> {
        InsertState {
            run,
            labels,
            on_conflict,
            pending: BTreeSet::new(),
            rows: Vec::new(),
            changed: 0,
            written: Vec::new(),
            keep_written,
        }
    }

    /// Takes a row (one value a table column, generated ones NULL).
    pub(crate) fn add(&mut self, writer: &mut Writer<'_>, row: Vec<Value>) -> Result<(), Error> {
        let key = self.labels.key(&row)?;
        // A second row of one key within the block sees the first one's effect.
        if self.pending.contains(&key) {
            self.flush(writer)?;
        }
        let table = &self.labels.table;
        let label = match writer.slot_of(table.id, &key)? {
            None => NewLabel { row, from: None },
            Some(slot) => match self.on_conflict {
                OnConflict::Error => return Err(key_taken(table, &key)),
                OnConflict::Nothing => return Ok(()),
                OnConflict::Update(assignments) => {
                    let assignments = assignments.clone();
                    self.replace(writer, slot, &key, row, &assignments)?
                }
            },
        };
        let key = self.labels.key(&label.row)?;
        if self.rows.len() >= self.run.inner.limits.statement_rows_max {
            return Err(Error::value("too many rows in one statement", "split it"));
        }
        self.pending.insert(key);
        self.rows.push(label);
        if self.rows.len() >= self.labels.block_rows() {
            self.flush(writer)?;
        }
        Ok(())
    }

    /// DO UPDATE: the old label ends, its row with the assignments comes back as a new one.
    fn replace(
        &mut self,
        writer: &mut Writer<'_>,
        slot: Slot,
        key: &Key,
        new: Vec<Value>,
        assignments: &[(usize, BoundExpr)],
    ) -> Result<NewLabel, Error> {
        let table = self.labels.table.clone();
        let Some(old) = self.old_row(&table, slot)? else {
            return Err(Error::value(
                format!("label {} is inserted and updated by one statement", key_text(key)),
                "give each key once",
            ));
        };
        let mut both = old.clone();
        both.extend(new);
        let mut row = old;
        for (position, expr) in assignments {
            row[*position] = evaluate(expr, &both, &self.run.eval())?;
        }
        clear_generated(&table, &mut row);
        let from = self.labels.keeps_rows(&both[..row.len()], &row)?.then_some(slot);
        writer.end(table.id, slot, key, &row_places(&self.run.view, &table))?;
        Ok(NewLabel { row, from })
    }

    /// The row of a slot that was live when the statement began; None for one that the statement itself
    /// wrote.
    fn old_row(&self, table: &Arc<TableRecord>, slot: Slot) -> Result<Option<Vec<Value>>, Error> {
        if !self.run.view.live(table)?.contains(slot) {
            return Ok(None);
        }
        let all: Vec<usize> = (0..table.columns.len()).collect();
        Ok(self.run.view.read_labels(table, &[slot], &all)?.into_iter().next())
    }

    /// Writes the block.
    pub(crate) fn flush(&mut self, writer: &mut Writer<'_>) -> Result<(), Error> {
        self.run.context.check()?;
        self.pending.clear();
        let rows = std::mem::take(&mut self.rows);
        if rows.is_empty() {
            return Ok(());
        }
        let kept = rows.iter().filter(|_| self.keep_written).map(|label| label.row.clone());
        let mut kept: Vec<Vec<Value>> = kept.collect();
        let prepared = self.labels.prepare(rows)?;
        for (row, label) in kept.iter_mut().zip(&prepared) {
            self.labels.fill_generated(label, row)?;
        }
        self.written.extend(kept);
        for label in prepared {
            label.put(writer, &self.labels.table)?;
            self.changed += 1;
        }
        self.run.context.progress("writing labels", self.changed, None);
        Ok(())
    }
}

fn clear_generated(table: &TableRecord, row: &mut [Value]) {
    for (column, value) in table.columns.iter().zip(row) {
        if column.generated.is_some() {
            *value = Value::Null;
        }
    }
}

/// A key for messages.
pub(crate) fn key_text(key: &Key) -> String {
    match key {
        Key::BigInt(number) => number.to_string(),
        Key::Text(text) => format!("'{text}'"),
    }
}

/// UPDATE: every label that matches ends, and comes back changed under a new slot.
pub(crate) fn update(run: &Run, mut writer: Writer<'_>, plan: &Update) -> Result<Output, Error> {
    let table = run.view.table(&plan.table.name)?;
    let labels = LabelWriter::new(run, &table)?;
    let places = row_places(&run.view, &table);
    let slots = matching(run, &table, plan.filter.as_ref())?;
    let mut planner = Planner::new(run);
    let mut assignments = Vec::with_capacity(plan.assignments.len());
    for (position, expr) in &plan.assignments {
        assignments.push((*position, planner.expr(expr)?));
    }
    let all: Vec<usize> = (0..table.columns.len()).collect();
    let mut ended = Vec::with_capacity(slots.len());
    let mut written = Vec::new();
    // All old labels end before any new one is written, so that keys may be exchanged among them.
    for batch in slots.chunks(ENCODE_BATCH) {
        run.context.check()?;
        for (slot, old) in batch.iter().zip(run.view.read_labels(&table, batch, &all)?) {
            let mut row = old.clone();
            for (position, expr) in &assignments {
                row[*position] = evaluate(expr, &old, &run.eval())?;
            }
            let from = labels.keeps_rows(&old, &row)?.then_some(*slot);
            clear_generated(&table, &mut row);
            writer.end(table.id, *slot, &labels.key(&old)?, &places)?;
            ended.push(NewLabel { row, from });
        }
    }
    let changed = ended.len() as u64;
    let mut ended = ended.into_iter();
    loop {
        let batch: Vec<NewLabel> = ended.by_ref().take(ENCODE_BATCH).collect();
        if batch.is_empty() {
            break;
        }
        run.context.check()?;
        let kept = batch.iter().filter(|_| plan.returning.is_some()).map(|label| label.row.clone());
        let mut kept: Vec<Vec<Value>> = kept.collect();
        let prepared = labels.prepare(batch)?;
        for (row, label) in kept.iter_mut().zip(&prepared) {
            labels.fill_generated(label, row)?;
        }
        written.extend(kept);
        for label in prepared {
            let key = label.record.key.clone();
            if writer.slot_of(table.id, &key)?.is_some() {
                return Err(Error::value(
                    format!("after the update two labels would have the key {}", key_text(&key)),
                    "choose keys that differ",
                ));
            }
            label.put(&mut writer, &table)?;
        }
        run.context.progress("updating labels", changed, Some(changed));
    }
    let output = returning(run, plan.returning.as_ref(), changed, &written)?;
    if changed > 0 {
        writer.commit()?;
        crate::build::after_write(run, &table, changed)?;
    }
    Ok(output)
}

/// DELETE.
pub(crate) fn delete(run: &Run, mut writer: Writer<'_>, plan: &Delete) -> Result<Output, Error> {
    let table = run.view.table(&plan.table.name)?;
    let places = row_places(&run.view, &table);
    let slots = matching(run, &table, plan.filter.as_ref())?;
    let keys = run.view.keys(&table)?;
    let all: Vec<usize> = (0..table.columns.len()).collect();
    let written = match plan.returning {
        Some(_) => run.view.read_labels(&table, &slots, &all)?,
        None => Vec::new(),
    };
    for (number, slot) in slots.iter().enumerate() {
        if number % ENCODE_BATCH == 0 {
            run.context.check()?;
        }
        writer.end(table.id, *slot, &keys.key(*slot)?, &places)?;
    }
    let changed = slots.len() as u64;
    let output = returning(run, plan.returning.as_ref(), changed, &written)?;
    if changed > 0 {
        writer.commit()?;
    }
    Ok(output)
}

/// Slots of the labels that match, in the order of their keys.
fn matching(run: &Run, table: &Arc<TableRecord>, filter: Option<&BoundExpr>) -> Result<Vec<Slot>, Error> {
    let slots = match filter {
        Some(filter) => {
            let filter = Planner::new(run).expr(filter)?;
            matching_slots(run, table, &filter)?.slots
        }
        None => run.view.live(table)?,
    };
    let keys = run.view.keys(table)?;
    let mut slots: Vec<Slot> = slots.iter().collect();
    slots.sort_by(|a, b| keys.compare(*a, *b));
    Ok(slots)
}

/// RETURNING over written rows, or only their number.
fn returning(
    run: &Run,
    returning: Option<&Returning>,
    changed: u64,
    written: &[Vec<Value>],
) -> Result<Output, Error> {
    let Some(returning) = returning else { return Ok(Output::changed(changed)) };
    let mut rows = Vec::with_capacity(written.len());
    for row in written {
        let values: Result<Vec<Value>, _> =
            returning.exprs.iter().map(|expr| evaluate(expr, row, &run.eval())).collect();
        rows.push(values?);
    }
    let mut output = Output::rows(columns_of(&returning.schema), rows);
    output.changed = Some(changed);
    Ok(output)
}
