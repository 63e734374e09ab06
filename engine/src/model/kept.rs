//! What is kept of a loaded model, so that the next process need not work it out again: a packed file.
//!
//! ```text
//! about    what is known of the model, as JSON
//! tokens   its tokenizer.json
//! places   word pieces of a tokenizer that works as BERT's does, four parts of a table
//! ends
//! bytes
//! ids
//! graph    of a model in 8 bits: the graph with nodes of our own,
//! codes    the matrices of its linear layers,
//! numbers  their scales and biases, and factors and biases of normalisations,
//! tables   tables of f32, read where they lie
//! ```
//!
//! All of it follows from the stored model, its tokenizer and the specification, which a generation names by
//! their fingerprint. What a trial run has shown follows from the machine and ONNX Runtime as well, and is
//! taken over only where these are the same.

use std::io::{self, Write};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::error::ModelError;
use super::inspect::Probed;
use super::pieces::PieceTable;
use super::quantize::{Parts, Quantized, TableRows, TableValues};
use super::tokenizer::TextTokenizer;
use super::wordpiece::{PieceRules, WordPieces};
use crate::kernel::{Attention8, LayerNorm, Linear8, Stack8, Step8};
use crate::packed::{Array, Bytes, Kind, Packed, PackedError, PackedWriter};

/// Kind and version; another version belongs to every change of how matrices are quantised or arranged.
const KIND: Kind = Kind { magic: *b"ATMODEL0", version: 1, name: "kept model" };

/// What is known of a model beside its numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct About {
    probed: Probed,
    ran: Ran,
    id_max: u32,
    rules: Option<PieceRules>,
    shape: Option<Shape>,
}

/// What the result of a trial run depends on beside the model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ran {
    /// ONNX Runtime, as it describes itself.
    pub(super) runtime: String,
    pub(super) provider: String,
    /// Of one run.
    pub(super) threads: usize,
    /// Instructions of the processor.
    pub(super) instructions: String,
}

/// What the parts of a model in 8 bits look like; their numbers stand in this order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Shape {
    stacks: Vec<StackShape>,
    attentions: Vec<AttentionShape>,
    /// Widths and numbers of rows.
    tables: Vec<(usize, usize)>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct StackShape {
    steps: Vec<(LayerShape, bool)>,
    /// The bits of a normalisation's epsilon.
    norm: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct AttentionShape {
    layers: [LayerShape; 3],
    heads: usize,
    /// Its bits.
    factor: u32,
}

/// Inputs and outputs.
type LayerShape = (usize, usize);

/// Writes what is kept of a model.
pub(super) fn write<W: Write>(
    out: W,
    probed: &Probed,
    ran: &Ran,
    tokenizer: (&TextTokenizer, &[u8]),
    quantized: Option<(&[u8], &Parts)>,
) -> io::Result<W> {
    let (tokenizer, file) = tokenizer;
    let about = About {
        probed: probed.clone(),
        ran: ran.clone(),
        id_max: tokenizer.id_max(),
        rules: tokenizer.pieces().map(|words| words.rules.clone()),
        shape: quantized.map(|(_, parts)| shape(parts)),
    };
    let mut writer = PackedWriter::new(out, KIND)?;
    writer.section("about", &serde_json::to_vec(&about)?)?;
    writer.section("tokens", file)?;
    if let Some(words) = tokenizer.pieces() {
        writer.section("places", &words.pieces.places)?;
        writer.section("ends", &words.pieces.ends)?;
        writer.section("bytes", &words.pieces.bytes)?;
        writer.section("ids", &words.pieces.ids)?;
    }
    if let Some((graph, parts)) = quantized {
        writer.section("graph", graph)?;
        writer.begin("codes")?;
        layers(parts).try_for_each(|layer| writer.write(layer.parts().0))?;
        writer.begin("numbers")?;
        let mut numbers = |numbers: &[f32]| writer.write(bytemuck::cast_slice(numbers));
        for layer in layers(parts) {
            let (_, scales, bias) = layer.parts();
            numbers(scales)?;
            numbers(bias)?;
        }
        for norm in parts.stacks.iter().filter_map(Stack8::norm) {
            numbers(&norm.scale)?;
            numbers(&norm.bias)?;
        }
        writer.begin("tables")?;
        parts.tables.iter().try_for_each(|table| writer.write(bytemuck::cast_slice(table.values.get())))?;
    }
    writer.finish()
}

/// All linear layers in the order in which they are kept.
fn layers(parts: &Parts) -> impl Iterator<Item = &Linear8> {
    let of_stacks = parts.stacks.iter().flat_map(|stack| stack.steps().iter().map(|step| &step.layer));
    of_stacks.chain(parts.attentions.iter().flat_map(Attention8::layers))
}

fn shape(parts: &Parts) -> Shape {
    let of = |layer: &Linear8| (layer.inputs(), layer.outputs());
    let stack = |stack: &Stack8| StackShape {
        steps: stack.steps().iter().map(|step| (of(&step.layer), step.gelu)).collect(),
        norm: stack.norm().map(|norm| norm.epsilon.to_bits()),
    };
    let attention = |attention: &Attention8| AttentionShape {
        layers: attention.layers().each_ref().map(of),
        heads: attention.heads(),
        factor: attention.factor().to_bits(),
    };
    let table = |table: &TableRows| (table.width, table.values.get().len() / table.width.max(1));
    Shape {
        stacks: parts.stacks.iter().map(stack).collect(),
        attentions: parts.attentions.iter().map(attention).collect(),
        tables: parts.tables.iter().map(table).collect(),
    }
}

/// What was kept of a model.
pub struct KeptModel {
    about: About,
    packed: Packed,
}

impl KeptModel {
    /// Opens a file whose bytes are those that were written.
    ///
    /// # Errors
    /// It is of another version, or damaged.
    pub fn open(bytes: Bytes) -> Result<KeptModel, ModelError> {
        let open = || {
            // Rows of a table are read one by one, and the file of the tokenizer seldom.
            let packed = Packed::open(bytes, KIND, &["tables", "tokens"])?;
            let about = packed.array_of_any_length::<u8>("about")?;
            let about = serde_json::from_slice(about.get())
                .map_err(|error| packed.damaged(format!("section \"about\": {error}")))?;
            Ok(KeptModel { about, packed })
        };
        open().map_err(unusable)
    }

    /// Whether the graph of the model is needed, too: what is kept has none of its own.
    pub fn needs_graph(&self) -> bool {
        self.about.shape.is_none()
    }

    /// What a trial run has shown, if it was like this one.
    pub(super) fn probed(&self, ran: &Ran) -> Option<&Probed> {
        (self.about.ran == *ran).then_some(&self.about.probed)
    }

    /// The tokenizer, of which the library's part is loaded when a text needs it.
    pub(super) fn tokenizer(&self, tokens_max: usize) -> Result<TextTokenizer, ModelError> {
        let file = self.packed.array_of_any_length::<u8>("tokens").map_err(unusable)?;
        let Some(rules) = &self.about.rules else { return TextTokenizer::load(file.get(), tokens_max) };
        let words = WordPieces::from_parts(self.pieces().map_err(unusable)?, rules.clone());
        Ok(TextTokenizer::later(file, words, self.about.id_max, tokens_max))
    }

    fn pieces(&self) -> Result<PieceTable, PackedError> {
        let whole = |name| Ok(self.packed.array_of_any_length::<u32>(name)?.get().to_vec());
        let bytes = self.packed.array_of_any_length::<u8>("bytes")?.get().to_vec();
        PieceTable::from_parts(whole("places")?, whole("ends")?, bytes, whole("ids")?)
            .ok_or_else(|| self.packed.damaged("its word pieces do not fit together"))
    }

    /// The graph and parts of a model in 8 bits.
    pub(super) fn quantized(&self) -> Result<Option<Quantized>, ModelError> {
        let Some(shape) = &self.about.shape else { return Ok(None) };
        let read = || {
            let [graph, codes] = ["graph", "codes"].map(|name| self.packed.array_of_any_length::<u8>(name));
            let [numbers, tables] = ["numbers", "tables"].map(|name| self.packed.array_of_any_length(name));
            let (graph, codes, numbers) = (graph?, codes?, numbers?);
            let mut from = Reader { packed: &self.packed, codes: codes.get(), numbers: numbers.get() };
            let parts = from.parts(shape, &tables?)?;
            Ok(Some(Quantized { bytes: graph.get().to_vec(), parts: Arc::new(parts) }))
        };
        read().map_err(unusable)
    }
}

fn unusable(error: PackedError) -> ModelError {
    ModelError::NotLoadable { reason: error.to_string() }
}

/// What is left of the numbers of a model in 8 bits.
struct Reader<'a> {
    packed: &'a Packed,
    codes: &'a [u8],
    numbers: &'a [f32],
}

impl Reader<'_> {
    fn parts(&mut self, shape: &Shape, tables: &Array<f32>) -> Result<Parts, PackedError> {
        let mut layers = Vec::new();
        let of_stacks = shape.stacks.iter().flat_map(|stack| stack.steps.iter().map(|(layer, _)| *layer));
        for layer in of_stacks.chain(shape.attentions.iter().flat_map(|attention| attention.layers)) {
            layers.push(self.layer(layer)?);
        }
        let mut layers = layers.into_iter();
        let mut stacks = Vec::with_capacity(shape.stacks.len());
        for stack in &shape.stacks {
            let steps = stack.steps.iter().zip(layers.by_ref());
            let steps: Vec<Step8> = steps.map(|((_, gelu), layer)| Step8 { layer, gelu: *gelu }).collect();
            let width = steps.last().map_or(0, |step| step.layer.outputs());
            let norm = match stack.norm.map(f32::from_bits) {
                Some(epsilon) => {
                    let (scale, bias) = (self.numbers(width)?, self.numbers(width)?);
                    Some(LayerNorm { scale, bias, epsilon })
                }
                None => None,
            };
            stacks.push(Stack8::new(steps, norm).ok_or_else(|| self.unfit())?);
        }
        let mut attentions = Vec::with_capacity(shape.attentions.len());
        for AttentionShape { heads, factor, .. } in &shape.attentions {
            let three = [layers.next(), layers.next(), layers.next()];
            let made = match three {
                [Some(a), Some(b), Some(c)] => Attention8::new([a, b, c], *heads, f32::from_bits(*factor)),
                _ => None,
            };
            attentions.push(made.ok_or_else(|| self.unfit())?);
        }
        let whole = self.codes.is_empty() && self.numbers.is_empty();
        let mut at = 0;
        let mut tables_read = Vec::with_capacity(shape.tables.len());
        for (width, rows) in &shape.tables {
            let count = width.checked_mul(*rows).filter(|_| *width > 0).ok_or_else(|| self.unfit())?;
            let values = tables.part(at, count).ok_or_else(|| self.unfit())?;
            tables_read.push(TableRows { width: *width, values: TableValues::Kept(values) });
            at += count;
        }
        if !whole || at != tables.get().len() {
            return Err(self.packed.damaged("it holds more numbers than its parts have"));
        }
        Ok(Parts { stacks, attentions, tables: tables_read })
    }

    fn layer(&mut self, (inputs, outputs): LayerShape) -> Result<Linear8, PackedError> {
        let (codes, columns) = Linear8::sizes(inputs, outputs).ok_or_else(|| self.unfit())?;
        let (codes, rest) = self.codes.split_at_checked(codes).ok_or_else(|| self.unfit())?;
        self.codes = rest;
        let codes = codes.to_vec();
        let (scales, bias) = (self.numbers(columns)?, self.numbers(columns)?);
        Linear8::from_parts(inputs, outputs, codes, scales, bias).ok_or_else(|| self.unfit())
    }

    fn numbers(&mut self, count: usize) -> Result<Vec<f32>, PackedError> {
        let (numbers, rest) = self.numbers.split_at_checked(count).ok_or_else(|| self.unfit())?;
        self.numbers = rest;
        Ok(numbers.to_vec())
    }

    fn unfit(&self) -> PackedError {
        self.packed.damaged("its parts do not fit together")
    }
}
