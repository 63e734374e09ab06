//! What a training will hold in memory, against memory_limit, before it is allocated.

use crate::error::Error;
use crate::execute::Run;

/// Numbers of 4 bytes: parameters with two moments, and a gradient of those a batch touches at most.
pub(super) fn trained_rows(rows: usize, width: usize) -> u64 {
    rows as u64 * width as u64 * 4 * 3
}

/// Refuses a training that would hold more than memory_limit. Encoded texts are mapped files, which the
/// operating system drops when it needs the memory, so they do not count.
///
/// # Errors
/// [`Error::Value`] with what is needed and what is allowed.
pub(super) fn expect_room(run: &Run, what: &str, bytes: u64) -> Result<(), Error> {
    let limit = run.settings.get("memory_limit").unsigned_abs();
    if limit == 0 || bytes <= limit {
        return Ok(());
    }
    Err(Error::value(
        format!("{what} needs about {}, and memory_limit is {}", size(bytes), size(limit)),
        "raise memory_limit, or train fewer labels or a model of fewer dimensions",
    ))
}

fn size(bytes: u64) -> String {
    let mib = bytes as f64 / f64::from(1 << 20);
    match mib {
        ..1.0 => format!("{:.0} KiB", mib * 1024.0),
        ..1024.0 => format!("{mib:.0} MiB"),
        _ => format!("{:.1} GiB", mib / 1024.0),
    }
}
