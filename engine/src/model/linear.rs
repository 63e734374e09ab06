//! The operator of quantised layers, as ONNX Runtime calls it.

use std::sync::{Arc, Mutex, PoisonError};

use ort::operator::{
    BoxedKernel, ComputeContext, KernelContext, Operator, OperatorDomain, OperatorInput, OperatorOutput,
    ShapeInferenceContext,
};
use ort::value::{Shape, SymbolicDimensions, TensorElementType, ValueType};

use super::quantize::{DOMAIN, LAYER, OPERATOR};
use crate::kernel::Linear8;

/// Rows that one thread multiplies before it takes more: enough that reading the matrix is little work beside
/// the products.
const ROWS_PER_PART: usize = 96;

/// The layers of one model.
struct Linear {
    layers: Arc<Vec<Linear8>>,
}

/// The domain with the operator of a model's layers.
pub(super) fn domain(layers: Vec<Linear8>) -> ort::Result<OperatorDomain> {
    OperatorDomain::new(DOMAIN)?.add(Linear { layers: Arc::new(layers) })
}

fn failed(what: &str) -> ort::Error {
    ort::Error::new(what.to_string())
}

impl Linear {
    fn layer(layers: &[Linear8], number: i64) -> ort::Result<&Linear8> {
        let layer = usize::try_from(number).ok().and_then(|number| layers.get(number));
        layer.ok_or_else(|| failed("a quantised layer has no matrix"))
    }
}

impl Operator for Linear {
    type Kernel<'attr> = BoxedKernel<'attr>;

    fn name(&self) -> &str {
        OPERATOR
    }

    fn inputs(&self) -> impl IntoIterator<Item = OperatorInput> {
        [OperatorInput::required(TensorElementType::Float32)]
    }

    fn outputs(&self) -> impl IntoIterator<Item = OperatorOutput> {
        [OperatorOutput::required(TensorElementType::Float32)]
    }

    fn create_kernel<'attr>(&self, context: &KernelContext<'attr>) -> ort::Result<Self::Kernel<'attr>> {
        let number = context.get::<i64>(LAYER).ok_or_else(|| failed("a quantised layer has no number"))?;
        Linear::layer(&self.layers, number)?;
        let layers = Arc::clone(&self.layers);
        Ok(Box::new(move |context: &ComputeContext| compute(context, Linear::layer(&layers, number)?)))
    }

    fn infer_shape(&self, context: &mut ShapeInferenceContext) -> ort::Result<()> {
        let number = context.attr::<i64>(LAYER)?;
        let layer = Linear::layer(&self.layers, number)?;
        let Some(ValueType::Tensor { shape, dimension_symbols, .. }) = context.inputs().into_iter().next()
        else {
            return Ok(());
        };
        let (mut sizes, mut symbols) = (shape.to_vec(), dimension_symbols.to_vec());
        let (Some(size), Some(symbol)) = (sizes.last_mut(), symbols.last_mut()) else { return Ok(()) };
        *size = layer.outputs() as i64;
        symbol.clear();
        // ONNX Runtime takes -1 without a name for a size of -1.
        for (place, (size, symbol)) in sizes.iter().zip(&mut symbols).enumerate() {
            if *size < 0 && symbol.is_empty() {
                *symbol = format!("{DOMAIN}_{number}_{place}");
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

fn compute(context: &ComputeContext, layer: &Linear8) -> ort::Result<()> {
    let input = context.input(0)?.ok_or_else(|| failed("a quantised layer has no input"))?;
    let (shape, rows) = input.try_extract_tensor::<f32>()?;
    let mut shape = shape.to_vec();
    match shape.last_mut() {
        Some(size) if *size == layer.inputs() as i64 => *size = layer.outputs() as i64,
        _ => return Err(failed("the input of a quantised layer has another width than its matrix")),
    }
    let mut output = context.output(0, shape)?.ok_or_else(|| failed("a quantised layer has no output"))?;
    let (_, out) = output.try_extract_tensor_mut::<f32>()?;
    let count = rows.len() / layer.inputs();
    if count <= ROWS_PER_PART {
        layer.multiply(rows, out);
        return Ok(());
    }
    let inputs = rows.chunks(ROWS_PER_PART * layer.inputs());
    // Every part is taken by one thread; the lock only proves it.
    let parts: Vec<_> = inputs.zip(out.chunks_mut(ROWS_PER_PART * layer.outputs()).map(Mutex::new)).collect();
    context.par_for(parts.len(), 0, |part| {
        let (rows, out) = &parts[part];
        layer.multiply(rows, &mut out.lock().unwrap_or_else(PoisonError::into_inner));
    })
}
