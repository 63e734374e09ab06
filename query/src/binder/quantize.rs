//! QUANTIZE MODEL.

use crate::ast::{self, Expr, OptionItem, OptionValue, Query};
use crate::binder::context::{BindResult, Binder};
use crate::binder::options::check_known;
use crate::binder::types::mismatch;
use crate::catalog::{ModelNumbers, ObjectKind};
use crate::error::{ErrorCode, QueryError};
use crate::node::output_schema;
use crate::plan::{LogicalPlan, Node, QuantizeModel};
use crate::value::{DataType, Value};
use crate::value_text::shorten;

impl Binder<'_> {
    pub(super) fn quantize_model(&mut self, quantize: &ast::QuantizeModel) -> BindResult<LogicalPlan> {
        let model = self.model(&quantize.model)?;
        if model.numbers != ModelNumbers::F32 {
            let message = format!("model `{}` computes in {} already", model.name, model.numbers.described());
            let error = QueryError::new(ErrorCode::TypeMismatch, message).at(quantize.model.span);
            return Err(error.help("name a model whose dtype is f32; SHOW MODELS tells it"));
        }
        let name = &quantize.name;
        self.check_name(ObjectKind::Model, name, false)
            .map_err(|error| error.help(format!("choose another name, or DROP MODEL {} first", name.name)))?;
        let (mut calibration, mut min_cosine, mut numbers) = (None, None, ModelNumbers::Int8);
        for option in &quantize.options {
            check_known(option, "QUANTIZE MODEL", &QuantizeModel::OPTIONS, || {
                format!("it knows {}", QuantizeModel::OPTIONS.join(", "))
            })?;
            match (option.name.name.as_str(), &option.value) {
                ("calibration", OptionValue::Query(query)) => calibration = Some(self.calibration(query)?),
                ("calibration", OptionValue::Expr(expr)) => return Err(no_calibration(expr)),
                ("dtype", _) => numbers = self.numbers(option)?,
                _ => min_cosine = Some((self.min_cosine(option)?, option.name.span)),
            }
        }
        if let (None, Some((least, span))) = (&calibration, min_cosine) {
            let message = format!("min_cosine = {least} without texts to measure the cosine on");
            let error = QueryError::new(ErrorCode::InvalidOption, message).at(span);
            return Err(error.help("add calibration = (SELECT text FROM ...)"));
        }
        Ok(LogicalPlan::QuantizeModel(QuantizeModel {
            model: model.name,
            name: name.name.clone(),
            numbers,
            calibration,
            min_cosine: min_cosine.map(|(least, _)| least),
        }))
    }

    /// A query of one column of texts.
    fn calibration(&mut self, query: &Query) -> BindResult<Node> {
        let node = self.query(query)?;
        let found = match output_schema(&node) {
            [only] if matches!(only.data_type, DataType::Text | DataType::Unknown) => return Ok(node),
            [only] => format!("a column of {}", only.data_type),
            several => format!("{} columns", several.len()),
        };
        let message = format!("the query of calibration must have one column of TEXT, not {found}");
        Err(mismatch(message, query.span).help("write calibration = (SELECT text FROM ...)"))
    }

    fn numbers(&mut self, option: &OptionItem) -> BindResult<ModelNumbers> {
        let (_, value) = self.option(option)?;
        match &value {
            Value::Text(text) if text.eq_ignore_ascii_case("int8") => Ok(ModelNumbers::Int8),
            Value::Text(text) if text.eq_ignore_ascii_case("f16") => Ok(ModelNumbers::F16),
            _ => {
                let message = format!("dtype cannot be {}", value.shown());
                let error = QueryError::new(ErrorCode::InvalidOption, message).at(option.name.span);
                Err(error.help("it takes 'int8', for processors, or 'f16', for CUDA devices"))
            }
        }
    }

    fn min_cosine(&mut self, option: &OptionItem) -> BindResult<f64> {
        let (_, value) = self.option(option)?;
        let number = match &value {
            Value::BigInt(number) => *number as f64,
            Value::Double(number) => *number,
            _ => f64::NAN,
        };
        if number > 0.0 && number <= 1.0 {
            return Ok(number);
        }
        let message = format!("min_cosine cannot be {}", value.shown());
        let error = QueryError::new(ErrorCode::InvalidOption, message).at(option.name.span);
        Err(error.help("it takes a number above 0 and at most 1, as 0.99"))
    }
}

fn no_calibration(expr: &Expr) -> QueryError {
    mismatch(format!("calibration takes a query, not {}", shorten(&expr.to_string())), expr.span)
        .help("write calibration = (SELECT text FROM ...)")
}
