-- An update is visible to the next search: the old vector never answers again.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [1, 0]), (2, [0, 1]), (3, [0.5, 0.5]);
--= 3 changed

SELECT id, score FROM t SEARCH [1, 0] LIMIT 1;
--> 1 | 1.0

UPDATE t SET z = [0, 3] WHERE id = 1;
--= 1 changed

SELECT id, score FROM t SEARCH [1, 0];
--> 3 | 0.5
--> 1 | 0.0
--> 2 | 0.0
--# LIMIT 10 by default

SELECT id, score FROM t SEARCH [0, 1];
--> 1 | 3.0
--> 2 | 1.0
--> 3 | 0.5
--# LIMIT 10 by default
