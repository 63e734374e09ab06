//! Which statement it is, by its first word; EXPLAIN, and the statements that are only a name.

use super::cursor::{Parsed, Parser, fail};
use super::words::{CONCURRENTLY, Missing, missing_statement};
use crate::ast::{Explain, StatementKind};
use crate::error::{ErrorCode, QueryError};
use crate::lexer::TokenKind;

/// First words of statements, for "did you mean".
const STATEMENTS: [&str; 23] = [
    "SELECT", "VALUES", "INSERT", "UPDATE", "DELETE", "COPY", "CREATE", "ALTER", "DROP", "REINDEX", "TRAIN",
    "EVALUATE", "EXPLAIN", "SET", "RESET", "PRAGMA", "SHOW", "DESCRIBE", "DESC", "CHECK", "CANCEL", "WAIT",
    "QUANTIZE",
];

impl Parser<'_> {
    pub(super) fn statement(&mut self) -> Parsed<StatementKind> {
        if self.eat("EXPLAIN") {
            return self.explain();
        }
        self.plain_statement()
    }

    fn plain_statement(&mut self) -> Parsed<StatementKind> {
        let Some(word) = self.word(0) else { return fail(self.unknown_statement()) };
        let first = word.as_bytes().first().map_or(0, u8::to_ascii_lowercase);
        match first {
            b's' | b'v' if self.is("SELECT") || self.is("VALUES") => Ok(StatementKind::Query(self.query()?)),
            b'i' if self.eat("INSERT") => self.insert(),
            b'u' if self.eat("UPDATE") => self.update(),
            b'd' if self.eat("DELETE") => self.delete(),
            b'c' if self.eat("COPY") => self.copy(),
            b'c' if self.eat("CREATE") => self.create(),
            b'a' if self.eat("ALTER") => self.alter(),
            b'd' if self.eat("DROP") => self.drop(),
            b'r' if self.eat("REINDEX") => self.reindex(),
            b'e' if self.eat("EVALUATE") => Ok(StatementKind::Evaluate(Box::new(self.evaluate()?))),
            b's' if self.eat("SET") => self.set(),
            b'r' if self.eat("RESET") => self.reset(),
            b'p' if self.eat("PRAGMA") => self.pragma(),
            b's' if self.eat("SHOW") => self.show(),
            b'd' if self.eat("DESCRIBE") || self.eat("DESC") => {
                Ok(StatementKind::Describe { name: self.ident("the name of an object")? })
            }
            b'c' if self.eat("CHECK") => self.check(),
            b't' if self.eat("TRAIN") => self.train(),
            b'q' if self.eat("QUANTIZE") => self.quantize(),
            b'c' if self.eat("CANCEL") => {
                self.expect("JOB")?;
                Ok(StatementKind::CancelJob { number: self.job_number()? })
            }
            b'w' if self.eat("WAIT") => {
                self.expect("FOR")?;
                self.expect("JOB")?;
                Ok(StatementKind::WaitForJob { number: self.job_number()? })
            }
            _ => fail(self.unknown_statement()),
        }
    }

    fn unknown_statement(&self) -> QueryError {
        let Some(word) = self.word(0) else { return self.unexpected("a statement") };
        match missing_statement(word) {
            Some(missing) => missing.error(self.here()),
            None => self.unexpected("a statement").did_you_mean(word, STATEMENTS),
        }
    }

    fn explain(&mut self) -> Parsed<StatementKind> {
        let mut explain =
            Explain { analyze: false, verbose: false, json: false, statement: StatementKind::CheckDatabase };
        if self.eat_symbol(TokenKind::LeftParen) {
            self.list("options of EXPLAIN", self.limits.columns_max, |p| p.explain_option(&mut explain))?;
            self.close()?;
        } else {
            explain.analyze = self.eat("ANALYZE");
            explain.verbose = self.eat("VERBOSE");
        }
        if self.is("EXPLAIN") {
            let error = QueryError::new(ErrorCode::UnexpectedToken, "EXPLAIN of an EXPLAIN").at(self.here());
            return fail(error.help("write EXPLAIN once; its options are (ANALYZE, VERBOSE, FORMAT JSON)"));
        }
        explain.statement = self.plain_statement()?;
        Ok(StatementKind::Explain(Box::new(explain)))
    }

    fn explain_option(&mut self, explain: &mut Explain) -> Parsed<()> {
        if self.eat("ANALYZE") {
            explain.analyze = true;
        } else if self.eat("VERBOSE") {
            explain.verbose = true;
        } else if self.eat("FORMAT") {
            explain.json = self.eat("JSON");
            if !explain.json && !self.eat("TREE") && !self.eat("TEXT") {
                return fail(self.unexpected("TREE or JSON"));
            }
        } else {
            return fail(self.unexpected("ANALYZE, VERBOSE or FORMAT"));
        }
        Ok(())
    }

    fn reindex(&mut self) -> Parsed<StatementKind> {
        if self.is("CONCURRENTLY") {
            return fail(CONCURRENTLY.error(self.here()));
        }
        if self.is("INDEX") && self.kind(1).is_some() {
            self.advance();
        }
        Ok(StatementKind::Reindex { name: self.ident("the name of an index")? })
    }

    fn check(&mut self) -> Parsed<StatementKind> {
        if self.is("INDEX") {
            return fail(Missing::new("CHECK INDEX", "use CHECK DATABASE").error(self.here()));
        }
        self.expect("DATABASE")?;
        if self.is("REPAIR") {
            let missing =
                Missing::new("REPAIR", "REINDEX an index that CHECK DATABASE reports, or reload the data");
            return fail(missing.error(self.here()));
        }
        Ok(StatementKind::CheckDatabase)
    }
}
