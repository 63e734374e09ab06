-- A dropped auxiliary: labels written later are embedded without it.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT,
                z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title) + aux(a))) STORED);

INSERT INTO t (id, title) VALUES (1, 'red apple');
--= 1 changed

CREATE AUXILIARY a ON t WITH (clusters = 1);

DROP AUXILIARY a;

SHOW AUXILIARIES;
--= no rows

INSERT INTO t (id, title) VALUES (2, 'red apple');
--= 1 changed

SELECT id, round(score, 3) FROM t SEARCH 'red apple';
--> 1 | 1.0
--> 2 | 1.0
--# LIMIT 10 by default

DROP AUXILIARY a;
--! error[Q0203]: unknown auxiliary `a`
--!   1 | DROP AUXILIARY a
--!     |                ^ help: there is none yet: CREATE AUXILIARY makes one
