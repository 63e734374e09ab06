-- Labels inserted, updated and deleted after the build: the answers are those of EXACT.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(3));

INSERT INTO t VALUES (0, [1, 0, 0]), (1, normalize([2, 1, 1])), (2, normalize([3, 2, 2])), (3, normalize([4, 3, 0]));
--= 4 changed

INSERT INTO t SELECT id + 4, normalize([(id + 4) % 7 + 1, (id + 4) % 5, (id + 4) % 3]) FROM t;
--= 4 changed

INSERT INTO t SELECT id + 8, normalize([(id + 8) % 7 + 1, (id + 8) % 5, (id + 8) % 3]) FROM t;
--= 8 changed

INSERT INTO t SELECT id + 16, normalize([(id + 16) % 7 + 1, (id + 16) % 5, (id + 16) % 3]) FROM t;
--= 16 changed

CREATE INDEX i ON t USING ann (z) WITH (lists = 4);

INSERT INTO t VALUES (100, normalize([1, 2, 3])), (101, normalize([1, 2, 3.5]));
--= 2 changed

DELETE FROM t WHERE id IN (9, 14, 29);
--= 3 changed

UPDATE t SET z = [0, 0, 1] WHERE id = 5;
--= 1 changed

SELECT id, round(score, 4) FROM t SEARCH [1, 2, 3] VIA SHORTLIST(i, limit => 4, effort => 64);
--> 100 | 3.7417
--> 101 | 3.732
--> 8 | 3.3955
--> 7 | 3.266
--# LIMIT 4 by default

SELECT id, round(score, 4) FROM t SEARCH [1, 2, 3] VIA EXACT LIMIT 4;
--> 100 | 3.7417
--> 101 | 3.732
--> 8 | 3.3955
--> 7 | 3.266

SELECT id, round(score, 4) FROM t SEARCH [0, 0, 1] VIA SHORTLIST(i, limit => 2, effort => 64);
--> 5 | 1.0
--> 101 | 0.8427
--# LIMIT 2 by default

SELECT id, round(score, 4) FROM t SEARCH [0, 0, 1] VIA EXACT LIMIT 2;
--> 5 | 1.0
--> 101 | 0.8427

REINDEX i;

SELECT id, round(score, 4) FROM t SEARCH [1, 2, 3] VIA SHORTLIST(i, limit => 4, effort => 64);
--> 100 | 3.7417
--> 101 | 3.732
--> 8 | 3.3955
--> 7 | 3.266
--# LIMIT 4 by default

SELECT id, round(score, 4) FROM t SEARCH [0, 0, 1] VIA SHORTLIST(i, limit => 2, effort => 64);
--> 5 | 1.0
--> 101 | 0.8427
--# LIMIT 2 by default
