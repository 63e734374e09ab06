-- What a statement wrote is found by the next one.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [1, 0]);
--= 1 changed

SELECT id, score FROM t SEARCH [0, 1];
--> 1 | 0.0
--# LIMIT 10 by default

INSERT INTO t VALUES (2, [0, 1]);
--= 1 changed

SELECT id, score FROM t SEARCH [0, 1];
--> 2 | 1.0
--> 1 | 0.0
--# LIMIT 10 by default

UPDATE t SET z = [0, 2] WHERE id = 1;
--= 1 changed

SELECT id, score FROM t SEARCH [0, 1];
--> 1 | 2.0
--> 2 | 1.0
--# LIMIT 10 by default

DELETE FROM t WHERE id = 1;
--= 1 changed

SELECT id, score FROM t SEARCH [0, 1];
--> 2 | 1.0
--# LIMIT 10 by default
