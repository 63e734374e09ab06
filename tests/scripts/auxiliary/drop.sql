-- A dropped auxiliary: labels written later are embedded without it.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT,
                z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title) + aux(a))) STORED);

INSERT INTO t (id, title) VALUES (1, 'red apple');

CREATE AUXILIARY a ON t WITH (clusters = 1);

DROP AUXILIARY a;

SHOW AUXILIARIES;

INSERT INTO t (id, title) VALUES (2, 'red apple');

SELECT id, round(score, 3) FROM t SEARCH 'red apple';

DROP AUXILIARY a;
