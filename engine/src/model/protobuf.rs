//! A walk over the bytes of an ONNX file before ONNX Runtime sees them.
//!
//! It finds truncated and foreign files and gives the place, and it refuses tensors kept outside the file:
//! ONNX Runtime would look for them relative to the working directory, or, with one special name, at a memory
//! address.

use super::error::ModelError;

/// Messages within messages are followed to this depth; each graph within a graph (a branch, a loop) takes
/// three.
const DEPTH_MAX: usize = 64;

/// The kinds of message that can hold a tensor, directly or further down.
#[derive(Clone, Copy, PartialEq)]
enum Message {
    Model,
    Training,
    Function,
    Graph,
    Node,
    Attribute,
    SparseTensor,
    Tensor,
}

impl Message {
    /// The kind of a field that holds a message of interest; numbers from onnx.proto3.
    fn child(self, field: u64) -> Option<Message> {
        match (self, field) {
            (Message::Model, 7) | (Message::Training, 1 | 2) | (Message::Attribute, 6 | 11) => {
                Some(Message::Graph)
            }
            (Message::Model, 20) => Some(Message::Training),
            (Message::Model, 25) => Some(Message::Function),
            (Message::Function, 7) | (Message::Graph, 1) => Some(Message::Node),
            (Message::Function, 11) | (Message::Node, 5) => Some(Message::Attribute),
            (Message::Graph, 5) | (Message::Attribute, 5 | 10) | (Message::SparseTensor, 1 | 2) => {
                Some(Message::Tensor)
            }
            (Message::Graph, 15) | (Message::Attribute, 22 | 23) => Some(Message::SparseTensor),
            _ => None,
        }
    }
}

/// Checks that the bytes are a whole ONNX model with a graph and that every tensor lies in the file.
pub(super) fn check_self_contained(bytes: &[u8]) -> Result<(), ModelError> {
    // ONNX Runtime also reads its own format, which it knows by this mark; it is not checked here, so not
    // taken.
    if bytes.get(4..8) == Some(b"ORTM") {
        return Err(ModelError::NotOnnx { offset: 4, reason: "a model in ORT format" });
    }
    let mut walk = Walk { bytes, graphs: 0 };
    walk.message(Message::Model, 0, bytes.len(), 0)?;
    if walk.graphs == 0 {
        return Err(ModelError::NotOnnx { offset: bytes.len(), reason: "there is no graph" });
    }
    Ok(())
}

struct Walk<'a> {
    bytes: &'a [u8],
    graphs: usize,
}

/// One field of a message: where it begins, its number, the value of a varint, and the place of its value's
/// bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) at: usize,
    pub(super) number: u64,
    pub(super) varint: Option<u64>,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The fields of the message at `start..end`, in their order.
pub(super) fn fields(bytes: &[u8], start: usize, end: usize) -> Result<Vec<Field>, ModelError> {
    let walk = Walk { bytes, graphs: 0 };
    let (mut at, mut found) = (start, Vec::new());
    while at < end {
        let field = walk.field(at, end)?;
        at = field.end;
        found.push(field);
    }
    Ok(found)
}

/// The numbers of a packed field of varints.
pub(super) fn varints(bytes: &[u8], start: usize, end: usize) -> Result<Vec<u64>, ModelError> {
    let walk = Walk { bytes, graphs: 0 };
    let (mut at, mut found) = (start, Vec::new());
    while at < end {
        let (value, next) = walk.varint(at, end)?;
        at = next;
        found.push(value);
    }
    Ok(found)
}

/// Appends a field that holds bytes.
pub(super) fn put_bytes(out: &mut Vec<u8>, number: u64, bytes: &[u8]) {
    put_varint(out, number << 3 | 2);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends a field that holds a number.
pub(super) fn put_number(out: &mut Vec<u8>, number: u64, value: u64) {
    put_varint(out, number << 3);
    put_varint(out, value);
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value > 127 {
        out.push(value as u8 & 127 | 128);
        value >>= 7;
    }
    out.push(value as u8);
}

impl Walk<'_> {
    fn message(&mut self, kind: Message, start: usize, end: usize, depth: usize) -> Result<(), ModelError> {
        if depth > DEPTH_MAX {
            return Err(ModelError::NotOnnx { offset: start, reason: "graphs are nested too deeply" });
        }
        if kind == Message::Graph {
            self.graphs += 1;
        }
        let (mut at, mut name, mut external) = (start, "", false);
        while at < end {
            let field = self.field(at, end)?;
            at = field.end;
            if kind == Message::Tensor {
                external |= field.number == 13 || (field.number == 14 && field.varint == Some(1));
                if field.number == 8 && field.varint.is_none() {
                    name = str::from_utf8(&self.bytes[field.start..field.end]).unwrap_or("(unreadable name)");
                }
            }
            if let Some(child) = kind.child(field.number)
                && field.varint.is_none()
            {
                self.message(child, field.start, field.end, depth + 1)?;
            }
        }
        if external {
            let tensor = name.chars().take(200).collect();
            return Err(ModelError::ExternalData { tensor });
        }
        Ok(())
    }

    fn field(&self, at: usize, end: usize) -> Result<Field, ModelError> {
        let (tag, start) = self.varint(at, end)?;
        let number = tag >> 3;
        let fixed = |size: usize| Field { at, number, varint: None, start, end: start + size };
        let field = match tag & 7 {
            0 => {
                let (value, end) = self.varint(start, end)?;
                Field { at, number, varint: Some(value), start, end }
            }
            1 => fixed(8),
            2 => {
                let (length, start) = self.varint(start, end)?;
                let length = usize::try_from(length).ok().filter(|length| *length <= end - start);
                let Some(length) = length else {
                    return Err(ModelError::NotOnnx { offset: start, reason: "the file is cut short" });
                };
                Field { at, number, varint: None, start, end: start + length }
            }
            5 => fixed(4),
            _ => return Err(ModelError::NotOnnx { offset: at, reason: "there is no such kind of field" }),
        };
        if number == 0 {
            return Err(ModelError::NotOnnx { offset: at, reason: "field numbers start at 1" });
        }
        if field.end > end {
            return Err(ModelError::NotOnnx { offset: at, reason: "the file is cut short" });
        }
        Ok(field)
    }

    fn varint(&self, at: usize, end: usize) -> Result<(u64, usize), ModelError> {
        let mut value = 0u64;
        for (i, byte) in self.bytes[at..end].iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f).wrapping_shl(7 * i as u32);
            if byte & 0x80 == 0 {
                return Ok((value, at + i + 1));
            }
        }
        let reason = if end - at < 10 { "the file is cut short" } else { "a number is too long" };
        Err(ModelError::NotOnnx { offset: at, reason })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{field, fixture, number};
    use super::*;

    #[test]
    fn whole_models_pass_and_every_cut_is_found() {
        for name in ["static64.onnx", "tiny_bert.onnx"] {
            let bytes = fixture(name);
            check_self_contained(&bytes).unwrap();
            for cut in [0, 1, 7, 100, bytes.len() / 2, bytes.len() - 1] {
                let error = check_self_contained(&bytes[..cut]).unwrap_err();
                assert!(matches!(error, ModelError::NotOnnx { .. }), "{name} cut at {cut}: {error}");
            }
        }
    }

    #[test]
    fn tensors_in_other_files_are_found_at_every_depth() {
        let by_entries = [field(8, b"weight"), field(13, b"\x0a\x08location")].concat();
        let by_location = [field(8, b"weight"), number(14, 1)].concat();
        for tensor in [by_entries, by_location] {
            let in_graph = field(7, &field(5, &tensor));
            let in_node = field(7, &field(1, &field(5, &field(5, &tensor))));
            let in_branch = field(7, &field(1, &field(5, &field(6, &field(5, &tensor)))));
            for model in [in_graph, in_node, in_branch] {
                let message = check_self_contained(&model).unwrap_err().to_string();
                assert!(
                    message.starts_with("tensor 'weight' of the model is kept in another file"),
                    "{message}"
                );
            }
        }
        check_self_contained(&field(7, &field(5, &number(14, 0)))).unwrap();
    }

    #[test]
    fn other_files_and_deep_nesting_are_refused() {
        let check = |bytes: &[u8]| check_self_contained(bytes).unwrap_err().to_string();
        assert!(check(b"{\"version\": 1}").contains("not a whole ONNX model"));
        assert!(check(b"    ORTM").contains("ORT format"));
        assert!(check(&[]).contains("there is no graph"));
        assert!(check(&[0x80; 20]).contains("a number is too long"));
        let graphs = (0..40).fold(Vec::new(), |inner, _| field(1, &field(5, &field(6, &inner))));
        let model = field(7, &graphs);
        assert!(check(&model).contains("nested too deeply"));
    }
}
