-- A table may have columns named score and rank: qualified names tell them from those of the search.

CREATE TABLE t (id BIGINT PRIMARY KEY, score DOUBLE, z VECTOR(1));

INSERT INTO t VALUES (1, 100, [1]), (2, 50, [2]);
--= 2 changed

SELECT id, t.score FROM t SEARCH [1];
--> 2 | 50.0
--> 1 | 100.0
--# LIMIT 10 by default

SELECT id, score FROM t SEARCH [1];
--> 2 | 2.0
--> 1 | 1.0
--# LIMIT 10 by default

SELECT id, score FROM t;
--> 1 | 100.0
--> 2 | 50.0
