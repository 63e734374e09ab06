//! Which files of a generation were compared with their checksums already: a file that is the same by inode,
//! length and time of change need not be read as a whole again to be trusted, so that opening a database does
//! not take longer the more it holds.
//!
//! The operating system sets the time of change at every write and rename of the file; no program can set it
//! back. What it does not see is a disk that returns other bytes than were written; for that there are CHECK
//! DATABASE and the option that reads everything at opening.
//!
//! The file `VERIFIED` in the directory of a generation is advice: a missing, damaged or outdated one only
//! has the files read again.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use xxhash_rust::xxh3::xxh3_128;

use crate::fs as disk;
use crate::manifest::hex;

/// Name of the file.
pub(super) const VERIFIED: &str = "VERIFIED";
const HEADER: &str = "argtop-verified 1\n";
/// A larger file is not ours.
const BYTES_MAX: u64 = 1 << 20;
/// The clock of file times moves in steps of up to 10 milliseconds; a file that has rested for this long
/// cannot be changed any more without another time of change.
const REST: Duration = Duration::from_millis(30);

/// What tells a file that was changed or replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    inode: u64,
    bytes: u64,
    seconds: i64,
    nanoseconds: i64,
}

impl Stamp {
    pub(super) fn of(metadata: &Metadata) -> Stamp {
        Stamp {
            inode: metadata.ino(),
            bytes: metadata.len(),
            seconds: metadata.ctime(),
            nanoseconds: metadata.ctime_nsec(),
        }
    }

    /// Whether the file has rested long enough for the stamp to tell later changes.
    fn is_old(&self) -> bool {
        let whole = u64::try_from(self.seconds).ok().map(Duration::from_secs);
        let part = u64::try_from(self.nanoseconds).ok().map(Duration::from_nanos);
        let changed =
            whole.zip(part).and_then(|(whole, part)| UNIX_EPOCH.checked_add(whole.checked_add(part)?));
        changed.is_some_and(|changed| {
            SystemTime::now().duration_since(changed).is_ok_and(|rested| rested > REST)
        })
    }
}

/// Stamps of verified files by name.
#[derive(Debug, Default)]
pub(super) struct Stamps {
    verified: BTreeMap<String, Stamp>,
}

impl Stamps {
    /// Reads what an earlier process left in a generation's directory.
    pub(super) fn load(directory: &Path) -> Stamps {
        let path = directory.join(VERIFIED);
        let small = fs::metadata(&path).is_ok_and(|metadata| metadata.len() <= BYTES_MAX);
        let text = if small { fs::read_to_string(&path).unwrap_or_default() } else { String::new() };
        Stamps { verified: decode(&text).unwrap_or_default() }
    }

    /// Whether a file was verified as it is.
    pub(super) fn knows(&self, name: &str, stamp: &Stamp) -> bool {
        self.verified.get(name) == Some(stamp)
    }

    /// Remembers that a file was verified, if it has rested long enough; says whether that is new.
    pub(super) fn remember(&mut self, name: &str, stamp: Stamp) -> bool {
        stamp.is_old() && self.verified.insert(name.to_owned(), stamp) != Some(stamp)
    }

    /// Saves the stamps; a failure costs a later process the time to verify again.
    pub(super) fn save(&self, directory: &Path) {
        let _ = disk::replace(&directory.join(VERIFIED), encode(&self.verified).as_bytes());
    }
}

fn encode(stamps: &BTreeMap<String, Stamp>) -> String {
    let mut text = HEADER.to_owned();
    for (name, Stamp { inode, bytes, seconds, nanoseconds }) in stamps {
        let _ = writeln!(text, "{name} {inode} {bytes} {seconds} {nanoseconds}");
    }
    let sum = hex(xxh3_128(text.as_bytes()));
    text.push_str(&sum);
    text
}

fn decode(text: &str) -> Option<BTreeMap<String, Stamp>> {
    let (sealed, sum) = text.rsplit_once('\n')?;
    let sealed = text.get(..sealed.len().checked_add(1)?)?;
    if hex(xxh3_128(sealed.as_bytes())) != sum {
        return None;
    }
    let mut stamps = BTreeMap::new();
    for line in sealed.strip_prefix(HEADER)?.lines() {
        let mut words = line.split(' ');
        let name = words.next()?.to_owned();
        let stamp = Stamp {
            inode: words.next()?.parse().ok()?,
            bytes: words.next()?.parse().ok()?,
            seconds: words.next()?.parse().ok()?,
            nanoseconds: words.next()?.parse().ok()?,
        };
        stamps.insert(name, stamp);
    }
    Some(stamps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_round_trip_and_damaged_ones_are_forgotten() {
        let stamp = |inode| Stamp { inode, bytes: 5, seconds: 7, nanoseconds: 9 };
        let stamps =
            BTreeMap::from([("matrix".to_owned(), stamp(1)), ("sketch".to_owned(), stamp(u64::MAX))]);
        let text = encode(&stamps);
        assert_eq!(decode(&text), Some(stamps));
        for end in 0..text.len() {
            assert_eq!(decode(&text[..end]), None, "cut at {end}");
        }
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            assert_eq!(decode(&String::from_utf8(bytes).unwrap()), None, "byte {at}");
        }
    }

    #[test]
    fn a_file_that_was_just_written_is_not_old() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, b"bytes").unwrap();
        let stamp = Stamp::of(&fs::metadata(&path).unwrap());
        let mut stamps = Stamps::default();
        assert!(!stamps.remember("file", Stamp { seconds: stamp.seconds + 3_600, ..stamp }));
        let old = Stamp { seconds: stamp.seconds - 3_600, ..stamp };
        assert!(stamps.remember("file", old) && !stamps.remember("file", old));
        stamps.save(directory.path());
        assert!(Stamps::load(directory.path()).knows("file", &old));
        assert!(!Stamps::load(directory.path()).knows("file", &stamp));
    }
}
