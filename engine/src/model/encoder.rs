//! Texts to embeddings.

use std::collections::HashMap;
use std::fmt;
use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use super::batch::{Batching, plan};
use super::cache::{Cached, TextCache};
use super::error::ModelError;
use super::inspect::{ModelInfo, Probed, probe};
use super::kept::{self, KeptModel, Ran};
use super::pooling::pool;
use super::runtime::Runtime;
use super::session::{OnnxSession, Source, TokenRows};
use super::spec::{BatchLimits, Dtype, ModelLimits, ModelSpec, Pooling, check};
use super::tokenizer::TextTokenizer;

/// Calls with at most this many different texts look into the cache. Larger ones are loads, which would only
/// push out the queries it is for.
const CACHED_CALL_MAX: usize = 64;

/// Texts tokenised between two looks at whether the call was cancelled.
const TOKENIZE_STEP: usize = 1024;

/// Runs of the model for each thread between two looks at whether the call was cancelled.
const RUNS_PER_THREAD: usize = 4;

/// Fewer texts than this are tokenised on the calling thread.
const PARALLEL_MIN: usize = 32;

/// What [`Encoder::encode`] returns.
#[derive(Clone, Debug, PartialEq)]
pub struct Embeddings {
    /// Numbers in one embedding.
    pub dimension: usize,
    /// One embedding after the other, in the order of the texts; finite, and not normalised.
    pub values: Vec<f32>,
    /// Tokens of all texts, special ones included, cached and repeated texts too.
    pub tokens: usize,
    /// Texts that were run through the model: those that are neither repeated in the call nor cached.
    pub encoded: usize,
}

/// A loaded model with its tokenizer. It may be used from several threads, and uses as many as the
/// specification says: in f32 and f16 runs of the model take turns, each with all threads; in 8 bits each run
/// has one thread, and a call with many texts runs some at a time.
pub struct Encoder {
    session: OnnxSession,
    tokenizer: TextTokenizer,
    pooling: Pooling,
    probed: Probed,
    ran: Ran,
    notes: Vec<String>,
    cache: TextCache,
    text_bytes_max: usize,
    batch: BatchLimits,
}

impl Encoder {
    /// Loads a model and its tokenizer from memory and runs a short probe, which gives the dimension.
    ///
    /// Memory is about twice the model file while loading and once afterwards, plus what the largest run
    /// needs.
    pub fn load(
        model_bytes: &[u8],
        tokenizer_bytes: &[u8],
        spec: &ModelSpec,
        runtime: &Runtime,
    ) -> Result<Encoder, ModelError> {
        Self::load_within(model_bytes, tokenizer_bytes, spec, runtime, &ModelLimits::default())
    }

    /// [`load`](Encoder::load) under other limits than the usual ones.
    pub fn load_within(
        model_bytes: &[u8],
        tokenizer_bytes: &[u8],
        spec: &ModelSpec,
        runtime: &Runtime,
        limits: &ModelLimits,
    ) -> Result<Encoder, ModelError> {
        check(model_bytes, tokenizer_bytes, spec, limits)?;
        let (tokenizer, session) = beside(
            || TextTokenizer::load(tokenizer_bytes, spec.max_tokens),
            || OnnxSession::load(Source::Onnx(model_bytes), spec, runtime),
        );
        Self::of(tokenizer?, session?, None, spec, limits)
    }

    /// Loads what was [kept](Encoder::keep) of a model that was loaded with the same specification, threads
    /// and device aside. `graph` are the bytes of the model, which are wanted where what was kept
    /// [needs](KeptModel::needs_graph) them.
    ///
    /// # Errors
    /// What was kept is damaged or of another specification, and those of [`load`](Encoder::load).
    pub fn load_kept(
        kept: &KeptModel,
        graph: Option<&[u8]>,
        spec: &ModelSpec,
        runtime: &Runtime,
    ) -> Result<Encoder, ModelError> {
        let limits = ModelLimits::default();
        check(graph.unwrap_or_default(), &[], spec, &limits)?;
        let source = || match (kept.quantized()?, graph, spec.dtype) {
            (Some(model), _, Dtype::Int8) => Ok(Source::Quantized(model)),
            (None, Some(graph), Dtype::F32 | Dtype::F16) => Ok(Source::Onnx(graph)),
            _ => Err(ModelError::NotLoadable { reason: "what was kept is of another model".to_string() }),
        };
        let (tokenizer, session) =
            beside(|| kept.tokenizer(spec.max_tokens), || OnnxSession::load(source()?, spec, runtime));
        Self::of(tokenizer?, session?, Some(kept), spec, &limits)
    }

    pub(super) fn of(
        tokenizer: TextTokenizer,
        session: OnnxSession,
        kept: Option<&KeptModel>,
        spec: &ModelSpec,
        limits: &ModelLimits,
    ) -> Result<Encoder, ModelError> {
        let ran = session.ran(spec);
        let probed = match kept.and_then(|kept| kept.probed(&ran)) {
            Some(probed) => probed.clone(),
            None => probe(&session, &tokenizer, spec.pooling, limits)?,
        };
        let notes = session.notes.iter().chain(&probed.note).cloned().collect();
        let cache = TextCache::new(limits.cache_entries, limits.cache_bytes);
        let batch = if session.on_device() { limits.device_batch } else { limits.batch };
        let text_bytes_max = limits.text_bytes_max;
        Ok(Encoder {
            session,
            tokenizer,
            pooling: spec.pooling,
            probed,
            ran,
            notes,
            cache,
            text_bytes_max,
            batch,
        })
    }

    /// Writes what [`load_kept`](Encoder::load_kept) reads: the result of the trial run, word pieces, and for
    /// a model in 8 bits its rewritten graph and matrices. `tokenizer` are the bytes it was loaded with.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn keep<W: Write>(&self, tokenizer: &[u8], out: W) -> io::Result<W> {
        kept::write(out, &self.probed, &self.ran, (&self.tokenizer, tokenizer), self.session.quantized())
    }

    /// Where the trial run was made.
    #[cfg(test)]
    pub(super) fn ran(&self) -> &Ran {
        &self.ran
    }

    /// Numbers in one embedding.
    pub fn dimension(&self) -> usize {
        self.probed.dimension
    }

    /// The device in use: `cpu` or `cuda:N`.
    pub fn provider(&self) -> &str {
        &self.session.provider
    }

    /// Texts that a call should bring if there are so many: more on a device, which computes large runs
    /// faster.
    pub fn call_texts(&self) -> usize {
        self.batch.call_texts.max(1)
    }

    /// What there is to know about the model; see [`ModelInfo`].
    pub fn info(&self) -> ModelInfo {
        let signature = &self.session.signature;
        ModelInfo {
            dimension: self.probed.dimension,
            inputs: signature.inputs.iter().map(|input| input.name.clone()).collect(),
            output: signature.output.clone(),
            output_rank: signature.rank,
            provider: self.session.provider.clone(),
            notes: self.notes.clone(),
        }
    }

    /// The token ids that the model gets for a text: at most `max_tokens` of the specification, special ones
    /// included.
    ///
    /// # Errors
    /// The tokenizer cannot read the text.
    pub fn token_ids(&self, text: &str) -> Result<Vec<u32>, ModelError> {
        self.tokenizer.ids(text).map_err(|reason| ModelError::Text { position: 0, reason })
    }

    /// The embeddings of `texts`, in their order, not normalised.
    ///
    /// A text has the same embedding alone and in any call. Equal texts are encoded once, and small calls are
    /// served from a cache. `cancelled` is asked between some runs, which take a fraction of a second.
    ///
    /// Errors name the place of the text; there are no partial results.
    pub fn encode(&self, cancelled: &dyn Fn() -> bool, texts: &[&str]) -> Result<Embeddings, ModelError> {
        let bytes_max = self.text_bytes_max;
        if let Some(position) = texts.iter().position(|text| text.len() > bytes_max) {
            return Err(ModelError::TextTooLong { position, bytes: texts[position].len(), bytes_max });
        }
        let (firsts, distinct_of) = distinct(texts);
        let small = firsts.len() <= CACHED_CALL_MAX;
        let mut known: Vec<Option<Cached>> = vec![None; firsts.len()];
        if small {
            for (known, first) in known.iter_mut().zip(&firsts) {
                *known = self.cache.get(texts[*first]);
            }
        }
        let missing: Vec<usize> = (0..firsts.len()).filter(|i| known[*i].is_none()).collect();
        let mut rows = vec![0.0f32; firsts.len() * self.probed.dimension];
        let mut tokens = vec![0usize; firsts.len()];
        for group in missing.chunks(self.batch.group_texts_max.max(1)) {
            let places: Vec<usize> = group.iter().map(|i| firsts[*i]).collect();
            let ids = self.tokenize(cancelled, texts, &places)?;
            for (i, ids) in group.iter().zip(&ids) {
                tokens[*i] = ids.len();
            }
            self.run_all(cancelled, &places, &ids, |in_group, embedding| {
                let i = group[in_group];
                rows[i * self.probed.dimension..(i + 1) * self.probed.dimension].copy_from_slice(embedding);
            })?;
        }
        for (i, known) in known.iter().enumerate() {
            let row = &mut rows[i * self.probed.dimension..(i + 1) * self.probed.dimension];
            match known {
                Some(cached) => {
                    row.copy_from_slice(&cached.values);
                    tokens[i] = cached.tokens;
                }
                None if small => {
                    let cached = Cached { values: Arc::from(&*row), tokens: tokens[i] };
                    self.cache.put(texts[firsts[i]], cached);
                }
                None => {}
            }
        }
        let tokens = distinct_of.iter().map(|i| tokens[*i]).sum();
        let values = if firsts.len() == texts.len() {
            rows
        } else {
            distinct_of
                .iter()
                .flat_map(|i| &rows[i * self.probed.dimension..(i + 1) * self.probed.dimension])
                .copied()
                .collect()
        };
        Ok(Embeddings { dimension: self.probed.dimension, values, tokens, encoded: missing.len() })
    }

    /// Runs the longest text that can come; see [`inspect`](super::inspect).
    pub(super) fn try_longest(&self, max_tokens: usize) -> Result<(), ModelError> {
        let ids = vec![self.tokenizer.id_max(); max_tokens];
        run_rows(&self.session, self.pooling, &[&ids]).map(|_| ()).map_err(|error| ModelError::Probe {
            when: format!("on {max_tokens} tokens; lower max_tokens"),
            reason: error.to_string(),
        })
    }

    /// The token ids of the texts at `places`.
    fn tokenize(
        &self,
        cancelled: &dyn Fn() -> bool,
        texts: &[&str],
        places: &[usize],
    ) -> Result<Vec<Vec<u32>>, ModelError> {
        let one = |position: &usize| {
            let position = *position;
            let ids = self.tokenizer.ids(texts[position]);
            match ids.map_err(|reason| ModelError::Text { position, reason })? {
                ids if ids.is_empty() => Err(ModelError::NoTokens { position }),
                ids => Ok(ids),
            }
        };
        let mut all = Vec::with_capacity(places.len());
        for step in places.chunks(TOKENIZE_STEP) {
            if cancelled() {
                return Err(ModelError::Cancelled);
            }
            let ids: Result<Vec<Vec<u32>>, ModelError> = if step.len() < PARALLEL_MIN {
                step.iter().map(one).collect()
            } else {
                step.par_iter().map(one).collect()
            };
            all.extend(ids?);
        }
        Ok(all)
    }

    /// Runs texts of given ids and hands each embedding with the number of its text to `keep`.
    fn run_all(
        &self,
        cancelled: &dyn Fn() -> bool,
        places: &[usize],
        ids: &[Vec<u32>],
        mut keep: impl FnMut(usize, &[f32]),
    ) -> Result<(), ModelError> {
        let lengths: Vec<usize> = ids.iter().map(Vec::len).collect();
        let (order, runs) = plan(&lengths, self.probed.batching, &self.batch);
        let at_once = self.session.runs_at_once();
        // Long runs first, so that no thread begins one when the others are done.
        let together = if at_once > 1 { at_once.saturating_mul(RUNS_PER_THREAD) } else { 1 };
        for some in runs.rchunks(together) {
            if cancelled() {
                return Err(ModelError::Cancelled);
            }
            let run = |run: &Range<usize>| self.run_one(places, ids, &order[Range::clone(run)]);
            let found: Result<Vec<Vec<f32>>, ModelError> = if at_once > 1 && some.len() > 1 {
                some.par_iter().rev().map(run).collect()
            } else {
                some.iter().rev().map(run).collect()
            };
            for (run, values) in some.iter().rev().zip(found?) {
                for (i, embedding) in
                    order[Range::clone(run)].iter().zip(values.chunks_exact(self.probed.dimension))
                {
                    keep(*i, embedding);
                }
            }
        }
        Ok(())
    }

    /// The embeddings of texts of equal length, which are `members` of the ids.
    fn run_one(&self, places: &[usize], ids: &[Vec<u32>], members: &[usize]) -> Result<Vec<f32>, ModelError> {
        let mut rows: Vec<&[u32]> = members.iter().map(|i| &ids[*i][..]).collect();
        if let ([one], Batching::Paired) = (&rows[..], self.probed.batching) {
            rows = vec![one; 2];
        }
        let (dimension, mut values) = run_rows(&self.session, self.pooling, &rows)?;
        if dimension != self.probed.dimension {
            let (shape, expected) = (vec![dimension as i64], format!("[{}]", self.probed.dimension));
            return Err(ModelError::Shape { shape, expected });
        }
        values.truncate(members.len() * dimension);
        for (i, embedding) in members.iter().zip(values.chunks_exact(dimension)) {
            if let Some(place) = crate::kernel::first_non_finite(embedding) {
                return Err(ModelError::NotFinite { position: places[*i], place, value: embedding[place] });
            }
        }
        Ok(values)
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Encoder").field(&self.info()).finish()
    }
}

/// Both results. The two have nothing in common, and each may take some hundredths of a second.
fn beside<A, B: Send>(here: impl FnOnce() -> A, there: impl FnOnce() -> B + Send) -> (A, B) {
    std::thread::scope(|scope| {
        let there = scope.spawn(there);
        (here(), there.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

/// The place of the first of each text, and for every text the number of its first.
fn distinct(texts: &[&str]) -> (Vec<usize>, Vec<usize>) {
    let mut numbers: HashMap<&str, usize> = HashMap::with_capacity(texts.len());
    let mut firsts = Vec::with_capacity(texts.len());
    let distinct_of = texts
        .iter()
        .enumerate()
        .map(|(place, text)| {
            *numbers.entry(text).or_insert_with(|| {
                firsts.push(place);
                firsts.len() - 1
            })
        })
        .collect();
    (firsts, distinct_of)
}

/// One run of texts of equal length: the dimension and the embeddings, row after row.
pub(super) fn run_rows(
    session: &OnnxSession,
    pooling: Pooling,
    texts: &[&[u32]],
) -> Result<(usize, Vec<f32>), ModelError> {
    let rows = texts.len();
    let ids: Vec<i64> = texts.iter().copied().flatten().map(|id| i64::from(*id)).collect();
    let mask = vec![1i64; ids.len()];
    let input = TokenRows { rows, tokens: ids.len() / rows.max(1), ids: &ids, mask: &mask };
    let mut values = Vec::new();
    let dimension = session.run(input, |shape, numbers| {
        pool(input, pooling, session.signature.wanted().1, shape, numbers, &mut values)
    })?;
    Ok((dimension, values))
}
