//! What is kept of a model gives the same embeddings as the model.

use super::inspect::Probed;
use super::kept::{self, KeptModel, Ran};
use super::pieces::PieceTable;
use super::quantize::{Parts, TableRows, TableValues, quantize};
use super::testing::*;
use super::tokenizer::TextTokenizer;
use super::*;
use crate::kernel::{Attention8, LayerNorm, Linear8, Stack8, Step8};
use crate::packed::tests::survives_damage;
use crate::packed::{AlignedBytes, Bytes};

fn keep(encoder: &Encoder, tokenizer: &[u8]) -> AlignedBytes {
    encoder.keep(tokenizer, AlignedBytes::new()).unwrap()
}

fn open(kept: &AlignedBytes) -> KeptModel {
    KeptModel::open(kept.clone().into_bytes()).unwrap()
}

/// Loads, keeps, loads what was kept, and compares.
fn check(model: &[u8], tokenizer: &[u8], spec: &ModelSpec, texts: &[&str]) {
    let loaded = Encoder::load(model, tokenizer, spec, &runtime()).unwrap();
    let file = keep(&loaded, tokenizer);
    let kept = open(&file);
    assert_eq!(kept.needs_graph(), spec.dtype == Dtype::F32);
    let again = Encoder::load_kept(&kept, kept.needs_graph().then_some(model), spec, &runtime()).unwrap();
    assert_eq!(again.info(), loaded.info());
    for text in texts {
        assert_eq!(again.token_ids(text).unwrap(), loaded.token_ids(text).unwrap(), "{text}");
    }
    let embeddings = |encoder: &Encoder| encoder.encode(&|| false, texts).unwrap();
    assert_eq!(embeddings(&again), embeddings(&loaded));
    assert_eq!(keep(&again, tokenizer).as_ref(), file.as_ref(), "what is kept of it again is the same");
}

#[test]
fn embeddings_are_those_of_the_model() {
    let texts = ["a small dog", "caf\u{e9} [MASK] \u{4e2d}", "", "unbelievably zqxjkv", "naive [SEP] words"];
    let (model, tokenizer) = (minilm("model.onnx"), minilm("tokenizer.json"));
    let int8 = ModelSpec { dtype: Dtype::Int8, threads: 2, ..spec(Pooling::Mean) };
    check(&model, &tokenizer, &int8, &texts);
    check(&model, &tokenizer, &spec(Pooling::Mean), &texts);
    let words = ["w3", "w4 w5 w19", "unknown w7"];
    let tiny = fixture("tiny_bert.onnx");
    check(&tiny, &word_tokenizer(true), &ModelSpec { dtype: Dtype::Int8, ..spec(Pooling::Cls) }, &words);
    check(&fixture("static64.onnx"), &fixture("tokenizer.json"), &spec(Pooling::Mean), &texts[..1]);
}

#[test]
fn a_trial_run_counts_only_where_it_was_made() {
    let tokenizer = word_tokenizer(true);
    let spec = spec(Pooling::Mean);
    let loaded = Encoder::load(&fixture("tiny_bert.onnx"), &tokenizer, &spec, &runtime()).unwrap();
    let kept = open(&keep(&loaded, &tokenizer));
    let here = loaded.ran();
    assert!(kept.probed(here).is_some());
    for other in [
        Ran { runtime: "another".to_string(), ..here.clone() },
        Ran { provider: "cuda:0".to_string(), ..here.clone() },
        Ran { threads: here.threads + 1, ..here.clone() },
        Ran { instructions: String::new(), ..here.clone() },
    ] {
        assert!(kept.probed(&other).is_none(), "{other:?}");
    }
    // Then it is made again, and the model is as it was.
    let more = ModelSpec { threads: 2, ..spec };
    let graph = fixture("tiny_bert.onnx");
    let again = Encoder::load_kept(&kept, Some(&graph), &more, &runtime()).unwrap();
    assert_eq!(again.info(), loaded.info());
}

#[test]
fn another_specification_is_refused() {
    let (model, tokenizer) = (fixture("tiny_bert.onnx"), word_tokenizer(true));
    let f32 = spec(Pooling::Mean);
    let int8 = ModelSpec { dtype: Dtype::Int8, ..f32.clone() };
    let refused = |kept: &ModelSpec, graph: Option<&[u8]>, asked: &ModelSpec| {
        let loaded = Encoder::load(&model, &tokenizer, kept, &runtime()).unwrap();
        let kept = open(&keep(&loaded, &tokenizer));
        let error = Encoder::load_kept(&kept, graph, asked, &runtime()).err().unwrap();
        assert!(error.to_string().contains("what was kept is of another model"), "{error}");
    };
    refused(&int8, Some(&model), &f32);
    refused(&f32, Some(&model), &int8);
    refused(&f32, None, &f32);
}

/// A layer of two inputs and one output.
fn layer() -> Linear8 {
    Linear8::quantize(&[1.0, -0.5], 1, Some(&[0.25])).unwrap()
}

/// A small file with one part of each kind.
fn small() -> AlignedBytes {
    let norm = LayerNorm { scale: vec![1.0], bias: vec![0.5], epsilon: 1e-5 };
    let steps = vec![Step8 { layer: layer(), gelu: true }];
    let parts = Parts {
        stacks: vec![Stack8::new(steps, Some(norm)).unwrap()],
        attentions: vec![Attention8::new([layer(), layer(), layer()], 1, 0.5).unwrap()],
        tables: vec![TableRows { width: 2, values: TableValues::Loaded(vec![1.0, 2.0, 3.0, 4.0]) }],
    };
    let probed = Probed { dimension: 1, batching: super::batch::Batching::EqualLength, note: None };
    let ran =
        Ran { runtime: String::new(), provider: String::new(), threads: 1, instructions: String::new() };
    let pieces = PieceTable::new([(&b"a"[..], 0), (&b"##b"[..], 1)]).unwrap();
    let tokenizer = TextTokenizer::load(&fixture("tokenizer.json"), 8).unwrap();
    let words = wordpiece::WordPieces::from_parts(pieces, tokenizer.pieces().unwrap().rules.clone());
    let tokenizer = TextTokenizer::of_pieces(words, 1, 8);
    kept::write(AlignedBytes::new(), &probed, &ran, (&tokenizer, b"{}"), Some((b"graph", &parts))).unwrap()
}

#[test]
fn damage_never_panics_and_cut_files_never_open() {
    let read = |bytes: Bytes| {
        let kept = KeptModel::open(bytes).ok()?;
        let ids = kept.tokenizer(8).map(|tokenizer| tokenizer.ids("a ab"));
        Some((ids, kept.quantized()))
    };
    let file = small();
    let (ids, quantized) = read(file.clone().into_bytes()).unwrap();
    assert!(ids.unwrap().unwrap().contains(&1) && quantized.unwrap().is_some());
    survives_damage(&file, |bytes| read(bytes).is_some());
}

#[test]
fn parts_come_back_as_they_were() {
    let model = fixture("tiny_bert.onnx");
    let tokenizer = word_tokenizer(true);
    let int8 = ModelSpec { dtype: Dtype::Int8, ..spec(Pooling::Mean) };
    let loaded = Encoder::load(&model, &tokenizer, &int8, &runtime()).unwrap();
    let (first, again) = (quantize(&model).unwrap(), open(&keep(&loaded, &tokenizer)).quantized().unwrap());
    let again = again.unwrap();
    assert_eq!(again.bytes, first.bytes);
    let told = |parts: &Parts| {
        let tables: Vec<_> =
            parts.tables.iter().map(|table| (table.width, table.values.get().to_vec())).collect();
        format!("{:?} {:?} {tables:?}", parts.stacks, parts.attentions)
    };
    assert_eq!(told(&again.parts), told(&first.parts));
}
