//! Every operation of this crate that changes the file system, RocksDB's own files aside.
//!
//! A file is durable when it and the directory that names it were synced; each function here says which of
//! the two it has done. Keeping them in one file is what makes fault injection possible: each passes [`gate`]
//! first.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Points at which a write can be made to fail on purpose.
#[cfg(any(test, feature = "testing"))]
pub mod fault {
    use std::cell::Cell;
    use std::io;

    thread_local! {
        static COUNTDOWN: Cell<Option<u64>> = const { Cell::new(None) };
        static FIRED: Cell<u64> = const { Cell::new(0) };
    }

    /// Lets `after` mutating operations of this thread pass, then fails all of them as if the disk were full.
    pub fn arm(after: u64) {
        COUNTDOWN.set(Some(after));
        FIRED.set(0);
    }

    /// Ends fault injection on this thread; returns how many operations were failed.
    pub fn disarm() -> u64 {
        COUNTDOWN.set(None);
        FIRED.replace(0)
    }

    pub(crate) fn check() -> io::Result<()> {
        match COUNTDOWN.get() {
            None => Ok(()),
            Some(0) => {
                FIRED.set(FIRED.get().saturating_add(1));
                Err(io::Error::new(io::ErrorKind::StorageFull, "injected: no space left on device"))
            }
            Some(left) => {
                COUNTDOWN.set(Some(left.saturating_sub(1)));
                Ok(())
            }
        }
    }
}

/// Passed before every mutating operation, RocksDB writes included.
pub(crate) fn gate() -> io::Result<()> {
    #[cfg(any(test, feature = "testing"))]
    fault::check()?;
    Ok(())
}

/// Makes a directory; its parent is synced.
pub(crate) fn create_dir(path: &Path) -> io::Result<()> {
    gate()?;
    fs::create_dir(path)?;
    sync_parent(path)
}

/// Makes a directory and its parents as far as they are missing; the parent of each is synced.
pub(crate) fn create_dir_all(path: &Path) -> io::Result<()> {
    let missing = path.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists());
    let missing: Vec<&Path> = missing.collect();
    for path in missing.into_iter().rev() {
        match create_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            other => other?,
        }
    }
    Ok(())
}

/// Makes a file that must not exist yet, for writing; nothing is synced.
pub(crate) fn create_file(path: &Path) -> io::Result<File> {
    gate()?;
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// Opens the lock file, which may exist or not; nothing is synced.
pub(crate) fn open_lock_file(path: &Path) -> io::Result<File> {
    gate()?;
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

/// Replaces the content of an open file and syncs the file.
pub(crate) fn overwrite(mut file: &File, bytes: &[u8]) -> io::Result<()> {
    use std::io::Seek;
    gate()?;
    file.set_len(0)?;
    file.seek(io::SeekFrom::Start(0))?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Writes a file that must not exist yet and syncs it; the directory is not synced.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = create_file(path)?;
    gate()?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Puts a file in the place of another in one step; nothing is synced, so that after a power cut the old one,
/// the new one or an incomplete one may be there.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    gate()?;
    let fresh = path.with_extension("new");
    fs::write(&fresh, bytes)?;
    fs::rename(&fresh, path)
}

/// Syncs the content of a file.
pub(crate) fn sync_file(file: &File) -> io::Result<()> {
    gate()?;
    file.sync_all()
}

/// Syncs the names in a directory.
pub(crate) fn sync_dir(path: &Path) -> io::Result<()> {
    gate()?;
    File::open(path)?.sync_all()
}

fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_dir(parent),
        _ => sync_dir(Path::new(".")),
    }
}

/// Renames within one directory and syncs that directory.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    gate()?;
    fs::rename(from, to)?;
    sync_parent(to)
}

/// Removes a file; a missing one is no error. Nothing is synced: what comes back after a power cut is removed
/// again.
pub(crate) fn remove_file(path: &Path) -> io::Result<()> {
    gate()?;
    ignore_missing(fs::remove_file(path))
}

/// Removes a directory with its content; a missing one is no error. Nothing is synced, as for
/// [`remove_file`].
pub(crate) fn remove_dir_all(path: &Path) -> io::Result<()> {
    gate()?;
    ignore_missing(fs::remove_dir_all(path))
}

fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Bytes of all files under a directory. Files that vanish meanwhile count nothing.
pub(crate) fn disk_bytes(path: &Path) -> io::Result<u64> {
    let mut total = 0_u64;
    let mut open = vec![path.to_path_buf()];
    while let Some(directory) = open.pop() {
        let entries = match fs::read_dir(&directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            other => other?,
        };
        for entry in entries {
            let entry = entry?;
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => open.push(entry.path()),
                Ok(metadata) => total = total.saturating_add(metadata.len()),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(total)
}
