//! Expressions to text, with no more parentheses than precedence asks for.

use std::fmt::{self, Display, Formatter};

use super::{AnyName, Commas, quote_text, type_text};
use crate::ast::{Call, ColumnName, DistanceOp, Expr, ExprKind};
use crate::expr::{BinaryOp, UnaryOp};
use crate::parser::expr::{binary_level, level};
use crate::timestamp::format_timestamp;
use crate::value::{DataType, Value};

/// An operand, in parentheses where it binds looser than its place allows.
struct Operand<'a>(&'a Expr, u8);

impl Display for Operand<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if strength(&self.0.kind) < self.1 { write!(f, "({})", self.0) } else { self.0.fmt(f) }
    }
}

fn strength(kind: &ExprKind) -> u8 {
    match kind {
        ExprKind::Literal(Value::BigInt(n)) if *n < 0 => level::MINUS,
        ExprKind::Literal(Value::Double(x)) if x.is_sign_negative() => level::MINUS,
        ExprKind::Unary { op: UnaryOp::Not, .. } => level::NOT,
        ExprKind::Unary { op: UnaryOp::Negate, .. } => level::MINUS,
        ExprKind::Binary { op, .. } => binary_level(*op),
        ExprKind::Distance { .. } => level::OTHER,
        ExprKind::Logic { all: true, .. } => level::AND,
        ExprKind::Logic { all: false, .. } => level::OR,
        ExprKind::Between { .. }
        | ExprKind::InList { .. }
        | ExprKind::InQuery { .. }
        | ExprKind::Like { .. } => level::RANGE,
        ExprKind::IsNull { .. } => level::IS,
        ExprKind::Cast { .. } => level::CAST,
        ExprKind::Literal(_)
        | ExprKind::Parameter { .. }
        | ExprKind::Column(_)
        | ExprKind::Case { .. }
        | ExprKind::Call(_)
        | ExprKind::List(_) => level::PRIMARY,
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExprKind::Literal(value) => literal(f, value),
            ExprKind::Parameter { name: Some(name), .. } => write!(f, ":{name}"),
            ExprKind::Parameter { index, name: None } => write!(f, "${}", index + 1),
            ExprKind::Column(column) => column.fmt(f),
            ExprKind::Unary { op, expr } => unary(f, *op, expr),
            ExprKind::Binary { op, left, right } => binary(f, *op, left, right),
            ExprKind::Distance { op, left, right } => {
                let (left, right) = (Operand(left, level::OTHER), Operand(right, level::OTHER + 1));
                write!(f, "{left} {op} {right}")
            }
            ExprKind::Logic { all, operands } => logic(f, *all, operands),
            ExprKind::Between { expr, low, high, negated } => {
                let (low, high) = (Operand(low, level::OTHER), Operand(high, level::OTHER));
                write!(f, "{}{} BETWEEN {low} AND {high}", Operand(expr, level::OTHER), not(*negated))
            }
            ExprKind::InList { expr, list, negated } => {
                write!(f, "{}{} IN ({})", Operand(expr, level::OTHER), not(*negated), Commas(list))
            }
            ExprKind::InQuery { expr, query, negated } => {
                write!(f, "{}{} IN ({query})", Operand(expr, level::OTHER), not(*negated))
            }
            ExprKind::Like { expr, pattern, negated, ignore_case } => {
                let keyword = if *ignore_case { "ILIKE" } else { "LIKE" };
                let (expr, pattern) = (Operand(expr, level::OTHER), Operand(pattern, level::OTHER));
                write!(f, "{expr}{} {keyword} {pattern}", not(*negated))
            }
            ExprKind::IsNull { expr, negated } => {
                write!(f, "{} IS{} NULL", Operand(expr, level::IS), not(*negated))
            }
            ExprKind::Case { operand, branches, otherwise } => {
                case(f, operand.as_deref(), branches, otherwise.as_deref())
            }
            // Casts of casts were a chain of `::`, which must not come back as nesting.
            ExprKind::Cast { expr, to } if matches!(expr.kind, ExprKind::Cast { .. }) => {
                write!(f, "{expr}::{to}")
            }
            ExprKind::Cast { expr, to } => write!(f, "CAST({expr} AS {to})"),
            ExprKind::Call(call) => call.fmt(f),
            ExprKind::List(items) => write!(f, "[{}]", Commas(items)),
        }
    }
}

fn not(negated: bool) -> &'static str {
    if negated { " NOT" } else { "" }
}

fn unary(f: &mut Formatter<'_>, op: UnaryOp, expr: &Expr) -> fmt::Result {
    match (op, &expr.kind) {
        // Runs of one sign are printed as such, so that they do not come back as nesting.
        (UnaryOp::Not, _) => write!(f, "NOT {}", Operand(expr, level::NOT)),
        (UnaryOp::Negate, _) if strength(&expr.kind) == level::MINUS => write!(f, "- {expr}"),
        // A minus before a number would become part of it.
        (UnaryOp::Negate, ExprKind::Literal(Value::BigInt(_) | Value::Double(_))) => write!(f, "-({expr})"),
        (UnaryOp::Negate, _) => write!(f, "-{}", Operand(expr, level::CAST)),
    }
}

fn binary(f: &mut Formatter<'_>, op: BinaryOp, left: &Expr, right: &Expr) -> fmt::Result {
    let strength = binary_level(op);
    // Comparisons do not chain on either side.
    let left_least = if strength == level::COMPARISON { strength + 1 } else { strength };
    write!(f, "{} {} {}", Operand(left, left_least), op.symbol(), Operand(right, strength + 1))
}

fn logic(f: &mut Formatter<'_>, all: bool, operands: &[Expr]) -> fmt::Result {
    let (keyword, least) = if all { (" AND ", level::NOT) } else { (" OR ", level::AND) };
    for (i, operand) in operands.iter().enumerate() {
        if i > 0 {
            f.write_str(keyword)?;
        }
        Operand(operand, least).fmt(f)?;
    }
    Ok(())
}

fn case(
    f: &mut Formatter<'_>,
    operand: Option<&Expr>,
    branches: &[(Expr, Expr)],
    otherwise: Option<&Expr>,
) -> fmt::Result {
    f.write_str("CASE")?;
    if let Some(operand) = operand {
        write!(f, " {operand}")?;
    }
    for (condition, result) in branches {
        write!(f, " WHEN {condition} THEN {result}")?;
    }
    if let Some(otherwise) = otherwise {
        write!(f, " ELSE {otherwise}")?;
    }
    f.write_str(" END")
}

fn literal(f: &mut Formatter<'_>, value: &Value) -> fmt::Result {
    match value {
        Value::Null => f.write_str("NULL"),
        Value::Boolean(true) => f.write_str("TRUE"),
        Value::Boolean(false) => f.write_str("FALSE"),
        Value::BigInt(n) => write!(f, "{n}"),
        Value::Double(x) if x.is_finite() => write!(f, "{x:?}"),
        Value::Double(x) => write!(f, "CAST('{x}' AS {})", type_text(&DataType::Double)),
        Value::Text(text) => f.write_str(&quote_text(text)),
        Value::Timestamp(us) => match format_timestamp(*us) {
            Some(text) => write!(f, "TIMESTAMP '{text}'"),
            // The parser reads no time that far away; as an argument it may come from elsewhere.
            None => write!(f, "CAST({us} AS TIMESTAMP)"),
        },
        Value::Json(text) => write!(f, "CAST({} AS JSON)", quote_text(text)),
        Value::Vector(elements) => {
            let elements: Vec<String> = elements.iter().map(|x| format!("{x:?}")).collect();
            write!(f, "[{}]", Commas(&elements))
        }
        Value::List(items) => {
            f.write_str("[")?;
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    f.write_str(", ")?;
                }
                literal(f, item)?;
            }
            f.write_str("]")
        }
    }
}

impl Display for ColumnName {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(qualifier) = &self.qualifier {
            return write!(f, "{qualifier}.{}", AnyName(&self.name));
        }
        self.name.fmt(f)
    }
}

impl Display for Call {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.star {
            return write!(f, "{}(*)", self.name);
        }
        let distinct = if self.distinct { "DISTINCT " } else { "" };
        write!(f, "{}({distinct}{})", self.name, Commas(&self.args))
    }
}

impl Display for DistanceOp {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DistanceOp::Cosine => "<=>",
            DistanceOp::L2 => "<->",
            DistanceOp::NegativeInnerProduct => "<#>",
        })
    }
}
