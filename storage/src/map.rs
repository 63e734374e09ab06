//! Memory maps of the files of generations. The only unsafe code of this crate.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::ops::Deref;

use memmap2::{Advice, Mmap};

/// Files up to this size are read ahead as a whole: codes and keys that every query walks through. Of larger
/// ones queries touch single rows.
const AHEAD_BYTES_MAX: usize = 64 << 20;

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
        if bytes.len() <= AHEAD_BYTES_MAX {
            // Only advice: without it every page waits for the disk by itself.
            let _ = bytes.advise(Advice::WillNeed);
        }
        Ok(Map { bytes: Some(bytes) })
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
