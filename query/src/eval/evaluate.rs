//! The evaluator: one recursive match, with operators and functions beside it so that its frames stay small.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::eval::cast::cast_value;
use crate::eval::compare::compare;
use crate::eval::error::EvalError;
use crate::eval::functions::{call, check_length};
use crate::eval::like;
use crate::expr::{BinaryOp, BoundExpr, Function, NativeFunction, UnaryOp};
use crate::value::Value;

/// What an expression may read beside its row.
#[derive(Clone, Copy, Debug)]
pub struct EvalContext<'a> {
    /// Values of the statement's parameters.
    pub params: &'a [Value],
    /// The statement's time in microseconds since 1970-01-01 00:00:00 UTC, the value of `now()`.
    pub now_us: i64,
}

/// Values are borrowed from the row and the expression where they are not computed.
type Evaluated<'a> = Result<Cow<'a, Value>, EvalError>;

/// The value of an expression for one row.
///
/// # Errors
/// When an operation has no value for its operands; AND, OR, CASE and coalesce stop at the operand that
/// decides.
pub fn evaluate(expr: &BoundExpr, row: &[Value], ctx: &EvalContext<'_>) -> Result<Value, EvalError> {
    eval(expr, row, ctx).map(Cow::into_owned)
}

/// Whether a predicate's value keeps a row: TRUE does, FALSE and NULL do not.
pub fn is_true(value: &Value) -> bool {
    matches!(value, Value::Boolean(true))
}

/// [`evaluate`] without copies.
fn eval<'a>(expr: &'a BoundExpr, row: &'a [Value], ctx: &EvalContext<'a>) -> Evaluated<'a> {
    match expr {
        BoundExpr::Literal(value) => Ok(Cow::Borrowed(value)),
        BoundExpr::Parameter(index) => match ctx.params.get(*index) {
            Some(value) => Ok(Cow::Borrowed(value)),
            None => Err(EvalError::UnboundParameter { index: *index }),
        },
        BoundExpr::Column { index, .. } => match row.get(*index) {
            Some(value) => Ok(Cow::Borrowed(value)),
            None => Err(EvalError::Internal("a column lies outside its row")),
        },
        BoundExpr::Now => owned(Value::Timestamp(ctx.now_us)),
        BoundExpr::Unary { op, expr } => unary(*op, eval(expr, row, ctx)?.as_ref()).map(Cow::Owned),
        BoundExpr::Binary { op, left, right } => {
            let left = eval(left, row, ctx)?;
            let right = eval(right, row, ctx)?;
            binary(*op, &left, &right).map(Cow::Owned)
        }
        BoundExpr::Logic { all, operands } => logic(*all, operands, row, ctx),
        BoundExpr::IsNull { expr, negated } => {
            let is_null = eval(expr, row, ctx)?.is_null();
            owned(Value::Boolean(is_null != *negated))
        }
        BoundExpr::InList { expr, list, negated } => in_list(expr, list, *negated, row, ctx),
        BoundExpr::InSet { expr, set, negated } => {
            let value = eval(expr, row, ctx)?;
            let found = set.contains(&value);
            let unknown = !set.is_empty() && (value.is_null() || (set.has_null() && !found));
            owned(membership(found, unknown, *negated))
        }
        BoundExpr::InQuery { .. } => {
            Err(EvalError::Internal("a subquery was not replaced by its values before evaluation"))
        }
        BoundExpr::Like { expr, pattern, negated, ignore_case } => {
            let text = eval(expr, row, ctx)?;
            let pattern = eval(pattern, row, ctx)?;
            like(&text, &pattern, *negated, *ignore_case).map(Cow::Owned)
        }
        BoundExpr::Case { branches, otherwise, .. } => case(branches, otherwise.as_deref(), row, ctx),
        BoundExpr::Cast { expr, to } => {
            let value = eval(expr, row, ctx)?;
            cast_value(value.into_owned(), to).map(Cow::Owned)
        }
        BoundExpr::Call { function, args } => call_function(*function, args, row, ctx),
        BoundExpr::Fusion { .. } => {
            Err(EvalError::Internal("a fusion was not replaced by its function before evaluation"))
        }
        BoundExpr::Native { function, args } => native(function.as_ref(), args, row, ctx),
        BoundExpr::List(items) => {
            let items: Result<Vec<Value>, EvalError> =
                items.iter().map(|item| evaluate(item, row, ctx)).collect();
            items.map(|items| Cow::Owned(Value::List(items)))
        }
    }
}

/// A function of the engine; NULL in, NULL out.
fn native<'a>(
    function: &dyn NativeFunction,
    args: &'a [BoundExpr],
    row: &'a [Value],
    ctx: &EvalContext<'a>,
) -> Evaluated<'a> {
    let mut numbers = Vec::with_capacity(args.len());
    for arg in args {
        match eval(arg, row, ctx)?.as_ref() {
            Value::Null => return owned(Value::Null),
            Value::Double(number) => numbers.push(*number),
            Value::BigInt(number) => numbers.push(*number as f64),
            other => {
                let value = other.shown();
                return Err(EvalError::Argument { operation: "a fusion", value, expected: "a number" });
            }
        }
    }
    owned(Value::Double(function.call(&numbers)))
}

fn owned<'a>(value: Value) -> Evaluated<'a> {
    Ok(Cow::Owned(value))
}

/// Three-valued AND and OR; the first operand that decides ends it.
fn logic<'a>(all: bool, operands: &'a [BoundExpr], row: &'a [Value], ctx: &EvalContext<'a>) -> Evaluated<'a> {
    let mut result = Value::Boolean(all);
    for operand in operands {
        match truth("AND/OR", eval(operand, row, ctx)?.as_ref())? {
            Some(b) if b != all => return owned(Value::Boolean(b)),
            Some(_) => {}
            None => result = Value::Null,
        }
    }
    owned(result)
}

/// The truth of an operand of a logical operator; None for NULL.
fn truth(operation: &'static str, value: &Value) -> Result<Option<bool>, EvalError> {
    match value {
        Value::Boolean(b) => Ok(Some(*b)),
        Value::Null => Ok(None),
        other => Err(EvalError::Argument { operation, value: other.shown(), expected: "a BOOLEAN" }),
    }
}

fn in_list<'a>(
    expr: &'a BoundExpr,
    list: &'a [BoundExpr],
    negated: bool,
    row: &'a [Value],
    ctx: &EvalContext<'a>,
) -> Evaluated<'a> {
    let value = eval(expr, row, ctx)?;
    let mut unknown = false;
    for candidate in list {
        match compare("IN", &value, eval(candidate, row, ctx)?.as_ref())? {
            Some(Ordering::Equal) => return owned(Value::Boolean(!negated)),
            Some(_) => {}
            None => unknown = true,
        }
    }
    owned(membership(false, unknown, negated))
}

/// The result of IN.
fn membership(found: bool, unknown: bool, negated: bool) -> Value {
    match (found, unknown) {
        (true, _) => Value::Boolean(!negated),
        (false, true) => Value::Null,
        (false, false) => Value::Boolean(negated),
    }
}

fn case<'a>(
    branches: &'a [(BoundExpr, BoundExpr)],
    otherwise: Option<&'a BoundExpr>,
    row: &'a [Value],
    ctx: &EvalContext<'a>,
) -> Evaluated<'a> {
    for (when, then) in branches {
        if is_true(eval(when, row, ctx)?.as_ref()) {
            return eval(then, row, ctx);
        }
    }
    match otherwise {
        Some(expr) => eval(expr, row, ctx),
        None => owned(Value::Null),
    }
}

/// Evaluates the arguments and calls; coalesce alone must not evaluate what it does not need.
fn call_function<'a>(
    function: Function,
    args: &'a [BoundExpr],
    row: &'a [Value],
    ctx: &EvalContext<'a>,
) -> Evaluated<'a> {
    if function == Function::Coalesce {
        for arg in args {
            let value = eval(arg, row, ctx)?;
            if !value.is_null() {
                return Ok(value);
            }
        }
        return owned(Value::Null);
    }
    let values: Result<Vec<Cow<'a, Value>>, EvalError> = args.iter().map(|arg| eval(arg, row, ctx)).collect();
    call(function, &values?).map(Cow::Owned)
}

fn unary(op: UnaryOp, value: &Value) -> Result<Value, EvalError> {
    match (op, value) {
        (_, Value::Null) => Ok(Value::Null),
        (UnaryOp::Not, other) => Ok(truth("NOT", other)?.map_or(Value::Null, |b| Value::Boolean(!b))),
        (UnaryOp::Negate, Value::BigInt(i)) => match i.checked_neg() {
            Some(negated) => Ok(Value::BigInt(negated)),
            None => Err(overflow(format!("-({i})"))),
        },
        (UnaryOp::Negate, Value::Double(d)) => Ok(Value::Double(-d)),
        (UnaryOp::Negate, other) => {
            Err(EvalError::Argument { operation: "-", value: other.shown(), expected: "a number" })
        }
    }
}

fn overflow(expression: String) -> EvalError {
    EvalError::Overflow { expression, fix: "cast an operand to DOUBLE, or use smaller numbers" }
}

fn binary(op: BinaryOp, left: &Value, right: &Value) -> Result<Value, EvalError> {
    if op.is_comparison() {
        let Some(order) = compare(op.symbol(), left, right)? else {
            return Ok(Value::Null);
        };
        return Ok(Value::Boolean(match op {
            BinaryOp::Equal => order.is_eq(),
            BinaryOp::NotEqual => order.is_ne(),
            BinaryOp::Less => order.is_lt(),
            BinaryOp::LessEqual => order.is_le(),
            BinaryOp::Greater => order.is_gt(),
            _ => order.is_ge(),
        }));
    }
    if left.is_null() || right.is_null() {
        return Ok(Value::Null);
    }
    if op == BinaryOp::Concat {
        let (left, right) = (left.to_string(), right.to_string());
        check_length("||", left.len().saturating_add(right.len()))?;
        return Ok(Value::Text(left + &right));
    }
    match (left, right) {
        (Value::BigInt(a), Value::BigInt(b)) => integer_arithmetic(op, *a, *b),
        (Value::BigInt(a), Value::Double(b)) => double_arithmetic(op, *a as f64, *b),
        (Value::Double(a), Value::BigInt(b)) => double_arithmetic(op, *a, *b as f64),
        (Value::Double(a), Value::Double(b)) => double_arithmetic(op, *a, *b),
        _ => Err(EvalError::Operands {
            operation: op.symbol(),
            left: left.data_type().to_string(),
            right: right.data_type().to_string(),
        }),
    }
}

/// Checked arithmetic; `/` truncates towards zero and `%` has the sign of the dividend, as in PostgreSQL.
fn integer_arithmetic(op: BinaryOp, a: i64, b: i64) -> Result<Value, EvalError> {
    let expression = || format!("{a} {} {b}", op.symbol());
    if b == 0 && matches!(op, BinaryOp::Divide | BinaryOp::Modulo) {
        return Err(EvalError::DivisionByZero { expression: expression() });
    }
    let result = match op {
        BinaryOp::Add => a.checked_add(b),
        BinaryOp::Subtract => a.checked_sub(b),
        BinaryOp::Multiply => a.checked_mul(b),
        BinaryOp::Divide => a.checked_div(b),
        // i64::MIN % -1 is 0; only the machine instruction overflows.
        _ => Some(a.wrapping_rem(b)),
    };
    result.map(Value::BigInt).ok_or_else(|| overflow(expression()))
}

/// Arithmetic in doubles. A result that is not a number, or infinite from finite operands, is an error.
fn double_arithmetic(op: BinaryOp, a: f64, b: f64) -> Result<Value, EvalError> {
    let expression = || format!("{} {} {}", Value::Double(a), op.symbol(), Value::Double(b));
    if b == 0.0 && matches!(op, BinaryOp::Divide | BinaryOp::Modulo) {
        return Err(EvalError::DivisionByZero { expression: expression() });
    }
    let result = match op {
        BinaryOp::Add => a + b,
        BinaryOp::Subtract => a - b,
        BinaryOp::Multiply => a * b,
        BinaryOp::Divide => a / b,
        _ => a % b,
    };
    let finite_operands = a.is_finite() && b.is_finite();
    if result.is_nan() || (result.is_infinite() && finite_operands) {
        return Err(EvalError::Overflow { expression: expression(), fix: "use smaller finite numbers" });
    }
    Ok(Value::Double(result))
}

fn like(text: &Value, pattern: &Value, negated: bool, ignore_case: bool) -> Result<Value, EvalError> {
    match (text, pattern) {
        (Value::Null, _) | (_, Value::Null) => Ok(Value::Null),
        (Value::Text(s) | Value::Json(s), Value::Text(p)) => match like::matches(s, p, ignore_case) {
            Some(matched) => Ok(Value::Boolean(matched != negated)),
            None => Err(EvalError::Pattern { pattern: pattern.shown() }),
        },
        (Value::Text(_), other) | (other, _) => {
            Err(EvalError::Argument { operation: "LIKE", value: other.shown(), expected: "TEXT" })
        }
    }
}
