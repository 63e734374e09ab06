//! SET, RESET, PRAGMA, SHOW.

use super::cursor::{Parsed, Parser, fail};
use super::words::Missing;
use crate::ast::{Ident, Show, StatementKind};
use crate::catalog::ObjectKind;
use crate::lexer::TokenKind;

impl Parser<'_> {
    pub(super) fn set(&mut self) -> Parsed<StatementKind> {
        if (self.is("LOCAL") || self.is("SESSION"))
            && self.word(1).is_some_and(|w| !w.eq_ignore_ascii_case("TO"))
        {
            let missing =
                Missing::new("SET LOCAL or SET SESSION", "use SET name = value, and RESET name afterwards");
            return fail(missing.error(self.here()));
        }
        let name = self.setting_name()?;
        if !self.eat("TO") {
            self.expect_symbol(TokenKind::Equal, "`=`")?;
        }
        self.assign(name)
    }

    fn setting_name(&mut self) -> Parsed<Ident> {
        self.dotted("the name of a setting")
    }

    fn assign(&mut self, name: Ident) -> Parsed<StatementKind> {
        if self.eat("DEFAULT") {
            return Ok(StatementKind::Reset { name });
        }
        Ok(StatementKind::Set { name, value: self.setting_value()? })
    }

    pub(super) fn reset(&mut self) -> Parsed<StatementKind> {
        if self.is("ALL") {
            return fail(Missing::new("RESET ALL", "use RESET name").error(self.here()));
        }
        Ok(StatementKind::Reset { name: self.setting_name()? })
    }

    pub(super) fn pragma(&mut self) -> Parsed<StatementKind> {
        let name = self.setting_name()?;
        if self.eat_symbol(TokenKind::Equal) {
            return self.assign(name);
        }
        Ok(StatementKind::Show(Show::Setting(name)))
    }

    pub(super) fn show(&mut self) -> Parsed<StatementKind> {
        let show = match self.word(0).and_then(object_plural) {
            Some(kind) => {
                self.advance();
                Show::Objects(kind)
            }
            None if self.eat("JOBS") => Show::Jobs,
            None if self.eat("SETTINGS") || self.eat("ALL") => Show::Settings,
            None => Show::Setting(self.setting_name()?),
        };
        Ok(StatementKind::Show(show))
    }
}

/// The kind whose plural this is; "auxiliaries" and "indexes" with their usual variants.
fn object_plural(word: &str) -> Option<ObjectKind> {
    let is = |plural: &str| word.eq_ignore_ascii_case(plural);
    Some(match word.as_bytes().first()?.to_ascii_lowercase() {
        b't' if is("TABLES") => ObjectKind::Table,
        b'm' if is("MODELS") => ObjectKind::Model,
        b'a' if is("AUXILIARY") || is("AUXILIARIES") => ObjectKind::Auxiliary,
        b'i' if is("INDEXES") || is("INDICES") => ObjectKind::Index,
        b'c' if is("CLASSIFIERS") => ObjectKind::Classifier,
        b'p' if is("PIPELINES") => ObjectKind::Pipeline,
        b'f' if is("FUSIONS") => ObjectKind::Fusion,
        _ => return None,
    })
}
