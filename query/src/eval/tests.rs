//! Tables of expressions and values, and properties against plain definitions.

use std::sync::Arc;

use proptest::prelude::*;

use super::{EvalContext, EvalError, cast_value, compare, evaluate, is_true};
use crate::expr::{BinaryOp, BoundExpr, Function, UnaryOp};
use crate::plan::Node;
use crate::value::{DataType, Value, VectorFormat};
use crate::value_set::ValueSet;

fn int(i: i64) -> BoundExpr {
    BoundExpr::Literal(Value::BigInt(i))
}

fn double(d: f64) -> BoundExpr {
    BoundExpr::Literal(Value::Double(d))
}

fn text(s: &str) -> BoundExpr {
    BoundExpr::Literal(Value::Text(s.to_owned()))
}

fn null() -> BoundExpr {
    BoundExpr::Literal(Value::Null)
}

fn boolean(b: bool) -> BoundExpr {
    BoundExpr::boolean(b)
}

fn binary(op: BinaryOp, left: BoundExpr, right: BoundExpr) -> BoundExpr {
    BoundExpr::Binary { op, left: Box::new(left), right: Box::new(right) }
}

fn call(function: Function, args: Vec<BoundExpr>) -> BoundExpr {
    BoundExpr::Call { function, args }
}

fn list(items: Vec<BoundExpr>) -> BoundExpr {
    BoundExpr::List(items)
}

fn value_of(expr: &BoundExpr) -> Result<Value, EvalError> {
    let params = [Value::Text("bound".into())];
    evaluate(expr, &[Value::BigInt(10), Value::Null], &EvalContext { params: &params, now_us: 7 })
}

/// Checks the text of the result, or of the error.
#[track_caller]
fn check(expr: BoundExpr, expected: &str) {
    let found = match value_of(&expr) {
        Ok(value) => value.to_string(),
        Err(error) => format!("error: {error}"),
    };
    assert_eq!(found, expected);
}

#[test]
fn integer_arithmetic_is_checked() {
    check(binary(BinaryOp::Add, int(2), int(3)), "5");
    check(binary(BinaryOp::Divide, int(-7), int(2)), "-3");
    check(binary(BinaryOp::Modulo, int(-7), int(2)), "-1");
    check(binary(BinaryOp::Modulo, int(i64::MIN), int(-1)), "0");
    let overflow = "error: the result of 9223372036854775807 + 1 is out of range: \
                    cast an operand to DOUBLE, or use smaller numbers";
    check(binary(BinaryOp::Add, int(i64::MAX), int(1)), overflow);
    assert!(value_of(&binary(BinaryOp::Divide, int(i64::MIN), int(-1))).is_err());
    let zero = "error: division by zero in 1 / 0: guard the divisor with nullif(divisor, 0)";
    check(binary(BinaryOp::Divide, int(1), int(0)), zero);
    assert!(value_of(&binary(BinaryOp::Modulo, double(1.0), double(-0.0))).is_err());
}

#[test]
fn doubles_stay_numbers() {
    check(binary(BinaryOp::Add, int(1), double(0.5)), "1.5");
    assert!(matches!(
        value_of(&binary(BinaryOp::Multiply, double(1e200), double(1e200))),
        Err(EvalError::Overflow { .. })
    ));
    let infinity = double(f64::INFINITY);
    check(binary(BinaryOp::Add, infinity.clone(), int(1)), "Infinity");
    assert!(value_of(&binary(BinaryOp::Subtract, infinity.clone(), infinity)).is_err());
}

#[test]
fn comparisons_do_not_round_integers() {
    let big = (1i64 << 53) + 1;
    check(binary(BinaryOp::Equal, int(big), double(9_007_199_254_740_992.0)), "false");
    check(binary(BinaryOp::Greater, int(big), double(9_007_199_254_740_992.0)), "true");
    check(binary(BinaryOp::Less, int(i64::MAX), double(9_223_372_036_854_775_808.0)), "true");
    check(binary(BinaryOp::Equal, null(), null()), "NULL");
    let mixed = "error: = does not take BIGINT and TEXT: add a CAST, or bind a parameter of the other's type";
    check(binary(BinaryOp::Equal, int(1), text("1")), mixed);
}

#[test]
fn logic_has_three_values() {
    let logic = |all, operands| BoundExpr::Logic { all, operands };
    check(logic(true, vec![boolean(true), null()]), "NULL");
    check(logic(true, vec![null(), boolean(false)]), "false");
    check(logic(false, vec![null(), boolean(true)]), "true");
    check(logic(false, vec![boolean(false), null()]), "NULL");
    // The operand that decides ends the evaluation.
    let fails = binary(BinaryOp::Equal, binary(BinaryOp::Divide, int(1), int(0)), int(1));
    check(logic(true, vec![boolean(false), fails]), "false");
    check(BoundExpr::Unary { op: UnaryOp::Not, expr: Box::new(null()) }, "NULL");
    assert!(is_true(&Value::Boolean(true)) && !is_true(&Value::Null) && !is_true(&Value::Boolean(false)));
}

#[test]
fn membership_has_three_values() {
    let in_list = |expr: BoundExpr, list, negated| BoundExpr::InList { expr: Box::new(expr), list, negated };
    check(in_list(int(1), vec![int(2), double(1.0)], false), "true");
    check(in_list(int(1), vec![int(2), null()], false), "NULL");
    check(in_list(int(1), vec![int(2), null()], true), "NULL");
    check(in_list(int(1), vec![int(2)], true), "true");
    check(in_list(null(), vec![], false), "false");
    for (value, values, negated) in [
        (Value::BigInt(1), vec![Value::BigInt(2), Value::Null], false),
        (Value::BigInt(2), vec![Value::BigInt(2), Value::Null], true),
        (Value::Null, vec![Value::BigInt(2)], true),
        (Value::Null, vec![], true),
        (Value::BigInt(3), vec![Value::BigInt(2)], true),
    ] {
        let expr = || Box::new(BoundExpr::Literal(value.clone()));
        let literals = values.iter().cloned().map(BoundExpr::Literal).collect();
        let set = Arc::new(ValueSet::new(values));
        let by_set = value_of(&BoundExpr::InSet { expr: expr(), set, negated });
        assert_eq!(by_set, value_of(&BoundExpr::InList { expr: expr(), list: literals, negated }));
    }
}

#[test]
fn text_functions() {
    check(call(Function::Upper, vec![text("stra\u{df}e")]), "STRASSE");
    check(call(Function::Length, vec![text("\u{e9}t\u{e9}")]), "3");
    check(call(Function::Substr, vec![text("abcdef"), int(2), int(3)]), "bcd");
    check(call(Function::Substr, vec![text("abcdef"), int(-1), int(3)]), "a");
    check(call(Function::Substr, vec![text("abcdef"), int(i64::MAX)]), "");
    assert!(value_of(&call(Function::Substr, vec![text("abc"), int(1), int(-1)])).is_err());
    check(call(Function::Replace, vec![text("aXbX"), text("X"), text("--")]), "a--b--");
    check(call(Function::Replace, vec![text("ab"), text(""), text("-")]), "ab");
    check(call(Function::Concat, vec![text("a"), null(), int(1)]), "a1");
    check(call(Function::Lower, vec![null()]), "NULL");
    check(binary(BinaryOp::Concat, text("n="), int(1)), "n=1");
}

#[test]
fn texts_cannot_multiply_without_bound() {
    let mut expr = text(&"a".repeat(1000));
    for _ in 0..60 {
        expr = call(Function::Replace, vec![expr, text("a"), text(&"a".repeat(1000))]);
    }
    assert!(matches!(value_of(&expr), Err(EvalError::TooLong { function: "replace", .. })));
}

#[test]
fn numeric_functions() {
    check(call(Function::Round, vec![double(2.5)]), "3.0");
    check(call(Function::Round, vec![double(2.345), int(2)]), "2.35");
    check(call(Function::Round, vec![int(1250), int(-2)]), "1300");
    check(call(Function::Round, vec![int(5), int(-100)]), "0");
    check(call(Function::Round, vec![double(1e308), int(300)]), "1e308");
    check(call(Function::Floor, vec![double(-0.5)]), "-1.0");
    check(call(Function::Ceil, vec![int(3)]), "3");
    check(call(Function::Greatest, vec![int(1), double(1.5), null()]), "1.5");
    check(call(Function::Least, vec![null(), null()]), "NULL");
    check(call(Function::NullIf, vec![int(1), double(1.0)]), "NULL");
    check(call(Function::Coalesce, vec![null(), int(3), binary(BinaryOp::Divide, int(1), int(0))]), "3");
    check(call(Function::Sigmoid, vec![double(-800.0)]), "0.0");
    check(call(Function::Sigmoid, vec![int(0)]), "0.5");
    check(call(Function::L3Hinge, vec![double(2.0)]), "1.0");
    check(call(Function::L3Hinge, vec![double(0.0)]), "0.36787944117144233");
    assert!(value_of(&call(Function::Abs, vec![int(i64::MIN)])).is_err());
    assert!(value_of(&call(Function::Sqrt, vec![double(-1.0)])).is_err());
    assert!(value_of(&call(Function::Ln, vec![int(0)])).is_err());
    assert!(value_of(&call(Function::Exp, vec![int(1000)])).is_err());
    assert!(value_of(&call(Function::Power, vec![int(-1), double(0.5)])).is_err());
}

#[test]
fn vector_functions() {
    let v = || list(vec![int(3), int(4)]);
    check(call(Function::InnerProduct, vec![v(), v()]), "25.0");
    check(call(Function::L2, vec![v(), list(vec![int(0), int(0)])]), "5.0");
    check(call(Function::Cosine, vec![v(), v()]), "1.0");
    check(call(Function::Normalize, vec![v()]), "[0.6, 0.8]");
    assert!(value_of(&call(Function::Normalize, vec![list(vec![int(0)])])).is_err());
    let widths = "error: l2 of vectors with 2 and 1 elements: both need the same number";
    check(call(Function::L2, vec![v(), list(vec![int(0)])]), widths);
    check(call(Function::ArrayContains, vec![v(), double(4.0)]), "true");
    check(call(Function::ArrayContains, vec![v(), int(5)]), "false");
}

#[test]
fn json_is_read_by_path() {
    let json = || text(r#"{"a": [1, {"b": "x"}], "n": null}"#);
    let at = |path: &str| call(Function::JsonExtract, vec![json(), text(path)]);
    check(at("$.a[0]"), "1");
    check(at("$.a[1]"), "{\"b\": \"x\"}");
    check(at("$.a[1].b"), "x");
    check(at("$.n"), "NULL");
    check(at("$.z"), "NULL");
    check(at("a"), "error: the JSON path 'a' cannot be read: write it as $.name.name[0]");
    assert!(value_of(&call(Function::JsonExtract, vec![text("{"), text("$")])).is_err());
}

#[test]
fn the_row_the_parameters_and_the_time_are_read() {
    check(BoundExpr::Column { index: 0, data_type: DataType::BigInt }, "10");
    check(BoundExpr::Parameter(0), "bound");
    check(BoundExpr::Parameter(3), "error: parameter $4 has no value: bind all parameters of the statement");
    check(BoundExpr::Now, "1970-01-01 00:00:00.000007");
    assert!(value_of(&BoundExpr::Column { index: 2, data_type: DataType::BigInt }).is_err());
    let query = Node::Values { rows: vec![], schema: vec![] };
    let subquery = BoundExpr::InQuery { expr: Box::new(int(1)), query: Box::new(query), negated: false };
    assert!(matches!(value_of(&subquery), Err(EvalError::Internal(_))));
}

#[test]
fn case_and_like() {
    let case = BoundExpr::Case {
        branches: vec![(null(), int(1)), (boolean(true), int(2))],
        otherwise: None,
        data_type: DataType::BigInt,
    };
    check(case, "2");
    let like = |pattern, negated| BoundExpr::Like {
        expr: Box::new(text("Trail shoe")),
        pattern: Box::new(pattern),
        negated,
        ignore_case: true,
    };
    check(like(text("trail%"), false), "true");
    check(like(text("trail%"), true), "false");
    check(like(null(), false), "NULL");
    assert!(matches!(value_of(&like(text("a\\"), false)), Err(EvalError::Pattern { .. })));
}

/// Checks a cast by the texts of value and result; an empty expectation is an error.
#[track_caller]
fn check_cast(value: Value, to: &DataType, expected: &str) {
    match cast_value(value.clone(), to) {
        Ok(found) => assert_eq!(found.to_string(), expected, "{value:?}"),
        Err(error) => assert!(expected.is_empty(), "{value:?}: {error}"),
    }
}

#[test]
fn casts() {
    let t = |s: &str| Value::Text(s.to_owned());
    check_cast(t(" 12 "), &DataType::BigInt, "12");
    check_cast(t("12.5"), &DataType::BigInt, "");
    check_cast(Value::Double(2.5), &DataType::BigInt, "2");
    check_cast(Value::Double(9.3e18), &DataType::BigInt, "");
    check_cast(Value::Double(f64::NEG_INFINITY), &DataType::BigInt, "");
    check_cast(Value::BigInt(2_147_483_648), &DataType::Integer, "");
    check_cast(Value::BigInt(-2_147_483_648), &DataType::Integer, "-2147483648");
    check_cast(t("1e999"), &DataType::Double, "");
    check_cast(t("nan"), &DataType::Double, "");
    check_cast(t("-Infinity"), &DataType::Double, "-Infinity");
    check_cast(Value::Double(0.1), &DataType::Real, "0.10000000149011612");
    check_cast(Value::Double(1e39), &DataType::Real, "");
    check_cast(t("TRUE"), &DataType::Boolean, "true");
    check_cast(t("maybe"), &DataType::Boolean, "");
    check_cast(Value::Double(0.5), &DataType::Text, "0.5");
    check_cast(t("2024-02-29T12:00:00+02:00"), &DataType::Timestamp, "2024-02-29 10:00:00");
    check_cast(t("2023-02-29"), &DataType::Timestamp, "");
    check_cast(Value::BigInt(0), &DataType::Timestamp, "");
    check_cast(t("{\"a\": 1}"), &DataType::Json, "{\"a\": 1}");
    check_cast(t("{a: 1}"), &DataType::Json, "");
    check_cast(Value::Null, &DataType::Integer, "NULL");
    let texts = DataType::List(Box::new(DataType::Text));
    check_cast(t("[\"a\", null, 1]"), &texts, "[a, NULL, 1]");
    let numbers = DataType::List(Box::new(DataType::BigInt));
    check_cast(t("[\"a\"]"), &numbers, "");
    check_cast(Value::Vector(vec![1.0, 2.0]), &numbers, "[1, 2]");
}

#[test]
fn vectors_are_finite_and_of_the_right_width() {
    let pair = DataType::Vector { dimension: Some(2), format: VectorFormat::F32 };
    check_cast(Value::Text("[1, 2.5]".into()), &pair, "[1.0, 2.5]");
    check_cast(Value::Text("[1, 2, 3]".into()), &pair, "");
    check_cast(Value::Text("[1, null]".into()), &pair, "");
    check_cast(Value::Text("[1, 1e39]".into()), &pair, "");
    check_cast(Value::List(vec![Value::BigInt(1), Value::Double(f64::INFINITY)]), &pair, "");
    let error = cast_value(Value::Vector(vec![1.0]), &pair).unwrap_err();
    let message = "CAST('[1.0]' AS VECTOR(1)) cannot be read as VECTOR(2): it has 1 elements, give 2";
    assert_eq!(error.to_string(), message);
}

#[test]
fn deep_expressions_fit_a_small_stack() {
    let deep = || {
        let mut expr = int(1);
        for _ in 0..64 {
            expr = call(Function::Abs, vec![binary(BinaryOp::Add, expr, int(1))]);
            expr = BoundExpr::Case {
                branches: vec![(binary(BinaryOp::Greater, expr.clone(), int(0)), expr)],
                otherwise: None,
                data_type: DataType::BigInt,
            };
            if let BoundExpr::Case { branches, .. } = &mut expr {
                branches[0].0 = boolean(true);
            }
        }
        let wide = BoundExpr::Logic { all: true, operands: vec![boolean(true); 200_000] };
        (value_of(&expr), value_of(&wide))
    };
    let thread = std::thread::Builder::new().stack_size(512 << 10).spawn(deep).unwrap();
    assert_eq!(thread.join().unwrap(), (Ok(Value::BigInt(65)), Ok(Value::Boolean(true))));
}

proptest! {
    #[test]
    fn integers_and_doubles_compare_exactly(a in any::<i64>(), shift in -3i32..64, near in any::<bool>()) {
        let b = if near { a as f64 } else { (a as f64) / 2f64.powi(shift) };
        // i128 holds every i64 and every whole double of that size exactly; the fraction decides ties.
        let whole = b.trunc() as i128;
        let expected = i128::from(a).cmp(&whole).then_with(|| 0.0f64.partial_cmp(&(b - b.trunc())).unwrap());
        let found = compare("=", &Value::BigInt(a), &Value::Double(b)).unwrap();
        prop_assert_eq!(found, Some(expected));
        let mirrored = compare("=", &Value::Double(b), &Value::BigInt(a)).unwrap();
        prop_assert_eq!(mirrored, Some(expected.reverse()));
    }

    #[test]
    fn doubles_read_back_from_their_text(bits in any::<u64>()) {
        let d = f64::from_bits(bits);
        prop_assume!(!d.is_nan());
        let text = Value::Text(Value::Double(d).to_string());
        prop_assert_eq!(cast_value(text, &DataType::Double).unwrap(), Value::Double(d));
    }

    #[test]
    fn casting_any_text_never_panics(s in "\\PC{0,20}") {
        let scalars =
            [DataType::Boolean, DataType::Integer, DataType::Real, DataType::Timestamp, DataType::Json];
        for to in scalars {
            let _ = cast_value(Value::Text(s.clone()), &to);
            let _ = cast_value(Value::Text(s.clone()), &DataType::List(Box::new(to)));
        }
    }
}
