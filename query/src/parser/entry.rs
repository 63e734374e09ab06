//! Entry points for one text.

use super::cursor::Parser;
use crate::ast::{Chain, Expr, Statement};
use crate::error::{ErrorCode, QueryError, Span};
use crate::lexer::{Lexer, Token, TokenKind};
use crate::limits::Limits;

/// Parses one statement; semicolons behind it are allowed.
///
/// # Errors
/// Q01xx where the text is no statement of the language, Q05xx where it exceeds a limit.
pub fn parse_statement(sql: &str, limits: &Limits) -> Result<Statement, QueryError> {
    let mut tokens = tokens(sql, limits)?;
    while tokens.last().is_some_and(|token| token.kind == TokenKind::Semicolon) {
        tokens.pop();
    }
    statement_of(sql, &tokens, limits)
}

/// Parses `chain [SCORE BY expr]`, the text of a stored pipeline; parameters are refused.
///
/// # Errors
/// As [`parse_statement`].
pub fn parse_chain(sql: &str, limits: &Limits) -> Result<Chain, QueryError> {
    let tokens = tokens(sql, limits)?;
    let mut parser = Parser::new(sql, &tokens, limits);
    let chain = parser.chain()?;
    parser.end()?;
    parser.parameters.none("a stored pipeline")?;
    Ok(chain)
}

/// Parses one expression, such as the text of a stored DEFAULT; parameters are counted from 0 as in a
/// statement.
///
/// # Errors
/// As [`parse_statement`].
pub fn parse_expression(sql: &str, limits: &Limits) -> Result<Expr, QueryError> {
    let tokens = tokens(sql, limits)?;
    let mut parser = Parser::new(sql, &tokens, limits);
    let expr = parser.expr()?;
    parser.end()?;
    Ok(expr)
}

/// Parses the tokens of one statement without its semicolon.
pub(super) fn statement_of(text: &str, tokens: &[Token], limits: &Limits) -> Result<Statement, QueryError> {
    if tokens.is_empty() {
        return Err(QueryError::new(ErrorCode::EmptyStatement, "there is no statement in the text"));
    }
    let mut parser = Parser::new(text, tokens, limits);
    let kind = parser.statement()?;
    parser.end()?;
    Ok(Statement { kind, parameters: parser.parameters.parameters })
}

fn tokens(sql: &str, limits: &Limits) -> Result<Vec<Token>, QueryError> {
    check_bytes(Span::new(0, sql.len()), limits)?;
    let mut lexer = Lexer::new(sql, 0);
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next()? {
        check_count(tokens.len(), token.span, limits)?;
        tokens.push(token);
    }
    Ok(tokens)
}

pub(super) fn check_bytes(span: Span, limits: &Limits) -> Result<(), QueryError> {
    let (bytes, bytes_max) = (span.end - span.start, limits.statement_bytes_max);
    if bytes <= bytes_max {
        return Ok(());
    }
    let message = format!("statement of {bytes} bytes or more; at most {bytes_max} are allowed");
    let error = QueryError::new(ErrorCode::StatementTooLong, message).at(Span::new(span.start, span.start));
    Err(error.help("bind long values as parameters, or load them with COPY"))
}

pub(super) fn check_count(count: usize, span: Span, limits: &Limits) -> Result<(), QueryError> {
    if count < limits.tokens_max {
        return Ok(());
    }
    let message = format!("statement of more than {} tokens", limits.tokens_max);
    let error = QueryError::new(ErrorCode::TooManyTokens, message).at(span);
    Err(error.help("bind long values as parameters, or load them with COPY"))
}
