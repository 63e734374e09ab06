-- Labels deleted or moved after the build are not reached through their old edges.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [1, 0]), (2, normalize([9, 1])), (3, [0, 1]), (4, normalize([1, 9]));
--= 4 changed

CREATE INDEX e ON t USING elias (z) WITH (clusters = 2);

CREATE CLASSIFIER c ON t;

DELETE FROM t WHERE id = 1;
--= 1 changed

UPDATE t SET z = [0, -1] WHERE id = 3;
--= 1 changed

SELECT id, round(score, 4) FROM t SEARCH [1, 0] VIA PROBE(e, beam => 2) THEN SHORTLIST(limit => 4) THEN RERANK(c);
--> 2 | 0.9939
--> 4 | 0.1104
--> 3 | 0.0
--# LIMIT 4 by default

SELECT id, round(score, 4) FROM t SEARCH [0, 1] VIA PROBE(e, beam => 2) THEN SHORTLIST(limit => 4) THEN RERANK(c);
--> 4 | 0.9939
--> 2 | 0.1104
--> 3 | -1.0
--# LIMIT 4 by default
