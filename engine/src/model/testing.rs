//! What the tests of this folder share.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use super::protobuf::{put_bytes, put_number};
use super::{Device, Dtype, ModelSpec, Pooling, Runtime};

/// The bytes of a file of `tests/fixtures`.
pub(super) fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn cache() -> PathBuf {
    env::var_os("ARGTOP_CACHE").map(PathBuf::from).unwrap_or_else(|| {
        let home = env::var_os("HOME").expect("HOME is set");
        Path::new(&home).join(".cache/argtop")
    })
}

/// ONNX Runtime from where ORT_DYLIB_PATH or `make setup` puts it.
pub(super) fn runtime() -> Runtime {
    let path = env::var_os("ORT_DYLIB_PATH")
        .map_or_else(|| cache().join("lib/libonnxruntime.so.1.31.1"), PathBuf::from);
    Runtime::load(Some(&path)).unwrap_or_else(|error| panic!("run `make setup` first: {error}"))
}

/// A file of the model paraphrase-MiniLM-L3-v2 from where `make setup` puts it.
pub(super) fn minilm(name: &str) -> Vec<u8> {
    let path = cache().join("models/minilm-l3").join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("run `make setup` first: {}: {error}", path.display()))
}

/// A specification on one thread of the processor.
pub(super) fn spec(pooling: Pooling) -> ModelSpec {
    ModelSpec {
        pooling,
        normalize: true,
        max_tokens: 64,
        output: None,
        dtype: Dtype::F32,
        device: Device::Cpu,
        fallback_cpu: false,
        threads: 1,
    }
}

/// A protobuf field that holds bytes.
pub(super) fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    put_bytes(&mut out, u64::from(number), bytes);
    out
}

/// A protobuf field that holds a number.
pub(super) fn number(field: u8, value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    put_number(&mut out, u64::from(field), value);
    out
}

/// ONNX's numbers of element types.
pub(super) const FLOAT: u64 = 1;
pub(super) const INT32: u64 = 6;
pub(super) const INT64: u64 = 7;

/// An attribute of a node: a list of integers (`axes`) or one (`keepdims`, `to`).
pub(super) fn attribute(name: &str, values: &[u64]) -> Vec<u8> {
    let list = name == "axes";
    let values: Vec<u8> = values.iter().flat_map(|value| number(if list { 8 } else { 3 }, *value)).collect();
    field(5, &[field(1, name.as_bytes()), values, number(20, if list { 7 } else { 2 })].concat())
}

/// A node: operator, inputs, output, attributes.
pub(super) fn node(operator: &str, inputs: &[&str], output: &str, attributes: &[Vec<u8>]) -> Vec<u8> {
    let inputs: Vec<u8> = inputs.iter().flat_map(|input| field(1, input.as_bytes())).collect();
    let parts = [inputs, field(2, output.as_bytes()), field(4, operator.as_bytes()), attributes.concat()];
    field(1, &parts.concat())
}

/// A declared input or output: its name, element type and sizes; 0 stands for a size that is open.
pub(super) type Declared<'a> = (&'a str, u64, &'a [u64]);

/// An ONNX file, opset 17.
pub(super) fn onnx(inputs: &[Declared<'_>], nodes: &[Vec<u8>], outputs: &[Declared<'_>]) -> Vec<u8> {
    onnx_with(inputs, &[], nodes, outputs)
}

/// An f32 tensor with a name and sizes.
pub(super) fn tensor(name: &str, sizes: &[u64], values: &[f32]) -> Vec<u8> {
    let sizes: Vec<u8> = sizes.iter().flat_map(|size| number(1, *size)).collect();
    let values: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    field(5, &[sizes, number(2, FLOAT), field(8, name.as_bytes()), field(9, &values)].concat())
}

/// [`onnx`] with fixed tensors.
pub(super) fn onnx_with(
    inputs: &[Declared<'_>],
    tensors: &[Vec<u8>],
    nodes: &[Vec<u8>],
    outputs: &[Declared<'_>],
) -> Vec<u8> {
    let declare = |place: u8, (name, element, sizes): &Declared<'_>| {
        let size = |size: &u64| field(1, &if *size == 0 { field(2, b"open") } else { number(1, *size) });
        let sizes: Vec<u8> = sizes.iter().flat_map(size).collect();
        let tensor = field(1, &[number(1, *element), field(2, &sizes)].concat());
        field(place, &[field(1, name.as_bytes()), field(2, &tensor)].concat())
    };
    let inputs: Vec<u8> = inputs.iter().flat_map(|input| declare(11, input)).collect();
    let outputs: Vec<u8> = outputs.iter().flat_map(|output| declare(12, output)).collect();
    let graph = [nodes.concat(), field(2, b"graph"), tensors.concat(), inputs, outputs].concat();
    [number(1, 8), field(8, &number(2, 17)), field(7, &graph)].concat()
}

/// A model of nodes that are given `x`, for each token its id as a row of two numbers: (id, id).
pub(super) fn graph(nodes: &[Vec<u8>], tensors: &[Vec<u8>], outputs: &[Declared<'_>]) -> Vec<u8> {
    let head = [
        node("Cast", &["input_ids"], "floats", &[attribute("to", &[FLOAT])]),
        node("Unsqueeze", &["floats", "last"], "column", &[]),
        node(
            "Concat",
            &["column", "column"],
            "x",
            &[field(5, &[field(1, b"axis"), number(3, 2), number(20, 2)].concat())],
        ),
    ];
    let last = field(5, &[number(1, 1), number(2, INT64), field(8, b"last"), number(7, 2)].concat());
    let tensors: Vec<Vec<u8>> = [vec![last], tensors.to_vec()].concat();
    let nodes: Vec<Vec<u8>> = [head.to_vec(), nodes.to_vec()].concat();
    onnx_with(&[("input_ids", INT64, &[0, 0])], &tensors, &nodes, outputs)
}

/// A tokenizer of words `w0` to `w19`, whose ids are their numbers, put between 1 and 2 if `special`.
pub(super) fn word_tokenizer(special: bool) -> Vec<u8> {
    let words: Vec<String> = (0..20).map(|id| format!("\"w{id}\":{id}")).collect();
    let token = |id: usize| format!("\"w{id}\":{{\"id\":\"w{id}\",\"ids\":[{id}],\"tokens\":[\"w{id}\"]}}");
    let piece = |id: usize| format!("{{\"SpecialToken\":{{\"id\":\"w{id}\",\"type_id\":0}}}}");
    let processor = format!(
        "{{\"type\":\"TemplateProcessing\",\"single\":[{},\
         {{\"Sequence\":{{\"id\":\"A\",\"type_id\":0}}}},{}],\"pair\":[],\"special_tokens\":{{{},{}}}}}",
        piece(1),
        piece(2),
        token(1),
        token(2)
    );
    let text = format!(
        "{{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,\
         \"pre_tokenizer\":{{\"type\":\"WhitespaceSplit\"}},\"post_processor\":{},\"decoder\":null,\
         \"model\":{{\"type\":\"WordLevel\",\"vocab\":{{{}}},\"unk_token\":\"w0\"}}}}",
        if special { processor } else { "null".to_string() },
        words.join(",")
    );
    text.into_bytes()
}
