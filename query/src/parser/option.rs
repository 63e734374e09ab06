//! Options: `WITH (name = value, ...)` and COPY's `(NAME value, ...)`.

use super::cursor::{Parsed, Parser, fail, no_duplicates};
use crate::ast::{Expr, ExprKind, Ident, OptionItem, OptionValue};
use crate::lexer::TokenKind;
use crate::value::Value;

impl Parser<'_> {
    /// `[WITH (name = value, ...)]`.
    pub(super) fn with_options(&mut self) -> Parsed<Vec<OptionItem>> {
        if !self.eat("WITH") {
            return Ok(Vec::new());
        }
        self.open()?;
        let options = self.list("options", self.limits.columns_max, |p| {
            let name = p.any_ident("the name of an option")?;
            p.expect_symbol(TokenKind::Equal, "`=`")?;
            let query = p.is_symbol(TokenKind::LeftParen) && (p.is_at(1, "SELECT") || p.is_at(1, "VALUES"));
            let value = if query { p.option_query()? } else { OptionValue::Expr(p.setting_value()?) };
            Ok(OptionItem { name, value })
        })?;
        self.close()?;
        no_duplicates(options.iter().map(|option| &option.name), "option")?;
        Ok(options)
    }

    fn option_query(&mut self) -> Parsed<OptionValue> {
        self.open()?;
        let (query, height) = self.subquery()?;
        self.tallest = self.tallest.max(height);
        self.close()?;
        Ok(OptionValue::Query(query))
    }

    /// A value of an option or setting: a bare word stands for its text, ON and OFF for TRUE and FALSE.
    pub(super) fn setting_value(&mut self) -> Parsed<Expr> {
        let bare =
            !matches!(self.kind(1), Some(kind) if kind != TokenKind::Comma && kind != TokenKind::RightParen);
        let span = self.here();
        if let (true, Some(word)) = (bare, self.word(0)) {
            let value = match word.to_ascii_lowercase().as_str() {
                "true" | "on" => Value::Boolean(true),
                "false" | "off" => Value::Boolean(false),
                "null" => Value::Null,
                lower => Value::Text(lower.to_owned()),
            };
            self.advance();
            return Ok(Expr::new(ExprKind::Literal(value), span));
        }
        self.expr()
    }

    /// `[[WITH] (FORMAT x, MAP (a = b, ...), NAME value, ...)]`: the format, and the other options.
    pub(super) fn copy_options(&mut self) -> Parsed<(Option<Ident>, Vec<OptionItem>)> {
        if self.is("WITH") && self.kind(1) == Some(TokenKind::LeftParen) {
            self.advance();
        }
        if !self.eat_symbol(TokenKind::LeftParen) {
            return Ok((None, Vec::new()));
        }
        let mut options = self.list("options", self.limits.columns_max, Self::copy_option)?;
        self.close()?;
        no_duplicates(options.iter().map(|option| &option.name), "option")?;
        let Some(position) = options.iter().position(|option| option.name.name == "format") else {
            return Ok((None, options));
        };
        let format = match options.remove(position).value {
            OptionValue::Expr(Expr { kind: ExprKind::Literal(Value::Text(name)), span }) => {
                Ident { name: name.to_ascii_lowercase(), span }
            }
            OptionValue::Expr(_) | OptionValue::Query(_) | OptionValue::Map(_) => {
                return fail(self.unexpected("the name of a format behind FORMAT"));
            }
        };
        Ok((Some(format), options))
    }

    /// `SHARD 1 OF 4`, which is `SHARD '1/4'`.
    fn shard(&mut self, name: Ident) -> Parsed<OptionItem> {
        let start = self.here();
        let part = self.whole_number()?;
        self.advance();
        let of = self.whole_number()?;
        let text = ExprKind::Literal(Value::Text(format!("{part}/{of}")));
        Ok(OptionItem { name, value: OptionValue::Expr(Expr::new(text, self.since(start))) })
    }

    fn whole_number(&mut self) -> Parsed<i64> {
        match self.expr()?.kind {
            ExprKind::Literal(Value::BigInt(number)) => Ok(number),
            _ => fail(self.unexpected("a whole number, as in SHARD 1 OF 4")),
        }
    }

    fn copy_option(&mut self) -> Parsed<OptionItem> {
        let name = self.any_ident("the name of an option")?;
        if name.name == "map" && self.eat_symbol(TokenKind::LeftParen) {
            let pairs = self.list("columns of MAP", self.limits.columns_max, |p| {
                let column = p.any_ident("the name of a column")?;
                p.expect_symbol(TokenKind::Equal, "`=`")?;
                Ok((column, p.any_ident("a name in the file")?))
            })?;
            self.close()?;
            return Ok(OptionItem { name, value: OptionValue::Map(pairs) });
        }
        if name.name == "shard" && self.is_at(1, "OF") {
            return self.shard(name);
        }
        let flag = self.is_symbol(TokenKind::Comma) || self.is_symbol(TokenKind::RightParen);
        let value = if flag {
            Expr::new(ExprKind::Literal(Value::Boolean(true)), name.span)
        } else {
            self.setting_value()?
        };
        Ok(OptionItem { name, value: OptionValue::Expr(value) })
    }
}
