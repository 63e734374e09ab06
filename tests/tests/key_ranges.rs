//! Comparisons of the primary key: a scan that reads only a range of keys gives what a scan of all gives.

use std::cmp::Ordering;

use argtop::{Database, Value};
use argtop_tests::suite;

/// Keys as the table has them, in their order, and how each is written.
struct Keys {
    column: &'static str,
    values: Vec<Value>,
}

fn number(random: &mut fastrand::Rng) -> Value {
    Value::BigInt(match random.usize(0..12) {
        0 => i64::MIN,
        1 => i64::MAX,
        _ => random.i64(-60..60),
    })
}

fn text(random: &mut fastrand::Rng) -> Value {
    let letters = ["", "a", "b", "\u{e9}", "\u{0}", "z"];
    Value::Text((0..random.usize(0..4)).map(|_| letters[random.usize(0..letters.len())]).collect())
}

fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::BigInt(a), Value::BigInt(b)) => a.cmp(b),
        (Value::Text(a), Value::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
        _ => panic!("{a:?} and {b:?} are of different types"),
    }
}

fn filled(database: &Database, table: &str, column: &'static str, mut values: Vec<Value>) -> Keys {
    values.sort_by(order);
    values.dedup();
    suite::execute(database, &format!("CREATE TABLE {table} (k {column} PRIMARY KEY)"));
    let mut shuffled = values.clone();
    fastrand::Rng::with_seed(3).shuffle(&mut shuffled);
    for value in shuffled {
        let insert = database.prepare(&format!("INSERT INTO {table} VALUES ($1)")).expect("it is prepared");
        insert.bind(vec![value]).expect("it is bound").execute().expect("it is inserted");
    }
    Keys { column, values }
}

/// Whether `key op value` holds, where `turned` says that the statement has `value op key`.
fn holds(key: &Value, op: &str, value: &Value, turned: bool) -> bool {
    let order = if turned { order(value, key) } else { order(key, value) };
    match op {
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        ">=" => order.is_ge(),
        "=" => order.is_eq(),
        _ => order.is_ne(),
    }
}

#[test]
fn scans_of_ranges_equal_scans_of_all() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = suite::open(&folder.path().join("db"));
    let mut random = fastrand::Rng::with_seed(41);
    let numbers: Vec<Value> = (0..70).map(|_| number(&mut random)).collect();
    let texts: Vec<Value> = (0..70).map(|_| text(&mut random)).collect();
    let tables =
        [("n", filled(&database, "n", "BIGINT", numbers)), ("t", filled(&database, "t", "TEXT", texts))];
    for round in 0..600 {
        let (table, keys) = &tables[round % 2];
        let (mut conjuncts, mut bound, mut expected) = (Vec::new(), Vec::new(), keys.values.clone());
        for at in 1..=random.usize(1..4) {
            let value = if keys.column == "TEXT" { text(&mut random) } else { number(&mut random) };
            let op = ["<", "<=", ">", ">=", "=", "<>"][random.usize(0..6)];
            let turned = random.bool();
            conjuncts.push(if turned { format!("${at} {op} k") } else { format!("k {op} ${at}") });
            expected.retain(|key| holds(key, op, &value, turned));
            bound.push(value);
        }
        let sql = format!("SELECT k FROM {table} WHERE {}", conjuncts.join(" AND "));
        let found: Vec<Value> =
            suite::rows_with(&database, &sql, bound.clone()).into_iter().flatten().collect();
        assert_eq!(found, expected, "{sql} with {bound:?}");
    }
}

#[test]
fn explain_tells_of_a_range() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = suite::open(&folder.path().join("db"));
    suite::execute(&database, "CREATE TABLE t (k BIGINT PRIMARY KEY, v TEXT)");
    let plan = |filter: &str| {
        let rows = suite::rows(&database, &format!("EXPLAIN SELECT v FROM t WHERE {filter}"));
        format!("{rows:?}")
    };
    suite::says(&plan("k > 3 AND v = 'a' AND 7 >= k"), &["a range of primary keys"]);
    suite::says(&plan("k BETWEEN 3 AND 7"), &["a range of primary keys"]);
    suite::says(&plan("k > 7 AND k < 7"), &["0 primary keys"]);
    suite::says(&plan("k > 3 AND k IN (9, 1)"), &["2 primary keys"]);
    for all in ["k > 3 OR v = 'a'", "k <> 3", "v > 'a'", "k + 0 > 3"] {
        suite::says(&plan(all), &["in primary-key order"]);
    }
}
