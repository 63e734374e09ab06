//! Which files may be touched.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::error::ImportError;
use super::limits::ImportLimits;

/// The directories that statements may read from and write to.
///
/// Paths are resolved (links and `..` followed) before they are compared, so a link inside an allowed
/// directory does not lead out of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Directories, with everything below them; None: anywhere.
    pub roots: Option<Vec<PathBuf>>,
}

impl Access {
    /// No restriction.
    pub fn anywhere() -> Self {
        Access { roots: None }
    }

    /// The resolved path of an existing regular file.
    ///
    /// # Errors
    /// The file is absent, not a regular file, or outside the roots. Outside the roots the answer is the same
    /// whether the file exists or not.
    pub fn input(&self, path: &Path) -> Result<PathBuf, ImportError> {
        let resolved = match fs::canonicalize(path) {
            Ok(resolved) => resolved,
            Err(error) => {
                self.check_absent(path)?;
                return Err(ImportError::io(path, "open", error));
            }
        };
        self.check(&resolved)?;
        let metadata = fs::metadata(&resolved).map_err(|e| ImportError::io(&resolved, "open", e))?;
        require_regular(&resolved, &metadata)?;
        Ok(resolved)
    }

    /// The resolved path of a file to be written, in an existing directory; what is there already must be a
    /// regular file.
    ///
    /// # Errors
    /// The directory is absent or outside the roots, or the path names something that is not a regular file.
    pub fn output(&self, path: &Path) -> Result<PathBuf, ImportError> {
        let Some(Component::Normal(name)) = path.components().next_back() else {
            return Err(ImportError::format(path, "this path names no file", "give a file name"));
        };
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let resolved = match fs::canonicalize(folder) {
            Ok(folder) => folder.join(name),
            Err(error) => {
                self.check_absent(folder)?;
                return Err(ImportError::io(folder, "open", error));
            }
        };
        self.check(&resolved)?;
        match fs::symlink_metadata(&resolved) {
            Ok(metadata) => require_regular(&resolved, &metadata)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(ImportError::io(&resolved, "open", error)),
        }
        Ok(resolved)
    }

    /// The resolved path of a folder to be written into, which may have to be made in an existing one.
    ///
    /// # Errors
    /// The folder around it is absent or outside the roots, or the path names something that is no folder.
    pub fn output_folder(&self, path: &Path) -> Result<PathBuf, ImportError> {
        let resolved = match fs::canonicalize(path) {
            Ok(resolved) => resolved,
            Err(_) => {
                let Some(Component::Normal(name)) = path.components().next_back() else {
                    return Err(ImportError::format(path, "this path names no folder", "give its name"));
                };
                let around = path.parent().filter(|parent| !parent.as_os_str().is_empty());
                let around = around.unwrap_or(Path::new("."));
                match fs::canonicalize(around) {
                    Ok(around) => around.join(name),
                    Err(error) => {
                        self.check_absent(around)?;
                        return Err(ImportError::io(around, "open", error));
                    }
                }
            }
        };
        self.check(&resolved)?;
        match fs::metadata(&resolved) {
            Ok(metadata) if !metadata.is_dir() => {
                Err(ImportError::format(path, "it is no folder", "name a folder, or leave out the slash"))
            }
            _ => Ok(resolved),
        }
    }

    /// The files of a path or of a pattern with `*`, `?` and `[...]`, in name order.
    ///
    /// # Errors
    /// No file matches, too many match, or one of them may not be read.
    pub fn files(&self, pattern: &str, limits: &ImportLimits) -> Result<Vec<PathBuf>, ImportError> {
        let is_pattern = pattern.contains(['*', '?', '[']);
        // A file whose name holds a bracket is found under its own name first.
        if !is_pattern || Path::new(pattern).is_file() {
            return Ok(vec![self.input(Path::new(pattern))?]);
        }
        let fixed: PathBuf = Path::new(pattern)
            .components()
            .take_while(|c| !c.as_os_str().to_string_lossy().contains(['*', '?', '[']))
            .collect();
        if self.roots.is_some() {
            self.check_absent(if fixed.as_os_str().is_empty() { Path::new(".") } else { &fixed })?;
        }
        let matches = glob::glob(pattern).map_err(|e| {
            ImportError::format(
                Path::new(pattern),
                format!("bad pattern: {}", e.msg),
                "see `*`, `?`, `[a-z]`",
            )
        })?;
        let mut files = Vec::new();
        for found in matches {
            let found = found.map_err(|e| {
                let path = e.path().to_owned();
                ImportError::io(&path, "open", e.into())
            })?;
            if files.len() == limits.files_max {
                let problem = format!("the pattern matches more than {} files", limits.files_max);
                return Err(ImportError::format(Path::new(pattern), problem, "use a narrower pattern"));
            }
            // Folders beside the files are passed over, as a shell's `cat *` would complain about them.
            if !found.is_dir() {
                files.push(self.input(&found)?);
            }
        }
        if files.is_empty() {
            return Err(ImportError::NoMatch { pattern: pattern.to_owned() });
        }
        Ok(files)
    }

    fn check(&self, resolved: &Path) -> Result<(), ImportError> {
        let Some(roots) = &self.roots else { return Ok(()) };
        let allowed = roots.iter().filter_map(|r| fs::canonicalize(r).ok()).any(|r| resolved.starts_with(r));
        if allowed { Ok(()) } else { Err(ImportError::Forbidden { path: resolved.to_owned() }) }
    }

    /// Checks the nearest ancestor that exists, so that an error does not tell what exists elsewhere.
    fn check_absent(&self, path: &Path) -> Result<(), ImportError> {
        if self.roots.is_none() {
            return Ok(());
        }
        let absolute = std::path::absolute(path).map_err(|e| ImportError::io(path, "open", e))?;
        match absolute.ancestors().find_map(|a| fs::canonicalize(a).ok()) {
            Some(resolved) => self.check(&resolved),
            None => Err(ImportError::Forbidden { path: absolute }),
        }
    }
}

/// Refuses directories, devices, pipes and sockets; opening a pipe would block for ever.
pub(super) fn require_regular(path: &Path, metadata: &fs::Metadata) -> Result<(), ImportError> {
    let file_type = metadata.file_type();
    if file_type.is_file() {
        return Ok(());
    }
    let (kind, fix) = if file_type.is_dir() {
        ("directory", "name its files, for example with `*.jsonl`")
    } else if file_type.is_symlink() {
        ("symbolic link", "write to the file it points to")
    } else {
        ("device, pipe or socket", "copy its data into a file first")
    };
    Err(ImportError::NotRegular { path: path.to_owned(), kind, fix })
}
