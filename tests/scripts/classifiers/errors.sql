-- Options of classifiers, and what they refuse.

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, z VECTOR(2));

CREATE TABLE plain (id BIGINT PRIMARY KEY);

CREATE CLASSIFIER c ON t WITH (link = 'relu');

CREATE CLASSIFIER c ON t WITH (dtype = 'f64');

CREATE CLASSIFIER c ON t WITH (dim = 3);

CREATE CLASSIFIER c ON t WITH (biass = true);

CREATE CLASSIFIER c ON t WITH (column = 'title');

CREATE CLASSIFIER c ON plain;

CREATE CLASSIFIER c ON t WITH (dim = 2, column = 'z');

CREATE CLASSIFIER c ON t;

CREATE CLASSIFIER IF NOT EXISTS c ON t;

SELECT id FROM t SEARCH [1, 0] VIA RERANK(c);

DROP CLASSIFIER d;
