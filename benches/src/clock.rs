//! Time and memory of this process, as Linux tells them.

use std::fs;
use std::io;

/// Seconds that all living threads of the process have spent on a processor.
///
/// # Errors
/// Where `/proc` cannot be read.
pub fn processor_seconds() -> io::Result<f64> {
    let mut nanoseconds = 0u64;
    for task in fs::read_dir("/proc/self/task")? {
        // A thread may end between the listing and the reading.
        let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else { continue };
        nanoseconds += text.split_whitespace().next().and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
    }
    Ok(nanoseconds as f64 * 1e-9)
}

/// Bytes of memory that the process has resident, mapped files included.
///
/// # Errors
/// Where `/proc` cannot be read.
pub fn resident_bytes() -> io::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kib.map(|kib| kib * 1024).ok_or_else(|| io::Error::other("no VmRSS in /proc/self/status"))
}

/// The value below which a part of `times` lies: `part` is 0.5 for the median. NaN where there are none.
pub fn quantile(times: &[f64], part: f64) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (sorted.len().saturating_sub(1) as f64 * part).round() as usize;
    sorted.get(place).copied().unwrap_or(f64::NAN)
}
