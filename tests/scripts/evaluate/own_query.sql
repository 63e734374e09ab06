-- A query under EVALUATE says itself what it searches for; PIPELINE and EXACT search for the column text.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT,
                z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

INSERT INTO t (id, title) VALUES (1, 'apple'), (2, 'pear'), (3, 'car'), (4, 'train'), (5, 'sea');
--= 5 changed

CREATE TABLE log (qid BIGINT PRIMARY KEY, text TEXT, other TEXT,
                  z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, other))) STORED);

INSERT INTO log (qid, text, other) VALUES (1, 'apple', 'sea'), (2, 'apple', 'train');
--= 2 changed

CREATE INDEX i ON t USING flat (z);

CREATE PIPELINE p ON t AS ENCODE(m) THEN SHORTLIST(i, limit => 5);

-- Five targets, three questions; each is compared with the exact ranking for what it asks itself.
EVALUATE EXACT ON t, PIPELINE p,
         (SELECT id FROM t SEARCH other VIA EXACT LIMIT 5),
         (SELECT id FROM t SEARCH lower(other) VIA PIPELINE p LIMIT 5),
         (SELECT id FROM t SEARCH (VECTOR => z) VIA SHORTLIST(i, limit => 5) LIMIT 5)
FROM (SELECT text, other, z, [6 - qid] AS labels FROM log)
METRICS (P@1, ANN_RECALL@1, R@5) AGAINST EXACT;
--> EXACT ON t | 2 | 0.0 | 100.0 | 100.0
--> PIPELINE p | 2 | 0.0 | 100.0 | 100.0
--> (SELECT id FROM t SEARCH other VIA EXACT LIMIT 5) | 2 | 100.0 | 100.0 | 100.0
--> (SELECT id FROM t SEARCH lower(other) VIA PIPELINE p LIMIT 5) | 2 | 100.0 | 100.0 | 100.0
--> (SELECT id FROM t SEARCH (VECTOR => z) VIA SHORTLIST(i, limit => 5) LIMIT 5) | 2 | 100.0 | 100.0 | 100.0
--# EXACT ON t: # queries/s in blocks, 2 points
--# PIPELINE p: # queries/s in blocks, 2 points
--# (SELECT id FROM t SEARCH other VIA EXACT LIMIT 5): # queries/s in blocks, 2 points
--# (SELECT id FROM t SEARCH lower(other) VIA PIPELINE p LIMIT 5): # queries/s in blocks, 2 points
--# (SELECT id FROM t SEARCH (VECTOR => z) VIA SHORTLIST(i, limit => 5) LIMIT 5): # queries/s in blocks, 2 points

-- The column text is for those who search for it.
EVALUATE (SELECT id FROM t SEARCH q VIA EXACT LIMIT 5) FROM (SELECT 'sea' AS q, [5] AS labels) METRICS (P@1);
--> (SELECT id FROM t SEARCH q VIA EXACT LIMIT 5) | 1 | 100.0
--# (SELECT id FROM t SEARCH q VIA EXACT LIMIT 5): # queries/s in blocks, 1 points

EVALUATE PIPELINE p, (SELECT id FROM t SEARCH q VIA EXACT LIMIT 5)
FROM (SELECT 'sea' AS q, [5] AS labels) METRICS (P@1);
--! error[Q0207]: the source has no column `text`
--!   2 | FROM (SELECT 'sea' AS q, [5] AS labels) METRICS (P@1)
--!     |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ help: select the query texts AS text

EVALUATE (SELECT id FROM t SEARCH q VIA EXACT LIMIT 5) FROM (SELECT NULL AS q, [5] AS labels) METRICS (P@1);
--! error[V0001]: a point of the source: the query's text is NULL
--!   help: leave such rows out with WHERE

EVALUATE EXACT ON t, (SELECT id FROM t SEARCH missing VIA EXACT LIMIT 5)
FROM (SELECT 'sea' AS text, [5] AS labels) METRICS (P@1);
--! error[Q0207]: unknown column `missing`
--!   1 | ...TE EXACT ON t, (SELECT id FROM t SEARCH missing VIA EXACT LIMIT 5)
--!     |                                            ^^^^^^^ help: known: `text`, `labels`; a text stands in single quotes
