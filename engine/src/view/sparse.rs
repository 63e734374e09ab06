//! Sparse classifiers under a view: the vocabulary and the rows of all labels, read from the store once.

use std::sync::{Arc, Mutex};

use argtop_storage::{ClassifierRecord, Family, ObjectId, Slot, SparseRecord, TableRecord, decode_sparse};
use roaring::RoaringBitmap;

use super::View;
use super::moment::lock;
use crate::error::Error;
use crate::train::{Csr, SparseQuery, Vocabulary, VocabularyOptions};

/// Slots whose rows are read into one segment; a newest segment that is shorter is made anew with what comes.
const SEGMENT: usize = 4_096;

/// What all views share of one classifier.
pub(super) struct Shared {
    data: ObjectId,
    vocabulary: Arc<Vocabulary>,
    read: Mutex<Read>,
}

#[derive(Default)]
struct Read {
    to: Slot,
    segments: Vec<Arc<Segment>>,
}

/// Rows of the slots `from..from + rows`.
struct Segment {
    from: Slot,
    rows: Csr,
    biases: Vec<f32>,
    present: RoaringBitmap,
}

/// The rows of a sparse classifier.
pub(crate) struct SparseRows {
    view: View,
    shared: Arc<Shared>,
    segments: Vec<Arc<Segment>>,
    width: usize,
}

impl SparseRows {
    /// Opens the rows; reads what is missing.
    pub(super) fn open(
        view: &View,
        table: &TableRecord,
        classifier: &ClassifierRecord,
        record: &SparseRecord,
    ) -> Result<SparseRows, Error> {
        if record.terms == 0 {
            return Err(Error::value(
                format!("classifier {} has learned nothing yet", classifier.name),
                format!("TRAIN CLASSIFIER {} first", classifier.name),
            ));
        }
        let shared = shared(view, classifier, record)?;
        let slot_end = view.snapshot.slot_end(table.id);
        let width =
            shared.vocabulary.len() + if record.embedding { classifier.dimension as usize } else { 0 };
        let mut read = lock(&shared.read);
        while read.to < slot_end {
            read_segment(view, &shared, width, slot_end, &mut read)?;
        }
        let segments = read.segments.clone();
        drop(read);
        Ok(SparseRows { view: view.clone(), shared, segments, width })
    }

    /// Features of a query: terms, then the embedding where rows read it.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// The vocabulary.
    pub(crate) fn vocabulary(&self) -> &Vocabulary {
        &self.shared.vocabulary
    }

    /// The score of a label: the sum over its row in ascending order, in f64, and its bias.
    pub(crate) fn score(&self, slot: Slot, query: &SparseQuery<'_>) -> Result<f64, Error> {
        let at = self.segments.partition_point(|segment| segment.from <= slot);
        let segment = at.checked_sub(1).and_then(|at| self.segments.get(at));
        if let Some(segment) = segment.filter(|segment| segment.present.contains(slot)) {
            let row = (slot - segment.from) as usize;
            let (columns, values) = segment.rows.row(row);
            return Ok(query.score(columns, values, segment.biases[row]));
        }
        // A label that ended before its row was read is looked up for the views that still see it.
        let row = self.view.snapshot.row(Family::Classifiers, self.shared.data, slot)?;
        let row = row.ok_or_else(|| Error::Internal(format!("slot {slot} has no sparse row")))?;
        let (entries, bias) = split(&row)?;
        let (columns, values): (Vec<u32>, Vec<f32>) = entries.into_iter().unzip();
        Ok(query.score(&columns, &values, bias))
    }
}

/// Entries and bias of a stored row.
fn split(bytes: &[u8]) -> Result<(Vec<(u32, f32)>, f32), Error> {
    let (entries, bias) =
        bytes.split_last_chunk::<4>().ok_or_else(|| Error::Internal("a sparse row without bias".into()))?;
    let entries = decode_sparse(entries).map_err(|error| Error::Internal(error.to_string()))?;
    Ok((entries, f32::from_le_bytes(*bias)))
}

/// Reads the next segment. A short newest one is read again together with what follows it.
fn read_segment(
    view: &View,
    shared: &Shared,
    width: usize,
    slot_end: Slot,
    read: &mut Read,
) -> Result<(), Error> {
    let short = read.segments.last().is_some_and(|segment| segment.biases.len() < SEGMENT);
    let from = if short { read.segments.pop().map_or(read.to, |segment| segment.from) } else { read.to };
    let to = slot_end.min(from.saturating_add(SEGMENT as u32));
    let mut segment = Segment {
        from,
        rows: Csr::new(width),
        biases: Vec::with_capacity((to - from) as usize),
        present: RoaringBitmap::new(),
    };
    let mut rows = view.snapshot.scan_rows(Family::Classifiers, shared.data, from..to)?;
    let mut next = rows.next_row()?.map(|(slot, bytes)| split(bytes).map(|row| (slot, row))).transpose()?;
    for slot in from..to {
        let (mut entries, bias) = match next.take_if(|(found, _)| *found == slot) {
            Some((_, row)) => {
                segment.present.insert(slot);
                next =
                    rows.next_row()?.map(|(slot, bytes)| split(bytes).map(|row| (slot, row))).transpose()?;
                row
            }
            None => (Vec::new(), 0.0),
        };
        if entries.iter().any(|(column, _)| *column as usize >= width) {
            return Err(Error::Internal(format!("the sparse row of slot {slot} is wider than {width}")));
        }
        segment.rows.push(&mut entries);
        segment.biases.push(bias);
    }
    read.segments.push(Arc::new(segment));
    read.to = to;
    Ok(())
}

fn shared(view: &View, classifier: &ClassifierRecord, record: &SparseRecord) -> Result<Arc<Shared>, Error> {
    if let Some(shared) = lock(&view.inner.caches.sparse).get(&classifier.id)
        && shared.data == classifier.data
    {
        return Ok(shared.clone());
    }
    let vocabulary = read_vocabulary(view, record)
        .map_err(|error| Error::Internal(format!("vocabulary of {}: {error}", classifier.name)))?;
    let shared =
        Arc::new(Shared { data: classifier.data, vocabulary: Arc::new(vocabulary), read: Mutex::default() });
    lock(&view.inner.caches.sparse).insert(classifier.id, shared.clone());
    Ok(shared)
}

/// Reads the terms of a vocabulary: each row is the number of texts and the term.
fn read_vocabulary(view: &View, record: &SparseRecord) -> Result<Vocabulary, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let mut rows = view
        .snapshot
        .scan_rows(Family::Classifiers, record.vocabulary, 0..u32::MAX)
        .map_err(|error| text(&error))?;
    let mut terms = Vec::new();
    while let Some((number, bytes)) = rows.next_row().map_err(|error| text(&error))? {
        let (df, term) = bytes.split_first_chunk::<4>().ok_or_else(|| format!("term {number} is cut off"))?;
        let term = std::str::from_utf8(term).map_err(|error| text(&error))?;
        terms.push((term.to_string(), u32::from_le_bytes(*df)));
    }
    let options = VocabularyOptions {
        words: record.ngrams as usize,
        char_ngrams: record.char_ngrams.map(|(least, most)| (least as usize, most as usize)),
        sublinear: record.sublinear,
        ..VocabularyOptions::default()
    };
    Vocabulary::from_rows(options, record.documents, terms)
}
