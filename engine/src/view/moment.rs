//! The database at one moment: names, bitmaps, and where rows are read from.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use argtop_storage::{
    Catalog, ClassifierRecord, ColumnType, Family, Generation, IndexRecord, Key, ModelRecord, Object,
    ObjectId, ObjectKind, RowFormat, Slot, Snapshot, SparseRecord, TableRecord, decode_row,
};
use roaring::RoaringBitmap;

use super::{
    Dense, Filters, Graph, KeyBook, RowSpec, SparseRows, TextRows, dense, graph, keys, propensity, sparse,
    text,
};
use crate::database::Inner;
use crate::error::Error;
use crate::index::VectorIndex;
use crate::model::Encoder;
use crate::physical::{VectorColumn, VectorSource};

/// The database at one moment; cheap to clone.
#[derive(Clone)]
pub(crate) struct View {
    pub(super) inner: Arc<Inner>,
    pub(super) snapshot: Snapshot,
    catalog: Arc<Catalog>,
    use_generations: bool,
}

/// An opened vector index and the number of its generation.
type OpenIndex = (u64, Arc<dyn VectorIndex>);

/// What views share: opened generations and the tails read so far, by object.
#[derive(Default)]
pub(crate) struct Caches {
    pub(super) dense: Mutex<HashMap<(Family, ObjectId), Arc<dense::Shared>>>,
    pub(super) keys: Mutex<HashMap<ObjectId, Arc<keys::Shared>>>,
    pub(super) graphs: Mutex<HashMap<ObjectId, Arc<graph::Shared>>>,
    pub(super) sparse: Mutex<HashMap<ObjectId, Arc<sparse::Shared>>>,
    pub(super) texts: Mutex<HashMap<ObjectId, Arc<text::Shared>>>,
    pub(super) frequencies: Mutex<HashMap<ObjectId, propensity::Loaded>>,
    indexes: Mutex<HashMap<ObjectId, OpenIndex>>,
    pub(crate) filters: Filters,
}

impl Caches {
    /// Forgets what is kept of an object that was dropped or rebuilt.
    pub(crate) fn forget(&self, object: ObjectId) {
        lock(&self.dense).retain(|(_, id), _| *id != object);
        lock(&self.keys).remove(&object);
        lock(&self.graphs).remove(&object);
        lock(&self.sparse).remove(&object);
        lock(&self.texts).remove(&object);
        lock(&self.frequencies).remove(&object);
        lock(&self.indexes).remove(&object);
    }
}

/// A lock whose holder panicked guards only caches here, which are valid at every step.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl View {
    /// The newest state that is on the disk.
    pub(crate) fn new(inner: Arc<Inner>, use_generations: bool) -> View {
        let snapshot = inner.store.snapshot();
        View::at(inner, snapshot, use_generations)
    }

    /// The state of a snapshot: for statements that write, the one that their writer starts from.
    pub(crate) fn at(inner: Arc<Inner>, snapshot: Snapshot, use_generations: bool) -> View {
        let catalog = snapshot.catalog();
        View { inner, snapshot, catalog, use_generations }
    }

    /// What all sessions share.
    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }

    /// The moment.
    pub(crate) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The objects.
    pub(crate) fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The same, to be kept. While nothing in it changes it is the same one for all views.
    pub(crate) fn shared_catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// A table by name.
    pub(crate) fn table(&self, name: &str) -> Result<Arc<TableRecord>, Error> {
        match self.catalog.find(ObjectKind::Table, name).map(|object| &**object) {
            Some(Object::Table(record)) => Ok(Arc::new(record.clone())),
            _ => Err(gone("table", name)),
        }
    }

    /// The table of an object.
    pub(crate) fn table_of(&self, id: ObjectId) -> Result<Arc<TableRecord>, Error> {
        match self.catalog.get(id).map(|object| &**object) {
            Some(Object::Table(record)) => Ok(Arc::new(record.clone())),
            _ => Err(Error::Internal(format!("no table {id:?}"))),
        }
    }

    /// A model by name.
    pub(crate) fn model(&self, name: &str) -> Result<Arc<ModelRecord>, Error> {
        match self.catalog.find(ObjectKind::Model, name).map(|object| &**object) {
            Some(Object::Model(record)) => Ok(Arc::new(record.clone())),
            _ => Err(gone("model", name)),
        }
    }

    /// An index by name.
    pub(crate) fn index(&self, name: &str) -> Result<Arc<IndexRecord>, Error> {
        match self.catalog.find(ObjectKind::Index, name).map(|object| &**object) {
            Some(Object::Index(record)) => Ok(Arc::new(record.clone())),
            _ => Err(gone("index", name)),
        }
    }

    /// A classifier by name.
    pub(crate) fn classifier(&self, name: &str) -> Result<Arc<ClassifierRecord>, Error> {
        match self.catalog.find(ObjectKind::Classifier, name).map(|object| &**object) {
            Some(Object::Classifier(record)) => Ok(Arc::new(record.clone())),
            _ => Err(gone("classifier", name)),
        }
    }

    /// The indexes of a table in name order.
    pub(crate) fn indexes(&self, table: &TableRecord) -> Vec<Arc<IndexRecord>> {
        let indexes = self.catalog.of_kind(ObjectKind::Index).filter_map(|object| match &**object {
            Object::Index(record) if record.table == table.id => Some(Arc::new(record.clone())),
            _ => None,
        });
        indexes.collect()
    }

    /// The live slots of a table.
    pub(crate) fn live(&self, table: &TableRecord) -> Result<Arc<RoaringBitmap>, Error> {
        Ok(self.snapshot.live(table.id))
    }

    /// The slot of a key.
    pub(crate) fn slot_of(&self, table: &TableRecord, key: &Key) -> Result<Option<Slot>, Error> {
        Ok(self.snapshot.slot_of(table.id, key)?)
    }

    /// The column that SEARCH compares with: the first generated one, else the only vector column.
    pub(crate) fn search_column(&self, table: &TableRecord) -> Result<VectorColumn, Error> {
        let vectors: Vec<VectorColumn> = vector_columns(table);
        let generated = |column: &&VectorColumn| {
            table.columns.iter().any(|record| record.id == column.id && record.generated.is_some())
        };
        let found =
            vectors.iter().find(generated).or(if vectors.len() == 1 { vectors.first() } else { None });
        found.cloned().ok_or_else(|| {
            Error::value(
                format!("table {} has {} vector columns and none is generated", table.name, vectors.len()),
                "name an index of the column: VIA SHORTLIST(index, limit => n)",
            )
        })
    }

    /// A vector column by its object id.
    pub(crate) fn vector_column(&self, table: &TableRecord, id: ObjectId) -> Result<VectorColumn, Error> {
        vector_columns(table)
            .into_iter()
            .find(|column| column.id == id)
            .ok_or_else(|| Error::Internal(format!("table {} has no vector column {id:?}", table.name)))
    }

    /// The rows that an index orders.
    pub(crate) fn source_of(&self, index: &IndexRecord) -> Result<VectorSource, Error> {
        if let Some(id) = index.classifier {
            return match self.catalog.get(id).map(|object| &**object) {
                Some(Object::Classifier(record)) => Ok(VectorSource::Classifier(Arc::new(record.clone()))),
                _ => Err(gone("classifier of index", &index.name)),
            };
        }
        let table = match self.catalog.get(index.table).map(|object| &**object) {
            Some(Object::Table(record)) => record,
            _ => return Err(gone("table of index", &index.name)),
        };
        let id = index.column.ok_or_else(|| gone("column of index", &index.name))?;
        Ok(VectorSource::Column(self.vector_column(table, id)?))
    }

    /// The rows of a vector column.
    pub(crate) fn column_rows(&self, table: &TableRecord, column: &VectorColumn) -> Result<Dense, Error> {
        Dense::open(self, table, &RowSpec::column(column))
    }

    /// The rows of a classifier.
    pub(crate) fn classifier_rows(
        &self,
        table: &TableRecord,
        classifier: &ClassifierRecord,
    ) -> Result<Dense, Error> {
        Dense::open(self, table, &RowSpec::classifier(classifier))
    }

    /// The map of queries that a classifier's rows have taken in, `[D, D]`; None where it has none.
    pub(crate) fn adapter(&self, classifier: &ClassifierRecord) -> Result<Option<Vec<f32>>, Error> {
        let Some(data) = classifier.adapter else { return Ok(None) };
        let width = classifier.dimension as usize;
        let mut values = Vec::with_capacity(width * width);
        let mut rows = self.snapshot.scan_rows(Family::Classifiers, data, 0..classifier.dimension)?;
        while let Some((_, bytes)) = rows.next_row()? {
            decode_row(bytes, RowFormat::F32, width, &mut values)
                .map_err(|error| Error::Internal(error.to_string()))?;
        }
        if values.len() != width * width {
            return Err(Error::Internal(format!("the adapter of {} is not whole", classifier.name)));
        }
        Ok(Some(values))
    }

    /// The rows of a sparse classifier.
    pub(crate) fn sparse_rows(
        &self,
        table: &TableRecord,
        classifier: &ClassifierRecord,
        sparse: &SparseRecord,
    ) -> Result<SparseRows, Error> {
        SparseRows::open(self, table, classifier, sparse)
    }

    /// The rows of either.
    pub(crate) fn source_rows(&self, table: &TableRecord, source: &VectorSource) -> Result<Dense, Error> {
        match source {
            VectorSource::Column(column) => self.column_rows(table, column),
            VectorSource::Classifier(classifier) => self.classifier_rows(table, classifier),
        }
    }

    /// The words of the texts that an fts index holds.
    pub(crate) fn texts(&self, table: &TableRecord, index: &IndexRecord) -> Result<TextRows, Error> {
        TextRows::open(self, table, index)
    }

    /// Whether the words of an fts index are open, so that what is newer is worth taking in.
    pub(crate) fn has_texts(&self, index: &IndexRecord) -> bool {
        lock(&self.inner.caches.texts).contains_key(&index.id)
    }

    /// Primary keys by slot.
    pub(crate) fn keys(&self, table: &TableRecord) -> Result<KeyBook, Error> {
        KeyBook::open(self, table)
    }

    /// The cluster graph of an elias index.
    pub(crate) fn cluster_graph(&self, table: &TableRecord, index: &IndexRecord) -> Result<Graph, Error> {
        Graph::open(self, table, index)
    }

    /// The usable generation of an object; None where there is none, it is damaged (the store keeps a
    /// warning), or generations are switched off.
    pub(crate) fn generation(&self, object: ObjectId) -> Option<Arc<Generation>> {
        if !self.use_generations {
            return None;
        }
        self.snapshot.generation(object).ok().flatten()
    }

    /// Number of an index's generation, for EXPLAIN; 0 where there is none.
    pub(crate) fn generation_number(&self, index: &IndexRecord) -> u64 {
        self.snapshot.pointer(index.id).unwrap_or(0)
    }

    /// The approximate index of an index object; None where it has no usable generation.
    pub(crate) fn vector_index(&self, index: &IndexRecord) -> Result<Option<Arc<dyn VectorIndex>>, Error> {
        if let Some(opened) = self.opened_index(index) {
            return Ok(Some(opened));
        }
        let Some(generation) = self.generation(index.id) else { return Ok(None) };
        let Some(opened) = crate::build::open_index(&generation)? else { return Ok(None) };
        lock(&self.inner.caches.indexes).insert(index.id, (generation.id(), opened.clone()));
        Ok(Some(opened))
    }

    /// The same where it is open already.
    pub(crate) fn opened_index(&self, index: &IndexRecord) -> Option<Arc<dyn VectorIndex>> {
        let generation = self.generation(index.id)?.id();
        let indexes = lock(&self.inner.caches.indexes);
        indexes.get(&index.id).filter(|(id, _)| *id == generation).map(|(_, opened)| opened.clone())
    }

    /// The encoder of a model, loaded from the database at its first use.
    pub(crate) fn encoder(&self, model: &ModelRecord) -> Result<Arc<Encoder>, Error> {
        self.inner.encoder(model.id, || crate::ddl::model::load(self, model))
    }
}

/// Live slots from `from` to `to` that are not among those read; usually none, and then nothing is walked.
pub(super) fn unread(live: &RoaringBitmap, read: &RoaringBitmap, from: Slot, to: Slot) -> Vec<Slot> {
    if live.range_cardinality(from..to) == live.intersection_len(read) {
        return Vec::new();
    }
    live.range(from..to).filter(|slot| !read.contains(*slot)).collect()
}

/// A stored u32.
pub(crate) fn row_of_number(bytes: &[u8]) -> Result<u32, Error> {
    let bytes: [u8; 4] = bytes
        .try_into()
        .map_err(|_| Error::Internal(format!("{} bytes where a number was stored", bytes.len())))?;
    Ok(u32::from_le_bytes(bytes))
}

/// All vector columns of a table.
pub(crate) fn vector_columns(table: &TableRecord) -> Vec<VectorColumn> {
    let columns = table.columns.iter().filter_map(|column| match column.column_type {
        ColumnType::Vector { dimension, format } => Some(VectorColumn {
            id: column.id,
            name: column.name.clone(),
            dimension: dimension as usize,
            format,
        }),
        _ => None,
    });
    columns.collect()
}

fn gone(what: &str, name: &str) -> Error {
    Error::value(format!("{what} `{name}` does not exist any more"), "prepare the statement again")
}
