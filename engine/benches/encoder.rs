//! Texts a second of the encoder in f32 and with 8-bit layers, on one thread and two, and of its tokenizer on
//! one beside the library `tokenizers`, and how long loading takes, in one run:
//! `make bench`, or `cargo bench --workspace --bench encoder -- [TEXTS]`, where TEXTS is a file with a text a
//! line.
//!
//! `ARGTOP_CUDA=0` (with an ONNX Runtime that has the CUDA provider, in ORT_DYLIB_PATH) adds f32 and f16 on
//! that device beside 8 bits on the processor, over more texts.
//!
//! Without a file the usage examples of the demonstration's test texts are taken, which are as long as
//! queries. The encoders are loaded once and take turns, so that other work on the machine disturbs them
//! alike; the best of the rounds is given, and the cosines to the embeddings of the first.

#![allow(clippy::print_stdout)]

mod common;

use std::env;
use std::fs;
use std::time::Instant;

use argtop::index::AlignedBytes;
use argtop::kernel::{dot_exact, norm};
use argtop::model::{Device, Dtype, Encoder, KeptModel, ModelSpec, Runtime};
use common::{Fallible, cache, encoder, encoder_of, median, model_file, queries, runtime_library, spec};
use tokenizers::{Tokenizer, TruncationParams};

/// Rounds of each encoder.
const ROUNDS: usize = 5;
/// Texts of a batch, the most that are taken.
const TEXTS: usize = 4_000;
/// Texts of a batch for a device.
const DEVICE_TEXTS: usize = 32_000;
/// Texts that are encoded alone.
const ALONE: usize = 300;

struct Best {
    batch: f64,
    alone: Vec<f64>,
    values: Vec<f32>,
}

fn measure(encoder: &Encoder, texts: &[&str], best: &mut Best) -> Fallible<()> {
    let started = Instant::now();
    best.values = encoder.encode(&|| false, texts)?.values;
    best.batch = best.batch.max(texts.len() as f64 / started.elapsed().as_secs_f64());
    let step = (texts.len() / ALONE).max(1);
    for (place, text) in texts.iter().step_by(step).enumerate() {
        let started = Instant::now();
        encoder.encode(&|| false, &[text])?;
        let seconds = started.elapsed().as_secs_f64();
        match best.alone.get_mut(place) {
            Some(best) => *best = best.min(seconds),
            None => best.alone.push(seconds),
        }
    }
    Ok(())
}

fn compare(name: &str, texts: &[&str], encoders: &[(&str, Encoder)]) -> Fallible<()> {
    let empty = || Best { batch: 0.0, alone: Vec::new(), values: Vec::new() };
    let mut bests: Vec<Best> = encoders.iter().map(|_| empty()).collect();
    for _ in 0..ROUNDS {
        for ((_, encoder), best) in encoders.iter().zip(&mut bests) {
            measure(encoder, texts, best)?;
        }
    }
    println!("{name}: {} texts, best of {ROUNDS} rounds", texts.len());
    let exact = bests[0].values.clone();
    for ((name, encoder), best) in encoders.iter().zip(&bests) {
        println!("  {name:<16} {:>7.0} texts/s, {:.3} ms alone", best.batch, median(&best.alone) * 1e3);
        let dimension = encoder.dimension();
        let rows = exact.chunks(dimension).zip(best.values.chunks(dimension));
        let mut cosines: Vec<f64> = rows.map(|(a, b)| dot_exact(a, b) / (norm(a) * norm(b))).collect();
        cosines.sort_by(f64::total_cmp);
        let mean = cosines.iter().sum::<f64>() / cosines.len() as f64;
        println!("                   cosine to {}: mean {mean:.5}, least {:.5}", encoders[0].0, cosines[0]);
    }
    Ok(())
}

/// Tokenises texts on this thread, in turns with the library, whose ids must be the same.
fn tokenize(texts: &[&str], encoder: &Encoder) -> Fallible<()> {
    let file = cache()?.join("models/minilm-l3/tokenizer.json");
    let mut library = Tokenizer::from_file(file).map_err(|error| error.to_string())?;
    library.with_padding(None);
    let truncation = TruncationParams { max_length: 64, ..TruncationParams::default() };
    library.with_truncation(Some(truncation)).map_err(|error| error.to_string())?;
    let mut best = [0.0f64; 2];
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let ours: Vec<Vec<u32>> =
            texts.iter().map(|text| encoder.token_ids(text)).collect::<Result<_, _>>()?;
        best[0] = best[0].max(texts.len() as f64 / started.elapsed().as_secs_f64());
        let started = Instant::now();
        let mut theirs = Vec::with_capacity(texts.len());
        for text in texts {
            let encoding = library.encode_fast(*text, true).map_err(|error| error.to_string())?;
            theirs.push(encoding.get_ids().to_vec());
        }
        best[1] = best[1].max(texts.len() as f64 / started.elapsed().as_secs_f64());
        if let Some(at) = (0..texts.len()).find(|at| ours[*at] != theirs[*at]) {
            return Err(format!("`{}` has other ids than by the library", texts[at]).into());
        }
    }
    let [ours, theirs] = best;
    println!("{} texts tokenised, best of {ROUNDS} rounds, 1 thread: the same ids of all", texts.len());
    println!("  ours {ours:.0} texts/s, the library {theirs:.0}, {:.1} times", ours / theirs);
    Ok(())
}

/// How long a model takes to load from its files and from what is kept of it, both in memory, while ONNX
/// Runtime is started already.
fn load(name: &str, dtype: Dtype) -> Fallible<()> {
    let (spec, runtime) = (spec(dtype, 2), Runtime::load(Some(&runtime_library()?))?);
    let (graph, tokenizer) = (model_file("model.onnx")?, model_file("tokenizer.json")?);
    let (mut whole, mut again) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let loaded = Encoder::load(&graph, &tokenizer, &spec, &runtime)?;
        whole.push(started.elapsed().as_secs_f64() * 1e3);
        let kept = loaded.keep(&tokenizer, AlignedBytes::new())?.into_bytes();
        let started = Instant::now();
        let kept = KeptModel::open(kept)?;
        let graph = kept.needs_graph().then_some(&graph[..]);
        let opened = Encoder::load_kept(&kept, graph, &spec, &runtime)?;
        again.push(started.elapsed().as_secs_f64() * 1e3);
        let texts = ["a text to try it"];
        if opened.encode(&|| false, &texts)? != loaded.encode(&|| false, &texts)? {
            return Err("what is kept of a model gives another embedding".into());
        }
    }
    let (whole, again) = (median(&whole), median(&again));
    println!("{name} loaded from its files in {whole:.1} ms, from what is kept of it in {again:.1} ms");
    Ok(())
}

fn main() -> Fallible<()> {
    load("f32", Dtype::F32)?;
    load("f16", Dtype::F16)?;
    load("int8", Dtype::Int8)?;
    let encoders = [
        ("f32, 1 thread", encoder(Dtype::F32, 1)?),
        ("f32, 2 threads", encoder(Dtype::F32, 2)?),
        ("f16, 2 threads", encoder(Dtype::F16, 2)?),
        ("int8, 1 thread", encoder(Dtype::Int8, 1)?),
        ("int8, 2 threads", encoder(Dtype::Int8, 2)?),
    ];
    // Cargo passes --bench.
    let given = env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let texts: Vec<String> = match &given {
        Some(path) => fs::read_to_string(path)?.lines().map(str::to_string).collect(),
        None => queries()?,
    };
    let all: Vec<&str> = texts.iter().map(String::as_str).collect();
    tokenize(&all, &encoders[0].1)?;
    let name = given.as_deref().unwrap_or("usage examples of the demonstration");
    let some = |most: usize| -> Vec<&str> {
        let step = (texts.len() / most).max(1);
        texts.iter().step_by(step).take(most).map(String::as_str).collect()
    };
    compare(name, &some(TEXTS), &encoders)?;
    let Some(device) = env::var_os("ARGTOP_CUDA") else { return Ok(()) };
    let device = device.to_str().and_then(|device| device.parse().ok()).ok_or("ARGTOP_CUDA is no number")?;
    let on_device = |dtype| encoder_of(&ModelSpec { device: Device::Cuda(device), ..spec(dtype, 2) });
    let encoders = [
        ("f32, CUDA", on_device(Dtype::F32)?),
        ("f16, CUDA", on_device(Dtype::F16)?),
        ("int8, 2 threads", encoder(Dtype::Int8, 2)?),
    ];
    compare(name, &some(DEVICE_TEXTS), &encoders)
}
