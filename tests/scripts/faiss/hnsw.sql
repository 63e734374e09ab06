-- HNSW with an effort that covers everything gives what EXACT gives.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(3));

INSERT INTO t VALUES (0, [1, 0, 0]), (1, normalize([2, 1, 1])), (2, normalize([3, 2, 2])), (3, normalize([4, 3, 0]));
--= 4 changed

INSERT INTO t SELECT id + 4, normalize([(id + 4) % 7 + 1, (id + 4) % 5, (id + 4) % 3]) FROM t;
--= 4 changed

INSERT INTO t SELECT id + 8, normalize([(id + 8) % 7 + 1, (id + 8) % 5, (id + 8) % 3]) FROM t;
--= 8 changed

INSERT INTO t SELECT id + 16, normalize([(id + 16) % 7 + 1, (id + 16) % 5, (id + 16) % 3]) FROM t;
--= 16 changed

INSERT INTO t SELECT id + 32, normalize([(id + 32) % 7 + 1, (id + 32) % 5, (id + 32) % 3]) FROM t;
--= 32 changed

CREATE INDEX i ON t USING faiss (z) WITH (factory = 'HNSW8');

SELECT id, round(score, 4) FROM t SEARCH [1, 2, 3] VIA SHORTLIST(i, limit => 5, effort => 256);
--> 56 | 3.6742
--> 8 | 3.3955
--> 14 | 3.2733
--> 7 | 3.266
--> 29 | 3.266
--# LIMIT 5 by default

SELECT id, round(score, 4) FROM t SEARCH [1, 2, 3] VIA EXACT LIMIT 5;
--> 56 | 3.6742
--> 8 | 3.3955
--> 14 | 3.2733
--> 7 | 3.266
--> 29 | 3.266

SELECT id, round(score, 4) FROM t SEARCH [1, 0, 0] VIA SHORTLIST(i, limit => 3, effort => 256);
--> 0 | 1.0
--> 15 | 1.0
--> 30 | 1.0
--# LIMIT 3 by default

SELECT id, round(score, 4) FROM t SEARCH [1, 0, 0] VIA EXACT LIMIT 3;
--> 0 | 1.0
--> 15 | 1.0
--> 30 | 1.0

--@ only as-written: the other ways have no generation, or a newer one
SHOW INDEXES;
--> i | t | faiss | z | factory = HNSW8 | 7 | 64 | 0
