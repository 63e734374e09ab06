//! An ONNX model with its linear layers in 8 bits.
//!
//! Every product of a computed tensor with a fixed f32 matrix, `MatMul(x, W)`, becomes a node of our own,
//! together with what can be run with it (see [`fuse`](super::fuse)):
//!
//! | node | is |
//! |---|---|
//! | `argtop.Stack8(x, [residual])` | [`Stack8`]: products, biases, GELU, a residual and its normalisation |
//! | `argtop.Attention8(x, [mask])` | [`Attention8`]: products and the attention of all heads |
//! | `argtop.Rows(ids)` | rows of a table, such as the embeddings of tokens, in f32 as they were |
//!
//! All else stays as it is. The matrices and tables leave the graph, which holds the number of its part
//! instead; so the model is read once, and sessions share what they hold. `kept` writes both down for the
//! next process.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::thread::ScopedJoinHandle;

use super::error::ModelError;
use super::fuse::{Attention, Found, Layer, Stack, find};
use super::graph::Graph;
use super::protobuf::{Field, fields, put_bytes, put_number};
use super::spec::Dtype;
use crate::kernel::{Attention8, LayerNorm, Linear8, Stack8, Step8};
use crate::packed::Array;

/// The domain of our operators.
pub(super) const DOMAIN: &str = "argtop";
/// The names of our operators.
pub(super) const STACK: &str = "Stack8";
pub(super) const ATTENTION: &str = "Attention8";
pub(super) const ROWS: &str = "Rows";
/// Their attribute: which part it is.
pub(super) const PART: &str = "part";

/// ONNX's kind of an attribute that is one integer.
const ATTRIBUTE_INT: u64 = 2;

/// A rewritten model.
pub(super) struct Quantized {
    /// The graph with nodes of our own.
    pub(super) bytes: Vec<u8>,
    pub(super) parts: Arc<Parts>,
}

/// What our nodes hold, each kind numbered by itself.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) stacks: Vec<Stack8>,
    pub(super) attentions: Vec<Attention8>,
    pub(super) tables: Vec<TableRows>,
}

/// A table of f32, row-major.
pub(super) struct TableRows {
    pub(super) width: usize,
    pub(super) values: TableValues,
}

/// The numbers of a table.
pub(super) enum TableValues {
    /// In memory.
    Loaded(Vec<f32>),
    /// In a file that is read where it lies.
    Kept(Array<f32>),
}

impl TableValues {
    /// The numbers.
    pub(super) fn get(&self) -> &[f32] {
        match self {
            TableValues::Loaded(values) => values,
            TableValues::Kept(values) => values.get(),
        }
    }
}

/// Rewrites a model whose bytes are known to be a whole one.
///
/// # Errors
/// [`ModelError::NotOnnx`], [`ModelError::NotQuantizable`] where no product has a fixed f32 matrix, and
/// [`ModelError::NotFiniteWeights`].
pub(super) fn quantize(bytes: &[u8]) -> Result<Quantized, ModelError> {
    let top = fields(bytes, 0, bytes.len())?;
    let mut out = Vec::with_capacity(bytes.len() / 4);
    let mut parts = None;
    for field in &top {
        match (field.number, field.varint) {
            (7, None) if parts.is_some() => {
                return Err(ModelError::NotOnnx { offset: field.at, reason: "there is a second graph" });
            }
            (7, None) => {
                let (graph, found) = rewrite(bytes, *field)?;
                put_bytes(&mut out, 7, &graph);
                parts = Some(found);
            }
            _ => copy(&mut out, bytes, *field),
        }
    }
    // The operators of a model are imported by domain and version.
    let mut import = Vec::new();
    put_bytes(&mut import, 1, DOMAIN.as_bytes());
    put_number(&mut import, 2, 1);
    put_bytes(&mut out, 8, &import);
    match parts {
        Some(parts) if !parts.stacks.is_empty() || !parts.attentions.is_empty() => {
            Ok(Quantized { bytes: out, parts: Arc::new(parts) })
        }
        _ => Err(ModelError::NotQuantizable { dtype: Dtype::Int8.name() }),
    }
}

/// Copies a field as it is.
fn copy(out: &mut Vec<u8>, bytes: &[u8], field: Field) {
    out.extend_from_slice(&bytes[field.at..field.end]);
}

/// The graph with nodes of ours, and what they hold.
fn rewrite(bytes: &[u8], field: Field) -> Result<(Vec<u8>, Parts), ModelError> {
    let graph = Graph::read(bytes, field)?;
    let found = find(&graph);
    let mut ours = HashMap::new();
    let mut gone = HashSet::new();
    // A node of ours stands where the last of its nodes stood: what it reads is made by then.
    let mut put = |nodes: &[usize], node: Vec<u8>| {
        gone.extend(nodes.iter().copied());
        nodes.iter().max().map(|last| ours.insert(*last, node));
    };
    for (number, stack) in found.stacks.iter().enumerate() {
        let first = stack.layers.first().map_or("", |(layer, _)| layer.input);
        let residual = stack.norm.as_ref().map(|norm| norm.residual);
        put(&stack.nodes, our_node(STACK, number, (first, residual), stack.output));
    }
    for (number, attention) in found.attentions.iter().enumerate() {
        let inputs = (attention.layers[0].input, attention.mask);
        put(&attention.nodes, our_node(ATTENTION, number, inputs, attention.output));
    }
    for (number, table) in found.tables.iter().enumerate() {
        put(&[table.node], our_node(ROWS, number, (table.ids, None), table.output));
    }
    // Tensors that nothing reads any more.
    let unread = |name: &&str| {
        graph.readers(name).is_some_and(|readers| readers.iter().all(|reader| gone.contains(reader)))
    };
    let read = gone.iter().flat_map(|at| &graph.nodes[at].inputs);
    let unused: HashSet<usize> =
        read.filter(|name| unread(name)).filter_map(|name| graph.initializer(name)).collect();
    let mut out = Vec::new();
    for (at, part) in graph.parts.iter().enumerate() {
        match ours.get(&at) {
            Some(node) => put_bytes(&mut out, 1, node),
            None if gone.contains(&at) || unused.contains(&at) => {}
            None => copy(&mut out, bytes, *part),
        }
    }
    Ok((out, parts(&graph, &found)?))
}

/// What the nodes hold. Threads of their own quantise it: this runs while others may wait for the model, and
/// in a pool one thread that waits here could take up work that waits for the model, too.
fn parts(graph: &Graph<'_>, found: &Found<'_>) -> Result<Parts, ModelError> {
    let (stacks, attentions) = std::thread::scope(|scope| {
        let stacks: Vec<_> =
            found.stacks.iter().map(|found| scope.spawn(move || stack(graph, found))).collect();
        let attentions: Vec<_> =
            found.attentions.iter().map(|found| scope.spawn(move || attention(graph, found))).collect();
        (joined(stacks), joined(attentions))
    });
    let tables = found.tables.iter().map(|found| {
        let width = graph.dims(found.table).and_then(|dims| dims.last()).map_or(0, |width| *width as usize);
        let values = TableValues::Loaded(graph.numbers(found.table).unwrap_or_default());
        TableRows { width, values }
    });
    Ok(Parts { stacks: stacks?, attentions: attentions?, tables: tables.collect() })
}

/// What some threads have made.
fn joined<T>(threads: Vec<ScopedJoinHandle<'_, Result<T, ModelError>>>) -> Result<Vec<T>, ModelError> {
    let made = threads.into_iter().map(|thread| match thread.join() {
        Ok(made) => made,
        Err(panic) => std::panic::resume_unwind(panic),
    });
    made.collect()
}

fn stack(graph: &Graph<'_>, found: &Stack<'_>) -> Result<Stack8, ModelError> {
    let steps =
        found.layers.iter().map(|(layer, gelu)| Ok(Step8 { layer: linear(graph, layer)?, gelu: *gelu }));
    let steps = steps.collect::<Result<Vec<Step8>, ModelError>>()?;
    let norm = found.norm.as_ref().map(|norm| {
        let numbers = |name: &str| graph.numbers(name).unwrap_or_default();
        LayerNorm { scale: numbers(norm.scale), bias: numbers(norm.bias), epsilon: norm.epsilon }
    });
    Stack8::new(steps, norm).ok_or_else(|| unfit(found.output))
}

fn attention(graph: &Graph<'_>, found: &Attention<'_>) -> Result<Attention8, ModelError> {
    let [queries, keys, values] = found.layers.each_ref().map(|layer| linear(graph, layer));
    Attention8::new([queries?, keys?, values?], found.heads, found.factor).ok_or_else(|| unfit(found.output))
}

fn unfit(output: &str) -> ModelError {
    let output: String = output.chars().take(200).collect();
    ModelError::NotLoadable { reason: format!("the widths that make tensor '{output}' do not fit together") }
}

fn linear(graph: &Graph<'_>, layer: &Layer<'_>) -> Result<Linear8, ModelError> {
    let outputs =
        graph.dims(layer.weights).and_then(|dims| dims.last()).map_or(0, |outputs| *outputs as usize);
    let bias = layer.bias.and_then(|bias| graph.numbers(bias));
    let weights = graph.numbers(layer.weights).unwrap_or_default();
    Linear8::quantize(&weights, outputs, bias.as_deref()).ok_or_else(|| {
        let tensor = layer.weights.chars().take(200).collect();
        ModelError::NotFiniteWeights { tensor }
    })
}

fn our_node(operator: &str, number: usize, inputs: (&str, Option<&str>), output: &str) -> Vec<u8> {
    let mut attribute = Vec::new();
    put_bytes(&mut attribute, 1, PART.as_bytes());
    put_number(&mut attribute, 3, number as u64);
    put_number(&mut attribute, 20, ATTRIBUTE_INT);
    let mut node = Vec::new();
    put_bytes(&mut node, 1, inputs.0.as_bytes());
    inputs.1.into_iter().for_each(|input| put_bytes(&mut node, 1, input.as_bytes()));
    put_bytes(&mut node, 2, output.as_bytes());
    put_bytes(&mut node, 4, operator.as_bytes());
    put_bytes(&mut node, 5, &attribute);
    put_bytes(&mut node, 7, DOMAIN.as_bytes());
    node
}
