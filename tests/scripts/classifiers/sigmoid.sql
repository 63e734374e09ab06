-- A sigmoid classifier scores by its logit w . q + b.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [10, 0]), (2, [1, 1]), (3, [0, 3]);
--= 3 changed

CREATE INDEX i ON t USING flat (z);

CREATE CLASSIFIER c ON t WITH (link = 'sigmoid', bias = true);

SELECT id, score, sigmoid(rerank.score) FROM t SEARCH [1, 1] VIA SHORTLIST(i, limit => 3) THEN RERANK(c);
--> 1 | 10.0 | 0.999955
--> 3 | 3.0 | 0.952574
--> 2 | 2.0 | 0.880797
--# LIMIT 3 by default

SHOW CLASSIFIERS;
--> c | t | 2 | f32 | sigmoid | true
