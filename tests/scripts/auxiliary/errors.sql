-- An auxiliary serves the column whose expression names it.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT,
                z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

CREATE AUXILIARY a ON t;

CREATE TABLE u (id BIGINT PRIMARY KEY, title TEXT,
                z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title) + aux(a))) STORED);

CREATE AUXILIARY b ON u;

CREATE AUXILIARY a ON u WITH (dim = 3);

CREATE AUXILIARY a ON u WITH (clusterz = 3);

SELECT aux(a) FROM u;

SELECT encode(m, title) FROM u;
