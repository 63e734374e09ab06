//! A column chunk as values, some rows ahead of what was asked for.

use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::{ByteArray, DataType as Physical, Int96};
use parquet::errors::Result;

use super::pages::{Chunk, Pages};
use super::schema::Meaning;
use crate::import::error::ImportError;
use crate::import::json::Json;

use super::footer::guarded;

/// Bytes of texts after which a column is not decoded any further ahead.
const TEXT_BYTES_AHEAD: usize = 1 << 20;

/// Decoded values of a leaf.
enum Values {
    Boolean(Vec<bool>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Int96(Vec<Int96>),
    Float(Vec<f32>),
    Double(Vec<f64>),
    Bytes(Vec<ByteArray>),
}

/// Levels of decoded values, and how far they were given out.
#[derive(Default)]
struct Ahead {
    definition: Vec<i16>,
    repetition: Vec<i16>,
    rows: usize,
    level: usize,
    value: usize,
}

/// How far a column is decoded ahead.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reach {
    pub(super) rows: usize,
    /// No further list is begun behind so many values.
    pub(super) values: usize,
}

/// A value as it stands in a file.
pub(super) enum Cell<'a> {
    Null,
    Plain(Plain<'a>),
    List(Vec<Option<Plain<'a>>>),
}

/// One value that is neither null nor a list.
#[derive(Clone, Copy, Debug)]
pub(super) enum Plain<'a> {
    Boolean(bool),
    Integer(i64),
    Number(f64),
    Text(&'a str),
    Json(&'a str),
    /// Since 1970-01-01 00:00:00 UTC.
    Micros(i64),
    /// Of 64 bits without sign, beyond those with one.
    Large(u64),
    /// Bytes that are not UTF-8.
    NotText,
    /// A time beyond the years that there are.
    NoTime,
}

impl Plain<'_> {
    /// Bytes that it takes as a value.
    pub(super) fn size(&self) -> usize {
        match self {
            Plain::Text(text) | Plain::Json(text) => text.len() + 8,
            _ => 8,
        }
    }

    /// The value as JSON has it; None where JSON has no such value.
    pub(super) fn to_json(self) -> Option<Json> {
        Some(match self {
            Plain::Boolean(value) => Json::Boolean(value),
            Plain::Integer(value) => Json::Integer(value),
            Plain::Number(value) if value.is_finite() => Json::Number(value),
            Plain::Large(value) => Json::Number(value as f64),
            Plain::Text(text) => Json::Text(text.to_owned()),
            Plain::Number(_) | Plain::Json(_) | Plain::Micros(_) | Plain::NotText | Plain::NoTime => {
                return None;
            }
        })
    }
}

/// One column of one row group.
pub(super) struct Column {
    reader: ColumnReader,
    values: Values,
    ahead: Ahead,
    definition_max: i16,
    empty_level: Option<i16>,
    meaning: Meaning,
    reach: Reach,
}

impl Column {
    pub(super) fn new(chunk: Chunk, empty_level: Option<i16>, meaning: Meaning, reach: Reach) -> Column {
        let column = chunk.column.clone();
        let definition_max = column.max_def_level();
        let reader = get_column_reader(column, Box::new(Pages::new(chunk)));
        let values = match &reader {
            ColumnReader::BoolColumnReader(_) => Values::Boolean(Vec::new()),
            ColumnReader::Int32ColumnReader(_) => Values::Int32(Vec::new()),
            ColumnReader::Int64ColumnReader(_) => Values::Int64(Vec::new()),
            ColumnReader::Int96ColumnReader(_) => Values::Int96(Vec::new()),
            ColumnReader::FloatColumnReader(_) => Values::Float(Vec::new()),
            ColumnReader::DoubleColumnReader(_) => Values::Double(Vec::new()),
            ColumnReader::ByteArrayColumnReader(_) | ColumnReader::FixedLenByteArrayColumnReader(_) => {
                Values::Bytes(Vec::new())
            }
        };
        Column { reader, values, ahead: Ahead::default(), definition_max, empty_level, meaning, reach }
    }

    /// Values that are decoded and not given out, nulls included.
    pub(super) fn waiting(&self) -> usize {
        self.ahead.definition.len().max(self.ahead.repetition.len()).saturating_sub(self.ahead.level)
    }

    /// Decodes further rows unless some are waiting; false at the end.
    pub(super) fn ready(
        &mut self,
        path: &std::path::Path,
        place: &str,
    ) -> std::result::Result<bool, ImportError> {
        if self.ahead.rows == 0 {
            guarded(path, place, || self.decode())?;
        }
        Ok(self.ahead.rows > 0)
    }

    fn decode(&mut self) -> Result<()> {
        self.ahead = Ahead {
            definition: std::mem::take(&mut self.ahead.definition),
            repetition: std::mem::take(&mut self.ahead.repetition),
            ..Ahead::default()
        };
        let (ahead, reach, list) = (&mut self.ahead, self.reach, self.empty_level.is_some());
        match (&mut self.reader, &mut self.values) {
            (ColumnReader::BoolColumnReader(reader), Values::Boolean(values)) => {
                decode(reader, values, ahead, (reach, list), None)
            }
            (ColumnReader::Int32ColumnReader(reader), Values::Int32(values)) => {
                decode(reader, values, ahead, (reach, list), None)
            }
            (ColumnReader::Int64ColumnReader(reader), Values::Int64(values)) => {
                decode(reader, values, ahead, (reach, list), None)
            }
            (ColumnReader::Int96ColumnReader(reader), Values::Int96(values)) => {
                decode(reader, values, ahead, (reach, list), None)
            }
            (ColumnReader::FloatColumnReader(reader), Values::Float(values)) => {
                decode(reader, values, ahead, (reach, list), None)
            }
            (ColumnReader::DoubleColumnReader(reader), Values::Double(values)) => {
                decode(reader, values, ahead, (reach, list), None)
            }
            (ColumnReader::ByteArrayColumnReader(reader), Values::Bytes(values)) => {
                decode(reader, values, ahead, (reach, list), Some(own))
            }
            // No meaning is given to bytes of a fixed length, so that nobody asks for them.
            _ => Ok(()),
        }
    }

    /// The value of the next row, of which [`Column::ready`] has said that it is there; None where the levels
    /// contradict themselves.
    pub(super) fn next(&mut self) -> Option<Cell<'_>> {
        let Column { ahead, values, meaning, .. } = self;
        ahead.rows = ahead.rows.checked_sub(1)?;
        let mut level = || {
            if self.definition_max == 0 {
                return Some(0);
            }
            let level = ahead.definition.get(ahead.level).copied()?;
            ahead.level += 1;
            Some(level)
        };
        let Some(empty) = self.empty_level else {
            if level()? < self.definition_max {
                return Some(Cell::Null);
            }
            ahead.value += 1;
            return values.get(ahead.value - 1, *meaning).map(Cell::Plain);
        };
        let first = ahead.level;
        let further = ahead.repetition.get(first + 1..)?.iter().take_while(|level| **level > 0).count();
        let levels = ahead.definition.get(first..=first + further)?;
        ahead.level = first + further + 1;
        match levels {
            [level] if *level < empty => return Some(Cell::Null),
            [level] if *level == empty => return Some(Cell::List(Vec::new())),
            _ => {}
        }
        let mut list = Vec::with_capacity(levels.len());
        for level in levels {
            if *level <= empty {
                return None;
            }
            list.push(if *level < self.definition_max {
                None
            } else {
                ahead.value += 1;
                Some(values.get(ahead.value - 1, *meaning)?)
            });
        }
        Some(Cell::List(list))
    }
}

/// Takes values out of their pages; gives their bytes.
type Own<V> = fn(&mut [V]) -> usize;

/// [`Own`] of texts.
fn own(texts: &mut [ByteArray]) -> usize {
    let own = |text: &mut ByteArray| {
        *text = ByteArray::from(text.data().to_vec());
        text.len()
    };
    texts.iter_mut().map(own).sum()
}

/// Lists and texts are decoded one by one, so that many long ones do not come together. A text is a part of
/// its page, which would stay as long as the text does: `own` frees it from there.
fn decode<T: Physical>(
    reader: &mut ColumnReaderImpl<T>,
    values: &mut Vec<T::T>,
    ahead: &mut Ahead,
    (reach, list): (Reach, bool),
    own: Option<Own<T::T>>,
) -> Result<()> {
    values.clear();
    let Ahead { definition, repetition, rows, .. } = ahead;
    definition.clear();
    repetition.clear();
    let mut bytes = 0;
    while *rows < reach.rows && (!list || definition.len() < reach.values) && bytes < TEXT_BYTES_AHEAD {
        let wanted = if list || own.is_some() { 1 } else { reach.rows - *rows };
        let first = values.len();
        let (read, ..) = reader.read_records(wanted, Some(definition), Some(repetition), values)?;
        if read == 0 {
            break;
        }
        *rows += read;
        bytes += own.map_or(0, |own| own(&mut values[first..]));
    }
    Ok(())
}

impl Values {
    fn get(&self, at: usize, meaning: Meaning) -> Option<Plain<'_>> {
        Some(match self {
            Values::Boolean(values) => Plain::Boolean(*values.get(at)?),
            Values::Int32(values) => integer(i64::from(*values.get(at)?), meaning),
            Values::Int64(values) => integer(*values.get(at)?, meaning),
            Values::Int96(values) => int96(values.get(at)?),
            // The shortest text of the number in single precision would be another number in double.
            Values::Float(values) => Plain::Number(f64::from(*values.get(at)?)),
            Values::Double(values) => Plain::Number(*values.get(at)?),
            Values::Bytes(values) => match (std::str::from_utf8(values.get(at)?.data()), meaning) {
                (Err(_), _) => Plain::NotText,
                (Ok(text), Meaning::Json) => Plain::Json(text),
                (Ok(text), _) => Plain::Text(text),
            },
        })
    }
}

/// Whether a time has a date.
fn micros(micros: Option<i64>) -> Plain<'static> {
    match micros.filter(|micros| jiff::Timestamp::from_microsecond(*micros).is_ok()) {
        Some(micros) => Plain::Micros(micros),
        None => Plain::NoTime,
    }
}

fn integer(value: i64, meaning: Meaning) -> Plain<'static> {
    match meaning {
        // The upper half of 32 bits was read as negative.
        Meaning::Unsigned => Plain::Integer(value & 0xffff_ffff),
        Meaning::UnsignedLong if value < 0 => Plain::Large(value.cast_unsigned()),
        Meaning::Days => micros(value.checked_mul(86_400_000_000)),
        Meaning::Millis => micros(value.checked_mul(1_000)),
        Meaning::Micros => micros(Some(value)),
        Meaning::Nanos => micros(Some(value.div_euclid(1_000))),
        _ => Plain::Integer(value),
    }
}

/// Nanoseconds of a day and the number of the day in the Julian calendar, as old programs write times.
fn int96(value: &Int96) -> Plain<'static> {
    /// The day of 1970-01-01.
    const EPOCH: i64 = 2_440_588;
    let &[low, high, day] = value.data() else { return Plain::NoTime };
    let nanos = u64::from(high) << 32 | u64::from(low);
    let of_day = i64::try_from(nanos / 1_000).ok();
    let days = (i64::from(day) - EPOCH).checked_mul(86_400_000_000);
    micros(days.zip(of_day).and_then(|(days, of_day)| days.checked_add(of_day)))
}
