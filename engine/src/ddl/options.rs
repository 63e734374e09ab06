//! WITH options: every name that is given must be known, every value must fit.

use argtop_query::Value;
use argtop_query::error::nearest;

use crate::error::Error;

/// The options of one statement, taken out one by one; what is left at the end is unknown.
pub(crate) struct OptionReader<'a> {
    statement: &'a str,
    left: Vec<(String, Value)>,
    known: Vec<&'static str>,
}

impl<'a> OptionReader<'a> {
    /// Reads the options of a statement, named for messages.
    pub(crate) fn new(statement: &'a str, options: &[(String, Value)]) -> OptionReader<'a> {
        OptionReader { statement, left: options.to_vec(), known: Vec::new() }
    }

    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        let position = self.left.iter().position(|(given, _)| given == name)?;
        Some(self.left.remove(position).1)
    }

    fn wrong(&self, name: &str, value: &Value, fix: String) -> Error {
        Error::value(format!("option {name} of {} cannot be {value}", self.statement), fix)
    }

    /// A text.
    pub(crate) fn text(&mut self, name: &'static str) -> Result<Option<String>, Error> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(value) => Err(self.wrong(name, &value, "write a text in quotes".into())),
        }
    }

    /// One of a few words.
    pub(crate) fn word(
        &mut self,
        name: &'static str,
        words: &[&'static str],
    ) -> Result<Option<&'static str>, Error> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let found = match &value {
            Value::Text(text) => words.iter().find(|word| word.eq_ignore_ascii_case(text)),
            _ => None,
        };
        match found {
            Some(word) => Ok(Some(word)),
            None => Err(self.wrong(name, &value, format!("it takes one of {}", words.join(", ")))),
        }
    }

    /// A switch.
    pub(crate) fn boolean(&mut self, name: &'static str) -> Result<Option<bool>, Error> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Boolean(on)) => Ok(Some(on)),
            Some(value) => Err(self.wrong(name, &value, "it takes true or false".into())),
        }
    }

    /// A whole number within bounds.
    pub(crate) fn number(&mut self, name: &'static str, least: u64, most: u64) -> Result<Option<u64>, Error> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::BigInt(number))
                if u64::try_from(number).is_ok_and(|number| (least..=most).contains(&number)) =>
            {
                Ok(Some(number.unsigned_abs()))
            }
            Some(value) => {
                Err(self.wrong(name, &value, format!("it takes a whole number from {least} to {most}")))
            }
        }
    }

    /// A finite number greater than zero.
    pub(crate) fn positive(&mut self, name: &'static str) -> Result<Option<f64>, Error> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let number = match &value {
            Value::BigInt(number) => *number as f64,
            Value::Double(number) => *number,
            _ => f64::NAN,
        };
        if number.is_finite() && number > 0.0 {
            return Ok(Some(number));
        }
        Err(self.wrong(name, &value, "it takes a number greater than 0".into()))
    }

    /// A number within bounds, both included.
    pub(crate) fn within(&mut self, name: &'static str, least: f64, most: f64) -> Result<Option<f64>, Error> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let number = match &value {
            Value::BigInt(number) => *number as f64,
            Value::Double(number) => *number,
            _ => f64::NAN,
        };
        if (least..=most).contains(&number) {
            return Ok(Some(number));
        }
        Err(self.wrong(name, &value, format!("it takes a number from {least} to {most}")))
    }

    /// A list of whole numbers.
    pub(crate) fn numbers(&mut self, name: &'static str) -> Result<Option<Vec<usize>>, Error> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let numbers: Option<Vec<usize>> = match &value {
            Value::List(items) => items
                .iter()
                .map(|item| match item {
                    Value::BigInt(number) => usize::try_from(*number).ok(),
                    _ => None,
                })
                .collect(),
            _ => None,
        };
        match numbers {
            Some(numbers) => Ok(Some(numbers)),
            None => Err(self.wrong(name, &value, "it takes a list of whole numbers, as [10, 25]".into())),
        }
    }

    /// Fails where an option is left that nobody asked for.
    pub(crate) fn finish(self) -> Result<(), Error> {
        let Some((name, _)) = self.left.first() else { return Ok(()) };
        let fix = match nearest(name, self.known.iter().copied()) {
            Some(near) => format!("did you mean {near}?"),
            None if self.known.is_empty() => "leave it out: there are none".to_string(),
            None => format!("it takes {}", self.known.join(", ")),
        };
        Err(Error::value(format!("{} has no option {name}", self.statement), fix))
    }
}
