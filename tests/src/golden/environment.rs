//! What scripts need from the machine: ONNX Runtime, as the command-line program finds it, and the fixtures.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// What scripts need from the machine.
#[derive(Clone, Debug)]
pub struct Environment {
    /// The ONNX Runtime library.
    pub onnxruntime: PathBuf,
    /// The folder that `${fixtures}` stands for.
    pub fixtures: PathBuf,
}

/// Looks for what scripts need.
///
/// # Errors
/// What is missing and how to get it.
pub fn environment() -> Result<Environment, String> {
    let onnxruntime = match directory("ORT_DYLIB_PATH") {
        Some(path) => path,
        None => {
            let cache = cache().ok_or("neither ARGTOP_CACHE, XDG_CACHE_HOME nor HOME is set")?;
            let folder = cache.join("lib");
            newest_library(&folder)
                .ok_or_else(|| format!("no ONNX Runtime in {}: run make setup", folder.display()))?
        }
    };
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    Ok(Environment { onnxruntime, fixtures })
}

fn cache() -> Option<PathBuf> {
    let base = || {
        let xdg = directory("XDG_CACHE_HOME").filter(|path| path.is_absolute());
        xdg.or_else(|| Some(directory("HOME")?.join(".cache")))
    };
    directory("ARGTOP_CACHE").or_else(|| Some(base()?.join("argtop")))
}

/// The variable as a path; an empty one counts as unset.
fn directory(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// `libonnxruntime.so` or `libonnxruntime.so.VERSION` with the highest version.
fn newest_library(folder: &Path) -> Option<PathBuf> {
    let files = fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    files.filter_map(|path| Some((version(&path)?, path))).max().map(|(_, path)| path)
}

fn version(path: &Path) -> Option<Vec<u64>> {
    let suffix = path.file_name()?.to_str()?.strip_prefix("libonnxruntime.so")?;
    if suffix.is_empty() {
        return Some(Vec::new());
    }
    suffix.strip_prefix('.')?.split('.').map(|part| part.parse().ok()).collect()
}
