//! Building generations: files are hashed while they are written, synced, listed in a manifest, and the
//! directory gets its final name. Only then may a pointer move to it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3;

use super::stamps::Stamps;
use super::{Generation, file_names, is_file_name};
use crate::error::GenerationError;
use crate::fs as disk;
use crate::key::ObjectId;
use crate::manifest::{FileEntry, GenerationKind, MANIFEST, Manifest, ManifestFields, hex};
use crate::store::Shared;

/// A generation that is being built. Dropping it removes what was written.
pub struct GenerationBuilder {
    shared: Arc<Shared>,
    id: u64,
    object: ObjectId,
    kind: GenerationKind,
    path: PathBuf,
    files: BTreeMap<String, FileEntry>,
    sealed: bool,
}

impl GenerationBuilder {
    pub(crate) fn begin(
        shared: &Arc<Shared>,
        kind: GenerationKind,
        object: ObjectId,
    ) -> Result<GenerationBuilder, GenerationError> {
        let not_writable = |error: crate::CommitError| GenerationError::NotWritable(error.to_string());
        let id = u64::from(shared.allocate().map_err(not_writable)?.0);
        let path = shared.root.path.join(format!("{id:016x}.tmp"));
        // Whoever deletes all generations may take their directory along.
        disk::create_dir_all(&shared.root.path)?;
        disk::create_dir(&path)?;
        let shared = Arc::clone(shared);
        Ok(GenerationBuilder { shared, id, object, kind, path, files: BTreeMap::new(), sealed: false })
    }

    /// Number that the generation will have.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The directory, for foreign writers; pass what they made to [`GenerationBuilder::adopt`].
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Begins a file. Several may be open at once; each is ended by [`GenerationBuilder::finish`].
    ///
    /// # Errors
    /// The name is not allowed or taken, there are too many files, or the operating system refuses.
    pub fn create(&self, name: &str) -> Result<GenerationFile, GenerationError> {
        self.check_name(name)?;
        let file = disk::create_file(&self.path.join(name))?;
        Ok(GenerationFile {
            name: name.to_owned(),
            file: BufWriter::with_capacity(1 << 20, file),
            hash: Box::new(Xxh3::new()),
            bytes: 0,
        })
    }

    /// Ends a file: flushes and syncs it, and lists it in the manifest.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn finish(&mut self, file: GenerationFile) -> Result<FileEntry, GenerationError> {
        let GenerationFile { name, file, hash, bytes } = file;
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        disk::sync_file(&file)?;
        let entry = FileEntry { bytes, xxh3: hex(hash.digest128()) };
        self.files.insert(name, entry.clone());
        Ok(entry)
    }

    /// Writes a whole file.
    ///
    /// # Errors
    /// As for [`GenerationBuilder::create`] and [`GenerationBuilder::finish`].
    pub fn write(&mut self, name: &str, bytes: &[u8]) -> Result<FileEntry, GenerationError> {
        let mut file = self.create(name)?;
        file.write_all(bytes)?;
        self.finish(file)
    }

    /// Takes over a file that a foreign writer made in [`GenerationBuilder::path`]: hashes and syncs it.
    ///
    /// # Errors
    /// The name is not allowed, there are too many files, or the file cannot be read.
    pub fn adopt(&mut self, name: &str) -> Result<FileEntry, GenerationError> {
        self.check_name(name)?;
        let mut file = File::open(self.path.join(name))?;
        if !file.metadata()?.is_file() {
            return Err(GenerationError::Name(name.to_owned()));
        }
        disk::sync_file(&file)?;
        let mut hash = Xxh3::new();
        let mut bytes = 0_u64;
        let mut buffer = vec![0; 1 << 20];
        loop {
            let count = match file.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            let Some(chunk) = buffer.get(..count).filter(|chunk| !chunk.is_empty()) else { break };
            hash.update(chunk);
            bytes = bytes.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        }
        let entry = FileEntry { bytes, xxh3: hex(hash.digest128()) };
        self.files.insert(name.to_owned(), entry.clone());
        Ok(entry)
    }

    /// Takes over every file in the directory that is not listed yet.
    ///
    /// # Errors
    /// As for [`GenerationBuilder::adopt`].
    pub fn adopt_all(&mut self) -> Result<(), GenerationError> {
        for name in file_names(&self.path)? {
            if !self.files.contains_key(&name) {
                self.adopt(&name)?;
            }
        }
        Ok(())
    }

    fn check_name(&self, name: &str) -> Result<(), GenerationError> {
        let limit = self.shared.root.limits.generation_files_max;
        if !is_file_name(name) {
            Err(GenerationError::Name(name.to_owned()))
        } else if self.files.len() >= limit {
            let [found, limit] =
                [self.files.len(), limit].map(|count| u64::try_from(count).unwrap_or(u64::MAX));
            Err(GenerationError::TooMany { what: "files of a generation", found, limit })
        } else {
            Ok(())
        }
    }

    /// Ends the generation: everything it covers and everything it holds is durable afterwards. It is not in
    /// use until [`crate::Writer::publish`]; dropping the result removes it.
    ///
    /// # Errors
    /// A file in the directory was neither finished nor adopted, it claims to cover more than the store
    /// holds, does not read back as it was written, or the operating system refuses.
    pub fn seal(mut self, fields: ManifestFields) -> Result<SealedGeneration, GenerationError> {
        let root = Arc::clone(&self.shared.root);
        let seq = self.shared.image.load().state.seq;
        if fields.covers_seq > seq {
            let reason = format!("it covers sequence {}, the store is at {seq}", fields.covers_seq);
            return Err(GenerationError::Foreign(reason));
        }
        if let Some(name) = file_names(&self.path)?.into_iter().find(|name| !self.files.contains_key(name)) {
            return Err(GenerationError::Foreign(format!("file {name} was not finished or adopted")));
        }
        // Whoever finds the sealed manifest later may conclude that the store held this sequence, so what the
        // manifest covers must be durable before it.
        self.shared.flush_log(true).map_err(|error| GenerationError::NotWritable(error.to_string()))?;
        let manifest = Manifest {
            database: root.uuid.clone(),
            id: self.id,
            object: self.object,
            kind: self.kind,
            fields,
            files: std::mem::take(&mut self.files),
        };
        let bytes = manifest.encode().map_err(|error| GenerationError::Io(error.to_string()))?;
        if bytes.len() > root.limits.manifest_bytes_max {
            let [found, limit] = [bytes.len(), root.limits.manifest_bytes_max]
                .map(|size| u64::try_from(size).unwrap_or(u64::MAX));
            return Err(GenerationError::TooMany { what: "bytes of a manifest", found, limit });
        }
        disk::write_new(&self.path.join(MANIFEST), &bytes)?;
        disk::sync_dir(&self.path)?;
        let directory = root.directory(self.id);
        disk::rename(&self.path, &directory)?;
        self.sealed = true;
        let generation = Arc::new(Generation::new(&root, manifest, Stamps::default(), true));
        // Compared here, so that the first query that meets it need not.
        generation.verify()?;
        Ok(SealedGeneration { generation })
    }
}

impl Drop for GenerationBuilder {
    fn drop(&mut self) {
        if !self.sealed {
            // What cannot be removed now is an orphan, which the next open removes.
            let _ = disk::remove_dir_all(&self.path);
        }
    }
}

impl std::fmt::Debug for GenerationBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GenerationBuilder").field("path", &self.path).finish_non_exhaustive()
    }
}

/// A file of a generation that is being written. Buffered; hashed while it is written.
pub struct GenerationFile {
    name: String,
    file: BufWriter<File>,
    hash: Box<Xxh3>,
    bytes: u64,
}

impl GenerationFile {
    /// Bytes written so far.
    pub fn position(&self) -> u64 {
        self.bytes
    }

    /// Writes zeros up to a multiple of `alignment` bytes; mapped files begin at a page, so sections that are
    /// aligned here are aligned in memory. Returns the new position.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn align(&mut self, alignment: u64) -> io::Result<u64> {
        let rest = self.bytes.checked_rem(alignment).unwrap_or(0);
        if rest > 0 {
            let mut zeros = io::repeat(0).take(alignment.saturating_sub(rest));
            io::copy(&mut zeros, self)?;
        }
        Ok(self.bytes)
    }
}

impl Write for GenerationFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        disk::gate()?;
        let count = self.file.write(bytes)?;
        self.hash.update(bytes.get(..count).unwrap_or(bytes));
        self.bytes = self.bytes.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl std::fmt::Debug for GenerationFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GenerationFile")
            .field("name", &self.name)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

/// A finished generation that nothing points to yet. Dropping it removes it.
#[derive(Debug)]
pub struct SealedGeneration {
    pub(crate) generation: Arc<Generation>,
}

impl SealedGeneration {
    /// Number of the generation.
    pub fn id(&self) -> u64 {
        self.generation.id()
    }

    /// Object that it was built for.
    pub fn object(&self) -> ObjectId {
        self.generation.object()
    }
}
