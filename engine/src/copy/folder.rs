//! Rows of a COPY in numbered files of a folder, with a manifest by which a run that was ended goes on.
//!
//! ```text
//! out/part-00001.jsonl        complete and synced: a file gets its name when nothing is missing
//! out/.part-00002.jsonl.tmp   what is being written
//! out/MANIFEST                a line with the statement, a line a file, a line at the end
//! ```
//!
//! The line of a file is written after the file has its name: a file without a line is written again. A line
//! says which rows of the log it answers, so that the next run leaves these out; all rows of one answer are
//! in one file. Every shard has files and a manifest of its own.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use crate::error::Error;
use crate::export::{ExportError, OutputFile, RowFile, RowForm, Rows};

/// Bytes of bad rows that wait for their line in the manifest.
const BAD_BYTES_MAX: usize = 1 << 20;

/// What a run does; another run goes on with it only if it does the same.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) statement: String,
    /// Values of the statement's parameters.
    pub(super) parameters: String,
    pub(super) format: String,
    pub(super) rows_per_file: u64,
    /// Part from 1, parts.
    pub(super) shard: (u64, u64),
    /// Size of the log's files.
    pub(super) log_bytes: u64,
    /// The moment of the database that was seen.
    pub(super) sequence: u64,
}

impl Head {
    fn json(&self) -> Json {
        json!({
            "statement": self.statement,
            "parameters": self.parameters,
            "format": self.format,
            "rows_per_file": self.rows_per_file,
            "shard": format!("{}/{}", self.shard.0, self.shard.1),
            "log_bytes": self.log_bytes,
            "sequence": self.sequence,
        })
    }

    fn name(&self, what: &str) -> String {
        match self.shard {
            (1, 1) => what.to_string(),
            (part, parts) => format!("{what}-{part}-of-{parts}"),
        }
    }
}

/// Rows written into one file, or into the files of a folder.
pub(super) enum Kept {
    /// None once it is finished.
    File(Option<RowFile>),
    Folder(Box<Folder>),
}

impl Kept {
    /// Adds the rows of one answer; `number` is that of its row in the log, where there is one.
    pub(super) fn add(&mut self, answer: Rows<'_>, rows: u64, number: Option<u64>) -> Result<(), Error> {
        match self {
            Kept::File(Some(file)) => Ok(file.add(answer)?),
            Kept::File(None) => Err(Error::Internal("rows for a file that is finished".to_string())),
            Kept::Folder(folder) => folder.add(answer, rows, number),
        }
    }

    /// Notes a row of the log that has no answer, with its line for people.
    pub(super) fn pass(&mut self, number: u64, line: String) -> Result<(), Error> {
        match self {
            Kept::File(_) => Ok(()),
            Kept::Folder(folder) => folder.pass(number, line),
        }
    }

    /// The lines of bad rows that earlier runs noted.
    pub(super) fn bad_before(&self) -> Result<Box<dyn Iterator<Item = Result<String, Error>>>, Error> {
        match self {
            Kept::File(_) => Ok(Box::new(std::iter::empty())),
            Kept::Folder(folder) => folder.bad_before(),
        }
    }

    /// Makes all of it visible and durable.
    pub(super) fn finish(&mut self, skipped: u64) -> Result<(), Error> {
        match self {
            Kept::File(file) => Ok(file.take().map_or(Ok(()), RowFile::finish)?),
            Kept::Folder(folder) => folder.finish(skipped),
        }
    }
}

/// A folder that a run writes into.
pub(super) struct Folder {
    path: PathBuf,
    head: Head,
    form: RowForm,
    manifest: File,
    /// What earlier runs and this one have done.
    past: Past,
    writing: Option<RowFile>,
    rows: u64,
    answered: Vec<(u64, u64)>,
    bad: Vec<String>,
    bad_bytes: usize,
}

/// What a manifest tells.
#[derive(Clone, Debug, Default)]
struct Past {
    files: u64,
    rows: u64,
    answered: Vec<(u64, u64)>,
    complete: bool,
    notes: Vec<String>,
    /// Bytes of the manifest up to its last whole line.
    length: u64,
}

impl Folder {
    /// Makes the folder, or goes on in it.
    pub(super) fn open(path: PathBuf, head: Head, resume: bool, form: &RowForm) -> Result<Folder, Error> {
        let failed = |source| io_error(&path, source);
        if !path.exists() {
            fs::create_dir(&path).map_err(failed)?;
        }
        let name = path.join(head.name("MANIFEST"));
        let mut past = Past::default();
        if name.exists() {
            if !resume {
                return Err(Error::value(
                    format!("'{}' holds the files of another run", path.display()),
                    "add RESUME true to go on with it, or name another folder",
                ));
            }
            past = read_manifest(&name, &head)?;
        }
        let mut manifest =
            OpenOptions::new().create(true).truncate(false).write(true).open(&name).map_err(failed)?;
        manifest.set_len(past.length).map_err(failed)?;
        manifest.seek(io::SeekFrom::End(0)).map_err(failed)?;
        let mut folder = Folder {
            path,
            form: form.clone(),
            manifest,
            past,
            writing: None,
            rows: 0,
            answered: Vec::new(),
            bad: Vec::new(),
            bad_bytes: 0,
            head,
        };
        if folder.past.length == 0 {
            let line = folder.head.json();
            folder.line(&line)?;
        }
        // What a killed run was writing; the file that is missing may turn out not to be needed.
        let _ = fs::remove_file(folder.path.join(format!(".{}.tmp", folder.file_name())));
        Ok(folder)
    }

    /// True where an earlier run has done all.
    pub(super) fn is_complete(&self) -> bool {
        self.past.complete
    }

    /// Rows of the shard that earlier runs have answered, as ranges in order.
    pub(super) fn done(&self) -> Vec<(u64, u64)> {
        let mut ranges = self.past.answered.clone();
        ranges.sort_unstable();
        let mut merged: Vec<(u64, u64)> = Vec::with_capacity(ranges.len());
        for (start, end) in ranges {
            match merged.last_mut() {
                Some((_, last)) if *last >= start => *last = end.max(*last),
                _ => merged.push((start, end)),
            }
        }
        merged
    }

    /// What there is to say about the runs before.
    pub(super) fn notes(&self) -> Vec<String> {
        self.past.notes.clone()
    }

    fn file_name(&self) -> String {
        format!("{}-{:05}.{}", self.head.name("part"), self.past.files + 1, self.head.format)
    }

    fn add(&mut self, answer: Rows<'_>, rows: u64, number: Option<u64>) -> Result<(), Error> {
        if self.rows > 0 && self.rows.saturating_add(rows) > self.head.rows_per_file {
            self.close()?;
        }
        if let Some(number) = number {
            self.answer(number);
        }
        if rows == 0 {
            return Ok(());
        }
        let writing = match &mut self.writing {
            Some(writing) => writing,
            None => {
                let output = OutputFile::resumable(self.path.join(self.file_name()))?;
                self.writing.insert(self.form.begin(output)?)
            }
        };
        writing.add(answer)?;
        self.rows += rows;
        Ok(())
    }

    fn answer(&mut self, number: u64) {
        match self.answered.last_mut() {
            Some((_, end)) if *end == number => *end += 1,
            _ => self.answered.push((number, number + 1)),
        }
    }

    fn pass(&mut self, number: u64, line: String) -> Result<(), Error> {
        self.answer(number);
        self.bad_bytes += line.len();
        self.bad.push(line);
        if self.bad_bytes > BAD_BYTES_MAX { self.close() } else { Ok(()) }
    }

    /// Completes the file that is being written, and tells the manifest.
    fn close(&mut self) -> Result<(), Error> {
        let file = match self.writing.take() {
            Some(writing) => {
                writing.finish()?;
                Some(self.file_name())
            }
            None if self.answered.is_empty() => return Ok(()),
            None => None,
        };
        let line = json!({ "file": file, "rows": self.rows, "answered": self.answered, "bad": self.bad });
        self.line(&line)?;
        self.past.files += u64::from(file.is_some());
        self.past.rows += self.rows;
        self.rows = 0;
        self.bad_bytes = 0;
        self.answered.clear();
        self.bad.clear();
        Ok(())
    }

    fn line(&mut self, line: &Json) -> Result<(), Error> {
        let mut text = line.to_string();
        text.push('\n');
        let written = self.manifest.write_all(text.as_bytes()).and_then(|()| self.manifest.sync_all());
        written.map_err(|source| io_error(&self.path, source))
    }

    fn finish(&mut self, skipped: u64) -> Result<(), Error> {
        self.close()?;
        let line = json!({ "complete": true, "rows": self.past.rows, "skipped": skipped });
        self.line(&line)?;
        let synced = File::open(&self.path).and_then(|folder| folder.sync_all());
        synced.map_err(|source| io_error(&self.path, source))
    }

    fn bad_before(&self) -> Result<Box<dyn Iterator<Item = Result<String, Error>>>, Error> {
        let name = self.path.join(self.head.name("MANIFEST"));
        let lines = lines_of(&name)?.map(move |line| {
            let line = line.map_err(|source| io_error(&name, source))?;
            let record: Json = serde_json::from_str(&line).unwrap_or_default();
            let bad = record["bad"].as_array().into_iter().flatten();
            Ok(bad.filter_map(Json::as_str).map(str::to_string).collect::<Vec<String>>())
        });
        Ok(Box::new(lines.flat_map(|lines| match lines {
            Ok(lines) => lines.into_iter().map(Ok).collect::<Vec<_>>(),
            Err(error) => vec![Err(error)],
        })))
    }
}

fn io_error(path: &Path, source: io::Error) -> Error {
    Error::Export(ExportError::Io { path: path.to_owned(), source })
}

fn lines_of(path: &Path) -> Result<io::Lines<BufReader<File>>, Error> {
    Ok(BufReader::new(File::open(path).map_err(|source| io_error(path, source))?).lines())
}

/// Reads what earlier runs have done. A last line that a crash cut off counts for nothing.
fn read_manifest(path: &Path, head: &Head) -> Result<Past, Error> {
    let damaged = |number: usize| {
        Error::value(
            format!("line {number} of '{}' is not what a run writes there", path.display()),
            "begin anew in another folder",
        )
    };
    let mut past = Past::default();
    let bytes = fs::metadata(path).map_err(|source| io_error(path, source))?.len();
    for (number, line) in lines_of(path)?.enumerate() {
        let line = line.map_err(|source| io_error(path, source))?;
        let end = past.length + line.len() as u64 + 1;
        let record: Json = match serde_json::from_str(&line) {
            Ok(record) if end <= bytes => record,
            _ if end >= bytes => break,
            _ => return Err(damaged(number + 1)),
        };
        past.length = end;
        if number == 0 {
            past.notes = compare(path, &record, head)?;
            continue;
        }
        if record["complete"] == Json::Bool(true) {
            past.complete = true;
            continue;
        }
        let pair = |pair: &Json| Some((pair[0].as_u64()?, pair[1].as_u64()?));
        let ranges: Option<Vec<(u64, u64)>> =
            record["answered"].as_array().and_then(|ranges| ranges.iter().map(pair).collect());
        past.answered.extend(ranges.ok_or_else(|| damaged(number + 1))?);
        past.rows += record["rows"].as_u64().unwrap_or_default();
        if let Some(file) = record["file"].as_str() {
            past.files += 1;
            let folder = path.parent().unwrap_or(Path::new("."));
            if !folder.join(file).is_file() {
                return Err(Error::value(
                    format!("'{}' names {file}, which is not there", path.display()),
                    "put it back, or begin anew in another folder",
                ));
            }
        }
    }
    let (rows, files) = (past.rows, past.files);
    past.notes.insert(0, format!("{rows} rows in {files} files were there already"));
    Ok(past)
}

/// Whether the runs do the same; remarks on what may differ.
fn compare(path: &Path, record: &Json, head: &Head) -> Result<Vec<String>, Error> {
    let mine = head.json();
    for (name, what) in [
        ("statement", "the query"),
        ("parameters", "its parameters"),
        ("format", "FORMAT"),
        ("rows_per_file", "ROWS_PER_FILE"),
        ("log_bytes", "the size of the log"),
    ] {
        if record[name] != mine[name] {
            return Err(Error::value(
                format!(
                    "RESUME: {what} was {} in the run that began '{}', and is {} now",
                    record[name],
                    path.display(),
                    mine[name]
                ),
                "go on with the same statement over the same log, or begin anew in another folder",
            ));
        }
    }
    let same = record["sequence"] == mine["sequence"];
    let note = "the database has changed since: answers before and behind are of two moments";
    Ok(if same { Vec::new() } else { vec![note.to_string()] })
}
