-- Metrics by hand: the pipeline ranks labels 1, 2, 3, 4, 5 for every text, since its score is constant.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT,
                z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

INSERT INTO t (id, title) VALUES (1, 'apple'), (2, 'pear'), (3, 'car'), (4, 'train'), (5, 'sea');
--= 5 changed

CREATE INDEX i ON t USING flat (z);

CREATE PIPELINE by_key ON t AS ENCODE(m) THEN SHORTLIST(i, limit => 5) SCORE BY 1;

SELECT id FROM t SEARCH 'anything' VIA PIPELINE by_key LIMIT 5;
--> 1
--> 2
--> 3
--> 4
--> 5

-- Truths {1, 3}, {2}, {5, 9}: hits at ranks 1 and 3; 2; 5. Label 9 does not exist.
-- P@1 = 1/3, P@3 = (2 + 1 + 0) / 9, R@3 = (1 + 1 + 0) / 3, R@5 = (1 + 1 + 1/2) / 3.
-- MRR@5 = (1 + 1/2 + 1/5) / 3. COVERAGE@3 = 3 of the labels 1, 2, 3, 5, 9; COVERAGE@5 = 4 of them.
--@ columns
EVALUATE PIPELINE by_key
FROM (SELECT column1 AS text, column2 AS labels FROM VALUES ('a', [1, 3]), ('b', [2]), ('c', [5, 9]))
METRICS (P@1, P@3, R@3, R@5, MRR@5, COVERAGE@3, COVERAGE@5);
--: target | points | P@1 | P@3 | R@3 | R@5 | MRR@5 | COVERAGE@3 | COVERAGE@5
--> PIPELINE by_key | 3 | 33.33 | 33.33 | 66.67 | 83.33 | 56.67 | 60.0 | 80.0
--# PIPELINE by_key: # queries/s in blocks, 3 points
