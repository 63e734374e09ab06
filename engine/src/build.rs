//! Builds generations from a view and publishes them; packs long tails in the background.
//!
//! ```text
//! view --rows--> generation directory --seal--> publish (one commit) --> caches of the old one are forgotten
//! ```
//!
//! A build reads one snapshot and holds no lock; what is written meanwhile is the tail of the new generation.

use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use argtop_storage::{
    Family, Generation, GenerationBuilder, GenerationError, GenerationKind, IndexRecord, Key, ManifestFields,
    ModelRecord, Object, ObjectId, RowFormat, SealedGeneration, TableRecord,
};
use crossbeam::channel::{Receiver, Sender, unbounded};

use crate::context::Context;
use crate::database::Inner;
use crate::error::Error;
use crate::execute::Run;
use crate::index::{
    AnnIndex, AnnOptions, CodesWriter, EliasArrays, FAISS_SLOTS_FILE, FaissIndex, FileBytes, KeyRef,
    KeysWriter, MatrixShape, MatrixWriter, PackedMatrix, SketchWriter, VectorIndex,
};
use crate::model::{Encoder, KeptModel};
use crate::train::BuildControl;
use crate::view::{RowSpec, View, row_specs, write_texts};

impl FileBytes for argtop_storage::Map {
    fn ahead(&self, range: Range<usize>) {
        argtop_storage::Map::ahead(self, range);
    }
}

/// Name of a packed matrix in its generation.
pub(crate) const MATRIX_FILE: &str = "matrix";
/// Name of the same rows in 8 bits.
pub(crate) const SKETCH_FILE: &str = "sketch";
/// Name of the rows of a classifier in 8 bits, for RERANK.
pub(crate) const CODES_FILE: &str = "codes";
/// Name of the packed keys in their generation.
pub(crate) const KEYS_FILE: &str = "keys";
/// Name of an ann index in its generation.
const ANN_FILE: &str = "index.ann";
/// Name of the words of texts in their generation.
pub(crate) const TEXT_FILE: &str = "index.text";
/// Name of what is kept of a model in its generation.
const MODEL_FILE: &str = "model";
/// Name of a cluster graph in its generation.
pub(crate) const GRAPH_FILE: &str = "graph";

/// What the packed matrix of a kind of rows looks like.
pub(crate) fn matrix_shape(spec: &RowSpec) -> MatrixShape {
    MatrixShape { dimension: spec.dimension, format: spec.format, biased: spec.biased }
}

/// Packs the rows of a vector column or classifier.
pub(crate) fn pack_rows(
    context: &Context,
    view: &View,
    table: &TableRecord,
    spec: &RowSpec,
) -> Result<SealedGeneration, Error> {
    let snapshot = view.snapshot();
    let (live, slot_end) = (snapshot.live(table.id), snapshot.slot_end(table.id));
    let mut builder = view.inner().store.begin_generation(GenerationKind::Matrix, spec.object)?;
    let mut writer = MatrixWriter::new(builder.create(MATRIX_FILE)?, matrix_shape(spec))?;
    // Rows of 8 bits are their own sketch in size.
    let mut sketch = match spec.format {
        RowFormat::F32 | RowFormat::F16 => {
            Some(SketchWriter::new(builder.create(SKETCH_FILE)?, spec.dimension)?)
        }
        RowFormat::I8 => None,
    };
    let mut codes = match spec.family {
        Family::Classifiers => Some(CodesWriter::new(builder.create(CODES_FILE)?, spec.dimension)?),
        _ => None,
    };
    let mut rows = snapshot.scan_rows(spec.family, spec.object, 0..slot_end)?;
    let mut packed = 0u64;
    while let Some((slot, bytes)) = rows.next_row()? {
        if !live.contains(slot) {
            continue;
        }
        let (row, bias) = spec.split(bytes)?;
        let values = writer.push(slot, row, bias)?;
        if let Some(sketch) = &mut sketch {
            sketch.push(values)?;
        }
        if let Some(codes) = &mut codes {
            codes.push(values, bias)?;
        }
        packed += 1;
        if packed.is_multiple_of(4_096) {
            context.check()?;
            context.progress("packing rows", packed, Some(live.len()));
        }
    }
    builder.finish(writer.finish(slot_end)?)?;
    if let Some(sketch) = sketch {
        builder.finish(sketch.finish()?)?;
    }
    if let Some(codes) = codes {
        builder.finish(codes.finish()?)?;
    }
    seal(
        builder,
        view,
        Fields { slot_end, rows: packed, dimension: spec.dimension, format: spec.format.name() },
    )
}

/// Packs the primary keys of a table.
pub(crate) fn pack_keys(
    context: &Context,
    view: &View,
    table: &TableRecord,
) -> Result<SealedGeneration, Error> {
    let snapshot = view.snapshot();
    let slot_end = snapshot.slot_end(table.id);
    let mut by_slot: Vec<(u32, Key)> = Vec::new();
    for entry in snapshot.keys(table.id)? {
        let (key, slot) = entry?;
        by_slot.push((slot, key));
        if by_slot.len().is_multiple_of(65_536) {
            context.check()?;
        }
    }
    by_slot.sort_unstable_by_key(|(slot, _)| *slot);
    let text = matches!(by_slot.first(), Some((_, Key::Text(_))));
    let mut keys = if text { KeysWriter::text() } else { KeysWriter::bigint() };
    for (slot, key) in &by_slot {
        keys.push(
            *slot,
            match key {
                Key::BigInt(number) => KeyRef::BigInt(*number),
                Key::Text(text) => KeyRef::Text(text),
            },
        )?;
    }
    let mut builder = view.inner().store.begin_generation(GenerationKind::Keys, table.id)?;
    let file = keys.finish(builder.create(KEYS_FILE)?, slot_end)?;
    builder.finish(file)?;
    let format = if text { "text" } else { "bigint" };
    seal(builder, view, Fields { slot_end, rows: by_slot.len() as u64, dimension: 0, format })
}

/// Writes a faiss index as a generation.
pub(crate) fn write_faiss(
    view: &View,
    object: ObjectId,
    index: &FaissIndex,
) -> Result<SealedGeneration, Error> {
    let mut builder = view.inner().store.begin_generation(GenerationKind::Faiss, object)?;
    for name in index.write(builder.path())? {
        builder.adopt(name)?;
    }
    seal(
        builder,
        view,
        Fields {
            slot_end: index.slot_end(),
            rows: index.len() as u64,
            dimension: index.dimension(),
            format: "faiss",
        },
    )
}

/// Writes a cluster graph as a generation.
pub(crate) fn write_graph(
    view: &View,
    object: ObjectId,
    graph: &EliasArrays,
    slot_end: u32,
) -> Result<SealedGeneration, Error> {
    let mut builder = view.inner().store.begin_generation(GenerationKind::Elias, object)?;
    let mut file = graph.write(builder.create(GRAPH_FILE)?, slot_end)?;
    file.flush().map_err(|error| Error::Internal(format!("cannot write the graph: {error}")))?;
    builder.finish(file)?;
    let rows = graph.slots.len() as u64;
    seal(builder, view, Fields { slot_end, rows, dimension: graph.dimension, format: "csr" })
}

/// Builds an ann index as a generation; gives what a person wants to know of it as well.
pub(crate) fn write_ann(
    view: &View,
    object: ObjectId,
    control: &BuildControl<'_>,
    options: &AnnOptions,
    source: &Arc<PackedMatrix>,
) -> Result<(SealedGeneration, Vec<(String, String)>), Error> {
    let mut builder = view.inner().store.begin_generation(GenerationKind::Ann, object)?;
    let out = AnnIndex::build(control, options, source, builder.create(ANN_FILE)?)?;
    builder.finish(out.file)?;
    let shape = source.shape();
    let fields = Fields {
        slot_end: source.slots().slot_end(),
        rows: source.len() as u64,
        dimension: shape.dimension,
        format: "signs",
    };
    Ok((seal(builder, view, fields)?, out.described))
}

/// Packs the words of a text column.
pub(crate) fn write_text(
    context: &Context,
    view: &View,
    table: &TableRecord,
    record: &IndexRecord,
) -> Result<SealedGeneration, Error> {
    let (writer, slot_end) = write_texts(context, view, table, record)?;
    let mut builder = view.inner().store.begin_generation(GenerationKind::Text, record.id)?;
    let rows = writer.len() as u64;
    builder.finish(writer.finish(builder.create(TEXT_FILE)?, slot_end)?)?;
    seal(builder, view, Fields { slot_end, rows, dimension: 0, format: "words" })
}

/// Writes what is kept of a loaded model as a generation. `tokenizer` are the bytes of its tokenizer.
pub(crate) fn write_model(
    view: &View,
    record: &ModelRecord,
    encoder: &Encoder,
    tokenizer: &[u8],
) -> Result<SealedGeneration, Error> {
    let mut builder = view.inner().store.begin_generation(GenerationKind::Model, record.id)?;
    let file = encoder.keep(tokenizer, builder.create(MODEL_FILE)?);
    builder.finish(file.map_err(GenerationError::from)?)?;
    let fields = Fields { slot_end: 0, rows: 0, dimension: encoder.dimension(), format: "model" };
    seal_of(builder, view, fields, &record.fingerprint)
}

/// What was kept of a model; None where that is nothing, damaged, or of another version.
pub(crate) fn open_model(view: &View, record: &ModelRecord) -> Option<KeptModel> {
    let generation = view.generation(record.id)?;
    let manifest = generation.manifest().ok()?;
    let same = manifest.kind == GenerationKind::Model && manifest.fields.model == record.fingerprint;
    KeptModel::open(generation.map(MODEL_FILE).ok().filter(|_| same)?).ok()
}

/// Opens the approximate index of a generation; None where it is damaged, of which the store keeps a warning.
pub(crate) fn open_index(generation: &Arc<Generation>) -> Result<Option<Arc<dyn VectorIndex>>, Error> {
    match generation.kind() {
        Ok(GenerationKind::Ann) => {
            let Ok(bytes) = generation.map(ANN_FILE) else { return Ok(None) };
            Ok(AnnIndex::open(bytes).ok().map(|index| Arc::new(index) as Arc<dyn VectorIndex>))
        }
        Ok(GenerationKind::Faiss) => open_faiss(generation),
        _ => Ok(None),
    }
}

fn open_faiss(generation: &Arc<Generation>) -> Result<Option<Arc<dyn VectorIndex>>, Error> {
    // The directory's checksums are verified before faiss sees a byte.
    let (Ok(directory), Ok(slots)) = (generation.verified_directory(), generation.map(FAISS_SLOTS_FILE))
    else {
        return Ok(None);
    };
    Ok(Some(Arc::new(FaissIndex::open(&directory, slots)?)))
}

struct Fields<'a> {
    slot_end: u32,
    rows: u64,
    dimension: usize,
    format: &'a str,
}

fn seal(builder: GenerationBuilder, view: &View, fields: Fields<'_>) -> Result<SealedGeneration, Error> {
    seal_of(builder, view, fields, "")
}

/// Seals what follows from the model of a fingerprint.
fn seal_of(
    builder: GenerationBuilder,
    view: &View,
    fields: Fields<'_>,
    model: &str,
) -> Result<SealedGeneration, Error> {
    Ok(builder.seal(ManifestFields {
        covers_seq: view.snapshot().seq(),
        slot_end: fields.slot_end,
        rows: fields.rows,
        dimension: u32::try_from(fields.dimension).unwrap_or(u32::MAX),
        format: fields.format.to_string(),
        metric: "inner_product".to_string(),
        model: model.to_string(),
        extra: serde_json::Value::Null,
    })?)
}

/// Publishes sealed generations with one commit, and forgets what the caches hold of their objects' older
/// ones. Those whose object was dropped meanwhile are left out, and removed with the next open.
pub(crate) fn publish(inner: &Arc<Inner>, sealed: Vec<SealedGeneration>) -> Result<(), Error> {
    let mut writer = inner.store.writer()?;
    let mut objects = Vec::new();
    for generation in sealed {
        let object = generation.object();
        if writer.catalog().uses(object) {
            objects.push(object);
            writer.publish(generation)?;
        }
    }
    writer.commit()?;
    for object in objects {
        inner.caches.forget(object);
    }
    Ok(())
}

/// The fts indexes of a table, whose words are packed as its rows are.
fn text_indexes<'a>(view: &'a View, table: &TableRecord) -> impl Iterator<Item = &'a IndexRecord> {
    view.catalog().of_table(table.id).filter_map(|object| match &**object {
        Object::Index(index) if index.method == "fts" => Some(index),
        _ => None,
    })
}

/// Live labels that the generation of an object does not hold.
fn tail_length(view: &View, table: &TableRecord, object: ObjectId) -> u64 {
    let slot_end = view
        .generation(object)
        .and_then(|generation| generation.manifest().ok().map(|manifest| manifest.fields.slot_end));
    view.snapshot().live(table.id).range_cardinality(slot_end.unwrap_or(0)..)
}

/// Packs what of a table has a tail of more than `rows_max` labels.
pub(crate) fn pack_table(
    context: &Context,
    inner: &Arc<Inner>,
    table: &TableRecord,
    rows_max: u64,
) -> Result<(), Error> {
    let view = View::new(inner.clone(), true);
    let mut sealed = Vec::new();
    if tail_length(&view, table, table.id) > rows_max {
        sealed.push(pack_keys(context, &view, table)?);
    }
    for spec in row_specs(&view, table) {
        if tail_length(&view, table, spec.object) > rows_max {
            sealed.push(pack_rows(context, &view, table, &spec)?);
        }
    }
    for index in text_indexes(&view, table) {
        if tail_length(&view, table, index.id) > rows_max {
            sealed.push(write_text(context, &view, table, index)?);
        }
    }
    if sealed.is_empty() { Ok(()) } else { publish(inner, sealed) }
}

/// After a statement wrote `written` rows: packs a tail that has grown long, at once after a bulk load and in
/// the background otherwise, so that a single insert never waits for it.
///
/// Indexes take in what was written, now and then in the background: a search after many inserts would else
/// pause for all of them.
pub(crate) fn after_write(run: &Run, table: &TableRecord, written: u64) -> Result<(), Error> {
    run.inner.maintenance.count(table.id, written);
    if !run.settings.is_on("auto_pack") {
        return Ok(());
    }
    let rows_max = run.settings.get("tail_rows_max").unsigned_abs();
    if written > rows_max {
        return pack_table(&run.context, &run.inner, table, rows_max);
    }
    let view = View::new(run.inner.clone(), true);
    let specs = row_specs(&view, table);
    let texts = text_indexes(&view, table).map(|index| index.id);
    let rows = specs.iter().map(|spec| spec.object).chain(texts);
    let mut objects = rows.chain([table.id]);
    if objects.any(|object| tail_length(&view, table, object) > rows_max) {
        run.inner.maintenance.request(Task::Pack { table: table.id, rows_max });
    }
    Ok(())
}

/// Labels that are written before indexes are asked to take them in.
const TAKEN_AT_ONCE: u64 = 256;

/// A request to the background.
#[derive(Clone, Copy, Debug)]
enum Task {
    /// Packs what has a tail of more than so many labels.
    Pack { table: ObjectId, rows_max: u64 },
    /// Lets indexes take in newer labels.
    TakeIn { table: ObjectId },
    /// Keeps what was worked out of a model.
    Keep { model: ObjectId },
}

/// The background thread: one at a time, started with the database, ended with it.
pub(crate) struct Maintenance {
    sender: Sender<Option<Task>>,
    receiver: Receiver<Option<Task>>,
    state: Arc<(Mutex<MaintenanceState>, Condvar)>,
    thread: Mutex<Option<std::thread::JoinHandle<()>>>,
    context: Context,
}

#[derive(Default)]
struct MaintenanceState {
    /// Whether there is a thread that carries requests out.
    started: bool,
    /// Requests that were made and are not done.
    waiting: u64,
    /// Labels of tables that nobody was asked to take in.
    written: HashMap<ObjectId, u64>,
    /// Tables whose newer labels are to be taken in, by requests that have not begun.
    to_take_in: HashSet<ObjectId>,
    failure: Option<String>,
}

impl Default for Maintenance {
    fn default() -> Self {
        let (sender, receiver) = unbounded();
        Maintenance {
            sender,
            receiver,
            state: Arc::default(),
            thread: Mutex::new(None),
            context: Context::background(),
        }
    }
}

impl Maintenance {
    /// Starts the thread. It holds the database only while it works, so that dropping the last handle ends
    /// it.
    pub(crate) fn start(inner: &Arc<Inner>) {
        let weak = Arc::downgrade(inner);
        let receiver = inner.maintenance.receiver.clone();
        let state = inner.maintenance.state.clone();
        let context = inner.maintenance.context.clone();
        let work = move || {
            while let Ok(Some(task)) = receiver.recv() {
                let Some(inner) = weak.upgrade() else { break };
                let lock = || state.0.lock().unwrap_or_else(PoisonError::into_inner);
                if let Task::TakeIn { table } = task {
                    // Before it begins: what is written from now on is for another request.
                    lock().to_take_in.remove(&table);
                }
                let result = carry_out(&context, &inner, task);
                let mut held = lock();
                held.waiting -= 1;
                match (task, result) {
                    (_, Err(Error::Interrupted)) | (Task::TakeIn { .. } | Task::Keep { .. }, Ok(())) => {}
                    (_, Err(error)) => held.failure = Some(error.to_string()),
                    // What could not be packed before is packed now.
                    (Task::Pack { .. }, Ok(())) => held.failure = None,
                }
                state.1.notify_all();
            }
        };
        let spawned = std::thread::Builder::new().name("argtop-maintenance".to_string()).spawn(work);
        let mut thread = inner.maintenance.thread.lock().unwrap_or_else(PoisonError::into_inner);
        *thread = spawned.ok();
        inner.maintenance.lock().started = thread.is_some();
    }

    fn lock(&self) -> MutexGuard<'_, MaintenanceState> {
        self.state.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn request(&self, task: Task) {
        self.send(&mut self.lock(), task);
    }

    /// Asks that the indexes of a table take in its newer labels; false where there is nobody to ask, as in a
    /// database that is only read.
    pub(crate) fn take_in(&self, table: ObjectId) -> bool {
        let mut held = self.lock();
        if held.started && held.to_take_in.insert(table) {
            self.send(&mut held, Task::TakeIn { table });
        }
        held.started
    }

    /// Asks that what was worked out of a model is kept; nothing where nobody can, as in a database that is
    /// only read.
    pub(crate) fn keep(&self, model: ObjectId) {
        let mut held = self.lock();
        if held.started {
            self.send(&mut held, Task::Keep { model });
        }
    }

    fn send(&self, held: &mut MaintenanceState, task: Task) {
        held.waiting += 1;
        if self.sender.send(Some(task)).is_err() {
            held.waiting -= 1;
        }
    }

    /// Labels were written.
    fn count(&self, table: ObjectId, labels: u64) {
        let mut held = self.lock();
        let written = held.written.entry(table).or_default();
        *written += labels;
        if *written >= TAKEN_AT_ONCE {
            held.written.remove(&table);
            drop(held);
            self.take_in(table);
        }
    }

    /// Waits until every request is done.
    pub(crate) fn wait(&self) -> Result<(), Error> {
        let mut held = self.lock();
        while held.waiting > 0 {
            held = self.state.1.wait(held).unwrap_or_else(PoisonError::into_inner);
        }
        match held.failure.take() {
            Some(failure) => Err(Error::Internal(format!("work in the background failed: {failure}"))),
            None => Ok(()),
        }
    }

    /// Interrupts the work under way and waits for the thread to end.
    pub(crate) fn stop(&self) {
        self.context.abandon();
        let _ = self.sender.send(None);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.thread().id() != std::thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

impl Drop for Maintenance {
    fn drop(&mut self) {
        self.stop();
    }
}

fn carry_out(context: &Context, inner: &Arc<Inner>, task: Task) -> Result<(), Error> {
    let view = View::new(inner.clone(), true);
    let object = |id: ObjectId| view.catalog().get(id).map(|object| &**object);
    match task {
        Task::Pack { table, rows_max } => match object(table) {
            Some(Object::Table(table)) => pack_table(context, inner, table, rows_max),
            _ => Ok(()),
        },
        Task::TakeIn { table } => match object(table) {
            Some(Object::Table(table)) => view.take_in(context, table),
            _ => Ok(()),
        },
        Task::Keep { model } => match object(model) {
            Some(Object::Model(record)) => {
                let tokenizer = crate::ddl::model::tokenizer(&view, record)?;
                publish(inner, vec![write_model(&view, record, &*view.encoder(record)?, &tokenizer)?])
            }
            _ => Ok(()),
        },
    }
}
