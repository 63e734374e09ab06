//! The training pairs of one TRAIN: read once, texts spooled to a file, labels as numbers.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use argtop_query::Value;
use argtop_query::plan::Train;
use argtop_storage::{Key, ScratchFile, ScratchMap, Slot, TableRecord};
use sha2::{Digest, Sha256};

use super::embeddings::hex;
use super::memory::expect_room;
use super::reciprocal::{self, Reciprocal};
use crate::error::Error;
use crate::execute::{self, Run};
use crate::physical::VectorColumn;
use crate::planner::Planner;
use crate::train::{Csr, Pairs};

/// Begins the names of files with the texts of a training that runs.
pub(super) const SPOOLED: &str = "texts-";
/// Rows between two looks at cancellation and progress.
const ROWS_AT_ONCE: u64 = 1_024;

/// The labels of the table at the beginning of a training, numbered from 0 in the order of their slots.
pub(super) struct LabelNumbers {
    /// Slot of each number, ascending.
    pub(super) slots: Vec<Slot>,
    by_key: HashMap<Key, u32>,
}

impl LabelNumbers {
    /// Numbers the live labels of a table.
    pub(super) fn new(run: &Run, table: &TableRecord) -> Result<LabelNumbers, Error> {
        let live = run.view.live(table)?;
        let slots: Vec<Slot> = live.iter().collect();
        if slots.is_empty() {
            return Err(Error::value(
                format!("table {} has no labels", table.name),
                "insert or COPY the labels first",
            ));
        }
        let mut by_key = HashMap::with_capacity(slots.len());
        for entry in run.view.snapshot().keys(table.id)? {
            let (key, slot) = entry?;
            if let Ok(number) = slots.binary_search(&slot) {
                by_key.insert(key, number as u32);
            }
        }
        Ok(LabelNumbers { slots, by_key })
    }

    /// Number of labels.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// The number of a label, by a value of the source.
    fn find(&self, value: &Value) -> Result<Option<u32>, Error> {
        let key = match value {
            Value::BigInt(number) => Key::BigInt(*number),
            Value::Text(text) => Key::Text(text.clone()),
            other => {
                return Err(Error::value(
                    format!("labels of a training row hold {other}"),
                    "give the primary keys of labels",
                ));
            }
        };
        Ok(self.by_key.get(&key).copied())
    }
}

/// Labels that go with a label's own text.
pub(super) type Related = HashMap<u32, BTreeSet<u32>>;

/// Training pairs.
pub(super) struct Lesson {
    /// Texts, one a point.
    pub(super) texts: Texts,
    /// Labels, excluded pairs and weights of the points.
    pub(super) pairs: Pairs,
    /// Rows of the source that have no label of the table; they are left out.
    pub(super) without_labels: u64,
    /// Labels of the source that the table does not have.
    pub(super) unknown_labels: u64,
    /// Reciprocal pairs that were left out.
    pub(super) reciprocal: u64,
    /// For labels whose own text is that of a point or leads to one: labels that go with that text, either
    /// way, and so are no negatives where it becomes a document (LEVER).
    pub(super) related: Related,
}

impl Lesson {
    /// What a kept state must have been made from: the pairs, the options, the labels and their embeddings,
    /// and whatever else is named.
    pub(super) fn fingerprint(
        &self,
        used: &BTreeMap<String, String>,
        (labels, column): (&LabelNumbers, &VectorColumn),
        other: &str,
    ) -> String {
        let mut hash = Sha256::new();
        hash.update(self.texts.hash.as_bytes());
        for csr in [Some(&self.pairs.targets), self.pairs.excluded.as_ref()].into_iter().flatten() {
            hash.update(bytemuck::cast_slice::<u32, u8>(&csr.columns));
            csr.offsets.iter().for_each(|at| hash.update((*at as u64).to_le_bytes()));
        }
        hash.update(bytemuck::cast_slice::<f32, u8>(self.pairs.weights.as_deref().unwrap_or(&[])));
        hash.update(bytemuck::cast_slice::<u32, u8>(&labels.slots));
        hash.update(format!("{used:?} {:?} {other}", column.id).as_bytes());
        hex(&hash.finalize())
    }
}

/// Texts in a scratch file: length and bytes of each.
pub(super) struct Texts {
    map: ScratchMap,
    /// Place of each text in the file.
    places: Vec<usize>,
    /// SHA-256 over all of the file, in hexadecimal digits.
    pub(super) hash: String,
}

impl Texts {
    /// Number of texts.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// A text.
    pub(super) fn get(&self, at: usize) -> Result<&str, Error> {
        let broken = || Error::Internal("the spooled texts are damaged".into());
        let bytes = self.map.bytes();
        let place = self.places[at];
        let (length, rest) = bytes[place..].split_first_chunk::<4>().ok_or_else(broken)?;
        let text = rest.get(..u32::from_le_bytes(*length) as usize).ok_or_else(broken)?;
        std::str::from_utf8(text).map_err(|_| broken())
    }
}

/// Writes texts to a scratch file of one job.
pub(super) struct TextWriter {
    name: String,
    file: ScratchFile,
    places: Vec<usize>,
    next: usize,
    hash: Sha256,
}

impl TextWriter {
    /// Begins a file that is named after its use.
    pub(super) fn new(run: &Run, name: &str) -> Result<TextWriter, Error> {
        let name = format!("{SPOOLED}{name}");
        let file = run.inner.store.scratch().create(&name).map_err(scratch_error)?;
        Ok(TextWriter { name, file, places: Vec::new(), next: 0, hash: Sha256::new() })
    }

    /// Appends a text.
    pub(super) fn push(&mut self, text: &str) -> Result<(), Error> {
        let length =
            u32::try_from(text.len()).map_err(|_| Error::value("a text has over 4 GiB", "cut it"))?;
        for bytes in [&length.to_le_bytes()[..], text.as_bytes()] {
            self.hash.update(bytes);
            self.file.write(bytes).map_err(scratch_error)?;
        }
        self.places.push(self.next);
        self.next += 4 + text.len();
        Ok(())
    }

    /// Ends the file. Its name is free at once: the map keeps the bytes.
    pub(super) fn finish(self, run: &Run) -> Result<Texts, Error> {
        let map = self.file.finish().map_err(scratch_error)?;
        run.inner.store.scratch().remove(&self.name).map_err(scratch_error)?;
        Ok(Texts { map, places: self.places, hash: hex(&self.hash.finalize()) })
    }
}

/// An error of the scratch directory.
pub(super) fn scratch_error(error: std::io::Error) -> Error {
    Error::Value {
        message: format!("the directory `training` of the database: {error}"),
        help: Some("free some space, or open the database for writing".to_string()),
    }
}

/// Reads the source of a TRAIN.
pub(super) fn read(
    run: &Run,
    plan: &Train,
    (table, labels): (&TableRecord, &LabelNumbers),
    reciprocal: Reciprocal,
    job: u64,
) -> Result<Lesson, Error> {
    let mut lesson = read_source(run, plan, labels, job)?;
    if reciprocal == Reciprocal::Exclude {
        lesson.reciprocal = reciprocal::exclude(run, (table, labels), &mut lesson)?;
    }
    Ok(lesson)
}

/// What the source has.
fn read_source(run: &Run, plan: &Train, labels: &LabelNumbers, job: u64) -> Result<Lesson, Error> {
    let operator = Planner::new(run).plan(&plan.source)?;
    let mut texts = TextWriter::new(run, &job.to_string())?;
    let mut targets = Csr::new(labels.len());
    let mut weights = plan.weight.map(|_| Vec::new());
    let mut excluded = plan.exclude.map(|_| Csr::new(labels.len()));
    let (mut rows, mut without_labels, mut unknown_labels) = (0u64, 0, 0);
    let mut entries = Vec::new();
    for row in execute::open(run, &operator)? {
        let row = row?;
        rows += 1;
        if rows.is_multiple_of(ROWS_AT_ONCE) {
            run.context.check()?;
            run.context.progress("reading training pairs", rows, None);
        }
        entries.clear();
        unknown_labels += entries_of(row.get(plan.labels), labels, &mut entries)?;
        if entries.is_empty() {
            without_labels += 1;
            continue;
        }
        texts.push(text_of(row.get(plan.text), rows)?)?;
        targets.push(&mut entries);
        if let (Some(excluded), Some(column)) = (&mut excluded, plan.exclude) {
            let own = targets.row(targets.rows() - 1).0;
            entries.clear();
            entries_of(row.get(column), labels, &mut entries)?;
            entries.retain(|(label, _)| own.binary_search(label).is_err());
            excluded.push(&mut entries);
        }
        if let (Some(weights), Some(column)) = (&mut weights, plan.weight) {
            weights.push(weight_of(row.get(column), rows)?);
        }
        if texts.places.len() > run.inner.limits.statement_rows_max {
            return Err(Error::value(
                format!("the source has more than {} rows", run.inner.limits.statement_rows_max),
                "train on a part of them: add WHERE or LIMIT",
            ));
        }
        if rows.is_multiple_of(ROWS_AT_ONCE) {
            let pairs = (targets.entries() * 8 + texts.places.len() * 16) as u64;
            expect_room(run, "holding the training pairs", pairs)?;
        }
    }
    if targets.rows() == 0 {
        return Err(Error::value(
            format!("none of the {rows} rows of the source has a label of the table"),
            "give rows of `text` and `labels`, where labels are primary keys of the table",
        ));
    }
    let pairs = Pairs { targets, excluded, weights };
    Ok(Lesson {
        texts: texts.finish(run)?,
        pairs,
        without_labels,
        unknown_labels,
        reciprocal: 0,
        related: Related::new(),
    })
}

/// Collects the numbers of a row's labels; gives how many the table does not have.
fn entries_of(
    value: Option<&Value>,
    labels: &LabelNumbers,
    entries: &mut Vec<(u32, f32)>,
) -> Result<u64, Error> {
    let mut unknown = 0;
    let mut add = |value: &Value| {
        match labels.find(value)? {
            Some(number) => entries.push((number, 1.0)),
            None => unknown += 1,
        }
        Ok::<(), Error>(())
    };
    match value {
        None | Some(Value::Null) => {}
        Some(Value::List(items)) => items.iter().try_for_each(&mut add)?,
        Some(other) => {
            return Err(Error::Internal(format!("labels of a training row are {other}, not a list")));
        }
    }
    Ok(unknown)
}

fn text_of(value: Option<&Value>, row: u64) -> Result<&str, Error> {
    match value {
        Some(Value::Text(text)) => Ok(text),
        other => Err(Error::value(
            format!("the text of training row {row} is {}", other.unwrap_or(&Value::Null)),
            "leave such rows out with WHERE",
        )),
    }
}

fn weight_of(value: Option<&Value>, row: u64) -> Result<f32, Error> {
    let number = match value {
        Some(Value::BigInt(number)) => *number as f64,
        Some(Value::Double(number)) => *number,
        _ => f64::NAN,
    };
    if number.is_finite() && (0.0..=1e6).contains(&number) {
        return Ok(number as f32);
    }
    Err(Error::value(
        format!("the weight of training row {row} is {}", value.unwrap_or(&Value::Null)),
        "weights are numbers from 0 to 1000000",
    ))
}
