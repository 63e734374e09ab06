//! Random trees are printed and parsed back to equal trees.

use proptest::prelude::*;

use crate::ast::{
    Call, Chain, ColumnName, DistanceOp, Expr, ExprKind, FromItem, Fuse, FuseBranch, FuseMethod, Ident,
    Lateral, OrderItem, Override, Query, QueryBody, Search, SearchInput, Select, SelectItem, Stage,
    StageKind, StageOption, TypeName, Via,
};
use crate::error::{ErrorCode, Span};
use crate::expr::{BinaryOp, UnaryOp};
use crate::limits::Limits;
use crate::parser::{parse_chain, parse_expression, parse_statement};
use crate::value::{DataType, Value, VectorFormat};

fn at() -> Span {
    Span::default()
}

fn node(kind: ExprKind) -> Expr {
    Expr::new(kind, at())
}

fn ident() -> impl Strategy<Value = Ident> {
    let plain = "[a-z_][a-z0-9_]{0,5}";
    let words = prop::sample::select(vec![
        "select",
        "limit",
        "text",
        "exact",
        "timestamp",
        "array",
        "case",
        "not",
        "vector",
        "index",
        "pipeline",
        "null",
        "true",
        "count",
        "from",
        "Title",
        "a b",
        "a\"b",
        "\u{e4}\u{20ac}",
        "1a",
        "label_decile",
        "encode",
        "tables",
    ]);
    prop_oneof![4 => plain.prop_map(String::from), 1 => words.prop_map(String::from)]
        .prop_map(|name| Ident { name, span: at() })
}

fn literal() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Boolean),
        any::<i64>().prop_map(Value::BigInt),
        (-3_i64..3).prop_map(Value::BigInt),
        any::<f64>().prop_filter("finite", |x| x.is_finite()).prop_map(Value::Double),
        ".{0,8}".prop_map(Value::Text),
        "['\"\\\\%-]{0,4}".prop_map(Value::Text),
        (-377_000_000_000_000_000_i64..253_000_000_000_000_000).prop_map(Value::Timestamp),
    ]
}

fn data_type() -> impl Strategy<Value = DataType> {
    let scalar = prop::sample::select(vec![
        DataType::Boolean,
        DataType::Integer,
        DataType::BigInt,
        DataType::Real,
        DataType::Double,
        DataType::Text,
        DataType::Timestamp,
        DataType::Json,
    ]);
    let format = prop::sample::select(vec![VectorFormat::F32, VectorFormat::F16, VectorFormat::I8]);
    prop_oneof![
        scalar.clone(),
        scalar.prop_map(|element| DataType::List(Box::new(element))),
        (1_u32..65_536, format).prop_map(|(n, format)| DataType::Vector { dimension: Some(n), format }),
        Just(DataType::Vector { dimension: None, format: VectorFormat::F32 }),
    ]
}

fn leaf() -> impl Strategy<Value = Expr> {
    let column = (prop::option::weighted(0.3, ident()), ident())
        .prop_map(|(qualifier, name)| node(ExprKind::Column(Box::new(ColumnName { qualifier, name }))));
    prop_oneof![
        literal().prop_map(|value| node(ExprKind::Literal(value))),
        column,
        (0_usize..9).prop_map(|index| node(ExprKind::Parameter { index, name: None })),
    ]
}

fn binary_op() -> impl Strategy<Value = BinaryOp> {
    use BinaryOp as B;
    prop::sample::select(vec![
        B::Add,
        B::Subtract,
        B::Multiply,
        B::Divide,
        B::Modulo,
        B::Concat,
        B::Equal,
        B::NotEqual,
        B::Less,
        B::LessEqual,
        B::Greater,
        B::GreaterEqual,
    ])
}

fn predicate(inner: BoxedStrategy<Expr>) -> impl Strategy<Value = Expr> {
    let boxed = inner.clone().prop_map(Box::new).boxed();
    let list = prop::collection::vec(inner.clone(), 1..4);
    prop_oneof![
        (boxed.clone(), boxed.clone(), boxed.clone(), any::<bool>())
            .prop_map(|(expr, low, high, negated)| ExprKind::Between { expr, low, high, negated }),
        (boxed.clone(), list, any::<bool>()).prop_map(|(expr, list, negated)| ExprKind::InList {
            expr,
            list,
            negated
        }),
        (boxed.clone(), query(inner), any::<bool>()).prop_map(|(expr, query, negated)| ExprKind::InQuery {
            expr,
            query: Box::new(query),
            negated
        }),
        (boxed.clone(), boxed.clone(), any::<bool>(), any::<bool>()).prop_map(
            |(expr, pattern, negated, ignore_case)| ExprKind::Like { expr, pattern, negated, ignore_case }
        ),
        (boxed, any::<bool>()).prop_map(|(expr, negated)| ExprKind::IsNull { expr, negated }),
    ]
    .prop_map(node)
}

fn operator(inner: BoxedStrategy<Expr>) -> impl Strategy<Value = Expr> {
    let boxed = inner.clone().prop_map(Box::new).boxed();
    let distance =
        prop::sample::select(vec![DistanceOp::Cosine, DistanceOp::L2, DistanceOp::NegativeInnerProduct]);
    prop_oneof![
        (prop::sample::select(vec![UnaryOp::Not, UnaryOp::Negate]), boxed.clone())
            .prop_map(|(op, expr)| ExprKind::Unary { op, expr }),
        (binary_op(), boxed.clone(), boxed.clone()).prop_map(|(op, left, right)| ExprKind::Binary {
            op,
            left,
            right
        }),
        (distance, boxed.clone(), boxed).prop_map(|(op, left, right)| ExprKind::Distance { op, left, right }),
        (any::<bool>(), prop::collection::vec(inner, 2..4))
            .prop_map(|(all, operands)| ExprKind::Logic { all, operands }),
    ]
    .prop_map(node)
}

fn compound(inner: BoxedStrategy<Expr>) -> impl Strategy<Value = Expr> {
    let boxed = inner.clone().prop_map(Box::new).boxed();
    let args = prop::collection::vec(inner.clone(), 0..3);
    let branches = prop::collection::vec((inner.clone(), inner.clone()), 1..3);
    let call =
        (ident(), args.clone(), any::<bool>(), any::<bool>()).prop_map(|(name, args, distinct, star)| {
            let args = if star { Vec::new() } else { args };
            let distinct = distinct && !args.is_empty();
            ExprKind::Call(Box::new(Call { name, args, distinct, star }))
        });
    prop_oneof![
        (prop::option::of(boxed.clone()), branches, prop::option::of(boxed.clone()))
            .prop_map(|(operand, branches, otherwise)| ExprKind::Case { operand, branches, otherwise }),
        (boxed, data_type()).prop_map(|(expr, data_type)| {
            let to = Box::new(TypeName { data_type, span: at() });
            ExprKind::Cast { expr, to }
        }),
        call,
        args.prop_map(ExprKind::List),
    ]
    .prop_map(node)
}

fn expr() -> BoxedStrategy<Expr> {
    leaf()
        .prop_recursive(4, 24, 3, |inner| {
            let inner = inner.boxed();
            prop_oneof![3 => operator(inner.clone()), 2 => predicate(inner.clone()), 2 => compound(inner)]
        })
        .boxed()
}

fn stage(expr: BoxedStrategy<Expr>) -> impl Strategy<Value = Stage> {
    let kinds =
        [StageKind::Encode, StageKind::Probe, StageKind::Shortlist, StageKind::Match, StageKind::Rerank];
    let options = prop::collection::hash_map("[a-z]{1,6}", expr.clone(), 0..3);
    let names = (ident(), any::<bool>(), prop::option::of(ident()));
    (prop::sample::select(kinds.to_vec()), names, prop::option::of(expr), options).prop_map(
        |(kind, (object, named, alias), text, options)| {
            let object = (named || kind != StageKind::Shortlist).then_some(object);
            let option = |(name, value)| StageOption { name: Ident { name, span: at() }, value };
            let options = options.into_iter().map(option).collect();
            let text = text.filter(|_| kind == StageKind::Match);
            Stage { kind, object, text, options, alias, fuse: None, span: at() }
        },
    )
}

/// A FUSE over branches of simple stages, or of stages and a FUSE.
fn fuse(expr: BoxedStrategy<Expr>, stages: BoxedStrategy<Stage>) -> impl Strategy<Value = Stage> {
    let branch = (prop::collection::vec(stages, 1..3), prop::option::of(expr.clone()))
        .prop_map(|(stages, weight)| FuseBranch { stages, weight, span: at() });
    let options = prop::collection::hash_map("[a-z]{1,6}", expr, 0..2);
    let method = prop::sample::select(FuseMethod::ALL.to_vec());
    (method, prop::collection::vec(branch, 1..3), options, prop::option::of(ident())).prop_map(
        |(method, branches, options, alias)| {
            let option = |(name, value)| StageOption { name: Ident { name, span: at() }, value };
            let options = options.into_iter().map(option).collect();
            let fuse = Some(Box::new(Fuse { method, branches }));
            Stage { kind: StageKind::Fuse, object: None, text: None, options, alias, fuse, span: at() }
        },
    )
}

fn chain(expr: BoxedStrategy<Expr>) -> impl Strategy<Value = Chain> {
    let simple = stage(expr.clone()).boxed();
    let fused = fuse(expr.clone(), simple.clone()).boxed();
    let nested = fuse(expr.clone(), prop_oneof![simple.clone(), fused.clone()].boxed());
    let any = prop_oneof![6 => simple, 1 => fused, 1 => nested];
    (prop::collection::vec(any, 1..4), prop::option::of(expr)).prop_map(|(stages, score_by)| Chain {
        stages,
        score_by,
        span: at(),
    })
}

fn search(expr: BoxedStrategy<Expr>) -> impl Strategy<Value = Search> {
    let input = prop_oneof![
        expr.clone().prop_map(SearchInput::Expr),
        expr.clone().prop_map(|text| SearchInput::Named { text: Some(text), vector: None }),
        (expr.clone(), prop::option::of(expr.clone()))
            .prop_map(|(vector, text)| SearchInput::Named { text, vector: Some(vector) }),
    ];
    let pipeline = (ident(), prop::option::of((ident(), ident(), expr.clone()))).prop_map(|(name, one)| {
        let overrides =
            one.into_iter().map(|(stage, option, value)| Override { stage, option, value }).collect();
        Via::Pipeline { name, overrides }
    });
    let via = prop_oneof![Just(Via::Exact { span: at() }), pipeline, chain(expr).prop_map(Via::Chain)];
    (input, prop::option::of(via)).prop_map(|(input, via)| Search { input, via, span: at() })
}

fn select(expr: BoxedStrategy<Expr>) -> impl Strategy<Value = Select> {
    let item = prop_oneof![
        Just(SelectItem::Wildcard { span: at() }),
        ident().prop_map(|qualifier| SelectItem::QualifiedWildcard { qualifier, span: at() }),
        (expr.clone(), prop::option::of(ident())).prop_map(|(expr, alias)| SelectItem::Expr { expr, alias }),
    ];
    let search = prop::option::of(search(expr.clone()).prop_map(Box::new));
    let table = (ident(), prop::option::of(ident()), search)
        .prop_map(|(table, alias, search)| FromItem::Table { table, alias, search })
        .boxed();
    let from = prop_oneof![4 => table.clone(), 1 => lateral(table, expr.clone())];
    let some = || prop::option::weighted(0.3, expr.clone());
    let groups = prop::collection::vec(expr.clone(), 0..2);
    let clauses = (some(), groups, some(), some());
    (any::<bool>(), prop::collection::vec(item, 1..3), prop::option::of(from), clauses).prop_map(
        |(distinct, items, from, (filter, group_by, having, qualify))| Select {
            distinct,
            items,
            from,
            filter,
            group_by,
            having,
            qualify,
        },
    )
}

/// A search for each row of `table`.
fn lateral(table: BoxedStrategy<FromItem>, expr: BoxedStrategy<Expr>) -> impl Strategy<Value = FromItem> {
    let item = expr.clone().prop_map(|expr| SelectItem::Expr { expr, alias: None });
    let name = prop::option::of((ident(), prop::collection::hash_set("[a-z]{1,6}", 0..3)));
    (table.clone(), table, item, prop::option::of(expr), name).prop_map(|(left, from, item, limit, name)| {
        let (alias, columns) = name.map_or((None, Vec::new()), |(alias, names)| {
            (Some(alias), names.into_iter().map(|name| Ident { name, span: at() }).collect())
        });
        let select = Select {
            distinct: false,
            items: vec![item],
            from: Some(from),
            filter: None,
            group_by: Vec::new(),
            having: None,
            qualify: None,
        };
        let body = QueryBody::Select(Box::new(select));
        let query = Query { body, order_by: Vec::new(), limit, offset: None, span: at() };
        FromItem::Lateral(Box::new(Lateral { left, query: Box::new(query), alias, columns, span: at() }))
    })
}

fn query(expr: BoxedStrategy<Expr>) -> BoxedStrategy<Query> {
    let row = |n| prop::collection::vec(expr.clone(), n);
    let rows = prop_oneof![prop::collection::vec(row(1), 1..3), prop::collection::vec(row(2), 1..3)];
    let body = prop_oneof![
        3 => select(expr.clone()).prop_map(|select| QueryBody::Select(Box::new(select))),
        1 => rows.prop_map(QueryBody::Values),
    ];
    let key = (expr.clone(), any::<bool>(), prop::option::of(any::<bool>()))
        .prop_map(|(expr, descending, nulls_first)| OrderItem { expr, descending, nulls_first });
    let some = || prop::option::weighted(0.3, expr.clone());
    (body, prop::collection::vec(key, 0..2), some(), some())
        .prop_map(|(body, order_by, limit, offset)| Query { body, order_by, limit, offset, span: at() })
        .boxed()
}

/// The usual limits, but for as many stages as [`chain`] can build: 3 x (1 + 4 x (1 + 4)).
fn limits() -> Limits {
    Limits { stages_max: 63, ..Limits::default() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn expressions(tree in expr()) {
        let text = tree.to_string();
        let parsed = parse_expression(&text, &limits());
        prop_assert_eq!(parsed.map_err(|error| error.render(&text)), Ok(tree), "{}", text);
    }

    #[test]
    fn chains(tree in chain(leaf().boxed())) {
        let text = tree.to_string();
        let parsed = parse_chain(&text, &limits());
        match parsed {
            Err(error) if error.code == ErrorCode::ParameterNotAllowed => {
                let place = error.span.map(|span| span.of(&text).starts_with('$'));
                prop_assert_eq!(place, Some(true), "{}", text);
            }
            parsed => prop_assert_eq!(parsed.map_err(|error| error.render(&text)), Ok(tree), "{}", text),
        }
    }

    #[test]
    fn queries(tree in query(leaf().boxed())) {
        let text = tree.to_string();
        let parsed = parse_statement(&text, &limits()).map_err(|error| error.render(&text));
        let kind = crate::ast::StatementKind::Query(Box::new(tree));
        prop_assert_eq!(parsed.map(|statement| statement.kind), Ok(kind), "{}", text);
    }

    /// Whatever is typed, the parser ends, and what it accepts it prints.
    #[test]
    fn any_text_is_answered(text in ".{0,60}") {
        if let Ok(statement) = parse_statement(&text, &limits()) {
            let printed = statement.to_string();
            prop_assert!(parse_statement(&printed, &limits()).is_ok());
        }
    }
}
