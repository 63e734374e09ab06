//! A reader of JSON text that keeps no tree: it checks, skips and cuts out.
//! It is iterative, so that depth costs no stack.

use std::borrow::Cow;

/// Deepest nesting of arrays and objects that is accepted, as in the common JSON libraries.
const DEPTH_MAX: usize = 128;

/// Whether the text is one JSON value.
pub(super) fn validate(text: &str) -> bool {
    let mut scanner = Scanner { rest: text };
    scanner.value().is_some() && scanner.at_end()
}

/// A scalar or the text of a composite value.
#[derive(Debug, PartialEq)]
pub(super) enum Item<'a> {
    Null,
    Boolean(bool),
    Number(&'a str),
    Text(String),
    /// An object or an array.
    Composite(&'a str),
}

/// The elements of a JSON array; None where the text is none.
pub(super) fn array(text: &str) -> Option<Vec<Item<'_>>> {
    let mut scanner = Scanner { rest: text };
    let mut items = Vec::new();
    if !scanner.eat('[') {
        return None;
    }
    if !scanner.eat(']') {
        loop {
            items.push(item(scanner.value()?)?);
            if scanner.eat(']') {
                break;
            }
            if !scanner.eat(',') {
                return None;
            }
        }
    }
    scanner.at_end().then_some(items)
}

/// Follows a path such as `$.a."b c"[0]`. Outer None: the path is malformed; inner None: nothing is there.
pub(super) fn extract<'a>(json: &'a str, path: &str) -> Option<Option<Item<'a>>> {
    let mut current = Some(json.trim());
    let mut rest = path.trim().strip_prefix('$')?;
    while !rest.is_empty() {
        let step;
        (step, rest) = next_step(rest)?;
        current = current.and_then(|value| match &step {
            Step::Key(key) => member(value, key),
            Step::Index(index) => element(value, *index),
        });
    }
    Some(current.and_then(item))
}

/// One step of a path.
enum Step<'a> {
    Key(Cow<'a, str>),
    Index(usize),
}

/// Cuts the next step off a path.
fn next_step(path: &str) -> Option<(Step<'_>, &str)> {
    if let Some(inside) = path.strip_prefix('[') {
        let (number, rest) = inside.split_once(']')?;
        return Some((Step::Index(number.trim().parse().ok()?), rest));
    }
    let name = path.strip_prefix('.')?;
    if name.starts_with('"') {
        let mut scanner = Scanner { rest: name };
        let quoted = scanner.string()?;
        return Some((Step::Key(Cow::Owned(unescape(quoted)?)), scanner.rest));
    }
    let end = name.find(['.', '[']).unwrap_or(name.len());
    let (key, rest) = name.split_at_checked(end)?;
    (!key.is_empty()).then_some((Step::Key(Cow::Borrowed(key)), rest))
}

/// The value of an object's key; the first of repeated keys.
fn member<'a>(object: &'a str, key: &str) -> Option<&'a str> {
    let mut scanner = Scanner { rest: object };
    if !scanner.eat('{') || scanner.eat('}') {
        return None;
    }
    loop {
        let name = scanner.key()?;
        let value = scanner.value()?;
        if unescape(name)? == key {
            return Some(value);
        }
        if !scanner.eat(',') {
            return None;
        }
    }
}

/// The element of an array.
fn element(array: &str, index: usize) -> Option<&str> {
    let mut scanner = Scanner { rest: array };
    if !scanner.eat('[') || scanner.eat(']') {
        return None;
    }
    for _ in 0..index {
        scanner.value()?;
        if !scanner.eat(',') {
            return None;
        }
    }
    scanner.value()
}

/// Classifies the text of one value.
fn item(value: &str) -> Option<Item<'_>> {
    Some(match value.chars().next()? {
        'n' => Item::Null,
        't' => Item::Boolean(true),
        'f' => Item::Boolean(false),
        '"' => Item::Text(unescape(value)?),
        '{' | '[' => Item::Composite(value),
        _ => Item::Number(value),
    })
}

/// The text that a quoted string stands for.
fn unescape(quoted: &str) -> Option<String> {
    let inside = quoted.strip_prefix('"')?.strip_suffix('"')?;
    let mut text = String::with_capacity(inside.len());
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match chars.next()? {
            'b' => text.push('\u{8}'),
            'f' => text.push('\u{c}'),
            'n' => text.push('\n'),
            'r' => text.push('\r'),
            't' => text.push('\t'),
            'u' => {
                let mut unit = hex4(&mut chars)?;
                if (0xd800..0xdc00).contains(&unit) {
                    let low = (chars.next()? == '\\' && chars.next()? == 'u').then(|| hex4(&mut chars))??;
                    if !(0xdc00..0xe000).contains(&low) {
                        return None;
                    }
                    unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
                }
                text.push(char::from_u32(unit)?);
            }
            other => text.push(other),
        }
    }
    Some(text)
}

/// Four hexadecimal digits.
fn hex4(chars: &mut std::str::Chars<'_>) -> Option<u32> {
    (0..4).try_fold(0, |unit, _| Some(unit * 16 + chars.next()?.to_digit(16)?))
}

/// What is left to read.
struct Scanner<'a> {
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn at_end(&mut self) -> bool {
        self.skip_space();
        self.rest.is_empty()
    }

    /// Takes the character if it comes next after blanks.
    fn eat(&mut self, c: char) -> bool {
        self.skip_space();
        match self.rest.strip_prefix(c) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// `"key" :`, yielding the quoted key.
    fn key(&mut self) -> Option<&'a str> {
        self.skip_space();
        let key = self.string()?;
        self.eat(':').then_some(key)
    }

    /// One value with everything in it, as its text.
    fn value(&mut self) -> Option<&'a str> {
        self.skip_space();
        let start = self.rest;
        // One entry for each open composite: whether it is an object.
        let mut open: Vec<bool> = Vec::new();
        loop {
            if self.eat('{') {
                if !self.eat('}') {
                    open.push(true);
                    self.key()?;
                    continue;
                }
            } else if self.eat('[') {
                if !self.eat(']') {
                    open.push(false);
                    continue;
                }
            } else {
                self.scalar()?;
            }
            if open.len() > DEPTH_MAX || !self.after_value(&mut open)? {
                break;
            }
        }
        if open.is_empty() { start.get(..start.len() - self.rest.len()) } else { None }
    }

    /// Closes what ends after a value. True: another value follows. None: the text is malformed.
    fn after_value(&mut self, open: &mut Vec<bool>) -> Option<bool> {
        while let Some(is_object) = open.last().copied() {
            if self.eat(',') {
                if is_object {
                    self.key()?;
                }
                return Some(true);
            }
            if !self.eat(if is_object { '}' } else { ']' }) {
                return None;
            }
            open.pop();
        }
        Some(false)
    }

    fn scalar(&mut self) -> Option<()> {
        for word in ["null", "true", "false"] {
            if let Some(rest) = self.rest.strip_prefix(word) {
                self.rest = rest;
                return Some(());
            }
        }
        if self.rest.starts_with('"') { self.string().map(|_| ()) } else { self.number() }
    }

    /// A quoted string with its quotes.
    fn string(&mut self) -> Option<&'a str> {
        let start = self.rest;
        let mut chars = start.strip_prefix('"')?.chars();
        loop {
            match chars.next()? {
                '"' => break,
                '\\' => match chars.next()? {
                    '"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't' => {}
                    'u' => {
                        hex4(&mut chars)?;
                    }
                    _ => return None,
                },
                c if c < ' ' => return None,
                _ => {}
            }
        }
        self.rest = chars.as_str();
        let quoted = start.get(..start.len() - self.rest.len())?;
        // Lone surrogates are legal escapes but no text.
        unescape(quoted).map(|_| quoted)
    }

    /// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`
    fn number(&mut self) -> Option<()> {
        let unsigned = self.rest.strip_prefix('-').unwrap_or(self.rest);
        let mut rest = match unsigned.strip_prefix('0') {
            Some(rest) => rest,
            None => digits(unsigned)?,
        };
        if let Some(fraction) = rest.strip_prefix('.') {
            rest = digits(fraction)?;
        }
        if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
            rest = digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))?;
        }
        self.rest = rest;
        Some(())
    }
}

/// What follows at least one digit.
fn digits(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    (rest.len() < text.len()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_told_from_what_only_looks_like_it() {
        for good in ["null", " [1, -0.5e+3, \"a\\u00e9\\n\"] ", "{}", "{\"a\": {\"b\": [[], {}]}}", "0"] {
            assert!(validate(good), "{good}");
        }
        for bad in [
            "",
            "nul",
            "[1,]",
            "{\"a\"}",
            "{a: 1}",
            "01",
            "1.",
            "[1",
            "\"a",
            "\"\\x\"",
            "[1] 2",
            "{\"a\":1,}",
            "]",
            "\"\\ud800\"",
            "+1",
            "[}",
            "{]",
        ] {
            assert!(!validate(bad), "{bad}");
        }
        assert!(validate(&("[".repeat(128) + &"]".repeat(128))));
        assert!(!validate(&("[".repeat(100_000) + "1" + &"]".repeat(100_000))));
    }

    #[test]
    fn paths_lead_to_members_and_elements() {
        let json = r#" {"a": {"b c": [1, "x\ud83d\ude00", null, {"d": true}]}, "a": 2} "#;
        let at = |path| extract(json, path);
        assert_eq!(at("$.a.\"b c\"[0]"), Some(Some(Item::Number("1"))));
        assert_eq!(at("$.a.\"b c\"[1]"), Some(Some(Item::Text("x\u{1f600}".into()))));
        assert_eq!(at("$.a.\"b c\"[2]"), Some(Some(Item::Null)));
        assert_eq!(at("$.a.\"b c\"[3]"), Some(Some(Item::Composite("{\"d\": true}"))));
        assert_eq!(at("$.a.\"b c\"[4]"), Some(None));
        assert_eq!(at("$.z[0].y"), Some(None));
        assert_eq!(at("a"), None);
        assert_eq!(at("$.a[x]"), None);
        assert_eq!(at("$..a"), None);
    }
}
