//! Operands that begin with a word: literals, CASE, CAST, calls; and types.

use super::cursor::{Parsed, Parser, fail};
use super::expr::Grown;
use super::words::{Missing, SUBQUERY};
use crate::ast::{Call, Expr, ExprKind, Ident, TypeName};
use crate::error::{ErrorCode, QueryError, Span};
use crate::lexer::{Token, TokenKind};
use crate::timestamp::parse_timestamp;
use crate::value::{DataType, Value, VectorFormat};

/// Names of types, for "did you mean".
const TYPES: [&str; 9] =
    ["BIGINT", "INTEGER", "DOUBLE", "REAL", "BOOLEAN", "TEXT", "TIMESTAMP", "JSON", "VECTOR"];

impl Parser<'_> {
    /// The operand that the word begins if it is a keyword here; None: it is a name.
    pub(super) fn keyword_operand(&mut self, token: Token) -> Parsed<Option<Grown>> {
        let word = token.span.of(self.text);
        let is = |keyword: &str| word.eq_ignore_ascii_case(keyword);
        let first = word.as_bytes().first().map_or(0, u8::to_ascii_lowercase);
        let operand = match (first, self.kind(1)) {
            (b'n', _) if is("NULL") => self.word_leaf(Value::Null, token.span),
            (b't', _) if is("TRUE") => self.word_leaf(Value::Boolean(true), token.span),
            (b'f', _) if is("FALSE") => self.word_leaf(Value::Boolean(false), token.span),
            (b'c', _) if is("CASE") => self.case(token.span),
            (b'c', Some(TokenKind::LeftParen)) if is("CAST") => self.cast_call(token.span),
            (b't', Some(TokenKind::String)) if is("TIMESTAMP") => self.timestamp(token.span),
            (b'a', Some(TokenKind::LeftBracket)) if is("ARRAY") => {
                self.advance();
                self.array(token.span)
            }
            (b'e', Some(TokenKind::LeftParen)) if is("EXISTS") => fail(self.unexpected("an expression")),
            (b's', _) if is("SELECT") => fail(SUBQUERY.error(token.span)),
            (b'd' | b'i', Some(TokenKind::String)) if is("DATE") || is("INTERVAL") => {
                let missing = Missing::new("a DATE or INTERVAL literal", "write TIMESTAMP '2024-01-31'");
                fail(missing.error(token.span))
            }
            _ => return Ok(None),
        };
        operand.map(Some)
    }

    fn word_leaf(&mut self, value: Value, span: Span) -> Parsed<Grown> {
        self.advance();
        Ok(Grown::leaf(ExprKind::Literal(value), span))
    }

    fn timestamp(&mut self, start: Span) -> Parsed<Grown> {
        self.advance();
        let text = self.text_literal("the text of the timestamp")?;
        let Some(microseconds) = parse_timestamp(&text.value) else {
            let shown: String = text.value.chars().take(40).collect();
            let message = format!("`{shown}` is not a timestamp");
            let error = QueryError::new(ErrorCode::InvalidLiteral, message).at(text.span);
            return fail(error.help("write TIMESTAMP '2024-01-31 23:59:59'"));
        };
        let kind = ExprKind::Literal(Value::Timestamp(microseconds));
        Ok(Grown::leaf(kind, start.to(text.span)))
    }

    fn case(&mut self, start: Span) -> Parsed<Grown> {
        self.advance();
        let mut height = 0;
        let mut part = |p: &mut Self| -> Parsed<Expr> {
            let grown = p.grown()?;
            height = height.max(grown.height);
            Ok(*grown.expr)
        };
        let operand = if self.is("WHEN") { None } else { Some(Box::new(part(self)?)) };
        let mut branches = Vec::new();
        self.expect("WHEN")?;
        loop {
            self.check_length("branches of CASE", branches.len(), self.limits.list_length_max)?;
            let condition = part(self)?;
            self.expect("THEN")?;
            branches.push((condition, part(self)?));
            if !self.eat("WHEN") {
                break;
            }
        }
        let otherwise = if self.eat("ELSE") { Some(Box::new(part(self)?)) } else { None };
        self.expect("END")?;
        let expr = Expr::new(ExprKind::Case { operand, branches, otherwise }, self.since(start));
        Ok(Grown { expr: Box::new(expr), height: self.taller(height)? })
    }

    fn cast_call(&mut self, start: Span) -> Parsed<Grown> {
        self.advance();
        self.open()?;
        let grown = self.grown()?;
        self.expect("AS")?;
        let to = Box::new(self.type_name()?);
        self.close()?;
        let expr = Expr::new(ExprKind::Cast { expr: grown.expr, to }, self.since(start));
        Ok(Grown { expr: Box::new(expr), height: self.taller(grown.height)? })
    }

    /// `name(...)`, from the parenthesis on.
    pub(super) fn call(&mut self, name: Ident) -> Parsed<Grown> {
        self.open()?;
        let span = name.span;
        let mut call = Call { name, args: Vec::new(), distinct: false, star: false };
        let mut height = 0;
        if self.eat_symbol(TokenKind::Star) {
            call.star = true;
        } else if !self.is_symbol(TokenKind::RightParen) {
            call.distinct = self.eat("DISTINCT");
            if self.starts_query() {
                return fail(SUBQUERY.error(self.here()));
            }
            (call.args, height) = self.grown_list("arguments")?;
        }
        self.close()?;
        if self.is("OVER") || (self.is("FILTER") && self.kind(1) == Some(TokenKind::LeftParen)) {
            return fail(self.unexpected("an operator"));
        }
        let expr = Expr::new(ExprKind::Call(Box::new(call)), self.since(span));
        Ok(Grown { expr: Box::new(expr), height: self.taller(height)? })
    }

    /// A type, with `[]` behind it for an array.
    pub(super) fn type_name(&mut self) -> Parsed<TypeName> {
        let start = self.here();
        let Some(word) = self.word(0) else { return fail(self.unexpected("a type")) };
        let mut data_type = self.scalar_type(word)?;
        if self.eat_symbol(TokenKind::LeftBracket) {
            self.expect_symbol(TokenKind::RightBracket, "`]`")?;
            if matches!(data_type, DataType::Vector { .. }) {
                return fail(unknown_type("there are no arrays of VECTOR", self.since(start)));
            }
            data_type = DataType::List(Box::new(data_type));
            if self.is_symbol(TokenKind::LeftBracket) {
                return fail(unknown_type("there are no arrays of arrays", self.since(start)));
            }
        }
        Ok(TypeName { data_type, span: self.since(start) })
    }

    fn scalar_type(&mut self, word: &str) -> Parsed<DataType> {
        let span = self.here();
        let any = |names: &[&str]| names.iter().any(|name| word.eq_ignore_ascii_case(name));
        let data_type = if any(&["BIGINT", "INT8"]) {
            DataType::BigInt
        } else if any(&["INTEGER", "INT", "INT4"]) {
            DataType::Integer
        } else if any(&["DOUBLE", "FLOAT8", "FLOAT"]) {
            DataType::Double
        } else if any(&["REAL", "FLOAT4"]) {
            DataType::Real
        } else if any(&["BOOLEAN", "BOOL"]) {
            DataType::Boolean
        } else if any(&["TEXT", "VARCHAR", "STRING"]) {
            DataType::Text
        } else if any(&["TIMESTAMP"]) {
            DataType::Timestamp
        } else if any(&["JSON"]) {
            DataType::Json
        } else if any(&["VECTOR"]) {
            self.advance();
            return self.vector_type();
        } else {
            let error = self.unexpected("a type");
            if error.code == ErrorCode::NotSupported {
                return fail(error);
            }
            let error = unknown_type(format!("unknown type `{word}`"), span).did_you_mean(word, TYPES);
            let list =
                "the types are BIGINT, INTEGER, DOUBLE, REAL, BOOLEAN, TEXT, TIMESTAMP, JSON, VECTOR(n)";
            return fail(if error.help.is_none() { error.help(list) } else { error });
        };
        self.advance();
        if word.eq_ignore_ascii_case("DOUBLE") {
            self.eat("PRECISION");
        }
        if self.is_symbol(TokenKind::LeftParen) {
            let error = unknown_type(format!("type `{word}` takes no length"), self.here());
            return fail(error.help("leave the parentheses out"));
        }
        Ok(data_type)
    }

    fn vector_type(&mut self) -> Parsed<DataType> {
        if !self.eat_symbol(TokenKind::LeftParen) {
            return Ok(DataType::Vector { dimension: None, format: VectorFormat::F32 });
        }
        let dimension = self.dimension()?;
        let mut format = VectorFormat::F32;
        if self.eat_symbol(TokenKind::Comma) {
            format = if self.eat("F32") {
                VectorFormat::F32
            } else if self.eat("F16") {
                VectorFormat::F16
            } else if self.eat("I8") {
                VectorFormat::I8
            } else if self.is("BF16") {
                return fail(Missing::new("BF16", "use F16, which has more digits").error(self.here()));
            } else {
                return fail(self.unexpected("F32, F16 or I8"));
            };
        }
        self.close()?;
        Ok(DataType::Vector { dimension: Some(dimension), format })
    }

    fn dimension(&mut self) -> Parsed<u32> {
        let Some(Token { kind: TokenKind::Number, span }) = self.peek() else {
            return fail(self.unexpected("the dimension"));
        };
        let text = span.of(self.text);
        let dimension_max = self.limits.dimension_max;
        let found = text.parse::<u32>().ok().filter(|n| (1..=dimension_max).contains(n));
        self.advance();
        let Some(dimension) = found else {
            let shown: String = text.chars().take(40).collect();
            return fail(unknown_type(
                format!("dimension {shown} is not between 1 and {dimension_max}"),
                span,
            ));
        };
        Ok(dimension)
    }
}

fn unknown_type(message: impl Into<String>, span: Span) -> QueryError {
    QueryError::new(ErrorCode::UnknownType, message).at(span)
}
