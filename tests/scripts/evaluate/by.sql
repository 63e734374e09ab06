-- BY an expression over the source gives a row for each group; the points add up.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT,
                z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

INSERT INTO t (id, title) VALUES (1, 'apple'), (2, 'pear'), (3, 'car'), (4, 'train'), (5, 'sea');
--= 5 changed

CREATE INDEX i ON t USING flat (z);

CREATE PIPELINE by_key ON t AS ENCODE(m) THEN SHORTLIST(i, limit => 5) SCORE BY 1;

--@ columns
EVALUATE PIPELINE by_key
FROM (SELECT column1 AS text, column2 AS labels, column3 AS kind FROM VALUES ('a', [1], 'x'), ('b', [2], 'x'), ('c', [1], 'y'))
METRICS (P@1) BY kind;
--: target | group | points | P@1
--> PIPELINE by_key | x | 2 | 50.0
--> PIPELINE by_key | y | 1 | 100.0
--# PIPELINE by_key: # queries/s in blocks, 3 points

EVALUATE PIPELINE by_key
FROM (SELECT column1 AS text, column2 AS labels FROM VALUES ('a', [1]), ('b', [2, 1]), ('c', [3]))
METRICS (P@1) BY length(labels);
--> PIPELINE by_key | 1 | 2 | 50.0
--> PIPELINE by_key | 2 | 1 | 100.0
--# PIPELINE by_key: # queries/s in blocks, 3 points
