//! How long work is watched and stopped.

/// How a build or a training may run. Work is cut for the current rayon pool.
#[derive(Clone, Copy)]
pub struct BuildControl<'a> {
    /// Asked between blocks of work; `true` ends it with an error that says so.
    pub cancelled: &'a (dyn Fn() -> bool + Sync),
    /// Told how much is done, of how much, in a unit of the work's own. Called from many threads; the figures
    /// of two calls may arrive out of order.
    pub progress: &'a (dyn Fn(u64, u64) + Sync),
    /// Threads that a foreign library may use while it builds, at least one.
    pub threads: usize,
}

/// A training could not run.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The caller asked to stop.
    #[error("cancelled")]
    Cancelled,
    /// The numbers are not whole vectors.
    #[error("{numbers} numbers are not whole vectors of dimension {dimension}")]
    Dimension {
        /// Numbers in a vector.
        dimension: usize,
        /// Numbers given.
        numbers: usize,
    },
    /// Each vector needs one slot.
    #[error("{slots} slots were given for {vectors} vectors; give one each, ascending")]
    Slots {
        /// Slots given.
        slots: usize,
        /// Vectors given.
        vectors: usize,
    },
    /// A vector holds NaN or an infinity.
    #[error("number {position} of vector {row} is {value}; only finite vectors can be clustered")]
    NotFinite {
        /// Which vector, from 0.
        row: usize,
        /// The place in it, from 0.
        position: usize,
        /// What stands there.
        value: f32,
    },
    /// No number of clusters to make, or too many to number.
    #[error("{clusters} clusters cannot be made; ask for 1 to {max}")]
    Clusters {
        /// Clusters asked for.
        clusters: usize,
        /// The most allowed.
        max: usize,
    },
    /// A loss is not a number any more.
    #[error("the loss became {loss} at step {step} of epoch {epoch}; lower lr")]
    Diverged {
        /// Epoch, from 0.
        epoch: usize,
        /// Step of the epoch, from 0.
        step: usize,
        /// The loss.
        loss: f64,
    },
    /// A state cannot be kept or taken up.
    #[error("checkpoint: {0}")]
    Checkpoint(String),
    /// The training pairs or options cannot be learned from.
    #[error("{0}")]
    Input(String),
    /// More vectors than slots.
    #[error("{rows} vectors are more than {max}")]
    Rows {
        /// Vectors given.
        rows: usize,
        /// The most allowed.
        max: usize,
    },
}

/// Refuses weights of points that are not one finite number each, 0 or more.
pub(super) fn check_weights(points: usize, weights: Option<&[f32]>) -> Result<(), TrainError> {
    let Some(weights) = weights else { return Ok(()) };
    if weights.len() != points {
        let given = weights.len();
        return Err(TrainError::Input(format!(
            "{given} weights were given for {points} points; give one each"
        )));
    }
    match weights.iter().find(|weight| !(**weight >= 0.0 && weight.is_finite())) {
        Some(weight) => Err(TrainError::Input(format!(
            "a point's weight is {weight}; give finite numbers that are not negative"
        ))),
        None => Ok(()),
    }
}
