-- Ties break by the primary key, at every cut.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (9, [1, 0]), (3, [1, 5]), (7, [1, -5]), (1, [0, 9]), (5, [1, 1]);
--= 5 changed

SELECT id, score FROM t SEARCH [1, 0];
--> 3 | 1.0
--> 5 | 1.0
--> 7 | 1.0
--> 9 | 1.0
--> 1 | 0.0
--# LIMIT 10 by default

SELECT id FROM t SEARCH [1, 0] LIMIT 2;
--> 3
--> 5

SELECT id FROM t SEARCH [1, 0] LIMIT 2 OFFSET 2;
--> 7
--> 9

INSERT INTO t VALUES (2, [1, 7]);
--= 1 changed

SELECT id FROM t SEARCH [1, 0] LIMIT 2;
--> 2
--> 3
