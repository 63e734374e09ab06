-- ANN_RECALL compares with the exact ranking; EXACT itself has all of it.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT,
                z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

INSERT INTO t (id, title) VALUES (1, 'red apple'), (2, 'green pear'), (3, 'fast car'), (4, 'slow train'), (5, 'deep sea');
--= 5 changed

CREATE INDEX i ON t USING flat (z);

CREATE PIPELINE near ON t AS ENCODE(m) THEN SHORTLIST(i, limit => 5);

CREATE PIPELINE by_key ON t AS ENCODE(m) THEN SHORTLIST(i, limit => 5) SCORE BY 1;

SELECT id FROM t SEARCH 'deep sea' VIA EXACT LIMIT 1;
--> 5

-- The constant ranking puts label 1 first, where the exact one has label 5.
EVALUATE EXACT ON t, PIPELINE near, PIPELINE by_key
FROM (SELECT 'deep sea' AS text)
METRICS (ANN_RECALL@1, ANN_RECALL@5) AGAINST EXACT;
--> EXACT ON t | 1 | 100.0 | 100.0
--> PIPELINE near | 1 | 100.0 | 100.0
--> PIPELINE by_key | 1 | 0.0 | 100.0
--# EXACT ON t: # queries/s in blocks, 1 points
--# PIPELINE near: # queries/s in blocks, 1 points
--# PIPELINE by_key: # queries/s in blocks, 1 points

EVALUATE PIPELINE near FROM (SELECT 'deep sea' AS text) METRICS (P@1);
--! error[Q0207]: the source has no column `labels`
--!   1 | EVALUATE PIPELINE near FROM (SELECT 'deep sea' AS text) METRICS (P@1)
--!     |                              ^^^^^^^^^^^^^^^^^^^^^^^^^ help: select the correct labels' primary keys AS labels; only ANN_RECALL and ENCODE_COSINE do without

-- Each target is compared with the exact ranking of its own table.
CREATE TABLE u (id BIGINT PRIMARY KEY, title TEXT,
                z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

INSERT INTO u (id, title) VALUES (1, 'slow train'), (2, 'deep sea'), (3, 'red apple');
--= 3 changed

EVALUATE EXACT ON t, EXACT ON u
FROM (SELECT 'deep sea' AS text, [5] AS labels)
METRICS (P@1, ANN_RECALL@1) AGAINST EXACT;
--> EXACT ON t | 1 | 100.0 | 100.0
--> EXACT ON u | 1 | 0.0 | 100.0
--# EXACT ON t: # queries/s in blocks, 1 points
--# EXACT ON u: # queries/s in blocks, 1 points
