//! A generated database for the bench of the cluster graph: labels around the centres of clusters, a graph
//! like a trained one over them, and texts of one word that a small model maps to the queries.

use std::fmt::Write as _;
use std::path::Path;

use argtop::index::EliasArrays;
use argtop::kernel::{RowData, Rows, normalize, scores};
use argtop::{Database, Options};
use argtop_storage::{
    Family, GenerationKind, ManifestFields, Object, ObjectKind, OpenOptions, RowFormat, Store, encode_row,
    encode_sparse,
};

use crate::common::files::npy_head;
use crate::common::{Fallible, runtime_library};

pub(crate) const DIMENSION: usize = 384;
/// The defaults of the authors for so many labels.
pub(crate) const LABELS: usize = 117_137;
pub(crate) const CLUSTERS: usize = 2_048;
const KAPPA: usize = 1_000;
const ALPHA: f64 = 10.0;
/// Inverse temperature of the probe: W_C is this times the centres.
pub(crate) const SCALE: f32 = 20.0;

pub(crate) struct World {
    pub(crate) labels: Vec<f32>,
    pub(crate) queries: Vec<f32>,
    pub(crate) graph: EliasArrays,
}

fn unit(random: &mut fastrand::Rng, near: &[f32], noise: f32) -> Fallible<Vec<f32>> {
    // The sum of four uniform numbers is near enough to a normal one.
    let mut normal = || (0..4).map(|_| random.f32() - 0.5).sum::<f32>() * 1.732 / (DIMENSION as f32).sqrt();
    let mut vector: Vec<f32> =
        (0..DIMENSION).map(|at| near.get(at).unwrap_or(&0.0) + noise * normal()).collect();
    normalize(&mut vector)?;
    Ok(vector)
}

/// Labels around the centres of their clusters, centres around a few themes, queries near labels; an edge
/// from each cluster to its nearest labels.
pub(crate) fn generate(queries: usize) -> Fallible<World> {
    let mut random = fastrand::Rng::with_seed(7);
    let themes: Vec<Vec<f32>> = (0..16).map(|_| unit(&mut random, &[], 1.0)).collect::<Fallible<_>>()?;
    let centres: Vec<Vec<f32>> = (0..CLUSTERS)
        .map(|at| unit(&mut random, &themes[at % themes.len()], 1.5))
        .collect::<Fallible<_>>()?;
    let mut labels = Vec::with_capacity(LABELS * DIMENSION);
    for label in 0..LABELS {
        labels.extend(unit(&mut random, &centres[label * CLUSTERS / LABELS], 1.0)?);
    }
    let mut asked = Vec::with_capacity(queries * DIMENSION);
    for _ in 0..queries {
        let label = random.usize(..LABELS) * DIMENSION;
        asked.extend(unit(&mut random, &labels[label..label + DIMENSION], 0.8)?);
    }
    let graph = graph(&centres.concat(), &labels)?;
    Ok(World { labels, queries: asked, graph })
}

fn graph(centres: &[f32], labels: &[f32]) -> Fallible<EliasArrays> {
    let rows = Rows::new(DIMENSION, RowData::F32(labels)).ok_or("labels are no rows")?;
    let mut graph = EliasArrays {
        dimension: DIMENSION,
        alpha: ALPHA,
        beta: 150.0,
        weights: centres.iter().map(|value| value * SCALE).collect(),
        biases: vec![0.0; CLUSTERS],
        offsets: vec![0],
        ..EliasArrays::default()
    };
    let mut near = vec![0.0; 16 * rows.len()];
    for block in centres.chunks(16 * DIMENSION) {
        let near = &mut near[..block.len() / DIMENSION * rows.len()];
        scores(block, &rows, near);
        for near in near.chunks_exact(rows.len()) {
            let mut best: Vec<(f32, u32)> = near.iter().copied().zip(0..).collect();
            best.select_nth_unstable_by(KAPPA - 1, |a, b| b.0.total_cmp(&a.0));
            best.truncate(KAPPA);
            best.sort_unstable_by_key(|edge| edge.1);
            graph.slots.extend(best.iter().map(|edge| edge.1));
            graph.values.extend(best.iter().map(|edge| (8.0 * (edge.0 - 1.0)).exp().min(1.0)));
            graph.offsets.push(graph.slots.len() as u64);
        }
    }
    Ok(graph)
}

/// A database with the world in it. The index is made for one cluster and the graph put in its place, since
/// no statement takes one as it is.
pub(crate) fn store(folder: &Path, world: &World) -> Fallible<()> {
    let path = folder.join("db");
    let options = Options { onnxruntime: Some(runtime_library()?), ..Options::default() };
    let database = Database::open(&path, options)?;
    let file = |name: &str| folder.join(name).display().to_string();
    let mut npy = Vec::new();
    npy_head(&mut npy, world.labels.len() / DIMENSION, DIMENSION)?;
    npy.extend(world.labels.iter().flat_map(|value| value.to_le_bytes()));
    std::fs::write(file("z.npy"), npy)?;
    std::fs::write(file("words.onnx"), model(&world.queries))?;
    std::fs::write(file("words.json"), tokenizer(world.queries.len() / DIMENSION))?;
    for sql in [
        format!("CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR({DIMENSION}) NOT NULL)"),
        format!("COPY t (id, z) FROM '{}'", file("z.npy")),
        "CREATE INDEX i ON t USING elias (z) WITH (clusters = 1)".to_string(),
        "CREATE CLASSIFIER c ON t WITH (link = 'sigmoid')".to_string(),
        format!("COPY CLASSIFIER c FROM '{}'", file("z.npy")),
        format!(
            "CREATE MODEL m FROM '{}' TOKENIZER '{}' \
             WITH (pooling = 'mean', normalize = true, max_tokens = 4)",
            file("words.onnx"),
            file("words.json")
        ),
        "CREATE PIPELINE p ON t AS ENCODE(m) THEN PROBE(i, beam => 20) THEN SHORTLIST(limit => 2000) THEN \
         RERANK(c, limit => 100)"
            .to_string(),
    ] {
        database.execute(&sql).map_err(|error| format!("{sql}: {error}"))?;
    }
    database.wait_for_maintenance()?;
    database.close()?;
    put_graph(&path, &world.graph)?;
    let mut rows = String::new();
    for query in 0..world.queries.len() / DIMENSION {
        writeln!(rows, "{{\"text\": \"w{query}\", \"labels\": [0]}}")?;
    }
    Ok(std::fs::write(file("queries.jsonl"), rows)?)
}

fn put_graph(path: &Path, graph: &EliasArrays) -> Fallible<()> {
    let store = Store::open(path, &OpenOptions::default())?;
    let catalog = store.snapshot().catalog();
    let Some(Object::Index(record)) = catalog.find(ObjectKind::Index, "i").map(|object| &**object) else {
        return Err("the index is gone".into());
    };
    let (mut record, data) = (record.clone(), store.allocate()?);
    let mut rows = store.bulk_rows(Family::ClusterWeights, data)?;
    for ((cluster, row), bias) in (0..).zip(graph.weights.chunks(DIMENSION)).zip(&graph.biases) {
        let mut bytes = Vec::new();
        encode_row(row, RowFormat::F32, &mut bytes)?;
        bytes.extend(bias.to_le_bytes());
        rows.put(cluster, &bytes)?;
    }
    rows.finish()?;
    let mut rows = store.bulk_rows(Family::ClusterEdges, data)?;
    for (cluster, ends) in (0..).zip(graph.offsets.windows(2)) {
        let edges = ends[0] as usize..ends[1] as usize;
        let row: Vec<(u32, f32)> =
            graph.slots[edges.clone()].iter().copied().zip(graph.values[edges].iter().copied()).collect();
        let mut bytes = Vec::new();
        encode_sparse(&row, &mut bytes)?;
        rows.put(cluster, &bytes)?;
    }
    rows.finish()?;
    let mut builder = store.begin_generation(GenerationKind::Elias, record.id)?;
    let file = graph.write(builder.create("graph")?, LABELS as u32)?;
    builder.finish(file)?;
    let sealed = builder.seal(ManifestFields {
        covers_seq: store.snapshot().seq(),
        slot_end: LABELS as u32,
        rows: graph.slots.len() as u64,
        dimension: DIMENSION as u32,
        format: "csr".to_string(),
        metric: "inner_product".to_string(),
        model: String::new(),
        extra: serde_json::Value::Null,
    })?;
    record.data = Some(data);
    record.statistics.insert("clusters".to_string(), CLUSTERS.to_string());
    record.statistics.insert("edges".to_string(), graph.slots.len().to_string());
    let mut writer = store.writer()?;
    writer.put_object(Object::Index(record))?;
    writer.publish(sealed)?;
    writer.commit()?;
    Ok(store.close()?)
}

/// A tokenizer of the words `w0`, `w1`, ..., whose ids are their numbers.
fn tokenizer(words: usize) -> String {
    let words: Vec<String> = (0..words).map(|id| format!("\"w{id}\":{id}")).collect();
    format!(
        "{{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,\
         \"pre_tokenizer\":{{\"type\":\"WhitespaceSplit\"}},\"post_processor\":null,\"decoder\":null,\
         \"model\":{{\"type\":\"WordLevel\",\"vocab\":{{{}}},\"unk_token\":\"w0\"}}}}",
        words.join(",")
    )
}

/// A protobuf field that holds bytes.
fn field(place: u64, bytes: &[u8]) -> Vec<u8> {
    [varint(place << 3 | 2), varint(bytes.len() as u64), bytes.to_vec()].concat()
}

/// A protobuf field that holds a number.
fn number(place: u64, value: u64) -> Vec<u8> {
    [varint(place << 3), varint(value)].concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 128 {
        bytes.push((value % 128) as u8 | 128);
        value /= 128;
    }
    bytes.push(value as u8);
    bytes
}

/// An ONNX file (opset 17): `embedding = vectors[input_ids]`.
fn model(vectors: &[f32]) -> Vec<u8> {
    let sizes = [vectors.len() / DIMENSION, DIMENSION].map(|size| number(1, size as u64)).concat();
    let values: Vec<u8> = vectors.iter().flat_map(|value| value.to_le_bytes()).collect();
    let table = field(5, &[sizes, number(2, 1), field(8, b"vectors"), field(9, &values)].concat());
    let inputs = [field(1, b"vectors"), field(1, b"input_ids")].concat();
    let node = field(1, &[inputs, field(2, b"embedding"), field(4, b"Gather")].concat());
    let declare = |place: u64, name: &str, element: u64, last: Option<usize>| {
        let open = field(1, &field(2, b"open"));
        let last = last.map(|size| field(1, &number(1, size as u64))).unwrap_or_default();
        let shape = field(2, &[open.clone(), open, last].concat());
        let tensor = field(1, &[number(1, element), shape].concat());
        field(place, &[field(1, name.as_bytes()), field(2, &tensor)].concat())
    };
    let graph = [
        node,
        field(2, b"graph"),
        table,
        declare(11, "input_ids", 7, None),
        declare(12, "embedding", 1, Some(DIMENSION)),
    ];
    [number(1, 8), field(8, &number(2, 17)), field(7, &graph.concat())].concat()
}
