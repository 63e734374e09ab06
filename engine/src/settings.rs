//! Settings: one table of names, types, bounds and meanings, which SET, SHOW and the code all use.

use argtop_query::Value;

use crate::error::Error;

/// One setting.
pub(crate) struct Definition {
    /// Name as in SET.
    pub(crate) name: &'static str,
    /// Value when nothing is set.
    pub(crate) default: i64,
    /// Least value.
    pub(crate) least: i64,
    /// Greatest value.
    pub(crate) greatest: i64,
    /// True for settings that read as true or false.
    pub(crate) boolean: bool,
    /// What it does.
    pub(crate) meaning: &'static str,
}

const fn number(
    name: &'static str,
    default: i64,
    least: i64,
    greatest: i64,
    meaning: &'static str,
) -> Definition {
    Definition { name, default, least, greatest, boolean: false, meaning }
}

const fn switch(name: &'static str, default: bool, meaning: &'static str) -> Definition {
    Definition { name, default: default as i64, least: 0, greatest: 1, boolean: true, meaning }
}

/// All settings in name order.
pub(crate) const DEFINITIONS: &[Definition] = &[
    switch(
        "auto_pack",
        true,
        "pack the newest labels into a generation in the background when a tail grows long",
    ),
    number(
        "encode_cache_entries",
        10_000,
        0,
        100_000_000,
        "texts whose embeddings are kept in memory, per model",
    ),
    number(
        "memory_limit",
        0,
        0,
        i64::MAX,
        "bytes that a training may hold, as 4000000000 or '4GB'; 0 for no limit of the engine's own",
    ),
    number("search.beam", 20, 1, 1 << 24, "clusters that PROBE keeps where it does not say"),
    number(
        "search.effort",
        0,
        0,
        1 << 24,
        "search effort of ann and faiss indexes where SHORTLIST does not say; 0 leaves it to the index",
    ),
    number(
        "search.exact_rows",
        2_000,
        0,
        i64::MAX,
        "tables up to this many labels are searched exactly where SEARCH has no VIA",
    ),
    switch(
        "search.use_generations",
        true,
        "off: answer from the store alone, as if every generation had been deleted",
    ),
    number("statement_timeout_ms", 0, 0, i64::MAX, "a statement that runs longer is ended; 0 for no limit"),
    number(
        "tail_rows_max",
        16_384,
        1,
        i64::MAX,
        "labels newer than a generation that start packing when auto_pack is on",
    ),
    number(
        "training_cache_mib",
        8_192,
        0,
        1 << 40,
        "MiB of encoded training texts that are kept in the database's directory for the next training",
    ),
];

/// The values of one session.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    values: Vec<i64>,
    /// Optimiser rules that are switched off, a testing aid: SET optimizer.disabled = 'rule, rule'.
    pub(crate) disabled_rules: Vec<String>,
}

/// The one setting that is text.
pub(crate) const DISABLED_RULES: &str = "optimizer.disabled";

impl Default for Settings {
    fn default() -> Self {
        Settings {
            values: DEFINITIONS.iter().map(|definition| definition.default).collect(),
            disabled_rules: Vec::new(),
        }
    }
}

impl Settings {
    /// The value of a setting of the table above.
    pub(crate) fn get(&self, name: &str) -> i64 {
        let position = DEFINITIONS.iter().position(|definition| definition.name == name);
        position.and_then(|position| self.values.get(position).copied()).unwrap_or_default()
    }

    /// True where a switch is on.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.get(name) != 0
    }

    /// The value as SHOW prints it; None for an unknown name.
    pub(crate) fn show(&self, name: &str) -> Option<Value> {
        if name == DISABLED_RULES {
            return Some(Value::Text(self.disabled_rules.join(", ")));
        }
        let definition = DEFINITIONS.iter().find(|definition| definition.name == name)?;
        let value = self.get(name);
        Some(if definition.boolean { Value::Boolean(value != 0) } else { Value::BigInt(value) })
    }

    /// Sets a value after checking its type and bounds.
    ///
    /// # Errors
    /// [`Error::Value`] naming the setting, the value and the bounds.
    pub(crate) fn set(&mut self, name: &str, value: &Value) -> Result<(), Error> {
        if name == DISABLED_RULES {
            let Value::Text(text) = value else {
                return Err(Error::value(format!("{name} takes text, not {value}"), "write 'rule, rule'"));
            };
            let rules = text.split(',').map(str::trim).filter(|rule| !rule.is_empty());
            self.disabled_rules = rules.map(str::to_string).collect();
            return Ok(());
        }
        let Some(position) = DEFINITIONS.iter().position(|definition| definition.name == name) else {
            return Err(Error::value(format!("unknown setting `{name}`"), "SHOW SETTINGS lists them"));
        };
        let definition = &DEFINITIONS[position];
        let number = parse(definition, value).ok_or_else(|| {
            let bounds = if definition.boolean {
                "it takes true or false".to_string()
            } else {
                format!("it takes a whole number from {} to {}", definition.least, definition.greatest)
            };
            Error::value(format!("{name} cannot be {value}"), bounds)
        })?;
        self.values[position] = number;
        Ok(())
    }

    /// Back to the default.
    pub(crate) fn reset(&mut self, name: &str) {
        if name == DISABLED_RULES {
            self.disabled_rules.clear();
        }
        if let Some(position) = DEFINITIONS.iter().position(|definition| definition.name == name) {
            self.values[position] = DEFINITIONS[position].default;
        }
    }

    /// (name, value, default, meaning) of every setting in name order.
    pub(crate) fn all(&self) -> Vec<[Value; 4]> {
        let text = |text: &str| Value::Text(text.to_string());
        let mut rows: Vec<[Value; 4]> = DEFINITIONS
            .iter()
            .map(|definition| {
                let fresh = Settings::default();
                [
                    text(definition.name),
                    self.show(definition.name).unwrap_or(Value::Null),
                    fresh.show(definition.name).unwrap_or(Value::Null),
                    text(definition.meaning),
                ]
            })
            .collect();
        rows.push([
            text(DISABLED_RULES),
            text(&self.disabled_rules.join(", ")),
            text(""),
            text("optimiser rules that are not applied; every answer stays the same"),
        ]);
        rows.sort_by(|a, b| a[0].total_cmp(&b[0]));
        rows
    }
}

fn parse(definition: &Definition, value: &Value) -> Option<i64> {
    let number = match value {
        Value::Boolean(on) if definition.boolean => i64::from(*on),
        Value::Text(text) if definition.boolean => match text.to_ascii_lowercase().as_str() {
            "on" | "true" => 1,
            "off" | "false" => 0,
            _ => return None,
        },
        Value::Text(text) if definition.name == "memory_limit" => bytes(text)?,
        Value::Text(text) => text.trim().parse().ok()?,
        Value::BigInt(number) => *number,
        _ => return None,
    };
    (definition.least..=definition.greatest).contains(&number).then_some(number)
}

/// Bytes as people write them: `512MB`, `4GB`, `4GiB`, or a plain number.
fn bytes(text: &str) -> Option<i64> {
    let text = text.trim().to_ascii_lowercase();
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let factor: i64 = match &text[digits.len()..] {
        "" | "b" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1 << 40,
        _ => return None,
    };
    digits.trim().parse::<i64>().ok()?.checked_mul(factor)
}
