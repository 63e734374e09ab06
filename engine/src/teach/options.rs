//! The options of a TRAIN: read one by one with their defaults, and remembered as they were used.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

use argtop_query::Value;

use crate::ddl::options::OptionReader;
use crate::error::Error;

/// Seconds between two states that are kept where the statement does not say.
const CHECKPOINT_SECONDS: u64 = 60;

/// Reads options and remembers what was used, for DESCRIBE and the fingerprint of states.
pub(super) struct TrainOptions<'a> {
    reader: OptionReader<'a>,
    used: BTreeMap<String, String>,
}

/// What every training by epochs has: how it is seeded, kept and taken up.
pub(super) struct Common {
    pub(super) seed: u64,
    pub(super) resume: bool,
    pub(super) checkpoint: Duration,
}

impl<'a> TrainOptions<'a> {
    /// Reads the options of a statement, named for messages.
    pub(super) fn new(statement: &'a str, options: &[(String, Value)]) -> TrainOptions<'a> {
        TrainOptions { reader: OptionReader::new(statement, options), used: BTreeMap::new() }
    }

    fn note<T: Display>(&mut self, name: &str, value: T) -> T {
        self.used.insert(name.to_string(), value.to_string());
        value
    }

    /// A whole number within bounds.
    pub(super) fn count(
        &mut self,
        name: &'static str,
        (least, most): (u64, u64),
        default: u64,
    ) -> Result<u64, Error> {
        let value = self.reader.number(name, least, most)?.unwrap_or(default);
        Ok(self.note(name, value))
    }

    /// A whole number within bounds, where one is given.
    pub(super) fn optional_count(
        &mut self,
        name: &'static str,
        (least, most): (u64, u64),
    ) -> Result<Option<u64>, Error> {
        let value = self.reader.number(name, least, most)?;
        Ok(value.map(|value| self.note(name, value)))
    }

    /// A number within bounds, both included.
    pub(super) fn number(
        &mut self,
        name: &'static str,
        (least, most): (f64, f64),
        default: f64,
    ) -> Result<f64, Error> {
        let value = self.reader.within(name, least, most)?.unwrap_or(default);
        // Trainers compute in f32: 0.1 is told as 0.1, not as the f64 nearest to its f32.
        self.used.insert(name.to_string(), (value as f32).to_string());
        Ok(value)
    }

    /// A number within bounds, where one is given.
    pub(super) fn optional_number(
        &mut self,
        name: &'static str,
        (least, most): (f64, f64),
    ) -> Result<Option<f64>, Error> {
        let value = self.reader.within(name, least, most)?;
        if let Some(value) = value {
            self.used.insert(name.to_string(), (value as f32).to_string());
        }
        Ok(value)
    }

    /// A switch.
    pub(super) fn flag(&mut self, name: &'static str, default: bool) -> Result<bool, Error> {
        let value = self.reader.boolean(name)?.unwrap_or(default);
        Ok(self.note(name, value))
    }

    /// One of a few words.
    pub(super) fn word(
        &mut self,
        name: &'static str,
        words: &[&'static str],
        default: &'static str,
    ) -> Result<&'static str, Error> {
        let value = self.reader.word(name, words)?.unwrap_or(default);
        Ok(self.note(name, value))
    }

    /// A text, such as a name.
    pub(super) fn text(&mut self, name: &'static str) -> Result<Option<String>, Error> {
        let value = self.reader.text(name)?;
        if let Some(value) = &value {
            self.used.insert(name.to_string(), value.clone());
        }
        Ok(value)
    }

    /// A list of whole numbers.
    pub(super) fn counts(&mut self, name: &'static str, default: &[usize]) -> Result<Vec<usize>, Error> {
        let value = self.reader.numbers(name)?.unwrap_or_else(|| default.to_vec());
        let words: Vec<String> = value.iter().map(usize::to_string).collect();
        self.used.insert(name.to_string(), format!("[{}]", words.join(", ")));
        Ok(value)
    }

    /// Of all random choices: what every training takes.
    pub(super) fn seed(&mut self) -> Result<u64, Error> {
        self.count("seed", (0, i64::MAX.unsigned_abs()), 1)
    }

    /// The options of trainings that go by epochs.
    pub(super) fn common(&mut self) -> Result<Common, Error> {
        let seed = self.seed()?;
        // How often a state is kept and whether one is taken up does not change what is learned.
        let resume = self.reader.boolean("resume")?.unwrap_or(false);
        let seconds = self.reader.number("checkpoint_seconds", 0, 1 << 32)?.unwrap_or(CHECKPOINT_SECONDS);
        Ok(Common { seed, resume, checkpoint: Duration::from_secs(seconds) })
    }

    /// Fails where an option is left that nobody asked for; gives what was used.
    pub(super) fn finish(self) -> Result<BTreeMap<String, String>, Error> {
        self.reader.finish()?;
        Ok(self.used)
    }
}
