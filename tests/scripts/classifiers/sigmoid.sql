-- A sigmoid classifier scores by its logit w . q + b.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [10, 0]), (2, [1, 1]), (3, [0, 3]);

CREATE INDEX i ON t USING flat (z);

CREATE CLASSIFIER c ON t WITH (link = 'sigmoid', bias = true);

SELECT id, score, sigmoid(rerank.score) FROM t SEARCH [1, 1] VIA SHORTLIST(i, limit => 3) THEN RERANK(c);

SHOW CLASSIFIERS;
