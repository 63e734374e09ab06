//! Memory maps of the files of generations. The only unsafe code of this crate.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::ops::{Deref, Range};

use memmap2::{Advice, Mmap};

/// The bytes of one file of a generation, mapped into memory and verified against its manifest.
///
/// The address is aligned to a page, so what a writer aligned within the file is aligned in memory.
#[derive(Debug)]
pub struct Map {
    bytes: Option<Mmap>,
}

impl Map {
    /// Maps a whole file. An empty file has nothing to map.
    pub(crate) fn open(file: &File) -> io::Result<Map> {
        if file.metadata()?.len() == 0 {
            return Ok(Map { bytes: None });
        }
        // SAFETY: the map is read-only, and nobody changes the file under it: files of a sealed generation
        // are never written again, their directory is renamed or unlinked but files are not truncated, and
        // the database's lock keeps other instances of this program out. A foreign program that truncates the
        // file breaks this contract, as it does for every memory-mapped store; access then ends the process
        // with SIGBUS and reads nothing wrong.
        let bytes = unsafe { Mmap::map(file)? };
        Ok(Map { bytes: Some(bytes) })
    }

    /// Tells the system that some bytes, as far as there are so many, will be wanted soon: it begins to read
    /// them from the disk, where they are not in memory. Without it every page is waited for by itself.
    pub fn ahead(&self, range: Range<usize>) {
        if let Some(bytes) = &self.bytes {
            let end = range.end.min(bytes.len());
            // Only advice: a system that does not take it reads the pages when they are used.
            let _ =
                bytes.advise_range(Advice::WillNeed, range.start.min(end), end.saturating_sub(range.start));
        }
    }
}

impl Deref for Map {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.as_deref().unwrap_or(&[])
    }
}

impl AsRef<[u8]> for Map {
    fn as_ref(&self) -> &[u8] {
        self
    }
}
