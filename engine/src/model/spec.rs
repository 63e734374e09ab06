//! What the user says about a model, and the limits it is held to.

use sha2::{Digest, Sha256};

use super::error::ModelError;

/// How the vectors of the tokens become the vector of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    /// The mean over the tokens of the text.
    Mean,
    /// The vector of the first token.
    Cls,
    /// The model pools by itself: its output is `[batch, dimension]`.
    None,
}

impl Pooling {
    /// The name used in statements and fingerprints.
    pub fn name(self) -> &'static str {
        match self {
            Pooling::Mean => "mean",
            Pooling::Cls => "cls",
            Pooling::None => "none",
        }
    }
}

/// Numbers that a model computes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dtype {
    /// As the graph says.
    F32,
    /// Linear layers in 8 bits, made when the model is first loaded; on the processor only.
    Int8,
    /// Products and what leads to them in 16-bit floats, made each time the model is loaded: for CUDA
    /// devices. A processor computes in f32 with the same rounded numbers.
    F16,
}

impl Dtype {
    /// The name used in statements.
    pub fn name(self) -> &'static str {
        match self {
            Dtype::F32 => "f32",
            Dtype::Int8 => "int8",
            Dtype::F16 => "f16",
        }
    }
}

/// Where a model runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// The processor.
    Cpu,
    /// A CUDA device by its number.
    Cuda(u32),
    /// CUDA device 0 if ONNX Runtime can use it, otherwise the processor; which one is in the notes.
    Auto,
}

/// What the user says about a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelSpec {
    /// How token vectors become one vector.
    pub pooling: Pooling,
    /// Whether embeddings are brought to unit length. The encoder does not do it, since an auxiliary vector
    /// may be added first; it is here because it changes what the model means, and so its fingerprint.
    pub normalize: bool,
    /// Tokens kept of a text, special tokens included.
    pub max_tokens: usize,
    /// The output to use; `None`: the only one that fits the pooling.
    pub output: Option<String>,
    /// Numbers to compute with.
    pub dtype: Dtype,
    /// Where to run.
    pub device: Device,
    /// Whether to run on the processor if the device cannot be used.
    pub fallback_cpu: bool,
    /// Threads to run on; 0: as many as the machine has.
    pub threads: usize,
}

/// How much is encoded at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchLimits {
    /// Texts in one run of the model.
    pub texts_max: usize,
    /// Tokens in one run of the model, unless one text alone has more.
    pub tokens_max: usize,
    /// Texts that are tokenised and sorted by length together, so that the memory of a call does not grow
    /// with its texts.
    pub group_texts_max: usize,
    /// Texts that a call should bring if there are so many; more do not make it quicker.
    pub call_texts: usize,
}

/// Limits of models and of calls to encoders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelLimits {
    /// Largest model file, in bytes. ONNX files cannot exceed 2 GiB.
    pub model_bytes_max: usize,
    /// Largest tokenizer file, in bytes.
    pub tokenizer_bytes_max: usize,
    /// Longest text, in bytes.
    pub text_bytes_max: usize,
    /// Greatest `max_tokens`.
    pub tokens_max: usize,
    /// Widest embedding.
    pub dimension_max: usize,
    /// Size of runs on the processor.
    pub batch: BatchLimits,
    /// Size of runs on a CUDA device.
    pub device_batch: BatchLimits,
    /// Embeddings kept in the cache of one encoder; 0: none.
    pub cache_entries: usize,
    /// Bytes of texts and embeddings kept in the cache of one encoder.
    pub cache_bytes: usize,
}

impl Default for ModelLimits {
    fn default() -> Self {
        Self {
            model_bytes_max: i32::MAX as usize,
            tokenizer_bytes_max: 64 << 20,
            text_bytes_max: 1 << 20,
            tokens_max: 8192,
            dimension_max: 8192,
            // The second cache holds what lies between the layers of so many tokens.
            batch: BatchLimits {
                texts_max: 64,
                tokens_max: 4_096,
                group_texts_max: 8_192,
                call_texts: 1_024,
            },
            // A device starts a hundred kernels a run, whose time so many tokens outweigh; between the layers
            // of BERT-large they take 512 MiB.
            device_batch: BatchLimits {
                texts_max: 4_096,
                tokens_max: 32_768,
                group_texts_max: 65_536,
                call_texts: 16_384,
            },
            cache_entries: 10_000,
            cache_bytes: 64 << 20,
        }
    }
}

/// SHA-256, in hex, over everything that changes embeddings: the model, the tokenizer, pooling,
/// normalisation, the number of tokens kept, the output, and numbers other than f32. Device and threads
/// change only the rounding and are left out.
pub fn fingerprint(model_bytes: &[u8], tokenizer_bytes: &[u8], spec: &ModelSpec) -> String {
    let mut hash = Sha256::new();
    // Every part is preceded by its length, so that no two lists of parts give the same bytes.
    let mut part = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    part(b"argtop model 1");
    part(model_bytes);
    part(tokenizer_bytes);
    part(spec.pooling.name().as_bytes());
    part(&[u8::from(spec.normalize)]);
    part(&(spec.max_tokens as u64).to_be_bytes());
    part(&[u8::from(spec.output.is_some())]);
    part(spec.output.as_deref().unwrap_or_default().as_bytes());
    match spec.dtype {
        Dtype::F32 => {}
        Dtype::Int8 => part(b"int8, a scale for each row and column"),
        Dtype::F16 => part(b"f16, to the last product"),
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Checks the sizes and numbers that need no model.
pub(super) fn check(
    model_bytes: &[u8],
    tokenizer_bytes: &[u8],
    spec: &ModelSpec,
    limits: &ModelLimits,
) -> Result<(), ModelError> {
    for (what, bytes, bytes_max) in [
        ("model file", model_bytes.len(), limits.model_bytes_max),
        ("tokenizer file", tokenizer_bytes.len(), limits.tokenizer_bytes_max),
    ] {
        if bytes > bytes_max {
            return Err(ModelError::TooLarge { what, bytes, bytes_max });
        }
    }
    for (option, value, min, max) in
        [("max_tokens", spec.max_tokens, 1, limits.tokens_max), ("threads", spec.threads, 0, 1024)]
    {
        if value < min || value > max {
            return Err(ModelError::Specification { option, value, min, max });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::spec;
    use super::*;

    #[test]
    fn the_fingerprint_changes_with_everything_that_changes_embeddings_and_with_nothing_else() {
        let base = spec(Pooling::Mean);
        let print = |model: &[u8], tokenizer: &[u8], spec: &ModelSpec| fingerprint(model, tokenizer, spec);
        let first = print(b"ab", b"c", &base);
        assert_eq!(first.len(), 64);
        assert_eq!(
            first,
            print(b"ab", b"c", &ModelSpec { threads: 7, device: Device::Auto, ..base.clone() })
        );
        let others = [
            print(b"a", b"bc", &base),
            print(b"ab", b"c", &ModelSpec { pooling: Pooling::Cls, ..base.clone() }),
            print(b"ab", b"c", &ModelSpec { normalize: !base.normalize, ..base.clone() }),
            print(b"ab", b"c", &ModelSpec { max_tokens: base.max_tokens + 1, ..base.clone() }),
            print(b"ab", b"c", &ModelSpec { output: Some(String::new()), ..base.clone() }),
            print(b"ab", b"c", &ModelSpec { dtype: Dtype::Int8, ..base.clone() }),
            print(b"ab", b"c", &ModelSpec { dtype: Dtype::F16, ..base.clone() }),
        ];
        assert!(
            others.iter().enumerate().all(|(at, other)| *other != first && !others[..at].contains(other))
        );
    }

    #[test]
    fn numbers_out_of_range_are_refused_with_the_range() {
        let limits = ModelLimits { model_bytes_max: 3, ..ModelLimits::default() };
        let none = ModelSpec { max_tokens: 0, ..spec(Pooling::Mean) };
        let message =
            |model: &[u8], spec: &ModelSpec| check(model, b"", spec, &limits).unwrap_err().to_string();
        assert_eq!(message(b"abc", &none), "max_tokens is 0; it must be between 1 and 8192");
        assert!(message(b"abcd", &none).starts_with("the model file has 4 bytes, more than the limit of 3"));
    }
}
