//! CREATE, and QUANTIZE MODEL, which creates too.

use super::cursor::{Parsed, Parser, fail, no_duplicates};
use super::words::{CONCURRENTLY, Missing};
use crate::ast::{
    ColumnDef, ColumnName, CreateFusion, CreateIndex, CreateModel, CreateOnTable, CreatePipeline,
    CreateTable, Expr, Ident, Inherits, QuantizeModel, StatementKind,
};
use crate::catalog::ObjectKind;
use crate::error::{ErrorCode, QueryError, Span};
use crate::lexer::TokenKind;

/// What stands before the body of every CREATE.
struct Head {
    name: Ident,
    or_replace: bool,
    if_not_exists: bool,
}

impl Parser<'_> {
    /// From behind the word CREATE. The text is stored, so there can be no parameters in it.
    pub(super) fn create(&mut self) -> Parsed<StatementKind> {
        let kind = self.create_object()?;
        self.parameters.none("CREATE")?;
        Ok(kind)
    }

    fn create_object(&mut self) -> Parsed<StatementKind> {
        let or_replace = self.eat_two("OR", "REPLACE");
        let kind = self.object_kind()?;
        if self.is("CONCURRENTLY") {
            return fail(CONCURRENTLY.error(self.here()));
        }
        let clause = self.here();
        let if_not_exists = self.eat_two("IF", "NOT");
        if if_not_exists && !self.eat("EXISTS") {
            return fail(self.unexpected_exists());
        }
        if or_replace && if_not_exists {
            let message = "OR REPLACE and IF NOT EXISTS contradict each other";
            return fail(QueryError::new(ErrorCode::UnexpectedToken, message).at(clause));
        }
        let name = self.ident("a name for the new object")?;
        let head = Head { name, or_replace, if_not_exists };
        match kind {
            ObjectKind::Table => self.create_table(head),
            ObjectKind::Model => self.create_model(head),
            ObjectKind::Auxiliary => {
                Ok(StatementKind::CreateAuxiliary(Box::new(self.create_on_table(head)?)))
            }
            ObjectKind::Classifier => {
                Ok(StatementKind::CreateClassifier(Box::new(self.create_on_table(head)?)))
            }
            ObjectKind::Index => self.create_index(head),
            ObjectKind::Pipeline => self.create_pipeline(head),
            ObjectKind::Fusion => self.create_fusion(head),
        }
    }

    fn unexpected_exists(&self) -> QueryError {
        let error =
            QueryError::new(ErrorCode::UnexpectedToken, "expected EXISTS behind IF NOT").at(self.here());
        error.help("write IF NOT EXISTS name")
    }

    fn create_model(&mut self, head: Head) -> Parsed<StatementKind> {
        self.expect("FROM")?;
        let path = self.text_literal("the path of an ONNX file in single quotes")?;
        let tokenizer = if self.eat("TOKENIZER") {
            Some(self.text_literal("the path of a tokenizer.json in single quotes")?)
        } else {
            None
        };
        let options = self.with_options()?;
        let Head { name, or_replace, if_not_exists } = head;
        let model = CreateModel { name, or_replace, if_not_exists, path, tokenizer, options };
        Ok(StatementKind::CreateModel(Box::new(model)))
    }

    /// From behind the word QUANTIZE. Its text is not stored, so that its query may have parameters.
    pub(super) fn quantize(&mut self) -> Parsed<StatementKind> {
        self.expect("MODEL")?;
        let model = self.ident("the name of a model")?;
        self.expect("AS")?;
        let name = self.ident("a name for the new model")?;
        let options = self.with_options()?;
        Ok(StatementKind::QuantizeModel(Box::new(QuantizeModel { model, name, options })))
    }

    fn create_on_table(&mut self, head: Head) -> Parsed<CreateOnTable> {
        let table = self.on_table()?;
        let options = self.with_options()?;
        let Head { name, or_replace, if_not_exists } = head;
        Ok(CreateOnTable { name, or_replace, if_not_exists, table, options })
    }

    fn on_table(&mut self) -> Parsed<Ident> {
        self.expect("ON")?;
        self.ident("the name of a table")
    }

    fn create_index(&mut self, head: Head) -> Parsed<StatementKind> {
        let table = self.on_table()?;
        if self.is_symbol(TokenKind::LeftParen) {
            return fail(self.unexpected("USING").help("write USING flat, USING faiss or USING elias"));
        }
        self.expect("USING")?;
        let method = self.ident("a method: flat, faiss or elias")?;
        self.open()?;
        let target = self.ident("the name of a vector column or classifier")?;
        if self.is_symbol(TokenKind::Comma) {
            let missing = Missing::new("an index over several columns", "create one index a column");
            return fail(missing.error(self.here()));
        }
        self.close()?;
        let options = self.with_options()?;
        let Head { name, or_replace, if_not_exists } = head;
        let index = CreateIndex { name, or_replace, if_not_exists, table, method, target, options };
        Ok(StatementKind::CreateIndex(Box::new(index)))
    }

    fn create_fusion(&mut self, head: Head) -> Parsed<StatementKind> {
        let table = self.on_table()?;
        self.expect("USING")?;
        let method = self.ident("a method: tree, boosted or linear")?;
        self.open()?;
        let features = self.list("features", self.limits.columns_max, Self::feature)?;
        self.close()?;
        let options = self.with_options()?;
        let Head { name, or_replace, if_not_exists } = head;
        let fusion = CreateFusion { name, or_replace, if_not_exists, table, method, features, options };
        Ok(StatementKind::CreateFusion(Box::new(fusion)))
    }

    /// `stage.score`, `stage.rank` or `inverse_propensity`.
    fn feature(&mut self) -> Parsed<ColumnName> {
        let name = self.any_ident("a feature: stage.score, stage.rank or inverse_propensity")?;
        if !self.eat_symbol(TokenKind::Dot) {
            return Ok(ColumnName { qualifier: None, name });
        }
        let column = self.any_ident("score or rank")?;
        Ok(ColumnName { qualifier: Some(name), name: column })
    }

    fn create_pipeline(&mut self, head: Head) -> Parsed<StatementKind> {
        let table = self.on_table()?;
        let inherits = if self.eat("INHERITS") {
            let parent = self.ident("the name of a pipeline")?;
            Some(Inherits { parent, overrides: self.overrides()? })
        } else {
            None
        };
        let place = self.here();
        let chain = if self.eat("AS") {
            Some(self.chain()?)
        } else if inherits.is_some() {
            None
        } else {
            return fail(self.unexpected("AS or INHERITS"));
        };
        if chain.is_some() && inherits.as_ref().is_some_and(|inherits| !inherits.overrides.is_empty()) {
            let message = "overrides of the inherited stages beside stages that replace them";
            let error = QueryError::new(ErrorCode::UnexpectedToken, message).at(place);
            return fail(error.help("leave out AS and its stages, or the overrides"));
        }
        let Head { name, or_replace, if_not_exists } = head;
        let pipeline = CreatePipeline { name, or_replace, if_not_exists, table, inherits, chain };
        Ok(StatementKind::CreatePipeline(Box::new(pipeline)))
    }

    fn create_table(&mut self, head: Head) -> Parsed<StatementKind> {
        if self.is("AS") {
            let missing = Missing::new("CREATE TABLE AS", "create the table, then INSERT INTO it SELECT ...");
            return fail(missing.error(self.here()));
        }
        self.open()?;
        let mut columns: Vec<ColumnDef> = Vec::new();
        self.list("columns", self.limits.columns_max, |p| p.table_element(&mut columns))?;
        if columns.is_empty() {
            return fail(self.unexpected("a column"));
        }
        self.close()?;
        no_duplicates(columns.iter().map(|column| &column.name), "column")?;
        let options = self.with_options()?;
        let Head { name, or_replace, if_not_exists } = head;
        let table = CreateTable { name, or_replace, if_not_exists, columns, options };
        Ok(StatementKind::CreateTable(Box::new(table)))
    }

    /// A column, or a constraint over one column, which becomes part of that column.
    fn table_element(&mut self, columns: &mut Vec<ColumnDef>) -> Parsed<()> {
        let primary = self.is("PRIMARY") && self.is_at(1, "KEY");
        let unique = self.is("UNIQUE") && self.kind(1) == Some(TokenKind::LeftParen);
        if self.is("CONSTRAINT") || (self.is("FOREIGN") && self.is_at(1, "KEY")) {
            let missing =
                Missing::new("a named or foreign constraint", "write PRIMARY KEY or UNIQUE at the column");
            return fail(missing.error(self.here()));
        }
        if !primary && !unique {
            columns.push(self.column()?);
            return Ok(());
        }
        self.advance();
        self.eat("KEY");
        let named = self.column_list()?;
        let [name] = named.as_slice() else {
            let missing = Missing::new("a key of several columns", "use one BIGINT or TEXT column");
            return fail(missing.error(self.before()));
        };
        let Some(column) = columns.iter_mut().find(|column| column.name == *name) else {
            let message = format!("unknown column `{}`", name.name);
            let error = QueryError::new(ErrorCode::UnknownColumn, message).at(name.span);
            return fail(
                error.did_you_mean(&name.name, columns.iter().map(|column| column.name.name.as_str())),
            );
        };
        column.primary_key |= primary;
        column.unique |= unique;
        Ok(())
    }

    fn column(&mut self) -> Parsed<ColumnDef> {
        let name = self.ident("the name of a column")?;
        let data_type = self.type_name()?;
        let mut column = ColumnDef {
            name,
            data_type,
            primary_key: false,
            not_null: false,
            unique: false,
            default: None,
            generated: None,
        };
        loop {
            let start = self.here();
            if self.eat("PRIMARY") {
                self.expect("KEY")?;
                column.primary_key = true;
            } else if self.eat("NOT") {
                self.expect("NULL")?;
                column.not_null = true;
            } else if self.eat("NULL") {
                // Columns take NULL unless they say otherwise.
            } else if self.eat("UNIQUE") {
                column.unique = true;
            } else if self.eat("DEFAULT") {
                let value = self.expr()?;
                set_once(&mut column.default, value, "DEFAULT", start)?;
            } else if self.eat("GENERATED") {
                let value = self.generated()?;
                set_once(&mut column.generated, value, "GENERATED", start)?;
            } else {
                return Ok(column);
            }
        }
    }

    /// `ALWAYS AS (expr) STORED`.
    fn generated(&mut self) -> Parsed<Expr> {
        self.expect("ALWAYS")?;
        self.expect("AS")?;
        if self.is("IDENTITY") {
            return fail(Missing::new("an identity column", "give the key in INSERT").error(self.here()));
        }
        self.open()?;
        let expr = self.expr()?;
        self.close()?;
        if self.is("VIRTUAL") {
            return fail(Missing::new("a virtual column", "write STORED").error(self.here()));
        }
        self.expect("STORED")?;
        Ok(expr)
    }
}

fn set_once(slot: &mut Option<Expr>, value: Expr, what: &str, start: Span) -> Parsed<()> {
    if slot.is_some() {
        return fail(QueryError::new(ErrorCode::Duplicate, format!("{what} is given twice")).at(start));
    }
    *slot = Some(value);
    Ok(())
}
