//! An ONNX model that pools on the device: beside each output of token vectors there is one of text vectors,
//! so that `rows * dimension` numbers come back instead of `rows * tokens * dimension`.
//!
//! Runs hold no padding (`batch`), so that the mean over the tokens of a text is the mean over its row. The
//! device sums in f32, where [`pool`](super::pooling::pool) sums in f64.

use super::error::ModelError;
use super::protobuf::{Field, fields, put_bytes, put_number};
use super::spec::Pooling;

/// Before the name of an output, that of the same output pooled.
pub(super) const PREFIX: &str = "argtop.pooled/";
/// The name of the axis of tokens.
const AXIS: &str = "argtop.pooled.axis";
/// ONNX's numbers of element types.
const FLOAT: u64 = 1;
const INT64: u64 = 7;
/// ONNX's kinds of attributes.
const ATTRIBUTE_INT: u64 = 2;
const ATTRIBUTE_INTS: u64 = 7;
/// The version of ONNX's operators from which ReduceMean has its axes as an input.
const AXES_ARE_AN_INPUT: u64 = 18;

/// Adds pooled outputs to a model whose bytes are known to be a whole one.
///
/// # Errors
/// [`ModelError::NotOnnx`].
pub(super) fn with_pooled_outputs(bytes: &[u8], pooling: Pooling) -> Result<Vec<u8>, ModelError> {
    let top = fields(bytes, 0, bytes.len())?;
    let version = operators(bytes, &top)?;
    let mut out = Vec::with_capacity(bytes.len() + 1024);
    for field in &top {
        if (field.number, field.varint) != (7, None) {
            out.extend_from_slice(&bytes[field.at..field.end]);
            continue;
        }
        let mut graph = bytes[field.start..field.end].to_vec();
        let mut added = false;
        for output in fields(bytes, field.start, field.end)?.iter().filter(|part| part.number == 12) {
            let Some(name) = token_vectors(bytes, *output)? else { continue };
            if let Some(node) = node(pooling, name, version) {
                put_bytes(&mut graph, 1, &node);
                put_bytes(&mut graph, 12, &declared(&pooled(name)));
                added = true;
            }
        }
        if added {
            put_bytes(&mut graph, 5, &axis(pooling));
        }
        put_bytes(&mut out, 7, &graph);
    }
    Ok(out)
}

/// The name of an output pooled.
pub(super) fn pooled(output: &str) -> String {
    format!("{PREFIX}{output}")
}

/// The version of ONNX's own operators.
fn operators(bytes: &[u8], top: &[Field]) -> Result<u64, ModelError> {
    for import in top.iter().filter(|field| field.number == 8 && field.varint.is_none()) {
        let parts = fields(bytes, import.start, import.end)?;
        let domain =
            parts.iter().find(|part| part.number == 1).map_or(&[][..], |part| &bytes[part.start..part.end]);
        if domain.is_empty() || domain == b"ai.onnx" {
            return Ok(parts.iter().find(|part| part.number == 2).and_then(|part| part.varint).unwrap_or(1));
        }
    }
    Ok(1)
}

/// The name of an output, if that is declared as f32 of three dimensions.
fn token_vectors(bytes: &[u8], output: Field) -> Result<Option<&str>, ModelError> {
    let inner = |part: Field, number: u64| -> Result<Option<Field>, ModelError> {
        let found = fields(bytes, part.start, part.end)?.into_iter();
        Ok(found.filter(|field| field.varint.is_none()).find(|field| field.number == number))
    };
    // A value has a name (1) and a type (2), which has a tensor type (1).
    let (Some(name), Some(declared)) = (inner(output, 1)?, inner(output, 2)?) else { return Ok(None) };
    let Some(tensor) = inner(declared, 1)? else { return Ok(None) };
    let element = fields(bytes, tensor.start, tensor.end)?.into_iter().find(|field| field.number == 1);
    let Some(shape) = inner(tensor, 2)? else { return Ok(None) };
    let sizes = fields(bytes, shape.start, shape.end)?.iter().filter(|field| field.number == 1).count();
    let fits = sizes == 3 && element.and_then(|field| field.varint) == Some(FLOAT);
    Ok(str::from_utf8(&bytes[name.start..name.end]).ok().filter(|_| fits))
}

/// The node that pools an output; `None` where there is nothing to pool.
fn node(pooling: Pooling, name: &str, version: u64) -> Option<Vec<u8>> {
    let axis_is_an_input = pooling == Pooling::Cls || version >= AXES_ARE_AN_INPUT;
    let mut node = Vec::new();
    put_bytes(&mut node, 1, name.as_bytes());
    if axis_is_an_input {
        put_bytes(&mut node, 1, AXIS.as_bytes());
    }
    put_bytes(&mut node, 2, pooled(name).as_bytes());
    match pooling {
        Pooling::None => return None,
        Pooling::Mean => {
            put_bytes(&mut node, 4, b"ReduceMean");
            put_bytes(&mut node, 5, &attribute("keepdims", ATTRIBUTE_INT, 0));
            if !axis_is_an_input {
                put_bytes(&mut node, 5, &attribute("axes", ATTRIBUTE_INTS, 1));
            }
        }
        // The vectors of the tokens whose number is the only entry of the tensor below: the first one.
        Pooling::Cls => {
            put_bytes(&mut node, 4, b"Gather");
            put_bytes(&mut node, 5, &attribute("axis", ATTRIBUTE_INT, 1));
        }
    }
    Some(node)
}

/// An attribute that is a whole number, or a list of that one.
fn attribute(name: &str, kind: u64, value: u64) -> Vec<u8> {
    let mut attribute = Vec::new();
    put_bytes(&mut attribute, 1, name.as_bytes());
    put_number(&mut attribute, if kind == ATTRIBUTE_INTS { 8 } else { 3 }, value);
    put_number(&mut attribute, 20, kind);
    attribute
}

/// For the mean a list of the axis to be reduced, for the first token its number, without dimensions.
fn axis(pooling: Pooling) -> Vec<u8> {
    let mut tensor = Vec::new();
    if pooling == Pooling::Mean {
        put_number(&mut tensor, 1, 1);
    }
    put_number(&mut tensor, 2, INT64);
    put_bytes(&mut tensor, 8, AXIS.as_bytes());
    put_bytes(&mut tensor, 9, &i64::from(pooling == Pooling::Mean).to_le_bytes());
    tensor
}

/// An output of f32 of two open sizes.
fn declared(name: &str) -> Vec<u8> {
    let (mut shape, mut tensor, mut kind, mut value) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for size in ["texts", "numbers"] {
        let mut open = Vec::new();
        put_bytes(&mut open, 2, format!("{PREFIX}{size}").as_bytes());
        put_bytes(&mut shape, 1, &open);
    }
    put_number(&mut tensor, 1, FLOAT);
    put_bytes(&mut tensor, 2, &shape);
    put_bytes(&mut kind, 1, &tensor);
    put_bytes(&mut value, 1, name.as_bytes());
    put_bytes(&mut value, 2, &kind);
    value
}
