-- BY label_decile splits the figures over ten groups of labels by training frequency.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT,
                z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

INSERT INTO t (id, title) VALUES (1, 'apple'), (2, 'pear'), (3, 'car'), (4, 'train'), (5, 'sea');

CREATE INDEX i ON t USING flat (z);

CREATE PIPELINE by_key ON t AS ENCODE(m) THEN SHORTLIST(i, limit => 5) SCORE BY 1;

--@ columns
EVALUATE PIPELINE by_key
FROM (SELECT column1 AS text, column2 AS labels FROM VALUES ('a', [1]), ('b', [2]))
METRICS (P@1, R@2) BY label_decile
WITH (propensity = (SELECT column1 FROM VALUES ([1]), ([1, 2]), ([1]), ([4])));

EVALUATE PIPELINE by_key FROM (SELECT 'a' AS text, [1] AS labels) METRICS (P@1) BY label_decile;
