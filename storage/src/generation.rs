//! Generations: immutable, checksummed directories of derived files, and how they are read.
//!
//! A generation may vanish or be damaged at any time. Then it is quarantined: it stays in the way of nobody,
//! the store remembers a warning, and callers answer without it. Nothing is handed out before its checksum
//! was compared, by this process or, for our own readers, by an earlier one (`stamps`), so no foreign parser
//! sees a byte that its own writer did not write.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use xxhash_rust::xxh3::xxh3_128;

use crate::error::GenerationError;
use crate::fs as disk;
use crate::key::ObjectId;
use crate::limits::Limits;
use crate::manifest::{FileEntry, GenerationKind, MANIFEST, Manifest, hex};
use crate::map::Map;

mod build;
mod stamps;

use stamps::{Stamp, Stamps, VERIFIED};

pub use build::{GenerationBuilder, GenerationFile, SealedGeneration};

/// The directory of all generations of a store, and what is remembered about them.
#[derive(Debug)]
pub(crate) struct GenerationRoot {
    pub(crate) path: PathBuf,
    /// Random number of the database; a generation that carries another is foreign.
    pub(crate) uuid: String,
    pub(crate) read_only: bool,
    pub(crate) limits: Limits,
    warnings: Mutex<Vec<String>>,
    /// Threads that remove generations.
    removing: Mutex<Vec<std::thread::JoinHandle<()>>>,
}

impl GenerationRoot {
    pub(crate) fn new(path: PathBuf, uuid: String, read_only: bool, limits: Limits) -> GenerationRoot {
        let (warnings, removing) = (Mutex::default(), Mutex::default());
        GenerationRoot { path, uuid, read_only, limits, warnings, removing }
    }

    pub(crate) fn directory(&self, id: u64) -> PathBuf {
        self.path.join(format!("{id:016x}"))
    }

    fn damaged_directory(&self, id: u64) -> PathBuf {
        self.path.join(format!("{id:016x}.damaged"))
    }

    /// Waits until generations that nobody reads any more are removed.
    pub(crate) fn wait_removed(&self) {
        let threads = std::mem::take(&mut *self.removing.lock().unwrap_or_else(PoisonError::into_inner));
        threads.into_iter().for_each(|thread| drop(thread.join()));
    }

    pub(crate) fn warn(&self, warning: String) {
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }

    pub(crate) fn warnings(&self) -> Vec<String> {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Numbers and kinds of the directories there are.
    pub(crate) fn list(&self) -> io::Result<Vec<(PathBuf, Listed)>> {
        let mut found = Vec::new();
        let entries = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
            other => other?,
        };
        for entry in entries {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let number = |digits: &str| {
                if digits.len() == 16 { u64::from_str_radix(digits, 16).ok() } else { None }
            };
            let listed = if let Some(id) = name.strip_suffix(".damaged").and_then(number) {
                Listed::Damaged(id)
            } else if let Some(id) = number(name) {
                Listed::Sealed(id)
            } else if name.strip_suffix(".tmp").and_then(number).is_some() {
                Listed::Unfinished
            } else {
                continue;
            };
            found.push((path, listed));
        }
        found.sort();
        Ok(found)
    }

    /// Reads the manifest of a sealed generation.
    pub(crate) fn read_manifest(&self, id: u64) -> Result<Manifest, GenerationError> {
        let path = self.directory(id).join(MANIFEST);
        let damaged = |reason| GenerationError::Damaged { id, reason };
        let file = File::open(&path).map_err(|error| read_error(id, MANIFEST, &error))?;
        let limit = self.limits.manifest_bytes_max;
        let mut bytes = Vec::new();
        let mut bounded = file.take(u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1));
        bounded.read_to_end(&mut bytes).map_err(|error| read_error(id, MANIFEST, &error))?;
        if bytes.len() > limit {
            return Err(damaged(format!("the manifest has more than {limit} bytes")));
        }
        let manifest = Manifest::decode(&bytes).map_err(damaged)?;
        if manifest.database != self.uuid {
            return Err(damaged("it belongs to another database".to_owned()));
        }
        if manifest.id != id {
            return Err(damaged(format!("its manifest is that of generation {:016x}", manifest.id)));
        }
        Ok(manifest)
    }
}

/// A directory among the generations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Listed {
    /// Sealed: it has its final name.
    Sealed(u64),
    /// It was quarantined.
    Damaged(u64),
    /// Its builder did not finish.
    Unfinished,
}

fn read_error(id: u64, name: &str, error: &io::Error) -> GenerationError {
    match error.kind() {
        io::ErrorKind::NotFound => GenerationError::Missing { id, reason: format!("{name} is not there") },
        io::ErrorKind::IsADirectory => {
            GenerationError::Damaged { id, reason: format!("{name} is not a file") }
        }
        _ => GenerationError::Io(format!("{name} of generation {id:016x}: {error}")),
    }
}

/// An immutable directory of derived files. Readers share it; its directory is deleted when a newer one has
/// taken its place and its last reader is gone.
#[derive(Debug)]
pub struct Generation {
    root: Arc<GenerationRoot>,
    id: u64,
    object: ObjectId,
    manifest: Option<Manifest>,
    files: BTreeMap<String, Mutex<Option<Opened>>>,
    stamps: Mutex<Stamps>,
    /// Why it cannot be used any more.
    damage: OnceLock<GenerationError>,
    /// Whether the directory goes when the value goes.
    retired: AtomicBool,
}

/// A file that was mapped.
#[derive(Debug)]
struct Opened {
    map: Arc<Map>,
    /// Whether this process has compared its checksum.
    compared: bool,
}

impl Generation {
    /// The generation that a pointer names. One that cannot be read is quarantined at once.
    pub(crate) fn load(root: &Arc<GenerationRoot>, object: ObjectId, id: u64) -> Arc<Generation> {
        let checked = root.read_manifest(id).and_then(|manifest| {
            if manifest.object == object {
                Ok(manifest)
            } else {
                let reason = format!("it was built for object {}, not {object}", manifest.object);
                Err(GenerationError::Damaged { id, reason })
            }
        });
        match checked {
            Ok(manifest) => {
                let stamps = Stamps::load(&root.directory(id));
                Arc::new(Generation::new(root, manifest, stamps, false))
            }
            Err(error) => {
                let generation = Generation {
                    root: Arc::clone(root),
                    id,
                    object,
                    manifest: None,
                    files: BTreeMap::new(),
                    stamps: Mutex::default(),
                    damage: OnceLock::new(),
                    retired: AtomicBool::new(false),
                };
                // A refusal of the operating system may pass, but not for this handle: there is no manifest
                // to go by.
                if let error @ GenerationError::Io(_) = generation.quarantine(error) {
                    root.warn(error.to_string());
                    let _ = generation.damage.set(error);
                }
                Arc::new(generation)
            }
        }
    }

    fn new(root: &Arc<GenerationRoot>, manifest: Manifest, stamps: Stamps, retired: bool) -> Generation {
        Generation {
            root: Arc::clone(root),
            id: manifest.id,
            object: manifest.object,
            files: manifest.files.keys().map(|name| (name.clone(), Mutex::new(None))).collect(),
            stamps: Mutex::new(stamps),
            manifest: Some(manifest),
            damage: OnceLock::new(),
            retired: AtomicBool::new(retired),
        }
    }

    /// Number of the generation.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Object that it was built for.
    pub fn object(&self) -> ObjectId {
        self.object
    }

    /// What it is and covers.
    ///
    /// # Errors
    /// It is quarantined.
    pub fn manifest(&self) -> Result<&Manifest, GenerationError> {
        self.check()?;
        self.manifest
            .as_ref()
            .ok_or_else(|| GenerationError::Missing { id: self.id, reason: "it has no manifest".to_owned() })
    }

    /// What it derives.
    ///
    /// # Errors
    /// It is quarantined.
    pub fn kind(&self) -> Result<GenerationKind, GenerationError> {
        Ok(self.manifest()?.kind)
    }

    /// Fails if the generation is quarantined.
    pub(crate) fn check(&self) -> Result<(), GenerationError> {
        self.damage.get().map_or(Ok(()), |error| Err(error.clone()))
    }

    pub(crate) fn belongs_to(&self, root: &Arc<GenerationRoot>) -> bool {
        Arc::ptr_eq(&self.root, root)
    }

    pub(crate) fn set_retired(&self, retired: bool) {
        self.retired.store(retired, Ordering::SeqCst);
    }

    /// The bytes of a file. Length and checksum are compared on first use, unless the file is the one that
    /// was compared before (`stamps`); later calls return the same map, also when the directory has vanished
    /// meanwhile.
    ///
    /// # Errors
    /// The file is not there or is damaged; the generation is then quarantined as a whole.
    pub fn map(&self, name: &str) -> Result<Arc<Map>, GenerationError> {
        self.open_file(name, false)
    }

    /// The bytes of a file; with `compare` this process has read it and compared its checksum.
    fn open_file(&self, name: &str, compare: bool) -> Result<Arc<Map>, GenerationError> {
        let manifest = self.manifest()?;
        let (Some(file), Some(entry)) = (self.files.get(name), manifest.files.get(name)) else {
            let reason = format!("it holds no file {name}");
            return Err(GenerationError::Missing { id: self.id, reason });
        };
        // The lock is held while the file is verified, so that a second reader waits instead of doing it
        // again.
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(opened) = file.as_ref()
            && (opened.compared || !compare)
        {
            return Ok(Arc::clone(&opened.map));
        }
        match self.verify_file(name, entry, compare) {
            Ok(opened) => Ok(Arc::clone(&file.insert(opened).map)),
            Err(error) => Err(self.quarantine(error)),
        }
    }

    /// Reads every file into memory and compares its checksum, so that the first query finds them there.
    ///
    /// # Errors
    /// As for [`Generation::map`].
    pub fn warm(&self) -> Result<(), GenerationError> {
        self.manifest()?.files.keys().try_for_each(|name| self.open_file(name, true).map(drop))
    }

    /// The path of a file for a foreign reader, after its length and checksum were compared.
    ///
    /// # Errors
    /// As for [`Generation::map`].
    pub fn path(&self, name: &str) -> Result<PathBuf, GenerationError> {
        self.open_file(name, true)?;
        Ok(self.root.directory(self.id).join(name))
    }

    /// The generation's directory for a foreign reader that opens several files, after every file was
    /// verified and no file beyond them was found.
    ///
    /// # Errors
    /// As for [`Generation::map`].
    pub fn verified_directory(&self) -> Result<PathBuf, GenerationError> {
        self.warm()?;
        Ok(self.root.directory(self.id))
    }

    /// Compares every file with the manifest again, whatever was compared before.
    pub(crate) fn verify(&self) -> Result<(), GenerationError> {
        for (name, entry) in &self.manifest()?.files {
            self.verify_file(name, entry, true).map_err(|error| self.quarantine(error))?;
        }
        Ok(())
    }

    fn verify_file(&self, name: &str, entry: &FileEntry, compare: bool) -> Result<Opened, GenerationError> {
        let damaged = |reason| GenerationError::Damaged { id: self.id, reason };
        let path = self.root.directory(self.id).join(name);
        let unreadable = |error: io::Error| read_error(self.id, name, &error);
        let file = File::open(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(damaged(format!("{name} is not a file")));
        }
        let found = metadata.len();
        if found != entry.bytes {
            return Err(damaged(format!("{name} has {found} bytes, not {}", entry.bytes)));
        }
        let map = Arc::new(Map::open(&file).map_err(unreadable)?);
        let stamp = Stamp::of(&metadata);
        let stamps = || self.stamps.lock().unwrap_or_else(PoisonError::into_inner);
        if !compare && stamps().knows(name, &stamp) {
            return Ok(Opened { map, compared: false });
        }
        if hex(xxh3_128(&map)) != entry.xxh3 {
            return Err(damaged(format!("the checksum of {name} is wrong")));
        }
        let mut stamps = stamps();
        if stamps.remember(name, stamp) && !self.root.read_only {
            stamps.save(&self.root.directory(self.id));
        }
        Ok(Opened { map, compared: true })
    }

    /// Takes the generation out of use, unless the error may pass by itself.
    fn quarantine(&self, error: GenerationError) -> GenerationError {
        if !matches!(error, GenerationError::Missing { .. } | GenerationError::Damaged { .. }) {
            return error;
        }
        if self.damage.set(error.clone()).is_ok() {
            self.root.warn(error.to_string());
            if !self.root.read_only {
                let from = self.root.directory(self.id);
                // Renaming only keeps the evidence out of the way; the mark in memory is what counts.
                let _ = disk::rename(&from, &self.root.damaged_directory(self.id));
            }
        }
        self.damage.get().cloned().unwrap_or(error)
    }
}

impl Drop for Generation {
    fn drop(&mut self) {
        if self.retired.load(Ordering::SeqCst) && !self.root.read_only {
            // What cannot be removed now is an orphan, which the next open removes.
            let (root, id) = (Arc::clone(&self.root), self.id);
            let remove = move || {
                let _ = disk::remove_dir_all(&root.directory(id));
                let _ = disk::remove_dir_all(&root.damaged_directory(id));
            };
            // The last reader may be a query, which need not wait until the system has let go of large files.
            if let Ok(thread) = std::thread::Builder::new().name("argtop-remove".to_owned()).spawn(remove) {
                let mut removing = self.root.removing.lock().unwrap_or_else(PoisonError::into_inner);
                removing.retain(|thread| !thread.is_finished());
                removing.push(thread);
            }
        }
    }
}

/// Whether a name may name a file of a generation.
fn is_file_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    !name.is_empty()
        && name.len() <= 200
        && name.bytes().all(allowed)
        && ![MANIFEST, VERIFIED, ".", ".."].contains(&name)
}

/// The names of the files in a directory, in order.
fn file_names(path: &Path) -> Result<Vec<String>, GenerationError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name();
        let name = name.to_str().ok_or_else(|| GenerationError::Name(name.to_string_lossy().into_owned()))?;
        names.push(name.to_owned());
    }
    names.sort();
    Ok(names)
}
