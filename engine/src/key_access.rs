//! Which primary keys a filter admits, so that a scan reads no others.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::ops::Bound;

use argtop_query::Value;
use argtop_query::eval::evaluate;
use argtop_query::expr::{BinaryOp, BoundExpr};
use argtop_storage::{ColumnType, Key, TableRecord};

use crate::execute::Run;

/// The primary keys that a filter admits. Of those it may still refuse some, never others admit.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum KeyAccess {
    /// All between two bounds.
    Between(Bound<Key>, Bound<Key>),
    /// At most these.
    These(Vec<Key>),
}

impl KeyAccess {
    pub(crate) const ALL: KeyAccess = KeyAccess::Between(Bound::Unbounded, Bound::Unbounded);

    /// What a filter over the columns of a table admits: `key = constant`, `key IN (...)` and comparisons
    /// with constants, alone or joined by AND.
    pub(crate) fn of(run: &Run, table: &TableRecord, filter: &BoundExpr) -> KeyAccess {
        let reader = Reader { run, table };
        reader.read(filter)
    }

    /// What both admit.
    fn and(self, other: KeyAccess) -> KeyAccess {
        match (self, other) {
            (KeyAccess::These(keys), _) | (_, KeyAccess::These(keys)) => KeyAccess::These(keys),
            (KeyAccess::Between(a, b), KeyAccess::Between(c, d)) => {
                let lower = tighter(a, c, Ordering::Greater);
                let upper = tighter(b, d, Ordering::Less);
                if is_empty(&lower, &upper) {
                    return KeyAccess::These(Vec::new());
                }
                KeyAccess::Between(lower, upper)
            }
        }
    }
}

/// Of two bounds the one that admits fewer keys; `side` is how the tighter key compares with the other.
fn tighter(a: Bound<Key>, b: Bound<Key>, side: Ordering) -> Bound<Key> {
    let key = |bound: &Bound<Key>| match bound {
        Bound::Included(key) | Bound::Excluded(key) => Some(key.clone()),
        Bound::Unbounded => None,
    };
    match (key(&a), key(&b)) {
        (_, None) => a,
        (None, _) => b,
        (Some(first), Some(second)) => match first.cmp(&second) {
            Ordering::Equal if matches!(a, Bound::Excluded(_)) => a,
            Ordering::Equal => b,
            order if order == side => a,
            _ => b,
        },
    }
}

/// Whether no key lies between two bounds.
fn is_empty(lower: &Bound<Key>, upper: &Bound<Key>) -> bool {
    match (lower, upper) {
        (Bound::Included(lower), Bound::Included(upper)) => lower > upper,
        (
            Bound::Included(lower) | Bound::Excluded(lower),
            Bound::Included(upper) | Bound::Excluded(upper),
        ) => lower >= upper,
        _ => false,
    }
}

struct Reader<'a> {
    run: &'a Run,
    table: &'a TableRecord,
}

impl Reader<'_> {
    fn read(&self, filter: &BoundExpr) -> KeyAccess {
        match filter {
            BoundExpr::Logic { all: true, operands } => {
                let each = operands.iter().map(|operand| self.read(operand));
                each.fold(KeyAccess::ALL, KeyAccess::and)
            }
            BoundExpr::Binary { op, left, right } => {
                let compared = if self.is_key(left) {
                    self.constant(right).and_then(|key| between(*op, key))
                } else if self.is_key(right) {
                    self.constant(left).and_then(|key| between(turned(*op), key))
                } else {
                    None
                };
                compared.unwrap_or(KeyAccess::ALL)
            }
            BoundExpr::InList { expr, list, negated: false } if self.is_key(expr) => {
                these(list.iter().map(|item| self.constant(item)))
            }
            // A value of another type may still equal a key (2.0 = 2): then every label is looked at.
            BoundExpr::InSet { expr, set, negated: false } if self.is_key(expr) => {
                let values = set.values().iter().filter(|value| !value.is_null());
                these(values.map(|value| key_of(self.table, value)))
            }
            _ => KeyAccess::ALL,
        }
    }

    fn is_key(&self, expr: &BoundExpr) -> bool {
        matches!(expr, BoundExpr::Column { index, .. } if *index == self.table.primary_key)
    }

    fn constant(&self, expr: &BoundExpr) -> Option<Key> {
        let value = match expr {
            BoundExpr::Literal(_) | BoundExpr::Parameter(_) => evaluate(expr, &[], &self.run.eval()).ok()?,
            _ => return None,
        };
        key_of(self.table, &value)
    }
}

fn these(keys: impl Iterator<Item = Option<Key>>) -> KeyAccess {
    let keys: Option<BTreeSet<Key>> = keys.collect();
    keys.map_or(KeyAccess::ALL, |keys| KeyAccess::These(keys.into_iter().collect()))
}

/// The keys for which `key op constant` holds.
fn between(op: BinaryOp, key: Key) -> Option<KeyAccess> {
    Some(match op {
        BinaryOp::Equal => KeyAccess::These(vec![key]),
        BinaryOp::Less => KeyAccess::Between(Bound::Unbounded, Bound::Excluded(key)),
        BinaryOp::LessEqual => KeyAccess::Between(Bound::Unbounded, Bound::Included(key)),
        BinaryOp::Greater => KeyAccess::Between(Bound::Excluded(key), Bound::Unbounded),
        BinaryOp::GreaterEqual => KeyAccess::Between(Bound::Included(key), Bound::Unbounded),
        _ => return None,
    })
}

/// The comparison with its sides exchanged.
fn turned(op: BinaryOp) -> BinaryOp {
    match op {
        BinaryOp::Less => BinaryOp::Greater,
        BinaryOp::LessEqual => BinaryOp::GreaterEqual,
        BinaryOp::Greater => BinaryOp::Less,
        BinaryOp::GreaterEqual => BinaryOp::LessEqual,
        other => other,
    }
}

/// A value as a key of the table; `None` where no key can equal it.
pub(crate) fn key_of(table: &TableRecord, value: &Value) -> Option<Key> {
    let column = table.columns.get(table.primary_key)?;
    match (&column.column_type, value) {
        (ColumnType::Text, Value::Text(text)) => Some(Key::Text(text.clone())),
        (ColumnType::BigInt | ColumnType::Integer, Value::BigInt(number)) => Some(Key::BigInt(*number)),
        _ => None,
    }
}
