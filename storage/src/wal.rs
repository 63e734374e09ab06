//! A look at the beginning of RocksDB's log, without opening the store.
//!
//! After a crash it must be known whether the store lost writes before it is opened for writing, and to open
//! it only for reading replays the whole log. Nearly always the first statements in the log answer: they are
//! newer than every sealed generation. What this module does not understand it does not answer for, and the
//! log is replayed as before.
//!
//! The format is that of `db/log_format.h` and `db/write_batch.cc` of RocksDB: blocks of 32 KiB with records
//! of a masked CRC-32C (4 bytes), a length (2), a type (1) and a part of a batch; a batch has a sequence
//! number (8), a count (4), and entries of a tag and what belongs to it.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::key::Column;
use crate::meta::{MetaKey, decode_u64};
use crate::seal::unseal;

/// Bytes of logs that are looked at.
const LOOK_BYTES: u64 = 4 << 20;
const BLOCK: usize = 32 << 10;
const HEADER: usize = 7;
const BATCH_HEADER: usize = 12;

/// Types of records: a batch in one record, or its first, middle and last ones.
const FULL: u8 = 1;
const FIRST: u8 = 2;
const MIDDLE: u8 = 3;
const LAST: u8 = 4;
/// Types with this bit may be passed over by who does not know them.
const IGNORABLE: u8 = 0x80;

/// Whether the logs of a store begin with statements that bring it to sequence number `seq` or beyond,
/// without anything damaged before them. False is no answer.
pub(crate) fn reaches(store: &Path, seq: u64) -> bool {
    let mut left = LOOK_BYTES;
    for path in logs(store) {
        let mut bytes = Vec::new();
        let Ok(file) = File::open(path) else { return false };
        let Ok(read) = file.take(left).read_to_end(&mut bytes) else { return false };
        match Log::new(&bytes).greatest(seq) {
            Some(found) if found >= seq => return true,
            Some(_) => left -= read as u64,
            None => return false,
        }
    }
    false
}

/// The logs of a store in the order in which they were written.
fn logs(store: &Path) -> Vec<PathBuf> {
    let number = |path: &Path| -> Option<u64> {
        let name = path.file_name()?.to_str()?.strip_suffix(".log")?;
        name.parse().ok()
    };
    let Ok(entries) = fs::read_dir(store) else { return Vec::new() };
    let mut found: Vec<(u64, PathBuf)> =
        entries.flatten().filter_map(|entry| Some((number(&entry.path())?, entry.path()))).collect();
    found.sort();
    found.into_iter().map(|(_, path)| path).collect()
}

/// The bytes of a log, and how far they were read.
struct Log<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Log<'a> {
    fn new(bytes: &'a [u8]) -> Log<'a> {
        Log { bytes, at: 0 }
    }

    /// The greatest sequence number of a statement, up to the first one of at least `enough`; 0 where there
    /// is none. None where something is damaged or unknown, the end of the log included.
    fn greatest(&mut self, enough: u64) -> Option<u64> {
        let (mut greatest, mut batch) = (0, Vec::new());
        let mut within = false;
        while let Some((kind, part)) = self.record()? {
            if kind & IGNORABLE != 0 {
                continue;
            }
            let (begins, ends) = match kind {
                FULL => (true, true),
                FIRST => (true, false),
                MIDDLE => (false, false),
                LAST => (false, true),
                _ => return None,
            };
            if begins == within {
                return None;
            }
            if begins {
                batch.clear();
            }
            batch.extend_from_slice(part);
            within = !ends;
            if ends {
                greatest = greatest.max(statement(&batch)?);
                if greatest >= enough {
                    break;
                }
            }
        }
        Some(greatest)
    }

    /// Type and content of the next record: `Some(None)` at the end, `None` where it is damaged.
    fn record(&mut self) -> Option<Option<(u8, &'a [u8])>> {
        let in_block = BLOCK - self.at % BLOCK;
        if in_block < HEADER {
            // No record begins here.
            self.at += in_block;
        }
        let left = self.bytes.get(self.at..).unwrap_or_default();
        if left.is_empty() {
            return Some(None);
        }
        let (header, rest) = left.split_first_chunk::<HEADER>()?;
        let [a, b, c, d, low, high, kind] = *header;
        let length = usize::from(u16::from_le_bytes([low, high]));
        let part = rest.get(..length).filter(|_| HEADER + length <= BLOCK - self.at % BLOCK)?;
        let checksum = crc32c::crc32c_append(crc32c::crc32c(&[kind]), part);
        let masked = checksum.rotate_right(15).wrapping_add(0xa282_ead8);
        if masked != u32::from_le_bytes([a, b, c, d]) {
            return None;
        }
        self.at += HEADER + length;
        Some(Some((kind, part)))
    }
}

/// The sequence number that a batch writes; 0 where it writes none, `None` where an entry is unknown.
fn statement(batch: &[u8]) -> Option<u64> {
    let mut reader = Entries { bytes: batch.get(BATCH_HEADER..)? };
    let (seq_key, mut seq) = (MetaKey::Seq.encode(), 0);
    while let Some((tag, rest)) = reader.bytes.split_first() {
        reader.bytes = rest;
        // Tags of `db/dbformat.h`: entries of the first family, then the same with the number of a family.
        let of_family = matches!(tag, 0x4..=0x6 | 0x8 | 0xE);
        if of_family {
            reader.number()?;
        }
        match tag {
            // Single and range deletions included.
            0x0 | 0x4 | 0x7 | 0x8 => drop(reader.text()?),
            0x2 | 0x6 | 0xE | 0xF => drop((reader.text()?, reader.text()?)),
            0x1 | 0x5 => {
                let (key, value) = (reader.text()?, reader.text()?);
                // The checksum tells that it is of this family.
                if key == seq_key
                    && let Ok(value) = unseal(Column::Meta, key, value)
                {
                    seq = seq.max(decode_u64(value).ok()?);
                }
            }
            // A note for who reads the log.
            0x3 => drop(reader.text()?),
            // Nothing.
            0xD => {}
            _ => return None,
        }
    }
    Some(seq)
}

/// What is left of a batch.
struct Entries<'a> {
    bytes: &'a [u8],
}

impl<'a> Entries<'a> {
    /// A number of seven bits a byte, the low ones first.
    fn number(&mut self) -> Option<u32> {
        let mut number = 0u32;
        for shift in (0..32).step_by(7) {
            let (byte, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            number |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let length = self.number()? as usize;
        let (text, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use crate::Store;
    use crate::tests::{crash_image, create_table, insert_all, new_store, writable};

    use super::*;

    #[test]
    fn the_log_tells_how_far_it_brings_the_store_until_it_is_damaged() {
        let (directory, store) = new_store();
        let labels = create_table(&store, "t");
        let mut seq = 0;
        // Some statements are longer than a block.
        for first in 0..40 {
            seq = insert_all(&store, labels, first * 1_000..first * 1_000 + 25 * (1 + first % 7));
        }
        let image = directory.path().join("image");
        crash_image(&store.path().join("store"), &image);
        assert!(reaches(&image, 1) && reaches(&image, seq / 2) && reaches(&image, seq));
        assert!(!reaches(&image, seq + 1) && !reaches(&directory.path().join("missing"), 1));
        let path = logs(&image).pop().unwrap();
        let whole = fs::read(&path).unwrap();
        // Of a log that ends too early what comes before the end is known, and no more.
        let known = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            (1..=seq).take_while(|seq| reaches(&image, *seq)).count()
        };
        let mut before = 0;
        for end in (0..whole.len()).step_by(whole.len() / 50) {
            let now = known(&whole[..end]);
            assert!(now >= before && now < seq as usize, "{end}: {now}");
            before = now;
        }
        assert!(before > seq as usize / 2);
        // Nor is anything known behind a flipped bit.
        for at in (0..whole.len()).step_by(whole.len() / 50) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x10;
            let found = known(&bytes);
            assert!(found <= known(&whole[..at]), "{at}: {found}");
        }
    }

    #[test]
    fn a_killed_writer_is_opened_with_all_that_it_wrote() {
        let (directory, store) = new_store();
        let labels = create_table(&store, "t");
        insert_all(&store, labels, 0..3);
        crate::tests::publish(&store, labels.vectors, b"covers three");
        let seq = insert_all(&store, labels, 3..300);
        let image = directory.path().join("image");
        crash_image(store.path(), &image);
        let opened = Store::open(&image, &writable()).unwrap();
        assert!(!opened.is_read_only() && opened.warnings().is_empty());
        assert_eq!(opened.snapshot().seq(), seq);
        assert_eq!(crate::tests::contents(&opened.snapshot(), labels).len(), 300);
    }
}
