//! What the benches share: texts of the demonstration, the encoder that `make setup` fetches, and files.

pub(crate) mod files;

use std::env;
use std::error::Error;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use argtop::model::{Device, Dtype, Encoder, ModelLimits, ModelSpec, Pooling, Runtime};

pub(crate) type Fallible<T> = Result<T, Box<dyn Error>>;

/// Where `make setup` puts what it fetches.
#[allow(dead_code)]
pub(crate) fn cache() -> Fallible<PathBuf> {
    match env::var_os("ARGTOP_CACHE") {
        Some(cache) => Ok(cache.into()),
        None => Ok(Path::new(&env::var_os("HOME").ok_or("HOME is not set")?).join(".cache/argtop")),
    }
}

/// The titles in a file of the demonstration's set: `lbl` or `tst`.
#[allow(dead_code)]
pub(crate) fn titles(name: &str) -> Fallible<Vec<String>> {
    Ok(rows(name)?.into_iter().map(|(_, title)| title).collect())
}

/// The usage examples among the test texts, which are as long as queries: 9 word pieces on average. The
/// others, whose names end in `.0`, are definitions.
#[allow(dead_code)]
pub(crate) fn queries() -> Fallible<Vec<String>> {
    let examples = rows("tst")?.into_iter().filter(|(uid, _)| !uid.ends_with(".0"));
    Ok(examples.map(|(_, title)| title).collect())
}

/// Names and titles.
#[allow(dead_code)]
fn rows(name: &str) -> Fallible<Vec<(String, String)>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cli/demo/wordnet");
    let mut json = String::new();
    let file = fs::File::open(folder.join(format!("{name}.json.gz")))?;
    flate2::read::MultiGzDecoder::new(file).read_to_string(&mut json)?;
    let row = |line: &str| -> Fallible<(String, String)> {
        let row: serde_json::Value = serde_json::from_str(line)?;
        let title = row["title"].as_str().ok_or("a row without a title")?.to_string();
        Ok((row["uid"].as_str().unwrap_or_default().to_string(), title))
    };
    json.lines().map(row).collect()
}

/// ONNX Runtime from where ORT_DYLIB_PATH or `make setup` puts it.
#[allow(dead_code)]
pub(crate) fn runtime_library() -> Fallible<PathBuf> {
    let cache = cache()?;
    Ok(env::var_os("ORT_DYLIB_PATH")
        .map_or_else(|| cache.join("lib/libonnxruntime.so.1.31.1"), PathBuf::from))
}

/// MiniLM-L3 without a cache of texts.
#[allow(dead_code)]
pub(crate) fn encoder(dtype: Dtype, threads: usize) -> Fallible<Encoder> {
    encoder_of(&spec(dtype, threads))
}

/// The same by a specification.
#[allow(dead_code)]
pub(crate) fn encoder_of(spec: &ModelSpec) -> Fallible<Encoder> {
    let runtime = Runtime::load(Some(&runtime_library()?))?;
    let limits = ModelLimits { cache_entries: 0, ..ModelLimits::default() };
    let (graph, tokenizer) = (model_file("model.onnx")?, model_file("tokenizer.json")?);
    Ok(Encoder::load_within(&graph, &tokenizer, spec, &runtime, &limits)?)
}

/// A file of the demonstration's model.
#[allow(dead_code)]
pub(crate) fn model_file(name: &str) -> Fallible<Vec<u8>> {
    Ok(fs::read(cache()?.join("models/minilm-l3").join(name))?)
}

/// How the demonstration's model is loaded.
#[allow(dead_code)]
pub(crate) fn spec(dtype: Dtype, threads: usize) -> ModelSpec {
    ModelSpec {
        pooling: Pooling::Mean,
        normalize: true,
        max_tokens: 64,
        output: None,
        dtype,
        device: Device::Cpu,
        fallback_cpu: false,
        threads,
    }
}

/// The middle one of some times.
#[allow(dead_code)]
pub(crate) fn median(times: &[f64]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
