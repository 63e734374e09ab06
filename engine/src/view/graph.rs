//! The cluster graph of an elias index: its generation, or the same arrays read from the store, and the edges
//! of labels that came later.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use argtop_storage::{
    Family, GenerationKind, IndexRecord, RowFormat, Slot, TableRecord, decode_row, decode_sparse,
};
use roaring::RoaringBitmap;

use super::View;
use super::moment::{lock, unread};
use crate::error::Error;
use crate::index::{CoarseWeights, EdgeMap, EliasArrays, EliasFile, EliasView};

/// A label and its edges: (cluster, weight).
pub(crate) type LabelEdges = (Slot, Vec<(u32, f32)>);

/// Where the arrays are.
enum Arrays {
    /// In a mapped file.
    File(EliasFile),
    /// In memory, read from the store, with the end of their slots.
    Memory(EliasArrays, Slot),
}

impl Arrays {
    fn view(&self) -> Result<EliasView<'_>, Error> {
        match self {
            Arrays::File(file) => Ok(file.view()),
            Arrays::Memory(arrays, _) => arrays.view().map_err(|error| Error::Internal(error.to_string())),
        }
    }
}

/// What all views share of one graph.
pub(super) struct Shared {
    generation: Option<u64>,
    data: Option<argtop_storage::ObjectId>,
    arrays: Arrays,
    coarse: Option<CoarseWeights>,
    edges: Mutex<Edges>,
}

struct Edges {
    /// Slots under this one were looked at.
    read_to: Slot,
    present: RoaringBitmap,
    map: Arc<EdgeMap>,
}

/// A graph under a view.
#[derive(Clone)]
pub(crate) struct Graph {
    shared: Arc<Shared>,
    edges: Arc<EdgeMap>,
}

impl Graph {
    /// Opens the graph; reads the edges that are missing.
    pub(super) fn open(view: &View, table: &TableRecord, index: &IndexRecord) -> Result<Graph, Error> {
        let shared = shared(view, index)?;
        let edges = edges(view, table, index, &shared)?;
        Ok(Graph { shared, edges })
    }

    /// The arrays.
    pub(crate) fn view(&self) -> Result<EliasView<'_>, Error> {
        Ok(self.shared.arrays.view()?.with_coarse(self.shared.coarse.as_ref()))
    }

    /// Numbers in a query.
    pub(crate) fn dimension(&self) -> usize {
        match &self.shared.arrays {
            Arrays::File(file) => file.view().dimension(),
            Arrays::Memory(arrays, _) => arrays.dimension,
        }
    }

    /// Every edge in the arrays leads to a slot under this one.
    pub(crate) fn slot_end(&self) -> Slot {
        match &self.shared.arrays {
            Arrays::File(file) => file.slot_end(),
            Arrays::Memory(_, slot_end) => *slot_end,
        }
    }

    /// Edges of labels newer than the graph.
    pub(crate) fn newer(&self) -> &EdgeMap {
        &self.edges
    }

    /// Number of labels newer than the graph.
    pub(crate) fn newer_labels(&self) -> u64 {
        lock(&self.shared.edges).present.len()
    }

    /// Whether the arrays come from a generation.
    pub(crate) fn in_generation(&self) -> bool {
        matches!(self.shared.arrays, Arrays::File(_))
    }

    /// The edges that labels have in the arrays: for each slot, in the order given, (cluster, weight).
    pub(crate) fn edges_of(&self, slots: &[Slot]) -> Result<Vec<LabelEdges>, Error> {
        let view = self.view()?;
        let mut sorted: Vec<(Slot, usize)> = slots.iter().copied().zip(0..).collect();
        sorted.sort_unstable();
        let mut found: Vec<LabelEdges> = slots.iter().map(|slot| (*slot, Vec::new())).collect();
        for cluster in (0u32..).take(view.clusters()) {
            let (members, values) = view.row(cluster);
            if sorted.len() < 8 {
                for (slot, place) in &sorted {
                    // One pass that the compiler vectorises; few clusters have the label.
                    if members.iter().fold(false, |found, member| found | (member == slot))
                        && let Some(at) = members.iter().position(|member| member == slot)
                    {
                        found[*place].1.push((cluster, values[at]));
                    }
                }
                continue;
            }
            for (member, value) in members.iter().zip(values) {
                if let Ok(at) = sorted.binary_search_by_key(member, |(slot, _)| *slot) {
                    found[sorted[at].1].1.push((cluster, *value));
                }
            }
        }
        Ok(found)
    }

    /// The clusters that a new label joins, with the weights of its edges.
    pub(crate) fn edges_for(&self, vector: &[f32], count: usize) -> Result<Vec<(u32, f32)>, Error> {
        Ok(self.view()?.edges_for(vector, count))
    }
}

fn shared(view: &View, index: &IndexRecord) -> Result<Arc<Shared>, Error> {
    let generation = view.generation(index.id);
    let id = generation.as_ref().map(|generation| generation.id());
    if let Some(shared) = lock(&view.inner.caches.graphs).get(&index.id)
        && shared.generation == id
        && shared.data == index.data
    {
        return Ok(shared.clone());
    }
    let file = generation.and_then(|generation| {
        if generation.kind().ok()? != GenerationKind::Elias {
            return None;
        }
        EliasFile::open(generation.map(crate::build::GRAPH_FILE).ok()?).ok()
    });
    let arrays = match file {
        Some(file) => Arrays::File(file),
        None => {
            let arrays = from_store(view, index)?;
            let slot_end = arrays.slots.iter().max().map_or(0, |last| last.saturating_add(1));
            Arrays::Memory(arrays, slot_end)
        }
    };
    // Made anew wherever the arrays come from, so that both answer alike.
    let coarse = CoarseWeights::of(&arrays.view()?);
    let edges = Mutex::new(Edges { read_to: 0, present: RoaringBitmap::new(), map: Arc::default() });
    let shared = Arc::new(Shared { generation: id, data: index.data, arrays, coarse, edges });
    lock(&view.inner.caches.graphs).insert(index.id, shared.clone());
    Ok(shared)
}

/// Reads the arrays from the store's rows, which are the truth.
fn from_store(view: &View, index: &IndexRecord) -> Result<EliasArrays, Error> {
    let wrong = |what: String| Error::Internal(format!("graph {}: {what}", index.name));
    let data = index.data.ok_or_else(|| wrong("no data".into()))?;
    let number = |name: &str| {
        let text = index.statistics.get(name).map_or("", String::as_str);
        text.parse::<f64>().map_err(|_| wrong(format!("{name} is `{text}`")))
    };
    let dimension = number("dimension")? as usize;
    let mut arrays = EliasArrays {
        dimension,
        alpha: number("alpha")?,
        beta: number("beta")?,
        offsets: vec![0],
        ..Default::default()
    };
    let snapshot = view.snapshot();
    for row in snapshot.scan_rows(Family::ClusterWeights, data, 0..u32::MAX)? {
        let (_, bytes) = row?;
        let (weights, bias) =
            bytes.split_last_chunk::<4>().ok_or_else(|| wrong("a row without bias".into()))?;
        decode_row(weights, RowFormat::F32, dimension, &mut arrays.weights)
            .map_err(|error| wrong(error.to_string()))?;
        arrays.biases.push(f32::from_le_bytes(*bias));
    }
    for row in snapshot.scan_rows(Family::ClusterEdges, data, 0..u32::MAX)? {
        let (_, bytes) = row?;
        for (slot, value) in decode_sparse(&bytes).map_err(|error| wrong(error.to_string()))? {
            arrays.slots.push(slot);
            arrays.values.push(value);
        }
        arrays.offsets.push(arrays.slots.len() as u64);
    }
    arrays.check(u32::MAX).map_err(|error| wrong(error.to_string()))?;
    Ok(arrays)
}

/// The edges of newer labels for a view, after reading what nobody has read.
fn edges(
    view: &View,
    table: &TableRecord,
    index: &IndexRecord,
    shared: &Shared,
) -> Result<Arc<EdgeMap>, Error> {
    let Some(data) = index.data else { return Ok(Arc::default()) };
    let slot_end = view.snapshot.slot_end(table.id);
    let live = view.snapshot.live(table.id);
    let mut edges = lock(&shared.edges);
    if edges.read_to < slot_end {
        let mut found: Vec<(Slot, Vec<(u32, f32)>)> = Vec::new();
        let mut rows = view.snapshot.scan_rows(Family::LabelEdges, data, edges.read_to..slot_end)?;
        while let Some((slot, bytes)) = rows.next_row()? {
            if live.contains(slot) {
                let row = decode_sparse(bytes).map_err(|error| Error::Internal(error.to_string()))?;
                found.push((slot, row));
            }
        }
        edges.present.extend(found.iter().map(|(slot, _)| *slot));
        let map = Arc::make_mut(&mut edges.map);
        add(map, found);
        edges.read_to = slot_end;
    }
    // A label that ended before its edges were read is looked up by itself for the views that still see it.
    let missing = unread(&live, &edges.present, covered(index), slot_end);
    if missing.is_empty() {
        return Ok(edges.map.clone());
    }
    let mut map = BTreeMap::clone(&edges.map);
    let mut found = Vec::new();
    for (slot, bytes) in missing.iter().zip(view.snapshot.rows(Family::LabelEdges, data, &missing)?) {
        let Some(bytes) = bytes else { continue };
        found.push((*slot, decode_sparse(&bytes).map_err(|error| Error::Internal(error.to_string()))?));
    }
    add(&mut map, found);
    Ok(Arc::new(map))
}

/// Slots under this one have their edges in the arrays.
fn covered(index: &IndexRecord) -> Slot {
    index.statistics.get("slot_end").and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn add(map: &mut EdgeMap, found: Vec<(Slot, Vec<(u32, f32)>)>) {
    for (slot, row) in found {
        for (cluster, value) in row {
            map.entry(cluster).or_default().push((slot, value));
        }
    }
}
