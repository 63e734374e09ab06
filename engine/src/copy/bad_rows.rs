//! ERROR_FILE: the rows of a log that have no answer, one JSON object a line.

use std::path::Path;

use argtop_query::Value;
use argtop_query::plan::Field;

use crate::error::Error;
use crate::execute::Run;
use crate::execute::lateral::BadQuery;
use crate::export::{OutputFile, push_json};

/// Counts bad rows, and writes them where a file is wanted.
pub(super) struct BadRows {
    file: Option<OutputFile>,
    columns: Vec<String>,
    count: u64,
}

impl BadRows {
    /// `left` are the columns of the log.
    pub(super) fn open(run: &Run, path: Option<&str>, left: &[Field]) -> Result<BadRows, Error> {
        let file = match path {
            Some(path) => {
                let path = Path::new(path);
                let path = run.inner.access.output(path).map_err(|error| Error::Export(error.into()))?;
                Some(OutputFile::create(path)?)
            }
            None => None,
        };
        let columns = left.iter().map(|field| field.name.clone()).collect();
        Ok(BadRows { file, columns, count: 0 })
    }

    /// Rows so far.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Adds a row by its number in the log; gives its line.
    pub(super) fn add(&mut self, number: u64, query: &BadQuery) -> Result<String, Error> {
        let line = self.line(number, query);
        self.add_line(&line)?;
        Ok(line)
    }

    /// Adds a line that an earlier run made.
    pub(super) fn add_line(&mut self, line: &str) -> Result<(), Error> {
        self.count += 1;
        if let Some(file) = &mut self.file {
            file.write(line.as_bytes())?;
            file.write(b"\n")?;
        }
        Ok(())
    }

    /// `{"row": 3, "error": "...", "input": {...}}`: the input is the row, or its text where it could not be
    /// read, or absent where neither is known.
    fn line(&self, number: u64, query: &BadQuery) -> String {
        let mut line = format!("{{\"row\":{number},\"error\":").into_bytes();
        let text = |line: &mut Vec<u8>, text: &str| push_json(line, &Value::Text(text.to_owned()));
        let _ = text(&mut line, &query.fault.message);
        if let Some(raw) = &query.text {
            line.extend_from_slice(b",\"input\":");
            let _ = text(&mut line, raw);
        } else if !query.row.is_empty() {
            line.extend_from_slice(b",\"input\":");
            for (place, (column, value)) in self.columns.iter().zip(&query.row).enumerate() {
                line.push(if place == 0 { b'{' } else { b',' });
                let _ = text(&mut line, column);
                line.push(b':');
                let before = line.len();
                // A number that JSON has no form for is left out.
                if push_json(&mut line, value).is_none() {
                    line.truncate(before);
                    line.extend_from_slice(b"null");
                }
            }
            line.push(b'}');
        }
        line.push(b'}');
        String::from_utf8_lossy(&line).into_owned()
    }

    /// Makes the file visible.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
        if let Some(file) = &mut self.file {
            file.finish()?;
        }
        Ok(())
    }
}
