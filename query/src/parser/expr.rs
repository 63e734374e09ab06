//! Expressions, by precedence climbing.
//!
//! The operators wait on a list, so that the stack grows with parentheses and not with precedence.
//! Levels from loose to tight, as in PostgreSQL: OR, AND, NOT, IS, comparisons, BETWEEN/IN/LIKE, `||` and
//! distances, `+ -`, `* / %`, minus, `::`. Two bounds keep every later walk over the tree within the
//! stack: the
//! nesting depth is checked before the parser recurses, and the height of the tree, which also grows along
//! `a + b + c`, is checked before an operand is wrapped once more.

use super::cursor::{Parsed, Parser, fail, unquote};
use super::parameters::Style;
use super::words::{Missing, SUBQUERY, is_reserved, reserved_help};
use crate::ast::{ColumnName, DistanceOp, Expr, ExprKind, Ident, Query};
use crate::error::{ErrorCode, QueryError, Span};
use crate::expr::{BinaryOp, UnaryOp};
use crate::lexer::{Token, TokenKind};
use crate::value::Value;

/// Binding strengths; a greater one binds tighter.
pub(crate) mod level {
    pub(crate) const OR: u8 = 1;
    pub(crate) const AND: u8 = 2;
    pub(crate) const NOT: u8 = 3;
    pub(crate) const IS: u8 = 4;
    pub(crate) const COMPARISON: u8 = 5;
    pub(crate) const RANGE: u8 = 6;
    pub(crate) const OTHER: u8 = 7;
    pub(crate) const SUM: u8 = 8;
    pub(crate) const PRODUCT: u8 = 9;
    pub(crate) const MINUS: u8 = 10;
    pub(crate) const CAST: u8 = 11;
    pub(crate) const PRIMARY: u8 = 12;
}

/// An expression and the height of its tree, 1 for a leaf. Boxed, because most become operands anyway and the
/// frames of the recursion stay small.
pub(super) struct Grown {
    pub(super) expr: Box<Expr>,
    pub(super) height: usize,
}

impl Grown {
    pub(super) fn leaf(kind: ExprKind, span: Span) -> Grown {
        Grown { expr: Box::new(Expr::new(kind, span)), height: 1 }
    }
}

/// What may follow an operand.
#[derive(Clone, Copy)]
enum Infix {
    /// AND (true) or OR.
    Logic(bool),
    Binary(BinaryOp),
    Distance(DistanceOp),
    Is,
    /// BETWEEN, IN, LIKE, ILIKE, with the number of words before: NOT.
    Range(usize),
    Cast,
    Arrow,
}

/// An operator that waits for its right operand.
struct Pending {
    kind: PendingKind,
    /// Where its left operand starts.
    start: Span,
    /// Height of what it has so far.
    height: usize,
    /// What the operands around it ask for.
    least: u8,
}

enum PendingKind {
    Logic(bool, Vec<Expr>),
    Binary(BinaryOp, Box<Expr>),
    Distance(DistanceOp, Box<Expr>),
}

impl Infix {
    /// Whether the operator parses what follows it by itself.
    fn is_postfix(self) -> bool {
        matches!(self, Infix::Is | Infix::Range(_) | Infix::Cast | Infix::Arrow)
    }
}

impl Pending {
    fn is_logic(&self, all: bool) -> bool {
        matches!(self.kind, PendingKind::Logic(kind, _) if kind == all)
    }
}

impl Parser<'_> {
    /// An expression that is not part of another one.
    pub(super) fn expr(&mut self) -> Parsed<Expr> {
        let grown = self.grown()?;
        self.tallest = self.tallest.max(grown.height);
        Ok(*grown.expr)
    }

    /// An expression one level deeper.
    pub(super) fn grown(&mut self) -> Parsed<Grown> {
        self.enter()?;
        let grown = self.climb(level::OR)?;
        self.leave();
        Ok(grown)
    }

    /// A subquery, and its height as a part of an expression or of FROM.
    pub(super) fn subquery(&mut self) -> Parsed<(Box<Query>, usize)> {
        let outside = std::mem::take(&mut self.tallest);
        self.enter()?;
        let query = self.query()?;
        self.leave();
        let inside = std::mem::replace(&mut self.tallest, outside);
        Ok((query, self.taller(inside)?))
    }

    /// The height of a node over parts of this height.
    pub(super) fn taller(&self, height: usize) -> Parsed<usize> {
        if height < self.limits.tree_height_max {
            return Ok(height + 1);
        }
        let message = format!("expression higher than {} operators on one path", self.limits.tree_height_max);
        let error = QueryError::new(ErrorCode::TooDeep, message).at(self.before());
        fail(error.help("split it, or use AND, OR, IN and concat(...), which take long lists"))
    }

    /// Operators of `least` or tighter. The left operands wait on a list of their own and not on the
    /// stack; on
    /// it there are at most as many as levels, since each one raises `least`.
    fn climb(&mut self, mut least: u8) -> Parsed<Grown> {
        self.enter_operand()?;
        let mut pending: Vec<Pending> = Vec::new();
        let mut left = self.prefix(least)?;
        loop {
            match self.infix() {
                Some((infix, strength)) if strength >= least => {
                    if infix.is_postfix() {
                        left = self.postfix(left, infix)?;
                        continue;
                    }
                    pending.push(self.waiting(left, infix, least)?);
                    least = strength + 1;
                    left = self.prefix(least)?;
                }
                next => {
                    let Some(mut operator) = pending.pop() else { break };
                    if let Some((Infix::Logic(all), strength)) = next
                        && operator.is_logic(all)
                    {
                        self.another(&mut operator, left)?;
                        pending.push(operator);
                        least = strength + 1;
                        left = self.prefix(least)?;
                        continue;
                    }
                    least = operator.least;
                    left = self.complete(operator, left)?;
                }
            }
        }
        self.leave_operand();
        Ok(left)
    }

    /// One more operand of a chain of AND (or OR), which becomes one flat list.
    fn another(&mut self, operator: &mut Pending, operand: Grown) -> Parsed<()> {
        self.advance();
        operator.height = operator.height.max(operand.height);
        if let PendingKind::Logic(_, operands) = &mut operator.kind {
            operands.push(*operand.expr);
            self.check_length("operands of AND and OR", operands.len(), self.limits.list_length_max)?;
        }
        Ok(())
    }

    /// Takes an operator that has a right operand, and its left operand with it.
    fn waiting(&mut self, left: Grown, infix: Infix, least: u8) -> Parsed<Pending> {
        let (start, height) = (left.expr.span, left.height);
        let kind = match infix {
            Infix::Logic(all) => PendingKind::Logic(all, vec![*left.expr]),
            Infix::Distance(op) => PendingKind::Distance(op, left.expr),
            Infix::Binary(op) => {
                let quantified = ["ANY", "SOME", "ALL"].iter().any(|keyword| self.is_at(1, keyword));
                if quantified && binary_level(op) == level::COMPARISON {
                    return fail(self.quantified());
                }
                PendingKind::Binary(op, left.expr)
            }
            Infix::Is | Infix::Range(_) | Infix::Cast | Infix::Arrow => return fail(self.arrow()),
        };
        self.advance();
        Ok(Pending { kind, start, height, least })
    }

    #[cold]
    fn quantified(&mut self) -> QueryError {
        self.advance();
        Missing::new("ANY, SOME or ALL", "use IN (...), or array_contains(array, value)").error(self.here())
    }

    /// The operator with its right operand.
    fn complete(&mut self, operator: Pending, right: Grown) -> Parsed<Grown> {
        let height = operator.height.max(right.height);
        let kind = match operator.kind {
            PendingKind::Logic(all, mut operands) => {
                operands.push(*right.expr);
                ExprKind::Logic { all, operands }
            }
            PendingKind::Binary(op, left) => {
                let chained = matches!(self.infix(), Some((Infix::Binary(_), level::COMPARISON)));
                if chained && binary_level(op) == level::COMPARISON {
                    return fail(self.chained_comparison());
                }
                ExprKind::Binary { op, left, right: right.expr }
            }
            PendingKind::Distance(op, left) => ExprKind::Distance { op, left, right: right.expr },
        };
        self.grow(kind, operator.start, height)
    }

    #[cold]
    fn chained_comparison(&self) -> QueryError {
        let error = QueryError::new(ErrorCode::UnexpectedToken, "comparisons do not chain").at(self.here());
        error.help("write `a < b AND b < c`, or use parentheses")
    }

    fn infix(&self) -> Option<(Infix, u8)> {
        use BinaryOp as B;
        use TokenKind as T;
        let binary = |op, strength| Some((Infix::Binary(op), strength));
        match self.kind(0)? {
            T::Word => self.infix_word(),
            T::Equal => binary(B::Equal, level::COMPARISON),
            T::NotEqual => binary(B::NotEqual, level::COMPARISON),
            T::Less => binary(B::Less, level::COMPARISON),
            T::LessEqual => binary(B::LessEqual, level::COMPARISON),
            T::Greater => binary(B::Greater, level::COMPARISON),
            T::GreaterEqual => binary(B::GreaterEqual, level::COMPARISON),
            T::Concat => binary(B::Concat, level::OTHER),
            T::CosineDistance => Some((Infix::Distance(DistanceOp::Cosine), level::OTHER)),
            T::L2Distance => Some((Infix::Distance(DistanceOp::L2), level::OTHER)),
            T::NegativeProduct => Some((Infix::Distance(DistanceOp::NegativeInnerProduct), level::OTHER)),
            T::Plus => binary(B::Add, level::SUM),
            T::Minus => binary(B::Subtract, level::SUM),
            T::Star => binary(B::Multiply, level::PRODUCT),
            T::Slash => binary(B::Divide, level::PRODUCT),
            T::Percent => binary(B::Modulo, level::PRODUCT),
            T::DoubleColon => Some((Infix::Cast, level::CAST)),
            T::Arrow => Some((Infix::Arrow, level::OTHER)),
            _ => None,
        }
    }

    fn infix_word(&self) -> Option<(Infix, u8)> {
        let word = self.word(0)?;
        let range = |p: &Self, ahead| ["BETWEEN", "IN", "LIKE", "ILIKE"].iter().any(|k| p.is_at(ahead, k));
        if word.eq_ignore_ascii_case("AND") {
            Some((Infix::Logic(true), level::AND))
        } else if word.eq_ignore_ascii_case("OR") {
            Some((Infix::Logic(false), level::OR))
        } else if word.eq_ignore_ascii_case("IS") {
            Some((Infix::Is, level::IS))
        } else if word.eq_ignore_ascii_case("NOT") {
            range(self, 1).then_some((Infix::Range(1), level::RANGE))
        } else {
            range(self, 0).then_some((Infix::Range(0), level::RANGE))
        }
    }

    fn postfix(&mut self, left: Grown, infix: Infix) -> Parsed<Grown> {
        match infix {
            Infix::Is => self.is_null(left),
            Infix::Range(words) => self.range(left, words),
            Infix::Cast => self.cast_suffix(left),
            Infix::Logic(_) | Infix::Binary(_) | Infix::Distance(_) | Infix::Arrow => fail(self.arrow()),
        }
    }

    #[cold]
    fn arrow(&self) -> QueryError {
        Missing::new("`->`", "use json_extract(json, '$.path')").error(self.here())
    }

    fn grow(&self, kind: ExprKind, start: Span, height: usize) -> Parsed<Grown> {
        let height = self.taller(height)?;
        Ok(Grown { expr: Box::new(Expr::new(kind, self.since(start))), height })
    }

    fn is_null(&mut self, left: Grown) -> Parsed<Grown> {
        self.advance();
        let negated = self.eat("NOT");
        if !self.eat("NULL") {
            if self.is("TRUE") || self.is("FALSE") || self.is("DISTINCT") || self.is("UNKNOWN") {
                let missing =
                    Missing::new("IS TRUE, IS FALSE or IS DISTINCT FROM", "compare with =, or use IS NULL");
                return fail(missing.error(self.here()));
            }
            return fail(self.unexpected("NULL"));
        }
        let (span, height) = (left.expr.span, left.height);
        self.grow(ExprKind::IsNull { expr: left.expr, negated }, span, height)
    }

    fn range(&mut self, left: Grown, not: usize) -> Parsed<Grown> {
        let negated = not == 1;
        if negated {
            self.advance();
        }
        let grown = if self.eat("BETWEEN") {
            self.between(left, negated)
        } else if self.eat("IN") {
            self.membership(left, negated)
        } else {
            let ignore_case = self.is("ILIKE");
            self.advance();
            self.like(left, negated, ignore_case)
        }?;
        if self.is("ESCAPE") {
            return fail(self.unexpected("the end of the pattern"));
        }
        if matches!(self.infix(), Some((Infix::Range(_), _))) {
            return fail(self.chained_range());
        }
        Ok(grown)
    }

    #[cold]
    fn chained_range(&self) -> QueryError {
        let message = "BETWEEN, IN and LIKE do not chain";
        QueryError::new(ErrorCode::UnexpectedToken, message).at(self.here()).help("use parentheses")
    }

    fn between(&mut self, left: Grown, negated: bool) -> Parsed<Grown> {
        let low = self.climb(level::OTHER)?;
        self.expect("AND")?;
        let high = self.climb(level::OTHER)?;
        let (span, height) = (left.expr.span, left.height.max(low.height).max(high.height));
        let (low, high) = (low.expr, high.expr);
        self.grow(ExprKind::Between { expr: left.expr, low, high, negated }, span, height)
    }

    fn like(&mut self, left: Grown, negated: bool, ignore_case: bool) -> Parsed<Grown> {
        let pattern = self.climb(level::OTHER)?;
        let (span, height) = (left.expr.span, left.height.max(pattern.height));
        let pattern = pattern.expr;
        self.grow(ExprKind::Like { expr: left.expr, pattern, negated, ignore_case }, span, height)
    }

    fn membership(&mut self, left: Grown, negated: bool) -> Parsed<Grown> {
        self.open()?;
        let (span, expr) = (left.expr.span, left.expr);
        let (kind, height) = if self.starts_query() {
            let (query, height) = self.subquery()?;
            (ExprKind::InQuery { expr, query, negated }, height)
        } else {
            let (list, height) = self.grown_list("elements of IN")?;
            (ExprKind::InList { expr, list, negated }, height)
        };
        self.close()?;
        self.grow(kind, span, left.height.max(height))
    }

    /// Expressions between commas, and the height of the tallest.
    pub(super) fn grown_list(&mut self, what: &str) -> Parsed<(Vec<Expr>, usize)> {
        // Not by `list`, whose frames would stand between every two levels of nesting.
        let (mut list, mut tallest) = (Vec::new(), 0);
        loop {
            self.check_length(what, list.len(), self.limits.list_length_max)?;
            let grown = self.grown()?;
            tallest = tallest.max(grown.height);
            list.push(*grown.expr);
            if !self.eat_symbol(TokenKind::Comma) {
                return Ok((list, tallest));
            }
        }
    }

    fn cast_suffix(&mut self, left: Grown) -> Parsed<Grown> {
        self.advance();
        let to = Box::new(self.type_name()?);
        let (span, height) = (left.expr.span, left.height);
        self.grow(ExprKind::Cast { expr: left.expr, to }, span, height)
    }

    /// NOT and minus, counted instead of recursed into.
    fn prefix(&mut self, least: u8) -> Parsed<Grown> {
        if least <= level::NOT && self.is("NOT") {
            return self.signs(UnaryOp::Not);
        }
        match self.kind(0) {
            Some(TokenKind::Minus | TokenKind::Plus) => self.signs(UnaryOp::Negate),
            _ => self.primary(),
        }
    }

    /// A run of one sign; a plus among minuses says nothing.
    fn signs(&mut self, op: UnaryOp) -> Parsed<Grown> {
        let mut starts = Vec::new();
        loop {
            let here = self.here();
            let found = match op {
                UnaryOp::Not => self.eat("NOT"),
                UnaryOp::Negate => self.eat_symbol(TokenKind::Minus),
            };
            if found {
                starts.push(here);
                self.taller(starts.len())?;
            } else if op == UnaryOp::Not || !self.eat_symbol(TokenKind::Plus) {
                break;
            }
        }
        let mut grown = match op {
            UnaryOp::Not => self.climb(level::IS)?,
            UnaryOp::Negate => match self.negative_number(starts.last().copied())? {
                Some(literal) => {
                    starts.pop();
                    literal
                }
                None => self.climb(level::CAST)?,
            },
        };
        for start in starts.into_iter().rev() {
            grown = self.grow(ExprKind::Unary { op, expr: grown.expr }, start, grown.height)?;
        }
        Ok(grown)
    }

    /// A number behind a minus, together with it: the least BIGINT has no positive counterpart.
    fn negative_number(&mut self, minus: Option<Span>) -> Parsed<Option<Grown>> {
        let (Some(minus), Some(Token { kind: TokenKind::Number, span })) = (minus, self.peek()) else {
            return Ok(None);
        };
        if self.kind(1) == Some(TokenKind::DoubleColon) {
            return Ok(None);
        }
        let value = number(span.of(self.text), true, span)?;
        self.advance();
        Ok(Some(Grown::leaf(ExprKind::Literal(value), minus.to(span))))
    }

    fn primary(&mut self) -> Parsed<Grown> {
        let Some(token) = self.peek() else { return fail(self.unexpected("an expression")) };
        match token.kind {
            TokenKind::Word => match self.keyword_operand(token)? {
                Some(operand) => Ok(operand),
                None => self.name(),
            },
            TokenKind::QuotedName => self.name(),
            TokenKind::LeftParen => self.parenthesised(),
            TokenKind::LeftBracket => self.array(token.span),
            TokenKind::Number => self.leaf(number(token.span.of(self.text), false, token.span)?),
            TokenKind::String => self.leaf(Value::Text(unquote(token.span.of(self.text), '\''))),
            TokenKind::Question => self.parameter(Style::Question, token),
            TokenKind::Numbered => self.parameter(Style::Numbered, token),
            TokenKind::Named => self.parameter(Style::Named, token),
            _ => fail(self.unexpected("an expression")),
        }
    }

    fn leaf(&mut self, value: Value) -> Parsed<Grown> {
        let span = self.here();
        self.advance();
        Ok(Grown::leaf(ExprKind::Literal(value), span))
    }

    fn parameter(&mut self, style: Style, token: Token) -> Parsed<Grown> {
        let text = token.span.of(self.text);
        let index = self.parameters.index(style, text, token.span, self.limits)?;
        let name = (style == Style::Named).then(|| text.trim_start_matches(':').to_owned());
        self.advance();
        Ok(Grown::leaf(ExprKind::Parameter { index, name }, token.span))
    }

    fn parenthesised(&mut self) -> Parsed<Grown> {
        let start = self.here();
        self.advance();
        if self.starts_query() {
            return fail(SUBQUERY.error(start));
        }
        let grown = self.grown()?;
        self.close()?;
        Ok(grown)
    }

    /// `[a, b]`, behind ARRAY or not; `start` is where it begins.
    pub(super) fn array(&mut self, start: Span) -> Parsed<Grown> {
        self.expect_symbol(TokenKind::LeftBracket, "`[`")?;
        let (list, height) = if self.is_symbol(TokenKind::RightBracket) {
            (Vec::new(), 0)
        } else {
            self.grown_list("elements of an array")?
        };
        self.expect_symbol(TokenKind::RightBracket, "`]`")?;
        self.grow(ExprKind::List(list), start, height)
    }

    pub(super) fn starts_query(&self) -> bool {
        self.is("SELECT") || self.is("VALUES") || self.is("WITH")
    }

    /// A column, or a call.
    pub(super) fn name(&mut self) -> Parsed<Grown> {
        if let Some(word) = self.word(0)
            && is_reserved(word)
        {
            return fail(self.reserved_operand(word));
        }
        let first = self.ident("an expression")?;
        if self.is_symbol(TokenKind::LeftParen) {
            return self.call(first);
        }
        let mut column = ColumnName { qualifier: None, name: first };
        if self.eat_symbol(TokenKind::Dot) {
            let name = self.any_ident("the name of a column")?;
            column = ColumnName { qualifier: Some(column.name), name };
        }
        Ok(column_leaf(column))
    }

    fn reserved_operand(&self, word: &str) -> QueryError {
        let error = self.unexpected("an expression");
        if error.code == ErrorCode::NotSupported {
            return error;
        }
        if word.eq_ignore_ascii_case("NOT") {
            return error.help("put NOT and its operand in parentheses");
        }
        use TokenKind as T;
        let used_as_name = match self.kind(1) {
            Some(T::Word) => self.is_at(1, "FROM") || self.is_at(1, "AS"),
            Some(T::Comma | T::RightParen | T::Equal | T::NotEqual | T::Less | T::Greater) => true,
            _ => false,
        };
        if used_as_name { error.help(reserved_help(word)) } else { error }
    }
}

fn column_leaf(column: ColumnName) -> Grown {
    let Ident { span, .. } = column.name;
    let span = column.qualifier.as_ref().map_or(span, |qualifier| qualifier.span.to(span));
    Grown::leaf(ExprKind::Column(Box::new(column)), span)
}

/// Binding strength of a binary operator.
pub(crate) fn binary_level(op: BinaryOp) -> u8 {
    match op {
        BinaryOp::Add | BinaryOp::Subtract => level::SUM,
        BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Modulo => level::PRODUCT,
        BinaryOp::Concat => level::OTHER,
        BinaryOp::Equal
        | BinaryOp::NotEqual
        | BinaryOp::Less
        | BinaryOp::LessEqual
        | BinaryOp::Greater
        | BinaryOp::GreaterEqual => level::COMPARISON,
    }
}

/// Digits alone are a BIGINT where they fit; everything else is a DOUBLE, which must be finite.
fn number(text: &str, negative: bool, span: Span) -> Parsed<Value> {
    // An i64 parses nothing but digits behind the sign.
    let whole = if negative { format!("-{text}").parse::<i64>() } else { text.parse::<i64>() };
    if let Ok(whole) = whole {
        return Ok(Value::BigInt(whole));
    }
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Value::Double(if negative { -value } else { value })),
        _ => {
            let error =
                QueryError::new(ErrorCode::InvalidNumber, "number beyond the range of DOUBLE").at(span);
            fail(error.help("the largest DOUBLE is about 1.8e308"))
        }
    }
}
