-- BY label_decile splits the figures over ten groups of labels by training frequency.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT,
                z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

INSERT INTO t (id, title) VALUES (1, 'apple'), (2, 'pear'), (3, 'car'), (4, 'train'), (5, 'sea');
--= 5 changed

CREATE INDEX i ON t USING flat (z);

CREATE PIPELINE by_key ON t AS ENCODE(m) THEN SHORTLIST(i, limit => 5) SCORE BY 1;

--@ columns
EVALUATE PIPELINE by_key
FROM (SELECT column1 AS text, column2 AS labels FROM VALUES ('a', [1]), ('b', [2]))
METRICS (P@1, R@2) BY label_decile
WITH (propensity = (SELECT column1 FROM VALUES ([1]), ([1, 2]), ([1]), ([4])));
--: target | group | points | P@1 | R@2
--> PIPELINE by_key | 1 | 2 | 0.0 | 100.0
--> PIPELINE by_key | 2 | 2 | 0.0 | NULL
--> PIPELINE by_key | 3 | 2 | 0.0 | NULL
--> PIPELINE by_key | 4 | 2 | 0.0 | NULL
--> PIPELINE by_key | 5 | 2 | 0.0 | NULL
--> PIPELINE by_key | 6 | 2 | 0.0 | NULL
--> PIPELINE by_key | 7 | 2 | 50.0 | 100.0
--> PIPELINE by_key | 8 | 2 | 0.0 | NULL
--> PIPELINE by_key | 9 | 2 | 0.0 | NULL
--> PIPELINE by_key | 10 | 2 | 0.0 | NULL
--# propensities: A = 0.55, B = 1.5, N = 4 training points
--# PIPELINE by_key: # queries/s in blocks, 2 points

EVALUATE PIPELINE by_key FROM (SELECT 'a' AS text, [1] AS labels) METRICS (P@1) BY label_decile;
--! error[V0001]: BY label_decile needs training frequencies
--!   help: add WITH (propensity = (SELECT labels FROM read_xc('trn.json.gz'))), or TRAIN first
