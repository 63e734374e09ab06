//! Values as text for eyes: short, on one line, and without control characters.

use std::borrow::Cow;

use argtop::{DataType, Value};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Vectors up to this many elements are printed in full.
const VECTOR_LEN_MAX: usize = 8;
/// Elements shown of a longer vector.
const VECTOR_SHOWN: usize = 2;
/// Arrays up to this many elements are printed in full; label lists are read more often than vectors.
const LIST_LEN_MAX: usize = 16;
/// Elements shown of a longer array.
const LIST_SHOWN: usize = 10;

/// The value for the human modes: long vectors and arrays are shortened to `[0.12, -0.03, ... 384]`, the
/// last number being the count of all elements.
pub(crate) fn human(value: &Value) -> String {
    let text = match value {
        Value::Vector(elements) if elements.len() > VECTOR_LEN_MAX => {
            let shown: Vec<String> =
                elements.iter().take(VECTOR_SHOWN).map(|element| four_decimals(*element)).collect();
            format!("[{}, ... {}]", shown.join(", "), elements.len())
        }
        Value::List(items) if items.len() > LIST_LEN_MAX => {
            let shown: Vec<String> = items.iter().take(LIST_SHOWN).map(human).collect();
            format!("[{}, ... {}]", shown.join(", "), items.len())
        }
        other => other.to_string(),
    };
    match escape_control(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(escaped) => escaped,
    }
}

/// Four decimals tell vectors apart at a glance; their zeros at the end say nothing.
fn four_decimals(element: f32) -> String {
    if element != 0.0 && (element.abs() < 1e-3 || element.abs() >= 1e6) {
        return format!("{element:.2e}");
    }
    let text = format!("{element:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Newlines and other control characters as `\n`, `\t`, `\u{1b}`: they would break the frame, and a stored
/// escape sequence must not reach the terminal.
pub(crate) fn escape_control(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().fold(String::with_capacity(text.len() + 8), |mut escaped, c| {
        if c.is_control() {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
        escaped
    }))
}

/// Columns the text takes on a terminal.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// The text cut to `columns` of the terminal, ending in `ellipsis` where something was cut.
pub(crate) fn cut<'t>(text: &'t str, columns: usize, ellipsis: &str) -> Cow<'t, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let room = columns.saturating_sub(width(ellipsis));
    let mut used = 0;
    let mut kept = String::new();
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > room {
            break;
        }
        kept.push(c);
    }
    kept.push_str(ellipsis);
    Cow::Owned(kept)
}

/// True for the types whose cells are aligned to the right.
pub(crate) fn is_number(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Integer | DataType::BigInt | DataType::Real | DataType::Double)
}
