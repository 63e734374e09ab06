//! Trying a model out before it is accepted.

use serde::{Deserialize, Serialize};

use super::batch::Batching;
use super::encoder::{Encoder, run_rows};
use super::error::ModelError;
use super::runtime::Runtime;
use super::session::OnnxSession;
use super::spec::{ModelLimits, ModelSpec, Pooling};
use super::tokenizer::TextTokenizer;
use crate::kernel::first_non_finite;

/// Relative difference up to which a text alone and in a batch count as the same: rounding is a tenth of it,
/// and the mixing of rows by dynamic quantisation a hundredfold.
const SAME: f32 = 1e-4;

/// What a model is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelInfo {
    /// Numbers in one embedding.
    pub dimension: usize,
    /// Names of the inputs, in the model's order.
    pub inputs: Vec<String>,
    /// Name of the output that is used.
    pub output: String,
    /// 2: the model pools by itself; 3: it gives a vector for each token.
    pub output_rank: usize,
    /// The device in use: `cpu` or `cuda:N`.
    pub provider: String,
    /// What may surprise: a device that could not be used, pooling not applied, texts run one at a time.
    pub notes: Vec<String>,
}

/// Loads a model to be stored, whose [`info`](Encoder::info) says what it is, or says why it cannot be used.
///
/// Beyond what [`Encoder::load`] checks, the model is run on `max_tokens` tokens, which fails if it knows
/// fewer positions.
pub fn inspect(
    model_bytes: &[u8],
    tokenizer_bytes: &[u8],
    spec: &ModelSpec,
    runtime: &Runtime,
) -> Result<Encoder, ModelError> {
    let encoder = Encoder::load(model_bytes, tokenizer_bytes, spec, runtime)?;
    encoder.try_longest(spec.max_tokens)?;
    Ok(encoder)
}

/// What a short run says about a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Probed {
    pub(super) dimension: usize,
    pub(super) batching: Batching,
    pub(super) note: Option<String>,
}

/// Runs the tokenizer's greatest token id, which fails if the tokenizer belongs to another model, then texts
/// of three lengths alone, in pairs and between others of their length. The dimension, finiteness, and
/// whether the rows of a run are independent of each other come out of it.
pub(super) fn probe(
    session: &OnnxSession,
    tokenizer: &TextTokenizer,
    pooling: Pooling,
    limits: &ModelLimits,
) -> Result<Probed, ModelError> {
    const TEXT: &str = "a text to try the model: how many numbers, and are they numbers?";
    let failed = |reason: String| ModelError::Probe { when: "on a short text".to_string(), reason };
    let greatest = tokenizer.id_max();
    run_rows(session, pooling, &[&[greatest]]).map_err(|error| ModelError::Probe {
        when: format!("on token id {greatest}, the greatest of the tokenizer; is it another model's?"),
        reason: error.to_string(),
    })?;
    let mut dimension = 0;
    let (mut independent, mut paired, mut mixed) = (true, true, None);
    for text in ["a", TEXT, &[TEXT; 3].join(" ")] {
        let ids = tokenizer.ids(text).map_err(|reason| ModelError::Tokenizer { reason })?;
        if ids.is_empty() {
            return Err(ModelError::Tokenizer { reason: "a short English text has no tokens".to_string() });
        }
        // A repeated token is far from any text, so a scale common to the batch would show.
        let other = vec![greatest; ids.len()];
        let reversed: Vec<u32> = ids.iter().rev().copied().collect();
        let run = |texts: &[&[u32]], place: usize| -> Result<Vec<f32>, ModelError> {
            let (dimension, values) =
                run_rows(session, pooling, texts).map_err(|error| failed(error.to_string()))?;
            Ok(values[place * dimension..(place + 1) * dimension].to_vec())
        };
        let alone = run(&[&ids], 0)?;
        let pair = run(&[&ids, &ids], 0)?;
        let among = run(&[&other, &ids, &reversed], 1)?;
        check_embedding(&alone, dimension, limits).map_err(failed)?;
        dimension = alone.len();
        independent &= alone == among;
        paired &= pair == among;
        mixed = mixed.or_else(|| difference(&alone, &among));
    }
    let (batching, note) = match mixed {
        Some(note) => (Batching::Alone, Some(note)),
        None if independent => (Batching::EqualLength, None),
        None if paired => {
            (Batching::Paired, Some("a text alone is run twice, for the same rounding as in a batch"))
        }
        None => (Batching::Paired, Some("the rounding of an embedding may depend on what else is encoded")),
    };
    Ok(Probed { dimension, batching, note: note.map(str::to_string) })
}

/// The dimension (0: not known yet) and the numbers of a probe's embedding.
fn check_embedding(embedding: &[f32], dimension: usize, limits: &ModelLimits) -> Result<(), String> {
    let found = embedding.len();
    if found > limits.dimension_max {
        return Err(format!("embeddings have {found} numbers, more than {}", limits.dimension_max));
    }
    if dimension != 0 && found != dimension {
        return Err(format!("embeddings have {dimension} numbers for one text and {found} for another"));
    }
    match first_non_finite(embedding) {
        Some(place) => Err(format!("number {place} of the embedding is {}", embedding[place])),
        None => Ok(()),
    }
}

/// What to say if two embeddings of one text differ by more than rounding.
fn difference(alone: &[f32], among: &[f32]) -> Option<&'static str> {
    let largest = alone.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
    let most = alone.iter().zip(among).fold(0.0f32, |most, (a, b)| most.max((a - b).abs()));
    let same = most <= SAME * largest;
    (!same).then_some(
        "texts are run one at a time, since this model mixes the texts of a batch, as dynamically \
         quantised models do",
    )
}
