//! What all trainers share: epochs of steps that can be watched, stopped, kept and taken up again.

use std::time::Instant;

use super::control::TrainError;

/// A training: parameters, and steps that change them.
///
/// What an epoch does depends on the seed, the epoch's number and the parameters at its beginning alone, so
/// that a training taken up at an epoch's beginning ends in the same numbers as one that was never stopped.
pub trait Learner {
    /// Epochs in all.
    fn epochs(&self) -> usize;

    /// Prepares an epoch (batches, hard negatives) and gives the number of its steps. Long preparations ask
    /// `cancelled` now and then.
    ///
    /// # Errors
    /// [`TrainError::Cancelled`] when asked to stop.
    fn begin(&mut self, epoch: usize, cancelled: &(dyn Fn() -> bool + Sync)) -> Result<usize, TrainError>;

    /// One batch, short enough to be waited for (50 ms or so); gives its mean loss.
    fn step(&mut self, epoch: usize, step: usize) -> f64;

    /// Whether the state after `epoch` is all that the next one needs.
    fn complete_after(&self, epoch: usize) -> bool;

    /// Everything that has to survive between epochs, by name.
    fn state(&mut self) -> Vec<(&'static str, &mut Vec<f32>)>;
}

/// How far a training has come.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Epoch, from 0.
    pub epoch: usize,
    /// Epochs in all.
    pub epochs: usize,
    /// Steps done of this epoch.
    pub step: usize,
    /// Steps of this epoch.
    pub steps: usize,
    /// Mean loss of the epoch so far.
    pub loss: f64,
}

/// Keeps the state of a training.
pub trait Checkpoint {
    /// The epoch to go on with and the state at its beginning, read into `state`; 0 when nothing was kept.
    ///
    /// # Errors
    /// [`TrainError::Checkpoint`] where what was kept cannot be read or does not fit.
    fn restore(&mut self, state: &mut [(&'static str, &mut Vec<f32>)]) -> Result<usize, TrainError>;

    /// Keeps the state at the beginning of `epoch`. It may decide to keep only some.
    ///
    /// # Errors
    /// [`TrainError::Checkpoint`] where it cannot be written.
    fn keep(&mut self, epoch: usize, state: &[(&'static str, &mut Vec<f32>)]) -> Result<(), TrainError>;
}

/// Keeps nothing.
pub struct NoCheckpoint;

impl Checkpoint for NoCheckpoint {
    fn restore(&mut self, _: &mut [(&'static str, &mut Vec<f32>)]) -> Result<usize, TrainError> {
        Ok(0)
    }

    fn keep(&mut self, _: usize, _: &[(&'static str, &mut Vec<f32>)]) -> Result<(), TrainError> {
        Ok(())
    }
}

/// Who watches a training.
pub struct Course<'a> {
    /// Asked before every step; `true` ends the training with an error that says so.
    pub cancelled: &'a (dyn Fn() -> bool + Sync),
    /// Told after every step.
    pub report: &'a mut dyn FnMut(&Report),
    /// Keeps states.
    pub checkpoint: &'a mut dyn Checkpoint,
}

/// What a training did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Epoch that it began with.
    pub first_epoch: usize,
    /// Mean loss of each epoch that ran.
    pub losses: Vec<f64>,
    /// Steps taken.
    pub steps: u64,
    /// Seconds.
    pub seconds: f64,
}

/// Runs a training to its end.
///
/// # Errors
/// [`TrainError::Cancelled`] when asked to stop, [`TrainError::Diverged`] when a loss is not a number, and
/// what the checkpoint fails with.
pub fn train(learner: &mut dyn Learner, course: &mut Course<'_>) -> Result<Summary, TrainError> {
    let started = Instant::now();
    let first_epoch = course.checkpoint.restore(&mut learner.state())?;
    let mut summary = Summary { first_epoch, ..Summary::default() };
    let epochs = learner.epochs();
    for epoch in first_epoch..epochs {
        if (course.cancelled)() {
            return Err(TrainError::Cancelled);
        }
        let steps = learner.begin(epoch, course.cancelled)?;
        let mut sum = 0.0;
        for step in 0..steps {
            if (course.cancelled)() {
                return Err(TrainError::Cancelled);
            }
            let loss = learner.step(epoch, step);
            if !loss.is_finite() {
                return Err(TrainError::Diverged { epoch, step, loss });
            }
            sum += loss;
            summary.steps += 1;
            let loss = sum / (step + 1) as f64;
            (course.report)(&Report { epoch, epochs, step: step + 1, steps, loss });
        }
        summary.losses.push(sum / steps.max(1) as f64);
        if epoch + 1 < epochs && learner.complete_after(epoch) {
            course.checkpoint.keep(epoch + 1, &learner.state())?;
        }
    }
    summary.seconds = started.elapsed().as_secs_f64();
    Ok(summary)
}
