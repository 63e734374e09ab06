//! The ONNX Runtime library: one a process.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ort::environment::Environment;
use ort::logging::LogLevel;

use super::error::ModelError;

/// What this process has loaded. The library stays loaded and the environment stays open until the process
/// ends:
/// ONNX Runtime allows neither a second one nor a second start.
struct Loaded {
    path: PathBuf,
    environment: Option<Environment>,
}

static LOADED: Mutex<Option<Loaded>> = Mutex::new(None);

/// The loaded ONNX Runtime. Cheap to clone.
#[derive(Clone)]
pub struct Runtime {
    pub(super) environment: Environment,
    path: PathBuf,
}

impl Runtime {
    /// Loads the library at `path`. Loading the same file again gives the same runtime.
    ///
    /// Errors if there is no path, if the file is missing, is no ONNX Runtime or is too old (1.31 is needed),
    /// and if the process has already loaded another file. Never panics and looks at no environment variable.
    pub fn load(path: Option<&Path>) -> Result<Runtime, ModelError> {
        let asked = path.ok_or(ModelError::RuntimeNotConfigured)?;
        let refuse = |reason: String| ModelError::RuntimeNotLoadable { path: asked.to_path_buf(), reason };
        let file = asked.canonicalize().map_err(|error| refuse(error.to_string()))?;
        // Opening a FIFO or a device could wait for ever.
        if !file.is_file() {
            return Err(refuse("it is not a file".to_string()));
        }
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(loaded) = loaded.as_ref() {
            if loaded.path != file {
                return Err(ModelError::OtherRuntimeLoaded { loaded: loaded.path.clone(), asked: file });
            }
            if let Some(environment) = &loaded.environment {
                return Ok(Runtime { environment: environment.clone(), path: file });
            }
        }
        let started = catch_unwind(AssertUnwindSafe(|| {
            let builder = ort::init_from(&file).map_err(|error| error.to_string())?;
            // From here on the process is bound to this file, even if the environment does not start.
            *loaded = Some(Loaded { path: file.clone(), environment: None });
            builder
                .with_name("argtop")
                .with_telemetry(false)
                // The library would write warnings to the standard error of the host.
                .with_logger(Arc::new(|_, _, _, _, _| {}))
                .build()
                .map_err(|error| error.to_string())
        }));
        let environment = match started {
            Ok(result) => result.map_err(refuse)?,
            Err(_) => return Err(refuse("it does not offer the interface of ONNX Runtime".to_string())),
        };
        environment.set_log_level(LogLevel::Error);
        *loaded = Some(Loaded { path: file.clone(), environment: Some(environment.clone()) });
        Ok(Runtime { environment, path: file })
    }

    /// The file the library was loaded from.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Runtime").field("path", &self.path).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::testing::runtime;
    use super::*;

    #[test]
    fn a_missing_path_or_file_names_the_fix() {
        let message = Runtime::load(None).unwrap_err().to_string();
        assert!(message.contains("make setup") && message.contains("ORT_DYLIB_PATH"), "{message}");
        let message = Runtime::load(Some(Path::new("no/such/libonnxruntime.so"))).unwrap_err().to_string();
        assert!(message.contains("no/such/libonnxruntime.so") && message.contains("make setup"), "{message}");
        let message = Runtime::load(Some(Path::new("/"))).unwrap_err().to_string();
        assert!(message.contains("it is not a file"), "{message}");
    }

    #[test]
    fn the_same_file_loads_twice_and_another_is_refused() {
        let first = runtime();
        let again = Runtime::load(Some(first.path())).unwrap();
        assert_eq!(first.path(), again.path());
        let folder = tempfile::tempdir().unwrap();
        let other = folder.path().join("libother.so");
        fs::write(&other, b"not a library").unwrap();
        let error = Runtime::load(Some(&other)).unwrap_err();
        assert!(matches!(&error, ModelError::OtherRuntimeLoaded { .. }), "{error}");
        let message = error.to_string();
        assert!(message.contains("libother.so") && message.contains("libonnxruntime"), "{message}");
    }
}
