-- Most labels are deleted after the build: the rows owed still come.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (0, [1, 0]), (1, [1, 1]), (2, [1, 2]), (3, [1, 3]);
--= 4 changed

INSERT INTO t SELECT id + 4, [1, id + 4] FROM t;
--= 4 changed

INSERT INTO t SELECT id + 8, [1, id + 8] FROM t;
--= 8 changed

INSERT INTO t SELECT id + 16, [1, id + 16] FROM t;
--= 16 changed

INSERT INTO t SELECT id + 32, [1, id + 32] FROM t;
--= 32 changed

CREATE INDEX i ON t USING ann (z) WITH (lists = 4);

DELETE FROM t WHERE id >= 20;
--= 44 changed

SELECT id, score FROM t SEARCH [0, 1] VIA SHORTLIST(i, limit => 3, effort => 3);
--> 19 | 19.0
--> 18 | 18.0
--> 17 | 17.0
--# LIMIT 3 by default

DELETE FROM t WHERE id >= 2;
--= 18 changed

SELECT id, score FROM t SEARCH [0, 1] VIA SHORTLIST(i, limit => 3);
--> 1 | 1.0
--> 0 | 0.0
--# LIMIT 3 by default
