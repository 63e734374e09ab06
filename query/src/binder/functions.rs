//! Scalar functions: names, argument counts and types.

use crate::ast::{Call, Ident};
use crate::binder::context::{BindResult, Binder};
use crate::binder::expr::Place;
use crate::binder::types::mismatch;
use crate::catalog::{FusionInfo, ObjectKind};
use crate::error::{ErrorCode, QueryError, Span};
use crate::expr::{BoundExpr, Function};
use crate::value::DataType;
use crate::value_text::FUNCTIONS;

impl Binder<'_> {
    /// Resolves a function and checks its arguments.
    pub(super) fn function(
        &mut self,
        name: &Ident,
        args: Vec<BoundExpr>,
        spans: &[Span],
        span: Span,
    ) -> BindResult<BoundExpr> {
        if name.name == "now" && args.is_empty() {
            return Ok(BoundExpr::Now);
        }
        let entry = FUNCTIONS.iter().find(|(known, ..)| *known == name.name);
        let Some((_, function, least, most)) = entry else {
            let fusions = self.catalog.names(ObjectKind::Fusion);
            return Err(unknown_function(name, &fusions));
        };
        if args.len() < *least || args.len() > *most {
            let wanted = match (least, most) {
                (a, b) if a == b => format!("{a}"),
                (a, &usize::MAX) => format!("at least {a}"),
                (a, b) => format!("{a} to {b}"),
            };
            let noun = if *most == 1 { "argument" } else { "arguments" };
            let message = format!("`{}` takes {wanted} {noun}, not {}", name.name, args.len());
            return Err(QueryError::new(ErrorCode::ArgumentCount, message).at(span));
        }
        let args = self.arguments(*function, args, spans, span)?;
        Ok(BoundExpr::Call { function: *function, args })
    }

    /// The fusion that a call names; functions of the language win over a fusion of their name.
    pub(super) fn fusion_of(&self, name: &Ident) -> Option<FusionInfo> {
        if is_function(&name.name) { None } else { self.catalog.fusion(&name.name) }
    }

    /// A call of a fusion, with as many numbers as it has features.
    pub(super) fn fusion_call(
        &mut self,
        fusion: &FusionInfo,
        call: &Call,
        args: Vec<BoundExpr>,
        place: Place,
    ) -> BindResult<BoundExpr> {
        let name = &call.name;
        if place != Place::ScoreBy {
            let message = format!("fusion `{}` cannot be called in {}", name.name, place.name());
            let error = QueryError::new(ErrorCode::NoPlan, message).at(name.span);
            return Err(error.help("call it in SCORE BY, behind the stages of VIA or of a pipeline"));
        }
        if args.len() != fusion.features.len() {
            let features = fusion.features.join(", ");
            let (wanted, found) = (fusion.features.len(), args.len());
            let message = format!("fusion `{}` takes {wanted} arguments, not {found}", name.name);
            let error = QueryError::new(ErrorCode::ArgumentCount, message).at(name.span);
            return Err(error.help(format!("its features are: {features}")));
        }
        let mut numbers = Vec::with_capacity(args.len());
        for (arg, written) in args.into_iter().zip(&call.args) {
            numbers.push(self.number(arg, &DataType::Double, written.span, "an argument of a fusion")?);
        }
        Ok(BoundExpr::Fusion { name: fusion.name.clone(), args: numbers })
    }

    /// Functions that are known only inside GENERATED ALWAYS AS.
    pub(super) fn reserved_call(&self, call: &Call) -> Option<QueryError> {
        let name = call.name.name.as_str();
        if !matches!(name, "encode" | "aux") {
            return None;
        }
        let message =
            format!("`{name}` can stand only in GENERATED ALWAYS AS (...) STORED of a VECTOR column");
        let error = QueryError::new(ErrorCode::InvalidGenerated, message).at(call.name.span);
        Some(error.help("to search by a text, write FROM table SEARCH 'text'"))
    }

    fn arguments(
        &mut self,
        function: Function,
        args: Vec<BoundExpr>,
        spans: &[Span],
        span: Span,
    ) -> BindResult<Vec<BoundExpr>> {
        match function {
            Function::Concat | Function::Hash => self.each(args, spans, Binder::scalar),
            Function::Coalesce | Function::Greatest | Function::Least => {
                let mut args = args;
                self.unify(&mut args, span, function.name())?;
                Ok(args)
            }
            Function::NullIf => {
                let (a, b) = pair(args)?;
                let (a, b) = self.comparable(a, b, span, "nullif")?;
                Ok(vec![a, b])
            }
            Function::Length => self.each(args, spans, Binder::measurable),
            Function::InnerProduct | Function::Cosine | Function::L2 => match spans {
                [a, b] => self.vector_pair(args, [*a, *b]),
                _ => self.vector_pair(args, [span, span]),
            },
            Function::Normalize => {
                self.each(args, spans, |b, arg, at| b.vector(arg, None, at, "the argument of normalize"))
            }
            Function::ArrayContains => self.array_contains(args, span),
            Function::Lower
            | Function::Upper
            | Function::Trim
            | Function::Substr
            | Function::Replace
            | Function::JsonExtract => self.texts_then_numbers(function, args, spans),
            _ => self.each(args, spans, |b, arg, at| {
                b.number(arg, &DataType::Double, at, &format!("an argument of {}", function.name()))
            }),
        }
    }

    /// Checks each argument on its own.
    fn each(
        &mut self,
        args: Vec<BoundExpr>,
        spans: &[Span],
        check: impl Fn(&mut Self, BoundExpr, Span) -> BindResult<BoundExpr>,
    ) -> BindResult<Vec<BoundExpr>> {
        let spans = spans.iter().copied().chain(std::iter::repeat(Span::default()));
        args.into_iter().zip(spans).map(|(arg, span)| check(self, arg, span)).collect()
    }

    /// Texts, but for substr, whose other arguments are counts.
    fn texts_then_numbers(
        &mut self,
        function: Function,
        args: Vec<BoundExpr>,
        spans: &[Span],
    ) -> BindResult<Vec<BoundExpr>> {
        let what = format!("an argument of {}", function.name());
        let mut args = args.into_iter().zip(spans.iter().copied());
        let mut checked = Vec::with_capacity(spans.len());
        if let Some((first, span)) = args.next() {
            checked.push(self.text(first, span, &what)?);
        }
        for (arg, span) in args {
            checked.push(match function {
                Function::Substr => self.number(arg, &DataType::BigInt, span, &what)?,
                _ => self.text(arg, span, &what)?,
            });
        }
        Ok(checked)
    }

    /// Whatever has a text.
    fn scalar(&mut self, expr: BoundExpr, span: Span) -> BindResult<BoundExpr> {
        self.infer(&expr, &DataType::Text);
        match expr.data_type() {
            t @ (DataType::Vector { .. } | DataType::List(_)) => {
                Err(mismatch(format!("concat joins texts, not {t}"), span).help("add CAST(x AS TEXT)"))
            }
            _ => Ok(expr),
        }
    }

    /// Whatever has a length.
    fn measurable(&mut self, expr: BoundExpr, span: Span) -> BindResult<BoundExpr> {
        match expr.data_type() {
            DataType::Text
            | DataType::Json
            | DataType::List(_)
            | DataType::Vector { .. }
            | DataType::Unknown => Ok(expr),
            other => Err(mismatch(format!("length takes a TEXT or an array, not {other}"), span)),
        }
    }

    /// Two vectors; where the width of one is known the other must have it too.
    pub(super) fn vector_pair(
        &mut self,
        args: Vec<BoundExpr>,
        spans: [Span; 2],
    ) -> BindResult<Vec<BoundExpr>> {
        let (a, b) = pair(args)?;
        let dimension = |expr: &BoundExpr| match expr.data_type() {
            DataType::Vector { dimension, .. } => dimension,
            _ => None,
        };
        let known = dimension(&a).or_else(|| dimension(&b));
        let [at_a, at_b] = spans;
        let a = self.vector(a, known, at_a, "the first vector")?;
        let b = self.vector(b, known, at_b, "the second vector")?;
        Ok(vec![a, b])
    }

    fn array_contains(&mut self, args: Vec<BoundExpr>, span: Span) -> BindResult<Vec<BoundExpr>> {
        let (array, value) = pair(args)?;
        let element = match array.data_type() {
            DataType::List(element) => *element,
            DataType::Unknown => DataType::Unknown,
            other => {
                let help = if matches!(other, DataType::Vector { .. }) {
                    "a VECTOR is no array"
                } else {
                    "give an array first"
                };
                return Err(mismatch(format!("array_contains takes an array, not {other}"), span).help(help));
            }
        };
        let stand_in = BoundExpr::Column { index: 0, data_type: element };
        let (_, value) = self.comparable(stand_in, value, span, "array_contains")?;
        Ok(vec![array, value])
    }
}

/// Functions that are not in the list of scalar functions.
const OTHER_FUNCTIONS: [&str; 6] = ["now", "count", "sum", "avg", "min", "max"];

/// Whether the language has a function or aggregate of this name.
pub(super) fn is_function(name: &str) -> bool {
    OTHER_FUNCTIONS.contains(&name) || FUNCTIONS.iter().any(|(known, ..)| *known == name)
}

/// Two arguments, which their count has been checked to be.
fn pair(args: Vec<BoundExpr>) -> BindResult<(BoundExpr, BoundExpr)> {
    let mut args = args.into_iter();
    match (args.next(), args.next()) {
        (Some(a), Some(b)) => Ok((a, b)),
        _ => Err(QueryError::new(ErrorCode::ArgumentCount, "two arguments are needed")),
    }
}

fn unknown_function(name: &Ident, fusions: &[String]) -> QueryError {
    let known = FUNCTIONS.iter().map(|(known, ..)| *known);
    let others = OTHER_FUNCTIONS.iter().copied().chain(fusions.iter().map(String::as_str));
    let error = QueryError::new(ErrorCode::UnknownFunction, format!("unknown function `{}`", name.name));
    error.at(name.span).did_you_mean(&name.name, known.chain(others))
}
