-- Excluded labels are dropped from the ranking before the cut, and do not move up the truth.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT,
                z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

INSERT INTO t (id, title) VALUES (1, 'apple'), (2, 'pear'), (3, 'car'), (4, 'train'), (5, 'sea');
--= 5 changed

CREATE INDEX i ON t USING flat (z);

CREATE PIPELINE by_key ON t AS ENCODE(m) THEN SHORTLIST(i, limit => 5) SCORE BY 1;

-- Without labels 1 and 2 the ranking is 3, 4, 5: a hit at rank 1.
EVALUATE PIPELINE by_key
FROM (SELECT 'a' AS text, [3] AS labels, [1, 2] AS exclude)
METRICS (P@1, P@3, MRR@3);
--> PIPELINE by_key | 1 | 100.0 | 33.33 | 100.0
--# PIPELINE by_key: # queries/s in blocks, 1 points

EVALUATE PIPELINE by_key
FROM (SELECT column1 AS text, column2 AS labels, column3 AS exclude FROM VALUES ('a', [3], NULL), ('b', [3], [1, 2, 77]))
METRICS (P@1, P@3, MRR@3);
--> PIPELINE by_key | 2 | 50.0 | 33.33 | 66.67
--# PIPELINE by_key: # queries/s in blocks, 2 points
