//! Parameters of a statement: one style, counted from the first.

use std::collections::HashMap;

use super::cursor::{Parsed, fail};
use crate::ast::Parameter;
use crate::error::{ErrorCode, QueryError, Span};
use crate::limits::Limits;

/// The styles, as errors show them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Question,
    Numbered,
    Named,
}

impl Style {
    fn shown(self) -> &'static str {
        match self {
            Style::Question => "?",
            Style::Numbered => "$1",
            Style::Named => ":name",
        }
    }
}

#[derive(Default)]
pub(super) struct ParameterList {
    style: Option<Style>,
    /// Position of each `:name`.
    named: HashMap<String, usize>,
    pub(super) parameters: Vec<Parameter>,
}

impl ParameterList {
    /// The position of the parameter `text` (with its sign) among the values to bind.
    pub(super) fn index(&mut self, style: Style, text: &str, span: Span, limits: &Limits) -> Parsed<usize> {
        let first = *self.style.get_or_insert(style);
        if first != style {
            let message = format!("`{}` and `{}` parameters in one statement", first.shown(), style.shown());
            let error = QueryError::new(ErrorCode::MixedParameters, message).at(span);
            return fail(error.help(format!("write all of them as `{}`", first.shown())));
        }
        match style {
            Style::Question => self.push(None, span, limits),
            Style::Numbered => self.numbered(text, span, limits),
            Style::Named => {
                let name = text.trim_start_matches(':');
                if let Some(&index) = self.named.get(name) {
                    return Ok(index);
                }
                let index = self.push(Some(name.to_owned()), span, limits)?;
                self.named.insert(name.to_owned(), index);
                Ok(index)
            }
        }
    }

    /// `$1` is the first; numbers that are skipped still ask for a value.
    fn numbered(&mut self, text: &str, span: Span, limits: &Limits) -> Parsed<usize> {
        let number = text.trim_start_matches('$').parse::<usize>().unwrap_or(usize::MAX);
        if number > limits.parameters_max {
            return fail(too_many(span, limits));
        }
        let Some(index) = number.checked_sub(1) else {
            let error = QueryError::new(ErrorCode::InvalidParameter, "there is no parameter `$0`").at(span);
            return fail(error.help("parameters are counted from $1"));
        };
        if self.parameters.len() <= index {
            self.parameters.resize_with(number, || Parameter { name: None, span: None });
        }
        if let Some(parameter) = self.parameters.get_mut(index) {
            parameter.span.get_or_insert(span);
        }
        Ok(index)
    }

    fn push(&mut self, name: Option<String>, span: Span, limits: &Limits) -> Parsed<usize> {
        if self.parameters.len() >= limits.parameters_max {
            return fail(too_many(span, limits));
        }
        self.parameters.push(Parameter { name, span: Some(span) });
        Ok(self.parameters.len() - 1)
    }

    /// Statements that store their text cannot have parameters.
    pub(super) fn none(&self, what: &str) -> Parsed<()> {
        match self.parameters.iter().find_map(|parameter| parameter.span) {
            Some(span) => {
                let message = format!("parameters are not allowed in {what}");
                fail(
                    QueryError::new(ErrorCode::ParameterNotAllowed, message).at(span).help("write the value"),
                )
            }
            None => Ok(()),
        }
    }
}

fn too_many(span: Span, limits: &Limits) -> QueryError {
    let message = format!("more than {} parameters", limits.parameters_max);
    QueryError::new(ErrorCode::TooManyParameters, message).at(span)
}
