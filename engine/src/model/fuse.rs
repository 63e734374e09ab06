//! Which nodes of a graph become one: linear layers with what follows them, and attention.
//!
//! The forms looked for are those in which PyTorch writes BERT and its kin. A model of another form keeps the
//! nodes that are not recognised; it runs slower, not differently. What a residual or a mask is like is known
//! when the model is first run, which loading does: one that is larger than what it is added to is an error.

use std::collections::HashSet;

use super::graph::{Graph, Node};
use crate::kernel::INPUTS_MAX;

/// The order of [texts, tokens, heads, size] as [texts, heads, tokens, size], and back.
const HEADS_FIRST: [i64; 4] = [0, 2, 1, 3];
/// The same, with the last two exchanged.
const HEADS_FIRST_TURNED: [i64; 4] = [0, 2, 3, 1];

/// A product with a fixed matrix, and the addition of a fixed bias.
#[derive(Clone)]
pub(super) struct Layer<'a> {
    pub(super) input: &'a str,
    pub(super) output: &'a str,
    pub(super) weights: &'a str,
    pub(super) bias: Option<&'a str>,
    nodes: Vec<usize>,
}

/// The end of a stack: a sum with a residual, normalised.
pub(super) struct Norm<'a> {
    pub(super) residual: &'a str,
    pub(super) scale: &'a str,
    pub(super) bias: &'a str,
    pub(super) epsilon: f32,
}

/// Layers that follow each other; the second number says whether GELU follows.
pub(super) struct Stack<'a> {
    pub(super) layers: Vec<(Layer<'a>, bool)>,
    pub(super) norm: Option<Norm<'a>>,
    pub(super) output: &'a str,
    pub(super) nodes: Vec<usize>,
}

/// Queries, keys and values of one input to the heads side by side.
pub(super) struct Attention<'a> {
    pub(super) layers: [Layer<'a>; 3],
    pub(super) heads: usize,
    pub(super) factor: f32,
    pub(super) mask: Option<&'a str>,
    pub(super) output: &'a str,
    pub(super) nodes: Vec<usize>,
}

/// Rows of a fixed table, by the numbers in an input of the graph.
pub(super) struct Table<'a> {
    pub(super) table: &'a str,
    pub(super) ids: &'a str,
    pub(super) output: &'a str,
    pub(super) node: usize,
}

/// What a graph is made of.
pub(super) struct Found<'a> {
    pub(super) stacks: Vec<Stack<'a>>,
    pub(super) attentions: Vec<Attention<'a>>,
    pub(super) tables: Vec<Table<'a>>,
}

/// Looks for all of it.
pub(super) fn find<'a>(graph: &Graph<'a>) -> Found<'a> {
    let layers: Vec<Layer<'a>> =
        graph.nodes.iter().filter_map(|(at, node)| layer(graph, *at, node)).collect();
    let seek = Seek { graph, layers };
    let mut taken = HashSet::new();
    let mut attentions = Vec::new();
    for (at, node) in graph.nodes.iter().filter(|(_, node)| node.is("Softmax", 1)) {
        let found = seek.attention(*at, node).filter(|found| encloses(graph, &found.nodes, found.output));
        if let Some(found) = found {
            taken.extend(found.nodes.iter().copied());
            attentions.push(found);
        }
    }
    let mut stacks = Vec::new();
    for layer in &seek.layers {
        if layer.nodes.iter().all(|at| !taken.contains(at)) {
            let stack = seek.stack(layer);
            taken.extend(stack.nodes.iter().copied());
            stacks.push(stack);
        }
    }
    let tables = graph.nodes.iter().filter_map(|(at, node)| table(graph, *at, node)).collect();
    Found { stacks, attentions, tables }
}

/// Whether nothing but these nodes reads what they make, except for `output`.
fn encloses(graph: &Graph<'_>, nodes: &[usize], output: &str) -> bool {
    let mut made = nodes.iter().flat_map(|at| &graph.nodes[at].outputs).filter(|name| **name != output);
    made.all(|name| {
        graph.readers(name).is_some_and(|readers| readers.iter().all(|reader| nodes.contains(reader)))
    })
}

/// A node that multiplies a computed tensor with a fixed matrix, and the one that adds a bias.
fn layer<'a>(graph: &Graph<'a>, at: usize, node: &Node<'a>) -> Option<Layer<'a>> {
    let (true, [input, weights]) = (node.is("MatMul", 2), &node.inputs[..]) else { return None };
    let [inputs, outputs] = *graph.dims(weights)? else { return None };
    if graph.is_fixed(input) || !(1..=INPUTS_MAX as u64).contains(&inputs) || outputs == 0 {
        return None;
    }
    let mut layer = Layer { input, output: node.output(), weights, bias: None, nodes: vec![at] };
    if let Some((adder, sum)) = graph.reader(layer.output).filter(|(_, sum)| sum.is("Add", 2))
        && let Some(bias) = sum.other(layer.output)
        && graph.dims(bias) == Some(&[outputs])
    {
        (layer.bias, layer.output) = (Some(bias), sum.output());
        layer.nodes.push(adder);
    }
    Some(layer)
}

fn table<'a>(graph: &Graph<'a>, at: usize, node: &Node<'a>) -> Option<Table<'a>> {
    let (true, [table, ids]) = (node.is("Gather", 2), &node.inputs[..]) else { return None };
    let found = graph.dims(table)?.len() == 2 && graph.reader(table).is_some();
    let rows = node.int("axis", 0) == 0 && graph.is_whole_input(ids);
    (found && rows).then(|| Table { table, ids, output: node.output(), node: at })
}

struct Seek<'g, 'a> {
    graph: &'g Graph<'a>,
    layers: Vec<Layer<'a>>,
}

impl<'a> Seek<'_, 'a> {
    /// The layer that makes a tensor.
    fn layer_of(&self, output: &str) -> Option<&Layer<'a>> {
        self.layers.iter().find(|layer| layer.output == output)
    }

    /// The node of an operator that alone reads a tensor.
    fn next(&self, name: &str, operator: &str, inputs: usize) -> Option<(usize, &Node<'a>)> {
        self.graph.reader(name).filter(|(_, node)| node.is(operator, inputs))
    }

    /// The node of an operator that makes a tensor.
    fn made(&self, name: &str, operator: &str, inputs: usize) -> Option<(usize, &Node<'a>)> {
        self.graph.maker(name).filter(|(_, node)| node.is(operator, inputs))
    }

    /// A layer and what follows it.
    fn stack(&self, first: &Layer<'a>) -> Stack<'a> {
        let mut stack = Stack {
            layers: vec![(first.clone(), false)],
            norm: None,
            output: first.output,
            nodes: first.nodes.clone(),
        };
        while let Some((output, nodes)) = self.gelu(stack.output) {
            stack.output = output;
            stack.nodes.extend(nodes);
            if let Some(last) = stack.layers.last_mut() {
                last.1 = true;
            }
            let follows = |layer: &&Layer<'a>| layer.input == stack.output;
            let only = self.graph.reader(stack.output).is_some();
            let Some(next) = self.layers.iter().find(follows).filter(|_| only) else { return stack };
            stack.output = next.output;
            stack.nodes.extend(&next.nodes);
            stack.layers.push((next.clone(), false));
        }
        let last = stack.layers.last().and_then(|(last, _)| self.graph.dims(last.weights)?.last().copied());
        if let Some((norm, output, nodes)) = last.and_then(|width| self.norm(stack.output, width)) {
            (stack.norm, stack.output) = (Some(norm), output);
            stack.nodes.extend(nodes);
        }
        stack
    }

    /// `x / 2 (1 + erf(x / sqrt 2))`: its output and its nodes.
    fn gelu(&self, x: &str) -> Option<(&'a str, Vec<usize>)> {
        if let Some((at, node)) = self.next(x, "Gelu", 1).filter(|(_, node)| node.lacks("approximate")) {
            return Some((node.output(), vec![at]));
        }
        let [a, b] = *self.graph.readers(x)? else { return None };
        let (divide, multiply) = if self.graph.nodes[&a].is("Div", 2) { (a, b) } else { (b, a) };
        let (quotient, product) = (&self.graph.nodes[&divide], &self.graph.nodes[&multiply]);
        let divided = quotient.is("Div", 2) && quotient.inputs[0] == x && product.is("Mul", 2);
        let near = |name: &str, expected: f32| {
            self.graph.number(name).is_some_and(|number| (number - expected).abs() < 1e-6)
        };
        if !divided || !near(quotient.inputs[1], std::f32::consts::SQRT_2) {
            return None;
        }
        let (erf_at, erf) = self.next(quotient.output(), "Erf", 1)?;
        let (one_at, one) = self.next(erf.output(), "Add", 2)?;
        let (at, _) = self.next(one.output(), "Mul", 2)?;
        let (half_at, half) = self.next(product.output(), "Mul", 2)?;
        let same = at == multiply && product.other(x) == Some(one.output());
        let constants = near(one.other(erf.output())?, 1.0) && near(half.other(product.output())?, 0.5);
        (same && constants).then(|| (half.output(), vec![divide, erf_at, one_at, multiply, half_at]))
    }

    /// The sum of a tensor and another computed one, normalised over its last dimension of `width` numbers.
    fn norm(&self, x: &'a str, width: u64) -> Option<(Norm<'a>, &'a str, Vec<usize>)> {
        let (sum_at, sum) = self.next(x, "Add", 2)?;
        let residual = sum.other(x).filter(|residual| !self.graph.is_fixed(residual))?;
        let (at, node) = self.next(sum.output(), "LayerNormalization", 3)?;
        let [_, scale, bias] = node.inputs[..] else { return None };
        let sized = |name: &str| self.graph.dims(name) == Some(&[width]);
        if node.int("axis", -1) != -1 || !sized(scale) || !sized(bias) {
            return None;
        }
        let norm = Norm { residual, scale, bias, epsilon: node.float("epsilon", 1e-5) };
        Some((norm, node.output(), vec![sum_at, at]))
    }

    /// Attention around its softmax.
    fn attention(&self, at: usize, softmax: &Node<'a>) -> Option<Attention<'a>> {
        if !matches!(softmax.int("axis", -1), -1 | 3) {
            return None;
        }
        let mut nodes = vec![at];
        let (scores, mask) = match self.made(softmax.inputs[0], "Add", 2) {
            Some((add_at, add)) => {
                nodes.push(add_at);
                let sides = [(add.inputs[0], add.inputs[1]), (add.inputs[1], add.inputs[0])];
                let (scores, mask) = sides.into_iter().find(|(scores, _)| self.scores(scores).is_some())?;
                (self.scores(scores)?, Some(mask))
            }
            None => (self.scores(softmax.inputs[0])?, None),
        };
        let (product, factor, scaling) = scores;
        nodes.extend(scaling);
        let (product_at, product) = self.made(product, "MatMul", 2)?;
        let (context_at, context) = self.next(softmax.output(), "MatMul", 2)?;
        if context.inputs[0] != softmax.output() {
            return None;
        }
        let queries = self.heads(product.inputs[0], HEADS_FIRST, &mut nodes)?;
        let keys = self.heads(product.inputs[1], HEADS_FIRST_TURNED, &mut nodes)?;
        let values = self.heads(context.inputs[1], HEADS_FIRST, &mut nodes)?;
        let (back_at, back) = self.next(context.output(), "Transpose", 1)?;
        if back.ints("perm") != HEADS_FIRST {
            return None;
        }
        // Read by the reshape and, for its shape, by others.
        let reshapes = |at: &&usize| self.graph.nodes[*at].is("Reshape", 2);
        let joined_at = *self.graph.readers(back.output())?.iter().find(reshapes)?;
        let joined = &self.graph.nodes[&joined_at];
        nodes.extend([product_at, context_at, back_at, joined_at]);
        let shape = self.shape(joined.inputs[1], back.output(), &mut nodes)?;
        let (heads, size) = (queries.1, queries.2);
        let same = [&keys, &values].iter().all(|part| (part.1, part.2) == (heads, size))
            && [&keys, &values].iter().all(|part| part.0.input == queries.0.input);
        if !same || shape != [heads * size] || joined.inputs[0] != back.output() {
            return None;
        }
        let layers = [queries.0, keys.0, values.0].map(Clone::clone);
        layers.iter().for_each(|layer| nodes.extend(&layer.nodes));
        let heads = usize::try_from(heads).ok()?;
        Some(Attention { layers, heads, factor, mask, output: joined.output(), nodes })
    }

    /// Products of queries and keys, what they are multiplied with, and the node that does it.
    fn scores(&self, name: &'a str) -> Option<(&'a str, f32, Option<usize>)> {
        let (at, node) = self.graph.maker(name)?;
        if node.is("MatMul", 2) {
            return Some((name, 1.0, None));
        }
        let fixed = |name: &str| self.graph.number(name);
        let (product, factor) = if node.is("Div", 2) {
            (node.inputs[0], 1.0 / fixed(node.inputs[1])?)
        } else if node.is("Mul", 2) {
            let product = if fixed(node.inputs[0]).is_some() { node.inputs[1] } else { node.inputs[0] };
            (product, fixed(node.other(product)?)?)
        } else {
            return None;
        };
        self.made(product, "MatMul", 2).map(|_| (product, factor, Some(at)))
    }

    /// The layer behind a tensor cut into heads, their number and their size.
    fn heads(&self, name: &str, order: [i64; 4], nodes: &mut Vec<usize>) -> Option<(&Layer<'a>, i64, i64)> {
        let (turn_at, turn) =
            self.made(name, "Transpose", 1).filter(|(_, node)| node.ints("perm") == order)?;
        let (cut_at, cut) = self.made(turn.inputs[0], "Reshape", 2)?;
        let layer = self.layer_of(cut.inputs[0])?;
        nodes.extend([turn_at, cut_at]);
        let [heads, size] = self.shape(cut.inputs[1], layer.output, nodes)?[..] else { return None };
        let width = self.graph.dims(layer.weights)?.get(1).copied()?;
        let fits = heads > 0 && size > 0 && heads.checked_mul(size)? == i64::try_from(width).ok()?;
        (fits && cut.int("allowzero", 0) == 0).then_some((layer, heads, size))
    }

    /// What a shape has behind the first two sizes, which are those of `of`.
    fn shape(&self, name: &str, of: &str, nodes: &mut Vec<usize>) -> Option<Vec<i64>> {
        if let Some(fixed) = self.graph.whole_numbers(name) {
            // A 0 keeps the size there is.
            return fixed.strip_prefix(&[0, 0]).map(<[i64]>::to_vec);
        }
        let (at, concat) = self.graph.maker(name).filter(|(_, node)| {
            node.operator == "Concat" && node.is("Concat", node.inputs.len()) && node.int("axis", 0) == 0
        })?;
        nodes.push(at);
        let (first, rest) = concat.inputs.split_at_checked(2)?;
        for (input, place) in first.iter().zip(0..) {
            let (wide_at, wide) = self.made(input, "Unsqueeze", 2)?;
            let (pick_at, pick) = self.made(wide.inputs[0], "Gather", 2)?;
            let (shape_at, shape) = self.made(pick.inputs[0], "Shape", 1)?;
            let whole = shape.lacks("start") && shape.lacks("end") && pick.int("axis", 0) == 0;
            let numbers = |name: &str| self.graph.whole_numbers(name);
            let picked = numbers(pick.inputs[1])? == [place] && numbers(wide.inputs[1])? == [0];
            if shape.inputs[0] != of || !whole || !picked {
                return None;
            }
            nodes.extend([wide_at, pick_at, shape_at]);
        }
        let sizes = rest.iter().map(|input| match self.graph.whole_numbers(input)?[..] {
            [size] => Some(size),
            _ => None,
        });
        sizes.collect()
    }
}
