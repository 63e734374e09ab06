//! CREATE MODEL: the ONNX graph and the tokenizer are checked, fingerprinted and stored in the database.

use std::io::Read;
use std::path::Path;

use argtop_query::plan::CreateModel;
use argtop_storage::{ModelRecord, ModelType, Object, ObjectKind, Pooling, Writer};

use super::options::OptionReader;
use crate::build;
use crate::dispatch::Output;
use crate::error::Error;
use crate::execute::Run;
use crate::model::{self, Device, Dtype, Encoder, KeptModel, ModelSpec};
use crate::view::View;

/// Blob part of the graph.
const GRAPH: u8 = 0;
/// Blob part of the tokenizer.
const TOKENIZER: u8 = 1;
/// Tokens kept of a text where the statement does not say.
const MAX_TOKENS: u64 = 128;

/// CREATE MODEL.
pub(crate) fn create(run: &Run, mut writer: Writer<'_>, plan: &CreateModel) -> Result<Output, Error> {
    let existing = run.view.catalog().find(ObjectKind::Model, &plan.name).cloned();
    if existing.is_some() && plan.if_not_exists {
        return Ok(Output::changed(0));
    }
    if let Some(existing) = &existing {
        replaceable(run, existing)?;
        writer.drop_object(existing.id())?;
        run.inner.forget_encoder(existing.id());
    }
    let limits = &run.inner.limits;
    let mut options = OptionReader::new("CREATE MODEL", &plan.options);
    let spec = spec(run, &mut options)?;
    options.finish()?;
    let graph = read(run, &plan.path, limits.model_bytes_max)?;
    let tokenizer_path = plan.tokenizer.clone().unwrap_or_else(|| beside(&plan.path));
    let tokenizer = read(run, &tokenizer_path, limits.tokenizer_bytes_max)?;
    let tried = try_out(run, spec, graph, tokenizer)?;
    let mut output = Output::changed(0);
    output.notes = store(run, writer, tried, &plan.name, &plan.path)?;
    Ok(output)
}

/// A model that was loaded and tried, before anything of it is stored.
pub(super) struct Tried {
    spec: ModelSpec,
    graph: Vec<u8>,
    tokenizer: Vec<u8>,
    pub(super) encoder: Encoder,
}

/// Loads a model that shall be stored, or says why it cannot be used.
pub(super) fn try_out(
    run: &Run,
    spec: ModelSpec,
    graph: Vec<u8>,
    tokenizer: Vec<u8>,
) -> Result<Tried, Error> {
    let encoder = model::inspect(&graph, &tokenizer, &spec, &run.inner.runtime()?)?;
    let (dimension, most) = (encoder.dimension(), run.inner.limits.dimension_max);
    if dimension > most as usize {
        return Err(Error::value(
            format!("the model's embeddings have {dimension} elements"),
            format!("at most {most} are supported"),
        ));
    }
    Ok(Tried { spec, graph, tokenizer, encoder })
}

/// Stores a model under a name, with what is kept of it, in one commit; gives what there is to note.
pub(super) fn store(
    run: &Run,
    mut writer: Writer<'_>,
    tried: Tried,
    name: &str,
    source: &str,
) -> Result<Vec<String>, Error> {
    let Tried { spec, graph, tokenizer, encoder } = tried;
    let info = encoder.info();
    let id = writer.allocate()?;
    writer.put_blob(id, GRAPH, &graph)?;
    writer.put_blob(id, TOKENIZER, &tokenizer)?;
    let record = ModelRecord {
        id,
        name: name.to_string(),
        dimension: u32::try_from(info.dimension).unwrap_or(u32::MAX),
        pooling: stored_pooling(spec.pooling),
        normalize: spec.normalize,
        max_tokens: u32::try_from(spec.max_tokens).unwrap_or(u32::MAX),
        output: info.output,
        inputs: info.inputs,
        dtype: match spec.dtype {
            Dtype::F32 => ModelType::F32,
            Dtype::Int8 => ModelType::Int8,
            Dtype::F16 => ModelType::F16,
        },
        device: device_name(spec.device),
        fallback: spec.fallback_cpu.then(|| "cpu".to_string()),
        fingerprint: model::fingerprint(&graph, &tokenizer, &spec),
        model_bytes: graph.len() as u64,
        tokenizer_bytes: tokenizer.len() as u64,
        source: source.to_string(),
    };
    writer.publish(build::write_model(&run.view, &record, &encoder, &tokenizer)?)?;
    writer.put_object(Object::Model(record))?;
    writer.commit()?;
    Ok(info.notes)
}

/// OR REPLACE is for models that no table uses: their embeddings would belong to another model.
fn replaceable(run: &Run, existing: &Object) -> Result<(), Error> {
    for object in run.view.catalog().of_kind(ObjectKind::Table) {
        let Object::Table(table) = &**object else { continue };
        let uses = |column: &&argtop_storage::ColumnRecord| {
            column.generated.as_ref().is_some_and(|generated| generated.model == existing.name())
        };
        if let Some(column) = table.columns.iter().find(uses) {
            return Err(Error::value(
                format!("model {} made column {} of table {}", existing.name(), column.name, table.name),
                "create the new model under another name",
            ));
        }
    }
    Ok(())
}

fn spec(run: &Run, options: &mut OptionReader<'_>) -> Result<ModelSpec, Error> {
    let pooling = match options.word("pooling", &["mean", "cls", "none"])? {
        Some("cls") => model::Pooling::Cls,
        Some("none") => model::Pooling::None,
        _ => model::Pooling::Mean,
    };
    let device = match options.text("device")? {
        Some(text) => parse_device(&text)?,
        None => Device::Cpu,
    };
    Ok(ModelSpec {
        pooling,
        normalize: options.boolean("normalize")?.unwrap_or(true),
        max_tokens: options.number("max_tokens", 3, 8_192)?.unwrap_or(MAX_TOKENS) as usize,
        output: options.text("output")?,
        dtype: match options.word("dtype", &["f32", "int8", "f16"])? {
            Some("int8") => Dtype::Int8,
            Some("f16") => Dtype::F16,
            _ => Dtype::F32,
        },
        device,
        fallback_cpu: options.word("fallback", &["cpu"])?.is_some(),
        threads: options.number("threads", 1, 1_024)?.map_or(run.inner.threads, |threads| threads as usize),
    })
}

fn parse_device(text: &str) -> Result<Device, Error> {
    let lower = text.to_ascii_lowercase();
    let device = match lower.as_str() {
        "cpu" => Some(Device::Cpu),
        "auto" => Some(Device::Auto),
        "cuda" => Some(Device::Cuda(0)),
        other => other.strip_prefix("cuda:").and_then(|number| number.parse().ok()).map(Device::Cuda),
    };
    device.ok_or_else(|| {
        Error::value(format!("unknown device '{text}'"), "write 'cpu', 'cuda', 'cuda:N' or 'auto'")
    })
}

fn device_name(device: Device) -> String {
    match device {
        Device::Cpu => "cpu".to_string(),
        Device::Auto => "auto".to_string(),
        Device::Cuda(number) => format!("cuda:{number}"),
    }
}

fn stored_pooling(pooling: model::Pooling) -> Pooling {
    match pooling {
        model::Pooling::Mean => Pooling::Mean,
        model::Pooling::Cls => Pooling::Cls,
        model::Pooling::None => Pooling::None,
    }
}

/// tokenizer.json in the folder of the graph.
fn beside(path: &str) -> String {
    Path::new(path).with_file_name("tokenizer.json").to_string_lossy().into_owned()
}

fn read(run: &Run, path: &str, bytes_max: u64) -> Result<Vec<u8>, Error> {
    let resolved = run.inner.access.input(Path::new(path))?;
    let failed =
        |error: std::io::Error| Error::value(format!("cannot read {path}: {error}"), "check the file");
    let file = std::fs::File::open(resolved).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    if length > bytes_max {
        return Err(Error::value(
            format!("{path} has {length} bytes"),
            format!("at most {bytes_max} are read"),
        ));
    }
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(length as usize).map_err(|_| {
        Error::value(
            format!("no memory for the {length} bytes of {path}"),
            "free memory, or use a smaller file",
        )
    })?;
    // The file may have grown since its length was taken.
    file.take(bytes_max).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Loads the encoder of a stored model, from what was kept of it if there is that.
pub(crate) fn load(view: &View, record: &ModelRecord) -> Result<Encoder, Error> {
    let spec = spec_of(view, record)?;
    // ONNX Runtime is loaded while the model is read.
    let (runtime, files) = std::thread::scope(|scope| {
        let runtime = scope.spawn(|| view.inner().runtime());
        let files = read_stored(view, record);
        (runtime.join(), files)
    });
    let runtime = runtime.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
    let (graph, tokenizer) = match files? {
        Stored::Kept(kept, graph) => {
            if let Ok(encoder) = Encoder::load_kept(&kept, graph.as_deref(), &spec, &runtime) {
                return Ok(encoder);
            }
            // What cannot be used is made anew. Where the model itself is at fault, it says so again.
            files_of(view, record)?
        }
        Stored::Files { graph, tokenizer } => (graph, tokenizer),
    };
    let encoder = Encoder::load(&graph, &tokenizer, &spec, &runtime)?;
    view.inner().maintenance.keep(record.id);
    Ok(encoder)
}

/// Loads the encoder in f32 of a stored model that computes in other numbers, out of the graph stored with
/// it.
pub(crate) fn load_f32(view: &View, record: &ModelRecord) -> Result<Encoder, Error> {
    let (graph, tokenizer) = files_of(view, record)?;
    let spec = ModelSpec { dtype: Dtype::F32, ..spec_of(view, record)? };
    Ok(Encoder::load(&graph, &tokenizer, &spec, &view.inner().runtime()?)?)
}

/// What there is of a stored model.
enum Stored {
    /// What was kept of it, and its graph where that is needed.
    Kept(Box<KeptModel>, Option<Vec<u8>>),
    /// Its files.
    Files { graph: Vec<u8>, tokenizer: Vec<u8> },
}

fn read_stored(view: &View, record: &ModelRecord) -> Result<Stored, Error> {
    if let Some(kept) = build::open_model(view, record) {
        let graph = kept.needs_graph().then(|| part(view, record, GRAPH)).transpose()?;
        return Ok(Stored::Kept(Box::new(kept), graph));
    }
    let (graph, tokenizer) = files_of(view, record)?;
    Ok(Stored::Files { graph, tokenizer })
}

/// Graph and tokenizer.
pub(super) fn files_of(view: &View, record: &ModelRecord) -> Result<(Vec<u8>, Vec<u8>), Error> {
    Ok((part(view, record, GRAPH)?, tokenizer(view, record)?))
}

/// The bytes of a stored model's tokenizer.
pub(crate) fn tokenizer(view: &View, record: &ModelRecord) -> Result<Vec<u8>, Error> {
    part(view, record, TOKENIZER)
}

fn part(view: &View, record: &ModelRecord, part: u8) -> Result<Vec<u8>, Error> {
    view.snapshot()
        .blob(record.id, part)?
        .ok_or_else(|| Error::Internal(format!("model {} has no part {part}", record.name)))
}

fn spec_of(view: &View, record: &ModelRecord) -> Result<ModelSpec, Error> {
    Ok(ModelSpec {
        pooling: match record.pooling {
            Pooling::Mean => model::Pooling::Mean,
            Pooling::Cls => model::Pooling::Cls,
            Pooling::None => model::Pooling::None,
        },
        normalize: record.normalize,
        max_tokens: record.max_tokens as usize,
        output: Some(record.output.clone()),
        dtype: match record.dtype {
            ModelType::F32 => Dtype::F32,
            ModelType::Int8 => Dtype::Int8,
            ModelType::F16 => Dtype::F16,
        },
        device: parse_device(&record.device)?,
        fallback_cpu: record.fallback.is_some(),
        threads: view.inner().threads,
    })
}

/// What CREATE MODEL was told of a stored model with these files. The record names the output in use; whether
/// the statement named it too is in the fingerprint.
pub(super) fn told(
    view: &View,
    record: &ModelRecord,
    graph: &[u8],
    tokenizer: &[u8],
) -> Result<ModelSpec, Error> {
    let named = spec_of(view, record)?;
    let unnamed = ModelSpec { output: None, ..named.clone() };
    let is_unnamed = model::fingerprint(graph, tokenizer, &unnamed) == record.fingerprint;
    Ok(if is_unnamed { unnamed } else { named })
}
