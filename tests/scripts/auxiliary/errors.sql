-- An auxiliary serves the column whose expression names it.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT,
                z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

CREATE AUXILIARY a ON t;
--! error[V0001]: no generated column of table t adds aux(a)
--!   help: declare one: z VECTOR(n) GENERATED ALWAYS AS (encode(model, text) + aux(a)) STORED

CREATE TABLE u (id BIGINT PRIMARY KEY, title TEXT,
                z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title) + aux(a))) STORED);

CREATE AUXILIARY b ON u;
--! error[V0001]: no generated column of table u adds aux(b)
--!   help: declare one: z VECTOR(n) GENERATED ALWAYS AS (encode(model, text) + aux(b)) STORED

CREATE AUXILIARY a ON u WITH (dim = 3);
--! error[V0001]: dim = 3, but column z has 64 elements
--!   help: leave dim out: an auxiliary has the width of its column

CREATE AUXILIARY a ON u WITH (clusterz = 3);
--! error[V0001]: CREATE AUXILIARY has no option clusterz
--!   help: did you mean clusters?

SELECT aux(a) FROM u;
--! error[Q0319]: `aux` can stand only in GENERATED ALWAYS AS (...) STORED of a VECTOR column
--!   1 | SELECT aux(a) FROM u
--!     |        ^^^ help: to search by a text, write FROM table SEARCH 'text'

SELECT encode(m, title) FROM u;
--! error[Q0319]: `encode` can stand only in GENERATED ALWAYS AS (...) STORED of a VECTOR column
--!   1 | SELECT encode(m, title) FROM u
--!     |        ^^^^^^ help: to search by a text, write FROM table SEARCH 'text'
