//! The checks: what the database answers is what the model says.

use argtop::Value;
use argtop_tests::suite;

use super::labels::{CATEGORIES, DIMENSION, Filter, Kind, text_column, titles};
use super::machine::Machine;

/// A query as the database gets it and as the model uses it.
struct Query {
    sql: &'static str,
    value: Value,
    vector: Vec<f32>,
}

/// Scores so close that the single precision of an index cannot tell them apart.
const SINGLE_PRECISION: f64 = 1e-5;

impl Machine {
    fn random_query(&mut self) -> Query {
        if self.kind == Kind::Generated {
            let (title, vector) = titles()[self.random.usize(..titles().len())].clone();
            return Query { sql: "$1", value: Value::Text(title), vector };
        }
        // The vector of a label now and then: its copies tie at the top.
        let known = self.labels.values().nth(self.random.usize(..self.labels.len().max(1)));
        let vector = match known.map(|label| label.vector.clone()) {
            Some(vector) if self.random.bool() => vector,
            _ => suite::random_vector(&mut self.random, DIMENSION),
        };
        Query { sql: "(VECTOR => $1)", value: Value::Vector(vector.clone()), vector }
    }

    /// All labels of the model that match, with a score.
    fn expected(&self, filter: &Filter, score: impl Fn(&[f32]) -> f64) -> Vec<(i64, f64)> {
        let matching = self.labels.iter().filter(|(id, label)| filter.matches(**id, label));
        matching.map(|(id, label)| (*id, score(&label.vector))).collect()
    }

    fn ask(&mut self, query: &Query, via: &str, filter: &Filter, limit: usize) -> Vec<(i64, f64)> {
        let sql = format!("SELECT id, score FROM t SEARCH {}{via}{} LIMIT {limit}", query.sql, filter.sql());
        self.note(&sql);
        suite::scored(&suite::rows_with(self.database(), &sql, vec![query.value.clone()]))
    }

    /// One check of the content and one along each path.
    pub(crate) fn check(&mut self) {
        self.check_count();
        let query = self.random_query();
        let filter = Filter::random(&mut self.random);
        let limit = self.random.usize(1..60);
        let exact = suite::best(self.expected(&filter, |vector| suite::dot(&query.vector, vector)), limit);
        let encode = if self.kind == Kind::Generated { "ENCODE(m) THEN " } else { "" };
        assert_eq!(self.ask(&query, " VIA EXACT", &filter, limit), exact, "exact");
        if self.objects.contains("flat") {
            let via = format!(" VIA {encode}SHORTLIST(flat, limit => {limit})");
            assert_eq!(self.ask(&query, &via, &filter, limit), exact, "flat");
        }
        if self.objects.contains("lists") {
            self.check_lists(&query, encode, &filter, limit);
        }
        if self.objects.contains("graph") {
            self.check_graph(&query, encode, &filter, limit);
        }
        if self.objects.contains("elias") && self.objects.contains("c") {
            self.check_elias(&query, encode, &filter, limit);
        }
        if self.objects.contains("words") {
            self.check_words(&filter, limit);
        }
    }

    /// A scan by faiss nominates in single precision: of labels that lie that close to the cut any may be
    /// missing.
    fn check_lists(&mut self, query: &Query, encode: &str, filter: &Filter, limit: usize) {
        let via = format!(" VIA {encode}SHORTLIST(lists, limit => {limit}, effort => 1000)");
        let found = self.ask(query, &via, filter, limit);
        let all = suite::best(self.expected(filter, |vector| suite::dot(&query.vector, vector)), usize::MAX);
        let expected = &all[..limit.min(all.len())];
        let Some(cut) = expected.last().map(|(_, score)| *score) else {
            return assert_eq!(found, []);
        };
        let sure = |pair: &&(i64, f64)| pair.1 > cut + SINGLE_PRECISION;
        let (found_sure, sure) = (found.iter().filter(sure), expected.iter().filter(sure));
        assert_eq!(found_sure.collect::<Vec<_>>(), sure.collect::<Vec<_>>(), "faiss, above the cut");
        assert_eq!(found.len(), expected.len(), "faiss: labels are owed");
        assert!(found.iter().all(|pair| all.contains(pair)), "faiss: {found:?} in {all:?}");
        assert!(found.iter().all(|(_, score)| *score >= cut - SINGLE_PRECISION), "faiss: {found:?} to {cut}");
        assert_eq!(found, suite::best(found.clone(), limit), "faiss: order");
    }

    /// A graph may miss labels; those that it finds have their exact scores, in order, and as many as are
    /// owed.
    fn check_graph(&mut self, query: &Query, encode: &str, filter: &Filter, limit: usize) {
        let via = format!(" VIA {encode}SHORTLIST(graph, limit => {limit}, effort => 1000)");
        let found = self.ask(query, &via, filter, limit);
        let all = self.expected(filter, |vector| suite::dot(&query.vector, vector));
        assert!(found.iter().all(|pair| all.contains(pair)), "graph: {found:?} in {all:?}");
        assert_eq!(found.len(), limit.min(all.len()), "graph: labels are owed");
        assert_eq!(found, suite::best(found.clone(), limit), "graph: order");
        let expected = suite::best(all, limit);
        let hits =
            found.iter().filter(|(_, score)| expected.last().is_none_or(|cut| *score >= cut.1)).count();
        assert!(hits * 10 >= expected.len() * 9, "graph: {hits} of {}", expected.len());
    }

    /// A beam over all clusters reaches every label, and RERANK orders them by cosine.
    fn check_elias(&mut self, query: &Query, encode: &str, filter: &Filter, limit: usize) {
        let via = format!(
            " VIA {encode}PROBE(elias, beam => 4) THEN SHORTLIST(limit => 100000) \
             THEN RERANK(c, limit => 100000)"
        );
        let expected =
            suite::best(self.expected(filter, |vector| suite::cosine(vector, &query.vector)), limit);
        assert_eq!(self.ask(query, &via, filter, limit), expected, "elias");
    }

    /// BM25 over the labels that there are, by its formula.
    fn check_words(&mut self, filter: &Filter, limit: usize) {
        let kind = self.kind;
        let text = match kind {
            Kind::Generated => titles()[self.random.usize(..titles().len())].0.clone(),
            Kind::Given => format!("{} b", CATEGORIES[self.random.usize(..CATEGORIES.len())]),
        };
        let texts = || self.labels.values().map(|label| label.words(kind));
        let count = self.labels.len() as f64;
        let mean = texts().map(|words| words.len() as f64).sum::<f64>() / count;
        let score = |words: &[&str]| -> f64 {
            let part = |word: &str| {
                let times = words.iter().filter(|other| **other == word).count() as f64;
                let with = texts().filter(|words| words.contains(&word)).count() as f64;
                let idf = (1.0 + (count - with + 0.5) / (with + 0.5)).ln();
                idf * times * 2.2 / (times + 1.2 * (0.25 + 0.75 * words.len() as f64 / mean))
            };
            text.split(' ').map(part).sum()
        };
        let matching = self.labels.iter().filter(|(id, label)| filter.matches(**id, label));
        let scored = matching.map(|(id, label)| (*id, score(&label.words(kind))));
        let all: Vec<(i64, f64)> = scored.filter(|(_, score)| *score > 0.0).collect();
        let expected = suite::best(all.clone(), limit);
        let sql = format!(
            "SELECT id, score FROM t SEARCH $1 VIA MATCH({}, limit => {limit}){} LIMIT {limit}",
            text_column(kind),
            filter.sql()
        );
        self.note(format!("{sql} -- {text}"));
        let found = suite::scored(&suite::rows_with(self.database(), &sql, vec![Value::Text(text)]));
        assert_eq!(found.len(), expected.len(), "words: {found:?} for {expected:?}");
        let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
        for ((id, score), (_, wanted)) in found.iter().zip(&expected) {
            assert!(near(*score, *wanted), "words: {found:?} for {expected:?}");
            let own = all.iter().find(|(other, _)| other == id);
            assert!(own.is_some_and(|(_, own)| near(*own, *score)), "words: label {id} in {found:?}");
        }
        assert_eq!(found, suite::best(found.clone(), limit), "words: order");
    }

    fn check_count(&mut self) {
        let filter = Filter::random(&mut self.random);
        let sql = format!("SELECT count(*), sum(n) FROM t{}", filter.sql());
        let found = suite::rows(self.database(), &sql);
        let matching = self.labels.iter().filter(|(id, label)| filter.matches(**id, label));
        let numbers: Vec<i64> = matching.map(|(_, label)| label.number).collect();
        let sum = if numbers.is_empty() { Value::Null } else { Value::BigInt(numbers.iter().sum()) };
        assert_eq!(found, [[Value::BigInt(numbers.len() as i64), sum]], "{sql}");
    }

    /// The whole content, and that the database finds nothing wrong with itself.
    pub(crate) fn check_everything(&mut self) {
        let found = suite::rows(self.database(), "SELECT id, category, n, z FROM t ORDER BY id");
        let expected = self.labels.iter().map(|(id, label)| {
            let category = Value::Text(label.category.clone());
            vec![
                Value::BigInt(*id),
                category,
                Value::BigInt(label.number),
                Value::Vector(label.vector.clone()),
            ]
        });
        assert_eq!(found, expected.collect::<Vec<_>>(), "the content");
        for _ in 0..10 {
            self.check();
        }
    }
}
