//! The container of every packed file: named sections at multiples of 64 bytes, found through a directory at
//! the end.
//!
//! ```text
//! header     kind 8 bytes, version u32, zeros up to 64
//! sections   each padded with zeros to a multiple of 64
//! directory  one entry a section: name 8 bytes, offset u64, length u64
//! footer     offset of the directory u64, number of sections u64, kind 8 bytes
//! ```
//!
//! Numbers are little-endian. The directory stands at the end so that a file is written in one pass, without
//! seeking and without holding it in memory. Lengths and offsets are checked when a file is opened, before
//! anything is read through them; the checksum of the whole file is the business of the manifest.

#[cfg(target_endian = "big")]
compile_error!("packed files are read in place as little-endian numbers");

use std::io::{self, Write};
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;

use bytemuck::AnyBitPattern;

use crate::kernel::Line;

/// The bytes of a packed file: a memory map, or a buffer. Their address must be a multiple of 8.
pub trait FileBytes: AsRef<[u8]> + Send + Sync {
    /// Some of the bytes will be wanted soon: where they are not in memory, reading them begins, and is not
    /// waited for.
    fn ahead(&self, range: Range<usize>);
}

/// Shared bytes of a packed file.
pub type Bytes = Arc<dyn FileBytes>;

/// Sections begin at multiples of this, a cache line and the widest vector register.
const ALIGNMENT: u64 = 64;
const HEADER_BYTES: usize = 64;
const ENTRY_BYTES: usize = 24;
const FOOTER_BYTES: usize = 24;
/// Sections that every search walks through are asked for when a file is opened, the smallest first, up to
/// so many bytes: of those of a larger index a search touches only parts.
const AHEAD_BYTES_MAX: usize = 64 << 20;
/// More sections than any of our files has; a damaged count is refused before it sizes anything.
const SECTIONS_MAX: u64 = 64;

/// A kind of packed file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    /// The first bytes of the file.
    pub(crate) magic: [u8; 8],
    /// The version this program writes, and the only one it reads.
    pub(crate) version: u32,
    /// Its name in messages.
    pub(crate) name: &'static str,
}

/// A packed file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackedError {
    /// It is a file of another kind.
    #[error("the file is no {kind}: it begins with {found:?}; delete the generation, it will be built again")]
    Kind {
        /// What it should be.
        kind: &'static str,
        /// Its first bytes.
        found: [u8; 8],
    },
    /// It was written by another version.
    #[error("the {kind} has format version {found}, this program reads {supported}; rebuild the index")]
    Version {
        /// What it is.
        kind: &'static str,
        /// The version of the file.
        found: u32,
        /// The version that can be read.
        supported: u32,
    },
    /// Its parts contradict each other.
    #[error("the {kind} is damaged: {reason}; delete the generation, it will be built again")]
    Damaged {
        /// What it is.
        kind: &'static str,
        /// What does not fit.
        reason: String,
    },
}

/// Writes a packed file front to back.
#[derive(Debug)]
pub(crate) struct PackedWriter<W> {
    out: W,
    kind: Kind,
    at: u64,
    sections: Vec<([u8; 8], u64, u64)>,
}

impl<W: Write> PackedWriter<W> {
    /// Writes the header.
    pub(crate) fn new(mut out: W, kind: Kind) -> io::Result<Self> {
        let mut header = [0; HEADER_BYTES];
        header[..8].copy_from_slice(&kind.magic);
        header[8..12].copy_from_slice(&kind.version.to_le_bytes());
        out.write_all(&header)?;
        Ok(Self { out, kind, at: HEADER_BYTES as u64, sections: Vec::new() })
    }

    /// Ends the section before and begins one; `name` has at most eight bytes.
    pub(crate) fn begin(&mut self, name: &str) -> io::Result<()> {
        self.pad()?;
        self.sections.push((section_name(name), self.at, 0));
        Ok(())
    }

    /// Appends to the section begun last.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.at += bytes.len() as u64;
        if let Some(section) = self.sections.last_mut() {
            section.2 += bytes.len() as u64;
        }
        Ok(())
    }

    /// A whole section.
    pub(crate) fn section<T: bytemuck::NoUninit>(&mut self, name: &str, values: &[T]) -> io::Result<()> {
        self.begin(name)?;
        self.write(bytemuck::cast_slice(values))
    }

    /// Writes the directory and the footer.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.pad()?;
        let directory = self.at;
        for (name, offset, length) in &self.sections {
            self.out.write_all(name)?;
            self.out.write_all(&offset.to_le_bytes())?;
            self.out.write_all(&length.to_le_bytes())?;
        }
        self.out.write_all(&directory.to_le_bytes())?;
        self.out.write_all(&(self.sections.len() as u64).to_le_bytes())?;
        self.out.write_all(&self.kind.magic)?;
        Ok(self.out)
    }

    fn pad(&mut self) -> io::Result<()> {
        let missing = self.at.next_multiple_of(ALIGNMENT) - self.at;
        self.out.write_all(&[0; ALIGNMENT as usize][..missing as usize])?;
        self.at += missing;
        Ok(())
    }
}

fn section_name(name: &str) -> [u8; 8] {
    let mut bytes = [0; 8];
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    bytes
}

/// Names and places of sections, in their order.
type Sections = Vec<([u8; 8], Range<usize>)>;

/// An opened packed file: every section lies within the bytes and none overlaps another.
pub(crate) struct Packed {
    bytes: Bytes,
    kind: Kind,
    sections: Sections,
}

impl Packed {
    /// Checks the frame of the file; the sections are checked as they are asked for. Reading of those that
    /// are not named in `later` begins in the background.
    pub(crate) fn open(bytes: Bytes, kind: Kind, later: &[&str]) -> Result<Self, PackedError> {
        // A page that was not asked for is read together with megabytes around it.
        let end = (*bytes).as_ref().len();
        bytes.ahead(0..HEADER_BYTES.min(end));
        bytes.ahead(end.saturating_sub(FOOTER_BYTES + ENTRY_BYTES * SECTIONS_MAX as usize)..end);
        let sections = directory((*bytes).as_ref(), kind)?;
        let packed = Self { bytes, kind, sections };
        packed.ahead(later);
        Ok(packed)
    }

    fn ahead(&self, later: &[&str]) {
        let later = |name: &[u8; 8]| later.iter().any(|later| section_name(later) == *name);
        let wanted = self.sections.iter().filter(|(name, _)| !later(name)).map(|(_, range)| range.clone());
        let mut wanted: Vec<Range<usize>> = wanted.collect();
        wanted.sort_by_key(Range::len);
        let mut left = AHEAD_BYTES_MAX;
        for range in wanted.into_iter().filter(|range| !range.is_empty()) {
            let Some(rest) = left.checked_sub(range.len()) else { return };
            left = rest;
            self.bytes.ahead(range);
        }
    }

    /// The error of a file whose parts do not fit.
    pub(crate) fn damaged(&self, reason: impl Into<String>) -> PackedError {
        PackedError::Damaged { kind: self.kind.name, reason: reason.into() }
    }

    /// A section as numbers, of which there must be `len`.
    pub(crate) fn array<T: AnyBitPattern>(&self, name: &str, len: u64) -> Result<Array<T>, PackedError> {
        let array = self.array_of_any_length::<T>(name)?;
        if array.get().len() as u64 == len {
            Ok(array)
        } else {
            let found = array.get().len();
            Err(self.damaged(format!("section {name:?} holds {found} numbers where {len} belong")))
        }
    }

    /// A section as numbers.
    pub(crate) fn array_of_any_length<T: AnyBitPattern>(&self, name: &str) -> Result<Array<T>, PackedError> {
        let range = self.range(name).ok_or_else(|| self.damaged(format!("section {name:?} is missing")))?;
        let section = (*self.bytes).as_ref().get(range.clone());
        match section.map(bytemuck::try_cast_slice::<u8, T>) {
            Some(Ok(_)) => Ok(Array { bytes: Arc::clone(&self.bytes), range, numbers: PhantomData }),
            Some(Err(error)) => {
                Err(self.damaged(format!("section {name:?} cannot be read in place: {error}")))
            }
            None => Err(self.damaged(format!("section {name:?} lies outside the file"))),
        }
    }

    /// A section as numbers, or None where the file has none of the name.
    pub(crate) fn optional_array<T: AnyBitPattern>(
        &self,
        name: &str,
    ) -> Result<Option<Array<T>>, PackedError> {
        self.range(name).map(|_| self.array_of_any_length(name)).transpose()
    }

    fn range(&self, name: &str) -> Option<Range<usize>> {
        let name = section_name(name);
        self.sections.iter().find(|(found, _)| *found == name).map(|(_, range)| range.clone())
    }
}

/// A section read in place. The cast was checked when it was made.
pub(crate) struct Array<T> {
    bytes: Bytes,
    range: Range<usize>,
    numbers: PhantomData<fn() -> T>,
}

impl<T: AnyBitPattern> Array<T> {
    /// The numbers.
    pub(crate) fn get(&self) -> &[T] {
        bytemuck::cast_slice(&(*self.bytes).as_ref()[self.range.clone()])
    }

    /// `count` of its numbers from the `at`-th on; None where it has not so many.
    pub(crate) fn part(&self, at: usize, count: usize) -> Option<Array<T>> {
        let end = at.checked_add(count).filter(|end| *end <= self.get().len())?;
        let of_file = |at: usize| self.range.start + at * size_of::<T>();
        Some(Array { bytes: Arc::clone(&self.bytes), range: of_file(at)..of_file(end), numbers: PhantomData })
    }

    /// Asks for some of its bytes, as far as it has so many.
    pub(crate) fn ahead(&self, bytes: Range<usize>) {
        let of_file = |at: usize| self.range.start.saturating_add(at).min(self.range.end);
        self.bytes.ahead(of_file(bytes.start)..of_file(bytes.end));
    }
}

/// The sections of a file, after every length has been checked.
fn directory(bytes: &[u8], kind: Kind) -> Result<Sections, PackedError> {
    let damaged = |reason: String| PackedError::Damaged { kind: kind.name, reason };
    if bytes.len() < HEADER_BYTES + FOOTER_BYTES {
        return Err(damaged(format!("{} bytes are too few", bytes.len())));
    }
    let found: [u8; 8] = array_at(bytes, 0);
    if found != kind.magic {
        return Err(PackedError::Kind { kind: kind.name, found });
    }
    let version = u32::from_le_bytes(array_at(bytes, 8));
    if version != kind.version {
        return Err(PackedError::Version { kind: kind.name, found: version, supported: kind.version });
    }
    let footer = bytes.len() - FOOTER_BYTES;
    let start = u64::from_le_bytes(array_at(bytes, footer));
    let count = u64::from_le_bytes(array_at(bytes, footer + 8));
    if array_at(bytes, footer + 16) != kind.magic {
        return Err(damaged("its end is missing".to_owned()));
    }
    let entries = (count <= SECTIONS_MAX).then(|| count as usize * ENTRY_BYTES);
    if entries.is_none_or(|entries| start.checked_add(entries as u64) != Some(footer as u64)) {
        return Err(damaged(format!("its directory of {count} sections at {start} does not end the file")));
    }
    let mut sections = Vec::with_capacity(count as usize);
    let mut free = HEADER_BYTES as u64;
    for entry in bytes[start as usize..footer].chunks_exact(ENTRY_BYTES) {
        let name: [u8; 8] = array_at(entry, 0);
        let offset = u64::from_le_bytes(array_at(entry, 8));
        let end = offset.checked_add(u64::from_le_bytes(array_at(entry, 16))).filter(|end| *end <= start);
        let repeated = sections.iter().any(|(other, _)| *other == name);
        match end {
            Some(end) if offset >= free && offset.is_multiple_of(ALIGNMENT) && !repeated => {
                sections.push((name, offset as usize..end as usize));
                free = end;
            }
            _ => {
                return Err(damaged(format!("section {:?} is out of place", String::from_utf8_lossy(&name))));
            }
        }
    }
    Ok(sections)
}

/// Eight or four bytes at a place whose bounds the caller has checked.
fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[at..at + N]);
    array
}

/// A growing buffer that begins with a line of the cache, to build packed files in memory.
#[derive(Clone, Debug, Default)]
pub struct AlignedBytes {
    lines: Vec<Line>,
    len: usize,
}

impl AlignedBytes {
    /// An empty buffer.
    pub fn new() -> Self {
        Self::default()
    }

    /// The buffer as the bytes of a packed file.
    pub fn into_bytes(self) -> Bytes {
        Arc::new(self)
    }
}

impl From<&[u8]> for AlignedBytes {
    fn from(bytes: &[u8]) -> Self {
        let mut lines = vec![Line::ZERO; bytes.len().div_ceil(Line::BYTES)];
        Line::bytes_mut(&mut lines)[..bytes.len()].copy_from_slice(bytes);
        Self { lines, len: bytes.len() }
    }
}

impl AsRef<[u8]> for AlignedBytes {
    fn as_ref(&self) -> &[u8] {
        &Line::bytes(&self.lines)[..self.len]
    }
}

impl FileBytes for AlignedBytes {
    /// They are in memory.
    fn ahead(&self, _range: Range<usize>) {}
}

impl Write for AlignedBytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let end = self.len + bytes.len();
        self.lines.resize(end.div_ceil(Line::BYTES), Line::ZERO);
        Line::bytes_mut(&mut self.lines)[self.len..end].copy_from_slice(bytes);
        self.len = end;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    const KIND: Kind = Kind { magic: *b"ATSAMPLE", version: 3, name: "sample" };

    fn sample() -> AlignedBytes {
        let mut writer = PackedWriter::new(AlignedBytes::new(), KIND).unwrap();
        writer.section("numbers", &[1u32, 2, 3]).unwrap();
        writer.section::<u64>("none", &[]).unwrap();
        writer.section("eight_by", &[1.5f64]).unwrap();
        writer.finish().unwrap()
    }

    /// Opens every truncation and every flip of one bit; `open` must answer, not panic.
    pub(crate) fn survives_damage(file: &AlignedBytes, open: impl Fn(Bytes) -> bool) {
        let bytes = file.as_ref();
        for len in 0..bytes.len() {
            assert!(!open(AlignedBytes::from(&bytes[..len]).into_bytes()), "truncated to {len}");
        }
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.to_vec();
            damaged[bit / 8] ^= 1 << (bit % 8);
            open(AlignedBytes::from(damaged.as_slice()).into_bytes());
        }
        let longer = [bytes, &[0]].concat();
        assert!(!open(AlignedBytes::from(longer.as_slice()).into_bytes()), "one byte too many");
    }

    #[test]
    fn sections_come_back_aligned_and_by_name() {
        let packed = Packed::open(sample().into_bytes(), KIND, &[]).unwrap();
        let numbers = packed.array::<u32>("numbers", 3).unwrap();
        assert_eq!(numbers.get(), [1, 2, 3]);
        assert!(numbers.get().as_ptr().addr().is_multiple_of(8));
        assert!(packed.array::<u64>("none", 0).unwrap().get().is_empty());
        assert_eq!(packed.array::<f64>("eight_by", 1).unwrap().get(), [1.5]);
    }

    #[test]
    fn wrong_kind_version_length_and_name_are_told_apart() {
        let bytes = sample().into_bytes();
        let other = Kind { magic: *b"ATOTHER0", ..KIND };
        let error = Packed::open(Arc::clone(&bytes), other, &[]).err();
        assert_eq!(error, Some(PackedError::Kind { kind: "sample", found: *b"ATSAMPLE" }));
        let newer = Kind { version: 4, ..KIND };
        let error = Packed::open(Arc::clone(&bytes), newer, &[]).err();
        assert_eq!(error, Some(PackedError::Version { kind: "sample", found: 3, supported: 4 }));
        let packed = Packed::open(bytes, KIND, &[]).unwrap();
        assert!(packed.array::<u32>("numbers", 4).err().unwrap().to_string().contains("3 numbers where 4"));
        assert!(packed.array::<u32>("absent", 1).err().unwrap().to_string().contains("missing"));
        assert!(packed.array::<u64>("numbers", 1).err().unwrap().to_string().contains("in place"));
    }

    #[test]
    fn damage_never_panics_and_cut_files_never_open() {
        survives_damage(&sample(), |bytes| {
            let Ok(packed) = Packed::open(bytes, KIND, &[]) else { return false };
            let _ = packed.array::<u32>("numbers", 3).map(|numbers| numbers.get().len());
            let _ = packed.array::<f64>("eight_by", 1).map(|numbers| numbers.get().len());
            true
        });
    }

    #[test]
    fn aligned_bytes_take_pieces_of_any_length() {
        let mut buffer = AlignedBytes::new();
        let mut expected = Vec::new();
        for len in 0..40u8 {
            let piece: Vec<u8> = (0..len).collect();
            buffer.write_all(&piece).unwrap();
            expected.extend(piece);
        }
        assert_eq!(buffer.as_ref(), expected);
        assert_eq!(AlignedBytes::from(expected.as_slice()).as_ref(), expected);
    }
}
