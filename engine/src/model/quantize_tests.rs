//! Rewriting models to 8-bit layers, and what becomes of their embeddings.

use super::quantize::{Parts, Quantized, quantize};
use super::testing::*;
use super::*;
use crate::kernel::Stack8;

fn int8(pooling: Pooling) -> ModelSpec {
    ModelSpec { dtype: Dtype::Int8, ..spec(pooling) }
}

fn uncached(model: &[u8], tokenizer: &[u8], spec: &ModelSpec) -> Result<Encoder, ModelError> {
    let limits = ModelLimits { cache_entries: 0, ..ModelLimits::default() };
    Encoder::load_within(model, tokenizer, spec, &runtime(), &limits)
}

fn cosines(a: &Embeddings, b: &Embeddings) -> Vec<f64> {
    let rows = a.values.chunks(a.dimension).zip(b.values.chunks(b.dimension));
    rows.map(|(a, b)| {
        let norm = crate::kernel::norm(a) * crate::kernel::norm(b);
        crate::kernel::dot_exact(a, b) / norm
    })
    .collect()
}

/// Random words, joined to texts of many lengths.
fn texts(count: usize, words: &[&str]) -> Vec<String> {
    let mut random = fastrand::Rng::with_seed(3);
    let text = |_| {
        let length = 1 + random.usize(0..14);
        (0..length).map(|_| words[random.usize(0..words.len())]).collect::<Vec<_>>().join(" ")
    };
    (0..count).map(text).collect()
}

/// Embeddings are near those of f32 and the same alone, in any company and with any number of threads.
fn check_embeddings(model: &[u8], tokenizer: &[u8], words: &[&str], least: f64) {
    let texts = texts(120, words);
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let encode =
        |encoder: &Result<Encoder, ModelError>| encoder.as_ref().unwrap().encode(&|| false, &texts).unwrap();
    let (exact, coarse) =
        (uncached(model, tokenizer, &spec(Pooling::Mean)), uncached(model, tokenizer, &int8(Pooling::Mean)));
    let found = encode(&coarse);
    let cosines = cosines(&encode(&exact), &found);
    let worst = cosines.iter().copied().fold(1.0, f64::min);
    assert!(worst > least && worst < 1.0, "the worst cosine is {worst}");
    for (text, expected) in texts.iter().zip(found.values.chunks(found.dimension)) {
        let alone = coarse.as_ref().unwrap().encode(&|| false, &[text]).unwrap();
        assert_eq!(alone.values, expected, "{text}");
    }
    let two = ModelSpec { threads: 2, ..int8(Pooling::Mean) };
    assert_eq!(encode(&uncached(model, tokenizer, &two)).values, found.values);
}

#[test]
fn embeddings_of_8_bit_layers_are_near_and_do_not_depend_on_company() {
    let words: Vec<String> = (0..20).map(|id| format!("w{id}")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    check_embeddings(&fixture("tiny_bert.onnx"), &word_tokenizer(true), &words, 0.999);
    let words = ["dog", "puppy", "mortgage", "the", "of", "running", "quantum", "apple", "in", "blue"];
    check_embeddings(&minilm("model.onnx"), &minilm("tokenizer.json"), &words, 0.985);
}

/// How many stacks, layers in them, attentions and tables a model becomes.
fn counts(model: &[u8]) -> [usize; 4] {
    let parts = quantize(model).unwrap().parts;
    let Parts { stacks, attentions, tables } = &*parts;
    let layers = stacks.iter().map(|stack| stack.steps().len()).sum();
    [stacks.len(), layers, attentions.len(), tables.len()]
}

#[test]
fn layers_become_two_stacks_and_an_attention_and_their_matrices_leave_the_graph() {
    let model = minilm("model.onnx");
    // Three layers: the product behind attention, and the two around GELU.
    assert_eq!(counts(&model), [6, 9, 3, 1]);
    assert_eq!(counts(&fixture("tiny_bert.onnx"))[2], 2);
    let Quantized { bytes, parts } = quantize(&model).unwrap();
    assert!(parts.stacks.iter().all(Stack8::is_normalized));
    let gelu = |stack: &Stack8| stack.steps().iter().map(|step| step.gelu).collect::<Vec<bool>>();
    assert_eq!(parts.stacks.iter().filter(|stack| gelu(stack) == [true, false]).count(), 3);
    assert_eq!(parts.stacks.iter().filter(|stack| gelu(stack) == [false]).count(), 3);
    assert_eq!((parts.tables[0].width, parts.tables[0].values.get().len()), (384, 30_522 * 384));
    // Positions stay, since they are not read by an input of the graph.
    assert!(bytes.len() < 1_000_000, "{} bytes are left", bytes.len());
    super::protobuf::check_self_contained(&bytes).unwrap();
}

const W: [f32; 6] = [1.0, 2.0, 3.0, 0.0, 0.0, 127.0];
const B: [f32; 3] = [0.5, 0.25, 0.125];

/// What an int8 encoder makes of the word with id 4, and the number of layers.
fn embed(model: &[u8], output: &str) -> (Vec<f32>, usize) {
    let spec = ModelSpec { output: Some(output.to_string()), ..int8(Pooling::Mean) };
    let encoder = uncached(model, &word_tokenizer(false), &spec).unwrap();
    (encoder.encode(&|| false, &["w4"]).unwrap().values, counts(model)[1])
}

#[test]
fn products_with_and_without_a_bias_become_layers() {
    let tensors = [tensor("w", &[2, 3], &W), tensor("b", &[3], &B)];
    let out: &[Declared<'_>] = &[("y", FLOAT, &[0, 0, 3])];
    // Both numbers of x have the same size, so that their codes are exact.
    let near = |found: &[f32], expected: [f32; 3]| {
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() <= 0.01 * b.abs()), "{found:?}");
    };
    let plain = [node("MatMul", &["x", "w"], "y", &[])];
    let (found, layers) = embed(&graph(&plain, &tensors, out), "y");
    assert_eq!(layers, 1);
    near(&found, [4.0, 8.0, 520.0]);
    for sides in [["s", "b"], ["b", "s"]] {
        let biased = [node("MatMul", &["x", "w"], "s", &[]), node("Add", &sides, "y", &[])];
        let model = graph(&biased, &tensors, out);
        let bytes = quantize(&model).unwrap().bytes;
        assert_eq!(counts(&model), [1, 1, 0, 0]);
        // The addition is part of the layer.
        assert!(!bytes.windows(3).any(|window| window == b"Add"));
        near(&embed(&model, "y").0, [4.5, 8.25, 520.125]);
    }
}

#[test]
fn what_else_reads_a_tensor_or_a_sum_still_finds_it() {
    let tensors = [tensor("w", &[2, 3], &W), tensor("b", &[3], &B)];
    let out: &[Declared<'_>] = &[("y", FLOAT, &[0, 0, 3])];
    // The sum is read twice, and the bias is also a factor: the addition stays, and so does the bias.
    let nodes = [
        node("MatMul", &["x", "w"], "s", &[]),
        node("Add", &["s", "b"], "t", &[]),
        node("Mul", &["s", "b"], "u", &[]),
        node("Add", &["t", "u"], "y", &[]),
    ];
    let (found, layers) = embed(&graph(&nodes, &tensors, out), "y");
    assert_eq!(layers, 1);
    for (found, expected) in found.iter().zip([6.5, 10.25, 585.125]) {
        assert!((found - expected).abs() <= 0.01 * expected, "{found} {expected}");
    }
    // A sum that is an output of the graph keeps its name.
    let nodes = [node("MatMul", &["x", "w"], "s", &[]), node("Add", &["s", "b"], "y", &[])];
    let both: &[Declared<'_>] = &[("s", FLOAT, &[0, 0, 3]), ("y", FLOAT, &[0, 0, 3])];
    let model = graph(&nodes, &tensors, both);
    for (output, expected) in [("s", 4.0), ("y", 4.5)] {
        assert!((embed(&model, output).0[0] - expected).abs() < 0.05);
    }
}

#[test]
fn models_without_fixed_matrices_and_other_devices_are_refused() {
    let message = |model: &[u8], spec: &ModelSpec| {
        uncached(model, &word_tokenizer(true), spec).unwrap_err().to_string()
    };
    let out: &[Declared<'_>] = &[("y", FLOAT, &[0, 0, 2])];
    let product = [node("Identity", &["x"], "y", &[])];
    let found = message(&graph(&product, &[], out), &int8(Pooling::Mean));
    assert!(found.contains("no product with a fixed f32 matrix") && found.contains("dtype"), "{found}");
    let wide: &[Declared<'_>] = &[("y", FLOAT, &[0, 0, 3])];
    let product = [node("MatMul", &["x", "w"], "y", &[])];
    let broken = graph(&product, &[tensor("w", &[2, 3], &[f32::NAN; 6])], wide);
    assert!(message(&broken, &int8(Pooling::Mean)).contains("tensor 'w' of the model has numbers"));
    let cuda = ModelSpec { device: Device::Cuda(0), ..int8(Pooling::Mean) };
    assert!(message(&fixture("tiny_bert.onnx"), &cuda).contains("runs on the processor, not on cuda:0"));
    let fallback = ModelSpec { fallback_cpu: true, ..cuda };
    let encoder = uncached(&fixture("tiny_bert.onnx"), &word_tokenizer(true), &fallback).unwrap();
    assert_eq!(encoder.provider(), "cpu");
    assert!(encoder.info().notes.concat().contains("not on cuda:0"), "{:?}", encoder.info().notes);
    let auto = ModelSpec { device: Device::Auto, ..int8(Pooling::Mean) };
    let encoder = uncached(&fixture("tiny_bert.onnx"), &word_tokenizer(true), &auto).unwrap();
    assert_eq!(encoder.provider(), "cpu");
}

#[test]
fn cut_models_are_errors() {
    let model = fixture("tiny_bert.onnx");
    for cut in (1..model.len()).step_by(997) {
        // A cut may also lie between two fields of the file.
        if let Err(error) = quantize(&model[..cut]) {
            assert!(
                matches!(error, ModelError::NotOnnx { .. } | ModelError::NotQuantizable { .. }),
                "{error}"
            );
        }
    }
}
