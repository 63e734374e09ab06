//! tantivy's files as sections of one packed file, to be read.

use std::collections::HashMap;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tantivy::HasLen;
use tantivy::directory::error::{DeleteError, LockError, OpenReadError, OpenWriteError};
use tantivy::directory::{
    Directory, DirectoryLock, FileHandle, Lock, OwnedBytes, WatchCallback, WatchHandle, WritePtr,
};

use crate::packed::Array;

/// Named sections.
#[derive(Clone)]
pub(super) struct Files {
    sections: Arc<HashMap<PathBuf, Section>>,
}

/// One of them. What tantivy asks for is copied: of a term a few kilobytes, which costs less than what is
/// done with them.
#[derive(Clone)]
struct Section(Arc<Array<u8>>);

impl Files {
    pub(super) fn new(sections: impl Iterator<Item = (String, Array<u8>)>) -> Files {
        let sections = sections.map(|(name, bytes)| (PathBuf::from(name), Section(Arc::new(bytes))));
        Files { sections: Arc::new(sections.collect()) }
    }

    fn section(&self, path: &Path) -> Result<&Section, OpenReadError> {
        self.sections.get(path).ok_or_else(|| OpenReadError::FileDoesNotExist(path.to_path_buf()))
    }
}

impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.sections.keys()).finish()
    }
}

impl std::fmt::Debug for Section {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.0.get().len())
    }
}

impl HasLen for Section {
    fn len(&self) -> usize {
        self.0.get().len()
    }
}

impl FileHandle for Section {
    fn read_bytes(&self, range: Range<usize>) -> io::Result<OwnedBytes> {
        let bytes = self.0.get().get(range.clone());
        let bytes = bytes.ok_or_else(|| io::Error::other(format!("bytes {range:?} of {self:?}")))?;
        Ok(OwnedBytes::new(bytes.to_vec()))
    }
}

fn read_only() -> io::Error {
    io::Error::new(io::ErrorKind::ReadOnlyFilesystem, "a sealed index is not written")
}

impl Directory for Files {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        Ok(Arc::new(self.section(path)?.clone()))
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        Err(DeleteError::IoError { io_error: Arc::new(read_only()), filepath: path.to_path_buf() })
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        Ok(self.sections.contains_key(path))
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        Err(OpenWriteError::wrap_io_error(read_only(), path.to_path_buf()))
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        Ok(self.section(path)?.0.get().to_vec())
    }

    fn atomic_write(&self, _: &Path, _: &[u8]) -> io::Result<()> {
        Err(read_only())
    }

    fn sync_directory(&self) -> io::Result<()> {
        Ok(())
    }

    fn acquire_lock(&self, _: &Lock) -> Result<DirectoryLock, LockError> {
        // Nobody writes, so that there is nothing to keep apart.
        Ok(DirectoryLock::from(Box::new(())))
    }

    fn watch(&self, _: WatchCallback) -> tantivy::Result<WatchHandle> {
        Ok(WatchHandle::empty())
    }
}
