//! What can go wrong with a model.

use std::path::PathBuf;

/// Errors of loading and running encoders. The message of each names the fix.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// No path to ONNX Runtime was given.
    #[error(
        "no ONNX Runtime library is configured; run `make setup` or name the file in ORT_DYLIB_PATH \
         (in the library: Options::onnxruntime)"
    )]
    RuntimeNotConfigured,
    /// The library is not there or cannot be used.
    #[error(
        "ONNX Runtime cannot be loaded from '{}': {reason}; run `make setup` or name another file in \
         ORT_DYLIB_PATH (in the library: Options::onnxruntime)", path.display()
    )]
    RuntimeNotLoadable {
        /// The file that was tried.
        path: PathBuf,
        /// What the system or the library said.
        reason: String,
    },
    /// A process holds one ONNX Runtime, and it is another one.
    #[error(
        "this process already uses ONNX Runtime from '{}' and cannot use '{}' beside it; \
         give the same path or start another process", loaded.display(), asked.display()
    )]
    OtherRuntimeLoaded {
        /// The file in use.
        loaded: PathBuf,
        /// The file that was asked for.
        asked: PathBuf,
    },
    /// The bytes are not a whole ONNX model.
    #[error("the model file is not a whole ONNX model: {reason} at byte {offset}; export or copy it again")]
    NotOnnx {
        /// Where reading stopped.
        offset: usize,
        /// What was wrong there.
        reason: &'static str,
    },
    /// The model keeps weights in other files.
    #[error(
        "tensor '{tensor}' of the model is kept in another file; save the model as one file \
         (onnx.save_model with save_as_external_data=False)"
    )]
    ExternalData {
        /// The first such tensor.
        tensor: String,
    },
    /// The file is larger than the limit.
    #[error(
        "the {what} has {bytes} bytes, more than the limit of {bytes_max}; raise the limit or use a \
         smaller one"
    )]
    TooLarge {
        /// `model file` or `tokenizer file`.
        what: &'static str,
        /// Its size.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// ONNX Runtime refused the model.
    #[error("ONNX Runtime does not accept the model: {reason}")]
    NotLoadable {
        /// What it said.
        reason: String,
    },
    /// The model wants inputs a text encoder does not have, or lacks the one it must have.
    #[error(
        "the model's input '{input}' {problem}; inputs are {inputs}; an encoder takes input_ids and, if it \
         likes, attention_mask and token_type_ids, each int64 or int32 [batch, sequence]"
    )]
    Input {
        /// The input in question.
        input: String,
        /// What is wrong with it.
        problem: String,
        /// All inputs with their types.
        inputs: String,
    },
    /// The named output is not there or does not fit the pooling, or no output was named and not exactly one
    /// fits.
    #[error("{problem}; outputs are {outputs}; name one with output => '...' and choose pooling to match")]
    Output {
        /// What is wrong.
        problem: String,
        /// All outputs with their types.
        outputs: String,
    },
    /// The device cannot be used, and falling back was not allowed.
    #[error("device {device} cannot be used: {reason}; set device => 'cpu' or fallback => 'cpu'")]
    Device {
        /// As asked for.
        device: String,
        /// What ONNX Runtime said.
        reason: String,
    },
    /// There is nothing to quantise.
    #[error(
        "the model has no product with a fixed f32 matrix (MatMul), so that dtype '{dtype}' cannot be used; \
         keep the model in f32, or export it without quantisation and in f32"
    )]
    NotQuantizable {
        /// The numbers asked for.
        dtype: &'static str,
    },
    /// A matrix cannot be quantised.
    #[error("tensor '{tensor}' of the model has numbers that are not finite; export the model again")]
    NotFiniteWeights {
        /// The matrix.
        tensor: String,
    },
    /// 8-bit layers on another device than the processor.
    #[error("dtype 'int8' runs on the processor, not on {device}; set device => 'cpu', or leave dtype out")]
    Int8Device {
        /// As asked for.
        device: String,
    },
    /// The tokenizer file cannot be read.
    #[error("the tokenizer file is not usable: {reason}; give the tokenizer.json that belongs to the model")]
    Tokenizer {
        /// What was wrong.
        reason: String,
    },
    /// A number of the specification is out of range.
    #[error("{option} is {value}; it must be between {min} and {max}")]
    Specification {
        /// The option's name.
        option: &'static str,
        /// The value given.
        value: usize,
        /// Least value allowed.
        min: usize,
        /// Greatest value allowed.
        max: usize,
    },
    /// The model fails on inputs the tokenizer can produce.
    #[error("the model fails {when}: {reason}")]
    Probe {
        /// What was tried.
        when: String,
        /// What came of it.
        reason: String,
    },
    /// A text is longer than the limit.
    #[error("text {position} has {bytes} bytes, more than the limit of {bytes_max}; shorten it")]
    TextTooLong {
        /// Its place in the call, from 0.
        position: usize,
        /// Its length.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// The tokenizer failed on a text.
    #[error("text {position} cannot be tokenised: {reason}")]
    Text {
        /// Its place in the call, from 0.
        position: usize,
        /// What the tokenizer said.
        reason: String,
    },
    /// A text has no tokens.
    #[error("text {position} has no tokens, so it has no embedding; give a text that is not empty")]
    NoTokens {
        /// Its place in the call, from 0.
        position: usize,
    },
    /// ONNX Runtime failed while it ran the model.
    #[error("the model failed: {reason}")]
    Run {
        /// What it said.
        reason: String,
    },
    /// The model returned another shape than the one it was accepted with.
    #[error("the model returned shape {shape:?} where {expected} was expected")]
    Shape {
        /// The shape returned.
        shape: Vec<i64>,
        /// What it should have been.
        expected: String,
    },
    /// The embedding of a text has a number that is infinite or NaN.
    #[error(
        "the model returned {value} as number {place} of the embedding of text {position}; it may not be used"
    )]
    NotFinite {
        /// Which text of the call, from 0.
        position: usize,
        /// Which number of the embedding, from 0.
        place: usize,
        /// What it was.
        value: f32,
    },
    /// The caller cancelled the call.
    #[error("encoding was cancelled")]
    Cancelled,
}
