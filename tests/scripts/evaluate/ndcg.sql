-- NDCG by hand, with the same constant ranking 1, 2, 3, 4, 5.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT,
                z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

INSERT INTO t (id, title) VALUES (1, 'apple'), (2, 'pear'), (3, 'car'), (4, 'train'), (5, 'sea');
--= 5 changed

CREATE INDEX i ON t USING flat (z);

CREATE PIPELINE by_key ON t AS ENCODE(m) THEN SHORTLIST(i, limit => 5) SCORE BY 1;

-- Truth {1, 3}: DCG@3 = 1 + 1/log2(4) = 1.5, ideal 1 + 1/log2(3) = 1.63093: 0.91972. Truth {2}: 1/log2(3) = 0.63093.
EVALUATE PIPELINE by_key
FROM (SELECT 'a' AS text, [1, 3] AS labels)
METRICS (NDCG@1, NDCG@3) WITH (digits = 4);
--> PIPELINE by_key | 1 | 100.0 | 91.9721
--# PIPELINE by_key: # queries/s in blocks, 1 points

EVALUATE PIPELINE by_key
FROM (SELECT 'a' AS text, [2] AS labels)
METRICS (NDCG@1, NDCG@3) WITH (digits = 4);
--> PIPELINE by_key | 1 | 0.0 | 63.093
--# PIPELINE by_key: # queries/s in blocks, 1 points

-- The mean of both, and of a third point without truth, which counts as 0.
EVALUATE PIPELINE by_key
FROM (SELECT column1 AS text, column2 AS labels FROM VALUES ('a', [1, 3]), ('b', [2]), ('c', NULL))
METRICS (NDCG@3, P@1) WITH (digits = 4);
--> PIPELINE by_key | 3 | 33.3333 | 51.6884
--# PIPELINE by_key: # queries/s in blocks, 3 points
