//! The graph of an ONNX file as its rewriting sees it: nodes, fixed tensors, and who reads what.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use super::error::ModelError;
use super::protobuf::{Field, fields, varints};

/// ONNX's numbers of element types.
const FLOAT: u64 = 1;
const INT64: u64 = 7;

/// A graph whose bytes are known to be a whole one. Nodes are known by their place among the fields of the
/// graph, which is their order.
pub(super) struct Graph<'a> {
    bytes: &'a [u8],
    /// Fields of the graph.
    pub(super) parts: Vec<Field>,
    pub(super) nodes: BTreeMap<usize, Node<'a>>,
    tensors: HashMap<&'a str, Tensor>,
    /// Which of them are initialisers, by the places of these.
    initializers: HashMap<&'a str, usize>,
    makers: HashMap<&'a str, usize>,
    readers: HashMap<&'a str, Vec<usize>>,
    /// Names that come from or go to outside: a caller may replace a fixed tensor that is also an input.
    outside: HashSet<&'a str>,
    /// Inputs of the graph that are whole numbers of 64 bits.
    whole_inputs: HashSet<&'a str>,
    /// There are branches or loops, which may read names of the graph around them.
    nested: bool,
}

#[derive(Default)]
pub(super) struct Node<'a> {
    pub(super) inputs: Vec<&'a str>,
    pub(super) outputs: Vec<&'a str>,
    pub(super) operator: &'a str,
    /// Empty for ONNX's own operators.
    domain: &'a str,
    attributes: Vec<Attribute<'a>>,
}

#[derive(Default)]
struct Attribute<'a> {
    name: &'a str,
    int: Option<i64>,
    float: Option<f32>,
    ints: Vec<i64>,
    tensor: Option<Field>,
    nested: bool,
}

/// A fixed tensor.
struct Tensor {
    dims: Vec<u64>,
    element: u64,
    place: Range<usize>,
    /// Its numbers are varints, or else little-endian of fixed width.
    varints: bool,
}

impl<'a> Node<'a> {
    /// Whether it is ONNX's operator of this name with so many inputs and one output.
    pub(super) fn is(&self, operator: &str, inputs: usize) -> bool {
        let shaped = self.inputs.len() == inputs && self.outputs.len() == 1;
        shaped && self.domain.is_empty() && self.operator == operator
    }

    /// Whether it is an operator of ONNX itself with one output.
    pub(super) fn is_standard(&self) -> bool {
        self.domain.is_empty() && self.outputs.len() == 1
    }

    /// Its only output.
    pub(super) fn output(&self) -> &'a str {
        self.outputs.first().copied().unwrap_or_default()
    }

    /// The input that is not `known`, of two.
    pub(super) fn other(&self, known: &str) -> Option<&'a str> {
        match self.inputs[..] {
            [a, b] if a == known => Some(b),
            [a, b] if b == known => Some(a),
            _ => None,
        }
    }

    fn attribute(&self, name: &str) -> Option<&Attribute<'a>> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// A whole number, or what it is where the node does not say.
    pub(super) fn int(&self, name: &str, default: i64) -> i64 {
        self.attribute(name).and_then(|attribute| attribute.int).unwrap_or(default)
    }

    /// A number, or what it is where the node does not say.
    pub(super) fn float(&self, name: &str, default: f32) -> f32 {
        self.attribute(name).and_then(|attribute| attribute.float).unwrap_or(default)
    }

    /// Whole numbers.
    pub(super) fn ints(&self, name: &str) -> &[i64] {
        self.attribute(name).map_or(&[], |attribute| &attribute.ints)
    }

    /// Whether it says nothing of that name.
    pub(super) fn lacks(&self, name: &str) -> bool {
        self.attribute(name).is_none()
    }
}

impl<'a> Graph<'a> {
    /// Reads the graph in a field of a model.
    ///
    /// # Errors
    /// [`ModelError::NotOnnx`].
    pub(super) fn read(bytes: &'a [u8], graph: Field) -> Result<Graph<'a>, ModelError> {
        let mut read = Graph {
            bytes,
            parts: fields(bytes, graph.start, graph.end)?,
            nodes: BTreeMap::new(),
            tensors: HashMap::new(),
            initializers: HashMap::new(),
            makers: HashMap::new(),
            readers: HashMap::new(),
            outside: HashSet::new(),
            whole_inputs: HashSet::new(),
            nested: false,
        };
        for (at, part) in read.parts.clone().into_iter().enumerate() {
            match part.number {
                1 => {
                    read.nodes.insert(at, node(bytes, part)?);
                }
                5 => {
                    if let Some((name, tensor)) = tensor(bytes, part)? {
                        read.tensors.insert(name, tensor);
                        read.initializers.insert(name, at);
                    }
                }
                11 | 12 => {
                    let name = name_of(bytes, part, 1)?;
                    read.outside.insert(name);
                    if part.number == 11 && element(bytes, part)? == Some(INT64) {
                        read.whole_inputs.insert(name);
                    }
                }
                _ => {}
            }
        }
        let Graph { nodes, tensors, outside, makers, readers, nested, .. } = &mut read;
        tensors.retain(|name, _| !outside.contains(name));
        for (at, node) in &*nodes {
            *nested |= node.attributes.iter().any(|attribute| attribute.nested);
            makers.extend(node.outputs.iter().map(|output| (*output, *at)));
            node.inputs.iter().for_each(|input| readers.entry(input).or_default().push(*at));
            if let (true, Some(value)) = (node.is("Constant", 0), node.attribute("value"))
                && let Some((_, tensor)) =
                    value.tensor.map(|field| tensor(bytes, field)).transpose()?.flatten()
            {
                tensors.insert(node.output(), tensor);
            }
        }
        Ok(read)
    }

    /// The node that makes a tensor.
    pub(super) fn maker(&self, name: &str) -> Option<(usize, &Node<'a>)> {
        let at = *self.makers.get(name)?;
        Some((at, &self.nodes[&at]))
    }

    /// The nodes that read a tensor; `None` if something else may, too.
    pub(super) fn readers(&self, name: &str) -> Option<&[usize]> {
        let hidden = self.nested || self.outside.contains(name);
        (!hidden).then(|| self.readers.get(name).map_or(&[][..], Vec::as_slice))
    }

    /// The node that alone reads a tensor, once.
    pub(super) fn reader(&self, name: &str) -> Option<(usize, &Node<'a>)> {
        match self.readers(name)? {
            [at] => Some((*at, &self.nodes[at])),
            _ => None,
        }
    }

    /// Whether a tensor is fixed.
    pub(super) fn is_fixed(&self, name: &str) -> bool {
        self.tensors.contains_key(name) || self.initializers.contains_key(name)
    }

    /// Whether a tensor is an input of the graph of whole numbers of 64 bits.
    pub(super) fn is_whole_input(&self, name: &str) -> bool {
        self.whole_inputs.contains(name)
    }

    /// The place of the initialiser of a name.
    pub(super) fn initializer(&self, name: &str) -> Option<usize> {
        self.initializers.get(name).copied()
    }

    /// The shape of a fixed tensor of f32.
    pub(super) fn dims(&self, name: &str) -> Option<&[u64]> {
        self.tensors.get(name).filter(|tensor| tensor.element == FLOAT).map(|tensor| &tensor.dims[..])
    }

    /// The numbers of a fixed tensor of f32.
    pub(super) fn numbers(&self, name: &str) -> Option<Vec<f32>> {
        let tensor = self.tensors.get(name).filter(|tensor| tensor.element == FLOAT)?;
        let (numbers, _) = self.bytes[tensor.place.clone()].as_chunks::<4>();
        Some(numbers.iter().map(|number| f32::from_le_bytes(*number)).collect())
    }

    /// The number of a fixed f32 tensor of one.
    pub(super) fn number(&self, name: &str) -> Option<f32> {
        match self.numbers(name)?[..] {
            [number] => Some(number),
            _ => None,
        }
    }

    /// The numbers of a fixed tensor of whole ones, at most eight.
    pub(super) fn whole_numbers(&self, name: &str) -> Option<Vec<i64>> {
        let tensor = self.tensors.get(name).filter(|tensor| tensor.element == INT64)?;
        if tensor.dims.iter().product::<u64>() > 8 {
            return None;
        }
        if tensor.varints {
            let numbers = varints(self.bytes, tensor.place.start, tensor.place.end).ok()?;
            return Some(numbers.into_iter().map(u64::cast_signed).collect());
        }
        let (numbers, _) = self.bytes[tensor.place.clone()].as_chunks::<8>();
        Some(numbers.iter().map(|number| i64::from_le_bytes(*number)).collect())
    }
}

fn node(bytes: &[u8], part: Field) -> Result<Node<'_>, ModelError> {
    let mut node = Node::default();
    for field in fields(bytes, part.start, part.end)? {
        match field.number {
            1 => node.inputs.push(text(bytes, field)?),
            2 => node.outputs.push(text(bytes, field)?),
            4 => node.operator = text(bytes, field)?,
            7 => node.domain = text(bytes, field)?,
            5 => node.attributes.push(attribute(bytes, field)?),
            _ => {}
        }
    }
    if node.domain == "ai.onnx" {
        node.domain = "";
    }
    Ok(node)
}

fn attribute(bytes: &[u8], part: Field) -> Result<Attribute<'_>, ModelError> {
    let mut attribute = Attribute::default();
    for field in fields(bytes, part.start, part.end)? {
        match (field.number, field.varint) {
            (1, None) => attribute.name = text(bytes, field)?,
            (2, None) => {
                attribute.float = bytes[field.start..field.end].try_into().ok().map(f32::from_le_bytes);
            }
            (3, Some(value)) => attribute.int = Some(value.cast_signed()),
            (5, None) => attribute.tensor = Some(field),
            (8, Some(value)) => attribute.ints.push(value.cast_signed()),
            (8, None) => {
                let values = varints(bytes, field.start, field.end)?;
                attribute.ints.extend(values.into_iter().map(u64::cast_signed));
            }
            (6 | 11, _) => attribute.nested = true,
            _ => {}
        }
    }
    Ok(attribute)
}

/// Name and place of a tensor of f32 or of whole numbers; `None` for others.
fn tensor(bytes: &[u8], part: Field) -> Result<Option<(&str, Tensor)>, ModelError> {
    let (mut dims, mut element, mut name, mut place, mut varints_at) = (Vec::new(), 0, "", None, None);
    for field in fields(bytes, part.start, part.end)? {
        match (field.number, field.varint) {
            (1, Some(size)) => dims.push(size),
            (1, None) => dims.extend(varints(bytes, field.start, field.end)?),
            (2, Some(value)) => element = value,
            (8, None) => name = text(bytes, field)?,
            // Raw bytes, or a packed list of floats, which looks the same.
            (4 | 9, None) => place = Some(field.start..field.end),
            (7, None) => varints_at = Some(field.start..field.end),
            _ => {}
        }
    }
    let count = dims.iter().try_fold(1u64, |count, size| count.checked_mul(*size));
    if element == INT64
        && let Some(place) = varints_at
    {
        let whole = count == Some(varints(bytes, place.start, place.end)?.len() as u64);
        return Ok(whole.then_some((name, Tensor { dims, element, place, varints: true })));
    }
    let width = match element {
        FLOAT => 4,
        INT64 => 8,
        _ => return Ok(None),
    };
    let Some(place) = place else { return Ok(None) };
    let whole = count.and_then(|count| count.checked_mul(width)) == Some(place.len() as u64);
    Ok(whole.then_some((name, Tensor { dims, element, place, varints: false })))
}

/// The element type of a declared tensor.
fn element(bytes: &[u8], part: Field) -> Result<Option<u64>, ModelError> {
    let mut inner = part;
    // A value has a type (2), which has a tensor type (1), which has an element type (1).
    for number in [2, 1] {
        let found = fields(bytes, inner.start, inner.end)?.into_iter();
        match found.filter(|field| field.varint.is_none()).find(|field| field.number == number) {
            Some(field) => inner = field,
            None => return Ok(None),
        }
    }
    let found = fields(bytes, inner.start, inner.end)?.into_iter().find(|field| field.number == 1);
    Ok(found.and_then(|field| field.varint))
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
