//! Text to tokens: nom parsers over located text. Tokens borrow nothing; their text is under their span.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while1};
use nom::character::complete::{char, digit0, digit1, one_of, satisfy};
use nom::combinator::{opt, recognize, value};
use nom::error::{ErrorKind, ParseError};
use nom::multi::many0_count;
use nom::{IResult, Input, Parser};
use nom_locate::LocatedSpan;

use crate::error::{ErrorCode, QueryError, Span};

/// Kinds of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// Keyword or unquoted name.
    Word,
    /// `"name"`, with its quotes.
    QuotedName,
    /// `'text'`, with its quotes.
    String,
    /// `1`, `1.5`, `.5`, `1e5`.
    Number,
    /// `?`.
    Question,
    /// `$1`.
    Numbered,
    /// `:name`.
    Named,
    LeftParen,
    RightParen,
    LeftBracket,
    RightBracket,
    Comma,
    Semicolon,
    Dot,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    /// `||`.
    Concat,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    /// `=>`.
    Becomes,
    /// `::`.
    DoubleColon,
    At,
    /// `<=>`.
    CosineDistance,
    /// `<->`.
    L2Distance,
    /// `<#>`.
    NegativeProduct,
    /// `->`, `->>`: known only to be refused with advice.
    Arrow,
}

/// A token and its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
}

type Text<'a> = &'a str;
type Lexed<'a, T> = IResult<Text<'a>, T, Fault>;

/// What a nom parser of this file fails with.
#[derive(Debug)]
struct Fault(ErrorCode);

impl ParseError<Text<'_>> for Fault {
    fn from_error_kind(_: Text<'_>, _: ErrorKind) -> Fault {
        Fault(ErrorCode::UnexpectedCharacter)
    }

    fn append(_: Text<'_>, _: ErrorKind, other: Fault) -> Fault {
        other
    }
}

/// Reads one token after the other.
pub(crate) struct Lexer<'a> {
    rest: LocatedSpan<&'a str>,
    base: usize,
}

impl<'a> Lexer<'a> {
    /// Starts at byte `start`; spans count from the start of `text`.
    pub(crate) fn new(text: &'a str, start: usize) -> Lexer<'a> {
        Lexer { rest: LocatedSpan::new(text.get(start..).unwrap_or("")), base: start }
    }

    /// Where the next token is looked for.
    pub(crate) fn offset(&self) -> usize {
        self.base + self.rest.location_offset()
    }

    /// The next token, or None at the end. After an error, goes on behind what was wrong.
    pub(crate) fn next(&mut self) -> Result<Option<Token>, QueryError> {
        match trivia(self.rest.fragment()) {
            Ok((rest, ())) => self.move_to(rest),
            Err(fault) => {
                // What stands before the comment without an end is no part of it.
                while let Ok((rest, ())) = blank(self.rest.fragment()) {
                    self.move_to(rest);
                }
                return Err(self.fail(&fault));
            }
        }
        if self.rest.fragment().is_empty() {
            return Ok(None);
        }
        let start = self.offset();
        match token(self.rest.fragment()) {
            Ok((rest, kind)) => {
                self.move_to(rest);
                Ok(Some(Token { kind, span: Span::new(start, self.offset()) }))
            }
            Err(fault) => Err(self.fail(&fault)),
        }
    }

    /// The parsers of one token work on plain text, and the place moves once a token.
    fn move_to(&mut self, rest: &str) {
        let consumed = self.rest.fragment().len() - rest.len();
        if consumed > 0 {
            self.rest = self.rest.take_from(consumed);
        }
    }

    fn fail(&mut self, fault: &nom::Err<Fault>) -> QueryError {
        let code = match fault {
            nom::Err::Error(Fault(code)) | nom::Err::Failure(Fault(code)) => *code,
            nom::Err::Incomplete(_) => ErrorCode::UnexpectedEnd,
        };
        let fragment = *self.rest.fragment();
        let start = self.offset();
        // Something unterminated swallows the rest; a bad number ends with its last character.
        let skipped = match code {
            ErrorCode::UnexpectedCharacter => fragment.chars().next().map_or(0, char::len_utf8),
            ErrorCode::InvalidNumber => fragment.find(|c| !is_word(c) && c != '.').unwrap_or(fragment.len()),
            _ => fragment.len(),
        };
        self.rest = self.rest.take_from(skipped);
        let shown = fragment.get(..skipped).unwrap_or("");
        let marked = if skipped == fragment.len() { skipped.min(1) } else { skipped };
        explain(code, shown).at(Span::new(start, start + marked))
    }
}

fn explain(code: ErrorCode, shown: &str) -> QueryError {
    let (message, help) = match code {
        ErrorCode::UnterminatedString => ("string without its closing quote".to_owned(), "close it with '"),
        ErrorCode::UnterminatedComment => ("comment without its end".to_owned(), "close it with */"),
        ErrorCode::UnterminatedIdentifier => {
            ("quoted name without its closing quote, or empty".to_owned(), "write \"name\"")
        }
        ErrorCode::InvalidNumber => {
            let shown: String = shown.chars().take(40).collect();
            (format!("`{shown}` is not a number"), "names cannot start with a digit unless they are quoted")
        }
        _ => (format!("unexpected character `{}`", shown.escape_debug()), character_help(shown)),
    };
    let error = QueryError::new(code, message);
    if help.is_empty() { error } else { error.help(help) }
}

fn character_help(shown: &str) -> &'static str {
    match shown {
        "\u{2018}" | "\u{2019}" | "\u{201c}" | "\u{201d}" | "`" => "use straight quotes: 'text' or \"name\"",
        "^" => "use power(x, y)",
        "!" => "use NOT, or <>",
        ":" => "a parameter is written :name, a cast ::type",
        "$" => "a parameter is written $1",
        "{" | "}" => "an array is written [1, 2, 3]",
        _ => "",
    }
}

/// Spaces and comments.
fn trivia(input: Text<'_>) -> Lexed<'_, ()> {
    value((), many0_count(blank)).parse(input)
}

/// One run of spaces, or one comment.
fn blank(input: Text<'_>) -> Lexed<'_, ()> {
    let space = value((), take_while1(|c: char| c.is_whitespace() || c == '\u{feff}'));
    let line_comment = value((), (tag("--"), take_while(|c| c != '\n')));
    alt((space, line_comment, block_comment)).parse(input)
}

/// Block comments nest, as in PostgreSQL; counted, so that depth costs nothing.
fn block_comment(input: Text<'_>) -> Lexed<'_, ()> {
    let (mut rest, _) = tag("/*").parse(input)?;
    let mut open = 1_usize;
    while open > 0 {
        (rest, _) = take_while(|c| c != '*' && c != '/').parse(rest)?;
        let step: Lexed<'_, bool> = alt((value(true, tag("/*")), value(false, tag("*/")))).parse(rest);
        rest = match step {
            Ok((after, true)) => {
                open += 1;
                after
            }
            Ok((after, false)) => {
                open -= 1;
                after
            }
            Err(_) if rest.is_empty() => {
                return Err(nom::Err::Failure(Fault(ErrorCode::UnterminatedComment)));
            }
            Err(_) => rest.take_from(1),
        };
    }
    Ok((rest, ()))
}

fn token(input: Text<'_>) -> Lexed<'_, TokenKind> {
    let bytes = input.as_bytes();
    match bytes {
        [b'\'', ..] => quoted('\'', "''", ErrorCode::UnterminatedString, input, TokenKind::String),
        [b'"', b'"', ..] => Err(nom::Err::Failure(Fault(ErrorCode::UnterminatedIdentifier))),
        [b'"', ..] => quoted('"', "\"\"", ErrorCode::UnterminatedIdentifier, input, TokenKind::QuotedName),
        [b'0'..=b'9', ..] | [b'.', b'0'..=b'9', ..] => number(input),
        [b'$', b'0'..=b'9', ..] => value(TokenKind::Numbered, (char('$'), digit1)).parse(input),
        [b':', next, ..] if *next != b':' => value(TokenKind::Named, (char(':'), word)).parse(input),
        _ => match symbol(bytes) {
            Some((kind, length)) => Ok((input.take_from(length), kind)),
            None => value(TokenKind::Word, word).parse(input),
        },
    }
}

fn word(input: Text<'_>) -> Lexed<'_, Text<'_>> {
    let start = satisfy(|c| c.is_ascii_alphabetic() || c == '_' || (!c.is_ascii() && c.is_alphabetic()));
    recognize((start, take_while(is_word))).parse(input)
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$' || (!c.is_ascii() && c.is_alphanumeric())
}

fn number(input: Text<'_>) -> Lexed<'_, TokenKind> {
    let whole = value((), (digit1, opt((char('.'), digit0))));
    let fraction = value((), (char('.'), digit1));
    let exponent = (one_of("eE"), opt(one_of("+-")), digit1);
    let (rest, _) = (alt((whole, fraction)), opt(exponent)).parse(input)?;
    match rest.chars().next() {
        Some(next) if is_word(next) => Err(nom::Err::Failure(Fault(ErrorCode::InvalidNumber))),
        _ => Ok((rest, TokenKind::Number)),
    }
}

/// Text between quotes, in which a doubled quote stands for one.
fn quoted<'a>(
    quote: char,
    doubled: &'static str,
    code: ErrorCode,
    input: Text<'a>,
    kind: TokenKind,
) -> Lexed<'a, TokenKind> {
    let piece = alt((take_while1(move |c| c != quote), tag(doubled)));
    let closed: Lexed<'a, _> = (char(quote), many0_count(piece), char(quote)).parse(input);
    match closed {
        Ok((rest, _)) => Ok((rest, kind)),
        Err(_) => Err(nom::Err::Failure(Fault(code))),
    }
}

fn symbol(bytes: &[u8]) -> Option<(TokenKind, usize)> {
    use TokenKind as T;
    Some(match bytes {
        [b'<', b'=', b'>', ..] => (T::CosineDistance, 3),
        [b'<', b'-', b'>', ..] => (T::L2Distance, 3),
        [b'<', b'#', b'>', ..] => (T::NegativeProduct, 3),
        [b'-', b'>', b'>', ..] => (T::Arrow, 3),
        [b'-', b'>', ..] => (T::Arrow, 2),
        [b'|', b'|', ..] => (T::Concat, 2),
        [b'<', b'>', ..] | [b'!', b'=', ..] => (T::NotEqual, 2),
        [b'<', b'=', ..] => (T::LessEqual, 2),
        [b'>', b'=', ..] => (T::GreaterEqual, 2),
        [b'=', b'>', ..] => (T::Becomes, 2),
        [b'=', b'=', ..] => (T::Equal, 2),
        [b':', b':', ..] => (T::DoubleColon, 2),
        [b'(', ..] => (T::LeftParen, 1),
        [b')', ..] => (T::RightParen, 1),
        [b'[', ..] => (T::LeftBracket, 1),
        [b']', ..] => (T::RightBracket, 1),
        [b',', ..] => (T::Comma, 1),
        [b';', ..] => (T::Semicolon, 1),
        [b'.', ..] => (T::Dot, 1),
        [b'+', ..] => (T::Plus, 1),
        [b'-', ..] => (T::Minus, 1),
        [b'*', ..] => (T::Star, 1),
        [b'/', ..] => (T::Slash, 1),
        [b'%', ..] => (T::Percent, 1),
        [b'=', ..] => (T::Equal, 1),
        [b'<', ..] => (T::Less, 1),
        [b'>', ..] => (T::Greater, 1),
        [b'@', ..] => (T::At, 1),
        [b'?', ..] => (T::Question, 1),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tokens as `kind:text`, errors as their code.
    #[track_caller]
    fn check(text: &str, expected: &str) {
        let mut lexer = Lexer::new(text, 0);
        let mut out = Vec::new();
        loop {
            match lexer.next() {
                Ok(Some(token)) => out.push(format!("{:?}:{}", token.kind, token.span.of(text))),
                Ok(None) => break,
                Err(error) => out.push(error.code.to_string()),
            }
        }
        assert_eq!(out.join(" "), expected, "{text}");
    }

    #[test]
    fn words_names_strings_and_numbers() {
        check("select _a$1 \u{e4}b", "Word:select Word:_a$1 Word:\u{e4}b");
        check("\"A \"\"b\"\"\"", "QuotedName:\"A \"\"b\"\"\"");
        check("'it''s' ''", "String:'it''s' String:''");
        check("1 1.5 .5 1. 1e5 1.5E-3", "Number:1 Number:1.5 Number:.5 Number:1. Number:1e5 Number:1.5E-3");
        check("? $12 :name", "Question:? Numbered:$12 Named::name");
    }

    #[test]
    fn symbols_take_the_longest_match() {
        check("a<=>b", "Word:a CosineDistance:<=> Word:b");
        check("<->:<#>", "L2Distance:<-> Q0101 NegativeProduct:<#>");
        check("a=>b", "Word:a Becomes:=> Word:b");
        check("x::int", "Word:x DoubleColon::: Word:int");
        check("t.x", "Word:t Dot:. Word:x");
        check("P@5", "Word:P At:@ Number:5");
    }

    #[test]
    fn comments_nest_and_vanish() {
        check("a -- b\nc", "Word:a Word:c");
        check("a/* b /* c */ d **/e", "Word:a Word:e");
        check("a /* b /* c */", "Word:a Q0104");
        check(&format!("{}x{}", "/*".repeat(100_000), "*/".repeat(100_000)), "");
    }

    #[test]
    fn what_is_wrong_is_named_and_the_rest_is_read() {
        check("a # b", "Word:a Q0101 Word:b");
        check("'open", "Q0102");
        check("'open''", "Q0102");
        check("\"open", "Q0103");
        check("1abc 2", "Q0105 Number:2");
        check("$ x", "Q0101 Word:x");
        check("\u{feff}a\u{a0}b", "Word:a Word:b");
    }
}
