//! DROP and ALTER, and what CREATE, DROP and ALTER share.

use super::cursor::{Parsed, Parser, fail};
use super::words::{Missing, missing_object};
use crate::ast::StatementKind;
use crate::catalog::ObjectKind;
use crate::error::QueryError;

/// Kinds of objects by their keywords.
pub(crate) const KINDS: [(&str, ObjectKind); 7] = [
    ("TABLE", ObjectKind::Table),
    ("MODEL", ObjectKind::Model),
    ("AUXILIARY", ObjectKind::Auxiliary),
    ("INDEX", ObjectKind::Index),
    ("CLASSIFIER", ObjectKind::Classifier),
    ("PIPELINE", ObjectKind::Pipeline),
    ("FUSION", ObjectKind::Fusion),
];

impl Parser<'_> {
    pub(super) fn object_kind(&mut self) -> Parsed<ObjectKind> {
        let Some(word) = self.word(0) else { return fail(self.unexpected("a kind of object")) };
        match KINDS.iter().find(|(keyword, _)| word.eq_ignore_ascii_case(keyword)) {
            Some((_, kind)) => {
                self.advance();
                Ok(*kind)
            }
            None => fail(self.unknown_kind(word)),
        }
    }

    fn unknown_kind(&self, word: &str) -> QueryError {
        if let Some(missing) = missing_object(word) {
            return missing.error(self.here());
        }
        let error = self.unexpected("a kind of object").did_you_mean(word, KINDS.map(|(keyword, _)| keyword));
        let list = "the kinds are TABLE, MODEL, AUXILIARY, INDEX, CLASSIFIER, PIPELINE, FUSION";
        if error.help.is_none() { error.help(list) } else { error }
    }

    pub(super) fn drop(&mut self) -> Parsed<StatementKind> {
        let kind = self.object_kind()?;
        let if_exists = self.is("IF") && self.is_at(1, "EXISTS");
        if if_exists {
            self.advance();
            self.advance();
        }
        let name = self.ident("the name of the object")?;
        self.eat("RESTRICT");
        Ok(StatementKind::Drop { kind, name, if_exists })
    }

    pub(super) fn alter(&mut self) -> Parsed<StatementKind> {
        let place = self.here();
        if self.object_kind()? != ObjectKind::Table {
            let missing =
                Missing::new("ALTER of anything but a table", "CREATE it again; OR REPLACE where allowed");
            return fail(missing.error(place));
        }
        let table = self.ident("the name of a table")?;
        let action = self.here();
        if self.eat("SET") {
            if self.eat_two("DEFAULT", "PIPELINE") {
                let pipeline = Some(self.ident("the name of a pipeline")?);
                return Ok(StatementKind::SetDefaultPipeline { table, pipeline });
            }
            return fail(self.unexpected("DEFAULT PIPELINE"));
        }
        if self.eat("RESET") {
            if self.eat_two("DEFAULT", "PIPELINE") {
                return Ok(StatementKind::SetDefaultPipeline { table, pipeline: None });
            }
            return fail(self.unexpected("DEFAULT PIPELINE"));
        }
        if ["ADD", "DROP", "ALTER", "RENAME"].iter().any(|keyword| self.is(keyword)) {
            let missing = Missing::new(
                "a change of columns",
                "create a new table, and fill it with INSERT INTO new SELECT ... FROM old",
            );
            return fail(missing.error(action));
        }
        fail(self.unexpected("SET DEFAULT PIPELINE name or RESET DEFAULT PIPELINE"))
    }
}
