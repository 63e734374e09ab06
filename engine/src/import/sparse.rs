//! Text files of the XC repository beside the points: sparse matrices (`trn_X_Y.txt`) and filter pairs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::error::{ImportError, excerpt};
use super::input::Lines;
use super::limits::ImportLimits;

/// Rows of a sparse matrix: `rows columns` on the first line, then `index:value` entries, a line a row; a
/// blank line is an empty row.
pub(super) struct SparseRows {
    lines: Lines,
    rows: u64,
    columns: u64,
    read: u64,
    entries_max: usize,
}

impl SparseRows {
    pub(super) fn open(
        path: &Path,
        limits: &ImportLimits,
        done: Arc<AtomicU64>,
    ) -> Result<Self, ImportError> {
        let mut lines = Lines::open(path, limits.line_bytes_max, done)?;
        let header: Option<Vec<u64>> = match lines.next()? {
            Some(line) => line.split_ascii_whitespace().map(|word| word.parse().ok()).collect(),
            None => None,
        };
        let (rows, columns) = match header.as_deref() {
            Some(&[rows, columns]) => (rows, columns),
            Some(&[_, _, _]) => {
                let problem = "this is the old layout of points with features (three numbers in the header)";
                let fix = "convert it to `rows labels` and one line of `label:1` entries a point";
                return Err(ImportError::line(path, 1, problem, fix));
            }
            _ => {
                let fix = "the first line must be `rows columns`, as in trn_X_Y.txt";
                return Err(ImportError::line(path, 1, "no header of a sparse matrix", fix));
            }
        };
        Ok(SparseRows { lines, rows, columns, read: 0, entries_max: limits.list_length_max })
    }

    /// Rows that the header promises.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Columns that the header promises.
    pub(super) fn columns(&self) -> u64 {
        self.columns
    }

    pub(super) fn path(&self) -> &Path {
        self.lines.path()
    }

    /// The entries of the next row in the order of the file, or None after the last.
    pub(super) fn next_row(&mut self) -> Result<Option<Vec<(i64, f64)>>, ImportError> {
        if self.read == self.rows {
            return self.expect_end().map(|()| None);
        }
        let path = self.lines.path().to_owned();
        let number = self.lines.number() + 1;
        let bad = |problem: String| {
            ImportError::line(&path, number, problem, "write `index:value` entries with single spaces")
        };
        let Some(line) = self.lines.next()? else {
            let problem = format!("the header promises {} rows, the file has {}", self.rows, self.read);
            return Err(ImportError::format(&path, problem, "the file is cut short: write it again"));
        };
        let mut entries = Vec::new();
        for word in line.split_ascii_whitespace() {
            if entries.len() == self.entries_max {
                return Err(bad(format!("more than {} entries", self.entries_max)));
            }
            let parts = word.split_once(':').and_then(|(i, v)| Some((i.parse().ok()?, v.parse().ok()?)));
            let entry: (i64, f64) = parts.ok_or_else(|| bad(format!("`{}` is no entry", excerpt(word))))?;
            if entry.0 < 0 || entry.0 as u64 >= self.columns {
                return Err(bad(format!("index {} outside the {} columns", entry.0, self.columns)));
            }
            if !entry.1.is_finite() {
                return Err(bad(format!("value `{}` is not finite", excerpt(word))));
            }
            entries.push(entry);
        }
        let mut indices: Vec<i64> = entries.iter().map(|(index, _)| *index).collect();
        indices.sort_unstable();
        if let Some((index, _)) = indices.iter().zip(indices.iter().skip(1)).find(|(a, b)| a == b) {
            return Err(bad(format!("index {index} twice")));
        }
        self.read += 1;
        Ok(Some(entries))
    }

    /// Only blank lines may follow the last row.
    fn expect_end(&mut self) -> Result<(), ImportError> {
        while let Some(line) = self.lines.next()? {
            if !line.trim_ascii().is_empty() {
                let problem = format!("more rows than the {} of the header", self.rows);
                return Err(ImportError::line(
                    self.lines.path(),
                    self.lines.number(),
                    problem,
                    "correct the header",
                ));
            }
        }
        Ok(())
    }
}

/// Pairs `document label` (both from 0) that must be dropped from a ranking before it is scored, because the
/// same pair stands the other way round in the training set.
pub(super) struct FilterPairs {
    path: PathBuf,
    /// (document, label, line), by document, then in the order of the file.
    pairs: Vec<(u64, i64)>,
    taken: usize,
}

impl FilterPairs {
    /// Reads all pairs.
    ///
    /// # Errors
    /// A line that is not two numbers, a document at or after `documents`, a label at or after `labels`.
    pub(super) fn read(
        path: &Path,
        documents: u64,
        labels: Option<u64>,
        limits: &ImportLimits,
    ) -> Result<Self, ImportError> {
        let mut lines = Lines::open(path, limits.line_bytes_max, Arc::default())?;
        let mut pairs: Vec<(u64, i64)> = Vec::new();
        loop {
            let number = lines.number() + 1;
            let Some(line) = lines.next()? else { break };
            let bad = |problem: String| {
                let fix = "write `document label`, both counted from 0, a pair a line";
                ImportError::line(path, number, problem, fix)
            };
            let words: Vec<&str> = line.split_ascii_whitespace().take(3).collect();
            let (document, label) = match words.as_slice() {
                [] => continue,
                [document, label] => (document.parse::<u64>().ok(), label.parse::<u64>().ok()),
                _ => (None, None),
            };
            let (Some(document), Some(label)) = (document, label) else {
                return Err(bad(format!("`{}` is not a pair of numbers", excerpt(line))));
            };
            if document >= documents {
                return Err(bad(format!("document {document}, but there are {documents} points")));
            }
            if let Some(labels) = labels.filter(|labels| label >= *labels) {
                return Err(bad(format!("label {label}, but there are {labels} labels")));
            }
            let label = i64::try_from(label).map_err(|_| bad(format!("label {label} is too large")))?;
            if pairs.len() == limits.filter_pairs_max {
                return Err(bad(format!("more than {} pairs", limits.filter_pairs_max)));
            }
            pairs.push((document, label));
        }
        // Stable: the labels of a document keep their order.
        pairs.sort_by_key(|(document, _)| *document);
        Ok(FilterPairs { path: path.to_owned(), pairs, taken: 0 })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The labels of a document; documents must be asked for in rising order.
    pub(super) fn labels_of(&mut self, document: u64) -> Vec<i64> {
        let rest = self.pairs.get(self.taken..).unwrap_or_default();
        let before = rest.partition_point(|(d, _)| *d < document);
        let rest = rest.get(before..).unwrap_or_default();
        let labels: Vec<i64> = rest.iter().take_while(|(d, _)| *d == document).map(|(_, l)| *l).collect();
        self.taken += before + labels.len();
        labels
    }
}
