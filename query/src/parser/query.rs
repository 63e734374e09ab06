//! SELECT and VALUES, FROM items, SEARCH.

use super::cursor::{Parsed, Parser, fail, no_duplicates};
use super::words::{JOIN, Missing, missing_statement};
use crate::ast::{
    Argument, Expr, ExprKind, FromItem, Ident, Lateral, OrderItem, Query, QueryBody, Search, SearchInput,
    Select, SelectItem,
};
use crate::error::{ErrorCode, QueryError, Span};
use crate::lexer::TokenKind;
use crate::value::Value;

impl Parser<'_> {
    /// SELECT or VALUES with ORDER BY, LIMIT and OFFSET.
    ///
    /// Subqueries recurse through here, so that what grows is built in its box and never lies on the stack.
    pub(super) fn query(&mut self) -> Parsed<Box<Query>> {
        let start = self.here();
        let mut query = self.query_body()?;
        self.order_and_limits(&mut query)?;
        query.span = self.since(start);
        Ok(query)
    }

    fn order_and_limits(&mut self, query: &mut Query) -> Parsed<()> {
        query.order_by = self.order_by()?;
        loop {
            if self.is("LIMIT") && query.limit.is_none() {
                self.advance();
                query.limit = Some(self.limit()?);
            } else if self.is("OFFSET") && query.offset.is_none() {
                self.advance();
                query.offset = Some(self.expr()?);
            } else {
                break;
            }
        }
        if self.is("WITH") && self.kind(1) == Some(TokenKind::LeftParen) {
            let missing =
                Missing::new("WITH (...) behind a query", "write the option in the stage, or use SET");
            return fail(missing.error(self.here()));
        }
        Ok(())
    }

    fn query_body(&mut self) -> Parsed<Box<Query>> {
        if self.eat("SELECT") {
            let select = self.select()?;
            return Ok(bare(QueryBody::Select(select)));
        }
        if self.eat("VALUES") {
            return Ok(bare(QueryBody::Values(self.rows()?)));
        }
        match self.word(0).filter(|word| word.eq_ignore_ascii_case("WITH")).and_then(missing_statement) {
            Some(missing) => fail(missing.error(self.here())),
            None => fail(self.unexpected("SELECT or VALUES")),
        }
    }

    fn limit(&mut self) -> Parsed<Expr> {
        if self.is("ALL") {
            let all = Expr::new(ExprKind::Literal(Value::Null), self.here());
            self.advance();
            return Ok(all);
        }
        self.expr()
    }

    fn order_by(&mut self) -> Parsed<Vec<OrderItem>> {
        if !self.eat("ORDER") {
            return Ok(Vec::new());
        }
        self.expect("BY")?;
        self.list("keys of ORDER BY", self.limits.columns_max, |p| {
            let expr = p.expr()?;
            let descending = p.eat("DESC");
            if !descending {
                p.eat("ASC");
            }
            let nulls_first = if p.eat("NULLS") { Some(p.first_or_last()?) } else { None };
            Ok(OrderItem { expr, descending, nulls_first })
        })
    }

    fn first_or_last(&mut self) -> Parsed<bool> {
        if self.eat("FIRST") {
            return Ok(true);
        }
        if self.eat("LAST") { Ok(false) } else { fail(self.unexpected("FIRST or LAST")) }
    }

    fn rows(&mut self) -> Parsed<Vec<Vec<Expr>>> {
        let mut width: Option<usize> = None;
        self.list("rows of VALUES", self.limits.list_length_max, |p| {
            let start = p.here();
            p.open()?;
            let row = p.list("values of a row", p.limits.columns_max, Self::row_value)?;
            p.close()?;
            let expected = *width.get_or_insert(row.len());
            if row.len() != expected {
                let message = format!("row of {} values where the first has {expected}", row.len());
                return fail(QueryError::new(ErrorCode::ColumnCount, message).at(p.since(start)));
            }
            Ok(row)
        })
    }

    fn row_value(&mut self) -> Parsed<Expr> {
        if self.is("DEFAULT") {
            let missing = Missing::new("DEFAULT as a value", "leave the column out of the column list");
            return fail(missing.error(self.here()));
        }
        self.expr()
    }

    fn select(&mut self) -> Parsed<Box<Select>> {
        let distinct = self.eat("DISTINCT");
        if distinct && self.is("ON") {
            return fail(Missing::new("DISTINCT ON", "use GROUP BY with min or max").error(self.here()));
        }
        if !distinct {
            self.eat("ALL");
        }
        let mut select = empty_select(distinct);
        select.items = self.select_items()?;
        if self.eat("FROM") {
            self.from(&mut select)?;
        }
        self.conditions(&mut select)?;
        Ok(select)
    }

    fn conditions(&mut self, select: &mut Select) -> Parsed<()> {
        select.filter = self.clause("WHERE")?;
        if self.eat("GROUP") {
            self.expect("BY")?;
            select.group_by = self.list("keys of GROUP BY", self.limits.columns_max, Self::expr)?;
        }
        select.having = self.clause("HAVING")?;
        select.qualify = self.clause("QUALIFY")?;
        Ok(())
    }

    /// `KEYWORD expr`, where the keyword stands here.
    pub(super) fn clause(&mut self, keyword: &str) -> Parsed<Option<Expr>> {
        if self.eat(keyword) { self.expr().map(Some) } else { Ok(None) }
    }

    /// The list of SELECT or RETURNING.
    pub(super) fn select_items(&mut self) -> Parsed<Vec<SelectItem>> {
        self.list("items", self.limits.columns_max, Self::select_item)
    }

    fn select_item(&mut self) -> Parsed<SelectItem> {
        let start = self.here();
        if self.eat_symbol(TokenKind::Star) {
            return Ok(SelectItem::Wildcard { span: start });
        }
        if self.kind(1) == Some(TokenKind::Dot) && self.kind(2) == Some(TokenKind::Star) {
            let qualifier = self.ident("the name of a table")?;
            self.advance();
            self.advance();
            return Ok(SelectItem::QualifiedWildcard { qualifier, span: self.since(start) });
        }
        let expr = self.expr()?;
        let alias = self.alias("a name for the column")?;
        Ok(SelectItem::Expr { expr, alias })
    }

    fn from(&mut self, select: &mut Select) -> Parsed<()> {
        if self.eat_symbol(TokenKind::LeftParen) {
            let (query, height) = self.subquery()?;
            self.tallest = self.tallest.max(height);
            self.close()?;
            select.from = Some(self.query_alias(query)?);
        } else {
            select.from = Some(self.source_item()?);
        }
        if self.is("CROSS") && self.is_at(1, "JOIN") && self.is_at(2, "LATERAL") {
            self.lateral(select)?;
        }
        if self.is_symbol(TokenKind::Comma) {
            return fail(JOIN.error(self.here()));
        }
        Ok(())
    }

    /// `CROSS JOIN LATERAL (SELECT ... SEARCH ...) [AS a [(names)]]` behind what FROM names.
    fn lateral(&mut self, select: &mut Select) -> Parsed<()> {
        let start = self.here();
        (0..3).for_each(|_| self.advance());
        if !(self.is_symbol(TokenKind::LeftParen) && self.is_at(1, "SELECT")) {
            return fail(self.unexpected("(SELECT ... FROM table SEARCH ...)"));
        }
        self.advance();
        let (query, height) = self.subquery()?;
        self.tallest = self.tallest.max(height);
        self.close()?;
        let (alias, columns) = self.derived_name()?;
        if self.is("CROSS") && self.is_at(1, "JOIN") && self.is_at(2, "LATERAL") {
            let missing = Missing::new(
                "a second LATERAL",
                "put the first one into a subquery: FROM (SELECT ...) AS a CROSS JOIN LATERAL (...)",
            );
            return fail(missing.error(self.here()));
        }
        let span = self.since(start);
        if let Some(left) = select.from.take() {
            select.from = Some(FromItem::Lateral(Box::new(Lateral { left, query, alias, columns, span })));
        }
        Ok(())
    }

    /// `[AS a [(names)]]`.
    fn derived_name(&mut self) -> Parsed<(Option<Ident>, Vec<Ident>)> {
        let alias = self.alias("an alias")?;
        let columns = match alias {
            Some(_) if self.is_symbol(TokenKind::LeftParen) => self.column_list()?,
            _ => Vec::new(),
        };
        Ok((alias, columns))
    }

    /// What FROM takes rows from, unless it is in parentheses.
    fn source_item(&mut self) -> Parsed<FromItem> {
        if self.is("VALUES") {
            return self.values_item();
        }
        self.plain_item()
    }

    /// A table or a read function.
    pub(super) fn plain_item(&mut self) -> Parsed<FromItem> {
        let name = self.ident("the name of a table")?;
        if self.is_symbol(TokenKind::LeftParen) {
            return self.function_item(name);
        }
        if self.is_symbol(TokenKind::Dot) {
            let missing =
                Missing::new("a schema name", "a database has one list of tables: write the table alone");
            return fail(missing.error(self.here()));
        }
        let alias = self.alias("an alias")?;
        let search = if self.is("SEARCH") { Some(Box::new(self.search()?)) } else { None };
        Ok(FromItem::Table { table: name, alias, search })
    }

    /// `FROM VALUES (...)`: only rows, so that a WHERE behind it is the outer one's. It is printed in
    /// parentheses, and so counts as a level.
    fn values_item(&mut self) -> Parsed<FromItem> {
        let start = self.here();
        self.advance();
        let outside = std::mem::take(&mut self.tallest);
        self.enter()?;
        let mut query = bare(QueryBody::Values(self.rows()?));
        self.leave();
        self.tallest = outside.max(self.taller(self.tallest)?);
        query.span = self.since(start);
        self.query_alias(query)
    }

    fn query_alias(&mut self, query: Box<Query>) -> Parsed<FromItem> {
        let (alias, columns) = self.derived_name()?;
        if self.is("SEARCH") {
            let error =
                QueryError::new(ErrorCode::UnexpectedToken, "SEARCH behind a subquery").at(self.here());
            return fail(error.help("SEARCH stands behind a table: FROM table SEARCH 'text'"));
        }
        Ok(FromItem::Query { query, alias, columns })
    }

    fn function_item(&mut self, name: Ident) -> Parsed<FromItem> {
        self.open()?;
        let args = if self.is_symbol(TokenKind::RightParen) {
            Vec::new()
        } else {
            self.list("arguments", self.limits.columns_max, Self::argument)?
        };
        self.close()?;
        no_duplicates(args.iter().filter_map(|arg| arg.name.as_ref()), "argument")?;
        let first_named = args.iter().position(|arg| arg.name.is_some()).unwrap_or(args.len());
        if let Some(late) = args.iter().skip(first_named).find(|arg| arg.name.is_none()) {
            let message = "argument without a name behind a named one";
            return fail(QueryError::new(ErrorCode::UnexpectedToken, message).at(late.value.span));
        }
        let alias = self.alias("an alias")?;
        Ok(FromItem::Function { name, args, alias })
    }

    fn argument(&mut self) -> Parsed<Argument> {
        let name = if self.kind(1) == Some(TokenKind::Becomes) {
            let name = self.any_ident("the name of an argument")?;
            self.advance();
            Some(name)
        } else {
            None
        };
        Ok(Argument { name, value: self.expr()? })
    }

    fn search(&mut self) -> Parsed<Search> {
        let start = self.here();
        self.advance();
        let named = self.is_symbol(TokenKind::LeftParen)
            && (self.is_at(1, "TEXT") || self.is_at(1, "VECTOR"))
            && self.kind(2) == Some(TokenKind::Becomes);
        let input = if named { self.named_input()? } else { SearchInput::Expr(self.expr()?) };
        let via = if self.eat("VIA") { Some(self.via()?) } else { None };
        Ok(Search { input, via, span: self.since(start) })
    }

    fn named_input(&mut self) -> Parsed<SearchInput> {
        self.open()?;
        let (mut text, mut vector): (Option<Expr>, Option<Expr>) = (None, None);
        loop {
            let name = self.here();
            let slot = if self.eat("TEXT") {
                &mut text
            } else if self.eat("VECTOR") {
                &mut vector
            } else {
                return fail(self.unexpected("TEXT or VECTOR"));
            };
            self.expect_symbol(TokenKind::Becomes, "`=>`")?;
            if slot.is_some() {
                return fail(given_twice(name));
            }
            *slot = Some(self.expr()?);
            if !self.eat_symbol(TokenKind::Comma) {
                break;
            }
        }
        self.close()?;
        Ok(SearchInput::Named { text, vector })
    }
}

/// A query of rows alone.
fn bare(body: QueryBody) -> Box<Query> {
    Box::new(Query { body, order_by: Vec::new(), limit: None, offset: None, span: Span::default() })
}

fn empty_select(distinct: bool) -> Box<Select> {
    Box::new(Select {
        distinct,
        items: Vec::new(),
        from: None,
        filter: None,
        group_by: Vec::new(),
        having: None,
        qualify: None,
    })
}

fn given_twice(span: Span) -> QueryError {
    QueryError::new(ErrorCode::Duplicate, "the same part of SEARCH is given twice").at(span)
}
