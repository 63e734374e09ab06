//! CREATE INDEX and REINDEX.
//!
//! An index is built from a snapshot without holding the writer's lock. The commit that makes it visible
//! looks again:
//! the table must still be there, the name free, and labels written meanwhile get what the index keeps in the
//! store.

use std::collections::BTreeMap;
use std::sync::Arc;

use argtop_query::catalog::{IndexMethod, IndexTarget};
use argtop_query::plan::CreateIndex;
use argtop_storage::{
    Family, IndexRecord, Object, ObjectId, ObjectKind, SealedGeneration, TableRecord, Writer, encode_sparse,
};

use super::options::OptionReader;
use super::table::exists;
use crate::build;
use crate::dispatch::Output;
use crate::error::Error;
use crate::execute::Run;
use crate::index::text::STEMMERS;
use crate::index::{AnnOptions, EliasArrays, Factory, FaissIndex};
use crate::labels::{EDGES_PER_LABEL, pack};
use crate::physical::VectorSource;
use crate::train::{BuildControl, PARTITION_SCALE, cluster_count, initial_partition};
use crate::view::{B, Dense, K1, RowSpec, View};

/// Factory of USING faiss where the statement names none.
const FACTORY: &str = "HNSW32";
/// What an ann index may be asked to find of the exact best.
const TARGET_RECALL: std::ops::RangeInclusive<f64> = 0.5..=0.999;
/// From here on a word's weight grows with the times that a text has it nearly without end.
const K1_MAX: f64 = 1_000.0;
/// alpha and beta of ELIAS.
const ALPHA: f64 = 10.0;
const BETA: f64 = 150.0;

/// CREATE INDEX.
pub(crate) fn create(run: &Run, writer: Writer<'_>, plan: &CreateIndex) -> Result<Output, Error> {
    if run.view.catalog().find(ObjectKind::Index, &plan.name).is_some() {
        return if plan.if_not_exists { Ok(Output::changed(0)) } else { Err(exists("index", &plan.name)) };
    }
    let table = run.view.table(&plan.table.name)?;
    let (column, classifier, source) = match plan.method {
        IndexMethod::Fts => (Some(text_column(run, &table, &plan.target)?), None, None),
        _ => target(run, &table, &plan.target)?,
    };
    let method = match plan.method {
        IndexMethod::Flat => "flat",
        IndexMethod::Ann => "ann",
        IndexMethod::Faiss => "faiss",
        IndexMethod::Elias => "elias",
        IndexMethod::Fts => "fts",
    };
    if method == "elias" && classifier.is_some() {
        return Err(Error::value(
            "an elias index orders a vector column, not a classifier",
            "name the column in parentheses",
        ));
    }
    let options = options(run, method, &plan.options)?;
    let record = IndexRecord {
        id: writer.allocate()?,
        name: plan.name.clone(),
        table: table.id,
        column,
        classifier,
        method: method.to_string(),
        options,
        data: None,
        built_seq: 0,
        statistics: BTreeMap::new(),
    };
    drop(writer);
    build_index(run, &table, record, source.as_ref(), None)
}

/// REINDEX: builds the generation again, over all live labels.
pub(crate) fn reindex(run: &Run, writer: Writer<'_>, name: &str) -> Result<Output, Error> {
    let record = IndexRecord::clone(&*run.view.index(name)?);
    let table = run.view.table_of(record.table)?;
    let source = match record.method.as_str() {
        "fts" => None,
        _ => Some(run.view.source_of(&record)?),
    };
    drop(writer);
    let old = record.data;
    build_index(run, &table, record, source.as_ref(), old)
}

/// Column, classifier, and the rows of either; none for words.
type Target = (Option<ObjectId>, Option<ObjectId>, Option<VectorSource>);

/// The column whose words are indexed, of which no index may hold them yet: MATCH names the column alone.
fn text_column(run: &Run, table: &TableRecord, target: &IndexTarget) -> Result<ObjectId, Error> {
    let name = match target {
        IndexTarget::Column(name) | IndexTarget::Classifier(name) => name,
    };
    let column = table.columns.iter().find(|column| column.name == *name);
    let column = column.ok_or_else(|| Error::Internal(format!("no column {name}")))?.id;
    let same = |index: &Arc<IndexRecord>| index.method == "fts" && index.column == Some(column);
    match run.view.indexes(table).iter().find(|index| same(index)) {
        Some(index) => Err(Error::value(
            format!("column {name} has the fts index {} already", index.name),
            format!("DROP INDEX {} first", index.name),
        )),
        None => Ok(column),
    }
}

fn target(run: &Run, table: &Arc<TableRecord>, target: &IndexTarget) -> Result<Target, Error> {
    match target {
        IndexTarget::Column(name) => {
            let record = table.columns.iter().find(|column| column.name == *name);
            let record = record.ok_or_else(|| Error::Internal(format!("no column {name}")))?;
            let column = run.view.vector_column(table, record.id)?;
            Ok((Some(column.id), None, Some(VectorSource::Column(column))))
        }
        IndexTarget::Classifier(name) => {
            let classifier = run.view.classifier(name)?;
            if classifier.sparse.is_some() {
                return Err(Error::value(
                    format!("classifier {name} is sparse: no index can order its rows"),
                    "shortlist by a vector column and rank the candidates with THEN RERANK",
                ));
            }
            Ok((None, Some(classifier.id), Some(VectorSource::Classifier(classifier))))
        }
    }
}

/// The options of a method, checked, with defaults filled in.
fn options(
    run: &Run,
    method: &str,
    given: &[(String, argtop_query::Value)],
) -> Result<BTreeMap<String, String>, Error> {
    let mut reader = OptionReader::new("CREATE INDEX", given);
    let mut options = BTreeMap::new();
    if method == "faiss" {
        let factory = reader.text("factory")?.unwrap_or_else(|| FACTORY.to_string());
        Factory::parse(&factory)
            .map_err(|error| Error::value(error.to_string(), "for example 'HNSW32' or 'IVF1024,Flat'"))?;
        options.insert("factory".to_string(), factory);
        // Embeddings are unit vectors, so the cosine and the inner product rank alike.
        reader.word("metric", &["ip", "cosine"])?;
    }
    if method == "ann" {
        let defaults = AnnOptions::default();
        let target = reader.positive("target_recall")?.unwrap_or(defaults.target_recall);
        if !TARGET_RECALL.contains(&target) {
            return Err(Error::value(
                format!("target_recall cannot be {target}"),
                "it takes 0.5 to 0.999; for every label of the exact best use VIA EXACT",
            ));
        }
        options.insert("target_recall".to_string(), target.to_string());
        let most = u64::from(run.inner.limits.clusters_max);
        if let Some(lists) = reader.number("lists", 1, most)? {
            options.insert("lists".to_string(), lists.to_string());
        }
        if let Some(second) = reader.boolean("second_lists")? {
            options.insert("second_lists".to_string(), second.to_string());
        }
        let seed = reader.number("seed", 0, i64::MAX.unsigned_abs())?.unwrap_or(defaults.seed);
        options.insert("seed".to_string(), seed.to_string());
        reader.word("metric", &["ip", "cosine"])?;
    }
    if method == "elias" {
        let most = u64::from(run.inner.limits.clusters_max);
        if let Some(clusters) = reader.number("clusters", 1, most)? {
            options.insert("clusters".to_string(), clusters.to_string());
        }
        let seed = reader.number("seed", 0, i64::MAX.unsigned_abs())?.unwrap_or(1);
        let scale = reader.positive("scale")?.unwrap_or_else(|| f64::from(PARTITION_SCALE));
        options.insert("seed".to_string(), seed.to_string());
        options.insert("scale".to_string(), scale.to_string());
        options.insert("alpha".to_string(), reader.positive("alpha")?.unwrap_or(ALPHA).to_string());
        options.insert("beta".to_string(), reader.positive("beta")?.unwrap_or(BETA).to_string());
    }
    if method == "fts" {
        let stemmer = reader.word("stemmer", &STEMMERS)?.unwrap_or(STEMMERS[0]);
        options.insert("stemmer".to_string(), stemmer.to_string());
        let k1 = reader.within("k1", 0.0, K1_MAX)?.unwrap_or(K1);
        let b = reader.within("b", 0.0, 1.0)?.unwrap_or(B);
        options.insert("k1".to_string(), k1.to_string());
        options.insert("b".to_string(), b.to_string());
    }
    reader.finish()?;
    Ok(options)
}

/// What a build leaves for the commit.
struct Built {
    sealed: Option<SealedGeneration>,
    data: Option<ObjectId>,
    statistics: BTreeMap<String, String>,
    /// The graph and the end of the slots it covers.
    graph: Option<(EliasArrays, u32)>,
}

fn build_index(
    run: &Run,
    table: &Arc<TableRecord>,
    mut record: IndexRecord,
    source: Option<&VectorSource>,
    old_data: Option<ObjectId>,
) -> Result<Output, Error> {
    let spec = source.map(|source| match source {
        VectorSource::Column(column) => RowSpec::column(column),
        VectorSource::Classifier(classifier) => RowSpec::classifier(classifier),
    });
    let view = packed_view(run, table, spec.as_ref())?;
    let built = run.inner.install(|| match (record.method.as_str(), source) {
        ("ann", Some(source)) => build_ann(run, &view, table, &record, source),
        ("faiss", Some(source)) => build_faiss(run, &view, table, &record, source),
        ("elias", Some(source)) => build_graph(run, &view, table, &record, source),
        ("fts", None) => build_texts(run, &view, table, &record),
        _ => Ok(Built { sealed: None, data: None, statistics: BTreeMap::new(), graph: None }),
    })?;
    let mut writer = run.inner.store.writer()?;
    let is_new = run.view.catalog().get(record.id).is_none();
    let now = writer.catalog().clone();
    if now.get(table.id).is_none() || (!is_new && now.get(record.id).is_none()) {
        return Err(Error::value(
            format!("table or index was dropped while {} was built", record.name),
            "create the index again",
        ));
    }
    record.built_seq = view.snapshot().seq();
    record.data = built.data.or(record.data);
    record.statistics = built.statistics;
    if let Some(old) = old_data.filter(|old| Some(*old) != record.data) {
        for family in [Family::ClusterWeights, Family::ClusterEdges, Family::LabelEdges] {
            writer.delete_rows(family, old);
        }
    }
    let id = record.id;
    writer.put_object(Object::Index(record.clone()))?;
    if let Some(sealed) = built.sealed {
        writer.publish(sealed)?;
    }
    if let (Some((graph, slot_end)), Some(source)) = (&built.graph, source) {
        add_newer_edges(run, &mut writer, table, (graph, *slot_end), &record, source)?;
    }
    writer.commit()?;
    run.inner.caches.forget(id);
    Ok(Output::changed(0))
}

/// A view in which the rows of the index are packed, if it orders rows, and the keys.
fn packed_view(run: &Run, table: &TableRecord, spec: Option<&RowSpec>) -> Result<View, Error> {
    let view = View::new(run.inner.clone(), true);
    let slot_end = view.snapshot().slot_end(table.id);
    let complete = |object| {
        let manifest = view.generation(object);
        let manifest = manifest.as_ref().and_then(|generation| generation.manifest().ok());
        manifest.is_some_and(|manifest| manifest.fields.slot_end == slot_end)
    };
    let mut sealed = Vec::new();
    if let Some(spec) = spec
        && !complete(spec.object)
    {
        sealed.push(build::pack_rows(&run.context, &view, table, spec)?);
    }
    if !complete(table.id) {
        sealed.push(build::pack_keys(&run.context, &view, table)?);
    }
    if sealed.is_empty() {
        return Ok(view);
    }
    build::publish(&run.inner, sealed)?;
    Ok(View::new(run.inner.clone(), true))
}

fn build_texts(run: &Run, view: &View, table: &TableRecord, record: &IndexRecord) -> Result<Built, Error> {
    let sealed = build::write_text(&run.context, view, table, record)?;
    Ok(Built { sealed: Some(sealed), data: None, statistics: BTreeMap::new(), graph: None })
}

fn build_faiss(
    run: &Run,
    view: &View,
    table: &TableRecord,
    record: &IndexRecord,
    source: &VectorSource,
) -> Result<Built, Error> {
    let rows = view.source_rows(table, source)?;
    let matrix = rows.base().ok_or_else(|| Error::Internal("the rows are not packed".into()))?;
    let factory = record.options.get("factory").map_or(FACTORY, String::as_str);
    let factory =
        Factory::parse(factory).map_err(|error| Error::value(error.to_string(), "choose another factory"))?;
    let cancelled = || run.context.is_cancelled();
    let progress = |done: u64, total: u64| run.context.progress("building the index", done, Some(total));
    let control = BuildControl { cancelled: &cancelled, progress: &progress, threads: run.inner.threads };
    let index = FaissIndex::build(&control, factory, matrix)?;
    let sealed = build::write_faiss(view, record.id, &index)?;
    Ok(Built { sealed: Some(sealed), data: None, statistics: BTreeMap::new(), graph: None })
}

fn build_ann(
    run: &Run,
    view: &View,
    table: &TableRecord,
    record: &IndexRecord,
    source: &VectorSource,
) -> Result<Built, Error> {
    let rows = view.source_rows(table, source)?;
    let matrix = rows.shared_base().ok_or_else(|| Error::Internal("the rows are not packed".into()))?;
    let number = |name: &str| record.options.get(name).and_then(|text| text.parse::<f64>().ok());
    let defaults = AnnOptions::default();
    let options = AnnOptions {
        target_recall: number("target_recall").unwrap_or(defaults.target_recall),
        lists: number("lists").map(|lists| lists as usize),
        second_lists: record.options.get("second_lists").and_then(|text| text.parse().ok()),
        seed: record.options.get("seed").and_then(|text| text.parse().ok()).unwrap_or(defaults.seed),
    };
    let cancelled = || run.context.is_cancelled();
    let progress = |done: u64, total: u64| run.context.progress("building the index", done, Some(total));
    let control = BuildControl { cancelled: &cancelled, progress: &progress, threads: run.inner.threads };
    let (sealed, described) = build::write_ann(view, record.id, &control, &options, &matrix)?;
    Ok(Built { sealed: Some(sealed), data: None, statistics: described.into_iter().collect(), graph: None })
}

fn build_graph(
    run: &Run,
    view: &View,
    table: &TableRecord,
    record: &IndexRecord,
    source: &VectorSource,
) -> Result<Built, Error> {
    let rows = view.source_rows(table, source)?;
    let matrix = rows.base().ok_or_else(|| Error::Internal("the rows are not packed".into()))?;
    let slots: Vec<u32> = matrix.slots().iter().collect();
    let mut vectors = vec![0.0_f32; slots.len() * rows.dimension()];
    for (position, vector) in vectors.chunks_exact_mut(rows.dimension()).enumerate() {
        matrix.decode(position, vector);
    }
    let number = |name: &str| record.options.get(name).and_then(|text| text.parse::<f64>().ok());
    let clusters = number("clusters").map_or_else(|| cluster_count(slots.len()), |count| count as usize);
    let seed = record.options.get("seed").and_then(|text| text.parse().ok()).unwrap_or(1);
    let cancelled = || run.context.is_cancelled();
    let progress = |done: u64, total: u64| run.context.progress("clustering labels", done, Some(total));
    let control = BuildControl { cancelled: &cancelled, progress: &progress, threads: run.inner.threads };
    let graph = initial_partition(
        &control,
        &vectors,
        rows.dimension(),
        &slots,
        clusters,
        seed,
        number("scale").unwrap_or(f64::from(PARTITION_SCALE)) as f32,
        number("alpha").unwrap_or(ALPHA),
        number("beta").unwrap_or(BETA),
    )?;
    let slot_end = rows.slot_end();
    let data = store_graph(run, &graph)?;
    let sealed = build::write_graph(view, record.id, &graph, slot_end)?;
    let statistics = graph_statistics(&graph, slot_end, "untrained");
    Ok(Built { sealed: Some(sealed), data: Some(data), statistics, graph: Some((graph, slot_end)) })
}

/// What an index record says about its graph; dimension, alpha, beta and slot_end are needed to read it back.
pub(crate) fn graph_statistics(graph: &EliasArrays, slot_end: u32, stage: &str) -> BTreeMap<String, String> {
    let entries = [
        ("clusters", graph.biases.len().to_string()),
        ("dimension", graph.dimension.to_string()),
        ("edges", graph.slots.len().to_string()),
        ("alpha", graph.alpha.to_string()),
        ("beta", graph.beta.to_string()),
        ("slot_end", slot_end.to_string()),
        ("stage", stage.to_string()),
    ];
    entries.into_iter().map(|(name, value)| (name.to_string(), value)).collect()
}

/// Writes the arrays of a graph under a fresh data id: the truth, of which the generation is a copy.
pub(crate) fn store_graph(run: &Run, graph: &EliasArrays) -> Result<ObjectId, Error> {
    let data = run.inner.store.allocate()?;
    let mut weights = run.inner.store.bulk_rows(Family::ClusterWeights, data)?;
    for ((cluster, row), bias) in (0u32..).zip(graph.weights.chunks_exact(graph.dimension)).zip(&graph.biases)
    {
        let mut bytes = pack(row, argtop_storage::RowFormat::F32, "cluster weights")?;
        bytes.extend_from_slice(&bias.to_le_bytes());
        weights.put(cluster, &bytes)?;
    }
    weights.finish()?;
    let mut edges = run.inner.store.bulk_rows(Family::ClusterEdges, data)?;
    let view = graph.view().map_err(|error| Error::Internal(error.to_string()))?;
    for cluster in (0u32..).take(view.clusters()) {
        let (slots, values) = view.row(cluster);
        let row: Vec<(u32, f32)> = slots.iter().copied().zip(values.iter().copied()).collect();
        let mut bytes = Vec::new();
        encode_sparse(&row, &mut bytes).map_err(|error| Error::Internal(error.to_string()))?;
        edges.put(cluster, &bytes)?;
    }
    edges.finish()?;
    Ok(data)
}

/// Edges for the labels that were written while the graph was built.
fn add_newer_edges(
    run: &Run,
    writer: &mut Writer<'_>,
    table: &TableRecord,
    (graph, slot_end): (&EliasArrays, u32),
    record: &IndexRecord,
    source: &VectorSource,
) -> Result<(), Error> {
    let now = View::at(run.inner.clone(), writer.snapshot(), true);
    let newer: Vec<u32> = now.live(table)?.range(slot_end..).collect();
    if newer.is_empty() {
        return Ok(());
    }
    let rows = now.source_rows(table, source)?;
    put_newer_edges(writer, &rows, (graph, &newer), record)
}

/// Puts edges of labels that are not in a graph's arrays; `rows` are the labels' vectors.
pub(crate) fn put_newer_edges(
    writer: &mut Writer<'_>,
    rows: &Dense,
    (graph, newer): (&EliasArrays, &[u32]),
    record: &IndexRecord,
) -> Result<(), Error> {
    let data = record.data.ok_or_else(|| Error::Internal("a graph without data".into()))?;
    let graph = graph.view().map_err(|error| Error::Internal(error.to_string()))?;
    let mut vector = vec![0.0; rows.dimension()];
    for slot in newer {
        rows.decode(*slot, &mut vector)?;
        let mut bytes = Vec::new();
        encode_sparse(&graph.edges_for(&vector, EDGES_PER_LABEL), &mut bytes)
            .map_err(|error| Error::Internal(error.to_string()))?;
        writer.put_row(Family::LabelEdges, data, *slot, &bytes)?;
    }
    Ok(())
}
