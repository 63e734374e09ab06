-- Widths that do not agree are found before anything is done.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(3));

CREATE INDEX i ON t USING flat (z);

SELECT id FROM t SEARCH [1, 2];

SELECT id FROM t SEARCH [1, 2] VIA SHORTLIST(i, limit => 1);

SELECT inner_product(z, [1, 2]) FROM t;

INSERT INTO t VALUES (1, [1, 2]);

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE u (id BIGINT PRIMARY KEY, s TEXT, z VECTOR(32) GENERATED ALWAYS AS (encode(m, s)) STORED);

SELECT id FROM t SEARCH 'text' VIA ENCODE(m) THEN SHORTLIST(i, limit => 1);
