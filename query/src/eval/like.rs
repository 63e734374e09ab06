//! LIKE and ILIKE: `%` any run, `_` one character, backslash takes the next character literally.
//!
//! On a mismatch only the last `%` is tried again, one character further on. An earlier `%` never needs it:
//! the text between two `%` is matched at its first place, and a later place leaves less for the rest.
//! So the cost is at most the product of the two lengths, and linear for patterns with little repetition.

use std::str::Chars;

/// One element of a pattern.
enum Token {
    AnyRun,
    AnyOne,
    One(char),
}

/// Whether the text matches; None where the pattern ends with a lone backslash.
pub(super) fn matches(text: &str, pattern: &str, ignore_case: bool) -> Option<bool> {
    if ends_with_lone_escape(pattern) {
        return None;
    }
    let (mut text, mut pattern) = (text.chars(), pattern.chars());
    // Where to go on after a mismatch: the pattern behind the last `%`, and the text it was tried at.
    let mut retry: Option<(Chars<'_>, Chars<'_>)> = None;
    loop {
        let text_before = text.clone();
        let matched = match next_token(&mut pattern) {
            Some(Token::AnyRun) => {
                retry = Some((pattern.clone(), text.clone()));
                continue;
            }
            Some(Token::AnyOne) => text.next().is_some(),
            Some(Token::One(c)) => text.next().is_some_and(|t| same(t, c, ignore_case)),
            None => match text_before.as_str().is_empty() {
                true => return Some(true),
                false => false,
            },
        };
        if matched {
            continue;
        }
        // A text that ran out can only get shorter by a retry.
        if text_before.as_str().is_empty() {
            return Some(false);
        }
        let Some((after, from)) = &mut retry else {
            return Some(false);
        };
        if from.next().is_none() {
            return Some(false);
        }
        pattern = after.clone();
        text = from.clone();
    }
}

/// The next element of the pattern.
fn next_token(pattern: &mut Chars<'_>) -> Option<Token> {
    Some(match pattern.next()? {
        '%' => Token::AnyRun,
        '_' => Token::AnyOne,
        '\\' => Token::One(pattern.next()?),
        c => Token::One(c),
    })
}

/// Whether an odd number of backslashes stands at the end.
fn ends_with_lone_escape(pattern: &str) -> bool {
    pattern.bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 1
}

/// Equality of characters, with ILIKE after lower-casing.
fn same(a: char, b: char, ignore_case: bool) -> bool {
    a == b || (ignore_case && a.to_lowercase().eq(b.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, exponential in the number of `%`.
    fn reference(text: &[char], pattern: &[char]) -> bool {
        match pattern {
            [] => text.is_empty(),
            ['%', rest @ ..] => (0..=text.len()).any(|i| reference(&text[i..], rest)),
            ['_', rest @ ..] => !text.is_empty() && reference(&text[1..], rest),
            ['\\', c, rest @ ..] | [c, rest @ ..] => text.first() == Some(c) && reference(&text[1..], rest),
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(text in "[ab%\\\\]{0,8}", pattern in "([ab_%]|\\\\[ab%_\\\\]){0,7}") {
            let chars: (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
            prop_assert_eq!(matches(&text, &pattern, false), Some(reference(&chars.0, &chars.1)));
        }
    }

    #[test]
    fn case_is_ignored_by_ilike_only() {
        assert_eq!(matches("Stra\u{df}e \u{c4}", "stra%\u{e4}", true), Some(true));
        assert_eq!(matches("ABC", "abc", false), Some(false));
        assert_eq!(matches("100%", "100\\%", false), Some(true));
        assert_eq!(matches("1000", "100\\%", false), Some(false));
    }

    #[test]
    fn a_lone_backslash_at_the_end_is_no_pattern() {
        assert_eq!(matches("a", "a\\", false), None);
        assert_eq!(matches("a\\", "a\\\\", false), Some(true));
    }

    #[test]
    fn hostile_patterns_are_not_exponential() {
        let text = "a".repeat(5_000);
        let pattern = "%a".repeat(500) + "b";
        assert_eq!(matches(&text, &pattern, true), Some(false));
    }
}
