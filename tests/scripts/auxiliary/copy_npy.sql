-- COPY AUXILIARY loads the shared vectors and computes the column again. The search sees it in the next statement.

--@ file one.npy
--| 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
--@ file narrow.npy
--| 1 0 0
CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT,
                plain VECTOR(64) GENERATED ALWAYS AS (encode(m, title)) STORED,
                z VECTOR(64) GENERATED ALWAYS AS (encode(m, title) + aux(a)) STORED);

INSERT INTO t (id, title) VALUES (1, 'red apple'), (2, 'fast car');
--= 2 changed

CREATE AUXILIARY a ON t WITH (clusters = 1);

CREATE INDEX i ON t USING flat (z);

CREATE CLASSIFIER c ON t WITH (column = 'z');

COPY AUXILIARY a FROM '${tmp}/one.npy';
--= 2 changed

-- One cluster, so that all labels move by the first unit vector.
SELECT id, round(l2(z, plain), 4) FROM t;
--> 1 | 1.0
--> 2 | 1.0

SHOW AUXILIARIES;
--> a | t | 1 | true

INSERT INTO t (id, title) VALUES (3, 'slow train');
--= 1 changed

SELECT id, round(l2(z, plain), 4) FROM t;
--> 1 | 1.0
--> 2 | 1.0
--> 3 | 1.0

SELECT id, round(score - inner_product(z, normalize([1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])), 6)
FROM t SEARCH normalize([1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
VIA SHORTLIST(i, limit => 3) ORDER BY id;
--> 1 | 0.0
--> 2 | 0.0
--> 3 | 0.0
--# LIMIT 3 by default

COPY AUXILIARY a FROM '${tmp}/narrow.npy';
--! error[V0001]: ${tmp}/narrow.npy is 1 x 3, but 1 x 64 is needed
--!   help: give one row for each cluster, and then one for each head label

COPY AUXILIARY b FROM '${tmp}/one.npy';
--! error[Q0203]: unknown auxiliary `b`
--!   help: known: `a`
