//! Files beside the store that long work keeps for itself: encoded texts, states to go on from. None of them
//! is needed by anything else, so any may be deleted at any time.
//!
//! A file is written under a temporary name, ends in a trailer (length and checksum of what comes before),
//! is synced and renamed. What does not end in a trailer that fits is treated as if it were not there.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use xxhash_rust::xxh3::Xxh3;

use crate::fs as disk;
use crate::map::Map;

/// Ends every complete file, after length and checksum.
const MAGIC: &[u8; 8] = b"argtopS1";
/// Begins the names of files that are being written.
const UNFINISHED: &str = "new-";
/// Numbers them: two jobs may write files of the same name at once, and the later to finish stays.
static NEXT: AtomicU64 = AtomicU64::new(0);
/// Bytes of the trailer: length, checksum, magic.
const TRAILER: usize = 24;

/// The directory of scratch files of one database.
#[derive(Clone, Debug)]
pub struct Scratch {
    path: PathBuf,
    read_only: bool,
}

/// A scratch file that is being written; gone when dropped before [`ScratchFile::finish`].
pub struct ScratchFile {
    path: PathBuf,
    temporary: PathBuf,
    file: Option<BufWriter<File>>,
    hash: Box<Xxh3>,
    bytes: u64,
}

/// The content of a scratch file, mapped into memory.
#[derive(Clone, Debug)]
pub struct ScratchMap {
    map: Arc<Map>,
}

impl Scratch {
    pub(crate) fn new(path: PathBuf, read_only: bool) -> Scratch {
        Scratch { path, read_only }
    }

    /// Begins a file that replaces one of the same name when it is finished. No name begins with `new-`.
    ///
    /// # Errors
    /// The database is open for reading only, or the operating system refuses.
    pub fn create(&self, name: &str) -> io::Result<ScratchFile> {
        if self.read_only {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the database is open for reading"));
        }
        check_name(name)?;
        disk::create_dir_all(&self.path)?;
        let path = self.path.join(name);
        let temporary =
            self.path.join(format!("{UNFINISHED}{}-{name}", NEXT.fetch_add(1, Ordering::Relaxed)));
        disk::remove_file(&temporary)?;
        let file = disk::create_file(&temporary)?;
        Ok(ScratchFile {
            path,
            temporary,
            file: Some(BufWriter::with_capacity(1 << 20, file)),
            hash: Box::new(Xxh3::new()),
            bytes: 0,
        })
    }

    /// A complete file whose checksum fits; None where there is none.
    pub fn open(&self, name: &str) -> Option<ScratchMap> {
        check_name(name).ok()?;
        let map = Map::open(&File::open(self.path.join(name)).ok()?).ok()?;
        let (content, trailer) = map.split_at_checked(map.len().checked_sub(TRAILER)?)?;
        let mut hash = Xxh3::new();
        hash.update(content);
        (trailer == trailer_of(content.len() as u64, hash.digest()))
            .then(|| ScratchMap { map: Arc::new(map) })
    }

    /// Removes a file; fine if there is none. Maps of it stay readable.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        check_name(name)?;
        disk::remove_file(&self.path.join(name))
    }

    /// Removes the files that were written longest ago until those whose name begins with `prefix` have at
    /// most `bytes_max` bytes together; `keep` stays.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn trim(&self, prefix: &str, bytes_max: u64, keep: &str) -> io::Result<()> {
        let written = |metadata: &std::fs::Metadata| metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        let named = self.files()?.into_iter().filter(|(name, _)| name.starts_with(prefix));
        let mut files: Vec<(SystemTime, u64, String)> =
            named.map(|(name, metadata)| (written(&metadata), metadata.len(), name)).collect();
        files.sort();
        let mut total: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
        for (_, bytes, name) in files {
            if total > bytes_max && name != keep {
                self.remove(&name)?;
                total -= bytes;
            }
        }
        Ok(())
    }

    /// Names of the files that were finished, in order.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn names(&self) -> io::Result<Vec<String>> {
        let mut names: Vec<String> = self.files()?.into_iter().map(|(name, _)| name).collect();
        names.retain(|name| !name.starts_with(UNFINISHED));
        names.sort();
        Ok(names)
    }

    /// Removes what nobody can take up: unfinished files, and those whose name `left` picks out.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn sweep(&self, left: impl Fn(&str) -> bool) -> io::Result<()> {
        for (name, _) in self.files()? {
            if name.starts_with(UNFINISHED) || left(&name) {
                disk::remove_file(&self.path.join(name))?;
            }
        }
        Ok(())
    }

    /// Names and facts of the files.
    fn files(&self) -> io::Result<Vec<(String, std::fs::Metadata)>> {
        let entries = match std::fs::read_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        let mut files = Vec::new();
        for entry in entries {
            let entry = entry?;
            match (entry.file_name().into_string(), entry.metadata()) {
                (Ok(name), Ok(metadata)) => files.push((name, metadata)),
                // Another job may have renamed or removed it meanwhile.
                (_, Err(error)) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(files)
    }
}

impl ScratchFile {
    /// Appends bytes.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        self.file()?.write_all(bytes)
    }

    fn file(&mut self) -> io::Result<&mut BufWriter<File>> {
        self.file.as_mut().ok_or_else(|| io::Error::other("the scratch file was finished"))
    }

    /// Ends the file: it is synced and takes the place of one of the same name. Gives its content.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn finish(mut self) -> io::Result<ScratchMap> {
        let trailer = trailer_of(self.bytes, self.hash.digest());
        self.file()?.write_all(&trailer)?;
        self.file()?.flush()?;
        disk::sync_file(self.file()?.get_ref())?;
        // Mapped by the name that no other job has, so that this content is seen and no other's.
        let map = Map::open(&File::open(&self.temporary)?)?;
        disk::rename(&self.temporary, &self.path)?;
        self.file = None;
        Ok(ScratchMap { map: Arc::new(map) })
    }
}

impl Drop for ScratchFile {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            // What is left of a file that was given up is removed when the database is opened, if not here.
            let _ = disk::remove_file(&self.temporary);
        }
    }
}

impl ScratchMap {
    /// The content, without the trailer. Its first byte is aligned to a page.
    pub fn bytes(&self) -> &[u8] {
        // A file without a trailer is never opened, so that there is always content before it.
        self.map.get(..self.map.len() - TRAILER).unwrap_or_default()
    }
}

fn trailer_of(bytes: u64, hash: u64) -> [u8; TRAILER] {
    let mut trailer = [0; TRAILER];
    trailer[..8].copy_from_slice(&bytes.to_le_bytes());
    trailer[8..16].copy_from_slice(&hash.to_le_bytes());
    trailer[16..].copy_from_slice(MAGIC);
    trailer
}

/// Names are ours: letters, digits, `-` and `.`, so that none leads out of the directory.
fn check_name(name: &str) -> io::Result<()> {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    let ours = !name.is_empty() && !name.starts_with('.') && !name.starts_with(UNFINISHED);
    if ours && name.bytes().all(fine) && Path::new(name).is_relative() {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, format!("`{name}` is not a name of a scratch file")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_back_whole_or_not_at_all() {
        let directory = tempfile::tempdir().unwrap();
        let scratch = Scratch::new(directory.path().join("training"), false);
        assert!(scratch.open("a").is_none());
        let mut file = scratch.create("a").unwrap();
        file.write(b"one").unwrap();
        file.write(b"two").unwrap();
        assert!(scratch.open("a").is_none(), "not finished");
        file.finish().unwrap();
        assert_eq!(scratch.open("a").unwrap().bytes(), b"onetwo");
        drop(scratch.create("a").unwrap());
        assert_eq!(scratch.open("a").unwrap().bytes(), b"onetwo", "a file that was given up changes nothing");
        let path = directory.path().join("training/a");
        let mut bytes = std::fs::read(&path).unwrap();
        for at in 0..bytes.len() {
            bytes[at] ^= 1;
            std::fs::write(&path, &bytes).unwrap();
            assert!(scratch.open("a").is_none(), "byte {at} is damaged");
            bytes[at] ^= 1;
        }
        std::fs::write(&path, &bytes[..5]).unwrap();
        assert!(scratch.open("a").is_none());
        for name in ["../a", "", "new-a"] {
            assert!(scratch.create(name).is_err());
        }
    }

    #[test]
    fn two_that_write_the_same_file_see_their_own() {
        let directory = tempfile::tempdir().unwrap();
        let scratch = Scratch::new(directory.path().join("training"), false);
        let (mut one, mut two) = (scratch.create("a").unwrap(), scratch.create("a").unwrap());
        one.write(b"one").unwrap();
        two.write(b"two").unwrap();
        let one = one.finish().unwrap();
        let two = two.finish().unwrap();
        assert_eq!((one.bytes(), two.bytes()), (&b"one"[..], &b"two"[..]));
        assert_eq!(scratch.open("a").unwrap().bytes(), b"two");
        let unfinished = scratch.create("b").unwrap();
        std::mem::forget(unfinished);
        scratch.create("c").unwrap().finish().unwrap();
        scratch.sweep(|name| name == "c").unwrap();
        assert_eq!(scratch.names().unwrap(), ["a"]);
    }

    #[test]
    fn trimming_removes_the_oldest() {
        let directory = tempfile::tempdir().unwrap();
        let scratch = Scratch::new(directory.path().join("training"), false);
        for name in ["x-1", "x-2", "x-3", "y-1"] {
            let mut file = scratch.create(name).unwrap();
            file.write(&[0; 100]).unwrap();
            file.finish().unwrap();
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        scratch.trim("x-", 300, "x-1").unwrap();
        let left: Vec<bool> =
            ["x-1", "x-2", "x-3", "y-1"].iter().map(|name| scratch.open(name).is_some()).collect();
        assert_eq!(left, [true, false, true, true]);
        let reading = Scratch::new(directory.path().join("training"), true);
        assert!(reading.create("z").is_err() && reading.open("x-1").is_some());
    }
}
