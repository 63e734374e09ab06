//! A set of values for `IN`, asked in logarithmic time.

use crate::value::Value;

/// Values in ascending order without repeats, and whether a NULL was among them.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueSet {
    values: Vec<Value>,
    has_null: bool,
}

impl ValueSet {
    /// The set of the values of a list.
    pub fn new(mut values: Vec<Value>) -> ValueSet {
        let count = values.len();
        values.retain(|value| !value.is_null());
        let has_null = values.len() < count;
        values.sort_by(Value::total_cmp);
        values.dedup_by(|a, b| a.total_cmp(b).is_eq());
        ValueSet { values, has_null }
    }

    /// Whether an equal value is in the set; numbers are equal by value whatever their type.
    pub fn contains(&self, value: &Value) -> bool {
        self.values.binary_search_by(|candidate| candidate.total_cmp(value)).is_ok()
    }

    /// Whether the list held a NULL, which makes `IN` unknown for the values that are not in it.
    pub fn has_null(&self) -> bool {
        self.has_null
    }

    /// The values in ascending order, without NULL.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// True where the list was empty, not even a NULL in it.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty() && !self.has_null
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn membership_is_by_value_and_nulls_are_remembered() {
        let set = ValueSet::new(vec![Value::BigInt(3), Value::Null, Value::BigInt(1), Value::Double(3.0)]);
        assert!(set.contains(&Value::Double(1.0)) && set.contains(&Value::BigInt(3)));
        assert!(!set.contains(&Value::BigInt(2)));
        assert!(set.has_null() && !set.is_empty());
        assert_eq!(set.values().len(), 2);
    }
}
