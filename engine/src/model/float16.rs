//! An ONNX model whose products are computed in 16-bit floats.
//!
//! A product (`MatMul`, `Gemm`) and what leads to it (tables, sums, normalisations, softmax) take and give
//! f16; what follows the last product stays in f32, and so does every output of the graph:
//!
//! ```text
//! ids -> table -> + -> normalisation -> product -> ... -> product -> cast -> normalisation -> mean -> output
//!        \______________________ f16 _________________________/            \____________ f32 __________/
//! ```
//!
//! A node is only changed where all the types it deals with are known to be f32 and its operator takes f16 on
//! every device. Where f32 and f16 meet, a cast is put in. A constant that f16 cannot hold keeps its node in
//! f32: the epsilon of a normalisation that is written out, a mask of -3.4e38, a matrix beyond 65,504.
//!
//! It is for devices that multiply f16 faster than f32. A processor that has no products of f16 computes such
//! a model in f32, out of the same rounded numbers.

use std::collections::{BTreeSet, HashSet};

use half::f16;

use super::error::ModelError;
use super::graph::{Graph, Node};
use super::protobuf::{Field, fields, put_bytes, put_number};
use super::spec::Dtype;

/// Before the names of tensors in f16.
const PREFIX: &str = "argtop.f16/";
/// ONNX's numbers of element types.
const FLOAT: u64 = 1;
const FLOAT16: u64 = 10;
/// ONNX's kind of an attribute that is one integer.
const ATTRIBUTE_INT: u64 = 2;

/// Operators that take f16, all of whose inputs are numbers of the output's type.
const OF_ALL: [&str; 8] = ["Add", "Concat", "Div", "Gemm", "LayerNormalization", "MatMul", "Mul", "Sub"];
/// Operators that take f16 in their first input, whose type the output has.
const OF_FIRST: [&str; 13] = [
    "Erf",
    "Expand",
    "Gather",
    "Gelu",
    "Identity",
    "Relu",
    "Reshape",
    "Slice",
    "Softmax",
    "Squeeze",
    "Tanh",
    "Transpose",
    "Unsqueeze",
];
/// The same, of operators that are left in f32, since small numbers, large ones or sums would suffer.
const IN_F32: [&str; 8] = ["Exp", "Pow", "ReduceMean", "ReduceSum", "Reciprocal", "Sigmoid", "Sqrt", "Where"];

/// Rewrites a model whose bytes are known to be a whole one.
///
/// # Errors
/// [`ModelError::NotOnnx`], and [`ModelError::NotQuantizable`] where there is no product that can be changed.
pub(super) fn float16(bytes: &[u8]) -> Result<Vec<u8>, ModelError> {
    let mut out = Vec::with_capacity(bytes.len() / 2);
    let mut seen = false;
    for field in fields(bytes, 0, bytes.len())? {
        match (field.number, field.varint) {
            (7, None) if seen => {
                return Err(ModelError::NotOnnx { offset: field.at, reason: "there is a second graph" });
            }
            (7, None) => {
                put_bytes(&mut out, 7, &rewrite(bytes, field)?);
                seen = true;
            }
            _ => out.extend_from_slice(&bytes[field.at..field.end]),
        }
    }
    Ok(out)
}

/// Which nodes change, and what has to be put between them and others.
struct Plan<'a> {
    /// Nodes in f16.
    changed: BTreeSet<usize>,
    /// Tensors of nodes in f32 that nodes in f16 read.
    narrowed: HashSet<&'a str>,
    /// Tensors of nodes in f16 that are read in f32.
    widened: HashSet<&'a str>,
    /// Fixed tensors that are read in f16, in the order in which they are.
    fixed: Vec<&'a str>,
}

fn rewrite(bytes: &[u8], field: Field) -> Result<Vec<u8>, ModelError> {
    let graph = Graph::read(bytes, field)?;
    let changed = chosen(&graph);
    if !changed.iter().any(|at| is_product(&graph.nodes[at])) {
        return Err(ModelError::NotQuantizable { dtype: Dtype::F16.name() });
    }
    let plan = Plan::new(&graph, changed);
    let unread = |name: &str| {
        graph.readers(name).is_some_and(|readers| readers.iter().all(|at| plan.changed.contains(at)))
    };
    let gone: HashSet<usize> =
        plan.fixed.iter().filter(|name| unread(name)).filter_map(|name| graph.initializer(name)).collect();
    let mut out = Vec::new();
    for (at, part) in graph.parts.iter().enumerate() {
        match (part.number, graph.nodes.get(&at)) {
            (_, Some(node)) => {
                match plan.changed.contains(&at) {
                    true => put_bytes(&mut out, 1, &renamed(bytes, *part, node)?),
                    false => out.extend_from_slice(&bytes[part.at..part.end]),
                }
                for name in &node.outputs {
                    if plan.narrowed.contains(name) {
                        put_bytes(&mut out, 1, &cast(name, &narrow(name), FLOAT16));
                    }
                    if plan.widened.contains(name) {
                        put_bytes(&mut out, 1, &cast(&narrow(name), name, FLOAT));
                    }
                }
            }
            // Declared types of tensors in between, some of which are others now. ONNX Runtime infers them.
            (13, _) => {}
            _ if gone.contains(&at) => {}
            _ => out.extend_from_slice(&bytes[part.at..part.end]),
        }
    }
    for name in &plan.fixed {
        put_bytes(&mut out, 5, &tensor(&graph, name));
    }
    Ok(out)
}

impl<'a> Plan<'a> {
    fn new(graph: &Graph<'a>, changed: BTreeSet<usize>) -> Plan<'a> {
        let (mut narrowed, mut widened, mut fixed) = (HashSet::new(), HashSet::new(), Vec::new());
        for at in &changed {
            let node = &graph.nodes[at];
            for name in numbers_of(node) {
                if graph.dims(name).is_some() {
                    if !fixed.contains(&name) {
                        fixed.push(name);
                    }
                } else if graph.maker(name).is_some_and(|(maker, _)| !changed.contains(&maker)) {
                    narrowed.insert(name);
                }
            }
            let read_in_f16 =
                |readers: &[usize]| !readers.is_empty() && readers.iter().all(|at| changed.contains(at));
            if !graph.readers(node.output()).is_some_and(read_in_f16) {
                widened.insert(node.output());
            }
        }
        Plan { changed, narrowed, widened, fixed }
    }
}

fn is_product(node: &Node<'_>) -> bool {
    matches!(node.operator, "MatMul" | "Gemm")
}

/// The inputs of a node whose type is that of its output.
fn numbers_of<'a>(node: &Node<'a>) -> impl Iterator<Item = &'a str> + use<'a> {
    let (skipped, most) = match node.operator {
        "Where" => (1, 2),
        operator if OF_ALL.contains(&operator) => (0, usize::MAX),
        _ => (0, 1),
    };
    let inputs: Vec<&'a str> = node.inputs.iter().skip(skipped).take(most).copied().collect();
    // An optional input that is left out has an empty name.
    inputs.into_iter().filter(|name| !name.is_empty())
}

/// The nodes to be computed in f16: products, and what leads to them.
fn chosen(graph: &Graph<'_>) -> BTreeSet<usize> {
    let mut floats: HashSet<&str> = HashSet::new();
    let mut able = HashSet::new();
    for (at, node) in &graph.nodes {
        if !node.is_standard() {
            continue;
        }
        let is_float = |name: &str| graph.dims(name).is_some() || floats.contains(name);
        let takes_f16 = OF_ALL.contains(&node.operator) || OF_FIRST.contains(&node.operator);
        let of_floats = match node.operator {
            "Cast" => node.int("to", 0).cast_unsigned() == FLOAT,
            operator if takes_f16 || IN_F32.contains(&operator) => {
                numbers_of(node).next().is_some() && numbers_of(node).all(is_float)
            }
            _ => false,
        };
        if takes_f16 && of_floats && numbers_of(node).all(|name| fits(graph, name)) {
            able.insert(*at);
        }
        if of_floats {
            floats.insert(node.output());
        }
    }
    // From the end: what is read is known before what makes it.
    let mut wanted: HashSet<&str> = HashSet::new();
    let mut chosen = BTreeSet::new();
    for (at, node) in graph.nodes.iter().rev() {
        if able.contains(at) && (is_product(node) || wanted.contains(node.output())) {
            chosen.insert(*at);
            wanted.extend(numbers_of(node));
        }
    }
    chosen
}

/// Whether f16 holds a tensor, if that is a fixed one. A single number may not vanish, either: it is an
/// epsilon, or a factor of everything.
fn fits(graph: &Graph<'_>, name: &str) -> bool {
    let Some(numbers) = graph.numbers(name) else { return true };
    let largest = f32::from(f16::MAX);
    if let [number] = numbers[..] {
        return number == 0.0 || (f32::from(f16::MIN_POSITIVE)..=largest).contains(&number.abs());
    }
    numbers.iter().all(|number| number.abs() <= largest)
}

/// The name of a tensor in f16.
fn narrow(name: &str) -> String {
    format!("{PREFIX}{name}")
}

/// A node that reads and makes tensors in f16, and is else as it was.
fn renamed(bytes: &[u8], part: Field, node: &Node<'_>) -> Result<Vec<u8>, ModelError> {
    let narrowed: Vec<&str> = numbers_of(node).collect();
    let (mut out, mut inputs) = (Vec::new(), node.inputs.iter());
    for field in fields(bytes, part.start, part.end)? {
        match field.number {
            1 => match inputs.next() {
                Some(name) if narrowed.contains(name) => put_bytes(&mut out, 1, narrow(name).as_bytes()),
                name => put_bytes(&mut out, 1, name.copied().unwrap_or_default().as_bytes()),
            },
            2 => put_bytes(&mut out, 2, narrow(node.output()).as_bytes()),
            _ => out.extend_from_slice(&bytes[field.at..field.end]),
        }
    }
    Ok(out)
}

fn cast(from: &str, to: &str, element: u64) -> Vec<u8> {
    let mut attribute = Vec::new();
    put_bytes(&mut attribute, 1, b"to");
    put_number(&mut attribute, 3, element);
    put_number(&mut attribute, 20, ATTRIBUTE_INT);
    let mut node = Vec::new();
    put_bytes(&mut node, 1, from.as_bytes());
    put_bytes(&mut node, 2, to.as_bytes());
    put_bytes(&mut node, 4, b"Cast");
    put_bytes(&mut node, 5, &attribute);
    node
}

/// A fixed tensor in f16.
fn tensor(graph: &Graph<'_>, name: &str) -> Vec<u8> {
    let numbers = graph.numbers(name).unwrap_or_default();
    let halves: Vec<u8> = numbers.iter().flat_map(|number| f16::from_f32(*number).to_le_bytes()).collect();
    let mut out = Vec::with_capacity(halves.len() + 64);
    graph.dims(name).unwrap_or_default().iter().for_each(|size| put_number(&mut out, 1, *size));
    put_number(&mut out, 2, FLOAT16);
    put_bytes(&mut out, 8, narrow(name).as_bytes());
    put_bytes(&mut out, 9, &halves);
    out
}
