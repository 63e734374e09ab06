//! Named arguments of the read functions.

use argtop_query::catalog::{ReadCall, ReadFunction};
use argtop_query::value::{DataType, Value};

use super::error::{ImportError, excerpt};
use super::limits::ImportLimits;
use super::types::type_of_name;

/// The options of one call; every option is asked for by name, unknown ones are refused first.
pub(super) struct Options<'a> {
    call: &'a ReadCall,
}

/// The name under which statements call it.
pub(super) fn function_name(function: ReadFunction) -> &'static str {
    match function {
        ReadFunction::Xc => "read_xc",
        ReadFunction::Jsonl => "read_jsonl",
        ReadFunction::Csv => "read_csv",
        ReadFunction::Parquet => "read_parquet",
        ReadFunction::Npy => "read_npy",
    }
}

impl<'a> Options<'a> {
    pub(super) fn new(call: &'a ReadCall, known: &[&str]) -> Result<Self, ImportError> {
        let options = Options { call };
        for (i, (name, _)) in call.options.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                let fix = match known {
                    [] => "it takes none".to_owned(),
                    known => format!("known are {}", known.join(", ")),
                };
                return Err(options.error(name, "is unknown", fix));
            }
            if call.options.iter().take(i).any(|(earlier, _)| earlier == name) {
                return Err(options.error(name, "is given twice", "keep one"));
            }
        }
        Ok(options)
    }

    fn error(&self, option: &str, problem: impl Into<String>, fix: impl Into<String>) -> ImportError {
        ImportError::Option {
            function: function_name(self.call.function),
            option: option.to_owned(),
            problem: problem.into(),
            fix: fix.into(),
        }
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.call.options.iter().find(|(n, _)| n == name).map(|(_, value)| value)
    }

    pub(super) fn boolean(&self, name: &str, default: bool) -> Result<bool, ImportError> {
        match self.get(name) {
            None => Ok(default),
            Some(Value::Boolean(value)) => Ok(*value),
            Some(_) => Err(self.error(name, "is not a BOOLEAN", "write true or false")),
        }
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>, ImportError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Text(value)) => Ok(Some(value)),
            Some(_) => Err(self.error(name, "is not TEXT", "write it in single quotes")),
        }
    }

    /// One byte that separates fields; `\t` is a tab.
    pub(super) fn delimiter(&self, name: &str) -> Result<u8, ImportError> {
        match self.text(name)?.map(str::as_bytes) {
            None => Ok(b','),
            Some(b"\\t") => Ok(b'\t'),
            Some(&[byte]) if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Ok(byte),
            Some(_) => Err(self.error(name, "is not one ASCII character", r"write ',' or ';' or '\t'")),
        }
    }

    /// `columns => ['id BIGINT', 'tags TEXT[]']`, or the same in one text with commas.
    pub(super) fn columns(
        &self,
        name: &str,
        limits: &ImportLimits,
    ) -> Result<Option<Vec<(String, DataType)>>, ImportError> {
        let entries: Vec<&str> = match self.get(name) {
            None => return Ok(None),
            Some(Value::Text(text)) => text.split(',').collect(),
            Some(Value::List(items)) => {
                let texts: Option<Vec<&str>> = items.iter().map(as_text).collect();
                texts.ok_or_else(|| self.bad_columns(name, "holds something that is not TEXT"))?
            }
            Some(_) => return Err(self.bad_columns(name, "is not a list of TEXT")),
        };
        if entries.len() > limits.columns_max {
            return Err(self.bad_columns(name, format!("has more than {} columns", limits.columns_max)));
        }
        let mut columns: Vec<(String, DataType)> = Vec::new();
        for entry in entries {
            let bad = || self.bad_columns(name, format!("has `{}`", excerpt(entry)));
            let (column, type_text) = entry.trim().split_once(char::is_whitespace).ok_or_else(bad)?;
            let data_type = type_of_name(type_text).ok_or_else(bad)?;
            if columns.iter().any(|(other, _)| other == column) {
                return Err(self.bad_columns(name, format!("has `{}` twice", excerpt(column))));
            }
            columns.push((column.to_owned(), data_type));
        }
        Ok(Some(columns))
    }

    fn bad_columns(&self, name: &str, problem: impl Into<String>) -> ImportError {
        let fix = "write a name and BOOLEAN, INTEGER, BIGINT, REAL, DOUBLE, TEXT, JSON, VECTOR(n) or \
                   an array of them, as in ['id BIGINT', 'tags TEXT[]']; \
                   read a TIMESTAMP as TEXT and CAST it";
        self.error(name, problem, fix)
    }
}

fn as_text(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}
