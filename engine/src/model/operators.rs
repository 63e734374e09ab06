//! The operators of quantised models, as ONNX Runtime calls them.

use std::sync::Arc;

use ort::operator::{
    BoxedKernel, ComputeContext, KernelContext, Operator, OperatorDomain, OperatorInput, OperatorOutput,
    ShapeInferenceContext,
};
use ort::value::{Shape, SymbolicDimensions, TensorElementType, ValueType};

use super::quantize::{ATTENTION, DOMAIN, PART, Parts, ROWS, STACK, TableRows};
use crate::kernel::{Attention8, AttentionMask, Stack8, TransformerSpace};

/// One kind of node.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Stack,
    Attention,
    Rows,
}

/// The nodes of one kind, of one model.
struct Ours {
    kind: Kind,
    parts: Arc<Parts>,
}

/// The domain with the operators of a model; all sessions of a model share its parts.
pub(super) fn domain(parts: &Arc<Parts>) -> ort::Result<OperatorDomain> {
    let kinds = [Kind::Stack, Kind::Attention, Kind::Rows];
    kinds.into_iter().try_fold(OperatorDomain::new(DOMAIN)?, |domain, kind| {
        domain.add(Ours { kind, parts: Arc::clone(parts) })
    })
}

fn failed(what: &str) -> ort::Error {
    ort::Error::new(what.to_string())
}

fn part<T>(parts: &[T], number: i64) -> ort::Result<&T> {
    let part = usize::try_from(number).ok().and_then(|number| parts.get(number));
    part.ok_or_else(|| failed("a node of a quantised model has no part"))
}

impl Operator for Ours {
    type Kernel<'attr> = BoxedKernel<'attr>;

    fn name(&self) -> &str {
        match self.kind {
            Kind::Stack => STACK,
            Kind::Attention => ATTENTION,
            Kind::Rows => ROWS,
        }
    }

    fn inputs(&self) -> impl IntoIterator<Item = OperatorInput> {
        match self.kind {
            // The residual of a stack, the mask of attention.
            Kind::Stack | Kind::Attention => vec![
                OperatorInput::required(TensorElementType::Float32),
                OperatorInput::optional(TensorElementType::Float32),
            ],
            Kind::Rows => vec![OperatorInput::required(TensorElementType::Int64)],
        }
    }

    fn outputs(&self) -> impl IntoIterator<Item = OperatorOutput> {
        [OperatorOutput::required(TensorElementType::Float32)]
    }

    fn create_kernel<'attr>(&self, context: &KernelContext<'attr>) -> ort::Result<Self::Kernel<'attr>> {
        let number = context.get::<i64>(PART).ok_or_else(|| failed("a node has no part"))?;
        let (parts, mut space) = (Arc::clone(&self.parts), TransformerSpace::default());
        Ok(match self.kind {
            Kind::Stack => Box::new(move |context: &ComputeContext| {
                stack(context, part(&parts.stacks, number)?, &mut space)
            }),
            Kind::Attention => Box::new(move |context: &ComputeContext| {
                attention(context, part(&parts.attentions, number)?, &mut space)
            }),
            Kind::Rows => {
                Box::new(move |context: &ComputeContext| rows(context, part(&parts.tables, number)?))
            }
        })
    }

    fn infer_shape(&self, context: &mut ShapeInferenceContext) -> ort::Result<()> {
        let number = context.attr::<i64>(PART)?;
        let outputs = match self.kind {
            Kind::Stack => part(&self.parts.stacks, number)?.outputs(),
            Kind::Attention => part(&self.parts.attentions, number)?.outputs(),
            Kind::Rows => part(&self.parts.tables, number)?.width,
        };
        let Some(ValueType::Tensor { shape, dimension_symbols, .. }) = context.inputs().into_iter().next()
        else {
            return Ok(());
        };
        let (mut sizes, mut symbols) = (shape.to_vec(), dimension_symbols.to_vec());
        if self.kind != Kind::Rows {
            sizes.pop();
            symbols.pop();
        }
        sizes.push(outputs as i64);
        symbols.push(String::new());
        // ONNX Runtime takes -1 without a name for a size of -1.
        for (place, (size, symbol)) in sizes.iter().zip(&mut symbols).enumerate() {
            if *size < 0 && symbol.is_empty() {
                *symbol = format!("{DOMAIN}_{}_{number}_{place}", self.name());
            }
        }
        let output = ValueType::Tensor {
            ty: TensorElementType::Float32,
            shape: Shape::new(sizes),
            dimension_symbols: SymbolicDimensions::new(symbols),
        };
        context.set_output(0, &output)
    }
}

const NO_INPUT: &str = "a node of a quantised model has no input";
const NO_OUTPUT: &str = "a node of a quantised model has no output";

/// The shape of an input with another width in place of its last size.
fn widened(shape: &[i64], inputs: usize, outputs: usize) -> ort::Result<Vec<i64>> {
    let mut shape = shape.to_vec();
    match shape.last_mut() {
        Some(size) if *size == inputs as i64 => *size = outputs as i64,
        _ => return Err(failed("the input of a quantised layer has another width than its matrix")),
    }
    Ok(shape)
}

fn stack(context: &ComputeContext, stack: &Stack8, space: &mut TransformerSpace) -> ort::Result<()> {
    let input = context.input(0)?.ok_or_else(|| failed(NO_INPUT))?;
    let (shape, rows) = input.try_extract_tensor::<f32>()?;
    let shape = widened(shape, stack.inputs(), stack.outputs())?;
    let added = if stack.is_normalized() { context.input(1)? } else { None };
    let residual = match &added {
        Some(residual) => {
            let (sizes, values) = residual.try_extract_tensor::<f32>()?;
            // One with fewer dimensions, or whose first ones are 1, is repeated.
            let leading = sizes.iter().take_while(|size| **size == 1).count();
            if !shape.ends_with(&sizes[leading..]) || sizes.last() != shape.last() {
                return Err(failed("a residual has another shape than what it is added to"));
            }
            values
        }
        None if stack.is_normalized() => return Err(failed(NO_INPUT)),
        None => &[],
    };
    let mut output = context.output(0, shape)?.ok_or_else(|| failed(NO_OUTPUT))?;
    let (_, out) = output.try_extract_tensor_mut::<f32>()?;
    stack.run(space, rows, residual, out);
    Ok(())
}

fn attention(
    context: &ComputeContext,
    attention: &Attention8,
    space: &mut TransformerSpace,
) -> ort::Result<()> {
    let input = context.input(0)?.ok_or_else(|| failed(NO_INPUT))?;
    let (shape, rows) = input.try_extract_tensor::<f32>()?;
    let shape = widened(shape, attention.inputs(), attention.outputs())?;
    let [texts, tokens, _] = shape[..] else {
        return Err(failed("the input of attention has other dimensions than texts, tokens and width"));
    };
    let given = if context.num_inputs()? > 1 { context.input(1)? } else { None };
    let mask = match &given {
        Some(mask) => {
            let (sizes, values) = mask.try_extract_tensor::<f32>()?;
            let sizes: Vec<i64> = std::iter::repeat_n(1, 4usize.saturating_sub(sizes.len()))
                .chain(sizes.iter().copied())
                .collect();
            let wanted = [texts, attention.heads() as i64, tokens, tokens];
            let of_all = |size: i64, wanted: i64| size == 1 || size == wanted;
            let fits = sizes.len() == 4 && sizes[3] == tokens;
            if !fits || !sizes.iter().zip(wanted).all(|(size, wanted)| of_all(*size, wanted)) {
                return Err(failed(
                    "what is added to attention has other sizes than texts, heads and tokens",
                ));
            }
            // From one to the next along a size; 0 where there is one for all.
            let stride = |at: usize| {
                let inner: i64 = sizes[at + 1..].iter().product();
                if sizes[at] == 1 { 0 } else { inner as usize }
            };
            let (by_text, by_head, by_row) = (stride(0), stride(1), stride(2));
            Some(AttentionMask { values, by_text, by_head, by_row })
        }
        None => None,
    };
    let mut output = context.output(0, shape)?.ok_or_else(|| failed(NO_OUTPUT))?;
    let (_, out) = output.try_extract_tensor_mut::<f32>()?;
    attention.run(space, (rows, tokens as usize), mask, out);
    Ok(())
}

fn rows(context: &ComputeContext, table: &TableRows) -> ort::Result<()> {
    let input = context.input(0)?.ok_or_else(|| failed(NO_INPUT))?;
    let (shape, ids) = input.try_extract_tensor::<i64>()?;
    let shape: Vec<i64> = shape.iter().copied().chain([table.width as i64]).collect();
    let mut output = context.output(0, shape)?.ok_or_else(|| failed(NO_OUTPUT))?;
    let (_, out) = output.try_extract_tensor_mut::<f32>()?;
    let values = table.values.get();
    let count = values.len() / table.width;
    for (id, out) in ids.iter().zip(out.chunks_exact_mut(table.width)) {
        // As ONNX has it, -1 is the last row.
        let row = if *id < 0 { *id + count as i64 } else { *id };
        let row = usize::try_from(row).ok().filter(|row| *row < count);
        let row = row.ok_or_else(|| failed(&format!("there is no row {id} in a table of {count}")))?;
        out.copy_from_slice(&values[row * table.width..(row + 1) * table.width]);
    }
    Ok(())
}
