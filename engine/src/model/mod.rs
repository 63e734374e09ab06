//! Encoders: from text to vectors, through a tokenizer and an ONNX model.
//!
//! This is the only folder that names ort and tokenizers, and none of their types leaves it. A model is a
//! program from outside: its bytes are walked and checked before ONNX Runtime sees them ([`inspect`]), it is
//! loaded from memory only, and what it returns is checked for shape and finiteness every time.
//!
//! 1. [`Runtime::load`] opens the ONNX Runtime library, once a process.
//! 2. [`inspect`] says what a model is, or why it cannot be used; `CREATE MODEL` runs it.
//! 3. [`Encoder::load`] opens the stored model, [`Encoder::load_kept`] what was kept of it;
//!    [`Encoder::encode`] turns texts into vectors.
//!
//! A model of dtype int8 is rewritten when it is first loaded (`graph`, `fuse`, `quantize`): its linear
//! layers, attention and tables become nodes of our own (`operators`), which its sessions share. It has a
//! session for each thread, and each runs on the thread that asks; a model in f32 has one session with all
//! threads.
//!
//! A model of dtype f16 is rewritten each time it is loaded (`float16`). On a CUDA device runs are larger
//! (`spec`), token vectors are pooled there (`pooled`), and embeddings come back by IO binding, in memory
//! that the device writes into.
//!
//! What was worked out of a model is kept in a generation (`kept`), so that the next process maps it instead:
//! rewritten graph, matrices, word pieces and what the probe found.
//!
//! ASCII texts are tokenised without the library where the tokenizer works as BERT's does (`wordpiece`), with
//! the same ids.
//!
//! The same text has the same embedding, bit for bit, whatever else is in the call. Texts are batched only
//! with texts of the same number of tokens, so there is no padding. When a model is loaded, a probe finds out
//! whether a text alone and in a batch is the same; if only the rounding differs, no text is run alone, and
//! if the model mixes the rows of a batch, every text is.

mod batch;
mod cache;
mod encoder;
mod error;
mod float16;
#[cfg(test)]
mod float16_tests;
mod fuse;
mod graph;
mod inspect;
mod kept;
#[cfg(test)]
mod kept_tests;
mod operators;
mod pieces;
mod pooled;
mod pooling;
mod protobuf;
mod quantize;
#[cfg(test)]
mod quantize_tests;
mod runtime;
mod session;
mod signature;
mod spec;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod tokenizer;
mod wordpiece;

pub use encoder::{Embeddings, Encoder};
pub use error::ModelError;
pub use inspect::{ModelInfo, inspect};
pub use kept::KeptModel;
pub use runtime::Runtime;
pub use spec::{BatchLimits, Device, Dtype, ModelLimits, ModelSpec, Pooling, fingerprint};
