//! FUSE: branches that each find labels, and how their scores become one.

use crate::ast::{self, FuseMethod as Keyword};
use crate::binder::chain::{ChainInput, Kept, Progress, Vector, check_option};
use crate::binder::context::{BindResult, Binder, list_names};
use crate::error::{ErrorCode, QueryError, Span};
use crate::plan::{Branch, FuseMethod, Normalization, StageKind};
use crate::value::Value;

/// The rank constant of RRF where the statement does not say.
const RANK_CONSTANT: u64 = 60;

impl Binder<'_> {
    /// Binds the branches and the method. Every branch starts from the query's vector as it stands before the
    /// FUSE; behind it that vector stands again, or the one on which all branches agree.
    pub(super) fn fuse(
        &mut self,
        stage: &ast::Stage,
        fuse: &ast::Fuse,
        input: ChainInput<'_>,
        progress: &mut Progress,
    ) -> BindResult<StageKind> {
        let method = self.fuse_method(stage, fuse.method)?;
        let before = progress.vector.clone();
        let (mut branches, mut vectors) = (Vec::with_capacity(fuse.branches.len()), Vec::new());
        let mut kept = 0_u64;
        for branch in &fuse.branches {
            progress.window = None;
            let outside = (progress.vector.clone(), progress.dimension.clone());
            let stages = self.stages(&branch.stages, branch.span, input, progress)?;
            kept = kept.saturating_add(progress.window.as_ref().map_or(0, |window| window.limit));
            vectors.push((progress.vector.clone(), progress.dimension.clone()));
            (progress.vector, progress.dimension) = match &progress.vector {
                // A vector that the statement brings is the same in all branches, and so is its width.
                _ if input.is_vector() => (outside.0, progress.dimension.clone()),
                Vector::Given => (Vector::Given, progress.dimension.clone()),
                _ => outside,
            };
            branches.push(Branch { stages, weight: self.weight(fuse.method, branch)? });
        }
        if before == Vector::Given && !input.is_vector() {
            agree(&vectors, progress);
        }
        let name = stage.name().to_owned();
        progress.window = Some(Kept { limit: kept, stage: name, place: None, fused: true });
        Ok(StageKind::Fuse { method, branches })
    }

    /// The method with its options.
    fn fuse_method(&mut self, stage: &ast::Stage, keyword: Keyword) -> BindResult<FuseMethod> {
        let legal = fuse_options(keyword);
        let mut set: Option<(Value, Span)> = None;
        for option in &stage.options {
            check_option(&option.name, stage, legal)?;
            set = Some((self.constant(&option.value)?, option.value.span));
        }
        let invalid = |value: &Value, span: Span, wanted: &str| {
            let name = legal.first().copied().unwrap_or_default();
            let message = format!("{name} => {} is not {wanted}", value.shown());
            QueryError::new(ErrorCode::InvalidOption, message).at(span)
        };
        Ok(match keyword {
            Keyword::Union => FuseMethod::Union,
            Keyword::Max => FuseMethod::Max,
            Keyword::Linear => FuseMethod::Linear(match &set {
                None => Normalization::MinMax,
                Some((Value::Text(text), _)) if text == "minmax" => Normalization::MinMax,
                Some((Value::Text(text), _)) if text == "zscore" => Normalization::ZScore,
                Some((value, span)) => return Err(invalid(value, *span, "'minmax' or 'zscore'")),
            }),
            Keyword::Rrf => match &set {
                None => FuseMethod::Rrf { k: RANK_CONSTANT },
                Some((value, span)) => {
                    let number = match value {
                        Value::BigInt(n) => u64::try_from(*n).ok().filter(|n| *n > 0),
                        _ => None,
                    };
                    let k = number.ok_or_else(|| invalid(value, *span, "a whole number from 1 on"))?;
                    FuseMethod::Rrf { k }
                }
            },
        })
    }

    fn weight(&mut self, method: Keyword, branch: &ast::FuseBranch) -> BindResult<f64> {
        let Some(expr) = &branch.weight else {
            return Ok(1.0);
        };
        if method == Keyword::Union {
            let message = "FUSE UNION takes no weights: it keeps the greatest score of each label as it is";
            let error = QueryError::new(ErrorCode::InvalidOption, message).at(expr.span);
            return Err(error.help("leave WEIGHT out, or write FUSE MAX, which weighs the scores"));
        }
        let value = self.constant(expr)?;
        let number = match value {
            Value::BigInt(n) => Some(n as f64),
            Value::Double(x) => Some(x),
            _ => None,
        };
        number.filter(|weight| weight.is_finite() && *weight >= 0.0).ok_or_else(|| {
            let message = format!("WEIGHT {} is not a number from 0 on", value.shown());
            QueryError::new(ErrorCode::InvalidOption, message).at(expr.span)
        })
    }
}

/// The options that a method knows.
pub(super) fn fuse_options(method: Keyword) -> &'static [&'static str] {
    match method {
        Keyword::Union | Keyword::Max => &[],
        Keyword::Linear => &["normalize"],
        Keyword::Rrf => &["k"],
    }
}

/// Notes the vector that stands behind a FUSE whose branches encode for themselves.
fn agree(vectors: &[(Vector, Option<(u32, String)>)], progress: &mut Progress) {
    let mut models: Vec<String> = Vec::new();
    for (vector, dimension) in vectors {
        let found = match vector {
            Vector::Given => continue,
            Vector::Encoded(model) => std::slice::from_ref(model),
            Vector::Several(models) => models.as_slice(),
        };
        for model in found {
            if !models.contains(model) {
                models.push(model.clone());
            }
        }
        progress.dimension.clone_from(dimension);
    }
    match models.as_slice() {
        [] => {}
        [only] => progress.vector = Vector::Encoded(only.clone()),
        _ => {
            progress.dimension = None;
            progress.vector = Vector::Several(models);
        }
    }
}

/// A stage that compares needs the one vector of the query.
pub(super) fn one_vector(progress: &Progress, stage: &ast::Stage, input: ChainInput<'_>) -> BindResult<()> {
    let models = match &progress.vector {
        Vector::Given if input.is_text() => {
            let message = format!("nothing before `{}` turns the text into a vector", stage.name());
            let error = QueryError::new(ErrorCode::StageOrder, message).at(stage.span);
            return Err(
                error.help("start with ENCODE(model) THEN ..., or give SEARCH (TEXT => ..., VECTOR => ...)")
            );
        }
        Vector::Given | Vector::Encoded(_) => return Ok(()),
        Vector::Several(models) => models,
    };
    let message = format!(
        "the branches of FUSE encode with different models ({}), so `{}` has no one query vector",
        list_names(models),
        stage.name()
    );
    let error = QueryError::new(ErrorCode::StageOrder, message).at(stage.span);
    Err(error.help("put ENCODE(model) before FUSE: its vector stands behind it too"))
}
