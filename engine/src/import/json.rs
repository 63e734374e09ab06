//! One line of JSON, with the checks that a general parser leaves out: repeated keys, depth, number of
//! values.

use std::cell::Cell;
use std::fmt;

use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};

use super::limits::ImportLimits;

/// A JSON value; members keep their order.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    Null,
    Boolean(bool),
    Integer(i64),
    /// Fractions, and integers beyond 64 bits with sign.
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// The members of the object on a line.
///
/// # Errors
/// A message in words: not JSON, not an object, a repeated key, too deep, too many values.
pub(super) fn parse_object(line: &str, limits: &ImportLimits) -> Result<Vec<(String, Json)>, String> {
    let room = Room { left: Cell::new(limits.list_length_max), limits };
    let mut parser = serde_json::Deserializer::from_str(line);
    let value = Seed { room: &room, depth: limits.nesting_max }.deserialize(&mut parser);
    let value = value.and_then(|v| parser.end().map(|()| v)).map_err(|e| {
        let text = e.to_string();
        let text = text.split(" at line 1 column").next().unwrap_or_default();
        format!("bad JSON at column {}: {text}", e.column())
    })?;
    match value {
        Json::Object(members) => Ok(members),
        other => Err(format!("a JSON {} where an object is expected", other.kind())),
    }
}

/// How many values the line may still have.
struct Room<'a> {
    left: Cell<usize>,
    limits: &'a ImportLimits,
}

impl Room<'_> {
    fn take<E: de::Error>(&self) -> Result<(), E> {
        match self.left.get().checked_sub(1) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => Err(E::custom(format_args!("more than {} values", self.limits.list_length_max))),
        }
    }
}

#[derive(Clone, Copy)]
struct Seed<'a> {
    room: &'a Room<'a>,
    depth: usize,
}

impl Seed<'_> {
    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(Seed { room: self.room, depth }),
            None => Err(E::custom(format_args!("nested deeper than {}", self.room.limits.nesting_max))),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Json;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(i64::try_from(value).map_or(Json::Number(value as f64), Json::Integer))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            self.room.take()?;
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let inner = self.deeper()?;
        let mut members: Vec<(String, Json)> = Vec::new();
        while let Some(key) = entries.next_key::<String>()? {
            self.room.take()?;
            members.push((key, entries.next_value_seed(inner)?));
        }
        match repeated_key(&members) {
            Some(key) => Err(de::Error::custom(format_args!("key `{}` twice", super::error::excerpt(key)))),
            None => Ok(Json::Object(members)),
        }
    }
}

/// A key that occurs twice; sorting keeps it `O(n log n)` where a line has very many keys.
fn repeated_key(members: &[(String, Json)]) -> Option<&str> {
    let mut keys: Vec<&str> = members.iter().map(|(key, _)| key.as_str()).collect();
    keys.sort_unstable();
    keys.iter().zip(keys.iter().skip(1)).find(|(a, b)| a == b).map(|(a, _)| *a)
}

impl Json {
    /// What this is, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Boolean(_) => "boolean",
            Json::Integer(_) | Json::Number(_) => "number",
            Json::Text(_) => "string",
            Json::List(_) => "array",
            Json::Object(_) => "object",
        }
    }

    /// The value as JSON text without white space.
    pub(super) fn render(&self) -> String {
        let mut text = String::new();
        self.render_into(&mut text);
        text
    }

    /// Recursion is bounded by the nesting limit of the parser.
    fn render_into(&self, text: &mut String) {
        match self {
            Json::Null => text.push_str("null"),
            Json::Boolean(value) => text.push_str(if *value { "true" } else { "false" }),
            Json::Integer(value) => text.push_str(&value.to_string()),
            Json::Number(value) => text.push_str(&number_text(*value)),
            Json::Text(value) => text.push_str(&quoted(value)),
            Json::List(items) => {
                text.push('[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        text.push(',');
                    }
                    item.render_into(text);
                }
                text.push(']');
            }
            Json::Object(members) => {
                text.push('{');
                for (i, (key, value)) in members.iter().enumerate() {
                    if i > 0 {
                        text.push(',');
                    }
                    text.push_str(&quoted(key));
                    text.push(':');
                    value.render_into(text);
                }
                text.push('}');
            }
        }
    }
}

/// A finite number as JSON, the shortest text that reads back to the same value.
fn number_text(value: f64) -> String {
    serde_json::Number::from_f64(value).map_or_else(|| "null".to_owned(), |n| n.to_string())
}

fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}
