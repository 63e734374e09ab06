//! Statements that run as jobs.

use argtop_query::DataType;

use crate::dispatch::Output;
use crate::error::Error;
use crate::execute::Run;
use crate::statement::Column;

fn unknown(id: u64) -> Error {
    Error::value(format!("there is no job {id}"), "SHOW JOBS lists them")
}

/// SHOW JOBS.
pub(crate) fn show(_run: &Run) -> Output {
    Output::rows(vec![Column { name: "job".to_string(), data_type: DataType::BigInt }], Vec::new())
}

/// CANCEL JOB n.
pub(crate) fn cancel(_run: &Run, id: u64) -> Result<Output, Error> {
    Err(unknown(id))
}

/// WAIT FOR JOB n.
pub(crate) fn wait(_run: &Run, id: u64) -> Result<Output, Error> {
    Err(unknown(id))
}
