//! TRAIN.

use argtop_query::plan::Train;

use crate::dispatch::Output;
use crate::error::Error;
use crate::execute::Run;

/// TRAIN.
pub(crate) fn train(_run: &Run, plan: &Train) -> Result<Output, Error> {
    Err(Error::value(format!("{} cannot be trained", plan.name), "load its matrix with COPY"))
}
