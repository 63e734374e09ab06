-- Labels inserted after the build join their best clusters, and are found by the next statement.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [1, 0]), (2, normalize([9, 1])), (3, [0, 1]), (4, normalize([1, 9]));
--= 4 changed

CREATE INDEX e ON t USING elias (z) WITH (clusters = 2);

CREATE CLASSIFIER c ON t;

INSERT INTO t VALUES (5, normalize([20, 1])), (6, normalize([1, 20]));
--= 2 changed

SELECT id, round(score, 4) FROM t SEARCH [1, 0] VIA PROBE(e, beam => 1) THEN SHORTLIST(limit => 4) THEN RERANK(c) LIMIT 3;
--> 1 | 1.0
--> 5 | 0.9988
--> 2 | 0.9939

SELECT id, round(score, 4) FROM t SEARCH [0, 1] VIA PROBE(e, beam => 1) THEN SHORTLIST(limit => 4) THEN RERANK(c) LIMIT 3;
--> 3 | 1.0
--> 6 | 0.9988
--> 4 | 0.9939

REINDEX e;

SELECT id, round(score, 4) FROM t SEARCH [1, 0] VIA PROBE(e, beam => 1) THEN SHORTLIST(limit => 4) THEN RERANK(c) LIMIT 3;
--> 1 | 1.0
--> 5 | 0.9988
--> 2 | 0.9939
