//! Models in f16, and models that are run as a device would run them, both on the processor.

use super::float16::float16;
use super::graph::Graph;
use super::protobuf::{check_self_contained, fields};
use super::session::{OnnxSession, Place, Source};
use super::testing::*;
use super::tokenizer::TextTokenizer;
use super::*;
use crate::kernel::{dot_exact, norm};

fn f16(pooling: Pooling) -> ModelSpec {
    ModelSpec { dtype: Dtype::F16, ..spec(pooling) }
}

fn uncached() -> ModelLimits {
    ModelLimits { cache_entries: 0, ..ModelLimits::default() }
}

fn load(model: &[u8], tokenizer: &[u8], spec: &ModelSpec) -> Result<Encoder, ModelError> {
    Encoder::load_within(model, tokenizer, spec, &runtime(), &uncached())
}

/// The same, run as on a device.
fn load_like_a_device(model: &[u8], tokenizer: &[u8], spec: &ModelSpec) -> Encoder {
    let runtime = runtime();
    let place = Place::like_a_device(spec, &runtime).unwrap();
    let session = OnnxSession::load_in(place, Source::Onnx(model), spec, &runtime).unwrap();
    let tokenizer = TextTokenizer::load(tokenizer, spec.max_tokens).unwrap();
    Encoder::of(tokenizer, session, None, spec, &uncached()).unwrap()
}

const WORDS: [&str; 8] = ["dog", "puppy", "mortgage", "the", "of", "running", "quantum", "apple"];

/// Random words, joined to texts of many lengths.
fn texts(words: &[String]) -> Vec<String> {
    let mut random = fastrand::Rng::with_seed(7);
    let text = |_| {
        let length = 1 + random.usize(0..14);
        (0..length).map(|_| &words[random.usize(0..words.len())][..]).collect::<Vec<_>>().join(" ")
    };
    (0..150).map(text).collect()
}

/// Models, their tokenizers and texts for them.
fn models() -> [(Vec<u8>, Vec<u8>, Vec<String>); 2] {
    let numbered: Vec<String> = (0..20).map(|id| format!("w{id}")).collect();
    [
        (fixture("tiny_bert.onnx"), word_tokenizer(true), texts(&numbered)),
        (minilm("model.onnx"), minilm("tokenizer.json"), texts(&WORDS.map(String::from))),
    ]
}

fn encode(encoder: &Encoder, texts: &[String]) -> Embeddings {
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    encoder.encode(&|| false, &texts).unwrap()
}

/// The least cosine of two lists of embeddings.
fn least_cosine(a: &Embeddings, b: &Embeddings) -> f64 {
    assert_eq!((a.dimension, a.values.len()), (b.dimension, b.values.len()));
    let rows = a.values.chunks(a.dimension).zip(b.values.chunks(b.dimension));
    rows.map(|(a, b)| dot_exact(a, b) / (norm(a) * norm(b))).fold(1.0, f64::min)
}

#[test]
fn embeddings_in_f16_are_near_and_do_not_depend_on_company() {
    for (model, tokenizer, texts) in models() {
        let encoder = load(&model, &tokenizer, &f16(Pooling::Mean)).unwrap();
        assert!(encoder.info().notes.iter().any(|note| note.contains("f16 on the processor")));
        let found = encode(&encoder, &texts);
        let exact = encode(&load(&model, &tokenizer, &spec(Pooling::Mean)).unwrap(), &texts);
        assert_ne!(found.values, exact.values, "matrices are rounded");
        let least = least_cosine(&found, &exact);
        assert!(least > 0.99999, "the least cosine is {least}");
        for (text, expected) in texts.iter().zip(found.values.chunks(found.dimension)) {
            assert_eq!(encode(&encoder, std::slice::from_ref(text)).values, expected, "{text}");
        }
    }
}

/// Reads a graph and hands it over.
fn read<T>(model: &[u8], look: impl FnOnce(&Graph<'_>) -> T) -> T {
    let graph = fields(model, 0, model.len()).unwrap().into_iter().find(|field| field.number == 7).unwrap();
    look(&Graph::read(model, graph).unwrap())
}

/// Operators of a graph that read tensors in f16, and those that do not, casts aside.
fn by_numbers(model: &[u8]) -> (Vec<String>, Vec<String>) {
    read(model, |graph| {
        let nodes = graph.nodes.values().filter(|node| !["Cast", "Constant"].contains(&node.operator));
        let narrow = |node: &&&super::graph::Node<'_>| {
            node.inputs.iter().any(|input| input.starts_with("argtop.f16/"))
        };
        let nodes: Vec<_> = nodes.collect();
        let names = |nodes: Vec<&&super::graph::Node<'_>>| {
            nodes.iter().map(|node| node.operator.to_string()).collect::<Vec<_>>()
        };
        let (narrow, wide): (Vec<_>, Vec<_>) = nodes.iter().partition(narrow);
        (names(narrow), names(wide))
    })
}

#[test]
fn products_and_what_leads_to_them_are_in_f16_and_what_follows_is_not() {
    for (model, ..) in models() {
        let changed = float16(&model).unwrap();
        check_self_contained(&changed).unwrap();
        let (narrow, wide) = by_numbers(&changed);
        let products = |names: &[String]| names.iter().filter(|name| *name == "MatMul").count();
        assert_eq!(products(&wide), 0, "{wide:?}");
        assert_eq!(products(&narrow), products(&by_numbers(&model).1));
        // The tables of words and positions, and attention.
        for operator in ["Gather", "Softmax", "LayerNormalization"] {
            assert!(narrow.iter().any(|name| name == operator), "{operator} in {narrow:?}");
        }
        // Behind the last product.
        assert!(wide.iter().any(|name| name == "LayerNormalization"), "{wide:?}");
        let share = changed.len() as f64 / model.len() as f64;
        assert!((0.45..0.75).contains(&share), "{share} of its size");
    }
}

/// What an encoder in f16 makes of the word with id 4.
fn embed(model: &[u8], output: &str) -> Vec<f32> {
    let spec = ModelSpec { output: Some(output.to_string()), ..f16(Pooling::Mean) };
    let encoder = load(model, &word_tokenizer(false), &spec).unwrap();
    encoder.encode(&|| false, &["w4"]).unwrap().values
}

const W: [f32; 6] = [1.0, 2.0, 3.0, 0.0, 0.5, 127.0];

#[test]
fn numbers_that_f16_does_not_hold_keep_their_nodes() {
    let out: &[Declared<'_>] = &[("y", FLOAT, &[0, 0, 3])];
    // 4e-9 is none in f16, nor is 4e7; their product with the next factor is.
    for (factor, back) in [(1e-9, 1e9), (1e7, 1e-7)] {
        let nodes = [
            node("Mul", &["x", "factor"], "scaled", &[]),
            node("Mul", &["scaled", "back"], "again", &[]),
            node("MatMul", &["again", "w"], "y", &[]),
        ];
        let tensors =
            [tensor("w", &[2, 3], &W), tensor("factor", &[1], &[factor]), tensor("back", &[1], &[back])];
        let model = graph(&nodes, &tensors, out);
        assert_eq!(embed(&model, "y"), [4.0, 10.0, 520.0]);
        let (narrow, wide) = by_numbers(&float16(&model).unwrap());
        assert_eq!(narrow, ["MatMul"]);
        assert_eq!(wide.iter().filter(|name| *name == "Mul").count(), 2);
    }
    // One of the factors fits, and its node is changed.
    let nodes = [node("Mul", &["x", "half"], "scaled", &[]), node("MatMul", &["scaled", "w"], "y", &[])];
    let model = graph(&nodes, &[tensor("w", &[2, 3], &W), tensor("half", &[1], &[0.5])], out);
    assert_eq!(embed(&model, "y"), [2.0, 5.0, 260.0]);
    assert!(by_numbers(&float16(&model).unwrap()).0.contains(&"Mul".to_string()));
    // A matrix that does not fit leaves nothing to change.
    let nodes = [node("MatMul", &["x", "w"], "y", &[])];
    let model = graph(&nodes, &[tensor("w", &[2, 3], &W.map(|number| number * 1e4))], out);
    let error = load(&model, &word_tokenizer(false), &f16(Pooling::Mean)).unwrap_err().to_string();
    assert!(error.contains("no product") && error.contains("dtype 'f16'"), "{error}");
}

#[test]
fn what_is_read_in_both_numbers_is_there_in_both() {
    // s is read by a sum that leads to a product, by one that does not, and from outside; b by sums of both.
    let nodes = [
        node("MatMul", &["x", "w"], "s", &[]),
        node("Add", &["s", "b"], "p", &[]),
        node("MatMul", &["p", "w"], "t", &[]),
        node("Add", &["s", "t"], "u", &[]),
        node("Sqrt", &["u"], "root", &[]),
        node("MatMul", &["root", "w"], "v", &[]),
        node("Add", &["v", "b"], "y", &[]),
    ];
    let both: &[Declared<'_>] = &[("s", FLOAT, &[0, 0, 2]), ("y", FLOAT, &[0, 0, 2])];
    let tensors = [tensor("w", &[2, 2], &[1.0, 2.0, 3.0, 4.0]), tensor("b", &[2], &[0.5, 1.0])];
    let model = graph(&nodes, &tensors, both);
    assert_eq!(embed(&model, "s"), [16.0, 24.0]);
    // t = (91.5, 133), the roots of u = (107.5, 157) in f32, and v = (47.96, 70.86).
    let y = embed(&model, "y");
    assert!((y[0] - 48.458).abs() < 0.03 && (y[1] - 71.856).abs() < 0.04, "{y:?}");
    let changed = float16(&model).unwrap();
    assert_eq!(by_numbers(&changed).0, ["Unsqueeze", "Concat", "MatMul", "Add", "MatMul", "MatMul"]);
    let kept = |name: &str| read(&changed, |graph| graph.initializer(name).is_some());
    // In f32 w is read no more.
    assert_eq!(["w", "b"].map(kept), [false, true]);
}

#[test]
fn cut_models_are_errors() {
    let model = fixture("tiny_bert.onnx");
    for cut in (1..model.len()).step_by(997) {
        // A cut may also lie between two fields of the file.
        if let Err(error) = float16(&model[..cut]) {
            let known = matches!(error, ModelError::NotOnnx { .. } | ModelError::NotQuantizable { .. });
            assert!(known, "{error}");
        }
    }
}

/// Embeddings of a device: pooled by the graph, and handed over in memory that is bound to the run.
#[test]
fn a_device_pools_as_the_processor_does() {
    for (model, tokenizer, texts) in models() {
        for pooling in [Pooling::Mean, Pooling::Cls] {
            for spec in [spec(pooling), f16(pooling)] {
                let here = load(&model, &tokenizer, &spec).unwrap();
                let there = load_like_a_device(&model, &tokenizer, &spec);
                let (mut info, mut expected) = (there.info(), here.info());
                (info.notes, expected.notes) = (Vec::new(), Vec::new());
                assert_eq!(info, expected);
                assert!(there.call_texts() > here.call_texts());
                let (found, exact) = (encode(&there, &texts), encode(&here, &texts));
                assert!(
                    found
                        .values
                        .iter()
                        .zip(&exact.values)
                        .all(|(a, b)| (a - b).abs() <= 1e-5 * norm_of(&exact))
                );
                assert!(least_cosine(&found, &exact) > 0.999_999_9);
                // Again, and alone: nothing of another run is left in the memory.
                assert_eq!(encode(&there, &texts[..3]).values, found.values[..3 * found.dimension]);
            }
        }
    }
}

/// The length of the first embedding, for a measure of rounding.
fn norm_of(embeddings: &Embeddings) -> f32 {
    norm(&embeddings.values[..embeddings.dimension]) as f32
}

/// From version 18 on the axes of a mean are an input.
#[test]
fn a_device_pools_by_newer_operators_too() {
    let nodes = [node("MatMul", &["x", "w"], "y", &[])];
    let tensors = [tensor("w", &[2, 3], &W)];
    let of_17 = graph(&nodes, &tensors, &[("y", FLOAT, &[0, 0, 3])]);
    let (old, new) = (field(8, &number(2, 17)), field(8, &number(2, 18)));
    let at = of_17.windows(old.len()).position(|window| window == old).unwrap();
    let of_18 = [&of_17[..at], &new, &of_17[at + old.len()..]].concat();
    for model in [of_17, of_18] {
        let spec = ModelSpec { output: Some("y".to_string()), ..spec(Pooling::Mean) };
        let encoder = load_like_a_device(&model, &word_tokenizer(false), &spec);
        let found = encoder.encode(&|| false, &["w4 w6", "w3"]).unwrap();
        assert_eq!(found.values, [5.0, 12.5, 650.0, 3.0, 7.5, 390.0]);
    }
}
