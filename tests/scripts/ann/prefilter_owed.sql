-- A WHERE that few labels pass, far from the query: the rows owed still come.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (0, [0, 1]), (1, normalize([1, 20])), (2, normalize([2, 20])), (3, normalize([3, 20]));
--= 4 changed

INSERT INTO t SELECT id + 4, normalize([id + 4, 20]) FROM t;
--= 4 changed

INSERT INTO t SELECT id + 8, normalize([id + 8, 20]) FROM t;
--= 8 changed

INSERT INTO t SELECT id + 16, normalize([id + 16, 20]) FROM t;
--= 16 changed

INSERT INTO t SELECT id + 32, normalize([id + 32, 20]) FROM t;
--= 32 changed

CREATE INDEX i ON t USING ann (z) WITH (lists = 4);

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 4, effort => 4) WHERE id < 30;
--> 29
--> 28
--> 27
--> 26
--# LIMIT 4 by default

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 4, effort => 4) WHERE id < 3;
--> 2
--> 1
--> 0
--# LIMIT 4 by default

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 4) WHERE id % 2 = 0;
--> 62
--> 60
--> 58
--> 56
--# LIMIT 4 by default
