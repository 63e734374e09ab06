-- A text cannot be compared with vectors that no model made, unless the statement names a model.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [1, 0]);

CREATE INDEX i ON t USING flat (z);

SELECT id FROM t SEARCH 'red apple';

SELECT id FROM t SEARCH 'red apple' VIA EXACT;

SELECT id FROM t SEARCH 'red apple' VIA ENCODE(m) THEN SHORTLIST(i, limit => 1);
