//! The plain model: labels in a map, filters as closures, searches by brute force.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use argtop::Value;
use argtop_tests::suite;

/// Where vectors come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A `VECTOR(8)` column that statements fill.
    Given,
    /// A generated column: the encoding of a title.
    Generated,
}

/// Elements of given vectors.
pub(crate) const DIMENSION: usize = 8;
pub(crate) const CATEGORIES: [&str; 4] = ["a", "b", "c", "d"];

/// Titles of generated vectors.
const ADJECTIVES: [&str; 6] = ["red", "old", "small", "fast", "wooden", "garden"];
const NOUNS: [&str; 7] = ["shoe", "chair", "car", "apple", "river", "piano", "hiking boot"];

/// What the database must hold for one label.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Label {
    pub(crate) category: String,
    pub(crate) number: i64,
    /// Title of a generated vector; empty for a given one.
    pub(crate) title: String,
    pub(crate) vector: Vec<f32>,
}

impl Label {
    /// A random label. Vectors repeat and lie close to others, so that scores tie and nearly tie.
    pub(crate) fn random(kind: Kind, random: &mut fastrand::Rng, others: &BTreeMap<i64, Label>) -> Label {
        let category = CATEGORIES[random.usize(..CATEGORIES.len())].to_string();
        let number = random.i64(0..20);
        if kind == Kind::Generated {
            let (title, vector) = titles()[random.usize(..titles().len())].clone();
            return Label { category, number, title, vector };
        }
        let other = others.values().nth(random.usize(..others.len().max(1)));
        let vector = match (random.u8(..4), other) {
            (0, Some(other)) => other.vector.clone(),
            (1, Some(other)) => {
                let mut vector = other.vector.clone();
                let place = random.usize(..DIMENSION);
                vector[place] = vector[place].next_up();
                vector
            }
            _ => suite::random_vector(random, DIMENSION),
        };
        Label { category, number, title: String::new(), vector }
    }

    /// The values of an INSERT, in the order of [`columns`].
    pub(crate) fn values(&self, kind: Kind, id: i64) -> Vec<Value> {
        let category = Value::Text(self.category.clone());
        vec![Value::BigInt(id), category, Value::BigInt(self.number), self.source(kind)]
    }

    /// The words of its text.
    pub(crate) fn words(&self, kind: Kind) -> Vec<&str> {
        let text = if kind == Kind::Generated { &self.title } else { &self.category };
        text.split(' ').collect()
    }

    /// What the vector is given by.
    pub(crate) fn source(&self, kind: Kind) -> Value {
        match kind {
            Kind::Given => Value::Vector(self.vector.clone()),
            Kind::Generated => Value::Text(self.title.clone()),
        }
    }
}

/// The column that gives the vector.
pub(crate) fn source_column(kind: Kind) -> &'static str {
    match kind {
        Kind::Given => "z",
        Kind::Generated => "title",
    }
}

/// The column whose words are looked for.
pub(crate) fn text_column(kind: Kind) -> &'static str {
    match kind {
        Kind::Given => "category",
        Kind::Generated => "title",
    }
}

/// Titles with their encodings, taken from a database of their own.
pub(crate) fn titles() -> &'static [(String, Vec<f32>)] {
    static TITLES: OnceLock<Vec<(String, Vec<f32>)>> = OnceLock::new();
    TITLES.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let database = suite::open(&folder.path().join("titles"));
        suite::execute(&database, &suite::create_model());
        suite::execute(&database, &table(Kind::Generated));
        let mut titles = Vec::new();
        for (id, (adjective, noun)) in
            (0..).zip(ADJECTIVES.iter().flat_map(|adjective| NOUNS.iter().map(move |noun| (adjective, noun))))
        {
            let title = format!("{adjective} {noun}");
            suite::execute(&database, &format!("INSERT INTO t (id, title) VALUES ({id}, '{title}')"));
            titles.push(title);
        }
        let rows = suite::rows(&database, "SELECT z FROM t ORDER BY id");
        let vectors = rows.into_iter().map(|mut row| match row.pop() {
            Some(Value::Vector(vector)) => vector,
            other => panic!("not a vector: {other:?}"),
        });
        titles.into_iter().zip(vectors).collect()
    })
}

/// The statement that makes the table.
pub(crate) fn table(kind: Kind) -> String {
    let vector = match kind {
        Kind::Given => format!("z VECTOR({DIMENSION})"),
        Kind::Generated => {
            "title TEXT, z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED".to_string()
        }
    };
    format!("CREATE TABLE t (id BIGINT PRIMARY KEY, category TEXT, n BIGINT, {vector})")
}

/// A WHERE.
#[derive(Clone, Debug)]
pub(crate) enum Filter {
    All,
    Category(&'static str),
    Below(i64),
    Both(&'static str, i64),
    Either(&'static str, i64),
    Not(&'static str),
    Ids(Vec<i64>),
    Nothing,
}

impl Filter {
    pub(crate) fn random(random: &mut fastrand::Rng) -> Filter {
        let category = CATEGORIES[random.usize(..CATEGORIES.len())];
        let number = random.i64(-1..21);
        match random.u8(..9) {
            0 | 1 => Filter::All,
            2 => Filter::Category(category),
            3 => Filter::Below(number),
            4 => Filter::Both(category, number),
            5 => Filter::Either(category, number),
            6 => Filter::Not(category),
            7 => Filter::Ids((0..random.usize(1..30)).map(|_| random.i64(0..400)).collect()),
            _ => Filter::Nothing,
        }
    }

    /// The clause, with a blank before it; empty for all.
    pub(crate) fn sql(&self) -> String {
        let predicate = match self {
            Filter::All => return String::new(),
            Filter::Category(category) => format!("category = '{category}'"),
            Filter::Below(number) => format!("n < {number}"),
            Filter::Both(category, number) => format!("category = '{category}' AND n >= {number}"),
            Filter::Either(category, number) => format!("category = '{category}' OR n = {number}"),
            Filter::Not(category) => format!("NOT category = '{category}'"),
            Filter::Ids(ids) => {
                let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
                format!("id IN ({})", ids.join(", "))
            }
            Filter::Nothing => "n < -5".to_string(),
        };
        format!(" WHERE {predicate}")
    }

    pub(crate) fn matches(&self, id: i64, label: &Label) -> bool {
        match self {
            Filter::All => true,
            Filter::Category(category) => label.category == *category,
            Filter::Below(number) => label.number < *number,
            Filter::Both(category, number) => label.category == *category && label.number >= *number,
            Filter::Either(category, number) => label.category == *category || label.number == *number,
            Filter::Not(category) => label.category != *category,
            Filter::Ids(ids) => ids.contains(&id),
            Filter::Nothing => false,
        }
    }
}
