-- Deleted labels never come back, and never push others out of the answer.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [9, 0]), (2, [8, 0]), (3, [7, 0]), (4, [6, 0]);
--= 4 changed

DELETE FROM t WHERE id <= 2;
--= 2 changed

SELECT id, score FROM t SEARCH [1, 0] LIMIT 2;
--> 3 | 7.0
--> 4 | 6.0

INSERT INTO t VALUES (1, [1, 0]);
--= 1 changed

SELECT id, score FROM t SEARCH [1, 0];
--> 3 | 7.0
--> 4 | 6.0
--> 1 | 1.0
--# LIMIT 10 by default

DELETE FROM t WHERE id = 1;
--= 1 changed

DELETE FROM t WHERE id = 3;
--= 1 changed

SELECT id, score FROM t SEARCH [1, 0];
--> 4 | 6.0
--# LIMIT 10 by default
