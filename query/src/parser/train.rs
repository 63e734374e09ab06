//! TRAIN, and the statements about jobs.

use super::cursor::{Parsed, Parser, fail};
use crate::ast::{Query, QueryBody, Select, SelectItem, StatementKind, Train};
use crate::catalog::ObjectKind;
use crate::error::{ErrorCode, QueryError};
use crate::lexer::{Token, TokenKind};

/// What TRAIN trains, by keyword.
const TRAINED: [(&str, ObjectKind); 4] = [
    ("CLASSIFIER", ObjectKind::Classifier),
    ("INDEX", ObjectKind::Index),
    ("AUXILIARY", ObjectKind::Auxiliary),
    ("FUSION", ObjectKind::Fusion),
];

impl Parser<'_> {
    /// From behind the word TRAIN. The text is kept with a job, so there can be no parameters in it.
    pub(super) fn train(&mut self) -> Parsed<StatementKind> {
        let kind = self.trained_kind()?;
        let name = self.ident("the name of what is trained")?;
        self.expect("FROM")?;
        let source = self.train_source()?;
        let options = self.with_options()?;
        let concurrently = self.eat("CONCURRENTLY");
        self.parameters.none("TRAIN")?;
        Ok(StatementKind::Train(Box::new(Train { kind, name, source, options, concurrently })))
    }

    fn trained_kind(&mut self) -> Parsed<ObjectKind> {
        let expected = "CLASSIFIER, INDEX, AUXILIARY or FUSION";
        let Some(word) = self.word(0) else { return fail(self.unexpected(expected)) };
        match TRAINED.iter().find(|(keyword, _)| word.eq_ignore_ascii_case(keyword)) {
            Some((_, kind)) => {
                self.advance();
                Ok(*kind)
            }
            None => {
                let names = TRAINED.map(|(keyword, _)| keyword);
                fail(self.unexpected(expected).did_you_mean(word, names))
            }
        }
    }

    /// `(SELECT ...)`, `table` or `read_xc(...)`; the last two are queries over all columns, and count as the
    /// level that their parentheses are when they are printed.
    fn train_source(&mut self) -> Parsed<Box<Query>> {
        if self.eat_symbol(TokenKind::LeftParen) {
            let (query, height) = self.subquery()?;
            self.tallest = self.tallest.max(height);
            self.close()?;
            return Ok(query);
        }
        let start = self.here();
        let outside = std::mem::take(&mut self.tallest);
        self.enter()?;
        let from = self.plain_item()?;
        self.leave();
        self.tallest = outside.max(self.taller(self.tallest)?);
        let span = self.since(start);
        let select = Select {
            distinct: false,
            items: vec![SelectItem::Wildcard { span }],
            from: Some(from),
            filter: None,
            group_by: Vec::new(),
            having: None,
            qualify: None,
        };
        let body = QueryBody::Select(Box::new(select));
        Ok(Box::new(Query { body, order_by: Vec::new(), limit: None, offset: None, span }))
    }

    /// A job's number.
    pub(super) fn job_number(&mut self) -> Parsed<u64> {
        let expected = "the number of a job";
        let Some(Token { kind: TokenKind::Number, span }) = self.peek() else {
            return fail(self.unexpected(expected).help("SHOW JOBS lists the jobs with their numbers"));
        };
        let Ok(number) = span.of(self.text).parse::<u64>() else {
            let shown: String = span.of(self.text).chars().take(40).collect();
            let error = QueryError::new(ErrorCode::InvalidNumber, format!("{shown} is not {expected}"));
            return fail(error.at(span).help("SHOW JOBS lists the jobs with their numbers"));
        };
        self.advance();
        Ok(number)
    }
}
