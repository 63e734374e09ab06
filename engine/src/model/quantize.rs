//! An ONNX model with its linear layers in 8 bits.
//!
//! Every product of a computed tensor with a fixed f32 matrix, `MatMul(x, W)`, and the addition of a fixed
//! bias right after it, become one node of our own, `argtop.Linear8(x)`, which is run by
//! [`Linear8`](crate::kernel::Linear8). All else stays as it is: embeddings of tokens, attention,
//! normalisation. The matrices leave the graph, which holds the number of its layer instead; so the model is
//! read once, and nothing is written.

use std::collections::{HashMap, HashSet};

use rayon::prelude::*;

use super::error::ModelError;
use super::protobuf::{Field, fields, put_bytes, put_number, varints};
use crate::kernel::{INPUTS_MAX, Linear8};

/// The domain of our operator.
pub(super) const DOMAIN: &str = "argtop";
/// The name of our operator.
pub(super) const OPERATOR: &str = "Linear8";
/// Its attribute: which layer it is.
pub(super) const LAYER: &str = "layer";

/// ONNX's number of f32.
const FLOAT: u64 = 1;
/// ONNX's kind of an attribute that is one integer.
const ATTRIBUTE_INT: u64 = 2;

/// A rewritten model.
pub(super) struct Quantized {
    /// The graph with nodes of our own.
    pub(super) bytes: Vec<u8>,
    /// Their layers.
    pub(super) layers: Vec<Linear8>,
}

/// A fixed f32 tensor.
struct Tensor {
    dims: Vec<u64>,
    /// Its numbers, little-endian.
    place: std::ops::Range<usize>,
}

#[derive(Default)]
struct Node<'a> {
    inputs: Vec<&'a str>,
    outputs: Vec<&'a str>,
    operator: &'a str,
    domain: &'a str,
    /// A branch or a loop, which may read names of the graph around it.
    nested: bool,
}

/// A product that becomes a node of ours.
struct Layer<'a> {
    input: &'a str,
    output: &'a str,
    weights: &'a str,
    bias: Option<&'a str>,
}

/// Rewrites a model whose bytes are known to be a whole one.
///
/// # Errors
/// [`ModelError::NotOnnx`], and [`ModelError::NotQuantizable`] where no product has a fixed f32 matrix.
pub(super) fn quantize(bytes: &[u8]) -> Result<Quantized, ModelError> {
    let top = fields(bytes, 0, bytes.len())?;
    let mut out = Vec::with_capacity(bytes.len() / 2);
    let mut layers = Vec::new();
    for field in &top {
        match (field.number, field.varint) {
            (7, None) if !layers.is_empty() => {
                return Err(ModelError::NotOnnx { offset: field.at, reason: "there is a second graph" });
            }
            (7, None) => {
                let (graph, found) = rewrite(bytes, *field)?;
                put_bytes(&mut out, 7, &graph);
                layers = found;
            }
            _ => copy(&mut out, bytes, *field),
        }
    }
    // The operators of a model are imported by domain and version.
    let mut import = Vec::new();
    put_bytes(&mut import, 1, DOMAIN.as_bytes());
    put_number(&mut import, 2, 1);
    put_bytes(&mut out, 8, &import);
    if layers.is_empty() {
        return Err(ModelError::NotQuantizable);
    }
    Ok(Quantized { bytes: out, layers })
}

/// Copies a field as it is.
fn copy(out: &mut Vec<u8>, bytes: &[u8], field: Field) {
    out.extend_from_slice(&bytes[field.at..field.end]);
}

/// The graph with layers, and the layers.
fn rewrite(bytes: &[u8], graph: Field) -> Result<(Vec<u8>, Vec<Linear8>), ModelError> {
    let parts = fields(bytes, graph.start, graph.end)?;
    let mut tensors = HashMap::new();
    // Names that come from or go to outside: a caller may replace a fixed tensor that is also an input.
    let mut outside = HashSet::new();
    let mut nodes = HashMap::new();
    for (at, part) in parts.iter().enumerate() {
        match part.number {
            1 => {
                nodes.insert(at, node(bytes, *part)?);
            }
            5 => {
                if let Some((name, tensor)) = tensor(bytes, *part)? {
                    tensors.insert(name, tensor);
                }
            }
            11 | 12 => {
                outside.insert(name_of(bytes, *part, 1)?);
            }
            _ => {}
        }
    }
    tensors.retain(|name, _| !outside.contains(name));
    let mut uses: HashMap<&str, usize> = HashMap::new();
    nodes.values().flat_map(|node| &node.inputs).for_each(|input| *uses.entry(input).or_default() += 1);
    let nested = nodes.values().any(|node| node.nested);
    let once = |name: &str| uses.get(name) == Some(&1) && !outside.contains(name) && !nested;
    // The node that reads a tensor that is read once.
    let reader: HashMap<&str, usize> =
        nodes.iter().flat_map(|(at, node)| node.inputs.iter().map(|input| (*input, *at))).collect();
    let (mut replaced, mut dropped) = (HashMap::new(), HashSet::new());
    let mut found: Vec<Layer<'_>> = Vec::new();
    for at in 0..parts.len() {
        let Some(node) = nodes.get(&at) else { continue };
        let Some(mut layer) = product(node, &tensors) else { continue };
        let outputs = tensors[layer.weights].dims[1];
        let adder = reader.get(layer.output).filter(|_| once(layer.output));
        if let Some((adder, (bias, output))) =
            adder.and_then(|adder| Some((adder, added(&nodes[adder], layer.output, &tensors, outputs)?)))
        {
            (layer.bias, layer.output) = (Some(bias), output);
            dropped.insert(*adder);
        }
        replaced.insert(at, found.len());
        found.push(layer);
    }
    // Tensors that nothing reads any more.
    let mut unused: HashMap<&str, usize> = HashMap::new();
    for layer in &found {
        *unused.entry(layer.weights).or_default() += 1;
        layer.bias.into_iter().for_each(|bias| *unused.entry(bias).or_default() += 1);
    }
    unused.retain(|name, count| uses.get(name) == Some(count) && !nested);
    let mut out = Vec::with_capacity((graph.end - graph.start) / 2);
    for (at, part) in parts.iter().enumerate() {
        if let Some(layer) = replaced.get(&at) {
            put_bytes(&mut out, 1, &our_node(&found[*layer], *layer));
        } else if part.number == 5 && unused.contains_key(name_of(bytes, *part, 8)?) || dropped.contains(&at)
        {
            continue;
        } else {
            copy(&mut out, bytes, *part);
        }
    }
    let layers: Result<Vec<Linear8>, ModelError> =
        found.par_iter().map(|layer| linear(bytes, layer, &tensors)).collect();
    Ok((out, layers?))
}

/// Whether a node multiplies a computed tensor with a fixed matrix.
fn product<'a>(node: &Node<'a>, tensors: &HashMap<&str, Tensor>) -> Option<Layer<'a>> {
    let ([input, weights], [output]) = (&node.inputs[..], &node.outputs[..]) else { return None };
    let fixed = tensors.get(weights).is_some_and(|tensor| match tensor.dims[..] {
        [inputs, outputs] => (1..=INPUTS_MAX as u64).contains(&inputs) && outputs > 0,
        _ => false,
    });
    let ours = node.operator == "MatMul" && node.domain.is_empty();
    (ours && fixed && !tensors.contains_key(input)).then_some(Layer { input, output, weights, bias: None })
}

/// The bias and the output of a node that adds a fixed vector of `outputs` numbers to `sum`.
fn added<'a>(
    node: &Node<'a>,
    sum: &str,
    tensors: &HashMap<&str, Tensor>,
    outputs: u64,
) -> Option<(&'a str, &'a str)> {
    let ([a, b], [output]) = (&node.inputs[..], &node.outputs[..]) else { return None };
    let bias = if *a == sum { *b } else { *a };
    let fits = tensors.get(bias).is_some_and(|tensor| tensor.dims == [outputs]);
    (node.operator == "Add" && node.domain.is_empty() && fits).then_some((bias, output))
}

fn our_node(layer: &Layer<'_>, number: usize) -> Vec<u8> {
    let mut attribute = Vec::new();
    put_bytes(&mut attribute, 1, LAYER.as_bytes());
    put_number(&mut attribute, 3, number as u64);
    put_number(&mut attribute, 20, ATTRIBUTE_INT);
    let mut node = Vec::new();
    put_bytes(&mut node, 1, layer.input.as_bytes());
    put_bytes(&mut node, 2, layer.output.as_bytes());
    put_bytes(&mut node, 4, OPERATOR.as_bytes());
    put_bytes(&mut node, 5, &attribute);
    put_bytes(&mut node, 7, DOMAIN.as_bytes());
    node
}

fn linear(bytes: &[u8], layer: &Layer<'_>, tensors: &HashMap<&str, Tensor>) -> Result<Linear8, ModelError> {
    let numbers = |tensor: &Tensor| -> Vec<f32> {
        let (numbers, _) = bytes[tensor.place.clone()].as_chunks::<4>();
        numbers.iter().map(|number| f32::from_le_bytes(*number)).collect()
    };
    let weights = &tensors[layer.weights];
    let bias = layer.bias.map(|bias| numbers(&tensors[bias]));
    Linear8::quantize(&numbers(weights), weights.dims[1] as usize, bias.as_deref()).ok_or_else(|| {
        let tensor = layer.weights.chars().take(200).collect();
        ModelError::NotFiniteWeights { tensor }
    })
}

fn node(bytes: &[u8], part: Field) -> Result<Node<'_>, ModelError> {
    let mut node = Node::default();
    for field in fields(bytes, part.start, part.end)? {
        match field.number {
            1 => node.inputs.push(text(bytes, field)?),
            2 => node.outputs.push(text(bytes, field)?),
            4 => node.operator = text(bytes, field)?,
            7 => node.domain = text(bytes, field)?,
            5 => {
                let nested = |field: &Field| matches!(field.number, 6 | 11);
                node.nested |= fields(bytes, field.start, field.end)?.iter().any(nested);
            }
            _ => {}
        }
    }
    if node.domain == "ai.onnx" {
        node.domain = "";
    }
    Ok(node)
}

/// Name and place of an f32 tensor; `None` for others.
fn tensor(bytes: &[u8], part: Field) -> Result<Option<(&str, Tensor)>, ModelError> {
    let (mut dims, mut element, mut name, mut place) = (Vec::new(), 0, "", None);
    for field in fields(bytes, part.start, part.end)? {
        match (field.number, field.varint) {
            (1, Some(size)) => dims.push(size),
            (1, None) => dims.extend(varints(bytes, field.start, field.end)?),
            (2, Some(value)) => element = value,
            (8, None) => name = text(bytes, field)?,
            // Raw bytes, or a packed list of floats, which looks the same.
            (4 | 9, None) => place = Some(field.start..field.end),
            _ => {}
        }
    }
    let Some(place) = place else { return Ok(None) };
    let count = dims.iter().try_fold(1u64, |count, size| count.checked_mul(*size));
    let whole = count.and_then(|count| count.checked_mul(4)) == Some(place.len() as u64);
    Ok((element == FLOAT && whole).then_some((name, Tensor { dims, place })))
}

fn text(bytes: &[u8], field: Field) -> Result<&str, ModelError> {
    let reason = "a name is no text";
    str::from_utf8(&bytes[field.start..field.end])
        .map_err(|_| ModelError::NotOnnx { offset: field.start, reason })
}

/// The text in field `number` of a message, empty where it has none.
fn name_of(bytes: &[u8], part: Field, number: u64) -> Result<&str, ModelError> {
    let named = fields(bytes, part.start, part.end)?.into_iter().find(|field| field.number == number);
    named.map_or(Ok(""), |field| text(bytes, field))
}
