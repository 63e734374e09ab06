//! EVALUATE.

use super::cursor::{Parsed, Parser, fail};
use crate::ast::{Evaluate, EvaluateBy, EvaluateTarget, MetricName};
use crate::error::{ErrorCode, QueryError, Span};
use crate::lexer::{Token, TokenKind};
use crate::plan::{Metric, MetricKind};

/// Metrics by their names in statements.
const METRICS: [(&str, MetricKind); 9] = [
    ("P", MetricKind::Precision),
    ("R", MetricKind::Recall),
    ("NDCG", MetricKind::Ndcg),
    ("PSP", MetricKind::Psp),
    ("PSNDCG", MetricKind::Psndcg),
    ("MRR", MetricKind::Mrr),
    ("COVERAGE", MetricKind::Coverage),
    ("ANN_RECALL", MetricKind::AnnRecall),
    ("ENCODE_COSINE", MetricKind::EncodeCosine),
];

impl Parser<'_> {
    /// From behind the word EVALUATE.
    pub(super) fn evaluate(&mut self) -> Parsed<Evaluate> {
        let targets = self.list("systems", self.limits.columns_max, Self::target)?;
        self.expect("FROM")?;
        if !self.is_symbol(TokenKind::LeftParen) {
            return fail(self.unexpected("`(`").help("write FROM (SELECT text, labels FROM ...)"));
        }
        self.open()?;
        let (source, height) = self.subquery()?;
        self.tallest = self.tallest.max(height);
        self.close()?;
        self.expect("METRICS")?;
        self.open()?;
        let metrics = self.list("metrics", self.limits.columns_max, Self::metric)?;
        self.close()?;
        let against_exact = self.eat("AGAINST");
        if against_exact {
            self.expect("EXACT")?;
        }
        let by = if self.eat("BY") { Some(self.by()?) } else { None };
        let options = self.with_options()?;
        Ok(Evaluate { targets, source, metrics, against_exact, by, options })
    }

    fn target(&mut self) -> Parsed<EvaluateTarget> {
        if self.eat("PIPELINE") {
            let name = self.ident("the name of a pipeline")?;
            let overrides = self.overrides()?;
            return Ok(EvaluateTarget::Pipeline { name, overrides });
        }
        if self.eat("EXACT") {
            self.expect("ON")?;
            return Ok(EvaluateTarget::Exact { table: self.ident("the name of a table")? });
        }
        if !self.eat_symbol(TokenKind::LeftParen) {
            return fail(self.unexpected("PIPELINE name, EXACT ON table or (SELECT ...)"));
        }
        let (query, height) = self.subquery()?;
        self.tallest = self.tallest.max(height);
        self.close()?;
        Ok(EvaluateTarget::Query(query))
    }

    fn by(&mut self) -> Parsed<EvaluateBy> {
        // Alone, the word is the clause; in an expression it would be a column.
        let alone =
            !matches!(self.kind(1), Some(kind) if kind != TokenKind::RightParen && kind != TokenKind::Word);
        if alone && self.eat("LABEL_DECILE") {
            return Ok(EvaluateBy::LabelDecile);
        }
        self.expr().map(EvaluateBy::Expr)
    }

    fn metric(&mut self) -> Parsed<MetricName> {
        let start = self.here();
        let Some(word) = self.word(0) else { return fail(self.unexpected("a metric such as P@5")) };
        let found = METRICS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name));
        let Some((_, kind)) = found else {
            let message = format!("unknown metric `{word}`");
            let error = QueryError::new(ErrorCode::UnknownMetric, message).at(start);
            let list = "the metrics are P@k, R@k, NDCG@k, PSP@k, PSNDCG@k, MRR@k, COVERAGE@k, ANN_RECALL@k, \
                        ENCODE_COSINE";
            let error = error.did_you_mean(word, METRICS.map(|(name, _)| name));
            return fail(if error.help.is_none() { error.help(list) } else { error });
        };
        self.advance();
        if !kind.has_cut() {
            return self.without_cut(*kind, start);
        }
        if !self.eat_symbol(TokenKind::At) {
            let message = format!("metric `{word}` without its cut");
            let error = QueryError::new(ErrorCode::UnknownMetric, message).at(start);
            return fail(error.help(format!("write {}@5", word.to_ascii_uppercase())));
        }
        let Some(Token { kind: TokenKind::Number, span }) = self.peek() else {
            return fail(self.unexpected("the cut of the metric, a number"));
        };
        let (text, cut_max) = (span.of(self.text), self.limits.metric_cut_max);
        let Some(k) = text.parse::<u32>().ok().filter(|k| (1..=cut_max).contains(k)) else {
            let shown: String = text.chars().take(40).collect();
            let message = format!("cut {shown} of the metric is not between 1 and {cut_max}");
            return fail(QueryError::new(ErrorCode::UnknownMetric, message).at(span));
        };
        self.advance();
        Ok(MetricName { metric: Metric { kind: *kind, k }, span: self.since(start) })
    }

    /// A metric of a query's embedding, which no number of labels has a part in.
    fn without_cut(&self, kind: MetricKind, start: Span) -> Parsed<MetricName> {
        if self.is_symbol(TokenKind::At) {
            let message = format!("metric `{}` has no cut", kind.name());
            let error = QueryError::new(ErrorCode::UnknownMetric, message).at(self.here());
            return fail(error.help(format!("write {} alone", kind.name())));
        }
        Ok(MetricName { metric: Metric { kind, k: 1 }, span: self.since(start) })
    }
}
