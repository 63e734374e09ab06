//! Encoders from end to end, on small models with known numbers, and on models made to be wrong.

use std::cell::Cell;

use super::session::{OnnxSession, Source, TokenRows};
use super::testing::*;
use super::*;

const OPEN: &[u64] = &[0, 0];

fn load(model: &[u8], tokenizer: &[u8], spec: &ModelSpec) -> Result<Encoder, ModelError> {
    Encoder::load(model, tokenizer, spec, &runtime())
}

fn static64() -> Encoder {
    load(&fixture("static64.onnx"), &fixture("tokenizer.json"), &spec(Pooling::None)).unwrap()
}

fn encode(encoder: &Encoder, texts: &[&str]) -> Embeddings {
    encoder.encode(&|| false, texts).unwrap()
}

/// An encoder without a cache, so that every call runs the model.
fn uncached(model: &[u8], tokenizer: &[u8], spec: &ModelSpec) -> Encoder {
    let limits = ModelLimits { cache_entries: 0, ..ModelLimits::default() };
    Encoder::load_within(model, tokenizer, spec, &runtime(), &limits).unwrap()
}

/// Random texts of words of the fixture tokenizers, of many lengths, some of them equal.
fn sentences(seed: u64, count: usize, words: &[&str]) -> Vec<String> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let sentence = |rng: &mut fastrand::Rng| {
        let length = 1 + rng.usize(0..12);
        (0..length).map(|_| words[rng.usize(0..words.len())]).collect::<Vec<_>>().join(" ")
    };
    (0..count).map(|_| sentence(&mut rng)).collect()
}

const WORDS: &[&str] =
    &["dog", "puppy", "mortgage", "the", "of", "running", "quantum", "apple", "in", "blue"];

/// Every text alone has bit for bit the embedding it has in one large call and in small ones.
#[track_caller]
fn check_same_in_any_company(encoder: &Encoder, texts: &[String]) {
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let together = encode(encoder, &texts);
    for (i, text) in texts.iter().enumerate() {
        let alone = encode(encoder, &[text]);
        let expected = &together.values[i * together.dimension..(i + 1) * together.dimension];
        assert_eq!(alone.values, expected, "text {i}: {text}");
    }
    for (call, some) in texts.chunks(7).enumerate() {
        let start = call * 7 * together.dimension;
        let expected = &together.values[start..start + some.len() * together.dimension];
        assert_eq!(encode(encoder, some).values, expected);
    }
}

#[test]
fn tiny_bert_gives_the_expected_numbers_with_and_without_padding() {
    let expected: serde_json::Value = serde_json::from_slice(&fixture("tiny_bert.expected.json")).unwrap();
    let numbers = |value: &serde_json::Value| -> Vec<i64> {
        value
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|row| row.as_array().unwrap())
            .map(|v| v.as_i64().unwrap())
            .collect()
    };
    let (ids, mask) = (numbers(&expected["input_ids"]), numbers(&expected["attention_mask"]));
    let states: Vec<Vec<Vec<f32>>> = serde_json::from_value(expected["last_hidden_state"].clone()).unwrap();
    let model = fixture("tiny_bert.onnx");
    let session = OnnxSession::load(Source::Onnx(&model), &spec(Pooling::Mean), &runtime()).unwrap();
    let input = TokenRows { rows: 2, tokens: 6, ids: &ids, mask: &mask };
    let found = session.run(input, |shape, values| Ok((shape.to_vec(), values.to_vec()))).unwrap();
    assert_eq!(found.0, [2, 6, 32]);
    let close =
        |a: &[f32], b: &[f32]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5);
    assert!(close(&found.1, &states.concat().concat()));

    let texts = ["w5 w9", "w7 w7 w11 w13"];
    for pooling in [Pooling::Mean, Pooling::Cls] {
        let encoder = load(&fixture("tiny_bert.onnx"), &word_tokenizer(true), &spec(pooling)).unwrap();
        let found = encode(&encoder, &texts);
        assert_eq!((found.dimension, found.tokens, found.encoded), (32, 10, 2));
        for (row, (states, tokens)) in states.iter().zip([4, 6]).enumerate() {
            let kept = if pooling == Pooling::Mean { tokens } else { 1 };
            let mean = |d: usize| states[..kept].iter().map(|state| state[d]).sum::<f32>() / kept as f32;
            let mean: Vec<f32> = (0..32).map(mean).collect();
            assert!(close(&found.values[row * 32..(row + 1) * 32], &mean), "{pooling:?}");
        }
    }
}

#[test]
fn texts_have_the_same_embedding_in_any_company() {
    let texts = sentences(7, 150, WORDS);
    let (tiny, tokenizer) = (fixture("tiny_bert.onnx"), word_tokenizer(true));
    let words: Vec<String> = (0..20).map(|id| format!("w{id}")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    check_same_in_any_company(&uncached(&tiny, &tokenizer, &spec(Pooling::Mean)), &sentences(8, 150, &words));
    let static64 = fixture("static64.onnx");
    let two = ModelSpec { threads: 2, ..spec(Pooling::None) };
    check_same_in_any_company(&uncached(&static64, &fixture("tokenizer.json"), &two), &texts);
}

#[test]
fn minilm_gives_token_vectors_that_agree_with_its_own_pooling() {
    let (model, tokenizer) = (minilm("model.onnx"), minilm("tokenizer.json"));
    let by_us = uncached(&model, &tokenizer, &spec(Pooling::Mean));
    assert_eq!((by_us.dimension(), by_us.info().output_rank, by_us.provider()), (384, 3, "cpu"));
    let named = ModelSpec { output: Some("461".to_string()), ..spec(Pooling::Mean) };
    let by_itself = uncached(&model, &tokenizer, &named);
    let notes = by_itself.info().notes.join("; ");
    assert!(notes.contains("pooled by the model itself"), "{notes}");
    let texts = sentences(9, 40, WORDS);
    check_same_in_any_company(&by_us, &texts);
    check_same_in_any_company(&by_itself, &texts);
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let (ours, its) = (encode(&by_us, &texts), encode(&by_itself, &texts));
    assert!(ours.values.iter().zip(&its.values).all(|(a, b)| (a - b).abs() < 1e-5));
}

#[test]
fn near_texts_have_near_embeddings() {
    let found = encode(&static64(), &["a small dog", "a puppy", "mortgage rates of a bank"]);
    let row = |i: usize| &found.values[i * 64..(i + 1) * 64];
    let similarity = |a, b| crate::kernel::dot_exact(row(a), row(b));
    assert!(similarity(0, 1) > similarity(0, 2) + 0.2);
}

#[test]
fn repeated_texts_are_encoded_once_and_small_calls_are_cached() {
    let encoder = static64();
    let first = encode(&encoder, &["dog", "cat", "dog", "", "cat"]);
    assert_eq!((first.encoded, first.tokens), (3, 3 + 3 + 3 + 2 + 3));
    assert_eq!(first.values[..64], first.values[128..192]);
    assert_ne!(first.values[..64], first.values[64..128]);
    let again = encode(&encoder, &["cat", "dog"]);
    assert_eq!((again.encoded, again.tokens), (0, 6));
    assert_eq!(again.values, [&first.values[64..128], &first.values[..64]].concat());
    let none = encode(&encoder, &[]);
    assert_eq!((none.values.len(), none.encoded), (0, 0));
}

#[test]
fn cancelling_stops_between_runs() {
    let encoder = static64();
    let texts = sentences(10, 3000, WORDS);
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    for stop_at in [0, 3, 6] {
        let asked = Cell::new(0);
        let cancelled = || asked.replace(asked.get() + 1) >= stop_at;
        let error = encoder.encode(&cancelled, &texts).unwrap_err();
        assert!(matches!(error, ModelError::Cancelled), "{error}");
        assert_eq!(asked.get(), stop_at + 1);
    }
    assert_eq!(encode(&encoder, &texts[..10]).values.len(), 640);
}

#[test]
fn long_texts_are_cut_to_max_tokens_and_longer_ones_refused() {
    let encoder = static64();
    let long = "word ".repeat((1 << 20) / 5);
    let found = encode(&encoder, &[&long, "", &"x".repeat(1 << 20)]);
    assert_eq!(found.tokens, 64 + 2 + 3);
    assert_eq!(found.values[..64], encode(&encoder, &["word ".repeat(62).as_str()]).values);
    let error = encoder.encode(&|| false, &["short", &"x".repeat((1 << 20) + 1)]).unwrap_err();
    assert_eq!(error.to_string(), "text 1 has 1048577 bytes, more than the limit of 1048576; shorten it");
}

#[test]
fn a_text_without_tokens_is_refused_by_its_place() {
    let encoder = load(&fixture("tiny_bert.onnx"), &word_tokenizer(false), &spec(Pooling::Mean)).unwrap();
    let error = encoder.encode(&|| false, &["w1", "  ", "w2"]).unwrap_err();
    assert!(error.to_string().starts_with("text 1 has no tokens"), "{error}");
}

#[track_caller]
fn check_refused(model: &[u8], tokenizer: &[u8], spec: &ModelSpec, expected: &str) {
    let error = inspect(model, tokenizer, spec, &runtime()).unwrap_err();
    let message = error.to_string();
    assert!(message.contains(expected), "{message}");
}

#[test]
fn models_that_cannot_be_used_are_refused_with_the_reason() {
    let (bert, words) = (fixture("tiny_bert.onnx"), word_tokenizer(true));
    let mean = spec(Pooling::Mean);
    inspect(&bert, &words, &mean, &runtime()).unwrap();
    check_refused(&bert[..bert.len() - 9], &words, &mean, "not a whole ONNX model: the file is cut short");
    check_refused(b"not a model at all", &words, &mean, "not a whole ONNX model");
    check_refused(&bert, b"{}", &mean, "the tokenizer file is not usable");
    let unnamed = ModelSpec { output: Some("pooled".to_string()), ..mean.clone() };
    check_refused(&bert, &words, &unnamed, "no output 'pooled'; outputs are last_hidden_state Tensor<f32>(");
    check_refused(
        &bert,
        &words,
        &spec(Pooling::None),
        "no output of 32-bit floats fits pooling none; outputs are",
    );
    check_refused(
        &bert,
        &fixture("tokenizer.json"),
        &mean,
        "on token id 30521, the greatest of the tokenizer",
    );
    let long = ModelSpec { max_tokens: 129, ..mean.clone() };
    check_refused(&bert, &words, &long, "on 129 tokens; lower max_tokens");
    // A file with every node's operator spoiled is whole, but no model ONNX Runtime knows.
    let unknown = onnx(
        &[("input_ids", INT64, OPEN)],
        &[node("Nothing", &["input_ids"], "e", &[])],
        &[("e", FLOAT, OPEN)],
    );
    check_refused(&unknown, &words, &mean, "ONNX Runtime does not accept the model");
}

/// A model that gives `[batch, 1]`: the mean id of a text through `operator` with `second`.
fn arithmetic(input: (&str, u64, &[u64]), operator: &str, second: &str) -> Vec<u8> {
    let nodes = [
        node("Cast", &[input.0], "x", &[attribute("to", &[FLOAT])]),
        node("ReduceMean", &["x"], "mean", &[attribute("axes", &[1]), attribute("keepdims", &[1])]),
        node("ReduceMax", &["x"], "largest", &[attribute("keepdims", &[1])]),
        node("Sub", &["mean", "mean"], "zero", &[]),
        node(operator, &["mean", second], "e", &[]),
    ];
    onnx(&[input], &nodes, &[("e", FLOAT, OPEN)])
}

/// The word tokenizer without special tokens, with id 1 for words it does not know: the mean id is then never
/// 0.
fn unknown_as_one() -> Vec<u8> {
    let text = String::from_utf8(word_tokenizer(false)).unwrap();
    text.replace("\"unk_token\":\"w0\"", "\"unk_token\":\"w1\"").into_bytes()
}

#[test]
fn inputs_must_be_those_of_an_encoder() {
    let words = word_tokenizer(true);
    let check = |input: (&str, u64, &[u64]), expected: &str| {
        check_refused(&arithmetic(input, "Add", "mean"), &words, &spec(Pooling::None), expected);
    };
    check(
        ("position_ids", INT64, OPEN),
        "input 'position_ids' is not one an encoder can fill; inputs are position_ids",
    );
    check(("attention_mask", INT64, OPEN), "input 'input_ids' is missing");
    check(("input_ids", FLOAT, OPEN), "input 'input_ids' is neither int64 nor int32");
    check(("input_ids", INT64, &[0, 8]), "has a fixed size; export the model with dynamic axes");
    let cast = node("Cast", &["input_ids"], "e", &[attribute("to", &[FLOAT])]);
    let flat = onnx(&[("input_ids", INT64, &[0])], &[cast], &[("e", FLOAT, &[0])]);
    check_refused(&flat, &words, &spec(Pooling::None), "is not of shape [batch, sequence]");
    let narrow = arithmetic(("input_ids", INT32, OPEN), "Add", "mean");
    let found = encode(&load(&narrow, &words, &spec(Pooling::None)).unwrap(), &["w3 w4"]);
    assert_eq!(found.values, [5.0]);
}

#[test]
fn a_model_that_mixes_the_texts_of_a_batch_is_run_one_text_at_a_time() {
    let model = arithmetic(("input_ids", INT64, OPEN), "Div", "largest");
    let encoder = uncached(&model, &unknown_as_one(), &spec(Pooling::None));
    let notes = encoder.info().notes.join("; ");
    assert!(notes.contains("mixes the texts of a batch"), "{notes}");
    assert_eq!(encode(&encoder, &["w2 w4", "w9 w9", "w8 w4"]).values, [0.75, 1.0, 0.75]);
}

#[test]
fn numbers_that_are_not_finite_are_refused_by_the_place_of_the_text() {
    // The logarithm of the mean id: minus infinity for a text of w0 only.
    let nodes = [
        node("Cast", &["input_ids"], "x", &[attribute("to", &[FLOAT])]),
        node("ReduceMean", &["x"], "mean", &[attribute("axes", &[1]), attribute("keepdims", &[1])]),
        node("Log", &["mean"], "e", &[]),
    ];
    let model = onnx(&[("input_ids", INT64, OPEN)], &nodes, &[("e", FLOAT, OPEN)]);
    let encoder = load(&model, &word_tokenizer(true), &spec(Pooling::None)).unwrap();
    encode(&encoder, &["w0 w0"]);
    check_refused(
        &model,
        &word_tokenizer(false),
        &spec(Pooling::None),
        "on a short text: number 0 of the embedding is -inf",
    );
    let encoder = load(&model, &unknown_as_one(), &spec(Pooling::None)).unwrap();
    let error = encoder.encode(&|| false, &["w1", "w2", "w0"]).unwrap_err();
    assert!(matches!(error, ModelError::NotFinite { position: 2, place: 0, .. }), "{error}");
}

#[test]
fn a_device_that_is_not_there_is_an_error_unless_the_processor_may_stand_in() {
    let (model, words) = (fixture("tiny_bert.onnx"), word_tokenizer(true));
    let missing = ModelSpec { device: Device::Cuda(7000), ..spec(Pooling::Mean) };
    check_refused(&model, &words, &missing, "device cuda:7000 cannot be used: ");
    let fallback = ModelSpec { fallback_cpu: true, ..missing };
    let info = inspect(&model, &words, &fallback, &runtime()).unwrap().info();
    assert_eq!(info.provider, "cpu");
    assert!(info.notes[0].starts_with("cuda:7000 asked, cpu in use: "), "{:?}", info.notes);
    let auto = load(&model, &words, &ModelSpec { device: Device::Auto, ..spec(Pooling::Mean) }).unwrap();
    assert!(auto.provider() == "cuda:0" || auto.info().notes[0].starts_with("cuda:0 asked, cpu in use: "));
}

#[test]
fn several_threads_may_encode_at_once() {
    let encoder = static64();
    let texts = sentences(11, 200, WORDS);
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let expected = encode(&encoder, &texts);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(encode(&encoder, &texts).values, expected.values));
        }
    });
}
