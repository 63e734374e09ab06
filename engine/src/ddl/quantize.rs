//! QUANTIZE MODEL: a second model of the same graph, whose linear layers are in 8 bits, or its products in
//! f16.
//!
//! The numbers that go into a layer of 8 bits are quantised when it is run, with a scale for each row, so
//! that there is nothing to calibrate beforehand. `calibration` is for people: texts are encoded by both
//! models, and the cosines of their embeddings tell what fewer bits cost. They come in blocks, of which
//! nothing is kept.

use argtop_query::catalog::ModelNumbers;
use argtop_query::plan::{Node, QuantizeModel};
use argtop_query::{DataType, Value};
use argtop_storage::{ModelRecord, ObjectKind, Writer};

use super::model::{self, Tried};
use crate::dispatch::Output;
use crate::error::Error;
use crate::evaluate::cosines;
use crate::execute::{self, Run};
use crate::labels::ENCODE_BATCH;
use crate::model::{Device, Dtype, Encoder, ModelSpec};
use crate::planner::Planner;
use crate::statement::Column;

/// QUANTIZE MODEL.
pub(crate) fn quantize(run: &Run, writer: Writer<'_>, plan: &QuantizeModel) -> Result<Output, Error> {
    // Texts take a while to encode, and others may write meanwhile.
    drop(writer);
    let record = run.view.model(&plan.model)?;
    let (graph, tokenizer) = model::files_of(&run.view, &record)?;
    let told = model::told(&run.view, &record, &graph, &tokenizer)?;
    let dtype = match plan.numbers {
        ModelNumbers::F16 => Dtype::F16,
        ModelNumbers::Int8 | ModelNumbers::F32 => Dtype::Int8,
    };
    let spec = ModelSpec { dtype, ..told };
    runs_on_processor(&record, &spec)?;
    let tried = model::try_out(run, spec, graph, tokenizer)?;
    let cost = plan.calibration.as_ref().map(|query| measure(run, query, &record, &tried)).transpose()?;
    if let (Some(cost), Some(least)) = (&cost, plan.min_cosine) {
        cost.hold(plan, least)?;
    }
    run.context.check()?;
    let writer = run.inner.store.writer()?;
    if writer.catalog().find(ObjectKind::Model, &plan.name).is_some() {
        return Err(Error::value(
            format!("model {} was created while {} was quantised", plan.name, plan.model),
            format!("choose another name, or DROP MODEL {} first", plan.name),
        ));
    }
    let notes = model::store(run, writer, tried, &plan.name, &record.source)?;
    let mut output = cost.map_or_else(|| Output::changed(0), Cost::output);
    output.notes = notes;
    Ok(output)
}

/// What CREATE MODEL says of 8 bits on another device, with what can be done about a model that is there.
fn runs_on_processor(record: &ModelRecord, spec: &ModelSpec) -> Result<(), Error> {
    let elsewhere = spec.dtype == Dtype::Int8 && matches!(spec.device, Device::Cuda(_));
    if !elsewhere || spec.fallback_cpu {
        return Ok(());
    }
    let ModelRecord { name, device, source, .. } = record;
    Err(Error::value(
        format!(
            "dtype 'int8' runs on the processor, not on {device}, which is all that model {name} may use"
        ),
        format!("write CREATE MODEL ... FROM '{source}' ... WITH (dtype = 'int8', device = 'cpu')"),
    ))
}

/// What fewer bits cost on some texts.
#[derive(Debug)]
struct Cost {
    texts: u64,
    /// Of the cosines.
    sum: f64,
    least: f64,
}

impl Cost {
    fn mean(&self) -> f64 {
        self.sum / self.texts as f64
    }

    /// Refuses a mean below what was asked for.
    fn hold(&self, plan: &QuantizeModel, least: f64) -> Result<(), Error> {
        let mean = self.mean();
        if mean >= least {
            return Ok(());
        }
        let texts = self.texts;
        Err(Error::value(
            format!("the mean cosine over {texts} texts is {mean}, below min_cosine = {least}"),
            format!("keep {} in f32, or lower min_cosine", plan.model),
        ))
    }

    fn output(self) -> Output {
        let column = |name: &str, data_type| Column { name: name.to_string(), data_type };
        let columns = vec![
            column("texts", DataType::BigInt),
            column("mean_cosine", DataType::Double),
            column("least_cosine", DataType::Double),
        ];
        let texts = Value::BigInt(i64::try_from(self.texts).unwrap_or(i64::MAX));
        Output::rows(columns, vec![vec![texts, Value::Double(self.mean()), Value::Double(self.least)]])
    }
}

/// Compares the embeddings of a query's texts by the stored model and by the new one.
fn measure(run: &Run, query: &Node, record: &ModelRecord, tried: &Tried) -> Result<Cost, Error> {
    let full = run.view.encoder(record)?;
    let operator = Planner::new(run).plan(query)?;
    let mut cost = Cost { texts: 0, sum: 0.0, least: f64::INFINITY };
    let mut texts = Vec::new();
    for row in execute::open(run, &operator)? {
        texts.push(text_of(row?)?);
        if texts.len() == ENCODE_BATCH {
            compare(run, &full, &tried.encoder, &mut texts, &mut cost)?;
        }
    }
    compare(run, &full, &tried.encoder, &mut texts, &mut cost)?;
    if cost.texts == 0 {
        return Err(Error::value(
            "the query of calibration gave no texts",
            "select some, or leave calibration out",
        ));
    }
    Ok(cost)
}

fn text_of(row: Vec<Value>) -> Result<String, Error> {
    match row.into_iter().next() {
        Some(Value::Text(text)) => Ok(text),
        other => Err(Error::value(
            format!("a text of calibration is {}", other.unwrap_or(Value::Null)),
            "leave such rows out with WHERE",
        )),
    }
}

/// Adds a block of texts, and empties it.
fn compare(
    run: &Run,
    full: &Encoder,
    small: &Encoder,
    texts: &mut Vec<String>,
    cost: &mut Cost,
) -> Result<(), Error> {
    let block: Vec<&str> = texts.iter().map(String::as_str).collect();
    let encode = |encoder: &Encoder| {
        let found = run.inner.install(|| encoder.encode(&|| run.context.is_cancelled(), &block))?;
        run.context.check()?;
        Ok::<_, Error>(found)
    };
    let (full, small) = (encode(full)?, encode(small)?);
    for cosine in cosines(full.dimension, &full.values, &small.values) {
        cost.sum += cosine;
        cost.least = cost.least.min(cosine);
    }
    cost.texts += texts.len() as u64;
    texts.clear();
    run.context.progress("comparing embeddings", cost.texts, None);
    Ok(())
}
