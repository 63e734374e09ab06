-- A label replaced by an upsert is found by its new vector only.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [1, 0]), (2, [0, 1]);
--= 2 changed

INSERT INTO t VALUES (1, [0, 2]) ON CONFLICT (id) DO UPDATE SET z = excluded.z;
--= 1 changed

SELECT id, score FROM t SEARCH [0, 1];
--> 1 | 2.0
--> 2 | 1.0
--# LIMIT 10 by default

SELECT id, score FROM t SEARCH [1, 0];
--> 1 | 0.0
--> 2 | 0.0
--# LIMIT 10 by default
