//! The place in the tokens, and what all parsers share: keywords, names, lists, depth.
//!
//! The parser only looks ahead and never goes back, so its time is linear in the number of tokens.

use super::parameters::ParameterList;
use super::words::{is_reserved, missing_clause, reserved_help};
use crate::ast::{Ident, TextLiteral};
use crate::error::{ErrorCode, QueryError, Span, nearest};
use crate::lexer::{Token, TokenKind};
use crate::limits::Limits;

/// Errors are boxed inside the parser, because every frame of the recursion has room for several results.
pub(super) type Parsed<T> = Result<T, Box<QueryError>>;

#[cold]
pub(super) fn fail<T>(error: QueryError) -> Parsed<T> {
    Err(Box::new(error))
}

pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    tokens: &'a [Token],
    at: usize,
    pub(super) limits: &'a Limits,
    depth: usize,
    operands: usize,
    /// Height of the tallest expression since this was last taken; see `expr.rs`.
    pub(super) tallest: usize,
    pub(super) parameters: ParameterList,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str, tokens: &'a [Token], limits: &'a Limits) -> Parser<'a> {
        Parser {
            text,
            tokens,
            at: 0,
            limits,
            depth: 0,
            operands: 0,
            tallest: 0,
            parameters: ParameterList::default(),
        }
    }

    pub(super) fn peek(&self) -> Option<Token> {
        self.tokens.get(self.at).copied()
    }

    pub(super) fn kind(&self, ahead: usize) -> Option<TokenKind> {
        self.tokens.get(self.at + ahead).map(|token| token.kind)
    }

    /// The text of the token if it is an unquoted word.
    pub(super) fn word(&self, ahead: usize) -> Option<&'a str> {
        let token = self.tokens.get(self.at + ahead)?;
        (token.kind == TokenKind::Word).then(|| token.span.of(self.text))
    }

    pub(super) fn advance(&mut self) {
        self.at += 1;
    }

    /// Place of the next token; at the end, the empty place behind the last one.
    pub(super) fn here(&self) -> Span {
        match self.peek() {
            Some(token) => token.span,
            None => {
                let end = self.before().end;
                Span::new(end, end)
            }
        }
    }

    /// Place of the token that was taken last.
    pub(super) fn before(&self) -> Span {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or_else(Span::default, |t| t.span)
    }

    /// From `start` to the token that was taken last.
    pub(super) fn since(&self, start: Span) -> Span {
        start.to(self.before())
    }

    pub(super) fn is_at(&self, ahead: usize, keyword: &str) -> bool {
        self.word(ahead).is_some_and(|word| word.eq_ignore_ascii_case(keyword))
    }

    pub(super) fn is(&self, keyword: &str) -> bool {
        self.is_at(0, keyword)
    }

    pub(super) fn is_symbol(&self, kind: TokenKind) -> bool {
        self.kind(0) == Some(kind)
    }

    pub(super) fn eat(&mut self, keyword: &str) -> bool {
        let found = self.is(keyword);
        self.at += usize::from(found);
        found
    }

    /// Takes both words or neither.
    pub(super) fn eat_two(&mut self, first: &str, second: &str) -> bool {
        let found = self.is(first) && self.is_at(1, second);
        self.at += 2 * usize::from(found);
        found
    }

    pub(super) fn eat_symbol(&mut self, kind: TokenKind) -> bool {
        let found = self.is_symbol(kind);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, keyword: &'static str) -> Parsed<()> {
        if self.eat(keyword) {
            return Ok(());
        }
        let error = self.unexpected(keyword);
        match self.word(0).and_then(|word| nearest(word, [keyword])) {
            Some(_) => fail(error.help(format!("did you mean `{keyword}`?"))),
            None => fail(error),
        }
    }

    pub(super) fn expect_symbol(&mut self, kind: TokenKind, shown: &str) -> Parsed<()> {
        if self.eat_symbol(kind) { Ok(()) } else { fail(self.unexpected(shown)) }
    }

    pub(super) fn open(&mut self) -> Parsed<()> {
        self.expect_symbol(TokenKind::LeftParen, "`(`")
    }

    pub(super) fn close(&mut self) -> Parsed<()> {
        self.expect_symbol(TokenKind::RightParen, "`)`")
    }

    /// "expected X, found Y" at the next token; SQL that is only missing from this version says so instead.
    pub(super) fn unexpected(&self, expected: &str) -> QueryError {
        let Some(token) = self.peek() else {
            let message = format!("expected {expected}, found the end of the statement");
            return QueryError::new(ErrorCode::UnexpectedEnd, message).at(self.here());
        };
        if let Some(missing) = self.word(0).and_then(missing_clause) {
            return missing.error(token.span);
        }
        let shown = self.shown(token);
        let message = format!("expected {expected}, found {shown}");
        QueryError::new(ErrorCode::UnexpectedToken, message).at(token.span)
    }

    /// A token as errors show it, cut to a length that fits a line.
    fn shown(&self, token: Token) -> String {
        const CHARS_MAX: usize = 40;
        let text = token.span.of(self.text);
        let start: String = text.chars().take(CHARS_MAX).collect();
        if start.len() < text.len() { format!("`{start}...`") } else { format!("`{start}`") }
    }

    /// A name: a quoted one, or a word that is not reserved.
    pub(super) fn ident(&mut self, what: &str) -> Parsed<Ident> {
        if let Some(word) = self.word(0)
            && is_reserved(word)
        {
            let error = self.unexpected(what);
            if error.code == ErrorCode::NotSupported {
                return fail(error);
            }
            return fail(QueryError { code: ErrorCode::ReservedWord, ..error }.help(reserved_help(word)));
        }
        self.any_ident(what)
    }

    /// A name where no keyword can stand: behind a dot, or before `=` and `=>`.
    pub(super) fn any_ident(&mut self, what: &str) -> Parsed<Ident> {
        let Some(token) = self.peek() else { return fail(self.unexpected(what)) };
        let text = token.span.of(self.text);
        let name = match token.kind {
            TokenKind::Word => text.to_ascii_lowercase(),
            TokenKind::QuotedName => unquote(text, '"'),
            _ => return fail(self.unexpected(what)),
        };
        let bytes_max = self.limits.identifier_bytes_max;
        if name.len() > bytes_max {
            let message = format!("name of {} bytes; at most {bytes_max} are allowed", name.len());
            return fail(QueryError::new(ErrorCode::IdentifierTooLong, message).at(token.span));
        }
        self.advance();
        Ok(Ident { name, span: token.span })
    }

    /// `a` or `a.b.c`, joined by dots.
    pub(super) fn dotted(&mut self, what: &str) -> Parsed<Ident> {
        let mut joined = self.any_ident(what)?;
        while self.eat_symbol(TokenKind::Dot) {
            let part = self.any_ident(what)?;
            joined.name.push('.');
            joined.name.push_str(&part.name);
            joined.span = joined.span.to(part.span);
            let bytes_max = self.limits.identifier_bytes_max;
            if joined.name.len() > bytes_max {
                let message = format!("name of more than {bytes_max} bytes");
                return fail(QueryError::new(ErrorCode::IdentifierTooLong, message).at(joined.span));
            }
        }
        Ok(joined)
    }

    /// `[AS] name`, where a name can be told from what follows.
    pub(super) fn alias(&mut self, what: &str) -> Parsed<Option<Ident>> {
        if self.eat("AS") {
            return self.ident(what).map(Some);
        }
        let implicit = match self.kind(0) {
            Some(TokenKind::QuotedName) => true,
            Some(TokenKind::Word) => {
                self.word(0).is_some_and(|w| !is_reserved(w)) && !self.starts_missing_clause()
            }
            _ => false,
        };
        if implicit { self.ident(what).map(Some) } else { Ok(None) }
    }

    /// Clauses of other SQLs whose first word is not reserved, told from an alias by what follows it.
    fn starts_missing_clause(&self) -> bool {
        (self.is("AFTER") && self.kind(1) == Some(TokenKind::String))
            || (self.is("TABLESAMPLE") && self.word(1).is_some())
            || (self.is("FOR") && self.word(1).is_some())
            // Behind TRAIN ... FROM t it is no alias.
            || (self.is("CONCURRENTLY") && self.kind(1).is_none())
    }

    pub(super) fn text_literal(&mut self, what: &str) -> Parsed<TextLiteral> {
        match self.peek() {
            Some(Token { kind: TokenKind::String, span }) => {
                self.advance();
                Ok(TextLiteral { value: unquote(span.of(self.text), '\''), span })
            }
            _ => fail(self.unexpected(what)),
        }
    }

    /// One level deeper; refused before the stack can notice.
    pub(super) fn enter(&mut self) -> Parsed<()> {
        if self.depth >= self.limits.nesting_depth_max {
            return fail(self.too_deep());
        }
        self.depth += 1;
        Ok(())
    }

    /// Undoes `enter`; left out on the way of an error, which ends the parse.
    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// NOT, minus and BETWEEN recurse without parentheses; on average they may do so this often in a level.
    const OPERANDS_PER_LEVEL: usize = 2;

    pub(super) fn enter_operand(&mut self) -> Parsed<()> {
        if self.operands >= Self::OPERANDS_PER_LEVEL * self.limits.nesting_depth_max {
            return fail(self.too_deep());
        }
        self.operands += 1;
        Ok(())
    }

    pub(super) fn leave_operand(&mut self) {
        self.operands -= 1;
    }

    #[cold]
    fn too_deep(&self) -> QueryError {
        let message = format!("nested deeper than {} levels", self.limits.nesting_depth_max);
        let error = QueryError::new(ErrorCode::TooDeep, message).at(self.here());
        error.help("leave out parentheses, or split the statement")
    }

    /// At least one item, between commas.
    pub(super) fn list<T>(
        &mut self,
        what: &str,
        length_max: usize,
        mut item: impl FnMut(&mut Self) -> Parsed<T>,
    ) -> Parsed<Vec<T>> {
        let mut items = Vec::new();
        loop {
            self.check_length(what, items.len(), length_max)?;
            items.push(item(self)?);
            if !self.eat_symbol(TokenKind::Comma) {
                return Ok(items);
            }
        }
    }

    pub(super) fn check_length(&self, what: &str, length: usize, length_max: usize) -> Parsed<()> {
        if length < length_max {
            return Ok(());
        }
        let message = format!("too many {what}; at most {length_max} are allowed");
        fail(QueryError::new(ErrorCode::ListTooLong, message).at(self.here()))
    }

    /// `(name, name, ...)` without repetitions.
    pub(super) fn column_list(&mut self) -> Parsed<Vec<Ident>> {
        self.open()?;
        let columns = self.list("columns", self.limits.columns_max, |p| p.ident("the name of a column"))?;
        self.close()?;
        no_duplicates(columns.iter(), "column")?;
        Ok(columns)
    }

    /// The statement must end here.
    pub(super) fn end(&mut self) -> Parsed<()> {
        let Some(token) = self.peek() else { return Ok(()) };
        let error = self.unexpected("the end of the statement");
        if error.code == ErrorCode::NotSupported {
            return fail(error);
        }
        if token.kind == TokenKind::Semicolon {
            let message = "a second statement follows where only one is expected";
            return fail(QueryError::new(ErrorCode::SeveralStatements, message).at(token.span));
        }
        fail(self.suggest_clause(error))
    }

    /// `SELECT id FORM t`: the misspelt keyword is here, or it was taken for an alias just before.
    fn suggest_clause(&self, error: QueryError) -> QueryError {
        const CLAUSES: [&str; 16] = [
            "FROM",
            "WHERE",
            "GROUP",
            "HAVING",
            "QUALIFY",
            "ORDER",
            "LIMIT",
            "OFFSET",
            "SEARCH",
            "VIA",
            "THEN",
            "SCORE",
            "WITH",
            "RETURNING",
            "METRICS",
            "AS",
        ];
        let previous = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        let previous = previous.filter(|t| t.kind == TokenKind::Word).map(|t| t.span.of(self.text));
        for word in [previous, self.word(0)].into_iter().flatten() {
            if let Some(keyword) = nearest(word, CLAUSES)
                && !keyword.eq_ignore_ascii_case(word)
            {
                return error.help(format!("did you mean `{keyword}` instead of `{word}`?"));
            }
        }
        error
    }
}

/// The text between quotes, doubled quotes made single.
pub(super) fn unquote(quoted: &str, quote: char) -> String {
    let inner = quoted.strip_prefix(quote).and_then(|text| text.strip_suffix(quote)).unwrap_or(quoted);
    if !inner.contains(quote) {
        return inner.to_owned();
    }
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        out.push(c);
        if c == quote {
            chars.next();
        }
    }
    out
}

/// Names must differ.
pub(super) fn no_duplicates<'a>(names: impl Iterator<Item = &'a Ident>, what: &str) -> Parsed<()> {
    let mut sorted: Vec<&Ident> = names.collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name).then(a.span.start.cmp(&b.span.start)));
    let repeated = sorted.iter().zip(sorted.iter().skip(1)).find(|(a, b)| a.name == b.name);
    match repeated {
        Some((_, again)) => {
            let message = format!("{what} `{}` is given twice", again.name);
            fail(QueryError::new(ErrorCode::Duplicate, message).at(again.span))
        }
        None => Ok(()),
    }
}
