-- With a beam over all clusters and RERANK by a cosine classifier the order is the exact one.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(3));

INSERT INTO t VALUES (0, [1, 0, 0]), (1, normalize([2, 1, 1])), (2, normalize([3, 2, 2])), (3, normalize([4, 3, 0]));
--= 4 changed

INSERT INTO t SELECT id + 4, normalize([(id + 4) % 7 + 1, (id + 4) % 5, (id + 4) % 3]) FROM t;
--= 4 changed

INSERT INTO t SELECT id + 8, normalize([(id + 8) % 7 + 1, (id + 8) % 5, (id + 8) % 3]) FROM t;
--= 8 changed

INSERT INTO t SELECT id + 16, normalize([(id + 16) % 7 + 1, (id + 16) % 5, (id + 16) % 3]) FROM t;
--= 16 changed

CREATE INDEX e ON t USING elias (z) WITH (clusters = 4);

CREATE CLASSIFIER c ON t WITH (link = 'cosine');

SELECT id, round(score, 4) FROM t SEARCH [1, 2, 3]
VIA PROBE(e, beam => 4) THEN SHORTLIST(limit => 32) THEN RERANK(c, limit => 5);
--> 8 | 0.9075
--> 14 | 0.8748
--> 7 | 0.8729
--> 29 | 0.8729
--> 23 | 0.8547
--# LIMIT 5 by default

SELECT id, round(score, 4) FROM t SEARCH normalize([1, 2, 3]) VIA EXACT LIMIT 5;
--> 8 | 0.9075
--> 14 | 0.8748
--> 7 | 0.8729
--> 29 | 0.8729
--> 23 | 0.8547

SELECT id, round(score, 4) FROM t SEARCH [1, 2, 3]
VIA PROBE(e, beam => 4) THEN SHORTLIST(limit => 32) THEN RERANK(c, limit => 3) WHERE id < 10;
--> 8 | 0.9075
--> 7 | 0.8729
--> 2 | 0.8427
--# LIMIT 3 by default

SELECT id, round(score, 4) FROM t SEARCH normalize([1, 2, 3]) VIA EXACT WHERE id < 10 LIMIT 3;
--> 8 | 0.9075
--> 7 | 0.8729
--> 2 | 0.8427
