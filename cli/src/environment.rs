//! What the program takes from the environment; no other file reads it, and the library never does.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// What was found at the start.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    /// The ONNX Runtime library to load when a model is first used.
    pub(crate) onnxruntime: Option<PathBuf>,
    /// History file of the shell; none without a home directory.
    pub(crate) history: Option<PathBuf>,
    /// False where the terminal says that it cannot draw boxes (TERM=dumb, or a locale without UTF-8).
    pub(crate) unicode: bool,
}

impl Environment {
    /// Reads the variables and looks for the runtime library.
    pub(crate) fn read() -> Environment {
        let home = directory("HOME");
        let cache = directory("ARGTOP_CACHE").or_else(|| {
            // A relative XDG_CACHE_HOME is to be ignored, says the specification.
            let base = directory("XDG_CACHE_HOME").filter(|path| path.is_absolute());
            Some(base.or_else(|| Some(home.as_ref()?.join(".cache")))?.join("argtop"))
        });
        Environment {
            onnxruntime: directory("ORT_DYLIB_PATH")
                .or_else(|| newest_library(&cache?.join("lib"), "libonnxruntime.so")),
            history: home.map(|home| home.join(".argtop_history")),
            unicode: draws_unicode(),
        }
    }
}

/// The variable as a path; an empty one counts as unset, as shells have it.
fn directory(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// An unset locale says nothing, so boxes are drawn; one that is set and is not UTF-8 says no.
fn draws_unicode() -> bool {
    let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| env::var(name).ok().filter(|value| !value.is_empty()));
    let utf8 = locale.is_none_or(|value| {
        let value = value.to_ascii_lowercase();
        value.contains("utf-8") || value.contains("utf8")
    });
    !dumb && utf8
}

/// The file in `folder` called `name` or `name.VERSION` with the highest version.
fn newest_library(folder: &Path, name: &str) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?;
    let candidates = entries.filter_map(|entry| {
        let path = entry.ok()?.path();
        let version = version(path.file_name()?, name)?;
        path.is_file().then_some((version, path))
    });
    candidates.max().map(|(_, path)| path)
}

/// The numbers after `name`; empty for the bare name, none for another file.
fn version(file: &OsStr, name: &str) -> Option<Vec<u64>> {
    let suffix = file.to_str()?.strip_prefix(name)?;
    if suffix.is_empty() {
        return Some(Vec::new());
    }
    suffix.strip_prefix('.')?.split('.').map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_library_is_taken() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let found = || newest_library(folder.path(), "libonnxruntime.so");
        let add = |name: &str| fs::write(folder.path().join(name), "").expect("a file");
        assert_eq!(found(), None);
        add("libonnxruntime_providers_cuda.so");
        add("libonnxruntime.so.txt");
        fs::create_dir(folder.path().join("libonnxruntime.so.9")).expect("a folder");
        assert_eq!(found(), None);
        add("libonnxruntime.so");
        assert_eq!(found(), Some(folder.path().join("libonnxruntime.so")));
        add("libonnxruntime.so.1.9.0");
        add("libonnxruntime.so.1.22.0");
        assert_eq!(found(), Some(folder.path().join("libonnxruntime.so.1.22.0")));
    }

    #[test]
    fn a_missing_folder_holds_nothing() {
        assert_eq!(newest_library(Path::new("/nonexistent"), "libonnxruntime.so"), None);
    }
}
