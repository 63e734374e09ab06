//! What a model takes and returns, and which of its outputs is the embedding.

use ort::session::Session;
use ort::value::{Outlet, TensorElementType, ValueType};

use super::error::ModelError;
use super::pooled;
use super::spec::Pooling;

/// What an input of the model is filled with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Role {
    Ids,
    Mask,
    Types,
}

/// An input as the model declares it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Input {
    pub(super) name: String,
    pub(super) role: Role,
    /// Whether it takes int32 instead of int64.
    pub(super) narrow: bool,
}

/// The inputs in the model's order and the chosen output.
#[derive(Clone, Debug)]
pub(super) struct Signature {
    pub(super) inputs: Vec<Input>,
    pub(super) output: String,
    /// 2: `[batch, dimension]`; 3: `[batch, sequence, dimension]`.
    pub(super) rank: usize,
    /// The same output pooled, where the graph does that (see [`pooled`](super::pooled)).
    pooled: Option<String>,
    /// Said when the choice may surprise.
    pub(super) note: Option<String>,
}

impl Signature {
    /// Reads the declared inputs and outputs of a loaded model and chooses the output.
    pub(super) fn read(
        session: &Session,
        pooling: Pooling,
        output: Option<&str>,
    ) -> Result<Signature, ModelError> {
        let inputs = inputs(&session.inputs().iter().collect::<Vec<&Outlet>>())?;
        let (ours, outputs): (Vec<&Outlet>, Vec<&Outlet>) =
            session.outputs().iter().partition(|outlet| outlet.name().starts_with(pooled::PREFIX));
        let chosen = choose(&candidates(&outputs), pooling, output)
            .map_err(|problem| ModelError::Output { problem, outputs: list(&outputs) })?;
        let wanted = pooled::pooled(&chosen.name);
        let pooled = ours.iter().any(|outlet| outlet.name() == wanted).then_some(wanted);
        Ok(Signature { inputs, output: chosen.name, rank: chosen.rank, pooled, note: chosen.note })
    }

    /// The output to run for, and its rank.
    pub(super) fn wanted(&self) -> (&str, usize) {
        self.pooled.as_deref().map_or((&self.output, self.rank), |pooled| (pooled, 2))
    }
}

/// `name Type(shape)` of each, for messages.
fn list(outlets: &[&Outlet]) -> String {
    let each: Vec<String> =
        outlets.iter().map(|outlet| format!("{} {}", outlet.name(), outlet.dtype())).collect();
    if each.is_empty() { "none".to_string() } else { each.join(", ") }
}

fn inputs(declared: &[&Outlet]) -> Result<Vec<Input>, ModelError> {
    let refuse = |input: &str, problem: &str| ModelError::Input {
        input: input.to_string(),
        problem: problem.to_string(),
        inputs: list(declared),
    };
    let mut inputs = Vec::with_capacity(declared.len());
    for outlet in declared {
        let role = match outlet.name() {
            "input_ids" => Role::Ids,
            "attention_mask" => Role::Mask,
            "token_type_ids" => Role::Types,
            other => return Err(refuse(other, "is not one an encoder can fill")),
        };
        let narrow = match outlet.dtype().tensor_type() {
            Some(TensorElementType::Int64) => false,
            Some(TensorElementType::Int32) => true,
            _ => return Err(refuse(outlet.name(), "is neither int64 nor int32")),
        };
        let shape = outlet.dtype().tensor_shape().map_or(&[][..], |shape| &shape[..]);
        if shape.len() != 2 {
            return Err(refuse(outlet.name(), "is not of shape [batch, sequence]"));
        }
        if shape.iter().any(|size| *size >= 0) {
            return Err(refuse(outlet.name(), "has a fixed size; export the model with dynamic axes"));
        }
        inputs.push(Input { name: outlet.name().to_string(), role, narrow });
    }
    if !inputs.iter().any(|input| input.role == Role::Ids) {
        return Err(refuse("input_ids", "is missing"));
    }
    Ok(inputs)
}

/// An output that could be an embedding, or why it cannot.
#[derive(Clone, Debug)]
struct Candidate {
    name: String,
    /// Rank of a float tensor; `None` for anything else.
    rank: Option<usize>,
}

#[derive(Debug, PartialEq)]
struct Chosen {
    name: String,
    rank: usize,
    note: Option<String>,
}

fn candidates(declared: &[&Outlet]) -> Vec<Candidate> {
    let rank = |dtype: &ValueType| match dtype {
        ValueType::Tensor { ty: TensorElementType::Float32, shape, .. } => Some(shape.len()),
        _ => None,
    };
    declared
        .iter()
        .map(|outlet| Candidate { name: outlet.name().to_string(), rank: rank(outlet.dtype()) })
        .collect()
}

/// The output that is the embedding.
///
/// Pooling `mean` and `cls` want token vectors, rank 3; `none` wants rank 2. A named output of rank 2 is
/// taken under `mean` and `cls` too, as already pooled, and the note says so; the same goes for the only
/// float output of rank 2 where no output has rank 3. Everything else is an error that the caller completes
/// with the list of outputs.
fn choose(outputs: &[Candidate], pooling: Pooling, name: Option<&str>) -> Result<Chosen, String> {
    let wanted = if pooling == Pooling::None { 2 } else { 3 };
    let pooled = |name: &str| {
        let pooling = pooling.name();
        Some(format!("output {name} is pooled by the model itself; pooling {pooling} is not applied"))
    };
    if let Some(name) = name {
        let output = outputs.iter().find(|output| output.name == name);
        let output = output.ok_or_else(|| format!("the model has no output '{name}'"))?;
        return match output.rank {
            Some(rank) if rank == wanted => Ok(Chosen { name: name.to_string(), rank, note: None }),
            Some(2) => Ok(Chosen { name: name.to_string(), rank: 2, note: pooled(name) }),
            Some(3) => Err(format!(
                "output '{name}' has a vector for each token, which pooling none does not reduce"
            )),
            Some(rank) => Err(format!("output '{name}' has {rank} dimensions, not 2 or 3")),
            None => Err(format!("output '{name}' is not a tensor of 32-bit floats")),
        };
    }
    let with_rank = |rank: usize| -> Vec<&str> {
        outputs.iter().filter(|output| output.rank == Some(rank)).map(|output| output.name.as_str()).collect()
    };
    match (&with_rank(wanted)[..], &with_rank(2)[..]) {
        ([one], _) => Ok(Chosen { name: one.to_string(), rank: wanted, note: None }),
        ([], [one]) => Ok(Chosen { name: one.to_string(), rank: 2, note: pooled(one) }),
        ([], _) => Err(format!("no output of 32-bit floats fits pooling {}", pooling.name())),
        _ => Err(format!("more than one output fits pooling {}", pooling.name())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(outputs: &[(&str, Option<usize>)], pooling: Pooling, name: Option<&str>, expected: &str) {
        let outputs: Vec<Candidate> =
            outputs.iter().map(|(name, rank)| Candidate { name: name.to_string(), rank: *rank }).collect();
        let answer = match choose(&outputs, pooling, name) {
            Ok(chosen) => format!(
                "{}/{}{}",
                chosen.name,
                chosen.rank,
                if chosen.note.is_some() { " noted" } else { "" }
            ),
            Err(problem) => problem,
        };
        assert_eq!(answer, expected);
    }

    #[test]
    fn the_only_output_that_fits_is_chosen() {
        let bert = [("last_hidden_state", Some(3)), ("pooler_output", Some(2))];
        check(&bert, Pooling::Mean, None, "last_hidden_state/3");
        check(&bert, Pooling::Cls, None, "last_hidden_state/3");
        check(&bert, Pooling::None, None, "pooler_output/2");
        check(&bert, Pooling::Mean, Some("pooler_output"), "pooler_output/2 noted");
        check(&[("e", Some(2)), ("n", None)], Pooling::Mean, None, "e/2 noted");
    }

    #[test]
    fn doubt_is_an_error() {
        let two = [("a", Some(3)), ("b", Some(3)), ("c", Some(2)), ("d", Some(1)), ("e", None)];
        check(&two, Pooling::Mean, None, "more than one output fits pooling mean");
        check(&two, Pooling::Mean, Some("b"), "b/3");
        check(&two, Pooling::None, None, "c/2");
        check(
            &two,
            Pooling::None,
            Some("a"),
            "output 'a' has a vector for each token, which pooling none does not reduce",
        );
        check(&two, Pooling::None, Some("d"), "output 'd' has 1 dimensions, not 2 or 3");
        check(&two, Pooling::Cls, Some("e"), "output 'e' is not a tensor of 32-bit floats");
        check(&two, Pooling::Cls, Some("z"), "the model has no output 'z'");
        check(&two[..2], Pooling::None, None, "no output of 32-bit floats fits pooling none");
        check(
            &[("a", Some(2)), ("b", Some(2))],
            Pooling::Mean,
            None,
            "no output of 32-bit floats fits pooling mean",
        );
    }
}
