//! INSERT, UPDATE, DELETE, COPY.

use super::cursor::{Parsed, Parser, fail, no_duplicates};
use super::words::{JOIN, Missing};
use crate::ast::{
    Assignment, ConflictAction, Copy, CopySource, CopyTo, Delete, FromItem, Ident, ImportTarget, Insert,
    OnConflict, Query, QueryBody, Select, SelectItem, StatementKind, TextLiteral, Update,
};
use crate::ast::{ColumnName, Expr, ExprKind};
use crate::lexer::TokenKind;

impl Parser<'_> {
    pub(super) fn insert(&mut self) -> Parsed<StatementKind> {
        if self.is("OR") {
            let missing =
                Missing::new("INSERT OR ...", "use ON CONFLICT (key) DO NOTHING, or DO UPDATE SET ...");
            return fail(missing.error(self.here()));
        }
        self.expect("INTO")?;
        let table = self.ident("the name of a table")?;
        let columns = if self.is_symbol(TokenKind::LeftParen) { self.column_list()? } else { Vec::new() };
        if self.is("DEFAULT") {
            return fail(Missing::new("DEFAULT VALUES", "give at least the primary key").error(self.here()));
        }
        let source = self.query()?;
        let on_conflict = if self.is("ON") { Some(self.on_conflict()?) } else { None };
        let returning = self.returning()?;
        Ok(StatementKind::Insert(Box::new(Insert { table, columns, source, on_conflict, returning })))
    }

    fn on_conflict(&mut self) -> Parsed<OnConflict> {
        let start = self.here();
        self.advance();
        self.expect("CONFLICT")?;
        let columns = if self.is_symbol(TokenKind::LeftParen) { self.column_list()? } else { Vec::new() };
        self.expect("DO")?;
        let action = if self.eat("NOTHING") {
            ConflictAction::Nothing
        } else if self.eat("UPDATE") {
            self.expect("SET")?;
            ConflictAction::Update(self.assignments()?)
        } else {
            return fail(self.unexpected("NOTHING or UPDATE SET"));
        };
        if self.is("WHERE") {
            let missing = Missing::new("WHERE in ON CONFLICT", "use CASE WHEN ... in the assignments");
            return fail(missing.error(self.here()));
        }
        Ok(OnConflict { columns, action, span: self.since(start) })
    }

    fn assignments(&mut self) -> Parsed<Vec<Assignment>> {
        if self.is_symbol(TokenKind::LeftParen) {
            let missing = Missing::new("SET (a, b) = ...", "write SET a = ..., b = ...");
            return fail(missing.error(self.here()));
        }
        let assignments = self.list("assignments", self.limits.columns_max, |p| {
            let column = p.ident("the name of a column")?;
            p.expect_symbol(TokenKind::Equal, "`=`")?;
            Ok(Assignment { column, value: p.expr()? })
        })?;
        no_duplicates(assignments.iter().map(|assignment| &assignment.column), "column")?;
        Ok(assignments)
    }

    fn returning(&mut self) -> Parsed<Vec<SelectItem>> {
        if self.eat("RETURNING") { self.select_items() } else { Ok(Vec::new()) }
    }

    pub(super) fn update(&mut self) -> Parsed<StatementKind> {
        let table = self.ident("the name of a table")?;
        self.expect("SET")?;
        let assignments = self.assignments()?;
        if self.is("FROM") {
            return fail(JOIN.error(self.here()));
        }
        let filter = self.clause("WHERE")?;
        let returning = self.returning()?;
        Ok(StatementKind::Update(Box::new(Update { table, assignments, filter, returning })))
    }

    pub(super) fn delete(&mut self) -> Parsed<StatementKind> {
        self.expect("FROM")?;
        let table = self.ident("the name of a table")?;
        if self.is("USING") {
            return fail(JOIN.error(self.here()));
        }
        let filter = self.clause("WHERE")?;
        let returning = self.returning()?;
        Ok(StatementKind::Delete(Box::new(Delete { table, filter, returning })))
    }

    pub(super) fn copy(&mut self) -> Parsed<StatementKind> {
        if self.is_symbol(TokenKind::LeftParen) {
            self.advance();
            let source = self.copy_source()?;
            self.close()?;
            return self.copy_to(source);
        }
        // A table may have one of these words for its name.
        let names_kind = self
            .word(1)
            .is_some_and(|next| !next.eq_ignore_ascii_case("FROM") && !next.eq_ignore_ascii_case("TO"))
            || self.kind(1) == Some(TokenKind::QuotedName);
        let target = if names_kind && self.eat("CLASSIFIER") {
            ImportTarget::Classifier(self.ident("the name of a classifier")?)
        } else if names_kind && self.eat("AUXILIARY") {
            ImportTarget::Auxiliary(self.ident("the name of an auxiliary")?)
        } else if names_kind && self.is("INDEX") {
            let missing =
                Missing::new("COPY INDEX", "CREATE INDEX builds it from the vectors, REINDEX again");
            return fail(missing.error(self.here()));
        } else {
            let table = self.ident("the name of a table, or (SELECT ...)")?;
            let columns = if self.is_symbol(TokenKind::LeftParen) { self.column_list()? } else { Vec::new() };
            if self.is("TO") {
                return self.copy_to(CopySource::Query(Box::new(whole_table(table, columns))));
            }
            ImportTarget::Table { table, columns }
        };
        if self.is("TO") {
            let missing =
                Missing::new("the export of a classifier or auxiliary", "export its table with COPY t TO");
            return fail(missing.error(self.here()));
        }
        self.expect("FROM")?;
        let path = self.path()?;
        let (format, options) = self.copy_options()?;
        Ok(StatementKind::Copy(Box::new(Copy { target, path, format, options })))
    }

    fn copy_source(&mut self) -> Parsed<CopySource> {
        if self.eat("EVALUATE") {
            return Ok(CopySource::Evaluate(Box::new(self.evaluate()?)));
        }
        Ok(CopySource::Query(self.query()?))
    }

    fn copy_to(&mut self, source: CopySource) -> Parsed<StatementKind> {
        self.expect("TO")?;
        let path = self.path()?;
        let (format, options) = self.copy_options()?;
        Ok(StatementKind::CopyTo(Box::new(CopyTo { source, path, format, options })))
    }

    fn path(&mut self) -> Parsed<TextLiteral> {
        if self.is("STDIN") || self.is("STDOUT") || self.is("PROGRAM") {
            return fail(
                Missing::new("a stream or program in COPY", "name a file: 'file.csv'").error(self.here()),
            );
        }
        self.text_literal("the path of a file in single quotes")
    }
}

/// `COPY t (a, b) TO` is a query over the columns.
fn whole_table(table: Ident, columns: Vec<Ident>) -> Query {
    let span = table.span;
    let column = |name: Ident| {
        let span = name.span;
        let expr = Expr::new(ExprKind::Column(Box::new(ColumnName { qualifier: None, name })), span);
        SelectItem::Expr { expr, alias: None }
    };
    let items = if columns.is_empty() {
        vec![SelectItem::Wildcard { span }]
    } else {
        columns.into_iter().map(column).collect()
    };
    let select = Select {
        distinct: false,
        items,
        from: Some(FromItem::Table { table, alias: None, search: None }),
        filter: None,
        group_by: Vec::new(),
        having: None,
        qualify: None,
    };
    Query { body: QueryBody::Select(Box::new(select)), order_by: Vec::new(), limit: None, offset: None, span }
}
