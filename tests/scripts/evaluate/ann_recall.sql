-- ANN_RECALL compares with the exact ranking; EXACT itself has all of it.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT,
                z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

INSERT INTO t (id, title) VALUES (1, 'red apple'), (2, 'green pear'), (3, 'fast car'), (4, 'slow train'), (5, 'deep sea');

CREATE INDEX i ON t USING flat (z);

CREATE PIPELINE near ON t AS ENCODE(m) THEN SHORTLIST(i, limit => 5);

CREATE PIPELINE by_key ON t AS ENCODE(m) THEN SHORTLIST(i, limit => 5) SCORE BY 1;

SELECT id FROM t SEARCH 'deep sea' VIA EXACT LIMIT 1;

-- The constant ranking puts label 1 first, where the exact one has label 5.
EVALUATE EXACT ON t, PIPELINE near, PIPELINE by_key
FROM (SELECT 'deep sea' AS text)
METRICS (ANN_RECALL@1, ANN_RECALL@5) AGAINST EXACT;

EVALUATE PIPELINE near FROM (SELECT 'deep sea' AS text) METRICS (P@1);
