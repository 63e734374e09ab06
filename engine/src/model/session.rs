//! A loaded model and one run of it.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::available_parallelism;

use ort::ep::{self, ExecutionProvider};
use ort::memory::{AllocationDevice, Allocator, AllocatorType, MemoryInfo, MemoryType};
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::session::{HasSelectedOutputs, IoBinding, OutputSelector, RunOptions, Session, SessionInputValue};
use ort::value::{Tensor, TensorRef};

use super::error::ModelError;
use super::float16::float16;
use super::kept::Ran;
use super::operators;
use super::pooled::with_pooled_outputs;
use super::protobuf::check_self_contained;
use super::quantize::{Parts, Quantized, quantize};
use super::runtime::Runtime;
use super::signature::{Role, Signature};
use super::spec::{Device, Dtype, ModelSpec};
use super::tokenizer::panic_message;

/// Texts of equal length as the model takes them, row after row.
#[derive(Clone, Copy, Debug)]
pub(super) struct TokenRows<'a> {
    pub(super) rows: usize,
    pub(super) tokens: usize,
    /// `rows * tokens` ids.
    pub(super) ids: &'a [i64],
    /// `rows * tokens` numbers: 1 for a token of the text, 0 for padding.
    pub(super) mask: &'a [i64],
}

/// A loaded model: sessions, each of which runs one batch at a time.
///
/// In f32 and f16 there is one, and a run uses every thread it was given: a second session would hold the
/// weights once more. In 8 bits sessions share what they hold; a run stays on the thread that asks, so that
/// there are as many as there may be threads, made when they are wanted.
pub(super) struct OnnxSession {
    sessions: Sessions,
    pub(super) signature: Signature,
    pub(super) provider: String,
    pub(super) notes: Vec<String>,
    on_device: bool,
}

/// What a model is loaded from.
pub(super) enum Source<'a> {
    /// The bytes of an ONNX file.
    Onnx(&'a [u8]),
    /// What was made of one.
    Quantized(Quantized),
}

struct Running {
    session: Session,
    outcome: Outcome,
}

/// How the output of a run comes back.
enum Outcome {
    /// In memory that the run allocates.
    Made(RunOptions<HasSelectedOutputs>),
    /// In memory of that kind, bound to the run: the device copies there what was asked for, nothing else.
    Bound(Box<IoBinding>, MemoryInfo<'static>),
}

/// Sessions of one model.
struct Sessions {
    /// Those that nobody runs.
    free: Mutex<Free>,
    /// One became free.
    freed: Condvar,
    most: usize,
    /// How another is made; `None` where there is only one.
    again: Option<Again>,
}

struct Free {
    sessions: Vec<Running>,
    /// How many there are, free or not.
    made: usize,
}

/// A quantised model, from which sessions are made.
struct Again {
    runtime: Runtime,
    model: Quantized,
    output: String,
}

impl Again {
    fn session(&self) -> Result<Session, ModelError> {
        let domain = operators::domain(&self.model.parts).map_err(|error| refused(&error))?;
        let builder = cpu(1, &self.runtime)?.with_operators(domain);
        commit(builder.map_err(|error: ort::Error<SessionBuilder>| refused(&error))?, &self.model.bytes)
    }
}

impl Running {
    fn new(session: Session, output: &str) -> Result<Running, ModelError> {
        let selected = OutputSelector::no_default().with(output);
        let options = RunOptions::new().map_err(|error| refused(&error))?.with_outputs(selected);
        Ok(Running { session, outcome: Outcome::Made(options) })
    }

    /// The same with its output bound to memory.
    fn bound(session: Session, memory: MemoryInfo<'static>) -> Result<Running, ModelError> {
        let binding = Box::new(session.create_binding().map_err(|error| refused(&error))?);
        Ok(Running { session, outcome: Outcome::Bound(binding, memory) })
    }
}

/// Where a model runs.
pub(super) struct Place {
    builder: SessionBuilder,
    provider: String,
    /// Memory that the device writes embeddings into; `None` on the processor.
    memory: Option<MemoryInfo<'static>>,
    notes: Vec<String>,
}

impl Place {
    /// The processor.
    fn processor(spec: &ModelSpec, runtime: &Runtime, notes: Vec<String>) -> Result<Place, ModelError> {
        let builder = cpu(threads(spec), runtime)?;
        Ok(Place { builder, provider: "cpu".to_string(), memory: None, notes })
    }

    /// The processor, treated as a device.
    #[cfg(test)]
    pub(super) fn like_a_device(spec: &ModelSpec, runtime: &Runtime) -> Result<Place, ModelError> {
        let memory = Some(MemoryInfo::default());
        Ok(Place { memory, ..Place::processor(spec, runtime, Vec::new())? })
    }
}

/// A session in use, which goes back when this is dropped.
struct Taken<'a> {
    sessions: &'a Sessions,
    running: Option<Running>,
}

impl Sessions {
    fn take(&self) -> Result<Taken<'_>, ModelError> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(running) = free.sessions.pop() {
                return Ok(Taken { sessions: self, running: Some(running) });
            }
            if let Some(again) = self.again.as_ref().filter(|_| free.made < self.most) {
                free.made += 1;
                drop(free);
                let made = again.session().and_then(|session| Running::new(session, &again.output));
                if made.is_err() {
                    self.free.lock().unwrap_or_else(PoisonError::into_inner).made -= 1;
                    self.freed.notify_one();
                }
                return Ok(Taken { sessions: self, running: Some(made?) });
            }
            free = self.freed.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut free = self.sessions.free.lock().unwrap_or_else(PoisonError::into_inner);
        free.sessions.extend(self.running.take());
        self.sessions.freed.notify_one();
    }
}

impl OnnxSession {
    /// Checks the graph of a model, or of one that was quantised before, and loads it from memory.
    pub(super) fn load(
        source: Source<'_>,
        spec: &ModelSpec,
        runtime: &Runtime,
    ) -> Result<OnnxSession, ModelError> {
        Self::load_in(place(spec, runtime)?, source, spec, runtime)
    }

    /// [`load`](OnnxSession::load) in a place that was found.
    pub(super) fn load_in(
        place: Place,
        source: Source<'_>,
        spec: &ModelSpec,
        runtime: &Runtime,
    ) -> Result<OnnxSession, ModelError> {
        check_self_contained(match &source {
            Source::Onnx(bytes) => bytes,
            Source::Quantized(model) => &model.bytes,
        })?;
        let Place { builder, provider, memory, mut notes } = place;
        let quantized = match (source, spec.dtype) {
            (Source::Onnx(bytes), Dtype::F32) => Err(Cow::Borrowed(bytes)),
            (Source::Onnx(bytes), Dtype::F16) => Err(Cow::Owned(float16(bytes)?)),
            (Source::Onnx(bytes), Dtype::Int8) => Ok(quantize(bytes)?),
            (Source::Quantized(model), _) => Ok(model),
        };
        let (session, again) = match quantized {
            Err(bytes) if memory.is_some() => {
                (commit(builder, &with_pooled_outputs(&bytes, spec.pooling)?)?, None)
            }
            Err(bytes) => (commit(builder, &bytes)?, None),
            Ok(model) => {
                let again = Again { runtime: runtime.clone(), model, output: String::new() };
                (again.session()?, Some(again))
            }
        };
        let signature = Signature::read(&session, spec.pooling, spec.output.as_deref())?;
        notes.extend(signature.note.clone());
        let on_device = memory.is_some();
        let running = match memory {
            Some(memory) => {
                let (memory, note) = writable(&session, memory);
                notes.extend(note);
                Running::bound(session, memory)?
            }
            None => Running::new(session, &signature.output)?,
        };
        let free = Free { sessions: vec![running], made: 1 };
        let most = if again.is_some() { threads(spec) } else { 1 };
        let again = again.map(|again| Again { output: signature.output.clone(), ..again });
        let sessions = Sessions { free: Mutex::new(free), freed: Condvar::new(), most, again };
        Ok(OnnxSession { sessions, signature, provider, notes, on_device })
    }

    /// Whether runs are to be as large as suits a device.
    pub(super) fn on_device(&self) -> bool {
        self.on_device
    }

    /// The graph and parts of a model in 8 bits.
    pub(super) fn quantized(&self) -> Option<(&[u8], &Parts)> {
        self.sessions.again.as_ref().map(|again| (&again.model.bytes[..], &*again.model.parts))
    }

    /// What the result of a trial run depends on.
    pub(super) fn ran(&self, spec: &ModelSpec) -> Ran {
        Ran {
            runtime: ort::info().to_string(),
            provider: self.provider.clone(),
            // In 8 bits a run has one, however many runs there are at a time.
            threads: if self.quantized().is_some() { 1 } else { threads(spec) },
            instructions: instructions(),
        }
    }

    /// Runs that may go on at a time.
    pub(super) fn runs_at_once(&self) -> usize {
        self.sessions.most
    }

    /// Runs the model and hands the shape and the numbers of its output to `read`.
    pub(super) fn run<T>(
        &self,
        input: TokenRows<'_>,
        read: impl FnOnce(&[i64], &[f32]) -> Result<T, ModelError>,
    ) -> Result<T, ModelError> {
        let failed = |error: ort::Error| ModelError::Run { reason: error.to_string() };
        let shape = [input.rows, input.tokens];
        let zeros = vec![0i64; input.ids.len()];
        let of_role = |role: Role| match role {
            Role::Ids => input.ids,
            Role::Mask => input.mask,
            Role::Types => &zeros,
        };
        let inputs = &self.signature.inputs;
        let narrow: Result<Vec<Vec<i32>>, ModelError> = inputs
            .iter()
            .map(|input| if input.narrow { narrowed(of_role(input.role)) } else { Ok(Vec::new()) })
            .collect();
        let narrow = narrow?;
        let bound = self.on_device;
        let mut values: Vec<(Cow<'_, str>, SessionInputValue<'_>)> = Vec::with_capacity(inputs.len());
        for (input, narrow) in inputs.iter().zip(&narrow) {
            let wide = of_role(input.role);
            // Binding a tensor that is only borrowed would copy it, which ort rc.15 does under a lock that it
            // takes twice.
            let value: ort::Result<SessionInputValue<'_>> = match (input.narrow, bound) {
                (true, false) => TensorRef::from_array_view((shape, &narrow[..])).map(Into::into),
                (false, false) => TensorRef::from_array_view((shape, wide)).map(Into::into),
                (true, true) => Tensor::from_array((shape, narrow.clone())).map(Into::into),
                (false, true) => Tensor::from_array((shape, wide.to_vec())).map(Into::into),
            };
            values.push((Cow::Borrowed(input.name.as_str()), value.map_err(failed)?));
        }
        let mut taken = self.sessions.take()?;
        let Some(Running { session, outcome }) = &mut taken.running else {
            return Err(ModelError::Run { reason: "a session was given away".to_string() });
        };
        let (wanted, _) = self.signature.wanted();
        let outputs = match outcome {
            Outcome::Made(options) => session.run_with_options(values, options).map_err(failed)?,
            Outcome::Bound(binding, memory) => {
                for (name, value) in &values {
                    binding.bind_input(&**name, value).map_err(failed)?;
                }
                // Anew each time: what a run has allocated stays bound, and has the shape of that run.
                binding.bind_output_to_device(wanted, memory).map_err(failed)?;
                let outputs = session.run_binding(binding).map_err(failed)?;
                binding.synchronize_outputs().map_err(failed)?;
                outputs
            }
        };
        let output = outputs
            .get(wanted)
            .ok_or_else(|| ModelError::Run { reason: format!("it returned no output '{wanted}'") })?;
        let (shape, numbers) = output.try_extract_tensor::<f32>().map_err(failed)?;
        read(shape, numbers)
    }
}

/// The sets of instructions by which ONNX Runtime chooses how it multiplies.
fn instructions() -> String {
    let mut found = vec![std::env::consts::ARCH];
    #[cfg(target_arch = "x86_64")]
    for (name, there) in [
        ("avx2", is_x86_feature_detected!("avx2")),
        ("fma", is_x86_feature_detected!("fma")),
        ("avx512f", is_x86_feature_detected!("avx512f")),
        ("avx512bw", is_x86_feature_detected!("avx512bw")),
        ("avx512dq", is_x86_feature_detected!("avx512dq")),
        ("avx512vl", is_x86_feature_detected!("avx512vl")),
        ("avx512vnni", is_x86_feature_detected!("avx512vnni")),
        ("avx512bf16", is_x86_feature_detected!("avx512bf16")),
        ("avxvnni", is_x86_feature_detected!("avxvnni")),
    ] {
        found.extend(there.then_some(name));
    }
    found.join(" ")
}

/// Numbers as int32, for models that take it.
fn narrowed(numbers: &[i64]) -> Result<Vec<i32>, ModelError> {
    let narrow = |number: &i64| {
        let reason = || format!("token id {number} is too large for the model's int32 input");
        i32::try_from(*number).map_err(|_| ModelError::Run { reason: reason() })
    };
    numbers.iter().map(narrow).collect()
}

fn refused<R>(error: &ort::Error<R>) -> ModelError {
    ModelError::NotLoadable { reason: error.to_string() }
}

/// Loads from memory; the crate may panic on types of inputs it does not know.
fn commit(mut builder: SessionBuilder, bytes: &[u8]) -> Result<Session, ModelError> {
    match catch_unwind(AssertUnwindSafe(|| builder.commit_from_memory(bytes))) {
        Ok(session) => session.map_err(|error| refused(&error)),
        Err(panic) => Err(ModelError::NotLoadable { reason: panic_message(&*panic) }),
    }
}

/// Where a model is to run, and what there is to say about it.
fn place(spec: &ModelSpec, runtime: &Runtime) -> Result<Place, ModelError> {
    let asked = match spec.device {
        Device::Cuda(number) if spec.dtype == Dtype::Int8 => {
            let error = ModelError::Int8Device { device: format!("cuda:{number}") };
            if !spec.fallback_cpu {
                return Err(error);
            }
            return Place::processor(spec, runtime, vec![error.to_string()]);
        }
        // What does not run on the device is no reason to look for it.
        Device::Auto if spec.dtype == Dtype::Int8 => return Place::processor(spec, runtime, Vec::new()),
        Device::Cpu if spec.dtype == Dtype::F16 => return Place::processor(spec, runtime, vec![slow_f16()]),
        Device::Cpu => return Place::processor(spec, runtime, Vec::new()),
        Device::Cuda(number) => number,
        Device::Auto => 0,
    };
    let provider = format!("cuda:{asked}");
    let reason = match cuda(cpu(threads(spec), runtime)?, asked) {
        Ok((builder, memory)) => {
            return Ok(Place { builder, provider, memory: Some(memory), notes: Vec::new() });
        }
        Err(reason) => reason,
    };
    if spec.device != Device::Auto && !spec.fallback_cpu {
        return Err(ModelError::Device { device: provider, reason });
    }
    let mut notes = vec![format!("{provider} asked, cpu in use: {reason}")];
    notes.extend((spec.dtype == Dtype::F16).then(slow_f16));
    Place::processor(spec, runtime, notes)
}

fn slow_f16() -> String {
    "f16 on the processor is rounded to 16 bits and computed in f32, no faster; it is for CUDA devices"
        .to_string()
}

/// Memory of that kind if the session has it, or else any, and what there is to say then.
fn writable(session: &Session, memory: MemoryInfo<'static>) -> (MemoryInfo<'static>, Option<String>) {
    match Allocator::new(session, memory.clone()) {
        Ok(_) => (memory, None),
        Err(error) => {
            let note = format!("embeddings come back by pageable memory, which is slower: {error}");
            (MemoryInfo::default(), Some(note))
        }
    }
}

/// Threads that a model may use.
fn threads(spec: &ModelSpec) -> usize {
    match spec.threads {
        0 => available_parallelism().map_or(1, usize::from),
        threads => threads,
    }
}

fn cpu(threads: usize, runtime: &Runtime) -> Result<SessionBuilder, ModelError> {
    let refused = |error: ort::Error<SessionBuilder>| refused(&error);
    Session::builder(&runtime.environment)
        .map_err(|error| self::refused(&error))?
        .with_optimization_level(GraphOptimizationLevel::All)
        .map_err(refused)?
        .with_intra_threads(threads)
        .map_err(refused)?
        .with_inter_threads(1)
        .map_err(refused)?
        .with_deterministic_compute(true)
        .map_err(refused)?
        // Idle threads sleep instead of spinning: an embedded library does not burn the cores of its host.
        .with_config_entry("session.intra_op.allow_spinning", "0")
        .map_err(refused)?
        // The shapes differ from run to run, so there is no pattern of memory to learn.
        .with_memory_pattern(false)
        .map_err(refused)
}

/// The same options with the CUDA provider before the processor, and memory of the processor that the device
/// writes into by itself; or why the provider cannot be registered.
fn cuda(builder: SessionBuilder, number: u32) -> Result<(SessionBuilder, MemoryInfo<'static>), String> {
    let device = i32::try_from(number).map_err(|_| format!("there is no device number {number}"))?;
    if !ep::CUDA::is_available().map_err(|error| error.to_string())? {
        return Err("this ONNX Runtime is built without the CUDA provider".to_string());
    }
    // TF32 would keep 10 bits of each factor.
    let provider = ep::CUDA::default().with_device_id(device).with_tf32(false).build().error_on_failure();
    let builder = builder.with_execution_providers([provider]).map_err(|error| error.to_string())?;
    let pinned = AllocationDevice::CUDA_PINNED;
    let memory = MemoryInfo::new(pinned, device, AllocatorType::Device, MemoryType::CPUOutput);
    Ok((builder, memory.map_err(|error| error.to_string())?))
}
