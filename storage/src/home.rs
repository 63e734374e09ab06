//! The database's directory: its marker with the format version, and its lock. Both come before RocksDB is
//! touched.
//!
//! RocksDB itself makes an empty database over old files when its `CURRENT` is missing, and loses its lock
//! when one process opens it twice; neither can happen once this file has had its say.
//!
//! A database is made in this order: directory, `LOCK`, `ARGTOP.new` (synced), store, `ARGTOP.new` renamed to
//! `ARGTOP`. So `ARGTOP.new` without `ARGTOP` is a creation that was interrupted and may begin anew, while
//! files of a database without either are a database that lost its marker, and are left alone.

use std::fs::{self, File, TryLockError};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::error::OpenError;
use crate::fs as disk;

/// The format version that this program writes, and the newest that it reads.
pub(crate) const FORMAT_VERSION: u32 = 1;

const MARKER: &str = "ARGTOP";
const MARKER_NEW: &str = "ARGTOP.new";
const LOCK: &str = "LOCK";
/// A marker is two short lines; anything longer is not ours.
const MARKER_BYTES_MAX: u64 = 256;
/// How long an opening waits for a lock that nobody seems to hold.
const PASSING: Duration = Duration::from_millis(500);

/// Paths within a database.
#[derive(Debug, Clone)]
pub(crate) struct Home {
    pub(crate) path: PathBuf,
    /// Random number of the database in hexadecimal digits; generations carry it.
    pub(crate) uuid: String,
}

/// What was found at the path.
pub(crate) enum Found {
    /// A database.
    Database,
    /// Nothing, an empty directory, or the remains of a creation that did not end.
    Nothing,
}

impl Home {
    pub(crate) fn store(&self) -> PathBuf {
        self.path.join("store")
    }

    pub(crate) fn generations(&self) -> PathBuf {
        self.path.join("generations")
    }

    pub(crate) fn scratch(&self) -> PathBuf {
        self.path.join("training")
    }
}

/// Attaches the path to an error of the operating system.
pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> OpenError + '_ {
    move |source| OpenError::Io { path: path.to_path_buf(), source }
}

/// Looks at the path without changing anything.
pub(crate) fn inspect(path: &Path) -> Result<Found, OpenError> {
    let metadata = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        other => other.map_err(at(path))?,
    };
    if !metadata.is_dir() {
        return Err(OpenError::NotADatabase(path.to_path_buf()));
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(path).map_err(at(path))? {
        names.push(entry.map_err(at(path))?.file_name());
    }
    let has = |name: &str| names.iter().any(|found| found == name);
    let ours = |name: &str| ["store", "generations", LOCK, MARKER, MARKER_NEW].contains(&name);
    if has(MARKER) {
        return Ok(Found::Database);
    }
    if names.iter().any(|name| name.to_str().is_none_or(|name| !ours(name))) {
        return Err(OpenError::NotADatabase(path.to_path_buf()));
    }
    if has("store") && !has(MARKER_NEW) {
        return Err(OpenError::MissingFile(path.join(MARKER)));
    }
    Ok(Found::Nothing)
}

/// Reads the marker and checks the format version.
pub(crate) fn read_marker(path: &Path) -> Result<Home, OpenError> {
    let marker = path.join(MARKER);
    let mut text = String::new();
    let file = File::open(&marker).map_err(at(&marker))?;
    let foreign = || OpenError::NotADatabase(path.to_path_buf());
    match file.take(MARKER_BYTES_MAX).read_to_string(&mut text) {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(foreign()),
        other => other.map_err(at(&marker))?,
    };
    if text.is_empty() {
        return Err(OpenError::MissingFile(marker));
    }
    let mut lines = text.lines();
    let version = lines.next().and_then(|line| line.strip_prefix("argtop ")).ok_or_else(foreign)?;
    let version: u32 = version.parse().map_err(|_| foreign())?;
    if version > FORMAT_VERSION {
        return Err(OpenError::Newer { found: version, supported: FORMAT_VERSION });
    }
    let uuid = lines.next().filter(|line| line.len() == 32).ok_or_else(foreign)?;
    Ok(Home { path: path.to_path_buf(), uuid: uuid.to_owned() })
}

/// Begins to make a database in a directory that `inspect` found free. The lock is held.
pub(crate) fn begin(path: &Path) -> Result<Home, OpenError> {
    let home = Home { path: path.to_path_buf(), uuid: random_hex() };
    disk::remove_dir_all(&home.store()).map_err(at(path))?;
    disk::remove_dir_all(&home.generations()).map_err(at(path))?;
    disk::remove_file(&path.join(MARKER_NEW)).map_err(at(path))?;
    let text = format!("argtop {FORMAT_VERSION}\n{}\n", home.uuid);
    disk::write_new(&path.join(MARKER_NEW), text.as_bytes()).map_err(at(path))?;
    disk::sync_dir(path).map_err(at(path))?;
    disk::create_dir(&home.store()).map_err(at(path))?;
    disk::create_dir(&home.generations()).map_err(at(path))?;
    Ok(home)
}

/// Ends the making of a database: from here on it is one.
pub(crate) fn finish(home: &Home) -> Result<(), OpenError> {
    disk::rename(&home.path.join(MARKER_NEW), &home.path.join(MARKER)).map_err(at(&home.path))
}

/// The standard library's hasher is seeded by the operating system, which is all the randomness an identity
/// needs.
fn random_hex() -> String {
    let word = || RandomState::new().build_hasher().finish();
    let now =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |age| age.as_nanos());
    let low = word() ^ u64::try_from(now & u128::from(u64::MAX)).unwrap_or(0);
    format!("{:016x}{low:016x}", word())
}

/// The lock of a database, held while the value lives. A process that dies leaves no lock behind.
#[derive(Debug)]
pub(crate) struct Lock {
    file: Option<File>,
    exclusive: bool,
    /// Whether the last writer ended without closing.
    pub(crate) unclean: bool,
}

impl Lock {
    /// Takes the lock: alone for writing; shared for reading, where a missing lock file needs no lock.
    pub(crate) fn take(path: &Path, read_only: bool) -> Result<Lock, OpenError> {
        let lock = path.join(LOCK);
        let file = if read_only {
            match File::open(&lock) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Ok(Lock { file: None, exclusive: false, unclean: true });
                }
                other => other.map_err(at(&lock))?,
            }
        } else {
            disk::open_lock_file(&lock).map_err(at(&lock))?
        };
        let started = Instant::now();
        let (taken, text) = loop {
            let taken = if read_only { file.try_lock_shared() } else { file.try_lock() };
            let mut text = String::new();
            // The pid is for the message only, so an unreadable one is no error.
            let read = (&file).seek(SeekFrom::Start(0));
            let _ = read.and_then(|_| (&file).take(MARKER_BYTES_MAX).read_to_string(&mut text));
            // A lock without a pid is that of a process that opens or closes the database right now. It may
            // also be held a moment longer than the database was open, by a child process that was forked
            // meanwhile and has not begun its own program yet.
            let passing = matches!(taken, Err(TryLockError::WouldBlock)) && text.trim().is_empty();
            if !passing || started.elapsed() > PASSING {
                break (taken, text);
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        match taken {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::Locked { pid: text.trim().parse().ok() }),
            Err(TryLockError::Error(source)) => return Err(OpenError::Io { path: lock, source }),
        }
        if !read_only {
            disk::overwrite(&file, format!("{}\n", std::process::id()).as_bytes()).map_err(at(&lock))?;
        }
        Ok(Lock { file: Some(file), exclusive: !read_only, unclean: !text.trim().is_empty() })
    }

    /// Notes in the lock file that the store was closed in order.
    pub(crate) fn mark_clean(&self) -> io::Result<()> {
        match &self.file {
            Some(file) if self.exclusive => disk::overwrite(file, b""),
            _ => Ok(()),
        }
    }
}
