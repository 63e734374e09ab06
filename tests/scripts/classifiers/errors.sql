-- Options of classifiers, and what they refuse.

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, z VECTOR(2));

CREATE TABLE plain (id BIGINT PRIMARY KEY);

CREATE CLASSIFIER c ON t WITH (link = 'relu');
--! error[V0001]: option link of CREATE CLASSIFIER cannot be relu
--!   help: it takes one of cosine, sigmoid

CREATE CLASSIFIER c ON t WITH (dtype = 'f64');
--! error[V0001]: option dtype of CREATE CLASSIFIER cannot be f64
--!   help: it takes one of f32, f16, i8

CREATE CLASSIFIER c ON t WITH (dim = 3);
--! error[V0001]: dim = 3, but column z has 2 elements
--!   help: leave dim out: a classifier has the width of the embedding

CREATE CLASSIFIER c ON t WITH (biass = true);
--! error[V0001]: CREATE CLASSIFIER has no option biass
--!   help: did you mean bias?

CREATE CLASSIFIER c ON t WITH (column = 'title');
--! error[V0001]: table t has no vector column title
--!   help: name a vector column

CREATE CLASSIFIER c ON plain;
--! error[V0001]: table plain has no vector column
--!   help: a classifier starts from the labels' vectors: make a table with a VECTOR column

CREATE CLASSIFIER c ON t WITH (dim = 2, column = 'z');

CREATE CLASSIFIER c ON t;
--! error[Q0214]: classifier `c` exists already
--!   1 | CREATE CLASSIFIER c ON t
--!     |                   ^ help: DROP CLASSIFIER c first, or add IF NOT EXISTS

CREATE CLASSIFIER IF NOT EXISTS c ON t;

SELECT id FROM t SEARCH [1, 0] VIA RERANK(c);
--! error[Q0309]: RERANK orders labels, and no stage before it finds any
--!   1 | SELECT id FROM t SEARCH [1, 0] VIA RERANK(c)
--!     |                                    ^^^^^^^^^ help: put SHORTLIST(index, limit => n), PROBE(index) THEN SHORTLIST(limit => n) or MATCH(column, limit => n) before it

DROP CLASSIFIER d;
--! error[Q0205]: unknown classifier `d`
--!   1 | DROP CLASSIFIER d
--!     |                 ^ help: known: `c`
