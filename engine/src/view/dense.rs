//! Rows of one vector column or classifier: the packed matrix of its generation, and the tail in memory.

use std::sync::{Arc, Mutex};

use argtop_storage::{
    ClassifierRecord, Family, GenerationKind, Object, ObjectId, RowFormat, Slot, TableRecord,
};
use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::moment::{lock, unread};
use super::tail::{self, Block};
use super::{View, vector_columns};
use crate::context::Context;
use crate::error::Error;
use crate::index::{
    Codes, FlatIndex, PackedMatrix, SearchControl, SearchParams, Sketch, VectorIndex, in_ranges,
};
use crate::kernel;
use crate::physical::VectorColumn;

/// How many rows before it is scored a row is asked for.
pub(crate) const ROWS_AHEAD: usize = 3;

/// Scores that one task computes.
const WANTED_AT_ONCE: usize = 2_048;

/// Where rows are and what they look like.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RowSpec {
    pub(crate) family: Family,
    pub(crate) object: ObjectId,
    pub(crate) dimension: usize,
    pub(crate) format: RowFormat,
    /// Rows end in an f32 bias.
    pub(crate) biased: bool,
}

impl RowSpec {
    /// The rows of a vector column.
    pub(crate) fn column(column: &VectorColumn) -> RowSpec {
        RowSpec {
            family: Family::Vectors,
            object: column.id,
            dimension: column.dimension,
            format: column.format,
            biased: false,
        }
    }

    /// The rows of a classifier.
    pub(crate) fn classifier(record: &ClassifierRecord) -> RowSpec {
        RowSpec {
            family: Family::Classifiers,
            object: record.data,
            dimension: record.dimension as usize,
            format: record.format,
            biased: record.bias,
        }
    }

    /// Splits a stored row into its packed numbers and its bias.
    pub(crate) fn split<'a>(&self, bytes: &'a [u8]) -> Result<(&'a [u8], Option<f32>), Error> {
        if !self.biased {
            return Ok((bytes, None));
        }
        let Some((row, bias)) = bytes.split_last_chunk::<4>() else {
            return Err(Error::Internal(format!("a row of {:?} has no bias", self.object)));
        };
        Ok((row, Some(f32::from_le_bytes(*bias))))
    }
}

/// The rows of a table that are packed: those of its vector columns and classifiers.
pub(crate) fn row_specs(view: &View, table: &TableRecord) -> Vec<RowSpec> {
    let mut specs: Vec<RowSpec> = vector_columns(table).iter().map(RowSpec::column).collect();
    for object in view.catalog().of_table(table.id) {
        if let Object::Classifier(record) = &**object
            && record.sparse.is_none()
        {
            specs.push(RowSpec::classifier(record));
        }
    }
    specs
}

/// The tail that was read so far.
#[derive(Default)]
struct Tail {
    /// Slots under this one were looked at.
    read_to: Slot,
    present: RoaringBitmap,
    blocks: Vec<Arc<Block>>,
}

/// What all views share of one object's rows under one generation.
pub(super) struct Shared {
    generation: Option<u64>,
    base: Option<Arc<PackedMatrix>>,
    tail: Mutex<Tail>,
}

/// The rows of an object under a view.
pub(crate) struct Dense {
    spec: RowSpec,
    shared: Arc<Shared>,
    /// Blocks by rising slots, and behind them one of rows that were looked up by themselves.
    blocks: Vec<Arc<Block>>,
    /// How many of them follow one another.
    ordered: usize,
}

impl Dense {
    /// Opens the rows; reads what is missing of the tail.
    pub(crate) fn open(view: &View, table: &TableRecord, spec: &RowSpec) -> Result<Dense, Error> {
        let shared = shared(view, spec);
        let (blocks, ordered) = tail_blocks(view, table, spec, &shared)?;
        Ok(Dense { spec: spec.clone(), shared, blocks, ordered })
    }

    /// How many rows of the tail nobody has read; 0 where none were ever asked for.
    pub(super) fn unread(view: &View, table: &TableRecord, spec: &RowSpec) -> u64 {
        let shared = lock(&view.inner.caches.dense).get(&(spec.family, spec.object)).cloned();
        let read_to = shared.map(|shared| lock(&shared.tail).read_to);
        read_to.map_or(0, |read_to| view.snapshot.live(table.id).range_cardinality(read_to..))
    }

    /// Numbers in a row.
    pub(crate) fn dimension(&self) -> usize {
        self.spec.dimension
    }

    /// Name of the stored format, for EXPLAIN.
    pub(crate) fn format_name(&self) -> &'static str {
        self.spec.format.name()
    }

    /// Slots under this one stand in the generation.
    pub(crate) fn slot_end(&self) -> Slot {
        self.shared.base.as_ref().map_or(0, |base| base.slots().slot_end())
    }

    /// The packed matrix, where there is one.
    pub(crate) fn base(&self) -> Option<&PackedMatrix> {
        self.shared.base.as_deref()
    }

    /// The packed matrix, to be kept.
    pub(crate) fn shared_base(&self) -> Option<Arc<PackedMatrix>> {
        self.shared.base.clone()
    }

    fn in_tail(&self, slot: Slot) -> Option<(&Block, usize)> {
        let behind = |block: &Arc<Block>| block.slots().last().is_some_and(|last| *last < slot);
        let at = self.blocks[..self.ordered].partition_point(behind);
        for block in self.blocks.get(at).into_iter().chain(self.blocks.get(self.ordered)) {
            if let Ok(position) = block.slots().binary_search(&slot) {
                return Some((block, position));
            }
        }
        None
    }

    /// Whether a slot has a row.
    pub(crate) fn has(&self, slot: Slot) -> bool {
        let in_base = self.shared.base.as_ref().is_some_and(|base| base.position_of(slot).is_some());
        in_base || self.in_tail(slot).is_some()
    }

    /// The rows of some slots will be read soon: where they are on the disk, reading them begins.
    pub(crate) fn ahead(&self, slots: impl Iterator<Item = Slot>) {
        if let Some(base) = &self.shared.base {
            base.ahead(slots.filter_map(|slot| base.position_of(slot)).map(|position| position as u32));
        }
    }

    /// Asks memory for the row of a slot before it is needed.
    pub(crate) fn prefetch(&self, slot: Slot) {
        if let Some(base) = &self.shared.base
            && let Some(position) = base.position_of(slot)
        {
            base.prefetch(position);
        }
    }

    /// Asks memory for what 8 bits say of the row of a slot, long before it is needed; `None` where nothing
    /// was packed of that.
    pub(crate) fn codes_ahead(&self) -> Option<impl Fn(Slot) + Sync + '_> {
        let base = self.shared.base.as_ref()?;
        let rows = base.byte_rows()?;
        Some(move |slot| {
            if let Some(position) = base.position_of(slot) {
                rows.prefetch(position);
            }
        })
    }

    fn missing(&self, slot: Slot) -> Error {
        Error::Internal(format!("slot {slot} has no row in {:?}", self.spec.object))
    }

    /// The exact score of a slot: inner product in f64, plus the bias.
    pub(crate) fn score(&self, slot: Slot, query: &[f32]) -> Result<f64, Error> {
        if let Some(base) = &self.shared.base
            && let Some(position) = base.position_of(slot)
        {
            return Ok(base.score_exact(query, position));
        }
        let (block, at) = self.in_tail(slot).ok_or_else(|| self.missing(slot))?;
        let dot = kernel::dot_exact(query, block.row(self.spec.dimension, at));
        Ok(if self.spec.biased { dot + f64::from(block.bias(at)) } else { dot })
    }

    /// [`score`](Dense::score) of some slots; rows are asked for before they are needed, from the disk and
    /// from memory.
    pub(crate) fn scores(&self, slots: &[Slot], query: &[f32]) -> Result<Vec<f64>, Error> {
        let Some(base) = &self.shared.base else {
            return slots.iter().map(|slot| self.score(*slot, query)).collect();
        };
        let positions: Vec<Option<usize>> = slots.iter().map(|slot| base.position_of(*slot)).collect();
        base.ahead(positions.iter().flatten().map(|position| *position as u32));
        let score = |(at, slot): (usize, &Slot)| {
            if let Some(Some(next)) = positions.get(at + ROWS_AHEAD) {
                base.prefetch(*next);
            }
            match positions[at] {
                Some(position) => Ok(base.score_exact(query, position)),
                None => self.score(*slot, query),
            }
        };
        slots.iter().enumerate().map(score).collect()
    }

    /// [`scores`](Dense::scores) of some slots for each of several queries. Rows are read in the order in
    /// which they lie, and one that several queries ask for is read once.
    pub(crate) fn scores_of_several<'q>(
        &self,
        query: impl Fn(usize) -> &'q [f32] + Sync,
        slots: &[Vec<Slot>],
    ) -> Result<Vec<Vec<f64>>, Error> {
        let base = match (&self.shared.base, slots) {
            (_, [slots]) => return Ok(vec![self.scores(slots, query(0))?]),
            (None, _) => {
                let score = |(at, slots): (usize, &Vec<Slot>)| self.scores(slots, query(at));
                return slots.par_iter().enumerate().map(score).collect();
            }
            (Some(base), _) => base,
        };
        let mut scores: Vec<Vec<f64>> = slots.iter().map(|slots| vec![0.0; slots.len()]).collect();
        let mut wanted = Vec::with_capacity(slots.iter().map(Vec::len).sum());
        for (at, (slots, scores)) in (0u32..).zip(slots.iter().zip(&mut scores)) {
            for (place, (slot, score)) in (0u32..).zip(slots.iter().zip(scores)) {
                match base.position_of(*slot) {
                    Some(position) => wanted.push(Wanted { position: position as u32, query: at, place }),
                    None => *score = self.score(*slot, query(at as usize))?,
                }
            }
        }
        let (wanted, _) = in_ranges(&wanted, base.len(), |wanted| wanted.position);
        base.ahead(wanted.iter().map(|wanted| wanted.position));
        let score = |wanted: &[Wanted]| -> Vec<f64> {
            let score = |(at, one): (usize, &Wanted)| {
                if let Some(next) = wanted.get(at + ROWS_AHEAD) {
                    base.prefetch(next.position as usize);
                }
                base.score_exact(query(one.query as usize), one.position as usize)
            };
            wanted.iter().enumerate().map(score).collect()
        };
        let parts: Vec<Vec<f64>> = wanted.par_chunks(WANTED_AT_ONCE).map(score).collect();
        for (one, score) in wanted.iter().zip(parts.iter().flatten()) {
            scores[one.query as usize][one.place as usize] = *score;
        }
        Ok(scores)
    }

    /// Euclidean norm of a slot's row; `scratch` is space for the row.
    pub(crate) fn norm(&self, slot: Slot, scratch: &mut Vec<f32>) -> Result<f64, Error> {
        scratch.resize(self.spec.dimension, 0.0);
        self.decode(slot, scratch)?;
        Ok(kernel::norm(scratch))
    }

    /// The row of a slot, in single precision.
    pub(crate) fn decode(&self, slot: Slot, out: &mut [f32]) -> Result<(), Error> {
        if let Some(base) = &self.shared.base
            && let Some(position) = base.position_of(slot)
        {
            base.decode(position, out);
            return Ok(());
        }
        let (block, at) = self.in_tail(slot).ok_or_else(|| self.missing(slot))?;
        out.copy_from_slice(block.row(self.spec.dimension, at));
        Ok(())
    }

    /// The row of a slot, in single precision, with its bias behind it where rows have one.
    pub(crate) fn with_bias(&self, slot: Slot) -> Result<Vec<f32>, Error> {
        let mut row = vec![0.0; self.spec.dimension];
        self.decode(slot, &mut row)?;
        if self.spec.biased {
            let base = self.shared.base.as_ref();
            let place = base.and_then(|base| Some((base.position_of(slot)?, base.biases()?)));
            let tail = || self.in_tail(slot).map(|(block, at)| block.bias(at));
            let bias = place.map(|(position, biases)| biases[position]).or_else(tail);
            row.push(bias.ok_or_else(|| self.missing(slot))?);
        }
        Ok(row)
    }

    /// For each query the slots among `allowed` that may belong to its exact best `k`; see
    /// `kernel::Nominees`.
    pub(crate) fn nominate(
        &self,
        context: &Context,
        queries: &[f32],
        k: usize,
        allowed: &RoaringBitmap,
    ) -> Result<Vec<Vec<Slot>>, Error> {
        let cancelled = || context.is_cancelled();
        let count = queries.len() / self.spec.dimension.max(1);
        // What is not asked on a thread of a pool stays on the thread that asks.
        let threads = rayon::current_thread_index().map_or(1, |_| rayon::current_num_threads());
        let of_base = || match &self.shared.base {
            Some(base) => {
                let control = SearchControl { cancelled: &cancelled, threads };
                let filter = (base.slots().matching(allowed) < base.len()).then_some(allowed);
                let params = SearchParams { limit: k, effort: None, filter, newer: None };
                Ok::<_, Error>(FlatIndex::new(base.clone()).search(&control, queries, &params)?)
            }
            None => Ok(vec![Vec::new(); count]),
        };
        let of_tail = || tail::nominate(context, (&self.spec, &self.blocks), queries, (k, allowed), threads);
        let (found, of_tail) =
            if threads > 1 { rayon::join(of_base, of_tail) } else { (of_base(), of_tail()) };
        let mut found = found?;
        found.iter_mut().zip(of_tail?).for_each(|(found, more)| found.extend(more));
        Ok(found)
    }
}

/// A row whose score a query wants, and where the query wants it.
#[derive(Clone, Copy, Default)]
struct Wanted {
    position: u32,
    query: u32,
    place: u32,
}

/// The shared part of an object's rows, for the view's generation.
fn shared(view: &View, spec: &RowSpec) -> Arc<Shared> {
    let generation = view.generation(spec.object);
    let id = generation.as_ref().map(|generation| generation.id());
    let key = (spec.family, spec.object);
    if let Some(shared) = lock(&view.inner.caches.dense).get(&key)
        && shared.generation == id
    {
        return shared.clone();
    }
    let base = generation.and_then(|generation| {
        if generation.kind().ok()? != GenerationKind::Matrix {
            return None;
        }
        let bytes = generation.map(crate::build::MATRIX_FILE).ok()?;
        let sketch = generation.map(crate::build::SKETCH_FILE).ok();
        let sketch = sketch.and_then(|bytes| Sketch::open(bytes).ok());
        let codes = generation.map(crate::build::CODES_FILE).ok();
        let codes = codes.and_then(|bytes| Codes::open(bytes).ok());
        let matrix = PackedMatrix::open(bytes).ok()?.with_sketch(sketch).with_codes(codes);
        (matrix.shape() == crate::build::matrix_shape(spec)).then(|| Arc::new(matrix))
    });
    let read_to = base.as_ref().map_or(0, |base| base.slots().slot_end());
    let tail = Mutex::new(Tail { read_to, ..Tail::default() });
    let shared = Arc::new(Shared { generation: id, base, tail });
    // Views of an older generation keep what they hold; the newest stays in the cache.
    lock(&view.inner.caches.dense).insert(key, shared.clone());
    shared
}

/// The tail's blocks for a view, after reading what is newer than anyone has read, and how many of them
/// follow one another: rows that this view alone sees come in a block behind those.
fn tail_blocks(
    view: &View,
    table: &TableRecord,
    spec: &RowSpec,
    shared: &Shared,
) -> Result<(Vec<Arc<Block>>, usize), Error> {
    let slot_end = view.snapshot.slot_end(table.id);
    let live = view.snapshot.live(table.id);
    let mut tail = lock(&shared.tail);
    if tail.read_to < slot_end {
        let mut rows = view.snapshot.scan_rows(spec.family, spec.object, tail.read_to..slot_end)?;
        while let Some((slot, bytes)) = rows.next_row()? {
            if !live.contains(slot) {
                continue;
            }
            if tail.blocks.last().is_none_or(|block| block.is_full()) {
                tail.blocks.push(Arc::new(Block::default()));
            }
            if let Some(block) = tail.blocks.last_mut() {
                Arc::make_mut(block).push(spec, slot, bytes)?;
            }
            tail.present.insert(slot);
        }
        tail.read_to = slot_end;
    }
    let mut blocks = tail.blocks.clone();
    let ordered = blocks.len();
    let base_end = shared.base.as_ref().map_or(0, |base| base.slots().slot_end());
    let slots = unread(&live, &tail.present, base_end, slot_end);
    drop(tail);
    if !slots.is_empty() {
        let mut extra = Block::default();
        for (slot, bytes) in slots.iter().zip(view.snapshot.rows(spec.family, spec.object, &slots)?) {
            if let Some(bytes) = bytes {
                extra.push(spec, *slot, &bytes)?;
            }
        }
        blocks.push(Arc::new(extra));
    }
    Ok((blocks, ordered))
}
