//! VIA: chains of stages, stored pipelines with overrides.

use super::cursor::{Parsed, Parser, fail, no_duplicates};
use crate::ast::{Chain, Expr, Fuse, FuseBranch, FuseMethod, Override, Stage, StageKind, StageOption, Via};
use crate::error::{ErrorCode, QueryError};
use crate::lexer::TokenKind;

/// Names of the stages, for "did you mean".
const STAGES: [&str; 6] = ["ENCODE", "PROBE", "SHORTLIST", "MATCH", "RERANK", "FUSE"];

impl Parser<'_> {
    pub(super) fn via(&mut self) -> Parsed<Via> {
        let span = self.here();
        if self.kind(1) != Some(TokenKind::LeftParen) {
            if self.eat("EXACT") {
                return Ok(Via::Exact { span });
            }
            if self.eat("PIPELINE") {
                let name = self.ident("the name of a pipeline")?;
                let overrides = self.overrides()?;
                return Ok(Via::Pipeline { name, overrides });
            }
        }
        self.chain().map(Via::Chain)
    }

    /// `[(stage.option => value, ...)]`.
    pub(super) fn overrides(&mut self) -> Parsed<Vec<Override>> {
        if !self.eat_symbol(TokenKind::LeftParen) {
            return Ok(Vec::new());
        }
        let overrides = self.list("overrides", self.limits.columns_max, |p| {
            let stage = p.any_ident("stage.option")?;
            p.expect_symbol(TokenKind::Dot, "`.` and an option of the stage")?;
            let option = p.any_ident("an option of the stage")?;
            Ok(Override { stage, option, value: p.option_expr()? })
        })?;
        self.close()?;
        for (i, later) in overrides.iter().enumerate() {
            let same = |o: &&Override| o.stage == later.stage && o.option == later.option;
            if overrides.iter().take(i).any(|o| same(&o)) {
                let message = format!("`{}.{}` is given twice", later.stage.name, later.option.name);
                return fail(
                    QueryError::new(ErrorCode::Duplicate, message).at(later.stage.span.to(later.option.span)),
                );
            }
        }
        Ok(overrides)
    }

    fn option_expr(&mut self) -> Parsed<Expr> {
        if self.is_symbol(TokenKind::Equal) {
            return fail(self.unexpected("`=>`").help("write name => value"));
        }
        self.expect_symbol(TokenKind::Becomes, "`=>`")?;
        self.expr()
    }

    /// `stage {THEN stage} [SCORE BY expr]`.
    pub(super) fn chain(&mut self) -> Parsed<Chain> {
        let start = self.here();
        let stages = self.stages(&mut 0)?;
        let score_by = if self.eat_two("SCORE", "BY") { Some(self.expr()?) } else { None };
        Ok(Chain { stages, score_by, span: self.since(start) })
    }

    /// `stage {THEN stage}`; `count` is the number of stages of the whole chain so far.
    fn stages(&mut self, count: &mut usize) -> Parsed<Vec<Stage>> {
        let mut stages = Vec::new();
        loop {
            if *count >= self.limits.stages_max {
                let message = format!("chain of more than {} stages", self.limits.stages_max);
                return fail(QueryError::new(ErrorCode::TooManyStages, message).at(self.here()));
            }
            *count += 1;
            stages.push(self.stage(count)?);
            if !self.eat("THEN") {
                return Ok(stages);
            }
        }
    }

    fn stage(&mut self, count: &mut usize) -> Parsed<Stage> {
        let start = self.here();
        let kind = self.stage_kind()?;
        self.advance();
        let (object, text, options) = (None, None, Vec::new());
        let mut stage = Stage { kind, object, text, options, alias: None, fuse: None, span: start };
        if kind == StageKind::Fuse {
            self.fuse(&mut stage, count)?;
        } else {
            self.simple_stage(&mut stage)?;
        }
        no_duplicates(stage.options.iter().map(|option| &option.name), "option")?;
        stage.alias = if self.eat("AS") { Some(self.ident("a name for the stage")?) } else { None };
        stage.span = self.since(start);
        Ok(stage)
    }

    /// `method [(option => value)] (chain [WEIGHT n], ...)` behind FUSE.
    fn fuse(&mut self, stage: &mut Stage, count: &mut usize) -> Parsed<()> {
        let method = self.fuse_method()?;
        let named = self.kind(2) == Some(TokenKind::Becomes);
        if named && self.eat_symbol(TokenKind::LeftParen) {
            stage.options = self.list("options", self.limits.columns_max, |p| {
                let name = p.any_ident("the name of an option")?;
                p.expect_symbol(TokenKind::Becomes, "`=>`")?;
                Ok(StageOption { name, value: p.setting_value()? })
            })?;
            self.close()?;
        }
        self.open()?;
        self.enter()?;
        let branches = self.list("branches", self.limits.columns_max, |p| p.branch(count))?;
        self.leave();
        self.close()?;
        stage.fuse = Some(Box::new(Fuse { method, branches }));
        Ok(())
    }

    fn fuse_method(&mut self) -> Parsed<FuseMethod> {
        let expected = "a method of FUSE: UNION, MAX, LINEAR or RRF";
        // UNION is a word of other SQLs, which elsewhere gets an error of its own.
        let found = FuseMethod::ALL.into_iter().find(|method| self.is(method.name()));
        match (found, self.word(0)) {
            (Some(method), _) => {
                self.advance();
                Ok(method)
            }
            (None, Some(word)) => {
                fail(self.unexpected(expected).did_you_mean(word, ["UNION", "MAX", "LINEAR", "RRF"]))
            }
            (None, None) => fail(self.unexpected(expected)),
        }
    }

    fn branch(&mut self, count: &mut usize) -> Parsed<FuseBranch> {
        let start = self.here();
        let stages = self.stages(count)?;
        if self.is("SCORE") && self.is_at(1, "BY") {
            let message = "SCORE BY inside a branch of FUSE";
            let error = QueryError::new(ErrorCode::UnexpectedToken, message).at(self.here());
            return fail(error.help("write it behind the whole chain, over the scores of any of its stages"));
        }
        let weight = if self.eat("WEIGHT") { Some(self.expr()?) } else { None };
        Ok(FuseBranch { stages, weight, span: self.since(start) })
    }

    /// `(object, option => value, ...)` behind the keyword of a stage; for MATCH a text may stand behind the
    /// object.
    fn simple_stage(&mut self, stage: &mut Stage) -> Parsed<()> {
        let kind = stage.kind;
        self.open()?;
        let mut object = None;
        let mut more = !self.is_symbol(TokenKind::RightParen);
        if more && self.kind(1) != Some(TokenKind::Becomes) {
            object = Some(self.ident(object_name(kind))?);
            more = self.eat_symbol(TokenKind::Comma);
        }
        if object.is_none() && kind != StageKind::Shortlist {
            return fail(self.unexpected(object_name(kind)));
        }
        let mut text = None;
        if more && kind == StageKind::Match && self.kind(1) != Some(TokenKind::Becomes) {
            text = Some(self.expr()?);
            more = self.eat_symbol(TokenKind::Comma);
        }
        let mut options = Vec::new();
        if more {
            options = self.list("options", self.limits.columns_max, |p| {
                let name = p.any_ident("the name of an option")?;
                Ok(StageOption { name, value: p.option_expr()? })
            })?;
        }
        self.close()?;
        (stage.object, stage.text, stage.options) = (object, text, options);
        Ok(())
    }

    fn stage_kind(&self) -> Parsed<StageKind> {
        let kinds = [
            StageKind::Encode,
            StageKind::Probe,
            StageKind::Shortlist,
            StageKind::Match,
            StageKind::Rerank,
            StageKind::Fuse,
        ];
        let Some(word) = self.word(0) else { return fail(self.unexpected("a stage")) };
        match kinds.into_iter().find(|kind| word.eq_ignore_ascii_case(kind.name())) {
            Some(kind) => Ok(kind),
            None => {
                let error = self.unexpected("a stage");
                if error.code == ErrorCode::NotSupported {
                    return fail(error);
                }
                let error = error.did_you_mean(word, STAGES);
                let list = "the stages are ENCODE(model), PROBE(index), SHORTLIST(index), \
                            MATCH(column), RERANK(classifier), FUSE method (chain, chain); \
                            or VIA EXACT, VIA PIPELINE name";
                fail(if error.help.is_none() { error.help(list) } else { error })
            }
        }
    }
}

fn object_name(kind: StageKind) -> &'static str {
    match kind {
        StageKind::Encode => "the name of a model",
        StageKind::Probe | StageKind::Shortlist => "the name of an index",
        StageKind::Match => "the name of a text column",
        StageKind::Rerank => "the name of a classifier or vector column",
        StageKind::Fuse => "a method",
    }
}
