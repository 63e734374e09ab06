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

-- The column text is for those who search for it.
EVALUATE (SELECT id FROM t SEARCH q VIA EXACT LIMIT 5) FROM (SELECT 'sea' AS q, [5] AS labels) METRICS (P@1);

EVALUATE PIPELINE p, (SELECT id FROM t SEARCH q VIA EXACT LIMIT 5)
FROM (SELECT 'sea' AS q, [5] AS labels) METRICS (P@1);

EVALUATE (SELECT id FROM t SEARCH q VIA EXACT LIMIT 5) FROM (SELECT NULL AS q, [5] AS labels) METRICS (P@1);

EVALUATE EXACT ON t, (SELECT id FROM t SEARCH missing VIA EXACT LIMIT 5)
FROM (SELECT 'sea' AS text, [5] AS labels) METRICS (P@1);
