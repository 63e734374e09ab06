//! Bytes and lines of files: gzip and zstd by extension, byte order marks, bounded lines, progress.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;
use zstd::stream::read::Decoder as ZstdDecoder;

use super::access::require_regular;
use super::error::ImportError;

const BUFFER_BYTES: usize = 128 << 10;
/// Memory that a frame of zstd may ask for: 2 to the power of this, what `zstd -d` itself allows.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;
/// Bytes of a line too long or not UTF-8 that are shown.
const REJECTED_BYTES_MAX: usize = 4 << 10;
/// Blank lines in a row; more of them (a few KB when compressed) would keep a reader busy without a row.
const BLANK_LINES_MAX: u32 = 1 << 20;
const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// An open regular file, with its size.
pub(super) fn open_file(path: &Path) -> Result<(File, u64), ImportError> {
    let file = File::open(path).map_err(|e| ImportError::io(path, "open", e))?;
    let metadata = file.metadata().map_err(|e| ImportError::io(path, "open", e))?;
    require_regular(path, &metadata)?;
    Ok((file, metadata.len()))
}

/// Counts the bytes taken from the file itself, that is compressed bytes.
struct Counted {
    file: File,
    done: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.done.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// How a file is compressed, by the extension of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    const ALL: [Compression; 2] = [Compression::Gzip, Compression::Zstd];

    /// What the extension of a path says.
    pub(crate) fn of(path: &Path) -> Compression {
        let named = |kind: &Compression| {
            path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(kind.extension()))
        };
        Compression::ALL.into_iter().find(named).unwrap_or(Compression::None)
    }

    /// The extension, without its dot.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Compression::None => "",
            Compression::Gzip => "gz",
            Compression::Zstd => "zst",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Compression::None => "plain",
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
        }
    }

    /// What the first bytes of a file show. A file of zstd may begin with a frame to be skipped.
    fn shown_by(head: &[u8]) -> Compression {
        match head {
            [0x1f, 0x8b, ..] => Compression::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd] | [0x50..=0x5f, 0x2a, 0x4d, 0x18] => Compression::Zstd,
            _ => Compression::None,
        }
    }
}

/// The error of a file whose name says another thing than its first bytes.
fn misnamed(path: &Path, named: Compression, shown: Compression) -> ImportError {
    if shown == Compression::None {
        let (extension, name) = (named.extension(), named.name());
        let fix = format!("drop the `.{extension}` from its name, or compress it with {name}");
        return ImportError::format(path, format!("named .{extension} but not {name} data"), fix);
    }
    let (extension, name) = (shown.extension(), shown.name());
    let problem = format!("{name} data without .{extension} in its name");
    ImportError::format(path, problem, format!("rename it to end in .{extension}"))
}

/// The decompressed bytes of a text file, without a byte order mark.
pub(super) fn open_text(path: &Path, done: Arc<AtomicU64>) -> Result<Box<dyn BufRead + Send>, ImportError> {
    let failed = |e| ImportError::io(path, "read", e);
    let (mut file, _) = open_file(path)?;
    let mut magic = Vec::new();
    file.by_ref().take(4).read_to_end(&mut magic).map_err(failed)?;
    file.rewind().map_err(failed)?;
    let (named, shown) = (Compression::of(path), Compression::shown_by(&magic));
    if named != shown {
        return Err(misnamed(path, named, shown));
    }
    let counted = Counted { file, done };
    let mut reader: Box<dyn BufRead + Send> = match named {
        Compression::None => Box::new(BufReader::with_capacity(BUFFER_BYTES, counted)),
        Compression::Gzip => Box::new(BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(counted))),
        Compression::Zstd => {
            // The decoder goes on with the next frame where one ends, and has a buffer of its own below.
            let mut decoder = ZstdDecoder::new(counted).map_err(failed)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(failed)?;
            Box::new(BufReader::with_capacity(BUFFER_BYTES, decoder))
        }
    };
    let mut head = Vec::new();
    reader.by_ref().take(3).read_to_end(&mut head).map_err(failed)?;
    if head == BYTE_ORDER_MARK {
        head.clear();
    }
    Ok(Box::new(Cursor::new(head).chain(reader)))
}

/// Lines of one text file, each checked for length and UTF-8.
pub(super) struct Lines {
    path: PathBuf,
    reader: Box<dyn BufRead + Send>,
    buffer: Vec<u8>,
    number: u64,
    bytes_max: usize,
}

impl Lines {
    pub(super) fn open(path: &Path, bytes_max: usize, done: Arc<AtomicU64>) -> Result<Self, ImportError> {
        let reader = open_text(path, done)?;
        Ok(Lines { path: path.to_owned(), reader, buffer: Vec::new(), number: 0, bytes_max })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Number of the last line returned, from 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// The next line without its end, or None at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<&str>, ImportError> {
        self.buffer.clear();
        // Two more than allowed: a line of the largest size and its CR LF.
        let most = (self.bytes_max as u64).saturating_add(2);
        let read = self.reader.by_ref().take(most).read_until(b'\n', &mut self.buffer);
        let read = read.map_err(|e| ImportError::io(&self.path, "read", e))?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        if self.buffer.last() == Some(&b'\n') {
            self.buffer.pop();
            if self.buffer.last() == Some(&b'\r') {
                self.buffer.pop();
            }
        }
        if self.buffer.len() > self.bytes_max {
            self.skip_line()?;
            let problem = format!("longer than {} bytes", self.bytes_max);
            return Err(ImportError::line(&self.path, self.number, problem, "split the line or the field"));
        }
        match std::str::from_utf8(&self.buffer) {
            Ok(line) => Ok(Some(line)),
            Err(error) => Err(not_utf8(&self.path, self.number, error.valid_up_to())),
        }
    }
}

impl Lines {
    /// Leaves out what is left of a line that is too long.
    fn skip_line(&mut self) -> Result<(), ImportError> {
        loop {
            let read = self.reader.fill_buf().map_err(|e| ImportError::io(&self.path, "read", e))?;
            let end = read.iter().position(|byte| *byte == b'\n');
            let (count, done) = (end.map_or(read.len(), |end| end + 1), end.is_some() || read.is_empty());
            self.reader.consume(count);
            if done {
                return Ok(());
            }
        }
    }

    /// The beginning of the line that was refused last, for people.
    fn rejected(&self) -> String {
        let shown = self.buffer.get(..REJECTED_BYTES_MAX).unwrap_or(&self.buffer);
        String::from_utf8_lossy(shown).into_owned()
    }
}

/// The error of a line that is not UTF-8 from a byte on.
pub(super) fn not_utf8(path: &Path, line: u64, offset: usize) -> ImportError {
    let problem = format!("invalid UTF-8 at byte {offset} of the line");
    ImportError::line(path, line, problem, "convert the file, for example with `iconv -t utf-8`")
}

/// The lines of several files, one after the other.
pub(super) struct FileLines {
    files: Vec<PathBuf>,
    opened: usize,
    current: Option<Lines>,
    bytes_max: usize,
    done: Arc<AtomicU64>,
    total: u64,
}

impl FileLines {
    pub(super) fn new(files: Vec<PathBuf>, bytes_max: usize) -> Result<Self, ImportError> {
        let total = total_bytes(&files)?;
        Ok(FileLines { files, opened: 0, current: None, bytes_max, done: Arc::default(), total })
    }

    /// The next line that is not blank, after its file and number.
    pub(super) fn next(&mut self) -> Result<Option<(&Path, u64, &str)>, ImportError> {
        let mut blank = 0;
        loop {
            if self.current.is_none() {
                let Some(path) = self.files.get(self.opened) else { return Ok(None) };
                self.current = Some(Lines::open(path, self.bytes_max, Arc::clone(&self.done))?);
                self.opened += 1;
            }
            let Some(lines) = &mut self.current else { return Ok(None) };
            match lines.next()? {
                None => self.current = None,
                Some(line) if line.trim_ascii().is_empty() => {
                    blank += 1;
                    if blank > BLANK_LINES_MAX {
                        let problem = format!("more than {BLANK_LINES_MAX} blank lines in a row");
                        return Err(ImportError::line(&lines.path, lines.number, problem, "remove them"));
                    }
                }
                Some(_) => break,
            }
        }
        // The line is borrowed again, because a borrow returned from inside the loop would outlast it.
        let Some(lines) = &self.current else { return Ok(None) };
        let text = std::str::from_utf8(&lines.buffer)
            .map_err(|e| not_utf8(&lines.path, lines.number, e.valid_up_to()))?;
        Ok(Some((&lines.path, lines.number, text)))
    }

    /// The beginning of the line that `next` refused last, for people.
    pub(super) fn rejected(&self) -> String {
        self.current.as_ref().map(Lines::rejected).unwrap_or_default()
    }

    /// Compressed bytes read and to be read.
    pub(super) fn position(&self) -> (u64, u64) {
        (self.done.load(Ordering::Relaxed), self.total)
    }
}

/// Size of the files together.
pub(super) fn total_bytes(files: &[PathBuf]) -> Result<u64, ImportError> {
    let mut total = 0_u64;
    for path in files {
        let metadata = std::fs::metadata(path).map_err(|e| ImportError::io(path, "open", e))?;
        total = total.saturating_add(metadata.len());
    }
    Ok(total)
}
