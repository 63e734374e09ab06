//! Writing labels: a row of values becomes a record and, in the same batch, everything derived from it.
//!
//! ```text
//! values --check--> record
//!        --text expression--> encoder --(+ auxiliary vector of the nearest cluster)--> normalise --> z
//!        z --> row of every classifier (z, scaled by its link) --> edges of every cluster graph
//! ```
//!
//! Section 3 of the retrieval rules: a label that is inserted after training is on every path in the next
//! statement.

use std::sync::Arc;

use argtop_query::Value;
use argtop_query::eval::{cast_value, evaluate};
use argtop_query::expr::BoundExpr;
use argtop_query::plan::Field;
use argtop_storage::{
    AuxiliaryRecord, ClassifierRecord, ColumnType, Family, IndexRecord, Key, Object, ObjectId, ObjectKind,
    Record, RowFormat, Slot, TableRecord, Writer, decode_row, encode_row, encode_sparse,
};
use rayon::prelude::*;

use crate::catalog::data_type;
use crate::error::Error;
use crate::execute::Run;
use crate::kernel;
use crate::key_access::key_of;
use crate::model::Encoder;
use crate::physical::VectorColumn;
use crate::teach::untrained_row;
use crate::view::{Graph, SparseRows, View, value_cell, vector_columns};

/// Clusters that a label inserted after the build joins in a cluster graph: m of the retrieval rules.
pub(crate) const EDGES_PER_LABEL: usize = 2;
/// Labels that are encoded at a time on the processor.
pub(crate) const ENCODE_BATCH: usize = 1_024;
/// So many labels are prepared by several threads.
const ROWS_FOR_THREADS: usize = 128;
/// Labels that a thread prepares at least.
const ROWS_OF_A_THREAD: usize = 64;

/// The families and data ids under which a label of a table has rows.
pub(crate) fn row_places(view: &View, table: &TableRecord) -> Vec<(Family, ObjectId)> {
    let mut places: Vec<(Family, ObjectId)> =
        vector_columns(table).into_iter().map(|column| (Family::Vectors, column.id)).collect();
    for object in view.catalog().of_table(table.id) {
        places.extend(match &**object {
            Object::Auxiliary(record) => Some((Family::AuxiliaryClusters, record.data)),
            Object::Classifier(record) => Some((Family::Classifiers, record.data)),
            Object::Index(record) => record.data.map(|data| (Family::LabelEdges, data)),
            _ => None,
        });
    }
    places.extend(table.frequencies.as_ref().map(|record| (Family::AuxiliaryClusters, record.data)));
    places
}

/// A generated vector column with what computes it.
pub(crate) struct GeneratedPart {
    pub(crate) id: ObjectId,
    pub(crate) name: String,
    pub(crate) dimension: usize,
    pub(crate) format: RowFormat,
    text: BoundExpr,
    encoder: Arc<Encoder>,
    auxiliary: Option<AuxiliaryPart>,
    normalize: bool,
}

/// An auxiliary in memory: its vectors, `[K + H, D]` with those of H head labels last, and the centroids that
/// assign a new label to one of the K clusters, `[K, D]`.
pub(crate) struct AuxiliaryPart {
    pub(crate) record: AuxiliaryRecord,
    pub(crate) vectors: Vec<f32>,
    pub(crate) centroids: Vec<f32>,
}

/// Writes labels of one table.
pub(crate) struct LabelWriter<'r> {
    run: &'r Run,
    pub(crate) table: Arc<TableRecord>,
    columns: Vec<VectorColumn>,
    generated: Vec<GeneratedPart>,
    classifiers: Vec<(ClassifierRecord, Option<Vec<f32>>)>,
    sparse: Vec<(ClassifierRecord, SparseRows)>,
    graphs: Vec<(IndexRecord, Graph)>,
}

/// A label to be written.
pub(crate) struct NewLabel {
    /// One value a table column; generated ones NULL.
    pub(crate) row: Vec<Value>,
    /// The slot whose vectors and learned rows it keeps; None computes them.
    pub(crate) from: Option<Slot>,
}

/// A label ready to be put into a batch.
pub(crate) struct PreparedLabel {
    pub(crate) record: Record,
    /// Packed rows by family and data id, keyed by the label's slot once it has one.
    rows: Vec<StoredRow>,
}

impl PreparedLabel {
    /// Puts the label into the batch and gives its slot.
    pub(crate) fn put(self, writer: &mut Writer<'_>, table: &TableRecord) -> Result<Slot, Error> {
        let slot = writer.insert(table.id, &self.record)?;
        for (family, data, bytes) in self.rows {
            writer.put_row(family, data, slot, &bytes)?;
        }
        Ok(slot)
    }
}

/// A packed row by family and data id.
type StoredRow = (Family, ObjectId, Vec<u8>);

impl<'r> LabelWriter<'r> {
    /// Collects what writing to a table involves.
    pub(crate) fn new(run: &'r Run, table: &Arc<TableRecord>) -> Result<LabelWriter<'r>, Error> {
        let view = &run.view;
        let mut generated = Vec::new();
        for column in &table.columns {
            generated.extend(generated_part(run, table, column)?);
        }
        let (mut classifiers, mut sparse) = (Vec::new(), Vec::new());
        for object in view.catalog().of_table(table.id) {
            let Object::Classifier(record) = &**object else { continue };
            match &record.sparse {
                None => classifiers.push((record.clone(), view.adapter(record)?)),
                Some(trained) if trained.terms > 0 => {
                    sparse.push((record.clone(), view.sparse_rows(table, record, trained)?));
                }
                Some(_) => {}
            }
        }
        let mut graphs = Vec::new();
        for index in view.indexes(table) {
            if index.method == "elias" {
                graphs.push(((*index).clone(), view.cluster_graph(table, &index)?));
            }
        }
        let columns = vector_columns(table);
        Ok(LabelWriter { run, table: table.clone(), columns, generated, classifiers, sparse, graphs })
    }

    /// Whether a changed label still is what its vectors and its learned rows were made from: the texts that
    /// are encoded and the vectors that it brings itself are the same.
    pub(crate) fn keeps_rows(&self, old: &[Value], new: &[Value]) -> Result<bool, Error> {
        for (position, column) in self.table.columns.iter().enumerate() {
            let plain = matches!(column.column_type, ColumnType::Vector { .. }) && column.generated.is_none();
            if plain && old[position] != new[position] {
                return Ok(false);
            }
        }
        for part in &self.generated {
            let eval = self.run.eval();
            if evaluate(&part.text, old, &eval)? != evaluate(&part.text, new, &eval)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Checks rows and gives them what is derived from them, computed or taken over; in their order. A few
    /// rows without texts to encode are not worth another thread.
    pub(crate) fn prepare(&self, labels: Vec<NewLabel>) -> Result<Vec<PreparedLabel>, Error> {
        if self.generated.is_empty() && labels.len() < ROWS_FOR_THREADS {
            return self.prepare_here(labels);
        }
        self.run.inner.install(|| self.prepare_here(labels))
    }

    fn prepare_here(&self, labels: Vec<NewLabel>) -> Result<Vec<PreparedLabel>, Error> {
        let places: Vec<Option<Slot>> = labels.iter().map(|label| label.from).collect();
        let (mut fresh, mut kept) = (Vec::new(), Vec::new());
        for label in labels {
            match label.from {
                Some(slot) => kept.push((slot, label.row)),
                None => fresh.push(label.row),
            }
        }
        let mut fresh = self.derive_all(fresh)?.into_iter();
        let mut kept = self.carry(kept)?.into_iter();
        let next = |from: Option<Slot>| if from.is_some() { kept.next() } else { fresh.next() };
        Ok(places.into_iter().filter_map(next).collect())
    }

    /// Labels that keep everything that was computed and learned for the slots they had: vectors, clusters,
    /// classifier rows, edges, frequencies.
    fn carry(&self, labels: Vec<(Slot, Vec<Value>)>) -> Result<Vec<PreparedLabel>, Error> {
        let slots: Vec<Slot> = labels.iter().map(|(slot, _)| *slot).collect();
        let mut prepared = Vec::with_capacity(labels.len());
        for (_, row) in &labels {
            prepared.push(PreparedLabel { record: self.record(row)?.0, rows: Vec::new() });
        }
        if slots.is_empty() {
            return Ok(prepared);
        }
        let view = &self.run.view;
        for (family, data) in row_places(view, &self.table) {
            for (label, bytes) in prepared.iter_mut().zip(view.snapshot().rows(family, data, &slots)?) {
                label.rows.extend(bytes.map(|bytes| (family, data, bytes.into_vec())));
            }
        }
        for (index, graph) in &self.graphs {
            let data = index.data.ok_or_else(|| Error::Internal(format!("{} has no data", index.name)))?;
            for ((slot, edges), label) in graph.edges_of(&slots)?.into_iter().zip(&mut prepared) {
                // Edges of a label that came after the graph have a row of their own, which went along.
                let has_row = |(family, id, _): &StoredRow| *family == Family::LabelEdges && *id == data;
                if label.rows.iter().any(has_row) {
                    continue;
                }
                let mut bytes = Vec::new();
                encode_sparse(&edges, &mut bytes)
                    .map_err(|error| Error::Internal(format!("edges of slot {slot}: {error}")))?;
                label.rows.push((Family::LabelEdges, data, bytes));
            }
        }
        Ok(prepared)
    }

    /// Rows that are prepared at a time where there are many: as many as the encoders like best.
    pub(crate) fn block_rows(&self) -> usize {
        let wanted = self.generated.iter().map(|part| part.encoder.call_texts());
        wanted.fold(ENCODE_BATCH, usize::max)
    }

    /// Checks rows (one value a table column; generated ones NULL) and computes what is derived from them.
    fn derive_all(&self, rows: Vec<Vec<Value>>) -> Result<Vec<PreparedLabel>, Error> {
        let mut prepared = Vec::with_capacity(rows.len());
        let mut vectors: Vec<Vec<(ObjectId, Vec<f32>)>> = Vec::with_capacity(rows.len());
        // The first bad row is reported, whoever found it.
        for record in of_each(&rows, |row| self.record(row)) {
            let (record, plain) = record?;
            prepared.push(PreparedLabel { record, rows: Vec::new() });
            vectors.push(plain);
        }
        // Columns of one text by one model, as where several auxiliaries are compared, share its encodings.
        let mut known: Vec<(&Arc<Encoder>, Vec<String>, Vec<f32>)> = Vec::new();
        for part in &self.generated {
            let texts = part.texts(self.run, &self.table, &rows)?;
            for (classifier, sparse) in self.sparse.iter().filter(|(record, _)| record.column == part.id) {
                for (text, label) in texts.iter().zip(&mut prepared) {
                    let row = untrained_row(classifier, sparse.vocabulary(), text)?;
                    label.rows.push((Family::Classifiers, classifier.data, row));
                }
            }
            let same = known
                .iter()
                .position(|(encoder, other, _)| Arc::ptr_eq(encoder, &part.encoder) && *other == texts);
            let place = match same {
                Some(place) => place,
                None => {
                    let encoded = part.encode_texts(self.run, &texts)?;
                    known.push((&part.encoder, texts, encoded));
                    known.len() - 1
                }
            };
            let raw = known[place].2.chunks_exact(part.dimension.max(1));
            for ((at, raw), label) in raw.enumerate().zip(&mut prepared) {
                let (values, cluster) = part.embed(raw, None)?;
                if let (Some(cluster), Some(auxiliary)) = (cluster, &part.auxiliary) {
                    let bytes = cluster.to_le_bytes().to_vec();
                    label.rows.push((Family::AuxiliaryClusters, auxiliary.record.data, bytes));
                }
                vectors[at].push((part.id, values));
            }
        }
        let derived = of_each(&vectors, |vectors| self.derive(vectors));
        for (label, rows) in prepared.iter_mut().zip(derived) {
            label.rows.extend(rows?);
        }
        Ok(prepared)
    }

    /// The rows of a label's vector columns, and what classifiers and cluster graphs take from them.
    fn derive(&self, vectors: &[(ObjectId, Vec<f32>)]) -> Result<Vec<StoredRow>, Error> {
        let mut rows = Vec::with_capacity(vectors.len());
        for (column, values) in vectors {
            self.derive_column(&mut rows, *column, values)?;
        }
        Ok(rows)
    }

    fn derive_column(
        &self,
        rows: &mut Vec<StoredRow>,
        column: ObjectId,
        values: &[f32],
    ) -> Result<(), Error> {
        let Some(spec) = self.columns.iter().find(|candidate| candidate.id == column) else {
            return Err(Error::Internal(format!("no vector column {column:?}")));
        };
        let bytes = pack(values, spec.format, &spec.name)?;
        // What is derived later from the stored row must equal what is derived now.
        let mut stored = Vec::with_capacity(values.len());
        decode_row(&bytes, spec.format, spec.dimension, &mut stored)
            .map_err(|error| Error::Internal(error.to_string()))?;
        rows.push((Family::Vectors, column, bytes));
        for (classifier, adapter) in self.classifiers.iter().filter(|(record, _)| record.column == column) {
            let row = classifier_row(classifier, adapter.as_deref(), &stored)?;
            rows.push((Family::Classifiers, classifier.data, row));
        }
        for (index, graph) in self.graphs.iter().filter(|(index, _)| index.column == Some(column)) {
            let edges = graph.edges_for(&stored, EDGES_PER_LABEL)?;
            let mut bytes = Vec::new();
            encode_sparse(&edges, &mut bytes).map_err(|error| Error::Internal(error.to_string()))?;
            let data = index.data.ok_or_else(|| Error::Internal(format!("{} has no data", index.name)))?;
            rows.push((Family::LabelEdges, data, bytes));
        }
        Ok(())
    }

    /// The generated vectors of a prepared label, written into its row of values.
    pub(crate) fn fill_generated(&self, label: &PreparedLabel, row: &mut [Value]) -> Result<(), Error> {
        for part in &self.generated {
            let position = self.table.columns.iter().position(|column| column.id == part.id);
            let stored =
                label.rows.iter().find(|(family, id, _)| *family == Family::Vectors && *id == part.id);
            let (Some(position), Some((_, _, bytes))) = (position, stored) else { continue };
            let mut values = Vec::with_capacity(part.dimension);
            decode_row(bytes, part.format, part.dimension, &mut values)
                .map_err(|error| Error::Internal(error.to_string()))?;
            row[position] = Value::Vector(values);
        }
        Ok(())
    }

    /// Checks one row against the columns; gives its record and the vectors it brings itself.
    #[allow(clippy::type_complexity)] // A pair used once.
    fn record(&self, row: &[Value]) -> Result<(Record, Vec<(ObjectId, Vec<f32>)>), Error> {
        let limits = &self.run.inner.limits;
        let mut cells = Vec::with_capacity(row.len());
        let mut vectors = Vec::new();
        for (column, value) in self.table.columns.iter().zip(row) {
            if column.generated.is_some() {
                continue;
            }
            let place = || format!("column `{}` of table {}", column.name, self.table.name);
            if value.is_null() && column.not_null {
                return Err(Error::value(format!("{} is NULL", place()), "it is NOT NULL: give it a value"));
            }
            check_size(value, limits, &place)?;
            if let ColumnType::Vector { dimension, .. } = column.column_type {
                vectors.push((column.id, plain_vector(value, dimension as usize, &place)?));
                continue;
            }
            let value = cast_value(value.clone(), &data_type(&column.column_type)).map_err(|error| {
                let key = &row[self.table.primary_key];
                Error::Value { message: format!("{}, label {key}: {error}", place()), help: None }
            })?;
            if let Value::Json(text) = &value {
                serde_json::from_str::<serde::de::IgnoredAny>(text).map_err(|error| {
                    Error::value(format!("{} is not JSON: {error}", place()), "give valid JSON")
                })?;
            }
            let cell = value_cell(value, &column.column_type)
                .ok_or_else(|| Error::Internal(format!("{} does not hold its type", place())))?;
            cells.push(cell);
        }
        Ok((Record { key: self.key(row)?, cells }, vectors))
    }

    /// The primary key of a row.
    pub(crate) fn key(&self, row: &[Value]) -> Result<Key, Error> {
        let column = &self.table.columns[self.table.primary_key];
        let value = &row[self.table.primary_key];
        let key = key_of(&self.table, &cast_value(value.clone(), &data_type(&column.column_type))?)
            .ok_or_else(|| {
                Error::value(
                    format!("primary key `{}` of table {} is {value}", column.name, self.table.name),
                    "give every label a key of the column's type",
                )
            })?;
        if let Key::Text(text) = &key
            && text.len() > self.run.inner.limits.key_bytes_max
        {
            return Err(Error::value(
                format!("a primary key has {} bytes", text.len()),
                format!("keys have at most {} bytes", self.run.inner.limits.key_bytes_max),
            ));
        }
        Ok(key)
    }
}

impl GeneratedPart {
    /// The auxiliary, where one exists.
    pub(crate) fn auxiliary(&self) -> Option<&AuxiliaryPart> {
        self.auxiliary.as_ref()
    }

    /// Computes with another auxiliary from now on.
    pub(crate) fn set_auxiliary(&mut self, auxiliary: AuxiliaryPart) {
        self.auxiliary = Some(auxiliary);
    }

    /// The texts of rows that are encoded.
    pub(crate) fn texts(
        &self,
        run: &Run,
        table: &TableRecord,
        rows: &[Vec<Value>],
    ) -> Result<Vec<String>, Error> {
        let mut texts = Vec::with_capacity(rows.len());
        for row in rows {
            texts.push(match evaluate(&self.text, row, &run.eval())? {
                Value::Text(text) => text,
                value => {
                    let key = &row[table.primary_key];
                    return Err(Error::value(
                        format!("the text of generated column `{}` is {value} for label {key}", self.name),
                        "give the label a text, or wrap the column's expression in coalesce(..., '')",
                    ));
                }
            });
        }
        Ok(texts)
    }

    /// Raw encodings of the texts of rows, `[n, D]`.
    pub(crate) fn encode(
        &self,
        run: &Run,
        table: &TableRecord,
        rows: &[Vec<Value>],
    ) -> Result<Vec<f32>, Error> {
        self.encode_texts(run, &self.texts(run, table, rows)?)
    }

    /// Raw encodings of texts, `[n, D]`.
    fn encode_texts(&self, run: &Run, texts: &[String]) -> Result<Vec<f32>, Error> {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let encoded = self.encoder.encode(&|| run.context.is_cancelled(), &texts)?;
        run.context.check()?;
        Ok(encoded.values)
    }

    /// z of one raw encoding: `normalize(E + a)`, with the label's cluster: the one given, or the one whose
    /// centroid is nearest.
    pub(crate) fn embed(&self, raw: &[f32], cluster: Option<u32>) -> Result<(Vec<f32>, Option<u32>), Error> {
        let mut values = raw.to_vec();
        let mut assigned = None;
        if let Some(auxiliary) = &self.auxiliary {
            let cluster = cluster.unwrap_or_else(|| nearest_centroid(&auxiliary.centroids, raw));
            let start = cluster as usize * self.dimension;
            let vector = auxiliary.vectors.get(start..start + self.dimension);
            let vector = vector.ok_or_else(|| Error::Internal(format!("no cluster {cluster}")))?;
            values.iter_mut().zip(vector).for_each(|(value, part)| *value += part);
            assigned = Some(cluster);
        }
        if self.normalize {
            kernel::normalize(&mut values).map_err(|error| {
                Error::value(format!("column `{}`: {error}", self.name), "give the label another text")
            })?;
        }
        Ok((values, assigned))
    }
}

/// Something of each row, in their order; many rows are worked on by several threads.
fn of_each<T: Sync, R: Send>(rows: &[T], work: impl Fn(&T) -> R + Sync + Send) -> Vec<R> {
    // Asking rayon at all from outside the engine's threads would start a pool of its own.
    if rows.len() < ROWS_FOR_THREADS {
        return rows.iter().map(work).collect();
    }
    rows.par_iter().with_min_len(ROWS_OF_A_THREAD).map(work).collect()
}

/// The centroid with the greatest inner product; the first of equals.
pub(crate) fn nearest_centroid(centroids: &[f32], vector: &[f32]) -> u32 {
    let mut best = (0, f64::NEG_INFINITY);
    for (number, centroid) in (0u32..).zip(centroids.chunks_exact(vector.len().max(1))) {
        let score = kernel::dot_exact(vector, centroid);
        if score > best.1 {
            best = (number, score);
        }
    }
    best.0
}

/// What computes a column, where it is generated.
pub(crate) fn generated_part(
    run: &Run,
    table: &TableRecord,
    column: &argtop_storage::ColumnRecord,
) -> Result<Option<GeneratedPart>, Error> {
    let (Some(generated), ColumnType::Vector { dimension, format }) = (&column.generated, column.column_type)
    else {
        return Ok(None);
    };
    let encoder = run.view.encoder(&*run.view.model(&generated.model)?)?;
    let fields: Vec<Field> = fields_of(table);
    let text = argtop_query::binder::bind_expression(&generated.text, &fields, &run.inner.query_limits)?;
    let auxiliary = match &generated.auxiliary {
        Some(name) => auxiliary_part(run, table, column.id, name)?,
        None => None,
    };
    Ok(Some(GeneratedPart {
        id: column.id,
        name: column.name.clone(),
        dimension: dimension as usize,
        format,
        text,
        encoder,
        auxiliary,
        normalize: generated.normalize,
    }))
}

/// The fields of a table's columns, unqualified.
pub(crate) fn fields_of(table: &TableRecord) -> Vec<Field> {
    let fields = table.columns.iter().map(|column| Field {
        qualifier: None,
        name: column.name.clone(),
        data_type: data_type(&column.column_type),
        hidden: false,
    });
    fields.collect()
}

/// The auxiliary of a column; None while none of that name exists, whose vectors count as zero.
pub(crate) fn auxiliary_part(
    run: &Run,
    table: &TableRecord,
    column: ObjectId,
    name: &str,
) -> Result<Option<AuxiliaryPart>, Error> {
    let Some(object) = run.view.catalog().find(ObjectKind::Auxiliary, name) else { return Ok(None) };
    let Object::Auxiliary(record) = &**object else { return Ok(None) };
    if record.table != table.id || record.column != Some(column) {
        return Ok(None);
    }
    let own = record.clusters + record.head_labels;
    let rows =
        run.view.snapshot().scan_rows(Family::AuxiliaryVectors, record.data, 0..own + record.clusters)?;
    let mut values = Vec::new();
    for row in rows {
        let (_, bytes) = row?;
        decode_row(&bytes, RowFormat::F32, record.dimension as usize, &mut values)
            .map_err(|error| Error::Internal(error.to_string()))?;
    }
    let width = record.dimension as usize;
    let expected = (own + record.clusters) as usize * width;
    if values.len() != expected {
        let found = values.len();
        return Err(Error::Internal(format!("auxiliary {name} has {found} numbers, not {expected}")));
    }
    let centroids = values.split_off(own as usize * width);
    Ok(Some(AuxiliaryPart { record: record.clone(), vectors: values, centroids }))
}

/// The row that a classifier starts with for a label of embedding `z`: z itself, or scaled with a bias so
/// that logits of new labels compete with trained ones.
/// `adapter` is the classifier's map of queries, `[D, D]`, which its rows have taken in.
pub(crate) fn classifier_row(
    classifier: &ClassifierRecord,
    adapter: Option<&[f32]>,
    z: &[f32],
) -> Result<Vec<u8>, Error> {
    let scale = classifier.scale as f32;
    let mut values: Vec<f32> = z.iter().map(|value| value * scale).collect();
    if let Some(adapter) = adapter {
        values = crate::train::fold(adapter, &values);
    }
    let mut bytes = pack(&values, classifier.format, &classifier.name)?;
    if classifier.bias {
        bytes.extend_from_slice(&(classifier.offset as f32).to_le_bytes());
    }
    Ok(bytes)
}

/// Packs a row, naming where it belongs when the format cannot hold it.
pub(crate) fn pack(values: &[f32], format: RowFormat, name: &str) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    encode_row(values, format, &mut bytes).map_err(|error| {
        Error::value(format!("a row of `{name}`: {error}"), "give finite numbers that the format can hold")
    })?;
    Ok(bytes)
}

fn check_size(
    value: &Value,
    limits: &crate::limits::Limits,
    place: &impl Fn() -> String,
) -> Result<(), Error> {
    match value {
        Value::Text(text) | Value::Json(text) if text.len() > limits.text_bytes_max => Err(Error::value(
            format!("{} has {} bytes", place(), text.len()),
            format!("texts have at most {} bytes", limits.text_bytes_max),
        )),
        Value::List(items) if items.len() > limits.list_length_max => Err(Error::value(
            format!("{} has {} elements", place(), items.len()),
            format!("arrays have at most {} elements", limits.list_length_max),
        )),
        Value::List(items) if items.iter().any(Value::is_null) => Err(Error::value(
            format!("{} is {value}", place()),
            "the elements of a stored array are not NULL: leave them out",
        )),
        _ => Ok(()),
    }
}

/// The vector that a row brings itself: of the column's dimension, finite, and not zero.
fn plain_vector(value: &Value, dimension: usize, place: &impl Fn() -> String) -> Result<Vec<f32>, Error> {
    let to = argtop_query::DataType::Vector {
        dimension: u32::try_from(dimension).ok(),
        format: argtop_query::VectorFormat::F32,
    };
    let vector = match cast_value(value.clone(), &to)? {
        Value::Vector(vector) => vector,
        value => {
            return Err(Error::value(
                format!("{} is {value}", place()),
                "give every label a vector: one without could not be ranked",
            ));
        }
    };
    if vector.len() != dimension {
        return Err(Error::value(
            format!("{} has {dimension} elements, but a vector of {} was given", place(), vector.len()),
            "give a vector of the column's dimension",
        ));
    }
    if let Some(at) = kernel::first_non_finite(&vector) {
        return Err(Error::value(
            format!("element {at} of {} is {}", place(), vector[at]),
            "all elements must be finite",
        ));
    }
    if kernel::norm(&vector) == 0.0 {
        return Err(Error::value(format!("{} is a zero vector", place()), "a zero vector has no direction"));
    }
    Ok(vector)
}
