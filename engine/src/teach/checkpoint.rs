//! The state of a training that is under way, as a scratch file.

use std::time::{Duration, Instant};

use argtop_storage::{ObjectId, Scratch, Store};
use serde::{Deserialize, Serialize};

use super::lesson::{SPOOLED, scratch_error};
use crate::error::Error;
use crate::train::{Checkpoint, TrainError};

/// Begins the names of these files; the object's number and the part of its training follow.
const STATE: &str = "state-";

/// Removes files in the directory `training` that nobody can take up: pairs of trainings that ended with
/// their process, and states of objects that are gone.
pub(crate) fn sweep(store: &Store) -> Result<(), Error> {
    let snapshot = store.snapshot();
    let gone = |name: &str| {
        let object = name.strip_prefix(STATE).and_then(|rest| rest.split('-').next()?.parse().ok());
        object.is_some_and(|id| snapshot.catalog().get(ObjectId(id)).is_none())
    };
    store.scratch().sweep(|name| name.starts_with(SPOOLED) || gone(name)).map_err(scratch_error)
}

/// What a file says about itself, as one line of JSON before the numbers.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    /// Hash of data and options.
    fingerprint: String,
    /// The epoch to go on with.
    epoch: usize,
    /// Name and count of each array, in the order of their numbers.
    arrays: Vec<(String, usize)>,
}

/// Keeps states of one training.
pub(super) struct StateFile {
    scratch: Scratch,
    name: String,
    fingerprint: String,
    resume: bool,
    every: Duration,
    last: Instant,
}

impl StateFile {
    /// The states of an object's training with given data and options. With `resume` the last one is taken
    /// up; a state is kept at most once in `every`.
    pub(super) fn new(
        scratch: Scratch,
        object: ObjectId,
        part: &str,
        fingerprint: String,
        resume: bool,
        every: Duration,
    ) -> StateFile {
        let name = format!("{STATE}{}-{part}", object.0);
        StateFile { scratch, name, fingerprint, resume, every, last: Instant::now() }
    }

    /// Removes what was kept: the training has ended.
    pub(super) fn forget(&self) -> std::io::Result<()> {
        self.scratch.remove(&self.name)
    }
}

fn failed(error: impl std::fmt::Display) -> TrainError {
    TrainError::Checkpoint(error.to_string())
}

impl Checkpoint for StateFile {
    fn restore(&mut self, state: &mut [(&'static str, &mut Vec<f32>)]) -> Result<usize, TrainError> {
        if !self.resume {
            return Ok(0);
        }
        let Some(map) = self.scratch.open(&self.name) else { return Ok(0) };
        let bytes = map.bytes();
        let length = bytes.first_chunk::<8>().map(|bytes| u64::from_le_bytes(*bytes) as usize);
        let header = length.and_then(|length| bytes.get(8..8usize.checked_add(length)?));
        let header = header.ok_or_else(|| failed("the file is cut off"))?;
        let mut rest = &bytes[8 + header.len()..];
        let header: Header = serde_json::from_slice(header).map_err(failed)?;
        if header.fingerprint != self.fingerprint {
            return Err(failed(
                "the state that was kept belongs to other pairs or options; give the same ones, or leave \
                 resume out to begin anew",
            ));
        }
        let fits = header.arrays.len() == state.len()
            && header
                .arrays
                .iter()
                .zip(state.iter())
                .all(|((name, count), (wanted, values))| name == wanted && *count == values.len());
        if !fits {
            return Err(failed("the state that was kept has other arrays; leave resume out to begin anew"));
        }
        for (_, values) in state.iter_mut() {
            let (mine, after) =
                rest.split_at_checked(values.len() * 4).ok_or_else(|| failed("the file is cut off"))?;
            for (value, bytes) in values.iter_mut().zip(mine.as_chunks::<4>().0) {
                *value = f32::from_le_bytes(*bytes);
            }
            rest = after;
        }
        Ok(header.epoch)
    }

    fn keep(&mut self, epoch: usize, state: &[(&'static str, &mut Vec<f32>)]) -> Result<(), TrainError> {
        if self.last.elapsed() < self.every {
            return Ok(());
        }
        let arrays = state.iter().map(|(name, values)| ((*name).to_string(), values.len())).collect();
        let header = Header { fingerprint: self.fingerprint.clone(), epoch, arrays };
        let header = serde_json::to_vec(&header).map_err(failed)?;
        let mut file = self.scratch.create(&self.name).map_err(failed)?;
        file.write(&(header.len() as u64).to_le_bytes()).map_err(failed)?;
        file.write(&header).map_err(failed)?;
        for (_, values) in state {
            for block in values.chunks(1 << 18) {
                let bytes: Vec<u8> = block.iter().flat_map(|value| value.to_le_bytes()).collect();
                file.write(&bytes).map_err(failed)?;
            }
        }
        file.finish().map_err(failed)?;
        self.last = Instant::now();
        Ok(())
    }
}
