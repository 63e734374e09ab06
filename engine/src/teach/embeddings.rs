//! Encoded texts of trainings, kept in the database's `training` directory, so that no training encodes a
//! text that another has encoded.
//!
//! A file has the vectors of one training's texts, `[texts, D]` in f32, then the first 16 bytes of the
//! SHA-256 of each text. Its name says the model and whether vectors are normalised, then the hash of all
//! texts. A training whose very texts are there maps the file; another takes from all files of its model what
//! they have, and encodes the rest.

use std::collections::HashMap;
use std::ops::Deref;

use argtop_storage::{ModelRecord, ScratchMap};
use sha2::{Digest, Sha256};

use super::lesson::{Texts, scratch_error};
use crate::error::Error;
use crate::execute::Run;
use crate::kernel;
use crate::train::Vectors;

/// Beginning of the names of these files.
const PREFIX: &str = "phi-";
/// Bytes by which a text is known.
const KEY_BYTES: usize = 16;

type Key = [u8; KEY_BYTES];

/// The vectors of a mapped file.
struct Mapped {
    map: ScratchMap,
    /// Bytes before the keys.
    bytes: usize,
}

impl Deref for Mapped {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // The map begins at a page and holds whole numbers, which `mapped` has checked.
        bytemuck::cast_slice(&self.map.bytes()[..self.bytes])
    }
}

/// Digits of a digest.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn digest(parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

fn key_of(text: &str) -> Key {
    let mut key = [0; KEY_BYTES];
    key.copy_from_slice(&digest(&[text])[..KEY_BYTES]);
    key
}

/// The vectors of texts by a model: normalised where `normalize` says so, else as the model gives them.
pub(super) fn encoded(
    run: &Run,
    model: &ModelRecord,
    texts: &Texts,
    normalize: bool,
) -> Result<Vectors, Error> {
    let dimension = model.dimension as usize;
    let of_model = hex(&digest(&[&model.fingerprint, if normalize { "unit" } else { "raw" }])[..8]);
    let family = format!("{PREFIX}{of_model}-");
    let name = format!("{family}{}", hex(&digest(&[&texts.hash])[..KEY_BYTES]));
    let scratch = run.inner.store.scratch();
    if let Some(vectors) = mapped(scratch.open(&name), dimension, texts.len()) {
        return Ok(vectors);
    }
    let known = Known::read(run, &family, dimension)?;
    let encoder = run.view.encoder(model)?;
    let mut file = scratch.create(&name).map_err(scratch_error)?;
    let mut keys: Vec<Key> = Vec::with_capacity(texts.len());
    let total = texts.len();
    let step = encoder.call_texts() * 4;
    for start in (0..total).step_by(step) {
        let end = total.min(start + step);
        let batch: Vec<&str> = (start..end).map(|at| texts.get(at)).collect::<Result<_, _>>()?;
        keys.extend(batch.iter().map(|text| key_of(text)));
        let (mut values, missing) = known.look_up(&keys[start..], dimension);
        let left: Vec<&str> = missing.iter().map(|at| batch[*at]).collect();
        let cancelled = || run.context.is_cancelled();
        let encoded = match left.is_empty() {
            true => Vec::new(),
            false => run.inner.install(|| encoder.encode(&cancelled, &left))?.values,
        };
        run.context.check()?;
        for ((at, text), vector) in missing.iter().zip(&left).zip(encoded.chunks_exact(dimension)) {
            let row = &mut values[at * dimension..(at + 1) * dimension];
            row.copy_from_slice(vector);
            if normalize {
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
    file.write(keys.as_flattened()).map_err(scratch_error)?;
    let map = file.finish().map_err(scratch_error)?;
    let bytes_max = run.settings.get("training_cache_mib").unsigned_abs() << 20;
    scratch.trim(PREFIX, bytes_max, &name).map_err(scratch_error)?;
    mapped(Some(map), dimension, total).ok_or_else(|| Error::Internal("encoded texts are cut off".into()))
}

/// The vectors of a file that has `rows` texts.
fn mapped(map: Option<ScratchMap>, dimension: usize, rows: usize) -> Option<Vectors> {
    let (map, bytes) = (map?, rows * dimension * 4);
    (map.bytes().len() == bytes + rows * KEY_BYTES).then(|| Vectors::new(dimension, Mapped { map, bytes }))
}

/// Texts that trainings before have encoded.
#[derive(Default)]
struct Known {
    files: Vec<Vectors>,
    /// File and row of each text.
    places: HashMap<Key, (u32, u32)>,
}

impl Known {
    /// What the files of one model have. Unreadable ones are left out.
    fn read(run: &Run, family: &str, dimension: usize) -> Result<Known, Error> {
        let scratch = run.inner.store.scratch();
        let mut known = Known::default();
        for name in scratch.names().map_err(scratch_error)?.iter().filter(|name| name.starts_with(family)) {
            run.context.check()?;
            let Some(map) = scratch.open(name) else { continue };
            let rows = map.bytes().len() / (dimension * 4 + KEY_BYTES);
            let Some(vectors) = mapped(Some(map.clone()), dimension, rows) else { continue };
            let file = known.files.len() as u32;
            known.files.push(vectors);
            let keys = map.bytes()[rows * dimension * 4..].as_chunks::<KEY_BYTES>().0;
            known.places.extend(keys.iter().zip(0u32..).map(|(key, row)| (*key, (file, row))));
        }
        Ok(known)
    }

    /// The vectors of texts, `[texts, D]`, and which of them are missing; those are zeros.
    fn look_up(&self, keys: &[Key], dimension: usize) -> (Vec<f32>, Vec<usize>) {
        let mut values = vec![0.0; keys.len() * dimension];
        let mut missing = Vec::new();
        for (at, (key, out)) in keys.iter().zip(values.chunks_exact_mut(dimension)).enumerate() {
            match self.places.get(key) {
                Some((file, row)) => out.copy_from_slice(self.files[*file as usize].row(*row as usize)),
                None => missing.push(at),
            }
        }
        (values, missing)
    }
}
