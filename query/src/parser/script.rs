//! Scripts: statements between semicolons, one at a time.

use super::entry::{check_bytes, check_count, statement_of};
use crate::ast::Statement;
use crate::error::{ErrorCode, QueryError, Span};
use crate::lexer::{Lexer, TokenKind};
use crate::limits::Limits;

/// Parses the statements of a script one after the other. All spans count from the start of the script.
/// A semicolon ends a statement wherever it stands outside of quotes and comments, so that after an error
/// the iterator goes on with the next statement.
pub fn split_statements<'a>(sql: &'a str, limits: &'a Limits) -> Statements<'a> {
    Statements { sql, lexer: Lexer::new(sql, 0), limits }
}

/// Where the statements of a script stand, without their semicolons; nothing but quotes and comments is
/// understood.
/// Behind something that is never closed there is one last statement up to the end of the text.
pub fn statement_spans(sql: &str) -> Vec<Span> {
    let mut lexer = Lexer::new(sql, 0);
    let mut spans = Vec::new();
    let mut open: Option<Span> = None;
    loop {
        let token_span = match lexer.next() {
            Ok(Some(token)) if token.kind == TokenKind::Semicolon => {
                spans.extend(open.take());
                continue;
            }
            Ok(Some(token)) => token.span,
            Ok(None) => break,
            Err(error) => {
                let start = error.span.map_or(lexer.offset(), |span| span.start);
                Span::new(start, lexer.offset())
            }
        };
        open = Some(open.map_or(token_span, |span| span.to(token_span)));
    }
    spans.extend(open);
    spans
}

/// Iterator of [`split_statements`].
pub struct Statements<'a> {
    sql: &'a str,
    lexer: Lexer<'a>,
    limits: &'a Limits,
}

impl Iterator for Statements<'_> {
    type Item = Result<(Statement, Span), QueryError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut tokens = Vec::new();
        let mut span: Option<Span> = None;
        let mut fault: Option<QueryError> = None;
        loop {
            match self.lexer.next() {
                Ok(Some(token)) if token.kind == TokenKind::Semicolon => {
                    if span.is_some() || fault.is_some() {
                        break;
                    }
                }
                Ok(Some(token)) => {
                    let whole = span.map_or(token.span, |span| span.to(token.span));
                    span = Some(whole);
                    if fault.is_none() {
                        let checked = check_bytes(whole, self.limits);
                        fault =
                            checked.and_then(|()| check_count(tokens.len(), token.span, self.limits)).err();
                        tokens.push(token);
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    fault.get_or_insert(error);
                }
            }
        }
        match (fault, span) {
            (Some(error), _) => Some(Err(error)),
            (None, Some(span)) => {
                Some(statement_of(self.sql, &tokens, self.limits).map(|statement| (statement, span)))
            }
            (None, None) => None,
        }
    }
}

/// Whether a shell should run what was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// It ends with a semicolon, or there is nothing in it.
    Complete,
    /// More has to come: a quote, comment or parenthesis is open, or the semicolon is missing.
    Incomplete,
    /// Nothing that follows can make it right; parsing it says why.
    Error,
}

/// Whether the text is made of whole statements.
pub fn is_complete(text: &str) -> Completeness {
    let mut lexer = Lexer::new(text, 0);
    let mut last = TokenKind::Semicolon;
    let mut open = 0_usize;
    loop {
        match lexer.next() {
            Ok(None) => break,
            Ok(Some(token)) => {
                last = token.kind;
                match token.kind {
                    TokenKind::LeftParen | TokenKind::LeftBracket => open += 1,
                    TokenKind::RightParen | TokenKind::RightBracket => match open.checked_sub(1) {
                        Some(fewer) => open = fewer,
                        None => return Completeness::Error,
                    },
                    TokenKind::Semicolon => open = 0,
                    _ => {}
                }
            }
            Err(error) => match error.code {
                ErrorCode::UnterminatedString
                | ErrorCode::UnterminatedComment
                | ErrorCode::UnterminatedIdentifier => return Completeness::Incomplete,
                _ => return Completeness::Error,
            },
        }
    }
    if last == TokenKind::Semicolon { Completeness::Complete } else { Completeness::Incomplete }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_split(sql: &str, expected: &[&str]) {
        let limits = Limits::default();
        let shown: Vec<String> = split_statements(sql, &limits)
            .map(|item| match item {
                Ok((statement, span)) => {
                    let text = span.of(sql);
                    assert!(!text.is_empty());
                    statement.to_string()
                }
                Err(error) => format!("{}@{}", error.code, error.span.map_or(0, |span| span.start)),
            })
            .collect();
        assert_eq!(shown, expected, "{sql}");
    }

    #[test]
    fn scripts_are_split_and_go_on_after_errors() {
        check_split("", &[]);
        check_split(" ;; -- nothing\n;", &[]);
        check_split("SELECT 1; SELECT ';' -- ;\n; SELECT /* ; */ 2", &["SELECT 1", "SELECT ';'", "SELECT 2"]);
        check_split("SELECT 1; SELEC 2; SELECT 3;", &["SELECT 1", "Q0106@10", "SELECT 3"]);
        check_split("SELECT #; SELECT 3;", &["Q0101@7", "SELECT 3"]);
        check_split("SELECT (1; SELECT 3;", &["Q0107@9", "SELECT 3"]);
        check_split("SELECT 1; SELECT 'open; SELECT 3;", &["SELECT 1", "Q0102@17"]);
    }

    #[test]
    fn limits_hold_for_each_statement_not_for_the_script() {
        let limits = Limits { statement_bytes_max: 20, ..Limits::default() };
        let script = "SELECT 1; SELECT 'a long, long text'; SELECT 3;";
        let codes: Vec<_> =
            split_statements(script, &limits).map(|item| item.map_err(|e| e.code).err()).collect();
        assert_eq!(codes, [None, Some(ErrorCode::StatementTooLong), None]);
    }

    #[test]
    fn spans_of_statements_leave_semicolons_and_comments_out() {
        let texts = |sql: &str| statement_spans(sql).iter().map(|s| s.of(sql).to_owned()).collect::<Vec<_>>();
        assert_eq!(texts("-- a\nSELECT 1 ; ; SELECT ';';"), ["SELECT 1", "SELECT ';'"]);
        assert_eq!(texts("SELECT # 1; x 'open"), ["SELECT # 1", "x 'open"]);
    }

    #[test]
    fn the_shell_knows_when_to_run() {
        use Completeness::{Complete, Error, Incomplete};
        for (text, expected) in [
            ("", Complete),
            ("  -- nothing", Complete),
            ("SELECT 1;", Complete),
            ("SELECT 1; -- done", Complete),
            ("SELECT 1", Incomplete),
            ("SELECT 'a;", Incomplete),
            ("SELECT \"a;", Incomplete),
            ("SELECT /* ;", Incomplete),
            ("SELECT (1", Incomplete),
            ("SELECT 1; SELECT", Incomplete),
            ("SELECT 1)", Error),
            ("SELECT #", Error),
            ("SELECT (1;", Complete),
        ] {
            assert_eq!(is_complete(text), expected, "{text}");
        }
    }
}
