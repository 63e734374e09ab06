//! Encoded texts of a training, kept in the database's `training` directory under the hash of what they are
//! made of, so that the next training on the same texts does not encode them again.

use std::ops::Deref;

use argtop_storage::{ModelRecord, ScratchMap};
use sha2::{Digest, Sha256};

use super::lesson::{Texts, scratch_error};
use crate::error::Error;
use crate::execute::Run;
use crate::kernel;
use crate::labels::ENCODE_BATCH;
use crate::train::Vectors;

/// Beginning of the names of these files.
const PREFIX: &str = "phi-";

/// Numbers in a mapped scratch file.
struct Mapped(ScratchMap);

impl Deref for Mapped {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // The map begins at a page and holds whole numbers, which `encoded` has checked.
        bytemuck::cast_slice(self.0.bytes())
    }
}

/// Digits of a digest.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The vectors of texts by a model: normalised where `normalize` says so, else as the model gives them.
pub(super) fn encoded(
    run: &Run,
    model: &ModelRecord,
    texts: &Texts,
    normalize: bool,
) -> Result<Vectors, Error> {
    let dimension = model.dimension as usize;
    let mut key = Sha256::new();
    for part in [model.fingerprint.as_str(), &texts.hash, if normalize { "unit" } else { "raw" }] {
        key.update(part.as_bytes());
        key.update([0]);
    }
    let name = format!("{PREFIX}{}", &hex(&key.finalize())[..32]);
    let scratch = run.inner.store.scratch();
    if let Some(vectors) = mapped(scratch.open(&name), dimension, texts.len()) {
        return Ok(vectors);
    }
    let encoder = run.view.encoder(model)?;
    let mut file = scratch.create(&name).map_err(scratch_error)?;
    let total = texts.len();
    for start in (0..total).step_by(ENCODE_BATCH * 4) {
        let end = total.min(start + ENCODE_BATCH * 4);
        let batch: Vec<&str> = (start..end).map(|at| texts.get(at)).collect::<Result<_, _>>()?;
        let cancelled = || run.context.is_cancelled();
        let mut values = run.inner.install(|| encoder.encode(&cancelled, &batch))?.values;
        run.context.check()?;
        if normalize {
            for (row, text) in values.chunks_exact_mut(dimension).zip(&batch) {
                kernel::normalize(row).map_err(|error| {
                    let short = crate::execute::search::shorten(text);
                    Error::value(
                        format!("the model {} gives `{short}` no usable vector: {error}", model.name),
                        "leave such rows out with WHERE",
                    )
                })?;
            }
        }
        file.write(bytemuck::cast_slice(&values)).map_err(scratch_error)?;
        run.context.progress("encoding texts", end as u64, Some(total as u64));
    }
    let map = file.finish().map_err(scratch_error)?;
    let bytes_max = run.settings.get("training_cache_mib").unsigned_abs() << 20;
    scratch.trim(PREFIX, bytes_max, &name).map_err(scratch_error)?;
    mapped(Some(map), dimension, total).ok_or_else(|| Error::Internal("encoded texts are cut off".into()))
}

fn mapped(map: Option<ScratchMap>, dimension: usize, rows: usize) -> Option<Vectors> {
    let map = map?;
    (map.bytes().len() == rows * dimension * 4).then(|| Vectors::new(dimension, Mapped(map)))
}
